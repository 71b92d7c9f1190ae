//! What a program writes to standard error: passed on as log, the end of it kept for the case that nothing else was said.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;

use super::Level;
use super::run::EventSink;

/// Bytes of the end that are kept.
const KEPT: usize = 8 << 10;
/// A line without an end is cut here.
const LONGEST: usize = 64 << 10;

/// The end of what was written.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<String>>);

impl Tail {
    /// Reads until the other side is closed.
    pub(super) async fn follow(self, mut pipe: ChildStderr, sink: EventSink) {
        let mut rest = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let count = pipe.read(&mut chunk).await.unwrap_or(0);
            rest.extend_from_slice(chunk.get(..count).unwrap_or_default());
            while let Some(line) = cut_line(&mut rest, count == 0) {
                let text = sink.mask(String::from_utf8_lossy(&line).trim_end());
                self.keep(&text);
                if sink.log(Level::Info, &text).await.is_err() {
                    return;
                }
            }
            if count == 0 {
                return;
            }
        }
    }

    fn keep(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
        if text.len() > 2 * KEPT {
            let from = text.char_indices().map(|(at, _)| at).find(|at| *at >= text.len() - KEPT);
            text.drain(..from.unwrap_or_default());
        }
    }

    /// What was kept so far.
    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trim().to_owned()
    }
}

/// The first line; also what is left at the end, and the beginning of a line that does not end.
fn cut_line(rest: &mut Vec<u8>, at_end: bool) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    let end = end.or((rest.len() > LONGEST || at_end).then_some(rest.len())).filter(|end| *end > 0)?;
    Some(rest.drain(..end).collect())
}
