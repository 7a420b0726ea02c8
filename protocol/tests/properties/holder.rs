//! Invariants 4 and 5, whatever a holder is asked in whatever order: no session without proof, no
//! user's job in another's session, one job under one lease, each token good once and for one
//! printer; and nobody's badge is vouched for but in a session that a PIN opened, once. A model that knows nothing of OPAQUE says what may happen; the real machine must agree.

use core::time::Duration;
use std::collections::BTreeMap;

use papermesh_protocol::bind::BadgeClaim;
use papermesh_protocol::id::{JobId, ReleaseId, SessionId};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Ke3, Pin};
use papermesh_protocol::release::holder::{Attested, Grounds, LoginEvent};
use papermesh_protocol::release::message::{Answer, Refusal};
use papermesh_protocol::release::printer::{Challenged, Evidence, LoginUnderWay, Proving, Session};
use papermesh_protocol::release::stream::Token;
use papermesh_protocol::site::{LoginPolicy, SitePolicy};
use papermesh_protocol::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

use crate::site::{HOLDER, node, site};
use crate::visit::{PIN, USERS, World, badge, job_key, printer, user};

/// What is asked of the holder.
#[derive(Clone, Debug)]
enum Ask {
    /// A login of a user at a printer.
    Login {
        printer: usize,
        who: usize,
        shows: Shows,
        policy: LoginPolicy,
    },
    /// The proof of a login under way, sent by a printer, perhaps another one; perhaps of another
    /// login, perhaps made up.
    Prove {
        printer: usize,
        login: Index,
        proof: Proof,
    },
    /// The job of a user is selected in a session.
    Select {
        printer: usize,
        session: Index,
        whose: usize,
        release: u8,
    },
    /// A token is shown.
    Redeem { printer: usize, token: Index },
    /// A printer says a word under a lease that was obtained in a session.
    Touch { printer: usize, session: Index },
    /// The holder is to vouch for a badge in a session.
    Attest {
        printer: usize,
        session: Index,
        whose: usize,
        allowed: bool,
        personal: bool,
    },
    /// A session is closed.
    Close { printer: usize, session: Index },
    /// Time passes.
    Wait(u64),
}

/// What the user shows.
#[derive(Clone, Copy, Debug)]
enum Shows {
    RightPin,
    WrongPin,
    OwnBadge,
    OtherBadge,
}

/// What stands in a `Prove`.
#[derive(Clone, Copy, Debug)]
enum Proof {
    Own,
    OfAnotherLogin,
    MadeUp,
}

fn ask() -> impl Strategy<Value = Ask> {
    let printer = || 0..2_usize;
    let who = || prop_oneof![3 => 0..1_usize, 2 => 0..USERS.len()];
    let policy = select(vec![
        LoginPolicy::BadgeAndPin,
        LoginPolicy::Pin,
        LoginPolicy::Badge,
    ]);
    let shows = prop_oneof![
        4 => select(vec![Shows::RightPin]),
        1 => select(vec![Shows::WrongPin, Shows::OwnBadge, Shows::OtherBadge]),
    ];
    let proof = prop_oneof![
        6 => select(vec![Proof::Own]),
        1 => select(vec![Proof::OfAnotherLogin, Proof::MadeUp]),
    ];
    let flag = || prop_oneof![4 => Just(true), 1 => Just(false)];
    let seconds = prop_oneof![4 => 0..30_u64, 1 => 30..1000_u64];
    prop_oneof![
        4 => (printer(), who(), shows, policy)
            .prop_map(|(printer, who, shows, policy)| Ask::Login { printer, who, shows, policy }),
        5 => (printer(), any::<Index>(), proof)
            .prop_map(|(printer, login, proof)| Ask::Prove { printer, login, proof }),
        6 => (printer(), any::<Index>(), who(), 0..4_u8)
            .prop_map(|(printer, session, whose, release)| Ask::Select { printer, session, whose, release }),
        4 => (printer(), any::<Index>()).prop_map(|(printer, token)| Ask::Redeem { printer, token }),
        1 => (printer(), any::<Index>()).prop_map(|(printer, session)| Ask::Touch { printer, session }),
        3 => (printer(), any::<Index>(), who(), flag(), flag())
            .prop_map(|(printer, session, whose, allowed, personal)| Ask::Attest { printer, session, whose, allowed, personal }),
        1 => (printer(), any::<Index>()).prop_map(|(printer, session)| Ask::Close { printer, session }),
        2 => seconds.prop_map(Ask::Wait),
    ]
}

/// A login whose challenge is out.
struct UnderWay {
    session: SessionId,
    printer: usize,
    who: usize,
    begun_at: Timestamp,
    /// The proof and what the printer then waits with, if the PIN was right.
    proof: Option<(Ke3, Proving)>,
    /// Whether a proof was sent already.
    answered: bool,
}

/// A session that was opened, and whether it still is.
struct Open {
    session: Session,
    printer: usize,
    who: usize,
    used_at: Timestamp,
    closed: bool,
    by_pin: bool,
    /// What the holder vouched for in it.
    vouched: Option<BadgeClaim>,
}

struct Issued {
    token: Token,
    printer: usize,
    job: JobId,
    release: ReleaseId,
    until: Timestamp,
    used: bool,
}

/// What has happened so far, as seen from outside of the holder.
struct Model {
    world: World,
    logins: Vec<UnderWay>,
    sessions: Vec<Open>,
    tokens: Vec<Issued>,
}

fn pick<'a, T>(items: &'a mut [T], at: &Index) -> Option<&'a mut T> {
    let length = items.len();
    (length > 0).then(|| &mut items[at.index(length)])
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            logins: Vec::new(),
            sessions: Vec::new(),
            tokens: Vec::new(),
        }
    }

    fn step(&mut self, ask: &Ask) {
        match ask {
            Ask::Login {
                printer,
                who,
                shows,
                policy,
            } => self.login(*printer, *who, *shows, *policy),
            Ask::Prove {
                printer,
                login,
                proof,
            } => self.prove(*printer, login, *proof),
            Ask::Select {
                printer,
                session,
                whose,
                release,
            } => self.select(*printer, session, *whose, *release),
            Ask::Redeem { printer, token } => self.redeem(*printer, token),
            Ask::Touch { printer, session } => self.touch(*printer, session),
            Ask::Attest {
                printer,
                session,
                whose,
                allowed,
                personal,
            } => self.attest(*printer, session, *whose, (*allowed, *personal)),
            Ask::Close { printer, session } => self.close(*printer, session),
            Ask::Wait(seconds) => self.world.now = self.world.now + Duration::from_secs(*seconds),
        }
        self.sessions_are_as_expected();
    }

    fn login(&mut self, at: usize, who: usize, shows: Shows, policy: LoginPolicy) {
        let (right, wrong) = (Pin::new(PIN).unwrap(), Pin::new("1357").unwrap());
        let evidence = match shows {
            Shows::RightPin => Evidence::Pin(&right, None),
            Shows::WrongPin => Evidence::Pin(&wrong, Some(badge(who))),
            Shows::OwnBadge => Evidence::Badge(badge(who)),
            Shows::OtherBadge => Evidence::Badge(badge(who + 1)),
        };
        let (under_way, answer, event) = self.world.login(at, who, evidence, policy);
        match (&answer, shows) {
            (Answer::Challenge { session, .. }, Shows::RightPin | Shows::WrongPin) => {
                assert_eq!(
                    event,
                    LoginEvent::Guess(user(who)),
                    "a guess is counted before it is answered"
                );
                self.challenged(at, who, shows, *session, under_way, answer);
            }
            (Answer::SessionOpen { .. }, Shows::OwnBadge) => {
                assert_eq!(
                    policy,
                    LoginPolicy::Badge,
                    "a badge proves nothing elsewhere"
                );
                assert!(
                    matches!(USERS[who], "alice" | "pinless"),
                    "{} is nobody's badge",
                    USERS[who]
                );
                let Ok(Challenged::Open(session)) = self.world.challenged(under_way, answer) else {
                    panic!("the printer sees it otherwise");
                };
                self.opened(session, at, who, false);
            }
            (Answer::Denied { .. }, _) => assert!(matches!(event, LoginEvent::Denied(..))),
            (answer, shows) => panic!("{answer:?} to {shows:?}"),
        }
    }

    /// What an honest printer does with a challenge. Only alice's own PIN gives a proof.
    fn challenged(
        &mut self,
        printer: usize,
        who: usize,
        shows: Shows,
        session: SessionId,
        login: LoginUnderWay,
        answer: Answer,
    ) {
        let proof = match self.world.challenged(login, answer) {
            Ok(Challenged::Prove(proving, ke3)) => Some((ke3, proving)),
            Ok(_) => panic!("a challenge is no open session"),
            Err(_) => None,
        };
        assert_eq!(
            proof.is_some(),
            USERS[who] == "alice" && matches!(shows, Shows::RightPin)
        );
        self.logins.push(UnderWay {
            session,
            printer,
            who,
            begun_at: self.world.now,
            proof,
            answered: false,
        });
    }

    fn prove(&mut self, at: usize, login: &Index, proof: Proof) {
        let now = self.world.now;
        let another = self
            .logins
            .iter()
            .find_map(|login| login.proof.as_ref().map(|(ke3, _)| (login.session, *ke3)));
        let Some(login) = pick(&mut self.logins, login) else {
            return;
        };
        let ke3 = match (proof, &login.proof, another) {
            (Proof::Own, Some((ke3, _)), _) => *ke3,
            (Proof::OfAnotherLogin, _, Some((session, ke3))) if session != login.session => ke3,
            _ => Ke3::from_bytes(&[0x5a; 64]).unwrap(),
        };
        let genuine = login.proof.as_ref().is_some_and(|(own, _)| *own == ke3);
        let in_time = now.since(login.begun_at) < limits::LOGIN_TIMEOUT;
        let may_open = genuine && in_time && !login.answered && login.printer == at;
        let taken = in_time && !login.answered && login.printer == at;
        let (session, who) = (login.session, login.who);
        let (answer, event) =
            self.world
                .holder
                .prove(printer(at).node, session, &ke3, false, 1, now);
        match answer {
            Answer::SessionOpen { session: named, .. } => {
                assert!(may_open, "a session was opened without proof");
                assert_eq!(
                    (named, event),
                    (session, Some(LoginEvent::Opened(user(who))))
                );
                let (_, proving) = login.proof.take().unwrap();
                login.answered = true;
                let session = proving
                    .answered(answer)
                    .unwrap_or_else(|_| panic!("the printer sees it otherwise"));
                self.opened(session, at, who, true);
            }
            Answer::Denied { retry_after } => {
                assert!(!may_open, "a proof was denied");
                assert_eq!(retry_after, 0, "denials do not tell why");
                assert_eq!(event.is_some(), taken);
                login.answered |= taken;
            }
            answer => panic!("{answer:?} to a proof"),
        }
    }

    fn opened(&mut self, session: Session, printer: usize, who: usize, by_pin: bool) {
        self.sessions.push(Open {
            session,
            printer,
            who,
            used_at: self.world.now,
            closed: false,
            by_pin,
            vouched: None,
        });
    }

    fn select(&mut self, at: usize, session: &Index, whose: usize, release: u8) {
        let now = self.world.now;
        let Some(open) = pick(&mut self.sessions, session) else {
            return;
        };
        let lives = open.lives(now) && open.printer == at;
        let job = self.world.jobs[whose];
        let release = ReleaseId::from_bytes([release; 16]);
        let lease = self.world.leases.get(&job).copied();
        let taken = lease.filter(|lease| {
            (lease.release != release && lease.until > now)
                || (lease.release == release && lease.printer != printer(at).node)
        });
        // A release that has had the job for as long as any may is not resumed.
        let is_over = lease.is_some_and(|lease| lease.release == release && lease.is_over(now));
        match self.world.select(at, open.session.id(), job, release) {
            Ok(grant) => {
                assert!(!is_over, "a lease has an end");
                assert!(lives, "no session, no byte");
                assert_eq!(
                    open.who, whose,
                    "one user's session never gives another's job"
                );
                assert!(taken.is_none(), "one job, one lease");
                let (_, key) = open
                    .session
                    .granted(job, Answer::Grant(grant.clone()))
                    .unwrap();
                assert_eq!(key, job_key(job));
                for issued in self
                    .tokens
                    .iter_mut()
                    .filter(|issued| issued.release == release)
                {
                    issued.used = true;
                }
                let until = now + limits::TOKEN;
                self.tokens.push(Issued {
                    token: grant.token,
                    printer: at,
                    job,
                    release,
                    until,
                    used: false,
                });
            }
            Err(Refusal::NoSession) => assert!(!lives),
            Err(Refusal::NoJob) => assert!(lives && open.who != whose),
            Err(Refusal::Leased) => assert!(lives && open.who == whose && taken.is_some()),
            Err(Refusal::NoLease) => assert!(lives && open.who == whose && is_over),
            Err(refusal) => panic!("{refusal:?}"),
        }
        if lives {
            open.used_at = now;
        }
    }

    fn redeem(&mut self, at: usize, token: &Index) {
        let now = self.world.now;
        let Some(issued) = pick(&mut self.tokens, token) else {
            return;
        };
        let redeemed = self
            .world
            .holder
            .redeem(printer(at).node, &issued.token, now);
        if redeemed.is_some() {
            assert!(!issued.used, "a token is good once");
            assert_eq!(issued.printer, at, "and for its printer");
            assert!(issued.until > now, "and not for long");
            assert_eq!(redeemed, Some((issued.job, issued.release)));
        } else {
            assert!(
                issued.used || issued.printer != at || issued.until <= now,
                "a good token was refused"
            );
        }
        // A token that a wrong printer shows is known to somebody who should not have it.
        issued.used = true;
    }

    /// Nobody else's word prolongs a session, and none brings an ended one back.
    fn touch(&mut self, at: usize, session: &Index) {
        let now = self.world.now;
        let Some(open) = pick(&mut self.sessions, session) else {
            return;
        };
        let holder = &mut self.world.holder;
        holder.touch(printer(at).node, open.session.id(), now);
        if open.lives(now) && open.printer == at {
            open.used_at = now;
        }
    }

    fn attest(
        &mut self,
        at: usize,
        session: &Index,
        whose: usize,
        (allowed, personal): (bool, bool),
    ) {
        let now = self.world.now;
        let Some(open) = pick(&mut self.sessions, session) else {
            return;
        };
        let lives = open.lives(now) && open.printer == at;
        let policy = SitePolicy {
            bind_badges: allowed,
            ..SitePolicy::default()
        };
        let grounds = Grounds {
            site: site(),
            policy: &policy,
            personal,
            at: now,
        };
        let asked = (printer(at).node, open.session.id());
        let holder = &mut self.world.holder;
        match holder.attest(asked, badge(whose), &grounds, now) {
            Ok(Attested { claim, new }) => {
                assert!(lives && allowed && personal, "vouched without a reason");
                assert!(open.by_pin, "a badge proves no badge");
                assert_eq!(new, open.vouched.is_none());
                let made = BadgeClaim {
                    site: site(),
                    user: user(open.who),
                    badge: badge(whose),
                    printer: printer(at).node,
                    holder: node(HOLDER),
                    at: now,
                };
                let first = open.vouched.get_or_insert(made);
                assert_eq!(*first, claim, "one session, one claim");
                let known = holder.attested(asked.0, asked.1);
                assert_eq!(known, Some(&claim));
            }
            Err(Refusal::NoSession) => assert!(!lives),
            Err(Refusal::Policy) => assert!(lives && !allowed),
            Err(Refusal::Unproven) => {
                let other = open.vouched.as_ref();
                let other = other.is_some_and(|claim| claim.badge != badge(whose));
                assert!(lives && (!open.by_pin || !personal || other));
            }
            Err(refusal) => panic!("{refusal:?}"),
        }
        if lives {
            open.used_at = now;
        }
    }

    fn close(&mut self, at: usize, session: &Index) {
        let Some(open) = pick(&mut self.sessions, session) else {
            return;
        };
        self.world.holder.close(printer(at).node, open.session.id());
        open.closed |= open.printer == at;
    }

    /// The holder takes for open what is open, at the printer where it was opened.
    fn sessions_are_as_expected(&mut self) {
        let now = self.world.now;
        let mut open = BTreeMap::new();
        for session in &mut self.sessions {
            for at in [1 - session.printer, session.printer] {
                let known =
                    self.world
                        .holder
                        .authorize(printer(at).node, session.session.id(), now);
                let expected = session.lives(now) && session.printer == at;
                assert_eq!(
                    known,
                    if expected {
                        Ok(user(session.who))
                    } else {
                        Err(Refusal::NoSession)
                    }
                );
            }
            if session.lives(now) {
                session.used_at = now;
                open.insert(session.session.id(), session.who);
            } else {
                session.closed = true;
            }
        }
        for login in &self.logins {
            let id = login.session;
            if !open.contains_key(&id) {
                let refused = self
                    .world
                    .holder
                    .authorize(printer(login.printer).node, id, now);
                assert_eq!(refused, Err(Refusal::NoSession), "a login is no session");
            }
        }
    }
}

impl Open {
    fn lives(&self, now: Timestamp) -> bool {
        !self.closed && now.since(self.used_at) < limits::SESSION_IDLE
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn invariants_4_and_5_hold_whatever_a_holder_is_asked(seed in any::<u64>(), asks in vec(ask(), 1..60)) {
        let mut model = Model::new(seed);
        for ask in &asks {
            model.step(ask);
        }
    }
}
