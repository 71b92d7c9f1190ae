//! Column types both databases share: moments as TIMESTAMP in UTC; ids and enums are TEXT (`base/text_column.rs`).

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Timestamp;
use time::PrimitiveDateTime;

use super::conn::MultiBackend;
use crate::base::clock::UtcTime;

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
