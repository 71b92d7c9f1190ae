//! Many at once: no more succeed than a link allows, and every connection is one payload.

use super::{connections, filled, invite};
use crate::support::{TestApp, Visitor};

/// Fifty people send at once, half of them on another server; the statuses they see.
async fn fifty(app: &TestApp, link: &str) -> Vec<u16> {
    let (second_base, _second) = app.second_server();
    let mut sends = Vec::new();
    for person in 0..50 {
        let visitor: Visitor = if person % 2 == 0 { app.visitor() } else { app.visitor().at(&second_base) };
        let form = filled(&visitor, link, &format!("host-{person}.example")).await;
        sends.push((visitor, form.set("/username", &format!("user-{person}"))));
    }
    let running: Vec<_> = sends
        .into_iter()
        .map(|(visitor, form)| tokio::spawn(async move { form.send(&visitor).await.status }))
        .collect();
    let mut statuses = Vec::new();
    for send in running {
        statuses.push(send.await.unwrap());
    }
    assert!(statuses.iter().all(|status| matches!(status, 303 | 410)), "{statuses:?}");
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_make_what_the_link_allows() {
    for (fields, expected) in [(vec![("one_use", "yes")], 1), (vec![], 50), (vec![("cap", "10")], 10)] {
        let app = TestApp::start();
        let owner = app.owner().await;
        let (page, link) = invite(&owner, "source/postgres", &fields).await;
        let statuses = fifty(&app, &link).await;
        let taken = statuses.iter().filter(|status| **status == 303).count();
        assert_eq!(taken, expected, "{fields:?}: {statuses:?}");
        let made = connections(&owner).await;
        assert_eq!(made.len(), expected.min(50), "{fields:?}");
        for connection in made.iter().take(3) {
            let text = owner.get(connection).await.text();
            let host = text.split("host-").nth(1).and_then(|rest| rest.split(".example").next()).unwrap();
            assert!(text.contains(&format!("user-{host}")), "host and user are of one payload: {text}");
        }
        assert!(owner.get(&page).await.text().contains(&format!("from {expected} submission")), "{fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_form_sent_ten_times_at_once_makes_one_connection() {
    for fields in [vec![], vec![("one_use", "yes")]] {
        let app = TestApp::start();
        let owner = app.owner().await;
        let (second_base, _second) = app.second_server();
        let (_, link) = invite(&owner, "source/postgres", &fields).await;
        let visitor = app.visitor();
        let form = filled(&visitor, &link, "one.example").await;
        let running: Vec<_> = (0..10)
            .map(|number| {
                let (form, visitor) = (form.clone(), visitor.clone());
                let visitor = if number % 2 == 0 { visitor } else { visitor.at(&second_base) };
                tokio::spawn(async move { form.send(&visitor).await })
            })
            .collect();
        let mut places = std::collections::BTreeSet::new();
        for send in running {
            let answer = send.await.unwrap();
            assert_eq!(answer.status, 303, "{}", answer.text());
            places.insert(answer.location());
        }
        assert_eq!(places.len(), 1, "everybody sees the same receipt");
        assert_eq!(connections(&owner).await.len(), 1, "{fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleting_and_sending_at_once_has_one_outcome() {
    for _ in 0..8 {
        let (app, owner, page, link) = super::app_with_link().await;
        let visitor = app.visitor();
        let form = filled(&visitor, &link, "race.example").await;
        let delete = owner.get(&page).await.form_to(&format!("{page}/deletion"));
        let (sent, deleted) = tokio::join!(form.send(&visitor), delete.send(&owner));
        assert_eq!(deleted.status, 303);
        let made = connections(&owner).await.len();
        match sent.status {
            303 => assert_eq!(made, 1),
            410 => assert_eq!(made, 0),
            other => panic!("{other}: {}", sent.text()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_form_with_ten_contents_at_once_makes_one_connection_and_tells_nine() {
    for fields in [vec![], vec![("one_use", "yes")]] {
        let app = TestApp::start();
        let owner = app.owner().await;
        let (second_base, _second) = app.second_server();
        let (_, link) = invite(&owner, "source/postgres", &fields).await;
        let visitor = app.visitor();
        let form = filled(&visitor, &link, "one.example").await;
        let running: Vec<_> = (0..10)
            .map(|number| {
                let form = form.clone().set("/host", &format!("host-{number}.example"));
                let visitor = if number % 2 == 0 { visitor.clone() } else { visitor.clone().at(&second_base) };
                tokio::spawn(async move { form.send(&visitor).await })
            })
            .collect();
        let mut statuses = Vec::new();
        for send in running {
            let answer = send.await.unwrap();
            assert!(answer.status == 303 || answer.text().contains("This form was sent before"), "{}", answer.text());
            statuses.push(answer.status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![303], vec![410; 9]].concat(), "{fields:?}");
        assert_eq!(connections(&owner).await.len(), 1);
    }
}
