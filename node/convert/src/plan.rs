//! What is to be done so that a device prints a document as its owner wants. Pure.
//!
//! The rule: what the device can do by itself, it is asked to do; the rest is done on the way. A
//! document that needs nothing done is passed on byte by byte. What no way leads to is refused,
//! with the formats that the device takes.
//!
//! Pages of pixels are the exception: whatever a device lists, many print them once and all of
//! them. So wherever pixels go to it, copies and pages are made in what is sent, and it is asked for
//! neither (PWG 5102.4 section 4 lets a client repeat pages); but copies that are stapled or folded one by
//! one, which only the device can make.

use std::borrow::Cow;
use std::path::PathBuf;

use papermesh_protocol::job::{
    ColorMode, Finishing, PageRange, PageRanges, PrintOptions, Scaling, Sides,
};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;

use super::device::{Device, Formats, SheetBack, best_resolution};
use super::facts::Facts;
use super::ghostscript::{Rendering, Run, Runs};
use super::limits;
use super::media::{A4, PageSize};
use super::pdf::Arrangement;
use super::placing::{Paper, Placing};
use super::raster::{PCL_RESOLUTIONS, Pixels, Press, Source, Target};
use super::stage::Stage;

const PDF: &str = "application/pdf";
const PWG: &str = "image/pwg-raster";
const URF: &str = "image/urf";
const JPEG: &str = "image/jpeg";
const PNG: &str = "image/png";
const TEXT: &str = "text/plain";
const POSTSCRIPT: &str = "application/postscript";
const PCL: &str = "application/vnd.hp-pcl";
const PCL_XL: &str = "application/vnd.hp-pclxl";

/// What goes to a device as pages of pixels, PDF apart.
const PIXELS: [&str; 5] = [PWG, URF, PCL_XL, PCL, POSTSCRIPT];

/// How a document is to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintRequest {
    /// Its format, a MIME media type in lower case.
    pub format: String,
    /// What its owner wants of it. What is not said is left to the device; pages that are drawn on the
    /// way are scaled as by [`Scaling::Auto`].
    pub options: PrintOptions,
    /// What is known of the document before it comes.
    pub known: Known,
}

/// What is known of a document before it comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Its bytes.
    pub size: Option<u64>,
    /// Its pages, if somebody who is believed has counted them and found it whole.
    pub counted: Option<u32>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What the device is asked for, with the format that it is given.
    pub request: PrintRequest,
    /// What is not as it was wished, for the user.
    pub notes: Vec<Note>,
    pub(super) work: Work,
}

/// What is done on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing.
    None,
    /// The document goes through these steps as it comes.
    Stream(Vec<Stage>),
    /// It is held in memory, after the first step if there is one, then looked at if that helps the
    /// plan, and then goes through these.
    Hold {
        before: Option<Stage>,
        steps: Vec<Stage>,
    },
}

impl Plan {
    /// Whether the document goes to the device byte by byte.
    #[must_use]
    pub fn is_passed_on(&self) -> bool {
        self.work == Work::None
    }
}

/// What is not as it was wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// The device prints on one side only.
    #[error("printed on one side: this printer cannot print on both")]
    OneSided,
    /// The device has no color.
    #[error("printed in black and white: this printer has no color")]
    Gray,
    /// The device does not have what is to be done to the sheets, or not all of it.
    #[error("printed without all of the staples, holes or folds: this printer does not have them")]
    Unfinished,
}

/// Why a document cannot be printed at a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unprintable {
    /// No way leads from the document's format to one that the device takes.
    #[error("this printer cannot print {format}")]
    Format {
        /// The document's.
        format: String,
        /// The device's.
        accepted: Vec<String>,
    },
    /// Ghostscript is needed.
    #[error(
        "this printer does not accept {format} and the converter Ghostscript is missing on the printer's computer"
    )]
    NoGhostscript {
        /// The document's format.
        format: String,
    },
    /// Copies on both sides of a document whose pages cannot be counted.
    #[error("its pages cannot be counted, so this printer cannot print several two-sided copies")]
    Uncounted,
    /// Copies that are to be stapled or folded one by one, at a device that makes one copy at a time.
    #[error("this printer makes one copy at a time, so it cannot finish each of several copies")]
    Sets,
    /// Too many pages, copies included.
    #[error("it has more than {} pages, copies included", limits::PAGES)]
    TooMany,
    /// None of the pages that were asked for exists.
    #[error("the document has {}, but none of {asked}", counted((*pages).into(), "page"))]
    NoSuchPages {
        /// Its pages.
        pages: u32,
        /// What was asked for.
        asked: String,
    },
}

impl Remedy for Unprintable {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Format { accepted, .. } => {
                format!("use what it accepts: {}", accepted.join(", ")).into()
            }
            Self::NoGhostscript { .. } => {
                "install it there (`apt-get install ghostscript`), then release the job again"
                    .into()
            }
            Self::Uncounted => "print one copy".into(),
            Self::Sets => "print one copy, or without staples and folds".into(),
            _ => return None,
        })
    }
}

/// Plans. `facts` are what was found out about the document, none if nobody has looked yet;
/// `ghostscript` is the program, where there is one.
pub fn plan(
    device: &Device,
    request: &PrintRequest,
    facts: Option<&Facts>,
    ghostscript: Option<&PathBuf>,
) -> Result<Plan, Unprintable> {
    let (looked, facts) = (facts.is_some(), facts.cloned().unwrap_or_default());
    let mut asked = request.clone();
    let mut notes = Vec::new();
    check_pages(request, facts.pages)?;
    let both = matches!(
        request.options.sides,
        Some(Sides::TwoSidedLongEdge | Sides::TwoSidedShortEdge)
    );
    if both
        && !device
            .sides
            .iter()
            .any(|side| Some(side.as_str()) == request.options.sides.map(Sides::keyword))
    {
        asked.options.sides = device
            .sides
            .iter()
            .any(|side| side == "one-sided")
            .then_some(Sides::OneSided);
        notes.push(Note::OneSided);
    }
    if request.options.color == Some(ColorMode::Color) && device.color == Some(false) {
        asked.options.color = None;
        notes.push(Note::Gray);
    }
    let able = |one: Finishing| device.finishings.contains(&one);
    if request.options.finishings.iter().any(|one| !able(one)) {
        asked.options.finishings = asked.options.finishings.only(able);
        notes.push(Note::Unfinished);
    }
    let task = Task {
        device,
        sets: request.options.copies > 1
            && asked.options.finishings.iter().any(Finishing::is_per_copy),
        request,
        facts,
        looked,
        ghostscript,
        duplex: match asked.options.sides {
            Some(Sides::TwoSidedLongEdge) => Some(false),
            Some(Sides::TwoSidedShortEdge) => Some(true),
            _ => None,
        },
        target: target(device, request, ghostscript.is_some()),
        copies: 1,
        pages: PageRanges::all(),
    };
    let task = task.sharing_the_work()?;
    let (format, work) = task.work()?;
    if work != Work::None {
        if task.copies > 1 {
            asked.options.copies = 1;
        }
        if !task.pages.is_all() {
            asked.options.page_ranges = PageRanges::all();
        }
        // What was made gray needs no device that keeps to it.
        let rendered = format != PDF;
        let listed = device.color_modes.iter().any(|mode| mode == "monochrome");
        if rendered && !listed && request.options.color == Some(ColorMode::Monochrome) {
            asked.options.color = None;
        }
        // Pages that are as large as the paper must not be made to fit it once more.
        if task.places(&format) {
            asked.options.scaling = Some(Scaling::None).filter(|none| device.scales(*none));
        }
    }
    asked.format = format;
    Ok(Plan {
        request: asked,
        notes,
        work,
    })
}

/// Whether some of the pages that were asked for are in a document with so many pages.
pub(super) fn check_pages(request: &PrintRequest, pages: Option<u32>) -> Result<(), Unprintable> {
    match pages {
        Some(pages) if request.options.page_ranges.count_of(pages) == 0 => {
            Err(Unprintable::NoSuchPages {
                pages,
                asked: request.options.page_ranges.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// The format that a device is given; none where no way leads to one that it takes.
fn target<'a>(device: &Device, request: &'a PrintRequest, renderer: bool) -> Option<&'a str> {
    let format = request.format.as_str();
    let of = |formats: [&'static str; 6]| formats.into_iter().find(|format| device.takes(format));
    let rendered = || match is_drawn(device, request) && device.formats != Formats::Any {
        true => of([PWG, URF, PCL_XL, PCL, POSTSCRIPT, PDF]),
        // Of a device that cannot be asked only one thing is known: it is meant to take PDF.
        false => of([PDF, PWG, URF, PCL_XL, PCL, POSTSCRIPT]),
    };
    let does = u32::from(request.options.copies) <= device.max_copies
        && (device.page_ranges || request.options.page_ranges.is_all());
    let as_it_is = || (device.takes(format) && does).then_some(format);
    match format {
        PDF => rendered(),
        TEXT if !device.takes(TEXT) => rendered(),
        // A device that says nothing is given what there is.
        JPEG | PNG if device.formats == Formats::Any => as_it_is().or_else(rendered),
        // The page that a picture is printed on is made here, so that the picture stands upright on
        // it, as the preview shows it: few devices heed what a photo says about its orientation.
        JPEG | PNG if renderer || device.takes(PDF) => rendered().or_else(as_it_is),
        JPEG | PNG => as_it_is().or_else(rendered),
        PWG => of([PWG, URF, PDF, POSTSCRIPT, PCL_XL, PCL]),
        URF => of([URF, PWG, PDF, POSTSCRIPT, PCL_XL, PCL]),
        // The device does it itself, or says by name what it cannot do.
        _ => device.takes(format).then_some(format),
    }
}

/// Whether the device itself makes pages fit as it is wished.
fn is_scaled_there(device: &Device, request: &PrintRequest) -> bool {
    match request.options.scaling {
        None | Some(Scaling::Auto) => true,
        Some(scaling) => device.formats == Formats::Any || device.scales(scaling),
    }
}

/// Whether pages of a PDF are drawn here even for a device that takes PDF.
fn is_drawn(device: &Device, request: &PrintRequest) -> bool {
    device.as_image || request.options.as_image || !is_scaled_there(device, request)
}

/// One document for one device.
struct Task<'a> {
    device: &'a Device,
    request: &'a PrintRequest,
    facts: Facts,
    /// Whether somebody has looked for facts: what is still unknown then stays so.
    looked: bool,
    ghostscript: Option<&'a PathBuf>,
    /// Printed on both sides, and whether sheets are turned at the short edge.
    duplex: Option<bool>,
    /// The format that the device is given, if there is a way to one.
    target: Option<&'a str>,
    /// Whether each of several copies is stapled or folded by itself, so that the device must make them.
    sets: bool,
    /// Copies that are made on the way; 1 if the device makes them.
    copies: u16,
    /// Pages that are chosen on the way; all if the device chooses them.
    pages: PageRanges,
}

impl Task<'_> {
    /// The same task once it is known who makes the copies and chooses the pages.
    fn sharing_the_work(mut self) -> Result<Self, Unprintable> {
        let pixels = self.target.is_some_and(|format| PIXELS.contains(&format));
        let too_many = u32::from(self.request.options.copies) > self.device.max_copies;
        // Copies that are made on the way are one document, and would get one staple together.
        if self.target.is_some() && self.sets && too_many {
            return Err(Unprintable::Sets);
        }
        if (pixels && !self.sets) || too_many {
            self.copies = self.request.options.copies;
        }
        if pixels || !self.device.page_ranges {
            self.pages = self.request.options.page_ranges.clone();
        }
        Ok(self)
    }

    /// The format that the device is given, and how it comes about.
    fn work(&self) -> Result<(String, Work), Unprintable> {
        let format = self.request.format.as_str();
        let is_drawn = is_drawn(self.device, self.request);
        let target = self.target.ok_or_else(|| self.no_way())?;
        let as_it_is = self.copies == 1 && self.pages.is_all();
        let is_made_anew = match format {
            PDF => is_drawn,
            PWG | URF => !self.takes_pixels_as_they_come(format),
            _ => false,
        };
        if target == format && as_it_is && !is_made_anew {
            return Ok((format.to_owned(), Work::None));
        }
        let hold = |before, steps| Work::Hold { before, steps };
        let work = match format {
            PDF => hold(None, self.pdf_steps(target)?),
            JPEG | PNG => {
                let before = Stage::Wrap {
                    paper: Paper {
                        size: self.paper(),
                        scaling: self.scaling(),
                    },
                };
                match target == PDF && as_it_is && !is_drawn {
                    true => Work::Stream(vec![before]),
                    false => hold(Some(before), self.pdf_steps(target)?),
                }
            }
            PWG => self.raster_work(Source::Pwg, target)?,
            URF => self.raster_work(Source::Urf, target)?,
            TEXT if target != TEXT => {
                let before = Stage::Text {
                    paper: self.paper(),
                };
                hold(Some(before), self.pdf_steps(target)?)
            }
            _ => Work::None,
        };
        Ok((target.to_owned(), work))
    }

    fn no_way(&self) -> Unprintable {
        Unprintable::Format {
            format: self.request.format.clone(),
            accepted: (self.device.formats.listed().into_iter())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Whether a document in this format, on its way out, has pages as large as the paper.
    fn places(&self, format: &str) -> bool {
        match self.request.format.as_str() {
            PWG | URF => self.raster_paper().is_some(),
            JPEG | PNG | TEXT => true,
            _ => format != PDF || is_drawn(self.device, self.request),
        }
    }

    fn pdf_steps(&self, target: &str) -> Result<Vec<Stage>, Unprintable> {
        if target == PDF && !is_drawn(self.device, self.request) {
            let arrangement = Arrangement {
                pages: self.pages.clone(),
                copies: self.copies,
                two_sided: self.duplex.is_some(),
            };
            return Ok(vec![Stage::Arrange(arrangement)]);
        }
        let program = self.ghostscript.ok_or_else(|| Unprintable::NoGhostscript {
            format: self.request.format.clone(),
        })?;
        let drawn = self.drawn_as(target);
        let color = drawn.kinds.contains(&Pixels::Rgb8);
        // Gray is rendered as gray even where it goes as color: that is a third of the pixels.
        let pixels = match drawn.kinds.as_slice() {
            _ if color && !self.is_gray() => Pixels::Rgb8,
            [Pixels::Black1] => Pixels::Black1,
            _ => Pixels::Gray8,
        };
        let runs = self.runs(drawn.resolution)?;
        // What is rendered as large as it is to be is only put in its place.
        let scaling = match runs {
            Runs::Known(_) => Scaling::None,
            Runs::Unknown { .. } => self.scaling(),
        };
        let backs = self.copies > 1 && self.duplex.is_some();
        if self.looked && backs && self.facts.pages.is_none() {
            return Err(Unprintable::Uncounted);
        }
        let copy_of = self.facts.pages.map(|pages| self.pages.count_of(pages));
        let rendering = Rendering {
            pixels,
            runs,
            copies: self.copies,
        };
        let press = Press {
            source: Source::Pnm,
            target: drawn.target,
            resolution: drawn.resolution,
            kinds: drawn.kinds,
            resolutions: Vec::new(),
            paper: Some(Paper {
                size: self.paper(),
                scaling,
            }),
            pages: PageRanges::all(),
            copies: 1,
            duplex: self.duplex,
            back: drawn.back,
            copy_of: copy_of.filter(|_| self.copies > 1),
            total: copy_of.map_or(Ok(0), |pages| self.total(pages))?,
        };
        let steps = vec![Stage::render(program, &rendering), Stage::Press(press)];
        Ok(steps)
    }

    /// How pages are drawn that go out in this format.
    fn drawn_as(&self, format: &str) -> Drawn {
        let (target, kinds, resolution, back) = match format {
            PWG => (
                Target::Pwg,
                self.pwg_kinds(),
                self.pwg_resolution(),
                self.device.raster.pwg_back(),
            ),
            URF => (
                Target::Urf,
                self.urf_kinds(),
                self.urf_resolution(),
                self.device.raster.urf_back(),
            ),
            PCL => (Target::Pcl, vec![Pixels::Black1], LASER, SheetBack::Normal),
            PCL_XL => (Target::PclXl, self.samples(), LASER, SheetBack::Normal),
            POSTSCRIPT => (Target::PostScript, self.shades(), LASER, SheetBack::Normal),
            _ => (Target::Pdf, self.shades(), LASER, SheetBack::Normal),
        };
        Drawn {
            target,
            kinds,
            resolution,
            back,
        }
    }

    /// How pages are made to fit, where that is done here.
    fn scaling(&self) -> Scaling {
        self.request.options.scaling.unwrap_or(Scaling::Auto)
    }

    /// Which pages are rendered at how many dots per inch, so that each comes out as large as it is
    /// to be on paper.
    fn runs(&self, resolution: u32) -> Result<Runs, Unprintable> {
        let unknown = Runs::Unknown {
            pages: self.pages.clone(),
            resolution,
        };
        let counted: u32 = self.facts.sizes.iter().map(|run| run.pages).sum();
        if self.facts.pages != Some(counted) || counted == 0 {
            return Ok(unknown);
        }
        let mut runs: Vec<Run> = Vec::new();
        let mut before = 0;
        for same in &self.facts.sizes {
            let (first, last) = (before + 1, before + same.pages);
            before = last;
            let placing = Placing::of(same.size, self.paper(), self.scaling());
            let resolution = (f64::from(resolution) * placing.scale * 1000.0).round() / 1000.0;
            for PageRange { first, last } in self.pages.within(first, last) {
                match runs.last_mut() {
                    Some(run) if run.last + 1 == first && run.resolution == resolution => {
                        run.last = last;
                    }
                    _ => runs.push(Run {
                        first,
                        last,
                        resolution,
                    }),
                }
            }
        }
        match runs.len().saturating_mul(usize::from(self.copies)) {
            0..=limits::RUNS => Ok(Runs::Known(runs)),
            _ => Err(Unprintable::TooMany),
        }
    }

    /// Pages in all, with the empty backs between copies.
    fn total(&self, pages: u32) -> Result<u32, Unprintable> {
        let copies = u32::from(self.copies);
        let odd = u32::from(self.duplex.is_some() && pages % 2 == 1);
        let total = pages
            .checked_mul(copies)
            .and_then(|total| total.checked_add(odd * (copies - 1)));
        total
            .filter(|total| *total <= limits::PAGES)
            .ok_or(Unprintable::TooMany)
    }

    fn raster_work(&self, source: Source, target: &str) -> Result<Work, Unprintable> {
        let drawn = self.drawn_as(target);
        let resolutions = match drawn.target {
            Target::Pwg => self.device.raster.resolutions.clone(),
            Target::Urf => self.device.raster.urf_resolutions(),
            Target::Pcl => PCL_RESOLUTIONS.to_vec(),
            Target::PclXl | Target::PostScript | Target::Pdf => Vec::new(),
        };
        let press = Press {
            source,
            target: drawn.target,
            resolution: LASER,
            kinds: drawn.kinds,
            resolutions,
            paper: self.raster_paper(),
            pages: self.pages.clone(),
            copies: self.copies,
            duplex: self.duplex,
            back: drawn.back,
            copy_of: None,
            total: 0,
        };
        let steps = vec![Stage::Press(press)];
        Ok(match self.copies {
            1 => Work::Stream(steps),
            _ => Work::Hold {
                before: None,
                steps,
            },
        })
    }

    /// Whether the device takes whatever programs make for the hold printer: both kinds of pixels and
    /// both resolutions that it offers, with the backs of sheets as they lie in that (PWG 5102.4 section
    /// 4.3.3.2). A device that says nothing of them is given what there is.
    fn takes_pixels_as_they_come(&self, format: &str) -> bool {
        let raster = &self.device.raster;
        let (listed, kinds, resolutions, back) = match format {
            PWG => (
                &raster.types,
                ["srgb_8", "sgray_8"],
                raster.resolutions.clone(),
                raster.pwg_back(),
            ),
            _ => (
                &raster.urf,
                ["SRGB24", "W8"],
                raster.urf_resolutions(),
                raster.urf_back(),
            ),
        };
        let has = |kind: &&str| listed.iter().any(|listed| listed == kind);
        let takes = |dpi: &u32| resolutions.contains(dpi);
        (listed.is_empty() || kinds.iter().all(has))
            && (resolutions.is_empty() || OFFERED.iter().all(takes))
            && (self.duplex.is_none() || back == SheetBack::Normal)
    }

    /// The paper that pages of pixels are put on; none where they stay as large as they came.
    fn raster_paper(&self) -> Option<Paper> {
        let scaling = self
            .request
            .options
            .scaling
            .filter(|_| self.request.options.media.is_some())?;
        Some(Paper {
            size: self.paper(),
            scaling,
        })
    }

    /// Whether nothing but shades of gray is wanted or can come out.
    fn is_gray(&self) -> bool {
        self.request.options.color == Some(ColorMode::Monochrome)
            || self.device.color == Some(false)
            || self.facts.color == Some(false)
    }

    /// Kinds of pixels where the device does not say which it takes.
    fn shades(&self) -> Vec<Pixels> {
        match self.is_gray() {
            true => vec![Pixels::Gray8, Pixels::Black1],
            false => vec![Pixels::Rgb8, Pixels::Gray8, Pixels::Black1],
        }
    }

    /// The same without single bits.
    fn samples(&self) -> Vec<Pixels> {
        match self.is_gray() {
            true => vec![Pixels::Gray8],
            false => vec![Pixels::Rgb8, Pixels::Gray8],
        }
    }

    fn pwg_kinds(&self) -> Vec<Pixels> {
        let has = |name: &str| self.device.raster.types.iter().any(|kind| kind == name);
        let gray = [(Pixels::Gray8, "sgray_8"), (Pixels::Black1, "black_1")];
        let color = [(Pixels::Rgb8, "srgb_8"), gray[0], gray[1]];
        let listed = |kinds: &[(Pixels, &str)]| -> Vec<Pixels> {
            kinds
                .iter()
                .filter(|(_, name)| has(name))
                .map(|(kind, _)| *kind)
                .collect()
        };
        let kinds = match self.is_gray() {
            true => listed(&gray),
            false => listed(&color),
        };
        match kinds.is_empty() {
            // Only color, or nothing that it says: what every such printer takes (PWG 5100.14
            // section 6.5.4).
            true if has("srgb_8") => vec![Pixels::Rgb8],
            true => vec![Pixels::Gray8],
            false => kinds,
        }
    }

    fn urf_kinds(&self) -> Vec<Pixels> {
        let has = |name: &str| {
            self.device
                .raster
                .urf
                .iter()
                .any(|key| key.starts_with(name))
        };
        match (has("W8"), has("SRGB24")) {
            (false, true) => vec![Pixels::Rgb8],
            (true, true) if !self.is_gray() => vec![Pixels::Rgb8, Pixels::Gray8],
            _ => vec![Pixels::Gray8],
        }
    }

    fn pwg_resolution(&self) -> u32 {
        best_resolution(&self.device.raster.resolutions)
    }

    fn urf_resolution(&self) -> u32 {
        best_resolution(&self.device.raster.urf_resolutions())
    }

    /// The paper to make pages for: what was asked for, else the document's own size if the device
    /// has it, else what the device has.
    fn paper(&self) -> PageSize {
        let named = |name: &Option<String>| name.as_deref().and_then(PageSize::named);
        let asked = named(&self.request.options.media);
        let own = || {
            self.facts
                .page_size
                .and_then(|size| self.device.medium(size))
        };
        let device = || self.device.usual_medium().and_then(PageSize::named);
        let unsaid = || {
            self.facts
                .page_size
                .filter(|_| self.device.media.is_empty())
        };
        asked
            .or_else(own)
            .or_else(device)
            .or_else(unsaid)
            .unwrap_or(A4)
    }
}

/// How pages are drawn.
struct Drawn {
    target: Target,
    /// The kinds of pixels that may go; not none.
    kinds: Vec<Pixels>,
    /// Dots per inch.
    resolution: u32,
    back: SheetBack,
}

/// Dots per inch of the pages of pixels that programs are asked for.
const OFFERED: [u32; 2] = [300, 600];

/// Dots per inch of printers that take PostScript or PCL and do not say theirs, and of pictures in PDF.
const LASER: u32 = 600;

#[cfg(test)]
mod tests;
