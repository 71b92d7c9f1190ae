//! What package tools mean when they fail, in words for the operator.

use super::locked::name_of;
use super::{InstallError, PythonRange, WantedEnvironment};

/// What the tools write where there is no way to the index.
const UNREACHABLE: [&str; 9] = [
    "NewConnectionError",
    "NameResolutionError",
    "Temporary failure in name resolution",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Network is unreachable",
    "error sending request",
    "dns error",
];

/// `python -m venv` failed.
pub(super) fn of_environment(version: &str, said: &str) -> InstallError {
    let minor = version.split('.').take(2).collect::<Vec<_>>().join(".");
    let message = if said.contains("ensurepip is not available") || said.contains("No module named") {
        format!(
            "Python {version} cannot make environments here: install its part venv (Debian, Ubuntu: apt install python{minor}-venv)."
        )
    } else if is_full(said) {
        no_space()
    } else {
        format!("Python {version} could not make an environment.")
    };
    InstallError::new(message).with_detail(said)
}

/// `uv venv` failed.
pub(super) fn of_uv_python(range: PythonRange, said: &str) -> InstallError {
    let wanted = range.in_words();
    let message = if is_full(said) {
        no_space()
    } else if said.contains("No interpreter found")
        || said.contains("Failed to download")
        || said.contains("error sending request")
    {
        format!(
            "{wanted} is needed, is not installed here, and uv could not fetch it. Install it, or let uv reach the place it fetches from."
        )
    } else {
        format!("uv could not make an environment with {wanted}.")
    };
    InstallError::new(message).with_detail(said)
}

/// The packages could not be installed.
pub(super) fn of_packages(wanted: &WantedEnvironment, version: &str, said: &str) -> InstallError {
    let asked = wanted.requirements.join(", ");
    let first = wanted.requirements.first().map(|requirement| name_of(requirement)).unwrap_or_default();
    let is_there = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
    let message = if is_full(said) {
        no_space()
    } else if let Some(words) = of_hashes(&first, said) {
        words
    } else if is_there(&["403 Client Error", "401 Client Error", "401 Unauthorized", "403 Forbidden"]) {
        "The package index wants other credentials: look at the settings of pip or uv (PIP_INDEX_URL, UV_INDEX_URL)."
            .to_owned()
    } else if is_there(&UNREACHABLE) {
        format!(
            "The package index could not be reached, so {first} was not installed. Behind a proxy set HTTPS_PROXY; for an index of your own set \
             PIP_INDEX_URL (UV_INDEX_URL for uv)."
        )
    } else if is_there(&["CERTIFICATE_VERIFY_FAILED", "SSLError", "invalid peer certificate"]) {
        "The package index shows a certificate that nobody here vouches for. Name its authority in PIP_CERT or SSL_CERT_FILE.".to_owned()
    } else if is_there(&[
        "BadZipFile",
        "is invalid.",
        "is not a valid wheel",
        "has an invalid wheel",
        "Wheel is invalid",
        "IncompleteRead",
        "File is not a zip",
        "invalid Zip",
    ]) {
        format!(
            "What came for {first} is broken, so nothing was installed. Try again; if it comes broken again, ask who runs the package index."
        )
    } else if is_there(&[
        "No matching distribution found",
        "Could not find a version",
        "No solution found",
        "was not found in the package registry",
        "there are no versions of",
    ]) {
        format!(
            "No version of {asked} can be installed with Python {version}: the package index has none that fits, or what it needs does not fit together."
        )
    } else if is_there(&["ResolutionImpossible", "conflicting dependencies"]) {
        format!("What {asked} needs does not fit together with Python {version}.")
    } else if is_there(&[
        "Failed building wheel",
        "metadata-generation-failed",
        "subprocess-exited-with-error",
        "Failed to build",
    ]) {
        format!(
            "A package that {first} needs has to be compiled for Python {version}, and that did not work here. Try another Python of its range with \
             --python, or install a compiler and Python's headers (Debian, Ubuntu: apt install build-essential python3-dev)."
        )
    } else {
        format!("{asked} could not be installed.")
    };
    InstallError::new(message).with_detail(said)
}

/// What came is not what was named.
fn of_hashes(first: &str, said: &str) -> Option<String> {
    if ["DO NOT MATCH THE HASHES", "Hash mismatch", "hash mismatch"].iter().any(|sign| said.contains(sign)) {
        return Some(format!(
            "A file that came for {first} is not the one whose hash is written down, so nothing was installed. Somebody changed it, or the download is broken."
        ));
    }
    said.contains("Hashes are required in --require-hashes mode").then(|| {
        format!(
            "The package index names no hash for something that {first} needs, so nothing was installed: what comes could not be held against anything."
        )
    })
}

fn is_full(said: &str) -> bool {
    ["No space left on device", "os error 28", "Errno 28", "Disk quota exceeded"].iter().any(|sign| said.contains(sign))
}

fn no_space() -> String {
    "The disk of the data folder is full, so nothing was installed. A connector takes 300 to 500 MB.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_fail_has_its_sentence() {
        let wanted = WantedEnvironment {
            name: "source-shop".to_owned(),
            requirements: vec!["airbyte-source-shop>=1,<2".to_owned()],
            python: PythonRange::parse(">=3.10,<3.13").unwrap(),
            python_program: None,
            lock_file: None,
        };
        for (said, sentence) in [
            ("OSError: [Errno 28] No space left on device", "disk of the data folder is full"),
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "whose hash is written down"),
            (
                "ERROR: Hashes are required in --require-hashes mode, but they are missing",
                "names no hash for something",
            ),
            ("Retrying after NewConnectionError\nERROR: No matching distribution found", "index could not be reached"),
            (
                "ERROR: No matching distribution found for airbyte-source-shop",
                "No version of airbyte-source-shop>=1,<2 can be installed with Python 3.11.7",
            ),
            ("ERROR: Wheel 'x' located at y is invalid.", "is broken"),
            ("error: metadata-generation-failed", "has to be compiled"),
            ("anything", "could not be installed"),
        ] {
            let error = of_packages(&wanted, "3.11.7", said);
            assert!(error.message.contains(sentence), "{said}: {error}");
            assert_eq!(error.detail.as_deref(), Some(said));
        }
        assert!(of_environment("3.11.7", "ensurepip is not available").message.contains("apt install python3.11-venv"));
    }
}
