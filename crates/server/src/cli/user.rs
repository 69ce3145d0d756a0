mod django;
mod import;

pub(super) use import::count_rows;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};
use tokenry_domain::account::{Status, User};
use tokenry_domain::audit::Actor;
use tokenry_domain::authority::{Context, NewAccount, UserChange, UserFilter};
use tokenry_domain::password::Password;
use zeroize::Zeroizing;

use super::{Failure, print};
use crate::App;
use crate::cli::table::{Table, moment};

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    Add {
        /// A username or an e-mail address
        name: String,
        /// The e-mail address, beside a username
        #[arg(long)]
        email: Option<String>,
        /// Read the password from standard input; without it the account can't log in yet
        #[arg(long)]
        password_stdin: bool,
        /// A role; may be repeated
        #[arg(long = "role", value_name = "R")]
        roles: Vec<String>,
        /// An attribute; may be repeated
        #[arg(long = "attr", value_name = "K=V", value_parser = attribute)]
        attributes: Vec<(String, Value)>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Change roles, attributes, e-mail or password of an account
    Set {
        /// A username, an e-mail address or an identifier
        name: String,
        /// A role to add; may be repeated
        #[arg(long = "role", value_name = "R")]
        roles: Vec<String>,
        /// A role to take away; may be repeated
        #[arg(long = "no-role", value_name = "R")]
        no_roles: Vec<String>,
        /// An attribute to set: JSON, or text where it is none; may be repeated
        #[arg(long = "attr", value_name = "K=V", value_parser = attribute)]
        attributes: Vec<(String, Value)>,
        /// An attribute to remove; may be repeated
        #[arg(long = "no-attr", value_name = "K")]
        no_attributes: Vec<String>,
        /// A new e-mail address
        #[arg(long)]
        email: Option<String>,
        /// Read a new password from standard input. All sessions end
        #[arg(long)]
        password_stdin: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List accounts
    List {
        /// Only accounts with this text in a name
        #[arg(long)]
        contains: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 1000)]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Disable an account. All its sessions end
    Disable {
        /// A username, an e-mail address or an identifier
        name: String,
    },
    /// Enable an account again
    Enable {
        /// A username, an e-mail address or an identifier
        name: String,
    },
    /// Delete an account. All its sessions end
    Delete {
        /// A username, an e-mail address or an identifier
        name: String,
    },
    /// Import accounts from Django: `dumpdata` JSON, or CSV of the table `auth_user`
    ///
    /// Users log in with their old passwords and are re-hashed then. A row that can't be taken is reported by its line
    /// (CSV) or its index and pk (JSON); if there is one, the exit code is 1.
    Import {
        /// A file that ends in .json or .csv
        file: PathBuf,
        /// What becomes of a field, as FROM=TO; may be repeated. FROM: is_staff, is_superuser, first_name, last_name,
        /// group:NAME or group:* . TO: role:NAME, attribute:NAME, none; for group:* also role:*
        #[arg(long = "map", value_name = "FROM=TO")]
        mappings: Vec<django::Mapping>,
        /// The summary as JSON
        #[arg(long)]
        json: bool,
    },
}

impl UserCommand {
    pub(crate) async fn run(self, app: &Arc<App>) -> Result<(), Failure> {
        let authority = &app.authority;
        let context = Context::default();
        let actor = Actor::Operator;
        match self {
            Self::Add { name, email, password_stdin, roles, attributes, json } => {
                let (username, email) = match (name.contains('@'), email) {
                    (true, None) => (None, Some(name)),
                    (_, email) => (Some(name), email),
                };
                let password = password_stdin.then(password).transpose()?;
                let attributes = attributes.into_iter().collect();
                let new = NewAccount { username, email, password, roles, attributes };
                show(&authority.create_user(new, actor, &context).await?, json);
            }
            Self::Set { name, roles, no_roles, attributes, no_attributes, email, password_stdin, json } => {
                let user = authority.find_user_named(&name).await?;
                let removed = no_attributes.into_iter().map(|name| (name, Value::Null));
                let mut change = UserChange {
                    add_roles: roles,
                    remove_roles: no_roles,
                    attributes: attributes.into_iter().chain(removed).collect::<BTreeMap<_, _>>(),
                    password: password_stdin.then(password).transpose()?,
                    ..UserChange::default()
                };
                change.names.email = email.map(Some);
                show(&authority.change_user(user.id, change, actor, &context).await?, json);
            }
            Self::List { contains, limit, json } => {
                let users = authority.list_users(UserFilter { after: None, contains, limit }).await?;
                print(&if json {
                    users.iter().map(|user| format!("{}\n", view(user))).collect()
                } else {
                    table(&users)
                });
            }
            Self::Disable { name } => set_status(app, &name, Status::Disabled).await?,
            Self::Enable { name } => set_status(app, &name, Status::Active).await?,
            Self::Delete { name } => {
                let user = authority.find_user_named(&name).await?;
                authority.delete_user(user.id, actor, &context).await?;
                print("deleted\n");
            }
            Self::Import { file, mappings, json } => import::run(app, &file, &mappings, json).await?,
        }
        Ok(())
    }
}

async fn set_status(app: &App, name: &str, status: Status) -> Result<(), Failure> {
    let user = app.authority.find_user_named(name).await?;
    let change = UserChange { status: Some(status), ..UserChange::default() };
    app.authority.change_user(user.id, change, Actor::Operator, &Context::default()).await?;
    print(if status == Status::Disabled { "disabled\n" } else { "enabled\n" });
    Ok(())
}

fn show(user: &User, json: bool) {
    print(&if json { format!("{}\n", view(user)) } else { table(std::slice::from_ref(user)) });
}

fn view(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "roles": user.roles,
        "attributes": user.attributes,
        "status": user.status,
        "created_at": user.created_at.seconds(),
    })
}

fn table(users: &[User]) -> String {
    let mut table = Table::new(["ID", "USERNAME", "EMAIL", "STATUS", "ROLES", "CREATED"]);
    for user in users {
        table.row([
            user.id.to_string(),
            user.username.as_ref().map(ToString::to_string).unwrap_or_default(),
            user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            if user.is_active() { "active".to_owned() } else { "disabled".to_owned() },
            user.roles.iter().cloned().collect::<Vec<_>>().join(","),
            moment(user.created_at),
        ]);
    }
    table.to_string()
}

/// A password from standard input: the first line, without its end.
fn password() -> Result<Password, Failure> {
    let bad = |error: &dyn std::fmt::Display| Failure::new("invalid_request", format!("password: {error}"));
    let mut text = Zeroizing::new(String::new());
    let most = Password::MAX_BYTES as u64 + 2;
    std::io::stdin().take(most).read_to_string(&mut text).map_err(|error| bad(&error))?;
    Password::new(text.trim_end_matches(['\r', '\n']).to_owned()).map_err(|error| bad(&error))
}

fn attribute(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write K=V")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}
