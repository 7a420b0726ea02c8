//! Why a printer or a job is in the state it is in: IPP's keywords and what they mean to the person
//! waiting.
//!
//! Lives here: `printer-state-reasons` (RFC 8011 section 5.4.12, PWG 5100.9) and
//! `job-state-reasons` (RFC 8011 section 5.3.8, PWG 5100.13), their severity, and plain words. Not
//! here: asking the printer.

use serde::{Deserialize, Serialize};

use super::text::printable;

/// Longest reason keyword kept, in bytes (RFC 8011 section 5.1.4: `keyword` has at most 255; real
/// ones are short).
const MAX_KEYWORD: usize = 100;

/// One reason a device gave, with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReason {
    /// The keyword, a printer's without its severity suffix, such as `media-empty`.
    pub keyword: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it means, in a few words without a full stop, such as `out of paper`.
    pub words: String,
}

/// How bad a reason is: the suffix of a printer's keyword (RFC 8011 section 5.4.12), and for a
/// job's keyword whether it stopped or ended the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing, stops nothing.
    Report,
    /// Will need somebody soon.
    Warning,
    /// The device has stopped for it. Also a keyword without suffix, as the standard says.
    Error,
}

impl StateReason {
    /// Reads a keyword of `printer-state-reasons`; `None` for `none` and for what holds no text.
    pub(super) fn of_printer(keyword: &str) -> Option<Self> {
        let keyword = printable(keyword, MAX_KEYWORD);
        let suffixes = [
            ("-report", Severity::Report),
            ("-warning", Severity::Warning),
            ("-error", Severity::Error),
        ];
        let (stem, severity) = suffixes
            .into_iter()
            .find_map(|(suffix, severity)| Some((keyword.strip_suffix(suffix)?, severity)))
            .unwrap_or((&keyword, Severity::Error));
        Self::named(stem, severity)
    }

    /// Reads a keyword of `job-state-reasons`. These have no suffix: most only say where the job
    /// is.
    #[must_use]
    pub fn of_job(keyword: &str) -> Option<Self> {
        let keyword = printable(keyword, MAX_KEYWORD);
        let severity = match keyword.as_str() {
            "printer-stopped"
            | "submission-interrupted"
            | "errors-detected"
            | "service-off-line" => Severity::Error,
            "job-completed-with-errors" | "resources-are-not-ready" => Severity::Error,
            "printer-stopped-partly" | "warnings-detected" | "job-completed-with-warnings" => {
                Severity::Warning
            }
            other
                if ["job-canceled-", "aborted-", "unsupported-", "account-"]
                    .iter()
                    .any(|p| other.starts_with(p)) =>
            {
                Severity::Error
            }
            other if other.ends_with("-error") => Severity::Error,
            _ => Severity::Report,
        };
        Self::named(&keyword, severity)
    }

    /// Whether a printer that says this prints nothing until somebody has helped it.
    pub(super) fn stops_paper(&self) -> bool {
        const STOPPING: [&str; 21] = [
            "media-needed",
            "media-empty",
            "media-jam",
            "input-tray-missing",
            "output-tray-missing",
            "output-area-full",
            "marker-supply-empty",
            "marker-waste-full",
            "toner-empty",
            "developer-empty",
            "opc-life-over",
            "fuser-over-temp",
            "cover-open",
            "door-open",
            "interlock-open",
            "paused",
            "moving-to-paused",
            "stopping",
            "shutdown",
            "offline",
            "timed-out",
        ];
        self.severity == Severity::Error && STOPPING.contains(&self.keyword.as_str())
    }

    fn named(stem: &str, severity: Severity) -> Option<Self> {
        if matches!(stem, "" | "none") {
            return None;
        }
        let words = plain_words(stem).map_or_else(|| stem.replace('-', " "), str::to_owned);
        Some(Self {
            keyword: stem.to_owned(),
            severity,
            words,
        })
    }
}

/// The reasons' words in one line, for messages.
pub(super) fn in_words(reasons: &[StateReason]) -> String {
    let words: Vec<&str> = reasons.iter().map(|reason| reason.words.as_str()).collect();
    words.join(", ")
}

/// What the registered keywords mean. A keyword that is not listed is shown with its hyphens as
/// spaces.
fn plain_words(stem: &str) -> Option<&'static str> {
    Some(match stem {
        // The printer: paper.
        "media-needed" => "needs different paper than is loaded",
        "media-empty" => "out of paper",
        "media-low" => "paper is running low",
        "media-jam" => "paper jam",
        "input-tray-missing" => "a paper tray is missing",
        "output-tray-missing" => "the output tray is missing",
        "output-area-full" => "the output tray is full",
        "output-area-almost-full" => "the output tray is almost full",
        // The printer: ink, toner, wear.
        "marker-supply-low" => "ink or toner is running low",
        "marker-supply-empty" => "out of ink or toner",
        "marker-waste-almost-full" => "the waste container is almost full",
        "marker-waste-full" => "the waste container is full",
        "toner-low" => "toner is running low",
        "toner-empty" => "out of toner",
        "developer-low" => "developer is running low",
        "developer-empty" => "out of developer",
        "opc-near-eol" => "the drum is nearly worn out",
        "opc-life-over" => "the drum is worn out",
        "fuser-over-temp" => "the fuser is too hot",
        "fuser-under-temp" => "the fuser is warming up",
        // The printer: doors and operation.
        "cover-open" => "a cover is open",
        "door-open" => "a door is open",
        "interlock-open" => "a door or cover is not closed properly",
        "connecting-to-device" => "connecting to the printer",
        "timed-out" => "the printer does not answer",
        "offline" => "the printer is offline",
        "shutdown" => "the printer is switched off",
        "moving-to-paused" => "the printer is being paused",
        "paused" => "the printer is paused",
        "stopping" => "the printer is stopping",
        "stopped-partly" => "part of the printer has stopped",
        "hold-new-jobs" => "the printer holds new jobs",
        "spool-area-full" => "the printer's memory is full",
        "interpreter-resource-unavailable" => "the printer lacks something to read the document",
        "identify-printer-requested" => "the printer is showing which one it is",
        "other" => "the printer has a problem it does not name",
        // The job: on its way.
        "job-incoming" => "the printer is receiving the document",
        "job-data-insufficient" => "the printer waits for the document",
        "job-outgoing" => "the document is being passed on",
        "job-queued" => "waiting in the printer's queue",
        "job-interpreting" => "the printer is reading the document",
        "job-transforming" => "the printer is preparing the pages",
        "job-printing" => "printing",
        "job-spooling" => "the printer is storing the document",
        "job-hold-until-specified" => "held at the printer",
        "resources-are-not-ready" => "waiting for paper or another resource",
        "printer-stopped" => "the printer has stopped",
        "printer-stopped-partly" => "part of the printer has stopped",
        "processing-to-stop-point" => "finishing the current page before it stops",
        "service-off-line" => "the print service is offline",
        "queued-in-device" => "passed on to a printer that does not report back",
        // The job: how it ended.
        "job-completed-successfully" => "printed",
        "job-completed-with-warnings" => "printed, with warnings",
        "job-completed-with-errors" => "ended with errors",
        "job-canceled-by-user" => "canceled by its user",
        "job-canceled-by-operator" => "canceled by an operator",
        "job-canceled-at-device" => "canceled at the printer",
        "job-canceled-after-timeout" => "canceled by the printer after waiting too long",
        "aborted-by-system" => "aborted by the printer",
        "submission-interrupted" => "the transfer to the printer broke off",
        "document-access-error" => "the printer could not get the document",
        "document-format-error" => "the printer could not read the document",
        "document-unprintable-error" => "the document cannot be printed",
        "document-password-error" => "the document is locked by a password",
        "document-permission-error" => "the document does not allow printing",
        "document-security-error" => "the printer does not trust the document",
        "unsupported-document-format" => "the printer does not know this kind of document",
        "unsupported-compression" => "the printer does not know this compression",
        "compression-error" => "the printer could not decompress the document",
        "unsupported-attributes-or-values" => "the printer cannot print it as asked",
        "resources-are-not-supported" => "the printer lacks what this job needs",
        "account-authorization-failed" | "account-closed" => {
            "the printer's accounting refused the job"
        }
        "account-limit-reached" => "the account's limit is reached",
        "errors-detected" => "the printer met errors",
        "warnings-detected" => "the printer met warnings",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Severity, StateReason};

    #[test]
    fn a_printers_suffix_is_the_severity() {
        let reason = StateReason::of_printer("media-low-warning").unwrap();
        assert_eq!(
            (reason.keyword.as_str(), reason.severity),
            ("media-low", Severity::Warning)
        );
        assert_eq!(reason.words, "paper is running low");
        assert_eq!(
            StateReason::of_printer("media-empty").unwrap().severity,
            Severity::Error
        );
        assert_eq!(
            StateReason::of_printer("offline-report").unwrap().severity,
            Severity::Report
        );
    }

    #[test]
    fn none_is_no_reason_and_strangers_are_readable() {
        assert_eq!(StateReason::of_printer("none"), None);
        assert_eq!(StateReason::of_job("none"), None);
        assert_eq!(StateReason::of_printer("\u{1b}\u{1b}"), None);
        let strange = StateReason::of_printer("vendor-lid-ajar-error").unwrap();
        assert_eq!(strange.words, "vendor lid ajar");
        assert!(
            StateReason::of_printer(&"x".repeat(9000))
                .unwrap()
                .keyword
                .len()
                <= 100
        );
    }

    #[test]
    fn a_jobs_keyword_stays_whole() {
        // `document-format-error` is a job reason's whole name, not `document-format` with a
        // severity.
        let reason = StateReason::of_job("document-format-error").unwrap();
        assert_eq!(reason.words, "the printer could not read the document");
        assert_eq!(reason.severity, Severity::Error);
        assert_eq!(
            StateReason::of_job("job-printing").unwrap().severity,
            Severity::Report
        );
    }
}
