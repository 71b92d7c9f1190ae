//! `/api/v1/runs/{id}/records/`: the first records of a stream of a run, and its whole file.

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::download::RecordLines;
use super::{RecordFile, WantedRecords, download, note, rows, wanted};
use crate::base::error::AppError;
use crate::engines::{FirstRows, StoredColumn};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadRecords};
use crate::features::outputs::FileFormatOut;
use crate::platform::activity::Event;
use crate::platform::app::App;
use crate::platform::web::api::{ApiQuery, ApiResult};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};

/// Records that are given where nobody says how many, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 100;

/// Which records.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsQuery {
    /// The stream, as `streams[].stream_name` of the run names it; the first one when left out.
    stream: Option<String>,
    /// How many, from the beginning of the file.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// Which file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordFileQuery {
    /// The stream, as `streams[].stream_name` of the run names it; the first one when left out.
    stream: Option<String>,
}

/// A column of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecordColumn")]
struct RecordColumnOut {
    name: String,
    /// The type of its values, by the name PostgreSQL has for it; null where nobody has said.
    r#type: Option<String>,
}

/// The first records of a stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FirstRecords")]
struct FirstRecordsOut {
    /// Id of the run.
    run: String,
    stream_name: String,
    table_name: String,
    /// How records lie in the file.
    format: FileFormatOut,
    /// The columns of the file; of JSON Lines those that were known beforehand.
    columns: Vec<RecordColumnOut>,
    /// Records in the whole file.
    count: i64,
    /// The records are so large that fewer came than were asked for.
    is_cut: bool,
    /// The records as they lie there, with all digits of their numbers.
    records: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl FirstRecordsOut {
    fn new(wanted: &WantedRecords, file: &RecordFile, found: &FirstRows) -> Self {
        let column = |one: &StoredColumn| RecordColumnOut { name: one.name.clone(), r#type: one.kind.clone() };
        Self {
            run: wanted.run.id.to_string(),
            stream_name: file.stream.stream.clone(),
            table_name: file.stream.table.clone(),
            format: file.format.into(),
            columns: file.stream.columns.iter().map(column).collect(),
            count: file.stream.records,
            is_cut: found.is_cut,
            records: Vec::new(),
        }
    }
}

/// The file of a stream, written down as given.
async fn given(
    app: &App,
    caller: &Caller,
    id: &str,
    stream: Option<String>,
    event: Event,
) -> Result<(WantedRecords, RecordFile), Problem> {
    let wanted = wanted(app, caller.workspace.clone(), id, stream).await?;
    let file = wanted.file.clone().map_err(|why| Problem::new(Code::Conflict, why.to_string()))?;
    let file = file.ok_or_else(|| {
        let words = "The run has no stream of this name: take it from streams of the run.";
        Problem::invalid_value(ErrorDetail::of("stream", "unknown_stream", words))
    })?;
    note(app, &wanted, &file.stream.stream, event, caller.actor()).await?;
    Ok((wanted, file))
}

fn gone() -> Problem {
    Problem::new(Code::Conflict, super::NoFiles::Gone.to_string())
}

/// `GET /api/v1/runs/{id}/records/`
pub async fn index(
    app: web::Data<App>,
    key: ApiKey<ReadRecords>,
    id: web::Path<String>,
    query: ApiQuery<RecordsQuery>,
) -> ApiResult {
    let RecordsQuery { stream, limit } = query.0;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        let text = format!("limit must be a number from 1 to {MOST}.");
        return Err(Problem::invalid_value(ErrorDetail::of("limit", "out_of_range", text)));
    }
    let (wanted, file) = given(&app, &key, &id, stream, Event::RecordsRead).await?;
    let most = usize::try_from(limit).unwrap_or(1);
    let found = rows(file.clone(), most).await?.ok_or_else(gone)?;
    let head = serde_json::to_string(&FirstRecordsOut::new(&wanted, &file, &found)).map_err(AppError::internal)?;
    // Read and written again, long numbers would lose digits.
    let head = head.strip_suffix("]}").unwrap_or_default();
    let body = format!("{head}{}]}}", found.rows.join(","));
    Ok(HttpResponse::build(StatusCode::OK).content_type(ContentType::json()).body(body))
}

/// `GET /api/v1/runs/{id}/records/file/`
pub async fn file(
    app: web::Data<App>,
    request: HttpRequest,
    key: ApiKey<ReadRecords>,
    id: web::Path<String>,
    query: ApiQuery<RecordFileQuery>,
) -> ApiResult {
    let (wanted, file) = given(&app, &key, &id, query.0.stream, Event::RecordsDownloaded).await?;
    download::answer(&request, &wanted.source.slug, &file).await?.ok_or_else(gone)
}

/// What the document says of the first records, and of the file.
pub fn operations() -> [Operation; 2] {
    let operation = |id: &str, summary: &str| Operation::new("runs", id, summary);
    [
        operation("list_run_records", "Look at the first records of a run")
            .query::<RecordsQuery>()
            .answers::<FirstRecordsOut>(200)
            .refuses(&[Code::Conflict])
            .about(
                "Only of a run that wrote files of this server, as long as they are there. Every look is written into the timeline of the source.",
            ),
        operation("download_run_records", "Download the records of a run")
            .query::<RecordFileQuery>()
            .answers::<RecordLines>(200)
            .refuses(&[Code::Conflict])
            .about(
                "The whole file of one stream: JSON Lines, or `application/vnd.apache.parquet` where the run wrote Parquet. Every download is written into the timeline of the source.",
            ),
    ]
}
