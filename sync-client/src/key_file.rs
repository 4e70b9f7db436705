//! The device key of a laptop: Ed25519 in a file that only its owner can read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zhibu_domain::wire::KeyAlgorithm;

use crate::keys::{DeviceKey, KeyError};

/// An Ed25519 key kept as PKCS#8 in a file of mode 0600.
#[derive(Debug)]
pub struct FileKey {
    pair: Ed25519KeyPair,
}

impl FileKey {
    /// Opens the key in this file; makes one when there is none.
    pub fn open_or_create(path: &Path) -> Result<Self, KeyError> {
        match std::fs::read(path) {
            Ok(pkcs8) => Ok(Self {
                pair: Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|e| KeyError::new("is not a key", e))?,
            }),
            Err(e) if e.kind() == ErrorKind::NotFound => Self::create(path),
            Err(e) => Err(KeyError::new("cannot be read", e)),
        }
    }

    /// The file is complete before it has its name: a key cut short by a power failure would lock the device out.
    fn create(path: &Path) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|e| KeyError::new("cannot be made", e))?;
        let pkcs8 = pair.to_pkcs8().map_err(|e| KeyError::new("cannot be made", e))?;
        let unfinished = path.with_extension("new");
        write_private(&unfinished, pkcs8.as_ref()).map_err(|e| KeyError::new("cannot be written", e))?;
        std::fs::rename(&unfinished, path).map_err(|e| KeyError::new("cannot be written", e))?;
        Ok(Self { pair })
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    restrict(&mut options);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

/// Elsewhere the user's own folder is what keeps others out.
#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions) {}

impl DeviceKey for FileKey {
    fn algorithm(&self) -> KeyAlgorithm {
        KeyAlgorithm::Ed25519
    }

    fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.try_sign(message).map_err(|e| KeyError::new("cannot sign", e))?;
        Ok(signature.as_ref().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[tokio::test]
    async fn a_key_outlives_its_process_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let first = FileKey::open_or_create(&path).unwrap();
        let signature = first.sign(b"words").await.unwrap();
        let again = FileKey::open_or_create(&path).unwrap();
        assert_eq!(first.public_key(), again.public_key());
        assert_eq!(signature.len(), 64);
        let verifier = UnparsedPublicKey::new(&ED25519, again.public_key());
        assert!(verifier.verify(b"words", &signature).is_ok());
        assert!(verifier.verify(b"other words", &signature).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_is_an_error_and_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        std::fs::write(&path, b"no key").unwrap();
        assert_eq!(FileKey::open_or_create(&path).unwrap_err().step, "is not a key");
        assert_eq!(std::fs::read(&path).unwrap(), b"no key");
    }
}
