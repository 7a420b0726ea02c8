//! How a node listens for HTTP, and makes that known.
//!
//! This crate may know sockets, TLS, HTTP and names on the local network ([`dnssd`]). It may not know what is answered:
//! that is the business of those who listen, which are the hold printer, the panel and the portal.
//!
//! It gives a listener connections, room for as many as there are slots and as often as a rate allows, whose program
//! asks from this computer, and whether whoever asks meant this computer at all.
//!
//! HTTP and HTTPS share a port: a TLS handshake begins with a byte that no HTTP request begins
//! with.
#![forbid(unsafe_code)]

pub mod dnssd;

mod account;
mod certificate;
mod host;
mod knocks;
mod listener;
mod public;
mod reach;
mod seated;
mod site;
mod slots;

pub use account::{Account, Behind};
pub use certificate::{CertificateError, Certificates};
pub use knocks::{Arrival, Asked, Knocks};
pub use listener::{ListenError, Listener, Patience, Peer, Way};
pub use public::{
    Challenge, PublicCertificate, PublicCertificateError, PublicCertificates, signing_request,
};
pub use site::{FromSite, SiteCertificate, SiteCertificateError, ToListeners};

pub use certificate::host_name;
pub use host::{is_fixed, is_own_name, is_this_computer, name_of};
pub use papermesh_pace::{Origin, Pace, Rate, Rates, network_of};
pub use reach::{is_in_own_network, own_addresses, reachable};
pub use slots::{AtWork, Slot, Slots};
