//! People, as the tests know them.

/// A user of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: String,
    /// The number on the user's badge.
    pub badge: String,
    /// The user's PIN.
    pub pin: String,
}

impl User {
    /// Someone with a badge and a PIN.
    #[must_use]
    pub fn new(id: &str, badge: &str, pin: &str) -> Self {
        Self {
            id: id.to_owned(),
            badge: badge.to_owned(),
            pin: pin.to_owned(),
        }
    }

    /// Who walks through most tests.
    #[must_use]
    pub fn charlie() -> Self {
        Self::new("charlie", "04A1B2C3D4E5F6", "481516")
    }

    /// Someone else.
    #[must_use]
    pub fn dana() -> Self {
        Self::new("dana", "04B0B1B2B3B4B5", "234299")
    }

    /// The same person with another PIN on the tongue.
    #[must_use]
    pub fn guessing(&self, pin: &str) -> Self {
        Self {
            pin: pin.to_owned(),
            ..self.clone()
        }
    }
}
