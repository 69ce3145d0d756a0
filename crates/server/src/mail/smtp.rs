use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::{Composed, Undelivered, message};
use crate::config::{ConfigError, Relay, Tls};

/// A server that takes mail.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    parameters: Option<TlsParameters>,
    credentials: Option<Credentials>,
    from: Mailbox,
    turn: Arc<Mutex<()>>,
}

/// That the server has taken a mail, and that no other is handed to it until this is dropped: of all the mails in hand
/// when the process dies, one at most was taken without the queue's knowing it.
pub(crate) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

/// The steps of a session, each of which waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Connect,
    Encrypt,
    LogIn,
    Sender,
    Recipient,
    Data,
    End,
}

impl Smtp {
    pub(super) fn new(relay: &Relay) -> Result<Self, ConfigError> {
        let parameters = match relay.tls {
            Tls::Off => None,
            Tls::Implicit | Tls::Required => Some(parameters(relay)?),
        };
        let credentials = relay.credentials.as_ref();
        Ok(Self {
            host: relay.host.clone(),
            port: relay.port,
            tls: relay.tls,
            parameters,
            credentials: credentials
                .map(|(name, password)| Credentials::new(name.clone(), password.expose().to_owned())),
            from: relay.from.clone(),
            turn: Arc::default(),
        })
    }

    pub(super) async fn send(&self, mail: Composed) -> Result<Turn, Undelivered> {
        let message = message::write(mail, &self.from).map_err(|reason| Undelivered { is_refused: true, reason })?;
        let mut connection = self.connect().await?;
        let sent = self.hand_over(&mut connection, message.envelope(), &message.formatted()).await;
        // What is answered to a farewell changes nothing, least of all a mail that was taken.
        tokio::spawn(timeout(FAREWELL_TIME, async move { connection.quit().await }));
        sent
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Undelivered> {
        // What the sender's domain is called, rather than what this machine is.
        let name = ClientId::Domain(self.from.email.domain().to_owned());
        let implicit = self.parameters.clone().filter(|_| self.tls == Tls::Implicit);
        let address = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(TCP_TIME), &name, implicit, None);
        let mut connection = Step::Connect.bounded(connecting).await?;
        if let Some(parameters) = self.parameters.clone().filter(|_| self.tls == Tls::Required) {
            Step::Encrypt.bounded(connection.starttls(parameters, &name)).await?;
        }
        if let Some(credentials) = &self.credentials {
            Step::LogIn.bounded(connection.auth(DEFAULT_MECHANISMS, credentials)).await?;
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<Turn, Undelivered> {
        // RFC 6531 section 3.4.
        let is_ascii =
            envelope.to().iter().chain(envelope.from()).all(|address| AsRef::<str>::as_ref(address).is_ascii());
        if !is_ascii && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Undelivered { is_refused: true, reason: "the server takes no such address".to_owned() });
        }
        let options = if is_ascii { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
        Step::Sender.bounded(connection.command(Mail::new(envelope.from().cloned(), options))).await?;
        for to in envelope.to() {
            Step::Recipient.bounded(connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        }
        Step::Data.bounded(connection.command(Data)).await?;
        let turn = Turn { _guard: Arc::clone(&self.turn).lock_owned().await };
        Step::End.bounded(connection.message(message)).await?;
        Ok(turn)
    }
}

fn parameters(relay: &Relay) -> Result<TlsParameters, ConfigError> {
    let builder = TlsParameters::builder(relay.host.clone());
    match &relay.ca {
        None => builder.build().map_err(|error| ConfigError(format!("mail.smtp: {error}"))),
        Some(file) => {
            trusting(builder, file).map_err(|error| ConfigError(format!("mail.ca: {}: {error}", file.display())))
        }
    }
}

/// Trusts the authorities of a file, and no others.
fn trusting(builder: TlsParametersBuilder, file: &Path) -> Result<TlsParameters, Box<dyn std::error::Error>> {
    let mut builder = builder.certificate_store(CertificateStore::None);
    let authorities = CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>()?;
    if authorities.is_empty() {
        return Err("it holds no certificate".into());
    }
    for authority in authorities {
        builder = builder.add_root_certificate(Certificate::from_der(authority.to_vec())?);
    }
    Ok(builder.build()?)
}

impl Step {
    /// How long its answer may take, from RFC 5321 section 4.5.3.2: who gives up too soon after the end of a mail sends
    /// it twice.
    const fn limit(self) -> Duration {
        const MINUTE: u64 = 60;
        Duration::from_secs(match self {
            Self::Connect | Self::Encrypt | Self::LogIn | Self::Sender | Self::Recipient => 5 * MINUTE,
            Self::Data => 2 * MINUTE,
            Self::End => 10 * MINUTE,
        })
    }

    /// Whether a "never" (5xx) here is about this one mail. Earlier it is about us: the configuration, or the server.
    const fn is_about_the_mail(self) -> bool {
        matches!(self, Self::Recipient | Self::Data | Self::End)
    }

    async fn bounded<T>(self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Undelivered> {
        match timeout(self.limit(), answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Undelivered {
                is_refused: error.is_permanent() && self.is_about_the_mail(),
                reason: format!("{self:?}: {error}"),
            }),
            Err(_) => Err(Undelivered {
                is_refused: false,
                reason: format!("{self:?}: no answer within {} s", self.limit().as_secs()),
            }),
        }
    }
}

/// How long one address of the server may take to accept a connection.
const TCP_TIME: Duration = Duration::from_secs(30);
const FAREWELL_TIME: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// The least that RFC 5321 section 4.5.3.2 asks for.
    #[test]
    fn a_server_has_the_minutes_that_it_may_take() {
        let minutes = |step: Step| step.limit().as_secs() / 60;
        assert!([Step::Connect, Step::Sender, Step::Recipient].into_iter().all(|step| minutes(step) >= 5));
        assert!(minutes(Step::Data) >= 2 && minutes(Step::End) >= 10);
    }
}
