//! Terminated mode: places that are asked for by a path at the gateway's own name, whose TLS ends here. The gateway
//! reads all of it, so both its provider and the site have to switch it on.
//!
//! Each request is a knock of its own, whatever came before it on its connection: it has a stream to the door, on which HTTP is
//! spoken and IPP rewritten ([`papermesh_protocol::gateway::terminated`]). HTTP is hyper's on both sides: what it does
//! not read as one request is none, and how long a body is, each side says for itself.
//!
//! - `aliases`: which path asks for which place
//! - `door`: a request to a door, and its answer; `body`: what passes between; `counted`: how much
//! - `refusal`: what the gateway answers itself

mod aliases;
mod body;
mod counted;
mod door;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Either;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName};
use hyper::{Method, Request, Response};
use papermesh_pace::Pace;
use papermesh_protocol::gateway::message::{Address, Head, Knock, Terminated as TerminatedHead};
use papermesh_protocol::gateway::name::{Alias, HostName};
use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::terminated::rewrite::Place;
use papermesh_protocol::gateway::terminated::uris::Uris;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

pub(crate) use self::aliases::{Aliases, Judged};
use self::body::{Begun, Passing};
use self::door::{Asking, Failed, Kept, Living};
use self::refusal::Refusal;
use crate::body::Whole;
use crate::clock;
use crate::knocked::{Noted, Seated};
use crate::ledger::Ledger;
use crate::own::Visit;
use crate::owners::At;
use crate::places::{Fate, Places};
use crate::turns::Turns;

/// Requests at once.
const REQUESTS: usize = 5000;
/// How often one network may ask: a program that prints asks some ten times.
const EACH: Pace = Pace {
    burst: 200,
    every: Duration::from_millis(50),
};
/// How often all together may.
const ALL: Pace = Pace {
    burst: 5000,
    every: Duration::from_micros(500),
};
/// The longest that anybody waits for a door: longer than any knock is held.
const LONGEST: Duration = Duration::from_secs(120);
/// The name of a place's icon, the one page that programs fetch which ask for no name.
const ICON: &str = "icon.png";

/// An answer, of a door or the gateway's own.
pub(crate) type Reply = Response<Either<Whole, Passing<Living>>>;

/// Where a door is told who asks, in requests that make jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expp {
    /// In a header of HTTP.
    #[default]
    Header,
    /// Among the job attributes of IPP.
    Attributes,
    /// In a group of attributes of its own.
    Group,
}

impl Expp {
    const fn place(self) -> Option<Place> {
        match self {
            Self::Header => None,
            Self::Attributes => Some(Place::Attributes),
            Self::Group => Some(Place::Group),
        }
    }
}

/// A place that was asked for by a path.
pub(crate) struct Found {
    /// Where it is,
    pub(crate) at: At,
    /// its own name,
    pub(crate) name: HostName,
    /// and what of the path asks for it.
    pub(crate) alias: Alias,
}

/// What answers at such paths.
pub(crate) struct Terminated {
    places: Arc<Places>,
    ledger: Arc<Ledger>,
    expp: Expp,
    turns: Turns,
}

impl Terminated {
    pub(crate) fn new(places: Arc<Places>, ledger: Arc<Ledger>, expp: Expp) -> Self {
        Self {
            places,
            ledger,
            expp,
            turns: Turns::new(REQUESTS, EACH, ALL),
        }
    }

    /// The place for which a path asks.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        self.places.asked(segment(path))
    }

    /// Answers a request for a place.
    pub(crate) async fn answer(
        &self,
        found: Found,
        request: Request<Incoming>,
        visit: Visit,
    ) -> Reply {
        match self.pass(found, request, visit).await {
            Ok(reply) => reply,
            Err(refusal) => refusal.reply(),
        }
    }

    async fn pass(
        &self,
        found: Found,
        request: Request<Incoming>,
        visit: Visit,
    ) -> Result<Reply, Refusal> {
        let (head, body) = request.into_parts();
        let host = one(&head.headers, &HOST).ok_or(Refusal::Malformed)?;
        let (path, query) = (head.uri.path(), head.uri.query());
        // Also whoever asks only where a path leads: that tells which there are.
        let turn = self.turns.take(visit.from.ip()).ok_or(Refusal::Often)?;
        let Found { at, name, alias } = found;
        let uris = Uris::new(host, segment(path), alias.clone(), name.clone())
            .ok_or(Refusal::Malformed)?;
        let within = uris.path_inward(path).ok_or(Refusal::Malformed)?;
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let within = format!("{within}{query}");
        match head.method {
            Method::GET | Method::HEAD if is_icon(&within) => {}
            Method::GET | Method::HEAD => {
                return Ok(refusal::elsewhere(&format!("https://{name}{within}")));
            }
            Method::POST if is_ipp(&head.headers) && is_plain(&head.headers) => {}
            Method::POST => return Err(Refusal::Kind),
            _ => return Err(Refusal::Method),
        }
        let (header, body) = match head.method {
            Method::POST => {
                let begun = Begun::read(body).await.map_err(|_| Refusal::Malformed)?;
                (Some(begun.0), begun.1)
            }
            _ => (None, Begun::whole(body)),
        };
        let (knock, fate) = self.places.knock_at(&at, clock::moment());
        let seated = Seated {
            places: Arc::clone(&self.places),
            knock,
        };
        let Ok(Ok(Fate::Serve { opener, site })) = timeout(LONGEST, fate).await else {
            return Ok(refusal::unavailable(header.as_ref()));
        };
        let kept = Kept {
            noted: Noted {
                places: Arc::clone(&self.places),
                ledger: Arc::clone(&self.ledger),
                site,
                moved: Arc::default(),
            },
            _seated: seated,
            _turn: turn,
        };
        let asking = Asking {
            host: host.to_owned(),
            method: head.method,
            path: within,
            body,
            header,
            client: Client::new(visit.from, knock.0),
            expp: self.expp,
            uris,
            headers: head.headers,
        };
        let head = Head::Terminated(TerminatedHead {
            knock: Knock {
                name,
                address: Address(visit.from.ip().to_canonical()),
                port: visit.from.port(),
                at: visit.at,
                number: knock.0,
                time: clock::now(),
            },
            alias,
        });
        Ok(match door::ask(asking, (opener, head), kept).await {
            Ok(reply) => reply,
            Err(Failed::Away) => refusal::unavailable(header.as_ref()),
            Err(Failed::Unreadable(why)) => match &header {
                Some(header) => refusal::unreadable(header, &why.to_string()),
                None => Refusal::Malformed.reply(),
            },
        })
    }
}

/// The first segment of a path.
fn segment(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').next().unwrap_or_default()
}

/// Whether a path at the place is that of its icon, also behind a token.
fn is_icon(path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let behind = path
        .strip_prefix("t/")
        .and_then(|rest| rest.split_once('/'));
    behind.map_or(path, |(_, rest)| rest) == ICON
}

/// The text of a header that stands there once.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    value?.to_str().ok()
}

fn is_ipp(headers: &HeaderMap) -> bool {
    let kind = one(headers, &CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/ipp")
}

/// Whether a body is what it is, and not compressed: IPP has its own words for that.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}
