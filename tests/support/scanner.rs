//! Reads Rust well enough to hold the house rules: what is code, what is a text, where functions begin and end.

use std::ops::Range;

/// A source file, taken apart.
pub struct Scan {
    /// The file with comments, texts and character literals blanked out: same length, same lines.
    pub code: String,
    /// Every text literal: where it begins, and its content as written.
    pub texts: Vec<(usize, String)>,
    /// Where test modules and other `#[cfg(test)]` items lie.
    pub tests: Vec<Range<usize>>,
}

/// A function: where its `fn` stands and where its body ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub span: Range<usize>,
}

impl Scan {
    pub fn new(text: &str) -> Self {
        let (code, texts) = blank(text);
        let tests = code.match_indices("#[cfg(test)]").map(|(at, mark)| at..item_end(&code, at + mark.len())).collect();
        Self { code, texts, tests }
    }

    pub fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// The code without what is compiled for tests only; same length, same lines.
    pub fn product(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        for range in &self.tests {
            blank_out(&mut code[range.clone()]);
        }
        String::from_utf8(code).unwrap()
    }

    pub fn line(&self, at: usize) -> usize {
        line(&self.code, at)
    }

    /// Every function with a body, closures apart.
    pub fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for at in words(&self.code, "fn") {
            let rest = &self.code[at + 2..];
            let name: String = rest.trim_start().chars().take_while(|c| is_word(*c)).collect();
            if name.is_empty() {
                continue; // `fn(…)` as a type
            }
            if let Some(open) = body_start(&self.code, at) {
                found.push(Function { name, span: at..closing(&self.code, open) + 1 });
            }
        }
        found
    }
}

/// The line of a position, counted from one.
pub fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where a word stands in code, as a word of its own.
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let borders = |at: usize| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    };
    code.match_indices(word).map(|(at, _)| at).filter(|at| borders(*at)).collect()
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The end of the item or statement that follows: past its closing brace, or past its semicolon.
pub fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_i32;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return closing(code, from + at) + 1,
            ';' if depth == 0 => return from + at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The brace that opens a function's body; `None` for a function without one (in a trait).
fn body_start(code: &str, from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(from + at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, c) in code[open..].char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            return open + at;
        }
    }
    code.len() - 1
}

fn blank_out(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

fn blank(text: &str) -> (String, Vec<(usize, String)>) {
    let mut code = text.as_bytes().to_vec();
    let mut texts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some((length, content)) = text_literal(rest, text[..at].chars().next_back()) {
            texts.push((at, content.to_owned()));
            length
        } else if let Some(length) = character(rest) {
            length
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        blank_out(&mut code[at..at + length]);
        at += length;
    }
    // What is left of other scripts stands in identifiers only, which the compiler would have warned about.
    (String::from_utf8(code).unwrap(), texts)
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// A text literal at the very beginning: its length with quotes, and its content.
fn text_literal(rest: &str, before: Option<char>) -> Option<(usize, &str)> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix).unwrap_or("x");
        let raw = prefix.ends_with('r');
        after.starts_with('"') || (raw && after.starts_with('#') && after.trim_start_matches('#').starts_with('"'))
    })?;
    if !prefix.is_empty() && before.is_some_and(is_word) {
        return None;
    }
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let content = &after[hashes + 1..];
    let end = if prefix.ends_with('r') { content.find(&format!("\"{}", "#".repeat(hashes)))? } else { quote(content)? };
    Some((prefix.len() + hashes + 1 + end + 1 + hashes, &content[..end]))
}

/// The first quote that no backslash guards.
fn quote(content: &str) -> Option<usize> {
    let mut guarded = false;
    for (at, c) in content.char_indices() {
        match c {
            _ if guarded => guarded = false,
            '\\' => guarded = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// The length of a character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escaped) = inner.strip_prefix('\\') {
        let first = escaped.chars().next()?.len_utf8();
        return Some(2 + first + escaped[first..].find('\'')? + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    inner[first..].starts_with('\'').then_some(1 + first + 1)
}
