//! Sends a mail, at once, to one server (RFC 6409).
//!
//! A wake is worth nothing after a minute or two, and a code not much longer, so there is no queue: what the server does
//! not take now is tried again for as long as the caller waits, and then it is said so.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, RcptParameter};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::account::{Account, Login, Security};
use crate::connection::{self, Connection};
use crate::error::{MailError, said};
use crate::message::{self, Addresses};
use crate::trust::Trust;

/// What a server may say while it takes one mail, in bytes as they come. The library reads an answer of many lines from
/// its beginning with each further one, so this is also about time.
const TALK: usize = 32 * 1024;
/// How long to wait before a mail is tried again that the server did not take yet: the first time,
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// and at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a server that has the mail may take to say good-bye.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// Submits mails for one account.
#[derive(Clone, Debug)]
pub struct Submitter {
    account: Account,
    trust: Trust,
    /// How this computer calls itself.
    me: ClientId,
}

impl Submitter {
    /// Submits to this account's server: port 465 with TLS, 587 with STARTTLS, 25 without, which is for a server on
    /// this computer alone.
    #[must_use]
    pub fn new(account: Account, trust: Trust) -> Self {
        Self {
            account,
            trust,
            // What this computer is called is nobody's business (RFC 5321 §4.1.3 has a form for those without a name).
            me: ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
        }
    }

    /// Sends a wake: a mail with this part. As [`Submitter::submit`].
    ///
    /// # Errors
    /// [`MailError`]: what the server said last.
    pub async fn send(
        &self,
        part: &[u8],
        addresses: &Addresses,
        wait: Duration,
    ) -> Result<(), MailError> {
        let mail = message::write(part, addresses)?;
        self.submit(&mail, addresses, wait).await
    }

    /// Sends a mail. If the server does not take it yet (a code 4xx, as with greylisting) or is not reached, it is tried
    /// again until `wait` is over.
    ///
    /// # Errors
    /// [`MailError`]: what the server said last.
    pub async fn submit(
        &self,
        mail: &[u8],
        addresses: &Addresses,
        wait: Duration,
    ) -> Result<(), MailError> {
        let end = Instant::now() + wait;
        let mut pause = FIRST_PAUSE;
        let mut last = None;
        loop {
            let Ok(tried) = timeout_at(end, self.try_to(mail, addresses)).await else {
                // That it is late is less worth knowing than what the server said before.
                return Err(last.unwrap_or_else(|| MailError::Silent(self.at())));
            };
            match tried {
                Ok(mut smtp) => {
                    // It has the mail: how it says good-bye makes no difference.
                    drop(timeout(GOOD_BYE, smtp.quit()).await);
                    return Ok(());
                }
                Err(error) if is_final(&error) || Instant::now() + pause >= end => {
                    return Err(error);
                }
                Err(error) => last = Some(error),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Hands the mail over; the connection on which that was done.
    async fn try_to(
        &self,
        mail: &[u8],
        addresses: &Addresses,
    ) -> Result<AsyncSmtpConnection, MailError> {
        let login = self.account.login().await?;
        let port = self.port();
        let (connection, meter) = connection::connect(&self.account, port, &self.trust).await?;
        meter.allow(TALK);
        let mut smtp = AsyncSmtpConnection::connect_with_transport(
            Box::<Connection>::new(connection),
            &self.me,
        )
        .await
        .map_err(|error| self.why(&error))?;
        if self.account.security == Security::StartTls {
            if !smtp.can_starttls() {
                smtp.abort().await;
                return Err(MailError::NoTls(self.at()));
            }
            let parameters = self.trust.parameters(&self.account.server, &self.at())?;
            smtp.starttls(parameters, &self.me)
                .await
                .map_err(|error| self.tls(&error))?;
        }
        self.log_in(&mut smtp, &login).await?;
        self.hand_over(&mut smtp, mail, addresses).await?;
        Ok(smtp)
    }

    async fn log_in(&self, smtp: &mut AsyncSmtpConnection, login: &Login) -> Result<(), MailError> {
        let (mechanisms, secret): (&[Mechanism], _) = match login {
            Login::None => return Ok(()),
            Login::Password(password) => (&[Mechanism::Plain, Mechanism::Login], password),
            Login::Token(token) => (&[Mechanism::Xoauth2], token),
        };
        let credentials = Credentials::new(self.account.user.clone(), secret.expose().to_owned());
        match smtp.auth(mechanisms, &credentials).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_transient() => Err(self.why(&error)),
            Err(error) if error.is_permanent() || error.is_client() => Err(MailError::Login {
                server: self.at(),
                user: self.account.user.clone(),
                said: words(&error),
            }),
            Err(error) => Err(self.why(&error)),
        }
    }

    async fn hand_over(
        &self,
        smtp: &mut AsyncSmtpConnection,
        mail: &[u8],
        addresses: &Addresses,
    ) -> Result<(), MailError> {
        let why = |error| self.why(&error);
        // The library keeps no word of this extension, so the server is asked again.
        let hello = smtp
            .command(Ehlo::new(self.me.clone()))
            .await
            .map_err(why)?;
        let has_notices = hello.message().any(|word| word.eq_ignore_ascii_case("DSN"));
        let from = Mail::new(addresses.sender().cloned(), Vec::new());
        smtp.command(from).await.map_err(why)?;
        // Nobody is to be told where the mail is (RFC 3461 §4.1); what a person sends comes back if it must.
        let never = RcptParameter::Other {
            keyword: "NOTIFY".to_owned(),
            value: Some("NEVER".to_owned()),
        };
        let is_silent = has_notices && addresses.sender().is_none();
        let parameters = is_silent.then_some(never).into_iter().collect();
        smtp.command(Rcpt::new(addresses.to().clone(), parameters))
            .await
            .map_err(why)?;
        smtp.command(Data).await.map_err(why)?;
        smtp.message(mail).await.map_err(why)?;
        Ok(())
    }

    const fn port(&self) -> u16 {
        match self.account.security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None => 25,
        }
    }

    fn at(&self) -> String {
        self.account.at(self.port())
    }

    fn why(&self, error: &lettre::transport::smtp::Error) -> MailError {
        let server = self.at();
        if error.is_transient() {
            let said = words(error);
            return MailError::Later { server, said };
        }
        if error.is_permanent() {
            let said = words(error);
            return MailError::Refused { server, said };
        }
        let why = words(error);
        MailError::Confused { server, why }
    }

    fn tls(&self, error: &lettre::transport::smtp::Error) -> MailError {
        match error.is_transient() || error.is_permanent() {
            true => MailError::NoTls(self.at()),
            false => MailError::Tls {
                server: self.at(),
                why: words(error),
            },
        }
    }
}

/// Whether it is of no use to try again within a minute.
fn is_final(error: &MailError) -> bool {
    !matches!(
        error,
        MailError::Later { .. }
            | MailError::Unreachable { .. }
            | MailError::Silent(_)
            | MailError::Confused { .. }
    )
}

/// What the server said, or what else went wrong.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = error.source();
    }
    said(words)
}
