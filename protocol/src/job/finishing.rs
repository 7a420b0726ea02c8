//! What is done to the sheets of a job: staples, holes and folds (RFC 8011 §5.2.6 `finishings`; PWG 5100.1
//! table 1).

use serde::{Deserialize, Serialize};

use super::JobError;

/// One thing that is done to the sheets of a job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Finishing(u8);

/// The kinds of finishing. A job has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FinishingKind {
    /// Staples and stitches.
    Staple,
    /// Holes.
    Punch,
    /// Folds.
    Fold,
}

/// What an IPP client asks for that wants nothing done: *none*.
pub const NO_FINISHING: i32 = 3;

/// The IPP enum values, ascending, and their keywords.
const TABLE: [(u8, &str); 53] = [
    (4, "staple"),
    (5, "punch"),
    (8, "saddle-stitch"),
    (9, "edge-stitch"),
    (10, "fold"),
    (20, "staple-top-left"),
    (21, "staple-bottom-left"),
    (22, "staple-top-right"),
    (23, "staple-bottom-right"),
    (24, "edge-stitch-left"),
    (25, "edge-stitch-top"),
    (26, "edge-stitch-right"),
    (27, "edge-stitch-bottom"),
    (28, "staple-dual-left"),
    (29, "staple-dual-top"),
    (30, "staple-dual-right"),
    (31, "staple-dual-bottom"),
    (32, "staple-triple-left"),
    (33, "staple-triple-top"),
    (34, "staple-triple-right"),
    (35, "staple-triple-bottom"),
    (70, "punch-top-left"),
    (71, "punch-bottom-left"),
    (72, "punch-top-right"),
    (73, "punch-bottom-right"),
    (74, "punch-dual-left"),
    (75, "punch-dual-top"),
    (76, "punch-dual-right"),
    (77, "punch-dual-bottom"),
    (78, "punch-triple-left"),
    (79, "punch-triple-top"),
    (80, "punch-triple-right"),
    (81, "punch-triple-bottom"),
    (82, "punch-quad-left"),
    (83, "punch-quad-top"),
    (84, "punch-quad-right"),
    (85, "punch-quad-bottom"),
    (86, "punch-multiple-left"),
    (87, "punch-multiple-top"),
    (88, "punch-multiple-right"),
    (89, "punch-multiple-bottom"),
    (90, "fold-accordion"),
    (91, "fold-double-gate"),
    (92, "fold-gate"),
    (93, "fold-half"),
    (94, "fold-half-z"),
    (95, "fold-left-gate"),
    (96, "fold-letter"),
    (97, "fold-parallel"),
    (98, "fold-poster"),
    (99, "fold-right-gate"),
    (100, "fold-z"),
    (101, "fold-engineering-z"),
];

impl Finishing {
    /// The finishing with an IPP enum value; none where it is not one of these.
    #[must_use]
    pub fn numbered(number: i32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        let known = TABLE.iter().any(|(known, _)| *known == number);
        known.then_some(Self(number))
    }

    /// The IPP enum value.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0 as i32
    }

    /// The IPP keyword, such as `staple-top-left`.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        let row = TABLE.iter().find(|(number, _)| *number == self.0);
        row.map_or("", |(_, keyword)| keyword)
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(self) -> FinishingKind {
        match self.0 {
            5 | 70..=89 => FinishingKind::Punch,
            10 | 90.. => FinishingKind::Fold,
            _ => FinishingKind::Staple,
        }
    }

    /// Whether it is done to the sheets of a copy together, so that each copy must be told apart.
    #[must_use]
    pub const fn is_per_copy(self) -> bool {
        !matches!(self.kind(), FinishingKind::Punch)
    }
}

impl core::fmt::Debug for Finishing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.keyword())
    }
}

impl core::str::FromStr for Finishing {
    type Err = JobError;

    fn from_str(keyword: &str) -> Result<Self, JobError> {
        let row = TABLE.iter().find(|(_, known)| *known == keyword);
        row.map_or(Err(JobError::Finishing), |(number, _)| Ok(Self(*number)))
    }
}

impl TryFrom<String> for Finishing {
    type Error = JobError;

    fn try_from(keyword: String) -> Result<Self, JobError> {
        keyword.parse()
    }
}

impl From<Finishing> for &'static str {
    fn from(finishing: Finishing) -> Self {
        finishing.keyword()
    }
}

/// What is done to the sheets of a job: at most one of each [`FinishingKind`], ascending by IPP enum value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Finishing>", into = "Vec<Finishing>")]
pub struct Finishings(Vec<Finishing>);

impl Finishings {
    /// Whether nothing is done.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Finishing> {
        self.0.iter().copied()
    }

    /// The same without those of a kind, and with another in their place if there is one.
    #[must_use]
    pub fn with(mut self, kind: FinishingKind, other: Option<Finishing>) -> Self {
        self.0.retain(|one| one.kind() != kind);
        self.0.extend(other.filter(|other| other.kind() == kind));
        self.0.sort_unstable();
        self
    }

    /// Those that pass.
    #[must_use]
    pub fn only(mut self, passes: impl Fn(Finishing) -> bool) -> Self {
        self.0.retain(|one| passes(*one));
        self
    }
}

impl TryFrom<Vec<Finishing>> for Finishings {
    type Error = JobError;

    fn try_from(all: Vec<Finishing>) -> Result<Self, JobError> {
        let mut kinds: Vec<FinishingKind> = all.iter().map(|one| one.kind()).collect();
        kinds.sort_unstable();
        match all.is_sorted_by(|a, b| a < b) && kinds.is_sorted_by(|a, b| a < b) {
            true => Ok(Self(all)),
            false => Err(JobError::Finishings),
        }
    }
}

impl From<Finishings> for Vec<Finishing> {
    fn from(finishings: Finishings) -> Self {
        finishings.0
    }
}

/// Writes `staple-top-left,punch-dual-left`; nothing where nothing is done.
impl core::fmt::Display for Finishings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, one) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}", one.keyword())?;
        }
        Ok(())
    }
}

/// Reads `staple-top-left,punch-dual-left`, in any order.
impl core::str::FromStr for Finishings {
    type Err = JobError;

    fn from_str(text: &str) -> Result<Self, JobError> {
        let all: Result<Vec<Finishing>, _> =
            text.split(',').map(|one| one.trim().parse()).collect();
        let mut all = all?;
        all.sort_unstable();
        Self::try_from(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec;

    #[test]
    fn every_keyword_has_its_number_and_its_kind() {
        assert!(TABLE.is_sorted_by(|(a, _), (b, _)| a < b));
        for (number, keyword) in TABLE {
            let one: Finishing = keyword.parse().unwrap();
            assert_eq!(one.number(), i32::from(number));
            assert_eq!(Finishing::numbered(one.number()), Some(one));
            assert_eq!(one.keyword(), keyword);
            let kind = match keyword.split('-').next().unwrap() {
                "punch" => FinishingKind::Punch,
                "fold" => FinishingKind::Fold,
                _ => FinishingKind::Staple,
            };
            assert_eq!(one.kind(), kind, "{keyword}");
        }
        for none in [-1, 0, NO_FINISHING, 36, 102, 256 + 4] {
            assert_eq!(Finishing::numbered(none), None);
        }
        assert_eq!("glue".parse::<Finishing>(), Err(JobError::Finishing));
    }

    #[test]
    fn a_job_has_one_of_a_kind() {
        let some: Finishings = "punch-dual-left, staple-top-left".parse().unwrap();
        assert_eq!(some.to_string(), "staple-top-left,punch-dual-left");
        let fold = some
            .clone()
            .with(FinishingKind::Fold, "fold-z".parse().ok());
        assert_eq!(fold.to_string(), "staple-top-left,punch-dual-left,fold-z");
        let bare = fold.with(FinishingKind::Staple, None);
        assert_eq!(bare.to_string(), "punch-dual-left,fold-z");
        let two = "staple,staple-top-left".parse::<Finishings>();
        assert_eq!(two, Err(JobError::Finishings));
        let bytes = codec::encode(&some, 1024).unwrap();
        assert_eq!(codec::decode::<Finishings>(&bytes, 1024).unwrap(), some);
        let ascending = codec::encode(&["punch", "fold", "staple-top-left"], 1024).unwrap();
        assert!(codec::decode::<Finishings>(&ascending, 1024).is_ok());
        let backwards = codec::encode(&["fold", "staple"], 1024).unwrap();
        assert!(codec::decode::<Finishings>(&backwards, 1024).is_err());
    }
}
