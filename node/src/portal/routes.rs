//! What pages may ask. All of it but the first page and its files needs the two secrets of
//! [`super::session`]; whoever does not have them is told how to open a page.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use papermesh_web::{Behind, Slot};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::commands::{AdminCommand, BadCommand, Done, PortalCommand, Remark, Typed, Wished};
use super::content::{Depth, fetch, waiting};
use super::links::Redeemed;
use super::proof::Tried;
use super::section::Section;
use super::session::{Ask, ProofBy, Session, Sessions};
use super::views::{View, Why, entry, outside};
use super::{PortalServer, Whose, events, limits};
use crate::control::message::{ShowKey, SiteKey};
use crate::control::{ErrorCode, Passphrase, Service, ask};
use crate::pages::{self, Form, Language, Theme, guard};

/// The header with a page's token.
const PAGE: HeaderName = HeaderName::from_static("x-papermesh-page");
/// The cookie of a page. Each page has its own, so that windows of one browser know nothing of one
/// another.
const COOKIE: &str = "papermesh-portal";

/// An answer, or why there is none.
type Asked = Result<Response, Refusal>;

/// Why a page is not answered.
enum Refusal {
    /// It is closed, or never was open: these are the words, in the language of the browser.
    Outside(Why, Language),
    /// It asks for what there is not.
    Status(StatusCode),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Outside(why, language) => {
                let mut response = rendered(outside(language, why));
                *response.status_mut() = StatusCode::FORBIDDEN;
                into(&mut response, "#portal", "innerHTML");
                response
            }
            Self::Status(status) => status.into_response(),
        }
    }
}

pub(super) fn router<S: Service>(server: Arc<PortalServer<S>>) -> Router {
    let gate = Arc::clone(&server.gate);
    Router::new()
        .route("/", get(page))
        .route("/alive", get(|| async { StatusCode::NO_CONTENT }))
        .route("/assets/{version}/{name}", get(asset))
        .route("/enter", post(enter::<S>))
        .route("/sessions/{id}/events", get(news::<S>))
        .route("/sessions/{id}/live", get(live::<S>))
        .route("/sessions/{id}/export", get(export::<S>))
        .route("/sessions/{id}/{what}", post(act::<S>))
        .layer(middleware::from_fn(own_account))
        .layer(middleware::from_fn_with_state(gate, guard))
        .with_state(server)
}

/// Lets browsers of other accounts of this computer not in, where the system says whose they are: a
/// page is for whoever may use the control socket.
async fn own_account(
    Extension(behind): Extension<Behind>,
    request: Request,
    next: Next,
) -> Response {
    if behind.is_of_another() {
        let why = "this page is for another account of this computer\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    next.run(request).await
}

async fn asset(Path((version, name)): Path<(String, String)>) -> Response {
    pages::asset(&version, &name)
}

/// The first page. Nobody's page is in it; a link is used by what it does next.
async fn page(headers: HeaderMap) -> Response {
    rendered(entry(Language::of(&headers)))
}

/// Opens a page with a link.
async fn enter<S: Service>(
    State(server): State<Arc<PortalServer<S>>>,
    headers: HeaderMap,
    body: Body,
) -> Asked {
    let form = Form::read(body).await.map_err(Refusal::Status)?;
    let (language, now) = (Language::of(&headers), Instant::now());
    let token = form.get("link").unwrap_or_default();
    let id = Sessions::next();
    let (whose, code) = match server.links.redeem(token, &id, now) {
        Redeemed::Page(whose, code) => (whose, code),
        Redeemed::Before(page) => {
            tracing::warn!("a portal link was used twice; closed the page it had opened");
            server.sessions.close(&page);
            return Err(Refusal::Outside(Why::UsedLink, language));
        }
        Redeemed::Nothing => {
            // Another account of this computer that tries many keeps nobody from opening a page.
            if server.wrong_links.take(now.into_std()).is_err() {
                return Err(Refusal::Status(StatusCode::TOO_MANY_REQUESTS));
            }
            tracing::warn!("an invalid or expired portal link was used");
            return Err(Refusal::Outside(Why::UsedLink, language));
        }
    };
    tracing::info!(?whose, "portal page opened");
    let session = server.sessions.open(id, (whose, code), language);
    let mut response = whole(&server, &session, Part::Page).await;
    let cookie = format!(
        "{COOKIE}={}; Path=/sessions/{}; HttpOnly; SameSite=Strict",
        session.state().cookie.text(),
        session.id
    );
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The stream of news of a page. A browser sends no headers of a page's own with it, so it needs the
/// cookie only, and says nothing that is worth hearing.
async fn news<S: Service>(
    State(server): State<Arc<PortalServer<S>>>,
    Extension(slot): Extension<Arc<Slot>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(session) = server.sessions.get(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let cookie = pages::cookie(&headers, COOKIE);
    if !cookie.is_some_and(|cookie| session.state().cookie.is(cookie)) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match Arc::clone(&server.streams).try_acquire_owned() {
        Ok(permit) => events::answer(&server.service, &session, permit, slot.work()),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Shows what is new, and asks others where that is needed.
async fn live<S: Service>(
    State(server): State<Arc<PortalServer<S>>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Asked {
    let session = shown(&server, &id, &headers)?;
    session.state().touch();
    Ok(whole(&server, &session, Part::Live).await)
}

/// Gives the site as it was just exported, for a file. It is kept nowhere but there and, until its
/// user is through with it, in the page.
async fn export<S: Service>(
    State(server): State<Arc<PortalServer<S>>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Asked {
    let session = shown(&server, &id, &headers)?;
    let state = session.state();
    let export = state.export.as_ref();
    let export = export.ok_or(Refusal::Status(StatusCode::NOT_FOUND))?;
    let kind = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", export.file()),
        ),
    ];
    Ok((kind, export.text.to_string()).into_response())
}

/// Does what a page asks for.
async fn act<S: Service>(
    State(server): State<Arc<PortalServer<S>>>,
    Path((id, what)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Asked {
    let session = shown(&server, &id, &headers)?;
    let form = Form::read(body).await.map_err(Refusal::Status)?;
    session.state().use_it();
    match what.as_str() {
        "look" => theme(&session, &form),
        "go" => {
            let section = Section::named(&session.whose, form.get("place").unwrap_or_default());
            let section = section.ok_or(Refusal::Status(StatusCode::NOT_FOUND))?;
            session.state().go(section);
        }
        "more" => {
            let mut state = session.state();
            state.shown = state.shown.saturating_add(limits::SHOWN);
        }
        "ask" => wants_to_type(&session, &form)?,
        "do" => command(&server, &session, &form).await?,
        "answer" => answer(&server, &session, &form).await,
        "close" => return Ok(closed(&server, &session, Why::Closed)),
        _ => return Err(Refusal::Status(StatusCode::NOT_FOUND)),
    }
    if session.state().proof.is_over() {
        tracing::warn!("portal page closed: too many wrong proofs");
        return Ok(closed(&server, &session, Why::Unproven));
    }
    Ok(whole(&server, &session, Part::App).await)
}

/// Closes a page for good, and says why.
fn closed<S>(server: &PortalServer<S>, session: &Session, why: Why) -> Response {
    server.sessions.close(&session.id);
    let mut response = rendered(outside(session.state().language, why));
    into(&mut response, "#portal", "innerHTML");
    response
}

fn theme(session: &Session, form: &Form) {
    let mut state = session.state();
    if let Some(language) = form.get("language").and_then(Language::named) {
        state.language = language;
    }
    if let Some(theme) = form.get("look").and_then(Theme::named) {
        state.theme = theme;
    }
}

/// The user wants to type something.
fn wants_to_type(session: &Session, form: &Form) -> Result<(), Refusal> {
    let admin = matches!(session.whose, Whose::Admin);
    let asked = match form.get("what").unwrap_or_default() {
        "unlock" if !admin => {
            let text = |name| form.get(name).unwrap_or_default().to_owned();
            let (number, title) = (text("number"), text("title"));
            Ask::Unlock { number, title }
        }
        "share" if !admin => Ask::Share,
        "mail-address" if !admin => Ask::MailAddress,
        "gateway" if admin => Ask::Gateway,
        "new-user" if admin => Ask::NewUser(Typed::default()),
        "badge" if admin => Ask::Badge(form.get("user").unwrap_or_default().to_owned()),
        "invite" if admin => Ask::Invite(Wished::default()),
        "digits" if admin => Ask::Digits,
        "export" if admin => Ask::Export,
        _ => return Err(Refusal::Status(StatusCode::NOT_FOUND)),
    };
    session.state().ask = Some(asked);
    Ok(())
}

/// The user wants something done.
async fn command<S: Service>(
    server: &PortalServer<S>,
    session: &Arc<Session>,
    form: &Form,
) -> Result<(), Refusal> {
    // What was typed stays where it was typed until it makes sense.
    match &mut session.state().ask {
        Some(Ask::NewUser(typed)) => *typed = Typed::read(form),
        Some(Ask::Invite(wished)) => *wished = Wished::read(form),
        _ => {}
    }
    let command = match PortalCommand::read(&session.whose, form) {
        Ok(command) => command,
        Err(BadCommand::Unknown) => return Err(Refusal::Status(StatusCode::NOT_FOUND)),
        Err(BadCommand::Typed(words)) => {
            session.state().remark = Some(Remark::Typed(words));
            return Ok(());
        }
    };
    if !command.is_grave() {
        prove(server, session, command).await;
        return Ok(());
    }
    let named = command.named(&*server.service, &session.whose).await;
    let mut state = session.state();
    match named {
        Ok(command) => state.ask = Some(Ask::Sure(command)),
        Err(error) => state.remark = Some(Remark::Failed(error)),
    }
    Ok(())
}

/// What the user decided.
async fn answer<S: Service>(server: &PortalServer<S>, session: &Arc<Session>, form: &Form) {
    let asked = {
        let mut state = session.state();
        state.put_away();
        state.ask.take()
    };
    if !form.has("yes") {
        return;
    }
    match asked {
        Some(Ask::Sure(command)) => prove(server, session, command).await,
        Some(Ask::Proof { command, by, .. }) => {
            let typed = form.get("proof").unwrap_or_default();
            match by {
                ProofBy::Passphrase => {
                    let passphrase = Passphrase::new(Zeroizing::new(typed.to_owned()));
                    perform(server, session, command, passphrase.ok()).await;
                }
                ProofBy::Code => {
                    let tried = session.state().proof.try_code(typed, Instant::now());
                    match tried {
                        Tried::Right => perform(server, session, command, None).await,
                        Tried::Wrong | Tried::Over => {
                            let wrong = true;
                            session.state().ask = Some(Ask::Proof { command, by, wrong });
                        }
                    }
                }
            }
        }
        other => session.state().ask = other,
    }
}

/// Has something done, once its user has proved to be who opened the page where that matters.
async fn prove<S: Service>(
    server: &PortalServer<S>,
    session: &Arc<Session>,
    command: PortalCommand,
) {
    let is_export = matches!(command, PortalCommand::Admin(AdminCommand::Export(_)));
    let must = command.needs_proof() && !session.state().proof.is_good(Instant::now());
    if !is_export && !must {
        return perform(server, session, command, None).await;
    }
    let by = match session.whose {
        Whose::User(_) => ProofBy::Code,
        Whose::Admin => match ask(&*server.service, ShowKey {}).await {
            Ok(SiteKey {
                passphrase: true, ..
            }) => ProofBy::Passphrase,
            Ok(SiteKey {
                passphrase: false, ..
            }) => ProofBy::Code,
            Err(error) => {
                session.state().remark = Some(Remark::Failed(error));
                return;
            }
        },
    };
    match (is_export, by) {
        // It is opened by its own passphrase, which is the key's.
        (true, ProofBy::Passphrase) => perform(server, session, command, None).await,
        // The key itself would leave by whatever the page's user says.
        (true, ProofBy::Code) => session.state().remark = Some(Remark::Typed("export-unsealed")),
        (false, by) => {
            let wrong = false;
            session.state().ask = Some(Ask::Proof { command, by, wrong });
        }
    }
}

/// Has something done, also if the browser goes away meanwhile.
async fn perform<S: Service>(
    server: &PortalServer<S>,
    session: &Arc<Session>,
    command: PortalCommand,
    passphrase: Option<Passphrase>,
) {
    let (service, session) = (Arc::clone(&server.service), Arc::clone(session));
    let doing = tokio::spawn(async move {
        let by_passphrase = passphrase.is_some();
        let is_export = matches!(command, PortalCommand::Admin(AdminCommand::Export(_)));
        let done = command.perform(&*service, &session.whose, passphrase).await;
        let mut state = session.state();
        if by_passphrase && done.is_ok() {
            state.proof.succeed(Instant::now());
        }
        match done {
            Ok(Done::Again(words)) => {
                if is_export {
                    state.proof.fail();
                }
                state.remark = Some(Remark::Typed(words));
            }
            Ok(Done::Said(remark)) => {
                state.ask = None;
                state.remark = Some(remark);
            }
            Ok(Done::CodeMailed(address)) => state.ask = Some(Ask::MailCode(address)),
            Ok(Done::Ticket(ticket)) => {
                state.ask = None;
                state.ticket = Some(ticket);
            }
            Ok(Done::Export(export)) => {
                state.ask = None;
                state.export = Some(export);
            }
            Err(error)
                if matches!(
                    error.code,
                    ErrorCode::PassphraseRequired | ErrorCode::PassphraseWrong
                ) =>
            {
                let wrong = error.code == ErrorCode::PassphraseWrong;
                if wrong {
                    state.proof.fail();
                }
                let by = ProofBy::Passphrase;
                state.ask = Some(Ask::Proof { command, by, wrong });
            }
            Err(error) => state.remark = Some(Remark::Failed(error)),
        }
    });
    if let Err(error) = doing.await {
        tracing::error!(%error, "a page's request broke off");
    }
}

// Secrets -----------------------------------------------------------------------------------------

/// The page that a request is from, if it shows that it is.
fn shown<S>(
    server: &PortalServer<S>,
    id: &str,
    headers: &HeaderMap,
) -> Result<Arc<Session>, Refusal> {
    let over = || Refusal::Outside(Why::Over, Language::of(headers));
    let session = server.sessions.get(id).ok_or_else(over)?;
    let token = headers.get(PAGE).and_then(|token| token.to_str().ok());
    let cookie = pages::cookie(headers, COOKIE);
    let (token, cookie) = token.zip(cookie).ok_or_else(over)?;
    let known = {
        let state = session.state();
        state.token.is(token) & state.cookie.is(cookie)
    };
    known.then_some(session).ok_or_else(over)
}

// Answers -----------------------------------------------------------------------------------------

/// How much of a page is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it, to a browser that has nothing yet.
    Page,
    /// All that its user sees.
    App,
    /// What changes by itself.
    Live,
}

async fn whole<S: Service>(server: &PortalServer<S>, session: &Session, part: Part) -> Response {
    let section = session.state().section;
    let depth = match part {
        Part::Live => Depth::Whole,
        _ => Depth::Quick,
    };
    // What comes while it is fetched is fetched again.
    let news = *session.news().borrow();
    let (content, waiting) = tokio::join!(
        fetch(&*server.service, &session.whose, section, depth),
        waiting(&*server.service, &session.whose),
    );
    let mut state = session.state();
    if state.section != section {
        // Its user went elsewhere meanwhile, and sees that already.
        return StatusCode::NO_CONTENT.into_response();
    }
    state.fetched = news;
    let view = View {
        names: &server.names,
        session,
        state: &state,
        content: &content,
        waiting,
        now: papermesh_services::clock::now(),
    };
    let mut response = rendered(match part {
        Part::Page => view.page(),
        Part::App => view.app(),
        Part::Live => view.live(),
    });
    match part {
        Part::Page => into(&mut response, "#portal", "innerHTML"),
        Part::App => into(&mut response, "#app", "outerHTML"),
        Part::Live => {}
    }
    drop(state);
    response
}

/// Says where the page is to put it, wherever it wanted to.
fn into(response: &mut Response, target: &'static str, how: &'static str) {
    for (name, value) in [("hx-retarget", target), ("hx-reswap", how)] {
        response.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
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
