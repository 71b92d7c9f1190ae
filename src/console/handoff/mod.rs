//! Hand-off: a finalised source as configuration of an engine that people run themselves. Secrets are never in it: every one becomes
//! a reference that the engine resolves, and the list of references says what has to be put there.
//!
//! Invariant: what is written here is made from the plain values and the *paths* of secrets; no secret is opened.

mod airbyte;
pub mod api;
mod dlt;
mod meltano;
pub mod pages;
mod references;

use crate::base::text_column::text_enum;
use crate::connectors::Connector;
use crate::features::connections::Connection;
use crate::features::streams::Plan;

pub use references::Reference;

text_enum! {
    /// An engine a source can be handed to.
    pub enum Engine {
        /// The body of a request to Airbyte's API.
        AirbyteApi = "airbyte" => "Airbyte, API",
        /// Airbyte by Terraform.
        AirbyteTerraform = "terraform" => "Airbyte, Terraform",
        /// Meltano, and so any Singer tap.
        Meltano = "meltano" => "Meltano or Singer",
        /// dlt.
        Dlt = "dlt" => "dlt",
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
pub struct Subject<'a> {
    /// The source.
    pub connection: &'a Connection,
    /// Its connector.
    pub connector: &'a Connector,
    /// What is read.
    pub plan: &'a Plan,
}

/// A source as configuration of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOff {
    /// The files.
    pub files: Vec<HandOffFile>,
    /// Which secrets have to be put where.
    pub references: Vec<Reference>,
}

impl Engine {
    /// What to do with the files, in one sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AirbyteApi => {
                "Replace every ${NAME} by its value (envsubst does), then send source.json to POST /v1/sources and connection.json to POST /v1/connections with the ids you get."
            }
            Self::AirbyteTerraform => "Give the variables, for instance as TF_VAR_name in the environment, then apply.",
            Self::Meltano => "Put the secrets into the environment or into .env beside meltano.yml.",
            Self::Dlt => "Put the secrets into the environment or into .dlt/secrets.toml, then run the pipeline.",
        }
    }
}

/// Makes the files.
pub fn hand_off(engine: Engine, subject: &Subject<'_>) -> HandOff {
    let style = match engine {
        Engine::AirbyteApi | Engine::Meltano => references::Style::Shell,
        Engine::AirbyteTerraform => references::Style::Terraform,
        Engine::Dlt => references::Style::Dlt,
    };
    let (config, references) = references::config(subject, style);
    let files = match engine {
        Engine::AirbyteApi => airbyte::api(subject, config),
        Engine::AirbyteTerraform => airbyte::terraform(subject, &config, &references),
        Engine::Meltano => meltano::files(subject, config),
        Engine::Dlt => dlt::files(subject, &config, &references),
    };
    HandOff { files, references }
}
