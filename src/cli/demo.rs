//! `demo`: the product with a filled example workspace, in a folder that goes when it stops.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use actix_web::rt::System;

use super::demo_data::{self, Example};
use super::{ExitResult, Unfit, out, serve};
use crate::base::rng::Rng;
use crate::platform::app::App;
use crate::platform::config::Config;
use crate::platform::db::DatabaseUrl;
use crate::platform::private;
use crate::platform::web::urls;

const NAME_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

#[derive(clap::Args)]
pub(super) struct DemoArgs {
    /// An empty or new folder to keep the example in; without it a temporary one is used and removed at the end
    #[arg(long)]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &DemoArgs) -> ExitResult {
    let mut config = super::settings()?;
    let listener = serve::listen(&mut config)?;
    let folder = DemoFolder::new(args.dir.as_deref())?;
    let system = System::new();
    let stop = system.block_on(async { serve::Stop::listen() })?;
    let app = App::build(in_folder(config, &folder.path))?;
    let example = demo_data::fill(&app)?;
    system.block_on(async {
        demo_data::submit_as_recipient(&app, &example).await?;
        serve::announce(&app, &listener)?;
        introduce(&app, &example, &folder);
        serve::run_until_stopped(&app, listener, stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The same settings, but nothing of a real installation is touched: own database, own key, mails as files.
fn in_folder(mut config: Config, folder: &Path) -> Config {
    config.storage.data_dir = folder.to_owned();
    config.storage.database = DatabaseUrl::Sqlite(folder.join("vestibule.db").to_string_lossy().into_owned());
    config.storage.master_keys = None;
    config.mail.smtp_url = None;
    config
}

fn introduce(app: &App, example: &Example, folder: &DemoFolder) {
    let base = &app.config.server.base_url;
    let row = |name: &str, value: String| vec![format!("  {name}"), value];
    out::line("");
    out::line(format_args!("Sign in as the owner of {}:", demo_data::WORKSPACE));
    out::table(&[
        row("Address", base.join(urls::SIGN_IN)),
        row("Email", demo_data::OWNER_EMAIL.to_owned()),
        row("Password", example.password.as_str().to_owned()),
        row("API key", example.api_key.expose().to_owned()),
    ]);
    out::line("");
    out::line("Be the person outside: open this setup link in another browser. It asks for a Postgres database.");
    out::line(format_args!("  {}", base.join(&urls::setup_link(&example.open_link))));
    out::line("");
    let mails = app.config.storage.mail_dir();
    out::line(format_args!("Mails become files in {}.", mails.display()));
    let stay = if folder.is_temporary { "everything here is removed then" } else { "the folder stays" };
    out::line(format_args!("Stop it with Ctrl-C; {stay}."));
}

/// Where the example lives; a temporary one is removed with this.
struct DemoFolder {
    path: PathBuf,
    is_temporary: bool,
}

impl DemoFolder {
    fn new(chosen: Option<&Path>) -> anyhow::Result<Self> {
        let folder = match chosen {
            Some(path) => Self { path: path.to_owned(), is_temporary: false },
            None => {
                let name = format!("vestibule-demo-{}", Rng::System.text(NAME_ALPHABET, 12));
                Self { path: std::env::temp_dir().join(name), is_temporary: true }
            }
        };
        private::private_dir(&folder.path)?;
        if std::fs::read_dir(&folder.path)?.next().is_some() {
            return Err(Unfit(format!("{} is not empty: give a new folder", folder.path.display())).into());
        }
        Ok(folder)
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.is_temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            out::aside(format_args!("{} could not be removed: {error}", self.path.display()));
        }
    }
}
