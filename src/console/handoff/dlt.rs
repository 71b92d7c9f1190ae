//! For dlt: a pipeline that reads a database with dlt's own reader, or anything else with PyAirbyte.

use serde_json::Map;

use super::documents::{
    HandOffTemplate, config_json, dlt_key, fill_py, manifest_yaml, plan_json, references_json, requirements, section,
};
use super::references::{MarkedConfig, Reference};
use super::{HandOffFile, HandOffInput};
use crate::features::extraction_engine::Counterpart;

/// What reads the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DltReader {
    /// dlt's own reader of databases.
    Database,
    /// One of Airbyte's connectors.
    Airbyte,
}

fn secrets(section: &str, references: &[Reference]) -> String {
    let mut text = String::from(
        "# Give these in the environment, or uncomment and fill them in here. Keep this file out of version control.\n",
    );
    for reference in references {
        text += &format!("# {}\n# {} = \"\"\n", reference.name, dlt_key(section, reference));
    }
    text
}

/// A dlt project.
pub(super) fn files(
    input: &HandOffInput<'_>,
    reader: DltReader,
    counterpart: &Counterpart,
    config: &MarkedConfig,
) -> Vec<HandOffFile> {
    let section = section(input);
    let (pipeline, packages): (&str, &[&str]) = match reader {
        DltReader::Database => {
            (include_str!("scripts/pipeline_sql.py"), &["dlt[duckdb,sql-database]>=1.31,<2", "psycopg2-binary>=2.9,<3"])
        }
        DltReader::Airbyte => {
            (include_str!("scripts/pipeline_airbyte.py"), &["dlt[duckdb]>=1.31,<2", "airbyte>=0.40,<1"])
        }
    };
    let mut files = vec![
        HandOffFile { name: "pipeline.py", text: pipeline.to_owned() },
        requirements(packages),
        HandOffFile { name: ".dlt/secrets.toml", text: secrets(&section, &config.references) },
        config_json(config),
        plan_json(input, counterpart),
        references_json(HandOffTemplate::Config, Map::new(), &config.references, Some(&section)),
        fill_py(),
    ];
    files.extend(manifest_yaml(counterpart));
    files
}
