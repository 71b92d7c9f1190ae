//! Killed in the middle, started again: what was acknowledged is there and opens, nothing is there by half, and what was not
//! acknowledged can be sent again without being written twice.

use diesel::prelude::*;
use secrecy::ExposeSecret as _;
use vestibule::base::error::AppResult;
use vestibule::base::ids::SetupLinkId;
use vestibule::connectors::Kind;
use vestibule::features::accounts::find_workspace_by_slug;
use vestibule::features::connections::{self, Connection, NewDraft};
use vestibule::features::setup_links::{LinkLifetime, NewSetupLink, make};
use vestibule::platform::activity::{Actor, Event};
use vestibule::platform::app::App;
use vestibule::platform::db::schema::{activity, jobs, setup_links};
use vestibule::platform::db::{Db, dialect};

use crate::support::installation::{Installation, Running};
use crate::support::{Form, Visitor};

const ROUNDS: usize = 20;
const AT_ONCE: usize = 24;

/// A draft with an open link, and what its recipient is going to send.
#[derive(Clone)]
struct Asked {
    slug: String,
    link: SetupLinkId,
    path: String,
    host: String,
    password: String,
}

fn ask(app: &App, round: usize) -> Vec<Asked> {
    let connector = app.connectors.find(Kind::Source, "postgres").unwrap();
    let make_all = move |tx: &mut vestibule::platform::tx::Tx<'_>| -> AppResult<Vec<Asked>> {
        let workspace = find_workspace_by_slug(tx.conn, "acme")?.unwrap();
        (0..AT_ONCE)
            .map(|number| {
                let new = NewDraft {
                    workspace: &workspace.id,
                    connector: &connector,
                    description: "",
                    creator: None,
                    actor: Actor::System,
                    form_nonce: None,
                };
                let draft = connections::create_draft(tx, new)?;
                let lifetime = LinkLifetime::choose("24h", "", "", tx.now).unwrap();
                let new = NewSetupLink {
                    connection: &draft,
                    creator: None,
                    actor: Actor::System,
                    lifetime,
                    recipient: "",
                    note: "",
                    allows_test: false,
                    form_nonce: None,
                    purpose: vestibule::features::setup_links::LinkPurpose::Fill,
                    asks: None,
                };
                let (link, token) = make(tx, new)?;
                let of = |what: &str| format!("{what}-{round}-{number}");
                Ok(Asked {
                    slug: draft.slug,
                    link,
                    path: format!("/scl/{}", token.expose()),
                    host: of("host"),
                    password: of("password"),
                })
            })
            .collect()
    };
    app.write_blocking(make_all).unwrap()
}

/// Opens the form and fills it in, without sending it.
async fn filled(visitor: &Visitor, asked: &Asked) -> Form {
    let form = visitor.get(&asked.path).await.form_with("/host");
    form.set("/host", &asked.host).set("/password", &asked.password).set("intent", "partial")
}

/// Sends a form; `None` when no answer came.
async fn send(base: &str, form: &Form) -> Option<u16> {
    #[allow(clippy::disallowed_methods, reason = "a browser of the tests")]
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.pairs).finish();
    let request = client.post(format!("{base}{}", form.action)).body(body).header("sec-fetch-site", "same-origin");
    let sent = request.header("content-type", "application/x-www-form-urlencoded").send().await;
    sent.ok().map(|answer| answer.status().as_u16())
}

/// Everybody sends at once; the server is killed as soon as so many have their answer. Gives who was acknowledged.
async fn send_and_kill(server: Running, forms: &[Form], after: usize) -> Vec<bool> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let base = server.base.clone();
    let sends: Vec<_> = forms
        .iter()
        .cloned()
        .map(|form| {
            let (base, tell) = (base.clone(), tell.clone());
            tokio::spawn(async move {
                let status = send(&base, &form).await;
                let _ = tell.send(());
                status
            })
        })
        .collect();
    for _ in 0..after {
        told.recv().await;
    }
    drop(server); // SIGKILL
    let mut acknowledged = Vec::new();
    for send in sends {
        let status = send.await.unwrap();
        assert!(matches!(status, None | Some(303)), "{status:?}");
        acknowledged.push(status.is_some());
    }
    acknowledged
}

/// What the database has of one submission.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    used: bool,
    host: Option<String>,
    password: Option<String>,
    written_down: i64,
    told: bool,
}

impl Found {
    fn whole(asked: &Asked) -> Self {
        Self {
            used: true,
            host: Some(asked.host.clone()),
            password: Some(asked.password.clone()),
            written_down: 1,
            told: true,
        }
    }

    fn nothing() -> Self {
        Self { used: false, host: None, password: None, written_down: 0, told: false }
    }
}

fn find(app: &App, asked: &Asked, mails: &str) -> Found {
    let (keys, wanted) = (app.keys.clone(), asked.clone());
    let (link, connection, written_down, waiting): (Option<bool>, Connection, i64, i64) = app
        .db
        .read_blocking(|conn| {
            let workspace = find_workspace_by_slug(conn, "acme")?.unwrap();
            let used = setup_links::table
                .find(&wanted.link)
                .select(setup_links::used_at.is_not_null())
                .first(conn)
                .optional()?;
            let connection = connections::find(conn, &workspace.id, &wanted.slug)?.unwrap();
            let rows = activity::table
                .filter(activity::setup_link_id.eq(&wanted.link))
                .filter(activity::event.eq(Event::Submitted));
            let mails =
                jobs::table.filter(jobs::kind.eq("submission_mail")).filter(jobs::payload.eq(wanted.link.as_str()));
            Ok((used, connection, rows.count().get_result(conn)?, mails.count().get_result(conn)?))
        })
        .unwrap();
    let values = connection.open_values(&keys).expect("what is stored opens");
    let password = values.secrets.iter().find(|(path, _)| path.dot() == "password");
    Found {
        used: link.expect("the link is there"),
        host: connection.config.get("host").and_then(|host| host.as_str()).map(str::to_owned),
        password: password.map(|(_, value)| value.expose_secret().to_owned()),
        written_down,
        told: waiting == 1 || mails.contains(&asked.slug),
    }
}

/// All mails written so far, with the folds of quoted-printable taken out.
fn mails(here: &Installation) -> String {
    let folder = here.data().join("mail");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap().replace("=\r\n", "")).collect()
}

fn check_file(here: &Installation) {
    let db = Db::open_as_is(&here.config().storage.database).unwrap();
    db.read_blocking(|conn| Ok(dialect::verify(conn)?)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_acknowledged_submission_outlives_the_process() {
    let mut here = Installation::new();
    here.set("VESTIBULE_RATE_LIMITS", "off").set("VESTIBULE_LOG", "warn");
    here.owner("Acme", "ana@acme.example").good();
    let (mut acknowledged, mut lost, mut whole_though_lost) = (0, 0, 0);
    for round in 0..ROUNDS {
        let asked = ask(&here.app(), round);
        let server = here.start(&["serve"]);
        let visitor = Visitor::new(&server.base, &server.base);
        let mut forms = Vec::new();
        for one in &asked {
            forms.push(filled(&visitor, one).await);
        }
        let answered = send_and_kill(server, &forms, round * AT_ONCE / ROUNDS).await;

        check_file(&here);
        let (app, mails) = (here.app(), mails(&here));
        for (one, answered) in asked.iter().zip(&answered) {
            let found = find(&app, one, &mails);
            if *answered {
                assert_eq!(found, Found::whole(one), "round {round}: acknowledged");
            } else if found.used {
                assert_eq!(found, Found::whole(one), "round {round}: not acknowledged, and by half");
                whole_though_lost += 1;
            } else {
                assert_eq!(found, Found::nothing(), "round {round}: not acknowledged, and by half");
            }
        }
        acknowledged += answered.iter().filter(|answered| **answered).count();
        lost += answered.iter().filter(|answered| !**answered).count();
        drop(app);
        send_again(&here, &asked, &forms, &answered).await;
    }
    println!("{acknowledged} acknowledged; {lost} without an answer, of which {whole_though_lost} were stored");
    assert!(acknowledged > 0 && lost > 0, "killed in the middle: {acknowledged} acknowledged, {lost} not");
}

/// Whoever got no answer sends the same form once more, and finds it taken: once, whatever became of the first try.
async fn send_again(here: &Installation, asked: &[Asked], forms: &[Form], answered: &[bool]) {
    let server = here.start(&["serve"]);
    for (form, _) in forms.iter().zip(answered).filter(|(_, answered)| !**answered) {
        assert_eq!(send(&server.base, form).await, Some(303));
    }
    drop(server);
    let (app, mails) = (here.app(), mails(here));
    for one in asked {
        assert_eq!(find(&app, one, &mails), Found::whole(one), "after sending again");
    }
}
