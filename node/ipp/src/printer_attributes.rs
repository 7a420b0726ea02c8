//! What a program is told of the printer (RFC 8011 sections 5.2 and 5.4; PWG 5100.12, 5100.13 and
//! 5100.14).
//!
//! Every value here is true of what happens to a job: what no printer of the site can be relied on
//! to do has one value only, the one that changes nothing.

use ipp::attribute::IppAttribute;
use ipp::value::IppValue;
use papermesh_convert::format;
use papermesh_protocol::document_password::MAX_DOCUMENT_PASSWORD;
use papermesh_protocol::job::DEFAULT_PRIORITY;
use papermesh_protocol::limits;
use papermesh_protocol::pin::{MAX_PIN, MIN_PIN};
use papermesh_protocol::time::Timestamp;

use super::identity::{Identity, MODEL};
use super::job_attributes;
use super::media;
use super::message::{CHARSETS, VERSIONS};
use super::news::About;
use super::operations;
use super::options::{self, Named};
use super::queue::Capabilities;
use super::requested::{Kind, Requested};
use super::server::Switches;
use super::subscriptions;
use super::template;
use super::terminated;
use super::values::{
    all, charset, collection, date_time, dpi, enumeration, flag, integer, keyword, keywords,
    language, mime, moment, no_value, octets, range, short_name, short_text, text, unknown, uri,
};

/// A format that is told by the document's first bytes.
pub(super) const ANY_FORMAT: &str = "application/octet-stream";

/// What is known of the printer at one moment.
pub(super) struct Facts<'a> {
    pub(super) identity: &'a Identity,
    pub(super) capabilities: &'a Capabilities,
    /// The name under which it is found.
    pub(super) dns_sd_name: String,
    /// Its URIs, and for each whether it is protected and how a user is known there.
    pub(super) uris: Vec<PrinterUri>,
    /// The URI by which it was asked.
    pub(super) uri: String,
    /// Since when it runs.
    pub(super) started: Timestamp,
    pub(super) now: Timestamp,
    /// Jobs of the user who asks.
    pub(super) queued: usize,
    /// Whether one of them is being printed.
    pub(super) processing: bool,
    /// What an operator has switched.
    pub(super) switches: Switches,
    /// Whether whoever asks does so by a gateway that reads what is printed.
    pub(super) is_read: bool,
}

/// One of `printer-uri-supported`.
pub(super) struct PrinterUri {
    pub(super) uri: String,
    pub(super) security: &'static str,
    pub(super) authentication: &'static str,
}

/// What is told to a request.
pub(super) fn told(facts: &Facts<'_>, requested: &Requested) -> Vec<IppAttribute> {
    let kinded = |kind: Kind, told: Named| {
        told.into_iter()
            .map(move |(name, value)| (name, kind, value))
    };
    let told = kinded(Kind::Description, identity(facts))
        .chain(kinded(Kind::Description, state(facts)))
        .chain(kinded(Kind::Description, abilities(facts.capabilities)))
        .chain(kinded(Kind::Description, rasters(facts.capabilities)))
        .chain(kinded(Kind::Description, supplies(facts)))
        .chain(kinded(Kind::Description, release()))
        .chain(kinded(Kind::Template, besides()))
        .chain(kinded(Kind::Template, options::offered(facts.capabilities)))
        .chain(requested.names("media-col-database").then(|| {
            (
                "media-col-database",
                Kind::Bulky,
                database(facts.capabilities),
            )
        }));
    requested.choose(told.collect())
}

fn identity(facts: &Facts<'_>) -> Named {
    let identity = facts.identity;
    let icon = job_attributes::more_info(&facts.uri) + &super::ICON_PATH[1..];
    vec![
        ("printer-name", short_name(&identity.name)),
        ("printer-info", short_text(&identity.name)),
        (
            "printer-dns-sd-name",
            super::values::name(&facts.dns_sd_name),
        ),
        ("printer-location", short_text(&identity.location)),
        ("printer-geo-location", unknown()),
        ("printer-organization", text(&identity.organization)),
        ("printer-organizational-unit", text("")),
        ("printer-make-and-model", short_text(MODEL)),
        ("printer-device-id", text(&identity.device_id())),
        ("printer-uuid", uri(&identity.uuid())),
        (
            "printer-more-info",
            uri(&job_attributes::more_info(&facts.uri)),
        ),
        ("printer-icons", uri(&icon)),
        (
            "printer-supply-info-uri",
            uri(&job_attributes::more_info(&facts.uri)),
        ),
        (
            "printer-uri-supported",
            all(&facts.uris, |place| uri(&place.uri)),
        ),
        (
            "uri-security-supported",
            all(&facts.uris, |place| keyword(place.security)),
        ),
        (
            "uri-authentication-supported",
            all(&facts.uris, |place| keyword(place.authentication)),
        ),
        ("printer-kind", keywords(["document", "photo"])),
        ("printer-firmware-name", super::values::name("papermesh")),
        (
            "printer-firmware-string-version",
            text(env!("CARGO_PKG_VERSION")),
        ),
    ]
}

/// `printer-state-reasons`: what an operator has switched, and nothing of the site's printers. What
/// one of them lacks is no trouble of the others, and phones would show it at every print.
pub(super) fn reasons(switches: &Switches) -> &'static str {
    match switches.holding {
        true => "hold-new-jobs",
        false => "none",
    }
}

/// `printer-state` *idle* or *processing*.
pub(super) fn state_number(processing: bool) -> i32 {
    if processing { 4 } else { 3 }
}

fn state(facts: &Facts<'_>) -> Named {
    let switches = &facts.switches;
    let message = match (switches.accepting, facts.processing) {
        (_, true) => "a printer of the site prints one of your jobs",
        (true, false) => "holds what you print until you release it at a printer",
        (false, false) => "not accepting jobs at the moment",
    };
    let message = match facts.is_read {
        true => format!("{message} {}", terminated::READ),
        false => message.to_owned(),
    };
    vec![
        ("printer-state", enumeration(state_number(facts.processing))),
        ("printer-state-reasons", keyword(reasons(switches))),
        ("printer-state-message", text(&message)),
        ("printer-state-change-time", moment(switches.changed_at)),
        (
            "printer-state-change-date-time",
            date_time(switches.changed_at),
        ),
        ("printer-config-change-time", moment(facts.started)),
        ("printer-config-change-date-time", date_time(facts.started)),
        ("printer-current-time", date_time(facts.now)),
        ("printer-up-time", moment(facts.now)),
        ("printer-is-accepting-jobs", flag(switches.accepting)),
        ("printer-message-from-operator", short_text("")),
        ("queued-job-count", integer(facts.queued)),
        (
            "printer-alert",
            octets("code=unknown;severity=none;training=untrained;group=generalPrinter"),
        ),
        ("printer-alert-description", text("nothing is wrong")),
    ]
}

fn abilities(capabilities: &Capabilities) -> Named {
    let formats = format::FORMATS.iter().map(|(format, _)| *format);
    vec![
        ("ipp-versions-supported", keywords(VERSIONS)),
        (
            "ipp-features-supported",
            keywords([
                "document-object",
                "ipp-everywhere",
                "job-release",
                "job-storage",
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
        ("document-format-default", mime(ANY_FORMAT)),
        (
            "document-format-supported",
            all(formats.chain([ANY_FORMAT]), mime),
        ),
        ("document-format-varying-attributes", keyword("none")),
        (
            "compression-supported",
            keywords(super::compression::SUPPORTED),
        ),
        ("compression-default", keyword("none")),
        ("pdl-override-supported", keyword("attempted")),
        (
            "pdf-versions-supported",
            keywords([
                "adobe-1.3",
                "adobe-1.4",
                "adobe-1.5",
                "adobe-1.6",
                "iso-32000-1_2008",
            ]),
        ),
        ("multiple-document-jobs-supported", flag(true)),
        (
            "multiple-operation-time-out",
            integer(super::limits::OPEN_JOB.as_secs()),
        ),
        ("multiple-operation-time-out-action", keyword("process-job")),
        ("job-ids-supported", flag(true)),
        (
            "job-creation-attributes-supported",
            keywords(template::supported()),
        ),
        (
            "job-settable-attributes-supported",
            keywords(operations::settable()),
        ),
        (
            "document-creation-attributes-supported",
            keywords(
                ["document-name", "document-password"]
                    .into_iter()
                    .chain(template::of_document()),
            ),
        ),
        (
            "document-settable-attributes-supported",
            keywords(operations::document_settable()),
        ),
        (
            "document-password-supported",
            integer(MAX_DOCUMENT_PASSWORD),
        ),
        ("printer-settable-attributes-supported", keyword("none")),
        (
            "job-k-octets-supported",
            range(
                0,
                i32::try_from(capabilities.largest / 1024).unwrap_or(i32::MAX),
            ),
        ),
        (
            "printer-get-attributes-supported",
            keyword("document-format"),
        ),
        ("which-jobs-supported", keywords(operations::WHICH_JOBS)),
        ("identify-actions-default", keyword("display")),
        ("identify-actions-supported", keyword("display")),
        ("preferred-attributes-supported", flag(false)),
        ("color-supported", flag(capabilities.can.prints_color())),
        ("pages-per-minute", integer(20)),
    ]
    .into_iter()
    .chain(
        capabilities
            .can
            .prints_color()
            .then(|| ("pages-per-minute-color", integer(20))),
    )
    .chain(subscriptions::described::<About>())
    .collect()
}

/// What may be asked of a job besides its options.
fn besides() -> Named {
    let longest = i32::try_from(limits::JOB_LIFETIME_MAX.as_secs()).unwrap_or(i32::MAX);
    vec![
        ("job-hold-until-default", keyword("no-hold")),
        (
            "job-hold-until-supported",
            keywords(["no-hold", "indefinite"]),
        ),
        (
            "job-cancel-after-default",
            integer(limits::JOB_LIFETIME.as_secs()),
        ),
        (
            "job-cancel-after-supported",
            range(template::SHORTEST_LIFE, longest),
        ),
        ("job-priority-default", integer(DEFAULT_PRIORITY)),
        ("job-priority-supported", integer(100)),
        ("job-sheets-default", keyword("none")),
        ("job-sheets-supported", keyword("none")),
        (
            "multiple-document-handling-default",
            keyword("separate-documents-collated-copies"),
        ),
        (
            "multiple-document-handling-supported",
            keyword("separate-documents-collated-copies"),
        ),
        ("number-up-default", integer(1)),
        ("number-up-supported", integer(1)),
        ("orientation-requested-default", no_value()),
        (
            "orientation-requested-supported",
            enumeration(template::PORTRAIT),
        ),
        ("output-bin-default", keyword("auto")),
        ("output-bin-supported", keyword("auto")),
        (
            "overrides-supported",
            keywords(["document-number", "document-numbers", "pages"]),
        ),
        ("print-content-optimize-default", keyword("auto")),
        ("print-content-optimize-supported", keyword("auto")),
        (
            "print-quality-default",
            enumeration(template::NORMAL_QUALITY),
        ),
        (
            "print-quality-supported",
            enumeration(template::NORMAL_QUALITY),
        ),
        ("print-rendering-intent-default", keyword("auto")),
        ("print-rendering-intent-supported", keyword("auto")),
        ("printer-resolution-default", dpi(template::RESOLUTIONS[0])),
        (
            "printer-resolution-supported",
            all(template::RESOLUTIONS, dpi),
        ),
    ]
}

fn database(capabilities: &Capabilities) -> IppValue {
    all(media::sizes(&capabilities.can.media), |(name, size)| {
        media::column(name, size)
    })
}

/// `urf-supported`: what of Apple raster is taken.
pub(super) fn urf(capabilities: &Capabilities) -> Vec<&'static str> {
    let mut urf = vec!["V1.4", "CP1", "W8", "RS300-600"];
    urf.extend(capabilities.can.prints_color().then_some("SRGB24"));
    urf.extend(capabilities.can.prints_both_sides().then_some("DM1"));
    urf
}

/// PWG 5102.4 and, for Apple's, what its printers say of theirs.
fn rasters(capabilities: &Capabilities) -> Named {
    let mut types = vec!["sgray_8"];
    if capabilities.can.prints_color() {
        types.push("srgb_8");
    }
    let mut told = vec![
        (
            "pwg-raster-document-resolution-supported",
            all(template::RESOLUTIONS, dpi),
        ),
        ("pwg-raster-document-type-supported", keywords(types)),
        ("urf-supported", keywords(urf(capabilities))),
        (
            "jpeg-k-octets-supported",
            range(
                0,
                i32::try_from(capabilities.largest / 1024).unwrap_or(i32::MAX),
            ),
        ),
        (
            "pdf-k-octets-supported",
            range(
                0,
                i32::try_from(capabilities.largest / 1024).unwrap_or(i32::MAX),
            ),
        ),
    ];
    told.push(("pwg-raster-document-sheet-back", keyword("normal")));
    told
}

/// IPP Everywhere demands supplies; a printer that makes no paper has a spool.
fn supplies(_: &Facts<'_>) -> Named {
    let supply = "index=1;class=supplyThatIsConsumed;type=other;unit=percent;maxcapacity=100;level=-2;colorantname=unknown;";
    vec![
        ("printer-supply", octets(supply)),
        (
            "printer-supply-description",
            text("as the printers of the site have it"),
        ),
    ]
}

/// PWG 5100.11: how a held job is released, and the PIN of one job.
fn release() -> Named {
    let longest = i32::try_from(MAX_PIN).unwrap_or(i32::MAX);
    let shortest = i32::try_from(MIN_PIN).unwrap_or(0);
    vec![
        ("job-release-action-default", keyword("owner-authorized")),
        (
            "job-release-action-supported",
            keywords(["job-password", "owner-authorized"]),
        ),
        ("job-password-supported", integer(longest)),
        ("job-password-length-supported", range(shortest, longest)),
        ("job-password-encryption-supported", keyword("none")),
        (
            "job-password-repertoire-configured",
            keyword("iana_utf-8_any"),
        ),
        (
            "job-password-repertoire-supported",
            keywords(["iana_us-ascii_digits", "iana_utf-8_any"]),
        ),
        ("job-mandatory-attributes-supported", flag(true)),
        (
            "job-storage-supported",
            keywords(["job-storage-access", "job-storage-disposition"]),
        ),
        ("job-storage-access-supported", keyword("owner")),
        (
            "job-storage-disposition-supported",
            keyword("print-and-store"),
        ),
        (
            "job-storage-default",
            collection([
                ("job-storage-access", keyword("owner")),
                ("job-storage-disposition", keyword("print-and-store")),
            ]),
        ),
    ]
}
