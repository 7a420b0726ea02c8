//! Stretching the PIN with Argon2id, and remembering the result for one visit.
//!
//! What is stretched is the OPRF's output, which is the same at every holder of a user's verifier. A printer that
//! logs in to three holders with one PIN would otherwise pay the same Argon2id three times, while the user waits.

use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Most results a [`KsfMemo`] keeps; the oldest makes room. A visit has one PIN, but not every holder has its
/// newest verifier.
pub const MAX_REMEMBERED: usize = 8;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT: [u8; 16] = [0; 16];
/// Blocks asked of the allocator, more than Argon2 fills. Only what is larger than 32 MiB is given back to the system
/// as soon as it is freed (glibc, mallopt(3), `M_MMAP_THRESHOLD`); smaller, it would stay with each thread that ever
/// stretched a PIN. What is not touched costs nothing.
const ROOM: usize = 33 * 1024 * 1024 / Block::SIZE;

/// Stretched PINs of one visit, so that each is computed once however many holders are logged in to, also at the
/// same time. As secret as the PIN; wiped when dropped, so drop it with the visit.
#[derive(Default)]
pub struct KsfMemo(Stretcher);

impl KsfMemo {
    /// An empty memo.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many times Argon2id has run for this memo.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.0.runs.load(Ordering::Relaxed)
    }

    pub(super) fn stretcher(&self) -> &Stretcher {
        &self.0
    }
}

/// The key stretching function of the cipher suite; it lives in a [`KsfMemo`].
#[derive(Default)]
pub(super) struct Stretcher {
    remembered: Mutex<Vec<Arc<Stretched>>>,
    runs: AtomicU32,
}

/// One input and, once somebody has computed it, its result: `None` if there was no memory for it.
struct Stretched {
    input: Zeroizing<Vec<u8>>,
    output: OnceLock<Option<Zeroizing<Vec<u8>>>>,
}

impl Stretcher {
    /// The place of `input`, new or remembered. The lock is held for the search only: two PINs are stretched side by side,
    /// and the second to ask for the same one waits for the first.
    fn place(&self, input: &[u8]) -> Arc<Stretched> {
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered
            .iter()
            .find(|known| known.input.ct_eq(input).into())
        {
            return Arc::clone(known);
        }
        if remembered.len() == MAX_REMEMBERED {
            remembered.remove(0);
        }
        let place = Arc::new(Stretched {
            input: Zeroizing::new(input.to_vec()),
            output: OnceLock::new(),
        });
        remembered.push(Arc::clone(&place));
        place
    }

    fn forget(&self, place: &Arc<Stretched>) {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|known| !Arc::ptr_eq(known, place));
    }

    fn stretch(&self, input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(input.len())).ok()?;
        let mut output = Zeroizing::new(vec![0; input.len()]);
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(ROOM).ok()?;
        blocks.resize(params.block_count(), Block::default());
        let done = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(input, &SALT, &mut output, &mut blocks);
        blocks.iter_mut().for_each(Zeroize::zeroize);
        done.ok()?;
        Some(output)
    }
}

impl Ksf for Stretcher {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let input = Zeroizing::new(input);
        let place = self.place(&input);
        match place.output.get_or_init(|| self.stretch(&input)) {
            Some(output) => Ok(GenericArray::clone_from_slice(output)),
            None => {
                // The next attempt may find memory again.
                self.forget(&place);
                Err(InternalError::KsfError)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::thread;

    use super::*;

    fn hash(memo: &KsfMemo, input: u8) -> [u8; 64] {
        let input = GenericArray::from([input; 64]);
        memo.stretcher().hash(input).unwrap().into()
    }

    #[test]
    fn one_input_is_stretched_once_even_at_the_same_time() {
        let memo = KsfMemo::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| hash(&memo, 1));
            }
        });
        assert_eq!(memo.runs(), 1);
        assert_eq!(hash(&memo, 1), hash(&KsfMemo::new(), 1));
        assert_ne!(hash(&memo, 1), hash(&memo, 2));
        assert_eq!(memo.runs(), 2);
    }

    #[test]
    fn the_memo_is_bounded_and_forgets_the_oldest() {
        let memo = KsfMemo::new();
        for input in 0..=MAX_REMEMBERED as u8 {
            hash(&memo, input);
        }
        let runs = memo.runs();
        hash(&memo, MAX_REMEMBERED as u8);
        assert_eq!(memo.runs(), runs);
        hash(&memo, 0);
        assert_eq!(memo.runs(), runs + 1);
        assert_eq!(memo.0.remembered.lock().unwrap().len(), MAX_REMEMBERED);
    }
}
