//! What every page owes to everybody, read from its HTML.

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

use crate::support::Page;
use crate::support::routes;

fn every(css: &str) -> Selector {
    Selector::parse(css).unwrap()
}

fn ids(html: &Html) -> Vec<&str> {
    html.select(&every("[id]")).filter_map(|element| element.attr("id")).collect()
}

/// Everything that is wrong with a page; nothing, as a rule.
pub fn problems(page: &Page) -> Vec<String> {
    let html = page.html();
    let mut wrong = structure(page, &html);
    wrong.extend(names(&html));
    wrong.extend(purity(&html));
    wrong.extend(forms(&html));
    wrong.extend(targets(page, &html));
    wrong.extend(headers(page));
    wrong.into_iter().map(|what| format!("{} ({}): {what}", page.path, page.status)).collect()
}

fn structure(page: &Page, html: &Html) -> Vec<String> {
    let mut wrong = Vec::new();
    for (css, what) in [("h1", "headings"), ("main", "main parts"), ("title", "titles"), ("html[lang]", "languages")] {
        let count = html.select(&every(css)).count();
        if count != 1 {
            wrong.push(format!("{count} {what}"));
        }
    }
    if page.title().trim().is_empty() || page.title().starts_with("Error: ") != (page.status == 422) {
        wrong.push(format!("called {:?}", page.title()));
    }
    // What needs attention stands above the heading of the page.
    let mut last = 1;
    for heading in html.select(&every("h1, h2, h3, h4, h5, h6")) {
        let level: usize = heading.value().name()[1..].parse().unwrap();
        if level > last + 1 {
            wrong.push(format!("a heading skips a level: {}", heading.html()));
        }
        last = level;
    }
    let (all, mut seen) = (ids(html), BTreeSet::new());
    wrong.extend(all.iter().filter(|id| !seen.insert(**id)).map(|id| format!("two elements are called {id}")));
    wrong
}

/// Every control has a name, and every reference leads to something on the page.
fn names(html: &Html) -> Vec<String> {
    let ids: BTreeSet<&str> = ids(html).into_iter().collect();
    let labelled: BTreeSet<&str> = html.select(&every("label[for]")).filter_map(|label| label.attr("for")).collect();
    let mut wrong = Vec::new();
    for field in html.select(&every("input:not([type=hidden]), select, textarea")) {
        let by_id = field.attr("id").is_some_and(|id| labelled.contains(id));
        let within = field.ancestors().filter_map(ElementRef::wrap).any(|parent| parent.value().name() == "label");
        let aria = field.attr("aria-label").is_some() || field.attr("aria-labelledby").is_some();
        if !by_id && !within && !aria {
            wrong.push(format!("no label for {}", field.html()));
        }
    }
    for attribute in ["for", "aria-describedby", "aria-labelledby", "aria-controls"] {
        for element in html.select(&every(&format!("[{attribute}]"))) {
            let named = element.attr(attribute).unwrap().split_whitespace().filter(|id| !ids.contains(id));
            wrong.extend(named.map(|id| format!("{attribute} names {id}, which is not there")));
        }
    }
    for element in html.select(&every("button, a[href], summary, legend, th, label")) {
        let words: String = element.text().collect();
        if words.trim().is_empty() && element.attr("aria-label").is_none() && element.value().name() != "th" {
            wrong.push(format!("nothing to read: {}", element.html()));
        }
    }
    for picture in html.select(&every("img:not([alt]), svg:not([aria-hidden]):not([role])")) {
        wrong.push(format!("a picture without words: {}", picture.html()));
    }
    for group in html.select(&every("fieldset")) {
        if group.child_elements().next().is_none_or(|first| first.value().name() != "legend") {
            wrong.push("a group without a legend".to_owned());
        }
    }
    wrong
}

/// Nothing inline, nothing from elsewhere, and no secret value.
fn purity(html: &Html) -> Vec<String> {
    let mut wrong = Vec::new();
    for css in [
        "[style]",
        "style",
        "script:not([src])",
        "iframe",
        "object",
        "embed",
        "base",
        // A page that only leads on does so at once: what is timed would be too fast for somebody.
        "meta[http-equiv]:not([http-equiv=refresh][content^='0;'])",
        "input[type=password][value]:not([value=''])",
    ] {
        wrong.extend(html.select(&every(css)).map(|element| format!("{css}: {}", element.html())));
    }
    for element in html.select(&every("*")) {
        let acts = element.value().attrs().map(|(name, _)| name).filter(|name| name.starts_with("on"));
        wrong.extend(acts.map(|name| format!("acts by itself: {name}")));
    }
    for css in ["script[src]", "img[src]", "link[href]", "source[src]"] {
        for element in html.select(&every(css)) {
            let from = element.attr("src").or_else(|| element.attr("href")).unwrap();
            if !from.starts_with('/') || from.starts_with("//") {
                wrong.push(format!("comes from elsewhere: {from}"));
            }
        }
    }
    wrong
}

fn forms(html: &Html) -> Vec<String> {
    let mut wrong = Vec::new();
    for form in html.select(&every("form")) {
        let posts = form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        let token = form.select(&every("input[type=hidden][name=_csrf]")).next().and_then(|field| field.attr("value"));
        match (posts, token.unwrap_or_default()) {
            (true, "") => wrong.push(format!("a form without a token: {:?}", form.attr("action"))),
            (false, token) if !token.is_empty() => wrong.push("a token that would end in an address".to_owned()),
            _ => {}
        }
        if posts && form.select(&every("button:not([type=button])")).next().is_none() {
            wrong.push(format!("a form that cannot be sent: {:?}", form.attr("action")));
        }
    }
    for nested in html.select(&every("form form, a a, a button, button a, label label")) {
        wrong.push(format!("one in the other: {}", nested.html()));
    }
    wrong
}

/// Where links and forms of a page lead within the product, without queries and fragments.
pub fn links(html: &Html) -> Vec<String> {
    let css = every("a[href]");
    let links = html.select(&css).filter_map(|link| link.attr("href"));
    links.filter(|link| link.starts_with('/')).map(str::to_owned).collect()
}

fn targets(page: &Page, html: &Html) -> Vec<String> {
    let bare = |path: &str| path.split(['?', '#']).next().unwrap_or_default().to_owned();
    let ids: BTreeSet<&str> = ids(html).into_iter().collect();
    let mut wrong = Vec::new();
    for link in html.select(&every("a[href]")).filter_map(|link| link.attr("href")) {
        let lost = match link.strip_prefix('#') {
            Some(id) => !ids.contains(id),
            None if link.starts_with('/') => !routes::leads_somewhere("GET", &bare(link)),
            None => !["https://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)),
        };
        if lost {
            wrong.push(format!("a link that leads nowhere: {link}"));
        }
    }
    for form in html.select(&every("form")) {
        let method =
            if form.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post")) { "POST" } else { "GET" };
        let action = bare(form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&page.path));
        if !routes::leads_somewhere(method, &action) {
            wrong.push(format!("a form that leads nowhere: {method} {action}"));
        }
    }
    wrong
}

fn headers(page: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    let due = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-robots-tag", "noindex, nofollow"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in due {
        if page.header(name) != Some(value) {
            wrong.push(format!("{name}: {:?}", page.header(name)));
        }
    }
    let policy = page.header("content-security-policy").unwrap_or_default();
    let loose = ["unsafe", "data:", "*", "http"].iter().filter(|word| policy.contains(**word));
    wrong.extend(loose.map(|word| format!("the content policy allows {word}")));
    if !policy.contains("default-src 'none'")
        || !policy.contains("frame-ancestors 'none'")
        || !policy.contains("base-uri 'none'")
    {
        wrong.push(format!("the content policy is {policy}"));
    }
    wrong
}

#[test]
fn every_kind_of_problem_is_seen() {
    let body = "<html><head><style></style></head><body><h1>a</h1><h1>b</h1><h4>c</h4><p id=x style='a'></p><p id=x></p>\
        <input name=q><button></button><form method=post action=/nowhere><input type=password value=geheim></form>\
        <a href='#gone'>x</a><a href='/gone'>y</a><a href='javascript:a()' onclick=z>z</a><script>1</script><img src='https://e.example/i'>\
        <fieldset></fieldset><p aria-describedby=lost></p></body></html>";
    let page = Page { status: 200, headers: Vec::new(), body: body.to_owned(), path: "/".to_owned() };
    let found = problems(&page).join("\n");
    for what in [
        "2 headings",
        "0 main parts",
        "skips a level",
        "two elements are called x",
        "no label",
        "nothing to read",
        "[style]",
        "style: ",
        "script:not",
        "value]:not",
        "acts by itself: onclick",
        "comes from elsewhere",
        "without a token",
        "cannot be sent",
        "nowhere: #gone",
        "nowhere: /gone",
        "nowhere: javascript",
        "nowhere: POST /nowhere",
        "without a legend",
        "which is not there",
        "picture without words",
        "content policy",
        "cache-control",
    ] {
        assert!(found.contains(what), "{what} is not among\n{found}");
    }
}
