//! Who leaves, or may do less from now on, leaves no way back: what they opened ends, what they made is revoked or handed over.

use diesel::prelude::*;
use tokio::task::JoinSet;
use vestibule::features::accounts::{OwnerDetails, Role, create_owner};
use vestibule::platform::activity::Event;
use vestibule::platform::db::schema::{api_keys, invite_links, members, setup_links};

use super::{events, handed_over, id_of_member, is_thing, join_path};
use crate::setup_links::share;
use crate::support::{PASSWORD, Page, TestApp, Visitor};

const ANA: &str = "ana@acme.example";
const BO: &str = "bo@acme.example";
const CY: &str = "cy@acme.example";

async fn invite(by: &Visitor, email: &str, role: &str) -> String {
    let form = by.get("/settings/members").await.form_to("/settings/members/invitations");
    let made = form.set("email", email).set("role", role).send(by).await;
    join_path(&made.value_of("invitation").unwrap_or_else(|| panic!("{}", made.text())))
}

async fn make_key(by: &Visitor, name: &str, scopes: &[&str]) -> String {
    let form = by.get("/settings/api-keys").await.form_with("expires").set("name", name);
    let made = scopes.iter().fold(form, |form, scope| form.add("scope", scope)).send(by).await;
    made.value_of("made-key").expect("the key, this once")
}

/// What the API answers to a key.
async fn status_with(app: &TestApp, key: &str, path: &str) -> u16 {
    app.visitor().request(reqwest::Method::GET, path, &[("x-api-key", key)]).await.status
}

async fn asked(app: &TestApp, by: &Visitor, email: &str) -> (String, Page) {
    let removal = format!("/settings/members/{}/removal", id_of_member(app, email).await);
    let page = by.get(&removal).await;
    (removal, page)
}

async fn join_at(app: &TestApp, path: &str) -> u16 {
    let somebody = app.visitor();
    let page = somebody.get(path).await;
    if page.status != 200 {
        return page.status;
    }
    page.form_with("name").set("name", "Somebody").set("password", PASSWORD).send(&somebody).await.status
}

async fn withdrawn(app: &TestApp) -> Vec<String> {
    let all = events(app).await.into_iter();
    all.filter(|(event, _, _)| *event == Event::InvitationWithdrawn).map(|(_, _, detail)| detail).collect()
}

#[tokio::test]
async fn who_is_removed_comes_back_through_no_invitation() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    let second = invite(&bo, "bo.private@mail.example", "admin").await;
    let other = invite(&owner, "dee@acme.example", "viewer").await;
    let (removal, page) = asked(&app, &owner, BO).await;
    assert!(page.text().contains("This invitation is withdrawn: bo.private@mail.example ."), "{}", page.text());
    // It is open in a browser when its sender is removed.
    let somebody = app.visitor();
    let form = somebody.get(&second).await.form_with("name").set("name", "Bo").set("password", PASSWORD);
    assert_eq!(page.form_to(&removal).send(&owner).await.status, 303);
    assert_eq!(form.send(&somebody).await.status, 410);
    let closed = app.visitor().get(&second).await;
    assert!(closed.status == 410 && closed.text().contains("This invitation was withdrawn"), "{}", closed.text());
    let listed = owner.get("/settings/members").await.text();
    assert!(!listed.contains("bo.private@mail.example") && listed.contains("dee@acme.example"), "{listed}");
    assert_eq!(withdrawn(&app).await, ["bo.private@mail.example"]);
    assert_eq!(join_at(&app, &other).await, 303, "others are not touched");

    // Somebody was invited, then made an owner by a command: what was sent to their address ends with their membership, too.
    let sent = invite(&owner, "zed@acme.example", "admin").await;
    let zed = OwnerDetails::check("Acme Analytics", "Zed", "zed@acme.example", &PASSWORD.into()).unwrap();
    app.app.write(move |tx| create_owner(tx, &zed, "no hash")).await.unwrap();
    let (removal, page) = asked(&app, &owner, "zed@acme.example").await;
    assert_eq!(page.form_to(&removal).send(&owner).await.status, 303);
    assert_eq!(app.visitor().get(&sent).await.status, 410);
}

#[tokio::test]
async fn an_invitation_is_worth_what_its_sender_may_give_when_it_is_answered() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Owner, BO).await;
    let paths = [
        invite(&bo, "new.owner@acme.example", "owner").await,
        invite(&bo, "new.admin@acme.example", "admin").await,
        invite(&bo, "new.viewer@acme.example", "viewer").await,
    ];
    let id = id_of_member(&app, BO).await;
    // Whatever way they lost it: not by the page, which withdraws them.
    for (role, statuses) in [("owner", [200, 200, 200]), ("admin", [410, 200, 200]), ("member", [410; 3])] {
        let (id, role) = (id.clone(), role.to_owned());
        let set = move |conn: &mut vestibule::platform::db::Conn| {
            Ok(diesel::update(members::table.find(id)).set(members::role.eq(role)).execute(conn)?)
        };
        app.app.db.write(set).await.unwrap();
        for (path, status) in paths.iter().zip(statuses) {
            assert_eq!(app.visitor().get(path).await.status, status);
        }
    }
    let list = owner.get("/settings/members").await;
    assert_eq!(list.texts("td[data-label='Open until']"), ["Closed"; 3], "{}", list.text());
}

#[tokio::test]
async fn an_answer_and_a_removal_at_the_same_moment_have_an_order() {
    let app = TestApp::start();
    let (second, _app) = app.second_server();
    let owner = app.owner().await;
    for round in 0..6 {
        let (bo_email, friend) = (format!("bo{round}@acme.example"), format!("friend{round}@mail.example"));
        let bo = app.member(&owner, Role::Admin, &bo_email).await;
        let path = invite(&bo, &friend, "admin").await;
        let (removal, page) = asked(&app, &owner, &bo_email).await;
        let visitor = app.visitor();
        let joining = visitor.get(&path).await.form_with("name").set("name", "Friend").set("password", PASSWORD);
        let mut both = JoinSet::new();
        let (removing, remover, visitor) = (page.form_to(&removal), owner.at(&second), visitor.clone());
        both.spawn(async move { ("removed", removing.send(&remover).await.status) });
        both.spawn(async move { ("joined", joining.send(&visitor).await.status) });
        let statuses = both.join_all().await;
        assert!(statuses.contains(&("removed", 303)), "{statuses:?}");
        let joined = statuses.contains(&("joined", 303));
        assert!(joined || statuses.contains(&("joined", 410)), "{statuses:?}");
        // Whoever came in after their friend had gone would have come by a closed invitation.
        let withdrawn = withdrawn(&app).await.contains(&friend);
        assert_ne!(joined, withdrawn, "either it was answered or it was withdrawn");
    }
}

#[tokio::test]
async fn everything_they_made_is_named_and_decided_in_the_same_step() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    app.member(&owner, Role::Member, CY).await;
    let kept = make_key(&bo, "Nightly job", &["sources:read", "extraction_engine:write"]).await;
    let dropped = make_key(&bo, "Own script", &["sources:read", "credentials:read"]).await;
    let (_, link) = share(&bo, "source", "postgres", &[("recipient", "Marta")]).await;
    let (_, lost) = share(&bo, "source", "postgres", &[]).await;
    let (_, open) = crate::invite_links::invite(&bo, "source/postgres", &[]).await;
    // Ids made at one moment have no order.
    app.advance(time::Duration::SECOND);
    let (_, closed) = crate::invite_links::invite(&bo, "source/postgres", &[]).await;

    let (removal, page) = asked(&app, &owner, BO).await;
    let text = page.text();
    for words in ["Nightly job", "Own script", &kept[..8], "Fetch stored credentials", "For Marta", "Invite link"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let form = page.form_to(&removal);
    let fields: Vec<String> = form.names().into_iter().filter(|name| is_thing(name)).map(str::to_owned).collect();
    assert_eq!(fields.len(), 6, "{fields:?}");
    assert!(fields.iter().all(|field| form.value(field) == Some("revoke")), "what is safe is chosen");
    let (ana, cy) = (id_of_member(&app, ANA).await, id_of_member(&app, CY).await);
    let of = |table: &str, row: String| format!("{table}-{row}");
    let (key_id, link_id, invite_id) = ids_to_hand_over(&app).await;
    assert!(!page.has(&format!("#key-{key_id} option[value='{cy}']")), "keys are for who administers");
    assert!(page.has(&format!("#setup-link-{link_id} option[value='{cy}']")));

    // A choice that is not offered changes nothing at all, and keeps the others.
    let form = form.set(&of("setup-link", link_id.clone()), &cy).set(&of("invite-link", invite_id.clone()), &ana);
    let refused = form.clone().set(&of("key", key_id.clone()), &cy).send(&owner).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("Whoever was chosen may not have it any more"), "{}", refused.text());
    assert_eq!(refused.form_to(&removal).value(&of("setup-link", link_id.clone())), Some(cy.as_str()));
    assert_eq!(bo.get("/connections").await.status, 200);
    assert_eq!(status_with(&app, &dropped, "/api/v1/sources/").await, 200);

    let done = form.set(&of("key", key_id), &ana).send(&owner).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(status_with(&app, &kept, "/api/v1/sources/").await, 200);
    assert_eq!(status_with(&app, &dropped, "/api/v1/sources/").await, 401);
    assert_eq!(app.visitor().get(&lost).await.status, 410);
    let shown = app.visitor().get(&link).await;
    assert!(shown.status == 200 && shown.text().contains("Member Person"), "{}", shown.text());
    let statuses = [app.visitor().get(&open).await.status, app.visitor().get(&closed).await.status];
    assert_eq!(statuses, [200, 410]);
    each_decision_is_in_the_log(&app).await;
    // Nobody gets more by it than its maker could give: an admin's key never changed where extractions run.
    let keys = owner.get("/settings/api-keys").await.text();
    assert!(keys.contains("by Ana Lima") && !keys.contains("May Read sources, Change where extractions run"), "{keys}");
}

/// The key "Nightly job", the setup link for Marta, and the first invite link.
async fn ids_to_hand_over(app: &TestApp) -> (String, String, String) {
    let ids = app.app.db.read(|conn| {
        let key: String = api_keys::table.filter(api_keys::name.eq("Nightly job")).select(api_keys::id).first(conn)?;
        let link: String =
            setup_links::table.filter(setup_links::recipient.eq("Marta")).select(setup_links::id).first(conn)?;
        let invite: String = invite_links::table.order(invite_links::id).select(invite_links::id).first(conn)?;
        Ok((key, link, invite))
    });
    ids.await.unwrap()
}

async fn each_decision_is_in_the_log(app: &TestApp) {
    let said: Vec<(Event, String)> = events(app)
        .await
        .into_iter()
        .filter(|(_, who, _)| who == "Ana Lima")
        .map(|(event, _, detail)| (event, detail))
        .collect();
    for (event, detail) in [
        (Event::ApiKeyHandedOver, "Nightly job, to Ana Lima"),
        (Event::ApiKeyRevoked, "Own script"),
        (Event::LinkHandedOver, "Member Person"),
        (Event::MemberRemoved, "Admin Person"),
    ] {
        assert!(said.contains(&(event, detail.to_owned())), "{event:?}: {said:?}");
    }
    assert_eq!(said.iter().filter(|(event, _)| *event == Event::InviteLinkHandedOver).count(), 1);
    assert_eq!(said.iter().filter(|(event, _)| *event == Event::InviteLinkDeleted).count(), 1);
}

#[tokio::test]
async fn a_form_that_decides_nothing_revokes_everything() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Admin, BO).await;
    let (removal, page) = asked(&app, &owner, BO).await;
    assert!(page.text().contains("No API key, setup link or invite link that they made works"), "{}", page.text());
    let form = page.form_to(&removal);
    // Made while the page was open.
    let key = make_key(&bo, "Way back", &["credentials:read", "sources:read"]).await;
    let (_, link) = share(&bo, "source", "postgres", &[]).await;
    assert_eq!(form.send(&owner).await.status, 303);
    assert_eq!(status_with(&app, &key, "/api/v1/sources/").await, 401);
    assert_eq!(app.visitor().get(&link).await.status, 410);
}

#[tokio::test]
async fn a_smaller_role_ends_what_it_could_not_have_made() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Owner, BO).await;
    let [an_owner, an_admin] =
        [invite(&bo, "o@acme.example", "owner").await, invite(&bo, "a@acme.example", "admin").await];
    let key = make_key(&bo, "Bo’s job", &["sources:read"]).await;
    let (_, link) = share(&bo, "source", "postgres", &[]).await;
    let id = id_of_member(&app, BO).await;
    let (page, action) = (format!("/settings/members/{id}"), format!("/settings/members/{id}/role"));
    let give = async |role: &str| {
        let sent = owner.get(&page).await.form_to(&action).set("role", role).send(&owner).await;
        (sent.location().unwrap_or_default(), sent)
    };

    // From owner to admin: keys and links go on, what only owners give does not.
    assert_eq!(give("admin").await.0, "/settings/members");
    let opens = async |path: &str| app.visitor().get(path).await.status;
    assert_eq!([opens(&an_owner).await, opens(&an_admin).await, opens(&link).await], [410, 200, 200]);
    assert_eq!(status_with(&app, &key, "/api/v1/sources/").await, 200);

    // To member: asked about the key, not about the link.
    let (asking, sent) = give("member").await;
    assert_eq!(asking, format!("{action}?role=member"));
    assert_eq!(opens(&an_admin).await, 200, "nothing has been done yet");
    let asked = owner.follow(&sent).await;
    let text = asked.text();
    assert!(text.contains("Make Admin Person Member?") || text.contains("Bo’s job"), "{text}");
    assert!(text.contains("This invitation is withdrawn: a@acme.example"), "{text}");
    let form = asked.form_to(&action);
    assert_eq!(form.names().into_iter().filter(|name| is_thing(name)).count(), 1, "{:?}", form.names());
    assert_eq!(form.send(&owner).await.status, 303);
    assert_eq!([opens(&an_admin).await, opens(&link).await], [410, 200]);
    assert_eq!(status_with(&app, &key, "/api/v1/sources/").await, 401);

    // To viewer: the link, too. It goes to somebody else.
    let (_, sent) = give("viewer").await;
    let asked = owner.follow(&sent).await;
    let form = handed_over(asked.form_to(&action), &id_of_member(&app, ANA).await);
    assert_eq!(form.send(&owner).await.status, 303);
    assert!(app.visitor().get(&link).await.text().contains("Ana Lima"));
    assert_eq!(bo.get("/connections/new").await.status, 403);
}

#[tokio::test]
async fn more_than_the_page_lists_is_decided_together() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let bo = app.member(&owner, Role::Member, BO).await;
    let (_, link) = share(&bo, "source", "postgres", &[]).await;
    let copies = |conn: &mut vestibule::platform::db::Conn| {
        use diesel::sql_query;
        for number in 0..102 {
            let copy = format!(
                "INSERT INTO setup_links (id, workspace_id, connection_id, token_hash, created_by, recipient, note, created_at, \
                 expires_at, purpose, allows_test, zone) SELECT 'copy-{number}', workspace_id, connection_id, \
                 {hash}, created_by, recipient, note, created_at, expires_at, purpose, allows_test, zone FROM setup_links \
                 WHERE create_nonce IS NOT NULL",
                hash = hash_of(number)
            );
            sql_query(copy).execute(conn)?;
        }
        Ok(())
    };
    app.app.db.write(copies).await.unwrap();
    let (removal, page) = asked(&app, &owner, BO).await;
    assert!(page.text().contains("3 more that are not listed"), "{}", page.text());
    let form = page.form_to(&removal);
    assert_eq!(form.names().into_iter().filter(|name| is_thing(name)).count(), 100);
    let ana = id_of_member(&app, ANA).await;
    assert_eq!(form.set("others", &ana).send(&owner).await.status, 303);
    let open = app.app.db.read(move |conn| {
        let open = setup_links::table.filter(setup_links::revoked_at.is_null());
        Ok(open.filter(setup_links::created_by.eq(ana)).count().get_result::<i64>(conn)?)
    });
    assert_eq!(open.await.unwrap(), 3);
    let _ = link;
}

/// A distinct hash, as both databases write bytes.
fn hash_of(number: u32) -> String {
    let text = format!("{number:064x}");
    if std::env::var_os("TEST_DATABASE_URL").is_some() { format!("'\\x{text}'::bytea") } else { format!("x'{text}'") }
}
