//! Passwords of staff: argon2id, off the threads that answer requests.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::ApiError;

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// So many at once; each takes 19 MiB, and a flood of logins must not take the machine's memory.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// Longest password that is hashed, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 256;

/// Stands in for the hash of a login that does not exist, so that the answer takes as long as for one that does.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody has this password").ok());

/// A PHC string for this password, with a fresh salt.
pub async fn hash(password: String) -> Result<String, ApiError> {
    let _turn = AT_ONCE.acquire().await.map_err(ApiError::internal)?;
    spawn_blocking(move || hash_now(&password)).await.map_err(ApiError::internal)?.map_err(ApiError::internal)
}

/// Whether this is the password. Without a stored hash the answer is no, after the same work.
pub async fn is_right(password: String, stored: Option<String>) -> Result<bool, ApiError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Ok(false);
    }
    let _turn = AT_ONCE.acquire().await.map_err(ApiError::internal)?;
    spawn_blocking(move || {
        let is_known = stored.is_some();
        let stored = stored.or_else(|| NOBODY.clone()).unwrap_or_default();
        let fits = PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        fits && is_known
    })
    .await
    .map_err(ApiError::internal)
}

fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(argon2::password_hash::Error::from)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(argon2.hash_password(password.as_bytes())?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_by_its_hash() {
        let stored = hash("白桦1921".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("白桦1921".into()).await.unwrap(), "each hash has its own salt");
        assert!(is_right("白桦1921".into(), Some(stored.clone())).await.unwrap());
        assert!(!is_right("白桦1922".into(), Some(stored)).await.unwrap());
        assert!(!is_right("nobody has this password".into(), None).await.unwrap());
        assert!(!is_right("x".into(), Some("not a hash".into())).await.unwrap());
    }
}
