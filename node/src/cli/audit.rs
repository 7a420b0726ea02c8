//! `audit`: what this node did, and whether anybody changed the record of it.

use clap::{Args, Subcommand};
use papermesh_protocol::release::receipt::AuditHead;
use papermesh_protocol::text::counted;
use papermesh_services::clock;

use super::context::Context;
use super::failure::CliError;
use super::quantity;
use crate::control::message::{AuditEntry, Event, ReadAudit, VerifyAudit};
use crate::control::{CommandError, ErrorCode};

/// Show this node's audit records, oldest first; with --json, one JSON line each
#[derive(Args, Debug)]
pub(super) struct Audit {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only records since then: a date such as 2026-01-31, or how long ago, such as 24h
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check that no record was changed, added or removed
    Verify {
        /// The end of this log as another computer recorded it, to detect records that were cut off since
        #[arg(long, value_name = "RECORDS:HASH")]
        witnessed: Option<AuditHead>,
    },
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let screen = &context.screen;
        if let Some(Action::Verify { witnessed }) = self.action {
            if self.since.is_some() {
                return Err(
                    CommandError::new(ErrorCode::Usage, "all records are verified")
                        .with_remedy("leave out --since")
                        .into(),
                );
            }
            let verified = context.call(VerifyAudit { witnessed }).await?;
            return screen.show(&verified, |verified, _| {
                format!(
                    "{}, intact; head {}",
                    counted(verified.records, "record"),
                    verified.head
                )
            });
        }
        let since = self
            .since
            .map(|text| quantity::parse_moment(&text, clock::now()))
            .transpose()
            .map_err(CliError::usage)?;
        let told = |event| match event {
            Event::Audit(entry) if screen.is_json() => screen.json(&entry),
            Event::Audit(entry) => screen.line(&line(&entry)),
            _ => Ok(()),
        };
        let read = context.follow(ReadAudit { since }, told).await?;
        if read.records == 0 && !screen.is_json() {
            return screen.line("no audit records");
        }
        Ok(())
    }
}

/// One record on one line.
fn line(entry: &AuditEntry) -> String {
    let user = entry.user.as_ref().map_or("-", |user| user.as_str());
    let job = entry.job.map_or("-".to_owned(), |job| job.short());
    let peer = entry
        .peer
        .map_or("-".to_owned(), |peer| peer.to_string()[..8].to_owned());
    let shown = format!(
        "{} {:<16} {user:<16} {job:<8} {peer:<8} {}",
        quantity::date(entry.at),
        entry.what,
        entry.detail
    );
    shown
        .trim_end()
        .chars()
        .filter(|&c| !papermesh_protocol::text::is_invisible(c))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::JobId;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    #[test]
    fn a_record_is_one_line_without_tricks() {
        let entry = AuditEntry {
            sequence: 1,
            at: Timestamp::default(),
            what: "released".into(),
            user: Some("charlie".parse().unwrap()),
            job: Some(JobId::from_bytes([0xab; 16])),
            peer: None,
            detail: "3 pages\n\u{1b}[2J".into(),
        };
        assert_eq!(
            line(&entry),
            "1970-01-01T00:00:00Z released         charlie          abababab -        3 pages[2J"
        );
    }
}
