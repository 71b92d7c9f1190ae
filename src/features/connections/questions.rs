//! A form whose connector's questions have changed since it was shown: its answers are shown again and not taken as they are, so that nobody
//! has answered what they were not asked.

use crate::base::forms::RawForm;
use crate::connectors::Connector;

/// The hidden field that says which questions a form was shown with.
pub const QUESTIONS_FIELD: &str = "_questions";

/// What a form has answered that is not asked any more, by its name; `None` when the questions are those it was shown with. A form without
/// the field is one of an older version.
pub fn changed_questions(raw: &RawForm, connector: &Connector) -> Option<Vec<String>> {
    let mark = raw.first(QUESTIONS_FIELD)?;
    if mark == connector.questions_mark {
        return None;
    }
    let asked = connector.file.spec.get("properties").and_then(serde_json::Value::as_object);
    let mut gone: Vec<String> = Vec::new();
    for name in raw.answered() {
        let Some(field) = name.strip_prefix('/').and_then(|rest| rest.split('/').next()) else { continue };
        let field = field.replace("~1", "/").replace("~0", "~");
        let is_asked = asked.is_some_and(|asked| asked.contains_key(&field));
        if !is_asked && !gone.contains(&field) {
            gone.push(field);
        }
    }
    Some(gone)
}
