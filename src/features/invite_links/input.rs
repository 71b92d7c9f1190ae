//! What is said about a link, in a form or by a program: read, trimmed, judged. A sentence never quotes what was typed.

use super::{Expiry, LONGEST_GREETING, LONGEST_NAME, LONGEST_NOTE, MOST_CONNECTIONS};
use crate::base::clock::UtcTime;
use crate::base::forms::RawForm;

/// All that can be changed about a link, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFields {
    /// Its name for members.
    pub name: String,
    /// What recipients read from the asker, possibly empty.
    pub note: String,
    /// How they are greeted, possibly empty.
    pub greeting: String,
    /// Most connections it may make.
    pub cap: Option<i32>,
    /// Whether what comes through it waits until a member accepts it.
    pub wants_approval: bool,
    /// When it ends.
    pub expiry: Expiry,
}

/// What is wrong: the id of a field and a sentence each, in the order of the page.
pub(super) type FieldProblems = Vec<(&'static str, String)>;

/// What was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct TypedFields {
    pub(super) name: String,
    pub(super) expires: String,
    pub(super) zone: String,
    pub(super) greeting: String,
    pub(super) note: String,
    pub(super) cap: String,
    pub(super) wants_approval: bool,
}

impl TypedFields {
    /// Reads the fields of a form.
    pub(super) fn read(form: &RawForm) -> Self {
        let text = |name: &str| form.first(name).unwrap_or_default().trim().replace("\r\n", "\n");
        Self {
            name: text("name"),
            expires: text("expires"),
            zone: text("zone"),
            greeting: text("greeting"),
            note: text("note"),
            cap: text("cap"),
            wants_approval: form.has("approval"),
        }
    }

    /// The fields of a link as somebody would have typed them.
    pub(super) fn of(fields: &LinkFields) -> Self {
        Self {
            name: fields.name.clone(),
            expires: fields.expiry.typed(),
            zone: fields.expiry.zone().to_owned(),
            greeting: fields.greeting.clone(),
            note: fields.note.clone(),
            cap: fields.cap.map(|cap| cap.to_string()).unwrap_or_default(),
            wants_approval: fields.wants_approval,
        }
    }

    /// Checks them. The end of a link that exists may lie in the past: that ends it now.
    pub(super) fn check(&self, is_new: bool, now: UtcTime) -> Result<LinkFields, FieldProblems> {
        let mut problems = text_problems(&self.name, &self.greeting, &self.note);
        let cap = match (self.cap.as_str(), self.cap.parse::<i32>()) {
            ("", _) => Ok(None),
            (_, Ok(cap)) if (1..=MOST_CONNECTIONS).contains(&cap) => Ok(Some(cap)),
            _ => Err(format!("Limit of connections must be a number from 1 to {MOST_CONNECTIONS}, or empty")),
        };
        let mut expiry = Expiry::read(&self.expires, &self.zone, now);
        if is_new && expiry.as_ref().is_ok_and(|expiry| expiry.moment().is_some_and(|end| end <= now)) {
            expiry = Err(super::ExpiryError::Past);
        }
        match (cap, expiry, problems.is_empty()) {
            (Ok(cap), Ok(expiry), true) => Ok(LinkFields {
                name: self.name.clone(),
                note: self.note.clone(),
                greeting: self.greeting.clone(),
                cap,
                wants_approval: self.wants_approval,
                expiry,
            }),
            (cap, expiry, _) => {
                let of_expiry = |error| if error == super::ExpiryError::NotZone { "zone" } else { "expires" };
                problems.extend(expiry.err().map(|error| (of_expiry(error), error.to_string())));
                problems.extend(cap.err().map(|sentence| ("cap", sentence)));
                Err(problems)
            }
        }
    }
}

/// What is wrong with the texts of a link.
pub(super) fn text_problems(name: &str, greeting: &str, note: &str) -> FieldProblems {
    let mut problems = FieldProblems::new();
    if name.is_empty() {
        problems.push(("name", "Enter a name".to_owned()));
    }
    for (id, label, text, most, lines) in [
        ("name", "Name", name, LONGEST_NAME, false),
        ("greeting", "Greeting", greeting, LONGEST_GREETING, false),
        ("note", "Note", note, LONGEST_NOTE, true),
    ] {
        if text.chars().count() > most {
            problems.push((id, format!("{label} must be {most} characters or fewer")));
        } else if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r'))) {
            problems.push((id, format!("{label} must not hold control characters")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_named_by_their_fields() {
        let now = UtcTime::new(time::macros::datetime!(2026-03-13 16:00 UTC));
        let good = TypedFields { name: "Clients".to_owned(), cap: "10".to_owned(), ..TypedFields::default() };
        assert_eq!(good.check(true, now).unwrap().cap, Some(10));
        let fields = |typed: TypedFields, is_new| {
            let problems = typed.check(is_new, now).err().unwrap_or_default();
            problems.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        let past = TypedFields { expires: "2026-03-13T15:00".to_owned(), ..good.clone() };
        assert_eq!(fields(past.clone(), true), ["expires"]);
        assert_eq!(fields(past, false), Vec::<&str>::new());
        for (cap, wrong) in [("0", true), ("-1", true), ("many", true), ("10001", true), ("1", false), ("", false)] {
            assert_eq!(!fields(TypedFields { cap: cap.to_owned(), ..good.clone() }, true).is_empty(), wrong, "{cap}");
        }
        let all = TypedFields {
            name: String::new(),
            zone: "x".to_owned(),
            note: "x".repeat(281),
            cap: "x".to_owned(),
            ..good
        };
        assert_eq!(fields(all, true), ["name", "note", "zone", "cap"]);
    }
}
