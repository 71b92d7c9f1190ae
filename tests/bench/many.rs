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
        Conn::Postgres(_) => conn.batch_execute("VACUUM ANALYZE").unwrap(),
    }
}

/// How much happened with connections that [`connections`] has made.
pub struct Happened {
    /// Connections there are.
    pub connections: usize,
    /// Rows of timelines; every tenth is about the first connection.
    pub activity: usize,
    /// Closed links, validations, runs and webhooks, so many of each.
    pub each: usize,
}

/// The numbers from 0, as rows `n(i)`.
fn numbers(count: usize) -> String {
    format!(
        "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count}) SELECT i FROM n) AS n"
    )
}

/// Timelines, closed setup links, validations, runs and webhooks of a workspace with many connections.
pub fn happenings(conn: &mut Conn, workspace: &str, of: &Happened) {
    let Happened { connections, activity, each } = of;
    let at = match conn {
        Conn::Sqlite(_) => "(datetime(1772400000 + i % 2000000, 'unixepoch') || '.0')",
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => "(TIMESTAMP '1970-01-01' + (1772400000 + i % 2000000) * INTERVAL '1 second')",
    };
    let id = |letter: &str, number: &str| format!("'{letter}' || substr(CAST(10000000 + {number} AS TEXT), 2)");
    let connection = id("b", &format!("(i % {connections})"));
    let told = format!("CASE WHEN i % 10 = 0 THEN 'b0000000' ELSE {connection} END");
    let hash = match conn {
        Conn::Sqlite(_) => "CAST('hash' || i AS BLOB)",
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => "convert_to('hash' || i, 'UTF8')",
    };
    let (all, each) = (numbers(*activity), numbers(*each));
    let w = format!("'{workspace}'");
    let sql = [
        format!(
            "INSERT INTO activity (id, workspace_id, connection_id, at, event, actor, actor_name, detail) \
             SELECT {}, {w}, {told}, {at}, 'connection.details_saved', 'member', 'Ana', 'Host' FROM {all}",
            id("a", "i")
        ),
        format!(
            "INSERT INTO setup_links (id, workspace_id, connection_id, token_hash, recipient, note, created_at, expires_at, used_at) \
             SELECT {}, {w}, {connection}, {hash}, 'Ben', '', {at}, {at}, {at} FROM {each}",
            id("s", "i")
        ),
        format!(
            "INSERT INTO validations (id, workspace_id, connection_id, state, actor, actor_name, stream_count, message, step, created_at, ended_at, number) \
             SELECT {}, {w}, {connection}, 'success', 'member', 'Ana', 3, 'It works.', '', {at}, {at}, i FROM {each}",
            id("v", "i")
        ),
        format!(
            "INSERT INTO runs (id, workspace_id, connection_id, state, trigger_type, actor, actor_name, output_layer, from_start, place, streams, \
             records, bytes, message, created_at, ended_at, number) SELECT {}, {w}, {connection}, 'success', 'manual', 'member', 'Ana', 'files', 0, '', \
             '[]', 10, 1000, 'Done.', {at}, {at}, i FROM {each}",
            id("r", "i")
        ),
        format!(
            "INSERT INTO webhook_messages (id, workspace_id, connection_id, event, payload, created_at) \
             SELECT {}, {w}, {connection}, 'setup_link.opened', '{{}}', {at} FROM {each}",
            id("m", "i")
        ),
        format!(
            "INSERT INTO webhook_deliveries (id, workspace_id, message_id, connection_id, event, url, host, state, attempts, step, created_at, \
             updated_at) SELECT {}, {w}, {}, {connection}, 'setup_link.opened', 'https://h.example/', 'h.example', 'delivered', 1, 1, {at}, {at} \
             FROM {each}",
            id("d", "i"),
            id("m", "i")
        ),
    ];
    for statement in sql {
        conn.batch_execute(&statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
}
