//! What the attribute costs the compiler and the binary, per handler.
//!
//! Run on a quiet machine:
//! `cargo test -p logto-tests --test cost -- --ignored --nocapture`

mod compiler;

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::compiler::{Compiler, Edition};

const HANDLERS: u32 = 200;

const ROUNDS: usize = 3;

/// Extra milliseconds that a protected handler may take.
const TARGET: f64 = 5.0;

#[test]
#[ignore = "measures for a minute, on a quiet machine"]
fn a_protected_handler_costs_little() {
    let compiler = Compiler::of_test("cost");
    let (plain, protected) = (application(false), application(true));
    let check = ["--emit=metadata", "-Cdebuginfo=line-tables-only"];
    let build = ["--emit=link", "-Cdebuginfo=line-tables-only"];
    for (what, flags) in [("check", check), ("debug build", build)] {
        let mut times = [Vec::new(), Vec::new()];
        // The first round fills the caches and does not count.
        for round in 0..=ROUNDS {
            for (at, (variant, code)) in
                [("plain", &plain), ("protected", &protected)].iter().enumerate()
            {
                let mut rustc = compiler.rustc(Edition("2024"), variant, "application.rs", code);
                let time = time(rustc.args(flags));
                if round > 0 {
                    times[at].push(time);
                }
            }
        }
        let [plain, protected] = times.map(median);
        let each = (protected - plain) / f64::from(HANDLERS);
        println!(
            "{what}: plain {plain:.0} ms, protected {protected:.0} ms, {each:.2} ms a handler"
        );
        assert!(each <= TARGET, "{what}: more than {TARGET} ms a handler");
    }
    let size =
        |variant| fs::metadata(compiler.path(variant, "application")).expect("a binary").len();
    let (plain, protected) = (size("plain"), size("protected"));
    let each = protected.saturating_sub(plain) / u64::from(HANDLERS);
    println!("binary: plain {plain} bytes, protected {protected} bytes, {each} bytes a handler");
}

/// Handlers as applications have them: sync and async, with a path, a query or a body.
fn application(protected: bool) -> String {
    let attribute = if protected { "#[logto_rocket::authenticated(redirect)]" } else { "" };
    let mut code = String::from("use logto_rocket::User;\nuse rocket::serde::json::Json;\n");
    let mut names = String::new();
    for n in 0..HANDLERS {
        let handler = match n % 4 {
            0 => format!(
                "#[rocket::get(\"/{n}/<id>\")]\nfn h{n}(id: u64, user: &User) -> String {{\n    \
                 format!(\"{{id}} {{}}\", user.subject())\n}}"
            ),
            1 => format!(
                "#[rocket::get(\"/{n}?<q>\")]\nasync fn h{n}(q: Option<&str>, user: &User) -> \
                 Option<String> {{\n    Some(q?.to_owned() + user.subject())\n}}"
            ),
            2 => format!(
                "#[rocket::post(\"/{n}\", data = \"<body>\")]\nasync fn h{n}(body: String, _user: \
                 &User) -> Result<Json<usize>, rocket::http::Status> {{\n    Ok(Json(body.len()))\n}}"
            ),
            _ => format!(
                "#[rocket::get(\"/{n}\")]\nfn h{n}(user: &User) -> &str {{\n    user.subject()\n}}"
            ),
        };
        let _ = writeln!(code, "\n{attribute}\n{handler}");
        let _ = write!(names, "h{n}, ");
    }
    code + &format!("\nfn main() {{\n    let _ = rocket::routes![{names}];\n}}\n")
}

/// Runs the command; returns the milliseconds it took: CPU time if the system tells, so that
/// other work on the machine disturbs less, and otherwise wall-clock time.
fn time(command: &mut Command) -> f64 {
    let (start, before) = (Instant::now(), processor_time());
    let output = command.output().expect("rustc runs");
    let elapsed = start.elapsed().as_secs_f64() * 1000.0;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    before.zip(processor_time()).map_or(elapsed, |(before, after)| after - before)
}

/// CPU time of finished children of this process in milliseconds, as Linux counts it.
fn processor_time() -> Option<f64> {
    const TICK: f64 = 10.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(") ").next()?.split_ascii_whitespace().skip(13);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) * TICK)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
