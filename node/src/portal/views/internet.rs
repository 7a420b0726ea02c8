//! What is shown of printing from outside: a user's print tokens, the site's gateways, this computer's places.

use papermesh_door::{GatewayStatus, PipeState, PlaceState};
use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::token::rights::Right;
use papermesh_protocol::remedy::Remedy;
use papermesh_store::PlaceRow;

use super::View;
use super::line::{Button, Chip, Line, Lines, Saying};
use crate::control::message::{GatewayList, Token};
use crate::pages::describe::moment;

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
        let (kind, text) = match status.map(|status| &status.pipe) {
            None => ("", t.say("gateway-idle").into_owned()),
            Some(PipeState::Asleep) => ("", t.say("gateway-asleep").into_owned()),
            Some(PipeState::Dialing) => ("busy", t.say("gateway-dialing").into_owned()),
            Some(PipeState::Down { .. }) => ("bad", t.say("gateway-down").into_owned()),
            Some(_) => ("good", t.say("gateway-up").into_owned()),
        };
        let mut said = vec![Saying::plain(text)];
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
    Lines::of(
        list.gateways.iter().map(line).collect(),
        t.say("gateways-nothing").as_ref(),
    )
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
        let joined = |names: &[HostName]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.join(", ")
        };
        let said = states.flat_map(|(_, state)| match state {
            PlaceState::Open(names) => vec![Saying::plain(joined(names))],
            PlaceState::Asleep(names) => vec![
                Saying::plain(joined(names)),
                Saying::plain(t.say("place-asleep")),
            ],
            PlaceState::Asked => vec![Saying::plain(t.say("place-asked"))],
            PlaceState::Refused(why) => vec![Saying::plain(why.in_full().to_string())],
        });
        let said: Vec<Saying> = said.collect();
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
