//! What a printer can do, and whether that is what a ticket asks for.
//!
//! Lives here: reading Get-Printer-Attributes, and turning a ticket into job template attributes or
//! a refusal. Not here: asking (`device.rs`).
//!
//! The rule: a job prints as it was asked for, or it does not print. An option that the printer
//! cannot do is refused here, by name, before anything is sent; an option that makes no difference
//! is not sent at all.

use std::collections::BTreeSet;

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, Operation};
use ipp::parser::IppParseError;
use ipp::value::IppValue;
use papermesh_convert::device::{Device, Formats, RasterAbilities};
use papermesh_protocol::job::{ColorMode, Finishing, Finishings, PageRanges, Sides};

use super::super::description::{DeviceDescription, OutputOptions, Protection};
use super::super::event::PrinterState;
use super::super::failure::{PrintFailure, Refusal};
use super::super::quirks::{self, Quirk};
use super::super::ticket::PrintTicket;
use super::super::uri::OutputUri;
use super::paper::{self, Paper};
use super::reply::Reply;

/// The format of documents whose format is not told: the printer finds out what they are.
const ANYTHING: &str = "application/octet-stream";

/// What a printer says about itself.
#[derive(Debug, Clone)]
pub(crate) struct Capabilities {
    /// The part that others may see.
    pub(crate) description: DeviceDescription,
    operations: Vec<i32>,
    /// `document-format-supported` as the printer says it.
    formats: Vec<String>,
    paper: Paper,
    sides_default: Option<String>,
}

/// What a printer is asked about itself: enough for a description, little enough to fit any reply.
pub(crate) static PRINTER_ATTRIBUTES: [&str; 30] = [
    "printer-name",
    "printer-info",
    "printer-make-and-model",
    "printer-location",
    "printer-device-id",
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
    "printer-is-accepting-jobs",
    "operations-supported",
    "ipp-versions-supported",
    "document-format-supported",
    "document-format-default",
    "sides-supported",
    "sides-default",
    "print-color-mode-supported",
    "color-supported",
    "copies-supported",
    "finishings-supported",
    "media-supported",
    "media-ready",
    "media-default",
    "print-scaling-supported",
    "page-ranges-supported",
    "pwg-raster-document-resolution-supported",
    "pwg-raster-document-type-supported",
    "pwg-raster-document-sheet-back",
    "urf-supported",
    "job-creation-attributes-supported",
    "queued-job-count",
];

/// What a printer is asked name by name if it answers neither several names nor `all`: what a print
/// cannot do without comes first.
pub(super) static ONE_BY_ONE: [&str; 17] = [
    "document-format-supported",
    "operations-supported",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "sides-supported",
    "print-color-mode-supported",
    "color-supported",
    "copies-supported",
    "finishings-supported",
    "media-supported",
    "media-default",
    "pwg-raster-document-resolution-supported",
    "pwg-raster-document-type-supported",
    "pwg-raster-document-sheet-back",
    "urf-supported",
];

/// What the printer must have said to be printed to.
pub(super) const ESSENTIAL: [&str; 3] = [
    "document-format-supported",
    "operations-supported",
    "printer-state",
];

/// How a document gets to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Create-Job, then Send-Document: the job is known, and journaled, before the document leaves.
    CreateThenSend,
    /// Print-Job: for printers that have nothing else.
    PrintJob,
}

impl Capabilities {
    /// What bytes say of a printer that it would answer Get-Printer-Attributes with; none if they describe
    /// none.
    pub(crate) fn of_printer(
        device: OutputUri,
        bytes: &[u8],
        options: &OutputOptions,
        protection: Protection,
    ) -> Option<Self> {
        let reply = Reply::read(bytes, 1).ok()?;
        Self::read(device, &reply, options, protection)
    }

    /// Reads a successful reply to Get-Printer-Attributes; `None` where it describes no printer.
    pub(super) fn read(
        device: OutputUri,
        reply: &Reply,
        options: &OutputOptions,
        protection: Protection,
    ) -> Option<Self> {
        let printer = reply.group(DelimiterTag::PrinterAttributes)?;
        if !ESSENTIAL.iter().any(|name| printer.has(name)) {
            return None;
        }
        let listed = printer.texts("document-format-supported");
        let name = printer
            .text("printer-info")
            .or_else(|| printer.text("printer-name"));
        let id = printer.text("printer-device-id");
        let formats = match &options.formats {
            Some(formats) => formats.clone(),
            // What a printer guesses at is nothing that it is known to print.
            None if listed.iter().all(|format| format == ANYTHING) => {
                let named = id.as_deref().map(formats_of_id).unwrap_or_default();
                if named.is_empty() {
                    listed.clone()
                } else {
                    named
                }
            }
            None => listed.clone(),
        };
        let make_and_model = printer.text("printer-make-and-model");
        let garbles = quirks::has(make_and_model.as_deref(), Quirk::GarblesDocuments);
        let paper = Paper::new(printer.texts("media-supported"));
        let names = |names: Vec<String>| names.iter().map(|name| paper::name_of(name)).collect();
        let description = DeviceDescription {
            name: name.unwrap_or_else(|| device.to_string()),
            device,
            make_and_model,
            location: printer.text("printer-location"),
            can: Device {
                formats: Formats::Listed(formats),
                sides: printer.texts("sides-supported"),
                color_modes: printer.texts("print-color-mode-supported"),
                color: printer.flag("color-supported"),
                media_ready: names(printer.texts("media-ready")),
                media: paper.names(),
                max_copies: printer.upper_bound("copies-supported").unwrap_or(1).max(1),
                page_ranges: printer.flag("page-ranges-supported").unwrap_or(false),
                media_default: printer
                    .text("media-default")
                    .map(|name| paper::name_of(&name)),
                scalings: printer.texts("print-scaling-supported"),
                finishings: (printer.numbers("finishings-supported"))
                    .filter_map(Finishing::numbered)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                raster: RasterAbilities {
                    resolutions: printer.resolutions("pwg-raster-document-resolution-supported"),
                    types: printer.texts("pwg-raster-document-type-supported"),
                    sheet_back: printer.text("pwg-raster-document-sheet-back"),
                    urf: printer.texts("urf-supported"),
                },
                as_image: options.as_image.unwrap_or(garbles),
            },
            state: PrinterState::read(printer.number("printer-state")),
            reasons: printer.printer_reasons(),
            message: printer.text("printer-state-message"),
            // A printer that does not say is asked by sending.
            accepting: printer.flag("printer-is-accepting-jobs").unwrap_or(true),
            protection,
        };
        Some(Self {
            description,
            operations: printer.numbers("operations-supported").collect(),
            formats: listed,
            paper,
            sides_default: printer.text("sides-default"),
        })
    }

    /// Whether nobody knows what it prints: neither it nor the configuration says a format.
    pub(crate) fn is_silent_about_formats(&self) -> bool {
        match &self.description.can.formats {
            Formats::Listed(formats) => formats.iter().all(|format| format == ANYTHING),
            Formats::Any | Formats::NotAsked => false,
        }
    }

    fn has(&self, operation: Operation) -> bool {
        self.operations.contains(&(operation as i32))
    }

    /// Whether it can be asked if it would take a job.
    pub(super) fn validates(&self) -> bool {
        self.has(Operation::ValidateJob)
    }

    /// Whether the print is another one without this option. One that asks for what is done anyway
    /// may be left out where the printer does not take it.
    pub(super) fn needs(&self, option: &IppAttribute) -> bool {
        let printer = &self.description.can;
        let value = option.value().to_string();
        match option.name().as_str() {
            "media" => {
                let usual = match &printer.media_ready[..] {
                    [only] => Some(only),
                    _ => printer.media_default.as_ref(),
                };
                usual.is_none_or(|usual| !paper::is_same(usual, &value))
            }
            "sides" => {
                let default = self.sides_default.as_deref().unwrap_or("one-sided");
                value != default
            }
            "print-color-mode" => match value.as_str() {
                "auto" => false,
                "monochrome" => printer.color != Some(false),
                _ => true,
            },
            _ => true,
        }
    }

    /// An option's value in words.
    pub(super) fn in_words(option: &IppAttribute) -> String {
        let words = option.value().into_iter().map(|value| match value {
            IppValue::Enum(number) if option.name().as_str() == "finishings" => {
                Finishing::numbered(*number)
                    .map_or_else(|| number.to_string(), |one| one.keyword().to_owned())
            }
            value => value.to_string(),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What the printer can do of an option that it left out.
    pub(super) fn able(&self, option: &IppAttribute) -> (&'static str, Vec<String>) {
        let can = &self.description.can;
        match option.name().as_str() {
            "copies" => ("copies", vec![format!("1 to {}", can.max_copies)]),
            "finishings" => ("finishings", keywords(&can.finishings)),
            "sides" => ("sides", can.sides.clone()),
            "print-color-mode" => ("print-color-mode", can.color_modes.clone()),
            "page-ranges" => ("page-ranges", vec!["all".to_owned()]),
            _ => ("media", can.media.clone()),
        }
    }

    /// How the document will go.
    pub(super) fn way(&self) -> Way {
        if self.has(Operation::CreateJob) && self.has(Operation::SendDocument) {
            Way::CreateThenSend
        } else {
            Way::PrintJob
        }
    }

    /// The `document-format` to send, where the printer takes it.
    ///
    /// `application/octet-stream` in a printer's list means that it guesses (RFC 8011 section
    /// 5.1.10.1). It is a permission for documents of unknown type only: a printer that guesses and
    /// does not know PDF prints hundreds of pages of `%PDF-1.7 …`, so a known type must be listed
    /// by its name.
    pub(crate) fn format(&self, ticket: &PrintTicket) -> Result<String, PrintFailure> {
        let wanted = ticket.format.split(';').next().unwrap_or("").trim();
        let is_wanted = |format: &&String| format.eq_ignore_ascii_case(wanted);
        if let Formats::Listed(accepted) = &self.description.can.formats
            && !accepted.iter().any(|format| is_wanted(&format))
        {
            return Err(PrintFailure::Unsupported {
                format: wanted.to_owned(),
                accepted: accepted.clone(),
            });
        }
        let listed = self.formats.iter().find(is_wanted).cloned();
        // It is known from elsewhere that the printer takes it; by this name it would not.
        Ok(listed.unwrap_or_else(
            || match self.formats.iter().any(|format| format == ANYTHING) {
                true => ANYTHING.to_owned(),
                false => wanted.to_owned(),
            },
        ))
    }

    /// The job template attributes for a ticket, or why this printer cannot do it.
    pub(crate) fn options(&self, ticket: &PrintTicket) -> Result<Vec<IppAttribute>, Refusal> {
        let mut chosen: Vec<(&'static str, Result<IppValue, IppParseError>)> = Vec::new();
        if ticket.options.copies > 1 {
            self.check_copies(ticket.options.copies)?;
            chosen.push((
                "copies",
                Ok(IppValue::Integer(i32::from(ticket.options.copies))),
            ));
        }
        if let Some(keyword) = self.sides(ticket.options.sides)? {
            chosen.push(("sides", IppValue::new_keyword(keyword)));
        }
        if let Some(keyword) = self.color(ticket.options.color)? {
            chosen.push(("print-color-mode", IppValue::new_keyword(keyword)));
        }
        if let Some(media) = &ticket.options.media {
            match self.paper.called(media) {
                Some(name) => chosen.push(("media", IppValue::new_keyword(name))),
                // A printer that says nothing of paper has one, and takes no wishes.
                None if !self.paper.is_told() && self.is_usual(media) => {}
                None => return Err(cannot("media", media, &self.description.can.media)),
            }
        }
        if let Some(scaling) = ticket.options.scaling {
            // What a printer does not list it was not asked for: that was done before.
            let listed = &self.description.can.scalings;
            if listed.iter().any(|keyword| keyword == scaling.keyword()) {
                chosen.push(("print-scaling", IppValue::new_keyword(scaling.keyword())));
            }
        }
        if !ticket.options.finishings.is_none() {
            chosen.push((
                "finishings",
                Ok(self.finishings(&ticket.options.finishings)?),
            ));
        }
        if !ticket.options.page_ranges.is_all() {
            chosen.push((
                "page-ranges",
                Ok(self.page_ranges(&ticket.options.page_ranges)?),
            ));
        }
        chosen
            .into_iter()
            .map(|(name, value)| {
                value
                    .and_then(|value| IppAttribute::with_name(name, value))
                    .map_err(|error| {
                        Refusal::Ticket(format!("{name} cannot be sent to the printer: {error}"))
                    })
            })
            .collect()
    }

    /// Whether this is the paper that it prints on anyway, as far as it says so.
    fn is_usual(&self, media: &str) -> bool {
        let default = self.description.can.media_default.as_deref();
        default.is_none_or(|default| paper::is_same(default, media))
    }

    fn check_copies(&self, copies: u16) -> Result<(), Refusal> {
        let most = self.description.can.max_copies;
        if u32::from(copies) <= most {
            return Ok(());
        }
        let able = if most == 1 {
            "1".to_owned()
        } else {
            format!("1 to {most}")
        };
        Err(cannot("copies", &copies.to_string(), &[able]))
    }

    fn finishings(&self, asked: &Finishings) -> Result<IppValue, Refusal> {
        let can = &self.description.can.finishings;
        match asked.iter().find(|one| !can.contains(one)) {
            Some(one) => Err(cannot("finishings", one.keyword(), &keywords(can))),
            None => {
                let numbers = asked.iter().map(|one| IppValue::Enum(one.number()));
                Ok(IppValue::Array(numbers.collect()))
            }
        }
    }

    fn page_ranges(&self, asked: &PageRanges) -> Result<IppValue, Refusal> {
        let number = |page: u32| i32::try_from(page).ok();
        let ranges = asked.as_slice().iter().map(|range| {
            let (min, max) = (number(range.first)?, number(range.last)?);
            Some(IppValue::RangeOfInteger { min, max })
        });
        match ranges.collect::<Option<Vec<_>>>() {
            Some(ranges) if self.description.can.page_ranges => Ok(IppValue::Array(ranges)),
            _ => Err(cannot("page-ranges", &asked.to_string(), &["all".into()])),
        }
    }

    fn sides(&self, sides: Option<Sides>) -> Result<Option<&'static str>, Refusal> {
        let Some(sides) = sides else { return Ok(None) };
        let supported = &self.description.can.sides;
        if supported.iter().any(|keyword| keyword == sides.keyword()) {
            return Ok(Some(sides.keyword()));
        }
        // A printer that knows nothing of sides prints on one.
        if sides == Sides::OneSided && supported.is_empty() {
            return Ok(None);
        }
        Err(cannot("sides", sides.keyword(), supported))
    }

    fn color(&self, mode: Option<ColorMode>) -> Result<Option<&'static str>, Refusal> {
        let Some(mode) = mode else { return Ok(None) };
        let supported = &self.description.can.color_modes;
        if supported.iter().any(|keyword| keyword == mode.keyword()) {
            return Ok(Some(mode.keyword()));
        }
        // Printers older than print-color-mode only say whether they have color: one that has
        // prints color as it comes and cannot be kept from it; one that has not prints everything
        // in black.
        match (mode, self.description.can.color) {
            (ColorMode::Auto, _) => Ok(None),
            (ColorMode::Color, Some(true)) | (ColorMode::Monochrome, Some(false))
                if supported.is_empty() =>
            {
                Ok(None)
            }
            (_, has_color) if supported.is_empty() => {
                let able = if has_color == Some(true) {
                    "auto, color"
                } else {
                    "auto"
                };
                Err(cannot(
                    "print-color-mode",
                    mode.keyword(),
                    &[able.to_owned()],
                ))
            }
            _ => Err(cannot("print-color-mode", mode.keyword(), supported)),
        }
    }
}

/// The formats that a device id names (IEEE 1284 section 7.6): `MFG:HP;CMD:PCLXL,PDF;MDL:…;`. Many a
/// printer that lists none has them there for Windows.
fn formats_of_id(id: &str) -> Vec<String> {
    let commands = id.split(';').find_map(|field| {
        let (key, value) = field.split_once(':')?;
        let key = key.trim().to_ascii_uppercase();
        matches!(key.as_str(), "CMD" | "COMMAND SET").then_some(value)
    });
    let mut formats: Vec<String> = Vec::new();
    for command in commands.unwrap_or("").split(',') {
        let format = match command.trim().to_ascii_uppercase().as_str() {
            "PDF" => "application/pdf",
            "URF" | "APPLERASTER" => "image/urf",
            "PWG" | "PWGRASTER" | "PWG_RASTER" | "PWG-RASTER" => "image/pwg-raster",
            "PCLXL" | "PCL6" => "application/vnd.hp-pclxl",
            "PCL" | "PCL5" | "PCL5C" | "PCL5E" => "application/vnd.hp-pcl",
            "POSTSCRIPT" | "PS" | "PS3" => "application/postscript",
            "JPEG" | "JPG" => "image/jpeg",
            _ => continue,
        };
        if !formats.iter().any(|known| known == format) {
            formats.push(format.to_owned());
        }
    }
    formats
}

fn cannot(attribute: &'static str, asked: &str, supported: &[String]) -> Refusal {
    Refusal::Attribute {
        attribute,
        asked: asked.to_owned(),
        supported: supported.to_vec(),
    }
}

fn keywords(finishings: &[Finishing]) -> Vec<String> {
    (finishings.iter())
        .map(|one| one.keyword().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::super::description::DeviceDescription;
    use super::super::super::description::Protection;
    use super::super::super::event::PrinterState;
    use super::super::super::failure::{PrintFailure, Refusal};
    use super::super::super::ticket::PrintTicket;
    use super::{Capabilities, Device, Formats, Paper, Way, formats_of_id};
    use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    fn laser() -> Capabilities {
        Capabilities {
            description: DeviceDescription {
                device: "ipp://laser".parse().unwrap(),
                name: "laser".into(),
                make_and_model: None,
                location: None,
                can: Device {
                    sides: strings(&["one-sided", "two-sided-long-edge"]),
                    color_modes: strings(&["auto", "monochrome"]),
                    color: Some(false),
                    media: strings(&["iso_a4_210x297mm"]),
                    max_copies: 20,
                    ..Device::taking(Formats::Listed(strings(&[
                        "application/octet-stream",
                        "image/pwg-raster",
                    ])))
                },
                state: PrinterState::Idle,
                reasons: vec![],
                message: None,
                accepting: true,
                protection: Protection::Local,
            },
            operations: vec![2, 5, 6],
            formats: strings(&["application/octet-stream", "image/pwg-raster"]),
            paper: Paper::new(strings(&["iso_a4_210x297mm"])),
            sides_default: None,
        }
    }

    fn ticket() -> PrintTicket {
        PrintTicket {
            release: "1f2e3d4c".into(),
            title: "t".into(),
            user: "ada".into(),
            format: "image/pwg-raster".into(),
            size: None,
            converted: false,
            options: PrintOptions::default(),
        }
    }

    #[test]
    fn a_device_id_says_formats_too() {
        assert_eq!(
            formats_of_id("MFG:HP;MDL:LaserJet M111a;CMD:PJL,PCLXL, PDF,URF,PCL6;CLS:PRINTER;"),
            ["application/vnd.hp-pclxl", "application/pdf", "image/urf"]
        );
        assert!(formats_of_id("MFG:x;MDL:y").is_empty());
    }

    #[test]
    fn a_format_that_is_known_from_elsewhere_is_sent_without_its_name() {
        let mut guessing = laser();
        guessing.description.can.formats = Formats::Listed(strings(&["application/pdf"]));
        let pdf = PrintTicket {
            format: "application/pdf".into(),
            ..ticket()
        };
        assert_eq!(guessing.format(&pdf).unwrap(), "application/octet-stream");
        guessing.formats.clear();
        assert_eq!(guessing.format(&pdf).unwrap(), "application/pdf");
    }

    #[test]
    fn an_option_that_changes_nothing_may_be_left_out() {
        let mut laser = laser();
        laser.description.can.media_default = Some("iso_a4_210x297mm".into());
        let wanted = PrintTicket {
            options: PrintOptions {
                copies: 2,
                sides: Some(Sides::OneSided),
                color: Some(ColorMode::Monochrome),
                media: Some("iso_a4_210x297mm".into()),
                ..PrintOptions::default()
            },
            ..ticket()
        };
        let needed = |laser: &Capabilities| -> Vec<String> {
            let options = laser.options(&wanted).unwrap();
            let needed = options.iter().filter(|option| laser.needs(option));
            needed.map(|option| option.name().to_string()).collect()
        };
        assert_eq!(needed(&laser), ["copies"]);
        laser.description.can.color = None;
        laser.description.can.media_default = Some("na_letter_8.5x11in".into());
        laser.sides_default = Some("two-sided-long-edge".into());
        assert_eq!(
            needed(&laser),
            ["copies", "sides", "print-color-mode", "media"]
        );
    }

    #[test]
    fn a_printer_that_says_nothing_of_paper_is_asked_for_none() {
        let mut old = laser();
        (old.paper, old.description.can.media) = (Paper::default(), vec![]);
        let wanted = PrintTicket {
            options: PrintOptions {
                media: Some("iso_a4_210x297mm".into()),
                ..PrintOptions::default()
            },
            ..ticket()
        };
        assert!(old.options(&wanted).unwrap().is_empty());
        old.description.can.media_default = Some("na_letter_8.5x11in".into());
        assert!(old.options(&wanted).is_err());
    }

    #[test]
    fn a_known_format_must_be_listed_by_name() {
        let format = |format: &str| {
            laser().format(&PrintTicket {
                format: format.into(),
                ..ticket()
            })
        };
        assert_eq!(format("Image/PWG-Raster; x=1").unwrap(), "image/pwg-raster");
        assert_eq!(
            format("application/octet-stream").unwrap(),
            "application/octet-stream"
        );
        let Err(PrintFailure::Unsupported { accepted, .. }) = format("application/pdf") else {
            panic!()
        };
        assert_eq!(accepted.len(), 2);
    }

    #[test]
    fn what_is_asked_is_sent_and_nothing_else() {
        assert!(laser().options(&ticket()).unwrap().is_empty());
        let wanted = PrintTicket {
            options: PrintOptions {
                copies: 3,
                sides: Some(Sides::TwoSidedLongEdge),
                color: Some(ColorMode::Monochrome),
                media: Some("iso_a4_210x297mm".into()),
                ..PrintOptions::default()
            },
            ..ticket()
        };
        let options = laser().options(&wanted).unwrap();
        let sent: Vec<String> = options
            .iter()
            .map(|a| format!("{}={}", a.name(), a.value()))
            .collect();
        assert_eq!(
            sent,
            [
                "copies=3",
                "sides=two-sided-long-edge",
                "print-color-mode=monochrome",
                "media=iso_a4_210x297mm"
            ]
        );
    }

    #[test]
    fn what_it_cannot_do_is_refused_by_name() {
        for wanted in [
            PrintTicket {
                options: PrintOptions {
                    copies: 21,
                    ..PrintOptions::default()
                },
                ..ticket()
            },
            PrintTicket {
                options: PrintOptions {
                    sides: Some(Sides::TwoSidedShortEdge),
                    ..PrintOptions::default()
                },
                ..ticket()
            },
            PrintTicket {
                options: PrintOptions {
                    color: Some(ColorMode::Color),
                    ..PrintOptions::default()
                },
                ..ticket()
            },
            PrintTicket {
                options: PrintOptions {
                    media: Some("na_letter_8.5x11in".into()),
                    ..PrintOptions::default()
                },
                ..ticket()
            },
        ] {
            let Err(Refusal::Attribute { supported, .. }) = laser().options(&wanted) else {
                panic!("{wanted:?}")
            };
            assert!(!supported.is_empty());
        }
    }

    #[test]
    fn an_old_printer_is_taken_at_its_word() {
        let mut old = laser();
        old.description.can.sides.clear();
        old.description.can.color_modes.clear();
        old.description.can.max_copies = 1;
        old.operations = vec![2];
        assert_eq!(
            (old.way(), laser().way()),
            (Way::PrintJob, Way::CreateThenSend)
        );
        let asked = |sides, color| {
            old.options(&PrintTicket {
                options: PrintOptions {
                    sides,
                    color,
                    ..PrintOptions::default()
                },
                ..ticket()
            })
        };
        assert!(
            asked(Some(Sides::OneSided), Some(ColorMode::Monochrome))
                .unwrap()
                .is_empty()
        );
        assert!(asked(Some(Sides::TwoSidedLongEdge), None).is_err());
        assert!(asked(None, Some(ColorMode::Color)).is_err());
        old.description.can.color = Some(true);
        let asked = |color| {
            old.options(&PrintTicket {
                options: PrintOptions {
                    color,
                    ..PrintOptions::default()
                },
                ..ticket()
            })
        };
        assert!(asked(Some(ColorMode::Color)).unwrap().is_empty());
        assert!(asked(Some(ColorMode::Monochrome)).is_err());
        assert!(
            old.options(&PrintTicket {
                options: PrintOptions {
                    copies: 2,
                    ..PrintOptions::default()
                },
                ..ticket()
            })
            .is_err()
        );
    }
}
