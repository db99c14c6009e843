//! See `id_token` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(id_token);
