//! Tokens stay alive: one renewal at a time, across processes; and what happens when the provider ends a sign-in.

use vestibule::features::accounts::api_keys::Scope;

use super::Site;
use crate::api::Program;
use crate::support::CANARY;
use crate::support::provider::{Endpoint, Plays, Trouble};
use crate::validations::validated;

async fn connected(plays: Plays) -> (Site, Program, String) {
    let site = Site::new(plays).await;
    let (connection, link) = site.share().await;
    site.connect(&site.app.visitor(), &link, 1).await;
    let program = Program::nobody(&site.app).await.with_scopes(&site.app, "Acme Analytics", Scope::ALL).await;
    let slug = connection.trim_start_matches("/connections/").to_owned();
    (site, program, slug)
}

fn credentials(slug: &str) -> String {
    format!("/api/v1/sources/{slug}/credentials/")
}

async fn sweep(site: &Site) {
    site.app.app.write(vestibule::features::oauth::grants::sweep).await.unwrap();
    site.app.run_jobs().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_uses_of_an_ended_token_renew_it_once() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.provider.rotates();
    let (_, second) = site.app.second_server();
    let before = program.get(&credentials(&slug)).await.expect(200).text("/config/credentials/refresh_token");
    assert_eq!(site.provider.calls(Endpoint::Refresh), 0, "a token that lives is not renewed");
    site.app.advance(time::Duration::hours(2));
    let connection = {
        let (workspace, slug) = (crate::api::workspace_id(&site.app, "Acme Analytics").await, slug.clone());
        let find = move |conn: &mut vestibule::platform::db::Conn| {
            Ok(vestibule::features::connections::find(conn, &workspace, &slug)?)
        };
        site.app.app.db.read(find).await.unwrap().unwrap()
    };
    let mut running = Vec::new();
    for number in 0..20 {
        let app = if number % 2 == 0 { site.app.app.clone() } else { second.clone() };
        let connection = connection.clone();
        running.push(tokio::spawn(async move { vestibule::features::oauth::values(&app, &connection).await.is_ok() }));
    }
    for one in running {
        assert!(one.await.unwrap());
    }
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1);
    let after = program.get(&credentials(&slug)).await.expect(200).text("/config/credentials/refresh_token");
    assert_ne!(before, after, "the rotated refresh token is the one that is kept");
    site.app.advance(time::Duration::hours(2));
    program.get(&credentials(&slug)).await.expect(200);
    assert_eq!(site.provider.calls(Endpoint::Refresh), 2, "and it works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_renews_before_anybody_has_to_wait() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.app.advance(time::Duration::minutes(45));
    sweep(&site).await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 0);
    site.app.advance(time::Duration::minutes(6));
    sweep(&site).await;
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1);
    program.get(&credentials(&slug)).await.expect(200);
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_renews_keeps_the_right_when_a_clock_is_set_and_loses_it_when_watched_long_enough() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.app.advance(time::Duration::seconds(55 * 60 + 30));
    let hold = site.app.app.db.write(|conn| {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::oauth_grants::dsl;
        Ok(diesel::update(dsl::oauth_grants).set(dsl::lease.eq("another process")).execute(conn)?)
    });
    assert_eq!(hold.await.unwrap(), 1);
    let renewals = async || {
        program.get(&credentials(&slug)).await.expect(200);
        site.provider.calls(Endpoint::Refresh)
    };
    assert_eq!(renewals().await, 0);
    site.app.step(time::Duration::minutes(2));
    assert_eq!(renewals().await, 0, "a clock that is set is no time that went by");
    for round in 1..18 {
        site.app.advance(time::Duration::seconds(5));
        assert_eq!(renewals().await, 0, "{round}");
    }
    site.app.advance(time::Duration::seconds(5));
    assert_eq!(renewals().await, 1, "the other process is dead");
    assert_eq!(site.rows("oauth_grants", "COALESCE(lease, '')").await, [""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_one_is_noticed_while_nobody_waits_for_the_token() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.app.advance(time::Duration::hours(2));
    let hold = site.app.app.db.write(|conn| {
        use diesel::prelude::*;
        use vestibule::platform::db::schema::oauth_grants::dsl;
        Ok(diesel::update(dsl::oauth_grants).set(dsl::lease.eq("another process")).execute(conn)?)
    });
    hold.await.unwrap();
    for _ in 0..18 {
        vestibule::features::oauth::grants::release_lost(&site.app.app).await.unwrap();
        assert_eq!(site.rows("oauth_grants", "lease").await, ["another process"]);
        site.app.advance(time::Duration::seconds(5));
    }
    vestibule::features::oauth::grants::release_lost(&site.app.app).await.unwrap();
    assert_eq!(site.rows("oauth_grants", "COALESCE(lease, '')").await, [""]);
    program.get(&credentials(&slug)).await.expect(200);
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_provider_is_no_end() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.provider.trouble(Endpoint::Refresh, Trouble::Status(500));
    site.app.advance(time::Duration::minutes(57));
    program.get(&credentials(&slug)).await.expect(200);
    site.app.advance(time::Duration::hours(1));
    let answer = program.get(&credentials(&slug)).await.expect(503);
    assert_eq!(answer.code(), "provider_unavailable");
    site.provider.heal(Endpoint::Refresh);
    program.get(&credentials(&slug)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_sign_in_is_told_once() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.app.run_jobs().await;
    let mails = site.app.app.mailer.kept().len();
    site.provider.takes_all_back();
    site.app.advance(time::Duration::hours(2));
    for _ in 0..3 {
        assert_eq!(program.get(&credentials(&slug)).await.expect(409).code(), "needs_reconnecting");
        sweep(&site).await;
    }
    assert_eq!(site.provider.calls(Endpoint::Refresh), 1);
    let told: Vec<_> = site.app.app.mailer.kept().into_iter().skip(mails).collect();
    assert_eq!(told.len(), 1, "one mail to the one owner");
    assert!(told[0].subject.contains("Sign in again"), "{}", told[0].subject);
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(
        page.contains("Needs reconnecting") && page.matches("The provider ended the access").count() == 1,
        "{page}"
    );
    let read = program.get(&format!("/api/v1/sources/{slug}/")).await.expect(200);
    assert_eq!(read.text("/oauth/state"), "needs_reconnecting");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_connection_gives_its_access_back() {
    let (site, _, slug) = connected(Plays::GoogleAds).await;
    let ask = site.owner.get(&format!("/connections/{slug}/deletion")).await;
    let deletion = format!("/connections/{slug}/deletion");
    assert_eq!(ask.form_to(&deletion).send(&site.owner).await.status, 303);
    assert_eq!(site.provider.calls(Endpoint::Revoke), 0, "not in the transaction, but by a job");
    site.app.run_jobs().await;
    assert_eq!(site.provider.calls(Endpoint::Revoke), 1);
    assert_eq!(site.rows("oauth_grants", "id").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_gets_tokens_that_live() {
    let (site, _, slug) = connected(Plays::GoogleAds).await;
    let app = &site.app.app;
    let (workspace, name) = (crate::api::workspace_id(&site.app, "Acme Analytics").await, slug.clone());
    let find = move |conn: &mut vestibule::platform::db::Conn| {
        Ok(vestibule::features::connections::find(conn, &workspace, &name)?)
    };
    let connection = app.db.read(find).await.unwrap().unwrap();
    let connector = app.connectors.find(connection.kind, &connection.connector_slug).unwrap();
    let own = connection.open_values(&app.keys).unwrap();
    let given = vestibule::features::work::connector_config::current(app, &connection, &connector, own).await.unwrap();
    let credentials = &given.config.expose()["credentials"];
    assert!(credentials["refresh_token"].as_str().unwrap().starts_with(CANARY));
    assert_eq!(credentials["developer_token"], "dev-token-of-the-operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validation_says_that_somebody_has_to_sign_in_again() {
    let (site, program, slug) = connected(Plays::GoogleAds).await;
    site.provider.takes_all_back();
    site.app.advance(time::Duration::hours(2));
    let ended = validated(&site.app, &program, &slug).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    assert_eq!(ended["error"]["code"], "needs_reconnecting", "{ended}");
    let page = site.owner.get(&format!("/connections/{slug}")).await.text();
    assert!(page.contains("has ended this access. Somebody has to sign in again"), "{page}");
}
