//! Who decides over whom.

use tokio::task::JoinSet;
use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;

use super::{events, id_of_member};
use crate::support::{Form, Page, TestApp, Visitor};

/// A form with the right token for this person, to any path.
async fn form(visitor: &Visitor, action: &str, pairs: &[(&str, &str)]) -> Form {
    let token = visitor.get("/settings/account").await.form_to("/sign-out");
    let form = Form { action: action.to_owned(), ..token };
    pairs.iter().fold(form, |form, (name, value)| form.set(name, value))
}

async fn give_role(visitor: &Visitor, id: &str, role: &str) -> Page {
    form(visitor, &format!("/settings/members/{id}/role"), &[("role", role)]).await.send(visitor).await
}

async fn remove(visitor: &Visitor, id: &str) -> Page {
    form(visitor, &format!("/settings/members/{id}/removal"), &[]).await.send(visitor).await
}

#[tokio::test]
async fn the_owner_changes_a_role_and_the_change_counts_at_once() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Viewer, "bo@acme.example").await;
    assert_eq!(bo.get("/connections/new").await.status, 403);
    let id = id_of_member(&app, "bo@acme.example").await;
    let page = owner.get(&format!("/settings/members/{id}")).await;
    let done = page.form_to(&format!("/settings/members/{id}/role")).set("role", "admin").send(&owner).await;
    assert_eq!(done.status, 303);
    assert!(owner.follow(&done).await.text().contains("Role changed."));
    assert!(bo.get("/settings/members").await.has("form[action='/settings/members/invitations']"));
    assert!(events(&app).await.contains(&(
        Event::RoleChanged,
        "Ana Lima".to_owned(),
        "Viewer Person: viewer to admin".to_owned()
    )));
}

#[tokio::test]
async fn only_owners_make_and_unmake_owners() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let admin = app.member(&owner, Role::Admin, "ad@acme.example").await;
    app.member(&owner, Role::Member, "bo@acme.example").await;
    let (ana, ad, bo) = (
        id_of_member(&app, "ana@acme.example").await,
        id_of_member(&app, "ad@acme.example").await,
        id_of_member(&app, "bo@acme.example").await,
    );
    for (id, role) in [(&bo, "owner"), (&ad, "owner"), (&ana, "admin")] {
        let refused = give_role(&admin, id, role).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(refused.text().contains("Ask an owner or admin of your workspace"), "{}", refused.text());
    }
    assert_eq!(remove(&admin, &ana).await.status, 403);
    assert_eq!(admin.get(&format!("/settings/members/{ana}/removal")).await.status, 403);
    let invited = form(&admin, "/settings/members/invitations", &[("email", "cy@acme.example"), ("role", "owner")])
        .await
        .send(&admin)
        .await;
    assert_eq!(invited.status, 403);
    for path in ["/settings/members".to_owned(), format!("/settings/members/{bo}")] {
        assert!(
            !admin.get(&path).await.has("input[value=owner]"),
            "an admin is not offered what is not theirs to give"
        );
    }
    let page = admin.get(&format!("/settings/members/{ana}")).await;
    assert!(
        page.actions().iter().all(|action| action == "/sign-out")
            && page.text().contains("Only owners can change an owner."),
        "{}",
        page.text()
    );
    assert_eq!(give_role(&admin, &bo, "viewer").await.status, 303);
    assert_eq!(give_role(&owner, &bo, "owner").await.status, 303);
    assert_eq!(give_role(&owner, &bo, "emperor").await.status, 400);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let ana = id_of_member(&app, "ana@acme.example").await;
    let refused = give_role(&owner, &ana, "admin").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("A workspace always has an owner."), "{}", refused.text());
    let removed = remove(&owner, &ana).await;
    assert_eq!(removed.status, 409);
    assert!(removed.text().contains("You cannot remove yourself."));
    assert_eq!(give_role(&owner, &ana, "owner").await.status, 303, "what is so already may be said again");

    let bo = app.member(&owner, Role::Owner, "bo@acme.example").await;
    assert_eq!(give_role(&owner, &ana, "viewer").await.status, 303);
    assert_eq!(remove(&bo, &ana).await.status, 303);
}

#[tokio::test]
async fn owners_who_unmake_each_other_leave_one() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Owner, "bo@acme.example").await;
    let (ana_id, bo_id) = (id_of_member(&app, "ana@acme.example").await, id_of_member(&app, "bo@acme.example").await);
    for round in 0..6 {
        let kind = if round % 2 == 0 { ("/role", vec![("role", "admin")]) } else { ("/removal", vec![]) };
        let mut ready = Vec::new();
        for (visitor, target) in [(owner.clone(), &bo_id), (bo.at(&second), &ana_id)] {
            ready.push((form(&visitor, &format!("/settings/members/{target}{}", kind.0), &kind.1).await, visitor));
        }
        let tries: JoinSet<u16> =
            ready.into_iter().map(|(form, visitor)| async move { form.send(&visitor).await.status }).collect();
        let mut statuses = tries.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses[0], 303, "{statuses:?}");
        assert!([303, 403].contains(&statuses[1]), "{statuses:?}");
        let owners = app.app.db.read(|conn| {
            use diesel::prelude::*;
            use vestibule::platform::db::schema::members;
            Ok(members::table
                .filter(members::role.eq("owner"))
                .filter(members::removed_at.is_null())
                .select(members::email)
                .load::<String>(conn)?)
        });
        let owners = owners.await.unwrap();
        assert_eq!(owners.len(), 1, "round {round}: {owners:?}");
        if kind.0 == "/removal" {
            break;
        }
        let (other, id) = if owners[0].starts_with("ana") { (&owner, &bo_id) } else { (&bo, &ana_id) };
        assert_eq!(give_role(other, id, "owner").await.status, 303);
    }
}

#[tokio::test]
async fn a_removed_member_is_out_at_once_and_may_come_back_as_somebody_new() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, "bo@acme.example").await;
    let id = id_of_member(&app, "bo@acme.example").await;
    let asked = owner.get(&format!("/settings/members/{id}/removal")).await;
    assert!(
        asked.text().contains("Remove Admin Person ?") || asked.text().contains("Remove Admin Person?"),
        "{}",
        asked.text()
    );
    let done = asked.form_to(&format!("/settings/members/{id}/removal")).send(&owner).await;
    assert_eq!(done.status, 303);
    assert!(owner.follow(&done).await.text().contains("Member removed. They cannot open this workspace any more."));
    assert_eq!(bo.get("/settings/account").await.status, 303);
    bo.sign_in("bo@acme.example").await;
    let nowhere = bo.follow(&bo.get("/connections").await).await;
    assert!(nowhere.text().contains("You are a member of no workspace."), "{}", nowhere.text());
    assert_eq!(bo.get("/settings/account").await.location().as_deref(), Some("/workspaces?next=%2Fsettings%2Faccount"));
    let members = owner.get("/settings/members").await.text();
    let (_, left) = members.split_once("Former members").expect("those who left");
    assert!(members.matches("bo@acme.example").count() == 1 && left.contains("bo@acme.example"), "{members}");
    for path in [format!("/settings/members/{id}"), format!("/settings/members/{id}/removal")] {
        assert_eq!(owner.get(&path).await.status, 404);
    }

    let card = app.app.db.read({
        let id = vestibule::base::ids::MemberId::from_text(&id);
        move |conn| Ok(vestibule::features::accounts::find_member(conn, &id)?)
    });
    let card = card.await.unwrap().expect("old links still know who made them");
    assert_eq!((card.name.as_str(), card.email.as_str()), ("Admin Person", "bo@acme.example"));
    app.member(&owner, Role::Viewer, "bo@acme.example").await;
    assert_ne!(id_of_member(&app, "bo@acme.example").await, id);
}

#[tokio::test]
async fn another_workspace_does_not_exist() {
    let app = TestApp::start();
    let owner = app.owner().await;
    app.member(&owner, Role::Member, "bo@acme.example").await;
    owner
        .get("/settings/members")
        .await
        .form_to("/settings/members/invitations")
        .set("email", "cy@acme.example")
        .send(&owner)
        .await;
    let page = owner.get("/settings/members").await;
    let withdrawal = page.actions().into_iter().find(|action| action.ends_with("/withdrawal")).unwrap();
    let bo = id_of_member(&app, "bo@acme.example").await;

    let stranger = app.owner_of("Other", "Olga", "olga@other.example").await;
    let text = stranger.get("/settings/members").await.text();
    assert!(!text.contains("acme.example") && text.contains("olga@other.example"), "{text}");
    assert_eq!(give_role(&stranger, &bo, "viewer").await.status, 404);
    assert_eq!(remove(&stranger, &bo).await.status, 404);
    assert_eq!(stranger.get(&format!("/settings/members/{bo}/removal")).await.status, 404);
    assert_eq!(stranger.get(&format!("/settings/members/{bo}")).await.status, 404);
    assert_eq!(form(&stranger, &withdrawal, &[]).await.send(&stranger).await.status, 404);
    let made_up = give_role(&stranger, "01900000-0000-7000-8000-000000000000", "viewer").await;
    assert_eq!(made_up.status, 404);
    assert_eq!(
        made_up.body,
        give_role(&stranger, &bo, "viewer").await.body,
        "no difference to an id that never existed"
    );
    assert!(owner.get("/settings/members").await.text().contains("cy@acme.example"));
}
