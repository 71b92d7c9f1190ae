//! The licence of a connector, shown before it is installed and agreed to by a person.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::cli::{Unfit, out};
use crate::connectors::{InstallablePackage, PackageWay, PythonPackage};

/// Shows what would be installed under which licence, and asks; an option may have answered already.
pub(super) fn agree(package: &InstallablePackage, runner: &PythonPackage, is_agreed: bool) -> anyhow::Result<()> {
    out::line(format_args!("{} ({})", package.title, package.name));
    let (what, maker) = match &package.way {
        PackageWay::Python(python) => (format!("the Python package {} ({})", python.package, python.versions), ""),
        PackageWay::Manifest { url, .. } => (
            format!("the manifest {url}, run by the Python package {} ({})", runner.package, runner.versions),
            ", of the manifest",
        ),
        PackageWay::Image(image) => (format!("the container image {image}"), ""),
        PackageWay::Loader { package, .. } => {
            (format!("the loader dlt, the Python package {} ({})", package.package, package.versions), ", of dlt")
        }
    };
    out::line(format_args!(
        "    installs: {what}, for this installation alone; it comes from its maker, not from Vestibule"
    ));
    out::line(format_args!("    licence{maker}: {}", in_words(&package.licence)));
    out::line(format_args!("    documentation: {}", package.documentation_url));
    if is_agreed {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Unfit(format!("read the licence of {} and say --accept-licence", package.name)).into());
    }
    let _ = write!(std::io::stdout().lock(), "Do you agree to the licence? Type yes: ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        Ok(())
    } else {
        Err(Unfit("nothing was installed, because the licence was not agreed to".to_owned()).into())
    }
}

/// The licence, and what kind it is.
fn in_words(licence: &str) -> String {
    match licence {
        "ELv2" => "ELv2, the Elastic License 2.0 (https://www.elastic.co/licensing/elastic-license): you may use and change it, and may not offer it to others as a service".to_owned(),
        "MIT" => "MIT, a free licence (https://opensource.org/license/mit)".to_owned(),
        "Apache-2.0" => "Apache-2.0, a free licence (https://www.apache.org/licenses/LICENSE-2.0)".to_owned(),
        "" => "not known here (ask its maker what it allows)".to_owned(),
        other => format!("{other} (ask its maker what it allows)"),
    }
}
