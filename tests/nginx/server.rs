//! nginx, on a socket in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use logto_tests::{Live, random};
use rocket::tokio::net::UnixStream;
use rocket::tokio::time::sleep;

use crate::node;
use crate::process::Program;

/// A running nginx.
pub(crate) struct Nginx {
    _program: Program,
    folder: PathBuf,
}

impl Nginx {
    /// Starts it in front of an application, with these settings of its only location; `None` if
    /// there is no nginx.
    pub(crate) async fn before(live: &Live, settings: &str) -> Option<Self> {
        let place = format!("location / {{ proxy_pass {}; {settings} }}", live.url());
        Self::start(&format!("server {{ listen 80; {place} }}")).await
    }

    /// Starts it with this configuration, in which every port becomes the socket; `None` if
    /// there is no nginx.
    pub(crate) async fn start(configuration: &str) -> Option<Self> {
        Self::with_files(configuration, &[]).await
    }

    /// The same, with files that the configuration refers to by these names.
    pub(crate) async fn with_files(configuration: &str, files: &[(&str, &str)]) -> Option<Self> {
        let mut command = Command::new(binary()?);
        let name = format!("logto-nginx-{}-{}", std::process::id(), &random()[..8]);
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder of the test");
        let mut configuration = on_socket(configuration, &folder);
        for (number, (name, content)) in files.iter().enumerate() {
            let file = folder.join(number.to_string());
            fs::write(&file, content).expect("a file of the test");
            assert!(configuration.contains(name), "nothing names {name}");
            configuration = configuration.replace(name, &file.to_string_lossy());
        }
        fs::write(folder.join("nginx.conf"), whole(&configuration)).expect("a file of the test");
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
        let program = Program::start("nginx", command.args(["-e", "stderr"]));
        let nginx = Self { _program: program, folder };
        for _ in 0..1000 {
            if nginx.connect().await.is_some() {
                return Some(nginx);
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("nginx does not listen");
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> Option<UnixStream> {
        UnixStream::connect(self.folder.join("socket")).await.ok()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The configuration with the socket in place of each port.
fn on_socket(configuration: &str, folder: &Path) -> String {
    let moved = configuration.split("listen ").enumerate().map(|(number, part)| {
        let port = part.find(|c: char| !c.is_ascii_digit()).filter(|_| number > 0).unwrap_or(0);
        match number {
            0 => part.to_owned(),
            _ => format!("listen unix:{}/socket{}", folder.display(), &part[port..]),
        }
    });
    moved.collect()
}

fn whole(configuration: &str) -> String {
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("{kind}_temp_path {kind};")).join(" ");
    format!(
        "daemon off; master_process off; pid pid; error_log stderr; events {{}}\n\
         http {{ access_log off; {temporary}\n{configuration}\n}}\n"
    )
}

/// Debian puts it where most users' `PATH` does not look.
fn binary() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(*name).arg("-v").output().is_ok();
    let found = ["nginx", "/usr/sbin/nginx"].into_iter().find(runs);
    if found.is_none() {
        node::skip("there is no nginx");
    }
    found
}
