use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokenry_domain::mail::MailQueue;
use tokenry_domain::time::Timestamp;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Family<Route, Histogram>,
    pub(crate) signups: Counter,
    logins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    mails: Family<Outcome, Counter>,
    mails_queued: Gauge,
    mail_age: Gauge<f64, AtomicU64>,
    hashes_queued: Gauge,
    feed_subscribers: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    /// Nothing yet. `node` is what this process is called.
    pub(crate) fn new(node: &str) -> Self {
        let mut registry = Registry::with_prefix("tokenry");
        let about = [("node", node.to_owned()), ("version", env!("CARGO_PKG_VERSION").to_owned())];
        registry.register("node", "Which process this is", Info::new(about));
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        registry.register("http_request_duration_seconds", "Time to answer", durations.clone());
        let signups = Counter::default();
        registry.register("signups", "Accounts made by sign-up", signups.clone());
        let logins = Family::default();
        registry.register("logins", "Log-ins", logins.clone());
        let refreshes = Family::default();
        registry.register("refreshes", "Refreshes, by what was decided", refreshes.clone());
        let mails = Family::default();
        registry.register("mails", "Mails, by what became of each attempt, and those given up", mails.clone());
        let mails_queued = Gauge::default();
        registry.register("mails_queued", "Mails that wait in the database", mails_queued.clone());
        let mail_age = Gauge::default();
        registry.register("mail_age_seconds", "How long the first of them has waited", mail_age.clone());
        let hashes_queued = Gauge::default();
        registry.register("password_hashes_queued", "Password hashes that wait or are computed", hashes_queued.clone());
        let feed_subscribers = Gauge::default();
        registry.register("revocation_subscribers", "Clients that follow the feed", feed_subscribers.clone());
        Self {
            registry,
            requests,
            durations,
            signups,
            logins,
            refreshes,
            mails,
            mails_queued,
            mail_age,
            hashes_queued,
            feed_subscribers,
        }
    }

    pub(crate) fn request(&self, method: &Method, route: &str, status: u16, code: &'static str, elapsed: Duration) {
        // A method of the client's own invention must not make a series of its own.
        let method = KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other");
        let request = Request { method, route: route.to_owned(), status, code };
        self.requests.get_or_create(&request).inc();
        self.durations.get_or_create(&Route { route: request.route }).observe(elapsed.as_secs_f64());
    }

    pub(crate) fn login(&self, succeeded: bool) {
        self.logins.get_or_create(&Outcome { outcome: if succeeded { "success" } else { "failure" } }).inc();
    }

    pub(crate) fn refresh(&self, outcome: &'static str) {
        self.refreshes.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn mail(&self, outcome: &'static str) {
        self.mails.get_or_create(&Outcome { outcome }).inc();
    }

    pub(crate) fn mail_queue(&self, queue: MailQueue, now: Timestamp) {
        self.mails_queued.set(i64::try_from(queue.length).unwrap_or(i64::MAX));
        self.mail_age.set(queue.since.map_or(0.0, |since| now.since(since).as_secs_f64()));
    }

    /// All of it in the OpenMetrics text format. `hashes_queued` and `feed_subscribers` are measured now.
    pub(crate) fn text(&self, hashes_queued: usize, feed_subscribers: usize) -> String {
        self.hashes_queued.set(i64::try_from(hashes_queued).unwrap_or(i64::MAX));
        self.feed_subscribers.set(i64::try_from(feed_subscribers).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a String can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const BUCKETS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];
