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
