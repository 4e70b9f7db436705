//! The files of pictures: parts on their way, and those that came whole, under their hash.
//!
//! A district's pictures are `whole/<district>/<first two digits>/<hash>`; a part is
//! `parts/<district>/<hash>.<device>`, so that no device can spoil what another one sends.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::time::Millis;

/// The folder that holds the pictures of all districts.
#[derive(Debug, Clone)]
pub struct BlobFolder {
    root: PathBuf,
}

/// What one device has sent so far of one picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) district: DistrictId,
    pub(super) hash: BlobHash,
    pub(super) device: DeviceId,
}

impl BlobFolder {
    /// The folder at this path; it is made when the first picture comes.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A picture that came whole.
    pub async fn read(&self, district: DistrictId, hash: BlobHash) -> io::Result<Option<Vec<u8>>> {
        if_there(fs::read(self.whole(district, hash)).await)
    }

    pub(super) async fn remove(&self, district: DistrictId, hash: BlobHash) -> io::Result<()> {
        if_there(fs::remove_file(self.whole(district, hash)).await).map(drop)
    }

    pub(super) async fn part_len(&self, part: &Part) -> io::Result<u64> {
        let found = if_there(fs::metadata(self.part(part)).await)?;
        Ok(found.map_or(0, |found| found.len()))
    }

    pub(super) async fn append(&self, part: &Part, piece: &[u8]) -> io::Result<()> {
        let path = self.part(part);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).await?;
        file.write_all(piece).await?;
        file.flush().await
    }

    pub(super) async fn read_part(&self, part: &Part) -> io::Result<Vec<u8>> {
        fs::read(self.part(part)).await
    }

    pub(super) async fn drop_part(&self, part: &Part) -> io::Result<()> {
        if_there(fs::remove_file(self.part(part)).await).map(drop)
    }

    /// Makes a part the whole picture. When this returns, it survives the loss of power.
    pub(super) async fn keep(&self, part: &Part) -> io::Result<()> {
        let (from, to) = (self.part(part), self.whole(part.district, part.hash));
        let folder = to.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).await?;
        fs::File::open(&from).await?.sync_all().await?;
        fs::rename(&from, &to).await?;
        // The name is in the folder's own file, and the folder's name in that of the one above.
        for folder in folder.ancestors().take_while(|above| above.starts_with(&self.root)) {
            fs::File::open(folder).await?.sync_all().await?;
        }
        Ok(())
    }

    /// Drops parts whose last piece came before this time; how many.
    pub(super) async fn sweep_parts(&self, before: Millis) -> io::Result<usize> {
        let before = UNIX_EPOCH + Duration::from_millis(u64::try_from(before.0).unwrap_or(0));
        let mut dropped = 0;
        for district in entries(&self.root.join("parts")).await? {
            for part in entries(&district).await? {
                if fs::metadata(&part).await?.modified()? < before {
                    fs::remove_file(&part).await?;
                    dropped += 1;
                }
            }
        }
        Ok(dropped)
    }

    fn whole(&self, district: DistrictId, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.root.join("whole").join(district.to_string()).join(&name[..2]).join(name)
    }

    fn part(&self, part: &Part) -> PathBuf {
        let name = format!("{}.{}", part.hash, part.device);
        self.root.join("parts").join(part.district.to_string()).join(name)
    }
}

async fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(mut reader) = if_there(fs::read_dir(folder).await)? else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    while let Some(entry) = reader.next_entry().await? {
        paths.push(entry.path());
    }
    Ok(paths)
}

fn if_there<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISTRICT: DistrictId = DistrictId::from_bytes([1; 16]);

    fn part(device: u8) -> Part {
        let (hash, device) = (BlobHash([7; 32]), DeviceId::from_bytes([device; 16]));
        Part { district: DISTRICT, hash, device }
    }

    #[tokio::test]
    async fn parts_of_two_devices_stay_apart_until_one_is_whole() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = BlobFolder::at(scratch.path().join("blobs"));
        assert_eq!(folder.part_len(&part(1)).await.unwrap(), 0);
        folder.append(&part(1), b"ab").await.unwrap();
        folder.append(&part(2), b"xyz").await.unwrap();
        folder.append(&part(1), b"cd").await.unwrap();
        assert_eq!(folder.part_len(&part(1)).await.unwrap(), 4);
        assert_eq!(folder.read(DISTRICT, BlobHash([7; 32])).await.unwrap(), None);
        folder.keep(&part(1)).await.unwrap();
        assert_eq!(folder.read(DISTRICT, BlobHash([7; 32])).await.unwrap().as_deref(), Some(&b"abcd"[..]));
        let other_district = DistrictId::from_bytes([2; 16]);
        assert_eq!(folder.read(other_district, BlobHash([7; 32])).await.unwrap(), None);
        assert_eq!(folder.part_len(&part(1)).await.unwrap(), 0);
        folder.drop_part(&part(2)).await.unwrap();
        folder.drop_part(&part(2)).await.unwrap();
        folder.remove(DISTRICT, BlobHash([7; 32])).await.unwrap();
        assert_eq!(folder.read(DISTRICT, BlobHash([7; 32])).await.unwrap(), None);
    }

    #[tokio::test]
    async fn only_parts_that_nobody_continues_are_swept() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = BlobFolder::at(scratch.path());
        assert_eq!(folder.sweep_parts(Millis(5_000)).await.unwrap(), 0, "nothing ever came");
        folder.append(&part(1), b"ab").await.unwrap();
        let file = std::fs::File::options().append(true).open(folder.part(&part(1))).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(5)).unwrap();
        assert_eq!(folder.sweep_parts(Millis(5_000)).await.unwrap(), 0);
        assert_eq!(folder.sweep_parts(Millis(5_001)).await.unwrap(), 1);
        assert_eq!(folder.part_len(&part(1)).await.unwrap(), 0);
    }
}
