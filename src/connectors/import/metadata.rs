//! What an entry of a registry has beside its specification (`connectorSubtype`, `allowedHosts`, `suggestedStreams`, `remoteRegistries`,
//! `dockerRepository`, as Airbyte's registry publishes them). Pictures are not taken over: they are marks of others, and addresses of
//! files elsewhere.

use serde_json::Value;

use crate::connectors::RegistryBlock;

/// The most hosts or streams that are taken over.
const MOST: usize = 200;

/// The group of the catalogue.
pub(super) fn category(entry: &Value) -> Option<&'static str> {
    let kind = ["connectorSubtype", "sourceType"].iter().find_map(|key| entry.get(*key)?.as_str())?;
    match kind {
        "database" => Some("Database"),
        "file" => Some("Files"),
        _ => None,
    }
}

/// One sentence, when there is one.
pub(super) fn summary(entry: &Value) -> String {
    let text = entry.get("description").and_then(Value::as_str).unwrap_or_default().trim();
    if text.len() <= 200 && !text.contains('\n') { text.to_owned() } else { String::new() }
}

/// The rest; `None` when the entry says nothing of it.
pub(super) fn registry(entry: &Value) -> Option<RegistryBlock> {
    let pypi = entry.pointer("/remoteRegistries/pypi");
    let package = pypi
        .filter(|pypi| pypi.get("enabled") != Some(&Value::Bool(false)))
        .and_then(|pypi| pypi.get("packageName")?.as_str())
        .filter(|name| is_package(name));
    let part = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| is_image_part(text));
    let image = part("dockerRepository").map(|name| match part("dockerImageTag") {
        Some(tag) => format!("{name}:{tag}"),
        None => name.to_owned(),
    });
    let block = RegistryBlock {
        package: package.map(str::to_owned),
        image,
        allowed_hosts: texts(entry.pointer("/allowedHosts/hosts")),
        suggested_streams: texts(entry.pointer("/suggestedStreams/streams")),
    };
    (block != RegistryBlock::default()).then_some(block)
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts =
        list.iter().filter_map(Value::as_str).map(str::trim).filter(|text| !text.is_empty() && text.len() <= 200);
    texts.take(MOST).map(str::to_owned).collect()
}

/// Names of packages (Python packaging specifications, "Names and normalization"): what stands in a command that somebody copies.
fn is_package(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_image_part(text: &str) -> bool {
    text.len() <= 200
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_says_where_its_program_is_and_what_it_talks_to() {
        let entry = json!({
            "name": "Shop", "dockerRepository": "maker/source-shop", "dockerImageTag": "1.2.3", "sourceType": "database",
            "description": "Orders and customers.",
            "allowedHosts": {"hosts": ["api.shop.example", "${host}", " ", 7]}, "suggestedStreams": {"streams": ["orders"]},
            "remoteRegistries": {"pypi": {"enabled": true, "packageName": "airbyte-source-shop"}},
        });
        let block = registry(&entry).unwrap();
        assert_eq!(block.package.as_deref(), Some("airbyte-source-shop"));
        assert_eq!(block.image.as_deref(), Some("maker/source-shop:1.2.3"));
        assert_eq!(block.allowed_hosts, ["api.shop.example", "${host}"]);
        assert_eq!(block.suggested_streams, ["orders"]);
        assert_eq!((category(&entry), summary(&entry).as_str()), (Some("Database"), "Orders and customers."));
    }

    #[test]
    fn nothing_that_could_be_a_command_is_taken_for_a_name() {
        for name in ["airbyte-source-shop; rm -rf ~", "-e .", "$(id)", "", "a b"] {
            let entry = json!({"remoteRegistries": {"pypi": {"packageName": name}}, "dockerRepository": name});
            assert_eq!(registry(&entry), None, "{name}");
        }
        let off = json!({"remoteRegistries": {"pypi": {"enabled": false, "packageName": "airbyte-source-shop"}}});
        assert_eq!(registry(&off), None);
    }
}
