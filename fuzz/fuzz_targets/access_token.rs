//! See `access_token` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(access_token);
