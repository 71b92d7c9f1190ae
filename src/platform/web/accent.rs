//! The colour of a workspace, made safe.
//!
//! A person gives any colour; only its hue and a limited chroma survive, the lightness is ours. So no choice can make a button
//! unreadable, in the light theme or the dark one. The colour space is Oklab (Björn Ottosson, "A perceptual color space for image
//! processing", 2020), where equal lightness looks equally light at every hue; ratios are those of WCAG 2.2.

use std::fmt;

use color::{LinearSrgb, Oklch, OpaqueColor, Rgba8, Srgb};

/// The six digits of the accent a workspace has until somebody chooses another.
pub const DEFAULT: &str = "0f766e";

/// An sRGB colour. Prints as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex([u8; 3]);

impl Hex {
    /// The six lower-case digits without `#`, as they stand in `/accent/<digits>.css`.
    pub fn digits(self) -> String {
        let [r, g, b] = self.0;
        format!("{r:02x}{g:02x}{b:02x}")
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

/// Reads exactly six hexadecimal digits, in either case. No `#`, no names, no short form: the text becomes part of an address.
pub fn parse_hex(text: &str) -> Option<Hex> {
    let digits = (text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)?;
    let [_, r, g, b] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(Hex([r, g, b]))
}

/// The colours of one theme, in the roles the style sheets know as `--accent…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shades {
    /// `--accent`: main button, mark, ticked boxes; carries `on`.
    pub fill: Hex,
    /// `--accent-hover`: the same under the pointer.
    pub hover: Hex,
    /// `--accent-ink`: text on `soft`.
    pub ink: Hex,
    /// `--accent-soft`: ground of a chosen row.
    pub soft: Hex,
    /// `--accent-line`: edge of a chosen option, mark of the current page.
    pub line: Hex,
    /// `--on-accent`: text on `fill` and `hover`.
    pub on: Hex,
}

/// A workspace's colour in both themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    /// On light ground.
    pub light: Shades,
    /// On dark ground.
    pub dark: Shades,
}

/// Lightness and greatest chroma of each role: fill, hover, ink, soft, line, on.
type Roles = [(f32, f32); 6];
const LIGHT: Roles = [(0.50, 0.15), (0.43, 0.15), (0.40, 0.13), (0.955, 0.03), (0.58, 0.14), (1.0, 0.0)];
const DARK: Roles = [(0.80, 0.12), (0.86, 0.10), (0.86, 0.09), (0.30, 0.05), (0.66, 0.12), (0.20, 0.02)];
/// Below this chroma a colour has no hue worth keeping; it is treated as grey.
const GREY: f32 = 0.02;

fn srgb(Hex([r, g, b]): Hex) -> OpaqueColor<Srgb> {
    OpaqueColor::from_rgb8(r, g, b)
}

/// Derives every shade from the one colour a person gave.
pub fn accent(hex: Hex) -> Accent {
    let [_, given, hue] = srgb(hex).convert::<Oklch>().components;
    let chroma = if given < GREY { 0.0 } else { given };
    let shades = |roles: Roles| {
        let [fill, hover, ink, soft, line, on] = roles.map(|(l, most)| in_srgb(l, chroma.min(most), hue));
        Shades { fill, hover, ink, soft, line, on }
    };
    Accent { light: shades(LIGHT), dark: shades(DARK) }
}

impl Accent {
    /// The style sheet served for this colour: light values for every browser, then both themes where `light-dark()` is known.
    pub fn css(&self) -> String {
        let (mut plain, mut both) = (String::new(), String::new());
        for ((name, light), (_, dark)) in self.light.named().into_iter().zip(self.dark.named()) {
            plain.push_str(&format!("{name}:{light};"));
            both.push_str(&format!("{name}:light-dark({light},{dark});"));
        }
        format!("@layer tokens{{:root{{{plain}}}@supports (color:light-dark(#000,#fff)){{:root{{{both}}}}}}}\n")
    }
}

impl Shades {
    fn named(&self) -> [(&'static str, Hex); 6] {
        [
            ("--accent", self.fill),
            ("--accent-hover", self.hover),
            ("--accent-ink", self.ink),
            ("--accent-soft", self.soft),
            ("--accent-line", self.line),
            ("--on-accent", self.on),
        ]
    }
}

/// The nearest colour of this lightness and hue that sRGB has. Chroma gives way, because a browser that clips a channel would change
/// the lightness, and the contrast with it.
fn in_srgb(l: f32, c: f32, h: f32) -> Hex {
    let of = |chroma: f32| OpaqueColor::<Oklch>::new([l, chroma, h]);
    let on_screen = |chroma: f32| {
        let channels = of(chroma).convert::<LinearSrgb>().components;
        channels.into_iter().all(|channel| (-1e-5..=1.0 + 1e-5).contains(&channel))
    };
    let mut fits = if on_screen(c) { c } else { 0.0 };
    let mut step = (c - fits) / 2.0;
    while step > 0.4 / 16_384.0 {
        if on_screen(fits + step) {
            fits += step;
        }
        step /= 2.0;
    }
    let Rgba8 { r, g, b, .. } = of(fits).to_rgba8();
    Hex([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio of WCAG 2.2, 1 to 21.
    fn contrast(a: Hex, b: Hex) -> f32 {
        let (a, b) = (srgb(a).relative_luminance(), srgb(b).relative_luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Lowest ratios by design: text on fill, text on hover, fill on surface, ink on soft, line on surface.
    const FLOORS: [(Hex, [f32; 5]); 2] =
        [(Hex([0xff; 3]), [5.59, 7.60, 5.59, 7.68, 3.98]), (Hex([0x1a, 0x1e, 0x25]), [9.18, 11.2, 8.43, 8.71, 5.02])];

    #[test]
    fn no_hue_at_any_chroma_can_break_contrast() {
        let channel = || (0..=255_u8).step_by(15);
        for given in channel().flat_map(|r| channel().flat_map(move |g| channel().map(move |b| Hex([r, g, b])))) {
            let Accent { light, dark } = accent(given);
            for (of, (surface, floors)) in [light, dark].into_iter().zip(FLOORS) {
                let pairs =
                    [(of.on, of.fill), (of.on, of.hover), (of.fill, surface), (of.ink, of.soft), (of.line, surface)];
                for ((front, back), floor) in pairs.into_iter().zip(floors) {
                    assert!(contrast(front, back) >= floor, "{given}: {front} on {back} is under {floor}");
                }
            }
        }
    }

    #[test]
    fn the_default_gives_the_published_values() {
        let Accent { light, dark } = accent(parse_hex(DEFAULT).expect("six digits"));
        let words = |of: Shades| of.named().map(|(_, hex)| hex.digits()).join(" ");
        assert_eq!(words(light), "07736b 005d56 00544e dbf7f3 2f8b82 ffffff");
        assert_eq!(words(dark), "79d0c6 8ce4da 8ce4da 043632 4ba39a 0b1917");
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(parse_hex("0F766E").map(Hex::digits).as_deref(), Some("0f766e"));
        for text in ["", "#0f766e", "0f766", "0f766e0", "0f766g", "+f766e", "0f 66e", "０f76e", "teal"] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
    }

    #[test]
    fn a_grey_stays_grey() {
        let Accent { light, dark } = accent(Hex([0x77; 3]));
        for (name, Hex([r, g, b])) in light.named().into_iter().chain(dark.named()) {
            assert!(r == g && g == b, "{name}");
        }
    }

    #[test]
    fn the_style_sheet_has_light_values_first_and_both_themes_after() {
        let css = accent(parse_hex(DEFAULT).expect("six digits")).css();
        let (plain, both) = css.split_once("@supports").expect("two parts");
        assert!(plain.contains("--accent:#07736b;--accent-hover:#005d56;") && !plain.contains("light-dark("));
        assert!(both.contains("--accent-soft:light-dark(#dbf7f3,#043632);"));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
