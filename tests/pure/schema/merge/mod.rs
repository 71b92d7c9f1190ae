//! Several people at one draft, with pages and programs of any age, against a plain model: what it says of every field is what is
//! stored, and what it calls a conflict is refused as a whole.

mod model;
mod page;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use vestibule::base::forms::{FieldPath, FormState, RawForm};
use vestibule::schema::form::{
    Audience, DraftState, KnownValues, MergeConflict, MergeRules, Merged, Since, Strictness, Submission, Values,
    decode_since, import_config, merge, view,
};
use vestibule::schema::spec::Spec;

use crate::schema::form::{path, recipient};
use crate::schema::properties::as_posted;
use model::{Model, Wish};
use page::{Edit, Shape, TypedPage};

const BRANCHES: usize = 3;

fn spec(shape: Shape) -> Spec {
    let secret = json!({"type": "string", "airbyte_secret": true});
    let text = json!({"type": "string"});
    let mut fields = Map::new();
    for number in 0..shape.plains {
        fields.insert(format!("p{number}"), text.clone());
    }
    for number in 0..shape.secrets {
        fields.insert(format!("s{number}"), secret.clone());
    }
    fields.insert("b".to_owned(), json!({"type": "boolean", "default": true}));
    if shape.choice {
        let branch = |index: usize| json!({"type": "object", "properties": {"kind": {"const": format!("k{index}")}, "p": text, "s": secret}});
        fields
            .insert("c".to_owned(), json!({"type": "object", "oneOf": (0..BRANCHES).map(branch).collect::<Vec<_>>()}));
    }
    for number in 0..shape.lists {
        let row = json!({"type": "object", "properties": {"name": text, "token": secret}});
        fields.insert(format!("l{number}"), json!({"type": "array", "items": row}));
    }
    crate::schema::form::spec(&json!({"type": "object", "properties": fields}))
}

#[derive(Clone, Debug)]
struct Deed {
    /// How many states ago the page was made.
    age: usize,
    by_owner: bool,
    edits: Vec<Edit>,
    /// A program that sends a whole list: which of its rows, rotated by so much, and one more at the front.
    list: Option<(usize, u8, usize, bool)>,
}

fn edits() -> impl Strategy<Value = Edit> {
    let n = || 0_usize..3;
    prop_oneof![
        3 => (n(), 0_u8..3).prop_map(|(at, value)| Edit::Plain(at, value)),
        1 => n().prop_map(Edit::Clear),
        2 => n().prop_map(Edit::Secret),
        1 => n().prop_map(Edit::ClearSecret),
        1 => any::<bool>().prop_map(Edit::Tick),
        2 => (0..BRANCHES).prop_map(Edit::Choose),
        3 => (any::<bool>(), 0_u8..3).prop_map(|(secret, value)| Edit::InBranch(secret, value)),
        3 => (n(), 0_u8..3).prop_map(|(list, value)| Edit::Add(list, value)),
        2 => (n(), n()).prop_map(|(list, row)| Edit::Remove(list, row)),
        3 => (n(), n(), 0_u8..3).prop_map(|(list, row, value)| Edit::Name(list, row, value)),
        3 => (n(), n()).prop_map(|(list, row)| Edit::Token(list, row)),
    ]
}

fn deeds() -> impl Strategy<Value = (Shape, Vec<Deed>)> {
    let shape = (1_usize..3, 0_usize..3, any::<bool>(), 0_usize..3)
        .prop_map(|(plains, secrets, choice, lists)| Shape { plains, secrets, choice, lists });
    let list = prop::option::weighted(0.25, (0_usize..2, any::<u8>(), 0_usize..3, any::<bool>()));
    let deed = (
        prop_oneof![2 => Just(0_usize), 3 => 0_usize..4],
        any::<bool>(),
        proptest::collection::vec(edits(), 1..5),
        list,
    )
        .prop_map(|(age, by_owner, edits, list)| Deed { age, by_owner, edits, list });
    (shape, proptest::collection::vec(deed, 1..12))
}

/// A state of the product and of the model.
#[derive(Clone, Default)]
struct Moment {
    state: DraftState,
    model: Model,
}

struct World {
    shape: Shape,
    spec: Spec,
    moments: Vec<Moment>,
    values: Values,
    serial: u32,
    rows: u32,
}

fn references(state: &DraftState) -> BTreeMap<String, FieldPath> {
    state.secrets.iter().map(|(path, since)| (format!("~secret:{path}:{since}"), path.clone())).collect()
}

impl World {
    /// A draft from before rows had ids: two rows in every list.
    fn new(shape: Shape) -> Self {
        let (mut moment, mut values, mut rows) = (Moment::default(), Values::default(), 0);
        for list in 0..shape.lists {
            let stored = json!([{"name": "v0"}, {"name": "v1"}]);
            values.plain.insert(format!("l{list}"), stored);
            for index in 0..2 {
                rows += 1;
                let (key, text) = (path(&format!("/l{list}/{index}/token")), format!("old-{list}-{index}"));
                values.secrets.insert(key, text.clone().into());
                moment.model.lists.entry(list).or_default().push(rows);
                moment.model.rows.insert(rows, [("name", format!("v{index}")), ("token", text)].into());
            }
        }
        moment.state = DraftState::of(&KnownValues::of(&values));
        Self { shape, spec: spec(shape), moments: vec![moment], values, serial: 0, rows }
    }

    fn secret(&mut self) -> String {
        self.serial += 1;
        format!("secret-{}", self.serial)
    }

    /// The names and values of a page with these edits on it, and what they mean.
    fn fill(&mut self, shown: &Moment, deed: &Deed) -> (Vec<(String, String)>, Wish) {
        let who = if deed.by_owner { Audience::Owner } else { recipient() };
        let page = view(&self.spec, &shown.state.known(), &FormState::empty(), &who);
        let mut page = TypedPage { pairs: as_posted(page.html()), wish: Wish::default(), by_owner: deed.by_owner };
        for edit in &deed.edits {
            let secret = self.secret();
            page.edit(self.shape, &shown.model, edit, secret);
        }
        (page.pairs, page.wish)
    }

    /// A whole list as a program sends it; `None` where its rows cannot all be told by their tokens.
    fn list(&mut self, shown: &Moment, deed: &Deed) -> Option<(Submission, Wish)> {
        let (list, kept, turn, adds) = deed.list?;
        let rows = shown.model.lists.get(&list)?;
        if rows.is_empty() || rows.iter().any(|row| !shown.model.rows[row].contains_key("token")) {
            return None;
        }
        let references = references(&shown.state);
        let stored = shown.state.plain.get(&format!("l{list}"))?.as_array()?.clone();
        let mut given: Vec<(u32, Value)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let id = stored[index].get("~id").and_then(Value::as_str).map_or(index.to_string(), str::to_owned);
            let key = path(&format!("/l{list}/{id}/token"));
            let (reference, _) = references.iter().find(|(_, path)| **path == key)?;
            given.push((*row, json!({"name": shown.model.rows[row]["name"], "token": reference})));
        }
        let gone = rows.iter().enumerate().filter(|(at, _)| kept >> (at % 8) & 1 == 0).map(|(_, row)| (list, *row));
        let mut wish = Wish { gone: gone.collect(), ..Wish::default() };
        given.retain(|(row, _)| !wish.gone.contains(&(list, *row)));
        let turn = turn.min(given.len());
        given.rotate_left(turn);
        let mut order: Vec<Result<u32, usize>> = given.iter().map(|(row, _)| Ok(*row)).collect();
        let mut sent: Vec<Value> = given.into_iter().map(|(_, row)| row).collect();
        if adds {
            // A row that looks like one that was there would be taken for it.
            let token = self.secret();
            let name = format!("name of {token}");
            sent.insert(0, json!({"name": name, "token": token}));
            wish.new.push((list, [("name", name), ("token", token)].into()));
            order.insert(0, Err(0));
        }
        wish.order = Some((list, order));
        Some((import_config(&self.spec, &json!({ (format!("l{list}")): sent })).unwrap(), wish))
    }

    fn step(&mut self, deed: &Deed) {
        let shown = self.moments[self.moments.len() - 1 - deed.age.min(self.moments.len() - 1)].clone();
        let now = self.moments.last().unwrap().clone();
        let (submission, wish) = match self.list(&shown, deed) {
            Some(list) => list,
            None => {
                let (pairs, wish) = self.fill(&shown, deed);
                let who = if deed.by_owner { Audience::Owner } else { recipient() };
                let (then, here) = (shown.state.known(), now.state.known());
                let since = Since { shown: &then, now: &here };
                let decoded = decode_since(&self.spec, &RawForm::from_pairs(pairs), since, Strictness::Draft, &who);
                assert_eq!(crate::schema::form::sentences(&decoded), Vec::<String>::new());
                (decoded.submission, wish)
            }
        };
        let due = now.model.after(&shown.model, &wish, &mut self.rows);
        let merged = self.merge(&shown.state, &now.state, &submission);
        match (merged, due) {
            (Ok(merged), Some(model)) => {
                self.values = merged.values;
                self.moments.push(Moment { state: merged.state, model });
                assert_eq!(self.read(), self.moments.last().unwrap().model.told(), "{deed:?}");
            }
            (Err(_), None) => {}
            (Ok(_), None) => panic!("a conflict was not seen: {deed:?}\nshown {:?}\nnow {:?}", shown.model, now.model),
            (Err(found), Some(_)) => {
                panic!("no conflict: {deed:?}\n{found:?}\nshown {:?}\nnow {:?}", shown.model, now.model)
            }
        }
    }

    fn merge(
        &self,
        base: &DraftState,
        now: &DraftState,
        submission: &Submission,
    ) -> Result<Merged, Vec<MergeConflict>> {
        let mut known = references(base);
        known.extend(references(now));
        let rules = MergeRules {
            revision: i64::try_from(self.moments.len()).unwrap(),
            known_secrets: &BTreeSet::new(),
            references: &known,
            yields_but_for: None,
            knows_base: true,
        };
        merge(&self.spec, &[(&self.spec, submission)], base, now, self.values.secrets.clone(), &rules)
    }

    /// What the product holds, in the words of the model.
    fn read(&self) -> Value {
        let mut told = Map::new();
        for (key, value) in &self.values.plain {
            match value {
                Value::String(text) => told.insert(key.clone(), json!(text)),
                Value::Bool(false) => told.insert("b".to_owned(), json!("false")),
                Value::Object(choice) => {
                    told.insert("c".to_owned(), json!(choice["kind"].as_str().unwrap()[1..].parse::<usize>().unwrap()));
                    choice.get("p").map(|text| told.insert("c/p".to_owned(), text.clone()));
                    None
                }
                _ => None,
            };
        }
        let mut lists = BTreeMap::new();
        for list in 0..self.shape.lists {
            let stored =
                self.values.plain.get(&format!("l{list}")).and_then(Value::as_array).cloned().unwrap_or_default();
            let row = |(index, row): (usize, &Value)| {
                let id = row.get("~id").and_then(Value::as_str).map_or(index.to_string(), str::to_owned);
                let token = self.values.secrets.get(&path(&format!("/l{list}/{id}/token")));
                json!([row.get("name"), token.map(|token| token.expose_secret().to_owned())])
            };
            lists.insert(format!("l{list}"), stored.iter().enumerate().map(row).collect::<Vec<_>>());
        }
        for (key, text) in self.values.secrets.iter().filter(|(key, _)| !key.as_str().starts_with("/l")) {
            told.insert(key.as_str()[1..].to_owned(), json!(text.expose_secret()));
        }
        assert_eq!(self.values.secrets.len(), self.moments.last().unwrap().state.secrets.len());
        lists.retain(|_, rows| !rows.is_empty());
        json!({"fields": told, "lists": lists})
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_is_what_everybody_said((shape, deeds) in deeds()) {
        let mut world = World::new(shape);
        for deed in &deeds {
            world.step(deed);
        }
    }
}
