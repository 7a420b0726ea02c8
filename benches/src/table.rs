//! Figures, and the one table in which they all end.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};

/// One figure.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// What it was measured beside.
    pub(crate) beside: String,
    /// What came out.
    pub(crate) figure: String,
    /// What it should be.
    pub(crate) aim: String,
    /// Whether it is; none where that cannot be said.
    pub(crate) reached: Option<bool>,
}

impl Row {
    /// Speed as a part of a peer's speed, each the median of its rounds.
    pub(crate) fn ratio(what: &str, ours: &Speed, peer: &Speed, aim: f64) -> Self {
        let ratio = ours.median() / peer.median();
        Self {
            what: format!("{what}: {ours}"),
            beside: format!("{}: {peer}", peer.name),
            figure: format!("{ratio:.2}"),
            aim: format!("≥ {aim}"),
            reached: Some(ratio >= aim),
        }
    }

    /// Memory at most.
    pub(crate) fn memory(what: &str, beside: &str, bytes: u64, aim_mib: u64) -> Self {
        Self {
            what: what.to_owned(),
            beside: beside.to_owned(),
            figure: format!("{:.1} MiB", mib(bytes)),
            aim: format!("≤ {aim_mib} MiB"),
            reached: Some(bytes <= aim_mib << 20),
        }
    }

    /// A wait at one quantile of those measured.
    pub(crate) fn wait(what: &str, waits: &Waits, quantile: f64, aim: Duration) -> Self {
        let (wait, beside) = (waits.quantile(quantile), waits.to_string());
        Self {
            what: what.to_owned(),
            beside,
            figure: format!("p{:.0} {:.2} ms", quantile * 100.0, millis(wait)),
            aim: format!("≤ {:.0} ms", millis(aim)),
            reached: Some(wait <= aim),
        }
    }

    /// The same, beside other waits.
    pub(crate) fn wait_beside(
        what: &str,
        waits: &Waits,
        beside: &str,
        quantile: f64,
        aim: Duration,
    ) -> Self {
        Self {
            what: format!("{what}: {waits}"),
            beside: beside.to_owned(),
            ..Self::wait(what, waits, quantile, aim)
        }
    }

    /// A figure, with its unit, that should be no larger.
    pub(crate) fn at_most(what: &str, beside: &str, figure: (f64, &str), aim: f64) -> Self {
        let (value, unit) = figure;
        Self {
            what: what.to_owned(),
            beside: beside.to_owned(),
            figure: format!("{value:.1} {unit}"),
            aim: format!("≤ {aim} {unit}"),
            reached: Some(value <= aim),
        }
    }

    /// A figure, with its unit, that should be no smaller.
    pub(crate) fn at_least(what: &str, beside: &str, figure: (f64, &str), aim: f64) -> Self {
        let (value, unit) = figure;
        Self {
            aim: format!("≥ {aim} {unit}"),
            reached: Some(value >= aim),
            ..Self::at_most(what, beside, figure, aim)
        }
    }

    /// What has no peer on this computer to be measured beside.
    pub(crate) fn unknown(what: &str, missing: &str) -> Self {
        let [figure, aim] = [(); 2].map(|()| "–".to_owned());
        Self {
            what: what.to_owned(),
            beside: missing.to_owned(),
            figure,
            aim,
            reached: None,
        }
    }
}

/// How fast one way of moving bytes was, round by round.
pub(crate) struct Speed {
    name: &'static str,
    /// Bytes per second.
    rounds: Vec<f64>,
}

impl Speed {
    pub(crate) fn of(name: &'static str) -> Self {
        Self {
            name,
            rounds: Vec::new(),
        }
    }

    /// Notes a round.
    pub(crate) fn note(&mut self, bytes: u64, took: Duration) {
        // Bytes of a measurement are far below what f64 counts exactly.
        #[allow(clippy::cast_precision_loss)]
        let speed = bytes as f64 / took.as_secs_f64();
        eprintln!("{}: {:.3} GB/s", self.name, speed / 1e9);
        self.rounds.push(speed);
    }

    fn median(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} GB/s", self.median() / 1e9)
    }
}

/// How long people waited, time after time.
#[derive(Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    /// Notes one.
    pub(crate) fn note(&mut self, wait: Duration) {
        let at = self.0.partition_point(|earlier| *earlier <= wait);
        self.0.insert(at, wait);
    }

    /// The wait that this part of all did not exceed.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    fn quantile(&self, quantile: f64) -> Duration {
        let rank = (self.0.len() as f64 * quantile).ceil() as usize;
        let place = rank.clamp(1, self.0.len().max(1)) - 1;
        self.0.get(place).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Waits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} times, p50 {:.2} ms, p99 {:.2} ms, slowest {:.2} ms",
            self.0.len(),
            millis(self.quantile(0.5)),
            millis(self.quantile(0.99)),
            millis(self.quantile(1.0))
        )
    }
}

impl FromIterator<Duration> for Waits {
    fn from_iter<T: IntoIterator<Item = Duration>>(waits: T) -> Self {
        let mut waits: Vec<Duration> = waits.into_iter().collect();
        waits.sort_unstable();
        Self(waits)
    }
}

/// All figures as a table for people.
pub(crate) fn of(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["what", "beside", "figure", "aim", "reached"]);
    for row in rows {
        let reached = match row.reached {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "–",
        };
        table.add_row([&row.what, &row.beside, &row.figure, &row.aim, reached]);
    }
    table
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[allow(clippy::cast_precision_loss)]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
