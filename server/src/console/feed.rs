//! News for listeners: which collection moved, and nothing of what it holds.

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _};
use serde::Serialize;
use tokio::time::Instant;
use tokio_stream::wrappers::BroadcastStream;
use utoipa::ToSchema;
use zhibu_domain::ids::OrgId;
use zhibu_domain::record::STANDING;

use super::StaffCaller;
use crate::store::{News, Word};

/// How long one connection may listen. The next one shows its token again, so that nobody listens on after he
/// was shut out.
const LISTEN_FOR: Duration = Duration::from_secs(5 * 60);

/// A collection moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Moved {
    /// The org.
    #[schema(value_type = String, format = "uuid")]
    pub org: OrgId,
    /// The year, or 0 for its standing records.
    pub year: u16,
    /// Its last position now.
    pub position: u64,
}

impl StaffCaller {
    /// What moves in the caller's scope from now on. The stream ends after five minutes, and when the listener was
    /// too slow and missed something: he connects and reads again.
    pub fn listen(self) -> impl Stream<Item = Moved> + Send + 'static {
        let words = BroadcastStream::new(self.app.ledger.listen());
        let deadline = Instant::now() + LISTEN_FOR;
        let listener = Arc::new(self);
        words
            .take_while(|word| std::future::ready(matches!(word, Ok(Word::Moved(_)))))
            .filter_map(move |word| {
                let moved = match word {
                    Ok(Word::Moved(news)) => listener.moved(news),
                    _ => None,
                };
                std::future::ready(moved)
            })
            .take_until(tokio::time::sleep_until(deadline))
    }

    fn moved(&self, news: News) -> Option<Moved> {
        let News { district, collection, position } = news;
        let is_rule_book = collection.org == self.district().into() && collection.year == STANDING;
        let concerns = district == self.district() && (is_rule_book || self.may_read(collection.org));
        concerns.then_some(Moved { org: collection.org, year: collection.year, position })
    }
}
