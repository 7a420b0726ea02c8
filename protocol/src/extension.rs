//! Where a structure may grow within one version of a protocol.
//!
//! A structure with a place for extensions ends with a list of numbered ones. Who does not know a number
//! passes it over if it is odd, and does not act on the structure at all if it is even: its sender relies on
//! it. What the numbers mean, and in which structure, is in SPEC; none is ever used for something
//! else.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::limits;
use crate::remedy::Remedy;

/// The extensions of one structure, ascending by number, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u16, ByteBuf)>", into = "Vec<(u16, ByteBuf)>")]
pub struct Extensions(Vec<(u16, ByteBuf)>);

/// Why a list of extensions is none, or cannot be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// More than [`limits::EXTENSIONS`], a longer one than [`limits::EXTENSION`], or out of order.
    #[error(
        "at most {} extensions of {} bytes, ascending by number",
        limits::EXTENSIONS,
        limits::EXTENSION
    )]
    Malformed,
    /// More than [`limits::KEPT_EXTENSIONS`] of something that is kept.
    #[error("at most {} bytes of extensions", limits::KEPT_EXTENSIONS)]
    TooLong,
    /// Its sender relies on one that is not known here.
    #[error("it needs a feature that this version does not have ({0})")]
    Unknown(u16),
}

impl Remedy for ExtensionError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown(_) => Some("update papermesh here".into()),
            _ => None,
        }
    }
}

impl Extensions {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content of one.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&[u8]> {
        let at = self.0.binary_search_by_key(&number, |(number, _)| *number);
        self.0.get(at.ok()?).map(|(_, content)| content.as_slice())
    }

    /// The same with one more, in place of one with its number.
    ///
    /// # Errors
    /// [`ExtensionError::Malformed`] if there are too many or it is too long.
    pub fn with(mut self, number: u16, content: Vec<u8>) -> Result<Self, ExtensionError> {
        let content = ByteBuf::from(content);
        match self.0.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => self.0[at].1 = content,
            Err(at) => self.0.insert(at, (number, content)),
        }
        Self::try_from(self.0)
    }

    /// The same without one.
    #[must_use]
    pub fn without(mut self, number: u16) -> Self {
        self.0.retain(|(known, _)| *known != number);
        self
    }

    /// Whether they are as short as they must be in a structure that is kept: nobody else's memory or disk
    /// grows with them.
    ///
    /// # Errors
    /// [`ExtensionError::TooLong`].
    pub fn can_be_kept(&self) -> Result<(), ExtensionError> {
        let bytes: usize = self.0.iter().map(|(_, content)| content.len()).sum();
        match bytes <= limits::KEPT_EXTENSIONS {
            true => Ok(()),
            false => Err(ExtensionError::TooLong),
        }
    }

    /// Whether a structure can be acted on by who knows these numbers.
    ///
    /// # Errors
    /// [`ExtensionError::Unknown`] with the first even number that is not known.
    pub fn understood(&self, known: &[u16]) -> Result<(), ExtensionError> {
        let numbers = self.0.iter().map(|(number, _)| *number);
        let mut unknown = numbers.filter(|number| number % 2 == 0 && !known.contains(number));
        unknown
            .next()
            .map_or(Ok(()), |number| Err(ExtensionError::Unknown(number)))
    }
}

impl TryFrom<Vec<(u16, ByteBuf)>> for Extensions {
    type Error = ExtensionError;

    fn try_from(list: Vec<(u16, ByteBuf)>) -> Result<Self, ExtensionError> {
        let ascend = list.is_sorted_by(|(one, _), (next, _)| one < next);
        let is_short = |(_, content): &(u16, ByteBuf)| content.len() <= limits::EXTENSION;
        match ascend && list.len() <= limits::EXTENSIONS && list.iter().all(is_short) {
            true => Ok(Self(list)),
            false => Err(ExtensionError::Malformed),
        }
    }
}

impl From<Extensions> for Vec<(u16, ByteBuf)> {
    fn from(extensions: Extensions) -> Self {
        extensions.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec;

    #[test]
    fn even_ones_must_be_known_and_odd_ones_may_be_passed_over() {
        let some = Extensions::default()
            .with(7, vec![1])
            .and_then(|some| some.with(4, vec![2, 3]))
            .unwrap();
        assert_eq!(some.get(4), Some(&[2, 3][..]));
        assert_eq!(some.get(5), None);
        assert_eq!(some.understood(&[]), Err(ExtensionError::Unknown(4)));
        assert_eq!(some.understood(&[4]), Ok(()));
        let replaced = some.clone().with(4, vec![9]).unwrap();
        assert_eq!(replaced.get(4), Some(&[9][..]));
        let bytes = codec::encode(&some, 64).unwrap();
        assert_eq!(bytes, [0x82, 0x82, 4, 0x42, 2, 3, 0x82, 7, 0x41, 1]);
        assert_eq!(codec::decode::<Extensions>(&bytes, 64).unwrap(), some);
    }

    #[test]
    fn what_is_kept_has_few_bytes() {
        let of = |bytes: usize| {
            let halves = Extensions::default().with(1, vec![0; bytes / 2]);
            halves
                .and_then(|half| half.with(3, vec![0; bytes - bytes / 2]))
                .unwrap()
        };
        assert_eq!(of(limits::KEPT_EXTENSIONS).can_be_kept(), Ok(()));
        let longer = of(limits::KEPT_EXTENSIONS + 1);
        assert_eq!(longer.can_be_kept(), Err(ExtensionError::TooLong));
    }

    #[test]
    fn a_list_is_short_and_ascends() {
        let list = |numbers: &[u16]| -> Vec<(u16, ByteBuf)> {
            numbers
                .iter()
                .map(|number| (*number, ByteBuf::new()))
                .collect()
        };
        for numbers in [&[3, 3][..], &[5, 4], &(0..17).collect::<Vec<_>>()] {
            assert!(Extensions::try_from(list(numbers)).is_err(), "{numbers:?}");
        }
        assert!(Extensions::try_from(list(&[1, 2, 9])).is_ok());
        let long = vec![0; limits::EXTENSION + 1];
        assert!(Extensions::default().with(1, long).is_err());
    }
}
