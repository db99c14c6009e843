//! Redis, three instances of this program, and nginx in front of them.

use std::error::Error;
use std::future::pending;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, io, process};

use logto_dev::Provider;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

pub(crate) type Done<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Runs all of it until it is stopped.
///
/// nginx listens on `PORT`, a multiple of ten, 8000 by default; the instances have the next
/// three ports, and Redis the one after.
pub(crate) async fn run() -> Done {
    let port: u16 = env::var("PORT").map_or(Ok(8000), |port| port.parse())?;
    let folder = env::temp_dir().join(format!("three-instances-{port}"));
    fs::create_dir_all(&folder)?;
    let address = format!("http://localhost:{port}");
    // If an endpoint is configured, users sign in there.
    let provider = match env::var_os("LOGTO_ENDPOINT") {
        Some(_) => None,
        None => Some(Provider::builder().base_url(&address).start().await),
    };
    println!("This is process {}; Ctrl+C stops everything it starts.", process::id());
    let settings = settings(&address, port + 4, provider.as_ref())?;
    let mut redis = redis(port + 4, &folder).spawn().map_err(missing("redis-server"))?;
    let mut nginx = nginx(port, &folder)?;
    let [a, b, c] = ["A", "B", "C"].map(|name| keep(name, port, &settings));
    let ended = tokio::select! {
        biased;
        _ = told_to_end() => Ok(()),
        _ = redis.wait() => Err("redis-server ended".into()),
        _ = nginx.wait() => Err("nginx ended".into()),
        result = a => result,
        result = b => result,
        result = c => result,
        never = announce(&address, port) => never,
    };
    // It has its own processes.
    run_nginx(&folder, &["-s", "stop"])?.wait().await?;
    nginx.wait().await?;
    let _ = fs::remove_dir_all(folder);
    ended
}

/// The environment of all instances.
fn settings(
    address: &str,
    redis: u16,
    provider: Option<&Provider>,
) -> Done<Vec<(&'static str, String)>> {
    let mut settings = vec![
        ("LOGTO_BASE_URL", address.to_owned()),
        ("LOGTO_SESSION_REDIS_URL", format!("redis://127.0.0.1:{redis}")),
        ("ROCKET_LOG_LEVEL", "critical".into()),
    ];
    if env::var_os("LOGTO_COOKIE_SECRET").is_none() {
        // One for all: each opens what another sealed.
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let text = key.iter().map(|byte| format!("{byte:02x}")).collect();
        settings.push(("LOGTO_COOKIE_SECRET", text));
    }
    if let Some(provider) = provider {
        settings.push(("LOGTO_ENDPOINT", provider.endpoint().into()));
        settings.push(("LOGTO_APP_ID", provider.app_id().into()));
        settings.push(("LOGTO_APP_SECRET", provider.app_secret().into()));
    }
    Ok(settings)
}

fn redis(port: u16, folder: &Path) -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
    command.arg("--dir").arg(folder).stdout(process::Stdio::null()).kill_on_drop(true);
    command
}

fn nginx(port: u16, folder: &Path) -> Done<Child> {
    let ports = format!("127.0.0.1:{}", port / 10);
    let configuration = include_str!("../nginx.conf").replace("127.0.0.1:800", &ports);
    fs::write(folder.join("nginx.conf"), configuration)?;
    run_nginx(folder, &[])
}

fn run_nginx(folder: &Path, arguments: &[&str]) -> Done<Child> {
    // On Debian it is outside of most users' `PATH`.
    let start = |program: &str| {
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        command.args(arguments).kill_on_drop(true).spawn()
    };
    Ok(start("nginx").or_else(|_| start("/usr/sbin/nginx")).map_err(missing("nginx"))?)
}

fn missing(program: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("{program}: {error}; on Debian, `apt install redis-server nginx`")
}

/// Keeps an instance running: if it ends, it is started again.
async fn keep(name: &str, first: u16, settings: &[(&str, String)]) -> Done {
    let port = first + 1 + u16::from(name.as_bytes()[0] - b'A');
    loop {
        let mut command = Command::new(env::current_exe()?);
        command.env("INSTANCE", name).env("ROCKET_PORT", port.to_string());
        command.envs(settings.iter().cloned()).kill_on_drop(true);
        let mut instance = command.spawn()?;
        let id = instance.id().unwrap_or_default();
        println!("{name}: process {id} on port {port}");
        let status = instance.wait().await?;
        println!("{name}: process {id} ended ({status})");
        sleep(Duration::from_millis(500)).await;
    }
}

/// Prints where to look, once everything listens.
async fn announce(address: &str, port: u16) -> Done {
    for port in port..=port + 4 {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    }
    println!("Open {address}/whoami and sign in as alice.");
    pending().await
}

#[cfg(unix)]
async fn told_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
