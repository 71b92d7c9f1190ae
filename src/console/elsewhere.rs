//! What somebody opens may be in another workspace of theirs than the one that is open: a mail, a message from a colleague. They are asked
//! to open that workspace, and land where they wanted to go.
//!
//! Invariants: only workspaces of their own are looked into; whatever is in none of them is not found, as if it had never been.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest as _, HttpRequest, ResponseError as _, web};

use crate::base::error::{AppError, AppResult};
use crate::base::ids::{InviteLinkId, WebhookDeliveryId, WorkspaceId};
use crate::features::accounts::guard::{OtherWorkspace, SignedInPerson};
use crate::features::webhooks::deliveries;
use crate::features::{connections, invite_links};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::page::{PageError, see_other};
use crate::platform::web::urls;

/// The middleware: leads to the workspace in which a page is that the open one does not have.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn lead(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let app = request.app_data::<web::Data<App>>().cloned().filter(|_| looks);
    let response = next.call(request).await?.map_into_boxed_body();
    let Some((app, sought)) = app.zip(sought(&response)) else { return Ok(response) };
    match place_of(&app, response.request(), sought).await {
        Ok(Some(target)) => Ok(response.into_response(see_other(&target))),
        Ok(None) => Ok(response),
        Err(error) => Ok(response.into_response(PageError::from(error).error_response())),
    }
}

/// What a page is about that may be in another workspace.
enum Sought {
    /// A connection, by its name in addresses.
    Connection(String),
    InviteLink(InviteLinkId),
    Delivery(WebhookDeliveryId),
    /// A page that every workspace has, of this one.
    PageOf(WorkspaceId),
}

impl Sought {
    fn is_in(&self, conn: &mut Conn, workspace: &WorkspaceId) -> AppResult<bool> {
        Ok(match self {
            Self::Connection(slug) => connections::find(conn, workspace, slug)?.is_some(),
            Self::InviteLink(id) => invite_links::find(conn, workspace, id)?.is_some(),
            Self::Delivery(id) => deliveries::find_delivery(conn, workspace, id)?.is_some(),
            Self::PageOf(meant) => meant == workspace,
        })
    }
}

/// What to look for elsewhere; nothing when the answer is what was asked for.
fn sought(response: &ServiceResponse<BoxBody>) -> Option<Sought> {
    let request = response.request();
    if response.status().is_success() {
        return urls::meant_workspace(request.query_string()).map(Sought::PageOf);
    }
    let error = response.response().error().and_then(|error| error.as_error::<PageError>());
    if !matches!(error, Some(PageError::App(AppError::NotFound))) {
        return None;
    }
    let pattern = request.match_pattern()?;
    let is_of = |head: &str| pattern.strip_prefix(head).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let part = |name: &str| request.match_info().get(name).map(str::to_owned);
    if is_of(urls::CONNECTION) {
        part("slug").map(Sought::Connection)
    } else if is_of(urls::INVITE_LINK) {
        part("id").map(|id| Sought::InviteLink(InviteLinkId::from_text(&id)))
    } else if is_of(urls::WEBHOOK_DELIVERY) {
        part("id").map(|id| Sought::Delivery(WebhookDeliveryId::from_text(&id)))
    } else {
        None
    }
}

/// Where it is asked whether to open the workspace that has it; `None` when none of theirs has.
async fn place_of(app: &App, request: &HttpRequest, sought: Sought) -> AppResult<Option<String>> {
    let Ok(person) = SignedInPerson::from_request(request, &mut Payload::None).await else { return Ok(None) };
    let others = person.other_workspaces();
    let found = app.db.read(move |conn| {
        for OtherWorkspace { member, workspace } in others {
            if sought.is_in(conn, &workspace)? {
                return Ok(Some(member));
            }
        }
        Ok(None)
    });
    let wanted = request.uri().path_and_query().map_or(urls::HOME, |path| path.as_str());
    Ok(found.await?.map(|member| urls::workspace_of(&member, wanted)))
}
