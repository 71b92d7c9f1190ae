//! The documentation says what is so: its shell lines run, its links lead somewhere, its lists are whole.

use std::collections::BTreeSet;
use std::process::Stdio;

use vestibule::features::accounts::api_keys::Scope;
use vestibule::platform::config::SETTINGS;
use vestibule::platform::web::problem::Code;

use super::program::key;
use crate::support::{Page, TestApp};

/// The blocks of a language in a Markdown text.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let open = format!("```{language}\n");
    markdown.split(&open).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_curl_lines_work_when_pasted() {
    let app = TestApp::start();
    app.owner().await;
    let (_, key) = key(&app, "Acme Analytics", Scope::ALL).await;
    let page = app.visitor().get("/docs/api.md").await;
    let lines = blocks(&page.body, "sh");
    assert!(lines.len() >= 9 && page.body.contains(&format!("export VESTIBULE_URL={}", app.base)), "{}", page.body);
    // Whoever pastes puts their own key in; a status of 400 and more ends the script here.
    let script = lines.concat().replace("vst_your_key", &key).replace("curl -sS", "curl -sS --fail-with-body");
    let script = format!("set -euo pipefail\n{script}\nprintf '\\nlink=%s\\n' \"$LINK\"");
    let folder = tempfile::tempdir().unwrap();
    #[allow(clippy::disallowed_methods, reason = "a shell of the tests")]
    let done = tokio::process::Command::new("bash")
        .arg("-c")
        .arg(&script)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let (out, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{script}\n{out}\n{errors}");
    assert!(out.contains("\"password\":\"correct horse\""), "the credentials were read: {out}");
    assert!(out.contains(&format!("link={}/scl/", app.base)), "{out}");
}

/// Runs a snippet's `verify` on a good message and on bad ones; the program prints one word for each.
async fn verdicts(command: &str, program: &str, name: &str) -> String {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let key = [7_u8; 24];
    #[allow(clippy::disallowed_methods, reason = "the snippets look at the real clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let message = |sent: u64, body: &str, spoil: bool| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("msg_1.{sent}.{body}").as_bytes());
        let signature = format!("v1,{} v1,{}", encode(&[0; 32]), encode(&mac.finalize().into_bytes()));
        let body = if spoil { format!("{body} ") } else { body.to_owned() };
        serde_json::json!({"headers": {"webhook-id": "msg_1", "webhook-timestamp": sent.to_string(), "webhook-signature": signature}, "body": body})
    };
    let body = r#"{"event": "source.setup_filled", "name": "Žofie"}"#;
    let all = serde_json::json!({"secret": format!("whsec_{}", encode(&key)), "messages": [message(now, body, false), message(now, body, true), message(now - 600, body, false)]});
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), program).unwrap();
    std::fs::write(folder.path().join("messages.json"), all.to_string()).unwrap();
    #[allow(clippy::disallowed_methods, reason = "a reader of the docs who tries the snippet")]
    let done = tokio::process::Command::new(command).arg(name).current_dir(folder.path()).output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_snippets_verify_webhooks() {
    let app = TestApp::start();
    let page = app.visitor().get("/docs/verify-webhooks.md").await.body;
    let python = blocks(&page, "python").concat()
        + "\nimport json\nall = json.load(open('messages.json'))\nfor one in all['messages']:\n    print(verify(all['secret'], one['headers'], one['body'].encode()))\n";
    assert_eq!(verdicts("python3", &python, "snippet.py").await, "true false false");
    let javascript = blocks(&page, "javascript").concat()
        + "\nimport { readFileSync } from 'node:fs';\nconst all = JSON.parse(readFileSync('messages.json'));\nfor (const one of all.messages) console.log(verify(all.secret, one.headers, one.body));\n";
    assert_eq!(verdicts("node", &javascript, "snippet.mjs").await, "true false false");
}

fn anchors_lead_somewhere(page: &Page) {
    for link in page.links().iter().filter_map(|link| link.strip_prefix('#')) {
        assert!(page.body.contains(&format!("id=\"{link}\"")), "{}: #{link}", page.path);
    }
}

#[tokio::test]
async fn every_page_is_there_as_html_and_as_markdown() {
    let app = TestApp::start();
    let visitor = app.visitor();
    let index = visitor.get("/docs").await;
    assert_eq!(index.status, 200);
    let pages: BTreeSet<String> =
        index.links().into_iter().filter(|link| link.starts_with("/docs/") && !link.contains("skills")).collect();
    assert_eq!(pages.len(), vestibule::server::docs::PAGES.len());
    let llms = visitor.get("/llms.txt").await;
    for path in pages.iter().map(String::as_str).chain(["/api/docs"]) {
        let page = visitor.get(path).await;
        assert_eq!((page.status, page.count("h1")), (200, 1), "{path}");
        anchors_lead_somewhere(&page);
        for link in page.links().iter().filter(|link| link.starts_with('/') || link.starts_with(&app.base)) {
            // The way back into the product asks a stranger to sign in.
            let expected = if link == "/connections" { 303 } else { 200 };
            assert_eq!(visitor.get(link.split('#').next().unwrap()).await.status, expected, "{path}: {link}");
        }
        assert!(
            !page.has("script:not([src^='/'])") && !page.has("[style]") && !page.has("img"),
            "{path} loads nothing from elsewhere"
        );
        if path != "/api/docs" {
            let markdown = visitor.get(&format!("{path}.md")).await;
            assert_eq!(markdown.header("content-type"), Some("text/markdown; charset=utf-8"));
            assert!(markdown.body.starts_with("# ") && !markdown.body.contains("vestibule.example.com"), "{path}");
            assert!(llms.body.contains(&format!("{}{path}.md", app.base)), "{path} is in llms.txt");
        }
    }
    for path in ["/docs/nonesuch", "/docs/nonesuch.md"] {
        assert_eq!(visitor.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_skill_names_endpoints_that_exist() {
    let app = TestApp::start();
    let skill = app.visitor().get("/docs/skills/share-setup-link/SKILL.md").await.body;
    assert!(skill.starts_with("---\nname: share-setup-link\ndescription: "), "{skill}");
    let named: Vec<(String, String)> = skill
        .split('`')
        .filter_map(|part| {
            part.split_once(" /api/")
                .map(|(method, path)| (method.to_lowercase(), format!("/api/{}", path.split('?').next().unwrap())))
        })
        .collect();
    assert!(named.len() >= 6, "{named:?}");
    let routes = vestibule::server::routes::api_routes();
    for (method, path) in named {
        assert!(routes.iter().any(|route| route.method == method && route.path == path), "{method} {path}");
    }
    for code in
        skill.split('`').filter(|word| word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    {
        let known = Code::ALL.iter().any(|one| one.as_str() == code)
            || ["config_completed", "missing_required_fields", "expires_at"].contains(&code);
        assert!(known, "{code}");
    }
}

#[tokio::test]
async fn lists_in_the_docs_are_whole() {
    let app = TestApp::start();
    let visitor = app.visitor();
    let (settings, errors, api) = (
        visitor.get("/docs/settings.md").await.body,
        visitor.get("/docs/api-errors.md").await.body,
        visitor.get("/api/docs").await.body,
    );
    let webhooks = visitor.get("/docs/verify-webhooks.md").await.body;
    for kind in vestibule::features::webhooks::EventKind::ALL {
        assert!(webhooks.contains(&format!("`{}`", kind.as_str())), "{kind:?}");
    }
    for (name, _) in SETTINGS {
        assert!(settings.contains(&format!("## {name}\n")), "{name}");
    }
    for code in Code::ALL {
        assert!(errors.contains(&format!("## {}\n", code.as_str())), "{code:?}");
    }
    for route in vestibule::server::routes::api_routes() {
        assert!(api.contains(&format!("{} {}", route.method.to_uppercase(), route.path)), "{}", route.path);
    }
}
