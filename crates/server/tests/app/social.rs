//! Log-in by way of identity providers.
//!
//! What a provider says is handed to the rules as it is once it was verified; `upstream.rs` is for the whole way there
//! and back.

mod apps;
mod arrival;
mod codes;
mod flow;
mod hijacking;
mod journey;
mod linking;
mod notices;
mod pages;
mod upstream;

use tokenry::config::{Config, Secret, Social};
use tokenry_domain::account::User;
use tokenry_domain::authority::{Arrived, Caller, Context, Granted, LoggedIn as Entered};
use tokenry_domain::error::Error;
use tokenry_domain::identity::Profile;
use tokenry_domain::name::Email;
use tokenry_domain::pending::{AppRequest, Way};
use zeroize::Zeroizing;

use super::harness::{LoggedIn, Site};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const APP: &str = "com.example.app:/callback";

/// A person at provider `one` whose address the provider has verified.
fn kim() -> Profile {
    person("one", "kim", Some(("kim@example.com", true)))
}

fn person(provider: &str, subject: &str, email: Option<(&str, bool)>) -> Profile {
    Profile {
        issuer: format!("https://{provider}.example"),
        subject: subject.to_owned(),
        email: email.map(|(address, _)| Email::parse(address).unwrap()),
        email_verified: email.is_some_and(|(_, verified)| verified),
        name: Some(subject.to_owned()),
    }
}

/// Providers `one` and `two`, and an app.
fn providers(config: &mut Config) {
    for name in ["one", "two"] {
        let social = Social {
            client_id: Some("tokenry".to_owned()),
            client_secret: Some(Secret::from("a secret that the provider knows".to_owned())),
            issuer: Some(format!("https://{name}.example")),
            ..Social::default()
        };
        config.social.insert(name.to_owned(), social);
    }
    config.apps = serde_json::from_value(serde_json::json!({ "redirect_uris": [APP] })).unwrap();
}

fn for_app() -> Way {
    let app =
        AppRequest { redirect_uri: APP.to_owned(), challenge: CHALLENGE.to_owned(), state: Some("xyz".to_owned()) };
    Way { return_to: None, app: Some(app) }
}

impl Site {
    async fn social() -> Self {
        Self::with(providers).await
    }

    /// Goes to the provider and comes back as this person.
    async fn arrive_by(&self, profile: &Profile, way: Way, linking: Option<&User>) -> Result<Arrived, Error> {
        let (authority, context) = (self.app.authority(), Context::default());
        let provider = profile.issuer.trim_start_matches("https://").trim_end_matches(".example");
        let departure = authority.depart(provider, way, linking.map(|user| user.id), &context).await?;
        let attempt = authority.come_back(provider, &departure.state, &departure.verifier, &context).await?;
        authority.arrive(profile, &attempt, &context).await
    }

    async fn arrive(&self, profile: &Profile) -> Result<Arrived, Error> {
        self.arrive_by(profile, Way::default(), None).await
    }

    /// Comes as someone who is let in, in a browser.
    async fn enter(&self, profile: &Profile) -> Entered {
        match self.arrive(profile).await {
            Ok(Arrived::LoggedIn { done, .. }) => *done,
            other => panic!("{}", told(&other)),
        }
    }

    /// Comes as someone who is let in, from an app.
    async fn enter_app(&self, profile: &Profile) -> LoggedIn {
        let code = self.code(profile).await;
        self.exchange(&code, VERIFIER, APP).await.pair()
    }

    async fn code(&self, profile: &Profile) -> Zeroizing<String> {
        match self.arrive_by(profile, for_app(), None).await {
            Ok(Arrived::Code { code, .. }) => code,
            other => panic!("{}", told(&other)),
        }
    }

    /// Comes as someone to whom a link is offered.
    async fn offered(&self, profile: &Profile, linking: Option<&User>) -> Zeroizing<String> {
        match self.arrive_by(profile, Way::default(), linking).await {
            Ok(Arrived::Offered(secret)) => secret,
            other => panic!("{}", told(&other)),
        }
    }

    async fn caller(&self, user: &LoggedIn) -> Caller {
        self.app.authority().authenticate(&user.access).await.unwrap()
    }

    /// Links a person to the account of someone who is logged in.
    async fn link(&self, user: &LoggedIn, profile: &Profile) {
        let caller = self.caller(user).await;
        let secret = self.offered(profile, Some(&caller.user)).await;
        let linked = self.app.authority().accept_offer(&secret, &caller, &Context::default()).await;
        assert!(linked.is_ok(), "{:?}", linked.err());
    }

    /// The providers of an account's identities.
    async fn linked(&self, user: &User) -> Vec<String> {
        let identities = self.app.authority().identities(user.id).await.unwrap();
        identities.into_iter().map(|identity| identity.provider).collect()
    }

    /// Whether the cookie's session is still there.
    async fn is_alive(&self, entered: &Entered) -> bool {
        let Granted::Cookie(cookie, _) = &entered.granted else { panic!("no cookie") };
        self.app.authority().authenticate_cookie(cookie, &Context::default()).await.is_ok()
    }
}

fn told(outcome: &Result<Arrived, Error>) -> String {
    match outcome {
        Ok(Arrived::LoggedIn { done, .. }) => format!("logged in as {:?}", done.user),
        Ok(Arrived::Code { .. }) => "a code".to_owned(),
        Ok(Arrived::Offered(_)) => "an offer".to_owned(),
        Ok(Arrived::LinkedBefore) => "linked before".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}
