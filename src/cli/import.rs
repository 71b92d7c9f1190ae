//! `connectors import`: specifications of other makers become connector files.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::rt::System;
use anyhow::Context as _;

use super::{ExitResult, Unfit, out};
use crate::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use crate::base::rng::Rng;
use crate::connectors::import::{FoundSpec, ImportHints, Unreadable, onto, read_path, read_program, write_file};
use crate::connectors::{AirbyteBlock, Connector, ConnectorFile, Connectors, Kind, RuntimeBlock};
use crate::engines::{Engines, SPEC_LIMIT};
use crate::features::connections;
use crate::platform::app::engine_settings;
use crate::platform::config::{Config, Environment};

#[derive(clap::Args)]
pub(super) struct ImportArgs {
    /// A file, or a folder of files: a specification (JSON or YAML), a `spec` message, a manifest, a whole registry
    #[arg(required_unless_present_any = ["exec", "image"], conflicts_with_all = ["exec", "image"])]
    path: Option<PathBuf>,
    /// An installed connector that speaks the Airbyte protocol, with its own arguments if it needs some; it is asked for its specification
    #[arg(long, num_args = 1.., value_name = "PROGRAM", conflicts_with = "image")]
    exec: Vec<String>,
    /// The same for a connector kept as a container image (needs VESTIBULE_CONTAINER_ENGINE)
    #[arg(long)]
    image: Option<String>,
    /// The folder to write to; without it VESTIBULE_CONNECTORS_DIR
    #[arg(long)]
    dir: Option<PathBuf>,
    /// source or destination, when the document does not say it
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Short name in addresses, like corner-shop (for a single specification)
    #[arg(long)]
    slug: Option<String>,
    /// Name for people (for a single specification)
    #[arg(long)]
    name: Option<String>,
    /// Write over files that an earlier import has made; what they have beside the specification is kept
    #[arg(long)]
    force: bool,
    /// Take connectors as they come, also those that are built in or were imported before: nothing of those is kept
    #[arg(long)]
    replace: bool,
}

fn kind(text: &str) -> Result<Kind, &'static str> {
    Kind::parse(text).ok_or("write source or destination")
}

pub(super) fn run(args: ImportArgs) -> ExitResult {
    let dir = target(args.dir.as_deref())?;
    let found = match &args.path {
        Some(path) => read_path(path),
        None => ask(AirbyteBlock { command: args.exec.clone(), image: args.image.clone(), ..AirbyteBlock::default() })?,
    };
    if (args.slug.is_some() || args.name.is_some()) && found.len() != 1 {
        return Err(Unfit(format!("--slug and --name name one connector, but {} were found", found.len())).into());
    }
    let wish = ImportHints { kind: args.kind, slug: args.slug, name: args.name };
    let there = There::load(&dir)?;
    let mut report = Report::default();
    for one in found {
        match one {
            Ok(spec) => {
                report.take(spec, &wish, &Target { dir: &dir, there: &there, force: args.force, replace: args.replace })
            }
            Err(unreadable) => report.refuse(&unreadable.origin, &unreadable.reason),
        }
    }
    report.end(&dir)
}

/// Starts a connector and asks it for its specification.
fn ask(block: AirbyteBlock) -> anyhow::Result<Vec<Result<FoundSpec, Unreadable>>> {
    let config = Config::from_source(&Environment)?;
    let policy = AddressPolicy::with_open(config.connectors.allow.clone());
    let client = GuardedClient::new(policy, Resolver::System, config.mail.extra_ca_file.as_deref())?;
    let engines = Engines::new(engine_settings(&config), client, Rng::System);
    let spec = System::new().block_on(engines.spec(&block, SPEC_LIMIT)).map_err(|failure| {
        let detail = failure.detail.as_deref().map(|detail| format!("\n{detail}")).unwrap_or_default();
        let hint = failure.operator_hint().map(|hint| format!(" {hint}")).unwrap_or_default();
        anyhow::anyhow!("{failure}{hint}{detail}")
    })?;
    let named = block.image.as_deref().or(block.command.first().map(String::as_str)).unwrap_or_default();
    // An image has a registry in front and a version behind.
    let name = named.rsplit('/').next().and_then(|name| name.split([':', '@']).next()).unwrap_or_default().to_owned();
    Ok(read_program(spec, &name, &RuntimeBlock::Airbyte(Box::new(block))))
}

fn target(dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    let dir = match dir {
        Some(dir) => dir.to_owned(),
        None => Config::from_source(&Environment)?.connectors.dir.ok_or_else(|| {
            Unfit("say where to with --dir, or set VESTIBULE_CONNECTORS_DIR: connectors there are offered beside the built-in ones".to_owned())
        })?,
    };
    if !dir.exists() {
        let made = std::fs::create_dir_all(&dir).and_then(|()| {
            // As its files: it holds no secret, and the server may run as another account than the operator who imports.
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755))
        });
        made.with_context(|| format!("cannot make the folder {}", dir.display()))?;
    }
    Ok(dir)
}

/// Where connectors are written to, and how.
struct Target<'a> {
    dir: &'a Path,
    there: &'a There,
    force: bool,
    replace: bool,
}

/// The connectors that are there before an import, and the connections that use them.
struct There {
    connectors: Connectors,
    /// How many connections each has; `None`: the settings name no database that can be asked.
    uses: Option<BTreeMap<(Kind, String), i64>>,
}

impl There {
    fn load(dir: &Path) -> anyhow::Result<Self> {
        // A broken file in the folder is no reason to import nothing; it is written over only with --force.
        let connectors = Connectors::load(Some(dir)).or_else(|_| Connectors::load(None))?;
        Ok(Self { connectors, uses: uses().ok().flatten() })
    }

    fn find(&self, kind: Kind, slug: &str) -> Option<Arc<Connector>> {
        self.connectors.find(kind, slug)
    }

    /// Which connections go on with what is written now, in words.
    fn users(&self, kind: Kind, slug: &str) -> String {
        match self.uses.as_ref().map(|uses| uses.get(&(kind, slug.to_owned())).copied().unwrap_or(0)) {
            Some(0) => "no connection uses it".to_owned(),
            Some(1) => "1 connection uses it and has to fit from now on".to_owned(),
            Some(count) => format!("{count} connections use it and have to fit from now on"),
            None => "whether connections use it cannot be seen from here".to_owned(),
        }
    }
}

/// How many connections each connector has in the database that the settings name.
fn uses() -> anyhow::Result<Option<BTreeMap<(Kind, String), i64>>> {
    let config = Config::from_source(&Environment)?;
    let Some(mut conn) = super::doctor::open(&config)? else { return Ok(None) };
    Ok(Some(connections::count_by_connector(&mut conn)?))
}

#[derive(Default)]
struct Report {
    written: BTreeSet<PathBuf>,
    kept: usize,
    refused: usize,
}

impl Report {
    fn take(&mut self, spec: FoundSpec, wish: &ImportHints, target: &Target<'_>) {
        let origin = spec.origin.clone();
        // A file in our own form says everything itself.
        let is_whole = target.replace || spec.own.is_some();
        let mut imported = match spec.into_file(wish) {
            Ok(imported) => imported,
            Err(reason) => return self.refuse(&origin, &reason),
        };
        let there = target.there.find(imported.file.kind, &imported.file.slug);
        let mut kept = Vec::new();
        if let Some(there) = there.as_ref().filter(|_| !is_whole) {
            let Some(addition) = onto(&there.file, imported.file) else { return self.keep(&there.file) };
            (imported.file, kept) = (addition.file, addition.kept);
            imported.file.name = wish.name.clone().unwrap_or(imported.file.name);
        }
        let file = &imported.file;
        let expected = target.dir.join(format!("{}-{}.json", file.kind.as_str(), file.slug));
        if self.written.contains(&expected) {
            return self.refuse(&origin, "another specification of this import has the same kind and short name");
        }
        match write_file(file, target.dir, target.force || target.replace) {
            Ok(path) => {
                out::line(format_args!("{} {}: {}", file.kind.as_str(), file.slug, path.display()));
                self.written.insert(path);
            }
            Err(error) => return self.refuse(&origin, &format!("{error:#}")),
        }
        if !kept.is_empty() {
            out::line(format_args!("    kept of the one that was there: {}", kept.join(", ")));
        }
        if there.is_some() && is_whole {
            out::line(format_args!(
                "    replaces the one that was there; {}",
                target.there.users(file.kind, &file.slug)
            ));
        }
        for note in &imported.notes {
            out::line(format_args!("    not carried by the form: {}: {}", note.path.dot(), note.reason));
        }
        for note in &imported.sign_in_notes {
            out::line(format_args!("    signing in: {note}"));
        }
        if file.oauth.is_none() && !imported.sign_in_notes.is_empty() {
            out::line("    signing in: not offered; credentials are pasted");
        }
    }

    /// The one that is there is the same, or goes by its own specification.
    fn keep(&mut self, file: &ConnectorFile) {
        self.kept += 1;
        out::line(format_args!(
            "{} {}: stays as it is, because it is run by its own specification or is the same; --replace takes the imported one",
            file.kind.as_str(),
            file.slug
        ));
    }

    fn refuse(&mut self, origin: &str, reason: &str) {
        self.refused += 1;
        out::aside(format_args!("{origin}: not imported: {reason}"));
    }

    fn end(&self, dir: &Path) -> ExitResult {
        let kept = if self.kept == 0 { String::new() } else { format!(", {} as they were", self.kept) };
        let refused = if self.refused == 0 { String::new() } else { format!(", {} not imported", self.refused) };
        out::line(format_args!(
            "{} imported into {}{kept}{refused}.",
            out::count(self.written.len(), "connector", "connectors"),
            dir.display()
        ));
        if !self.written.is_empty() {
            out::line("A running server whose folder of connectors this is offers them within a few seconds.");
        }
        Ok(if self.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
