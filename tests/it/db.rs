//! The two doors of the database: every step happens whole or not at all, and never takes another one with it.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use proptest::prelude::*;
use vestibule::base::clock::UtcTime;
use vestibule::base::error::AppError;
use vestibule::platform::db::conn::Conn;
use vestibule::platform::db::schema::{jobs, members};
use vestibule::platform::db::{DatabaseUrl, Db, instance};

use crate::support::db::{fresh, remove};

struct Opened {
    db: Db,
    _dir: tempfile::TempDir,
}

impl Drop for Opened {
    fn drop(&mut self) {
        remove(self.db.place());
    }
}

fn opened() -> Opened {
    let dir = tempfile::tempdir().unwrap();
    Opened { db: Db::open(&fresh(dir.path())).unwrap(), _dir: dir }
}

/// Names that are stored, of those that begin so.
async fn stored(db: &Db, beginning: &'static str) -> BTreeSet<String> {
    use vestibule::platform::db::schema::instance::dsl::{instance as table, name};
    let all: Vec<String> = db
        .read(move |conn| Ok(table.filter(name.like(format!("{beginning}%"))).select(name).load(conn)?))
        .await
        .unwrap();
    all.into_iter().collect()
}

fn name(number: usize) -> String {
    format!("step-{number:03}")
}

/// Sends steps while the first one holds the writer, so that they wait in the queue and share a commit.
async fn together(
    db: &Db,
    steps: usize,
    step: impl Fn(usize, &mut Conn) -> Result<(), AppError> + Clone + Send + 'static,
) -> Vec<Result<(), AppError>> {
    let (go, wait) = channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel::<()>();
    let first = {
        let db = db.clone();
        tokio::spawn(async move {
            let hold = move |_: &mut Conn| {
                began.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            };
            db.write(hold).await
        })
    };
    begun.await.unwrap();
    let sent: Vec<_> = (0..steps)
        .map(|number| {
            let (db, step) = (db.clone(), step.clone());
            tokio::spawn(async move { db.write(move |conn| step(number, conn)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    go.send(()).unwrap();
    first.await.unwrap().unwrap();
    let mut results = Vec::new();
    for one in sent {
        results.push(one.await.unwrap());
    }
    results
}

#[tokio::test]
async fn a_step_that_fails_or_panics_takes_only_itself_back() {
    let opened = opened();
    let results = together(&opened.db, 60, |number, conn| {
        instance::put(conn, &name(number), b"written")?;
        match number % 3 {
            0 => Ok(()),
            1 => Err(AppError::Conflict("this one does not want to")),
            // As deep as it gets: in a transaction of its own.
            _ => conn.transaction(|conn| {
                instance::put(conn, &format!("step-{number}-inside"), b"written")?;
                std::panic::resume_unwind(Box::new("this one breaks"))
            }),
        }
    })
    .await;
    for (number, result) in results.iter().enumerate() {
        match number % 3 {
            0 => assert!(result.is_ok(), "{number}: {result:?}"),
            1 => assert!(matches!(result, Err(AppError::Conflict(_))), "{number}: {result:?}"),
            _ => assert!(matches!(result, Err(AppError::Internal(_))), "{number}: {result:?}"),
        }
    }
    let kept: BTreeSet<String> = (0..60).filter(|number| number % 3 == 0).map(name).collect();
    assert_eq!(stored(&opened.db, "step-").await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_parallel_steps_all_land_and_each_sees_what_it_wrote() {
    let opened = opened();
    let running: Vec<_> = (0..200)
        .map(|number| {
            let db = opened.db.clone();
            tokio::spawn(async move {
                db.write(move |conn| Ok(instance::put(conn, &name(number), b"here")?)).await.unwrap();
                // The answer comes after the commit, so another connection sees it.
                db.read(move |conn| Ok(instance::find(conn, &name(number))?)).await.unwrap()
            })
        })
        .collect();
    for step in running {
        assert_eq!(step.await.unwrap().as_deref(), Some(b"here".as_slice()));
    }
    assert_eq!(stored(&opened.db, "step-").await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_claim_a_name_one_gets_it() {
    let opened = opened();
    let running: Vec<_> = (0..40_u8)
        .map(|number| {
            let db = opened.db.clone();
            tokio::spawn(async move {
                db.write(move |conn| Ok(instance::claim(conn, "claimed", &[number])?)).await.unwrap()
            })
        })
        .collect();
    let mut winners = Vec::new();
    for (number, step) in (0_u8..).zip(running) {
        if step.await.unwrap() {
            winners.push(number);
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let kept = opened.db.read(|conn| Ok(instance::find(conn, "claimed")?)).await.unwrap();
    assert_eq!(kept, Some(winners));
}

#[tokio::test]
async fn whoever_goes_away_before_the_answer_leaves_the_door_open() {
    let opened = opened();
    let (go, wait) = channel::<()>();
    let waiting = {
        let db = opened.db.clone();
        tokio::spawn(async move {
            db.write(move |conn| {
                wait.recv().unwrap();
                Ok(instance::put(conn, "left", b"behind")?)
            })
            .await
        })
    };
    tokio::task::yield_now().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    go.send(()).unwrap();
    opened.db.write(|conn| Ok(instance::put(conn, "next", b"")?)).await.unwrap();
    assert!(stored(&opened.db, "next").await.contains("next"));
}

#[tokio::test]
async fn what_cannot_begin_is_not_done_half() {
    let dir = tempfile::tempdir().unwrap();
    let place = DatabaseUrl::Sqlite(dir.path().join("locked.db").to_string_lossy().into_owned());
    let db = Db::open(&place).unwrap();
    db.write(|conn| Ok(conn.batch_execute("PRAGMA busy_timeout = 20")?)).await.unwrap();
    let mut other = place.open().unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let (asked, was_asked) = channel();
    let refused = db
        .write(move |conn| {
            asked.send(()).unwrap();
            Ok(instance::put(conn, "locked", b"")?)
        })
        .await;
    assert!(refused.unwrap_err().to_string().contains("locked"));
    assert!(was_asked.try_recv().is_err(), "the work was begun without a transaction");
    other.batch_execute("ROLLBACK").unwrap();
    db.write(|conn| Ok(instance::put(conn, "free", b"")?)).await.unwrap();
    assert_eq!((stored(&db, "locked").await.len(), stored(&db, "free").await.len()), (0, 1));
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_everybody_in_it_and_the_next_one_works() {
    let opened = opened();
    if matches!(opened.db.place(), DatabaseUrl::Postgres(_)) {
        return opened.db.write(|conn| Ok(instance::put(conn, "shares no commit", b"")?)).await.unwrap();
    }
    let results = together(&opened.db, 10, |number, conn| {
        instance::put(conn, &name(number), b"never")?;
        if number == 5 {
            // Judged at the commit only, where it fails the whole group.
            conn.batch_execute("PRAGMA defer_foreign_keys = ON")?;
            orphan(conn)?;
        }
        Ok(())
    })
    .await;
    let failed = results.iter().filter(|result| result.is_err()).count();
    let kept = stored(&opened.db, "step-").await.len();
    assert_eq!(failed + kept, 10, "what was not stored was not promised: {results:?}");
    assert!(failed >= 1);
    opened.db.write(|conn| Ok(instance::put(conn, "after", b"")?)).await.unwrap();
    assert_eq!(stored(&opened.db, "after").await.len(), 1);
}

/// A member of a workspace that does not exist.
fn orphan(conn: &mut Conn) -> QueryResult<usize> {
    let now = UtcTime::from_unix(0).unwrap();
    let row = (
        (members::id.eq("m"), members::workspace_id.eq("nowhere"), members::email.eq("e"), members::name.eq("n")),
        (
            members::password_hash.eq(""),
            members::role.eq("viewer"),
            members::theme.eq("system"),
            members::created_at.eq(now),
        ),
    );
    diesel::insert_into(members::table).values(row).execute(conn)
}

#[tokio::test]
async fn rows_must_belong_to_something_that_exists() {
    let opened = opened();
    let refused = opened.db.write(|conn| Ok(orphan(conn)?)).await;
    assert!(refused.unwrap_err().to_string().to_lowercase().contains("foreign key"));
}

#[derive(diesel::QueryableByName)]
struct Pragma {
    #[diesel(sql_type = diesel::sql_types::Text)]
    found: String,
}

fn pragmas(conn: &mut Conn) -> Vec<String> {
    let read = |name: &str, inner: &mut SqliteConnection| {
        let column = if name == "busy_timeout" { "timeout" } else { name };
        let query = format!("SELECT CAST({column} AS TEXT) AS found FROM pragma_{name}");
        diesel::sql_query(query).get_result::<Pragma>(inner).unwrap().found
    };
    match conn {
        Conn::Sqlite(inner) => {
            let names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete"];
            names.map(|name| format!("{name} {}", read(name, inner))).to_vec()
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => panic!("not SQLite"),
    }
}

#[tokio::test]
async fn sqlite_flushes_every_commit_and_overwrites_what_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&DatabaseUrl::Sqlite(dir.path().join("p.db").to_string_lossy().into_owned())).unwrap();
    let due = ["journal_mode wal", "synchronous 2", "foreign_keys 1", "busy_timeout 4000", "secure_delete 1"];
    assert_eq!(db.read(|conn| Ok(pragmas(conn))).await.unwrap(), due, "readers");
    assert_eq!(db.write(|conn| Ok(pragmas(conn))).await.unwrap(), due, "the writer");
}

#[test]
fn an_address_says_which_database_is_meant_and_nothing_is_guessed() {
    assert_eq!(DatabaseUrl::parse("sqlite:/var/x.db").unwrap(), DatabaseUrl::Sqlite("/var/x.db".into()));
    assert_eq!(DatabaseUrl::parse("sqlite:///var/x.db").unwrap(), DatabaseUrl::Sqlite("/var/x.db".into()));
    for url in ["postgres://h/d", "postgresql://h/d"] {
        assert_eq!(DatabaseUrl::parse(url).unwrap(), DatabaseUrl::Postgres(url.into()));
    }
    for url in [
        "",
        "sqlite:",
        "sqlite://",
        "/var/x.db",
        "x.db",
        "postgress://h/d",
        "mysql://h/d",
        "Postgres:h",
        "file:x.db",
        ":memory:",
    ] {
        assert!(DatabaseUrl::parse(url).is_err(), "{url}");
    }
}

#[test]
fn a_server_that_is_down_is_never_taken_for_a_file_and_its_password_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let before: BTreeSet<_> = std::fs::read_dir(".").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    for url in [
        "postgres://ann:cAnArY-pw@127.0.0.1:1/gone",
        "postgres://ann:cAnArY%zz@127.0.0.1:1/gone",
        "postgres://ann:cAnArY pw@127.0.0.1:1/gone?x=y",
    ] {
        let place = DatabaseUrl::parse(url).unwrap();
        let error = Db::open(&place).err().map(|error| format!("{error:#} {error:?}")).expect("nobody listens there");
        assert!(!error.contains("cAnArY") && !place.shown().contains("cAnArY"), "{error}");
        if cfg!(feature = "postgres") {
            assert!(error.contains("cannot reach PostgreSQL"), "{error}");
        } else {
            assert!(
                error.contains("libpq-dev") && error.contains("cargo build --release --features postgres"),
                "{error}"
            );
        }
    }
    let after: BTreeSet<_> = std::fs::read_dir(".").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let new: Vec<_> = after.difference(&before).filter(|name| name.to_string_lossy().contains("postgres")).collect();
    assert!(new.is_empty(), "{new:?}");
    let missing = DatabaseUrl::Sqlite(dir.path().join("no/such/folder.db").to_string_lossy().into_owned());
    assert!(format!("{:#}", Db::open(&missing).err().unwrap()).contains("folder.db"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// SQLite compares moments as text: that must be the order of time.
    #[test]
    fn moments_come_back_as_they_were_and_in_order(micros in proptest::collection::vec(0..4_000_000_000_000_000_i128, 1..40)) {
        let opened = opened();
        let moments: Vec<UtcTime> = micros
            .iter()
            .map(|micros| UtcTime::new(time::OffsetDateTime::from_unix_timestamp_nanos(micros * 1_000 + 999).unwrap()))
            .collect();
        let rows = moments.clone();
        let back: Vec<UtcTime> = opened.db.write_blocking(move |conn| {
            for (number, at) in rows.iter().enumerate() {
                let row = (jobs::id.eq(format!("{number}")), jobs::kind.eq("k"), jobs::payload.eq(""), jobs::run_at.eq(*at), jobs::attempts.eq(0), jobs::created_at.eq(*at));
                diesel::insert_into(jobs::table).values(row).execute(conn)?;
            }
            Ok(jobs::table.order(jobs::run_at).select(jobs::run_at).load(conn)?)
        }).unwrap();
        let mut sorted = moments;
        sorted.sort();
        prop_assert_eq!(back, sorted);
    }
}
