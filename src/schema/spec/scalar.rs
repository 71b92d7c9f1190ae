//! The leaves: lists, options, numbers, texts, and JSON where nothing else fits; and the hint that says what a leaf
//! takes.

use serde_json::Value;

use super::compile::{Compiler, Inherit};
use super::flatten::Schema;
use super::model::{
    BoolShape, ChecksShape, ChoiceShape, DateShape, JsonShape, LineItem, LinesShape, Node, NodeKind, NumberShape, Opt,
    RowsShape, TextFormat, TextShape,
};
use super::pattern::Pattern;
use super::{SpecError, flatten, labels, limits, paste};
use crate::base::forms::{Bounds, FieldPath};
use crate::schema::pasted::Pasted;

impl Compiler<'_> {
    pub(super) fn list(
        &mut self,
        at: &FieldPath,
        key: &str,
        schema: &Schema,
        inherit: &Inherit<'_>,
    ) -> Result<NodeKind, SpecError> {
        let min = count(schema, "minItems").unwrap_or(0);
        let max = count(schema, "maxItems");
        if let Some(options) = self.options(schema.get("enum"))
            && !options.iter().any(|option| option.value.is_array())
        {
            self.note(at, "its options are no lists but stand on the list itself: no value can satisfy this");
            return Ok(checks(options, min, max, inherit.secret));
        }
        let text = Value::Object(Schema::from_iter([("type".to_owned(), Value::from("string"))]));
        let item = match schema.get("items") {
            Some(items) if items.is_object() => items,
            _ => &text,
        };
        if let Ok(flat) = self.flat(item)
            && !flatten::kinds(&flat).contains(&"object")
            && let Some(options) = self.options(flat.get("enum"))
        {
            return Ok(checks(options, min, max, inherit.secret));
        }
        let handed = Inherit { required: true, default: None, level: inherit.level + 1, ..*inherit };
        let mut node = self.node(&at.index(0), "", item, &handed)?;
        let unique = schema.get("uniqueItems").and_then(Value::as_bool).unwrap_or(false);
        let lines = |item| NodeKind::Lines(LinesShape { item, unique, min, max });
        Ok(match node.kind {
            NodeKind::Text(text) if !text.multiline || inherit.secret => {
                lines(LineItem::Text(TextShape { multiline: false, ..text }))
            }
            NodeKind::Number(number) => lines(LineItem::Number(number)),
            NodeKind::Group(_) | NodeKind::OneOf(_) => {
                let owner = labels::title(schema.get("title").and_then(Value::as_str), key);
                let own = item.get("title").and_then(Value::as_str).filter(|title| !title.trim().is_empty());
                node.title = own.map_or_else(|| labels::one_of_many(&owner), |own| labels::title(Some(own), ""));
                node.help = super::Help::default();
                NodeKind::Rows(RowsShape {
                    item: Box::new(node),
                    min,
                    max: max.unwrap_or(RowsShape::MOST).min(RowsShape::MOST),
                })
            }
            _ => NodeKind::Json(JsonShape::List),
        })
    }

    pub(super) fn scalar(&mut self, at: &FieldPath, key: &str, schema: &Schema, inherit: &Inherit<'_>) -> NodeKind {
        let kind = flatten::kinds(schema).first().copied();
        if kind == Some("boolean") {
            return boolean(schema, inherit);
        }
        let options = self.options(schema.get("enum")).or_else(|| self.alternatives(schema));
        if let Some(options) = options {
            return NodeKind::Choice(ChoiceShape { options });
        }
        let kind = kind.or_else(|| self.guess(at, schema, inherit.secret));
        match kind {
            Some("integer") => NodeKind::Number(number(schema, true)),
            Some("number") => NodeKind::Number(number(schema, false)),
            Some("string") => NodeKind::Text(self.text(at, key, schema, inherit.secret)),
            _ => NodeKind::Json(JsonShape::Any),
        }
    }

    /// What a schema without a type most likely means. Alternatives of several kinds come down to text, when text is
    /// one of them.
    fn guess(&mut self, at: &FieldPath, schema: &Schema, secret: bool) -> Option<&'static str> {
        let variants = flatten::variants(schema);
        if !variants.is_empty() {
            let kinds: Vec<String> = variants
                .iter()
                .filter_map(|variant| self.flat(variant).ok())
                .flat_map(|flat| flatten::kinds(&flat).into_iter().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            let has = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
            let found = ["string", "number", "integer"].into_iter().find(|wanted| has(wanted));
            self.note(
                at,
                &format!("several kinds of value are allowed; it is asked for as {}", found.unwrap_or("JSON")),
            );
            return found;
        }
        let text_words = ["pattern", "minLength", "maxLength", "format", "multiline", "pattern_descriptor"];
        if secret
            || text_words.iter().any(|word| schema.contains_key(*word))
            || schema.get("default").is_some_and(Value::is_string)
        {
            return Some("string");
        }
        match schema.get("default") {
            Some(Value::Number(default)) => Some(if default.is_f64() { "number" } else { "integer" }),
            _ => None,
        }
    }

    /// The members of an `enum`, each once, null aside. None when there is no enum, or one that offers nothing.
    fn options(&self, members: Option<&Value>) -> Option<Vec<Opt>> {
        let mut options: Vec<Opt> = Vec::new();
        for member in members?.as_array()?.iter().filter(|member| !member.is_null()).take(limits::MAX_OPTIONS) {
            if !options.iter().any(|option| option.value == *member) {
                options.push(Opt { value: member.clone(), label: option_label(member) });
            }
        }
        (!options.is_empty()).then_some(options)
    }

    /// Alternatives that are constants, each with its own title.
    fn alternatives(&self, schema: &Schema) -> Option<Vec<Opt>> {
        let variants = flatten::variants(schema);
        let option = |variant: &&Value| {
            let flat = self.flat(variant).ok()?;
            let value = flatten::constant(&flat)?.clone();
            let title = flat.get("title").and_then(Value::as_str).map(str::trim).filter(|title| !title.is_empty());
            let label =
                title.map_or_else(|| option_label(&value), |title| limits::clip(title, limits::MAX_TITLE).to_owned());
            Some(Opt { value, label })
        };
        let options: Option<Vec<Opt>> = variants.iter().map(option).collect();
        options.filter(|options| !options.is_empty())
    }

    fn text(&mut self, at: &FieldPath, key: &str, schema: &Schema, secret: bool) -> TextShape {
        let pattern = schema.get("pattern").and_then(Value::as_str).and_then(|source| self.pattern(at, source));
        let format = format(schema);
        let samples = samples(schema);
        let date = if secret {
            None
        } else {
            DateShape::of(format, pattern.as_ref(), &samples.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let multiline = schema.get("multiline").and_then(Value::as_bool).unwrap_or(false)
            || (secret && paste::is_key_file(key, schema));
        let example = samples
            .into_iter()
            .find(|sample| !sample.is_empty() && pattern.as_ref().is_none_or(|pattern| pattern.fits(sample)));
        let form = schema
            .get("pattern_descriptor")
            .and_then(Value::as_str)
            .map(|form| limits::clip(form.trim(), limits::MAX_TITLE).to_owned());
        let is_told =
            example.is_some() || form.as_ref().is_some_and(|form| !form.is_empty()) || date.is_some() || secret;
        let example = example.or_else(|| pattern.as_ref().filter(|_| !is_told)?.spelled_date().map(str::to_owned));
        TextShape {
            multiline,
            pattern,
            format,
            date,
            min: count(schema, "minLength"),
            max: count(schema, "maxLength"),
            example,
            form: form.filter(|form| !form.is_empty()),
            pasted: if date.is_some() { Pasted::Text } else { paste::kind(key, schema, secret) },
            offered: Vec::new(),
        }
    }

    fn pattern(&mut self, at: &FieldPath, source: &str) -> Option<Pattern> {
        match self.patterns.get(source) {
            Ok(pattern) => Some(pattern),
            Err(reason) => {
                self.note(at, reason);
                None
            }
        }
    }
}

/// A list of offered values. A secret one is typed, one value a line: ticks on a page would show it.
fn checks(options: Vec<Opt>, min: usize, max: Option<usize>, secret: bool) -> NodeKind {
    if !secret {
        return NodeKind::Checks(ChecksShape { options, min, max });
    }
    let texts: Option<Vec<String>> = options.iter().map(|option| option.value.as_str().map(str::to_owned)).collect();
    match texts {
        Some(offered) => NodeKind::Lines(LinesShape {
            item: LineItem::Text(TextShape { offered, ..TextShape::default() }),
            unique: true,
            min,
            max,
        }),
        None => NodeKind::Json(JsonShape::List),
    }
}

fn boolean(schema: &Schema, inherit: &Inherit<'_>) -> NodeKind {
    if inherit.secret {
        let yes_no = [(true, "Yes"), (false, "No")];
        return NodeKind::Choice(ChoiceShape {
            options: yes_no
                .into_iter()
                .map(|(value, label)| Opt { value: Value::Bool(value), label: label.to_owned() })
                .collect(),
        });
    }
    let known = inherit
        .default
        .or_else(|| schema.get("default"))
        .is_some_and(|default| default.is_boolean() || default.is_string());
    NodeKind::Bool(BoolShape { open: !known })
}

fn number(schema: &Schema, whole: bool) -> NumberShape {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64).filter(|bound| bound.is_finite());
    // Draft 4 wrote the exclusive bounds as flags beside the plain ones.
    let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let (low, high) = (flag("exclusiveMinimum"), flag("exclusiveMaximum"));
    let bounds = Bounds {
        min: bound("minimum").filter(|_| !low),
        max: bound("maximum").filter(|_| !high),
        above: bound("exclusiveMinimum").or_else(|| bound("minimum").filter(|_| low)),
        below: bound("exclusiveMaximum").or_else(|| bound("maximum").filter(|_| high)),
    };
    NumberShape { whole, bounds, step: bound("multipleOf").filter(|step| *step > 0.0) }
}

fn format(schema: &Schema) -> TextFormat {
    match schema.get("format").and_then(Value::as_str) {
        Some("date") => TextFormat::Date,
        Some("date-time" | "datetime") => TextFormat::DateTime,
        Some("uri" | "url") => TextFormat::Url,
        Some("email") => TextFormat::Email,
        _ => TextFormat::Free,
    }
}

/// `examples`, `example` and a text default, as the spec has them.
fn samples(schema: &Schema) -> Vec<String> {
    let examples = ["examples", "example"].iter().filter_map(|key| schema.get(*key)).flat_map(|value| match value {
        Value::Array(list) => list.iter().collect::<Vec<_>>(),
        one => vec![one],
    });
    let texts = examples.filter_map(|example| match example {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    texts.filter(|text| text.chars().count() <= 120 && !text.contains('\n')).take(8).collect()
}

fn count(schema: &Schema, key: &str) -> Option<usize> {
    schema.get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

fn option_label(value: &Value) -> String {
    match value {
        Value::String(text) if text.trim().is_empty() => "(not set)".to_owned(),
        Value::String(text) => limits::clip(text, limits::MAX_TITLE).to_owned(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        other => limits::clip(&other.to_string(), limits::MAX_TITLE).to_owned(),
    }
}

impl Node {
    /// Whether it is a leaf that a person gives a value.
    pub(crate) fn holds_value(&self) -> bool {
        !matches!(self.kind, NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) | NodeKind::Rows(_))
    }

    /// Adds to the hint what the field takes: an example, the form, the range.
    pub(super) fn complete_hint(&mut self, schema: &Schema) {
        let extra = match &self.kind {
            NodeKind::Text(text) => text.takes(),
            NodeKind::Number(number) => number.bounds.words().map(|words| format!("{}.", labels::upper_first(&words))),
            NodeKind::Lines(lines) => {
                let example = if let LineItem::Text(text) = &lines.item {
                    text.example.clone().or_else(|| samples(schema).into_iter().next())
                } else {
                    None
                };
                Some(example.map_or_else(
                    || "One per line.".to_owned(),
                    |example| format!("One per line, for example {example}"),
                ))
            }
            NodeKind::Checks(_) => Some("Select all that apply.".to_owned()),
            NodeKind::Json(_) => Some("Written as JSON.".to_owned()),
            _ => None,
        };
        let says_more = |hint: &String| bare_words(hint) != bare_words(&self.title);
        let hint = self.help.hint.take().filter(says_more);
        self.help.hint = match (hint, extra) {
            (Some(hint), Some(extra)) => Some(format!("{} {extra}", ended(&hint))),
            (hint, extra) => hint.or(extra),
        };
    }
}

impl TextShape {
    fn takes(&self) -> Option<String> {
        if self.date.is_some() {
            return None;
        }
        match (&self.form, &self.example) {
            (Some(form), _) => Some(format!("Format: {form}")),
            (None, Some(example)) => Some(format!("For example {example}")),
            (None, None) => None,
        }
    }
}

/// For telling whether a hint only repeats the label.
fn bare_words(text: &str) -> String {
    text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// With a full stop, so that another sentence can follow.
fn ended(hint: &str) -> String {
    if hint.ends_with(['.', '!', '?', ':', ';']) { hint.to_owned() } else { format!("{hint}.") }
}
