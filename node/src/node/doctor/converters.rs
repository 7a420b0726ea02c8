//! Converters: whether documents can be looked into and made ready for the device.

use papermesh_convert::{Confinement, Converter};
use papermesh_protocol::certificate::{Role, Roles};

use super::{doubtful, good};
use crate::control::message::Finding;
use crate::node::parts;

/// The name of what [`converters`] finds.
const CONVERTERS: &str = "converters";

/// What is needed to look into documents, and to print those whose format the device does not take.
pub(super) async fn converters(converter: &Converter, roles: Roles) -> Option<Finding> {
    let is_printer = roles.has(Role::Printer);
    if !is_printer && !roles.may_hold() {
        return None;
    }
    match parts::check(converter).await {
        Err(error) => Some(Finding::of(CONVERTERS, &error)),
        Ok(()) => is_printer.then(|| renderer(converter)),
    }
}

fn renderer(converter: &Converter) -> Finding {
    let Some(program) = converter.ghostscript() else {
        return doubtful(
            CONVERTERS,
            "Ghostscript is missing: PDF cannot be printed at printers that do not accept it"
                .to_owned(),
            "install it with `apt-get install ghostscript` or your system's equivalent, and restart the node",
        );
    };
    match converter.confinement() {
        Confinement::Whole => good(
            CONVERTERS,
            format!(
                "{} renders PDF for printers that do not accept it",
                program.display()
            ),
        ),
        Confinement::WithoutLandlock => doubtful(
            CONVERTERS,
            "Ghostscript could read this user's files if a document took it over: the kernel has no Landlock"
                .to_owned(),
            "switch Landlock on (`lsm=landlock,…` on the kernel's command line), and remove converter-without-landlock \
             from papermesh.toml",
        ),
        Confinement::Refused => doubtful(
            CONVERTERS,
            "Ghostscript is not started because the kernel has no Landlock: PDF cannot be printed at printers that do \
             not accept it"
                .to_owned(),
            "switch Landlock on (`lsm=landlock,…` on the kernel's command line), or set converter-without-landlock = \
             true in papermesh.toml",
        ),
    }
}
