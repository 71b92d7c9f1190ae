//! The list: search, filters, order, pages.

use super::invite;
use crate::support::{Page, TestApp, Visitor};

fn names(page: &Page) -> Vec<String> {
    let html = page.html();
    let heads = scraper::Selector::parse("tbody th a").unwrap();
    html.select(&heads).map(|link| link.text().collect::<String>()).collect()
}

/// Its name, what it connects, and further fields of the form.
type Wish<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

async fn links(app: &TestApp, owner: &Visitor, all: &[Wish<'_>]) {
    for (name, connector, fields) in all {
        let fields: Vec<(&str, &str)> = [("name", *name)].iter().chain(*fields).copied().collect();
        invite(owner, connector, &fields).await;
        app.advance(time::Duration::seconds(1));
    }
}

#[tokio::test]
async fn lists_are_searched_narrowed_and_sorted() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let all: [Wish<'_>; 4] = [
        ("Zebra shop", "source/postgres", &[("expires", "2026-03-14T16:00")]),
        ("alpha Éclair", "source/facebook-ads", &[]),
        ("Beta", "destination/postgres", &[("one_use", "yes")]),
        ("Shop two", "source/stripe", &[("expires", "2026-03-13T16:01")]),
    ];
    links(&app, &owner, &all).await;
    for (query, expected) in [
        ("", vec!["Shop two", "Beta", "alpha Éclair", "Zebra shop"]),
        ("sort=name", vec!["alpha Éclair", "Beta", "Shop two", "Zebra shop"]),
        ("sort=ending", vec!["Shop two", "Zebra shop", "alpha Éclair", "Beta"]),
        ("find=SHOP", vec!["Shop two", "Zebra shop"]),
        ("find=%C3%A9cl", vec!["alpha Éclair"]),
        ("find=shop+zeb", vec!["Zebra shop"]),
        ("find=facebook", vec!["alpha Éclair"]),
        ("find=hop", vec![]),
        ("kind=destination", vec!["Beta"]),
        ("state=used", vec![]),
        ("state=active&kind=source&find=shop", vec!["Shop two", "Zebra shop"]),
    ] {
        assert_eq!(names(&owner.get(&format!("/invite-links?{query}")).await), expected, "{query}");
    }
    app.advance(time::Duration::minutes(1));
    assert_eq!(names(&owner.get("/invite-links?state=expired").await), ["Shop two"]);
    assert_eq!(names(&owner.get("/invite-links?state=active").await), ["Beta", "alpha Éclair", "Zebra shop"]);
}

#[tokio::test]
async fn pages_are_stable_while_links_are_added_in_every_order() {
    let app = TestApp::start();
    let owner = app.owner().await;
    many(&app, 120).await;
    for sort in ["", "name", "ending", "used", "connections"] {
        let mut seen = Vec::new();
        let mut next = Some(format!("/invite-links?sort={sort}"));
        while let Some(path) = next {
            let page = owner.get(&path).await;
            seen.extend(page.links().into_iter().filter(|link| link.starts_with("/invite-links/0")));
            next = page.links().into_iter().find(|link| link.contains("after="));
            many(&app, 3).await;
        }
        let unique: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "{sort}: nothing comes twice");
        assert!(seen.len() >= 120, "{sort}: nothing is left out: {}", seen.len());
    }
}

/// So many links at once, through the same verb the pages use.
async fn many(app: &TestApp, count: usize) {
    use vestibule::features::invite_links::{LinkFields, NewInviteLink, Usage, make};
    use vestibule::platform::activity::Actor;
    let inner = std::sync::Arc::clone(&app.app);
    let workspace = crate::api::workspace_id(app, "Acme Analytics").await;
    app.app
        .write(move |tx| {
            let connector = inner.connectors.find(vestibule::connectors::Kind::Source, "postgres").unwrap();
            for _ in 0..count {
                let fields = LinkFields { name: inner.rng.text(b"abcdef", 6), ..LinkFields::default() };
                let new = NewInviteLink {
                    workspace: &workspace,
                    connector: &connector,
                    usage: Usage::Reusable,
                    fields: &fields,
                    creator: None,
                    actor: Actor::System,
                    form_nonce: None,
                };
                make(tx, new)?;
            }
            Ok(())
        })
        .await
        .unwrap();
}
