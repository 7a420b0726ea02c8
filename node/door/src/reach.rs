//! Whether a place answers outsiders.

use std::time::Duration;

use papermesh_protocol::gateway::name::HostName;
use tokio::time::sleep;

use crate::dial::{Ways, is_answered};

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// Knocks at a place until its door answers. Whoever waits limits the time.
///
/// Anybody may answer: that this is the place, whoever prints there sees by its certificate.
pub async fn until_answered(ways: &Ways, place: &HostName) {
    while !is_answered(ways, place.as_str()).await {
        sleep(PAUSE).await;
    }
}
