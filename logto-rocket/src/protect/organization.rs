use rocket::request::Request;
use rocket::route::Route;

use crate::error::{Error, ErrorKind, Result};

/// The organization of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Organization {
    /// One for all requests.
    Id(&'static str),
    /// Named by this parameter of the path; `<org>`, with its brackets.
    Param(&'static str),
}

/// Where a route's requests have the organization's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Fixed(&'static str),
    /// The segment with this index after the mount point.
    Segment(usize),
}

impl Organization {
    /// `None` if it is neither an id nor one parameter.
    pub(super) const fn parse(text: &'static str) -> Option<Self> {
        let bytes = text.as_bytes();
        let last = bytes.len().wrapping_sub(1);
        if bytes.len() > 2 && bytes[0] == b'<' && bytes[last] == b'>' {
            let is_name = is_id(bytes, 1, last)
                && bytes[last - 1] != b'.'
                && !(bytes.len() == 3 && bytes[1] == b'_');
            return if is_name { Some(Self::Param(text)) } else { None };
        }
        if is_id(bytes, 0, bytes.len()) { Some(Self::Id(text)) } else { None }
    }

    /// `None` if the route has no such parameter.
    pub(super) fn place(self, route: &Route) -> Option<Segment> {
        match self {
            Self::Id(id) => Some(Segment::Fixed(id)),
            // Counted as Rocket counts segments, so that the organization checked here is
            // the one that the handler gets.
            Self::Param(name) => {
                let path = route.uri.unmounted_origin.path();
                let mut segments = path.as_str().split('/').filter(|segment| !segment.is_empty());
                segments.position(|segment| segment == name).map(Segment::Segment)
            }
        }
    }
}

impl Segment {
    /// The organization of a request.
    ///
    /// # Errors
    ///
    /// The segment is empty. Logto would treat a request without an id as one for no
    /// organization, and grant it.
    pub(super) fn id<'r>(self, request: &'r Request<'_>) -> Result<&'r str> {
        match self {
            Self::Fixed(id) => Ok(id),
            Self::Segment(index) => match request.param::<&str>(index) {
                Some(Ok(id)) => Ok(id),
                _ => Err(Error::new(ErrorKind::Denied, "the path names no organization")),
            },
        }
    }
}

/// Whether the bytes in this range are non-empty, visible and without brackets.
const fn is_id(bytes: &[u8], from: usize, to: usize) -> bool {
    let mut at = from;
    while at < to {
        if !bytes[at].is_ascii_graphic() || matches!(bytes[at], b'<' | b'>') {
            return false;
        }
        at += 1;
    }
    from < to
}

#[cfg(test)]
mod tests {
    use rocket::http::Method;
    use rocket::local::blocking::Client;
    use rocket::route::dummy_handler;

    use super::*;

    #[test]
    fn an_organization_is_an_id_or_one_parameter() {
        assert_eq!(Organization::parse("8wz3nrme4n02"), Some(Organization::Id("8wz3nrme4n02")));
        assert_eq!(Organization::parse("<org>"), Some(Organization::Param("<org>")));
        for text in ["", "<", ">", "<>", "<_>", "<org", "org>", "<org..>", "<a><b>", "a b", "a\n"] {
            assert_eq!(Organization::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_place_of_a_parameter_does_not_depend_on_the_mount_point() {
        let place = |name, uri: &str| {
            let route = Route::new(Method::Get, uri, dummy_handler);
            let mounted = route.clone().map_base(|_| "/some/base".to_owned()).expect("a base");
            let organization = Organization::Param(name);
            assert_eq!(organization.place(&route), organization.place(&mounted));
            organization.place(&route)
        };
        assert_eq!(place("<org>", "/<org>"), Some(Segment::Segment(0)));
        assert_eq!(place("<org>", "/orgs/<id>/<org>/<rest..>?<q>"), Some(Segment::Segment(2)));
        for uri in ["/", "/org", "/<org..>", "/a?<org>", "/a<org>"] {
            assert_eq!(place("<org>", uri), None, "{uri}");
        }
    }

    #[test]
    fn a_segment_is_decoded_and_an_empty_one_is_not_an_organization() {
        let client = Client::untracked(rocket::custom(rocket::Config::debug_default()))
            .expect("an application");
        let id = |uri: &'static str| {
            let request = client.get(uri);
            Segment::Segment(1).id(&request).map(str::to_owned).map_err(|error| error.kind())
        };
        assert_eq!(id("/orgs/8wz3nrme4n02"), Ok("8wz3nrme4n02".to_owned()));
        assert_eq!(id("/orgs/a%2Fb%20%26c"), Ok("a/b &c".to_owned()));
        for uri in ["/orgs", "/orgs/", "/orgs//"] {
            assert_eq!(id(uri), Err(ErrorKind::Denied), "{uri}");
        }
    }
}
