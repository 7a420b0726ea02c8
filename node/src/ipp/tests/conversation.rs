//! Requests as programs make them, and as they should not.
