//! A program: what it sends, made of what it read, and what it means by it.

use serde_json::{Map, Value, json};

use super::{Field, Group, Held, Kind, SHARED_NAME, Wish, WishedRows, Wishes};
use crate::support::Dice;

/// How references of secrets begin.
const REFERENCE: &str = "~secret:";

/// A program that sends values.
pub struct Sender<'a> {
    pub dice: &'a mut Dice,
    /// Counts texts that are used once.
    pub serial: &'a mut u32,
}

impl Sender<'_> {
    /// A change of a draft that holds `shown` and was `read` so, with references in the places of secrets; now and then with all that was
    /// read in it.
    pub fn change(&mut self, fields: &[Field], shown: &Group, read: &Value) -> (Map<String, Value>, Wishes) {
        let mut sent = if self.dice.throw(3) == 0 { read.as_object().unwrap().clone() } else { Map::new() };
        let wishes = self.group(fields, Some(shown), Some(read), &mut sent, false);
        (sent, wishes)
    }

    fn once(&mut self, what: &str) -> String {
        *self.serial += 1;
        format!("{what}-{}", self.serial)
    }

    /// Changes what is `sent` of a group. What a row leaves out goes.
    fn group(
        &mut self,
        fields: &[Field],
        shown: Option<&Group>,
        read: Option<&Value>,
        sent: &mut Map<String, Value>,
        in_row: bool,
    ) -> Wishes {
        let mut wishes = Wishes::new();
        for field in fields {
            let held = shown.and_then(|shown| shown.get(&field.key));
            let read = read.and_then(|read| read.get(&field.key));
            let is_new_name = field.key == SHARED_NAME && shown.is_none();
            if !is_new_name && self.dice.throw(3) > 0 {
                continue;
            }
            let goes = held.is_some() && field.key != SHARED_NAME && self.dice.throw(4) == 0;
            let is_text = matches!(field.kind, Kind::Text);
            let (given, wish) = match &field.kind {
                Kind::Text | Kind::Secret | Kind::Choice(_) if goes && !(in_row && is_text) => {
                    (Some(Value::Null), Some(Wish::Gone))
                }
                Kind::Text if goes => {
                    sent.shift_remove(&field.key);
                    (None, Some(Wish::Gone))
                }
                Kind::Text => self.text(field),
                Kind::Secret => {
                    let text = self.once("secret");
                    (Some(json!(text)), Some(Wish::Secret(text)))
                }
                // To say the default is to say something, too.
                Kind::Tick => (Some(json!(held.is_some())), Some(Wish::Tick(held.is_some()))),
                Kind::Choice(branches) => self.choice(branches, held, read, in_row),
                Kind::Rows(item) => self.rows(item, held, read),
            };
            sent.extend(given.map(|given| (field.key.clone(), given)));
            wishes.extend(wish.map(|wish| (field.key.clone(), wish)));
        }
        wishes
    }

    fn text(&mut self, field: &Field) -> (Option<Value>, Option<Wish>) {
        let text = if field.key == SHARED_NAME { self.once("name") } else { format!("v{}", self.dice.throw(3)) };
        (Some(json!(text)), Some(Wish::Text(text)))
    }

    fn choice(
        &mut self,
        branches: &[Vec<Field>],
        held: Option<&Held>,
        read: Option<&Value>,
        in_row: bool,
    ) -> (Option<Value>, Option<Wish>) {
        let index = usize::try_from(self.dice.throw(branches.len() as u64)).unwrap();
        let (index, inside) = match held {
            Some(Held::Choice(stood, inside)) if *stood == index || self.dice.coin() => (*stood, Some(inside)),
            _ => (index, None),
        };
        let read = read.filter(|_| inside.is_some());
        let mut sent = match read {
            Some(read) if in_row || self.dice.coin() => read.as_object().unwrap().clone(),
            _ => Map::new(),
        };
        sent.insert("kind".to_owned(), json!(format!("k{index}")));
        let wishes = self.group(&branches[index], inside, read, &mut sent, in_row);
        let says = inside.is_none() || !wishes.is_empty();
        (Some(Value::Object(sent)), says.then_some(Wish::Branch(index, wishes)))
    }

    fn rows(&mut self, item: &[Field], held: Option<&Held>, read: Option<&Value>) -> (Option<Value>, Option<Wish>) {
        let stood = if let Some(Held::Rows(rows)) = held { &rows[..] } else { &[] };
        let mut wish = WishedRows::default();
        let mut given: Vec<(Result<u32, usize>, Value)> = Vec::new();
        for (index, row) in stood.iter().enumerate() {
            let read = &read.unwrap()[index];
            if self.dice.throw(5) == 0 {
                wish.gone.insert(row.id);
                continue;
            }
            let mut sent = read.as_object().unwrap().clone();
            let wishes = match self.dice.coin() {
                true => self.group(item, Some(&row.inside), Some(read), &mut sent, true),
                false => Wishes::new(),
            };
            let sent = Value::Object(sent);
            if wishes.is_empty() || has_reference(&sent) || without_secrets(item, &sent) == without_secrets(item, read)
            {
                wish.changed.insert(row.id, wishes);
                given.push((Ok(row.id), sent));
            } else {
                // Nothing tells that it is the row it was.
                wish.gone.insert(row.id);
                given.push((Err(wish.new.len()), sent.clone()));
                wish.new.push(meant(item, &sent));
            }
        }
        let turn = usize::try_from(self.dice.throw(3)).unwrap().min(given.len());
        given.rotate_left(turn);
        for _ in 0..self.dice.throw(3) {
            let mut sent = Map::new();
            let wishes = self.group(item, None, None, &mut sent, true);
            let at = usize::try_from(self.dice.throw(given.len() as u64 + 1)).unwrap();
            given.insert(at, (Err(wish.new.len()), Value::Object(sent)));
            wish.new.push(wishes);
        }
        let order: Vec<_> = given.iter().map(|(row, _)| *row).collect();
        wish.changed.retain(|_, wishes| !wishes.is_empty());
        if order == stood.iter().map(|row| Ok(row.id)).collect::<Vec<_>>() && wish.changed.is_empty() {
            let echo = read.filter(|_| !stood.is_empty()).cloned();
            return (echo, None);
        }
        wish.order = Some(order);
        (Some(given.into_iter().map(|(_, sent)| sent).collect()), Some(Wish::Rows(wish)))
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(REFERENCE),
        Value::Array(list) => list.iter().any(has_reference),
        Value::Object(object) => object.values().any(has_reference),
        _ => false,
    }
}

/// What tells rows apart that have no secrets.
fn without_secrets(fields: &[Field], value: &Value) -> Value {
    let mut object = value.as_object().cloned().unwrap_or_default();
    for field in fields {
        let Some(inner) = object.get(&field.key).cloned() else { continue };
        let kept = match &field.kind {
            Kind::Text | Kind::Tick => Some(inner),
            Kind::Secret => None,
            Kind::Choice(_) if inner.is_null() => None,
            Kind::Choice(branches) => Some(without_secrets(&branches[branch(&inner)], &inner)),
            Kind::Rows(item) => Some(inner.as_array().unwrap().iter().map(|row| without_secrets(item, row)).collect()),
        };
        match kept.filter(|kept| !kept.is_null()) {
            Some(kept) => drop(object.insert(field.key.clone(), kept)),
            None => drop(object.shift_remove(&field.key)),
        }
    }
    Value::Object(object)
}

fn branch(choice: &Value) -> usize {
    choice["kind"].as_str().and_then(|kind| kind.strip_prefix('k')?.parse().ok()).unwrap()
}

/// What a row that is sent whole means where nothing stood.
fn meant(fields: &[Field], sent: &Value) -> Wishes {
    let mut wishes = Wishes::new();
    for field in fields {
        let Some(given) = sent.get(&field.key).filter(|given| !given.is_null()) else { continue };
        let text = || given.as_str().unwrap().to_owned();
        let wish = match &field.kind {
            Kind::Text => Wish::Text(text()),
            Kind::Secret => Wish::Secret(text()),
            Kind::Tick => Wish::Tick(given == &json!(true)),
            Kind::Choice(branches) => Wish::Branch(branch(given), meant(&branches[branch(given)], given)),
            Kind::Rows(item) => {
                let new = given.as_array().unwrap().iter().map(|row| meant(item, row)).collect();
                Wish::Rows(WishedRows { new, ..WishedRows::default() })
            }
        };
        wishes.insert(field.key.clone(), wish);
    }
    wishes
}
