//! What fields are called: titles as the spec has them, or made from keys, and made different where two would be the
//! same.

use std::collections::{BTreeMap, BTreeSet};

use super::limits;
use super::model::{GroupShape, Node, NodeKind};

/// Words that are written in their own way.
const WORDS: [(&str, &str); 40] = [
    ("api", "API"),
    ("arn", "ARN"),
    ("aws", "AWS"),
    ("ca", "CA"),
    ("cdc", "CDC"),
    ("cdn", "CDN"),
    ("cpu", "CPU"),
    ("crm", "CRM"),
    ("csv", "CSV"),
    ("db", "DB"),
    ("dns", "DNS"),
    ("gcs", "GCS"),
    ("hmac", "HMAC"),
    ("html", "HTML"),
    ("http", "HTTP"),
    ("https", "HTTPS"),
    ("iam", "IAM"),
    ("id", "ID"),
    ("ids", "IDs"),
    ("ip", "IP"),
    ("jdbc", "JDBC"),
    ("json", "JSON"),
    ("jwt", "JWT"),
    ("kms", "KMS"),
    ("ldap", "LDAP"),
    ("oauth", "OAuth"),
    ("oauth2", "OAuth 2"),
    ("pem", "PEM"),
    ("s3", "S3"),
    ("sdk", "SDK"),
    ("sftp", "SFTP"),
    ("sql", "SQL"),
    ("ssh", "SSH"),
    ("ssl", "SSL"),
    ("tls", "TLS"),
    ("ttl", "TTL"),
    ("uri", "URI"),
    ("url", "URL"),
    ("utc", "UTC"),
    ("uuid", "UUID"),
];

/// The spec's title, trimmed; else the key in words.
pub(super) fn title(given: Option<&str>, key: &str) -> String {
    let given = given.map(str::trim).filter(|given| !given.is_empty());
    given.map_or_else(
        || humanise(key),
        |given| limits::clip(given, limits::MAX_TITLE).split_whitespace().collect::<Vec<_>>().join(" "),
    )
}

/// `access_token` is "Access token", `apiURL` is "API URL".
pub(super) fn humanise(key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in limits::clip(key, limits::MAX_TITLE).chars() {
        let breaks = !letter.is_alphanumeric();
        let new_word = breaks || (letter.is_uppercase() && before.is_lowercase());
        if new_word || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && !breaks
        {
            word.push(letter);
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    let spelled: Vec<String> = words.iter().enumerate().map(|(place, word)| spell(word, place == 0)).collect();
    if spelled.is_empty() { "Value".to_owned() } else { spelled.join(" ") }
}

fn spell(word: &str, first: bool) -> String {
    let lower = word.to_lowercase();
    if let Some((_, own)) = WORDS.iter().find(|(known, _)| *known == lower) {
        return (*own).to_owned();
    }
    let shouted = word.chars().count() > 1 && word.chars().all(|letter| !letter.is_lowercase());
    match (shouted, first) {
        (true, _) => word.to_owned(),
        (false, true) => upper_first(&lower),
        (false, false) => lower,
    }
}

pub(super) fn upper_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// For the middle of a sentence: "Report" is "report", "SSH key" stays.
pub(crate) fn lower_first(text: &str) -> String {
    let second = text.chars().nth(1);
    if second.is_none_or(|letter| !letter.is_lowercase()) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What one of several is called: "Reports" has a "Report", "Queries" a "Query". Words that do not end in s stay.
pub(crate) fn one_of_many(title: &str) -> String {
    let lower = title.to_lowercase();
    let keep = |drop: usize| title.get(..title.len().saturating_sub(drop)).unwrap_or(title);
    if lower.len() > 4 && title.is_ascii() && lower.ends_with("ies") {
        format!("{}y", keep(3))
    } else if title.is_ascii() && lower.len() > 2 && lower.ends_with('s') && !lower.ends_with("ss") {
        keep(1).to_owned()
    } else {
        title.to_owned()
    }
}

/// Makes siblings' labels different, by their keys where two are the same.
pub(super) fn tell_siblings_apart(fields: &mut [Node]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for field in fields.iter().filter(|field| field.is_asked()) {
        *count.entry(field.title.to_lowercase()).or_default() += 1;
    }
    for field in fields.iter_mut().filter(|field| field.is_asked()) {
        if count.get(&field.title.to_lowercase()).is_some_and(|count| *count > 1) {
            field.title = format!("{} ({})", field.title, field.key);
        }
    }
}

/// Notes beside each field the group it stands in, where another field elsewhere has the same label.
pub(super) fn tell_groups_apart(root: &mut Node) {
    let mut places = BTreeMap::new();
    collect(root, "", &mut places);
    mark(root, None, &places);
}

type Places = BTreeMap<String, BTreeSet<String>>;

/// Branches of one choice share their place: only one of them is ever shown.
fn collect(node: &Node, path: &str, places: &mut Places) {
    if node.is_asked() {
        places.entry(node.title.to_lowercase()).or_default().insert(path.to_owned());
    }
    for field in children(node) {
        collect(field, &format!("{path}/{}", field.key), places);
    }
}

fn mark(node: &mut Node, parent: Option<&str>, places: &Places) {
    if places.get(&node.title.to_lowercase()).is_some_and(|paths| paths.len() > 1) {
        node.within = parent.map(str::to_owned);
    }
    let title = node.title.clone();
    let here = if node.key.is_empty() && parent.is_none() { None } else { Some(title.as_str()) };
    match &mut node.kind {
        NodeKind::Group(group) => mark_all(group, here, places),
        NodeKind::OneOf(one_of) => {
            one_of.branches.iter_mut().for_each(|branch| mark_all(&mut branch.group, here, places))
        }
        // Inside rows the row itself tells fields apart.
        _ => {}
    }
}

fn mark_all(group: &mut GroupShape, here: Option<&str>, places: &Places) {
    group.fields.iter_mut().for_each(|field| mark(field, here, places));
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.kind {
        NodeKind::Group(group) => group.fields.iter().collect(),
        NodeKind::OneOf(one_of) => one_of.branches.iter().flat_map(|branch| branch.group.fields.iter()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_words() {
        let cases = [
            ("access_token", "Access token"),
            ("account_ids", "Account IDs"),
            ("apiURL", "API URL"),
            ("X-Postmark-Server-Token", "X postmark server token"),
            ("keep_files_in_gcs-bucket", "Keep files in GCS bucket"),
            ("AWS_REGION", "AWS REGION"),
            ("___", "Value"),
            ("clientId", "Client ID"),
        ];
        for (key, words) in cases {
            assert_eq!(humanise(key), words);
        }
        assert_eq!(title(Some("  A\n title "), "x"), "A title");
    }

    #[test]
    fn one_of_several_has_a_name() {
        assert_eq!(
            ["Reports", "Custom queries", "Address", "IDs", "Data"].map(one_of_many),
            ["Report", "Custom query", "Address", "ID", "Data"]
        );
    }
}
