//! Terminated mode: the gateway ends TLS for a place, and reads all that passes.
//!
//! It is for programs that ask for no name in TLS, or that know the addresses of an older kind alone:
//! `ipps://GATEWAY/ALIAS`. It is off unless the gateway's provider and the site's admin both switch it on.
//!
//! - [`allowed`]: at which gateways the site allows it
//! - [`alias`]: which texts may ask for a place, and why one does not
//! - [`uris`]: what the same thing is called at the gateway and at the place
//! - [`client`]: who asks, as the gateway tells the door: in headers, or in IPP
//! - [`rewrite`]: an IPP message on its way, whose URIs are replaced and which is told, or loses, who asks
//!
//! On a pipe it has streams of its own ([`super::message::Head::Terminated`]), each with one request.

pub mod alias;
pub mod allowed;
pub mod client;
pub mod rewrite;
pub mod uris;

/// The name and version of what is spoken on such a stream.
pub const PROTOCOL: &str = "/papermesh/gateway-ended/1";
