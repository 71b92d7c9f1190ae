//! What is set already, for somebody whose link asks for a part of the form: to be read, not to be changed.

use super::form::RecipientForm;
use super::link::RecipientLink;
use crate::features::connections::Filler;
use crate::schema::form::{self, StandingAnswer};

/// One answer that stands.
#[derive(Debug, Clone)]
pub(super) struct StandingRow {
    /// How the form calls it.
    pub(super) title: String,
    /// What stands there; empty when that is not told.
    pub(super) shown: String,
    /// What is said instead, or of it.
    pub(super) words: String,
}

/// What a link asks for, and what it does not.
#[derive(Debug, Clone, Default)]
pub(super) struct AskedPart {
    /// How the form calls what is asked for; empty when everything is.
    pub(super) titles: String,
    /// What is set already.
    pub(super) standing: Vec<StandingRow>,
}

impl<L: RecipientLink> RecipientForm<L> {
    /// What the link asks for beside what stands; nothing where it asks for everything.
    pub(super) fn asked_part(&self) -> AskedPart {
        let Some(asks) = self.link.known.link.asks() else { return AskedPart::default() };
        let (spec, known) = (&self.link.connector.spec, self.known());
        let standing = form::standing(spec, &known, asks).into_iter().map(|answer| self.row(answer)).collect();
        AskedPart { titles: asks.titles(spec, &known).join(", "), standing }
    }

    fn row(&self, standing: StandingAnswer) -> StandingRow {
        let StandingAnswer { answer, shown } = standing;
        let origin = self.link.known.link.filled().and_then(|filled| filled.origin_of(&answer.key));
        let by_member = origin.filter(|origin| origin.by == Filler::Member).map(|origin| origin.name.as_str());
        let words = match (&shown, by_member) {
            _ if answer.secret => "Set, and never shown".to_owned(),
            (None, _) => "Already provided".to_owned(),
            (Some(_), Some("") | None) if origin.is_some_and(|origin| origin.by == Filler::Recipient) => {
                "given earlier".to_owned()
            }
            // A default that nobody touched.
            (Some(_), None) => String::new(),
            (Some(_), Some("")) => format!("set by {}", self.link.known.workspace.name),
            (Some(_), Some(name)) => format!("set by {name}"),
        };
        StandingRow { title: answer.title, shown: shown.unwrap_or_default(), words }
    }
}
