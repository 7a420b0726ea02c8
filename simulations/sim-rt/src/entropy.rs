//! The system's random numbers and clocks, as simulated threads see them. **The only unsafe code of the simulator.**
//!
//! The program defines the C functions `getrandom` and `clock_gettime` itself, so everything linked into it that asks
//! the system asks here: `std`'s hash maps, `rand`, the crates of cryptography. A thread that was given a seed hears
//! numbers that follow from it; all other threads hear the kernel. A thread in [`Clocks::Strict`] that looks at the real
//! clock ends the process with a backtrace: such a look would make the run depend on the machine's speed.
//!
//! Linux only. Elsewhere nothing is replaced, and [`SEEDED`] says so.

use std::cell::Cell;

/// Whether this platform's entropy can be seeded: without it two runs differ.
pub const SEEDED: bool = cfg!(target_os = "linux");

/// What a thread sees when it asks for the time of the wall or of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// The machine's.
    Real,
    /// Virtual time.
    Virtual,
    /// Nothing: asking ends the process.
    Strict,
}

thread_local! {
    // Without destructors, so that they can be read at any time of a thread's life.
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static CLOCKS: Cell<Clocks> = const { Cell::new(Clocks::Real) };
}

/// Seeds this thread's entropy.
pub fn seed(seed: u64) {
    // Neighboring seeds begin far from each other.
    STATE.set(Some(mix(seed ^ 0x5eed_0f50_a9e2_31c1)));
}

/// How often this thread asked for entropy since it was seeded.
pub fn asked() -> u64 {
    ASKED.get()
}

/// While it lives, this thread sees other clocks.
pub struct ClocksGuard(Clocks);

/// Shows these clocks to this thread until the guard is dropped.
pub fn clocks(shown: Clocks) -> ClocksGuard {
    ClocksGuard(CLOCKS.replace(shown))
}

impl Drop for ClocksGuard {
    fn drop(&mut self) {
        CLOCKS.set(self.0);
    }
}

/// SplitMix64: every word differs from the others of its period, and what is seeded from it is a cipher.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The next bytes of a seeded thread; `false` if this thread is not seeded.
#[cfg_attr(not(target_os = "linux"), expect(dead_code))]
fn fill(bytes: &mut [u8]) -> bool {
    let Some(mut state) = STATE.get() else {
        return false;
    };
    for chunk in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
    }
    STATE.set(Some(state));
    ASKED.set(ASKED.get() + 1);
    true
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
mod replaced {
    use super::{CLOCKS, Clocks, fill};
    use libc::{c_int, c_uint, c_void, clockid_t, size_t, ssize_t, timespec};

    /// `getrandom(2)` as the C library has it.
    ///
    /// # Safety
    ///
    /// `buffer` points to `length` bytes that may be written.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
        if !buffer.is_null() && length > 0 {
            // SAFETY: the caller's promise. The bytes need no values, but Rust wants some before it lends them.
            let bytes = unsafe {
                buffer.cast::<u8>().write_bytes(0, length);
                std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
            };
            if fill(bytes) {
                return length as ssize_t;
            }
        }
        // SAFETY: the same arguments, to the kernel.
        unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as ssize_t }
    }

    /// `clock_gettime(2)` as the C library has it.
    ///
    /// # Safety
    ///
    /// `time` points to a `timespec` that may be written.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
        let shown = match clock {
            // Processor time and the coarse clocks, by which allocators give pages back, change no behavior.
            libc::CLOCK_REALTIME | libc::CLOCK_MONOTONIC | libc::CLOCK_BOOTTIME => CLOCKS.get(),
            _ => Clocks::Real,
        };
        match shown {
            Clocks::Strict => {
                CLOCKS.set(Clocks::Real);
                eprintln!(
                    "a simulated thread looked at the real clock:\n{}",
                    std::backtrace::Backtrace::force_capture()
                );
                std::process::abort()
            }
            Clocks::Virtual if !time.is_null() => {
                let now = papermesh_sim_clock::now();
                let since = match clock {
                    libc::CLOCK_REALTIME => papermesh_sim_clock::EPOCH,
                    _ => 0,
                };
                let value = timespec {
                    tv_sec: (since + now / 1_000_000_000) as libc::time_t,
                    tv_nsec: (now % 1_000_000_000) as libc::c_long,
                };
                // SAFETY: the caller's promise.
                unsafe { time.write(value) };
                0
            }
            // SAFETY: the same arguments, to the kernel.
            _ => unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int },
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    fn drawn(of: u64) -> (u64, u64) {
        crate::simulate(of, || {
            (RandomState::new().hash_one(7), rand::random::<u64>())
        })
        .unwrap_or_default()
    }

    #[test]
    fn hash_maps_and_rand_follow_from_the_seed() {
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert_ne!(drawn(1).1, rand::random::<u64>());
    }

    #[test]
    fn std_sees_virtual_time_where_it_is_shown() {
        let _shown = clocks(Clocks::Virtual);
        let before = std::time::Instant::now();
        papermesh_sim_clock::advance_to(papermesh_sim_clock::now() + 3_000_000_000);
        assert_eq!(before.elapsed(), std::time::Duration::from_secs(3));
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        assert!(wall.as_secs() >= papermesh_sim_clock::EPOCH);
    }

    /// Run by the test below in a process of its own.
    #[test]
    #[ignore = "ends its process"]
    fn looks_at_the_clock() {
        let _shown = clocks(Clocks::Strict);
        let _ = std::time::Instant::now();
    }

    #[test]
    fn looking_at_the_real_clock_ends_the_process() {
        let Ok(program) = std::env::current_exe() else {
            return;
        };
        let output = std::process::Command::new(program)
            .args([
                "--ignored",
                "--exact",
                "entropy::tests::looks_at_the_clock",
                "--nocapture",
            ])
            .output();
        let Ok(output) = output else {
            unreachable!("the test program did not start");
        };
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("looked at the real clock"), "{said}");
    }
}
