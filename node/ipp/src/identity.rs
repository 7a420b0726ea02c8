//! Who the hold printer is: its name, its UUID, its icon, its page for people.

use papermesh_ipp_message::uuid;
use papermesh_web::dnssd;
use sha2::{Digest, Sha256};

/// What does not change while the node runs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its name, `printer-name` and `printer-info`.
    pub name: String,
    /// Where it stands.
    pub location: String,
    /// The site, `printer-organization`.
    pub organization: String,
    /// What makes it this printer and no other; the node's id.
    pub seed: Vec<u8>,
}

/// `printer-make-and-model`.
pub(super) const MODEL: &str = concat!("Papermesh Hold Printer ", env!("CARGO_PKG_VERSION"));

impl Identity {
    /// `printer-uuid` (RFC 4122), the same for as long as the node has its key.
    #[must_use]
    pub fn uuid(&self) -> String {
        uuid_of(&self.seed)
    }

    /// What strangers outside the site are told of a place: the host name by which they found it, and
    /// nothing else.
    pub(super) fn of_place(printer: &str) -> Self {
        let host = printer.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        Self {
            name: host.split('.').next().unwrap_or_default().to_owned(),
            location: String::new(),
            organization: String::new(),
            seed: host.as_bytes().to_vec(),
        }
    }

    /// The name under which it is to be found: told apart from those of other computers of the site.
    pub(super) fn dns_sd_name(&self) -> String {
        dnssd::service_name(&self.name, &self.location)
    }

    /// `printer-device-id` (IEEE 1284.4).
    pub(super) fn device_id(&self) -> String {
        "MFG:Papermesh;MDL:Hold Printer;CMD:PDF,PWGRaster,AppleRaster,JPEG,URF;CLS:PRINTER;"
            .to_owned()
    }
}

/// A UUID of something of this printer, `urn:uuid:…`.
pub(super) fn uuid_of(seed: &[u8]) -> String {
    let hash = Sha256::new_with_prefix(b"papermesh hold printer").chain_update(seed);
    uuid::of_hash(&hash.finalize().into())
}

/// The page for people. It tells nothing of users or jobs.
pub(super) fn page(identity: &Identity) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{name}</title>\
         <h1>{name}</h1><p>What is printed here is held, sealed, on this computer until its owner releases it \
         at a printer of {site}.</p>\
         <p><code>papermesh jobs</code> lists what is held.</p></html>\n",
        name = escaped(&identity.name),
        site = escaped(&identity.organization),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The icon, 48 by 48 pixels of one gray: PNG (ISO 15948) with its one image block stored as it is.
pub(super) fn icon() -> Vec<u8> {
    const SIDE: usize = 48;
    let mut pixels = Vec::with_capacity(SIDE * (SIDE + 1));
    for y in 0..SIDE {
        pixels.push(0); // no filter in this row
        pixels.extend((0..SIDE).map(|x| shade(x, y)));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = u32::try_from(SIDE).unwrap_or(0).to_be_bytes();
    let header = [&side[..], &side, &[8, 0, 0, 0, 0]].concat();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &stored(&pixels));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// A sheet that comes out of a slot.
fn shade(x: usize, y: usize) -> u8 {
    let (slot, sheet) = (8..40, 14..34);
    match (slot.contains(&x), sheet.contains(&x), y) {
        (_, true, 4..=40) => 0xf4,
        (true, _, 18..=34) => 0x50,
        _ => 0xc8,
    }
}

/// A zlib stream (RFC 1950) of one stored block (RFC 1951 section 3.2.4).
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in data {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend(((b << 16) | a).to_be_bytes());
    stream
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let begun = png.len();
    png.extend(kind);
    png.extend(data);
    let sum = crc(&png[begun..]);
    png.extend(sum.to_be_bytes());
}

/// The check sum of PNG (ISO 15948 annex D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_one_and_stays_the_same() {
        let uuid = uuid_of(b"node");
        assert_eq!(uuid, uuid_of(b"node"));
        assert_ne!(uuid, uuid_of(b"other"));
        let parts: Vec<usize> = uuid[9..].split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn the_check_sum_is_that_of_the_standard() {
        assert_eq!(crc(b"IEND"), 0xae42_6082);
        assert!(icon().len() < 4096);
    }
}
