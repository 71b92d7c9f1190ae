//! The route table as tests ask it.

use std::collections::BTreeSet;

use vestibule::features::accounts::api_keys::guard::{Destinations, Side, Sources};
use vestibule::platform::web::urls;
use vestibule::server::routes::{Access, api_routes, table};

/// One way in for people: a method and a pattern, like `POST /connections/{slug}/description`. HEAD goes where GET goes.
pub struct PageRoute {
    pub method: &'static str,
    pub pattern: &'static str,
    pub access: Access,
}

/// All but the endpoints of the API, which have a matrix of their own.
pub fn pages() -> impl Iterator<Item = PageRoute> {
    let methods = table().iter().flat_map(|entry| entry.methods.iter().map(move |method| (entry, method)));
    methods.filter(|(_, method)| method.operation.is_none()).map(|(entry, method)| PageRoute {
        method: method.name,
        pattern: &entry.pattern,
        access: method.access,
    })
}

/// Whether a path without its query leads to a page; a `{{ … }}` of a template stands for anything.
pub fn leads_somewhere(method: &str, path: &str) -> bool {
    pages().any(|page| page.method == method && fits(page.pattern, path))
}

/// Whether a path leads to a page or to an endpoint.
pub fn is_taken(method: &str, path: &str) -> bool {
    let fitting = table().iter().filter(|entry| fits(&entry.pattern, path));
    fitting.flat_map(|entry| &entry.methods).any(|one| one.name == method)
}

fn fits(pattern: &str, path: &str) -> bool {
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

#[test]
fn a_path_fits_its_pattern() {
    assert!(fits("/a/{id}/b.css", "/a/x1/b.css") && !fits("/a/{id}", "/a/x/y") && !fits("/a/{id}", "/a/"));
    assert!(fits("/s/{name:.+}", "/s/x/y.css") && fits("/accent/{hex}.css", "/accent/0f766e.css"));
}

#[test]
fn every_path_has_one_route() {
    fn of<S: Side>(pattern: &str) -> String {
        pattern.replace("{plural}", S::PLURAL).replace("{kind}-", &format!("{}-", S::KIND.as_str()))
    }
    let declared: BTreeSet<String> =
        urls::ALL.iter().flat_map(|pattern| [of::<Sources>(pattern), of::<Destinations>(pattern)]).collect();
    let routes: BTreeSet<String> = table().iter().map(|entry| entry.pattern.to_string()).collect();
    assert_eq!(routes, declared, "the paths of urls.rs and those of the table");
    assert_eq!(routes.len(), table().len(), "no path comes twice");
    for entry in table() {
        let methods: BTreeSet<&str> = entry.methods.iter().map(|method| method.name).collect();
        assert_eq!(methods.len(), entry.methods.len(), "{}: no method comes twice", entry.pattern);
        assert!(!methods.is_empty(), "{} takes something", entry.pattern);
    }
}

/// Programs find in the document whatever they may call.
#[test]
fn whatever_lies_under_the_api_is_described() {
    let under = table().iter().filter(|entry| entry.pattern.starts_with("/api/v1/"));
    let methods: usize = under.map(|entry| entry.methods.len()).sum();
    assert!(methods > 50, "{methods}");
    assert_eq!(api_routes().len(), methods);
    assert!(api_routes().iter().all(|route| route.path.starts_with("/api/v1/") && route.path.ends_with('/')));
}
