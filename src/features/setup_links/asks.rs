//! What a link asks for, as its row holds it.

use std::sync::Arc;

use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::text_column::text_column;
use crate::schema::form::Asks;

/// The fields a link asks for. A row whose fields cannot be read is not read at all: such a link would ask for everything.
#[derive(Debug, Clone, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct LinkAsks {
    text: String,
    fields: Arc<Asks>,
}

text_column!(LinkAsks, LinkAsks::read, |asks: &'b LinkAsks| asks.text.as_str());

impl LinkAsks {
    /// These, on their way into a row.
    ///
    /// # Errors
    /// Only internal ones.
    pub(super) fn of(asks: &Asks) -> AppResult<Self> {
        let fields: Vec<&FieldPath> = asks.fields().collect();
        let text = serde_json::to_string(&fields).map_err(AppError::internal)?;
        Ok(Self { text, fields: Arc::new(asks.clone()) })
    }

    fn read(text: String) -> Result<Self, String> {
        let fields: Vec<FieldPath> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let fields = Asks::of(fields).ok_or("a link asks for nothing")?;
        Ok(Self { text, fields: Arc::new(fields) })
    }

    /// The fields.
    pub fn fields(&self) -> &Asks {
        &self.fields
    }
}
