//! Pages that are made from the code they describe.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::connectors::Connector;
use crate::features::catalogue::Capability;
use crate::platform::config::SETTINGS;
use crate::platform::web::problem::Code;
use crate::schema::form::LeftOut;

/// Every setting, as the code lists them.
pub(super) fn settings() -> String {
    let mut text = String::from(
        "# Settings\n\nThe server reads these environment variables when it starts. Each can also be given as a file: `NAME_FILE` names a file \
         whose contents are the value, which keeps secrets out of the environment. `vestibule check-config` says what is wrong with them.\n",
    );
    for (name, about) in SETTINGS {
        let _ = write!(text, "\n## {name}\n\n{}.\n", upper_first(about));
    }
    text
}

/// Every code a problem document can have.
pub(super) fn errors() -> String {
    let mut text = String::from(
        "# API errors\n\nWhatever goes wrong, the API answers with a problem document (RFC 9457, `application/problem+json`). Decide by `code`, \
         which never changes its meaning. `detail` says what happened this time, `errors` names each value that cannot be taken with a JSON \
         Pointer, and `request_id` finds the request in the server's log. What you sent is never repeated.\n",
    );
    for code in Code::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n{} (status {}). {}\n",
            code.as_str(),
            code.title(),
            code.status().as_u16(),
            code.advice()
        );
    }
    text
}

/// Every connector with what this installation can do with it.
pub(super) fn connectors(all: &[(Arc<Connector>, Capability)]) -> String {
    let mut text = String::from(
        "# What each connector can do\n\nMade from what is installed here now; programs read the same as `capability` of a connector.\n\n\
         - **Checks**: the real system is asked whether the details work. Where it is not, there is no validation: `revalidate` answers 409 \
         `cannot_be_checked`, and finalising needs none.\n\
         - **Reads**: records are extracted here. Where they are not, a source is finalised without streams and handed off.\n\
         - **Writes**: a finalised destination can be chosen as the output of sources; their records go there.\n\
         - **Hand-off only**: the details are collected, kept sealed and handed to an engine of your own.\n\
         - **Sign-in**: recipients can sign in with the provider once its app is set.\n\n\
         An Airbyte connector gives a connector checks and reads: `vestibule connectors install NAME`, as the page Install connectors says.\n\n\
         | Connector | Kind | What it does here |\n|---|---|---|\n",
    );
    for (connector, capability) in all {
        let does = capability.tags().into_iter().chain(capability.sign_in.then_some("Sign-in"));
        let does = does.collect::<Vec<_>>().join(" · ");
        // A name is the operator's own text.
        let name = connector.name().replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} | {does} |", connector.file.kind.as_str());
    }
    text.push_str(&left_out(all));
    text
}

/// What the forms do not ask for, and why.
fn left_out(all: &[(Arc<Connector>, Capability)]) -> String {
    let mut text = String::new();
    for (connector, _) in all {
        for LeftOut { path, title, reason } in connector.spec.left_out() {
            let _ = writeln!(
                text,
                "- {} ({}), {title} (`{}`): {reason}",
                connector.name(),
                connector.file.kind.as_str(),
                path.dot()
            );
        }
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "\n## What forms leave out\n\nA form asks for what the reader or writer of this installation takes up, and for nothing else. Where your own engine \
         reads, or a program that speaks the Airbyte protocol, everything of the specification is asked. The API takes and keeps the whole \
         configuration: what stands there in vain is named in `unsupported_fields` of the connection, beside its value on the page, and in the \
         log of each validation and extraction.\n\n{text}"
    )
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
