//! The route table: whole, and without a path twice.

use std::collections::BTreeSet;

use vestibule::features::accounts::api_keys::guard::{Destinations, Side, Sources};
use vestibule::platform::web::urls;
use vestibule::server::routes::{api_routes, table};

use crate::support::routes::fits;

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
