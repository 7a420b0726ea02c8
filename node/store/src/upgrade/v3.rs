//! Format 3: print tokens, and the places that this node opens at gateways.
//!
//! Nothing is rewritten: there was neither before.

use super::UpgradeStep;

pub(super) const STEP: UpgradeStep = UpgradeStep {
    format: 3,
    what: "print tokens and places at gateways can be kept",
    rows: |_, _| Ok(()),
};
