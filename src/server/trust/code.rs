//! An address as a QR code, drawn as one path.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Empty modules around the code, without which cameras do not find it.
const QUIET: usize = 4;

/// `text` as the content of an `svg` element, and how many units that is wide.
pub(super) fn path(text: &str) -> Option<(String, usize)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (place, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let _ = write!(path, "M{} {}h1v1h-1z", place % width + QUIET, place / width + QUIET);
        }
    }
    Some((path, width + 2 * QUIET))
}
