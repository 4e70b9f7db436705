//! The device's key: made on the device, and its private half never leaves it.

use zhibu_domain::wire::KeyAlgorithm;

/// A key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
#[error("the device key {step}: {reason}")]
pub struct KeyError {
    /// What was being done, e.g. `cannot be read`.
    pub step: &'static str,
    /// What the system said.
    pub reason: String,
}

impl KeyError {
    /// A failure of this step.
    pub fn new(step: &'static str, reason: impl ToString) -> Self {
        Self { step, reason: reason.to_string() }
    }
}

/// A key pair that signs for this device.
///
/// The contract: the pair exists durably before [`DeviceKey::public_key`] first returns, so that an enrolment whose
/// answer was lost can be asked again with the same key; and it never changes while the device is enrolled.
/// Signing is asynchronous because a browser's is.
#[expect(async_fn_in_trait, reason = "used generically; a browser's futures cannot be Send")]
pub trait DeviceKey {
    /// The algorithm that was enrolled with the key.
    fn algorithm(&self) -> KeyAlgorithm;

    /// The public half, as [`KeyAlgorithm`] says.
    fn public_key(&self) -> &[u8];

    /// A signature of 64 bytes.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError>;
}
