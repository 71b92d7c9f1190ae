//! `connectors upgrade`, `remove`, `list --installed`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::add::tell;
use super::ports::{ProgressLine, Workshop, megabytes, shown};
use crate::cli::{ExitResult, Unfit, doctor, out};
use crate::features::catalogue::installing::{
    InstallOrder, InstalledConnector, RUNNER, Upgrade, find_installed, installed, order_to_upgrade,
    remove as take_away, upgrade as bring_up, upgrade_runner,
};
use crate::features::connections;
use crate::platform::config::Config;

#[derive(clap::Args)]
pub(in crate::cli) struct UpgradeArgs {
    /// The connector, or airbyte-cdk for what runs manifests
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    name: Option<String>,
    /// Everything that is installed
    #[arg(long)]
    all: bool,
    /// Take the versions from a newer registry of connectors than the one built in
    #[arg(long, value_name = "URL|FILE")]
    registry: Option<String>,
    /// The program to use as Python, instead of looking for one that fits
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(in crate::cli) struct RemoveArgs {
    /// The connector
    name: String,
    /// Also while connections use it
    #[arg(long)]
    force: bool,
}

pub(in crate::cli) fn upgrade(args: &UpgradeArgs) -> ExitResult {
    let workshop = Workshop::open(args.registry.as_deref())?;
    let mut failed = false;
    let wanted = match &args.name {
        Some(name) if name == RUNNER => Vec::new(),
        Some(name) => vec![find_installed(&workshop.installer, name).map_err(shown)?],
        None => installed(&workshop.installer),
    };
    let has_manifests = wanted.iter().any(|one| one.block.manifest_from.is_some());
    if args.name.as_deref() == Some(RUNNER) || (args.all && has_manifests) {
        failed |= said(RUNNER, upgrade_shared(args, &workshop));
    }
    if args.all && wanted.is_empty() {
        out::line("Nothing is installed.");
    }
    for one in wanted {
        failed |= said(&one.block.name, upgrade_one(args, &workshop, &one));
    }
    Ok(ExitCode::from(u8::from(failed)))
}

/// Says that something failed; the others are done all the same.
fn said(name: &str, done: anyhow::Result<()>) -> bool {
    done.inspect_err(|error| out::aside(format_args!("{name}: stays as it is: {error:#}"))).is_err()
}

/// What is wanted of the connector that is there.
fn order_of(args: &UpgradeArgs, workshop: &Workshop, one: &InstalledConnector) -> anyhow::Result<InstallOrder> {
    let order = workshop.block_on(order_to_upgrade(&workshop.client, &workshop.table, one))?;
    Ok(InstallOrder { python_program: args.python.clone(), ..order })
}

fn upgrade_one(args: &UpgradeArgs, workshop: &Workshop, one: &InstalledConnector) -> anyhow::Result<()> {
    let order = order_of(args, workshop, one)?;
    if order.package.licence != one.block.licence {
        return Err(Unfit(format!(
            "its licence is {} now and was {}: install it anew with `vestibule connectors install {} --force` to agree to it",
            order.package.licence, one.block.licence, one.block.name
        ))
        .into());
    }
    let done = {
        let progress = ProgressLine::new();
        workshop.block_on(bring_up(&workshop.ports(&progress), one, &order))?
    };
    match done {
        Upgrade::Same(now) => {
            let version = now.file.installed.as_ref().map(|block| block.version.as_str()).unwrap_or_default();
            out::line(format_args!("{}: {version} is the newest of its range already.", one.block.name));
        }
        Upgrade::Newer { before, now } => {
            out::line(format_args!("{}: was {before}", one.block.name));
            tell(&now, workshop);
        }
    }
    Ok(())
}

fn upgrade_shared(args: &UpgradeArgs, workshop: &Workshop) -> anyhow::Result<()> {
    let own = installed(&workshop.installer).into_iter().find(|one| one.block.manifest_from.is_some());
    let package =
        own.map(|one| one.package()).ok_or_else(|| anyhow::anyhow!("no connector that is a manifest is installed"))?;
    let order = InstallOrder { python_program: args.python.clone(), ..InstallOrder::of(package, None) };
    let (before, now) = {
        let progress = ProgressLine::new();
        workshop.block_on(upgrade_runner(&workshop.ports(&progress), &order))?
    };
    if before == now {
        out::line(format_args!("{RUNNER}: {now} is the newest of its range already."));
    } else {
        out::line(format_args!("{RUNNER}: {now}, was {before}; all manifests run with it from now on."));
    }
    Ok(())
}

pub(in crate::cli) fn remove(args: &RemoveArgs) -> ExitResult {
    let workshop = Workshop::open(None)?;
    let one = find_installed(&workshop.installer, &args.name).map_err(shown)?;
    if !args.force {
        refuse_in_use(&workshop.config, &one)?;
    }
    let bytes = take_away(&workshop.installer, &one).map_err(shown)?;
    let rest = if bytes == 0 {
        "its environment stays, because others use it".to_owned()
    } else {
        format!("{} are free", megabytes(bytes))
    };
    out::line(format_args!("{} {} is removed; {rest}.", one.block.name, one.block.version));
    if workshop.built_in.find(one.file.kind, &one.file.slug).is_some() {
        out::line(format_args!("{} {} is the built-in one again.", one.file.kind.as_str(), one.file.slug));
    }
    Ok(ExitCode::SUCCESS)
}

fn refuse_in_use(config: &Config, one: &InstalledConnector) -> anyhow::Result<()> {
    let uses = match doctor::open(config)
        .and_then(|conn| Ok(conn.map(|mut conn| connections::count_by_connector(&mut conn)).transpose()?))
    {
        Ok(uses) => uses.unwrap_or_default(),
        Err(error) => {
            return Err(Unfit(format!(
                "whether connections use {} cannot be seen from here ({error:#}); --force removes it all the same",
                one.block.name
            ))
            .into());
        }
    };
    let count = uses.get(&(one.file.kind, one.file.slug.clone())).copied().unwrap_or_default();
    if count == 0 {
        return Ok(());
    }
    let connections = out::count(usize::try_from(count).unwrap_or(usize::MAX), "connection uses", "connections use");
    Err(Unfit(format!(
        "{connections} {}; --force removes it all the same, and keeps what was filled in",
        one.block.name
    ))
    .into())
}

/// What is installed, with sizes.
pub(in crate::cli) fn list(as_json: bool) -> ExitResult {
    let workshop = Workshop::open(None)?;
    let all = installed(&workshop.installer);
    let environments = workshop.installer.list();
    let is_used = |reference: &str| {
        all.iter().any(|one| one.environment.as_ref().is_some_and(|own| own.reference() == reference))
    };
    let others: Vec<_> = environments.iter().filter(|one| !is_used(&one.reference())).collect();
    if as_json {
        let connectors: Vec<Value> = all.iter().map(described).collect();
        let rest: Vec<Value> =
            others.iter().map(|one| json!({"environment": one.reference(), "bytes": one.record.bytes})).collect();
        out::line(format_args!("{:#}", json!({"connectors": connectors, "other_environments": rest})));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let rest = others.iter().map(|one| {
        let what = "no connector uses it now; the next upgrade or removal takes it away".to_owned();
        vec![
            one.name.clone(),
            one.record.version.clone(),
            megabytes(one.record.bytes),
            format!("Python {}", one.record.python),
            what,
        ]
    });
    rows.extend(rest);
    if rows.is_empty() {
        out::line("Nothing is installed. `vestibule connectors install NAME` installs a connector.");
    }
    out::table(&rows);
    Ok(ExitCode::SUCCESS)
}

fn row(one: &InstalledConnector) -> Vec<String> {
    let (size, python) = match &one.environment {
        Some(environment) => (megabytes(environment.record.bytes), format!("Python {}", environment.record.python)),
        None => ("gone".to_owned(), "install it anew".to_owned()),
    };
    let by = if one.block.manifest_from.is_some() { " (a manifest; environment shared)" } else { "" };
    vec![one.block.name.clone(), one.block.version.clone(), size, python, format!("{}{by}", one.file.name)]
}

fn described(one: &InstalledConnector) -> Value {
    json!({
        "name": one.block.name,
        "kind": one.file.kind.as_str(),
        "slug": one.file.slug,
        "version": one.block.version,
        "licence": one.block.licence,
        "manifest_from": one.block.manifest_from,
        "environment": one.environment.as_ref().map(crate::engines::install::InstalledEnvironment::reference),
        "python": one.environment.as_ref().map(|environment| environment.record.python.clone()),
        "bytes": one.environment.as_ref().map(|environment| environment.record.bytes),
        "file": one.path.display().to_string(),
    })
}
