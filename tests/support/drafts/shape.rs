//! What a connector asks: fields in a tree.

use serde_json::{Map, Value, json};

use crate::support::Dice;

/// The one field of every row that is never emptied, and never the same in two rows.
pub const SHARED_NAME: &str = "name";

/// A question.
#[derive(Clone, Debug)]
pub struct Field {
    pub key: String,
    /// No other question has it.
    pub title: String,
    pub kind: Kind,
}

/// What kind of answer it wants.
#[derive(Clone, Debug)]
pub enum Kind {
    Text,
    Secret,
    /// A box that is ticked by default.
    Tick,
    /// One of several groups; the names in them are the same.
    Choice(Vec<Vec<Field>>),
    Rows(Vec<Field>),
}

/// Deepest choice or list.
const DEEPEST: usize = 3;

/// Some questions.
pub fn random(dice: &mut Dice) -> Vec<Field> {
    let mut asked = 0;
    let mut fields = group(dice, 0, &mut asked);
    for kind in [Kind::Text, Kind::Secret] {
        fields.push(field(fields.len(), kind, &mut asked));
    }
    fields
}

fn group(dice: &mut Dice, depth: usize, asked: &mut usize) -> Vec<Field> {
    let wanted = if depth == 0 { 3 + dice.throw(3) } else { 1 + dice.throw(3) };
    let mut fields = Vec::new();
    for at in 0..usize::try_from(wanted).unwrap() {
        let kind = match dice.throw(if depth < DEEPEST { 8 } else { 5 }) {
            0 | 1 => Kind::Text,
            2 | 3 => Kind::Secret,
            4 => Kind::Tick,
            5 => Kind::Choice((0..2 + dice.throw(2)).map(|_| group(dice, depth + 1, asked)).collect()),
            _ => Kind::Rows(row(dice, depth + 1, asked)),
        };
        fields.push(field(at, kind, asked));
    }
    fields
}

fn row(dice: &mut Dice, depth: usize, asked: &mut usize) -> Vec<Field> {
    let mut fields = group(dice, depth, asked);
    let name = field(0, Kind::Text, asked);
    fields.push(Field { key: SHARED_NAME.to_owned(), ..name });
    fields
}

fn field(at: usize, kind: Kind, asked: &mut usize) -> Field {
    *asked += 1;
    Field { key: format!("f{at}"), title: format!("Q{asked:02}"), kind }
}

/// The same as the connector says it.
pub fn schema(fields: &[Field]) -> Value {
    json!({"type": "object", "properties": properties(fields)})
}

fn properties(fields: &[Field]) -> Map<String, Value> {
    let said = |field: &Field| {
        let mut schema = match &field.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Secret => json!({"type": "string", "airbyte_secret": true}),
            Kind::Tick => json!({"type": "boolean", "default": true}),
            Kind::Choice(branches) => {
                let branch = |(index, fields): (usize, &Vec<Field>)| {
                    let mut properties = properties(fields);
                    properties.insert("kind".to_owned(), json!({"const": format!("k{index}")}));
                    json!({"type": "object", "properties": properties})
                };
                json!({"type": "object", "oneOf": branches.iter().enumerate().map(branch).collect::<Vec<_>>()})
            }
            Kind::Rows(item) => json!({"type": "array", "items": schema(item)}),
        };
        schema["title"] = json!(field.title);
        (field.key.clone(), schema)
    };
    fields.iter().map(said).collect()
}
