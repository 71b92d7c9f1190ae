//! A draft without any of the product's ways: fields, one choice, lists of rows; and what merging means for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What the model holds: fields by a name of its own; secrets by a text that is never used twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub fields: BTreeMap<String, String>,
    pub choice: Option<usize>,
    /// Rows by a number for life, in their order.
    pub lists: BTreeMap<usize, Vec<u32>>,
    pub rows: BTreeMap<u32, BTreeMap<&'static str, String>>,
}

/// What somebody wants, in the words of the model.
#[derive(Default)]
pub struct Wish {
    pub fields: BTreeMap<String, Option<String>>,
    pub choice: Option<usize>,
    pub branch: BTreeMap<String, String>,
    pub gone: Vec<(usize, u32)>,
    pub rows: BTreeMap<(usize, u32), BTreeMap<&'static str, String>>,
    pub new: Vec<(usize, BTreeMap<&'static str, String>)>,
    /// The whole order of a list; new rows by their place among `new`.
    pub order: Option<(usize, Vec<Result<u32, usize>>)>,
}

/// A field that only one side changed, or both to the same.
pub fn agree(shown: Option<&String>, now: Option<&String>, wanted: Option<&String>) -> bool {
    now == shown || now == wanted
}

impl Model {
    /// The model after a wish of somebody who saw `shown`; `None` for a conflict.
    pub fn after(&self, shown: &Self, wish: &Wish, next: &mut u32) -> Option<Self> {
        let mut after = self.clone();
        for (name, wanted) in wish.fields.iter().filter(|(name, wanted)| shown.fields.get(*name) != wanted.as_ref()) {
            let now = self.fields.get(name);
            if !agree(shown.fields.get(name), now, wanted.as_ref()) {
                return None;
            }
            match wanted {
                Some(value) => after.fields.insert(name.clone(), value.clone()),
                None => after.fields.remove(name),
            };
        }
        after.choose(self, shown, wish)?;
        for (list, row) in &wish.gone {
            let (then, now) = (shown.rows.get(row), self.rows.get(row));
            if now.is_some() && now != then {
                return None;
            }
            after.rows.remove(row);
            after.lists.entry(*list).or_default().retain(|other| other != row);
        }
        for ((_, row), changes) in wish.rows.iter().filter(|((list, row), _)| !wish.gone.contains(&(*list, *row))) {
            let then = &shown.rows[row];
            for (field, wanted) in changes.iter().filter(|(field, wanted)| then.get(**field) != Some(*wanted)) {
                let now = self.rows.get(row)?;
                if !agree(then.get(field), now.get(field), Some(wanted)) {
                    return None;
                }
                after.rows.get_mut(row)?.insert(field, wanted.clone());
            }
        }
        let mut made = Vec::new();
        for (list, fields) in &wish.new {
            *next += 1;
            made.push(*next);
            after.rows.insert(*next, fields.clone());
            after.lists.entry(*list).or_default().push(*next);
        }
        after.order(self, shown, wish, &made)?;
        Some(after)
    }

    pub fn choose(&mut self, now: &Self, shown: &Self, wish: &Wish) -> Option<()> {
        let inside = |model: &Self| -> BTreeMap<String, String> {
            model
                .fields
                .iter()
                .filter(|(name, _)| name.starts_with("c/"))
                .map(|(a, b)| (a.clone(), b.clone()))
                .collect()
        };
        let switches = wish.choice.filter(|wanted| shown.choice != Some(*wanted));
        let stood = if switches.is_some() { None } else { Some(inside(shown)) };
        if let Some(wanted) = switches.filter(|wanted| now.choice != Some(*wanted)) {
            if now.choice != shown.choice || inside(now) != inside(shown) {
                return None;
            }
            self.fields.retain(|name, _| !name.starts_with("c/"));
            self.choice = Some(wanted);
        }
        let before = |name: &String| stood.as_ref().and_then(|stood| stood.get(name));
        for (name, wanted) in wish.branch.iter().filter(|(name, wanted)| before(name) != Some(*wanted)) {
            if switches.is_none() && now.choice != shown.choice {
                return None;
            }
            let here = self.fields.get(name).cloned();
            if !agree(before(name), here.as_ref(), Some(wanted)) {
                return None;
            }
            self.fields.insert(name.clone(), wanted.clone());
        }
        Some(())
    }

    pub fn order(&mut self, now: &Self, shown: &Self, wish: &Wish, made: &[u32]) -> Option<()> {
        let Some((list, order)) = &wish.order else { return Some(()) };
        let nothing = Vec::new();
        let of = |model: &Self| model.lists.get(list).unwrap_or(&nothing).clone();
        let wanted: Vec<u32> = order.iter().map(|row| row.unwrap_or_else(|new| made[new])).collect();
        let both = |rows: &[u32]| -> Vec<u32> {
            let kept =
                rows.iter().filter(|row| wanted.contains(row) && of(shown).contains(row) && of(now).contains(row));
            kept.copied().collect()
        };
        let (mine, stood, stands) = (both(&wanted), both(&of(shown)), both(&of(now)));
        if stood != stands {
            return (mine == stood || mine == stands).then_some(());
        }
        let there = of(self);
        let first: Vec<u32> = wanted.iter().filter(|row| there.contains(row)).copied().collect();
        let behind = there.iter().filter(|row| !wanted.contains(row)).copied();
        self.lists.insert(*list, first.iter().copied().chain(behind).collect());
        Some(())
    }
}

impl Model {
    pub fn told(&self) -> Value {
        let mut told: Map<String, Value> = self.fields.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
        if told.get("b") == Some(&json!("true")) {
            told.remove("b");
        }
        self.choice.map(|choice| told.insert("c".to_owned(), json!(choice)));
        let row = |row: &u32| json!([self.rows[row].get("name"), self.rows[row].get("token")]);
        let mut lists: BTreeMap<String, Vec<Value>> =
            self.lists.iter().map(|(list, rows)| (format!("l{list}"), rows.iter().map(row).collect())).collect();
        lists.retain(|_, rows| !rows.is_empty());
        json!({"fields": told, "lists": lists})
    }
}
