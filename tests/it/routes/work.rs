//! Things to go for that come after the details: a draft that can be validated, a validation, an extraction.

use diesel::prelude::*;
use vestibule::base::ids::{ConnectionId, RunId, WorkspaceId};
use vestibule::platform::db::schema::{connections, runs};

use crate::setup_links::share;
use crate::support::{TestApp, Visitor};

/// Puts a fresh thing in the place of its name.
pub async fn fill(app: &TestApp, maker: &Visitor, path: &str) -> String {
    let connection = filled(maker).await;
    let slug = connection.rsplit('/').next().unwrap().to_owned();
    let mut path = path.replace("{filled}", &slug);
    if path.contains("{validation}") {
        let started = maker.get(&connection).await.form_to(&format!("{connection}/validations")).send(maker).await;
        let validation = started.location().unwrap();
        path = path.replace("{validation}", validation.trim_start_matches("/validations/"));
    }
    if path.contains("{run}") {
        path = path.replace("{run}", run_of(app, slug).await.as_str());
    }
    path
}

/// A draft in which nothing is missing.
async fn filled(maker: &Visitor) -> String {
    let (connection, _) = share(maker, "source", "postgres", &[]).await;
    let mut form = maker.get(&format!("{connection}/configuration")).await.form_with("/host");
    for (name, value) in [("/host", "db.example"), ("/database", "shop"), ("/username", "reader"), ("/password", "x")] {
        form = form.set(name, value);
    }
    let saved = form.press("intent", "save", maker).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    connection
}

/// An extraction that waits.
pub async fn run_of(app: &TestApp, slug: String) -> RunId {
    let (now, rng) = (app.app.clock.now(), app.app.rng.clone());
    let id = RunId::new(now, &rng);
    let run = id.clone();
    let insert = move |conn: &mut vestibule::platform::db::Conn| {
        let (workspace, connection): (WorkspaceId, ConnectionId) = connections::table
            .filter(connections::slug.eq(slug))
            .select((connections::workspace_id, connections::id))
            .first(conn)?;
        diesel::insert_into(runs::table)
            .values((
                (runs::id.eq(run), runs::workspace_id.eq(workspace), runs::connection_id.eq(connection)),
                (runs::state.eq("queued"), runs::trigger_type.eq("manual"), runs::actor.eq("member")),
                (runs::actor_name.eq(""), runs::output_layer.eq("files"), runs::from_start.eq(0), runs::place.eq("")),
                (runs::streams.eq("[]"), runs::records.eq(0_i64), runs::bytes.eq(0_i64), runs::message.eq("")),
                runs::created_at.eq(now),
            ))
            .execute(conn)?;
        Ok(())
    };
    app.app.db.write(insert).await.unwrap();
    id
}
