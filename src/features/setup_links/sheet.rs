//! The form of an open link as it stands: its questions, what is known of their answers, and who has signed in with the provider.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::guard::{KnownSetupLink, OpenSetupLink};
use super::recipient_view::Answer;
use super::submit::Sent;
use crate::base::error::AppResult;
use crate::base::forms::{FieldRef, FormState, RawForm};
use crate::connectors::Connector;
use crate::features::oauth::{self, Asked, Desk, Door, Handed, Panel, PlanError};
use crate::platform::app::App;
use crate::schema::form::{self, Audience, Decoded, KnownValues, Strictness, Submission};

/// An open link, and what the person in front of it has done so far.
pub(super) struct Sheet {
    pub(super) link: OpenSetupLink,
    /// Signing in, where the connector knows how.
    pub(super) desk: Option<Desk>,
    /// What the sign-in hands over with this form.
    handed: Option<Handed>,
}

impl Sheet {
    pub(super) async fn of(app: &App, request: &HttpRequest, link: OpenSetupLink) -> AppResult<Self> {
        let door = Door::setup(&link.known.link.id, &link.known.link.workspace_id);
        let desk = Desk::at(app, request, door, &link.connector).await?;
        let mut sheet = Self { link, desk, handed: None };
        // A look at the form is no choice of accounts yet; what signing in answers is answered all the same.
        sheet.plan(&[], Strictness::Draft)?;
        Ok(sheet)
    }

    /// Whether somebody only signs in again.
    pub(super) fn is_reconnect(&self) -> bool {
        self.link.known.link.purpose.is_reconnect()
    }

    /// Whether what is typed, and the sign-in with it, may be tried out before it is sent.
    pub(super) fn may_test(&self) -> bool {
        let link = &self.link.known.link;
        link.allows_test == 1 && !self.is_reconnect() && self.desk.as_ref().is_none_or(Desk::may_test)
    }

    /// The connector whose questions are asked now.
    pub(super) fn connector(&self) -> &Arc<Connector> {
        self.desk.as_ref().map_or(&self.link.connector, Desk::connector)
    }

    /// What was typed before going to the provider.
    pub(super) fn resumed(&self, app: &App) -> FormState {
        let until = (app.clock.now() + oauth::sign_ins::KEPT).min(self.link.until);
        self.desk.as_ref().map_or_else(FormState::empty, |desk| desk.resumed(&until.hour()))
    }

    /// Takes these accounts; gives what is wrong with them.
    pub(super) fn plan(&mut self, chosen: &[String], layer: Strictness) -> AppResult<Option<PlanError>> {
        let Some(desk) = &self.desk else { return Ok(None) };
        let chooses = !self.link.known.link.purpose.is_reconnect();
        Ok(match desk.plan(chosen, layer == Strictness::Draft || !chooses)? {
            Ok(handed) => {
                self.handed = handed;
                None
            }
            Err(problem) => Some(problem),
        })
    }

    pub(super) fn audience(&self) -> Audience {
        Audience::Recipient { workspace: self.link.known.workspace.name.clone() }
    }

    /// What is known of the answers, the sign-in's among them.
    pub(super) fn known(&self) -> KnownValues {
        let known = self.link.known.connection.known_to_recipients();
        match (&self.desk, &self.handed) {
            (Some(desk), Some(handed)) => desk.known_after(handed, &known),
            _ => known,
        }
    }

    pub(super) fn decode(&self, raw: &RawForm, layer: Strictness) -> Decoded {
        form::decode(&self.connector().spec, raw, &self.known(), layer, &self.audience())
    }

    /// Reads a form that is to be stored: it does not take what others have filled in to an address they did not mean.
    pub(super) fn decode_to_send(&self, raw: &RawForm, layer: Strictness) -> Decoded {
        let mut decoded = self.decode(raw, layer);
        let whole = &self.link.connector.spec;
        let signed_in: Vec<_> = self.handed.iter().map(|handed| (whole, &handed.submission)).collect();
        let stored = self.link.known.connection.known_to_members();
        decoded.ask_again(whole, &stored, &signed_in, (&self.connector().spec, &self.known()));
        decoded
    }

    /// Whether somebody has signed in and nothing that is required is left to answer.
    pub(super) fn is_complete(&self) -> bool {
        self.handed.is_some() && form::missing_required(&self.connector().spec, &self.known()).is_empty()
    }

    /// Sending nothing makes sense only as "it is complete as it is", or after signing in.
    pub(super) fn may_be_empty(&self, layer: Strictness) -> bool {
        let whole = form::missing_required(&self.connector().spec, &self.known()).is_empty();
        self.handed.is_some() || (layer == Strictness::Final && whole)
    }

    /// Signing in, ready to stand in the form; `None` where there is no way, or no app to do it with.
    pub(super) fn panel(&self, answer: &Answer, raw: Option<&RawForm>) -> AppResult<Option<Panel>> {
        let Some(desk) = &self.desk else { return Ok(None) };
        let (input_problems, problem) = match answer {
            Answer::Inputs(problems) => (problems.as_slice(), None),
            Answer::Accounts(problem) => (&[][..], Some(*problem)),
            _ => (&[][..], None),
        };
        let workspace = &self.link.known.workspace.name;
        oauth::panel(desk, &Asked { workspace, raw, problem, input_problems, chooses: !self.is_reconnect() })
    }

    /// What the sign-in would hand over.
    pub(super) fn handed(&self) -> Option<&Handed> {
        self.handed.as_ref()
    }

    /// What the sign-in hands over, taken out.
    pub(super) fn take_handed(&mut self) -> Option<Handed> {
        self.handed.take()
    }

    /// Everything that is sent.
    pub(super) fn into_sent(mut self, submission: Submission) -> (Sent, KnownSetupLink) {
        let left_empty = submission.left_empty(&self.connector().spec, &self.known());
        let asked = Arc::clone(self.connector());
        let receipt = self.receipt(&submission);
        let connector = Arc::clone(&self.link.connector);
        let sent = Sent { connector, asked, submission, handed: self.take_handed(), provided: receipt, left_empty };
        (sent, self.link.known)
    }

    fn receipt(&self, submission: &Submission) -> Vec<FieldRef> {
        let signed_in = match (&self.desk, &self.handed) {
            (Some(desk), Some(handed)) => desk.receipt(handed),
            _ => Vec::new(),
        };
        signed_in.into_iter().chain(submission.provided()).collect()
    }
}
