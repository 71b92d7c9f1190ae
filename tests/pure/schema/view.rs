//! The form as HTML: whole, labelled, and silent about what it must not show.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{ElementRef, Html, Selector};
use serde_json::{Map, Value, json};
use vestibule::base::forms::FormState;
use vestibule::schema::form::{Audience, KnownValues, Strictness, decode, view};
use vestibule::schema::spec::Spec;

use super::form::{filled, page, paths, raw, recipient, spec};

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn one<'a>(html: &'a Html, selector: &str) -> ElementRef<'a> {
    let found = all(html, selector);
    assert_eq!(found.len(), 1, "{selector} in {}", html.html());
    found[0]
}

fn words(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    all(html, selector).into_iter().map(words).collect()
}

fn shown(spec: &Spec, known: &KnownValues) -> Html {
    Html::parse_fragment(&page(spec, known))
}

fn known(plain: &Value) -> KnownValues {
    KnownValues { plain: plain.as_object().cloned().unwrap(), ..KnownValues::default() }
}

/// What holds for every form whatever the spec.
fn assert_sound(name: &str, text: &str) {
    let html = Html::parse_fragment(text);
    assert!(html.errors.is_empty(), "{name}: {:?}", html.errors);
    let ids: Vec<&str> = all(&html, "[id]").iter().map(|element| element.attr("id").unwrap()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{name}: an id twice");
    for element in all(&html, "[aria-describedby]") {
        for id in element.attr("aria-describedby").unwrap().split(' ') {
            assert!(unique.contains(id), "{name}: {id} describes but is not there");
        }
    }
    let labelled: BTreeSet<&str> = all(&html, "label[for]").iter().map(|label| label.attr("for").unwrap()).collect();
    for control in all(&html, "input:not([type=hidden]), select, textarea") {
        let inside_label =
            control.ancestors().filter_map(ElementRef::wrap).any(|parent| parent.value().name() == "label");
        let named = inside_label
            || control.attr("aria-label").is_some()
            || control.attr("id").is_some_and(|id| labelled.contains(id));
        assert!(named, "{name}: no label for {}", control.html());
    }
    for group in all(&html, "fieldset") {
        let first = group.children().filter_map(ElementRef::wrap).next().unwrap();
        assert_eq!(first.value().name(), "legend", "{name}: a group without a legend first");
        assert!(!words(first).is_empty(), "{name}: an empty legend");
    }
    for field in all(&html, "input[type=password], .masked") {
        assert!(field.attr("value").is_none() && words(field).is_empty(), "{name}: a secret field with a value");
    }
    assert!(
        all(&html, "script, style, [style], [onclick], img, iframe").is_empty(),
        "{name}: what the page's policy forbids"
    );
}

#[test]
fn every_fixture_gives_a_sound_page() {
    for text in [
        include_str!("fixtures/structure.json"),
        include_str!("fixtures/values.json"),
        include_str!("fixtures/nasty.json"),
    ] {
        let fixtures: Map<String, Value> = serde_json::from_str(text).unwrap();
        for (name, fixture) in &fixtures {
            let spec = spec(&fixture["schema"]);
            assert_sound(name, &page(&spec, &KnownValues::default()));
            assert_sound(name, view(&spec, &KnownValues::default(), &FormState::empty(), &recipient()).html());
            let blank = decode(&spec, &raw(&[]), &KnownValues::default(), Strictness::Final, &recipient());
            let again = view(&spec, &KnownValues::default(), &blank.state, &recipient());
            assert_sound(name, again.html());
            assert_eq!(again.error_summary_items().len(), blank.errors.len(), "{name}");
            for item in again.error_summary_items() {
                assert!(
                    again.html().contains(&format!("id=\"{}\"", &item.href[1..])),
                    "{name}: {} leads nowhere",
                    item.href
                );
                assert!(
                    again.html().contains(&format!("</span>{}</p>", item.text)),
                    "{name}: {:?} is not at its field",
                    item.text
                );
            }
        }
    }
}

#[test]
fn required_comes_first_and_optional_folds_until_it_is_filled() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/values.json")).unwrap();
    let spec = spec(&fixtures["order_and_groups"]["schema"]);
    let html = shown(&spec, &KnownValues::default());
    assert_eq!(texts(&html, "h2"), ["Connection"]);
    assert_eq!(
        texts(&html, "label"),
        ["D (optional)", "E (optional)", "F (optional)", "B (optional)", "C", "A (optional)"]
    );
    assert_eq!(texts(&html, "summary"), ["More settings (1) for Connection"]);
    assert!(one(&html, "details").attr("open").is_none());
    assert!(one(&shown(&spec, &known(&json!({"a": "x"}))), "details").attr("open").is_some());
}

#[test]
fn controls_follow_the_kind() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/values.json")).unwrap();
    let dates = shown(
        &spec(&fixtures["dates"]["schema"]),
        &known(&json!({"start": "2026-03-14T09:30:00Z", "millis": "2026-03-14T09:30:00.123Z"})),
    );
    let kinds: BTreeMap<&str, &str> =
        all(&dates, "input").iter().map(|input| (input.attr("name").unwrap(), input.attr("type").unwrap())).collect();
    assert_eq!(
        (kinds["/start"], kinds["/micros"], kinds["/day"], kinds["/bare_day"], kinds["/end"]),
        ("datetime-local", "datetime-local", "date", "date", "datetime-local")
    );
    assert_eq!((kinds["/american"], kinds["/month"], kinds["/spaced"]), ("text", "text", "text"));
    assert_eq!(one(&dates, "[name='/start']").attr("value"), Some("2026-03-14T09:30:00"));
    assert_eq!(
        one(&dates, "[name='/millis']").attr("type"),
        Some("text"),
        "a value the control cannot show stays readable"
    );
    assert!(texts(&dates, "label").contains(&"Start (UTC)".to_owned()));
    let options = shown(&spec(&fixtures["options"]["schema"]), &KnownValues::default());
    assert_eq!(all(&options, "input[name='/days']").len(), 3);
    assert_eq!(all(&options, "select[name='/large'] option").len(), 22);
    assert!(one(&options, "input[name='/region'][value='0']").attr("checked").is_some());
    assert!(texts(&options, "label").contains(&"(not set)".to_owned()));
    let states = shown(&spec(&fixtures["three_states"]["schema"]), &KnownValues::default());
    assert_eq!((all(&states, "input[name='/must']").len(), all(&states, "input[name='/may']").len()), (2, 3));
    assert!(
        one(&states, "input[name='/on']").attr("checked").is_some()
            && one(&states, "input[name='/off']").attr("checked").is_none()
    );
    let secrets = shown(&spec(&fixtures["secrets"]["schema"]), &KnownValues::default());
    assert_eq!(all(&secrets, "textarea.masked").len(), 2, "by the flag, and by the name of a key file");
    assert_eq!(all(&secrets, "input[type=password][autocomplete=new-password]").len(), 3);
}

#[test]
fn descriptions_become_a_hint_and_safe_help() {
    let description = "The host, e.g. db1. Use <b>TLS</b> <script>alert(1)</script> on <DATABASE_NAME>. See <a href=\"https://docs.example.com/x?a=1&b=2\" onclick=\"x\">the guide</a>, [more](https://m.example.com) or <a href='javascript:alert(1)'>this</a>.";
    let text = page(
        &spec(
            &json!({"type": "object", "required": ["host"], "properties": {"host": {"type": "string", "description": description}}}),
        ),
        &KnownValues::default(),
    );
    assert_sound("description", &text);
    let html = Html::parse_fragment(&text);
    assert_eq!(texts(&html, ".hint"), ["The host, e.g. db1."]);
    assert_eq!(
        words(one(&html, "details > div")),
        "Use TLS <script>alert(1)</script> on <DATABASE_NAME>. See the guide, more or this."
    );
    let links: Vec<String> = all(&html, "a").iter().map(|link| link.attr("href").unwrap().to_owned()).collect();
    assert_eq!(links, ["https://docs.example.com/x?a=1&b=2", "https://m.example.com/"]);
    assert_eq!(texts(&html, "a")[0], "the guide (opens docs.example.com in a new tab)");
}

#[test]
fn names_from_specs_and_people_are_text() {
    let evil = "\"><img src=x onerror=alert(1)>";
    let spec = spec(
        &json!({"type": "object", "properties": {evil: {"type": "string", "title": evil, "description": evil, "examples": [evil]}, "o": {"type": "object", "title": evil, "oneOf": [{"title": evil, "properties": {"a": {"const": evil}}}, {"title": "b", "properties": {"a": {"const": "b"}, "x": {"enum": [evil, "y"], "title": evil}}}]}}}),
    );
    let name = format!("/{}", evil.replace('~', "~0").replace('/', "~1"));
    let decoded =
        decode(&spec, &raw(&[(name.as_str(), evil)]), &KnownValues::default(), Strictness::Draft, &Audience::Owner);
    assert_sound(
        "evil names",
        view(
            &spec,
            &KnownValues::default(),
            &decoded.state,
            &Audience::Recipient { workspace: evil.to_owned(), asks: None },
        )
        .html(),
    );
}

#[test]
fn a_refused_form_keeps_what_was_typed_except_secrets() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/structure.json")).unwrap();
    let spec = spec(
        &json!({"type": "object", "required": ["host"], "properties": {"host": {"type": "string"}, "port": {"type": "integer"}, "on": {"type": "boolean", "default": true}, "picks": {"type": "array", "items": {"enum": ["a", "b"]}, "default": ["a"]}, "auth": fixtures["choice_by_constant"]["schema"]["properties"]["auth"]}}),
    );
    let typed = [
        ("/port", "54x"),
        ("/on/~set", "1"),
        ("/picks/~set", "1"),
        ("/picks", "1"),
        ("/auth", "0"),
        ("/auth/~o0/token", "t0k3n"),
        ("/auth/~o1/user", "ana"),
        ("/auth/~o1/password", "p4ss"),
    ];
    let decoded = decode(&spec, &raw(&typed), &KnownValues::default(), Strictness::Final, &recipient());
    let names = decoded.typed_secrets.keys().cloned().collect();
    let again =
        view(&spec, &KnownValues::default(), &decoded.state.with_held(names, "14:52 UTC".to_owned()), &recipient());
    assert!(!again.html().contains("t0k3n") && !again.html().contains("p4ss"));
    let html = Html::parse_fragment(again.html());
    assert_eq!(one(&html, "[name='/port']").attr("value"), Some("54x"));
    assert_eq!(one(&html, "[name='/port']").attr("aria-invalid"), Some("true"));
    assert!(one(&html, "[name='/on']").attr("checked").is_none());
    assert!(
        one(&html, "[name='/picks'][value='0']").attr("checked").is_none()
            && one(&html, "[name='/picks'][value='1']").attr("checked").is_some()
    );
    assert_eq!(
        one(&html, "[name='/auth/~o1/user']").attr("value"),
        Some("ana"),
        "also what was typed into another branch"
    );
    assert_eq!(texts(&html, ".badge"), ["Received just now"]);
    assert!(again.html().contains("We keep what you typed until 14:52 UTC, so you do not have to type it again."));
    let owners = decoded.typed_secrets.keys().cloned().collect();
    let theirs = view(
        &spec,
        &KnownValues::default(),
        &FormState::empty().with_held(owners, "soon".to_owned()),
        &Audience::Owner,
    );
    assert!(
        theirs.html().contains("Received just now") && !theirs.html().contains("~clear"),
        "nothing is stored that could be removed"
    );
    let summary: Vec<&str> = again.error_summary_items().iter().map(|item| item.text.as_str()).collect();
    assert_eq!(summary, ["Enter host", "Port must be a whole number, like 5432"]);
}

#[test]
fn what_is_set_or_concealed_is_said_and_not_shown() {
    let spec = spec(
        &json!({"type": "object", "properties": {"token": {"type": "string", "title": "API token", "airbyte_secret": true}, "host": {"type": "string", "title": "Host"}, "level": {"enum": ["low", "high"]}, "on": {"type": "boolean", "default": false}, "count": {"type": "integer"}}}),
    );
    let mut known = KnownValues::of(&filled(
        &spec,
        &[
            ("/token", "t0k3n"),
            ("/host", "hidden.example.com"),
            ("/level", "1"),
            ("/on/~set", "1"),
            ("/on", "true"),
            ("/count", "7"),
        ],
    ));
    known.concealed = paths(&["/host", "/level", "/on"]);
    let theirs = view(&spec, &known, &FormState::empty(), &recipient()).html().to_owned();
    assert_sound("concealed", &theirs);
    let html = Html::parse_fragment(&theirs);
    assert!(!theirs.contains("hidden.example.com") && !theirs.contains("t0k3n"));
    assert_eq!(texts(&html, ".badge"), ["Already provided"; 4]);
    assert!(all(&html, "[name='/level'][checked]:not([value='']), [name='/on'][checked]:not([value=''])").is_empty());
    assert_eq!(
        texts(&html, ".provided > details > summary"),
        ["Replace API token", "Replace host", "Replace level", "Replace on"]
    );
    assert!(!theirs.contains("~clear"), "a recipient removes nothing");
    assert_eq!(one(&html, "[name='/count']").attr("value"), Some("7"));
    assert!(page(&spec, &known).contains(r#"name="/token/~clear""#));
}

#[test]
fn choices_show_their_questions_beside_them() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/structure.json")).unwrap();
    let html = shown(&spec(&fixtures["branch_without_questions"]["schema"]), &KnownValues::default());
    assert_eq!(texts(&html, ".oneof > .choices > .choice"), ["No tunnel", "Key", "Not set"]);
    let panel = one(&html, ".oneof > .panel");
    assert_eq!((panel.attr("data-opt"), panel.attr("data-say")), (Some("1"), Some("One more question for Key")));
    let many = shown(&spec(&fixtures["fourteen_branches"]["schema"]), &KnownValues::default());
    assert_eq!(all(&many, ".oneof > .choices > select > option").len(), 15, "an empty first and fourteen");
    assert_eq!(
        (all(&many, ".oneof > .panel").len(), all(&many, ".oneof > .group").len()),
        (12, 2),
        "panels the style sheet cannot fold stay open"
    );
    let one_way = shown(&spec(&fixtures["choice_of_one"]["schema"]), &KnownValues::default());
    assert!(all(&one_way, "input").is_empty());
}

#[test]
fn rows_wait_inside_each_other() {
    let fixtures: Value = serde_json::from_str(include_str!("fixtures/structure.json")).unwrap();
    let spec = spec(&fixtures["rows_in_rows"]["schema"]);
    let html = shown(&spec, &known(&json!({"reports": [{"name": "first"}]})));
    let summaries = texts(&html, "summary");
    assert!(
        summaries.contains(&"Add another report".to_owned()) && summaries.contains(&"Add filter".to_owned()),
        "{summaries:?}"
    );
    assert_eq!(one(&html, "[name='/reports/~n']").attr("value"), Some("1"));
    assert_eq!(one(&html, "[name='/reports/0/~rm']").attr("type"), Some("checkbox"));
    assert!(
        all(&html, "details details details [name^='/reports/3/']").len() > 1,
        "each further row lies in the one before"
    );
    let typed = decode(
        &spec,
        &raw(&[("/reports/~n", "0"), ("/reports/2/name", "third"), ("/reports/2/filters/0/field", "")]),
        &KnownValues::default(),
        Strictness::Final,
        &recipient(),
    );
    let again = Html::parse_fragment(view(&spec, &KnownValues::default(), &typed.state, &recipient()).html());
    let open: Vec<bool> = all(&again, "fieldset[data-path='/reports'] details")
        .iter()
        .filter(|details| words(**details).starts_with("Add ") && details.html().contains("/reports/"))
        .map(|details| details.attr("open").is_some())
        .collect();
    assert_eq!(open.iter().filter(|open| **open).count(), 3, "down to the row that was typed: {open:?}");
}

#[test]
fn a_recipient_is_not_asked_for_json() {
    let spec = spec(
        &json!({"type": "object", "required": ["map"], "properties": {"map": {"type": "object", "title": "Map"}}}),
    );
    let theirs = view(&spec, &KnownValues::default(), &FormState::empty(), &recipient());
    assert!(theirs.html().contains("Acme Analytics</bdi> fills this in") && !theirs.html().contains("name=\"/map\""));
    assert!(decode(&spec, &raw(&[]), &KnownValues::default(), Strictness::Final, &recipient()).errors.is_empty());
    assert!(page(&spec, &KnownValues::default()).contains("name=\"/map\""));
}

#[test]
fn a_form_that_asks_nothing_says_so() {
    let none = spec(&json!({"type": "object", "properties": {"kind": {"const": 1}}}));
    assert!(view(&none, &KnownValues::default(), &FormState::empty(), &recipient()).is_empty_form());
    let some = spec(
        &json!({"type": "object", "required": ["a", "b", "c"], "properties": {"a": {"type": "string"}, "b": {"type": "string", "airbyte_secret": true}, "c": {"type": "integer", "default": 1}, "d": {"type": "string"}}}),
    );
    let counts = view(
        &some,
        &KnownValues { secret_paths: paths(&["/b"]), ..KnownValues::default() },
        &FormState::empty(),
        &recipient(),
    )
    .counts();
    assert_eq!((counts.fields, counts.required, counts.answered), (4, 2, 1));
}
