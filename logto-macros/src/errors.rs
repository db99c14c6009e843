//! Several mistakes, reported at once.

use syn::{Error, Result};

/// Adds the error of `result`, if it is one, to `errors`.
pub(crate) fn collect(errors: &mut Option<Error>, result: Result<()>) {
    match (errors.as_mut(), result) {
        (_, Ok(())) => {}
        (Some(errors), Err(error)) => errors.combine(error),
        (None, Err(error)) => *errors = Some(error),
    }
}

/// Both values, or the errors of both.
pub(crate) fn both<A, B>(a: Result<A>, b: Result<B>) -> Result<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(mut errors), Err(error)) => {
            errors.combine(error);
            Err(errors)
        }
    }
}
