//! `connectors`: the catalogue, and specifications of other makers.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{ExitResult, check_specs, import, out};
use crate::connectors::{Connector, Connectors};

#[derive(clap::Subcommand)]
pub(super) enum ConnectorsCommand {
    /// List all connectors, built in and imported
    List(ListArgs),
    /// Make connector files of specifications: `spec` messages, manifests, JSON Schemas, a registry
    Import(import::ImportArgs),
    /// Try every specification of a file or folder as a form and report what it cannot carry
    CheckSpecs(check_specs::CheckSpecsArgs),
}

#[derive(clap::Args)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: ConnectorsCommand) -> ExitResult {
    match command {
        ConnectorsCommand::List(args) => list(&args),
        ConnectorsCommand::Import(args) => import::run(args),
        ConnectorsCommand::CheckSpecs(args) => check_specs::run(&args),
    }
}

fn list(args: &ListArgs) -> ExitResult {
    let config = super::settings()?;
    let connectors = Connectors::load(config.connectors.dir.as_deref())?;
    if args.json {
        let all: Vec<Value> = connectors.all().iter().map(|one| described(one)).collect();
        out::line(format_args!("{:#}", Value::Array(all)));
    } else {
        let row = |one: &Connector| {
            vec![one.file.kind.as_str().to_owned(), one.file.slug.clone(), from(one).to_owned(), one.file.name.clone()]
        };
        out::table(&connectors.all().iter().map(|one| row(one)).collect::<Vec<_>>());
    }
    let faults = connectors.faults();
    for fault in &faults {
        out::aside(format_args!("left out: {}: {}", fault.place(), fault.reason));
    }
    Ok(ExitCode::from(u8::from(!faults.is_empty())))
}

fn from(connector: &Connector) -> &'static str {
    if connector.is_custom { "imported" } else { "built in" }
}

fn described(connector: &Connector) -> Value {
    let file = &connector.file;
    let notes: Vec<String> =
        connector.spec.notes().iter().map(|note| format!("{}: {}", note.path.dot(), note.reason)).collect();
    json!({
        "kind": file.kind.as_str(),
        "slug": file.slug,
        "name": file.name,
        "category": file.category,
        "from": from(connector),
        "documentation_url": file.documentation_url,
        "not_carried": notes,
    })
}
