//! What an import does to a connector that is there already, built in or of the operator: it adds, and takes nothing away. Finalised
//! connections go on with what they were made for.

use serde_json::Value;

use crate::connectors::provider::ProviderBlock;
use crate::connectors::{ConnectorFile, RuntimeBlock};
use crate::schema::spec::Spec;

/// An imported connector as it is written, and what was kept of the one before, in words for the operator.
#[derive(Debug, Clone)]
pub struct Addition {
    /// The file.
    pub file: ConnectorFile,
    /// What was kept.
    pub kept: Vec<String>,
}

/// Puts an imported connector onto the one of the same kind and short name that is there; `None`: that one stays as it is.
///
/// A specification without a program goes only onto a connector that nothing here runs, and whose way to sign in fits it, too: what is
/// built in asks, reads and signs in by the names of its own specification. A program that the operator installed keeps running.
pub fn onto(there: &ConnectorFile, imported: ConnectorFile) -> Option<Addition> {
    let mut kept = Vec::new();
    let runs_by_own = matches!(
        there.runtime,
        Some(RuntimeBlock::Postgres(_) | RuntimeBlock::S3(_) | RuntimeBlock::Http(_) | RuntimeBlock::Dlt(_))
    );
    let brings_program = imported.runtime.is_some();
    if runs_by_own && !brings_program {
        return None;
    }
    let spec = imported.spec;
    let oauth = match (&imported.oauth, &there.oauth) {
        (Some(_), _) | (None, None) => imported.oauth,
        (None, Some(block)) => match unfit(block, &spec) {
            None => {
                kept.push("signing in with the provider".to_owned());
                there.oauth.clone()
            }
            // Grants that are alive would not be renewed any more.
            Some(_) if !brings_program => return None,
            Some(problems) => {
                kept.push(format!("not signing in with the provider: {problems}"));
                None
            }
        },
    };
    let guide = kept_text("guide", &there.guide, imported.guide, &mut kept);
    if there.runtime.is_some() && !brings_program {
        kept.push("how it is run".to_owned());
    }
    let unsorted = there.category == "Other";
    let file = ConnectorFile {
        category: if unsorted { imported.category } else { there.category.clone() },
        mark: there.mark.clone(),
        name: there.name.clone(),
        summary: kept_text("summary", &there.summary, imported.summary, &mut kept),
        system: if there.system.is_empty() { imported.system } else { there.system.clone() },
        documentation_url: if there.documentation_url.is_empty() {
            imported.documentation_url
        } else {
            there.documentation_url.clone()
        },
        runtime: imported.runtime.or_else(|| there.runtime.clone()),
        registry: match (imported.registry, there.registry.clone()) {
            (Some(new), Some(old)) => Some(new.or(old)),
            (new, old) => new.or(old),
        },
        streams: if imported.streams.is_empty() { there.streams.clone() } else { imported.streams },
        // It is of the questions that are gone now.
        mapping: imported.mapping,
        installed: imported.installed,
        slug: imported.slug,
        kind: imported.kind,
        guide,
        spec,
        oauth,
    };
    Some(Addition { file, kept }).filter(|addition| !is_same(there, &addition.file))
}

/// The text that is there, where there is one; that it was kept is said when another came.
fn kept_text(what: &str, there: &str, imported: String, kept: &mut Vec<String>) -> String {
    if there.is_empty() {
        return imported;
    }
    if there != imported {
        kept.push(what.to_owned());
    }
    there.to_owned()
}

/// Why a way to sign in does not go with a specification; `None` when it does.
fn unfit(block: &ProviderBlock, spec: &Value) -> Option<String> {
    let problems = Spec::compile(spec).map(|spec| block.problems(&spec)).unwrap_or_default();
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn is_same(there: &ConnectorFile, file: &ConnectorFile) -> bool {
    serde_json::to_value(there).ok() == serde_json::to_value(file).ok()
}
