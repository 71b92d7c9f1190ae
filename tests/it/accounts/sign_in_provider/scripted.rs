//! An identity provider that says whatever a test wants, signed with a key of its own.

use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};

use crate::support::receiver::{Received, Receiver, Reply};

/// What it says next; a test changes what it wants to be wrong.
pub struct Script {
    /// More and other claims of the ID token.
    pub claims: Value,
    /// The header of the ID token.
    pub header: Value,
    /// More and other lines of the metadata.
    pub metadata: Value,
    /// What the userinfo endpoint says.
    pub userinfo: Value,
    /// The answer of the token endpoint instead of tokens.
    pub token: Option<(u16, &'static str)>,
    /// Whether the signature is that of other bytes.
    pub forged: bool,
}

pub struct Idp {
    receiver: Receiver,
    pub script: Arc<Mutex<Script>>,
}

impl Idp {
    /// Knows Ana Lima, with an address it has verified.
    pub fn start() -> Self {
        let issuer: Arc<OnceLock<String>> = Arc::default();
        let script = Arc::new(Mutex::new(Script {
            claims: json!({ "sub": "ana-1", "email": "Ana@Acme.example", "email_verified": true, "name": "Ana Lima" }),
            header: json!({ "alg": "EdDSA", "kid": "one" }),
            metadata: json!({}),
            userinfo: json!({ "sub": "ana-1" }),
            token: None,
            forged: false,
        }));
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let kid = Some(JsonWebKeyId::new("one".to_owned()));
        let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, kid).unwrap();
        let (state, at) = (Arc::clone(&script), Arc::clone(&issuer));
        let receiver =
            Receiver::start(move |_, request| answer(request, &state.lock().unwrap(), at.get().unwrap(), &key));
        issuer.set(receiver.url("")).unwrap();
        Self { receiver, script }
    }

    pub fn issuer(&self) -> String {
        self.receiver.url("")
    }

    pub fn got(&self) -> Vec<Received> {
        self.receiver.got()
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        self.got().iter().filter(|request| request.path == path).count()
    }

    pub fn says(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Whom it says came back.
    pub fn person(&self, subject: &str, email: &str, name: &str) {
        self.says(|script| {
            for (claim, value) in [("sub", subject), ("email", email), ("name", name)] {
                script.claims[claim] = json!(value);
            }
            script.userinfo["sub"] = json!(subject);
        });
    }
}

fn merged(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        base[name] = value.clone();
    }
    base.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    base
}

fn answer(request: &Received, script: &Script, issuer: &str, key: &CoreEdDsaPrivateSigningKey) -> Reply {
    let body = match request.path.as_str() {
        "/.well-known/openid-configuration" => metadata(script, issuer),
        "/jwks" => json!({ "keys": [key.as_verification_key()] }),
        "/userinfo" => script.userinfo.clone(),
        "/token" => match script.token {
            Some((status, body)) => return Reply::with(status, &[("content-type", "application/json")], body),
            None => {
                let token = id_token(script, issuer, key);
                json!({ "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": token })
            }
        },
        _ => return Reply::status(404),
    };
    Reply::with(200, &[("content-type", "application/json")], &body.to_string())
}

fn metadata(script: &Script, issuer: &str) -> Value {
    let base = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "authorization_response_iss_parameter_supported": true,
    });
    merged(base, &script.metadata)
}

fn id_token(script: &Script, issuer: &str, key: &CoreEdDsaPrivateSigningKey) -> String {
    let base = json!({ "iss": issuer, "aud": super::CLIENT_ID, "iat": 1_773_417_600, "exp": 1_773_421_200 });
    let claims = merged(base, &script.claims);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = format!("{}.{}", part(&script.header), part(&claims));
    let signed = if script.forged { "something else".to_owned() } else { head.clone() };
    let signature = key.sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(signature))
}
