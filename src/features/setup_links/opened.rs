//! Noting that a link was opened, and by what kind of agent. Mail scanners and chat previews open links before people do:
//! nothing is spent by it, but the asker should not mistake them for the recipient.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, USER_AGENT};

use super::make;
use super::store::LinkRow;
use crate::base::error::AppResult;
use crate::features::connections;
use crate::features::webhooks::LinkDeed;
use crate::platform::activity::{self, Actor, Entry, Event};
use crate::platform::app::App;

/// The same kind of opener is noted once in this time.
const QUIET: time::Duration = time::Duration::hours(1);

/// Who opened a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// A browser with a person in front of it, as far as one can tell.
    Person,
    /// A program, by its name.
    Scanner(&'static str),
}

/// What programs call themselves in `User-Agent` (lower case), and how we call them.
const KNOWN: [(&str, &str); 30] = [
    ("slackbot", "Slack"),
    ("slack-imgproxy", "Slack"),
    ("whatsapp", "WhatsApp"),
    ("telegrambot", "Telegram"),
    ("discordbot", "Discord"),
    ("twitterbot", "X"),
    ("facebookexternalhit", "Facebook"),
    ("facebot", "Facebook"),
    ("linkedinbot", "LinkedIn"),
    ("skypeuripreview", "Microsoft Teams"),
    ("microsoftpreview", "Microsoft Teams"),
    ("bingpreview", "Bing"),
    ("safelinks", "Microsoft Safe Links"),
    ("safe links", "Microsoft Safe Links"),
    ("ms-office", "Microsoft Office"),
    ("microsoft office", "Microsoft Office"),
    ("office365", "Microsoft Office"),
    ("googleimageproxy", "Google"),
    ("google-safety", "Google"),
    ("googlebot", "Google"),
    ("mimecast", "Mimecast"),
    ("proofpoint", "Proofpoint"),
    ("barracuda", "Barracuda"),
    ("symantec", "Symantec"),
    ("trendmicro", "Trend Micro"),
    ("virustotal", "VirusTotal"),
    ("urlscan", "urlscan"),
    ("signal", "Signal"),
    ("zoom", "Zoom"),
    ("mattermost", "Mattermost"),
];
/// Words that give away a program whose name we do not know.
const PROGRAM_WORDS: [&str; 9] =
    ["bot", "crawler", "spider", "preview", "scan", "fetch", "monitor", "http-client", "headlesschecker"];

/// Judges by the method and by what the agent says of itself. Browsers call themselves Mozilla and name their languages;
/// what does not, or only looks ahead, is a program.
pub fn agent(request: &HttpRequest) -> Agent {
    let text = |name: &str| {
        request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_lowercase()
    };
    let user_agent = text(USER_AGENT.as_str());
    if let Some((_, name)) = KNOWN.iter().find(|(mark, _)| user_agent.contains(mark)) {
        return Agent::Scanner(name);
    }
    let looks_ahead = ["purpose", "sec-purpose", "x-purpose", "x-moz"]
        .iter()
        .any(|name| ["prefetch", "preview"].iter().any(|word| text(name).contains(word)));
    let is_browser = user_agent.starts_with("mozilla/") && request.headers().contains_key(ACCEPT_LANGUAGE);
    let is_program = PROGRAM_WORDS.iter().any(|word| user_agent.contains(word));
    if request.method() == Method::HEAD || looks_ahead || is_program || !is_browser {
        return Agent::Scanner("a program");
    }
    Agent::Person
}

/// Notes beside the link that it was opened; the link itself is not touched.
///
/// # Errors
/// The database cannot be written.
pub(super) async fn note(app: &App, link: &LinkRow, agent: Agent) -> AppResult<()> {
    let now = app.clock.now();
    // A scanner that opens a link 200 times costs one row and not 200 writes.
    if !app.noted_lately.is_new(format!("{} {agent:?}", link.id), now, QUIET) {
        return Ok(());
    }
    let link = link.clone();
    app.write(move |tx| {
        let (event, actor) = match agent {
            Agent::Person => (Event::OpenedByPerson, Actor::Recipient { name: link.recipient.clone() }),
            Agent::Scanner(name) => (Event::OpenedByScanner, Actor::Scanner { name: name.to_owned() }),
        };
        let name = match &actor {
            Actor::Recipient { name } | Actor::Scanner { name } => name.clone(),
            Actor::Member { .. } | Actor::Program { .. } | Actor::System => String::new(),
        };
        if activity::was_noted_since(tx.conn, &link.id, event, &name, tx.now - QUIET)? {
            return Ok(());
        }
        let entry = Entry {
            workspace: &link.workspace_id,
            connection: Some(&link.connection_id),
            setup_link: Some(&link.id),
            event,
            actor,
            detail: "",
        };
        tx.record(&entry)?;
        if event == Event::OpenedByPerson
            && let Some(connection) = connections::find_by_id(tx.conn, &link.workspace_id, &link.connection_id)?
        {
            make::tell(tx, LinkDeed::Opened, &connection, (&link.id, link.expires_at))?;
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

    fn judge(method: Method, headers: &[(&'static str, &'static str)]) -> Agent {
        let request =
            headers.iter().fold(TestRequest::default().method(method), |request, pair| request.insert_header(*pair));
        agent(&request.to_http_request())
    }

    #[test]
    fn browsers_are_people_and_the_rest_is_not() {
        let language = ("accept-language", "en");
        for (method, headers, expected) in [
            (Method::GET, vec![("user-agent", FIREFOX), language], Agent::Person),
            (Method::HEAD, vec![("user-agent", FIREFOX), language], Agent::Scanner("a program")),
            (Method::GET, vec![("user-agent", FIREFOX)], Agent::Scanner("a program")),
            (
                Method::GET,
                vec![("user-agent", FIREFOX), language, ("purpose", "prefetch")],
                Agent::Scanner("a program"),
            ),
            (
                Method::GET,
                vec![("user-agent", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")],
                Agent::Scanner("Slack"),
            ),
            (Method::GET, vec![("user-agent", "WhatsApp/2.23.20.0 A"), language], Agent::Scanner("WhatsApp")),
            (Method::GET, vec![("user-agent", "curl/8.5.0"), language], Agent::Scanner("a program")),
            (Method::GET, vec![], Agent::Scanner("a program")),
        ] {
            assert_eq!(judge(method, &headers), expected, "{headers:?}");
        }
    }
}
