//! Doors at a gateway: real pipes over memory, without sockets. With sockets: [`carriers`].
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_frame::{read_message, write_message};
use papermesh_pipe::{Pipe, PipeError, PipeStream, dial, gateway_id};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::gateway::message::{
    Connected, FromDoor, FromGateway, Head, Hello, Papers, Place, Refusal, Welcome,
};
use papermesh_protocol::gateway::name::{Alias, Label};
use papermesh_protocol::gateway::page::Timers;
use papermesh_protocol::gateway::wake::Order;
use papermesh_protocol::id::{NodeId, Serial, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::clock;
use crate::contracts::{self, Contract, Contracts};
use crate::doors::Doors;
use crate::owners::Owners;
use crate::places::{Fate, Places};
use crate::terminated::Aliases;
use crate::wake::{Call, Mail, Wakes};

mod carriers;
mod hostile;
mod requests;
mod terminated;

const GATEWAY: [u8; 32] = [9; 32];
const SOON: Duration = Duration::from_secs(20);

/// A gateway without sockets.
struct Gateway {
    folder: TempDir,
    contracts: PathBuf,
    places: Arc<Places>,
    doors: Arc<Doors>,
    /// The mails that it would send.
    called: mpsc::Receiver<Call>,
}

impl Gateway {
    fn new() -> Self {
        Self::of(tempfile::tempdir().unwrap(), "gw.example")
    }

    /// The same after a restart.
    fn again(self) -> Self {
        Self::of(self.folder, "gw.example")
    }

    fn of(folder: TempDir, domain: &str) -> Self {
        let contracts = folder.path().join("contracts.jsonl");
        let owners = Owners::open(folder.path().join("places.jsonl")).unwrap();
        let (calls, called) = mpsc::channel(16);
        let mail = Mail {
            gateway: gateway_id(&GATEWAY).unwrap(),
            calls,
            wakes: Wakes::default(),
        };
        let names = (domain.parse().unwrap(), Timers::default());
        let aliases = Aliases::open(folder.path().join("aliases.jsonl")).unwrap();
        let places = Places::new(names, owners, Some(mail)).with_aliases(aliases);
        let places = Arc::new(places);
        let known = Contracts::open(contracts.clone()).unwrap();
        let papers = folder.path().join("papers");
        let seed = Zeroizing::new(GATEWAY);
        let doors = Doors::new(seed, known, Arc::clone(&places), papers).unwrap();
        doors.look_again();
        Self {
            folder,
            contracts,
            places,
            doors: Arc::new(doors),
            called,
        }
    }

    fn contract(&self, site: &Site, places: u32) {
        let contract = Contract {
            site: site.id(),
            label: site.label.parse().unwrap(),
            places,
            until: None,
            at: clock::now(),
        };
        contracts::add(&self.contracts, &contract).unwrap();
    }

    async fn dial(&self, site: &Site, seed: u8) -> Result<(Pipe, Welcome), PipeError> {
        self.dial_saying(seed, &site.hello(seed)).await
    }

    async fn dial_saying(&self, seed: u8, hello: &Hello) -> Result<(Pipe, Welcome), PipeError> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let doors = Arc::clone(&self.doors);
        tokio::spawn(async move { doors.serve(far, "192.0.2.1:4001".parse().unwrap()).await });
        let gateway = gateway_id(&GATEWAY).unwrap();
        dial(near, &[seed; 32], gateway, hello).await
    }

    /// A door with a pipe and its control stream.
    async fn door(&self, site: &Site, seed: u8) -> Door {
        self.door_saying(seed, &site.hello(seed)).await
    }

    async fn door_saying(&self, seed: u8, hello: &Hello) -> Door {
        let (pipe, _) = self.dial_saying(seed, hello).await.unwrap();
        let mut control = pipe.opener().open().await.unwrap();
        write_message(&mut control, &Head::Control, limits::PIPE_HEAD)
            .await
            .unwrap();
        Door { pipe, control }
    }

    /// What becomes of somebody who knocks.
    async fn knock(&self, name: &str) -> Fate {
        let (_, fate) = self.places.knock(&name.parse().unwrap(), clock::moment());
        fate.await.unwrap()
    }

    async fn is_open(&self, name: &str) -> bool {
        matches!(self.knock(name).await, Fate::Serve { .. })
    }
}

struct Door {
    pipe: Pipe,
    control: PipeStream,
}

impl Door {
    async fn say(&mut self, message: &FromDoor) {
        write_message(&mut self.control, message, limits::PIPE_MESSAGE)
            .await
            .unwrap();
    }

    /// Opens a place; the names that it has, or why it has none.
    async fn open(&mut self, label: &str) -> Result<Vec<String>, Refusal> {
        let place = Place {
            label: Some(label.parse().unwrap()),
            own_names: Vec::new(),
            connected: Connected::Always,
        };
        self.open_place(place).await
    }

    async fn open_place(&mut self, place: Place) -> Result<Vec<String>, Refusal> {
        self.say(&FromDoor::Open(place)).await;
        let said = read_message(&mut self.control, limits::PIPE_MESSAGE, SOON).await;
        match said.unwrap().unwrap() {
            FromGateway::Opened { names, .. } => {
                Ok(names.iter().map(ToString::to_string).collect())
            }
            FromGateway::Refused { why, .. } => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// Says which places it keeps, and hears that the gateway knows.
    async fn keep(&mut self, labels: &[&str]) {
        let places: Vec<_> = labels
            .iter()
            .map(|label| Some(label.parse().unwrap()))
            .collect();
        self.say(&FromDoor::Keeps(places.clone())).await;
        let said: Option<FromGateway> = read_message(&mut self.control, limits::PIPE_MESSAGE, SOON)
            .await
            .unwrap();
        assert_eq!(said, Some(FromGateway::Kept(places)));
    }

    /// Waits until the gateway has ended the pipe.
    async fn ends(&mut self) {
        let ended = async { while self.pipe.next().await.is_some() {} };
        tokio::time::timeout(SOON, ended).await.unwrap();
    }
}

/// A site with one admin, who is its root, too.
struct Site {
    root: SigningKey,
    label: &'static str,
}

impl Site {
    fn new(seed: u8, label: &'static str) -> Self {
        let root = SigningKey::from_bytes(&[seed; 32]);
        Self { root, label }
    }

    fn id(&self) -> SiteId {
        SiteId::from(self.root.verifying_key())
    }

    fn charter(&self) -> Signed<Charter> {
        let admin = Admin {
            key: self.root.verifying_key().into(),
            node: NodeId::from_bytes([2; 32]),
            since: Timestamp::default(),
        };
        Signed::sign(Charter::new(self.id(), admin), &self.root).unwrap()
    }

    fn state(&self) -> SiteState {
        SiteState::new(self.id(), "Acme".parse().unwrap())
    }

    fn signed(&self, state: SiteState) -> Signed<SiteState> {
        Signed::sign(state, &self.root).unwrap()
    }

    fn certificate(&self, seed: u8) -> Signed<Certificate> {
        let now = clock::now();
        let certificate = Certificate {
            site: self.id(),
            node: node(seed),
            sealing: SealingPublic::from_bytes([9; 32]),
            name: "door".parse().unwrap(),
            roles: Roles::of(&[Role::SharedClient]),
            serial: Serial::from_bytes([seed; 8]),
            not_before: now,
            not_after: now + Duration::from_secs(3600),
            despite: None,
        };
        Signed::sign(certificate, &self.root).unwrap()
    }

    fn hello(&self, seed: u8) -> Hello {
        Hello {
            certificate: self.certificate(seed).envelope().clone(),
            charter: self.charter().envelope().clone(),
            state: self.signed(self.state()).envelope().clone(),
        }
    }

    /// A state by which a node is revoked.
    fn state_without(&self, seed: u8) -> SiteState {
        let withdrawn = papermesh_protocol::site::Revoked {
            node: node(seed),
            at: clock::now() + Duration::from_secs(1),
        };
        SiteState {
            sequence: 2,
            revoked: vec![withdrawn],
            ..self.state()
        }
    }

    /// The same, signed.
    fn without(&self, seed: u8) -> Papers {
        let state = self.signed(self.state_without(seed));
        Papers {
            charter: self.charter().envelope().clone(),
            state: state.envelope().clone(),
        }
    }
}

fn node(seed: u8) -> NodeId {
    NodeId::from(SigningKey::from_bytes(&[seed; 32]).verifying_key())
}

fn woken(connected: Connected) -> Place {
    Place {
        label: Some("desk".parse().unwrap()),
        own_names: Vec::new(),
        connected,
    }
}

fn by_mail() -> Place {
    woken(Connected::WokenByGateway(
        "desk@acme.example".parse().unwrap(),
    ))
}

fn desk() -> Option<Label> {
    Some("desk".parse().unwrap())
}

const DESK: &str = "desk.acme.gw.example";

#[tokio::test]
async fn who_knocks_at_a_place_whose_door_is_away_has_it_called_and_is_served() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 1);
    let mut door = gateway.door(&acme, 10).await;
    assert_eq!(door.open_place(by_mail()).await.unwrap(), [DESK]);
    let desk = Some("desk".parse().unwrap());
    door.say(&FromDoor::Leave(desk)).await;
    drop(door);
    // A gateway that starts again knows who is to be called, and how.
    let mut gateway = gateway.again();
    let knocked = gateway
        .places
        .knock(&DESK.parse().unwrap(), clock::moment());
    let call = gateway.called.recv().await.unwrap();
    assert_eq!(call.wake.order, Order::Connect);
    assert_eq!(call.callee.mailbox.as_str(), "desk@acme.example");
    assert_eq!(call.callee.sealing, SealingPublic::from_bytes([9; 32]));
    assert_eq!(
        (call.wake.site, call.wake.place.as_str()),
        (acme.id(), DESK)
    );
    let mut door = gateway.door(&acme, 10).await;
    door.open_place(by_mail()).await.unwrap();
    assert!(matches!(knocked.1.await.unwrap(), Fate::Serve { .. }));
    // Another node does not get the name while its owner is away.
    door.say(&FromDoor::Leave(Some("desk".parse().unwrap())))
        .await;
    drop(door);
    let mut other = gateway.door(&acme, 11).await;
    assert_eq!(other.open_place(by_mail()).await, Err(Refusal::Taken));
}

/// However many places it has, one site does not take all that the gateway has.
#[tokio::test]
async fn a_site_has_so_many_outsiders_and_no_more() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 10);
    let mut door = gateway.door(&acme, 10).await;
    let mut knocks = Vec::new();
    for place in 0..6 {
        let label = format!("desk-{place}");
        door.open(&label).await.unwrap();
        let name = format!("{label}.acme.gw.example").parse().unwrap();
        for _ in 0..limits::KNOCKS_SERVED {
            let (knock, fate) = gateway.places.knock(&name, clock::moment());
            match fate.await.unwrap() {
                Fate::Serve { .. } => knocks.push(knock),
                Fate::Refuse => gateway.places.ended(knock, clock::moment()),
                Fate::Alert => panic!("the place is open"),
            }
        }
    }
    assert_eq!(knocks.len(), limits::KNOCKS_OF_SITE);
    gateway.places.ended(knocks[0], clock::moment());
    assert!(gateway.is_open("desk-0.acme.gw.example").await);
}

/// A door shows that it reads its mailbox; another door of the site shows that of no place but its own.
#[tokio::test]
async fn who_reads_a_mailbox_says_what_stood_in_a_mail() {
    let (mut gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 2);
    let mut door = gateway.door(&acme, 10).await;
    door.open_place(by_mail()).await.unwrap();
    let desk = Some("desk".parse::<Label>().unwrap());
    door.say(&FromDoor::Leave(desk.clone())).await;
    // What is answered comes after what is not.
    door.keep(&["desk"]).await;
    drop(
        gateway
            .places
            .knock(&DESK.parse().unwrap(), clock::moment()),
    );
    let nonce = gateway.called.recv().await.unwrap().wake.nonce;
    let heard = FromDoor::Heard { place: desk, nonce };
    let owned = gateway.folder.path().join("places.jsonl");
    let is_read = || {
        fs::read_to_string(&owned)
            .unwrap()
            .contains(r#""is_read":true"#)
    };
    let mut other = gateway.door(&acme, 11).await;
    other.say(&heard).await;
    other.keep(&[]).await;
    assert!(!is_read());
    door.say(&heard).await;
    door.keep(&["desk"]).await;
    assert!(is_read());
}

#[tokio::test]
async fn a_door_that_keeps_more_places_than_there_may_be_is_hung_up_on() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 1);
    let mut door = gateway.door(&acme, 10).await;
    let label = |number| Some(format!("desk-{number}").parse().unwrap());
    let most = (0..limits::PLACES).map(label).collect::<Vec<_>>();
    door.say(&FromDoor::Keeps(most.clone())).await;
    door.say(&FromDoor::Keeps([most, vec![None]].concat()))
        .await;
    door.ends().await;
}

#[tokio::test]
async fn nobody_is_called_for_a_place_that_is_closed_or_withdrawn() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 2);
    let mut door = gateway.door(&acme, 10).await;
    door.open_place(by_mail()).await.unwrap();
    door.keep(&[]).await;
    assert!(matches!(gateway.knock(DESK).await, Fate::Refuse));
    door.open_place(by_mail()).await.unwrap();
    door.say(&FromDoor::Papers(Box::new(acme.without(10))))
        .await;
    door.ends().await;
    let mut gateway = gateway.again();
    assert!(matches!(gateway.knock(DESK).await, Fate::Refuse));
    assert!(gateway.called.try_recv().is_err());
}

#[tokio::test]
async fn a_door_that_clients_wake_is_waited_for_without_a_mail() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 1);
    let mut door = gateway.door(&acme, 10).await;
    door.open_place(woken(Connected::WokenByClient))
        .await
        .unwrap();
    door.say(&FromDoor::Leave(Some("desk".parse().unwrap())))
        .await;
    drop(door);
    let mut gateway = gateway.again();
    let knocked = gateway
        .places
        .knock(&DESK.parse().unwrap(), clock::moment());
    let mut door = gateway.door(&acme, 10).await;
    door.open_place(woken(Connected::WokenByClient))
        .await
        .unwrap();
    assert!(matches!(knocked.1.await.unwrap(), Fate::Serve { .. }));
    assert!(gateway.called.try_recv().is_err());
}

#[tokio::test]
async fn a_place_is_its_doors_and_a_contract_has_an_end() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    let refused = gateway.dial(&acme, 10).await.err();
    assert!(matches!(
        refused,
        Some(PipeError::Refused(Refusal::NoContract))
    ));
    gateway.contract(&acme, 2);
    let mut first = gateway.door(&acme, 10).await;
    let names = first.open("desk").await.unwrap();
    assert_eq!(names, ["desk.acme.gw.example"]);
    assert!(gateway.is_open("desk.acme.gw.example").await);

    // Another node of the site does not get its name, and all of them together no third place.
    let mut second = gateway.door(&acme, 11).await;
    assert_eq!(second.open("desk").await, Err(Refusal::Taken));
    second.open("hall").await.unwrap();
    assert_eq!(second.open("shop").await, Err(Refusal::Full));
    // A door that comes hears that none is left.
    let (third, welcome) = gateway.dial(&acme, 12).await.unwrap();
    assert_eq!(welcome.places_left, 0);
    drop(third);
    assert!(!gateway.is_open("shop.acme.gw.example").await);

    contracts::end(&gateway.contracts, acme.id(), clock::now()).unwrap();
    gateway.doors.contracts.refresh();
    gateway.doors.look_again();
    first.ends().await;
    second.ends().await;
    let refused = gateway.dial(&acme, 10).await.err();
    assert!(matches!(refused, Some(PipeError::Refused(Refusal::Ended))));
}

#[tokio::test]
async fn one_site_sees_and_disturbs_nothing_of_another() {
    let gateway = Gateway::new();
    let (acme, other) = (Site::new(1, "acme"), Site::new(2, "other"));
    gateway.contract(&acme, 5);
    gateway.contract(&other, 5);
    let mut door = gateway.door(&acme, 10).await;
    door.open("desk").await.unwrap();
    let mut elsewhere = gateway.door(&other, 20).await;
    // The same label is another name.
    let names = elsewhere.open("desk").await.unwrap();
    assert_eq!(names, ["desk.other.gw.example"]);
    drop(elsewhere);
    let gone = async {
        while gateway.is_open("desk.other.gw.example").await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, gone).await.unwrap();
    assert!(gateway.is_open("desk.acme.gw.example").await);
}

#[tokio::test]
async fn a_door_that_dials_again_has_the_new_pipe_alone() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 1);
    let mut before = gateway.door(&acme, 10).await;
    before.open("desk").await.unwrap();
    let mut now = gateway.door(&acme, 10).await;
    now.open("desk").await.unwrap();
    before.ends().await;
    assert!(gateway.is_open("desk.acme.gw.example").await);
}

/// A computer that hangs answers no ping, and its place goes with its pipe.
#[tokio::test(start_paused = true)]
async fn a_door_that_is_silent_is_given_up_with_its_place() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 1);
    let mut door = gateway.door(&acme, 10).await;
    door.open("desk").await.unwrap();
    assert!(gateway.is_open("desk.acme.gw.example").await);
    let ended = async { while door.pipe.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(300), ended)
        .await
        .unwrap();
    assert!(!gateway.is_open("desk.acme.gw.example").await);
}

#[tokio::test]
async fn one_door_that_knows_of_a_revocation_is_enough() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 5);
    let mut stolen = gateway.door(&acme, 10).await;
    stolen.open("desk").await.unwrap();
    let mut honest = gateway.door(&acme, 11).await;
    honest
        .say(&FromDoor::Papers(Box::new(acme.without(10))))
        .await;
    stolen.ends().await;
    assert!(!gateway.is_open("desk.acme.gw.example").await);
    // It shows the state of before, which does not help it.
    let refused = gateway.dial(&acme, 10).await.err();
    assert!(matches!(
        refused,
        Some(PipeError::Refused(Refusal::Revoked))
    ));
    honest.open("desk").await.unwrap();
    // A restart makes the gateway forget neither.
    drop(honest);
    let gateway = gateway.again();
    let refused = gateway.dial(&acme, 10).await.err();
    assert!(matches!(
        refused,
        Some(PipeError::Refused(Refusal::Revoked))
    ));
    let mut another = gateway.door(&acme, 12).await;
    assert_eq!(another.open("desk").await, Err(Refusal::Taken));
}

/// Who is revoked while it is away loses its places at the word of another door, or when the gateway begins again.
#[tokio::test]
async fn who_is_revoked_while_it_is_away_has_no_place_any_more() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 3);
    let mut stolen = gateway.door(&acme, 10).await;
    stolen.open_place(by_mail()).await.unwrap();
    stolen.open("hall").await.unwrap();
    stolen.say(&FromDoor::Leave(desk())).await;
    stolen.keep(&["desk", "hall"]).await;
    let alias: Alias = "desk@acme.example".parse().unwrap();
    let aliases = FromDoor::Aliases {
        place: desk(),
        aliases: vec![alias.clone()],
    };
    stolen.say(&aliases).await;
    let said = read_message(&mut stolen.control, limits::PIPE_MESSAGE, SOON).await;
    assert!(matches!(
        said.unwrap().unwrap(),
        FromGateway::Aliases { .. }
    ));
    drop(stolen);
    assert!(gateway.places.asked(alias.as_str()).is_some());
    let owned = gateway.folder.path().join("places.jsonl");
    let before = fs::read(&owned).unwrap();

    let mut honest = gateway.door(&acme, 11).await;
    assert_eq!(honest.open("desk").await, Err(Refusal::Taken));
    honest
        .say(&FromDoor::Papers(Box::new(acme.without(10))))
        .await;
    honest.keep(&[]).await;
    assert!(gateway.places.asked(alias.as_str()).is_none());
    assert!(matches!(gateway.knock(DESK).await, Fate::Refuse));
    honest.open("desk").await.unwrap();
    // What was kept before the gateway knew counts no more after a restart.
    drop(honest);
    fs::write(&owned, before).unwrap();
    let mut gateway = gateway.again();
    assert!(matches!(gateway.knock(DESK).await, Fate::Refuse));
    assert!(gateway.called.try_recv().is_err());
    let mut another = gateway.door(&acme, 12).await;
    for free in ["desk", "hall", "shop"] {
        another.open(free).await.unwrap();
    }
}

/// A name is its node's while that is away, and free once it was closed; names elsewhere are nobody's here.
#[tokio::test]
async fn a_place_waits_for_its_node() {
    let (gateway, acme) = (Gateway::new(), Site::new(1, "acme"));
    gateway.contract(&acme, 2);
    let mut first = gateway.door(&acme, 10).await;
    first.open("desk").await.unwrap();
    first.open("hall").await.unwrap();
    first.keep(&["hall"]).await;
    drop(first);
    let mut second = gateway.door(&acme, 11).await;
    second.open("desk").await.unwrap();
    assert_eq!(second.open("hall").await, Err(Refusal::Taken));
    for elsewhere in [
        "print.other.example",
        "admin.gw.example",
        "www.other.gw.example",
    ] {
        let place = Place {
            label: Some("desk".parse().unwrap()),
            own_names: vec![elsewhere.parse().unwrap()],
            connected: Connected::Always,
        };
        // The place is open, and that name leads nowhere: nobody has shown that it is this site's.
        let names = second.open_place(place).await.unwrap();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(!gateway.is_open(elsewhere).await, "{elsewhere}");
    }
}
