//! Dead links explain themselves; unknown ones say nothing.

use super::{app_with_link, share_again};

#[tokio::test]
async fn every_dead_link_says_why_and_whom_to_ask() {
    let (app, owner, connection, used) = app_with_link().await;
    let outsider = app.visitor();
    let sent = outsider
        .get(&used)
        .await
        .form_with("/host")
        .set("/host", "a.example")
        .press("intent", "partial", &outsider)
        .await;
    assert_eq!(sent.status, 303);

    let revoked = share_again(&owner, &connection).await;
    let page = owner.get(&connection).await;
    let action = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    let done = page.form_to(&action).send(&owner).await;
    assert!(owner.follow(&done).await.text().contains("Setup link revoked"));

    let deleted = share_again(&owner, &connection).await;
    for (link, words) in [(&used, "already been used"), (&revoked, "withdrawn")] {
        let dead = outsider.get(link).await;
        assert_eq!(dead.status, 410);
        assert!(dead.text().contains(words) && dead.text().contains("Ana Lima"), "{}", dead.text());
        assert!(!dead.has("form"), "a dead link has no form");
    }
    let confirm = owner.get(&format!("{connection}/deletion")).await;
    assert!(confirm.text().contains("1 open link stops working"), "{}", confirm.text());
    let gone = confirm.form_to(&format!("{connection}/deletion")).send(&owner).await;
    assert_eq!(gone.status, 303);
    let dead = outsider.get(&deleted).await;
    assert_eq!(dead.status, 410);
    assert!(dead.text().contains("deleted"), "{}", dead.text());
    assert_eq!(owner.get(&connection).await.status, 404);
}

#[tokio::test]
async fn a_link_expires_to_the_second_and_the_timeline_says_so() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    app.advance(time::Duration::hours(24) - time::Duration::seconds(1));
    let form = outsider.get(&link).await;
    assert_eq!(form.status, 200);
    app.advance(time::Duration::seconds(1));
    let dead = outsider.get(&link).await;
    assert_eq!(dead.status, 410);
    assert!(dead.text().contains("It was open until Saturday 14 March 2026, 16:00 UTC"), "{}", dead.text());
    let late = form.form_with("/host").set("/host", "late.example").press("intent", "partial", &outsider).await;
    assert_eq!(late.status, 410);
    app.sweep().await;
    app.sweep().await;
    let page = owner.get(&connection).await;
    assert_eq!(page.text().matches("expired unused").count(), 1, "{}", page.text());
    assert!(!page.text().contains("late.example"));
}

#[tokio::test]
async fn an_unknown_token_is_one_uniform_page() {
    let (app, _owner, _connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let first = outsider.get("/scl/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    let second = outsider.get("/scl/x").await;
    let nowhere = outsider.get("/no/such/page").await;
    assert_eq!((first.status, second.status, nowhere.status), (404, 404, 404));
    assert_eq!(first.body, second.body);
    assert_eq!(first.body, nowhere.body);
    let almost = format!("{}A", link.get(..link.len() - 1).unwrap());
    let almost = if almost == link { format!("{}B", link.get(..link.len() - 1).unwrap()) } else { almost };
    assert_eq!(outsider.get(&almost).await.body, first.body);
    let sent = outsider.post("/scl/x", &[("intent".to_owned(), "partial".to_owned())]).await;
    assert_eq!(sent.status, 404);
}

#[tokio::test]
async fn deleting_the_draft_while_somebody_types_stores_nothing() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "late.example");
    let confirm = owner.get(&format!("{connection}/deletion")).await;
    confirm.form_to(&format!("{connection}/deletion")).send(&owner).await;
    let late = form.set("/password", "not-for-eyes").press("intent", "partial", &outsider).await;
    assert_eq!(late.status, 410);
    assert!(late.text().contains("deleted"));
    assert!(late.text().contains("What you entered was not sent") && late.text().contains("late.example"));
    assert!(late.text().contains("Passwords and keys are not shown again") && !late.body.contains("not-for-eyes"));
    assert!(!outsider.get(&link).await.text().contains("late.example"));
    app.run_jobs().await;
    assert!(app.app.mailer.kept().is_empty());
}
