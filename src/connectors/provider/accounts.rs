//! What the person may choose from after signing in, and where the choice goes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DotPath, ProviderRequest, Template};

/// How accounts are listed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRules {
    /// What they are called, several: "ad accounts".
    pub noun: String,
    /// What one is called: "ad account".
    pub one: String,
    /// The request.
    pub request: ProviderRequest,
    /// Paths of lists, each inside the item of the one before: `["accountSummaries", "propertySummaries"]`. An empty path is the answer itself.
    pub items: Vec<String>,
    /// What tells an account apart and is written: `{account_id}`, `{.}` for an item that is a text; `{^.…}` looks at the item outside.
    pub id: Template,
    /// What is cut off the front of the id, and of a label that begins with it: `customers/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub strip: String,
    /// What people call it.
    pub label: Template,
    /// What helps to tell two of the same name apart; a part without a value is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<Template>,
    /// How further pages are reached.
    #[serde(default)]
    pub paging: Paging,
    /// Asked once for each account that was found; what it lists takes the account's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand: Option<Box<Expand>>,
    /// How many, and where they go.
    pub target: AccountTarget,
}

/// A question for each account: its name, or those below it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expand {
    /// The request; `{item.id}` is the account.
    pub request: ProviderRequest,
    /// As in [`AccountRules::items`].
    pub items: Vec<String>,
    /// As in [`AccountRules::id`].
    pub id: Template,
    /// As in [`AccountRules::label`].
    pub label: Template,
    /// As in [`AccountRules::detail`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<Template>,
}

/// How further pages are reached.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// There is one page.
    #[default]
    None,
    /// The answer has a mark that the next request carries.
    Cursor {
        /// Path of the mark; an absent or empty one is the end.
        from: String,
        /// The parameter it becomes.
        param: String,
        /// Path that must be there too for more to come.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        more: String,
    },
    /// The answer has the address of the next page. It must lead to the same host.
    NextUrl {
        /// Path of the address.
        from: String,
    },
    /// Pages have numbers; a page that is not full is the last.
    Page {
        /// The parameter.
        param: String,
        /// How many items a full page has.
        size: usize,
    },
}

/// Where the choice goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountTarget {
    /// The place in the configuration.
    pub path: DotPath,
    /// How it is written.
    pub encoding: Encoding,
    /// How many must or may be chosen.
    #[serde(default)]
    pub selection: Selection,
    /// What an empty choice means, when it is allowed: "all ad accounts this sign-in can see".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub empty_means: String,
}

/// How chosen ids are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Encoding {
    /// `["1", "2"]`.
    ArrayString,
    /// `[1, 2]`.
    ArrayInt,
    /// `"1,2"`.
    CommaString,
    /// `"1"`.
    Single,
    /// A list of objects; `{id}` and `{label}` are filled in texts of this one.
    Objects(Value),
}

/// How many accounts are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Exactly one.
    One,
    /// One, or none.
    OneOrNone,
    /// One or more.
    #[default]
    Some,
    /// Any number.
    Any,
}

impl Selection {
    /// Whether several may be chosen.
    pub const fn is_multi(self) -> bool {
        matches!(self, Self::Some | Self::Any)
    }

    /// Whether none may be chosen.
    pub const fn may_be_empty(self) -> bool {
        matches!(self, Self::OneOrNone | Self::Any)
    }
}
