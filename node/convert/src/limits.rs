//! What a conversion may cost. A document that wants more is not converted, and stays held.

use std::time::Duration;

/// The largest document that is held in memory for a converter, in bytes. PDF has to be: it is read
/// from its end.
pub(super) const HELD: u64 = 256 << 20;

/// The largest document whose facts are looked for while it arrives, in bytes: with larger ones it
/// takes time that the submitter waits for.
pub(super) const INSPECTED: usize = 8 << 20;

/// The address space of one converter, in bytes.
pub(super) const MEMORY: u64 = 1 << 30;

/// The processor time of one converter.
pub(super) const PROCESSOR: Duration = Duration::from_secs(10 * 60);

/// Files that one converter may have open.
pub(super) const FILES: u64 = 64;

/// How long looking for facts may take after the document's last byte, where somebody waits.
pub(super) const FACTS: Duration = Duration::from_secs(3);

/// How long making the picture of the first page may take after that.
pub(super) const PREVIEW: Duration = Duration::from_secs(20);

/// Bytes of the page that a picture becomes, where a preview is made of it.
pub(super) const PREVIEWED: usize = 128 << 20;

/// How long looking at a picture that somebody else made may take.
pub(super) const PICTURE: Duration = Duration::from_secs(5);

/// How long opening a mail may take.
pub(super) const MAIL: Duration = Duration::from_secs(60);

/// What may be said of a mail before the bytes of its documents, in bytes.
pub(super) const MAIL_OUTLINE: u64 = 256 * 1024;

/// How long looking for facts may take where nobody waits, or a device's printer node, before it
/// converts.
pub(super) const PATIENT_FACTS: Duration = Duration::from_secs(30);

/// What facts may look like, in bytes.
pub(super) const FACTS_TEXT: u64 = 128 * 1024;

/// Sizes of pages that are told, one after the other; of a document that changes more often only
/// the first page's is known.
pub(super) const SIZES: usize = 1024;

/// What a converter may say about its work or its trouble, in bytes.
pub(super) const COMPLAINT: usize = 64 * 1024;

/// Pages with nothing on them that a second renderer looks at.
pub(super) const BLANKS: usize = 500;

/// How long that may take.
pub(super) const SECOND_LOOK: Duration = Duration::from_secs(60);

/// The end of a document that a device is not given before everything is known to be right, in
/// bytes. A document that is not larger is judged before the device sees any of it.
pub(super) const WITHHELD: usize = 512 * 1024;

/// Runs of a renderer for one document: pages of one size, times copies.
pub(super) const RUNS: usize = 10_000;

/// Pixels of one page: A2 at 1200 dpi, and not 10⁹.
pub(super) const PIXELS: u64 = 1 << 29;

/// Bytes of one line of pixels.
pub(super) const LINE: u64 = 1 << 20;

/// Pages of one raster document or arranged PDF, copies included.
pub(super) const PAGES: u32 = 100_000;

/// Bytes of one stream in a PDF once it is unpacked, where it is looked at.
pub(super) const UNPACKED: usize = 64 << 20;

/// Bytes of what a decoder needs of a JPEG before its first scan.
pub(super) const IMAGE_HEAD: usize = 1 << 20;

/// Layers of a PDF that are looked at.
pub(super) const LAYERS: usize = 10_000;
/// Bytes of an interlaced picture once it is unpacked: it has to be held whole.
pub(super) const INTERLACED: u64 = 256 << 20;
