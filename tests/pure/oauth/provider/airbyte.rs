//! What other makers write about signing in, in shapes of our own making.

use serde_json::{Value, json};
use vestibule::connectors::Kind;
use vestibule::connectors::import::{FoundSpec, ImportHints, Imported};
use vestibule::connectors::provider::{ClientAuth, InputKind, ProviderBlock, RefreshKind, TokenBody};

fn import(slug: &str, properties: Value, auth: Value) -> Imported {
    let found = FoundSpec {
        origin: "test".to_owned(),
        kind: Some(Kind::Source),
        slug: slug.to_owned(),
        name: "Corner Desk".to_owned(),
        documentation_url: String::new(),
        schema: json!({ "type": "object", "properties": properties }),
        advanced_auth: Some(auth),
        runtime: None,
        category: None,
        summary: String::new(),
        registry: None,
        own: None,
    };
    found.into_file(&ImportHints::default()).unwrap()
}

fn secret() -> Value {
    json!({ "type": "string", "airbyte_secret": true })
}

fn credentials() -> Value {
    json!({ "type": "object", "oneOf": [
        { "title": "Sign in", "properties": { "kind": { "const": "oauth2.0" }, "access_token": secret(), "refresh_token": secret(),
            "client_id": { "type": "string" }, "client_secret": secret() } },
        { "title": "Key", "properties": { "kind": { "const": "key" }, "key": secret() } }
    ] })
}

fn auth(declared: Value, user_input: Value) -> Value {
    let place = |name: &str| json!({ "type": "string", "path_in_connector_config": ["credentials", name] });
    json!({
        "auth_flow_type": "oauth2.0",
        "predicate_key": ["credentials", "kind"],
        "predicate_value": "oauth2.0",
        "oauth_config_specification": {
            "oauth_connector_input_specification": declared,
            "oauth_user_input_from_connector_config_specification": { "type": "object", "properties": user_input },
            "complete_oauth_output_specification": { "type": "object", "properties": { "access_token": place("access_token"), "refresh_token": place("refresh_token") } },
            "complete_oauth_server_output_specification": { "type": "object", "properties": { "client_id": place("client_id"), "client_secret": place("client_secret") } }
        }
    })
}

fn block(imported: &Imported) -> &ProviderBlock {
    imported.file.oauth.as_deref().unwrap_or_else(|| panic!("{:?}", imported.sign_in_notes))
}

#[test]
fn templates_in_the_address_become_a_block() {
    let declared = json!({
        "consent_url": "https://{{ subdomain }}.desk.example/oauth/new?response_type=code&{{ client_id_param }}&{{ redirect_uri_param }}&{{ scopes_param }}&{{ state_param }}&audience={{ 'a b' | urlEncode }}",
        "access_token_url": "https://{{subdomain}}.desk.example/oauth/tokens?grant_type=authorization_code&{{auth_code_param}}&{{client_id_param}}&{{client_secret_param}}&{{redirect_uri_param}}",
        "scopes": [{ "scope": "read" }, { "scope": "users" }],
        "scopes_join_strategy": "comma",
        "extract_output": ["access_token", "refresh_token"]
    });
    let user_input = json!({ "subdomain": { "type": "string", "path_in_connector_config": ["subdomain"] } });
    let imported = import(
        "corner-desk",
        json!({ "subdomain": { "type": "string", "title": "Your subdomain" }, "credentials": credentials() }),
        auth(declared, user_input),
    );
    let block = block(&imported);
    assert!(imported.sign_in_notes.is_empty(), "{:?}", imported.sign_in_notes);
    assert_eq!(block.authorize.url.as_str(), "https://{subdomain}.desk.example/oauth/new");
    assert_eq!(block.authorize.params["audience"].as_str(), "a b");
    assert_eq!(
        (block.authorize.scope_separator.as_str(), block.authorize.scope_param.as_str(), block.authorize.pkce),
        (",", "scope", false)
    );
    assert_eq!(block.scopes.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>(), ["read", "users"]);
    assert_eq!((block.token.send, block.token.client_auth), (TokenBody::Query, ClientAuth::Body));
    assert!(block.token.rename.is_empty(), "{:?}", block.token.rename);
    assert!(matches!(block.inputs[0].kind, InputKind::Label { .. }));
    assert_eq!((block.inputs[0].label.as_str(), block.refresh.how), ("Your subdomain", RefreshKind::RefreshToken));
    assert_eq!(block.landing.when.as_ref().unwrap().path.to_string(), "credentials.kind");
    assert_eq!(block.constants["client_secret"].path.as_ref().unwrap().to_string(), "credentials.client_secret");
}

#[test]
fn bodies_headers_and_other_names_are_carried() {
    let declared = json!({
        "consent_url": "https://desk.example/authorize?{{client_id_key}}={{client_id_value}}&redirect_uri={{redirect_uri_value | urlEncode}}&state={{state_value}}&code_challenge={{ state_value | codechallengeS256 }}&code_challenge_method=S256",
        "client_id_key": "app_id",
        "access_token_url": "https://desk.example/token",
        "access_token_params": { "{{ auth_code_key }}": "{{ auth_code_value }}", "app_key": "{{ client_id_value }}", "api_version": "7", "code_verifier": "{{ state_value }}" },
        "access_token_headers": { "Authorization": "Basic {{ (client_id_value ~ ':' ~ client_secret_value) | b64encode }}", "X-Trace": "on" },
        "auth_code_key": "auth_code",
        "extract_output": ["data.access_token", "data.refresh_token"]
    });
    let imported = import("corner-desk", json!({ "credentials": credentials() }), auth(declared, json!({})));
    let block = block(&imported);
    assert_eq!(
        (block.authorize.client_id_param.as_str(), block.authorize.scope_param.as_str(), block.authorize.pkce),
        ("app_id", "", true)
    );
    assert_eq!((block.token.send, block.token.client_auth), (TokenBody::Json, ClientAuth::Basic));
    let rename: Vec<(&str, &str)> = block.token.rename.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    assert_eq!(rename, [("client_id", "app_key"), ("code", "auth_code"), ("grant_type", ""), ("redirect_uri", "")]);
    assert_eq!(block.token.params["api_version"].as_str(), "7");
    assert_eq!(block.token.headers["X-Trace"].as_str(), "on");
    assert_eq!(block.token.answer["access_token"], "data.access_token");
    assert!(!block.token.params.contains_key("code_verifier"), "the verifier is ours");
}

#[test]
fn a_provider_we_know_is_signed_in_to_our_way_at_the_makers_places() {
    let spec =
        json!({ "account_ids": { "type": "array", "items": { "type": "string" } }, "credentials": credentials() });
    let imported = import("facebook-marketing", spec, auth(Value::Null, json!({})));
    let facebook = block(&imported);
    assert_eq!((facebook.provider.as_str(), facebook.accounts.is_some()), ("facebook", true));
    assert_eq!(facebook.landing.outputs.values().next().unwrap().to_string(), "credentials.access_token");

    let imported = import("facebook-marketing", json!({ "credentials": credentials() }), auth(Value::Null, json!({})));
    assert!(block(&imported).accounts.is_none());
    assert!(imported.sign_in_notes[0].contains("ad accounts are not offered"), "{:?}", imported.sign_in_notes);

    let google = json!({
        "consent_url": "https://accounts.google.com/o/oauth2/v2/auth?{{client_id_param}}&{{redirect_uri_param}}&{{scope_param}}&{{state_param}}",
        "access_token_url": "https://oauth2.googleapis.com/token?{{client_id_param}}&{{client_secret_param}}&{{auth_code_param}}&{{redirect_uri_param}}",
        "scope": "https://www.googleapis.com/auth/drive.readonly"
    });
    let imported = import("corner-drive", json!({ "credentials": credentials() }), auth(google, json!({})));
    let google = block(&imported);
    assert_eq!((google.provider.as_str(), google.authorize.pkce, google.identity.is_some()), ("google", true, true));
    assert!(google.scopes[0].required && google.scopes[0].name.ends_with("drive.readonly"));
    assert!(google.accounts.is_none() && google.app_guide.is_empty());
}

#[test]
fn a_connector_that_takes_a_known_providers_name_has_an_app_of_its_own() {
    let declared = json!({
        "consent_url": "https://desk.example/new?{{client_id_param}}&{{redirect_uri_param}}&{{state_param}}",
        "access_token_url": "https://desk.example/tokens?{{auth_code_param}}&{{client_id_param}}&{{client_secret_param}}"
    });
    let provider = |slug: &str| {
        let imported = import(slug, json!({ "credentials": credentials() }), auth(declared.clone(), json!({})));
        block(&imported).provider.clone()
    };
    assert_eq!((provider("google"), provider("corner-desk")), ("google-own".to_owned(), "corner-desk".to_owned()));
}

#[test]
fn what_is_not_understood_is_told_and_pasted_credentials_stay() {
    let with = |change: &dyn Fn(&mut Value), user_input: Value| {
        let mut declared = json!({
            "consent_url": "https://desk.example/new?{{client_id_param}}&{{redirect_uri_param}}&{{state_param}}",
            "access_token_url": "https://desk.example/tokens?{{auth_code_param}}&{{client_id_param}}&{{client_secret_param}}"
        });
        change(&mut declared);
        let spec =
            json!({ "domain": { "type": "string" }, "days": { "type": "integer" }, "credentials": credentials() });
        let imported = import("corner-desk", spec, auth(declared, user_input));
        assert!(imported.file.oauth.is_none(), "{:?}", imported.file.oauth);
        imported.sign_in_notes.join("; ")
    };
    let asks = |name: &str| json!({ name: { "type": "string", "path_in_connector_config": [name] } });
    let set = |key: &'static str, value: &'static str| move |declared: &mut Value| declared[key] = json!(value);
    assert!(
        with(&set("consent_url", "https://{{ domain }}/new?{{client_id_param}}"), asks("domain"))
            .contains("which host")
    );
    assert!(
        with(&set("access_token_url", "https://{{ domain }}.example/new?{{client_id_param}}"), asks("domain"))
            .contains("which host")
    );
    assert!(
        with(&set("consent_url", "https://desk.example/new?{{ unheard_of }}"), json!({})).contains("not understood")
    );
    assert!(
        with(&set("consent_url", "https://desk.example/new?{% for i in range(9) %}x{% endfor %}"), json!({}))
            .contains("a program")
    );
    assert!(
        with(&set("consent_url", "https://desk.example/new?x={{ 'a' | b64encode }}"), json!({}))
            .contains("not understood")
    );
    assert!(with(&set("consent_url", "https://desk.example/new"), json!({})).contains("no client id"));
    assert!(with(&set("consent_url", "http://desk.example/new?{{client_id_param}}"), json!({})).contains("https"));
    assert!(with(&set("access_token_url", ""), json!({})).contains("access_token_url"));
    assert!(with(&|_| {}, asks("days")).contains("neither a name nor a choice"));
    let imported = import("corner-desk", json!({ "credentials": credentials() }), auth(Value::Null, json!({})));
    assert!(imported.file.oauth.is_none() && imported.sign_in_notes[0].contains("not one we know"));
    let mut other = auth(Value::Null, json!({}));
    other["predicate_value"] = json!("OAUTH2.0");
    let imported = import("github", json!({ "credentials": credentials() }), other);
    assert!(
        imported.file.oauth.is_none() && imported.sign_in_notes.join(";").contains("no branch of the spec"),
        "{:?}",
        imported.sign_in_notes
    );
}
