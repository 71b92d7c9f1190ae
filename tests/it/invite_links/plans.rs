//! Lists stay fast with very many rows because they are read in the order of an index: here is what the database says it does.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use vestibule::base::clock::UtcTime;
use vestibule::base::ids::{ConnectionId, InviteLinkId, WorkspaceId};
use vestibule::connectors::Kind;
use vestibule::features::connections::{self, ConnectionStateFilter};
use vestibule::features::invite_links::{self, Sort};
use vestibule::features::work::{runs, validations};
use vestibule::features::{oauth, setup_links, streams, webhooks};
use vestibule::platform::db::Conn;
use vestibule::platform::db::cursor::PageRequest;

use crate::api::workspace_id;
use crate::support::TestApp;
use crate::support::many::{self, Happened};

const ROWS: usize = 20_000;
const LINKS: usize = 20_000;

/// One list with its name; `sorts` says whether it may put rows in order by itself.
type List = (&'static str, bool, Box<dyn Fn(&mut Conn, &WorkspaceId, UtcTime)>);

fn of_connections(name: &'static str, sorts: bool, filter: connections::ConnectionFilter) -> List {
    let read = move |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        assert!(!connections::list(conn, workspace, &filter, 51).unwrap().is_empty(), "{name}");
    };
    (name, sorts, Box::new(read))
}

fn of_links(name: &'static str, sorts: bool, filter: invite_links::InviteLinkFilter, sort: Sort) -> List {
    let read = move |conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime| {
        let found =
            invite_links::rows(conn, workspace, &filter, invite_links::ListOrder { sort, after: None }, 51, now)
                .unwrap();
        assert!(!found.is_empty(), "{name}");
    };
    (name, sorts, Box::new(read))
}

fn lists() -> Vec<List> {
    let all = connections::ConnectionFilter::default;
    let state = |state| connections::ConnectionFilter { state: Some(state), ..all() };
    let find = |query: &str| connections::ConnectionFilter { query: query.to_owned(), ..all() };
    let links = invite_links::InviteLinkFilter::default;
    let page = |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        let filter =
            connections::ConnectionFilter { kind: Some(Kind::Source), ..connections::ConnectionFilter::default() };
        let wanted = PageRequest { cursor: None, limit: 25 };
        assert_eq!(connections::page(conn, workspace, &filter, &wanted).unwrap().rows.len(), 25);
    };
    let of_link = |conn: &mut Conn, workspace: &WorkspaceId, _: UtcTime| {
        let (link, wanted) = (InviteLinkId::from_text("l0000007"), PageRequest { cursor: None, limit: 5 });
        assert_eq!(connections::of_invite_link(conn, workspace, &link, &wanted).unwrap().rows.len(), 5);
    };
    vec![
        of_connections("connections", false, all()),
        of_connections("finalised ones", false, state(ConnectionStateFilter::Finalised)),
        of_connections("unfinished ones", false, state(ConnectionStateFilter::Missing)),
        of_connections("filled in ones", false, state(ConnectionStateFilter::FilledIn)),
        of_connections("waiting ones", false, state(ConnectionStateFilter::Waiting)),
        of_connections("destinations", false, connections::ConnectionFilter { kind: Some(Kind::Destination), ..all() }),
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
            invite_links::InviteLinkFilter { state: Some(invite_links::InviteStateFilter::Deleted), ..links() },
            Sort::Newest,
        ),
        of_links(
            "invite links found",
            true,
            invite_links::InviteLinkFilter { query: "123".to_owned(), ..links() },
            Sort::Newest,
        ),
    ]
}

/// What stands beside the rows of a page, asked for as many as a page shows.
fn beside() -> Vec<List> {
    let named = |conn: &mut Conn, workspace: &WorkspaceId| -> Vec<ConnectionId> {
        let found = connections::list(conn, workspace, &connections::ConnectionFilter::default(), 51).unwrap();
        found.into_iter().map(|row| row.id).collect()
    };
    let of_named = move |name, sorts, read: fn(&mut Conn, &WorkspaceId, &[ConnectionId], UtcTime)| -> List {
        let all = move |conn: &mut Conn, workspace: &WorkspaceId, now: UtcTime| {
            let ids = named(conn, workspace);
            read(conn, workspace, &ids, now);
        };
        (name, sorts, Box::new(all))
    };
    vec![
        of_named("open setup links", false, |conn, workspace, ids, now| {
            assert!(setup_links::open_counts(conn, workspace, ids, now).unwrap().is_empty());
        }),
        // SQLite puts the few validations of one connection in order by itself.
        of_named("newest validations", true, |conn, workspace, ids, _| {
            assert_eq!(validations::newest_of(conn, workspace, ids).unwrap().len(), ids.len());
        }),
        of_named("grants", false, |conn, workspace, ids, _| {
            assert!(oauth::grants::of_connections(conn, workspace, ids).unwrap().is_empty());
        }),
        of_named("plans", false, |conn, workspace, ids, _| {
            assert!(streams::plans_of(conn, workspace, ids).unwrap().is_empty());
        }),
        of_named("callback webhooks", false, |conn, workspace, ids, _| {
            assert!(webhooks::with_callback(conn, workspace, ids).unwrap().is_empty());
        }),
        of_named("names of invite links", false, |conn, workspace, _, _| {
            let links: Vec<InviteLinkId> =
                (0..51).map(|row| InviteLinkId::from_text(&format!("l{:07}", 1 + 3 * row))).collect();
            assert_eq!(invite_links::names(conn, workspace, &links).unwrap().len(), links.len());
        }),
        of_named("runs", false, |conn, workspace, _, _| {
            let page = runs::page(conn, workspace, None, &PageRequest { cursor: None, limit: 25 }).unwrap();
            assert_eq!((page.count, page.rows.len()), (ROWS, 25));
        }),
        of_named("runs of a source", false, |conn, workspace, ids, _| {
            let wanted = PageRequest { cursor: None, limit: 25 };
            assert_eq!(runs::page(conn, workspace, ids.last(), &wanted).unwrap().count, 1);
        }),
        of_named("a later page", false, |conn, workspace, _, _| {
            let middle = connections::find(conn, workspace, "postgres-b9000").unwrap().unwrap();
            let before = Some((middle.updated_at, middle.id));
            let filter = connections::ConnectionFilter { before, ..connections::ConnectionFilter::default() };
            assert_eq!(connections::list(conn, workspace, &filter, 51).unwrap()[0].slug, "postgres-b8999");
        }),
        of_named("a later page of invite links by name", false, |conn, workspace, _, now| {
            let all = invite_links::InviteLinkFilter::default();
            let from = invite_links::find(conn, workspace, &InviteLinkId::from_text("l0000888")).unwrap().unwrap();
            let after = Some(invite_links::InviteLinkCursor::after(Sort::Name, &from));
            let order = invite_links::ListOrder { sort: Sort::Name, after };
            assert_eq!(invite_links::rows(conn, workspace, &all, order, 51, now).unwrap().len(), 51);
        }),
    ]
}

/// With very many rows, and a database that knows nothing of them: nobody has let it look at them.
#[tokio::test]
async fn every_list_is_read_by_an_index() {
    let app = TestApp::start();
    app.owner().await;
    let workspace = workspace_id(&app, "Acme Analytics").await;
    let now = app.app.clock.now();
    let mut conn = app.place.open().unwrap();
    many::connections(&mut conn, workspace.as_str(), ROWS);
    many::links(&mut conn, workspace.as_str(), LINKS);
    let of = Happened { connections: ROWS, activity: ROWS, each: ROWS };
    many::happenings(&mut conn, workspace.as_str(), &of);
    let judge = |conn: &mut Conn, knows: &str| {
        for (name, sorts, read) in lists().into_iter().chain(beside()) {
            let name = format!("{name}, {knows}");
            match conn {
                Conn::Sqlite(_) => by_plan(conn, &name, sorts, |conn| read(conn, &workspace, now)),
                #[cfg(feature = "postgres")]
                Conn::Postgres(_) => by_counters(conn, &name, |conn| read(conn, &workspace, now)),
            }
        }
    };
    judge(&mut conn, "no statistics");
    many::settle(&mut conn);
    judge(&mut conn, "with statistics");
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
    // A list of nothing: the database has nothing to find, and says that it would walk.
    for statement in statements.iter().filter(|statement| !statement.contains("(1=0)")) {
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

/// More rows than this are not read for a page, whatever it shows: those of a search are looked at one by one.
#[cfg(feature = "postgres")]
const MOST_READ: i64 = 1_500;

#[cfg(feature = "postgres")]
#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    scans: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

/// PostgreSQL counts how often a large table was read without an index, and how many rows were read in all.
#[cfg(feature = "postgres")]
fn by_counters(conn: &mut Conn, name: &str, read: impl Fn(&mut Conn)) {
    use diesel::connection::SimpleConnection as _;
    let so_far = |conn: &mut Conn| {
        conn.batch_execute("SELECT pg_stat_force_next_flush(); SELECT pg_stat_clear_snapshot();").unwrap();
        let sql = "SELECT (SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables WHERE relname IN ('connections', 'connection_words', \
                   'invite_links', 'invite_link_words', 'activity', 'setup_links', 'validations', 'runs')) AS scans, \
                   (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables) \
                   + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes) AS rows";
        diesel::sql_query(sql).get_result::<Read>(conn).unwrap()
    };
    let before = so_far(conn);
    read(conn);
    let after = so_far(conn);
    println!("{name}: {} rows", after.rows - before.rows);
    assert_eq!(after.scans, before.scans, "{name} walks through every row of a table");
    assert!(after.rows - before.rows < MOST_READ, "{name} reads {} rows", after.rows - before.rows);
}
