//! The JSON of the five providers, as their documentation shows it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::receiver::{Received, Reply};
use super::{CLIENT_ID, Endpoint, Plays, State, client_secret, reply};

/// Which endpoint a path is.
pub fn endpoint(plays: Plays, path: &str, request: &Received) -> Option<Endpoint> {
    let refreshes = request.body.contains("grant_type=refresh_token");
    let token = if refreshes { Endpoint::Refresh } else { Endpoint::Exchange };
    let ends = |end: &str| path.ends_with(end);
    match plays {
        Plays::Facebook if ends("/oauth/access_token") && request.method == "GET" => Some(Endpoint::LongLived),
        Plays::Facebook if ends("/oauth/access_token") => Some(Endpoint::Exchange),
        Plays::Facebook if ends("/me/permissions") && request.method == "DELETE" => Some(Endpoint::Revoke),
        Plays::Facebook if ends("/me/permissions") => Some(Endpoint::Granted),
        Plays::Facebook if ends("/me/adaccounts") => Some(Endpoint::Accounts),
        Plays::Facebook if ends("/me") => Some(Endpoint::Identity),
        Plays::GoogleAds if ends("/token") => Some(token),
        Plays::GoogleAds if ends("/userinfo") => Some(Endpoint::Identity),
        Plays::GoogleAds if ends("/customers:listAccessibleCustomers") => Some(Endpoint::Accounts),
        Plays::GoogleAds if ends("/googleAds:search") => Some(Endpoint::Names),
        Plays::GoogleAds if ends("/revoke") => Some(Endpoint::Revoke),
        Plays::HubSpot if ends("/introspect") => Some(Endpoint::Identity),
        Plays::HubSpot if ends("/token") => Some(token),
        Plays::LinkedIn if ends("/accessToken") => Some(token),
        Plays::LinkedIn if ends("/v2/me") => Some(Endpoint::Identity),
        Plays::LinkedIn if ends("/rest/adAccounts") => Some(Endpoint::Accounts),
        Plays::TikTok if ends("/oauth2/access_token/") => Some(Endpoint::Exchange),
        Plays::TikTok if ends("/user/info/") => Some(Endpoint::Identity),
        Plays::TikTok if ends("/oauth2/advertiser/get/") => Some(Endpoint::Accounts),
        Plays::TikTok if ends("/oauth2/revoke_token/") => Some(Endpoint::Revoke),
        _ => None,
    }
}

pub fn answer(plays: Plays, endpoint: Endpoint, state: &mut State, request: &Received) -> Reply {
    let fields = fields(request);
    match endpoint {
        Endpoint::Exchange | Endpoint::Refresh | Endpoint::LongLived => tokens(plays, endpoint, state, &fields),
        Endpoint::Revoke => {
            state.access.clear();
            state.refresh.clear();
            reply(200, &json!({ "success": true, "code": 0 }))
        }
        _ if !is_signed_in(plays, state, request, &fields) => refused(plays, 401, "invalid_token"),
        Endpoint::Identity => reply(200, &identity(plays, state)),
        Endpoint::Granted => {
            let granted =
                state.granted.clone().unwrap_or_else(|| vec!["ads_read".to_owned(), "business_management".to_owned()]);
            let given = granted.iter().map(|name| json!({ "permission": name, "status": "granted" }));
            let declined = ["ads_read", "business_management"]
                .into_iter()
                .filter(|name| !granted.iter().any(|given| given == name));
            let declined = declined.map(|name| json!({ "permission": name, "status": "declined" }));
            reply(200, &json!({ "data": given.chain(declined).collect::<Vec<_>>() }))
        }
        Endpoint::Accounts | Endpoint::Names => accounts(plays, endpoint, state, request, &fields),
    }
}

/// Parameters of the address and of the body.
fn fields(request: &Received) -> BTreeMap<String, String> {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let mut fields: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    match serde_json::from_str::<Map<String, Value>>(&request.body) {
        Ok(object) => {
            fields.extend(object.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))))
        }
        Err(_) => fields.extend(url::form_urlencoded::parse(request.body.as_bytes()).into_owned()),
    }
    fields
}

fn is_the_app(fields: &BTreeMap<String, String>) -> bool {
    let id = fields.get("client_id").or(fields.get("app_id"));
    let secret = fields.get("client_secret").or(fields.get("secret"));
    id.is_some_and(|id| id == CLIENT_ID) && secret.is_some_and(|secret| *secret == client_secret())
}

fn is_signed_in(plays: Plays, state: &State, request: &Received, fields: &BTreeMap<String, String>) -> bool {
    let bearer = request.header("authorization").and_then(|line| line.strip_prefix("Bearer "));
    let token = match plays {
        Plays::TikTok => request.header("access-token"),
        Plays::HubSpot => fields.get("token").map(String::as_str).filter(|_| is_the_app(fields)),
        Plays::Facebook | Plays::GoogleAds | Plays::LinkedIn => bearer,
    };
    token.is_some_and(|token| state.access.contains(token))
}

fn tokens(plays: Plays, endpoint: Endpoint, state: &mut State, fields: &BTreeMap<String, String>) -> Reply {
    if !is_the_app(fields) {
        return refused(plays, 401, "invalid_client");
    }
    let (access, refresh, scopes) = match endpoint {
        Endpoint::Refresh => match state.refreshed(fields) {
            Ok((access, refresh)) => (access, refresh, None),
            Err(name) => return refused(plays, 400, name),
        },
        Endpoint::LongLived => {
            let short = fields.get("fb_exchange_token").cloned().unwrap_or_default();
            if !state.access.remove(&short) {
                return refused(plays, 400, "invalid_grant");
            }
            let long = state.token("access-long");
            state.access.insert(long.clone());
            (long, None, None)
        }
        _ => match state.exchange(fields) {
            Ok((access, refresh, scopes)) => {
                // The second step and the list of permissions know what was granted.
                (access, refresh, Some(scopes))
            }
            Err(name) => return refused(plays, 400, name),
        },
    };
    let expires = |usual: u64| state.expires_in.unwrap_or(usual);
    let body = match plays {
        Plays::Facebook if endpoint == Endpoint::LongLived => {
            json!({ "access_token": access, "token_type": "bearer", "expires_in": expires(5_183_944) })
        }
        Plays::Facebook => json!({ "access_token": access, "token_type": "bearer", "expires_in": 5_400 }),
        Plays::GoogleAds => standard(&access, refresh.as_deref(), expires(3_599), scopes.as_deref(), " "),
        Plays::HubSpot => {
            let mut body = standard(&access, refresh.as_deref(), expires(1_800), None, " ");
            if endpoint == Endpoint::Exchange {
                state.granted = scopes;
            }
            body["hub_id"] = json!(62_515);
            body
        }
        Plays::LinkedIn => {
            let mut body = standard(&access, refresh.as_deref(), expires(5_184_000), scopes.as_deref(), ",");
            if refresh.is_some() {
                body["refresh_token_expires_in"] = json!(31_536_000);
            }
            body
        }
        Plays::TikTok => {
            let data = json!({ "access_token": access, "advertiser_ids": ["7000000000001"], "scope": [4] });
            json!({ "code": 0, "message": "OK", "request_id": "2026", "data": data })
        }
    };
    reply(200, &body)
}

fn standard(access: &str, refresh: Option<&str>, expires_in: u64, scopes: Option<&[String]>, between: &str) -> Value {
    let mut body = json!({ "access_token": access, "token_type": "Bearer", "expires_in": expires_in });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    if let Some(scopes) = scopes {
        body["scope"] = json!(scopes.join(between));
    }
    body
}

/// A refusal in the provider's own words.
fn refused(plays: Plays, status: u16, name: &str) -> Reply {
    match plays {
        Plays::Facebook => {
            let code = if name == "invalid_grant" || name == "invalid_token" { 190 } else { 101 };
            let error = json!({ "message": "Error validating access token", "type": "OAuthException", "code": code, "fbtrace_id": "Ax" });
            reply(400, &json!({ "error": error }))
        }
        Plays::GoogleAds => reply(status, &json!({ "error": name, "error_description": "Bad Request" })),
        Plays::HubSpot => {
            let status_name = if name == "invalid_grant" { "BAD_REFRESH_TOKEN" } else { "INVALID_AUTHENTICATION" };
            reply(
                status,
                &json!({ "status": status_name, "message": "missing or unknown token", "correlationId": "1" }),
            )
        }
        Plays::LinkedIn => reply(status, &json!({ "error": name, "error_description": "refused" })),
        Plays::TikTok => {
            let code = if name == "invalid_client" { 40_104 } else { 40_105 };
            reply(
                200,
                &json!({ "code": code, "message": "Access token is incorrect or has been revoked.", "data": {} }),
            )
        }
    }
}

fn identity(plays: Plays, state: &State) -> Value {
    let who = &state.who;
    match plays {
        Plays::Facebook => json!({ "id": format!("fb-{who}"), "name": format!("{who} of Corner Shop") }),
        Plays::GoogleAds => {
            json!({ "sub": format!("g-{who}"), "email": format!("{who}@shop.example"), "email_verified": true })
        }
        Plays::HubSpot => {
            let granted = state.granted.clone().unwrap_or_default();
            json!({ "active": true, "user": format!("{who}@shop.example"), "hub_domain": format!("{who}.hubspot.example"), "scopes": granted,
                "hub_id": 62_515, "app_id": 456, "user_id": 123, "token_type": "access", "expires_in": 1_754 })
        }
        Plays::LinkedIn => json!({ "id": format!("li-{who}"), "localizedFirstName": who, "localizedLastName": "Ode" }),
        Plays::TikTok => {
            let data = json!({ "core_user_id": format!("tt-{who}"), "display_name": format!("{who} at TikTok"), "create_time": 1 });
            json!({ "code": 0, "message": "OK", "data": data })
        }
    }
}

/// Accounts are numbered from 1; each shape has its own kind of page.
fn accounts(
    plays: Plays,
    endpoint: Endpoint,
    state: &State,
    request: &Received,
    fields: &BTreeMap<String, String>,
) -> Reply {
    let all = 1..=state.accounts;
    let name = |number: &usize| format!("Account {number}");
    let body = match plays {
        Plays::Facebook => {
            let start: usize = fields.get("after").map_or(0, |mark| mark.parse().unwrap());
            let row = |number: usize| {
                json!({ "id": format!("act_{number}"), "account_id": number.to_string(), "name": name(&number), "currency": "EUR",
                    "business": { "id": "9", "name": "Corner Shop" } })
            };
            let rows: Vec<Value> = all.skip(start).take(3).map(row).collect();
            let end = start + rows.len();
            let mut paging = json!({ "cursors": { "before": start.to_string(), "after": end.to_string() } });
            if end < state.accounts {
                // A next address carries the token; whoever follows it has lost it to a log.
                paging["next"] = json!("https://graph.facebook.com/leak?access_token=x");
            }
            json!({ "data": rows, "paging": paging })
        }
        Plays::GoogleAds if endpoint == Endpoint::Names => return google_names(request),
        Plays::GoogleAds => {
            if request.header("developer-token").is_none() {
                return reply(
                    400,
                    &json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT", "message": "no developer token" } }),
                );
            }
            json!({ "resourceNames": all.map(|number| format!("customers/{}", 1_000_000_000 + number)).collect::<Vec<_>>() })
        }
        Plays::LinkedIn => {
            let start: usize = fields.get("pageToken").map_or(0, |mark| mark.parse().unwrap());
            let row = |number: usize| json!({ "id": 500_000 + number, "name": name(&number), "status": "ACTIVE", "currency": "EUR" });
            let rows: Vec<Value> = all.skip(start).take(2).map(row).collect();
            let end = start + rows.len();
            let metadata = if end < state.accounts { json!({ "nextPageToken": end.to_string() }) } else { json!({}) };
            json!({ "elements": rows, "metadata": metadata })
        }
        Plays::TikTok => {
            if !is_the_app(fields) {
                return refused(plays, 200, "invalid_client");
            }
            let row = |number: usize| json!({ "advertiser_id": (7_000_000_000_000 + number).to_string(), "advertiser_name": name(&number) });
            json!({ "code": 0, "message": "OK", "data": { "list": all.map(row).collect::<Vec<_>>() } })
        }
        Plays::HubSpot => return reply(404, &json!({ "status": "error", "message": "no such path" })),
    };
    reply(200, &body)
}

/// The first account is a manager with two clients, the second may not be asked about, the others are what they are.
fn google_names(request: &Received) -> Reply {
    let id = request.path.split("/customers/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    assert_eq!(request.header("login-customer-id"), Some(id), "the account asks as itself");
    let row = |id: &str, name: &str| json!({ "customerClient": { "resourceName": "x", "id": id, "descriptiveName": name, "currencyCode": "EUR" } });
    match id {
        "1000000001" => {
            reply(200, &json!({ "results": [row("2000000001", "Client A"), row("2000000002", "Client B")] }))
        }
        "1000000002" => {
            let error = json!({ "code": 403, "status": "PERMISSION_DENIED", "message": "The customer account is not enabled." });
            reply(403, &json!({ "error": error }))
        }
        other => reply(200, &json!({ "results": [row(other, &format!("Account {other}"))] })),
    }
}
