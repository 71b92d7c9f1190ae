//! Built-in connectors whose program asks in another shape, held against the real programs.

use serde_json::{Value, json};
use vestibule::connectors::{Connector, Connectors, MappingBlock};
use vestibule::engines::FailureReason;

use crate::support::CANARY;
use crate::support::engine::{Place, Task};
use crate::support::programs::{by_hand, programs};

/// Every built-in connector with a mapping.
fn mapped() -> Vec<(std::sync::Arc<Connector>, MappingBlock)> {
    let all = Connectors::load(None).unwrap().all();
    all.into_iter().filter_map(|one| Some((one.clone(), one.file.mapping.clone()?))).collect()
}

/// Everything its form can ask for, filled in.
fn everything(slug: &str) -> Value {
    match slug {
        "facebook-ads" => json!({
            "account_ids": ["1234567890"], "access_token": CANARY, "start_date": "2025-01-01T00:00:00Z", "end_date": "2025-02-01T00:00:00Z",
            "campaign_statuses": ["ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES"],
            "adset_statuses": ["ACTIVE", "CAMPAIGN_PAUSED"], "ad_statuses": ["ACTIVE", "PREAPPROVED", "PENDING_BILLING_INFO"],
            "fetch_thumbnail_images": true,
            "report_definition": {
                "level": "adset", "action_report_time": "mixed", "time_increment": 7, "fields": ["clicks", "spend"],
                "breakdowns": ["age", "gender"], "action_breakdowns": ["action_type"],
            },
        }),
        other => panic!("{other} has a mapping and no sample here"),
    }
}

#[test]
fn what_is_mapped_is_asked_for() {
    let all = mapped();
    assert!(all.iter().any(|(connector, _)| connector.file.slug == "facebook-ads"));
    for (connector, mapping) in all {
        let config = everything(&connector.file.slug);
        for one in &mapping.moves {
            assert!(config.pointer(&one.from).is_some(), "{}: {} is asked nowhere", connector.file.slug, one.from);
        }
        let there = mapping.apply(&config);
        let back = mapping.back(&there);
        for key in config.as_object().unwrap().keys() {
            assert_eq!(back.get(key), config.get(key), "{}: {key}", connector.file.slug);
        }
    }
}

#[test]
#[ignore = "long: real connectors"]
fn what_is_handed_over_fits_the_settings_of_the_real_program() {
    let Some(programs) = programs("a real connector") else { return };
    for (connector, mapping) in mapped() {
        let said = by_hand(&programs.join(&mapping.program), &["spec"]);
        let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let spec = messages.into_iter().find(|message| message["type"] == "SPEC").unwrap();
        let schema = &spec["spec"]["connectionSpecification"];
        let whole = everything(&connector.file.slug);
        let mut least = whole.clone();
        let required: Vec<&str> =
            connector.file.spec["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        least.as_object_mut().unwrap().retain(|key, _| required.contains(&key.as_str()));
        for config in [whole, least] {
            let task = Task::of(connector.clone(), &config);
            let theirs = mapping.apply(task.config.expose());
            let validator = jsonschema::validator_for(schema).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&theirs).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert_eq!(wrong, Vec::<String>::new(), "{}: {theirs}", connector.file.slug);
            for member in theirs.as_object().unwrap().keys() {
                assert!(schema["properties"].get(member).is_some(), "{member} is nothing {} knows", mapping.program);
            }
        }
    }
}

/// The real program takes the shape for its own: what it says is about the way out or the token, never about its settings.
#[tokio::test]
#[ignore = "long: real connectors"]
async fn the_real_program_takes_it_for_its_own() {
    let Some(programs) = programs("a real connector") else { return };
    let (connector, mapping) =
        mapped().into_iter().find(|(connector, _)| connector.file.slug == "facebook-ads").unwrap();
    let mut file = serde_json::to_value(&connector.file).unwrap();
    file["runtime"] = json!({"type": "airbyte", "command": [programs.join(&mapping.program)]});
    let task = Task::new(file, &everything("facebook-ads")).within(120);
    let (done, told) = Place::new().check(&task).await;
    let failure = done.unwrap_err();
    assert!(failure.reason != FailureReason::Crashed, "{failure} {}", told.log());
    for word in ["onfig validation", "required property", "credentials", CANARY] {
        assert!(!failure.message.contains(word), "{failure}");
    }
}
