//! Where a page of a list lies. A cursor names the row at the edge of the page, so rows that come or go meanwhile make no other row
//! appear twice or be left out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Where a page lies, seen from the row that the cursor names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageCursor {
    /// The rows that come after it in the list.
    After(String),
    /// The rows that come before it.
    Before(String),
}

impl PageCursor {
    /// The cursor as a query parameter.
    pub fn text(&self) -> String {
        let plain = match self {
            Self::After(row) => format!("a{row}"),
            Self::Before(row) => format!("b{row}"),
        };
        URL_SAFE_NO_PAD.encode(plain)
    }

    /// Reads a cursor that [`PageCursor::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let row = plain.get(1..).filter(|row| !row.is_empty() && row.len() <= 200 && !row.contains('\0'))?.to_owned();
        match plain.chars().next()? {
            'a' => Some(Self::After(row)),
            'b' => Some(Self::Before(row)),
            _ => None,
        }
    }
}

/// Which page is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where it lies; `None`: at the start.
    pub cursor: Option<PageCursor>,
    /// How many rows it has at most.
    pub limit: usize,
}

impl PageRequest {
    /// The page of rows that were read from the cursor on, one more than the page holds; `backwards` when they were read against
    /// the order of the list. `count` is how many rows there are in all.
    pub fn edges<T>(&self, count: usize, mut read: Vec<T>, backwards: bool) -> Page<T> {
        let more = read.len() > self.limit;
        read.truncate(self.limit);
        if backwards {
            read.reverse();
        }
        let (has_before, has_after) = if backwards { (more, true) } else { (self.cursor.is_some(), more) };
        Page { count, has_before, has_after, rows: read }
    }

    /// Cuts the page out of a whole list, in the list's order; `row_of` names a row.
    pub fn cut<T>(&self, rows: Vec<T>, row_of: impl Fn(&T) -> String) -> Page<T> {
        let count = rows.len();
        let at = |row: &str| rows.iter().position(|one| row_of(one) == row);
        let (from, to) = match &self.cursor {
            None => (0, self.limit),
            Some(PageCursor::After(row)) => at(row).map_or((count, count), |place| (place + 1, place + 1 + self.limit)),
            Some(PageCursor::Before(row)) => at(row).map_or((0, 0), |place| (place.saturating_sub(self.limit), place)),
        };
        let (from, to) = (from.min(count), to.min(count));
        let rows: Vec<T> = rows.into_iter().skip(from).take(to - from).collect();
        Page { count, has_before: from > 0, has_after: to < count, rows }
    }
}

/// A page, and whether there is more on either side.
#[derive(Debug)]
pub struct Page<T> {
    /// Rows in the whole list.
    pub count: usize,
    /// There are rows before these.
    pub has_before: bool,
    /// There are rows after these.
    pub has_after: bool,
    /// The rows.
    pub rows: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(rows: &[u32], cursor: Option<PageCursor>, limit: usize) -> (Vec<u32>, bool, bool) {
        let cut = PageRequest { cursor, limit }.cut(rows.to_vec(), ToString::to_string);
        (cut.rows, cut.has_before, cut.has_after)
    }

    #[test]
    fn pages_follow_each_other_both_ways() {
        let rows: Vec<u32> = (1..=5).collect();
        assert_eq!(page(&rows, None, 2), (vec![1, 2], false, true));
        assert_eq!(page(&rows, Some(PageCursor::After("2".into())), 2), (vec![3, 4], true, true));
        assert_eq!(page(&rows, Some(PageCursor::After("4".into())), 2), (vec![5], true, false));
        assert_eq!(page(&rows, Some(PageCursor::Before("3".into())), 2), (vec![1, 2], false, true));
        assert_eq!(page(&rows, Some(PageCursor::After("9".into())), 2), (vec![], true, false));
    }

    proptest! {
        #[test]
        fn any_text_is_a_cursor_or_refused(text in "\\PC{0,40}") {
            if let Some(cursor) = PageCursor::parse(&text) {
                prop_assert_eq!(PageCursor::parse(&cursor.text()), Some(cursor));
            }
        }
    }
}
