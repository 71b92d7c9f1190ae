//! What a line of the route table says: the path, and for each method who may enter, the handler and what the API's document says.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard, web};

use crate::features::accounts::Role;
use crate::features::accounts::api_keys::Scope;
use crate::platform::web::openapi::Operation;
use crate::platform::web::page::{PageResult, WrongMethod, page_with};
use crate::platform::web::problem::Problem;
use crate::platform::web::urls;

/// Who may enter. The handler proves it by the extractor it takes; the access matrix of the tests holds the two together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, with an account or without.
    Anybody,
    /// Whoever holds the secret in the address.
    Holder,
    /// Members of this role and of the mightier ones.
    AtLeast(Role),
    /// Programs whose key has this scope.
    Key(Scope),
}

/// One path with everything it takes.
pub struct RouteEntry {
    /// The path with its parameters in braces.
    pub pattern: Cow<'static, str>,
    /// What it does with each method; every other is refused.
    pub methods: Vec<RouteMethod>,
}

/// What a path does with one method.
pub struct RouteMethod {
    /// In capital letters.
    pub name: &'static str,
    /// Who may enter.
    pub access: Access,
    /// What the API's document says; `None` for pages.
    pub operation: Option<Operation>,
    allow: &'static str,
    route: Box<dyn Fn() -> Route + Send + Sync>,
}

/// A function that answers requests.
pub trait RouteHandler<Args: FromRequest + 'static>: Handler<Args, Output: Responder + 'static> + Send + Sync {}

impl<Args, F> RouteHandler<Args> for F
where
    Args: FromRequest + 'static,
    F: Handler<Args, Output: Responder + 'static> + Send + Sync,
{
}

impl RouteMethod {
    fn new<A: FromRequest + 'static>(
        name: &'static str,
        start: fn() -> Route,
        access: Access,
        handler: impl RouteHandler<A>,
    ) -> Self {
        let route = Box::new(move || start().to(handler.clone()));
        Self { name, access, operation: None, allow: name, route }
    }
}

/// HEAD goes where GET goes.
fn get_and_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A path for people.
pub(super) fn at(pattern: &'static str) -> RouteEntry {
    RouteEntry { pattern: pattern.into(), methods: Vec::new() }
}

impl RouteEntry {
    /// What is looked at: GET and HEAD.
    pub(super) fn get<A: FromRequest + 'static>(self, access: Access, show: impl RouteHandler<A>) -> Self {
        let method = RouteMethod::new("GET", get_and_head, access, show);
        self.and(RouteMethod { allow: "GET, HEAD", ..method })
    }

    /// What a form does: POST.
    pub(super) fn post<A: FromRequest + 'static>(self, access: Access, act: impl RouteHandler<A>) -> Self {
        self.and(RouteMethod::new("POST", web::post, access, act))
    }

    fn and(mut self, method: RouteMethod) -> Self {
        self.methods.push(method);
        self
    }

    /// Whether it lies under `/api`.
    pub(super) fn is_api(&self) -> bool {
        self.pattern.strip_prefix(urls::API).is_some_and(|rest| rest.starts_with('/'))
    }

    /// As the router takes it, within what lies under `prefix`.
    pub(super) fn resource(&self, prefix: &str) -> Resource {
        let path = self.pattern.strip_prefix(prefix).unwrap_or(&self.pattern);
        let is_endpoint = self.methods.iter().any(|method| method.operation.is_some());
        // Paths of endpoints end with a slash; without it the answer is the same.
        let resource = match path.strip_suffix('/') {
            Some(bare) if is_endpoint => web::resource([path, bare]),
            _ => web::resource(path),
        };
        let resource = self.methods.iter().fold(resource, |resource, method| resource.route((method.route)()));
        let allow = self.methods.iter().map(|method| method.allow).collect::<Vec<_>>().join(", ");
        if !is_endpoint {
            return resource.default_service(web::to(move || {
                let refused = wrong_method(&allow);
                async move { refused }
            }));
        }
        resource.default_service(web::to(move || {
            let problem = Problem::method(&allow);
            async move { Err::<HttpResponse, _>(problem) }
        }))
    }
}

/// RFC 9110, 15.5.6: what the path takes has to be said.
fn wrong_method(allow: &str) -> PageResult {
    let mut refused = page_with(StatusCode::METHOD_NOT_ALLOWED, &WrongMethod)?;
    if let Ok(allow) = HeaderValue::from_str(allow) {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    Ok(refused)
}

/// A path for programs: each method with the scope a key needs and what the document says.
pub(super) struct ApiEntry(RouteEntry);

/// A path for programs; it ends with a slash.
pub(super) fn endpoint(pattern: impl Into<Cow<'static, str>>) -> ApiEntry {
    ApiEntry(RouteEntry { pattern: pattern.into(), methods: Vec::new() })
}

impl From<ApiEntry> for RouteEntry {
    fn from(entry: ApiEntry) -> Self {
        entry.0
    }
}

impl ApiEntry {
    pub fn get<A: FromRequest + 'static>(self, scope: Scope, show: impl RouteHandler<A>, said: Operation) -> Self {
        let method = RouteMethod::new("GET", get_and_head, Access::Key(scope), show);
        self.and(RouteMethod { allow: "GET, HEAD", ..method }, said)
    }

    /// GET alone: what is written down as a reading must have been read.
    pub fn get_without_head<A: FromRequest + 'static>(
        self,
        scope: Scope,
        show: impl RouteHandler<A>,
        said: Operation,
    ) -> Self {
        self.and(RouteMethod::new("GET", web::get, Access::Key(scope), show), said)
    }

    pub fn post<A: FromRequest + 'static>(self, scope: Scope, act: impl RouteHandler<A>, said: Operation) -> Self {
        self.and(RouteMethod::new("POST", web::post, Access::Key(scope), act), said)
    }

    pub fn patch<A: FromRequest + 'static>(self, scope: Scope, act: impl RouteHandler<A>, said: Operation) -> Self {
        self.and(RouteMethod::new("PATCH", web::patch, Access::Key(scope), act), said)
    }

    pub fn delete<A: FromRequest + 'static>(self, scope: Scope, act: impl RouteHandler<A>, said: Operation) -> Self {
        self.and(RouteMethod::new("DELETE", web::delete, Access::Key(scope), act), said)
    }

    fn and(self, method: RouteMethod, said: Operation) -> Self {
        Self(self.0.and(RouteMethod { operation: Some(said), ..method }))
    }
}
