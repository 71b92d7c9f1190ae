//! `/api/v1/output-layers/`: where records can go. The files are always there; schemas of PostgreSQL are added; destinations are handed over.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_view::{CheckOut, LayerOut, NewOutputLayerIn, OutputLayerChangeIn, error_detail};
use super::destinations::{can_be_written, offered};
use super::{DeleteLayerError, MOST, Output, OutputLayer, OutputLayerInput, add, change, delete, find, list};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::OutputLayerId;
use crate::connectors::Kind;
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadRuns, WriteOutputLayers};
use crate::features::connections::find_of_kind;
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::db::cursor::{ListDirection, place_by_name};
use crate::platform::web::api::{ApiQuery, ApiResult, IfMatch, RawBody, etag, json, no_content};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::failure_out::FailureOut;
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};
use crate::platform::web::urls;

/// Which page of the list is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputLayerListQuery {
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

/// What takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoBody")]
pub struct CheckLayerIn {}

/// `GET /api/v1/output-layers/`
pub async fn index(app: web::Data<App>, key: ApiKey<ReadRuns>, query: ApiQuery<OutputLayerListQuery>) -> ApiResult {
    let wanted = cursor::page_request(query.0.cursor.as_deref(), query.0.limit)?;
    let (workspace, here) = (key.workspace.clone(), app.clone());
    let read = move |conn: &mut Conn| Ok((list(conn, &workspace)?, offered(conn, &here, &workspace)?));
    let (layers, destinations) = app.db.read(read).await?;
    let destinations = destinations.shown.iter().map(LayerOut::destination);
    let all = LayerOut::all_files().chain(layers.iter().map(LayerOut::from)).chain(destinations).collect();
    // The files come first; no name begins with what puts them there.
    let place_of = |layer: &LayerOut| match Output::parse(&layer.slug) {
        Output::Files(_) => format!("\u{1}{}", layer.slug),
        Output::Layer(_) | Output::Destination(_) => place_by_name(&layer.name, &layer.slug),
    };
    let address = app.config.server.base_url.join(urls::API_OUTPUT_LAYERS);
    let limit: Vec<(&str, String)> = query.0.limit.map(|limit| ("limit", limit.to_string())).into_iter().collect();
    json(
        StatusCode::OK,
        &PageOut::new(wanted.cut(all, ListDirection::Rising, place_of), &address, &limit, place_of, |layer| layer),
    )
}

/// A destination that is an output.
async fn find_destination(app: &App, caller: &Caller, slug: String) -> AppResult<LayerOut> {
    let workspace = caller.workspace.clone();
    let read = move |conn: &mut Conn| Ok(find_of_kind(conn, &workspace, Kind::Destination, &slug)?);
    let found = app.db.read(read).await?.filter(|one| one.finalised_at.is_some() && can_be_written(app, one));
    found.as_ref().map(LayerOut::destination).ok_or(AppError::NotFound)
}

/// A layer that was added; the files are nobody's to change here, and destinations have endpoints of their own.
async fn load(app: &App, caller: &Caller, slug: &str) -> AppResult<OutputLayer> {
    match Output::parse(slug) {
        Output::Files(_) => {
            return Err(AppError::Conflict("The files of the data folder are always there and cannot be changed."));
        }
        Output::Destination(slug) => {
            find_destination(app, caller, slug).await?;
            return Err(AppError::Conflict(
                "This output is a destination. It is changed, validated and deleted under /api/v1/destinations/.",
            ));
        }
        Output::Layer(_) => {}
    }
    let (workspace, slug) = (caller.workspace.clone(), slug.to_owned());
    app.db.read(move |conn| find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)).await
}

fn tagged(out: &LayerOut) -> ApiResult {
    let mut answer = json(StatusCode::OK, out)?;
    if let Ok(tag) = header::HeaderValue::from_str(&etag(out)?) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// `GET /api/v1/output-layers/{slug}/`
pub async fn show(app: web::Data<App>, key: ApiKey<ReadRuns>, slug: web::Path<String>) -> ApiResult {
    match Output::parse(&slug) {
        Output::Files(format) => return tagged(&LayerOut::files(format)),
        Output::Destination(slug) => return tagged(&find_destination(&app, &key, slug).await?),
        Output::Layer(_) => {}
    }
    tagged(&LayerOut::from(&load(&app, &key, &slug).await?))
}

/// `POST /api/v1/output-layers/`
pub async fn create(app: web::Data<App>, key: ApiKey<WriteOutputLayers>, once: Once) -> ApiResult {
    match once.open::<NewOutputLayerIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = make(&app, &key, new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn make(app: &web::Data<App>, caller: &Caller, new: NewOutputLayerIn, ticket: Ticket) -> Result<Answer, Problem> {
    let details = OutputLayerInput::from(new).validate(None);
    let details = details.map_err(|problems| Problem::invalid(problems.iter().map(error_detail).collect()))?;
    let caller = caller.clone();
    let answer = app
        .write(move |tx| {
            let id = OutputLayerId::new(tx.now, tx.rng);
            let Some(layer) = add(tx, &caller.workspace, &id, &details, caller.actor())? else {
                return Ok(None);
            };
            let answer = Answer::json(StatusCode::CREATED, &LayerOut::from(&layer))?;
            ticket.store(tx, &answer)?;
            Ok(Some(answer))
        })
        .await?;
    answer.ok_or_else(|| {
        Problem::new(Code::Conflict, format!("A workspace can have {MOST} output layers. Delete one first."))
    })
}

/// `PATCH /api/v1/output-layers/{slug}/`
pub async fn update(
    app: web::Data<App>,
    key: ApiKey<WriteOutputLayers>,
    request: HttpRequest,
    slug: web::Path<String>,
    body: RawBody,
) -> ApiResult {
    let (given, if_match) = (body.read::<OutputLayerChangeIn>()?, IfMatch::read(&request));
    let layer = load(&app, &key, &slug).await?;
    etag(&LayerOut::from(&layer)).and_then(|tag| if_match.check(&tag))?;
    let details = given.onto(&layer).validate(Some(&layer));
    let details = details.map_err(|problems| Problem::invalid(problems.iter().map(error_detail).collect()))?;
    let is_same = details.name == layer.name && details.settings == layer.settings && details.password.is_none();
    if is_same {
        return tagged(&LayerOut::from(&layer));
    }
    let actor = key.actor();
    let changed = app.write(move |tx| change(tx, &layer, &details, actor)).await?;
    tagged(&LayerOut::from(&changed))
}

/// `DELETE /api/v1/output-layers/{slug}/`
pub async fn remove(
    app: web::Data<App>,
    key: ApiKey<WriteOutputLayers>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let slug = load(&app, &key, &slug).await?.slug;
    let (if_match, caller) = (IfMatch::read(&request), Caller::clone(&key));
    app.try_write(move |tx| -> Result<_, Problem> {
        let layer = find(tx.conn, &caller.workspace, &slug).map_err(AppError::from)?.ok_or(AppError::NotFound)?;
        if_match.check_of(&LayerOut::from(&layer))?;
        delete(tx, &layer, caller.actor()).map_err(|error| match error {
            DeleteLayerError::App(error) => error.into(),
            in_use @ DeleteLayerError::InUse(_) => Problem::new(Code::Conflict, in_use.to_string()),
        })
    })
    .await?;
    Ok(no_content())
}

/// `POST /api/v1/output-layers/{slug}/check/`
pub async fn check(
    app: web::Data<App>,
    key: ApiKey<WriteOutputLayers>,
    slug: web::Path<String>,
    once: Once,
) -> ApiResult {
    match once.open::<CheckLayerIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(_, ticket) => {
            let done = try_out(&app, &key, &slug, ticket.clone()).await;
            ticket.settle(&app, done.map_err(Problem::from)).await
        }
    }
}

async fn try_out(app: &web::Data<App>, caller: &Caller, slug: &str, ticket: Ticket) -> AppResult<Answer> {
    let target = load(app, caller, slug).await?.target(&app.keys)?;
    let out = match app.engines.check_target(&target).await {
        Ok(message) => CheckOut { works: true, message, error: None },
        Err(failure) => {
            let failure = failure.of_members();
            let error = FailureOut::new(&failure, failure.reason.as_str());
            CheckOut { works: false, message: failure.message, error: Some(error) }
        }
    };
    let answer = Answer::json(StatusCode::OK, &out)?;
    let kept = answer.clone();
    app.write(move |tx| ticket.store(tx, &kept)).await?;
    Ok(answer)
}

/// What the document says of the list, adding, one, changing, deleting, and trying.
pub fn operations() -> [Operation; 6] {
    let operation = |id: &str, summary: &str| Operation::new("output-layers", id, summary);
    [
        operation("list_output_layers", "List output layers")
            .query::<OutputLayerListQuery>()
            .answers::<PageOut<LayerOut>>(200)
            .about(
                "The files of the data folder first, in each format, then by name: schemas that were added here, and finalised destinations that this installation \
                 can write to, the newest 200. Any of them can be the `output_layer` of a source.",
            ),
        operation("create_output_layer", "Add an output layer")
            .body::<NewOutputLayerIn>()
            .answers::<LayerOut>(201)
            .refuses(&[Code::Conflict])
            .about("Nothing is connected to yet: see `check/`."),
        operation("get_output_layer", "Read an output layer").answers::<LayerOut>(200).tagged(),
        operation("update_output_layer", "Change an output layer")
            .body::<OutputLayerChangeIn>()
            .answers::<LayerOut>(200)
            .tagged()
            .refuses(&[Code::Conflict])
            .about("What is left out stays as it is. The password is only written, and has to be given again with another host or port."),
        operation("delete_output_layer", "Delete an output layer")
            .tagged()
            .refuses(&[Code::Conflict])
            .about("Refused while a source uses it. Records that are there stay."),
        operation("check_output_layer", "Try an output layer")
            .answers::<CheckOut>(200)
            .refuses(&[Code::Conflict])
            .about("Signs in and sees whether tables can be made. It takes up to 45 seconds and changes nothing."),
    ]
}
