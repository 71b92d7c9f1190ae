//! Passwords switched off, and the ways back.

use vestibule::features::accounts::Role;

use super::super::{join_path, session_count};
use super::{SETTINGS, Scene, WITH, save};
use crate::support::PASSWORD;

#[tokio::test]
async fn passwords_can_be_off_only_after_the_owner_came_in_the_other_way() {
    let scene = Scene::bare().await;
    save(&scene.owner, &scene.idp.issuer(), &[]).await;
    let page = scene.owner.get(SETTINGS).await;
    assert!(!page.actions().contains(&"/settings/sign-in/passwords".to_owned()));
    let form = page.form_to("/settings/sign-in/test");
    let forced =
        crate::support::Form { action: "/settings/sign-in/passwords".to_owned(), ..form }.set("passwords", "off");
    assert_eq!(forced.send(&scene.owner).await.status, 409);
    scene.test().await;
    // Another owner, who has not been there, cannot lock themselves out.
    let bea = scene.app.member(&scene.owner, Role::Owner, "bea@acme.example").await;
    let page = bea.get(SETTINGS).await;
    assert!(page.text().contains("once you have tested the sign-in with your own account"), "{}", page.text());
    let form = page.form_to("/settings/sign-in/test");
    let forced =
        crate::support::Form { action: "/settings/sign-in/passwords".to_owned(), ..form }.set("passwords", "off");
    assert_eq!(forced.send(&bea).await.status, 409);
    scene.switch_passwords_off().await;
}

#[tokio::test]
async fn off_means_that_no_password_opens_anything() {
    let scene = Scene::new().await;
    let bo = scene.app.member(&scene.owner, Role::Member, "bo@acme.example").await;
    let visitor = scene.app.visitor();
    let password_form = visitor.get("/sign-in").await.form_with("email");
    let reset_form = visitor.get("/forgot-password").await.form_with("email").set("email", "bo@acme.example");
    assert_eq!(reset_form.send(&visitor).await.status, 200);
    scene.app.run_jobs().await;
    let reset = super::super::mailed_path(&scene.app, "bo@acme.example");
    scene.switch_passwords_off().await;

    assert_eq!(session_count(&scene.app).await, 1, "everybody but the owner is out");
    assert_eq!(bo.get("/connections").await.status, 303);
    assert_eq!(visitor.get(&reset).await.status, 410, "links to choose a password are closed");
    let tried = password_form.set("email", "bo@acme.example").set("password", PASSWORD).send(&visitor).await;
    assert_eq!(tried.status, 422);
    assert!(tried.text().contains("Your workspace takes no passwords. Sign in with Acme Login."), "{}", tried.text());
    let page = visitor.get("/sign-in").await;
    assert!(!page.has("input[type=password]") && page.has(&format!("form[action='{WITH}']")), "{}", page.body);
    let mails = scene.app.app.mailer.kept().len();
    scene.app.advance(time::Duration::minutes(5));
    assert_eq!(reset_form.send(&visitor).await.status, 200, "it says the same as ever");
    scene.app.run_jobs().await;
    assert_eq!(scene.app.app.mailer.kept().len(), mails, "and sends nothing");
    let account = scene.owner.get("/settings/account").await;
    assert!(!account.has("input[type=password]") && account.text().contains("You sign in with Acme Login"));
    assert_eq!(scene.as_person("bo-1", "bo@acme.example").await.1.status, 303);
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_how_a_workspace_signs_in() {
    let scene = Scene::new().await;
    scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    scene.switch_passwords_off().await;
    let visitor = scene.app.visitor();
    let form = visitor.get("/sign-in").await.form_with("email").set("email", "ana@acme.example");
    let tried = form.set("password", "not the right password").send(&visitor).await;
    assert!(tried.text().contains("Email or password is not right."), "{}", tried.text());
    visitor.sign_in("olga@other.example").await;
}

#[tokio::test]
async fn an_invitation_is_answered_through_the_provider() {
    let scene = Scene::new().await;
    let page = scene.owner.get("/settings/members").await;
    let form = page.form_with("email").set("email", "cy@acme.example").set("role", "member");
    let made = form.send(&scene.owner).await;
    let link = join_path(&made.field_values().join(" "));
    let cy = scene.app.visitor();
    let old_form = cy.get(&link).await.form_with("password").set("name", "Cy").set("password", PASSWORD);
    scene.switch_passwords_off().await;
    assert_eq!(old_form.send(&cy).await.status, 409, "a page from before");
    let page = cy.get(&link).await;
    assert!(!page.has("input[type=password]") && page.links().contains(&WITH.to_owned()), "{}", page.body);
    let (_, done) = scene.as_person("cy-1", "cy@acme.example").await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(cy.get(&link).await.status, 410, "it is used");
}

#[tokio::test]
async fn the_owner_switches_them_on_again() {
    let scene = Scene::new().await;
    scene.switch_passwords_off().await;
    let form = scene.owner.get(SETTINGS).await.form_to("/settings/sign-in/passwords");
    assert_eq!(form.set("passwords", "on").send(&scene.owner).await.status, 303);
    scene.app.visitor().sign_in("ana@acme.example").await;
}
