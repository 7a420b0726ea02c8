//! Servers that say what no server should, and mails that look odd: nothing of it is believed or kept, and the watching
//! goes on.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use papermesh_mail::message::Addresses;
use papermesh_mail::submit::Submitter;
use papermesh_mail::watch::{Carried, Mailbox, Pace, Protocol, Purpose, State, Status, Watcher};
use papermesh_mail::{Account, Credential, MailError, Security, Trust};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

/// A server in clear on this computer: it greets, and answers each line as `answer` says.
fn serve(greeting: &'static [u8], answer: fn(&str) -> Vec<u8>) -> Account {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || talk(&stream, greeting, answer));
        }
    });
    Account {
        server: "127.0.0.1".to_owned(),
        port: Some(port),
        security: Security::None,
        user: "hall".to_owned(),
        credential: Credential::None,
    }
}

fn talk(mut stream: &TcpStream, greeting: &[u8], answer: fn(&str) -> Vec<u8>) {
    if stream.write_all(greeting).is_err() {
        return;
    }
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let Ok(line) = line else { return };
        if stream.write_all(&answer(&line)).is_err() {
            return;
        }
    }
}

/// The system's authorities may be none here: one of our own is as good.
fn trust() -> Trust {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(&path, authority.self_signed(&key).unwrap().pem()).unwrap();
    Trust::load(Some(&path)).unwrap()
}

/// What a mail carried, which is taken.
fn mine(Carried { part, is_mine }: Carried) -> Vec<u8> {
    is_mine.send(true).unwrap();
    part
}

fn watch_it(
    account: Account,
    protocol: Protocol,
) -> (mpsc::Receiver<Carried>, watch::Receiver<Status>) {
    let (found_sender, found) = mpsc::channel(8);
    let (status_sender, status) = watch::channel(Status::default());
    let watcher = Watcher {
        mailbox: Mailbox {
            account,
            protocol,
            folder: "INBOX".to_owned(),
            keep: None,
        },
        trust: trust(),
        pace: Pace {
            poll: Duration::from_millis(50),
            retry: Duration::from_millis(50),
            retry_longest: Duration::from_millis(50),
            ..Pace::default()
        },
        purpose: Purpose::Wakes(found_sender),
        status: status_sender,
    };
    tokio::spawn(watcher.run());
    (found, status)
}

/// How it ends with a server, twice: that it ended once does not end the watching.
async fn down(account: Account, protocol: Protocol) -> Arc<MailError> {
    let (_found, mut status) = watch_it(account, protocol);
    let mut last = None;
    for _ in 0..2 {
        let is_down = |status: &Status| matches!(status.state, State::Down(_));
        let ended = timeout(SOON, status.wait_for(is_down)).await;
        let ended = ended.expect("it goes on and on").unwrap().clone();
        if let State::Down(error) = ended.state {
            last = Some(error);
        }
        let is_trying = |status: &Status| matches!(status.state, State::Connecting);
        let tried = timeout(SOON, status.wait_for(is_trying)).await;
        drop(tried.expect("it is not tried again"));
    }
    last.unwrap()
}

async fn is_confused(account: Account, protocol: Protocol) {
    let error = down(account, protocol).await;
    assert!(matches!(*error, MailError::Confused { .. }), "{error:?}");
}

/// Longer than any server may say.
fn much(line: &str) -> Vec<u8> {
    line.repeat(8 * 1024 * 1024 / line.len()).into_bytes()
}

#[tokio::test]
async fn an_imap_server_that_says_nonsense_is_left() {
    is_confused(
        serve(b"HTTP/1.1 400 Bad Request\r\n", |_| vec![]),
        Protocol::Imap,
    )
    .await;
    is_confused(serve(b"* BYE not now\r\n", |_| vec![]), Protocol::Imap).await;
    is_confused(serve(b"* OK hello\r\n", |_| much("x")), Protocol::Imap).await;
    is_confused(
        serve(b"* OK hello\r\n", |_| much("* OK still here\r\n")),
        Protocol::Imap,
    )
    .await;
    is_confused(
        serve(b"* OK hello\r\n", |_| {
            b"* 1 FETCH (BODY[] {536870000}\r\n".to_vec()
        }),
        Protocol::Imap,
    )
    .await;
}

/// The answer to a command of a session that goes well until it waits.
fn imap(line: &str) -> Vec<u8> {
    let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
    match command.split(' ').next() {
        Some("CAPABILITY") => format!("* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK\r\n").into_bytes(),
        Some("IDLE") => format!("{tag} BAD\r\n").into_bytes(),
        _ => format!("{tag} OK done\r\n").into_bytes(),
    }
}

#[tokio::test]
async fn an_imap_server_that_does_not_wait_is_left() {
    is_confused(serve(b"* OK hello\r\n", imap), Protocol::Imap).await;
}

/// A server without UIDPLUS and one mail with a wake. What it was told is kept.
fn marking(line: &str) -> Vec<u8> {
    let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
    SAID.lock().unwrap().push(command.to_owned());
    let mail = "Content-Type: application/vnd.papermesh.wake; version=1\r\n\r\nwake\r\n";
    let data = match command {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 IDLE\r\n".to_owned(),
        "IDLE" => return b"+ idling\r\n".to_vec(),
        _ if command.starts_with("UID SEARCH") => "* SEARCH 7\r\n".to_owned(),
        _ if command.starts_with("UID FETCH") => {
            format!(
                "* 1 FETCH (UID 7 BODY[]<0> {{{}}}\r\n{mail})\r\n",
                mail.len()
            )
        }
        _ => String::new(),
    };
    format!("{data}{tag} OK done\r\n").into_bytes()
}

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[tokio::test]
async fn what_others_marked_as_deleted_stays() {
    let (mut found, _status) = watch_it(serve(b"* OK hello\r\n", marking), Protocol::Imap);
    let part = mine(timeout(SOON, found.recv()).await.unwrap().unwrap());
    assert_eq!(part, b"wake\r\n");
    let said = |command: &str| SAID.lock().unwrap().iter().any(|of| of.contains(command));
    let waits = async {
        while !said("IDLE") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, waits).await.unwrap();
    assert!(said("UNDELETED") && said("\\Deleted"));
    assert!(!said("EXPUNGE"));
}

#[tokio::test]
async fn a_pop3_server_that_says_nonsense_is_left() {
    is_confused(
        serve(b"HTTP/1.1 400 Bad Request\r\n", |_| vec![]),
        Protocol::Pop3,
    )
    .await;
    is_confused(serve(b"+OK\r\n", |_| much("x")), Protocol::Pop3).await;
    is_confused(
        serve(b"+OK\r\n", |_| [&b"+OK\r\n"[..], &much("1 a\r\n")].concat()),
        Protocol::Pop3,
    )
    .await;
    // Its lists are of different mails, or none.
    let lists: [fn(&str) -> Vec<u8>; 2] = [
        |line| match line {
            "UIDL" => b"+OK\r\n1 a\r\n.\r\n".to_vec(),
            _ => b"+OK\r\n2 100\r\n.\r\n".to_vec(),
        },
        |_| b"+OK\r\none two\r\n.\r\n".to_vec(),
    ];
    for lists in lists {
        is_confused(serve(b"+OK\r\n", lists), Protocol::Pop3).await;
    }
}

/// Three mails: one that is longer than it says, one with a line that is long, and one with dots.
fn pop3(line: &str) -> Vec<u8> {
    match line {
        "UIDL" => b"+OK\r\n1 a\r\n2 b\r\n3 c\r\n.\r\n".to_vec(),
        "LIST" => b"+OK\r\n1 100\r\n2 100\r\n3 100\r\n.\r\n".to_vec(),
        "RETR 1" => format!("+OK\r\n{}.\r\n", "too long\r\n".repeat(10_000)).into_bytes(),
        "RETR 2" => {
            format!("+OK\r\nSubject: x\r\n\r\n{}\r\n.\r\n", "x".repeat(20_000)).into_bytes()
        }
        "RETR 3" => b"+OK\r\nContent-Type: application/vnd.papermesh.wake; version=1\r\n\r\n\
                      ..one\r\n...two\r\n.\r\n"
            .to_vec(),
        _ => b"+OK\r\n".to_vec(),
    }
}

#[tokio::test]
async fn a_mail_is_read_as_pop3_writes_it() {
    let (mut found, mut status) = watch_it(serve(b"+OK\r\n", pop3), Protocol::Pop3);
    let part = mine(timeout(SOON, found.recv()).await.unwrap().unwrap());
    let text = String::from_utf8(part).unwrap();
    assert_eq!(text.trim_end(), ".one\r\n..two");
    // It is the newest one: the others come after it.
    let is_counted = status.wait_for(|status| status.others == 1);
    drop(timeout(SOON, is_counted).await.unwrap().unwrap());
}

#[tokio::test]
async fn a_server_that_takes_no_mail_is_told_apart() {
    let addresses = Addresses::of_program("wake@gw.example", "hall@acme.example").unwrap();
    // All at once, because each is tried again for most of this time.
    let send = async |account: Account| {
        Submitter::new(account, trust())
            .send(b"x", &addresses, Duration::from_secs(10))
            .await
            .unwrap_err()
    };
    let busy = send(serve(b"421 4.3.2 too busy\r\n", |_| vec![]));
    let refusing = send(serve(b"220 hello\r\n", |line| {
        match line.split(' ').next() {
            Some("EHLO") => b"250 hello\r\n".to_vec(),
            _ => b"550 5.7.1 we do not want this\r\n".to_vec(),
        }
    }));
    let nonsense: [fn(&str) -> Vec<u8>; 3] = [
        |_| much("x"),
        |_| much("250-x\r\n"),
        |_| b"\xff\xfe\r\n".to_vec(),
    ];
    let confused = join_all(nonsense.map(|words| send(serve(b"220 hello\r\n", words))));
    let (later, refused, confused) = tokio::join!(busy, refusing, confused);
    assert!(matches!(later, MailError::Later { .. }), "{later:?}");
    assert!(matches!(refused, MailError::Refused { .. }), "{refused:?}");
    for confused in confused {
        assert!(
            matches!(confused, MailError::Confused { .. }),
            "{confused:?}"
        );
    }
    let no_tls = Account {
        security: Security::StartTls,
        ..serve(b"220 hello\r\n", |_| b"250 hello\r\n".to_vec())
    };
    let no_tls = send(no_tls).await;
    assert!(matches!(no_tls, MailError::NoTls(_)), "{no_tls:?}");
}
