//! A position belongs to what it is a position of: whatever somebody changes of the source, its streams or its output, after the next run the
//! output is what the source holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{extract, ids, records};
use crate::api::Program;
use crate::outputs::add;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::ledger::{self, Contents};
use crate::support::{Dice, TestApp};
use crate::validations::validated;

/// How the source is read, as the model knows it.
#[derive(Debug, Clone)]
struct Model {
    database: &'static str,
    output: &'static str,
    people: bool,
    incremental: bool,
    cursor: &'static str,
    table: &'static str,
    all_fields: bool,
}

/// A ledger, where its records go, and what both should be.
struct Site {
    app: TestApp,
    program: Program,
    slug: String,
    folder: PathBuf,
    /// Where tables are; `None` without PostgreSQL.
    cluster: Option<Cluster>,
    model: Model,
    contents: BTreeMap<&'static str, Contents>,
    /// What files have brought since the source or the output was last another one: when each row was written, by stream and id.
    files: BTreeMap<&'static str, BTreeMap<i64, i64>>,
    tick: i64,
    done: Vec<String>,
}

const DATABASES: [&str; 2] = ["stage", "prod"];

impl Site {
    async fn new(form: &str) -> Self {
        let app = ledger::app();
        let program = Program::start(&app).await;
        let folder = app.data_dir().join("ledger");
        std::fs::create_dir_all(&folder).unwrap();
        let cluster = Cluster::new("").await;
        if let Some(cluster) = &cluster {
            for schema in ["raw", "other"] {
                cluster.sql(&format!("CREATE SCHEMA {schema} AUTHORIZATION $role")).await;
                let postgres = json!({
                    "host": cluster.host, "port": cluster.port, "database": cluster.name, "user": cluster.name, "password": PASSWORD,
                    "schema": schema, "tls_mode": "prefer",
                });
                add(&program, json!({"name": schema, "kind": "postgres", "postgres": postgres})).await;
            }
        }
        let slug = program.draft("sources", "ledger").await;
        let config = json!({"folder": folder, "database": "stage", "form": form});
        program.patch(&format!("/api/v1/sources/{slug}/"), json!({"config": config})).await.expect(200);
        let model = Model {
            database: "stage",
            output: "files",
            people: true,
            incremental: true,
            cursor: "changed",
            table: "sales",
            all_fields: true,
        };
        let contents = DATABASES.map(|name| (name, Contents::default())).into();
        let mut this = Self {
            app,
            program,
            slug,
            folder,
            cluster,
            model,
            contents,
            files: BTreeMap::new(),
            tick: 0,
            done: Vec::new(),
        };
        for name in DATABASES {
            (0..3).for_each(|id| this.write(name, id));
        }
        validated(&this.app, &this.program, &this.slug).await;
        this.patch(json!({"draft": false, "add_streams": this.streams()})).await;
        this
    }

    fn write(&mut self, database: &'static str, id: i64) {
        self.tick += 1;
        let contents = self.contents.get_mut(database).unwrap();
        contents.sales.insert(id, self.tick);
        self.tick += 1;
        contents.people.insert(id, self.tick);
        contents.save(&self.folder, database);
    }

    async fn patch(&self, body: Value) {
        self.program.patch(&format!("/api/v1/sources/{}/", self.slug), body).await.expect(200);
    }

    fn streams(&self) -> Value {
        let Model { people, incremental, cursor, table, all_fields, .. } = &self.model;
        let way = if *incremental { "INCREMENTAL" } else { "FULL_TABLE" };
        let key = incremental.then_some(*cursor);
        let fields = (!all_fields).then(|| json!(["id", "changed", "seq"]));
        json!([
            {"stream_name": "sales", "sync_type": way, "replication_key": key, "table_name": table, "extract_all_fields": all_fields, "fields": fields},
            {"stream_name": "people", "sync_type": "INCREMENTAL", "replication_key": "changed", "enabled": people},
        ])
    }

    /// Something happens to the source, its streams or its output.
    async fn change(&mut self, dice: &mut Dice) {
        let has_tables = self.cluster.is_some();
        let what = match dice.throw(11) {
            0..=2 => {
                let database = if dice.coin() { self.model.database } else { DATABASES[usize::from(dice.coin())] };
                let id = i64::try_from(dice.throw(6)).unwrap();
                self.write(database, id);
                format!("row {id} of {database}")
            }
            3 => {
                self.model.database = if self.model.database == "stage" { "prod" } else { "stage" };
                self.files.clear();
                self.patch(json!({"config": {"database": self.model.database}})).await;
                format!("database {}", self.model.database)
            }
            4 => {
                self.model.people = !self.model.people;
                format!("people {}", self.model.people)
            }
            5 => {
                self.model.cursor = if self.model.cursor == "seq" { "changed" } else { "seq" };
                format!("cursor {}", self.model.cursor)
            }
            6 => {
                self.model.table = if self.model.table == "sales" { "sold" } else { "sales" };
                format!("table {}", self.model.table)
            }
            7 => {
                self.model.incremental = !self.model.incremental;
                format!("incremental {}", self.model.incremental)
            }
            8 => {
                self.model.all_fields = !self.model.all_fields;
                format!("all fields {}", self.model.all_fields)
            }
            9 if has_tables => {
                let others: Vec<&str> =
                    ["files", "raw", "other"].into_iter().filter(|one| *one != self.model.output).collect();
                self.model.output = others[usize::from(dice.coin())];
                self.files.clear();
                self.patch(json!({"output_layer": self.model.output})).await;
                format!("output {}", self.model.output)
            }
            10 if self.model.output != "files" => self.lose_a_table(dice).await,
            _ => {
                self.patch(
                    json!({"config": {"token": format!("t{}", dice.throw(9)), "batch_size": 10 + dice.throw(9)}}),
                )
                .await;
                "another token".to_owned()
            }
        };
        self.done.push(what);
        self.patch(json!({"add_streams": self.streams()})).await;
    }

    /// Somebody drops a table of the output, or gives it another name.
    async fn lose_a_table(&self, dice: &mut Dice) -> String {
        let (schema, table) = (self.model.output, if dice.coin() { self.model.table } else { "people" });
        let way = if dice.coin() {
            format!("DROP TABLE IF EXISTS {schema}.{table}")
        } else {
            format!("DROP TABLE IF EXISTS {schema}.gone; ALTER TABLE IF EXISTS {schema}.{table} RENAME TO gone")
        };
        self.cluster.as_ref().unwrap().admin.batch_execute(&way).await.unwrap();
        way
    }

    /// Runs, and holds the output against the source.
    async fn check(&mut self, from_start: bool) -> Value {
        self.app.advance(time::Duration::seconds(1));
        let run = extract(&self.app, &self.program, &self.slug, json!({"from_start": from_start})).await;
        let history = self.done.join("; ");
        assert_eq!(run["status"], "success", "after {history}: {run}");
        let mut streams = vec![("sales", self.model.table)];
        if self.model.people {
            streams.push(("people", "people"));
        }
        for (stream, table) in streams {
            let found = if self.model.output == "files" {
                self.in_files(&run, stream, table)
            } else {
                self.in_table(table).await
            };
            let due = self.contents[self.model.database].of(stream);
            assert_eq!(&found, due, "{stream} in {} after {history}", self.model.output);
        }
        run
    }

    fn in_files(&mut self, run: &Value, stream: &'static str, table: &str) -> BTreeMap<i64, i64> {
        let number = |row: &Value, name: &str| row[name].as_i64().unwrap();
        let rows = records(&self.app, run, table);
        let all = self.files.entry(stream).or_default();
        all.extend(rows.iter().map(|row| (number(row, "id"), number(row, "changed"))));
        all.clone()
    }

    async fn in_table(&self, table: &str) -> BTreeMap<i64, i64> {
        let note = if self.model.all_fields || table == "people" { "note" } else { "'n' || changed" };
        let sql = format!("SELECT id, changed, {note} FROM {}.{table}", self.model.output);
        let rows = self.cluster.as_ref().unwrap().admin.query(&sql, &[]).await.unwrap();
        let mut found = BTreeMap::new();
        for row in rows {
            let (id, changed, note): (i64, i64, Option<String>) = (row.get(0), row.get(1), row.get(2));
            assert_eq!(note, Some(format!("n{changed}")), "row {id} of {table} is of one piece");
            assert!(found.insert(id, changed).is_none(), "row {id} of {table} is there twice");
        }
        found
    }

    async fn log(&self, run: &Value) -> String {
        self.program.get(&format!("/api/v1/runs/{}/logs/", run["id"].as_str().unwrap())).await.expect(200).body
    }

    async fn end(self) {
        if let Some(cluster) = self.cluster {
            cluster.end().await;
        }
    }
}

#[tokio::test]
async fn after_any_change_and_a_run_the_output_is_what_the_source_holds() {
    for (form, seed) in [("stream", 1), ("stream", 2), ("global", 3), ("old", 4)] {
        let (mut site, mut dice) = (Site::new(form).await, Dice(seed));
        site.done.push(format!("{form} {seed}"));
        site.check(false).await;
        for _ in 0..8 {
            for _ in 0..=dice.throw(2) {
                site.change(&mut dice).await;
            }
            let from_start = dice.throw(8) == 0;
            site.check(from_start).await;
        }
        site.end().await;
    }
}

#[tokio::test]
async fn what_changed_is_said_before_and_after_and_what_did_not_continues() {
    let mut site = Site::new("stream").await;
    site.check(false).await;
    let owner = site.app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = async |slug: &str| owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page(&site.slug).await.contains("It continues where the last one ended."));
    site.patch(json!({"config": {"token": "renewed", "batch_size": 50}})).await;
    assert!(
        page(&site.slug).await.contains("It continues where the last one ended."),
        "neither a key nor a way to read"
    );
    site.write("stage", 9);
    let run = site.check(false).await;
    assert!(site.log(&run).await.contains("continuing where the last one ended"));

    for (part, words) in [
        ("configuration", "the next extraction reads everything again"),
        ("streams", "is read from the beginning at the next extraction"),
        ("finish", "In another place the next extraction begins anew"),
    ] {
        let text = owner.get(&format!("/connections/{}/{part}", site.slug)).await.text();
        assert!(text.contains(words), "{part}: {text}");
    }
    site.model.database = "prod";
    site.files.clear();
    site.patch(json!({"config": {"database": "prod"}})).await;
    let text = page(&site.slug).await;
    let said = "It reads everything again, because the details of the source have changed: database.";
    assert!(text.contains(said), "{text}");
    let run = site.check(false).await;
    let log = site.log(&run).await;
    assert!(
        log.contains("sales is read from the beginning, because the details of the source have changed: database."),
        "{log}"
    );
    assert!(page(&site.slug).await.contains("It continues where the last one ended."));

    site.model.cursor = "seq";
    site.patch(json!({"add_streams": site.streams()})).await;
    let text = page(&site.slug).await;
    assert!(text.contains("It reads sales from the beginning, because another field tells its new records."), "{text}");
    let run = site.check(false).await;
    let log = site.log(&run).await;
    assert!(!log.contains("people is read from the beginning"), "{log}");
    site.end().await;
}

/// The built-in engine: a source that becomes another one, a table that is dropped, values no mark may have, and one who is still writing.
#[tokio::test]
async fn the_positions_of_a_database_are_of_that_database_and_of_what_is_sure() {
    let sql = "CREATE TABLE orders (id int PRIMARY KEY, at timestamptz NOT NULL); INSERT INTO orders VALUES (1, '2026-01-01Z'), (2, '2026-01-02Z')";
    let Some(stage) = Cluster::new(sql).await else { return };
    let prod = Cluster::new(sql).await.unwrap();
    let app = ledger::app();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let path = format!("/api/v1/sources/{slug}/");
    let config = |cluster: &Cluster| {
        json!({"config": {
            "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
            "ssl_mode": {"mode": "prefer"}, "replication_method": {"method": "Standard"},
        }})
    };
    program.patch(&path, config(&stage)).await.expect(200);
    validated(&app, &program, &slug).await;
    let stream = |key: &str| json!([{"stream_name": "orders", "sync_type": "INCREMENTAL", "replication_key": key, "table_name": "orders"}]);
    program
        .patch(&path, json!({"draft": false, "output_layer": "files", "add_streams": stream("at")}))
        .await
        .expect(200);
    let run = async || {
        app.advance(time::Duration::seconds(1));
        let run = extract(&app, &program, &slug, json!({})).await;
        assert_eq!(run["status"], "success", "{run}");
        ids(&app, &run, "orders").into_iter().collect::<BTreeSet<i64>>()
    };
    let set = |all: &[i64]| all.iter().copied().collect::<BTreeSet<i64>>();
    assert_eq!(run().await, set(&[1, 2]));
    assert!(run().await.is_subset(&set(&[1, 2])));
    program.patch(&path, config(&prod)).await.expect(200);
    assert_eq!(run().await, set(&[1, 2]), "another database is read from its beginning");

    // For ever, and in the future: what comes below them is read, too.
    prod.admin
        .batch_execute("INSERT INTO orders VALUES (3, 'infinity'), (4, now() + interval '1 year')")
        .await
        .unwrap();
    // What stood last before comes once more while somebody in the server has not ended: what they write could lie below it.
    let found = run().await;
    assert!(found.is_superset(&set(&[3, 4])) && found.is_subset(&set(&[1, 2, 3, 4])), "{found:?}");
    prod.admin.batch_execute("INSERT INTO orders VALUES (5, '2026-01-03Z')").await.unwrap();
    let found = run().await;
    assert!(found.contains(&5) && found.is_subset(&set(&[1, 2, 3, 4, 5])), "{found:?}");

    program.patch(&path, json!({"add_streams": stream("id")})).await.expect(200);
    assert_eq!(run().await, set(&[1, 2, 3, 4, 5]));
    // Somebody has taken 6 and has not ended when 7 is there already.
    let slow = prod.another().await;
    slow.batch_execute("BEGIN; INSERT INTO orders VALUES (6, now())").await.unwrap();
    prod.admin.batch_execute("INSERT INTO orders VALUES (7, now())").await.unwrap();
    assert_eq!(run().await, set(&[7]));
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(run().await, set(&[6, 7]), "what was not sure is looked at again");
    assert!(run().await.is_subset(&set(&[6, 7])));
    stage.end().await;
    prod.end().await;
}
