//! The audit log, record by record or as a whole.

use papermesh_protocol::release::receipt::{AuditHead, Outcome};
use papermesh_protocol::text::counted;
use papermesh_protocol::time::Timestamp;
use papermesh_services::audit::{AuditEntry as Entry, Kind};

use super::super::Services;
use crate::control::message::{
    AuditEntry, AuditRead, AuditVerified, Event, ReadAudit, VerifyAudit,
};
use crate::control::{Answer, Handle, Io};

impl Handle<ReadAudit> for Services {
    async fn handle(&self, command: ReadAudit, io: Io) -> Answer<AuditRead> {
        let Io { events, .. } = io;
        let since = command.since.unwrap_or(Timestamp::from_millis(0));
        let (mut from, mut records) = (0, 0);
        loop {
            let page = self.audit.read(from, since).await?;
            for entry in page.entries {
                records += 1;
                events.tell(Event::Audit(shown(&entry))).await;
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok(AuditRead { records }),
            }
        }
    }
}

impl Handle<VerifyAudit> for Services {
    async fn handle(&self, command: VerifyAudit, _: Io) -> Answer<AuditVerified> {
        let verified = self.audit.verify(command.witnessed).await?;
        Ok(AuditVerified {
            records: verified.records,
            first_at: verified.first_at,
            last_at: verified.last_at,
            head: AuditHead::from(verified.head).to_string(),
        })
    }
}

/// The one word by which a kind is known outside, as it is stored.
fn word(kind: Kind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => format!("{kind:?}"),
    }
}

/// How a release ended, in words.
fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Printed { pages, keep } => {
            let pages = pages.map(|pages| format!(", {}", counted(pages.into(), "page")));
            let kept = if *keep { " and kept" } else { "" };
            format!("printed{kept}{}", pages.unwrap_or_default())
        }
        Outcome::NotPrinted => "not printed".to_owned(),
        Outcome::MayHavePrinted => "may have printed".to_owned(),
    }
}

fn shown(entry: &Entry) -> AuditEntry {
    let event = &entry.event;
    let outcome = event.outcome.as_ref().map(ended);
    let witnessed = event.witnessed;
    let witnessed = witnessed.map(|head| format!("its log ended at {head}"));
    let detail = outcome.into_iter().chain(event.reason.clone());
    let detail: Vec<String> = detail.chain(witnessed).collect();
    AuditEntry {
        sequence: entry.sequence,
        at: entry.at,
        what: word(event.kind),
        user: event.user.clone(),
        job: event.job,
        peer: event.peer,
        detail: detail.join("; "),
    }
}
