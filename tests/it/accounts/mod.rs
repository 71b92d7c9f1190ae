//! Accounts: who gets in, who may do what, and what nobody may learn.

mod access;
mod api_keys;
mod departed;
mod departures;
mod elsewhere;
mod first_run;
mod forgotten;
mod identities;
mod invitations;
mod members;
mod own_account;
mod pages;
mod resets;
mod sessions;
mod settings;
mod sign_in;
mod sign_in_provider;
mod slowed;
mod upkeep;

use vestibule::platform::activity::Event;
use vestibule::platform::db::schema;

use crate::support::{Form, Page, TestApp, Visitor};

/// The path of the only link to `/join/…` in a text.
fn join_path(text: &str) -> String {
    let token: String = text
        .split_once("/join/")
        .expect("a link to join")
        .1
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    format!("/join/{token}")
}

/// The path of the account link in the newest mail to that address.
fn mailed_path(app: &TestApp, to: &str) -> String {
    let mails = app.app.mailer.kept();
    let mail = mails.iter().rev().find(|mail| mail.to == to).expect("a mail to that address");
    join_path(&mail.text)
}

/// Events of the activity log, oldest first, with who did them and what is said of them. The clock stands still unless a test
/// moves it, so those of one moment come by name.
async fn events(app: &TestApp) -> Vec<(Event, String, String)> {
    use diesel::prelude::*;
    use schema::activity;
    let rows = app.app.db.read(|conn| {
        Ok(activity::table
            .order((activity::at, activity::event))
            .select((activity::event, activity::actor_name, activity::detail))
            .load(conn)?)
    });
    rows.await.unwrap()
}

async fn id_of_member(app: &TestApp, email: &str) -> String {
    use diesel::prelude::*;
    use schema::members;
    let email = email.to_owned();
    let find = move |conn: &mut vestibule::platform::db::Conn| {
        let living = members::table.filter(members::email.eq(email)).filter(members::removed_at.is_null());
        Ok(living.select(members::id).first(conn)?)
    };
    app.app.db.read(find).await.unwrap()
}

/// Takes somebody out of the workspace, as an owner does who keeps everything that they made for a member of that address.
async fn remove_and_keep(app: &TestApp, owner: &Visitor, email: &str, keeper: &str) {
    let removal = format!("/settings/members/{}/removal", id_of_member(app, email).await);
    let form = handed_over(owner.get(&removal).await.form_to(&removal), &id_of_member(app, keeper).await);
    let done = form.send(owner).await;
    assert_eq!(done.status, 303, "{}", done.text());
}

/// The form that asks what becomes of what somebody made, with everything handed over.
fn handed_over(form: Form, to: &str) -> Form {
    let made: Vec<String> = form.names().into_iter().filter(|name| is_thing(name)).map(str::to_owned).collect();
    made.iter().fold(form, |form, name| form.set(name, to))
}

fn is_thing(name: &str) -> bool {
    ["key-", "setup-link-", "invite-link-"].iter().any(|head| name.starts_with(head))
}

async fn session_count(app: &TestApp) -> i64 {
    use diesel::prelude::*;
    use schema::sessions;
    app.app.db.read(|conn| Ok(sessions::table.count().get_result(conn)?)).await.unwrap()
}

/// The sealed tokens of account links, oldest first.
async fn sealed_tokens(app: &TestApp) -> Vec<Option<Vec<u8>>> {
    use diesel::prelude::*;
    use schema::account_links;
    app.app
        .db
        .read(|conn| {
            Ok(account_links::table.order(account_links::created_at).select(account_links::sealed_token).load(conn)?)
        })
        .await
        .unwrap()
}

/// A refused form says so on top and at the field, and in its title.
fn assert_refused(page: &Page, field: &str, sentence: &str) {
    assert_eq!(page.status, 422, "{}", page.text());
    assert!(page.title().starts_with("Error: "), "{}", page.title());
    assert!(page.has(&format!(".error-summary a[href='#{field}']")), "{}", page.body);
    assert!(page.has(&format!("#{field}")), "no field {field}");
    assert_eq!(page.text().matches(sentence).count(), 2, "{}", page.text());
}
