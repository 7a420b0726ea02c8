//! Tables of operations (RFC 8011 section 5.4.15).

/// Names the operations that a printer has, and lists them as `SUPPORTED`, which is `operations-supported`.
#[macro_export]
macro_rules! operations {
    ($($name:ident = $number:literal),* $(,)?) => {
        /// `operations-supported`.
        pub(super) const SUPPORTED: [u16; [$($number),*].len()] = [$($number),*];
        $(pub(super) const $name: u16 = $number;)*
    };
}
