//! Subscriptions and the events that they fetch (RFC 3995 section 11; RFC 3996 section 5).

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Bytes;
use ipp::attribute::IppAttribute;
use ipp::model::DelimiterTag;
use ipp::value::IppValue;
use papermesh_protocol::time::Timestamp;
use tokio::time::sleep;

use super::{Event, News, Subscription, Subscriptions, USER_DATA, Wanted};
use crate::limits;
use crate::message::{Answer, Failure, Request};
use crate::requested::{Kind, Requested};
use crate::status::Status;
use crate::values::{
    Values, all, attribute, charset, enumeration, integer, keyword, keywords, language, moment,
    range, short_name, text, uri,
};

/// One subscription that was asked for: its number, or why there is none.
pub type Subscribed = Result<i32, Status>;

/// Who asks something about subscriptions.
pub struct Subscriber<'a, N: News> {
    /// Those to the printer that is asked.
    pub subscriptions: &'a Subscriptions<N>,
    /// What is asked.
    pub request: &'a Request,
    /// Who asks.
    pub owner: &'a N::Owner,
    /// The printer's URI, as whoever asks knows it.
    pub printer: &'a str,
    /// The time.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

/// What a printer says of its subscriptions (PWG 5100.12 section 6.3; RFC 3995 section 7).
#[must_use]
pub fn described<N: News>() -> Vec<(&'static str, IppValue)> {
    let lease = i32::try_from(limits::LEASE.as_secs()).unwrap_or(i32::MAX);
    vec![
        ("notify-events-default", keyword("job-completed")),
        (
            "notify-events-supported",
            keywords(N::EVENTS.iter().copied()),
        ),
        ("notify-lease-duration-default", integer(lease)),
        ("notify-lease-duration-supported", range(0, lease)),
        ("notify-max-events-supported", integer(N::EVENTS.len())),
        ("notify-pull-method-supported", keyword("ippget")),
        ("ippget-event-life", integer(limits::EVENT_LIFE.as_secs())),
    ]
}

/// Tells what became of subscriptions, in an answer that is about something else as well.
pub fn append(answer: &mut Answer, made: Vec<Subscribed>) {
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

impl<N: News> Subscriber<'_, N> {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn done(&self) -> Answer {
        self.request.answer(Status::Ok)
    }

    /// Create-Printer-Subscriptions, and Create-Job-Subscriptions for a job.
    ///
    /// # Errors
    /// A [`Failure`] if no subscription is asked for.
    pub fn create(&self, job: Option<u32>) -> Result<Answer, Failure> {
        let made = self.subscribe(job);
        if made.is_empty() {
            return Err(Failure::new(
                Status::BadRequest,
                "the request holds no subscription",
            ));
        }
        let mut answer = self.done();
        if made.iter().all(Result::is_err) {
            answer.status = Status::IgnoredAllSubscriptions;
        }
        append(&mut answer, made);
        Ok(answer)
    }

    /// Makes the subscriptions that a request asks for, as of one job or of all.
    #[must_use]
    pub fn subscribe(&self, job: Option<u32>) -> Vec<Subscribed> {
        let groups = self.request.groups(DelimiterTag::SubscriptionAttributes);
        let one = |group| {
            let wanted = wanted::<N>(group, self.owner, job)?;
            let added = self.subscriptions.add(wanted, self.now());
            added.ok_or(Status::TooManySubscriptions)
        };
        groups.take(limits::SUBSCRIPTIONS_EACH).map(one).collect()
    }

    /// The subscription that the request names.
    fn named(&self) -> Result<Subscription<N>, Failure> {
        let id = self.request.operation().integer("notify-subscription-id");
        let id = id
            .ok_or_else(|| Failure::new(Status::BadRequest, "the request names no subscription"))?;
        self.subscriptions
            .get(id, self.owner)
            .ok_or_else(|| none(id))
    }

    /// Get-Subscription-Attributes.
    ///
    /// # Errors
    /// A [`Failure`] if there is no such subscription.
    pub fn get_attributes(&self) -> Result<Answer, Failure> {
        let subscription = self.named()?;
        let requested = Requested::read(self.request, &["all"]);
        let mut answer = self.done();
        let told = self.told(&subscription, &requested);
        answer.group(DelimiterTag::SubscriptionAttributes, told);
        Ok(answer)
    }

    /// Get-Subscriptions.
    #[must_use]
    pub fn get_all(&self) -> Answer {
        let operation = self.request.operation();
        let job = operation
            .integer("notify-job-id")
            .and_then(|number| u32::try_from(number).ok());
        let limit = operation.integer("limit").filter(|limit| *limit > 0);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        let requested = Requested::read(self.request, &["notify-subscription-id"]);
        let mut answer = self.done();
        let all = self.subscriptions.of(self.owner, job);
        for subscription in all.iter().take(limit.unwrap_or(usize::MAX)) {
            let told = self.told(subscription, &requested);
            answer.group(DelimiterTag::SubscriptionAttributes, told);
        }
        answer
    }

    /// Renew-Subscription.
    ///
    /// # Errors
    /// A [`Failure`] if there is no such subscription, or it is one to a job.
    pub fn renew(&self) -> Result<Answer, Failure> {
        let subscription = self.named()?;
        if subscription.job.is_some() {
            let text = "a subscription to a job lasts as long as the job";
            return Err(Failure::new(Status::NotPossible, text));
        }
        let group = self.request.group(DelimiterTag::SubscriptionAttributes);
        let seconds = group.integer("notify-lease-duration");
        let seconds = seconds.or_else(|| self.request.operation().integer("notify-lease-duration"));
        self.subscriptions
            .renew(subscription.id, lease(seconds, None), self.now());
        let renewed = self.named()?;
        let seconds = renewed.lease.unwrap_or_default().as_secs();
        let mut answer = self.done();
        let told = attribute("notify-lease-duration", integer(seconds));
        answer.group(
            DelimiterTag::SubscriptionAttributes,
            told.into_iter().collect(),
        );
        Ok(answer)
    }

    /// Cancel-Subscription.
    ///
    /// # Errors
    /// A [`Failure`] if there is no such subscription.
    pub fn cancel(&self) -> Result<Answer, Failure> {
        let subscription = self.named()?;
        self.subscriptions.remove(subscription.id);
        Ok(self.done())
    }

    /// Get-Notifications. With `notify-wait` it answers when something has happened, or after a while
    /// with nothing; in any case it says when to come again (RFC 3996 section 5).
    ///
    /// # Errors
    /// A [`Failure`] if there is no such subscription.
    pub async fn get_notifications(&self) -> Result<Answer, Failure> {
        let waits = self.request.operation().flag("notify-wait") == Some(true);
        let place = self.subscriptions.waiting.try_acquire();
        let patience = sleep(limits::EVENT_WAIT);
        tokio::pin!(patience);
        loop {
            let news = self.subscriptions.news.notified();
            tokio::pin!(news);
            // What happens from now on wakes us.
            news.as_mut().enable();
            let (answer, found) = self.fetch()?;
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
    fn fetch(&self) -> Result<(Answer, bool), Failure> {
        let operation = self.request.operation();
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
        let mut seen = BTreeSet::new();
        if ids.is_empty() {
            return Err(Failure::new(
                Status::BadRequest,
                "the request names no subscription",
            ));
        }
        let mut answer = self.done();
        answer.put("printer-up-time", moment(self.now()));
        let (mut complete, mut found) = (true, false);
        // One that is named twice is told once.
        for (place, id) in (ids.iter().enumerate()).filter(|(_, id)| seen.insert(**id)) {
            let subscription = self.subscriptions.get(*id, self.owner);
            let subscription = subscription.ok_or_else(|| none(*id))?;
            complete &= subscription.is_complete();
            let first = firsts.get(place).copied().unwrap_or(1);
            for event in subscription.events_from(first) {
                found = true;
                answer.group(
                    DelimiterTag::EventNotificationAttributes,
                    self.notification(&subscription, event),
                );
            }
        }
        match complete {
            true => answer.status = Status::OkEventsComplete,
            false => answer.put("notify-get-interval", integer(N::INTERVAL.as_secs())),
        }
        Ok((answer, found || complete))
    }

    /// RFC 3995 section 9.1.
    fn notification(&self, subscription: &Subscription<N>, event: &Event<N>) -> Vec<IppAttribute> {
        let (text_of_event, about) = event.news.told();
        let mut told = vec![
            ("notify-charset", charset("utf-8")),
            ("notify-natural-language", language("en")),
            ("notify-printer-uri", uri(self.printer)),
            ("notify-subscription-id", integer(subscription.id)),
            ("notify-sequence-number", integer(event.sequence)),
            (
                "notify-subscribed-event",
                keyword(event.news.subscribed_keyword(&subscription.events)),
            ),
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

    /// RFC 3995 section 5. A subscription to a job lasts as long as the job: it has no lease that could
    /// be told.
    fn told(&self, subscription: &Subscription<N>, requested: &Requested) -> Vec<IppAttribute> {
        let mut told = vec![
            ("notify-subscription-id", integer(subscription.id)),
            ("notify-sequence-number", integer(subscription.sequence)),
            ("notify-printer-uri", uri(self.printer)),
            (
                "notify-subscriber-user-name",
                short_name(&subscription.owner.to_string()),
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
                ("notify-printer-up-time", moment(self.now())),
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
}

fn wanted<N: News>(
    group: Values<'_>,
    owner: &N::Owner,
    job: Option<u32>,
) -> Result<Wanted<N::Owner>, Status> {
    match group.text("notify-pull-method") {
        Some("ippget") => {}
        // Pushing (`notify-recipient-uri`) would let anybody make this node call anybody.
        _ => return Err(Status::AttributesOrValues),
    }
    // Each of those that there are, once.
    let asked = group.texts("notify-events");
    let known = N::EVENTS.iter().filter(|event| asked.contains(*event));
    let mut events: Vec<String> = known.map(|event| (*event).to_owned()).collect();
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
        owner: owner.clone(),
        job,
        events,
        user_data,
        lease: lease(group.integer("notify-lease-duration"), job),
    })
}

/// A subscription to a job lasts as long as the job does, but not for ever; 0 asks for the longest.
fn lease(seconds: Option<i32>, job: Option<u32>) -> Option<Duration> {
    let asked = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    match (asked, job) {
        (Some(seconds), None) => Some(Duration::from_secs(seconds).min(limits::LEASE)),
        _ => Some(limits::LEASE),
    }
}

fn none(id: i32) -> Failure {
    let text = format!("you have no subscription {id} here");
    Failure::new(Status::NotFound, text)
}

fn octets(data: &[u8]) -> IppValue {
    IppValue::OctetString(Bytes::copy_from_slice(data))
}
