//! "Share setup link" on the configuration step: what was typed there, checked, and shown again.

use super::lifetime::{DEFAULT, UNTIL_DATE};
use super::{LIFETIMES, LONGEST_NOTE, LONGEST_RECIPIENT, LifetimeError, LinkLifetime};
use crate::base::clock::UtcTime;
use crate::base::forms::RawForm;
use crate::features::recipient::ZoneChoice;

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct ShareInput {
    choice: String,
    until: String,
    zone: String,
    recipient: String,
    note: String,
    allows_test: bool,
}

/// What was typed, checked.
#[derive(Debug, Clone)]
pub struct ShareForm {
    /// How long the link stays open.
    pub lifetime: LinkLifetime,
    /// For whom, possibly empty.
    pub recipient: String,
    /// A note for them, possibly empty.
    pub note: String,
    /// Whether they may have what they typed checked before they send it.
    pub allows_test: bool,
}

/// One offered lifetime.
#[derive(Debug, Clone)]
pub struct LifetimeChoice {
    /// What is posted.
    pub value: &'static str,
    /// What is shown.
    pub words: &'static str,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// The fields as a page shows them.
#[derive(Debug, Clone)]
pub struct ShareView {
    /// The lifetimes.
    pub choices: Vec<LifetimeChoice>,
    /// Whether "until a date" is chosen.
    pub until_is_chosen: bool,
    /// The date that was typed.
    pub until: String,
    /// The zone in which that day ends.
    pub zone: ZoneChoice,
    /// Today, so that the picker offers no past day.
    pub today: String,
    /// The name that was typed.
    pub recipient: String,
    /// The note that was typed.
    pub note: String,
    /// Whether the box about testing is ticked.
    pub allows_test: bool,
    /// What is wrong: (id of the field, sentence).
    pub problems: Vec<(String, String)>,
}

impl ShareInput {
    /// Reads the fields of the form.
    pub fn read(form: &RawForm) -> Self {
        let text = |name: &str| form.first(name).unwrap_or_default().trim().replace("\r\n", "\n");
        Self {
            choice: text("lifetime"),
            until: text("until"),
            zone: text("zone"),
            recipient: text("recipient"),
            note: text("note"),
            allows_test: form.first("allow_test") == Some("yes"),
        }
    }

    /// Names a recipient, unless one was typed.
    pub fn address_to(&mut self, name: &str) {
        if self.recipient.is_empty() {
            name.clone_into(&mut self.recipient);
        }
    }

    /// Checks them.
    ///
    /// # Errors
    /// What is wrong: (id of the field, sentence).
    pub fn check(&self, now: UtcTime) -> Result<ShareForm, Vec<(String, String)>> {
        let mut problems = Vec::new();
        let lifetime = LinkLifetime::choose(&self.choice, &self.until, &self.zone, now);
        if let Err(error) = &lifetime {
            let field = match error {
                LifetimeError::NotZone => "share-zone",
                _ if self.choice == UNTIL_DATE => "share-until",
                _ => "share-lifetime",
            };
            problems.push((field.to_owned(), error.to_string()));
        }
        for (field, label, text, longest) in [
            ("share-recipient", "Name", &self.recipient, LONGEST_RECIPIENT),
            ("share-note", "Note", &self.note, LONGEST_NOTE),
        ] {
            if text.chars().count() > longest {
                problems.push((field.to_owned(), format!("{label} must be {longest} characters or fewer")));
            }
        }
        match lifetime {
            Ok(lifetime) if problems.is_empty() => {
                let (recipient, note) = (self.recipient.clone(), self.note.clone());
                Ok(ShareForm { lifetime, recipient, note, allows_test: self.allows_test })
            }
            _ => Err(problems),
        }
    }

    /// The fields with what was typed, and what is wrong with it.
    pub fn view(&self, problems: Vec<(String, String)>, now: UtcTime) -> ShareView {
        let chosen = if self.choice.is_empty() { DEFAULT } else { self.choice.as_str() };
        let choices = LIFETIMES.map(|(value, words)| LifetimeChoice { value, words, is_chosen: value == chosen });
        ShareView {
            choices: choices.to_vec(),
            until_is_chosen: chosen == UNTIL_DATE,
            until: self.until.clone(),
            zone: ZoneChoice::of(&self.zone),
            // It is today already in the west when it is tomorrow in the east.
            today: (now - time::Duration::hours(12)).as_offset().date().to_string(),
            recipient: self.recipient.clone(),
            note: self.note.clone(),
            allows_test: self.allows_test,
            problems,
        }
    }
}

impl ShareView {
    /// What is wrong with one field, by its id.
    pub fn problem(&self, id: &str) -> Option<&str> {
        self.problems.iter().find(|(field, _)| field == id).map(|(_, sentence)| sentence.as_str())
    }
}
