//! The files of a hand-off in a folder, as a person puts them there, and programs that are run in it.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::api::Program;

/// A hand-off and the folder with its files.
pub struct Folder {
    pub told: Value,
    pub dir: TempDir,
    /// What is given in the environment.
    pub env: Vec<(String, String)>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub good: bool,
    pub out: String,
    pub err: String,
}

impl Folder {
    /// Hands a source off.
    pub async fn of(program: &Program, slug: &str, format: &str) -> Self {
        let answer = program.get(&format!("/api/v1/sources/{slug}/hand-off/?format={format}")).await.expect(200);
        let dir = tempfile::tempdir().unwrap();
        for file in answer.json["files"].as_array().unwrap() {
            let path = dir.path().join(file["name"].as_str().unwrap());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file["text"].as_str().unwrap()).unwrap();
        }
        let env = vec![("HOME".to_owned(), dir.path().to_str().unwrap().to_owned())];
        Self { told: answer.json, dir, env }
    }

    /// One more thing in the environment.
    pub fn give(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value of each reference, by its field.
    pub fn give_secrets(mut self, values: &[(&str, &str)]) -> Self {
        for one in self.told["secrets"].as_array().unwrap() {
            let field = one["field"].as_str().unwrap();
            let (_, value) =
                values.iter().find(|(name, _)| *name == field).unwrap_or_else(|| panic!("{field} is not told"));
            self.env.push((one["name"].as_str().unwrap().to_owned(), (*value).to_owned()));
        }
        self
    }

    /// What package tools are told on this machine: where packages come from, and whom to trust.
    pub fn give_package_settings(mut self) -> Self {
        #[allow(clippy::disallowed_methods, reason = "package tools are set up by the environment")]
        let all = std::env::vars();
        let told = |name: &str| {
            let upper = name.to_uppercase();
            ["PIP_", "UV_", "SSL_", "REQUESTS_"].iter().any(|start| upper.starts_with(start))
                || upper.ends_with("_PROXY")
        };
        self.env.extend(all.filter(|(name, _)| told(name)));
        self
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    /// Runs a program in the folder, with nothing in its environment but what was given and the search path.
    pub async fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> Ended {
        let output = self.command(program.as_ref(), args).output().await.unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { good: status.success(), out: text(stdout), err: text(stderr) }
    }

    /// The same of one that has to end well; gives what it wrote.
    pub async fn ran(&self, program: impl AsRef<Path>, args: &[&str]) -> String {
        let ended = self.run(program.as_ref(), args).await;
        assert!(ended.good, "{} {args:?}: {ended:?}", program.as_ref().display());
        ended.out
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        #[allow(clippy::disallowed_methods, reason = "programs of the tests are looked for where all others are")]
        let path = std::env::var_os("PATH").unwrap();
        #[allow(clippy::disallowed_methods, reason = "a program of the tests")]
        let mut command = Command::new(program);
        let own = program.parent().filter(|own| own.is_absolute()).map(Path::to_path_buf);
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).unwrap();
        command.args(args).current_dir(self.dir.path()).env_clear().env("PATH", path).stdin(Stdio::null());
        command.envs(self.env.iter().cloned()).kill_on_drop(true);
        command
    }
}
