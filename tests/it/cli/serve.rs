use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::support::installation::{Installation, Running, mode, set_mode};
use crate::support::{PATIENCE, Visitor};

#[test]
fn the_first_start_makes_everything_private_and_shows_the_first_run_link() {
    let here = Installation::new();
    let mut server = here.start(&[]);
    server.wait_for("Listening on 127.0.0.1:");
    let link = server.wait_for(&format!("{}/setup?code=", server.base));
    assert_eq!(server.get(&format!("/setup?code={link}")).0, 200);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!((mode(&here.data()), mode(&here.key_file())), (0o700, 0o600));
    if !here.is_postgres() {
        assert_eq!(mode(&here.database_file()), 0o600);
    }
    let done = server.stop();
    assert_eq!(done.code, 0, "{done:?}");
    let key = std::fs::read_to_string(here.key_file()).unwrap();
    let secret = key.split(':').nth(1).unwrap();
    assert!(!done.err.contains(secret) && !done.out.contains(secret));
}

#[test]
fn a_data_folder_that_was_open_is_closed_and_one_of_everybody_is_refused() {
    let here = Installation::new();
    let mails = here.data().join("mail");
    std::fs::create_dir_all(&mails).unwrap();
    let mail = mails.join("1.eml");
    std::fs::write(&mail, "a link").unwrap();
    for (path, open) in [(&mail, 0o644), (&mails, 0o755), (&here.data(), 0o777)] {
        set_mode(path, open);
    }
    let refused = here.run(&["serve"]).refused(1, "everybody on this machine can write to the folder");
    assert!(refused.err.contains("chmod 0700") && mode(&mail) == 0o644, "{refused:?}");
    set_mode(&here.data(), 0o755);
    here.start(&[]).stop().good();
    assert_eq!([&here.data(), &mails, &mail].map(|path| mode(path)), [0o700, 0o700, 0o600]);
}

#[test]
fn a_log_that_cannot_be_written_ends_no_request() {
    let here = Installation::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut server = Running::begin_logging_to(&mut here.command(&[]), full.into());
    server.base = server.wait_for("Vestibule is running at ").trim().to_owned();
    for (path, status) in [("/sign-in", 303), ("/readyz", 200), ("/nothing/here", 404)] {
        assert_eq!(server.get(path).0, status, "{path}");
    }
    server.stop().good();
}

#[test]
fn the_first_run_link_stays_the_same_and_goes_with_the_first_workspace() {
    let here = Installation::new();
    let link = |here: &Installation| {
        let done = here.start(&["serve"]).stop();
        assert_eq!(done.code, 0, "{done:?}");
        done.out.lines().find_map(|line| line.split("/setup?code=").nth(1).map(str::to_owned))
    };
    let first = link(&here).expect("a link");
    assert_eq!(link(&here), Some(first));
    here.owner("Acme", "ana@acme.example").good();
    assert_eq!(link(&here), None);
}

/// Whoever can reach the port could fill the log otherwise.
#[test]
fn what_is_no_request_writes_no_error() {
    let here = Installation::new();
    let server = here.start(&["serve"]);
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let odd = [
        "\0\u{1}\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        &long,
    ];
    for text in odd {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may have closed before all was written.
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.read(&mut [0; 512]);
    }
    assert_eq!(server.get("/healthz").0, 200);
    let done = server.stop();
    assert!(!done.err.contains("ERROR"), "{}", done.err);
}

#[test]
fn interrupt_stops_it_too() {
    let here = Installation::new();
    let done = here.start(&["serve"]).stop_with("INT");
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn what_was_begun_before_the_signal_is_answered() {
    let here = Installation::new();
    let mut server = here.start(&["serve"]);
    let address = server.address();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: {}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\nemail=a%40",
        server.base
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "it has begun: {line}");
    server.signal("TERM");
    server.wait_for_log("stopping as asked by SIGTERM");
    answer.get_mut().write_all(b"b.example&").unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 403") && rest.contains("</html>"), "{rest:?} {:?}", server.wait());
    server.wait().good();
}

#[test]
fn all_problems_of_the_settings_are_told_at_once() {
    let mut here = Installation::new();
    here.set("VESTIBULE_BIND", "somewhere")
        .set("VESTIBULE_RATE_LIMITS", "perhaps")
        .set("VESTIBULE_MASTER_KEYS", "k1:too-short-geheim");
    let ran = here.run(&["serve"]).refused(2, "VESTIBULE_BIND ");
    assert!(ran.err.contains("VESTIBULE_RATE_LIMITS ") && ran.err.contains("VESTIBULE_MASTER_KEYS "));
    assert!(!ran.err.contains("geheim"));
    assert!(!here.data().exists());
}

#[test]
fn variables_that_are_no_settings_are_warned_about() {
    let mut here = Installation::new();
    here.set("VESTIBULE_BASE_ULR", "https://typo.example.com");
    let done = here.start(&["serve"]).stop();
    assert!(done.err.contains("VESTIBULE_BASE_ULR is set, but is no setting"), "{done:?}");
}

#[test]
fn a_taken_port_is_said_clearly_before_anything_is_made() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut here = Installation::new();
    here.set("VESTIBULE_BIND", &taken.local_addr().unwrap().to_string());
    here.run(&["serve"]).refused(1, "another program uses this port");
    assert!(!here.data().exists());
}

#[test]
fn without_its_key_a_used_database_is_refused_and_no_key_is_made() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let kept = here.file("kept.key");
    std::fs::rename(here.key_file(), &kept).unwrap();
    for command in
        [&["serve"][..], &["worker"], &["keys", "rotate"], &["api-key", "create", "--workspace", "acme", "--name", "k"]]
    {
        here.run(command).refused(1, "put it back into");
        assert!(!here.key_file().exists());
    }
    std::fs::rename(&kept, here.key_file()).unwrap();
    here.start(&["serve"]).stop().good();
}

#[test]
fn a_wrong_key_is_refused() {
    let mut here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let other = here.run(&["keys", "generate"]).good().out;
    here.set("VESTIBULE_MASTER_KEYS", other.trim());
    here.run(&["serve"]).refused(1, "do not fit this database");
    // The name alone does not open anything either.
    let name = std::fs::read_to_string(here.key_file()).unwrap().split(':').next().unwrap().to_owned();
    here.set("VESTIBULE_MASTER_KEYS", &format!("{name}:{}", other.trim().split(':').nth(1).unwrap()));
    here.run(&["serve"]).refused(1, "do not fit this database");
}

#[test]
fn the_worker_runs_alone() {
    let here = Installation::new();
    here.run(&["migrate"]).good();
    let mut worker = Running::begin(&mut here.command(&["worker"]));
    assert_eq!(worker.wait_for("The worker"), " is running.");
    worker.stop().good();
}

#[actix_web::test]
async fn somebody_can_sign_in_on_it() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let server = here.start(&["serve"]);
    let ana = Visitor::new(&server.base, &server.base);
    ana.sign_in("ana@acme.example").await;
    assert_eq!(ana.get("/connections").await.status, 200);
}

#[test]
fn a_pooler_that_shares_sessions_before_its_own_database_is_named() {
    use vestibule::platform::db::DatabaseUrl;

    use crate::support::db::{empty_postgres_of, postgres_server, remove_from};
    use crate::support::pooler::Pooler;

    let Some(server) = postgres_server() else { return };
    let direct = empty_postgres_of(&server);
    let DatabaseUrl::Postgres(url) = &direct else { unreachable!("it is a PostgreSQL") };
    let mut url = url::Url::parse(url).unwrap();
    let (host, port) = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
    for (mode, works) in [("transaction", false), ("session", true)] {
        let size = if works { 40 } else { 1 };
        let Some(pooler) = Pooler::start(mode, size, (&host, port), url.username()) else { break };
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(pooler.port)).unwrap();
        let mut here = Installation::on_sqlite();
        here.set("VESTIBULE_DATABASE_URL", url.as_str());
        if works {
            assert_eq!(here.start(&["serve"]).stop().code, 0);
        } else {
            here.run(&["serve"]).refused(1, "pool_mode = transaction");
            let told = here.run(&["doctor"]);
            assert!(told.code == 1 && told.out.contains("pool_mode = transaction"), "{told:?}");
        }
    }
    remove_from(&server, &direct);
}
