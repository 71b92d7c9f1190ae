//! Values go through unchanged: out of a database into a table, and out of any JSON.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use vestibule::engines::{LoadTable, ReadEnd, SyncType};

use super::load::{fill, rows, run, stream, target, warehouse};
use crate::support::cluster::{Cluster, place};
use crate::support::engine::chosen;

/// Everything a type can hold at its ends.
const SOURCE: &str = r#"
    CREATE TYPE mood AS ENUM ('fine');
    CREATE TABLE "all" (id int PRIMARY KEY, tiny smallint, big bigint, exact numeric, money_like numeric(12,2), ratio float8, rough real, yes boolean,
        words text, short varchar(20), code char(3), raw bytea, day date, at timestamptz, coarse timestamptz(3), plain timestamp, clock time,
        zoned timetz, span interval, one uuid, list int[], texts text[], grid float8[], moments timestamptz[], spans interval[], bits bytea[],
        doc jsonb, kept json, feeling mood, net inet, nothing text);
    INSERT INTO "all" VALUES
        (1, -32768, 9223372036854775807, 12345678901234567890.1234567890123456789, 9999999999.99, 0.1, 3.4028235e38, true, E'a"b\\c\nd é 😀', 'v', 'ab',
            '\x00ff', '2026-02-28', '2026-02-28 12:00:00.123456+02', '2026-02-28 12:00:00.123', '2026-02-28 23:59:59.999999', '24:00:00',
            '10:00:00.000001-05:30', '1 year 2 mons -3 days -04:05:06.789', '6f9619ff-8b86-d011-b42d-00cf4fc964ff', '{1,NULL,3}', '{a,"b,c",NULL,""}',
            '{{1,2},{3,NaN}}', '{infinity,2026-01-01Z}', '{"1 day","-2 hours"}', '{"\\x01",NULL}', '{"b": 1, "a": [1.50, null]}', E'{"k":  1.10}', 'fine', '10.0.0.1/8', NULL),
        (2, 32767, -9223372036854775808, 'NaN', 'NaN', 'Infinity', '-Infinity', false, '', '', '', '', 'infinity', 'infinity', '-infinity', '-infinity',
            '00:00', '00:00+15', '0', '00000000-0000-0000-0000-000000000000', '{}', '{}', '{}', '{}', '{}', '{}', '[]', '[]', NULL, '::1/64', NULL),
        (3, 0, 0, -0.00000000000000000000000001, -0.01, 5e-324, 1e-45, NULL, NULL, NULL, NULL, NULL, '0044-03-15 BC', '0044-03-15 12:00Z BC', NULL,
            '4714-11-24 00:00 BC', NULL, NULL, '178000000 years', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'null', 'null', NULL, NULL, NULL),
        (4, NULL, NULL, 1e130, 0, 1.7976931348623157e308, 0.1, NULL, NULL, NULL, NULL, NULL, '5874897-12-31', '294276-12-31 23:59:59.999999Z', NULL,
            '10000-01-01', NULL, NULL, '-178956970 years -8 mons', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '"text"', '5', NULL, NULL, NULL);
"#;

#[tokio::test]
async fn a_table_comes_out_of_a_database_as_it_went_in() {
    let Some(cluster) = Cluster::new(SOURCE).await else { return };
    cluster.sql("CREATE SCHEMA raw AUTHORIZATION $role").await;
    let (place, task, target) = (place(), cluster.task(&json!({})), target(&cluster));
    let catalog = place.discover(&task).await.0.unwrap();
    let whole = chosen(&catalog, "all", SyncType::FullTable);
    for round in ["r1", "r2"] {
        let (done, told) = place.read(&task, std::slice::from_ref(&whole), None).await;
        assert_eq!(done, Ok(ReadEnd::default()), "{}", told.log());
        let mut load =
            place.engines.load(&target, run(round), vec![LoadTable::new("all", &whole, false)]).await.unwrap();
        load.write(&told.records).await.unwrap();
        load.prepare(&[]).await.unwrap();
        assert_eq!(load.notes, [""; 0]);
        load.commit().await.unwrap();
    }
    // Types: the same, except where the source has its own, or a length that is its own rule.
    let columns = "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS was, format_type(b.atttypid, b.atttypmod) AS is
        FROM pg_attribute a LEFT JOIN pg_attribute b ON b.attname = a.attname AND b.attrelid = 'raw.all'::regclass
        WHERE a.attrelid = 'public.all'::regclass AND a.attnum > 0 ORDER BY a.attnum";
    let columns = rows(&cluster, columns).await;
    let mut other = Vec::new();
    for column in columns.as_array().unwrap() {
        let (name, was, is) =
            (column["name"].as_str().unwrap(), column["was"].as_str().unwrap(), column["is"].as_str().unwrap());
        if was != is {
            other.push((name, was, is));
        }
        let equal = match name {
            // JSON cannot say NULL twice.
            "doc" | "kept" => format!("nullif(s.{name}::text, 'null') IS NOT DISTINCT FROM t.{name}::text"),
            "code" => "rtrim(s.code) IS NOT DISTINCT FROM rtrim(t.code)".to_owned(),
            _ => format!("s.{name}::text IS NOT DISTINCT FROM t.{name}::text"),
        };
        let sql = format!(
            "SELECT s.id, s.{name}::text AS was, t.{name}::text AS is FROM public.all s FULL JOIN raw.all t ON s.id = t.id WHERE NOT ({equal})"
        );
        assert_eq!(rows(&cluster, &sql).await, json!([]), "{name}");
    }
    let due = [
        ("short", "character varying(20)", "text"),
        ("code", "character(3)", "text"),
        ("feeling", "mood", "text"),
        ("net", "inet", "text"),
    ];
    assert_eq!(other, due);
    let written = rows(&cluster, "SELECT count(*) AS n FROM raw.all WHERE _vestibule_run = 'r2'").await;
    assert_eq!(written[0]["n"], 0, "the second time nothing has changed");
    cluster.end().await;
}

fn digits(most: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("-?(0|[1-9][0-9]{{0,{most}}})")).unwrap()
}

fn moment() -> impl Strategy<Value = String> {
    (1_i32..=9999, 1_u32..=12, 1_u32..=28, 0_u32..24, 0_u32..60, 0_u32..60, 0_u32..1_000_000, -15_i32..=15).prop_map(
        |(year, month, day, hour, minute, second, micro, zone)| {
            let sign = if zone < 0 { '-' } else { '+' };
            format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}{sign}{:02}:30",
                zone.abs()
            )
        },
    )
}

/// JSON of a value for each field, whose type the server is asked for.
fn record() -> impl Strategy<Value = String> {
    let nothing = |inner: BoxedStrategy<String>| prop_oneof![1 => Just("null".to_owned()), 6 => inner].boxed();
    let text = proptest::string::string_regex("(?s).{0,12}")
        .unwrap()
        .prop_map(|text| json!(text.replace('\0', "")).to_string())
        .boxed();
    let exact = (digits(30), proptest::option::of("[0-9]{1,20}"), proptest::option::of(-20_i32..20))
        .prop_map(|(whole, part, exponent)| {
            let part = part.map(|part| format!(".{part}")).unwrap_or_default();
            format!("{whole}{part}{}", exponent.map(|exponent| format!("e{exponent}")).unwrap_or_default())
        })
        .boxed();
    let cents = (digits(8), "[0-9]{2}").prop_map(|(whole, part)| format!("{whole}.{part}")).boxed();
    let ratio = any::<f64>()
        .prop_filter("JSON has no other, and jsonb no sign of zero", |number| number.is_normal())
        .prop_map(|number| json!(number).to_string())
        .boxed();
    let quoted = moment().prop_map(|moment| json!(moment).to_string()).boxed();
    let day = moment().prop_map(|moment| json!(moment[..10]).to_string()).boxed();
    let list =
        proptest::collection::vec(prop_oneof![any::<i32>().prop_map(|n| n.to_string()), Just("null".to_owned())], 0..5)
            .prop_map(|items| format!("[{}]", items.join(",")))
            .boxed();
    let any_json = prop_oneof![
        text.clone(),
        exact.clone(),
        list.clone(),
        Just("true".to_owned()),
        Just("{\"a\":{\"b\":[1.10]}}".to_owned())
    ]
    .boxed();
    let whole = any::<i64>().prop_map(|number| number.to_string()).boxed();
    let scalar = prop_oneof![whole.clone(), exact.clone()].boxed();
    let parts = [text, exact, cents, ratio, quoted, day, list, any_json, whole, scalar].map(nothing);
    parts.to_vec().prop_map(|values| {
        let members: Vec<String> =
            FIELDS.iter().zip(values).map(|((name, ..), value)| format!("\"{name}\":{value}")).collect();
        members.join(",")
    })
}

/// Name, what the source says, what the column becomes, and the value as the server itself reads it from the document `v`.
const FIELDS: [(&str, &str, &str, &str); 10] = [
    ("words", "string", "text", "v->>'words'"),
    ("exact", "numeric", "numeric", "(v->>'exact')::numeric"),
    ("cents", "numeric(12,2)", "numeric(12,2)", "(v->>'cents')::numeric(12,2)"),
    ("ratio", "double precision", "double precision", "(v->>'ratio')::float8"),
    ("moment", "string (date-time)", "timestamp with time zone", "(v->>'moment')::timestamptz"),
    ("day", "date", "date", "(v->>'day')::date"),
    (
        "list",
        "integer[]",
        "integer[]",
        "CASE WHEN v->>'list' IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(v->'list'))::int[] END",
    ),
    ("anything", "any", "jsonb", "nullif(v->'anything', 'null')"),
    ("big", "bigint", "bigint", "(v->>'big')::bigint"),
    ("scalar", "any", "numeric", "(v->>'scalar')::numeric"),
];

#[tokio::test]
async fn any_value_is_read_back_as_the_server_itself_reads_it() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let mut runner = TestRunner::deterministic();
    let columns: Vec<(&str, &str)> = FIELDS.iter().map(|(name, kind, ..)| (*name, *kind)).collect();
    let table = LoadTable::new("orders", &stream(&columns, SyncType::FullTable, &[]), false);
    let mut load = place.engines.load(&target, run("r1"), vec![table]).await.unwrap();
    for batch in 0..20 {
        let mut records = Vec::new();
        for _ in 0..100 {
            let members = record().new_tree(&mut runner).unwrap().current();
            let data = format!("{{{members},\"v\":{{{members}}},\"batch\":{batch}}}").into_bytes();
            records.push(vestibule::engines::Record { stream: 0, data });
        }
        load.write(&records).await.unwrap();
    }
    load.prepare(&[]).await.unwrap();
    load.commit().await.unwrap();
    assert_eq!(rows(&cluster, "SELECT count(*) AS n FROM raw.orders").await[0]["n"], 2_000);
    for (name, _, kind, oracle) in FIELDS {
        let found = format!(
            "SELECT format_type(atttypid, atttypmod) AS kind FROM pg_attribute WHERE attrelid = 'raw.orders'::regclass AND attname = '{name}'"
        );
        assert_eq!(rows(&cluster, &found).await[0]["kind"], kind, "{name}");
        let sql = format!(
            "SELECT v->>'{name}' AS sent, {name}::text AS kept FROM raw.orders WHERE {name}::text IS DISTINCT FROM ({oracle})::text LIMIT 3"
        );
        assert_eq!(rows(&cluster, &sql).await, json!([]), "{name}");
    }
    cluster.end().await;
}

#[tokio::test]
async fn what_no_type_holds_is_kept_as_it_is_written() {
    let Some((cluster, target)) = warehouse().await else { return };
    let place = place();
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    let table =
        LoadTable::new("orders", &stream(&[("huge", "number"), ("deep", "object")], SyncType::FullTable, &[]), false);
    let mut load = place.engines.load(&target, run("r1"), vec![table]).await.unwrap();
    let texts = [
        "{\"id\":1,\"huge\":1e999999}".to_owned(),
        format!("{{\"id\":2,\"deep\":{deep}}}"),
        "{\"id\":3,\"deep\":{\"a\":1e-999999}}".to_owned(),
    ];
    let records: Vec<_> =
        texts.iter().map(|text| vestibule::engines::Record { stream: 0, data: text.clone().into_bytes() }).collect();
    load.write(&records).await.unwrap();
    load.prepare(&[]).await.unwrap();
    load.commit().await.unwrap();
    let found = rows(&cluster, "SELECT id, huge, length(deep) AS long FROM raw.orders ORDER BY id").await;
    assert_eq!(
        found,
        json!([{"id": 1, "huge": "1e999999", "long": null}, {"id": 2, "huge": null, "long": 6_000}, {"id": 3, "huge": null, "long": 15}])
    );
    let broken = vestibule::engines::Record { stream: 0, data: b"{\"id\":".to_vec() };
    let mut load = place.engines.load(&target, run("r2"), vec![super::load::whole()]).await.unwrap();
    let refused = load.write(&[broken]).await.unwrap_err();
    assert!(refused.message.contains("no record"), "{refused}");
    fill(&place.engines, &target, (run("r3"), super::load::whole()), &[] as &[Value]).await.unwrap();
    cluster.end().await;
}
