//! Coming and going: badges, user ids and PINs, and the end of a session.

use std::sync::Arc;
use std::time::Instant;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::site::LoginPolicy;
use papermesh_services::printer::Visitor;
use tokio::time;

use super::badge::{ReaderWord, Reading, Rule};
use super::reception::Unwelcome;
use super::screen::{BadgeOffer, Notice, Screen, Stage, State, Typed, Typist, user_id};
use super::{PanelServer, lending};
use crate::pages::Form;

/// Somebody wants to type.
pub(super) fn start(state: &mut State) {
    if matches!(state.stage, Stage::Welcome(_)) && state.pairing.guest().is_none() {
        type_pin(state, Typist::Id(Typed::default()), None);
    }
}

/// A PIN as it was typed, if it is one.
pub(super) fn pin(typed: &str) -> Option<Pin> {
    Pin::new(typed).ok()
}

fn type_pin(state: &mut State, who: Typist, notice: Option<Notice>) {
    state.pairing.shut();
    state.stage = Stage::Typing {
        who,
        notice,
        since: time::Instant::now(),
    };
}

/// Logs in with what was typed.
pub(super) async fn with_form(server: &PanelServer, screen: &Arc<Screen>, form: &Form) {
    let (who, typist, pin) = {
        let mut state = screen.state();
        if state.logging_in {
            return;
        }
        let Stage::Typing { who, .. } = &state.stage else {
            return;
        };
        let typed = form.get("user").unwrap_or_default();
        let (who, typist) = match who {
            Typist::Badge(number) => (
                Some(Visitor::Badge(number.clone())),
                Typist::Badge(number.clone()),
            ),
            Typist::Id(before) => (
                user_id(typed).map(Visitor::User),
                Typist::Id(Typed {
                    // What is shown again is no longer than a user id.
                    user: typed.chars().take(64).collect(),
                    unknown: before.unknown.clone(),
                }),
            ),
        };
        let pin = form.get("pin").and_then(pin);
        let problem = match (&who, &pin) {
            (None, _) => Some(Notice::NoUser),
            (_, None) => Some(Notice::NoPin),
            _ => {
                let taken = server.logins.take(screen.origin, Instant::now());
                taken.err().map(Notice::Wait)
            }
        };
        let (Some(who), None) = (who, problem) else {
            type_pin(&mut state, typist, problem);
            return;
        };
        state.logging_in = true;
        (who, typist, pin)
    };
    enter(server, screen, who, pin, typist).await;
    screen.session_changed();
}

/// A badge was tapped at the panel. It belongs to the page that is open there; whoever was logged in
/// there is logged out, at their phone as well, since somebody else stands there now, or wants to go.
/// Says whether it is one that somebody could have, and nobody has.
pub(super) async fn with_badge(server: &PanelServer, badge: BadgeNumber) -> bool {
    let Some(screen) = server.screens.own() else {
        tracing::info!("badge read, but no panel page is open on this computer");
        return false;
    };
    let is_used = {
        let mut state = screen.state();
        if state.logging_in {
            return false;
        }
        match &mut state.stage {
            // Shown once more: what was typed meanwhile stays.
            Stage::Typing {
                who: Typist::Badge(before),
                since,
                ..
            } if *before == badge => {
                *since = time::Instant::now();
                return false;
            }
            Stage::Session(session) if session.was_just_opened_by(&badge) => return false,
            _ => {}
        }
        state.is_in_session() || state.guest().is_some()
    };
    if is_used {
        lending::leave(server, &screen);
    }
    screen.tell();
    let badge_alone = server.reception.policy() == LoginPolicy::Badge;
    let known = match server.logins.take(screen.origin, Instant::now()) {
        Ok(()) => {
            let known = server.reception.knows(badge.clone()).await;
            // A badge that lets in by itself is given back its try when it has.
            if known.is_ok() && !badge_alone {
                server.logins.give_back(screen.origin);
            }
            known
        }
        Err(wait) => Err(Unwelcome::Refused(Some(wait))),
    };
    let typist = Typist::Badge(badge.clone());
    match known {
        Ok(()) if badge_alone => {
            {
                let mut state = screen.state();
                type_pin(&mut state, typist.clone(), None);
                state.logging_in = true;
            }
            let who = Visitor::Badge(badge.clone());
            enter(server, &screen, who, None, typist).await;
        }
        Ok(()) => type_pin(&mut screen.state(), typist, None),
        Err(unwelcome) => {
            let is_unknown = unwelcome == Unwelcome::UnknownBadge;
            // A number that never comes again is nobody's, and is to become nobody's.
            let is_random = is_unknown && badge.is_random();
            let is_new = is_unknown && !is_random && server.reception.lets_users_bind();
            let notice = match (is_random, is_new) {
                (true, _) => Notice::RandomBadge,
                (_, true) => Notice::NewBadge,
                _ => notice(unwelcome),
            };
            let typed = Typed {
                user: String::new(),
                unknown: is_new.then_some(badge),
            };
            // Whoever has no badge that is known can still type.
            type_pin(&mut screen.state(), Typist::Id(typed), Some(notice));
            screen.tell();
            return is_unknown && !is_random;
        }
    }
    screen.tell();
    false
}

/// Looks whether somebody has the badge by another rule than the reader's: then the admin is told which.
/// The number itself is in no log.
pub(super) async fn try_rules(
    server: &PanelServer,
    reading: Reading,
    rule: &Rule,
    word: &ReaderWord,
) {
    for (better, number) in rule.others(&reading) {
        if server.reception.knows(number).await.is_ok() {
            tracing::warn!(
                badge_rule = %better,
                "badge not registered; it would be with this badge rule"
            );
            word.suggest(better);
            return;
        }
    }
}

/// Asks the reception, and shows what it says.
async fn enter(
    server: &PanelServer,
    screen: &Arc<Screen>,
    who: Visitor,
    pin: Option<Pin>,
    typist: Typist,
) {
    let received = server.reception.receive(who, pin).await;
    if received.is_ok() {
        // Whoever knows the PIN has not guessed it: many users in a row do not slow one another.
        server.logins.give_back(screen.origin);
    }
    let mut state = screen.state();
    state.logging_in = false;
    match received {
        // Whoever went back meanwhile, or closed the page, is not there.
        Ok(_) if !matches!(state.stage, Stage::Typing { .. }) => {}
        Ok(visiting) => {
            state.enter(visiting, server.idle);
            let Some(session) = state.session() else {
                return;
            };
            match typist {
                Typist::Badge(badge) => session.note_badge(badge),
                Typist::Id(Typed {
                    unknown: Some(badge),
                    ..
                }) if server.reception.lets_users_bind() => session.offer = BadgeOffer::Made(badge),
                Typist::Id(_) => {}
            }
        }
        Err(unwelcome) => type_pin(&mut state, typist, Some(notice(unwelcome))),
    }
}

fn notice(unwelcome: Unwelcome) -> Notice {
    match unwelcome {
        Unwelcome::UnknownBadge => Notice::UnknownBadge,
        Unwelcome::UnreadBadge => Notice::UnreadBadge,
        Unwelcome::NoBadges => Notice::NoBadges,
        Unwelcome::PinMissing => Notice::NoPin,
        Unwelcome::Refused(None) => Notice::Refused,
        Unwelcome::Refused(Some(wait)) => Notice::Wait(wait),
    }
}
