//! Which type holds the values of two, and how a value gets from one to the other without becoming another one.

use super::types::ColumnType;

impl ColumnType {
    /// The narrowest type that holds the values of both. It never depends on which of them came first.
    pub(super) fn wide_enough(self, other: Self) -> Self {
        use ColumnType::{Array, Date, Json, Jsonb, Numeric, Other, Text, Time, TimeTz, Timestamp, TimestampTz};
        match (self, other) {
            (one, other) if one == other => one,
            (Other(name), _) | (_, Other(name)) => Other(name),
            (Json | Jsonb, _) | (_, Json | Jsonb) => Jsonb,
            (Array(one), Array(other)) => match one.wide_enough(*other) {
                Json | Jsonb | Array(_) => Jsonb,
                item => Array(Box::new(item)),
            },
            (Array(_), _) | (_, Array(_)) => Jsonb,
            (Time(one), Time(other)) => Time(finer(one, other)),
            (TimeTz(one), TimeTz(other)) => TimeTz(finer(one, other)),
            (Timestamp(one), Timestamp(other)) => Timestamp(finer(one, other)),
            (TimestampTz(one), TimestampTz(other)) => TimestampTz(finer(one, other)),
            (Date, Timestamp(_)) | (Timestamp(_), Date) => Timestamp(None),
            (Numeric(one), Numeric(other)) => Numeric(one.zip(other).and_then(|(one, other)| longer(one, other))),
            (one, other) => number(&one, &other).unwrap_or(Text),
        }
    }

    /// A value of this type as one of a wider type.
    pub(super) fn cast(&self, value: &str, to: &Self) -> String {
        match (self, to) {
            (from, to) if from == to => value.to_owned(),
            (Self::Jsonb | Self::Json, Self::Other(_)) => Self::Text.cast(&format!("({value} #>> '{{}}')"), to),
            (Self::Json, Self::Jsonb) => format!("{value}::jsonb"),
            (_, Self::Jsonb) => format!("to_jsonb({value})"),
            // Said outright, a cast would cut the text; so the server refuses one that is too long.
            (_, Self::Other(name)) if name.starts_with("character") => format!("{value}::text"),
            (Self::Jsonb | Self::Json, Self::Text) => format!("({value} #>> '{{}}')"),
            // By way of the text, or digits that were never there appear.
            (Self::Float4 | Self::Float8, to @ (Self::Numeric(_) | Self::Float8)) => {
                format!("{value}::text::{}", to.sql())
            }
            (_, Self::Other(name)) => format!("{value}::text::{name}"),
            (_, to) => format!("{value}::{}", to.sql()),
        }
    }
}

fn finer(one: Option<u8>, other: Option<u8>) -> Option<u8> {
    one.zip(other).map(|(one, other)| one.max(other))
}

fn longer(one: (u16, u16), other: (u16, u16)) -> Option<(u16, u16)> {
    let before = |(digits, scale): (u16, u16)| digits.saturating_sub(scale);
    let scale = one.1.max(other.1);
    let digits = before(one).max(before(other)) + scale;
    (digits <= 1_000).then_some((digits, scale))
}

/// Two different types of numbers.
fn number(one: &ColumnType, other: &ColumnType) -> Option<ColumnType> {
    use ColumnType::{Float4, Float8, Int2, Int4, Int8, Numeric};
    let digits = |kind: &ColumnType| match kind {
        Int2 => Some(5),
        Int4 => Some(10),
        Int8 => Some(19),
        _ => None,
    };
    Some(match (one, other) {
        (Int2, Int4) | (Int4, Int2) => Int4,
        (Int2 | Int4, Int8) | (Int8, Int2 | Int4) => Int8,
        // What a whole number of the type needs, a float has.
        (Int2, Float4) | (Float4, Int2) => Float4,
        (Int2 | Int4, Float8) | (Float8, Int2 | Int4) | (Int4, Float4) | (Float4, Int4) => Float8,
        (Float4, Float8) | (Float8, Float4) => Float8,
        (Int2 | Int4 | Int8, Numeric(settled)) => {
            Numeric(settled.filter(|(all, scale)| Some(all - scale) >= digits(one)))
        }
        (Numeric(settled), Int2 | Int4 | Int8) => {
            Numeric(settled.filter(|(all, scale)| Some(all - scale) >= digits(other)))
        }
        (Int8 | Numeric(_), Float4 | Float8) | (Float4 | Float8, Int8 | Numeric(_)) => Numeric(None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_only_widens() {
        use ColumnType::{
            Array, Bool, Bytea, Date, Float4, Float8, Int2, Int4, Int8, Interval, Json, Jsonb, Numeric, Other, Text,
            Time, TimeTz, Timestamp, TimestampTz, Uuid,
        };
        let all = [
            Bool,
            Int2,
            Int4,
            Int8,
            Float4,
            Float8,
            Numeric(None),
            Numeric(Some((12, 2))),
            Numeric(Some((5, 5))),
            Date,
            Time(None),
            Time(Some(3)),
            TimeTz(None),
            Timestamp(None),
            Timestamp(Some(0)),
            TimestampTz(None),
            TimestampTz(Some(3)),
            Interval,
            Uuid,
            Bytea,
            Text,
            Json,
            Jsonb,
            Array(Box::new(Int4)),
            Array(Box::new(Text)),
        ];
        for one in &all {
            for other in &all {
                let both = one.clone().wide_enough(other.clone());
                assert_eq!(both, other.clone().wide_enough(one.clone()), "{one:?} {other:?}");
                assert_eq!(both.clone().wide_enough(one.clone()), both, "{one:?} {other:?}");
            }
        }
        assert_eq!(Int8.wide_enough(Bool), Text);
        assert_eq!(Text.wide_enough(Json), Jsonb);
        assert_eq!(Int4.wide_enough(Numeric(Some((12, 2)))), Numeric(Some((12, 2))));
        assert_eq!(Int8.wide_enough(Numeric(Some((12, 2)))), Numeric(None));
        assert_eq!(Numeric(Some((10, 2))).wide_enough(Numeric(Some((12, 4)))), Numeric(Some((12, 4))));
        assert_eq!(Other("inet".to_owned()).wide_enough(Text), Other("inet".to_owned()));
    }
}
