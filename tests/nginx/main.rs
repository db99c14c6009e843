//! Behind nginx: with the lines of the documentation, without any, and as in `examples/docker`.

mod buffers;
mod chapter;
mod docker;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/node.rs"]
mod node;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/process.rs"]
mod process;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/quickstart.rs"]
mod quickstart;
mod server;
mod tls;
mod visitor;
