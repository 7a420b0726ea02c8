//! A site and its nodes made in code: only their mesh, many of them in one process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use ed25519_dalek::SigningKey;
use papermesh_mesh::{self as mesh, Membership, Mesh, MeshConfig, Multiaddr, RecordStorage};
use papermesh_protocol::advert::{AdvertSet, Advertiser, Delegated};
use papermesh_protocol::certificate::{Certificate, Role, Roles};
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::gateway::message::Hello;
use papermesh_protocol::id::{NodeId, RecordKey, Serial, SiteId, UserKey};
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_services::clock;
use papermesh_services::directory::Directory;
use papermesh_store::Store;

/// How long a node may take to listen, and to find its neighbors.
const START: Duration = Duration::from_secs(60);
/// Neighbors that make a node a part of the DHT.
const NEIGHBOURS: usize = 8;
/// The key of every user; they differ in their ids.
const USER_KEY: [u8; 32] = [2; 32];

/// The site of all measurements: every process makes the same one.
pub(crate) struct Site {
    authority: SigningKey,
    charter: Signed<Charter>,
    state: Signed<SiteState>,
}

/// A node of the site.
pub(crate) struct Node {
    key: SigningKey,
    certificate: Signed<Certificate>,
    membership: Arc<Membership>,
    mesh: Mesh,
}

/// Records that are gone with the process.
struct NoStorage;

impl RecordStorage for NoStorage {
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)> {
        Vec::new()
    }
    fn save(&self, _: RecordKey, _: &[u8]) {}
    fn remove(&self, _: RecordKey) {}
}

fn secret() -> SiteSecret {
    SiteSecret::from_bytes([3; 32])
}

impl Site {
    pub(crate) fn new() -> Result<Self> {
        let authority = SigningKey::from_bytes(&[1; 32]);
        let site = SiteId::from(authority.verifying_key());
        let name = "Acme".parse().map_err(|_| anyhow!("the site's name"))?;
        let state = Signed::sign(SiteState::new(site, name), &authority)?;
        // Its root signs as its only admin, too.
        let admin = Admin {
            key: authority.verifying_key().into(),
            node: NodeId::from_bytes([0; 32]),
            since: clock::now(),
        };
        let charter = Signed::sign(Charter::new(site, admin), &authority)?;
        Ok(Self {
            authority,
            charter,
            state,
        })
    }

    /// Its id.
    pub(crate) fn id(&self) -> SiteId {
        self.state.site
    }

    /// The secret key and the certificate of the node with this number.
    pub(crate) fn certified(&self, number: u32) -> Result<([u8; 32], Signed<Certificate>)> {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let key = SigningKey::from_bytes(&seed);
        let now = clock::now();
        let certificate = Certificate {
            site: self.state.site,
            node: NodeId::from(key.verifying_key()),
            sealing: SealingPublic::from_bytes([9; 32]),
            name: format!("node-{number}")
                .parse()
                .map_err(|_| anyhow!("the node's name"))?,
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([seed[0], seed[1], seed[2], seed[3], 0, 0, 0, 0]),
            not_before: now,
            not_after: now + Duration::from_secs(24 * 3600),
            despite: None,
        };
        Ok((seed, Signed::sign(certificate, &self.authority)?))
    }

    /// The secret key of a door with this number, and what it says to a gateway.
    pub(crate) fn door(&self, number: u32) -> Result<([u8; 32], Hello)> {
        let (seed, certificate) = self.certified(number)?;
        let hello = Hello {
            certificate: certificate.envelope().clone(),
            charter: self.charter.envelope().clone(),
            state: self.state.envelope().clone(),
        };
        Ok((seed, hello))
    }

    /// Starts the node with this number; it begins with the members at `bootstrap`.
    pub(crate) async fn node(&self, number: u32, bootstrap: &[Multiaddr]) -> Result<Node> {
        let (seed, certificate) = self.certified(number)?;
        let membership = Arc::new(Membership::new(
            certificate.clone(),
            (self.charter.clone(), self.state.clone()),
            secret(),
            clock::now,
        ));
        let config = MeshConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse()?],
            announce: Vec::new(),
            bootstrap: bootstrap.to_vec(),
            remembered: Vec::new(),
            last_ports: Default::default(),
            mdns: false,
            use_relays: false,
            dht_server: true,
        };
        // Nobody serves streams here: they are refused when their receivers are gone.
        let (mesh, _) = mesh::start(&seed, Arc::clone(&membership), Box::new(NoStorage), config)?;
        let mut status = mesh.watch();
        let listening = status.wait_for(|status| !status.advertised.is_empty());
        drop(
            tokio::time::timeout(START, listening)
                .await
                .context("the node does not listen")??,
        );
        Ok(Node {
            key: SigningKey::from_bytes(&seed),
            certificate,
            membership,
            mesh,
        })
    }
}

impl Node {
    /// Where it is reached, with its peer id.
    pub(crate) fn address(&self) -> Result<Multiaddr> {
        let address = self.mesh.addresses().into_iter().next();
        let address = Multiaddr::try_from(address.context("the node has no address")?)?;
        let peer = mesh::peer_id(self.mesh.node());
        Ok(format!("{address}/p2p/{peer}").parse()?)
    }

    /// Waits until it is connected with enough others, of `nodes` in all.
    pub(crate) async fn settled(&self, nodes: usize) -> Result<()> {
        let enough = NEIGHBOURS.min(nodes - 1);
        let mut status = self.mesh.watch();
        let connected = status.wait_for(|status| status.members.len() >= enough);
        drop(
            tokio::time::timeout(START, connected)
                .await
                .context("a node found too few others")??,
        );
        Ok(())
    }

    /// Publishes that this node holds jobs for a user; gives how many nodes took the advert.
    pub(crate) async fn advertise(&self, user: &UserId) -> Result<usize> {
        let user_key = SigningKey::from_bytes(&USER_KEY);
        let (site, now) = (self.membership.site(), clock::now());
        let delegation = Delegation::new(site, user.clone(), self.mesh.node(), now);
        let advertiser = Advertiser {
            key: &self.key,
            certificate: &self.certificate,
            user,
            delegation: Some(Delegated {
                key: UserKey::from(user_key.verifying_key()),
                delegation: Signed::sign(delegation, &user_key)?.envelope().clone(),
            }),
        };
        let advert = advertiser.sign(0, &self.mesh.addresses(), false, now)?;
        let mut set = AdvertSet::default();
        set.insert(advert);
        let value = DirectoryRecord::Adverts(set).to_bytes()?;
        Ok(self
            .mesh
            .put(lookup::adverts_key(&secret(), user), value)
            .await?)
    }

    /// The directory as this node sees it, with a store in `folder`.
    pub(crate) fn directory(&self, folder: &Path) -> Result<Directory<Mesh>> {
        let store = Store::open(folder)?;
        let membership = Arc::clone(&self.membership);
        Ok(Directory::new(
            store,
            self.mesh.clone(),
            membership,
            self.key.clone(),
        ))
    }
}
