//! See `config` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(config);
