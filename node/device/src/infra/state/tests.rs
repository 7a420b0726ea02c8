//! The table of endings, row by row and by chance.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use proptest::prelude::*;
use tokio::time::Instant;

use super::super::super::event::DeviceJobState as Told;
use super::super::super::reasons::StateReason;
use super::super::job::{
    CANCEL, DocumentWord, JobState, JobWord, LEASE, STANDSTILL, UNFETCHED, UNHEARD, Verdict, Why,
};
use super::{MAX_PROXIES, NotFetchable, ProxyId, Recollection, Silence, State};

const JOB: i32 = 7;

fn proxy(number: u8) -> ProxyId {
    format!("urn:uuid:00000000-0000-4000-8000-0000000000{number:02x}")
        .parse()
        .unwrap()
}

fn says(state: Told) -> JobWord {
    JobWord {
        state: Some(state),
        reasons: Vec::new(),
        message: None,
        impressions: None,
    }
}

/// A printer with one proxy that has described its printer, and with one job.
struct Office {
    state: State,
    now: Instant,
}

impl Office {
    fn new() -> Self {
        let now = Instant::now();
        let mut office = Self {
            state: State::new(now),
            now,
        };
        office.comes(1);
        assert!(office.state.offer(JOB, now));
        office
    }

    fn comes(&mut self, number: u8) {
        let id = proxy(number);
        assert!(self.state.hear(&id, self.now));
        let known = self.state.proxy_mut(&id).unwrap();
        let said = IppAttribute::with_name("printer-state", IppValue::Enum(3)).unwrap();
        known.attributes = known.attributes.update(&[said]).unwrap();
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    fn taken() -> Self {
        let mut office = Self::new();
        let now = office.now;
        office.state.take(JOB, &proxy(1), now).unwrap();
        office
    }

    /// The document goes out: its first byte, all of it, with an acknowledgment.
    fn fetched(begun: bool, whole: bool, acknowledged: bool) -> Self {
        let mut office = Self::taken();
        let now = office.now;
        office.state.ask(JOB, &proxy(1)).unwrap();
        if begun {
            office.state.send(JOB, now);
        }
        if whole {
            office.state.finish(JOB, now);
        }
        if acknowledged {
            office.state.acknowledge(JOB, &proxy(1), now).unwrap();
        }
        office
    }

    fn says(&mut self, word: JobWord) -> &mut Self {
        let now = self.now;
        self.state.hear_of_job(JOB, &proxy(1), word, now).unwrap();
        self
    }

    fn verdict(&self) -> Option<Verdict> {
        self.state.verdict(JOB, self.now)
    }
}

fn is_may(verdict: &Option<Verdict>) -> bool {
    matches!(verdict, Some(Verdict::MayHavePrinted(_)))
}

fn is_not(verdict: &Option<Verdict>) -> bool {
    matches!(verdict, Some(Verdict::NotPrinted(_)))
}

#[test]
fn completed_is_believed_of_a_document_that_was_fetched_whole_and_acknowledged() {
    let ended = |begun, whole, acknowledged| {
        let word = JobWord {
            impressions: Some(3),
            ..says(Told::Completed)
        };
        Office::fetched(begun, whole, acknowledged)
            .says(word)
            .verdict()
    };
    assert_eq!(ended(true, true, true), Some(Verdict::Printed { pages: 3 }));
    assert!(is_may(&ended(true, true, false)));
    assert!(is_may(&ended(true, false, false)));
    // An acknowledgment of what did not go out is none.
    assert!(is_may(&ended(true, false, true)));
    assert!(is_not(&ended(false, false, true)));
    assert!(is_not(
        &Office::taken().says(says(Told::Completed)).verdict()
    ));
}

#[test]
fn what_comes_with_completed_counts() {
    let ended = |reasons: &[&str]| {
        let reasons = reasons
            .iter()
            .filter_map(|keyword| StateReason::of_job(keyword));
        let word = JobWord {
            impressions: Some(3),
            reasons: reasons.collect(),
            ..says(Told::Completed)
        };
        Office::fetched(true, true, true).says(word).verdict()
    };
    assert_eq!(
        ended(&["job-completed-successfully"]),
        Some(Verdict::Printed { pages: 3 })
    );
    assert_eq!(ended(&["queued-in-device"]), Some(Verdict::PassedOn));
    for wrong in ["job-completed-with-errors", "aborted-by-system"] {
        assert!(is_may(&ended(&[wrong])), "{wrong}");
    }
}

#[test]
fn nothing_goes_out_of_a_job_that_was_called_off_or_has_ended() {
    let mut office = Office::taken();
    assert!(office.state.send(JOB, office.now));
    office.state.cancel(JOB, office.now);
    assert!(!office.state.send(JOB, office.now) && !office.state.finish(JOB, office.now));
    let mut office = Office::taken();
    office.says(says(Told::Aborted));
    assert!(is_not(&office.state.settle(JOB, office.now)));
    assert!(!office.state.send(JOB, office.now) && !office.state.finish(JOB, office.now));
}

#[test]
fn a_document_that_its_proxy_left_unfinished_is_not_printed_by_a_completed_job() {
    for (word, printed) in [
        (DocumentWord::UnderWay, false),
        (DocumentWord::Ended, false),
        (DocumentWord::Completed, true),
    ] {
        let mut office = Office::fetched(true, true, true);
        let now = office.now;
        (office.state.hear_of_document(JOB, &proxy(1), word, now)).unwrap();
        let verdict = office.says(says(Told::Completed)).verdict();
        // It counts no page.
        assert_eq!(verdict == Some(Verdict::PassedOn), printed);
        assert_eq!(is_may(&verdict), !printed);
    }
}

#[test]
fn a_job_that_ended_before_its_first_byte_is_free_and_one_after_it_is_doubtful() {
    for state in [Told::Canceled, Told::Aborted] {
        assert!(is_not(&Office::taken().says(says(state)).verdict()));
        let mut office = Office::fetched(true, true, true);
        assert!(is_may(&office.says(says(state)).verdict()));
        // No page, and a reason that says why.
        let reason = StateReason::of_job("document-format-error").unwrap();
        for (impressions, reasons, is_certain) in [
            (Some(0), vec![reason.clone()], true),
            (Some(0), Vec::new(), false),
            (None, vec![reason.clone()], false),
            (Some(1), vec![reason], false),
        ] {
            let word = JobWord {
                impressions,
                reasons,
                ..says(state)
            };
            let verdict = Office::fetched(true, true, false).says(word).verdict();
            assert_eq!(
                (is_not(&verdict), is_may(&verdict)),
                (is_certain, !is_certain)
            );
        }
    }
}

#[test]
fn a_job_that_nobody_takes_is_taken_back() {
    let mut office = Office::new();
    assert_eq!(
        office.after(UNHEARD - Duration::from_secs(1)).verdict(),
        None
    );
    let verdict = office.after(Duration::from_secs(1)).verdict();
    assert!(matches!(
        verdict,
        Some(Verdict::NotPrinted(Why::Unheard(_)))
    ));
    // A proxy that asks and takes nothing has a while longer.
    let mut office = Office::new();
    for _ in 0..UNFETCHED.as_secs() / 60 {
        assert_eq!(office.verdict(), None);
        office.after(Duration::from_secs(60)).comes(1);
    }
    assert!(matches!(
        office.verdict(),
        Some(Verdict::NotPrinted(Why::Unfetched(None)))
    ));
}

#[test]
fn silence_after_taking_ends_in_doubt_once_a_byte_is_out() {
    for (mut office, begun) in [
        (Office::taken(), false),
        (Office::fetched(true, false, false), true),
        (Office::fetched(true, true, true), true),
    ] {
        assert_eq!(office.after(LEASE - Duration::from_secs(1)).verdict(), None);
        let verdict = office.after(Duration::from_secs(1)).verdict();
        assert_eq!((is_not(&verdict), is_may(&verdict)), (!begun, begun));
        // Whoever is heard of is believed to be at it, but not for ever.
        office.comes(1);
        assert_eq!(office.verdict(), None);
        office.after(STANDSTILL).comes(1);
        assert_eq!(is_may(&office.verdict()), begun);
    }
}

#[test]
fn a_proxy_that_leaves_ends_what_it_asked_for() {
    for (begun, whole) in [(true, true), (true, false), (false, false)] {
        let mut office = Office::fetched(begun, whole, whole);
        office.state.leave(&proxy(1), office.now);
        assert_eq!(
            (is_may(&office.verdict()), is_not(&office.verdict())),
            (begun, !begun)
        );
    }
    // What it had not asked for waits for another, also where it had taken it.
    for mut office in [Office::new(), Office::taken()] {
        office.state.leave(&proxy(1), office.now);
        assert_eq!(office.verdict(), None);
        office.comes(2);
        let now = office.now;
        office.state.take(JOB, &proxy(2), now).unwrap();
    }
    let mut office = Office::taken();
    office.state.leave(&proxy(1), office.now);
    assert!(is_not(&office.after(UNHEARD).verdict()));
}

#[test]
fn a_proxy_that_died_with_a_job_keeps_nobody_from_fetching_others() {
    const OTHER: i32 = 8;
    let mut office = Office::fetched(true, false, false);
    office.comes(2);
    assert_eq!(office.state.active(office.now).unwrap().0, &proxy(1));
    office.after(UNHEARD).comes(2);
    let now = office.now;
    assert_eq!(office.state.active(now).unwrap().0, &proxy(2));
    assert!(office.state.offer(OTHER, now));
    office.state.take(OTHER, &proxy(2), now).unwrap();
    // What the first one has is its own until its time is over.
    assert!(!office.state.take_back(JOB, now));
    assert_eq!(office.state.take(JOB, &proxy(2), now), Err(NotFetchable));
    assert_eq!(office.verdict(), None);
    assert!(is_may(&office.after(LEASE - UNHEARD).verdict()));
}

#[test]
fn a_job_that_was_taken_and_not_asked_for_is_there_for_others_when_its_proxy_is_silent() {
    let mut office = Office::taken();
    office.comes(2);
    let word = JobWord {
        message: Some("warming up".into()),
        ..says(Told::ProcessingStopped)
    };
    office.says(word);
    office.after(UNHEARD - Duration::from_secs(1)).comes(2);
    assert!(!office.state.take_back(JOB, office.now));
    office.after(Duration::from_secs(1));
    let now = office.now;
    assert!(office.state.take_back(JOB, now));
    assert_eq!(office.verdict(), None);
    assert_eq!(office.state.state_of(JOB), Some(JobState::Fetchable));
    office.state.take(JOB, &proxy(2), now).unwrap();
    // Of what the first one said nothing is left, and it has no say any more.
    assert_eq!(office.state.job(JOB).unwrap().word, None);
    assert_eq!(office.state.ask(JOB, &proxy(1)), Err(NotFetchable));
    // Without another one it is over soon.
    let mut office = Office::taken();
    office.after(UNHEARD);
    assert!(office.state.take_back(JOB, office.now));
    assert!(is_not(&office.verdict()));
}

#[test]
fn a_proxy_is_heard_for_as_long_as_it_reads_a_document() {
    let mut office = Office::fetched(true, false, false);
    let begun = office.now;
    while office.now < begun + STANDSTILL * 2 {
        office.after(UNHEARD / 2);
        assert!(office.state.send(JOB, office.now));
        assert_eq!(office.verdict(), None);
        assert_eq!(office.state.active(office.now).unwrap().0, &proxy(1));
    }
}

#[test]
fn what_a_proxy_said_in_an_earlier_life_counts_when_it_is_heard() {
    let office = Office::new();
    let said = office.state.said_by(&proxy(1)).unwrap().clone();
    let now = office.now;
    let mut state = State::new(now);
    state.remember(proxy(1), said.clone());
    assert!(state.active(now).is_none());
    assert_eq!(state.said_by(&proxy(1)), Some(&said));
    assert!(state.hear(&proxy(1), now));
    let (id, known) = state.active(now).unwrap();
    assert_eq!((id, &known.attributes), (&proxy(1), &said));
    // One that left said nothing.
    state.leave(&proxy(1), now);
    assert_eq!(state.said_by(&proxy(1)), None);
    assert!(state.hear(&proxy(1), now));
    assert!(state.active(now).is_none());
}

#[test]
fn a_canceled_job_is_over_at_once_or_when_its_proxy_says_how() {
    let mut office = Office::taken();
    let now = office.now;
    office.state.cancel(JOB, now);
    assert_eq!(office.verdict(), Some(Verdict::NotPrinted(Why::Canceled)));
    assert_eq!(office.state.ask(JOB, &proxy(1)), Err(NotFetchable));
    let mut office = Office::fetched(true, true, true);
    office.state.cancel(JOB, now);
    assert_eq!(office.state.state_of(JOB), Some(JobState::Canceled));
    assert_eq!(office.verdict(), None);
    // Completed is what some call a job that they canceled.
    let verdict = office.says(says(Told::Completed)).verdict();
    assert_eq!(verdict, Some(Verdict::MayHavePrinted(Why::Canceled)));
    let mut office = Office::fetched(true, false, false);
    office.state.cancel(JOB, now);
    assert!(is_may(&office.after(CANCEL).verdict()));
}

#[test]
fn a_document_that_broke_off_is_waited_for_a_while() {
    let mut office = Office::fetched(true, false, false);
    let now = office.now;
    office.state.break_off(JOB, now);
    assert_eq!(
        office.state.ask(JOB, &proxy(1)),
        Err(NotFetchable),
        "it is given once"
    );
    assert_eq!(office.verdict(), None);
    assert!(is_may(&office.after(CANCEL).verdict()));
}

#[test]
fn one_proxy_fetches_and_the_others_stand_by_until_it_is_silent() {
    let mut office = Office::new();
    office.comes(2);
    let now = office.now;
    assert_eq!(office.state.take(JOB, &proxy(2), now), Err(NotFetchable));
    assert!(office.state.may_fetch(JOB, &proxy(1), now));
    office.after(UNHEARD).comes(2);
    let now = office.now;
    assert!(!office.state.may_fetch(JOB, &proxy(1), now));
    office.state.take(JOB, &proxy(2), now).unwrap();
    // The first comes back and has no say.
    office.comes(1);
    let word = says(Told::Completed);
    let heard = office.state.hear_of_job(JOB, &proxy(1), word, now);
    assert_eq!(heard, Err(NotFetchable));
    assert_eq!(
        office.state.acknowledge(JOB, &proxy(1), now),
        Err(NotFetchable)
    );
    assert_eq!(office.state.ask(JOB, &proxy(1)), Err(NotFetchable));
}

#[test]
fn a_proxy_that_declines_leaves_the_job_to_be_fetched_and_its_reason() {
    let mut office = Office::taken();
    let now = office.now;
    let word = JobWord {
        reasons: StateReason::of_job("printer-stopped").into_iter().collect(),
        message: Some("no paper".into()),
        impressions: Some(1),
        ..says(Told::ProcessingStopped)
    };
    office.says(word);
    let unfinished = DocumentWord::UnderWay;
    (office
        .state
        .hear_of_document(JOB, &proxy(1), unfinished, now))
    .unwrap();
    office
        .state
        .decline(JOB, &proxy(1), "full".into(), now)
        .unwrap();
    assert_eq!(office.state.state_of(JOB), Some(JobState::Fetchable));
    let job = office.state.job(JOB).unwrap();
    assert_eq!(
        (&job.word, job.document.word),
        (&None, None),
        "nothing is left of the try"
    );
    assert_eq!(job.declined.as_deref(), Some("full"));
    office.state.take(JOB, &proxy(1), now).unwrap();
    office.state.ask(JOB, &proxy(1)).unwrap();
    let late = office.state.decline(JOB, &proxy(1), "full".into(), now);
    assert_eq!(late, Err(NotFetchable));
}

#[test]
fn there_are_so_many_proxies_and_silent_ones_make_room() {
    let mut office = Office::new();
    for number in 2..=u8::try_from(MAX_PROXIES).unwrap() {
        office.comes(number);
    }
    assert!(!office.state.hear(&proxy(99), office.now));
    office.after(UNHEARD);
    assert!(office.state.hear(&proxy(99), office.now));
}

#[test]
fn an_earlier_life_is_remembered_by_the_proxy_that_had_it() {
    let mut office = Office::new();
    let now = office.now;
    let patience = LEASE;
    let recall = |office: &mut Office| {
        let now = office.now;
        office.state.recall(9, &proxy(1), patience, now)
    };
    assert_eq!(recall(&mut office), Recollection::Open);
    let strange = office
        .state
        .hear_of_job(9, &proxy(2), says(Told::Completed), now);
    assert_eq!(strange, Err(NotFetchable));
    assert_eq!(recall(&mut office), Recollection::Open);
    let word = says(Told::Completed);
    office
        .state
        .hear_of_job(9, &proxy(1), word.clone(), now)
        .unwrap();
    assert_eq!(recall(&mut office), Recollection::Said(word));
    assert_eq!(recall(&mut office), Recollection::Open);
    office.after(patience);
    assert_eq!(recall(&mut office), Recollection::Nothing);
}

/// What a proxy says counts the same whether or not the node was started again meanwhile.
#[test]
fn pages_and_ends_of_an_earlier_life_are_kept_as_those_of_this_one() {
    let counted = JobWord {
        impressions: Some(3),
        ..says(Told::Processing)
    };
    let errors = JobWord {
        impressions: Some(1),
        ..says(Told::Aborted)
    };
    let script = [counted, says(Told::Completed), errors];
    let expected = JobWord {
        impressions: Some(3),
        ..says(Told::Completed)
    };

    let mut office = Office::taken();
    for word in script.clone() {
        office.says(word);
    }
    let word = office.state.job(JOB).unwrap().word.clone();
    assert_eq!(word.as_ref(), Some(&expected));

    let (now, number) = (office.now, 9);
    let state = &mut office.state;
    assert_eq!(
        state.recall(number, &proxy(1), LEASE, now),
        Recollection::Open
    );
    for word in script {
        state.hear_of_job(number, &proxy(1), word, now).unwrap();
    }
    let said = state.recall(number, &proxy(1), LEASE, now);
    assert_eq!(said, Recollection::Said(expected));
}

#[test]
fn silence_is_told_from_never_having_been_there() {
    let now = Instant::now();
    let mut state = State::new(now);
    let later = now + Duration::from_secs(60);
    assert_eq!(
        state.silence(later),
        Silence::Never(Duration::from_secs(60))
    );
    state.hear(&proxy(1), later);
    assert_eq!(state.silence(later), Silence::Since(Duration::ZERO));
}

#[test]
fn an_id_is_a_uuid() {
    let upper: ProxyId = "urn:uuid:ABCDEF00-0000-4000-8000-000000000001"
        .parse()
        .unwrap();
    assert_eq!(
        upper.as_str(),
        "urn:uuid:abcdef00-0000-4000-8000-000000000001"
    );
    for wrong in [
        "",
        "urn:uuid:",
        "x",
        "urn:uuid:abcdef00-0000-4000-8000-00000000000g",
    ] {
        assert!(wrong.parse::<ProxyId>().is_err(), "{wrong}");
    }
}

/// Anything that may happen to a job.
#[derive(Debug, Clone)]
enum Step {
    Hear(u8),
    Leave(u8),
    Take(u8),
    Decline(u8),
    Ask(u8),
    Begin,
    Finish,
    BreakOff,
    Acknowledge(u8),
    Document(u8, DocumentWord),
    Job(u8, Told, Option<u32>),
    Cancel,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1u8..3;
    let told = prop_oneof![
        Just(Told::Processing),
        Just(Told::ProcessingStopped),
        Just(Told::Canceled),
        Just(Told::Aborted),
        Just(Told::Completed),
        Just(Told::Unknown),
    ];
    let document = prop_oneof![
        Just(DocumentWord::UnderWay),
        Just(DocumentWord::Completed),
        Just(DocumentWord::Ended),
    ];
    prop_oneof![
        1 => who.clone().prop_map(Step::Hear),
        1 => who.clone().prop_map(Step::Leave),
        3 => who.clone().prop_map(Step::Take),
        1 => who.clone().prop_map(Step::Decline),
        3 => who.clone().prop_map(Step::Ask),
        3 => Just(Step::Begin),
        3 => Just(Step::Finish),
        1 => Just(Step::BreakOff),
        3 => who.clone().prop_map(Step::Acknowledge),
        1 => (who.clone(), document).prop_map(|(who, word)| Step::Document(who, word)),
        3 => (who, told, prop::option::of(0u32..3)).prop_map(|(who, told, pages)| Step::Job(who, told, pages)),
        1 => Just(Step::Cancel),
        1 => (0u64..400).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever proxies do and say, in whatever order: paper is believed only of a job that was
    /// completed, by the proxy that took it, which had every byte and acknowledged it; and what
    /// went out is never said to be certainly unprinted but by the proxy's own count and reason.
    #[test]
    fn no_story_makes_paper_of_nothing(steps in prop::collection::vec(step(), 0..40)) {
        let mut office = Office::new();
        office.comes(2);
        // The same story in the plainest words.
        let (mut owner, mut asked, mut bytes) = (None, false, 0);
        let (mut acknowledged, mut canceled) = (false, false);
        for step in steps {
            let now = office.now;
            let state = &mut office.state;
            match step {
                Step::Hear(who) => { state.hear(&proxy(who), now); }
                Step::Leave(who) => {
                    state.leave(&proxy(who), now);
                    owner = owner.filter(|owner| asked || *owner != who);
                }
                Step::Take(who) => if state.take(JOB, &proxy(who), now).is_ok() {
                    prop_assert!(owner.is_none_or(|owner| owner == who));
                    owner = Some(who);
                },
                Step::Decline(who) => if state.decline(JOB, &proxy(who), "x".into(), now).is_ok() {
                    prop_assert!(!asked);
                    owner = None;
                },
                Step::Ask(who) => if state.ask(JOB, &proxy(who)).is_ok() {
                    prop_assert_eq!(owner, Some(who));
                    prop_assert!(!asked && !canceled);
                    asked = true;
                },
                // The shell sends bytes only to who asked, and ends only what it began.
                Step::Begin if asked && bytes == 0 => { state.send(JOB, now); bytes = 1; }
                Step::Finish if bytes == 1 => { state.finish(JOB, now); bytes = 2; }
                Step::BreakOff if bytes == 1 => { state.break_off(JOB, now); bytes = 3; }
                Step::Begin | Step::Finish | Step::BreakOff => {}
                Step::Acknowledge(who) => if state.acknowledge(JOB, &proxy(who), now).is_ok() {
                    prop_assert_eq!(owner, Some(who));
                    acknowledged |= bytes == 2;
                },
                Step::Document(who, word) => {
                    let heard = state.hear_of_document(JOB, &proxy(who), word, now);
                    prop_assert_eq!(heard.is_ok(), owner == Some(who));
                }
                Step::Job(who, told, pages) => {
                    let word = JobWord { impressions: pages, ..says(told) };
                    let heard = state.hear_of_job(JOB, &proxy(who), word, now);
                    prop_assert_eq!(heard.is_ok(), owner == Some(who));
                }
                Step::Cancel => { state.cancel(JOB, now); canceled = true; }
                Step::Wait(seconds) => {
                    office.now += Duration::from_secs(seconds);
                    if office.state.take_back(JOB, office.now) {
                        prop_assert!(owner.is_some() && !asked && bytes == 0);
                        owner = None;
                    }
                }
            }
            match office.verdict() {
                Some(Verdict::Printed { .. } | Verdict::PassedOn) => {
                    prop_assert!(owner.is_some() && bytes == 2 && acknowledged && !canceled);
                }
                // No step here gives a reason that says that nothing came out.
                Some(Verdict::NotPrinted(_)) => prop_assert_eq!(bytes, 0),
                Some(Verdict::MayHavePrinted(_)) => prop_assert!(bytes > 0),
                None => {
                    // Time alone ends every job.
                    let mut state = office.state.clone();
                    let end = state.deadline(JOB).unwrap();
                    if state.take_back(JOB, end) {
                        prop_assert!(!asked);
                        let end = state.deadline(JOB).unwrap();
                        prop_assert!(state.verdict(JOB, end).is_some());
                    } else {
                        prop_assert!(state.verdict(JOB, end).is_some());
                    }
                }
            }
            if office.verdict().is_some() {
                return Ok(());
            }
        }
    }
}
