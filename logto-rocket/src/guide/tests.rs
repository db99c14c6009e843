use std::panic::catch_unwind;

use figment::Jail;

use crate::{Config, Policy};

/// Each chapter, by its name.
const CHAPTERS: [(&str, &str); 13] = [
    ("api", include_str!("api.md")),
    ("configuration", include_str!("configuration.md")),
    ("growing", include_str!("growing.md")),
    ("hooks", include_str!("hooks.md")),
    ("logto", include_str!("logto.md")),
    ("permissions", include_str!("permissions.md")),
    ("proxy", include_str!("proxy.md")),
    ("python", include_str!("python.md")),
    ("recipes", include_str!("recipes.md")),
    ("sessions", include_str!("sessions.md")),
    ("start", include_str!("start.md")),
    ("testing", include_str!("testing.md")),
    ("troubleshooting", include_str!("troubleshooting.md")),
];

/// What a block leaves out because others have it.
const REST: [(&str, &str); 4] = [
    ("logto.endpoint", "https://foo.logto.app"),
    ("logto.app_id", "app"),
    ("logto.base_url", "https://app.example.com"),
    ("logto.cookie_secret", "a secret of at least 32 random bytes"),
];

fn read(toml: &str, profile: &str) {
    #[expect(clippy::result_large_err, reason = "figment's")]
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("Rocket.toml", &toml.replace("\"...\"", "\"given\""))?;
        let figment = REST.into_iter().fold(rocket::Config::figment(), |it, rest| it.join(rest));
        if let Err(error) = Config::from_figment(&figment.select(profile)) {
            panic!("{error}\n{toml}");
        }
        Ok(())
    });
}

/// Without the feature, a block with Redis is refused, as it should be.
fn is_for_this_build(block: &str) -> bool {
    cfg!(feature = "redis") || !block.contains("= \"redis\"")
}

/// Misspelt, obsolete or contradictory keys would end the launch.
#[test]
fn every_configuration_in_the_chapters_launches() {
    let blocks = CHAPTERS.iter().flat_map(|(_, text)| text.split("```toml\n").skip(1));
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let blocks: Vec<_> = blocks.filter(|block| !block.contains("dependencies]")).collect();
    assert!(blocks.len() > 15, "{} blocks", blocks.len());
    for block in blocks.into_iter().filter(|block| is_for_this_build(block)) {
        read(block, "debug");
        read(block, "release");
    }
}

/// Nobody would find a chapter that is not in it.
#[test]
fn the_table_of_contents_has_every_chapter() {
    let contents = include_str!("../guide.rs");
    for (name, text) in CHAPTERS {
        assert!(contents.contains(&format!("//! | [`{name}`] | ")), "{name}");
        assert!(contents.contains(&format!("pub mod {name} {{}}")), "{name}");
        assert!(!text.starts_with('#'), "{name} begins with a sentence");
    }
    assert_eq!(contents.matches("pub mod").count(), CHAPTERS.len());
}

/// A policy that takes every argument that its credentials allow.
fn base(credentials: &str) -> Policy {
    let policy = Policy::new().resource("https://api.example.com").scopes(&["a"]);
    match credentials {
        "without `bearer`" => policy,
        "`bearer`" => policy.bearer(),
        "`session, bearer`" => policy.session().bearer(),
        _ => panic!("no credentials: {credentials}"),
    }
}

fn with(policy: Policy, argument: &str) -> Policy {
    match argument {
        "redirect" => policy.redirect(),
        "fetch_user_info" => policy.fetch_user_info(),
        "allow_cross_origin" => policy.allow_cross_origin(),
        "resource" => policy.resource("https://b.example.com"),
        "organization" => policy.organization("<org>"),
        "scopes" => policy.scopes(&["b"]),
        "any_scope" => policy.any_scope(&["b"]),
        "roles" => policy.roles(&["b"]),
        "any_role" => policy.any_role(&["b"]),
        "organization_roles" => policy.organization("<org>").organization_roles(&["b"]),
        "any_organization_role" => policy.organization("<org>").any_organization_role(&["b"]),
        "clients" => policy.clients(&["b"]),
        "any_client" => policy.any_client(),
        "user_only" => policy.user_only(),
        "machine_only" => policy.machine_only(),
        "any_organization" => policy.any_organization(),
        _ => panic!("no argument: {argument}"),
    }
}

/// W5: what the guide says can be written is what can be written.
#[test]
fn the_table_of_the_guide_says_which_arguments_go_together() {
    let guide = include_str!("api.md");
    let (_, table) = guide.split_once("\n| argument |").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let cells = |line| str::split(line, '|').map(str::trim).collect::<Vec<_>>();
    let credentials = cells(table.lines().next().expect("its head"));
    let rows: Vec<_> = table.lines().skip(2).map(cells).collect();
    assert_eq!(rows.len(), 16);
    for row in rows {
        let argument = row[1].trim_matches('`');
        for (credentials, said) in credentials.iter().zip(&row[2..5]) {
            let policy = with(base(credentials), argument);
            let taken = catch_unwind(|| policy.checked()).is_ok();
            let expected = ["no", "yes"][usize::from(taken)];
            assert_eq!(*said, expected, "{argument}, {credentials}");
        }
    }
}
