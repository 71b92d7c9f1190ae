//! A block's requests with their slots filled in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::{Tokens, Wire, WireError, pick};
use crate::base::http_client::{Call, HttpsUrl, Method as HttpMethod};
use crate::connectors::provider::{Body, Method, Part, ProviderRequest, RequestAuth, Template};

/// Most bytes of an answer of a provider.
pub(super) const MOST: usize = 4 * 1024 * 1024;

/// What slots are filled from, beside what the [`Wire`] knows.
#[derive(Clone, Copy, Default)]
pub(super) struct At<'a> {
    pub(super) tokens: Option<&'a Tokens>,
    pub(super) item: Option<&'a Value>,
}

impl<'a> Wire<'a> {
    /// The value of a slot.
    pub(super) fn slot<'b>(&self, name: &str, at: At<'b>) -> Option<Cow<'b, str>>
    where
        'a: 'b,
    {
        if let Some(kept) = name.strip_prefix("token.") {
            return at.tokens?.kept.get(kept).map(|text| Cow::Borrowed(text.as_str()));
        }
        if let Some(path) = name.strip_prefix("item.") {
            return pick::text_at(at.item?, path);
        }
        let app = self.app;
        match name {
            "client_id" => Some(Cow::Borrowed(app.client_id.as_str())),
            "client_secret" => Some(Cow::Borrowed(app.client_secret.expose_secret())),
            "access_token" => at.tokens.map(|tokens| Cow::Borrowed(tokens.access_token.expose_secret())),
            "grant_token" => self.slot("refresh_token", at).or_else(|| self.slot("access_token", at)),
            "refresh_token" => at.tokens?.refresh_token.as_ref().map(|token| Cow::Borrowed(token.expose_secret())),
            other => {
                let constant = || app.constants.get(other).map(|text| Cow::Borrowed(text.expose_secret()));
                self.inputs.get(other).map(Cow::Borrowed).or_else(constant)
            }
        }
    }

    pub(super) fn fill(&self, template: &Template, at: At<'_>) -> Result<String, WireError> {
        let filled = template.parts().iter().map(|part| match part {
            Part::Text(text) => Ok(Cow::Borrowed(text.as_str())),
            Part::Slot(name) => self.slot(name, at).ok_or_else(|| WireError::NotSet(name.clone())),
        });
        filled.collect()
    }

    pub(super) fn fill_all(
        &self,
        templates: &BTreeMap<String, Template>,
        at: At<'_>,
    ) -> Result<Vec<(String, String)>, WireError> {
        templates.iter().map(|(name, template)| Ok((name.clone(), self.fill(template, at)?))).collect()
    }

    /// An address with its slots filled in: what stands in the host is a label or listed, what stands behind it is escaped.
    pub(super) fn address(&self, template: &Template, hosts: &[String], at: At<'_>) -> Result<Url, WireError> {
        let mut text = String::new();
        for part in template.parts() {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Slot(name) => {
                    let value = self.slot(name, at).ok_or_else(|| WireError::NotSet(name.clone()))?;
                    if text.is_empty() {
                        text = trusted(&value, hosts)?;
                    } else if in_host(&text) {
                        text.push_str(host_part(&value)?);
                    } else {
                        text.extend(
                            url::form_urlencoded::byte_serialize(value.as_bytes())
                                .map(|piece| piece.replace('+', "%20")),
                        );
                    }
                }
            }
        }
        let url = Url::parse(&text).map_err(|_| WireError::NotAllowedAddress)?;
        HttpsUrl::parse(url.as_str()).map_err(|_| WireError::NotAllowedAddress)?;
        Ok(url)
    }

    pub(super) fn request(&self, request: &ProviderRequest, at: At<'_>) -> Result<(Url, Call), WireError> {
        let mut url = self.address(&request.url, &request.hosts, at)?;
        add_params(&mut url, &self.fill_all(&request.params, at)?);
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        for (name, value) in self.fill_all(&request.headers, at)? {
            headers.retain(|(known, _)| *known != name.to_lowercase());
            headers.push((name.to_lowercase(), value));
        }
        headers.extend(self.authorization(request.auth, at)?);
        let body = match &request.body {
            None => Vec::new(),
            Some(Body::Form(fields)) => {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(self.fill_all(fields, at)?)
                    .finish()
                    .into_bytes()
            }
            Some(Body::Json(value)) => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                self.json(value, at)?.to_string().into_bytes()
            }
        };
        let method = match request.method {
            Method::GET => HttpMethod::GET,
            Method::POST => HttpMethod::POST,
            Method::DELETE => HttpMethod::DELETE,
        };
        Ok((url, Call { method, headers, body, most: MOST }))
    }

    fn authorization(&self, auth: RequestAuth, at: At<'_>) -> Result<Option<(String, String)>, WireError> {
        let text = match auth {
            RequestAuth::None => return Ok(None),
            RequestAuth::Bearer => {
                let token =
                    self.slot("access_token", at).ok_or_else(|| WireError::NotSet("access_token".to_owned()))?;
                format!("Bearer {token}")
            }
            RequestAuth::Basic => {
                let pair = format!("{}:{}", self.app.client_id, self.app.client_secret.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
        };
        Ok(Some(("authorization".to_owned(), text)))
    }

    /// JSON whose texts are templates.
    fn json(&self, value: &Value, at: At<'_>) -> Result<Value, WireError> {
        Ok(match value {
            Value::String(text) => match Template::parse(text) {
                Ok(template) => Value::String(self.fill(&template, at)?),
                Err(_) => value.clone(),
            },
            Value::Array(list) => {
                Value::Array(list.iter().map(|value| self.json(value, at)).collect::<Result<_, _>>()?)
            }
            Value::Object(object) => {
                let pairs = object.iter().map(|(key, value)| Ok((key.clone(), self.json(value, at)?)));
                Value::Object(pairs.collect::<Result<_, WireError>>()?)
            }
            other => other.clone(),
        })
    }
}

/// Adds parameters; a space is `%20`, which every provider reads.
pub(super) fn add_params(url: &mut Url, params: &[(String, String)]) {
    if params.is_empty() {
        return;
    }
    url.query_pairs_mut().extend_pairs(params);
    let query = url.query().map(|query| query.replace('+', "%20"));
    url.set_query(query.as_deref());
}

/// Whether what follows still belongs to the host.
fn in_host(text: &str) -> bool {
    text.strip_prefix("https://").is_none_or(|rest| !rest.contains(['/', '?']))
}

/// What may stand in a host: nothing that ends it or begins another part of an address.
fn host_part(value: &str) -> Result<&str, WireError> {
    let fits = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if fits { Ok(value) } else { Err(WireError::NotAllowedAddress) }
}

/// A whole address out of a token answer, when its host is one of the provider's.
fn trusted(address: &str, hosts: &[String]) -> Result<String, WireError> {
    let url = HttpsUrl::parse(address).map_err(|_| WireError::NotAllowedAddress)?;
    let host = url.host();
    let known = hosts.iter().any(|end| host.ends_with(end.as_str()) && host.len() > end.len() && end.starts_with('.'));
    if known { Ok(address.trim_end_matches('/').to_owned()) } else { Err(WireError::NotAllowedAddress) }
}
