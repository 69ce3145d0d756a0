//! PgBouncer in transaction mode before a cluster of the tests' own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cluster::{self, Cluster};

/// A running PgBouncer, with few connections to the server, so that transactions do change them.
pub struct Bouncer {
    process: Child,
    port: u16,
}

impl Bouncer {
    /// Starts it for all databases of `cluster`.
    pub fn start(cluster: &Cluster) -> Self {
        let program = cluster::on_path("pgbouncer").expect("PgBouncer is missing: `cargo xtask test` installs it");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = cluster.folder();
        let configuration = format!(
            "[databases]\n* = host={folder} port={server} user=tokenry\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 4\nmax_client_conn = 500\n",
            folder = folder.display(),
            server = cluster.port()
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, configuration).unwrap();
        let mut command = cluster::unprivileged(Path::new(&program));
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().unwrap(), port }
    }

    /// The URL of `database` through it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://tokenry@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // SIGTERM: PgBouncer ends at once.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
