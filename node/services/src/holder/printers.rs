//! The site's printers as this computer knows them: those that it has met, now or earlier.
//!
//! A printer's name and role are what its certificate says, so nobody has to keep a list. What a
//! printer can do it says itself when it is asked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_mesh::{MeshError, Protocol};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::direct::{Abilities, Answer, Request};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{PEERS_MAX, RememberedPeer, Store, StoreError};

use super::Holder;
use crate::network::{self, LinkError, Network, Opening};

/// How long a printer may take to be reached.
pub(super) const REACH: Duration = Duration::from_secs(15);
/// How long a printer may take to ask its device what it can do.
const DESCRIBE: Duration = Duration::from_secs(15);

/// A printer of the site.
#[derive(Clone, Debug)]
pub struct KnownPrinter {
    /// Its certificate, which was good when it was looked at.
    pub certificate: Signed<Certificate>,
    /// Where it was reached, as binary multiaddrs.
    pub addresses: Vec<Vec<u8>>,
    /// When it was last connected.
    pub last_seen: Timestamp,
}

impl KnownPrinter {
    /// Its node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.certificate.node
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.certificate.name
    }
}

/// Why a printer was not found or said nothing.
#[derive(Debug, thiserror::Error)]
pub enum PrinterError {
    /// No printer that this computer ever met is called so.
    #[error("this computer has never met a printer named {0:?} (it knows {1})")]
    Unknown(String, String),
    /// More than one is.
    #[error("{1} printers are named {0:?}")]
    Ambiguous(String, usize),
    /// It cannot be reached.
    #[error("the printer cannot be reached: {0}")]
    Unreachable(#[from] MeshError),
    /// It does not answer, or not properly.
    #[error("the printer does not answer")]
    Silent,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for PrinterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Unknown(..) => "check the name with `papermesh printers`",
            Self::Ambiguous(..) => "use the beginning of the node id instead",
            Self::Unreachable(error) => return error.remedy(),
            Self::Store(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl<N: Network> Holder<N> {
    /// The printers that this computer has met and that are members still, by name.
    pub async fn printers(&self) -> Result<Vec<KnownPrinter>, StoreError> {
        let membership = Arc::clone(&self.0.membership);
        offload(&self.0.store, move |store: &Store| {
            let now = membership.now();
            let known = |(node, peer): (NodeId, RememberedPeer)| {
                let certificate = peer.certificate?;
                Some(KnownPrinter {
                    certificate: membership
                        .judge(|judge| Certificate::verify_of(&certificate, node, judge))
                        .ok()?,
                    addresses: peer.addresses.into_iter().map(|a| a.into_vec()).collect(),
                    last_seen: peer.last_seen,
                })
            };
            let peers = store.peers().scan(None, PEERS_MAX)?;
            let mut printers: Vec<_> = peers.into_iter().filter_map(known).collect();
            // A computer with a printer of its own.
            printers.push(KnownPrinter {
                certificate: (*membership.certificate()).clone(),
                addresses: Vec::new(),
                last_seen: now,
            });
            printers.retain(|printer| printer.certificate.roles.has(Role::Printer));
            printers
                .sort_by(|a, b| (a.name().as_str(), a.node()).cmp(&(b.name().as_str(), b.node())));
            Ok(printers)
        })
        .await
    }

    /// The one printer that a person means: by its name, whatever the case, or by the beginning of
    /// its node id. Of several of one name, of which only one was seen lately, none is chosen: a
    /// document at the wrong printer cannot be taken back.
    pub async fn printer(&self, named: &str) -> Result<KnownPrinter, PrinterError> {
        let printers = self.printers().await?;
        let wanted = named.trim().to_lowercase();
        let is_named = |printer: &&KnownPrinter| printer.name().as_str().to_lowercase() == wanted;
        let mut found: Vec<_> = printers.iter().filter(is_named).collect();
        if found.is_empty() && wanted.len() >= ID_DIGITS {
            found = printers
                .iter()
                .filter(|printer| printer.node().to_string().starts_with(&wanted))
                .collect();
        }
        match found[..] {
            [printer] => Ok(printer.clone()),
            [] => {
                let names: Vec<_> = printers.iter().map(|p| p.name().as_str()).collect();
                let names = match names.is_empty() {
                    true => "none".to_owned(),
                    false => names.join(", "),
                };
                Err(PrinterError::Unknown(named.to_owned(), names))
            }
            _ => Err(PrinterError::Ambiguous(named.to_owned(), found.len())),
        }
    }

    /// Asks a printer what it can do; takes as long as its device takes to answer.
    pub async fn abilities(&self, printer: &KnownPrinter) -> Result<Abilities, PrinterError> {
        let opening = Opening {
            protocol: Protocol::Direct,
            question: &|_| Some(Request::Describe),
            max: limits::DIRECT_MESSAGE,
            reach: REACH,
            wait: DESCRIBE,
        };
        let (network, node) = (&self.0.network, printer.node());
        match network::begin(network, node, &printer.addresses, opening).await {
            Ok((_, Answer::Described(abilities))) => {
                let abilities = abilities.bounded();
                self.0.abilities.heard(printer.node(), &abilities);
                Ok(abilities)
            }
            Err(LinkError::Mesh(error)) => Err(error.into()),
            _ => Err(PrinterError::Silent),
        }
    }

    /// What a printer said last that it can do, if it was asked since this node was started. For
    /// those who cannot wait for a device.
    #[must_use]
    pub fn known_abilities(&self, printer: NodeId) -> Option<Abilities> {
        self.0.abilities.known().get(&printer).cloned()
    }
}

impl<N> Holder<N> {
    /// What all printers said last that they can do, as far as they were asked since this node was
    /// started.
    #[must_use]
    pub fn all_known_abilities(&self) -> Vec<Abilities> {
        self.0.abilities.known().values().cloned().collect()
    }
}

/// What printers said that they can do.
#[derive(Default)]
pub(super) struct Heard(Mutex<BTreeMap<NodeId, Abilities>>);

impl Heard {
    fn known(&self) -> MutexGuard<'_, BTreeMap<NodeId, Abilities>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, printer: NodeId, abilities: &Abilities) {
        let mut known = self.known();
        if known.len() >= REMEMBERED && !known.contains_key(&printer) {
            known.pop_first();
        }
        known.insert(printer, abilities.clone());
    }
}

/// Printers of which it is remembered what they can do.
const REMEMBERED: usize = 256;

/// The fewest digits of a node id that name a printer.
const ID_DIGITS: usize = 8;
