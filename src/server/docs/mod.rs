//! The documentation, compiled in: pages as Markdown, served as HTML and, word for word, as Markdown for programs.
//!
//! Invariants: what describes settings, errors or endpoints is made from the code that has them; every shell line of the pages about
//! the API is run by a test; no page loads anything from elsewhere.

pub mod api_pages;
mod markdown;
pub mod pages;
mod reference;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::connectors::Connector;
use crate::features::catalogue::Capability;
use crate::platform::web::urls;

/// One page.
#[derive(Debug, Clone, Copy)]
pub struct DocsPage {
    /// Its name in the address.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it is about, in one sentence.
    pub about: &'static str,
    text: Text,
}

#[derive(Debug, Clone, Copy)]
enum Text {
    Written(&'static str),
    Settings,
    Errors,
    Connectors,
}

/// All pages, in the order to read them.
pub const PAGES: &[DocsPage] = &[
    DocsPage {
        name: "share-a-setup-link",
        title: "Share a setup link",
        about: "Ask somebody outside for a connection's details, in the app.",
        text: Text::Written(include_str!("pages/share-a-setup-link.md")),
    },
    DocsPage {
        name: "invite-links",
        title: "Invite links",
        about: "One link for one connector: people outside add connections with it, once or again and again.",
        text: Text::Written(include_str!("pages/invite-links.md")),
    },
    DocsPage {
        name: "oauth-apps",
        title: "Let people sign in with a provider",
        about: "Register an app at Facebook, Google and others, so that recipients sign in instead of pasting keys.",
        text: Text::Written(include_str!("pages/oauth-apps.md")),
    },
    DocsPage {
        name: "connectors",
        title: "What each connector can do",
        about: "Which connectors are checked, read, written to or handed off in this installation.",
        text: Text::Connectors,
    },
    DocsPage {
        name: "installing-connectors",
        title: "Install connectors",
        about: "Put a real connector to work in one command: what is needed, where it lies, newer versions, manifests, limits.",
        text: Text::Written(include_str!("pages/installing-connectors.md")),
    },
    DocsPage {
        name: "ssh-tunnel",
        title: "Databases behind an SSH tunnel",
        about: "Read a database that only a jump server can reach: keys, passwords, host keys, and what fails.",
        text: Text::Written(include_str!("pages/ssh-tunnel.md")),
    },
    DocsPage {
        name: "destinations",
        title: "Destinations as outputs",
        about: "Let somebody hand a database over that the records of your sources go to: rights, the check, what is written.",
        text: Text::Written(include_str!("pages/destinations.md")),
    },
    DocsPage {
        name: "api",
        title: "Use the API",
        about: "Make a draft, hand out a link, hear when it is filled in, read the credentials: step by step with curl.",
        text: Text::Written(include_str!("pages/api.md")),
    },
    DocsPage {
        name: "extract",
        title: "From a draft to its first extraction",
        about: "Validate, choose streams, finalise, extract: one script of curl lines.",
        text: Text::Written(include_str!("pages/extract.md")),
    },
    DocsPage {
        name: "airbyte-engine",
        title: "Extract on your own Airbyte",
        about: "Let the workers of your Airbyte extract: what runs there and what stays here, tokens, jobs, what fails.",
        text: Text::Written(include_str!("pages/airbyte-engine.md")),
    },
    DocsPage {
        name: "hand-off",
        title: "Hand a source off",
        about: "A finalised source as files for Airbyte, Terraform, Meltano, dlt, PyAirbyte or the plain protocol.",
        text: Text::Written(include_str!("pages/hand-off.md")),
    },
    DocsPage {
        name: "verify-webhooks",
        title: "Verify webhooks",
        about: "Prove that a webhook came from here, in Python, JavaScript and Go.",
        text: Text::Written(include_str!("pages/verify-webhooks.md")),
    },
    DocsPage {
        name: "members",
        title: "Members: roles, how somebody leaves, and wrong passwords",
        about: "What each role may do, what becomes of keys and links when somebody leaves, and how tries at passwords are slowed down.",
        text: Text::Written(include_str!("pages/members.md")),
    },
    DocsPage {
        name: "sign-in",
        title: "Sign in with your own identity provider",
        about: "OpenID Connect for the members of a workspace, and how to switch passwords off.",
        text: Text::Written(include_str!("pages/sign-in.md")),
    },
    DocsPage {
        name: "api-errors",
        title: "API errors",
        about: "Every code the API may refuse with, and what to do.",
        text: Text::Errors,
    },
    DocsPage {
        name: "settings",
        title: "Settings",
        about: "Every environment variable the server reads.",
        text: Text::Settings,
    },
];

/// What an agent needs to share a setup link.
const SKILL: &str = include_str!("pages/skill.md");

/// The page of that name.
pub fn find(name: &str) -> Option<&'static DocsPage> {
    PAGES.iter().find(|page| page.name == name)
}

impl DocsPage {
    /// The page as Markdown; `base` is the address of this installation, `connectors` what is in it and can be done with each.
    pub fn markdown(&self, base: &str, connectors: &[(Arc<Connector>, Capability)]) -> String {
        match self.text {
            Text::Written(text) => here(text, base),
            Text::Settings => reference::settings(),
            Text::Errors => reference::errors(),
            Text::Connectors => reference::connectors(connectors),
        }
    }
}

/// The skill file for agents.
pub fn skill(base: &str) -> String {
    here(SKILL, base)
}

/// The list of pages for programs that read documentation (llmstxt.org).
pub fn llms(base: &str) -> String {
    let mut text = String::from(
        "# Vestibule\n\n> Hand out a link; somebody outside, without an account, fills in a data connection's details; they arrive encrypted.\n\n## Documentation\n\n",
    );
    for page in PAGES {
        let _ = writeln!(text, "- [{}]({base}{}.md): {}", page.title, urls::docs_page(page.name), page.about);
    }
    let _ = write!(
        text,
        "\n## For programs\n\n- [OpenAPI document]({base}{}): every endpoint with its shapes.\n\
         - [Skill: share a setup link]({base}{}): instructions for agents.\n",
        urls::OPENAPI,
        urls::DOCS_SKILL
    );
    text
}

/// Pages are written for a server on this address; readers get their own.
const WRITTEN_FOR: &str = "https://vestibule.example.com";

fn here(text: &str, base: &str) -> String {
    text.replace(WRITTEN_FOR, base)
}
