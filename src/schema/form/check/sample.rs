//! Values that fit: from the spec's own examples, from a stock of usual ones, or spelled out along a pattern.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::Value;

use crate::schema::pasted;
use crate::schema::spec::{Node, NodeKind, NumberShape, TextShape, judge};

/// Usual values of all sorts.
const STOCK: [&str; 24] = [
    "2026-03-14",
    "2026-03-14T09:30:00Z",
    "2026-03-14T09:30:00.000Z",
    "2026-03-14T09:30:00.000000Z",
    "2026-03-14 09:30:00",
    "14-03-2026",
    "03-14-2026",
    "2026-03",
    "2026",
    "1",
    "12",
    "12345678",
    "sample",
    "sample_1",
    "SAMPLE",
    "https://example.com",
    "https://example.com/",
    "http://example.com/path",
    "example.com",
    "ana@example.com",
    "0123456789abcdef0123456789abcdef",
    "123e4567-e89b-42d3-a456-426614174000",
    "arn:aws:iam::123456789012:role/sample",
    "en-US",
];

/// Whether a text keeps all rules of its field.
pub(super) fn fits(text: &TextShape, value: &str) -> bool {
    let is_kept = pasted::mend(text.pasted, value).is_ok_and(|mended| mended == value);
    is_kept && judge(&Node::leaf(NodeKind::Text(text.clone())), &Value::from(value)).is_none()
}

/// A text that fits. Others come out for other counts, as far as there are others. None when nothing was found.
pub(super) fn text(text: &TextShape, count: usize) -> Option<String> {
    let free = pasted::sample(text.pasted, count).unwrap_or_else(|| format!("sample {count}"));
    if text.example.is_none() && fits(text, &free) {
        return Some(free);
    }
    let own = text.offered.iter().chain(&text.example).cloned();
    let stock = STOCK.iter().map(|value| (*value).to_owned());
    let long = "a".repeat(text.min.unwrap_or(1).min(4_000));
    let pattern = text.pattern.as_ref().map(|pattern| pattern.source().to_owned()).unwrap_or_default();
    let spelled = (0..24).map(|variety| Speller::new(&pattern, variety).whole());
    let all =
        own.chain(stock).chain([long]).chain(spelled).filter(|value| !value.trim().is_empty() && fits(text, value));
    let mut some: Vec<String> = all.take(12).collect();
    some.dedup();
    let pick = if text.example.is_some() && count < 10 { 0 } else { count % some.len().max(1) };
    some.into_iter().nth(pick).map(|value| shown(text, value))
}

fn shown(text: &TextShape, value: String) -> String {
    text.date.and_then(|date| date.control_value(&value).map(str::to_owned)).unwrap_or(value)
}

/// A number inside the bounds.
pub(super) fn number(number: NumberShape) -> String {
    let bounds = number.bounds;
    let step = number.step.unwrap_or(1.0);
    let low = bounds.min.or(bounds.above.map(|above| above + step));
    let high = bounds.max.or(bounds.below.map(|below| below - step));
    let near = [
        Some(step),
        low,
        high,
        low.map(|low| (low / step).ceil() * step),
        bounds.above.zip(bounds.below).map(|(low, high)| low.midpoint(high)),
        Some(0.0),
    ];
    let good = |value: &f64| {
        bounds.hold(*value) && (!number.whole || value.fract() == 0.0) && (value / step).fract() == 0.0
            || (bounds.hold(*value) && number.step.is_none() && !number.whole)
    };
    near.into_iter().flatten().find(good).unwrap_or(step).to_string()
}

/// JSON for a field of free JSON: its default, else what is given.
pub(super) fn json(node: &Node, empty: &str) -> String {
    node.default.as_ref().map_or_else(|| empty.to_owned(), Value::to_string)
}

/// Spells out one text along a pattern, as far as patterns of connectors go. What comes out is tried against the
/// pattern, so it may be wrong.
struct Speller<'a> {
    rest: Peekable<Chars<'a>>,
    /// Which alternative and how many repetitions.
    variety: usize,
    depth: usize,
}

impl<'a> Speller<'a> {
    fn new(pattern: &'a str, variety: usize) -> Self {
        Self { rest: pattern.chars().peekable(), variety, depth: 0 }
    }

    fn whole(mut self) -> String {
        self.alternatives()
    }

    fn alternatives(&mut self) -> String {
        self.depth += 1;
        let mut spelled = vec![String::new()];
        while let Some(letter) = self.rest.next() {
            if letter == ')' {
                break;
            }
            if letter == '|' {
                spelled.push(String::new());
                continue;
            }
            let piece = self.piece(letter);
            if let Some(last) = spelled.last_mut()
                && last.len() + piece.len() < 2_000
            {
                last.push_str(&piece);
            }
        }
        self.depth -= 1;
        let pick = self.variety % spelled.len();
        spelled.into_iter().nth(pick).unwrap_or_default()
    }

    fn piece(&mut self, letter: char) -> String {
        let atom = match letter {
            '^' | '$' => return String::new(),
            '(' if self.depth < 20 => {
                if self.skips_group() {
                    self.alternatives();
                    return String::new();
                }
                self.alternatives()
            }
            '[' => self.class().to_string(),
            '\\' => self.rest.next().map(escape).unwrap_or_default(),
            '.' => "a".to_owned(),
            other => other.to_string(),
        };
        let times = self.times();
        atom.repeat(times.min(200))
    }

    /// Whether the group only looks ahead or behind. Steps over what marks a group.
    fn skips_group(&mut self) -> bool {
        if self.rest.next_if_eq(&'?').is_none() {
            return false;
        }
        match self.rest.next() {
            Some('=' | '!') => true,
            Some('<') if matches!(self.rest.peek(), Some('=' | '!')) => true,
            Some('<' | 'P') => {
                self.rest.by_ref().find(|letter| *letter == '>');
                false
            }
            _ => false,
        }
    }

    fn class(&mut self) -> char {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut members: Vec<char> = Vec::new();
        while let Some(letter) = self.rest.next() {
            match letter {
                ']' if !members.is_empty() => break,
                '\\' => members.extend(self.rest.next().map(escape).unwrap_or_default().chars()),
                '-' if !members.is_empty() && self.rest.peek().is_some_and(|next| *next != ']') => {
                    members.extend(self.rest.next())
                }
                other => members.push(other),
            }
        }
        let usual = ['a', '1', 'Z', '_', '-', '.', 'x'];
        let pick = |wanted: bool| usual.into_iter().find(|letter| members.contains(letter) == wanted);
        if negated { pick(false).unwrap_or('q') } else { pick(true).or(members.first().copied()).unwrap_or('a') }
    }

    /// How often the piece before stands: at least as often as it must, a little more in some varieties.
    fn times(&mut self) -> usize {
        let more = self.variety % 3;
        let times = match self.rest.peek() {
            Some('?') => more.min(1),
            Some('*') => more,
            Some('+') => 1 + more,
            Some('{') => return self.counted(),
            _ => return 1,
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        times
    }

    fn counted(&mut self) -> usize {
        self.rest.next();
        let inside: String = self.rest.by_ref().take_while(|letter| *letter != '}').collect();
        self.rest.next_if_eq(&'?');
        let least = inside.split(',').next().and_then(|least| least.parse().ok()).unwrap_or(0);
        if least == 0 && inside.contains(',') { 1 } else { least }
    }
}

fn escape(letter: char) -> String {
    match letter {
        'd' => "1".to_owned(),
        'w' => "a".to_owned(),
        's' => " ".to_owned(),
        'S' | 'D' | 'W' => if letter == 'W' { "-" } else { "a" }.to_owned(),
        'b' | 'A' | 'z' | 'Z' | 'B' => String::new(),
        other => other.to_string(),
    }
}
