//! What engines hand over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The nodes nearest to a key.
    Lookup,
    /// That an advert is stored.
    Publish,
    /// Whose advert is stored: a user stands at a printer.
    Release,
    /// A door's pipe, after it had none.
    Return,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lookup, Self::Publish, Self::Release, Self::Return];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Publish => "publish",
            Self::Release => "release",
            Self::Return => "return",
        }
    }
}

/// One thing that was asked for, and how it went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was asked for, in nanoseconds after the warm-up.
    pub time: i64,
    /// Who asked.
    pub node: u32,
    /// What.
    pub kind: Kind,
    /// Nanoseconds until the answer.
    pub wait: u64,
    /// Messages that were sent for it and are answered.
    pub requests: u32,
    /// The share of what was there to be found that was found.
    pub found: f32,
    /// Whether it served its purpose.
    pub ok: bool,
}

/// A metric at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Nanoseconds after the warm-up.
    pub time: i64,
    /// Which metric.
    pub metric: &'static str,
    /// Its value: what happened since the point before, or what is.
    pub value: f64,
}

/// Everything that a run found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// In order of time and node.
    pub samples: Vec<Sample>,
    /// In order of time.
    pub series: Vec<Point>,
    /// Sums of the measured time, by name.
    pub totals: BTreeMap<&'static str, f64>,
    /// What happened, in 128 bits: equal for equal runs.
    pub trace: String,
    /// How many events were simulated, the warm-up included.
    pub events: u64,
}

impl Outcome {
    /// Brings samples and points into their order, whoever found them.
    pub fn sort(&mut self) {
        self.samples
            .sort_by_key(|sample| (sample.time, sample.node, sample.kind, sample.wait));
        self.series.sort_by_key(|point| (point.time, point.metric));
    }
}
