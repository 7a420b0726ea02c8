//! Documents that are commands for a printer.
//!
//! Lives here: noticing programs by their beginning, and keeping the sequence that ends a document
//! from the device. Not here: what kind of document it is ([`papermesh_convert::format`]).
//!
//! A raw port makes no difference between a document and commands: what begins like PostScript is
//! run, and behind the Universal Exit Language (`ESC%-12345X`) a document becomes a conversation
//! with the printer about its file system, its settings and other people's jobs.

use tokio_util::bytes::{Bytes, BytesMut};

/// How much of a document is looked at before any of it is sent, in bytes.
pub(super) const BEGINNING: usize = 1024;

/// The Universal Exit Language.
const UEL: &[u8] = b"\x1b%-12345X";

/// What a document is that begins like this, if it is a program for a printer.
pub(super) fn program(beginning: &[u8]) -> Option<&'static str> {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let skipped = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0 | 4);
    let start = text.iter().position(|byte| !skipped(byte))?;
    let text = text.get(start..)?;
    let known: [(&[u8], &str); 5] = [
        (b"%!", "PostScript"),
        (UEL, "PJL"),
        (b"@PJL", "PJL"),
        (b"\x1b", "printer commands"),
        (b") HP-PCL XL", "PCL XL"),
    ];
    let found = known.iter().find(|(mark, _)| text.starts_with(mark));
    found.map(|(_, language)| *language)
}

/// Takes the exit sequence out of a document as it passes: its escape becomes a space, so that no
/// byte before or after it can take its place.
#[derive(Debug, Default)]
pub(super) struct Disarm {
    /// What may be the beginning of one.
    rest: BytesMut,
}

impl Disarm {
    /// A piece, without what has to be seen together with the next one.
    pub(super) fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.rest.is_empty() && !piece.contains(&UEL[0]) {
            return piece;
        }
        self.rest.extend_from_slice(&piece);
        let mut from = 0;
        let mut keep = self.rest.len();
        while let Some(found) = self.rest.iter().skip(from).position(|byte| *byte == UEL[0]) {
            let start = from + found;
            let tail = self.rest.get(start..).unwrap_or_default();
            if tail.starts_with(UEL) {
                tracing::warn!("removed a printer exit sequence from a document");
                if let Some(escape) = self.rest.get_mut(start) {
                    *escape = b' ';
                }
            } else if UEL.starts_with(tail) {
                keep = start;
                break;
            }
            from = start + 1;
        }
        self.rest.split_to(keep).freeze()
    }

    /// What is left when the document has ended: a beginning without an end.
    pub(super) fn finish(&mut self) -> Bytes {
        self.rest.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };
    use tokio_util::bytes::Bytes;

    use super::{Disarm, UEL, program};

    #[test]
    fn programs_are_known_by_their_beginning() {
        for (beginning, language) in [
            (&b"%!PS-Adobe-3.0\n"[..], Some("PostScript")),
            (b"\n\x04%!PS\n% %PDF-1.7", Some("PostScript")),
            (b"\xef\xbb\xbf %!PS", Some("PostScript")),
            (b"\n\x1b%-12345X@PJL INFO ID\r\n%PDF-1.7", Some("PJL")),
            (b"@PJL FSDIRLIST", Some("PJL")),
            (b"\x1bE\x1b&l1X", Some("printer commands")),
            (b") HP-PCL XL;2;0", Some("PCL XL")),
            (b"%PDF-1.7", None),
            (b"Dear Ada,\n%! is how PostScript begins", None),
            (b"\xff\xd8\xff\xe0", None),
            (b"   ", None),
            (b"", None),
        ] {
            assert_eq!(program(beginning), language, "{beginning:?}");
        }
    }

    fn passed(pieces: &[Vec<u8>]) -> Vec<u8> {
        let mut disarm = Disarm::default();
        let mut out: Vec<u8> = Vec::new();
        for piece in pieces {
            out.extend(disarm.pass(Bytes::from(piece.clone())));
        }
        out.extend(disarm.finish());
        out
    }

    /// Pieces that are full of beginnings, middles and ends of the sequence.
    fn armed() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let part = prop_oneof![
            Just(UEL.to_vec()),
            (0..=UEL.len()).prop_map(|end| UEL[..end].to_vec()),
            (0..=UEL.len()).prop_map(|start| UEL[start..].to_vec()),
            vec(any::<u8>(), 0..6),
        ];
        vec(part, 0..30)
    }

    proptest! {
        #[test]
        fn the_exit_sequence_never_comes_out(pieces in armed()) {
            let out = passed(&pieces);
            prop_assert_eq!(out.len(), pieces.concat().len());
            prop_assert!(!out.windows(UEL.len()).any(|window| window == UEL));
        }

        #[test]
        fn pieces_come_out_as_the_whole_does(pieces in armed()) {
            prop_assert_eq!(passed(&pieces), passed(&[pieces.concat()]));
        }

        #[test]
        fn what_has_no_exit_sequence_comes_out_as_it_was(bytes in vec(any::<u8>(), 0..300), cut in any::<proptest::sample::Index>()) {
            let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
            if !bytes.windows(UEL.len()).any(|window| window == UEL) {
                prop_assert_eq!(passed(&[one.to_vec(), two.to_vec()]), bytes);
            }
        }
    }
}
