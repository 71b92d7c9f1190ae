//! Why records cannot go somewhere, in words.

/// Why records cannot go somewhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoOutput {
    /// There is no output layer of that slug.
    #[error("There is no output layer {0}. Choose one of those that are there.")]
    UnknownLayer(String),
    /// There is no destination of that slug, or not any more.
    #[error("There is no destination {0}. Choose another place for the records.")]
    UnknownDestination(String),
    /// It is a draft.
    #[error("The destination {0} is not finalised. Finalise it first, then records can go there.")]
    NotFinalised(String),
    /// Nothing here can write to it.
    #[error("Nothing installed here can write records to {connector}, so they cannot go to the destination {name}.{}", by_operator(.how.as_deref()))]
    NotWritable {
        /// The destination.
        name: String,
        /// What it connects.
        connector: String,
        /// What the operator can do about it, where that is known.
        how: Option<String>,
    },
    /// Something was taken out of it since it was finalised.
    #[error("Something is missing in the details of the destination {0}. Fill it in on its page.")]
    Incomplete(String),
    /// Its details ask for something that is not done here.
    #[error("Records cannot go to the destination {name}. {message}")]
    Refused {
        /// The destination.
        name: String,
        /// Why.
        message: String,
    },
}

fn by_operator(how: Option<&str>) -> String {
    how.map_or_else(String::new, |how| format!(" The operator can {how}."))
}

impl NoOutput {
    /// A stable word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownLayer(_) => "unknown_output_layer",
            Self::UnknownDestination(_) => "unknown_destination",
            Self::NotFinalised(_) => "destination_not_finalised",
            Self::NotWritable { .. } => "destination_not_writable",
            Self::Incomplete(_) => "destination_incomplete",
            Self::Refused { .. } => "destination_not_usable",
        }
    }
}
