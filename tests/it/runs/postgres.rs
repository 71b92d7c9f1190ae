//! A real PostgreSQL, from the link where somebody enters host and password to rows on disk.

use serde_json::{Value, json};

use super::{Journey, extract, ids, records};
use crate::api::Program;
use crate::support::cluster::answering;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::connectors::app_with;
use crate::support::{Form, TestApp};
use crate::validations::validated;

const SQL: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, total numeric(10, 2), updated_at timestamptz NOT NULL);
    INSERT INTO orders VALUES (1, 9.50, '2026-01-01Z'), (2, 120.00, '2026-01-02Z');
    CREATE TABLE people (id int PRIMARY KEY, name text);
    INSERT INTO people VALUES (1, 'Ana'), (2, 'Ben');";
/// Places of the ways to encrypt in the form.
const REQUIRE: &str = "0";
const DISABLE: &str = "5";

/// The product with the loopback opened by name, as an operator opens the network of the company.
fn app() -> TestApp {
    app_with(|_| {}, |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()])
}

/// What somebody who knows the database enters.
fn answers(cluster: &Cluster, form: Form) -> Form {
    let port = cluster.port.to_string();
    let form = form.set("/host", &cluster.host).set("/port", &port).set("/database", &cluster.name);
    form.set("/username", &cluster.name).set("/password", PASSWORD).set("/ssl_mode", REQUIRE)
}

/// The table row of a stream, by its name.
fn place(found: &Value, name: &str) -> usize {
    let streams = found["streams"].as_array().unwrap();
    streams.iter().position(|stream| stream["stream_name"] == name).unwrap()
}

#[tokio::test]
async fn from_host_and_password_to_rows_and_to_what_is_new_of_them() {
    let Some((cluster, _)) = Cluster::strict(SQL).await else { return };
    let journey = Journey::begin(app(), "postgres", "/host", |form| answers(&cluster, form)).await;
    let (page, found) = journey.validate().await;
    let text = page.text();
    assert!(text.contains("The details work: 2 streams found."), "{text}");
    assert!(text.contains("public.orders") && text.contains("public.people"), "{text}");
    let orders = &found["streams"][place(&found, "orders")];
    assert_eq!((&orders["primary_keys"], &orders["namespace"]), (&json!(["id"]), &json!("public")));
    assert_eq!(orders["replication_key_is_open"], false, "changes are found by row version: {orders}");
    assert!(!page.body.contains(PASSWORD) && !found.to_string().contains(PASSWORD));

    let people = place(&found, "people").to_string();
    // What is suggested is right for the orders: what is new.
    journey.choose(|form| form.set("prefix", "shop_").set(&format!("how.{people}"), "FULL_TABLE")).await;
    journey.finalise().await;
    let (page, first) = journey.extract().await;
    assert_eq!(first["status"], "success", "{}", page.text());
    assert_eq!(
        records(&journey.app, &first, "shop_orders")[1],
        json!({"id": 2, "total": 120.00, "updated_at": "2026-01-02T00:00:00+00:00"})
    );
    assert_eq!(
        (ids(&journey.app, &first, "shop_orders"), ids(&journey.app, &first, "shop_people")),
        (vec![1, 2], vec![1, 2])
    );

    cluster.sql("INSERT INTO orders VALUES (3, 7, '2026-01-03Z'); UPDATE orders SET total = 10, updated_at = '2026-01-04Z' WHERE id = 1").await;
    let (page, second) = journey.extract().await;
    assert_eq!(second["status"], "success", "{}", page.text());
    // Whoever writes anywhere on the server may cause a row to be read once more, so the new ones are looked for.
    assert!(ids(&journey.app, &second, "shop_orders").ends_with(&[3, 1]), "{second}");
    assert_eq!(ids(&journey.app, &second, "shop_people"), [1, 2]);
    cluster.end().await;
}

#[tokio::test]
async fn a_run_with_a_stream_that_cannot_be_read_is_done_in_part_and_says_so_everywhere() {
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let app = app();
    let program = Program::start(&app).await;
    let slug = program.draft("sources", "postgres").await;
    let source = format!("/api/v1/sources/{slug}/");
    let config = json!({
        "host": cluster.host, "port": cluster.port, "database": cluster.name, "username": cluster.name, "password": PASSWORD,
        "ssl_mode": {"mode": "prefer"},
    });
    program.patch(&source, json!({"config": config})).await.expect(200);
    validated(&app, &program, &slug).await;
    let body = json!({
        "draft": false, "output_layer": "files", "trigger": {"type": "manual"},
        "add_streams": [{"stream_name": "orders", "sync_type": "INCREMENTAL"}, {"stream_name": "people"}],
    });
    program.patch(&source, body).await.expect(200);
    cluster.sql("REVOKE SELECT ON people FROM $role").await;
    let run = extract(&app, &program, &slug, json!({})).await;
    assert_eq!((&run["status"], &run["error"]), (&json!("partial"), &json!(null)), "{run}");
    let stream =
        |name: &str| run["streams"].as_array().unwrap().iter().find(|one| one["table_name"] == name).unwrap().clone();
    assert_eq!(
        (&stream("people")["incomplete"], &stream("orders")["incomplete"]),
        (&json!(true), &json!(false)),
        "{run}"
    );
    assert_eq!(ids(&app, &run, "orders"), [1, 2]);
    let words = "Not read to the end: public.people";
    assert!(run["message"].as_str().unwrap().contains(words), "{run}");
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let page = owner.get(&format!("/runs/{}", run["id"].as_str().unwrap())).await;
    for due in ["Done in part", "Extracted in part", words, "Extract again"] {
        assert!(page.text().contains(due), "{due}: {}", page.text());
    }
    let connection = owner.get(&format!("/connections/{slug}")).await.text();
    assert!(connection.contains("Extraction done in part") && connection.contains(words), "{connection}");
    // What was read is not read again, and with the rights back it is whole.
    cluster.sql("GRANT SELECT ON people TO $role").await;
    app.advance(time::Duration::seconds(1));
    let run = extract(&app, &program, &slug, json!({})).await;
    assert_eq!((&run["status"], ids(&app, &run, "people")), (&json!("success"), vec![1, 2]), "{run}");
    cluster.end().await;
}

/// Answers that are different, the name of the failure for programs, and words of it.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, String);

#[tokio::test]
async fn what_is_wrong_is_told_apart_on_the_page_and_to_programs() {
    let Some((cluster, _)) = Cluster::strict(SQL).await else { return };
    let plain = answering(b"N").await.to_string();
    let (name, shut) = (&cluster.name, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM $role");
    let cases: [Case<'_>; 6] = [
        (
            &[("/password", "not-the-password")],
            "sign_in_failed",
            format!("does not accept this password for the user {name}"),
        ),
        (&[("/host", "database.invalid")], "host_unknown", "Nobody knows a host named database.invalid".to_owned()),
        (&[("/port", &plain)], "tls_failed", "The server does not offer encrypted connections".to_owned()),
        (
            &[("/ssl_mode", DISABLE)],
            "tls_failed",
            format!("does not let {name} in over a connection that is not encrypted"),
        ),
        (&[("/host", "10.1.2.3")], "address_refused", "an address that is not public".to_owned()),
        (
            &[],
            "no_permission",
            format!(
                "may read none of the 2 tables. An administrator can run: GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name};"
            ),
        ),
    ];
    cluster.sql(shut).await;
    let mut journey = Journey::begin(app(), "postgres", "/host", |form| answers(&cluster, form)).await;
    for (different, code, words) in cases {
        let fill_in =
            |form: Form| different.iter().fold(answers(&cluster, form), |form, (field, value)| form.set(field, value));
        journey = journey.go_on("postgres", "/host", fill_in).await;
        let (page, seen) = journey.validate().await;
        assert_eq!((&seen["status"], &seen["error"]["code"]), (&json!("failed"), &json!(code)), "{seen}");
        assert_eq!(seen["error"]["kind"], "config_error", "{seen}");
        let text = page.text();
        assert!(seen["message"].as_str().unwrap().contains(&words), "{seen}");
        assert!(text.contains(&words) && text.contains("The details could not be confirmed"), "{text}");
        assert!(text.contains("Change the details, or ask whoever knows them"), "{text}");
        // The owner knows the operator, or is it.
        let names_setting = text.contains("VESTIBULE_CONNECTOR_ALLOW_CIDRS");
        assert_eq!(names_setting, code == "address_refused", "{text}");
        assert!(!page.body.contains(PASSWORD) && !page.body.contains("not-the-password"), "{text}");
    }
    cluster.end().await;
}
