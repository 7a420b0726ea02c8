//! The printers that there are behind this address: Get-Printers (PWG 5100.22 section 7.1.5) and CUPS-Get-Printers, by
//! which `lpstat -h` and print dialogs list a server's queues. The hold printer is the first; after it come the
//! site's printers to which whoever asks may print straight.

use ipp::attribute::IppAttribute;
use ipp::model::DelimiterTag;

use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::owner::Requester;
use super::super::queue::{KnownStation, Queue};
use super::super::requested::{Kind, Requested};
use super::super::server::{Asking, IppServer};
use super::super::station;
use super::super::status::Status;
use super::super::values::{
    attribute, enumeration, flag, keyword, keywords, short_name, short_text, uri,
};

/// `which-printers` that are told apart.
const WHICH: [&str; 3] = ["accepting", "all", "not-accepting"];

/// A printer as it is listed.
struct Listed {
    name: String,
    uri: String,
    location: String,
    model: String,
    accepting: bool,
    /// What is the matter with it; empty for nothing.
    reasons: Vec<String>,
    color: Option<bool>,
    both_sides: bool,
}

pub(super) async fn get_printers<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    asking.user()?;
    let operation = asking.request.operation();
    let which = operation.text("which-printers").unwrap_or("all");
    if !WHICH.contains(&which) {
        return Err(Failure {
            unsupported: attribute("which-printers", keyword(which))
                .into_iter()
                .collect(),
            ..Failure::new(
                Status::AttributesOrValues,
                format!("which-printers {which} is not supported"),
            )
        });
    }
    let place = operation.text("printer-location").unwrap_or_default();
    let count = |name: &str| {
        let said = operation.integer(name)?;
        usize::try_from(said).ok().filter(|count| *count > 0)
    };
    let limit = count("limit").unwrap_or(usize::MAX);
    let skip = count("first-index").unwrap_or(1) - 1;
    let requested = Requested::read(asking.request, &["all"]);
    let mut all = vec![hold(server, asking)];
    let known = server.queue.printers().await?;
    all.extend(
        (known.into_iter())
            .filter(|printer| may_print_to(asking, &printer.name))
            .map(|printer| straight(asking, printer)),
    );
    let mut answer = super::done(asking);
    let wanted = all.into_iter().filter(|printer| {
        let is_so = match which {
            "accepting" => printer.accepting,
            "not-accepting" => !printer.accepting,
            _ => true,
        };
        is_so
            && printer
                .location
                .to_lowercase()
                .contains(&place.to_lowercase())
    });
    let most = limit.min(limits::PRINTERS_PER_ANSWER);
    for printer in wanted.skip(skip).take(most) {
        answer.group(DelimiterTag::PrinterAttributes, printer.told(&requested));
    }
    Ok(answer)
}

/// Whether one may print straight to a printer: everybody of the site, and tokens that name it.
fn may_print_to(asking: &Asking<'_>, printer: &str) -> bool {
    match &asking.who {
        Requester::Bearer(bearer) => bearer.rights.allow_printing_to(printer),
        Requester::User(_) | Requester::Named(_) => !asking.peer.is_outside(),
        Requester::Visitor(_) | Requester::Stranger(_) => false,
    }
}

fn hold<Q: Queue>(server: &IppServer<Q>, asking: &Asking<'_>) -> Listed {
    let capabilities = server.queue.capabilities();
    Listed {
        name: server.identity.name.clone(),
        uri: asking.printer.clone(),
        location: server.identity.location.clone(),
        model: super::super::identity::MODEL.to_owned(),
        accepting: server.switches().accepting,
        reasons: Vec::new(),
        color: capabilities.can.color,
        both_sides: capabilities.can.prints_both_sides(),
    }
}

fn straight(asking: &Asking<'_>, printer: KnownStation) -> Listed {
    let base = asking.printer.strip_suffix(super::super::PATH);
    let path = station::path(&printer.name);
    let can = printer.abilities.unwrap_or_default();
    Listed {
        uri: format!("{}{path}", base.unwrap_or(&asking.printer)),
        name: printer.name,
        both_sides: can.prints_both_sides(),
        location: can.location.unwrap_or_default(),
        model: can.model.unwrap_or_default(),
        accepting: can.accepting,
        reasons: can.reasons,
        color: can.color,
    }
}

impl Listed {
    fn told(self, requested: &Requested) -> Vec<IppAttribute> {
        // *stopped* is for what needs a hand.
        let state = match self.accepting {
            true => 3,
            false => 5,
        };
        let reasons = match self.reasons.is_empty() {
            true => vec!["none".to_owned()],
            false => self.reasons,
        };
        let mut told = vec![
            ("printer-name", short_name(&self.name)),
            ("printer-info", short_text(&self.name)),
            ("printer-uri-supported", uri(&self.uri)),
            ("printer-location", short_text(&self.location)),
            ("printer-make-and-model", short_text(&self.model)),
            ("printer-state", enumeration(state)),
            (
                "printer-state-reasons",
                keywords(reasons.iter().map(String::as_str)),
            ),
            ("printer-is-accepting-jobs", flag(self.accepting)),
            (
                "sides-supported",
                match self.both_sides {
                    true => keywords(["one-sided", "two-sided-long-edge", "two-sided-short-edge"]),
                    false => keyword("one-sided"),
                },
            ),
        ];
        told.extend(self.color.map(|color| ("color-supported", flag(color))));
        let kinded = |(name, value)| (name, Kind::Description, value);
        requested.choose(told.into_iter().map(kinded).collect())
    }
}
