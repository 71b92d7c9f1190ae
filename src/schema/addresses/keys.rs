//! What the name of a setting says about its value.

/// How the value of a setting is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// The name of a machine, or several: `host`, `bootstrap_servers`.
    Host,
    /// A web address, or something like it: `endpoint`, `api_url`.
    Endpoint,
    /// What the connector makes an address of: `subdomain`, `shop`.
    Part,
    /// An address with settings around it: `connection_string`, `jdbc_url_params`.
    Parameters,
    /// `port`.
    Port,
    /// Something the system is asked about, such as `folder_url`, and whatever stands inside of a setting that is called like an address:
    /// an address only when it looks like one.
    Thing,
    /// Anything else.
    Other,
}

const HOST: [&str; 14] = [
    "host",
    "hosts",
    "hostname",
    "hostnames",
    "server",
    "servers",
    "broker",
    "brokers",
    "bootstrap",
    "node",
    "nodes",
    "replica",
    "replicas",
    "ip",
];
const ENDPOINT: [&str; 12] = [
    "endpoint",
    "endpoints",
    "address",
    "addresses",
    "addr",
    "url",
    "urls",
    "uri",
    "uris",
    "proxy",
    "cluster",
    "clusters",
];
const PART: [&str; 14] = [
    "domain",
    "domains",
    "subdomain",
    "subdomains",
    "shop",
    "store",
    "site",
    "sites",
    "tenant",
    "instance",
    "account",
    "realm",
    "datacenter",
    "region",
];
/// What stands before `url` when the address is that of a thing, not of the system.
const THINGS: [&str; 12] = [
    "site",
    "sites",
    "folder",
    "file",
    "page",
    "document",
    "sheet",
    "spreadsheet",
    "start",
    "redirect",
    "profile",
    "channel",
];
/// Names of the settings inside of a text of settings, such as `Data Source=…`.
const SOURCE: &str = "source";
const PARAMETERS: [&str; 6] = ["jdbc", "odbc", "dsn", "connectionstring", "connectionuri", "connectionurl"];

impl Manner {
    /// By the name of a setting, in any of the usual ways to write it.
    pub(super) fn of(key: &str) -> Self {
        let words = words(key);
        let Some(last) = words.last() else { return Self::Other };
        let joined = words.concat();
        if PARAMETERS.iter().any(|word| joined.contains(word)) {
            return Self::Parameters;
        }
        if last == "port" || last == "ports" {
            return Self::Port;
        }
        if last == "center" && joined.ends_with("datacenter") {
            return Self::Part;
        }
        // `host_name`, `server_list`.
        let is_kind = |word: &str| ["name", "names", "list"].contains(&word);
        let noun = if is_kind(last) { words.iter().rev().nth(1) } else { Some(last) };
        let Some(noun) = noun else { return Self::Other };
        if ends(noun, &HOST) {
            Self::Host
        } else if is_kind(last) {
            if PART.contains(&noun.as_str()) { Self::Part } else { Self::Other }
        } else if ends(noun, &ENDPOINT) {
            let before = words.iter().rev().nth(1);
            if before.is_some_and(|word| THINGS.contains(&word.as_str())) { Self::Thing } else { Self::Endpoint }
        } else if PART.contains(&noun.as_str()) || noun.ends_with("domain") {
            Self::Part
        } else {
            Self::Other
        }
    }

    /// By the name of a setting inside of a text of settings.
    pub(super) fn of_parameter(key: &str) -> Self {
        match Self::of(key) {
            Self::Other if words(key).last().is_some_and(|last| last == SOURCE) => Self::Host,
            other => other,
        }
    }

    /// The same for a setting inside of one that is read in the manner `around`.
    pub(super) fn or_inside(self, around: Self) -> Self {
        match (self, around) {
            // What is listed under `endpoints` are pages of one service, and their paths.
            (Self::Other, Self::Host | Self::Thing) => Self::Thing,
            (own, _) => own,
        }
    }
}

/// Whether the setting holds mail addresses.
pub(super) fn is_of_mail(key: &str) -> bool {
    words(key).concat().contains("mail")
}

fn ends(word: &str, known: &[&str]) -> bool {
    // Short ones are words of their own only, so that `membership` and `description` are not hosts.
    known.iter().any(|ending| word == *ending || (ending.len() > 3 && word.ends_with(ending)))
}

/// `bootstrapServers`, `bootstrap_servers` and `Bootstrap-Servers` are two words each.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in key.chars() {
        let begins = letter.is_uppercase() && was_small;
        was_small = letter.is_lowercase() || letter.is_numeric();
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_settings_say_what_they_hold() {
        for (key, due) in [
            ("host", Manner::Host),
            ("tunnelHost", Manner::Host),
            ("dbhost", Manner::Host),
            ("bootstrap_servers", Manner::Host),
            ("host_name", Manner::Host),
            ("s3_endpoint", Manner::Endpoint),
            ("api_url", Manner::Endpoint),
            ("cluster_urls", Manner::Endpoint),
            ("HTTP-PROXY", Manner::Endpoint),
            ("folder_url", Manner::Thing),
            ("subdomain", Manner::Part),
            ("data_center", Manner::Part),
            ("jdbc_url_params", Manner::Parameters),
            ("connection_string", Manner::Parameters),
            ("tunnel_port", Manner::Port),
            ("report", Manner::Other),
            ("max_db_connections", Manner::Other),
            ("server_timezone", Manner::Other),
            ("hostNameInCertificate", Manner::Other),
            ("account_id", Manner::Other),
            ("account_name", Manner::Part),
            ("azure_blob_storage_account_name", Manner::Part),
            ("tenant_name", Manner::Part),
            ("shopName", Manner::Part),
            ("region", Manner::Part),
            ("region_name", Manner::Part),
            ("bucket_name", Manner::Other),
            ("user_name", Manner::Other),
            ("regional", Manner::Other),
            ("description", Manner::Other),
            ("database", Manner::Other),
            ("", Manner::Other),
        ] {
            assert_eq!(Manner::of(key), due, "{key}");
        }
    }
}
