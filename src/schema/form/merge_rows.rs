//! Merging lists of rows: each row by its id, wherever it stands.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::identity::{RowIds, position, row_id, without_ids};
use super::merger::{MergeFindings, Merger, Mode, ShownScope};
use super::patch::{ChosenBranch, Patch, RowName};
use super::place::{FormPlace, RowSeat};
use super::secrets::{KnownSecrets, SecretSet as _};
use crate::base::forms::{FieldPath, Meanwhile};
use crate::schema::spec::{GroupShape, Node, NodeKind, ROW_KEY, RowsShape};

/// A list while its rows are being changed.
pub(super) struct RowList<'a> {
    node: &'a Node,
    item: &'a Node,
    place: &'a FormPlace,
    title: &'a str,
    pub(super) shown: &'a [Value],
    rows: Vec<Value>,
}

impl Merger<'_> {
    /// Changes of single rows.
    pub(super) fn rows(
        &mut self,
        node: &Node,
        rows: &RowsShape,
        said: &[(RowName, Patch)],
        place: &FormPlace,
        before: ShownScope<'_>,
        now: Option<Value>,
    ) -> Option<Value> {
        let mut list = RowList::of(node, rows, place, before, now);
        for (name, change) in said {
            self.row(&mut list, name, change, None);
        }
        let explicit = node.default.as_ref().and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
        self.closed(list.rows, explicit)
    }

    /// The list as a program says it shall be.
    pub(super) fn list(
        &mut self,
        node: &Node,
        rows: &RowsShape,
        given: &[Patch],
        place: &FormPlace,
        before: ShownScope<'_>,
        now: Option<Value>,
    ) -> Option<Value> {
        let explicit = now.is_some() || self.is_list_news(node, rows, given, place, before);
        let mut list = RowList::of(node, rows, place, before, now);
        let said = self.recognised(&list, given);
        let mut order = Vec::new();
        for (at, (name, change)) in said.iter().enumerate() {
            order.extend(self.row(&mut list, name, change, Some(at)));
        }
        for (index, row) in list.shown.iter().enumerate() {
            let id = row_id(row, index);
            if !said.iter().any(|(name, _)| matches!(name, RowName::Old(said) if *said == id)) {
                self.row(&mut list, &RowName::Old(id.into_owned()), &Patch::Remove, None);
            }
        }
        let rows = self.ordered(&list, &order);
        self.closed(rows, explicit)
    }

    /// Changes one row; gives its id when it is there afterwards. `at` is where a program names it.
    fn row(&mut self, list: &mut RowList<'_>, name: &RowName, change: &Patch, at: Option<usize>) -> Option<String> {
        let id = match name {
            RowName::Old(id) => id,
            RowName::New(number) => return Some(self.new_row(list, *number, change, at)),
        };
        let shown = position(list.shown, id).and_then(|index| list.shown.get(index));
        let before = ShownScope { value: shown, fresh: shown.is_none() };
        let there = position(&list.rows, id);
        let stands = there.unwrap_or_default();
        let seat = RowSeat { index: at.unwrap_or(stands), posted: stands, id: id.as_str().into() };
        let place = list.place.row(&seat, list.title);
        let Some(index) = there else {
            if !matches!(change, Patch::Remove) && self.is_news(list.item, change, &place, before) {
                self.differ(list.node, list.place, Meanwhile::RowGone);
            }
            return None;
        };
        let slot = list.rows.get_mut(index)?;
        if matches!(change, Patch::Remove) {
            if self.is_as_shown(list.item, place.key(), before, Some(slot)) {
                self.forget(place.key());
                slot.take();
                return None;
            }
            self.conflict(list.node, list.place);
            return Some(id.clone());
        }
        let now = Some(slot.take());
        let row = self.node(list.item, change, &place, before, now);
        list.put(index, row, id);
        Some(id.clone())
    }

    fn new_row(&mut self, list: &mut RowList<'_>, number: usize, change: &Patch, at: Option<usize>) -> String {
        let id = self.ids.next();
        let index = if self.mode == Mode::Overlay { number } else { list.rows.len() };
        let seat = RowSeat { index: at.unwrap_or(index), posted: index, id: id.as_str().into() };
        let place = list.place.row(&seat, list.title);
        let row = self.node(list.item, change, &place, ShownScope::NOTHING, None);
        list.put(index, row, &id);
        id
    }

    /// Nothing is left of a list without rows, unless somebody said so, or a default would come back for it.
    fn closed(&self, mut rows: Vec<Value>, explicit: bool) -> Option<Value> {
        let is_empty = rows.iter().all(Value::is_null);
        if self.mode == Mode::Merge {
            rows.retain(|row| !row.is_null());
        }
        (!is_empty || explicit).then_some(Value::Array(rows))
    }

    /// The rows in the order that a program wants, with those behind that it does not know.
    fn ordered(&mut self, list: &RowList<'_>, wanted: &[String]) -> Vec<Value> {
        let ids = |rows: &[Value]| -> Vec<String> {
            let there = rows.iter().enumerate().filter(|(_, row)| !row.is_null());
            there.map(|(index, row)| row_id(row, index).into_owned()).collect()
        };
        let (shown, now) = (ids(list.shown), ids(&list.rows));
        let both: BTreeSet<&String> = wanted.iter().filter(|id| shown.contains(id) && now.contains(id)).collect();
        let of_both =
            |order: &[String]| -> Vec<String> { order.iter().filter(|id| both.contains(id)).cloned().collect() };
        let (mine, stood, stands) = (of_both(wanted), of_both(&shown), of_both(&now));
        // Who only takes rows away wants no order.
        if shown.iter().filter(|id| wanted.contains(id)).eq(wanted) {
            return list.rows.clone();
        }
        if stood != stands {
            if mine != stood && mine != stands {
                self.conflict(list.node, list.place);
            }
            return list.rows.clone();
        }
        let first = wanted.iter().filter(|id| now.contains(id));
        let behind = now.iter().filter(|id| !wanted.contains(id));
        let row = |id: &String| list.rows.get(position(&list.rows, id)?).cloned();
        first.chain(behind).filter_map(row).collect()
    }

    /// Which row of the list each given one is: the one whose secret it refers to, else the first that has the same content, else none.
    pub(super) fn recognised(&self, list: &RowList<'_>, given: &[Patch]) -> Vec<(RowName, Patch)> {
        let mut free: Vec<usize> = (0..list.shown.len()).collect();
        let mut found: Vec<Option<usize>> = given.iter().map(|row| self.referred(list, row)).collect();
        for slot in &mut found {
            // Two rows cannot be the same one.
            *slot = slot.filter(|index| free.contains(index));
            free.retain(|index| Some(*index) != *slot);
        }
        let content = |index: &usize| list.shown.get(*index).map(without_ids);
        for (slot, row) in found.iter_mut().zip(given).filter(|(slot, _)| slot.is_none()) {
            let wanted = Some(self.alone(list.item, row));
            *slot = free.iter().copied().find(|index| content(index) == wanted);
            free.retain(|index| Some(*index) != *slot);
        }
        let said = |(number, (slot, row)): (usize, (Option<usize>, &Patch))| {
            let Some((index, shown)) = slot.and_then(|index| Some((index, list.shown.get(index)?))) else {
                return (RowName::New(number), row.clone());
            };
            let id = row_id(shown, index).into_owned();
            let key = list.place.key().child(&id);
            (RowName::Old(id), self.whole(list.item, row, Some(shown), &key))
        };
        found.into_iter().zip(given).enumerate().map(said).collect()
    }

    /// The row of which this one holds a reference.
    fn referred(&self, list: &RowList<'_>, row: &Patch) -> Option<usize> {
        let key = self.rules.references.get(row.first_reference()?)?;
        let depth = list.place.key().segments().count();
        let id = key.is_within(list.place.key()).then(|| key.segments().nth(depth)).flatten()?;
        position(list.shown, &id)
    }

    /// What a new row would hold.
    fn alone(&self, item: &Node, row: &Patch) -> Value {
        let (mut secrets, mut found, mut ids) = (KnownSecrets::new(), MergeFindings::default(), RowIds::of(0));
        let mut trial = Merger {
            base: &KnownSecrets::new(),
            secrets: &mut secrets,
            rules: self.rules,
            ids: &mut ids,
            found: &mut found,
            mode: Mode::Merge,
        };
        let made = trial.node(item, row, &FormPlace::root(), ShownScope::NOTHING, None);
        made.map_or_else(|| Value::Object(Map::new()), |made| without_ids(&made))
    }

    /// A row that is given is given whole: what it leaves out goes, except secrets.
    fn whole(&self, node: &Node, given: &Patch, shown: Option<&Value>, key: &FieldPath) -> Patch {
        match (given, &node.kind) {
            (Patch::Group(changes), NodeKind::Group(group)) => {
                Patch::Group(self.whole_fields(group, changes, shown, key))
            }
            (Patch::Branch(choice), NodeKind::OneOf(one_of)) => {
                let Some(branch) = one_of.branches.get(choice.index) else { return given.clone() };
                let fields = self.whole_fields(&branch.group, &choice.fields, shown, key);
                Patch::Branch(ChosenBranch { fields, ..choice.clone() })
            }
            _ => given.clone(),
        }
    }

    fn whole_fields(
        &self,
        group: &GroupShape,
        changes: &[(String, Patch)],
        shown: Option<&Value>,
        key: &FieldPath,
    ) -> Vec<(String, Patch)> {
        let change = |field: &Node| {
            let inner = shown.and_then(|shown| shown.get(&field.key));
            let at = key.child(&field.key);
            let patch = match changes.iter().find(|(key, _)| *key == field.key) {
                Some((_, given)) => self.whole(field, given, inner, &at),
                None if matches!(field.kind, NodeKind::Const(_)) || self.base.any_within(&at) => return None,
                None => inner.map(|_| Patch::Remove)?,
            };
            Some((field.key.clone(), patch))
        };
        group.fields.iter().filter_map(change).collect()
    }
}

impl<'a> RowList<'a> {
    pub(super) fn of(
        node: &'a Node,
        rows: &'a RowsShape,
        place: &'a FormPlace,
        before: ShownScope<'a>,
        now: Option<Value>,
    ) -> Self {
        let shown = before.value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let rows_now = match now {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        Self { node, item: &rows.item, place, title: &rows.item.title, shown, rows: rows_now }
    }

    fn put(&mut self, index: usize, row: Option<Value>, id: &str) {
        let mut object = match row {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        object.insert(ROW_KEY.to_owned(), Value::String(id.to_owned()));
        self.rows.resize_with(self.rows.len().max(index + 1), || Value::Null);
        if let Some(slot) = self.rows.get_mut(index) {
            *slot = Value::Object(object);
        }
    }
}
