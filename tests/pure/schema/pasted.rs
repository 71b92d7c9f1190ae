//! What is pasted, as it is seen in support mails of such products: each input with what becomes of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule::base::forms::PasteFault;
use vestibule::schema::pasted::{Pasted, mend};

/// What becomes of a pasted text.
enum Verdict {
    Kept,
    Mended(String),
    Refused(PasteFault),
}
use Verdict::{Kept, Refused};

fn to(text: impl Into<String>) -> Verdict {
    Verdict::Mended(text.into())
}

fn pem(label: &str, bytes: &[u8]) -> String {
    let letters = STANDARD.encode(bytes);
    let lines: Vec<&str> = letters.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A DER sequence of so many bytes with nothing sensible in it.
fn sequence(length: u16) -> Vec<u8> {
    let [high, low] = length.to_be_bytes();
    let body = (0..length).map(|place| u8::try_from(place % 251).unwrap());
    [0x30, 0x82, high, low].into_iter().chain(body).collect()
}

fn openssh() -> Vec<u8> {
    let part = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let head =
        [b"openssh-key-v1\0".as_slice(), &part(b"none"), &part(b"none"), &part(b""), &1_u32.to_be_bytes()].concat();
    [head, part(&[7; 51]), part(&[9; 136])].concat()
}

fn service_account(key: &str) -> Value {
    json!({"type": "service_account", "project_id": "shop", "private_key": key, "client_email": "reader@shop.example"})
}

#[track_caller]
fn check(kind: Pasted, cases: Vec<(&str, String, Verdict)>) {
    for (name, input, verdict) in cases {
        let got = mend(kind, &input);
        match verdict {
            Kept => assert_eq!(got.as_deref(), Ok(input.as_str()), "{name}"),
            Verdict::Mended(right) => {
                assert_eq!(got.as_deref(), Ok(right.as_str()), "{name}: {input}");
                assert_eq!(mend(kind, &right).as_deref(), Ok(right.as_str()), "{name}: what was mended stays");
            }
            Refused(fault) => {
                assert_eq!(got, Err(fault), "{name}: {input}");
                assert!(fault.words().len() > 20 && !fault.words().ends_with('.'), "{name}");
            }
        }
    }
}

#[test]
fn private_keys() {
    let good = pem("PRIVATE KEY", &sequence(300));
    let rsa = pem("RSA PRIVATE KEY", &sequence(600));
    let locked = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIBOgIBAAJBAKj3\n-----END RSA PRIVATE KEY-----\n";
    check(
        Pasted::PrivateKey,
        vec![
            ("as it should be", good.clone(), Kept),
            ("PKCS#1", rsa.clone(), Kept),
            ("EC", pem("EC PRIVATE KEY", &sequence(130)), Kept),
            ("OpenSSH", pem("OPENSSH PRIVATE KEY", &openssh()), Kept),
            ("locked with a passphrase", pem("ENCRYPTED PRIVATE KEY", &sequence(200)), Kept),
            ("locked the old way", locked.to_owned(), Kept),
            ("in one line", good.replace('\n', " "), to(&good)),
            ("in one line without spaces", good.replace('\n', ""), to(&good)),
            ("with the two letters \\n", good.replace('\n', "\\n"), to(&good)),
            ("with \\r\\n", good.replace('\n', "\\r\\n"), to(&good)),
            ("with \\n and line ends", good.replace('\n', "\\n\n"), to(&good)),
            ("as a text of JSON", serde_json::to_string(&good).unwrap(), to(&good)),
            ("in single quotes", format!("'{}'", good.trim()), to(&good)),
            ("in curly quotes", format!("\u{201c}{}\u{201d}", good.trim()), to(&good)),
            ("in a code block", format!("```\n{good}```"), to(&good)),
            ("with a byte order mark", format!("\u{feff}{good}"), to(&good)),
            ("with zero-width spaces", good.replace("-----\n", "-----\u{200b}\n"), to(&good)),
            ("with spaces before each line", good.lines().map(|line| format!("    {line}\n")).collect(), to(&good)),
            ("with Windows line ends", good.replace('\n', "\r\n"), to(&good)),
            ("with empty lines between", good.replace('\n', "\n\n"), to(&good)),
            ("with long dashes of a word processor", good.replace("-----", "\u{2014}\u{2014}-"), to(&good)),
            (
                "in lines of 80",
                good.replacen('\n', "§", 1).replace('\n', "").replace('§', "\n").replace("-----END", "\n-----END"),
                to(&good),
            ),
            ("with a name in front", format!("my-key.pem\n{good}"), to(&good)),
            (
                "with the certificate behind it",
                format!("{good}{}", pem("CERTIFICATE", &sequence(90))),
                to(format!("{good}{}", pem("CERTIFICATE", &sequence(90)))),
            ),
        ],
    );
}

#[test]
fn what_is_no_private_key() {
    let good = pem("PRIVATE KEY", &sequence(300));
    let body: String = good.lines().filter(|line| !line.contains("-----")).collect::<Vec<_>>().join("\n");
    let cut = good.get(..good.len() - 60).unwrap().to_owned();
    let lost: String =
        good.lines().enumerate().filter(|(line, _)| *line != 3).map(|(_, line)| format!("{line}\n")).collect();
    check(
        Pasted::PrivateKey,
        vec![
            ("the middle alone", body, Refused(PasteFault::BodyOnly)),
            ("the public half", pem("PUBLIC KEY", &sequence(90)), Refused(PasteFault::PublicHalf)),
            (
                "the public half of SSH",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB ann@laptop".to_owned(),
                Refused(PasteFault::PublicHalf),
            ),
            (
                "the public half, RSA",
                "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB ann@laptop".to_owned(),
                Refused(PasteFault::PublicHalf),
            ),
            (
                "the public half, SSH2",
                "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----".to_owned(),
                Refused(PasteFault::PublicHalf),
            ),
            ("a certificate", pem("CERTIFICATE", &sequence(90)), Refused(PasteFault::IsCertificate)),
            (
                "a PuTTY file",
                "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none".to_owned(),
                Refused(PasteFault::Putty),
            ),
            (
                "a fingerprint",
                "SHA256:jX0mZ2V0LW1lLW5vdC1mb3JnZXQtbWUtbm90".to_owned(),
                Refused(PasteFault::Fingerprint),
            ),
            ("a file name", "/etc/keys/id_ed25519.pem".to_owned(), Refused(PasteFault::FileName)),
            ("a file name of Windows", "C:\\Users\\ann\\key.ppk".to_owned(), Refused(PasteFault::FileName)),
            ("a file name at home", "~/.ssh/id_rsa".to_owned(), Refused(PasteFault::FileName)),
            ("without its end", cut, Refused(PasteFault::CutOff)),
            ("a line is lost", lost, Refused(PasteFault::CutOff)),
            ("dots where letters were", good.replacen("AAE", "A…", 1), Refused(PasteFault::Damaged)),
            (
                "nothing between the marks",
                "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----".to_owned(),
                Refused(PasteFault::CutOff),
            ),
            ("a whole JSON file", service_account(&good).to_string(), Refused(PasteFault::WholeJsonFile)),
            ("a password", "correct horse".to_owned(), Refused(PasteFault::NoKey)),
        ],
    );
}

#[test]
fn certificates() {
    let good = pem("CERTIFICATE", &sequence(500));
    let chain = format!("{good}{}", pem("CERTIFICATE", &sequence(400)));
    check(
        Pasted::Certificate,
        vec![
            ("as it should be", good.clone(), Kept),
            ("a chain", chain.clone(), Kept),
            ("a chain in one line", chain.replace('\n', " "), to(&chain)),
            ("with what openssl writes between", format!("subject=CN = db\n{good}"), to(&good)),
            ("a private key", pem("PRIVATE KEY", &sequence(90)), Refused(PasteFault::IsPrivateKey)),
            ("a file name", "root.crt".to_owned(), Refused(PasteFault::FileName)),
            ("something else", "verify-full".to_owned(), Refused(PasteFault::NoCertificate)),
            ("without its end", good.get(..100).unwrap().to_owned(), Refused(PasteFault::CutOff)),
        ],
    );
}

#[test]
fn json_keys() {
    let key = pem("PRIVATE KEY", &sequence(300));
    let good = service_account(&key);
    let text = good.to_string();
    let pretty = serde_json::to_string_pretty(&good).unwrap();
    check(
        Pasted::JsonKey,
        vec![
            ("as it should be", text.clone(), Kept),
            ("as it is downloaded", pretty.clone(), Kept),
            ("with a byte order mark", format!("\u{feff}{pretty}"), to(&pretty)),
            ("with spaces around", format!("\n  {pretty}\n\n"), to(&pretty)),
            ("in single quotes", format!("'{text}'"), to(&text)),
            ("in a code block", format!("```{text}```"), to(&text)),
            ("as a text of JSON", Value::from(text.clone()).to_string(), to(&text)),
            ("with escaped quotes", text.replace('\\', "\\\\").replace('"', "\\\""), to(&text)),
            ("with curly quotes", text.replace('"', "\u{201d}"), to(&text)),
            ("with real line ends in the key", text.replace("\\n", "\n"), to(&text)),
            ("with both", text.replace("\\n", "\n").replace('"', "\u{201c}"), to(&text)),
            ("base64", STANDARD.encode(&pretty), to(&text)),
            (
                "base64 in lines",
                STANDARD
                    .encode(&pretty)
                    .as_bytes()
                    .chunks(76)
                    .map(|line| format!("{}\n", std::str::from_utf8(line).unwrap()))
                    .collect(),
                to(&text),
            ),
            ("without braces", pretty.trim_matches(['{', '}', '\n', ' ']).to_owned(), to(&text)),
            (
                "with the key's line ends escaped twice",
                service_account(&key.replace('\n', "\\n")).to_string(),
                to(&text),
            ),
            ("with the key in one line", service_account(&key.replace('\n', " ")).to_string(), to(&text)),
        ],
    );
}

#[test]
fn what_is_no_json_key() {
    let key = pem("PRIVATE KEY", &sequence(300));
    let good = service_account(&key);
    let text = good.to_string();
    let without = |member: &str| {
        let mut object = good.clone();
        object.as_object_mut().unwrap().shift_remove(member);
        object.to_string()
    };
    check(
        Pasted::JsonKey,
        vec![
            ("a federated identity", json!({"type": "external_account", "audience": "x"}).to_string(), Kept),
            (
                "the sign-in of a person",
                json!({"type": "authorized_user", "refresh_token": "x"}).to_string(),
                Refused(PasteFault::PersonalSignIn),
            ),
            (
                "an OAuth client",
                json!({"installed": {"client_id": "x"}}).to_string(),
                Refused(PasteFault::PersonalSignIn),
            ),
            ("without its key", without("private_key"), Refused(PasteFault::LacksMember("private_key"))),
            ("without its address", without("client_email"), Refused(PasteFault::LacksMember("client_email"))),
            ("only the key in it", key, Refused(PasteFault::LacksMember("client_email"))),
            ("a file name", "/etc/keys/shop-1234.json".to_owned(), Refused(PasteFault::FileName)),
            ("a file name alone", "shop-1234.json".to_owned(), Refused(PasteFault::FileName)),
            ("without its end", text.get(..200).unwrap().to_owned(), Refused(PasteFault::CutOff)),
            (
                "with a public key in it",
                service_account(&pem("PUBLIC KEY", &sequence(90))).to_string(),
                Refused(PasteFault::PublicHalf),
            ),
            ("something else", "not json".to_owned(), Refused(PasteFault::NotJsonKey)),
        ],
    );
}

#[test]
fn tokens_and_passwords() {
    check(
        Pasted::Token,
        vec![
            ("as it should be", "ghp_abc123".to_owned(), Kept),
            ("with a space behind", "ghp_abc123 ".to_owned(), to("ghp_abc123")),
            ("with a line end", "ghp_abc123\n".to_owned(), to("ghp_abc123")),
            ("with a tab in front", "\tghp_abc123".to_owned(), to("ghp_abc123")),
            ("with a no-break space", "ghp_abc123\u{a0}".to_owned(), to("ghp_abc123")),
            ("with a zero-width space", "ghp_abc123\u{200b}".to_owned(), to("ghp_abc123")),
            ("in quotes", "\"ghp_abc123\"".to_owned(), to("ghp_abc123")),
            ("in back-ticks", "`ghp_abc123`".to_owned(), to("ghp_abc123")),
            ("with Bearer in front", "Bearer ghp_abc123".to_owned(), to("ghp_abc123")),
            ("with a soft hyphen inside", "ghp_\u{ad}abc123".to_owned(), Refused(PasteFault::Invisible)),
        ],
    );
    check(
        Pasted::Password,
        vec![
            ("spaces may belong to it", " a b ".to_owned(), Kept),
            ("quotes may belong to it", "\"x\"".to_owned(), Kept),
        ],
    );
    check(
        Pasted::Text,
        vec![
            ("a name", " shop\u{feff} ".to_owned(), to("shop")),
            ("quotes may belong to it", "\"x\"".to_owned(), Kept),
        ],
    );
}

#[test]
fn hosts() {
    check(
        Pasted::Host { beside_port: true },
        vec![
            ("as it should be", "db.example.com".to_owned(), Kept),
            ("an address", "10.0.0.7".to_owned(), Kept),
            ("an address of version 6", "2001:db8::1".to_owned(), Kept),
            ("a folder of sockets", "/var/run/postgresql".to_owned(), Kept),
            ("letters of every alphabet", "bücher.example".to_owned(), Kept),
            ("with spaces around", " db.example.com\n".to_owned(), to("db.example.com")),
            ("in quotes", "\u{201c}db.example.com\u{201d}".to_owned(), to("db.example.com")),
            ("with a scheme", "https://db.example.com/".to_owned(), to("db.example.com")),
            ("with another scheme", "postgres://db.example.com".to_owned(), to("db.example.com")),
            ("with a slash", "db.example.com/".to_owned(), to("db.example.com")),
            ("in brackets", "[::1]".to_owned(), to("::1")),
            ("with a zero-width space at its end", "db.example.com\u{200b}".to_owned(), to("db.example.com")),
            ("with a port", "db.example.com:5432".to_owned(), Refused(PasteFault::HasPort)),
            ("with scheme and port", "https://db.example.com:8443/".to_owned(), Refused(PasteFault::HasPort)),
            ("in brackets with a port", "[::1]:5432".to_owned(), Refused(PasteFault::HasPort)),
            ("a zero-width space inside", "db.\u{200b}example.com".to_owned(), Refused(PasteFault::Invisible)),
            ("a soft hyphen inside", "data\u{ad}base.example".to_owned(), Refused(PasteFault::Invisible)),
            ("two hosts", "db1.example.com db2.example.com".to_owned(), Refused(PasteFault::Space)),
            ("a whole address", "postgres://ann:pw@db.example.com/shop".to_owned(), Refused(PasteFault::WholeAddress)),
            ("a page", "https://console.example.com/databases?id=7".to_owned(), Refused(PasteFault::WholeAddress)),
        ],
    );
    check(
        Pasted::Host { beside_port: false },
        vec![("with a port where it belongs", "db.example.com:9200".to_owned(), Kept)],
    );
}
