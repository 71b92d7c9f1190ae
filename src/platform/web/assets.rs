//! Static files: compiled in, served under a name that holds their hash, so that browsers may keep them for ever.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use include_dir::{Dir, include_dir};
use sha2::{Digest as _, Sha256};

use super::page::PageError;
use super::{accent, urls};
use crate::base::error::AppError;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/static");
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    bytes: &'static [u8],
    kind: &'static str,
}

struct Assets {
    urls: HashMap<String, String>,
    by_hashed_name: HashMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut assets = Assets { urls: HashMap::new(), by_hashed_name: HashMap::new() };
    collect(&FILES, &mut assets);
    assets
});

fn collect(dir: &'static Dir<'static>, assets: &mut Assets) {
    for file in dir.files() {
        let name = file.path().to_string_lossy().into_owned();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
        let digest = Sha256::digest(file.contents());
        let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let hashed = format!("{stem}.{hash}.{ending}");
        assets.urls.insert(name.clone(), urls::static_file(&hashed));
        assets.by_hashed_name.insert(hashed, Asset { bytes: file.contents(), kind: kind_of(ending) });
    }
    dir.dirs().for_each(|inner| collect(inner, assets));
}

fn kind_of(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

/// The address of a file of `static/`, like `app.css`. A name that does not exist gives its plain path (and a 404 there).
pub fn url(name: &str) -> String {
    ASSETS.urls.get(name).cloned().unwrap_or_else(|| urls::static_file(name))
}

/// `GET /static/{name}`
pub async fn file(name: web::Path<String>) -> Result<HttpResponse, PageError> {
    let asset = ASSETS.by_hashed_name.get(name.as_str()).ok_or(AppError::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, FOR_EVER)).insert_header((header::CONTENT_TYPE, asset.kind));
    Ok(answer.body(asset.bytes))
}

/// `GET /accent/{hex}.css`: a workspace's colours, made of six checked hex digits and nothing else.
pub async fn accent_css(hex: web::Path<String>) -> Result<HttpResponse, PageError> {
    let hex = accent::parse_hex(&hex).ok_or(AppError::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        .insert_header((header::CONTENT_TYPE, "text/css; charset=utf-8"));
    Ok(answer.body(accent::accent(hex).css()))
}

/// `GET /favicon.ico`, which browsers ask for without being told.
pub async fn favicon() -> HttpResponse {
    HttpResponse::MovedPermanently()
        .insert_header((header::LOCATION, url("icons/favicon.svg")))
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .finish()
}

/// `GET /robots.txt`: nothing here is for search engines.
pub async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("User-agent: *\nDisallow: /\n")
}
