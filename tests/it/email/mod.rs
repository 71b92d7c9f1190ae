//! Mail over a real server: plain, with TLS, and when the server is not what it should be.

mod fan_out;
mod server;

use diesel::prelude::*;
use secrecy::SecretString;
use server::{Certificate, SmtpServer};
use vestibule::platform::db::schema::jobs;
use vestibule::server::dispatcher::run_due;

use crate::setup_links::share;
use crate::support::{CANARY, TestApp, Visitor};

/// An app that sends its mail to that address.
fn app_with(smtp_url: &str, authority: Option<&Certificate>) -> TestApp {
    let (url, authority) = (SecretString::from(smtp_url), authority.map(|certificate| certificate.authority.clone()));
    TestApp::start_with(|config| {
        config.mail.smtp_url = Some(url);
        config.mail.extra_ca_file = authority;
    })
}

/// A recipient sends details, so that there is something to tell.
async fn submit(app: &TestApp) -> Visitor {
    let owner = app.owner().await;
    let (_, link) = share(&owner, "source", "postgres", &[("description", "Größe & <Maß>")]).await;
    let recipient = app.visitor();
    let form = recipient.get(&link).await.form_with("/host").set("/password", &format!("{CANARY}-typed"));
    assert_eq!(form.press("intent", "partial", &recipient).await.status, 303);
    owner
}

/// What the one job says of its last try; `None` when it is over.
async fn last_error(app: &TestApp) -> Option<String> {
    let error =
        app.app.db.read(|conn| Ok(jobs::table.select(jobs::last_error).first::<Option<String>>(conn).optional()?));
    error.await.unwrap().map(|error| error.expect("it failed"))
}

#[tokio::test]
async fn a_plain_server_gets_the_mail_whole() {
    let Some(server) = SmtpServer::start(&[]) else { return };
    let app = app_with(&format!("smtp://127.0.0.1:{}", server.port), None);
    app.app.mailer.check().unwrap();
    submit(&app).await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let mail = server.next();
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("vestibule@example.com", ["ana@acme.example".to_owned()].as_slice())
    );
    assert!(!mail.tls && mail.user.is_none());
    for part in [
        "From: Vestibule <vestibule@example.com>",
        "To: \"Ana Lima\" <ana@acme.example>",
        "Subject: Details received: =?utf-8?b?",
        "@example.com>",
        "Message-ID: <",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        "Date: ",
        "MIME-Version: 1.0",
    ] {
        assert!(mail.content.contains(part), "{part} is not in {}", mail.content);
    }
    assert!(!mail.content.contains(CANARY));
    assert_eq!((last_error(&app).await, server.is_idle()), (None, true));
}

#[tokio::test]
async fn both_kinds_of_tls_work_with_an_authority_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::make(dir.path(), "localhost");
    for (kind, scheme) in [("starttls", "smtp+starttls"), ("wrapped", "smtps")] {
        let Some(server) = SmtpServer::secured(kind, &certificate, "right") else { return };
        let app = app_with(&format!("{scheme}://ann:right@localhost:{}", server.port), Some(&certificate));
        app.app.mailer.check().unwrap();
        submit(&app).await;
        assert_eq!(run_due(&app.app).await.unwrap(), 1);
        assert_eq!(last_error(&app).await, None);
        let mail = server.next();
        assert!(mail.tls && mail.user.as_deref() == Some("ann"), "{kind}: {mail:?}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (right, other) = (Certificate::make(dir.path(), "localhost"), Certificate::make(dir.path(), "other.example"));
    // No authority, the wrong one, and the right one for another name.
    for (shown, trusted) in [(&right, None), (&right, Some(&other)), (&other, Some(&other))] {
        for (kind, scheme) in [("starttls", "smtp+starttls"), ("wrapped", "smtps")] {
            let Some(server) = SmtpServer::secured(kind, shown, &format!("{CANARY}-pw")) else { return };
            let app = app_with(&format!("{scheme}://ann:{CANARY}-pw@localhost:{}", server.port), trusted);
            let checked = format!("{:#}", app.app.mailer.check().unwrap_err());
            submit(&app).await;
            assert_eq!(run_due(&app.app).await.unwrap(), 1);
            let error = last_error(&app).await.expect("it is tried again");
            assert!(error.to_lowercase().contains("certificate"), "{kind}: {error}");
            assert!(!error.contains(CANARY) && !checked.contains(CANARY) && server.is_idle(), "{error} {checked}");
        }
    }
}

#[tokio::test]
async fn tls_that_was_asked_for_is_never_given_up() {
    let Some(server) = SmtpServer::start(&[]) else { return };
    for scheme in ["smtp+starttls", "smtps"] {
        let app = app_with(&format!("{scheme}://localhost:{}", server.port), None);
        submit(&app).await;
        assert_eq!(run_due(&app.app).await.unwrap(), 1);
        assert!(last_error(&app).await.is_some());
        assert!(server.is_idle(), "{scheme} fell back to plain text");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_saying_it() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::make(dir.path(), "localhost");
    let Some(server) = SmtpServer::secured("starttls", &certificate, "right") else { return };
    let app = app_with(&format!("smtp+starttls://ann:{CANARY}@localhost:{}", server.port), Some(&certificate));
    let owner = submit(&app).await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let error = last_error(&app).await.unwrap();
    assert!(error.contains("535") && !error.contains(CANARY), "{error}");
    assert!(!owner.get("/settings/mail").await.body.contains(CANARY));
    assert!(server.is_idle());
}

#[tokio::test]
async fn what_a_server_refuses_or_misses_comes_later() {
    let Some(refusing) = SmtpServer::start(&["--reply", "451 come back later"]) else { return };
    let port = refusing.port;
    let app = app_with(&format!("smtp://127.0.0.1:{port}"), None);
    submit(&app).await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    assert!(last_error(&app).await.unwrap().contains("come back later"));
    drop(refusing);

    app.advance(time::Duration::seconds(30));
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    assert!(last_error(&app).await.is_some(), "the server is down");

    let server = SmtpServer::start(&["--port", &port.to_string()]).unwrap();
    app.advance(time::Duration::seconds(120));
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    assert_eq!(last_error(&app).await, None);
    assert_eq!(server.next().to, ["ana@acme.example"]);
    assert!(server.is_idle(), "once");
}
