//! What a recipient may do and see, and what a stranger may not.

use super::{app_with_link, share};
use crate::support::TestApp;

#[tokio::test]
async fn the_page_carries_the_headers_that_keep_the_link_secret() {
    let (app, _owner, _connection, link) = app_with_link().await;
    let page = app.visitor().get(&link).await;
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("x-robots-tag").unwrap().contains("noindex"));
    let csp = page.header("content-security-policy").unwrap();
    assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{csp}");
    assert!(page.header("x-request-id").is_some());
    let token = link.trim_start_matches("/scl/");
    assert!(!page.body.contains(token), "the page does not repeat its own token");
    assert!(!page.body.contains("style=") && !page.body.contains("onclick") && !page.body.contains("http://cdn"));
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused_and_stores_nothing() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "evil.example").add("intent", "partial");
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
    ] {
        assert_eq!(outsider.post_with(&link, &form.pairs, &headers).await.status, 403, "{headers:?}");
    }
    let without: Vec<(String, String)> = form.pairs.iter().filter(|(name, _)| name != "_csrf").cloned().collect();
    assert_eq!(outsider.post(&link, &without).await.status, 403);
    let other = share(&owner, "source", "postgres", &[]).await.1;
    assert_eq!(outsider.post(&other, &form.pairs).await.status, 403, "a form belongs to its own link");
    app.advance(time::Duration::hours(23));
    assert!(!owner.get(&connection).await.text().contains("evil.example"));
    assert_eq!(outsider.post(&link, &form.pairs).await.status, 303, "the real form still works");
}

#[tokio::test]
async fn nobody_can_add_a_key_the_spec_does_not_have() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example");
    let sent = form
        .add("/is_admin", "true")
        .add("/ssl_mode/~o9/x", "1")
        .add("__proto__", "1")
        .press("intent", "partial", &outsider)
        .await;
    assert_eq!(sent.status, 303);
    let text = owner.get(&connection).await.text();
    assert!(!text.contains("is_admin"));
}

#[tokio::test]
async fn missing_answers_are_said_and_can_be_left_out_on_purpose() {
    let (app, _owner, _connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example");
    let refused = form.press("intent", "complete", &outsider).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    assert!(text.contains("answers are missing") && text.contains("you can be asked again"), "{text}");
    assert_eq!(refused.form_with("/host").value("/host"), Some("db.example"));
    let nothing = app.visitor();
    let empty = nothing.get(&link).await.form_with("/host").set("/port", "").press("intent", "partial", &nothing).await;
    assert_eq!(empty.status, 422, "{}", empty.text());
    assert!(empty.text().contains("Nothing is filled in yet"));
    let sent = refused.form_with("/host").press("intent", "partial", &outsider).await;
    assert_eq!(sent.status, 303);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (app, _owner, _connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form =
        outsider.get(&link).await.form_with("/host").set("/host", &"x".repeat(4_300_000)).add("intent", "partial");
    assert_eq!(form.send(&outsider).await.status, 413);
    let many =
        (0..2_100).fold(outsider.get(&link).await.form_with("/host"), |form, n| form.add(&format!("/n{n}"), "1"));
    assert_eq!(many.send(&outsider).await.status, 413);
}

#[tokio::test]
async fn rate_limits_slow_a_guesser_down_and_name_the_wait() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let guesser = app.visitor();
    let mut last = guesser.get("/scl/guess").await;
    for n in 0..40 {
        last = guesser.get(&format!("/scl/guess-{n}")).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn markup_in_names_and_notes_stays_text() {
    let app = TestApp::start();
    let owner = app.owner_of("<b>Acme</b> & Co", "Ana \"<i>", "ana@acme.example").await;
    let note = "<script>alert(1)</script> https://x.example";
    let (_, link) = share(&owner, "source", "postgres", &[("note", note), ("recipient", "<u>Joe</u>")]).await;
    let page = app.visitor().get(&link).await;
    assert!(page.text().contains("<script>alert(1)</script>") && page.text().contains("<u>Joe</u>"));
    assert!(!page.has("main script") && !page.has("main u") && !page.has("blockquote a"));
}
