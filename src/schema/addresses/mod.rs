//! Where a configuration leads: every value in it that says which system is talked to.
//!
//! Why: hosts are judged before a program may connect to them, and a stored secret goes only to the address it was given for. Both must
//! mean the same values by "address", so there is one reading of a configuration.
//!
//! Invariants: pure, nothing is looked up; a configuration is read by the names of its settings and the form of its texts, because the
//! specifications of connectors do not mark addresses. What is doubtful counts as an address: then a host is looked up in vain, or a
//! password is asked for once more than needed.

mod hosts;
mod keys;

use std::collections::BTreeMap;

use serde_json::Value;

pub use hosts::Host;
use keys::Manner;

use crate::base::forms::FieldPath;

/// One value that says where a configuration leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Where it stands.
    pub path: FieldPath,
    /// Where it leads, to be compared: the value as text; of a thing's address only the hosts, since the rest says which thing it is.
    pub leads_to: String,
    /// The hosts it names; none for a port.
    pub hosts: Vec<Host>,
}

/// Every address of a configuration, in its order.
#[must_use]
pub fn addresses(config: &Value) -> Vec<Address> {
    let mut found = Vec::new();
    walk(&FieldPath::root(), NamedSetting { key: "", manner: Manner::Other }, config, &mut found);
    found
}

/// Whether the second configuration leads anywhere the first does not: an address is new, or another one. One that is merely gone leads
/// nowhere.
#[must_use]
pub fn leads_elsewhere(before: &Value, after: &Value) -> bool {
    let known: BTreeMap<FieldPath, String> =
        addresses(before).into_iter().map(|address| (address.path, address.leads_to)).collect();
    addresses(after).iter().any(|address| known.get(&address.path) != Some(&address.leads_to))
}

/// Whether the setting at this place is called like an address, whatever its value is.
#[must_use]
pub fn is_called_address(path: &FieldPath) -> bool {
    path.segments()
        .filter(|segment| segment.parse::<usize>().is_err())
        .last()
        .is_some_and(|key| Manner::of(&key) != Manner::Other)
}

/// The nearest setting with a name; the items of a list are read like the list.
#[derive(Clone, Copy)]
struct NamedSetting<'a> {
    key: &'a str,
    manner: Manner,
}

fn walk(path: &FieldPath, setting: NamedSetting<'_>, value: &Value, found: &mut Vec<Address>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let manner = Manner::of(name).or_inside(setting.manner);
                walk(&path.child(name), NamedSetting { key: name, manner }, inner, found);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                walk(&path.index(index), setting, inner, found);
            }
        }
        Value::Number(number) if setting.manner == Manner::Port => {
            found.push(Address { path: path.clone(), leads_to: number.to_string(), hosts: Vec::new() });
        }
        Value::String(text) => found.extend(of_text(path, setting, text.trim())),
        _ => {}
    }
}

fn of_text(path: &FieldPath, NamedSetting { key, manner }: NamedSetting<'_>, text: &str) -> Option<Address> {
    let is_mail = text.contains('@') && !text.contains("://") && keys::is_of_mail(key);
    if text.is_empty() || is_mail {
        return None;
    }
    let hosts = hosts::named_in(manner, text);
    let leads_to = match manner {
        Manner::Other | Manner::Thing if hosts.is_empty() => return None,
        Manner::Other | Manner::Thing => {
            let mut names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
            names.sort_unstable();
            names.join(" ")
        }
        _ => text.to_owned(),
    };
    Some(Address { path: path.clone(), leads_to, hosts })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_that_is_new_or_another_leads_elsewhere() {
        let before = json!({"host": "db.example.com", "port": 5432, "user": "ana", "servers": ["a:1", "b:1"], "note": "n", "sheet": "https://docs.example/d/1",
                            "endpoints": [{"name": "orders", "path": "/v1/orders"}], "tunnel": {"tunnel_method": "none"}});
        let put = |pointer: &str, value: Value| {
            let mut after = before.clone();
            *after.pointer_mut(pointer).unwrap() = value;
            leads_elsewhere(&before, &after)
        };
        for (pointer, value, due) in [
            ("/host", json!("evil.example"), true),
            ("/host", json!(" db.example.com "), false),
            ("/host", Value::Null, false),
            ("/port", json!(5433), true),
            ("/port", json!("5432"), false),
            ("/user", json!("joe"), false),
            ("/servers", json!(["a:1", "evil.example:1"]), true),
            ("/servers", json!(["a:1"]), false),
            ("/note", json!("see https://evil.example/x"), true),
            ("/note", json!("other words"), false),
            ("/sheet", json!("https://docs.example/d/2"), false),
            ("/sheet", json!("https://evil.example/d/1"), true),
            ("/endpoints/0/path", json!("/v2/orders"), false),
            ("/endpoints/0/path", json!("https://evil.example/orders"), true),
            ("/tunnel", json!({"tunnel_method": "SSH", "tunnel_host": "evil.example"}), true),
        ] {
            assert_eq!(put(pointer, value.clone()), due, "{pointer} {value}");
        }
        assert!(leads_elsewhere(&json!({"password": "p"}), &json!({"host": "h"})), "nobody had said where");
    }

    #[test]
    fn secret_addresses_are_known_by_their_name() {
        let called = |path: &str| is_called_address(&FieldPath::parse(path).unwrap());
        assert!(called("/connection_string") && called("/auth/server_url") && called("/hosts/0"));
        assert!(!called("/password") && !called("/hosts/0/password"));
    }
}
