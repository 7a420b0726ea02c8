//! What goes on for as long as a knock: its seat at its place, and what is noted of it when it is over.

use std::sync::Arc;

use papermesh_protocol::gateway::page::KnockId;
use papermesh_protocol::id::SiteId;

use crate::clock;
use crate::ledger::{Ledger, Usage};
use crate::places::Places;
use crate::splice::Moved;

/// Says that a knock is over when it is dropped.
pub(crate) struct Seated {
    pub(crate) places: Arc<Places>,
    pub(crate) knock: KnockId,
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.places.ended(self.knock, clock::moment());
    }
}

/// Notes what a knock used when it is dropped, however it ended.
pub(crate) struct Noted {
    pub(crate) places: Arc<Places>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) site: SiteId,
    pub(crate) moved: Arc<Moved>,
}

impl Drop for Noted {
    fn drop(&mut self) {
        let used = Usage {
            knocks: 1,
            bytes_in: self.moved.inward(),
            bytes_out: self.moved.outward(),
            places: self.places.taken_of(self.site),
            ..Usage::default()
        };
        self.ledger.note(self.site, used);
    }
}
