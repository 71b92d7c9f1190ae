//! A real mail server in a process of its own, and certificates made for the occasion.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::support::{PATIENCE, python};

/// A mail as the server took it.
#[derive(Debug, serde::Deserialize)]
pub struct Taken {
    pub tls: bool,
    pub user: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    pub content: String,
}

pub struct SmtpServer {
    child: Child,
    taken: Receiver<String>,
    pub port: u16,
}

impl SmtpServer {
    /// Starts a server; `None` when this test run has none to offer.
    pub fn start(options: &[&str]) -> Option<Self> {
        #[allow(clippy::disallowed_methods, reason = "a helper of the tests")]
        let mut child = Command::new(python("a mail server")?)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/email/smtp_server.py"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().expect("the server says its port").unwrap().parse().unwrap();
        let (tell, taken) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Some(Self { child, taken, port })
    }

    /// A server that speaks TLS with that certificate, to whoever signs in as ann.
    pub fn secured(kind: &str, certificate: &Certificate, password: &str) -> Option<Self> {
        let (cert, key) = (certificate.cert.to_str().unwrap(), certificate.key.to_str().unwrap());
        Self::start(&["--tls", kind, "--cert", cert, "--key", key, "--user", "ann", "--password", password])
    }

    /// The next mail it takes.
    #[track_caller]
    pub fn next(&self) -> Taken {
        serde_json::from_str(&self.taken.recv_timeout(PATIENCE).expect("a mail")).unwrap()
    }

    /// Whether it took no mail that was not looked at yet.
    pub fn is_idle(&self) -> bool {
        self.taken.try_recv().is_err()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for a name, and the authority that stands for it.
pub struct Certificate {
    pub authority: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

impl Certificate {
    pub fn make(dir: &Path, name: &str) -> Self {
        let dir = dir.join(format!("certificate of {name}"));
        std::fs::create_dir(&dir).unwrap();
        let at = |file: &str| dir.join(file).to_string_lossy().into_owned();
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let authority = ["req", "-x509", "-days", "2", "-subj", "/CN=Authority of the tests"];
        let files = ["-keyout", &at("ca.key"), "-out", &at("ca.pem")];
        openssl(&[authority.as_slice(), &new_key, &files].concat());
        let request = ["req", "-subj", &format!("/CN={name}"), "-keyout", &at("key.pem"), "-out", &at("request.pem")];
        openssl(&[request.as_slice(), &new_key].concat());
        std::fs::write(at("names"), format!("subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\n")).unwrap();
        let sign =
            ["x509", "-req", "-days", "2", "-CAcreateserial", "-in", &at("request.pem"), "-extfile", &at("names")];
        let by = ["-CA", &at("ca.pem"), "-CAkey", &at("ca.key"), "-out", &at("cert.pem")];
        openssl(&[sign.as_slice(), &by].concat());
        Self { authority: dir.join("ca.pem"), cert: dir.join("cert.pem"), key: dir.join("key.pem") }
    }
}

fn openssl(args: &[&str]) {
    #[allow(clippy::disallowed_methods, reason = "a helper of the tests")]
    let done = Command::new("openssl").args(args).output().unwrap();
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}
