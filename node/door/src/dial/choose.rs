//! Which carrier is tried when. TCP is first; TLS begins a little later beside it; requests only when neither stands
//! for a while, or both have failed. What was good last is tried first, and what stood and died soon is tried last.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use papermesh_protocol::remedy::Remedy;
use tokio::time::{Instant, sleep_until};

use super::{DialError, Dialer, Stands};
use crate::status::Carrier;

/// When the second of TCP and TLS is tried beside the first.
const BESIDE: Duration = Duration::from_secs(3);
/// When requests are tried beside both.
const AT_LAST: Duration = Duration::from_secs(10);
/// How much later others are tried when one has reached the gateway, which is slow when all doors come at once: a second
/// attempt would make it slower.
const REACHED: Duration = Duration::from_secs(30);
/// How long anything bad is believed of a network: that it lets TCP not through, cuts requests that wait, or ends what
/// stood.
pub(super) const BELIEVED: Duration = Duration::from_secs(60 * 60);
/// A pipe that broke sooner says something of its carrier.
const SOON: Duration = Duration::from_secs(3 * 60);

/// What carried the last pipe to a gateway, and what did not for long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    good: Option<(Carrier, Instant)>,
    /// When pipes broke soon: over TCP, TLS, and requests.
    died: [Option<Instant>; 3],
}

/// Where a carrier stands in [`Memory::died`].
const fn kind(carrier: Carrier) -> usize {
    match carrier {
        Carrier::Tcp => 0,
        Carrier::Tls => 1,
        Carrier::Https | Carrier::HttpsPolling => 2,
    }
}

impl Memory {
    /// A pipe stands by this one.
    pub(crate) fn was(&mut self, carrier: Carrier) {
        // When it was found, not when it was used last.
        match &mut self.good {
            Some((known, since)) if *known == carrier && since.elapsed() < BELIEVED => {}
            known => *known = Some((carrier, Instant::now())),
        }
    }

    /// A pipe by this one broke that had stood for so long.
    pub(crate) fn broke(&mut self, carrier: Carrier, after: Duration) {
        self.died[kind(carrier)] = (after < SOON).then(Instant::now);
    }

    /// Whether pipes by this one die.
    fn dies(&self, carrier: Carrier) -> bool {
        self.died[kind(carrier)].is_some_and(|when| when.elapsed() < BELIEVED)
    }

    fn steps(&self) -> [(Carrier, Duration); 3] {
        use Carrier::{Https, HttpsPolling, Tcp, Tls};
        let mut order = match self.good {
            Some((Tls, since)) if since.elapsed() < BELIEVED => [Tls, Tcp, Https],
            None | Some((Tcp | Tls, _)) => [Tcp, Tls, Https],
            Some((HttpsPolling, since)) if since.elapsed() < BELIEVED => [HttpsPolling, Tcp, Tls],
            Some((Https | HttpsPolling, _)) => [Https, Tcp, Tls],
        };
        // Where all do, it is no carrier's fault.
        let is_bad = |carrier| self.dies(carrier) && !order.iter().all(|other| self.dies(*other));
        let is_bad = order.map(|carrier| (carrier, is_bad(carrier)));
        let is_bad = |carrier| is_bad.contains(&(carrier, true));
        order.sort_by_key(|carrier| is_bad(*carrier));
        let [first, ..] = order;
        order.map(|carrier| {
            let after = match carrier {
                _ if carrier == first => Duration::ZERO,
                _ if is_bad(carrier) => AT_LAST,
                Tcp | Tls => BESIDE,
                Https | HttpsPolling => AT_LAST,
            };
            (carrier, after)
        })
    }

    /// What is better than requests, and does not die.
    fn better(&self) -> Vec<(Carrier, Duration)> {
        let steps = [(Carrier::Tcp, Duration::ZERO), (Carrier::Tls, BESIDE)];
        let steps = steps.into_iter();
        steps.filter(|(carrier, _)| !self.dies(*carrier)).collect()
    }
}

/// Why there is no pipe by any carrier.
#[derive(Debug)]
pub(crate) struct Failed(Vec<(Carrier, DialError)>);

impl Failed {
    /// The gateway's own word, if it gave one: by each carrier it would say the same.
    fn word(&self) -> Option<&DialError> {
        let mut errors = self.0.iter().map(|(_, error)| error);
        errors.find(|error| error.is_final())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.word() {
            return error.fmt(f);
        }
        for (number, (carrier, error)) in self.0.iter().enumerate() {
            let between = if number == 0 { "" } else { ", " };
            write!(f, "{between}by {carrier}: {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failed {}

impl Remedy for Failed {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        if let Some(error) = self.word() {
            return error.remedy();
        }
        // A port that is closed is the usual case where one has to go another way: what hinders that comes first.
        let closed = |error: &DialError| matches!(error, DialError::Unreachable { .. });
        let (closed, others): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .map(|(_, error)| error)
            .partition(|error| closed(error));
        let mut all = others.into_iter().chain(closed);
        all.find_map(Remedy::remedy)
    }
}

/// Dials a gateway.
pub(crate) async fn pipe(dialer: Dialer<'_>, memory: Memory) -> Result<Stands, Failed> {
    let reached = AtomicBool::new(false);
    race(&memory.steps(), &reached, |carrier| {
        dialer.by(carrier, &reached)
    })
    .await
}

/// Dials a gateway by what is better than requests.
pub(crate) async fn better(dialer: Dialer<'_>, memory: Memory) -> Option<Stands> {
    let reached = AtomicBool::new(false);
    race(&memory.better(), &reached, |carrier| {
        dialer.by(carrier, &reached)
    })
    .await
    .ok()
}

/// The first that stands. One begins when it is due, or when all before it have failed; the others are given up when
/// one stands, or when the gateway has decided. An attempt says when it has reached the gateway.
async fn race<T, F>(
    steps: &[(Carrier, Duration)],
    reached: &AtomicBool,
    attempt: impl Fn(Carrier) -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, DialError>>,
{
    let begun = Instant::now();
    let (mut running, mut failed) = (FuturesUnordered::new(), Vec::new());
    let mut left = steps.iter().copied().peekable();
    loop {
        if running.is_empty() && left.peek().is_none() {
            failed.sort_by_key(|(carrier, _)| *carrier);
            return Err(Failed(failed));
        }
        let later = match reached.load(Ordering::Relaxed) {
            true => REACHED,
            false => Duration::ZERO,
        };
        let due = left.peek().map(|(_, after)| begun + *after + later);
        let is_due = due.is_some_and(|due| running.is_empty() || due <= Instant::now());
        if is_due && let Some((carrier, _)) = left.next() {
            let attempt = attempt(carrier);
            running.push(async move { (carrier, attempt.await) });
            continue;
        }
        let next = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some((carrier, result)) = running.next() => match result {
                Ok(stands) => return Ok(stands),
                Err(error) => {
                    let is_final = error.is_final();
                    failed.push((carrier, error));
                    if is_final {
                        return Err(Failed(failed));
                    }
                }
            },
            () = next => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::sync::Mutex;

    use papermesh_pipe::PipeError;
    use papermesh_protocol::gateway::message::Refusal;
    use tokio::time::sleep;

    use super::*;
    use Carrier::{Https, HttpsPolling, Tcp, Tls};

    fn closed() -> DialError {
        DialError::Unreachable {
            domain: "gw.example".to_owned(),
            port: 4001,
            source: io::ErrorKind::ConnectionRefused.into(),
        }
    }

    /// Which carrier won, when each began in seconds, and what was wrong. Each takes as long as it is said, and stands or not.
    async fn raced(
        memory: Memory,
        each: impl Fn(Carrier) -> (u64, Result<(), DialError>),
    ) -> (Result<Carrier, Failed>, Vec<(Carrier, u64)>) {
        let (begun, began) = (Instant::now(), Mutex::new(Vec::new()));
        let won = race(&memory.steps(), &AtomicBool::new(false), |carrier| {
            let at = begun.elapsed().as_secs();
            began.lock().unwrap().push((carrier, at));
            let (takes, result) = each(carrier);
            async move {
                sleep(Duration::from_secs(takes)).await;
                result.map(|()| carrier)
            }
        })
        .await;
        (won, began.into_inner().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn tcp_is_first_and_the_others_come_when_it_is_slow_or_fails() {
        let none = Memory::default();
        let (won, began) = raced(none, |_| (1, Ok(()))).await;
        assert_eq!((won.unwrap(), began), (Tcp, vec![(Tcp, 0)]));

        // A firewall that drops what it does not let out.
        let (won, began) = raced(none, |carrier| match carrier {
            Tcp => (100, Ok(())),
            _ => (1, Ok(())),
        })
        .await;
        assert_eq!((won.unwrap(), began), (Tls, vec![(Tcp, 0), (Tls, 3)]));
        let (won, began) = raced(none, |carrier| match carrier {
            Tcp | Tls => (100, Ok(())),
            _ => (1, Ok(())),
        })
        .await;
        assert_eq!(won.unwrap(), Https);
        assert_eq!(began, [(Tcp, 0), (Tls, 3), (Https, 10)]);

        // One that refuses is not waited for.
        let (won, began) = raced(none, |carrier| match carrier {
            Tcp | Tls => (0, Err(closed())),
            _ => (1, Ok(())),
        })
        .await;
        assert_eq!(won.unwrap(), Https);
        assert_eq!(began, [(Tcp, 0), (Tls, 0), (Https, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_was_reached_is_given_time() {
        let (reached, begun) = (AtomicBool::new(false), Instant::now());
        let won = race(&Memory::default().steps(), &reached, async |carrier| {
            sleep(Duration::from_secs(1)).await;
            reached.store(true, Ordering::Relaxed);
            if carrier == Tcp {
                sleep(Duration::from_secs(100)).await;
            }
            Ok(carrier)
        })
        .await;
        let after = BESIDE + REACHED + Duration::from_secs(1);
        assert_eq!((won.unwrap(), begun.elapsed()), (Tls, after));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_good_is_tried_first_and_polling_not_for_ever() {
        let mut memory = Memory::default();
        memory.was(HttpsPolling);
        let (won, _) = raced(memory, |_| (1, Ok(()))).await;
        assert_eq!(won.unwrap(), HttpsPolling);
        sleep(BELIEVED / 2).await;
        memory.was(HttpsPolling);
        sleep(BELIEVED / 2).await;
        let (won, _) = raced(memory, |_| (1, Ok(()))).await;
        assert_eq!(won.unwrap(), Https);
        memory.was(Tls);
        let (won, began) = raced(memory, |_| (100, Ok(()))).await;
        assert_eq!(won.unwrap(), Tls);
        assert_eq!(began, [(Tls, 0), (Tcp, 3), (Https, 10)]);
    }

    #[tokio::test(start_paused = true)]
    async fn tcp_is_tried_again_after_tls() {
        let mut memory = Memory::default();
        memory.was(Tls);
        sleep(BELIEVED).await;
        let (_, began) = raced(memory, |_| (100, Ok(()))).await;
        assert_eq!(began, [(Tcp, 0), (Tls, 3), (Https, 10)]);
        // It was TLS again, which is known anew.
        memory.was(Tls);
        assert_eq!(memory.steps()[0].0, Tls);
    }

    #[tokio::test(start_paused = true)]
    async fn what_stands_and_dies_is_last_for_a_while() {
        let mut memory = Memory::default();
        memory.was(Tcp);
        memory.broke(Tcp, SOON);
        assert_eq!(memory.steps()[0].0, Tcp);
        memory.broke(Tcp, SOON / 2);
        let (_, began) = raced(memory, |_| (100, Ok(()))).await;
        assert_eq!(began, [(Tls, 0), (Https, 10), (Tcp, 10)]);
        assert_eq!(memory.better(), [(Tls, BESIDE)]);
        memory.was(Tls);
        memory.broke(Tls, SOON / 2);
        let (won, began) = raced(memory, |_| (1, Ok(()))).await;
        assert_eq!((won.unwrap(), began), (Https, vec![(Https, 0)]));
        // Nothing is left that would be better than requests.
        assert!(memory.better().is_empty());
        let unreached = AtomicBool::new(false);
        assert!(
            race(&memory.better(), &unreached, async |_| Ok(()))
                .await
                .is_err()
        );
        // If all die, none is to blame.
        memory.broke(HttpsPolling, SOON / 2);
        assert_eq!(memory.steps()[0], (Tls, Duration::ZERO));
        assert_eq!(memory.steps()[1], (Tcp, BESIDE));
        sleep(BELIEVED).await;
        assert_eq!(memory.steps()[0].0, Tcp);
        assert_eq!(memory.better().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_gateways_word_ends_it_and_else_all_is_said() {
        let refused = || DialError::Pipe(PipeError::Refused(Refusal::NoContract));
        let (lost, began) = raced(Memory::default(), |_| (1, Err(refused()))).await;
        let lost = lost.unwrap_err();
        assert_eq!(began, [(Tcp, 0)]);
        assert_eq!(lost.to_string(), Refusal::NoContract.to_string());
        assert_eq!(lost.remedy(), Refusal::NoContract.remedy());

        let (lost, _) = raced(Memory::default(), |carrier| {
            let inspected = DialError::Inspected {
                domain: "gw.example".to_owned(),
            };
            (1, Err(if carrier == Tls { inspected } else { closed() }))
        })
        .await;
        let text = lost.as_ref().unwrap_err().to_string();
        assert!(
            text.starts_with("by tcp: cannot reach gw.example, port 4001"),
            "{text}"
        );
        assert!(
            text.contains(", by tls: TLS with gw.example is answered by"),
            "{text}"
        );
        assert!(
            lost.unwrap_err()
                .remedy()
                .unwrap()
                .contains("TCP port 4001")
        );
    }
}
