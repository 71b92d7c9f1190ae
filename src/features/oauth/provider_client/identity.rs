//! WhoSignedIn signed in, and what was granted.

use std::borrow::Cow;

use serde_json::Value;

use super::render::At;
use super::{ProviderClient, ProviderError, Tokens, pick};
use crate::connectors::provider::{Granted, Template};

/// The provider's account that signed in.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identified {
    /// What tells accounts of the provider apart; compare it when reconnecting.
    pub id: String,
    /// What people call it.
    pub label: String,
}

/// What is known after signing in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhoSignedIn {
    /// The account; `None` when the block has no way to learn it, or the provider did not say.
    pub identity: Option<Identified>,
    /// The granted permissions; `None` when nobody knows them.
    pub granted: Option<Vec<String>>,
}

impl ProviderClient<'_> {
    /// Learns who signed in and what was granted. A provider that will not say who it was does not end the sign-in: some answer 401
    /// when only the permission to ask that is missing.
    ///
    /// # Errors
    /// The granted permissions have to be asked for and cannot be had, or the provider cannot be reached.
    pub async fn who(&self, tokens: &Tokens) -> Result<WhoSignedIn, ProviderError> {
        let at = At { tokens: Some(tokens), item: None };
        let mut answer = None;
        if let Some(request) = self.block.identity.as_ref().and_then(|identity| identity.request.as_ref()) {
            let (url, call) = self.request(request, at)?;
            answer = match self.ask(&url, call, request.error.as_ref()).await {
                Ok(answer) => Some(answer),
                Err(ProviderError::MissingScope | ProviderError::InvalidGrant | ProviderError::Refused(_)) => None,
                Err(other) => return Err(other),
            };
        }
        let granted = self.granted(tokens, answer.as_ref()).await?;
        Ok(WhoSignedIn { identity: self.identified(answer.as_ref(), tokens), granted })
    }

    fn identified(&self, answer: Option<&Value>, tokens: &Tokens) -> Option<Identified> {
        let rules = self.block.identity.as_ref()?;
        if rules.request.is_some() && answer.is_none() {
            return None;
        }
        let value = answer.unwrap_or(&Value::Null);
        let text = |template: &Template| {
            let slot = |name: &str| match name.strip_prefix("token.") {
                Some(kept) => tokens.kept.get(kept).map(|text| Cow::Borrowed(text.as_str())),
                None => pick::text_at(value, name).or_else(|| self.inputs.get(name).map(Cow::Borrowed)),
            };
            template.fill(slot).filter(|text| !text.is_empty())
        };
        let id = text(&rules.id)?;
        Some(Identified { label: text(&rules.label).unwrap_or_else(|| id.clone()), id })
    }

    async fn granted(&self, tokens: &Tokens, identity: Option<&Value>) -> Result<Option<Vec<String>>, ProviderError> {
        match &self.block.granted {
            Granted::Unknown => Ok(None),
            // RFC 6749 5.1: an answer that names none granted what was asked for.
            Granted::Token => Ok(Some(tokens.scopes.clone().unwrap_or_else(|| self.asked_for()))),
            Granted::Identity(path) => Ok(identity.and_then(|answer| pick::at(answer, path)).and_then(pick::names)),
            Granted::Request { request, items, name, when } => {
                let (url, call) = self.request(request, At { tokens: Some(tokens), item: None })?;
                let answer = self.ask(&url, call, request.error.as_ref()).await?;
                let list = pick::at(&answer, items).and_then(Value::as_array);
                let list = list.ok_or(ProviderError::BadAnswer("the permissions are not in it"))?;
                let counts = |item: &&Value| {
                    when.as_ref().is_none_or(|(path, value)| pick::text_at(item, path).as_deref() == Some(value))
                };
                let names = list.iter().filter(counts).filter_map(|item| pick::text_at(item, name));
                Ok(Some(names.map(Cow::into_owned).collect()))
            }
        }
    }

    fn asked_for(&self) -> Vec<String> {
        self.block.scopes.iter().map(|scope| scope.name.clone()).collect()
    }
}
