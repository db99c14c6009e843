//! WebSockets, opened over a real connection.

use logto_rocket::{Audience, LogtoClient, User, authenticated};
use rocket::fairing::AdHoc;
use rocket::futures::{SinkExt, StreamExt};
use rocket::http::Status;
use rocket::tokio::net::TcpStream;
use rocket::tokio::sync::oneshot;
use rocket::{Shutdown, get, routes};
use rocket_ws::{Channel, Config, Message, Stream, WebSocket};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{self, Error};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{App, alice, name, rocket};

#[authenticated]
#[get("/stream")]
fn stream(ws: WebSocket, user: &User) -> Stream!['static] {
    let name = name(user).to_owned();
    Stream! { ws =>
        yield name.into();
        for await message in ws {
            yield message?;
        }
    }
}

#[authenticated(redirect)]
#[get("/channel/<greeting>")]
fn channel<'r>(ws: WebSocket, greeting: &'r str, user: &'r User) -> Channel<'r> {
    ws.config(Config::default()).channel(move |mut socket| {
        Box::pin(async move {
            socket.send(Message::Text(format!("{greeting} {}", name(user)))).await?;
            while let Some(message) = socket.next().await {
                socket.send(message?).await?;
            }
            Ok(())
        })
    })
}

/// Asks for tokens while the socket is open.
#[authenticated]
#[get("/tokens")]
fn tokens<'r>(ws: WebSocket, logto: LogtoClient<'r>) -> Channel<'r> {
    ws.channel(move |mut socket| {
        Box::pin(async move {
            let kept = logto.access_token(Audience::logto()).await;
            let fresh = logto.refresh_access_token(Audience::logto()).await;
            let fresh = fresh.map_or_else(|error| format!("{:?}", error.kind()), |_| "new".into());
            let kept = kept.is_ok_and(|token| token.is_some());
            socket.send(Message::Text(format!("kept: {kept}, fresh: {fresh}"))).await
        })
    })
}

/// Launches everything on a port, and returns it.
async fn launch() -> (u16, Shutdown) {
    let (tell, told) = oneshot::channel();
    let rocket = rocket().await;
    let figment = rocket.figment().clone().merge(("port", 0));
    let on_liftoff = AdHoc::on_liftoff("port", |rocket| {
        Box::pin(async move {
            let _ = tell.send((rocket.config().port, rocket.shutdown()));
        })
    });
    let rocket =
        rocket.configure(figment).mount("/", routes![stream, channel, tokens]).attach(on_liftoff);
    rocket::tokio::spawn(rocket.launch());
    told.await.expect("the application launches")
}

type Socket = WebSocketStream<TcpStream>;

async fn open(port: u16, path: &str, cookie: Option<String>) -> Result<Socket, Error> {
    let mut request = format!("ws://localhost:{port}{path}").into_client_request()?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert("Cookie", HeaderValue::from_str(&cookie)?);
    }
    let connection = TcpStream::connect(("127.0.0.1", port)).await?;
    client_async(request, connection).await.map(|(socket, _)| socket)
}

async fn read(socket: &mut Socket) -> String {
    let message = socket.next().await.expect("a message").expect("a message arrives");
    message.into_text().expect("text")
}

#[rocket::async_test]
async fn a_websocket_of_a_user_talks() {
    let (port, shutdown) = launch().await;
    for (path, greeting) in [("/stream", "alice"), ("/channel/Hello", "Hello alice")] {
        let mut socket = open(port, path, Some(alice().await.cookie())).await.expect("an upgrade");
        assert_eq!(read(&mut socket).await, greeting);
        socket.send(tungstenite::Message::Text("echo".into())).await.expect("sent");
        assert_eq!(read(&mut socket).await, "echo");
        socket.close(None).await.expect("closed");
    }
    shutdown.notify();
}

/// The answer's head is out: a refreshed session could not reach the cookie.
#[rocket::async_test]
async fn a_websocket_serves_kept_tokens_and_refreshes_nothing() {
    let (port, shutdown) = launch().await;
    let mut socket = open(port, "/tokens", Some(alice().await.cookie())).await.expect("an upgrade");
    assert_eq!(read(&mut socket).await, "kept: true, fresh: AnswerBegun");
    shutdown.notify();
}

#[rocket::async_test]
async fn a_websocket_of_a_stranger_is_not_upgraded_nor_redirected() {
    let (port, shutdown) = launch().await;
    for path in ["/stream", "/channel/Hello"] {
        match open(port, path, None).await {
            Err(Error::Http(response)) => assert_refused(&response),
            other => panic!("no 401 but {other:?}"),
        }
    }
    shutdown.notify();
}

fn assert_refused(response: &Response<Option<Vec<u8>>>) {
    assert_eq!(response.status().as_u16(), 401);
    assert!(response.headers().get("set-cookie").is_none());
}

#[rocket::async_test]
async fn a_websocket_route_without_an_upgrade_works_as_without_the_attribute() {
    let app = App::of(routes![stream]).await;
    let answer = app.user(app.client().get("/stream")).await;
    assert_eq!(answer.status, Status::BadRequest);
}
