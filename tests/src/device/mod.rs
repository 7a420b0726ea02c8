//! Output devices to print to: a real driverless printer, and one that does what its script says.
//! (The third, the tray, is a folder of the printer's own home.)

mod cups;
mod scripted;

pub use cups::{CupsPrinter, Received};
pub use scripted::{Fate, ScriptedPrinter};
