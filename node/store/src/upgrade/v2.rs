//! Format 2: what is sealed of a job says whether its document was read and is whole; options, there and
//! in leases, have a place for extensions; the database says which version used it last.
//!
//! Nothing is rewritten. Of a job that was held before nobody knows whether its document is whole, which
//! is the default, and the printer counts its pages as it did.

use super::UpgradeStep;

pub(super) const STEP: UpgradeStep = UpgradeStep {
    format: 2,
    what: "held jobs record whether their documents are complete",
    rows: |_, _| Ok(()),
};
