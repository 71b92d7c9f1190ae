//! One job a receiver, whatever the mail server does: a model of what each receiver gets, held against a scripted server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use vestibule::base::ids::SetupLinkId;
use vestibule::features::accounts::Role;
use vestibule::features::setup_links::SubmissionMail;
use vestibule::platform::config::MailLimits;
use vestibule::platform::db::schema::{jobs, setup_links};
use vestibule::platform::jobs::MOST_ATTEMPTS;
use vestibule::server::dispatcher::{run_due, run_until};

use crate::setup_links::share;
use crate::support::smtp::{ScriptedSmtp, SmtpDeed};
use crate::support::{PATIENCE, TestApp, Visitor};

/// An app whose mail server is a scripted one, with an owner.
async fn app_with(limits: MailLimits) -> (ScriptedSmtp, TestApp, Visitor) {
    let server = ScriptedSmtp::start();
    let url = server.url();
    let app = TestApp::start_with(|config| {
        config.mail.smtp_url = Some(url.into());
        config.mail.limits = limits;
    });
    let owner = app.owner().await;
    (server, app, owner)
}

fn quick() -> MailLimits {
    MailLimits { offer: Duration::from_millis(300), answer: PATIENCE }
}

/// More owners, and a link that a program made, so that all of them are told.
async fn everybody(app: &TestApp, owner: &Visitor, addresses: &[&str]) -> SetupLinkId {
    for address in addresses.iter().filter(|address| **address != "ana@acme.example") {
        app.member(owner, Role::Owner, address).await;
    }
    share(owner, "source", "postgres", &[]).await;
    clear(app).await;
    let link = app.app.db.write(|conn| {
        diesel::update(setup_links::table).set(setup_links::created_by.eq(None::<String>)).execute(conn)?;
        Ok(setup_links::table.select(setup_links::id).first(conn)?)
    });
    link.await.unwrap()
}

/// What waits is none of the test's business.
async fn clear(app: &TestApp) {
    app.app.db.write(|conn| Ok(diesel::delete(jobs::table).execute(conn)?)).await.unwrap();
}

async fn notify(app: &TestApp, link: &SetupLinkId) {
    let link = link.clone();
    app.app.write(move |tx| tx.enqueue(&SubmissionMail(link))).await.unwrap();
}

/// A job that was given up, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
struct GivenUp {
    shown_receiver: String,
    attempts: i32,
    last_error: Option<String>,
}

async fn waiting(app: &TestApp) -> i64 {
    let left = app.app.db.read(|conn| Ok(jobs::table.filter(jobs::failed_at.is_null()).count().get_result(conn)?));
    left.await.unwrap()
}

async fn given_up(app: &TestApp) -> Vec<GivenUp> {
    let failed = jobs::table.filter(jobs::failed_at.is_not_null()).order(jobs::shown_receiver).select((
        jobs::shown_receiver,
        jobs::attempts,
        jobs::last_error,
    ));
    app.app.db.read(move |conn| Ok(failed.load(conn)?)).await.unwrap()
}

/// What must become of a mail to a receiver whose server does these deeds, one a try.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Fate {
    /// How often the server hears it to its end without refusing it: what can arrive.
    copies: usize,
    /// How often it is tried.
    tries: usize,
    /// It is listed as failed.
    fails: bool,
}

fn fate_of(script: &[SmtpDeed]) -> Fate {
    let (mut fate, mut unknown) = (Fate::default(), 0);
    for deed in script.iter().copied().chain(std::iter::repeat(SmtpDeed::Take)) {
        fate.tries += 1;
        match deed {
            SmtpDeed::Take | SmtpDeed::TakeAfter(_) => {
                fate.copies += 1;
                return fate;
            }
            SmtpDeed::Refuse | SmtpDeed::RefuseContent => return Fate { fails: true, ..fate },
            SmtpDeed::DropHeard | SmtpDeed::HoldHeard => {
                fate.copies += 1;
                unknown += 1;
                if unknown == 2 {
                    return Fate { fails: true, ..fate };
                }
            }
            SmtpDeed::Later | SmtpDeed::LaterContent | SmtpDeed::Hang => {}
        }
        if fate.tries == usize::try_from(MOST_ATTEMPTS).unwrap() {
            return Fate { fails: true, ..fate };
        }
    }
    fate
}

/// Runs the worker until nothing waits any more. Whenever the server holds a mail, the worker dies.
async fn run_with_crashes(app: &TestApp, server: &ScriptedSmtp) {
    for _ in 0..2_000 {
        let (worker, held) = (Arc::clone(&app.app), server.held());
        tokio::select! {
            done = run_due(&worker) => { done.unwrap(); }
            () = server.holds_more_than(held) => {}
        }
        if waiting(app).await == 0 {
            return;
        }
        // What a dead worker holds is somebody else's once it was watched for a while; what waits is due at some time.
        let held = jobs::table.filter(jobs::lease_until.is_not_null()).count();
        let held: i64 = app.app.db.read(move |conn| Ok(held.get_result(conn)?)).await.unwrap();
        app.advance(if held > 0 { time::Duration::seconds(5) } else { time::Duration::hours(9) });
    }
    panic!("jobs wait for ever");
}

#[test]
fn the_model_knows_what_it_says() {
    use SmtpDeed::{DropHeard, Later, Refuse, Take};
    assert_eq!(fate_of(&[Later, Take]), Fate { copies: 1, tries: 2, fails: false });
    assert_eq!(fate_of(&[DropHeard, DropHeard, Take]), Fate { copies: 2, tries: 2, fails: true });
    assert_eq!(fate_of(&[Later, Refuse]), Fate { copies: 0, tries: 2, fails: true });
    assert_eq!(fate_of(&[Later; 20]), Fate { copies: 0, tries: 8, fails: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_the_server_does_each_receiver_gets_it_once_and_every_failure_is_seen() {
    use SmtpDeed::{DropHeard, Hang, HoldHeard, Later, LaterContent, Refuse, RefuseContent, Take};
    let addresses = ["ana@acme.example", "bo@b.example", "cy@c.example", "di@d.example", "ed@e.example"];
    let (server, app, owner) = app_with(quick()).await;
    let link = everybody(&app, &owner, &addresses).await;
    let deeds = [Take, Refuse, Later, RefuseContent, LaterContent, Hang, DropHeard, HoldHeard, Later, Take];
    for round in 0..12_u8 {
        clear(&app).await;
        let before = server.heard().len();
        let mut fates = BTreeMap::new();
        for address in addresses {
            let length = usize::from(app.app.rng.bytes::<1>()[0] % 4);
            let script: Vec<SmtpDeed> = match (round % 4, address) {
                // Refused again and again until the tries are over.
                (0, "ed@e.example") => vec![Later; 9],
                // Heard again and again, and nobody ever says whether it was taken.
                (0, "di@d.example") => vec![DropHeard, HoldHeard, DropHeard, HoldHeard],
                _ => (0..length).map(|_| deeds[usize::from(app.app.rng.bytes::<1>()[0]) % deeds.len()]).collect(),
            };
            server.script(address, &script);
            fates.insert(address, (fate_of(&script), server.tries(address), script));
        }
        notify(&app, &link).await;
        run_with_crashes(&app, &server).await;

        let (heard, failed) = (server.heard().split_off(before), given_up(&app).await);
        for (address, (fate, tried, script)) in fates {
            let accepted = |deed: SmtpDeed| matches!(deed, Take | DropHeard | HoldHeard);
            let mails: Vec<_> = heard.iter().filter(|mail| mail.to == address).collect();
            let copies = mails.iter().filter(|mail| accepted(mail.deed)).count();
            let masked = format!("{}…@{}", &address[..1], address.split('@').nth(1).unwrap());
            let fails = failed.iter().any(|job| job.shown_receiver == masked);
            let got = Fate { copies, tries: server.tries(address) - tried, fails };
            assert_eq!(got, fate, "round {round}, {address}, {script:?}: {failed:?}");
            assert!(copies <= 2);
            let ids: std::collections::BTreeSet<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
            assert!(ids.len() <= 1, "a copy is known by its Message-ID: {ids:?}");
        }
        assert!(failed.iter().all(|job| job.last_error.as_ref().is_some_and(|words| !words.is_empty())));
    }
}

#[tokio::test]
async fn what_a_server_takes_later_is_offered_until_it_is_taken() {
    let (server, app, owner) = app_with(quick()).await;
    let link = everybody(&app, &owner, &["ana@acme.example"]).await;
    let before = server.heard().len();
    server.script("ana@acme.example", &[SmtpDeed::LaterContent, SmtpDeed::LaterContent, SmtpDeed::LaterContent]);
    notify(&app, &link).await;
    for _ in 0..4 {
        run_due(&app.app).await.unwrap();
        app.advance(time::Duration::hours(9));
    }
    let taken = server.heard().split_off(before).into_iter().filter(|mail| mail.deed == SmtpDeed::Take).count();
    assert_eq!((taken, waiting(&app).await, given_up(&app).await.len()), (1, 0, 0), "nothing of it is in doubt");
}

#[tokio::test]
async fn a_dead_address_ends_at_once_with_the_servers_words_and_delays_nobody() {
    let (server, app, owner) = app_with(quick()).await;
    let link = everybody(&app, &owner, &["ana@acme.example", "bo@b.example", "cy@c.example"]).await;
    server.always("bo@b.example", SmtpDeed::Refuse);
    let before = server.heard().len();
    notify(&app, &link).await;
    app.run_jobs().await;
    let told: Vec<_> = server.heard().split_off(before).into_iter().map(|mail| mail.to).collect();
    assert_eq!((told.len(), server.tries("bo@b.example"), waiting(&app).await), (2, 1, 0), "{told:?}");
    let failed = given_up(&app).await.remove(0);
    assert_eq!((failed.shown_receiver.as_str(), failed.attempts), ("b…@b.example", 1));
    let words = failed.last_error.unwrap();
    assert!(words.contains("550") && words.contains("nobody has this address") && !words.contains("bo@b"), "{words}");

    let page = owner.get("/settings/failures").await;
    assert!(page.text().contains("Mail not sent: Details received") && page.text().contains("b…@b.example"));
    assert!(page.text().contains("nobody has this address") && page.text().contains("after 1 try"), "{}", page.text());
    assert!(owner.get("/connections").await.text().contains("Something failed."));

    // Tried again, it is the same mail; dismissed, it is gone.
    server.always("bo@b.example", SmtpDeed::Take);
    let retry = page.actions().into_iter().find(|action| action.ends_with("/retry")).unwrap();
    let sent = page.form_to(&retry).send(&owner).await;
    assert!(owner.follow(&sent).await.text().contains("Nothing has failed"));
    app.run_jobs().await;
    assert_eq!(server.heard().last().unwrap().to, "bo@b.example");
    server.always("bo@b.example", SmtpDeed::Refuse);
    notify(&app, &link).await;
    app.run_jobs().await;
    let page = owner.get("/settings/failures").await;
    let dismiss = page.actions().into_iter().find(|action| action.ends_with("/dismissal")).unwrap();
    let sent = page.form_to(&dismiss).send(&owner).await;
    assert!(owner.follow(&sent).await.text().contains("Nothing has failed"));
    assert!(!owner.get("/connections").await.text().contains("Something failed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mail_server_that_hangs_holds_up_its_lane_only() {
    let (server, app, owner) = app_with(MailLimits { offer: PATIENCE, answer: PATIENCE }).await;
    let link = everybody(&app, &owner, &["ana@acme.example"]).await;
    // Eighteen notices to somebody whose server never answers, and then somebody who cannot sign in.
    server.always("ana@acme.example", SmtpDeed::Hang);
    for _ in 0..18 {
        notify(&app, &link).await;
    }
    let page = owner.get("/settings/members").await;
    page.form_to("/settings/members/invitations").set("email", "new@n.example").send(&owner).await;
    let now = app.app.clock.now();
    app.app
        .db
        .write(move |conn| Ok(vestibule::platform::jobs::ensure_recurring(conn, &vestibule::server::Sweep, now)?))
        .await
        .unwrap();
    let worker = tokio::spawn(run_until(Arc::clone(&app.app), std::future::pending()));
    let all_done = async {
        loop {
            let swept = jobs::table.filter(jobs::kind.eq("sweep")).filter(jobs::run_at.gt(now)).count();
            let swept: i64 = app.app.db.read(move |conn| Ok(swept.get_result(conn)?)).await.unwrap();
            let lane_is_full = server.tries("ana@acme.example") >= 4;
            if lane_is_full && swept == 1 && server.heard().iter().any(|mail| mail.to == "new@n.example") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE / 2, all_done).await.expect("the invitation and the sweep wait for nobody");
    assert_eq!(server.tries("ana@acme.example"), 4, "no more than the places of the lane");
    worker.abort();
}

#[tokio::test]
async fn a_server_that_greets_nobody_is_given_up_for_now_and_the_mail_is_sent_later() {
    let (server, app, owner) = app_with(quick()).await;
    let link = everybody(&app, &owner, &["ana@acme.example"]).await;
    server.fall_silent();
    notify(&app, &link).await;
    assert_eq!(run_due(&app.app).await.unwrap(), 1);
    let (attempts, handed_over): (i32, i32) =
        app.app.db.read(|conn| Ok(jobs::table.select((jobs::attempts, jobs::handed_over)).first(conn)?)).await.unwrap();
    assert_eq!((attempts, handed_over, given_up(&app).await.len()), (1, 0, 0));
}

#[tokio::test]
async fn mails_say_that_no_person_wrote_them_and_whom_to_answer() {
    let (server, app, owner) = app_with(quick()).await;
    for address in ["zoë@bücher.example", "zoe@bücher.example"] {
        let page = owner.get("/settings/members").await;
        let sent = page.form_to("/settings/members/invitations").set("email", address).send(&owner).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
    }
    app.run_jobs().await;
    // This server does not take letters beyond ASCII before the @, and that is seen.
    assert_eq!((server.heard().len(), given_up(&app).await.len()), (1, 1));
    let mail = server.heard().pop().expect("an invitation");
    assert_eq!(mail.to, "zoe@xn--bcher-kva.example");
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(mail.header("Reply-To").as_deref(), Some("\"Ana Lima\" <ana@acme.example>"));
    assert!(mail.header("To").unwrap().contains("xn--bcher-kva.example"));
}

/// A mail that was given up half-way, without anybody knowing whether it arrived, goes out when somebody tries it again.
#[tokio::test]
async fn a_mail_nobody_knows_of_is_sent_when_somebody_tries_it_again() {
    let (server, app, owner) = app_with(quick()).await;
    let link = everybody(&app, &owner, &["ana@acme.example"]).await;
    server.script("ana@acme.example", &[SmtpDeed::DropHeard, SmtpDeed::DropHeard]);
    notify(&app, &link).await;
    run_with_crashes(&app, &server).await;
    assert_eq!(given_up(&app).await.len(), 1);
    let (page, before) = (owner.get("/settings/failures").await, server.heard().len());
    let retry = page.actions().into_iter().find(|action| action.ends_with("/retry")).unwrap();
    page.form_to(&retry).send(&owner).await;
    app.run_jobs().await;
    assert_eq!((server.heard().len(), given_up(&app).await.len()), (before + 1, 0));
}
