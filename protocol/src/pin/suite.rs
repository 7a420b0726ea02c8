//! The OPAQUE cipher suite, and randomness in the form its library wants.
//!
//! The library is built on an older generation of traits than the rest of this crate; this file is where the two
//! meet.

use opaque_ke::rand::{CryptoRng as OldCryptoRng, Error as OldError, RngCore as OldRng};
use opaque_ke::{CipherSuite, Ristretto255, TripleDh};
use rand_core::CryptoRng;

use super::stretch::Stretcher;

/// OPAQUE-3DH over ristretto255 and SHA-512 with Argon2id.
pub(super) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_opaque::Sha512>;
    type Ksf = Stretcher;
}

/// Our randomness for the library.
pub(super) struct Random<'a>(pub(super) &'a mut dyn CryptoRng);

impl OldRng for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), OldError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl OldCryptoRng for Random<'_> {}

/// The same bytes every time for the same secret and name: HKDF-SHA-512 with the number of the request as `info`.
pub(super) struct Derived {
    hkdf: hkdf::Hkdf<sha2::Sha512>,
    requests: u64,
}

impl Derived {
    /// Most bytes one `Expand` gives (RFC 5869, section 2.3).
    const MAX_EXPAND: usize = 255 * 64;

    pub(super) fn new(secret: &[u8], name: &[u8]) -> Self {
        Self {
            hkdf: hkdf::Hkdf::new(Some(name), secret),
            requests: 0,
        }
    }
}

impl OldRng for Derived {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(Self::MAX_EXPAND) {
            self.hkdf
                .expand(&self.requests.to_be_bytes(), part)
                .unwrap_or_else(|_| unreachable!("a part is no longer than HKDF allows"));
            self.requests += 1;
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), OldError> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl OldCryptoRng for Derived {}
