//! Job template attributes and their kin: what a program asks of a job, against what can be had
//! (RFC 8011 sections 4.1.7 and 5.2; PWG 5100.11 and 5100.13).
//!
//! What is not understood, or cannot be had, is told to the program as unsupported. With
//! `ipp-attribute-fidelity` that refuses the job; without, it is printed without.

use std::collections::BTreeSet;
use std::time::Duration;

use ipp::attribute::IppAttribute;
use ipp::model::DelimiterTag;
use ipp::value::IppValue;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::limits;
use papermesh_protocol::pin::Pin;

use super::message::{Answer, Failure, Request};
use super::options::{self, Taken, set};
use super::queue::{Capabilities, Hold, JobSettings};
use super::status::Status;
use super::values::{Values, attribute, text_of, unsupported};

/// What may be asked of a job besides its [`options`].
const BESIDES: [&str; 21] = [
    "document-password",
    "ipp-attribute-fidelity",
    "job-cancel-after",
    "job-hold-until",
    "job-hold-until-time",
    "job-mandatory-attributes",
    "job-name",
    "job-password",
    "job-password-encryption",
    "job-priority",
    "job-release-action",
    "job-sheets",
    "job-storage",
    "multiple-document-handling",
    "number-up",
    "orientation-requested",
    "output-bin",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "printer-resolution",
];

/// What of it may be asked of one document of a job (PWG 5100.5 section 9).
const OF_DOCUMENT: [&str; 5] = [
    "number-up",
    "orientation-requested",
    "print-content-optimize",
    "print-quality",
    "printer-resolution",
];

/// Everything that may be asked of a job, `job-creation-attributes-supported`.
pub(super) fn supported() -> Vec<&'static str> {
    sorted(BESIDES.into_iter().chain(options::names()))
}

/// Everything that may be asked of a document.
pub(super) fn of_document() -> Vec<&'static str> {
    sorted(OF_DOCUMENT.into_iter().chain(options::names()))
}

/// What can be changed of a job or of a document: its options, and these.
pub(super) fn settable<const N: usize>(besides: [&'static str; N]) -> Vec<&'static str> {
    sorted(besides.into_iter().chain(options::names()))
}

fn sorted(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let names: BTreeSet<&str> = names.collect();
    names.into_iter().collect()
}

/// `print-quality` *normal*, the only one.
pub(super) const NORMAL_QUALITY: i32 = 4;
/// `orientation-requested` *portrait*: as the document is.
pub(super) const PORTRAIT: i32 = 3;
/// Dots per inch at which rasters are taken; printers scale what they must.
pub(super) const RESOLUTIONS: [i32; 2] = [300, 600];
/// Attributes that are named when not all can be had.
const SHOWN: usize = 8;
/// The shortest `job-cancel-after`, in seconds.
pub(super) const SHORTEST_LIFE: i32 = 60;

/// What a program asked, and what of it cannot be had.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) settings: JobSettings,
    /// All of it or nothing: `ipp-attribute-fidelity`.
    pub(super) whole: bool,
    pub(super) unsupported: Vec<IppAttribute>,
}

impl Asked {
    /// Reads what a request asks of a job, and of the document that comes with it.
    ///
    /// # Errors
    /// With fidelity, [`Status::AttributesOrValues`] if anything cannot be had; a job password
    /// that cannot be used refuses the job in any case, for printing without it is no substitute.
    pub(super) fn read(request: &Request, capabilities: &Capabilities) -> Result<Self, Failure> {
        let operation = request.operation();
        let mut asked = Self {
            whole: operation.flag("ipp-attribute-fidelity") == Some(true),
            ..Self::default()
        };
        asked.take(request.job(), capabilities, |_| true);
        asked.take_document(
            request.group(DelimiterTag::DocumentAttributes),
            capabilities,
        );
        asked.settings.pin = password(operation)?;
        asked.judged(operation)
    }

    /// Reads what a request asks of one more document, where this is asked of its job. What is
    /// said of the document goes before what is said of the job (PWG 5100.5 section 9).
    ///
    /// # Errors
    /// With the fidelity of the job or of this request, if anything cannot be had.
    pub(super) fn of_document(
        request: &Request,
        capabilities: &Capabilities,
        (settings, whole): (&JobSettings, bool),
    ) -> Result<Self, Failure> {
        let operation = request.operation();
        let mut asked = Self {
            settings: settings.clone(),
            whole: whole || operation.flag("ipp-attribute-fidelity") == Some(true),
            unsupported: Vec::new(),
        };
        // Some programs say here as the job's what they mean for this document.
        asked.take_document(request.job(), capabilities);
        asked.take_document(
            request.group(DelimiterTag::DocumentAttributes),
            capabilities,
        );
        asked.judged(operation)
    }

    fn take_document(&mut self, group: Values<'_>, capabilities: &Capabilities) {
        let is_option = |name: &str| options::names().any(|option| option == name);
        self.take(group, capabilities, |name| {
            OF_DOCUMENT.contains(&name) || is_option(name)
        });
    }

    /// Takes what can be had. Of what is said twice, the first counts.
    fn take(&mut self, group: Values<'_>, capabilities: &Capabilities, may: impl Fn(&str) -> bool) {
        let mut said = BTreeSet::new();
        for given in group.0 {
            let name = given.name().as_str();
            let taken = match (said.insert(name), may(name)) {
                (false, _) => Taken::Value,
                _ if is_title(given) => Taken::Yes,
                (true, false) => Taken::Unknown,
                (true, true) => take(&mut self.settings, name, given.value(), capabilities),
            };
            match taken {
                Taken::Yes => {}
                Taken::Value => self.unsupported.push(given.clone()),
                Taken::Part(lost) => self.unsupported.extend(attribute(name, lost)),
                Taken::Unknown => self.unsupported.extend(attribute(name, unsupported())),
            }
        }
    }

    /// Refuses if something cannot be had that must be.
    fn judged(self, operation: Values<'_>) -> Result<Self, Failure> {
        let mandatory = operation.texts("job-mandatory-attributes");
        let must =
            |refused: &IppAttribute| self.whole || mandatory.contains(&refused.name().as_str());
        if !self.unsupported.iter().any(must) {
            return Ok(self);
        }
        Err(Failure {
            text: self.cannot().unwrap_or_default(),
            unsupported: self.unsupported,
            status: Status::AttributesOrValues,
        })
    }

    /// Says in an answer what was ignored or substituted.
    pub(super) fn append(self, answer: &mut Answer) {
        if let Some(text) = self.cannot() {
            answer.status = Status::OkIgnoredOrSubstituted;
            answer.say(&text);
        }
        answer.unsupported(self.unsupported);
    }

    /// What cannot be had, in words; none if all can.
    fn cannot(&self) -> Option<String> {
        let names: BTreeSet<&str> = (self.unsupported.iter())
            .map(|attribute| attribute.name().as_str())
            .collect();
        let shown: Vec<&str> = names.into_iter().take(SHOWN).collect();
        (!shown.is_empty()).then(|| format!("this printer cannot do this: {}", shown.join(", ")))
    }
}

impl Asked {
    /// Reads what is to be different about a job that has these options. All of it must be
    /// possible (RFC 3380 section 4.2).
    pub(super) fn of_change(
        wanted: Values<'_>,
        capabilities: &Capabilities,
        options: &PrintOptions,
    ) -> Result<JobSettings, Failure> {
        let mut settings = JobSettings {
            options: options.clone(),
            ..JobSettings::default()
        };
        let mut refused = Vec::new();
        for given in wanted.0.iter().filter(|given| !is_title(given)) {
            let name = given.name().as_str();
            if !matches!(
                take(&mut settings, name, given.value(), capabilities),
                Taken::Yes
            ) {
                refused.push(given.clone());
            }
        }
        if refused.is_empty() {
            return Ok(settings);
        }
        Err(Failure {
            unsupported: refused,
            ..Failure::new(Status::AttributesOrValues, "this printer cannot do this")
        })
    }
}

/// Whether it is a title, which is read elsewhere.
fn is_title(given: &IppAttribute) -> bool {
    matches!(given.name().as_str(), "document-name" | "job-name")
}

/// Takes one attribute into the settings.
fn take(
    settings: &mut JobSettings,
    name: &str,
    value: &IppValue,
    capabilities: &Capabilities,
) -> Taken {
    let only = |allowed: &[&str]| {
        text_of(value)
            .is_some_and(|text| allowed.contains(&text))
            .into()
    };
    if let Some(taken) = options::take(&mut settings.options, (name, value), capabilities) {
        return taken;
    }
    match name {
        "job-hold-until-time" => set(&mut settings.hold, hold_time(value)),
        "job-priority" => set(&mut settings.priority, priority(value).map(Some)),
        "job-hold-until" => set(&mut settings.hold, hold(value)),
        "job-cancel-after" => set(&mut settings.lifetime, lifetime(value).map(Some)),
        "print-quality" => (*value == IppValue::Enum(NORMAL_QUALITY)).into(),
        "orientation-requested" => (*value == IppValue::Enum(PORTRAIT)).into(),
        "number-up" => (*value == IppValue::Integer(1)).into(),
        "printer-resolution" => RESOLUTIONS.map(super::values::dpi).contains(value).into(),
        "job-sheets" => only(&["none"]),
        "output-bin" | "print-content-optimize" | "print-rendering-intent" => only(&["auto"]),
        "multiple-document-handling" => only(&["separate-documents-collated-copies"]),
        // What every job does here: it is released by its owner's proof.
        "job-release-action" => only(&["owner-authorized", "job-password"]),
        "job-storage" => storage(value),
        _ => Taken::Unknown,
    }
}

pub(super) fn priority(value: &IppValue) -> Option<u8> {
    match value {
        IppValue::Integer(number) => u8::try_from(*number)
            .ok()
            .filter(|priority| (1..=100).contains(priority)),
        _ => None,
    }
}

pub(super) fn hold(value: &IppValue) -> Option<Hold> {
    match text_of(value)? {
        "no-hold" => Some(Hold::No),
        "indefinite" => Some(Hold::Indefinite),
        _ => None,
    }
}

/// `job-hold-until-time` (PWG 5100.7).
fn hold_time(value: &IppValue) -> Option<Hold> {
    match value {
        IppValue::DateTime(date) => super::values::timestamp(date).map(Hold::Until),
        _ => None,
    }
}

fn lifetime(value: &IppValue) -> Option<Duration> {
    match value {
        IppValue::Integer(seconds) if *seconds >= SHORTEST_LIFE => {
            let asked = Duration::from_secs(u64::try_from(*seconds).ok()?);
            (asked <= limits::JOB_LIFETIME_MAX).then_some(asked)
        }
        _ => None,
    }
}

/// `job-storage` (PWG 5100.11): every job is stored for its owner only, until it is printed.
fn storage(value: &IppValue) -> Taken {
    let IppValue::Collection(members) = value else {
        return Taken::Value;
    };
    let is = |name: &str, only: &str| {
        members
            .get(name)
            .is_none_or(|value| text_of(value) == Some(only))
    };
    (is("job-storage-access", "owner") && is("job-storage-disposition", "print-and-store")).into()
}

/// The PIN of this one job (PWG 5100.11 `job-password`). A hash of it cannot be checked at a
/// printer, where people type digits.
fn password(operation: Values<'_>) -> Result<Option<Pin>, Failure> {
    let refused = |name: &str, text: String| Failure {
        unsupported: attribute(
            name,
            operation.get(name).cloned().unwrap_or_else(unsupported),
        )
        .into_iter()
        .filter(|attribute| attribute.name().as_str() != "job-password")
        .collect(),
        ..Failure::new(Status::AttributesOrValues, text)
    };
    if operation.get("job-password").is_none() {
        return Ok(None);
    }
    match operation.text("job-password-encryption") {
        None | Some("none") => {}
        Some(_) => {
            let text = "send the PIN of a job unencrypted, over ipps: job-password-encryption=none";
            return Err(refused("job-password-encryption", text.into()));
        }
    }
    let octets = operation.octets("job-password");
    let octets = octets.ok_or_else(|| {
        let text = "the PIN of a job must be an octetString";
        refused("job-password", text.to_owned())
    })?;
    if octets.is_empty() {
        return Ok(None);
    }
    let typed = std::str::from_utf8(octets)
        .map_err(|_| refused("job-password", "the PIN of the job is not text".into()))?;
    let pin = Pin::new(typed).map_err(|error| refused("job-password", error.to_string()))?;
    Ok(Some(pin))
}

/// The password that opens the document (PWG 5100.13 `document-password`).
pub(super) fn document_password(
    operation: Values<'_>,
) -> Result<Option<DocumentPassword>, Failure> {
    if operation.get("document-password").is_none() {
        return Ok(None);
    }
    // It stands in no answer.
    let refused = |text: String| Failure::new(Status::DocumentPassword, text);
    let octets = operation.octets("document-password").unwrap_or_default();
    if octets.is_empty() {
        return Ok(None);
    }
    let typed = std::str::from_utf8(octets)
        .map_err(|_| refused("the password of the document is not text".into()))?;
    let password = DocumentPassword::new(typed).map_err(|error| refused(error.to_string()))?;
    Ok(Some(password))
}
