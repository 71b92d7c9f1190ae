//! A spec's default as a value the field can really have. One in fifty is of the wrong kind.

use serde_json::{Map, Number as JsonNumber, Value};

use super::model::{ChoiceShape, JsonShape, LineItem, NodeKind, Opt};

/// The default in the kind the field wants; None when it is of another kind, not among the options, or null.
pub(super) fn fit(kind: &NodeKind, default: &Value) -> Option<Value> {
    match kind {
        NodeKind::Text(_) => text(default),
        NodeKind::Number(number) => numeric(default, number.whole),
        NodeKind::Bool(_) => boolean(default),
        NodeKind::Choice(ChoiceShape { options }) => offered(options, default),
        NodeKind::Checks(checks) => each(default, |member| offered(&checks.options, member)),
        NodeKind::Lines(lines) => each(default, |line| match &lines.item {
            LineItem::Text(_) => text(line).filter(|text| text != ""),
            LineItem::Number(number) => numeric(line, number.whole),
        }),
        NodeKind::Rows(_) => each(default, |row| row.is_object().then(|| row.clone())),
        NodeKind::Json(JsonShape::Object) => default.is_object().then(|| default.clone()),
        NodeKind::Json(JsonShape::List) => default.is_array().then(|| default.clone()),
        NodeKind::Json(JsonShape::Any) => (!default.is_null()).then(|| default.clone()),
        NodeKind::Const(_) | NodeKind::OneOf(_) | NodeKind::Group(_) => None,
    }
}

fn text(default: &Value) -> Option<Value> {
    match default {
        Value::String(_) => Some(default.clone()),
        Value::Number(number) => Some(Value::String(number.to_string())),
        _ => None,
    }
}

fn numeric(default: &Value, whole: bool) -> Option<Value> {
    let number = match default {
        Value::Number(number) => number.clone(),
        Value::String(text) => serde_json::from_str(text.trim()).ok()?,
        _ => return None,
    };
    if !whole || number.is_i64() || number.is_u64() {
        return Some(Value::Number(number));
    }
    whole_float(&number).map(Value::from)
}

/// `10000.0` is a whole number too.
fn whole_float(number: &JsonNumber) -> Option<i64> {
    let float = number.as_f64()?;
    if float.fract() == 0.0 && float.abs() < 9e15 { format!("{float:.0}").parse().ok() } else { None }
}

fn boolean(default: &Value) -> Option<Value> {
    match default {
        Value::Bool(_) => Some(default.clone()),
        Value::String(text) => text.trim().to_lowercase().parse().ok().map(Value::Bool),
        _ => None,
    }
}

fn offered(options: &[Opt], default: &Value) -> Option<Value> {
    options.iter().any(|option| option.value == *default).then(|| default.clone())
}

fn each(default: &Value, fit: impl Fn(&Value) -> Option<Value>) -> Option<Value> {
    default.as_array()?.iter().map(fit).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// The default a group hands down to its property.
pub(super) fn inside<'a>(default: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    default?.as_object()?.get(key)
}

/// The branch that a choice's default means: a text names one of its constants, an object agrees with all and has at
/// least one.
pub(super) fn branch(default: &Value, constants: &[Map<String, Value>]) -> Option<usize> {
    constants.iter().position(|branch| match default {
        Value::Object(given) => {
            let agree = branch.iter().all(|(key, value)| given.get(key).is_none_or(|given| given == value));
            agree && branch.keys().any(|key| given.contains_key(key))
        }
        Value::String(_) => branch.values().any(|value| value == default),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::{BoolShape, NumberShape};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_default_is_made_to_fit_or_dropped() {
        let whole = NodeKind::Number(NumberShape { whole: true, bounds: Default::default(), step: None });
        assert_eq!(fit(&whole, &json!("100")), Some(json!(100)));
        assert_eq!(fit(&whole, &json!(10000.0)), Some(json!(10000)));
        assert_eq!(fit(&whole, &json!(1.5)), None);
        assert_eq!(fit(&whole, &json!("soon")), None);
        assert_eq!(fit(&NodeKind::Bool(BoolShape { open: false }), &json!("True")), Some(json!(true)));
        assert_eq!(fit(&NodeKind::Text(Default::default()), &json!(["Hourly"])), None);
        assert_eq!(fit(&NodeKind::Text(Default::default()), &Value::Null), None);
    }

    #[test]
    fn a_choice_knows_its_default() {
        let branches: Vec<Map<String, Value>> =
            [json!({"mode": "a"}), json!({"mode": "b", "n": 2})].iter().filter_map(Value::as_object).cloned().collect();
        assert_eq!(branch(&json!("b"), &branches), Some(1));
        assert_eq!(branch(&json!({"mode": "b"}), &branches), Some(1));
        assert_eq!(branch(&json!({"mode": "c"}), &branches), None);
        assert_eq!(branch(&json!({}), &branches), None);
        assert_eq!(branch(&json!({"type": "object", "oneOf": []}), &branches), None);
    }
}
