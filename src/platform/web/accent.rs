//! The colour of a workspace, made safe.
//!
//! A person gives any colour; only its hue and a limited chroma survive, the lightness is ours. So no choice can make a button
//! unreadable, in the light theme or the dark one. The colour space is Oklab (Björn Ottosson, "A perceptual color space for image
//! processing", 2020), where equal lightness looks equally light at every hue; ratios are those of WCAG 2.2.

use std::fmt;

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
type Plan = [(f64, f64); 6];
const LIGHT: Plan = [(0.50, 0.15), (0.43, 0.15), (0.40, 0.13), (0.955, 0.03), (0.58, 0.14), (1.0, 0.0)];
const DARK: Plan = [(0.80, 0.12), (0.86, 0.10), (0.86, 0.09), (0.30, 0.05), (0.66, 0.12), (0.20, 0.02)];
/// Below this chroma a colour has no hue worth keeping; it is treated as grey.
const GREY: f64 = 0.02;

/// Derives every shade from the one colour a person gave.
pub fn accent(hex: Hex) -> Accent {
    let given = Oklch::from(hex);
    let chroma = if given.c < GREY { 0.0 } else { given.c };
    let shades = |plan: Plan| {
        let [fill, hover, ink, soft, line, on] =
            plan.map(|(l, most)| Oklch { l, c: chroma.min(most), h: given.h }.into_srgb());
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

/// Lightness 0–1, chroma from 0, hue in radians.
#[derive(Clone, Copy)]
struct Oklch {
    l: f64,
    c: f64,
    h: f64,
}

impl From<Hex> for Oklch {
    fn from(hex: Hex) -> Self {
        let [r, g, b] = hex.0.map(|byte| linear(f64::from(byte) / 255.0));
        let long = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let medium = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let short = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        let l = 0.210_454_255_3 * long + 0.793_617_785_0 * medium - 0.004_072_046_8 * short;
        let a = 1.977_998_495_1 * long - 2.428_592_205_0 * medium + 0.450_593_709_9 * short;
        let b = 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766_0 * short;
        Self { l, c: a.hypot(b), h: b.atan2(a) }
    }
}

impl Oklch {
    /// Channels of linear light; outside 0–1 when no screen can show the colour.
    fn linear_rgb(self) -> [f64; 3] {
        let (a, b) = (self.c * self.h.cos(), self.c * self.h.sin());
        let long = (self.l + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let medium = (self.l - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let short = (self.l - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
        ]
    }

    fn on_screen(self) -> bool {
        self.linear_rgb().into_iter().all(|channel| (-1e-6..=1.0 + 1e-6).contains(&channel))
    }

    /// The nearest colour of this lightness and hue that sRGB has. Chroma gives way, because a browser that clips a channel
    /// would change the lightness, and the contrast with it.
    fn into_srgb(self) -> Hex {
        let mut fits = if self.on_screen() { self } else { Self { c: 0.0, ..self } };
        let mut step = (self.c - fits.c) / 2.0;
        while step > 0.4 / 16_384.0 {
            let richer = Self { c: fits.c + step, ..fits };
            if richer.on_screen() {
                fits = richer;
            }
            step /= 2.0;
        }
        Hex(fits.linear_rgb().map(byte))
    }
}

/// The sRGB transfer function backwards (IEC 61966-2-1): an encoded channel 0–1 to linear light.
fn linear(channel: f64) -> f64 {
    if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

/// Linear light to the byte of an sRGB channel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0–1 first, so the product is within 0–255"
)]
fn byte(light: f64) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let channel = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (channel * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast ratio of WCAG 2.2, 1 to 21.
    fn contrast(a: Hex, b: Hex) -> f64 {
        let luminance = |hex: Hex| {
            let [r, g, b] = hex.0.map(|byte| linear(f64::from(byte) / 255.0));
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Lowest ratios by design: text on fill, text on hover, fill on surface, ink on soft, line on surface.
    const FLOORS: [(Hex, [f64; 5]); 2] =
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
