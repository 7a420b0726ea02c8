//! What a command that takes its time says meanwhile.

use tokio::sync::mpsc;

use super::limits;
use super::message::{Event, Progress};

/// Where a service says what happens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Events {
    sender: mpsc::Sender<Event>,
}

impl Events {
    /// A place to say things and the place where they come out, with room for
    /// [`limits::EVENTS_WAITING`].
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(limits::EVENTS_WAITING);
        (Self { sender }, receiver)
    }

    /// Says something that must not get lost; waits for room. If nobody listens any more, it is
    /// dropped.
    pub async fn tell(&self, event: Event) {
        let _ = self.sender.send(event).await;
    }

    /// Says something at once, from where nothing can wait; if there is no room, it is dropped.
    pub fn tell_now(&self, event: Event) {
        let _ = self.sender.try_send(event);
    }

    /// Says how far something is. Never waits: if there is no room, the next one will tell more.
    pub fn progress(&self, progress: Progress) {
        let _ = self.sender.try_send(Event::Progress(progress));
    }

    /// Waits until nobody listens any more.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}
