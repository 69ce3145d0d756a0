//! One address before servers that come and go, as a load balancer has it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// It listens as long as the test runs.
pub(crate) struct Balancer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    servers: Mutex<Vec<SocketAddr>>,
    turn: AtomicUsize,
}

impl Balancer {
    /// Before no server yet: whoever connects is cut off.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let balancing = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Some(server) = balancing.next() else { continue };
                if let Ok(server) = TcpStream::connect(server) {
                    join(client, server).unwrap();
                }
            }
        });
        Self { address, shared }
    }

    /// Before these from now on. Connections that there are stay where they are.
    pub(crate) fn turn_to(&self, servers: impl IntoIterator<Item = SocketAddr>) {
        *self.shared.servers.lock().unwrap() = servers.into_iter().collect();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Shared {
    /// Each connection goes to the next of them.
    fn next(&self) -> Option<SocketAddr> {
        let servers = self.servers.lock().unwrap();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        (!servers.is_empty()).then(|| servers[turn % servers.len()])
    }
}

fn join(client: TcpStream, server: TcpStream) -> io::Result<()> {
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(read) = from.read(&mut bytes)
                && read > 0
                && to.write_all(&bytes[..read]).is_ok()
            {}
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
