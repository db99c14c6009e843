//! See `jwks` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(jwks);
