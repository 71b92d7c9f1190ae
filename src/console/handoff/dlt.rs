//! For dlt: `.dlt/config.toml` with the plain values, the secrets by the names dlt looks for, and a pipeline that reads with PyAirbyte.

use serde_json::{Map, Value};

use super::references::{Reference, plain_name};
use super::{HandOffFile, HandOffInput};
use crate::connectors::RuntimeBlock;

/// A value as TOML; an object inside a list becomes an inline table.
fn toml(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(list) => Some(format!("[{}]", list.iter().filter_map(toml).collect::<Vec<_>>().join(", "))),
        Value::Object(object) => {
            let members = object.iter().filter_map(|(key, value)| Some(format!("{} = {}", quoted(key), toml(value)?)));
            Some(format!("{{ {} }}", members.collect::<Vec<_>>().join(", ")))
        }
        // Text in JSON and basic strings of TOML are escaped the same way, but for DEL.
        Value::String(text) => Some(quoted(text)),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().replace('\u{7f}', "\\u007f")
}

fn table(name: &str, object: &Map<String, Value>, text: &mut String) {
    *text += &format!("[{name}]\n");
    for (key, value) in object.iter().filter(|(_, value)| !value.is_object()) {
        if let Some(value) = toml(value) {
            *text += &format!("{} = {value}\n", quoted(key));
        }
    }
    *text += "\n";
    for (key, value) in object {
        if let Value::Object(inner) = value {
            table(&format!("{name}.{}", quoted(key)), inner, text);
        }
    }
}

fn secrets(input: &HandOffInput<'_>, references: &[Reference]) -> String {
    let slug = plain_name(&input.connection.slug).to_lowercase();
    let mut text = String::from(
        "# Give these in the environment, or uncomment and fill them in here. Keep this file out of version control.\n",
    );
    for reference in references {
        let inner: Vec<String> = reference.segments().iter().map(|part| quoted(part)).collect();
        text += &format!("# {}\n# sources.{slug}.{} = \"\"\n", reference.name, inner.join("."));
    }
    text
}

fn pipeline(input: &HandOffInput<'_>) -> String {
    let slug = plain_name(&input.connection.slug).to_lowercase();
    let program = match &input.connector.file.runtime {
        Some(RuntimeBlock::Airbyte(block)) if !block.command.is_empty() => {
            block.command.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default().to_owned()
        }
        _ => format!("source-{}", input.connection.connector_slug),
    };
    let streams: Vec<String> = input
        .plan
        .enabled()
        .map(|choice| {
            let keys: Vec<String> = choice.primary_keys.iter().flatten().map(|key| quoted(key)).collect();
            format!("    ({}, {}, [{}]),\n", quoted(&choice.stream_name), quoted(&choice.table_name), keys.join(", "))
        })
        .collect();
    format!(
        "\"\"\"Reads {title} with PyAirbyte and loads it with dlt. Needs: pip install dlt[duckdb] airbyte\"\"\"\n\n\
         import airbyte\nimport dlt\n\n# Stream, table, primary key.\nSTREAMS = [\n{streams}]\n\n\n\
         @dlt.source(name=\"{slug}\")\ndef source():\n    \
         config = {{**dlt.config[\"sources.{slug}\"]}}\n    \
         merge(config, dlt.secrets.get(\"sources.{slug}\") or {{}})\n    \
         reader = airbyte.get_source({program}, config=config)\n    \
         for stream, table, keys in STREAMS:\n        \
         records = (dict(record) for record in reader.get_records(stream))\n        \
         yield dlt.resource(records, name=table, primary_key=keys or None)\n\n\n\
         def merge(into, more):\n    for key, value in more.items():\n        \
         if isinstance(value, dict):\n            merge(into.setdefault(key, {{}}), value)\n        \
         else:\n            into[key] = value\n\n\n\
         if __name__ == \"__main__\":\n    \
         pipeline = dlt.pipeline(pipeline_name=\"{slug}\", destination=\"duckdb\", dataset_name=\"{slug}\")\n    \
         print(pipeline.run(source()))\n",
        title = input.connection.slug,
        streams = streams.concat(),
        program = quoted(&program),
    )
}

/// The three files of a dlt project.
pub(super) fn files(
    input: &HandOffInput<'_>,
    config: &Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let mut text = String::new();
    table(&format!("sources.{}", plain_name(&input.connection.slug).to_lowercase()), config, &mut text);
    vec![
        HandOffFile { name: ".dlt/config.toml", text },
        HandOffFile { name: ".dlt/secrets.toml", text: secrets(input, references) },
        HandOffFile { name: "pipeline.py", text: pipeline(input) },
    ]
}
