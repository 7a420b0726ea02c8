//! How a node listens for HTTP: connections, TLS, room for as many as there are seats, whose program
//! asks from this computer, and whether whoever asks meant this computer at all. What is answered is the business of those who listen:
//! the hold printer ([`crate::ipp`]), the panel ([`crate::panel`]) and the portal ([`crate::portal`]).
//!
//! HTTP and HTTPS share a port: a TLS handshake begins with a byte that no HTTP request begins
//! with.

mod account;
mod certificate;
mod host;
mod listener;
mod reach;
mod seats;
mod site;

pub use account::{Account, Behind};
pub use certificate::{CertificateError, Certificates};
pub use listener::{ListenError, Listener, Patience, Peer};
pub use site::{FromSite, SiteCertificate, SiteCertificateError, ToListeners};

pub(crate) use certificate::host_name;
pub(crate) use host::{is_fixed, is_own_name, is_this_computer, name_of};
pub(crate) use reach::{own_addresses, reachable};
pub(crate) use seats::{AtWork, Seat, Seats};
