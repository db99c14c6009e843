//! Answers that outlive the handler.

use logto_rocket::{User, authenticated};
use rocket::response::stream::{ByteStream, Event, EventStream, ReaderStream, TextStream};
use rocket::tokio::select;
use rocket::tokio::time::{Duration, interval};
use rocket::{Route, Shutdown, get, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("TextStream", "/text", "alice!"),
    Shape::get("TextStream that borrows the path", "/text/a", "a alice"),
    Shape::get("EventStream", "/events", "data:alice\n\n"),
    Shape::get("EventStream that awaits", "/ticks", "data:0\n\ndata:1\n\n"),
    Shape::get("ByteStream", "/bytes", "bytes"),
    Shape::get("ReaderStream", "/reader", "reader"),
    Shape::get("a stream in a Result", "/result", "ok"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![text, text_of, events, ticks, bytes, reader, result]
}

#[authenticated]
#[get("/text")]
fn text(user: &User) -> TextStream![String + '_] {
    ran(());
    TextStream! {
        yield name(user).to_owned();
        yield "!".into();
    }
}

#[authenticated]
#[get("/text/<a>")]
fn text_of<'r>(a: &'r str, user: &'r User) -> TextStream![&'r str] {
    ran(());
    TextStream! {
        for part in [a, " ", name(user)] {
            yield part;
        }
    }
}

#[authenticated]
#[get("/events")]
async fn events<'r>(user: &'r User, _shutdown: Shutdown) -> EventStream![Event + 'r] {
    ran(());
    EventStream! { yield Event::data(name(user).to_owned()); }.heartbeat(None)
}

#[authenticated]
#[get("/ticks")]
fn ticks(mut shutdown: Shutdown) -> EventStream![] {
    ran(());
    EventStream! {
        let mut ticks = interval(Duration::from_millis(1));
        for n in 0..2 {
            select! {
                _ = ticks.tick() => yield Event::data(n.to_string()),
                _ = &mut shutdown => break,
            }
        }
    }
    .heartbeat(None)
}

#[authenticated]
#[get("/bytes")]
fn bytes() -> ByteStream![&'static [u8]] {
    ran(());
    ByteStream! { yield &b"bytes"[..]; }
}

#[authenticated]
#[get("/reader")]
fn reader(_user: &User) -> ReaderStream![&'static [u8]] {
    ran(ReaderStream::one(&b"reader"[..]))
}

#[authenticated]
#[get("/result")]
fn result(user: &User) -> Result<TextStream![&'static str], &str> {
    ran(if name(user).is_empty() { Err("nobody") } else { Ok(TextStream! { yield "ok"; }) })
}
