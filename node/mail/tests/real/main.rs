//! Wakes through real mail servers: Postfix takes them, Dovecot gives them out over IMAP and POP3.
//!
//! `scripts/setup` installs both; like the other tests of whole systems these want root, because mail servers do.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "tests of whole systems start servers elsewhere")]
mod servers;
#[path = "../../../../protocol/tests/site/mod.rs"]
mod site;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use papermesh_mail::message::Addresses;
use papermesh_mail::submit::Submitter;
use papermesh_mail::watch::{Carried, Mailbox, Pace, Protocol, Purpose, State, Status, Watcher};
use papermesh_mail::{Account, Credential, MailError, Security, Trust};
use papermesh_protocol::gateway::wake::{Door, Order, Refusal, Remembered, Wake};
use papermesh_protocol::id::WakeNonce;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use servers::{Greylist, Servers, TokenAuthority};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// How long anything may take here.
const SOON: Duration = Duration::from_secs(60);

/// Somebody who watches the mailbox.
struct Watching {
    found: mpsc::Receiver<Carried>,
    status: watch::Receiver<Status>,
    task: tokio::task::JoinHandle<()>,
}

impl Watching {
    fn start(mailbox: Mailbox, trust: Trust, pace: Pace) -> Self {
        let (found_sender, found) = mpsc::channel(8);
        let (status_sender, status) = watch::channel(Status::default());
        let watcher = Watcher {
            mailbox,
            trust,
            pace,
            purpose: Purpose::Wakes(found_sender),
            status: status_sender,
        };
        Self {
            found,
            status,
            task: tokio::spawn(watcher.run()),
        }
    }

    /// What the next mail carries, which is meant for here.
    async fn next(&mut self) -> Vec<u8> {
        self.next_that(true).await
    }

    async fn next_that(&mut self, is_for_here: bool) -> Vec<u8> {
        let found = timeout(SOON, self.found.recv()).await;
        let Carried { part, is_mine } = found.expect("no wake came").expect("nobody watches");
        is_mine.send(is_for_here).unwrap();
        part
    }

    async fn until(&mut self, what: &str, is_so: impl FnMut(&Status) -> bool) -> Status {
        let waiting = self.status.wait_for(is_so);
        let status = timeout(SOON, waiting)
            .await
            .unwrap_or_else(|_| panic!("it never came to this: {what}"));
        status.unwrap().clone()
    }

    async fn is_watching(&mut self) {
        self.until("watching", |status| {
            matches!(status.state, State::Told | State::Asking)
        })
        .await;
    }

    async fn is_down(&mut self) -> std::sync::Arc<MailError> {
        let down = |status: &Status| matches!(status.state, State::Down(_));
        match self.until("down", down).await.state {
            State::Down(error) => error,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Quick enough for a test.
fn pace() -> Pace {
    Pace {
        poll: Duration::from_millis(300),
        retry: Duration::from_millis(200),
        retry_longest: Duration::from_millis(800),
        ..Pace::default()
    }
}

fn asking() -> Pace {
    Pace {
        idle: false,
        ..pace()
    }
}

fn addresses() -> Addresses {
    Addresses::of_program("wake@gw.example", "hall@acme.example").unwrap()
}

async fn send(servers: &Servers, account: Account, part: &[u8]) -> Result<(), MailError> {
    Submitter::new(account, servers.trust())
        .send(part, &addresses(), SOON)
        .await
}

#[tokio::test]
async fn a_wake_arrives_however_it_is_sent_and_read() {
    let servers = Servers::start();
    let readers = [
        (Protocol::Imap, Security::Tls, pace()),
        (Protocol::Imap, Security::StartTls, asking()),
        (Protocol::Imap, Security::None, pace()),
        (Protocol::Pop3, Security::Tls, pace()),
        (Protocol::Pop3, Security::StartTls, pace()),
    ];
    for (number, (protocol, security, pace)) in (0..).zip(readers) {
        let mailbox = servers.mailbox(protocol, security);
        let mut watching = Watching::start(mailbox, servers.trust(), pace);
        watching.is_watching().await;
        for (way, sent_by) in [Security::Tls, Security::StartTls, Security::None]
            .into_iter()
            .enumerate()
        {
            let part = vec![number, u8::try_from(way).unwrap(), 0, 255, b'\n', b'.'];
            send(&servers, servers.submission(sent_by), &part)
                .await
                .unwrap();
            assert_eq!(watching.next().await, part, "{protocol:?} {security:?}");
        }
        let is_told = matches!(watching.status.borrow().state, State::Told);
        assert_eq!(is_told, protocol == Protocol::Imap && pace.idle);
        // What was read is gone.
        servers.is_empty().await;
    }
}

#[tokio::test]
async fn a_wake_that_was_waiting_is_found_and_may_be_kept() {
    let servers = Servers::start();
    send(&servers, servers.submission(Security::Tls), b"early")
        .await
        .unwrap();
    servers.has_mails(1).await;
    let mailbox = Mailbox {
        keep: Some("Papermesh-seen".to_owned()),
        ..servers.mailbox(Protocol::Imap, Security::Tls)
    };
    let mut watching = Watching::start(mailbox, servers.trust(), pace());
    assert_eq!(watching.next().await, b"early");
    servers.is_empty().await;
    assert_eq!(servers.mails_in(".Papermesh-seen"), 1);
}

#[tokio::test]
async fn what_comes_late_or_again_or_from_strangers_is_refused() {
    let servers = Servers::start();
    let mailbox = servers.mailbox(Protocol::Imap, Security::Tls);
    let mut watching = Watching::start(mailbox, servers.trust(), pace());
    let sealed = |wake, seed| {
        let letter = site::letter(wake, seed);
        letter
            .seal(&site::sealing_public(), &mut site::Counting::default())
            .unwrap()
    };
    let (state, users, secret) = (site::state_with_gateway(), site::users(), site::sealing());
    let door = Door {
        secret: &secret,
        judge: site::judge(&state),
        users: &users,
        places: &BTreeSet::from([site::front_desk()]),
    };
    let mut remembered = Remembered::default();
    let wake = site::wake();
    let late = Wake {
        nonce: WakeNonce::from_bytes([1; 16]),
        made_at: wake.made_at - limits::WAKE_LIFETIME,
        until: wake.made_at - limits::CLOCK_SKEW - Duration::from_secs(1),
        ..wake.clone()
    };
    let cancel = wake.cancel(site::NOW);
    for (part, judged) in [
        (sealed(wake.clone(), site::GATEWAY), Ok(Order::Connect)),
        (sealed(wake.clone(), site::GATEWAY), Err(Refusal::Replayed)),
        (sealed(late, site::GATEWAY), Err(Refusal::Expired)),
        (sealed(wake, site::SECOND), Err(Refusal::Stranger)),
        (b"rubbish".to_vec(), Err(Refusal::NotForMe)),
        (sealed(cancel, site::GATEWAY), Ok(Order::Cancel)),
    ] {
        send(&servers, servers.submission(Security::Tls), &part)
            .await
            .unwrap();
        let found = watching.next().await;
        let verdict = door.judge(&found, &mut remembered);
        assert_eq!(verdict.map(|accepted| accepted.order), judged);
    }
    servers.is_empty().await;
}

/// Two computers may read one mailbox: what is sealed to one the other leaves there.
#[tokio::test]
async fn what_is_meant_for_another_computer_stays_for_it() {
    let servers = Servers::start();
    for protocol in [Protocol::Imap, Protocol::Pop3] {
        let mailbox = || servers.mailbox(protocol, Security::Tls);
        let mut other = Watching::start(mailbox(), servers.trust(), pace());
        other.is_watching().await;
        for part in [b"first".to_vec(), b"second".to_vec()] {
            send(&servers, servers.submission(Security::Tls), &part)
                .await
                .unwrap();
            assert_eq!(other.next_that(false).await, part);
        }
        drop(other);
        let mut meant = Watching::start(mailbox(), servers.trust(), pace());
        // What came last is looked at first.
        assert_eq!(meant.next().await, b"second");
        assert_eq!(meant.next().await, b"first");
        servers.is_empty().await;
    }
}

#[tokio::test]
async fn other_mails_are_counted_and_stay() {
    let servers = Servers::start();
    for protocol in [Protocol::Imap, Protocol::Pop3] {
        let mailbox = servers.mailbox(protocol, Security::Tls);
        let mut watching = Watching::start(mailbox, servers.trust(), pace());
        watching.is_watching().await;
        let before = servers.mails();
        let words = "word ".repeat(20_000);
        servers.deliver(&format!("Subject: Papermesh wake\r\n\r\n{words}\r\n"));
        servers.deliver("Subject: Papermesh wake\r\n\r\nLet us meet at noon.\r\n");
        let long_line = "x".repeat(900).repeat(20);
        servers.deliver(&format!("Subject: Papermesh wake\r\n\r\n{long_line}\r\n"));
        send(&servers, servers.submission(Security::Tls), b"after them")
            .await
            .unwrap();
        assert_eq!(watching.next().await, b"after them");
        let status = watching
            .until("two others and a long one", |status| {
                status.others >= 2 && status.too_long >= 1
            })
            .await;
        assert_eq!(status.taken, 1);
        servers.has_mails(before + 3).await;
    }
}

#[tokio::test]
async fn a_server_that_starts_again_is_found_again() {
    let mut servers = Servers::start();
    for protocol in [Protocol::Imap, Protocol::Pop3] {
        let mailbox = servers.mailbox(protocol, Security::Tls);
        let mut watching = Watching::start(mailbox, servers.trust(), pace());
        watching.is_watching().await;
        servers.stop_dovecot();
        let error = watching.is_down().await;
        assert!(
            matches!(
                *error,
                MailError::Unreachable { .. } | MailError::Confused { .. } | MailError::Tls { .. }
            ),
            "{error}"
        );
        servers.start_dovecot();
        watching.is_watching().await;
        // This one was killed, and left no word.
        servers.kill_dovecot();
        watching.is_down().await;
        servers.start_dovecot();
        // A server that lets programs log in: Postfix asks Dovecot.
        send(&servers, servers.submission(Security::Tls), b"again")
            .await
            .unwrap();
        assert_eq!(watching.next().await, b"again");
        // What is still there would be read by the next one.
        servers.is_empty().await;
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_with_what_to_do() {
    let servers = Servers::start();
    fs::write(servers.password_file(), "wrong\n").unwrap();
    for protocol in [Protocol::Imap, Protocol::Pop3] {
        fs::write(servers.password_file(), "wrong\n").unwrap();
        let mailbox = servers.mailbox(protocol, Security::Tls);
        let mut watching = Watching::start(mailbox, servers.trust(), pace());
        let error = watching.is_down().await;
        assert!(matches!(*error, MailError::Login { .. }), "{error}");
        assert!(error.remedy().unwrap().contains("password"));
        assert!(!error.to_string().contains("wrong"));
        let error = send(&servers, servers.submission(Security::StartTls), b"x").await;
        let error = error.unwrap_err();
        assert!(matches!(error, MailError::Login { .. }), "{error}");
        assert!(error.remedy().unwrap().contains("password"));
        // Once the file has the right one, nothing has to be started again.
        servers.write_password();
        watching.is_watching().await;
    }
}

#[tokio::test]
async fn a_token_opens_what_a_password_does() {
    let authority = TokenAuthority::start("ya29.good");
    let servers = Servers::with_tokens(&authority);
    let with_token = |account: Account| Account {
        credential: Credential::TokenFile(servers.token_file("ya29.good")),
        ..account
    };
    for protocol in [Protocol::Imap, Protocol::Pop3] {
        let mailbox = servers.mailbox(protocol, Security::Tls);
        let mailbox = Mailbox {
            account: with_token(mailbox.account.clone()),
            ..mailbox
        };
        let mut watching = Watching::start(mailbox.clone(), servers.trust(), pace());
        watching.is_watching().await;
        send(
            &servers,
            with_token(servers.submission(Security::Tls)),
            b"by token",
        )
        .await
        .unwrap();
        assert_eq!(watching.next().await, b"by token");
        let old = Mailbox {
            account: Account {
                credential: Credential::TokenFile(servers.token_file("ya29.expired")),
                ..mailbox.account.clone()
            },
            ..mailbox
        };
        let mut watching = Watching::start(old, servers.trust(), pace());
        let error = watching.is_down().await;
        assert!(matches!(*error, MailError::Login { .. }), "{error}");
        servers.token_file("ya29.good");
    }
}

#[tokio::test]
async fn a_server_that_defers_is_tried_again_and_then_told() {
    let greylist = Greylist::start();
    let servers = Servers::greylisting(&greylist);
    let account = servers.submission(Security::Tls);
    greylist.defer(1);
    send(&servers, account.clone(), b"at the second try")
        .await
        .unwrap();
    assert_eq!(greylist.asked(), 2);
    greylist.defer(1000);
    let submitter = Submitter::new(account, servers.trust());
    let sent = submitter
        .send(b"never", &addresses(), Duration::from_secs(4))
        .await;
    let error = sent.unwrap_err();
    assert!(matches!(error, MailError::Later { .. }), "{error}");
    assert!(error.to_string().contains("Greylisted"), "{error}");
    assert!(error.remedy().unwrap().contains("at once"));
}

#[tokio::test]
async fn who_is_not_believed_or_far_away_in_clear_gets_nothing() {
    let servers = Servers::start();
    let stranger = Servers::start();
    let sent = Submitter::new(servers.submission(Security::StartTls), stranger.trust())
        .send(b"x", &addresses(), SOON)
        .await;
    assert!(matches!(sent, Err(MailError::Tls { .. })), "{sent:?}");
    let mailbox = servers.mailbox(Protocol::Imap, Security::Tls);
    let mut watching = Watching::start(mailbox, stranger.trust(), pace());
    let error = watching.is_down().await;
    assert!(matches!(*error, MailError::Tls { .. }), "{error}");
    assert!(error.remedy().unwrap().contains("roots"));
    let far = Account {
        server: "192.0.2.1".to_owned(),
        ..servers.submission(Security::None)
    };
    let sent = send(&servers, far, b"x").await;
    assert!(matches!(sent, Err(MailError::InClear(_))), "{sent:?}");
    // An address that the server does not know.
    let nobody = Addresses::of_person("hall@acme.example", "hall@elsewhere.example").unwrap();
    let anonymous = Account {
        credential: Credential::None,
        ..servers.submission(Security::Tls)
    };
    let sent = Submitter::new(anonymous, servers.trust())
        .send(b"x", &nobody, SOON)
        .await;
    assert!(matches!(sent, Err(MailError::Refused { .. })), "{sent:?}");
}
