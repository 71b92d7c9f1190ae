//! What nobody here takes up is asked of nobody, and stays where it stands.

use serde_json::{Value, json};
use vestibule::base::forms::{FieldPath, FormState};
use vestibule::connectors::{Connector, ConnectorFile, Connectors, Kind};
use vestibule::schema::form::{
    Asks, Audience, KnownValues, RawForm, Strictness, Values, complete, decode, encode, import_config, left_out_in,
    left_out_of, overview, view,
};
use vestibule::schema::spec::Spec;

/// The form of the built-in source `postgres`.
fn postgres() -> std::sync::Arc<Connector> {
    Connectors::load(None).unwrap().find(Kind::Source, "postgres").unwrap().clone()
}

/// Values with all that the built-in reader does not take up.
fn old_values(spec: &Spec) -> Values {
    let config = json!({
        "host": "db.example.com", "port": 5432, "database": "shop", "username": "u", "password": "p", "jdbc_url_params": "a=b",
        "replication_method": {"method": "CDC", "replication_slot": "slot", "publication": "books"},
    });
    let mut values = Values::default();
    import_config(spec, &config).unwrap().merge_into(spec, &mut values);
    values
}

fn outsider() -> Audience {
    Audience::Recipient { workspace: "Acme".to_owned(), asks: None }
}

#[test]
fn nobody_is_asked_for_it() {
    let postgres = postgres();
    let spec = &postgres.spec;
    for who in [Audience::Owner, outsider()] {
        let page = view(spec, &KnownValues::default(), &FormState::empty(), &who);
        for gone in ["Extra connection parameters", "write-ahead log", "Client key passphrase", "replication_slot"] {
            assert!(!page.html().contains(gone), "{gone}");
        }
        assert!(page.html().contains("By row version") && page.html().contains("SSH tunnel"));
    }
    let asked = Asks::named(spec, &KnownValues::default(), &[FieldPath::parse("/jdbc_url_params").unwrap()]);
    assert!(asked.is_err(), "no link can ask for it");
    assert!(overview(spec, &KnownValues::default()).iter().all(|answer| answer.left_out.is_none()));
}

#[test]
fn what_stands_is_shown_as_what_it_is_and_stays() {
    let postgres = postgres();
    let spec = &postgres.spec;
    let values = old_values(spec);
    let known = KnownValues::of(&values);
    let fields =
        |found: Vec<vestibule::schema::form::LeftOut>| found.iter().map(|one| one.path.dot()).collect::<Vec<_>>();
    assert_eq!(fields(left_out_in(spec, &known)), ["replication_method", "jdbc_url_params"]);
    assert_eq!(
        fields(left_out_of(spec, &complete(spec, &values).config.unwrap())),
        ["replication_method", "jdbc_url_params"]
    );
    let owner = view(spec, &known, &FormState::empty(), &Audience::Owner);
    assert!(
        owner.html().contains("does not use extra connection parameters") && owner.html().contains("write-ahead log")
    );
    let recipient = view(spec, &known, &FormState::empty(), &outsider());
    assert!(!recipient.html().contains("Extra connection parameters"), "somebody outside takes nothing out");
    // The form sent as it was shown, with and without what is shown to members only.
    let pairs = encode(spec, &values);
    for keeps in [true, false] {
        let shown = pairs.iter().filter(|(name, _)| keeps || !name.starts_with("/jdbc")).cloned();
        let decoded = decode(spec, &RawForm::from_pairs(shown), &known, Strictness::Final, &outsider());
        assert!(decoded.errors.is_empty(), "{:?}", decoded.errors);
        let mut after = values.clone();
        decoded.submission.merge_into(spec, &mut after);
        assert_eq!(after.plain, values.plain);
    }
    let reasons = overview(spec, &known).into_iter().filter_map(|answer| answer.left_out).count();
    assert_eq!(reasons, 2);
}

#[test]
fn a_larger_specification_is_cut_to_the_same_and_can_be_completed() {
    let postgres = postgres();
    let mut file: Value = serde_json::to_value(&postgres.file).unwrap();
    let properties = file["spec"]["properties"].as_object_mut().unwrap();
    properties.insert("fetch_size".to_owned(), json!({"type": "integer", "title": "Fetch size", "default": 7}));
    properties.insert("realm".to_owned(), json!({"type": "string", "title": "Realm"}));
    properties["replication_method"]["default"] = json!({"method": "CDC"});
    file["spec"]["required"].as_array_mut().unwrap().push(json!("realm"));
    let file: ConnectorFile = serde_json::from_value(file).unwrap();
    let larger = Connector::new(file.clone(), true).unwrap();
    let page = view(&larger.spec, &KnownValues::default(), &FormState::empty(), &outsider());
    assert!(!page.html().contains("Fetch size") && !page.html().contains("write-ahead log"));
    assert!(page.html().contains("Realm"), "what nobody could ever fill would block it for good");
    let config = json!({"host": "h", "port": 1, "database": "d", "username": "u", "password": "p", "realm": "r"});
    let mut values = Values::default();
    import_config(&larger.spec, &config).unwrap().merge_into(&larger.spec, &mut values);
    let finished = complete(&larger.spec, &values).config.unwrap();
    assert_eq!(finished.expose()["replication_method"]["method"], "Xmin", "the first way that is done");
    assert_eq!(finished.expose()["fetch_size"], 7, "defaults are written all the same");
    assert!(left_out_of(&larger.spec, &finished).is_empty(), "a default says nothing");
    // Where another program reads, everything is asked.
    let elsewhere = ConnectorFile { runtime: None, ..file };
    let whole = Connector::new(elsewhere, true).unwrap();
    assert!(whole.spec.left_out().is_empty());
    let page = view(&whole.spec, &KnownValues::default(), &FormState::empty(), &outsider());
    assert!(page.html().contains("Fetch size") && page.html().contains("write-ahead log"));
}
