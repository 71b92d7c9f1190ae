//! What a position is a position of, and what becomes of it when that changes.
//!
//! The next run continues a stream only where everything is as it was when the position was reached: the settings that say what is read, the
//! field that tells new records, the keys and fields, the output and the table there. Anything else begins anew, and the reason is said.
//! Pure: no clock, no database.
//!
//! Which settings say what is read: every one that is no secret, except those that are called like a way to read (`ssl_mode`, `timeout`,
//! `page_size`, and `mode` alone). What is doubtful counts: then too much is read once more, where otherwise records would be missing for ever. Of secrets only
//! those count that are addresses, and of these the place without who signs in, so that passwords may be renewed.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::base::forms::FieldPath;
use crate::features::streams::StreamChoice;
use crate::schema::addresses::{addresses, is_called_address};
use crate::schema::form::Values;

/// Words in the name of a setting that say how something is read, not what.
const HOW: [&str; 25] = [
    "ssl",
    "tls",
    "sslmode",
    "certificate",
    "cert",
    "encryption",
    "encrypt",
    "verify",
    "tunnel",
    "ssh",
    "timeout",
    "timeouts",
    "retry",
    "retries",
    "backoff",
    "batch",
    "chunk",
    "size",
    "throttle",
    "threads",
    "workers",
    "parallelism",
    "parallel",
    "concurrency",
    "concurrent",
];
/// A name that says so only when it stands alone.
const HOW_ALONE: &str = "mode";
/// Last words of names that say what something is.
const WHAT: [&str; 4] = ["id", "ids", "name", "names"];
/// The lasting name of a row, which says nothing of what is in it.
const ROW_ID: &str = "~id";

/// Everything a position of one stream depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The settings that say what is read, as one digest.
    source: String,
    cursor: String,
    keys: String,
    fields: String,
    output: String,
    table: String,
}

/// A digest of each setting that says what is read, by its dot path.
pub type SettingDigests = BTreeMap<String, String>;

/// What is known of the positions of a source's streams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// The settings as they were when a run last succeeded, to say which of them changed.
    pub(super) settings: SettingDigests,
    /// By the full names of the streams that have a position.
    pub(super) streams: BTreeMap<String, StreamPosition>,
}

/// What is known of one stream's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamPosition {
    #[serde(flatten)]
    pub(super) fingerprint: Fingerprint,
    /// The run that reached it.
    pub(super) run: String,
}

/// Why a stream is read from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restart {
    /// It was never read in this way before.
    First,
    /// Somebody asked for it.
    Asked,
    /// Settings say something else than when it was last read: their dot paths, as far as they are known.
    Source(Vec<String>),
    /// Another field tells new records.
    Cursor,
    /// Records are named by other fields.
    Keys,
    /// Other fields are read.
    Fields,
    /// The records go elsewhere.
    Output,
    /// They go into a table of another name.
    Table,
    /// The table is not there any more.
    TableGone,
    /// The table does not hold what the last extraction left in it.
    TableOther,
    /// It shares its position with a stream that begins anew.
    Shared(String),
    /// The position was kept by another way of running the connector.
    Engine,
}

impl Restart {
    /// Follows "because".
    pub fn reason(&self) -> String {
        match self {
            Self::First => "it was not read incrementally before".to_owned(),
            Self::Asked => "somebody asked for it".to_owned(),
            Self::Source(names) if names.is_empty() => "the details of the source have changed".to_owned(),
            Self::Source(names) => format!("the details of the source have changed: {}", names.join(", ")),
            Self::Cursor => "another field tells its new records".to_owned(),
            Self::Keys => "its primary key has changed".to_owned(),
            Self::Fields => "other fields are read".to_owned(),
            Self::Output => "the records go to another place".to_owned(),
            Self::Table => "its table has another name".to_owned(),
            Self::TableGone => "its table is not in the output any more".to_owned(),
            Self::TableOther => "its table does not hold what the last extraction left there".to_owned(),
            Self::Shared(stream) => format!("it is read together with {stream}, which begins anew"),
            Self::Engine => "the connector is run in another way now".to_owned(),
        }
    }
}

/// Where records go, as far as a position depends on it.
pub(super) struct OutputMark<'a> {
    /// The place.
    pub(super) address: &'a str,
    /// Whether records lie in tables that last, told apart by their keys.
    pub(super) fills_tables: bool,
}

impl Fingerprint {
    pub(super) fn of(settings: &SettingDigests, choice: &StreamChoice, output: &OutputMark<'_>) -> Self {
        let all: Vec<String> = settings.iter().map(|(path, digest)| format!("{path}={digest}")).collect();
        let mut fields = choice.fields.clone().filter(|_| !choice.extract_all_fields).unwrap_or_default();
        fields.sort();
        let keys = choice.primary_keys.as_deref().unwrap_or_default();
        Self {
            source: digest(&all.join("\n")),
            cursor: choice.replication_key.clone().unwrap_or_default(),
            keys: if output.fills_tables { keys.join("\n") } else { String::new() },
            fields: fields.join("\n"),
            output: output.address.to_owned(),
            table: choice.table_name.clone(),
        }
    }

    /// What is different about the second.
    pub(super) fn change(&self, now: &Self, before: &SettingDigests, settings: &SettingDigests) -> Option<Restart> {
        if self.source != now.source {
            let names = before.keys().chain(settings.keys()).filter(|path| before.get(*path) != settings.get(*path));
            let mut names: Vec<String> = names.cloned().collect();
            names.sort();
            names.dedup();
            return Some(Restart::Source(names));
        }
        let parts = [
            (&self.output, &now.output, Restart::Output),
            (&self.table, &now.table, Restart::Table),
            (&self.cursor, &now.cursor, Restart::Cursor),
            (&self.keys, &now.keys, Restart::Keys),
            (&self.fields, &now.fields, Restart::Fields),
        ];
        parts.into_iter().find(|(before, now, _)| before != now).map(|(_, _, restart)| restart)
    }
}

/// Digests of the settings that say what is read; `account` is who has signed in with the provider, when somebody has.
pub(super) fn settings(values: &Values, account: Option<&str>) -> SettingDigests {
    let whole = Value::Object(values.plain.clone());
    let places: Vec<FieldPath> = addresses(&whole).into_iter().map(|address| address.path).collect();
    let mut found = BTreeMap::new();
    walk(&FieldPath::root(), &whole, &mut |path: &FieldPath, text: &str| {
        if !says_how(path) || places.contains(path) {
            found.insert(path.dot(), digest(text));
        }
    });
    for (path, secret) in values.secrets.iter().filter(|(path, _)| is_called_address(path)) {
        found.insert(path.dot(), digest(place_in(secret.expose_secret())));
    }
    found.extend(account.map(|account| ("account".to_owned(), digest(account))));
    found
}

/// Every setting with its value as text; a list is one setting.
fn walk(path: &FieldPath, value: &Value, take: &mut impl FnMut(&FieldPath, &str)) {
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .filter(|(name, _)| *name != ROW_ID)
                .for_each(|(name, inner)| walk(&path.child(name), inner, take));
        }
        Value::Array(_) => take(path, &without_row_ids(value).to_string()),
        Value::String(text) => take(path, text.trim()),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => take(path, &value.to_string()),
    }
}

fn without_row_ids(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let own = fields.iter().filter(|(name, _)| *name != ROW_ID);
            Value::Object(own.map(|(name, inner)| (name.clone(), without_row_ids(inner))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_row_ids).collect()),
        other => other.clone(),
    }
}

fn says_how(path: &FieldPath) -> bool {
    let named: Vec<Vec<String>> = path.segments().map(|segment| words(&segment)).collect();
    let says_what = named.last().and_then(|words| words.last()).is_some_and(|last| WHAT.contains(&last.as_str()));
    !says_what
        && named.iter().any(|words| {
            words.iter().any(|word| HOW.contains(&word.as_str()))
                || matches!(words.as_slice(), [alone] if alone == HOW_ALONE)
        })
}

/// `pageSize`, `page_size` and `page-size` are two words each.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase() || letter.is_numeric();
        if let (true, Some(last)) = (letter.is_alphanumeric(), words.last_mut()) {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Where an address leads, without who signs in there and with which options.
fn place_in(address: &str) -> &str {
    let after = address.split_once("://").map_or(address, |(_, after)| after);
    let whole = after.rsplit_once('@').map_or(after, |(_, place)| place);
    whole.split(['?', '#']).next().unwrap_or_default()
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;

    fn values(plain: Value, secrets: &[(&str, &str)]) -> Values {
        let secret = |(path, text): &(&str, &str)| (FieldPath::parse(path).unwrap(), SecretString::from(*text));
        Values { plain: plain.as_object().unwrap().clone(), secrets: secrets.iter().map(secret).collect() }
    }

    fn changes(before: (Value, &[(&str, &str)]), after: (Value, &[(&str, &str)])) -> bool {
        settings(&values(before.0, before.1), None) != settings(&values(after.0, after.1), None)
    }

    #[test]
    fn settings_that_say_what_is_read_count() {
        let plain = || {
            json!({"host": "h", "database": "stage", "ssl_mode": {"~branch": "0"}, "batch_size": 1, "pageIds": ["a"], "mode": "x",
            "tunnel": {"tunnel_host": "t", "tunnel_timeout": 5}, "rows": [{"~id": "k", "name": "n"}], "ssl_name": "s",
            "connectTimeout": 5, "http2Timeout": 5, "timeoutId": 5})
        };
        let put = |pointer: &str, value: Value| {
            let mut after = plain();
            *after.pointer_mut(pointer).unwrap() = value;
            changes((plain(), &[]), (after, &[]))
        };
        for (pointer, value, due) in [
            ("/host", json!("other"), true),
            ("/host", json!(" h "), false),
            ("/database", json!("prod"), true),
            ("/pageIds", json!(["a", "b"]), true),
            ("/ssl_name", json!("other"), true),
            ("/rows/0/name", json!("other"), true),
            ("/rows/0/~id", json!("other"), false),
            ("/tunnel/tunnel_host", json!("other"), true),
            ("/tunnel/tunnel_timeout", json!(6), false),
            ("/ssl_mode/~branch", json!("1"), false),
            ("/batch_size", json!(2), false),
            ("/connectTimeout", json!(6), false),
            ("/http2Timeout", json!(6), false),
            ("/timeoutId", json!(6), true),
            ("/mode", json!("y"), false),
        ] {
            assert_eq!(put(pointer, value.clone()), due, "{pointer} {value}");
        }
    }

    #[test]
    fn every_reason_is_said_in_words_of_its_own() {
        let names = |names: &[&str]| Restart::Source(names.iter().map(|name| (*name).to_owned()).collect());
        for (restart, words) in [
            (Restart::First, "it was not read incrementally before"),
            (Restart::Asked, "somebody asked for it"),
            (names(&[]), "the details of the source have changed"),
            (names(&["host", "database"]), "the details of the source have changed: host, database"),
            (Restart::Cursor, "another field tells its new records"),
            (Restart::Keys, "its primary key has changed"),
            (Restart::Fields, "other fields are read"),
            (Restart::Output, "the records go to another place"),
            (Restart::Table, "its table has another name"),
            (Restart::TableGone, "its table is not in the output any more"),
            (Restart::TableOther, "its table does not hold what the last extraction left there"),
            (Restart::Shared("orders".to_owned()), "it is read together with orders, which begins anew"),
            (Restart::Engine, "the connector is run in another way now"),
        ] {
            assert_eq!(restart.reason(), words);
        }
    }

    #[test]
    fn of_secrets_only_the_places_count_they_lead_to() {
        let with = |path: &'static str, text: &'static str| (json!({}), [(path, text)]);
        let differ = |path, before, after| {
            let (before, after) = (with(path, before), with(path, after));
            changes((before.0, &before.1), (after.0, &after.1))
        };
        assert!(!differ("/password", "a", "b"));
        assert!(differ("/connection_string", "postgres://u:p@h/stage", "postgres://u:p@h/prod"));
        assert!(!differ("/connection_string", "postgres://u:p@h/stage?x=1", "postgres://v:q@h/stage?x=2"));
        let nobody = values(json!({}), &[]);
        assert_ne!(settings(&nobody, Some("ana")), settings(&nobody, Some("ben")));
    }

    #[test]
    fn what_is_different_about_a_stream_is_named() {
        let choice = |more: Value| -> StreamChoice {
            let mut all =
                json!({"stream_name": "a", "table_name": "a", "replication_key": "at", "primary_keys": ["id"]});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value(all).unwrap()
        };
        let settings = SettingDigests::new();
        let table = OutputMark { address: "postgres://h/d/raw", fills_tables: true };
        let of = |more: Value| Fingerprint::of(&settings, &choice(more), &table);
        for (more, due) in [
            (json!({}), None),
            (json!({"table_name": "b"}), Some(Restart::Table)),
            (json!({"replication_key": "id"}), Some(Restart::Cursor)),
            (json!({"primary_keys": ["id", "at"]}), Some(Restart::Keys)),
            (json!({"extract_all_fields": false, "fields": ["id"]}), Some(Restart::Fields)),
            (json!({"fields": ["id"]}), None),
        ] {
            assert_eq!(of(json!({})).change(&of(more.clone()), &settings, &settings), due, "{more}");
        }
        let files = OutputMark { address: "files", fills_tables: false };
        let in_files = Fingerprint::of(&settings, &choice(json!({})), &files);
        assert_eq!(of(json!({})).change(&in_files, &settings, &settings), Some(Restart::Output));
        let keyed = Fingerprint::of(&settings, &choice(json!({"primary_keys": []})), &files);
        assert_eq!(in_files.change(&keyed, &settings, &settings), None, "files know no keys");
    }
}
