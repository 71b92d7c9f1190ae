//! The types columns have, by the names the server gives them.

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engines) enum ColumnType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// With all digits and those after the point, where they are settled.
    Numeric(Option<(u16, u16)>),
    Date,
    /// The number is how many digits a second has, where that is settled.
    Time(Option<u8>),
    TimeTz(Option<u8>),
    Timestamp(Option<u8>),
    TimestampTz(Option<u8>),
    Interval,
    Uuid,
    Bytea,
    Text,
    /// Keeps its text as it was written.
    Json,
    Jsonb,
    Array(Box<ColumnType>),
    /// Whatever else somebody gave a column; values are cast to it.
    Other(String),
}

/// Those that have nothing to settle, by the names of `format_type`.
const PLAIN: [(&str, ColumnType); 17] = [
    ("boolean", ColumnType::Bool),
    ("smallint", ColumnType::Int2),
    ("integer", ColumnType::Int4),
    ("bigint", ColumnType::Int8),
    ("real", ColumnType::Float4),
    ("double precision", ColumnType::Float8),
    ("numeric", ColumnType::Numeric(None)),
    ("date", ColumnType::Date),
    ("time without time zone", ColumnType::Time(None)),
    ("time with time zone", ColumnType::TimeTz(None)),
    ("timestamp without time zone", ColumnType::Timestamp(None)),
    ("timestamp with time zone", ColumnType::TimestampTz(None)),
    ("interval", ColumnType::Interval),
    ("uuid", ColumnType::Uuid),
    ("bytea", ColumnType::Bytea),
    ("text", ColumnType::Text),
    ("jsonb", ColumnType::Jsonb),
];

impl ColumnType {
    /// Its name in statements, the same that `format_type` gives.
    pub(in crate::engines) fn sql(&self) -> String {
        let timely = |name: &str, digits: &Option<u8>, zone: &str| match digits {
            Some(digits) => format!("{name}({digits}) {zone} time zone"),
            None => format!("{name} {zone} time zone"),
        };
        match self {
            Self::Numeric(Some((digits, scale))) => format!("numeric({digits},{scale})"),
            Self::Time(digits) => timely("time", digits, "without"),
            Self::TimeTz(digits) => timely("time", digits, "with"),
            Self::Timestamp(digits) => timely("timestamp", digits, "without"),
            Self::TimestampTz(digits) => timely("timestamp", digits, "with"),
            Self::Json => "json".to_owned(),
            Self::Array(item) => format!("{}[]", item.sql()),
            Self::Other(name) => name.clone(),
            plain => PLAIN.iter().find(|(_, one)| one == plain).map_or("text", |(name, _)| name).to_owned(),
        }
    }

    /// Reads what `format_type` says.
    pub(super) fn of_sql(name: &str) -> Self {
        Self::known(name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    /// The same, when it is a type whose values are understood here.
    pub(super) fn known(name: &str) -> Option<Self> {
        if let Some(item) = name.strip_suffix("[]") {
            return Self::known(item).map(|item| Self::Array(Box::new(item)));
        }
        if let Some((_, plain)) = PLAIN.iter().find(|(known, _)| *known == name) {
            return Some(plain.clone());
        }
        if name == "json" {
            return Some(Self::Json);
        }
        let (name, settled) = name.split_once('(')?;
        let (settled, rest) = settled.split_once(')')?;
        let digits = || settled.parse::<u8>().ok().map(Some);
        match (name, rest) {
            ("numeric", "") => {
                let (digits, scale) = settled.split_once(',')?;
                Some(Self::Numeric(Some((digits.parse().ok()?, scale.parse().ok()?))))
            }
            ("time", " without time zone") => digits().map(Self::Time),
            ("time", " with time zone") => digits().map(Self::TimeTz),
            ("timestamp", " without time zone") => digits().map(Self::Timestamp),
            ("timestamp", " with time zone") => digits().map(Self::TimestampTz),
            _ => None,
        }
    }

    /// The number PostgreSQL gives the type, where arrays of it are written here.
    pub(super) const fn oid(&self) -> Option<u32> {
        Some(match self {
            Self::Bool => 16,
            Self::Bytea => 17,
            Self::Int8 => 20,
            Self::Int2 => 21,
            Self::Int4 => 23,
            Self::Text => 25,
            Self::Float4 => 700,
            Self::Float8 => 701,
            Self::Date => 1082,
            Self::Time(_) => 1083,
            Self::Timestamp(_) => 1114,
            Self::TimestampTz(_) => 1184,
            Self::Interval => 1186,
            Self::TimeTz(_) => 1266,
            Self::Numeric(_) => 1700,
            Self::Uuid => 2950,
            Self::Json | Self::Jsonb | Self::Array(_) | Self::Other(_) => return None,
        })
    }

    /// Whether a primary key may have it: it has an order, and is no longer in an index than it is as a text.
    pub(super) const fn can_be_key(&self) -> bool {
        !matches!(self, Self::Json | Self::Jsonb | Self::Array(_) | Self::Other(_))
    }

    /// What of a value says whether it has changed: some types have no equality.
    pub(super) fn comparable(&self, value: &str) -> String {
        match self {
            Self::Json | Self::Other(_) => format!("{value}::text"),
            _ => value.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_server() {
        for name in [
            "numeric(12,2)",
            "timestamp(3) with time zone",
            "time(0) without time zone",
            "uuid",
            "double precision",
            "integer[]",
            "numeric(5,1)[]",
            "json",
            "bytea",
            "boolean",
            "timestamp without time zone",
        ] {
            assert_eq!(ColumnType::known(name).map(|kind| kind.sql()).as_deref(), Some(name));
        }
        for name in
            ["inet", "character varying(20)", "interval day to second", "numeric(3,-2)", "money[]", "public.mood"]
        {
            assert_eq!(ColumnType::known(name), None, "{name}");
            assert_eq!(ColumnType::of_sql(name).sql(), name);
        }
    }
}
