//! `connectors install NAME`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::agreement::agree;
use super::ports::{ProgressLine, Workshop, megabytes, shown};
use crate::cli::{ExitResult, Unfit, out};
use crate::connectors::import::write_file;
use crate::connectors::{InstallablePackage, Kind, LimitsBlock, PackageWay, RuntimeBlock, UnknownPackage};
use crate::features::catalogue::installing::{
    GivenManifest, InstallOrder, InstallOutcome, InstalledConnector, fetch_manifest, find_installed, install,
    is_address, read_manifest,
};

#[derive(clap::Args)]
pub(in crate::cli) struct InstallArgs {
    /// The connector: its name here or its maker's, like facebook-ads or source-facebook-marketing
    name: String,
    /// Agree to the connector's licence, which is shown before anything is installed
    #[arg(long, alias = "accept-license")]
    accept_licence: bool,
    /// Take what can be installed from a newer registry of connectors than the one built in
    #[arg(long, value_name = "URL|FILE")]
    registry: Option<String>,
    /// Take the connector's manifest from here
    #[arg(long, value_name = "URL|FILE")]
    manifest: Option<String>,
    /// Allow the Python code in this file, which the manifest uses; it then runs like any program
    #[arg(long, value_name = "FILE")]
    allow_components: Option<PathBuf>,
    /// Other versions than those that were tried, like ==7.2.1 or >=7,<8; of a manifest, those of its runner
    #[arg(long = "version-range", value_name = "RANGE")]
    versions: Option<String>,
    /// Install exactly what this list names, by its hashes (each environment keeps its own as requirements.lock)
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// The program to use as Python, instead of looking for one that fits
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// What it may use, where that differs from the usual: memory_mb, cpu_seconds, question_seconds, open_files, file_mb
    #[arg(long = "limit", value_name = "NAME=NUMBER")]
    limits: Vec<String>,
    /// Install it anew although it is installed
    #[arg(long)]
    force: bool,
}

pub(in crate::cli) fn run(args: &InstallArgs) -> ExitResult {
    let limits = limits(&args.limits)?;
    let workshop = Workshop::open(args.registry.as_deref())?;
    let package = package(args, &workshop)?;
    if let Some(there) = there(args, &workshop, &package) {
        return keep(&there, &limits, &workshop);
    }
    if let PackageWay::Image(image) = &package.way {
        return Err(Unfit(only_an_image(&package, image)).into());
    }
    let is_own = args.manifest.as_deref().is_some_and(|from| !is_address(from)) && package.licence.is_empty();
    if !is_own {
        agree(&package, workshop.table.runner(), args.accept_licence)?;
    }
    let order = InstallOrder {
        manifest: manifest(args, &workshop, &package)?,
        components: args.allow_components.as_deref().map(read_code).transpose()?,
        versions: args.versions.clone(),
        limits,
        python_program: args.python.clone(),
        lock_file: args.lock.as_deref().map(std::path::absolute).transpose()?,
        package,
    };
    let outcome = {
        let progress = ProgressLine::new();
        workshop.block_on(install(&workshop.ports(&progress), &order))?
    };
    tell(&outcome, &workshop);
    Ok(ExitCode::SUCCESS)
}

/// Limits as they are written after `--limit`.
pub(super) fn limits(said: &[String]) -> anyhow::Result<LimitsBlock> {
    let mut limits = LimitsBlock::default();
    for one in said {
        let parts = one.split_once('=').and_then(|(name, number)| Some((name, number.trim().parse().ok()?)));
        let (name, number) = parts
            .ok_or_else(|| Unfit(format!("--limit {one}: write a name and a whole number, like memory_mb=8192")))?;
        limits.set(name.trim(), number).map_err(|reason| Unfit(format!("--limit {one}: {reason}")))?;
    }
    Ok(limits)
}

/// The row that is meant; one that is made up for a manifest of the operator's own.
fn package(args: &InstallArgs, workshop: &Workshop) -> anyhow::Result<InstallablePackage> {
    let way = |from: &String| PackageWay::Manifest { url: from.clone(), version: String::new() };
    match (workshop.table.find(&args.name), &args.manifest) {
        (Ok(found), Some(from)) if matches!(found.way, PackageWay::Manifest { .. }) => {
            let mut package = found.clone();
            if is_address(from) {
                package.way = way(from);
            }
            Ok(package)
        }
        (Ok(found), None) => Ok(found.clone()),
        (Ok(_) | Err(_), Some(from)) => own_package(&args.name, way(from)),
        (Err(_), None) if args.name.trim().eq_ignore_ascii_case("dlt") => {
            let loaders = workshop.table.all().filter(|row| matches!(row.way, PackageWay::Loader { .. }));
            let names: Vec<&str> = loaders.map(|row| row.name.as_str()).collect();
            let words = format!("dlt is installed with what a destination needs, so name one: {}", names.join(", "));
            Err(Unfit(words).into())
        }
        (Err(UnknownPackage { near }), None) => {
            let near = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(", ")) };
            Err(Unfit(format!(
                "nothing that can be installed is called {}.{near} A manifest of your own is given with --manifest, a newer list with --registry",
                args.name
            ))
            .into())
        }
    }
}

fn own_package(name: &str, way: PackageWay) -> anyhow::Result<InstallablePackage> {
    let bare = name.trim().to_lowercase();
    let slug = bare.strip_prefix("source-").unwrap_or(&bare).to_owned();
    let is_slug = !slug.is_empty()
        && slug.len() <= 60
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !is_slug {
        return Err(
            Unfit(format!("{name} is no name of a connector: use lower-case letters, digits and dashes")).into()
        );
    }
    Ok(InstallablePackage {
        name: format!("source-{slug}"),
        title: String::new(),
        kind: Kind::Source,
        slug,
        way,
        licence: String::new(),
        documentation_url: String::new(),
        suggested_streams: Vec::new(),
        limits: None,
    })
}

fn only_an_image(package: &InstallablePackage, image: &str) -> String {
    let (kind, slug) = (package.kind.as_str(), &package.slug);
    format!(
        "{} is published as a container image only, so it needs an engine for containers: set VESTIBULE_CONTAINER_ENGINE (like docker) and \
         add it with `vestibule connectors import --image {image} --kind {kind} --slug {slug} --force`",
        package.name
    )
}

fn manifest(
    args: &InstallArgs,
    workshop: &Workshop,
    package: &InstallablePackage,
) -> anyhow::Result<Option<GivenManifest>> {
    let PackageWay::Manifest { url, .. } = &package.way else { return Ok(None) };
    match &args.manifest {
        Some(from) if !is_address(from) => read_manifest(Path::new(from)).map(Some).map_err(shown),
        from => {
            let fetched = workshop.block_on(fetch_manifest(&workshop.client, from.as_ref().unwrap_or(url)));
            fetched.map(Some).map_err(|error| {
                anyhow::anyhow!(
                    "{error} Fetch the manifest where there is a way to it, and give it with --manifest FILE."
                )
            })
        }
    }
}

fn read_code(path: &Path) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(path).map_err(|error| Unfit(format!("{} cannot be read: {error}", path.display())))?)
}

/// The one that is installed already and can be used as it is.
fn there(args: &InstallArgs, workshop: &Workshop, package: &InstallablePackage) -> Option<InstalledConnector> {
    let is_asked_anew = args.force || args.versions.is_some() || args.lock.is_some() || args.manifest.is_some();
    let found = find_installed(&workshop.installer, &package.name).ok().filter(|_| !is_asked_anew)?;
    found.environment.is_some().then_some(found)
}

/// It stays; only its limits may change.
fn keep(there: &InstalledConnector, limits: &LimitsBlock, workshop: &Workshop) -> ExitResult {
    let (name, version) = (&there.block.name, &there.block.version);
    if *limits == LimitsBlock::default() {
        out::line(format_args!(
            "{name} {version} is installed already; `vestibule connectors upgrade {name}` looks for a newer version, --force installs it anew."
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let mut file = there.file.clone();
    let limits = Some(limits.clone().or(there.limits()));
    match &mut file.runtime {
        Some(RuntimeBlock::Airbyte(block)) => block.limits = limits,
        Some(RuntimeBlock::Dlt(block)) => block.limits = limits,
        _ => {}
    }
    write_file(&file, &workshop.installer.folders().files, true)?;
    out::line(format_args!("{name} {version} is installed already and has other limits from now on."));
    Ok(ExitCode::SUCCESS)
}

/// What was done.
pub(super) fn tell(outcome: &InstallOutcome, workshop: &Workshop) {
    let file = &outcome.file;
    let version = file.installed.as_ref().map(|block| block.version.as_str()).unwrap_or_default();
    out::line(format_args!("{} {} {version}: {}", file.kind.as_str(), file.slug, outcome.path.display()));
    let shared = if outcome.is_shared { ", which was there already and is shared" } else { "" };
    out::line(format_args!("    environment: {}, {}{shared}", outcome.environment, megabytes(outcome.bytes)));
    if !outcome.kept.is_empty() {
        out::line(format_args!("    kept of the one that is built in: {}", outcome.kept.join(", ")));
    }
    if !outcome.asked_anew.is_empty() {
        out::line(format_args!(
            "    asked from now on and not before: {} (drafts that have no answer to it are not complete any more)",
            outcome.asked_anew.join(", ")
        ));
    }
    outcome.notes.iter().for_each(|note| out::line(format_args!("    {note}")));
    if workshop.is_overridden(file) {
        out::line(format_args!(
            "    VESTIBULE_CONNECTORS_DIR has a file of its own for {} {}, and that one counts: take it away there to use what was installed",
            file.kind.as_str(),
            file.slug
        ));
    }
    out::line("A running server takes it in within a few seconds.");
}
