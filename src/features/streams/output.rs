//! Where the records of a source go, as plans and runs name it.

use std::fmt;

use crate::engines::FileFormat;

/// The slug of the output that is always there: files in the data folder.
pub const FILES: &str = "files";
/// The same as Parquet; what comes before the format of files that are no JSON Lines.
const PARQUET: &str = "files:parquet";
/// What comes before the slug of a destination; no slug of a layer has a colon.
const DESTINATION: &str = "destination:";

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Files in the data folder, of this format.
    Files(FileFormat),
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
            None if text == FILES => Self::Files(FileFormat::JsonLines),
            None if text == PARQUET => Self::Files(FileFormat::Parquet),
            None => Self::Layer(text.to_owned()),
        }
    }

    /// Whether records go into tables that last, not into files of one run.
    pub fn fills_tables(&self) -> bool {
        !self.is_files()
    }

    /// Whether records lie as files in this server's data folder, one folder for each run.
    pub const fn is_files(&self) -> bool {
        matches!(self, Self::Files(_))
    }

    /// The slug of the destination, when it is one.
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::Destination(slug) => Some(slug),
            Self::Files(_) | Self::Layer(_) => None,
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(FileFormat::JsonLines) => f.write_str(FILES),
            Self::Files(FileFormat::Parquet) => f.write_str(PARQUET),
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
            ("files", Output::Files(FileFormat::JsonLines)),
            ("files:parquet", Output::Files(FileFormat::Parquet)),
            ("warehouse", Output::Layer("warehouse".to_owned())),
            ("destination:postgres-aB3d", Output::Destination("postgres-aB3d".to_owned())),
            ("destination:", Output::Destination(String::new())),
        ] {
            assert_eq!((Output::parse(text), output.to_string().as_str()), (output.clone(), text));
        }
    }
}
