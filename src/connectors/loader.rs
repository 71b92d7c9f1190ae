//! What dlt loads into (<https://dlthub.com/docs/dlt-ecosystem/destinations>). What of a destination's details goes where is known by the engine,
//! destination by destination.

use serde::{Deserialize, Serialize};

use crate::base::text_column::text_enum;

text_enum! {
    /// What dlt loads into.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum LoaderKind {
        /// A DuckDB file in the data folder.
        Duckdb = "duckdb",
        /// Files of a folder in the data folder.
        Files = "files",
        /// Files of a bucket that speaks the protocol of Amazon S3.
        S3 = "s3",
        /// A dataset of BigQuery.
        Bigquery = "bigquery",
        /// A schema of Snowflake.
        Snowflake = "snowflake",
        /// A schema of PostgreSQL.
        Postgres = "postgres",
        /// A schema of Redshift.
        Redshift = "redshift",
        /// A database of ClickHouse.
        Clickhouse = "clickhouse",
    }
}

impl LoaderKind {
    /// Whether it holds files instead of tables: records are added to them and never changed.
    pub const fn is_files(self) -> bool {
        matches!(self, Self::Files | Self::S3)
    }

    /// The modules of Python that have to be in its environment.
    pub const fn modules(self) -> &'static [&'static str] {
        match self {
            Self::Duckdb => &["duckdb", "pyarrow"],
            Self::Files => &["pyarrow"],
            Self::S3 => &["s3fs", "pyarrow"],
            Self::Bigquery => &["google.cloud.bigquery"],
            Self::Snowflake => &["snowflake.connector"],
            Self::Postgres | Self::Redshift => &["psycopg2"],
            Self::Clickhouse => &["clickhouse_driver", "clickhouse_connect"],
        }
    }
}
