//! A sign-in that a connector declares itself (`oauth_connector_input_specification`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::landing::{in_words, keys, places};
use super::template::{BASIC, CHALLENGE, Renderer};
use super::{OwnBlocks, keep_known_places};
use crate::connectors::provider::problems::exists;
use crate::connectors::provider::{
    Authorize, Callback, ClientAuth, Constant, Granted, InputKind, InputOption, InputRule, Landing, ProviderBlock,
    ProviderScope, Refresh, RefreshKind, Template, TokenBody, TokenLifetime, TokenRules,
};
use crate::schema::spec::{Node, NodeKind, Spec};

/// The parameters we fill in ourselves, by the slot their value has.
const STANDARD: [(&str, &str); 5] = [
    ("{client_id}", "client_id"),
    ("{client_secret}", "client_secret"),
    ("{auth_code}", "code"),
    ("{redirect_uri}", "redirect_uri"),
    ("authorization_code", "grant_type"),
];

pub(super) fn block(
    declared: &Value,
    config: &Value,
    spec: &Spec,
    (slug, name): (&str, &str),
    known: OwnBlocks<'_>,
) -> Result<ProviderBlock, String> {
    let mut inputs = inputs(config, spec)?;
    let renderer = Renderer::new(declared, inputs.iter().map(|input| input.name.as_str()));
    let (authorize, asks) = authorize(declared, &renderer)?;
    let token = token(declared, config, &renderer)?;
    let renews = places(config, "complete_oauth_output_specification").iter().any(|(name, _)| name == "refresh_token");
    keep_known_places(&mut inputs, |path| exists(spec.root(), path.keys(), None));
    let refresh = Refresh {
        how: if renews { RefreshKind::RefreshToken } else { RefreshKind::None },
        rotates: renews,
        ..Refresh::default()
    };
    let block = ProviderBlock {
        provider: own_provider(slug, known),
        name: name.to_owned(),
        button: String::new(),
        app_guide: String::new(),
        inputs,
        scopes: if asks { scopes(declared) } else { Vec::new() },
        authorize,
        callback: Callback::default(),
        token,
        refresh,
        landing: Landing::default(),
        constants: ["client_id", "client_secret"].map(|name| (name.to_owned(), Constant::default())).into(),
        identity: None,
        granted: Granted::Token,
        accounts: None,
        revoke: None,
    };
    Ok(of_one_we_know(block, known))
}

/// The connector's short name stands for its provider, unless a provider we know is called so: nobody who merely takes that name gets
/// the secret of the operator's app there.
fn own_provider(slug: &str, known: OwnBlocks<'_>) -> String {
    let taken = known.iter().any(|(_, block)| block.provider == slug);
    let own: String = slug.chars().take(if taken { 36 } else { 40 }).collect();
    if taken { format!("{own}-own") } else { own }
}

/// When we know the provider by its token endpoint, our way of signing in counts, with the connector's scopes.
fn of_one_we_know(block: ProviderBlock, known: OwnBlocks<'_>) -> ProviderBlock {
    let same = known.iter().find(|(_, known)| known.token.url == block.token.url && known.inputs.is_empty());
    match same {
        Some((_, known)) => {
            // What tells who signed in is asked for as well.
            let beside = known
                .scopes
                .iter()
                .filter(|scope| !scope.required && !block.scopes.iter().any(|own| own.name == scope.name));
            let scopes = block.scopes.iter().chain(beside).cloned().collect();
            ProviderBlock {
                scopes,
                app_guide: String::new(),
                constants: block.constants,
                landing: block.landing,
                inputs: block.inputs,
                accounts: None,
                ..known.clone()
            }
        }
        None => block,
    }
}

fn text<'a>(declared: &'a Value, name: &str) -> Option<&'a str> {
    declared.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn template(text: &str, place: &str) -> Result<Template, String> {
    Template::parse(text).map_err(|error| format!("{place} of its sign-in {error}"))
}

/// An address and its parameters, values unescaped.
fn split(address: &str) -> (&str, Vec<(String, String)>) {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let unescaped = |text: &str| {
            let mut parsed = url::form_urlencoded::parse(text.as_bytes());
            parsed.next().map(|(text, _)| text.into_owned()).unwrap_or_default()
        };
        (unescaped(name), unescaped(value))
    });
    (base, pairs.collect())
}

/// The consent page, and whether it is asked for scopes.
fn authorize(declared: &Value, renderer: &Renderer<'_>) -> Result<(Authorize, bool), String> {
    let address = text(declared, "consent_url").ok_or("its sign-in has no consent_url")?;
    let address = renderer.render(address)?;
    let (base, pairs) = split(&address);
    host_is_fixed(base)?;
    let mut rules = Authorize {
        url: template(base, "consent_url")?,
        client_id_param: String::new(),
        scope_param: String::new(),
        optional_scope_param: String::new(),
        scope_separator: separator(declared),
        pkce: false,
        params: BTreeMap::new(),
        again_params: BTreeMap::new(),
        issuer: None,
    };
    for (name, value) in pairs {
        match value.as_str() {
            "{client_id}" => rules.client_id_param = name,
            "{scope}" | "{scopes}" => rules.scope_param = name,
            "{optional_scope}" => rules.optional_scope_param = name,
            "{redirect_uri}" if name == "redirect_uri" => {}
            "{state}" if name == "state" => {}
            CHALLENGE => rules.pkce = true,
            "{redirect_uri}" | "{state}" => {
                return Err(format!("its consent_url calls {value} {name}, which cannot be carried"));
            }
            // Said by us already; a challenge of another kind than S256 is none.
            _ if name == "code_challenge_method" || name == "code_challenge" => {}
            other => {
                rules.params.insert(name, template(other, "consent_url")?);
            }
        }
    }
    if rules.client_id_param.is_empty() {
        return Err("its consent_url has no client id".to_owned());
    }
    // What it asks for is read by people in the end: one scope parameter carries all that no other one does.
    let asks = !rules.scope_param.is_empty();
    Ok((rules, asks))
}

/// An input in a host has to be one label of a fixed name: what follows it begins with a dot.
fn host_is_fixed(address: &str) -> Result<(), String> {
    let host = address.strip_prefix("https://").unwrap_or_default().split('/').next().unwrap_or_default();
    let follows = host.split('}').skip(1).all(|rest| rest.starts_with('.') && rest.matches('.').count() >= 2);
    if follows { Ok(()) } else { Err("it lets the recipient say which host is asked".to_owned()) }
}

fn separator(declared: &Value) -> String {
    let strategy = text(declared, "scopes_join_strategy").unwrap_or("space");
    match strategy {
        "comma" => ",",
        "plus" => "+",
        _ => " ",
    }
    .to_owned()
}

fn scopes(declared: &Value) -> Vec<ProviderScope> {
    let listed = |name: &str| {
        let list = declared.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|entry| entry.get("scope").or(Some(entry)).and_then(Value::as_str))
            .collect::<Vec<_>>()
    };
    let mut required = listed("scopes");
    required.extend(
        text(declared, "scope").into_iter().flat_map(|text| text.split([' ', ','])).filter(|name| !name.is_empty()),
    );
    let scope = |name: &str, required| ProviderScope {
        name: name.to_owned(),
        words: format!("The permission {name}"),
        required,
        included_in: Vec::new(),
    };
    let mut found: Vec<ProviderScope> = Vec::new();
    let all = required
        .into_iter()
        .map(|name| scope(name, true))
        .chain(listed("optional_scopes").into_iter().map(|name| scope(name, false)));
    for scope in all {
        if !found.iter().any(|known| known.name == scope.name) {
            found.push(scope);
        }
    }
    found
}

fn token(declared: &Value, config: &Value, renderer: &Renderer<'_>) -> Result<TokenRules, String> {
    let address = text(declared, "access_token_url").ok_or("its sign-in has no access_token_url")?;
    let address = renderer.render(address)?;
    let (base, in_query) = split(&address);
    host_is_fixed(base)?;
    let in_body = renderer.pairs(declared.get("access_token_params"))?;
    let mut rules = TokenRules {
        url: template(base, "access_token_url")?,
        ..empty(if in_body.is_empty() { TokenBody::Query } else { TokenBody::Json })
    };
    for (name, value) in renderer.pairs(declared.get("access_token_headers"))? {
        if name.eq_ignore_ascii_case("content-type") {
            rules.send = if value.contains("form") && !in_body.is_empty() { TokenBody::Form } else { rules.send };
        } else if name.eq_ignore_ascii_case("authorization") && value == format!("Basic {BASIC}") {
            rules.client_auth = ClientAuth::Basic;
        } else if !name.eq_ignore_ascii_case("accept") {
            rules.headers.insert(name, template(&value, "access_token_headers")?);
        }
    }
    for (name, value) in in_query.into_iter().chain(in_body) {
        parameter(&mut rules, name, &value)?;
    }
    for (_, standard) in STANDARD {
        let by_header = rules.client_auth == ClientAuth::Basic && standard.starts_with("client_");
        if !rules.rename.contains_key(standard) && !by_header {
            rules.rename.insert(standard.to_owned(), String::new());
        }
    }
    rules.rename.retain(|standard, name| standard != name);
    answer(&mut rules, declared, config);
    Ok(rules)
}

fn parameter(rules: &mut TokenRules, name: String, value: &str) -> Result<(), String> {
    match STANDARD.iter().find(|(slot, _)| *slot == value) {
        Some((_, standard)) => {
            rules.rename.insert((*standard).to_owned(), name);
        }
        // The verifier is ours, and sent whenever a challenge was.
        None if name == "code_verifier" || value.contains("{state}") => {}
        // Said when leaving already.
        None if value == "{scope}" || value == "{scopes}" => {}
        None => {
            rules.params.insert(name, template(value, "access_token_params")?);
        }
    }
    Ok(())
}

/// Where the tokens lie in the answer.
fn answer(rules: &mut TokenRules, declared: &Value, config: &Value) {
    let properties = config.get("complete_oauth_output_specification").and_then(|spec| spec.get("properties"));
    for (name, property) in properties.and_then(Value::as_object).into_iter().flatten() {
        if let Some(path) = keys(property.get("path_in_oauth_response")).filter(|path| *path != [name.clone()]) {
            rules.answer.insert(name.clone(), path.join("."));
        }
    }
    let listed = declared.get("extract_output").and_then(Value::as_array);
    for path in listed.into_iter().flatten().filter_map(Value::as_str).filter(|path| path.contains('.')) {
        let name = path.rsplit('.').next().unwrap_or_default();
        rules.answer.entry(name.to_owned()).or_insert_with(|| path.to_owned());
    }
}

fn empty(send: TokenBody) -> TokenRules {
    TokenRules {
        url: Template::default(),
        client_auth: ClientAuth::Body,
        send,
        rename: BTreeMap::new(),
        params: BTreeMap::new(),
        headers: BTreeMap::new(),
        within: String::new(),
        answer: BTreeMap::new(),
        keep: Vec::new(),
        error: None,
        gone: Vec::new(),
        exchange: None,
        lifetime: TokenLifetime::default(),
    }
}

/// What the recipient is asked beforehand.
fn inputs(config: &Value, spec: &Spec) -> Result<Vec<InputRule>, String> {
    let asked = places(config, "oauth_user_input_from_connector_config_specification");
    let own = asked.into_iter().filter(|(name, _)| !name.starts_with("client_"));
    own.map(|(name, path)| {
        let node = find(spec.root(), path.keys());
        let kind = match node.map(|node| &node.kind) {
            Some(NodeKind::Choice(choice)) => {
                let options = choice.options.iter().filter_map(|option| {
                    let value = option.value.as_str()?.to_owned();
                    Some(InputOption { label: value.clone(), value, config: None })
                });
                InputKind::Choice(options.collect())
            }
            Some(NodeKind::Text(_)) => InputKind::Label { suffix: String::new(), keep_suffix: false },
            _ => return Err(format!("it asks for {path} beforehand, which is neither a name nor a choice")),
        };
        let label =
            node.map(|node| node.title.clone()).filter(|title| !title.is_empty()).unwrap_or_else(|| in_words(&name));
        Ok(InputRule { name, label, hint: String::new(), kind, path: Some(path) })
    })
    .collect()
}

/// The first field at that place, in any branch.
fn find<'a>(node: &'a Node, path: &[String]) -> Option<&'a Node> {
    let Some((key, rest)) = path.split_first() else { return Some(node) };
    match &node.kind {
        NodeKind::Group(group) => group.field(key).and_then(|field| find(field, rest)),
        NodeKind::OneOf(one_of) => {
            one_of.branches.iter().find_map(|branch| branch.group.field(key).and_then(|field| find(field, rest)))
        }
        _ => None,
    }
}
