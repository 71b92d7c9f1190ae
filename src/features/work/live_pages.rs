//! A piece of work as people follow it: its page, the part of it that changes, and stopping it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use diesel::QueryResult;

use super::WorkKind;
use super::log::LogItem;
use super::store::Work;
use crate::base::error::{AppError, AppResult};
use crate::engines::{FailureReader, FailureWords, Turn};
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::{LogLine, WorkState};
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

const LINES_SHOWN: usize = 300;

/// How one kind of work is shown.
pub(super) trait LivePage: WorkKind {
    /// "Validation": begins the headline.
    const TITLE: &'static str;
    /// "Cancel validation".
    const CANCEL: &'static str;
    /// The part that changes while it goes on.
    type Part: Template;
    /// What the part shows beside the work itself.
    type Beside: Send + 'static;

    /// Looks for that.
    ///
    /// # Errors
    /// The database refuses.
    fn beside(conn: &mut Conn, work: &Work<Self>) -> QueryResult<Self::Beside>;
    /// The word for a state.
    fn word(state: WorkState) -> &'static str;
    /// What follows "Started at … by …".
    fn remark(&self) -> String;
    fn url(id: &Self::Id) -> String;
    fn live_url(id: &Self::Id) -> String;
    fn cancel_url(id: &Self::Id) -> String;
    fn part(app: &App, followed: &Followed<Self>, view: LiveView) -> AppResult<Self::Part>;
}

/// A piece of work with what its page shows of it.
pub(super) struct Followed<K: LivePage> {
    pub(super) work: Work<K>,
    pub(super) beside: K::Beside,
    pub(super) connection: Connection,
    lines: Vec<LogLine>,
}

/// What changes on every page of work.
pub(super) struct LiveView {
    pub(super) state: WorkState,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    /// What a screen reader says; nothing while it goes on, unless the kind has words for it.
    pub(super) said: String,
    pub(super) message: String,
    /// Why it failed, as this member reads it.
    pub(super) failure: Option<FailureWords>,
    /// The other side said no to the details themselves.
    pub(super) is_refusal: bool,
    pub(super) failure_tone: &'static str,
    pub(super) is_over: bool,
    pub(super) succeeded: bool,
    pub(super) is_partial: bool,
    pub(super) lines: Vec<LogItem>,
    pub(super) has_more_lines: bool,
    pub(super) csrf: String,
    pub(super) may_edit: bool,
    /// Whether records are shown to them.
    pub(super) may_see_records: bool,
    pub(super) connection_url: String,
}

#[derive(Template)]
#[template(path = "work/show.html")]
struct WorkPage {
    frame: OwnerFrame,
    title: &'static str,
    description: String,
    word: &'static str,
    created_iso: String,
    created: String,
    by: String,
    remark: String,
    is_over: bool,
    may_edit: bool,
    live: String,
    url: String,
    live_url: String,
    cancel_url: String,
    cancel_text: &'static str,
    connection_url: String,
}

async fn load<K: LivePage>(app: &App, member: &SignedIn, id: &str) -> AppResult<Followed<K>> {
    let (workspace, id) = (member.workspace_id.clone(), K::id(id));
    app.db
        .read(move |conn| {
            let work = Work::<K>::find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
            let connection = connections::find_by_id(conn, &workspace, &work.connection_id)?;
            let connection = connection.filter(|one| one.deleted_at.is_none()).ok_or(AppError::NotFound)?;
            let lines = Work::<K>::log_after(conn, &id, 0, i64::from(K::MOST_LINES) + 1)?;
            let beside = K::beside(conn, &work)?;
            Ok(Followed { work, beside, connection, lines })
        })
        .await
}

impl LiveView {
    fn new<K: LivePage>(followed: &Followed<K>, member: &SignedIn, csrf: String) -> Self {
        let Followed { work, connection, lines, .. } = followed;
        let (state, failure) = (work.state, work.failure());
        let is_refusal = failure.as_ref().is_some_and(|failure| failure.turn == Turn::Giver);
        let newest = lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN));
        Self {
            state,
            word: K::word(state),
            tone: state.tone(),
            said: if state.is_over() { K::word(state).to_owned() } else { String::new() },
            message: work.message.clone(),
            is_refusal,
            failure_tone: if is_refusal { "bad" } else { "warn" },
            failure: failure.map(|failure| failure.words(FailureReader::of_member(member.role.may_administer()))),
            is_over: state.is_over(),
            succeeded: state == WorkState::Success,
            is_partial: state == WorkState::Partial,
            lines: newest.map(LogItem::from).collect(),
            has_more_lines: lines.len() > LINES_SHOWN,
            csrf,
            may_edit: member.role.may_edit(),
            may_see_records: member.role.may_administer(),
            connection_url: urls::connection(&connection.slug),
        }
    }
}

/// The page of one.
pub(super) async fn show<K: LivePage>(app: &App, request: &HttpRequest, member: &SignedIn, id: &str) -> PageResult {
    let followed = load::<K>(app, member, id).await?;
    let frame = member.frame(request, app, "connections");
    let view = LiveView::new(&followed, member, frame.csrf.clone());
    let (word, is_over, may_edit) = (view.word, view.is_over, view.may_edit);
    let live = K::part(app, &followed, view)?.render()?;
    let Followed { work, connection, .. } = followed;
    page(&WorkPage {
        frame,
        title: K::TITLE,
        word,
        created_iso: work.created_at.iso(),
        created: work.created_at.words(),
        by: work.actor_name,
        remark: work.details.remark(),
        is_over,
        may_edit,
        live,
        url: K::url(&work.id),
        live_url: K::live_url(&work.id),
        cancel_url: K::cancel_url(&work.id),
        cancel_text: K::CANCEL,
        connection_url: urls::connection(&connection.slug),
        description: connection.description,
    })
}

/// The part of it that changes.
pub(super) async fn live<K: LivePage>(app: &App, request: &HttpRequest, member: &SignedIn, id: &str) -> PageResult {
    let followed = load::<K>(app, member, id).await?;
    let csrf = member.frame(request, app, "connections").csrf;
    let view = LiveView::new(&followed, member, csrf);
    page(&K::part(app, &followed, view)?)
}

/// Stops one.
pub(super) async fn stop<K: LivePage>(app: &web::Data<App>, member: &Editor, id: &str) -> AppResult<HttpResponse> {
    let (workspace, id) = (member.workspace_id.clone(), K::id(id));
    let target = K::url(&id);
    app.write(move |tx| Work::<K>::stop(tx, &workspace, &id)).await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::Stopping))
}
