//! GET and HEAD spend nothing, whoever sends them; the timeline tells people from programs.

use super::app_with_link;

#[tokio::test]
async fn scanners_open_a_link_two_hundred_times_and_it_still_works() {
    let (app, owner, connection, link) = app_with_link().await;
    let outsider = app.visitor();
    let agents = [
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "WhatsApp/2.24.1.78 A",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) SafeLinks",
    ];
    for turn in 0..200 {
        let program = outsider.calling_itself(agents[turn % agents.len()]);
        let page = if turn % 2 == 0 { program.get(&link).await } else { program.head(&link).await };
        assert_eq!(page.status, 200);
        assert_eq!(page.body.is_empty(), turn % 2 == 1);
    }
    let text = owner.get(&connection).await.text();
    for name in
        ["scanner or preview (Slack)", "scanner or preview (WhatsApp)", "scanner or preview (Microsoft Safe Links)"]
    {
        assert_eq!(text.matches(name).count(), 1, "{name} in {text}");
    }
    assert!(!text.contains("opened by a person"), "{text}");
    let sent = outsider
        .get(&link)
        .await
        .form_with("/host")
        .set("/host", "db.example")
        .press("intent", "partial", &outsider)
        .await;
    assert_eq!(sent.status, 303);
    assert!(owner.get(&connection).await.text().contains("opened by a person"));
}

/// Each process remembers what it noted; what another one noted stands in the database.
#[tokio::test]
async fn two_processes_note_an_opener_once_an_hour() {
    let (app, owner, connection, link) = app_with_link().await;
    let (second, _app) = app.second_server();
    let everybody = async || {
        let person = app.visitor();
        for visitor in [person.calling_itself("Slackbot 1.0"), person] {
            assert_eq!(visitor.get(&link).await.status, 200);
            assert_eq!(visitor.at(&second).get(&link).await.status, 200);
        }
        let text = owner.get(&connection).await.text();
        ["scanner or preview (Slack)", "opened by a person"].map(|words| text.matches(words).count())
    };
    assert_eq!(everybody().await, [1, 1]);
    app.advance(time::Duration::minutes(59));
    assert_eq!(everybody().await, [1, 1], "an hour is not over");
    app.advance(time::Duration::minutes(2));
    assert_eq!(everybody().await, [2, 2]);
}
