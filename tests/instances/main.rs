//! Three processes that share sessions, behind nginx: `examples/redis`, as it is.

mod cluster;
mod load;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/node.rs"]
mod node;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/process.rs"]
mod process;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/quickstart.rs"]
mod quickstart;
mod visitor;

use std::time::Duration;

use logto_tests::{Alter, Deviation, Fault, Hostile};
use reqwest::Method;
use rocket::futures::future::join_all;
use rocket::tokio::{spawn, time::sleep};

use crate::cluster::{Cluster, MODES, Mode};
use crate::load::Load;
use crate::visitor::Visitor;

const NAMES: [&str; 3] = ["A", "B", "C"];

/// What each instance answers to `/whoami`.
async fn statuses(cluster: &Cluster, visitor: &Visitor) -> Vec<u16> {
    let asked = NAMES.map(|name| visitor.whoami(cluster.at(name)));
    join_all(asked).await.iter().map(|answer| answer.status).collect()
}

/// S38, L16: begun at A, back at B, ended at C, by Logto and by the user.
#[rocket::async_test]
async fn a_sign_in_continues_and_ends_at_any_of_three_processes() {
    let op = Hostile::start().await;
    for mode in MODES {
        let Some(cluster) = Cluster::start(&op, mode) else { return };
        let mut visitor = Visitor::new();
        visitor.sign_in(&op, cluster.at("A"), cluster.at("B")).await;
        for name in NAMES {
            let answer = visitor.whoami(cluster.at(name)).await;
            assert!(
                answer.text.contains(&format!("says {name} (process ")),
                "{mode:?}: {answer:?}"
            );
        }
        let form = format!("logout_token={}", op.logout_token("u-alice", None));
        let post = Visitor::new().request(Method::POST, cluster.at("C"), "/backchannel-logout");
        let post = post.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        assert_eq!(post.send().await.expect("an answer").status(), 200);
        assert_eq!(statuses(&cluster, &visitor).await, [303; 3], "{mode:?}");

        // A logout token ends what Logto issued in the same second.
        sleep(Duration::from_millis(1100)).await;
        visitor.sign_in(&op, cluster.port(), cluster.port()).await;
        assert_eq!(statuses(&cluster, &visitor).await, [200; 3], "{mode:?}");
        let kept = visitor.clone();
        let answer = visitor.visit(cluster.at("C"), "/sign-out").await;
        assert!(answer.location.starts_with(&op.issuer()), "{mode:?}: {answer:?}");
        assert_eq!(statuses(&cluster, &kept).await, [303; 3], "{mode:?}");
    }
}

/// Three processes, and a visitor who has signed in through nginx.
async fn signed_in(op: &Hostile, mode: Mode) -> Option<(Cluster, Visitor)> {
    let cluster = Cluster::start(op, mode)?;
    let mut visitor = Visitor::new();
    visitor.sign_in(op, cluster.port(), cluster.port()).await;
    Some((cluster, visitor))
}

/// REF-3: of a hundred requests at once, over three processes, one asks Logto.
#[rocket::async_test]
async fn a_hundred_requests_over_three_processes_share_one_refresh() {
    let op = Hostile::start().await;
    for mode in MODES {
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let Some((cluster, visitor)) = signed_in(&op, mode).await else { return };
        op.behave();
        let before = op.count("token");
        let mut visitors = vec![visitor; 100];
        let answers = visitors.iter_mut().map(|visitor| visitor.visit(cluster.port(), "/token"));
        let answers = join_all(answers).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{mode:?}: {answers:?}");
        for name in NAMES {
            let answered = answers.iter().any(|it| it.text.contains(&format!("says {name} ")));
            assert!(answered, "{mode:?}: {name}");
        }
        assert_eq!(op.count("token"), before + 1, "{mode:?}");
        // Whichever answer reached the browser last.
        for visitor in visitors.iter().step_by(9) {
            assert_eq!(statuses(&cluster, visitor).await, [200; 3], "{mode:?}");
        }
    }
}

/// REL-22: SIGKILL under load: nginx asks another instance; only a POST that had been sent is
/// lost.
#[rocket::async_test]
async fn an_instance_that_is_killed_loses_its_own_requests_only() {
    let op = Hostile::start().await;
    for mode in MODES {
        let Some((cluster, visitor)) = signed_in(&op, mode).await else { return };
        for name in NAMES {
            let load = Load::start(&visitor, cluster.port());
            load.more().await;
            cluster.replace(name, "-KILL").await;
            load.more().await;
            let lost = load.end().await;
            assert!(lost.pages.is_empty(), "{mode:?} {name}: {:?}", lost.pages);
            assert!(lost.posts.len() <= load::AT_ONCE, "{mode:?} {name}: {:?}", lost.posts);
        }
        assert_eq!(statuses(&cluster, &visitor).await, [200; 3], "{mode:?}");
    }
}

/// REL-22: SIGTERM to one after the other. Only a POST sent to a connection that the instance
/// had not accepted yet is lost: nginx does not know whether it was handled.
#[rocket::async_test]
async fn a_rolling_restart_loses_no_page() {
    let op = Hostile::start().await;
    for mode in MODES {
        let Some((cluster, visitor)) = signed_in(&op, mode).await else { return };
        let load = Load::start(&visitor, cluster.port());
        for name in NAMES {
            load.more().await;
            cluster.replace(name, "-TERM").await;
        }
        load.more().await;
        let lost = load.end().await;
        assert!(lost.pages.is_empty(), "{mode:?}: {:?}", lost.pages);
        assert!(lost.posts.len() <= NAMES.len() * load::AT_ONCE, "{mode:?}: {:?}", lost.posts);
        assert_eq!(statuses(&cluster, &visitor).await, [200; 3], "{mode:?}");
    }
}

/// REL-22: nothing at all, if nginx is told first.
#[rocket::async_test]
async fn a_rolling_restart_announced_to_nginx_loses_nothing() {
    let op = Hostile::start().await;
    for mode in MODES {
        let Some((cluster, visitor)) = signed_in(&op, mode).await else { return };
        let load = Load::start(&visitor, cluster.port());
        for name in NAMES {
            cluster.leave_out(Some(name));
            let says = format!("says {name} ");
            let mut in_a_row = 0;
            while in_a_row < 30 {
                let is_other = !visitor.whoami(cluster.port()).await.text.contains(&says);
                in_a_row = if is_other { in_a_row + 1 } else { 0 };
            }
            load.more().await;
            cluster.replace(name, "-TERM").await;
            cluster.leave_out(None);
        }
        load.more().await;
        let lost = load.end().await;
        assert!(lost.pages.is_empty() && lost.posts.is_empty(), "{mode:?}: {lost:?}");
        assert_eq!(statuses(&cluster, &visitor).await, [200; 3], "{mode:?}");
    }
}

/// REF-3, REL-22: killed between Logto's request and its answer: another instance asks once more.
#[rocket::async_test]
async fn a_refresh_whose_process_is_killed_is_done_by_another() {
    let op = Hostile::start().await;
    for mode in MODES {
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let Some((cluster, mut visitor)) = signed_in(&op, mode).await else { return };
        op.behave();
        let before = op.count("token");
        op.deviate(Deviation::AnswerOnce("token", Fault::Silence));
        let asked = spawn(visitor.request(Method::GET, cluster.at("A"), "/token").send());
        while op.count("token") == before {
            sleep(Duration::from_millis(5)).await;
        }
        cluster.replace("A", "-KILL").await;
        assert!(asked.await.expect("it ended").is_err(), "{mode:?}");
        for name in ["B", "C", "A"] {
            let answer = visitor.visit(cluster.at(name), "/token").await;
            assert_eq!(answer.status, 200, "{mode:?} {name}: {}", answer.text);
        }
        assert_eq!(op.count("token"), before + 2, "{mode:?}");
    }
}

/// The one command, with nothing configured.
#[rocket::async_test]
async fn it_runs_on_the_look_alike_alone() {
    let Some(cluster) = Cluster::with(&[]) else { return };
    let mut visitor = Visitor::new();
    let answer = visitor.visit(cluster.port(), "/sign-in?return_to=/whoami").await;
    let page = reqwest::get(&answer.location).await.expect("it is there").text().await;
    assert!(page.expect("a page").contains("alice"), "{answer:?}");
}
