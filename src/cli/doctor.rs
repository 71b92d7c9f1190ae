//! `doctor`: tries everything the product needs, changes nothing, and says what to do about what does not work.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::{ExitResult, out};
use crate::base::crypto::KeyRing;
use crate::base::rng::Rng;
use crate::connectors::{Connectors, PackageTable, PackageWay, shipped_packages};
use crate::engines::install::{InstallFolders, Installer};
use crate::features::catalogue::installing::installed;
use crate::platform::app;
use crate::platform::config::Config;
use crate::platform::db::migrations::{self, NewerDatabase};
use crate::platform::db::{Conn, DatabaseUrl, dialect, instance};
use crate::platform::email::Mailer;
use crate::platform::web::urls;

#[derive(clap::Args)]
pub(super) struct DoctorArgs {
    /// Only ask the running server whether it is ready (for health checks)
    #[arg(long)]
    quick: bool,
}

/// What was found: fine, with a word about it, or a problem with what to do.
type Finding = Result<String, String>;

pub(super) fn run(args: &DoctorArgs) -> ExitResult {
    let config = super::settings()?;
    let findings = if args.quick {
        vec![("server", said(ready(config.server.bind), "is Vestibule running? Look at its log"))]
    } else {
        examine(&config)
    };
    for (what, finding) in &findings {
        match finding {
            Ok(word) => out::line(format_args!("ok       {what}: {word}")),
            Err(problem) => out::line(format_args!("problem  {what}: {problem}")),
        }
    }
    let sound = findings.iter().all(|(_, finding)| finding.is_ok());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(config: &Config) -> Vec<(&'static str, Finding)> {
    let storage = &config.storage;
    vec![
        ("settings", unknown_settings(&config.unknown)),
        ("base URL", base_url(config)),
        ("data folder", private(&storage.data_dir, 0o700)),
        ("key file", key_file(config)),
        ("database", database(config)),
        ("master keys", keys(config)),
        ("mail", mail(config)),
        ("connectors", connectors(config)),
        ("installed", installed_connectors(config)),
        ("loaders", Ok(loaders(config))),
    ]
}

/// An error as a finding, with what to do about it; a database of a newer version says that itself.
fn said(result: anyhow::Result<String>, advice: &str) -> Finding {
    result.map_err(|error| if error.is::<NewerDatabase>() { error.to_string() } else { format!("{error:#}; {advice}") })
}

fn unknown_settings(unknown: &[String]) -> Finding {
    if unknown.is_empty() {
        return Ok("every VESTIBULE_ variable is a setting of this version".to_owned());
    }
    Err(format!("no setting of this version: {}; correct the spelling or remove it", unknown.join(", ")))
}

fn base_url(config: &Config) -> Finding {
    let (base, bind) = (&config.server.base_url, config.server.bind);
    let host = base.host();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let is_local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if !base.is_https() && !is_local {
        return Err(format!(
            "{} is not encrypted, and people type passwords there; put a proxy with TLS in front and set VESTIBULE_BASE_URL to its https:// address",
            base.origin()
        ));
    }
    if is_local && !base.is_https() && host != format!("{name}:{}", bind.port()) && bind.port() != 0 {
        return Err(format!(
            "links lead to {}, but the server listens on {bind}; set VESTIBULE_BASE_URL to where people open it",
            base.origin()
        ));
    }
    if is_local && !bind.ip().is_loopback() {
        return Err(format!(
            "links lead to {}, which only works on this machine; set VESTIBULE_BASE_URL to the public address",
            base.origin()
        ));
    }
    if base.is_https() && !bind.ip().is_loopback() && config.server.trusted_proxies.is_empty() {
        return Ok(format!(
            "{}; behind a proxy, name it in VESTIBULE_TRUSTED_PROXIES so that callers are told apart",
            base.origin()
        ));
    }
    Ok(base.origin())
}

/// Only its owner may use it.
fn private(path: &Path, most: u32) -> Finding {
    let shown = path.display();
    match std::fs::metadata(path) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            if mode & !most == 0 {
                return Ok(format!("{shown} ({mode:04o})"));
            }
            Err(format!("{shown} is open to others ({mode:04o}); run: chmod {most:o} {shown}"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(format!("{shown} does not exist")),
        Err(error) => {
            Err(format!("{shown} cannot be looked at ({error}); give the user that runs Vestibule access to it"))
        }
    }
}

fn key_file(config: &Config) -> Finding {
    if config.storage.master_keys.is_some() {
        return Ok("not used; VESTIBULE_MASTER_KEYS is set".to_owned());
    }
    private(&config.storage.key_file(), 0o600)
}

/// `None` when there is no database yet: looking must not make one.
pub(super) fn open(config: &Config) -> anyhow::Result<Option<Conn>> {
    match &config.storage.database {
        DatabaseUrl::Sqlite(path) if !Path::new(path).exists() => Ok(None),
        place => place.open().map(Some),
    }
}

fn database(config: &Config) -> Finding {
    let tried = || {
        let place = config.storage.database.shown();
        let Some(mut conn) = open(config)? else {
            return Ok(format!("{place} does not exist yet; it is made on the first start"));
        };
        config.storage.database.refuse_pooler()?;
        migrations::refuse_newer(&mut conn)?;
        let waiting = migrations::pending(&mut conn)?;
        if waiting > 0 {
            let steps = out::count(waiting, "migration", "migrations");
            return Ok(format!("{place}; {steps} will be done at the next start or by `vestibule migrate`"));
        }
        try_write(&mut conn).context("it can be read, but not written")?;
        Ok(format!("{place} can be read and written, and its tables are up to date"))
    };
    said(tried(), "check VESTIBULE_DATABASE_URL and the rights of the user that runs Vestibule")
}

/// Writes in a transaction that is taken back.
fn try_write(conn: &mut Conn) -> anyhow::Result<()> {
    dialect::begin_write(conn)?;
    let written = instance::put(conn, "doctor", b"tried");
    dialect::rollback(conn)?;
    Ok(written?)
}

fn keys(config: &Config) -> Finding {
    let tried = || {
        let keys = app::existing_keys(config)?;
        let conn = open(config)?;
        // Before the first migration there is nothing a key could have sealed.
        let conn = conn.map(|mut conn| Ok::<_, anyhow::Error>((migrations::is_fresh(&mut conn)?, conn))).transpose()?;
        let used = conn.filter(|(fresh, _)| !fresh).map(|(_, conn)| conn);
        judge_keys(keys, used)
    };
    said(
        tried(),
        "put the keys back that this database was made with (VESTIBULE_MASTER_KEYS, or master.key in the data folder)",
    )
}

fn judge_keys(keys: Option<KeyRing>, database: Option<Conn>) -> anyhow::Result<String> {
    let Some(keys) = keys else {
        let sealed = database.map(|mut conn| instance::find(&mut conn, app::KEY_CHECK)).transpose()?.flatten();
        ensure!(sealed.is_none(), "the key file is missing, and what is stored cannot be opened without it");
        return Ok("there are none yet; one is made on the first start".to_owned());
    };
    let fit = database.map(|mut conn| app::keys_fit(&mut conn, &keys)).transpose()?.unwrap_or(false);
    let ids = keys.ids().join(", ");
    Ok(if fit {
        format!("{ids} open what is stored; {} seals", keys.primary_id())
    } else {
        format!("{ids}; not used with this database yet")
    })
}

fn mail(config: &Config) -> Finding {
    let tried = || {
        let mailer = Mailer::from_config(&config.mail, &config.storage.mail_dir())?;
        mailer.check()?;
        Ok(match config.mail.smtp_url {
            Some(_) => "the mail server answers".to_owned(),
            None => format!("no mail server is set: mails become {}", mailer.shown()),
        })
    };
    said(tried(), "check VESTIBULE_SMTP_URL and the way to the mail server")
}

fn connectors(config: &Config) -> Finding {
    let tried = || {
        let connectors = Connectors::load_with(
            Some(&InstallFolders::of(&config.storage.data_dir).files),
            config.connectors.dir.as_deref(),
        )?;
        let faults = connectors.faults();
        let faults: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.place(), fault.reason)).collect();
        anyhow::ensure!(faults.is_empty(), "left out: {}", faults.join("; "));
        let all = connectors.all();
        let noted: Vec<&str> =
            all.iter().filter(|one| !one.spec.notes().is_empty()).map(|one| one.file.slug.as_str()).collect();
        let count = out::count(all.len(), "connector", "connectors");
        if noted.is_empty() {
            return Ok(format!("{count}, whose forms carry everything"));
        }
        Ok(format!(
            "{count}; not everything is carried by the forms of {} (`vestibule connectors list --json` says what)",
            noted.join(", ")
        ))
    };
    said(tried(), "correct or remove the file in VESTIBULE_CONNECTORS_DIR")
}

/// What was installed, and whether the environments of it are whole.
fn installed_connectors(config: &Config) -> Finding {
    let folders = InstallFolders::of(&config.storage.data_dir);
    let installer = Installer::new(folders, config.connectors.path.clone(), Vec::new(), Rng::System);
    let all = installed(&installer);
    let gone: Vec<&str> = all
        .iter()
        .filter(|one| one.environment.as_ref().is_none_or(|own| !own.python().exists()))
        .map(|one| one.block.name.as_str())
        .collect();
    if let Some(first) = gone.first() {
        return Err(format!(
            "the environment of {} is gone, or the Python it was made with; run: vestibule connectors install {first} --force",
            gone.join(", ")
        ));
    }
    let bytes: u64 = installer.list().iter().map(|one| one.record.bytes).sum();
    match all.len() {
        0 => Ok("nothing (`vestibule connectors install NAME` installs a connector)".to_owned()),
        count => Ok(format!("{}, {} MB", out::count(count, "connector", "connectors"), bytes.div_ceil(1_000_000))),
    }
}

/// The destinations that dlt loads into here, and how the others are installed.
fn loaders(config: &Config) -> String {
    let folders = InstallFolders::of(&config.storage.data_dir);
    let installer = Installer::new(folders, config.connectors.path.clone(), Vec::new(), Rng::System);
    let there: Vec<String> = installed(&installer).into_iter().map(|one| one.block.name).collect();
    let rows = shipped_packages().into_iter().flat_map(PackageTable::all);
    let loaders = rows.filter(|row| matches!(row.way, PackageWay::Loader { .. })).map(|row| row.name.as_str());
    let (has, lacks): (Vec<&str>, Vec<&str>) = loaders.partition(|name| there.iter().any(|one| one == name));
    let how = format!("`vestibule connectors install NAME` brings dlt for {}", lacks.join(", "));
    match (has.is_empty(), lacks.is_empty()) {
        (true, _) => format!("none; {how}"),
        (false, true) => format!("dlt for {}", has.join(", ")),
        (false, false) => format!("dlt for {}; {how}", has.join(", ")),
    }
}

/// Asks the running server, the way a load balancer would.
fn ready(bind: SocketAddr) -> anyhow::Result<String> {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, bind.port());
    let patience = Duration::from_secs(5);
    let mut stream =
        TcpStream::connect_timeout(&address, patience).with_context(|| format!("nothing answers at {address}"))?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(
        format!("GET {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n", urls::READYZ).as_bytes(),
    )?;
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).context("the server does not answer")?;
    ensure!(answer.ends_with(b" 200"), "the server answers, but is not ready");
    Ok(format!("ready at {address}"))
}
