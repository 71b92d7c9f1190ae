//! The tools themselves: what is handed off is executed twice, and the rows are those of the source. They are large, so they are installed by
//! the test script alone (TEST_TOOLS).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::airbyte::{Api, at};
use super::database::{SQL, database};
use super::folder::Folder;
use crate::runs::Journey;
use crate::support::cluster::{Cluster, PASSWORD};
use crate::support::connectors::app_with;
use crate::support::programs::{import, programs};
use crate::support::skipped;

/// The folder of the programs of one of the environments.
pub fn tool(name: &str) -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let tools = std::env::var_os("TEST_TOOLS").filter(|path| !path.is_empty()).map(PathBuf::from);
    Some(tools.or_else(|| skipped(name, "TEST_TOOLS"))?.join(name).join("bin"))
}

/// Rows of a table that dlt has loaded into DuckDB.
async fn rows(folder: &Folder, python: &Path, sql: &str) -> Value {
    let script = "import duckdb, glob, json, sys; opened = duckdb.connect(glob.glob('*.duckdb')[0]); print(json.dumps(opened.sql(sys.argv[1]).fetchall(), default=str))";
    let plan = folder.json("plan.json");
    let sql = sql.replace("$data", plan["dataset"].as_str().unwrap());
    serde_json::from_str(&folder.ran(python, &["-c", script, &sql]).await).unwrap()
}

const CHANGES: &str = "INSERT INTO orders VALUES (3, 7, '2026-01-03Z'); UPDATE orders SET total = 10, updated_at = '2026-01-04Z' WHERE id = 1";

#[tokio::test]
#[ignore = "needs dlt, which tests/run long installs"]
async fn dlt_reads_the_database_and_then_what_is_new() {
    let Some(bin) = tool("dlt") else { return };
    let Some((cluster, authority)) = Cluster::strict(SQL).await else { return };
    let tls = json!({"host": "localhost", "ssl_mode": {"mode": "verify-full", "ca_certificate": authority}});
    let (_app, program, slug) = database(&cluster, tls).await;
    let folder = Folder::of(&program, &slug, "dlt").await;
    let python = bin.join("python");
    let ended = folder.run(&python, &["pipeline.py"]).await;
    assert!(!ended.good && ended.err.contains("is not set"), "{ended:?}");
    let folder = folder.give_secrets(&[("password", PASSWORD), ("ssl_mode.ca_certificate", &authority)]);
    folder.ran(&python, &["pipeline.py"]).await;
    let orders = "SELECT id, total FROM $data.shop_orders ORDER BY id";
    assert_eq!(rows(&folder, &python, orders).await, json!([[1, "9.50"], [2, "120.00"]]));
    cluster.sql(CHANGES).await;
    folder.ran(&python, &["pipeline.py"]).await;
    assert_eq!(rows(&folder, &python, orders).await, json!([[1, "10.00"], [2, "120.00"], [3, "7.00"]]));
    let people = "SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM $data.people ORDER BY 1";
    assert_eq!(rows(&folder, &python, people).await, json!([["Ana"], ["Ben"]]));
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs Meltano, which tests/run long installs"]
async fn meltano_reads_the_database_and_then_what_is_new() {
    let Some(bin) = tool("meltano") else { return };
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let (_app, program, slug) = database(&cluster, json!({})).await;
    let folder = Folder::of(&program, &slug, "meltano").await.give_package_settings();
    let folder = folder.give_secrets(&[("password", PASSWORD)]);
    let meltano = bin.join("meltano");
    std::fs::create_dir(folder.dir.path().join("output")).unwrap();
    folder.ran(&meltano, &["install"]).await;
    let read = async || -> Vec<Value> {
        folder.ran(&meltano, &["run", "tap-postgres", "target-jsonl"]).await;
        let output = std::fs::read_dir(folder.dir.path().join("output")).unwrap();
        let mut files: Vec<PathBuf> = output.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let texts: Vec<String> = files
            .iter()
            .filter(|path| path.to_string_lossy().contains("orders"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        texts.concat().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect()
    };
    assert_eq!(read().await, [1, 2]);
    cluster.sql(CHANGES).await;
    // A Singer tap reads the row at its bookmark once more; the loader appends.
    let ids = read().await;
    assert!(ids.ends_with(&[json!(3), json!(1)]) && ids.len() <= 5, "{ids:?}");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs the SDK of Airbyte's API, which tests/run long installs"]
async fn the_sdk_of_the_api_knows_every_member_of_the_bodies() {
    let Some(bin) = tool("airbyte-api") else { return };
    let Some(cluster) = Cluster::new(SQL).await else { return };
    let (_app, program, slug) = database(&cluster, json!({})).await;
    let mut api = Api::start().await;
    let folder = at(Folder::of(&program, &slug, "airbyte").await, &api).give("AIRBYTE_TOKEN", "own");
    let folder = folder.give_secrets(&[("password", PASSWORD)]);
    folder.ran("python3", &["send.py"]).await;
    assert_eq!(api.heard().await["path"], "/workspaces/w1/definitions/sources");
    for name in ["SourceCreateRequest", "ConnectionCreateRequest"] {
        let mut body = api.heard().await["body"].clone();
        if name == "SourceCreateRequest" {
            assert_eq!(body["definitionId"], "d1");
            body["configuration"]["sourceType"] = json!("postgres");
        }
        // What the SDK does not know it leaves out of what it writes again.
        let script = "import json, sys; from airbyte_api import models, utils; kind = getattr(models, sys.argv[1]); \
                      print(utils.marshal_json(utils.unmarshal_json(sys.argv[2], kind), kind))";
        let again = folder.ran(bin.join("python"), &["-c", script, name, &body.to_string()]).await;
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(within(&again, &body), body, "{name}: {again}");
    }
    cluster.end().await;
}

/// The first without what the second does not have: defaults that the SDK writes in.
pub fn within(all: &Value, wanted: &Value) -> Value {
    match (all, wanted) {
        (Value::Object(all), Value::Object(wanted)) => {
            let both = wanted.iter().filter_map(|(key, value)| Some((key.clone(), within(all.get(key)?, value))));
            Value::Object(both.collect())
        }
        (Value::Array(all), Value::Array(wanted)) if all.len() == wanted.len() => {
            Value::Array(all.iter().zip(wanted).map(|(all, wanted)| within(all, wanted)).collect())
        }
        _ => all.clone(),
    }
}

/// One real connector, read by PyAirbyte alone and through dlt, twice each.
#[tokio::test]
#[ignore = "needs PyAirbyte and a real connector, which tests/run long installs"]
async fn pyairbyte_reads_a_real_connector() {
    let (Some(bin), Some(connectors)) = (tool("pyairbyte"), programs("a connector from PyPI")) else { return };
    let faker = connectors.join("source-faker");
    let app = app_with(|dir| import(dir, &["--exec", faker.to_str().unwrap(), "--slug", "faker"]), |_| {});
    let journey = Journey::begin(app, "faker", "/count", |form| form.set("/count", "40").set("/seed", "7")).await;
    journey.validate().await;
    journey.choose(|form| form).await;
    journey.finalise().await;
    let (program, slug) = (&journey.program, journey.connection.rsplit('/').next().unwrap());
    let python = bin.join("python");
    let folder = Folder::of(program, slug, "pyairbyte").await.give("AIRBYTE_OFFLINE_MODE", "1");
    let path = format!("{}:/usr/bin:/bin", connectors.display());
    let folder = folder.give("PATH", &path);
    for _ in 0..2 {
        let said = folder.ran(&python, &["read.py"]).await;
        assert!(said.lines().any(|line| line == "users 40"), "{said}");
    }
    let folder = Folder::of(program, slug, "dlt").await.give("AIRBYTE_OFFLINE_MODE", "1").give("PATH", &path);
    for _ in 0..2 {
        folder.ran(&python, &["pipeline.py"]).await;
        let users =
            folder.json("plan.json")["streams"].as_array().unwrap().iter().find(|one| one["name"] == "users").unwrap()
                ["table"]
                .clone();
        let sql = format!("SELECT count(*), count(DISTINCT id) FROM $data.{}", users.as_str().unwrap());
        assert_eq!(rows(&folder, &python, &sql).await, json!([[40, 40]]));
    }
}

/// What Meltano makes of the file: settings, selection and metadata, as its taps get them.
const ASK_MELTANO: &str = "
import json
from meltano.core.plugin import PluginType
from meltano.core.plugin.settings_service import PluginSettingsService
from meltano.core.project import Project
project = Project.find()
tap = project.plugins.find_plugin('tap-postgres', plugin_type=PluginType.EXTRACTORS)
settings = PluginSettingsService(project, tap)
print(json.dumps({**settings.as_dict(extras=False), **settings.as_dict(extras=True)}))";

#[tokio::test]
#[ignore = "needs Meltano, which tests/run long installs"]
async fn meltano_expands_references_and_nothing_else() {
    let Some(bin) = tool("meltano") else { return };
    let odd = format!("{SQL} CREATE TABLE \"odd ${{HOME}} $PATH a.b*\" (\"k${{HOME}}\" int PRIMARY KEY);");
    let Some(cluster) = Cluster::new(&odd).await else { return };
    let (_app, program, slug) = database(&cluster, json!({})).await;
    let stream = json!({
        "stream_name": "odd ${HOME} $PATH a.b*", "namespace": "public", "sync_type": "INCREMENTAL", "replication_key": "k${HOME}",
    });
    let change = json!({"add_streams": [stream], "config": {"schemas": ["public", "\\${HOME}$5$PATH"]}});
    program.patch(&format!("/api/v1/sources/{slug}/"), change).await.expect(200);
    let secret = "a\"b\\${HOME} $PATH \\\\x\nb: c";
    let folder = Folder::of(&program, &slug, "meltano").await.give_secrets(&[("password", secret)]);
    let said = folder.ran(bin.join("python"), &["-c", ASK_MELTANO]).await;
    let read: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(read["password"], secret);
    assert_eq!(read["filter_schemas"], json!(["public", "\\${HOME}$5$PATH"]));
    let select = read["_select"].to_string();
    assert!(select.contains(r#""public-odd ${HOME} $PATH a\\.b[*].*""#), "{select}");
    assert_eq!(read["_metadata"]["public-odd ${HOME} $PATH a?b[*]"]["replication-key"], "k${HOME}", "{read}");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs Terraform (TEST_TERRAFORM)"]
async fn terraform_makes_the_configuration_that_was_meant() {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let found = std::env::var_os("TEST_TERRAFORM").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(terraform) = found.or_else(|| skipped("terraform", "TEST_TERRAFORM")) else { return };
    let line = format!("{} $${{path.root}} %%{{if true}} ${{var.x}} $", super::nasty_line());
    let (_app, program, slug) = super::shop(json!({"count": 7, "mode": line})).await;
    let folder = Folder::of(&program, &slug, "terraform").await;
    // The provider is not asked: the very expressions are put out.
    let main = folder.text("main.tf");
    let variables = main.split("\nresource ").next().unwrap().split_once("\nvariable ").unwrap().1;
    let configuration = main.split_once("configuration = ").unwrap().1.split_once("\n}\n").unwrap().0;
    let defaulted = |name: &str| format!("variable \"{name}\" {{\n  type = string\n  default = \"\"");
    let variables = ["airbyte_workspace_id", "airbyte_source_definition_id", "airbyte_destination_id"]
        .into_iter()
        .fold(format!("variable {variables}"), |text, name| {
            text.replace(&format!("variable \"{name}\" {{\n  type = string"), &defaulted(name))
        });
    let output = format!("{variables}\noutput \"made\" {{\n  sensitive = true\n  value = {configuration}\n}}\n");
    std::fs::write(folder.dir.path().join("main.tf"), output).unwrap();
    let secret = format!("right-{}", super::NASTY);
    let name = format!("TF_VAR_{}", folder.told["secrets"][0]["name"].as_str().unwrap());
    let folder = folder.give(&name, &secret);
    folder.ran(&terraform, &["init", "-no-color"]).await;
    folder.ran(&terraform, &["apply", "-auto-approve", "-no-color"]).await;
    let made: Value = serde_json::from_str(&folder.ran(&terraform, &["output", "-raw", "made"]).await).unwrap();
    assert_eq!(made, json!({"token": secret, "count": 7, "mode": line}));
}
