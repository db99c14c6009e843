//! One user, with a browser whose requests go to any of the instances.

use std::collections::BTreeMap;
use std::time::Duration;

use logto_tests::{Answer, Browser};
use rocket::futures::future::{join, join_all};
use rocket::http::Status;
use rocket::tokio::time::sleep;

use crate::world::World;

type Cookies = BTreeMap<String, String>;

pub(crate) struct Person<'w> {
    world: &'w World,
    subject: String,
    at: [Browser; 3],
    /// The same cookies in other hands.
    copy: [Browser; 3],
    signed_in: bool,
    /// An earlier session.
    ended: Option<Cookies>,
    chance: u64,
}

/// What is known about the session during requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    Lives,
    /// Being ended now.
    Ends,
    Ended,
}

impl<'w> Person<'w> {
    pub(crate) fn new(world: &'w World, number: usize) -> Self {
        let another = || Browser::another(&world.instances);
        Self {
            world,
            subject: format!("u-{number}"),
            at: another(),
            copy: another(),
            signed_in: false,
            ended: None,
            chance: (number as u64 + 1) * 7_368_787 % 0x7fff_ffff,
        }
    }

    /// Any number below `end`, from a Lehmer generator.
    fn any(&mut self, end: u64) -> usize {
        self.chance = self.chance * 48_271 % 0x7fff_ffff;
        (self.chance / 7 % end) as usize
    }

    pub(crate) async fn does_something(&mut self) {
        if !self.signed_in {
            self.signs_in().await;
            return;
        }
        match self.any(40) {
            0 => self.signs_out(false).await,
            1 => self.signs_out(true).await,
            2 => self.is_logged_out(false).await,
            3 => self.is_logged_out(true).await,
            4 => self.is_signed_out_by_an_administrator().await,
            5 | 6 => self.tries_an_ended_session().await,
            _ => {
                let requests = self.some_requests();
                self.asks(&requests, Session::Lives).await;
                let pause = self.any(150) as u64;
                sleep(Duration::from_millis(pause)).await;
            }
        }
    }

    /// Ends the session, as every session must end sometime.
    pub(crate) async fn leaves(&mut self) {
        if self.signed_in {
            self.signs_out(false).await;
        }
    }

    /// Begins at one instance and comes back to another, until it succeeds.
    async fn signs_in(&mut self) {
        // Signing in repeatedly within a minute would look like a loop.
        let mut cookies = self.at[0].cookies();
        cookies.retain(|name, _| !name.ends_with("_n"));
        self.at[0].restore(cookies);
        for _ in 0..50 {
            let (begin, end) = (self.any(3), self.any(3));
            let phase = self.world.phase();
            let location = self.at[begin].start("/sign-in").await;
            let callback = self.world.approve(&self.subject, &location);
            // A cookie may be left from a session that ended while Redis was down.
            let before = self.at[0].session_cookies();
            let answer = self.at[end].visit(&callback).await;
            if answer.status == Status::SeeOther {
                self.world.count("sign-ins");
                self.signed_in = true;
                return;
            }
            self.world.count("sign-ins that failed");
            assert_eq!(self.at[0].session_cookies(), before, "half a session: {answer:?}");
            let why = (answer.status, self.world.was_down_since(phase));
            assert_eq!(why, (Status::ServiceUnavailable, true), "{answer:?}");
            sleep(Duration::from_millis(300)).await;
        }
        panic!("{} cannot sign in", self.subject);
    }

    fn some_requests(&mut self) -> Vec<(usize, &'static str)> {
        let count = 1 + self.any(6);
        let paths = ["/me", "/token", "/token", "/info", "/me"];
        (0..count).map(|_| (self.any(3), paths[self.any(5)])).collect()
    }

    /// Concurrent requests.
    async fn asks(&self, requests: &[(usize, &str)], session: Session) {
        let asks = requests.iter().map(|(at, path)| self.ask(&self.at[*at], path, session));
        join_all(asks).await;
    }

    async fn ask(&self, at: &Browser, path: &str, session: Session) {
        let phase = self.world.phase();
        let answer = at.fetch(path).await;
        self.world.count("requests");
        match answer.status {
            Status::Ok => {
                assert!(session != Session::Ended, "{}: an ended session", self.subject);
                self.sees(path, &answer);
            }
            Status::Unauthorized => {
                assert!(
                    session != Session::Lives,
                    "{} lost the session at {path}, down: {}",
                    self.subject,
                    self.world.was_down_since(phase)
                );
            }
            Status::ServiceUnavailable => {
                assert!(self.world.was_down_since(phase), "{path}: {answer:?}");
                self.world.count("503 while Redis is down");
            }
            _ => panic!("{path}: {answer:?}"),
        }
    }

    fn sees(&self, path: &str, answer: &Answer) {
        let (subject, rest) = answer.body.split_once(' ').unwrap_or((&answer.body, ""));
        assert_eq!(subject, self.subject, "another user's data");
        match path {
            "/token" => self.world.saw_token(subject, rest),
            "/info" => assert_eq!(rest, self.subject, "another user's data"),
            _ => {}
        }
    }

    /// All instances, with the earlier cookies.
    async fn has_ended(&mut self, cookies: Cookies) {
        for number in 0..3 {
            let at = &self.copy[number];
            loop {
                at.restore(cookies.clone());
                let phase = self.world.phase();
                let answer = at.fetch("/me").await;
                self.world.count("requests with an ended session");
                match answer.status {
                    Status::Unauthorized => break,
                    Status::ServiceUnavailable if self.world.was_down_since(phase) => {}
                    _ => panic!("{}: a session that has ended: {answer:?}", self.subject),
                }
                sleep(Duration::from_millis(300)).await;
            }
        }
    }

    /// After every end, the earlier cookies and those set by pending answers are worth nothing.
    async fn ends(&mut self, before: Cookies) {
        self.signed_in = false;
        let after = self.at[0].session_cookies();
        self.has_ended(before.clone()).await;
        if !after.is_empty() {
            self.has_ended(after).await;
        }
        self.asks(&[(0, "/me"), (1, "/token"), (2, "/info")], Session::Ended).await;
        self.ended = Some(before);
    }

    async fn signs_out(&mut self, meanwhile: bool) {
        let before = self.at[0].session_cookies();
        let (number, requests) = (self.any(3), self.some_requests());
        let sign_out = async {
            // A failed one may still have ended it: Redis was killed before it answered.
            while self.retry(self.at[number].visit("/sign-out"), Status::SeeOther).await {
                self.at[0].restore(before.clone());
            }
        };
        match meanwhile {
            true => drop(join(sign_out, self.asks(&requests, Session::Ends)).await),
            false => sign_out.await,
        }
        self.world.count("sign-outs");
        self.ends(before).await;
    }

    async fn is_logged_out(&mut self, meanwhile: bool) {
        let before = self.at[0].session_cookies();
        let (number, requests) = (self.any(3), self.some_requests());
        // A new one each time: the key may have changed.
        let post = async || {
            let token = self.world.op.logout_token(&self.subject, None);
            self.at[number].post_logout(&token).await
        };
        let logout = async { while self.retry(post(), Status::Ok).await {} };
        match meanwhile {
            true => drop(join(logout, self.asks(&requests, Session::Ends)).await),
            false => logout.await,
        }
        self.world.count("logout tokens");
        self.ends(before).await;
        // Sessions of the same second end too, by Logto's clock.
        sleep(Duration::from_millis(1100)).await;
    }

    async fn is_signed_out_by_an_administrator(&mut self) {
        let before = self.at[0].session_cookies();
        let number = self.any(3);
        let path = format!("/sign-out-everywhere/{}", self.subject);
        let ask = || {
            let at = &self.at[number];
            at.deliver(at.client().post(path.clone()))
        };
        while self.retry(ask(), Status::Ok).await {}
        self.world.count("sign-outs by an administrator");
        self.ends(before).await;
    }

    async fn tries_an_ended_session(&mut self) {
        if let Some(cookies) = self.ended.clone() {
            self.has_ended(cookies).await;
        }
    }

    /// Whether to try again, as Redis was down.
    async fn retry(&self, answer: impl Future<Output = Answer>, done: Status) -> bool {
        let phase = self.world.phase();
        let answer = answer.await;
        if answer.status == done {
            return false;
        }
        let why = (answer.status, self.world.was_down_since(phase));
        assert_eq!(why, (Status::ServiceUnavailable, true), "{answer:?}");
        sleep(Duration::from_millis(300)).await;
        true
    }
}
