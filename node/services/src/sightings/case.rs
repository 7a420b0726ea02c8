//! Whether a place is as its door says: the judgment of who looked. Pure; who asks brings what was found out.
//!
//! A gateway is accused of nothing as long as there is another reason for what was seen: a record that is old, a door
//! that has got another certificate or closed the place, a member that claims what is another's.

use papermesh_protocol::gateway::record::Shown;
use papermesh_protocol::gateway::sighting::{Answer, Claim, Mismatch, Seen, Sighting};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;

/// What was seen at a place, and what was found out of it so far.
#[derive(Clone, Debug)]
pub(super) struct Case {
    door: NodeId,
    /// What the door said when the place was chosen.
    had: Shown,
    sighting: Sighting,
    newest: Option<Option<Shown>>,
    word: Option<Option<Answer>>,
    others: Option<Vec<Claim>>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the directory for what the door says now.
    AskDirectory,
    /// Ask the door.
    AskDoor,
    /// Ask the directory which other doors claim the name.
    AskOthers,
    /// Nothing: this follows.
    Settled(Settled),
}

/// What follows from a sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The place shows what its door says.
    AsSaid,
    /// The door does not say anything of the place any more.
    Unsaid,
    /// Nobody is there, and nothing says that somebody should be.
    Closed,
    /// It is not as its door says.
    Mismatch(Mismatch),
}

impl Case {
    /// A place was seen of which its door had said this.
    pub(super) const fn new(door: NodeId, had: Shown, sighting: Sighting) -> Self {
        Self {
            door,
            had,
            sighting,
            newest: None,
            word: None,
            others: None,
        }
    }

    /// What the door says in the directory now; nothing of the name if it has that no more.
    pub(super) fn directory_says(&mut self, newest: Option<Shown>) {
        self.newest = Some(newest);
    }

    /// What the door answered, if it did.
    pub(super) fn door_says(&mut self, word: Option<Answer>) {
        self.word = Some(word);
    }

    /// Which other doors claim the name.
    pub(super) fn others_say(&mut self, mut others: Vec<Claim>) {
        others.retain(|claim| claim.door != self.door);
        // A door that has the key which was seen says most.
        others.sort_by_key(|claim| (claim.door, !self.is_seen(claim)));
        others.dedup_by_key(|claim| claim.door);
        others.sort_by_key(|claim| (!self.is_seen(claim), claim.door));
        others.truncate(limits::CLAIMS - 1);
        self.others = Some(others);
    }

    fn is_seen(&self, claim: &Claim) -> bool {
        matches!(self.sighting.seen, Seen::Key { key, .. } if claim.key == Some(key))
    }

    fn is_as(&self, shown: &Shown) -> bool {
        matches!(self.sighting.seen, Seen::Key { key, .. } if shown.has(key))
    }

    /// What is to be done next.
    pub(super) fn step(&self) -> Step {
        if self.is_as(&self.had) {
            return Step::Settled(Settled::AsSaid);
        }
        let shown = match &self.newest {
            None => return Step::AskDirectory,
            Some(Some(now)) if self.is_as(now) => return Step::Settled(Settled::AsSaid),
            Some(Some(now)) => match now.now {
                Some(key) => key,
                None => return Step::Settled(Settled::Unsaid),
            },
            Some(None) => return Step::Settled(Settled::Unsaid),
        };
        match (self.word, &self.sighting.seen) {
            (None, _) => return Step::AskDoor,
            (Some(Some(Answer::Mine)), Seen::Key { .. }) => {
                return Step::Settled(Settled::AsSaid);
            }
            (Some(Some(Answer::NotHere)), Seen::Key { .. }) => {
                return Step::Settled(Settled::Unsaid);
            }
            // A door that is away cannot be behind its place.
            (Some(word), Seen::Closed) if word != Some(Answer::NotMine) => {
                return Step::Settled(Settled::Closed);
            }
            (Some(Some(Answer::NotHere)), Seen::NoTls(_)) => {
                return Step::Settled(Settled::Closed);
            }
            (Some(_), _) => {}
        }
        let Some(others) = &self.others else {
            return Step::AskOthers;
        };
        let own = Claim {
            door: self.door,
            key: Some(shown),
        };
        Step::Settled(Settled::Mismatch(Mismatch {
            sighting: self.sighting.clone(),
            claims: [own].into_iter().chain(others.iter().copied()).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::KeyDigest;

    use super::*;

    const DOOR: NodeId = NodeId::from_bytes([1; 32]);
    const OTHER: NodeId = NodeId::from_bytes([2; 32]);
    const MINE: KeyDigest = KeyDigest::from_bytes([1; 32]);
    const NEXT: KeyDigest = KeyDigest::from_bytes([2; 32]);
    const FALSE: KeyDigest = KeyDigest::from_bytes([3; 32]);

    fn shown(now: Option<KeyDigest>, next: Option<KeyDigest>) -> Shown {
        let name = "desk.acme.gw.example".parse().unwrap();
        Shown { name, now, next }
    }

    fn case(seen: Seen) -> Case {
        let had = shown(Some(MINE), None);
        let name = had.name.clone();
        Case::new(DOOR, had, Sighting { name, seen })
    }

    /// All that the directory may say of the name.
    fn directory() -> [Option<Shown>; 5] {
        [
            None,
            Some(shown(None, None)),
            Some(shown(Some(MINE), None)),
            Some(shown(Some(MINE), Some(NEXT))),
            Some(shown(Some(NEXT), None)),
        ]
    }

    /// All that the door may answer.
    const WORDS: [Option<Answer>; 5] = [
        None,
        Some(Answer::Mine),
        Some(Answer::NotMine),
        Some(Answer::Noted),
        Some(Answer::NotHere),
    ];

    /// What follows, and in which order it was asked.
    fn run(
        mut case: Case,
        newest: &Option<Shown>,
        word: Option<Answer>,
        others: &[Claim],
    ) -> (Vec<Step>, Settled) {
        let mut asked = Vec::new();
        loop {
            let step = case.step();
            assert!(!asked.contains(&step), "nothing is asked twice");
            match &step {
                Step::AskDirectory => case.directory_says(newest.clone()),
                Step::AskDoor => case.door_says(word),
                Step::AskOthers => case.others_say(others.to_vec()),
                Step::Settled(settled) => return (asked, settled.clone()),
            }
            asked.push(step);
        }
    }

    #[test]
    fn what_is_as_the_record_says_is_asked_nobody() {
        let settled = run(case(Seen::key(MINE, "CA")), &None, None, &[]);
        assert_eq!(settled, (Vec::new(), Settled::AsSaid));
    }

    /// Whatever is said in whichever combination: a mismatch is only what neither record nor door explains.
    #[test]
    fn another_key_is_a_mismatch_only_if_nothing_explains_it() {
        for seen in [NEXT, FALSE] {
            for newest in directory() {
                for word in WORDS {
                    let (asked, settled) = run(case(Seen::key(seen, "CA")), &newest, word, &[]);
                    let has = newest.as_ref().is_some_and(|shown| shown.has(seen));
                    let says = newest.as_ref().is_some_and(|shown| shown.now.is_some());
                    let why = format!("{seen} {newest:?} {word:?}: {settled:?}");
                    match (has, says, word) {
                        (true, ..) | (_, true, Some(Answer::Mine)) => {
                            assert_eq!(settled, Settled::AsSaid, "{why}");
                        }
                        (_, false, _) | (_, _, Some(Answer::NotHere)) => {
                            assert_eq!(settled, Settled::Unsaid, "{why}");
                        }
                        _ => {
                            assert!(matches!(settled, Settled::Mismatch(_)), "{why}");
                            let all = [Step::AskDirectory, Step::AskDoor, Step::AskOthers];
                            assert_eq!(asked, all);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_there_is_a_mismatch_only_if_the_door_is_behind_it() {
        for newest in directory() {
            for word in WORDS {
                let says = newest.as_ref().is_some_and(|shown| shown.now.is_some());
                let (_, settled) = run(case(Seen::Closed), &newest, word, &[]);
                let expected = says && word == Some(Answer::NotMine);
                assert_eq!(matches!(settled, Settled::Mismatch(_)), expected);
                let (_, settled) = run(case(Seen::no_tls("why")), &newest, word, &[]);
                let expected = says && word != Some(Answer::NotHere);
                assert_eq!(matches!(settled, Settled::Mismatch(_)), expected);
            }
        }
    }

    /// A member that claims another's name has nobody accused: it is said who claims what.
    #[test]
    fn who_else_claims_the_name_is_named() {
        let claim = |door, key| Claim { door, key };
        let third = NodeId::from_bytes([3; 32]);
        let many = (4..9).map(|door| claim(NodeId::from_bytes([door; 32]), None));
        let all: Vec<Claim> = [claim(third, None), claim(OTHER, Some(FALSE))]
            .into_iter()
            .chain([claim(OTHER, Some(MINE)), claim(DOOR, Some(FALSE))])
            .chain(many)
            .collect();
        let newest = Some(shown(Some(MINE), None));
        let (_, settled) = run(case(Seen::key(FALSE, "CA")), &newest, None, &all);
        let Settled::Mismatch(mismatch) = settled else {
            panic!("{settled:?}");
        };
        assert_eq!(mismatch.claims[0], claim(DOOR, Some(MINE)));
        assert_eq!(mismatch.claims[1], claim(OTHER, Some(FALSE)));
        assert_eq!(mismatch.claims.len(), limits::CLAIMS);
        assert!(mismatch.cleaned().is_some(), "each door once");
    }
}
