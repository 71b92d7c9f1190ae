//! A stream's file as one answer, read from the disk while it is sent.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};

use actix_web::http::header::{self, AcceptEncoding, ContentDisposition, Encoding, Header as _};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use flate2::read::GzDecoder;
use futures_util::stream;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{RecordFile, on_disk};
use crate::base::error::{AppError, AppResult};
use crate::engines::FileFormat;

/// Bytes that are read at once.
const CHUNK: usize = 128 << 10;
const LINES: &str = "application/x-ndjson";
const PARQUET: &str = "application/vnd.apache.parquet";

/// A file of records in the document.
#[derive(Debug)]
pub(super) struct RecordLines;

impl JsonSchema for RecordLines {
    fn schema_name() -> Cow<'static, str> {
        "RecordLines".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "contentMediaType": format!("{LINES}, {PARQUET}")})
    }
}

/// The answer; `None` when the file has gone meanwhile. JSON Lines are packed on the disk, and are sent so to whoever takes that.
pub(super) async fn answer(request: &HttpRequest, source: &str, file: &RecordFile) -> AppResult<Option<HttpResponse>> {
    let path = file.path.clone();
    let opened = on_disk(move || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok::<_, io::Error>((file, length))
    });
    let (opened, length) = match opened.await? {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(AppError::internal(error)),
    };
    let (kind, suffix) = match file.format {
        FileFormat::JsonLines => (LINES, "jsonl"),
        FileFormat::Parquet => (PARQUET, "parquet"),
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(kind)
        .insert_header(ContentDisposition::attachment(format!("{source}-{}.{suffix}", file.stream.table)))
        .insert_header((header::VARY, "accept-encoding"));
    let reader: Box<dyn Read + Send> = match file.format {
        FileFormat::JsonLines if !takes_gzip(request) => {
            answer.insert_header((header::CONTENT_ENCODING, "identity"));
            Box::new(GzDecoder::new(opened))
        }
        format => {
            let packed = if format == FileFormat::JsonLines { "gzip" } else { "identity" };
            answer.insert_header((header::CONTENT_ENCODING, packed)).no_chunking(length);
            Box::new(opened)
        }
    };
    Ok(Some(answer.streaming(stream::unfold(Some(reader), next))))
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let Ok(accepted) = AcceptEncoding::parse(request) else { return false };
    let offered = [Encoding::gzip(), Encoding::identity()];
    request.headers().contains_key(header::ACCEPT_ENCODING)
        && accepted.negotiate(offered.iter()) == Some(offered[0].clone())
}

type Chunks = Option<Box<dyn Read + Send>>;

/// The next part of the file; whoever reads slowly holds no thread meanwhile.
async fn next(reader: Chunks) -> Option<(io::Result<Bytes>, Chunks)> {
    let mut reader = reader?;
    let read = tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::new();
        let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        reader.by_ref().take(limit).read_to_end(&mut chunk).map(|_| (chunk, reader))
    });
    match read.await.map_err(io::Error::other).flatten() {
        Ok((chunk, _)) if chunk.is_empty() => None,
        Ok((chunk, reader)) => Some((Ok(chunk.into()), Some(reader))),
        Err(error) => Some((Err(error), None)),
    }
}
