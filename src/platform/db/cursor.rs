//! Where a page of a list lies. A cursor holds the place of the row at the edge of the page (what the list is ordered by), so rows
//! that come or go meanwhile, that very row too, make no other row appear twice or be left out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::clock::UtcTime;

/// Bytes that a place in a list may have.
const LONGEST_PLACE: usize = 1_000;

/// Where a page lies, seen from the place that the cursor holds.
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
        let row = plain
            .get(1..)
            .filter(|row| !row.is_empty() && row.len() <= LONGEST_PLACE && !row.contains('\0'))?
            .to_owned();
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

    /// Cuts the page out of a whole list, which it puts in the order of its rows' places: those of [`place_by_time`] newest first,
    /// those of [`place_by_name`] by name. A place whose row is gone still lies between the same neighbours.
    pub fn cut<T>(&self, mut rows: Vec<T>, direction: ListDirection, place_of: impl Fn(&T) -> String) -> Page<T> {
        rows.sort_by_cached_key(&place_of);
        if direction == ListDirection::Falling {
            rows.reverse();
        }
        let count = rows.len();
        let is_before = |row: &T, place: &str| match direction {
            ListDirection::Rising => place_of(row).as_str() < place,
            ListDirection::Falling => place_of(row).as_str() > place,
        };
        let (from, to) = match &self.cursor {
            None => (0, self.limit),
            Some(PageCursor::After(place)) => {
                let from = rows.partition_point(|row| is_before(row, place) || place_of(row) == *place);
                (from, from.saturating_add(self.limit))
            }
            Some(PageCursor::Before(place)) => {
                let to = rows.partition_point(|row| is_before(row, place));
                (to.saturating_sub(self.limit), to)
            }
        };
        let (from, to) = (from.min(count), to.min(count));
        let rows: Vec<T> = rows.into_iter().skip(from).take(to - from).collect();
        Page { count, has_before: from > 0, has_after: to < count, rows }
    }
}

/// Which way the places of a list go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListDirection {
    /// The smallest place comes first.
    Rising,
    /// The greatest place comes first.
    Falling,
}

/// The place of a row in a list ordered by time.
pub fn place_by_time(at: UtcTime, id: impl std::fmt::Display) -> String {
    // As many digits as the year 9999 has, so that texts sort like numbers.
    format!("{:018}{id}", (at.as_offset().unix_timestamp_nanos() / 1_000).max(0))
}

/// The place of a row in a list ordered by name, whatever its case; `slug` tells those of one name apart.
pub fn place_by_name(name: &str, slug: &str) -> String {
    const LONGEST_NAME: usize = 100;
    let name: String = name.to_lowercase().chars().take(LONGEST_NAME).collect();
    format!("{name}\u{1}{slug}")
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
        let cut = PageRequest { cursor, limit }.cut(rows.to_vec(), ListDirection::Rising, ToString::to_string);
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

    #[test]
    fn a_page_goes_on_where_a_row_was_that_is_gone() {
        assert_eq!(page(&[1, 3, 4, 5], Some(PageCursor::After("2".into())), 2), (vec![3, 4], true, true));
        assert_eq!(page(&[1, 2, 4, 5], Some(PageCursor::Before("3".into())), 2), (vec![1, 2], false, true));
    }

    #[test]
    fn places_sort_as_what_they_are_made_of() {
        let at = |seconds| UtcTime::from_unix(seconds).unwrap();
        assert!(place_by_time(at(9), "z") < place_by_time(at(10), "a"));
        assert!(place_by_time(at(10), "a") < place_by_time(at(10), "b"));
        assert!(place_by_time(at(253_402_300_799), "") > place_by_time(at(1_800_000_000), ""));
        assert!(place_by_name("Zoo", "a") > place_by_name("apple", "b"));
        let long = "ä".repeat(500);
        let cursor = PageCursor::After(place_by_name(&long, &"s".repeat(200)));
        assert_eq!(PageCursor::parse(&cursor.text()), Some(cursor), "our own cursors are always taken");
    }

    proptest! {
        /// Whoever turns the pages sees every row that stays exactly once, in order, whatever is deleted on the way.
        #[test]
        fn rows_that_stay_are_seen_once(
            rows in proptest::collection::btree_set(0..90_u64, 0..30),
            gone in proptest::collection::btree_set(0..90_u64, 0..30),
            limit in 1..5_usize,
            falling in proptest::bool::ANY,
        ) {
            let place = |row: &u64| format!("{row:03}");
            let direction = if falling { ListDirection::Falling } else { ListDirection::Rising };
            let mut left: Vec<u64> = rows.iter().copied().collect();
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let cut = PageRequest { cursor, limit }.cut(left.clone(), direction, place);
                let Some(last) = cut.rows.last() else { break };
                cursor = Some(PageCursor::After(place(last)));
                seen.extend(cut.rows);
                left.retain(|row| !gone.contains(row));
            }
            let mut due: Vec<u64> = rows.iter().copied().filter(|row| !gone.contains(row)).collect();
            let order = seen.clone();
            seen.sort_unstable();
            let sorted = if falling { seen.iter().rev().copied().collect() } else { seen.clone() };
            prop_assert_eq!(order, sorted);
            seen.retain(|row| !gone.contains(row));
            due.sort_unstable();
            prop_assert_eq!(seen, due);
        }

        #[test]
        fn any_text_is_a_cursor_or_refused(text in "\\PC{0,40}") {
            if let Some(cursor) = PageCursor::parse(&text) {
                prop_assert_eq!(PageCursor::parse(&cursor.text()), Some(cursor));
            }
        }
    }
}
