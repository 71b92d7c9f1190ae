//! A real PgBouncer in front of a PostgreSQL.

use std::io::{BufRead as _, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::skipped;

/// Goes with the test that uses it.
pub struct Pooler {
    /// Where it is reached on this machine.
    pub port: u16,
    child: Child,
    _dir: TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the program lies; `None` when the tests run without it.
fn program() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
    let program = std::env::var_os("TEST_PGBOUNCER").filter(|path| !path.is_empty()).map(PathBuf::from);
    program.or_else(|| skipped("PgBouncer", "TEST_PGBOUNCER"))
}

impl Pooler {
    /// One that has `size` connections for all who come as this user, and gives them away by `mode`: `transaction` or `session`.
    /// `None` without the program.
    pub fn start(mode: &str, size: usize, (host, port): (&str, u16), user: &str) -> Option<Self> {
        let program = program()?;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap().to_owned();
        let settings = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {path}\n\
             auth_type = trust\nauth_file = {path}/users\npool_mode = {mode}\ndefault_pool_size = {size}\nmax_client_conn = 50\n"
        );
        std::fs::write(dir.path().join("pgbouncer.ini"), settings).unwrap();
        std::fs::write(dir.path().join("users"), format!("\"{user}\" \"\"\n")).unwrap();
        let mut command = {
            #[allow(clippy::disallowed_methods, reason = "the pooler is a program of its own")]
            Command::new(program)
        };
        if let Some(account) = somebody_else(dir.path()) {
            command.args(["-u", &account]);
        }
        let mut child = command.arg(dir.path().join("pgbouncer.ini")).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut line) = (String::new(), String::new());
        while !line.contains("process up") {
            said.push_str(&line);
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "PgBouncer has ended: {said}");
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Self { port: forward(dir.path().join(".s.PGSQL.6432")), child, _dir: dir })
    }
}

/// PgBouncer refuses to run as root: the name of another account, to which the folder is given.
fn somebody_else(dir: &Path) -> Option<String> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    if dir.metadata().unwrap().uid() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let found = ["postgres:", "nobody:"].iter().find_map(|name| accounts.lines().find(|line| line.starts_with(name)));
    let parts: Vec<&str> = found.expect("an account that is not root").split(':').collect();
    for path in [dir.to_owned(), dir.join("pgbouncer.ini"), dir.join("users")] {
        chown(path, Some(parts[2].parse().unwrap()), None).unwrap();
    }
    Some(parts[0].to_owned())
}

/// PgBouncer cannot be given any free port, so it listens on a socket in its folder, and this brings to it who comes to a port that was free.
fn forward(socket: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            // The pooler has ended with its test.
            let (Ok(client), Ok(server)) = (client, UnixStream::connect(&socket)) else { return };
            client.set_nodelay(true).unwrap();
            let (back, there) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || pass(client, &server));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut &there, &mut &back);
                let _ = back.shutdown(Shutdown::Both);
            });
        }
    });
    port
}

fn pass(mut client: TcpStream, mut server: &UnixStream) {
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
}
