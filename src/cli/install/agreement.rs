//! The licence of a connector, shown before it is installed and agreed to by a person.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use crate::cli::{Unfit, out};
use crate::connectors::{InstallablePackage, PackageWay, PythonPackage};
use crate::features::catalogue::installing::{LicenceWords, licence_words};

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
    let LicenceWords { name, title, url, means } = licence_words(licence);
    match (title, means) {
        ("", means) => format!("{name} ({means})"),
        (title, "") => format!("{name}, {title} ({url})"),
        (title, means) => format!("{name}, {title} ({url}): {means}"),
    }
}
