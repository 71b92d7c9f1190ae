//! Rules of merging that the model does not know: who may be asked and who may not, and what was shown when nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use vestibule::base::forms::{FieldPath, Meanwhile, ValueProblem};
use vestibule::schema::form::{
    Audience, DraftState, KnownValues, MergeRules, Merged, Steps, Strictness, Submission, Values, complete, decode,
    import_config, merge, missing_required, shown_path, value_at, with_references,
};
use vestibule::schema::spec::Spec;

use crate::schema::form::{filled, path, paths, plain, provided, put, raw, recipient, spec, without_ids};

fn ledger() -> Spec {
    let secret = |title: &str| json!({"type": "string", "title": title, "airbyte_secret": true});
    spec(&json!({"type": "object", "required": ["note"], "properties": {
        "note": {"type": "string", "title": "Note"}, "key": secret("Key"), "fast": {"type": "boolean", "title": "Fast", "default": true},
        "way": {"type": "object", "title": "Way", "oneOf": [
            {"title": "Token", "properties": {"by": {"const": "token"}, "token": secret("Token")}},
            {"title": "Login", "properties": {"by": {"const": "login"}, "user": {"type": "string", "title": "User"}, "token": secret("Pass")}}]},
        "rows": {"type": "array", "title": "Rows", "default": [{"name": "main"}], "items": {"type": "object", "title": "Row", "properties": {
            "name": {"type": "string", "title": "Name"}, "token": secret("Row token")}}}}}))
}

/// A draft of these values; each secret was set by that revision.
fn draft(config: &Value, since: i64) -> (DraftState, Values) {
    let mut values = Values::default();
    import_config(&ledger(), config).unwrap().merge_into(&ledger(), &mut values);
    let secrets = values.secrets.keys().map(|path| (path.clone(), since)).collect();
    (DraftState { plain: values.plain.clone(), secrets }, values)
}

fn program(config: &Value) -> Submission {
    import_config(&ledger(), config).unwrap()
}

static NOTHING: BTreeSet<FieldPath> = BTreeSet::new();

fn rules(references: &BTreeMap<String, FieldPath>) -> MergeRules<'_> {
    MergeRules { revision: 9, known_secrets: &NOTHING, references, yields_but_for: None, knows_base: true }
}

/// The configuration it comes to, or the labels of what is in conflict.
fn merged(
    steps: &Steps<'_>,
    base: &DraftState,
    now: &(DraftState, Values),
    rules: &MergeRules<'_>,
) -> Result<Merged, Vec<(String, ValueProblem)>> {
    let told = |conflict: vestibule::schema::form::MergeConflict| (conflict.error.label, conflict.error.code);
    merge(&ledger(), steps, base, &now.0, now.1.secrets.clone(), rules)
        .map_err(|conflicts| conflicts.into_iter().map(told).collect())
}

fn secret(merged: &Merged, at: &str) -> Option<String> {
    merged.values.secrets.get(&path(at)).map(|text| text.expose_secret().to_owned())
}

const ANSWERED: ValueProblem = ValueProblem::Meanwhile(Meanwhile::Answered);

#[test]
fn a_form_is_filled_in_on_top_of_what_a_sign_in_hands_over() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let shown = draft(&json!({"way": {"by": "login", "user": "u", "token": "p"}}), 1);
    let sign_in = program(&json!({"way": {"by": "token", "token": "granted"}, "note": "of the sign-in"}));
    let form = program(&json!({"note": "mine", "way": {"by": "token", "token": "typed"}}));
    let both = [(&spec, &sign_in), (&spec, &form)];
    let done = merged(&both, &shown.0, &shown, &rules(&none)).unwrap();
    assert_eq!(plain(&done.values), json!({"way": {"by": "token"}, "note": "mine"}));
    assert_eq!(secret(&done, "/way/token").as_deref(), Some("typed"));
    assert_eq!(done.state.secrets, BTreeMap::from([(path("/way/token"), 9)]));
    assert_eq!(done.given, paths(&["/way/token"]));
    // What others changed is in the way of either.
    let now = draft(&json!({"way": {"by": "login", "user": "other", "token": "p"}}), 1);
    let conflicts = merged(&both, &shown.0, &now, &rules(&none)).unwrap_err();
    assert_eq!(conflicts, [("Way".to_owned(), ANSWERED)]);
}

#[test]
fn a_row_of_the_first_of_two_changes_is_known_to_the_second() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let shown = draft(&json!({}), 1);
    let first = program(&json!({"rows": [{"name": "A", "token": "a"}]}));
    let second = program(&json!({"rows": [{"name": "A"}, {"name": "B", "token": "b"}]}));
    let done = merged(&[(&spec, &first), (&spec, &second)], &shown.0, &shown, &rules(&none)).unwrap();
    assert_eq!(plain(&done.values), json!({"rows": [{"name": "A"}, {"name": "B"}]}));
    assert_eq!(
        (secret(&done, "/rows/r9-0/token").as_deref(), secret(&done, "/rows/r9-1/token").as_deref()),
        (Some("a"), Some("b"))
    );
}

#[test]
fn who_cannot_be_asked_yields_except_where_nobody_else_was() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let shown = draft(&json!({"note": "old", "key": "k1", "way": {"by": "login", "user": "u"}}), 1);
    let now = draft(&json!({"note": "by hand", "key": "k2", "way": {"by": "token", "token": "t"}}), 2);
    let renewed = program(&json!({"note": "renewed", "key": "k3", "way": {"by": "login", "user": "v"}, "fast": false}));
    let own = paths(&["/key"]);
    let yields = MergeRules { yields_but_for: Some(&own), ..rules(&none) };
    let done = merged(&[(&spec, &renewed)], &shown.0, &now, &yields).unwrap();
    assert_eq!(plain(&done.values), json!({"note": "by hand", "way": {"by": "token"}, "fast": false}));
    assert_eq!((secret(&done, "/key").as_deref(), secret(&done, "/way/token").as_deref()), (Some("k3"), Some("t")));
    assert_eq!(done.changed, paths(&["/key", "/fast"]));
    let own = paths(&["/note"]);
    let yields = MergeRules { yields_but_for: Some(&own), ..rules(&none) };
    let done = merged(&[(&spec, &renewed)], &shown.0, &now, &yields).unwrap();
    assert_eq!((done.values.plain["note"].as_str(), secret(&done, "/key").as_deref()), (Some("renewed"), Some("k2")));
}

#[test]
fn who_saw_nobody_knows_what_adds_and_neither_replaces_nor_removes() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let lost = MergeRules { knows_base: false, ..rules(&none) };
    let now = draft(&json!({"note": "old", "key": "k", "way": {"by": "token", "token": "t"}}), 1);
    let change = |config: Value| merged(&[(&spec, &program(&config))], &DraftState::default(), &now, &lost);
    for config in [
        json!({"note": "new"}),
        json!({"note": null}),
        json!({"key": null}),
        json!({"key": "new"}),
        json!({"way": null}),
        json!({"way": {"by": "login"}}),
    ] {
        let conflicts = change(config.clone()).unwrap_err();
        assert_eq!((conflicts.len(), &conflicts[0].1), (1, &ANSWERED), "{config}");
    }
    assert_eq!(change(json!({"note": "old", "fast": false})).unwrap().values.plain["fast"], false);
    // Who knows that nothing was shown takes nothing away that came since.
    let done =
        merged(&[(&spec, &program(&json!({"note": null, "key": null})))], &DraftState::default(), &now, &rules(&none));
    assert_eq!(
        (done.as_ref().unwrap().values.plain["note"].as_str(), secret(done.as_ref().unwrap(), "/key").as_deref()),
        (Some("old"), Some("k"))
    );
}

#[test]
fn a_secret_that_is_sent_twice_is_no_conflict_for_whoever_knows_it() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let (shown, now) = (draft(&json!({}), 0), draft(&json!({"key": "k"}), 2));
    let known = paths(&["/key"]);
    let knows = MergeRules { known_secrets: &known, ..rules(&none) };
    let again = program(&json!({"key": "k"}));
    let done = merged(&[(&spec, &again)], &shown.0, &now, &knows).unwrap();
    assert_eq!(
        (done.state.secrets[&path("/key")], done.changed, done.given),
        (2, NOTHING.clone(), NOTHING.clone()),
        "it is not set anew"
    );
    let conflict = [("Key".to_owned(), ANSWERED)];
    assert_eq!(
        merged(&[(&spec, &again)], &shown.0, &now, &rules(&none)).unwrap_err(),
        conflict,
        "others would try secrets out"
    );
    let other = program(&json!({"key": "l"}));
    assert_eq!(merged(&[(&spec, &other)], &shown.0, &now, &knows).unwrap_err(), conflict);
}

#[test]
fn a_list_that_is_emptied_stays_empty_although_it_has_a_default() {
    let spec = ledger();
    let mut values = filled(&spec, &[("/note", "n"), ("/rows/0/name", "A")]);
    put(&spec, &mut values, &[("/rows/~n", "1"), ("/rows/0/~rm", "1")], &Audience::Owner);
    assert_eq!(complete(&spec, &values).config.unwrap().expose()["rows"], json!([]));
    assert_eq!(
        complete(&spec, &filled(&spec, &[("/note", "n")])).config.unwrap().expose()["rows"],
        json!([{"name": "main"}])
    );
    // A program says so without a row to take away.
    let mut values = filled(&spec, &[("/note", "n")]);
    program(&json!({"rows": []})).merge_into(&spec, &mut values);
    assert_eq!(complete(&spec, &values).config.unwrap().expose()["rows"], json!([]));
}

#[test]
fn a_list_that_was_emptied_and_sent_back_stays_what_others_made_of_it() {
    let (spec, none) = (ledger(), BTreeMap::new());
    let (shown, now) = (draft(&json!({"rows": []}), 0), draft(&json!({}), 0));
    let done = merged(&[(&spec, &program(&json!({"rows": []})))], &shown.0, &now, &rules(&none)).unwrap();
    assert_eq!(plain(&done.values), json!({}));
}

#[test]
fn stored_paths_lead_to_their_rows_wherever_these_stand() {
    let plain = json!({"rows": [{"~id": "r2-0", "name": "B", "in": {"x": 1}}, {"name": "A"}, null]});
    let plain = plain.as_object().unwrap();
    let at = |text: &str| value_at(plain, &path(text)).cloned();
    assert_eq!((at("/rows/r2-0/name"), at("/rows/1/name")), (Some(json!("B")), Some(json!("A"))));
    assert_eq!(
        (at("/rows/r2-0/in/x"), at("/rows/0"), at("/rows/2"), at("/none/x")),
        (Some(json!(1)), None, None, None)
    );
    let shown = |text: &str| shown_path(plain, &path(text)).to_string();
    assert_eq!(
        (shown("/rows/r2-0/in/x"), shown("/rows/1/name")),
        ("/rows/0/in/x".to_owned(), "/rows/1/name".to_owned())
    );
    assert_eq!((shown("/rows/r7-0/name"), shown("/none")), ("/rows/r7-0/name".to_owned(), "/none".to_owned()));
}

#[test]
fn ids_of_rows_are_never_used_again() {
    let spec = ledger();
    let mut values = Values::default();
    for name in ["A", "B"] {
        program(&json!({"rows": [{"name": name, "token": name}]})).merge_into(&spec, &mut values);
    }
    let ids: Vec<&str> =
        values.plain["rows"].as_array().unwrap().iter().map(|row| row["~id"].as_str().unwrap()).collect();
    assert_eq!((ids, values.secrets.len()), (vec!["r1-0"], 1), "A went, and its token");
    let nested = json!({"deep": [{"~id": "r4-0", "x": [{"~id": "r7-1"}]}, {"~id": "5"}]});
    let mut values = Values { plain: nested.as_object().unwrap().clone(), ..Values::default() };
    program(&json!({"rows": [{"name": "A"}]})).merge_into(&spec, &mut values);
    assert_eq!(values.plain["rows"][0]["~id"], "r8-0");
}

#[test]
fn a_text_can_be_taken_out_of_a_submission() {
    let mut sent = program(&json!({"note": "n", "key": "k", "way": {"by": "token", "token": "t"}}));
    let mut take = |at: &str| sent.take(&path(at)).map(|text| text.expose_secret().to_owned());
    assert_eq!(
        (take("/way/token"), take("/note"), take("/way/token")),
        (Some("t".to_owned()), Some("n".to_owned()), None)
    );
    assert_eq!((take("/fast"), take("/way"), take("/rows")), (None, None, None));
    let left: Vec<String> = sent.provided().iter().map(|field| field.path.to_string()).collect();
    assert_eq!(left, ["/way", "/key"]);
    let mut values = Values::default();
    sent.merge_into(&ledger(), &mut values);
    assert_eq!((plain(&values), values.secrets.len()), (json!({"way": {"by": "token"}}), 1));
    let debug = format!("{sent:?}");
    assert!(debug.contains("Submission") && debug.contains("/key") && !debug.contains("\"k\""), "{debug}");
}

#[test]
fn what_says_nothing_is_empty() {
    let refers = |config: Value| (program(&config).is_empty(), program(&config).refers());
    assert_eq!(refers(json!({"key": "~secret:x"})), (true, true));
    assert_eq!(refers(json!({"way": {"by": "token", "token": "~secret:x"}})), (false, true));
    assert_eq!(refers(json!({"rows": [{"name": "A"}, {"token": "~secret:x"}]})), (false, true));
    assert_eq!((refers(json!({"note": "n"})), refers(json!({"note": null}))), ((false, false), (false, false)));
    assert_eq!(refers(json!({})), (true, false));
    let known = KnownValues::default();
    let page =
        decode(&ledger(), &raw(&[("/fast", "true"), ("/fast/~set", "1")]), &known, Strictness::Draft, &recipient());
    assert_eq!((page.submission.is_empty(), provided(&page).len()), (true, 0));
}

#[test]
fn what_is_known_afterwards_is_what_was_known_with_the_change_on_top() {
    let spec = ledger();
    let known = KnownValues {
        plain: json!({"rows": [{"name": "A"}, {"name": "B"}]}).as_object().cloned().unwrap(),
        secret_paths: paths(&["/rows/0/token", "/rows/1/token"]),
        concealed: paths(&["/rows"]),
    };
    let form = [("/rows/~n", "2"), ("/rows/0/~rm", "1"), ("/rows/2/name", "C"), ("/rows/2/token", "c"), ("/key", "k")];
    let sent = decode(&spec, &raw(&form), &known, Strictness::Draft, &Audience::Owner).submission;
    let after = sent.known_after(&spec, &known);
    let plain = without_ids(&Value::Object(after.plain));
    assert_eq!(plain, json!({"rows": [null, {"name": "B"}, {"name": "C"}]}), "rows keep the numbers of their fields");
    assert_eq!((after.secret_paths.len(), after.concealed), (3, paths(&["/rows"])));
    assert!(after.secret_paths.contains(&path("/key")) && after.secret_paths.contains(&path("/rows/1/token")));
    assert_eq!(sent.left_empty(&spec, &known)[0].path, path("/note"));
    assert_eq!(missing_required(&spec, &known).len(), 1);
}

#[test]
fn a_program_reads_references_in_the_places_of_secrets_and_all_that_stands_beside() {
    let spec = ledger();
    let stored = json!({"note": "n", "strange": {"x": 1}, "way": {"by": "nobody", "~branch": 7}, "rows": [{"~id": "r1-0", "name": "A"}, {}]});
    let state = DraftState {
        plain: stored.as_object().cloned().unwrap(),
        secrets: [(path("/key"), 1), (path("/rows/r1-0/token"), 2)].into(),
    };
    let texts = [(path("/key"), "one".to_owned()), (path("/rows/r1-0/token"), "two".to_owned())].into();
    let read = Value::Object(with_references(&spec, &state, &texts));
    let due = json!({"note": "n", "strange": {"x": 1}, "way": {"by": "nobody"}, "rows": [{"name": "A", "token": "two"}, {}], "key": "one"});
    assert_eq!(read, due);
    let chosen = DraftState {
        plain: json!({"way": {"by": "token"}}).as_object().cloned().unwrap(),
        secrets: [(path("/way/token"), 1)].into(),
    };
    let read = with_references(&spec, &chosen, &[(path("/way/token"), "t".to_owned())].into());
    assert_eq!(Value::Object(read), json!({"way": {"by": "token", "token": "t"}}));
    assert_eq!(Value::Object(with_references(&spec, &DraftState::default(), &BTreeMap::new())), json!({}));
    let group = json!({"type": "object", "properties": {"token": {"type": "string", "airbyte_secret": true}}});
    let spec = self::spec(&json!({"type": "object", "properties": {"full": group, "empty": group, "none": group}}));
    let plain = json!({"empty": {}}).as_object().cloned().unwrap();
    let state = DraftState { plain, secrets: [(path("/full/token"), 1)].into() };
    let read = with_references(&spec, &state, &[(path("/full/token"), "t".to_owned())].into());
    assert_eq!(Value::Object(read), json!({"empty": {}, "full": {"token": "t"}}));
}

#[test]
fn a_reference_is_taken_only_where_its_secret_stands_and_was_shown() {
    let (spec, now) = (
        ledger(),
        draft(&json!({"key": "k", "way": {"by": "token", "token": "t"}, "rows": [{"name": "A", "token": "a"}]}), 1),
    );
    let row = now.1.plain["rows"][0]["~id"].as_str().unwrap().to_owned();
    let known: BTreeMap<String, _> = [
        ("~secret:key", "/key".to_owned()),
        ("~secret:way", "/way/token".to_owned()),
        ("~secret:row", format!("/rows/{row}/token")),
    ]
    .map(|(text, at)| (text.to_owned(), path(&at)))
    .into();
    let change = |config: Value| merged(&[(&spec, &program(&config))], &now.0, &now, &rules(&known));
    let all = json!({"key": "~secret:key", "way": {"by": "token", "token": "~secret:way"}, "rows": [{"name": "B", "token": "~secret:row"}]});
    let done = change(all).unwrap();
    assert_eq!((done.state.secrets.len(), done.given.len(), done.changed.len()), (3, 0, 1), "only the name is another");
    assert_eq!(done.state.secrets[&path(&format!("/rows/{row}/token"))], 1);
    for (config, label) in [
        (json!({"key": "~secret:way"}), "Key"),
        (json!({"key": "~secret:unknown"}), "Key"),
        // Another branch's secret has the same name.
        (json!({"way": {"by": "login", "token": "~secret:way"}}), "Pass"),
        (json!({"rows": [{"name": "N", "token": "~secret:key"}]}), "Row token"),
    ] {
        let refused = change(config.clone()).unwrap_err();
        assert_eq!(refused, [(label.to_owned(), ValueProblem::UnknownReference)], "{config}");
    }
}

#[test]
fn rows_from_before_they_had_ids_get_theirs_wherever_they_stand() {
    let list = |inner: Value| json!({"type": "array", "title": "Rows", "items": {"type": "object", "properties": {"name": {"type": "string"}, "token": {"type": "string", "airbyte_secret": true}, "inner": inner}}});
    let rows = list(list(json!({"type": "string"})));
    let spec = spec(&json!({"type": "object", "properties": {
        "group": {"type": "object", "properties": {"rows": rows}},
        "way": {"type": "object", "oneOf": [{"properties": {"by": {"const": "a"}}}, {"properties": {"by": {"const": "b"}, "rows": rows}}]}}}));
    let stored = json!([{"name": "A"}, {"name": "B", "inner": [{"name": "C"}, {"name": "D"}]}]);
    let plain = json!({"group": {"rows": stored}, "way": {"by": "b", "rows": stored}});
    let mut values = Values { plain: plain.as_object().cloned().unwrap(), ..Values::default() };
    for (place, text) in ["/group", "/way"].into_iter().flat_map(|at| {
        [
            (format!("{at}/rows/0/token"), "a"),
            (format!("{at}/rows/1/token"), "b"),
            (format!("{at}/rows/1/inner/1/token"), "d"),
        ]
    }) {
        values.secrets.insert(path(&place), text.into());
    }
    let form = ["/group/rows", "/way/~o1/rows"].map(|at| {
        [
            (format!("{at}/~n"), "2"),
            (format!("{at}/0/~rm"), "1"),
            (format!("{at}/1/inner/~n"), "2"),
            (format!("{at}/1/inner/0/~rm"), "1"),
        ]
    });
    let form: Vec<(&str, &str)> = form.iter().flatten().map(|(name, value)| (name.as_str(), *value)).collect();
    put(&spec, &mut values, &form, &Audience::Owner);
    let left = json!([{"name": "B", "inner": [{"name": "D"}]}]);
    assert_eq!(crate::schema::form::plain(&values), json!({"group": {"rows": left}, "way": {"by": "b", "rows": left}}));
    let due = ["/group", "/way"].into_iter().flat_map(|at| {
        [(format!("{at}/rows/0/inner/0/token"), "d".to_owned()), (format!("{at}/rows/0/token"), "b".to_owned())]
    });
    assert_eq!(crate::schema::form::secrets(&values), due.collect::<Vec<_>>());
}

#[test]
fn free_json_is_missed_by_members_alone() {
    let spec = spec(
        &json!({"type": "object", "required": ["extra"], "properties": {"extra": {"type": "object", "title": "Extra", "minProperties": 1}}}),
    );
    let left = |who: Audience| {
        let known = KnownValues::default();
        decode(&spec, &raw(&[]), &known, Strictness::Draft, &who).submission.left_empty(&spec, &known).len()
    };
    assert_eq!((left(Audience::Owner), left(recipient())), (1, 0));
}
