//! The hosts that a text names: web addresses, addresses of databases, lists of hosts, and texts of settings.

use std::net::{IpAddr, Ipv6Addr};

use super::keys::Manner;

/// A host that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name or address, without port and brackets.
    pub name: String,
    /// The text says so clearly that it is a host that a name nobody knows is a mistake. A part of an address, such as a subdomain, and a
    /// name that is looked up in another way (`mongodb+srv`) may be unknown.
    pub must_be_known: bool,
}

/// Kinds of addresses whose host is looked up in another way than by its name alone.
const LOOKED_UP_OTHERWISE: &str = "+srv";
/// Kinds of addresses that lead to the machine itself.
const LOCAL: [&str; 3] = ["file", "unix", "ipc"];
/// What stands before a host of SQL Server.
const PROTOCOLS: [&str; 3] = ["tcp:", "np:", "lpc:"];
const LONGEST: usize = 253;

/// The hosts of a text, each once.
pub(super) fn named_in(manner: Manner, text: &str) -> Vec<Host> {
    let mut found = Vec::new();
    if text.contains("://") {
        text.split_whitespace().for_each(|piece| of_urls(manner, piece, &mut found));
    } else if manner != Manner::Parameters || !text.contains('=') {
        // Oracle's `jdbc:oracle:thin:@//host`.
        of_list(manner, text.rsplit_once("@//").map_or(text, |(_, rest)| rest), &mut found);
    }
    if manner == Manner::Parameters {
        let parts = text.split(|c: char| c.is_whitespace() || ";&?(){}".contains(c));
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            of_list(Manner::of_parameter(key), value, &mut found);
        }
    }
    found
}

/// `postgres://user@a:5432,b:5432/x`, and several addresses in one text. They are read as browsers do, who know many ways to write an
/// address of four numbers, and by what stands after the slashes, since programs do not agree on where a user's name ends.
fn of_urls(manner: Manner, text: &str, found: &mut Vec<Host>) {
    let firm = matches!(manner, Manner::Host | Manner::Endpoint | Manner::Parameters);
    if let Ok(url) = url::Url::parse(text)
        && let Some(host) = url.host_str().filter(|host| !host.contains(','))
    {
        add(host, firm && !url.scheme().ends_with(LOOKED_UP_OTHERWISE), found);
    }
    let pieces: Vec<&str> = text.split("://").collect();
    for (number, pair) in pieces.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let scheme = before.rsplit(|c: char| !(c.is_alphanumeric() || "+.-_".contains(c))).next().unwrap_or_default();
        let scheme = scheme.to_lowercase();
        if LOCAL.contains(&scheme.as_str()) {
            add("localhost", firm, found);
        }
        let end = after.find(['/', '?', '#']);
        let mut authority = end.and_then(|end| after.get(..end)).unwrap_or(after);
        if end.is_none() && number + 2 < pieces.len() {
            // What stands last is the kind of the next address.
            authority = authority.rsplit_once(',').map_or("", |(hosts, _)| hosts);
        }
        for reading in [authority, authority.split([';', '\\', '"', '\'', '>', ')']).next().unwrap_or_default()] {
            let hosts = reading.rsplit_once('@').map_or(reading, |(_, hosts)| hosts);
            for one in hosts.split(',').filter_map(item) {
                add(one.host, firm && !scheme.ends_with(LOOKED_UP_OTHERWISE), found);
            }
        }
    }
}

/// `a:9092, b:9092`.
fn of_list(manner: Manner, text: &str, found: &mut Vec<Host>) {
    let parts = text.split(|c: char| c == ',' || c == ';' || c == '|' || c.is_whitespace());
    for (number, part) in parts.enumerate() {
        let part = PROTOCOLS.iter().find_map(|protocol| part.strip_prefix(protocol)).unwrap_or(part);
        // `db.example,1433` is a host and its port.
        if number > 0 && part.parse::<u16>().is_ok_and(|port| port > 0) {
            continue;
        }
        // A path is a socket where a host is due, and a page of the service elsewhere.
        if manner == Manner::Host && part.starts_with('/') {
            add(part, true, found);
            continue;
        }
        let Some(one) = item(part.strip_prefix("//").unwrap_or(part)) else { continue };
        let looks = one.has_port || looks_like_host(one.host);
        match manner {
            Manner::Host | Manner::Parameters => add(one.host, one.is_plain, found),
            Manner::Endpoint => add(one.host, one.is_plain && looks, found),
            Manner::Part => add(one.host, false, found),
            Manner::Thing if looks => add(one.host, false, found),
            Manner::Thing | Manner::Port | Manner::Other => {}
        }
    }
}

/// One entry of a list of hosts.
struct HostEntry<'t> {
    host: &'t str,
    has_port: bool,
    /// Nothing stands around them that would make it something else.
    is_plain: bool,
}

fn item(text: &str) -> Option<HostEntry<'_>> {
    let (text, has_user) = text.rsplit_once('@').map_or((text, false), |(_, host)| (host, true));
    let (host, rest) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, rest)) => (host, rest),
        None if text.parse::<Ipv6Addr>().is_ok() => (text, ""),
        None => text.split_at(text.find([':', '/', '?', '#', '\\', ';']).unwrap_or(text.len())),
    };
    let has_port = rest.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    let is_word = rest.len() > 1 && rest.starts_with(':') && !has_port;
    let could_be = !host.is_empty() && host.len() <= LONGEST && !host.contains(char::is_whitespace);
    could_be.then_some(HostEntry { host, has_port, is_plain: !has_user && !is_word })
}

fn looks_like_host(text: &str) -> bool {
    let is_name = text.contains('.') && text.split('.').all(|label| !label.is_empty() && label.len() < 64);
    is_name || text.eq_ignore_ascii_case("localhost") || text.parse::<IpAddr>().is_ok()
}

fn add(name: &str, must_be_known: bool, found: &mut Vec<Host>) {
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let could_be = |c: char| c.is_alphanumeric() || ".-_:%".contains(c);
    if name.is_empty() || !(must_be_known || name.chars().all(could_be)) {
        return;
    }
    match found.iter_mut().find(|earlier| earlier.name == name) {
        Some(earlier) => earlier.must_be_known |= must_be_known,
        None => found.push(Host { name: name.to_owned(), must_be_known }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, with `?` behind those that may be unknown.
    fn named(key: &str, text: &str) -> String {
        let show = |host: Host| host.name + if host.must_be_known { "" } else { "?" };
        named_in(Manner::of(key), text).into_iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_host_of_a_text_is_found() {
        for (key, text, due) in [
            ("host", "db.example", "db.example"),
            ("host", "10.0.0.1:22", "10.0.0.1"),
            ("host", "::1", "::1"),
            ("host", "[::1]:80", "::1"),
            ("host", "2130706433", "2130706433"),
            ("host", "/var/run/postgresql", "/var/run/postgresql"),
            ("bootstrap_servers", "a:9092, 10.0.0.1:9092", "a 10.0.0.1"),
            ("bootstrap_servers", "SASL_SSL://a:9092,SASL_SSL://b:9093", "a b"),
            ("server", "tcp:db.example,1433", "db.example"),
            ("server", "db.example,0", "db.example 0"),
            ("api_url", "https://[::1]:8443/v1", "::1"),
            ("api_url", "http://0x7f.1/", "127.0.0.1 0x7f.1"),
            ("api_url", "https://good.example\\@10.0.0.1/", "good.example 10.0.0.1"),
            ("api_url", "https://good.example;@10.0.0.1/", "10.0.0.1 good.example"),
            ("api_url", "https://user:p@10.0.0.1/x", "10.0.0.1"),
            ("api_url", "v1/orders", "v1?"),
            ("site_urls", "sc-domain:example.com", ""),
            ("site_urls", "https://a.example/", "a.example?"),
            ("cluster_urls", "https://a.example,https://10.0.0.1/x", "a.example 10.0.0.1"),
            ("url", "file:///etc/passwd", "localhost"),
            ("note", "http://10.0.0.1/", "10.0.0.1?"),
            ("note", "127.0.0.1", ""),
            ("key_file", r#"{"token_uri":"https://10.0.0.1","a":"b"}"#, "10.0.0.1?"),
            ("subdomain", "acme", "acme?"),
            ("connection_string", "mongodb://u:p@a:27017,10.0.0.1:27018/db?x=1", "a 10.0.0.1"),
            ("connection_string", "mongodb+srv://u:p@c0.abc.example/db", "c0.abc.example?"),
            ("connection_string", "host=10.0.0.1 port=5432 dbname=x", "10.0.0.1"),
            ("connection_string", "Server=tcp:10.0.0.1,1433;Database=x;Password=p", "10.0.0.1"),
            ("connection_string", "Data Source=10.0.0.1;User Id=x", "10.0.0.1"),
            ("jdbc_url", "jdbc:postgresql://a.example:5432,10.0.0.1/x?y=1", "a.example 10.0.0.1"),
            ("jdbc_url", "jdbc:sqlserver://10.0.0.1:1433;databaseName=x", "10.0.0.1"),
            ("jdbc_url", "jdbc:oracle:thin:@10.0.0.1:1521:sid", "10.0.0.1?"),
            ("jdbc_url", "jdbc:oracle:thin:@//10.0.0.1:1521/svc", "10.0.0.1"),
            ("jdbc_url", "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(HOST=10.0.0.1)(PORT=1521)))", "10.0.0.1"),
            ("jdbc_url_params", "ssl=true&socksProxyHost=10.0.0.1", "10.0.0.1"),
            ("jdbc_url_params", "sslmode=require", ""),
        ] {
            assert_eq!(named(key, text), due, "{key}: {text}");
        }
    }
}
