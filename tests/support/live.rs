//! An application over TCP, for what Rocket's local client cannot send.

use std::sync::Mutex;

use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::{Build, Rocket, Shutdown};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// An application that listens on its own port of 127.0.0.1 as long as the value lives.
#[derive(Debug)]
pub struct Live {
    port: u16,
    shutdown: Shutdown,
}

impl Live {
    /// Launches `rocket`.
    ///
    /// # Panics
    ///
    /// If it does not launch.
    pub async fn start(rocket: Rocket<Build>) -> Self {
        Self::at(0, rocket).await
    }

    /// Launches `rocket` on this port, or any if it is 0.
    ///
    /// # Panics
    ///
    /// If it does not launch.
    pub async fn at(port: u16, rocket: Rocket<Build>) -> Self {
        let (tell, told) = oneshot::channel();
        let tell = Mutex::new(Some(tell));
        let on_liftoff = AdHoc::on_liftoff("Port", move |rocket| {
            let tell = tell.lock().ok().and_then(|mut tell| tell.take());
            let found = (rocket.config().port, rocket.shutdown());
            Box::pin(async move { drop(tell.map(|tell| tell.send(found))) })
        });
        let figment = Figment::from(rocket.figment()).merge(("port", port));
        let figment = figment.merge(("address", "127.0.0.1")).merge(("shutdown.ctrlc", false));
        tokio::spawn(rocket.configure(figment).attach(on_liftoff).launch());
        let (port, shutdown) = told.await.expect("the application launches");
        Self { port, shutdown }
    }

    /// Returns where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends `request`, byte for byte; returns the answer, head and body. The request should say
    /// `Connection: close`.
    ///
    /// # Panics
    ///
    /// If there is no connection, or it does not end.
    pub async fn send(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        stream.write_all(request).await.expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shutdown.clone().notify();
    }
}
