//! What is shown of printing from outside: a user's print tokens, the site's gateways, this computer's places.

use papermesh_door::{GatewayStatus, PipeState, PlaceState};
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::sighting::Seen;
use papermesh_protocol::gateway::token::rights::Right;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::PlaceRow;

use super::View;
use super::line::{Button, Chip, Line, Lines, Saying};
use crate::control::message::{GatewayList, PlaceMismatch, Token};
use crate::pages::describe::moment;

/// Digits of a key, or of a node's id, by which people tell one from another.
const DIGITS: usize = 16;

/// A user's print tokens.
pub(super) fn tokens(view: &View<'_>, tokens: &[Token], gateways: &GatewayList) -> Lines {
    let t = view.t();
    let line = |token: &Token| {
        let (id, name) = (token.id.to_string(), token.name.as_str());
        let withdraw = Button::command(
            format!("withdraw-{id}"),
            &[("order", "withdraw-token"), ("token", &id)],
        );
        let jobs = usize::try_from(token.used.jobs).unwrap_or(usize::MAX);
        let mut said = vec![Saying::plain(match token.allowance.jobs {
            Some(most) => t.say_with(
                "token-jobs-of",
                [("count", token.used.jobs.into()), ("most", most.into())],
            ),
            None => t.count("token-jobs", jobs),
        })];
        said.push(Saying::at(t.say("ticket-until"), moment(token.until)));
        // What it may do besides, in the words that it was made with.
        let rights = token.rights.iter().map(Right::to_string);
        Line {
            id: format!("token-{id}"),
            icon: "phone",
            title: name.to_owned(),
            said,
            chips: rights.map(|right| Chip::new("", None, right)).collect(),
            buttons: vec![
                withdraw
                    .looking("bin", t.say("invite-withdraw").as_ref())
                    .about(name)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    let nothing = match gateways.open_place(None) {
        Some(_) => "tokens-nothing",
        None => "share-nowhere",
    };
    Lines::of(tokens.iter().map(line).collect(), t.say(nothing).as_ref())
}

/// The site's gateways, and how it stands with them.
pub(super) fn gateways(view: &View<'_>, list: &GatewayList) -> Lines {
    let t = view.t();
    let line = |gateway: &papermesh_protocol::gateway::contract::Gateway| {
        let domain = gateway.domain.to_string();
        let mut all = list.status.iter();
        let status = all.find(|status| status.gateway.key == gateway.key);
        let (kind, first) = match status.map(|status| (&status.pipe, status.since)) {
            None => ("", Saying::plain(t.say("gateway-idle"))),
            Some((PipeState::Asleep, _)) => ("", Saying::plain(t.say("gateway-asleep"))),
            Some((PipeState::Dialing, _)) => ("busy", Saying::plain(t.say("gateway-dialing"))),
            Some((PipeState::Down { .. }, _)) => ("bad", Saying::plain(t.say("gateway-down"))),
            Some((PipeState::Up(_), since)) => {
                let text = t.say("gateway-up-since");
                ("good", Saying::at(text, moment(since)))
            }
        };
        let mut said = vec![first];
        if let Some(GatewayStatus {
            pipe: PipeState::Down { why, remedy },
            ..
        }) = status
        {
            said.extend(
                [Some(why), remedy.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(Saying::plain),
            );
        }
        let knocks = status.map_or(0, |status| status.knocks);
        if knocks > 0 {
            let knocks = usize::try_from(knocks).unwrap_or(usize::MAX);
            said.push(Saying::plain(t.count("gateway-knocks", knocks)));
        }
        let remove = Button::command(
            format!("remove-{domain}"),
            &[("order", "remove-gateway"), ("domain", &domain)],
        );
        Line {
            id: format!("gateway-{domain}"),
            kind,
            icon: "globe",
            title: domain.clone(),
            said,
            buttons: vec![
                remove
                    .looking("bin", t.say("gateway-remove").as_ref())
                    .about(&domain)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    let mismatches = list.mismatches.iter().map(|of| mismatch(view, of));
    Lines::of(
        mismatches.chain(list.gateways.iter().map(line)).collect(),
        t.say("gateways-nothing").as_ref(),
    )
}

/// A name, and what outsiders see there.
fn shown(view: &View<'_>, list: &GatewayList, name: &HostName) -> Vec<Saying> {
    let t = view.t();
    let mut said = vec![Saying::plain(name.to_string())];
    let mut names = list.names.iter();
    let Some(known) = names.find(|known| known.name == *name) else {
        return said;
    };
    if let Some(until) = known.certified_until {
        said.push(Saying::at(t.say("place-certified"), moment(until)));
    }
    if let Some((until, _)) = &known.refused {
        said.push(Saying::at(t.say("place-refused"), moment(*until)));
    }
    if let Some(seen) = &known.seen {
        let text = t.say_with("place-seen", [("by", seen.by().into())]);
        said.push(Saying::at(text, moment(seen.at)));
    }
    said
}

/// A place that is not as its door says: what was seen, what it may mean, what to do.
fn mismatch(view: &View<'_>, of: &PlaceMismatch) -> Line {
    let t = view.t();
    let name = of.name.to_string();
    let (title, meaning) = match (&of.seen, of.claims.len()) {
        (Seen::Key { .. }, 2..) => ("mismatch-claimed", "mismatch-claimed-text"),
        (Seen::Key { .. }, _) => ("mismatch-key", "mismatch-key-text"),
        (Seen::NoTls(_), _) => ("mismatch-no-tls", "mismatch-no-tls-text"),
        (Seen::Closed, _) => ("mismatch-closed", "mismatch-closed-text"),
    };
    let about = [
        ("name", name.clone().into()),
        ("by", of.by().into()),
        ("doors", of.doors().join(", ").into()),
    ];
    let short = |id: String| id.get(..DIGITS).unwrap_or(&id).to_owned();
    let mut said = vec![Saying::at(t.say("mismatch-last"), moment(of.last))];
    said.push(Saying::plain(match &of.seen {
        Seen::Key { key, issuer } => {
            let seen = [
                ("key", short(key.to_string()).into()),
                ("issuer", issuer.as_str().into()),
            ];
            t.say_with("mismatch-seen", seen)
        }
        Seen::NoTls(why) => why.clone(),
        Seen::Closed => String::new(),
    }));
    said.retain(|saying| !saying.text.is_empty());
    said.extend(of.claims.iter().filter_map(|claim| {
        let says = [
            ("door", claim.called().into()),
            ("key", short(claim.key?.to_string()).into()),
        ];
        Some(Saying::plain(t.say_with("mismatch-says", says)))
    }));
    said.push(Saying::plain(t.say(meaning)));
    let by = short(of.by.to_string());
    let dismiss = Button::command(
        format!("dismiss-{}-{by}", of.id),
        &[("order", "dismiss"), ("id", &of.id)],
    );
    Line {
        id: format!("mismatch-{}-{by}", of.id),
        kind: "bad",
        icon: "globe",
        title: t.say_with(title, about),
        said,
        buttons: vec![
            dismiss
                .looking("check", t.say("mismatch-dismiss").as_ref())
                .about(&name),
        ],
        ..Line::default()
    }
}

/// The places that this computer opens, and one more.
pub(super) fn places(view: &View<'_>, list: &GatewayList) -> Lines {
    let t = view.t();
    let line = |place: &PlaceRow| {
        let place = &place.label;
        let label = place.as_ref().map_or("", Label::as_str);
        let name = match label.is_empty() {
            true => t.say("place-of-site").into_owned(),
            false => label.to_owned(),
        };
        let states = list.status.iter().flat_map(|status| &status.places);
        let states = states.filter(|(of, _)| of == place);
        let said = states.flat_map(|(_, state)| match state {
            PlaceState::Open(names) => names
                .iter()
                .flat_map(|name| shown(view, list, name))
                .collect(),
            PlaceState::Asleep(names) => {
                let shown = names.iter().flat_map(|name| shown(view, list, name));
                let asleep = Saying::plain(t.say("place-asleep"));
                shown.chain([asleep]).collect()
            }
            PlaceState::Asked => vec![Saying::plain(t.say("place-asked"))],
            PlaceState::Refused(why) => vec![Saying::plain(why.in_full().to_string())],
        });
        let mut said: Vec<Saying> = said.collect();
        let aliases = list.status.iter().flat_map(|status| {
            let aliases = status.aliases.iter().filter(|(of, _)| of == place);
            let domain = &status.gateway.domain;
            aliases.flat_map(move |(_, aliases)| {
                aliases.iter().map(move |alias| format!("{domain}/{alias}"))
            })
        });
        for alias in aliases {
            said.push(Saying::plain(alias));
            said.push(Saying::plain(t.say("place-read")));
        }
        let is_open = list.open_place(place.as_ref()).is_some();
        let close = Button::command(
            format!("close-{label}"),
            &[("order", "close-place"), ("label", label)],
        );
        Line {
            id: format!("place-{label}"),
            kind: if is_open { "good" } else { "" },
            icon: "print",
            title: name.clone(),
            said,
            buttons: vec![
                close
                    .looking("close", t.say("place-close").as_ref())
                    .about(&name)
                    .dangerous(),
            ],
            ..Line::default()
        }
    };
    let open = Button::command("open-place", &[("order", "open-place")]);
    let new = Line {
        id: "new-place".to_owned(),
        icon: "plus",
        title: t.say("place-new").into_owned(),
        said: vec![Saying::plain(t.say("place-new-text"))],
        buttons: vec![open.looking("plus", t.say("place-open").as_ref())],
        ..Line::default()
    };
    Lines {
        title: Some(t.say("places-title").into_owned()),
        ..Lines::of(list.places.iter().map(line).chain([new]).collect(), "")
    }
}
