//! When nodes are there.

use papermesh_sim_scenario::file::Churn;
use papermesh_sim_scenario::units::TimeOfDay;
use rand_distr::{Distribution, Exp1, Normal, Pareto, Weibull};
use serde::{Deserialize, Serialize};

use crate::chance::{Chance, Purpose};
use crate::queue::Time;
use crate::ring::Node;

/// A day.
pub const DAY: Time = 86_400_000_000_000;

/// Whether a node is there, by itself and by the faults of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Its session is on.
    pub there: bool,
    /// A fault has it off.
    pub cut: bool,
}

impl Presence {
    /// Whether it hears and says anything.
    pub fn is_up(self) -> bool {
        self.there && !self.cut
    }
}

/// Whether a node is there at the beginning.
pub fn begins(churn: &Churn, seed: u64, node: Node, begins: Time) -> bool {
    let chance = &mut Chance::new(seed, u64::from(node), Purpose::Churn);
    let share = |up: f64, down: f64| up / (up + down).max(f64::MIN_POSITIVE);
    let seconds = |span: papermesh_sim_scenario::units::Span| span.0.as_secs_f64();
    let there = match *churn {
        Churn::None => return true,
        Churn::Office { arrive, leave, .. } => {
            let (from, to) = hours(seed, node, 0, arrive, leave);
            return (from..to).contains(&begins);
        }
        // The mean of a Weibull distribution is its scale times Γ(1 + 1/shape).
        Churn::Weibull { shape, scale, down } => {
            share(seconds(scale) * gamma(1.0 + 1.0 / shape), seconds(down))
        }
        Churn::Exponential { up, down } => share(seconds(up), seconds(down)),
        Churn::Pareto { shape, least, down } => {
            share(seconds(least) * shape / (shape - 1.0), seconds(down))
        }
    };
    chance.fraction() < there
}

/// When a node that is there from now on goes, or comes if it is not there; never, if it stays for ever.
pub fn next(
    churn: &Churn,
    seed: u64,
    node: Node,
    begins: Time,
    now: Time,
    there: bool,
) -> Option<Time> {
    // Milliseconds choose a place in the node's stream, so that no count of sessions is kept.
    let place = 2 + (now / 1_000_000) as u32;
    let chance = &mut Chance::new(seed, u64::from(node), Purpose::Churn).at(place);
    let mean = |span: papermesh_sim_scenario::units::Span, drawn: f64| {
        // A session of a millisecond at least, one of 30 years at most.
        now + ((span.nanos() as f64 * drawn) as Time).clamp(1_000_000, 1_000_000_000_000_000_000)
    };
    let exponential = |chance: &mut Chance| -> f64 { Exp1.sample(chance) };
    Some(match *churn {
        Churn::None => return None,
        Churn::Weibull { shape, scale, down } => match there {
            true => mean(scale, Weibull::new(1.0, shape).ok()?.sample(chance)),
            false => mean(down, exponential(chance)),
        },
        Churn::Exponential { up, down } => mean(if there { up } else { down }, exponential(chance)),
        Churn::Pareto { shape, least, down } => match there {
            true => mean(least, Pareto::new(1.0, shape).ok()?.sample(chance)),
            false => mean(down, exponential(chance)),
        },
        Churn::Office {
            arrive,
            leave,
            awake,
            asleep,
        } => {
            let clock = begins + now;
            let day = clock / DAY;
            let (from, to) = hours(seed, node, day, arrive, leave);
            let candidate = mean(if there { awake } else { asleep }, exponential(chance)) + begins;
            let at = match there {
                true if clock < to => candidate.min(to),
                // Somebody stayed over midnight, by a fault of the clock only.
                true => clock,
                false if clock >= from && candidate < to => candidate,
                false if clock < from => from,
                false => (day + 1..day + 8)
                    .map(|day| hours(seed, node, day, arrive, leave))
                    .find(|(from, to)| from < to)
                    .map_or(clock + DAY, |(from, _)| from),
            };
            at.max(clock + 1) - begins
        }
    })
}

/// From when to when a person is in the office on a day; nothing on weekends. Day 0 is a Monday.
fn hours(seed: u64, node: Node, day: u64, arrive: TimeOfDay, leave: TimeOfDay) -> (Time, Time) {
    let start = day * DAY;
    if day % 7 >= 5 {
        return (start, start);
    }
    let of = u64::from(node) | (day + 1) << 32;
    let chance = &mut Chance::new(seed, of, Purpose::Churn);
    let mut at = |time: TimeOfDay| {
        let spread = time.spread.nanos() as f64;
        let drawn = Normal::new(time.at.nanos() as f64, spread)
            .map_or(time.at.nanos() as f64, |normal| normal.sample(chance));
        start + drawn.clamp(0.0, DAY as f64 - 1.0) as Time
    };
    let (from, to) = (at(arrive), at(leave));
    (from, to.max(from))
}

/// Γ, by Lanczos' approximation with g = 7; 15 digits.
fn gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let sum = C[0] + (1..9).map(|i| C[i] / (x + i as f64)).sum::<f64>();
    (2.0 * std::f64::consts::PI).sqrt() * t.powf(x + 0.5) * (-t).exp() * sum
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOUR: Time = 3_600_000_000_000;

    fn office() -> Churn {
        Churn::Office {
            arrive: "08:30 ± 40 min".parse().unwrap(),
            leave: "17:15 ± 60 min".parse().unwrap(),
            awake: "90 min".parse().unwrap(),
            asleep: "12 min".parse().unwrap(),
        }
    }

    /// The share of time that a node is there, hour by hour of a week.
    fn week(churn: &Churn) -> Vec<f64> {
        let mut share = vec![0.0; 7 * 24];
        let nodes = 200;
        for node in 0..nodes {
            let (mut now, mut there) = (0, begins(churn, 1, node, 0));
            let mut next_change = next(churn, 1, node, 0, 0, there).unwrap();
            while now < 7 * DAY {
                if now >= next_change {
                    there = !there;
                    next_change = next(churn, 1, node, 0, next_change, there).unwrap();
                    continue;
                }
                let hour = (now / HOUR) as usize;
                let until = next_change.min((hour as u64 + 1) * HOUR);
                if there {
                    share[hour] += (until - now) as f64 / HOUR as f64 / f64::from(nodes);
                }
                now = until;
            }
        }
        share
    }

    #[test]
    fn offices_are_empty_at_night_and_on_weekends() {
        let share = week(&office());
        for day in 0..7 {
            assert!(share[day * 24 + 3] < 0.01, "night of day {day}");
            let noon = share[day * 24 + 12];
            assert!(
                if day < 5 { noon > 0.75 } else { noon < 0.01 },
                "noon of day {day}: {noon}"
            );
        }
    }

    #[test]
    fn sessions_have_their_share() {
        let churn = Churn::Weibull {
            shape: 0.5,
            scale: "1 h".parse().unwrap(),
            down: "40 min".parse().unwrap(),
        };
        // Mean session 2 h: three quarters.
        let share = week(&churn);
        let mean = share.iter().sum::<f64>() / share.len() as f64;
        assert!((0.70..0.80).contains(&mean), "{mean}");
    }

    #[test]
    fn gamma_is_the_factorial() {
        for (x, expected) in [
            (1.0, 1.0),
            (3.0, 2.0),
            (5.0, 24.0),
            (1.5, 0.886_226_925_452_758),
        ] {
            assert!((gamma(x) - expected).abs() < 1e-12, "{x}");
        }
    }
}
