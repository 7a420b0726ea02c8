//! Subscriptions and the events that they fetch (RFC 3995 section 11; RFC 3996 section 5).

use std::time::Duration;

use ipp::attribute::IppAttribute;
use ipp::model::DelimiterTag;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::time::sleep;

use super::super::job_attributes::{self, Kind};
use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::owner::Requester;
use super::super::printer_attributes;
use super::super::queue::{JobNumber, Queue};
use super::super::requested::Requested;
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::subscriptions::{About, EVENTS, Event, Subscription, USER_DATA, Wanted};
use super::super::values::{
    Values, all, attribute, charset, enumeration, flag, integer, keyword, keywords, language,
    moment, name, short_name, text, uri,
};

/// Create-Printer-Subscriptions, and Create-Job-Subscriptions for a job.
pub(super) fn create<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    job: Option<JobNumber>,
) -> Result<Answer, Failure> {
    let made = subscribe(server, asking, job)?;
    if made.is_empty() {
        return Err(Failure::new(
            Status::BadRequest,
            "the request holds no subscription",
        ));
    }
    let mut answer = super::done(asking);
    if made.iter().all(Result::is_err) {
        answer.status = Status::IgnoredAllSubscriptions;
    }
    append(&mut answer, made);
    Ok(answer)
}

/// Create-Job-Subscriptions, which names its job in an attribute of its own (RFC 3995 section
/// 11.1.1).
pub(super) async fn create_for_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let named = asking.request.operation().integer("notify-job-id");
    let job = match named.and_then(|number| JobNumber::try_from(number).ok()) {
        Some(number) => asking.own(server, number).await?,
        None => asking.own_job(server).await?,
    };
    create(server, asking, Some(job.number))
}

/// One subscription that was asked for: its number, or why there is none.
pub(super) type Subscribed = Result<i32, Status>;

/// The subscriptions that are asked for together with a job (RFC 3995 section 11.1.3).
pub(super) fn with_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    job: JobNumber,
) -> Result<Vec<Subscribed>, Failure> {
    subscribe(server, asking, Some(job))
}

/// Tells what became of the subscriptions, in an answer that is about something else as well.
pub(super) fn append(answer: &mut Answer, made: Vec<Subscribed>) {
    if answer.status == Status::Ok && made.iter().any(Result::is_err) {
        answer.status = Status::OkIgnoredSubscriptions;
    }
    for subscribed in made {
        let told = match subscribed {
            Ok(id) => attribute("notify-subscription-id", integer(id)),
            Err(status) => attribute("notify-status-code", enumeration(i32::from(status.code()))),
        };
        answer.group(
            DelimiterTag::SubscriptionAttributes,
            told.into_iter().collect(),
        );
    }
}

fn subscribe<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    job: Option<JobNumber>,
) -> Result<Vec<Subscribed>, Failure> {
    let user = asking.user()?;
    let groups = asking.request.groups(DelimiterTag::SubscriptionAttributes);
    // Who may fetch nothing needs none, and takes none from the user.
    let may_fetch = !matches!(asking.who, Requester::Bearer(_)) || asking.who.has_all_jobs();
    let one = |group| {
        if !may_fetch {
            return Err(Status::NotAuthorized);
        }
        let added = server
            .subscriptions
            .add(wanted(group, user, job)?, server.queue.now());
        added.ok_or(Status::TooManySubscriptions)
    };
    Ok(groups
        .take(limits::SUBSCRIPTIONS_PER_USER)
        .map(one)
        .collect())
}

fn wanted(group: Values<'_>, user: &UserId, job: Option<JobNumber>) -> Result<Wanted, Status> {
    match group.text("notify-pull-method") {
        Some("ippget") => {}
        // Pushing (`notify-recipient-uri`) would let anybody make this node call anybody.
        _ => return Err(Status::AttributesOrValues),
    }
    let mut events: Vec<String> = group
        .texts("notify-events")
        .into_iter()
        .map(str::to_owned)
        .collect();
    events.retain(|event| EVENTS.contains(&event.as_str()));
    if events.is_empty() {
        events.push("job-completed".into());
    }
    let user_data = group.octets("notify-user-data").map(<[u8]>::to_vec);
    if user_data
        .as_ref()
        .is_some_and(|data| data.len() > USER_DATA)
    {
        return Err(Status::RequestValueTooLong);
    }
    Ok(Wanted {
        user: user.clone(),
        job,
        events,
        user_data,
        lease: lease(group.integer("notify-lease-duration"), job),
    })
}

/// A subscription to a job lasts as long as the job does, but not for ever; 0 asks for the longest.
fn lease(seconds: Option<i32>, job: Option<JobNumber>) -> Option<Duration> {
    let asked = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    match (asked, job) {
        (Some(seconds), None) => Some(Duration::from_secs(seconds).min(limits::LEASE)),
        _ => Some(limits::LEASE),
    }
}

/// The subscription that a request names.
fn named<Q: Queue>(server: &IppServer<Q>, asking: &Asking<'_>) -> Result<Subscription, Failure> {
    let id = asking.request.operation().integer("notify-subscription-id");
    let id =
        id.ok_or_else(|| Failure::new(Status::BadRequest, "the request names no subscription"))?;
    let found = server.subscriptions.get(id, asking.user()?);
    found.ok_or_else(|| {
        Failure::new(
            Status::NotFound,
            format!("you have no subscription {id} here"),
        )
    })
}

pub(super) fn get_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let subscription = named(server, asking)?;
    let requested = Requested::read(asking.request, &["all"]);
    let mut answer = super::done(asking);
    answer.group(
        DelimiterTag::SubscriptionAttributes,
        told(&subscription, (asking, server.queue.now()), &requested),
    );
    Ok(answer)
}

pub(super) fn get_all<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let operation = asking.request.operation();
    let job = operation
        .integer("notify-job-id")
        .and_then(|number| JobNumber::try_from(number).ok());
    let limit = operation.integer("limit").filter(|limit| *limit > 0);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    let requested = Requested::read(asking.request, &["notify-subscription-id"]);
    let mut answer = super::done(asking);
    let all = server.subscriptions.of(asking.user()?, job);
    for subscription in all.iter().take(limit.unwrap_or(usize::MAX)) {
        let told = told(subscription, (asking, server.queue.now()), &requested);
        answer.group(DelimiterTag::SubscriptionAttributes, told);
    }
    Ok(answer)
}

pub(super) fn renew<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let subscription = named(server, asking)?;
    if subscription.job.is_some() {
        let text = "a subscription to a job lasts as long as the job";
        return Err(Failure::new(Status::NotPossible, text));
    }
    let group = asking.request.group(DelimiterTag::SubscriptionAttributes);
    let seconds = group.integer("notify-lease-duration");
    let seconds = seconds.or_else(|| asking.request.operation().integer("notify-lease-duration"));
    server
        .subscriptions
        .renew(subscription.id, lease(seconds, None), server.queue.now());
    let renewed = named(server, asking)?;
    let seconds = renewed.lease.unwrap_or_default().as_secs();
    let mut answer = super::done(asking);
    let told = attribute("notify-lease-duration", integer(seconds));
    answer.group(
        DelimiterTag::SubscriptionAttributes,
        told.into_iter().collect(),
    );
    Ok(answer)
}

pub(super) fn cancel<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let subscription = named(server, asking)?;
    server.subscriptions.remove(subscription.id);
    Ok(super::done(asking))
}

/// Get-Notifications. With `notify-wait` it answers when something has happened, or after a while
/// with nothing; in any case it says when to come again (RFC 3996 section 5).
pub(super) async fn get_notifications<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let waits = asking.request.operation().flag("notify-wait") == Some(true);
    let place = server.subscriptions.waiting.try_acquire();
    let patience = sleep(limits::EVENT_WAIT);
    tokio::pin!(patience);
    loop {
        let news = server.subscriptions.news.notified();
        tokio::pin!(news);
        // What happens from now on wakes us.
        news.as_mut().enable();
        let (answer, found) = fetch(server, asking)?;
        if found || !waits || place.is_err() {
            return Ok(answer);
        }
        tokio::select! {
            () = news => {}
            () = &mut patience => return Ok(answer),
        }
    }
}

/// What there is now, and whether there is anything or nothing more will come.
fn fetch<Q: Queue>(server: &IppServer<Q>, asking: &Asking<'_>) -> Result<(Answer, bool), Failure> {
    let user = asking.user()?;
    let operation = asking.request.operation();
    let numbers = |name: &str| -> Vec<i32> {
        let values = operation.get(name).into_iter().flatten();
        values
            .filter_map(|value| value.as_integer().copied())
            .take(limits::SUBSCRIPTIONS)
            .collect()
    };
    let (ids, firsts) = (
        numbers("notify-subscription-ids"),
        numbers("notify-sequence-numbers"),
    );
    if ids.is_empty() {
        return Err(Failure::new(
            Status::BadRequest,
            "the request names no subscription",
        ));
    }
    let mut answer = super::done(asking);
    answer.put("printer-up-time", moment(server.queue.now()));
    let (mut complete, mut found) = (true, false);
    for (place, id) in ids.iter().enumerate() {
        let subscription = server.subscriptions.get(*id, user).ok_or_else(|| {
            Failure::new(
                Status::NotFound,
                format!("you have no subscription {id} here"),
            )
        })?;
        complete &= subscription.is_complete();
        let first = firsts.get(place).copied().unwrap_or(1);
        for event in subscription.events_from(first) {
            found = true;
            answer.group(
                DelimiterTag::EventNotificationAttributes,
                notification(&subscription, event, asking),
            );
        }
    }
    match complete {
        true => answer.status = Status::OkEventsComplete,
        false => answer.put(
            "notify-get-interval",
            integer(limits::EVENT_LIFE.as_secs() / 2),
        ),
    }
    Ok((answer, found || complete))
}

/// RFC 3995 section 9.1.
fn notification(
    subscription: &Subscription,
    event: &Event,
    asking: &Asking<'_>,
) -> Vec<IppAttribute> {
    let (text_of_event, about) = match &event.about {
        About::Job(_, job) => {
            let said = job_attributes::said(job);
            let about = vec![
                ("notify-job-id", integer(job.number)),
                ("job-id", integer(job.number)),
                ("job-name", name(&job.title)),
                ("job-state", enumeration(said.number)),
                ("job-state-reasons", keywords(said.reasons)),
                ("job-impressions-completed", integer(job.pages_printed)),
            ];
            (format!("{}: {}", job.title, said.message), about)
        }
        About::Printer(switches) => {
            let words = match switches.accepting {
                true => "the printer is accepting jobs",
                false => "the printer is not accepting jobs at the moment",
            };
            let number = printer_attributes::state_number(false);
            let reasons = printer_attributes::reasons(switches);
            let about = vec![
                ("printer-state", enumeration(number)),
                ("printer-state-reasons", keyword(reasons)),
                ("printer-is-accepting-jobs", flag(switches.accepting)),
            ];
            (words.to_owned(), about)
        }
    };
    let mut told = vec![
        ("notify-charset", charset("utf-8")),
        ("notify-natural-language", language("en")),
        ("notify-printer-uri", uri(&asking.printer)),
        ("notify-subscription-id", integer(subscription.id)),
        ("notify-sequence-number", integer(event.sequence)),
        ("notify-subscribed-event", keyword(event.about.keyword())),
        ("notify-text", text(&text_of_event)),
        ("printer-up-time", moment(event.at)),
    ];
    told.extend(about);
    if let Some(data) = &subscription.user_data {
        told.push(("notify-user-data", octets(data)));
    }
    told.into_iter()
        .filter_map(|(name, value)| attribute(name, value))
        .collect()
}

fn octets(data: &[u8]) -> ipp::value::IppValue {
    ipp::value::IppValue::OctetString(axum::body::Bytes::copy_from_slice(data))
}

/// RFC 3995 section 5. A subscription to a job lasts as long as the job: it has no lease that could
/// be told.
fn told(
    subscription: &Subscription,
    (asking, now): (&Asking<'_>, Timestamp),
    requested: &Requested,
) -> Vec<IppAttribute> {
    let mut told = vec![
        ("notify-subscription-id", integer(subscription.id)),
        ("notify-sequence-number", integer(subscription.sequence)),
        ("notify-printer-uri", uri(&asking.printer)),
        (
            "notify-subscriber-user-name",
            short_name(subscription.user.as_str()),
        ),
        ("notify-pull-method", keyword("ippget")),
        (
            "notify-events",
            all(&subscription.events, |event| keyword(event)),
        ),
        ("notify-charset", charset("utf-8")),
        ("notify-natural-language", language("en")),
    ];
    match subscription.job {
        Some(job) => told.push(("notify-job-id", integer(job))),
        None => told.extend([
            ("notify-printer-up-time", moment(now)),
            (
                "notify-lease-duration",
                integer(subscription.lease.unwrap_or_default().as_secs()),
            ),
            (
                "notify-lease-expiration-time",
                subscription.expires_at.map_or_else(|| integer(0), moment),
            ),
        ]),
    }
    if let Some(data) = &subscription.user_data {
        told.push(("notify-user-data", octets(data)));
    }
    let kinded = |(name, value)| (name, Kind::Description, value);
    requested.choose(told.into_iter().map(kinded).collect())
}
