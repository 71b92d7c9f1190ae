//! Adding a connection: the catalogue, then the configuration step of the chosen connector.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::{HttpRequest, web};
use askama::Template;

use super::configure_pages;
use super::configure_view::ConfigureTarget;
use crate::base::error::{AppError, AppResult};
use crate::connectors::{Connector, Kind};
use crate::console::catalogue::installable_beside;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::catalogue::Capability;
use crate::features::oauth;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// What is looked for in the catalogue.
#[derive(Debug, Default, serde::Deserialize)]
pub struct CatalogueSearch {
    #[serde(default)]
    find: String,
}

struct CatalogueTile {
    name: String,
    summary: String,
    mark: String,
    mark_color: String,
    url: String,
    tags: Vec<&'static str>,
}

struct CatalogueGroup {
    category: String,
    tiles: Vec<CatalogueTile>,
}

struct CatalogueSection {
    id: &'static str,
    title: &'static str,
    groups: Vec<CatalogueGroup>,
}

#[derive(Template)]
#[template(path = "connections/new.html")]
struct CataloguePage {
    frame: OwnerFrame,
    find: String,
    sections: Vec<CatalogueSection>,
    count: usize,
    /// What can be installed beside: address and name.
    beside: Vec<(String, String)>,
}

/// `GET /connections/new`
pub async fn catalogue(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    search: web::Query<CatalogueSearch>,
) -> PageResult {
    let find = search.find.trim().to_owned();
    let apps = oauth::apps::ready(&app, &member.workspace_id).await?;
    let section = |kind, id, title| {
        let found = app.connectors.search(kind, &find);
        (found.len(), CatalogueSection { id, title, groups: groups(&app, &found, &apps) })
    };
    let (sources, source_section) = section(Kind::Source, "sources", "Sources");
    let (destinations, destination_section) = section(Kind::Destination, "destinations", "Destinations");
    let sections =
        [source_section, destination_section].into_iter().filter(|section| !section.groups.is_empty()).collect();
    let beside = installable_beside(&app, &find)?;
    page(&CataloguePage {
        frame: member.frame(&request, &app, "connections"),
        find,
        sections,
        count: sources + destinations,
        beside: beside.into_iter().map(|row| (urls::connector(row.kind, &row.slug), row.title.clone())).collect(),
    })
}

fn groups(app: &App, found: &[Arc<Connector>], apps: &BTreeSet<String>) -> Vec<CatalogueGroup> {
    let mut groups: Vec<CatalogueGroup> = Vec::new();
    for connector in found {
        let file = &connector.file;
        let tile = CatalogueTile {
            name: file.name.clone(),
            summary: file.summary.clone(),
            mark: file.mark.text.clone(),
            mark_color: file.mark.color.trim_start_matches('#').to_owned(),
            url: urls::new_connection_of(file.kind, &file.slug),
            tags: Capability::of(&app.engines, connector, oauth::apps::has(apps, connector)).tags(),
        };
        match groups.iter_mut().find(|group| group.category == file.category) {
            Some(group) => group.tiles.push(tile),
            None => groups.push(CatalogueGroup { category: file.category.clone(), tiles: vec![tile] }),
        }
    }
    groups.sort_by(|left, right| left.category.cmp(&right.category));
    groups
}

async fn target(app: &App, member: &SignedIn, kind: &str, slug: &str) -> AppResult<ConfigureTarget> {
    let kind = Kind::parse(kind).ok_or(AppError::NotFound)?;
    let connector = app.connectors.find(kind, slug).ok_or(AppError::NotFound)?;
    ConfigureTarget::of(app, member, connector, None).await
}

/// `GET /connections/new/{kind}/{connector}`
pub async fn new(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    path: web::Path<(String, String)>,
) -> PageResult {
    configure_pages::show(&app, &request, &member, &target(&app, &member, &path.0, &path.1).await?)
}

/// `POST /connections/new/{kind}/{connector}`
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    path: web::Path<(String, String)>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let target = target(&app, &member, &path.0, &path.1).await?;
    configure_pages::act(&app, &request, &member, target, form).await
}
