//! Hand-off: a finalised source as configuration of an engine that people run themselves. Secrets are never in it: every one becomes
//! a reference that the engine resolves, and the list of references says what has to be put there.
//!
//! Scripts are always the same text (`scripts/`); what differs from source to source is data beside them, so that nothing anybody typed
//! becomes part of a program.
//!
//! Invariants: what is written here is made from the plain values and the *paths* of secrets; no secret is opened. What cannot run for a
//! source is not offered, with the reason.

mod airbyte;
pub mod api;
mod dlt;
mod documents;
mod meltano;
pub mod pages;
mod protocol;
mod pyairbyte;
mod references;
mod render;
mod source;
mod taps;
mod terraform;
mod tree;
mod writers;

use serde_json::{Map, Value};

use crate::base::text_column::text_enum;
use crate::connectors::Connector;
use crate::engines::{Catalog, KeyPath, SyncType};
use crate::features::connections::Connection;
use crate::features::extraction_engine::{Counterpart, PlannedStreams, Publication, airbyte_cron};
use crate::features::streams::{Plan, StreamChoice, Trigger};
use dlt::DltReader;
use references::Style;

pub use references::Reference;
pub use render::{ReferenceList, ReferencePlace, RenderError, RenderFormat, render};

text_enum! {
    /// An engine a source can be handed to.
    pub enum HandOffEngine {
        /// Requests to Airbyte's API.
        AirbyteApi = "airbyte" => "Airbyte, API",
        /// Airbyte by Terraform.
        AirbyteTerraform = "terraform" => "Airbyte, Terraform",
        /// Meltano with a Singer tap.
        Meltano = "meltano" => "Meltano",
        /// dlt.
        Dlt = "dlt" => "dlt",
        /// Python with PyAirbyte.
        PyAirbyte = "pyairbyte" => "Python with PyAirbyte",
        /// A program that speaks the Airbyte protocol.
        Protocol = "protocol" => "Airbyte protocol, files",
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOffFile {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// Everything a hand-off is made from.
pub struct HandOffInput<'a> {
    /// The source.
    pub connection: &'a Connection,
    /// Its connector.
    pub connector: &'a Connector,
    /// What is read.
    pub plan: &'a Plan,
    /// What the last successful validation found.
    pub catalog: &'a Catalog,
}

impl HandOffInput<'_> {
    fn planned(&self) -> PlannedStreams<'_> {
        PlannedStreams { plan: self.plan, catalog: self.catalog }
    }

    fn keys(&self, choice: &StreamChoice) -> Vec<KeyPath> {
        self.planned().keys(choice)
    }

    fn cursor(&self, choice: &StreamChoice) -> Option<KeyPath> {
        self.planned().cursor(choice)
    }
}

/// The name of a field that is in no other; engines that know columns alone can be told no more.
fn top_level(path: &KeyPath) -> Option<&str> {
    match path.as_slice() {
        [name] => Some(name),
        _ => None,
    }
}

/// The same of keys: all of them or none.
fn top_level_all(keys: &[KeyPath]) -> Vec<&str> {
    keys.iter().map(top_level).collect::<Option<_>>().unwrap_or_default()
}

/// A source as configuration of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOff {
    /// The files.
    pub files: Vec<HandOffFile>,
    /// Which secrets have to be put where.
    pub references: Vec<Reference>,
    /// What the engine cannot be told, in whole sentences.
    pub notes: Vec<String>,
}

/// An engine that a source cannot be handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotOffered {
    /// The engine.
    pub engine: HandOffEngine,
    /// Why, in a whole sentence.
    pub reason: String,
}

impl HandOffEngine {
    /// What to do with the files, step by step.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AirbyteApi => {
                "Put the files into one folder, give the values below in the environment together with what the head of send.py names, then run: python3 send.py"
            }
            Self::AirbyteTerraform => {
                "Put the file into a folder, give the variables, for instance as TF_VAR_name in the environment, then run: terraform init, terraform apply"
            }
            Self::Meltano => {
                "Put the file into an empty folder, give the values below in the environment (a file .env would expand a dollar sign in them), then run: meltano install, meltano run with the names of the tap and target-jsonl"
            }
            Self::Dlt => {
                "Put the files into one folder, and the values below into the environment or into .dlt/secrets.toml, then run: pip install -r requirements.txt, python pipeline.py"
            }
            Self::PyAirbyte => {
                "Put the files into one folder, give the values below in the environment, then run: pip install -r requirements.txt, python read.py"
            }
            Self::Protocol => {
                "Put the files into one folder, give the values below in the environment, then run: vestibule render --out filled.json, or without it python3 fill.py > filled.json, and give that file to the program of your connector with --config"
            }
        }
    }

    fn style(self) -> Style {
        match self {
            Self::AirbyteTerraform => Style::Terraform,
            Self::Dlt => Style::Dlt,
            Self::AirbyteApi | Self::Meltano | Self::PyAirbyte | Self::Protocol => Style::Environment,
        }
    }
}

/// Which engines the source can be handed to, and why not to the others.
pub fn offers(input: &HandOffInput<'_>) -> (Vec<HandOffEngine>, Vec<NotOffered>) {
    let (mut offered, mut not) = (Vec::new(), Vec::new());
    for engine in HandOffEngine::ALL {
        match hand_off(*engine, input) {
            Ok(_) => offered.push(*engine),
            Err(reason) => not.push(NotOffered { engine: *engine, reason }),
        }
    }
    (offered, not)
}

/// Makes the files.
///
/// # Errors
/// Why they would not run, in a whole sentence.
pub fn hand_off(engine: HandOffEngine, input: &HandOffInput<'_>) -> Result<HandOff, String> {
    let config = references::config(input, engine.style());
    let name = &input.connector.file.name;
    let counterpart = Counterpart::of(input.connector);
    let known = || {
        counterpart.as_ref().ok_or_else(|| {
            format!("Airbyte has no connector that takes the settings of {name} as they are here, or none that is known here.")
        })
    };
    let files = match engine {
        HandOffEngine::AirbyteApi => airbyte::files(input, known()?, &config),
        HandOffEngine::AirbyteTerraform => known().map(|_| terraform::files(input, &config))?,
        HandOffEngine::Meltano => {
            let tap = counterpart.as_ref().and_then(|one| taps::of(&one.name));
            let tap = tap.ok_or_else(|| format!("No Singer tap with known settings reads {name}."))?;
            let settings = (tap.settings)(config.config()).map_err(|reason| format!("{reason}."))?;
            meltano::files(input, &tap, &config, &settings)
        }
        HandOffEngine::Dlt => {
            let counterpart = known()?;
            let reader = dlt_reader(name, counterpart, config.config())?;
            dlt::files(input, reader, counterpart, &config)
        }
        HandOffEngine::PyAirbyte => {
            let counterpart = known()?;
            runs_in_python(name, counterpart)?;
            pyairbyte::files(input, counterpart, &config)
        }
        HandOffEngine::Protocol => protocol::files(input, &config),
    };
    Ok(HandOff { files, references: config.references, notes: notes(engine, input) })
}

fn runs_in_python(name: &str, counterpart: &Counterpart) -> Result<(), String> {
    match counterpart.program {
        Publication::Package(_) | Publication::PublishedManifest | Publication::Manifest(_) => Ok(()),
        Publication::Image => Err(format!(
            "Airbyte's connector for {name} is published as a container image alone; PyAirbyte runs Python packages and manifests."
        )),
        Publication::OwnCommand => Err(format!(
            "The program that reads {name} is known to this installation alone; PyAirbyte runs Python packages and manifests."
        )),
    }
}

fn dlt_reader(name: &str, counterpart: &Counterpart, config: &Map<String, Value>) -> Result<DltReader, String> {
    if counterpart.name != "source-postgres" {
        return runs_in_python(name, counterpart).map(|()| DltReader::Airbyte);
    }
    let tunnel = config.get("tunnel_method").and_then(|tunnel| tunnel.get("tunnel_method")).and_then(Value::as_str);
    match tunnel {
        None | Some("NO_TUNNEL") => Ok(DltReader::Database),
        Some(_) => {
            Err("dlt's reader of databases has no SSH tunnel, and this source is reached through one.".to_owned())
        }
    }
}

/// What the engine is not told of the plan.
fn notes(engine: HandOffEngine, input: &HandOffInput<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Trigger::Cron(cron) = &input.plan.trigger {
        let cron_text = format!("{} ({})", cron.expression, cron.zone);
        match engine {
            HandOffEngine::AirbyteApi | HandOffEngine::AirbyteTerraform => {
                if airbyte_cron(cron).is_none() {
                    notes.push(format!("Airbyte's schedules cannot say {cron_text}, a day of the month and one of the week: the connection is made to be started by hand."));
                }
            }
            HandOffEngine::Meltano => {
                notes.push(format!("Schedules of Meltano have no time zone: {} counts in the zone of whatever runs it, here it was {}.", cron.expression, cron.zone));
            }
            HandOffEngine::Dlt | HandOffEngine::PyAirbyte | HandOffEngine::Protocol => {
                notes.push(format!(
                    "The schedule {cron_text} is not in the files: whatever starts the program has to keep it."
                ));
            }
        }
    }
    let whole = input.plan.enabled().filter(|choice| choice.sync_type == SyncType::Incremental);
    let whole: Vec<String> =
        whole.filter(|choice| input.cursor(choice).is_none()).map(StreamChoice::full_name).collect();
    if !whole.is_empty() && matches!(engine, HandOffEngine::Meltano | HandOffEngine::Dlt) {
        notes.push(format!(
            "Read whole each time, because no column is chosen by which what is new is found: {}.",
            whole.join(", ")
        ));
    }
    let picks = input.plan.enabled().any(|choice| !choice.extract_all_fields);
    if picks && matches!(engine, HandOffEngine::PyAirbyte | HandOffEngine::Protocol) {
        notes.push(
            "All fields of the chosen streams are read: neither PyAirbyte nor the protocol can leave some out."
                .to_owned(),
        );
    }
    notes
}
