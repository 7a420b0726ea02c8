//! `print`: a document is held until its user releases it, or goes to a printer at once.

use std::path::PathBuf;

use clap::Args;
use papermesh_convert::format::{self, Named};
use papermesh_convert::spelling;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::job::{
    self, ColorMode, Finishings, PageRanges, PrintOptions, Scaling, Sides,
};
use papermesh_protocol::limits;
use papermesh_protocol::text::UserId;
use papermesh_services::printer::Ending;

use super::context::Context;
use super::document::Document;
use super::failure::CliError;
use super::progress::Bar;
use super::quantity;
use super::secrets::{self, DocumentPasswordArgs, JobPinArgs, PinArgs};
use crate::control::message::{Event, JobEnding, SubmitJob, Submitted, UnlockJob};
use crate::control::{Client, CommandError, ErrorCode};

/// Hold a document until it is released at a printer; prints the job's id
#[derive(Args, Debug)]
pub(super) struct Print {
    /// The document, or - for standard input
    ///
    /// PDF, PWG raster, Apple raster, JPEG, PNG or plain text. With --pin-stdin, the first line of
    /// standard input is the PIN and the document follows it; --job-pin-stdin and
    /// --document-password-stdin work the same way.
    file: PathBuf,
    /// User to hold the document for (needed if several users are enrolled)
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Its title [default: the file's name]
    #[arg(long)]
    title: Option<String>,
    /// Number of copies
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(limits::COPIES)))]
    copies: u16,
    /// Sides to print on: one-sided, two-sided-long-edge or two-sided-short-edge
    #[arg(long)]
    sides: Option<Sides>,
    /// Color mode: auto, color or monochrome
    #[arg(long, value_name = "MODE")]
    color: Option<ColorMode>,
    /// The media, such as A4, na-letter or iso_a4_210x297mm
    #[arg(long, value_parser = media)]
    media: Option<String>,
    /// How to fit pages to the paper: auto, auto-fit, fit, fill or none [default: auto]
    #[arg(long, value_name = "HOW")]
    scaling: Option<Scaling>,
    /// Print pages as images, for a printer that garbles the document itself
    #[arg(long)]
    as_image: bool,
    /// How long to keep it if it is not released, from 1m to 30d [default: the site's policy]
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<u32>,
    /// Print it now on this printer; if that fails, it is held
    #[arg(long, value_name = "PRINTER")]
    to: Option<String>,
    /// Its format as a MIME media type, if it cannot be detected
    #[arg(long, value_name = "TYPE")]
    format: Option<String>,
    /// Staple, punch or fold, such as staple-top-left,punch-dual-left: IPP keywords
    #[arg(long, value_name = "KEYWORDS")]
    finishings: Option<Finishings>,
    /// Pages to print, such as 1-3,7 [default: all]
    #[arg(long, value_name = "RANGES")]
    pages: Option<PageRanges>,
    /// Priority, 1 to 100: more urgent jobs are listed first [default: 50]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=i64::from(limits::HIGHEST_PRIORITY)))]
    priority: Option<u8>,
    /// Hide from printers for this long, e.g. 2h
    #[arg(long, value_name = "TIME", value_parser = quantity::parse_seconds)]
    hold: Option<u32>,
    #[command(flatten)]
    pin: PinArgs,
    #[command(flatten)]
    job_pin: JobPinArgs,
    #[command(flatten)]
    document_password: DocumentPasswordArgs,
}

impl Print {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let options = PrintOptions {
            copies: self.copies,
            sides: self.sides,
            color: self.color,
            media: self.media.clone(),
            page_ranges: self.pages.clone().unwrap_or_default(),
            scaling: self.scaling,
            as_image: self.as_image,
            finishings: self.finishings.clone().unwrap_or_default(),
            extensions: Extensions::default(),
        };
        options
            .check()
            .map_err(|error| CommandError::of(ErrorCode::Usage, &error))?;
        let pin = self.pin.given("The PIN for this job:")?;
        let job_pin = self.job_pin.chosen("A PIN for this job only:")?;
        let document_password = self.document_password.given()?;
        let mut document = Document::open(&self.file).await?;
        let said = self.format.as_deref().filter(|_| !document.is_empty());
        let format = match said.map(|said| (said, format::named(said))) {
            None | Some((_, Some(Named::Untold))) => document.format()?.to_owned(),
            Some((_, Some(Named::Format(format)))) => format.to_owned(),
            // The node says what it holds.
            Some((said, None)) => {
                let said = said.to_ascii_lowercase();
                job::check_format(&said)
                    .map_err(|error| CommandError::of(ErrorCode::Usage, &error))?;
                said
            }
        };
        let command = SubmitJob {
            user: self.user,
            title: document.title(self.title.as_deref()),
            format,
            size: document.size,
            options,
            lifetime: self.expires,
            printer: self.to,
            pin,
            job_pin,
            document_password,
            priority: self.priority,
            hold: self.hold,
        };
        let submitted = match submit(context, command.clone(), &mut document).await {
            // Refused before the document was touched, so it is all there still.
            Err(CliError::Refused(error)) if error.code == ErrorCode::PinRequired => {
                let pin = Some(secrets::ask_pin("The PIN for this job:")?);
                submit(context, SubmitJob { pin, ..command }, &mut document).await?
            }
            answer => answer?,
        };
        report(context, &submitted)?;
        unlock(context, &submitted).await
    }
}

async fn submit(
    context: &Context,
    command: SubmitJob,
    document: &mut Document,
) -> Result<Submitted, CliError> {
    let client = Client::connect(&context.home).await?;
    let bar = Bar::new(&context.screen, document.size);
    let heard = |event| {
        match event {
            Event::Progress(progress) => bar.show(&progress),
            Event::Notice(text) => context.screen.remark(&text),
            _ => {}
        }
        Ok(())
    };
    client
        .send(command, document, heard, |bytes| bar.add(bytes))
        .await
}

/// Asks for the password of a document that turned out to be locked, where somebody is there to be
/// asked. Without it the document stays held, and that is said.
async fn unlock(context: &Context, submitted: &Submitted) -> Result<(), CliError> {
    if !submitted.locked {
        return Ok(());
    }
    let (number, screen) = (submitted.number, &context.screen);
    if !secrets::can_ask() {
        screen.warn(&format!(
            "{} is locked; give its password with `papermesh jobs unlock {number}`, or at the printer",
            submitted.title
        ));
        return Ok(());
    }
    let password = secrets::ask_document_password()?;
    let job = submitted.job;
    context
        .call(UnlockJob {
            job: job.into(),
            password,
        })
        .await?;
    screen.remark("the password opens the document and is stored sealed with the job");
    Ok(())
}

fn report(context: &Context, submitted: &Submitted) -> Result<(), CliError> {
    let screen = &context.screen;
    screen.show(submitted, |submitted, _| submitted.job.to_string())?;
    let size = quantity::size(submitted.size);
    let rest = quantity::rest(submitted.expires_at, screen.style().now);
    match &submitted.printed {
        Some(result) if result.ending.is_success() => {
            screen.remark(&format!("printed {} ({size})", submitted.title));
        }
        Some(result) if result.ending == JobEnding::Released(Ending::MayHavePrinted) => screen.warn(&format!(
            "{}: could not confirm printing ({}). Check the printer. The job is kept for {rest}.",
            submitted.title,
            result.reason.as_deref().unwrap_or("no reason given")
        )),
        // Not an error: the document is safe, and printing it again would make two of it.
        Some(result) => screen.warn(&format!(
            "{} was not printed ({}) and is held for {rest}; release it at a printer",
            submitted.title,
            result.reason.as_deref().unwrap_or("no reason given")
        )),
        None => screen.remark(&format!(
            "{} ({size}) is held for {} for {rest}; release it at a printer",
            submitted.title, submitted.user
        )),
    }
    Ok(())
}

/// A size of paper by any of its names, or another keyword of a device.
fn media(text: &str) -> Result<String, String> {
    let media = match spelling::size(text) {
        Some(size) => size.name(),
        None => text.trim().to_owned(),
    };
    job::check_media(&media).map_err(|error| error.to_string())?;
    Ok(media)
}

fn lifetime(text: &str) -> Result<u32, String> {
    let seconds = quantity::parse_seconds(text)?;
    if (60..=limits::JOB_LIFETIME_MAX.as_secs()).contains(&u64::from(seconds)) {
        Ok(seconds)
    } else {
        Err("jobs are kept from 1m to 30d".to_owned())
    }
}
