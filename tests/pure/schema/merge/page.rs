//! A page while somebody types, and what they mean by it.

use super::model::{Model, Wish};

/// Plain fields, secrets, a box, and lists of rows; a choice or none.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub plains: usize,
    pub secrets: usize,
    pub choice: bool,
    pub lists: usize,
}

/// One thing that somebody does on a page or in a program.
#[derive(Clone, Debug)]
pub enum Edit {
    Plain(usize, u8),
    Clear(usize),
    Secret(usize),
    ClearSecret(usize),
    Tick(bool),
    Choose(usize),
    InBranch(bool, u8),
    Add(usize, u8),
    Remove(usize, usize),
    Name(usize, usize, u8),
    Token(usize, usize),
}

/// A page while somebody types.
pub struct TypedPage {
    pub pairs: Vec<(String, String)>,
    pub wish: Wish,
    pub by_owner: bool,
}

impl TypedPage {
    pub fn set(&mut self, name: &str, value: &str) {
        self.pairs.retain(|(other, _)| other != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    pub fn edit(&mut self, shape: Shape, shown: &Model, edit: &Edit, secret: String) {
        let value = |number: u8| format!("v{number}");
        match *edit {
            Edit::Plain(at, number) if at < shape.plains => {
                self.set(&format!("/p{at}"), &value(number));
                self.wish.fields.insert(format!("p{at}"), Some(value(number)));
            }
            Edit::Clear(at) if at < shape.plains && self.by_owner => {
                self.set(&format!("/p{at}"), "");
                self.wish.fields.insert(format!("p{at}"), None);
            }
            Edit::Secret(at) if at < shape.secrets => {
                self.set(&format!("/s{at}"), &secret);
                self.wish.fields.insert(format!("s{at}"), Some(secret));
            }
            Edit::ClearSecret(at) if at < shape.secrets && self.by_owner => {
                let name = format!("s{at}");
                if shown.fields.contains_key(&name) && !self.wish.fields.contains_key(&name) {
                    self.set(&format!("/{name}/~clear"), "1");
                    self.wish.fields.insert(name, None);
                }
            }
            Edit::Tick(on) => {
                self.pairs.retain(|(name, _)| name != "/b");
                if on {
                    self.set("/b", "true");
                }
                // The default is what a field without a value says.
                self.wish.fields.insert("b".to_owned(), (!on).then(|| "false".to_owned()));
            }
            Edit::Choose(branch) if shape.choice && self.wish.choice.is_none() && self.wish.branch.is_empty() => {
                self.set("/c", &branch.to_string());
                self.wish.choice = Some(branch);
            }
            Edit::InBranch(is_secret, number) if shape.choice => self.branch(shown, is_secret, number, secret),
            Edit::Add(list, number) if list < shape.lists => self.add(shown, list, &value(number), secret),
            Edit::Remove(list, at) if self.by_owner => {
                if let Some(row) = shown.lists.get(&list).and_then(|rows| rows.get(at)) {
                    self.set(&format!("/l{list}/{at}/~rm"), "1");
                    self.wish.gone.push((list, *row));
                }
            }
            Edit::Name(list, at, number) => self.row(shown, list, at, "name", value(number)),
            Edit::Token(list, at) => self.row(shown, list, at, "token", secret),
            _ => {}
        }
    }

    pub fn branch(&mut self, shown: &Model, is_secret: bool, number: u8, secret: String) {
        let Some(branch) = self.wish.choice.or(shown.choice) else { return };
        let (field, text) = if is_secret { ("s", secret) } else { ("p", format!("v{number}")) };
        self.set(&format!("/c/~o{branch}/{field}"), &text);
        self.wish.branch.insert(format!("c/{field}"), text);
    }

    pub fn add(&mut self, shown: &Model, list: usize, name: &str, token: String) {
        let at =
            shown.lists.get(&list).map_or(0, Vec::len) + self.wish.new.iter().filter(|(of, _)| *of == list).count();
        self.set(&format!("/l{list}/{at}/name"), name);
        self.set(&format!("/l{list}/{at}/token"), &token);
        self.wish.new.push((list, [("name", name.to_owned()), ("token", token)].into()));
    }

    pub fn row(&mut self, shown: &Model, list: usize, at: usize, field: &'static str, text: String) {
        if let Some(row) = shown.lists.get(&list).and_then(|rows| rows.get(at)) {
            self.set(&format!("/l{list}/{at}/{field}"), &text);
            self.wish.rows.entry((list, *row)).or_default().insert(field, text);
        }
    }
}
