//! The OpenAPI document as a judge of answers.

use serde_json::{Value, json};

use crate::support::TestApp;

/// What `/api/openapi.json` says, made strict: a member that it does not name is a fault.
pub struct Document {
    pub value: Value,
    strict: Value,
}

impl Document {
    pub async fn of(app: &TestApp) -> Self {
        let page = app.visitor().get("/api/openapi.json").await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("application/json")), "{}", page.body);
        Self::read(serde_json::from_str(&page.body).unwrap())
    }

    fn read(value: Value) -> Self {
        let mut strict = value["components"].clone();
        for schema in strict["schemas"].as_object_mut().unwrap().values_mut() {
            let object = schema.as_object_mut().unwrap();
            if object.contains_key("properties") {
                object.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Self { value, strict }
    }

    /// The path of the document that an address belongs to.
    pub fn path_of(&self, address: &str) -> Option<String> {
        let address = address.split('?').next().unwrap().trim_end_matches('/');
        let fits = |path: &str| {
            let (known, given): (Vec<&str>, Vec<&str>) =
                (path.trim_end_matches('/').split('/').collect(), address.split('/').collect());
            known.len() == given.len()
                && known.iter().zip(&given).all(|(known, given)| known.starts_with('{') || known == given)
        };
        self.value["paths"].as_object().unwrap().keys().find(|path| fits(path)).cloned()
    }

    /// Panics when an answer is not what the document says.
    pub fn judge(&self, method: &str, address: &str, status: u16, kind: &str, body: &str) {
        let path = self.path_of(address);
        let operation = path.as_ref().and_then(|path| self.value["paths"][path].get(method.to_lowercase()));
        let Some(operation) = operation else {
            let expected = if path.is_some() { 405 } else { 404 };
            assert_eq!(status, expected, "{method} {address} is not in the document");
            return self.fits(&json!({"$ref": "#/components/schemas/Problem"}), body, address);
        };
        let answer = &operation["responses"][status.to_string()];
        assert!(answer.is_object(), "{method} {address}: the document knows no {status}: {body}");
        match answer.get("content") {
            None => assert_eq!(body, "", "{method} {address} {status} has no body"),
            Some(content) => {
                let schema = &content[kind]["schema"];
                assert!(schema.is_object(), "{method} {address} {status} is {kind}");
                self.fits(schema, body, address);
            }
        }
    }

    fn fits(&self, schema: &Value, body: &str, address: &str) {
        let mut whole = schema.clone();
        whole["components"] = self.strict.clone();
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        if schema["type"] == "string" {
            return;
        }
        let value: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{address}: {error}: {body}"));
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{address}: {errors:?}\n{body}");
    }
}

#[tokio::test]
async fn the_document_is_an_openapi_document_and_knows_every_route() {
    let app = TestApp::start();
    let document = Document::of(&app).await;
    assert_eq!(document.value["openapi"], "3.1.0");
    let routes = vestibule::server::routes::api_routes();
    for route in &routes {
        let described = &document.value["paths"][route.path][&route.method];
        assert_eq!(described["operationId"], route.operation.id(), "{} {}", route.method, route.path);
    }
    let ids: std::collections::BTreeSet<&str> = routes.iter().map(|route| route.operation.id()).collect();
    assert_eq!(ids.len(), routes.len(), "every name is unique");
    let described: usize =
        document.value["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, routes.len());
    let text = document.value.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.value["components"]["schemas"].get(reference).is_some(), "{reference}");
    }
}

/// What a route takes is what the document describes: asked of every address with every method.
#[tokio::test]
async fn no_route_is_missing_from_the_document_and_none_is_invented() {
    let app = TestApp::start();
    let document = Document::of(&app).await;
    let visitor = app.visitor();
    for (path, methods) in document.value["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let address = path.replace("{slug}", "x").replace("{id}", "y");
            for address in [address.as_str(), address.trim_end_matches('/')] {
                let page = visitor.request(method.parse().unwrap(), address, &[]).await;
                let expected = if methods.get(method.to_lowercase()).is_some() { 401 } else { 405 };
                assert_eq!(page.status, expected, "{method} {address}: {}", page.body);
                let allowed = page.header("allow").map(|allow| allow.split(", ").any(|one| one == method));
                assert_eq!(allowed, (expected == 405).then_some(false), "{method} {address}");
            }
        }
    }
}
