//! Who is not let in, and what they are told.

use vestibule::features::accounts::Role;

use super::super::{id_of_member, session_count};
use super::{Scene, WITH, begin, begin_test, is_signed_in, save};
use crate::support::{Page, Visitor};

#[track_caller]
fn assert_refused(visitor: &Visitor, page: &Page, status: u16, words: &str) {
    assert_eq!(page.status, status, "{}", page.text());
    assert!(page.text().contains(words), "{}", page.text());
    assert!(!is_signed_in(visitor));
}

#[tokio::test]
async fn a_state_is_used_once_in_its_browser_and_within_ten_minutes() {
    let scene = Scene::new().await;
    let tokens = || scene.idp.count("/token");
    let (ana, other, before) = (scene.app.visitor(), scene.app.visitor(), tokens());
    let leaving = begin(&ana).await;
    let refused = scene.back_from(&other, &leaving).await;
    assert_refused(&other, &refused, 400, "It began in another browser.");
    begin(&other).await;
    assert_refused(&other, &scene.back_from(&other, &leaving).await, 400, "It began in another browser.");
    assert_eq!(tokens(), before, "nobody was asked for a token");
    assert_eq!(scene.back_from(&ana, &leaving).await.status, 303, "what another browser tried does no harm");
    let fresh = scene.app.visitor();
    let late = begin(&fresh).await;
    scene.app.advance(time::Duration::minutes(10));
    assert_refused(&fresh, &scene.back_from(&fresh, &late).await, 400, "ten minutes");
    let again = begin(&fresh).await;
    assert_eq!(scene.back_from(&fresh, &again).await.status, 303);
    let count = session_count(&scene.app).await;
    let reused = scene.back_from(&fresh, &again).await;
    assert_eq!((reused.status, session_count(&scene.app).await), (400, count));
    assert_eq!(tokens(), before + 2);
    for wrong in ["", "?state=", "?state=abc&code=x", "?code=x", "?state=a&state=b"] {
        let visitor = scene.app.visitor();
        let page = visitor.get(&format!("{WITH}/callback{wrong}")).await;
        assert_refused(&visitor, &page, 400, "finished already");
    }
}

#[tokio::test]
async fn looking_with_head_uses_nothing_up() {
    let scene = Scene::new().await;
    let visitor = scene.app.visitor();
    let leaving = begin(&visitor).await;
    assert_eq!(visitor.head(&leaving.callback(&scene.idp.issuer())).await.status, 400);
    assert_eq!(scene.back_from(&visitor, &leaving).await.status, 303);
}

#[tokio::test]
async fn of_two_answers_with_one_state_one_is_exchanged() {
    let scene = Scene::new().await;
    let visitor = scene.app.visitor();
    let leaving = begin(&visitor).await;
    let before = scene.idp.count("/token");
    let pages: Vec<Page> = futures_util::future::join_all((0..8).map(|_| scene.back_from(&visitor, &leaving))).await;
    assert_eq!(pages.iter().filter(|page| page.status == 303).count(), 1);
    assert_eq!(pages.iter().filter(|page| page.status == 400).count(), 7);
    assert_eq!(scene.idp.count("/token"), before + 1);
}

/// What the provider sends back, the status of the answer, and words in it.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn errors_of_the_provider_are_said_in_words() {
    let scene = Scene::new().await;
    let issuer = scene.idp.issuer();
    let cases: [Case<'_>; 6] = [
        (&[("error", "access_denied"), ("iss", &issuer)], 403, "You did not sign in"),
        (
            &[("error", "server_error"), ("error_description", "<b>x</b>"), ("iss", &issuer)],
            502,
            "answered with an error",
        ),
        (&[("iss", &issuer)], 502, "answered with an error"),
        (&[("code", "x")], 400, "did not come from where you were sent"),
        (&[("code", "x"), ("iss", "https://evil.example")], 400, "did not come from where you were sent"),
        (&[("code", "x"), ("error", "access_denied"), ("iss", &issuer)], 403, "You did not sign in"),
    ];
    let before = scene.idp.count("/token");
    for (pairs, status, words) in cases {
        let visitor = scene.app.visitor();
        let leaving = begin(&visitor).await;
        let page = visitor.get(&leaving.callback_with(pairs)).await;
        assert_refused(&visitor, &page, status, words);
        assert!(!page.body.contains("<b>x") && !page.body.contains("evil.example"));
    }
    assert_eq!(scene.idp.count("/token"), before);
    for (answer, status, words) in [
        ((401, r#"{"error":"invalid_client"}"#), 502, "does not accept the client id or secret"),
        ((400, r#"{"error":"invalid_grant","error_description":"no"}"#), 502, "answered with an error"),
        ((500, "<html>"), 502, "could not be verified"),
        ((200, "{}"), 502, "could not be verified"),
    ] {
        scene.idp.says(|script| script.token = Some(answer));
        let visitor = scene.app.visitor();
        let page = scene.through(&visitor).await;
        assert_refused(&visitor, &page, status, words);
    }
}

#[tokio::test]
async fn an_address_nobody_vouches_for_opens_nothing() {
    let scene = Scene::new().await;
    let bo = scene.app.member(&scene.owner, Role::Admin, "bo@acme.example").await;
    assert!(is_signed_in(&bo));
    for verified in [serde_json::json!(false), serde_json::Value::Null] {
        scene.idp.says(|script| script.claims["email_verified"] = verified);
        let (visitor, page) = scene.as_person("x-1", "bo@acme.example").await;
        assert_refused(&visitor, &page, 403, "does not vouch for your email address");
    }
    scene.idp.says(|script| script.claims["email"] = "not an address".into());
    let visitor = scene.app.visitor();
    assert_refused(&visitor, &scene.through(&visitor).await, 403, "does not tell your email address");
}

#[tokio::test]
async fn strangers_people_of_other_domains_and_of_other_workspaces_stay_out() {
    let scene = Scene::bare().await;
    save(&scene.owner, &scene.idp.issuer(), &[("domains", "acme.example, other.example")]).await;
    scene.test().await;
    scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    for (subject, email, words) in [
        ("s-1", "somebody@acme.example", "You have no account in this workspace."),
        ("s-2", "somebody@evil.example", "may not come in this way"),
        ("s-3", "somebody@sub.acme.example", "may not come in this way"),
        ("s-4", "olga@other.example", "You have no account in this workspace."),
        ("s-5", "ana@acme.example", "known as somebody else there"),
    ] {
        let (visitor, page) = scene.as_person(subject, email).await;
        assert_refused(&visitor, &page, 403, words);
    }
}

#[tokio::test]
async fn a_removed_member_stays_out_until_invited_again() {
    let scene = Scene::bare().await;
    save(&scene.owner, &scene.idp.issuer(), &[("newcomers", "member"), ("domains", "acme.example")]).await;
    scene.test().await;
    let (_, done) = scene.as_person("bo-1", "bo@acme.example").await;
    assert_eq!(done.status, 303);
    let id = id_of_member(&scene.app, "bo@acme.example").await;
    let removal = format!("/settings/members/{id}/removal");
    scene.owner.get(&removal).await.form_to(&removal).send(&scene.owner).await;
    for (subject, email) in [("bo-1", "bo@acme.example"), ("bo-1", "robert@acme.example"), ("bo-2", "bo@acme.example")]
    {
        let (visitor, page) = scene.as_person(subject, email).await;
        assert_refused(&visitor, &page, 403, "was removed");
    }
    let page = scene.owner.get("/settings/members").await;
    page.form_with("email").set("email", "bo@acme.example").set("role", "viewer").send(&scene.owner).await;
    let (back, done) = scene.as_person("bo-1", "bo@acme.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&back));
}

#[tokio::test]
async fn somebody_replaced_at_the_provider_is_let_in_once_an_owner_forgets_the_old_one() {
    let scene = Scene::new().await;
    scene.app.member(&scene.owner, Role::Member, "bo@acme.example").await;
    assert_eq!(scene.as_person("bo-1", "bo@acme.example").await.1.status, 303);
    assert_eq!(scene.as_person("bo-2", "bo@acme.example").await.1.status, 403);
    let id = id_of_member(&scene.app, "bo@acme.example").await;
    let page = scene.owner.get(&format!("/settings/members/{id}")).await;
    assert!(page.text().contains("Known since"));
    let action = format!("/settings/members/{id}/identity-removal");
    assert_eq!(page.form_to(&action).send(&scene.owner).await.status, 303);
    assert_eq!(scene.as_person("bo-2", "bo@acme.example").await.1.status, 303);
    assert_eq!(scene.as_person("bo-1", "bo@acme.example").await.1.status, 403);
}

#[tokio::test]
async fn only_the_owner_who_began_passes_the_test() {
    let scene = Scene::bare().await;
    save(&scene.owner, &scene.idp.issuer(), &[]).await;
    scene.app.member(&scene.owner, Role::Member, "bo@acme.example").await;
    for (subject, email) in [("bo-1", "bo@acme.example"), ("x-1", "nobody@acme.example")] {
        scene.idp.person(subject, email, "X");
        let page = scene.back_from(&scene.owner, &begin_test(&scene.owner).await).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(page.text().contains("Somebody else came back"), "{}", page.text());
    }
    let nobody = scene.app.visitor();
    assert_eq!(nobody.get(WITH).await.status, 404, "it is not offered");
    assert!(!nobody.get("/sign-in").await.text().contains("Acme Login"));
}

#[tokio::test]
async fn details_that_change_meanwhile_end_the_way() {
    let scene = Scene::new().await;
    let visitor = scene.app.visitor();
    let leaving = begin(&visitor).await;
    save(&scene.owner, &scene.idp.issuer(), &[("client_id", "another")]).await;
    let page = scene.back_from(&visitor, &leaving).await;
    assert_refused(&visitor, &page, 400, "was changed while you were on it");
}
