//! What pages say of mails is true with a mail server and without one.

use std::collections::{BTreeSet, VecDeque};

use vestibule::features::accounts::Role;

use crate::setup_links::share;
use crate::support::{Page, TestApp, Visitor};

/// Words that say that something reaches somebody by mail.
const PROMISES: [&str; 10] = [
    "we mail",
    "we send you",
    "is on its way",
    "check your mail",
    "comes by mail",
    "password by mail",
    "look for it in your mail",
    "sent you",
    "you get a mail",
    "has been told",
];

/// A product that sends mails, or does not.
fn product(sends: bool) -> TestApp {
    TestApp::start_with(|config| {
        if sends {
            config.mail.smtp_url = Some("smtp://127.0.0.1:9".into());
        }
    })
}

/// Every page that can be reached by links, the documentation left out: it speaks of every installation.
async fn crawled(visitor: &Visitor, from: &str) -> Vec<Page> {
    let (mut waiting, mut seen, mut pages) = (VecDeque::from([from.to_owned()]), BTreeSet::new(), Vec::new());
    while let Some(path) = waiting.pop_front() {
        let elsewhere = path.starts_with("/static/") || path.starts_with("/docs") || path.starts_with("/api");
        if elsewhere || !path.starts_with('/') || !seen.insert(path.clone()) {
            continue;
        }
        let page = visitor.get(&path).await;
        if page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            waiting.extend(page.links().into_iter().map(|link| link.split('#').next().unwrap_or_default().to_owned()));
            pages.push(page);
        }
    }
    pages
}

/// Every page there is a way to.
async fn all_pages(app: &TestApp) -> Vec<Page> {
    let owner = app.owner().await;
    let (_, link) = share(&owner, "source", "postgres", &[]).await;
    let viewer = app.member(&owner, Role::Viewer, "vera@acme.example").await;
    let mut pages = crawled(&owner, "/connections").await;
    pages.extend(crawled(&viewer, "/connections").await);
    let outsider = app.visitor();
    pages.push(outsider.get(&link).await);
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example.com");
    let sent = form.press("intent", "partial", &outsider).await;
    pages.push(outsider.follow(&sent).await);
    pages.push(outsider.get(&link).await);
    let forgot = outsider.get("/forgot-password").await;
    pages.push(forgot.form_with("email").set("email", "nobody@acme.example").send(&outsider).await);
    pages.push(forgot);
    let members = owner.get("/settings/members").await;
    let invite = || members.form_with("email").set("email", "ben@acme.example").set("role", "member");
    let first = invite().send(&owner).await;
    let again = invite().send(&owner).await;
    let path = |page: &Page| {
        let address = page.field_values().into_iter().find(|value| value.contains("/join/"));
        address.and_then(|url| Some(format!("/join/{}", url.split_once("/join/")?.1)))
    };
    if let Some(path) = path(&first) {
        pages.push(outsider.get(&path).await);
    }
    pages.extend([first, again]);
    pages
}

#[tokio::test]
async fn without_a_mail_server_no_page_promises_a_mail() {
    let app = product(false);
    let pages = all_pages(&app).await;
    assert!(pages.len() > 40, "{} pages", pages.len());
    for page in &pages {
        let text = page.text().to_lowercase();
        for promise in PROMISES {
            assert!(!text.contains(promise), "{}: {promise}: {text}", page.path);
        }
    }
}

#[tokio::test]
async fn with_a_mail_server_the_promises_are_made_and_nobody_is_warned() {
    let app = product(true);
    let pages = all_pages(&app).await;
    let text = pages.iter().map(|page| page.text().to_lowercase()).collect::<String>();
    for promise in ["we mail", "we send you", "is on its way", "check your mail"] {
        assert!(text.contains(promise), "{promise}");
    }
    assert!(!text.contains("no mail server"), "nothing is to be set up");
}

#[tokio::test]
async fn until_mail_is_set_up_those_who_can_are_told_and_nobody_else() {
    let app = product(false);
    let owner = app.owner().await;
    for (role, email, reads) in [
        (Role::Admin, "ada@acme.example", true),
        (Role::Member, "mel@acme.example", false),
        (Role::Viewer, "vi@acme.example", false),
    ] {
        let page = app.member(&owner, role, email).await.get("/connections").await.text();
        assert_eq!(page.contains("No mail server is set"), reads, "{email}: {page}");
        assert_eq!(page.contains("VESTIBULE_"), reads, "{email}: {page}");
    }
    assert!(owner.get("/connections").await.text().contains("VESTIBULE_SMTP_URL"));
}
