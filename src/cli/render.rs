//! `render`: the secrets of a hand-off put into its file, from the environment.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::Value;

use super::{ExitResult, Unfit, out};
use crate::console::handoff::{ReferenceList, RenderFormat, render};
use crate::platform::config::{Environment, Source as _};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    Json,
    Yaml,
}

#[derive(clap::Args)]
pub(super) struct RenderArgs {
    /// The folder with references.json and the file it names
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// How the result is written
    #[arg(long, value_enum, default_value = "json")]
    format: Written,
    /// A new file for it, readable for you alone; without it, it goes to standard output
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &RenderArgs) -> ExitResult {
    let list: ReferenceList = read(&args.folder.join("references.json"))?;
    if Path::new(&list.file).file_name().is_none_or(|name| name != list.file.as_str()) {
        return Err(Unfit("references.json names a file that is not beside it".to_owned()).into());
    }
    let template: Value = read(&args.folder.join(&list.file))?;
    let format = match args.format {
        Written::Json => RenderFormat::Json,
        Written::Yaml => RenderFormat::Yaml,
    };
    let text = render(template, &list, &given, format).map_err(|error| Unfit(error.to_string()))?;
    match &args.out {
        None => out::text(&text),
        Some(path) => {
            let mut file = std::fs::OpenOptions::new();
            let opened = file.write(true).create_new(true).mode(0o600).open(path);
            let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
            written.with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not as a hand-off writes it", path.display()))
}

/// A value from the environment, or from the file that its name with `_FILE` behind it names (one line end there is dropped).
fn given(name: &str) -> Option<String> {
    Environment.raw(name).or_else(|| {
        let text = std::fs::read_to_string(Environment.raw(&format!("{name}_FILE"))?).ok()?;
        Some(text.strip_suffix('\n').unwrap_or(&text).to_owned()).filter(|text| !text.is_empty())
    })
}
