//! Which column a field becomes: its name and its type. A type is found in the values, with the source's own words as a hint, and only
//! ever widens, so that no value is lost and none makes a run fail.

use sha2::{Digest as _, Sha256};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ColumnType {
    Bool,
    /// Up to 18 digits.
    Int,
    Number,
    Date,
    Time,
    Text,
    Json,
    /// Somebody gave the column another type; values are cast to it.
    Other(String),
}

/// PostgreSQL cuts longer names.
const LONGEST: usize = 63;
/// Columns that every table of PostgreSQL has.
const TAKEN: [&str; 7] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid", "oid"];

/// What the values of one field are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) booleans: bool,
    pub(super) numbers: bool,
    /// Numbers that are no whole ones of up to 18 digits.
    pub(super) others: bool,
    pub(super) texts: bool,
    /// Texts that are no date.
    pub(super) no_dates: bool,
    /// Texts that are no moment.
    pub(super) no_times: bool,
    /// Objects and lists.
    pub(super) nested: bool,
}

impl ColumnType {
    pub(super) fn sql(&self) -> &str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "bigint",
            Self::Number => "numeric",
            Self::Date => "date",
            Self::Time => "timestamp with time zone",
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Other(name) => name,
        }
    }

    /// Reads what `format_type` says.
    pub(super) fn of_sql(name: &str) -> Self {
        [Self::Bool, Self::Int, Self::Number, Self::Date, Self::Time, Self::Text, Self::Json]
            .into_iter()
            .find(|one| one.sql() == name)
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// What the source says about a field, in the words of its catalog; `None` when that settles nothing.
    pub(super) fn hinted(kind: &str) -> Option<Self> {
        let kind = kind.to_lowercase();
        let (name, format) = kind.split_once(" (").unwrap_or((&kind, ""));
        let name = name.split('(').next().unwrap_or_default().trim();
        Some(match name {
            "boolean" => Self::Bool,
            "integer" | "bigint" | "smallint" => Self::Int,
            "number" | "numeric" | "real" | "double precision" => Self::Number,
            "date" => Self::Date,
            "timestamp with time zone" => Self::Time,
            "string" if format.starts_with("date-time)") => Self::Time,
            "string" if format.starts_with("date)") => Self::Date,
            "string" | "text" | "character varying" | "character" | "uuid" => Self::Text,
            "object" | "array" | "json" | "jsonb" => Self::Json,
            _ => return None,
        })
    }

    /// The type that values were found to have, seen with what the source says; `None` when there was no value and no word.
    pub(super) fn of(seen: Seen, hint: Option<&Self>) -> Option<Self> {
        let found = match (seen.booleans, seen.numbers, seen.texts, seen.nested) {
            (false, false, false, false) => return hint.cloned(),
            (.., true) => Self::Json,
            (true, false, false, _) => Self::Bool,
            (false, true, false, _) if seen.others || hint == Some(&Self::Number) => Self::Number,
            (false, true, false, _) => Self::Int,
            (false, false, true, _) if hint == Some(&Self::Time) && !seen.no_times => Self::Time,
            (false, false, true, _) if hint == Some(&Self::Date) && !seen.no_dates => Self::Date,
            _ => Self::Text,
        };
        Some(if hint == Some(&Self::Json) { Self::Json } else { found })
    }

    /// The narrowest type that holds the values of both.
    pub(super) fn wide_enough(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Other(name), _) | (_, Self::Other(name)) => Self::Other(name),
            (Self::Json, _) | (_, Self::Json) => Self::Json,
            (Self::Int, Self::Number) | (Self::Number, Self::Int) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// The column of a field: the same name, unless PostgreSQL or this product needs that name itself or it is too long.
pub(super) fn column_name(field: &str) -> String {
    let is_taken = field.is_empty() || TAKEN.contains(&field) || field.starts_with("_vestibule_");
    if !is_taken && field.len() <= LONGEST {
        return field.to_owned();
    }
    let mark: String = Sha256::digest(field.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let most = LONGEST - mark.len() - 3;
    let kept: String = field.char_indices().take_while(|(at, c)| at + c.len_utf8() <= most).map(|(_, c)| c).collect();
    let begin = if field.starts_with("_vestibule_") { "f" } else { "" };
    format!("{begin}{kept}_{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_unless_they_cannot() {
        for field in ["id", "Line Items", "täglich", "ctid_", "\"quoted\""] {
            assert_eq!(column_name(field), field);
        }
        for field in ["", "xmin", "_vestibule_run", &"ä".repeat(40), &"a".repeat(64)] {
            let name = column_name(field);
            assert!(name != *field && !name.is_empty() && name.len() <= LONGEST, "{field}: {name}");
            assert!(!name.starts_with("_vestibule_") && column_name(&name) == name, "{field}: {name}");
        }
        assert_ne!(column_name(&"a".repeat(64)), column_name(&"a".repeat(65)));
    }

    #[test]
    fn a_type_is_what_the_values_are() {
        let text = Seen { texts: true, no_dates: true, ..Seen::default() };
        let whole = Seen { numbers: true, ..Seen::default() };
        let time = ColumnType::hinted("string (date-time)");
        assert_eq!(ColumnType::of(text, time.as_ref()), Some(ColumnType::Time));
        assert_eq!(ColumnType::of(Seen { no_times: true, ..text }, time.as_ref()), Some(ColumnType::Text));
        assert_eq!(ColumnType::of(text, None), Some(ColumnType::Text));
        assert_eq!(ColumnType::of(whole, None), Some(ColumnType::Int));
        assert_eq!(ColumnType::of(whole, ColumnType::hinted("numeric(10,2)").as_ref()), Some(ColumnType::Number));
        assert_eq!(ColumnType::of(Seen { texts: true, ..whole }, None), Some(ColumnType::Text));
        assert_eq!(ColumnType::of(Seen { nested: true, ..whole }, None), Some(ColumnType::Json));
        assert_eq!(ColumnType::of(Seen::default(), None), None);
        assert_eq!(ColumnType::of(Seen::default(), time.as_ref()), Some(ColumnType::Time));
    }

    #[test]
    fn a_type_only_widens() {
        use ColumnType::{Bool, Date, Int, Json, Number, Other, Text, Time};
        let all = [Bool, Int, Number, Date, Time, Text, Json];
        for one in &all {
            assert_eq!(ColumnType::of_sql(one.sql()), *one);
            for other in &all {
                let both = one.clone().wide_enough(other.clone());
                assert_eq!(both, other.clone().wide_enough(one.clone()), "{one:?} {other:?}");
                assert_eq!(both.clone().wide_enough(one.clone()), both, "{one:?} {other:?}");
            }
        }
        assert_eq!(Int.wide_enough(Bool), Text);
        assert_eq!(Text.wide_enough(Json), Json);
        assert_eq!(Other("uuid".to_owned()).wide_enough(Text), Other("uuid".to_owned()));
    }
}
