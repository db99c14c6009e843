use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

/// The routes that the fairing mounts.
///
/// Each is a path, `false` to leave the default path to the application, or `{ path =
/// "/login", mount = false }` to leave another path to it. Strangers are sent to the path
/// of `sign_in` either way, and Logto sends browsers back to the path of `callback`.
///
/// See the chapter [`guide::recipes`](crate::guide::recipes#links-that-come-back) for links that
/// come back.
///
/// A path begins with `/` and has no query, parameters, empty segments, dot segments or
/// `%`: no request would reach any other, so it stops the launch.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Routes {
    /// Path in front of all of them. **(default: `/`)**
    pub base: String,
    /// Begins a sign-in. **(default: `/sign-in`)** A link to `/sign-in?return_to=/page` ends at
    /// that page of this site; a path longer than 1,024 bytes loses its query, and an address
    /// elsewhere is ignored. HEAD begins nothing.
    /// [`LogtoClient::sign_in_link()`](crate::LogtoClient::sign_in_link) makes the link.
    #[serde(deserialize_with = "sign_in")]
    pub sign_in: RoutePath,
    /// Begins a sign-in with Logto's registration page. **(default: `/sign-up`)** It takes
    /// `return_to` too.
    #[serde(deserialize_with = "sign_up")]
    pub sign_up: RoutePath,
    /// Where Logto sends the browser back. **(default: `/callback`)**
    #[serde(deserialize_with = "callback")]
    pub callback: RoutePath,
    /// Ends the session, here and at Logto. **(default: `/sign-out`)**
    #[serde(deserialize_with = "sign_out")]
    pub sign_out: RoutePath,
    /// Where Logto reports that a session has ended there, which ends it here too:
    /// register `{base_url}{base}/backchannel-logout` in the Logto Console as the
    /// "Backchannel logout URI". It answers 200 OK, 400 Bad Request to anything but a
    /// valid logout token from Logto, and 503 Service Unavailable while the store fails
    /// or Logto's keys are not available. **(default: `/backchannel-logout`)**
    #[serde(deserialize_with = "backchannel_logout")]
    pub backchannel_logout: RoutePath,
}

/// Where a route is, and whether the fairing mounts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoutePath {
    /// The path, below [`Routes::base`].
    pub path: String,
    /// Whether the fairing mounts the route. If not, the application does.
    pub mount: bool,
}

impl RoutePath {
    /// A route that the fairing mounts at `path`.
    pub fn mounted(path: impl Into<String>) -> Self {
        Self { path: path.into(), mount: true }
    }

    /// A route at `path` that the application mounts itself.
    pub fn own(path: impl Into<String>) -> Self {
        Self { path: path.into(), mount: false }
    }
}

const SIGN_IN: &str = "/sign-in";
const SIGN_UP: &str = "/sign-up";
const CALLBACK: &str = "/callback";
const SIGN_OUT: &str = "/sign-out";
const BACKCHANNEL_LOGOUT: &str = "/backchannel-logout";

impl Default for Routes {
    fn default() -> Self {
        Self {
            base: "/".into(),
            sign_in: RoutePath::mounted(SIGN_IN),
            sign_up: RoutePath::mounted(SIGN_UP),
            callback: RoutePath::mounted(CALLBACK),
            sign_out: RoutePath::mounted(SIGN_OUT),
            backchannel_logout: RoutePath::mounted(BACKCHANNEL_LOGOUT),
        }
    }
}

impl Routes {
    /// The path of `route` on this site.
    pub(crate) fn full(&self, route: &RoutePath) -> String {
        format!("{}{}", self.base.trim_end_matches('/'), route.path)
    }

    pub(super) fn named(&self) -> [(&'static str, &RoutePath); 5] {
        [
            ("routes.sign_in", &self.sign_in),
            ("routes.sign_up", &self.sign_up),
            ("routes.callback", &self.callback),
            ("routes.sign_out", &self.sign_out),
            ("routes.backchannel_logout", &self.backchannel_logout),
        ]
    }
}

fn sign_in<'de, D: Deserializer<'de>>(d: D) -> Result<RoutePath, D::Error> {
    d.deserialize_any(Path(SIGN_IN))
}

fn sign_up<'de, D: Deserializer<'de>>(d: D) -> Result<RoutePath, D::Error> {
    d.deserialize_any(Path(SIGN_UP))
}

fn callback<'de, D: Deserializer<'de>>(d: D) -> Result<RoutePath, D::Error> {
    d.deserialize_any(Path(CALLBACK))
}

fn sign_out<'de, D: Deserializer<'de>>(d: D) -> Result<RoutePath, D::Error> {
    d.deserialize_any(Path(SIGN_OUT))
}

fn backchannel_logout<'de, D: Deserializer<'de>>(d: D) -> Result<RoutePath, D::Error> {
    d.deserialize_any(Path(BACKCHANNEL_LOGOUT))
}

/// Reads a [`RoutePath`] with this default path.
struct Path(&'static str);

impl<'de> Visitor<'de> for Path {
    type Value = RoutePath;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, `false` or `{ path = \"/...\", mount = false }`")
    }

    fn visit_bool<E: de::Error>(self, mount: bool) -> Result<RoutePath, E> {
        Ok(RoutePath { path: self.0.into(), mount })
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<RoutePath, E> {
        Ok(RoutePath::mounted(path))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RoutePath, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            path: Option<String>,
            mount: Option<bool>,
        }
        let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(RoutePath {
            path: table.path.unwrap_or_else(|| self.0.into()),
            mount: table.mount.unwrap_or(true),
        })
    }
}
