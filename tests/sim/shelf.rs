//! Where the servers keep pictures: in memory, with the district's own time, on a disk that fails now and then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use zhibu_domain::time::Millis;
use zhibu_server::clock::{Clock as _, TestClock};

use super::chance::Chance;

/// The place of all servers' pictures.
pub(crate) struct Shelf {
    held: InMemory,
    came: Mutex<BTreeMap<Path, Millis>>,
    clock: Arc<TestClock>,
    chance: Chance,
    is_rough: AtomicBool,
}

impl Shelf {
    /// An empty one.
    pub(crate) fn new(clock: Arc<TestClock>, chance: Chance) -> Self {
        let (held, came, is_rough) = (InMemory::new(), Mutex::default(), AtomicBool::new(false));
        Self { held, came, clock, chance, is_rough }
    }

    /// Whether it fails now and then.
    pub(crate) fn be_rough(&self, is_rough: bool) {
        self.is_rough.store(is_rough, Ordering::SeqCst);
    }

    /// The power fails: pieces of what is on its way are not synced to any disk.
    pub(crate) async fn lose_pieces(&self) -> usize {
        let pieces = self.held.list(Some(&Path::from("parts"))).map_ok(|piece| piece.location);
        let pieces: Vec<Path> = pieces.try_collect().await.unwrap();
        let mut lost = 0;
        for piece in pieces.iter().filter(|_| self.chance.percent(50)) {
            self.held.delete(piece).await.unwrap();
            lost += 1;
        }
        lost
    }

    fn fails(&self) -> Result<()> {
        let source = || "the pictures' disk does not answer".into();
        match self.is_rough.load(Ordering::SeqCst) && self.chance.below(60) == 0 {
            true => Err(Error::Generic { store: "shelf", source: source() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl ObjectStore for Shelf {
    async fn put_opts(&self, place: &Path, bytes: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.fails()?;
        self.came.lock().unwrap().insert(place.clone(), self.clock.now());
        let put = self.held.put_opts(place, bytes, options).await;
        // It came, and nobody hears of it.
        self.fails()?;
        put
    }

    async fn put_multipart_opts(
        &self,
        place: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.held.put_multipart_opts(place, options).await
    }

    async fn get_opts(&self, place: &Path, options: GetOptions) -> Result<GetResult> {
        self.fails()?;
        self.held.get_opts(place, options).await
    }

    fn delete_stream(&self, places: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.held.delete_stream(places)
    }

    /// As old as the district's clock says, not this machine's.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let came = self.came.lock().unwrap().clone();
        let dated = move |piece: ObjectMeta| {
            let at = came.get(&piece.location).map_or(0, |at| at.0.unsigned_abs());
            ObjectMeta { last_modified: (UNIX_EPOCH + Duration::from_millis(at)).into(), ..piece }
        };
        self.held.list(prefix).map_ok(dated).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.held.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.held.copy_opts(from, to, options).await
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shelf")
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
