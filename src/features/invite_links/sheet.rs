//! The form of an open invite link as it stands: its questions, and who has signed in with the provider.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::guard::{KnownInviteLink, OpenInviteLink};
use super::recipient_view::Answer;
use super::submit::{Arrival, Sent};
use crate::base::error::AppResult;
use crate::base::forms::{FieldRef, FormState, RawForm};
use crate::connectors::Connector;
use crate::features::connections;
use crate::features::oauth::{self, Asked, Desk, Door, Handed, Panel, PlanError};
use crate::platform::app::App;
use crate::schema::form::{self, Audience, Decoded, KnownValues, Strictness, Submission};

/// An open link, and what the person in front of it has done so far.
pub(super) struct Sheet {
    pub(super) link: OpenInviteLink,
    /// Signing in, where the connector knows how.
    pub(super) desk: Option<Desk>,
    /// What the sign-in hands over with this form.
    handed: Option<Handed>,
}

impl Sheet {
    pub(super) async fn of(app: &App, request: &HttpRequest, link: OpenInviteLink) -> AppResult<Self> {
        let door = Door::invite(&link.known.link.id, &link.known.link.workspace_id);
        let desk = Desk::at(app, request, door, &link.connector).await?;
        let mut sheet = Self { link, desk, handed: None };
        // A look at the form is no choice of accounts yet; what signing in answers is answered all the same.
        sheet.plan(&[], Strictness::Draft)?;
        Ok(sheet)
    }

    /// The connector whose questions are asked now.
    pub(super) fn connector(&self) -> &Arc<Connector> {
        self.desk.as_ref().map_or(&self.link.connector, Desk::connector)
    }

    /// Whether somebody came back from the provider in this browser.
    pub(super) fn is_signed_in(&self) -> bool {
        self.desk.as_ref().is_some_and(Desk::is_signed_in)
    }

    /// What was typed before going to the provider.
    pub(super) fn resumed(&self, app: &App) -> FormState {
        let until = (app.clock.now() + oauth::sign_ins::KEPT).min(self.link.known.link.ends_at());
        self.desk.as_ref().map_or_else(FormState::empty, |desk| desk.resumed(&until.hour()))
    }

    /// Takes these accounts; gives what is wrong with them.
    pub(super) fn plan(&mut self, chosen: &[String], layer: Strictness) -> AppResult<Option<PlanError>> {
        let Some(desk) = &self.desk else { return Ok(None) };
        Ok(match desk.plan(chosen, layer == Strictness::Draft)? {
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

    /// What is known of the answers: those that the sign-in gave.
    pub(super) fn known(&self) -> KnownValues {
        match (&self.desk, &self.handed) {
            (Some(desk), Some(handed)) => desk.known_after(handed, &KnownValues::default()),
            _ => KnownValues::default(),
        }
    }

    pub(super) fn decode(&self, raw: &RawForm, layer: Strictness) -> Decoded {
        form::decode(&self.connector().spec, raw, &self.known(), layer, &self.audience())
    }

    /// Whether somebody has signed in and nothing that is required is left to answer.
    pub(super) fn is_complete(&self) -> bool {
        self.handed.is_some() && form::missing_required(&self.connector().spec, &self.known()).is_empty()
    }

    /// Sending nothing makes sense only when nothing is needed, or after signing in.
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
        oauth::panel(desk, &Asked { workspace, raw, problem, input_problems, chooses: true })
    }

    /// Everything that is sent: a connection of the form, or one of every account that was chosen.
    pub(super) fn into_sent(
        mut self,
        submission: Submission,
        typed_identity: String,
        nonce: String,
    ) -> AppResult<(Sent, KnownInviteLink)> {
        let left_empty = submission.left_empty(&self.connector().spec, &self.known());
        let (provided, asked) = (self.receipt(&submission), Arc::clone(self.connector()));
        let sent = match self.handed.take() {
            None => {
                let description = self.description(&typed_identity);
                let arrivals = vec![Arrival { description, submission, accounts: Vec::new() }];
                Sent { arrivals, then: None, handed: None, identity: typed_identity, nonce, provided, left_empty }
            }
            Some(handed) => {
                let label = handed.grant.identity.1.clone();
                let identity = if label.is_empty() { typed_identity } else { label };
                let arrivals = self.of_accounts(&handed, &identity)?;
                let then = Some((asked, submission));
                Sent { arrivals, then, handed: Some(handed), identity, nonce, provided, left_empty }
            }
        };
        Ok((sent, self.link.known))
    }

    fn of_accounts(&self, handed: &Handed, identity: &str) -> AppResult<Vec<Arrival>> {
        let each = self.desk.as_ref().map(|desk| handed.each(desk)).transpose()?.unwrap_or_default();
        if each.is_empty() {
            let description = self.description(identity);
            return Ok(vec![Arrival { description, submission: handed.submission.clone(), accounts: Vec::new() }]);
        }
        let arrival = |(account, submission): (oauth::wire::Account, Submission)| Arrival {
            description: self.description(&account.label),
            submission,
            accounts: vec![account],
        };
        Ok(each.into_iter().map(arrival).collect())
    }

    fn receipt(&self, submission: &Submission) -> Vec<FieldRef> {
        let signed_in = match (&self.desk, &self.handed) {
            (Some(desk), Some(handed)) => desk.receipt(handed),
            _ => Vec::new(),
        };
        signed_in.into_iter().chain(submission.provided()).collect()
    }

    /// What a new connection is called: whose it is, and what it is; else as its link is called.
    fn description(&self, whose: &str) -> String {
        let name = match whose {
            "" => self.link.known.link.name.clone(),
            who => format!("{who} – {}", self.link.connector.name()),
        };
        name.chars().filter(|letter| !letter.is_control()).take(connections::LONGEST_DESCRIPTION).collect()
    }
}
