//! The provider's own Rocket, on its own thread and runtime.
//!
//! So it can be started from any runtime, outlives that runtime's pauses, and
//! closes every connection the moment it stops.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use log::LevelFilter;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::request::Request;
use rocket::tokio::runtime::{self, Handle};
use rocket::tokio::sync::{Mutex as AsyncMutex, oneshot};
use rocket::{Build, Config, Rocket, catch, catchers, routes, tokio};

use crate::answer::Answer;
use crate::error::{self, Error};
use crate::pages;
use crate::params;
use crate::random::random;
use crate::tenant::Tenant;
use crate::{
    authorize, avatar, discovery, interaction, introspection, manage, my_account, revocation,
    session, token, user_info,
};

/// A running server. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) runtime: Handle,
    pub(crate) port: u16,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    stopped: AsyncMutex<Option<oneshot::Receiver<()>>>,
}

impl Server {
    /// Starts on a port, 0 for any free one, and waits until the port is open.
    pub(crate) async fn start(tenant: Arc<Tenant>, port: u16) -> Result<Self, Error> {
        let (ready, started) = oneshot::channel();
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let run = move || {
            run(tenant, port, ready, stopping);
            // If this fails, nobody is waiting any more.
            let _ = done.send(());
        };
        let thread = thread::Builder::new().name("logto-dev".to_string()).spawn(run);
        thread.map_err(|error| Error::new(format!("cannot start a thread: {error}")))?;
        let closed = |_| Error::new("the development provider ended while it started");
        let (runtime, port) = started.await.map_err(closed)??;
        Ok(Self {
            runtime,
            port,
            stop: Mutex::new(Some(stop)),
            stopped: AsyncMutex::new(Some(stopped)),
        })
    }

    /// Stops, and waits until the port and every connection are closed.
    pub(crate) async fn stop(&self) {
        self.signal();
        if let Some(stopped) = self.stopped.lock().await.take() {
            let _ = stopped.await;
        }
    }

    fn signal(&self) {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop) = stop {
            let _ = stop.send(());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal();
    }
}

type Ready = oneshot::Sender<Result<(Handle, u16), Error>>;

/// The thread's work. Dropping the runtime at its end closes everything.
fn run(tenant: Arc<Tenant>, port: u16, ready: Ready, stopping: oneshot::Receiver<()>) {
    match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(tenant, port, ready, stopping)),
        Err(error) => {
            let _ = ready.send(Err(Error::new(format!("cannot start a runtime: {error}"))));
        }
    }
}

/// One server ignites at a time: it silences the log while it does.
static IGNITION: AsyncMutex<()> = AsyncMutex::const_new(());

async fn serve(tenant: Arc<Tenant>, port: u16, ready: Ready, stopping: oneshot::Receiver<()>) {
    let quiet = Quiet { level: log::max_level(), _turn: IGNITION.lock().await };
    let ready = Arc::new(Mutex::new(Some((quiet, ready))));
    let liftoff = Arc::clone(&ready);
    let listens = SocketAddr::new(tenant.settings.reach.address, port);
    let rocket = build(tenant, port).attach(AdHoc::on_liftoff("Port", move |rocket| {
        let tell = take(&liftoff);
        let port = rocket.config().port;
        // Rocket prints where it launched after this. The task runs after that,
        // because the runtime has one thread and the print does not wait.
        Box::pin(async move {
            tokio::spawn(async move {
                if let Some((quiet, ready)) = tell {
                    drop(quiet);
                    let _ = ready.send(Ok((Handle::current(), port)));
                }
            });
        })
    }));
    tokio::select! {
        result = rocket.launch() => {
            if let (Err(error), Some((_quiet, ready))) = (result, take(&ready)) {
                let _ = ready.send(Err(Error::new(format!(
                    "cannot start on {listens}: {}",
                    error.kind()
                ))));
            }
        }
        _ = stopping => (),
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Restores the process's log level, which Rocket sets as it ignites.
struct Quiet {
    level: LevelFilter,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Drop for Quiet {
    fn drop(&mut self) {
        log::set_max_level(self.level);
    }
}

/// The prefix of every logged path: the application's log has the requests of both, and
/// `GET /sign-in` may be a page of either.
const MARK: &str = "/logto-dev";

fn build(tenant: Arc<Tenant>, port: u16) -> Rocket<Build> {
    rocket::custom(figment(tenant.settings.reach.address, port))
        .manage(tenant)
        .mount(MARK, routes())
        .register("/", catchers![forbidden, not_found])
        .attach(AdHoc::on_request("Query and count", |request, _| {
            Box::pin(async move {
                let tenant = request.rocket().state::<Arc<Tenant>>();
                let tenant = tenant.expect("the server manages its tenant");
                tenant.counts.add(request.uri().path().as_str());
                params::rewrite(request, MARK);
            })
        }))
        .attach(AdHoc::on_liftoff("Known port", |rocket| {
            Box::pin(async move {
                let tenant = rocket.state::<Arc<Tenant>>().expect("the server manages its tenant");
                tenant.port.get_or_init(|| rocket.config().port);
            })
        }))
}

/// A configuration that reads no file and no variable: those are the application's.
/// Rocket warns about foreign runtimes in the debug profile.
fn figment(address: IpAddr, port: u16) -> Figment {
    Figment::from(Config::release_default())
        .merge(("address", address))
        .merge(("port", port))
        .merge(("log_level", "off"))
        .merge(("secret_key", random().into_bytes()))
        .merge(("shutdown.ctrlc", false))
        .merge(("shutdown.signals", Vec::<String>::new()))
}

fn routes() -> Vec<rocket::Route> {
    routes![
        discovery::openid_configuration,
        discovery::oauth_authorization_server,
        discovery::jwks,
        authorize::authorize,
        authorize::authorize_by_form,
        avatar::avatar,
        interaction::sign_in_page,
        interaction::sign_in,
        interaction::sign_up_page,
        interaction::sign_up,
        interaction::cancel,
        manage::users,
        manage::user,
        manage::confirm_delete,
        manage::change,
        my_account::account,
        my_account::change_account,
        token::token,
        user_info::user_info,
        user_info::user_info_by_form,
        revocation::revoke,
        introspection::introspect,
        session::end_session,
        session::end_session_by_form,
        session::confirm,
        session::success,
    ]
}

#[catch(403)]
fn forbidden() -> Answer {
    let text = "Only the provider's own pages change its users.";
    pages::notice(Status::Forbidden, "Not from here", text)
}

#[catch(404)]
fn not_found(request: &Request<'_>) -> Answer {
    let path = request.uri().path().as_str();
    error::unrecognized(request.method().as_str(), path.strip_prefix(MARK).unwrap_or(path))
}
