use crate::support::installation::{Installation, Ran, set_mode};

/// The line about one thing.
fn about(ran: &Ran, what: &str) -> String {
    let found = ran.out.lines().find(|line| line.get(9..).is_some_and(|rest| rest.starts_with(&format!("{what}:"))));
    found.unwrap_or_else(|| panic!("no line about {what}: {ran:?}")).to_owned()
}

#[track_caller]
fn has_problem(here: &Installation, what: &str, words: &str) {
    let ran = here.run(&["doctor"]);
    let line = about(&ran, what);
    assert!(ran.code == 1 && line.starts_with("problem  ") && line.contains(words), "{ran:?}");
}

#[test]
fn a_healthy_installation_has_no_problem() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let ran = here.run(&["doctor"]).good();
    assert!(ran.out.lines().all(|line| line.starts_with("ok ")), "{ran:?}");
    assert!(about(&ran, "database").contains("can be read and written"));
    assert!(about(&ran, "master keys").contains("open what is stored"));
}

#[test]
fn looking_makes_nothing() {
    let here = Installation::on_sqlite();
    here.run(&["doctor"]).good();
    assert!(!here.data().exists());
}

#[test]
fn files_that_others_can_read_are_a_problem() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    set_mode(&here.key_file(), 0o644);
    has_problem(&here, "key file", "chmod 600");
    set_mode(&here.key_file(), 0o600);
    set_mode(&here.data(), 0o755);
    has_problem(&here, "data folder", "chmod 700");
}

#[test]
fn keys_that_are_missing_or_of_another_installation_are_a_problem() {
    let mut here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    std::fs::remove_file(here.key_file()).unwrap();
    has_problem(&here, "master keys", "the key file is missing");
    assert!(!here.key_file().exists());
    let other = here.run(&["keys", "generate"]).good().out;
    here.set("VESTIBULE_MASTER_KEYS", other.trim());
    has_problem(&here, "master keys", "put the keys back");
}

#[test]
fn addresses_are_judged() {
    let mut here = Installation::on_sqlite();
    here.set("VESTIBULE_BASE_URL", "http://connect.example.com");
    has_problem(&here, "base URL", "not encrypted");
    here.set("VESTIBULE_BASE_URL", "http://localhost:8080").set("VESTIBULE_BIND", "127.0.0.1:9090");
    has_problem(&here, "base URL", "listens on 127.0.0.1:9090");
    here.set("VESTIBULE_BASE_URL", "https://connect.example.com");
    here.run(&["doctor"]).good();
}

#[test]
fn what_cannot_be_reached_is_a_problem() {
    let mut here = Installation::on_sqlite();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    here.set("VESTIBULE_SMTP_URL", &format!("smtp://ana:geheim@127.0.0.1:{closed}"));
    has_problem(&here, "mail", "VESTIBULE_SMTP_URL");
    assert!(!here.run(&["doctor"]).out.contains("geheim"));
    here.unset("VESTIBULE_SMTP_URL").set("VESTIBULE_DATABASE_URL", "postgres://ana:geheim@127.0.0.1:1/x");
    has_problem(&here, "database", "VESTIBULE_DATABASE_URL");
    assert!(!here.run(&["doctor"]).out.contains("geheim"));
}

#[test]
fn an_address_that_cannot_be_read_is_never_quoted() {
    let mut here = Installation::on_sqlite();
    for url in [
        "postgres://ana:geheim%zz@127.0.0.1/x",
        "postgres://ana:geheim@[::1/x",
        "postgres://ana:a@geheim@nowhere.invalid/x",
    ] {
        here.set("VESTIBULE_DATABASE_URL", url);
        has_problem(&here, "database", "VESTIBULE_DATABASE_URL");
        let (doctor, server) = (here.run(&["doctor"]), here.run(&["serve"]));
        assert_eq!((doctor.code, server.code), (1, 1));
        let said = [doctor.out, doctor.err, server.out, server.err].concat();
        assert!(!said.contains("geheim"), "{said}");
    }
}

#[test]
fn a_broken_connector_file_is_named() {
    let mut here = Installation::on_sqlite();
    let file = here.write("more/source-broken.json", "{\"slug\": \"broken\"}");
    here.set("VESTIBULE_CONNECTORS_DIR", file.parent().unwrap().to_str().unwrap());
    has_problem(&here, "connectors", "source-broken.json");
    here.set("VESTIBULE_TYPO", "1");
    has_problem(&here, "settings", "VESTIBULE_TYPO");
}

#[test]
fn quick_asks_the_running_server() {
    let mut here = Installation::new();
    let mut server = here.start(&["serve"]);
    let port = server.wait_for("Listening on 127.0.0.1:");
    here.set("VESTIBULE_BIND", &format!("0.0.0.0:{port}"));
    assert!(here.run(&["doctor", "--quick"]).good().out.starts_with("ok       server: ready at 127.0.0.1:"));
    server.stop();
    let ran = here.run(&["doctor", "--quick"]);
    assert!(ran.code == 1 && ran.out.contains("nothing answers"), "{ran:?}");
}
