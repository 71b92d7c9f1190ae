//! What is left lying about: nothing that opens anything.

use diesel::prelude::*;
use time::Duration;
use vestibule::base::crypto::{KeyRing, PlainToken};
use vestibule::base::ids::AccountLinkId;
use vestibule::features::accounts::{AccountMail, SEALED_LINK_TOKENS, sweep};
use vestibule::platform::db::schema::{account_links, jobs};
use vestibule::platform::tx::Tx;

use super::{join_path, sealed_tokens};
use crate::support::{Page, TestApp, Visitor};

async fn invite(owner: &Visitor, email: &str) -> Page {
    owner.get("/settings/members").await.form_to("/settings/members/invitations").set("email", email).send(owner).await
}

#[tokio::test]
async fn tokens_of_dead_links_are_forgotten() {
    let app = TestApp::start();
    let owner = app.owner().await;
    invite(&owner, "bo@acme.example").await;
    assert!(matches!(&sealed_tokens(&app).await[..], [Some(_)]));
    app.advance(Duration::days(7));
    sweep(&app.app).await.unwrap();
    assert_eq!(sealed_tokens(&app).await, [None]);
}

#[tokio::test]
async fn the_database_holds_no_token() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = join_path(&invite(&owner, "bo@acme.example").await.body);
    let token = path.rsplit('/').next().unwrap().to_owned();
    let rows = app.app.db.read(|conn| {
        Ok(account_links::table
            .select((account_links::token_hash, account_links::sealed_token))
            .load::<(Vec<u8>, Option<Vec<u8>>)>(conn)?)
    });
    let (hash, sealed) = rows.await.unwrap().remove(0);
    assert_eq!(hash.as_slice(), PlainToken::presented(&token).hash().as_bytes());
    let sealed = sealed.expect("kept until the mail is out");
    assert!(!sealed.windows(token.len()).any(|window| window == token.as_bytes()));
    let session = owner.cookies().into_values().find(|value| value.len() == 43).unwrap();
    let found = app.app.db.read(move |conn| {
        use vestibule::platform::db::schema::sessions;
        Ok(sessions::table.filter(sessions::token_hash.eq(session.as_bytes())).count().get_result::<i64>(conn)?)
    });
    assert_eq!(found.await.unwrap(), 0, "a session is stored as its hash");
}

#[tokio::test]
async fn a_mail_that_went_out_is_not_sent_again_by_a_worker_that_died() {
    let app = TestApp::start();
    let owner = app.owner().await;
    invite(&owner, "bo@acme.example").await;
    let id: AccountLinkId =
        app.app.db.read(|conn| Ok(account_links::table.select(account_links::id).first(conn)?)).await.unwrap();
    for again in [id.clone(), id, AccountLinkId::from_text("never")] {
        app.run_jobs().await;
        app.app.write(|tx| tx.enqueue(&AccountMail(again))).await.unwrap();
    }
    app.run_jobs().await;
    let left: i64 = app.app.db.read(|conn| Ok(jobs::table.count().get_result(conn)?)).await.unwrap();
    assert_eq!((app.app.mailer.kept().len(), left), (1, 0));
}

#[tokio::test]
async fn waiting_tokens_move_to_a_new_master_key() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let path = join_path(&invite(&owner, "bo@acme.example").await.body);
    let old = std::fs::read_to_string(app.data_dir().join("master.key")).unwrap();
    let new = KeyRing::generate(app.app.clock.now(), &app.app.rng);
    let both = KeyRing::parse(&format!("{},{}", new.as_str(), old.trim())).unwrap();
    let keys = both.clone();
    let (rng, now) = (app.app.rng.clone(), app.app.clock.now());
    let step = app.app.db.write(move |conn| {
        let tx = &mut Tx { conn, now, rng: &rng, keys: &keys };
        let first = SEALED_LINK_TOKENS.reseal_some(tx, "")?.expect("one row");
        let second = SEALED_LINK_TOKENS.reseal_some(tx, &first.last)?;
        let again = SEALED_LINK_TOKENS.reseal_some(tx, "")?.map(|batch| batch.count);
        Ok((first.count, second.is_none(), again))
    });
    assert_eq!(step.await.unwrap(), (1, true, Some(0)), "a second run finds nothing left to do");
    let only_new = KeyRing::parse(new.as_str()).unwrap();
    let sealed = vestibule::base::crypto::Sealed::from_bytes(sealed_tokens(&app).await.remove(0).unwrap());
    assert_eq!(sealed.key_id(), Some(only_new.primary_id()));
    let ids: (String, String) = app
        .app
        .db
        .read(|conn| Ok(account_links::table.select((account_links::id, account_links::workspace_id)).first(conn)?))
        .await
        .unwrap();
    let at = vestibule::base::crypto::SealedAt {
        table: "account_links",
        row: &ids.0,
        column: "sealed_token",
        workspace: &ids.1,
    };
    assert_eq!(only_new.open(&sealed, at).unwrap().as_slice(), path.rsplit('/').next().unwrap().as_bytes());
}
