//! A disk in memory that remembers what was synced. At a power cut everything else is gone, or half of it, sector by
//! sector, as a real disk writes in the order that it likes. Names are as much data as bytes: a file that was made in a
//! folder that was not synced is not found again.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};

use super::moments::Moments;

/// What a disk writes in one piece.
const SECTOR: usize = 512;
/// The root folder.
pub(crate) const ROOT: u64 = 1;

/// What a disk does wrong at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// No room: a file cannot grow, and none can be made.
    Full,
    /// Nothing can be written.
    ReadOnly,
    /// Writing fails.
    Writes,
    /// Syncing fails, and what was to be synced is forgotten, as Linux does.
    Syncs,
    /// Reading fails.
    Reads,
    /// Each sync takes so many milliseconds.
    SlowSyncs(u64),
}

/// Written and not synced.
#[derive(Debug, Clone)]
enum Unsynced {
    Bytes(usize, Vec<u8>),
    Length(usize),
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    now: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    is_shared_memory: bool,
}

/// A folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    pub(crate) now: BTreeMap<OsString, u64>,
    synced: BTreeMap<OsString, u64>,
}

/// What a number on the disk stands for.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    File(File),
    Folder(Folder),
}

/// The disk.
#[derive(Debug)]
pub(crate) struct Disk {
    nodes: BTreeMap<u64, Node>,
    /// What it does wrong.
    pub(crate) trouble: Trouble,
    /// How often something was synced.
    pub(crate) syncs: u64,
}

impl Default for Disk {
    fn default() -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Folder(Folder::default()))]);
        Self { nodes, trouble: Trouble::None, syncs: 0 }
    }
}

impl File {
    /// An empty one. Memory that processes share by way of a file is no data, and spared all trouble.
    pub(crate) fn named(name: &OsStr) -> Self {
        Self { is_shared_memory: name.as_encoded_bytes().ends_with(b"-shm"), ..Self::default() }
    }

    /// Whether it only looks like a file.
    pub(crate) fn is_shared_memory(&self) -> bool {
        self.is_shared_memory
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.now.len()
    }

    /// So many bytes from there, or as many as there are.
    pub(crate) fn read(&self, offset: usize, size: usize) -> &[u8] {
        let from = offset.min(self.now.len());
        &self.now[from..(from + size).min(self.now.len())]
    }

    /// Puts bytes there.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.now, offset, bytes);
        self.unsynced.push(Unsynced::Bytes(offset, bytes.to_vec()));
    }

    /// Cuts or fills it to a length.
    pub(crate) fn set_len(&mut self, length: usize) {
        self.now.resize(length, 0);
        self.unsynced.push(Unsynced::Length(length));
    }

    fn sync(&mut self) {
        for step in std::mem::take(&mut self.unsynced) {
            self.redo(step);
        }
    }

    fn redo(&mut self, step: Unsynced) {
        match step {
            Unsynced::Bytes(offset, bytes) => put(&mut self.synced, offset, &bytes),
            Unsynced::Length(length) => self.synced.resize(length, 0),
        }
    }

    /// Keeps what was synced, and of the rest each sector that the draw favours.
    fn lose_power(&mut self, moments: &mut Moments, favoured_in_4: u64) {
        for step in std::mem::take(&mut self.unsynced) {
            match step {
                Unsynced::Bytes(offset, bytes) => {
                    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                        if moments.below(4) < favoured_in_4 {
                            put(&mut self.synced, offset + number * SECTOR, sector);
                        }
                    }
                }
                Unsynced::Length(_) if moments.below(4) < favoured_in_4 => self.redo(step),
                Unsynced::Length(_) => {}
            }
        }
        self.now = self.synced.clone();
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

impl Disk {
    /// A file or folder by number.
    pub(crate) fn node(&self, number: u64) -> Option<&Node> {
        self.nodes.get(&number)
    }

    /// A folder by number.
    pub(crate) fn folder(&mut self, number: u64) -> Option<&mut Folder> {
        match self.nodes.get_mut(&number) {
            Some(Node::Folder(folder)) => Some(folder),
            _ => None,
        }
    }

    /// A file by number.
    pub(crate) fn file(&mut self, number: u64) -> Option<&mut File> {
        match self.nodes.get_mut(&number) {
            Some(Node::File(file)) => Some(file),
            _ => None,
        }
    }

    /// What a name in a folder stands for.
    pub(crate) fn find(&self, folder: u64, name: &OsStr) -> Option<u64> {
        match self.nodes.get(&folder)? {
            Node::Folder(folder) => folder.now.get(name).copied(),
            Node::File(_) => None,
        }
    }

    /// Makes something under a name. Numbers are never used twice.
    pub(crate) fn make(&mut self, folder: u64, name: &OsStr, node: Node) -> Option<u64> {
        let number = self.nodes.keys().next_back().map_or(ROOT, |last| last + 1);
        self.folder(folder)?.now.insert(name.to_owned(), number);
        self.nodes.insert(number, node);
        Some(number)
    }

    /// Syncs a file or a folder. False if it does not work.
    pub(crate) fn sync(&mut self, number: u64) -> bool {
        self.syncs += 1;
        let fails = self.trouble == Trouble::Syncs;
        match self.nodes.get_mut(&number) {
            Some(Node::File(file)) if fails => file.unsynced.clear(),
            Some(Node::File(file)) => file.sync(),
            Some(Node::Folder(folder)) if !fails => folder.synced.clone_from(&folder.now),
            _ => {}
        }
        !fails
    }

    /// The power goes, and comes back: `favoured_in_4` of four unsynced sectors had reached the disk.
    pub(crate) fn lose_power(&mut self, moments: &mut Moments, favoured_in_4: u64) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File(file) => file.lose_power(moments, favoured_in_4),
                Node::Folder(folder) => folder.now.clone_from(&folder.synced),
            }
        }
    }

    /// Puts a file there, with its folders, all synced: what the disk holds in the beginning.
    pub(crate) fn place(&mut self, path: &Path, bytes: Vec<u8>) {
        let mut at = ROOT;
        let mut names = path.components().peekable();
        while let Some(Component::Normal(name)) = names.next() {
            let known = self.find(at, name);
            let made = if names.peek().is_some() {
                known.or_else(|| self.make(at, name, Node::Folder(Folder::default())))
            } else {
                let file = File { synced: bytes.clone(), now: bytes.clone(), ..File::default() };
                self.make(at, name, Node::File(file))
            };
            self.sync(at);
            at = made.unwrap();
        }
    }

    /// Bytes in its files.
    pub(crate) fn used_bytes(&self) -> u64 {
        let size = |node: &Node| if let Node::File(file) = node { file.now.len() as u64 } else { 0 };
        self.nodes.values().map(size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(disk: &Disk, path: &str) -> Option<Vec<u8>> {
        let number = disk.find(ROOT, OsStr::new(path))?;
        let Node::File(file) = disk.node(number)? else { return None };
        Some(file.read(0, usize::MAX / 2).to_vec())
    }

    fn new_file(disk: &mut Disk, name: &str) -> u64 {
        disk.make(ROOT, OsStr::new(name), Node::File(File::default())).unwrap()
    }

    #[test]
    fn what_was_synced_is_there_after_the_power_was_cut_and_nothing_else_is() {
        let mut disk = Disk::default();
        let number = new_file(&mut disk, "log");
        disk.file(number).unwrap().write(0, b"kept");
        assert!(disk.sync(number) && disk.sync(ROOT));
        disk.file(number).unwrap().write(2, b"lost");
        let unsynced = new_file(&mut disk, "new");
        disk.file(unsynced).unwrap().write(0, b"no name");
        assert!(disk.sync(unsynced));
        assert_eq!(bytes(&disk, "log").unwrap(), b"kelost");
        disk.lose_power(&mut Moments::of(1), 0);
        assert_eq!(bytes(&disk, "log").unwrap(), b"kept");
        assert_eq!(bytes(&disk, "new"), None, "its folder was not synced");
    }

    #[test]
    fn unsynced_sectors_may_survive_one_by_one() {
        let mut disk = Disk::default();
        disk.place(Path::new("log"), vec![0; 8 * SECTOR]);
        let number = disk.find(ROOT, OsStr::new("log")).unwrap();
        disk.file(number).unwrap().write(0, &[7; 8 * SECTOR]);
        disk.lose_power(&mut Moments::of(3), 2);
        let after = bytes(&disk, "log").unwrap();
        let survived = after.chunks(SECTOR).filter(|sector| **sector == [7; SECTOR]).count();
        let lost = after.chunks(SECTOR).filter(|sector| **sector == [0; SECTOR]).count();
        assert!(survived > 0 && lost > 0 && survived + lost == 8, "{survived} survived, {lost} lost");
    }

    #[test]
    fn a_sync_that_failed_keeps_nothing_and_says_so() {
        let mut disk = Disk::default();
        disk.place(Path::new("log"), b"old".to_vec());
        let number = disk.find(ROOT, OsStr::new("log")).unwrap();
        disk.file(number).unwrap().write(0, b"new");
        disk.trouble = Trouble::Syncs;
        assert!(!disk.sync(number));
        disk.trouble = Trouble::None;
        assert!(disk.sync(number), "the second one finds nothing to do, as on Linux");
        assert_eq!(bytes(&disk, "log").unwrap(), b"new", "whoever reads still sees it");
        disk.lose_power(&mut Moments::of(1), 0);
        assert_eq!(bytes(&disk, "log").unwrap(), b"old");
    }
}
