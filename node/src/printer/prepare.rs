//! Making a document one that the device takes.
//!
//! Lives here: from the device's description and the ticket to a conversion, and from its plan back
//! to the ticket that the device is given. Not here: what is converted how (`convert`).

use std::io;

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::job;

use super::document::DocumentReader;
use super::output::{
    ColorMode, DeviceDescription, DeviceError, Formats, OutputDevice, PrintTicket, Sides,
};
use crate::convert::device::Device;
use crate::convert::pages::PageRanges;
use crate::convert::plan::{Known, Note, Order};
use crate::convert::{ConvertError, ConvertedReader, Converter, Doubts};
use crate::format::Screened;

/// What the device reads: the document as its holder sent it, or what was made of it.
pub(super) type Document = ConvertedReader;

/// What is to be printed, and how.
pub(super) struct Wanted {
    /// What the device would be asked for if it could do everything.
    pub(super) ticket: PrintTicket,
    /// Whether it is to get pictures of the pages.
    pub(super) as_image: bool,
    /// Its pages, if its holder has counted them and found it whole.
    pub(super) counted: Option<u32>,
    /// Opens the document, if it is locked.
    pub(super) password: Option<DocumentPassword>,
}

/// A document that is ready for its device.
pub(super) struct Prepared {
    /// What the device is asked for.
    pub(super) ticket: PrintTicket,
    /// What it is given.
    pub(super) document: Document,
    /// What is not as it was wished.
    pub(super) notes: Vec<Note>,
    /// Whether something may be missing; known once the device has read it all.
    pub(super) doubts: Doubts,
}

/// Why a document cannot be given to its device. The device has nothing of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrepareError {
    /// The device does not say what it takes.
    #[error("nothing was printed: {0}")]
    Device(#[from] DeviceError),
    /// There is no way to print it there, or it could not be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// It does not arrive, or is not what it is said to be.
    #[error("nothing was printed: {0}")]
    Document(#[from] io::Error),
    /// The ticket makes no sense.
    #[error(transparent)]
    Pages(#[from] crate::convert::pages::BadRanges),
}

/// Prepares a document. Returns when the first piece of it is there. `waiting` hears why that takes
/// long, if it is the device.
pub(super) async fn prepare(
    converter: &Converter,
    device: &OutputDevice,
    wanted: Wanted,
    document: DocumentReader,
    waiting: &(dyn Fn(&str) + Send + Sync),
) -> Result<Prepared, PrepareError> {
    let device = device
        .abilities(waiting)
        .await?
        .map_or_else(Device::of_anything, abilities);
    let Wanted {
        ticket,
        as_image,
        counted,
        password,
    } = wanted;
    let order = Order {
        as_image,
        known: Known {
            size: ticket.size,
            counted,
        },
        ..order(&ticket)?
    };
    // Whoever held it may have lied about what it is.
    let document = Screened::begin(&order.format, document).await?;
    let converted = converter
        .convert(&device, &order, password.as_ref(), document)
        .await?;
    let is_passed_on = converted.plan.is_passed_on();
    let asked = converted.plan.order;
    if !is_passed_on {
        tracing::debug!(release = %ticket.release, from = %order.format, to = %asked.format, "converted while sending");
    }
    Ok(Prepared {
        ticket: PrintTicket {
            format: asked.format,
            copies: asked.copies,
            sides: asked.sides.map(to_device),
            color: ticket.color.filter(|_| asked.color.is_some()),
            page_ranges: asked.pages.as_slice().to_vec(),
            scaling: asked.scaling,
            size: ticket.size.filter(|_| is_passed_on && password.is_none()),
            converted: !is_passed_on,
            ..ticket
        },
        document: converted.document,
        notes: converted.plan.notes,
        doubts: converted.doubts,
    })
}

/// What a printer is given that cannot be asked and of which nobody said what it takes.
const UNASKED: [&str; 2] = ["application/pdf", "text/plain"];

fn abilities(device: DeviceDescription) -> Device {
    Device {
        formats: match device.formats {
            Formats::Listed(formats) => Some(formats),
            // What takes files.
            Formats::Any => None,
            // A raw port prints whatever comes, and pictures come out as pages of letters. Of a printer
            // that cannot be asked it is known only that it is meant to take PDF.
            Formats::NotAsked => Some(UNASKED.map(str::to_owned).to_vec()),
        },
        max_copies: device.max_copies,
        sides: device.sides,
        page_ranges: device.page_ranges,
        color: device.color,
        color_modes: device.color_modes,
        media: device.media,
        media_default: device
            .media_ready
            .into_iter()
            .next()
            .or(device.media_default),
        scalings: device.scalings,
        raster: device.raster,
        as_image: device.as_image,
    }
}

fn order(ticket: &PrintTicket) -> Result<Order, PrepareError> {
    Ok(Order {
        format: ticket.format.clone(),
        copies: ticket.copies,
        sides: ticket.sides.map(|sides| match sides {
            Sides::OneSided => job::Sides::OneSided,
            Sides::TwoSidedLongEdge => job::Sides::TwoSidedLongEdge,
            Sides::TwoSidedShortEdge => job::Sides::TwoSidedShortEdge,
        }),
        color: ticket.color.map(|color| match color {
            ColorMode::Auto => job::ColorMode::Auto,
            ColorMode::Color => job::ColorMode::Color,
            ColorMode::Monochrome => job::ColorMode::Monochrome,
        }),
        media: ticket.media.clone(),
        pages: PageRanges::new(ticket.page_ranges.iter().copied())?,
        scaling: ticket.scaling,
        as_image: false,
        known: Known::default(),
    })
}

fn to_device(sides: job::Sides) -> Sides {
    match sides {
        job::Sides::OneSided => Sides::OneSided,
        job::Sides::TwoSidedLongEdge => Sides::TwoSidedLongEdge,
        job::Sides::TwoSidedShortEdge => Sides::TwoSidedShortEdge,
    }
}
