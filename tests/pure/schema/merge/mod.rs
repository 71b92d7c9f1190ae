//! Several people at one draft, with pages and programs of any age, against a plain model: what it says of every field is what is
//! stored, and what it calls a conflict is refused as a whole.

mod rules;
mod untouched;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use vestibule::base::forms::{FieldPath, FormState, RawForm};
use vestibule::schema::form::{
    Audience, DraftState, KnownValues, MergeConflict, MergeRules, Merged, Since, Steps, Strictness, Submission, Values,
    decode_since, import_config, merge, shown_path, value_at, view, with_references,
};
use vestibule::schema::spec::Spec;

use crate::schema::form::{recipient, without_ids};
use crate::schema::properties::as_posted;
use crate::support::Dice;
use crate::support::drafts::{Field, Group, Merge, Sender, Typist, Wishes, random, schema, told, told_of};

/// A state of the product and of the model.
#[derive(Clone, Default)]
struct Moment {
    state: DraftState,
    /// What somebody outside filled in.
    from_outside: BTreeSet<FieldPath>,
    model: Group,
}

/// What somebody sends, and what they mean by it.
struct Sent {
    submission: Submission,
    wishes: Wishes,
    is_from_outside: bool,
}

struct World {
    fields: Vec<Field>,
    spec: Spec,
    moments: Vec<Moment>,
    /// How many states there were.
    revision: i64,
    values: Values,
    dice: Dice,
    serial: u32,
    rows: u32,
}

fn reference(path: &FieldPath, since: i64) -> String {
    format!("~secret:{path}:{since}")
}

fn references(state: &DraftState) -> BTreeMap<String, FieldPath> {
    state.secrets.iter().map(|(path, since)| (reference(path, *since), path.clone())).collect()
}

impl Moment {
    fn known_to(&self, who: &Audience) -> KnownValues {
        let concealed = if *who == Audience::Owner { BTreeSet::new() } else { self.from_outside.clone() };
        KnownValues { concealed, ..self.state.known() }
    }
}

impl World {
    /// A draft that somebody has begun, maybe before rows had ids.
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let fields = random(&mut dice);
        let spec = crate::schema::form::spec(&schema(&fields));
        let (moments, values) = (vec![Moment::default()], Values::default());
        let mut world = Self { fields, spec, moments, revision: 0, values, dice, serial: 0, rows: 0 };
        for _ in 0..4 {
            let now = world.moments.last().unwrap().clone();
            let sent = world.program(&now);
            world.send(&sent, &now, &now);
        }
        let model = world.moments.last().unwrap().model.clone();
        if world.dice.coin() {
            let by_place = |(path, text): (&FieldPath, &_)| (shown_path(&world.values.plain, path), Clone::clone(text));
            world.values.secrets = world.values.secrets.iter().map(by_place).collect();
            let plain = without_ids(&Value::Object(std::mem::take(&mut world.values.plain)));
            world.values.plain = plain.as_object().unwrap().clone();
        }
        let state = DraftState::of(&KnownValues::of(&world.values));
        world.moments = vec![Moment { state, model, from_outside: BTreeSet::new() }];
        assert_eq!(world.read(), told(&world.moments[0].model));
        world
    }

    fn program(&mut self, shown: &Moment) -> Sent {
        let texts = shown.state.secrets.iter().map(|(path, since)| (path.clone(), reference(path, *since))).collect();
        let read = Value::Object(with_references(&self.spec, &shown.state, &texts));
        let mut sender = Sender { dice: &mut self.dice, serial: &mut self.serial };
        let (sent, wishes) = sender.change(&self.fields, &shown.model, &read);
        let submission = import_config(&self.spec, &Value::Object(sent)).unwrap();
        Sent { submission, wishes, is_from_outside: false }
    }

    fn page(&mut self, shown: &Moment, now: &Moment, who: &Audience) -> Sent {
        let (then, here) = (shown.known_to(who), now.known_to(who));
        let mut pairs = as_posted(view(&self.spec, &then, &FormState::empty(), who).html());
        let by_owner = *who == Audience::Owner;
        let mut typist = Typist { pairs: &mut pairs, by_owner, dice: &mut self.dice, serial: &mut self.serial };
        let wishes = typist.fill(&self.fields, &shown.model);
        let since = Since { shown: &then, now: &here };
        let decoded = decode_since(&self.spec, &RawForm::from_pairs(pairs), since, Strictness::Draft, who);
        assert_eq!(crate::schema::form::sentences(&decoded), Vec::<String>::new());
        Sent { submission: decoded.submission, wishes, is_from_outside: !by_owner }
    }

    fn step(&mut self) {
        let now = self.moments.last().unwrap().clone();
        let oldest = self.moments.len().min(4) as u64;
        let age = usize::try_from(self.dice.throw(oldest)).unwrap();
        let shown = self.moments[self.moments.len() - 1 - age].clone();
        let sent = match self.dice.throw(3) {
            0 => self.page(&shown, &now, &Audience::Owner),
            1 => self.page(&shown, &now, &recipient()),
            _ => self.program(&shown),
        };
        self.send(&sent, &shown, &now);
    }

    /// Holds what becomes of it against the model.
    fn send(&mut self, sent: &Sent, shown: &Moment, now: &Moment) {
        let mut due = Merge::new(&mut self.rows);
        let model = due.group(&self.fields, &sent.wishes, &shown.model, &now.model);
        let due = due.conflicts;
        let told_as = |found: Vec<MergeConflict>| -> BTreeSet<String> {
            found.into_iter().map(|conflict| conflict.error.label).collect()
        };
        let merged = self.merge(&[(&self.spec, &sent.submission)], shown, now);
        let case = format!("{:?}\nshown {:?}\nnow {:?}", sent.wishes, shown.model, now.model);
        match merged.map_err(told_as) {
            Ok(merged) => {
                assert_eq!(due, BTreeSet::new(), "a conflict was not seen: {case}");
                self.take(merged, model, sent.is_from_outside, now);
                assert_eq!(self.read(), told(&self.moments.last().unwrap().model), "{case}");
            }
            Err(found) => {
                assert!(!found.is_empty(), "nothing was taken, and nobody is told why: {case}");
                assert_eq!(found, due, "{case}");
            }
        }
    }

    fn merge(&self, steps: &Steps<'_>, base: &Moment, now: &Moment) -> Result<Merged, Vec<MergeConflict>> {
        let mut known = references(&base.state);
        known.extend(references(&now.state));
        let rules = MergeRules {
            revision: self.revision + 1,
            known_secrets: &BTreeSet::new(),
            references: &known,
            yields_but_for: None,
            knows_base: true,
        };
        merge(&self.spec, steps, &base.state, &now.state, self.values.secrets.clone(), &rules)
    }

    fn take(&mut self, merged: Merged, model: Group, is_from_outside: bool, now: &Moment) {
        let Merged { values, state, changed, .. } = merged;
        let mut from_outside: BTreeSet<_> = now.from_outside.difference(&changed).cloned().collect();
        if is_from_outside {
            from_outside.extend(changed);
        }
        from_outside.retain(|path| state.secrets.contains_key(path) || value_at(&state.plain, path).is_some());
        self.values = values;
        self.revision += 1;
        self.moments.push(Moment { state, from_outside, model });
    }

    /// What the product holds, in the words of the model.
    fn read(&self) -> Value {
        let text =
            |(path, text): (&FieldPath, &secrecy::SecretString)| (path.to_string(), text.expose_secret().to_owned());
        let mut secrets = self.values.secrets.iter().map(text).collect();
        let told = told_of(&self.fields, &Value::Object(self.values.plain.clone()), "", &mut secrets);
        assert_eq!(secrets, BTreeMap::new(), "secrets that belong nowhere");
        told
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_is_what_everybody_said(seed in any::<u64>(), steps in 1_usize..14) {
        let mut world = World::new(seed);
        for _ in 0..steps {
            world.step();
        }
    }
}
