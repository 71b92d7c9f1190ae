//! The outputs a source chooses among.

use super::{destinations, files_name, name_of, store};
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::engines::FileFormat;
use crate::features::streams::Output;
use crate::platform::app::App;
use crate::platform::db::Conn;

/// One output to choose.
#[derive(Debug, Clone)]
pub struct OutputChoice {
    /// As plans name it.
    pub value: String,
    /// For people.
    pub name: String,
}

/// Every output a workspace can choose.
#[derive(Debug, Clone)]
pub struct OutputChoices {
    /// What is always there, in each format.
    pub files: Vec<OutputChoice>,
    /// Schemas that members have added.
    pub layers: Vec<OutputChoice>,
    /// Destinations that somebody has handed over.
    pub destinations: Vec<OutputChoice>,
    /// There are more destinations than are listed.
    pub has_more: bool,
    /// Why some destinations cannot be chosen, one sentence each.
    pub closed: Vec<String>,
    /// What a source is set to although it is not among them, when that is so.
    pub other: Option<OutputChoice>,
}

/// Everything a source can choose, and what it is set to.
///
/// # Errors
/// The database cannot be asked.
pub fn choices(conn: &mut Conn, app: &App, workspace: &WorkspaceId, set_to: &Output) -> AppResult<OutputChoices> {
    let layers = store::list(conn, workspace)?.into_iter();
    let layers = layers.map(|layer| OutputChoice { value: layer.slug, name: layer.name }).collect();
    let offered = destinations::offered(conn, app, workspace)?;
    let destination = |one: &crate::features::connections::Connection| OutputChoice {
        value: Output::Destination(one.slug.clone()).to_string(),
        name: format!("{} ({})", one.description, destinations::connector_name(app, one)),
    };
    let files = FileFormat::ALL
        .iter()
        .map(|format| OutputChoice { value: Output::Files(*format).to_string(), name: files_name(*format).to_owned() });
    let files = files.collect();
    let destinations = offered.shown.iter().map(destination).collect();
    let (has_more, closed) = (offered.has_more, offered.closed);
    let mut all = OutputChoices { files, layers, destinations, has_more, closed, other: None };
    if !all.has(&set_to.to_string()) {
        let name = name_of(conn, workspace, set_to)?;
        all = all.with_other(set_to, name.as_deref());
    }
    Ok(all)
}

impl OutputChoices {
    fn has(&self, value: &str) -> bool {
        let mut all = self.files.iter().chain(&self.layers).chain(&self.destinations).chain(&self.other);
        all.any(|choice| choice.value == value)
    }

    /// The same with an output that is not offered; without a name it is not there any more.
    #[must_use]
    pub fn with_other(self, output: &Output, name: Option<&str>) -> Self {
        let value = output.to_string();
        if self.has(&value) {
            return self;
        }
        let name = name.map_or_else(|| format!("{value} (not there any more)"), str::to_owned);
        Self { other: Some(OutputChoice { value, name }), ..self }
    }
}
