//! A member who left and is to be forgotten: what of them may stand in a text, and what stands there afterwards.
//!
//! Each table that may name a member has a function that forgets one; the list of them is `console/former_members`.

use crate::base::ids::{MemberId, WorkspaceId};

/// What is said of somebody who was forgotten.
pub const FORMER_MEMBER: &str = "a former member";

/// Somebody who is to be forgotten in a workspace.
#[derive(Debug, Clone)]
pub struct FormerMember {
    /// Where.
    pub workspace: WorkspaceId,
    /// All memberships they ever had there.
    pub ids: Vec<MemberId>,
    /// What they were called there. A name that somebody else bears says of no one who it was, and is not among them.
    pub names: Vec<String>,
    /// Their addresses, in lower case.
    pub emails: Vec<String>,
}

impl FormerMember {
    /// Whether this is one of their names.
    pub fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The text without them; `None` when it does not name them.
    pub fn erased_from(&self, text: &str) -> Option<String> {
        let mut erased = text.to_owned();
        for email in &self.emails {
            erased = without_whole(&erased, email, |c| c.is_alphanumeric() || "._%+-@".contains(c));
        }
        for name in &self.names {
            erased = without_whole(&erased, name, char::is_alphanumeric);
        }
        (erased != text).then_some(erased)
    }

    /// Patterns for LIKE: what names them fits one of them, and something else may fit, too. Each database reads backslashes and letters
    /// of either case its own way, so that no pattern depends on them.
    pub fn patterns(&self) -> Vec<String> {
        let texts = self.names.iter().chain(&self.emails);
        let wild = |c: char| if c.is_alphanumeric() && c.is_ascii() || c == ' ' { c } else { '%' };
        texts.map(|text| format!("%{}%", text.chars().map(wild).collect::<String>())).collect()
    }
}

/// The text with each whole occurrence taken out, whatever the case of its letters; `joins` says which letters make it a part of another
/// word.
fn without_whole(text: &str, part: &str, joins: impl Fn(char) -> bool) -> String {
    if part.is_empty() {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let found = starts_with(rest, part).filter(|length| {
            let after = rest.get(*length..).and_then(|after| after.chars().next());
            !before.is_some_and(&joins) && !after.is_some_and(|c| joins(c) && c != '.')
        });
        let step = found.unwrap_or(first.len_utf8());
        let taken = rest.get(..step).unwrap_or(rest);
        out.push_str(if found.is_some() { FORMER_MEMBER } else { taken });
        before = taken.chars().last();
        rest = rest.get(step..).unwrap_or_default();
    }
    out
}

/// How long the beginning of the text is that reads like the part.
fn starts_with(text: &str, part: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    for wanted in part.chars() {
        let (_, letter) = letters.next()?;
        if !letter.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(letters.next().map_or(text.len(), |(at, _)| at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_and_addresses_go_and_parts_of_others_stay() {
        let person = FormerMember {
            workspace: WorkspaceId::from_text("w"),
            ids: Vec::new(),
            names: vec!["Bo Lee".to_owned(), "Åse".to_owned()],
            emails: vec!["bo@acme.example".to_owned()],
        };
        for (text, expected) in [
            ("Bo Lee: viewer to admin", Some("a former member: viewer to admin")),
            ("BO@acme.example as admin", Some("a former member as admin")),
            (
                "told Bo Lee, Åse and bo@acme.example.",
                Some("told a former member, a former member and a former member."),
            ),
            ("Bo Leeson, Jumbo Lee, jumbo@acme.example, bo@acme.examples", None),
            ("", None),
        ] {
            assert_eq!(person.erased_from(text).as_deref(), expected, "{text}");
        }
        assert_eq!(person.patterns(), ["%Bo Lee%", "%%se%", "%bo%acme%example%"]);
    }
}
