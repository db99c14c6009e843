//! Users who open pages and send forms all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use rocket::futures::future::join_all;
use rocket::tokio::task::JoinHandle;
use rocket::tokio::{self, time::sleep};

use crate::visitor::Visitor;

/// Users of each kind.
pub(crate) const AT_ONCE: usize = 4;

pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    /// Per user.
    answers: Arc<[AtomicUsize; 2 * AT_ONCE]>,
    pages: Vec<JoinHandle<Vec<u16>>>,
    posts: Vec<JoinHandle<Vec<u16>>>,
}

/// The statuses of answers that were not as they should be; 0 if there was none.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) pages: Vec<u16>,
    pub(crate) posts: Vec<u16>,
}

impl Load {
    pub(crate) fn start(visitor: &Visitor, port: u16) -> Self {
        let (is_over, answers) = (Arc::<AtomicBool>::default(), Arc::<[AtomicUsize; _]>::default());
        let user = |number: usize, method: Method, path: &'static str, expected: u16| {
            let (visitor, is_over, answers) = (visitor.clone(), is_over.clone(), answers.clone());
            tokio::spawn(async move {
                let mut lost = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    let answer = visitor.request(method.clone(), port, path).send().await;
                    let status = answer.map_or(0, |answer| answer.status().as_u16());
                    answers[number].fetch_add(1, Ordering::SeqCst);
                    if status != expected {
                        lost.push(status);
                    }
                }
                lost
            })
        };
        let pages = (0..AT_ONCE).map(|n| user(n, Method::GET, "/whoami", 200)).collect();
        // An instance refuses it, as it has no logout token.
        let posts = (AT_ONCE..2 * AT_ONCE)
            .map(|n| user(n, Method::POST, "/backchannel-logout", 400))
            .collect();
        Self { is_over, answers, pages, posts }
    }

    /// Waits until all have had many more answers: what was pending is over.
    pub(crate) async fn more(&self) {
        for answers in &*self.answers {
            let goal = answers.load(Ordering::SeqCst) + 20;
            while answers.load(Ordering::SeqCst) < goal {
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    pub(crate) async fn end(self) -> Lost {
        self.is_over.store(true, Ordering::SeqCst);
        let all = async |users| {
            let lost = join_all::<Vec<JoinHandle<Vec<u16>>>>(users).await;
            lost.into_iter().flat_map(|lost| lost.expect("it ended")).collect()
        };
        Lost { pages: all(self.pages).await, posts: all(self.posts).await }
    }
}
