//! What was recorded and cannot be requested here.

use logto_dev::Generation;

const OTHER_APP: &str = "needs a second web application; the provider has one";
const PUBLIC_APP: &str = "needs a public application; the provider's keeps a secret";
const PAGES: &str = "a page of Logto's; the provider has pages of its own";
const MANAGEMENT: &str = "an answer of the Management API; here it is a method";
const CONSENT: &str = "a third-party application or one with access control";
const NOT_LOADED: &str = "the recorded 1.37 went on with its old key until a restart";

/// Each with the reason.
const LEFT_OUT: [(&str, &str); 21] = [
    ("authz.hops", PAGES),
    ("token.other_clients_rt", OTHER_APP),
    ("code other client", OTHER_APP),
    ("prompt=none with session other client", OTHER_APP),
    ("no prompt with session other client", OTHER_APP),
    ("auth.no_pkce(spa)", PUBLIC_APP),
    ("cors.preflight", PUBLIC_APP),
    ("auth.identifier+first_screen", PAGES),
    ("auth.direct_sign_in", PAGES),
    ("signin.wrong_password", "nobody has a password here"),
    ("signin.unknown_user", "nobody has a password here"),
    ("no openid scope", "a failure of the recording itself"),
    ("token.json.body", "nothing was recorded"),
    ("PAR", "no pushed authorization requests: no library of Logto's sends them"),
    ("suspend", MANAGEMENT),
    ("delete", MANAGEMENT),
    ("rotate->RSA", MANAGEMENT),
    ("rotate->EC", MANAGEMENT),
    ("keys list", MANAGEMENT),
    ("idtoken.config", MANAGEMENT),
    ("mgmt.401", MANAGEMENT),
];

const LEFT_OUT_1_42: [(&str, &str); 5] = [
    ("access-control.alice", CONSENT),
    ("access-control.bob", CONSENT),
    ("third-party", CONSENT),
    ("hops", CONSENT),
    ("consent.info", CONSENT),
];

const LEFT_OUT_1_37: [(&str, &str); 6] = [
    ("keys.afterRSA", NOT_LOADED),
    ("keys.afterEC", NOT_LOADED),
    ("refresh after RSA idt header", NOT_LOADED),
    ("RSA at header", NOT_LOADED),
    ("RSA idt header", NOT_LOADED),
    ("end_session with old EC id_token_hint", NOT_LOADED),
];

pub(crate) fn names(generation: Generation) -> Vec<&'static str> {
    let own: &[_] = match generation {
        Generation::V1_37 => &LEFT_OUT_1_37,
        _ => &LEFT_OUT_1_42,
    };
    LEFT_OUT.iter().chain(own).map(|(name, _)| *name).collect()
}
