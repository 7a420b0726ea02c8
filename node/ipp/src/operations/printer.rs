//! The printer itself: what it is, and what an operator may switch (RFC 8011 section 4.2.5; RFC
//! 3380; RFC 3998; PWG 5100.13 section 5).

use std::collections::BTreeSet;

use ipp::model::DelimiterTag;
use papermesh_protocol::text;
use papermesh_web::Way;

use super::super::identity::Identity;
use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::news::Happened;
use super::super::owner::Requester;
use super::super::printer_attributes::{self, Facts, PrinterUri};
use super::super::queue::{Bearer, Hold, IppJobState, JobChange, JobNumber, Queue, Which};
use super::super::requested::Requested;
use super::super::server::{Asking, IppServer};
use super::super::status::Status;

/// Bytes of a message for whoever stands at the printer.
const MESSAGE: usize = 127;

pub(super) async fn get_printer_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let mut jobs = match &asking.who {
        Requester::User(user) | Requester::Bearer(Bearer { user, .. }) => {
            server
                .queue
                .jobs(user, Which::Current, 0, limits::JOBS_PER_ANSWER)
                .await?
        }
        Requester::Named(_) | Requester::Visitor(_) | Requester::Stranger(_) => Vec::new(),
    };
    if !asking.who.has_all_jobs() {
        jobs.retain(|job| job.token.is_some() && job.token == asking.who.token());
    }
    let is_stranger = asking.peer.is_outside() && matches!(asking.who, Requester::Stranger(_));
    let identity = match &asking.station {
        // Whose computer this is, and where, is nobody's business outside.
        _ if is_stranger => Identity::of_place(&asking.printer),
        Some(station) => station.identity(&server.identity),
        None => server.identity.clone(),
    };
    // The queues of the site's printers are not announced.
    let announced = server.announced.borrow().clone();
    let announced = announced.filter(|_| asking.station.is_none() && !is_stranger);
    let facts = Facts {
        identity: &identity,
        dns_sd_name: announced.unwrap_or_else(|| identity.dns_sd_name()),
        capabilities: &asking.capabilities(server),
        uris: printer_uris(server, asking),
        uri: asking.printer.clone(),
        started: server.started,
        now: server.queue.now(),
        queued: jobs.len(),
        processing: jobs.iter().any(|job| job.state == IppJobState::Processing),
        switches: server.switches(),
        is_read: asking.peer.way == Way::Terminated,
    };
    let requested = Requested::read(asking.request, &["all"]);
    let mut told = printer_attributes::told(&facts, &requested);
    if is_stranger {
        // Which version runs here helps only who looks for an old one.
        told.retain(|attribute| !attribute.name().as_str().starts_with("printer-firmware"));
    }
    let mut answer = super::done(asking);
    answer.group(DelimiterTag::PrinterAttributes, told);
    Ok(answer)
}

/// The ways to the printer from where the program is.
fn printer_uris<Q: Queue>(server: &IppServer<Q>, asking: &Asking<'_>) -> Vec<PrinterUri> {
    let rest = asking
        .printer
        .split_once("://")
        .map_or("", |(_, rest)| rest);
    let uri_of = |scheme: &str, security, authentication| PrinterUri {
        uri: format!("{scheme}://{rest}"),
        security,
        authentication,
    };
    if asking.peer.is_local() {
        let shown = match server.accounts.standing(asking.account) {
            Some(_) => "requesting-user-name",
            None => "basic",
        };
        vec![uri_of("ipp", "none", shown), uri_of("ipps", "tls", shown)]
    } else {
        // A token in the path needs no other.
        let shown = match asking.is_capable {
            true => "none",
            false => "basic",
        };
        vec![uri_of("ipps", "tls", shown)]
    }
}

/// There is nothing that a program may set of this printer.
pub(super) fn get_supported_values(asking: &Asking<'_>) -> Answer {
    let mut answer = super::done(asking);
    answer.group(DelimiterTag::PrinterAttributes, Vec::new());
    answer
}

pub(super) fn set_printer_attributes(asking: &Asking<'_>) -> Result<Answer, Failure> {
    asking.user()?;
    let wanted = asking.request.group(DelimiterTag::PrinterAttributes);
    Err(Failure {
        unsupported: wanted.0.to_vec(),
        ..Failure::new(
            Status::AttributesNotSettable,
            "this printer is configured in papermesh.toml",
        )
    })
}

/// Identify-Printer: this printer has no lamp; it says in its log that it was looked for.
pub(super) fn identify<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let user = asking.user()?;
    let message = asking
        .request
        .operation()
        .text("message")
        .unwrap_or_default();
    let message = text::clean(message, MESSAGE);
    tracing::info!(%user, %message, "{} was asked to show itself", server.identity.name);
    Ok(super::done(asking))
}

/// What an operator may switch: whether jobs are taken, and whether new ones are held back.
pub(super) async fn switch<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    server.check_operator(asking)?;
    let released = match asking.request.operation {
        super::ENABLE_PRINTER | super::DISABLE_PRINTER => {
            server.accept(asking.request.operation == super::ENABLE_PRINTER);
            BTreeSet::new()
        }
        other => server.hold_new(other == super::HOLD_NEW_JOBS),
    };
    for number in released {
        release(server, number).await?;
    }
    server.tell_of_printer();
    Ok(super::done(asking))
}

/// Gives a job free that was held back because all new ones were.
async fn release<Q: Queue>(server: &IppServer<Q>, number: JobNumber) -> Result<(), Failure> {
    server.open.release(number);
    let job = server.queue.job(number).await?;
    if job.is_some_and(|job| job.state == IppJobState::Held && job.hold == Hold::Indefinite) {
        let hold = Some(Hold::No);
        let change = JobChange {
            hold,
            ..JobChange::default()
        };
        server.queue.change(number, None, change).await?;
        server.tell(number, Happened::Changed).await;
    }
    Ok(())
}

/// Resume-Printer: it never is paused, and stays so (RFC 8011 section 4.2.8).
pub(super) fn resume<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    server.check_operator(asking)?;
    Ok(super::done(asking))
}

/// What only a printer with an engine can do.
pub(super) fn no_engine(asking: &Asking<'_>) -> Result<Answer, Failure> {
    asking.user()?;
    Err(Failure::new(
        Status::NotPossible,
        "this printer only holds jobs; stop the printing at the printer itself",
    ))
}
