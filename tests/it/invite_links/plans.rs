//! Lists stay fast with very many rows because they are read in the order of an index: here is what the database says it does.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use vestibule::base::clock::UtcTime;
use vestibule::base::ids::{InviteLinkId, WorkspaceId};
use vestibule::connectors::Kind;
use vestibule::features::connections::{self, StateFilter};
use vestibule::features::invite_links::{self, Sort};
use vestibule::platform::db::Conn;
use vestibule::platform::db::cursor::PageRequest;

use crate::api::workspace_id;
use crate::support::{TestApp, many};

const ROWS: usize = 20_000;
const LINKS: usize = 4_000;

/// One list with its name; `sorts` says whether it may put rows in order by itself.
type List = (&'static str, bool, Box<dyn Fn(&mut Conn, &WorkspaceId, UtcTime)>);

fn of_connections(name: &'static str, sorts: bool, filter: connections::Filter) -> List {
    let read = move |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        assert!(!connections::list(conn, workspace, &filter, 51).unwrap().is_empty(), "{name}");
    };
    (name, sorts, Box::new(read))
}

fn of_links(name: &'static str, sorts: bool, filter: invite_links::Filter, sort: Sort) -> List {
    let read = move |conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime| {
        let found = invite_links::rows(conn, workspace, &filter, (sort, None), 51, now).unwrap();
        assert!(!found.is_empty(), "{name}");
    };
    (name, sorts, Box::new(read))
}

fn lists() -> Vec<List> {
    let all = connections::Filter::default;
    let state = |state| connections::Filter { state: Some(state), ..all() };
    let find = |query: &str| connections::Filter { query: query.to_owned(), ..all() };
    let links = invite_links::Filter::default;
    let page = |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        let filter = connections::Filter { kind: Some(Kind::Source), ..connections::Filter::default() };
        let wanted = PageRequest { cursor: None, limit: 25 };
        assert_eq!(connections::page(conn, workspace, &filter, &wanted, 0).unwrap().rows.len(), 25);
    };
    let of_link = |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        let (link, wanted) = (InviteLinkId::from_text("l0000007"), PageRequest { cursor: None, limit: 5 });
        assert_eq!(connections::of_invite_link(conn, workspace, &link, &wanted).unwrap().rows.len(), 5);
    };
    vec![
        of_connections("connections", false, all()),
        of_connections("finalised ones", false, state(StateFilter::Finalised)),
        of_connections("unfinished ones", false, state(StateFilter::Missing)),
        of_connections("filled in ones", false, state(StateFilter::FilledIn)),
        of_connections("waiting ones", false, state(StateFilter::Waiting)),
        of_connections("destinations", false, connections::Filter { kind: Some(Kind::Destination), ..all() }),
        of_connections("found by a rare word", true, find("1234")),
        of_connections("found by two words", true, find("shop 123")),
        ("connections in the API", false, Box::new(page)),
        ("connections of a link", false, Box::new(of_link)),
        of_links("invite links", false, links(), Sort::Newest),
        of_links("invite links by name", false, links(), Sort::Name),
        of_links("invite links by end", false, links(), Sort::Ending),
        of_links("invite links by use", false, links(), Sort::LastUse),
        of_links("invite links by connections", false, links(), Sort::Connections),
        of_links(
            "deleted invite links",
            false,
            invite_links::Filter { state: Some(invite_links::StateFilter::Deleted), ..links() },
            Sort::Newest,
        ),
        of_links("invite links found", true, invite_links::Filter { query: "123".to_owned(), ..links() }, Sort::Newest),
    ]
}

#[tokio::test]
async fn every_list_is_read_by_an_index() {
    let app = TestApp::start();
    app.owner().await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let now = app.app.clock.now();
    let mut conn = app.place.open().unwrap();
    many::connections(&mut conn, workspace.as_str(), ROWS);
    many::links(&mut conn, workspace.as_str(), LINKS);
    many::settle(&mut conn);
    for (name, sorts, read) in lists() {
        match &conn {
            Conn::Sqlite(_) => by_plan(&mut conn, name, sorts, |conn| read(conn, &workspace, now)),
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => by_counters(&mut conn, name, |conn| read(conn, &workspace, now)),
        }
    }
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// SQLite tells the plan of each statement that was run.
fn by_plan(conn: &mut Conn, name: &str, sorts: bool, read: impl Fn(&mut Conn)) {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            noted.lock().unwrap().push(query.to_string());
        }
    });
    read(conn);
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let statements: Vec<String> = seen.lock().unwrap().clone();
    assert!(!statements.is_empty(), "{name}");
    for statement in statements {
        let sql = statement.split(" -- binds").next().unwrap();
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn).unwrap();
        let plan: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        println!("{name}: {}", plan.join("; "));
        for step in &plan {
            let bare = step.starts_with("SCAN") && !step.contains("INDEX");
            assert!(!bare, "{name} walks through every row: {plan:?}\n{sql}");
            assert!(sorts || !step.contains("TEMP B-TREE"), "{name} sorts: {plan:?}\n{sql}");
        }
    }
}

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct Scans {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    scans: i64,
}

/// PostgreSQL counts how often a table was read without an index.
#[cfg(feature = "postgres")]
fn by_counters(conn: &mut Conn, name: &str, read: impl Fn(&mut Conn)) {
    use diesel::connection::SimpleConnection as _;
    let scans = |conn: &mut Conn| {
        conn.batch_execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_clear_snapshot();").unwrap();
        let sql = "SELECT sum(seq_scan)::bigint AS scans FROM pg_stat_user_tables WHERE relname IN \
                   ('connections', 'connection_words', 'invite_links', 'invite_link_words')";
        diesel::sql_query(sql).get_result::<Scans>(conn).unwrap().scans
    };
    let before = scans(conn);
    read(conn);
    assert_eq!(scans(conn), before, "{name} walks through every row of a table");
}
