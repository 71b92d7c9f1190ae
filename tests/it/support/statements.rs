//! What a product asks its database, statement by statement, and how the database says it finds the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use diesel::RunQueryDsl as _;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use vestibule::platform::db::{Conn, DatabaseUrl};

/// Statements with the values bound to them, by the address of the database; only of those that somebody watches.
static SEEN: Mutex<BTreeMap<String, Vec<String>>> = Mutex::new(BTreeMap::new());

/// One database that is watched.
pub struct Watched {
    url: String,
    place: DatabaseUrl,
}

/// From here on every connection notes where it leads; to be called before the product opens its database.
pub fn listen() {
    set_default_instrumentation(listener).unwrap();
}

fn listener() -> Option<Box<dyn Instrumentation>> {
    let mut place = String::new();
    Some(Box::new(move |event: InstrumentationEvent<'_>| match event {
        // How long it waits is said behind the address.
        InstrumentationEvent::StartEstablishConnection { url, .. } => {
            url.split('?').next().unwrap_or_default().clone_into(&mut place);
        }
        InstrumentationEvent::StartQuery { query, .. } => {
            if let Some(seen) = SEEN.lock().unwrap().get_mut(&place) {
                seen.push(query.to_string());
            }
        }
        _ => {}
    }))
}

impl Watched {
    /// Watches one database.
    pub fn new(place: &DatabaseUrl) -> Self {
        let (DatabaseUrl::Sqlite(url) | DatabaseUrl::Postgres(url)) = place;
        let url = url.split('?').next().unwrap_or_default().to_owned();
        SEEN.lock().unwrap().insert(url.clone(), Vec::new());
        Self { url, place: place.clone() }
    }

    /// What was asked since the last time, with the values.
    pub fn take(&self) -> Vec<String> {
        SEEN.lock().unwrap().get_mut(&self.url).map(std::mem::take).unwrap_or_default()
    }

    /// What was asked since the last time: each statement once, without the values and without what moves transactions.
    pub fn take_queries(&self) -> BTreeSet<String> {
        let bare = |text: String| text.split(" -- binds").next().unwrap_or_default().trim().to_owned();
        let asks = |text: &String| ["SELECT", "UPDATE", "DELETE"].iter().any(|verb| text.starts_with(verb));
        self.take().into_iter().map(bare).filter(asks).collect()
    }

    /// How the database finds the answer to a statement that it knows nothing about: no statistics, no values.
    pub fn plan(&self, statement: &str) -> Vec<String> {
        let mut conn = self.place.open().unwrap();
        explain(&mut conn, statement)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        SEEN.lock().unwrap().remove(&self.url);
    }
}

#[derive(diesel::QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// The steps of a plan, in the words of the database.
fn explain(conn: &mut Conn, statement: &str) -> Vec<String> {
    match conn {
        Conn::Sqlite(inner) => {
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"))
                .load(inner)
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
            steps.into_iter().map(|step| step.detail).collect()
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(inner) => {
            use diesel::connection::SimpleConnection as _;
            // A small table is read whole whatever indexes it has, unless reading whole and sorting cost more than anything.
            inner
                .batch_execute(
                    "SET enable_seqscan = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL",
                )
                .unwrap();
            let count = (1..).take_while(|number| statement.contains(&format!("${number}"))).count();
            inner
                .batch_execute(&format!("PREPARE asked AS {statement}"))
                .unwrap_or_else(|error| panic!("{error}: {statement}"));
            let values = if count == 0 { String::new() } else { format!("({})", vec!["NULL"; count].join(", ")) };
            let steps: Vec<PlanLine> = diesel::sql_query(format!("EXPLAIN EXECUTE asked{values}")).load(inner).unwrap();
            steps.into_iter().map(|step| step.detail.trim().to_owned()).collect()
        }
    }
}

#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    detail: String,
}
