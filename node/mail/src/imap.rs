//! Watches a mailbox over IMAP4rev1 (RFC 3501), by IDLE (RFC 2177) where the server has it.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Authenticator, Client, Session, error::Error};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use zeroize::Zeroizing;

use crate::account::{Login, Security, xoauth2};
use crate::connection::{self, ANSWER, Connection, Meter};
use crate::error::{MailError, said};
use crate::head::HEAD;
use crate::literal::Guarded;
use crate::watch::{Extent, Fate, First, LOOK_AGAIN, State, Watcher};

/// What a server may say to one command, in bytes as they come, a piece of a mail included.
const COMMAND: usize = 512 * 1024;
/// Bytes of a mail that are asked for at once. The library looks at all that it has of an answer whenever more of it
/// comes, so this is also about time.
const PIECE: usize = 128 * 1024;
/// What it may say while it waits for a mail to come.
const QUIET: usize = 256 * 1024;
/// Mails that are looked into of those that came since the last look.
const AT_ONCE: usize = 256;
/// Mails among which a server is asked to search at once: what it finds must not be more than it may say.
const RANGE: u32 = 32 * 1024;
/// Ranges of a mailbox that are searched.
const RANGES: usize = 128;
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
    let mut since = Instant::now();
    loop {
        if watcher.purpose.first() == First::Oldest && since.elapsed() >= LOOK_AGAIN {
            (open.next, since) = (1, Instant::now());
        }
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
    /// Mails with a lower number were looked at (UIDs, RFC 3501 §2.3.1.1),
    next: u32,
    /// as long as this number of the folder stays the same.
    validity: Option<u32>,
    /// Whether the server said on the side that a mail came.
    has_news: bool,
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
            validity: None,
            has_news: false,
        };
        open.create().await?;
        open.select().await?;
        watcher.say(match abilities.idle {
            true => State::Told,
            false => State::Asking,
        });
        Ok(open)
    }

    /// Makes the folder to which mails are moved.
    async fn create(&mut self) -> Result<(), MailError> {
        let Some(keep) = &self.watcher.mailbox.keep else {
            return Ok(());
        };
        self.meter.allow(COMMAND);
        // That it is there already is the usual answer.
        match within(&self.at, self.session.create(keep)).await {
            Ok(()) | Err(MailError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Opens the folder, and tells how many mails it has.
    async fn select(&mut self) -> Result<u32, MailError> {
        self.meter.allow(COMMAND);
        let folder = self.watcher.mailbox.folder.clone();
        let selected = within(&self.at, self.session.select(&folder)).await;
        let selected = selected.map_err(|error| match error {
            MailError::Refused { server, said } => MailError::Folder {
                server,
                folder,
                said,
            },
            other => other,
        })?;
        if self.validity != selected.uid_validity {
            // The mails are numbered anew.
            (self.validity, self.next) = (selected.uid_validity, 1);
        }
        Ok(selected.exists)
    }

    /// Whether the server said on the side that a mail came, since that was asked last.
    fn has_news(&mut self) -> bool {
        let mut has_news = std::mem::take(&mut self.has_news);
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
        // What came before it is there now.
        let _ = self.has_news();
        let exists = self.select().await?;
        let first = self.watcher.purpose.first();
        let mut found = self.search(exists).await?;
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
                Fate::Done => match self.done_with(uid).await {
                    Err(error @ MailError::Refused { .. }) => self.watcher.leave(&error),
                    done => done?,
                },
                Fate::Left | Fate::Wanted => {}
                Fate::Later => return Err(MailError::Postponed(self.at.clone())),
            }
            self.next = self.next.max(uid.saturating_add(1));
        }
        Ok(is_more)
    }

    /// The mails that are to be looked at, the oldest first. Of many these are some, but more than are looked at at once.
    async fn search(&mut self, exists: u32) -> Result<Vec<u32>, MailError> {
        let purpose = &self.watcher.purpose;
        let (first, search) = (purpose.first(), purpose.search());
        // What was marked as deleted and not removed, because the connection broke between the two, is nobody else's in a
        // mailbox for documents; elsewhere it may be, and what is done with stays marked where it cannot be removed alone.
        let which = match first {
            First::Oldest => "",
            First::Newest => "UNDELETED ",
        };
        let next = self.next;
        let mut found = Vec::new();
        for (from, to) in ranges(exists, first) {
            let query = format!("UID SEARCH {from}:{to} UID {next}:* {which}{search}");
            self.ask(&query, |response| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    // `N:*` is the last mail at least, also if its number is lower.
                    found.extend(uids.iter().copied().filter(|uid| *uid >= next));
                }
            })
            .await?;
            if found.len() > AT_ONCE {
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Reads one mail and hands it over.
    async fn read(&mut self, uid: u32) -> Result<Fate, MailError> {
        let purpose = &self.watcher.purpose;
        let (longest, judges_heads) = (purpose.longest(), purpose.judges_heads());
        let mut mail = Vec::new();
        loop {
            // One byte too many is enough to know.
            let wanted = (longest + 1).saturating_sub(mail.len()).min(PIECE);
            let piece = match self.piece(uid, mail.len(), wanted).await {
                Ok(Some(piece)) => piece,
                // Somebody else took it away meanwhile.
                Ok(None) => return Ok(Fate::Left),
                Err(error @ MailError::Refused { .. }) => {
                    self.watcher.leave(&error);
                    return Ok(Fate::Left);
                }
                Err(error) => return Err(error),
            };
            let is_last = piece.len() < wanted;
            let is_first = mail.is_empty();
            mail.extend(piece);
            if mail.len() > longest {
                mail.truncate(HEAD);
                mail.shrink_to_fit();
                return Ok(self.watcher.take(mail, Extent::TooLong).await);
            }
            if is_last {
                return Ok(self.watcher.take(mail, Extent::Whole).await);
            }
            if is_first && judges_heads {
                let head = mail.get(..mail.len().min(HEAD)).unwrap_or_default();
                let fate = self.watcher.take(head.to_vec(), Extent::Beginning).await;
                if fate != Fate::Wanted {
                    return Ok(fate);
                }
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
        let mut body = None;
        let query = format!("UID FETCH {uid} BODY.PEEK[]<{from}.{length}>");
        self.ask(&query, |response| {
            let Response::Fetch(_, attributes) = response else {
                return;
            };
            let bodies = attributes.iter().filter_map(|attribute| match attribute {
                AttributeValue::BodySection {
                    section: None,
                    data: Some(data),
                    ..
                } => Some(data.to_vec()),
                _ => None,
            });
            body = body.take().or_else(|| bodies.into_iter().next());
        })
        .await?;
        Ok(body)
    }

    /// Puts a mail away.
    ///
    /// # Errors
    /// [`MailError::Refused`] if the server does not let it, and those of the connection.
    async fn done_with(&mut self, uid: u32) -> Result<(), MailError> {
        if let Some(keep) = &self.watcher.mailbox.keep {
            self.meter.allow(COMMAND);
            let uid = uid.to_string();
            if self.abilities.moves {
                return within(&self.at, self.session.uid_mv(&uid, keep)).await;
            }
            within(&self.at, self.session.uid_copy(&uid, keep)).await?;
        }
        let mark = format!("UID STORE {uid} +FLAGS.SILENT (\\Seen \\Deleted)");
        self.ask(&mark, |_| {}).await?;
        match (self.abilities.uidplus, self.watcher.purpose.first()) {
            (true, _) => self.ask(&format!("UID EXPUNGE {uid}"), |_| {}).await,
            // All goes that is marked, and nobody else marks anything here.
            (false, First::Oldest) => self.ask("EXPUNGE", |_| {}).await,
            // By whomever it was marked: so it stays marked, and is not found again.
            (false, First::Newest) => Ok(()),
        }
    }

    /// Says a command and shows what the server answers with until the command's end. The library's own do not look whether
    /// a server refuses to search, to fetch, to mark or to remove.
    ///
    /// # Errors
    /// [`MailError::Refused`], and those of the connection.
    async fn ask(
        &mut self,
        command: &str,
        mut show: impl FnMut(&Response<'_>),
    ) -> Result<(), MailError> {
        self.meter.allow(COMMAND);
        let asking = async {
            let tag = self.session.run_command(command).await?;
            loop {
                let read = self.session.read_response().await?;
                let response = read.ok_or(Error::ConnectionLost)?;
                match response.parsed() {
                    Response::Done {
                        tag: done,
                        status,
                        outcome,
                    } if *done == tag => {
                        let words = outcome.information.as_deref().unwrap_or_default();
                        return match status {
                            Status::Ok => Ok(()),
                            Status::No => Err(Error::No(words.to_owned())),
                            _ => Err(Error::Bad(words.to_owned())),
                        };
                    }
                    Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)) => {
                        self.has_news = true;
                    }
                    other => show(other),
                }
            }
        };
        within(&self.at, asking).await
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

/// The ranges of so many mails that are searched one after the other, by their numbers in the folder.
fn ranges(exists: u32, first: First) -> impl Iterator<Item = (u32, u32)> {
    let ranges = exists.div_ceil(RANGE);
    let begins = (0..ranges).map(move |range| match first {
        First::Oldest => range * RANGE,
        First::Newest => (ranges - 1 - range) * RANGE,
    });
    let ranges = begins.map(move |begin| (begin + 1, begin.saturating_add(RANGE).min(exists)));
    ranges.take(RANGES)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_folder_is_searched_in_parts() {
        let all = |exists, first| ranges(exists, first).collect::<Vec<_>>();
        for first in [First::Oldest, First::Newest] {
            assert_eq!(all(0, first), []);
            assert_eq!(all(1, first), [(1, 1)]);
            assert_eq!(all(RANGE, first), [(1, RANGE)]);
            assert_eq!(all(u32::MAX, first).len(), RANGES);
        }
        let two = [(1, RANGE), (RANGE + 1, RANGE + 1)];
        assert_eq!(all(RANGE + 1, First::Oldest), two);
        assert_eq!(all(RANGE + 1, First::Newest), [two[1], two[0]]);
        let last = all(u32::MAX, First::Newest)[0];
        assert_eq!(last, (u32::MAX - RANGE + 2, u32::MAX));
        // What is found in one of them is no more than may be said.
        assert!(RANGE as usize * " 4294967295".len() + 1024 < COMMAND);
    }
}
