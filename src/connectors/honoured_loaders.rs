//! What dlt takes up of a destination's configuration, as this product drives it, and the built-in writer of buckets.

use super::LoaderKind;
use crate::schema::spec::{Honoured, HonouredChoice};

const OTHERWISE: &str = "dlt, which loads into it here, does not use it.";
const NESTED: &str = "dlt always makes a column of each field; what is nested stays one value.";
const RAW: &str = "dlt keeps no raw records: each field has a column of its own.";
const DELETED: &str = "Rows that were deleted at a source are not noticed, so there is nothing to choose.";

const NO_TUNNEL: &str = "dlt is not led through an SSH tunnel here.";
const NO_CERTIFICATE: &str = "dlt shows the server no certificate of a client here; the built-in writer does.";

static DUCKDB: Honoured = Honoured { settings: &["/schema"], choices: &[], reasons: &[], otherwise: OTHERWISE };

static FILES: Honoured =
    Honoured { settings: &["/folder", "/format"], choices: &[], reasons: &[], otherwise: OTHERWISE };

/// Where the bucket is, and how to sign in.
const S3_PLACE: &[&str] = &[
    "/s3_bucket_name",
    "/s3_bucket_path",
    "/s3_bucket_region",
    "/access_key_id",
    "/secret_access_key",
    "/s3_endpoint",
];

static S3: Honoured = Honoured {
    settings: S3_PLACE,
    choices: &[
        HonouredChoice { constant: "/format/format_type", values: &["JSONL", "CSV", "Parquet"] },
        HonouredChoice { constant: "/format/compression/compression_type", values: &["GZIP", "No Compression"] },
    ],
    reasons: &[
        ("/format/flattening", NESTED),
        ("/format/format_type=Avro", "dlt writes no Avro: choose Parquet, JSON Lines or CSV."),
        ("/role_arn", "dlt signs in with the access key alone; this server takes on no role of its own."),
        ("/s3_path_format", "dlt makes a folder of each table, and names files by the load they came with."),
        ("/file_name_pattern", "dlt makes a folder of each table, and names files by the load they came with."),
    ],
    otherwise: OTHERWISE,
};

/// What the built-in writer of buckets takes up.
pub(super) static S3_WRITER: Honoured = Honoured {
    settings: S3_PLACE,
    choices: &[
        HonouredChoice { constant: "/format/format_type", values: &["JSONL", "Parquet"] },
        HonouredChoice { constant: "/format/compression/compression_type", values: &["GZIP"] },
    ],
    reasons: &[
        ("/format/flattening", "The built-in writer always keeps each record as one piece of JSON."),
        ("/format/compression/compression_type=No Compression", "The built-in writer always packs JSON Lines by GZIP."),
        (
            "/format/format_type=CSV",
            "The built-in writer makes no CSV. Where the operator installs dlt for this destination, dlt does.",
        ),
        ("/format/format_type=Avro", "The built-in writer makes no Avro: choose Parquet or JSON Lines."),
        (
            "/role_arn",
            "The built-in writer signs in with the access key alone; this server takes on no role of its own.",
        ),
        (
            "/s3_path_format",
            "The built-in writer makes a folder of each table, and names files by source and extraction.",
        ),
        (
            "/file_name_pattern",
            "The built-in writer makes a folder of each table, and names files by source and extraction.",
        ),
    ],
    otherwise: "The built-in writer does not use it.",
};

static BIGQUERY: Honoured = Honoured {
    settings: &["/project_id", "/dataset_id", "/dataset_location", "/credentials_json"],
    choices: &[HonouredChoice { constant: "/loading_method/method", values: &["Standard"] }],
    reasons: &[
        ("/disable_type_dedupe", RAW),
        ("/raw_data_dataset", RAW),
        ("/cdc_deletion_mode", DELETED),
        ("/loading_method/method=GCS Staging", "dlt loads directly here."),
    ],
    otherwise: OTHERWISE,
};

static SNOWFLAKE: Honoured = Honoured {
    settings: &[
        "/host",
        "/role",
        "/warehouse",
        "/database",
        "/schema",
        "/username",
        "/credentials/private_key",
        "/credentials/private_key_password",
        "/credentials/password",
    ],
    choices: &[HonouredChoice {
        constant: "/credentials/auth_type",
        values: &["Key Pair Authentication", "Username and Password"],
    }],
    reasons: &[("/disable_type_dedupe", RAW), ("/raw_data_schema", RAW), ("/cdc_deletion_mode", DELETED)],
    otherwise: OTHERWISE,
};

static POSTGRES: Honoured = Honoured {
    settings: &["/host", "/port", "/database", "/schema", "/username", "/password", "/ssl_mode/ca_certificate"],
    choices: &[
        HonouredChoice {
            constant: "/ssl_mode/mode",
            values: &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        },
        HonouredChoice { constant: "/tunnel_method/tunnel_method", values: &["NO_TUNNEL"] },
    ],
    reasons: &[
        ("/disable_type_dedupe", RAW),
        ("/raw_data_schema", RAW),
        ("/cdc_deletion_mode", DELETED),
        ("/ssl_mode/client_certificate", NO_CERTIFICATE),
        ("/ssl_mode/client_key", NO_CERTIFICATE),
        ("/tunnel_method/tunnel_method=SSH_KEY_AUTH", NO_TUNNEL),
        ("/tunnel_method/tunnel_method=SSH_PASSWORD_AUTH", NO_TUNNEL),
    ],
    otherwise: OTHERWISE,
};

static REDSHIFT: Honoured = Honoured {
    settings: &["/host", "/port", "/database", "/schema", "/username", "/password"],
    choices: &[HonouredChoice { constant: "/tunnel_method/tunnel_method", values: &["NO_TUNNEL"] }],
    reasons: &[
        ("/disable_type_dedupe", RAW),
        ("/raw_data_schema", RAW),
        ("/tunnel_method/tunnel_method=SSH_KEY_AUTH", NO_TUNNEL),
        ("/tunnel_method/tunnel_method=SSH_PASSWORD_AUTH", NO_TUNNEL),
        ("/uploading_method", "dlt sends the rows to the database itself here."),
    ],
    otherwise: OTHERWISE,
};

static CLICKHOUSE: Honoured = Honoured {
    settings: &["/host", "/port", "/protocol", "/database", "/username", "/password"],
    choices: &[HonouredChoice { constant: "/tunnel_method/tunnel_method", values: &["NO_TUNNEL"] }],
    reasons: &[
        ("/tunnel_method/tunnel_method=SSH_KEY_AUTH", NO_TUNNEL),
        ("/tunnel_method/tunnel_method=SSH_PASSWORD_AUTH", NO_TUNNEL),
    ],
    otherwise: OTHERWISE,
};

/// What is taken up of the details of a destination.
pub(super) fn by(destination: LoaderKind) -> &'static Honoured {
    match destination {
        LoaderKind::Duckdb => &DUCKDB,
        LoaderKind::Files => &FILES,
        LoaderKind::S3 => &S3,
        LoaderKind::Bigquery => &BIGQUERY,
        LoaderKind::Snowflake => &SNOWFLAKE,
        LoaderKind::Postgres => &POSTGRES,
        LoaderKind::Redshift => &REDSHIFT,
        LoaderKind::Clickhouse => &CLICKHOUSE,
    }
}
