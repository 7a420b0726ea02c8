//! Real meshes of a few nodes on loopback, within one process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures::StreamExt;
use papermesh_protocol::advert::{AdvertSet, Advertiser};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::id::{NodeId, RecordKey, Serial, SiteId};
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::seal::keys::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{Revoked, SiteSecret, SiteState};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

fn now() -> Timestamp {
    Timestamp::from_millis(
        std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap()
            .as_millis() as u64,
    )
}

type Saved = Vec<(RecordKey, Vec<u8>)>;

/// A storage that forgets with the process.
#[derive(Clone, Default)]
struct NoStorage(Arc<Mutex<Saved>>);

impl RecordStorage for NoStorage {
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)> {
        self.0.lock().unwrap().clone()
    }
    fn save(&self, key: RecordKey, value: &[u8]) {
        self.0.lock().unwrap().push((key, value.to_vec()));
    }
    fn remove(&self, key: RecordKey) {
        self.0.lock().unwrap().retain(|(saved, _)| *saved != key);
    }
}

struct Site {
    authority: SigningKey,
    state: Signed<SiteState>,
}

struct Node {
    key: SigningKey,
    certificate: Signed<Certificate>,
    mesh: Mesh,
    streams: Streams,
    storage: NoStorage,
}

impl Site {
    fn new(seed: u8) -> Self {
        let authority = SigningKey::from_bytes(&[seed; 32]);
        let site = SiteId::from(authority.verifying_key());
        let state =
            Signed::sign(SiteState::new(site, "Acme".parse().unwrap()), &authority).unwrap();
        Self { authority, state }
    }

    fn certificate(&self, key: &SigningKey, role: Role) -> Signed<Certificate> {
        let certificate = Certificate {
            site: self.state.site,
            node: NodeId::from(key.verifying_key()),
            sealing: SealingPublic::from_bytes([9; 32]),
            name: "node".parse().unwrap(),
            roles: Roles::of(&[role]),
            serial: Serial::from_bytes(key.to_bytes()[..8].try_into().unwrap()),
            not_before: now(),
            not_after: now() + Duration::from_secs(3600),
            despite: None,
        };
        Signed::sign(certificate, &self.authority).unwrap()
    }

    fn node(&self, seed: u8, role: Role) -> Node {
        let key = SigningKey::from_bytes(&[seed; 32]);
        self.node_with(seed, self.certificate(&key, role))
    }

    fn node_with(&self, seed: u8, certificate: Signed<Certificate>) -> Node {
        self.node_at(seed, certificate, &["/ip4/127.0.0.1/tcp/0"], &[])
    }

    fn node_at(
        &self,
        seed: u8,
        certificate: Signed<Certificate>,
        listen: &[&str],
        bootstrap: &[Vec<u8>],
    ) -> Node {
        let config = MeshConfig {
            listen: listen
                .iter()
                .map(|address| address.parse().unwrap())
                .collect(),
            last_ports: Ports::default(),
            announce: Vec::new(),
            bootstrap: bootstrap
                .iter()
                .map(|address| peer::address(address).unwrap())
                .collect(),
            remembered: Vec::new(),
            mdns: false,
            use_relays: true,
            dht_server: true,
        };
        self.started(seed, certificate, config)
    }

    fn started(&self, seed: u8, certificate: Signed<Certificate>, config: MeshConfig) -> Node {
        self.started_by(now, seed, certificate, config)
    }

    fn started_by(
        &self,
        clock: fn() -> Timestamp,
        seed: u8,
        certificate: Signed<Certificate>,
        config: MeshConfig,
    ) -> Node {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let secret = SiteSecret::from_bytes([3; 32]);
        let membership = Membership::new(
            certificate.clone(),
            (
                crate::sample::charter_of(&self.authority),
                self.state.clone(),
            ),
            secret,
            clock,
        );
        let storage = NoStorage::default();
        let (mesh, streams) = start(
            &key.to_bytes(),
            Arc::new(membership),
            Box::new(storage.clone()),
            config,
        )
        .unwrap();
        Node {
            key,
            certificate,
            mesh,
            streams,
            storage,
        }
    }
}

impl Node {
    async fn addresses(&self) -> Vec<Vec<u8>> {
        let mut status = self.mesh.watch();
        let known = status.wait_for(|status| !status.advertised.is_empty());
        drop(timeout(LIMIT, known).await.unwrap().unwrap());
        self.mesh.addresses()
    }

    async fn connect(&self, to: &Self) -> Result<Member, MeshError> {
        self.mesh
            .connect(to.mesh.node(), &to.addresses().await)
            .await
    }

    async fn until(&self, state: impl FnMut(&MeshStatus) -> bool) {
        let mut status = self.mesh.watch();
        timeout(LIMIT, status.wait_for(state))
            .await
            .expect("in time")
            .unwrap();
    }
}

#[tokio::test]
async fn members_meet_and_speak() {
    let site = Site::new(1);
    let printer = site.node(2, Role::Printer);
    let mut client = site.node(3, Role::Client);
    let latest = Protocol::Release(Version::Two);
    let mut releases = client.streams.take(latest).unwrap();
    let met = printer.connect(&client).await.unwrap();
    assert!(met.certificate.roles.has(Role::Client));
    let mut near = printer
        .mesh
        .open(client.mesh.node(), &[], latest)
        .await
        .unwrap();
    near.write_all(b"who is there").await.unwrap();
    near.shutdown().await.unwrap();
    let mut incoming = timeout(LIMIT, releases.recv()).await.unwrap().unwrap();
    assert_eq!(incoming.from.node, printer.mesh.node());
    assert!(incoming.from.certificate.roles.has(Role::Printer));
    let mut said = Vec::new();
    incoming.stream.read_to_end(&mut said).await.unwrap();
    assert_eq!(said, b"who is there");
}

#[tokio::test]
async fn invariant_7_a_non_member_completes_no_handshake() {
    let site = Site::new(1);
    let member = site.node(2, Role::Client);
    // Another site; a certificate signed by oneself; somebody else's certificate; an expired one.
    let stranger = Site::new(9).node(3, Role::Printer);
    let pretender = {
        let key = SigningKey::from_bytes(&[4; 32]);
        let certificate = (*site.certificate(&key, Role::Printer)).clone();
        site.node_with(4, Signed::sign(certificate, &key).unwrap())
    };
    let thief = site.node_with(5, member.certificate.clone());
    let expired = {
        let key = SigningKey::from_bytes(&[6; 32]);
        let mut certificate = (*site.certificate(&key, Role::Printer)).clone();
        certificate.not_before = now() - Duration::from_secs(7200);
        certificate.not_after = now() - Duration::from_secs(3600);
        site.node_with(6, Signed::sign(certificate, &site.authority).unwrap())
    };
    for outsider in [&stranger, &pretender, &thief, &expired] {
        // The outsider may believe itself connected for the moment in which the member hangs up;
        // the member never does, and no stream ever opens.
        let opened = async {
            outsider.connect(&member).await?;
            let mut stream = outsider
                .mesh
                .open(member.mesh.node(), &[], Protocol::Release(Version::Two))
                .await?;
            stream
                .write_all(b"hello")
                .await
                .map_err(|_| MeshError::Timeout)?;
            let mut byte = [0];
            stream
                .read_exact(&mut byte)
                .await
                .map_err(|_| MeshError::Timeout)
        };
        assert!(timeout(LIMIT, opened).await.unwrap().is_err());
        assert!(member.mesh.status().members.is_empty());
        assert!(member.connect(outsider).await.is_err());
    }
}

#[tokio::test]
async fn invariant_7_a_revoked_member_loses_its_connections_everywhere() {
    let site = Site::new(1);
    let admin = site.node(2, Role::Admin);
    let middle = site.node(3, Role::Client);
    let far = site.node(4, Role::Client);
    let revoked = site.node(5, Role::Printer);
    middle.connect(&admin).await.unwrap();
    far.connect(&middle).await.unwrap();
    revoked.connect(&far).await.unwrap();
    let node = revoked.mesh.node();
    far.until(|status| status.members.iter().any(|member| member.node == node))
        .await;

    let state = site.withdrawing(&site.state, &revoked.certificate);
    let mut news = admin.mesh.membership().editions();
    assert!(admin.mesh.membership().advance(state.envelope()).unwrap());
    // It is told, not found at the next look.
    assert!(news.has_changed().unwrap() && news.borrow_and_update().state == 2);
    assert!(!admin.mesh.membership().advance(state.envelope()).unwrap());
    assert!(!news.has_changed().unwrap());

    far.until(|status| status.members.iter().all(|member| member.node != node))
        .await;
    assert_eq!(far.mesh.membership().state().sequence, 2);
    assert!(matches!(
        far.connect(&revoked).await,
        Err(MeshError::Unreachable(_))
    ));
}

/// Members that are connected to `to` and from then on say nothing, as computers do whose lids
/// were closed: their runtime is not driven any more. Their connections stay as long as they do.
async fn silent_members(
    site: &Site,
    seeds: std::ops::Range<u8>,
    to: &Node,
) -> (tokio::runtime::Runtime, Vec<Node>) {
    let (node, addresses) = (to.mesh.node(), to.addresses().await);
    let site = Site {
        authority: site.authority.clone(),
        state: site.state.clone(),
    };
    let asleep = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let members = runtime.block_on(async {
            let members: Vec<Node> = seeds.map(|seed| site.node(seed, Role::Client)).collect();
            for member in &members {
                member.mesh.connect(node, &addresses).await.unwrap();
            }
            members
        });
        (runtime, members)
    });
    tokio::task::spawn_blocking(|| asleep.join().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn silent_members_delay_nobodys_hearing_of_a_revocation() {
    const SILENT: u8 = 24;
    let site = Site::new(1);
    let admin = site.node(2, Role::Admin);
    let silent = silent_members(&site, 20..20 + SILENT, &admin).await;
    let awake = site.node(3, Role::Client);
    awake.connect(&admin).await.unwrap();
    let everybody = usize::from(SILENT) + 1;
    admin
        .until(|status| status.members.len() == everybody)
        .await;

    let gone = site.certificate(&SigningKey::from_bytes(&[99; 32]), Role::Printer);
    let state = site.withdrawing(&site.state, &gone);
    admin.mesh.membership().advance(state.envelope()).unwrap();
    // One after the other, each silent one takes a quarter of this.
    timeout(4 * handle::OPEN_TIMEOUT, async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while awake.mesh.membership().state().sequence < 2 {
            look.tick().await;
        }
    })
    .await
    .expect("it is told beside the silent ones");
    tokio::task::spawn_blocking(|| drop(silent)).await.unwrap();
}

fn half_an_hour_ahead() -> Timestamp {
    now() + Duration::from_secs(1800)
}

#[tokio::test]
async fn a_clock_that_differs_from_the_other_members_is_noticed_on_both_sides() {
    let site = Site::new(1);
    let printer = site.node(2, Role::Printer);
    let client = site.node(3, Role::Client);
    let key = SigningKey::from_bytes(&[4; 32]);
    let config = MeshConfig {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        last_ports: Ports::default(),
        announce: Vec::new(),
        bootstrap: Vec::new(),
        remembered: Vec::new(),
        mdns: false,
        use_relays: false,
        dht_server: true,
    };
    let certificate = site.certificate(&key, Role::Client);
    let ahead = site.started_by(half_an_hour_ahead, 4, certificate, config);
    // It dials the one, and the other dials it.
    ahead.connect(&printer).await.unwrap();
    client.connect(&ahead).await.unwrap();
    let offset_of = async |node: &Node, members: usize| {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            match node.mesh.membership().clock_offset() {
                Some(offset) if offset.members == members => return offset.ahead,
                _ => {}
            }
        }
    };
    let minutes = async |node: &Node, members| {
        let offset = timeout(LIMIT, offset_of(node, members)).await;
        // What the exchange itself may have taken does not matter.
        (offset.expect("the time is told") as f64 / 60_000.0).round() as i64
    };
    assert_eq!(minutes(&ahead, 2).await, 30);
    assert_eq!(minutes(&printer, 1).await, -30);
    assert_eq!(minutes(&client, 1).await, -30);
    client.connect(&printer).await.unwrap();
    // Half of those whom they know are right, and so are they.
    assert_eq!(minutes(&printer, 2).await, 0);
    assert_eq!(minutes(&client, 2).await, 0);
}

#[tokio::test]
async fn the_port_of_last_time_is_used_again_unless_it_is_taken() {
    let site = Site::new(1);
    let at = |seed, last_ports| {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let config = MeshConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            last_ports,
            announce: Vec::new(),
            bootstrap: Vec::new(),
            remembered: Vec::new(),
            mdns: false,
            use_relays: false,
            dht_server: true,
        };
        site.started(seed, site.certificate(&key, Role::Client), config)
    };
    let first = at(2, Ports::default());
    first.addresses().await;
    let ports = first.mesh.status().ports;
    assert!(ports.ip4.is_some());

    // While it is taken, there is another port and no error, even if it is a mesh that has it.
    let beside = at(3, ports);
    beside.addresses().await;
    assert_ne!(beside.mesh.status().ports, ports);

    first.mesh.stop().await;
    let again = timeout(LIMIT, async {
        loop {
            // The listener goes with the task, a moment after it said that it stops.
            let again = at(2, ports);
            again.addresses().await;
            if again.mesh.status().ports == ports {
                return again;
            }
            again.mesh.stop().await;
        }
    });
    again.await.expect("the port is free again");
}

impl Site {
    /// The next state, in which these certificates are withdrawn.
    fn withdrawing(&self, state: &SiteState, certificate: &Certificate) -> Signed<SiteState> {
        let withdrawn = Revoked {
            node: certificate.node,
            at: now(),
        };
        Signed::sign(state.revoke(&[withdrawn], now()).unwrap(), &self.authority).unwrap()
    }
}

#[tokio::test]
async fn a_member_admitted_again_is_let_in_at_once() {
    let site = Site::new(1);
    let member = site.node(2, Role::Client);
    let revoked = site.node(5, Role::Printer);
    member.connect(&revoked).await.unwrap();
    let state = site.withdrawing(&site.state, &revoked.certificate);
    assert!(member.mesh.membership().advance(state.envelope()).unwrap());
    let node = revoked.mesh.node();
    member
        .until(|status| status.members.iter().all(|member| member.node != node))
        .await;
    assert!(member.connect(&revoked).await.is_err());
    revoked.mesh.stop().await;

    // The same key, another certificate, of an admin that has not heard of it.
    let mut certificate = (*revoked.certificate).clone();
    certificate.serial = Serial::from_bytes([0x77; 8]);
    let unaware = site.node_with(
        5,
        Signed::sign(certificate.clone(), &site.authority).unwrap(),
    );
    assert!(member.connect(&unaware).await.is_err());
    unaware.mesh.stop().await;

    // And of one that let it in again.
    (certificate.despite, certificate.not_before) = state.readmission(node, now());
    let again = site.node_with(5, Signed::sign(certificate, &site.authority).unwrap());
    again.connect(&member).await.unwrap();
    member
        .until(|status| status.members.iter().any(|member| member.node == node))
        .await;
    assert_eq!(again.mesh.membership().state().sequence, 2);
}

#[tokio::test]
async fn a_member_revoked_while_it_was_away_learns_it_at_the_gate() {
    let site = Site::new(1);
    let member = site.node(2, Role::Client);
    let revoked = site.node(5, Role::Printer);
    let state = site.withdrawing(&site.state, &revoked.certificate);
    assert!(member.mesh.membership().advance(state.envelope()).unwrap());
    assert_eq!(revoked.mesh.membership().standing(), Ok(()));
    // It may believe itself connected for the moment in which the other hangs up.
    let _ = revoked.connect(&member).await;
    let mut events = revoked.mesh.subscribe();
    timeout(LIMIT, async {
        while revoked.mesh.membership().standing().is_ok() {
            let _ = events.recv().await;
        }
    })
    .await
    .expect("it is told");
    assert!(member.mesh.status().members.is_empty());
}

#[tokio::test]
async fn adverts_of_a_revoked_holder_are_dropped_where_they_are_stored() {
    let site = Site::new(1);
    let storage = site.node(2, Role::Client);
    let holder = site.node(3, Role::SharedClient);
    holder.connect(&storage).await.unwrap();
    holder.until(|status| !status.members.is_empty()).await;
    let user = "charlie".parse().unwrap();
    let advertiser = Advertiser {
        key: &holder.key,
        certificate: &holder.certificate,
        user: &user,
        delegation: None,
    };
    let mut set = AdvertSet::default();
    set.insert(
        advertiser
            .sign(0, &holder.addresses().await, false, now())
            .unwrap(),
    );
    let record = DirectoryRecord::Adverts(set).to_bytes().unwrap();
    let key = lookup::adverts_key(&SiteSecret::from_bytes([3; 32]), &user);
    timeout(LIMIT, async {
        while holder.mesh.put(key, record.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    storage.until(|status| status.records == 1).await;

    let state = site.withdrawing(&site.state, &holder.certificate);
    storage.mesh.membership().advance(state.envelope()).unwrap();
    storage.until(|status| status.records == 0).await;
    assert!(
        storage
            .storage
            .load()
            .iter()
            .all(|(saved, _)| *saved != key)
    );
}

#[tokio::test]
async fn adverts_are_stored_merged_and_found() {
    let site = Site::new(1);
    let nodes: Vec<Node> = (10..15)
        .map(|seed| site.node(seed, Role::SharedClient))
        .collect();
    for node in &nodes[1..] {
        node.connect(&nodes[0]).await.unwrap();
    }
    // Everybody knows somebody to store with.
    for node in &nodes {
        node.until(|status| !status.members.is_empty()).await;
    }
    let user = "charlie".parse().unwrap();
    let secret = SiteSecret::from_bytes([3; 32]);
    let key = lookup::adverts_key(&secret, &user);
    for node in &nodes[1..3] {
        let advertiser = Advertiser {
            key: &node.key,
            certificate: &node.certificate,
            user: &user,
            delegation: None,
        };
        let mut set = AdvertSet::default();
        set.insert(
            advertiser
                .sign(0, &node.addresses().await, false, now())
                .unwrap(),
        );
        let record = DirectoryRecord::Adverts(set).to_bytes().unwrap();
        // Kademlia learns of peers by identify, a moment after they are connected.
        timeout(LIMIT, async {
            while node.mesh.put(key, record.clone()).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    }
    let mut found = AdvertSet::default();
    let reader = &nodes[4];
    timeout(LIMIT, async {
        while found.len() < 2 {
            let mut values = reader.mesh.get(key);
            while let Some(value) = values.next().await {
                let record = reader
                    .mesh
                    .membership()
                    .judge(|judge| DirectoryRecord::read(key, &value, &secret, judge, None));
                if let Ok(DirectoryRecord::Adverts(set)) = record {
                    found.merge(&set);
                }
            }
        }
    })
    .await
    .expect("both holders are found");
    assert!(nodes.iter().any(|node| !node.storage.load().is_empty()));

    // What does not verify is stored by nobody, not even by its author.
    assert!(matches!(
        nodes[1].mesh.put(key, b"forged".to_vec()).await,
        Err(MeshError::Refused)
    ));
    let elsewhere = RecordKey::from_bytes([0; 32]);
    let misplaced = DirectoryRecord::Adverts(found).to_bytes().unwrap();
    assert!(matches!(
        nodes[1].mesh.put(elsewhere, misplaced).await,
        Err(MeshError::Refused)
    ));
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_delays_nobody() {
    let site = Site::new(1);
    let node = site.node(2, Role::Printer);
    let other = site.node(3, Role::Client);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let address: libp2p::Multiaddr = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
    let nobody = NodeId::from(SigningKey::from_bytes(&[77; 32]).verifying_key());
    let silence = [address.to_vec()];
    let (dead, alive) = tokio::join!(node.mesh.connect(nobody, &silence), node.connect(&other));
    assert!(dead.is_err());
    alive.unwrap();
}

#[tokio::test]
async fn members_that_cannot_be_dialled_are_reached_through_the_relay() {
    let site = Site::new(1);
    let relay = site.node(2, Role::Bootstrap);
    let at_relay = relay.addresses().await;
    let printer = site.node(3, Role::Printer);
    printer.connect(&relay).await.unwrap();
    // This one listens nowhere; all it has is a place at the relay.
    let key = SigningKey::from_bytes(&[4; 32]);
    let certificate = site.certificate(&key, Role::Client);
    let mut hidden = site.node_at(4, certificate, &[], &at_relay);
    let addresses = hidden.addresses().await;
    let met = printer
        .mesh
        .connect(hidden.mesh.node(), &addresses)
        .await
        .unwrap();
    assert_eq!(met.node, hidden.mesh.node());
    // Both sides know that it is a detour, although only the one that dials sees it in the address.
    for (near, far) in [(&printer, &hidden), (&hidden, &printer)] {
        let far = far.mesh.node();
        near.until(|status| {
            let mut members = status.members.iter();
            members.any(|member| member.node == far && member.relayed)
        })
        .await;
    }

    let mut near = printer
        .mesh
        .open(met.node, &[], Protocol::Job)
        .await
        .unwrap();
    let document = vec![7; 1_000_000];
    let mut jobs = hidden.streams.take(Protocol::Job).unwrap();
    let send = async {
        near.write_all(&document).await.unwrap();
        near.shutdown().await.unwrap();
    };
    let receive = async {
        let mut incoming = jobs.recv().await.unwrap();
        let mut carried = Vec::new();
        incoming.stream.read_to_end(&mut carried).await.unwrap();
        carried
    };
    let ((), carried) = timeout(LIMIT, futures::future::join(send, receive))
        .await
        .expect("the document arrives");
    assert_eq!(carried, document);
}
