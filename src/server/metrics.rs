//! `GET /metrics`: what an operator watches, in the text format of Prometheus. Names of routes and kinds only: no path, no address, no
//! workspace.
//!
//! What the process has counted since it started costs nothing; what the database is asked is read over indexes.

use std::fmt::Write as _;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::base::error::AppResult;
use crate::features::{webhooks, work};
use crate::platform::app::App;
use crate::platform::db::{Conn, DatabaseUrl};
use crate::platform::jobs::{self, JobCounts, LaneAge};
use crate::platform::metrics::{AnsweredRoute, Metrics};
use crate::platform::web::page::PageResult;

/// Proof that somebody may read the figures: they show the token, or, where none is set, they are on this machine and no proxy has passed
/// them on.
pub struct MetricsReader(());

impl FromRequest for MetricsReader {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request.app_data::<web::Data<App>>().and_then(|app| app.config.metrics.token.as_ref());
        let (may, status) = match token {
            Some(token) => (shows(request, token.expose_secret()), StatusCode::UNAUTHORIZED),
            None => (is_local(request), StatusCode::FORBIDDEN),
        };
        std::future::ready(if may { Ok(Self(())) } else { Err(refusal(status)) })
    }
}

fn refusal(status: StatusCode) -> actix_web::Error {
    let mut answer = HttpResponse::build(status);
    answer.content_type(ContentType::plaintext());
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    let answer = answer
        .body("The figures are for whoever shows VESTIBULE_METRICS_TOKEN, or without one for this machine only.\n");
    InternalError::from_response("no reader of the figures", answer).into()
}

fn shows(request: &HttpRequest, token: &str) -> bool {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
    // Of digests, so that the time it takes says nothing, not even about the length.
    Sha256::digest(shown).ct_eq(&Sha256::digest(token)).into()
}

/// A proxy on this machine calls from this machine, too: it is known by what it adds.
fn is_local(request: &HttpRequest) -> bool {
    let passed_on = ["x-forwarded-for", "x-real-ip", "forwarded", "via", "x-forwarded-host"];
    let direct = !passed_on.iter().any(|name| request.headers().contains_key(*name));
    direct && request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// What the database is asked.
struct StoredFigures {
    jobs: JobCounts,
    lanes: Vec<LaneAge>,
    undelivered: i64,
    runs: Vec<(String, i64)>,
    validations: Vec<(String, i64)>,
}

/// `GET /metrics`
pub async fn show(app: web::Data<App>, _reader: MetricsReader) -> PageResult {
    let now = app.clock.now();
    let read = move |conn: &mut Conn| -> AppResult<StoredFigures> {
        Ok(StoredFigures {
            jobs: jobs::job_counts(conn)?,
            lanes: jobs::lane_ages(conn, now)?,
            undelivered: webhooks::undelivered(conn)?,
            runs: work::runs::count_by_state(conn)?,
            validations: work::validations::count_by_state(conn)?,
        })
    };
    let stored = app.db.read(read).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text(&app, &stored)))
}

/// One line under a heading: its labels as they stand between the braces, and the number.
struct Sample {
    labels: String,
    value: f64,
}

impl Sample {
    fn one(label: &str, text: &str, value: i64) -> Self {
        // Figures of this size are exact.
        Self { labels: format!("{label}=\"{}\"", escaped(text)), value: value as f64 }
    }

    fn plain(value: u64) -> Self {
        Self { labels: String::new(), value: value as f64 }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Collects the text.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn add(&mut self, name: &str, kind: &str, help: &str, samples: impl IntoIterator<Item = Sample>) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP vestibule_{name} {help}\n# TYPE vestibule_{name} {kind}");
        for Sample { labels, value } in samples {
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            let _ = writeln!(self.0, "vestibule_{name}{labels} {value}");
        }
    }
}

fn text(app: &App, stored: &StoredFigures) -> String {
    let mut out = Exposition::default();
    let by = |label: &'static str, counts: &[(String, i64)]| -> Vec<Sample> {
        counts.iter().map(|(name, count)| Sample::one(label, name, *count)).collect()
    };
    let database = if matches!(app.db.place(), DatabaseUrl::Sqlite(_)) { "sqlite" } else { "postgresql" };
    let version = format!("version=\"{}\",database=\"{database}\"", env!("CARGO_PKG_VERSION"));
    out.add("build_info", "gauge", "The program.", [Sample { labels: version, value: 1.0 }]);
    out.add("jobs_waiting", "gauge", "Jobs that are still to be done, by kind.", by("kind", &stored.jobs.waiting));
    out.add(
        "jobs_failed",
        "gauge",
        "Jobs that were given up and not looked at yet, by kind.",
        by("kind", &stored.jobs.failed),
    );
    let age = |late: &LaneAge| Sample {
        labels: format!("lane=\"{}\"", late.lane.as_str()),
        value: late.age.as_seconds_f64(),
    };
    out.add(
        "jobs_oldest_due_seconds",
        "gauge",
        "For how long the oldest job of a lane has been due.",
        stored.lanes.iter().map(age),
    );
    out.add(
        "connector_files_faulty",
        "gauge",
        "Connector files that this process cannot use.",
        [Sample::plain(app.connectors.faults().len() as u64)],
    );
    out.add("runs", "gauge", "Extractions, by status.", by("status", &stored.runs));
    out.add("validations", "gauge", "Validations, by status.", by("status", &stored.validations));
    out.add(
        "webhooks_waiting",
        "gauge",
        "Webhooks that wait for a try.",
        [Sample::one("state", "pending", stored.undelivered)],
    );
    counted(&mut out, &app.metrics);
    let pool = app.db.pool_use();
    out.add("database_connections_open", "gauge", "Open connections of the pool.", [Sample::plain(pool.open.into())]);
    out.add("database_connections_in_use", "gauge", "Those in use.", [Sample::plain(pool.in_use.into())]);
    out.0
}

/// What this process has counted.
fn counted(out: &mut Exposition, metrics: &Metrics) {
    let both = |good: u64, bad: u64| {
        let sample =
            |result: &str, value: u64| Sample { labels: format!("result=\"{result}\""), ..Sample::plain(value) };
        [sample("taken", good), sample("failed", bad)]
    };
    let mails = both(metrics.mails_sent.get(), metrics.mails_failed.get());
    out.add("mail_tries_total", "counter", "Tries to send a mail since this process started.", mails);
    let webhooks = both(metrics.webhooks_delivered.get(), metrics.webhooks_failed.get());
    out.add("webhook_tries_total", "counter", "Tries to deliver a webhook since this process started.", webhooks);
    let requests = metrics.requests().into_iter().map(|(AnsweredRoute { route, status_class }, count)| Sample {
        labels: format!("route=\"{}\",status=\"{status_class}xx\"", escaped(&route)),
        ..Sample::plain(count)
    });
    out.add("http_requests_total", "counter", "Requests answered since this process started, by route.", requests);
}
