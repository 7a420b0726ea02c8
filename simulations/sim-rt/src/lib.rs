//! What a simulation of real code runs in: one thread, virtual time, seeded entropy.
//!
//! - [`World`] polls tasks in the order in which they were woken, and when none is ready moves the clock to the next
//!   event. Nothing ticks, and nobody is polled who was not woken.
//! - [`mod@entropy`] stands in for the system's random numbers and clocks. It is the only unsafe code of the simulator.
//! - [`Trace`] folds what happened into 128 bits, by which two runs are compared.
//!
//! Process-wide counters inside libp2p make a second simulation in the same process differ from the first, so that
//! identical traces are promised for one simulation per process: [`simulate`] gives it a fresh thread.

pub mod entropy;
mod trace;
mod world;

pub use trace::Trace;
pub use world::{Events, Owner, Spawner, Stuck, World};

/// Runs one simulation on a thread of its own, whose entropy comes from this seed.
///
/// The thread is new because `std` draws the keys of hash maps once a thread, and it must draw them from the seed.
///
/// # Errors
///
/// The operating system gave no thread, or the simulation panicked; its message has been printed then.
pub fn simulate<T: Send>(seed: u64, simulation: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("simulation".to_owned())
            // Thousands of nested futures are dropped at the end.
            .stack_size(64 * 1024 * 1024)
            .spawn_scoped(scope, move || {
                entropy::seed(seed);
                simulation()
            })?
            .join()
            .map_err(|_| std::io::Error::other("the simulation panicked"))
    })
}
