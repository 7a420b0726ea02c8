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
use papermesh_mail::watch::{
    Arrived, Carried, Extent, Fate, Mailbox, Pace, Protocol, Purpose, State, Status, Watcher,
};
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
    (
        found,
        watch_for(account, protocol, Purpose::Wakes(found_sender)),
    )
}

/// The same for documents.
fn watch_documents(
    account: Account,
    protocol: Protocol,
) -> (mpsc::Receiver<Arrived>, watch::Receiver<Status>) {
    let (found_sender, found) = mpsc::channel(1);
    let purpose = Purpose::Documents(found_sender);
    (found, watch_for(account, protocol, purpose))
}

fn watch_for(account: Account, protocol: Protocol, purpose: Purpose) -> watch::Receiver<Status> {
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
        purpose,
        status: status_sender,
    };
    tokio::spawn(watcher.run());
    status
}

async fn arrived(found: &mut mpsc::Receiver<Arrived>) -> Arrived {
    timeout(SOON, found.recv()).await.unwrap().unwrap()
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
        _ if command.starts_with("SELECT") => "* 1 EXISTS\r\n".to_owned(),
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
    // All at once, because each is tried again for most of this time. It is long, since the first attempt has to end within it.
    let send = async |account: Account| {
        Submitter::new(account, trust())
            .send(b"x", &addresses, Duration::from_secs(60))
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

/// The first number of a range such as `32769:65536`.
fn range(command: &str) -> (u32, u32) {
    let range = command.split(' ').nth(2).unwrap();
    let (from, to) = range.split_once(':').unwrap();
    (from.parse().unwrap(), to.parse().unwrap())
}

/// What a session of documents with a few words for an answer says to all that is the same everywhere.
fn imap_documents(line: &str, exists: u32, answer: impl Fn(&str) -> String) -> Vec<u8> {
    let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
    let data = match command {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 IDLE\r\n".to_owned(),
        "IDLE" => return b"+ idling\r\n".to_vec(),
        _ if command.starts_with("SELECT") => {
            format!("* {exists} EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n")
        }
        _ => answer(command),
    };
    match data.as_str() {
        "NO" => format!("{tag} NO not allowed\r\n").into_bytes(),
        data => format!("{data}{tag} OK done\r\n").into_bytes(),
    }
}

fn piece_of(mail: &str, command: &str) -> String {
    let piece = command.rsplit('<').next().unwrap().trim_end_matches('>');
    let (from, length) = piece.split_once('.').unwrap();
    let from = from.parse::<usize>().unwrap().min(mail.len());
    let end = (from + length.parse::<usize>().unwrap()).min(mail.len());
    let piece = &mail[from..end];
    format!(
        "* 1 FETCH (BODY[]<{from}> {{{}}}\r\n{piece})\r\n",
        piece.len()
    )
}

/// Hundred thousand mails with the numbers 100 to 100099: all of them are more than a server may say at once.
fn crowded(line: &str) -> Vec<u8> {
    imap_documents(line, 100_000, |command| {
        if command.starts_with("UID SEARCH") {
            let (from, to) = range(command);
            let next: u32 = command
                .split("UID ")
                .last()
                .unwrap()
                .split(':')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let uids =
                (from.max(next.saturating_sub(99))..=to).map(|mail| format!(" {}", mail + 99));
            return format!("* SEARCH{}\r\n", uids.collect::<String>());
        }
        match command.starts_with("UID FETCH") {
            true => {
                let uid = command.split(' ').nth(2).unwrap();
                let mail = format!(
                    "Subject: {uid}\r\nContent-Type: application/vnd.papermesh.wake; version=1\r\n\r\n{uid}\r\n"
                );
                piece_of(&mail, command)
            }
            false => String::new(),
        }
    })
}

#[tokio::test]
async fn a_crowded_folder_is_read_from_the_right_end() {
    let (mut found, _status) = watch_documents(serve(b"* OK hello\r\n", crowded), Protocol::Imap);
    for uid in 100..103 {
        let arrived = arrived(&mut found).await;
        let begin = format!("Subject: {uid}\r\n");
        assert!(arrived.mail.starts_with(begin.as_bytes()), "not {uid}");
        arrived.fate.send(Fate::Left).unwrap();
    }
    let (mut found, _status) = watch_it(serve(b"* OK hello\r\n", crowded), Protocol::Imap);
    for uid in ["100099\r\n", "100098\r\n"] {
        let part = mine(timeout(SOON, found.recv()).await.unwrap().unwrap());
        assert_eq!(part, uid.as_bytes());
    }
}

const SMALL: &str = "Subject: x\r\n\r\nhello\r\n";

/// A server that lets mails be read and nothing be done with them.
fn refusing(line: &str) -> Vec<u8> {
    imap_documents(line, 2, |command| {
        if command.starts_with("UID SEARCH") {
            return match command.contains("UID 1:*") {
                true => "* SEARCH 1 2\r\n".to_owned(),
                false => String::new(),
            };
        }
        match command {
            _ if command.starts_with("UID FETCH") => piece_of(SMALL, command),
            _ if command.starts_with("UID STORE") => "NO".to_owned(),
            _ => String::new(),
        }
    })
}

#[tokio::test]
async fn a_mail_that_the_server_keeps_holds_nobody_up() {
    let (mut found, mut status) =
        watch_documents(serve(b"* OK hello\r\n", refusing), Protocol::Imap);
    for _ in 0..2 {
        let arrived = arrived(&mut found).await;
        assert_eq!(arrived.mail, SMALL.as_bytes());
        arrived.fate.send(Fate::Done).unwrap();
    }
    let is_counted = status.wait_for(|status| status.left == 2 && status.is_open());
    drop(timeout(SOON, is_counted).await.unwrap().unwrap());
}

/// Without UIDPLUS, and with one long mail. What it was told is kept.
fn long(line: &str) -> Vec<u8> {
    LONG_SAID.lock().unwrap().push(line.to_owned());
    imap_documents(line, 1, |command| {
        let mail = format!("{SMALL}{}", "x".repeat(300 * 1024));
        if command.starts_with("UID SEARCH") {
            return match command.contains("UID 1:*") {
                true => "* SEARCH 1\r\n".to_owned(),
                false => String::new(),
            };
        }
        match command.starts_with("UID FETCH") {
            true => piece_of(&mail, command),
            false => String::new(),
        }
    })
}

static LONG_SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[tokio::test]
async fn no_more_than_the_beginning_of_a_long_mail_is_read_unless_it_is_wanted() {
    let said = |command: &str| {
        let said = LONG_SAID.lock().unwrap();
        said.iter().filter(|of| of.contains(command)).count()
    };
    for (fate, pieces) in [(Fate::Done, 1), (Fate::Wanted, 3)] {
        LONG_SAID.lock().unwrap().clear();
        let (mut found, mut status) =
            watch_documents(serve(b"* OK hello\r\n", long), Protocol::Imap);
        let beginning = arrived(&mut found).await;
        assert_eq!(beginning.extent, Extent::Beginning);
        assert!(beginning.mail.starts_with(SMALL.as_bytes()));
        beginning.fate.send(fate).unwrap();
        if fate == Fate::Wanted {
            let whole = arrived(&mut found).await;
            assert_eq!(whole.extent, Extent::Whole);
            assert_eq!(whole.mail.len(), SMALL.len() + 300 * 1024);
            whole.fate.send(Fate::Done).unwrap();
        }
        let is_counted = status.wait_for(|status| status.taken == 1);
        drop(timeout(SOON, is_counted).await.unwrap().unwrap());
        let waits = async {
            while said("IDLE") == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, waits).await.unwrap();
        assert_eq!(said("UID FETCH"), pieces);
        // Nobody else marks anything here.
        assert_eq!((said("\\Deleted"), said(" EXPUNGE")), (1, 1));
    }
}

/// More mails than are known of: the numbers are their names. One of them is long.
fn pop3_crowded(line: &str) -> Vec<u8> {
    let list = |of: fn(u32) -> String| {
        let lines: String = (1..=12_000).map(of).collect();
        format!("+OK\r\n{lines}.\r\n").into_bytes()
    };
    match line.split_once(' ').unwrap_or((line, "")) {
        ("UIDL", _) => list(|mail| format!("{mail} u{mail}\r\n")),
        ("LIST", _) => list(|mail| format!("{mail} {}\r\n", if mail == 1 { 200_000 } else { 10 })),
        ("TOP", _) => b"+OK\r\nSubject: top\r\n\r\n.\r\n".to_vec(),
        ("RETR", mail) => format!(
            "+OK\r\nContent-Type: application/vnd.papermesh.wake; version=1\r\n\r\n{mail}\r\n.\r\n"
        )
        .into_bytes(),
        _ => b"+OK\r\n".to_vec(),
    }
}

#[tokio::test]
async fn a_crowded_mailbox_is_read_from_the_right_end_by_pop3_too() {
    let (mut found, _status) = watch_it(serve(b"+OK\r\n", pop3_crowded), Protocol::Pop3);
    let part = mine(timeout(SOON, found.recv()).await.unwrap().unwrap());
    assert_eq!(part, b"12000\r\n");
    let (mut found, _status) = watch_documents(serve(b"+OK\r\n", pop3_crowded), Protocol::Pop3);
    let first = arrived(&mut found).await;
    assert_eq!(first.extent, Extent::Beginning);
    assert_eq!(first.mail, b"Subject: top\r\n\r\n");
    first.fate.send(Fate::Wanted).unwrap();
    let whole = arrived(&mut found).await;
    assert!(whole.extent == Extent::Whole && whole.mail.ends_with(b"\r\n1\r\n"));
    whole.fate.send(Fate::Done).unwrap();
    let second = arrived(&mut found).await;
    assert!(second.mail.ends_with(b"\r\n2\r\n"));
}

/// Two mails, of which the first is all head.
fn pop3_long_head(line: &str) -> Vec<u8> {
    match line {
        "UIDL" => b"+OK\r\n1 a\r\n2 b\r\n.\r\n".to_vec(),
        "LIST" => b"+OK\r\n1 1000000\r\n2 20\r\n.\r\n".to_vec(),
        "TOP 1 0" => format!(
            "+OK\r\n{}\r\n.\r\n",
            "X-Long: more and more of it\r\n".repeat(32_000)
        )
        .into_bytes(),
        "RETR 2" => b"+OK\r\nSubject: second\r\n\r\n.\r\n".to_vec(),
        _ => b"+OK\r\n".to_vec(),
    }
}

#[tokio::test]
async fn a_long_head_holds_up_nothing_that_is_behind_it() {
    let (mut found, _status) = watch_documents(serve(b"+OK\r\n", pop3_long_head), Protocol::Pop3);
    let first = arrived(&mut found).await;
    assert_eq!(first.extent, Extent::Beginning);
    first.fate.send(Fate::Done).unwrap();
    let second = arrived(&mut found).await;
    assert_eq!(second.mail, b"Subject: second\r\n\r\n");
}
