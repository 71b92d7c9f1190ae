//! What was typed, to be shown again: every plain field of the spec, in every branch. Secrets, hidden fields and
//! unknown names are left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{EDGES, FormPlace, control, posted_rows};
use super::{Asks, Audience, KnownValues, Since, Spec};
use crate::base::forms::{RawForm, without_control};
use crate::schema::spec::{GroupShape, Node, NodeKind, RowsShape};

type TypedTexts = BTreeMap<String, Vec<String>>;

/// The texts by field name, as the page of now has it.
pub(super) fn echo(spec: &Spec, raw: &RawForm, since: Since<'_>, who: &Audience) -> TypedTexts {
    let mut walk = Walk { raw, by_owner: who.is_owner(), asks: who.asks(), typed: TypedTexts::new() };
    let (shown, now) = (Value::Object(since.shown.plain.clone()), Value::Object(since.now.plain.clone()));
    walk.node(spec.root(), &FormPlace::root(), EchoScope { shown: Some(&shown), now: Some(&now) });
    walk.typed
}

/// What was typed on a page that was left for a while, as the page of `now` has it: rows may have moved since.
#[must_use]
pub fn resumed(spec: &Spec, typed: &TypedTexts, now: &KnownValues, who: &Audience) -> TypedTexts {
    let pairs = typed.iter().flat_map(|(name, texts)| texts.iter().map(|text| (name.clone(), text.clone())));
    let nothing = KnownValues::default();
    let moved = echo(spec, &RawForm::from_pairs(pairs), Since { shown: &nothing, now }, who);
    let is_of_rows = |name: &str| name.split('/').any(|part| part.parse::<usize>().is_ok());
    // Whatever is no field of this spec stays as it is.
    let others = typed.iter().filter(|(name, _)| !is_of_rows(name)).map(|(name, texts)| (name.clone(), texts.clone()));
    others.chain(moved).collect()
}

/// What is known at a place, when the page was made and now.
#[derive(Clone, Copy)]
struct EchoScope<'v> {
    shown: Option<&'v Value>,
    now: Option<&'v Value>,
}

struct Walk<'a> {
    raw: &'a RawForm,
    by_owner: bool,
    asks: Option<&'a Asks>,
    typed: TypedTexts,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, place: &FormPlace, scope: EchoScope<'_>) {
        let is_asked = self.asks.is_none_or(|asks| asks.reaches(place.key()));
        if node.hidden || !is_asked || !self.raw.has_within(place.posted()) {
            return;
        }
        match &node.kind {
            NodeKind::Const(_) => {}
            NodeKind::Group(group) => self.group(group, place, scope),
            NodeKind::OneOf(one_of) => {
                if self.asks.is_none_or(|asks| asks.names(place.key())) {
                    self.take(&place.chooser(), &place.posted_chooser());
                }
                for (index, branch) in one_of.branches.iter().enumerate() {
                    self.group(&branch.group, &place.branch(index), scope);
                }
            }
            NodeKind::Rows(rows) => self.rows(rows, place, scope),
            NodeKind::Json(_) if !self.by_owner => {}
            _ => self.leaf(node, place),
        }
    }

    fn group(&mut self, group: &GroupShape, place: &FormPlace, scope: EchoScope<'_>) {
        for field in &group.fields {
            let inner = EchoScope {
                shown: scope.shown.and_then(|value| value.get(&field.key)),
                now: scope.now.and_then(|value| value.get(&field.key)),
            };
            self.node(field, &place.child(&field.key), inner);
        }
    }

    fn rows(&mut self, rows: &RowsShape, place: &FormPlace, scope: EchoScope<'_>) {
        self.control(place, "n");
        for posted in posted_rows(self.raw, place, scope.shown, scope.now) {
            let row = place.row(&posted.seat, &rows.item.title);
            if !posted.is_gone {
                self.control(&row, "rm");
                self.control(&row, "id");
            }
            self.node(&rows.item, &row, EchoScope { shown: posted.shown, now: posted.now });
        }
    }

    fn leaf(&mut self, node: &Node, place: &FormPlace) {
        self.control(place, "clear");
        if node.secret {
            self.control(place, EDGES);
        } else {
            self.control(place, "set");
            self.take(&place.name, place.posted());
        }
    }

    fn control(&mut self, place: &FormPlace, mark: &str) {
        self.take(&control(&place.name, mark), &control(place.posted(), mark));
    }

    fn take(&mut self, name: &str, posted: &str) {
        if self.raw.has(posted) {
            self.typed.insert(name.to_owned(), self.raw.all(posted).map(without_control).collect());
        }
    }
}
