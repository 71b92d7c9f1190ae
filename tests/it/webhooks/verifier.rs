//! The official library of Standard Webhooks, in the language it was written for.

use std::io::Write as _;

use serde_json::json;

use crate::support::python;
use crate::support::receiver::Received;

/// The verifier that companies put before their receivers.
pub struct Verifier {
    python: String,
}

const PROGRAM: &str = "import sys, json
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
told = json.load(sys.stdin)
try:
    Webhook(told['secret']).verify(told['body'], told['headers'])
    print('ours')
except WebhookVerificationError as error:
    print('not ours:', error)
";

impl Verifier {
    /// `None` when this test run has none to offer.
    pub fn find() -> Option<Self> {
        python("the official verifier of webhooks").map(|python| Self { python })
    }

    /// Its verdict on what came over the wire.
    pub fn takes(&self, secret: &str, got: &Received) -> bool {
        #[allow(clippy::disallowed_methods, reason = "a helper of the tests")]
        let mut child = std::process::Command::new(&self.python)
            .args(["-c", PROGRAM])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let headers: serde_json::Map<String, serde_json::Value> =
            got.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let told = json!({"secret": secret, "body": got.body, "headers": headers});
        child.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
        let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(said.starts_with("ours") || said.starts_with("not ours"), "standardwebhooks is needed: {said}");
        said.starts_with("ours")
    }
}
