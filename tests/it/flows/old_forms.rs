//! A form's age, a clock that was ahead, and a session that ended meanwhile destroy nothing that was typed.

use serde_json::json;
use vestibule::console::kept_forms::REVIEWED;
use vestibule::features::accounts::Role;

use crate::api::Program;
use crate::setup_links::{share, share_again};
use crate::support::{CANARY, Form, PASSWORD, Page, TestApp, Visitor, shop};
use crate::validations::validated;

/// A page with a form that takes a while, what is typed into it, and the button.
struct Typing {
    pattern: &'static str,
    path: String,
    /// A field of the form, to find it by.
    field: &'static str,
    typed: Vec<(&'static str, &'static str)>,
    secret: Option<&'static str>,
    button: (&'static str, &'static str),
}

/// One for every page that shows a form again.
async fn typings(app: &TestApp, owner: &Visitor) -> Vec<Typing> {
    let (connection, _) = share(owner, "source", "postgres", &[]).await;
    let program = Program::nobody(app).await;
    let program = program.with_scopes(app, "Acme Analytics", vestibule::features::accounts::api_keys::Scope::ALL).await;
    let shop = program.draft("sources", "shop").await;
    program.patch(&format!("/api/v1/sources/{shop}/"), json!({"config": {"token": "right-1"}})).await.expect(200);
    validated(app, &program, &shop).await;
    let (invite, _) = crate::invite_links::invite(owner, "source/postgres", &[]).await;
    let layer = crate::outputs::add(&program, crate::outputs::layer("Lake")).await;
    let layer = layer.trim_end_matches('/').replace("/api/v1/", "/settings/");
    let form = owner.get("/settings/webhooks/new").await.form_with("url").set("url", "https://127.0.0.1/x");
    let made = form.add("events", "setup_link.expired").send(owner).await;
    let mut endpoints = owner.follow(&made).await.links().into_iter();
    let endpoint = endpoints.find(|link| link.starts_with("/settings/webhooks/") && !link.ends_with("/new")).unwrap();
    [of_connections(&connection, &shop), of_links(invite, endpoint), of_settings(layer), small(&connection, &shop)]
        .into_iter()
        .flatten()
        .collect()
}

fn typing(pattern: &'static str, path: String, field: &'static str, typed: &[(&'static str, &'static str)]) -> Typing {
    Typing { pattern, path, field, typed: typed.to_vec(), secret: None, button: ("intent", "save") }
}

fn of_connections(connection: &str, shop: &str) -> Vec<Typing> {
    vec![
        Typing {
            secret: Some("/password"),
            ..typing(
                "/connections/new/{kind}/{connector}",
                "/connections/new/source/postgres".to_owned(),
                "/host",
                &[("/host", "kept.example"), ("description", "Kept name"), ("note", "Kept note")],
            )
        },
        Typing {
            secret: Some("/password"),
            ..typing(
                "/connections/{slug}/configuration",
                format!("{connection}/configuration"),
                "/host",
                &[("/host", "kept.example"), ("/port", "5433")],
            )
        },
        typing(
            "/connections/{slug}/webhook",
            format!("{connection}/webhook"),
            "url",
            &[("url", "https://127.0.0.1/kept.example/x")],
        ),
        typing("/connections/{slug}/streams", format!("/connections/{shop}/streams"), "prefix", &[("prefix", "kept_")]),
        typing(
            "/connections/{slug}/finish",
            format!("/connections/{shop}/finish"),
            "trigger",
            &[("description", "Kept name")],
        ),
    ]
}

/// Forms of a line or two.
fn small(connection: &str, shop: &str) -> Vec<Typing> {
    let kept: &[(&str, &str)] = &[("name", "Kept")];
    vec![
        typing(
            "/connections/{slug}/description",
            connection.to_owned(),
            "description",
            &[("description", "Kept description")],
        ),
        typing(
            "/connections/{slug}/streams/{stream}",
            format!("/connections/{shop}/streams/0"),
            "keys",
            &[("keys", "kept.example")],
        ),
        typing("/settings/workspace", "/settings/workspace".to_owned(), "contact", &[("contact", "Kept contact")]),
        typing("/settings/account", "/settings/account".to_owned(), "name", kept),
        typing(
            "/settings/members/invitations",
            "/settings/members".to_owned(),
            "email",
            &[("email", "bo@kept.example")],
        ),
        typing("/settings/api-keys", "/settings/api-keys".to_owned(), "expires", kept),
    ]
}

fn of_links(invite: String, endpoint: String) -> Vec<Typing> {
    vec![
        typing(
            "/invite-links/new",
            "/invite-links/new".to_owned(),
            "connector",
            &[("name", "Kept"), ("connector", "source/mysql")],
        ),
        typing("/invite-links/{id}", invite, "greeting", &[("greeting", "Kept"), ("note", "Kept note")]),
        typing(
            "/settings/webhooks/new",
            "/settings/webhooks/new".to_owned(),
            "url",
            &[("url", "https://127.0.0.1/kept.example/y")],
        ),
        typing("/settings/webhooks/{id}", endpoint, "url", &[("url", "https://127.0.0.1/kept.example/z")]),
    ]
}

fn of_settings(layer: String) -> Vec<Typing> {
    vec![
        Typing {
            secret: Some("client_secret"),
            ..typing(
                "/settings/oauth-apps/{provider}",
                "/settings/oauth-apps/google".to_owned(),
                "client_id",
                &[("client_id", "kept-client")],
            )
        },
        Typing {
            secret: Some("password"),
            ..typing(
                "/settings/output-layers/new",
                "/settings/output-layers/new".to_owned(),
                "host",
                &[("name", "Kept"), ("host", "kept.example")],
            )
        },
        Typing {
            secret: Some("secret"),
            ..typing(
                "/settings/extraction-engine",
                "/settings/extraction-engine".to_owned(),
                "url",
                &[("url", "https://kept.example/v1"), ("client_id", "kept-client")],
            )
        },
        typing("/settings/output-layers/{slug}", layer, "host", &[("host", "kept.example")]),
        Typing {
            secret: Some("client_secret"),
            ..typing(
                "/settings/sign-in",
                "/settings/sign-in".to_owned(),
                "issuer",
                &[("label", "Kept"), ("issuer", "https://kept.example"), ("client_id", "kept-client")],
            )
        },
    ]
}

impl Typing {
    async fn fill(&self, owner: &Visitor) -> Form {
        let page = owner.get(&self.path).await;
        assert_eq!(page.status, 200, "{}: {}", self.path, page.text());
        let form = self.typed.iter().fold(page.form_with(self.field), |form, (name, value)| form.set(name, value));
        let form = self.secret.iter().fold(form, |form, name| form.set(name, CANARY));
        form.add(self.button.0, self.button.1)
    }

    /// The page shows what was typed, and no secret; gives its form.
    fn is_filled(&self, page: &Page) -> Form {
        assert!(!page.body.contains(CANARY), "{}: no secret comes back", self.path);
        let form = page.form_with(self.field);
        for (name, value) in &self.typed {
            assert_eq!(form.value(name), Some(*value), "{}: {}", self.path, page.text());
        }
        form
    }
}

async fn sign_in_on(page: &Page, visitor: &Visitor) -> Page {
    let form = page.form_with("email").set("email", "ana@acme.example").set("password", PASSWORD);
    let done = form.send(visitor).await;
    visitor.follow(&done).await
}

#[tokio::test]
async fn what_was_typed_comes_back_after_signing_in_and_is_not_carried_out_unseen() {
    let app = shop::app_with(|config| config.webhooks.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let owner = app.owner().await;
    let typings = typings(&app, &owner).await;
    let covered: Vec<&str> = typings.iter().map(|typing| typing.pattern).collect();
    assert!(REVIEWED.iter().all(|pattern| covered.contains(pattern)), "{REVIEWED:?} against {covered:?}");
    for typing in &typings {
        let form = typing.fill(&owner).await;
        app.advance(time::Duration::days(40));
        let sent = form.send(&owner).await;
        assert_eq!(sent.status, 303, "{}: {}", typing.path, sent.text());
        assert!(sent.location().unwrap().starts_with("/kept-forms/"), "{:?}", sent.location());
        let asked = owner.follow(&sent).await;
        let signing_in = owner.follow(&asked).await;
        let offered = sign_in_on(&signing_in, &owner).await;
        assert!(offered.text().contains("Nothing has been saved yet"), "{}: {}", typing.path, offered.text());
        assert!(!offered.body.contains(CANARY));
        let says = offered.text().contains("have to be entered once more");
        assert_eq!(says, typing.secret.is_some(), "{}: {}", typing.path, offered.text());
        let shown = offered.form_with("_kept").send(&owner).await;
        assert!([200, 422].contains(&shown.status), "{}: {} {}", typing.path, shown.status, shown.text());
        typing.is_filled(&shown);
        let stored = owner.get(&typing.path).await;
        assert!(
            !stored.body.contains("kept.example") && !stored.body.contains("Kept"),
            "{}: nothing was saved",
            typing.path
        );
    }
    // And it is an ordinary form again.
    let configuration = &typings[1];
    let form = configuration.fill(&owner).await;
    app.advance(time::Duration::days(40));
    let asked = owner.follow(&form.send(&owner).await).await;
    let offered = sign_in_on(&owner.follow(&asked).await, &owner).await;
    let shown = offered.form_with("_kept").send(&owner).await;
    let saved = configuration.is_filled(&shown).press("intent", "save", &owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert!(owner.follow(&saved).await.text().contains("kept.example"));
}

#[tokio::test]
async fn a_form_of_an_earlier_session_is_shown_again_to_its_member_alone() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let form = owner.get(&format!("{connection}/configuration")).await.form_with("/host").set("/host", "kept.example");
    let form = form.set("/password", CANARY).add("intent", "save");
    // In another tab somebody signs in again.
    owner.get("/settings/account").await.form_to("/sign-out").send(&owner).await;
    owner.sign_in("ana@acme.example").await;
    let sent = form.send(&owner).await;
    let offered = owner.follow(&sent).await;
    assert!(offered.text().contains("Nothing has been saved yet"), "{}", offered.text());
    let bo = app.member(&owner, Role::Admin, "bo@acme.example").await;
    let key = sent.location().unwrap();
    assert_eq!(bo.get(&key).await.status, 404, "it is hers, not his");
    let kept = offered.form_with("_kept").value("_kept").unwrap().to_owned();
    let his = bo.get(&format!("{connection}/configuration")).await.form_with("/host").set("_kept", &kept);
    let answered = his.send(&bo).await;
    assert!(answered.status == 303 && answered.location().unwrap().ends_with("/configuration"), "{}", answered.text());
    assert!(!bo.get(&format!("{connection}/configuration")).await.body.contains("kept.example"));
    let shown = offered.form_with("_kept").send(&owner).await;
    assert_eq!(shown.form_with("/host").value("/host"), Some("kept.example"), "{}", shown.text());
    app.advance(time::Duration::hours(1));
    assert_eq!(owner.get(&key).await.status, 404, "it is not kept for ever");
    app.sweep().await;
    assert_eq!(held(&app).await, 0);
}

#[tokio::test]
async fn a_stranger_has_nothing_kept() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let own = owner.get(&format!("{connection}/configuration")).await.form_with("/host");
    let token = own.value("_csrf").unwrap().to_owned();
    let stranger = app.visitor();
    let forged = [
        "1.abc.def".to_owned(),
        format!("1.abc.def.ghi~{}", token.split('~').nth(1).unwrap()),
        token.replace('~', "~x"),
        token.split('~').next().unwrap().to_owned(),
    ];
    for token in forged {
        let sent = own.clone().set("_csrf", &token).send(&stranger).await;
        assert_eq!(sent.location().as_deref(), Some("/sign-in?next=%2Fconnections"), "{token}");
    }
    let elsewhere = stranger.post_with(&own.action, &own.pairs, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(elsewhere.location().as_deref(), Some("/sign-in?next=%2Fconnections"));
    assert_eq!(held(&app).await, 0);
}

async fn held(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::held_secrets;
    app.app.db.read(|conn| Ok(held_secrets::table.count().get_result(conn)?)).await.unwrap()
}

#[tokio::test]
async fn age_alone_refuses_no_form() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let page = owner.get(&format!("{connection}/configuration")).await;
    let week = page.form_with("lifetime").set("lifetime", "7d").press("intent", "share", &owner).await;
    let link = crate::setup_links::link_path(&week);
    let (outsider, guest) = (app.visitor(), app.visitor());
    let form = outsider.get(&link).await.form_with("/host").set("/host", "old.example").add("intent", "partial");
    let signing_in = guest.get("/sign-in").await.form_with("email");
    let renaming = owner.get(&connection).await.form_to(&format!("{connection}/description"));
    app.advance(time::Duration::days(3));
    assert_eq!(form.send(&outsider).await.status, 303, "three days are nothing to a link of seven");
    let signed_in = signing_in.set("email", "ana@acme.example").set("password", PASSWORD).send(&guest).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
    let renamed = renaming.set("description", "Renamed late").send(&owner).await;
    assert_eq!(renamed.status, 303, "{}", renamed.text());
    assert!(owner.get(&connection).await.text().contains("old.example"));

    // The clock of whoever showed the form was ahead.
    let link = share_again(&owner, &connection).await;
    let form = outsider.get(&link).await.form_with("/username").set("/username", "early").add("intent", "partial");
    app.advance(-time::Duration::minutes(5));
    assert_eq!(form.send(&outsider).await.status, 303);
}

/// Whether a path is one of a pattern.
fn is_of(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(one, other)| one.starts_with('{') || one == other)
}

/// Every form of every page that a member reaches: what is typed into it outlives a sign-out.
#[tokio::test]
async fn no_form_into_which_text_is_typed_is_forgotten() {
    let app = shop::app_with(|config| config.webhooks.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let owner = app.owner().await;
    let begin: Vec<String> = typings(&app, &owner).await.into_iter().map(|typing| typing.path).collect();
    let (mut next, mut seen, mut forms) = (begin, std::collections::BTreeSet::new(), 0);
    let mut forgotten = std::collections::BTreeSet::new();
    while let Some(path) = next.pop() {
        let is_pages =
            !["/docs", "/static", "/api", "/accent", "/oauth", "/llms"].iter().any(|head| path.starts_with(head));
        if !is_pages || seen.len() > 400 || !seen.insert(path.clone()) {
            continue;
        }
        let page = owner.get(&path).await;
        if page.status != 200 || !page.header("content-type").unwrap_or_default().starts_with("text/html") {
            continue;
        }
        let own = page.links().into_iter().filter(|link| link.starts_with('/') && !link.starts_with("//"));
        next.extend(own.map(|link| link.split('#').next().unwrap_or_default().to_owned()));
        for action in page.posted_texts() {
            forms += 1;
            let action = action.split('?').next().unwrap_or_default().to_owned();
            if !REVIEWED.iter().any(|pattern| is_of(pattern, &action)) {
                forgotten.insert(action);
            }
        }
    }
    assert!(seen.len() > 30 && forms > 19, "pages and forms are found: {} and {forms}", seen.len());
    assert!(forgotten.is_empty(), "what is typed there is lost: {forgotten:?}");
}

#[tokio::test]
async fn who_left_a_workspace_meanwhile_gets_what_they_typed_back() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let olga = app.owner_of("Other", "Olga", "olga@other.example").await;
    let page = owner.get("/settings/members").await.form_to("/settings/members/invitations");
    let made = page.set("email", "olga@other.example").set("role", "admin").send(&owner).await;
    let join = made.field_values().into_iter().find_map(|text| Some(format!("/join/{}", text.split_once("/join/")?.1)));
    let join = join.unwrap();
    assert_eq!(olga.get(&join).await.form_to(&join).press("intent", "join", &olga).await.status, 303);
    let (connection, _) = share(&owner, "source", "postgres", &[]).await;
    let form = olga.get(&format!("{connection}/configuration")).await.form_with("/host");
    let form = form.set("/host", "typed.example").set("/password", CANARY).add("intent", "save");
    let members = owner.get("/settings/members").await;
    let hers = members.links().into_iter().filter(|link| link.starts_with("/settings/members/"));
    for link in hers {
        let shown = owner.get(&link).await;
        if let Some(removal) = shown.links().into_iter().find(|link| link.ends_with("/removal")) {
            assert_eq!(owner.get(&removal).await.form_to(&removal).send(&owner).await.status, 303);
        }
    }
    let answered = form.send(&olga).await;
    let text = answered.text();
    assert!(answered.status == 403 && text.contains("You are not a member of Acme Analytics any more"), "{text}");
    assert!(text.contains("typed.example") && text.contains("Password") && !answered.body.contains(CANARY), "{text}");
    assert!(!owner.get(&connection).await.text().contains("typed.example"));
}
