//! Somebody at a page: what they type into its fields, and what they mean by it.

use super::{Field, Group, Held, Kind, SHARED_NAME, Wish, WishedRows, Wishes};
use crate::support::Dice;

/// Somebody at a page, whose names and values are `pairs`.
pub struct Typist<'a> {
    pub pairs: &'a mut Vec<(String, String)>,
    /// A member also takes things away.
    pub by_owner: bool,
    pub dice: &'a mut Dice,
    /// Counts texts that are used once.
    pub serial: &'a mut u32,
}

impl Typist<'_> {
    /// Types into some fields of a page that shows `shown`.
    pub fn fill(&mut self, fields: &[Field], shown: &Group) -> Wishes {
        self.group(fields, "", Some(shown))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.pairs.retain(|(other, _)| other != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    fn once(&mut self, what: &str) -> String {
        *self.serial += 1;
        format!("{what}-{}", self.serial)
    }

    /// `shown` is what stood there; `None` where nothing can have: another branch, a new row.
    fn group(&mut self, fields: &[Field], name: &str, shown: Option<&Group>) -> Wishes {
        let mut wishes = Wishes::new();
        for field in fields {
            let here = format!("{name}/{}", field.key);
            let held = shown.and_then(|shown| shown.get(&field.key));
            let is_new_name = field.key == SHARED_NAME && shown.is_none();
            if !is_new_name && self.dice.throw(3) > 0 {
                continue;
            }
            let wish = match &field.kind {
                Kind::Text => Some(self.text(field, &here, held)).filter(|wish| !is_held(wish, held)),
                Kind::Secret => Some(self.secret(&here, held)),
                Kind::Tick => self.tick(&here, held),
                Kind::Choice(branches) => self.choice(branches, &here, held),
                Kind::Rows(item) => self.rows(item, &here, held),
            };
            wishes.extend(wish.map(|wish| (field.key.clone(), wish)));
        }
        wishes
    }

    fn text(&mut self, field: &Field, name: &str, held: Option<&Held>) -> Wish {
        if field.key == SHARED_NAME {
            let text = self.once("name");
            self.set(name, &text);
            return Wish::Text(text);
        }
        if held.is_some() && self.by_owner && self.dice.throw(3) == 0 {
            self.set(name, "");
            return Wish::Gone;
        }
        let text = format!("v{}", self.dice.throw(3));
        self.set(name, &text);
        Wish::Text(text)
    }

    fn secret(&mut self, name: &str, held: Option<&Held>) -> Wish {
        if held.is_some() && self.by_owner && self.dice.throw(3) == 0 {
            self.set(&format!("{name}/~clear"), "1");
            return Wish::Gone;
        }
        let text = self.once("secret");
        self.set(name, &text);
        Wish::Secret(text)
    }

    fn tick(&mut self, name: &str, held: Option<&Held>) -> Option<Wish> {
        let (on, stood) = (self.dice.coin(), held.is_none());
        let is_box = self.pairs.iter().any(|(other, _)| *other == format!("{name}/~set"));
        if is_box && !on {
            self.pairs.retain(|(other, _)| other != name);
        } else {
            self.set(name, if on { "true" } else { "false" });
        }
        (on != stood).then_some(Wish::Tick(on))
    }

    fn choice(&mut self, branches: &[Vec<Field>], name: &str, held: Option<&Held>) -> Option<Wish> {
        let stood = if let Some(Held::Choice(stood, inside)) = held { Some((*stood, inside)) } else { None };
        if stood.is_some() && self.by_owner && self.dice.throw(4) == 0 {
            self.set(name, "");
            return Some(Wish::Gone);
        }
        let index = usize::try_from(self.dice.throw(branches.len() as u64)).unwrap();
        let (index, inside) = match stood {
            Some((stood, inside)) if stood == index || self.dice.coin() => (stood, Some(inside)),
            _ => (index, None),
        };
        if inside.is_none() {
            self.set(name, &index.to_string());
        }
        let wishes = self.group(&branches[index], &format!("{name}/~o{index}"), inside);
        (inside.is_none() || !wishes.is_empty()).then_some(Wish::Branch(index, wishes))
    }

    fn rows(&mut self, item: &[Field], name: &str, held: Option<&Held>) -> Option<Wish> {
        let stood = if let Some(Held::Rows(rows)) = held { &rows[..] } else { &[] };
        let mut wish = WishedRows::default();
        for (index, row) in stood.iter().enumerate() {
            let here = format!("{name}/{index}");
            if self.by_owner && self.dice.throw(5) == 0 {
                self.set(&format!("{here}/~rm"), "1");
                wish.gone.insert(row.id);
            } else if self.dice.coin() {
                wish.changed.insert(row.id, self.group(item, &here, Some(&row.inside)));
            }
        }
        wish.changed.retain(|_, wishes| !wishes.is_empty());
        for new in 0..usize::try_from(self.dice.throw(3)).unwrap() {
            wish.new.push(self.group(item, &format!("{name}/{}", stood.len() + new), None));
        }
        let is_empty = wish.gone.is_empty() && wish.changed.is_empty() && wish.new.is_empty();
        (!is_empty).then_some(Wish::Rows(wish))
    }
}

/// What is typed as it stood is no change.
fn is_held(wish: &Wish, held: Option<&Held>) -> bool {
    matches!((wish, held), (Wish::Text(typed), Some(Held::Text(stood))) if typed == stood)
}
