//! Figures as SVG: lines with their intervals, over axes with round numbers. Colors are those of Okabe and Ito, which
//! people with any color vision tell apart; lines differ in their dashes, too.

use std::fmt::Write;

/// A line of a figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
    /// Half the width of the interval at each point; empty for none.
    pub(crate) half: Vec<f64>,
}

/// A figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: String,
    /// Whether the x axis is logarithmic.
    pub(crate) log_x: bool,
    pub(crate) lines: Vec<Line>,
}

const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000",
];
const DASHES: [&str; 3] = ["", "6 3", "2 2"];

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 46.0;
/// The most points of a line that are drawn: a screen has no more columns.
const POINTS: usize = 700;

/// Round numbers that cover a range.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let width = (most - least).max(f64::MIN_POSITIVE);
    let rough = width / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough);
    let step = step.unwrap_or(power);
    let first = (least / step).ceil() as i64;
    (first..=first + 12)
        .map(|number| number as f64 * step)
        .filter(|tick| *tick <= most + step * 1e-9)
        .collect()
}

fn decades(least: f64, most: f64) -> Vec<f64> {
    (least.log10().floor() as i32..=most.log10().ceil() as i32)
        .map(|power| 10_f64.powi(power))
        .filter(|tick| (least..=most).contains(tick))
        .collect()
}

/// A number as people read it.
pub(crate) fn number(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size >= 1e9 => (value / 1e9, " G"),
        size if size >= 1e6 => (value / 1e6, " M"),
        size if size >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let text = match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    };
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{unit}")
}

/// Text in HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl Figure {
    /// The figure; nothing if there is no point in it.
    pub(crate) fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let finite = |values: Vec<f64>| -> Option<(f64, f64)> {
            let kept = || values.iter().copied().filter(|value| value.is_finite());
            Some((kept().reduce(f64::min)?, kept().reduce(f64::max)?))
        };
        let (Some((x_least, x_most)), Some((y_low, y_high))) = (
            finite(
                all()
                    .map(|point| point.0)
                    .filter(|x| !self.log_x || *x > 0.0)
                    .collect(),
            ),
            finite(
                self.lines
                    .iter()
                    .flat_map(|line| {
                        let half = |at: usize| line.half.get(at).copied().unwrap_or(0.0);
                        line.points
                            .iter()
                            .enumerate()
                            .map(move |(at, point)| point.1 + half(at))
                    })
                    .collect(),
            ),
        ) else {
            return String::new();
        };
        let (y_least, y_most) = (
            y_low.min(0.0),
            if y_high <= 0.0 { 1.0 } else { y_high * 1.05 },
        );
        let place_x = |x: f64| {
            let share = match self.log_x {
                true => (x / x_least).ln() / (x_most / x_least).ln().max(f64::MIN_POSITIVE),
                false => (x - x_least) / (x_most - x_least).max(f64::MIN_POSITIVE),
            };
            LEFT + share * (WIDTH - LEFT - RIGHT)
        };
        let place_y =
            |y: f64| HEIGHT - BOTTOM - (y - y_least) / (y_most - y_least) * (HEIGHT - TOP - BOTTOM);
        let mut svg = String::new();
        let height = HEIGHT + 16.0 * self.lines.len().div_ceil(2) as f64;
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\"><text class=\"t\" x=\"{LEFT}\" y=\"16\">{}</text>",
            escape(&self.title),
            escape(&self.title)
        );
        for tick in ticks(y_least, y_most) {
            let y = place_y(tick);
            let _ = write!(
                svg,
                "<line class=\"g\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                number(tick)
            );
        }
        let along = if self.log_x {
            decades(x_least, x_most)
        } else {
            ticks(x_least, x_most)
        };
        for tick in along {
            let x = place_x(tick);
            let _ = write!(
                svg,
                "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/><text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 16.0,
                number(tick)
            );
        }
        let _ = write!(
            svg,
            "<text text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text><text text-anchor=\"middle\" transform=\"translate(14 {:.1}) rotate(-90)\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 10.0,
            escape(&self.x),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            escape(&self.y)
        );
        for (number, line) in self.lines.iter().enumerate() {
            let (color, dash) = (
                COLORS[number % COLORS.len()],
                DASHES[number / COLORS.len() % DASHES.len()],
            );
            let step = line.points.len().div_ceil(POINTS).max(1);
            let kept = || {
                line.points
                    .iter()
                    .enumerate()
                    .step_by(step)
                    .filter(|(_, point)| !self.log_x || point.0 > 0.0)
            };
            if !line.half.is_empty() {
                let half = |at: usize| {
                    line.half
                        .get(at)
                        .copied()
                        .filter(|half| half.is_finite())
                        .unwrap_or(0.0)
                };
                let upper: Vec<_> = kept()
                    .map(|(at, (x, y))| format!("{:.1},{:.1}", place_x(*x), place_y(y + half(at))))
                    .collect();
                let lower: Vec<_> = kept()
                    .map(|(at, (x, y))| {
                        format!(
                            "{:.1},{:.1}",
                            place_x(*x),
                            place_y((y - half(at)).max(y_least))
                        )
                    })
                    .collect();
                let back: Vec<_> = lower.into_iter().rev().collect();
                let _ = write!(
                    svg,
                    "<polygon fill=\"{color}\" fill-opacity=\".15\" points=\"{} {}\"/>",
                    upper.join(" "),
                    back.join(" ")
                );
            }
            let points: Vec<_> = kept()
                .map(|(_, (x, y))| format!("{:.1},{:.1}", place_x(*x), place_y(*y)))
                .collect();
            let _ = write!(
                svg,
                "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\" points=\"{}\"/>",
                points.join(" ")
            );
            let (x, y) = (
                LEFT + (number % 2) as f64 * 320.0,
                HEIGHT + 10.0 + (number / 2) as f64 * 16.0,
            );
            let _ = write!(
                svg,
                "<line x1=\"{x}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" stroke=\"{color}\" stroke-width=\"3\" stroke-dasharray=\"{dash}\"/><text x=\"{}\" y=\"{y}\">{}</text>",
                x + 22.0,
                y - 4.0,
                y - 4.0,
                x + 28.0,
                escape(&line.name)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(
            ticks(0.0, 1.0),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(ticks(0.0, 930.0), [0.0, 200.0, 400.0, 600.0, 800.0]);
        assert_eq!(decades(3.0, 2000.0), [10.0, 100.0, 1000.0]);
        assert_eq!(
            (number(0.5), number(1234.0), number(12_345.0), number(2e6)),
            ("0.5".into(), "1234".into(), "12.3 k".into(), "2 M".into())
        );
    }

    #[test]
    fn figures_are_drawn_and_names_are_escaped() {
        let mut figure = Figure {
            title: "a < b".to_owned(),
            x: "x".to_owned(),
            y: "y".to_owned(),
            log_x: false,
            lines: vec![Line {
                name: "<one>".to_owned(),
                points: vec![(0.0, 1.0), (1.0, 2.0)],
                half: vec![0.1, 0.2],
            }],
        };
        let svg = figure.svg();
        assert!(svg.contains("&lt;one&gt;") && svg.contains("<polygon") && !svg.contains("NaN"));
        figure.lines[0].points = vec![(5.0, 0.0)];
        assert!(!figure.svg().contains("NaN"));
        figure.lines.clear();
        assert_eq!(figure.svg(), "");
    }
}
