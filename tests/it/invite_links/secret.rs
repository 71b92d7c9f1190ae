//! A copy of the database and the log hold no token that opens anything.

use diesel::prelude::*;

use super::{app_with_link, filled};

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = diesel::sql_types::Text)]
    all: String,
}

#[tokio::test]
async fn a_database_copy_holds_no_token() {
    let (app, owner, page, link) = app_with_link().await;
    let visitor = app.visitor();
    let sent = filled(&visitor, &link, "db.example").await.send(&visitor).await;
    visitor.follow(&sent).await;
    owner.get(&page).await;
    app.run_jobs().await;
    let token = link.trim_start_matches("/invite/").to_owned();
    let receipt = sent.location().unwrap().trim_start_matches("/invite-receipts/").to_owned();
    let tables = ["invite_links", "invite_submissions", "connections", "activity", "jobs", "webhook_messages"];
    let dumps: Vec<String> =
        app.app.db.read(move |conn| Ok(tables.map(|table| dump(conn, table)).to_vec())).await.unwrap();
    assert!(dumps[0].len() > 100 && dumps[1].len() > 100, "the rows are read");
    for (table, text) in tables.iter().zip(dumps) {
        for secret in [&token, &receipt] {
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!text.contains(secret.as_str()) && !text.to_lowercase().contains(&hex), "{table}");
        }
    }
}

/// Every column of every row as text; bytes in hex.
fn dump(conn: &mut vestibule::platform::db::Conn, table: &str) -> String {
    let rows: Vec<Cell> = match conn {
        vestibule::platform::db::Conn::Sqlite(inner) => {
            let columns: Vec<Name> =
                diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load(inner).unwrap();
            let all: Vec<String> = columns
                .iter()
                .map(|column| {
                    format!("coalesce(CASE typeof({0}) WHEN 'blob' THEN hex({0}) ELSE {0} END, '')", column.name)
                })
                .collect();
            diesel::sql_query(format!("SELECT {} AS \"all\" FROM {table}", all.join(" || '|' || ")))
                .load(inner)
                .unwrap()
        }
        #[cfg(feature = "postgres")]
        vestibule::platform::db::Conn::Postgres(inner) => {
            diesel::sql_query(format!("SELECT t::text AS \"all\" FROM {table} t")).load(inner).unwrap()
        }
    };
    rows.into_iter().map(|row| row.all).collect::<Vec<_>>().join("\n")
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

#[tokio::test]
async fn a_token_moved_to_another_row_does_not_open() {
    let (app, owner, first, _) = app_with_link().await;
    let (second, _) = super::invite(&owner, "source/postgres", &[]).await;
    let ids = [first, second].map(|page| page.trim_start_matches("/invite-links/").to_owned());
    let swapped = ids.clone();
    app.app
        .db
        .write(move |conn| {
            use vestibule::platform::db::schema::invite_links;
            let [from, to] = swapped;
            let sealed: Option<Vec<u8>> =
                invite_links::table.find(&from).select(invite_links::sealed_token).first(conn)?;
            diesel::update(invite_links::table.find(&to)).set(invite_links::sealed_token.eq(sealed)).execute(conn)?;
            Ok(())
        })
        .await
        .unwrap();
    let page = owner.get(&format!("/invite-links/{}", ids[1])).await;
    assert_eq!(page.status, 500, "a sealed token opens in its own row only");
}
