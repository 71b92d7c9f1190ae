//! What stands behind the encodings of a text, with the piece of the text that each byte of it came from: escapes of JSON, of programs, of
//! addresses and of XML, hexadecimal and base64, one inside the other.

use std::ops::Range;

use zeroize::Zeroizing;

/// So often escapes are taken away one behind the other.
const MOST_ESCAPED: usize = 6;
/// Four bytes, the shortest secret that is hidden, have so many letters in base64 and so many digits in hexadecimal.
const SHORTEST_BASE64: usize = 6;
const SHORTEST_HEX: usize = 8;

/// A text, or what stands behind an encoding of it.
pub(super) struct Layer {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The piece of the first text that each byte came from; none when it is that text.
    pieces: Option<Vec<Range<usize>>>,
}

impl Layer {
    /// The text as it is.
    pub(super) fn of(text: &str) -> Self {
        Self { bytes: Zeroizing::new(text.as_bytes().to_vec()), pieces: None }
    }

    fn empty() -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), pieces: Some(Vec::new()) }
    }

    /// The piece of the first text that some bytes came from.
    pub(super) fn piece(&self, bytes: Range<usize>) -> Range<usize> {
        let Some(pieces) = &self.pieces else { return bytes };
        let inside = pieces.get(bytes).unwrap_or_default();
        let start = inside.iter().map(|piece| piece.start).min().unwrap_or_default();
        start..inside.iter().map(|piece| piece.end).max().unwrap_or(start)
    }

    /// Bytes that stand for others.
    fn push(&mut self, bytes: &[u8], piece: &Range<usize>) {
        self.bytes.extend_from_slice(bytes);
        if let Some(pieces) = &mut self.pieces {
            pieces.extend(std::iter::repeat_n(piece.clone(), bytes.len()));
        }
    }

    /// The text, the text without its escapes, without the escapes that were behind them, and so on.
    pub(super) fn with_unescaped(self) -> Vec<Self> {
        let mut layers = vec![self];
        while let Some(next) = layers.last().filter(|_| layers.len() <= MOST_ESCAPED).and_then(Self::unescaped) {
            layers.push(next);
        }
        layers
    }

    /// Without its escapes; none when there are none.
    fn unescaped(&self) -> Option<Self> {
        let text: &[u8] = &self.bytes;
        text.iter().position(|byte| matches!(byte, b'%' | b'\\' | b'&'))?;
        let (mut plain, mut at, mut changed) = (Self::empty(), 0, false);
        while let Some(byte) = text.get(at) {
            let rest = text.get(at..).unwrap_or_default();
            let escape = match byte {
                b'%' => two_digits(rest.get(1..3)).map(|byte| (vec![byte], 3)),
                b'\\' => backslash(rest),
                b'&' => entity(rest),
                _ => None,
            };
            changed |= escape.is_some();
            match escape {
                Some((bytes, length)) => {
                    plain.push(&bytes, &self.piece(at..at + length));
                    at += length;
                }
                None => {
                    plain.push(&[*byte], &self.piece(at..at + 1));
                    at += 1;
                }
            }
        }
        changed.then_some(plain)
    }

    /// What every run of letters is as base64 and as hexadecimal, wherever in it that begins, where that is worth a look.
    pub(super) fn decoded(&self, is_worth: impl Fn(&[u8]) -> bool) -> Vec<Self> {
        let base64 = self.runs(|byte| base64_digit(byte).is_some(), SHORTEST_BASE64);
        let hex = self.runs(|byte| hex_digit(byte).is_some(), SHORTEST_HEX);
        let base64 = base64.into_iter().flat_map(|run| (0..4).map(move |skip| (run.start + skip..run.end, 4)));
        let hex = hex.into_iter().flat_map(|run| (0..2).map(move |skip| (run.start + skip..run.end, 2)));
        let mut scratch = Zeroizing::new(Vec::new());
        let worth = base64.chain(hex).filter(|(run, group)| {
            scratch.clear();
            self.groups(run, *group).for_each(|(bytes, count, _)| scratch.extend(bytes.into_iter().take(count)));
            is_worth(&scratch) || may_be_encoded(&scratch)
        });
        let found: Vec<_> = worth.collect();
        found.into_iter().map(|(run, group)| self.read_groups(&run, group)).collect()
    }

    fn runs(&self, belongs: impl Fn(u8) -> bool, shortest: usize) -> Vec<Range<usize>> {
        let (mut runs, mut start) = (Vec::new(), None);
        for (at, byte) in self.bytes.iter().copied().chain([0]).enumerate() {
            match (belongs(byte), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    if at - from >= shortest {
                        runs.push(from..at);
                    }
                    start = None;
                }
                _ => {}
            }
        }
        runs
    }

    /// Four letters are three bytes of base64, two are one of hexadecimal; what is left at the end is taken as far as it goes.
    fn groups(&self, run: &Range<usize>, group: usize) -> impl Iterator<Item = ([u8; 3], usize, Range<usize>)> {
        let until = run.end;
        run.clone().step_by(group).map(move |start| {
            let piece = start..(start + group).min(until);
            let letters = self.bytes.get(piece.clone()).unwrap_or_default();
            if group == 4 {
                let (bytes, count) = base64_group(letters);
                (bytes, count, piece)
            } else {
                let byte = two_digits(Some(letters));
                ([byte.unwrap_or_default(), 0, 0], usize::from(byte.is_some()), piece)
            }
        })
    }

    fn read_groups(&self, run: &Range<usize>, group: usize) -> Self {
        let mut plain = Self::empty();
        for (bytes, count, piece) in self.groups(run, group) {
            plain.push(bytes.get(..count).unwrap_or_default(), &self.piece(piece));
        }
        plain
    }
}

/// Whether something may be behind these bytes that is not seen in them: an escape, or a run of letters.
fn may_be_encoded(bytes: &[u8]) -> bool {
    let mut run = 0;
    bytes.iter().any(|byte| {
        run = if base64_digit(*byte).is_some() { run + 1 } else { 0 };
        run >= SHORTEST_BASE64 || matches!(byte, b'%' | b'\\' | b'&')
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn two_digits(letters: Option<&[u8]>) -> Option<u8> {
    match letters? {
        [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn base64_group(letters: &[u8]) -> ([u8; 3], usize) {
    let bits = letters.iter().filter_map(|letter| base64_digit(*letter));
    let bits = bits.fold(0_u32, |bits, digit| bits << 6 | u32::from(digit));
    let missing = 4_usize.saturating_sub(letters.len());
    let [_, whole @ ..] = (bits << (6 * missing)).to_be_bytes();
    (whole, letters.len().saturating_sub(1))
}

/// `\n`, `\"`, `\x41`, `\u00e9` (two of them for what is far out), with their length.
fn backslash(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let single = |byte: u8| Some((vec![byte], 2));
    match rest.get(1)? {
        b'n' => single(b'\n'),
        b'r' => single(b'\r'),
        b't' => single(b'\t'),
        b'b' => single(8),
        b'f' => single(12),
        byte @ (b'"' | b'\'' | b'\\' | b'/') => single(*byte),
        b'x' => two_digits(rest.get(2..4)).map(|byte| (vec![byte], 4)),
        b'u' => {
            let first = unit(rest)?;
            if let Some(letter) = char::from_u32(u32::from(first)) {
                return Some((letter.to_string().into_bytes(), 6));
            }
            let second = unit(rest.get(6..)?)?;
            let letter = char::decode_utf16([first, second]).next()?.ok()?;
            Some((letter.to_string().into_bytes(), 12))
        }
        _ => None,
    }
}

fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?;
    Some(u16::from_be_bytes([two_digits(digits.get(..2))?, two_digits(digits.get(2..4))?]))
}

/// `&quot;`, `&#34;`, `&#x22;`, with their length.
fn entity(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(rest.get(1..end)?).ok()?;
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse(), |digits| u32::from_str_radix(digits, 16));
            char::from_u32(code.ok()?)?
        }
    };
    Some((letter.to_string().into_bytes(), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        String::from_utf8_lossy(&Layer::of(text).with_unescaped().pop().unwrap().bytes).into_owned()
    }

    #[test]
    fn escapes_are_taken_away_one_behind_the_other() {
        for (text, due) in [
            ("a%2Fb%2f%zz%", "a/b/%zz%"),
            (r#"\"\\n\/\x41\u00e9\uD83D\ude00\ud83d"#, "\"\n/Aé😀\\ud83d"),
            ("&amp;&lt;&#39;&#x22;&nbsp;&", "&<'\"&nbsp;&"),
            (r#"\\\"x\\\""#, "\"x\""),
            ("%2541&amp;#39;", "A'"),
        ] {
            assert_eq!(plain(text), due, "{text}");
        }
    }

    #[test]
    fn a_byte_knows_where_it_came_from() {
        let layers = Layer::of("x\\u00e9%41&lt;y").with_unescaped();
        let last = layers.last().unwrap();
        assert_eq!(&**last.bytes, "xéA<y".as_bytes());
        assert_eq!((last.piece(1..3), last.piece(3..5), last.piece(5..6)), (1..7, 7..14, 14..15));
        let layer = Layer::of("Basic YW5uOnNlY3JldA==");
        let decoded = layer.decoded(|_| true);
        let found = decoded.iter().find(|layer| layer.bytes.ends_with(b"secret")).unwrap();
        assert_eq!(found.piece(4..10), 10..20);
    }
}
