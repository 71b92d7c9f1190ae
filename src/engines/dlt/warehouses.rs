//! The details of warehouses, as dlt names them (<https://dlthub.com/docs/dlt-ecosystem/destinations>).

use serde_json::{Value, json};

use super::spot::{Details, NamedHost, Spot};
use crate::engines::{Failure, FailureReason};

/// Where a service account gets its tokens; a key that names another place is not believed.
const GOOGLE_TOKENS: &str = "https://oauth2.googleapis.com/token";
const BIGQUERY: &str = "bigquery.googleapis.com";
/// Seconds a server has to answer.
const CONNECT: u32 = 20;
/// The file of the driver's folder with the certificate of an authority.
const AUTHORITY: &str = "authority.pem";
/// Ports of ClickHouse's native protocol, with encryption and without.
const NATIVE: (u16, u16) = (9440, 9000);

fn public(host: &str) -> NamedHost {
    NamedHost { host: host.to_owned(), port: 443, database: None, is_open: false }
}

fn refused(words: &str) -> Failure {
    Failure::new(FailureReason::NotSupported, words)
}

pub(super) fn bigquery(details: &Details<'_>) -> Result<Spot, Failure> {
    let unreadable = || refused("The service account key is no JSON document of a service account.");
    let key: Value = serde_json::from_str(details.text("/credentials_json")).map_err(|_| unreadable())?;
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    if text("type") != Some("service_account") {
        return Err(unreadable());
    }
    let (Some(email), Some(private_key)) = (text("client_email"), text("private_key")) else {
        return Err(unreadable());
    };
    let project = details.text("/project_id");
    // "project:dataset" is a way to write it, too.
    let dataset = details.text("/dataset_id");
    let dataset = dataset.rsplit([':', '.']).next().unwrap_or(dataset);
    Ok(Spot {
        factory: "bigquery",
        arguments: json!({
            "location": details.text("/dataset_location"),
            "credentials": {
                "project_id": project, "client_email": email, "private_key": private_key, "token_uri": GOOGLE_TOKENS,
            },
        }),
        dataset: dataset.to_owned(),
        address: format!("bigquery://{project}/{dataset}"),
        hosts: vec![public(BIGQUERY), public("oauth2.googleapis.com")],
        can_take_back: false,
        authority: None,
    })
}

pub(super) fn snowflake(details: &Details<'_>) -> Spot {
    let host = details.text("/host").trim_start_matches("https://").trim_end_matches('/');
    let account = host.strip_suffix(".snowflakecomputing.com").unwrap_or(host);
    let (database, schema) = (details.text("/database"), details.text("/schema"));
    let mut credentials = json!({
        "host": account, "database": database, "username": details.text("/username"),
        "warehouse": details.text("/warehouse"), "role": details.text("/role"),
    });
    for (name, pointer) in [
        ("password", "/credentials/password"),
        ("private_key", "/credentials/private_key"),
        ("private_key_passphrase", "/credentials/private_key_password"),
    ] {
        let value = details.text(pointer);
        if let Some(members) = credentials.as_object_mut().filter(|_| !value.is_empty()) {
            members.insert(name.to_owned(), json!(value));
        }
    }
    Spot {
        factory: "snowflake",
        arguments: json!({"credentials": credentials}),
        dataset: schema.to_owned(),
        address: format!("snowflake://{account}/{database}/{schema}"),
        hosts: vec![public(&format!("{account}.snowflakecomputing.com"))],
        can_take_back: false,
        authority: None,
    }
}

/// libpq (<https://www.postgresql.org/docs/current/libpq-ssl.html>) wants the certificate of an authority in a file: the driver makes one where
/// it runs.
pub(super) fn postgres(details: &Details<'_>) -> Result<Spot, Failure> {
    no_tunnel(details)?;
    let host = details.text("/host").trim_matches(['[', ']']);
    let port = details.port("/port", 5432);
    let (database, schema) = (details.text("/database"), plain_schema(details)?);
    let mode = match details.text("/ssl_mode/mode") {
        "" => "require",
        mode => mode,
    };
    let authority = details.text("/ssl_mode/ca_certificate");
    let authority = Some(authority.to_owned()).filter(|_| matches!(mode, "verify-ca" | "verify-full"));
    let mut query = json!({"sslmode": mode});
    if let Some(query) = query.as_object_mut().filter(|_| authority.is_some()) {
        query.insert("sslrootcert".to_owned(), json!(AUTHORITY));
    }
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Ok(Spot {
        factory: "postgres",
        arguments: json!({"credentials": {
            "host": host, "port": port, "database": database, "username": details.text("/username"),
            "password": details.text("/password"), "connect_timeout": CONNECT, "query": query,
        }}),
        dataset: schema.to_owned(),
        address: format!("postgres://{shown}:{port}/{database}/{schema}"),
        hosts: vec![NamedHost { host: host.to_owned(), port, database: Some(database.to_owned()), is_open: false }],
        can_take_back: true,
        authority,
    })
}

pub(super) fn redshift(details: &Details<'_>) -> Result<Spot, Failure> {
    no_tunnel(details)?;
    let (host, port) = (details.text("/host"), details.port("/port", 5439));
    let (database, schema) = (details.text("/database"), plain_schema(details)?);
    Ok(Spot {
        factory: "redshift",
        arguments: json!({"credentials": {
            "host": host, "port": port, "database": database, "username": details.text("/username"),
            "password": details.text("/password"), "connect_timeout": CONNECT,
        }}),
        dataset: schema.to_owned(),
        address: format!("redshift://{host}:{port}/{database}/{schema}"),
        hosts: vec![NamedHost { host: host.to_owned(), port, database: Some(database.to_owned()), is_open: false }],
        can_take_back: true,
        authority: None,
    })
}

pub(super) fn clickhouse(details: &Details<'_>) -> Result<Spot, Failure> {
    no_tunnel(details)?;
    let is_open = details.text("/protocol") == "http";
    let (host, port) = (details.text("/host"), details.port("/port", 8443));
    let native = if is_open { NATIVE.1 } else { NATIVE.0 };
    let database = details.text("/database");
    Ok(Spot {
        factory: "clickhouse",
        arguments: json!({"credentials": {
            "host": host, "port": native, "http_port": port, "database": database,
            "username": details.text("/username"), "password": details.text("/password"),
            "secure": u8::from(!is_open), "connect_timeout": CONNECT,
        }}),
        // Tables of ClickHouse have no schema: their names begin with this.
        dataset: "vestibule".to_owned(),
        address: format!("clickhouse://{host}:{port}/{database}"),
        hosts: [port, native].map(|port| NamedHost { host: host.to_owned(), port, database: None, is_open }).to_vec(),
        can_take_back: false,
        authority: None,
    })
}

/// dlt names the schema in an option of the connection, which ends at a space, and writes it in lower case.
fn plain_schema<'a>(details: &Details<'a>) -> Result<&'a str, Failure> {
    let schema = details.text("/schema");
    if schema.contains(|c: char| c.is_whitespace() || c.is_uppercase() || matches!(c, '\'' | '"' | '\\' | ',')) {
        return Err(refused(
            "dlt cannot write to a schema whose name has capitals, spaces, quotes, commas or backslashes. Name another.",
        ));
    }
    Ok(schema)
}

fn no_tunnel(details: &Details<'_>) -> Result<(), Failure> {
    match details.text("/tunnel_method/tunnel_method") {
        "" | "NO_TUNNEL" => Ok(()),
        _ => Err(refused(
            "dlt is not led through an SSH tunnel here. Choose no tunnel, and open the way to the database itself.",
        )),
    }
}
