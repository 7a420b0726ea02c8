//! Watches a mailbox over POP3 (RFC 1939): connects, looks at what is new, and hangs up, again and again, since a
//! POP3 session sees no mail that comes after its beginning.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

use crate::account::{Login, Security, xoauth2};
use crate::connection::{self, ANSWER, Connection, Meter};
use crate::error::{MailError, said};
use crate::head::HEAD;
use crate::watch::{Extent, Fate, First, LOOK_AGAIN, State, Watcher};

/// What a server may say in a list of the mails it has, in bytes as they come,
const LIST: usize = 6 * 1024 * 1024;
/// and of one of them, beside as many bytes as it may have.
const READ: usize = 192 * 1024;
/// One line that it says (RFC 1939 has 512), and what is read at once of a line of a mail.
const LINE: usize = 4096;
/// Mails of a mailbox that are known of: of more the first ones, or the last ones.
const TOLD: usize = 10_000;
/// Mails that are longer are judged by their heads first, in bytes.
const LONG: u64 = 128 * 1024;
/// Bytes of a mail that are read over at most.
const READ_OVER: usize = 256 * 1024 * 1024;
/// Mails that are looked into in one session.
const AT_ONCE: usize = 128;

/// The port, with TLS and in clear.
const PORTS: (u16, u16) = (995, 110);

/// Looks into the mailbox again and again, until something goes wrong.
pub(crate) async fn watch(watcher: &Watcher) -> Result<Infallible, MailError> {
    // What was looked at and is not ours.
    let mut known = BTreeSet::new();
    let mut since = Instant::now();
    loop {
        if watcher.purpose.first() == First::Oldest && since.elapsed() >= LOOK_AGAIN {
            known.clear();
            since = Instant::now();
        }
        look(watcher, &mut known).await?;
        watcher.say(State::Asking);
        sleep(watcher.pace.poll).await;
    }
}

/// One session.
async fn look(watcher: &Watcher, known: &mut BTreeSet<String>) -> Result<(), MailError> {
    let mut session = Pop::begin(watcher).await?;
    let mails = session.list(watcher.purpose.first()).await?;
    let there: BTreeSet<&str> = mails.iter().map(|mail| mail.uid.as_str()).collect();
    known.retain(|uid| there.contains(uid.as_str()));
    let mut new: Vec<_> = mails
        .into_iter()
        .filter(|mail| !known.contains(&mail.uid))
        .collect();
    // The others have their turn in the next session.
    if watcher.purpose.first() == First::Newest {
        new.reverse();
    }
    new.truncate(AT_ONCE);
    for Mail { number, uid, size } in new {
        match session.read(watcher, number, size).await? {
            Fate::Done => match session.delete(number).await {
                Err(error @ MailError::Refused { .. }) => {
                    watcher.leave(&error);
                    known.insert(uid);
                }
                done => done?,
            },
            Fate::Left | Fate::Wanted => drop(known.insert(uid)),
            Fate::Later => {
                let at = session.at.clone();
                session.quit().await?;
                return Err(MailError::Postponed(at));
            }
        }
    }
    // Only now the server deletes (RFC 1939 §6).
    session.quit().await
}

struct Mail {
    number: u32,
    uid: String,
    size: u64,
}

struct Pop {
    stream: BufReader<Connection>,
    meter: Meter,
    at: String,
}

impl Pop {
    async fn begin(watcher: &Watcher) -> Result<Self, MailError> {
        let account = &watcher.mailbox.account;
        let port = match account.security {
            Security::Tls => PORTS.0,
            Security::StartTls | Security::None => PORTS.1,
        };
        let at = account.at(port);
        let login = account.login().await?;
        let (connection, meter) = connection::connect(account, port, &watcher.trust).await?;
        let mut this = Self {
            stream: BufReader::new(connection),
            meter,
            at,
        };
        this.answer().await?;
        if account.security == Security::StartTls {
            match this.command("STLS").await {
                Err(MailError::Refused { server, .. }) => return Err(MailError::NoTls(server)),
                answer => drop(answer?),
            }
            // What somebody between may have put behind the answer is left behind with the reader.
            let clear = this.stream.into_inner();
            let tls = clear.secure(account, port, &watcher.trust).await?;
            this.stream = BufReader::new(tls);
        }
        this.log_in(&account.user, &login)
            .await
            .map_err(|error| match error {
                MailError::Refused { server, said } => MailError::Login {
                    server,
                    user: account.user.clone(),
                    said,
                },
                other => other,
            })?;
        Ok(this)
    }

    async fn log_in(&mut self, user: &str, login: &Login) -> Result<(), MailError> {
        match login {
            Login::None => {}
            Login::Password(password) => {
                self.command(&format!("USER {user}")).await?;
                let pass = Zeroizing::new(format!("PASS {}", password.expose()));
                self.command(&pass).await?;
            }
            Login::Token(token) => {
                let first = xoauth2(user, token);
                let first = Zeroizing::new(BASE64.encode(first.as_bytes()));
                self.send(&Zeroizing::new(format!("AUTH XOAUTH2 {}", *first)))
                    .await?;
                let mut answer = self.line().await?;
                // Why it does not like the token: nothing is to be said to that.
                if answer.starts_with(b"+ ") {
                    self.send("").await?;
                    answer = self.line().await?;
                }
                self.judge(&answer)?;
            }
        }
        Ok(())
    }

    /// The mails of the mailbox, oldest first: by both lists, with what both say of them.
    async fn list(&mut self, first: First) -> Result<Vec<Mail>, MailError> {
        let uids = self.lines("UIDL", first).await?;
        let sizes = self.lines("LIST", first).await?;
        let mut mails = Vec::new();
        for (uid, size) in uids.iter().zip(&sizes) {
            let (Some((number, uid)), Some((same, size))) = (two(uid), two(size)) else {
                return Err(self.confused("its lists cannot be read"));
            };
            let (Ok(number), Ok(size)) = (number.parse(), size.parse()) else {
                return Err(self.confused("its lists cannot be read"));
            };
            if same.parse() != Ok(number) {
                return Err(self.confused("its lists are of different mails"));
            }
            let uid = uid.to_owned();
            mails.push(Mail { number, uid, size });
        }
        Ok(mails)
    }

    /// Reads one mail, which the server says has so many bytes, and hands it over.
    async fn read(&mut self, watcher: &Watcher, number: u32, size: u64) -> Result<Fate, MailError> {
        let (purpose, longest) = (&watcher.purpose, watcher.purpose.longest());
        let is_short = size <= longest as u64;
        if purpose.judges_heads() && size > LONG {
            let extent = match is_short {
                true => Extent::Beginning,
                false => Extent::TooLong,
            };
            // If the server knows that (RFC 1939 §7).
            let top = format!("TOP {number} 0");
            let head = self.retrieve(&top, HEAD, size).await?;
            if let Some((mut head, _)) = head {
                head.truncate(HEAD);
                let fate = watcher.take(head, extent).await;
                if extent == Extent::TooLong || fate != Fate::Wanted {
                    return Ok(fate);
                }
            }
        }
        let mail = match is_short {
            true => {
                let all = format!("RETR {number}");
                self.retrieve(&all, longest, size).await?
            }
            false => None,
        };
        Ok(match mail {
            Some((mail, true)) => watcher.take(mail, Extent::Whole).await,
            // It is longer than the server says.
            Some((mut mail, false)) => {
                mail.truncate(HEAD);
                mail.shrink_to_fit();
                watcher.take(mail, Extent::TooLong).await
            }
            None => {
                watcher.skip();
                Fate::Left
            }
        })
    }

    /// What the server answers with, and whether that is all of it: of more than `longest` bytes these are the first ones,
    /// and a few more. None if it does not give it. The rest of a mail that has `size` is read over, so that a mail with a
    /// long head holds nothing up that is behind it.
    async fn retrieve(
        &mut self,
        command: &str,
        longest: usize,
        size: u64,
    ) -> Result<Option<(Vec<u8>, bool)>, MailError> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let said = size.clamp(longest, READ_OVER);
        // A dot more in each line, and what TLS adds.
        self.meter.allow(said + said / 2 + READ);
        match self.command(command).await {
            Err(MailError::Refused { .. }) => return Ok(None),
            answer => answer?,
        };
        let mut mail = Vec::new();
        let mut begins = true;
        loop {
            // A mail may have lines of any length, which come piece by piece.
            let piece = self.piece().await?;
            if begins && piece == b".\r\n" {
                let is_whole = mail.len() <= longest;
                return Ok(Some((mail, is_whole)));
            }
            let is_stuffed = begins && piece.starts_with(b".");
            begins = piece.ends_with(b"\n");
            // The rest is read over, as far as the server may go.
            if mail.len() <= longest {
                mail.extend_from_slice(&piece[usize::from(is_stuffed)..]);
            }
        }
    }

    async fn delete(&mut self, number: u32) -> Result<(), MailError> {
        self.command(&format!("DELE {number}")).await.map(drop)
    }

    async fn quit(&mut self) -> Result<(), MailError> {
        self.command("QUIT").await.map(drop)
    }

    // Lines -----------------------------------------------------------------------------------

    async fn command(&mut self, command: &str) -> Result<(), MailError> {
        self.send(command).await?;
        self.answer().await
    }

    async fn send(&mut self, command: &str) -> Result<(), MailError> {
        if command.contains(['\r', '\n']) {
            return Err(self.confused("a line cannot be said to it"));
        }
        let line = Zeroizing::new(format!("{command}\r\n"));
        let sending = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout(ANSWER, sending).await {
            Ok(sent) => sent.map_err(|error| self.confused(&said(error.to_string()))),
            Err(_) => Err(MailError::Silent(self.at.clone())),
        }
    }

    async fn answer(&mut self) -> Result<(), MailError> {
        let line = self.line().await?;
        self.judge(&line)
    }

    fn judge(&self, line: &[u8]) -> Result<(), MailError> {
        if line.starts_with(b"+OK") {
            return Ok(());
        }
        match line.strip_prefix(b"-ERR") {
            Some(words) => Err(MailError::Refused {
                server: self.at.clone(),
                said: said(String::from_utf8_lossy(words)),
            }),
            None => Err(self.confused("it answers something else")),
        }
    }

    /// The lines of a list, of too many the first or the last ones.
    async fn lines(&mut self, command: &str, first: First) -> Result<VecDeque<String>, MailError> {
        self.meter.allow(LIST);
        self.command(command).await?;
        let mut lines = VecDeque::new();
        loop {
            let line = self.line().await?;
            if line == b"." {
                return Ok(lines);
            }
            match (lines.len() < TOLD, first) {
                (true, _) => {}
                (false, First::Oldest) => continue,
                (false, First::Newest) => drop(lines.pop_front()),
            }
            lines.push_back(String::from_utf8_lossy(&line).into_owned());
        }
    }

    /// One line without its end.
    async fn line(&mut self) -> Result<Vec<u8>, MailError> {
        let mut line = self.piece().await?;
        if line.pop() != Some(b'\n') {
            return Err(self.confused("a line of it is too long"));
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }

    /// One line with its end, or a part of a long one.
    async fn piece(&mut self) -> Result<Vec<u8>, MailError> {
        let mut piece = Vec::new();
        let mut part = (&mut self.stream).take(LINE as u64);
        match timeout(ANSWER, part.read_until(b'\n', &mut piece)).await {
            Ok(Ok(0)) => Err(self.confused("it hung up")),
            Ok(Ok(_)) => Ok(piece),
            Ok(Err(error)) => Err(self.confused(&said(error.to_string()))),
            Err(_) => Err(MailError::Silent(self.at.clone())),
        }
    }

    fn confused(&self, why: &str) -> MailError {
        MailError::Confused {
            server: self.at.clone(),
            why: why.to_owned(),
        }
    }
}

/// The two words of a line of a list.
fn two(line: &str) -> Option<(&str, &str)> {
    let (number, rest) = line.split_once(' ')?;
    Some((number, rest.split(' ').next()?))
}
