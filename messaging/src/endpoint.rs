//! A worker's endpoint, as its messages carry it.

use alloy::primitives::B256;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use subtle::ConstantTimeEq;

/// The endpoint of a worker's service. `Debug` redacts URL and token, and dropping it zeroizes them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The URL of the service, for HTTP and WebSocket.
    #[serde(serialize_with = "serialize_secret")]
    pub url: SecretString,
    /// The bearer token that every request to the service must carry.
    #[serde(serialize_with = "serialize_secret")]
    pub token: SecretString,
    /// The digest of the application document that the worker serves by, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<B256>,
}

/// Takes the same time for any two URLs and tokens of the same lengths.
impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |a: &SecretString, b: &SecretString| {
            a.expose_secret().as_bytes().ct_eq(b.expose_secret().as_bytes())
        };
        let is_same = is_same(&self.url, &other.url) & is_same(&self.token, &other.token);
        bool::from(is_same) && self.application == other.application
    }
}

impl Eq for Endpoint {}

/// Writes a secret, which `secrecy` does only on request.
fn serialize_secret<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose_secret())
}
