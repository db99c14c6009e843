//! See `return_path` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(return_path);
