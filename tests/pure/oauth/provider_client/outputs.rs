//! From tokens, answers and chosen accounts to a configuration that is complete.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use vestibule::base::clock::UtcTime;
use vestibule::connectors::provider::{Encoding, Inputs, ProviderBlock};
use vestibule::connectors::{Connector, Connectors, Kind};
use vestibule::features::oauth::provider_client::{Account, AppSecrets, Tokens, add_constants, outputs};
use vestibule::schema::form::{Values, complete, import_config};

use super::now;

const SLUGS: [&str; 13] = [
    "facebook-ads",
    "google-ads",
    "google-analytics-4",
    "google-sheets",
    "hubspot",
    "linkedin-ads",
    "tiktok-ads",
    "salesforce",
    "shopify",
    "slack",
    "notion",
    "github",
    "airtable",
];

/// Reading thirty-six files for each of many cases would take long.
static CONNECTORS: LazyLock<Connectors> = LazyLock::new(|| Connectors::load(None).unwrap());

fn tokens(access: &str, refresh: Option<&str>, expires_at: Option<UtcTime>) -> Tokens {
    Tokens {
        access_token: access.into(),
        refresh_token: refresh.map(SecretString::from),
        obtained_at: now(),
        expires_at,
        refresh_expires_at: None,
        scopes: None,
        kept: BTreeMap::new(),
    }
}

fn inputs(block: &ProviderBlock) -> Inputs {
    let given: BTreeMap<&str, &str> = [("environment", "test"), ("shop", "acme")].into();
    Inputs::read(&block.inputs, |name| given.get(name).copied()).unwrap()
}

fn app() -> AppSecrets {
    let constants = [("developer_token".to_owned(), "dev".into())].into();
    AppSecrets { client_id: "the-id".to_owned(), client_secret: "the-secret".into(), constants }
}

fn accounts(block: &ProviderBlock, count: usize) -> Vec<Account> {
    let most = block.accounts.as_ref().map_or(0, |rules| if rules.target.selection.is_multi() { count } else { 1 });
    let id = |number: usize| {
        if block.provider == "github" { format!("acme/site-{number}") } else { (1_000_000_000 + number).to_string() }
    };
    (0..most).map(|number| Account { id: id(number), label: format!("A{number}"), detail: String::new() }).collect()
}

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').try_fold(value, |value, key| value.get(key)).unwrap_or(&Value::Null)
}

/// What a draft that had `before` holds after signing in.
fn signed_in(connector: &Connector, before: &Value, tokens: &Tokens, chosen: Option<&[Account]>) -> Values {
    let block = connector.oauth().unwrap();
    let mut values = Values::default();
    import_config(&connector.spec, before).unwrap().merge_into(&connector.spec, &mut values);
    let patch = outputs(block, tokens, &inputs(block), chosen).unwrap();
    patch.submission(&connector.spec).unwrap().merge_into(&connector.spec, &mut values);
    values
}

#[test]
fn after_signing_in_each_configuration_is_complete_with_the_operators_values() {
    let connectors = &*CONNECTORS;
    for slug in SLUGS {
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let block = connector.oauth().unwrap();
        let before = match slug {
            "linkedin-ads" => json!({ "start_date": "2025-01-01" }),
            "slack" => json!({ "start_date": "2025-01-01T00:00:00Z" }),
            "google-sheets" => json!({ "spreadsheet_id": "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789" }),
            _ => json!({}),
        };
        let chosen = accounts(block, 2);
        let mut values = signed_in(&connector, &before, &tokens("at", Some("rt"), Some(now())), Some(&chosen));
        // The operator's values are only there for the program.
        let mut own = Map::new();
        add_constants(block, &app(), &mut own);
        import_config(&connector.spec, &Value::Object(own)).unwrap().merge_into(&connector.spec, &mut values);
        let done = complete(&connector.spec, &values);
        assert!(done.missing.is_empty() && done.problems.is_empty(), "{slug}: {:?} {:?}", done.missing, done.problems);
        assert_eq!(done.disagreement, None, "{slug}");
        let config = done.config.unwrap().into_exposed();
        if let Some(when) = &block.landing.when {
            assert_eq!(at(&config, &when.path.to_string()), &when.value, "{slug}");
        }
        for (name, constant) in &block.constants {
            let expected = match name.as_str() {
                "client_id" => "the-id",
                "client_secret" => "the-secret",
                _ => "dev",
            };
            assert_eq!(at(&config, &constant.path.as_ref().unwrap().to_string()), expected, "{slug} {name}");
        }
    }
}

#[test]
fn chosen_accounts_are_written_as_each_connector_wants_them() {
    let connectors = &*CONNECTORS;
    let two = |slug: &str| {
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let block = connector.oauth().unwrap();
        let patch = outputs(block, &tokens("at", Some("rt"), None), &inputs(block), Some(&accounts(block, 2))).unwrap();
        at(&Value::Object(patch.expose().clone()), &block.accounts.as_ref().unwrap().target.path.to_string()).clone()
    };
    assert_eq!(two("facebook-ads"), json!(["1000000000", "1000000001"]));
    assert_eq!(two("google-ads"), json!("1000000000,1000000001"));
    assert_eq!(two("linkedin-ads"), json!([1_000_000_000, 1_000_000_001]));
    assert_eq!(two("tiktok-ads"), json!("1000000000"));
    assert_eq!(two("github"), json!(["acme/site-0", "acme/site-1"]));
}

#[test]
fn answers_go_into_the_configuration_with_their_own_types() {
    let connectors = &*CONNECTORS;
    let patch = |slug: &str| {
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let block = connector.oauth().unwrap();
        Value::Object(outputs(block, &tokens("at", Some("rt"), None), &inputs(block), None).unwrap().expose().clone())
    };
    assert_eq!(patch("salesforce"), json!({ "auth_type": "Client", "refresh_token": "rt", "is_sandbox": true }));
    assert_eq!(
        patch("shopify"),
        json!({ "credentials": { "auth_method": "oauth2.0", "access_token": "at" }, "shop": "acme" })
    );
}

#[test]
fn without_a_refresh_token_linkedin_keeps_the_access_token() {
    let connectors = &*CONNECTORS;
    let connector = connectors.find(Kind::Source, "linkedin-ads").unwrap();
    let before =
        json!({ "start_date": "2025-01-01", "credentials": { "auth_method": "oAuth2.0", "refresh_token": "old" } });
    let values = signed_in(&connector, &before, &tokens("at", None, None), Some(&[]));
    let config = complete(&connector.spec, &values).config.unwrap().into_exposed();
    assert_eq!(config["credentials"], json!({ "auth_method": "access_token", "access_token": "at" }));
}

#[test]
fn what_stood_in_another_branch_is_gone_and_other_settings_stay() {
    let connectors = &*CONNECTORS;
    let connector = connectors.find(Kind::Source, "google-analytics-4").unwrap();
    let before = json!({ "credentials": { "auth_type": "Service", "credentials_json": "{\"type\": \"external_account\"}" }, "property_ids": ["1", "2"], "keep_empty_rows": true });
    let values = signed_in(&connector, &before, &tokens("at", Some("rt"), None), None);
    assert_eq!(values.plain["property_ids"], json!(["1", "2"]), "accounts that were not asked for stay");
    assert_eq!(values.plain["keep_empty_rows"], json!(true));
    let secrets: Vec<String> = values.secrets.keys().map(|path| path.dot()).collect();
    assert_eq!(secrets, ["credentials.access_token", "credentials.refresh_token"]);
    let values = signed_in(&connector, &before, &tokens("at", Some("rt"), None), Some(&[]));
    assert!(!values.plain.contains_key("property_ids"), "an empty choice takes the earlier one away");
}

#[test]
fn ids_that_cannot_be_written_are_refused() {
    let connectors = &*CONNECTORS;
    let write = |slug: &str, ids: &[&str]| {
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let block = connector.oauth().unwrap();
        let chosen: Vec<Account> = ids
            .iter()
            .map(|id| Account { id: (*id).to_owned(), label: String::new(), detail: String::new() })
            .collect();
        outputs(block, &tokens("at", None, None), &inputs(block), Some(&chosen))
    };
    assert!(write("linkedin-ads", &["urn:li:1"]).is_none());
    assert!(write("google-ads", &["1,2"]).is_none());
    assert!(write("tiktok-ads", &["1", "2"]).is_none());
    assert!(write("tiktok-ads", &["1"]).is_some());
}

#[test]
fn accounts_may_become_objects() {
    let connectors = &*CONNECTORS;
    let connector = connectors.find(Kind::Source, "facebook-ads").unwrap();
    let mut block = connector.oauth().unwrap().as_ref().clone();
    block.accounts.as_mut().unwrap().target.encoding =
        Encoding::Objects(json!({ "operator": "Equals", "name": "{label}", "ids": ["{id}"] }));
    let patch = outputs(&block, &tokens("at", None, None), &Inputs::default(), Some(&accounts(&block, 1))).unwrap();
    assert_eq!(patch.expose()["account_ids"], json!([{ "operator": "Equals", "name": "A0", "ids": ["1000000000"] }]));
}

proptest! {
    /// Whatever tokens and accounts come: they stand at their places, nothing else does, and nothing of them can be printed.
    #[test]
    fn outputs_stand_where_the_block_says_and_nowhere_else(
        slug in prop::sample::select(SLUGS.to_vec()),
        access in "[!-~]{8,40}",
        refresh in prop::option::of("[!-~]{8,40}"),
        seconds in prop::option::of(0_i64..4_000_000_000),
        count in 0_usize..6,
    ) {
        let connectors = &*CONNECTORS;
        let connector = connectors.find(Kind::Source, slug).unwrap();
        let block = connector.oauth().unwrap();
        let expires_at = seconds.and_then(UtcTime::from_unix);
        let given = tokens(&access, refresh.as_deref(), expires_at);
        let chosen = accounts(block, count);
        let patch = outputs(block, &given, &inputs(block), Some(&chosen)).unwrap();
        let shown = format!("{:?}", patch);
        prop_assert!(!shown.contains(&access));
        prop_assert!(patch.submission(&connector.spec).is_ok());

        let mut left = BTreeMap::new();
        leaves(&Value::Object(patch.expose().clone()), "", &mut left);
        let landing = match &block.landing.without_refresh_token {
            Some(other) if refresh.is_none() => other,
            _ => &block.landing,
        };
        for (output, path) in &landing.outputs {
            let expected = match format!("{output:?}").as_str() {
                "AccessToken" => Some(json!(access)),
                "RefreshToken" => refresh.clone().map(Value::from),
                _ => expires_at.map(|end| json!(end.iso())),
            };
            prop_assert_eq!(left.remove(&path.to_string()), expected, "{} {}", slug, path);
        }
        if let Some(when) = &landing.when {
            prop_assert_eq!(left.remove(&when.path.to_string()), Some(when.value.clone()));
        }
        for path in block.inputs.iter().filter_map(|input| input.path.as_ref()) {
            prop_assert!(left.remove(&path.to_string()).is_some());
        }
        if let Some(rules) = &block.accounts {
            prop_assert!(left.remove(&rules.target.path.to_string()).is_some());
        }
        prop_assert!(left.is_empty(), "{}: {:?}", slug, left.keys());
    }
}

/// Values that are no object, by dotted path.
fn leaves(value: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            leaves(value, &path, found);
        }),
        other => {
            found.insert(path.to_owned(), other.clone());
        }
    }
}
