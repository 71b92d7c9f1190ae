//! What somebody outside does with a link's form: look at it, sign in with the provider, send it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use actix_web::{HttpRequest, HttpResponse};

use super::form::RecipientForm;
use super::form_page::{FormPage, ShownForm};
use super::held::HeldForm;
use super::link::{KnownLink, OpenLink, RecipientLink};
use super::reply::FormReply;
use super::submit::{FormMark, RecipientSubmission, SentBefore, SubmitError, TakesSubmissions, submit};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldError, FormState, RawForm};
use crate::features::connections::{REVISION_FIELD, Shown, changed_questions};
use crate::features::oauth::{self, ACCOUNT_FIELD, AuthorizeForm, PlanError};
use crate::platform::app::App;
use crate::platform::web::csrf::{self, FormBehind, FormToken};
use crate::platform::web::page::{PageError, PageResult, page, see_other, unprocessable};
use crate::schema::form::{Decoded, Strictness};

/// Who sends, as they say: the one field that is not the connector's.
const IDENTITY_FIELD: &str = "identity";
/// Most characters a recipient may give as their name or company.
const LONGEST_IDENTITY: usize = 80;

/// A form that was sent to a link, open or not.
pub type SentForm<L> = FormBehind<KnownLink<L>, Vec<(String, String)>>;

/// The form at the first look, or as it was left for the provider. Spends nothing.
pub(crate) async fn show_form<L: RecipientLink>(app: &App, request: &HttpRequest, link: OpenLink<L>) -> PageResult {
    let token = csrf::token(request, app).ok_or(AppError::NotFound)?;
    let mut form = RecipientForm::of(app, request, link).await?;
    if let (Some(filled), Some(mark)) = (form.link.known.link.filled(), form.left_with(app)) {
        form.shown = Shown::in_form(app, filled, Some(&mark)).await?;
    }
    let state = form.resumed(app);
    let identity = state.typed(IDENTITY_FIELD).and_then(|typed| typed.first()).map_or("", String::as_str);
    let shown = ShownForm {
        state: &state,
        identity,
        identity_problem: None,
        reply: &FormReply::Fresh,
        raw: None,
        token: &token,
    };
    page(&FormPage::new(&form, shown, app)?)
}

/// One form that was sent to an open link.
pub struct FormRequest<'a, L> {
    /// Where it came.
    pub app: &'a App,
    request: &'a HttpRequest,
    /// What was sent.
    pub raw: RawForm,
    mark: FormMark,
    /// The link's form.
    pub form: RecipientForm<L>,
    /// Who sends, as they say.
    identity: String,
}

impl<'a, L: TakesSubmissions> FormRequest<'a, L> {
    /// Reads what was sent: secrets that were held from an earlier try, or from before the provider, stand in for blank fields. Breaks off
    /// with the receipt when this very form was taken before.
    pub(crate) async fn begin(
        app: &'a App,
        request: &'a HttpRequest,
        sent: SentForm<L>,
    ) -> Result<ControlFlow<HttpResponse, Self>, PageError> {
        let FormBehind { guard: known, form } = sent;
        app.limits.submit(known.ip)?;
        let mark = FormMark::of(app, form.token.nonce, &form.value);
        let (link, of_form) = (known.link.clone(), mark.clone());
        let before = app.db.read(move |conn| link.sent_before(conn, &of_form)).await?;
        let mut raw = RawForm::from_pairs(form.value);
        match before {
            SentBefore::Nothing => {}
            SentBefore::Same => return Ok(ControlFlow::Break(receipt(app, &known.link, &mark.nonce))),
            SentBefore::Other => return Err(known.sent_other(app, &raw)),
        }
        let open = known.into_open(app, Some(&raw)).await?;
        let shown = match open.known.link.filled() {
            Some(filled) => Shown::in_form(app, filled, raw.first(REVISION_FIELD)).await?,
            None => Shown::Now,
        };
        let recipient_form = RecipientForm::shown(app, request, open, shown).await?;
        raw.fill_blank(&held_form(&recipient_form.link, &mark.nonce).load(app).await?);
        if let Some(sign_in) = &recipient_form.sign_in {
            sign_in.fill_blank(&mut raw);
        }
        let asked = raw.first(IDENTITY_FIELD).filter(|_| L::MAKES_CONNECTIONS);
        let identity = asked.unwrap_or_default().trim().to_owned();
        Ok(ControlFlow::Continue(Self { app, request, raw, mark, form: recipient_form, identity }))
    }

    /// Whether it goes to the provider, and hands over nothing yet.
    pub fn is_sign_in(&self) -> bool {
        self.form.sign_in.is_some() && matches!(self.raw.first("intent"), Some("sign-in" | "find"))
    }

    /// Does what the pressed button says.
    pub(crate) async fn answer(self) -> PageResult {
        match self.raw.first("intent") {
            Some("sign-in") if self.is_sign_in() => self.sign_in().await,
            Some("find") if self.is_sign_in() => self.find().await,
            Some("partial") => self.send(Strictness::Draft).await,
            _ => self.send(Strictness::Final).await,
        }
    }

    /// To the provider; whatever was typed comes back with the person.
    async fn sign_in(&self) -> PageResult {
        let Some(sign_in) = &self.form.sign_in else { return Err(AppError::NotFound.into()) };
        let decoded = self.form.decode(&self.raw, Strictness::Draft);
        match sign_in.inputs(&self.raw) {
            Ok(inputs) => oauth::authorize(self.app, self.request, sign_in, self.leaving(&decoded), inputs).await,
            Err(problems) => self.again(decoded, &FormReply::Inputs(problems)).await,
        }
    }

    /// The same page, with other accounts shown.
    async fn find(&self) -> PageResult {
        let Some(sign_in) = &self.form.sign_in else { return Err(AppError::NotFound.into()) };
        let decoded = self.form.decode(&self.raw, Strictness::Draft);
        oauth::keep(self.app, self.request, sign_in, &self.leaving(&decoded)).await
    }

    fn leaving<'b>(&'b self, decoded: &'b Decoded) -> AuthorizeForm<'b> {
        AuthorizeForm {
            return_to: self.request.path().to_owned(),
            until: self.form.link.until,
            raw: &self.raw,
            decoded,
            beside: if L::MAKES_CONNECTIONS { &[IDENTITY_FIELD] } else { &[REVISION_FIELD] },
            frame: self.form.link.known.frame(self.app),
        }
    }

    /// Takes the accounts that were chosen; gives what is wrong with them.
    pub(crate) fn plan(&mut self, strictness: Strictness) -> AppResult<Option<PlanError>> {
        let chosen: Vec<String> = self.raw.all(ACCOUNT_FIELD).map(str::to_owned).collect();
        self.form.plan(&chosen, strictness)
    }

    async fn send(mut self, strictness: Strictness) -> PageResult {
        let refused = self.plan(strictness)?;
        let decoded = self.form.decode_to_send(&self.raw, strictness);
        if let Some(gone) = changed_questions(&self.raw, &self.form.link.connector) {
            return self.again(decoded, &FormReply::QuestionsChanged(gone)).await;
        }
        if let Some(problem) = refused {
            return self.again(decoded, &FormReply::Accounts(problem)).await;
        }
        if !decoded.errors.is_empty() || identity_problem(&self.identity).is_some() {
            return self.again(decoded, &FormReply::Problems).await;
        }
        if decoded.submission.is_empty() && !self.form.may_be_empty(strictness) {
            return self.again(decoded, &FormReply::NothingEntered).await;
        }
        let sent = self.submission(decoded)?;
        self.submit(sent).await
    }

    /// Everything that is sent.
    pub(crate) fn submission(&mut self, decoded: Decoded) -> AppResult<RecipientSubmission> {
        self.form.submission(decoded.submission, &self.identity, &self.mark)
    }

    /// Hands it over, and says what became of it.
    pub(crate) async fn submit(self, sent: RecipientSubmission) -> PageResult {
        let link = &self.form.link.known.link;
        match submit(self.app, link, sent).await {
            Ok(()) | Err(SubmitError::SentTwice) => Ok(receipt(self.app, link, &self.mark.nonce)),
            Err(SubmitError::SentOther) => Err(self.form.link.known.sent_other(self.app, &self.raw)),
            Err(SubmitError::Closed | SubmitError::DraftClosed) => {
                self.afresh().await?;
                Err(AppError::Conflict("This link changed while you were sending. Send again.").into())
            }
            Err(SubmitError::Conflicts(errors)) => self.answered_meanwhile(errors).await,
            Err(SubmitError::NoRoom) => self.refused(&FormReply::Accounts(PlanError::NoRoom)).await,
            Err(SubmitError::SignInUsed) => self.refused(&FormReply::SignInUsed).await,
            Err(SubmitError::App(error)) => Err(error.into()),
        }
    }

    /// The same form with the link and the sign-in as they are now.
    async fn afresh(self) -> Result<Self, PageError> {
        let open = self.form.link.known.reload(self.app).await?.into_open(self.app, Some(&self.raw)).await?;
        let shown = self.form.shown.clone();
        Ok(Self { form: RecipientForm::shown(self.app, self.request, open, shown).await?, ..self })
    }

    /// Nothing was taken, because others answered the same fields: the form as they left it, with what was typed beside theirs. Sent
    /// again, it takes their place.
    async fn answered_meanwhile(self, errors: Vec<FieldError>) -> PageResult {
        let mut fresh = self.afresh().await?;
        fresh.plan(Strictness::Draft)?;
        let mut decoded = fresh.form.decode(&fresh.raw, Strictness::Draft);
        decoded.errors.extend(errors.iter().cloned());
        decoded.state.add_errors(errors);
        fresh.form.shown = Shown::Now;
        fresh.again(decoded, &FormReply::Problems).await
    }

    /// Nothing was taken: the form with everything that was typed and ticked.
    async fn refused(self, reply: &FormReply) -> PageResult {
        let mut fresh = self.afresh().await?;
        fresh.plan(Strictness::Draft)?;
        let decoded = fresh.form.decode(&fresh.raw, Strictness::Draft);
        fresh.again(decoded, reply).await
    }

    /// The form again, 422: what was typed stays, secrets are held sealed, the form keeps its nonce.
    pub(crate) async fn again(&self, decoded: Decoded, reply: &FormReply) -> PageResult {
        unprocessable(&self.form_again(decoded, reply).await?)
    }

    /// The form again, for a page with a status of its own.
    pub(crate) async fn form_again(&self, decoded: Decoded, reply: &FormReply) -> AppResult<FormPage> {
        let decoded = match self.form.shown {
            Shown::Now => decoded,
            Shown::Revision(_) | Shown::Lost => self.form.turned_back(&self.raw, decoded),
        };
        let state = self.hold(decoded).await?;
        let binding = csrf::binding(self.request, self.app).ok_or(AppError::NotFound)?;
        let shown = ShownForm {
            state: &state,
            identity: &self.identity,
            identity_problem: identity_problem(&self.identity),
            reply,
            raw: Some(&self.raw),
            token: &FormToken::again(&self.app.form_marks, &binding, self.app.clock.now(), &self.mark.nonce),
        };
        FormPage::new(&self.form, shown, self.app)
    }

    async fn hold(&self, decoded: Decoded) -> AppResult<FormState> {
        let names: BTreeSet<String> = decoded.typed_secrets.keys().cloned().collect();
        let link = &self.form.link;
        Ok(match held_form(link, &self.mark.nonce).keep(self.app, &decoded.typed_secrets, link.until).await? {
            Some(until) => decoded.state.with_held(names, until.hour()),
            None => decoded.state,
        })
    }
}

fn receipt<L: TakesSubmissions>(app: &App, link: &L, nonce: &str) -> HttpResponse {
    see_other(&L::receipt_url(&link.receipt_key(app, nonce)))
}

fn held_form<L: RecipientLink>(link: &OpenLink<L>, nonce: &str) -> HeldForm {
    let facts = link.known.link.facts();
    HeldForm { workspace: facts.workspace.clone(), link: facts.id.to_owned(), nonce: nonce.to_owned() }
}

/// What is wrong with who somebody says they are, if anything.
fn identity_problem(text: &str) -> Option<String> {
    if text.chars().count() > LONGEST_IDENTITY {
        return Some(format!("Your name or company must be {LONGEST_IDENTITY} characters or fewer"));
    }
    text.chars().any(char::is_control).then(|| "Your name or company must be one line of text".to_owned())
}
