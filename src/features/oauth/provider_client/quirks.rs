//! Between the standard and what token endpoints do: the `oauth2` crate speaks RFC 6749 on one side, the provider its own way on the
//! other, and the block says how they differ.

use std::collections::BTreeMap;

use oauth2::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use url::Url;

use super::answer::{error_name, fails, retry_after};
use super::render::{At, MOST, add_params};
use super::{ProviderClient, ProviderError, pick};
use crate::base::http_client::{Call, Method, Response, header_lines};
use crate::connectors::provider::TokenBody;

impl ProviderClient<'_> {
    /// Sends a standard token request as the provider wants it, and gives its answer in the standard form.
    pub(super) async fn token_call(&self, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
        let mut url = Url::parse(&request.uri().to_string()).map_err(|_| ProviderError::NotAllowedAddress)?;
        let call = self.provider_request(&mut url, &request)?;
        let answer = self.send(&url, call).await?;
        self.standard_answer(&answer)
    }

    fn provider_request(&self, url: &mut Url, request: &HttpRequest) -> Result<Call, ProviderError> {
        let rules = &self.block.token;
        let mut fields: Vec<(String, String)> = Vec::new();
        let given: Vec<(String, String)> = url::form_urlencoded::parse(request.body()).into_owned().collect();
        let is_code = given.iter().any(|(name, _)| name == "code");
        for (name, value) in given {
            match rules.rename.get(&name) {
                Some(other) if other.is_empty() && is_code => {}
                Some(other) if other.is_empty() => fields.push((name, value)),
                Some(other) => fields.push((other.clone(), value)),
                None => fields.push((name, value)),
            }
        }
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        let basic = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        headers.extend(basic.map(|basic| ("authorization".to_owned(), basic.to_owned())));
        headers.extend(
            self.fill_all(&rules.headers, At::default())?.into_iter().map(|(name, value)| (name.to_lowercase(), value)),
        );
        let body = match rules.send {
            TokenBody::Query => {
                add_params(url, &fields);
                String::new()
            }
            TokenBody::Json => {
                let object: Map<String, Value> =
                    fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                Value::Object(object).to_string()
            }
            TokenBody::Form => {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
            }
        };
        Ok(Call { method: Method::POST, headers: header_lines(headers), body: body.into_bytes().into(), most: MOST })
    }

    /// Names every part of an answer as RFC 6749 does.
    pub(super) fn standard_answer(&self, answer: &Response) -> Result<HttpResponse, ProviderError> {
        let rules = &self.block.token;
        match answer.status {
            300..=399 => return Err(ProviderError::BadAnswer("it leads elsewhere")),
            429 => return Err(ProviderError::TooMany(retry_after(answer))),
            500.. => return Err(ProviderError::ProviderDown),
            _ => {}
        }
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|_| ProviderError::BadAnswer("it is no JSON"))?;
        let failed = match &rules.error {
            Some(shape) => fails(&body, shape),
            None => None,
        };
        let within = pick::at(&body, &rules.within).unwrap_or(&Value::Null);
        let standard = self.standard_tokens(&body, within);
        if failed.is_some() || answer.status >= 400 || standard.get("access_token").is_none() {
            let name = failed.unwrap_or_else(|| error_name(&body));
            if name.is_empty() && answer.status < 400 {
                return Err(ProviderError::BadAnswer("there is no access token in it"));
            }
            return Err(match (name.is_empty(), answer.status) {
                (true, 401) => ProviderError::AppRefused("status-401".to_owned()),
                (true, status) => ProviderError::Refused(format!("status-{status}")),
                _ => self.named(name),
            });
        }
        let mut response = HttpResponse::new(standard.to_string().into_bytes());
        let json = oauth2::http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(oauth2::http::header::CONTENT_TYPE, json);
        Ok(response)
    }

    fn standard_tokens(&self, body: &Value, within: &Value) -> Value {
        let rules = &self.block.token;
        let find = |name: &str| {
            let path = rules.answer.get(name).map_or(name, String::as_str);
            pick::at(within, path)
        };
        let mut standard = Map::new();
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = find(name).and_then(Value::as_str).filter(|token| !token.is_empty()) {
                standard.insert(name.to_owned(), json!(token));
            }
        }
        standard.insert("token_type".to_owned(), json!("bearer"));
        for name in ["expires_in", "refresh_token_expires_in"] {
            // Some write 0 for "never".
            if let Some(seconds) = find(name).and_then(pick::number).filter(|seconds| *seconds > 0) {
                standard.insert(name.to_owned(), json!(seconds));
            }
        }
        if let Some(names) = find("scope").and_then(pick::names) {
            standard.insert("scope".to_owned(), json!(names.join(" ")));
        }
        let kept: BTreeMap<&String, _> =
            rules.keep.iter().filter_map(|path| Some((path, pick::text_at(body, path)?))).collect();
        standard.insert("kept".to_owned(), json!(kept));
        Value::Object(standard)
    }
}
