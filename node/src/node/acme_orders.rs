//! How often certificates are ordered. An authority counts, and who orders too often is left without for days: so this
//! node orders one name three times a day at most, and nothing before the authority says that it may again.

use std::time::Duration;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{ORDERED_NAMES, OrdersRow, RefusedRow};

/// Orders of one name,
const ORDERS: usize = 3;
/// within so long.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a name is not ordered now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooEarly {
    /// It was ordered often enough.
    #[error("{name} was ordered {ORDERS} times within a day, and is ordered again after {until}")]
    Often {
        /// The name.
        name: HostName,
        /// Until then.
        until: Timestamp,
    },
    /// The authority said so.
    #[error("the certificate authority takes no order of {name} before {until}: {why}")]
    Refused {
        /// The name.
        name: HostName,
        /// Until then.
        until: Timestamp,
        /// Why, in its words.
        why: String,
    },
}

impl TooEarly {
    /// Until when.
    pub(super) const fn until(&self) -> Timestamp {
        match self {
            Self::Often { until, .. } | Self::Refused { until, .. } => *until,
        }
    }
}

/// Whether a name may be ordered now.
pub(super) fn may(orders: &OrdersRow, name: &HostName, now: Timestamp) -> Result<(), TooEarly> {
    let of_name = orders.refused.get(&Some(name.to_string()));
    let refused = of_name.or_else(|| orders.refused.get(&None));
    if let Some(RefusedRow { until, why }) = refused.filter(|refused| refused.until > now) {
        return Err(TooEarly::Refused {
            name: name.clone(),
            until: *until,
            why: why.clone(),
        });
    }
    let begun = orders.begun.get(name.as_str());
    let today = || begun.into_iter().flatten().filter(|at| **at + DAY > now);
    match today().min() {
        Some(first) if today().count() >= ORDERS => Err(TooEarly::Often {
            name: name.clone(),
            until: *first + DAY,
        }),
        _ => Ok(()),
    }
}

/// Notes that a name is ordered now.
pub(super) fn begin(orders: &mut OrdersRow, name: &HostName, now: Timestamp) {
    for begun in orders.begun.values_mut() {
        begun.retain(|at| *at + DAY > now);
    }
    orders.begun.retain(|_, begun| !begun.is_empty());
    orders.refused.retain(|_, refused| refused.until > now);
    if orders.begun.len() < ORDERED_NAMES {
        orders.begun.entry(name.to_string()).or_default().push(now);
    }
}

/// Notes that the authority takes no order before `until`: of a name, or, where it says so of the account, of none.
pub(super) fn refuse(
    orders: &mut OrdersRow,
    name: Option<&HostName>,
    (until, why): (Timestamp, &str),
) {
    if orders.refused.len() < ORDERED_NAMES {
        let refused = RefusedRow {
            until,
            why: why.to_owned(),
        };
        orders
            .refused
            .insert(name.map(ToString::to_string), refused);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_name_is_ordered_three_times_a_day_and_each_for_itself() {
        let name: HostName = "desk.acme.gw.example".parse().unwrap();
        let mut orders = OrdersRow::default();
        for hour in 0..3 {
            let at = NOW + HOUR * hour;
            assert_eq!(may(&orders, &name, at), Ok(()));
            begin(&mut orders, &name, at);
        }
        let refused = may(&orders, &name, NOW + HOUR * 3).unwrap_err();
        assert_eq!(refused.until(), NOW + DAY);
        assert_eq!(may(&orders, &name, NOW + DAY), Ok(()));
        let other = "hall.acme.gw.example".parse().unwrap();
        assert_eq!(may(&orders, &other, NOW + HOUR * 3), Ok(()));
    }

    #[test]
    fn who_is_to_wait_waits_and_no_longer() {
        let name: HostName = "desk.acme.gw.example".parse().unwrap();
        let other: HostName = "hall.acme.gw.example".parse().unwrap();
        let mut orders = OrdersRow::default();
        refuse(&mut orders, Some(&name), (NOW + HOUR, "too many"));
        assert!(may(&orders, &name, NOW).is_err());
        assert_eq!(may(&orders, &other, NOW), Ok(()));
        assert_eq!(may(&orders, &name, NOW + HOUR), Ok(()));
        refuse(&mut orders, None, (NOW + HOUR, "too many accounts"));
        assert!(may(&orders, &other, NOW).is_err());
        begin(&mut orders, &other, NOW + DAY);
        assert!(orders.refused.is_empty(), "what is over is forgotten");
    }
}
