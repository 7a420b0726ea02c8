//! The page of a place, for people outside the site who have a browser and a print token: to print a file
//! into the hold, to see what they printed, to find the site's printers, and to add the place as a printer of
//! their own system.
//!
//! It needs no script. The hold printer has looked at the token before anything comes here
//! ([`papermesh_ipp::Browsing`]), and everything here is done in the name of that token.
//!
//! - `routes`: what a browser may ask
//! - `upload`: from a form to held jobs
//! - `view`: what is shown

mod limits;
mod routes;
mod upload;
mod view;

use std::sync::Arc;

use axum::Router;
use papermesh_ipp::queue::Queue;
use papermesh_protocol::text::Name;
use tokio::sync::Semaphore;

/// What the page needs.
struct OutsideServer<Q> {
    queue: Q,
    /// What the site is called.
    site: Name,
    /// Forms with files that may be taken at once.
    room: Semaphore,
}

/// The page of a site's places.
pub(crate) fn pages<Q: Queue>(queue: Q, site: Name) -> Router {
    routes::router(Arc::new(OutsideServer {
        queue,
        site,
        room: Semaphore::new(limits::UPLOADS),
    }))
}
