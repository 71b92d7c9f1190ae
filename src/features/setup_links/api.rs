//! `/api/v1/sources/{slug}/setup-tokens/`: a program makes setup links, looks at them, and withdraws them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    LONGEST_NOTE, LONGEST_RECIPIENT, LinkLifetime, LinkPurpose, NewSetupLink, SetupLinkRow, list, make, revoke,
};
use crate::base::clock::UtcTime;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldPath;
use crate::base::ids::{SetupLinkId, WorkspaceId};
use crate::features::accounts::api_keys::guard::{ApiKey, Caller, ReadLinks, Side, WriteLinks};
use crate::features::connections::{Connection, find_of_kind};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened, Ticket};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::db::cursor::{ListDirection, place_by_time};
use crate::platform::link_state::LinkState;
use crate::platform::web::api::{ApiQuery, ApiResult, json, no_content, present};
use crate::platform::web::cursor::{self, PageOut};
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};
use crate::platform::web::urls;
use crate::schema::form::Asks;

/// What stands in the place of a token that is not shown any more.
const REDACTED: &str = "********";

/// A new setup token.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSetupToken")]
pub struct NewSetupTokenIn {
    /// How long the link stays open, in seconds; a day when left out.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "i64", range(min = 300, max = 7_776_000))]
    expires_in_seconds: Option<i64>,
    /// For whom it is; the page greets them.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 80))]
    recipient: Option<String>,
    /// A note the recipient will see.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 280))]
    note: Option<String>,
    /// Whether the recipient may have what they typed checked before they send it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    allow_test: Option<bool>,
    /// JSON pointers of the fields to ask for, such as `/password`; everything else is shown as it is and cannot be changed through the
    /// link. The whole form when left out.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Vec<String>", length(min = 1, max = 50))]
    asks: Option<Vec<String>>,
}

/// Where a setup token is in its life.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SetupTokenState {
    /// It works.
    Open,
    /// Details were sent with it.
    Used,
    /// Its time ran out.
    Expired,
    /// It was withdrawn.
    Revoked,
    /// The draft was finalised before anything was sent: the link is not needed any more.
    Closed,
}

impl From<LinkState> for SetupTokenState {
    fn from(state: LinkState) -> Self {
        match state {
            LinkState::Open { .. } => Self::Open,
            LinkState::Used { .. } => Self::Used,
            LinkState::Expired { .. } => Self::Expired,
            LinkState::Revoked { .. } => Self::Revoked,
            LinkState::Closed { .. } => Self::Closed,
        }
    }
}

/// A setup token as it was made: the only time it is shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewSetupTokenAnswer")]
struct MadeOut {
    /// Its id.
    id: String,
    /// The token.
    token: String,
    /// The address to hand to the recipient.
    url: String,
    /// When it dies by itself (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
    /// When it was made (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// JSON pointers of the fields it asks for; null when it asks for the whole form.
    asks: Option<Vec<String>>,
}

/// A setup token as lists show it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SetupToken")]
struct TokenOut {
    /// Its id.
    id: String,
    /// Always asterisks: only the hash of the token is stored.
    token: &'static str,
    /// Where it is in its life.
    state: SetupTokenState,
    /// For whom it is, possibly empty.
    recipient: String,
    /// When it dies by itself (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
    /// When it was made (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// When details were sent with it.
    #[schemars(extend("format" = "date-time"))]
    used_at: Option<String>,
    /// When it was withdrawn.
    #[schemars(extend("format" = "date-time"))]
    revoked_at: Option<String>,
    /// When it was closed because its draft was finalised.
    #[schemars(extend("format" = "date-time"))]
    closed_at: Option<String>,
    /// JSON pointers of the fields it asks for; null when it asks for the whole form.
    asks: Option<Vec<String>>,
}

impl TokenOut {
    fn new(link: SetupLinkRow, connection: &Connection, now: UtcTime) -> Self {
        let closed = link.times().closed;
        Self {
            asks: link.asks.as_ref().map(|asks| asks.fields().pointers(&connection.config)),
            state: link.state(now).into(),
            id: link.id.to_string(),
            token: REDACTED,
            recipient: link.recipient,
            expires_at: link.expires_at.iso(),
            created_at: link.created_at.iso(),
            used_at: link.used_at.map(UtcTime::iso),
            revoked_at: link.revoked_at.map(UtcTime::iso),
            closed_at: closed.map(|closing| closing.at.iso()),
        }
    }
}

/// Which page of the list is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupTokensQuery {
    /// Where the page lies: take it from `next` or `previous`.
    cursor: Option<String>,
    /// Rows of the page.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
}

fn connection<S: Side>(conn: &mut Conn, workspace: &WorkspaceId, slug: &str) -> AppResult<Connection> {
    find_of_kind(conn, workspace, S::KIND, slug)?.ok_or(AppError::NotFound)
}

/// `GET /api/v1/sources/{slug}/setup-tokens/`
pub async fn index<S: Side>(
    app: web::Data<App>,
    key: ApiKey<ReadLinks>,
    slug: web::Path<String>,
    query: ApiQuery<SetupTokensQuery>,
) -> ApiResult {
    let wanted = cursor::page_request(query.0.cursor.as_deref(), query.0.limit)?;
    let (workspace, slug, now) = (key.workspace.clone(), slug.into_inner(), app.clock.now());
    let address = app.config.server.base_url.join(&urls::api_setup_tokens(S::PLURAL, &slug));
    let (connection, links) = app
        .db
        .read(move |conn| {
            let connection = connection::<S>(conn, &workspace, &slug)?;
            let links = list(conn, &workspace, &connection.id)?;
            Ok((connection, links))
        })
        .await?;
    let place_of = |link: &SetupLinkRow| place_by_time(link.created_at, &link.id);
    let limit: Vec<(&str, String)> = query.0.limit.map(|limit| ("limit", limit.to_string())).into_iter().collect();
    let page = PageOut::new(wanted.cut(links, ListDirection::Falling, place_of), &address, &limit, place_of, |link| {
        TokenOut::new(link, &connection, now)
    });
    json(StatusCode::OK, &page)
}

/// `POST /api/v1/sources/{slug}/setup-tokens/`
pub async fn create<S: Side>(
    app: web::Data<App>,
    key: ApiKey<WriteLinks>,
    slug: web::Path<String>,
    once: Once,
) -> ApiResult {
    match once.open::<NewSetupTokenIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(new, ticket) => {
            let made = make_token::<S>(&app, &key, slug.into_inner(), new, ticket.clone()).await;
            ticket.settle(&app, made).await
        }
    }
}

async fn make_token<S: Side>(
    app: &web::Data<App>,
    caller: &Caller,
    slug: String,
    new: NewSetupTokenIn,
    ticket: Ticket,
) -> Result<Answer, Problem> {
    let now = app.clock.now();
    let lifetime = check(&new, now)?;
    let (app, caller) = (app.clone(), caller.clone());
    let writer = app.clone();
    let answer = writer
        .try_write(move |tx| -> Result<Answer, Problem> {
            let connection = connection::<S>(tx.conn, &caller.workspace, &slug)?;
            let asks = asks_of(&app, &connection, new.asks.as_deref())?;
            let pointers = asks.as_ref().map(|asks| asks.pointers(&connection.config));
            let link = NewSetupLink {
                connection: &connection,
                creator: caller.member.as_ref(),
                actor: caller.actor(),
                lifetime,
                recipient: new.recipient.as_deref().unwrap_or_default().trim(),
                note: new.note.as_deref().unwrap_or_default().trim(),
                allows_test: new.allow_test.unwrap_or(false),
                form_nonce: None,
                purpose: LinkPurpose::Fill,
                asks,
            };
            let (id, token) = make(tx, link)?;
            let made = MadeOut {
                id: id.to_string(),
                url: app.config.server.base_url.join(&urls::setup_link(&token)),
                token: token.expose().to_owned(),
                expires_at: lifetime.expires_at.iso(),
                created_at: tx.now.iso(),
                asks: pointers,
            };
            let answer = Answer::json(StatusCode::CREATED, &made)?;
            ticket.store(tx, &answer)?;
            Ok(answer)
        })
        .await?;
    Ok(answer)
}

/// The fields that a link shall ask for.
fn asks_of(app: &App, connection: &Connection, pointers: Option<&[String]>) -> Result<Option<Asks>, Problem> {
    let Some(pointers) = pointers else { return Ok(None) };
    let fault = |index: usize| {
        let sentence = "This is no field that the form asks for as the connection stands.";
        Problem::invalid(vec![ErrorDetail::at(format!("/asks/{index}"), "unknown_field", sentence)])
    };
    let parsed = pointers.iter().enumerate().map(|(index, text)| FieldPath::parse(text).map_err(|_| fault(index)));
    let fields = parsed.collect::<Result<Vec<FieldPath>, Problem>>()?;
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    let named = Asks::named(&connector.spec, &connection.known_to_members(), &fields);
    let asks = named.map_err(|none| fault(none.index))?;
    let nothing = || Problem::invalid(vec![ErrorDetail::at("/asks", "too_few", "Name one field at least.".to_owned())]);
    asks.map(Some).ok_or_else(nothing)
}

fn check(new: &NewSetupTokenIn, now: UtcTime) -> Result<LinkLifetime, Problem> {
    let mut faults = Vec::new();
    let lifetime = LinkLifetime::of_seconds(new.expires_in_seconds, now);
    if let Err(problem) = &lifetime {
        faults.push(ErrorDetail::at("/expires_in_seconds", "out_of_range", problem.to_string()));
    }
    for (pointer, text, most, lines) in
        [("/recipient", &new.recipient, LONGEST_RECIPIENT, false), ("/note", &new.note, LONGEST_NOTE, true)]
    {
        let text = text.as_deref().unwrap_or_default().trim();
        if text.chars().count() > most {
            faults.push(ErrorDetail::at(pointer, "too_long", format!("This must be {most} characters or fewer.")));
        } else if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r'))) {
            faults.push(ErrorDetail::at(pointer, "control_character", "This must not hold control characters."));
        }
    }
    match lifetime {
        Ok(lifetime) if faults.is_empty() => Ok(lifetime),
        _ => Err(Problem::invalid(faults)),
    }
}

/// `DELETE /api/v1/sources/{slug}/setup-tokens/{id}/`
pub async fn withdraw<S: Side>(
    app: web::Data<App>,
    key: ApiKey<WriteLinks>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (slug, id) = path.into_inner();
    let caller = Caller::clone(&key);
    app.write(move |tx| {
        let connection = connection::<S>(tx.conn, &caller.workspace, &slug)?;
        revoke(tx, &connection, &SetupLinkId::from_text(&id), caller.actor())
    })
    .await?;
    Ok(no_content())
}

/// What the document says of the list, making, and withdrawing.
pub fn operations<S: Side>() -> [Operation; 3] {
    let word = S::KIND.as_str();
    let operation = |id: String, summary: &str| Operation::new(S::PLURAL, id, summary);
    [
        operation(format!("list_{word}_setup_tokens"), "List setup tokens")
            .query::<SetupTokensQuery>()
            .answers::<PageOut<TokenOut>>(200)
            .about("Newest first. Tokens are not shown again."),
        operation(format!("create_{word}_setup_token"), "Make a setup token")
            .body::<NewSetupTokenIn>()
            .answers::<MadeOut>(201)
            .refuses(&[Code::Conflict])
            .about("The token and its address are in this answer and nowhere else."),
        operation(format!("revoke_{word}_setup_token"), "Withdraw a setup token")
            .about("It opens nothing from then on. Withdrawing a token that is closed already is no error."),
    ]
}
