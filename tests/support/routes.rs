//! The route table as `src/server/routes.rs` writes it.

use std::sync::LazyLock;

use super::scanner::Scan;

/// One way in: a method and a pattern, like `POST /connections/{slug}/description`. HEAD goes where GET goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub method: &'static str,
    pub pattern: String,
}

pub static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let routes = read(include_str!("../../src/server/routes.rs"));
    assert!(routes.len() >= 40, "the table is read whole: {routes:?}");
    routes
});

pub fn read(text: &str) -> Vec<Route> {
    let scan = Scan::new(text);
    let mut routes = Vec::new();
    for (at, pattern) in scan.texts.iter().filter(|(at, text)| text.starts_with('/') && !scan.is_test(*at)) {
        let function = scan.functions().into_iter().find(|function| function.span.contains(at)).map(|found| found.name);
        // The API's endpoints have a matrix of their own, held against the API's description.
        if ["api_of", "api_of_work", "invite_links_api", "endpoint"].contains(&function.as_deref().unwrap_or_default())
        {
            continue;
        }
        let in_scope = if function.as_deref() == Some("api") { "/api" } else { "" };
        let before = scan.code[..*at].trim_end();
        let methods: &[&str] = match before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '(').next() {
            Some("get(") => &["GET"],
            Some("post(") => &["POST"],
            Some("get_post(") => &["GET", "POST"],
            Some("scope(") => &[],
            Some(word) if word.starts_with("service(") => before_service(word),
            other => panic!("this reader does not know {other:?} before {pattern}: teach it"),
        };
        routes.extend(methods.iter().map(|method| Route { method, pattern: format!("{in_scope}{pattern}") }));
    }
    routes
}

/// What stands in `.service(get(` when it is written without a break.
fn before_service(word: &str) -> &'static [&'static str] {
    match word.trim_start_matches("service(") {
        "get(" => &["GET"],
        "post(" => &["POST"],
        "get_post(" => &["GET", "POST"],
        other => panic!("this reader does not know {other}: teach it"),
    }
}

/// Whether a path without its query leads to a route; a `{{ … }}` of a template stands for anything.
pub fn leads_somewhere(method: &str, path: &str) -> bool {
    ROUTES.iter().any(|route| route.method == method && fits(&route.pattern, path))
}

pub fn fits(pattern: &str, path: &str) -> bool {
    if let Some((head, rest)) = pattern.split_once('{') {
        let (name, tail) = rest.split_once('}').expect("a closed name");
        let Some(after) = path.strip_prefix(head) else { return false };
        let whole = name.ends_with(":.+");
        let ends =
            (1..=after.len()).filter(|end| after.is_char_boundary(*end) && (whole || !after[..*end].contains('/')));
        return ends.into_iter().any(|end| fits(tail, &after[end..]));
    }
    pattern == path
}
