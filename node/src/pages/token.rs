//! Secrets of pages: unguessable, compared in constant time, wiped when dropped.

use data_encoding::BASE64URL_NOPAD;
use rand::RngExt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// 256 random bits: a browser's cookie, or what a page shows with every request.
#[derive(Clone)]
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn random() -> Self {
        Self(rand::rng().random())
    }

    /// The one that was sent or kept like this, if it is one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let token = decoded.as_slice().try_into().ok().map(Self);
        decoded.zeroize();
        token
    }

    /// As it is sent.
    pub(crate) fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Whether this is what was sent.
    pub(crate) fn is(&self, text: &str) -> bool {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes());
        decoded.is_ok_and(|bytes| bytes.as_slice().ct_eq(&self.0).into())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let (one, other) = (Token::random(), Token::random());
        assert!(one.is(&one.text()) && !one.is(&other.text()));
        for wrong in ["", "=", &one.text()[1..]] {
            assert!(!one.is(wrong));
        }
    }
}
