//! Mail through a real SMTP server (aiosmtpd), which takes, refuses, delays and breaks off, and a Tokenry that is stopped
//! and killed over its queue.
//!
//! `cargo xtask test` installs the server and says where it is.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../benches/serve/client.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod client;
#[path = "../../store/tests/support/cluster.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, clippy::disallowed_methods, reason = "shared with other tests")]
mod cluster;
#[path = "app/harness.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod harness;
#[path = "process/program.rs"]
#[expect(dead_code, reason = "shared with other tests")]
mod program;

mod mail {
    mod server;

    mod crash;
    mod journey;
    mod races;
    mod stages;
    mod stop;
    mod tls;
}
