//! From one kind of database to the other and back.

use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};
use vestibule::platform::db::copy::{ColumnKind, CopyTable, copy, insert, rows_of, tables};
use vestibule::platform::db::{Conn, DatabaseUrl, migrations};

use crate::counts::wrong;
use crate::support::db::{empty_postgres_of, postgres_server, remove_from};
use crate::support::installation::Installation;

fn sqlite(path: &std::path::Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(path.to_str().unwrap().to_owned())
}

/// An SQLite database with this version's tables.
fn migrated(place: &DatabaseUrl) -> Conn {
    let mut conn = place.open().unwrap();
    migrations::run(&mut conn).unwrap();
    conn
}

const ROWS: usize = 230;

/// A value that no other row of the column has, with everything that could get lost on the way.
fn cell(table: &CopyTable, name: &str, kind: ColumnKind, row: usize) -> Value {
    let odd = row % 7;
    if let Some((_, other)) = table.references.iter().find(|(column, _)| column == name) {
        return json!(format!("{other}-{row}-\u{fc}\u{1F600}'\"\\\n\u{1}"));
    }
    match kind {
        ColumnKind::Text => json!(format!("{}-{row}-\u{fc}\u{1F600}'\"\\\n\u{1}", table.name)),
        ColumnKind::Bytes if odd == 0 => json!(format!("{row:08x}")),
        ColumnKind::Bytes => json!(format!("{row:08x}00ff275c0a")),
        ColumnKind::Integer => json!(if odd == 0 { i32::MIN } else { i32::try_from(row).unwrap() }),
        ColumnKind::BigInt => {
            json!(if odd == 0 { i64::MAX - 1 } else { 9_007_199_254_740_993 + i64::try_from(row).unwrap() })
        }
        ColumnKind::Moment => {
            let seconds = ["00.0", "59.999999", "07.1", "30.000001", "01.12", "02.5", "03.100001"][odd];
            json!(format!("{}-12-31 23:59:{seconds}", 2000 + row * 7 % 7999))
        }
    }
}

/// Rows in every table there is; a column that may be empty is so in every third row.
fn fill(conn: &mut Conn, all: &[CopyTable]) {
    for table in all {
        let required = not_null(conn, table);
        let rows: Vec<String> = (0..ROWS)
            .map(|row| {
                let cells = table.columns.iter().map(|column| {
                    let empty = row % 3 == 1 && !required.contains(&column.name);
                    if empty { Value::Null } else { cell(table, &column.name, column.kind, row) }
                });
                Value::Array(cells.collect()).to_string()
            })
            .collect();
        insert(conn, table, &rows).unwrap_or_else(|error| panic!("{}: {error:#}", table.name));
    }
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn not_null(conn: &mut Conn, table: &CopyTable) -> Vec<String> {
    use diesel::RunQueryDsl as _;
    let Conn::Sqlite(inner) = conn else { panic!("not SQLite") };
    let asked = format!("SELECT name FROM pragma_table_info('{}') WHERE \"notnull\" = 1 OR pk > 0", table.name);
    let found: Vec<Name> = diesel::sql_query(asked).load(inner).unwrap();
    found.into_iter().map(|row| row.name).collect()
}

/// Everything that is in a database, whatever order and spelling it comes in.
fn contents(conn: &mut Conn, all: &[CopyTable]) -> Vec<(String, Vec<Value>)> {
    let of = |conn: &mut Conn, table: &CopyTable| {
        let mut rows = rows_of(conn, table).unwrap();
        rows.sort();
        (table.name.clone(), rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect())
    };
    all.iter().map(|table| of(conn, table)).collect()
}

#[test]
fn every_row_of_every_table_goes_over_and_comes_back() {
    let Some(server) = postgres_server() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (sqlite(&dir.path().join("first.db")), sqlite(&dir.path().join("second.db")));
    let postgres = empty_postgres_of(&server);
    let mut source = migrated(&first);
    let all = tables(&mut source).unwrap();
    let derived = 1;
    assert_eq!(all.len() + derived, tables_in_code(), "the catalogue has every table of schema.rs but list_counts");
    fill(&mut source, &all);
    let before = contents(&mut source, &all);
    assert!(before.iter().all(|(_, rows)| rows.len() == ROWS));

    let mut middle = migrated(&postgres);
    let copied = copy(&mut source, &mut middle, |_| Ok(())).unwrap();
    assert!(copied.iter().all(|table| table.rows == ROWS as u64), "{copied:?}");
    assert_eq!(contents(&mut source, &all), before, "the source is as it was");
    let mut back = migrated(&second);
    copy(&mut middle, &mut back, |_| Ok(())).unwrap();
    assert_eq!(contents(&mut back, &all), before);
    for conn in [&mut source, &mut middle, &mut back] {
        assert_eq!(wrong(conn), Vec::<String>::new(), "what is copied is counted where it arrives");
    }

    let again = copy(&mut source, &mut middle, |_| Ok(())).unwrap_err();
    assert!(format!("{again:#}").contains("not empty"), "{again:#}");
    drop(middle);
    remove_from(&server, &postgres);
}

/// How many tables `schema.rs` has.
fn tables_in_code() -> usize {
    include_str!("../../../src/platform/db/schema.rs").matches("diesel::table! {").count()
}

#[test]
fn what_is_refused_leaves_the_target_empty() {
    let Some(server) = postgres_server() else { return };
    let dir = tempfile::tempdir().unwrap();
    let postgres = empty_postgres_of(&server);
    let mut source = migrated(&sqlite(&dir.path().join("first.db")));
    let all = tables(&mut source).unwrap();
    fill(&mut source, &all);
    let mut target = migrated(&postgres);
    let refused = copy(&mut source, &mut target, |_| anyhow::bail!("no"));
    assert_eq!(refused.unwrap_err().to_string(), "no");
    // A row that changes on its way is noticed when the table is read back.
    target
        .batch_execute(
            "CREATE FUNCTION blur() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.description := upper(NEW.description); RETURN NEW; END'; \
             CREATE TRIGGER blurred BEFORE INSERT ON connections FOR EACH ROW EXECUTE FUNCTION blur()",
        )
        .unwrap();
    let changed = copy(&mut source, &mut target, |_| Ok(())).unwrap_err();
    assert!(format!("{changed:#}").contains("the table connections did not arrive as it was sent"), "{changed:#}");
    assert!(contents(&mut target, &all).iter().all(|(_, rows)| rows.is_empty()));
    drop(target);
    remove_from(&server, &postgres);
}

#[test]
fn an_installation_moves_and_goes_on() {
    let Some(server) = postgres_server() else { return };
    let mut here = Installation::on_sqlite();
    let folder = here.data();
    here.start(&["demo", "--dir", folder.to_str().unwrap()]).stop().good();
    let postgres = empty_postgres_of(&server);
    let DatabaseUrl::Postgres(url) = &postgres else { panic!("not PostgreSQL") };

    let running = here.start(&["serve"]);
    let busy = here.run(&["copy", "--to", url]).refused(1, "it is in use: stop Vestibule");
    assert!(busy.err.contains("is unchanged"), "{busy:?}");
    running.stop().good();

    let ran = here.run(&["copy", "--to", url]).good();
    assert!(ran.out.contains("connections") && ran.out.contains("read back and compared"), "{ran:?}");
    assert!(!ran.out.contains(" 0 sealed values") && !ran.out.contains("postgres://"), "{ran:?}");
    let old = format!("sqlite:{}", here.database_file().display());
    here.set("VESTIBULE_DATABASE_URL", url);
    assert!(here.run(&["doctor"]).good().out.contains("open what is stored"));
    here.start(&["serve"]).stop().good();
    here.run(&["copy", "--to", &old]).refused(1, "the target is not empty");
    let back = here.run(&["copy", "--to", &format!("sqlite:{}", here.file("back.db").display())]).good();
    assert!(back.out.contains("What a running server took later is not in it"), "{back:?}");
    here.set("VESTIBULE_DATABASE_URL", &format!("sqlite:{}", here.file("back.db").display()));
    here.start(&["serve"]).stop().good();
    remove_from(&server, &postgres);
}

#[test]
fn what_cannot_be_copied_is_said() {
    let here = Installation::on_sqlite();
    here.run(&["copy", "--to", "mysql://h/d"]).refused(2, "must begin with sqlite: or postgres://");
    here.run(&["copy", "--to", "sqlite:other.db"]).refused(2, "`vestibule backup`");
    here.run(&["copy", "--to", "postgres://127.0.0.1:1/x"]).refused(2, "there is no database");
    here.owner("Acme", "ana@acme.example").good();
    here.run(&["copy", "--to", "postgres://ana:geheim@127.0.0.1:1/x"]).refused(1, "cannot reach PostgreSQL");
}
