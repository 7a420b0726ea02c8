//! How services share what they can do at once among members.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use papermesh_frame::FrameError;
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::certificate::Role;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::site::Site;
use crate::clock;
use crate::network::serving::{Admission, Serve, serve};

const SOON: Duration = Duration::from_secs(20);

/// Answers a byte with the same byte, and whoever is declined with a word.
#[derive(Clone)]
struct Echo;

impl Serve for Echo {
    fn protocol(&self) -> Protocol {
        Protocol::Enroll
    }

    fn admission(&self) -> Admission {
        Admission::questions()
    }

    async fn serve<S>(&self, _: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let byte = stream.read_u8().await?;
        Ok(stream.write_u8(byte).await?)
    }

    async fn decline<S>(&self, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Ok(stream.write_all(b"no").await?)
    }
}

/// Members that open streams and say nothing keep nobody else from an answer, however many they are,
/// and each has no more of them than its share.
#[tokio::test]
async fn members_that_ask_nothing_take_no_ones_turn() {
    let site = Site::new(clock::now);
    let member = |seed| {
        let (_, membership) = site.member(seed, "laptop", Role::Client);
        Member {
            node: membership.node(),
            certificate: membership.certificate(),
        }
    };
    let (open, mut opened) = mpsc::channel(64);
    let arriving = futures::stream::poll_fn(move |cx| opened.poll_recv(cx));
    tokio::spawn(serve(Echo, arriving));
    let ask = async |from: &Member| -> DuplexStream {
        let (near, far) = duplex(64);
        open.send((from.clone(), far)).await.unwrap();
        near
    };

    let (silent, honest) = (member(7), member(8));
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(ask(&silent).await);
    }
    // As many as there are turns.
    for seed in 9..13 {
        let another = member(seed);
        for _ in 0..4 {
            held.push(ask(&another).await);
        }
    }
    for _ in 0..20 {
        let mut word = String::new();
        let mut declined = ask(&silent).await;
        let read = declined.read_to_string(&mut word);
        timeout(SOON, read).await.unwrap().unwrap();
        assert_eq!(word, "no");
    }
    let mut question = ask(&honest).await;
    question.write_u8(42).await.unwrap();
    let answer = timeout(SOON, question.read_u8()).await.unwrap();
    assert_eq!(answer.unwrap(), 42);
    // A share is given back with its stream.
    let mut first = held.remove(0);
    first.write_u8(1).await.unwrap();
    let answer = timeout(SOON, first.read_u8()).await.unwrap();
    assert_eq!(answer.unwrap(), 1);
}
