//! Rows of an array without any script: the known ones stand open, further ones wait behind "Add another", each
//! inside the one before.

use serde_json::Value;

use super::super::place::{FormPlace, RowSeat, control};
use super::build::{Builder, BuiltPart, ViewScope, inline};
use super::parts::{FormPart, RowPart, RowsPart};
use crate::schema::spec::{Node, NodeKind, RowsShape};

impl<'a> Builder<'a> {
    pub(super) fn rows(
        &mut self,
        node: &'a Node,
        rows: &'a RowsShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
    ) -> Option<BuiltPart<'a>> {
        let frame = self.frame(node, place, scope);
        let there = scope.value.filter(|_| !scope.fresh).and_then(Value::as_array);
        let known = there.map_or(0, Vec::len);
        let typed = self.state.typed_rows(&place.name, RowsShape::MOST);
        let is_named = self.names(place);
        let more = if is_named { typed.max(known + rows.spare(scope.in_rows)) } else { known };
        let slots = more.clamp(known, rows.max.max(known));
        let first_open = is_named && known == 0 && (node.required || rows.min > 0);
        let mut all: Vec<(RowPart<'a>, bool)> =
            (0..slots).map(|index| self.row(rows, place, scope, index, known)).collect();
        // A row without a question is not shown, unless the list itself is asked for.
        all.retain(|(row, _)| is_named || !row.parts.is_empty());
        let standing = if is_named { known.max(usize::from(first_open)) } else { all.len() };
        if all.is_empty() && !is_named {
            return None;
        }
        let last_busy = all.iter().rposition(|(_, busy)| *busy).map_or(0, |last| last + 1);
        let busy = frame.error.is_some() || known > 0 || last_busy > 0;
        let mut spare: Vec<RowPart<'a>> =
            all.split_off(standing.min(all.len())).into_iter().map(|(row, _)| row).collect();
        for (index, row) in spare.iter_mut().enumerate() {
            row.open = standing + index < last_busy;
            row.first = standing + index == 0;
        }
        let rows = RowsPart {
            frame,
            count: (control(&place.name, "n"), known),
            one: inline(&rows.item.title),
            rows: all.into_iter().map(|(row, _)| row).collect(),
            spare,
        };
        Some(BuiltPart { part: FormPart::Rows(Box::new(rows)), busy })
    }

    fn row(
        &mut self,
        rows: &'a RowsShape,
        place: &FormPlace,
        scope: ViewScope<'a>,
        index: usize,
        known: usize,
    ) -> (RowPart<'a>, bool) {
        let value =
            scope.value.filter(|_| index < known).and_then(|list| list.get(index)).filter(|row| !Value::is_null(row));
        let seat = value.map_or_else(|| RowSeat::new(index), |row| RowSeat::known(index, row));
        let here = place.row(&seat, &rows.item.title);
        let inner = ViewScope {
            value,
            fresh: index >= known,
            depth: scope.depth + 1,
            in_rows: true,
            brief: scope.brief || index > 0,
        };
        let (parts, busy) = self.item(&rows.item, &here, inner);
        let title = format!("{} {}", rows.item.title, index + 1);
        let mark = control(&here.name, "rm");
        let ticked = self.state.typed(&mark).is_some();
        let remove = (self.owner && index < known).then_some((mark, ticked));
        let id = value.map(|_| (control(&here.name, "id"), seat.id.into_owned()));
        (RowPart { inline: inline(&title), title, open: false, first: false, id, remove, parts }, busy)
    }

    fn item(&mut self, item: &'a Node, place: &FormPlace, scope: ViewScope<'a>) -> (Vec<FormPart<'a>>, bool) {
        match &item.kind {
            NodeKind::Group(group) => self.group(group, place, scope, Some(&item.title)),
            NodeKind::OneOf(one_of) => {
                let made = self.one_of(item, one_of, place, scope);
                let busy = made.as_ref().is_some_and(|made| made.busy);
                (made.map(|made| made.part).into_iter().collect(), busy)
            }
            _ => (Vec::new(), false),
        }
    }
}
