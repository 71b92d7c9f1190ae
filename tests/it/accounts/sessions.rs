//! What a session is worth, and for how long.

use time::Duration;

use super::session_count;
use crate::support::TestApp;

fn session_cookie(page: &crate::support::Page) -> Option<String> {
    page.headers
        .iter()
        .find(|(name, value)| name == "set-cookie" && value.contains("session="))
        .map(|(_, value)| value.clone())
}

#[tokio::test]
async fn the_cookie_is_closed_to_scripts_and_lasts_as_long_as_the_session() {
    let app = TestApp::start();
    app.owner().await;
    let visitor = app.visitor();
    let form = visitor
        .get("/sign-in")
        .await
        .form_with("email")
        .set("email", "ana@acme.example")
        .set("password", crate::support::PASSWORD);
    let done = form.send(&visitor).await;
    let cookie = session_cookie(&done).expect("a session cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[tokio::test]
async fn on_https_the_cookie_belongs_to_this_host_alone() {
    let app = TestApp::start_with(|config| {
        config.server.base_url = vestibule::platform::config::BaseUrl::parse("https://connect.example.com").unwrap()
    });
    app.owner().await;
    let visitor = app.visitor();
    let form = visitor
        .get("/sign-in")
        .await
        .form_with("email")
        .set("email", "ana@acme.example")
        .set("password", crate::support::PASSWORD);
    let cookie = session_cookie(&form.send(&visitor).await).expect("a session cookie");
    assert!(cookie.starts_with("__Host-vestibule_session=") && cookie.contains("Secure"), "{cookie}");
    assert!(!cookie.to_lowercase().contains("domain="));
}

#[tokio::test]
async fn thirty_days_of_silence_end_it_and_being_seen_prolongs_it() {
    let app = TestApp::start();
    let owner = app.owner().await;
    app.advance(Duration::days(29));
    let seen = owner.get("/settings/account").await;
    assert_eq!(seen.status, 200);
    assert!(
        session_cookie(&seen).is_some_and(|cookie| cookie.contains("Max-Age=2592000")),
        "the browser keeps it as long as we do"
    );
    app.advance(Duration::days(29));
    assert_eq!(owner.get("/settings/account").await.status, 200);
    app.advance(Duration::days(30));
    assert_eq!(owner.get("/settings/account").await.status, 303);
}

#[tokio::test]
async fn ninety_days_after_signing_in_it_ends_however_often_it_was_seen() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for _ in 0..8 {
        app.advance(Duration::days(11));
        assert_eq!(owner.get("/settings/account").await.status, 200);
    }
    app.advance(Duration::hours(47));
    assert_eq!(owner.get("/settings/account").await.status, 200);
    app.advance(Duration::hours(1));
    assert_eq!(owner.get("/settings/account").await.location().as_deref(), Some("/sign-in?next=%2Fsettings%2Faccount"));
    vestibule::features::accounts::sweep(&app.app).await.unwrap();
    assert_eq!(session_count(&app).await, 0);
}

#[tokio::test]
async fn the_operator_sets_how_long_it_lasts() {
    let app = TestApp::start_with(|config| {
        config.sign_in.session.idle = Duration::days(2);
        config.sign_in.session.longest = Duration::days(5);
    });
    let owner = app.owner().await;
    for _ in 0..4 {
        app.advance(Duration::days(1));
        let seen = owner.get("/settings/account").await;
        assert_eq!(seen.status, 200);
        assert!(session_cookie(&seen).is_some_and(|cookie| cookie.contains("Max-Age=172800")));
    }
    app.advance(Duration::days(1));
    assert_eq!(owner.get("/settings/account").await.status, 303);
    owner.sign_in("ana@acme.example").await;
    app.advance(Duration::days(2));
    assert_eq!(owner.get("/settings/account").await.status, 303, "two days without being seen");
}

#[tokio::test]
async fn being_seen_is_noted_every_five_minutes_at_most() {
    let app = TestApp::start();
    let owner = app.owner().await;
    app.advance(Duration::seconds(299));
    assert!(session_cookie(&owner.get("/settings/account").await).is_none());
    app.advance(Duration::seconds(1));
    let page = owner.get("/settings/account").await;
    assert!(session_cookie(&page).is_some());
    let page = owner.get("/settings/account").await;
    assert!(session_cookie(&page).is_none());
    assert!(page.text().contains("Firefox on Linux This one"), "{}", page.text());
    assert!(page.text().contains("16:05 UTC"), "{}", page.text());
}

#[tokio::test]
async fn what_is_over_is_swept_away() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let other = app.visitor();
    app.advance(Duration::days(20));
    other.sign_in("ana@acme.example").await;
    assert_eq!(session_count(&app).await, 2);
    app.advance(Duration::days(10));
    vestibule::features::accounts::sweep(&app.app).await.unwrap();
    assert_eq!(session_count(&app).await, 1);
    assert_eq!(owner.get("/settings/account").await.status, 303);
    assert_eq!(other.get("/settings/account").await.status, 200);
}
