//! A real connector from PyPI whose credential is wrong: what it says about that reaches the owner, without the credential.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::runs::Journey;
use crate::support::CANARY;
use crate::support::connectors::app_with;
use crate::support::programs::{import, programs};

const PATH: &str = "/credentials/~o1/personal_access_token";

/// A service that knows nobody, and says back what it was sent.
async fn refuse_everybody() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let asked = String::from_utf8_lossy(&request[..length]).into_owned();
            let token = asked.lines().find(|line| line.to_lowercase().starts_with("authorization")).unwrap_or_default();
            let body = serde_json::json!({"message": format!("Bad credentials: {token}")}).to_string();
            let head = format!(
                "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
#[ignore = "long: real connectors"]
async fn a_wrong_token_of_a_real_source_fails_in_words() {
    let Some(programs) = programs("airbyte-source-github") else { return };
    let program = programs.join("source-github");
    let port = refuse_everybody().await;
    let app = app_with(
        |dir| import(dir, &["--exec", program.to_str().unwrap()]),
        |config| config.connectors.allow = vec!["127.0.0.0/8".parse().unwrap()],
    );
    let journey = Journey::begin(app, "github", PATH, |form| {
        let form = form.set("/credentials", "1").set(PATH, CANARY).set("/repositories", "acme/shop");
        form.set("/api_url", &format!("http://127.0.0.1:{port}"))
    })
    .await;
    let (page, seen) = journey.validate().await;
    assert_eq!((seen["status"].as_str(), seen["error"]["kind"].as_str()), (Some("failed"), Some("config_error")));
    let words = "GitHub authentication failed (HTTP 401). Please verify your Personal Access Token";
    assert!(seen["message"].as_str().unwrap().starts_with(words), "{seen}");
    let text = page.text();
    assert!(text.contains("The details could not be confirmed") && text.contains(words), "{text}");
    assert!(text.contains("Change the details, or ask whoever knows them with a setup link."), "{text}");
    assert!(text.contains("Bad credentials"), "the log has what the service said: {text}");
    let log = format!("/api/v1/connector-validations/{}/logs/", seen["id"].as_str().unwrap());
    let log = journey.program.get(&log).await.expect(200).body;
    for told in [&log, &page.body, &seen.to_string()] {
        assert!(!told.contains(CANARY), "{told}");
    }
}
