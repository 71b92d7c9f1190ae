//! Every statement of every page and of every GET of the API is answered by an index, and the right one, by a database that knows
//! nothing about its rows yet: so it stays fast however many there are.

use std::collections::BTreeSet;

use vestibule::platform::db::DatabaseUrl;
use vestibule::server::routes::api_routes;

use super::matrix::cases;
use super::world::{Who, World};
use crate::api::{Program, address};
use crate::support::TestApp;
use crate::support::statements::{self, Watched};

/// Tables that hold so few rows that walking through them all is fine: what the installation remembers, and what only its start asks.
const SMALL: [&str; 3] = ["instance", "workspaces", "__diesel_schema_migrations"];

/// Tables whose rows one workspace has so few of that they may be put in order by hand.
const FEW_IN_A_WORKSPACE: [&str; 9] = [
    "members",
    "sessions",
    "api_keys",
    "account_links",
    "output_layers",
    "oauth_apps",
    "webhook_attempts",
    "webhook_endpoints",
    "webhook_secrets",
];

/// What belongs to one thing of a workspace: a statement that names one of these must be answered by an index that holds it.
const NARROWER: [&str; 5] = ["connection_id", "setup_link_id", "endpoint_id", "invite_link_id", "delivery_id"];

/// The hits of a word that has few of them, and the links among them: those are put in order by hand.
fn finds_rare_words(statement: &str) -> bool {
    let bare = statement.replace(['"', '`'], "");
    bare.starts_with("SELECT connection_words.connection_id")
        || ["invite_links.id IN (", "invite_links.id = ANY"].iter().any(|ids| bare.contains(ids))
}

/// What is wrong with how a statement is answered.
fn faults(watched: &Watched, statement: &str) -> Vec<String> {
    // A list of nothing: the database has nothing to find, and says that it would walk.
    if statement.contains("(1=0)") {
        return Vec::new();
    }
    let plan = watched.plan(statement);
    let has = |words: &str, tables: &[&str]| {
        tables.iter().any(|table| words.split(['"', '`', ' ']).any(|word| word == *table))
    };
    let mut faults = Vec::new();
    for step in &plan {
        let walks = match step.split_once("Seq Scan on ") {
            Some((_, rest)) => Some(rest),
            None => step.strip_prefix("SCAN ").filter(|rest| !rest.contains("INDEX") && !rest.starts_with("CONSTANT")),
        };
        if walks.is_some_and(|rest| !has(rest, &SMALL) && !rest.starts_with('(')) {
            faults.push(format!("walks through a table: {step}"));
        }
        let sorts = (step.contains("TEMP B-TREE") && !step.contains("LAST TERM"))
            || step.starts_with("Sort ")
            || step.contains("->  Sort ");
        if sorts && !has(statement, &FEW_IN_A_WORKSPACE) && !finds_rare_words(statement) {
            faults.push(format!("sorts by hand: {step}"));
        }
        // Two indexes laid over each other: none of them holds what is asked.
        if step.contains("BitmapAnd") || step.contains("BitmapOr") {
            faults.push(format!("reads several indexes for one table: {step}"));
        }
        let only_workspace = step.contains("(workspace_id=?)") && step.starts_with("SEARCH");
        let table = step.split(' ').nth(1).unwrap_or_default();
        let named = NARROWER.iter().find(|column| statement.contains(&format!("`{table}`.`{column}` =")));
        if let Some(column) = named.filter(|_| only_workspace) {
            faults.push(format!("walks through a workspace though {column} is given: {step}"));
        }
    }
    faults
}

/// Judges what was asked since the last time; each statement once.
pub fn judge(watched: &Watched, of: &str, judged: &mut BTreeSet<String>, wrong: &mut Vec<String>) {
    for statement in watched.take_queries() {
        if judged.insert(statement.clone()) {
            let found = faults(watched, &statement);
            wrong.extend(found.into_iter().map(|fault| format!("{of}: {fault}\n    {statement}")));
        }
    }
}

#[tokio::test]
async fn every_page_is_read_by_an_index() {
    statements::listen();
    let world = World::new().await;
    let watched = Watched::new(&world.app.place);
    let (mut judged, mut wrong) = (BTreeSet::new(), Vec::new());
    let visitor = world.browser_of(Who::Owner).await;
    for case in cases("GET") {
        let path = world.path(&case.path(), Who::Owner).await;
        watched.take();
        visitor.get(&path).await;
        judge(&watched, case.pattern, &mut judged, &mut wrong);
    }
    for list in
        ["/connections?find=shop", "/connections?state=finalised", "/connections?before=x", "/invite-links?sort=name"]
    {
        visitor.get(list).await;
        judge(&watched, list, &mut judged, &mut wrong);
    }
    world.app.run_jobs().await;
    vestibule::features::webhooks::run_due(&world.app.app).await.unwrap();
    vestibule::console::retention::sweep(&world.app.app).await.unwrap();
    judge(&watched, "what runs later", &mut judged, &mut wrong);
    assert!(judged.len() > 60, "the statements are heard: {}", judged.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_answer_to_a_program_is_read_by_an_index() {
    statements::listen();
    let app = TestApp::start();
    let watched = Watched::new(&app.place);
    let (mut judged, mut wrong) = (BTreeSet::new(), Vec::new());
    let program = Program::start(&app).await;
    for route in api_routes().iter().filter(|route| route.method == "get") {
        let path = address(&app, &program, route.path).await;
        watched.take();
        program.get(&path).await;
        judge(&watched, route.path, &mut judged, &mut wrong);
    }
    assert!(judged.len() > 20, "the statements are heard: {}", judged.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_narrowed_to_a_state_is_read_by_the_index_of_that_state() {
    statements::listen();
    let app = TestApp::start();
    // PostgreSQL knows how many rows there are and chooses by that.
    if !matches!(app.place, DatabaseUrl::Sqlite(_)) {
        return;
    }
    let program = Program::start(&app).await;
    let owner = app.visitor();
    owner.sign_in("ana@acme.example").await;
    let watched = Watched::new(&app.place);
    for (path, condition, index) in [
        ("/invite-links", "approval = 'waiting'", "connections_waiting"),
        ("/api/v1/sources/?state=finalised", "`finalised_at` IS NOT NULL", "connections_finalised_by_age"),
        ("/api/v1/sources/?state=incomplete", "missing_count > 0", "connections_missing_by_age"),
        ("/connections?state=finalised", "`finalised_at` IS NOT NULL", "connections_finalised "),
    ] {
        watched.take();
        match path.starts_with("/api/") {
            true => assert_eq!(program.get(path).await.status, 200, "{path}"),
            false => assert_eq!(owner.get(path).await.status, 200, "{path}"),
        }
        let asked: Vec<String> =
            watched.take_queries().into_iter().filter(|statement| statement.contains(condition)).collect();
        assert!(!asked.is_empty(), "{path}");
        for statement in asked {
            let plan = watched.plan(&statement);
            assert!(plan.iter().any(|step| step.contains(index)), "{path}: {plan:?}\n    {statement}");
        }
    }
}

#[tokio::test]
async fn a_wrong_way_is_noticed() {
    let app = TestApp::start();
    let watched = Watched::new(&app.place);
    let sqlite = matches!(app.place, DatabaseUrl::Sqlite(_));
    let (quote, value) = if sqlite { ('`', "?") } else { ('"', "$1") };
    let asked = |text: &str| faults(&watched, &text.replace('`', &quote.to_string()).replace('?', value));
    assert!(!asked("SELECT `activity`.`id` FROM `activity` WHERE (`activity`.`detail` = ?)").is_empty());
    assert!(
        !asked("SELECT `runs`.`id` FROM `runs` WHERE (`runs`.`workspace_id` = ?) ORDER BY `runs`.`place`").is_empty()
    );
    assert!(
        asked("SELECT `runs`.`id` FROM `runs` WHERE (`runs`.`workspace_id` = ?) ORDER BY `runs`.`id` DESC").is_empty()
    );
}
