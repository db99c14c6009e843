//! The claims about a user, from the ID token or the user info.

/// Implements the accessors that every type with claims has.
macro_rules! raw_claims {
    ($name:ident) => {
        impl $name {
            /// The claim of this name as JSON. Members of nested objects are in the order
            /// of their names, unless the application turns on the feature
            /// `preserve_order` of serde_json.
            pub fn get(&self, name: &str) -> crate::Claim<&serde_json::Value> {
                self.claims().get(name)
            }

            /// The names of all claims that Logto sent, in the order in which
            /// they are serialized.
            pub fn names(&self) -> impl Iterator<Item = &str> {
                self.claims().iter().map(|(name, _)| name)
            }
        }
    };
}

/// Implements an accessor for each of these claims, which are all read alike.
macro_rules! each_claim {
    ($name:ident, $read:ident -> $type:ty, $($(#[$doc:meta])+ $claim:ident)+) => {
        impl $name {$(
            $(#[$doc])+
            pub fn $claim(&self) -> crate::Claim<$type> {
                self.claims().$read(stringify!($claim))
            }
        )+}
    };
}

/// Implements an accessor for each claim that comes with Logto's scopes, for a type with
/// a method `claims()`. Logto's `core-kit`, `openid.ts`, has the list.
macro_rules! user_claims {
    ($name:ident) => {
        super::accessors::each_claim! { $name, text -> &str,
            /// The user's display name. Scope `profile`.
            name
            /// The user's family name. Scope `profile`.
            family_name
            /// The user's given name. Scope `profile`.
            given_name
            /// The user's middle name. Scope `profile`.
            middle_name
            /// The user's casual name. Scope `profile`.
            nickname
            /// The name the user likes to be called by; others may have the same. If
            /// there is none, Logto since 1.42 sends the username. Scope `profile`.
            preferred_username
            /// The name the user signs in with. Scope `profile`.
            username
            /// The URL of the user's profile page. Scope `profile`.
            profile
            /// The URL of the user's picture. Scope `profile`.
            picture
            /// The URL of the user's website. Scope `profile`.
            website
            /// The user's gender: `female`, `male` or another string. Scope `profile`.
            gender
            /// The user's birthday: `YYYY-MM-DD`, `YYYY`, or with the year
            /// `0000`. Scope `profile`.
            birthdate
            /// The user's time zone, like `Europe/Berlin`. Scope `profile`.
            zoneinfo
            /// The user's language (BCP 47), like `de-DE`. Scope `profile`.
            locale
            /// The user's email address. Scope `email`.
            email
            /// The user's phone number. Scope `phone`.
            phone_number
        }

        super::accessors::each_claim! { $name, bool -> bool,
            /// Whether the email address was verified. Scope `email`.
            email_verified
            /// Whether the phone number was verified. Scope `phone`.
            phone_number_verified
        }

        super::accessors::each_claim! { $name, milliseconds -> std::time::SystemTime,
            /// When the user was created. Scope `profile`.
            created_at
            /// When the user last changed. Scope `profile`.
            updated_at
        }

        super::accessors::each_claim! { $name, texts -> Vec<&str>,
            /// The names of the user's roles. Scope `roles`.
            roles
            /// The ids of the user's organizations. Scope
            /// `urn:logto:scope:organizations`.
            organizations
        }

        impl $name {
            /// The user's postal address. Scope `address`.
            pub fn address(&self) -> crate::Claim<crate::Address<'_>> {
                self.claims().get("address").read(crate::Address::read)
            }

            /// Whether the user has the role with this name. `false` also if the scope
            /// `roles` was not asked for.
            pub fn has_role(&self, role: &str) -> bool {
                self.roles().unwrap_or_default().contains(&role)
            }

            /// Whether the user is a member of the organization with this id. `false`
            /// also if the scope `urn:logto:scope:organizations` was not asked for.
            pub fn is_member_of(&self, organization: &str) -> bool {
                self.organizations().unwrap_or_default().contains(&organization)
            }

            /// The user's roles in organizations. A string without a colon is not a role
            /// and is left out; [`get()`](Self::get) has all as Logto sent them. Scope
            /// `urn:logto:scope:organization_roles`.
            pub fn organization_roles(&self) -> crate::Claim<Vec<crate::OrganizationRole<'_>>> {
                let roles = self.claims().texts("organization_roles");
                let parse = crate::OrganizationRole::parse;
                roles.map(|roles| roles.into_iter().filter_map(parse).collect())
            }

            /// Whether the user has the role with this name in the organization with this
            /// id. `false` also if the scope `urn:logto:scope:organization_roles` was not
            /// asked for.
            pub fn has_organization_role(&self, organization: &str, role: &str) -> bool {
                let wanted = crate::OrganizationRole { organization, role };
                self.organization_roles().unwrap_or_default().contains(&wanted)
            }

            /// The user's organizations. Scope `urn:logto:scope:organizations`; in the ID
            /// token only if Logto is configured so.
            pub fn organization_data(&self) -> crate::Claim<Vec<crate::OrganizationData<'_>>> {
                self.claims().list("organization_data", crate::OrganizationData::read)
            }

            /// The user's social identities by the name of their connector, like
            /// `google`. Scope `identities`; in the ID token only if Logto is configured
            /// so.
            pub fn identities(
                &self,
            ) -> crate::Claim<std::collections::BTreeMap<&str, crate::Identity<'_>>> {
                self.claims().get("identities").read(|value| {
                    let all = value.as_object()?.iter();
                    all.map(|(name, value)| Some((name.as_str(), crate::Identity::read(value)?)))
                        .collect()
                })
            }

            /// The user's enterprise identities. Scope `identities`; in the ID token only
            /// if Logto is configured so.
            pub fn sso_identities(&self) -> crate::Claim<Vec<crate::SsoIdentity<'_>>> {
                self.claims().list("sso_identities", crate::SsoIdentity::read)
            }

            /// The application's own data about the user, as JSON. Scope `custom_data`;
            /// in the ID token only if Logto is configured so.
            pub fn custom_data(&self) -> crate::Claim<&serde_json::Value> {
                self.claims().get("custom_data")
            }

            /// The application's own data about the user, as a type of yours.
            ///
            /// # Errors
            ///
            /// There is custom data, but not of this type. The error names the field,
            /// never its value.
            pub fn custom_data_as<T: serde::de::DeserializeOwned>(
                &self,
            ) -> Result<crate::Claim<T>, crate::CustomDataError> {
                super::custom_data::read(self.custom_data())
            }
        }
    };
}

pub(super) use {each_claim, raw_claims, user_claims};
