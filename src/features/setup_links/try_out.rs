//! "Test before sending": what a recipient typed is checked against the real system before it is sent, when the asker allows it. The
//! draft stays as it is, the link stays open, and sending never waits for the answer.

use std::sync::Arc;

use actix_web::http::StatusCode;

use super::SetupLink;
use super::guard::OpenSetupLink;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::ValidationId;
use crate::engines::{FailureReader, FailureWords, Turn};
use crate::features::recipient::{FormReply, FormRequest, RecipientForm, TestView};
use crate::features::work::validations::{self, NewTest, SignedInTest, StartValidationError, Validation};
use crate::platform::app::App;
use crate::platform::jobs::WorkState;
use crate::platform::web::page::{PageResult, page_with};
use crate::schema::form::{Decoded, Strictness};

/// What somebody wants to know.
pub(super) enum TestWish {
    /// Whether what they typed works.
    Test,
    /// What became of a test.
    Result(ValidationId),
}

impl TestWish {
    /// The wish of a form; none when it is to be sent, or when this link allows no test.
    pub(super) fn read(request: &FormRequest<'_, SetupLink>) -> Option<Self> {
        if !request.form.may_test() {
            return None;
        }
        let raw = &request.raw;
        match raw.first("intent") {
            Some("test") => Some(Self::Test),
            Some("test-result") => Some(Self::Result(ValidationId::from_text(raw.first("_test").unwrap_or_default()))),
            _ => None,
        }
    }
}

/// The form again with everything that was typed, and what is known of the test.
pub(super) async fn answer(mut request: FormRequest<'_, SetupLink>, wish: TestWish) -> PageResult {
    let strictness = if matches!(wish, TestWish::Test) { Strictness::Final } else { Strictness::Draft };
    let refused = request.plan(strictness)?;
    let decoded = request.form.decode(&request.raw, strictness);
    if let (TestWish::Test, Some(problem)) = (&wish, refused) {
        return request.again(decoded, &FormReply::Accounts(problem)).await;
    }
    if matches!(wish, TestWish::Test) && !decoded.errors.is_empty() {
        return request.again(decoded, &FormReply::Problems).await;
    }
    let app = request.app;
    let view = match wish {
        TestWish::Test => start(app, &request.form, &decoded).await?.map_or_else(not_whole, |test| view_of(&test)),
        TestWish::Result(id) => match find(app, &request.form.link, id).await? {
            Some(test) => view_of(&test),
            None => return request.again(decoded, &FormReply::NothingEntered).await,
        },
    };
    page_with(StatusCode::OK, &request.form_again(decoded, &FormReply::Tested(view)).await?)
}

/// Starts a test; `None` when the connector cannot be given what is there.
async fn start(app: &App, form: &RecipientForm<SetupLink>, decoded: &Decoded) -> AppResult<Option<Validation>> {
    let SetupLink { row, connection } = form.link.known.link.clone();
    app.limits.test(row.id.as_str())?;
    let (connector, asked) = (Arc::clone(&form.link.connector), Arc::clone(form.connector()));
    let signed_in = form.completed().map(|completed| (completed.sign_in().clone(), completed.submission.clone()));
    let (submission, engines) = (decoded.submission.clone(), app.engines.clone());
    app.write(move |tx| {
        let test = NewTest {
            connection: &connection,
            connector: &connector,
            link: &row.id,
            name: &row.recipient,
            asked: &asked,
            submission: &submission,
            signed_in: signed_in.as_ref().map(|(sign_in, submission)| SignedInTest { sign_in, submission }),
        };
        match validations::start_test(tx, &test, &engines) {
            Ok(validation) => Ok(Some(validation)),
            Err(StartValidationError::App(error)) => Err(error),
            Err(StartValidationError::QueueFull) => Err(AppError::TooMany { retry_after: validations::COME_BACK }),
            Err(_) => Ok(None),
        }
    })
    .await
}

/// A test of this very link; a foreign id is nobody's.
async fn find(app: &App, link: &OpenSetupLink, id: ValidationId) -> AppResult<Option<Validation>> {
    let SetupLink { row, connection } = &link.known.link;
    let (workspace, connection, of_link) = (row.workspace_id.clone(), connection.id.clone(), row.id.clone());
    app.db
        .read(move |conn| {
            let found = Validation::find(conn, &workspace, &id)?;
            let is_ours = |found: &Validation| {
                found.connection_id == connection && found.details.setup_link_id.as_ref() == Some(&of_link)
            };
            Ok(found.filter(is_ours))
        })
        .await
}

/// A test is only of what they know themselves, and there something is missing.
fn not_whole() -> TestView {
    TestView {
        id: String::new(),
        tone: "info",
        title: "This cannot be tested yet",
        message: "A test uses only what you enter yourself, not what others have provided, and something it needs is not entered here."
            .to_owned(),
        advice: "Enter it too, or send without a test.".to_owned(),
        is_over: true,
    }
}

fn view_of(validation: &Validation) -> TestView {
    let state = validation.state;
    if let Some(failure) = validation.failure() {
        let FailureWords { headline, message, advice } = failure.words(FailureReader::Recipient);
        let tone = if failure.turn == Turn::Giver { "bad" } else { "info" };
        return TestView { id: validation.id.to_string(), tone, title: headline, message, advice, is_over: true };
    }
    let (tone, title) = match state {
        WorkState::Queued | WorkState::InProgress => ("info", "Testing what you entered"),
        WorkState::Success | WorkState::Partial => ("ok", "What you entered works"),
        WorkState::Failed | WorkState::Cancelled => ("info", "The test was stopped"),
    };
    let message = match state {
        WorkState::Queued | WorkState::InProgress => {
            "This takes up to a minute or two. You can also send without waiting.".to_owned()
        }
        // How many streams there are is the asker's business.
        WorkState::Success | WorkState::Partial => "Now send it.".to_owned(),
        WorkState::Failed | WorkState::Cancelled => String::new(),
    };
    TestView { id: validation.id.to_string(), tone, title, message, advice: String::new(), is_over: state.is_over() }
}
