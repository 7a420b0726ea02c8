//! `report`: all runs below a folder as one HTML page without anything from a network, and the numbers as CSV beside it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use papermesh_sim_results::table::{Column, Table};
use papermesh_sim_results::{Files, Manifest};

use crate::figure::{Figure, Line, escape, number};
use crate::stats::{Mean, mean, quantile};

/// The confidence of intervals.
const CONFIDENCE: f64 = 0.95;

/// One run with its tables.
struct Run {
    manifest: Manifest,
    /// By kind: waits in milliseconds, sorted.
    waits: BTreeMap<String, Vec<f64>>,
    /// By kind: what each figure of the summary is.
    figures: BTreeMap<String, [f64; 7]>,
    /// By metric: points.
    series: BTreeMap<String, Vec<(f64, f64)>>,
}

const FIGURES: [&str; 7] = [
    "count",
    "ok",
    "found",
    "wait p50, ms",
    "wait p90, ms",
    "wait p99, ms",
    "requests",
];

fn floats<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match table.iter().find(|(own, _)| own == name) {
        Some((_, Column::Float(values))) => values,
        _ => &[],
    }
}

fn texts<'a>(table: &'a Table, name: &str) -> &'a [String] {
    match table.iter().find(|(own, _)| own == name) {
        Some((_, Column::Text(values))) => values,
        _ => &[],
    }
}

impl Run {
    fn read(files: &Files) -> Result<Self> {
        let manifest = files.manifest()?;
        let (samples, series) = (files.samples()?, files.series()?);
        let requests: &[i64] = match samples.iter().find(|(name, _)| name == "requests") {
            Some((_, Column::Whole(values))) => values,
            _ => &[],
        };
        let ok: &[bool] = match samples.iter().find(|(name, _)| name == "ok") {
            Some((_, Column::Yes(values))) => values,
            _ => &[],
        };
        let rows = texts(&samples, "kind")
            .iter()
            .zip(floats(&samples, "wait_ms"))
            .zip(floats(&samples, "found"));
        let mut waits: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut sums: BTreeMap<String, [f64; 4]> = BTreeMap::new();
        for (((kind, wait), found), (requests, ok)) in rows.zip(requests.iter().zip(ok)) {
            // Whoever was not served did not wait for something.
            if *ok {
                waits.entry(kind.clone()).or_default().push(*wait);
            }
            let sums = sums.entry(kind.clone()).or_default();
            sums[0] += 1.0;
            sums[1] += f64::from(u8::from(*ok));
            sums[2] += found;
            sums[3] += *requests as f64;
        }
        let mut figures = BTreeMap::new();
        for (kind, [count, ok, found, requests]) in sums {
            let waits = waits.entry(kind.clone()).or_default();
            waits.sort_by(f64::total_cmp);
            let of = |share| quantile(waits, share);
            figures.insert(
                kind,
                [
                    count,
                    ok / count,
                    found / count,
                    of(0.5),
                    of(0.9),
                    of(0.99),
                    requests / count,
                ],
            );
        }
        let mut points: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        let rows = texts(&series, "metric")
            .iter()
            .zip(floats(&series, "time_s"))
            .zip(floats(&series, "value"));
        for ((metric, time), value) in rows {
            points
                .entry(metric.clone())
                .or_default()
                .push((*time, *value));
        }
        Ok(Self {
            manifest,
            waits,
            figures,
            series: points,
        })
    }

    fn variant(&self) -> String {
        let varied = &self.manifest.varied;
        let parts: Vec<_> = varied
            .iter()
            .map(|(path, value)| format!("{} = {value}", path.rsplit('.').next().unwrap_or(path)))
            .collect();
        match parts.is_empty() {
            true => format!("engine {}", self.manifest.engine),
            false => parts.join(", "),
        }
    }
}

/// Runs that differ by their seed only.
type Variants<'a> = Vec<(String, Vec<&'a Run>)>;

pub(crate) fn report(below: &Path) -> Result<ExitCode> {
    let found = Files::all(below).with_context(|| format!("no results in {}", below.display()))?;
    if found.is_empty() {
        bail!(
            "there are no results in {}: `papermesh-sim run` leaves some",
            below.display()
        );
    }
    let runs: Vec<Run> = found.iter().map(Run::read).collect::<Result<_>>()?;
    let mut titles: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in &runs {
        titles.entry(&run.manifest.title).or_default().push(run);
    }
    let mut body = String::new();
    let mut summary = "title,variant,kind,figure,mean,half_width_95,runs\n".to_owned();
    let mut lines = "title,variant,metric,time_s,mean,half_width_95\n".to_owned();
    for (title, runs) in titles {
        let mut variants: Variants<'_> = Vec::new();
        for run in runs {
            let variant = run.variant();
            match variants.iter_mut().find(|(name, _)| *name == variant) {
                Some((_, runs)) => runs.push(run),
                None => variants.push((variant, vec![run])),
            }
        }
        variants.sort_by(|one, other| natural(&one.0).cmp(&natural(&other.0)));
        section(&mut body, title, &variants, &mut summary, &mut lines)?;
    }
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>papermesh-sim</title>\n<style>{STYLE}</style>\n<main>{body}</main></html>\n"
    );
    for (name, text) in [
        ("report.html", &page),
        ("summary.csv", &summary),
        ("series.csv", &lines),
    ] {
        let path = below.join(name);
        fs::write(&path, text).with_context(|| format!("can not write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}main{max-width:46rem;margin:auto;padding:1rem}\
svg{width:100%;height:auto;margin:1rem 0}svg text{font-size:12px;fill:currentColor}svg .t{font-size:14px;font-weight:600}\
svg .g{stroke:#8883;stroke-width:1}table{border-collapse:collapse;font-size:.85rem;display:block;overflow-x:auto}\
th,td{padding:.2rem .6rem;border-bottom:1px solid #8885;text-align:right;white-space:nowrap}th:first-child,td:first-child,\
th:nth-child(2),td:nth-child(2){text-align:left}pre{overflow:auto;background:#8881;padding:.6rem}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#e8e8e8}}";

/// Numbers in text count as numbers when it is sorted, units of time in their order.
fn natural(text: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..]
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len() - start);
        let (before, after) = (&rest[..start], &rest[start + digits..]);
        let value: f64 = rest[start..start + digits].parse().unwrap_or(0.0);
        let unit = after
            .trim_start()
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or("");
        let seconds = match unit {
            "ms" => 1e-3,
            "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => 1.0,
        };
        parts.push((before.to_owned(), (value * seconds * 1e3) as u64));
        rest = after;
    }
    parts.push((rest.to_owned(), 0));
    parts
}

fn section(
    body: &mut String,
    title: &str,
    variants: &Variants<'_>,
    summary: &mut String,
    lines: &mut String,
) -> Result<()> {
    let Some(first) = variants.first().and_then(|(_, runs)| runs.first()) else {
        return Ok(());
    };
    let heading = if title.is_empty() { "Untitled" } else { title };
    let seeds = variants
        .iter()
        .map(|(_, runs)| runs.len())
        .max()
        .unwrap_or(0);
    write!(
        body,
        "<h1>{}</h1><p>{} nodes, engine {}, {seeds} seeds{}. Bands and ± are 95 % intervals over seeds (Student).</p>",
        escape(heading),
        number(first.manifest.nodes as f64),
        escape(&first.manifest.engine),
        if variants.len() > 1 {
            format!(", {} variants", variants.len())
        } else {
            String::new()
        },
    )?;
    table(body, title, variants, summary)?;
    let mut kinds: Vec<&String> = variants
        .iter()
        .flat_map(|(_, runs)| runs)
        .flat_map(|run| run.waits.keys())
        .collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        body.push_str(&waits(kind, variants).svg());
    }
    let mut metrics: Vec<&String> = variants
        .iter()
        .flat_map(|(_, runs)| runs)
        .flat_map(|run| run.series.keys())
        .collect();
    metrics.sort();
    metrics.dedup();
    for metric in metrics {
        let figure = series(metric, variants);
        let nothing = figure
            .lines
            .iter()
            .all(|line| line.points.iter().all(|point| point.1 == 0.0));
        for line in figure.lines.iter().filter(|_| !nothing) {
            for (at, (time, value)) in line.points.iter().enumerate() {
                let half = line.half.get(at).map(f64::to_string).unwrap_or_default();
                writeln!(
                    lines,
                    "{},{},{metric},{time},{value},{half}",
                    field(title),
                    field(&line.name)
                )?;
            }
        }
        if !nothing {
            body.push_str(&figure.svg());
        }
    }
    write!(
        body,
        "<details><summary>How this was made</summary><p>{} of {}; {}.</p><p>Traces:</p><pre>",
        escape(
            &first
                .manifest
                .versions
                .get("papermesh-sim")
                .map_or(String::new(), |it| format!("papermesh-sim {it}"))
        ),
        escape(
            first
                .manifest
                .versions
                .get("compiler")
                .map_or("", String::as_str)
        ),
        escape(&first.manifest.machine.system),
    )?;
    for (variant, runs) in variants {
        for run in runs {
            let manifest = &run.manifest;
            writeln!(
                body,
                "{} seed {}: {} {} events, {:.1} s of processor, {:.0} MB",
                escape(variant),
                manifest.seed,
                manifest.trace,
                manifest.events,
                manifest.processor_s,
                manifest.peak_bytes as f64 / 1e6
            )?;
        }
    }
    write!(
        body,
        "</pre><p>The first scenario with all its defaults:</p><pre>{}</pre></details>",
        escape(&first.manifest.scenario)
    )?;
    Ok(())
}

fn table(
    body: &mut String,
    title: &str,
    variants: &Variants<'_>,
    summary: &mut String,
) -> Result<()> {
    body.push_str("<table><tr><th>variant<th>what");
    for figure in FIGURES {
        write!(body, "<th>{figure}")?;
    }
    body.push_str("</tr>");
    for (variant, runs) in variants {
        let mut kinds: Vec<&String> = runs.iter().flat_map(|run| run.figures.keys()).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            write!(body, "<tr><td>{}<td>{kind}", escape(variant))?;
            for (at, figure) in FIGURES.iter().enumerate() {
                let values: Vec<f64> = runs
                    .iter()
                    .filter_map(|run| run.figures.get(kind).map(|figures| figures[at]))
                    .filter(|value| value.is_finite())
                    .collect();
                let Mean { mean, half } = mean(&values, CONFIDENCE);
                let plus_minus = half.map_or(String::new(), |half| format!(" ± {}", number(half)));
                write!(body, "<td>{}{plus_minus}", number(mean))?;
                let half = half.map(|half| half.to_string()).unwrap_or_default();
                writeln!(
                    summary,
                    "{},{},{kind},{},{mean},{half},{}",
                    field(title),
                    field(variant),
                    field(figure),
                    values.len()
                )?;
            }
            body.push_str("</tr>");
        }
    }
    body.push_str("</table>");
    Ok(())
}

/// A field of CSV.
fn field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// How many were served within a time, all seeds together.
fn waits(kind: &str, variants: &Variants<'_>) -> Figure {
    let line = |(variant, runs): &(String, Vec<&Run>)| {
        let mut all: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.waits.get(kind))
            .flatten()
            .copied()
            .collect();
        all.sort_by(f64::total_cmp);
        let shares = (0..=200).map(|step| f64::from(step) / 200.0);
        let points = shares
            .map(|share| (quantile(&all, share), share))
            .filter(|point| point.0.is_finite());
        Line {
            name: variant.clone(),
            points: points.collect(),
            half: Vec::new(),
        }
    };
    let lines: Vec<Line> = variants
        .iter()
        .map(line)
        .filter(|line| !line.points.is_empty())
        .collect();
    let least = lines
        .iter()
        .flat_map(|line| line.points.first())
        .map(|point| point.0)
        .fold(f64::INFINITY, f64::min);
    let most = lines
        .iter()
        .flat_map(|line| line.points.last())
        .map(|point| point.0)
        .fold(0.0, f64::max);
    Figure {
        title: format!("Share of each {kind} that was served within a time"),
        x: "milliseconds".to_owned(),
        y: "share".to_owned(),
        log_x: least > 0.0 && most / least > 50.0,
        lines,
    }
}

/// A metric over time, as the mean of all seeds.
fn series(metric: &str, variants: &Variants<'_>) -> Figure {
    let longest = variants
        .iter()
        .flat_map(|(_, runs)| runs)
        .filter_map(|run| run.series.get(metric)?.last())
        .map(|point| point.0);
    let (unit, divisor) = match longest.fold(0.0, f64::max) {
        longest if longest > 2.0 * 3600.0 => ("hours", 3600.0),
        longest if longest > 300.0 => ("minutes", 60.0),
        _ => ("seconds", 1.0),
    };
    let line = |(variant, runs): &(String, Vec<&Run>)| {
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for (time, value) in runs
            .iter()
            .filter_map(|run| run.series.get(metric))
            .flatten()
        {
            at.entry((time * 1e3) as u64).or_default().push(*value);
        }
        let mut line = Line {
            name: variant.clone(),
            ..Line::default()
        };
        for (millis, values) in at {
            let Mean { mean, half } = mean(&values, CONFIDENCE);
            line.points.push((millis as f64 / 1e3 / divisor, mean));
            line.half.extend(half);
        }
        if line.half.len() != line.points.len() {
            line.half.clear();
        }
        line
    };
    Figure {
        title: metric.to_owned(),
        x: unit.to_owned(),
        y: metric.to_owned(),
        log_x: false,
        lines: variants
            .iter()
            .map(line)
            .filter(|line| !line.points.is_empty())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_sorted_as_people_count() {
        let mut variants = vec!["up = 2 h", "up = 10 min", "up = 30 min", "k = 20", "k = 5"];
        variants.sort_by_key(|variant| natural(variant));
        assert_eq!(
            variants,
            ["k = 5", "k = 20", "up = 10 min", "up = 30 min", "up = 2 h"]
        );
    }
}
