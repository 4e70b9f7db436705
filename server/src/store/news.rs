//! Word between the servers of one database: what was appended, so that whoever listens at another server looks.

use tokio::sync::broadcast;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::Collection;

/// Something was appended to a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// The district.
    pub district: DistrictId,
    /// The collection.
    pub collection: Collection,
    /// Its new last position.
    pub position: u64,
}

/// What a listener hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// This moved.
    Moved(News),
    /// Something was missed: anything may have moved. Look again.
    Missed,
}

/// Word between servers. Part of the contract of [`Store`](super::Store).
pub trait NewsStore: Send + Sync {
    /// Tells the other servers on this database what was appended, soon after it was committed. Word and nothing more:
    /// it may be lost with the process, and nobody may rely on it for the truth.
    fn tell(&self, news: &[News]);

    /// What other servers tell from now on, and [`Word::Missed`] after the line was down. Silent where a database
    /// has one server. Ends when the store is closed.
    fn hear(&self) -> broadcast::Receiver<Word>;
}
