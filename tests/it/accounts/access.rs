//! Every form of the settings, against everybody who must not send it.

use vestibule::console::kept_forms::REVIEWED;
use vestibule::features::accounts::Role;

use super::id_of_member;
use crate::support::{Form, Page, TestApp, Visitor};

/// Every POST that needs an owner or admin, with what its form would send.
async fn admin_posts(app: &TestApp) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let ana = id_of_member(app, "ana@acme.example").await;
    vec![
        ("/settings/workspace".to_owned(), vec![("name", "Taken"), ("accent", "aa0000"), ("contact", "")]),
        ("/settings/members/invitations".to_owned(), vec![("email", "x@acme.example"), ("role", "owner")]),
        ("/settings/members/invitations/some/withdrawal".to_owned(), vec![]),
        (format!("/settings/members/{ana}/role"), vec![("role", "viewer")]),
        (format!("/settings/members/{ana}/removal"), vec![]),
        ("/settings/api-keys".to_owned(), vec![("name", "Key"), ("scope", "sources:read"), ("expires", "")]),
        ("/settings/api-keys/some/revocation".to_owned(), vec![]),
    ]
}

/// Every POST a member sends about themselves.
fn own_posts() -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    vec![
        ("/settings/account".to_owned(), vec![("name", "Somebody")]),
        ("/settings/account/password".to_owned(), vec![("current_password", "a"), ("new_password", "b")]),
        ("/settings/account/sessions/some/end".to_owned(), vec![]),
        ("/settings/account/other-sessions/end".to_owned(), vec![]),
        ("/settings/appearance".to_owned(), vec![("theme", "dark")]),
    ]
}

fn filled(token: &Form, action: &str, pairs: &[(&str, &str)]) -> Form {
    let form = Form { action: action.to_owned(), pairs: token.pairs.clone() };
    pairs.iter().fold(form, |form, (name, value)| form.set(name, value))
}

async fn token_of(visitor: &Visitor) -> Form {
    visitor.get("/settings/account").await.form_to("/sign-out")
}

#[tokio::test]
async fn members_and_viewers_administer_nothing() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for (role, email) in [(Role::Member, "bo@acme.example"), (Role::Viewer, "vi@acme.example")] {
        let visitor = app.member(&owner, role, email).await;
        let token = token_of(&visitor).await;
        for (action, pairs) in admin_posts(&app).await {
            let refused = filled(&token, &action, &pairs).send(&visitor).await;
            assert_eq!(refused.status, 403, "{role:?} {action}: {}", refused.text());
            assert!(refused.text().contains("Your role does not allow this"), "{action}");
        }
        for page in ["workspace", "members", "api-keys", "mail", "data", "account", "appearance"] {
            let page = visitor.get(&format!("/settings/{page}")).await;
            assert_eq!(page.status, 200, "everything can be seen");
            let foreign = page.actions().into_iter().find(|action| {
                !action.contains("/account") && !action.contains("/appearance") && action != "/sign-out"
            });
            assert_eq!(foreign, None, "no form that would be refused is offered");
        }
        assert!(
            visitor
                .get("/settings/api-keys")
                .await
                .text()
                .contains("Only owners and admins can create and revoke keys. Ask Ana Lima .")
        );
        let changed = filled(&token, "/settings/appearance", &[("theme", "dark")]).send(&visitor).await;
        assert_eq!(changed.status, 303, "their own account is theirs");
    }
    assert!(owner.get("/settings/workspace").await.text().contains("Acme Analytics"));
}

/// Whatever form it is, a control character is refused with the name of the field, and nothing changes.
#[tokio::test]
async fn no_form_takes_control_characters() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let token = token_of(&owner).await;
    let before = owner.get("/settings/workspace").await.text();
    for (action, pairs) in admin_posts(&app).await.into_iter().chain(own_posts()) {
        let Some((field, _)) = pairs.first() else { continue };
        for letter in ["\0", "\u{1}", "\u{1b}", "\u{7f}", "\u{85}"] {
            let form = filled(&token, &action, &pairs).set(field, &format!("Taken{letter}"));
            let refused = form.send(&owner).await;
            assert_eq!(refused.status, 422, "{action}: {}", refused.text());
            assert!(refused.text().contains(&format!("The field {field} holds a control character")), "{action}");
        }
    }
    assert_eq!(owner.get("/settings/workspace").await.text(), before);
}

#[tokio::test]
async fn nobody_is_asked_to_sign_in_first() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for page in ["workspace", "members", "api-keys", "mail", "data", "account", "appearance"] {
        let sent = app.visitor().get(&format!("/settings/{page}")).await;
        assert_eq!((sent.status, sent.location()), (303, Some(format!("/sign-in?next=%2Fsettings%2F{page}"))));
    }
    let (token, stranger) = (token_of(&owner).await, app.visitor());
    stranger.get("/sign-in").await;
    for (action, pairs) in admin_posts(&app).await.into_iter().chain(own_posts()) {
        let refused = filled(&token, &action, &pairs).send(&stranger).await;
        assert!([303, 403].contains(&refused.status), "{action}: {}", refused.status);
        if refused.status == 303 {
            // What an owner has typed waits for that owner to sign in; nothing else does.
            let location = refused.location().unwrap();
            if REVIEWED.contains(&action.as_str()) {
                assert!(location.starts_with("/kept-forms/"), "{action}: {location}");
            } else {
                assert_eq!(location, "/sign-in?next=%2Fconnections", "{action}");
            }
        }
    }
}

#[tokio::test]
async fn forms_of_other_pages_and_other_people_are_not_read() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let other = app.owner_of("Other", "Olga", "olga@other.example").await;
    let (own, foreign) = (token_of(&owner).await, token_of(&other).await);
    let posts: Vec<_> =
        admin_posts(&app).await.into_iter().chain(own_posts()).chain([("/sign-out".to_owned(), vec![])]).collect();
    for (action, pairs) in &posts {
        let with = |token: &Form| filled(token, action, pairs);
        let none = Form {
            action: action.clone(),
            pairs: with(&own).pairs.into_iter().filter(|(name, _)| name != "_csrf").collect(),
        };
        let refusals: Vec<(&str, Page)> = vec![
            ("no token", none.send(&owner).await),
            ("a token of somebody else", with(&foreign).send(&owner).await),
            ("a changed token", with(&own).set("_csrf", "1.abc.def").send(&owner).await),
            ("another site", owner.post_with(action, &with(&own).pairs, &[("sec-fetch-site", "cross-site")]).await),
            ("another origin", owner.post_with(action, &with(&own).pairs, &[("origin", "https://evil.example")]).await),
        ];
        for (what, page) in refusals {
            assert!([400, 403].contains(&page.status), "{action} with {what}: {}", page.status);
        }
    }
    assert_eq!(owner.get("/settings/account").await.status, 200, "nothing of all that signed the owner out");
    app.advance(time::Duration::hours(25));
    assert_eq!(
        filled(&own, "/settings/appearance", &[("theme", "dark")]).send(&owner).await.status,
        303,
        "a form of yesterday is ours, too"
    );
}

#[tokio::test]
async fn signing_in_cannot_be_done_from_elsewhere() {
    let app = TestApp::start();
    app.owner().await;
    let (attacker, victim) = (app.visitor(), app.visitor());
    victim.get("/sign-in").await;
    let form = attacker
        .get("/sign-in")
        .await
        .form_with("email")
        .set("email", "ana@acme.example")
        .set("password", crate::support::PASSWORD);
    assert_eq!(form.send(&victim).await.status, 403, "a form of one browser is nothing in another");
    assert!(!victim.cookies().keys().any(|name| name.contains("session")));
    let forgot = attacker.get("/forgot-password").await.form_with("email").set("email", "ana@acme.example");
    assert_eq!(forgot.send(&victim).await.status, 403);
}

#[tokio::test]
async fn pages_are_opened_and_deeds_are_posted() {
    let app = TestApp::start();
    let owner = app.owner().await;
    for path in [
        "/sign-out",
        "/settings/members/invitations",
        "/settings/account/password",
        "/settings/account/other-sessions/end",
    ] {
        let page = owner.get(path).await;
        assert_eq!((page.status, page.header("allow")), (405, Some("POST")), "{path}");
    }
    let form = token_of(&owner).await;
    let posted = Form { action: "/connections".to_owned(), ..form }.send(&owner).await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    for path in ["/settings/members", "/settings/workspace", "/settings/api-keys", "/sign-in", "/forgot-password"] {
        assert!([200, 303].contains(&owner.head(path).await.status), "{path}");
    }
    assert_eq!(owner.get("/settings").await.location().as_deref(), Some("/settings/workspace"));
}
