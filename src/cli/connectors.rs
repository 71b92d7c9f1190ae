//! `connectors`: the catalogue, and specifications of other makers.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{ExitResult, check_specs, import, install, out};
use crate::connectors::{Connector, Connectors};
use crate::engines::install::InstallFolders;

#[derive(clap::Subcommand)]
pub(super) enum ConnectorsCommand {
    /// List all connectors, built in and imported
    List(ListArgs),
    /// Install a real connector in an environment of its own, so that it can be checked and read here
    Install(install::InstallArgs),
    /// Bring installed connectors to the newest version of their range
    Upgrade(install::UpgradeArgs),
    /// Remove an installed connector
    Remove(install::RemoveArgs),
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
    /// Only what was installed, with versions and sizes
    #[arg(long)]
    installed: bool,
}

pub(super) fn run(command: ConnectorsCommand) -> ExitResult {
    match command {
        ConnectorsCommand::List(args) if args.installed => install::list(args.json),
        ConnectorsCommand::List(args) => list(&args),
        ConnectorsCommand::Install(args) => install::install(&args),
        ConnectorsCommand::Upgrade(args) => install::upgrade(&args),
        ConnectorsCommand::Remove(args) => install::remove(&args),
        ConnectorsCommand::Import(args) => import::run(args),
        ConnectorsCommand::CheckSpecs(args) => check_specs::run(&args),
    }
}

fn list(args: &ListArgs) -> ExitResult {
    let config = super::settings()?;
    let installed = InstallFolders::of(&config.storage.data_dir);
    let connectors = Connectors::load_with(Some(&installed.files), config.connectors.dir.as_deref())?;
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
    match (connector.is_custom, &connector.file.installed) {
        (false, _) => "built in",
        (true, Some(_)) => "installed",
        (true, None) => "imported",
    }
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
