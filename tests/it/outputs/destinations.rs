//! A destination from the link where somebody hands their database over to the rows of a source in it, and what becomes of it.

use serde_json::{Value, json};

use crate::api::Program;
use crate::invite_links::{connections, invite};
use crate::runs::extract;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::jump::{Asking, PASSWORD as JUMP_PASSWORD, PasswordJump};
use crate::support::{Form, TestApp, Visitor, shop};
use crate::validations::validated;

/// Places of the ways to encrypt in the form.
const PREFER: &str = "3";

pub struct Site {
    pub app: TestApp,
    pub program: Program,
    pub owner: Visitor,
    pub cluster: Cluster,
}

/// A product with the loopback opened, and somebody's database with a schema `raw`; `None` without PostgreSQL.
pub async fn site() -> Option<Site> {
    let cluster = Cluster::new("").await?;
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let app = shop::app_with(|config| {
        config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    });
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    Some(Site { app, program, owner, cluster })
}

impl Site {
    pub fn config(&self) -> Value {
        json!({
            "host": self.cluster.host, "port": self.cluster.port, "database": self.cluster.name, "schema": "raw",
            "username": self.cluster.name, "password": PASSWORD, "ssl_mode": {"mode": "prefer"},
        })
    }

    /// What whoever has the database enters.
    fn answers(&self, form: Form) -> Form {
        let port = self.cluster.port.to_string();
        let form = form.set("/host", &self.cluster.host).set("/port", &port).set("/database", &self.cluster.name);
        let form = form.set("/schema", "raw").set("/username", &self.cluster.name).set("/password", PASSWORD);
        form.set("/ssl_mode", PREFER)
    }

    /// A draft of a destination with these details; gives its slug.
    pub async fn draft(&self, config: Value) -> String {
        let slug = self.program.draft("destinations", "postgres").await;
        self.program.patch(&one(&slug), json!({"config": config})).await.expect(200);
        slug
    }

    /// How a validation of a destination ended.
    pub async fn validate(&self, slug: &str) -> Value {
        self.app.advance(time::Duration::seconds(1));
        let started = self.program.post(&format!("{}revalidate/", one(slug)), json!({})).await.expect(202);
        self.app.work().await;
        let id = started.text("/id");
        self.program.get(&format!("/api/v1/connector-validations/{id}/")).await.expect(200).json
    }

    /// A finalised destination; gives its slug.
    pub async fn destination(&self, config: Value) -> String {
        let slug = self.draft(config).await;
        let done = self.validate(&slug).await;
        assert_eq!(done["status"], "success", "{done}");
        self.program.patch(&one(&slug), json!({"draft": false})).await.expect(200);
        slug
    }

    /// A finalised shop; gives its slug.
    pub async fn shop(&self, output: &str) -> String {
        let slug = self.program.draft("sources", "shop").await;
        let source = format!("/api/v1/sources/{slug}/");
        self.program
            .patch(&source, json!({"config": {"token": "right"}, "description": "Corner Shop"}))
            .await
            .expect(200);
        validated(&self.app, &self.program, &slug).await;
        let body = json!({
            "draft": false, "output_layer": output, "trigger": {"type": "manual"},
            "add_streams": [
                {"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": "id", "table_name": "shop_orders"},
                {"stream_name": "people"},
            ],
        });
        self.program.patch(&source, body).await.expect(200);
        slug
    }

    pub async fn extract(&self, source: &str) -> Value {
        self.app.advance(time::Duration::seconds(1));
        extract(&self.app, &self.program, source, json!({})).await
    }

    async fn ids(&self, table: &str) -> Vec<i64> {
        let sql = format!("SELECT id FROM {table} ORDER BY id");
        self.cluster.admin.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Every relation of the database that is not the server's own.
    async fn relations(&self) -> Vec<String> {
        let sql = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1";
        self.cluster.admin.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    async fn log(&self, run: &Value) -> String {
        self.program.get(&format!("/api/v1/runs/{}/logs/", run["id"].as_str().unwrap())).await.expect(200).body
    }
}

pub fn one(slug: &str) -> String {
    format!("/api/v1/destinations/{slug}/")
}

/// Somebody outside fills in the form of an invite link; the owner checks what came and finalises it. Gives the destination's page.
async fn handed_over(site: &Site) -> String {
    let (_, link) = invite(&site.owner, "destination/postgres", &[]).await;
    let recipient = site.app.visitor();
    let form = recipient.get(&link).await;
    let text = form.text();
    assert!(text.contains("write data to it") && text.contains("Schema"), "{text}");
    for gone in ["Extra connection parameters", "Schema for raw records", "Only store raw records"] {
        assert!(!text.contains(gone), "what the writer does not take up is not asked: {gone}");
    }
    let form = site.answers(form.form_with("/host")).set("identity", "Loja Sul");
    assert_eq!(form.press("intent", "complete", &recipient).await.status, 303);

    let path = connections(&site.owner).await.remove(0);
    let page = site.owner.get(&path).await;
    assert!(page.texts(".stepper").concat().contains("Receiving"), "{}", page.text());
    let started = page.form_to(&format!("{path}/validations")).send(&site.owner).await;
    site.app.work().await;
    let checked = site.owner.get(&started.location().unwrap()).await.text();
    for due in ["The details work.", "make tables in the schema raw", "The connection is"] {
        assert!(checked.contains(due), "{due}: {checked}");
    }
    assert_eq!(site.relations().await, Vec::<String>::new(), "a check leaves nothing");
    let finish = site.owner.get(&format!("{path}/finish")).await;
    assert!(!finish.has("#layer") && !finish.has("#cron"), "a destination has neither");
    let done = finish.form_with("intent").press("intent", "finalise", &site.owner).await;
    let page = site.owner.follow(&done).await;
    assert!(
        page.text().contains("Connection finalised") && page.text().contains("Records can go to it"),
        "{}",
        page.text()
    );
    path
}

#[tokio::test]
async fn from_an_invite_link_to_rows_in_somebody_elses_database() {
    let Some(site) = site().await else { return };
    let path = handed_over(&site).await;
    let output = format!("destination:{}", path.rsplit('/').next().unwrap());
    let source = site.shop("files").await;
    let finish = format!("/connections/{source}/finish");
    let chooser = site.owner.get(&finish).await;
    assert!(chooser.text().contains("Loja Sul"), "{}", chooser.text());
    let saved = chooser.form_with("layer").set("layer", &output).press("intent", "save", &site.owner).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert!(site.owner.get(&format!("/connections/{source}")).await.text().contains("Records go to Loja Sul"));

    let first = site.extract(&source).await;
    let place = format!("postgres://{}:{}/{}/raw", site.cluster.host, site.cluster.port, site.cluster.name);
    assert_eq!(
        (&first["status"], &first["output_layer"], &first["place"]),
        (&json!("success"), &json!(output), &json!(place)),
        "{first}"
    );
    assert_eq!((site.ids("raw.shop_orders").await, site.ids("raw.people").await), (vec![1, 2, 3], vec![1, 2, 3]));
    let second = site.extract(&source).await;
    assert_eq!((&second["status"], &second["records"]), (&json!("success"), &json!(6)), "{second}");
    assert_eq!(site.ids("raw.shop_orders").await, (1..=6).collect::<Vec<_>>(), "it continues");
    let receiving = site.owner.get(&path).await;
    for due in [
        "The records of 1 source go to it",
        "Corner Shop: 6 records of 2 streams",
        "chose it as the place for the records of Corner Shop",
    ] {
        assert!(receiving.text().contains(due), "{due}: {}", receiving.text());
    }
    assert!(receiving.links().contains(&format!("/connections/{source}")));
    for page in [&receiving, &site.owner.get("/settings/output-layers").await] {
        assert!(page.text().contains("Loja Sul") && !page.body.contains(PASSWORD));
    }
    assert!(!site.log(&second).await.contains(PASSWORD));
    site.cluster.end().await;
}

#[tokio::test]
async fn a_new_password_counts_from_the_next_run_and_a_wrong_one_is_named_on_both_pages() {
    let Some((cluster, _)) = Cluster::strict("").await else { return };
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let app = shop::app_with(|config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()]);
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let site = Site { app, program, owner, cluster };
    let slug = site.destination(site.config()).await;
    let source = site.shop(&format!("destination:{slug}")).await;
    assert_eq!(site.extract(&source).await["status"], "success");

    site.cluster.sql("ALTER ROLE $role PASSWORD 'another-long-password'").await;
    let failed = site.extract(&source).await;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("destination_failed")),
        "{failed}"
    );
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("into the destination Postgres") && message.contains("does not accept this password"),
        "{message}"
    );
    assert_eq!(failed["error"]["kind"], "config_error");
    let run = site.owner.get(&format!("/runs/{}", failed["id"].as_str().unwrap())).await.text();
    assert!(run.contains("validated on its own page"), "{run}");
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Records could not be written. Corner Shop"), "{page}");
    assert!(site.owner.get(&format!("/connections/{source}")).await.text().contains("destination Postgres"));

    let change = site.owner.get(&format!("/connections/{slug}/configuration")).await;
    assert!(change.text().contains("The records of these sources go there: Corner Shop"), "{}", change.text());
    let saved = change
        .form_with("/password")
        .set("/password", "another-long-password")
        .press("intent", "save", &site.owner)
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let next = site.extract(&source).await;
    assert_eq!(next["status"], "success", "{next}");
    assert_eq!(
        site.ids("raw.shop_orders").await,
        (1..=6).collect::<Vec<_>>(),
        "it continues where the last whole one ended"
    );
    for body in [&page, &run, &site.log(&failed).await, &site.log(&next).await] {
        assert!(!body.contains(PASSWORD) && !body.contains("another-long-password"));
    }
    site.cluster.end().await;
}

#[tokio::test]
async fn in_another_schema_it_begins_anew_and_says_so() {
    let Some(site) = site().await else { return };
    let slug = site.destination(site.config()).await;
    let source = site.shop(&format!("destination:{slug}")).await;
    assert_eq!(site.extract(&source).await["status"], "success");
    site.cluster.sql("CREATE SCHEMA lake AUTHORIZATION $role").await;
    site.program.patch(&one(&slug), json!({"config": {"schema": "lake"}})).await.expect(200);
    let page = site.owner.get(&format!("/connections/{source}")).await.text();
    assert!(page.contains("It reads everything again, because the records go to another place"), "{page}");
    let second = site.extract(&source).await;
    assert_eq!((&second["status"], &second["records"]), (&json!("success"), &json!(6)), "{second}");
    assert!(site.log(&second).await.contains("because the records go to another place"));
    assert_eq!((site.ids("lake.shop_orders").await, site.ids("raw.shop_orders").await), (vec![1, 2, 3], vec![1, 2, 3]));
    // The same schema as an output layer is the same place.
    site.program.patch(&one(&slug), json!({"config": {"password": PASSWORD}})).await.expect(200);
    let third = site.extract(&source).await;
    assert_eq!(
        (&third["status"], site.ids("lake.shop_orders").await),
        (&json!("success"), (1..=6).collect::<Vec<_>>()),
        "{third}"
    );
    site.cluster.end().await;
}

#[tokio::test]
async fn what_a_check_finds_is_told_apart_and_leaves_nothing() {
    let Some(site) = site().await else { return };
    let name = site.cluster.name.clone();
    let slug = site.draft(site.config()).await;
    let check = async |different: Value| {
        let mut config = site.config();
        config.as_object_mut().unwrap().extend(different.as_object().unwrap().clone());
        site.program.patch(&one(&slug), json!({"config": config})).await.expect(200);
        let found = site.validate(&slug).await;
        assert_eq!(found["status"], "failed", "{found}");
        assert!(!found.to_string().contains(PASSWORD));
        (found["error"]["code"].as_str().unwrap().to_owned(), found["message"].as_str().unwrap().to_owned())
    };
    let (code, words) = check(json!({"schema": "nowhere"})).await;
    assert_eq!(code, "no_permission");
    assert!(words.contains(&format!("CREATE SCHEMA nowhere AUTHORIZATION {name}")), "{words}");
    let (code, words) = check(json!({"database": "nowhere"})).await;
    assert!(code == "no_database" && words.contains("There is no database nowhere"), "{words}");
    site.cluster.sql("CREATE SCHEMA theirs").await;
    let (code, words) = check(json!({"schema": "theirs"})).await;
    assert!(code == "no_permission" && words.contains("GRANT USAGE, CREATE ON SCHEMA theirs"), "{words}");
    let (code, _) = check(json!({"host": "10.1.2.3"})).await;
    assert_eq!(code, "address_refused");
    // The rights are there, and the server says no all the same.
    let guard = "CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tables are frozen'; END $$;
         CREATE EVENT TRIGGER frozen ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.no();";
    site.cluster.sql(guard).await;
    let (_, words) = check(json!({})).await;
    assert!(words.contains("tables are frozen"), "{words}");
    site.cluster.sql("DROP EVENT TRIGGER frozen; GRANT CREATE ON DATABASE $role TO $role").await;
    // A schema that the user may make is made and taken back.
    site.program.patch(&one(&slug), json!({"config": {"schema": "fresh", "password": PASSWORD}})).await.expect(200);
    assert_eq!(site.validate(&slug).await["status"], "success");
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'fresh'";
    assert_eq!(site.cluster.admin.query_one(schemas, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(site.relations().await, Vec::<String>::new());
    site.cluster.end().await;
}

#[tokio::test]
async fn through_a_jump_server_whose_other_key_is_refused_and_shown_at_the_destination() {
    let Some(site) = site().await else { return };
    let jump = PasswordJump::start(Asking::Plainly).await;
    let mut config = site.config();
    config["tunnel_method"] = jump.tunnel(JUMP_PASSWORD);
    let slug = site.destination(config).await;
    let source = site.shop(&format!("destination:{slug}")).await;
    assert_eq!(site.extract(&source).await["status"], "success");
    assert_eq!(site.ids("raw.shop_orders").await, [1, 2, 3]);
    jump.replace();
    let failed = site.extract(&source).await;
    assert_eq!(failed["error"]["code"], "destination_failed", "{failed}");
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("Another key was shown") && page.contains(&jump.fingerprint()), "{page}");
    site.cluster.end().await;
}
