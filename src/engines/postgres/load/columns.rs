//! Which column a field becomes.

use sha2::{Digest as _, Sha256};

/// PostgreSQL cuts longer names.
const LONGEST: usize = 63;
/// Columns that every table of PostgreSQL has.
const TAKEN: [&str; 7] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid", "oid"];

/// The column of a field: the same name, unless PostgreSQL or this product needs that name itself or it is too long.
pub(super) fn column_name(field: &str) -> String {
    let is_taken = field.is_empty() || TAKEN.contains(&field) || field.starts_with("_vestibule_");
    if !is_taken && field.len() <= LONGEST {
        return field.to_owned();
    }
    let mark: String = Sha256::digest(field.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let most = LONGEST - mark.len() - 3;
    let kept: String = field.char_indices().take_while(|(at, c)| at + c.len_utf8() <= most).map(|(_, c)| c).collect();
    let begin = if field.starts_with("_vestibule_") { "f" } else { "" };
    format!("{begin}{kept}_{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_unless_they_cannot() {
        for field in ["id", "Line Items", "täglich", "ctid_", "\"quoted\""] {
            assert_eq!(column_name(field), field);
        }
        for field in ["", "xmin", "_vestibule_run", &"ä".repeat(40), &"a".repeat(64)] {
            let name = column_name(field);
            assert!(name != *field && !name.is_empty() && name.len() <= LONGEST, "{field}: {name}");
            assert!(!name.starts_with("_vestibule_") && column_name(&name) == name, "{field}: {name}");
        }
        assert_ne!(column_name(&"a".repeat(64)), column_name(&"a".repeat(65)));
    }
}
