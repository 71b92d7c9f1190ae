//! Jump servers: a real sshd, which takes keys, and a small one that takes passwords (a real one asks the accounts of the machine for those).

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelOpenFailure, MethodKind, MethodSet};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{CANARY, skipped};

fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    #[allow(clippy::disallowed_methods, reason = "the jump server is a program of its own")]
    Command::new(program)
}

/// A real sshd for one account, with the private key that it lets in.
pub struct Sshd {
    pub port: u16,
    /// The account it lets in.
    pub user: String,
    /// What `ssh-keygen` says of its host key.
    pub fingerprint: String,
    dir: TempDir,
}

/// A key as `ssh-keygen` makes it.
pub fn keygen(dir: &Path, name: &str, arguments: &[&str]) -> String {
    let path = dir.join(name);
    let made = command("ssh-keygen").args(["-q", "-N", ""]).args(arguments).arg("-f").arg(&path).status().unwrap();
    assert!(made.success(), "{arguments:?}");
    std::fs::read_to_string(path).unwrap()
}

impl Sshd {
    /// One with more lines of settings; `None` when the tests run without it.
    pub async fn start(settings: &str) -> Option<Self> {
        #[allow(clippy::disallowed_methods, reason = "tests are told by the environment what they may use")]
        let program = std::env::var_os("TEST_SSHD").filter(|path| !path.is_empty()).map(PathBuf::from);
        let program = program.or_else(|| skipped("sshd", "TEST_SSHD"))?;
        let dir = tempfile::tempdir().unwrap();
        keygen(dir.path(), "host_key", &["-t", "ed25519"]);
        let shown = command("ssh-keygen").arg("-lf").arg(dir.path().join("host_key")).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let fingerprint = shown.split(' ').nth(1).unwrap().to_owned();
        let path = dir.path().to_str().unwrap().to_owned();
        let config = format!(
            "HostKey {path}/host_key\nAuthorizedKeysFile {path}/authorized_keys\nStrictModes no\nUsePAM yes\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n{settings}\n"
        );
        std::fs::write(dir.path().join("config"), config).unwrap();
        std::fs::write(dir.path().join("authorized_keys"), "").unwrap();
        let account = Account::of(dir.path());
        for name in ["", "host_key", "config", "authorized_keys"] {
            chown(dir.path().join(name), Some(account.uid), Some(account.gid)).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (uid, gid) = (account.uid, account.gid);
        tokio::spawn(async move {
            // One program for each connection (`-i`), which finds it in the place of its input and output: so any free port will do.
            while let Ok((stream, _)) = listener.accept().await {
                let stream = stream.into_std().unwrap();
                stream.set_nonblocking(false).unwrap();
                let (input, output) = (stream.try_clone().unwrap(), stream);
                let mut sshd = command(&program);
                sshd.args(["-i", "-e", "-f"])
                    .arg(Path::new(&path).join("config"))
                    .stdin(std::os::fd::OwnedFd::from(input));
                sshd.stdout(std::os::fd::OwnedFd::from(output)).stderr(Stdio::null());
                if is_root() {
                    sshd.uid(uid).gid(gid);
                }
                let mut child = sshd.spawn().unwrap();
                std::thread::spawn(move || child.wait());
            }
        });
        Some(Self { port, user: account.name, fingerprint, dir })
    }

    /// A key it lets in, in the shape that these arguments of `ssh-keygen` make.
    pub fn key(&self, arguments: &[&str]) -> String {
        let key = self.stranger(arguments);
        let public = std::fs::read_to_string(self.dir.path().join("key.pub")).unwrap();
        std::fs::write(self.dir.path().join("authorized_keys"), public).unwrap();
        key
    }

    /// A key it does not know.
    pub fn stranger(&self, arguments: &[&str]) -> String {
        for name in ["key", "key.pub"] {
            let _ = std::fs::remove_file(self.dir.path().join(name));
        }
        keygen(self.dir.path(), "key", arguments)
    }

    /// The setting of a connection that goes through it.
    pub fn tunnel(&self, key: &str) -> Value {
        json!({"tunnel_method": "SSH_KEY_AUTH", "tunnel_host": "127.0.0.1", "tunnel_port": self.port, "tunnel_user": self.user, "ssh_key": key})
    }
}

/// Whom sshd runs as and lets in: this account, or another one when this is root, for which it would need a folder of the system.
struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Account {
    fn of(dir: &Path) -> Self {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        let uid = dir.metadata().unwrap().uid();
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
        let is_it = |parts: &Vec<&str>| {
            if is_root() { ["postgres", "nobody"].contains(&parts[0]) } else { parts[2] == uid.to_string() }
        };
        let found: Vec<&str> = accounts.lines().map(|line| line.split(':').collect()).find(is_it).expect("an account");
        Self { name: found[0].to_owned(), uid: found[2].parse().unwrap(), gid: found[3].parse().unwrap() }
    }
}

/// How a [`PasswordJump`] asks for the password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// It is sent.
    Plainly,
    /// It is the answer to a question.
    ByQuestion,
    /// A code is wanted after it.
    Twice,
}

/// The password of [`PasswordJump`]'s user `tunnel`.
pub const PASSWORD: &str = CANARY;

/// A jump server for passwords.
pub struct PasswordJump {
    pub port: u16,
    /// How often somebody tried to sign in.
    pub tries: Arc<AtomicUsize>,
    asking: Asking,
    config: Arc<Mutex<Arc<Config>>>,
    open: watch::Sender<usize>,
}

impl PasswordJump {
    pub async fn start(asking: Asking) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tries, open) = (Arc::<AtomicUsize>::default(), watch::Sender::new(0));
        let config = Arc::new(Mutex::new(with_new_key(asking)));
        let (current, counted, opened) = (Arc::clone(&config), Arc::clone(&tries), open.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = Arc::clone(&current.lock().unwrap());
                let (tries, open) = (Arc::clone(&counted), opened.clone());
                tokio::spawn(async move {
                    open.send_modify(|count| *count += 1);
                    if let Ok(session) = russh::server::run_stream(config, stream, Room { asking, tries }).await {
                        let _ = session.await;
                    }
                    open.send_modify(|count| *count -= 1);
                });
            }
        });
        Self { port, tries, asking, config, open }
    }

    /// From now on another one answers in its place, with a key of its own.
    pub fn replace(&self) {
        *self.config.lock().unwrap() = with_new_key(self.asking);
    }

    pub fn fingerprint(&self) -> String {
        self.config.lock().unwrap().keys[0].public_key().fingerprint(HashAlg::Sha256).to_string()
    }

    /// Waits until nobody is connected any more.
    pub async fn deserted(&self) {
        self.open.subscribe().wait_for(|count| *count == 0).await.unwrap();
    }

    /// The setting of a connection that goes through it.
    pub fn tunnel(&self, password: &str) -> Value {
        json!({"tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_host": "127.0.0.1", "tunnel_port": self.port, "tunnel_user": "tunnel",
               "tunnel_user_password": password})
    }
}

fn with_new_key(asking: Asking) -> Arc<Config> {
    let methods: &[MethodKind] = match asking {
        Asking::Plainly | Asking::Twice => &[MethodKind::Password],
        Asking::ByQuestion => &[MethodKind::KeyboardInteractive],
    };
    #[allow(clippy::disallowed_methods, reason = "any key will do")]
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from(methods),
        auth_rejection_time: Duration::ZERO,
        ..Config::default()
    })
}

struct Room {
    asking: Asking,
    tries: Arc<AtomicUsize>,
}

impl Room {
    fn judge(&self, user: &str, password: &[u8]) -> Auth {
        self.tries.fetch_add(1, Ordering::SeqCst);
        if user != "tunnel" || password != PASSWORD.as_bytes() {
            return Auth::reject();
        }
        if self.asking == Asking::Twice {
            return Auth::Reject { proceed_with_methods: None, partial_success: true };
        }
        Auth::Accept
    }
}

impl Handler for Room {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.judge(user, password.as_bytes()))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        Ok(match response.and_then(|mut answers| answers.next()) {
            Some(answer) => self.judge(user, &answer),
            None => Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            },
        })
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        match TcpStream::connect((host, u16::try_from(port).unwrap())).await {
            Ok(mut there) => {
                reply.accept().await;
                tokio::spawn(
                    async move { tokio::io::copy_bidirectional(&mut channel.into_stream(), &mut there).await },
                );
            }
            Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }
}
