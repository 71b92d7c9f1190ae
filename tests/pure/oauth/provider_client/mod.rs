//! What goes over the wire, against providers of all five shapes.

mod accounts;
mod authorize;
mod outputs;
mod people;
mod tokens;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use tempfile::TempDir;
use time::macros::datetime;
use vestibule::base::clock::UtcTime;
use vestibule::base::http_client::{AddressPolicy, GuardedClient, Resolver};
use vestibule::base::rng::Rng;
use vestibule::connectors::provider::{Inputs, ProviderBlock};
use vestibule::connectors::{Connector, ConnectorFile};
use vestibule::features::oauth::provider_client::{
    AppSecrets, AuthorizeUrl, CallbackQuery, ProviderClient, ProviderError, Tokens,
};

use crate::support::provider::{CLIENT_ID, Plays, Provider, client_secret};
use crate::support::receiver::authority_file;

pub const REDIRECT: &str = "https://vestibule.example/oauth/callback/any";
const NO_WAITS: [Duration; 2] = [Duration::ZERO; 2];

/// A provider and all that is needed to call it.
pub struct Scene {
    pub provider: Provider,
    pub connector: Arc<Connector>,
    pub app: AppSecrets,
    pub inputs: Inputs,
    pub http: GuardedClient,
    _dir: TempDir,
}

pub fn now() -> UtcTime {
    UtcTime::new(datetime!(2026-03-13 16:00 UTC))
}

impl Scene {
    pub fn new(plays: Plays) -> Self {
        Self::adjusted(plays, |_| {})
    }

    /// With the connector's file changed before it is read.
    pub fn adjusted(plays: Plays, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        let provider = Provider::start(plays);
        let mut file = provider.connector();
        change(&mut file["oauth"]);
        let connector = Connector::new(ConnectorFile::from_json(&file).unwrap(), true).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let constants = [("developer_token".to_owned(), SecretString::from("dev-token"))].into();
        let app = AppSecrets { client_id: CLIENT_ID.to_owned(), client_secret: client_secret().into(), constants };
        let http = client(dir.path(), vec!["127.0.0.0/8".parse().unwrap()]);
        Self { provider, connector, app, inputs: Inputs::default(), http, _dir: dir }
    }

    pub fn block(&self) -> &ProviderBlock {
        self.connector.oauth().unwrap()
    }

    pub fn client(&self) -> ProviderClient<'_> {
        ProviderClient::new(&self.http, self.block(), &self.app, &self.inputs).with_waits(&NO_WAITS)
    }

    pub fn authorize_url(&self) -> AuthorizeUrl {
        self.client().authorize_url(REDIRECT, "the-state", false, &Rng::seeded(7)).unwrap()
    }

    /// The way through the consent page and back.
    pub async fn sign_in(&self) -> Result<Tokens, ProviderError> {
        let authorize = self.authorize_url();
        let code = self.client().read_callback(&query_of(&self.provider.consent(authorize.url.as_str())))?;
        self.client().exchange(&code, authorize.verifier.as_ref(), REDIRECT, now()).await
    }
}

pub fn client(dir: &Path, open: Vec<IpNet>) -> GuardedClient {
    GuardedClient::new(AddressPolicy::with_open(open), Resolver::System, Some(&authority_file(dir))).unwrap()
}

pub fn query_of(url: &str) -> CallbackQuery {
    CallbackQuery::parse(url::Url::parse(url).unwrap().query().unwrap())
}
