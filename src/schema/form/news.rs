//! Whether a change says anything else than what was shown: who sends back what they read has changed nothing, whatever others did.

use serde_json::Value;

use super::assemble::chosen;
use super::identity::row_id;
use super::merge_rows::RowList;
use super::merger::{Merger, ShownScope};
use super::patch::{ChosenBranch, Patch, RowName};
use super::place::{FormPlace, RowSeat};
use crate::schema::spec::{GroupShape, Node, NodeKind, OneOfShape, RowsShape};

impl Merger<'_> {
    /// `place` is where it was shown.
    pub(super) fn is_news(&self, node: &Node, patch: &Patch, place: &FormPlace, before: ShownScope<'_>) -> bool {
        match (patch, &node.kind) {
            (Patch::Keep | Patch::Standing(_) | Patch::Reference(_), _) => false,
            (Patch::Plain(value), _) => before.value != Some(value),
            (Patch::Group(changes), NodeKind::Group(group)) => self.any_news(group, changes, place, before),
            (Patch::Branch(choice), NodeKind::OneOf(one_of)) => self.is_branch_news(one_of, choice, place, before),
            (Patch::Rows(rows), _) => {
                rows.iter().any(|(name, change)| matches!(name, RowName::New(_)) || change.says_something())
            }
            (Patch::List(given), NodeKind::Rows(rows)) => self.is_list_news(node, rows, given, place, before),
            _ => true,
        }
    }

    fn any_news(
        &self,
        group: &GroupShape,
        changes: &[(String, Patch)],
        place: &FormPlace,
        before: ShownScope<'_>,
    ) -> bool {
        changes.iter().any(|(key, change)| {
            let field = group.field(key);
            field.is_some_and(|field| self.is_news(field, change, &place.child(key), before.inside(key)))
        })
    }

    pub(super) fn is_branch_news(
        &self,
        one_of: &OneOfShape,
        choice: &ChosenBranch,
        place: &FormPlace,
        before: ShownScope<'_>,
    ) -> bool {
        let stood = if before.fresh { None } else { chosen(one_of, before.value, self.base, place.key()) };
        let (was_here, branch) = (stood == Some(choice.index), one_of.branches.get(choice.index));
        let before = if was_here { before } else { ShownScope::NOTHING };
        let inside = place.branch(choice.index);
        !was_here && choice.is_choice
            || branch.is_some_and(|branch| self.any_news(&branch.group, &choice.fields, &inside, before))
    }

    pub(super) fn is_list_news(
        &self,
        node: &Node,
        rows: &RowsShape,
        given: &[Patch],
        place: &FormPlace,
        before: ShownScope<'_>,
    ) -> bool {
        let list = RowList::of(node, rows, place, before, None);
        let said = self.recognised(&list, given);
        let is_news = |((name, change), (index, shown)): (&(RowName, Patch), (usize, &Value))| {
            let scope = ShownScope { value: Some(shown), fresh: false };
            let at = place.row(&RowSeat::known(index, shown), &rows.item.title);
            *name != RowName::Old(row_id(shown, index).into_owned()) || self.is_news(&rows.item, change, &at, scope)
        };
        before.value.is_none()
            || said.len() != list.shown.len()
            || said.iter().zip(list.shown.iter().enumerate()).any(is_news)
    }
}
