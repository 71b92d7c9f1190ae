//! Types of ours in TEXT columns: ids and enums.

/// Lets a type be stored in a TEXT column: `text_column!(Type, from_text, to_text)`, where `from_text` is
/// `fn(String) -> Result<Type, String>` and `to_text` is `fn(&Type) -> &str`. It works for every database that knows text.
macro_rules! text_column {
    ($name:ty, $from:expr, $to:expr) => {
        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                let parsed: Result<Self, String> = ($from)(text);
                parsed.map_err(Into::into)
            }
        }

        impl<DB> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                let text: &'b str = ($to)(self);
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(text, out)
            }
        }
    };
}
pub(crate) use text_column;

/// An enum of which each value has one text that never changes: in a TEXT column, in the API, in forms. `Value = "text"`, or for all
/// of them `Value = "text" => "Words for people"`.
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $($(#[$about:meta])* $value:ident = $text:literal => $words:literal),+ $(,)? }
    ) => {
        $crate::base::text_column::text_enum! {
            $(#[$meta])*
            $vis enum $name { $($(#[$about])* $value = $text),+ }
        }

        impl $name {
            /// What people read.
            $vis const fn words(self) -> &'static str {
                match self { $(Self::$value => $words),+ }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $($(#[$about:meta])* $value:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $vis enum $name { $($(#[$about])* $value),+ }

        #[allow(dead_code, reason = "not every enum needs all three")]
        impl $name {
            /// Every value, in the order in which they are declared.
            $vis const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The text that stands for the value.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            /// The value of that text.
            $vis fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$value),)+
                    _ => None,
                }
            }
        }

        $crate::base::text_column::text_column!(
            $name,
            |text: String| Self::parse(&text).ok_or_else(|| format!("{text} is no {}", stringify!($name))),
            |value: &Self| value.as_str()
        );
    };
}
pub(crate) use text_enum;

#[cfg(test)]
mod tests {
    text_enum! {
        /// Colours.
        enum Colour {
            /// Like blood.
            Red = "red" => "Red as blood",
            /// Like snow.
            White = "white" => "White as snow",
        }
    }

    #[test]
    fn texts_read_back_as_themselves() {
        assert_eq!(Colour::ALL, [Colour::Red, Colour::White]);
        for colour in Colour::ALL {
            assert_eq!(Colour::parse(colour.as_str()), Some(*colour));
        }
        assert_eq!((Colour::parse("Red"), Colour::White.words()), (None, "White as snow"));
    }
}
