//! Signing in and out.

use super::{assert_refused, session_count};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn back_to_the_page_that_was_wanted() {
    let app = TestApp::start();
    app.owner().await;
    let visitor = app.visitor();
    let sent_away = visitor.get("/settings/members?from=mail").await;
    assert_eq!(sent_away.location().as_deref(), Some("/sign-in?next=%2Fsettings%2Fmembers%3Ffrom%3Dmail"));
    let page = visitor.follow(&sent_away).await;
    let done =
        page.form_with("email").set("email", " ANA@acme.example ").set("password", PASSWORD).send(&visitor).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/settings/members?from=mail")));
    assert_eq!(visitor.follow(&done).await.status, 200);
    assert_eq!(visitor.get("/sign-in?next=/settings/mail").await.location().as_deref(), Some("/settings/mail"));
}

#[tokio::test]
async fn nobody_is_sent_to_another_host() {
    let app = TestApp::start();
    app.owner().await;
    for next in
        ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/%09/evil.example\t"]
    {
        let visitor = app.visitor();
        let page = visitor.get("/sign-in").await;
        let form = page.form_with("email").set("email", "ana@acme.example").set("password", PASSWORD).set("next", next);
        let done = form.send(&visitor).await;
        assert_eq!((done.status, done.location().as_deref()), (303, Some("/connections")), "{next}");
    }
}

#[tokio::test]
async fn wrong_address_and_wrong_password_look_the_same() {
    let app = TestApp::start();
    app.owner().await;
    let mut texts = Vec::new();
    for (email, password) in [
        ("ana@acme.example", "not the right password"),
        ("nobody@acme.example", PASSWORD),
        ("no address at all", PASSWORD),
    ] {
        let visitor = app.visitor();
        let form = visitor.get("/sign-in").await.form_with("email");
        let refused = form.set("email", email).set("password", password).send(&visitor).await;
        assert_refused(&refused, "email", "Email or password is not right.");
        assert_eq!(refused.value_of("email").as_deref(), Some(email));
        assert!(!refused.body.contains(password));
        assert!(!visitor.cookies().keys().any(|name| name.contains("session")));
        texts.push(refused.text());
    }
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]));
    let visitor = app.visitor();
    let empty = visitor.get("/sign-in").await.form_with("email").send(&visitor).await;
    assert_refused(&empty, "email", "Enter your email");
    assert_refused(&empty, "password", "Enter your password");
}

#[tokio::test]
async fn tries_are_limited_by_address_and_by_account() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    app.owner().await;
    let visitor = app.visitor();
    let form = visitor
        .get("/sign-in")
        .await
        .form_with("email")
        .set("email", "ana@acme.example")
        .set("password", "wrong password");
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(form.send(&visitor).await.status);
    }
    assert_eq!((statuses[0], statuses[6]), (422, 429), "{statuses:?}");
    let slowed = form.send(&visitor).await;
    assert!(slowed.header("retry-after").is_some());
    let other = form.clone().set("email", "bo@acme.example").send(&visitor).await;
    assert_eq!(other.status, 422, "another account is not held back");
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(form.clone().set("email", &format!("u{number}@acme.example")).send(&visitor).await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "one address cannot try account after account: {statuses:?}");
}

#[tokio::test]
async fn several_processes_count_tries_together_and_the_clock_gives_them_back() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let (second, _app) = app.second_server();
    app.owner().await;
    // Signing in was a try, too.
    app.advance(time::Duration::minutes(5));
    let visitor = app.visitor();
    let form = visitor.get("/sign-in").await.form_with("email");
    let form = form.set("email", "ana@acme.example").set("password", "wrong password");
    let all_at_once = async |count: usize| {
        let tries: tokio::task::JoinSet<u16> = (0..count)
            .map(|number| {
                let (form, visitor) =
                    (form.clone(), if number % 2 == 0 { visitor.clone() } else { visitor.at(&second) });
                async move { form.send(&visitor).await.status }
            })
            .collect();
        let mut statuses = tries.join_all().await;
        statuses.sort_unstable();
        statuses
    };
    assert_eq!(all_at_once(9).await, [422, 422, 422, 422, 422, 422, 429, 429, 429]);
    app.advance(time::Duration::seconds(10));
    assert_eq!(all_at_once(2).await, [422, 429], "one is back after ten seconds");
    // A clock that was a day ahead locks nobody out.
    app.advance(time::Duration::days(-1));
    let form = visitor.get("/sign-in").await.form_with("email").set("email", "ana@acme.example");
    let right = form.set("password", crate::support::PASSWORD).send(&visitor).await;
    assert_eq!(right.status, 303, "{}", right.text());
    app.advance(time::Duration::minutes(2));
    vestibule::features::accounts::sweep(&app.app).await.unwrap();
    assert_eq!(counted(&app).await, 0, "what is over is forgotten");
}

#[tokio::test]
async fn processes_count_unknown_tokens_together() {
    let app = TestApp::start_with(|config| config.server.rate_limits = true);
    let (second, _app) = app.second_server();
    app.owner().await;
    let visitor = app.visitor();
    let mut statuses = Vec::new();
    for number in 0..32 {
        let at = if number % 2 == 0 { visitor.clone() } else { visitor.at(&second) };
        let path = if number % 4 < 2 { format!("/join/unknown-{number}") } else { format!("/scl/unknown-{number}") };
        statuses.push(at.get(&path).await.status);
    }
    assert_eq!((statuses[29], statuses[30], statuses[31]), (404, 429, 429), "{statuses:?}");
}

async fn counted(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::counted_tries;
    app.app.db.read(|conn| Ok(counted_tries::table.count().get_result(conn)?)).await.unwrap()
}

#[tokio::test]
async fn signing_out_ends_the_session_and_says_so_once() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let before = owner.cookies();
    let page = owner.get("/settings/account").await;
    let done = page.form_to("/sign-out").send(&owner).await;
    assert_eq!((done.status, done.location().as_deref()), (303, Some("/sign-in")));
    assert!(!owner.cookies().keys().any(|name| name.contains("session")));
    assert_eq!(session_count(&app).await, 0);
    let first = owner.follow(&done).await;
    assert!(first.text().contains("You are signed out."), "{}", first.text());
    assert!(!owner.get("/sign-in").await.text().contains("You are signed out."));

    let token = before
        .iter()
        .find(|(name, _)| name.contains("session"))
        .map(|(name, value)| format!("{name}={value}"))
        .unwrap();
    let replayed = app.visitor().request(reqwest::Method::GET, "/settings/account", &[("cookie", &token)]).await;
    assert_eq!(replayed.status, 303, "an ended session opens nothing");
}

#[tokio::test]
async fn a_new_sign_in_ends_the_session_the_browser_had() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/settings/account").await;
    let first = owner.cookies();
    // The form of a page that was opened before signing in, in the same browser.
    let form = page.form_to("/sign-out");
    let again = crate::support::Form { action: "/sign-in".to_owned(), ..form }
        .set("email", "ana@acme.example")
        .set("password", PASSWORD)
        .set("next", "");
    assert_eq!(again.send(&owner).await.status, 303);
    assert_ne!(first, owner.cookies());
    assert_eq!(session_count(&app).await, 1);
}
