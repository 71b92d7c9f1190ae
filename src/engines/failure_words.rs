//! What a failure says, and to whom: the one place where it becomes words.
//!
//! Invariants, which a test holds for every kind of failure: a recipient reads no name of a setting, no path, no stack trace and nothing
//! that is somebody else's work; a member reads whose turn it is; who looks after the workspace also reads what the operator can do.

use super::{Failure, FailureReason, Turn};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReader {
    /// Somebody outside, who opened a link.
    Recipient,
    /// A member of the workspace, or one of its programs.
    Member,
    /// An owner or admin: who can act, or knows the operator, or is the operator.
    Admin,
}

impl FailureReader {
    /// Of members, by whether they may administer the workspace.
    pub const fn of_member(may_administer: bool) -> Self {
        if may_administer { Self::Admin } else { Self::Member }
    }
}

/// A failure in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureWords {
    /// What it comes to.
    pub headline: &'static str,
    /// What happened.
    pub message: String,
    /// What to do, and who.
    pub advice: String,
}

/// A longer message of a connector is no sentence for somebody outside.
const LONGEST_FOR_RECIPIENTS: usize = 400;
/// Signs of a stack trace, as Python, Java, Rust, Node and Go write it.
const DUMPS: [&str; 8] = [
    "Traceback (most recent call last)",
    "File \"",
    "Exception in thread",
    "\tat ",
    "\n    at ",
    "stack backtrace:",
    "panicked at",
    "goroutine ",
];

/// Whether this is what a program leaves that fell over, and no sentence.
pub fn is_dump(text: &str) -> bool {
    DUMPS.iter().any(|sign| text.contains(sign))
}

/// Whether words that came from a connector or a server can be shown outside as they are.
fn is_plain(text: &str) -> bool {
    let is_path = |word: &str| {
        let word = word.trim_start_matches(['\'', '"', '(', '[', '<', '`', '=', ':', '“', '‘']);
        let drive = word.as_bytes().get(1..3) == Some(br":\");
        (word.starts_with('/') && word.len() > 1) || word.starts_with("~/") || word.starts_with("./") || drive
    };
    let fits = text.chars().count() <= LONGEST_FOR_RECIPIENTS && !text.trim().is_empty();
    fits && !is_dump(text) && !text.contains("VESTIBULE_") && !text.split_whitespace().any(is_path)
}

impl Failure {
    /// The failure as its reader may and should see it.
    pub fn words(&self, audience: FailureReader) -> FailureWords {
        if audience == FailureReader::Recipient {
            return self.to_recipient();
        }
        let headline = match self.turn {
            Turn::Giver => "The details could not be confirmed",
            Turn::Owner | Turn::Operator | Turn::Provider => "There was no answer about the details",
        };
        let mut advice = self.advice().to_owned();
        if let Some(hint) = self.operator_hint().filter(|_| audience == FailureReader::Admin) {
            advice = format!("{advice} {hint}");
        }
        FailureWords { headline, message: self.message.clone(), advice }
    }

    fn to_recipient(&self) -> FailureWords {
        let again = "Nothing you entered is known to be wrong. Send it as it is, or test again later.";
        if self.turn == Turn::Giver {
            let message = if is_plain(&self.message) { self.message.clone() } else { self.reason.plain().to_owned() };
            return FailureWords {
                headline: "What you entered could not be confirmed",
                message,
                advice: "You can change it and test again, or send it as it is.".to_owned(),
            };
        }
        let message = match self.turn {
            Turn::Provider => self.reason.plain(),
            _ => "It could not be tried on the real system, for a reason that is not yours.",
        };
        FailureWords { headline: "This cannot be tested now", message: message.to_owned(), advice: again.to_owned() }
    }

    /// What a member does next.
    fn advice(&self) -> &'static str {
        match (self.turn, self.reason) {
            (_, FailureReason::Interrupted) => "Nothing is known to be wrong.",
            (Turn::Giver, _) => "Change the details, or ask whoever knows them with a setup link.",
            (_, FailureReason::NeedsReconnecting) => "Share a reconnect link with whoever can sign in there.",
            (Turn::Owner, FailureReason::OutputFailed) => "The output layer can be changed and tried under Settings.",
            (Turn::Owner, FailureReason::DestinationFailed) => {
                "The details of the destination can be changed and validated on its own page, where this is written, too."
            }
            (Turn::Owner, FailureReason::EngineFailed) => {
                "Airbyte's own log of the job says more. Its address and token are under Settings, Extraction engine."
            }
            (Turn::Owner, _) => "Whoever may change the connection can mend this.",
            (Turn::Provider, _) => "The details are not known to be wrong. Trying again in a few minutes may help.",
            (Turn::Operator, _) => {
                "The details are not known to be wrong. It is the turn of whoever runs this installation; the log says more."
            }
        }
    }

    /// What the operator of this installation can do, with the names of settings; `None` when it is nothing of theirs.
    pub const fn operator_hint(&self) -> Option<&'static str> {
        Some(match self.reason {
            FailureReason::AddressRefused => {
                "If it belongs to a network of your own, the operator can open that network in VESTIBULE_CONNECTOR_ALLOW_CIDRS."
            }
            FailureReason::NotReachable | FailureReason::ProviderUnavailable => {
                "If it stays, the operator can see whether this server may go there: DNS, firewall, rules of the network."
            }
            FailureReason::Tls if matches!(self.turn, Turn::Operator) => {
                "If a proxy on the way signs for other hosts, the operator can name its authority in VESTIBULE_EXTRA_CA_FILE."
            }
            FailureReason::NotInstalled => {
                "The operator can install the program (`vestibule connectors install NAME`), or name another one in the connector's file; one kept as a container image needs \
                 VESTIBULE_CONTAINER_ENGINE."
            }
            FailureReason::NoRuntime => {
                "The operator can install its program with `vestibule connectors install NAME`, add another one that speaks the Airbyte protocol with \
                 `vestibule connectors import --exec PROGRAM`, or mend `check` in the connector's file."
            }
            FailureReason::NotSupported => {
                "The operator can install another connector for it, which speaks the Airbyte protocol."
            }
            FailureReason::NoRoom => "The operator can make room in VESTIBULE_DATA_DIR, or let the server write there.",
            FailureReason::Crashed | FailureReason::TooMuchOutput | FailureReason::Unreadable => {
                "The log has the connector's last words. The operator can install another version of it, or give the machine more memory."
            }
            FailureReason::BadState => "Extracting from the beginning forgets the state that does not fit.",
            FailureReason::OauthApp => {
                "The OAuth app is set under Settings, or by the operator in VESTIBULE_OAUTH_APPS_FILE."
            }
            FailureReason::NotPossible if matches!(self.turn, Turn::Operator) => {
                "The operator finds the reason in the server's log; a connector that is gone comes back with its file in VESTIBULE_CONNECTORS_DIR."
            }
            FailureReason::Refused
            | FailureReason::HostUnknown
            | FailureReason::TunnelNotReachable
            | FailureReason::TunnelSignIn
            | FailureReason::TunnelHostKeyChanged
            | FailureReason::TunnelBehind
            | FailureReason::Tls
            | FailureReason::SignIn
            | FailureReason::NoDatabase
            | FailureReason::Permission
            | FailureReason::Timeout
            | FailureReason::RateLimited
            | FailureReason::Unwell
            | FailureReason::Incomplete
            | FailureReason::NeedsReconnecting
            | FailureReason::NotPossible
            | FailureReason::OutputFailed
            | FailureReason::DestinationFailed
            | FailureReason::EngineFailed
            | FailureReason::NotReadWhole
            | FailureReason::Interrupted
            | FailureReason::Cancelled => return None,
        })
    }
}

impl FailureReason {
    /// The kind in one sentence that everybody may read.
    const fn plain(self) -> &'static str {
        match self {
            Self::Refused => "The other side did not accept what was entered.",
            Self::HostUnknown => "Nobody knows a host of this name.",
            Self::AddressRefused => "The host is, or leads to, an address that is not public.",
            Self::NotReachable => "The other side cannot be reached at the moment.",
            Self::TunnelNotReachable => "The jump server of the SSH tunnel cannot be reached.",
            Self::TunnelSignIn => "The jump server of the SSH tunnel does not accept what was entered.",
            Self::TunnelHostKeyChanged => "The jump server of the SSH tunnel shows another key than before.",
            Self::TunnelBehind => "The SSH tunnel stands, and nothing behind it can be reached.",
            Self::Tls => "No secure connection could be made.",
            Self::SignIn => "The user name, password, key or token was not accepted.",
            Self::NoDatabase => "There is no database of this name.",
            Self::Permission => "The sign-in works, but it is not allowed to see what is needed.",
            Self::NotSupported => "One of the choices cannot be used here.",
            Self::Timeout => "There was no answer in time.",
            Self::RateLimited => "The other side was asked too often lately.",
            Self::Unwell => "The other side is not well at the moment.",
            Self::Incomplete => "Something that is needed is missing.",
            Self::NeedsReconnecting => "The sign-in is over.",
            Self::ProviderUnavailable => "The provider does not answer at the moment.",
            Self::NotInstalled
            | Self::NoRoom
            | Self::Crashed
            | Self::Unreadable
            | Self::NoRuntime
            | Self::BadState
            | Self::OauthApp
            | Self::NotPossible
            | Self::OutputFailed
            | Self::DestinationFailed
            | Self::EngineFailed
            | Self::NotReadWhole
            | Self::Interrupted => "It could not be tried on the real system.",
            Self::TooMuchOutput => "There is more on the other side than can be taken in.",
            Self::Cancelled => "It was stopped.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What engines, servers and connectors have been seen to say.
    const SAID: [&str; 7] = [
        "The server does not accept this password for the user ada.",
        "Traceback (most recent call last):\n  File \"/opt/source/main.py\", line 7\nKeyError: 'count'",
        "open VESTIBULE_CONNECTOR_ALLOW_CIDRS",
        "cannot read '/run/vestibule/config.json'",
        "cannot read C:\\connector\\config.json",
        "java.lang.IllegalStateException: no\n\tat io.airbyte.Check.main(Check.java:7)",
        "",
    ];

    /// Words of somebody else's work.
    const OF_OTHERS: [&str; 9] =
        ["operator", "install", "VESTIBULE", "Traceback", "File \"", "/opt", "/run", "C:\\", "connector"];

    fn every_failure() -> impl Iterator<Item = Failure> {
        let turns = |reason| Turn::ALL.iter().map(move |turn| (reason, *turn));
        let all = FailureReason::ALL.iter().flat_map(move |reason| turns(*reason));
        all.flat_map(|(reason, turn)| SAID.map(|said| Failure::new(reason, said).on(turn)))
    }

    #[test]
    fn a_recipient_reads_nothing_of_another_s_work() {
        for failure in every_failure() {
            let words = failure.words(FailureReader::Recipient);
            let text = format!("{} {} {}", words.headline, words.message, words.advice);
            for other in OF_OTHERS {
                assert!(!text.contains(other), "{other}: {failure:?} {text}");
            }
            assert!(!words.message.is_empty() && !words.advice.is_empty(), "{failure:?}");
            let is_blamed = text.contains("What you entered could not be confirmed");
            assert_eq!(is_blamed, failure.turn == Turn::Giver, "{failure:?}: {text}");
        }
    }

    #[test]
    fn settings_are_named_to_those_who_can_act_only() {
        for failure in every_failure().filter(|failure| failure.message == SAID[0]) {
            let member = failure.words(FailureReader::Member);
            assert!(!member.advice.contains("VESTIBULE_") && !member.advice.contains('`'), "{member:?}");
            assert!(!member.advice.is_empty() && member.message == SAID[0], "{member:?}");
            let admin = failure.words(FailureReader::Admin);
            assert_eq!(admin.advice.len() > member.advice.len(), failure.operator_hint().is_some(), "{admin:?}");
            assert!(admin.advice.starts_with(&member.advice), "{admin:?}");
        }
    }

    #[test]
    fn what_is_usually_the_operator_s_turn_names_what_the_operator_does() {
        for reason in FailureReason::ALL {
            let failure = Failure::new(*reason, "no");
            assert!(failure.turn != Turn::Operator || failure.operator_hint().is_some(), "{failure:?}");
        }
    }

    #[test]
    fn plain_words_go_out_as_they_are() {
        let said = "api.example.com does not accept these credentials (see https://example.com/a/b).";
        let words = Failure::new(FailureReason::SignIn, said).words(FailureReader::Recipient);
        assert_eq!(words.message, said);
    }
}
