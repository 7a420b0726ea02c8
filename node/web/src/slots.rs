//! Room for connections, and for documents on their way: as many as there are slots. Whoever comes
//! when all are taken gets the slot of the one that has been silent the longest, so that silent ones
//! keep nobody out. Where others have only a share each, a newcomer beyond it takes a silent slot of their own.
//! Nobody takes the slot of one that is vouched for, for as long as it is.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Addresses that are vouched for; of more the latest ones.
const VOUCHED: usize = 64;

/// All slots.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    free: usize,
    /// Silent ones, those that fell silent first first.
    silent: BTreeMap<u64, Silent>,
    next: u64,
    /// Slots that one of those may have who are told apart.
    each: usize,
    /// How many they have.
    shares: BTreeMap<IpAddr, usize>,
    /// Those of them from whom somebody came who is vouched for, and until when; the latest last.
    vouched: VecDeque<(IpAddr, CancellationToken)>,
}

#[derive(Debug)]
struct Silent {
    whose: Option<IpAddr>,
    /// Until when whoever has it is vouched for, if so.
    vouched: Option<CancellationToken>,
    lost: CancellationToken,
}

impl Silent {
    fn is_vouched_for(&self) -> bool {
        self.vouched.as_ref().is_some_and(holds)
    }
}

/// Whether somebody is vouched for still.
fn holds(until: &CancellationToken) -> bool {
    !until.is_cancelled()
}

/// One slot. Whoever takes it is silent at first.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    /// Whose it is, where that counts.
    whose: Option<IpAddr>,
    standing: Mutex<Standing>,
    /// Until when whoever has the slot is vouched for, if so.
    vouched: watch::Sender<Option<CancellationToken>>,
    /// Somebody else has the slot now.
    pub lost: CancellationToken,
}

/// How whoever has a slot stands.
#[derive(Debug)]
struct Standing {
    /// The place among the silent ones; none if not silent.
    place: Option<u64>,
    /// What there is to do: an answer, and what goes on after it.
    at_work: usize,
}

/// While it exists, whoever has the slot is at work and keeps it, but for the times of
/// [`Slot::rest`].
pub struct AtWork(Arc<Slot>);

impl Slots {
    /// So many slots, for whoever comes.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self::shared(count, count)
    }

    /// The same, where each of those who are told apart may have so many.
    pub fn shared(count: usize, each: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            free: count,
            silent: BTreeMap::new(),
            next: 0,
            each,
            shares: BTreeMap::new(),
            vouched: VecDeque::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot; none if all are taken by those at work or vouched for.
    pub fn take(&self) -> Option<Slot> {
        self.slot(None)
    }

    /// A slot for somebody who may have a share; none if all of those are taken by those at work or vouched for.
    pub(crate) fn take_for(&self, whose: IpAddr) -> Option<Slot> {
        self.slot(Some(whose))
    }

    fn slot(&self, whose: Option<IpAddr>) -> Option<Slot> {
        let mut inner = self.inner();
        let has = whose.and_then(|whose| inner.shares.get(&whose).copied());
        if has.is_some_and(|has| has >= inner.each) {
            inner.evict_of(whose)?;
        } else if inner.free > 0 {
            inner.free -= 1;
        } else {
            inner.evict_stranger()?;
        }
        if let Some(whose) = whose {
            *inner.shares.entry(whose).or_default() += 1;
        }
        let lost = CancellationToken::new();
        let place = inner.fall_silent(Silent {
            whose,
            vouched: None,
            lost: lost.clone(),
        });
        drop(inner);
        Some(Slot {
            slots: self.clone(),
            whose,
            standing: Mutex::new(Standing {
                place: Some(place),
                at_work: 0,
            }),
            vouched: watch::Sender::new(None),
            lost,
        })
    }
}

impl Inner {
    fn fall_silent(&mut self, silent: Silent) -> u64 {
        let place = self.next;
        self.next += 1;
        self.silent.insert(place, silent);
        place
    }

    /// Takes the slot of the one from this address that has been silent the longest.
    fn evict_of(&mut self, whose: Option<IpAddr>) -> Option<()> {
        let is_meant = |silent: &Silent| silent.whose == whose && !silent.is_vouched_for();
        let place = self.silent.iter().find(|(_, silent)| is_meant(silent));
        self.evict(*place?.0)
    }

    /// The same, of all those of whom nothing is known.
    fn evict_stranger(&mut self) -> Option<()> {
        let is_known = |silent: &Silent| {
            let mut vouched = self.vouched.iter();
            silent.is_vouched_for()
                || vouched.any(|(whose, until)| silent.whose == Some(*whose) && holds(until))
        };
        let place = self.silent.iter().find(|(_, silent)| !is_known(silent));
        self.evict(*place?.0)
    }

    fn evict(&mut self, place: u64) -> Option<()> {
        let silent = self.silent.remove(&place)?;
        silent.lost.cancel();
        self.give_back_share(silent.whose);
        Some(())
    }

    fn give_back_share(&mut self, whose: Option<IpAddr>) {
        let Some(whose) = whose else {
            return;
        };
        if let Some(has) = self.shares.get_mut(&whose) {
            *has = has.saturating_sub(1);
            if *has == 0 {
                self.shares.remove(&whose);
            }
        }
    }
}

impl Slot {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to do, besides what there is already.
    pub fn work(self: &Arc<Self>) -> AtWork {
        self.standing().at_work += 1;
        self.resume();
        AtWork(Arc::clone(self))
    }

    /// Whoever has the slot has shown who it is: until that is withdrawn it keeps it while it is silent, too, and so do
    /// connections that come from the same address. One address has its share of them and no more.
    pub fn vouch(&self, until: &CancellationToken) {
        let standing = self.standing();
        let mut inner = self.slots.inner();
        self.vouched.send_replace(Some(until.clone()));
        let silent = standing
            .place
            .and_then(|place| inner.silent.get_mut(&place));
        if let Some(silent) = silent {
            silent.vouched = Some(until.clone());
        }
        if let Some(whose) = self.whose {
            inner
                .vouched
                .retain(|(known, until)| *known != whose && holds(until));
            inner.vouched.push_back((whose, until.clone()));
            if inner.vouched.len() > VOUCHED {
                inner.vouched.pop_front();
            }
        }
    }

    /// Waits until whoever has the slot was vouched for and is no more.
    pub async fn disowned(&self) {
        let mut vouched = self.vouched.subscribe();
        loop {
            let until = vouched.borrow_and_update().clone();
            tokio::select! {
                () = until.unwrap_or_default().cancelled_owned() => return,
                // Somebody else may be shown on the same connection.
                _ = vouched.changed() => {}
            }
        }
    }

    /// Whoever has the slot is waited for: it is silent.
    pub fn rest(&self) {
        let mut standing = self.standing();
        let mut inner = self.slots.inner();
        if standing.place.is_none() && !self.lost.is_cancelled() {
            standing.place = Some(inner.fall_silent(Silent {
                whose: self.whose,
                vouched: self.vouched.borrow().clone(),
                lost: self.lost.clone(),
            }));
        }
    }

    /// It is not silent any more.
    pub fn resume(&self) {
        let mut standing = self.standing();
        if let Some(place) = standing.place.take() {
            self.slots.inner().silent.remove(&place);
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let left = {
            let mut standing = self.0.standing();
            standing.at_work = standing.at_work.saturating_sub(1);
            standing.at_work
        };
        if left == 0 {
            self.0.rest();
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.resume();
        let mut inner = self.slots.inner();
        // An evicted slot now belongs to its successor, which frees it.
        if !self.lost.is_cancelled() {
            inner.free += 1;
            inner.give_back_share(self.whose);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_longest_silent_one_goes_and_those_at_work_stay() {
        let slots = Slots::new(2);
        let take = || slots.take().map(Arc::new);
        let (first, second) = (take().unwrap(), take().unwrap());
        let working = first.work();
        let third = take().unwrap();
        assert!(second.lost.is_cancelled() && !first.lost.is_cancelled());
        let at_work = third.work();
        assert!(take().is_none());
        drop(at_work);
        let fourth = take().unwrap();
        assert!(third.lost.is_cancelled());
        // Who is at work and waited for is silent, too.
        let waited_for = fourth.work();
        fourth.rest();
        let fifth = take().unwrap();
        assert!(fourth.lost.is_cancelled() && !first.lost.is_cancelled());
        drop(waited_for);
        // What goes on after an answer is work as well.
        drop(first.work());
        assert!(take().is_some() && !first.lost.is_cancelled());
        drop((working, second, third, fourth, fifth));
        drop(first);
        assert_eq!(slots.inner().free, 2);
        assert!(slots.inner().silent.is_empty());
    }

    #[test]
    fn nobody_takes_the_slot_of_one_that_is_vouched_for() {
        let slots = Slots::shared(4, 2);
        let take = |last: u8| slots.take_for([192, 0, 2, last].into()).map(Arc::new);
        let until = CancellationToken::new();
        let first = take(1).unwrap();
        drop(first.work());
        first.vouch(&until);
        // Nor of another one from there, which had no time to show who it is.
        let second = take(1).unwrap();
        let strangers: Vec<_> = (2..40).map(|last| take(last).unwrap()).collect();
        assert!(!first.lost.is_cancelled() && !second.lost.is_cancelled());
        let lost = strangers.iter().filter(|slot| slot.lost.is_cancelled());
        assert_eq!(lost.count(), strangers.len() - 2);
        // It takes no more than its share: of those the one that has not shown it.
        let third = take(1).unwrap();
        assert!(second.lost.is_cancelled() && !first.lost.is_cancelled());
        third.vouch(&until);
        assert!(take(1).is_none());
        drop(first);
        assert!(take(1).is_some());
        drop((second, third, strangers));
        assert_eq!(slots.inner().free, 4);

        // Where addresses are not told apart it is the slot that counts.
        let here = Slots::new(1);
        let only = Arc::new(here.take().unwrap());
        only.vouch(&until);
        assert!(here.take().is_none());
        assert!(!only.lost.is_cancelled());
    }

    #[tokio::test]
    async fn nobody_is_vouched_for_longer_than_that_holds() {
        let slots = Slots::shared(2, 2);
        let take = |last: u8| slots.take_for([192, 0, 2, last].into()).map(Arc::new);
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let (one, other) = (take(1).unwrap(), take(1).unwrap());
        one.vouch(&first);
        // It shows another token, and what was withdrawn is not its own any more.
        one.vouch(&second);
        first.cancel();
        assert!(one.disowned().now_or_never().is_none());
        assert!(take(2).is_none());
        second.cancel();
        one.disowned().await;
        // Neither its slot nor another one from there is kept.
        let _others = (take(2).unwrap(), take(3).unwrap());
        assert!(one.lost.is_cancelled() && other.lost.is_cancelled());
        assert!(other.disowned().now_or_never().is_none());
    }

    #[test]
    fn nobody_takes_more_than_a_share() {
        let slots = Slots::shared(4, 2);
        let take = |last: u8| slots.take_for([192, 0, 2, last].into()).map(Arc::new);
        let (first, second) = (take(1).unwrap(), take(1).unwrap());
        let other = take(2).unwrap();
        // One more takes an own one that is silent, though there is room;
        let third = take(1).unwrap();
        assert!(first.lost.is_cancelled() && !other.lost.is_cancelled());
        // and none where all are at work.
        let at_work = (second.work(), third.work());
        assert!(take(1).is_none());
        assert!(take(2).is_some());
        drop(at_work);
        drop((first, second, third, other));
        let inner = slots.inner();
        assert_eq!((inner.free, inner.shares.len()), (4, 0));
    }
}
