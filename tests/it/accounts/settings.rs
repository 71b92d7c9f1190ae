//! What owners and admins set, and what the environment says.

use secrecy::SecretString;
use vestibule::platform::activity::Event;
use vestibule::platform::db::DatabaseUrl;

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
async fn without_a_mail_server_the_page_says_what_happens() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let text = owner.get("/settings/mail").await.text();
    assert!(text.contains("No mail server is set") && text.contains("VESTIBULE_SMTP_URL"), "{text}");
}
