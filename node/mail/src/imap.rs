//! Watches a mailbox over IMAP4rev1 (RFC 3501), by IDLE (RFC 2177) where the server has it.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use async_imap::imap_proto::{MailboxDatum, Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client, Session, error::Error};
use futures::TryStreamExt;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use zeroize::Zeroizing;

use crate::account::{Login, Security, xoauth2};
use crate::connection::{self, ANSWER, Connection, Meter};
use crate::error::{MailError, said};
use crate::head::HEAD;
use crate::literal::Guarded;
use crate::watch::{Fate, First, State, Watcher};

/// What a server may say to one command, in bytes as they come, a piece of a mail included.
const COMMAND: usize = 512 * 1024;
/// Bytes of a mail that are asked for at once. The library looks at all that it has of an answer whenever more of it
/// comes, so this is also about time.
const PIECE: usize = 128 * 1024;
/// What it may say while it waits for a mail to come.
const QUIET: usize = 256 * 1024;
/// Mails that are looked into of those that came since the last look.
const AT_ONCE: usize = 256;
/// The pause before it is looked again at once.
const BREATH: Duration = Duration::from_millis(500);

/// The port, with TLS and in clear.
const PORTS: (u16, u16) = (993, 143);

/// Opens the mailbox and hands over what comes, until something goes wrong.
pub(crate) async fn watch(watcher: &Watcher) -> Result<Infallible, MailError> {
    let port = match watcher.mailbox.account.security {
        Security::Tls => PORTS.0,
        Security::StartTls | Security::None => PORTS.1,
    };
    let mut open = Open::new(watcher, port).await?;
    loop {
        let is_more = open.look().await?;
        match open.has_news() || is_more {
            // It came while others were looked at. A server that says so every time is not asked without a pause.
            true => sleep(BREATH).await,
            false => open.wait().await?,
        }
    }
}

/// A mailbox that is open.
struct Open<'a> {
    watcher: &'a Watcher,
    session: Session<Guarded<Connection>>,
    meter: Meter,
    /// The server, for people.
    at: String,
    abilities: Abilities,
    /// Mails with a lower number were looked at (UIDs, RFC 3501 §2.3.1.1).
    next: u32,
}

/// What the server can do beyond the least.
#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    idle: bool,
    /// Removes the mails that are named (RFC 4315), and not whatever a person has marked as deleted.
    uidplus: bool,
    /// RFC 6851.
    moves: bool,
}

impl<'a> Open<'a> {
    async fn new(watcher: &'a Watcher, port: u16) -> Result<Self, MailError> {
        let account = &watcher.mailbox.account;
        let at = account.at(port);
        let login = account.login().await?;
        let (connection, meter) = connection::connect(account, port, &watcher.trust).await?;
        let mut client = greeted(connection, &at).await?;
        if account.security == Security::StartTls {
            let begins = client.run_command_and_check_ok("STARTTLS", None);
            within(&at, begins).await.map_err(|error| match error {
                MailError::Refused { server, .. } => MailError::NoTls(server),
                other => other,
            })?;
            // With the client goes what somebody between may have put behind the answer (RFC 9051 §11.1).
            let tls = client
                .into_inner()
                .into_inner()
                .secure(account, port, &watcher.trust)
                .await?;
            client = Client::new(Guarded::new(tls));
        }
        let mut session = log_in(client, &account.user, &login, &at).await?;
        meter.allow(COMMAND);
        let has = within(&at, session.capabilities()).await?;
        let abilities = Abilities {
            idle: has.has_str("IDLE") && watcher.pace.idle,
            uidplus: has.has_str("UIDPLUS"),
            moves: has.has_str("MOVE"),
        };
        let mut open = Self {
            watcher,
            session,
            meter,
            at,
            abilities,
            next: 1,
        };
        open.select().await?;
        watcher.say(match abilities.idle {
            true => State::Told,
            false => State::Asking,
        });
        Ok(open)
    }

    async fn select(&mut self) -> Result<(), MailError> {
        let mailbox = &self.watcher.mailbox;
        self.meter.allow(COMMAND);
        if let Some(keep) = &mailbox.keep {
            // That it is there already is the usual answer.
            match within(&self.at, self.session.create(keep)).await {
                Ok(()) | Err(MailError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let folder = mailbox.folder.clone();
        match within(&self.at, self.session.select(&folder)).await {
            Ok(_) => Ok(()),
            Err(MailError::Refused { server, said }) => Err(MailError::Folder {
                server,
                folder,
                said,
            }),
            Err(error) => Err(error),
        }
    }

    /// Whether the server said on the side that a mail came.
    fn has_news(&self) -> bool {
        let mut has_news = false;
        while let Ok(said) = self.session.unsolicited_responses.try_recv() {
            has_news |= matches!(
                said,
                UnsolicitedResponse::Exists(_) | UnsolicitedResponse::Recent(_)
            );
        }
        has_news
    }

    /// Looks at the mails that came since it was done last. Tells whether there are more to be looked at.
    async fn look(&mut self) -> Result<bool, MailError> {
        self.meter.allow(COMMAND);
        let purpose = &self.watcher.purpose;
        let (first, search) = (purpose.first(), purpose.search());
        // What was marked as deleted and not removed, because the connection broke between the two, is nobody else's in a
        // mailbox for documents; where a server cannot remove one mail alone, all that is done with stays so.
        let which = match first == First::Oldest && self.abilities.uidplus {
            true => "",
            false => "UNDELETED ",
        };
        let query = format!("UID {}:* {which}{search}", self.next);
        let found = within(&self.at, self.session.uid_search(&query)).await?;
        // `N:*` is the last mail at least, also if its number is lower.
        let mut found: Vec<u32> = found.into_iter().filter(|uid| *uid >= self.next).collect();
        found.sort_unstable();
        let is_more = first == First::Oldest && found.len() > AT_ONCE;
        if first == First::Newest {
            // What came last is worth most, and what came before so many others nothing any more.
            found.reverse();
            if let Some(last) = found.first() {
                self.next = last.saturating_add(1);
            }
        }
        for uid in found.into_iter().take(AT_ONCE) {
            match self.read(uid).await? {
                Fate::Done => self.done_with(uid).await?,
                Fate::Left => {}
                Fate::Later => return Err(MailError::Postponed(self.at.clone())),
            }
            self.next = self.next.max(uid.saturating_add(1));
        }
        Ok(is_more)
    }

    /// Reads one mail and hands it over.
    async fn read(&mut self, uid: u32) -> Result<Fate, MailError> {
        let longest = self.watcher.purpose.longest();
        let mut mail = Vec::new();
        loop {
            // One byte too many is enough to know.
            let wanted = (longest + 1).saturating_sub(mail.len()).min(PIECE);
            // A mail that somebody else took away meanwhile has none.
            let Some(piece) = self.piece(uid, mail.len(), wanted).await? else {
                return Ok(Fate::Left);
            };
            let is_last = piece.len() < wanted;
            mail.extend(piece);
            if mail.len() > longest {
                mail.truncate(HEAD);
                mail.shrink_to_fit();
                return Ok(self.watcher.take(mail, false).await);
            }
            if is_last {
                return Ok(self.watcher.take(mail, true).await);
            }
        }
    }

    /// A piece of a mail.
    async fn piece(
        &mut self,
        uid: u32,
        from: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, MailError> {
        self.meter.allow(COMMAND);
        let query = format!("BODY.PEEK[]<{from}.{length}>");
        let uid = uid.to_string();
        let fetching = async {
            let fetches = self.session.uid_fetch(&uid, &query).await?;
            fetches.try_collect::<Vec<_>>().await
        };
        let fetches = within(&self.at, fetching).await?;
        let body = fetches.iter().find_map(|fetch| fetch.body());
        Ok(body.map(<[u8]>::to_vec))
    }

    /// Puts a mail away.
    async fn done_with(&mut self, uid: u32) -> Result<(), MailError> {
        self.meter.allow(COMMAND);
        let uid = uid.to_string();
        let (uidplus, moves) = (self.abilities.uidplus, self.abilities.moves);
        let session = &mut self.session;
        let putting_away = async {
            if let Some(keep) = &self.watcher.mailbox.keep {
                if moves {
                    return session.uid_mv(&uid, keep).await;
                }
                session.uid_copy(&uid, keep).await?;
            }
            let marking = session
                .uid_store(&uid, "+FLAGS.SILENT (\\Seen \\Deleted)")
                .await?;
            marking.try_collect::<Vec<_>>().await?;
            // Without that all goes that is marked, by whomever: it stays marked then, and is not found again.
            if uidplus {
                let gone = session.uid_expunge(&uid).await?;
                gone.try_collect::<Vec<_>>().await?;
            }
            Ok(())
        };
        within(&self.at, putting_away).await
    }

    /// Waits until a mail may have come.
    async fn wait(&mut self) -> Result<(), MailError> {
        if self.abilities.idle {
            self.meter.allow(QUIET);
            return self.idle(self.watcher.pace.renew).await;
        }
        sleep(self.watcher.pace.poll).await;
        self.meter.allow(QUIET);
        within(&self.at, self.session.noop()).await
    }

    /// Lets the server say when something changes. The library has this, too; its own ends the program where a
    /// server refuses without a word.
    async fn idle(&mut self, renew: Duration) -> Result<(), MailError> {
        let tag = within(&self.at, self.session.run_command("IDLE")).await?;
        let mut has_begun = false;
        let mut has_news = false;
        let until = Instant::now() + renew;
        while !(has_begun && has_news) {
            let patience = match has_begun {
                true => until,
                false => Instant::now() + ANSWER,
            };
            let Ok(read) = timeout_at(patience, self.session.read_response()).await else {
                match has_begun {
                    true => break,
                    false => return Err(MailError::Silent(self.at.clone())),
                }
            };
            let read = read.map_err(|error| why(Error::Io(error), &self.at))?;
            let response = read.ok_or_else(|| why(Error::ConnectionLost, &self.at))?;
            match response.parsed() {
                Response::Continue(_) => has_begun = true,
                Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)) => {
                    has_news = true;
                }
                Response::Done { .. } => return Err(self.confused("it does not wait")),
                Response::Data {
                    status: Status::Bye,
                    ..
                } => return Err(why(Error::ConnectionLost, &self.at)),
                _ => {}
            }
        }
        within(&self.at, self.session.run_command_untagged("DONE")).await?;
        let end = Instant::now() + ANSWER;
        loop {
            let read = timeout_at(end, self.session.read_response())
                .await
                .map_err(|_| MailError::Silent(self.at.clone()))?
                .map_err(|error| why(Error::Io(error), &self.at))?;
            let response = read.ok_or_else(|| why(Error::ConnectionLost, &self.at))?;
            match response.parsed() {
                Response::Done { tag: done, .. } if *done == tag => return Ok(()),
                _ => {}
            }
        }
    }

    fn confused(&self, why: &str) -> MailError {
        MailError::Confused {
            server: self.at.clone(),
            why: why.to_owned(),
        }
    }
}

/// The server's first words.
async fn greeted(
    connection: Connection,
    at: &str,
) -> Result<Client<Guarded<Connection>>, MailError> {
    let mut client = Client::new(Guarded::new(connection));
    let greeting = timeout(ANSWER, client.read_response())
        .await
        .map_err(|_| MailError::Silent(at.to_owned()))?
        .map_err(|error| why(Error::Io(error), at))?;
    match greeting.as_ref().map(|greeting| greeting.parsed()) {
        Some(Response::Data {
            status: Status::Ok, ..
        }) => Ok(client),
        _ => Err(MailError::Confused {
            server: at.to_owned(),
            why: "it does not greet".to_owned(),
        }),
    }
}

async fn log_in(
    client: Client<Guarded<Connection>>,
    user: &str,
    login: &Login,
    at: &str,
) -> Result<Session<Guarded<Connection>>, MailError> {
    let logging_in = async {
        match login {
            Login::None => client.login(user, "").await,
            Login::Password(password) => client.login(user, password.expose()).await,
            Login::Token(token) => {
                let first = Some(xoauth2(user, token));
                client.authenticate("XOAUTH2", Token(first)).await
            }
        }
    };
    let logged_in = timeout(ANSWER, logging_in)
        .await
        .map_err(|_| MailError::Silent(at.to_owned()))?;
    logged_in.map_err(|(error, _)| match error {
        Error::No(words) | Error::Bad(words) => MailError::Login {
            server: at.to_owned(),
            user: user.to_owned(),
            said: said(words),
        },
        error => why(error, at),
    })
}

/// What is answered to a server that asks for a token: first that, and nothing to why it does not like it.
struct Token(Option<Zeroizing<String>>);

impl Authenticator for Token {
    type Response = Zeroizing<Vec<u8>>;

    fn process(&mut self, _: &[u8]) -> Self::Response {
        let answer = self.0.take().map(|token| token.as_bytes().to_vec());
        Zeroizing::new(answer.unwrap_or_default())
    }
}

/// Waits for what a server answers.
async fn within<T>(
    at: &str,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, MailError> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| why(error, at)),
        Err(_) => Err(MailError::Silent(at.to_owned())),
    }
}

fn why(error: Error, at: &str) -> MailError {
    let server = at.to_owned();
    match error {
        Error::No(words) | Error::Bad(words) => MailError::Refused {
            server,
            said: said(words),
        },
        Error::Io(error) => MailError::Confused {
            server,
            why: said(error.to_string()),
        },
        Error::ConnectionLost => MailError::Confused {
            server,
            why: "it hung up".to_owned(),
        },
        error => MailError::Confused {
            server,
            why: said(error.to_string()),
        },
    }
}
