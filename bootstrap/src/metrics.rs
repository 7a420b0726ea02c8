//! What is counted, in OpenMetrics text. No user, job or node is named in any label.

use std::sync::atomic::AtomicU64;

use papermesh_mesh::MeshStatus;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The gauges, filled anew for each answer from what the mesh last told of itself.
pub(crate) struct Metrics {
    registry: Registry,
    members: Gauge,
    records: Gauge,
    reservations: Gauge,
    circuits: Gauge,
    circuits_total: Gauge<u64, AtomicU64>,
}

impl Metrics {
    /// All gauges, registered.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("papermesh");
        let mut register = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let members = register("members_connected", "Members connected now");
        let records = register("dht_records", "Records stored for the DHT");
        let reservations = register(
            "relay_reservations",
            "Members with a reservation at the relay",
        );
        let circuits = register("relay_circuits", "Connections through the relay now");
        let circuits_total = Gauge::default();
        registry.register(
            "relay_circuits_seen",
            "Connections through the relay since the start",
            circuits_total.clone(),
        );
        Self {
            registry,
            members,
            records,
            reservations,
            circuits,
            circuits_total,
        }
    }

    /// The text that a scraper reads.
    pub(crate) fn text(&self, status: &MeshStatus) -> Result<String, std::fmt::Error> {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.members.set(count(status.members.len()));
        self.records.set(count(status.records));
        self.reservations.set(count(status.relayed.reservations));
        self.circuits.set(count(status.relayed.circuits));
        self.circuits_total.set(status.relayed.circuits_total);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_text_carries_what_the_mesh_said() {
        let mut status = MeshStatus {
            records: 7,
            ..MeshStatus::default()
        };
        status.relayed.circuits_total = 3;
        let text = Metrics::new().text(&status).unwrap();
        assert!(text.contains("papermesh_dht_records 7"), "{text}");
        assert!(text.contains("papermesh_relay_circuits_seen 3"), "{text}");
    }
}
