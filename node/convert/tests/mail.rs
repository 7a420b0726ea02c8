//! Mails are opened by the real program, confined as it is in use: what an ordinary one brings comes out, and one that was made
//! to end its reader ends that process and nothing else.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use papermesh_convert::mail::{Contents, ContentsError, MAIL, OpenError, Text};
use papermesh_convert::{Converter, Program};

const PDF: &str = "--m\nContent-Type: application/pdf; name=\"report.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n";
const MIXED: &str = "Content-Type: multipart/mixed; boundary=m\n\n";

fn converter(patience: Duration) -> Converter {
    let program = Program::at(env!("CARGO_BIN_EXE_papermesh-convert").into());
    Converter::new(program, None, patience)
}

async fn opened(mail: impl Into<Vec<u8>>) -> Result<Contents, ContentsError> {
    let mail = Arc::new(mail.into());
    converter(Duration::from_secs(60))
        .open_mail(mail)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_ordinary_mail_is_opened() {
    let mail = format!("{MIXED}--m\n\nhello\n{PDF}{PDF}--m--\n");
    let contents = opened(mail).await.unwrap();
    assert_eq!(contents.documents.len(), 2);
    for document in &contents.documents {
        assert_eq!(document.name, "report.pdf");
        assert_eq!(document.bytes, b"%PDF-1.7\n");
    }
    assert_eq!(contents.text, Text::Plain("hello".to_owned()));
    assert!(contents.left_out.is_empty());
    // More than pipes hold.
    let large = "x".repeat(20 << 20);
    let mail = format!("{MIXED}--m\nContent-Type: text/plain; name=a.txt\n\n{large}\n--m--\n");
    let contents = opened(mail).await.unwrap();
    assert_eq!(contents.documents[0].bytes, large.as_bytes());
    let many = format!("{MIXED}{}--m--\n", PDF.repeat(11));
    assert_eq!(opened(many).await, Err(ContentsError::TooMany));
    assert_eq!(
        opened(vec![b'x'; MAIL + 1]).await,
        Err(ContentsError::TooLarge)
    );
    assert_eq!(opened("").await, Err(ContentsError::Unreadable));
}

fn is_harmless(opened: Result<Contents, ContentsError>) {
    match opened {
        Err(error) => assert_eq!(error, ContentsError::Unreadable),
        Ok(contents) => assert!(contents.documents.is_empty() && contents.left_out.len() <= 1),
    }
}

/// Each of these ended the node, or had it use gigabytes, when it was read there.
#[tokio::test]
async fn a_mail_made_to_end_its_reader_cannot_be_read() {
    // Where stacks have no end, it is a mail within the mail.
    let nested = "Content-Type: message/rfc822\n\n".repeat(100_000);
    is_harmless(opened(nested).await);
    let nested = "Content-Type:message/rfc822\n\n".repeat((MAIL - 1024) / 29);
    is_harmless(opened(nested).await);
    let parts = (MAIL - 1024) / 6;
    let tiny = format!("{MIXED}{}--m--\n", "--m\n\n\n".repeat(parts));
    assert_eq!(opened(tiny).await, Err(ContentsError::Unreadable));
    let headers = "a:\n".repeat((MAIL - 1024) / 3);
    is_harmless(opened(format!("{headers}\nhello\n")).await);
    // Pictures whose names never end.
    let mut html = format!("{MIXED}--m\nContent-Type: text/html\n\n");
    html += &"cid:".repeat((MAIL - 4096) / 4);
    let contents = opened(html + "\n" + PDF + "--m--\n").await.unwrap();
    assert_eq!(contents.documents.len(), 1);
}

#[tokio::test]
async fn a_mail_that_takes_too_long_cannot_be_read() {
    let mut endless = MIXED.to_owned();
    let mut number = 0;
    while endless.len() < MAIL - 1024 {
        write!(
            endless,
            "--m\nContent-Type: multipart/mixed; boundary=never{number}\n\nx\n"
        )
        .unwrap();
        number += 1;
    }
    let converter = converter(Duration::from_secs(2));
    let contents = converter.open_mail(Arc::new(endless.into())).await;
    assert_eq!(contents.unwrap(), Err(ContentsError::Unreadable));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_no_fault_of_the_mail() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |program: PathBuf| {
        let converter = Converter::new(Program::at(program), None, Duration::from_secs(60));
        let mail = Arc::new(b"Subject: x\n\nhello\n".to_vec());
        converter.open_mail(mail).await
    };
    let missing = open(folder.path().join("papermesh-convert")).await;
    assert!(
        matches!(missing, Err(OpenError::NoProgram(_))),
        "{missing:?}"
    );
    // What a program says is its own, and how it ends.
    for other in ["true", "false", "echo", "yes"] {
        let unreadable = open(Path::new("/bin").join(other)).await;
        assert_eq!(unreadable, Ok(Err(ContentsError::Unreadable)), "{other}");
    }
}
