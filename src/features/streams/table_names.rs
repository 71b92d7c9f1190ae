//! What tables are called: like their streams, as far as a table or a file can be. Letters of every script may stand in a name; in suggestions
//! Latin ones with marks become plain, because people type them.
//!
//! A suggestion always passes the rules, and no two streams get the same.

use std::collections::BTreeSet;

use crate::engines::{Catalog, Stream};

/// Bytes: PostgreSQL cuts longer names; files do not care.
const LONGEST: usize = 63;
/// What tables of our own begin with.
const OURS: &str = "_vestibule_";

/// What is wrong with a name, as the end of a sentence.
pub(super) fn table_fault(table: &str) -> Option<&'static str> {
    if table.starts_with(OURS) {
        return Some("must not begin with _vestibule_");
    }
    let starts = table.chars().next().is_some_and(|c| c == '_' || (c.is_alphabetic() && fits(c)));
    match (starts && table.chars().all(fits), table.len() > LONGEST) {
        (false, _) => Some("must be lower-case letters, digits and _, and begin with a letter"),
        (true, true) => Some("must be 63 characters or fewer (a letter beyond a to z counts two to four)"),
        (true, false) => None,
    }
}

/// Whether it may stand in a name: PostgreSQL tells upper from lower case, people do not.
fn fits(c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && c.to_lowercase().eq([c]))
}

/// The names for the streams of a catalog, in its order.
pub fn suggested_tables(catalog: &Catalog, prefix: &str) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut take = |name: String| {
        let free = free_table(&name, &taken);
        taken.insert(free.clone());
        free
    };
    catalog.streams.iter().map(|stream| take(table_name(stream, prefix))).collect()
}

/// That name, or with a number behind it one that is not taken.
pub fn free_table(name: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|number: usize| {
        let tail = format!("_{number}");
        format!("{}{tail}", cut(name, LONGEST - tail.len()))
    });
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|one| !taken.contains(one));
    free.unwrap_or_default()
}

/// A stream's name as a table is called; the usual schema of PostgreSQL is left out.
pub(super) fn table_name(stream: &Stream, prefix: &str) -> String {
    let space = stream.namespace.as_deref().filter(|space| *space != "public").unwrap_or_default();
    let whole = if space.is_empty() { stream.name.clone() } else { format!("{space}_{}", stream.name) };
    let mut name = String::from(prefix);
    let mut was_lower = false;
    for c in whole.chars().filter(|c| !is_mark(*c)) {
        if !c.is_alphanumeric() {
            was_lower = false;
            if !name.ends_with('_') {
                name.push('_');
            }
            continue;
        }
        if c.is_uppercase() && was_lower {
            name.push('_');
        }
        was_lower = !c.is_uppercase();
        for lower in c.to_lowercase().filter(|c| !is_mark(*c)) {
            match plain(lower) {
                Some(letters) => name.push_str(letters),
                None if fits(lower) => name.push(lower),
                // A letter that has no small form.
                None => name.push('_'),
            }
        }
    }
    let name = name.trim_end_matches('_');
    let begins = name.chars().next().is_some_and(|c| c == '_' || c.is_alphabetic()) && !name.starts_with(OURS);
    let whole = if begins { name.to_owned() } else { format!("t_{}", name.trim_start_matches('_')) };
    cut(&whole, LONGEST).to_owned()
}

/// As much of it as has so many bytes.
fn cut(name: &str, most: usize) -> &str {
    let end = (0..=most.min(name.len())).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    name.get(..end).unwrap_or_default()
}

/// Accents that stand behind their letter.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// A small Latin letter without its marks; `None` for every other.
fn plain(c: char) -> Option<&'static str> {
    const PLAIN: [(&str, &str); 31] = [
        ("a", "àáâãäåāăąǎȁȃạảấầẩẫậắằẳẵặ"),
        ("ae", "æǽ"),
        ("b", "ḃḅ"),
        ("c", "çćĉċč"),
        ("d", "ďđḍ"),
        ("dh", "ð"),
        ("e", "èéêëēĕėęěȅȇẹẻẽếềểễệ"),
        ("f", "ƒ"),
        ("g", "ĝğġģǧ"),
        ("h", "ĥħḥ"),
        ("i", "ìíîïĩīĭįıǐȉȋịỉ"),
        ("ij", "ĳ"),
        ("j", "ĵ"),
        ("k", "ķĸ"),
        ("l", "ĺļľŀł"),
        ("m", "ṃ"),
        ("n", "ñńņňŉŋ"),
        ("o", "òóôõöøōŏőǒȍȏơọỏốồổỗộớờởỡợ"),
        ("oe", "œ"),
        ("p", "ṗ"),
        ("r", "ŕŗřȑȓ"),
        ("s", "śŝşšșſṣ"),
        ("ss", "ß"),
        ("t", "ţťŧțṭ"),
        ("th", "þ"),
        ("u", "ùúûüũūŭůűųǔȕȗưụủứừửữự"),
        ("v", "ṿ"),
        ("w", "ŵẁẃẅ"),
        ("x", "ẋ"),
        ("y", "ýÿŷỳỵỷỹ"),
        ("z", "źżž"),
    ];
    PLAIN.iter().find(|(_, marked)| marked.contains(c)).map(|(plain, _)| *plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{check_all, suggest};
    use super::*;

    fn named(namespace: Option<&str>, name: &str) -> Stream {
        Stream { name: name.to_owned(), namespace: namespace.map(str::to_owned), ..Stream::default() }
    }

    #[test]
    fn tables_are_called_like_streams_as_far_as_a_table_can() {
        for (space, name, expected) in [
            (None, "ads", "fb_ads"),
            (Some("public"), "Line.Items", "fb_line_items"),
            (Some("shop"), "adSets", "fb_shop_ad_sets"),
            (None, "2024 täglich", "fb_2024_taglich"),
            (None, "Ünïcode", "fb_unicode"),
            (None, "u\u{308}ber", "fb_uber"),
            (None, "Straße", "fb_strasse"),
            (None, "заказы", "fb_заказы"),
            (None, "ЗаказыКлиентов", "fb_заказы_клиентов"),
            (None, "注文", "fb_注文"),
        ] {
            assert_eq!(table_name(&named(space, name), "fb_"), expected);
        }
        for (name, expected) in
            [("2024", "t_2024"), ("_vestibule_tables", "t_vestibule_tables"), ("?", "t_"), ("заказы", "заказы")]
        {
            assert_eq!(table_name(&named(None, name), ""), expected);
        }
    }

    #[test]
    fn two_streams_do_not_get_one_table() {
        let names = |all: &[&str]| {
            let streams = all.iter().map(|name| named(None, name)).collect();
            suggested_tables(&Catalog { streams }, "")
        };
        assert_eq!(names(&["a b", "a.b", "a_b"]), ["a_b", "a_b_2", "a_b_3"]);
        assert_eq!(names(&["Ä", "a", "a_2", "á"]), ["a", "a_2", "a_2_2", "a_3"]);
        let long = "я".repeat(40);
        let found = names(&[&long, &long]);
        assert!(found[0].len() == 62 && found[1].ends_with("я_2") && found[1].len() <= 63, "{found:?}");
    }

    #[test]
    fn what_people_give_is_judged() {
        for good in ["orders", "_a", "заказы", "注文_1", "ünïcode"] {
            assert_eq!(table_fault(good), None, "{good}");
        }
        for bad in ["", "Orders", "Заказы", "1a", "a-b", "a b", "a.b", "_vestibule_x", "a/b", &"я".repeat(32)] {
            assert!(table_fault(bad).is_some(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_suggestion_is_always_taken(names in prop::collection::vec(any::<String>(), 1..8), prefix in "[a-z0-9_]{0,30}") {
            let streams = names.iter().enumerate().map(|(at, name)| named(Some(&at.to_string()).filter(|_| at > 4).map(String::as_str), name));
            let mut streams: Vec<Stream> = streams.collect();
            streams.dedup_by(|one, other| one.full_name() == other.full_name());
            let catalog = Catalog { streams };
            let faults = check_all(&suggest(&catalog, &prefix), &catalog);
            let of_tables: Vec<_> = faults.iter().filter(|fault| fault.member == "table_name").collect();
            prop_assert!(of_tables.is_empty(), "{of_tables:?}");
        }
    }
}
