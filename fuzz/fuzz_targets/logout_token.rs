//! See `logout_token` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(logout_token);
