//! The reader of the route table.

use crate::support::routes::{fits, read};

#[test]
fn the_reader_knows_every_way_a_route_is_written() {
    let text = r#"config.service(get("/", home)).service(get_post(
        "/a/{id}", show, act)); fn get(path: &str) {} // "/no"
        config.service(post("/a/{id}/b.css", act));"#;
    let routes: Vec<String> = read(text).iter().map(|route| format!("{} {}", route.method, route.pattern)).collect();
    assert_eq!(routes, ["GET /", "GET /a/{id}", "POST /a/{id}", "POST /a/{id}/b.css"]);
    assert!(fits("/a/{id}/b.css", "/a/x1/b.css") && !fits("/a/{id}", "/a/x/y") && !fits("/a/{id}", "/a/"));
    assert!(fits("/s/{name:.+}", "/s/x/y.css") && fits("/accent/{hex}.css", "/accent/0f766e.css"));
}
