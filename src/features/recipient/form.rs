//! The form of an open link as it stands: its questions, what is known of their answers, and who has signed in with the provider.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::link::{OpenLink, RecipientLink};
use super::reply::FormReply;
use super::submit::{FormMark, RecipientSubmission};
use crate::base::error::AppResult;
use crate::base::forms::{FormState, RawForm};
use crate::connectors::Connector;
use crate::features::connections::{REVISION_FIELD, Shown, revision_mark};
use crate::features::oauth::{self, Asked, CompletedSignIn, LinkRef, LinkSignIn, Panel, PlanError};
use crate::platform::app::App;
use crate::schema::form::{self, Audience, Decoded, KnownValues, Since, Strictness, Submission};

/// An open link, and what the person in front of it has done so far.
pub struct RecipientForm<L> {
    /// The link.
    pub link: OpenLink<L>,
    /// Signing in, where the connector knows how.
    pub sign_in: Option<LinkSignIn>,
    /// What the sign-in hands over with this form.
    completed: Option<CompletedSignIn>,
    /// What the form that was sent had been shown with.
    pub(super) shown: Shown,
}

impl<L: RecipientLink> RecipientForm<L> {
    /// The form of a link in this browser.
    pub(crate) async fn of(app: &App, request: &HttpRequest, link: OpenLink<L>) -> AppResult<Self> {
        Self::shown(app, request, link, Shown::Now).await
    }

    /// The same for a form that was sent, with what it had been shown with.
    pub(super) async fn shown(app: &App, request: &HttpRequest, link: OpenLink<L>, shown: Shown) -> AppResult<Self> {
        let facts = link.known.link.facts();
        let door = LinkRef { kind: L::KIND, id: facts.id.to_owned(), workspace: facts.workspace.clone() };
        let asks = link.known.link.asks();
        let sign_in = match asks {
            // Signing in answers questions that this link does not ask.
            Some(asks) if !oauth::answers_only(&link.connector, asks) => None,
            _ => LinkSignIn::at(app, request, door, &link.connector).await?,
        };
        let mut form = Self { link, sign_in, completed: None, shown };
        // A look at the form is no choice of accounts yet; what signing in answers is answered all the same.
        form.plan(&[], Strictness::Draft)?;
        Ok(form)
    }

    /// Whether somebody only signs in again.
    pub fn is_reconnect(&self) -> bool {
        self.link.known.link.is_reconnect()
    }

    /// Whether what is typed, and the sign-in with it, may be tried out before it is sent.
    pub fn may_test(&self) -> bool {
        self.link.known.link.allows_test() && self.sign_in.as_ref().is_none_or(LinkSignIn::may_test)
    }

    /// The connector whose questions are asked now.
    pub fn connector(&self) -> &Arc<Connector> {
        self.sign_in.as_ref().map_or(&self.link.connector, LinkSignIn::connector)
    }

    /// Whether somebody came back from the provider in this browser.
    pub(super) fn is_signed_in(&self) -> bool {
        self.sign_in.as_ref().is_some_and(LinkSignIn::is_signed_in)
    }

    /// What was typed before going to the provider.
    pub(super) fn resumed(&self, app: &App) -> FormState {
        let until = (app.clock.now() + oauth::sign_ins::KEPT).min(self.link.until);
        let Some(sign_in) = &self.sign_in else { return FormState::empty() };
        let state = sign_in.resumed(&until.hour());
        let moved = form::resumed(&self.connector().spec, state.typed_fields(), &self.known_then(), &self.audience());
        state.with_typed(moved)
    }

    /// What the form had been shown with when somebody left for the provider, as the form says it.
    pub(super) fn left_with(&self, app: &App) -> Option<String> {
        let until = (app.clock.now() + oauth::sign_ins::KEPT).min(self.link.until);
        let state = self.sign_in.as_ref()?.resumed(&until.hour());
        state.typed(REVISION_FIELD)?.first().cloned()
    }

    /// Takes these accounts; gives what is wrong with them.
    pub(crate) fn plan(&mut self, chosen: &[String], strictness: Strictness) -> AppResult<Option<PlanError>> {
        let Some(sign_in) = &self.sign_in else { return Ok(None) };
        Ok(match sign_in.plan(chosen, strictness == Strictness::Draft || self.is_reconnect())? {
            Ok(completed) => {
                self.completed = completed;
                None
            }
            Err(problem) => Some(problem),
        })
    }

    pub(super) fn audience(&self) -> Audience {
        let asks = self.link.known.link.asks().cloned();
        Audience::Recipient { workspace: self.link.known.workspace.name.clone(), asks }
    }

    /// What is known of the answers, the sign-in's among them.
    pub(super) fn known(&self) -> KnownValues {
        self.with_sign_in(self.link.known.link.known())
    }

    fn with_sign_in(&self, known: KnownValues) -> KnownValues {
        match (&self.sign_in, &self.completed) {
            (Some(sign_in), Some(completed)) => sign_in.known_after(completed, &known),
            _ => known,
        }
    }

    /// What was known when the form was shown; of a form that was not sent yet, what is known now.
    pub(super) fn known_then(&self) -> KnownValues {
        self.shown.known().map_or_else(|| self.known(), |shown| self.with_sign_in(shown.known_to_recipients()))
    }

    /// Names what the form shows, for when it is sent.
    pub(super) fn revision(&self, app: &App) -> String {
        let filled = self.link.known.link.filled();
        filled.map(|filled| revision_mark(&app.form_marks, &self.shown.on(filled))).unwrap_or_default()
    }

    /// What was typed, for the form as it was shown.
    pub(super) fn turned_back(&self, raw: &RawForm, decoded: Decoded) -> Decoded {
        let then = self.known_then();
        let spec = &self.connector().spec;
        form::decode_since(spec, raw, (&then).into(), Strictness::Draft, &self.audience()).with_errors(decoded.errors)
    }

    /// Reads what was typed.
    pub fn decode(&self, raw: &RawForm, strictness: Strictness) -> Decoded {
        let (shown, now) = (self.known_then(), self.known());
        let since = Since { shown: &shown, now: &now };
        form::decode_since(&self.connector().spec, raw, since, strictness, &self.audience())
    }

    /// Reads a form that is to be stored: it does not take what others have filled in to an address they did not mean.
    pub(super) fn decode_to_send(&self, raw: &RawForm, strictness: Strictness) -> Decoded {
        let mut decoded = self.decode(raw, strictness);
        if let Some(filled) = self.link.known.link.filled() {
            let (stored, shown, now) = (filled.known_to_members(), self.known_then(), self.known());
            let since = Since { shown: &shown, now: &now };
            let whole = &self.link.connector.spec;
            let signed_in: Vec<_> = self.completed.iter().map(|completed| (whole, &completed.submission)).collect();
            decoded.ask_again(whole, &stored, &signed_in, &self.connector().spec, since, &self.audience());
        }
        decoded
    }

    fn is_whole(&self) -> bool {
        form::missing_asked(&self.connector().spec, &self.known(), &self.audience()).is_empty()
    }

    /// Whether somebody has signed in and nothing that is required is left to answer.
    pub(super) fn is_complete(&self) -> bool {
        self.completed.is_some() && self.is_whole()
    }

    /// Sending nothing makes sense only as "it is complete as it is", or after signing in.
    pub(super) fn may_be_empty(&self, strictness: Strictness) -> bool {
        self.completed.is_some() || (strictness == Strictness::Final && self.is_whole())
    }

    /// Signing in, ready to stand in the form; `None` where there is no way, or no app to do it with.
    pub(super) fn panel(&self, reply: &FormReply, raw: Option<&RawForm>) -> AppResult<Option<Panel>> {
        let Some(sign_in) = &self.sign_in else { return Ok(None) };
        let (input_problems, problem) = match reply {
            FormReply::Inputs(problems) => (problems.as_slice(), None),
            FormReply::Accounts(problem) => (&[][..], Some(*problem)),
            _ => (&[][..], None),
        };
        let workspace = &self.link.known.workspace.name;
        oauth::panel(sign_in, &Asked { workspace, raw, problem, input_problems, chooses: !self.is_reconnect() })
    }

    /// What the sign-in would hand over.
    pub fn completed(&self) -> Option<&CompletedSignIn> {
        self.completed.as_ref()
    }

    /// Everything that is sent. `identity` is who sends, as they say; whoever signed in is known better.
    pub(crate) fn submission(
        &mut self,
        submission: Submission,
        identity: &str,
        form: &FormMark,
    ) -> AppResult<RecipientSubmission> {
        let left_empty = submission.left_empty(&self.connector().spec, &self.known());
        let (connector, asked) = (Arc::clone(&self.link.connector), Arc::clone(self.connector()));
        let (mut provided, mut each, mut who) = (Vec::new(), Vec::new(), "");
        if let (Some(sign_in), Some(completed)) = (&self.sign_in, &self.completed) {
            provided = sign_in.receipt(completed);
            who = &completed.grant.identity.1;
            each = if L::MAKES_CONNECTIONS { completed.each(sign_in)? } else { Vec::new() };
        }
        let identity = if who.is_empty() { identity } else { who }.to_owned();
        provided.extend(submission.provided());
        let (completed, shown, form) = (self.completed.take(), self.shown.clone(), form.clone());
        Ok(RecipientSubmission {
            connector,
            asked,
            submission,
            shown,
            completed,
            each,
            provided,
            left_empty,
            identity,
            form,
        })
    }
}
