//! Colors of a page.

/// Which colors a page has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the browser likes it.
    #[default]
    Auto,
    Light,
    Dark,
    Contrast,
}

impl Theme {
    pub(crate) const ALL: [Self; 4] = [Self::Auto, Self::Light, Self::Dark, Self::Contrast];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// What it is called, among the words of a page.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Auto => "look-auto",
            Self::Light => "look-light",
            Self::Dark => "look-dark",
            Self::Contrast => "look-contrast",
        }
    }
}
