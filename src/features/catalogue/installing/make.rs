//! One connector, from its package or manifest to the file that is taken in.

use std::path::Path;

use serde_json::Value;

use super::{InstallOrder, InstallOutcome, InstallPorts, RUNNER, refused, version_of_manifest};
use crate::connectors::import::{ImportHints, Imported, installed_onto, own_code, read_program, write_file};
use crate::connectors::{
    AirbyteBlock, Connector, ConnectorFile, DltBlock, InstallablePackage, InstalledBlock, Kind, LimitsBlock,
    LoaderKind, PackageWay, PythonPackage, RegistryBlock, RuntimeBlock,
};
use crate::engines::install::{BuiltEnvironment, InstallError, InstalledEnvironment, PythonRange, WantedEnvironment};
use crate::engines::{SPEC_LIMIT, is_dump};
use crate::schema::form::{KnownValues, missing_required};
use crate::schema::spec::Spec;

/// The program that runs manifests.
const MANIFEST_RUNNER: &str = "source-declarative-manifest";

/// What a program said of its settings, kept beside its packages.
const SPEC: &str = "spec.json";

/// Installs a connector.
///
/// # Errors
/// Why not, in words for the operator; nothing is used of what was begun.
pub async fn install(ports: &InstallPorts<'_>, order: &InstallOrder) -> Result<InstallOutcome, InstallError> {
    match &order.package.way {
        PackageWay::Python(package) => of_python(ports, order, package).await,
        PackageWay::Manifest { .. } => of_manifest(ports, order).await,
        PackageWay::Image(image) => Err(refused(only_an_image(order, image))),
        PackageWay::Loader { package, destination } => of_loader(ports, order, package, *destination).await,
    }
}

fn only_an_image(order: &InstallOrder, image: &str) -> String {
    let (kind, slug) = (order.package.kind.as_str(), &order.package.slug);
    format!(
        "{} is published as a container image and not as a Python package, so it needs an engine for containers: set VESTIBULE_CONTAINER_ENGINE \
         and add it with `vestibule connectors import --image {image} --kind {kind} --slug {slug} --force`.",
        order.package.name
    )
}

/// What is wanted of a Python package.
pub(super) fn wanted(
    name: &str,
    package: &PythonPackage,
    order: &InstallOrder,
) -> Result<WantedEnvironment, InstallError> {
    let versions = order.versions.as_ref().unwrap_or(&package.versions);
    let is_fine = versions.starts_with(['=', '>', '<', '~', '!'])
        && versions.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=<>~!.,*+- ".contains(&byte));
    if !is_fine {
        return Err(refused(format!("{versions:?} is no range of versions: write ==7.2.1, or >=7.2,<8.")));
    }
    let python = PythonRange::parse(&package.python)
        .ok_or_else(|| refused(format!("{:?} is no range of versions of Python.", package.python)))?;
    Ok(WantedEnvironment {
        name: name.to_owned(),
        requirements: vec![format!("{}{versions}", package.package)],
        python,
        python_program: order.python_program.clone(),
        lock_file: order.lock_file.clone(),
    })
}

fn limits_of(order: &InstallOrder) -> Option<LimitsBlock> {
    let limits = order.limits.clone().or(order.package.limits.clone().unwrap_or_default());
    Some(limits).filter(|limits| *limits != LimitsBlock::default())
}

async fn of_python(
    ports: &InstallPorts<'_>,
    order: &InstallOrder,
    package: &PythonPackage,
) -> Result<InstallOutcome, InstallError> {
    let name = &order.package.name;
    let wanted = wanted(name, package, order)?;
    let built = ports.installer.build(&wanted, ports.tell).await?;
    let program = program_of(&built, name, &package.package)?;
    let limits = limits_of(order);
    let command = built.command(&program).unwrap_or_default();
    let spec = match kept_spec(ports, &built) {
        Some(spec) => spec,
        None => ask(ports, order, AirbyteBlock { command, limits: limits.clone(), ..AirbyteBlock::default() }).await?,
    };
    built.keep(SPEC, spec.to_string().as_bytes())?;
    let block = AirbyteBlock {
        command: vec![program],
        environment: Some(built.reference()),
        limits,
        ..AirbyteBlock::default()
    };
    let installed = InstalledBlock {
        name: name.clone(),
        requirement: wanted.requirements.concat(),
        python: package.python.clone(),
        version: built.record().version.clone(),
        licence: order.package.licence.clone(),
        manifest_from: None,
    };
    let mut outcome = file_of(ports, order, &ProgramAnswer { spec, block, installed })?;
    let environment = built.place()?;
    (outcome.environment, outcome.bytes) = (environment.reference(), environment.record.bytes);
    write(ports, outcome)
}

async fn of_manifest(ports: &InstallPorts<'_>, order: &InstallOrder) -> Result<InstallOutcome, InstallError> {
    let manifest = order.manifest.as_ref().ok_or_else(|| refused("A manifest is needed."))?;
    let classes = own_code(&manifest.document);
    if !classes.is_empty() && order.components.is_none() {
        return Err(refused(format!(
            "The manifest uses Python code that is not in it: {}. Whoever trusts its maker gives the file with that code by \
             --allow-components FILE; it then runs like any program.",
            classes.join(", ")
        )));
    }
    let (environment, built) = runner(ports, order).await?;
    let limits = limits_of(order);
    let mut block = AirbyteBlock {
        manifest: Some(manifest.document.clone()),
        components: order.components.clone(),
        limits,
        ..AirbyteBlock::default()
    };
    match (&environment, &built) {
        (Some(environment), _) => {
            (block.command, block.environment) = (vec![MANIFEST_RUNNER.to_owned()], Some(environment.reference()));
        }
        (None, Some(built)) => block.command = built.command(MANIFEST_RUNNER).unwrap_or_default(),
        (None, None) => {}
    }
    // That it answers shows that it runs; what a manifest asks for stands in the manifest, and the runner knows nothing of it.
    ask(ports, order, block.clone()).await?;
    if let Some(built) = &built {
        (block.command, block.environment) = (vec![MANIFEST_RUNNER.to_owned()], Some(built.reference()));
    }
    let runner = ports.table.runner();
    let installed = InstalledBlock {
        name: order.package.name.clone(),
        requirement: runner.requirement(),
        python: runner.python.clone(),
        version: version_of_manifest(&manifest.document),
        licence: order.package.licence.clone(),
        manifest_from: Some(manifest.from.clone()),
    };
    let mut outcome = file_of(ports, order, &ProgramAnswer { spec: manifest.document.clone(), block, installed })?;
    outcome.is_shared = environment.is_some();
    let environment = match (environment, built) {
        (Some(environment), _) => environment,
        (None, Some(built)) => built.place()?,
        (None, None) => return Err(refused("There is no environment that runs manifests.")),
    };
    (outcome.environment, outcome.bytes) = (environment.reference(), environment.record.bytes);
    write(ports, outcome)
}

/// The loader of a destination: what asks for its details is built in, and stays.
async fn of_loader(
    ports: &InstallPorts<'_>,
    order: &InstallOrder,
    package: &PythonPackage,
    destination: LoaderKind,
) -> Result<InstallOutcome, InstallError> {
    let InstallablePackage { name, kind, slug, licence, .. } = &order.package;
    let there =
        ports.built_in.find(*kind, slug).ok_or_else(|| refused(format!("There is no destination {slug} here.")))?;
    let wanted = wanted(name, package, order)?;
    let built = ports.installer.build(&wanted, ports.tell).await?;
    (ports.tell)("Asking dlt whether everything is there");
    let python = built.command("python").and_then(|command| command.into_iter().next()).unwrap_or_default();
    let tried = ports.engines.try_loader(Path::new(&python), destination).await;
    tried.map_err(|failure| InstallError {
        message: format!("{name} was installed and does not begin, so nothing of it is kept. {}", failure.message),
        detail: failure.detail,
        is_busy: false,
    })?;
    let mut file = there.file.clone();
    file.runtime = Some(RuntimeBlock::Dlt(Box::new(DltBlock {
        destination,
        environment: built.reference(),
        limits: limits_of(order),
    })));
    file.installed = Some(InstalledBlock {
        name: name.clone(),
        requirement: wanted.requirements.concat(),
        python: package.python.clone(),
        version: built.record().version.clone(),
        licence: licence.clone(),
        manifest_from: None,
    });
    let environment = built.place()?;
    let outcome = InstallOutcome {
        path: std::path::PathBuf::new(),
        environment: environment.reference(),
        bytes: environment.record.bytes,
        is_shared: false,
        kept: Vec::new(),
        notes: Vec::new(),
        asked_anew: Vec::new(),
        file,
    };
    write(ports, outcome)
}

/// The environment that manifests share: the one that is there, or a new one that has no place yet.
async fn runner(
    ports: &InstallPorts<'_>,
    order: &InstallOrder,
) -> Result<(Option<InstalledEnvironment>, Option<BuiltEnvironment>), InstallError> {
    let there = ports.installer.list().into_iter().rfind(|one| one.name == RUNNER && one.python().exists());
    if there.is_some() && order.versions.is_none() && order.lock_file.is_none() {
        return Ok((there, None));
    }
    let wanted = wanted(RUNNER, ports.table.runner(), order)?;
    Ok((None, Some(ports.installer.build(&wanted, ports.tell).await?)))
}

/// The program of a package: by the connector's name, or the only one of its kind.
fn program_of(built: &BuiltEnvironment, name: &str, package: &str) -> Result<String, InstallError> {
    let kinds = [Kind::Source, Kind::Destination].map(|kind| format!("{}-", kind.as_str()));
    let mut programs: Vec<String> = kinds.iter().flat_map(|kind| built.programs(kind)).collect();
    programs.retain(|program| program != MANIFEST_RUNNER);
    match programs.as_slice() {
        programs if programs.iter().any(|program| program == name) => Ok(name.to_owned()),
        [one] => Ok(one.clone()),
        _ => Err(refused(format!("The package {package} brings no program {name}, so nothing of it is kept."))),
    }
}

/// What the program of the same packages answered before: some take half a minute to begin.
fn kept_spec(ports: &InstallPorts<'_>, built: &BuiltEnvironment) -> Option<Value> {
    let path = ports.installer.folders().environments.join(built.reference()).join(SPEC);
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Asks the program for its settings.
async fn ask(ports: &InstallPorts<'_>, order: &InstallOrder, block: AirbyteBlock) -> Result<Value, InstallError> {
    let limit = block.limits.as_ref().and_then(|limits| limits.question_seconds);
    let limit = limit.map_or(SPEC_LIMIT, std::time::Duration::from_secs);
    (ports.tell)(&format!("Asking {} for its settings", order.package.name));
    ports.engines.spec(&block, limit).await.map_err(|failure| InstallError {
        message: format!(
            "{} was installed and does not answer the question for its settings, so nothing of it is kept. {}",
            order.package.name, failure.message
        ),
        detail: failure.detail.filter(|detail| !detail.is_empty() && (is_dump(detail) || detail != &failure.message)),
        is_busy: false,
    })
}

/// What a program answered, and how it is run.
struct ProgramAnswer {
    spec: Value,
    block: AirbyteBlock,
    installed: InstalledBlock,
}

/// The connector file: the program's settings, put onto what is built in.
fn file_of(
    ports: &InstallPorts<'_>,
    order: &InstallOrder,
    answer: &ProgramAnswer,
) -> Result<InstallOutcome, InstallError> {
    let package = &order.package;
    let unusable = |reason: String| refused(format!("The settings of {} cannot be used: {reason}", package.name));
    let runtime = RuntimeBlock::Airbyte(Box::new(answer.block.clone()));
    let found = read_program(answer.spec.clone(), &package.name, &runtime).pop();
    let found = found
        .ok_or_else(|| unusable("there are none".to_owned()))?
        .map_err(|unreadable| unusable(unreadable.reason))?;
    let hints = ImportHints {
        kind: Some(package.kind),
        slug: Some(package.slug.clone()),
        name: Some(package.title.clone()).filter(|title| !title.is_empty()),
    };
    let Imported { mut file, notes, sign_in_notes } = found.into_file(&hints).map_err(unusable)?;
    file.installed = Some(answer.installed.clone());
    if file.documentation_url.is_empty() {
        file.documentation_url.clone_from(&package.documentation_url);
    }
    let advised = RegistryBlock { suggested_streams: package.suggested_streams.clone(), ..RegistryBlock::default() };
    file.registry =
        Some(file.registry.unwrap_or_default().or(advised)).filter(|block| *block != RegistryBlock::default());
    let there = ports.built_in.find(package.kind, &package.slug);
    let addition = installed_onto(there.as_ref().map(|there| &there.file), file);
    Connector::new(addition.file.clone(), true).map_err(|error| unusable(format!("{error:#}")))?;
    let asked_anew = there.map(|there| asked_anew(&there.file, &addition.file)).unwrap_or_default();
    let carried = notes.iter().map(|note| format!("not carried by the form: {}: {}", note.path.dot(), note.reason));
    let sign_in = sign_in_notes.iter().map(|note| format!("signing in: {note}"));
    Ok(InstallOutcome {
        path: std::path::PathBuf::new(),
        environment: String::new(),
        bytes: 0,
        is_shared: false,
        kept: addition.kept,
        notes: carried.chain(sign_in).filter(|_| addition.file.mapping.is_none()).collect(),
        asked_anew,
        file: addition.file,
    })
}

/// Fields that one file requires and the other does not.
fn asked_anew(before: &ConnectorFile, after: &ConnectorFile) -> Vec<String> {
    let required = |file: &ConnectorFile| -> Vec<String> {
        let spec = Spec::compile(&file.spec).ok();
        let missing = spec.map(|spec| missing_required(&spec, &KnownValues::default())).unwrap_or_default();
        missing.into_iter().map(|field| field.path.dot()).collect()
    };
    let known = required(before);
    required(after).into_iter().filter(|path| !known.contains(path)).collect()
}

fn write(ports: &InstallPorts<'_>, outcome: InstallOutcome) -> Result<InstallOutcome, InstallError> {
    let path = write_file(&outcome.file, &ports.installer.folders().files, true);
    let path = path.map_err(|error| refused(format!("The connector file could not be written: {error:#}")))?;
    Ok(InstallOutcome { path, ..outcome })
}
