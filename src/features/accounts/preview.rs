//! A drawing of what a workspace's colour makes of the recipient's page, in both themes. Drawn, because a page has one theme at a
//! time, and because the colour need not be saved to be looked at.

use crate::platform::web::accent::{self, Shades};
use crate::platform::web::frame::first_letter;

/// Characters of a name that fit into the drawing.
const DRAWN: usize = 22;

/// The drawing's words, and one set of colours a theme.
pub(super) struct Preview {
    pub(super) name: String,
    pub(super) mark: String,
    pub(super) themes: Vec<PreviewTheme>,
}

/// The colours of one theme: the workspace's, and those of the page around them (as in `static/app.css`).
pub(super) struct PreviewTheme {
    pub(super) label: &'static str,
    pub(super) shades: Shades,
    pub(super) canvas: &'static str,
    pub(super) surface: &'static str,
    pub(super) line: &'static str,
    pub(super) ink: &'static str,
}

impl Preview {
    /// The drawing for a name and six digits; digits that are no colour give the default.
    pub(super) fn new(name: &str, digits: &str) -> Self {
        let hex = accent::parse_hex(digits).or_else(|| accent::parse_hex(accent::DEFAULT));
        let drawn: String = name.chars().take(DRAWN).collect();
        let cut = if name.chars().count() > DRAWN { "…" } else { "" };
        Self { name: format!("{drawn}{cut}"), mark: first_letter(name), themes: hex.map(both).unwrap_or_default() }
    }
}

fn both(hex: accent::Hex) -> Vec<PreviewTheme> {
    let colours = accent::accent(hex);
    vec![
        PreviewTheme {
            label: "Light",
            shades: colours.light,
            canvas: "#f9fafc",
            surface: "#ffffff",
            line: "#d5d9df",
            ink: "#1b222b",
        },
        PreviewTheme {
            label: "Dark",
            shades: colours.dark,
            canvas: "#10151b",
            surface: "#1a1e25",
            line: "#343b45",
            ink: "#eef0f3",
        },
    ]
}
