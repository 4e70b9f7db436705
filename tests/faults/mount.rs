//! The disk as a folder: a file system in user space (FUSE) over [`Disk`].

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use tempfile::TempDir;

use super::disk::{Disk, File, Folder, Node, Trouble};
use super::moments::Moments;
use super::power::Order;

/// Nothing is remembered by the kernel: what happens to the disk must be seen at once.
const AT_ONCE: Duration = Duration::ZERO;
const BLOCK: u32 = 4096;
/// What a healthy disk has free: more than the server wants.
const FREE_BLOCKS: u64 = (1 << 30) / BLOCK as u64;
/// Requests under way at once: a slow sync must not hold up a read.
const THREADS: usize = 4;

/// Serves a disk that holds a copy of this file, in a process of its own, until nobody asks any more: says first where
/// it is, and then a number for each line of [`Order`] that it read and carried out.
pub(crate) fn serve(file: &Path) -> std::io::Result<()> {
    let mut disk = Disk::default();
    disk.place(Path::new(file.file_name().unwrap_or_default()), std::fs::read(file)?);
    let (disk, folder) = (Arc::new(Mutex::new(disk)), TempDir::new()?);
    let mut session = mount(&disk, folder.path())?;
    println!("{}", folder.path().display());
    for line in std::io::stdin().lines() {
        match Order::read(&line?) {
            Some(Order::Trouble(trouble)) => lock(&disk).trouble = trouble,
            Some(Order::Cut { seed, favoured }) => {
                unmount(session)?;
                lock(&disk).lose_power(&mut Moments::of(seed), favoured);
                session = mount(&disk, folder.path())?;
            }
            None => return Err(std::io::Error::other("no such order")),
        }
        println!("{}", lock(&disk).syncs);
    }
    unmount(session)
}

/// Takes the disk away. The kernel ends a request that it is just handing over with ECONNABORTED: the server that was
/// killed had its files closed a moment ago, and nobody waits for an answer to that.
fn unmount(session: BackgroundSession) -> std::io::Result<()> {
    match session.umount_and_join() {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => Ok(()),
        ended => ended,
    }
}

fn mount(disk: &Arc<Mutex<Disk>>, folder: &Path) -> std::io::Result<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("zhibu-faults".to_owned())];
    config.n_threads = Some(THREADS);
    fuser::spawn_mount(Served(disk.clone()), folder, &config)
}

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap()
}

/// What answers the kernel.
struct Served(Arc<Mutex<Disk>>);

impl Served {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.0)
    }

    /// The file, unless what is wrong with the disk forbids to write so far into it.
    fn writable(disk: &mut Disk, number: u64, end: usize) -> Result<&mut File, Errno> {
        let trouble = disk.trouble;
        let file = disk.file(number).ok_or(Errno::EISDIR)?;
        match trouble {
            _ if file.is_shared_memory() => Ok(file),
            Trouble::Full if end > file.len() => Err(Errno::ENOSPC),
            Trouble::ReadOnly => Err(Errno::EROFS),
            Trouble::Writes => Err(Errno::EIO),
            _ => Ok(file),
        }
    }

    /// Whether names can be made and taken away.
    fn may_name(disk: &Disk) -> Result<(), Errno> {
        match disk.trouble {
            Trouble::Full => Err(Errno::ENOSPC),
            Trouble::ReadOnly => Err(Errno::EROFS),
            Trouble::Writes => Err(Errno::EIO),
            _ => Ok(()),
        }
    }

    fn make(&self, folder: INodeNo, name: &OsStr, node: Node) -> Result<FileAttr, Errno> {
        let mut disk = self.disk();
        Self::may_name(&disk)?;
        let number = disk.make(folder.0, name, node).ok_or(Errno::ENOTDIR)?;
        disk.node(number).map(|node| attributes(number, node)).ok_or(Errno::ENOENT)
    }

    fn take_away(&self, folder: INodeNo, name: &OsStr) -> Result<u64, Errno> {
        let mut disk = self.disk();
        if disk.trouble != Trouble::Full {
            Self::may_name(&disk)?;
        }
        disk.folder(folder.0).and_then(|folder| folder.now.remove(name)).ok_or(Errno::ENOENT)
    }

    fn resize(&self, number: INodeNo, size: Option<u64>) -> Result<FileAttr, Errno> {
        let mut disk = self.disk();
        if let Some(size) = size {
            let size = usize::try_from(size).map_err(|_| Errno::EFBIG)?;
            Self::writable(&mut disk, number.0, size)?.set_len(size);
        }
        disk.node(number.0).map(|node| attributes(number.0, node)).ok_or(Errno::ENOENT)
    }

    fn sync(&self, number: INodeNo, reply: ReplyEmpty) {
        let trouble = self.disk().trouble;
        if let Trouble::SlowSyncs(ms) = trouble {
            std::thread::sleep(Duration::from_millis(ms));
        }
        if self.disk().sync(number.0) { reply.ok() } else { reply.error(Errno::EIO) }
    }
}

fn attributes(number: u64, node: &Node) -> FileAttr {
    let (kind, perm, size) = match node {
        Node::File(file) => (FileType::RegularFile, 0o600, file.len() as u64),
        Node::Folder(_) => (FileType::Directory, 0o700, 0),
    };
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: BLOCK,
        flags: 0,
    }
}

/// Everything but shared memory goes past the kernel's cache, so that each read and write meets the trouble of the
/// moment.
fn how_to_open(disk: &Disk, number: INodeNo) -> FopenFlags {
    match disk.node(number.0) {
        Some(Node::File(file)) if file.is_shared_memory() => FopenFlags::FOPEN_KEEP_CACHE,
        _ => FopenFlags::FOPEN_DIRECT_IO,
    }
}

fn tell(reply: ReplyEmpty, outcome: Result<(), Errno>) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn tell_entry(reply: ReplyEntry, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attributes) => reply.entry(&AT_ONCE, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn tell_attr(reply: ReplyAttr, outcome: Result<FileAttr, Errno>) {
    match outcome {
        Ok(attributes) => reply.attr(&AT_ONCE, &attributes),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = self.disk();
        let found = disk.find(parent.0, name);
        let found = found.and_then(|number| Some(attributes(number, disk.node(number)?)));
        tell_entry(reply, found.ok_or(Errno::ENOENT));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let disk = self.disk();
        tell_attr(reply, disk.node(ino.0).map(|node| attributes(ino.0, node)).ok_or(Errno::ENOENT));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        tell_attr(reply, self.resize(ino, size));
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        tell_entry(reply, self.make(parent, name, Node::Folder(Folder::default())));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(reply, self.take_away(parent, name).map(drop));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        tell(reply, self.take_away(parent, name).map(drop));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        _: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let moved = self.take_away(parent, name).and_then(|number| {
            let mut disk = self.disk();
            let folder = disk.folder(new_parent.0).ok_or(Errno::ENOTDIR)?;
            folder.now.insert(new_name.to_owned(), number);
            Ok(())
        });
        tell(reply, moved);
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let flags = how_to_open(&self.disk(), ino);
        reply.opened(FileHandle(0), flags);
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        match self.make(parent, name, Node::File(File::named(name))) {
            Ok(made) => {
                let flags = how_to_open(&self.disk(), made.ino);
                reply.created(&AT_ONCE, &made, Generation(0), FileHandle(0), flags);
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut disk = self.disk();
        let fails = disk.trouble == Trouble::Reads;
        match disk.file(ino.0) {
            Some(file) if !fails || file.is_shared_memory() => {
                reply.data(file.read(offset as usize, size as usize));
            }
            _ => reply.error(Errno::EIO),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let offset = offset as usize;
        match Self::writable(&mut self.disk(), ino.0, offset + bytes.len()) {
            Ok(file) => {
                file.write(offset, bytes);
                reply.written(bytes.len() as u32);
            }
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.sync(ino, reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.sync(ino, reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let Some(Node::Folder(folder)) = disk.node(ino.0) else { return reply.error(Errno::ENOTDIR) };
        for (number, (name, inside)) in folder.now.iter().enumerate().skip(offset as usize) {
            let kind = match disk.node(*inside) {
                Some(Node::Folder(_)) => FileType::Directory,
                _ => FileType::RegularFile,
            };
            if reply.add(INodeNo(*inside), number as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let disk = self.disk();
        let used = disk.used_bytes().div_ceil(u64::from(BLOCK));
        let free = if disk.trouble == Trouble::Full { 0 } else { FREE_BLOCKS };
        reply.statfs(used + free, free, free, 1 << 20, 1 << 20, BLOCK, 255, BLOCK);
    }
}
