//! A program with curl, a fresh server, a receiver with a certificate of its own: from the draft to the credentials.

use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::support::installation::{Installation, Running};
use crate::support::receiver::{Received, Receiver, authority_file};
use crate::support::{CANARY, PATIENCE, Visitor};
use crate::webhooks::verifier::Verifier;

const HOOK_VALUE: &str = "the receiver knows us by this";

fn run(server: &Running, key: &str, receiver: &Receiver, folder: &std::path::Path) -> String {
    #[allow(clippy::disallowed_methods, reason = "a shell of the tests")]
    let done = Command::new("bash")
        .arg("-c")
        .arg(include_str!("program.sh"))
        .current_dir(folder)
        .env("VESTIBULE_URL", &server.base)
        .env("VESTIBULE_API_KEY", key)
        .env("HOOK_URL", receiver.url("/hooks"))
        .env("HOOK_VALUE", HOOK_VALUE)
        .env("PASSWORD_OF_SHOP", CANARY)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}{}", String::from_utf8_lossy(&done.stdout));
    let out = String::from_utf8(done.stdout).unwrap();
    out.trim().strip_prefix("slug=").unwrap().to_owned()
}

async fn signing_secret(server: &Running) -> String {
    let owner = Visitor::new(&server.base, &server.base);
    owner.sign_in("ana@acme.example").await;
    let page = owner.get("/settings/webhooks").await;
    let made = page.form_to("/settings/webhooks/secret").send(&owner).await;
    made.value_of("signing-secret").expect("the secret, this once")
}

/// What the receiver got, as soon as it did.
fn first_of(receiver: &Receiver) -> Received {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(got) = receiver.got().into_iter().next() {
            return got;
        }
        assert!(Instant::now() < end, "the webhook is called");
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_five_steps_with_curl_and_a_receiver_that_checks() {
    let receiver = Receiver::always(204);
    let mut here = Installation::new();
    let authority = authority_file(&here.file(""));
    here.set("VESTIBULE_EXTRA_CA_FILE", authority.to_str().unwrap());
    here.set("VESTIBULE_WEBHOOK_ALLOW_CIDRS", "127.0.0.0/8");
    here.owner("Acme", "ana@acme.example").good();
    let scopes = ["sources:read", "sources:write", "links:read", "links:write", "credentials:read"];
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let args: Vec<&str> =
        ["api-key", "create", "--workspace", "acme", "--name", "Job"].into_iter().chain(scopes).collect();
    let key = here.run(&args).good().out.trim().to_owned();
    let server = here.start(&["serve"]);
    let secret = signing_secret(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let slug = run(&server, &key, &receiver, folder.path());
    let got = first_of(&receiver);
    let id = got.json()["source"]["id"].as_str().unwrap().to_owned();
    let source = json!({"id": id, "slug": slug, "description": "Shop database", "draft": true, "config_completed": true, "missing_required_fields": []});
    assert_eq!(got.json(), json!({"event": "source.setup_filled", "source": source}));
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("x-webhook-secret"), Some(HOOK_VALUE));
    if let Some(verifier) = Verifier::find() {
        assert!(verifier.takes(&secret, &got), "{got:?}");
    }
    let ended = server.stop();
    assert_eq!(ended.code, 0, "{ended:?}");
    for secret in [CANARY, HOOK_VALUE, secret.as_str(), key.as_str()] {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "the log holds no secret");
    }
}
