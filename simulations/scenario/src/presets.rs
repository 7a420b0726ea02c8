//! The commented files that `papermesh-sim new` writes.

/// A scenario to begin with.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name and that of its file.
    pub name: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// The file.
    pub text: &'static str,
}

macro_rules! preset {
    ($name:literal, $question:literal) => {
        Preset {
            name: $name,
            question: $question,
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }
    };
}

/// All of them, the one for a first look first.
pub const ALL: &[Preset] = &[
    preset!(
        "office",
        "Are jobs found at the printer when laptops come and go?"
    ),
    preset!(
        "branches",
        "What does distance between sites cost a look-up, and what does k change?"
    ),
    preset!(
        "sleepy-laptops",
        "How often may lids close before adverts are lost?"
    ),
    preset!("churn", "How do look-ups suffer when sessions are short?"),
    preset!(
        "sybil",
        "From which share of liars on are adverts not found any more?"
    ),
    preset!(
        "gateway-outage",
        "How long until all doors are back after a gateway was off, and at which load?"
    ),
    preset!("million", "What does a look-up cost among a million nodes?"),
    preset!(
        "chord",
        "How does an own protocol compare? Chord, as an example"
    ),
    preset!(
        "small",
        "Does the model agree with real libp2p nodes? For `papermesh-sim check`"
    ),
];

/// The preset of this name.
pub fn find(name: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.name == name)
}
