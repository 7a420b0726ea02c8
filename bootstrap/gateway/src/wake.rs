//! Wakes doors by mail: how often, and how that is sent.
//!
//! A place's page says when its door is wanted and when nobody waits any more, and keeps the limits of one place (see
//! [`papermesh_protocol::gateway::page`]). Here are the limits that go over more than one place, in [`Wakes`], which has
//! neither clock nor sockets; [`Mail`], to which pages turn; and [`Caller`], which writes letters and submits them.
//!
//! Whoever opens a place says to which address its wakes go. Whose that is shows only when a door says the nonce of a
//! wake, which stands in a mail alone. Until then a mailbox gets few mails: [`IN_VAIN_PER_DAY`], from all sites together,
//! whether doors come or not. So does one whose door came once and comes no more.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_mail::MailError;
use papermesh_mail::message::Addresses;
use papermesh_mail::submit::Submitter;
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::gateway::wake::{Callee, Letter, LetterError, Order, Wake};
use papermesh_protocol::id::{GatewayId, SiteId, WakeNonce};
use papermesh_protocol::limits;
use papermesh_protocol::time::{Moment, Timestamp};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinSet;

use crate::clock;
use crate::owners::At;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Mails within a day that were in vain, until an address gets no more.
const IN_VAIN_PER_DAY: usize = 10;
/// Addresses whose mails in vain are remembered. With more, nobody is woken whose address is not among them.
const ADDRESSES: usize = 16 * 1024;
/// Mails that are being submitted at once.
const SUBMITTED: usize = 16;

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Where somebody waits, or does not any more.
    pub(crate) at: At,
    /// Whose door that is.
    pub(crate) callee: Callee,
    /// What it is told.
    pub(crate) wake: Wake,
}

/// Which wakes were sent, and how many more may be. Counted by a clock that nobody sets; wakes say the time of day.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    /// Wakes of each site within an hour, at most [`limits::WAKES_OF_SITE`].
    of_site: HashMap<SiteId, VecDeque<Timestamp>>,
    /// Mails to each address within a day that were in vain so far, at most [`IN_VAIN_PER_DAY`].
    in_vain: HashMap<String, VecDeque<Timestamp>>,
    /// Wakes that a door may believe still. A page sends [`limits::WAKES_PER_HOUR`].
    sent: BTreeMap<At, Vec<Sent>>,
}

/// A wake that a door may believe still.
#[derive(Debug)]
struct Sent {
    call: Call,
    /// Whether a door came after it, so that it is not taken back.
    is_answered: bool,
}

impl Wakes {
    /// Whether a mail may be sent now: what a page is told as `may_wake`.
    pub(crate) fn may(&mut self, at: &At, callee: &Callee, moment: Moment) -> bool {
        let now = moment.steady;
        let most = usize::from(limits::WAKES_OF_SITE);
        let site_may = self
            .of_site
            .get_mut(&at.0)
            .is_none_or(|times| within(times, HOUR, now) < most);
        let address = callee.mailbox.mailbox();
        let address_may = match self.in_vain.get_mut(&address) {
            Some(times) => within(times, DAY, now) < IN_VAIN_PER_DAY,
            None => self.in_vain.len() < ADDRESSES || self.make_room(now),
        };
        site_may && address_may
    }

    /// A page wakes its door. It gave [`may`](Self::may) as `may_wake` before; the wake is good for `wait`, which is how
    /// long the page waits for the door. The mail is in vain until the door shows otherwise.
    pub(crate) fn connect(
        &mut self,
        at: &At,
        callee: Callee,
        (nonce, wait): (WakeNonce, Duration),
        moment: Moment,
    ) -> Call {
        let now = moment.now;
        let wake = callee.wake(at.0, nonce, (now, wait));
        let at = at.clone();
        let call = Call { at, callee, wake };
        let times = self.of_site.entry(call.at.0).or_default();
        times.push_back(moment.steady);
        let address = call.callee.mailbox.mailbox();
        if self.in_vain.contains_key(&address) || self.in_vain.len() < ADDRESSES {
            let times = self.in_vain.entry(address).or_default();
            times.push_back(moment.steady);
        }
        let sent = self.sent.entry(call.at.clone()).or_default();
        sent.retain(|earlier| is_alive(&earlier.call.wake, now));
        sent.push(Sent {
            call: call.clone(),
            is_answered: false,
        });
        call
    }

    /// A page takes back what it sent, because no door came: one mail for each wake that may still arrive in time.
    pub(crate) fn cancel(&mut self, at: &At, moment: Moment) -> Vec<Call> {
        let now = moment.now;
        let sent = self.sent.remove(at).unwrap_or_default();
        let unanswered = sent
            .into_iter()
            .filter(|sent| !sent.is_answered && is_alive(&sent.call.wake, now));
        unanswered
            .map(|Sent { call, .. }| Call {
                wake: call.wake.cancel(now),
                ..call
            })
            .collect()
    }

    /// A door came: what was sent is not taken back. If it is known to read this mailbox, mails to there are not in vain.
    pub(crate) fn opened(&mut self, at: &At, reads: Option<&MailAddress>) {
        for sent in self.sent.get_mut(at).into_iter().flatten() {
            sent.is_answered = true;
        }
        if let Some(mailbox) = reads {
            self.in_vain.remove(&mailbox.mailbox());
        }
    }

    /// A door says a nonce: the mailbox that it reads, if a mail with that nonce went there.
    pub(crate) fn heard(
        &mut self,
        at: &At,
        nonce: WakeNonce,
        now: Timestamp,
    ) -> Option<MailAddress> {
        let sent = self.sent.get(at)?.iter();
        let mailbox = sent
            .map(|sent| &sent.call)
            .find(|call| call.wake.nonce == nonce && is_alive(&call.wake, now))
            .map(|call| call.callee.mailbox.clone())?;
        self.in_vain.remove(&mailbox.mailbox());
        Some(mailbox)
    }

    /// A mail was not sent, for which its mailbox can do nothing: it does not count.
    pub(crate) fn was_not_sent(&mut self, call: &Call) {
        if let Some(sent) = self.sent.get_mut(&call.at) {
            sent.retain(|sent| sent.call.wake.nonce != call.wake.nonce);
        }
        if let Some(times) = self.in_vain.get_mut(&call.callee.mailbox.mailbox()) {
            times.pop_back();
        }
    }

    /// Forgets what does not count any more. Whoever drives this calls it once a minute.
    pub(crate) fn tick(&mut self, moment: Moment) {
        self.of_site
            .retain(|_, times| within(times, HOUR, moment.steady) > 0);
        self.sent.retain(|_, sent| {
            sent.retain(|sent| is_alive(&sent.call.wake, moment.now));
            !sent.is_empty()
        });
        self.make_room(moment.steady);
    }

    fn make_room(&mut self, now: Timestamp) -> bool {
        self.in_vain.retain(|_, times| within(times, DAY, now) > 0);
        self.in_vain.len() < ADDRESSES
    }
}

/// Drops the times that are longer ago than that; how many are left.
fn within(times: &mut VecDeque<Timestamp>, long: Duration, now: Timestamp) -> usize {
    times.retain(|time| now.since(*time) < long);
    times.len()
}

/// Whether a door may still believe it, by its own clock.
fn is_alive(wake: &Wake, now: Timestamp) -> bool {
    now <= wake.until + limits::CLOCK_SKEW
}

/// Wakes doors and takes that back, as pages want it.
pub(crate) struct Mail {
    /// The gateway, which is to be dialed.
    pub(crate) gateway: GatewayId,
    /// Takes the mails that are to be sent.
    pub(crate) calls: mpsc::Sender<Call>,
    /// What was sent.
    pub(crate) wakes: Wakes,
}

impl Mail {
    /// Wakes a door, for which a page waits so long.
    pub(crate) fn wake(&mut self, at: &At, callee: Callee, wait: Duration, moment: Moment) {
        let nonce = WakeNonce::from_bytes(rand::random());
        let call = self.wakes.connect(at, callee, (nonce, wait), moment);
        self.send(call);
    }

    /// Takes back what was sent: no door came.
    pub(crate) fn cancel(&mut self, at: &At, moment: Moment) {
        for call in self.wakes.cancel(at, moment) {
            self.send(call);
        }
    }

    fn send(&mut self, call: Call) {
        // A mail that would wait for others is worth nothing when it goes out.
        if let Err(error) = self.calls.try_send(call) {
            let (TrySendError::Full(call) | TrySendError::Closed(call)) = error;
            tracing::warn!(place = %call.callee.place, "too many mails wait to be sent");
            self.was_not_sent(&call);
        }
    }

    /// A mail was not sent, for which its mailbox can do nothing.
    pub(crate) fn was_not_sent(&mut self, call: &Call) {
        // A cancel was counted with its wake.
        if call.wake.order == Order::Connect {
            self.wakes.was_not_sent(call);
        }
    }
}

/// Writes letters and submits them.
pub(crate) struct Caller {
    /// The gateway's key, which signs.
    pub(crate) key: SigningKey,
    /// The address that they come from.
    pub(crate) from: MailAddress,
    /// Submits.
    pub(crate) submitter: Submitter,
}

/// Why a door was not called.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The letter could not be written.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// It could not be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
}

impl Caller {
    /// Sends what comes, [`SUBMITTED`] mails at a time, and tells how each went. Ends when nobody sends or listens any
    /// more.
    pub(crate) async fn run(
        self,
        mut calls: mpsc::Receiver<Call>,
        done: mpsc::Sender<(Call, Result<(), CallError>)>,
    ) {
        let this = Arc::new(self);
        let mut under_way = JoinSet::new();
        loop {
            let has_room = under_way.len() < SUBMITTED;
            tokio::select! {
                call = calls.recv(), if has_room => match call {
                    Some(call) => {
                        let this = this.clone();
                        under_way.spawn(async move {
                            let sent = this.send(&call).await;
                            (call, sent)
                        });
                    }
                    None => break,
                },
                Some(sent) = under_way.join_next() => {
                    let Ok(sent) = sent else { continue };
                    if done.send(sent).await.is_err() {
                        break;
                    }
                }
            }
        }
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let letter = Letter::sign(call.wake.clone(), &self.key, None)?;
        let part = letter.seal(&call.callee.sealing, &mut rand::rng())?;
        let addresses = Addresses::of_program(self.from.as_str(), call.callee.mailbox.as_str())?;
        let wait = match call.wake.order {
            // After that the wake is of no use.
            Order::Connect => call.wake.until.since(clock::now()),
            // It comes at the end of that, and a door whose clock is behind may still believe the wake.
            Order::Cancel => limits::CLOCK_SKEW,
        };
        Ok(self.submitter.send(&part, &addresses, wait).await?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::seal::SealingSecret;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const WAIT: Duration = Duration::from_secs(60);

    fn site(number: u8) -> SiteId {
        SiteId::from_bytes([number; 32])
    }

    fn at(number: u8) -> At {
        (site(number), Some("front-desk".parse().unwrap()))
    }

    fn callee(mailbox: &str) -> Callee {
        Callee {
            gateway: GatewayId::from_bytes([9; 32]),
            place: "front-desk.acme.gw.example".parse().unwrap(),
            mailbox: mailbox.parse().unwrap(),
            sealing: SealingSecret::from_bytes([1; 32]).public(),
        }
    }

    fn wake(wakes: &mut Wakes, at: &At, nonce: u8, now: Timestamp) -> Call {
        let nonce = WakeNonce::from_bytes([nonce; 16]);
        wakes.connect(at, callee("hall@acme.example"), (nonce, WAIT), now.into())
    }

    fn to_nobody(wakes: &mut Wakes, at: &At, number: usize) {
        let callee = callee(&format!("nobody{number}@elsewhere.example"));
        wakes.connect(
            at,
            callee,
            (WakeNonce::from_bytes([1; 16]), WAIT),
            NOW.into(),
        );
    }

    fn minutes(minutes: u64) -> Timestamp {
        NOW + Duration::from_secs(60 * minutes)
    }

    /// Whether no more goes to a mailbox.
    fn is_blocked(wakes: &mut Wakes, mailbox: &str, now: Timestamp) -> bool {
        !wakes.may(&at(3), &callee(mailbox), now.into())
    }

    #[test]
    fn a_site_has_so_many_wakes_in_an_hour() {
        let mut wakes = Wakes::default();
        let mailbox = callee("hall@acme.example");
        let reads = "hall@acme.example".parse().unwrap();
        for _ in 0..limits::WAKES_OF_SITE {
            assert!(wakes.may(&at(1), &mailbox, NOW.into()));
            wake(&mut wakes, &at(1), 1, NOW);
            wakes.opened(&at(1), Some(&reads));
        }
        assert!(!wakes.may(&at(1), &mailbox, minutes(59).into()));
        assert!(wakes.may(&at(2), &mailbox, minutes(59).into()));
        assert!(wakes.may(&at(1), &mailbox, minutes(60).into()));
    }

    #[test]
    fn a_mailbox_that_nobody_shows_to_read_gets_no_more_though_doors_come() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            let now = minutes(number);
            // Other sites and other ways to write the address make no difference.
            let (at, mailbox) = match number % 2 {
                0 => (at(1), callee("hall@acme.example")),
                _ => (at(2), callee("Hall+wake@ACME.example")),
            };
            assert!(wakes.may(&at, &mailbox, now.into()));
            let nonce = WakeNonce::from_bytes([u8::try_from(number).unwrap(); 16]);
            wakes.connect(&at, mailbox, (nonce, WAIT), now.into());
            wakes.opened(&at, None);
            // That the door was not called for.
            let other = WakeNonce::from_bytes([99; 16]);
            assert_eq!(wakes.heard(&at, other, now), None);
        }
        assert!(is_blocked(&mut wakes, "hall@acme.example", minutes(30)));
        assert!(!is_blocked(&mut wakes, "desk@acme.example", minutes(30)));
        let next_day = NOW + DAY + Duration::from_secs(600);
        assert!(!is_blocked(&mut wakes, "hall@acme.example", next_day));
    }

    #[test]
    fn who_says_what_stood_in_a_mail_reads_the_mailbox() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            wake(&mut wakes, &at(1), number, minutes(0));
        }
        assert!(is_blocked(&mut wakes, "hall@acme.example", minutes(1)));
        let nonce = WakeNonce::from_bytes([7; 16]);
        assert_eq!(wakes.heard(&at(2), nonce, minutes(1)), None);
        // A door that came first, by whatever way, may say it still.
        wakes.opened(&at(1), None);
        let mailbox = wakes.heard(&at(1), nonce, minutes(1));
        assert_eq!(mailbox, Some("hall@acme.example".parse().unwrap()));
        assert!(!is_blocked(&mut wakes, "hall@acme.example", minutes(1)));
        // One that is over shows nothing: it may have been found by whoever came later.
        wake(&mut wakes, &at(1), 20, minutes(2));
        let nonce = WakeNonce::from_bytes([20; 16]);
        assert_eq!(wakes.heard(&at(1), nonce, minutes(60)), None);
    }

    #[test]
    fn a_door_that_reads_its_mailbox_makes_up_for_mails_in_vain_when_it_comes() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            wake(&mut wakes, &at(1), number, minutes(number.into()));
            let _ = wakes.cancel(&at(1), (minutes(number.into()) + WAIT).into());
        }
        assert!(is_blocked(&mut wakes, "hall@acme.example", minutes(30)));
        wakes.opened(&at(1), Some(&"Hall@acme.example".parse().unwrap()));
        assert!(!is_blocked(&mut wakes, "hall@acme.example", minutes(30)));
    }

    #[test]
    fn what_was_not_sent_does_not_count_and_is_not_taken_back() {
        let mut wakes = Wakes::default();
        for number in 0..20 {
            let call = wake(&mut wakes, &at(1), number, NOW);
            wakes.was_not_sent(&call);
        }
        assert!(!is_blocked(&mut wakes, "hall@acme.example", NOW));
        assert_eq!(wakes.cancel(&at(1), NOW.into()), []);
    }

    #[test]
    fn what_may_still_arrive_is_taken_back_by_its_name() {
        let mut wakes = Wakes::default();
        wake(&mut wakes, &at(1), 1, NOW);
        wake(&mut wakes, &at(1), 2, minutes(7));
        let first = wake(&mut wakes, &at(1), 3, minutes(8));
        let cancels = wakes.cancel(&at(1), minutes(9).into());
        let names: Vec<_> = cancels.iter().map(|call| call.wake.nonce).collect();
        // The first one is too old by any clock.
        assert_eq!(
            names,
            [2, 3].map(|nonce| WakeNonce::from_bytes([nonce; 16]))
        );
        for cancel in &cancels {
            assert_eq!(cancel.wake.order, Order::Cancel);
            assert!(cancel.wake.made_at <= cancel.wake.until);
        }
        assert_eq!(cancels[1].wake.until, first.wake.until);
        assert_eq!(wakes.cancel(&at(1), minutes(9).into()), []);
    }

    #[test]
    fn a_door_that_came_is_not_told_to_leave() {
        let mut wakes = Wakes::default();
        wake(&mut wakes, &at(1), 1, NOW);
        wakes.opened(&at(1), None);
        assert_eq!(wakes.cancel(&at(1), minutes(1).into()), []);
    }

    #[test]
    fn nothing_is_remembered_for_ever() {
        let mut wakes = Wakes::default();
        for number in 0..100 {
            to_nobody(&mut wakes, &at(number), number.into());
        }
        wakes.tick(minutes(10).into());
        assert_eq!((wakes.sent.len(), wakes.of_site.len()), (0, 100));
        wakes.tick((NOW + DAY).into());
        assert!(wakes.of_site.is_empty() && wakes.in_vain.is_empty());
    }

    #[test]
    fn as_many_mailboxes_are_remembered_as_there_is_room_for() {
        let mut wakes = Wakes::default();
        for number in 0..ADDRESSES + 10 {
            to_nobody(&mut wakes, &at(1), number);
        }
        assert_eq!(wakes.in_vain.len(), ADDRESSES);
        assert!(!wakes.may(&at(2), &callee("hall@acme.example"), NOW.into()));
        assert!(wakes.may(&at(2), &callee("nobody1@elsewhere.example"), NOW.into()));
        assert!(wakes.may(&at(2), &callee("hall@acme.example"), (NOW + DAY).into()));
    }
}
