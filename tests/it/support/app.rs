//! The whole product on a port of its own, with a clock that stands still and mails kept in memory.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use time::macros::datetime;
use vestibule::base::clock::{Clock, UtcTime};
use vestibule::base::crypto::password::{self, Cost};
use vestibule::base::rng::Rng;
use vestibule::features::accounts::{self, NewOwner, Role};
use vestibule::platform::app::App;
use vestibule::platform::config::{Config, ServerLimits};
use vestibule::platform::db::DatabaseUrl;
use vestibule::platform::email::Mailer;
use vestibule::server::{dispatcher, http};

use super::{PASSWORD, Visitor, db};

/// Longer than any test.
const AGES: std::time::Duration = std::time::Duration::from_secs(3_600);

pub struct TestApp {
    pub app: Arc<App>,
    pub base: String,
    pub place: DatabaseUrl,
    handle: actix_web::dev::ServerHandle,
    thread: Option<std::thread::JoinHandle<()>>,
    dir: TempDir,
}

impl TestApp {
    /// A fresh product with nothing in it.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A fresh product with settings of the test's own. Rate limits are off unless the test turns them on, and mails are kept
    /// in memory unless the test names a mail server.
    pub fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = db::fresh(dir.path());
        let clock = Clock::manual(UtcTime::new(datetime!(2026-03-13 16:00 UTC)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::from_source(&settings(&base, dir.path())).unwrap();
        config.storage.database = place.clone();
        config.server.workers = Some(1);
        config.server.rate_limits = false;
        // A machine that has much else to do is no caller who says nothing.
        config.server.limits = ServerLimits { head: AGES, idle: AGES };
        adjust(&mut config);
        let from = config.mail.from.clone();
        let mut app = App::build_with(config, clock, Rng::System, Cost::Cheap).unwrap();
        launched_by_the_product(&mut app);
        if app.config.mail.smtp_url.is_none() {
            Arc::get_mut(&mut app).unwrap().mailer = Mailer::memory(from);
        }
        let (handle, thread) = serve(&app, listener);
        Self { app, base, place, handle, thread: Some(thread), dir }
    }

    /// The folder with the key and the SQLite file.
    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// A second process on the same database (PostgreSQL) or a second server in this process (SQLite allows one process).
    pub fn second_server(&self) -> (String, Arc<App>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = match &self.place {
            DatabaseUrl::Sqlite(_) => Arc::clone(&self.app),
            DatabaseUrl::Postgres(_) => {
                let mut app =
                    App::build_with(self.app.config.clone(), self.app.clock.clone(), Rng::System, Cost::Cheap).unwrap();
                Arc::get_mut(&mut app).unwrap().mailer = self.app.mailer.clone();
                launched_by_the_product(&mut app);
                app
            }
        };
        let (_handle, _thread) = serve(&app, listener);
        (base, app)
    }

    /// Somebody with a browser of their own and no account.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.base, &self.app.config.server.base_url.origin())
    }

    /// The first workspace "Acme Analytics" with its owner Ana Lima, signed in.
    pub async fn owner(&self) -> Visitor {
        self.owner_of("Acme Analytics", "Ana Lima", "ana@acme.example").await
    }

    /// Another workspace with its owner, signed in.
    pub async fn owner_of(&self, workspace: &str, name: &str, email: &str) -> Visitor {
        let rng = self.app.rng.clone();
        let password_hash = password::hash(&PASSWORD.into(), Cost::Cheap, &rng).unwrap();
        let new = NewOwner {
            workspace_name: workspace.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            password_hash,
        };
        self.app.write(move |tx| accounts::create_workspace_with_owner(tx, &new).map(|_| ())).await.unwrap();
        let visitor = self.visitor();
        visitor.sign_in(email).await;
        visitor
    }

    /// Somebody who joined the owner's workspace with a role, signed in; through the pages, like a person.
    pub async fn member(&self, owner: &Visitor, role: Role, email: &str) -> Visitor {
        let page = owner.get("/settings/members").await;
        let sent = page.form_with("email").set("email", email).set("role", role.as_str()).send(owner).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        let link = sent
            .links()
            .into_iter()
            .chain(sent.field_values())
            .find(|text| text.contains("/join/"))
            .expect("an invitation link");
        let visitor = self.visitor();
        let path = link.split_once("/join/").map(|(_, token)| format!("/join/{token}")).unwrap();
        let joined = visitor.get(&path).await;
        let done = joined
            .form_with("name")
            .set("name", &format!("{} Person", role.words()))
            .set("password", PASSWORD)
            .send(&visitor)
            .await;
        assert_eq!(done.status, 303, "{}", done.text());
        visitor
    }

    /// Does all work that is due.
    pub async fn run_jobs(&self) {
        while dispatcher::run_due(&self.app).await.unwrap() > 0 {}
    }

    /// Writes down expiries and forgets what is held too long, as the worker does every minute.
    pub async fn sweep(&self) {
        vestibule::features::setup_links::sweep(&self.app).await.unwrap();
    }

    /// From now on whoever spends a link of that table finds that another form has handed the sign-in over a moment before.
    pub async fn sign_ins_are_taken_first(&self, links: &str) {
        let taken = match &self.place {
            DatabaseUrl::Sqlite(_) => {
                format!("CREATE TRIGGER taken AFTER UPDATE ON {links} BEGIN DELETE FROM oauth_sign_ins; END;")
            }
            DatabaseUrl::Postgres(_) => format!(
                "CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN DELETE FROM oauth_sign_ins; RETURN NULL; END$$;
                 CREATE TRIGGER taken AFTER UPDATE ON {links} FOR EACH ROW EXECUTE FUNCTION taken();"
            ),
        };
        self.run_sql(taken).await;
    }

    /// Takes [`Self::sign_ins_are_taken_first`] back.
    pub async fn sign_ins_wait_again(&self, links: &str) {
        self.run_sql(match &self.place {
            DatabaseUrl::Sqlite(_) => "DROP TRIGGER taken".to_owned(),
            DatabaseUrl::Postgres(_) => format!("DROP TRIGGER taken ON {links}"),
        })
        .await;
    }

    async fn run_sql(&self, sql: String) {
        use diesel::connection::SimpleConnection as _;
        self.app.db.write(move |conn| Ok(conn.batch_execute(&sql)?)).await.unwrap();
    }

    /// Lets time go by.
    pub fn advance(&self, span: time::Duration) {
        self.app.clock.advance(span);
    }

    /// Sets the wall clock forward or back; no time goes by.
    pub fn step(&self, span: time::Duration) {
        self.app.clock.step(span);
    }
}

/// Connectors are started by the product's program, which the test's own is not.
fn launched_by_the_product(app: &mut Arc<App>) {
    let app = Arc::get_mut(app).unwrap();
    app.engines = app.engines.clone().launched_by(env!("CARGO_BIN_EXE_vestibule").into());
    app.installer = app.installer.clone().launched_by(env!("CARGO_BIN_EXE_vestibule").into());
}

fn settings(base: &str, dir: &Path) -> std::collections::BTreeMap<String, String> {
    let pairs = [
        ("VESTIBULE_BASE_URL", base),
        ("VESTIBULE_DATA_DIR", dir.to_str().unwrap()),
        ("VESTIBULE_MAIL_FROM", "Vestibule <vestibule@example.com>"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn serve(app: &Arc<App>, listener: TcpListener) -> (actix_web::dev::ServerHandle, std::thread::JoinHandle<()>) {
    let (tell, told) = std::sync::mpsc::channel();
    let app = Arc::clone(app);
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = http::server(&app, listener).unwrap();
            tell.send(server.handle()).unwrap();
            drop(app);
            server.await.unwrap();
        });
    });
    (told.recv().unwrap(), thread)
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        let stop = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(handle.stop(false));
        });
        let _ = stop.join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        db::remove(&self.place);
    }
}
