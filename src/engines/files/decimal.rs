//! Numbers with a settled count of digits after their point.

/// Most digits that 16 bytes hold.
pub(super) const MOST_DIGITS: u16 = 38;

/// The digits of a JSON number as one whole number, so many of them after the point; `None` when some would get lost.
pub(super) fn unscaled(raw: &[u8], digits: u16, scale: u16) -> Option<i128> {
    let text = std::str::from_utf8(raw).ok()?;
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok().filter(|one| one.abs() < 100)?),
        None => (text, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut number: i128 = 0;
    for byte in before.bytes().chain(after.bytes()) {
        let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    let shift = i64::from(scale) - (i64::try_from(after.len()).ok()? - exponent);
    for _ in 0..shift {
        number = if number == 0 { 0 } else { number.checked_mul(10)? };
    }
    for _ in shift..0 {
        (number % 10 == 0).then_some(())?;
        number /= 10;
    }
    let most = 10_i128.checked_pow(u32::from(digits))?;
    (number < most).then_some(if is_negative { -number } else { number })
}

/// The number again, as it is written.
pub(super) fn written(number: i128, scale: usize) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
    match digits.split_at_checked(digits.len() - scale) {
        Some((before, after)) if scale > 0 => format!("{sign}{before}.{after}"),
        _ => format!("{sign}{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_or_is_none() {
        for (raw, digits, scale, due) in [
            ("1.5", 12, 2, Some("1.50")),
            ("-0.05", 12, 2, Some("-0.05")),
            ("15e-1", 12, 2, Some("1.50")),
            ("1.500", 12, 2, Some("1.50")),
            ("0", 3, 0, Some("0")),
            ("1E3", 4, 0, Some("1000")),
            ("1.555", 12, 2, None),
            ("12345", 5, 1, None),
            ("1e40", 38, 0, None),
            ("99999999999999999999999999999999999999", 38, 0, Some("99999999999999999999999999999999999999")),
            ("x", 3, 0, None),
        ] {
            let found = unscaled(raw.as_bytes(), digits, scale).map(|number| written(number, usize::from(scale)));
            assert_eq!(found.as_deref(), due, "{raw}");
        }
    }
}
