//! What a link's page needs while somebody may sign in there: is there a button, who has signed in, which questions are left, and what
//! is handed over in the end.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::HttpRequest;
use serde_json::Value;

use super::pending::{self, PendingSignIn, ProviderGrant, SignInError};
use super::{BrowserAtLink, LinkRef, browser, store};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldRef, FormState, RawForm};
use crate::base::ids::{OauthSignInId, SetupLinkId};
use crate::connectors::Connector;
use crate::connectors::provider::{InputProblem, Inputs, ProviderBlock, Selection};
use crate::features::connections::Connection;
use crate::features::oauth::apps;
use crate::features::oauth::grants::{self, NewGrant};
use crate::features::oauth::provider_client::{Account, AppSecrets, add_constants, outputs};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::schema::form::{KnownValues, Submission, import_config};

/// Name of the form fields that carry chosen accounts.
pub const ACCOUNT_FIELD: &str = "_account";
/// Name of the form field that looks for an account.
pub const SEARCH_FIELD: &str = "_find";
/// Beginning of the names of form fields that are asked before leaving.
pub const INPUT_FIELD: &str = "_input_";

/// Signing in at one link, in one browser, for one connector.
pub struct LinkSignIn {
    pub(super) link: LinkRef,
    pub(super) block: Arc<ProviderBlock>,
    /// The connector with all its questions.
    pub(super) connector: Arc<Connector>,
    /// The connector without those that signing in answers.
    narrowed: Arc<Connector>,
    pub(super) app: Option<AppSecrets>,
    pending: Option<(OauthSignInId, PendingSignIn)>,
    signed_in: Option<ProviderGrant>,
}

/// Why what was chosen cannot be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanError {
    /// No account was chosen and one is needed.
    NoAccount,
    /// Several were chosen where one is needed.
    TooManyAccounts,
    /// An account was chosen that was not offered.
    UnknownAccount,
    /// More accounts were chosen than the link has room for.
    NoRoom,
}

/// What a sign-in hands over when the form is sent.
pub struct CompletedSignIn {
    sign_in: OauthSignInId,
    /// What goes into the configuration: choices and marks in the place of tokens.
    pub submission: Submission,
    /// The accounts that were chosen.
    pub accounts: Vec<Account>,
    /// What becomes the connection's grant.
    pub grant: NewGrant,
    /// The ids of the accounts whoever signed in can see; `None` when they could not all be listed.
    offered: Option<BTreeSet<String>>,
}

impl LinkSignIn {
    /// What is there at a link; `None` when the connector has no way to sign in.
    ///
    /// # Errors
    /// Only internal ones.
    pub async fn at(
        app: &App,
        request: &HttpRequest,
        link: LinkRef,
        connector: &Arc<Connector>,
    ) -> AppResult<Option<Self>> {
        let Some((block, narrowed)) = connector.sign_in() else { return Ok(None) };
        let (keys, instance, now) = (app.keys.clone(), app.config.oauth.clone(), app.clock.now());
        let (at, who, provider) = (link.clone(), browser::of(request, app), block.provider.clone());
        let (secrets, row) = app
            .db
            .read(move |conn| {
                let secrets = apps::keys_for(conn, &at.workspace, &provider, &keys, &instance)?;
                let row = who
                    .map(|who| store::find(conn, &BrowserAtLink { link: &at, browser: &who }, now))
                    .transpose()?
                    .flatten();
                Ok((secrets, row))
            })
            .await?;
        let opened = row.map(|row| Ok::<_, AppError>((row.id.clone(), pending::open(&row, &app.keys)?))).transpose()?;
        let pending = opened.and_then(|(id, pending)| Some((id, pending.filter(|pending| pending.is_for(connector))?)));
        let signed_in = pending.as_ref().and_then(|(_, pending)| pending.signed_in.clone());
        let (connector, narrowed) = (Arc::clone(connector), Arc::clone(narrowed));
        Ok(Some(Self { link, block: Arc::clone(block), connector, narrowed, app: secrets, pending, signed_in }))
    }

    /// Whether there is a button: without the operator's app there is none.
    pub fn is_ready(&self) -> bool {
        self.app.is_some()
    }

    /// Whether somebody has come back from the provider in this browser.
    pub fn is_signed_in(&self) -> bool {
        self.signed_in.is_some()
    }

    /// Who has.
    pub fn signed_in(&self) -> Option<&ProviderGrant> {
        self.signed_in.as_ref()
    }

    /// Whether what signing in gave can be tried out before it is handed over. A refresh token that works once cannot: the connector would
    /// spend it, and what was handed over would be worth nothing.
    pub fn may_test(&self) -> bool {
        let spends = |found: &ProviderGrant| self.block.refresh.rotates && found.tokens.refresh_token.is_some();
        !self.signed_in.as_ref().is_some_and(spends)
    }

    /// The connector whose questions are asked now.
    pub fn connector(&self) -> &Arc<Connector> {
        if self.is_signed_in() { &self.narrowed } else { &self.connector }
    }

    /// The provider's name for people.
    pub fn provider_name(&self) -> &str {
        &self.block.name
    }

    pub(super) fn pending(&self) -> Option<&PendingSignIn> {
        self.pending.as_ref().map(|(_, pending)| pending)
    }

    pub(super) fn error(&self) -> Option<SignInError> {
        self.pending().and_then(|pending| pending.error)
    }

    /// What was typed before leaving, to be shown again. `until` says how long secrets among it are kept, in words.
    pub fn resumed(&self, until: &str) -> FormState {
        let Some(pending) = self.pending() else { return FormState::empty() };
        let secrets = pending.resume.secrets.keys().cloned().collect();
        FormState::resumed(pending.resume.typed.clone()).with_held(secrets, until.to_owned())
    }

    /// Secrets typed before leaving stand in for blank fields.
    pub fn fill_blank(&self, raw: &mut RawForm) {
        let Some(pending) = self.pending() else { return };
        raw.fill_blank(&pending.resume.secrets);
    }

    /// What was answered before leaving.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn inputs(&self, raw: &RawForm) -> Result<Inputs, Vec<InputProblem>> {
        Inputs::read(&self.block.inputs, |name| raw.first(&format!("{INPUT_FIELD}{name}")))
    }

    /// What is handed over with these accounts; `None` when nobody has signed in. A partial send needs no account.
    ///
    /// # Errors
    /// The choice cannot be taken.
    pub fn plan(&self, chosen: &[String], partial: bool) -> AppResult<Result<Option<CompletedSignIn>, PlanError>> {
        let (Some(signed_in), Some((sign_in, _)), Some(app)) = (&self.signed_in, &self.pending, &self.app) else {
            return Ok(Ok(None));
        };
        let accounts = match self.pick(&signed_in.accounts, chosen, partial) {
            Ok(accounts) => accounts,
            Err(problem) => return Ok(Err(problem)),
        };
        // At a link that makes a connection of each account, one of them stands for all.
        let written = if self.link.takes_each_account() { accounts.get(..1).unwrap_or_default() } else { &accounts };
        let submission = self.written(signed_in, written, app)?;
        let identity = signed_in.identity.as_ref().map(|who| (who.id.clone(), who.label.clone())).unwrap_or_default();
        let known = self.block.has_accounts() && !signed_in.accounts_failed && !signed_in.accounts_cut;
        let offered = known.then(|| signed_in.accounts.iter().map(|account| account.id.clone()).collect());
        let (tokens, inputs) = (signed_in.tokens.clone(), signed_in.inputs.clone());
        let grant = NewGrant::new(&self.connector, &self.block, identity, signed_in.granted.clone(), tokens, inputs);
        Ok(Ok(Some(CompletedSignIn { sign_in: sign_in.clone(), submission, accounts, grant, offered })))
    }

    fn pick(&self, offered: &[Account], chosen: &[String], partial: bool) -> Result<Vec<Account>, PlanError> {
        let Some(rules) = &self.block.accounts else { return Ok(Vec::new()) };
        let picked: Vec<Account> = offered.iter().filter(|account| chosen.contains(&account.id)).cloned().collect();
        if chosen.iter().any(|id| !offered.iter().any(|account| account.id == *id)) {
            return Err(PlanError::UnknownAccount);
        }
        match (picked.len(), rules.target.selection) {
            (0, selection) if !selection.may_be_empty() && !partial => Err(PlanError::NoAccount),
            (2.., Selection::One | Selection::OneOrNone) if !self.link.takes_each_account() => {
                Err(PlanError::TooManyAccounts)
            }
            _ => Ok(picked),
        }
    }

    fn written(&self, signed_in: &ProviderGrant, accounts: &[Account], app: &AppSecrets) -> AppResult<Submission> {
        let chosen = self.block.accounts.as_ref().map(|_| accounts);
        let marked = grants::marked(&signed_in.tokens);
        let patch = outputs(&self.block, &marked, &signed_in.inputs, chosen)
            .ok_or_else(|| anyhow::anyhow!("the chosen accounts cannot be written as the connector wants them"))?;
        let mut whole = patch.expose().clone();
        add_constants(&self.block, &grants::marked_app(app), &mut whole);
        // The branch that stands may have no place for the operator's values; then it needs none.
        let with_constants = import_config(&self.connector.spec, &Value::Object(whole));
        with_constants.or_else(|_| patch.submission(&self.connector.spec)).map_err(|errors| {
            let places: Vec<String> = errors.iter().map(|error| error.path.dot()).collect();
            AppError::Internal(anyhow::anyhow!("the outputs of signing in do not fit the form: {}", places.join(", ")))
        })
    }

    /// What will be known once this sign-in is handed over.
    pub fn known_after(&self, completed: &CompletedSignIn, known: &KnownValues) -> KnownValues {
        completed.submission.known_after(&self.connector.spec, known)
    }

    /// What stands for the sign-in on a receipt.
    pub fn receipt(&self, completed: &CompletedSignIn) -> Vec<FieldRef> {
        let line = completed.receipt_line();
        let path = line.path.clone();
        let mut fields = vec![line];
        if let Some(rules) = self.block.accounts.as_ref().filter(|_| !completed.accounts.is_empty()) {
            let noun = if completed.accounts.len() == 1 { &rules.one } else { &rules.noun };
            fields.push(FieldRef { path, title: format!("{} {noun}", completed.accounts.len()), secret: false });
        }
        fields
    }
}

impl PendingSignIn {
    fn is_for(&self, connector: &Connector) -> bool {
        self.kind == connector.file.kind && self.connector == connector.file.slug
    }
}

/// How a receipt calls a sign-in.
fn line(provider: &str) -> String {
    format!("{provider} sign-in")
}

/// The provider that a receipt with these titles speaks of; empty when nobody signed in.
pub fn signed_in_at<'a>(connector: Option<&Connector>, mut provided: impl Iterator<Item = &'a str>) -> String {
    let provider = connector.and_then(Connector::oauth).map(|block| block.name.clone()).unwrap_or_default();
    let is_named = provided.any(|title| title == line(&provider));
    if is_named { provider } else { String::new() }
}

impl CompletedSignIn {
    /// The same sign-in once for each account: for links that make a connection of each.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn each(&self, sign_in: &LinkSignIn) -> AppResult<Vec<(Account, Submission)>> {
        let (Some(signed_in), Some(app)) = (&sign_in.signed_in, &sign_in.app) else { return Ok(Vec::new()) };
        let one = |account: &Account| {
            let submission = sign_in.written(signed_in, std::slice::from_ref(account), app)?;
            Ok((account.clone(), submission))
        };
        self.accounts.iter().map(one).collect()
    }

    /// The provider's sign-in as a line of a receipt.
    pub fn receipt_line(&self) -> FieldRef {
        let path = self.submission.provided().first().map(|field| field.path.clone()).unwrap_or_default();
        FieldRef { path, title: line(self.grant.provider_name()), secret: false }
    }

    /// The sign-in itself, for a test of it.
    pub fn sign_in(&self) -> &OauthSignInId {
        &self.sign_in
    }

    /// The first of these accounts that whoever signed in cannot see; `None` also when nobody can know.
    pub fn cannot_see<'a>(&self, accounts: &'a [Account]) -> Option<&'a Account> {
        let offered = self.offered.as_ref()?;
        accounts.iter().find(|account| !offered.contains(&account.id))
    }

    /// In the transaction that hands over: the connection lives on the new grant from now on.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn settle(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        link: Option<&SetupLinkId>,
        actor: Actor,
    ) -> AppResult<()> {
        let grant = self.grant.store(tx, &connection.workspace_id)?;
        grants::attach(tx, connection, &grant, &self.accounts)?;
        let entry = Entry {
            workspace: &connection.workspace_id,
            connection: Some(&connection.id),
            setup_link: link,
            event: Event::Connected,
            actor,
            detail: &self.grant.identity.1,
        };
        tx.record(&entry)
    }

    /// Deletes what waited for it: call it in the transaction that hands over. `false` when it was handed over before.
    ///
    /// # Errors
    /// The database refuses.
    pub fn take(&self, conn: &mut Conn) -> AppResult<bool> {
        Ok(store::delete(conn, &self.sign_in)?)
    }
}
