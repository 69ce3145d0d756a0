use clap::Args;
use serde_json::{Value, json};
use tokenry_domain::audit::{AuditFilter, AuditKind, AuditRecord};

use super::{Failure, print};
use crate::App;
use crate::cli::table::{Table, moment};
use crate::config::Span;

#[derive(Args)]
pub(crate) struct AuditCommand {
    /// Only events of this kind, such as logged_in or refresh_reused; may be repeated
    #[arg(long, value_parser = kind)]
    kind: Vec<AuditKind>,
    /// Only of this user: a username, an e-mail address or an identifier
    #[arg(long)]
    user: Option<String>,
    /// Only of this session
    #[arg(long)]
    session: Option<String>,
    /// Only so far back, such as 15m, 1h or 14d
    #[arg(long)]
    since: Option<Span>,
    /// At most so many, newest first
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl AuditCommand {
    pub(crate) async fn run(self, app: &App) -> Result<(), Failure> {
        let bad = |error: &dyn std::fmt::Display| Failure::new("invalid_request", error);
        let user = match &self.user {
            // A deleted account is found by its identifier only.
            Some(name) => Some(match name.parse() {
                Ok(id) => id,
                Err(_) => app.authority.find_user_named(name).await?.id,
            }),
            None => None,
        };
        let session = self.session.map(|id| id.parse()).transpose().map_err(|error| bad(&error))?;
        let since = self.since.map(|span| app.authority.now() - span.0);
        let filter =
            AuditFilter { kinds: self.kind, user, session, since, limit: self.limit, ..AuditFilter::default() };
        let records = app.authority.store().audit(filter).await.map_err(tokenry_domain::Error::from)?;
        print(&if self.json { as_json(&records) } else { as_table(&records) });
        Ok(())
    }
}

fn as_json(records: &[AuditRecord]) -> String {
    let line = |record: &AuditRecord| {
        let event = &record.event;
        let line = json!({
            "seq": record.seq,
            "at": event.at.millis(),
            "kind": event.kind.name(),
            "actor": event.actor.name(),
            "user": event.user.map(|id| id.to_string()),
            "session": event.session.map(|id| id.to_string()),
            "address": event.address,
            "detail": event.detail,
        });
        format!("{line}\n")
    };
    records.iter().map(line).collect()
}

fn as_table(records: &[AuditRecord]) -> String {
    let mut table = Table::new(["AT", "KIND", "ACTOR", "ADDRESS", "USER", "SESSION", "DETAIL"]);
    for AuditRecord { event, .. } in records {
        table.row([
            moment(event.at),
            event.kind.name().to_owned(),
            event.actor.name().to_owned(),
            event.address.map(|address| address.to_string()).unwrap_or_default(),
            event.user.map(|id| id.to_string()).unwrap_or_default(),
            event.session.map(|id| id.to_string()).unwrap_or_default(),
            if event.detail == Value::Null { String::new() } else { event.detail.to_string() },
        ]);
    }
    table.to_string()
}

fn kind(name: &str) -> Result<AuditKind, String> {
    AuditKind::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = AuditKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("one of {}", names.join(", "))
    })
}
