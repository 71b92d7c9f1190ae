//! A pooler that gives connections to others after every transaction cannot stand before the product's own database: sessions there keep
//! settings and prepared statements. It is noticed at the start, where it can be said, and not by errors that seem to come by chance.

#[cfg(feature = "postgres")]
use anyhow::{Context as _, bail};
#[cfg(feature = "postgres")]
use diesel::connection::SimpleConnection as _;
#[cfg(feature = "postgres")]
use diesel::prelude::*;

use super::conn::DatabaseUrl;

impl DatabaseUrl {
    /// Sees that no pooler stands in between with which the database cannot be used.
    ///
    /// # Errors
    /// One does, or the database cannot be reached.
    pub fn refuse_pooler(&self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => refuse(self, url),
            #[cfg(not(feature = "postgres"))]
            Self::Postgres(_) => Ok(()),
        }
    }
}

/// So often two sessions are asked in turn. A pooler gives away the connection that came back last, so once is mostly enough.
#[cfg(feature = "postgres")]
const ROUNDS: usize = 3;

#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct Process {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    pid: i32,
}

#[cfg(feature = "postgres")]
fn refuse(place: &DatabaseUrl, url: &str) -> anyhow::Result<()> {
    let (mut one, mut other) = (super::conn::connect(url)?, super::conn::connect(url)?);
    let mut first = None;
    for _ in 0..ROUNDS {
        let answers = (process(&mut one)?, process(&mut other)?);
        if answers.0 == answers.1 || first.is_some_and(|first| first != answers) {
            bail!(
                "{} is reached through a connection pooler that gives connections to others after every transaction (like PgBouncer with \
                 pool_mode = transaction), where Vestibule's own database cannot be. Name the server itself in VESTIBULE_DATABASE_URL, or a \
                 pool with pool_mode = session",
                place.shown()
            );
        }
        first = Some(answers);
    }
    Ok(())
}

/// The server's process that answers; in a transaction, because a statement takes two messages.
#[cfg(feature = "postgres")]
fn process(conn: &mut PgConnection) -> anyhow::Result<i32> {
    conn.batch_execute("BEGIN").context("asking PostgreSQL")?;
    let answer: Process = diesel::sql_query("SELECT pg_backend_pid() AS pid").get_result(conn)?;
    conn.batch_execute("COMMIT").context("asking PostgreSQL")?;
    Ok(answer.pid)
}
