//! Which program is calling, and what its key allows. A handler gets a caller only through [`ApiKey`], which names the scope it
//! needs, so a forgotten check does not compile.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};

use super::{KnownKey, NOTED_EVERY, Scope, authenticate, note_use};
use crate::base::crypto::PlainToken;
use crate::base::error::AppError;
use crate::base::ids::{ApiKeyId, MemberId, WorkspaceId};
use crate::connectors::Kind;
use crate::platform::activity::Actor;
use crate::platform::app::App;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::problem::{Code, Problem};

/// The header a key is sent in.
pub const HEADER: &str = "x-api-key";
/// No key is longer; longer texts are not looked up.
const LONGEST_KEY: usize = 200;

/// Sources or destinations: the same endpoints under two paths, each with scopes of its own.
pub trait Side: 'static {
    /// Which of the two.
    const KIND: Kind;
    /// How the API calls several of them; the segment of the path.
    const PLURAL: &'static str;
    /// What reading them takes.
    const READ: Scope;
    /// What changing them takes.
    const WRITE: Scope;
}

/// `/api/v1/sources/`
#[derive(Debug)]
pub struct Sources;

/// `/api/v1/destinations/`
#[derive(Debug)]
pub struct Destinations;

impl Side for Sources {
    const KIND: Kind = Kind::Source;
    const PLURAL: &'static str = "sources";
    const READ: Scope = Scope::SourcesRead;
    const WRITE: Scope = Scope::SourcesWrite;
}

impl Side for Destinations {
    const KIND: Kind = Kind::Destination;
    const PLURAL: &'static str = "destinations";
    const READ: Scope = Scope::DestinationsRead;
    const WRITE: Scope = Scope::DestinationsWrite;
}

/// What a handler needs its caller's key to allow.
pub trait Needs: 'static {
    /// The scope.
    const SCOPE: Scope;
    /// Whether the narrow limit for credentials counts too.
    const IS_CREDENTIALS: bool = false;
}

/// Reading sources or destinations.
#[derive(Debug)]
pub struct Read<S>(PhantomData<S>);
/// Changing sources or destinations.
#[derive(Debug)]
pub struct Write<S>(PhantomData<S>);
/// Reading setup links.
#[derive(Debug)]
pub struct ReadLinks;
/// Making and revoking setup links.
#[derive(Debug)]
pub struct WriteLinks;
/// Reading invite links.
#[derive(Debug)]
pub struct ReadInviteLinks;
/// Making, changing and deleting invite links, and reading their tokens.
#[derive(Debug)]
pub struct WriteInviteLinks;
/// Starting validations and reading them.
#[derive(Debug)]
pub struct WriteValidations;
/// Reading runs and output layers.
#[derive(Debug)]
pub struct ReadRuns;
/// Starting and stopping runs.
#[derive(Debug)]
pub struct WriteRuns;
/// Looking at records of runs and downloading them.
#[derive(Debug)]
pub struct ReadRecords;
/// Adding, changing, trying and deleting output layers.
#[derive(Debug)]
pub struct WriteOutputLayers;
/// Saying where extractions run.
#[derive(Debug)]
pub struct WriteEngine;
/// Reading credentials.
#[derive(Debug)]
pub struct ReadCredentials;

impl<S: Side> Needs for Read<S> {
    const SCOPE: Scope = S::READ;
}
impl<S: Side> Needs for Write<S> {
    const SCOPE: Scope = S::WRITE;
}
impl Needs for ReadLinks {
    const SCOPE: Scope = Scope::LinksRead;
}
impl Needs for WriteLinks {
    const SCOPE: Scope = Scope::LinksWrite;
}
impl Needs for ReadInviteLinks {
    const SCOPE: Scope = Scope::InviteLinksRead;
}
impl Needs for WriteInviteLinks {
    const SCOPE: Scope = Scope::InviteLinksWrite;
}
impl Needs for WriteValidations {
    const SCOPE: Scope = Scope::ValidationsWrite;
}
impl Needs for ReadRuns {
    const SCOPE: Scope = Scope::RunsRead;
}
impl Needs for WriteRuns {
    const SCOPE: Scope = Scope::RunsWrite;
}
impl Needs for ReadRecords {
    const SCOPE: Scope = Scope::RecordsRead;
}
impl Needs for WriteOutputLayers {
    const SCOPE: Scope = Scope::OutputLayersWrite;
}
impl Needs for WriteEngine {
    const SCOPE: Scope = Scope::EngineWrite;
}
impl Needs for ReadCredentials {
    const SCOPE: Scope = Scope::CredentialsRead;
    const IS_CREDENTIALS: bool = true;
}

/// A program whose key works.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key.
    pub key: ApiKeyId,
    /// What the key is for, in the words of who made it.
    pub name: String,
    /// The workspace it opens; every query it causes carries it.
    pub workspace: WorkspaceId,
    /// The member who made the key; `None`: a command.
    pub member: Option<MemberId>,
    /// Everything the key allows.
    scopes: Vec<Scope>,
}

impl Caller {
    /// The program as the actor of a deed.
    pub fn actor(&self) -> Actor {
        Actor::Program { name: self.name.clone() }
    }

    /// Whether the key allows this too, beside what its handler asked for.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl From<KnownKey> for Caller {
    fn from(key: KnownKey) -> Self {
        let scopes = Scope::ALL.iter().copied().filter(|scope| key.may(*scope)).collect();
        Self { key: key.id, name: key.name, workspace: key.workspace_id, member: key.created_by, scopes }
    }
}

/// A program whose key allows what `N` names.
#[derive(Debug)]
pub struct ApiKey<N: Needs> {
    caller: Caller,
    needs: PhantomData<N>,
}

impl<N: Needs> Deref for ApiKey<N> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<N: Needs> FromRequest for ApiKey<N> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let caller = prove::<N>(&request, app).await?;
            Ok(Self { caller, needs: PhantomData })
        })
    }
}

async fn prove<N: Needs>(request: &HttpRequest, app: &App) -> Result<Caller, Problem> {
    let shown =
        request.headers().get(HEADER).ok_or_else(|| Problem::new(Code::ApiKeyMissing, Code::ApiKeyMissing.advice()))?;
    let key = match shown.to_str() {
        Ok(text) if text.len() <= LONGEST_KEY => known(app, PlainToken::presented(text.trim())).await?,
        _ => None,
    };
    let Some(key) = key else {
        app.count_unknown_token(client_ip(request, &app.config.server.trusted_proxies)).await?;
        return Err(Problem::new(Code::ApiKeyInvalid, Code::ApiKeyInvalid.advice()));
    };
    count::<N>(request, app, &key)?;
    if !key.may(N::SCOPE) {
        return Err(Problem::new(
            Code::ScopeMissing,
            format!("This needs a key with the scope {}.", N::SCOPE.as_str()),
        ));
    }
    Ok(key.into())
}

async fn known(app: &App, shown: PlainToken) -> Result<Option<KnownKey>, AppError> {
    let now = app.clock.now();
    let found = app.db.read(move |conn| authenticate(conn, &shown, now)).await?;
    if let Some(key) = &found
        && key.last_used_at.is_none_or(|last| now - last >= NOTED_EVERY)
    {
        let id = key.id.clone();
        app.db.write(move |conn| note_use(conn, &id, now)).await?;
    }
    Ok(found)
}

/// Counts the request and leaves word of how the caller stands for `web/api.rs`, which writes the headers.
fn count<N: Needs>(request: &HttpRequest, app: &App, key: &KnownKey) -> Result<(), Problem> {
    let mut limits = vec![app.limits.api(key.id.as_str())];
    if N::IS_CREDENTIALS {
        limits.push(app.limits.credentials(key.id.as_str()));
    }
    for (standing, verdict) in limits.into_iter().flatten() {
        request.extensions_mut().insert(standing);
        verdict?;
    }
    Ok(())
}
