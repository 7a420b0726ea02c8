//! `doctor`: what is wrong, and what to do about it. Looks at the home by itself, and asks the
//! node, if one runs, for the rest.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Args;

use super::context::Context;
use super::failure::CliError;
use super::screen::Style;
use super::table::Grid;
use crate::config::{Config, Home, Settings};
use crate::control::message::{Diagnose, Finding, Verdict};
use crate::control::{CommandError, ControlError, ErrorCode};
use crate::node;

/// Check this node for common problems and say how to fix them
#[derive(Args, Debug)]
pub(super) struct Doctor {}

impl Doctor {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let mut findings = home(&context.home);
        findings.push(configuration(&context.home, &context.environment));
        findings.extend(node(context).await);
        context
            .screen
            .show(&findings, |findings, style| table(findings, style))?;
        let bad = findings
            .iter()
            .filter(|finding| finding.verdict == Verdict::Bad)
            .count();
        match bad {
            0 => Ok(()),
            _ => Err(CommandError::new(
                ErrorCode::Failed,
                format!("{bad} of {} checks failed", findings.len()),
            )
            .with_remedy("see above")
            .into()),
        }
    }
}

async fn node(context: &Context) -> Vec<Finding> {
    match context.call(Diagnose {}).await {
        Ok(findings) => findings,
        Err(error @ CliError::Control(ControlError::NoNode { .. })) => {
            let mut findings = vec![Finding::of("node", &error)];
            // Where it would not start, this says why.
            if context.home.check().is_ok()
                && let Ok(config) = context.config(Settings::default())
            {
                findings.extend(node::diagnose_at_rest(&context.home, &config).await);
            }
            findings
        }
        Err(error) => vec![Finding::of("node", &error).or("look at its log, and restart it")],
    }
}

fn configuration(home: &Home, environment: &Settings) -> Finding {
    const CHECK: &str = "configuration";
    match Config::load(home, Settings::default(), environment.clone()) {
        Ok(_) => Finding {
            check: CHECK.to_owned(),
            verdict: Verdict::Good,
            detail: "understood".to_owned(),
            advice: None,
        },
        Err(error) => Finding::of(CHECK, &error),
    }
}

fn home(home: &Home) -> Vec<Finding> {
    if let Err(error) = home.check() {
        return vec![Finding::of("home", &error)];
    }
    let mut findings = vec![privacy("home folder", home.root())];
    for (check, path) in [
        ("keys folder", home.keys()),
        ("spool folder", home.spool()),
        ("store folder", home.store()),
    ] {
        if path.exists() {
            findings.push(privacy(check, &path));
        }
    }
    findings
}

/// Whether only its owner may look into a folder.
fn privacy(check: &str, path: &Path) -> Finding {
    let shown = path.display();
    let (verdict, detail, advice) = match fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o077 == 0 => {
            (Verdict::Good, format!("{shown} is private"), None)
        }
        Ok(found) => (
            Verdict::Doubtful,
            format!(
                "{shown} is open to others (mode {:o})",
                found.permissions().mode() & 0o777
            ),
            Some(format!("chmod 700 {shown}")),
        ),
        Err(error) => (
            Verdict::Bad,
            format!("{shown} cannot be read: {error}"),
            Some("check its owner and permissions".to_owned()),
        ),
    };
    Finding {
        check: check.to_owned(),
        verdict,
        detail,
        advice,
    }
}

fn table(findings: &[Finding], style: &Style) -> String {
    let mut grid = Grid::new(&["", "CHECK", "FOUND~", "WHAT TO DO~"]);
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Good => "ok",
            Verdict::Doubtful => "warning",
            Verdict::Bad => "error",
        };
        grid.row([
            mark.to_owned(),
            finding.check.clone(),
            finding.detail.clone(),
            finding.advice.clone().unwrap_or_default(),
        ]);
    }
    grid.render(style)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_home_that_others_can_enter_is_doubtful_and_one_that_is_missing_bad() {
        let folder = tempfile::tempdir().unwrap();
        let place = Home::at(folder.path().join("home"));
        let verdicts = |place: &Home| -> Vec<_> {
            home(place).iter().map(|finding| finding.verdict).collect()
        };
        place.create().unwrap();
        fs::set_permissions(place.keys(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            verdicts(&place),
            [
                Verdict::Good,
                Verdict::Doubtful,
                Verdict::Good,
                Verdict::Good
            ]
        );
        assert_eq!(
            verdicts(&Home::at(folder.path().join("none"))),
            [Verdict::Bad]
        );
    }

    #[test]
    fn a_broken_configuration_is_found_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let place = Home::at(folder.path());
        assert_eq!(
            configuration(&place, &Settings::default()).verdict,
            Verdict::Good
        );
        fs::write(place.config_file(), "mdns = 7").unwrap();
        let finding = configuration(&place, &Settings::default());
        assert_eq!(finding.verdict, Verdict::Bad);
        assert!(
            finding.detail.contains("papermesh.toml:1:8"),
            "{}",
            finding.detail
        );
        assert_eq!(
            finding.advice.as_deref(),
            Some("correct the line or remove it")
        );
    }

    #[test]
    fn a_path_that_looks_like_advice_is_shown_whole_with_the_advice_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs; old; do not touch");
        let findings = home(&Home::at(&path));
        assert_eq!(
            findings[0].detail,
            format!("there is no papermesh home at {}", path.display())
        );
        assert_eq!(
            findings[0].advice.as_deref(),
            Some(
                "create one with `papermesh init` or `papermesh join`, or name another with --home"
            )
        );
    }
}
