//! All pages that are open. There is room for so many of the panel's own and for so many of others, and
//! each other computer has a share; a new one takes the place of one where nobody is logged in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use papermesh_web::Origin;
use rand::RngExt;
use tokio::time::Instant;

use super::limits;
use super::screen::{PageLocation, Screen, Stage};
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
    pub(super) fn open(
        &self,
        place: PageLocation,
        origin: Origin,
        language: Language,
    ) -> Option<Arc<Screen>> {
        let mut inner = self.inner();
        if place == PageLocation::Here {
            inner.make_room(limits::SCREENS_HERE, |screen| {
                screen.place == PageLocation::Here
            })?;
        } else {
            let is_away = |screen: &Screen| screen.place != PageLocation::Here;
            inner.make_room(limits::SCREENS_EACH, |screen| {
                is_away(screen) && screen.origin == origin
            })?;
            inner.make_room(limits::SCREENS_AWAY, is_away)?;
        }
        let bytes: [u8; 16] = rand::rng().random();
        let id = HEXLOWER.encode(&bytes);
        let screen = Arc::new(Screen::new(id.clone(), place, origin, language));
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
        let mut here = newest.filter(|screen| screen.place == PageLocation::Here);
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
    /// Makes room for one more of these pages, of which there may be so many.
    fn make_room(&mut self, room: usize, is_meant: impl Fn(&Screen) -> bool) -> Option<()> {
        let pages = self.order.iter().filter_map(|id| self.all.get(id));
        let pages: Vec<&Arc<Screen>> = pages.filter(|screen| is_meant(screen)).collect();
        if pages.len() < room {
            return Some(());
        }
        let is_idle = |screen: &&&Arc<Screen>| matches!(screen.state().stage, Stage::Welcome(_));
        // Those that nobody looks at first.
        let idle = pages.iter().filter(is_idle);
        let oldest = Arc::clone(idle.min_by_key(|screen| screen.state().is_listening())?);
        oldest.state().close();
        self.remove(&oldest.id);
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

    fn open(screens: &Screens, place: PageLocation, origin: Origin) -> Option<Arc<Screen>> {
        screens.open(place, origin, Language::English)
    }

    fn away(last: u8) -> Origin {
        Origin::Away([192, 0, 2, last].into())
    }

    fn type_at(screen: &Screen) {
        screen.state().stage = Stage::Waiting { number: 7 };
    }

    #[test]
    fn there_is_room_for_so_many_and_the_newest_stays() {
        let screens = Screens::default();
        let first = open(&screens, PageLocation::Here, Origin::Here).unwrap();
        let _listening = first.listen();
        for _ in 0..3 * limits::SCREENS_HERE {
            open(&screens, PageLocation::Here, Origin::Here).unwrap();
        }
        assert_eq!(screens.inner().all.len(), limits::SCREENS_HERE);
        // Whoever floods the panel with pages does not end the one that somebody looks at.
        assert!(screens.get(&first.id).is_some());
        assert_eq!(screens.own().unwrap().id, first.id);
    }

    #[test]
    fn pages_of_others_take_no_room_from_the_screen_and_none_from_one_another() {
        let screens = Screens::default();
        // One computer leaves pages open on which somebody is at work,
        let all = std::iter::from_fn(|| open(&screens, PageLocation::Phone, away(1)));
        let all = all.inspect(|screen| type_at(screen)).count();
        assert_eq!(all, limits::SCREENS_EACH);
        // a phone comes in all the same,
        let phone = open(&screens, PageLocation::Phone, away(2)).unwrap();
        let _listening = phone.listen();
        // and stays, though many others come.
        for other in 3..=250 {
            for _ in 0..limits::SCREENS_EACH {
                open(&screens, PageLocation::Phone, away(other)).unwrap();
            }
        }
        assert!(screens.get(&phone.id).is_some());
        assert_eq!(screens.inner().all.len(), limits::SCREENS_AWAY);
        // With every place taken there is one at the panel.
        for screen in screens.all() {
            type_at(&screen);
        }
        assert!(open(&screens, PageLocation::Phone, away(251)).is_none());
        assert!(open(&screens, PageLocation::Here, Origin::Here).is_some());
    }
}
