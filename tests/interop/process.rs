//! Child processes: their output by lines, and an end with the test.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to print what is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. It is killed when this is dropped, even by a panic, which then prints
/// everything that the program printed.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    output: Arc<Mutex<String>>,
}

impl Program {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        let output = Arc::<Mutex<String>>::default();
        let (sender, lines) = mpsc::channel();
        let keep = Arc::clone(&output);
        let stdout = child.stdout.take().expect("it is piped");
        read(stdout, move |line| {
            push(&keep, &line);
            // After the test nobody listens any more.
            let _ = sender.send(line);
        });
        let keep = Arc::clone(&output);
        read(child.stderr.take().expect("it is piped"), move |line| push(&keep, &line));
        let stdin = child.stdin.take().expect("it is piped");
        Self { name, child, stdin, lines, output }
    }

    /// Everything that the program printed.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that the program printed, once it includes `text`: output arrives a moment
    /// after the answers.
    pub(crate) fn output_with(&self, text: &str) -> String {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let output = self.output();
            if output.contains(text) {
                return output;
            }
            assert!(Instant::now() < end, "{text:?} is not in:\n{output}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The next line on stdout; `None` if the program ended.
    pub(crate) fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{} says nothing", self.name),
        }
    }

    /// Writes a line to stdin.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Waits for the program to end by itself, and returns whether it succeeded.
    pub(crate) fn succeeds(&mut self) -> bool {
        while self.line().is_some() {}
        self.child.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{} printed:\n{}", self.name, self.output());
        }
    }
}

fn read(pipe: impl Read + Send + 'static, mut take: impl FnMut(String) + Send + 'static) {
    let lines = BufReader::new(pipe).lines().map_while(Result::ok);
    thread::spawn(move || lines.for_each(&mut take));
}

fn push(output: &Mutex<String>, line: &str) {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    output.push_str(line);
    output.push('\n');
}
