//! Refreshing: a new pair for an old one, as fast as the answers come.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tokenry_jwt::Algorithm;

use crate::arguments::Measure;
use crate::chart::{Bar, Chart, Panel};
use crate::child::{Child, resident, used};
use crate::cluster::Cluster;
use crate::core::Core;
use crate::finding::{Finding, Table};
use crate::fixture::Fixture;
use crate::load::{Client, Turns, run};
use crate::statistics::{digits, median, ratio};

/// One of the servers that are compared.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    pub(crate) clients: Vec<Holder>,
    /// Whether PostgreSQL works for it.
    is_on_postgres: bool,
    pub(crate) turns: Turns,
}

pub(crate) fn measure(measure: &Measure) -> Finding {
    let folder = tempfile::tempdir().unwrap();
    let fixture = folder.path().join("fixture.json");
    Fixture::new(&[Algorithm::Hs256]).write(&fixture);
    Core::Server.keep();
    let cluster = Cluster::start(&["max_connections=200"]);
    let url = cluster.database(&[]);
    let mut servers = vec![
        tokenry(measure, "Tokenry, SQLite", &folder.path().join("sqlite"), None),
        tokenry(measure, "Tokenry, PostgreSQL", &folder.path().join("postgres"), Some(&url)),
        simplejwt(measure, "simplejwt, SQLite", &fixture, &folder.path().join("django.db").display().to_string()),
        simplejwt(measure, "simplejwt, PostgreSQL", &fixture, &django_database(&cluster)),
        provider(measure),
    ];
    Core::leave();
    let text = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    let postgres = text.lines().next().unwrap().parse().unwrap();
    let rounds = measure.rounds(7, 2);
    for _ in 0..rounds {
        for server in &mut servers {
            server.turn(postgres);
        }
    }
    let mut finding = Finding::new("refresh", "Refresh", measure.quick);
    explain(&mut finding, rounds);
    finding.tables.push(table(&servers));
    let bars = servers.iter().map(|server| Bar {
        name: server.name.to_owned(),
        value: median(&server.turns.rates()),
        is_ours: server.name.starts_with("Tokenry"),
    });
    finding.charts.push(Chart::Bars {
        file: "refresh".to_owned(),
        title: "Refreshes, the server and its database on one core".to_owned(),
        unit: "refreshes per second: longer is better".to_owned(),
        is_logarithmic: false,
        panels: vec![Panel { title: String::new(), bars: bars.collect() }],
    });
    finding
}

fn explain(finding: &mut Finding, rounds: usize) {
    finding.explain(&format!(
        "{CLIENTS} clients, each with a session of its own, send what they got last and get what replaces it. The server has one \
         core, with PostgreSQL on the same, the load generator the other. {rounds} rounds; in each, every server has a turn of \
         {} ms. Medians.",
        TURN.as_millis(),
    ));
    finding.explain(
        "Tokenry is the released binary: it verifies the old access token, too, signs the new one with EdDSA, and answers when \
         the rotation is on the disk (`synchronous=FULL`, `synchronous_commit=on`). simplejwt rotates and blacklists, with \
         HS256, on gunicorn (one worker, four threads, gthread); SQLite in WAL mode with `synchronous=FULL`. oidc-provider rotates, with an \
         adapter that is a `Map` in memory, so nothing outlives the process; its access tokens are JWTs with EdDSA. (It warns that it wants a newer Node.js.)",
    );
    finding.explain(
        "What it does not show: how these fare on several cores, where gunicorn would have more workers and Node.js more \
         processes; and what becomes of a client whose answer is lost, for which see the simulation.",
    );
}

pub(crate) fn tokenry(measure: &Measure, name: &'static str, data: &Path, database: Option<&str>) -> Server {
    let mut command = Command::new(&measure.tokenry);
    command.args(["serve", "--listen", "127.0.0.1:0", "--config", "/dev/null", "--data-dir"]).arg(data);
    command.env("TOKENRY_RATE_LIMIT__ENABLED", "false").env("TOKENRY_LOG__FILTER", "warn");
    command.env("TOKENRY_PASSWORD__MEMORY", "64KiB");
    if let Some(url) = database {
        command.env("TOKENRY_DATABASE", url);
        command.env("TOKENRY_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    }
    let mut child = Child::start(&command);
    let line = child.line();
    let address = line.split("listening on ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let clients = (0..CLIENTS).map(|number| Holder::signed_up(address, number)).collect();
    Server { name, child, address, clients, is_on_postgres: database.is_some(), turns: Turns::default() }
}

fn simplejwt(measure: &Measure, name: &'static str, fixture: &Path, database: &str) -> Server {
    let command = || {
        let mut command = Command::new(&measure.python);
        command.arg(measure.scripts.join("service.py")).env("FIXTURE", fixture).env("DATABASE", database);
        command
    };
    let output = command().arg(CLIENTS.to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tokens: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    let mut serve = command();
    let mut child = Child::start(serve.arg("serve"));
    let clients = tokens.into_iter().map(|token| Holder::new(Form::Django, &token, None)).collect();
    let is_on_postgres = database.contains(' ');
    Server { name, address: child.port(), child, clients, is_on_postgres, turns: Turns::default() }
}

fn provider(measure: &Measure) -> Server {
    let mut command = Command::new("node");
    let mut child = Child::start(command.arg(measure.node.join("refresh.js")).arg(CLIENTS.to_string()));
    let address = child.port();
    let tokens: Vec<String> = serde_json::from_str(&child.line()).unwrap();
    let clients = tokens.into_iter().map(|token| Holder::new(Form::OpenId, &token, None)).collect();
    let name = "oidc-provider, in memory";
    Server { name, child, address, clients, is_on_postgres: false, turns: Turns::default() }
}

/// An empty database, as Django is told of it: folder of the socket, port, name.
fn django_database(cluster: &Cluster) -> String {
    cluster.psql("CREATE DATABASE django");
    format!("{} {} django", cluster.folder().display(), cluster.port())
}

impl Server {
    pub(crate) fn turn(&mut self, postgres: u32) {
        let all = |child: &Child| used(child.id()) + if self.is_on_postgres { used(postgres) } else { 0.0 };
        let before = all(&self.child);
        let (served, clients) = run(&[self.address], std::mem::take(&mut self.clients), TURN);
        self.turns.add(served, all(&self.child) - before);
        self.clients = clients;
    }
}

/// A client that holds a refresh token.
pub(crate) struct Holder {
    form: Form,
    pub(crate) request: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Form {
    Tokenry,
    Django,
    OpenId,
}

impl Holder {
    fn new(form: Form, refresh_token: &str, access_token: Option<&str>) -> Self {
        let (path, kind, body) = match form {
            Form::Tokenry => {
                let pair = json!({ "refresh_token": refresh_token, "access_token": access_token });
                ("/v1/refresh", "application/json", pair.to_string())
            }
            Form::Django => ("/refresh", "application/json", json!({ "refresh": refresh_token }).to_string()),
            Form::OpenId => {
                let body = format!("grant_type=refresh_token&client_id=bench&refresh_token={refresh_token}");
                ("/token", "application/x-www-form-urlencoded", body)
            }
        };
        Self { form, request: post(path, kind, &body) }
    }

    /// With the pair of a new account.
    fn signed_up(address: SocketAddr, number: usize) -> Self {
        let body = json!({ "username": format!("user{number}"), "password": "correct horse battery" }).to_string();
        let pair = once(address, &post("/v1/signup", "application/json", &body));
        Self::new(Form::Tokenry, pair["refresh_token"].as_str().unwrap(), pair["access_token"].as_str())
    }
}

impl Client for Holder {
    fn request(&mut self) -> &[u8] {
        &self.request
    }

    fn answered(&mut self, body: &[u8]) {
        let pair: Value = serde_json::from_slice(body).unwrap();
        let name = if matches!(self.form, Form::Django) { "refresh" } else { "refresh_token" };
        *self = Self::new(self.form, pair[name].as_str().unwrap(), pair["access_token"].as_str());
    }
}

fn post(path: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// One request on a connection of its own; the JSON of its answer.
fn once(address: SocketAddr, request: &[u8]) -> Value {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let json = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
        match json {
            Some(json) => return json,
            None => assert!(read > 0, "{text}"),
        }
    }
}

fn table(servers: &[Server]) -> Table {
    let ours = servers[0].turns.rates();
    let rows = servers.iter().map(|server| {
        vec![
            server.name.to_owned(),
            digits(median(&server.turns.rates())),
            digits(ratio(&server.turns.rates(), &ours)),
            digits(median(&server.turns.p99s())),
            digits(median(server.turns.costs())),
            digits(resident(server.child.id())),
        ]
    });
    let columns =
        ["", "refreshes/s", "of Tokenry on SQLite", "p99, ms", "core, us a refresh, with PostgreSQL's", "server, MB"];
    Table { caption: "Refreshes".to_owned(), columns: columns.map(str::to_owned).to_vec(), rows: rows.collect() }
}

pub(crate) const CLIENTS: usize = 64;
const TURN: Duration = Duration::from_millis(1500);
