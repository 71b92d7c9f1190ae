//! What members do with invite links: the list, and making a new one.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::input::{FieldProblems, TypedFields};
use super::listing::{InviteLinkFilter, InviteStateFilter, ListOrder};
use super::owner_view::{FieldsView, InviteLinkRow, InviteLinksQuery, ListView};
use super::store::{self, InviteLink};
use super::{NewInviteLink, Usage, listing, made_by_form, make};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::connectors::Kind;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "invite_links/index.html")]
struct InviteLinksPage {
    frame: OwnerFrame,
    may_edit: bool,
    list: ListView,
}

/// `GET /invite-links`
pub async fn index(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    query: web::Query<InviteLinksQuery>,
) -> PageResult {
    let list = load(&app, &member, query.into_inner(), None).await?;
    page(&InviteLinksPage {
        frame: member.frame(&request, &app, "invite-links"),
        may_edit: member.role.may_edit(),
        list,
    })
}

/// The list of a query, with the link that is shown beside it.
pub(super) async fn load(
    app: &App,
    member: &SignedIn,
    query: InviteLinksQuery,
    shown: Option<&InviteLink>,
) -> AppResult<ListView> {
    let (workspace, now) = (member.workspace_id.clone(), app.clock.now());
    let (filter, order) = (query.filter(), query.order());
    let (mut found, waiting, has_deleted) = app
        .db
        .read(move |conn| {
            let found = listing::rows(conn, &workspace, &filter, order, PER_PAGE + 1, now)?;
            let deleted = InviteLinkFilter { state: Some(InviteStateFilter::Deleted), ..InviteLinkFilter::default() };
            let has_deleted = found.is_empty()
                && !listing::rows(conn, &workspace, &deleted, ListOrder::default(), 1, now)?.is_empty();
            Ok((found, connections::waiting_count(conn, &workspace)?, has_deleted))
        })
        .await?;
    let per_page = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let has_older = found.len() > per_page;
    found.truncate(per_page);
    let older = found.last().filter(|_| has_older).map(|row| query.older(row)).unwrap_or_default();
    let rows = found.iter().map(|link| InviteLinkRow::new(app, link, shown)).collect();
    Ok(ListView { query, rows, older, waiting, has_deleted })
}

/// One connector to choose.
struct ConnectorChoice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// The form of a new link.
#[derive(Template)]
#[template(path = "invite_links/new.html")]
struct NewPage {
    frame: OwnerFrame,
    sources: Vec<ConnectorChoice>,
    destinations: Vec<ConnectorChoice>,
    fields: FieldsView,
}

/// What decides a new link beside its fields.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct ChosenConnector {
    #[serde(default)]
    connector: String,
}

impl ChosenConnector {
    /// The connector that `source/postgres` names.
    fn read(&self) -> Option<(Kind, &str)> {
        let (kind, slug) = self.connector.split_once('/')?;
        Some((Kind::parse(kind)?, slug))
    }
}

fn new_page(app: &App, frame: OwnerFrame, chosen: &ChosenConnector, fields: FieldsView) -> NewPage {
    let choices = |kind: Kind| {
        let found = app.connectors.search(kind, "");
        let mut choices: Vec<ConnectorChoice> = found
            .into_iter()
            .map(|connector| {
                let value = format!("{}/{}", kind.as_str(), connector.file.slug);
                ConnectorChoice { is_chosen: value == chosen.connector, value, name: connector.name().to_owned() }
            })
            .collect();
        choices.sort_by_key(|choice| choice.name.to_lowercase());
        choices
    };
    NewPage { frame, sources: choices(Kind::Source), destinations: choices(Kind::Destination), fields }
}

/// `GET /invite-links/new`
pub async fn new(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    chosen: web::Query<ChosenConnector>,
) -> PageResult {
    let (workspace, id) = (member.workspace_id.clone(), member.member_id.clone());
    let zone = app.db.read(move |conn| Ok(store::last_zone(conn, &workspace, &id)?)).await?;
    let typed = TypedFields { zone: zone.unwrap_or_default(), ..TypedFields::default() };
    let fields = FieldsView::new(typed, FieldProblems::new(), false);
    page(&new_page(&app, member.frame(&request, &app, "invite-links"), &chosen, fields))
}

/// `POST /invite-links/new`
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let raw = RawForm::from_pairs(form.value);
    let chosen = ChosenConnector { connector: raw.first("connector").unwrap_or_default().to_owned() };
    let connector = chosen.read().and_then(|(kind, slug)| app.connectors.find(kind, slug));
    let (typed, now) = (TypedFields::read(&raw), app.clock.now());
    let usage = if raw.has("one_use") { Usage::Once } else { Usage::Reusable };
    let (checked, connector) = match (typed.check(true, now), connector) {
        (Ok(checked), Some(connector)) if !form.is_review => (checked, connector),
        (checked, connector) => {
            let mut problems = checked.err().unwrap_or_default();
            if connector.is_none() {
                problems.push(("connector", "Choose what the link connects".to_owned()));
            }
            let fields = FieldsView::new(typed, problems, usage == Usage::Once);
            let frame = member.frame(&request, &app, "invite-links");
            return unprocessable(&new_page(&app, frame, &chosen, fields));
        }
    };
    let (acting, actor, nonce) = (member.acting(), member.actor(), form.token.nonce);
    let link = app
        .write(move |tx| {
            if let Some(made) = made_by_form(tx.conn, &acting.workspace, &nonce)? {
                return Ok(made);
            }
            let new = NewInviteLink {
                workspace: &acting.workspace,
                connector: &connector,
                usage,
                fields: &checked,
                creator: Some(&acting.member),
                actor,
                form_nonce: Some(&nonce),
            };
            Ok::<_, AppError>(make::make(tx, new)?.link)
        })
        .await?;
    let target = urls::invite_link(&link.id);
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::InviteLinkMade))
}
