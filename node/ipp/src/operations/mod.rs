//! What a program may ask of the hold printer, a file for each kind of it.
//!
//! Operations of printers that move paper (Restart-Printer, Suspend-Current-Job and their like,
//! which IPP/2.1 and 2.2 demand by name) are answered with `client-error-not-possible` and the
//! reason: this printer has nothing that could be suspended, and whoever could stop the paper
//! stands at another.
//!
//! Whoever asks sees and changes own jobs only; those of others look like none.

mod control;
mod documents;
mod jobs;
mod notifications;
mod printer;
mod printers;
mod printing;

pub(super) use control::settable;
pub(super) use documents::settable as document_settable;
pub(super) use jobs::WHICH_JOBS;

use std::sync::Arc;

use super::arriving::Arriving;
use super::message::{Answer, Failure};
use super::queue::{IppJobState, Queue};
use super::server::{Asking, IppServer};
use super::status::Status;
use super::values::Values;

papermesh_ipp_message::operations! {
    PRINT_JOB = 0x02,
    VALIDATE_JOB = 0x04,
    CREATE_JOB = 0x05,
    SEND_DOCUMENT = 0x06,
    CANCEL_JOB = 0x08,
    GET_JOB_ATTRIBUTES = 0x09,
    GET_JOBS = 0x0a,
    GET_PRINTER_ATTRIBUTES = 0x0b,
    HOLD_JOB = 0x0c,
    RELEASE_JOB = 0x0d,
    RESTART_JOB = 0x0e,
    PAUSE_PRINTER = 0x10,
    RESUME_PRINTER = 0x11,
    PURGE_JOBS = 0x12,
    SET_PRINTER_ATTRIBUTES = 0x13,
    SET_JOB_ATTRIBUTES = 0x14,
    GET_PRINTER_SUPPORTED_VALUES = 0x15,
    CREATE_PRINTER_SUBSCRIPTIONS = 0x16,
    CREATE_JOB_SUBSCRIPTIONS = 0x17,
    GET_SUBSCRIPTION_ATTRIBUTES = 0x18,
    GET_SUBSCRIPTIONS = 0x19,
    RENEW_SUBSCRIPTION = 0x1a,
    CANCEL_SUBSCRIPTION = 0x1b,
    GET_NOTIFICATIONS = 0x1c,
    ENABLE_PRINTER = 0x22,
    DISABLE_PRINTER = 0x23,
    PAUSE_PRINTER_AFTER_CURRENT_JOB = 0x24,
    HOLD_NEW_JOBS = 0x25,
    RELEASE_HELD_NEW_JOBS = 0x26,
    RESTART_PRINTER = 0x29,
    SHUTDOWN_PRINTER = 0x2a,
    STARTUP_PRINTER = 0x2b,
    REPROCESS_JOB = 0x2c,
    CANCEL_CURRENT_JOB = 0x2d,
    SUSPEND_CURRENT_JOB = 0x2e,
    RESUME_JOB = 0x2f,
    PROMOTE_JOB = 0x30,
    SCHEDULE_JOB_AFTER = 0x31,
    CANCEL_DOCUMENT = 0x33,
    GET_DOCUMENT_ATTRIBUTES = 0x34,
    GET_DOCUMENTS = 0x35,
    SET_DOCUMENT_ATTRIBUTES = 0x37,
    CANCEL_JOBS = 0x38,
    CANCEL_MY_JOBS = 0x39,
    RESUBMIT_JOB = 0x3a,
    CLOSE_JOB = 0x3b,
    IDENTIFY_PRINTER = 0x3c,
}

/// What is asked of all printers here, and not of one of them.
const GET_PRINTERS: u16 = 0x4f;
/// The same, as CUPS asks it.
const CUPS_GET_PRINTERS: u16 = 0x4002;

/// Whether it is asked of all printers here: such a request names none.
pub(super) fn is_about_all_printers(operation: u16) -> bool {
    matches!(operation, GET_PRINTERS | CUPS_GET_PRINTERS)
}

/// Whether anybody may ask this, known or not: what the printer is and can do.
pub(super) fn is_open(operation: u16) -> bool {
    matches!(
        operation,
        GET_PRINTER_ATTRIBUTES | GET_PRINTER_SUPPORTED_VALUES
    )
}

/// Whether it may follow an operation of the same user that showed who that is: some programs
/// show it with Create-Job and cannot when they are asked again with the document.
pub(super) fn follows_create(operation: u16) -> bool {
    matches!(operation, SEND_DOCUMENT | CLOSE_JOB)
}

/// Whether it needs no more than a name that a believed account says: bringing jobs, and asking
/// after what the same account brought.
pub(super) fn needs_no_proof(operation: u16) -> bool {
    is_open(operation)
        || is_about_all_printers(operation)
        || follows_create(operation)
        || matches!(
            operation,
            PRINT_JOB | VALIDATE_JOB | CREATE_JOB | CANCEL_JOB | GET_JOB_ATTRIBUTES | GET_JOBS
        )
}

/// Whether it is for operators of the printer alone.
pub(super) fn is_operators(operation: u16) -> bool {
    matches!(
        operation,
        CANCEL_JOBS
            | PURGE_JOBS
            | ENABLE_PRINTER
            | DISABLE_PRINTER
            | HOLD_NEW_JOBS
            | RELEASE_HELD_NEW_JOBS
            | RESUME_PRINTER
    )
}

/// Does what a request asks. The document, if there is one, is what is left of the body.
pub(super) async fn perform<Q: Queue>(
    server: &Arc<IppServer<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
) -> Result<Answer, Failure> {
    match asking.request.operation {
        PRINT_JOB => printing::print_job(server, asking, body).await,
        VALIDATE_JOB => printing::validate_job(server, asking).await,
        CREATE_JOB => printing::create_job(server, asking).await,
        SEND_DOCUMENT => printing::send_document(server, asking, body).await,
        CLOSE_JOB => printing::close_job(server, asking).await,

        GET_JOB_ATTRIBUTES => jobs::get_job_attributes(server, asking).await,
        GET_JOBS => jobs::get_jobs(server, asking).await,

        CANCEL_JOB => control::cancel_job(server, asking).await,
        CANCEL_MY_JOBS => control::cancel_my_jobs(server, asking).await,
        CANCEL_JOBS | PURGE_JOBS => control::cancel_jobs(server, asking).await,
        HOLD_JOB => control::hold_job(server, asking).await,
        RELEASE_JOB => control::release_job(server, asking).await,
        SET_JOB_ATTRIBUTES => control::set_job_attributes(server, asking).await,
        PROMOTE_JOB => control::promote_job(server, asking).await,
        SCHEDULE_JOB_AFTER => control::schedule_job_after(server, asking).await,
        RESTART_JOB | REPROCESS_JOB | RESUBMIT_JOB => control::print_again(server, asking).await,

        GET_PRINTER_ATTRIBUTES => printer::get_printer_attributes(server, asking).await,
        GET_PRINTERS | CUPS_GET_PRINTERS => printers::get_printers(server, asking).await,
        GET_PRINTER_SUPPORTED_VALUES => Ok(printer::get_supported_values(asking)),
        SET_PRINTER_ATTRIBUTES => printer::set_printer_attributes(asking),
        IDENTIFY_PRINTER => printer::identify(server, asking),
        ENABLE_PRINTER | DISABLE_PRINTER | HOLD_NEW_JOBS | RELEASE_HELD_NEW_JOBS => {
            printer::switch(server, asking).await
        }
        RESUME_PRINTER => printer::resume(server, asking),
        PAUSE_PRINTER
        | PAUSE_PRINTER_AFTER_CURRENT_JOB
        | RESTART_PRINTER
        | SHUTDOWN_PRINTER
        | STARTUP_PRINTER
        | CANCEL_CURRENT_JOB
        | SUSPEND_CURRENT_JOB
        | RESUME_JOB => printer::no_engine(asking),

        GET_DOCUMENTS => documents::get_documents(server, asking).await,
        GET_DOCUMENT_ATTRIBUTES => documents::get_document_attributes(server, asking).await,
        CANCEL_DOCUMENT => documents::cancel_document(server, asking).await,
        SET_DOCUMENT_ATTRIBUTES => documents::set_document_attributes(server, asking).await,

        CREATE_PRINTER_SUBSCRIPTIONS
        | CREATE_JOB_SUBSCRIPTIONS
        | GET_SUBSCRIPTION_ATTRIBUTES
        | GET_SUBSCRIPTIONS
        | RENEW_SUBSCRIPTION
        | CANCEL_SUBSCRIPTION
        | GET_NOTIFICATIONS => notifications::perform(server, asking).await,

        other => Err(unknown(other)),
    }
}

fn unknown(operation: u16) -> Failure {
    Failure::new(
        Status::OperationNotSupported,
        format!("operation 0x{operation:04x} is not supported"),
    )
}

/// An answer that says only that it was done.
fn done(asking: &Asking<'_>) -> Answer {
    asking.request.answer(Status::Ok)
}

/// Refuses if something of this cannot be changed (RFC 3380 section 4.2).
fn check_settable(wanted: Values<'_>, settable: &[&str]) -> Result<(), Failure> {
    let refused: Vec<_> = (wanted.0.iter())
        .filter(|attribute| !settable.contains(&attribute.name().as_str()))
        .cloned()
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(Failure {
        unsupported: refused,
        ..Failure::new(Status::AttributesNotSettable, "these cannot be changed")
    })
}

/// Refuses to change what is not held.
fn check_held(state: &IppJobState) -> Result<(), Failure> {
    let why = match state {
        IppJobState::Held => return Ok(()),
        IppJobState::Incoming => "the job does not have all its documents yet",
        IppJobState::Processing => "a printer has the job now",
        IppJobState::Completed(_) | IppJobState::Canceled(_) | IppJobState::Aborted(..) => {
            "the job has already ended"
        }
    };
    Err(Failure::new(Status::NotPossible, why))
}
