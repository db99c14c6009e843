use std::panic::catch_unwind;

use crate::Policy;

/// A policy that takes every argument which its credentials allow.
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

/// B5: what the guide says that can be written is what can be written.
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
