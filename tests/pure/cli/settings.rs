use crate::support::installation::Installation;

#[test]
fn check_config_says_what_is_in_force_without_secrets() {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_SMTP_URL", "smtps://ana:geheim@mail.example.com:465")
        .set("VESTIBULE_DATABASE_URL", "postgres://ana:geheim@db.example.com/acme");
    let ran = here.run(&["check-config"]).good();
    assert!(ran.out.starts_with("The settings are fine.\n"), "{ran:?}");
    assert!(ran.out.contains("smtps://mail.example.com:465") && ran.out.contains("PostgreSQL at db.example.com/acme"));
    assert!(!ran.out.contains("geheim") && !ran.err.contains("geheim"));
    assert!(!here.data().exists());
}

#[test]
fn check_config_refuses_names_that_are_no_settings() {
    for (name, near) in [
        ("VESTIBULE_WROKERS", ": did you mean VESTIBULE_WORKERS?"),
        ("VESTIBULE_BASEURL", ": did you mean VESTIBULE_BASE_URL?"),
        ("VESTIBULE_MASTER_KEY", ": did you mean VESTIBULE_MASTER_KEYS?"),
        ("VESTIBULE_MASTER_KEY_FILE", ": did you mean VESTIBULE_MASTER_KEYS_FILE?"),
        ("VESTIBULE_TRUSTED_PROXY", ": did you mean VESTIBULE_TRUSTED_PROXIES?"),
        ("VESTIBULE_SOMETHING_ELSE_AGAIN", ""),
    ] {
        let mut here = Installation::on_sqlite();
        here.set(name, "geheim");
        let ran = here.run(&["check-config"]);
        assert_eq!((ran.code, ran.out), (2, format!("{name} is set, but is no setting of this version{near}\n")));
    }
}

/// A key that anybody guesses keeps nothing secret.
#[test]
fn a_master_key_that_is_not_random_is_refused() {
    use base64::Engine as _;
    let (zeros, ones, two) = ([0_u8; 32], [0xff_u8; 32], *b"abababababababababababababababab");
    for bytes in [zeros, ones, [7; 32], two] {
        let mut here = Installation::on_sqlite();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        here.set("VESTIBULE_MASTER_KEYS", &format!("k1:{encoded}"));
        for command in ["check-config", "serve"] {
            let ran = here.run(&[command]);
            let said = format!("{}{}", ran.out, ran.err);
            assert!(
                ran.code == 2 && said.contains("key k1 is not random: make one with `vestibule keys generate`"),
                "{ran:?}"
            );
            assert!(!said.contains(&encoded) && !here.data().exists());
        }
    }
}

#[test]
fn check_config_lists_every_problem() {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_BASE_URL", "ftp://x").set("VESTIBULE_WORKERS", "none").set("VESTIBULE_SMTP_URL", "geheim");
    let ran = here.run(&["check-config"]);
    assert_eq!((ran.code, ran.out.lines().count()), (2, 3), "{ran:?}");
    for name in ["VESTIBULE_BASE_URL ", "VESTIBULE_WORKERS ", "VESTIBULE_SMTP_URL "] {
        assert!(ran.out.lines().any(|line| line.starts_with(name)), "{ran:?}");
    }
    assert!(!ran.out.contains("geheim"));
}

#[test]
fn a_setting_can_come_from_a_file() {
    let mut here = Installation::on_sqlite();
    let key = here.run(&["keys", "generate"]).good().out;
    let file = here.write("keys.txt", &key);
    here.set("VESTIBULE_MASTER_KEYS_FILE", file.to_str().unwrap());
    let name = key.split(':').next().unwrap();
    assert!(here.run(&["check-config"]).good().out.contains(&format!("{name} (the first one seals)")));
}

#[test]
fn help_names_commands_and_settings() {
    let here = Installation::on_sqlite();
    let help = here.run(&["--help"]).good().out;
    for word in [
        "serve",
        "worker",
        "migrate",
        "check-config",
        "doctor",
        "backup",
        "restore",
        "keys",
        "owner",
        "api-key",
        "connectors",
        "render",
        "demo",
    ] {
        assert!(help.lines().any(|line| line.trim_start().starts_with(word)), "{word}");
    }
    assert!(help.contains("VESTIBULE_MASTER_KEYS ") && help.contains("VESTIBULE_LOG_FORMAT "));
    assert_eq!(here.run(&["--version"]).good().out, format!("vestibule {}\n", env!("CARGO_PKG_VERSION")));
    here.run(&["fly"]).ended(2);
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_build_without_postgres_says_what_to_do() {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_DATABASE_URL", "postgres://localhost/x");
    here.run(&["migrate"]).refused(1, "--features postgres");
}
