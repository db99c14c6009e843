//! Bodies of refused requests: read to the end and discarded, so that the client has
//! finished sending when the answer comes, and reads it.

use std::time::Duration;

use rocket::Data;
use rocket::data::ToByteUnit as _;
use rocket::request::Request;
use rocket::tokio::io::sink;
use tokio::time::timeout;

use crate::logto::Logto;

/// Reads the body to its end, within the limits of the configuration. The answer is the
/// same either way.
pub(crate) async fn drain(logto: &Logto, request: &Request<'_>, data: Data<'_>) {
    let limits = &logto.config().drain;
    let length = request.headers().get_one("Content-Length").and_then(|n| n.parse::<u64>().ok());
    if data.peek_complete() || limits.max_bytes == 0 || length > Some(limits.max_bytes) {
        return;
    }
    let Ok(_place) = logto.drains().try_acquire() else { return };
    // One byte more, to tell a body of exactly this length from a longer one.
    let all = data.open((limits.max_bytes + 1).bytes()).stream_to(sink());
    // A failure is the client's, and it then reads no answer either.
    let _ = timeout(Duration::from_secs(limits.seconds), all).await;
}
