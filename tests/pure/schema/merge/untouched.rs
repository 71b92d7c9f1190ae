//! What somebody left as it was shown to them is no change, whatever others made of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vestibule::base::forms::{FormState, RawForm};
use vestibule::schema::form::{
    Audience, DraftState, KnownValues, MergeConflict, MergeRules, Merged, Since, Strictness, Submission, Values,
    decode_since, import_config, merge, view, with_references,
};
use vestibule::schema::spec::Spec;

use crate::schema::form::{paths, plain, spec};
use crate::schema::properties::as_posted;

/// A draft of these values.
fn draft(spec: &Spec, config: &Value) -> DraftState {
    let mut values = Values::default();
    import_config(spec, config).unwrap().merge_into(spec, &mut values);
    DraftState::of(&KnownValues::of(&values))
}

/// What comes of it, or the labels of what is in conflict.
fn merged(spec: &Spec, sent: &Submission, shown: &DraftState, now: &DraftState) -> Result<Merged, Vec<String>> {
    let (nothing, nobody) = (BTreeMap::new(), BTreeSet::new());
    let rules = MergeRules {
        revision: 9,
        known_secrets: &nobody,
        references: &nothing,
        yields_but_for: None,
        knows_base: true,
    };
    let label = |conflict: MergeConflict| conflict.error.label;
    merge(spec, &[(spec, sent)], shown, now, BTreeMap::new(), &rules)
        .map_err(|conflicts| conflicts.into_iter().map(label).collect())
}

/// A member's page that showed `shown`, with these answers.
fn page(spec: &Spec, shown: &DraftState, now: &DraftState, answers: &[(&str, &str)]) -> Submission {
    let (then, here) = (shown.known(), now.known());
    let mut pairs = as_posted(view(spec, &then, &FormState::empty(), &Audience::Owner).html());
    for (name, value) in answers {
        pairs.retain(|(other, _)| other != name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    let since = Since { shown: &then, now: &here };
    decode_since(spec, &RawForm::from_pairs(pairs), since, Strictness::Draft, &Audience::Owner).submission
}

/// Rows with a box, a choice with a box, and rows with a box in them.
fn shelves() -> Spec {
    let fast = json!({"type": "boolean", "title": "Fast", "default": true});
    let way = json!({"type": "object", "title": "Way", "oneOf": [{"properties": {"by": {"const": "a"}, "fast": fast}}, {"properties": {"by": {"const": "b"}}}]});
    let inner = json!({"type": "array", "title": "Inner", "items": {"type": "object", "properties": {"name": {"type": "string"}, "fast": fast}}});
    spec(&json!({"type": "object", "properties": {"note": {"type": "string", "title": "Note"}, "way": way,
        "rows": {"type": "array", "title": "Rows", "items": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}, "way": way, "inner": inner}}}}}))
}

#[test]
fn boxes_that_nobody_touched_bring_no_row_back() {
    let spec = shelves();
    let row = |name: &str| json!({"name": name, "way": {"by": "a"}, "inner": [{"name": "deep"}]});
    let shown = draft(&spec, &json!({"rows": [row("A"), row("B")]}));
    let mut now = shown.clone();
    now.plain["rows"].as_array_mut().unwrap().remove(0);
    let done = merged(&spec, &page(&spec, &shown, &now, &[("/note", "n")]), &shown, &now).unwrap();
    let left = plain(&done.values);
    assert_eq!((&left["note"], left["rows"].as_array().unwrap().len()), (&json!("n"), 1));
    for (name, value) in [
        ("/rows/0/name", "other"),
        ("/rows/0/way", "1"),
        ("/rows/0/way/~o0/fast", "false"),
        ("/rows/0/inner/0/name", "other"),
        ("/rows/0/inner/0/~rm", "1"),
        ("/rows/0/inner/1/name", "one more"),
    ] {
        let told = merged(&spec, &page(&spec, &shown, &now, &[(name, value)]), &shown, &now).unwrap_err();
        assert_eq!(told, ["Rows"], "{name}");
    }
}

#[test]
fn a_branch_that_nobody_touched_does_not_come_back() {
    let spec = shelves();
    let shown = draft(&spec, &json!({"way": {"by": "a"}}));
    for now in [draft(&spec, &json!({})), draft(&spec, &json!({"way": {"by": "b"}}))] {
        for sent in [
            page(&spec, &shown, &now, &[("/note", "n")]),
            import_config(&spec, &json!({"note": "n", "way": {"by": "a"}})).unwrap(),
        ] {
            let done = merged(&spec, &sent, &shown, &now).unwrap();
            assert_eq!((done.values.plain.get("way"), &done.values.plain["note"]), (now.plain.get("way"), &json!("n")));
        }
        let told = merged(&spec, &page(&spec, &shown, &now, &[("/way/~o0/fast", "false")]), &shown, &now).unwrap_err();
        assert_eq!(told, ["Way"]);
    }
}

#[test]
fn a_default_that_nobody_touched_is_written_where_nothing_stands_and_nowhere_else() {
    let way = json!({"type": "object", "title": "Way", "default": {"by": "a", "speed": "slow"}, "oneOf": [
        {"properties": {"by": {"const": "a"}, "speed": {"type": "string", "title": "Speed", "default": "slow"}}}, {"properties": {"by": {"const": "b"}, "x": {"type": "string"}}}]});
    let spec =
        spec(&json!({"type": "object", "required": ["way"], "properties": {"note": {"type": "string"}, "way": way}}));
    let shown = draft(&spec, &json!({}));
    let others = draft(&spec, &json!({"way": {"by": "b", "x": "theirs"}}));
    for (now, due) in [(&shown, json!({"by": "a", "speed": "slow"})), (&others, json!({"by": "b", "x": "theirs"}))] {
        let done = merged(&spec, &page(&spec, &shown, now, &[("/note", "n")]), &shown, now).unwrap();
        assert_eq!(plain(&done.values)["way"], due);
        assert_eq!(done.changed, paths(&["/note"]), "nobody chose it");
    }
    let typed = page(&spec, &shown, &others, &[("/way/~o0/speed", "fast")]);
    assert_eq!(merged(&spec, &typed, &shown, &others).unwrap_err(), ["Way"]);
}

#[test]
fn the_first_choice_of_a_connector_that_is_a_choice_itself_is_a_change() {
    let spec = spec(&json!({"type": "object", "title": "All", "oneOf": [
        {"properties": {"by": {"const": "a"}, "x": {"type": "string"}}}, {"properties": {"by": {"const": "b"}, "y": {"type": "string"}}}]}));
    let (nothing, chosen) = (DraftState::default(), draft(&spec, &json!({"by": "a"})));
    let choose = |by: &str| import_config(&spec, &json!({"by": by})).unwrap();
    for by in ["a", "b"] {
        let done = merged(&spec, &choose(by), &nothing, &nothing).unwrap();
        assert_eq!((plain(&done.values), done.changed), (json!({"by": by}), paths(&[""])));
    }
    assert_eq!(merged(&spec, &choose("b"), &nothing, &chosen).unwrap_err().len(), 1);
    assert_eq!(plain(&merged(&spec, &choose("a"), &nothing, &chosen).unwrap().values), json!({"by": "a"}));
}

#[test]
fn a_default_that_was_written_out_in_a_group_of_a_row_keeps_it_from_nothing() {
    let inside = json!({"type": "object", "properties": {"mode": {"type": "string", "default": "slow"}, "note": {"type": "string"}}});
    let item = json!({"type": "object", "properties": {"name": {"type": "string"}, "way": inside}});
    let spec =
        spec(&json!({"type": "object", "properties": {"rows": {"type": "array", "title": "Rows", "items": item}}}));
    let of = |way: Value| {
        let plain = json!({"rows": [{"~id": "x", "name": "A", "way": way}]});
        DraftState { plain: plain.as_object().cloned().unwrap(), secrets: BTreeMap::new() }
    };
    let none = import_config(&spec, &json!({"rows": []})).unwrap();
    let goes = |shown: Value, now: Value| merged(&spec, &none, &of(shown), &of(now)).is_ok();
    assert!(goes(json!({"note": "n"}), json!({"note": "n", "mode": "slow"})), "the same as before");
    assert!(!goes(json!({"note": "n"}), json!({"note": "n", "mode": "fast"})));
    assert!(!goes(json!({"note": "n"}), json!({"note": "other"})));
}

#[test]
fn two_orders_are_a_conflict_and_one_is_none() {
    let spec = shelves();
    let list = |names: &[&str]| json!({"rows": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
    let shown = draft(&spec, &list(&["A", "B", "C"]));
    let order = |names: &[&str]| import_config(&spec, &list(names)).unwrap();
    let turned = merged(&spec, &order(&["C", "A", "B"]), &shown, &shown).unwrap().state;
    let after = |names: &[&str]| {
        let done = merged(&spec, &order(names), &shown, &turned)?;
        let rows = done.values.plain["rows"].as_array().unwrap();
        Ok::<_, Vec<String>>(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<String>())
    };
    assert_eq!(after(&["A", "B", "C"]).unwrap(), "CAB", "who moved nothing wants no order");
    assert_eq!(after(&["A", "N", "B", "C"]).unwrap(), "CABN", "a new row moves nobody else");
    assert_eq!(after(&["N", "M", "B", "C", "A"]).unwrap_err(), ["Rows"]);
    assert_eq!(after(&["N", "C", "M", "A", "B"]).unwrap(), "CABNM", "new ones stand behind, as they were given");
    assert_eq!(after(&["C", "A", "B"]).unwrap(), "CAB", "both want the same");
    assert_eq!(after(&["C", "A"]).unwrap(), "CA");
    assert_eq!(after(&["B", "A", "C"]).unwrap_err(), ["Rows"]);
    let unmoved = |names: &[&str]| plain(&merged(&spec, &order(names), &shown, &shown).unwrap().values);
    assert_eq!(unmoved(&["N", "C", "A"]), list(&["N", "C", "A"]));
}

#[test]
fn what_was_typed_into_a_row_that_went_stands_on_the_next_page_and_nothing_else_of_it() {
    let spec = shelves();
    let row = |name: &str| json!({"name": name, "way": {"by": "a"}, "inner": [{"name": "deep"}]});
    let shown = draft(&spec, &json!({"rows": [row("A"), row("B")]}));
    let mut now = shown.clone();
    now.plain["rows"].as_array_mut().unwrap().remove(0);
    let stands = |answer: (&str, &str)| {
        let (then, here) = (shown.known(), now.known());
        let mut pairs = as_posted(view(&spec, &then, &FormState::empty(), &Audience::Owner).html());
        pairs.retain(|(name, _)| name != answer.0);
        pairs.push((answer.0.to_owned(), answer.1.to_owned()));
        let since = Since { shown: &then, now: &here };
        let decoded = decode_since(&spec, &RawForm::from_pairs(pairs), since, Strictness::Draft, &Audience::Owner);
        let next = view(&spec, &here, &decoded.state, &Audience::Owner);
        next.html().contains(r#"name="/rows/1/name" value="A""#)
    };
    for answer in [
        ("/rows/0/way", "1"),
        ("/rows/0/way/~o0/fast", "false"),
        ("/rows/0/inner/0/name", "other"),
        ("/rows/0/inner/0/~rm", "1"),
        ("/rows/0/inner/1/name", "one more"),
    ] {
        assert!(stands(answer), "{answer:?}");
    }
    assert!(!stands(("/note", "n")));
}

#[test]
fn a_program_that_changes_what_lies_deep_in_a_row_that_went_is_told() {
    let secret = json!({"type": "string", "title": "Token", "airbyte_secret": true});
    let inner = json!({"type": "array", "title": "Inner", "items": {"type": "object", "properties": {"name": {"type": "string"}, "token": secret}}});
    let rows = json!({"type": "array", "title": "Rows", "items": {"type": "object", "properties": {"name": {"type": "string"}, "inner": inner, "token": secret}}});
    let spec = spec(&json!({"type": "object", "properties": {"rows": rows}}));
    let deep = |name: &str| json!({"name": name, "token": name});
    let shown = draft(&spec, &json!({"rows": [{"name": "A", "token": "t", "inner": [deep("x"), deep("y")]}]}));
    let now = DraftState::default();
    let ids: BTreeMap<String, _> = shown.secrets.keys().map(|path| (format!("~secret:{path}"), path.clone())).collect();
    let texts = shown.secrets.keys().map(|path| (path.clone(), format!("~secret:{path}"))).collect();
    let read = Value::Object(with_references(&spec, &shown, &texts));
    let nobody = BTreeSet::new();
    let rules =
        MergeRules { revision: 9, known_secrets: &nobody, references: &ids, yields_but_for: None, knows_base: true };
    let told = |inner: Value| {
        let mut sent = read.clone();
        sent["rows"][0]["inner"] = inner;
        let sent = import_config(&spec, &sent).unwrap();
        let label = |conflict: MergeConflict| conflict.error.label;
        merge(&spec, &[(&spec, &sent)], &shown, &now, BTreeMap::new(), &rules)
            .map(|_| ())
            .map_err(|conflicts| conflicts.into_iter().map(label).collect::<Vec<_>>())
    };
    let (x, y) = (&read["rows"][0]["inner"][0], &read["rows"][0]["inner"][1]);
    assert_eq!(told(json!([x, y])), Ok(()));
    let conflict = Err(vec!["Rows".to_owned()]);
    let renamed = json!({"name": "z", "token": x["token"]});
    for inner in [json!([y, x]), json!([x]), json!([renamed, y]), json!([x, y, {"name": "n"}])] {
        assert_eq!(told(inner.clone()), conflict, "{inner}");
    }
}

#[test]
fn whatever_others_changed_keeps_a_choice_and_a_row_from_going() {
    let deep = json!({"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}});
    let way = json!({"type": "object", "title": "Way", "oneOf": [{"properties": {"by": {"const": "a"}, "edition": {"const": 2}, "x": {"type": "string"}, "list": deep}}, {"properties": {"by": {"const": "b"}}}]});
    let rows = json!({"type": "array", "title": "Rows", "items": {"type": "object", "properties": {"name": {"type": "string"}, "list": deep}}});
    let spec = spec(&json!({"type": "object", "properties": {"way": way, "rows": rows}}));
    let of = |plain: Value| DraftState { plain: plain.as_object().cloned().unwrap(), secrets: BTreeMap::new() };
    let goes = |change: Value, shown: Value, now: Value| {
        let sent = import_config(&spec, &change).unwrap();
        merged(&spec, &sent, &of(shown), &of(now)).map(|done| plain(&done.values))
    };
    let list = |names: &[&str]| names.iter().map(|name| json!({"~id": name, "name": name})).collect::<Vec<_>>();
    let choice = |inside: Value| {
        let mut choice = json!({"by": "a", "list": list(&["x", "y"])});
        choice.as_object_mut().unwrap().extend(inside.as_object().cloned().unwrap());
        json!({"way": choice})
    };
    let shown = || choice(json!({"odd": 1}));
    for change in [json!({"way": null}), json!({"way": {"by": "b"}})] {
        // Its connector has got another constant since, which nobody chose.
        assert!(goes(change.clone(), shown(), choice(json!({"odd": 1, "edition": 2}))).is_ok());
        for others in [
            json!({"odd": 2}),
            json!({"odd": 1, "odder": 1}),
            json!({}),
            json!({"odd": 1, "x": "new"}),
            json!({"odd": 1, "list": list(&["x", "y", "z"])}),
            json!({"odd": 1, "list": list(&["x"])}),
            json!({"odd": 1, "list": list(&["y", "x"])}),
            json!({"odd": 1, "list": [{"~id": "x", "name": "other"}, {"~id": "y", "name": "y"}]}),
        ] {
            let told = goes(change.clone(), shown(), choice(others.clone())).unwrap_err();
            assert_eq!(told, ["Way"], "{change} {others}");
        }
    }
    let row = |names: &[&str]| json!({"rows": [{"~id": "r1-0", "name": "A", "list": list(names)}]});
    assert_eq!(goes(json!({"rows": []}), row(&["x"]), row(&["x"])).unwrap(), json!({"rows": []}));
    for others in [&["x", "y"][..], &[], &["y"]] {
        assert_eq!(goes(json!({"rows": []}), row(&["x"]), row(others)).unwrap_err(), ["Rows"]);
    }
}

#[test]
fn a_row_that_is_sent_loses_what_it_leaves_out_also_in_its_choice_except_secrets() {
    let secret = json!({"type": "string", "title": "Token", "airbyte_secret": true});
    let text = json!({"type": "string"});
    let way = json!({"type": "object", "oneOf": [{"properties": {"by": {"const": "a"}, "x": text, "y": text, "key": secret}}, {"properties": {"by": {"const": "b"}}}]});
    let rows = json!({"type": "array", "items": {"type": "object", "properties": {"name": text, "way": way, "token": secret}}});
    let spec = spec(&json!({"type": "object", "properties": {"rows": rows}}));
    let row = json!({"name": "A", "token": "t", "way": {"by": "a", "x": "1", "y": "2", "key": "k"}});
    let shown = draft(&spec, &json!({"rows": [row]}));
    let token = shown.secrets.keys().find(|path| path.as_str().ends_with("/token")).unwrap();
    let ids: BTreeMap<String, _> = [("~secret:t".to_owned(), token.clone())].into();
    let nobody = BTreeSet::new();
    let rules =
        MergeRules { revision: 9, known_secrets: &nobody, references: &ids, yields_but_for: None, knows_base: true };
    let sent = json!({"rows": [{"token": "~secret:t", "way": {"by": "a", "x": "3"}}]});
    let sent = import_config(&spec, &sent).unwrap();
    let done = merge(&spec, &[(&spec, &sent)], &shown, &shown, BTreeMap::new(), &rules).unwrap();
    assert_eq!(plain(&done.values), json!({"rows": [{"way": {"by": "a", "x": "3"}}]}));
    assert_eq!(done.state.secrets, shown.secrets);
}
