//! Readers that type the number like a keyboard (keyboard wedges). The reader is grabbed, so that no
//! window gets what it types, whatever has the focus.

use std::io;
use std::path::{Path, PathBuf};

use evdev::{Device, EventStream, EventSummary, KeyCode};
use futures::future::BoxFuture;
use papermesh_protocol::limits::BADGE_NUMBER;
use zeroize::Zeroizing;

use super::{BadgeNumber, BadgeReader, ReaderError};

/// A reader that nobody else hears.
pub(super) struct Keyboard {
    path: PathBuf,
    events: EventStream,
}

impl Keyboard {
    pub(super) fn open(path: &Path) -> Result<Self, ReaderError> {
        let failed = |error: io::Error| ReaderError::Failed {
            reader: path.display().to_string(),
            why: error.to_string(),
        };
        let mut device = Device::open(path).map_err(failed)?;
        device.grab().map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            events: device.into_event_stream().map_err(failed)?,
        })
    }
}

impl BadgeReader for Keyboard {
    fn next(&mut self) -> BoxFuture<'_, Result<BadgeNumber, ReaderError>> {
        Box::pin(async {
            let mut typed = Typed::default();
            loop {
                let event = self.events.next_event().await;
                let event = event.map_err(|error| ReaderError::Failed {
                    reader: self.path.display().to_string(),
                    why: error.to_string(),
                })?;
                if let EventSummary::Key(_, key, 1) = event.destructure()
                    && let Some(number) = typed.press(key)
                {
                    return Ok(number);
                }
            }
        })
    }
}

/// What was typed since the last Enter.
#[derive(Default)]
struct Typed {
    digits: Zeroizing<String>,
    too_long: bool,
}

impl Typed {
    /// Takes a key; gives the number when it was Enter.
    fn press(&mut self, key: KeyCode) -> Option<BadgeNumber> {
        if matches!(
            key,
            KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER | KeyCode::KEY_TAB
        ) {
            let typed = std::mem::take(self);
            return BadgeNumber::read(&typed.digits).filter(|_| !typed.too_long);
        }
        if let Some(digit) = digit(key) {
            // Room is made once, so that no shorter copy stays behind in memory.
            self.digits.reserve_exact(BADGE_NUMBER);
            if self.digits.len() < BADGE_NUMBER {
                self.digits.push(digit);
            } else {
                self.too_long = true;
            }
        }
        None
    }
}

/// Letters and digits as every layout that readers come with has them.
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
    use super::*;

    #[test]
    fn keys_make_numbers() {
        let mut typed = Typed::default();
        let press =
            |typed: &mut Typed, keys: &[KeyCode]| keys.iter().find_map(|key| typed.press(*key));
        let keys = [
            KeyCode::KEY_0,
            KeyCode::KEY_4,
            KeyCode::KEY_LEFTSHIFT,
            KeyCode::KEY_A,
            KeyCode::KEY_KP1,
            KeyCode::KEY_ENTER,
        ];
        assert_eq!(press(&mut typed, &keys).unwrap().expose(), "04A1");
        assert!(press(&mut typed, &[KeyCode::KEY_ENTER]).is_none());
        let long = vec![KeyCode::KEY_7; BADGE_NUMBER + 1];
        assert!(press(&mut typed, &long).is_none());
        // A number that was cut short would be somebody else's.
        assert!(typed.press(KeyCode::KEY_ENTER).is_none());
    }
}
