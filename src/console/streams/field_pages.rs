//! One stream: which of its fields are read, and which of them name a record.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::pages::{LoadedStreams, faults, load, store};
use crate::base::error::AppError;
use crate::base::forms::RawForm;
use crate::engines::Column;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::streams::{Plan, StreamChoice};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

struct FieldItem {
    name: String,
    kind: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "streams/fields.html")]
struct FieldsPage {
    frame: OwnerFrame,
    description: String,
    stream: String,
    keys: String,
    all: bool,
    fields: Vec<FieldItem>,
    problems: Vec<(String, String)>,
    connection_url: String,
    streams_url: String,
}

impl FieldsPage {
    fn problem(&self, field: &str) -> Option<&str> {
        self.problems.iter().find(|(id, _)| id == field).map(|(_, sentence)| sentence.as_str())
    }
}

fn choice(loaded: &LoadedStreams, place: usize) -> Result<StreamChoice, AppError> {
    loaded.choices().into_iter().nth(place).ok_or(AppError::NotFound)
}

/// `GET /connections/{slug}/streams/{stream}`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    path: web::Path<(String, usize)>,
) -> PageResult {
    let (slug, place) = path.into_inner();
    let loaded = load(&app, &member, slug).await?;
    let choice = choice(&loaded, place)?;
    page(&view(&app, &request, &member, &loaded, &choice, Vec::new()))
}

fn view(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    loaded: &LoadedStreams,
    choice: &StreamChoice,
    problems: Vec<(String, String)>,
) -> FieldsPage {
    let slug = &loaded.connection.slug;
    let stream = loaded.catalog.as_ref().and_then(|catalog| choice.of(catalog));
    let columns = stream.map(|stream| stream.columns.as_slice()).unwrap_or_default();
    let field = |column: &Column| FieldItem {
        name: column.name.clone(),
        kind: column.kind.clone(),
        chosen: choice.extract_all_fields || choice.fields.as_ref().is_some_and(|fields| fields.contains(&column.name)),
    };
    FieldsPage {
        frame: member.frame(request, app, "connections"),
        description: loaded.connection.description.clone(),
        stream: choice.full_name(),
        keys: choice.primary_keys.as_deref().unwrap_or_default().join(", "),
        all: choice.extract_all_fields,
        fields: columns.iter().map(field).collect(),
        problems,
        connection_url: urls::connection(slug),
        streams_url: urls::connection_streams(slug),
    }
}

/// `POST /connections/{slug}/streams/{stream}`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    path: web::Path<(String, usize)>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (slug, place) = path.into_inner();
    let loaded = load(&app, &member, slug).await?;
    let mut changed = choice(&loaded, place)?;
    let is_review = form.is_review;
    let raw = RawForm::from_pairs(form.value);
    let keys = raw.first("keys").unwrap_or_default().split(',').map(str::trim).filter(|key| !key.is_empty());
    changed.primary_keys = Some(keys.map(str::to_owned).collect());
    changed.extract_all_fields = raw.first("all") != Some("no");
    let fields: Vec<String> = raw.all("field").map(str::to_owned).collect();
    changed.fields = (!changed.extract_all_fields).then_some(fields);
    let alone = StreamChoice { enabled: true, ..changed.clone() };
    let problems: Vec<(String, String)> = faults(&loaded, &[alone])
        .into_iter()
        .filter(|fault| matches!(fault.member, "primary_keys" | "fields"))
        .map(|fault| (if fault.member == "fields" { "fields" } else { "keys" }.to_owned(), fault.sentence))
        .collect();
    if is_review || !problems.is_empty() {
        return unprocessable(&view(&app, &request, &member, &loaded, &changed, problems));
    }
    let mut streams = loaded.choices();
    if let Some(slot) = streams.get_mut(place) {
        *slot = changed;
    }
    let plan = Plan { streams, ..loaded.plan.clone().unwrap_or_default() };
    let target = urls::connection_streams(&loaded.connection.slug);
    store(&app, &member, loaded.connection, plan, &target).await
}
