//! How large a schema may be. The largest real one has some 270 properties, 8 levels and 120 kB.

use serde_json::Value;

use super::SpecError;

/// Levels of questions inside questions.
pub(crate) const MAX_LEVELS: usize = 24;
/// Questions in all.
pub(crate) const MAX_NODES: usize = 5_000;
/// JSON values in the whole schema.
const MAX_VALUES: usize = 100_000;
/// JSON values copied while references and wrappers are followed.
pub(crate) const MAX_COPIED: usize = 1_000_000;
/// Levels of JSON inside JSON.
const MAX_JSON_DEPTH: usize = 100;
/// Bytes of text in the whole schema.
const MAX_TEXT: usize = 4 * 1024 * 1024;
/// Offered values of one question.
pub(crate) const MAX_OPTIONS: usize = 2_000;
/// Characters of a label.
pub(crate) const MAX_TITLE: usize = 200;
/// Bytes of a description that are read.
pub(crate) const MAX_DESCRIPTION: usize = 16 * 1024;
/// Bytes of one pattern.
pub(crate) const MAX_PATTERN: usize = 2_000;
/// Different patterns of one spec.
pub(crate) const MAX_PATTERNS: usize = 300;

/// Counts without recursion, so that no depth can overflow the stack.
pub(super) fn check_size(schema: &Value) -> Result<(), SpecError> {
    let mut todo = vec![(schema, 0_usize)];
    let (mut values, mut text) = (0_usize, 0_usize);
    while let Some((value, depth)) = todo.pop() {
        values += 1;
        if depth > MAX_JSON_DEPTH {
            return Err(SpecError::TooDeep);
        }
        match value {
            Value::String(words) => text += words.len(),
            Value::Array(items) => todo.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => {
                text += fields.keys().map(String::len).sum::<usize>();
                todo.extend(fields.values().map(|field| (field, depth + 1)));
            }
            _ => {}
        }
        if values + todo.len() > MAX_VALUES || text > MAX_TEXT {
            return Err(SpecError::TooLarge);
        }
    }
    Ok(())
}

/// At most so many characters of the text.
pub(crate) fn clip(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
