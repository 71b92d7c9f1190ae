//! Tries at passwords: they slow down whoever makes them, and nobody else.

use time::Duration;
use vestibule::base::crypto::password::HashMemory;
use vestibule::base::crypto::password_workers::{AT_ONCE, MOST_WAITING};
use vestibule::platform::db::schema::slowed_tries;

use super::mailed_path;
use crate::support::{Form, PASSWORD, Page, TestApp, Visitor};

const ANA: &str = "ana@acme.example";
const OWN: &str = "198.51.100.7";

fn start() -> TestApp {
    TestApp::start_with(|config| {
        config.server.rate_limits = true;
        config.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
}

/// Sends a form from an address of the internet.
async fn send_from(visitor: &Visitor, form: &Form, address: &str) -> Page {
    let headers = [("sec-fetch-site", "same-origin"), ("x-forwarded-for", address)];
    visitor.post_with(&form.action, &form.pairs, &headers).await
}

async fn sign_in_form(visitor: &Visitor, email: &str, password: &str) -> Form {
    visitor.get("/sign-in").await.form_with("email").set("email", email).set("password", password)
}

/// A browser that has never been here tries a password.
async fn try_from(app: &TestApp, email: &str, password: &str, address: &str) -> u16 {
    let visitor = app.visitor();
    send_from(&visitor, &sign_in_form(&visitor, email, password).await, address).await.status
}

fn known_cookie(visitor: &Visitor) -> Option<String> {
    visitor.cookies().into_iter().find(|(name, _)| name.ends_with("vestibule_known")).map(|(_, value)| value)
}

#[tokio::test]
async fn wrong_passwords_from_elsewhere_keep_nobody_out() {
    let app = start();
    app.owner().await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(try_from(&app, ANA, "wrong password", "203.0.113.9").await);
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 422, 429, 429]);
    assert_eq!(try_from(&app, ANA, PASSWORD, OWN).await, 303, "a browser that nobody knows, from elsewhere");
    assert_eq!(try_from(&app, ANA, PASSWORD, "203.0.113.9").await, 429, "there it goes on waiting");
}

#[tokio::test]
async fn a_browser_that_has_signed_in_before_has_a_budget_of_its_own() {
    let app = start();
    app.owner().await;
    let ana = app.visitor();
    let form = sign_in_form(&ana, ANA, PASSWORD).await;
    assert!(known_cookie(&ana).is_none());
    assert_eq!(send_from(&ana, &sign_in_form(&ana, ANA, "wrong password").await, OWN).await.status, 422);
    assert!(known_cookie(&ana).is_none(), "only a right password makes it known");
    assert_eq!(send_from(&ana, &form, OWN).await.status, 303);
    let cookie = known_cookie(&ana).expect("it is known now");
    assert!(!cookie.contains("ana") && !cookie.contains("acme"), "{cookie}");
    ana.get("/settings/account").await.form_to("/sign-out").send(&ana).await;

    // A stranger in the same house uses up what the address and the account have.
    for number in 0..30 {
        let email = if number < 10 { ANA.to_owned() } else { format!("somebody{number}@acme.example") };
        try_from(&app, &email, "wrong password", OWN).await;
    }
    assert_eq!(try_from(&app, ANA, PASSWORD, OWN).await, 429);
    let again = sign_in_form(&ana, ANA, PASSWORD).await;
    assert_eq!(send_from(&ana, &again, OWN).await.status, 303);
    ana.get("/settings/account").await.form_to("/sign-out").send(&ana).await;

    // It is no way to guess either.
    let wrong = sign_in_form(&ana, ANA, "wrong password").await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(send_from(&ana, &wrong, OWN).await.status);
    }
    assert_eq!((statuses[9], statuses[10], statuses[11]), (422, 429, 429), "{statuses:?}");
    // Nor is it known for another account.
    for (email, status) in [("bo@acme.example", 429), (ANA, 429)] {
        let other = sign_in_form(&ana, email, "wrong password").await;
        assert_eq!(send_from(&ana, &other, OWN).await.status, status, "{email}");
    }
}

/// Fills the line of passwords that wait to be computed; what is dropped lets them go on.
async fn fill_the_line(app: &TestApp) -> std::sync::mpsc::Sender<()> {
    let (gate, wait) = std::sync::mpsc::channel();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    for _ in 0..AT_ONCE + MOST_WAITING {
        let (passwords, wait) = (app.app.passwords.clone(), wait.clone());
        let held = move |_: &mut HashMemory| wait.lock().unwrap().recv().is_ok();
        tokio::spawn(async move { passwords.run(held).await });
    }
    // Each of them comes into the line the first time it is its turn here.
    tokio::task::yield_now().await;
    gate
}

#[tokio::test]
async fn a_password_that_was_never_judged_counts_for_nothing() {
    let app = start();
    app.owner().await;
    let gate = fill_the_line(&app).await;
    for _ in 0..12 {
        assert_eq!(try_from(&app, ANA, PASSWORD, OWN).await, 503);
    }
    drop(gate);
    assert_eq!(try_from(&app, ANA, PASSWORD, OWN).await, 303);
}

#[tokio::test]
async fn a_search_from_many_addresses_is_slow_and_its_owner_comes_in() {
    let app = start();
    let owner = app.owner().await;
    owner.get("/settings/account").await.form_to("/sign-out").send(&owner).await;
    owner.sign_in(ANA).await;
    owner.get("/settings/account").await.form_to("/sign-out").send(&owner).await;
    let mut wrong = 0;
    for number in 0..60 {
        let status = try_from(&app, ANA, "wrong password", &format!("192.0.2.{number}")).await;
        wrong += usize::from(status == 422);
    }
    assert_eq!(wrong, 50);
    assert_eq!(try_from(&app, ANA, PASSWORD, OWN).await, 429, "a browser that nobody knows waits now");
    let form = sign_in_form(&owner, ANA, PASSWORD).await;
    assert_eq!(send_from(&owner, &form, OWN).await.status, 303, "one that is known does not");

    // Whoever reads the mail comes in, too.
    let lost = app.visitor();
    let asked = lost.get("/forgot-password").await.form_with("email").set("email", ANA);
    assert_eq!(send_from(&lost, &asked, OWN).await.status, 200);
    app.run_jobs().await;
    let path = mailed_path(&app, ANA);
    let chosen = lost.get(&path).await.form_with("password").set("password", "quite another password");
    assert_eq!(send_from(&lost, &chosen, OWN).await.status, 303);
    let form = sign_in_form(&lost, ANA, "quite another password").await;
    assert_eq!(send_from(&lost, &form, OWN).await.status, 303);
}

#[tokio::test]
async fn each_wait_is_longer_than_the_one_before_and_tells_nobody_who_is_here() {
    let app = start();
    app.owner().await;
    let mut said = Vec::new();
    for email in [ANA, "nobody@acme.example"] {
        let visitor = app.visitor();
        let form = sign_in_form(&visitor, email, "wrong password").await;
        let mut answers = Vec::new();
        for _ in 0..6 {
            answers.push((send_from(&visitor, &form, OWN).await.status, 0));
        }
        for _ in 0..3 {
            let slowed = send_from(&visitor, &form, OWN).await;
            let wait: i64 = slowed.header("retry-after").unwrap().parse().unwrap();
            answers.push((slowed.status, wait));
            app.advance(Duration::seconds(wait));
            answers.push((send_from(&visitor, &form, OWN).await.status, 0));
        }
        said.push(answers);
        // What the address has over all accounts is back.
        app.advance(Duration::minutes(5));
    }
    assert_eq!(said[0], said[1], "somebody's account and nobody's");
    let waits: Vec<i64> = said[0].iter().filter(|(status, _)| *status == 429).map(|(_, wait)| *wait).collect();
    assert_eq!(waits, [10, 20, 40]);
    app.advance(Duration::days(2));
    vestibule::features::accounts::sweep(&app.app).await.unwrap();
    use diesel::prelude::*;
    let left: i64 = app.app.db.read(|conn| Ok(slowed_tries::table.count().get_result(conn)?)).await.unwrap();
    assert_eq!(left, 0, "what is over is forgotten");
}

#[tokio::test]
async fn strangers_who_ask_for_mails_keep_nobody_from_one_and_flood_nobody() {
    let app = start();
    app.owner().await;
    let ask = async |address: &str| {
        let visitor = app.visitor();
        let form = visitor.get("/forgot-password").await.form_with("email").set("email", ANA);
        send_from(&visitor, &form, address).await.status
    };
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(ask("203.0.113.9").await);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(ask(OWN).await, 200);
    // All day, from everywhere, every twenty minutes.
    let before = app.app.mailer.kept().len();
    for number in 0..72 {
        app.advance(Duration::minutes(20));
        assert_eq!(ask(&format!("192.0.2.{number}")).await, 200);
        app.run_jobs().await;
        if number % 12 == 0 {
            let newest = mailed_path(&app, ANA);
            assert_eq!(app.visitor().get(&newest).await.status, 200, "one of them always works");
        }
    }
    let mails = app.app.mailer.kept().len() - before;
    assert!((24..=40).contains(&mails), "{mails}");
}
