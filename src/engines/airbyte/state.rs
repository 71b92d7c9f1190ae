//! Where a reading stands. Connectors send it in pieces, one for each stream, or whole; kept is what the next reading is given.
//!
//! Kept form: `{"airbyte": …}` with the list of the latest `STREAM` or `GLOBAL` messages, or the object of a connector that still
//! speaks the protocol's old form.

use serde_json::{Map, Value, json};

use crate::engines::{Failure, FailureReason};

/// The latest state of every stream.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct AirbyteState {
    pieces: Vec<Value>,
    old_form: Option<Map<String, Value>>,
}

impl AirbyteState {
    /// From what was kept.
    pub(super) fn from_kept(kept: Option<&Value>) -> Result<Self, Failure> {
        let Some(kept) = kept else { return Ok(Self::default()) };
        match kept.get("airbyte") {
            Some(Value::Array(pieces)) => Ok(Self { pieces: pieces.clone(), old_form: None }),
            Some(Value::Object(old)) => Ok(Self { pieces: Vec::new(), old_form: Some(old.clone()) }),
            _ => Err(Failure::new(
                FailureReason::BadState,
                "The saved position belongs to another way of running this connector. Start once from the beginning.",
            )),
        }
    }

    /// To be kept.
    pub(super) fn kept(&self) -> Value {
        match &self.old_form {
            Some(old) => json!({ "airbyte": old }),
            None => json!({ "airbyte": self.pieces }),
        }
    }

    /// As the connector's `--state` file; `None` when there is nothing to say.
    pub(super) fn file(&self) -> Option<Value> {
        match &self.old_form {
            Some(old) => Some(Value::Object(old.clone())),
            None => (!self.pieces.is_empty()).then(|| Value::Array(self.pieces.clone())),
        }
    }

    /// Takes a `STATE` message in; `false` when it says nothing that can be kept.
    pub(super) fn take(&mut self, message: &Value) -> bool {
        let kind = message.get("type").and_then(Value::as_str);
        match kind {
            Some("STREAM") => self.take_stream(message),
            Some("GLOBAL") => {
                let Some(global) = message.get("global") else { return false };
                self.old_form = None;
                self.pieces = vec![json!({ "type": "GLOBAL", "global": global })];
                true
            }
            None | Some("LEGACY") => match message.get("data") {
                Some(Value::Object(data)) => {
                    self.old_form.get_or_insert_default().extend(data.clone());
                    true
                }
                _ => false,
            },
            Some(_) => false,
        }
    }

    fn take_stream(&mut self, message: &Value) -> bool {
        let Some(stream) = message.get("stream") else { return false };
        let Some(descriptor) = stream.get("stream_descriptor") else { return false };
        self.old_form = None;
        let piece = json!({ "type": "STREAM", "stream": stream });
        let name = |piece: &Value, key: &str| {
            let pointer = format!("/stream/stream_descriptor/{key}");
            piece.pointer(&pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let same = |other: &Value| ["name", "namespace"].iter().all(|key| name(other, key) == name(&piece, key));
        match self.pieces.iter().position(same) {
            Some(at) => self.pieces.splice(at..=at, [piece]).for_each(drop),
            None => self.pieces.push(piece),
        }
        descriptor.get("name").is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(name: &str, at: i32) -> Value {
        json!({"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": {"at": at}}, "sourceStats": {"recordCount": 1.0}})
    }

    #[test]
    fn the_latest_piece_of_every_stream_is_kept() {
        let mut state = AirbyteState::default();
        assert!(state.file().is_none());
        for message in [piece("a", 1), piece("b", 1), piece("a", 2)] {
            assert!(state.take(&message));
        }
        let file = state.file().unwrap();
        assert_eq!(file.pointer("/0/stream/stream_state/at"), Some(&json!(2)));
        assert_eq!(file.as_array().unwrap().len(), 2);
        assert_eq!(AirbyteState::from_kept(Some(&state.kept())).unwrap(), state);
        assert!(!state.take(&json!({"type": "WHAT"})) && !state.take(&json!({"type": "STREAM"})));
    }

    #[test]
    fn whole_and_old_forms_are_kept_and_foreign_ones_refused() {
        let mut state = AirbyteState::default();
        assert!(state.take(&json!({"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}}})));
        assert_eq!(state.file().unwrap().pointer("/0/global/shared_state/lsn"), Some(&json!(1)));
        let mut old = AirbyteState::default();
        assert!(old.take(&json!({"data": {"users": {"id": 7}}})) && old.take(&json!({"data": {"orders": {"id": 8}}})));
        assert_eq!(old.file(), Some(json!({"users": {"id": 7}, "orders": {"id": 8}})));
        assert_eq!(AirbyteState::from_kept(Some(&old.kept())).unwrap(), old);
        assert_eq!(
            AirbyteState::from_kept(Some(&json!({"postgres": {}}))).unwrap_err().reason,
            FailureReason::BadState
        );
    }
}
