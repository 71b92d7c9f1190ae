//! Numbers in the form in which they are sent: <https://www.postgresql.org/docs/current/protocol-overview.html>. A number is taken only
//! when nothing of it gets lost.

use super::types::ColumnType;

/// Most digits of a `numeric` before and after its point.
const MOST_BEFORE: i64 = 131_072;
const MOST_AFTER: i64 = 16_383;
/// WrittenNumber digits that come out of a float as they went in.
const DIGITS4: usize = 6;
const DIGITS8: usize = 15;
const NAN: u16 = 0xC000;
const INFINITE: u16 = 0xD000;
const MINUS_INFINITE: u16 = 0xF000;

/// A number as it is written: the digits, and where among them the point is.
struct WrittenNumber<'a> {
    is_negative: bool,
    /// Before and after the point, without zeros at the outer ends.
    before: &'a [u8],
    after: &'a [u8],
    exponent: i64,
    /// Digits after the point that are written.
    written: i64,
}

impl<'a> WrittenNumber<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => {
                let digits = std::str::from_utf8(text.get(at + 1..)?).ok()?;
                (text.get(..at)?, digits.parse::<i64>().ok().filter(|exponent| exponent.abs() < 1_000_000)?)
            }
            None => (text, 0),
        };
        let (before, after) = match mantissa.iter().position(|byte| *byte == b'.') {
            Some(at) => (mantissa.get(..at)?, mantissa.get(at + 1..)?),
            None => (mantissa, &b""[..]),
        };
        let are_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        if before.is_empty() || !are_digits(before) || !are_digits(after) {
            return None;
        }
        let written = (i64::try_from(after.len()).ok()? - exponent).max(0);
        let zeros = before.iter().take_while(|byte| **byte == b'0').count();
        Some(Self { is_negative, before: before.get(zeros..)?, after, exponent, written })
    }

    /// The digits without zeros at either end, how many were cut off in front, and how many digits are before the point.
    fn digits(&self) -> (impl Iterator<Item = u8> + Clone + '_, usize, i64) {
        let all = self.before.iter().chain(self.after).copied();
        let length = self.before.len() + self.after.len();
        let front = all.clone().take_while(|byte| *byte == b'0').count();
        let back = all.clone().rev().take_while(|byte| *byte == b'0').count();
        let kept = length.saturating_sub(front + back);
        let point =
            i64::try_from(self.before.len()).unwrap_or(i64::MAX) + self.exponent - i64::try_from(front).unwrap_or(0);
        (all.skip(front).take(kept).map(|byte| byte - b'0'), kept, point)
    }
}

/// Adds a JSON number as a value of the type; `false` when it does not fit, and something may have been added then.
pub(in crate::engines) fn number(kind: &ColumnType, raw: &[u8], out: &mut Vec<u8>) -> bool {
    number_of(kind, raw, out).is_some()
}

fn number_of(kind: &ColumnType, raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    match kind {
        ColumnType::Int2 => out.extend_from_slice(&i16::try_from(whole(raw)?).ok()?.to_be_bytes()),
        ColumnType::Int4 => out.extend_from_slice(&i32::try_from(whole(raw)?).ok()?.to_be_bytes()),
        ColumnType::Int8 => out.extend_from_slice(&whole(raw)?.to_be_bytes()),
        ColumnType::Float4 => {
            let number: f32 = std::str::from_utf8(raw).ok()?.parse().ok()?;
            (is_kept(raw, DIGITS4, number == 0.0) || same_digits(&format!("{number:e}"), raw)).then_some(())?;
            out.extend_from_slice(&Some(number).filter(|number| number.is_finite())?.to_be_bytes());
        }
        ColumnType::Float8 => {
            let number: f64 = std::str::from_utf8(raw).ok()?.parse().ok()?;
            (is_kept(raw, DIGITS8, number == 0.0) || same_digits(&format!("{number:e}"), raw)).then_some(())?;
            out.extend_from_slice(&Some(number).filter(|number| number.is_finite())?.to_be_bytes());
        }
        ColumnType::Numeric(settled) => numeric(&WrittenNumber::read(raw)?, *settled, out)?,
        _ => return None,
    }
    Some(())
}

/// A whole number, also one that is written with zeros after its point.
fn whole(raw: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(raw).ok()?;
    text.parse().ok().or_else(|| {
        let (before, after) = text.split_once('.')?;
        after.bytes().all(|byte| byte == b'0').then(|| before.parse().ok())?
    })
}

/// Whether a number is written as a whole one.
pub(super) fn is_whole(raw: &[u8]) -> bool {
    raw.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'))
}

/// Few enough digits, and not so small that it became nothing.
fn is_kept(raw: &[u8], most: usize, is_zero: bool) -> bool {
    let Some(decimal) = WrittenNumber::read(raw) else { return false };
    let (_, count, point) = decimal.digits();
    count == 0 || (count <= most && !is_zero && point.abs() < 30)
}

/// Whether two spellings are the same number.
fn same_digits(one: &str, other: &[u8]) -> bool {
    let (Some(one), Some(other)) = (WrittenNumber::read(one.as_bytes()), WrittenNumber::read(other)) else {
        return false;
    };
    let ((one_digits, _, one_point), (other_digits, count, other_point)) = (one.digits(), other.digits());
    one_digits.eq(other_digits) && (count == 0 || one_point == other_point)
}

/// The words that stand for what is no JSON number; a `numeric` has the infinite ones only where the server is new enough.
pub(in crate::engines) fn special(kind: &ColumnType, word: &[u8], has_infinite: bool, out: &mut Vec<u8>) -> bool {
    let (float, sign) = match word {
        b"NaN" => (f64::NAN, NAN),
        b"Infinity" => (f64::INFINITY, INFINITE),
        b"-Infinity" => (f64::NEG_INFINITY, MINUS_INFINITE),
        _ => return false,
    };
    match kind {
        ColumnType::Float4 => out.extend_from_slice(&(float as f32).to_be_bytes()),
        ColumnType::Float8 => out.extend_from_slice(&float.to_be_bytes()),
        ColumnType::Numeric(settled) if sign == NAN || (has_infinite && settled.is_none()) => {
            [0, 0, sign, 0].iter().for_each(|part| out.extend_from_slice(&part.to_be_bytes()));
        }
        _ => return false,
    }
    true
}

/// Four decimal digits together are one digit there: how many of them, the weight of the first, the sign, the digits after the point.
fn numeric(decimal: &WrittenNumber<'_>, settled: Option<(u16, u16)>, out: &mut Vec<u8>) -> Option<()> {
    let (digits, count, point) = decimal.digits();
    let after = (i64::try_from(count).ok()? - point).max(0);
    if let Some((all, scale)) = settled {
        let fits = count == 0 || (point <= i64::from(all) - i64::from(scale) && after <= i64::from(scale));
        fits.then_some(())?;
    }
    (point <= MOST_BEFORE && decimal.written <= MOST_AFTER).then_some(())?;
    let scale = u16::try_from(decimal.written).ok()?;
    let sign: u16 = if decimal.is_negative && count > 0 { 0x4000 } else { 0 };
    if count == 0 {
        [0, 0, sign, scale].iter().for_each(|part| out.extend_from_slice(&part.to_be_bytes()));
        return Some(());
    }
    let weight = (point + 3).div_euclid(4) - 1;
    let pad = usize::try_from((weight + 1) * 4 - point).ok()?;
    let groups = (pad + count).div_ceil(4);
    out.extend_from_slice(&u16::try_from(groups).ok()?.to_be_bytes());
    out.extend_from_slice(&i16::try_from(weight).ok()?.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    let mut padded = std::iter::repeat_n(0, pad).chain(digits);
    for _ in 0..groups {
        let group = (0..4).fold(0_u16, |group, _| group * 10 + u16::from(padded.next().unwrap_or(0)));
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(raw: &str, settled: Option<(u16, u16)>) -> Option<Vec<i16>> {
        let mut out = Vec::new();
        let fits = number(&ColumnType::Numeric(settled), raw.as_bytes(), &mut out);
        fits.then(|| out.chunks(2).map(|two| i16::from_be_bytes([two[0], two[1]])).collect())
    }

    #[test]
    fn a_numeric_has_all_its_digits() {
        for (raw, due) in [
            ("0", vec![0, 0, 0, 0]),
            ("0.00", vec![0, 0, 0, 2]),
            ("1", vec![1, 0, 0, 0, 1]),
            ("-1.50", vec![2, 0, 0x4000, 2, 1, 5000]),
            ("12345678.9", vec![3, 1, 0, 1, 1234, 5678, 9000]),
            ("0.0001", vec![1, -1, 0, 4, 1]),
            ("0.00001", vec![1, -2, 0, 5, 1000]),
            ("1e5", vec![1, 1, 0, 0, 10]),
            ("1.5E-3", vec![1, -1, 0, 4, 15]),
            ("10000", vec![1, 1, 0, 0, 1]),
        ] {
            assert_eq!(sent(raw, None), Some(due), "{raw}");
        }
        for (raw, fits) in [
            ("1.25", true),
            ("1.250", true),
            ("1.255", false),
            ("9999999999.99", true),
            ("10000000000", false),
            ("1e3", true),
            ("0", true),
        ] {
            assert_eq!(sent(raw, Some((12, 2))).is_some(), fits, "{raw}");
        }
        for raw in ["1e200000", "1e-20000", "x", "", "-", "1e", "0x1"] {
            assert_eq!(sent(raw, None), None, "{raw}");
        }
    }

    #[test]
    fn a_number_is_taken_only_whole() {
        let fits = |kind: ColumnType, raw: &str| number(&kind, raw.as_bytes(), &mut Vec::new());
        for (kind, good, bad) in [
            (ColumnType::Int2, "-32768", "32768"),
            (ColumnType::Int4, "2147483647", "2147483648"),
            (ColumnType::Int8, "9223372036854775807", "9223372036854775808"),
            (ColumnType::Int8, "5.00", "5.01"),
            (ColumnType::Float8, "0.1", "0.12345678901234567890"),
            (ColumnType::Float8, "1.7976931348623157e308", "1e309"),
            (ColumnType::Float8, "5e-324", "1e-400"),
            (ColumnType::Float8, "9007199254740992", "9007199254740993"),
            (ColumnType::Float4, "3.4028235e38", "1e39"),
            (ColumnType::Float4, "0.1", "0.123456789"),
        ] {
            assert!(fits(kind.clone(), good), "{kind:?} {good}");
            assert!(!fits(kind.clone(), bad), "{kind:?} {bad}");
        }
    }
}
