//! "Test before sending": what a recipient typed is checked against the real system before it is sent, when the asker allows it. The
//! draft stays as it is, the link stays open, and sending never waits for the answer.

use std::sync::Arc;

use actix_web::http::StatusCode;

use super::guard::OpenSetupLink;
use super::recipient_pages::Act;
use super::recipient_view::{Answer, TestShown};
use super::sheet::Sheet;
use crate::base::error::AppResult;
use crate::base::forms::RawForm;
use crate::base::ids::ValidationId;
use crate::features::oauth::ACCOUNT_FIELD;
use crate::features::work::validations::{self, NewTest, Of, Validation};
use crate::platform::app::App;
use crate::platform::jobs::WorkState;
use crate::platform::web::page::{PageResult, page_with};
use crate::schema::form::{Decoded, Strictness};

/// What somebody wants to know.
pub(super) enum Wish {
    /// Whether what they typed works.
    Test,
    /// What became of a test.
    Result(ValidationId),
}

impl Wish {
    /// The wish of a form; none when it is to be sent, or when this link allows no test.
    pub(super) fn read(raw: &RawForm, sheet: &Sheet) -> Option<Self> {
        if !sheet.may_test() {
            return None;
        }
        match raw.first("intent") {
            Some("test") => Some(Self::Test),
            Some("test-result") => Some(Self::Result(ValidationId::from_text(raw.first("_test").unwrap_or_default()))),
            _ => None,
        }
    }
}

/// The form again with everything that was typed, and what is known of the test.
pub(super) async fn answer(act: &Act<'_>, mut sheet: Sheet, wish: Wish) -> PageResult {
    let layer = if matches!(wish, Wish::Test) { Strictness::Final } else { Strictness::Draft };
    let chosen: Vec<String> = act.raw.all(ACCOUNT_FIELD).map(str::to_owned).collect();
    let refused = sheet.plan(&chosen, layer)?;
    let (sheet, decoded) = (&sheet, sheet.decode(&act.raw, layer));
    if let (Wish::Test, Some(problem)) = (&wish, refused) {
        return act.again(sheet, decoded, &Answer::Accounts(problem)).await;
    }
    if matches!(wish, Wish::Test) && !decoded.errors.is_empty() {
        return act.again(sheet, decoded, &Answer::Problems).await;
    }
    let shown = match wish {
        Wish::Test => start(act.app, sheet, &decoded).await?.map_or_else(not_whole, |test| shown(act.app, &test)),
        Wish::Result(id) => match find(act.app, &sheet.link, id).await? {
            Some(test) => shown(act.app, &test),
            None => return act.again(sheet, decoded, &Answer::NothingEntered).await,
        },
    };
    page_with(StatusCode::OK, &act.form_again(sheet, decoded, &Answer::Tested(shown)).await?)
}

/// Starts a test; `None` when the connector cannot be given what is there.
async fn start(app: &App, sheet: &Sheet, decoded: &Decoded) -> AppResult<Option<Validation>> {
    let link = &sheet.link;
    app.limits.test(link.known.link.id.as_str())?;
    let (connection, connector) = (link.known.connection.clone(), Arc::clone(&link.connector));
    let asked = Arc::clone(sheet.connector());
    let handed = sheet.handed().map(|handed| (handed.sign_in().clone(), handed.submission.clone()));
    let (row, submission) = (link.known.link.clone(), decoded.submission.clone());
    app.write(move |tx| {
        let test = NewTest {
            connection: &connection,
            connector: &connector,
            link: &row.id,
            name: &row.recipient,
            asked: &asked,
            submission: &submission,
            signed_in: handed.as_ref().map(|(id, submission)| (id, submission)),
        };
        Ok(validations::start_test(tx, &test)?.ok())
    })
    .await
}

/// A test of this very link; a foreign id is nobody's.
async fn find(app: &App, link: &OpenSetupLink, id: ValidationId) -> AppResult<Option<Validation>> {
    let (workspace, connection) = (link.known.link.workspace_id.clone(), link.known.connection.id.clone());
    let of_link = link.known.link.id.clone();
    app.db
        .read(move |conn| {
            let of = Of { workspace: &workspace, connection: &connection };
            let found = validations::find_of_connection(conn, of, &id)?;
            Ok(found.filter(|found| found.setup_link_id.as_ref() == Some(&of_link)))
        })
        .await
}

/// A test is only of what they know themselves, and there something is missing.
fn not_whole() -> TestShown {
    TestShown {
        id: String::new(),
        tone: "info",
        title: "This cannot be tested yet",
        message: "A test uses only what you enter yourself, not what others have provided, and something it needs is not entered here."
            .to_owned(),
        advice: "Enter it too, or send without a test.",
        is_over: true,
    }
}

fn shown(app: &App, validation: &Validation) -> TestShown {
    let now = app.clock.now();
    let state = validation.state_at(now);
    let (_, message) = validation.outcome_at(now);
    let (tone, title) = match state {
        WorkState::Queued | WorkState::InProgress => ("info", "Testing what you entered"),
        WorkState::Success => ("ok", "What you entered works"),
        WorkState::Failed => ("bad", "What you entered could not be confirmed"),
        WorkState::Cancelled => ("info", "The test was stopped"),
    };
    let message = match state {
        WorkState::Queued | WorkState::InProgress => {
            "This takes up to a minute or two. You can also send without waiting.".to_owned()
        }
        // How many streams there are is the asker's business.
        WorkState::Success => "Now send it.".to_owned(),
        WorkState::Failed => message.to_owned(),
        WorkState::Cancelled => String::new(),
    };
    let failed = state == WorkState::Failed;
    let advice = if failed { "You can change it and test again, or send it as it is." } else { "" };
    TestShown { id: validation.id.to_string(), tone, title, message, advice, is_over: state.is_over() }
}
