//! The pages where developers change the application's users.

use std::collections::{BTreeMap, BTreeSet};

use rocket::http::Status;
use url::form_urlencoded;

use super::layout::{escape, initial, page};
use crate::answer::Answer;
use crate::organization::Organization;
use crate::tenant::Tenant;
use crate::user::User;

/// The page at the provider's address: everybody it knows.
pub(crate) fn users(tenant: &Tenant) -> Answer {
    let users = tenant.read_users(|users| users.values().cloned().collect::<Vec<_>>());
    let links: String = users.iter().map(link).collect();
    let body = format!(
        r#"<h1>Users</h1>
<p class="subtitle">Sign in from your application as one of these.</p>
<ul class="users">{links}</ul>
<p class="more"><a href="/oidc/.well-known/openid-configuration">Metadata</a></p>"#
    );
    page(Status::Ok, "Users", &body, None)
}

/// The path of a user's page.
pub(crate) fn user_path(user: &User) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("username", &user.username)
        .finish();
    format!("/user?{query}")
}

fn link(user: &User) -> String {
    let state = if user.suspended { " · suspended" } else { "" };
    format!(
        r#"
<li><a href="{path}"><span class="avatar" aria-hidden="true">{initial}</span><span><b>{name}</b><small>{username}{state}</small></span></a></li>"#,
        path = escape(&user_path(user)),
        initial = initial(user),
        name = escape(user.name.as_deref().unwrap_or(&user.username)),
        username = escape(&user.username),
    )
}

/// The page of one user.
pub(crate) fn user(user: &User, tenant: &Tenant) -> Answer {
    let title = user.name.as_deref().unwrap_or(&user.username);
    let (toggle, toggle_label, state) = match user.suspended {
        true => ("reinstate", "Reinstate", " · <b>suspended</b>"),
        false => ("suspend", "Suspend", ""),
    };
    let body = format!(
        r#"<h1>{title}</h1>
<p class="subtitle">{username} · {sub}{state}</p>
<form method="post" action="/user/roles">
<input type="hidden" name="username" value="{username}">
{roles}{organizations}
<button class="primary">Save</button>
</form>
<div class="actions">
{toggle}{revoke}{delete}
</div>
<p class="more"><a href="/">All users</a></p>"#,
        title = escape(title),
        username = escape(&user.username),
        sub = escape(&user.id),
        roles = fieldset("Roles", &own_roles(user, tenant)),
        organizations = organizations(user, tenant),
        toggle = action(user, toggle, toggle_label),
        revoke = action(user, "revoke", "End their sessions"),
        delete = form("get", user, "delete", "", "Delete"),
    );
    page(Status::Ok, title, &body, None)
}

/// The page that asks before a user is deleted.
pub(crate) fn delete(user: &User) -> Answer {
    let title = user.name.as_deref().unwrap_or(&user.username);
    let body = format!(
        r#"<h1>Delete {title}?</h1>
<p class="subtitle">{username} · {sub}. Their sessions end, and they can no longer sign in.</p>
<div class="actions">
{delete}</div>
<p class="more"><a href="{path}">Keep them</a></p>"#,
        title = escape(title),
        username = escape(&user.username),
        sub = escape(&user.id),
        delete = form("post", user, "delete", r#" class="primary""#, "Delete"),
        path = escape(&user_path(user)),
    );
    page(Status::Ok, "Delete", &body, None)
}

fn action(user: &User, action: &str, label: &str) -> String {
    form("post", user, action, "", label)
}

/// A form with one button.
fn form(method: &str, user: &User, action: &str, class: &str, label: &str) -> String {
    format!(
        r#"<form method="{method}" action="/user/{action}">
<input type="hidden" name="username" value="{}">
<button{class}>{label}</button>
</form>
"#,
        escape(&user.username)
    )
}

/// A box for each role that a user can have outside of organizations, and for each that any
/// user has.
fn own_roles(user: &User, tenant: &Tenant) -> String {
    let known = tenant.roles.values().filter(|role| !role.is_for_organizations());
    let all =
        |users: &BTreeMap<_, User>| users.values().flat_map(|user| user.roles.clone()).collect();
    let held: Vec<String> = tenant.read_users(all);
    boxes("role", &user.roles, known.map(|role| &role.name).chain(&held))
}

/// Each organization: whether the user is a member, and a member's roles there.
fn organizations(user: &User, tenant: &Tenant) -> String {
    let known = tenant.organizations.keys().chain(user.organizations.keys());
    let ids: BTreeSet<_> = known.collect();
    ids.into_iter().map(|id| organization(id, user, tenant)).collect()
}

fn organization(id: &str, user: &User, tenant: &Tenant) -> String {
    let name = tenant.organizations.get(id).map_or(id, Organization::name);
    let held = user.organizations.get(id);
    let member = checkbox("organization", id, "Member", held.is_some());
    let roles = held.map(|held| boxes(&format!("role in {id}"), held, tenant.roles.keys()));
    fieldset(name, &format!("{member}{}", roles.unwrap_or_default()))
}

/// A box for each role that is known or held.
fn boxes<'a>(name: &str, held: &'a [String], known: impl Iterator<Item = &'a String>) -> String {
    let roles: BTreeSet<_> = known.chain(held).collect();
    roles.into_iter().map(|role| checkbox(name, role, role, held.contains(role))).collect()
}

fn fieldset(title: &str, content: &str) -> String {
    format!("<fieldset><legend>{}</legend>\n{content}</fieldset>\n", escape(title))
}

fn checkbox(name: &str, value: &str, label: &str, checked: bool) -> String {
    let checked = if checked { " checked" } else { "" };
    format!(
        "<label><input type=\"checkbox\" name=\"{}\" value=\"{}\"{checked}> {}</label>\n",
        escape(name),
        escape(value),
        escape(label)
    )
}
