//! Every shape of handler that Rocket accepts, below `#[authenticated]`.
//!
//! Each is compiled, and run for a signed-in user and for a stranger.

// An attribute that causes warnings breaks builds that deny them.
#![deny(warnings, future_incompatible)]
// Handlers take guards by value and name lifetimes whether or not they need to.
#![allow(clippy::needless_lifetimes, clippy::needless_pass_by_value)]

mod answers;
mod attributes;
mod data;
mod guards;
mod macros;
mod names;
mod own;
mod paths;
mod properties;
mod shape;
mod signatures;
mod streams;
mod support;
mod tokens;
mod traced;
mod websockets;

use rocket::Route;
use rocket_dyn_templates::Template;

use crate::shape::Shape;
use crate::support::App;

/// A module's base, its routes, and what they answer.
type Table = (&'static str, fn() -> Vec<Route>, &'static [Shape]);

const TABLES: [Table; 12] = [
    ("/answers", answers::routes, answers::SHAPES),
    ("/attributes", attributes::routes, attributes::SHAPES),
    ("/data", data::routes, data::SHAPES),
    ("/guards", guards::routes, guards::SHAPES),
    ("/macros", macros::routes, macros::SHAPES),
    ("/names", names::routes, names::SHAPES),
    ("/own", own::routes, own::SHAPES),
    ("/paths", paths::routes, paths::SHAPES),
    ("/signatures", signatures::routes, signatures::SHAPES),
    ("/streams", streams::routes, streams::SHAPES),
    ("/tokens", tokens::routes, tokens::SHAPES),
    ("/traced", traced::routes, traced::SHAPES),
];

#[rocket::async_test]
async fn every_shape_answers_the_user_and_turns_the_stranger_away() {
    let mut rocket = support::rocket().await;
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/shapes/templates");
    let figment = rocket.figment().clone().merge(("template_dir", templates));
    rocket =
        rocket.configure(figment).attach(Template::fairing()).manage(guards::Greeting("Hello"));
    for (base, routes, _) in TABLES {
        rocket = rocket.mount(base, routes());
    }
    let app = App::launch(rocket).await;

    let mut failures = Vec::new();
    let mut count = 0;
    for (base, _, shapes) in TABLES {
        for shape in shapes {
            count += 1;
            if let Err(failure) = shape.check(&app, base).await {
                failures.push(format!("{base}: {}: {failure}", shape.what));
            }
        }
    }
    println!("{count} shapes, each for a user and for a stranger");
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 60, "only {count} shapes");
}

#[test]
fn every_shape_has_a_route_of_its_own() {
    for (base, routes, shapes) in TABLES {
        assert!(routes().len() >= shapes.len(), "{base}: a shape without a route");
        let mut names: Vec<_> = shapes.iter().map(|shape| shape.what).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), shapes.len(), "{base}: a shape is there twice");
    }
}
