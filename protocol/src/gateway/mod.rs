//! The gateway: how people print from outside of a site's firewall.
//!
//! A *gateway* is a computer on the Internet and a member of no site. A *door*, a node inside,
//! dials out to it; what they have then is a *link*. A *place* is what has a DNS name of its own
//! at the gateway: a printer or a hold printer. Whoever connects to that name *knocks*, and the
//! gateway passes the bytes of the knock, TLS and all, to a door that has the place open. It reads
//! none of them.
//!
//! [`page`] brings the knocks and the doors of one place together; [`carrier`] makes a stream of
//! bytes out of HTTP requests, for networks that let out nothing else.

pub mod carrier;
pub mod page;
