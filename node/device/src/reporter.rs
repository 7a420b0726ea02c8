//! Telling the caller what happens, without ever letting a slow listener hold the printer up.
//!
//! Lives here: what is delivered for sure and what only if there is room. Not here: the events.

use std::time::Duration;

use tokio::sync::mpsc;

use super::event::{DeviceEvent, DeviceJobRef};

/// How long the caller may take to receive what it journals.
const JOURNAL_LIMIT: Duration = Duration::from_secs(30);

/// The way to the caller.
pub(super) struct Reporter(mpsc::Sender<DeviceEvent>);

impl Reporter {
    pub(super) fn new(sender: mpsc::Sender<DeviceEvent>) -> Self {
        Self(sender)
    }

    /// Delivers the job's reference: waits for room, since it is to be journaled before paper comes
    /// out. A caller that has stopped listening prints all the same.
    pub(super) async fn accepted(&self, device_job: &DeviceJobRef) {
        let event = DeviceEvent::Accepted {
            device_job: device_job.clone(),
        };
        if self.0.send_timeout(event, JOURNAL_LIMIT).await.is_err() {
            tracing::warn!("the device's job reference was dropped");
        }
    }

    /// Delivers that the device has the whole document: waits for room, as [`Reporter::accepted`] does.
    pub(super) async fn taken(&self) {
        let sent = self.0.send_timeout(DeviceEvent::Taken, JOURNAL_LIMIT);
        if sent.await.is_err() {
            tracing::warn!("the device's acknowledgment of the document was dropped");
        }
    }

    /// Tells news of the moment; dropped where the caller is behind.
    pub(super) fn tell(&self, event: DeviceEvent) {
        // Full or closed: either way nobody misses it.
        drop(self.0.try_send(event));
    }
}
