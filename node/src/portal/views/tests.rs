//! What pages say and show, without a node.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::sighting::Seen;
use papermesh_protocol::id::{JobId, KeyDigest, NodeId, Serial, SiteId};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::user::UserState;
use papermesh_services::holder::HeldView;
use papermesh_services::holder::JobState;
use papermesh_store::{Attempt, NamedPrinter};
use zeroize::Zeroizing;

use super::*;
use crate::control::message::{
    AuditEntry, GatewayList, LinkedComputer, MailAddresses, Member, OpenInvite, PendingDevice,
    PlaceClaim, PlaceMismatch, PolicyView, User, UserHere, UserMailAddress,
};
use crate::control::{CommandError, ErrorCode};
use crate::pages::Form;
use crate::portal::commands::{PortalCommand, Remark, Typed, Wished};
use crate::portal::export::Export;
use crate::portal::proof::Code;
use crate::portal::session::{Ask, ProofBy, Sessions};
use crate::portal::ticket::{Purpose, Ticket};

const MARKUP: &str = "<script>alert('1')</script>\" onload=\"x";

fn names() -> Names {
    Names {
        site: "Acme & Sons".into(),
        node: "laptop-1".into(),
    }
}

fn charlie() -> Whose {
    Whose::User("charlie".parse().unwrap())
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn printer() -> NamedPrinter {
    NamedPrinter {
        node: NodeId::from_bytes([2; 32]),
        name: "<b>hall</b>".parse().unwrap(),
    }
}

fn job(number: u32, state: JobState) -> HeldView {
    HeldView {
        user: "charlie".parse().unwrap(),
        number,
        state,
        last: None,
        token: None,
        client: None,
        damage: None,
        summary: JobSummary {
            job: JobId::from_bytes([7; 16]),
            title: MARKUP.into(),
            format: "application/pdf".into(),
            size: 1_234_567,
            pages: Some(3),
            page_size: None,
            color: None,
            submitted_at: at(0),
            priority: 80,
            listed_at: at(0),
            expires_at: at(3_000),
            options: PrintOptions::default(),
            protected: true,
            may_have_printed: true,
            leased: false,
            needs_pin: true,
            locked: false,
            extensions: Default::default(),
        },
    }
}

fn member(name: &str, roles: Vec<Role>) -> Member {
    Member {
        node: NodeId::from_bytes([3; 32]),
        name: name.parse().unwrap(),
        roles,
        serial: Serial::from_bytes([1; 8]),
        not_after: at(86_400),
        revoked: false,
        this: false,
        connected: false,
        seen_at: Some(at(0)),
    }
}

fn invite(name: Option<&str>) -> OpenInvite {
    OpenInvite {
        id: "0123456789abcdef".into(),
        roles: vec![Role::Printer],
        name: name.map(|name| name.parse().unwrap()),
        expires_at: at(900),
        used_by: None,
    }
}

/// What a page shows, in every language.
fn shown(
    whose: &Whose,
    section: Section,
    content: &Content,
    prepare: impl Fn(&mut State),
) -> Vec<String> {
    let (sessions, names) = (Sessions::default(), names());
    let opened = (whose.clone(), Code::random(&mut rand::rng()));
    let session: Arc<Session> = sessions.open(Sessions::next(), opened, Language::English);
    Language::ALL
        .into_iter()
        .map(|language| {
            let mut state = session.state();
            state.language = language;
            state.section = section;
            prepare(&mut state);
            let view = View {
                names: &names,
                session: &session,
                state: &state,
                content,
                waiting: 2,
                now: at(600),
            };
            let page = view.page().unwrap();
            assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
            assert!(!page.contains(" onload=\"x"), "{page}");
            page
        })
        .collect()
}

fn users_sections() -> Vec<(Section, Content)> {
    let states = [
        JobState::Held,
        JobState::Waiting { until: at(900) },
        JobState::Processing {
            printer: printer(),
            since: at(0),
            impressions: Some(2),
            stopped: false,
            reasons: vec![],
        },
        JobState::Processing {
            printer: printer(),
            since: at(0),
            impressions: None,
            stopped: true,
            reasons: vec!["media-empty-error".into(), MARKUP.into()],
        },
    ];
    let mut waiting: Vec<_> = (1..).zip(states).map(|(n, state)| job(n, state)).collect();
    waiting[0].last = Some(Attempt {
        printer: printer(),
        at: at(60),
        outcome: Outcome::MayHavePrinted,
        reason: None,
    });
    let ends = [
        JobState::Printed {
            printer: printer(),
            at: at(1),
            pages: Some(3),
        },
        JobState::Deleted {
            at: at(1),
            printer: None,
        },
        JobState::Deleted {
            at: at(1),
            printer: Some(printer()),
        },
        JobState::Expired { at: at(1) },
    ];
    let past = (5..).zip(ends).map(|(n, state)| job(n, state)).collect();
    let here = UserHere {
        user: "charlie".parse().unwrap(),
        display: "Charlie".parse().unwrap(),
        state: UserState::Active,
        badges: 2,
        enrolled: true,
        computers: vec![LinkedComputer {
            node: NodeId::from_bytes([4; 32]),
            name: "<b>laptop-2</b>".parse().unwrap(),
            outdated: true,
        }],
    };
    let linked = UserHere {
        enrolled: false,
        ..here.clone()
    };
    vec![
        (Section::Jobs, Content::Jobs(waiting)),
        (Section::Jobs, Content::Jobs(vec![])),
        (Section::History, Content::History(past)),
        (Section::History, Content::History(vec![])),
        (Section::Account, Content::Account(Some(here))),
        (Section::Account, Content::Account(Some(linked))),
        (Section::Account, Content::Account(None)),
        (Section::Elsewhere, by_mail(Some("print@acme.example"))),
        (Section::Elsewhere, by_mail(None)),
        (
            Section::Jobs,
            Content::Failed(CommandError::new(ErrorCode::Failed, MARKUP)),
        ),
    ]
}

/// What a user sees of documents by mail, which are sent there.
fn by_mail(to: Option<&str>) -> Content {
    Content::Elsewhere {
        tokens: vec![],
        gateways: GatewayList {
            gateways: vec![],
            places: vec![],
            status: vec![],
            names: vec![],
            own_names: vec![],
            own_names_here: vec![],
            mismatches: vec![],
            terminated: vec![],
        },
        mail: MailAddresses {
            to: to.map(|to| to.parse().unwrap()),
            addresses: vec![UserMailAddress {
                address: MARKUP.into(),
                user: "charlie".parse().unwrap(),
                since: at(7),
                language: None,
            }],
        },
    }
}

/// The gateways of a site of which places were seen that are not as their doors say, in each way.
fn mismatched() -> GatewayList {
    let key = KeyDigest::from_bytes([7; 32]);
    let claim = |name: &str| PlaceClaim {
        door: NodeId::from_bytes([6; 32]),
        door_name: Some(name.parse().unwrap()),
        key: Some(key),
    };
    let of = |id: &str, seen, claims| PlaceMismatch {
        id: id.to_owned(),
        name: "desk.acme.gw.example".parse().unwrap(),
        seen,
        claims,
        by: NodeId::from_bytes([5; 32]),
        by_name: Some("<b>phone</b>".parse().unwrap()),
        first: at(0),
        last: at(1),
    };
    let shown = || Seen::key(key, "<b>CA</b>");
    let mismatches = vec![
        of("00000001", shown(), vec![claim("<b>laptop-1</b>")]),
        of(
            "00000002",
            shown(),
            vec![claim("laptop-1"), claim("laptop-2")],
        ),
        of("00000003", Seen::no_tls(MARKUP), vec![claim("laptop-1")]),
        of("00000004", Seen::Closed, vec![claim("laptop-1")]),
    ];
    GatewayList {
        gateways: Vec::new(),
        places: Vec::new(),
        status: Vec::new(),
        names: Vec::new(),
        own_names: Vec::new(),
        own_names_here: Vec::new(),
        mismatches,
        terminated: Vec::new(),
    }
}

#[test]
fn a_place_that_is_not_as_its_computer_says_accuses_nobody_and_can_be_dismissed() {
    let content = Content::Internet(mismatched());
    let pages = shown(&Whose::Admin, Section::Internet, &content, |_| {});
    for page in &pages {
        for id in 1..=4 {
            assert!(page.contains(&format!("0000000{id}")), "{page}");
        }
        assert_eq!(page.matches("dismiss-0000000").count(), 4, "{page}");
    }
    let english = &pages[0];
    assert!(!english.contains("pretend"), "{english}");
    for said in [
        "laptop-1, laptop-2",
        "another key",
        "does not answer",
        "has it open",
    ] {
        assert!(english.contains(said), "{said}: {english}");
    }
}

fn admins_sections() -> Vec<(Section, Content)> {
    let mut revoked = member("old", vec![Role::SharedClient, Role::Bootstrap]);
    revoked.revoked = true;
    let members = vec![
        member(
            "<b>hall</b>",
            vec![Role::Printer, Role::Client, Role::Admin],
        ),
        revoked,
    ];
    let device = PendingDevice {
        name: "<b>new</b>".parse().unwrap(),
        roles: vec![Role::Printer],
        node: NodeId::from_bytes([5; 32]),
        since: at(0),
    };
    let user = User {
        user: "charlie".parse().unwrap(),
        display: "<b>Charlie</b>".parse().unwrap(),
        state: UserState::Active,
        enrolled: false,
        badges: 1,
        groups: vec!["<b>staff</b>".parse().unwrap()],
    };
    let blocked = User {
        state: UserState::Disabled,
        enrolled: true,
        ..user.clone()
    };
    let policy = PolicyView {
        site: SiteId::from_bytes([1; 32]),
        site_name: "Acme".parse().unwrap(),
        sequence: 1,
        login: LoginPolicy::BadgeAndPin,
        job_lifetime: 5_400,
        bind_badges: true,
        pin_length: 4,
    };
    let record = AuditEntry {
        sequence: 1,
        at: at(0),
        what: "login-denied".into(),
        user: Some("charlie".parse().unwrap()),
        job: Some(JobId::from_bytes([7; 16])),
        peer: Some(NodeId::from_bytes([5; 32])),
        detail: MARKUP.into(),
    };
    vec![
        (
            Section::Devices,
            Content::Devices {
                pending: vec![device],
                invites: vec![invite(None), invite(Some("<b>hall</b>"))],
                members: members.clone(),
            },
        ),
        (
            Section::Devices,
            Content::Devices {
                pending: vec![],
                invites: vec![],
                members: vec![],
            },
        ),
        (Section::People, Content::People(vec![user, blocked])),
        (
            Section::Printers,
            Content::Printers {
                members: members.clone(),
                asked: None,
            },
        ),
        (
            Section::Printers,
            Content::Printers {
                members,
                asked: Some(vec![]),
            },
        ),
        (Section::Policy, Content::Policy(policy)),
        (Section::Audit, Content::Audit(vec![record])),
    ]
}

#[test]
fn every_place_has_words_in_every_language_and_what_others_wrote_is_text() {
    for (section, content) in users_sections() {
        shown(&charlie(), section, &content, |_| {});
    }
    for (section, content) in admins_sections() {
        shown(&Whose::Admin, section, &content, |_| {});
    }
}

#[test]
fn a_job_says_where_it_is_in_its_life() {
    let (section, content) = users_sections().swap_remove(0);
    let page = shown(&charlie(), section, &content, |_| {}).swap_remove(0);
    for words in [
        "3 pages",
        "1 MB",
        "10 minutes ago",
        "May have printed at",
        "Out of paper",
        "page 2",
        "Urgent",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    // The first cannot go up, the last not down.
    assert_eq!(page.matches(" disabled>").count(), 4, "{page}");
}

#[test]
fn a_thousand_jobs_are_a_hundred_lines() {
    let jobs = (0..1_000).map(|n| job(n, JobState::Held)).collect();
    let page = shown(&charlie(), Section::Jobs, &Content::Jobs(jobs), |_| {}).swap_remove(0);
    assert_eq!(page.matches("class=\"line ").count(), 100);
    assert!(page.contains("Show more (900)"));
}

#[test]
fn all_that_is_asked_and_said_has_words() {
    fn command(whose: &Whose, form: &str) -> PortalCommand {
        PortalCommand::read(whose, &Form::parse(form.as_bytes()).unwrap()).unwrap()
    }
    let empty = Content::Jobs(vec![]);
    let grave = || command(&charlie(), "order=delete&number=1");
    let revoke = || command(&Whose::Admin, "order=revoke&node=1");
    let block = || command(&Whose::Admin, "order=disable&user=charlie");
    let typed = || Typed {
        user: MARKUP.into(),
        ..Typed::default()
    };
    let asks: Vec<Box<dyn Fn() -> Ask>> = vec![
        Box::new(move || Ask::Sure(grave())),
        Box::new(move || Ask::Sure(revoke())),
        Box::new(move || Ask::Sure(block())),
        Box::new(move || Ask::Proof {
            command: revoke(),
            by: ProofBy::Passphrase,
            wrong: true,
        }),
        Box::new(move || Ask::Proof {
            command: revoke(),
            by: ProofBy::Code,
            wrong: true,
        }),
        Box::new(|| Ask::Digits),
        Box::new(move || Ask::NewUser(typed())),
        Box::new(|| Ask::Badge(MARKUP.into())),
        Box::new(|| {
            Ask::Invite(Wished {
                name: MARKUP.into(),
                ..Wished::default()
            })
        }),
        Box::new(|| Ask::Export),
        Box::new(|| Ask::MailAddress),
        Box::new(|| Ask::MailCode(MARKUP.into())),
    ];
    for ask in asks {
        for page in shown(&charlie(), Section::Jobs, &empty, |state| {
            state.ask = Some(ask());
        }) {
            assert!(page.contains("<dialog"));
        }
    }
    for purpose in [
        Purpose::Enroll { again: true },
        Purpose::Link,
        Purpose::Join {
            role: Role::SharedClient,
        },
    ] {
        shown(&charlie(), Section::Jobs, &empty, |state| {
            state.ticket = Some(Ticket {
                purpose,
                name: MARKUP.into(),
                line: Zeroizing::new("papermesh-user-1:ABC".into()),
                expires_at: at(900),
            });
        });
    }
    for page in shown(&Whose::Admin, Section::Policy, &empty, |state| {
        state.export = Some(Export {
            name: "Acme".parse().unwrap(),
            text: Zeroizing::new("0123456789".into()),
        });
    }) {
        assert!(page.contains("Acme.papermesh-site") && !page.contains("0123456789"));
    }
    let text = || MARKUP.to_owned();
    let failed = |code| Remark::Failed(CommandError::new(code, MARKUP));
    for remark in [
        Remark::Deleted(text()),
        Remark::Protected {
            title: text(),
            on: true,
        },
        Remark::Protected {
            title: text(),
            on: false,
        },
        Remark::Moved(text()),
        Remark::PinChanged { outdated: vec![] },
        Remark::PinChanged {
            outdated: vec![text()],
        },
        Remark::Approved(text()),
        Remark::Refused,
        Remark::Withdrawn,
        Remark::Revoked(text()),
        Remark::Enabled(text()),
        Remark::Disabled(text()),
        Remark::BadgeGiven {
            user: text(),
            former: None,
        },
        Remark::BadgeGiven {
            user: text(),
            former: Some(text()),
        },
        Remark::BadgeTaken(text()),
        Remark::PolicyChanged,
        Remark::MailAddressAdded(text()),
        Remark::MailAddressRemoved(text()),
        Remark::Typed("typed-mail"),
        Remark::Typed("mail-code-wrong"),
        Remark::Verified {
            records: 7,
            head: text(),
        },
        Remark::Typed("pin-wrong"),
        Remark::Typed("pin-odd"),
        Remark::Typed("pin-missing"),
        Remark::Typed("pin-differs"),
        Remark::Typed("typed-user"),
        Remark::Typed("typed-name"),
        Remark::Typed("typed-badge"),
        Remark::Typed("export-missing"),
        Remark::Typed("export-unsealed"),
        Remark::Typed("digits-wrong"),
        Remark::Typed("export-differs"),
        Remark::Typed("export-wrong"),
        Remark::Wait(7),
        Remark::Wait(700),
        failed(ErrorCode::NotFound),
        failed(ErrorCode::Busy),
        failed(ErrorCode::Timeout),
        failed(ErrorCode::BadData),
        failed(ErrorCode::Failed),
    ] {
        shown(&charlie(), Section::Jobs, &empty, |state| {
            state.remark = Some(remark.clone());
        });
    }
}

#[test]
fn whoever_stands_outside_is_told_what_to_type() {
    for language in Language::ALL {
        assert!(entry(language).unwrap().contains("papermesh open"));
        for why in [Why::UsedLink, Why::Over, Why::Closed] {
            let page = outside(language, why).unwrap();
            assert!(page.contains("papermesh open") && !page.contains("data-page"));
        }
    }
}
