//! Answers that are not right.

use std::time::Duration;

use serde_json::Value;

use crate::wire::{Body, Reply};

/// What an endpoint answers instead of the right thing.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status with an HTML page.
    Html(u16),
    /// This status with this JSON.
    Json(u16, Value),
    /// This status, this content type, this body.
    Text(u16, &'static str, String),
    /// 429 or 503 with `Retry-After`.
    Busy(u16, u32),
    /// The right answer under this content type.
    ContentType(&'static str),
    /// The right answer behind a byte order mark.
    ByteOrderMark,
    /// The right answer, one byte a second.
    Slow,
    /// The right answer, after this time.
    Late(Duration),
    /// The right status, then an endless body.
    Endless,
    /// The right status, ten gigabytes announced, and as many sent as are taken.
    Huge,
    /// The right status and 600 KB of gzip that unpack to 90 MB.
    GzipBomb,
    /// A redirect with this status to this place.
    Redirect(u16, String),
    /// The connection stays open and silent.
    Silence,
}

impl Fault {
    /// Whether the request is refused before anything happens.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Html(_) | Self::Json(..) | Self::Text(..) | Self::Busy(..) | Self::Redirect(..)
        )
    }

    /// What is sent instead of `right`.
    pub(crate) fn instead_of(self, right: Reply) -> Reply {
        match self {
            Self::Html(status) => Reply::new(status, "text/html", page()),
            Self::Json(status, body) => Reply::json(status, &body),
            Self::Text(status, content_type, body) => Reply::new(status, content_type, body),
            Self::Busy(status, seconds) => busy(status, seconds),
            Self::ContentType(content_type) => relabelled(right, content_type),
            Self::ByteOrderMark => marked(right),
            Self::Slow => Reply { body: Body::Drip(bytes(&right)), ..right },
            Self::Late(time) => Reply { body: Body::Late(bytes(&right), time), ..right },
            Self::Endless => Reply { body: Body::Endless(None), ..right },
            Self::Huge => Reply { body: Body::Endless(Some(10 << 30)), ..right },
            Self::GzipBomb => bomb(right),
            Self::Redirect(status, location) => redirect(status, location),
            Self::Silence => Reply { body: Body::Silence, ..right },
        }
    }
}

fn page() -> &'static str {
    "<!doctype html><title>Oops</title><h1>Oops</h1><script>alert('upstream')</script>"
}

fn busy(status: u16, seconds: u32) -> Reply {
    let body = serde_json::json!({"code": "busy", "message": "Try again later."});
    let mut reply = Reply::json(status, &body);
    reply.headers.push(("retry-after", seconds.to_string()));
    reply
}

fn redirect(status: u16, location: String) -> Reply {
    let mut reply = Reply::new(status, "text/plain", "");
    reply.headers.push(("location", location));
    reply
}

fn bytes(right: &Reply) -> Vec<u8> {
    match &right.body {
        Body::Whole(bytes) => bytes.clone(),
        _ => Vec::new(),
    }
}

fn relabelled(right: Reply, content_type: &str) -> Reply {
    let mut reply = right;
    reply.headers.retain(|(name, _)| *name != "content-type");
    reply.headers.push(("content-type", content_type.to_owned()));
    reply
}

fn marked(right: Reply) -> Reply {
    let mut body = b"\xEF\xBB\xBF".to_vec();
    body.extend(bytes(&right));
    Reply { body: Body::Whole(body), ..right }
}

fn bomb(right: Reply) -> Reply {
    let mut reply = Reply { body: Body::Whole(gzip_of_spaces()), ..right };
    reply.headers.push(("content-encoding", "gzip".to_owned()));
    reply
}

/// One literal space, then "the last byte again, 258 times" 360,000 times, in 13 bits each.
fn gzip_of_spaces() -> Vec<u8> {
    let mut out = Bits::after(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    // The last block, with the fixed codes of RFC 1951 §3.2.6.
    out.push(&[true, true, false]);
    // A space is 0x30 + 0x20 in eight bits; length 258 is code 285; distance 1 is five zeros.
    out.push(&[false, true, false, true, false, false, false, false]);
    let again = [true, true, false, false, false, true, false, true];
    for _ in 0..360_000 {
        out.push(&again);
        out.push(&[false; 5]);
    }
    out.push(&[false; 7]);
    out.bytes
}

struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, used: 8 }
    }

    fn push(&mut self, bits: &[bool]) {
        for bit in bits {
            if self.used == 8 {
                self.bytes.push(0);
                self.used = 0;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(*bit) << self.used;
            }
            self.used += 1;
        }
    }
}
