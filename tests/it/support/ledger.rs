//! A product with a source whose contents a test writes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{TestApp, connectors};

/// A product that knows the ledger, and may reach the databases of tests.
pub fn app() -> TestApp {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/ledger.py");
    let file = include_str!("ledger.json").replace("ledger.py", script.to_str().unwrap());
    connectors::app_with(
        |dir| std::fs::write(dir.join("ledger.json"), file).unwrap(),
        |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
    )
}

/// The contents of one database: when each row of each stream was last written, by its id.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    pub sales: std::collections::BTreeMap<i64, i64>,
    pub people: std::collections::BTreeMap<i64, i64>,
}

impl Contents {
    /// When each row of a stream was last written, by its id.
    pub fn of(&self, stream: &str) -> &std::collections::BTreeMap<i64, i64> {
        if stream == "sales" { &self.sales } else { &self.people }
    }

    /// Writes it to where the source finds it.
    pub fn save(&self, folder: &Path, database: &str) {
        let rows = |stream: &std::collections::BTreeMap<i64, i64>| -> Vec<Value> {
            let row =
                |(id, at): (&i64, &i64)| json!({"id": id, "changed": at, "seq": at * 10 + 3, "note": format!("n{at}")});
            stream.iter().map(row).collect()
        };
        let document = json!({"sales": rows(&self.sales), "people": rows(&self.people)});
        std::fs::write(path(folder, database), document.to_string()).unwrap();
    }
}

fn path(folder: &Path, database: &str) -> PathBuf {
    folder.join(format!("{database}.json"))
}
