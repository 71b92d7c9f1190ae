//! `connectors check-specs`: every specification is compiled, shown as a form, filled in with every choice made in every way, sent
//! back and completed; what does not come through is reported.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::{ExitResult, out};
use crate::connectors::import::{FoundSpec, Unreadable, read_path};
use crate::schema::form::check_spec;
use crate::schema::spec::Spec;

#[derive(clap::Args)]
pub(super) struct CheckSpecsArgs {
    /// A file or a folder, as `connectors import` takes them
    path: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What came of one specification.
struct CheckedSpec {
    origin: String,
    name: String,
    fields: usize,
    variants: usize,
    findings: Vec<String>,
    readable: bool,
}

pub(super) fn run(args: &CheckSpecsArgs) -> ExitResult {
    let mut all = Vec::new();
    for found in read_path(&args.path) {
        let checked = match found {
            Ok(spec) => check(&spec),
            Err(unreadable) => unread(unreadable),
        };
        if !args.json {
            print(&checked);
        }
        all.push(checked);
    }
    let total = Total::of(&all);
    if args.json {
        let specs: Vec<Value> = all.iter().map(CheckedSpec::as_json).collect();
        out::line(format_args!("{:#}", json!({ "specs": specs, "total": total.as_json() })));
    } else {
        out::line(total.in_words());
    }
    Ok(if total.carried == total.specs && total.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(found: &FoundSpec) -> CheckedSpec {
    let kind = found.kind.map(|kind| format!("{}-", kind.as_str())).unwrap_or_default();
    let mut checked = CheckedSpec {
        origin: found.origin.clone(),
        name: format!("{kind}{}", found.slug),
        fields: 0,
        variants: 0,
        findings: Vec::new(),
        readable: true,
    };
    match Spec::compile(&found.schema) {
        Ok(spec) => {
            let result = check_spec(&spec);
            checked.fields = result.fields;
            checked.variants = result.variants;
            checked.findings = result.findings.iter().map(ToString::to_string).collect();
            let block = found.own.as_ref().and_then(|own| own.oauth.as_ref());
            checked.findings.extend(block.map(|block| block.problems(&spec)).unwrap_or_default());
        }
        Err(error) => checked.findings.push(error.to_string()),
    }
    checked
}

fn unread(unreadable: Unreadable) -> CheckedSpec {
    CheckedSpec {
        name: unreadable.origin.clone(),
        origin: unreadable.origin,
        fields: 0,
        variants: 0,
        findings: vec![unreadable.reason],
        readable: false,
    }
}

fn print(checked: &CheckedSpec) {
    let verdict = match (checked.readable, checked.findings.len()) {
        (false, _) => "cannot be read".to_owned(),
        (true, 0) => "carried".to_owned(),
        (true, count) => format!("NOT carried: {}", out::count(count, "finding", "findings")),
    };
    let (fields, variants) =
        (out::count(checked.fields, "field", "fields"), out::count(checked.variants, "variant", "variants"));
    out::line(format_args!("{:<48} {fields}, {variants}, {verdict}", checked.name));
    checked.findings.iter().for_each(|finding| out::line(format_args!("    {finding}")));
}

impl CheckedSpec {
    fn as_json(&self) -> Value {
        json!({
            "origin": self.origin,
            "name": self.name,
            "readable": self.readable,
            "fields": self.fields,
            "variants": self.variants,
            "findings": self.findings,
        })
    }
}

struct Total {
    specs: usize,
    carried: usize,
    variants: usize,
    unreadable: usize,
}

impl Total {
    fn of(all: &[CheckedSpec]) -> Self {
        let specs = || all.iter().filter(|one| one.readable);
        Self {
            specs: specs().count(),
            carried: specs().filter(|one| one.findings.is_empty()).count(),
            variants: specs().map(|one| one.variants).sum(),
            unreadable: all.iter().filter(|one| !one.readable).count(),
        }
    }

    fn in_words(&self) -> String {
        format!(
            "{} checked with {}: {} carried, {} not; {} could not be read.",
            out::count(self.specs, "specification", "specifications"),
            out::count(self.variants, "variant", "variants"),
            self.carried,
            self.specs - self.carried,
            out::count(self.unreadable, "entry", "entries"),
        )
    }

    fn as_json(&self) -> Value {
        json!({
            "specs": self.specs,
            "carried": self.carried,
            "not_carried": self.specs - self.carried,
            "variants": self.variants,
            "unreadable": self.unreadable,
        })
    }
}
