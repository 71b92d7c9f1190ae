//! Settings: everything that is wrong is said at once, and nothing that is secret is ever said.

use std::collections::{BTreeMap, BTreeSet};

use vestibule::platform::config::{Config, ConfigProblems, LogFormat, SETTINGS};
use vestibule::platform::db::DatabaseUrl;

use crate::architecture::files::{product, read};
use crate::support::CANARY;

fn source(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems(pairs: &[(&str, &str)]) -> ConfigProblems {
    Config::from_source(&source(pairs)).expect_err("there are problems")
}

#[test]
fn without_any_setting_the_documented_defaults_are_in_force() {
    let config = Config::from_source(&source(&[])).unwrap();
    assert_eq!(config.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.base_url.origin(), "http://localhost:8080");
    assert_eq!(
        (config.server.trusted_proxies.len(), config.server.rate_limits, config.server.workers),
        (0, true, None)
    );
    assert_eq!(config.storage.data_dir.to_str(), Some("./data"));
    assert_eq!(config.storage.database, DatabaseUrl::Sqlite("./data/vestibule.db".to_owned()));
    assert!(config.storage.master_keys.is_none() && config.mail.smtp_url.is_none() && config.connectors.dir.is_none());
    assert_eq!((config.log.filter.as_str(), config.log.format), ("info", LogFormat::Text));
    assert!(config.unknown.is_empty());
}

/// A wrong value for every setting that can be wrong.
const WRONG: [(&str, &str); 19] = [
    ("VESTIBULE_BIND", "localhost"),
    ("VESTIBULE_BASE_URL", "https://connect.example.com/path"),
    ("VESTIBULE_DATABASE_URL", "mysql://db"),
    ("VESTIBULE_MASTER_KEYS", "short:c2hvcnQ="),
    ("VESTIBULE_SMTP_URL", "mail.example.com"),
    ("VESTIBULE_MAIL_FROM", "nobody"),
    ("VESTIBULE_TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
    ("VESTIBULE_EXTRA_CA_FILE", "no/such/file.pem"),
    ("VESTIBULE_CONNECTORS_DIR", "no/such/folder"),
    ("VESTIBULE_CONNECTOR_ALLOW_CIDRS", "10.0.0.0/33"),
    ("VESTIBULE_CONNECTOR_CONCURRENCY", "0"),
    ("VESTIBULE_CONTAINER_ENGINE", "docker run"),
    ("VESTIBULE_CONNECTOR_INSTALL", "yes"),
    ("VESTIBULE_RATE_LIMITS", "sometimes"),
    ("VESTIBULE_WORKERS", "0"),
    ("VESTIBULE_SESSION_IDLE_DAYS", "0"),
    ("VESTIBULE_SESSION_MAX_DAYS", "ever"),
    ("VESTIBULE_METRICS_TOKEN", "short"),
    ("VESTIBULE_LOG_FORMAT", "xml"),
];

#[test]
fn every_problem_is_said_at_once_with_the_name_of_its_setting() {
    let problems = problems(&WRONG);
    let lines = problems.lines();
    assert_eq!(lines.len(), WRONG.len(), "{lines:#?}");
    for (name, _) in WRONG {
        assert_eq!(lines.iter().filter(|line| line.starts_with(&format!("{name} "))).count(), 1, "{name}: {lines:#?}");
    }
    assert!(
        Config::from_source(&source(&[("VESTIBULE_LOG", "vestibule=loud")])).is_err(),
        "a log filter can be wrong too"
    );
}

#[test]
fn every_setting_can_come_from_a_file_and_from_one_place_only() {
    for (name, _) in SETTINGS.iter().filter(|(name, _)| !name.ends_with("_FILE")) {
        let by_file = format!("{name}_FILE");
        let lines = problems(&[(&by_file, "no/such/setting")]).lines().to_vec();
        assert!(
            lines.len() == 1 && lines[0].starts_with(&format!("{by_file} cannot be read (no/such/setting)")),
            "{lines:?}"
        );
        let lines = problems(&[(name, "a"), (&by_file, "no/such/setting")]).lines().to_vec();
        assert_eq!(lines, [format!("{name} and {by_file} are both set; keep one")]);
    }
}

#[test]
fn a_file_gives_its_text_without_the_end_of_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workers");
    for (text, workers) in [("7", Some(7)), ("7\n", Some(7)), ("7\r\n", Some(7)), (" 7 \n", Some(7))] {
        std::fs::write(&path, text).unwrap();
        let config = Config::from_source(&source(&[("VESTIBULE_WORKERS_FILE", path.to_str().unwrap())])).unwrap();
        assert_eq!((config.server.workers, config.unknown.len()), (workers, 0), "{text:?}");
    }
    let folder = dir.path().join("no newline within");
    std::fs::write(&path, format!("{}\n", folder.display())).unwrap();
    let config = Config::from_source(&source(&[("VESTIBULE_DATA_DIR_FILE", path.to_str().unwrap())])).unwrap();
    assert_eq!(config.storage.data_dir, folder);
}

#[test]
fn a_session_never_lasts_longer_than_its_longest_life() {
    let life = |settings: &[(&str, &str)]| Config::from_source(&source(settings)).map(|config| config.sign_in.session);
    let days = |idle, longest| vestibule::platform::config::SessionLife {
        idle: time::Duration::days(idle),
        longest: time::Duration::days(longest),
    };
    assert_eq!(life(&[]).unwrap(), days(30, 90));
    assert_eq!(life(&[("VESTIBULE_SESSION_IDLE_DAYS", "1"), ("VESTIBULE_SESSION_MAX_DAYS", "7")]).unwrap(), days(1, 7));
    assert_eq!(life(&[("VESTIBULE_SESSION_IDLE_DAYS", "120")]).unwrap(), days(120, 120));
    assert!(life(&[("VESTIBULE_SESSION_IDLE_DAYS", "30"), ("VESTIBULE_SESSION_MAX_DAYS", "7")]).is_err());
    assert!(life(&[("VESTIBULE_SESSION_MAX_DAYS", "366")]).is_err());
}

#[test]
fn links_lead_to_the_port_that_is_listened_on() {
    let elsewhere = Config::from_source(&source(&[("VESTIBULE_BIND", "127.0.0.1:9090")])).unwrap();
    assert_eq!(elsewhere.server.base_url.origin(), "http://localhost:9090");
    let told = [("VESTIBULE_BIND", "127.0.0.1:9090"), ("VESTIBULE_BASE_URL", "https://connect.example.com")];
    assert_eq!(Config::from_source(&source(&told)).unwrap().server.base_url.origin(), "https://connect.example.com");
}

#[test]
fn what_looks_like_a_setting_and_is_none_is_named() {
    let config = Config::from_source(&source(&[
        ("VESTIBULE_BASE_ULR", "x"),
        ("VESTIBULE_LOGS", "x"),
        ("VESTIBULE_WORKER_FILE", "x"),
        ("PATH", "x"),
        ("VESTIBULE_EXTRA_CA_FILE", "Cargo.toml"),
        ("VESTIBULE_BIND", ""),
    ]));
    assert_eq!(config.unwrap().unknown, ["VESTIBULE_BASE_ULR", "VESTIBULE_LOGS", "VESTIBULE_WORKER_FILE"]);
}

/// Secrets in every wrong place somebody might put them.
fn slips() -> Vec<(&'static str, String)> {
    let key = format!("{CANARY}abcdefghijklmnopqrstuvwxyz1234");
    assert_eq!(key.len(), 43, "as long as a key in base64");
    let mut slips: Vec<(&str, String)> = [
        CANARY.to_owned(),
        format!("k1:{CANARY}"),
        format!("k1:{key}"),
        format!("{key}:k1"),
        format!("{key}="),
        format!("k1 {key}"),
        format!("k1:AAAA,{key}"),
        format!("{key},{key}"),
        format!("{key}:a,{key}:b"),
    ]
    .map(|value| ("VESTIBULE_MASTER_KEYS", value))
    .to_vec();
    for wrong in [
        "smtp//ann:@@PW@@@mail",
        "http://ann:@@PW@@@mail",
        "@@PW@@",
        "smtps://ann:@@PW@@@mail:port",
        "smtps://ann:@@PW@@@",
        "smtp+starttls://ann:@@PW@@ @:x",
    ] {
        slips.push(("VESTIBULE_SMTP_URL", wrong.replace("@@PW@@", CANARY)));
    }
    for wrong in ["postgress://ann:@@PW@@@db/v", "ann:@@PW@@@db", "mysql://ann:@@PW@@@db"] {
        slips.push(("VESTIBULE_DATABASE_URL", wrong.replace("@@PW@@", CANARY)));
    }
    slips.push(("VESTIBULE_BASE_URL", format!("https://ann:{CANARY}@connect.example.com")));
    slips.push(("VESTIBULE_BASE_URL", format!("https://:{CANARY}@connect.example.com")));
    slips
}

#[test]
fn no_problem_tells_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in slips() {
        let problems = problems(&[(name, &value)]);
        assert!(
            !problems.to_string().contains(CANARY) && !format!("{problems:?}").contains(CANARY),
            "{name}: {problems}"
        );
        let path = dir.path().join("secret");
        std::fs::write(&path, &value).unwrap();
        let by_file = Config::from_source(&source(&[(&format!("{name}_FILE"), path.to_str().unwrap())])).unwrap_err();
        assert!(!by_file.to_string().contains(CANARY), "{name}: {by_file}");
    }
}

#[test]
fn no_setting_tells_a_secret_when_it_is_printed() {
    let key = "k1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=".to_owned();
    let config = Config::from_source(&source(&[
        ("VESTIBULE_MASTER_KEYS", &key),
        ("VESTIBULE_SMTP_URL", &format!("smtps://ann:{CANARY}@mail.example.com")),
        ("VESTIBULE_DATABASE_URL", &format!("postgres://ann:{CANARY}@db.example.com/v?password={CANARY}")),
    ]));
    let printed = format!("{:?}", config.unwrap());
    assert!(!printed.contains(CANARY) && !printed.contains("QUJDREVG"), "{printed}");
    assert!(printed.contains("db.example.com"), "what is no secret may be seen: {printed}");
}

#[test]
fn the_list_of_settings_is_the_one_that_is_read_and_the_one_that_is_documented() {
    let listed: BTreeSet<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
    let config_files =
        product().iter().filter(|file| file.path.starts_with("src/platform/config/") && file.name() != "mod.rs");
    let texts = config_files.flat_map(|file| file.scan.texts.iter().filter(|(at, _)| !file.scan.is_test(*at)));
    let is_name = |text: &str| {
        text.len() > 10 && text.starts_with("VESTIBULE_") && text.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    };
    let named: BTreeSet<&str> = texts.map(|(_, text)| text.as_str()).filter(|text| is_name(text)).collect();
    assert_eq!(named, listed);

    let readme = read("README.md");
    let rows =
        readme.lines().filter_map(|line| line.strip_prefix("| `VESTIBULE_")?.strip_suffix(" |")?.split_once("` | "));
    let documented: Vec<(String, String)> =
        rows.map(|(name, meaning)| (format!("VESTIBULE_{name}"), meaning.replace('`', ""))).collect();
    let due: Vec<(String, String)> =
        SETTINGS.iter().map(|(name, meaning)| ((*name).to_owned(), (*meaning).to_owned())).collect();
    assert_eq!(documented, due, "README.md / SETTINGS");
}
