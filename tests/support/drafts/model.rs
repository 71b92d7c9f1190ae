//! What a draft holds, what somebody wants, and what comes of both: nothing that anybody said is lost, and what two people said
//! differently is said to be so.

use std::collections::{BTreeMap, BTreeSet};

use super::{Field, Kind};

/// Answers by the name of their question. A box that is ticked and a list without rows are no answers.
pub type Group = BTreeMap<String, Held>;

/// An answer. Texts of secrets are never used twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Held {
    Text(String),
    Secret(String),
    Tick(bool),
    Choice(usize, Group),
    Rows(Vec<Row>),
}

/// A row, with a number for life.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: u32,
    pub inside: Group,
}

/// What somebody wants, by the name of the question.
pub type Wishes = BTreeMap<String, Wish>;

/// What somebody wants of one answer.
#[derive(Clone, Debug)]
pub enum Wish {
    Text(String),
    Secret(String),
    Tick(bool),
    /// It shall be gone.
    Gone,
    /// This branch, and in it this.
    Branch(usize, Wishes),
    Rows(WishedRows),
}

/// What somebody wants of a list.
#[derive(Clone, Debug, Default)]
pub struct WishedRows {
    pub gone: BTreeSet<u32>,
    pub changed: BTreeMap<u32, Wishes>,
    pub new: Vec<Wishes>,
    /// The whole order; new rows by their place among `new`.
    pub order: Option<Vec<Result<u32, usize>>>,
}

/// Puts wishes on what is there.
pub struct Merge<'a> {
    /// The number of the last row.
    pub rows: &'a mut u32,
    /// The titles of the questions that two people answered differently.
    pub conflicts: BTreeSet<String>,
}

impl<'a> Merge<'a> {
    pub fn new(rows: &'a mut u32) -> Self {
        Self { rows, conflicts: BTreeSet::new() }
    }

    /// What is there afterwards. `shown` is what the one who wishes saw; nothing where they saw nothing.
    pub fn group(&mut self, fields: &[Field], wishes: &Wishes, shown: &Group, now: &Group) -> Group {
        let mut after = now.clone();
        for field in fields {
            let Some(wish) = wishes.get(&field.key) else { continue };
            let (before, here) = (shown.get(&field.key), after.remove(&field.key));
            if let Some(held) = self.answer(field, wish, before, here) {
                after.insert(field.key.clone(), held);
            }
        }
        after
    }

    fn answer(&mut self, field: &Field, wish: &Wish, before: Option<&Held>, here: Option<Held>) -> Option<Held> {
        let wanted = match wish {
            Wish::Text(text) => Some(Held::Text(text.clone())),
            Wish::Secret(text) => Some(Held::Secret(text.clone())),
            Wish::Tick(on) => (!on).then_some(Held::Tick(false)),
            Wish::Gone => None,
            Wish::Branch(index, inside) => return self.branch(field, (*index, inside), before, here),
            Wish::Rows(rows) => return self.rows(field, rows, before, here),
        };
        if wanted.as_ref() == before || wanted == here {
            return here;
        }
        if here.as_ref() != before {
            self.conflicts.insert(field.title.clone());
            return here;
        }
        wanted
    }

    fn branch(
        &mut self,
        field: &Field,
        (index, wishes): (usize, &Wishes),
        before: Option<&Held>,
        here: Option<Held>,
    ) -> Option<Held> {
        let Kind::Choice(branches) = &field.kind else { return here };
        let stood = match before {
            Some(Held::Choice(stood, inside)) if *stood == index => Some(inside),
            _ => None,
        };
        let now = match &here {
            Some(Held::Choice(stands, inside)) if *stands == index => inside.clone(),
            // Somebody else left the branch in which this one answered, or answered in the branch that this one leaves.
            _ if stood.is_some() || here.as_ref() != before => {
                if stood.is_none() || !wishes.is_empty() {
                    self.conflicts.insert(field.title.clone());
                }
                return here;
            }
            _ => Group::new(),
        };
        let nothing = Group::new();
        Some(Held::Choice(index, self.group(&branches[index], wishes, stood.unwrap_or(&nothing), &now)))
    }

    fn rows(&mut self, field: &Field, wish: &WishedRows, before: Option<&Held>, here: Option<Held>) -> Option<Held> {
        let Kind::Rows(item) = &field.kind else { return here };
        let list = |held: Option<Held>| if let Some(Held::Rows(rows)) = held { rows } else { Vec::new() };
        let (shown, now) = (list(before.cloned()), list(here));
        let of = |rows: &[Row], id: u32| rows.iter().find(|row| row.id == id).cloned();
        let mut rows = now.clone();
        for id in &wish.gone {
            if of(&now, *id).is_some_and(|row| Some(row) != of(&shown, *id)) {
                self.conflicts.insert(field.title.clone());
            } else {
                rows.retain(|row| row.id != *id);
            }
        }
        for (id, wishes) in wish.changed.iter().filter(|(_, wishes)| !wishes.is_empty()) {
            let shown = of(&shown, *id).unwrap().inside;
            match rows.iter_mut().find(|row| row.id == *id) {
                Some(row) => row.inside = self.group(item, wishes, &shown, &row.inside),
                None => drop(self.conflicts.insert(field.title.clone())),
            }
        }
        let mut made = Vec::new();
        for wishes in &wish.new {
            *self.rows += 1;
            made.push(*self.rows);
            let id = *self.rows;
            rows.push(Row { id, inside: self.group(item, wishes, &Group::new(), &Group::new()) });
        }
        if let Some(order) = &wish.order {
            let wanted: Vec<u32> = order.iter().map(|row| row.unwrap_or_else(|new| made[new])).collect();
            self.order(field, &wanted, (&shown, &now), &mut rows);
        }
        (!rows.is_empty()).then_some(Held::Rows(rows))
    }

    /// The order that is wanted, with those behind that nobody knew of; where others ordered them anew, too, theirs.
    fn order(&mut self, field: &Field, wanted: &[u32], (shown, now): (&[Row], &[Row]), rows: &mut [Row]) {
        let ids = |rows: &[Row]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let there = ids(rows);
        // Of rows that went meanwhile nobody can want a place.
        let wanted: Vec<u32> = wanted.iter().filter(|id| there.contains(id)).copied().collect();
        let (shown, now) = (ids(shown), ids(now));
        let known = |id: &&u32| wanted.contains(id) && shown.contains(id) && now.contains(id);
        let of = |ids: &[u32]| ids.iter().filter(known).copied().collect::<Vec<_>>();
        let (mine, stood, stands) = (of(&wanted), of(&shown), of(&now));
        if shown.iter().filter(|id| wanted.contains(id)).eq(&wanted) {
            // Nothing was moved, and nothing new stands between.
            return;
        }
        if stood != stands {
            if mine != stood && mine != stands {
                self.conflicts.insert(field.title.clone());
            }
            // What is new stands behind, as it was given.
            let place = |row: &Row| wanted.iter().position(|id| *id == row.id && !now.contains(id));
            return rows.sort_by_key(place);
        }
        let behind = there.iter().filter(|id| !wanted.contains(id));
        let order: Vec<u32> = wanted.iter().chain(behind).copied().collect();
        rows.sort_by_key(|row| order.iter().position(|id| *id == row.id));
    }
}

/// Whether every row that is to be changed is there.
pub fn knows_rows(fields: &[Field], wishes: &Wishes, now: &Group) -> bool {
    fields.iter().all(|field| match (wishes.get(&field.key), &field.kind, now.get(&field.key)) {
        (Some(Wish::Branch(index, inside)), Kind::Choice(branches), held) => {
            let nothing = Group::new();
            let here = match held {
                Some(Held::Choice(stands, here)) if stands == index => here,
                _ => &nothing,
            };
            knows_rows(&branches[*index], inside, here)
        }
        (Some(Wish::Rows(wish)), Kind::Rows(item), held) => {
            let rows = if let Some(Held::Rows(rows)) = held { &rows[..] } else { &[] };
            wish.changed
                .iter()
                .all(|(id, inside)| rows.iter().any(|row| row.id == *id && knows_rows(item, inside, &row.inside)))
        }
        _ => true,
    })
}
