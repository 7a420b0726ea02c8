#![allow(clippy::unwrap_used)]

use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::gateway::message::{Hello, Refusal, Welcome};
use papermesh_protocol::id::{GatewayId, NodeId, Serial, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::{Pipe, PipeError, answer, dial, gateway_id};

const DOOR: [u8; 32] = [3; 32];
const GATEWAY: [u8; 32] = [4; 32];
/// Bytes that the carrier holds: little, so that everything has to wait.
const CARRIER: usize = 1000;

fn welcome() -> Welcome {
    Welcome {
        site: "acme".parse().unwrap(),
        places_left: 5,
        dead_after: 90,
    }
}

fn hello() -> Hello {
    let root = SigningKey::from_bytes(&[1; 32]);
    let site = SiteId::from(root.verifying_key());
    let admin = Admin {
        key: root.verifying_key().into(),
        node: NodeId::from_bytes([2; 32]),
        since: Timestamp::default(),
    };
    let certificate = Certificate {
        site,
        node: door(),
        sealing: SealingPublic::from_bytes([9; 32]),
        name: "door".parse().unwrap(),
        roles: Roles::of(&[Role::SharedClient]),
        serial: Serial::from_bytes([1; 8]),
        not_before: Timestamp::default(),
        not_after: Timestamp::default() + Duration::from_secs(3600),
        despite: None,
    };
    let state = SiteState::new(site, "Acme".parse().unwrap());
    let certificate = Signed::sign(certificate, &root).unwrap();
    let charter = Signed::sign(Charter::new(site, admin), &root).unwrap();
    let state = Signed::sign(state, &root).unwrap();
    Hello {
        certificate: certificate.envelope().clone(),
        charter: charter.envelope().clone(),
        state: state.envelope().clone(),
    }
}

fn door() -> NodeId {
    NodeId::from(SigningKey::from_bytes(&DOOR).verifying_key())
}

/// A pipe that began: the door's end and the gateway's.
async fn begun() -> (Pipe, Pipe) {
    let (near, far) = duplex(CARRIER);
    let gateway = gateway_id(&GATEWAY).unwrap();
    let said = hello();
    let judge = |node: NodeId, said: Hello| {
        assert_eq!((node, said), (door(), hello()));
        Ok((welcome(), ()))
    };
    let (dialled, answered) = tokio::join!(
        dial(near, &DOOR, gateway, &said),
        answer(far, &GATEWAY, judge)
    );
    let (pipe, told) = dialled.unwrap();
    assert_eq!(told, welcome());
    (pipe, answered.unwrap().pipe)
}

/// Sends more than a window over one stream, and the same back.
async fn cross(from: &Pipe, to: &mut Pipe) {
    let sent: Vec<u8> = (0..400_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let there = async {
        let mut stream = from.opener().open().await.unwrap();
        stream.write_all(&sent).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).await.unwrap();
        back
    };
    let back = async {
        let mut stream = to.next().await.unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        stream.write_all(&received).await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let (returned, ()) = tokio::join!(there, back);
    assert!(returned == sent);
}

#[tokio::test]
async fn both_ends_open_streams_and_what_was_sent_arrives() {
    let (mut door, mut gateway) = begun().await;
    cross(&door, &mut gateway).await;
    cross(&gateway, &mut door).await;
}

/// However many streams are wanted at once, the pipe goes on: those beyond its places wait.
#[tokio::test]
async fn more_streams_than_there_are_places_wait_and_end_nothing() {
    let (mut door, gateway) = begun().await;
    let opener = gateway.opener();
    let mut open = Vec::new();
    for _ in 0..limits::KNOCKS_SERVED {
        let mut stream = opener.open().await.unwrap();
        stream.write_all(b"knock").await.unwrap();
        open.push((stream, door.next().await.unwrap()));
    }
    let mut one_more = tokio::spawn({
        let opener = opener.clone();
        async move { opener.open().await.is_some() }
    });
    let early = tokio::time::timeout(Duration::from_millis(200), &mut one_more).await;
    assert!(early.is_err(), "there was no place for it");
    open.pop();
    assert!(one_more.await.unwrap());
    open.clear();
    cross(&gateway, &mut door).await;
}

#[tokio::test]
async fn a_pipe_that_is_dropped_ends_at_the_other_end_too() {
    let (door, mut gateway) = begun().await;
    let opener = door.opener();
    drop(door);
    assert!(gateway.next().await.is_none());
    assert!(opener.open().await.is_none());
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let (near, far) = duplex(CARRIER);
    let said = hello();
    let (dialled, answered) = tokio::join!(
        dial(near, &DOOR, gateway_id(&GATEWAY).unwrap(), &said),
        answer(far, &GATEWAY, |_, _| Err::<(Welcome, ()), _>(
            Refusal::Revoked
        ))
    );
    for refused in [dialled.err(), answered.err()] {
        assert!(matches!(
            refused,
            Some(PipeError::Refused(Refusal::Revoked))
        ));
    }
}

#[tokio::test]
async fn another_gateway_learns_nothing_of_the_door() {
    let (near, far) = duplex(CARRIER);
    let said = hello();
    let expected = GatewayId::from_bytes([8; 32]);
    let (dialled, answered) = tokio::join!(
        dial(near, &DOOR, expected, &said),
        answer(far, &GATEWAY, |_, hello| -> Result<(Welcome, ()), _> {
            panic!("it heard {hello:?}")
        })
    );
    assert!(
        matches!(dialled, Err(PipeError::Noise(_))),
        "{:?}",
        dialled.err()
    );
    assert!(answered.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_given_up() {
    let (_near, far) = duplex(CARRIER);
    let answered = answer(far, &GATEWAY, |_, _| Ok((welcome(), ()))).await;
    assert!(matches!(answered.err(), Some(PipeError::Timeout(_))));
}

/// What a door said once begins no pipe when somebody else says it again.
#[tokio::test]
async fn a_beginning_that_is_said_again_begins_nothing() {
    let ((near, mut tapped), (mut passed, far)) = (duplex(CARRIER), duplex(CARRIER));
    let said = hello();
    let heard = async {
        let (mut all, mut piece) = (Vec::new(), [0; CARRIER]);
        let (mut from_gateway, mut to_gateway) = tokio::io::split(&mut passed);
        let (mut from_door, mut to_door) = tokio::io::split(&mut tapped);
        let back = tokio::io::copy(&mut from_gateway, &mut to_door);
        let there = async {
            loop {
                match from_door.read(&mut piece).await.unwrap() {
                    0 => return,
                    read => {
                        all.extend_from_slice(&piece[..read]);
                        to_gateway.write_all(&piece[..read]).await.unwrap();
                    }
                }
            }
        };
        tokio::select! {
            () = there => {}
            _ = back => {}
        }
        all
    };
    let begun = async {
        let (dialled, answered) = tokio::join!(
            dial(near, &DOOR, gateway_id(&GATEWAY).unwrap(), &said),
            answer(far, &GATEWAY, |_, _| Ok((welcome(), ())))
        );
        assert!(dialled.is_ok() && answered.is_ok());
    };
    let (heard, ()) = tokio::join!(heard, begun);
    assert!(!heard.is_empty());

    let (mut thief, far) = duplex(heard.len());
    thief.write_all(&heard).await.unwrap();
    let judge = |_, _| -> Result<(Welcome, ()), _> { panic!("it was let in so far") };
    let answered = answer(far, &GATEWAY, judge).await;
    assert!(
        matches!(answered.err(), Some(PipeError::Noise(_))),
        "it was taken for the door"
    );
}

/// However much one end has to say: the other holds no more of it than a window while nobody reads.
#[tokio::test(start_paused = true)]
async fn nobody_is_sent_more_than_a_window_ahead() {
    let (door, mut gateway) = begun().await;
    let mut stream = door.opener().open().await.unwrap();
    let piece = vec![7; 16 * 1024];
    let mut sent = 0;
    let sending = async {
        loop {
            sent += stream.write(&piece).await.unwrap();
            stream.flush().await.unwrap();
        }
    };
    // Time passes only when nothing else happens.
    let stopped = tokio::time::timeout(Duration::from_secs(5), sending).await;
    assert!(stopped.is_err());
    assert!(sent >= 200 * 1024, "{sent}");
    assert!(sent <= 300 * 1024, "{sent}");
    // Who reads gets the rest.
    let mut other = gateway.next().await.unwrap();
    let mut received = vec![0; sent];
    other.read_exact(&mut received).await.unwrap();
}
