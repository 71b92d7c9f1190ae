//! A recipient tests what they typed before they send it.

use crate::invite_links::invite;
use crate::setup_links::share;
use crate::support::{CANARY, Page, TestApp, Visitor, shop};

async fn link(fields: &[(&str, &str)]) -> (TestApp, Visitor, String, String) {
    let app = shop::app();
    let owner = app.owner().await;
    let (connection, link) = share(&owner, "source", "shop", fields).await;
    (app, owner, connection, link)
}

async fn test(visitor: &Visitor, page: &Page, token: &str) -> Page {
    page.form_with("/token").set("/token", token).press("intent", "test", visitor).await
}

#[tokio::test]
async fn what_is_typed_is_tested_and_nothing_is_kept() {
    let (app, owner, connection, link) = link(&[("allow_test", "yes")]).await;
    let visitor = app.visitor();
    let going = test(&visitor, &visitor.get(&link).await, &format!("wrong-{CANARY}")).await;
    assert_eq!(going.status, 200);
    assert!(going.text().contains("Testing what you entered") && !going.body.contains(CANARY), "{}", going.text());
    app.work().await;
    let bad = going.form_with("/token").press("intent", "test-result", &visitor).await;
    assert!(bad.text().contains("could not be confirmed") && bad.text().contains("does not know the token"));
    assert!(!bad.body.contains(CANARY), "the answer of the system is cleaned");
    assert!(!owner.get(&connection).await.text().contains("Provided"), "the draft is as it was");

    let again = test(&visitor, &bad, &format!("right-{CANARY}")).await;
    app.work().await;
    let good = again.form_with("/token").press("intent", "test-result", &visitor).await;
    assert!(good.text().contains("What you entered works") && !good.text().contains("stream"), "{}", good.text());
    // The secret is held, so that sending needs no typing again.
    let sent = good.form_with("/token").press("intent", "complete", &visitor).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let page = owner.get(&connection).await.text();
    assert!(page.contains("Provided") && page.contains("Test before sending."), "{page}");
    assert!(page.contains("All required details are there. Validate them"), "a test proves nothing for finalising");
}

#[tokio::test]
async fn only_where_the_asker_allows_it() {
    let (app, owner, _, link) = link(&[]).await;
    let visitor = app.visitor();
    let page = visitor.get(&link).await;
    assert!(!page.has("button[value=test]"));
    let (_, for_many) = invite(&owner, "source/shop", &[]).await;
    let for_many = visitor.get(&for_many).await;
    assert!(for_many.has("button[value=complete]") && !for_many.has("button[value=test]"));
    let sent = test(&visitor, &page, "right").await;
    assert_eq!(sent.status, 303, "any other button sends");
}

#[tokio::test]
async fn a_link_may_test_three_times_a_minute_and_sees_its_own_tests_only() {
    let app = shop::app_with(|config| config.server.rate_limits = true);
    let owner = app.owner().await;
    let (_, first) = share(&owner, "source", "shop", &[("allow_test", "yes")]).await;
    let (_, other) = share(&owner, "source", "shop", &[("allow_test", "yes")]).await;
    let visitor = app.visitor();
    let page = visitor.get(&first).await;
    let mut last = test(&visitor, &page, "right").await;
    for _ in 0..2 {
        last = test(&visitor, &last, "right").await;
        assert_eq!(last.status, 200);
    }
    assert_eq!(test(&visitor, &last, "right").await.status, 429);
    let id = last.form_with("/token").value("_test").unwrap().to_owned();
    let foreign = visitor.get(&other).await.form_with("/token").set("_test", &id);
    let answer = foreign.press("intent", "test-result", &visitor).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.text().contains("Testing what you entered"), "{}", answer.text());
}

#[tokio::test]
async fn a_test_never_uses_what_others_have_provided() {
    let (app, owner, connection, first) = link(&[("allow_test", "yes"), ("/token", &format!("right-{CANARY}"))]).await;
    let visitor = app.visitor();
    let page = visitor.get(&first).await;
    assert!(page.text().contains("Already provided"), "{}", page.text());
    // Whoever opens a link may say where a connector goes: a password that somebody else filled in does not go there.
    let refused = page.form_with("/token").set("/mode", "elsewhere").press("intent", "test", &visitor).await;
    assert_eq!(refused.status, 200);
    assert!(refused.text().contains("A test uses only what you enter yourself"), "{}", refused.text());
    assert_eq!(vestibule::features::work::validations::run_due(&app.app).await.unwrap(), 0, "nothing is asked");
    let own = test(&visitor, &refused, "right-own").await;
    assert!(own.text().contains("Testing what you entered"), "{}", own.text());
    app.work().await;
    assert!(!owner.get(&connection).await.body.contains(CANARY));
}

#[tokio::test]
async fn nobody_outside_is_told_off_for_what_is_not_theirs() {
    for (mode, turn) in [("down", "provider"), ("falls", "operator"), ("ill", "operator")] {
        let (app, owner, connection, link) = link(&[("allow_test", "yes"), ("/mode", mode)]).await;
        let visitor = app.visitor();
        let going = test(&visitor, &visitor.get(&link).await, &format!("right-{CANARY}")).await;
        app.work().await;
        let told = going.form_with("/token").press("intent", "test-result", &visitor).await;
        let text = told.text();
        assert!(text.contains("This cannot be tested now"), "{mode}: {text}");
        assert!(text.contains("Nothing you entered is known to be wrong"), "{mode}: {text}");
        for word in ["Traceback", "/opt/", "main.py", "VESTIBULE_", "operator", "could not be confirmed", CANARY] {
            assert!(!told.body.contains(word), "{mode}: {word}: {text}");
        }
        let sent = told.form_with("/token").press("intent", "complete", &visitor).await;
        assert_eq!(sent.status, 303, "{mode}: it can be sent all the same: {}", sent.text());
        let page = owner.get(&connection).await;
        let path = page.links().into_iter().find(|path| path.starts_with("/validations/")).unwrap();
        let seen = owner.get(&path).await;
        assert!(!seen.body.contains(CANARY), "{mode}: secrets are hidden in the log, too");
        let words = if turn == "operator" { "runs this installation" } else { "Trying again in a few minutes" };
        assert!(seen.text().contains(words), "{mode}: {}", seen.text());
    }
}
