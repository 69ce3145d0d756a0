//! The HTTP API, whole: the application in process, on a database of its own, with a clock that the test moves.
#![allow(clippy::unwrap_used, missing_docs)]

mod app {
    mod harness;

    mod refresh;
}
