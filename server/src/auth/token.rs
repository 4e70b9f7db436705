//! Access tokens: JWT, HS256 and nothing else, signed with the district's own secret.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Voucher;

use super::voucher::VoucherKey;
use crate::error::ApiError;
use crate::store::{District, Store};

/// What a token is for: there is one sort. Staff at a console have a session, see [`super::session`].
const AUDIENCE: &str = "sync";
/// How long a token lives, in milliseconds. A phone renews by itself.
const LIFETIME_MS: i64 = 10 * 60 * 1000;
/// Allowed difference between clocks of several servers, in seconds.
const LEEWAY_S: i64 = 5;
/// Longer texts are not looked at; ours have about 350 bytes.
const MAX_TOKEN_BYTES: usize = 1024;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: DeviceId,
    dis: DistrictId,
    aud: String,
    nbf: i64,
    exp: i64,
}

/// A token and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The JWT.
    pub token: String,
    /// When it ends.
    pub expires_at: Millis,
}

/// Whom a valid token names. Whether he may still speak, the store must be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBearer {
    /// The district whose secret signed it.
    pub district: DistrictId,
    /// The device.
    pub device: DeviceId,
}

/// The districts' keys of tokens and vouchers, read from the store once each: a district's secret never changes while a server runs.
#[derive(Default)]
pub struct Keyring {
    keys: RwLock<HashMap<DistrictId, Arc<TokenKeys>>>,
}

struct TokenKeys {
    signing: EncodingKey,
    checking: DecodingKey,
    vouching: VoucherKey,
}

impl Keyring {
    /// A token for a device of this district.
    pub async fn issue(
        &self,
        store: &dyn Store,
        bearer: TokenBearer,
        now: Millis,
    ) -> Result<IssuedToken, ApiError> {
        let keys = self.keys(store, bearer.district).await?.ok_or(ApiError::NotFound)?;
        let expires_at = now.plus(LIFETIME_MS);
        let claims = Claims {
            sub: bearer.device,
            dis: bearer.district,
            aud: AUDIENCE.to_owned(),
            nbf: now.seconds(),
            exp: expires_at.seconds(),
        };
        let header = Header { kid: Some(bearer.district.to_string()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims, &keys.signing).map_err(ApiError::internal)?;
        Ok(IssuedToken { token, expires_at: Millis(expires_at.seconds() * 1000) })
    }

    /// Whom the token names, if it is one of ours and within its time.
    pub async fn verify(&self, store: &dyn Store, token: &str, now: Millis) -> Result<TokenBearer, ApiError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(ApiError::Unauthenticated);
        }
        // The header is not proven yet: it only says which secret to try. The algorithm it names is not followed.
        let header = jsonwebtoken::decode_header(token).map_err(|_| ApiError::Unauthenticated)?;
        let district = header.kid.and_then(|kid| kid.parse().ok()).ok_or(ApiError::Unauthenticated)?;
        let keys = self.keys(store, district).await?.ok_or(ApiError::Unauthenticated)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &keys.checking, &validation())
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => ApiError::TokenExpired,
                _ => ApiError::Unauthenticated,
            })?
            .claims;
        // The library would ask the machine's clock; ours is handed in.
        if now.seconds() > claims.exp + LEEWAY_S {
            return Err(ApiError::TokenExpired);
        }
        if claims.dis != district || now.seconds() < claims.nbf - LEEWAY_S {
            return Err(ApiError::Unauthenticated);
        }
        Ok(TokenBearer { district, device: claims.sub })
    }

    /// The code of a voucher for these names; none for none.
    pub async fn vouch(
        &self,
        store: &dyn Store,
        district: DistrictId,
        generation: &[u8],
        names: &[ChangeHash],
    ) -> Result<Option<Vec<u8>>, ApiError> {
        if names.is_empty() {
            return Ok(None);
        }
        let keys = self.keys(store, district).await?.ok_or(ApiError::NotFound)?;
        Ok(Some(keys.vouching.code(generation, names)))
    }

    /// Whether this district's server gave a voucher, before it was restored or since.
    pub async fn is_ours(
        &self,
        store: &dyn Store,
        district: DistrictId,
        voucher: &Voucher,
    ) -> Result<bool, ApiError> {
        let keys = self.keys(store, district).await?.ok_or(ApiError::NotFound)?;
        Ok(keys.vouching.is_ours(voucher))
    }

    async fn keys(
        &self,
        store: &dyn Store,
        district: DistrictId,
    ) -> Result<Option<Arc<TokenKeys>>, ApiError> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&district).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(District { token_secret, .. }) = store.find_district(district).await? else {
            return Ok(None);
        };
        let keys = Arc::new(TokenKeys {
            signing: EncodingKey::from_secret(&token_secret),
            checking: DecodingKey::from_secret(&token_secret),
            vouching: VoucherKey::of(&token_secret),
        });
        self.keys.write().unwrap_or_else(PoisonError::into_inner).insert(district, keys.clone());
        Ok(Some(keys))
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "sub"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::databases::own_database;
    use crate::store::conformance::{DISTRICT, NOW, OTHER_DISTRICT, PHONE, populate};

    const PHONE_BEARER: TokenBearer = TokenBearer { district: DISTRICT, device: PHONE };

    async fn open() -> (tempfile::TempDir, Arc<dyn Store>, Keyring) {
        let folder = tempfile::tempdir().unwrap();
        let store = own_database(folder.path()).await.open().await.unwrap();
        populate(&*store).await;
        (folder, store, Keyring::default())
    }

    fn forge(header: &str, claims: &serde_json::Value, signature: &str) -> String {
        let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{signature}", encode(header), encode(&claims.to_string()))
    }

    #[tokio::test]
    async fn a_token_names_its_device_until_it_ends() {
        let (_folder, store, keyring) = open().await;
        let issued = keyring.issue(&*store, PHONE_BEARER, NOW).await.unwrap();
        let verify = async |at| keyring.verify(&*store, &issued.token, at).await;
        assert_eq!(verify(NOW).await.unwrap(), PHONE_BEARER);
        assert_eq!(verify(issued.expires_at).await.unwrap(), PHONE_BEARER);
        assert!(matches!(verify(issued.expires_at.plus(10_000)).await, Err(ApiError::TokenExpired)));
        assert!(matches!(verify(NOW.plus(-60_000)).await, Err(ApiError::Unauthenticated)));
        assert!(issued.token.len() < MAX_TOKEN_BYTES);
    }

    #[tokio::test]
    async fn a_token_opens_one_district() {
        let (_folder, store, keyring) = open().await;
        // Both test districts have the same secret, so only the claim tells them apart.
        let claims = serde_json::json!({
            "sub": PHONE, "dis": DISTRICT, "aud": "sync", "nbf": NOW.seconds(), "exp": NOW.seconds() + 600,
        });
        let header = Header { kid: Some(OTHER_DISTRICT.to_string()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(&[8; 32]);
        let moved = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        let moved = keyring.verify(&*store, &moved, NOW).await;
        assert!(matches!(moved, Err(ApiError::Unauthenticated)));
    }

    #[tokio::test]
    async fn a_forged_token_is_nobodys() {
        let (_folder, store, keyring) = open().await;
        let claims = serde_json::json!({
            "sub": PHONE, "dis": DISTRICT, "aud": "sync", "nbf": NOW.seconds(), "exp": NOW.seconds() + 600,
        });
        let kid = DISTRICT.to_string();
        let issued = keyring.issue(&*store, PHONE_BEARER, NOW).await.unwrap().token;
        let signature = issued.rsplit('.').next().unwrap();
        let mut other_purpose = claims.clone();
        other_purpose["aud"] = "console".into();
        let with_alg = |alg: &str| format!(r#"{{"typ":"JWT","alg":"{alg}","kid":"{kid}"}}"#);
        let other_key = EncodingKey::from_secret(&[9; 32]);
        let header = |algorithm| Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
        let right_key = EncodingKey::from_secret(&[8; 32]);
        let forged = [
            String::new(),
            "a.b.c".into(),
            "x".repeat(5000),
            forge(&with_alg("none"), &claims, ""),
            forge(&with_alg("HS512"), &claims, signature),
            forge(&with_alg("RS256"), &claims, signature),
            forge(&with_alg("HS256"), &claims, "AAAA"),
            format!("{}x", &issued[..issued.len() - 1]),
            jsonwebtoken::encode(&header(Algorithm::HS256), &claims, &other_key).unwrap(),
            jsonwebtoken::encode(&header(Algorithm::HS256), &other_purpose, &right_key).unwrap(),
            jsonwebtoken::encode(&header(Algorithm::HS384), &claims, &right_key).unwrap(),
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &right_key).unwrap(),
        ];
        for token in forged {
            let verified = keyring.verify(&*store, &token, NOW).await;
            assert!(matches!(verified, Err(ApiError::Unauthenticated)), "{token}: {verified:?}");
        }
        let honest = jsonwebtoken::encode(&header(Algorithm::HS256), &claims, &right_key).unwrap();
        assert!(keyring.verify(&*store, &honest, NOW).await.is_ok(), "the forgeries miss one thing only");
    }
}
