//! The first rows of a stream of a run as a page, and its file to take away.

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use super::{RecordFile, WantedRecords, download, note, rows, wanted};
use crate::base::error::AppError;
use crate::engines::{FirstRows, RecordField, StoredColumn, fields_of};
use crate::features::accounts::guard::Admin;
use crate::features::work::runs::pages::size;
use crate::platform::activity::Event;
use crate::platform::app::App;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other};
use crate::platform::web::urls;

/// Rows that are shown.
const SHOWN: usize = 50;
/// Characters of a value that are shown at once, and as a whole.
const SHORT: usize = 60;
const WHOLE: usize = 20_000;

/// Which stream.
#[derive(Debug, Deserialize)]
pub struct RecordsPageQuery {
    stream: Option<String>,
}

/// A value in its cell.
enum CellView {
    /// The record has no such field.
    Missing,
    Null,
    Short(String),
    /// Its beginning, and what opens below it.
    Long {
        beginning: String,
        whole: String,
        /// There is more than even that.
        is_cut: bool,
    },
}

struct ColumnView {
    name: String,
    kind: String,
}

/// A table of rows.
#[derive(Default)]
struct RowsView {
    columns: Vec<ColumnView>,
    rows: Vec<Vec<CellView>>,
    is_cut: bool,
}

#[derive(Template)]
#[template(path = "runs/records.html")]
struct RecordsPage {
    frame: OwnerFrame,
    description: String,
    connection_url: String,
    run_url: String,
    created_iso: String,
    created: String,
    /// Empty when the run has no files.
    stream: String,
    is_incomplete: bool,
    records: i64,
    format: &'static str,
    size: String,
    download_url: String,
    rows: RowsView,
    /// Why there is nothing to see.
    nothing: Option<String>,
}

impl RecordsPage {
    fn new(frame: OwnerFrame, wanted: &WantedRecords) -> Self {
        let run = &wanted.run;
        Self {
            frame,
            description: wanted.source.description.clone(),
            connection_url: urls::connection(&wanted.source.slug),
            run_url: urls::run(&run.id),
            created_iso: run.created_at.iso(),
            created: run.created_at.words(),
            stream: String::new(),
            is_incomplete: false,
            records: 0,
            format: "",
            size: String::new(),
            download_url: String::new(),
            rows: RowsView::default(),
            nothing: None,
        }
    }

    /// The same with the rows of a stream.
    fn with(self, wanted: &WantedRecords, file: &RecordFile, found: &FirstRows) -> Self {
        let bytes = std::fs::metadata(&file.path).map_or(0, |found| found.len());
        Self {
            stream: file.stream.stream.clone(),
            is_incomplete: file.stream.incomplete,
            records: file.stream.records,
            format: file.format.words(),
            size: size(i64::try_from(bytes).unwrap_or(i64::MAX)),
            download_url: urls::of_stream(&urls::run_records_file(&wanted.run.id), &file.stream.stream),
            rows: RowsView::new(&file.stream.columns, found),
            ..self
        }
    }
}

impl RowsView {
    /// Columns as the manifest knows them, then those that only the rows have.
    fn new(known: &[StoredColumn], found: &FirstRows) -> Self {
        let column =
            |one: &StoredColumn| ColumnView { name: one.name.clone(), kind: one.kind.clone().unwrap_or_default() };
        let mut columns: Vec<ColumnView> = known.iter().map(column).collect();
        let records: Vec<Vec<RecordField>> = found.rows.iter().map(|row| fields_of(row)).collect();
        for field in records.iter().flatten() {
            if !columns.iter().any(|column| column.name == field.name) {
                columns.push(ColumnView { name: field.name.clone(), kind: String::new() });
            }
        }
        let row = |record: &Vec<RecordField>| {
            let cell = |column: &ColumnView| CellView::of(record.iter().rfind(|field| field.name == column.name));
            columns.iter().map(cell).collect()
        };
        let rows = records.iter().map(row).collect();
        Self { rows, is_cut: found.is_cut, columns }
    }
}

impl CellView {
    fn of(field: Option<&RecordField>) -> Self {
        let Some(field) = field else { return Self::Missing };
        let Some(text) = &field.text else { return Self::Null };
        if text.chars().nth(SHORT).is_none() && !text.contains('\n') {
            return Self::Short(text.clone());
        }
        let beginning = text.chars().take(SHORT).map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self::Long { beginning, whole: text.chars().take(WHOLE).collect(), is_cut: text.chars().nth(WHOLE).is_some() }
    }
}

/// `GET /runs/{id}/records`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    id: web::Path<String>,
    query: web::Query<RecordsPageQuery>,
) -> PageResult {
    let wanted = wanted(&app, member.workspace_id.clone(), &id, query.into_inner().stream).await?;
    let view = RecordsPage::new(member.frame(&request, &app, "connections"), &wanted);
    let file = match &wanted.file {
        Ok(file) => file.clone().ok_or(AppError::NotFound)?,
        Err(why) => return page(&RecordsPage { nothing: Some(why.to_string()), ..view }),
    };
    // HEAD shows nobody anything.
    if request.method() == Method::GET {
        note(&app, &wanted, &file.stream.stream, Event::RecordsRead, member.actor()).await?;
    }
    match rows(file.clone(), SHOWN).await? {
        Some(found) => page(&view.with(&wanted, &file, &found)),
        None => page(&RecordsPage { nothing: Some(super::NoFiles::Gone.to_string()), ..view }),
    }
}

/// `GET /runs/{id}/records/file`
pub async fn file(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    id: web::Path<String>,
    query: web::Query<RecordsPageQuery>,
) -> PageResult {
    let wanted = wanted(&app, member.workspace_id.clone(), &id, query.into_inner().stream).await?;
    // The page says what has become of the files.
    let elsewhere = || see_other(&urls::run_records(&wanted.run.id));
    let Ok(file) = wanted.file.clone() else { return Ok(elsewhere()) };
    let file = file.ok_or(AppError::NotFound)?;
    if request.method() == Method::GET {
        note(&app, &wanted, &file.stream.stream, Event::RecordsDownloaded, member.actor()).await?;
    }
    Ok(download::answer(&request, &wanted.source.slug, &file).await?.unwrap_or_else(elsewhere))
}
