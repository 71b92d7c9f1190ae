//! Where the records of a source go, as plans and runs name it.

use std::fmt;

/// The slug of the output that is always there: files in the data folder.
pub const FILES: &str = "files";
/// What comes before the slug of a destination; no slug of a layer has a colon.
const DESTINATION: &str = "destination:";

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Files in the data folder.
    Files,
    /// The output layer of this slug.
    Layer(String),
    /// The destination of this slug.
    Destination(String),
}

impl Output {
    /// What such a text names; whether that is there is another question.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix(DESTINATION) {
            Some(slug) => Self::Destination(slug.to_owned()),
            None if text == FILES => Self::Files,
            None => Self::Layer(text.to_owned()),
        }
    }

    /// Whether records go into tables that last, not into files of one run.
    pub fn fills_tables(&self) -> bool {
        *self != Self::Files
    }

    /// The slug of the destination, when it is one.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::Destination(slug) => Some(slug),
            Self::Files | Self::Layer(_) => None,
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files => f.write_str(FILES),
            Self::Layer(slug) => f.write_str(slug),
            Self::Destination(slug) => write!(f, "{DESTINATION}{slug}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (text, output) in [
            ("files", Output::Files),
            ("warehouse", Output::Layer("warehouse".to_owned())),
            ("destination:postgres-aB3d", Output::Destination("postgres-aB3d".to_owned())),
            ("destination:", Output::Destination(String::new())),
        ] {
            assert_eq!((Output::parse(text), output.to_string().as_str()), (output.clone(), text));
        }
    }
}
