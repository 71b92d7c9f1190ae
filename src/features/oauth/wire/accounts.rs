//! The accounts somebody who signed in may share.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::render::{At, add_params};
use super::{Tokens, Wire, WireError, pick};
use crate::base::http_client::HttpsUrl;
use crate::connectors::provider::{AccountRules, Expand, Paging, ProviderRequest, Template};

/// Most pages of one listing.
const MOST_PAGES: usize = 25;
/// Most accounts that are offered.
const MOST: usize = 2_000;
/// Most accounts that are asked about one by one.
const MOST_EXPANDED: usize = 50;
/// Longest time for all requests of a listing.
const TIME: Duration = Duration::from_secs(60);

/// One account, as it is offered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// What goes into the configuration.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What helps to tell two of the same name apart; may be empty.
    pub detail: String,
}

/// What was found, in the provider's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountList {
    /// The accounts, each once.
    pub accounts: Vec<Account>,
    /// Whether there are more than were read.
    pub more: bool,
}

impl AccountList {
    fn add(&mut self, account: Account, seen: &mut BTreeSet<String>) {
        if self.accounts.len() >= MOST {
            self.more = true;
        } else if seen.insert(account.id.clone()) {
            self.accounts.push(account);
        }
    }
}

impl Wire<'_> {
    /// Lists the accounts; none when the block has no listing.
    ///
    /// # Errors
    /// A permission is missing, the provider cannot be reached, or its answer cannot be used.
    pub async fn accounts(&self, tokens: &Tokens) -> Result<AccountList, WireError> {
        let Some(rules) = &self.block.accounts else { return Ok(AccountList::default()) };
        let listing = async {
            let found = self.list(rules, tokens).await?;
            match &rules.expand {
                Some(expand) => self.expand(rules, expand, found, tokens).await,
                None => Ok(found),
            }
        };
        tokio::time::timeout(TIME, listing).await.unwrap_or(Err(WireError::ProviderDown))
    }

    async fn list(&self, rules: &AccountRules, tokens: &Tokens) -> Result<AccountList, WireError> {
        let (mut found, mut seen) = (AccountList::default(), BTreeSet::new());
        let mut next = Some(Page::First);
        let mut read = 0;
        while let Some(page) = next {
            if read == MOST_PAGES || found.more {
                found.more = true;
                break;
            }
            let answer = self.page(rules, &page, tokens).await?;
            let items = items_of(&answer, &rules.items).ok_or(WireError::BadAnswer("the accounts are not in it"))?;
            next = page.after(&rules.paging, &answer, items.len());
            read += 1;
            for item in &items {
                let account = account(item, &rules.id, &rules.strip, &rules.label, &rules.detail);
                found.add(account.ok_or(WireError::BadAnswer("an account has no id"))?, &mut seen);
            }
        }
        Ok(found)
    }

    async fn page(&self, rules: &AccountRules, page: &Page, tokens: &Tokens) -> Result<Value, WireError> {
        let request = &rules.request;
        let (mut url, mut call) = self.request(request, At { tokens: Some(tokens), item: None })?;
        match page {
            Page::First => {}
            Page::With(name, value) if call.body.is_empty() => add_params(&mut url, &[(name.clone(), value.clone())]),
            Page::With(name, value) => {
                call.body = with_field(&call.body, name, value).ok_or(WireError::BadAnswer("it cannot be paged"))?
            }
            Page::At(address) => url = same_host(&url, address)?,
        }
        self.ask(&url, call, request.error.as_ref()).await
    }

    /// Asks for each account; one that may not be asked about, and all when the provider has trouble, stay as they are.
    async fn expand(
        &self,
        rules: &AccountRules,
        expand: &Expand,
        found: AccountList,
        tokens: &Tokens,
    ) -> Result<AccountList, WireError> {
        let (mut list, mut seen) = (AccountList { more: found.more, ..AccountList::default() }, BTreeSet::new());
        let mut left = MOST_EXPANDED;
        for account in found.accounts {
            let asked =
                if left == 0 { Ok(Vec::new()) } else { self.below(expand, &rules.strip, &account, tokens).await };
            left = left.saturating_sub(1);
            let below = match asked {
                Ok(below) => below,
                Err(WireError::ProviderDown | WireError::TooMany(_)) => {
                    left = 0;
                    Vec::new()
                }
                Err(WireError::MissingScope | WireError::Refused(_) | WireError::BadAnswer(_)) => Vec::new(),
                Err(other) => return Err(other),
            };
            if below.is_empty() {
                list.add(account, &mut seen);
            }
            below.into_iter().for_each(|account| list.add(account, &mut seen));
        }
        Ok(list)
    }

    async fn below(
        &self,
        expand: &Expand,
        strip: &str,
        account: &Account,
        tokens: &Tokens,
    ) -> Result<Vec<Account>, WireError> {
        let item = json!({ "id": account.id });
        let request: &ProviderRequest = &expand.request;
        let (url, call) = self.request(request, At { tokens: Some(tokens), item: Some(&item) })?;
        let answer = self.ask(&url, call, request.error.as_ref()).await?;
        let items = items_of(&answer, &expand.items).unwrap_or_default();
        let read = |item: &Item<'_>| self::account(item, &expand.id, strip, &expand.label, &expand.detail);
        Ok(items.iter().filter_map(read).collect())
    }
}

/// Which page comes next.
enum Page {
    First,
    With(String, String),
    At(String),
}

impl Page {
    fn after(&self, paging: &Paging, answer: &Value, items: usize) -> Option<Self> {
        match paging {
            Paging::None => None,
            Paging::Cursor { from, param, more } => {
                let goes_on = more.is_empty()
                    || pick::at(answer, more).is_some_and(|mark| !mark.is_null() && *mark != json!(false));
                let mark = pick::text_at(answer, from).filter(|_| goes_on && items > 0)?;
                Some(Self::With(param.clone(), mark.into_owned()))
            }
            Paging::NextUrl { from } => pick::text_at(answer, from).map(|address| Self::At(address.into_owned())),
            Paging::Page { param, size } => {
                let number = match self {
                    Self::With(_, number) => number.parse::<usize>().ok()?,
                    Self::First | Self::At(_) => 1,
                };
                (items >= *size).then(|| Self::With(param.clone(), (number + 1).to_string()))
            }
        }
    }
}

/// The address of a next page, when it leads to where the first one was.
fn same_host(first: &Url, next: &str) -> Result<Url, WireError> {
    let parsed = first.join(next).map_err(|_| WireError::BadAnswer("its next page has no address"))?;
    HttpsUrl::parse(parsed.as_str()).map_err(|_| WireError::NotAllowedAddress)?;
    if parsed.origin() == first.origin() { Ok(parsed) } else { Err(WireError::NotAllowedAddress) }
}

/// A JSON body with one field more.
fn with_field(body: &[u8], name: &str, value: &str) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    body.as_object_mut()?.insert(name.to_owned(), json!(value));
    Some(body.to_string().into_bytes())
}

/// An item and those it lies in, the innermost last.
type Item<'a> = Vec<&'a Value>;

/// The items of nested lists; `None` when the outermost list is not there. An inner list that is not there is empty.
fn items_of<'a>(answer: &'a Value, paths: &[String]) -> Option<Vec<Item<'a>>> {
    let mut items: Vec<Item<'a>> = vec![vec![answer]];
    for (depth, path) in paths.iter().enumerate() {
        let mut inner = Vec::new();
        for item in &items {
            let found = item.last().and_then(|item| pick::at(item, path));
            let list = match found {
                Some(Value::Array(list)) => list.as_slice(),
                // Providers leave an empty list out; an error or another kind of answer is no object with nothing in it.
                None if depth > 0
                    || item.last().is_some_and(|item| item.as_object().is_some_and(serde_json::Map::is_empty)) =>
                {
                    &[]
                }
                _ => return None,
            };
            inner.extend(list.iter().map(|value| item.iter().copied().chain([value]).collect::<Item<'a>>()));
        }
        items = inner;
    }
    Some(items)
}

fn account(item: &Item<'_>, id: &Template, strip: &str, label: &Template, detail: &[Template]) -> Option<Account> {
    let text = |template: &Template| template.fill(|name| look_up(item, name)).filter(|text| !text.trim().is_empty());
    let bare = |text: String| text.strip_prefix(strip).map_or_else(|| text.clone(), str::to_owned);
    let id = bare(text(id)?);
    let detail: Vec<String> = detail.iter().filter_map(text).collect();
    Some(Account { label: text(label).map_or_else(|| id.clone(), bare), detail: detail.join(" · "), id })
}

/// A value of an item; each `^.` looks one further out.
fn look_up<'a>(item: &Item<'a>, name: &str) -> Option<Cow<'a, str>> {
    let (mut path, mut depth) = (name, item.len().checked_sub(1)?);
    while let Some(rest) = path.strip_prefix("^.") {
        (path, depth) = (rest, depth.checked_sub(1)?);
    }
    pick::text_at(item.get(depth)?, path)
}
