//! Whose turn is it? The one word a list shows, and the steps of a connection's page.

use crate::base::clock::UtcTime;
use crate::engines::Ability;
use crate::features::outputs::MOST_NAMED;
use crate::features::work::validations::Standing;

/// Where a connection is on its way, as lists say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was filled in, no link is open.
    Draft,
    /// Somebody outside has an open link; nothing was filled in yet.
    LinkOpen,
    /// Something is there, something is missing.
    PartlyFilled,
    /// Everything required is there.
    FilledIn,
    /// The real system is being asked.
    Validating,
    /// The real system said no to what is there now.
    ValidationFailed,
    /// The real system took what is there now.
    Validated,
    /// The provider ended the access that somebody gave by signing in.
    NeedsReconnecting,
    /// Done.
    Finalised,
}

impl Progress {
    /// From what the row and its links say.
    pub fn of(missing: i32, is_blank: bool, open_links: i64, finalised: Option<UtcTime>) -> Self {
        match (finalised, missing, is_blank) {
            (Some(_), _, _) => Self::Finalised,
            (None, ..=0, false) => Self::FilledIn,
            (None, _, false) => Self::PartlyFilled,
            (None, _, true) if open_links > 0 => Self::LinkOpen,
            (None, _, true) => Self::Draft,
        }
    }

    /// The same with what is known about the details: whether the real system took them, and whether the access was ended.
    #[must_use]
    pub fn known(self, standing: &Standing, is_broken: bool) -> Self {
        match (self, standing) {
            (Self::FilledIn | Self::Finalised, _) if is_broken => Self::NeedsReconnecting,
            (Self::FilledIn, Standing::Going) => Self::Validating,
            (Self::FilledIn, Standing::Good) => Self::Validated,
            (Self::FilledIn, Standing::Bad) => Self::ValidationFailed,
            (same, _) => same,
        }
    }

    /// The word on the badge.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::LinkOpen => "Link open",
            Self::PartlyFilled => "Partly filled in",
            Self::FilledIn => "Filled in",
            Self::Validating => "Validating",
            Self::ValidationFailed => "Validation failed",
            Self::Validated => "Validated",
            Self::NeedsReconnecting => "Needs reconnecting",
            Self::Finalised => "Finalised",
        }
    }

    /// The tone of the badge.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Draft => "",
            Self::LinkOpen | Self::Validating => "info",
            Self::PartlyFilled => "warn",
            Self::ValidationFailed | Self::NeedsReconnecting => "bad",
            Self::FilledIn | Self::Validated | Self::Finalised => "ok",
        }
    }

    /// Whom the connection waits for; `ability` is what can be done with its connector here.
    pub fn waiting_for(self, open_links: i64, ability: Ability) -> &'static str {
        match self {
            Self::Draft => "You: share a setup link or fill it in",
            Self::LinkOpen => "Somebody to open the link",
            Self::PartlyFilled if open_links > 0 => "Somebody to fill in the rest",
            Self::PartlyFilled => "You: ask for the rest",
            Self::FilledIn if ability.check => "You: validate it",
            Self::FilledIn => "You: finalise it",
            Self::Validating => "The validation to end",
            Self::ValidationFailed => "You: change the details",
            Self::Validated if ability.read => "You: choose streams and finalise",
            Self::Validated => "You: finalise it",
            Self::NeedsReconnecting => "You: ask somebody to sign in again",
            Self::Finalised => "Nobody",
        }
    }
}

/// One step of the stepper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happens in it.
    pub label: &'static str,
    /// `done`, `current` or empty for still to come.
    pub state: &'static str,
    /// When, or how far.
    pub note: String,
}

/// How many of the required fields have a value.
#[derive(Debug, Clone, Copy)]
pub struct FilledIn {
    /// With a value.
    pub given: usize,
    /// In all.
    pub required: usize,
}

/// The steps of a draft: made, link made (when there is one), filled in.
pub fn steps(progress: Progress, created: UtcTime, link_sent: Option<UtcTime>, filled: FilledIn) -> Vec<Step> {
    let FilledIn { given, required } = filled;
    let complete = matches!(progress, Progress::FilledIn | Progress::Finalised);
    let mut steps = vec![Step { label: "Created", state: "done", note: created.short() }];
    if let Some(sent) = link_sent {
        steps.push(Step { label: "Link made", state: "done", note: sent.short() });
    } else if !complete {
        steps.push(Step {
            label: "Link made",
            state: if progress == Progress::Draft { "current" } else { "" },
            note: String::new(),
        });
    }
    let filling = if complete {
        "done"
    } else if link_sent.is_some() || progress == Progress::PartlyFilled {
        "current"
    } else {
        ""
    };
    let note = if required == 0 { "nothing is required".to_owned() } else { format!("{given} of {required} needed") };
    steps.push(Step { label: "Filled in", state: filling, note });
    steps
}

/// What of so many sources goes to a destination, in a sentence.
pub(super) fn received(sources: usize) -> String {
    match sources {
        0 => "Records can go to it. Choose it on the page “Trigger and output” of a source.".to_owned(),
        1 => "The records of 1 source go to it.".to_owned(),
        MOST_NAMED.. => "The records of many sources go to it.".to_owned(),
        more => format!("The records of {more} sources go to it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_says_whose_turn_it_is() {
        assert_eq!(Progress::of(2, true, 0, None), Progress::Draft);
        assert_eq!(Progress::of(2, true, 1, None), Progress::LinkOpen);
        assert_eq!(Progress::of(1, false, 0, None), Progress::PartlyFilled);
        assert_eq!(Progress::of(0, false, 1, None), Progress::FilledIn);
        assert_eq!(Progress::of(0, true, 0, None), Progress::Draft);
        assert_eq!(Progress::of(2, true, 0, UtcTime::from_unix(0)), Progress::Finalised);
    }

    #[test]
    fn what_is_known_of_the_details_comes_after_them() {
        use Progress::*;
        for (before, standing, is_broken, after) in [
            (FilledIn, Standing::None, false, FilledIn),
            (FilledIn, Standing::Going, false, Validating),
            (FilledIn, Standing::Good, false, Validated),
            (FilledIn, Standing::Bad, false, ValidationFailed),
            (FilledIn, Standing::Good, true, NeedsReconnecting),
            (Finalised, Standing::Bad, false, Finalised),
            (Finalised, Standing::Good, true, NeedsReconnecting),
            (PartlyFilled, Standing::Bad, true, PartlyFilled),
        ] {
            assert_eq!(before.known(&standing, is_broken), after, "{before:?} {standing:?}");
        }
    }

    #[test]
    fn exactly_one_step_is_current_until_all_is_done() {
        let now = UtcTime::from_unix(0).unwrap();
        for (progress, sent) in [
            (Progress::Draft, None),
            (Progress::LinkOpen, Some(now)),
            (Progress::PartlyFilled, Some(now)),
            (Progress::PartlyFilled, None),
        ] {
            let steps = steps(progress, now, sent, super::FilledIn { given: 0, required: 2 });
            assert_eq!(steps.iter().filter(|step| step.state == "current").count(), 1, "{progress:?}");
        }
    }
}
