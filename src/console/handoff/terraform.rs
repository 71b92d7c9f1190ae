//! For Airbyte by Terraform: `main.tf`.

use serde_json::Value;

use super::airbyte::schedule;
use super::references::{MarkedConfig, plain_name};
use super::tree::HandOffTree;
use super::{HandOffFile, HandOffInput};

/// A value as an expression of Terraform. Text is written anew, because the language has fewer escapes than JSON and reads templates in it;
/// variables stand without quotes.
fn expression(tree: &HandOffTree, depth: usize) -> String {
    let indent = |depth: usize| "  ".repeat(depth);
    let inner = |items: Vec<String>, open: char, close: char| {
        if items.is_empty() {
            return format!("{open}{close}");
        }
        let lines: Vec<String> = items.into_iter().map(|item| format!("{}{item}", indent(depth + 1))).collect();
        format!("{open}\n{}\n{}{close}", lines.join(",\n"), indent(depth))
    };
    match tree {
        HandOffTree::Object(members) => {
            let member =
                |(key, value): &(String, HandOffTree)| format!("{} = {}", text(key), expression(value, depth + 1));
            inner(members.iter().map(member).collect(), '{', '}')
        }
        HandOffTree::List(items) => inner(items.iter().map(|one| expression(one, depth + 1)).collect(), '[', ']'),
        HandOffTree::Text(plain) => text(plain),
        HandOffTree::Reference(name) => format!("var.{name}"),
        HandOffTree::Bare(value) => value.to_string(),
    }
}

/// A quoted text of Terraform's language (its escapes: https://developer.hashicorp.com/terraform/language/expressions/strings). What begins
/// a template is written as an escape wherever it stands, so that no neighbour of it matters.
fn text(plain: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in plain.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if matches!(letter, '$' | '%' | '\u{2028}' | '\u{2029}' | '\u{feff}') || letter.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// `main.tf`.
pub(super) fn files(input: &HandOffInput<'_>, config: &MarkedConfig) -> Vec<HandOffFile> {
    let name = format!("source_{}", plain_name(&input.connection.slug).to_lowercase());
    let mut main =
        String::from("terraform {\n  required_providers {\n    airbyte = { source = \"airbytehq/airbyte\" }\n  }\n}\n");
    for variable in ["airbyte_workspace_id", "airbyte_source_definition_id", "airbyte_destination_id"] {
        main += &format!("\nvariable \"{variable}\" {{\n  type = string\n}}\n");
    }
    for reference in &config.references {
        main += &format!("\nvariable \"{}\" {{\n  type      = string\n  sensitive = true\n}}\n", reference.name);
    }
    let title = text(&input.connection.description);
    let configuration = expression(&config.tree(), 1);
    main += &format!(
        "\nresource \"airbyte_source_custom\" \"{name}\" {{\n  name          = {title}\n  workspace_id  = var.airbyte_workspace_id\n  \
         definition_id = var.airbyte_source_definition_id\n  configuration = jsonencode({configuration})\n}}\n"
    );
    main += &format!(
        "\nresource \"airbyte_connection\" \"{name}\" {{\n  name           = {title}\n  source_id      = airbyte_source_custom.{name}.source_id\n  \
         destination_id = var.airbyte_destination_id\n  prefix         = {}\n  schedule       = {}\n",
        text(&input.plan.table_prefix),
        expression(&HandOffTree::plain(&snake(&schedule(&input.plan.trigger))), 1),
    );
    if let Some(streams) = input.planned().for_airbyte() {
        let streams: Vec<Value> = streams.iter().map(snake).collect();
        main += &format!(
            "  configurations = {{\n    streams = {}\n  }}\n",
            expression(&HandOffTree::plain(&Value::Array(streams)), 2)
        );
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
        assert_eq!(text("$${x} %{y} 5%"), "\"\\u0024\\u0024{x} \\u0025{y} 5\\u0025\"");
    }
}
