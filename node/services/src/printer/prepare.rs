//! Converts a document to what the device takes.
//!
//! Lives here: from the device's description and the ticket to a conversion, and from its plan back
//! to the ticket that the device is given. Not here: what is converted how (`convert`).

use std::borrow::Cow;
use std::io;

use papermesh_convert::format::Screened;
use papermesh_convert::plan::{Known, Note, PrintRequest};
use papermesh_convert::{ConvertError, ConvertedReader, Converter, Doubts};
use papermesh_device::{DeviceError, OutputDevice, PrintTicket};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::remedy::Remedy;

use super::document::DocumentReader;

/// What the device reads: the document as its holder sent it, or what was made of it.
pub(super) type Document = ConvertedReader;

/// What is to be printed, and how.
pub(super) struct Wanted {
    /// What the device would be asked for if it could do everything.
    pub(super) ticket: PrintTicket,
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
}

impl Remedy for PrepareError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Device(error) => error.remedy(),
            Self::Convert(error) => error.remedy(),
            _ => None,
        }
    }
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
    let device = device.abilities(waiting).await?;
    let Wanted {
        ticket,
        counted,
        password,
    } = wanted;
    let request = PrintRequest {
        format: ticket.format.clone(),
        options: ticket.options.clone(),
        known: Known {
            size: ticket.size,
            counted,
        },
    };
    // Whoever held it may have lied about what it is.
    let document = Screened::begin(&request.format, document).await?;
    let converted = converter
        .convert(&device, &request, password.as_ref(), document)
        .await?;
    let is_passed_on = converted.plan.is_passed_on();
    let asked = converted.plan.request;
    if !is_passed_on {
        tracing::debug!(release = %ticket.release, from = %request.format, to = %asked.format, "converted while sending");
    }
    Ok(Prepared {
        ticket: PrintTicket {
            format: asked.format,
            options: asked.options,
            size: ticket.size.filter(|_| is_passed_on && password.is_none()),
            converted: !is_passed_on,
            ..ticket
        },
        document: converted.document,
        notes: converted.plan.notes,
        doubts: converted.doubts,
    })
}
