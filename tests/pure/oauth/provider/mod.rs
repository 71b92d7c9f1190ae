//! Blocks: those we ship, what is wrong with one, and those made of what other makers write.

mod airbyte;
mod problems;

use std::collections::{BTreeMap, BTreeSet};

use vestibule::connectors::{ConnectorFile, Connectors, Kind};

#[test]
fn the_promised_connectors_sign_in() {
    let connectors = Connectors::load(None).unwrap();
    let all = connectors.all();
    let have: BTreeSet<&str> =
        all.iter().filter(|one| one.oauth().is_some()).map(|one| one.file.slug.as_str()).collect();
    let promised = [
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
    assert!(promised.iter().all(|slug| have.contains(slug)), "{have:?}");
    assert!(connectors.find(Kind::Source, "postgres").unwrap().oauth().is_none());
}

#[test]
fn connectors_of_one_provider_agree_on_its_app() {
    let connectors = Connectors::load(None).unwrap();
    let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
    for block in connectors.all().iter().filter_map(|one| one.oauth()) {
        let said = (block.name.clone(), block.token.url.as_str().to_owned());
        let earlier = seen.entry(block.provider.clone()).or_insert_with(|| said.clone());
        assert_eq!(*earlier, said, "{}", block.provider);
    }
    assert!(seen.len() >= 11, "{seen:?}");
}

#[test]
fn people_read_words_and_not_names_of_scopes() {
    let connectors = Connectors::load(None).unwrap();
    for block in connectors.all().iter().filter_map(|one| one.oauth()) {
        for scope in &block.scopes {
            assert!(
                scope.words.len() >= 8 && scope.words.starts_with(char::is_uppercase) && !scope.words.ends_with('.'),
                "{}",
                scope.words
            );
            assert!(!scope.words.contains(&scope.name) || scope.name.len() < 10, "{}: {}", block.provider, scope.words);
        }
        assert!(block.button().starts_with("Continue with "));
        assert!(!block.app_guide.is_empty(), "{}", block.provider);
    }
}

#[test]
fn a_block_survives_being_written_and_read() {
    let connectors = Connectors::load(None).unwrap();
    for connector in connectors.all().iter().filter(|one| one.oauth().is_some()) {
        let written = serde_json::to_vec(&connector.file).unwrap();
        let read = ConnectorFile::parse(&written).unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::to_value(&connector.file).unwrap(),
            "{}",
            connector.file.slug
        );
    }
}
