use vestibule::features::accounts;

use crate::support::installation::Installation;
use crate::support::{PASSWORD, Visitor};

fn owners(here: &Installation, slug: &str) -> Vec<String> {
    let app = here.app();
    let found =
        app.db.read_blocking(|conn| Ok(accounts::find_workspace_by_slug(conn, slug)?)).unwrap().expect("the workspace");
    let owners = app.db.read_blocking(|conn| Ok(accounts::owners_of(conn, &found.id)?)).unwrap();
    owners.into_iter().map(|owner| owner.email).collect()
}

#[actix_web::test]
async fn owners_come_one_by_one_and_sign_in() {
    let here = Installation::new();
    let made = here.owner("Acme Analytics", "Ana@Acme.example").good();
    assert_eq!(made.out, "The workspace Acme Analytics (acme-analytics) was made; ana@acme.example is its owner.\n");
    let by_slug = here.owner("acme-analytics", "ben@acme.example").good();
    assert_eq!(by_slug.out, "ben@acme.example is now an owner of the workspace Acme Analytics (acme-analytics).\n");
    here.owner("Acme Analytics", "chi@acme.example").good();
    let mut found = owners(&here, "acme-analytics");
    found.sort();
    assert_eq!(found, ["ana@acme.example", "ben@acme.example", "chi@acme.example"]);
    here.owner("Other", "dan@other.example").good();
    assert_eq!(owners(&here, "other"), ["dan@other.example"]);

    let server = here.start(&["serve"]);
    for email in ["ana@acme.example", "chi@acme.example"] {
        let person = Visitor::new(&server.base, &server.base);
        person.sign_in(email).await;
        assert!(person.get("/settings/members").await.text().contains("ben@acme.example"));
    }
}

#[test]
fn an_address_is_taken_once() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    here.owner("Acme", "ana@acme.example").refused(1, "exists already");
}

#[actix_web::test]
async fn somebody_known_becomes_an_owner_elsewhere_and_keeps_their_password() {
    let here = Installation::new();
    here.owner("Acme", "ana@acme.example").good();
    let args = ["owner", "create", "--workspace", "Other", "--name", "Ana", "--email", "ANA@acme.example"];
    let said = here.run_with(&args, "quite another password\n").good().out;
    assert!(said.contains("ana@acme.example is its owner") && said.contains("keep their password"), "{said}");
    here.owner("Acme", "bo@acme.example").good();
    let args = ["owner", "create", "--workspace", "Other", "--name", "Bo", "--email", "bo@acme.example"];
    let said = here.run_with(&args, "quite another password\n").good().out;
    assert!(said.contains("now an owner of the workspace Other") && said.contains("keep their password"), "{said}");
    assert_eq!(owners(&here, "other").len(), 2);
    let server = here.start(&["serve"]);
    let ana = Visitor::new(&server.base, &server.base);
    ana.sign_in("ana@acme.example").await;
    assert!(ana.get("/workspaces").await.text().contains("Other"));
}

#[test]
fn what_is_wrong_is_told_at_once_and_nothing_is_made() {
    let here = Installation::new();
    let args = ["owner", "create", "--workspace", " ", "--name", "Ana", "--email", "nobody"];
    let ran = here.run_with(&args, "elf zeichen\n").refused(2, "Enter workspace name");
    assert!(
        ran.err.contains("Email must be an address") && ran.err.contains("Password must be at least 12 characters"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("elf zeichen"));
    assert!(!here.data().exists());
    let args = ["owner", "create", "--workspace", "Acme", "--name", "Ana", "--email", "ana@acme.example"];
    here.run_with(&args, "").refused(2, "Enter password");
    here.run(&args[..6]).ended(2);
}

#[actix_web::test]
async fn only_the_first_line_is_the_password_and_its_end_is_no_part_of_it() {
    let here = Installation::new();
    let args = ["owner", "create", "--workspace", "Acme", "--name", "Ana", "--email", "ana@acme.example"];
    let ran = here.run_with(&args, &format!("{PASSWORD}\r\nmore lines\n")).good();
    assert!(!ran.out.contains(PASSWORD) && !ran.err.contains(PASSWORD));
    let server = here.start(&["serve"]);
    Visitor::new(&server.base, &server.base).sign_in("ana@acme.example").await;
}
