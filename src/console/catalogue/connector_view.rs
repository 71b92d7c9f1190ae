//! What a connector's page says.

use crate::connectors::{Connector, Kind, PackageWay, RuntimeBlock};
use crate::engines::Engines;
use crate::features::catalogue::Capability;
use crate::features::catalogue::installing::InstalledConnector;
use crate::platform::app::App;
use crate::platform::web::urls;

use super::subject::Subject;

/// One thing that can be done with it, or not, and why.
pub(super) struct AbilityRow {
    pub(super) title: &'static str,
    pub(super) does: bool,
    /// Words and commands in turn, words first.
    pub(super) why: Vec<String>,
}

/// What is installed of it.
pub(super) struct InstalledFacts {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: String,
    /// `None`: its environment is gone.
    pub(super) environment: Option<EnvironmentFacts>,
}

/// Where it runs.
pub(super) struct EnvironmentFacts {
    pub(super) reference: String,
    pub(super) megabytes: u64,
    pub(super) python: String,
    pub(super) made_with: String,
    pub(super) packages: usize,
}

/// What would be installed.
pub(super) struct PackageFacts {
    pub(super) what: &'static str,
    pub(super) name: String,
    pub(super) versions: String,
    pub(super) command: String,
}

/// A sentence with commands in backticks, cut at them.
pub(super) fn pieces(sentence: &str) -> Vec<String> {
    sentence.split('`').map(str::to_owned).collect()
}

impl AbilityRow {
    fn yes(title: &'static str, why: &str) -> Self {
        Self { title, does: true, why: vec![why.to_owned()] }
    }

    fn no(title: &'static str, why: &str) -> Self {
        Self { title, does: false, why: pieces(why) }
    }
}

/// Everything that can be done with a connector here, and what helps where it cannot.
pub(super) fn abilities(subject: &Subject, engines: &Engines, has_app: bool) -> Vec<AbilityRow> {
    let Some(connector) = &subject.connector else {
        return vec![AbilityRow::no("Fill in", "It is not in the catalogue until it is installed.")];
    };
    let can = Capability::of(engines, connector, has_app);
    let mut rows = vec![AbilityRow::yes(
        "Fill in",
        "By members here, and by people outside through setup links and invite links.",
    )];
    if let Some(provider) = connector.oauth() {
        rows.push(if can.sign_in {
            let why = format!("People outside can sign in with {} instead of pasting keys.", provider.name);
            AbilityRow::yes("Sign in", &why)
        } else {
            let why = format!(
                "No OAuth app for {} is set, so keys are pasted. Admins set one in the settings.",
                provider.name
            );
            AbilityRow::no("Sign in", &why)
        });
    }
    let helps = format!("The operator can {}.", connector.how_to_install());
    rows.push(if can.check {
        AbilityRow::yes("Check", "The real system is asked whether the details work.")
    } else {
        AbilityRow::no(
            "Check",
            &format!("Nothing installed here can ask it, so finalising needs no validation. {helps}"),
        )
    });
    match subject.kind {
        Kind::Source if can.read => {
            rows.push(AbilityRow::yes("Read", "Its streams are found and its records are extracted here."));
        }
        Kind::Source if can.check => {
            rows.push(AbilityRow::no("Read", &format!("What is there only checks details. {helps}")));
        }
        Kind::Source => rows.push(AbilityRow::no("Read", &format!("Nothing installed here can read it. {helps}"))),
        Kind::Destination if can.write => {
            rows.push(AbilityRow::yes("Write", "Records of sources can be written to it."));
        }
        Kind::Destination => rows.push(AbilityRow::no("Write", &no_loader(connector))),
    }
    rows.push(AbilityRow::yes("Hand off", "The details can be handed to an engine of your own."));
    rows
}

fn no_loader(connector: &Connector) -> String {
    match connector.how_to_load() {
        Some(how) => format!("Nothing installed here writes to it. The operator can {how}."),
        None => "There is no loader for it, so records of sources cannot go there from here.".to_owned(),
    }
}

/// Where the connector that is used comes from.
pub(super) fn origin(subject: &Subject) -> &'static str {
    match &subject.connector {
        None => "The table of packages that this version ships; nothing of it is here yet",
        Some(connector) if connector.file.installed.is_some() => "Installed on this server",
        Some(connector) if connector.is_custom => "The operator's folder of connector files",
        Some(_) => "Built into this version",
    }
}

/// A file of the operator's own stands before what is installed.
pub(super) fn is_overridden(subject: &Subject) -> bool {
    let own =
        subject.connector.as_ref().is_some_and(|connector| connector.is_custom && connector.file.installed.is_none());
    own && subject.installed.is_some()
}

impl InstalledFacts {
    pub(super) fn of(one: &InstalledConnector) -> Self {
        let environment = one.environment.as_ref().map(|environment| EnvironmentFacts {
            reference: environment.reference(),
            megabytes: environment.record.bytes.div_ceil(1_000_000),
            python: environment.record.python.clone(),
            made_with: environment.record.made_with.clone(),
            packages: environment.record.packages.len(),
        });
        Self {
            name: one.block.name.clone(),
            version: one.block.version.clone(),
            licence: one.block.licence.clone(),
            environment,
        }
    }
}

impl PackageFacts {
    /// What the table has for it.
    pub(super) fn of(subject: &Subject) -> Option<Self> {
        let row = subject.package?;
        let (what, name, versions) = match &row.way {
            PackageWay::Python(package) => ("Python package", package.package.clone(), package.versions.clone()),
            PackageWay::Loader { package, .. } => ("The loader dlt", package.package.clone(), package.versions.clone()),
            PackageWay::Manifest { url, version } => ("Manifest", url.clone(), version.clone()),
            PackageWay::Image(image) => ("Container image", image.clone(), String::new()),
        };
        let command = match &row.way {
            PackageWay::Image(image) => format!(
                "vestibule connectors import --image {image} --kind {} --slug {} --force",
                row.kind.as_str(),
                row.slug
            ),
            PackageWay::Python(_) | PackageWay::Manifest { .. } | PackageWay::Loader { .. } => {
                format!("vestibule connectors install {}", row.name)
            }
        };
        Some(Self { what, name, versions, command })
    }
}

/// What the operator has set, or the table, about what it may use.
pub(super) fn limits(subject: &Subject) -> Vec<String> {
    let of_file = subject.connector.as_ref().and_then(|connector| match &connector.file.runtime {
        Some(RuntimeBlock::Airbyte(block)) => block.limits.clone(),
        Some(RuntimeBlock::Dlt(block)) => block.limits.clone(),
        _ => None,
    });
    let Some(limits) = of_file else { return Vec::new() };
    let named = serde_json::to_value(&limits).unwrap_or_default();
    let named = named.as_object().into_iter().flatten();
    named.filter(|(_, number)| number.is_number()).map(|(name, number)| format!("{name} = {number}")).collect()
}

/// Streams its maker advises to take.
pub(super) fn advised(subject: &Subject) -> Vec<String> {
    let of_file = subject.connector.as_ref().and_then(|connector| connector.file.registry.as_ref());
    let of_file = of_file.map(|registry| registry.suggested_streams.clone()).filter(|streams| !streams.is_empty());
    of_file.or_else(|| subject.package.map(|row| row.suggested_streams.clone())).unwrap_or_default()
}

/// Whether what the page names can be begun with: a form, an invite link.
pub(super) fn begin_urls(app: &App, subject: &Subject) -> Option<(String, String)> {
    app.connectors.find(subject.kind, &subject.slug)?;
    Some((urls::new_connection_of(subject.kind, &subject.slug), urls::NEW_INVITE_LINK.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn commands_stand_at_every_second_place() {
        assert_eq!(
            pieces("The operator can type `a b`, or `c`."),
            ["The operator can type ", "a b", ", or ", "c", "."]
        );
        assert_eq!(pieces("Nothing."), ["Nothing."]);
    }
}
