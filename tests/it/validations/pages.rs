//! Validating, choosing streams, finalising and extracting on pages.

use vestibule::features::accounts::Role;

use crate::setup_links::connection_path;
use crate::support::{Page, TestApp, Visitor, shop};

/// An owner and the path of a shop with that token.
async fn shop_page(token: &str) -> (TestApp, Visitor, String) {
    let app = shop::app();
    let owner = app.owner().await;
    let form = owner.get("/connections/new/source/shop").await.form_with("/token").set("/token", token);
    let saved = form.press("intent", "save", &owner).await;
    let path = saved.location().unwrap();
    (app, owner, path)
}

async fn validate(app: &TestApp, owner: &Visitor, connection: &str) -> Page {
    let page = owner.get(connection).await;
    let started = page.form_to(&format!("{connection}/validations")).send(owner).await;
    let path = started.location().unwrap();
    let waiting = owner.get(&path).await;
    assert!(waiting.has("[data-live]") && waiting.has("progress"), "{}", waiting.body);
    app.work().await;
    owner.get(&path).await
}

#[tokio::test]
async fn from_details_to_records_on_pages() {
    let (app, owner, connection) = shop_page("right-1").await;
    assert_eq!(connection_path(&owner.get("/connections").await), connection);
    let done = validate(&app, &owner, &connection).await;
    assert!(done.text().contains("The details work: 2 streams found."), "{}", done.text());
    assert!(!done.has("[data-live]"), "it is over");

    let streams = owner.get(&format!("{connection}/streams")).await;
    let form = streams.form_with("table.0").set("prefix", "shop_");
    let form = form.without("on", "1");
    let chosen = form.press("intent", "save", &owner).await;
    assert_eq!(chosen.location().unwrap(), format!("{connection}/finish"), "{}", chosen.text());

    let finish = owner.get(&format!("{connection}/finish")).await;
    assert!(finish.text().contains("1 of 2"), "{}", finish.text());
    let form = finish.form_with("trigger").set("trigger", "cron").set("cron", "0 6 * * *").set("zone", "Europe/Lisbon");
    let preview = form.clone().press("intent", "preview", &owner).await;
    assert!(
        preview.text().contains("Sat 14 Mar 2026, 06:00") && preview.count("ol li time") == 5,
        "{}",
        preview.text()
    );
    let wrong = form.clone().set("cron", "often").press("intent", "finalise", &owner).await;
    assert_eq!(wrong.status, 422);
    let end = form.press("intent", "finalise", &owner).await;
    let page = owner.follow(&end).await;
    assert!(page.text().contains("Connection finalised"), "{}", page.text());
    assert!(page.text().contains("Next times") && page.text().contains("Sat 14 Mar 2026, 06:00"), "{}", page.text());

    let started = page.form_to(&format!("{connection}/runs")).send(&owner).await;
    let run = started.location().unwrap();
    app.work().await;
    let done = owner.get(&run).await;
    assert!(done.text().contains("3 records of 1 stream") && done.text().contains("shop_orders"), "{}", done.text());

    let again = owner.get(&connection).await.form_with("from_start").send(&owner).await;
    let page = owner.follow(&again).await;
    assert!(page.text().contains("from the beginning"), "{}", page.text());
}

#[tokio::test]
async fn a_failure_says_what_to_do_and_past_ones_stay() {
    let (app, owner, connection) = shop_page("wrong").await;
    let done = validate(&app, &owner, &connection).await;
    let text = done.text();
    assert!(text.contains("The details could not be confirmed") && text.contains("Change the details"), "{text}");
    let page = owner.get(&connection).await;
    assert!(
        page.text().contains("Validation failed") && page.count("a[href^='/validations/']") == 1,
        "{}",
        page.text()
    );
    let finish = owner.get(&format!("{connection}/finish")).await.form_with("trigger");
    let refused = finish.press("intent", "finalise", &owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Validate them, then finalise"), "{}", refused.text());
}

#[tokio::test]
async fn a_bad_moment_does_not_make_the_details_wrong() {
    for (mode, words) in [("down", "hands full"), ("falls", "stopped unexpectedly")] {
        let app = shop::app();
        let owner = app.owner().await;
        let form = owner.get("/connections/new/source/shop").await.form_with("/token").set("/token", "right-1");
        let connection = form.set("/mode", mode).press("intent", "save", &owner).await.location().unwrap();
        let done = validate(&app, &owner, &connection).await;
        let text = done.text();
        assert!(text.contains("There was no answer about the details") && text.contains(words), "{mode}: {text}");
        assert!(done.form_to(&format!("{connection}/validations")).send(&owner).await.status == 303);
        app.work().await;
        let list = owner.get("/connections").await.text();
        assert!(list.contains("Filled in") && list.contains("You: validate it"), "{mode}: {list}");
        let page = owner.get(&connection).await.text();
        assert!(page.contains("nothing is known to be wrong with the details"), "{mode}: {page}");
    }
}

#[tokio::test]
async fn a_setting_is_named_to_whom_can_act_and_to_nobody_else() {
    let (app, owner, connection) = shop_page("right-1").await;
    let form = owner.get(&format!("{connection}/configuration")).await.form_with("/mode").set("/mode", "falls");
    form.press("intent", "save", &owner).await;
    validate(&app, &owner, &connection).await;
    let path = owner.get(&connection).await.links().into_iter().find(|path| path.starts_with("/validations/")).unwrap();
    let viewer = app.member(&owner, Role::Viewer, "vera@example.com").await;
    let (admin, other) = (owner.get(&path).await, viewer.get(&path).await);
    let callout = |page: &Page| page.texts("[data-tone=warn]").join(" ");
    assert!(callout(&admin).contains("The operator can install"), "{}", callout(&admin));
    assert!(!callout(&other).contains("The operator can install"), "{}", callout(&other));
    assert!(callout(&other).contains("runs this installation"), "{}", callout(&other));
}

#[tokio::test]
async fn the_list_says_whose_turn_it_is() {
    for (token, state, turn) in [
        ("right-3", "Validated", "You: choose streams and finalise"),
        ("wrong", "Validation failed", "You: change the details"),
    ] {
        let (app, owner, connection) = shop_page(token).await;
        let before = owner.get("/connections").await.text();
        assert!(before.contains("Filled in") && before.contains("You: validate it"), "{before}");
        validate(&app, &owner, &connection).await;
        let after = owner.get("/connections").await.text();
        assert!(after.contains(state) && after.contains(turn), "{after}");
    }
}

#[tokio::test]
async fn opening_the_fields_of_a_stream_keeps_what_was_chosen() {
    let (app, owner, connection) = shop_page("right-4").await;
    validate(&app, &owner, &connection).await;
    let streams = format!("{connection}/streams");
    let chosen = owner.get(&streams).await.form_with("table.0").set("table.0", "my orders").without("on", "1");
    let opened = chosen.press("intent", "fields.0", &owner).await;
    assert_eq!(opened.location(), Some(format!("{streams}/0")), "a draft may be wrong meanwhile: {}", opened.text());
    let kept = owner.get(&streams).await;
    assert_eq!((kept.value_of("table0").as_deref(), kept.count("input[name=on][checked]")), (Some("my orders"), 1));
    let refused = kept.form_with("table.0").press("intent", "save", &owner).await;
    assert!(refused.status == 422 && refused.has("#e0") && refused.has("#table0[aria-invalid]"), "{}", refused.body);

    kept.form_with("table.0").set("table.0", "orders").press("intent", "save", &owner).await;
    let finish = owner.get(&format!("{connection}/finish")).await.form_with("trigger");
    assert_eq!(finish.press("intent", "finalise", &owner).await.location(), Some(connection.clone()));
    let again = owner.get(&streams).await.form_with("table.0");
    let same = again.clone().press("intent", "fields.0", &owner).await;
    assert_eq!(same.location(), Some(format!("{streams}/0")));
    let wrong = again.set("table.0", "my orders").press("intent", "fields.1", &owner).await;
    assert_eq!(wrong.status, 422, "what is read is never wrong");
}

#[tokio::test]
async fn streams_are_searched_and_selected_together() {
    let (app, owner, connection) = shop_page("right-2").await;
    validate(&app, &owner, &connection).await;
    let streams = format!("{connection}/streams");
    let found = owner.get(&format!("{streams}?find=peop")).await;
    assert_eq!(found.count("input[name=on]"), 1);
    let none = owner.get(&streams).await.form_with("table.0").press("intent", "none", &owner).await;
    assert_eq!(none.count("input[name=on][checked]"), 0);
    let refused = none.form_with("table.0").press("intent", "save", &owner).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Choose at least one stream"), "{}", refused.text());
    let all = refused.form_with("table.0").press("intent", "all", &owner).await;
    assert_eq!(all.count("input[name=on][checked]"), 2);
    let same = all.form_with("table.0").set("table.1", "orders").press("intent", "save", &owner).await;
    assert!(same.text().contains("have the same table name orders"), "{}", same.text());
    let fields = owner.get(&format!("{streams}/0")).await.form_with("keys");
    let only = fields.clone().set("all", "no").without("field", "note").set("keys", "id").send(&owner).await;
    assert_eq!(only.location(), Some(streams.clone()), "back to the other streams: {}", only.text());
    assert!(owner.get(&streams).await.text().contains("2 fields"));
    let odd = fields.set("keys", "nothing").send(&owner).await;
    assert!(odd.status == 422 && odd.text().contains("has no field nothing"), "{}", odd.text());
}
