//! All pages that are open. There is room for so many; a new one takes the place of one where
//! nobody is logged in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use rand::RngExt;
use tokio::time::Instant;

use super::limits;
use super::screen::{Place, Screen, Stage};
use crate::pages::Language;

/// The pages, by their ids.
#[derive(Default)]
pub(super) struct Screens(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    all: BTreeMap<String, Arc<Screen>>,
    /// In the order in which they were opened.
    order: Vec<String>,
}

impl Screens {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new page; none if there is room for no more.
    pub(super) fn open(&self, place: Place, language: Language) -> Option<Arc<Screen>> {
        let mut inner = self.inner();
        if inner.all.len() >= limits::SCREENS {
            inner.make_room()?;
        }
        let bytes: [u8; 16] = rand::rng().random();
        let id = HEXLOWER.encode(&bytes);
        let screen = Arc::new(Screen::new(id.clone(), place, language));
        inner.order.push(id.clone());
        inner.all.insert(id, Arc::clone(&screen));
        Some(screen)
    }

    /// The page with this id.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Screen>> {
        self.inner().all.get(id).cloned()
    }

    /// All pages that are open.
    pub(super) fn all(&self) -> Vec<Arc<Screen>> {
        self.inner().all.values().cloned().collect()
    }

    /// The panel's own page: the newest one on this computer that is open.
    pub(super) fn own(&self) -> Option<Arc<Screen>> {
        let inner = self.inner();
        let newest = inner.order.iter().rev().filter_map(|id| inner.all.get(id));
        let mut here = newest.filter(|screen| screen.place == Place::Here);
        here.find(|screen| screen.state().is_listening()).cloned()
    }

    /// What time changes on all pages.
    pub(super) fn pass_time(&self) {
        let now = Instant::now();
        for screen in self.all() {
            let mut state = screen.state();
            if state.is_gone(now) {
                state.close();
                drop(state);
                self.inner().remove(&screen.id);
            } else if state.pass_time(now) {
                drop(state);
                screen.tell();
            }
        }
    }
}

impl Inner {
    fn make_room(&mut self) -> Option<()> {
        let idle = |id: &&String| {
            self.all
                .get(*id)
                .is_some_and(|screen| matches!(screen.state().stage, Stage::Welcome(_)))
        };
        // Those that nobody looks at first, the panel's own last.
        let worth = |id: &String| {
            let screen = self.all.get(id)?;
            let is_looked_at = screen.state().is_listening();
            Some((is_looked_at, is_looked_at && screen.place == Place::Here))
        };
        let mut idle: Vec<String> = self.order.iter().filter(idle).cloned().collect();
        idle.sort_by_key(worth);
        let oldest = idle.into_iter().next()?;
        if let Some(screen) = self.all.get(&oldest) {
            screen.state().close();
        }
        self.remove(&oldest);
        Some(())
    }

    fn remove(&mut self, id: &str) {
        self.all.remove(id);
        self.order.retain(|other| other != id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn there_is_room_for_so_many_and_the_newest_stays() {
        let screens = Screens::default();
        let first = screens.open(Place::Here, Language::English).unwrap();
        let _listening = first.listen();
        for _ in 0..3 * limits::SCREENS {
            screens.open(Place::Here, Language::English).unwrap();
        }
        assert_eq!(screens.inner().all.len(), limits::SCREENS);
        // Whoever floods the panel with pages does not end the one that somebody looks at.
        assert!(screens.get(&first.id).is_some());
        assert_eq!(screens.own().unwrap().id, first.id);
    }
}
