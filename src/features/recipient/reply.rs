//! What a form says to the send that it answers.

use crate::connectors::provider::InputProblem;
use crate::features::oauth::PlanError;

/// What was wrong with a send, or what came of it.
pub enum FormReply {
    /// It is the first look at the form.
    Fresh,
    /// Some answers need attention.
    Problems,
    /// The questions have changed since the form was shown; those that are not asked any more.
    QuestionsChanged(Vec<String>),
    /// Nothing was entered at all.
    NothingEntered,
    /// What was typed is being tested, or was.
    Tested(TestView),
    /// What was answered before leaving for the provider cannot be taken.
    Inputs(Vec<InputProblem>),
    /// The chosen accounts cannot be taken.
    Accounts(PlanError),
    /// The sign-in was handed over by another form meanwhile.
    SignInUsed,
    /// Somebody was to sign in again and did not.
    NotSignedIn,
    /// Another account signed in than before.
    OtherAccount,
    /// Whoever signed in cannot see this account.
    CannotSee(String),
}

impl FormReply {
    /// What is wrong with the sign-in at this provider.
    pub(super) fn sign_in_problem(&self, provider: &str) -> Option<String> {
        match self {
            Self::SignInUsed => Some("This sign-in was used already. Sign in again.".to_owned()),
            Self::NotSignedIn => Some(format!("Sign in at {provider} first")),
            Self::OtherAccount => {
                Some(format!("Another {provider} account signed in than before. Use the account that was used before"))
            }
            Self::CannotSee(account) => {
                Some(format!("This {provider} account cannot see {account}. Use another account"))
            }
            _ => None,
        }
    }
}

/// What became of a test of what was typed.
#[derive(Debug, Clone)]
pub struct TestView {
    /// Its id, for the button that asks again.
    pub id: String,
    /// `info`, `ok` or `bad`.
    pub tone: &'static str,
    /// What is known by now.
    pub title: &'static str,
    /// What the system answered.
    pub message: String,
    /// What they may do next; empty when the message says it.
    pub advice: String,
    /// Nothing more will happen.
    pub is_over: bool,
}
