//! `/settings/data`: where the data lies, as the environment says, and how long what is kept, as the workspace's owners say.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{CHOICES, RetentionKind, days_in_words, store};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::features::accounts::guard::{OwnerOnly, SignedIn};
use crate::features::accounts::{self, Role};
use crate::features::work::{runs, validations};
use crate::features::{connections, setup_links, webhooks};
use crate::platform::activity::{self, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// More rows than this are not counted one by one.
const COUNTED: i64 = 1_000;

/// One thing that is kept for a while.
struct KeptItem {
    name: &'static str,
    words: &'static str,
    stays: &'static str,
    /// How many there are; empty where nobody counts.
    amount: String,
    kept: String,
    choices: Vec<DaysChoice>,
}

/// One number of days.
struct DaysChoice {
    days: i32,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "retention/data.html")]
struct DataPage {
    frame: OwnerFrame,
    tab: &'static str,
    base_url: String,
    /// For who answers for the installation alone.
    facts: Option<StorageFacts>,
    kept: Vec<KeptItem>,
    may_change: bool,
    ask: String,
}

/// Where the data lies and what seals it.
struct StorageFacts {
    database: String,
    data_dir: String,
    keys_from: String,
    primary_key: String,
    other_keys: Vec<String>,
}

impl StorageFacts {
    fn of(app: &App) -> Self {
        let storage = &app.config.storage;
        let from_file = || format!("The file {}", storage.key_file().display());
        Self {
            database: storage.database.shown(),
            data_dir: storage.data_dir.display().to_string(),
            keys_from: storage
                .master_keys
                .as_ref()
                .map_or_else(from_file, |_| "The setting VESTIBULE_MASTER_KEYS".to_owned()),
            primary_key: app.keys.primary_id().to_owned(),
            other_keys: app.keys.ids().iter().skip(1).map(|id| (*id).to_owned()).collect(),
        }
    }
}

/// What the page reads of the database.
struct KeptNow {
    kept: Vec<KeptItem>,
    owners: String,
}

/// `GET /settings/data`
pub async fn show(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let workspace = member.workspace_id.clone();
    let KeptNow { kept, owners } = app
        .db
        .read(move |conn| {
            let days = store::kept_for(conn, &workspace)?;
            let mut kept = Vec::new();
            for kind in RetentionKind::ALL.iter().copied() {
                let days = days.get(kind.as_str()).copied().unwrap_or(kind.default_days());
                kept.push(item(kind, days, amount(conn, &workspace, kind)?));
            }
            let owners: Vec<String> =
                accounts::owners_of(conn, &workspace)?.into_iter().map(|owner| owner.name).collect();
            Ok(KeptNow { kept, owners: owners.join(", ") })
        })
        .await?;
    let facts = member.owns_instance(&app).await?.then(|| StorageFacts::of(&app));
    page(&DataPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_DATA,
        base_url: app.config.server.base_url.origin(),
        facts,
        kept,
        may_change: member.role == Role::Owner,
        ask: owners,
    })
}

type CountUpTo = fn(&mut Conn, &WorkspaceId, i64) -> diesel::QueryResult<usize>;

/// How many there are of a kind, [`COUNTED`] and one at most; `None` where nobody counts.
fn amount(conn: &mut Conn, workspace: &WorkspaceId, kind: RetentionKind) -> AppResult<Option<usize>> {
    let count = match kind {
        RetentionKind::Activity => activity::count_up_to as CountUpTo,
        RetentionKind::Runs => runs::count_up_to,
        RetentionKind::RunLogs | RetentionKind::Revisions => return Ok(None),
        RetentionKind::Validations => validations::count_up_to,
        RetentionKind::Webhooks => webhooks::deliveries::count_up_to,
        RetentionKind::Links => setup_links::count_up_to,
        RetentionKind::AccountLinks => accounts::count_links_up_to,
        RetentionKind::Deleted => connections::count_deleted_up_to,
    };
    Ok(Some(count(conn, workspace, COUNTED + 1)?))
}

fn item(kind: RetentionKind, days: i32, amount: Option<usize>) -> KeptItem {
    let choice = |choice: i32| DaysChoice { days: choice, words: days_in_words(choice), chosen: choice == days };
    let most = usize::try_from(COUNTED).unwrap_or(usize::MAX);
    KeptItem {
        name: kind.as_str(),
        words: kind.words(),
        stays: kind.stays(),
        amount: match amount {
            None => String::new(),
            Some(amount) if amount > most => format!("more than {most}"),
            Some(amount) => amount.to_string(),
        },
        kept: days_in_words(days),
        choices: CHOICES.into_iter().map(choice).collect(),
    }
}

/// `POST /settings/data`
pub async fn save(app: web::Data<App>, member: OwnerOnly, form: CsrfForm<Vec<(String, String)>>) -> PageResult {
    let chosen = chosen(&form.value)?;
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    app.write(move |tx| {
        let before = store::kept_for(tx.conn, &workspace)?;
        for Chosen { kind, days } in chosen {
            if before.get(kind.as_str()) == Some(&days) {
                continue;
            }
            store::keep_for(tx.conn, &workspace, kind, days)?;
            let detail = format!("{}: {}", kind.words(), days_in_words(days));
            tx.record(&Entry {
                workspace: &workspace,
                connection: None,
                setup_link: None,
                event: Event::RetentionChanged,
                actor: actor.clone(),
                detail: &detail,
            })?;
        }
        Ok(())
    })
    .await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_DATA, Flash::RetentionSaved))
}

/// For how long one thing is to be kept.
struct Chosen {
    kind: RetentionKind,
    days: i32,
}

/// What the form says; it offers nothing that is refused here.
fn chosen(pairs: &[(String, String)]) -> AppResult<Vec<Chosen>> {
    let known = pairs.iter().filter_map(|(name, value)| Some((RetentionKind::parse(name)?, value)));
    known
        .map(|(kind, value)| {
            let days = value.parse().ok().filter(|days| CHOICES.contains(days));
            let days = days.ok_or(AppError::Unreadable("no such number of days"))?;
            Ok(Chosen { kind, days })
        })
        .collect()
}
