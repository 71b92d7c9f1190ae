//! The first rows of a file, each as one JSON object; of a large file no more is read than that takes.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use flate2::read::GzDecoder;
use parquet::data_type::ByteArray;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};

use super::write::of_parquet;
use super::{FileFormat, StoredColumn, calendar, decimal};

/// Rows that have more bytes together are not looked at as a whole.
const MOST_BYTES: usize = 4 << 20;

/// The rows a file begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FirstRows {
    /// Each is a JSON object.
    pub rows: Vec<String>,
    /// They are so large that fewer were taken than were asked for.
    pub is_cut: bool,
}

impl FirstRows {
    /// Takes a row; `false` when it is too much.
    fn take(&mut self, row: String, room: &mut usize) -> bool {
        self.is_cut = row.len() > *room;
        *room = room.saturating_sub(row.len());
        if !self.is_cut {
            self.rows.push(row);
        }
        !self.is_cut
    }
}

/// At most so many rows from the beginning of a file; `columns` are those its manifest names.
///
/// # Errors
/// It is not there, or no such file.
pub fn first_rows(path: &Path, format: FileFormat, columns: &[StoredColumn], most: usize) -> io::Result<FirstRows> {
    match format {
        FileFormat::JsonLines => of_lines(File::open(path)?, most),
        FileFormat::Parquet => of_parquet_file(File::open(path)?, columns, most),
    }
}

fn of_lines(file: File, most: usize) -> io::Result<FirstRows> {
    let mut lines = BufReader::new(GzDecoder::new(file));
    let (mut found, mut room) = (FirstRows::default(), MOST_BYTES);
    while found.rows.len() < most {
        let mut line = Vec::new();
        let limit = u64::try_from(room + 2).unwrap_or(u64::MAX);
        if lines.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        // Cut off where it is too much, it may end in the middle of a letter.
        if line.len() > room {
            found.is_cut = true;
            break;
        }
        let row = std::str::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        found.take(row.to_owned(), &mut room);
    }
    Ok(found)
}

fn of_parquet_file(file: File, columns: &[StoredColumn], most: usize) -> io::Result<FirstRows> {
    let reader = SerializedFileReader::new(file).map_err(of_parquet)?;
    let (mut found, mut room) = (FirstRows::default(), MOST_BYTES);
    for row in reader.get_row_iter(None).map_err(of_parquet)?.take(most) {
        if !found.take(object(&row.map_err(of_parquet)?, columns), &mut room) {
            break;
        }
    }
    Ok(found)
}

fn object(row: &Row, columns: &[StoredColumn]) -> String {
    let members = row.get_column_iter().enumerate().map(|(place, (name, field))| {
        let kind = columns.get(place).filter(|column| column.name == *name).and_then(|column| column.kind.as_deref());
        format!("{}:{}", quoted(name), value(field, kind.unwrap_or_default()))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A value as JSON; `kind` is the type of its column.
fn value(field: &Field, kind: &str) -> String {
    match field {
        Field::Null => "null".to_owned(),
        Field::Bool(one) => one.to_string(),
        Field::Int(one) => one.to_string(),
        Field::Long(one) => one.to_string(),
        Field::Float(one) if one.is_finite() => serde_json::json!(one).to_string(),
        Field::Double(one) if one.is_finite() => serde_json::json!(one).to_string(),
        Field::Float(one) => quoted(words(f64::from(*one))),
        Field::Double(one) => quoted(words(*one)),
        Field::Date(days) => quoted(&calendar::date(i64::from(*days))),
        Field::TimestampMicros(micros) => quoted(&calendar::moment(*micros, kind.contains("with time zone"))),
        Field::Decimal(one) => decimal::written(number(one.data()), usize::try_from(one.scale()).unwrap_or_default()),
        Field::Str(text) if kind == "jsonb" => text.clone(),
        Field::Str(text) => quoted(text),
        Field::Bytes(bytes) => quoted(&String::from_utf8_lossy(ByteArray::data(bytes))),
        other => quoted(&other.to_string()),
    }
}

/// What is no JSON number, as records write it.
const fn words(one: f64) -> &'static str {
    if one.is_nan() {
        "NaN"
    } else if one > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// A whole number of at most 16 bytes, the first one first.
fn number(bytes: &[u8]) -> i128 {
    let sign: i128 = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(sign, |number, byte| number << 8 | i128::from(*byte))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engines::files::RecordWriter;
    use crate::engines::{ChosenStream, Column, LoadTable, Stream, SyncType};

    fn table(columns: &[(&str, &str)]) -> LoadTable {
        let column =
            |(name, kind): &(&str, &str)| Column { name: (*name).to_owned(), kind: (*kind).to_owned(), nullable: true };
        let stream = Stream {
            name: "orders".to_owned(),
            namespace: Some("public".to_owned()),
            columns: columns.iter().map(column).collect(),
            ..Stream::default()
        };
        let chosen = ChosenStream {
            stream,
            sync_type: SyncType::FullTable,
            cursor: None,
            primary_key: Vec::new(),
            fields: None,
        };
        LoadTable::new("orders", &chosen, true)
    }

    fn written(
        format: FileFormat,
        columns: &[(&str, &str)],
        records: &[String],
    ) -> (tempfile::TempDir, super::super::WrittenFile) {
        let dir = tempfile::tempdir().unwrap();
        let mut file = RecordWriter::begin(dir.path(), &table(columns), format).unwrap();
        records.iter().for_each(|record| file.write(record.as_bytes()).unwrap());
        let file = file.finish().unwrap();
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(names, [file.name.as_str()], "what waited is gone");
        (dir, file)
    }

    #[test]
    fn every_value_is_read_again_as_it_was() {
        let columns = [
            ("id", "bigint"),
            ("small", "smallint"),
            ("total", "numeric(12,2)"),
            ("wide", "numeric(30,4)"),
            ("ratio", "double precision"),
            ("at", "timestamp with time zone"),
            ("plain", "timestamp without time zone"),
            ("day", "date"),
            ("ok", "boolean"),
            ("doc", "jsonb"),
            ("list", "integer[]"),
            ("word", "text"),
            ("key", "uuid"),
            ("bent", "integer"),
        ];
        let records = [
            r#"{"id":1,"small":-3,"total":-1.5,"wide":12345678901234567890.1234,"ratio":0.1,"at":"2026-01-01T02:00:00.5+02:00","plain":"2026-01-01 12:00:00","day":"2026-01-02","ok":true,"doc":{"a":[1,2]},"list":[1],"word":"é \"q\" \n","key":"6f9619ff-8b86-d011-b42d-00cf4fc964ff","bent":1}"#.to_owned(),
            r#"{"id":null,"bent":"x","new":7,"ratio":"NaN"}"#.to_owned(),
        ];
        let (dir, file) = written(FileFormat::Parquet, &columns, &records);
        assert_eq!(
            (file.records, file.differences.as_slice()),
            (2, ["bent: text instead of integer".to_owned()].as_slice())
        );
        let first = first_rows(&dir.path().join(&file.name), FileFormat::Parquet, &file.columns, 10).unwrap();
        let rows: Vec<serde_json::Value> = first.rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        assert_eq!(
            rows,
            [
                json!({
                    "id": 1, "small": -3, "total": -1.50, "wide": 12_345_678_901_234_567_890.123_4_f64, "ratio": 0.1, "at": "2026-01-01T00:00:00.5Z",
                    "plain": "2026-01-01T12:00:00", "day": "2026-01-02", "ok": true, "doc": {"a": [1, 2]}, "list": [1], "word": "é \"q\" \n",
                    "key": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "bent": "1", "new": null,
                }),
                json!({
                    "id": null, "small": null, "total": null, "wide": null, "ratio": "NaN", "at": null, "plain": null, "day": null, "ok": null,
                    "doc": null, "list": null, "word": null, "key": null, "bent": "x", "new": 7,
                }),
            ]
        );
        assert!(
            first.rows[0].contains("\"wide\":12345678901234567890.1234,") && first.rows[0].contains("\"total\":-1.50,")
        );
    }

    #[test]
    fn a_row_that_is_too_large_is_left_out_wherever_its_letters_are_cut() {
        for before in ["", "x"] {
            let large = format!(r#"{{"word":"{before}{}"}}"#, "é".repeat(MOST_BYTES));
            let records = [r#"{"word":"é"}"#.to_owned(), large];
            for format in [FileFormat::JsonLines, FileFormat::Parquet] {
                let (dir, file) = written(format, &[("word", "text")], &records);
                let first = first_rows(&dir.path().join(&file.name), format, &file.columns, 10).unwrap();
                assert_eq!((first.rows.as_slice(), first.is_cut), (&records[..1], true));
            }
        }
    }

    #[test]
    fn large_files_have_many_groups_and_empty_ones_are_files() {
        let long = "x".repeat(600);
        let records: Vec<String> = (0..40_000).map(|id| format!(r#"{{"id":{id},"word":"{long}"}}"#)).collect();
        for format in [FileFormat::Parquet, FileFormat::JsonLines] {
            let (dir, file) = written(format, &[("id", "bigint")], &records);
            let path = dir.path().join(&file.name);
            let first = first_rows(&path, format, &file.columns, 3).unwrap();
            assert_eq!((first.rows.len(), first.is_cut, file.records), (3, false, 40_000));
            assert!(first.rows[2].starts_with(r#"{"id":2,"word":"xxx"#), "{}", first.rows[2]);
            let many = first_rows(&path, format, &file.columns, 40_000).unwrap();
            assert!(many.is_cut && many.rows.len() > 5_000 && many.rows.len() < 10_000, "{}", many.rows.len());
            for columns in [&[("id", "bigint")][..], &[]] {
                let (dir, file) = written(format, columns, &[]);
                let first = first_rows(&dir.path().join(&file.name), format, &file.columns, 3).unwrap();
                assert_eq!(first, FirstRows::default());
            }
        }
        let (dir, file) = written(FileFormat::Parquet, &[("id", "bigint")], &records);
        let reader = SerializedFileReader::new(File::open(dir.path().join(&file.name)).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2, "24 MB of records");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 40_000);
    }
}
