//! What is asked before anybody leaves for the provider. These values stand in addresses that the client secret is sent to, so they are
//! single labels or come from a list.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DotPath;

/// One question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputRule {
    /// Name of the slot.
    pub name: String,
    /// What people are asked.
    pub label: String,
    /// A sentence of help.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// What may be answered.
    pub kind: InputKind,
    /// Where the answer goes in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<DotPath>,
}

/// What may be answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum InputKind {
    /// One label of a host: letters, digits and dashes. People paste whole addresses, so `https://` before and `suffix` behind it are
    /// dropped.
    Label {
        /// What follows the label in the host: `.myshopify.com`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        suffix: String,
        /// Whether the configuration gets the suffix too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keep_suffix: bool,
    },
    /// One of these; the first is offered first.
    Choice(Vec<InputOption>),
}

/// One possible answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputOption {
    /// What is sent with the form, and stands in the slot.
    pub value: String,
    /// What people read.
    pub label: String,
    /// What the configuration gets; without it the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
}

/// Answers that were judged: nothing in them can lead to another host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs(BTreeMap<String, String>);

/// What is wrong with an answer, with a sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputProblem {
    /// The input's name.
    pub name: String,
    /// The sentence.
    pub sentence: String,
}

impl Inputs {
    /// Judges what was answered; `given` looks an input's text up by name.
    ///
    /// # Errors
    /// One problem for every answer that cannot be taken.
    pub fn read<'a>(rules: &[InputRule], given: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Vec<InputProblem>> {
        let (mut answers, mut problems) = (BTreeMap::new(), Vec::new());
        for rule in rules {
            match rule.judge(given(&rule.name).unwrap_or_default().trim()) {
                Ok(answer) => {
                    answers.insert(rule.name.clone(), answer);
                }
                Err(sentence) => problems.push(InputProblem { name: rule.name.clone(), sentence }),
            }
        }
        if problems.is_empty() { Ok(Self(answers)) } else { Err(problems) }
    }

    /// The answer of an input, as it stands in addresses.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and answers.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, answer)| (name.as_str(), answer.as_str()))
    }
}

impl InputRule {
    fn judge(&self, given: &str) -> Result<String, String> {
        match &self.kind {
            InputKind::Label { suffix, .. } => label(given, suffix).ok_or_else(|| {
                format!("{} must be one name of letters, digits and dashes, like acme-corp{suffix}", self.label)
            }),
            InputKind::Choice(options) => {
                let known = options.iter().find(|option| option.value == given);
                known
                    .map(|option| option.value.clone())
                    .ok_or_else(|| format!("{}: choose one of the list", self.label))
            }
        }
    }

    /// What the configuration gets for an answer.
    pub fn config_value(&self, answer: &str) -> Value {
        match &self.kind {
            InputKind::Label { suffix, keep_suffix: true } => Value::String(format!("{answer}{suffix}")),
            InputKind::Label { .. } => Value::String(answer.to_owned()),
            InputKind::Choice(options) => {
                let config =
                    options.iter().find(|option| option.value == answer).and_then(|option| option.config.clone());
                config.unwrap_or_else(|| Value::String(answer.to_owned()))
            }
        }
    }
}

/// A label of a host (RFC 1123), out of what people paste.
fn label(given: &str, suffix: &str) -> Option<String> {
    let lower = given.to_ascii_lowercase();
    let bare = lower.strip_prefix("https://").unwrap_or(&lower);
    let bare = bare.split('/').next().unwrap_or_default();
    let bare =
        Some(suffix).filter(|suffix| !suffix.is_empty()).and_then(|suffix| bare.strip_suffix(suffix)).unwrap_or(bare);
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits =
        (1..=63).contains(&bare.len()) && bare.chars().all(letter) && !bare.starts_with('-') && !bare.ends_with('-');
    fits.then(|| bare.to_owned())
}
