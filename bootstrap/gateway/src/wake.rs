//! Wakes doors by mail: how often, and how that is sent.
//!
//! A place's page says when its door is wanted and when nobody waits any more, and keeps the limits of one place (see
//! [`papermesh_protocol::gateway::page`]). Here are the limits that go over more than one place, in [`Wakes`], which has
//! neither clock nor sockets; [`Mail`], to which pages turn; and [`Caller`], which writes letters and submits them.
//!
//! Whoever opens a place says to which address its wakes go. Whose that is shows only when a door says the nonce of a
//! wake, which stands in a mail alone. Until then a mailbox gets few mails: [`IN_VAIN_PER_DAY`], from all sites together,
//! whether doors come or not. From then on mails in vain count for the place alone ([`Tally`]): whoever else names the
//! mailbox cannot have that door called no more. A door that came once and comes no more is called as seldom.

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

/// Mails within a day that were in vain, until no more are sent.
const IN_VAIN_PER_DAY: usize = 10;
/// Mailboxes whose mails in vain are remembered. With more, nobody is woken by one that is not among them, unless it was
/// shown that the door reads it.
const MAILBOXES: usize = 16 * 1024;
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
    /// Where it counts while it is in vain.
    tally: Tally,
}

/// Where a mail in vain counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tally {
    /// With all others to the mailbox: nobody has shown that the place's door reads it.
    Mailbox,
    /// With those of the place, whose door reads the mailbox.
    Place,
}

impl Tally {
    /// Where it counts for a place whose door was shown to read the mailbox, or was not.
    pub(crate) const fn of(is_read: bool) -> Self {
        match is_read {
            true => Self::Place,
            false => Self::Mailbox,
        }
    }
}

/// A mail to a mailbox that was in vain so far.
#[derive(Debug)]
struct InVain {
    sent: Timestamp,
    /// For whom.
    at: At,
}

/// Which wakes were sent, and how many more may be. Counted by a clock that nobody sets; wakes say the time of day.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    /// Wakes of each site within an hour, at most [`limits::WAKES_OF_SITE`].
    of_site: HashMap<SiteId, VecDeque<Timestamp>>,
    /// Mails within a day that were in vain so far, at most [`IN_VAIN_PER_DAY`]: to each mailbox of which nobody knows
    /// whether the doors read it that were called,
    to_mailbox: HashMap<String, VecDeque<InVain>>,
    /// and for each place whose door reads it. They are as few as a site's wakes.
    of_place: HashMap<At, VecDeque<Timestamp>>,
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
    pub(crate) fn may(
        &mut self,
        at: &At,
        (callee, tally): (&Callee, Tally),
        moment: Moment,
    ) -> bool {
        let now = moment.steady;
        let most = usize::from(limits::WAKES_OF_SITE);
        let site_may = self
            .of_site
            .get_mut(&at.0)
            .is_none_or(|times| within(times, HOUR, now) < most);
        site_may && self.is_hoped(at, (callee, tally), now)
    }

    /// Whether few mails were in vain.
    fn is_hoped(&mut self, at: &At, (callee, tally): (&Callee, Tally), now: Timestamp) -> bool {
        match tally {
            Tally::Place => self
                .of_place
                .get_mut(at)
                .is_none_or(|times| within(times, DAY, now) < IN_VAIN_PER_DAY),
            Tally::Mailbox => match self.to_mailbox.get_mut(&callee.mailbox.mailbox()) {
                Some(mails) => within(mails, DAY, now) < IN_VAIN_PER_DAY,
                None => self.to_mailbox.len() < MAILBOXES || self.make_room(now),
            },
        }
    }

    /// A page wakes its door. It gave [`may`](Self::may) as `may_wake` before; the wake is good for `wait`, which is how
    /// long the page waits for the door. The mail is in vain until the door shows otherwise.
    pub(crate) fn connect(
        &mut self,
        at: &At,
        (callee, tally): (Callee, Tally),
        (nonce, wait): (WakeNonce, Duration),
        moment: Moment,
    ) -> Call {
        let now = moment.now;
        let wake = callee.wake(at.0, nonce, (now, wait));
        let call = Call {
            at: at.clone(),
            callee,
            wake,
            tally,
        };
        self.of_site
            .entry(at.0)
            .or_default()
            .push_back(moment.steady);
        self.count(&call, moment.steady);
        let sent = self.sent.entry(call.at.clone()).or_default();
        sent.retain(|earlier| is_alive(&earlier.call.wake, now));
        sent.push(Sent {
            call: call.clone(),
            is_answered: false,
        });
        call
    }

    fn count(&mut self, call: &Call, sent: Timestamp) {
        let at = call.at.clone();
        match call.tally {
            Tally::Place => self.of_place.entry(at).or_default().push_back(sent),
            Tally::Mailbox => {
                let mailbox = call.callee.mailbox.mailbox();
                if self.to_mailbox.contains_key(&mailbox) || self.to_mailbox.len() < MAILBOXES {
                    let mails = self.to_mailbox.entry(mailbox).or_default();
                    mails.push_back(InVain { sent, at });
                }
            }
        }
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

    /// A door came: what was sent is not taken back. If it is known to read its mailbox, mails to there are not in vain.
    pub(crate) fn opened(&mut self, at: &At, tally: Tally) {
        for sent in self.sent.get_mut(at).into_iter().flatten() {
            sent.is_answered = true;
        }
        if tally == Tally::Place {
            self.of_place.remove(at);
        }
    }

    /// A door says a nonce: the mailbox that it reads, if a mail with that nonce went there. What others sent there stays
    /// in vain.
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
        self.of_place.remove(at);
        if let Some(mails) = self.to_mailbox.get_mut(&mailbox.mailbox()) {
            mails.retain(|mail| mail.at != *at);
        }
        Some(mailbox)
    }

    /// A mail was not sent, for which its mailbox can do nothing: it was not in vain. It counts among the site's wakes of
    /// the hour, since whoever has many sent that fail is to have no more.
    pub(crate) fn was_not_sent(&mut self, call: &Call) {
        if let Some(sent) = self.sent.get_mut(&call.at) {
            sent.retain(|sent| sent.call.wake.nonce != call.wake.nonce);
        }
        match call.tally {
            Tally::Place => {
                if let Some(times) = self.of_place.get_mut(&call.at) {
                    times.pop_back();
                }
            }
            Tally::Mailbox => {
                let mails = self.to_mailbox.get_mut(&call.callee.mailbox.mailbox());
                if let Some(mails) = mails
                    && let Some(last) = mails.iter().rposition(|mail| mail.at == call.at)
                {
                    mails.remove(last);
                }
            }
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
        self.of_place
            .retain(|_, times| within(times, DAY, moment.steady) > 0);
        self.make_room(moment.steady);
    }

    fn make_room(&mut self, now: Timestamp) -> bool {
        self.to_mailbox
            .retain(|_, mails| within(mails, DAY, now) > 0);
        self.to_mailbox.len() < MAILBOXES
    }
}

/// What was at some time.
trait Timed {
    fn time(&self) -> Timestamp;
}

impl Timed for Timestamp {
    fn time(&self) -> Timestamp {
        *self
    }
}

impl Timed for InVain {
    fn time(&self) -> Timestamp {
        self.sent
    }
}

/// Drops what is longer ago than that; how much is left.
fn within<T: Timed>(all: &mut VecDeque<T>, long: Duration, now: Timestamp) -> usize {
    all.retain(|one| now.since(one.time()) < long);
    all.len()
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
    pub(crate) fn wake(
        &mut self,
        at: &At,
        called: (Callee, Tally),
        wait: Duration,
        moment: Moment,
    ) {
        let nonce = WakeNonce::from_bytes(rand::random());
        let call = self.wakes.connect(at, called, (nonce, wait), moment);
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

    /// A mail was not sent, for which its mailbox can do nothing. One that takes a wake back was never counted.
    pub(crate) fn was_not_sent(&mut self, call: &Call) {
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
    const HALL: &str = "hall@acme.example";

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
        wake_counted(wakes, (at, Tally::Mailbox), nonce, now)
    }

    fn wake_counted(
        wakes: &mut Wakes,
        (at, tally): (&At, Tally),
        nonce: u8,
        now: Timestamp,
    ) -> Call {
        let (nonce, hall) = (WakeNonce::from_bytes([nonce; 16]), callee(HALL));
        wakes.connect(at, (hall, tally), (nonce, WAIT), now.into())
    }

    fn to_nobody(wakes: &mut Wakes, at: &At, number: usize) {
        let callee = callee(&format!("nobody{number}@elsewhere.example"));
        let nonce = WakeNonce::from_bytes([1; 16]);
        let called = (callee, Tally::Mailbox);
        wakes.connect(at, called, (nonce, WAIT), NOW.into());
    }

    fn minutes(minutes: u64) -> Timestamp {
        NOW + Duration::from_secs(60 * minutes)
    }

    /// Whether no more goes to a mailbox whose door nobody knows.
    fn is_blocked(wakes: &mut Wakes, mailbox: &str, now: Timestamp) -> bool {
        let called = (&callee(mailbox), Tally::Mailbox);
        !wakes.may(&at(3), called, now.into())
    }

    /// Whether a door is called no more that reads the mailbox.
    fn is_given_up(wakes: &mut Wakes, at: &At, now: Timestamp) -> bool {
        !wakes.may(at, (&callee(HALL), Tally::Place), now.into())
    }

    #[test]
    fn a_site_has_so_many_wakes_in_an_hour() {
        let mut wakes = Wakes::default();
        let hall = callee(HALL);
        let hall = (&hall, Tally::Place);
        for _ in 0..limits::WAKES_OF_SITE {
            assert!(wakes.may(&at(1), hall, NOW.into()));
            wake_counted(&mut wakes, (&at(1), Tally::Place), 1, NOW);
            wakes.opened(&at(1), Tally::Place);
        }
        assert!(!wakes.may(&at(1), hall, minutes(59).into()));
        assert!(wakes.may(&at(2), hall, minutes(59).into()));
        assert!(wakes.may(&at(1), hall, minutes(60).into()));
    }

    #[test]
    fn a_mailbox_that_nobody_shows_to_read_gets_no_more_though_doors_come() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            let now = minutes(number);
            // Other sites and other ways to write the address make no difference.
            let (at, mailbox) = match number % 2 {
                0 => (at(1), callee(HALL)),
                _ => (at(2), callee("Hall+wake@ACME.example")),
            };
            assert!(wakes.may(&at, (&mailbox, Tally::Mailbox), now.into()));
            let nonce = WakeNonce::from_bytes([u8::try_from(number).unwrap(); 16]);
            let called = (mailbox, Tally::Mailbox);
            wakes.connect(&at, called, (nonce, WAIT), now.into());
            wakes.opened(&at, Tally::Mailbox);
            // That the door was not called for.
            let other = WakeNonce::from_bytes([99; 16]);
            assert_eq!(wakes.heard(&at, other, now), None);
        }
        assert!(is_blocked(&mut wakes, HALL, minutes(30)));
        assert!(!is_blocked(&mut wakes, "desk@acme.example", minutes(30)));
        let next_day = NOW + DAY + Duration::from_secs(600);
        assert!(!is_blocked(&mut wakes, HALL, next_day));
    }

    #[test]
    fn whoever_names_the_mailbox_of_another_door_takes_no_call_from_it() {
        let mut wakes = Wakes::default();
        wake(&mut wakes, &at(1), 0, minutes(0));
        let nonce = WakeNonce::from_bytes([0; 16]);
        assert!(wakes.heard(&at(1), nonce, minutes(0)).is_some());
        for number in 1..=10 {
            assert!(!is_blocked(&mut wakes, HALL, minutes(number)));
            wake(
                &mut wakes,
                &at(2),
                u8::try_from(number).unwrap(),
                minutes(number),
            );
        }
        assert!(is_blocked(&mut wakes, HALL, minutes(20)));
        assert!(!is_given_up(&mut wakes, &at(1), minutes(20)));
        // Nor does the door give the other one more mails to its mailbox when it comes.
        wake_counted(&mut wakes, (&at(1), Tally::Place), 20, minutes(20));
        wakes.opened(&at(1), Tally::Place);
        let nonce = WakeNonce::from_bytes([20; 16]);
        assert!(wakes.heard(&at(1), nonce, minutes(20)).is_some());
        assert!(is_blocked(&mut wakes, HALL, minutes(20)));
    }

    #[test]
    fn who_says_what_stood_in_a_mail_reads_the_mailbox() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            wake(&mut wakes, &at(1), number, minutes(0));
        }
        assert!(is_blocked(&mut wakes, HALL, minutes(1)));
        let nonce = WakeNonce::from_bytes([7; 16]);
        assert_eq!(wakes.heard(&at(2), nonce, minutes(1)), None);
        // A door that came first, by whatever way, may say it still.
        wakes.opened(&at(1), Tally::Mailbox);
        let mailbox = wakes.heard(&at(1), nonce, minutes(1));
        assert_eq!(mailbox, Some(HALL.parse().unwrap()));
        assert!(!is_blocked(&mut wakes, HALL, minutes(1)));
        // One that is over shows nothing: it may have been found by whoever came later.
        wake(&mut wakes, &at(1), 20, minutes(2));
        let nonce = WakeNonce::from_bytes([20; 16]);
        assert_eq!(wakes.heard(&at(1), nonce, minutes(60)), None);
    }

    #[test]
    fn a_door_that_reads_its_mailbox_makes_up_for_mails_in_vain_when_it_comes() {
        let mut wakes = Wakes::default();
        for number in 0..10 {
            assert!(!is_given_up(&mut wakes, &at(1), minutes(number.into())));
            wake_counted(
                &mut wakes,
                (&at(1), Tally::Place),
                number,
                minutes(number.into()),
            );
            let _ = wakes.cancel(&at(1), (minutes(number.into()) + WAIT).into());
        }
        assert!(is_given_up(&mut wakes, &at(1), minutes(30)));
        wakes.opened(&at(1), Tally::Place);
        assert!(!is_given_up(&mut wakes, &at(1), minutes(30)));
    }

    #[test]
    fn what_was_not_sent_does_not_count_and_is_not_taken_back() {
        let mut wakes = Wakes::default();
        for number in 0..20 {
            for tally in [Tally::Mailbox, Tally::Place] {
                let call = wake_counted(&mut wakes, (&at(1), tally), number, NOW);
                wakes.was_not_sent(&call);
            }
        }
        assert!(!is_blocked(&mut wakes, HALL, NOW));
        assert!(!is_given_up(&mut wakes, &at(1), NOW));
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
        wakes.opened(&at(1), Tally::Mailbox);
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
        wake_counted(&mut wakes, (&at(1), Tally::Place), 1, NOW);
        wakes.tick((NOW + DAY).into());
        assert!(wakes.of_site.is_empty() && wakes.of_place.is_empty());
        assert!(wakes.to_mailbox.is_empty());
    }

    #[test]
    fn as_many_mailboxes_are_remembered_as_there_is_room_for() {
        let mut wakes = Wakes::default();
        for number in 0..MAILBOXES + 10 {
            to_nobody(&mut wakes, &at(1), number);
        }
        assert_eq!(wakes.to_mailbox.len(), MAILBOXES);
        assert!(is_blocked(&mut wakes, HALL, NOW));
        assert!(!is_blocked(&mut wakes, "nobody1@elsewhere.example", NOW));
        assert!(!is_given_up(&mut wakes, &at(2), NOW));
        assert!(!is_blocked(&mut wakes, HALL, NOW + DAY));
    }
}
