//! The route table as tests ask it.

use vestibule::server::routes::{Access, table};

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
