//! Which of two things came later: numbers that grow in the order in which their transactions end, whatever any clock says.

mod store;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// Validations of all connections.
    Validations,
    /// Runs of all sources.
    Runs,
}

impl Sequence {
    const fn name(self) -> &'static str {
        match self {
            Self::Validations => "validations",
            Self::Runs => "runs",
        }
    }
}
