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
async fn a_provider_that_names_a_member_of_another_workspace_opens_nothing_there() {
    let scene = Scene::bare().await;
    let open = [("newcomers", "member"), ("domains", "acme.example, other.example")];
    assert_eq!(save(&scene.owner, &scene.idp.issuer(), &open).await.status, 303);
    scene.test().await;
    let olga = scene.app.owner_of("Other", "Olga", "olga@other.example").await;
    let (forger, page) = scene.as_person("olga-1", "olga@other.example").await;
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(forger.get("/connections").await.title().contains("Acme Analytics"));
    let listed = forger.get("/workspaces").await;
    assert!(
        listed.text().contains("Sign in with your password to Other") && !listed.text().contains("Open Other"),
        "{}",
        listed.text()
    );
    let others = olga.get("/workspaces").await;
    assert!(others.text().contains("to Acme Analytics") && !others.text().contains("Open Acme"), "{}", others.text());

    // Neither opens what the other has shown, by a form of their own making either.
    for (visitor, page, from) in [(&forger, listed, "Acme"), (&olga, others, "Other")] {
        for member in members_of(&scene.app, "olga@other.example").await {
            let form = page.form_with("member").set("member", &member);
            assert_eq!(form.send(visitor).await.status, 303);
            assert!(visitor.get("/connections").await.title().contains(from));
        }
    }
    let account = forger.get("/settings/account").await;
    assert_eq!(account.count("form[action$='/end']"), 0, "sessions of elsewhere are not theirs to end");
    assert!(!forger.get("/settings/members").await.text().contains("Other"));

    // With both shown in one browser both are open.
    let form = forger.get("/sign-in?again=1").await.form_with("email").set("email", "olga@other.example");
    assert_eq!(form.set("password", crate::support::PASSWORD).send(&forger).await.status, 303);
    assert_eq!(forger.get("/workspaces").await.count("input[name=member]"), 2);
}

async fn members_of(app: &crate::support::TestApp, email: &str) -> Vec<String> {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::members;
    let email = email.to_owned();
    let find = move |conn: &mut vestibule::platform::db::Conn| {
        Ok(members::table.filter(members::email.eq(email)).select(members::id).load(conn)?)
    };
    app.app.db.read(find).await.unwrap()
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
