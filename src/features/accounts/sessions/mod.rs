//! Sessions: a random token in a cookie, its hash here. A session lasts for a while after it was last seen, and never longer than another while
//! since somebody signed in ([`SessionLife`](crate::platform::config::SessionLife)); that it was seen is noted at most every five minutes, so that looking at pages costs no write.
//!
//! A session belongs to an identity and speaks for one of its memberships at a time; which ones it opens follows from what was shown in
//! it and is looked up at every request (`memberships.rs`).

mod browser;
mod store;

pub(super) use browser::{Browser, SignInProof};
pub(super) use store::{
    OpenSession, SessionReach, SessionRow, began_at, choose, delete_all, delete_expired, end, end_all, end_by_token,
    end_others, find, forget_vouchers, list, touch, vouch,
};

use diesel::QueryResult;
use time::Duration;

use crate::base::clock::UtcTime;
use crate::base::ids::SessionId;
use crate::platform::db::Conn;

/// Who signed in no longer ago has just shown who they are.
const A_MOMENT: Duration = Duration::minutes(15);
/// How old the note of having been seen may get.
pub(super) const NOTED_EVERY: Duration = Duration::minutes(5);
/// Most characters kept of what a browser calls itself.
const LONGEST_AGENT: usize = 300;

/// Whether somebody signed in a moment ago: what gives secrets a new way out is done by nobody else.
///
/// # Errors
/// The database cannot be asked.
pub fn signed_in_lately(conn: &mut Conn, session: &SessionId, now: UtcTime) -> QueryResult<bool> {
    Ok(began_at(conn, session)?.is_some_and(|began| now - began <= A_MOMENT))
}

/// What a browser calls itself, cut to what is kept.
fn cut_agent(agent: &str) -> String {
    agent.chars().filter(|letter| !letter.is_control()).take(LONGEST_AGENT).collect()
}

/// A browser and its system in words, as far as they can be told: "Firefox on Linux". What browsers say of themselves is a
/// pile of other browsers' names, so the rarer name is looked for first.
pub(super) fn device_in_words(agent: &str) -> String {
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browser = known(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => {
            agent.split(['/', ' ']).next().filter(|name| !name.is_empty()).unwrap_or("Unknown device").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        for (agent, words) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36 Edg/129.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
                "Safari on Mac",
            ),
            ("curl/8.9.1", "curl"),
            ("", "Unknown device"),
        ] {
            assert_eq!(device_in_words(agent), words);
        }
    }
}
