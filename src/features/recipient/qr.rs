//! A QR code as the path of an inline SVG: one unit a module, drawn by us so that no page needs an image from anywhere.

use std::fmt::Write as _;

use anyhow::Context as _;
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the code (ISO/IEC 18004 asks for four).
const QUIET_ZONE: usize = 4;

/// A code ready to draw: `<svg viewBox="0 0 {size} {size}"><path d="{path}"/>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrPath {
    /// Width and height, quiet zone included.
    pub size: usize,
    /// The dark modules.
    pub path: String,
}

/// The code of a text.
///
/// # Errors
/// The text is too long for any QR code.
pub fn qr_path(text: &str) -> anyhow::Result<QrPath> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).context("a QR code")?;
    let width = code.width();
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(width).enumerate() {
        let mut column = 0;
        for run in modules.chunk_by(|left, right| left == right) {
            if run.first() == Some(&Color::Dark) {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{} {}h{}v1h-{}z", column + QUIET_ZONE, row + QUIET_ZONE, run.len(), run.len());
            }
            column += run.len();
        }
    }
    Ok(QrPath { size: width + 2 * QUIET_ZONE, path })
}

#[cfg(test)]
mod tests {
    use super::qr_path;

    #[test]
    fn a_code_has_its_finder_patterns_inside_the_quiet_zone() {
        let code = qr_path("https://connect.example.com/scl/abc").unwrap();
        assert!(code.path.starts_with("M4 4h7v1h-7z"), "{}", code.path);
        assert_eq!((code.size - 8 - 17) % 4, 0);
    }
}
