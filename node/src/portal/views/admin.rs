//! What the admin's places show.

use askama::Template;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::user::UserState;

use super::View;
use super::line::{Button, Chip, Detail, Line, Lines, Saying};
use crate::control::message::{
    AuditEntry, Member, OpenInvite, PendingDevice, PolicyView, Printer, User,
};
use crate::pages::Words;
use crate::pages::describe::{self, age, moment};

/// How long an unclaimed job may be kept, to choose from, in hours.
const HOURS: [u32; 8] = [1, 4, 8, 24, 48, 72, 168, 720];

#[derive(Template)]
#[template(path = "policy.html")]
struct Policy<'a> {
    t: &'a Words,
    base: &'a str,
    logins: [(&'static str, &'static str, &'static str, bool); 3],
    lifetimes: Vec<(u32, String, bool)>,
    bind_badges: bool,
}

/// Devices that want to join. The digits that they show are typed here, and shown nowhere: whoever only
/// compares says yes too easily.
pub(super) fn pending(view: &View<'_>, pending: &[PendingDevice]) -> Lines {
    let t = view.t();
    let line = |device: &PendingDevice| {
        let (name, node) = (device.name.as_str(), device.node.to_string());
        let approve = Button::ask(format!("approve-{node}"), &[("what", "digits")]);
        let refuse = Button::command(
            format!("refuse-{node}"),
            &[("order", "refuse"), ("node", &node)],
        );
        Line {
            id: format!("pending-{node}"),
            kind: "busy",
            icon: picture(&device.roles),
            title: name.to_owned(),
            facts: Some(roles(t, &device.roles)),
            said: vec![
                Saying::plain(t.say("pending-compare")),
                Saying::plain(age(t, view.now.since(device.since))),
            ],
            buttons: vec![
                approve
                    .looking("check", t.say("pending-approve").as_ref())
                    .about(name)
                    .first(),
                refuse
                    .looking("close", t.say("pending-refuse").as_ref())
                    .about(name)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    Lines {
        title: Some(t.say("pending-title").into_owned()),
        ..Lines::of(
            pending.iter().map(line).collect(),
            t.say("pending-nothing").as_ref(),
        )
    }
}

/// Invites that are good still: one that was used is for its device. The line itself was shown once, and is not known here any more.
pub(super) fn invites(view: &View<'_>, invites: &[OpenInvite]) -> Lines {
    let t = view.t();
    let line = |invite: &OpenInvite| {
        let what = roles(t, &invite.roles);
        let name = invite.name.as_ref().map(ToString::to_string);
        let withdraw = Button::command(
            format!("withdraw-{}", invite.id),
            &[("order", "withdraw"), ("invite", &invite.id)],
        );
        Line {
            id: format!("invite-{}", invite.id),
            icon: "ticket",
            facts: name.is_some().then(|| what.clone()),
            title: name.unwrap_or_else(|| what.clone()),
            said: std::iter::once(Saying::at(t.say("ticket-until"), moment(invite.expires_at)))
                .chain(
                    invite
                        .used_by
                        .as_ref()
                        .map(|device| Saying::plain(format!("{} {device}", t.say("invite-used")))),
                )
                .collect(),
            buttons: vec![
                withdraw
                    .looking("bin", t.say("invite-withdraw").as_ref())
                    .about(&what)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    let shown = invites.iter().take(view.state.shown);
    let rest = invites.len().saturating_sub(view.state.shown);
    Lines {
        title: Some(t.say("invites-title").into_owned()),
        more: (rest > 0).then(|| t.count("jobs-more", rest)),
        ..Lines::of(shown.map(line).collect(), "")
    }
}

/// The members; those that were revoked come last.
pub(super) fn members(view: &View<'_>, members: &[Member]) -> Lines {
    let t = view.t();
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by_key(|member| {
        (
            member.revoked,
            !member.this,
            member.name.as_str().to_lowercase(),
        )
    });
    let line = |member: &&Member| {
        let (node, name) = (member.node.to_string(), member.name.as_str());
        let revoke = Button::command(
            format!("revoke-{node}"),
            &[("order", "revoke"), ("node", &node)],
        );
        Line {
            id: format!("member-{node}"),
            kind: presence(member).0,
            icon: picture(&member.roles),
            title: name.to_owned(),
            facts: Some(roles(t, &member.roles)),
            said: vec![seen(t, member)],
            chips: chips(t, member),
            buttons: match member.revoked || member.this {
                true => Vec::new(),
                false => vec![
                    revoke
                        .looking("bin", t.say("member-revoke").as_ref())
                        .about(name)
                        .dangerous(),
                ],
            },
            details: vec![
                Detail {
                    name: t.say("member-node").into_owned(),
                    value: node,
                    at: None,
                },
                Detail {
                    name: t.say("member-until").into_owned(),
                    value: String::new(),
                    at: Some(moment(member.not_after)),
                },
            ],
        }
    };
    let shown = sorted.iter().take(view.state.shown);
    let rest = sorted.len().saturating_sub(view.state.shown);
    Lines {
        title: Some(t.say("members-title").into_owned()),
        more: (rest > 0).then(|| t.count("jobs-more", rest)),
        ..Lines::of(shown.map(line).collect(), t.say("members-nothing").as_ref())
    }
}

fn presence(member: &Member) -> (&'static str, &'static str) {
    match member {
        Member { revoked: true, .. } => ("bad", "member-revoked"),
        Member { this: true, .. } => ("good", "member-this"),
        Member {
            connected: true, ..
        } => ("good", "member-here"),
        _ => ("", "member-seen"),
    }
}

fn seen(t: &Words, member: &Member) -> Saying {
    match (presence(member).1, member.seen_at) {
        ("member-seen", Some(at)) => Saying::at(t.say("member-seen"), moment(at)),
        ("member-seen", None) => Saying::plain(t.say("member-never")),
        (key, _) => Saying::plain(t.say(key)),
    }
}

fn chips(t: &Words, member: &Member) -> Vec<Chip> {
    let revoked = member.revoked;
    let revoked = revoked.then(|| Chip::new("warn", None, t.say("chip-revoked")));
    revoked.into_iter().collect()
}

fn picture(roles: &[Role]) -> &'static str {
    if roles.contains(&Role::Printer) {
        "print"
    } else if roles.contains(&Role::Bootstrap) {
        "globe"
    } else {
        "device"
    }
}

fn roles(t: &Words, roles: &[Role]) -> String {
    let words: Vec<_> = roles.iter().map(|one| role(t, *one)).collect();
    words.join(" · ")
}

/// What a device is.
pub(super) fn role(t: &Words, role: Role) -> String {
    t.say(match role {
        Role::Client => "role-client",
        Role::SharedClient => "role-shared-client",
        Role::Printer => "role-printer",
        Role::Bootstrap => "role-bootstrap",
        Role::Admin => "role-admin",
    })
    .into_owned()
}

/// So many seconds, in the greatest unit that people count in.
pub(super) fn span(t: &Words, seconds: u32) -> String {
    match seconds {
        0..7_200 => t.say_with("span-minutes", [("count", (seconds / 60).into())]),
        7_200..172_800 => t.say_with("span-hours", [("count", (seconds / 3_600).into())]),
        _ => t.say_with("span-days", [("count", (seconds / 86_400).into())]),
    }
}

/// The users.
pub(super) fn people(view: &View<'_>, users: &[User]) -> Lines {
    let t = view.t();
    let line = |user: &User| {
        let (id, name) = (user.user.as_str(), user.display.as_str());
        let active = user.state == UserState::Active;
        let mut buttons = vec![
            Button::ask(format!("badge-{id}"), &[("what", "badge"), ("user", id)])
                .looking("badge", t.say("people-badge").as_ref())
                .about(name),
        ];
        if !user.enrolled {
            let again = [("order", "add-user"), ("user", id)];
            buttons.push(
                Button::command(format!("ticket-{id}"), &again)
                    .looking("ticket", t.say("people-ticket").as_ref())
                    .about(name)
                    .unless(!active),
            );
        }
        let (command, icon, key) = match active {
            true => ("disable", "lock", "people-block"),
            false => ("enable", "check", "people-unblock"),
        };
        let change = Button::command(
            format!("{command}-{id}"),
            &[("order", command), ("user", id)],
        )
        .looking(icon, t.say(key).as_ref())
        .about(name);
        buttons.push(if active { change.dangerous() } else { change });
        let mut said = vec![Saying::plain(t.say(match user.enrolled {
            true => "people-enrolled",
            false => "people-not-enrolled",
        }))];
        let badges = usize::try_from(user.badges).unwrap_or(0);
        said.push(Saying::plain(t.count("account-badges-count", badges)));
        if !user.groups.is_empty() {
            let groups: Vec<_> = user.groups.iter().map(ToString::to_string).collect();
            said.push(Saying::plain(groups.join(", ")));
        }
        Line {
            id: format!("user-{id}"),
            kind: if active { "" } else { "bad" },
            icon: "user",
            title: name.to_owned(),
            facts: (id != name).then(|| id.to_owned()),
            said,
            chips: match active {
                true => Vec::new(),
                false => vec![Chip::new("warn", Some("lock"), t.say("chip-blocked"))],
            },
            buttons,
            ..Line::default()
        }
    };
    let rest = users.len().saturating_sub(view.state.shown);
    Lines {
        more: (rest > 0).then(|| t.count("jobs-more", rest)),
        ..Lines::of(
            users.iter().take(view.state.shown).map(line).collect(),
            t.say("people-nothing").as_ref(),
        )
    }
}

/// The site's printers: who they are by their certificates, how they are by what they say.
pub(super) fn printers(view: &View<'_>, members: &[Member], asked: Option<&[Printer]>) -> Lines {
    let t = view.t();
    let line = |member: &Member| {
        let said_so = asked.and_then(|all| all.iter().find(|other| other.node == member.node));
        let abilities = said_so.and_then(|printer| printer.abilities.as_ref());
        let mut said = Vec::new();
        let mut chips = Vec::new();
        let kind = match (asked, abilities) {
            (None, _) => {
                said.push(Saying::plain(t.say("printer-asking")));
                ""
            }
            (Some(_), None) => {
                said.push(Saying::plain(t.say("printer-silent")));
                said.push(seen(t, member));
                "warn"
            }
            (Some(_), Some(abilities)) => {
                for reason in abilities.reasons.iter().filter(|reason| *reason != "none") {
                    chips.push(Chip::new("warn", Some("warn"), describe::reason(t, reason)));
                }
                let (kind, key) = match (abilities.accepting, chips.is_empty()) {
                    (true, true) => ("good", "printer-ready"),
                    (true, false) => ("warn", "printer-troubled"),
                    (false, _) => ("bad", "printer-stopped"),
                };
                said.push(Saying::plain(t.say(key)));
                let color = match abilities.color {
                    Some(true) => Some("color-color"),
                    Some(false) => Some("color-mono"),
                    None => None,
                };
                said.extend(color.map(|key| Saying::plain(t.say(key))));
                if abilities
                    .sides
                    .iter()
                    .any(|sides| sides.starts_with("two-"))
                {
                    said.push(Saying::plain(t.say("sides-long")));
                }
                kind
            }
        };
        let facts = abilities.map(|abilities| {
            let known = [&abilities.model, &abilities.location];
            let known: Vec<_> = known.into_iter().flatten().cloned().collect();
            known.join(" · ")
        });
        Line {
            id: format!("printer-{}", member.node),
            kind,
            icon: "print",
            title: member.name.to_string(),
            facts: facts.filter(|facts| !facts.is_empty()),
            said,
            chips,
            ..Line::default()
        }
    };
    Lines::of(
        members.iter().take(view.state.shown).map(line).collect(),
        t.say("printers-nothing").as_ref(),
    )
}

/// What the site asks of its users, and how long it keeps what they print.
pub(super) fn policy(view: &View<'_>, policy: &PolicyView) -> Result<String, askama::Error> {
    let t = view.t();
    let is = |login| policy.login == login;
    let mut seconds: Vec<u32> = HOURS.iter().map(|hours| hours * 60 * 60).collect();
    if !seconds.contains(&policy.job_lifetime) {
        seconds.push(policy.job_lifetime);
        seconds.sort_unstable();
    }
    Policy {
        t,
        base: &view.base(),
        logins: [
            (
                "badge+pin",
                "login-badge-pin",
                "login-badge-pin-text",
                is(LoginPolicy::BadgeAndPin),
            ),
            ("pin", "login-pin", "login-pin-text", is(LoginPolicy::Pin)),
            (
                "badge",
                "login-badge",
                "login-badge-text",
                is(LoginPolicy::Badge),
            ),
        ],
        lifetimes: seconds
            .into_iter()
            .map(|seconds| (seconds, span(t, seconds), seconds == policy.job_lifetime))
            .collect(),
        bind_badges: policy.bind_badges,
    }
    .render()
}

/// What this node wrote down, the last first.
pub(super) fn audit(view: &View<'_>, entries: &[AuditEntry]) -> Lines {
    let t = view.t();
    let line = |entry: &AuditEntry| {
        let mut said = vec![Saying::at(String::new(), moment(entry.at))];
        said.extend(entry.user.as_ref().map(|user| Saying::plain(user.as_str())));
        said.extend(
            Some(&entry.detail)
                .filter(|detail| !detail.is_empty())
                .map(Saying::plain),
        );
        let detail = |key: &str, value: String| Detail {
            name: t.say(key).into_owned(),
            value,
            at: None,
        };
        let mut details = vec![detail("audit-number", entry.sequence.to_string())];
        details.extend(entry.job.map(|job| detail("receipt-job", job.to_string())));
        details.extend(
            entry
                .peer
                .map(|peer| detail("audit-peer", peer.to_string())),
        );
        let bad = ["denied", "refused", "failed"];
        let denied = bad.iter().any(|word| entry.what.contains(word));
        Line {
            id: format!("record-{}", entry.sequence),
            kind: if denied { "warn" } else { "" },
            icon: if denied { "warn" } else { "list" },
            title: entry.what.clone(),
            said,
            details,
            ..Line::default()
        }
    };
    Lines::of(
        entries.iter().map(line).collect(),
        t.say("audit-nothing").as_ref(),
    )
}
