//! Descriptions from specs, made safe: a first sentence in plain text, and the rest in a small markup of our own
//! making.
//!
//! Known tags, markdown links, backticks and double asterisks are read. Whatever else stands between angle brackets
//! is text, because `<DATABASE_NAME>` is meant to be seen.

use url::Url;

use super::limits;

/// The help of one field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Help {
    /// One short sentence, plain text.
    pub(crate) hint: Option<String>,
    /// What folds away below it.
    pub(crate) more: Option<MoreHelp>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct MoreHelp {
    /// Safe HTML: only the tags of [`TAGS`], no attributes, everything else escaped. Empty when there are only links.
    pub(crate) html: String,
    pub(crate) links: Vec<HelpLink>,
}

/// A page elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HelpLink {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) host: String,
}

/// The tags that survive. Links stand apart, after the text.
const TAGS: [&str; 10] = ["b", "strong", "i", "em", "code", "br", "ul", "ol", "li", "p"];

/// A first sentence longer than this is no hint; it goes with the rest.
const MAX_HINT: usize = 220;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Open(&'static str),
    Close(&'static str),
}

/// Reads a description.
pub(super) fn describe(description: &str) -> Help {
    let end = limits::clip(description, limits::MAX_DESCRIPTION);
    let mut reader = DescriptionReader { rest: end, pieces: Vec::new(), links: Vec::new() };
    reader.read();
    let (pieces, links) = (reader.pieces, reader.links);
    let (hint, rest) = first_sentence(&pieces);
    let html = render(&rest);
    let more = (!html.is_empty() || !links.is_empty()).then_some(MoreHelp { html, links });
    Help { hint, more }
}

/// The description as one line of plain text, cut at the first sentence.
pub(super) fn sentence(description: &str) -> Option<String> {
    describe(description).hint
}

struct DescriptionReader<'a> {
    rest: &'a str,
    pieces: Vec<Piece>,
    links: Vec<HelpLink>,
}

impl<'a> DescriptionReader<'a> {
    fn read(&mut self) {
        while let Some(letter) = self.rest.chars().next() {
            let known = match letter {
                '<' => self.tag(),
                '[' => self.markdown_link(),
                '`' => self.marked("`", "code"),
                '*' => self.marked("**", "strong"),
                '&' => self.entity(),
                '\n' => self.line_end(),
                _ => None,
            };
            if known.is_none() {
                self.skip(letter.len_utf8());
                self.push_letter(letter);
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn push_letter(&mut self, letter: char) {
        let letter = if letter.is_whitespace() || letter == '\u{a0}' { ' ' } else { letter };
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push(letter),
            _ => self.pieces.push(Piece::Text(letter.to_string())),
        }
    }

    fn push_text(&mut self, text: &str) {
        text.chars().for_each(|letter| self.push_letter(letter));
    }

    /// A known tag; `a` becomes its text and a link.
    fn tag(&mut self) -> Option<()> {
        let (inside, _) = self.rest.get(1..)?.split_once('>')?;
        let closes = inside.starts_with('/');
        let body = inside.trim_start_matches('/').trim_end_matches('/').trim();
        let name = body.split_whitespace().next()?.to_ascii_lowercase();
        let whole = inside.len() + 2;
        if name == "a" {
            if !closes {
                self.anchor(whole, attribute(body, "href"));
            } else {
                self.skip(whole);
            }
            return Some(());
        }
        let tag = TAGS.iter().find(|known| **known == name)?;
        self.skip(whole);
        self.pieces.push(if closes { Piece::Close(tag) } else { Piece::Open(tag) });
        Some(())
    }

    fn anchor(&mut self, whole: usize, href: Option<&str>) {
        let after = self.rest.get(whole..).unwrap_or_default();
        let label = after.to_ascii_lowercase().find("</a").and_then(|end| after.get(..end)).unwrap_or_default();
        if let Some(href) = href {
            self.links.extend(link(href, label));
        }
        self.skip(whole);
    }

    fn markdown_link(&mut self) -> Option<()> {
        let (label, after) = self.rest.get(1..)?.split_once("](")?;
        let (url, _) = after.split_once(')')?;
        if label.contains(['[', ']', '\n']) {
            return None;
        }
        let link = link(url, label)?;
        let whole = label.len() + url.len() + 4;
        self.push_text(label);
        self.links.push(link);
        self.skip(whole);
        Some(())
    }

    fn marked(&mut self, mark: &str, tag: &'static str) -> Option<()> {
        let after = self.rest.strip_prefix(mark)?;
        let (inside, _) = after.split_once(mark)?;
        if inside.is_empty() || inside.contains('\n') {
            return None;
        }
        self.pieces.push(Piece::Open(tag));
        self.pieces.push(Piece::Text(inside.to_owned()));
        self.pieces.push(Piece::Close(tag));
        self.skip(mark.len() * 2 + inside.len());
        Some(())
    }

    fn entity(&mut self) -> Option<()> {
        const ENTITIES: [(&str, char); 6] =
            [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\''), ("&nbsp;", ' ')];
        let (entity, letter) = ENTITIES.iter().find(|(entity, _)| self.rest.starts_with(entity))?;
        self.skip(entity.len());
        self.push_letter(*letter);
        Some(())
    }

    /// An empty line, or a line end before a list mark, breaks the line; any other is a space.
    fn line_end(&mut self) -> Option<()> {
        let trimmed = self.rest.trim_start();
        let gap = self.rest.get(..self.rest.len() - trimmed.len())?;
        let breaks = gap.matches('\n').count() > 1 || trimmed.starts_with(['-', '*', '\u{2022}']);
        self.skip(gap.len());
        if breaks {
            self.pieces.push(Piece::Open("br"))
        } else {
            self.push_letter(' ')
        }
        Some(())
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.to_ascii_lowercase().find(name)? + name.len();
    let value = tag.get(start..)?.trim_start().strip_prefix('=')?.trim_start();
    match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next(),
        _ => value.split_whitespace().next(),
    }
}

/// Only web addresses with a host and without a user name in them.
fn link(href: &str, label: &str) -> Option<HelpLink> {
    let url = Url::parse(href.trim()).ok()?;
    let host = url
        .host_str()
        .filter(|_| matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none())?
        .to_owned();
    let words = label.split_whitespace().collect::<Vec<_>>().join(" ");
    let vague = [
        "",
        "here",
        "link",
        "this",
        "docs",
        "the docs",
        "in the docs",
        "our docs",
        "in our docs",
        "documentation",
        "the documentation",
        "in the documentation",
        "our documentation",
        "this page",
        "this link",
        "read more",
        "more",
        "learn more",
        "guide",
    ];
    let title = if vague.contains(&words.to_lowercase().as_str()) || words.contains('<') {
        "Help page".to_owned()
    } else {
        limits::clip(&words, 120).to_owned()
    };
    Some(HelpLink { url: url.into(), title, host })
}

/// Splits after the first sentence. Without a usable one everything is rest.
fn first_sentence(pieces: &[Piece]) -> (Option<String>, Vec<Piece>) {
    let mut hint = String::new();
    for (place, piece) in pieces.iter().enumerate() {
        let (head, tail) = match piece {
            Piece::Text(text) => match sentence_end(text) {
                Some(end) => (text.get(..end).unwrap_or_default(), text.get(end..)),
                None => (text.as_str(), None),
            },
            Piece::Open("br" | "p" | "ul" | "ol" | "li") if !hint.trim().is_empty() => {
                return split(&hint, None, pieces, place);
            }
            _ => continue,
        };
        hint.push_str(head);
        if tail.is_some() {
            return split(&hint, tail, pieces, place + 1);
        }
    }
    split(&hint, None, pieces, pieces.len())
}

fn split(hint: &str, tail: Option<&str>, pieces: &[Piece], from: usize) -> (Option<String>, Vec<Piece>) {
    let hint = hint.split_whitespace().collect::<Vec<_>>().join(" ");
    if hint.chars().count() > MAX_HINT {
        return (None, pieces.to_vec());
    }
    let mut rest: Vec<Piece> = tail.into_iter().map(|tail| Piece::Text(tail.trim_start().to_owned())).collect();
    rest.extend(pieces.iter().skip(from).cloned());
    ((!hint.is_empty()).then_some(hint), rest)
}

/// Where the first sentence ends: after `.`, `!` or `?` before white space, when it is no abbreviation.
fn sentence_end(text: &str) -> Option<usize> {
    let ends = text.char_indices().filter(|(_, letter)| matches!(letter, '.' | '!' | '?'));
    for (at, letter) in ends {
        let after = text.get(at + letter.len_utf8()..)?;
        let head = text.get(..at)?.to_lowercase();
        let short = ["e.g", "i.e", "eg", "ie", "etc", "vs", "approx", "no", "ex"]
            .iter()
            .any(|word| head.ends_with(word) && !head.trim_end_matches(word).ends_with(char::is_alphanumeric));
        if after.starts_with(char::is_whitespace) && !after.trim().is_empty() && !short {
            return Some(at + letter.len_utf8());
        }
    }
    None
}

/// Well-formed HTML whatever the nesting was.
fn render(pieces: &[Piece]) -> String {
    let mut html = String::new();
    let mut open: Vec<&'static str> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => escape(text, &mut html),
            Piece::Open("br") => html.push_str("<br>"),
            Piece::Open("li") if !open.iter().any(|tag| matches!(*tag, "ul" | "ol")) => html.push_str("<br>\u{2022} "),
            Piece::Open(tag) => open_tag(tag, &mut open, &mut html),
            Piece::Close(tag) => close_to(tag, &mut open, &mut html),
        }
    }
    while let Some(tag) = open.pop() {
        close(tag, &mut html);
    }
    let bare = html.trim_start_matches("<br>").trim_end_matches("<br>").trim();
    if has_words(bare) { bare.to_owned() } else { String::new() }
}

fn open_tag(tag: &'static str, open: &mut Vec<&'static str>, html: &mut String) {
    if matches!(tag, "p" | "ul" | "ol") {
        close_to("p", open, html);
    }
    if tag == "li" {
        // A list item inside an item's own text ends that item, unless a list of its own was opened in between.
        let inner = open.iter().rposition(|tag| matches!(*tag, "ul" | "ol")).unwrap_or_default();
        if open.iter().skip(inner).any(|tag| *tag == "li") {
            close_to("li", open, html);
        }
    }
    let in_list = matches!(open.last(), Some(&"ul" | &"ol"));
    if in_list && tag != "li" {
        return;
    }
    open.push(tag);
    html.push('<');
    html.push_str(tag);
    html.push('>');
}

fn close_to(tag: &str, open: &mut Vec<&'static str>, html: &mut String) {
    if !open.contains(&tag) {
        return;
    }
    while let Some(inner) = open.pop() {
        close(inner, html);
        if inner == tag {
            return;
        }
    }
}

fn close(tag: &str, html: &mut String) {
    html.push_str("</");
    html.push_str(tag);
    html.push('>');
}

fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

/// Whether anything but tags and white space is there.
fn has_words(html: &str) -> bool {
    let mut in_tag = false;
    html.chars().any(|letter| {
        match letter {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ => return !in_tag && letter.is_alphanumeric(),
        }
        false
    })
}
