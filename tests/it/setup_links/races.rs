//! Many at once: exactly one submission wins, and what is stored is one payload.

use super::{app_with_link, share};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_parallel_sends_exactly_one_succeeds() {
    let app = TestApp::start();
    let owner = app.owner().await;
    let (second_base, _second) = app.second_server();
    for round in 0..20 {
        let (connection, link) = share(&owner, "source", "postgres", &[]).await;
        let mut sends = Vec::new();
        for person in 0..50 {
            let visitor = if person % 2 == 0 { app.visitor() } else { app.visitor().at(&second_base) };
            let form = visitor.get(&link).await.form_with("/host");
            let form = form
                .set("/host", &format!("host-{person}.example"))
                .set("/username", &format!("user-{person}"))
                .add("intent", "partial");
            sends.push((visitor, form));
        }
        let running: Vec<_> = sends
            .into_iter()
            .map(|(visitor, form)| tokio::spawn(async move { form.send(&visitor).await.status }))
            .collect();
        let mut statuses = Vec::new();
        for send in running {
            statuses.push(send.await.unwrap());
        }
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "round {round}: {statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "round {round}: {statuses:?}");
        let text = owner.get(&connection).await.text();
        let host = text.split("host-").nth(1).and_then(|rest| rest.split(".example").next()).unwrap().to_owned();
        assert!(text.contains(&format!("user-{host}")), "round {round}: host and user are of one payload: {text}");
        assert_eq!(text.matches("host-").count(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_links_of_one_draft_keep_each_others_answers() {
    let app = TestApp::start();
    let owner = app.owner().await;
    // Where it is stands before anybody trusts it with a password.
    let (connection, first) = share(&owner, "source", "postgres", &[("/host", "db.example")]).await;
    let names = ["/database", "/username", "/password"];
    let mut links = vec![first];
    for _ in 1..names.len() {
        links.push(super::share_again(&owner, &connection).await);
    }
    let mut sends = Vec::new();
    for (name, link) in names.into_iter().zip(links) {
        let visitor = app.visitor();
        let form = visitor.get(&link).await.form_with("/host").set(name, "answer").add("intent", "partial");
        sends.push(tokio::spawn(async move { form.send(&visitor).await.status }));
    }
    for send in sends {
        assert_eq!(send.await.unwrap(), 303);
    }
    let page = owner.get(&connection).await;
    assert!(page.text().contains("Filled in") && !page.text().contains("still missing"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn revoking_and_sending_at_once_has_one_outcome() {
    for _ in 0..10 {
        let (app, owner, connection, link) = app_with_link().await;
        let visitor = app.visitor();
        let form = visitor.get(&link).await.form_with("/host").set("/host", "race.example").add("intent", "partial");
        let page = owner.get(&connection).await;
        let action = page.actions().into_iter().find(|action| action.ends_with("/revocation")).unwrap();
        let revoke = page.form_to(&action);
        let (sent, revoked) = tokio::join!(form.send(&visitor), revoke.send(&owner));
        let after = owner.follow(&revoked).await.text();
        match sent.status {
            303 => assert!(after.contains("closed already") && after.contains("race.example"), "{after}"),
            410 => assert!(after.contains("Setup link revoked") && !after.contains("race.example"), "{after}"),
            other => panic!("{other}: {}", sent.text()),
        }
    }
}
