//! See `token_answer` in `src`.
#![cfg_attr(fuzzing, no_main)]

logto_fuzz::binary!(token_answer);
