//! Who may set it up, and whom it speaks for.

use vestibule::features::accounts::Role;

use super::{SETTINGS, Scene, begin, save};
use crate::support::Form;

#[tokio::test]
async fn admins_and_others_look_and_change_nothing() {
    let scene = Scene::new().await;
    for (role, email) in
        [(Role::Admin, "ada@acme.example"), (Role::Member, "bo@acme.example"), (Role::Viewer, "vi@acme.example")]
    {
        let member = scene.app.member(&scene.owner, role, email).await;
        let page = member.get(SETTINGS).await;
        assert!(page.text().contains("Only owners can change how members sign in. Ask Ana Lima"), "{}", page.text());
        assert!(page.actions().iter().all(|action| action == "/sign-out"), "{:?}", page.actions());
        let token = page.form_to("/sign-out");
        for path in ["", "/test", "/passwords", "/removal"] {
            let fields =
                [("label", "X"), ("issuer", "https://evil.example"), ("client_id", "x"), ("client_secret", "x")];
            let form = Form { action: format!("{SETTINGS}{path}"), ..token.clone() };
            let form = fields.iter().fold(form, |form, (name, value)| form.set(name, value));
            let form = form.set("domains", "").set("newcomers", "refuse").set("passwords", "off");
            assert_eq!(form.send(&member).await.status, 403, "{role:?} {path}");
        }
    }
}

#[tokio::test]
async fn a_provider_opens_its_own_workspace_only() {
    let scene = Scene::new().await;
    let olga = scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    // The other workspace's owner runs a provider that says what they like.
    let saved = save(&olga, &scene.idp.issuer(), &[]).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    scene.idp.person("ana-1", "ana@acme.example", "Ana Lima");
    let form = olga.get(SETTINGS).await.form_to("/settings/sign-in/test");
    let leaving = super::Leaving::read(&form.send(&olga).await);
    scene.idp.says(|script| script.claims["nonce"] = leaving.sent["nonce"].clone().into());
    let to_other = leaving.callback(&scene.idp.issuer()).replace("acme-analytics", "other");
    let refused = olga.get(&to_other).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(olga.get("/settings/account").await.text().contains("olga@other.example"));

    // A state of one workspace is nothing at the address of another.
    let visitor = scene.app.visitor();
    let leaving = begin(&visitor).await;
    scene.idp.says(|script| script.claims["nonce"] = leaving.sent["nonce"].clone().into());
    let elsewhere = leaving.callback(&scene.idp.issuer()).replace("acme-analytics", "other");
    assert_eq!(visitor.get(&elsewhere).await.status, 400);
    assert_eq!(visitor.get("/sign-in/with/nothing/callback").await.status, 404);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_at_the_end() {
    let scene = Scene::new().await;
    for next in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let visitor = scene.app.visitor();
        let form = visitor.get("/sign-in").await.form_to(super::WITH).set("next", next);
        let leaving = super::Leaving::read(&form.send(&visitor).await);
        let done = scene.back_from(&visitor, &leaving).await;
        assert_eq!(done.location().as_deref(), Some("/connections"), "{next}");
    }
}

#[tokio::test]
async fn ways_that_nobody_comes_back_from_are_forgotten() {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::sign_in_attempts;
    let scene = Scene::new().await;
    begin(&scene.app.visitor()).await;
    let count = || scene.app.app.db.read(|conn| Ok(sign_in_attempts::table.count().get_result::<i64>(conn)?));
    assert_eq!(count().await.unwrap(), 1);
    scene.app.advance(time::Duration::minutes(11));
    vestibule::features::accounts::sweep(&scene.app.app).await.unwrap();
    assert_eq!(count().await.unwrap(), 0);
}
