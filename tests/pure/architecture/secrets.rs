//! A secret has a type that cannot be printed and is wiped when it goes, from where it comes in to where it is sealed.

use super::files::{File, none, product};
use crate::support::scanner::{closing, words};

/// Parts of a name that say that a field holds a secret.
const SECRET: [&str; 9] =
    ["secret", "secrets", "token", "tokens", "verifier", "password", "passwords", "passphrase", "credentials"];

/// What is called so and is none: file, field, and why.
const NONE: [(&str, &str, &str); 11] = [
    ("sign_in_provider/protocol/discovery.rs", "token_endpoint", "an address that the provider publishes"),
    ("sign_in_provider/protocol/discovery.rs", "id_token_signing_alg_values_supported", "published too"),
    ("sign_in_provider/protocol/discovery.rs", "token_endpoint_auth_methods_supported", "published too"),
    ("sign_in_provider/settings_pages.rs", "passwords", "the word `on` or `off` of a form"),
    ("connections/store.rs", "secret_paths", "where secrets stand, not what they are"),
    ("connections/store.rs", "secret_revisions", "since when they stand there"),
    ("revisions/store.rs", "secret_paths", "where secrets stood, not what they were"),
    ("revisions/store.rs", "secret_revisions", "since when they stood there"),
    ("invite_links/api_view.rs", "token", "the answer that shows a new link once"),
    ("setup_links/api.rs", "token", "the answer that shows a new link once"),
    ("schema/form/check/fill.rs", "secrets", "made up to try a form"),
];

/// Fields of structs and enums that are called a secret and hold it in the open. What is only borrowed is held elsewhere.
fn open(file: &File) -> Vec<(String, String)> {
    let code = file.scan.product();
    let mut found = Vec::new();
    for at in ["struct", "enum"].iter().flat_map(|word| words(&code, word)) {
        let Some(body) = code[at..].find(['{', ';', '(']).map(|length| at + length) else { continue };
        if !code[body..].starts_with('{') {
            continue;
        }
        for line in code[body..closing(&code, body)].lines() {
            let Some((name, kind)) = line.split_once(": ") else { continue };
            let name = name.rsplit([' ', ')']).next().unwrap_or_default();
            let kept = name.starts_with("sealed") || name.ends_with("_hash");
            let shut = ["SecretString", "Zeroizing", "Sealed"].iter().any(|word| kind.contains(word));
            let plain = !words(kind, "String").is_empty() || kind.contains("Vec<u8>");
            if !kept && !shut && plain && name.split('_').any(|part| SECRET.contains(&part)) {
                found.push((name.to_owned(), file.at(at)));
            }
        }
    }
    found
}

#[test]
fn secrets_stay_in_their_type() {
    let mut wrong = Vec::new();
    for file in product() {
        let allowed = |name: &str| NONE.iter().any(|(path, field, _)| file.path.ends_with(path) && name == *field);
        wrong
            .extend(open(file).into_iter().filter(|(name, _)| !allowed(name)).map(|(name, at)| format!("{at} {name}")));
    }
    none("a secret that is no SecretString and not Zeroizing", wrong);
}

#[test]
fn a_secret_in_the_open_is_seen() {
    let text = "pub struct A {\n    pub client_secret: String,\n    pub tokens: BTreeMap<String, String>,\n    password_hash: String,\n    \
                verifier: SecretString,\n    sealed_token: Option<Vec<u8>>,\n    name: String,\n}\nstruct B<'a> {\n    token: &'a str,\n}";
    let names: Vec<String> = open(&File::new("src/a.rs", text)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_secret", "tokens"]);
}

#[test]
fn each_exception_is_needed() {
    let needed = |(path, field, _): &(&str, &str, &str)| {
        product()
            .iter()
            .filter(|file| file.path.ends_with(path))
            .any(|file| open(file).iter().any(|(name, _)| name == field))
    };
    none(
        "an exception without its field",
        NONE.iter().filter(|one| !needed(one)).map(|one| one.1.to_owned()).collect(),
    );
}
