//! The device's key in a browser: made by WebCrypto, and not to be taken out of it.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use zhibu_domain::wire::KeyAlgorithm;

use super::told;
use crate::keys::{DeviceKey, KeyError};

#[wasm_bindgen]
extern "C" {
    /// A key pair that is stored already (`web/src/core/keys.ts`).
    pub type KeyPair;

    /// `ed25519` or `es256`.
    #[wasm_bindgen(method, getter)]
    fn algorithm(this: &KeyPair) -> String;

    /// The public half, raw.
    #[wasm_bindgen(method, getter, js_name = publicKey)]
    fn public_key(this: &KeyPair) -> Uint8Array;

    /// A signature of 64 bytes.
    #[wasm_bindgen(method, catch)]
    async fn sign(this: &KeyPair, message: Uint8Array) -> Result<JsValue, JsValue>;
}

/// A WebCrypto key pair.
pub struct WebKey {
    pair: KeyPair,
    algorithm: KeyAlgorithm,
    public_key: Vec<u8>,
}

impl WebKey {
    /// The pair, if its algorithm is one that we know.
    pub fn new(pair: KeyPair) -> Result<Self, KeyError> {
        let algorithm = pair.algorithm().parse().map_err(|e| KeyError::new("cannot be used", e))?;
        let public_key = pair.public_key().to_vec();
        Ok(Self { pair, algorithm, public_key })
    }
}

impl DeviceKey for WebKey {
    fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(Uint8Array::from(message)).await;
        let signature = signature.map_err(|e| KeyError::new("cannot sign", told(&e).1))?;
        Ok(Uint8Array::new(&signature).to_vec())
    }
}
