//! What may be asked of the infrastructure printer, a file for each kind of it (PWG 5100.18 section 4.6).
//!
//! Restart-Job, Reprocess-Job, Purge-Jobs and Delete-Document must not be there (section 4.6): what was fetched
//! is printed once. Operations that bring jobs must be, and are answered with
//! `client-error-not-authorized`: here nobody is.

mod documents;
mod jobs;
mod proxies;

use axum::response::Response;
use ipp::model::DelimiterTag;
use papermesh_device::NotFetchable;
use papermesh_ipp_message::http::ipp;
use papermesh_ipp_message::message::{Answer, Failure};
use papermesh_ipp_message::requested::Requested;
use papermesh_ipp_message::status::Status;
use papermesh_ipp_message::subscriptions::Subscriber;

use crate::http::Place;
use crate::news::News;
use crate::server::{Asking, InfraServer};
use crate::tokens::Tokens;
use crate::told;

papermesh_ipp_message::operations! {
    PRINT_JOB = 0x02,
    VALIDATE_JOB = 0x04,
    CREATE_JOB = 0x05,
    SEND_DOCUMENT = 0x06,
    CANCEL_JOB = 0x08,
    GET_JOB_ATTRIBUTES = 0x09,
    GET_JOBS = 0x0a,
    GET_PRINTER_ATTRIBUTES = 0x0b,
    GET_PRINTER_SUPPORTED_VALUES = 0x15,
    CREATE_PRINTER_SUBSCRIPTIONS = 0x16,
    CREATE_JOB_SUBSCRIPTIONS = 0x17,
    GET_SUBSCRIPTION_ATTRIBUTES = 0x18,
    GET_SUBSCRIPTIONS = 0x19,
    RENEW_SUBSCRIPTION = 0x1a,
    CANCEL_SUBSCRIPTION = 0x1b,
    GET_NOTIFICATIONS = 0x1c,
    CANCEL_DOCUMENT = 0x33,
    GET_DOCUMENT_ATTRIBUTES = 0x34,
    GET_DOCUMENTS = 0x35,
    CANCEL_MY_JOBS = 0x39,
    CLOSE_JOB = 0x3b,
    VALIDATE_DOCUMENT = 0x3d,
    ACKNOWLEDGE_DOCUMENT = 0x3f,
    ACKNOWLEDGE_IDENTIFY_PRINTER = 0x40,
    ACKNOWLEDGE_JOB = 0x41,
    FETCH_DOCUMENT = 0x42,
    FETCH_JOB = 0x43,
    GET_OUTPUT_DEVICE_ATTRIBUTES = 0x44,
    UPDATE_ACTIVE_JOBS = 0x45,
    DEREGISTER_OUTPUT_DEVICE = 0x46,
    UPDATE_DOCUMENT_STATUS = 0x47,
    UPDATE_JOB_STATUS = 0x48,
    UPDATE_OUTPUT_DEVICE_ATTRIBUTES = 0x49,
}

/// Of an answer: a document comes after it, as its proxy prints it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DocumentFollows;

/// Asked of the system, and not of the printer (PWG 5100.22).
const REGISTER_OUTPUT_DEVICE: u16 = 0x5f;

/// Whether anybody may ask this: what the printer is and can do.
pub(super) fn is_open(operation: u16) -> bool {
    matches!(
        operation,
        GET_PRINTER_ATTRIBUTES | GET_PRINTER_SUPPORTED_VALUES
    )
}

/// Does what a request asks.
pub(super) async fn perform<T: Tokens>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
    place: Place,
) -> Result<Response, Failure> {
    let operation = asking.request.operation;
    if (place == Place::System) != (operation == REGISTER_OUTPUT_DEVICE) {
        return Err(unknown(operation));
    }
    let answer = match operation {
        REGISTER_OUTPUT_DEVICE => proxies::register(server, asking)?,
        UPDATE_OUTPUT_DEVICE_ATTRIBUTES => proxies::update(server, asking)?,
        GET_OUTPUT_DEVICE_ATTRIBUTES => proxies::get_attributes(server, asking)?,
        DEREGISTER_OUTPUT_DEVICE => proxies::deregister(server, asking)?,
        // No user of this node asks which printer it is: whoever releases a job stands there.
        ACKNOWLEDGE_IDENTIFY_PRINTER => done(asking),

        GET_JOBS => jobs::get_jobs(server, asking)?,
        GET_JOB_ATTRIBUTES => jobs::get_job_attributes(server, asking)?,
        FETCH_JOB => jobs::fetch(server, asking)?,
        ACKNOWLEDGE_JOB => jobs::acknowledge(server, asking)?,
        UPDATE_JOB_STATUS => jobs::update_status(server, asking)?,
        UPDATE_ACTIVE_JOBS => jobs::update_active(server, asking)?,

        FETCH_DOCUMENT => return documents::fetch(server, asking),
        ACKNOWLEDGE_DOCUMENT => documents::acknowledge(server, asking)?,
        UPDATE_DOCUMENT_STATUS => documents::update_status(server, asking)?,
        GET_DOCUMENTS => documents::get_documents(server, asking)?,
        GET_DOCUMENT_ATTRIBUTES => documents::get_attributes(server, asking)?,

        GET_PRINTER_ATTRIBUTES => {
            let requested = Requested::read(asking.request, &["all"]);
            let mut answer = done(asking);
            let told = told::printer(server, asking, &requested);
            answer.group(DelimiterTag::PrinterAttributes, told);
            answer
        }
        GET_PRINTER_SUPPORTED_VALUES => {
            let mut answer = done(asking);
            answer.group(DelimiterTag::PrinterAttributes, Vec::new());
            answer
        }

        CREATE_PRINTER_SUBSCRIPTIONS
        | CREATE_JOB_SUBSCRIPTIONS
        | GET_SUBSCRIPTION_ATTRIBUTES
        | GET_SUBSCRIPTIONS
        | RENEW_SUBSCRIPTION
        | CANCEL_SUBSCRIPTION
        | GET_NOTIFICATIONS => subscriptions(server, asking).await?,

        PRINT_JOB | VALIDATE_JOB | CREATE_JOB | SEND_DOCUMENT | CLOSE_JOB | VALIDATE_DOCUMENT
        | CANCEL_JOB | CANCEL_MY_JOBS | CANCEL_DOCUMENT => {
            return Err(Failure::new(
                Status::NotAuthorized,
                "jobs of this printer are released, and canceled, at its panel or on its users' page",
            ));
        }
        other => return Err(unknown(other)),
    };
    if is_lasting(operation) {
        let admitted = asking.admitted()?;
        server.keep(admitted.token, admitted.proxy.as_ref()).await?;
    }
    Ok(ipp(answer))
}

/// Whether something of an operation outlives the node.
fn is_lasting(operation: u16) -> bool {
    matches!(
        operation,
        CREATE_PRINTER_SUBSCRIPTIONS
            | RENEW_SUBSCRIPTION
            | CANCEL_SUBSCRIPTION
            | UPDATE_OUTPUT_DEVICE_ATTRIBUTES
            | DEREGISTER_OUTPUT_DEVICE
    )
}

fn unknown(operation: u16) -> Failure {
    Failure::new(
        Status::OperationNotSupported,
        format!("operation 0x{operation:04x} is not supported here"),
    )
}

/// Does what a request asks about subscriptions. They are those of a token, so that they are there before
/// its proxy has said which it is.
async fn subscriptions<T: Tokens>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let clock = || (server.clock)();
    let subscriber: Subscriber<'_, News> = Subscriber {
        subscriptions: &server.subscriptions,
        request: asking.request,
        owner: &asking.admitted()?.token,
        printer: &asking.printer,
        clock: &clock,
    };
    match asking.request.operation {
        CREATE_PRINTER_SUBSCRIPTIONS => subscriber.create(None),
        CREATE_JOB_SUBSCRIPTIONS => {
            let number = asking.request.operation().integer("notify-job-id");
            let number = number.map_or_else(|| asking.number(), Ok)?;
            let job = server.device.job_of(number, asking.proxy()?);
            let job = job.ok_or_else(|| {
                let text = format!("there is no job {number} here");
                Failure::new(Status::NotFound, text)
            })?;
            subscriber.create(u32::try_from(job.number).ok())
        }
        GET_SUBSCRIPTION_ATTRIBUTES => subscriber.get_attributes(),
        GET_SUBSCRIPTIONS => Ok(subscriber.get_all()),
        RENEW_SUBSCRIPTION => subscriber.renew(),
        CANCEL_SUBSCRIPTION => subscriber.cancel(),
        GET_NOTIFICATIONS => subscriber.get_notifications().await,
        other => Err(unknown(other)),
    }
}

/// An answer that says only that it was done.
fn done(asking: &Asking<'_>) -> Answer {
    asking.request.answer(Status::Ok)
}

fn not_fetchable(error: NotFetchable) -> Failure {
    Failure::new(Status::NotFetchable, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PWG 5100.18 section 4.6: Restart-Job, Purge-Jobs, Reprocess-Job and Delete-Document.
    const FORBIDDEN: [u16; 4] = [0x0e, 0x12, 0x2c, 0x36];

    #[test]
    fn what_was_fetched_cannot_be_had_again() {
        assert!(
            FORBIDDEN
                .iter()
                .all(|operation| !SUPPORTED.contains(operation))
        );
        assert!(SUPPORTED.is_sorted(), "each is there once");
    }

    #[test]
    fn strangers_learn_what_the_printer_is_and_nothing_else() {
        let open = SUPPORTED
            .into_iter()
            .filter(|operation| is_open(*operation));
        let open: Vec<u16> = open.collect();
        assert_eq!(open, [GET_PRINTER_ATTRIBUTES, GET_PRINTER_SUPPORTED_VALUES]);
    }
}
