//! What a node must be able to do for its command line.

use std::future::Future;

use serde::Serialize;
use serde_json::Value;

use super::message::{Command, Request, Service};
use super::{Body, CommandError, ErrorCode, Events};

/// How a command ends.
pub type Answer<T> = Result<T, CommandError>;

/// What goes along with a command.
#[derive(Debug)]
pub struct Io {
    /// The document that follows it. Whatever can be refused without it is refused before it is read.
    pub body: Body,
    /// Where it says what happens meanwhile.
    pub events: Events,
}

impl Io {
    /// No document, and nobody who hears what happens meanwhile.
    #[must_use]
    pub fn none() -> Self {
        Self::telling(Events::channel().0)
    }

    /// No document.
    #[must_use]
    pub fn telling(events: Events) -> Self {
        Self {
            body: Body::channel().0,
            events,
        }
    }
}

/// Carries out one command of [`message`](super::message), where each is described.
///
/// The future is dropped when the command line goes away. What must not stop half way then, above
/// all paper in a device, belongs into a task of its own.
pub trait Handle<C: Command>: Send + Sync + 'static {
    /// Carries it out.
    fn handle(&self, command: C, io: Io) -> impl Future<Output = Answer<C::Reply>> + Send;
}

/// Has a command carried out that needs neither a document nor somebody who hears what happens.
pub async fn ask<C: Command>(service: &impl Handle<C>, command: C) -> Answer<C::Reply> {
    service.handle(command, Io::none()).await
}

/// Answers any request. Every [`Service`] is one; the server knows no more than this.
pub(super) trait Answers: Send + Sync + 'static {
    fn answer(&self, request: Request, io: Io) -> impl Future<Output = Answer<Value>> + Send;
}

impl<S: Service> Answers for S {
    async fn answer(&self, request: Request, io: Io) -> Answer<Value> {
        request.carry_out(self, io).await
    }
}

/// An answer as it goes to the command line.
pub(super) fn json<T: Serialize>(answer: Answer<T>) -> Answer<Value> {
    serde_json::to_value(answer?).map_err(|error| {
        CommandError::new(
            ErrorCode::Failed,
            format!("the answer has no JSON form: {error}"),
        )
    })
}
