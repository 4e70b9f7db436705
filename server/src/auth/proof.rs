//! Signatures of devices: envelopes, enrolment, token renewal.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, VerificationAlgorithm};
use zhibu_domain::wire::{KeyAlgorithm, PROOF_TOLERANCE_MS, TokenRequest};

use crate::App;
use crate::error::ApiError;
use crate::store::{DeviceKey, DeviceOwner, Presence};

/// The length of every signature: Ed25519, or ES256 as r and s.
const SIGNATURE_BYTES: usize = 64;
/// Begins an uncompressed point. Other encodings of one key would be second names for it.
const UNCOMPRESSED: u8 = 4;

/// Whether `signature` over `message` was made with the private half of this key, in the one form that the protocol
/// knows. The algorithm is the enrolled key's: no message can choose it.
pub fn is_signed_by(key: &DeviceKey, message: &[u8], signature: &[u8]) -> bool {
    let (algorithm, is_in_form): (&dyn VerificationAlgorithm, bool) = match key.algorithm {
        KeyAlgorithm::Ed25519 => (&ED25519, key.public_key.len() == 32),
        KeyAlgorithm::Es256 => {
            let is_point = key.public_key.len() == 65 && key.public_key[0] == UNCOMPRESSED;
            (&ECDSA_P256_SHA256_FIXED, is_point)
        }
    };
    is_in_form
        && signature.len() == SIGNATURE_BYTES
        && algorithm.verify_sig(&key.public_key, message, signature).is_ok()
}

/// The device that proves its key, once: the same proof does not count again, on whichever server.
pub async fn accept(app: &App, request: &TokenRequest) -> Result<DeviceOwner, ApiError> {
    let (owner, presence) = verify(app, request).await?;
    if app.presences.ask(presence).await? { Ok(owner) } else { Err(ApiError::WrongProof) }
}

/// The device that proves its key, and what is to be noted so that this proof does not count again.
pub(super) async fn verify(app: &App, request: &TokenRequest) -> Result<(DeviceOwner, Presence), ApiError> {
    // An unknown device and a wrong proof get the same answer: who cannot sign learns nothing.
    let owner = app.store.locate_device(request.device).await?.ok_or(ApiError::WrongProof)?;
    let message = TokenRequest::signed_bytes(request.device, request.at);
    let is_proven = owner.device.key.as_ref().is_some_and(|key| is_signed_by(key, &message, &request.proof));
    if !is_proven {
        return Err(ApiError::WrongProof);
    }
    if !owner.is_active() {
        return Err(ApiError::DeviceRevoked);
    }
    let now = app.clock.now();
    if now.0.abs_diff(request.at.0) > PROOF_TOLERANCE_MS.unsigned_abs() {
        return Err(ApiError::ClockSkew);
    }
    let (district, device) = (owner.device.district, owner.device.id);
    Ok((owner, Presence { district, device, proof_at: Some(request.at), on: now.date() }))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

    use super::*;

    fn ed25519() -> (DeviceKey, Vec<u8>) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key =
            DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key: pair.public_key().as_ref().to_vec() };
        (key, pair.sign(b"message").as_ref().to_vec())
    }

    fn es256() -> (DeviceKey, Vec<u8>) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key =
            DeviceKey { algorithm: KeyAlgorithm::Es256, public_key: pair.public_key().as_ref().to_vec() };
        (key, pair.sign(&SystemRandom::new(), b"message").unwrap().as_ref().to_vec())
    }

    #[test]
    fn both_algorithms_accept_their_own_and_nothing_else() {
        for (key, signature) in [ed25519(), es256()] {
            assert!(is_signed_by(&key, b"message", &signature));
            assert!(!is_signed_by(&key, b"massage", &signature));
            assert!(!is_signed_by(&key, b"message", &signature[..63]));
            let mut bent = signature.clone();
            bent[10] ^= 1;
            assert!(!is_signed_by(&key, b"message", &bent));
            let swapped = match key.algorithm {
                KeyAlgorithm::Ed25519 => KeyAlgorithm::Es256,
                KeyAlgorithm::Es256 => KeyAlgorithm::Ed25519,
            };
            assert!(!is_signed_by(&DeviceKey { algorithm: swapped, ..key }, b"message", &signature));
        }
    }

    #[test]
    fn a_key_in_another_form_is_no_key() {
        let (key, signature) = es256();
        let mut compressed = key.public_key[..33].to_vec();
        compressed[0] = 2 + (key.public_key[64] & 1);
        assert!(!is_signed_by(&DeviceKey { public_key: compressed, ..key.clone() }, b"message", &signature));
        assert!(!is_signed_by(&DeviceKey { public_key: Vec::new(), ..key }, b"message", &signature));
    }
}
