//! From keys and their times to what a reader read. Whoever hears the keys says when each was pressed,
//! and when none was for [`PAUSE`].
//!
//! Most readers end a number with Enter or Tab. Half of them come set up to end it with nothing: then
//! the pause after it ends it. A badge that is taken away in the middle leaves half a number, and the
//! pause after that must not count it. So a reader that was seen to send Enter is believed to always
//! do so, and of another one only what is long enough counts.

use std::time::{Duration, SystemTime};

use papermesh_protocol::limits::BADGE_NUMBER;
use zeroize::Zeroizing;

use super::number::Reading;

/// How long a reader may take from key to key. Slow ones, over Bluetooth, take a fifth of it.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// What a number has at least that only a pause ended: eight digits, as four bytes or 26 bits are printed.
const WHOLE: usize = 8;

/// A key, as far as readers use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// It writes this.
    Char(char),
    /// It ends a number.
    End,
}

/// What was typed since the last number ended.
#[derive(Default)]
pub(super) struct Typed {
    text: Zeroizing<String>,
    too_long: bool,
    last: Option<SystemTime>,
    /// The reader ended a number with a key before.
    ends_with_key: bool,
}

impl Typed {
    /// Takes a key that was pressed at this time; gives a reading that is whole.
    pub(super) fn press(&mut self, key: Key, at: SystemTime) -> Option<Reading> {
        // A clock that was set meanwhile ends nothing.
        let rested = self
            .last
            .is_some_and(|last| at.duration_since(last).is_ok_and(|gap| gap >= PAUSE));
        let before = rested.then(|| self.rest()).flatten();
        self.last = Some(at);
        match key {
            Key::End => {
                let ended = self.take();
                self.ends_with_key |= ended.is_some();
                before.or(ended)
            }
            Key::Char(c) => {
                if self.text.len() + c.len_utf8() <= BADGE_NUMBER {
                    // Room is made once, so that no shorter copy stays behind in memory.
                    self.text.reserve_exact(BADGE_NUMBER);
                    self.text.push(c);
                } else {
                    self.too_long = true;
                }
                before
            }
        }
    }

    /// No key was pressed for [`PAUSE`]: what was typed is a number, or half of one and forgotten.
    pub(super) fn rest(&mut self) -> Option<Reading> {
        let counts = !self.ends_with_key;
        let rested = self.take();
        rested.filter(|reading| counts && reading.number().expose().len() >= WHOLE)
    }

    /// Whether something was typed that is to end.
    pub(super) fn is_begun(&self) -> bool {
        !self.text.is_empty()
    }

    fn take(&mut self) -> Option<Reading> {
        let text = std::mem::take(&mut self.text);
        let too_long = std::mem::take(&mut self.too_long);
        self.last = None;
        // A number that was cut short would be somebody else's.
        Reading::of(&text).filter(|_| !too_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BADGE: &str = "04A1B2C3D4E5F6";

    /// A reader at which somebody types as readers do.
    struct Reader {
        typed: Typed,
        now: SystemTime,
        read: Vec<String>,
    }

    impl Reader {
        fn new() -> Self {
            Self {
                typed: Typed::default(),
                now: SystemTime::UNIX_EPOCH,
                read: Vec::new(),
            }
        }

        /// Types with so many milliseconds between keys; `\n` is Enter.
        fn types(&mut self, text: &str, between: u64) -> &mut Self {
            for c in text.chars() {
                let key = match c {
                    '\n' => Key::End,
                    c => Key::Char(c),
                };
                self.now += Duration::from_millis(between);
                let read = self.typed.press(key, self.now);
                self.note(read);
            }
            self
        }

        /// Nothing happens for so many milliseconds, and the pause is noticed in time or is not.
        fn rests(&mut self, millis: u64, noticed: bool) -> &mut Self {
            self.now += Duration::from_millis(millis);
            if noticed && self.typed.is_begun() {
                let read = self.typed.rest();
                self.note(read);
            }
            self
        }

        fn note(&mut self, read: Option<Reading>) {
            self.read
                .extend(read.map(|read| read.number().expose().to_owned()));
        }
    }

    #[test]
    fn a_number_ends_with_enter_however_fast_it_is_typed() {
        for between in [0, 1, 5, 80, 200] {
            let mut reader = Reader::new();
            reader.types("04A1B2C3D4E5F6\n", between);
            // Readers that end with two keys read no second, empty badge.
            reader.types("\n", between);
            assert_eq!(reader.read, [BADGE], "{between} ms");
        }
    }

    #[test]
    fn a_reader_without_enter_is_read_after_a_pause() {
        for noticed in [true, false] {
            let mut reader = Reader::new();
            reader.types(BADGE, 5).rests(3000, noticed);
            reader.types(BADGE, 5).rests(3000, noticed);
            reader.types("\n", 5);
            assert_eq!(reader.read, [BADGE, BADGE], "noticed: {noticed}");
        }
    }

    #[test]
    fn half_a_number_is_forgotten() {
        for noticed in [true, false] {
            let mut reader = Reader::new();
            // Too short to be one, before anything is known of the reader,
            reader.types("04A1", 5).rests(2000, noticed);
            reader.types("04A1B2C3D4E5F6\n", 5);
            // and too early ended, for a reader that has ended another with Enter.
            reader.types("04A1B2C3D4", 5).rests(2000, noticed);
            reader.types("04A1B2C3D4E5F6\n", 5);
            assert_eq!(reader.read, [BADGE, BADGE], "noticed: {noticed}");
        }
    }

    #[test]
    fn a_stripe_has_its_sentinels() {
        let mut reader = Reader::new();
        reader.types(";04A1B2C3D4E5F6=0001?\n", 5);
        reader.types(";04A1B2C3D4E5F6\n", 5);
        assert_eq!(reader.read, [BADGE, BADGE]);
    }

    #[test]
    fn what_is_too_long_is_no_number() {
        let mut reader = Reader::new();
        reader.types(&"7".repeat(BADGE_NUMBER + 1), 1);
        reader.types("\n", 1).types("04A1\n", 1);
        assert_eq!(reader.read, ["04A1"]);
    }

    #[test]
    fn a_clock_that_is_set_ends_no_number() {
        let mut reader = Reader::new();
        reader.types("04A1B2C3", 5);
        reader.now = SystemTime::UNIX_EPOCH;
        reader.types("D4E5F6\n", 5);
        assert_eq!(reader.read, [BADGE]);
    }
}
