//! What the built-in engines take up of a configuration. Everything else of a specification is asked of nobody while such an engine is the one
//! that reads: the form shows only what is done. A connector's file may bring a larger specification, such as that of the same connector of
//! Airbyte, so the table says what is done and not what is not; a test holds it against what the engine reads.
//!
//! Where another program reads, here (`airbyte`) or elsewhere (hand-off, and the checks of `http`, which read nothing), everything is asked.

use super::{Kind, RuntimeBlock, honoured_loaders};
use crate::schema::spec::{Honoured, HonouredChoice};

static POSTGRES: Honoured = Honoured {
    settings: &[
        "/host",
        "/port",
        "/database",
        "/schemas",
        "/username",
        "/password",
        "/ssl_mode/ca_certificate",
        "/ssl_mode/client_certificate",
        "/ssl_mode/client_key",
        "/tunnel_method/tunnel_host",
        "/tunnel_method/tunnel_port",
        "/tunnel_method/tunnel_user",
        "/tunnel_method/ssh_key",
        "/tunnel_method/tunnel_user_password",
        "/replication_method/look_back_hours",
    ],
    choices: &[
        HonouredChoice {
            constant: "/ssl_mode/mode",
            values: &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        },
        HonouredChoice {
            constant: "/tunnel_method/tunnel_method",
            values: &["NO_TUNNEL", "SSH_KEY_AUTH", "SSH_PASSWORD_AUTH"],
        },
        HonouredChoice { constant: "/replication_method/method", values: &["Xmin", "Standard"] },
    ],
    reasons: &[
        (
            "/replication_method/method=CDC",
            "The built-in reader of Postgres does not read the write-ahead log: changes are found by a column that is chosen for each table, and \
             deleted rows are not noticed.",
        ),
        ("/jdbc_url_params", "The built-in reader of Postgres does not use extra connection parameters."),
        (
            "/ssl_mode/client_key_password",
            "The built-in reader of Postgres cannot open a client key that is protected by a passphrase. Give the key without one: \
             openssl pkey -in client.key.",
        ),
    ],
    otherwise: "The built-in reader of Postgres does not use it.",
};

static POSTGRES_WRITER: Honoured = Honoured {
    settings: &[
        "/host",
        "/port",
        "/database",
        "/schema",
        "/username",
        "/password",
        "/ssl_mode/ca_certificate",
        "/ssl_mode/client_certificate",
        "/ssl_mode/client_key",
        "/tunnel_method/tunnel_host",
        "/tunnel_method/tunnel_port",
        "/tunnel_method/tunnel_user",
        "/tunnel_method/ssh_key",
        "/tunnel_method/tunnel_user_password",
    ],
    choices: &[
        HonouredChoice {
            constant: "/ssl_mode/mode",
            values: &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        },
        HonouredChoice {
            constant: "/tunnel_method/tunnel_method",
            values: &["NO_TUNNEL", "SSH_KEY_AUTH", "SSH_PASSWORD_AUTH"],
        },
    ],
    reasons: &[
        ("/jdbc_url_params", "The built-in writer of Postgres does not use extra connection parameters."),
        (
            "/ssl_mode/client_key_password",
            "The built-in writer of Postgres cannot open a client key that is protected by a passphrase. Give the key without one: \
             openssl pkey -in client.key.",
        ),
        (
            "/raw_data_schema",
            "The built-in writer of Postgres keeps no raw records: records wait in temporary tables, and then lie in their own.",
        ),
        (
            "/disable_type_dedupe",
            "The built-in writer of Postgres always gives fields columns of their own, and tells records by their keys.",
        ),
        (
            "/cdc_deletion_mode",
            "The built-in readers do not notice rows that were deleted at a source, so there is nothing to choose.",
        ),
        ("/unconstrained_number", "The built-in writer of Postgres keeps all digits of a number anyway."),
        ("/drop_cascade", "The built-in writer of Postgres drops nothing that other objects depend on."),
    ],
    otherwise: "The built-in writer of Postgres does not use it.",
};

/// What the engine of this block takes up; `None`: everything.
pub(super) fn by(runtime: &RuntimeBlock, kind: Kind) -> Option<&'static Honoured> {
    match (runtime, kind) {
        (RuntimeBlock::Postgres(_), Kind::Source) => Some(&POSTGRES),
        (RuntimeBlock::Postgres(_), Kind::Destination) => Some(&POSTGRES_WRITER),
        (RuntimeBlock::S3(_), _) => Some(&honoured_loaders::S3_WRITER),
        (RuntimeBlock::Dlt(block), _) => Some(honoured_loaders::by(block.destination)),
        (RuntimeBlock::Airbyte(_) | RuntimeBlock::Http(_), _) => None,
    }
}
