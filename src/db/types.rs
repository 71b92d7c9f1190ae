//! Column types both databases share: ids and enums as TEXT, moments as TIMESTAMP in UTC.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Timestamp;
use time::PrimitiveDateTime;

use super::conn::MultiBackend;
use crate::clock::UtcTime;

/// Lets a type be stored in a TEXT column: `text_column!(Type, from_text, to_text)`, where `from_text` is
/// `fn(String) -> Result<Type, impl Display>` and `to_text` is `fn(&Type) -> String`.
macro_rules! text_column {
    ($name:ty, $from:expr, $to:expr) => {
        impl diesel::deserialize::FromSql<diesel::sql_types::Text, $crate::db::conn::MultiBackend> for $name {
            fn from_sql(
                bytes: <$crate::db::conn::MultiBackend as diesel::backend::Backend>::RawValue<'_>,
            ) -> diesel::deserialize::Result<Self> {
                let text = bytes.from_sql::<String, diesel::sql_types::Text>()?;
                let parsed: Result<Self, String> = ($from)(text);
                parsed.map_err(Into::into)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, $crate::db::conn::MultiBackend> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, $crate::db::conn::MultiBackend>,
            ) -> diesel::serialize::Result {
                out.set_value((diesel::sql_types::Text, ($to)(self)));
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
}
pub(crate) use text_column;

impl FromSql<Timestamp, MultiBackend> for UtcTime {
    fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        bytes.from_sql::<PrimitiveDateTime, Timestamp>().map(Self::from_primitive)
    }
}

impl ToSql<Timestamp, MultiBackend> for UtcTime {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Timestamp, self.primitive()));
        Ok(IsNull::No)
    }
}
