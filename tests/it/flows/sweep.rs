//! Looking for secrets in everything the program left behind.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
#[cfg(feature = "postgres")]
use diesel::RunQueryDsl as _;
use vestibule::platform::db::DatabaseUrl;
use vestibule::platform::db::conn::Conn;

use crate::support::{Page, Visitor};

/// Something that must not be found, but where it is meant to be.
pub struct Needle {
    pub what: &'static str,
    pub text: String,
    /// Beginnings of the names of places where it belongs.
    pub at_home: Vec<String>,
}

/// Everything that was written or shown, by name.
#[derive(Default)]
pub struct Hay(Vec<(String, Vec<u8>)>);

impl Hay {
    pub fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.into(), bytes.into()));
    }

    /// What a browser got: the page and its headers, but for the cookies, which are meant for it alone.
    pub fn add_page(&mut self, name: &str, page: &Page) {
        self.add(format!("page {name}"), page.body.as_bytes());
        let headers: Vec<String> = page
            .headers
            .iter()
            .filter(|(name, _)| name != "set-cookie")
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        self.add(format!("headers {name}"), headers.join("\n"));
    }

    pub async fn get(&mut self, visitor: &Visitor, path: &str) -> Page {
        let page = visitor.get(path).await;
        self.add_page(path, &page);
        page
    }

    /// Every file below a folder.
    pub fn add_files(&mut self, name: &str, folder: &std::path::Path) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                self.add_files(&inner, &entry.path());
            } else {
                self.add(inner, std::fs::read(entry.path()).unwrap());
            }
        }
    }

    /// Every row of every table, as text, when the database is no file of its own.
    pub fn add_tables(&mut self, name: &str, place: &DatabaseUrl) {
        match place.open().unwrap() {
            // A file of its own, and read as one, whatever it is called here.
            Conn::Sqlite(_) => drop(name.to_owned()),
            #[cfg(feature = "postgres")]
            Conn::Postgres(mut conn) => {
                use diesel::connection::SimpleConnection as _;
                // Bytes that are letters stay letters, so that a text inside of them is found.
                conn.batch_execute("SET bytea_output = 'escape'").unwrap();
                let tables =
                    "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = 'public'";
                for table in diesel::sql_query(tables).load::<TextRow>(&mut conn).unwrap() {
                    let rows = diesel::sql_query(format!("SELECT t::text AS text FROM \"{}\" t", table.text));
                    let rows: Vec<TextRow> = rows.load(&mut conn).unwrap();
                    self.add(
                        format!("{name}/{}", table.text),
                        rows.into_iter().map(|row| row.text).collect::<Vec<_>>().join("\n"),
                    );
                }
            }
        }
    }

    /// Names of places that hold the text, in any of the ways a text is written down.
    pub fn holding(&self, text: &str) -> Vec<&str> {
        let shapes = shapes(text);
        let holds = |bytes: &[u8]| shapes.iter().any(|shape| contains(bytes, shape));
        self.0.iter().filter(|(_, bytes)| holds(bytes)).map(|(name, _)| name.as_str()).collect()
    }

    /// Fails when a needle lies where it does not belong, or is not where it does.
    pub fn search(&self, needles: &[Needle]) {
        let mut found = Vec::new();
        for needle in needles {
            assert!(needle.text.len() >= 12, "too short to be looked for: {} {}", needle.what, needle.text);
            let places = self.holding(&needle.text);
            let strays =
                places.iter().filter(|place| !needle.at_home.iter().any(|home| place.starts_with(home.as_str())));
            found.extend(strays.map(|place| format!("{} in {place}", needle.what)));
            let empty =
                needle.at_home.iter().filter(|home| !places.iter().any(|place| place.starts_with(home.as_str())));
            found.extend(empty.map(|home| format!("{} is not in {home}, where it belongs", needle.what)));
        }
        assert!(
            found.is_empty(),
            "{found:#?}\nof {:?}",
            self.0.iter().map(|(name, bytes)| format!("{name} {}", bytes.len())).collect::<Vec<_>>()
        );
    }
}

#[cfg(feature = "postgres")]
#[derive(diesel::QueryableByName)]
struct TextRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// A text as it is, in hexadecimal digits, and in base64 wherever it begins in what was encoded.
fn shapes(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut shapes = vec![text.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    for before in 0..3 {
        let padded = [vec![b' '; before], text.as_bytes().to_vec()].concat();
        // The first and the last digits depend on the neighbours.
        let skipped = [0, 2, 3][before];
        let whole = text.len() * 8 / 6 - 2;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            shapes.push(encoded.as_bytes()[skipped..(skipped + whole).min(encoded.len() - 1)].to_vec());
        }
    }
    shapes
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut from = 0;
    while let Some(at) = hay[from..].iter().position(|byte| *byte == first) {
        if hay[from + at..].starts_with(needle) {
            return true;
        }
        from += at + 1;
    }
    false
}

#[test]
fn a_text_is_found_however_it_is_written_down() {
    let secret = "cAnArY-7f3e9b-hidden";
    let mut hay = Hay::default();
    hay.add("plain", format!("a {secret} b"));
    for before in 0..4 {
        hay.add(
            format!("base64 {before}"),
            STANDARD_NO_PAD.encode(format!("{}{secret}{{\"next\"", "x".repeat(before))),
        );
        hay.add(format!("base64url {before}"), URL_SAFE_NO_PAD.encode(format!("{}{secret}", "x".repeat(before))));
    }
    hay.add("hex", secret.bytes().map(|byte| format!("{byte:02X}")).collect::<String>());
    let all = hay.0.len();
    hay.add("something else", "cAnArY-7f3e9b-hidde");
    assert_eq!(hay.holding(secret).len(), all, "{:?}", hay.holding(secret));
}
