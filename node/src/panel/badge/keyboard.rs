//! Readers that type the number like a keyboard (keyboard wedges). The reader is grabbed, so that no
//! window gets what it types, whatever has the focus.

use std::io;
use std::path::{Path, PathBuf};

use evdev::{Device, EventStream, EventSummary, KeyCode};
use futures::future::BoxFuture;
use tokio::time::sleep;

use super::number::Reading;
use super::typed::{Key, PAUSE, Typed};
use super::{BadgeReader, ReaderError};

/// A reader that nobody else hears.
pub(super) struct Keyboard {
    path: PathBuf,
    events: EventStream,
    typed: Typed,
    shift: bool,
}

impl Keyboard {
    pub(super) fn open(path: &Path) -> Result<Self, ReaderError> {
        let failed = |error: io::Error| ReaderError::of_file(path, &error);
        let mut device = Device::open(path).map_err(failed)?;
        device.grab().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            events: device.into_event_stream().map_err(failed)?,
            typed: Typed::default(),
            shift: false,
        })
    }
}

impl BadgeReader for Keyboard {
    fn next(&mut self) -> BoxFuture<'_, Result<Reading, ReaderError>> {
        Box::pin(async {
            loop {
                let read = tokio::select! {
                    // Keys that came before the pause was noticed come first.
                    biased;
                    event = self.events.next_event() => {
                        let event = event.map_err(|error| ReaderError::of_file(&self.path, &error))?;
                        match event.destructure() {
                            EventSummary::Key(_, KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT, value) => {
                                self.shift = value != 0;
                                None
                            }
                            EventSummary::Key(_, code, 1) => key(code, self.shift)
                                .and_then(|key| self.typed.press(key, event.timestamp())),
                            _ => None,
                        }
                    }
                    () = sleep(PAUSE), if self.typed.is_begun() => self.typed.rest(),
                };
                if let Some(reading) = read {
                    return Ok(reading);
                }
            }
        })
    }
}

/// What a key means: letters and digits as every layout that readers come with has them, and what a
/// keyboard of the USA has around numbers.
fn key(code: KeyCode, shift: bool) -> Option<Key> {
    let written = match (code, shift) {
        (KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER | KeyCode::KEY_TAB, _) => return Some(Key::End),
        (KeyCode::KEY_SEMICOLON, false) => ';',
        (KeyCode::KEY_SEMICOLON, true) => ':',
        (KeyCode::KEY_EQUAL, false) => '=',
        (KeyCode::KEY_SLASH, true) => '?',
        (KeyCode::KEY_COMMA, false) => ',',
        (KeyCode::KEY_DOT | KeyCode::KEY_KPDOT, false) => '.',
        (KeyCode::KEY_MINUS | KeyCode::KEY_KPMINUS, false) => '-',
        (KeyCode::KEY_SPACE, _) => ' ',
        // A French keyboard has its digits behind Shift.
        (code, _) => digit(code)?,
    };
    Some(Key::Char(written))
}

fn digit(key: KeyCode) -> Option<char> {
    Some(match key {
        KeyCode::KEY_0 | KeyCode::KEY_KP0 => '0',
        KeyCode::KEY_1 | KeyCode::KEY_KP1 => '1',
        KeyCode::KEY_2 | KeyCode::KEY_KP2 => '2',
        KeyCode::KEY_3 | KeyCode::KEY_KP3 => '3',
        KeyCode::KEY_4 | KeyCode::KEY_KP4 => '4',
        KeyCode::KEY_5 | KeyCode::KEY_KP5 => '5',
        KeyCode::KEY_6 | KeyCode::KEY_KP6 => '6',
        KeyCode::KEY_7 | KeyCode::KEY_KP7 => '7',
        KeyCode::KEY_8 | KeyCode::KEY_KP8 => '8',
        KeyCode::KEY_9 | KeyCode::KEY_KP9 => '9',
        KeyCode::KEY_A => 'A',
        KeyCode::KEY_B => 'B',
        KeyCode::KEY_C => 'C',
        KeyCode::KEY_D => 'D',
        KeyCode::KEY_E => 'E',
        KeyCode::KEY_F => 'F',
        KeyCode::KEY_G => 'G',
        KeyCode::KEY_H => 'H',
        KeyCode::KEY_I => 'I',
        KeyCode::KEY_J => 'J',
        KeyCode::KEY_K => 'K',
        KeyCode::KEY_L => 'L',
        KeyCode::KEY_M => 'M',
        KeyCode::KEY_N => 'N',
        KeyCode::KEY_O => 'O',
        KeyCode::KEY_P => 'P',
        KeyCode::KEY_Q => 'Q',
        KeyCode::KEY_R => 'R',
        KeyCode::KEY_S => 'S',
        KeyCode::KEY_T => 'T',
        KeyCode::KEY_U => 'U',
        KeyCode::KEY_V => 'V',
        KeyCode::KEY_W => 'W',
        KeyCode::KEY_X => 'X',
        KeyCode::KEY_Y => 'Y',
        KeyCode::KEY_Z => 'Z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn keys_make_numbers() {
        let mut typed = Typed::default();
        let mut press = |code, shift| {
            let key = key(code, shift)?;
            typed.press(key, SystemTime::UNIX_EPOCH)
        };
        for (code, shift) in [
            (KeyCode::KEY_SEMICOLON, false),
            (KeyCode::KEY_0, false),
            (KeyCode::KEY_4, true),
            (KeyCode::KEY_LEFTCTRL, false),
            (KeyCode::KEY_A, true),
            (KeyCode::KEY_KP1, false),
            (KeyCode::KEY_EQUAL, false),
            (KeyCode::KEY_9, false),
            (KeyCode::KEY_SLASH, true),
        ] {
            assert!(press(code, shift).is_none());
        }
        let read = press(KeyCode::KEY_ENTER, false).unwrap();
        assert_eq!(read.number().expose(), "04A1");
        assert!(press(KeyCode::KEY_KPENTER, false).is_none());
    }
}
