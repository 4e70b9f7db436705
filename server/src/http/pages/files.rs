//! The built pages, read once at start: from this binary, or from a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use axum::http::HeaderValue;
use data_encoding::HEXLOWER;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};
use zhibu_domain::time::Millis;

use super::{is_hashed, kept};

/// The pages as they were when this binary was built; none if they were not built before it.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct BuiltIn;

/// Where a debug build finds them: there they may be newer than the binary.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/dist");

/// Behind the name of a file that is its Brotli form.
pub(super) const PACKED: &str = ".br";

/// Every file of the pages by its path, and the hashed files of earlier builds.
#[derive(Debug, Default)]
pub struct Pages {
    files: BTreeMap<String, PageFile>,
    kept: BTreeMap<String, PathBuf>,
}

/// One file.
#[derive(Debug)]
pub(super) struct PageFile {
    pub(super) plain: Bytes,
    /// The same in Brotli, where the build made it.
    pub(super) packed: Option<Bytes>,
    /// By content, and weak, because it stands for every encoding.
    pub(super) tag: HeaderValue,
}

impl Pages {
    /// Those of this binary. A debug build reads them from the source tree instead.
    ///
    /// # Errors
    /// When the source tree cannot be read.
    pub fn built_in() -> io::Result<Self> {
        if cfg!(debug_assertions) {
            let dist = Path::new(DIST);
            return if dist.is_dir() { Self::from_folder(dist) } else { Ok(Self::default()) };
        }
        let bytes = |path: &str| BuiltIn::get(path).map(|file| file.data);
        let files = BuiltIn::iter().filter_map(|path| Some((path.to_string(), bytes(&path)?)));
        Ok(Self::of(files.collect()))
    }

    /// Those in a folder that a build of the pages made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_folder(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read_folder(folder, "", &mut files)?;
        Ok(Self::of(files))
    }

    fn of(mut bytes: BTreeMap<String, Cow<'static, [u8]>>) -> Self {
        let paths: Vec<String> = bytes.keys().filter(|path| !path.ends_with(PACKED)).cloned().collect();
        let mut take = |path: &str| bytes.remove(path).map(as_bytes);
        let file = |path: String| {
            let packed = take(&format!("{path}{PACKED}"));
            let plain = take(&path)?;
            let digest = HEXLOWER.encode(&Sha256::digest(&plain)[..16]);
            let tag = HeaderValue::from_str(&format!("W/\"{digest}\"")).ok()?;
            Some((path, PageFile { plain, packed, tag }))
        };
        Self { files: paths.into_iter().filter_map(file).collect(), kept: BTreeMap::new() }
    }

    /// Keeps the hashed files of this build in `folder` for those who still have its pages open after the next
    /// one, and finds there what earlier builds left; see `kept::keep`.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn keep_assets(&mut self, folder: &Path, now: Millis) -> io::Result<()> {
        let mut ours = BTreeMap::new();
        for (path, file) in self.files.iter().filter(|(path, _)| is_hashed(path)) {
            ours.insert(path.clone(), &file.plain);
            if let Some(packed) = &file.packed {
                ours.insert(format!("{path}{PACKED}"), packed);
            }
        }
        self.kept = kept::keep(folder, &ours, now)?;
        Ok(())
    }

    pub(super) fn file(&self, path: &str) -> Option<&PageFile> {
        self.files.get(path)
    }

    pub(super) fn kept(&self, path: &str) -> Option<&PathBuf> {
        self.kept.get(path)
    }
}

fn as_bytes(bytes: Cow<'static, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn read_folder(
    folder: &Path,
    above: &str,
    files: &mut BTreeMap<String, Cow<'static, [u8]>>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if entry.file_type()?.is_dir() {
            read_folder(&entry.path(), &format!("{above}{name}/"), files)?;
        } else {
            files.insert(format!("{above}{name}"), std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}
