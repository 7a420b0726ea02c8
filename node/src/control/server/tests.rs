//! Both ends together, over a real socket.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::control::message::{
    Event, GetStatus, ListMembers, ReadAudit, Revocation, Revoke, SubmitJob, VerifyAudit,
};
use crate::control::{Client, ControlError};

/// Does something observable for each of a few commands.
#[derive(Default)]
struct Probe {
    documents: Mutex<Vec<Result<Vec<u8>, io::ErrorKind>>>,
    read: Notify,
    dropped: Arc<Notify>,
}

/// Tells when the future that has it is dropped.
struct Alarm(Arc<Notify>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Answers for Probe {
    async fn answer(&self, request: Request, io: Io) -> Result<Value, CommandError> {
        let Io {
            body: mut document,
            events,
        } = io;
        match request {
            Request::SubmitJob(SubmitJob { title, .. }) if title == "unwanted" => {
                Err(CommandError::new(ErrorCode::Full, "the spool is full"))
            }
            Request::SubmitJob(_) => {
                let mut bytes = Vec::new();
                let read = document.read_to_end(&mut bytes).await;
                self.documents
                    .lock()
                    .unwrap()
                    .push(read.map(|_| bytes).map_err(|error| error.kind()));
                self.read.notify_one();
                Err(CommandError::new(ErrorCode::Failed, "read it"))
            }
            Request::ReadAudit(_) => {
                for n in 0..limits::EVENTS_WAITING * 2 {
                    events.tell(Event::Notice(n.to_string())).await;
                }
                Ok(serde_json::json!({ "records": 7 }))
            }
            Request::VerifyAudit(_) => {
                let _alarm = Alarm(Arc::clone(&self.dropped));
                events.tell(Event::Notice("begun".into())).await;
                std::future::pending().await
            }
            Request::ListMembers(_) => Ok("x".repeat(limits::ANSWER_LINE).into()),
            other => Err(CommandError::new(ErrorCode::Usage, format!("{other:?}"))),
        }
    }
}

struct Fixture {
    _folder: tempfile::TempDir,
    home: Home,
    probe: Arc<Probe>,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

async fn fixture() -> Fixture {
    patient_fixture(PATIENCE).await
}

async fn patient_fixture(patience: Patience) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    let lock = home.lock().unwrap();
    let mut server = Server::bind(&home, &lock).unwrap();
    server.patience = patience;
    let (probe, stop) = (Arc::new(Probe::default()), CancellationToken::new());
    let serving = server.run(Arc::clone(&probe), stop.clone());
    let server = tokio::spawn(async move {
        let _lock = lock;
        serving.await;
    });
    Fixture {
        _folder: folder,
        home,
        probe,
        stop,
        server,
    }
}

impl Fixture {
    async fn client(&self) -> Client {
        Client::connect(&self.home).await.unwrap()
    }

    async fn raw(&self) -> UnixStream {
        UnixStream::connect(self.home.control_socket())
            .await
            .unwrap()
    }

    /// What the node answers to these bytes, all of it.
    async fn told(&self, bytes: &[u8]) -> String {
        let mut stream = self.raw().await;
        // The node may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }
}

fn submit(title: &str) -> SubmitJob {
    SubmitJob {
        user: None,
        title: title.into(),
        format: "text/plain".into(),
        size: None,
        options: PrintOptions::default(),
        lifetime: None,
        printer: None,
        pin: None,
        job_pin: None,
        document_password: None,
        priority: None,
        hold: None,
    }
}

fn no_events(event: Event) -> Result<(), ControlError> {
    panic!("unexpected {event:?}")
}

#[tokio::test]
async fn without_a_node_the_remedy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Client::connect(&Home::at(folder.path())).await.unwrap_err();
    assert_eq!(
        error.remedy().as_deref(),
        Some("start it with `papermesh run`")
    );
}

#[tokio::test]
async fn events_come_in_order_and_then_the_answer() {
    let fixture = fixture().await;
    let mut heard = Vec::new();
    let reply = fixture
        .client()
        .await
        .call(ReadAudit { since: None }, |event| {
            heard.push(event);
            Ok::<_, ControlError>(())
        })
        .await
        .unwrap();
    assert_eq!(reply.records, 7);
    let expected: Vec<_> = (0..limits::EVENTS_WAITING * 2)
        .map(|n| Event::Notice(n.to_string()))
        .collect();
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn a_document_arrives_whole() {
    let fixture = fixture().await;
    let document: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    let mut sent = 0;
    let error = fixture
        .client()
        .await
        .send(submit("wanted"), document.as_slice(), no_events, |n| {
            sent += n;
        })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "read it");
    assert_eq!(sent, 1_000_000);
    assert_eq!(*fixture.probe.documents.lock().unwrap(), [Ok(document)]);
}

#[tokio::test]
async fn an_empty_document_is_an_empty_document() {
    let fixture = fixture().await;
    let sent = fixture
        .client()
        .await
        .send(submit("wanted"), [].as_slice(), no_events, |_| {});
    sent.await.unwrap_err();
    assert_eq!(*fixture.probe.documents.lock().unwrap(), [Ok(vec![])]);
}

#[tokio::test]
async fn a_refusal_before_the_document_reads_none_of_it() {
    struct Untouchable;
    impl tokio::io::AsyncRead for Untouchable {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            panic!("the document was read")
        }
    }
    let fixture = fixture().await;
    let client = fixture.client().await;
    let error = client
        .send(submit("unwanted"), Untouchable, no_events, |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ControlError::Refused(CommandError {
                code: ErrorCode::Full,
                ..
            })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn half_a_document_is_never_taken_for_a_whole_one() {
    let fixture = fixture().await;
    let call = Call {
        version: VERSION,
        request: submit("wanted").into(),
    };
    let mut stream = fixture.raw().await;
    stream
        .write_all(&frame::encode(&call, limits::REQUEST_LINE).unwrap())
        .await
        .unwrap();
    let mut go_ahead = [0; 11];
    stream.read_exact(&mut go_ahead).await.unwrap();
    assert_eq!(&go_ahead, b"\"go-ahead\"\n");
    frame::write_chunk(&mut stream, b"half").await.unwrap();
    drop(stream);
    fixture.probe.read.notified().await;
    assert_eq!(
        *fixture.probe.documents.lock().unwrap(),
        [Err(io::ErrorKind::UnexpectedEof)]
    );
}

#[tokio::test]
async fn a_document_that_cannot_be_read_to_its_end_is_an_error_on_both_sides() {
    let fixture = fixture().await;
    let broken = broken_reader();
    let error = fixture
        .client()
        .await
        .send(submit("wanted"), broken, no_events, |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, ControlError::Document(_)), "{error}");
    fixture.probe.read.notified().await;
    assert_eq!(
        *fixture.probe.documents.lock().unwrap(),
        [Err(io::ErrorKind::UnexpectedEof)]
    );
}

/// Some bytes, then trouble.
fn broken_reader() -> impl tokio::io::AsyncRead + Unpin {
    let parts = [
        Ok(std::io::Cursor::new(b"some".to_vec())),
        Err(io::Error::other("the disk is gone")),
    ];
    tokio_util::io::StreamReader::new(futures::stream::iter(parts))
}

#[tokio::test]
async fn whoever_goes_away_ends_the_command() {
    let fixture = fixture().await;
    let client = fixture.client().await;
    let (begun, mut has_begun) = mpsc::channel(1);
    let calling = tokio::spawn(client.call(VerifyAudit::default(), move |_| {
        begun.try_send(()).unwrap();
        Ok::<_, ControlError>(())
    }));
    has_begun.recv().await.unwrap();
    calling.abort();
    fixture.probe.dropped.notified().await;
}

#[tokio::test]
async fn requests_that_are_too_long_or_nonsense_are_told_so() {
    let fixture = fixture().await;
    let long = "x".repeat(limits::REQUEST_LINE + 1);
    for (sent, expected) in [
        (long.as_str(), "longer than"),
        ("hello\n", "not understood"),
        (
            "{\"version\":1,\"request\":{\"fly\":{}}}\n",
            "not understood",
        ),
        ("{\"version\":99,\"request\":{\"fly\":{}}}\n", "version 99"),
    ] {
        let answer = fixture.told(sent.as_bytes()).await;
        assert!(answer.starts_with("{\"failed\":"), "{answer}");
        assert!(answer.contains(expected), "{answer} lacks {expected}");
        assert!(answer.ends_with('\n'));
    }
    // None of which hurt anybody else.
    assert!(
        fixture
            .client()
            .await
            .call(GetStatus {}, no_events)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn nonsense_with_a_pin_in_it_is_not_repeated() {
    let fixture = fixture().await;
    let answer = fixture
        .told(b"{\"version\":1,\"request\":{\"enroll-user\":{\"ticket\":7,\"pin\":\"4711\"}}}\n")
        .await;
    assert!(
        answer.contains("not understood") && !answer.contains("4711"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_an_error() {
    let fixture = fixture().await;
    let error = fixture
        .client()
        .await
        .call(ListMembers {}, no_events)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_is_let_go() {
    let fixture = patient_fixture(Patience {
        request: Duration::from_millis(20),
        ..PATIENCE
    })
    .await;
    let mut stream = fixture.raw().await;
    stream.write_all(b"{\"vers").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("did not arrive in time"), "{answer}");
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_nobody_up() {
    let fixture = patient_fixture(Patience {
        drain: Duration::from_millis(20),
        ..PATIENCE
    })
    .await;
    let call = Call {
        version: VERSION,
        request: ListMembers {}.into(),
    };
    // Never read from; the answer does not fit in the socket's buffer.
    let mut deaf = fixture.raw().await;
    deaf.write_all(&frame::encode(&call, limits::REQUEST_LINE).unwrap())
        .await
        .unwrap();
    fixture.stop.cancel();
    fixture.server.await.unwrap();
    assert!(!fixture.home.control_socket().exists());
}

#[tokio::test]
async fn too_many_at_once_are_turned_away() {
    let fixture = fixture().await;
    let mut waiting = Vec::new();
    for _ in 0..limits::CONNECTIONS {
        let client = fixture.client().await;
        let (begun, mut has_begun) = mpsc::channel(1);
        waiting.push(tokio::spawn(client.call(
            VerifyAudit::default(),
            move |_| {
                begun.try_send(()).unwrap();
                Ok::<_, ControlError>(())
            },
        )));
        has_begun.recv().await.unwrap();
    }
    let command = Revoke {
        node: "desk".into(),
        passphrase: None,
        root: None,
        keep_key: false,
    };
    let refused: Result<Revocation, _> = fixture.client().await.call(command, no_events).await;
    assert!(
        matches!(
            refused,
            Err(ControlError::Refused(CommandError {
                code: ErrorCode::Busy,
                ..
            }))
        ),
        "{refused:?}"
    );
    for task in waiting {
        task.abort();
    }
}
