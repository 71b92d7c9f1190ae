//! Where the details of such a destination lead.

use object_store::path::Path as ObjectPath;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::engines::mask::Masks;
use crate::engines::{Failure, FailureReason, FileFormat};

/// A folder of a bucket.
#[derive(Debug, Clone)]
pub struct S3Target {
    pub(super) endpoint: Url,
    pub(super) region: String,
    pub(super) bucket: String,
    path: String,
    pub(super) key_id: SecretString,
    pub(super) key: SecretString,
    pub(super) format: FileFormat,
    /// Where it is, for people.
    address: String,
    secrets: Vec<SecretString>,
}

/// Where a finished configuration leads.
///
/// # Errors
/// It asks for something that is not done here.
pub(super) fn read(config: &Value, secrets: Vec<SecretString>) -> Result<S3Target, Failure> {
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let (key_id, key) = (text("/access_key_id"), text("/secret_access_key"));
    if key_id.is_empty() || key.is_empty() {
        let words = "Signing in to the storage takes an access key, so its ID and its secret have to be given.";
        return Err(Failure::new(FailureReason::Incomplete, words));
    }
    let region = text("/s3_bucket_region");
    let entered = text("/s3_endpoint");
    let endpoint = if entered.is_empty() { of_amazon(&region) } else { entered.clone() };
    let unusable =
        || Failure::new(FailureReason::NotSupported, "The endpoint is no address that begins with https://.");
    let endpoint = Url::parse(&endpoint).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let endpoint = endpoint.filter(|url| url.host_str().is_some() && url.username().is_empty()).ok_or_else(unusable)?;
    let format = match text("/format/format_type").as_str() {
        "JSONL" => FileFormat::JsonLines,
        "Parquet" => FileFormat::Parquet,
        other => {
            let words = format!(
                "{other} is not written here: choose Parquet or JSON Lines. The operator can install dlt for it, which writes CSV, too."
            );
            return Err(Failure::new(FailureReason::NotSupported, words));
        }
    };
    let (bucket, path) = (text("/s3_bucket_name"), text("/s3_bucket_path").trim_matches('/').to_owned());
    let at = if entered.is_empty() { String::new() } else { format!(" at {entered}") };
    let address = format!("s3://{bucket}/{path}{at}");
    let (key_id, key) = (key_id.into(), key.into());
    Ok(S3Target { endpoint, region, bucket, path, key_id, key, format, address, secrets })
}

fn of_amazon(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{suffix}")
}

impl S3Target {
    /// Where it is, without who may go there.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What tells this place from others; other loaders lay their files out in another way.
    pub fn mark(&self) -> String {
        format!("{} as tables of {}", self.address, self.format.as_str())
    }

    pub(super) fn folder(&self) -> ObjectPath {
        ObjectPath::from(self.path.as_str())
    }

    /// Something in its folder.
    pub(super) fn at(&self, name: &str) -> ObjectPath {
        ObjectPath::from(format!("{}/{name}", self.path))
    }

    /// The failure without any secret, should the storage repeat one.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        let masks = Masks::new(&self.secrets);
        let detail = failure.detail.map(|detail| masks.hide(&detail));
        Failure { message: masks.hide(&failure.message), detail, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target(more: &Value) -> Result<S3Target, Failure> {
        let mut config = json!({
            "s3_bucket_name": "lake", "s3_bucket_path": "/raw/shop/", "s3_bucket_region": "eu-central-1", "access_key_id": "AKIA", "secret_access_key": "x",
            "format": {"format_type": "Parquet"},
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(&config, Vec::new())
    }

    #[test]
    fn details_lead_to_a_folder_or_say_why_not() {
        let found = target(&json!({})).unwrap();
        assert_eq!(
            (found.endpoint.as_str(), found.address()),
            ("https://s3.eu-central-1.amazonaws.com/", "s3://lake/raw/shop")
        );
        assert_eq!(found.at("orders/x.parquet").as_ref(), "raw/shop/orders/x.parquet");
        let other =
            target(&json!({"s3_endpoint": "https://minio.example:9000", "format": {"format_type": "JSONL"}})).unwrap();
        assert_eq!(other.address(), "s3://lake/raw/shop at https://minio.example:9000");
        assert_ne!(other.mark(), target(&json!({"s3_endpoint": "https://minio.example:9000"})).unwrap().mark());
        for (more, reason) in [
            (json!({"access_key_id": ""}), FailureReason::Incomplete),
            (json!({"s3_endpoint": "ftp://minio.example"}), FailureReason::NotSupported),
            (json!({"s3_endpoint": "https://me@minio.example"}), FailureReason::NotSupported),
            (json!({"format": {"format_type": "CSV"}}), FailureReason::NotSupported),
        ] {
            assert_eq!(target(&more).unwrap_err().reason, reason, "{more}");
        }
    }
}
