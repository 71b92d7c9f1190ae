//! What the server says when it says no, in words for people who are no administrators.

use std::error::Error as _;

use secrecy::ExposeSecret as _;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::options::{Options, Tls};
use super::quote::quoted;
use crate::engines::{Failure, FailureReason, Turn};

/// A name as it stands in a statement that people copy: quoted unless it is as plain as PostgreSQL itself writes it.
pub(super) fn identifier(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = begins && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { quoted(name) }
}

/// Why signing in failed.
pub(super) fn of_sign_in(error: &Error, options: &Options) -> Failure {
    let Some(said) = error.as_db_error() else { return of_connection(error, options) };
    let (user, database) = (&options.user, &options.database);
    let code = said.code();
    let words = said.message();
    if *code == SqlState::INVALID_PASSWORD {
        return Failure::new(
            FailureReason::SignIn,
            format!("The server does not accept this password for the user {user}."),
        );
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return Failure::new(
            FailureReason::NoDatabase,
            format!("There is no database {database} on this server. Names are case-sensitive."),
        );
    }
    if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return of_admission(words, options);
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Failure::new(
            FailureReason::Permission,
            format!(
                "The user {user} may not open the database {database}. An administrator can run: GRANT CONNECT ON DATABASE {} TO {};",
                identifier(database),
                identifier(user)
            ),
        );
    }
    of_statement(error)
}

/// `pg_hba.conf` and roles: one code for three different things.
fn of_admission(words: &str, options: &Options) -> Failure {
    let user = &options.user;
    if words.contains("no encryption") || words.contains("SSL off") {
        return Failure::new(
            FailureReason::Tls,
            format!(
                "The server does not let {user} in over a connection that is not encrypted. Choose Require under Encryption."
            ),
        );
    }
    if words.contains("pg_hba.conf") {
        return Failure::new(
            FailureReason::SignIn,
            format!(
                "The server does not let {user} in from here. Its administrator can allow the address Vestibule connects from in pg_hba.conf. It said: {words}"
            ),
        );
    }
    Failure::new(FailureReason::SignIn, format!("The server does not let {user} in. It said: {words}"))
}

fn of_connection(error: &Error, options: &Options) -> Failure {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    if words.contains("server does not support TLS") {
        return Failure::new(
            FailureReason::Tls,
            "The server does not offer encrypted connections. Have its administrator turn TLS on, or choose Prefer or Disable under Encryption.",
        );
    }
    if words.starts_with("error performing TLS handshake") {
        return Failure::new(FailureReason::Tls, of_certificate(&words, &options.tls));
    }
    if words.contains("password") && options.password.expose_secret().is_empty() {
        return Failure::new(
            FailureReason::SignIn,
            format!("The server asks for a password for the user {}, and none was given.", options.user),
        );
    }
    Failure::new(
        FailureReason::NotReachable,
        format!(
            "{} broke the connection off while signing in. Is it a PostgreSQL server? It came to: {words}.",
            options.host
        ),
    )
    .on(Turn::Giver)
}

fn of_certificate(words: &str, tls: &Tls) -> String {
    let known = [
        (
            "UnknownIssuer",
            "The server’s certificate is not signed by the authority that was given. Check the CA certificate.",
        ),
        (
            "BadSignature",
            "The server’s certificate is not signed by the authority that was given. Check the CA certificate.",
        ),
        (
            "NotValidForName",
            "The server’s certificate is for another name than this host. Enter the host as the certificate names it, or do not check the name.",
        ),
        (
            "not valid for name",
            "The server’s certificate is for another name than this host. Enter the host as the certificate names it, or do not check the name.",
        ),
        ("Expired", "The server’s certificate has expired. Its administrator has to renew it."),
        ("expired", "The server’s certificate has expired. Its administrator has to renew it."),
    ];
    if let Some((_, sentence)) = known.iter().find(|(part, _)| words.contains(part)) {
        return (*sentence).to_owned();
    }
    let client = match tls {
        Tls::Verify { client: None, .. } | Tls::Require => " Perhaps it asks its clients for a certificate.",
        _ => "",
    };
    format!("No secure connection could be made with the server.{client} It came to: {words}.")
}

/// Why a statement failed.
pub(super) fn of_statement(error: &Error) -> Failure {
    let Some(said) = error.as_db_error() else {
        return Failure::new(FailureReason::NotReachable, format!("The connection to the server broke off: {error}."));
    };
    let code = said.code();
    let words = said.message();
    let moment = [
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::QUERY_CANCELED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    if moment.contains(code) {
        return Failure::new(
            FailureReason::Unwell,
            format!("The server cannot serve this now: {words}. Try again in a while."),
        );
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Failure::new(FailureReason::Permission, format!("The user is not allowed to read this: {words}."));
    }
    Failure::new(FailureReason::Refused, format!("The server said: {words} (code {}).", code.code()))
}

/// Whether something else depends on what was to be changed: a view, or a foreign key.
pub(super) fn is_used_elsewhere(error: &Error) -> bool {
    let codes = [SqlState::DEPENDENT_OBJECTS_STILL_EXIST, SqlState::FEATURE_NOT_SUPPORTED];
    error.code().is_some_and(|code| codes.contains(code))
}

/// Why records cannot be put into a schema.
pub(super) fn of_writing(error: &Error, user: &str, schema: &str) -> Failure {
    match error.as_db_error() {
        Some(said) if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => Failure::new(
            FailureReason::Permission,
            format!(
                "The user {user} is not allowed to fill the schema {schema}: {}. Its tables must belong to {user}, and an administrator can run: GRANT USAGE, CREATE ON SCHEMA {schema} TO {user};",
                said.message()
            ),
        ),
        Some(said) if *said.code() == SqlState::DISK_FULL => {
            Failure::new(FailureReason::Unwell, "The database server has no space left on its disk.")
        }
        Some(said)
            if *said.code() == SqlState::DEPENDENT_OBJECTS_STILL_EXIST
                || *said.code() == SqlState::FEATURE_NOT_SUPPORTED =>
        {
            let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            Failure::new(
                FailureReason::Refused,
                format!(
                    "A table cannot be changed to fit its records: {}{detail}. Often a view uses the column: drop it, and make it again afterwards.",
                    said.message()
                ),
            )
        }
        // The server's words may hold a value.
        Some(said) if said.code().code().starts_with("22") => Failure::new(
            FailureReason::Refused,
            format!(
                "A value does not fit into its column (code {}). A column whose type was changed by hand takes only what fits.",
                said.code().code()
            ),
        ),
        _ => of_statement(error),
    }
}
