use clap::Subcommand;
use serde_json::json;
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::Context;

use super::{Failure, print};
use crate::App;
use crate::cli::table::{Table, moment};

#[derive(Subcommand)]
pub(crate) enum SessionCommand {
    /// List the live sessions of a user
    List {
        /// A username, an e-mail address or an identifier
        user: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a session, or all of a user
    Revoke {
        /// The session's identifier
        #[arg(required_unless_present = "user")]
        id: Option<String>,
        /// All sessions of this user
        #[arg(long, conflicts_with = "id")]
        user: Option<String>,
    },
}

impl SessionCommand {
    pub(crate) async fn run(self, app: &App) -> Result<(), Failure> {
        let authority = &app.authority;
        match self {
            Self::List { user, json } => {
                let user = authority.find_user_named(&user).await?;
                let sessions = authority.sessions(user.id).await?;
                if json {
                    let sessions = sessions.iter().map(|session| {
                        json!({
                            "id": session.id.to_string(),
                            "device": session.client.device,
                            "address": session.client.address,
                            "created_at": session.created_at.seconds(),
                            "last_used_at": session.last_used_at.seconds(),
                            "expires_at": session.expires_at.seconds(),
                        })
                    });
                    print(&format!("{}\n", json!({ "sessions": sessions.collect::<Vec<_>>() })));
                    return Ok(());
                }
                let mut table = Table::new(["ID", "CREATED", "LAST USED", "ADDRESS", "DEVICE"]);
                for session in sessions {
                    table.row([
                        session.id.to_string(),
                        moment(session.created_at),
                        moment(session.last_used_at),
                        session.client.address.map(|address| address.to_string()).unwrap_or_default(),
                        session.client.device.unwrap_or_default(),
                    ]);
                }
                print(&table.to_string());
            }
            Self::Revoke { user: Some(user), .. } => {
                let user = authority.find_user_named(&user).await?;
                let ended = authority.revoke_sessions_of(user.id, Actor::Operator, &Context::default()).await?;
                print(&format!("{ended} ended\n"));
            }
            Self::Revoke { id, .. } => {
                let id = id.unwrap_or_default();
                let id = id.parse().map_err(|error| Failure::new("invalid_request", format!("{id:?}: {error}")))?;
                authority.revoke_session(id, Actor::Operator, &Context::default()).await?;
                print("ended\n");
            }
        }
        Ok(())
    }
}
