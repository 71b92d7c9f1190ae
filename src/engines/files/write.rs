//! The Parquet file of a table, from the records that wait as JSON Lines: a group of rows after the other.

use std::fs::File;
use std::io::{self, BufRead};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::kind::{FileKind, FileValue};
use super::shape::FileShape;
use crate::engines::json::{JsonKind, JsonSpan};

/// A group of rows has at most so many rows, so many values, and as soon as its records have so many bytes it is full.
const MOST_ROWS: usize = 100_000;
const MOST_VALUES: usize = 4_000_000;
const MOST_BYTES: usize = 16 << 20;

/// The values of a column in a group of rows, and for each row whether it has one.
struct ColumnBuffer {
    kind: FileKind,
    levels: Vec<i16>,
    values: BufferedValues,
}

enum BufferedValues {
    Bool(Vec<bool>),
    Int4(Vec<i32>),
    Int8(Vec<i64>),
    Float4(Vec<f32>),
    Float8(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

impl BufferedValues {
    const fn of(kind: FileKind) -> Self {
        match kind {
            FileKind::Bool => Self::Bool(Vec::new()),
            FileKind::Int4 | FileKind::Date => Self::Int4(Vec::new()),
            FileKind::Decimal(..) if kind.is_wide() => Self::Fixed(Vec::new()),
            FileKind::Int8 | FileKind::Timestamp { .. } | FileKind::Decimal(..) => Self::Int8(Vec::new()),
            FileKind::Float4 => Self::Float4(Vec::new()),
            FileKind::Float8 => Self::Float8(Vec::new()),
            FileKind::Text | FileKind::Json => Self::Bytes(Vec::new()),
        }
    }

    /// Adds a value; `None` when it is of another column.
    fn push(&mut self, value: FileValue) -> Option<()> {
        match (self, value) {
            (Self::Bool(all), FileValue::Bool(one)) => all.push(one),
            (Self::Int4(all), FileValue::Int4(one)) => all.push(one),
            (Self::Int8(all), FileValue::Int8(one)) => all.push(one),
            (Self::Int8(all), FileValue::Decimal(one)) => all.push(i64::try_from(one).ok()?),
            (Self::Fixed(all), FileValue::Decimal(one)) => all.push(one.to_be_bytes().to_vec().into()),
            (Self::Float4(all), FileValue::Float4(one)) => all.push(one),
            (Self::Float8(all), FileValue::Float8(one)) => all.push(one),
            (Self::Bytes(all), FileValue::Text(one)) => all.push(one.into()),
            _ => return None,
        }
        Some(())
    }
}

impl ColumnBuffer {
    fn push(&mut self, span: Option<&JsonSpan<'_>>) -> io::Result<()> {
        let span = span.filter(|span| span.kind != JsonKind::Null);
        self.levels.push(i16::from(span.is_some()));
        let Some(span) = span else { return Ok(()) };
        let taken = self.kind.value(span).and_then(|value| self.values.push(value));
        taken.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a value does not fit the column that was made for it")
        })
    }

    /// Writes what it holds, and is empty again.
    fn write(&mut self, to: &mut SerializedColumnWriter<'_>) -> ParquetResult<()> {
        let levels = std::mem::take(&mut self.levels);
        match std::mem::replace(&mut self.values, BufferedValues::of(self.kind)) {
            BufferedValues::Bool(all) => batch::<BoolType>(to, &all, &levels),
            BufferedValues::Int4(all) => batch::<Int32Type>(to, &all, &levels),
            BufferedValues::Int8(all) => batch::<Int64Type>(to, &all, &levels),
            BufferedValues::Float4(all) => batch::<FloatType>(to, &all, &levels),
            BufferedValues::Float8(all) => batch::<DoubleType>(to, &all, &levels),
            BufferedValues::Bytes(all) => batch::<ByteArrayType>(to, &all, &levels),
            BufferedValues::Fixed(all) => batch::<FixedLenByteArrayType>(to, &all, &levels),
        }
    }
}

fn batch<T: DataType>(to: &mut SerializedColumnWriter<'_>, values: &[T::T], levels: &[i16]) -> ParquetResult<()> {
    to.typed::<T>().write_batch(values, Some(levels), None).map(|_| ())
}

struct RowGroups {
    writer: SerializedFileWriter<File>,
    columns: Vec<ColumnBuffer>,
    /// Rows and bytes of the group that fills.
    rows: usize,
    bytes: usize,
    most_rows: usize,
}

impl RowGroups {
    fn begin(shape: &FileShape, file: File) -> ParquetResult<Self> {
        let kinds = shape.kinds();
        let columns: ParquetResult<Vec<_>> = kinds.iter().map(|(name, kind)| kind.column(name)).collect();
        let schema = Arc::new(Type::group_type_builder("records").with_fields(columns?).build()?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("vestibule version ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let buffer = |(_, kind): &(&str, FileKind)| ColumnBuffer {
            kind: *kind,
            levels: Vec::new(),
            values: BufferedValues::of(*kind),
        };
        Ok(Self {
            writer: SerializedFileWriter::new(file, schema, Arc::new(properties))?,
            columns: kinds.iter().map(buffer).collect(),
            rows: 0,
            bytes: 0,
            most_rows: (MOST_VALUES / kinds.len().max(1)).clamp(1, MOST_ROWS),
        })
    }

    fn push(&mut self, record: &[u8], spans: &[Option<JsonSpan<'_>>]) -> io::Result<()> {
        for (column, span) in self.columns.iter_mut().zip(spans) {
            column.push(span.as_ref())?;
        }
        self.rows += 1;
        self.bytes += record.len();
        if self.rows >= self.most_rows || self.bytes >= MOST_BYTES {
            self.end_group().map_err(of_parquet)
        } else {
            Ok(())
        }
    }

    fn end_group(&mut self) -> ParquetResult<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut columns = self.columns.iter_mut();
        while let Some(mut to) = group.next_column()? {
            let column = columns.next().ok_or_else(|| ParquetError::General("a column is missing".to_owned()))?;
            column.write(&mut to)?;
            to.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }
}

/// Writes all records into the file, which is whole then; gives how many there were.
pub(super) fn write(mut records: impl BufRead, shape: &FileShape, file: File) -> io::Result<u64> {
    let mut groups = RowGroups::begin(shape, file).map_err(of_parquet)?;
    let (mut line, mut count) = (Vec::new(), 0);
    while records.read_until(b'\n', &mut line)? > 0 {
        let record = line.strip_suffix(b"\n").unwrap_or(&line);
        let mut spans = vec![None; groups.columns.len()];
        shape.spread(record, &mut spans)?;
        groups.push(record, &spans)?;
        count += 1;
        line.clear();
    }
    groups.end_group().map_err(of_parquet)?;
    groups.writer.into_inner().map_err(of_parquet)?.sync_all()?;
    Ok(count)
}

pub(super) fn of_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => io::Error::other(error),
        error => io::Error::other(error),
    }
}
