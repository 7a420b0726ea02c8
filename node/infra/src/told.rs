//! What is told of the printer, of its jobs and of their documents (RFC 8011 section 5, PWG 5100.5, PWG
//! 5100.18 section 7).

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use papermesh_device::{InfraDevice, JobState, JobView, ProxyView};
use papermesh_ipp_message::message::{CHARSETS, VERSIONS};
use papermesh_ipp_message::requested::{Kind, Requested};
use papermesh_ipp_message::values::{
    all, attribute, charset, collection, date_time, enumeration, flag, integer, keyword, keywords,
    language, mime, moment, name, no_value, octets, range, short_name, short_text, text, uri,
};
use papermesh_ipp_message::{subscriptions, uuid};
use papermesh_protocol::time::Timestamp;
use sha2::{Digest, Sha256};

use crate::listener::Identity;
use crate::news::News;
use crate::operations;
use crate::server::{Asking, InfraServer};

type Named = Vec<(&'static str, IppValue)>;

/// `printer-make-and-model`.
const MODEL: &str = concat!(
    "Papermesh Infrastructure Printer ",
    env!("CARGO_PKG_VERSION")
);
/// `which-jobs-supported`.
pub(super) const WHICH_JOBS: [&str; 5] = [
    "all",
    "completed",
    "fetchable",
    "not-completed",
    "processing",
];
/// Bytes of one of `job-k-octets`.
const KILO: u64 = 1024;

/// `job-state` and `job-state-reasons` (PWG 5100.18 section 8.2).
pub(super) fn job_state(job: &JobView) -> (i32, Vec<&'static str>) {
    use papermesh_device::DeviceJobState as Device;
    match (job.ended, job.state) {
        (Some(Device::Completed), _) => (9, vec!["job-completed-successfully"]),
        (Some(_), JobState::Canceled) | (None, JobState::Canceled) => {
            (7, vec!["job-canceled-by-user"])
        }
        (Some(_), _) => (8, vec!["aborted-by-system"]),
        // Proxies fetch pending ones; of others some do, and some do not.
        (None, JobState::Fetchable) => (3, vec!["job-fetchable"]),
        (None, JobState::Taken(Device::ProcessingStopped)) => (6, vec!["printer-stopped"]),
        (None, JobState::Taken(_)) => (5, vec!["job-transforming"]),
    }
}

/// `printer-state`: *stopped* while nobody is there who fetches.
pub(super) fn printer_state(device: &InfraDevice) -> i32 {
    let is_served = device.proxies().iter().any(|proxy| proxy.active);
    match (is_served, device.queued() == 0) {
        (false, _) => 5,
        (true, false) => 4,
        (true, true) => 3,
    }
}

/// `printer-uuid`, the same for as long as the node has its key.
fn printer_uuid<T>(server: &InfraServer<T>) -> String {
    uuid(&server.identity, server.device.name().as_bytes())
}

/// `job-uuid`.
fn job_uuid<T>(server: &InfraServer<T>, job: &JobView) -> String {
    let name = server.device.name().as_bytes();
    uuid(
        &server.identity,
        &[name, b"/", &job.number.to_be_bytes()].concat(),
    )
}

/// A UUID of something of this node.
fn uuid(identity: &Identity, of: &[u8]) -> String {
    let hash = Sha256::new_with_prefix(b"papermesh infrastructure printer")
        .chain_update(&identity.seed)
        .chain_update(of);
    uuid::of_hash(&hash.finalize().into())
}

/// What Register-Output-Device answers: where the proxy goes on.
pub(super) fn registered<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Vec<IppAttribute> {
    let facts = state(&server.device);
    let own = vec![
        ("printer-id", integer(1)),
        ("printer-uuid", uri(&printer_uuid(server))),
        ("printer-xri-supported", xri(asking)),
    ];
    made(own.into_iter().chain(facts))
}

fn xri(asking: &Asking<'_>) -> IppValue {
    let security = if asking.tls { "tls" } else { "none" };
    collection([
        ("xri-authentication", keyword("basic")),
        ("xri-security", keyword(security)),
        ("xri-uri", uri(&asking.printer)),
    ])
}

fn state(device: &InfraDevice) -> Named {
    let state = printer_state(device);
    let (reason, message) = match state {
        5 => ("offline-report", "waits for a proxy"),
        4 => ("none", "a job is there, or is being printed"),
        _ => ("none", "waits for users to release jobs"),
    };
    vec![
        ("printer-state", enumeration(state)),
        ("printer-state-reasons", keyword(reason)),
        ("printer-state-message", text(message)),
        ("printer-is-accepting-jobs", flag(true)),
    ]
}

/// What is told of the printer. What its proxy says of it counts where the printer does not know better.
pub(super) fn printer<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
    requested: &Requested,
) -> Vec<IppAttribute> {
    let described = subscriptions::described::<News>();
    let own = identity(server, asking)
        .into_iter()
        .chain(state(&server.device))
        .chain(abilities())
        .chain(times(server))
        .chain(described);
    let own: Vec<_> = own
        .map(|(name, value)| (name, Kind::Description, value))
        .collect();
    let known: Vec<&str> = own.iter().map(|(name, ..)| *name).collect();
    let of_proxy = (server.device.attributes().into_iter())
        .filter(|attribute| !known.contains(&attribute.name().as_str()))
        .filter(|attribute| {
            let name = attribute.name().as_str();
            requested.chooses(name, kind(name))
        })
        .collect::<Vec<_>>();
    let mut told = requested.choose(own);
    told.extend(of_proxy);
    told
}

/// Which group an attribute of a proxy's printer belongs to.
fn kind(name: &str) -> Kind {
    match name {
        "media-col-database" => Kind::Bulky,
        _ if ["-default", "-supported", "-ready"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            Kind::Template
        }
        _ => Kind::Description,
    }
}

fn identity<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Named {
    let (identity, device) = (&server.identity, &server.device);
    let security = if asking.tls { "tls" } else { "none" };
    vec![
        ("printer-id", integer(1)),
        ("printer-name", short_name(device.name())),
        ("printer-info", short_text(&identity.name)),
        ("printer-organization", text(&identity.organization)),
        ("printer-make-and-model", short_text(MODEL)),
        ("printer-uuid", uri(&printer_uuid(server))),
        ("printer-uri-supported", uri(&asking.printer)),
        ("uri-security-supported", keyword(security)),
        ("uri-authentication-supported", keyword("basic")),
        ("printer-xri-supported", xri(asking)),
        ("printer-service-type", keyword("print")),
        ("printer-kind", keyword("document")),
        (
            "output-device-uuid-supported",
            all(device.proxies(), |proxy: ProxyView| uri(proxy.id.as_str())),
        ),
        (
            "printer-device-id",
            text("MFG:Papermesh;MDL:Infrastructure Printer;CLS:PRINTER;"),
        ),
        (
            "printer-alert",
            octets("code=unknown;severity=none;training=untrained;group=generalPrinter"),
        ),
    ]
}

fn times<T>(server: &InfraServer<T>) -> Named {
    let now = (server.clock)();
    vec![
        ("printer-up-time", moment(now)),
        ("printer-current-time", date_time(now)),
        ("printer-config-change-time", moment(server.started)),
        ("printer-state-change-time", moment(server.started)),
        ("queued-job-count", integer(server.device.queued())),
    ]
}

fn abilities() -> Named {
    vec![
        ("ipp-versions-supported", keywords(VERSIONS)),
        (
            "ipp-features-supported",
            keywords([
                "document-object",
                "infrastructure-printer",
                "subscription-object",
            ]),
        ),
        (
            "operations-supported",
            all(operations::SUPPORTED, |operation| {
                enumeration(i32::from(operation))
            }),
        ),
        ("charset-configured", charset("utf-8")),
        ("charset-supported", all(CHARSETS, charset)),
        ("natural-language-configured", language("en")),
        ("generated-natural-language-supported", language("en")),
        ("compression-supported", keyword("none")),
        ("compression-default", keyword("none")),
        ("pdl-override-supported", keyword("attempted")),
        ("multiple-document-jobs-supported", flag(false)),
        ("job-ids-supported", flag(true)),
        ("which-jobs-supported", keywords(WHICH_JOBS)),
        ("printer-settable-attributes-supported", keyword("none")),
        ("job-k-octets-supported", range(0, i32::MAX)),
    ]
}

/// Whether a title and a user's name are told: to the proxy that prints the job, which wants to know when it
/// fetches it, and until it has ended.
fn is_ticket(asking: &Asking<'_>, job: &JobView) -> bool {
    let is_own = job.taken_by.is_some() && job.taken_by.as_ref() == asking.proxy().ok();
    job.ended.is_none() && (is_own || asking.request.operation == operations::FETCH_JOB)
}

/// What is told of a job.
pub(super) fn job<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
    (job, requested): (&JobView, &Requested),
) -> Vec<IppAttribute> {
    let (state, reasons) = job_state(job);
    let now = (server.clock)();
    let made_at = Timestamp::from_secs(now.as_secs().saturating_sub(job.age.as_secs()));
    let ended = |is_ended: bool, at: IppValue| if is_ended { at } else { no_value() };
    let mut described = vec![
        ("job-id", integer(job.number)),
        (
            "job-uri",
            uri(&format!("{}/{}", asking.printer, job.number)),
        ),
        ("job-uuid", uri(&job_uuid(server, job))),
        ("job-printer-uri", uri(&asking.printer)),
        ("job-state", enumeration(state)),
        ("job-state-reasons", keywords(reasons.iter().copied())),
        ("number-of-documents", integer(1)),
        ("document-format-supplied", mime(&job.format)),
        ("compression-supplied", keyword("none")),
        (
            "job-impressions-completed",
            integer(job.impressions.unwrap_or(0)),
        ),
        ("job-printer-up-time", moment(now)),
        ("time-at-creation", moment(made_at)),
        (
            "time-at-processing",
            ended(job.taken_by.is_some(), moment(made_at)),
        ),
        ("time-at-completed", ended(job.ended.is_some(), moment(now))),
    ];
    if is_ticket(asking, job) {
        described.push(("job-name", name(&job.name)));
        described.push(("job-originating-user-name", short_name(&job.user)));
    }
    if let Some(size) = job.size {
        described.push(("job-k-octets", integer(size.div_ceil(KILO))));
    }
    if let Some(proxy) = &job.taken_by {
        described.push(("output-device-uuid-assigned", uri(proxy.as_str())));
    }
    let described = described
        .into_iter()
        .map(|(name, value)| (name, Kind::Description, value));
    let mut told = requested.choose(described.collect());
    let options = job.options.iter();
    let options =
        options.filter(|option| requested.chooses(option.name().as_str(), Kind::Template));
    told.extend(options.cloned());
    told
}

/// What is told of the document of a job.
pub(super) fn document(
    asking: &Asking<'_>,
    (job, requested): (&JobView, &Requested),
) -> Vec<IppAttribute> {
    let (state, reasons) = job_state(job);
    // The states of documents are those of jobs (PWG 5100.5 section 9.1).
    let mut told = vec![
        ("document-number", integer(1)),
        ("document-format", mime(&job.format)),
        ("document-state", enumeration(state)),
        ("document-state-reasons", keywords(reasons.iter().copied())),
        ("document-job-id", integer(job.number)),
        (
            "document-job-uri",
            uri(&format!("{}/{}", asking.printer, job.number)),
        ),
        ("document-printer-uri", uri(&asking.printer)),
        ("compression", keyword("none")),
        ("last-document", flag(true)),
    ];
    if is_ticket(asking, job) {
        told.push(("document-name", name(&job.name)));
    }
    let kinded = |(name, value)| (name, Kind::Description, value);
    requested.choose(told.into_iter().map(kinded).collect())
}

fn made(told: impl IntoIterator<Item = (&'static str, IppValue)>) -> Vec<IppAttribute> {
    told.into_iter()
        .filter_map(|(name, value)| attribute(name, value))
        .collect()
}
