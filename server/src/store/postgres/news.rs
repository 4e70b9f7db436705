//! Word between servers: LISTEN and NOTIFY.
//!
//! The word goes out after the commit and not within it: a commit that notifies holds a lock of the whole database until
//! it is on disk, so that no two servers would share an fsync any more. What waits to be told goes out together.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::{broadcast, mpsc};
use zhibu_domain::ids::{DistrictId, OrgId};
use zhibu_domain::record::Collection;

use super::PostgresStore;
use crate::store::{News, NewsStore, Word};

const CHANNEL: &str = "zhibu_news";
/// Most news in one notification: a line has some 90 bytes, and Postgres carries 8,000.
const LINES: usize = 80;
/// How much may wait for a listener before he has missed something.
const WAITING: usize = 1024;
/// How long to wait before the line is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The line to the other servers; set up when it is first used, which commands at the command line never do.
#[derive(Debug, Default)]
pub(super) struct Line {
    open: OnceLock<OpenLine>,
}

#[derive(Debug)]
struct OpenLine {
    out: mpsc::UnboundedSender<News>,
    heard: broadcast::WeakSender<Word>,
}

impl NewsStore for PostgresStore {
    fn tell(&self, news: &[News]) {
        for news in news {
            // The line is down only when the store is closed.
            let _ = self.line().out.send(*news);
        }
    }

    fn hear(&self) -> broadcast::Receiver<Word> {
        let line = self.line();
        // A closed store has nothing more to say: the channel that nobody holds is closed too.
        line.heard.upgrade().map_or_else(|| broadcast::channel(1).1, |heard| heard.subscribe())
    }
}

impl PostgresStore {
    fn line(&self) -> &OpenLine {
        self.line.open.get_or_init(|| {
            let (out, waiting) = mpsc::unbounded_channel();
            let (heard, _) = broadcast::channel(WAITING);
            let weak = heard.downgrade();
            tokio::spawn(converse(self.writer.clone(), self.readers.clone(), waiting, heard));
            OpenLine { out, heard: weak }
        })
    }
}

/// Ends when the store is closed.
async fn converse(
    writer: PgPool,
    readers: PgPool,
    waiting: mpsc::UnboundedReceiver<News>,
    heard: broadcast::Sender<Word>,
) {
    // What this server says comes back to it: the name tells it apart.
    let me = loop {
        match sqlx::query_scalar::<_, String>("SELECT gen_random_uuid()::text").fetch_one(&readers).await {
            Ok(me) => break me,
            Err(sqlx::Error::PoolClosed) => return,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    };
    tokio::join!(speak(&writer, &me, waiting), listen(&readers, &me, heard));
}

async fn speak(writer: &PgPool, me: &str, mut waiting: mpsc::UnboundedReceiver<News>) {
    let mut news = Vec::with_capacity(LINES);
    while waiting.recv_many(&mut news, LINES).await > 0 {
        let mut heads = BTreeMap::new();
        for News { district, collection, position } in news.drain(..) {
            let head = heads.entry((district, collection)).or_insert(position);
            *head = position.max(*head);
        }
        let lines = heads.iter().map(|((district, Collection { org, year }), position)| {
            format!("\n{district} {org} {year} {position}")
        });
        let text: String = std::iter::once(me.to_owned()).chain(lines).collect();
        let told = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(writer).await;
        match told {
            Ok(_) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => tracing::warn!(%error, "other servers were not told of news"),
        }
    }
}

async fn listen(readers: &PgPool, me: &str, heard: broadcast::Sender<Word>) {
    let say = |word| {
        // Nobody listening is fine.
        let _ = heard.send(word);
    };
    loop {
        match listen_once(readers, me, say).await {
            sqlx::Error::PoolClosed => return,
            error => tracing::warn!(%error, "the line to the other servers is down"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the line breaks.
async fn listen_once(readers: &PgPool, me: &str, say: impl Fn(Word)) -> sqlx::Error {
    let listening = async {
        let mut listener = PgListener::connect_with(readers).await?;
        listener.listen(CHANNEL).await?;
        // What was told between two connections is lost.
        say(Word::Missed);
        loop {
            match listener.try_recv().await? {
                Some(notification) => read(notification.payload(), me).for_each(&say),
                None => say(Word::Missed),
            }
        }
    };
    let ended: Result<std::convert::Infallible, sqlx::Error> = listening.await;
    match ended {
        Err(error) => error,
    }
}

/// What another server tells: its name, then a line for each collection. What cannot be read is a newer server's.
fn read<'t>(text: &'t str, me: &str) -> impl Iterator<Item = Word> + use<'t> {
    let (sender, lines) = text.split_once('\n').unwrap_or((text, ""));
    let lines = if sender == me { "" } else { lines };
    lines.lines().map(|line| read_line(line).map_or(Word::Missed, Word::Moved))
}

fn read_line(line: &str) -> Option<News> {
    let mut words = line.split(' ');
    let district: DistrictId = words.next()?.parse().ok()?;
    let org: OrgId = words.next()?.parse().ok()?;
    let collection = Collection { org, year: words.next()?.parse().ok()? };
    Some(News { district, collection, position: words.next()?.parse().ok()? })
}
