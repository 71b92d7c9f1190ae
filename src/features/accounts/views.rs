//! What several account pages show alike.

use actix_web::HttpRequest;

use super::{MemberCard, Role};
use crate::base::clock::UtcTime;
use crate::platform::app::App;
use crate::platform::web::{cookies, csrf};

/// A moment as templates print it.
#[derive(Debug, Clone)]
pub(super) struct MomentView {
    /// For machines.
    pub(super) iso: String,
    /// The day for machines: without an hour, a script leaves the words as they are.
    pub(super) date: String,
    /// The day, short.
    pub(super) day: String,
    /// Day and hour, with the zone.
    pub(super) words: String,
}

impl From<UtcTime> for MomentView {
    fn from(at: UtcTime) -> Self {
        let iso = at.iso();
        let date = iso.split('T').next().unwrap_or_default().to_owned();
        Self { iso, date, day: at.short(), words: at.words() }
    }
}

/// One of several options of a form.
#[derive(Debug, Clone)]
pub(super) struct FormChoice {
    pub(super) value: &'static str,
    pub(super) words: &'static str,
    pub(super) hint: &'static str,
    pub(super) chosen: bool,
}

/// The roles somebody may give, with one of them chosen.
pub(super) fn role_choices(giver: Role, chosen: Option<Role>) -> Vec<FormChoice> {
    let given = Role::ALL.iter().copied().filter(|role| giver.may_handle(*role));
    given
        .map(|role| FormChoice {
            value: role.as_str(),
            words: role.words(),
            hint: role.means(),
            chosen: chosen == Some(role),
        })
        .collect()
}

/// The form token of somebody who need not be signed in; their browser gets a cookie to bind it to when it has none.
pub(super) fn visitor_csrf(request: &HttpRequest, app: &App) -> String {
    let (token, cookie) = csrf::visitor(request, app);
    if let Some(cookie) = cookie {
        cookies::later(request, cookie);
    }
    token.text
}

/// Names of people as a sentence takes them: "Ana", "Ana or Bo", "Ana, Bo or Cy".
pub fn names_in_words(people: &[MemberCard]) -> String {
    let names: Vec<&str> = people.iter().map(|member| member.name.as_str()).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::MemberId;

    #[test]
    fn names_read_like_speech() {
        let people = |names: &[&str]| {
            names
                .iter()
                .map(|name| MemberCard {
                    id: MemberId::from_text(name),
                    name: (*name).to_owned(),
                    email: String::new(),
                })
                .collect::<Vec<_>>()
        };
        for (names, words) in
            [(&[][..], ""), (&["Ana"], "Ana"), (&["Ana", "Bo"], "Ana or Bo"), (&["Ana", "Bo", "Cy"], "Ana, Bo or Cy")]
        {
            assert_eq!(names_in_words(&people(names)), words);
        }
    }
}
