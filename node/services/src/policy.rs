//! What the site allows: facts and a request in, a verdict out.
//!
//! Nothing here reads a store, a clock or the network, so every refusal is a line in a test. A
//! refusal is told to the person in front of this computer, and therefore says what to do; what a
//! stranger at a printer hears is the release protocol's business.

use std::borrow::Cow;
use std::time::Duration;

use papermesh_convert::format::FORMATS;
use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::job::{self, JobError, PrintOptions};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::site::{LoginPolicy, SitePolicy};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;

/// The shortest time that a job can be asked to be kept.
pub(crate) const SHORTEST_LIFETIME: Duration = Duration::from_secs(60);

/// By what right this node holds for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldingRight {
    /// The user's delegation.
    Delegated,
    /// It is a shared PC.
    Shared,
}

/// What is known when a job is submitted.
#[derive(Debug, Clone, Copy)]
pub struct SubmitFacts<'a> {
    /// This node's roles.
    pub roles: Roles,
    /// The user's entry, if this node knows it.
    pub entry: Option<&'a UserEntry>,
    /// Whether the user delegated to this node, and the delegation is valid now.
    pub delegated: bool,
    /// The site's settings.
    pub site: &'a SitePolicy,
    /// The largest document that this node takes, in bytes.
    pub largest: u64,
}

/// What somebody wants to print.
#[derive(Debug, Clone, Copy)]
pub struct SubmitRequest<'a> {
    /// Whose job it is to be.
    pub user: &'a UserId,
    /// The document's format.
    pub format: &'a str,
    /// The document's size in bytes, where it is known before it has arrived.
    pub size: Option<u64>,
    /// How long to keep it; none for what the site says.
    pub lifetime: Option<Duration>,
    /// How to print it.
    pub options: &'a PrintOptions,
    /// How urgent it is, 1 to 100.
    pub priority: u8,
    /// How long from now it is not to be offered.
    pub hold: Option<Duration>,
}

/// A job that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// By what right.
    pub right: HoldingRight,
    /// How long it is kept.
    pub lifetime: Duration,
}

/// Why a job is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitRefusal {
    /// This node is no client.
    #[error("this node holds no jobs, because its roles are {0}")]
    Role(Roles),
    /// The user is not known here.
    #[error("{0} is not enrolled on this computer")]
    NotEnrolled(UserId),
    /// A shared PC, and the site has no such user.
    #[error("the site has no user {0}")]
    UnknownUser(UserId),
    /// The user may not print.
    #[error("{0} is disabled")]
    Disabled(UserId),
    /// A format that no printer can be trusted with.
    #[error("{0} cannot be held")]
    Format(String),
    /// Too large.
    #[error("the document is larger than {} MiB, this computer's limit for one job", .0 >> 20)]
    TooLarge(u64),
    /// Options out of range.
    #[error(transparent)]
    Options(#[from] JobError),
    /// A lifetime out of range.
    #[error("a job can be kept from {} seconds to {} days", SHORTEST_LIFETIME.as_secs(), limits::JOB_LIFETIME_MAX.as_secs() / 86_400)]
    Lifetime,
    /// It would be offered only when it is gone.
    #[error("the job would expire before it is offered")]
    Hold,
}

impl Remedy for SubmitRefusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Role(_) => "use a node with the role client or shared-client",
            Self::NotEnrolled(_) => {
                "run `papermesh user enroll TICKET` with a ticket from your admin, or `papermesh user link` if you \
                 enrolled on another computer"
            }
            Self::UnknownUser(_) | Self::Disabled(_) => "ask your admin",
            Self::Format(_) => "print PDF, PWG or Apple raster, JPEG, PNG or plain text",
            Self::Options(error) => return error.remedy(),
            Self::Hold => "keep it for longer, or offer it earlier",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// Whether a job is taken, and for how long.
pub fn submit(
    facts: &SubmitFacts<'_>,
    request: &SubmitRequest<'_>,
) -> Result<Acceptance, SubmitRefusal> {
    if !facts.roles.may_hold() {
        return Err(SubmitRefusal::Role(facts.roles));
    }
    let shared = facts.roles.has(Role::SharedClient);
    let right = match (facts.delegated, shared) {
        (true, _) => HoldingRight::Delegated,
        (false, true) => HoldingRight::Shared,
        (false, false) => return Err(SubmitRefusal::NotEnrolled(request.user.clone())),
    };
    match facts.entry {
        None if right == HoldingRight::Shared => {
            return Err(SubmitRefusal::UnknownUser(request.user.clone()));
        }
        None => return Err(SubmitRefusal::NotEnrolled(request.user.clone())),
        Some(entry) if !entry.is_active() => {
            return Err(SubmitRefusal::Disabled(request.user.clone()));
        }
        Some(_) => {}
    }
    request.options.check()?;
    job::check_priority(request.priority)?;
    job::check_format(request.format)?;
    if !FORMATS.iter().any(|(format, _)| *format == request.format) {
        return Err(SubmitRefusal::Format(request.format.to_owned()));
    }
    if request.size.is_some_and(|size| size > facts.largest) {
        return Err(SubmitRefusal::TooLarge(facts.largest));
    }
    let lifetime = match request.lifetime {
        None => facts.site.job_lifetime().max(SHORTEST_LIFETIME),
        Some(asked) if (SHORTEST_LIFETIME..=limits::JOB_LIFETIME_MAX).contains(&asked) => asked,
        Some(_) => return Err(SubmitRefusal::Lifetime),
    };
    if request.hold.is_some_and(|hold| hold >= lifetime) {
        return Err(SubmitRefusal::Hold);
    }
    Ok(Acceptance { right, lifetime })
}

/// When a job that is accepted now will be gone.
#[must_use]
pub fn expiry(acceptance: &Acceptance, now: Timestamp) -> Timestamp {
    now + acceptance.lifetime
}

/// What a user showed at a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// A badge was read.
    pub badge: bool,
    /// A PIN or password was typed.
    pub pin: bool,
}

/// Why what the user showed does not suffice, before any holder is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// The site does not take badges.
    #[error("this site does not use badges")]
    NoBadges,
    /// A PIN is missing.
    #[error("this site requires a PIN")]
    PinMissing,
}

impl Remedy for LoginRefusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoBadges => "enter your user id and PIN",
            Self::PinMissing => "enter yours",
        };
        Some(remedy.into())
    }
}

/// Whether holders will look at what the user showed at all. They judge again by themselves.
pub fn login(policy: LoginPolicy, shown: Shown) -> Result<(), LoginRefusal> {
    match policy {
        LoginPolicy::Pin if shown.badge => Err(LoginRefusal::NoBadges),
        LoginPolicy::Badge if shown.badge => Ok(()),
        _ if !shown.pin => Err(LoginRefusal::PinMissing),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::SiteId;
    use papermesh_protocol::user::UserState;

    use super::*;

    fn entry(state: UserState) -> UserEntry {
        UserEntry {
            site: SiteId::from_bytes([1; 32]),
            user: "alice".parse().unwrap(),
            sequence: 1,
            issued_at: Timestamp::default(),
            display: "Alice".parse().unwrap(),
            key: None,
            badges: Vec::new(),
            groups: Vec::new(),
            state,
        }
    }

    fn verdict(
        change: impl FnOnce(&mut SubmitFacts<'_>, &mut SubmitRequest<'_>),
    ) -> Result<Acceptance, SubmitRefusal> {
        let active = entry(UserState::Active);
        let (site, options, user) = (
            SitePolicy::default(),
            PrintOptions::default(),
            "alice".parse().unwrap(),
        );
        let mut facts = SubmitFacts {
            roles: Roles::of(&[Role::Client]),
            entry: Some(&active),
            delegated: true,
            site: &site,
            largest: 1 << 30,
        };
        let mut request = SubmitRequest {
            user: &user,
            format: "application/pdf",
            size: None,
            lifetime: None,
            options: &options,
            priority: 50,
            hold: None,
        };
        change(&mut facts, &mut request);
        submit(&facts, &request)
    }

    #[test]
    fn a_delegated_users_document_is_held_as_long_as_the_site_says() {
        let accepted = verdict(|_, _| {}).unwrap();
        assert_eq!(
            accepted,
            Acceptance {
                right: HoldingRight::Delegated,
                lifetime: limits::JOB_LIFETIME
            }
        );
    }

    #[test]
    fn only_clients_hold() {
        let refusal = verdict(|facts, _| facts.roles = Roles::of(&[Role::Printer])).unwrap_err();
        assert!(matches!(refusal, SubmitRefusal::Role(_)));
    }

    #[test]
    fn a_personal_computer_holds_for_its_users_and_a_shared_one_for_everybody_known() {
        assert!(matches!(
            verdict(|facts, _| facts.delegated = false),
            Err(SubmitRefusal::NotEnrolled(_))
        ));
        let shared = |facts: &mut SubmitFacts<'_>| {
            facts.delegated = false;
            facts.roles = Roles::of(&[Role::SharedClient]);
        };
        assert_eq!(
            verdict(|facts, _| shared(facts)).unwrap().right,
            HoldingRight::Shared
        );
        let unknown = verdict(|facts, _| {
            shared(facts);
            facts.entry = None;
        });
        assert!(matches!(unknown, Err(SubmitRefusal::UnknownUser(_))));
    }

    #[test]
    fn a_disabled_user_prints_nothing() {
        let disabled: &'static UserEntry = Box::leak(Box::new(entry(UserState::Disabled)));
        assert!(matches!(
            verdict(|facts, _| facts.entry = Some(disabled)),
            Err(SubmitRefusal::Disabled(_))
        ));
    }

    #[test]
    fn formats_that_are_programs_or_guesses_are_refused() {
        for format in [
            "application/postscript",
            "application/octet-stream",
            "text/html",
        ] {
            assert_eq!(
                verdict(|_, request| request.format = format),
                Err(SubmitRefusal::Format(format.into()))
            );
        }
        assert!(matches!(
            verdict(|_, request| request.format = "PDF"),
            Err(SubmitRefusal::Options(JobError::Format))
        ));
    }

    #[test]
    fn sizes_and_lifetimes_have_bounds() {
        assert_eq!(
            verdict(|_, request| request.size = Some((1 << 30) + 1)),
            Err(SubmitRefusal::TooLarge(1 << 30))
        );
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        assert_eq!(
            verdict(|_, request| request.lifetime = days(30))
                .unwrap()
                .lifetime,
            limits::JOB_LIFETIME_MAX
        );
        for lifetime in [days(31), Some(Duration::from_secs(1))] {
            assert_eq!(
                verdict(|_, request| request.lifetime = lifetime),
                Err(SubmitRefusal::Lifetime)
            );
        }
    }

    #[test]
    fn a_job_is_offered_before_it_expires() {
        let hold = |hours: u64| {
            verdict(|_, request| request.hold = Some(Duration::from_secs(hours * 3600)))
        };
        assert!(hold(23).is_ok());
        assert_eq!(hold(24), Err(SubmitRefusal::Hold));
        for priority in [0, 101] {
            assert_eq!(
                verdict(|_, request| request.priority = priority),
                Err(SubmitRefusal::Options(JobError::Priority))
            );
        }
    }

    #[test]
    fn what_must_be_shown_follows_the_site() {
        let (pin, badge, both) = (
            Shown {
                badge: false,
                pin: true,
            },
            Shown {
                badge: true,
                pin: false,
            },
            Shown {
                badge: true,
                pin: true,
            },
        );
        assert_eq!(
            [pin, badge, both].map(|shown| login(LoginPolicy::BadgeAndPin, shown).is_ok()),
            [true, false, true]
        );
        assert_eq!(
            [pin, badge, both].map(|shown| login(LoginPolicy::Pin, shown).is_ok()),
            [true, false, false]
        );
        assert_eq!(
            [pin, badge, both].map(|shown| login(LoginPolicy::Badge, shown).is_ok()),
            [true, true, true]
        );
    }
}
