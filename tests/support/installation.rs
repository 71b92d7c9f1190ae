//! Commands, run the way an operator runs them: the real program, its exit code, its two outputs, its files.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vestibule::platform::config::Config;

use super::{PASSWORD, PATIENCE, panics};

/// A machine's settings for the product: a data folder and an empty database of its own.
pub struct Installation {
    pub dir: TempDir,
    settings: BTreeMap<String, String>,
    /// What goes when this goes, like a database on a server.
    pub kept: Option<Box<dyn Any>>,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// -1 when a signal ended it.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Installation {
    /// On SQLite whatever the test run is for: for what only concerns files.
    pub fn on_sqlite() -> Self {
        panics::say_at_once();
        let dir = tempfile::tempdir().unwrap();
        let mut settings = BTreeMap::new();
        settings.insert("VESTIBULE_DATA_DIR".to_owned(), dir.path().join("data").to_string_lossy().into_owned());
        settings.insert("VESTIBULE_BIND".to_owned(), "127.0.0.1:0".to_owned());
        Self { dir, settings, kept: None }
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.settings.remove(name);
        self
    }

    pub fn data(&self) -> PathBuf {
        PathBuf::from(&self.settings["VESTIBULE_DATA_DIR"])
    }

    /// Where its database is.
    pub fn database_url(&self) -> String {
        self.settings["VESTIBULE_DATABASE_URL"].clone()
    }

    pub fn key_file(&self) -> PathBuf {
        self.data().join("master.key")
    }

    pub fn database_file(&self) -> PathBuf {
        self.data().join("vestibule.db")
    }

    /// A file beside the data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn config(&self) -> Config {
        Config::from_source(&self.settings).unwrap()
    }

    #[allow(clippy::disallowed_methods, reason = "the program under test")]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(args).env_clear().envs(&self.settings).env("TMPDIR", self.dir.path()).current_dir(self.dir.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    /// Runs a command with something on its standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not want it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let done = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran::new(done.status, text(done.stdout), text(done.stderr))
    }

    /// Makes an owner of a workspace; their password is the one of every member that tests make.
    pub fn owner(&self, workspace: &str, email: &str) -> Ran {
        self.run_with(
            &["owner", "create", "--workspace", workspace, "--name", "Ana Lima", "--email", email],
            &format!("{PASSWORD}\n"),
        )
    }

    /// Starts a command that stays, and waits for the line that names its port.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut running = Running::begin(&mut self.command(args));
        running.base = running.wait_for("Vestibule is running at ").trim().to_owned();
        running
    }
}

impl Ran {
    fn new(status: ExitStatus, out: String, err: String) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self { code: status.code().unwrap_or(-1), signal: status.signal(), out, err }
    }

    /// It ended with that code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!((self.code, self.signal), (code, None), "{self:?}");
        self
    }

    /// It did its work.
    #[track_caller]
    pub fn good(self) -> Self {
        self.ended(0)
    }

    /// It refused with that exit code, and said why on standard error only.
    #[track_caller]
    pub fn refused(self, code: i32, why: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(why), "{self:?} does not say: {why}");
        assert_eq!(self.out, "", "{self:?}");
        self
    }
}

/// A server or a worker in a process of its own; it is killed when the test forgets it.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    pub said: Vec<String>,
    logged: Vec<String>,
    pub base: String,
}

fn read_lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    told
}

impl Running {
    /// Starts a command without waiting for anything.
    pub fn begin(command: &mut Command) -> Self {
        Self::begin_logging_to(command, Stdio::piped())
    }

    /// The same with a log that goes elsewhere.
    pub fn begin_logging_to(command: &mut Command, log: Stdio) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let errors = child.stderr.take().map_or_else(|| channel().1, read_lines);
        Self { child, lines, errors, said: Vec::new(), logged: Vec::new(), base: String::new() }
    }

    /// Waits for a line that begins so; gives the rest of it.
    #[track_caller]
    pub fn wait_for(&mut self, beginning: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.said.push(line.clone());
            if let Some(rest) = line.trim_start().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
        panic!("nothing began with {beginning}: {:?} {:?}", self.said, self.errors.try_iter().collect::<Vec<_>>());
    }

    /// Waits for a line of the log with these words in it.
    #[track_caller]
    pub fn wait_for_log(&mut self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.errors.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.logged.push(line);
            if self.logged.last().is_some_and(|line| line.contains(words)) {
                return;
            }
        }
        panic!("the log never said {words}: {:?}", self.logged);
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.base.trim_start_matches("http://").replace("localhost", "127.0.0.1")
    }

    /// Status and body of a page, fetched without any client library.
    pub fn get(&self, path: &str) -> (u16, String) {
        let address = self.address();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[allow(clippy::disallowed_methods, reason = "the system's own way to send a signal")]
    pub fn signal(&self, name: &str) {
        assert!(
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    /// Asks it to stop; gives its exit code, what it said since, and its log.
    #[track_caller]
    pub fn stop_with(self, signal: &str) -> Ran {
        self.signal(signal);
        self.wait()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(mut self) -> Ran {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > end => panic!("it does not stop"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        self.said.extend(self.lines.iter());
        self.logged.extend(self.errors.iter());
        Ran::new(status, self.said.join("\n"), self.logged.join("\n"))
    }

    #[track_caller]
    pub fn stop(self) -> Ran {
        self.stop_with("TERM")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Who may do what with a file, as `chmod` writes it.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
