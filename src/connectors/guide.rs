//! Setup guides: Markdown without raw HTML, links that leave in a tab of their own.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// The guide as HTML. Raw HTML in it becomes text, images are dropped, links other than https become text.
pub fn to_html(markdown: &str) -> String {
    let mut open_links: Vec<bool> = Vec::new();
    let events = Parser::new_ext(markdown, Options::empty()).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
        Event::Start(Tag::Heading { id, classes, attrs, .. }) => {
            Some(Event::Start(Tag::Heading { level: HeadingLevel::H2, id, classes, attrs }))
        }
        Event::End(TagEnd::Heading(_)) => Some(Event::End(TagEnd::Heading(HeadingLevel::H2))),
        Event::Start(Tag::Link { dest_url, .. }) => {
            let leaves = dest_url.starts_with("https://");
            open_links.push(leaves);
            leaves.then(|| Event::InlineHtml(opening(&dest_url)))
        }
        Event::End(TagEnd::Link) => {
            open_links.pop().unwrap_or_default().then_some(Event::InlineHtml(CowStr::Borrowed(CLOSING)))
        }
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

const CLOSING: &str = "<span class=\"visually-hidden\"> (opens in a new tab)</span></a>";

fn opening(url: &str) -> CowStr<'static> {
    let href =
        url.replace('&', "&amp;").replace('"', "%22").replace('\'', "%27").replace('<', "%3C").replace('>', "%3E");
    CowStr::from(format!("<a href=\"{href}\" rel=\"noopener nofollow\" target=\"_blank\">"))
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn markup_of_the_writer_is_kept_and_html_is_not() {
        let html = to_html(
            "# Get a key\n\n1. Open <b>Settings</b>\n2. [Docs](https://x.example/?a=1&b=\"2\") and [bad](javascript:alert(1))\n\n<script>x</script>",
        );
        assert!(html.contains("<h2>Get a key</h2>"));
        assert!(html.contains("&lt;b&gt;Settings"));
        assert!(html.contains("rel=\"noopener nofollow\""));
        assert!(!html.contains("javascript:") && !html.contains("<script>"));
    }
}
