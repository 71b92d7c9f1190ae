//! What is wrong with a block, told precisely enough to mend it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AccountRules, Body, DotPath, Granted, InputKind, Landing, Part, Predicate, ProviderBlock, ProviderRequest,
    RefreshKind, Template,
};
use crate::base::http_client::HttpsUrl;
use crate::schema::spec::{Node, NodeKind, Spec};

/// Slots that every block may use.
const OWN_SLOTS: [&str; 5] = ["client_id", "client_secret", "access_token", "refresh_token", "grant_token"];

impl ProviderBlock {
    /// What is wrong with the block, and with the places of the spec it names; empty when nothing is.
    pub fn problems(&self, spec: &Spec) -> Vec<String> {
        let mut check = Check { block: self, found: Vec::new() };
        check.names();
        check.inputs();
        check.address("authorize.url", &self.authorize.url, &[]);
        check.slots(
            "authorize.params",
            self.authorize.params.values().chain(self.authorize.again_params.values()),
            false,
        );
        check.token();
        check.calls();
        check.places(spec);
        check.found
    }
}

struct Check<'a> {
    block: &'a ProviderBlock,
    found: Vec<String>,
}

impl Check<'_> {
    fn say(&mut self, place: &str, what: impl std::fmt::Display) {
        self.found.push(format!("oauth.{place} {what}"));
    }

    fn names(&mut self) {
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let provider = &self.block.provider;
        if provider.is_empty() || provider.len() > 40 || !provider.chars().all(letter) {
            self.say("provider", "must be lower-case letters, digits and dashes");
        }
        if self.block.name.trim().is_empty() {
            self.say("name", "is empty");
        }
        let mut seen = BTreeSet::new();
        for scope in &self.block.scopes {
            if scope.name.trim().is_empty() || scope.words.trim().is_empty() {
                self.say("scopes", "must each have a name and words for people");
            }
            if !seen.insert(&scope.name) {
                self.say("scopes", format_args!("names {} twice", scope.name));
            }
        }
    }

    fn inputs(&mut self) {
        let mut seen = BTreeSet::new();
        for input in &self.block.inputs {
            let place = format!("inputs ({})", input.name);
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let taken = OWN_SLOTS.contains(&input.name.as_str()) || self.block.constants.contains_key(&input.name);
            if input.name.is_empty() || !input.name.chars().all(letter) || taken || !seen.insert(&input.name) {
                self.say(&place, "must have a name of its own, of small letters, digits and underscores");
            }
            if input.label.trim().is_empty() {
                self.say(&place, "has no label");
            }
            match &input.kind {
                InputKind::Label { suffix, .. } if !(suffix.is_empty() || suffix.starts_with('.')) => {
                    self.say(&place, "has a suffix that does not begin with a dot");
                }
                InputKind::Choice(options) if options.is_empty() => self.say(&place, "offers nothing"),
                InputKind::Choice(options) => {
                    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
                    if !options.iter().all(|option| !option.value.is_empty() && option.value.chars().all(letter)) {
                        self.say(&place, "offers a value with more than letters, digits, dashes and dots");
                    }
                }
                InputKind::Label { .. } => {}
            }
        }
    }

    /// An address: https, and nothing in its host but inputs.
    fn address(&mut self, place: &str, template: &Template, hosts: &[String]) {
        let whole =
            template.parts().first().is_some_and(|part| matches!(part, Part::Slot(name) if name.starts_with("token.")));
        if whole {
            let fits = |host: &String| host.starts_with('.') && host.matches('.').count() >= 2;
            if hosts.is_empty() || !hosts.iter().all(fits) {
                self.say(place, "comes from the provider's answer and needs hosts, each like .example.com");
            }
            return;
        }
        let (mut text, mut in_host) = (String::new(), true);
        for part in template.parts() {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Slot(name) => {
                    in_host = in_host && text.strip_prefix("https://").is_none_or(|rest| !rest.contains(['/', '?']));
                    if in_host && !self.block.inputs.iter().any(|input| input.name == *name) {
                        self.say(place, format_args!("has {{{name}}} in its host, where only inputs may stand"));
                    }
                    text.push_str("x1");
                }
            }
        }
        if let Err(problem) = HttpsUrl::parse(&text) {
            self.say(place, format_args!("cannot be used: {}", problem.sentence()));
        }
    }

    fn slots<'t>(&mut self, place: &str, templates: impl IntoIterator<Item = &'t Template>, with_item: bool) {
        for name in templates.into_iter().flat_map(Template::slots) {
            let block = self.block;
            let kept = |path: &str| block.token.keep.iter().any(|keep| keep == path);
            let known = OWN_SLOTS.contains(&name)
                || block.inputs.iter().any(|input| input.name == name)
                || block.constants.contains_key(name)
                || name.strip_prefix("token.").is_some_and(kept)
                || (with_item && name == "item.id");
            if !known {
                self.say(place, format_args!("has {{{name}}}, which is nothing this block knows"));
            }
        }
    }

    fn token(&mut self) {
        let block = self.block;
        self.address("token.url", &block.token.url, &[]);
        self.slots(
            "token",
            [&block.token.url].into_iter().chain(block.token.params.values()).chain(block.token.headers.values()),
            false,
        );
        self.headers("token.headers", &block.token.headers);
        if let Some(exchange) = &block.token.exchange {
            self.request("token.exchange.request", &exchange.request, false);
        }
        if let Some(url) = &block.refresh.url {
            self.address("refresh.url", url, &[]);
        }
        self.slots("refresh", block.refresh.url.iter().chain(block.refresh.params.values()), false);
        if block.refresh.how == RefreshKind::Exchange && block.token.exchange.is_none() {
            self.say("refresh.how", "is exchange, but token.exchange is missing");
        }
        self.slots("callback.must_match", block.callback.must_match.values(), false);
        self.slots("authorize.issuer", &block.authorize.issuer, false);
    }

    fn calls(&mut self) {
        let block = self.block;
        if let Some(request) = block.identity.as_ref().and_then(|identity| identity.request.as_ref()) {
            self.request("identity.request", request, false);
        }
        match &block.granted {
            Granted::Request { request, .. } => self.request("granted.request", request, false),
            Granted::Identity(_) if block.identity.as_ref().is_none_or(|identity| identity.request.is_none()) => {
                self.say("granted", "is said by the identity request, but there is none");
            }
            Granted::Identity(_) | Granted::Token | Granted::Unknown => {}
        }
        if let Some(rules) = &block.accounts {
            self.accounts(rules);
        }
        if let Some(request) = &block.revoke {
            self.request("revoke", request, false);
        }
    }

    fn accounts(&mut self, rules: &AccountRules) {
        self.request("accounts.request", &rules.request, false);
        if rules.items.is_empty() {
            self.say("accounts.items", "is empty: it names where the accounts lie in the answer");
        }
        if rules.noun.trim().is_empty() || rules.one.trim().is_empty() {
            self.say("accounts", "must say what accounts are called, one and several");
        }
        if rules.target.selection.may_be_empty() == rules.target.empty_means.is_empty() {
            self.say("accounts.target.empty_means", "must stand there exactly when none may be chosen");
        }
        if let Some(expand) = &rules.expand {
            self.request("accounts.expand.request", &expand.request, true);
        }
    }

    fn request(&mut self, place: &str, request: &ProviderRequest, with_item: bool) {
        self.address(&format!("{place}.url"), &request.url, &request.hosts);
        self.headers(&format!("{place}.headers"), &request.headers);
        let templates = [&request.url].into_iter().chain(request.params.values()).chain(request.headers.values());
        self.slots(place, templates, with_item);
        match &request.body {
            Some(Body::Form(fields)) => self.slots(place, fields.values(), with_item),
            Some(Body::Json(value)) => {
                let mut texts = Vec::new();
                texts_in(value, &mut texts);
                let templates: Vec<Template> =
                    texts.into_iter().filter_map(|text| Template::parse(text).ok()).collect();
                self.slots(place, &templates, with_item);
            }
            None => {}
        }
    }

    fn headers(&mut self, place: &str, headers: &BTreeMap<String, Template>) {
        let own = ["host", "user-agent", "connection", "accept-encoding", "content-length", "content-type"];
        for name in headers.keys() {
            let token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(token) || own.contains(&name.to_lowercase().as_str()) {
                self.say(place, format_args!("has {name}, which is no header line a block may set"));
            }
        }
    }

    /// The places of the configuration that are named.
    fn places(&mut self, spec: &Spec) {
        let block = self.block;
        self.landing("landing", &block.landing, spec);
        let when = block.landing.when.as_ref();
        let constants = block
            .constants
            .iter()
            .filter_map(|(name, constant)| Some((format!("constants.{name}"), constant.path.as_ref()?)));
        let inputs =
            block.inputs.iter().filter_map(|input| Some((format!("inputs ({})", input.name), input.path.as_ref()?)));
        let accounts = block.accounts.iter().map(|rules| ("accounts.target".to_owned(), &rules.target.path));
        for (place, path) in constants.chain(inputs).chain(accounts) {
            self.place(&place, path, when, spec);
        }
    }

    fn landing(&mut self, place: &str, landing: &Landing, spec: &Spec) {
        let when = landing.when.as_ref();
        if let Some(when) = when
            && !exists(spec.root(), when.path.keys(), Some(when))
        {
            self.say(
                place,
                format_args!("asks for {} to be {}, but no branch of the spec has that", when.path, when.value),
            );
        }
        for path in landing.outputs.values().chain(landing.kept.values()) {
            self.place(place, path, when, spec);
        }
        if let Some(other) = &landing.without_refresh_token {
            self.landing(&format!("{place}.without_refresh_token"), other, spec);
        }
    }

    fn place(&mut self, place: &str, path: &DotPath, when: Option<&Predicate>, spec: &Spec) {
        if !exists(spec.root(), path.keys(), when) {
            self.say(place, format_args!("names {path}, which the spec does not have there"));
        }
    }
}

/// Whether the spec has this place, in the branch that the predicate names where it lies in one.
pub(super) fn exists(node: &Node, path: &[String], when: Option<&Predicate>) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return true;
    };
    let inner = when.and_then(|when| when.inside(key));
    match &node.kind {
        NodeKind::Group(group) => {
            group.field(key).is_some_and(|field| constant_fits(field, key, when) && exists(field, rest, inner.as_ref()))
        }
        NodeKind::OneOf(one_of) => one_of.branches.iter().any(|branch| {
            let chosen = when.is_none_or(|when| match when.path.keys() {
                [constant] => {
                    branch.group.field(constant).is_some_and(|field| constant_fits(field, constant, Some(when)))
                }
                _ => true,
            });
            chosen && branch.group.field(key).is_some_and(|field| exists(field, rest, inner.as_ref()))
        }),
        // What lies inside free JSON is not known.
        NodeKind::Json(_) => true,
        _ => false,
    }
}

fn constant_fits(field: &Node, key: &str, when: Option<&Predicate>) -> bool {
    match (&field.kind, when) {
        (NodeKind::Const(constant), Some(when)) if when.path.keys() == [key.to_owned()] => *constant == when.value,
        _ => true,
    }
}

fn texts_in<'v>(value: &'v serde_json::Value, texts: &mut Vec<&'v str>) {
    match value {
        serde_json::Value::String(text) => texts.push(text),
        serde_json::Value::Array(list) => list.iter().for_each(|value| texts_in(value, texts)),
        serde_json::Value::Object(object) => object.values().for_each(|value| texts_in(value, texts)),
        _ => {}
    }
}
