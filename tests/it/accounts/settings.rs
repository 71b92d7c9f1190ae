//! What owners and admins set, and what the environment says.

use diesel::prelude::*;
use secrecy::SecretString;
use vestibule::features::accounts::Role;
use vestibule::platform::activity::Event;
use vestibule::platform::db::schema::jobs;
use vestibule::platform::db::{Conn, DatabaseUrl};

use super::{assert_refused, events};
use crate::support::{CANARY, TestApp};

#[tokio::test]
async fn the_workspace_has_a_name_a_colour_and_a_contact() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let page = owner.get("/settings/workspace").await;
    assert_eq!(
        (page.value_of("name").as_deref(), page.value_of("accent").as_deref()),
        (Some("Acme Analytics"), Some("0f766e"))
    );
    let form = page
        .form_with("accent")
        .set("name", " Acme  Data ")
        .set("accent", "#1D4ED8")
        .set("contact", "Questions? data@acme.example");
    let done = form.send(&owner).await;
    let page = owner.follow(&done).await;
    assert!(page.text().contains("Workspace saved.") && page.title().contains("Acme Data"), "{}", page.title());
    assert!(page.has("link[href='/accent/1d4ed8.css']"));
    assert_eq!(page.value_of("contact").as_deref(), Some("Questions? data@acme.example"));
    assert!(events(&app).await.contains(&(Event::WorkspaceChanged, "Ana Lima".to_owned(), "Acme Data".to_owned())));
}

#[tokio::test]
async fn a_colour_is_looked_at_before_it_is_saved() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let form = owner.get("/settings/workspace").await.form_with("accent");
    let preview =
        form.clone().set("accent", "b91c1c").set("name", "Red House").press("intent", "preview", &owner).await;
    assert_eq!(preview.status, 200);
    assert!(preview.text().contains("Nothing is saved.") && preview.text().contains("Red House"), "{}", preview.text());
    assert_eq!((preview.count("svg[role=img]"), preview.value_of("accent").as_deref()), (2, Some("b91c1c")));
    let colours =
        vestibule::platform::web::accent::accent(vestibule::platform::web::accent::parse_hex("b91c1c").unwrap());
    assert!(
        preview.body.contains(&format!("fill=\"{}\"", colours.light.fill))
            && preview.body.contains(&format!("fill=\"{}\"", colours.dark.fill))
    );
    assert_eq!(owner.get("/settings/workspace").await.value_of("accent").as_deref(), Some("0f766e"));

    let refused = form.set("accent", "reddish").set("contact", &"x".repeat(201)).set("name", "").send(&owner).await;
    assert_refused(&refused, "accent", "Colour must be six hexadecimal digits, like 0f766e");
    assert_refused(&refused, "contact", "Contact must be 200 characters or fewer");
    assert_refused(&refused, "name", "Enter workspace name");
    assert_eq!(refused.value_of("accent").as_deref(), Some("reddish"));
}

#[tokio::test]
async fn mail_and_data_pages_tell_the_truth_without_a_secret() {
    let app = TestApp::start_with(|config| {
        config.mail.smtp_url = Some(SecretString::from(format!("smtp+starttls://user:{CANARY}@mail.example.com:587")));
    });
    let owner = app.owner().await;
    let mail = owner.get("/settings/mail").await;
    for words in [
        "mail.example.com, port 587, encrypted (STARTTLS)",
        "VESTIBULE_SMTP_URL",
        "VESTIBULE_MAIL_FROM",
        "vestibule@example.com",
    ] {
        assert!(mail.text().contains(words), "{words}: {}", mail.text());
    }
    let data = owner.get("/settings/data").await;
    let key_file = std::fs::read_to_string(app.data_dir().join("master.key")).unwrap();
    let (id, secret) = key_file.trim().split_once(':').unwrap();
    for words in [id, "VESTIBULE_MASTER_KEYS", "VESTIBULE_DATABASE_URL", "master.key"] {
        assert!(data.text().contains(words), "{words}: {}", data.text());
    }
    let kind = if matches!(app.place, DatabaseUrl::Sqlite(_)) { "SQLite file" } else { "PostgreSQL at" };
    assert!(data.text().contains(kind));
    for page in [mail, data] {
        assert!(!page.body.contains(CANARY) && !page.body.contains("user:") && !page.body.contains(secret));
    }
}

#[tokio::test]
async fn how_the_server_is_run_is_told_to_owners_of_the_instance_alone() {
    let app = TestApp::start_with(|config| {
        config.mail.smtp_url = Some(SecretString::from("smtp+starttls://user:password@mail.inside.example:587"));
    });
    let owner = app.owner().await;
    let admin = app.member(&owner, Role::Admin, "ad@acme.example").await;
    let viewer = app.member(&owner, Role::Viewer, "vi@acme.example").await;
    // Which workspace came first is told by the moment.
    app.advance(time::Duration::SECOND);
    let stranger = app.owner_of("Other", "Olga", "olga@other.example").await;
    let folder = app.data_dir().display().to_string();
    let key_file = std::fs::read_to_string(app.data_dir().join("master.key")).unwrap();
    let id = key_file.split_once(':').unwrap().0.to_owned();
    let facts = ["mail.inside.example", folder.as_str(), "master.key", id.as_str()];
    for (path, told) in [("/settings/mail", &facts[..1]), ("/settings/data", &facts[1..])] {
        let shown = owner.get(path).await.text();
        assert!(told.iter().all(|fact| shown.contains(fact)), "{shown}");
        for somebody in [&admin, &viewer, &stranger] {
            let page = somebody.get(path).await;
            assert_eq!(page.status, 200);
            assert!(facts.iter().all(|fact| !page.body.contains(fact)), "{path}: {}", page.text());
            assert!(page.text().contains("owners of the first workspace"), "{}", page.text());
        }
    }
    assert!(viewer.get("/settings/mail").await.text().contains("Mails go to A mail server"));
    // What the server said when a mail failed names its folders.
    let (workspace, text) =
        (crate::api::workspace_id(&app, "Other").await, format!("cannot write {folder}/mail/x.eml"));
    let now = app.app.clock.now();
    let failed = move |conn: &mut Conn| {
        let row = (
            (jobs::id.eq("failed-mail"), jobs::kind.eq("account_mail"), jobs::payload.eq("none"), jobs::run_at.eq(now)),
            (jobs::attempts.eq(8), jobs::created_at.eq(now), jobs::failed_at.eq(now), jobs::last_error.eq(text)),
            (jobs::lane.eq("urgent_mail"), jobs::workspace_id.eq(workspace), jobs::handed_over.eq(0)),
            (jobs::about.eq("Invitation"), jobs::shown_receiver.eq("x@other.example"), jobs::receiver.eq("x")),
        );
        Ok(diesel::insert_into(jobs::table).values(row).execute(conn)?)
    };
    app.app.db.write(failed).await.unwrap();
    let shown = stranger.get("/settings/failures").await;
    assert!(shown.text().contains("cannot write the data folder/mail/x.eml"), "{}", shown.text());
    assert!(!shown.body.contains(&folder));
}

#[tokio::test]
async fn without_a_mail_server_the_page_says_what_happens() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let text = owner.get("/settings/mail").await.text();
    assert!(text.contains("No mail server is set") && text.contains("VESTIBULE_SMTP_URL"), "{text}");
}
