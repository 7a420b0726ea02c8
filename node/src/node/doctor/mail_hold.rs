//! The mailbox to which users send documents.

use papermesh_mail::watch::{State, Status};
use papermesh_protocol::remedy::Remedy;

use super::{bad, doubtful, good};
use crate::control::message::Finding;
use crate::inbox::Counts;

/// What it is called among the findings.
const CHECK: &str = "mail to hold";
/// Mails of strangers that say nothing about the mailbox.
const FEW: u64 = 5;

const UNLOOKED: &str = "set authserv-id in mail.hold to the name in the Authentication-Results of these mails, and have the \
                        server check DMARC";

/// How it stands with it.
pub(super) fn mail_hold_of(status: &Status, counts: &Counts) -> Finding {
    let came = format!(
        "{} mails of users, {} documents held",
        counts.taken, counts.held
    );
    match &status.state {
        State::Down(error) => bad(
            CHECK,
            error.to_string(),
            error
                .remedy()
                .as_deref()
                .unwrap_or("correct the section mail.hold of papermesh.toml"),
        ),
        State::Connecting => doubtful(
            CHECK,
            "not read yet".to_owned(),
            "run `papermesh doctor` again in a minute",
        ),
        State::Told | State::Asking if counts.unlooked > 0 => doubtful(
            CHECK,
            format!(
                "{} mails stay in the mailbox: the server did not say who sent them, nor of any other",
                counts.unlooked
            ),
            UNLOOKED,
        ),
        State::Told | State::Asking if !counts.unanswered.is_empty() => doubtful(
            CHECK,
            format!(
                "{came}; {} answers of the last day could not be sent",
                counts.unanswered.len()
            ),
            "look whether the account that sends may use the mailbox's address; the node's log has what the server said",
        ),
        State::Told | State::Asking if status.left > 0 => doubtful(
            CHECK,
            format!(
                "{came}; {} mails cannot be fetched or put away",
                status.left
            ),
            "let the account delete in this folder and write to the folder `keep` (rights, and its quota); the node's log \
             has what the server said",
        ),
        // A server that finds nothing for anybody is called otherwise, or does not look.
        State::Told | State::Asking if counts.taken == 0 && unlooked(counts) > FEW => doubtful(
            CHECK,
            format!(
                "of {} mails the server did not say who sent them",
                unlooked(counts)
            ),
            UNLOOKED,
        ),
        State::Told => good(CHECK, format!("read; {came}")),
        State::Asking => doubtful(
            CHECK,
            format!("asked once a minute; {came}"),
            "a server with IMAP and IDLE says at once that a mail came",
        ),
    }
}

/// Mails for which the server of the settings found nothing.
fn unlooked(counts: &Counts) -> u64 {
    use papermesh_mail::sender::SenderError;
    let why = [SenderError::NoResults, SenderError::NoDmarc].map(|why| why.to_string());
    why.iter().filter_map(|why| counts.dropped.get(why)).sum()
}

#[cfg(test)]
mod tests {
    use papermesh_mail::sender::SenderError;

    use super::*;
    use crate::control::message::Verdict;

    fn verdict(state: State, counts: &Counts) -> Verdict {
        let status = Status {
            state,
            ..Status::default()
        };
        mail_hold_of(&status, counts).verdict
    }

    #[test]
    fn a_mailbox_that_nobody_can_use_is_found() {
        let mut counts = Counts::default();
        assert_eq!(verdict(State::Told, &counts), Verdict::Good);
        assert_eq!(verdict(State::Asking, &counts), Verdict::Doubtful);
        assert_eq!(verdict(State::Connecting, &counts), Verdict::Doubtful);
        counts
            .dropped
            .insert(SenderError::NoResults.to_string(), FEW + 1);
        assert_eq!(verdict(State::Told, &counts), Verdict::Doubtful);
        counts.taken = 1;
        assert_eq!(verdict(State::Told, &counts), Verdict::Good);
        let status = Status {
            state: State::Told,
            left: 1,
            ..Status::default()
        };
        let found = mail_hold_of(&status, &counts);
        assert!(
            found.verdict == Verdict::Doubtful
                && found.advice.unwrap_or_default().contains("quota")
        );
        counts.unanswered.push_back(std::time::Instant::now());
        assert_eq!(verdict(State::Told, &counts), Verdict::Doubtful);
        counts.unanswered.clear();
        assert_eq!(verdict(State::Told, &counts), Verdict::Good);
        // From the first one on.
        counts.unlooked = 1;
        assert_eq!(verdict(State::Told, &counts), Verdict::Doubtful);
    }
}
