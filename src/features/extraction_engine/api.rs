//! `/api/v1/extraction-engine/`: where extractions of a workspace run.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_view::{EngineChangeIn, EngineCheckOut, EngineOut, error_detail};
use super::pages::judged;
use super::save::{remove as forget, save};
use super::try_out::{NOTHING_SET, try_out};
use super::{EngineSetting, find};
use crate::base::error::{AppError, AppResult};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadRuns, WriteEngine};
use crate::features::accounts::owners_of;
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::web::api::{ApiResult, IfMatch, RawBody, etag, json, no_content};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, Problem};

/// What takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "EmptyBody")]
pub struct CheckEngineIn {}

async fn load(app: &App, caller: &Caller) -> AppResult<Option<EngineSetting>> {
    let workspace = caller.workspace.clone();
    app.db.read(move |conn| Ok(find(conn, &workspace)?)).await
}

fn tagged(out: &EngineOut) -> ApiResult {
    let mut answer = json(StatusCode::OK, out)?;
    if let Ok(tag) = header::HeaderValue::from_str(&etag(out)?) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    Ok(answer)
}

/// Refuses a key that no owner of now has made: secrets of every source get a new way out by this. A key of a command is the operator's.
async fn of_owner(app: &App, caller: &Caller) -> Result<(), Problem> {
    let Some(member) = caller.member.clone() else { return Ok(()) };
    let workspace = caller.workspace.clone();
    let owners = app.db.read(move |conn| Ok(owners_of(conn, &workspace)?)).await?;
    if owners.iter().any(|owner| owner.id == member) {
        return Ok(());
    }
    Err(Problem::new(Code::ScopeMissing, "This needs a key that an owner of the workspace has made."))
}

/// `GET /api/v1/extraction-engine/`
pub async fn show(app: web::Data<App>, key: ApiKey<ReadRuns>) -> ApiResult {
    tagged(&EngineOut::from(load(&app, &key).await?.as_ref()))
}

/// `PATCH /api/v1/extraction-engine/`
pub async fn update(app: web::Data<App>, key: ApiKey<WriteEngine>, request: HttpRequest, body: RawBody) -> ApiResult {
    let (given, if_match) = (body.read::<EngineChangeIn>()?, IfMatch::read(&request));
    of_owner(&app, &key).await?;
    let before = load(&app, &key).await?;
    if_match.check_of(&EngineOut::from(before.as_ref()))?;
    let details = given.onto(before.as_ref()).validate(before.as_ref());
    let details = details.map_err(|problems| Problem::invalid(problems.iter().map(error_detail).collect()))?;
    if let Some(problem) = judged(&app, &details.url).await {
        return Err(Problem::invalid(vec![error_detail(&problem)]));
    }
    let (workspace, actor) = (key.workspace.clone(), key.actor());
    let set = app.write(move |tx| save(tx, &workspace, before.as_ref(), &details, actor)).await?;
    tagged(&EngineOut::from(Some(&set)))
}

/// `DELETE /api/v1/extraction-engine/`
pub async fn remove(
    app: web::Data<App>,
    key: ApiKey<WriteEngine>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    of_owner(&app, &key).await?;
    let before = load(&app, &key).await?;
    IfMatch::read(&request).check_of(&EngineOut::from(before.as_ref()))?;
    let (workspace, actor) = (key.workspace.clone(), key.actor());
    app.write(move |tx| forget(tx, &workspace, actor)).await?;
    Ok(no_content())
}

/// `POST /api/v1/extraction-engine/check/`
pub async fn check(app: web::Data<App>, key: ApiKey<WriteEngine>, once: Once) -> ApiResult {
    match once.open::<CheckEngineIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(_, ticket) => {
            let done = ask(&app, &key, ticket.clone()).await;
            ticket.settle(&app, done).await
        }
    }
}

async fn ask(app: &web::Data<App>, caller: &Caller, ticket: Ticket) -> Result<Answer, Problem> {
    of_owner(app, caller).await?;
    let setting = load(app, caller).await?;
    let setting = setting.ok_or(AppError::Conflict(NOTHING_SET))?;
    let out = match try_out(app, &setting).await? {
        Ok(message) => EngineCheckOut { works: true, message },
        Err(fault) => EngineCheckOut { works: false, message: fault.words() },
    };
    let answer = Answer::json(StatusCode::OK, &out)?;
    let kept = answer.clone();
    app.write(move |tx| ticket.store(tx, &kept)).await?;
    Ok(answer)
}

/// What the document says of reading, setting, removing, and trying.
pub fn operations() -> [Operation; 4] {
    let operation = |id: &str, summary: &str| Operation::new("extraction-engine", id, summary);
    [
        operation("get_extraction_engine", "Read where extractions run")
            .answers::<EngineOut>(200)
            .tagged()
            .about("`local` where nothing was set. `/docs/airbyte-engine` says what runs where."),
        operation("update_extraction_engine", "Set where extractions run")
            .body::<EngineChangeIn>()
            .answers::<EngineOut>(200)
            .tagged()
            .refuses(&[Code::Conflict, Code::ScopeMissing])
            .about(
                "Only with a key that an owner has made. What is left out stays as it is. The secret is only written, and has to be given again \
                 with another origin. Nothing is asked of Airbyte yet: see `check/`.",
            ),
        operation("delete_extraction_engine", "Forget the Airbyte that was set")
            .tagged()
            .refuses(&[Code::ScopeMissing])
            .about("Extractions run here from then on. What was made in Airbyte stays there, and nobody hears how jobs end that go on."),
        operation("check_extraction_engine", "Try the Airbyte that was set")
            .answers::<EngineCheckOut>(200)
            .refuses(&[Code::Conflict, Code::ScopeMissing])
            .about("Signs in there, and looks for the workspace and the destination. It changes nothing."),
    ]
}
