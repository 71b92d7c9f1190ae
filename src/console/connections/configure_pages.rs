//! The configuration step: the connector's form for members, and "Share setup link" above it, in one form, so that
//! whatever was typed is kept whichever button is pressed.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{HttpRequest, web};

use super::configure_view::{ConfigureInput, ConfigurePage, ConfigureTarget};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldPath, RawForm};
use crate::connectors::Connector;
use crate::console::made_link::MadeLink;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{
    Apply, ApplyError, Connection, Filler, NewDraft, REVISION_FIELD, Revision, Shown, apply, changed_questions,
    create_draft, find,
};
use crate::features::oauth;
use crate::features::setup_links::{CreatedLink, LinkPurpose, NewSetupLink, ShareForm, created};
use crate::platform::activity::{Entry, Event};
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::platform::web::csrf::{CsrfForm, FormToken};
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;
use crate::schema::form::{self, Asks, Audience, Decoded, Since, Strictness, Submission};

/// A draft and its connector.
///
/// # Errors
/// No such connection in this workspace, or its connector is gone from the installation.
pub(super) async fn load(app: &App, member: &SignedIn, slug: String) -> AppResult<ConfigureTarget> {
    let workspace = member.workspace_id.clone();
    let draft = app.db.read(move |conn| Ok(find(conn, &workspace, &slug)?)).await?.ok_or(AppError::NotFound)?;
    let connector = app.connectors.find(draft.kind, &draft.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    ConfigureTarget::of(app, member, connector, Some(draft)).await
}

/// `GET /connections/{slug}/configuration`
pub async fn edit(app: web::Data<App>, request: HttpRequest, member: Editor, slug: web::Path<String>) -> PageResult {
    let target = load(&app, &member, slug.into_inner()).await?;
    show(&app, &request, &member, &target)
}

/// `POST /connections/{slug}/configuration`
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let target = load(&app, &member, slug.into_inner()).await?;
    act(&app, &request, &member, target, form).await
}

/// The form as nobody has filled it in.
pub(super) fn show(app: &App, request: &HttpRequest, member: &SignedIn, target: &ConfigureTarget) -> PageResult {
    page(&ConfigurePage::new(app, request, member, target, &ConfigureInput::fresh())?)
}

/// What a checked form comes down to.
struct CheckedForm {
    description: String,
    submission: Submission,
    shown: Shown,
    share: Option<ShareForm>,
    /// The link asks for the secrets that go with this change, and for nothing else.
    asks_again: bool,
}

pub(super) async fn act(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    target: ConfigureTarget,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let raw = RawForm::from_pairs(form.value);
    let shown = match &target.draft {
        Some(draft) => Shown::in_form(app, draft, raw.first(REVISION_FIELD)).await?,
        None => Shown::Now,
    };
    let mut input = ConfigureInput::read(&raw);
    let Decoded { submission, errors, .. } = decode(&target, &raw, &shown, input.asks_again);
    if let Some(draft) = &target.draft {
        input.offer_asking(draft, &errors);
    }
    let share = input.wants_link.then(|| input.share.check(app.clock.now()));
    if let Some(Err(problems)) = &share {
        input.share_problems.clone_from(problems);
    }
    input.check_description();
    input.changed = changed_questions(&raw, &target.connector);
    let refused = form.is_review
        || input.changed.is_some()
        || !errors.is_empty()
        || !input.share_problems.is_empty()
        || input.description_problem.is_some();
    if refused {
        let draft = target.draft.as_ref().map(|draft| shown.on(draft));
        let target = ConfigureTarget { draft, ..target };
        input.state = decode(&target, &raw, &shown, true).with_errors(errors).state;
        return unprocessable(&ConfigurePage::new(app, request, member, &target, &input)?);
    }
    let share = share.and_then(Result::ok);
    let (description, asks_again) = (input.description.clone(), input.asks_again);
    let checked = CheckedForm { description, submission, shown: shown.clone(), share, asks_again };
    let draft = target.draft.clone();
    match store(app, member, &target, checked, form.token).await {
        Ok(written) => answer(app, request, member, &target.connector, &written),
        Err(ApplyError::Conflicts(conflicts)) => {
            let slug = draft.map(|draft| draft.slug).ok_or(AppError::NotFound)?;
            let now = load(app, member, slug).await?;
            let mut decoded = decode(&now, &raw, &shown, input.asks_again);
            decoded.state.add_errors(conflicts);
            input.state = decoded.state;
            unprocessable(&ConfigurePage::new(app, request, member, &now, &input)?)
        }
        Err(error) => Err(AppError::from(error).into()),
    }
}

/// Reads what was typed against what the page showed. Who asks somebody else for the secrets again has them taken out by the same change;
/// saving names them in the timeline.
fn decode(target: &ConfigureTarget, raw: &RawForm, shown: &Shown, asks_others: bool) -> Decoded {
    let spec = &target.connector.spec;
    let now = target.draft.as_ref().map(Connection::known_to_members).unwrap_or_default();
    let then = shown.known().map_or_else(|| now.clone(), Revision::known_to_members);
    let since = Since { shown: &then, now: &now };
    let mut decoded = form::decode_since(spec, raw, since, Strictness::Draft, &Audience::Owner);
    if !asks_others {
        decoded.ask_again(spec, &now, &[], spec, since, &Audience::Owner);
    }
    decoded
}

/// What was written.
struct SavedForm {
    connection: Connection,
    saved: bool,
    link: Option<MadeLink>,
}

async fn store(
    app: &App,
    member: &SignedIn,
    target: &ConfigureTarget,
    checked: CheckedForm,
    form: FormToken,
) -> Result<SavedForm, ApplyError> {
    let (connector, draft) = (Arc::clone(&target.connector), target.draft.clone());
    let member_here = member.clone();
    app.try_write(move |tx| {
        let connection = match draft {
            Some(draft) => draft,
            None => new_draft(tx, &member_here, &connector, &checked.description, &form.nonce)?,
        };
        let before = connection.secret_paths.clone();
        let saved = !checked.submission.is_empty();
        let connection = if saved {
            let apply_here = Apply {
                workspace: &connection.workspace_id,
                connection: &connection.id,
                connector: &connector,
                submission: &checked.submission,
                by: Filler::Member,
                name: &member_here.member_name,
                then: None,
                has_secrets: false,
                shown: &checked.shown,
                actor: member_here.actor(),
            };
            let applied = apply(tx, &apply_here)?;
            note_saved(tx, &member_here, &connection, &checked.submission)?;
            applied.connection
        } else {
            connection
        };
        let share = checked.share.as_ref();
        let gone = before.into_iter().filter(|path| !connection.secret_paths.contains(path));
        let asks = if checked.asks_again { asks_for(&connector, &connection, gone) } else { None };
        let made =
            share.map(|share| make_link(tx, &member_here, &connection, NewShare { share, asks, nonce: &form.nonce }));
        let link = made.transpose()?;
        Ok(SavedForm { connection, saved, link })
    })
    .await
}

fn answer(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    connector: &Connector,
    written: &SavedForm,
) -> PageResult {
    if let Some(MadeLink { link, token }) = &written.link {
        let known = written.connection.known_to_members();
        let titles = link.asks.as_ref().map(|asks| asks.fields().titles(&connector.spec, &known).join(", "));
        let new = CreatedLink {
            connection: &written.connection,
            system: connector.system(),
            link,
            token: token.as_ref(),
            asks: titles.as_deref().unwrap_or_default(),
        };
        return created(app, request, member, &new);
    }
    let flash = if written.saved { Flash::DetailsSaved } else { Flash::NothingToSave };
    Ok(see_other_with(&app.config.server.base_url, &urls::connection(&written.connection.slug), flash))
}

fn new_draft(
    tx: &mut Tx<'_>,
    member: &SignedIn,
    connector: &Connector,
    description: &str,
    nonce: &str,
) -> AppResult<Connection> {
    let new = NewDraft {
        workspace: &member.workspace_id,
        connector,
        description,
        creator: Some(&member.member_id),
        actor: member.actor(),
        form_nonce: Some(nonce),
    };
    create_draft(tx, new)
}

fn note_saved(tx: &mut Tx<'_>, member: &SignedIn, connection: &Connection, submission: &Submission) -> AppResult<()> {
    let mut titles: Vec<String> = submission.provided().into_iter().map(|field| field.title).collect();
    titles.dedup();
    let detail = titles.join(", ");
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event: Event::DetailsSaved,
        actor: member.actor(),
        detail: &detail,
    };
    tx.record(&entry)
}

/// A link that is to be made.
struct NewShare<'a> {
    share: &'a ShareForm,
    asks: Option<Asks>,
    nonce: &'a str,
}

/// The questions of a link for secrets that are gone; `None` when nobody can be asked for one of them.
fn asks_for(connector: &Connector, connection: &Connection, gone: impl Iterator<Item = FieldPath>) -> Option<Asks> {
    let gone: BTreeSet<FieldPath> = gone.collect();
    let answers = form::overview(&connector.spec, &connection.known_to_members());
    let asked = answers.into_iter().map(|answer| answer.key).filter(|key| gone.contains(key));
    Asks::of(asked).map(|asks| oauth::with_sign_in(connector, asks))
}

fn make_link(tx: &mut Tx<'_>, member: &SignedIn, connection: &Connection, new: NewShare<'_>) -> AppResult<MadeLink> {
    let NewShare { share, asks, nonce } = new;
    let new = NewSetupLink {
        connection,
        creator: Some(&member.member_id),
        actor: member.actor(),
        lifetime: share.lifetime,
        recipient: &share.recipient,
        note: &share.note,
        allows_test: share.allows_test,
        form_nonce: Some(nonce),
        purpose: LinkPurpose::Fill,
        asks,
    };
    MadeLink::make(tx, new)
}
