//! A log as one long answer: the lines that are there, then those that come, until the work is over. As plain text, or as
//! server-sent events for whoever asks for them.

use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::json;

use crate::base::error::AppResult;
use crate::platform::jobs::LogLine;

/// The type of a log as text.
pub const PLAIN: &str = "text/plain; charset=utf-8";
/// The type of a log as events.
pub const EVENTS: &str = "text/event-stream";
/// How long to wait for more lines.
const PAUSE: Duration = Duration::from_millis(500);
/// So often is it asked for more; afterwards the reader has to ask again.
const MOST_PAUSES: u32 = 3_600;

/// Lines after a number, and whether there will be no more.
pub type NextLines = Pin<Box<dyn Future<Output = AppResult<(Vec<LogLine>, bool)>>>>;

/// A log in the document.
#[derive(Debug)]
pub struct LogText;

impl JsonSchema for LogText {
    fn schema_name() -> Cow<'static, str> {
        "LogText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "contentMediaType": format!("{PLAIN}, {EVENTS}")})
    }
}

struct LogReader<F> {
    more: F,
    after: i32,
    pauses: u32,
    over: bool,
    as_events: bool,
}

impl<F: Fn(i32) -> NextLines> LogReader<F> {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        while !self.over {
            let Ok((lines, over)) = (self.more)(self.after).await else { return None };
            self.after = lines.last().map_or(self.after, |line| line.number);
            self.pauses += 1;
            // What was said between reading the lines and the end is asked for once more.
            self.over = (over && lines.is_empty()) || self.pauses > MOST_PAUSES;
            if !lines.is_empty() || self.over {
                let text: String = lines.iter().map(|line| self.write(line)).collect();
                let end = if self.over && self.as_events { "event: end\ndata: {}\n\n" } else { "" };
                return Some((Ok(Bytes::from(text + end)), self));
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }

    fn write(&self, line: &LogLine) -> String {
        let at = line.at.iso();
        if self.as_events {
            let data = json!({"number": line.number, "at": at, "level": line.level, "text": line.text});
            format!("id: {}\nevent: log\ndata: {data}\n\n", line.number)
        } else {
            format!("{at} {:<5} {}\n", line.level, line.text.replace('\n', "\n    "))
        }
    }
}

/// The answer. A reader of events that lost the connection goes on where it was (`Last-Event-ID`).
pub fn answer<F>(request: &HttpRequest, more: F) -> HttpResponse
where
    F: Fn(i32) -> NextLines + 'static,
{
    let said = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let as_events = said(header::ACCEPT).contains(EVENTS);
    let after = said(header::HeaderName::from_static("last-event-id")).parse().unwrap_or(0);
    let reader = LogReader { more, after, pauses: 0, over: false, as_events };
    HttpResponse::Ok()
        .content_type(if as_events { EVENTS } else { PLAIN })
        // Neither a proxy nor our own compression may hold lines back.
        .insert_header(("x-accel-buffering", "no"))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(stream::unfold(reader, LogReader::next))
}
