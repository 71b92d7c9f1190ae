//! `/docs`, its pages, the same as Markdown, `/llms.txt` and the skill file. Open to everybody: nothing here is secret.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{DocsPage, PAGES, find, llms as llms_text, markdown, skill as skill_text};
use crate::base::error::AppError;
use crate::connectors::{Connector, Kind};
use crate::features::catalogue::Capability;
use crate::platform::app::App;
use crate::platform::web::page::{PageResult, page as answer};
use crate::platform::web::urls;

/// One line of the list of pages.
pub(super) struct Line {
    pub(super) url: String,
    pub(super) title: &'static str,
    about: &'static str,
}

/// Every page that people read, the reference of the API last.
pub(super) fn lines() -> Vec<Line> {
    let line = |page: &DocsPage| Line { url: urls::docs_page(page.name), title: page.title, about: page.about };
    let mut lines: Vec<Line> = PAGES.iter().map(line).collect();
    lines.push(Line {
        url: urls::API_DOCS.to_owned(),
        title: "API reference",
        about: "Every endpoint with its parameters and answers.",
    });
    lines
}

#[derive(Template)]
#[template(path = "docs/index.html")]
struct IndexPage {
    pages: Vec<Line>,
    here: &'static str,
}

#[derive(Template)]
#[template(path = "docs/page.html")]
struct DocPage {
    pages: Vec<Line>,
    here: String,
    title: &'static str,
    html: String,
    markdown_url: String,
}

/// `GET /docs`
pub async fn index() -> PageResult {
    answer(&IndexPage { pages: lines(), here: urls::DOCS })
}

/// `GET /docs/{page}` and `GET /docs/{page}.md`
pub async fn page(app: web::Data<App>, name: web::Path<String>) -> PageResult {
    let base = app.config.server.base_url.origin();
    if let Some(name) = name.strip_suffix(".md") {
        let page = find(name).ok_or(AppError::NotFound)?;
        return Ok(markdown_file(page.markdown(&base, &capabilities(&app))));
    }
    let page = find(&name).ok_or(AppError::NotFound)?;
    let html = markdown::to_html(&page.markdown(&base, &capabilities(&app)), &base);
    let here = urls::docs_page(page.name);
    answer(&DocPage { pages: lines(), markdown_url: format!("{here}.md"), here, title: page.title, html })
}

/// Every connector and what can be done with it; who may sign in where is each workspace's own and not told here.
fn capabilities(app: &App) -> Vec<(Arc<Connector>, Capability)> {
    let all = [Kind::Source, Kind::Destination].into_iter().flat_map(|kind| app.connectors.search(kind, ""));
    let with_capability = |connector: Arc<Connector>| {
        let capability = Capability::of(&app.engines, &connector, true);
        (connector, capability)
    };
    all.map(with_capability).collect()
}

/// `GET /docs/skills/share-setup-link/SKILL.md`
pub async fn skill(app: web::Data<App>) -> PageResult {
    Ok(markdown_file(skill_text(&app.config.server.base_url.origin())))
}

/// `GET /llms.txt`
pub async fn llms(app: web::Data<App>) -> PageResult {
    let text = llms_text(&app.config.server.base_url.origin());
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

fn markdown_file(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(text)
}
