use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};

/// Defines an enum of names, its spelling on the wire, and how the configuration is read.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// The name as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

names! {
    /// What Logto asks of a user who signs in (OpenID Connect Core, section 3.1.2.1).
    /// Several can be combined.
    Prompt {
        /// Show nothing; fail if the user would have to do something.
        None = "none",
        /// Ask for the password even if the user is signed in at Logto. On its own it
        /// gives no refresh token: add [`Consent`](Self::Consent).
        Login = "login",
        /// Grant the requested scopes; needed for a refresh token. First-party
        /// applications get consent without a page.
        Consent = "consent",
    }
}

names! {
    /// The page that Logto shows first (`first_screen`).
    FirstScreen {
        /// The sign-in page.
        SignIn = "sign_in",
        /// The registration page.
        Register = "register",
        /// The sign-in page that asks for one of the
        /// [`identifiers`](crate::SignInOptions::identifiers).
        IdentifierSignIn = "identifier:sign_in",
        /// The registration page that asks for one of the
        /// [`identifiers`](crate::SignInOptions::identifiers).
        IdentifierRegister = "identifier:register",
        /// The page to reset a forgotten password.
        ResetPassword = "reset_password",
        /// The enterprise single sign-on page.
        SingleSignOn = "single_sign_on",
    }
}

names! {
    /// How users identify themselves on Logto's first page.
    Identifier {
        /// The user name.
        Username = "username",
        /// The email address.
        Email = "email",
        /// The phone number.
        Phone = "phone",
    }
}

/// A way to sign in that skips Logto's first page (`direct_sign_in`).
///
/// In the configuration: `social:google` or `sso:acme`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectSignIn {
    /// A social connector, by its target name: `google`, `github`.
    Social(String),
    /// An enterprise connector, by its id.
    Sso(String),
}

impl fmt::Display for DirectSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Social(target) => write!(f, "social:{target}"),
            Self::Sso(connector) => write!(f, "sso:{connector}"),
        }
    }
}

impl<'de> Deserialize<'de> for DirectSignIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(':') {
            Some(("social", target)) if !target.is_empty() => Ok(Self::Social(target.into())),
            Some(("sso", connector)) if !connector.is_empty() => Ok(Self::Sso(connector.into())),
            _ => Err(D::Error::custom("expected `social:<target>` or `sso:<connector id>`")),
        }
    }
}
