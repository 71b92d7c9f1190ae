//! Very many rows at once, for what has to stay fast with them.

use diesel::connection::SimpleConnection as _;
use vestibule::platform::db::Conn;

const AT_ONCE: usize = 500;
const MADE: &str = "'2026-03-01 10:00:00.000000'";

fn insert(conn: &mut Conn, table: &str, columns: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.collect();
    for some in rows.chunks(AT_ONCE) {
        conn.batch_execute(&format!("INSERT INTO {table} ({columns}) VALUES {}", some.join(", "))).unwrap();
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as this database writes them.
fn bytes(conn: &Conn, text: &str) -> String {
    match conn {
        Conn::Sqlite(_) => format!("X'{}'", hex(text)),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => format!("'\\x{}'", hex(text)),
    }
}

/// A moment of its own for every row.
fn moment(row: usize) -> String {
    let (minute, second) = (row / 60, row % 60);
    format!("'2026-03-{:02} {:02}:{:02}:{second:02}.000000'", 1 + minute / 1_440, minute / 60 % 24, minute % 60)
}

/// So many connections: every tenth is finalised, every third lacks something, every fiftieth waits for approval.
pub fn connections(conn: &mut Conn, workspace: &str, count: usize) {
    let columns = "id, workspace_id, kind, connector_slug, slug, description, config, secret_paths, origins, missing_count, version, \
                   created_at, updated_at, finalised_at, invite_link_id, identity, approval, words_noted";
    let rows = (0..count).map(|row| {
        let kind = if row % 5 == 0 { "destination" } else { "source" };
        let finalised = if row % 10 == 0 { MADE } else { "NULL" };
        let approval = if row % 50 == 7 { "waiting" } else { "none" };
        format!(
            "('b{row:07}', '{workspace}', '{kind}', 'postgres', 'postgres-b{row}', 'Shop {row}', '{{}}', '[]', '{{}}', {}, 1, {}, {}, \
             {finalised}, 'l{:07}', 'Client {row}', '{approval}', 1)",
            i32::from(row % 3 == 0),
            moment(row),
            moment(row),
            row / 10,
        )
    });
    insert(conn, "connections", columns, rows);
    let words: Vec<String> = ["shop", "postgres"].iter().map(|word| bytes(conn, word)).collect();
    let own: Vec<String> = (0..count).map(|row| bytes(conn, &row.to_string())).collect();
    let rows = (0..count).flat_map(|row| {
        let all = [&words[0], &words[1], &own[row]];
        all.map(|word| format!("('{workspace}', {word}, 'b{row:07}')"))
    });
    insert(conn, "connection_words", "workspace_id, word, connection_id", rows);
}

/// So many invite links: every fourth is over, every fifth was deleted.
pub fn links(conn: &mut Conn, workspace: &str, count: usize) {
    let columns = "id, workspace_id, name, sort_name, kind, connector_slug, usage, wants_approval, note, greeting, zone, token_hash, \
                   created_at, active_at, expires_at, deleted_at, submission_count, connection_count";
    let names: Vec<(String, String)> = (0..count)
        .map(|row| (bytes(conn, &format!("client {row}")), bytes(conn, &format!("{workspace} {row}"))))
        .collect();
    let rows = names.iter().enumerate().map(|(row, (name, hash))| {
        let ends = if row % 4 == 0 { MADE } else { "'9999-12-31 00:00:00.000000'" };
        let deleted = if row % 5 == 0 { MADE } else { "NULL" };
        format!(
            "('l{row:07}', '{workspace}', 'Client {row}', {name}, 'source', 'postgres', 'reusable', 0, '', '', 'UTC', {hash}, {}, {}, \
             {ends}, {deleted}, 1, {})",
            moment(row),
            moment(row),
            row % 17,
        )
    });
    insert(conn, "invite_links", columns, rows);
    let words: Vec<String> = ["client", "postgres"].iter().map(|word| bytes(conn, word)).collect();
    let own: Vec<String> = (0..count).map(|row| bytes(conn, &row.to_string())).collect();
    let rows = (0..count).flat_map(|row| {
        let all = [&words[0], &words[1], &own[row]];
        all.map(|word| format!("('{workspace}', {word}, 'l{row:07}')"))
    });
    insert(conn, "invite_link_words", "workspace_id, word, invite_link_id", rows);
}

/// Lets the database learn how its rows are spread, as PostgreSQL does by itself sooner or later.
pub fn settle(conn: &mut Conn) {
    match conn {
        Conn::Sqlite(_) => {}
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            conn.batch_execute("VACUUM ANALYZE connections, connection_words, invite_links, invite_link_words").unwrap()
        }
    }
}
