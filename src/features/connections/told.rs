//! What is told of a conflict: a member sees who changed the field meanwhile, and to what; somebody outside only that it was answered.

use super::{Connection, Filler};
use crate::base::forms::{FieldError, Meanwhile, ValueProblem};
use crate::schema::form::{MergeConflict, overview};
use crate::schema::spec::Spec;

/// The conflicts with what the connection holds now, for whoever ran into them.
pub(super) fn to(by: Filler, now: &Connection, spec: &Spec, conflicts: Vec<MergeConflict>) -> Vec<FieldError> {
    if by == Filler::Recipient {
        return conflicts.into_iter().map(|conflict| conflict.error).collect();
    }
    let answers = overview(spec, &now.known_to_members());
    let told = |conflict: MergeConflict| {
        let MergeConflict { key, error } = conflict;
        if error.code != ValueProblem::Meanwhile(Meanwhile::Answered) {
            return error;
        }
        let who = now.origin_of(&key).map(|origin| origin.name.clone()).unwrap_or_default();
        let answer = answers.iter().find(|answer| answer.key == key);
        let meanwhile = match answer {
            Some(answer) if answer.is_set() => Meanwhile::Changed { who, to: answer.shown.clone() },
            Some(_) => Meanwhile::Removed { who },
            None => Meanwhile::Changed { who, to: None },
        };
        FieldError { code: ValueProblem::Meanwhile(meanwhile), ..error }
    };
    conflicts.into_iter().map(told).collect()
}
