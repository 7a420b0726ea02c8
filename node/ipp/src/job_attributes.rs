//! What a program is told of a job (RFC 8011 sections 5.2 and 5.3; PWG 5100.11).

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use papermesh_protocol::gateway::terminated::client::{ADDRESS, PORT, SOCKET};
use papermesh_protocol::time::Timestamp;

use super::options;
use super::queue::{Document, Hold, IppJobState, QueuedJob};
use super::requested::{Kind, Requested};
use super::values::{
    attribute, date_time, enumeration, integer, keyword, keywords, mime, moment, name, no_value,
    short_name, text, uri,
};

/// Bytes of one of `job-k-octets`.
pub(super) const KILO: u64 = 1024;

/// Where the password of a document can be given that came without one.
const LOCKED: &str =
    "which you can give with `papermesh jobs unlock`, on your page or at the printer";

/// How a state is said.
pub(super) struct Said {
    pub(super) number: i32,
    pub(super) reasons: Vec<&'static str>,
    pub(super) message: String,
}

/// The state of a job in IPP's words. A job waits for its owner: it is `pending-held` for
/// `job-release-wait` (PWG 5100.11), whatever else it waits for.
pub(super) fn said(job: &QueuedJob) -> Said {
    let mut reasons = Vec::new();
    let (number, message) = match &job.state {
        IppJobState::Incoming => {
            reasons.extend(["job-incoming", "job-data-insufficient"]);
            (4, "waits for its documents".to_owned())
        }
        IppJobState::Held => {
            reasons.push("job-release-wait");
            reasons.push(if job.own_pin {
                "job-password-wait"
            } else {
                "job-held-for-authorization"
            });
            if job.hold != Hold::No {
                reasons.push("job-hold-until-specified");
            }
            let locked = job.documents.iter().any(|document| document.locked);
            if locked {
                reasons.push("document-password-error");
            }
            let mut message = match job.hold {
                Hold::No => "waits for you at any printer of the site".to_owned(),
                Hold::Until(_) | Hold::Indefinite => {
                    "is held back until it is released here".to_owned()
                }
            };
            if locked {
                message = format!("needs the password of its document, {LOCKED}; {message}");
            }
            if let Some(note) = &job.note {
                message = format!("{note}; {message}");
            }
            if job.may_have_printed {
                message.push_str("; it may have printed already");
            }
            (4, message)
        }
        IppJobState::Processing if job.stopped => {
            reasons.push("printer-stopped");
            let at = job.printer.as_deref().unwrap_or("the printer");
            (6, format!("{at} has stopped and needs attention"))
        }
        IppJobState::Processing => {
            reasons.push("job-printing");
            let at = job.printer.as_deref().unwrap_or("a printer");
            (5, format!("is printed by {at}"))
        }
        IppJobState::Canceled(_) => {
            reasons.push("job-canceled-by-user");
            (7, "was deleted".to_owned())
        }
        IppJobState::Aborted(_, why) => {
            reasons.push("aborted-by-system");
            (8, why.clone())
        }
        IppJobState::Completed(_) => {
            reasons.push("job-completed-successfully");
            let by = job.printer.as_deref().map(|name| format!(" by {name}"));
            (9, format!("was printed{}", by.unwrap_or_default()))
        }
    };
    Said {
        number,
        reasons,
        message,
    }
}

/// `job-uri`.
pub(super) fn job_uri(printer: &str, job: u32) -> String {
    format!("{}{}{job}", base(printer), super::JOB_PATH)
}

/// What is told of a job that was just made or changed (RFC 8011 section 4.2.1.2).
pub(super) fn brief(job: &QueuedJob, printer: &str) -> Vec<IppAttribute> {
    let said = said(job);
    [
        ("job-uri", uri(&job_uri(printer, job.number))),
        ("job-id", integer(job.number)),
        ("job-state", enumeration(said.number)),
        ("job-state-reasons", keywords(said.reasons)),
        ("job-state-message", text(&said.message)),
    ]
    .into_iter()
    .filter_map(|(name, value)| attribute(name, value))
    .collect()
}

/// What is told of a job to who asks for it.
pub(super) fn full(
    job: &QueuedJob,
    printer: &str,
    requested: &Requested,
    now: Timestamp,
) -> Vec<IppAttribute> {
    let mut told = description(job, printer, now);
    told.extend(template(job));
    requested.choose(told)
}

type Named = (&'static str, Kind, IppValue);

fn description(job: &QueuedJob, printer: &str, now: Timestamp) -> Vec<Named> {
    let said = said(job);
    let size: u64 = job.documents.iter().map(|document| document.size).sum();
    let pages = pages(&job.documents);
    let ended = job.state.ended_at();
    let copies = u32::from(job.options.copies);
    let date = |at: Option<Timestamp>| at.map_or_else(no_value, date_time);
    let time = |at: Option<Timestamp>| at.map_or_else(no_value, moment);
    let uuid = format!("{printer}#{}", job.number);
    let mut told: Vec<(&'static str, IppValue)> = vec![
        ("job-uri", uri(&job_uri(printer, job.number))),
        ("job-id", integer(job.number)),
        ("job-printer-uri", uri(printer)),
        ("job-more-info", uri(&more_info(printer))),
        ("job-uuid", uri(&super::identity::uuid_of(uuid.as_bytes()))),
        ("job-name", name(&job.title)),
        ("job-originating-user-name", short_name(job.user.as_str())),
        (
            "job-originating-user-uri",
            uri(&format!("urn:papermesh:user:{}", job.user)),
        ),
        ("job-state", enumeration(said.number)),
        ("job-state-reasons", keywords(said.reasons)),
        ("job-state-message", text(&said.message)),
        ("number-of-documents", integer(job.documents.len())),
        ("number-of-intervening-jobs", integer(0)),
        ("job-printer-up-time", moment(now)),
        ("time-at-creation", moment(job.created_at)),
        ("time-at-processing", time(job.processing_at)),
        ("time-at-completed", time(ended)),
        ("date-time-at-creation", date_time(job.created_at)),
        ("date-time-at-processing", date(job.processing_at)),
        ("date-time-at-completed", date(ended)),
        ("job-k-octets", integer(size.div_ceil(KILO))),
        (
            "job-impressions",
            pages.map_or_else(no_value, |pages| integer(pages.saturating_mul(copies))),
        ),
        ("job-impressions-completed", integer(job.pages_printed)),
        ("job-media-sheets-completed", integer(job.pages_printed)),
        ("compression-supplied", keyword("none")),
    ];
    if let Some(client) = &job.client {
        // Who may know of the job at all is its owner.
        told.extend([
            (ADDRESS, text(&client.address.to_string())),
            (PORT, integer(client.port)),
            (SOCKET, integer(client.socket)),
        ]);
    }
    if let Some(printer) = &job.printer {
        told.push(("output-device-assigned", short_name(printer)));
    }
    if let Some(document) = job.documents.first() {
        told.push(("document-format-supplied", mime(&document.format)));
    }
    let kinded = |(name, value)| (name, Kind::Description, value);
    told.into_iter().map(kinded).collect()
}

fn template(job: &QueuedJob) -> Vec<Named> {
    let mut told = options::shown(&job.options);
    told.extend([
        ("job-priority", integer(job.priority)),
        ("job-hold-until", keyword(hold_keyword(job.hold))),
        (
            "job-release-action",
            keyword(if job.own_pin {
                "job-password"
            } else {
                "owner-authorized"
            }),
        ),
    ]);
    if let Hold::Until(at) = job.hold {
        told.push(("job-hold-until-time", date_time(at)));
    }
    if let Some(left) = job.expires_at {
        let life = left.since(job.created_at).as_secs();
        told.push(("job-cancel-after", integer(life)));
    }
    let kinded = |(name, value)| (name, Kind::Template, value);
    told.into_iter().map(kinded).collect()
}

pub(super) fn hold_keyword(hold: Hold) -> &'static str {
    match hold {
        Hold::No => "no-hold",
        Hold::Until(_) | Hold::Indefinite => "indefinite",
    }
}

/// Pages of all documents, where all are known.
fn pages(documents: &[Document]) -> Option<u32> {
    documents
        .iter()
        .map(|document| document.pages)
        .try_fold(0u32, |sum, pages| sum.checked_add(pages?))
        .filter(|pages| *pages > 0)
}

/// The page for people that belongs to a printer's URI.
pub(super) fn more_info(printer: &str) -> String {
    let web = match printer.strip_prefix("ipps") {
        Some(rest) => format!("https{rest}"),
        None => printer.replacen("ipp", "http", 1),
    };
    base(&web).to_owned() + "/"
}

/// A printer's URI without its path.
fn base(printer: &str) -> &str {
    printer.split(super::PATH).next().unwrap_or(printer)
}
