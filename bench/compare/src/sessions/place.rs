use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tokenry_domain::time::Timestamp;
use tokenry_jwt::Algorithm;

use super::{LONG, Method, Site, site};
use crate::child::{Child, resident};
use crate::cluster::Cluster;
use crate::core::Core;
use crate::fixture::Fixture;
use crate::users;

/// Where the sites are made.
pub(super) struct Place {
    folder: tempfile::TempDir,
    fixture: Fixture,
    cluster: Cluster,
    now: Timestamp,
}

impl Place {
    pub(super) fn new() -> Self {
        let fixture = Fixture::new(&[Algorithm::EdDsa]);
        let folder = tempfile::tempdir().unwrap();
        fixture.write(&folder.path().join("fixture.json"));
        Core::Server.keep();
        let cluster = Cluster::start(&["max_connections=300", "max_wal_size=4GB"]);
        Core::leave();
        let now = Timestamp::from_seconds(jiff::Timestamp::now().as_second());
        Self { folder, fixture, cluster, now }
    }

    /// A new one, with its users logged in.
    pub(super) fn site(&self, method: Method, users: usize) -> Site {
        let data = self.folder.path().join(format!("{}-{users}", method.name()));
        let database = (method == Method::Database).then(|| self.cluster.database(&[]));
        let (child, address) = self.start(method, &data, database.as_deref());
        let mut site =
            Site { method, users, child, address, data, database, memory: 0.0, disk: 0.0, turns: Vec::new() };
        if !method.is_token() {
            // On both cores.
            Core::release(site.child.id());
            site.child.ask(&format!("fill 0 {users}"));
            Core::Server.take(site.child.id());
        }
        if let Some(url) = &site.database {
            for statement in ["VACUUM ANALYZE users", "VACUUM ANALYZE sessions", "CHECKPOINT"] {
                self.cluster.value(url, statement);
            }
        }
        // What was made is on the disk before anything is measured.
        assert!(Command::new("sync").status().unwrap().success());
        site.turn(self, 0, LONG);
        site.turns.clear();
        let postgres = if site.database.is_some() { resident(self.postgres()) } else { 0.0 };
        site.memory = resident(site.child.id()) + postgres;
        site.disk = self.size(&site);
        site
    }

    pub(super) fn start(&self, method: Method, data: &Path, database: Option<&str>) -> (Child, SocketAddr) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("site").arg(method.name());
        match method {
            Method::Token | Method::TokenUncached => command.arg(self.folder.path().join("fixture.json")),
            Method::Memory | Method::Disk | Method::Database => command.arg(data).args(database),
        };
        let mut child = Child::start(&command);
        let address = child.port();
        Core::Server.take(child.id());
        (child, address)
    }

    /// MB that users and sessions take on the disk.
    fn size(&self, site: &Site) -> f64 {
        match &site.database {
            Some(url) => {
                let bytes = self.cluster.value(url, "SELECT pg_database_size(current_database())");
                bytes.parse::<f64>().unwrap() / 1e6
            }
            None => size(&site.data),
        }
    }

    /// What each of the visitors sends: one user after the other, drawn from all.
    pub(super) fn requests(&self, method: Method, users: usize, count: usize, seed: usize) -> Vec<Vec<u8>> {
        let key = self.fixture.key(Algorithm::EdDsa);
        let mut chance = seed as u64 * 2 + 1;
        let mut draw = || {
            // An odd state of this generator comes back after 2^62 steps (L'Ecuyer 1999).
            chance = chance.wrapping_mul(0xd134_2543_de82_ef95);
            ((u128::from(chance) * users as u128) >> 64) as usize
        };
        let credential = |number| match method.is_token() {
            true => format!("Authorization: Bearer {}", users::token(number, key, self.now)),
            false => format!("Cookie: {}={}", site::NAME, users::cookie(number).expose().as_str()),
        };
        let request = |number| format!("GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n\r\n", credential(number));
        (0..count).map(|_| request(draw()).into_bytes()).collect()
    }

    pub(super) fn postgres(&self) -> u32 {
        let text = fs::read_to_string(self.cluster.folder().join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }
}

/// MB of all files in a folder.
fn size(folder: &Path) -> f64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len() as f64 / 1e6).sum()
}
