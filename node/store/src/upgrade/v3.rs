//! Format 3: print tokens, the places that this node opens at gateways, their certificates, what was seen of them,
//! wakes, device tokens and what their proxies said, users' mail addresses and what came by mail.
//!
//! Nothing is rewritten: there was neither before.

use super::UpgradeStep;

pub(super) const STEP: UpgradeStep = UpgradeStep {
    format: 3,
    what: "print tokens, places at gateways, their certificates, wakes and what comes by mail can be kept",
    rows: |_, _| Ok(()),
};
