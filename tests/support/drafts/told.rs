//! A draft in words that the model and the product have in common.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Field, Group, Held, Kind};

/// What the model holds, as a configuration with its secrets: defaults are left out.
pub fn told(group: &Group) -> Value {
    let answer = |(key, held): (&String, &Held)| (key.clone(), told_answer(held));
    Value::Object(group.iter().map(answer).collect())
}

fn told_answer(held: &Held) -> Value {
    match held {
        Held::Text(text) | Held::Secret(text) => json!(text),
        Held::Tick(on) => json!(on),
        Held::Choice(index, inside) => {
            let mut object = told(inside);
            object["kind"] = json!(format!("k{index}"));
            object
        }
        Held::Rows(rows) => rows.iter().map(|row| told(&row.inside)).collect(),
    }
}

/// A stored tree with the texts of its secrets by their paths, told alike. Takes the secrets that stand in it out of `secrets`.
pub fn told_of(fields: &[Field], plain: &Value, path: &str, secrets: &mut BTreeMap<String, String>) -> Value {
    let mut object = Map::new();
    for field in fields {
        let here = format!("{path}/{}", field.key);
        let value = plain.get(&field.key);
        let answer = match &field.kind {
            Kind::Text => value.cloned(),
            Kind::Secret => secrets.remove(&here).map(Value::from),
            Kind::Tick => value.filter(|on| **on == json!(false)).cloned(),
            Kind::Choice(branches) => value.map(|value| {
                let kind = value["kind"].clone();
                let index: usize = kind.as_str().and_then(|kind| kind.strip_prefix('k')?.parse().ok()).unwrap();
                let mut inside = told_of(&branches[index], value, &here, secrets);
                inside["kind"] = kind;
                inside
            }),
            Kind::Rows(item) => value.and_then(Value::as_array).filter(|rows| !rows.is_empty()).map(|rows| {
                let row = |(index, row): (usize, &Value)| {
                    let id = row.get("~id").and_then(Value::as_str).map_or(index.to_string(), str::to_owned);
                    told_of(item, row, &format!("{here}/{id}"), secrets)
                };
                rows.iter().enumerate().map(row).collect()
            }),
        };
        object.extend(answer.map(|answer| (field.key.clone(), answer)));
    }
    Value::Object(object)
}

/// Where the model's secrets stand, rows by their numbers.
pub fn secret_places(group: &Group) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    gather(group, "", &mut places);
    places
}

fn gather(group: &Group, path: &str, places: &mut BTreeMap<String, String>) {
    for (key, held) in group {
        let here = format!("{path}/{key}");
        match held {
            Held::Secret(text) => drop(places.insert(here, text.clone())),
            Held::Choice(_, inside) => gather(inside, &here, places),
            Held::Rows(rows) => rows.iter().for_each(|row| gather(&row.inside, &format!("{here}/{}", row.id), places)),
            Held::Text(_) | Held::Tick(_) => {}
        }
    }
}

/// The titles of questions by the places where a program is told of them, without the numbers of rows. Names that several branches have
/// lead to all their titles.
pub fn titles(fields: &[Field], path: &str, into: &mut BTreeMap<String, BTreeSet<String>>) {
    for field in fields {
        let here = format!("{path}/{}", field.key);
        into.entry(here.clone()).or_default().insert(field.title.clone());
        match &field.kind {
            Kind::Choice(branches) => branches.iter().for_each(|branch| titles(branch, &here, into)),
            Kind::Rows(item) => titles(item, &here, into),
            Kind::Text | Kind::Secret | Kind::Tick => {}
        }
    }
}
