//! A client that keeps to the protocol, and expects that it is kept to.
//!
//! Before a request is sent it stands in the client's own state what it was for; only its answer changes that state. A
//! request without an answer is sent again as it was, with the same token and key.

use std::time::Instant;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::http::{Answer, Request};
use crate::journal::Promise;
use crate::program::ADMIN;
use crate::site::{Line, Site};

/// One user at a time, in several sessions.
pub(crate) struct Client<'a> {
    site: &'a Site,
    number: usize,
    chance: Chance,
    line: Line,
    account: Account,
    live: Vec<Session>,
    /// Of accounts that it uses no more.
    parked: Vec<Session>,
    ended: Vec<Session>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    id: String,
    name: String,
    password: String,
    /// How many accounts and passwords there have been.
    made: u64,
}

/// What a client's store holds of a session.
#[derive(Clone, Debug)]
struct Session {
    id: String,
    refresh: String,
    access: String,
    /// A keyed client's key for this refresh token.
    key: Option<String>,
    /// Why it ended, where that was acknowledged.
    reason: &'static str,
}

impl<'a> Client<'a> {
    pub(crate) fn new(site: &'a Site, number: usize, seed: u64) -> Self {
        let chance = Chance::new(seed, number as u64);
        let (line, account) = (Line::default(), Account::default());
        Self { site, number, chance, line, account, live: Vec::new(), parked: Vec::new(), ended: Vec::new() }
    }

    /// Lives until the site is over; then looks whether all is as it was told.
    pub(crate) fn run(mut self) {
        self.sign_up();
        while !self.site.is_over() {
            match self.chance.below(100) {
                0..60 => self.refresh_any(),
                60..72 => self.use_ended(),
                72..80 => self.log_in(),
                80..89 => self.log_out(),
                89..92 => self.be_revoked(),
                92..96 => self.change_password(),
                _ => self.sign_up(),
            }
            if self.chance.below(8) == 0 {
                self.line.hang_up();
            }
        }
        for mut session in std::mem::take(&mut self.live).into_iter().chain(std::mem::take(&mut self.parked)) {
            self.refresh(&mut session);
        }
        for session in std::mem::take(&mut self.ended) {
            self.is_refused(&session);
        }
    }

    fn sign_up(&mut self) {
        self.parked.append(&mut self.live);
        self.account.made += 1;
        self.account.name = format!("client{}-{}", self.number, self.account.made);
        self.account.password = format!("correct horse {}", self.account.made);
        let body = json!({ "username": self.account.name, "password": self.account.password });
        let key = self.new_key();
        let request = Request { method: "POST", path: "/v1/signup", body: Some(&body), key: key.as_deref(), ..EMPTY };
        let (answer, was_lost) = self.insist("sign-up", request);
        self.site.journal.entries().names.push(self.account.name.clone());
        match answer.status {
            201 => self.enter(&answer, key.is_some()),
            // The one that was not answered has been done.
            409 if was_lost => self.log_in(),
            _ => self.broken(Promise::NotOnce, "sign-up", &answer),
        }
    }

    fn log_in(&mut self) {
        if self.live.len() >= MOST_SESSIONS {
            return self.log_out();
        }
        let key = self.new_key();
        let body = self.credentials();
        let request = Request { method: "POST", path: "/v1/login", body: Some(&body), key: key.as_deref(), ..EMPTY };
        match self.insist("log-in", request).0 {
            answer if answer.status == 200 => self.enter(&answer, key.is_some()),
            answer => self.broken(Promise::Surprise, "log-in", &answer),
        }
    }

    fn refresh_any(&mut self) {
        let Some(mut session) = self.take_live() else { return self.log_in() };
        if self.refresh(&mut session) {
            self.live.push(session);
        }
    }

    /// The newest acknowledged pair must give another, whatever was killed since.
    fn refresh(&mut self, session: &mut Session) -> bool {
        let body = match self.chance.below(2) {
            0 => json!({ "refresh_token": session.refresh }),
            _ => json!({ "refresh_token": session.refresh, "access_token": session.access }),
        };
        let (what, key) =
            (if session.key.is_some() { "refresh, keyed" } else { "refresh, plain" }, session.key.clone());
        let request = Request { method: "POST", path: "/v1/refresh", body: Some(&body), key: key.as_deref(), ..EMPTY };
        let (answer, _) = self.insist(what, request);
        if answer.status != 200 || answer.body["session_id"] != session.id {
            self.broken(Promise::SessionLost, what, &answer);
            return false;
        }
        session.take(&answer);
        session.key = key.map(|_| self.key());
        true
    }

    fn log_out(&mut self) {
        let Some(session) = self.take_live() else { return };
        let body = json!({ "refresh_token": session.refresh });
        let request = Request { method: "POST", path: "/v1/logout", body: Some(&body), ..EMPTY };
        match self.insist("log-out", request).0 {
            answer if answer.status == 204 => self.has_ended(session, "logout"),
            answer => self.broken(Promise::Surprise, "log-out", &answer),
        }
    }

    /// An administrator ends all of the account's sessions.
    fn be_revoked(&mut self) {
        let path = format!("/v1/admin/users/{}/sessions", self.account.id);
        let request = Request { method: "DELETE", path: &path, bearer: Some(ADMIN), ..EMPTY };
        match self.insist("revocation by an admin", request).0 {
            answer if answer.status == 204 => self.all_ended("admin"),
            answer => self.broken(Promise::Surprise, "revocation by an admin", &answer),
        }
    }

    /// Ends every session but the one that asks.
    fn change_password(&mut self) {
        let Some(mut session) = self.take_live() else { return };
        for _ in 0..5 {
            // With an access token whose key is not revoked yet.
            let began = Instant::now();
            if !self.refresh(&mut session) {
                return;
            }
            self.account.made += 1;
            let (old, new) = (self.account.password.clone(), format!("correct horse {}", self.account.made));
            let body = json!({ "current_password": old, "new_password": new });
            let bearer = Some(session.access.as_str());
            let request = Request { method: "POST", path: "/v1/password", body: Some(&body), bearer, ..EMPTY };
            let is_changed = match self.line.send(self.site, self.chance.next(), "password change", request) {
                Some(answer) if answer.status == 204 => true,
                // Its key was revoked meanwhile.
                Some(answer) if answer.status == 401 && answer.body["code"] == "token_revoked" => continue,
                Some(answer)
                    if answer.status == 401
                        && answer.body["code"] == "token_invalid"
                        && self.site.journal.entries().distrusted_until.is_some_and(|until| began < until) =>
                {
                    continue;
                }
                Some(answer) => return self.broken(Promise::Surprise, "password change", &answer),
                None => self.can_log_in_with(&new),
            };
            if is_changed {
                self.site.journal.acknowledged("password change");
                self.account.password = new;
                self.all_ended("password");
            }
            break;
        }
        self.live.push(session);
    }

    /// Whether that is the password now: then what was not answered has been done, and all of it.
    fn can_log_in_with(&mut self, password: &str) -> bool {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let body = json!({ "identifier": self.account.name, "password": password });
        let request = Request { method: "POST", path: "/v1/login", body: Some(&body), ..EMPTY };
        match self.insist("log-in", request).0.status {
            200 => true,
            _ => {
                let body = self.credentials();
                let request = Request { body: Some(&body), ..request };
                let (answer, _) = self.insist("log-in", request);
                if answer.status != 200 {
                    self.broken(Promise::Surprise, "log-in after a password change", &answer);
                }
                false
            }
        }
    }

    fn use_ended(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        let at = self.chance.below(self.ended.len() as u64) as usize;
        let session = self.ended[at].clone();
        self.is_refused(&session);
    }

    fn is_refused(&mut self, session: &Session) {
        let body = json!({ "refresh_token": session.refresh });
        let key = session.key.as_deref();
        let request = Request { method: "POST", path: "/v1/refresh", body: Some(&body), key, ..EMPTY };
        let (answer, _) = self.insist("use of an ended session", request);
        let is_refused = answer.status == 401 && answer.body["code"] == "token_revoked";
        if !is_refused || answer.body["reason"] != session.reason {
            let what = format!("session {} ({})", session.id, session.reason);
            self.broken(Promise::RevocationUndone, &what, &answer);
        }
    }

    /// Sends a request until it is answered. Returns whether an answer was lost before.
    fn insist(&mut self, what: &'static str, request: Request<'_>) -> (Answer, bool) {
        let mut was_lost = false;
        loop {
            if let Some(answer) = self.line.send(self.site, self.chance.next(), what, request) {
                self.site.journal.acknowledged(what);
                return (answer, was_lost);
            }
            was_lost = true;
        }
    }

    fn enter(&mut self, answer: &Answer, is_keyed: bool) {
        let mut session = Session {
            id: text(&answer.body["session_id"]),
            refresh: String::new(),
            access: String::new(),
            key: is_keyed.then(|| self.key()),
            reason: "",
        };
        session.take(answer);
        self.account.id = text(&answer.body["user"]["id"]);
        self.live.push(session);
    }

    fn all_ended(&mut self, reason: &'static str) {
        for session in std::mem::take(&mut self.live) {
            self.has_ended(session, reason);
        }
    }

    fn has_ended(&mut self, session: Session, reason: &'static str) {
        self.site.journal.entries().ended.push(session.id.clone());
        self.ended.push(Session { reason, ..session });
    }

    fn take_live(&mut self) -> Option<Session> {
        let count = self.live.len() as u64;
        (count > 0).then(|| self.live.swap_remove(self.chance.below(count) as usize))
    }

    fn credentials(&self) -> Value {
        json!({ "identifier": self.account.name, "password": self.account.password })
    }

    /// Half of the sessions use keys.
    fn new_key(&mut self) -> Option<String> {
        (self.chance.below(2) == 0).then(|| self.key())
    }

    fn key(&mut self) -> String {
        format!("{:016x}{:016x}", self.chance.next(), self.chance.next())
    }

    fn broken(&self, promise: Promise, what: &str, answer: &Answer) {
        self.site.journal.broken(promise, format!("{what}: {} {}", answer.status, answer.body));
    }
}

impl Session {
    fn take(&mut self, answer: &Answer) {
        self.refresh = text(&answer.body["refresh_token"]);
        self.access = text(&answer.body["access_token"]);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

const MOST_SESSIONS: usize = 5;
const EMPTY: Request<'static> = Request { method: "GET", path: "", bearer: None, key: None, body: None };
