//! Our own Markdown as HTML: headings get an id, so that they can be linked to, and code can be scrolled with the keyboard.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// The page as HTML; links to this server, which `base` is, become relative. Only for text of this repository: it is not made safe against its writer.
pub(super) fn to_html(markdown: &str, base: &str) -> String {
    let mut events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let ids: Vec<String> = heading_texts(&events).iter().map(|text| id_of(text)).collect();
    let mut ids = ids.into_iter();
    for event in &mut events {
        match event {
            Event::Start(Tag::Heading { id, .. }) => *id = ids.next().map(CowStr::from),
            Event::Start(Tag::Link { dest_url, .. }) => {
                if let Some(path) = dest_url.strip_prefix(base).filter(|path| path.starts_with('/')) {
                    *dest_url = CowStr::from(path.to_owned());
                }
            }
            Event::Start(Tag::CodeBlock(_)) => *event = Event::Html(CowStr::Borrowed("<pre tabindex=\"0\"><code>")),
            Event::End(TagEnd::CodeBlock) => *event = Event::Html(CowStr::Borrowed("</code></pre>\n")),
            _ => {}
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

fn heading_texts(events: &[Event<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Option<String> = None;
    for event in events {
        match event {
            Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => all.extend(open.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.push_str(text);
                }
            }
            _ => {}
        }
    }
    all
}

/// "Make a draft" is `make-a-draft`; `api_key_missing` stays as it is.
fn id_of(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '_' { c } else { ' ' })
        .collect::<String>();
    kept.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn headings_can_be_linked_and_code_scrolled() {
        let text = "# API errors\n\n## api_key_missing\n\n```sh\ncurl <a>\n```\n[x](https://v.example/docs)";
        let html = to_html(text, "https://v.example");
        assert!(html.contains("<a href=\"/docs\">x</a>"), "{html}");
        assert!(html.contains("<h1 id=\"api-errors\">") && html.contains("<h2 id=\"api_key_missing\">"));
        assert!(html.contains("<pre tabindex=\"0\"><code>curl &lt;a&gt;\n</code></pre>"), "{html}");
    }
}
