//! One person, several workspaces: joining with one button, switching, two tabs, leaving one of them.

use tokio::task::JoinSet;
use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;

use super::{assert_refused, events, id_of_member, join_path, mailed_path};
use crate::support::{PASSWORD, Page, TestApp, Visitor};

async fn invite(owner: &Visitor, email: &str, role: &str) -> Page {
    let page = owner.get("/settings/members").await;
    page.form_to("/settings/members/invitations").set("email", email).set("role", role).send(owner).await
}

fn shown_path(page: &Page) -> String {
    join_path(&page.value_of("invitation").expect("the link, this once"))
}

/// Acme with Ana, Other with Olga, and Olga a member of Acme, too.
struct Scene {
    app: TestApp,
    ana: Visitor,
    olga: Visitor,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::start();
        let ana = app.owner().await;
        let olga = app.owner_of("Other", "Olga", "olga@other.example").await;
        let path = shown_path(&invite(&ana, "olga@other.example", "admin").await);
        let joined = olga.get(&path).await.form_to(&path).press("intent", "join", &olga).await;
        assert_eq!(joined.status, 303, "{}", joined.text());
        Self { app, ana, olga }
    }

    async fn member_of(&self, workspace: &str) -> String {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::{members, workspaces};
        let workspace = workspace.to_owned();
        let find = move |conn: &mut vestibule::platform::db::Conn| {
            Ok(members::table
                .inner_join(workspaces::table.on(workspaces::id.eq(members::workspace_id)))
                .filter(members::email.eq("olga@other.example"))
                .filter(workspaces::name.eq(workspace))
                .filter(members::removed_at.is_null())
                .select(members::id)
                .first::<String>(conn)?)
        };
        self.app.app.db.read(find).await.unwrap()
    }

    async fn switch(&self, visitor: &Visitor, workspace: &str) -> Page {
        let member = self.member_of(workspace).await;
        let page = visitor.get("/workspaces").await;
        page.form_with("member").set("member", &member).send(visitor).await
    }

    async fn remove_olga_from_acme(&self) -> Page {
        let removal = format!("/settings/members/{}/removal", self.member_of("Acme Analytics").await);
        self.ana.get(&removal).await.form_to(&removal).send(&self.ana).await
    }

    async fn names(&self) -> Vec<(String, String)> {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::{members, workspaces};
        let find = |conn: &mut vestibule::platform::db::Conn| {
            Ok(members::table
                .inner_join(workspaces::table.on(workspaces::id.eq(members::workspace_id)))
                .filter(members::email.eq("olga@other.example"))
                .order(workspaces::name)
                .select((workspaces::name, members::name))
                .load::<(String, String)>(conn)?)
        };
        self.app.app.db.read(find).await.unwrap()
    }
}

fn pairs(names: &[(&str, &str)]) -> Vec<(String, String)> {
    names.iter().map(|(workspace, name)| ((*workspace).to_owned(), (*name).to_owned())).collect()
}

#[tokio::test]
async fn somebody_known_joins_with_one_button_and_goes_between_their_workspaces() {
    let app = TestApp::start();
    let ana = app.owner().await;
    let olga = app.owner_of("Other", "Olga", "olga@other.example").await;
    assert!(!olga.get("/connections").await.text().contains("Switch workspace"), "there is nothing to switch to");
    invite(&ana, "olga@other.example", "member").await;
    app.run_jobs().await;
    let path = mailed_path(&app, "olga@other.example");
    let page = olga.get(&path).await;
    assert!(page.text().contains("Join Acme Analytics") && !page.has("input[type=password]"), "{}", page.text());
    assert!(!page.has("input[name=name]"));
    let joined = page.form_to(&path).press("intent", "join", &olga).await;
    assert_eq!(joined.status, 303);
    let home = olga.follow(&joined).await;
    assert!(home.has(".brand") && home.title().contains("Acme Analytics"), "{}", home.title());
    assert!(home.links().contains(&"/workspaces".to_owned()));
    assert!(events(&app).await.contains(&(Event::MemberJoined, "Olga".to_owned(), "member".to_owned())));

    let scene = Scene { app, ana, olga };
    let listed = scene.olga.get("/workspaces").await;
    assert!(listed.text().contains("Acme Analytics") && listed.text().contains("Other"), "{}", listed.text());
    scene.app.advance(time::Duration::seconds(1));
    assert_eq!(scene.switch(&scene.olga, "Other").await.status, 303);
    assert!(scene.olga.get("/connections").await.title().contains("Other"));
    let fresh = scene.app.visitor();
    fresh.sign_in("olga@other.example").await;
    assert!(fresh.get("/connections").await.title().contains("Other"), "one comes back to what one chose last");
    let stranger = id_of_member(&scene.app, "ana@acme.example").await;
    let page = fresh.get("/workspaces").await;
    assert_eq!(page.form_with("member").set("member", &stranger).send(&fresh).await.status, 404);
}

#[tokio::test]
async fn whoever_invites_does_not_learn_whether_the_address_is_known() {
    let app = TestApp::start();
    let ana = app.owner().await;
    app.owner_of("Other", "Olga", "kim1@other.example").await;
    let known = invite(&ana, "kim1@other.example", "member").await;
    let unknown = invite(&ana, "kim2@other.example", "member").await;
    let plain = |page: &Page| page.text().replace("kim1@", "kim2@");
    let said = |page: &Page| {
        let section = scraper::Selector::parse(".secret-once").unwrap();
        let text: String = page.html().select(&section).flat_map(|found| found.text()).collect();
        text.replace("kim1@", "kim2@")
    };
    assert!(said(&known).contains("Invitation made"));
    assert_eq!(said(&known), said(&unknown));
    let (one, two) = (app.visitor(), app.visitor());
    let (known, unknown) = (one.get(&shown_path(&known)).await, two.get(&shown_path(&unknown)).await);
    assert_eq!(plain(&known), plain(&unknown), "the page behind the link says no more");
    app.run_jobs().await;
    let mails = app.app.mailer.kept();
    assert_eq!(mails[0].subject, mails[1].subject);
    let words = |text: &str| text.split("https://").next().unwrap().split("http://").next().unwrap().to_owned();
    assert_eq!(words(&mails[0].text), words(&mails[1].text));
}

#[tokio::test]
async fn who_signs_in_first_finds_the_button_at_the_link() {
    let app = TestApp::start();
    let ana = app.owner().await;
    app.owner_of("Other", "Olga", "olga@other.example").await;
    let path = shown_path(&invite(&ana, "olga@other.example", "member").await);
    let olga = app.visitor();
    let page = olga.get(&path).await;
    // The way to sign in does not carry the token: the link is opened once more.
    assert!(
        page.links().contains(&"/sign-in".to_owned()) && page.text().contains("open this link once more"),
        "{}",
        page.text()
    );
    olga.sign_in("olga@other.example").await;
    let page = olga.get(&path).await;
    assert!(!page.has("input[type=password]"), "{}", page.text());
    assert_eq!(page.form_to(&path).press("intent", "join", &olga).await.status, 303);
}

#[tokio::test]
async fn another_account_is_named_and_may_be_signed_out_and_a_member_is_told_so() {
    let scene = Scene::new().await;
    let path = shown_path(&invite(&scene.ana, "kim@acme.example", "member").await);
    let other = scene.olga.get(&path).await;
    assert!(other.text().contains("You are signed in here as olga@other.example"), "{}", other.text());
    let forged = other.form_to(&path).press("intent", "join", &scene.olga).await;
    assert_eq!(forged.status, 422, "{}", forged.text());
    let out = other.form_to(&path).press("intent", "sign-out", &scene.olga).await;
    assert_eq!(out.location().as_deref(), Some(path.as_str()));
    let page = scene.olga.follow(&out).await;
    let joined = page.form_with("name").set("name", "Kim").set("password", PASSWORD).send(&scene.olga).await;
    assert_eq!(joined.status, 303, "{}", joined.text());

    let refused = invite(&scene.ana, "olga@other.example", "viewer").await;
    assert_refused(&refused, "email", "This address belongs to a member already");
    let member = scene.app.member(&scene.ana, Role::Member, "bo@acme.example").await;
    let id = id_of_member(&scene.app, "bo@acme.example").await;
    let removal = format!("/settings/members/{id}/removal");
    scene.ana.get(&removal).await.form_to(&removal).send(&scene.ana).await;
    let (one, two) = (invite(&scene.ana, "bo@acme.example", "member").await, member);
    two.sign_in("bo@acme.example").await;
    let path = shown_path(&one);
    let before = two.get(&path).await.form_to(&path);
    assert_eq!(before.clone().press("intent", "join", &two).await.status, 303);
    assert_eq!(before.press("intent", "join", &two).await.status, 410, "it works once");
}

#[tokio::test]
async fn a_form_acts_where_its_page_was_shown_whatever_another_tab_has_chosen_since() {
    let scene = Scene::new().await;
    let tab = scene.olga.clone();
    let in_acme = tab.get("/settings/account").await.form_with("name").set("name", "Olga of Acme");
    scene.switch(&scene.olga, "Other").await;
    let in_other = scene.olga.get("/settings/account").await.form_with("name").set("name", "Olga of Other");
    assert_eq!(in_acme.send(&tab).await.status, 303);
    assert_eq!(scene.names().await, pairs(&[("Acme Analytics", "Olga of Acme"), ("Other", "Olga")]));
    scene.switch(&scene.olga, "Acme Analytics").await;
    assert_eq!(in_other.send(&tab).await.status, 303);
    assert_eq!(scene.names().await, pairs(&[("Acme Analytics", "Olga of Acme"), ("Other", "Olga of Other")]));

    // Once they are out of Acme its form does nothing, least of all in the workspace that is left.
    let late = tab.get("/settings/account").await.form_with("name").set("name", "Too Late");
    let workspace = tab.get("/settings/workspace").await.form_with("name").set("name", "Taken Over");
    assert_eq!(scene.remove_olga_from_acme().await.status, 303);
    for form in [late, workspace] {
        let answer = form.send(&tab).await;
        assert!(answer.status == 403 && answer.text().contains("This was not saved"), "{}", answer.text());
    }
    assert_eq!(scene.names().await, pairs(&[("Acme Analytics", "Olga of Acme"), ("Other", "Olga of Other")]));
}

#[tokio::test]
async fn every_form_of_an_owners_page_says_where_it_was_shown() {
    let scene = Scene::new().await;
    let member = scene.member_of("Acme Analytics").await;
    let (mut seen, mut forms) = (vec!["/connections".to_owned()], 0);
    let mut next = 0;
    while let Some(path) = seen.get(next).cloned() {
        next += 1;
        let page = scene.olga.get(&path).await;
        if page.status != 200 || !page.has("body.owner") {
            continue;
        }
        for token in page.html().select(&scraper::Selector::parse("input[name=_csrf]").unwrap()) {
            forms += 1;
            assert!(token.attr("value").unwrap().ends_with(&format!("~{member}")), "{path}: {}", token.html());
        }
        let more = page.links().into_iter().filter(|link| link.starts_with('/') && !link.starts_with("/docs"));
        for link in more {
            let link = link.split(['?', '#']).next().unwrap().to_owned();
            if seen.len() < 40 && !seen.contains(&link) {
                seen.push(link);
            }
        }
    }
    assert!(forms > 20, "{forms} forms on {seen:?}");
}

#[tokio::test]
async fn leaving_one_workspace_leaves_the_other() {
    let scene = Scene::new().await;
    let elsewhere = scene.app.visitor();
    elsewhere.sign_in("olga@other.example").await;
    scene.switch(&elsewhere, "Other").await;
    scene.switch(&scene.olga, "Acme Analytics").await;
    assert_eq!(scene.remove_olga_from_acme().await.status, 303);
    let page = scene.olga.follow(&scene.olga.get("/connections").await).await;
    assert!(
        page.text().contains("You are not a member of the workspace you had open any more.")
            && page.text().contains("Other")
            && !page.text().contains("Acme"),
        "{}",
        page.text()
    );
    assert_eq!(page.form_with("member").send(&scene.olga).await.status, 303);
    for visitor in [&scene.olga, &elsewhere] {
        assert!(visitor.get("/connections").await.title().contains("Other"));
    }
    let members = scene.ana.get("/settings/members").await.text();
    let (_, left) = members.split_once("Former members").expect("those who left");
    assert!(members.matches("olga@other.example").count() == 1 && left.contains("olga@other.example"), "{members}");
}

#[tokio::test]
async fn a_new_password_ends_sessions_everywhere_and_opens_everything() {
    let scene = Scene::new().await;
    let asker = scene.app.visitor();
    let form = asker.get("/forgot-password").await.form_with("email");
    form.set("email", "olga@other.example").send(&asker).await;
    scene.app.run_jobs().await;
    let path = mailed_path(&scene.app, "olga@other.example");
    let set = asker.get(&path).await.form_with("password").set("password", "a new password 1").send(&asker).await;
    assert_eq!(set.status, 303, "{}", set.text());
    assert_eq!(scene.olga.get("/connections").await.status, 303);
    let form = asker.get("/sign-in").await.form_with("email").set("email", "olga@other.example");
    assert_eq!(form.set("password", "a new password 1").send(&asker).await.status, 303);
    for workspace in ["Other", "Acme Analytics"] {
        scene.switch(&asker, workspace).await;
        assert!(asker.get("/connections").await.title().contains(workspace));
    }
}

#[tokio::test]
async fn of_two_answers_at_once_one_joins() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    let ana = app.owner().await;
    let olga = app.owner_of("Other", "Olga", "olga@other.example").await;
    let path = shown_path(&invite(&ana, "olga@other.example", "member").await);
    let mut ready = Vec::new();
    for number in 0..6 {
        let tab = if number % 2 == 0 { olga.clone() } else { olga.at(&second) };
        ready.push((tab.get(&path).await.form_to(&path).set("intent", "join"), tab));
    }
    let tries: JoinSet<u16> =
        ready.into_iter().map(|(form, tab)| async move { form.send(&tab).await.status }).collect();
    let statuses = tries.join_all().await;
    assert!(statuses.iter().all(|status| [303, 409, 410].contains(status)) && statuses.contains(&303), "{statuses:?}");
    let joined =
        events(&app).await.into_iter().filter(|(event, who, _)| *event == Event::MemberJoined && who == "Olga");
    assert_eq!(joined.count(), 1);
    assert_eq!(ana.get("/settings/members").await.text().matches("olga@other.example").count(), 1);
}

#[tokio::test]
async fn being_removed_while_switching_leaves_no_way_in() {
    let scene = Scene::new().await;
    let (second, _app) = scene.app.second_server();
    for _ in 0..3 {
        let member = scene.member_of("Acme Analytics").await;
        scene.switch(&scene.olga, "Other").await;
        let removal = format!("/settings/members/{member}/removal");
        let remove = scene.ana.get(&removal).await.form_to(&removal);
        let choose = scene.olga.get("/workspaces").await.form_with("member").set("member", &member);
        let (ana, olga) = (scene.ana.clone(), scene.olga.at(&second));
        let (removed, chosen) = tokio::join!(remove.send(&ana), choose.send(&olga));
        assert_eq!(removed.status, 303);
        assert!([303, 404].contains(&chosen.status), "{}", chosen.text());
        let after = scene.olga.get("/connections").await;
        assert!(!after.title().contains("Acme"), "{}", after.title());
        assert!(!scene.olga.get("/workspaces").await.text().contains("Acme"));
        assert_eq!(scene.switch(&scene.olga, "Other").await.status, 303);
        let path = shown_path(&invite(&scene.ana, "olga@other.example", "member").await);
        assert_eq!(scene.olga.get(&path).await.form_to(&path).press("intent", "join", &scene.olga).await.status, 303);
    }
}

#[tokio::test]
async fn roles_are_a_matter_of_each_workspace() {
    let scene = Scene::new().await;
    let bo = scene.app.member(&scene.ana, Role::Viewer, "bo@acme.example").await;
    let path = shown_path(&invite(&scene.olga_in_other().await, "bo@acme.example", "admin").await);
    assert_eq!(bo.get(&path).await.form_to(&path).press("intent", "join", &bo).await.status, 303);
    assert_eq!(bo.get("/connections/new").await.status, 200);
    let page = bo.get("/workspaces").await;
    let acme = id_of(&scene.app, "bo@acme.example", "viewer").await;
    page.form_with("member").set("member", &acme).send(&bo).await;
    assert_eq!(bo.get("/connections/new").await.status, 403);
}

impl Scene {
    async fn olga_in_other(&self) -> Visitor {
        self.switch(&self.olga, "Other").await;
        self.olga.clone()
    }
}

async fn id_of(app: &TestApp, email: &str, role: &str) -> String {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::members;
    let (email, role) = (email.to_owned(), role.to_owned());
    let find = move |conn: &mut vestibule::platform::db::Conn| {
        let found = members::table.filter(members::email.eq(email)).filter(members::role.eq(role));
        Ok(found.select(members::id).first(conn)?)
    };
    app.app.db.read(find).await.unwrap()
}
