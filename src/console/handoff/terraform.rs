//! For Airbyte by Terraform: `main.tf`.

use serde_json::{Map, Value};

use super::airbyte::schedule;
use super::references::{Reference, mark, plain_name};
use super::{HandOffFile, HandOffInput};

/// JSON as an expression of Terraform. Text is written anew, because the language has fewer escapes than JSON and reads templates in it;
/// variables stand without quotes.
fn expression(value: &Value, references: &[Reference], depth: usize) -> String {
    let indent = |depth: usize| "  ".repeat(depth);
    let inner = |items: Vec<String>, open: char, close: char| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let lines: Vec<String> = items.into_iter().map(|item| format!("{}{item}", indent(depth + 1))).collect();
        format!("{open}\n{}\n{}{close}", lines.join(",\n"), indent(depth))
    };
    match value {
        Value::Object(object) => {
            let member = |(key, value): (&String, &Value)| {
                format!("{} = {}", text(key), expression(value, references, depth + 1))
            };
            inner(object.iter().map(member).collect(), '{', '}')
        }
        Value::Array(list) => inner(list.iter().map(|one| expression(one, references, depth + 1)).collect(), '[', ']'),
        Value::String(string) => {
            let variable = references.iter().find(|one| mark(&one.name) == *string);
            variable.map_or_else(|| text(string), |one| format!("var.{}", one.name))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A quoted text of Terraform's language (its escapes: https://developer.hashicorp.com/terraform/language/expressions/strings).
fn text(plain: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = plain.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => quoted.extend([c, c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `main.tf`.
pub(super) fn files(
    input: &HandOffInput<'_>,
    config: &Map<String, Value>,
    references: &[Reference],
) -> Vec<HandOffFile> {
    let name = format!("source_{}", plain_name(&input.connection.slug).to_lowercase());
    let mut main =
        String::from("terraform {\n  required_providers {\n    airbyte = { source = \"airbytehq/airbyte\" }\n  }\n}\n");
    for variable in ["airbyte_workspace_id", "airbyte_source_definition_id", "airbyte_destination_id"] {
        main += &format!("\nvariable \"{variable}\" {{\n  type = string\n}}\n");
    }
    for reference in references {
        main += &format!("\nvariable \"{}\" {{\n  type      = string\n  sensitive = true\n}}\n", reference.name);
    }
    let title = text(&input.connection.description);
    let configuration = expression(&Value::Object(config.clone()), references, 1);
    main += &format!(
        "\nresource \"airbyte_source_custom\" \"{name}\" {{\n  name          = {title}\n  workspace_id  = var.airbyte_workspace_id\n  \
         definition_id = var.airbyte_source_definition_id\n  configuration = jsonencode({configuration})\n}}\n"
    );
    main += &format!(
        "\nresource \"airbyte_connection\" \"{name}\" {{\n  name           = {title}\n  source_id      = airbyte_source_custom.{name}.source_id\n  \
         destination_id = var.airbyte_destination_id\n  prefix         = {}\n  schedule       = {}\n",
        text(&input.plan.table_prefix),
        expression(&snake(&schedule(&input.plan.trigger)), &[], 1),
    );
    if let Some(streams) = input.planned().for_airbyte() {
        let streams: Vec<Value> = streams.iter().map(snake).collect();
        main += &format!("  configurations = {{\n    streams = {}\n  }}\n", expression(&Value::Array(streams), &[], 2));
    }
    main += "}\n";
    vec![HandOffFile { name: "main.tf", text: main }]
}

/// The same with names as Terraform writes them: `cursorField` is `cursor_field`.
fn snake(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.iter().map(|(key, value)| (snake_name(key), snake(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(snake).collect()),
        other => other.clone(),
    }
}

fn snake_name(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(text("a\"b\\c\n\u{8}"), "\"a\\\"b\\\\c\\n\\u0008\"");
        assert_eq!(text("${x} %{y} $5 100%"), "\"$${x} %%{y} $5 100%\"");
    }
}
