mod explain;
mod key_source;
mod render;

use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use tokenry_jwt::{KeySet, MAX_TOKEN, SigningKey, Verifier};

use self::explain::Question;
use self::key_source::{KeySource, SecretSource};
use super::{Failure, print};
use crate::config::Span;

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Show what a token says, without verifying it
    Decode {
        /// The token, or `-` for standard input
        token: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Verify a token and print its claims
    ///
    /// Prints the claims as JSON and exits 0, or prints a code and a detail as JSON and exits 1.
    Verify {
        #[command(flatten)]
        keys: KeySource,
        /// The issuer that the token must name
        #[arg(long)]
        issuer: String,
        /// The audience that the token must name; may be repeated: one of them
        #[arg(long, required = true)]
        audience: Vec<String>,
        /// The media type that the token must have
        #[arg(long, default_value = "at+jwt")]
        typ: String,
        /// The moment to verify at, in seconds since 1970 [default: now]
        #[arg(long, value_name = "UNIX_SECONDS")]
        at: Option<i64>,
        /// Seconds of leeway for clocks that differ, at most 60
        #[arg(long, default_value_t = 0)]
        leeway: u32,
        /// The token, or `-` for standard input
        token: String,
    },
    /// Sign claims, for tests
    Sign(SignArguments),
    /// Say what each part of a token means, and everything that is wrong with it
    ///
    /// Exits 0 when nothing is wrong, 1 otherwise. Without keys the signature is not judged.
    Explain {
        #[command(flatten)]
        keys: OptionalKeys,
        /// The issuer that the token should name
        #[arg(long)]
        issuer: Option<String>,
        /// The audience that the token should name
        #[arg(long)]
        audience: Option<String>,
        /// The media type that the token should have
        #[arg(long, default_value = "at+jwt")]
        typ: String,
        /// The moment to judge at, in seconds since 1970 [default: now]
        #[arg(long, value_name = "UNIX_SECONDS")]
        at: Option<i64>,
        /// The token, or `-` for standard input
        token: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct SignArguments {
    #[command(flatten)]
    secret: SecretSource,
    /// The claims: a JSON object, a file's name after `@`, or `-` for standard input
    #[arg(long, default_value = "{}")]
    claims: String,
    /// The media type
    #[arg(long, default_value = "at+jwt")]
    typ: String,
    /// The key's name in the header
    #[arg(long)]
    kid: Option<String>,
    /// Sets `iss`
    #[arg(long)]
    issuer: Option<String>,
    /// Sets `aud`
    #[arg(long)]
    audience: Option<String>,
    /// Sets `sub`
    #[arg(long)]
    subject: Option<String>,
    /// Sets `iat` to now, and `exp` so much later
    #[arg(long)]
    expires_in: Option<Span>,
}

/// Keys, if there are any.
#[derive(Args)]
pub(crate) struct OptionalKeys {
    #[command(flatten)]
    source: Option<KeySource>,
}

impl TokenCommand {
    pub(crate) async fn run(self, clock_now: i64) -> Result<(), Failure> {
        match self {
            Self::Decode { token, json } => {
                let token = read_token(&token)?;
                let peeked = tokenry_jwt::Unverified::parse(&token).map_err(refused)?;
                let (header, claims) = (peeked.insecure_header(), peeked.insecure_claims());
                print(&match json {
                    true => {
                        format!("{}\n", render::safe(&json!({ "header": header, "claims": claims, "verified": false })))
                    }
                    false => render::decoded(header, claims, clock_now),
                });
                Ok(())
            }
            Self::Verify { keys, issuer, audience, typ, at, leeway, token } => {
                let token = read_token(&token)?;
                let keys = keys.load().await?;
                let verifier = Verifier::new(issuer, audience).typ(&typ);
                let verifier = verifier.leeway(leeway).map_err(|error| usage(&error))?;
                verify(&verifier, &token, &keys, at.unwrap_or(clock_now))
            }
            Self::Sign(arguments) => sign(arguments, clock_now),
            Self::Explain { keys, issuer, audience, typ, at, token, json } => {
                let (keys, pem) = match keys.source {
                    Some(source) => (Some(source.load().await?), source.pem_text()?),
                    None => (None, None),
                };
                let token = read_token(&token)?;
                let now = at.unwrap_or(clock_now);
                let question = Question { keys: keys.as_ref(), pem: pem.as_deref(), issuer, audience, typ, now };
                let explanation = question.explain(&token);
                print(&if json { explanation.as_json() } else { explanation.as_text(now) });
                explanation.verdict()
            }
        }
    }
}

fn verify(verifier: &Verifier, token: &str, keys: &KeySet, now: i64) -> Result<(), Failure> {
    match verifier.verify(token, keys, now) {
        Ok(claims) => {
            let claims: Value = serde_json::from_str(claims.json()).map_err(|error| Failure::new("internal", error))?;
            print(&format!("{}\n", render::safe(&claims)));
            Ok(())
        }
        Err(error) => {
            print(&format!("{}\n", render::safe(&json!({ "code": error.code(), "detail": error.to_string() }))));
            Err(refused(error))
        }
    }
}

fn sign(arguments: SignArguments, now: i64) -> Result<(), Failure> {
    let text = match arguments.claims.as_str() {
        "-" => read_input(MAX_TOKEN)?,
        text => match text.strip_prefix('@') {
            Some(file) => {
                std::fs::read_to_string(PathBuf::from(file)).map_err(|error| usage(&format!("{file}: {error}")))?
            }
            None => text.to_owned(),
        },
    };
    tokenry_jwt::strict_json(&text).map_err(|fault| usage(&format!("the claims are no JSON object: {fault}")))?;
    let mut claims: Map<String, Value> = serde_json::from_str(&text).map_err(|error| usage(&error))?;
    for (name, value) in [("iss", arguments.issuer), ("aud", arguments.audience), ("sub", arguments.subject)] {
        claims.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    }
    if let Some(Span(span)) = arguments.expires_in {
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), now.saturating_add(i64::try_from(span.as_secs()).unwrap_or(i64::MAX)).into());
    }
    let key: SigningKey = arguments.secret.load()?;
    let key = match arguments.kid {
        Some(kid) => key.with_key_id(kid),
        None => key,
    };
    let token = key.sign(&arguments.typ, &claims).map_err(|error| Failure::new("invalid_request", error))?;
    print(&format!("{token}\n"));
    Ok(())
}

/// The argument, or standard input without its one trailing newline.
fn read_token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut token = read_input(MOST_INPUT)?;
    if token.ends_with('\n') {
        token.pop();
        if token.ends_with('\r') {
            token.pop();
        }
    }
    Ok(token)
}

fn read_input(most: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().take(most as u64 + 1).read_to_end(&mut bytes).map_err(|error| usage(&error))?;
    // What is not UTF-8 is no token either; the verifier says so.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn refused(error: tokenry_jwt::VerifyError) -> Failure {
    Failure::new(error.code(), error)
}

fn usage(detail: &impl ToString) -> Failure {
    Failure { code: "usage", detail: detail.to_string(), exit: 2 }
}

/// More than any token: one that is too long must still be told from one that was cut.
const MOST_INPUT: usize = 4 * MAX_TOKEN;
