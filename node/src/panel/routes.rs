//! What pages may ask. All of it but the page itself and its files needs the two secrets of
//! [`super::screen`]; whoever does not have them is sent to a new page.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_web::{Origin, Peer, Slot};

use super::change::{BadOption, Change};
use super::screen::{
    Ask, PageLocation, Question, Remark, Screen, Secrets, Session, Stage, State as ScreenState,
};
use super::views::Frame;
use super::visiting::VisitCommand;
use super::{PanelServer, events, launch, lending, limits, login};
use crate::pages::{self, Form, Language, Theme, Words, guard};

/// The header with a page's token.
const PAGE: HeaderName = HeaderName::from_static("x-papermesh-page");
/// The cookie of a page; over TLS one that only TLS can set. Each page has its own, so that windows
/// of one browser know nothing of one another.
const COOKIE: &str = "papermesh-panel";
const SECURE_COOKIE: &str = "__Secure-papermesh-panel";

/// The path of the page for phones. What a phone shows there is behind a `#` of the address that it
/// reads, which no browser sends: the page's script takes it.
pub(super) const PHONE: &str = "/phone";

/// An answer, or why there is none.
type Asked = Result<Response, Refusal>;

/// Why a page is not answered.
enum Refusal {
    /// It does not show its secrets, or is over: the browser is sent to a new one.
    Over,
    /// It was on its way when somebody came or went: the page has a newer answer, or is about to. What it
    /// shows is left alone, or whoever just logged in would be thrown out.
    Overtaken,
    /// It asks for what there is not.
    Status(StatusCode),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Over => {
                let refresh = HeaderName::from_static("hx-refresh");
                (StatusCode::FORBIDDEN, [(refresh, "true")]).into_response()
            }
            Self::Overtaken => StatusCode::NO_CONTENT.into_response(),
            Self::Status(status) => status.into_response(),
        }
    }
}

pub(super) fn router(server: Arc<PanelServer>) -> Router {
    let gate = Arc::clone(&server.gate);
    Router::new()
        .route("/", get(page))
        .route(PHONE, get(phone))
        .route(&format!("{}{{secret}}", launch::PATH), get(launched))
        .route("/alive", get(|| async { StatusCode::NO_CONTENT }))
        .route("/assets/{version}/{name}", get(asset))
        .route("/screens/{id}/events", get(news))
        .route("/screens/{id}/picture/{job}", get(picture))
        .route("/screens/{id}/{what}", get(look_at).post(act))
        .route("/screens/{id}/login", post(log_in))
        .layer(middleware::from_fn_with_state(gate, guard))
        .with_state(server)
}

async fn asset(Path((version, name)): Path<(String, String)>) -> Response {
    pages::asset(&version, &name)
}

/// A new page. What this browser did before is not in it.
async fn page(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let place = if peer.is_here() && server.launch.is_none() {
        PageLocation::Here
    } else if server.remote.contains(&peer.address.to_canonical()) {
        PageLocation::Elsewhere
    } else {
        // Whoever is not at the panel has to come in there, with a phone.
        PageLocation::Phone
    };
    opened(&server, place, peer, &headers).await
}

/// A new page for a browser of this computer that is at the panel, as it shows.
async fn launched(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Response {
    let launch = server.launch.as_ref().filter(|_| peer.is_here());
    if !launch.is_some_and(|launch| launch.is(&secret)) {
        // Some browsers show an empty answer as their own failure.
        let why = "this is not the panel's page: open the file that --panel-launch names\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    }
    opened(&server, PageLocation::Here, peer, &headers).await
}

/// A new page for a phone, which has to do with no panel until it shows that it read a code there.
async fn phone(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    opened(&server, PageLocation::Phone, peer, &headers).await
}

async fn opened(
    server: &PanelServer,
    place: PageLocation,
    peer: Peer,
    headers: &HeaderMap,
) -> Response {
    let language = Language::of(headers);
    let Some(screen) = server.screens.open(place, Origin::from(peer), language) else {
        let words = language.words();
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            words.say("device-busy").into_owned(),
        )
            .into_response();
    };
    let frame = server.frame(&screen).await;
    let mut state = screen.state();
    frame.fetch_code(&mut state);
    let mut response = rendered(frame.page(&state));
    set_cookie(&mut response, &screen.id, &state, peer);
    response
}

/// The stream of news of a page. A browser sends no headers of a page's own with it, so it needs the
/// cookie only, and says nothing that is worth hearing.
async fn news(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(screen) = server.screens.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let own = cookie(&headers, peer).is_some_and(|cookie| screen.state().cookie.is(cookie));
    if !own {
        return StatusCode::FORBIDDEN.into_response();
    }
    let streams = match screen.place {
        PageLocation::Here => &server.streams.here,
        _ => &server.streams.away,
    };
    match Arc::clone(streams).try_acquire_owned() {
        Ok(place) => events::answer(&screen, place, slot.work()),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Shows a part of a page.
async fn look_at(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Path((id, what)): Path<(String, String)>,
    headers: HeaderMap,
) -> Asked {
    let screen = shown(&server, &id, peer, &headers)?;
    let frame = server.frame(&screen).await;
    let mut state = screen.state();
    let words = state.language.words();
    if what == "code" && state.shows_code(screen.place) {
        frame.fetch_code(&mut state);
        return Ok(rendered(frame.code(words, &state)));
    }
    if let (Stage::Lent(lent), "clock") = (&state.stage, &*what) {
        return Ok(rendered(frame.phone_clock(words, lent)));
    }
    Ok(match (what.as_str(), state.session()) {
        ("jobs", Some(session)) => jobs(&frame, words, session),
        ("prints", Some(session)) => prints(&frame, words, session),
        ("pictures", Some(session)) => {
            session.fetch_pictures();
            rendered(Frame::pictures(session))
        }
        ("view" | "jobs" | "prints" | "pictures" | "code" | "clock", _) => {
            whole(&frame, &mut state, peer)
        }
        _ => return Err(Refusal::Status(StatusCode::NOT_FOUND)),
    })
}

/// Shows the picture of a job's first page. It is kept nowhere but in the page that asked.
async fn picture(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Path((id, job)): Path<(String, u32)>,
    headers: HeaderMap,
) -> Asked {
    let screen = shown(&server, &id, peer, &headers)?;
    let picture = screen
        .state()
        .session()
        .and_then(|session| session.seen().pictures.get(&job).cloned())
        .ok_or(Refusal::Status(StatusCode::NOT_FOUND))?;
    let kind = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((kind, picture.jpeg().to_vec()).into_response())
}

async fn log_in(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Asked {
    let screen = shown(&server, &id, peer, &headers)?;
    let form = Form::read(body).await.map_err(Refusal::Status)?;
    login::with_form(&server, &screen, &form).await;
    lending::settle(&server, &screen);
    let frame = server.frame(&screen).await;
    Ok(whole(&frame, &mut screen.state(), peer))
}

/// Does what a page asks for.
async fn act(
    State(server): State<Arc<PanelServer>>,
    Extension(peer): Extension<Peer>,
    Path((id, what)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Asked {
    let screen = shown(&server, &id, peer, &headers)?;
    let form = Form::read(body).await.map_err(Refusal::Status)?;
    let frame = server.frame(&screen).await;
    // What happens at the panel's screen and at a phone comes first: both are asked.
    match (what.as_str(), screen.place) {
        ("knock", PageLocation::Phone) => {
            lending::knock(&server, &screen, form.get("secret").unwrap_or_default());
        }
        ("touch", _) => {
            let number = form.get("number").and_then(|number| number.parse().ok());
            lending::touch(&server, &screen, number);
        }
        ("leave", PageLocation::Here) => lending::leave(&server, &screen),
        _ => {}
    }
    let answer = acted(&server, &screen, &frame, &what, &form, peer);
    lending::settle(&server, &screen);
    answer
}

/// Does what concerns one page alone, and shows it.
fn acted(
    server: &PanelServer,
    screen: &Screen,
    frame: &Frame<'_>,
    what: &str,
    form: &Form,
    peer: Peer,
) -> Asked {
    let mut state = screen.state();
    match (what, screen.place) {
        ("knock" | "touch", _) | ("leave", PageLocation::Here) => {}
        ("start", PageLocation::Here | PageLocation::Elsewhere) => login::start(&mut state),
        ("leave", _) => state.leave_or_back(),
        ("phone" | "here", PageLocation::Here) => {
            state.pairing.shut();
            if let Some(session) = state.session() {
                session.moving = what == "phone" && frame.phones.is_some();
                session.deadline = tokio::time::Instant::now() + server.idle;
                session.remark = None;
            }
        }
        ("badge", PageLocation::Phone | PageLocation::Elsewhere) => {
            return Err(Refusal::Status(StatusCode::NOT_FOUND));
        }
        ("look", _) => {
            if let Some(language) = form.get("language").and_then(Language::named) {
                state.language = language;
            }
            if let Some(theme) = form.get("look").and_then(Theme::named) {
                state.theme = theme;
            }
        }
        _ => {
            let words = state.language.words();
            let Some(session) = state.session() else {
                return Ok(whole(frame, &mut state, peer));
            };
            // Whoever does something is there.
            session.deadline = tokio::time::Instant::now() + server.idle;
            session.remark = None;
            return Ok(match what {
                "stay" => rendered(frame.clock(words, session)),
                "more" => {
                    session.shown = session.shown.saturating_add(limits::SHOWN);
                    jobs(frame, words, session)
                }
                _ => {
                    in_session(session, what, form)?;
                    prints(frame, words, session)
                }
            });
        }
    }
    Ok(whole(frame, &mut state, peer))
}

fn in_session(session: &mut Session, what: &str, form: &Form) -> Result<(), Refusal> {
    let jobs = form.numbers("job");
    let print = form.numbers("print").first().copied();
    match what {
        "print" => match Change::read(form) {
            Ok(change) => {
                session.ask = None;
                let wanted = Ask {
                    question: Question::Again,
                    jobs,
                    change,
                    keep: form.has("keep"),
                    pin: None,
                    password: None,
                };
                session.print(wanted, form.has("again"));
            }
            Err(BadOption::Copies) => session.remark = Some(Remark::BadCopies),
            Err(_) => session.remark = Some(Remark::BadPages),
        },
        "delete" | "protect" if jobs.is_empty() => session.remark = Some(Remark::NothingChosen),
        "delete" => session.command(VisitCommand::Delete(jobs)),
        "protect" => {
            // Jobs that are all protected are meant to be so no longer.
            let seen = session.seen();
            let wished: BTreeSet<u32> = jobs.iter().copied().collect();
            let mut chosen = seen.jobs.iter().filter(|job| wished.contains(&job.number));
            let on = !chosen.all(|job| job.job.summary.protected);
            session.command(VisitCommand::Protect { jobs, on });
        }
        "cancel" => print
            .into_iter()
            .for_each(|print| session.command(VisitCommand::Cancel(print))),
        "dismiss" => print
            .into_iter()
            .for_each(|print| session.command(VisitCommand::Dismiss(print))),
        "answer" => answer(session, form),
        "badge" => session.answer_offer(form.get("answer") == Some("yes")),
        _ => return Err(Refusal::Status(StatusCode::NOT_FOUND)),
    }
    Ok(())
}

/// What the user decided.
fn answer(session: &mut Session, form: &Form) {
    let Some(mut ask) = session.ask.take() else {
        return;
    };
    match (form.get("answer"), ask.question) {
        (Some("again"), Question::Again) => session.print(ask, true),
        (Some("delete"), Question::Again) => {
            let seen = session.seen();
            let doubtful = seen
                .jobs
                .iter()
                .filter(|job| job.job.summary.may_have_printed && ask.jobs.contains(&job.number));
            let doubtful = doubtful.map(|job| job.number).collect();
            session.command(VisitCommand::Delete(doubtful));
        }
        (Some("pin"), Question::JobPin) => {
            ask.pin = form.get("pin").and_then(login::pin);
            // What may have printed was asked about before the PIN was.
            session.print(ask, true);
        }
        (Some("password"), Question::Password) => {
            let typed = form.get("password").unwrap_or_default();
            ask.password = DocumentPassword::new(typed).ok();
            session.print(ask, true);
        }
        _ => {}
    }
}

// Secrets -----------------------------------------------------------------------------------------

/// The page that a request is from, if it shows that it is.
fn shown(
    server: &PanelServer,
    id: &str,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<Arc<Screen>, Refusal> {
    let screen = server.screens.get(id).ok_or(Refusal::Over)?;
    let token = headers.get(PAGE).and_then(|token| token.to_str().ok());
    let (token, cookie) = token.zip(cookie(headers, peer)).ok_or(Refusal::Over)?;
    let judged = {
        let mut state = screen.state();
        let judged = state.judge(cookie, token);
        if judged == Secrets::Present {
            state.touch();
        }
        judged
    };
    match judged {
        Secrets::Present => Ok(screen),
        Secrets::Former => Err(Refusal::Overtaken),
        Secrets::Wrong => Err(Refusal::Over),
    }
}

fn cookie(headers: &HeaderMap, peer: Peer) -> Option<&str> {
    pages::cookie(headers, if peer.tls { SECURE_COOKIE } else { COOKIE })
}

fn set_cookie(response: &mut Response, screen: &str, state: &ScreenState, peer: Peer) {
    let (name, secure) = match peer.tls {
        true => (SECURE_COOKIE, "; Secure"),
        false => (COOKIE, ""),
    };
    let value = state.cookie.text();
    let cookie =
        format!("{name}={value}; Path=/screens/{screen}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

// Answers -----------------------------------------------------------------------------------------

/// All that a user sees, wherever the page wanted to put a part; with new secrets if somebody came
/// or went.
fn whole(frame: &Frame<'_>, state: &mut ScreenState, peer: Peer) -> Response {
    let renewed = state.renewed();
    frame.fetch_code(state);
    if let Some(session) = state.session() {
        session.fetch_jobs();
        session.fetch_prints();
        session.fetch_pictures();
    }
    let mut response = rendered(frame.app(state));
    if renewed {
        set_cookie(&mut response, frame.screen, state, peer);
    }
    let headers = response.headers_mut();
    for (name, value) in [("hx-retarget", "#app"), ("hx-reswap", "outerHTML")] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

fn jobs(frame: &Frame<'_>, words: &Words, session: &mut Session) -> Response {
    session.fetch_jobs();
    rendered(frame.jobs(words, session))
}

fn prints(frame: &Frame<'_>, words: &Words, session: &mut Session) -> Response {
    session.fetch_prints();
    rendered(frame.prints(words, session))
}

fn rendered(page: Result<String, askama::Error>) -> Response {
    match page {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
