//! Where readings left off, seen from outside: which engine wrote it down, and what of it is about which stream.
//!
//! Kept form: one member, named after the engine. `postgres` has a mark for each table. `airbyte` has pieces for single streams, or one piece
//! that all streams share, or the object of a connector that speaks the protocol's old form, which nobody can take apart either.

use serde_json::{Map, Value, json};

/// The member of the engine that runs programs.
pub(super) const AIRBYTE: &str = "airbyte";
/// The member of the engine that is built in.
pub(super) const POSTGRES: &str = "postgres";

/// What is left of a kept position when only some streams (by their full names) continue; `None` when nothing is. A position that all
/// streams share is left whole; ask [`is_shared`] first.
pub fn narrowed(kept: &Value, continues: impl Fn(&str) -> bool) -> Option<Value> {
    if is_shared(kept) {
        return Some(kept.clone());
    }
    if let Some(pieces) = kept.get(AIRBYTE).and_then(Value::as_array) {
        let left: Vec<&Value> = pieces.iter().filter(|piece| continues(&stream_of(piece))).collect();
        return (!left.is_empty()).then(|| json!({ AIRBYTE: left }));
    }
    let marks = kept.get(POSTGRES).and_then(Value::as_object)?;
    let left: Map<String, Value> =
        marks.iter().filter(|(name, _)| continues(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
    (!left.is_empty()).then(|| json!({ POSTGRES: left }))
}

/// Whether streams have one position together, so that none of them can begin anew alone.
pub fn is_shared(kept: &Value) -> bool {
    match kept.get(AIRBYTE) {
        Some(Value::Array(pieces)) => pieces.iter().any(|piece| piece.get("stream").is_none()),
        Some(Value::Object(_)) => true,
        _ => false,
    }
}

/// The full name of the stream a piece is about.
fn stream_of(piece: &Value) -> String {
    let text = |key: &str| {
        let found = piece.pointer(&format!("/stream/stream_descriptor/{key}")).and_then(Value::as_str);
        found.unwrap_or_default()
    };
    match text("namespace") {
        "" => text("name").to_owned(),
        namespace => format!("{namespace}.{}", text("name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(namespace: Option<&str>, name: &str) -> Value {
        json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": name, "namespace": namespace}, "stream_state": {"at": 1}}})
    }

    #[test]
    fn pieces_and_marks_of_streams_that_continue_are_left() {
        let pieces = json!({"airbyte": [piece(None, "a"), piece(Some("s"), "a"), piece(None, "b")]});
        assert!(!is_shared(&pieces));
        assert_eq!(narrowed(&pieces, |name| name == "s.a"), Some(json!({"airbyte": [piece(Some("s"), "a")]})));
        assert_eq!(narrowed(&pieces, |_| false), None);
        let marks = json!({"postgres": {"public.a": {"key": "id"}, "public.b": {"key": "id"}}});
        assert_eq!(narrowed(&marks, |name| name == "public.b"), Some(json!({"postgres": {"public.b": {"key": "id"}}})));
        assert_eq!(narrowed(&marks, |_| false), None);
        assert_eq!(narrowed(&json!({"elsewhere": {}}), |_| true), None);
    }

    #[test]
    fn what_streams_share_is_not_taken_apart() {
        for shared in [json!({"airbyte": [{"type": "GLOBAL", "global": {}}]}), json!({"airbyte": {"users": {"id": 1}}})]
        {
            assert!(is_shared(&shared));
            assert_eq!(narrowed(&shared, |_| false), Some(shared.clone()));
        }
    }
}
