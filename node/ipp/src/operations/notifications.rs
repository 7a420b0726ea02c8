//! Subscriptions to the hold printer: who may have which. What is asked of them is done by
//! [`papermesh_ipp_message::subscriptions`].

use ipp::model::DelimiterTag;

use super::super::message::{Answer, Failure};
use super::super::news::About;
use super::super::owner::Requester;
use super::super::queue::{JobNumber, Queue};
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::subscriptions::{Subscribed, Subscriber};
use super::{
    CANCEL_SUBSCRIPTION, CREATE_JOB_SUBSCRIPTIONS, CREATE_PRINTER_SUBSCRIPTIONS, GET_NOTIFICATIONS,
    GET_SUBSCRIPTION_ATTRIBUTES, GET_SUBSCRIPTIONS, RENEW_SUBSCRIPTION,
};

/// Does what a request asks about subscriptions.
pub(super) async fn perform<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let clock = || server.queue.now();
    let subscriber: Subscriber<'_, About> = Subscriber {
        subscriptions: &server.subscriptions,
        request: asking.request,
        owner: asking.user()?,
        printer: &asking.printer,
        clock: &clock,
    };
    match asking.request.operation {
        CREATE_PRINTER_SUBSCRIPTIONS | CREATE_JOB_SUBSCRIPTIONS if !may_fetch(asking) => Err(
            Failure::new(Status::NotAuthorized, "a print token does not allow that"),
        ),
        CREATE_PRINTER_SUBSCRIPTIONS => subscriber.create(None),
        CREATE_JOB_SUBSCRIPTIONS => subscriber.create(Some(job(server, asking).await?)),
        GET_SUBSCRIPTION_ATTRIBUTES => subscriber.get_attributes(),
        GET_SUBSCRIPTIONS => Ok(subscriber.get_all()),
        RENEW_SUBSCRIPTION => subscriber.renew(),
        CANCEL_SUBSCRIPTION => subscriber.cancel(),
        GET_NOTIFICATIONS => subscriber.get_notifications().await,
        other => Err(super::unknown(other)),
    }
}

/// The job of Create-Job-Subscriptions, which names it in an attribute of its own (RFC 3995 section
/// 11.1.1).
async fn job<Q: Queue>(server: &IppServer<Q>, asking: &Asking<'_>) -> Result<JobNumber, Failure> {
    let named = asking.request.operation().integer("notify-job-id");
    let job = match named.and_then(|number| JobNumber::try_from(number).ok()) {
        Some(number) => asking.own(server, number).await?,
        None => asking.own_job(server).await?,
    };
    Ok(job.number)
}

/// Who may fetch nothing needs no subscriptions, and takes none from the user.
fn may_fetch(asking: &Asking<'_>) -> bool {
    !matches!(asking.who, Requester::Bearer(_)) || asking.who.has_all_jobs()
}

/// The subscriptions that are asked for together with a job (RFC 3995 section 11.1.3).
pub(super) fn with_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    job: JobNumber,
) -> Result<Vec<Subscribed>, Failure> {
    if !may_fetch(asking) {
        let groups = asking.request.groups(DelimiterTag::SubscriptionAttributes);
        return Ok(groups.map(|_| Err(Status::NotAuthorized)).collect());
    }
    let clock = || server.queue.now();
    let subscriber: Subscriber<'_, About> = Subscriber {
        subscriptions: &server.subscriptions,
        request: asking.request,
        owner: asking.user()?,
        printer: &asking.printer,
        clock: &clock,
    };
    Ok(subscriber.subscribe(Some(job)))
}
