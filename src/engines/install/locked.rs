//! What was really installed: names, versions, hashes; read from what the tools say, and written in the form they read.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A package of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockedPackage {
    /// Its name, as package indexes write it: small letters, dashes.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Hashes of the files it may come from: `sha256:…`.
    pub hashes: Vec<String>,
}

/// The name of a package in the one form that all its spellings have.
pub(super) fn normal_name(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// The package that a requirement asks for: `airbyte-source-faker` of `airbyte-source-faker>=7.2,<8`.
pub(super) fn name_of(requirement: &str) -> String {
    let end = requirement.find(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)));
    normal_name(requirement.get(..end.unwrap_or(requirement.len())).unwrap_or_default())
}

/// From the report of pip.
pub(super) fn of_report(report: &Value) -> Vec<LockedPackage> {
    let all = report.get("install").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |entry: &Value| {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let hashes = entry.pointer("/download_info/archive_info/hashes").and_then(Value::as_object);
        let hashes = hashes.into_iter().flatten();
        Some(LockedPackage {
            name: normal_name(text("/metadata/name")?),
            version: text("/metadata/version")?.to_owned(),
            hashes: hashes.filter_map(|(kind, hash)| Some(format!("{kind}:{}", hash.as_str()?))).collect(),
        })
    };
    sorted(all.iter().filter_map(one).collect())
}

/// From a list in the form that the tools read.
pub(super) fn of_lock(text: &str) -> Vec<LockedPackage> {
    let mut found: Vec<LockedPackage> = Vec::new();
    for line in text.lines() {
        let line = line.trim().trim_end_matches('\\').trim();
        if let Some(hash) = line.strip_prefix("--hash=") {
            found.last_mut().into_iter().for_each(|package| package.hashes.push(hash.trim().to_owned()));
        } else if let Some((name, rest)) = line.split_once("==").filter(|_| !line.starts_with('#')) {
            let version = rest.split([' ', ';']).next().unwrap_or_default().to_owned();
            let hashes = rest.split("--hash=").skip(1).map(|hash| hash.trim().to_owned()).collect();
            found.push(LockedPackage { name: name_of(name), version, hashes });
        }
    }
    sorted(found)
}

fn sorted(mut packages: Vec<LockedPackage>) -> Vec<LockedPackage> {
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    packages.iter_mut().for_each(|package| package.hashes.sort());
    packages
}

/// The list in the form that the tools read.
pub(super) fn lock_text(packages: &[LockedPackage]) -> String {
    let mut text = String::new();
    for package in packages {
        let _ = write!(text, "{}=={}", package.name, package.version);
        for hash in &package.hashes {
            let _ = write!(text, " \\\n    --hash={hash}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let report = json!({"install": [
            {"metadata": {"name": "Zeta_Tool", "version": "2.0"}, "download_info": {"archive_info": {"hashes": {"sha256": "bb"}}}},
            {"metadata": {"name": "alpha", "version": "1.0"}, "download_info": {"archive_info": {"hashes": {"sha256": "aa"}}}},
            {"metadata": {"name": "broken"}},
        ]});
        let packages = of_report(&report);
        assert_eq!(
            lock_text(&packages),
            "alpha==1.0 \\\n    --hash=sha256:aa\nzeta-tool==2.0 \\\n    --hash=sha256:bb\n"
        );
        assert_eq!(of_lock(&lock_text(&packages)), packages);
        let lock = "# made\nalpha==1.0 ; python_version > '3' --hash=sha256:aa --hash=sha256:ab\n";
        assert_eq!(of_lock(lock)[0].hashes, ["sha256:aa", "sha256:ab"]);
        assert_eq!(of_lock(lock)[0].version, "1.0");
    }

    #[test]
    fn a_requirement_names_a_package() {
        for (requirement, name) in
            [("A_b.C>=1,<2", "a-b-c"), ("dlt[duckdb,s3]>=1", "dlt"), ("x @ https://h/x.whl", "x"), ("x", "x")]
        {
            assert_eq!(name_of(requirement), name);
        }
    }
}
