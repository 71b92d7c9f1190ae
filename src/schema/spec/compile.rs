//! From schema to tree. The order of decisions (constant, choice, list, object, yes/no, options, number, text, JSON)
//! is what makes every real spec come out right: specs often say several of these at once.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};

use super::describe::{self, Help};
use super::flatten::{self, Gap, Object, Schema};
use super::judge::judge;
use super::model::{BRANCH_KEY, GroupShape, JsonShape, Node, NodeKind, ROW_KEY, TextShape};
use super::pattern::Patterns;
use super::{SpecError, SpecNote, SpecSection, defaults, labels, limits, paste};
use crate::base::forms::FieldPath;

pub(super) struct Compiled {
    pub(super) root: Node,
    pub(super) sections: Vec<SpecSection>,
    pub(super) notes: Vec<SpecNote>,
}

pub(super) struct Compiler<'a> {
    document: &'a Value,
    pub(super) patterns: Patterns,
    notes: Vec<SpecNote>,
    nodes: usize,
    /// JSON values copied so far while unwrapping.
    copied: Cell<usize>,
}

/// What a node has from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Inherit<'a> {
    pub(super) required: bool,
    /// It stands inside something secret.
    pub(super) secret: bool,
    /// What the group around it gives it as a default.
    pub(super) default: Option<&'a Value>,
    pub(super) level: usize,
}

pub(super) fn compile(document: &Value) -> Result<Compiled, SpecError> {
    let mut compiler =
        Compiler { document, patterns: Patterns::default(), notes: Vec::new(), nodes: 0, copied: Cell::new(0) };
    let flat = compiler.flat(document).map_err(|_| SpecError::NotAnObject)?;
    let kinds = flatten::kinds(&flat);
    if !kinds.is_empty() && !kinds.contains(&"object") {
        return Err(SpecError::NotAnObject);
    }
    let secret = flat.get("airbyte_secret").and_then(Value::as_bool).unwrap_or(false);
    let inherit = Inherit { required: true, secret, default: flat.get("default"), level: 0 };
    let at = FieldPath::root();
    let kind = if compiler.are_groups(&flatten::variants(&flat)) {
        NodeKind::OneOf(compiler.one_of(&at, &flat, &inherit)?)
    } else {
        compiler.note_rules(&at, &flat);
        NodeKind::Group(compiler.group(&at, &flat, &inherit)?)
    };
    let mut root = Node { title: "Configuration".to_owned(), required: true, ..Node::leaf(kind) };
    labels::tell_groups_apart(&mut root);
    let sections = sections(&flat);
    Ok(Compiled { root, sections, notes: compiler.notes })
}

impl Node {
    /// A node that says nothing but what it holds.
    pub(crate) fn leaf(kind: NodeKind) -> Self {
        Self {
            key: String::new(),
            title: String::new(),
            within: None,
            help: Help::default(),
            required: false,
            hidden: false,
            left_out: None,
            folds: false,
            section: None,
            secret: false,
            default: None,
            kind,
        }
    }
}

impl Compiler<'_> {
    /// The schema without its wrappers.
    pub(super) fn flat<'s>(&self, schema: &'s Value) -> Result<Object<'s>, Gap> {
        let flat = flatten::flatten(self.document, schema)?;
        if let Cow::Owned(copy) = &flat {
            self.spend(copy)?;
        }
        Ok(flat)
    }

    /// Counts a copy against what a whole spec may cost.
    pub(super) fn spend(&self, copy: &Schema) -> Result<(), Gap> {
        let spent = self.copied.get() + flatten::weight(copy, limits::MAX_COPIED);
        self.copied.set(spent);
        if spent < limits::MAX_COPIED { Ok(()) } else { Err(Gap::Spent) }
    }

    pub(super) fn note(&mut self, at: &FieldPath, reason: &str) {
        let note = SpecNote { path: at.clone(), reason: reason.to_owned() };
        if self.notes.len() < 200 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Rules between fields that no form of independent questions can hold; the schema still judges the finished
    /// configuration.
    fn note_rules(&mut self, at: &FieldPath, schema: &Schema) {
        if !flatten::variants(schema).is_empty() {
            self.note(at, "its alternatives ask for no fields of their own; they are only checked at the end");
        }
        for rule in ["if", "not", "dependencies", "dependentRequired", "dependentSchemas", "patternProperties"] {
            if schema.contains_key(rule) {
                self.note(at, &format!("its rule \"{rule}\" is only checked at the end"));
            }
        }
    }

    /// The properties of an object, in the order they are shown.
    pub(super) fn group(
        &mut self,
        at: &FieldPath,
        schema: &Schema,
        inherit: &Inherit<'_>,
    ) -> Result<GroupShape, SpecError> {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut fields: Vec<(FieldOrder, Node)> = Vec::new();
        for (key, property) in properties.into_iter().flatten() {
            let path = at.child(key);
            if key == BRANCH_KEY || key == ROW_KEY {
                self.note(&path, "a property of this name cannot be asked for");
                continue;
            }
            let needed = required.contains(&key.as_str());
            let handed = Inherit {
                required: needed,
                secret: inherit.secret,
                default: defaults::inside(inherit.default, key),
                level: inherit.level + 1,
            };
            let node = self.node(&path, key, property, &handed)?;
            fields.push((FieldOrder::of(&node, property), node));
        }
        for key in required.iter().filter(|key| properties.is_none_or(|properties| !properties.contains_key(**key))) {
            fields.extend(self.undeclared(at, key, schema).map(|node| (FieldOrder::default(), node)));
        }
        fields.sort_by_key(|(order, _)| *order);
        let mut fields: Vec<Node> = fields.into_iter().map(|(_, node)| node).collect();
        fields.dedup_by(|later, earlier| later.key == earlier.key);
        labels::tell_siblings_apart(&mut fields);
        paste::mind_ports(&mut fields);
        Ok(GroupShape { given: self.is_given(schema, inherit.default), fields })
    }

    /// A group with a default of its own is written without anybody's answer.
    fn is_given(&self, schema: &Schema, default: Option<&Value>) -> bool {
        let properties = schema.get("properties").and_then(Value::as_object);
        let fits = |(key, value): (&String, &Value)| {
            let constant =
                properties.and_then(|properties| properties.get(key)).and_then(|schema| self.flat(schema).ok());
            constant.is_some_and(|schema| flatten::constant(&schema).is_none_or(|constant| constant == value))
        };
        match default {
            Some(Value::Object(given)) => !given.is_empty() && given.iter().all(fits),
            Some(Value::String(word)) => properties.into_iter().flatten().any(|(_, schema)| {
                self.flat(schema).is_ok_and(|schema| flatten::constant(&schema).and_then(Value::as_str) == Some(word))
            }),
            _ => false,
        }
    }

    /// A property that is demanded but nowhere described: a text can fill it, unless the spec forbids undescribed
    /// properties.
    fn undeclared(&mut self, at: &FieldPath, key: &str, schema: &Schema) -> Option<Node> {
        let path = at.child(key);
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            self.note(&path, "required but not described, and not allowed: no value can satisfy this");
            return None;
        }
        self.note(&path, "required but not described; it is asked for as text");
        let mut node = Node::leaf(NodeKind::Text(TextShape::default()));
        node.key = key.to_owned();
        node.title = labels::title(None, key);
        node.required = true;
        Some(node)
    }

    pub(super) fn node(
        &mut self,
        at: &FieldPath,
        key: &str,
        schema: &Value,
        inherit: &Inherit<'_>,
    ) -> Result<Node, SpecError> {
        self.nodes += 1;
        if inherit.level > limits::MAX_LEVELS {
            return Err(SpecError::TooDeep);
        }
        if self.nodes > limits::MAX_NODES {
            return Err(SpecError::TooLarge);
        }
        let flat = match self.flat(schema) {
            Ok(flat) => flat,
            Err(Gap::Spent) => return Err(SpecError::TooLarge),
            Err(gap) => return Ok(self.unreadable(at, key, gap, inherit)),
        };
        let flag = |name: &str| flat.get(name).and_then(Value::as_bool).unwrap_or(false);
        let secret = inherit.secret || flag("airbyte_secret") || flag("writeOnly");
        // What stands around it says it of this very place, its own default of any.
        let own = flat.get("default").filter(|default| !default.is_null());
        let default = inherit.default.filter(|default| !default.is_null()).or(own);
        let kind = self.kind(at, key, &flat, &Inherit { secret, default, ..*inherit })?;
        let required = inherit.required;
        let mut node = Node::leaf(kind);
        node.key = key.to_owned();
        node.title = labels::title(flat.get("title").and_then(Value::as_str), key);
        node.help = flat.get("description").and_then(Value::as_str).map(describe::describe).unwrap_or_default();
        node.required = required;
        node.secret = secret && node.holds_value();
        // A default that breaks the field's own rules would only be in the way.
        let fits = |default| defaults::fit(&node.kind, default).filter(|value| judge(&node, value).is_none());
        let known = default.and_then(fits).or_else(|| own.and_then(fits));
        // Recipients are not asked for JSON: a map that has to be there and may be empty is.
        let empty = || (required && may_be_empty(&node.kind, &flat)).then(|| Value::Object(Schema::new()));
        node.default = known.or_else(empty);
        node.section = flat.get("group").and_then(Value::as_str).map(str::to_owned);
        // A hidden field that nobody could ever fill would block the connection for good: it is shown.
        node.hidden = flag("airbyte_hidden") && (!required || node.answers_itself());
        node.folds = !required && !flag("always_show") && !matches!(node.kind, NodeKind::OneOf(_) | NodeKind::Const(_));
        node.complete_hint(&flat);
        Ok(node)
    }

    fn unreadable(&mut self, at: &FieldPath, key: &str, gap: Gap, inherit: &Inherit<'_>) -> Node {
        if gap == Gap::Reference {
            self.note(at, "its reference leads nowhere or in a circle, so it is asked for as JSON");
        }
        let mut node = Node::leaf(NodeKind::Json(JsonShape::Any));
        node.key = key.to_owned();
        node.title = labels::title(None, key);
        node.required = inherit.required;
        node.secret = inherit.secret;
        node.folds = !inherit.required;
        node
    }

    fn kind(
        &mut self,
        at: &FieldPath,
        key: &str,
        schema: &Schema,
        inherit: &Inherit<'_>,
    ) -> Result<NodeKind, SpecError> {
        let kinds = flatten::kinds(schema);
        let says = |kind: &str| kinds.first() == Some(&kind);
        let is_list = says("array") || (kinds.is_empty() && schema.contains_key("items"));
        let is_object = says("object") || (kinds.is_empty() && schema.contains_key("properties"));
        if kinds.len() > 1 {
            self.note(
                at,
                &format!(
                    "several kinds of value are allowed; it is asked for as {}",
                    kinds.first().copied().unwrap_or("text")
                ),
            );
        }
        if !is_list && let Some(constant) = flatten::constant(schema) {
            return Ok(NodeKind::Const(constant.clone()));
        }
        if self.are_groups(&flatten::variants(schema)) {
            return Ok(NodeKind::OneOf(self.one_of(at, schema, inherit)?));
        }
        if is_list {
            return self.list(at, key, schema, inherit);
        }
        if is_object {
            return self.object(at, schema, inherit);
        }
        Ok(self.scalar(at, key, schema, inherit))
    }

    fn object(&mut self, at: &FieldPath, schema: &Schema, inherit: &Inherit<'_>) -> Result<NodeKind, SpecError> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        if properties.is_none_or(Map::is_empty) && !closed {
            return Ok(NodeKind::Json(JsonShape::Object));
        }
        self.note_rules(at, schema);
        Ok(NodeKind::Group(self.group(at, schema, inherit)?))
    }
}

/// Whether an object without a single member is one that the schema takes.
fn may_be_empty(kind: &NodeKind, schema: &Schema) -> bool {
    let asks = |key: &str| schema.get(key).and_then(Value::as_u64).is_some_and(|least| least > 0);
    let requires = schema.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
    matches!(kind, NodeKind::Json(JsonShape::Object)) && !requires && !asks("minProperties")
}

/// Where a field stands among its siblings: what does not fold first, then by `order`, then as the spec has it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct FieldOrder {
    folds: bool,
    unordered: bool,
    order: i64,
}

impl FieldOrder {
    fn of(node: &Node, schema: &Value) -> Self {
        let order = schema.get("order").and_then(|order| {
            order.as_i64().or_else(|| order.as_f64().and_then(|order| format!("{order:.0}").parse().ok()))
        });
        Self { folds: node.folds, unordered: order.is_none(), order: order.unwrap_or_default() }
    }
}

/// More headings than this are no help.
const MAX_SECTIONS: usize = 50;

/// The titled groups that fields of the root name, in the order of the spec's list.
fn sections(schema: &Schema) -> Vec<SpecSection> {
    let listed = schema.get("groups").and_then(Value::as_array).into_iter().flatten();
    let mut sections: Vec<SpecSection> = Vec::new();
    for group in listed.take(MAX_SECTIONS) {
        let text = |key: &str| group.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        if let (Some(id), Some(title)) = (text("id"), text("title"))
            && !sections.iter().any(|section| section.id == id)
        {
            sections.push(SpecSection { id: id.to_owned(), title: limits::clip(title, limits::MAX_TITLE).to_owned() });
        }
    }
    sections
}
