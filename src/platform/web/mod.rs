//! The edge: what is the same for every page. Features bring handlers; `server/routes/` alone names them.

pub mod accent;
pub mod api;
pub mod assets;
pub mod body;
pub mod client_ip;
pub mod cookies;
pub mod counted_tries;
pub mod csrf;
pub mod cursor;
pub mod damaged_link;
pub mod failure_out;
pub mod flash;
pub mod frame;
pub mod headers;
pub mod known_browser;
pub mod log_stream;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod rate_limit;
pub mod request_log;
pub mod slowed_tries;
pub mod urls;
