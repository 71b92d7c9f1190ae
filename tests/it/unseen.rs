//! What came from outside is marked in the list until a member who can act has looked at it.

use vestibule::features::accounts::Role;
use vestibule::features::connections::{find, is_unseen, note_seen};

use crate::setup_links::{app_with_link, share_again};
use crate::support::Visitor;

async fn is_marked(visitor: &Visitor) -> bool {
    let list = visitor.get("/connections").await;
    assert_eq!(list.status, 200);
    list.texts(".badge").iter().any(|text| text == "New")
}

#[tokio::test]
async fn a_submission_is_new_until_somebody_who_can_act_has_looked() {
    let (app, owner, connection, link) = app_with_link().await;
    let viewer = app.member(&owner, Role::Viewer, "vera@acme.example").await;
    let member = app.member(&owner, Role::Member, "mel@acme.example").await;
    assert!(!is_marked(&owner).await, "what members make themselves is nothing new");
    let outsider = app.visitor();
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example.com");
    assert_eq!(form.press("intent", "partial", &outsider).await.status, 303);
    for visitor in [&owner, &viewer, &member] {
        assert!(is_marked(visitor).await);
    }
    let version = || async {
        let slug = connection.rsplit('/').next().unwrap().to_owned();
        app.app.db.read(move |conn| Ok(version_of(conn, &slug))).await.unwrap()
    };
    let before = version().await;
    assert_eq!(viewer.get(&connection).await.status, 200);
    assert_eq!(owner.head(&connection).await.status, 200);
    let prefetch = [("sec-purpose", "prefetch;prerender")];
    assert_eq!(owner.request(reqwest::Method::GET, &connection, &prefetch).await.status, 200);
    assert!(is_marked(&owner).await, "a viewer cannot act, and a program has not looked");
    assert_eq!(member.get(&connection).await.status, 200);
    for visitor in [&owner, &viewer, &member] {
        assert!(!is_marked(visitor).await, "once for the workspace");
    }
    assert_eq!(version().await, before, "looking changes nothing else");

    let second = share_again(&owner, &connection).await;
    assert!(!is_marked(&owner).await);
    let form = outsider.get(&second).await.form_with("/database").set("/database", "shop");
    assert_eq!(form.press("intent", "partial", &outsider).await.status, 303);
    assert!(is_marked(&owner).await, "the next one is new again");
}

/// What a look must not change.
fn version_of(conn: &mut vestibule::platform::db::Conn, slug: &str) -> (i64, vestibule::base::clock::UtcTime) {
    use diesel::prelude::*;
    use vestibule::platform::db::schema::connections;
    let row = connections::table.filter(connections::slug.eq(slug));
    row.select((connections::version, connections::updated_at)).get_result(conn).unwrap()
}

#[tokio::test]
async fn what_comes_while_a_page_is_made_stays_new() {
    let (app, _, connection, link) = app_with_link().await;
    let slug = connection.rsplit('/').next().unwrap().to_owned();
    let workspace = app
        .app
        .db
        .read(|conn| {
            use diesel::prelude::*;
            use vestibule::platform::db::schema::workspaces;
            Ok(workspaces::table.select(workspaces::id).get_result::<vestibule::base::ids::WorkspaceId>(conn)?)
        })
        .await
        .unwrap();
    let outsider = app.visitor();
    let read = {
        let (workspace, slug) = (workspace.clone(), slug.clone());
        app.app.db.read(move |conn| Ok(find(conn, &workspace, &slug)?.unwrap())).await.unwrap()
    };
    let form = outsider.get(&link).await.form_with("/host").set("/host", "db.example.com");
    assert_eq!(form.press("intent", "partial", &outsider).await.status, 303);
    let looked = read.clone();
    app.app.write(move |tx| Ok(note_seen(tx.conn, &looked)?)).await.unwrap();
    assert!(app.app.db.read(move |conn| Ok(is_unseen(conn, &read)?)).await.unwrap(), "nobody has seen that");
}
