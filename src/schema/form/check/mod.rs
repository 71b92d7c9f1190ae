//! Tries a spec out: every branch of every choice is filled in, read back, merged, completed, judged by the schema
//! and written out again.
//!
//! Why: specs come from many hands and change. Whoever adds one can see before anybody else does whether its form
//! carries it.

mod fill;
mod sample;

use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Audience, FinalConfig, KnownValues, Strictness, Values, complete, decode, encode, view};
use crate::base::forms::{FormState, RawForm};
use crate::schema::spec::Spec;
use fill::{FillPlan, Filled, fill, plans};

/// What a trial found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SpecCheck {
    /// How many ways to fill in the form were tried: one for each branch of each choice at each depth, and one more.
    pub variants: usize,
    /// Questions on the empty page.
    pub fields: usize,
    /// The size of the empty page's form.
    pub html_bytes: usize,
    /// What the form cannot carry or did not carry back, in sentences; empty for a healthy spec.
    pub findings: Vec<String>,
}

/// Tries the spec out.
#[must_use]
pub fn check_spec(spec: &Spec) -> SpecCheck {
    let empty = view(spec, &KnownValues::default(), &FormState::empty(), &Audience::Owner);
    let mut check = SpecCheck { fields: empty.counts().fields, html_bytes: empty.html().len(), ..SpecCheck::default() };
    for note in spec.notes() {
        check.find(format!(
            "{}: {}",
            if note.path.as_str().is_empty() { "/" } else { note.path.as_str() },
            note.reason
        ));
    }
    let controls = empty.html().matches(" name=\"").count();
    if controls > RawForm::MAX_PAIRS {
        check.find(format!("the empty form has {controls} controls, more than one submission may carry"));
    }
    for plan in plans(spec) {
        check.variants += 1;
        let trial = Trial { spec, filled: fill(spec, &plan), name: plan.words() };
        if let Err(finding) = trial.run() {
            check.find(format!("{}: {finding}", trial.name));
        }
    }
    check
}

/// A whole configuration that the spec takes, every choice at its default; None when none was found.
#[must_use]
pub fn sample_config(spec: &Spec) -> Option<Value> {
    let filled = fill(spec, &FillPlan::default());
    let raw = RawForm::from_pairs(filled.pairs);
    let decoded = decode(spec, &raw, &KnownValues::default(), Strictness::Final, &Audience::Owner);
    let mut values = Values::default();
    decoded.submission.merge_into(spec, &mut values);
    complete(spec, &values).config.map(FinalConfig::into_exposed)
}

impl SpecCheck {
    fn find(&mut self, finding: String) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

struct Trial<'a> {
    spec: &'a Spec,
    filled: Filled,
    name: String,
}

impl Trial<'_> {
    fn run(&self) -> Result<(), String> {
        let raw = RawForm::from_pairs(self.filled.pairs.clone());
        let decoded = decode(self.spec, &raw, &KnownValues::default(), Strictness::Final, &Audience::Owner);
        let page = view(self.spec, &KnownValues::default(), &decoded.state, &Audience::Owner);
        self.keeps_secrets(page.html())?;
        if let Some(error) = decoded.errors.first() {
            return Err(format!("the filled form is refused: {}", error.sentence()));
        }
        let mut values = Values::default();
        decoded.submission.merge_into(self.spec, &mut values);
        self.completes(&values)?;
        self.comes_back(&values)
    }

    fn completes(&self, values: &Values) -> Result<(), String> {
        let completion = complete(self.spec, values);
        if let Some(missing) = completion.missing.first() {
            return Err(format!("{} is missing although everything was filled in", missing.path.dot()));
        }
        if let Some(problem) = completion.problems.first() {
            return Err(problem.sentence());
        }
        completion.disagreement.map_or(Ok(()), |disagreement| {
            Err(format!("the schema refuses the finished configuration: {disagreement}"))
        })
    }

    /// The values as a form, read again, are the values: on a draft that has them, and on an empty one.
    fn comes_back(&self, values: &Values) -> Result<(), String> {
        for (known, mut draft) in
            [(KnownValues::of(values), values.clone()), (KnownValues::default(), Values::default())]
        {
            let raw = RawForm::from_pairs(encode(self.spec, values));
            let decoded = decode(self.spec, &raw, &known, Strictness::Final, &Audience::Owner);
            if let Some(error) = decoded.errors.first() {
                return Err(format!("its own values are refused: {}", error.sentence()));
            }
            decoded.submission.merge_into(self.spec, &mut draft);
            if !same(&draft, values) {
                return Err("the values do not come back as they were".to_owned());
            }
            let audience = Audience::Recipient { workspace: "Somebody".to_owned(), asks: None };
            self.keeps_secrets(view(self.spec, &KnownValues::of(values), &decoded.state, &audience).html())?;
        }
        Ok(())
    }

    fn keeps_secrets(&self, html: &str) -> Result<(), String> {
        let shown = self.filled.secrets.iter().any(|secret| html.contains(secret));
        if shown { Err("a secret is shown on the page".to_owned()) } else { Ok(()) }
    }
}

fn same(left: &Values, right: &Values) -> bool {
    let secrets = |values: &Values| {
        values
            .secrets
            .iter()
            .map(|(path, secret)| (path.clone(), secret.expose_secret().to_owned()))
            .collect::<Vec<_>>()
    };
    left.plain == right.plain && secrets(left) == secrets(right)
}
