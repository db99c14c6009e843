//! A redis-server, with a port and a folder of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use logto_tests::random;

use crate::node;

/// A redis-server. It is killed when this is dropped.
pub(crate) struct Redis {
    child: Option<Child>,
    port: u16,
    folder: PathBuf,
    settings: Vec<String>,
}

impl Redis {
    /// Starts one with these settings, as on its command line; `None` if it is not installed.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let mut redis = Self::prepare(settings)?;
        redis.run();
        Some(redis)
    }

    /// Everything but a process.
    pub(crate) fn prepare(settings: &[&str]) -> Option<Self> {
        crate::log::keep();
        if Command::new("redis-cli").arg("-v").output().is_err()
            || Command::new("redis-server").arg("-v").output().is_err()
        {
            node::skip("there is no redis-server, or no redis-cli");
            return None;
        }
        let name = format!("logto-redis-{}-{}", std::process::id(), &random()[..8]);
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder of the test");
        let settings = settings.iter().map(|it| (*it).to_owned()).collect();
        Some(Self { child: None, port: free_port(), folder, settings })
    }

    /// Starts the process, and waits until it answers.
    pub(crate) fn run(&mut self) {
        self.launch();
        let end = Instant::now() + Duration::from_secs(20);
        while !["PONG", "NOAUTH", "NOPERM"].iter().any(|word| self.tell(&["PING"]).contains(word)) {
            assert!(Instant::now() < end, "redis-server does not answer");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the process.
    pub(crate) fn launch(&mut self) {
        let mut command = Command::new("redis-server");
        command.arg("--dir").arg(&self.folder).args(["--save", "", "--bind", "127.0.0.1"]);
        if !self.is_tls() {
            command.args(["--port", &self.port.to_string()]);
        }
        command.args(&self.settings).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("redis-server starts"));
    }

    /// Adds settings for its next start.
    pub(crate) fn set(&mut self, settings: &[&str]) {
        self.settings.extend(settings.iter().map(|it| (*it).to_owned()));
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.settings.iter().any(|it| it == "--tls-port")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a command with `redis-cli`; returns what it prints.
    pub(crate) fn tell(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(command)
            .output()
            .expect("redis-cli runs");
        let printed = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&printed).trim().to_owned()
    }

    /// How often a command was called since the last reset.
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.tell(&["INFO", "commandstats"]);
        let line =
            stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        let number = line.and_then(|line| line.split(',').next()?.parse().ok());
        number.unwrap_or(0)
    }

    /// Resets the counts.
    pub(crate) fn count(&self) {
        assert_eq!(self.tell(&["CONFIG", "RESETSTAT"]), "OK");
    }

    /// All keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.tell(&["KEYS", "*"]).lines().filter(|line| !line.is_empty()).map(Into::into).collect()
    }

    /// Suspends the process: connections stay, and nothing answers.
    pub(crate) fn suspend(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(status.success(), "kill {signal}");
    }

    /// Kills the process, with no time to say anything.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A free port. Not one of those that the system gives to connections: a connection could take
/// it while the server restarts.
pub(crate) fn free_port() -> u16 {
    let number = u32::from_str_radix(&hex(&random()), 16).expect("a number");
    let ports = (0..1000).map(|step| 20_000 + ((number + step * 7) % 12_000) as u16);
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().expect("a free port")
}

fn hex(text: &str) -> String {
    text.bytes().take(3).map(|byte| format!("{byte:02x}")).collect()
}
