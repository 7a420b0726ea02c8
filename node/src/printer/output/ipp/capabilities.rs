//! What a printer can do, and whether that is what a ticket asks for.
//!
//! Lives here: reading Get-Printer-Attributes, and turning a ticket into job template attributes or
//! a refusal. Not here: asking (`device.rs`).
//!
//! The rule: a job prints as it was asked for, or it does not print. An option that the printer
//! cannot do is refused here, by name, before anything is sent; an option that makes no difference
//! is not sent at all.

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, Operation};
use ipp::parser::IppParseError;
use ipp::value::IppValue;

use super::super::description::{DeviceDescription, Formats};
use super::super::event::PrinterState;
use super::super::failure::{PrintFailure, Refusal};
use super::super::ticket::{ColorMode, PrintTicket, Sides};
use super::super::uri::OutputUri;
use super::reply::Reply;
use crate::convert::device::RasterAbilities;

/// What a printer says about itself.
#[derive(Debug, Clone)]
pub(super) struct Capabilities {
    /// The part that others may see.
    pub(super) description: DeviceDescription,
    operations: Vec<i32>,
}

/// How a document gets to a printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Create-Job, then Send-Document: the job is known, and journaled, before the document leaves.
    CreateThenSend,
    /// Print-Job: for printers that have nothing else.
    PrintJob,
}

impl Capabilities {
    /// Reads a successful reply to Get-Printer-Attributes; `None` where it describes no printer.
    pub(super) fn read(device: OutputUri, reply: &Reply) -> Option<Self> {
        let printer = reply.group(DelimiterTag::PrinterAttributes)?;
        let formats = printer.texts("document-format-supported");
        if formats.is_empty() {
            return None;
        }
        let name = printer
            .text("printer-info")
            .or_else(|| printer.text("printer-name"));
        let description = DeviceDescription {
            name: name.unwrap_or_else(|| device.to_string()),
            device,
            make_and_model: printer.text("printer-make-and-model"),
            location: printer.text("printer-location"),
            formats: Formats::Listed(formats),
            sides: printer.texts("sides-supported"),
            color_modes: printer.texts("print-color-mode-supported"),
            color: printer.flag("color-supported"),
            media_ready: printer.texts("media-ready"),
            media: printer.texts("media-supported"),
            max_copies: printer.upper_bound("copies-supported").unwrap_or(1).max(1),
            page_ranges: printer.flag("page-ranges-supported").unwrap_or(false),
            media_default: printer.text("media-default"),
            scalings: printer.texts("print-scaling-supported"),
            raster: RasterAbilities {
                resolutions: printer.resolutions("pwg-raster-document-resolution-supported"),
                types: printer.texts("pwg-raster-document-type-supported"),
                sheet_back: printer.text("pwg-raster-document-sheet-back"),
                urf: printer.texts("urf-supported"),
            },
            state: PrinterState::read(printer.number("printer-state")),
            reasons: printer.printer_reasons(),
            message: printer.text("printer-state-message"),
            // A printer that does not say is asked by sending.
            accepting: printer.flag("printer-is-accepting-jobs").unwrap_or(true),
        };
        Some(Self {
            description,
            operations: printer.numbers("operations-supported").collect(),
        })
    }

    /// How the document will go.
    pub(super) fn way(&self) -> Way {
        let has = |operation: Operation| self.operations.contains(&(operation as i32));
        if has(Operation::CreateJob) && has(Operation::SendDocument) {
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
    pub(super) fn format(&self, ticket: &PrintTicket) -> Result<String, PrintFailure> {
        let Formats::Listed(accepted) = &self.description.formats else {
            return Ok(ticket.format.clone());
        };
        let wanted = ticket.format.split(';').next().unwrap_or("").trim();
        accepted
            .iter()
            .find(|format| format.eq_ignore_ascii_case(wanted))
            .cloned()
            .ok_or_else(|| PrintFailure::Unsupported {
                format: wanted.to_owned(),
                accepted: accepted.clone(),
            })
    }

    /// The job template attributes for a ticket, or why this printer cannot do it.
    pub(super) fn options(&self, ticket: &PrintTicket) -> Result<Vec<IppAttribute>, Refusal> {
        let mut chosen: Vec<(&'static str, Result<IppValue, IppParseError>)> = Vec::new();
        if ticket.copies > 1 {
            self.check_copies(ticket.copies)?;
            chosen.push(("copies", Ok(IppValue::Integer(i32::from(ticket.copies)))));
        }
        if let Some(keyword) = self.sides(ticket.sides)? {
            chosen.push(("sides", IppValue::new_keyword(keyword)));
        }
        if let Some(keyword) = self.color(ticket.color)? {
            chosen.push(("print-color-mode", IppValue::new_keyword(keyword)));
        }
        if let Some(media) = &ticket.media {
            let known = self.description.media.iter().find(|name| *name == media);
            let keyword = known.ok_or_else(|| cannot("media", media, &self.description.media))?;
            chosen.push(("media", IppValue::new_keyword(keyword)));
        }
        if let Some(scaling) = ticket.scaling {
            // What a printer does not list it was not asked for: that was done before.
            let listed = &self.description.scalings;
            if listed.iter().any(|keyword| keyword == scaling.keyword()) {
                chosen.push(("print-scaling", IppValue::new_keyword(scaling.keyword())));
            }
        }
        if !ticket.page_ranges.is_empty() {
            chosen.push(("page-ranges", Ok(self.page_ranges(ticket)?)));
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

    fn check_copies(&self, copies: u16) -> Result<(), Refusal> {
        let most = self.description.max_copies;
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

    fn page_ranges(&self, ticket: &PrintTicket) -> Result<IppValue, Refusal> {
        let asked = &ticket.page_ranges;
        let number = |page: u32| i32::try_from(page).ok();
        let ranges = asked.iter().map(|(first, last)| {
            let (min, max) = (number(*first)?, number(*last)?);
            Some(IppValue::RangeOfInteger { min, max })
        });
        match ranges.collect::<Option<Vec<_>>>() {
            Some(ranges) if self.description.page_ranges => Ok(IppValue::Array(ranges)),
            _ => {
                let asked: Vec<String> = asked
                    .iter()
                    .map(|(first, last)| format!("{first}-{last}"))
                    .collect();
                Err(cannot("page-ranges", &asked.join(","), &["all".into()]))
            }
        }
    }

    fn sides(&self, sides: Option<Sides>) -> Result<Option<&'static str>, Refusal> {
        let Some(sides) = sides else { return Ok(None) };
        let supported = &self.description.sides;
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
        let supported = &self.description.color_modes;
        if supported.iter().any(|keyword| keyword == mode.keyword()) {
            return Ok(Some(mode.keyword()));
        }
        // Printers older than print-color-mode only say whether they have colour: one that has
        // prints colour as it comes and cannot be kept from it; one that has not prints everything
        // in black.
        match (mode, self.description.color) {
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

fn cannot(attribute: &'static str, asked: &str, supported: &[String]) -> Refusal {
    Refusal::Attribute {
        attribute,
        asked: asked.to_owned(),
        supported: supported.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::super::description::{DeviceDescription, Formats};
    use super::super::super::event::PrinterState;
    use super::super::super::failure::{PrintFailure, Refusal};
    use super::super::super::ticket::{ColorMode, PrintTicket, Sides};
    use super::{Capabilities, RasterAbilities, Way};

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
                formats: Formats::Listed(strings(&[
                    "application/octet-stream",
                    "image/pwg-raster",
                ])),
                sides: strings(&["one-sided", "two-sided-long-edge"]),
                color_modes: strings(&["auto", "monochrome"]),
                color: Some(false),
                media_ready: vec![],
                media: strings(&["iso_a4_210x297mm"]),
                max_copies: 20,
                page_ranges: false,
                media_default: None,
                scalings: Vec::new(),
                raster: RasterAbilities::default(),
                state: PrinterState::Idle,
                reasons: vec![],
                message: None,
                accepting: true,
            },
            operations: vec![2, 5, 6],
        }
    }

    fn ticket() -> PrintTicket {
        PrintTicket {
            release: "1f2e3d4c".into(),
            title: "t".into(),
            user: "ada".into(),
            format: "image/pwg-raster".into(),
            copies: 1,
            sides: None,
            color: None,
            media: None,
            page_ranges: Vec::new(),
            scaling: None,
            size: None,
        }
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
        let wish = PrintTicket {
            copies: 3,
            sides: Some(Sides::TwoSidedLongEdge),
            color: Some(ColorMode::Monochrome),
            media: Some("iso_a4_210x297mm".into()),
            ..ticket()
        };
        let options = laser().options(&wish).unwrap();
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
        for wish in [
            PrintTicket {
                copies: 21,
                ..ticket()
            },
            PrintTicket {
                sides: Some(Sides::TwoSidedShortEdge),
                ..ticket()
            },
            PrintTicket {
                color: Some(ColorMode::Color),
                ..ticket()
            },
            PrintTicket {
                media: Some("na_letter_8.5x11in".into()),
                ..ticket()
            },
        ] {
            let Err(Refusal::Attribute { supported, .. }) = laser().options(&wish) else {
                panic!("{wish:?}")
            };
            assert!(!supported.is_empty());
        }
    }

    #[test]
    fn an_old_printer_is_taken_at_its_word() {
        let mut old = laser();
        old.description.sides.clear();
        old.description.color_modes.clear();
        old.description.max_copies = 1;
        old.operations = vec![2];
        assert_eq!(
            (old.way(), laser().way()),
            (Way::PrintJob, Way::CreateThenSend)
        );
        let asked = |sides, color| {
            old.options(&PrintTicket {
                sides,
                color,
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
        old.description.color = Some(true);
        let asked = |color| old.options(&PrintTicket { color, ..ticket() });
        assert!(asked(Some(ColorMode::Color)).unwrap().is_empty());
        assert!(asked(Some(ColorMode::Monochrome)).is_err());
        assert!(
            old.options(&PrintTicket {
                copies: 2,
                ..ticket()
            })
            .is_err()
        );
    }
}
