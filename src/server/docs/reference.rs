//! Pages that are made from the code they describe.

use std::fmt::Write as _;

use crate::platform::config::SETTINGS;
use crate::platform::web::problem::Code;

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

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
