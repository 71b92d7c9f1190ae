//! What a link's page needs while somebody may sign in there: is there a button, who has signed in, which questions are left, and what
//! is handed over in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::HttpRequest;
use secrecy::SecretString;
use serde_json::Value;

use super::folder::{self, Folder, Held, Trouble};
use super::{Door, browser, store};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldRef, FormState, RawForm};
use crate::base::ids::{OauthSignInId, SetupLinkId};
use crate::connectors::Connector;
use crate::connectors::provider::{InputProblem, Inputs, ProviderBlock, Selection};
use crate::features::connections::Connection;
use crate::features::oauth::apps;
use crate::features::oauth::grants::{self, NewGrant};
use crate::features::oauth::wire::{Account, AppSecrets, Tokens, add_constants, outputs};
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
pub struct Desk {
    pub(super) door: Door,
    pub(super) block: Arc<ProviderBlock>,
    /// The connector with all its questions.
    pub(super) connector: Arc<Connector>,
    /// The connector without those that signing in answers.
    narrowed: Arc<Connector>,
    pub(super) app: Option<AppSecrets>,
    folder: Option<(OauthSignInId, Folder)>,
    signed_in: Option<SignedIn>,
}

/// Somebody who came back from the provider.
pub struct SignedIn {
    pub(super) held: Held,
    pub(super) tokens: Tokens,
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
pub struct Handed {
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

impl Desk {
    /// The desk at a link; `None` when the connector has no way to sign in.
    ///
    /// # Errors
    /// Only internal ones.
    pub async fn at(
        app: &App,
        request: &HttpRequest,
        door: Door,
        connector: &Arc<Connector>,
    ) -> AppResult<Option<Self>> {
        let Some((block, narrowed)) = connector.sign_in() else { return Ok(None) };
        let (keys, instance, now) = (app.keys.clone(), app.config.oauth.clone(), app.clock.now());
        let (at, who, provider) = (door.clone(), browser::of(request, app), block.provider.clone());
        let (secrets, row) = app
            .db
            .read(move |conn| {
                let secrets = apps::keys_for(conn, &at.workspace, &provider, &keys, &instance)?;
                let row = who.map(|who| store::find(conn, &at, &who, now)).transpose()?.flatten();
                Ok((secrets, row))
            })
            .await?;
        let opened = row.and_then(|row| Some((row.id.clone(), folder::open(&row, &app.keys)?)));
        let folder = opened.filter(|(_, folder)| folder.is_for(connector));
        let signed_in = folder.as_ref().and_then(|(_, folder)| folder.signed_in.clone()).and_then(SignedIn::open);
        let (connector, narrowed) = (Arc::clone(connector), Arc::clone(narrowed));
        Ok(Some(Self { door, block: Arc::clone(block), connector, narrowed, app: secrets, folder, signed_in }))
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
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// Whether what signing in gave can be tried out before it is handed over. A refresh token that works once cannot: the connector would
    /// spend it, and what was handed over would be worth nothing.
    pub fn may_test(&self) -> bool {
        let spends = |found: &SignedIn| self.block.refresh.rotates && found.tokens.refresh_token.is_some();
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

    pub(super) fn folder(&self) -> Option<&Folder> {
        self.folder.as_ref().map(|(_, folder)| folder)
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.folder().and_then(|folder| folder.trouble)
    }

    /// What was typed before leaving, to be shown again. `until` says how long secrets among it are kept, in words.
    pub fn resumed(&self, until: &str) -> FormState {
        let Some(folder) = self.folder() else { return FormState::empty() };
        let secrets = folder.resume.secrets.keys().cloned().collect();
        FormState::resumed(folder.resume.typed.clone()).with_held(secrets, until.to_owned())
    }

    /// Secrets typed before leaving stand in for blank fields.
    pub fn fill_blank(&self, raw: &mut RawForm) {
        let Some(folder) = self.folder() else { return };
        let held: BTreeMap<String, SecretString> =
            folder.resume.secrets.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        raw.fill_blank(&held);
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
    pub fn plan(&self, chosen: &[String], partial: bool) -> AppResult<Result<Option<Handed>, PlanError>> {
        let (Some(signed_in), Some((sign_in, _)), Some(app)) = (&self.signed_in, &self.folder, &self.app) else {
            return Ok(Ok(None));
        };
        let accounts = match self.pick(&signed_in.held.accounts, chosen, partial) {
            Ok(accounts) => accounts,
            Err(problem) => return Ok(Err(problem)),
        };
        // At a link that makes a connection of each account, one of them stands for all.
        let written = if self.door.takes_each_account() { accounts.get(..1).unwrap_or_default() } else { &accounts };
        let submission = self.written(signed_in, written, app)?;
        let held = &signed_in.held;
        let identity = held.identity.as_ref().map(|who| (who.id.clone(), who.label.clone())).unwrap_or_default();
        let contents = (signed_in.tokens.clone(), held.inputs.clone());
        let known = self.block.has_accounts() && !held.accounts_failed && !held.accounts_cut;
        let offered = known.then(|| held.accounts.iter().map(|account| account.id.clone()).collect());
        let grant = NewGrant::new(&self.connector, &self.block, identity, held.granted.clone(), contents);
        Ok(Ok(Some(Handed { sign_in: sign_in.clone(), submission, accounts, grant, offered })))
    }

    fn pick(&self, offered: &[Account], chosen: &[String], partial: bool) -> Result<Vec<Account>, PlanError> {
        let Some(rules) = &self.block.accounts else { return Ok(Vec::new()) };
        let picked: Vec<Account> = offered.iter().filter(|account| chosen.contains(&account.id)).cloned().collect();
        if chosen.iter().any(|id| !offered.iter().any(|account| account.id == *id)) {
            return Err(PlanError::UnknownAccount);
        }
        match (picked.len(), rules.target.selection) {
            (0, selection) if !selection.may_be_empty() && !partial => Err(PlanError::NoAccount),
            (2.., Selection::One | Selection::OneOrNone) if !self.door.takes_each_account() => {
                Err(PlanError::TooManyAccounts)
            }
            _ => Ok(picked),
        }
    }

    fn written(&self, signed_in: &SignedIn, accounts: &[Account], app: &AppSecrets) -> AppResult<Submission> {
        let chosen = self.block.accounts.as_ref().map(|_| accounts);
        let marked = grants::marked(&signed_in.tokens);
        let patch = outputs(&self.block, &marked, &signed_in.held.inputs, chosen)
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
    pub fn known_after(&self, handed: &Handed, known: &KnownValues) -> KnownValues {
        handed.submission.known_after(&self.connector.spec, known)
    }

    /// What stands for the sign-in on a receipt.
    pub fn receipt(&self, handed: &Handed) -> Vec<FieldRef> {
        let line = handed.receipt_line();
        let path = line.path.clone();
        let mut fields = vec![line];
        if let Some(rules) = self.block.accounts.as_ref().filter(|_| !handed.accounts.is_empty()) {
            let noun = if handed.accounts.len() == 1 { &rules.one } else { &rules.noun };
            fields.push(FieldRef { path, title: format!("{} {noun}", handed.accounts.len()), secret: false });
        }
        fields
    }
}

impl SignedIn {
    pub(super) fn open(held: Held) -> Option<Self> {
        let tokens = Tokens::from_bytes(held.tokens.as_bytes()).ok()?;
        Some(Self { held, tokens })
    }

    /// The provider's name for whoever signed in, as far as it is known.
    pub fn identity(&self) -> Option<&str> {
        self.held.identity.as_ref().map(|who| who.id.as_str())
    }
}

impl Folder {
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

impl Handed {
    /// The same sign-in once for each account: for links that make a connection of each.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn each(&self, desk: &Desk) -> AppResult<Vec<(Account, Submission)>> {
        let (Some(signed_in), Some(app)) = (&desk.signed_in, &desk.app) else { return Ok(Vec::new()) };
        let one = |account: &Account| {
            let submission = desk.written(signed_in, std::slice::from_ref(account), app)?;
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
