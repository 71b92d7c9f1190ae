//! A configuration that a program sent, as the same kind of change a form makes.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::patch::{ChosenBranch, Patch, Submission};
use super::place::{FormPlace, RowSeat};
use super::ports::with_moved_ports;
use super::references::REFERENCE;
use super::{FieldError, Spec, leaf};
use crate::base::forms::number::whole;
use crate::base::forms::{FieldRef, MAX_FIELD_BYTES, ValueProblem, has_control};
use crate::schema::spec::{
    GroupShape, LineItem, LinesShape, Node, NodeKind, NumberShape, OneOfShape, RowsShape, TextShape, chosen_by_values,
    judge,
};

/// Reads a nested configuration, or a part of one. What is not named stays; null takes a value away; a list replaces
/// the whole list; an object of a choice is read by its constants, else by the branch its names fit best. An empty
/// text counts as null, an empty secret as not named, and the reference of a secret keeps it. Types and options are
/// judged; the rest is when the draft is completed.
///
/// # Errors
/// One error for every value that is of the wrong type, fixed by the connector, or no setting of it. The errors hold
/// no values.
pub fn import_config(spec: &Spec, config: &Value) -> Result<Submission, Vec<FieldError>> {
    import(spec, config, Importer::default())
}

/// The same for values that come from outside: each is held against every rule of its field, as a form's are.
///
/// # Errors
/// As [`import_config`], and one error for every value that breaks a rule.
pub fn import_given(spec: &Spec, config: &Value) -> Result<Submission, Vec<FieldError>> {
    import(spec, config, Importer { judges: true, ..Importer::default() })
}

fn import(spec: &Spec, config: &Value, mut importer: Importer) -> Result<Submission, Vec<FieldError>> {
    let patch = importer.node(spec.root(), &FormPlace::root(), config);
    if importer.errors.is_empty() {
        Ok(Submission { patch, provided: importer.provided, removes: importer.removes, by_owner: true, asks: None })
    } else {
        Err(importer.errors)
    }
}

#[derive(Default)]
struct Importer {
    errors: Vec<FieldError>,
    provided: Vec<FieldRef>,
    removes: bool,
    inside_rows: Option<FieldRef>,
    /// Values are held against the rules of their fields, too.
    judges: bool,
}

impl Importer {
    fn node(&mut self, node: &Node, place: &FormPlace, given: &Value) -> Patch {
        if given.is_null() && !place.path.as_str().is_empty() {
            self.removes = true;
            return Patch::Remove;
        }
        match (&node.kind, given) {
            (NodeKind::Const(constant), given) if given == constant => Patch::Keep,
            (NodeKind::Const(_), _) => self.wrong(node, place, ValueProblem::Fixed),
            (NodeKind::Group(group), Value::Object(object)) => Patch::Group(self.fields(group, place, object)),
            (NodeKind::OneOf(one_of), Value::Object(object)) => self.one_of(node, one_of, place, object),
            (NodeKind::Group(_) | NodeKind::OneOf(_), _) => {
                self.wrong(node, place, ValueProblem::WrongKind("an object"))
            }
            (NodeKind::Rows(rows), Value::Array(list)) => self.rows(node, rows, place, list),
            (NodeKind::Rows(_), _) => self.wrong(node, place, ValueProblem::WrongKind("a list")),
            _ => self.leaf(node, place, given),
        }
    }

    fn wrong(&mut self, node: &Node, place: &FormPlace, problem: ValueProblem) -> Patch {
        let error = place.error(node, problem);
        self.errors.push(FieldError { name: String::new(), ..error });
        Patch::Keep
    }

    fn fields(&mut self, group: &GroupShape, place: &FormPlace, object: &Map<String, Value>) -> Vec<(String, Patch)> {
        let mut changes = Vec::new();
        let object = &*with_moved_ports(group, object);
        for field in &group.fields {
            let Some(given) = object.get(&field.key) else { continue };
            match self.node(field, &place.child(&field.key), given) {
                Patch::Keep => {}
                patch => changes.push((field.key.clone(), patch)),
            }
        }
        for key in object.keys().filter(|key| group.field(key).is_none()) {
            let path = place.path.child(key);
            self.errors.push(FieldError {
                label: path.dot(),
                path,
                name: String::new(),
                within: None,
                secret: false,
                code: ValueProblem::Unknown,
            });
        }
        changes
    }

    fn one_of(&mut self, node: &Node, one_of: &OneOfShape, place: &FormPlace, object: &Map<String, Value>) -> Patch {
        let best = chosen_by_values(one_of, object);
        let Some((index, branch)) = best.and_then(|index| Some((index, one_of.branches.get(index)?))) else {
            return self.wrong(node, place, ValueProblem::NotOffered);
        };
        if one_of.default != Some(index) {
            self.provide(node, place);
        }
        let fields = self.fields(&branch.group, &place.branch(index), object);
        Patch::Branch(ChosenBranch { index, is_choice: true, fields })
    }

    fn rows(&mut self, node: &Node, rows: &RowsShape, place: &FormPlace, list: &[Value]) -> Patch {
        if list.len() > RowsShape::MOST {
            return self.wrong(node, place, ValueProblem::TooMany(RowsShape::MOST));
        }
        let outermost = self.inside_rows.is_none();
        if outermost {
            self.inside_rows = Some(place.reference(node));
            self.provide(node, place);
        }
        let row = |(index, given): (usize, &Value)| {
            self.node(&rows.item, &place.row(&RowSeat::new(index), &rows.item.title), given)
        };
        let rows = list.iter().enumerate().map(row).collect();
        if outermost {
            self.inside_rows = None;
        }
        Patch::List(rows)
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace, given: &Value) -> Patch {
        let blank = given.as_str().is_some_and(str::is_empty) && matches!(node.kind, NodeKind::Text(_));
        match (blank, node.secret) {
            (true, true) => return Patch::Keep,
            (true, false) => {
                self.removes = true;
                return Patch::Remove;
            }
            _ => {}
        }
        if let Some(reference) = given.as_str().filter(|text| node.secret && text.starts_with(REFERENCE)) {
            return Patch::Reference(reference.to_owned());
        }
        if let Some(problem) = mistyped(node, given) {
            return self.wrong(node, place, problem);
        }
        let given = match (&node.kind, given.as_str()) {
            (NodeKind::Text(text), Some(given)) => match leaf::given_text(text, given) {
                Ok(mended) => Value::from(mended),
                Err(problem) => return self.wrong(node, place, problem),
            },
            _ => as_kept(node, given),
        };
        if let Some(problem) = judge(node, &given).filter(|_| self.judges) {
            return self.wrong(node, place, problem);
        }
        self.provide(node, place);
        if node.secret { Patch::Secret(SecretString::from(leaf::secret_to_keep(&given))) } else { Patch::Plain(given) }
    }

    fn provide(&mut self, node: &Node, place: &FormPlace) {
        let given = self
            .inside_rows
            .clone()
            .map_or_else(|| place.reference(node), |list| FieldRef { secret: node.secret, ..list });
        match self.provided.iter_mut().find(|earlier| earlier.path == given.path) {
            Some(earlier) => earlier.secret |= given.secret,
            None => self.provided.push(given),
        }
    }
}

/// The value as it is kept: a whole number is one, however it was written.
fn as_kept(node: &Node, given: &Value) -> Value {
    let kept = |number: &NumberShape, given: &Value| match given {
        Value::Number(one) if number.whole => whole(one).map_or_else(|| given.clone(), Value::Number),
        other => other.clone(),
    };
    match (&node.kind, given) {
        (NodeKind::Number(number), given) => kept(number, given),
        (NodeKind::Lines(LinesShape { item: LineItem::Number(number), .. }), Value::Array(lines)) => {
            Value::Array(lines.iter().map(|line| kept(number, line)).collect())
        }
        (_, given) => given.clone(),
    }
}

/// What is wrong with the type of the value.
fn mistyped(node: &Node, given: &Value) -> Option<ValueProblem> {
    match &node.kind {
        NodeKind::Text(_) => text(given),
        NodeKind::Number(number) => numeric(*number, given),
        NodeKind::Bool(_) => (!given.is_boolean()).then_some(ValueProblem::WrongKind("true or false")),
        NodeKind::Choice(choice) => {
            (!choice.options.iter().any(|option| option.value == *given)).then_some(ValueProblem::NotOffered)
        }
        NodeKind::Checks(checks) => each(given, |member| {
            (!checks.options.iter().any(|option| option.value == *member)).then_some(ValueProblem::NotOffered)
        }),
        NodeKind::Lines(lines) => each(given, |line| match &lines.item {
            LineItem::Text(TextShape { .. }) => text(line),
            LineItem::Number(number) => numeric(*number, line),
        }),
        NodeKind::Json(shape) => match shape {
            crate::schema::spec::JsonShape::Object if !given.is_object() => Some(ValueProblem::NotObject),
            crate::schema::spec::JsonShape::List if !given.is_array() => Some(ValueProblem::NotList),
            _ => None,
        },
        NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) | NodeKind::Rows(_) => None,
    }
}

fn text(given: &Value) -> Option<ValueProblem> {
    match given.as_str() {
        None => Some(ValueProblem::WrongKind("text")),
        Some(text) if text.len() > MAX_FIELD_BYTES => Some(ValueProblem::TooLarge),
        Some(text) if has_control(text, true) => Some(ValueProblem::ControlCharacter),
        Some(_) => None,
    }
}

fn numeric(number: NumberShape, given: &Value) -> Option<ValueProblem> {
    match (number.whole, given) {
        (true, Value::Number(given)) if whole(given).is_some() => None,
        (true, _) => Some(ValueProblem::NotWhole),
        (false, Value::Number(_)) => None,
        (false, _) => Some(ValueProblem::NotNumber),
    }
}

fn each(given: &Value, judge: impl Fn(&Value) -> Option<ValueProblem>) -> Option<ValueProblem> {
    let Some(members) = given.as_array() else {
        return Some(ValueProblem::WrongKind("a list"));
    };
    members.iter().enumerate().find_map(|(index, member)| Some(ValueProblem::Line(index + 1, Box::new(judge(member)?))))
}
