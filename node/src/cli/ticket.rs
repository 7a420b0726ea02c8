//! Invites and tickets on the screen: the line alone for whoever pipes it on, and a QR code above
//! it for whoever holds up a camera.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use super::context::Context;
use super::failure::CliError;

/// Shows a line that is to be carried to another device, and says what to do with it.
pub(super) fn show(context: &Context, line: &str, hint: &str) -> Result<(), CliError> {
    let screen = &context.screen;
    // Only a terminal has a width.
    if let Some(code) = screen.style().width.and_then(|width| picture(line, width)) {
        screen.line(&code)?;
    }
    screen.line(line)?;
    screen.remark(hint);
    Ok(())
}

/// The line as a QR code in half blocks, light on dark as most terminals are; none if it does
/// not fit the screen.
fn picture(line: &str, width: u16) -> Option<String> {
    let code = QrCode::with_error_correction_level(line, EcLevel::L).ok()?;
    // A quiet zone of four modules on either side (ISO/IEC 18004 §9.1).
    if code.width() + 8 > usize::from(width) {
        return None;
    }
    let image = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    Some(image)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_code_is_shown_only_where_it_fits() {
        let code = picture("papermesh-invite-1:ABCDEF", 80).unwrap();
        let widest = code.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80);
        assert!(
            picture(
                "papermesh-invite-1:ABCDEF",
                (widest - 1).try_into().unwrap()
            )
            .is_none()
        );
        assert!(picture(&"A".repeat(10_000), u16::MAX).is_none());
    }
}
