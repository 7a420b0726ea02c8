//! The versions of a protocol that are spoken at one time.
//!
//! Which one, the name of the stream says; both sides may speak both, and whoever opens the stream tries
//! the later first. What is said is the same type in both: before it goes to somebody who speaks the
//! earlier one, what that has no place for is taken out (`said_in`).

/// A version of the release and the direct protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Structures are what they are.
    One,
    /// Structures may grow ([`crate::extension`]).
    Two,
}

impl Version {
    /// Those that are spoken, in the order in which they are tried.
    pub const SPOKEN: [Self; 2] = [Self::Two, Self::One];
}
