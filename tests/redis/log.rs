//! What the store tells the operator: all tests share a log, and each looks for its own port.

use std::sync::{LazyLock, Mutex, PoisonError};

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.target().starts_with("logto_rocket")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {}", record.level(), record.args());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn flush(&self) {}
}

/// Keeps the log from now on.
pub(crate) fn keep() {
    static KEPT: LazyLock<()> = LazyLock::new(|| {
        log::set_logger(&LINES).expect("the only logger");
        log::set_max_level(log::LevelFilter::Info);
    });
    LazyLock::force(&KEPT);
}

/// The lines about the Redis of this port.
pub(crate) fn lines(port: u16) -> Vec<String> {
    let lines = LINES.0.lock().unwrap_or_else(PoisonError::into_inner);
    let port = format!(":{port}");
    lines.iter().filter(|line| line.contains(&port)).cloned().collect()
}
