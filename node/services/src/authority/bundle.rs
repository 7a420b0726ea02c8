//! The form of an exported site: lines of text that only the passphrase opens.
//!
//! ```text
//! -----BEGIN PAPERMESH SITE-----
//! base64 (RFC 4648 §4) of the deterministic CBOR of a [`Sealed`], 76 characters a line
//! -----END PAPERMESH SITE-----
//! ```
//!
//! The head is sealed under the passphrase (Argon2id) and has the site secret, charter and state, the
//! root if it is kept where the export was made, sealed as it lies there, and a key of the bundle's own.
//! No admin's key is in it: an export that falls into wrong hands signs nothing. Under that key the registry is sealed in parts, each bound to
//! its place, so that its size is no matter of the passphrase's sealing and none can be left out.

use std::borrow::Cow;

use papermesh_protocol::charter::Charter;
use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::id::{BadgeTag, NodeId, SiteId};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::passphrase::{self, PassphraseCost, PassphraseError};
use papermesh_protocol::seal::{StorageKey, open_bytes, seal_bytes};
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_protocol::web::Label;
use papermesh_store::{BadgeRow, MemberRow, UserRow};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::{Zeroize, Zeroizing};

use super::armour;

/// What the sealings are bound to.
const PURPOSE: &str = "papermesh/site-export/1";
/// What the lines of an export stand between.
const LABEL: &str = "PAPERMESH SITE";
/// The most bytes of an export as text.
pub const TEXT_MAX: usize = 32 * 1024 * 1024;
/// The most bytes of an export.
const SEALED_MAX: usize = 22 * 1024 * 1024;
/// The most bytes of its head.
const HEAD_MAX: usize = 128 * 1024;
/// Bytes of a part, but for the last row in it.
const PART: usize = 40 * 1024;
/// The most bytes of a part with its last row.
const PART_MAX: usize = 60 * 1024;
/// The most bytes of one row.
const ROW_MAX: usize = 18 * 1024;

/// Why an export is of no use.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is something else, or lines are missing.
    #[error("this is not a site export, or part of it is missing")]
    NotOne,
    /// It was altered.
    #[error("the export is damaged")]
    Damaged,
    /// It is of another site.
    #[error("the export belongs to another site, not this node's")]
    ForeignSite,
    /// This node has no name yet.
    #[error("give this node a name with --name")]
    NameMissing,
    /// The root was kept elsewhere when it was made.
    #[error(
        "this export does not contain the root, which was not stored where the export was made"
    )]
    NoRoot,
    /// The registry is larger than any.
    #[error("the site is too large to export")]
    TooLarge,
}

impl Remedy for BundleError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NotOne => "use the complete file that `papermesh site export` wrote",
            Self::Damaged => "use another copy",
            Self::ForeignSite => "use another --home",
            Self::NoRoot => {
                "use the file that `papermesh site root export` wrote, or another export"
            }
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// One row of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Row {
    Member(MemberRow),
    User(UserId, UserRow),
    Badge(BadgeTag, BadgeRow),
    WebName(Label, NodeId),
}

/// A site with all that its admin knows.
pub(super) struct Bundle {
    pub(super) root: Option<ByteBuf>,
    pub(super) secret: SiteSecret,
    pub(super) charter: Signed<Charter>,
    pub(super) state: Signed<SiteState>,
    pub(super) rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    head: ByteBuf,
    parts: Vec<ByteBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    site: SiteId,
    /// Sealed under its own passphrase.
    root: Option<ByteBuf>,
    #[serde(with = "serde_bytes")]
    secret: [u8; 32],
    /// Opens the parts.
    #[serde(with = "serde_bytes")]
    key: [u8; 32],
    parts: u32,
    charter: Envelope<Charter>,
    state: Envelope<SiteState>,
}

impl Drop for Head {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.key.zeroize();
    }
}

/// Whether this is, or begins like, an export.
pub fn is_one(text: &str) -> bool {
    text.contains(&format!("-----BEGIN {LABEL}-----"))
}

impl Bundle {
    /// Seals it. Takes one Argon2id.
    ///
    /// # Errors
    /// [`PassphraseError`] for a passphrase that is none; [`BundleError::TooLarge`].
    pub(super) fn seal(
        &self,
        passphrase: &str,
    ) -> Result<Zeroizing<String>, super::AuthorityError> {
        let key = StorageKey::generate(&mut rand::rng());
        let mut parts = Vec::new();
        for part in self.parts()? {
            let plain = codec::encode(&part, PART_MAX)?;
            let place = place(parts.len());
            let sealed = seal_bytes(&key, PURPOSE, &place, &plain, &mut rand::rng());
            parts.push(ByteBuf::from(sealed.map_err(|_| BundleError::TooLarge)?));
        }
        let head = Head {
            site: self.charter.site,
            root: self.root.clone(),
            secret: *self.secret.expose(),
            key: *key.expose(),
            parts: u32::try_from(parts.len()).map_err(|_| BundleError::TooLarge)?,
            charter: self.charter.envelope().clone(),
            state: self.state.envelope().clone(),
        };
        let head = Zeroizing::new(codec::encode(&head, HEAD_MAX)?);
        let head = passphrase::seal(
            passphrase,
            PURPOSE,
            &head,
            PassphraseCost::RECOMMENDED,
            &mut rand::rng(),
        )?;
        let sealed = Sealed {
            head: ByteBuf::from(head),
            parts,
        };
        let bytes = codec::encode(&sealed, SEALED_MAX).map_err(|_| BundleError::TooLarge)?;
        let text = armour::close(&bytes, LABEL).ok_or(BundleError::TooLarge)?;
        Ok(Zeroizing::new(text))
    }

    /// Opens an export with its passphrase. Takes one Argon2id.
    ///
    /// # Errors
    /// [`PassphraseError::WrongPassphrase`]; [`BundleError::NotOne`], [`BundleError::Damaged`].
    pub(super) fn open(text: &str, passphrase: &str) -> Result<Self, super::AuthorityError> {
        let bytes = Some(text)
            .filter(|text| text.len() <= TEXT_MAX)
            .and_then(|text| armour::open(text, LABEL, SEALED_MAX))
            .ok_or(BundleError::NotOne)?;
        let sealed: Sealed =
            codec::decode_stored(&bytes, SEALED_MAX).map_err(|_| BundleError::NotOne)?;
        let head =
            passphrase::open(passphrase, PURPOSE, &sealed.head).map_err(|error| match error {
                PassphraseError::NotSealed => BundleError::NotOne.into(),
                PassphraseError::Damaged => BundleError::Damaged.into(),
                error => super::AuthorityError::from(error),
            })?;
        let head: Head = codec::decode_stored(&head, HEAD_MAX).map_err(|_| BundleError::Damaged)?;
        if u32::try_from(sealed.parts.len()) != Ok(head.parts) {
            return Err(BundleError::NotOne.into());
        }
        let charter =
            Charter::verify(&head.charter, head.site).map_err(|_| BundleError::Damaged)?;
        let state =
            SiteState::verify_kept(&head.state, head.site).map_err(|_| BundleError::Damaged)?;
        let key = StorageKey::from_bytes(head.key);
        let mut rows: Vec<Row> = Vec::new();
        for (at, part) in sealed.parts.iter().enumerate() {
            let plain =
                open_bytes(&key, PURPOSE, &place(at), part).map_err(|_| BundleError::Damaged)?;
            let part: Vec<Row> =
                codec::decode_stored(&plain, PART_MAX).map_err(|_| BundleError::Damaged)?;
            rows.extend(part);
        }
        let secret = SiteSecret::from_bytes(head.secret);
        Ok(Self {
            root: head.root.clone(),
            secret,
            charter,
            state,
            rows,
        })
    }

    /// The rows in parts of a size that can be sealed.
    fn parts(&self) -> Result<Vec<Vec<&Row>>, CodecError> {
        let (mut parts, mut part, mut len) = (Vec::new(), Vec::new(), 0);
        for row in &self.rows {
            len += codec::encode(row, ROW_MAX)?.len();
            part.push(row);
            if len >= PART {
                parts.push(std::mem::take(&mut part));
                len = 0;
            }
        }
        if !part.is_empty() {
            parts.push(part);
        }
        Ok(parts)
    }
}

/// What a part is bound to: its number.
fn place(at: usize) -> [u8; 8] {
    (at as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::SigningKey;
    use papermesh_protocol::charter::Admin;
    use papermesh_protocol::time::Timestamp;

    use super::*;
    use crate::authority::{AuthorityError, root_of_export};

    fn bundle(badges: u64) -> Bundle {
        let root = SigningKey::from_bytes(&[1; 32]);
        let authority = SigningKey::from_bytes(&[3; 32]);
        let site = SiteId::from(root.verifying_key());
        let admin = Admin {
            key: authority.verifying_key().into(),
            node: NodeId::from_bytes([4; 32]),
            since: Timestamp::default(),
        };
        let charter = Charter::new(site, admin);
        let state = SiteState::new(site, "Acme".parse().unwrap());
        let row = |sequence: u64| {
            let mut tag = [0; 32];
            tag[..8].copy_from_slice(&sequence.to_be_bytes());
            let user = Some("alice".parse().unwrap());
            Row::Badge(BadgeTag::from_bytes(tag), BadgeRow { user, sequence })
        };
        Bundle {
            root: Some(ByteBuf::from([5; 100])),
            charter: Signed::sign(charter, &root).unwrap(),
            state: Signed::sign(state, &authority).unwrap(),
            secret: SiteSecret::from_bytes([2; 32]),
            rows: (0..badges).map(row).collect(),
        }
    }

    #[test]
    fn what_was_exported_opens_with_its_passphrase_alone() {
        let bundle = bundle(3000);
        assert!(bundle.parts().unwrap().len() > 1);
        let text = bundle.seal("correct horse").unwrap();
        assert!(text.lines().all(|line| line.len() <= 76));
        let mailed = text.replace('\n', "\r\n> ").replace("> ", "  ");
        let opened = Bundle::open(&mailed, "correct horse").unwrap();
        assert_eq!(opened.rows, bundle.rows);
        assert_eq!(opened.secret.expose(), bundle.secret.expose());
        assert_eq!(opened.state, bundle.state);
        assert_eq!((opened.charter, opened.root), (bundle.charter, bundle.root));
        assert!(matches!(
            Bundle::open(&text, "wrong"),
            Err(AuthorityError::PassphraseWrong)
        ));
    }

    #[test]
    fn the_root_comes_out_as_it_went_in_where_it_was_in_it() {
        let with = bundle(1);
        let text = with.seal("correct horse").unwrap();
        assert!(is_one(&text));
        let root = root_of_export(&text, "correct horse").unwrap();
        assert!(!is_one(&root));
        let label = "PAPERMESH ROOT";
        assert_eq!(armour::open(&root, label, 512).unwrap(), [5; 100]);
        assert!(matches!(
            root_of_export(&text, "wrong"),
            Err(AuthorityError::PassphraseWrong)
        ));
        let without = Bundle { root: None, ..with };
        assert!(matches!(
            root_of_export(&without.seal("correct horse").unwrap(), "correct horse"),
            Err(AuthorityError::Bundle(BundleError::NoRoot))
        ));
        assert!(matches!(
            root_of_export(&root, "correct horse"),
            Err(AuthorityError::Bundle(BundleError::NotOne))
        ));
    }

    #[test]
    fn what_is_no_whole_export_is_refused() {
        let text = bundle(3000).seal("correct horse").unwrap();
        let half = format!("{}-----END {LABEL}-----", &text[..text.len() / 2]);
        for wrong in ["", "hello", &text[..text.len() / 2], &half] {
            let error = Bundle::open(wrong, "correct horse").err().unwrap();
            assert!(
                matches!(error, AuthorityError::Bundle(BundleError::NotOne)),
                "{error}"
            );
        }
    }
}
