//! Coming back: by whom, how often, in time, and to a link that still opens.

use super::{Site, authorize_url};
use crate::support::provider::{Endpoint, Plays};

#[tokio::test(flavor = "multi_thread")]
async fn what_began_in_one_browser_is_not_finished_in_another() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let (ours, theirs) = (site.app.visitor(), site.app.visitor());
    let callback = site.provider.consent(&authorize_url(&ours, &link).await);
    // The other browser has a cookie of its own.
    authorize_url(&theirs, &link).await;
    for stranger in [&theirs, &site.app.visitor()] {
        let refused = stranger.get(&callback).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(refused.text().contains("began in another browser"));
    }
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0, "the provider is not even asked");
    assert_eq!(ours.get(&callback).await.status, 303, "who began can still finish");
    assert_eq!(site.provider.calls(Endpoint::Exchange), 1);
    assert!(!theirs.get(&link).await.text().contains("Signed in at"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callbacks_at_once_one_exchanges_the_code() {
    let site = Site::new(Plays::Facebook).await;
    let (base, _second) = site.app.second_server();
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    let callback = site.provider.consent(&authorize_url(&visitor, &link).await);
    let mut running = Vec::new();
    for number in 0..8 {
        let visitor = if number % 2 == 0 { visitor.clone() } else { visitor.at(&base) };
        let callback = callback.clone();
        running.push(tokio::spawn(async move { visitor.get(&callback).await.status }));
    }
    for one in running {
        assert_eq!(one.await.unwrap(), 303);
    }
    assert_eq!(site.provider.calls(Endpoint::Exchange), 1);
    assert!(visitor.get(&link).await.text().contains("Signed in at Facebook"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_unknown_or_too_old_leads_nowhere() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    let callback = site.provider.consent(&authorize_url(&visitor, &link).await);
    for path in [
        "/oauth/callback/facebook",
        "/oauth/callback/facebook?state=&code=x",
        "/oauth/callback/facebook?state=nobodys&code=x",
    ] {
        assert_eq!(visitor.get(path).await.status, 400, "{path}");
    }
    assert_eq!(
        visitor.get(&callback.replace("/facebook?", "/google?")).await.status,
        400,
        "a state belongs to its provider"
    );
    assert_eq!(visitor.head(&callback).await.status, 400, "a look spends nothing");
    site.app.advance(time::Duration::minutes(11));
    assert_eq!(visitor.get(&callback).await.status, 400);
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0);
    assert!(visitor.get(&link).await.text().contains("Continue with Facebook"), "the link still works");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_of_several_tries_counts() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    let first = site.provider.consent(&authorize_url(&visitor, &link).await);
    let second = site.provider.consent(&authorize_url(&visitor, &link).await);
    assert_eq!(visitor.get(&first).await.status, 303, "it leads back to the link");
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0);
    assert_eq!(visitor.get(&second).await.status, 303);
    assert_eq!(site.provider.calls(Endpoint::Exchange), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_revoked_meanwhile_keeps_nothing() {
    let site = Site::new(Plays::Facebook).await;
    let (connection, link) = site.share().await;
    let visitor = site.app.visitor();
    let callback = site.provider.consent(&authorize_url(&visitor, &link).await);
    let page = site.owner.get(&connection).await;
    let revocation = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
    assert_eq!(page.form_to(&revocation).send(&site.owner).await.status, 303);
    let back = visitor.get(&callback).await;
    assert_eq!((back.status, back.location()), (303, Some(link)), "{}", back.text());
    let dead = visitor.follow(&back).await;
    assert!(dead.status == 410 && dead.text().contains("withdrew this link"), "{}", dead.text());
    assert_eq!(site.provider.calls(Endpoint::Exchange), 0, "nobody asks for tokens that nobody may keep");
    assert_eq!(site.rows("oauth_sign_ins", "id").await.len(), 0);
    assert_eq!(site.rows("oauth_grants", "id").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_forgotten_after_some_hours() {
    let site = Site::new(Plays::Facebook).await;
    let (_, link) = site.share().await;
    let visitor = site.app.visitor();
    site.sign_in(&visitor, &link).await;
    site.app.advance(time::Duration::hours(5));
    assert!(!visitor.get(&link).await.text().contains("Signed in at"));
    vestibule::server::dispatcher::run_due(&site.app.app).await.unwrap();
    let (now, db) = (site.app.app.clock.now(), site.app.app.db.clone());
    db.write(move |conn| vestibule::features::oauth::sign_ins::sweep(conn, now)).await.unwrap();
    assert_eq!(site.rows("oauth_sign_ins", "id").await.len(), 0);
    assert_eq!(site.rows("oauth_attempts", "id").await.len(), 0);
}
