//! The lines of the README, run as they stand there, and the machine: against the API as
//! `cargo run -p api` runs it.

use std::fs;
use std::io::{self, BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, thread};

/// The API in a process of its own, with its `logto-dev`, on free ports.
struct Api {
    process: Child,
    port: String,
    logto_port: String,
}

impl Api {
    fn start() -> Self {
        let mut command = clean(env!("CARGO_BIN_EXE_api"));
        command.envs([
            ("ROCKET_PORT", "0"),
            ("LOGTO_DEV_PORT", "0"),
            ("ROCKET_CLI_COLORS", "false"),
        ]);
        // A folder without a `Rocket.toml`.
        command.current_dir(env!("CARGO_TARGET_TMPDIR")).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the API starts");
        let mut log = BufReader::new(process.stdout.take().expect("its log")).lines();
        let logto_port = port(&mut log, "development provider at http://127.0.0.1:");
        let port = port(&mut log, "launched from http://127.0.0.1:");
        // Somebody must read, or a full pipe would stop the process.
        thread::spawn(move || log.count());
        Self { process, port, logto_port }
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The port in the first line with this text.
fn port(log: &mut Lines<BufReader<ChildStdout>>, before: &str) -> String {
    let find = |line: io::Result<String>| Some(line.ok()?.split_once(before)?.1.to_owned());
    let rest = log.find_map(find).expect("the API launches");
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// A command that no setting of the person who runs the tests reaches.
fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let upper = name.to_uppercase();
        if upper.starts_with("LOGTO_") || upper.starts_with("ROCKET_") || upper.ends_with("_PROXY")
        {
            command.env_remove(name);
        }
    }
    command
}

/// The commands for curl, and what the README says they print.
fn steps(readme: &'static str) -> Vec<(&'static str, &'static str)> {
    let blocks = readme.split("```sh\n").skip(1).filter_map(|part| part.split_once("```\n"));
    let printed = |rest: &'static str| Some(rest.split_once("```text\n")?.1.split_once("```")?.0);
    let with_curl = blocks.filter(|(commands, _)| commands.contains("curl"));
    with_curl.map(|(commands, rest)| (commands, printed(rest).expect("what it prints"))).collect()
}

#[test]
fn the_lines_of_the_readme_do_what_it_says() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        let required = env::var_os("TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!required, "TESTS_REQUIRE_ALL is set, and curl is missing");
        println!("skipped: curl is missing");
        return;
    }
    let api = Api::start();
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api-readme");
    fs::create_dir_all(&home).expect("a folder");
    // The README's ports are for the person who tries it.
    let ports = [("localhost:8000", &api.port), ("127.0.0.1:3001", &api.logto_port)];
    let connect = ports.map(|(from, to)| format!("connect-to = \"{from}:127.0.0.1:{to}\"\n"));
    fs::write(home.join(".curlrc"), connect.concat()).expect("a file");

    let steps = steps(include_str!("../README.md"));
    assert_eq!(steps.len(), 8);
    let end = "== end of a step ==\n";
    let commands = steps.iter().map(|(commands, _)| format!("{commands}echo; printf '{end}'\n"));
    let script: String = commands.collect();
    let output = clean("sh").args(["-c", &script]).env("CURL_HOME", &home).output();
    let output = output.expect("a shell");
    let printed = String::from_utf8_lossy(&output.stdout);
    let printed: Vec<_> = printed.split(end).collect();
    for ((commands, expected), printed) in steps.iter().zip(&printed) {
        assert_eq!(printed.trim_end(), expected.trim_end(), "{commands}");
    }
    assert_eq!(printed.len(), steps.len() + 1);
}

#[test]
fn the_machine_prints_the_items() {
    let api = Api::start();
    let mut machine = clean(env!("CARGO_BIN_EXE_machine"));
    machine.env("API_URL", format!("http://localhost:{}", api.port));
    machine.env("LOGTO_ENDPOINT", format!("http://127.0.0.1:{}", api.logto_port));
    let output = machine.output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(printed, "[{\"id\":1,\"name\":\"Anvil\",\"by\":\"nobody\"}]\n");
}
