//! Making a document one that the device takes.
//!
//! Lives here: from the device's description and the ticket to a conversion, and from its plan back
//! to the ticket that the device is given. Not here: what is converted how (`convert`).

use papermesh_protocol::job;
use tokio_util::either::Either;

use super::document::DocumentReader;
use super::output::{
    ColorMode, DeviceDescription, DeviceError, Formats, OutputDevice, PrintTicket, Sides,
};
use crate::convert::device::Device;
use crate::convert::pages::PageRanges;
use crate::convert::plan::{Note, Order, Unprintable};
use crate::convert::{ConvertError, ConvertedReader, Converter};

/// What the device reads: the document as its holder sent it, or what was made of it.
pub(super) type Document = Either<DocumentReader, ConvertedReader>;

/// A document that is ready for its device.
pub(super) struct Prepared {
    /// What the device is asked for.
    pub(super) ticket: PrintTicket,
    /// What it is given.
    pub(super) document: Document,
    /// What is not as it was wished.
    pub(super) notes: Vec<Note>,
}

/// Why a document cannot be given to its device. The device has nothing of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrepareError {
    /// The device does not say what it takes.
    #[error("nothing was printed: {0}")]
    Device(#[from] DeviceError),
    /// There is no way to print it there.
    #[error(transparent)]
    Unprintable(#[from] Unprintable),
    /// It could not be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// The ticket makes no sense.
    #[error(transparent)]
    Pages(#[from] crate::convert::pages::BadRanges),
}

/// Prepares a document. Returns when the first piece of it is there. `waiting` hears why that takes
/// long, if it is the device.
pub(super) async fn prepare(
    converter: &Converter,
    device: &OutputDevice,
    ticket: PrintTicket,
    document: DocumentReader,
    waiting: &(dyn Fn(&str) + Send + Sync),
) -> Result<Prepared, PrepareError> {
    let device = device
        .abilities(waiting)
        .await?
        .map_or_else(Device::of_anything, abilities);
    let order = order(&ticket)?;
    let plan = converter.plan(&device, &order)?;
    if plan.is_passed_on() {
        return Ok(Prepared {
            ticket: PrintTicket {
                sides: plan.order.sides.map(to_device),
                ..ticket
            },
            document: Either::Left(document),
            notes: plan.notes,
        });
    }
    tracing::debug!(release = %ticket.release, from = %order.format, to = %plan.order.format, "converted on its way");
    let converted = converter.convert(&device, &order, document).await?;
    let asked = converted.plan.order;
    Ok(Prepared {
        ticket: PrintTicket {
            format: asked.format,
            copies: asked.copies,
            sides: asked.sides.map(to_device),
            color: ticket.color.filter(|_| asked.color.is_some()),
            page_ranges: asked.pages.as_slice().to_vec(),
            size: None,
            converted: true,
            ..ticket
        },
        document: Either::Right(converted.document),
        notes: converted.plan.notes,
    })
}

fn abilities(device: DeviceDescription) -> Device {
    Device {
        formats: match device.formats {
            Formats::Listed(formats) => Some(formats),
            Formats::Any | Formats::NotAsked => None,
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
    })
}

fn to_device(sides: job::Sides) -> Sides {
    match sides {
        job::Sides::OneSided => Sides::OneSided,
        job::Sides::TwoSidedLongEdge => Sides::TwoSidedLongEdge,
        job::Sides::TwoSidedShortEdge => Sides::TwoSidedShortEdge,
    }
}
