//! The gateway: how people print from outside of a site's firewall.
//!
//! A *gateway* is a computer on the Internet and a member of no site. A *door*, a node inside,
//! dials out to it; what they have then is a *pipe*. A *place* is what has a DNS name of its own
//! at the gateway: a printer or a hold printer. Whoever connects to that name *knocks*, and the
//! gateway passes the bytes of the knock, TLS and all, to a door that has the place open. It reads
//! none of them.
//!
//! - [`name`]: which names there are under a gateway's domain; [`hello`]: which of them a TLS client asks for
//! - [`contract`]: what a site knows of its gateways; [`admission`]: whom a gateway lets in
//! - [`message`]: what a door and a gateway say to each other
//! - [`page`] brings the knocks and the doors of one place together
//! - [`carrier`] makes a stream of bytes out of HTTP requests, for networks that let out nothing else
//! - [`description`]: what a gateway publishes of itself
//! - [`wake`]: what a mail says to a door that keeps no pipe, and how the door judges it; [`mailbox`]: where that arrives
//! - [`own_name`]: names of a site's own domain, and how their owner agrees
//! - [`record`]: which keys a door's places have, for whoever looks at them from outside; [`sighting`]: what that one tells
//! - [`token`]: what an outsider's program shows instead of a PIN
//! - [`terminated`]: where the gateway ends TLS after all, for programs that know no names

pub mod admission;
pub mod carrier;
pub mod contract;
pub mod description;
pub mod hello;
pub mod mailbox;
pub mod message;
pub mod name;
pub mod own_name;
pub mod page;
pub mod record;
pub mod sighting;
pub mod terminated;
pub mod token;
pub mod wake;
