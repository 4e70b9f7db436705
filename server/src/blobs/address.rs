//! The address of a bucket: `s3://BUCKET/PREFIX?endpoint=https://…`.
//!
//! | setting | meaning |
//! |---|---|
//! | `endpoint` | where the service is; without it Amazon's own |
//! | `region` | which of its regions |
//! | `virtual_host=true` | the bucket's name is part of the host's, as some services demand |
//! | `presign=true` | readers are sent to the bucket, with an address that opens one picture for a minute |
//!
//! Keys are in the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, …) and never in the address, which
//! stands in command lines. A bucket that browsers are sent to must allow the pages' origin (CORS, GET).

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::signer::{Method, Signer as _, Url};
use object_store::{ClientOptions, RetryConfig};

/// How long one request to the bucket may take, and all its repetitions together: a phone waits for them.
const TIMEOUT: Duration = Duration::from_secs(10);
const RETRY_FOR: Duration = Duration::from_secs(20);

/// Why an address is none.
#[derive(Debug, thiserror::Error)]
pub enum AddressFault {
    /// Not `s3://BUCKET/PREFIX?…`.
    #[error("not the address of a bucket (s3://BUCKET/PREFIX?endpoint=…): {0}")]
    Malformed(String),
    /// A setting that there is not.
    #[error("no such setting of a bucket: {0}")]
    Unknown(String),
    /// The settings make no client.
    #[error("the settings of the bucket do not suffice")]
    Settings(#[from] object_store::Error),
}

/// A bucket that can be spoken to.
pub(crate) struct Bucket {
    pub(crate) store: AmazonS3,
    pub(crate) prefix: Path,
    /// The origin of its addresses, if readers are sent there.
    pub(crate) origin: Option<String>,
}

impl Bucket {
    pub(crate) async fn at(
        address: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, AddressFault> {
        let malformed = || AddressFault::Malformed(address.to_owned());
        let url = Url::parse(address).map_err(|_| malformed())?;
        let name = url.host_str().filter(|_| url.scheme() == "s3").ok_or_else(malformed)?;
        let retry = RetryConfig { max_retries: 4, retry_timeout: RETRY_FOR, ..RetryConfig::default() };
        let client = ClientOptions::new().with_timeout(TIMEOUT);
        let mut builder =
            AmazonS3Builder::new().with_bucket_name(name).with_retry(retry).with_client_options(client);
        for (key, value) in settings.into_iter().filter(|(key, _)| key.starts_with("AWS_")) {
            // Others have settings that begin like ours.
            if let Ok(key) = key.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let mut presign = false;
        for (key, value) in url.query_pairs() {
            match (&*key, &*value) {
                ("endpoint", endpoint) => {
                    let is_plain = endpoint.starts_with("http://");
                    builder = builder.with_endpoint(endpoint).with_allow_http(is_plain);
                }
                ("region", region) => builder = builder.with_region(region),
                ("virtual_host", "true") => builder = builder.with_virtual_hosted_style_request(true),
                ("presign", "true") => presign = true,
                (key, _) => return Err(AddressFault::Unknown(key.to_owned())),
            }
        }
        let store = builder.build()?;
        let prefix = Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
        let origin = if presign {
            let some = store.signed_url(Method::GET, &prefix.clone().join("whole"), TIMEOUT).await?;
            Some(some.origin().ascii_serialization())
        } else {
            None
        };
        Ok(Self { store, prefix, origin })
    }
}
