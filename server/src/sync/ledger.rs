//! The writer: one task that judges what is waiting and commits it in one transaction.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::{broadcast, mpsc, oneshot};
use zhibu_domain::access::Author;
use zhibu_domain::command::Command;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::{Actor, Collection, CommandFault, Record, RecordRef, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Envelope, EnvelopeReceipt, Receipt, Refusal, SentChange};

use super::Trees;
use super::judge::{Books, read_record};
use super::pages::Echo;
use super::prepare::{Carrier, Content, OpenedChange, Prepared, open};
use crate::clock::Clock;
use crate::metrics::{Running, Stage, tally};
use crate::store::{Committed, Decision, Delivery, Store, StoreError};

/// Most envelopes in one commit: enough to share an fsync, few enough to answer soon.
const BATCH: usize = 64;
/// How often a delivery is judged again when other servers write the same record.
const ATTEMPTS: usize = 8;
/// The epoch of console devices: they live on the server and are never restored.
const CONSOLE_EPOCH: u32 = 1;

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

/// What became of the envelopes of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// One for each envelope, in their order.
    pub receipts: Vec<EnvelopeReceipt>,
    /// Where the carrier's own changes among them stand.
    pub echo: Echo,
}

/// What waits for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Envelopes that wait.
    pub waiting: usize,
    /// How many may wait before a request has to.
    pub room: usize,
    /// Those who hear of what is appended.
    pub listeners: usize,
}

/// Why a staff command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The command does not fit the record.
    #[error(transparent)]
    Command(#[from] CommandFault),
    /// The gate refused it, as it would a phone's.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
}

struct Job {
    envelope: Prepared,
    waiting: Running,
    reply: oneshot::Sender<Result<EnvelopeReceipt, StoreError>>,
}

/// The way into the log. Cheap to clone; the writer ends when the last clone is gone.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    jobs: mpsc::Sender<Job>,
    news: broadcast::Sender<News>,
}

impl Ledger {
    /// Starts the writer.
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>, trees: Arc<Trees>) -> Self {
        let (jobs, waiting) = mpsc::channel(4 * BATCH);
        let (news, _) = broadcast::channel(1024);
        let writer = Writer {
            books: Books::new(store.clone(), trees),
            store: store.clone(),
            clock: clock.clone(),
            news: news.clone(),
        };
        tokio::spawn(writer.run(waiting));
        Self { store, clock, jobs, news }
    }

    /// Hears of everything that is appended from now on.
    pub fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// What waits for the writer now.
    pub fn queue(&self) -> Queue {
        Queue {
            waiting: self.jobs.max_capacity() - self.jobs.capacity(),
            room: self.jobs.max_capacity(),
            listeners: self.news.receiver_count(),
        }
    }

    /// Whether the writer takes work.
    pub fn is_alive(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Takes envelopes and answers once the answers are durable: one receipt for each, in their order.
    pub async fn deliver(&self, carrier: Carrier, envelopes: Vec<Envelope>) -> Result<Delivered, StoreError> {
        let mut replies = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let prepared = Stage::Open.time(open(&*self.store, carrier, envelope)).await?;
            let own = prepared.own_collections();
            replies.push((own, self.hand_over(prepared).await?));
        }
        let mut delivered = Delivered::default();
        for (own, reply) in replies {
            let receipt = reply.await.map_err(|_| StoreError::Busy)??;
            let stored =
                own.into_iter().zip(&receipt.changes).filter_map(|(collection, receipt)| match receipt {
                    Receipt::Stored(position) | Receipt::Duplicate(position) => Some((collection, *position)),
                    Receipt::Refused(_) => None,
                });
            delivered.echo.extend(stored);
            delivered.receipts.push(receipt);
        }
        Ok(delivered)
    }

    async fn hand_over(
        &self,
        envelope: Prepared,
    ) -> Result<oneshot::Receiver<Result<EnvelopeReceipt, StoreError>>, StoreError> {
        let (reply, receipt) = oneshot::channel();
        self.jobs
            .send(Job { envelope, waiting: Stage::Queue.begin(), reply })
            .await
            .map_err(|_| StoreError::Busy)?;
        Ok(receipt)
    }

    /// Carries out a command of staff at the console: the same change, gate and log as a phone's, written by the
    /// account's own console device (`author.device`). `false` if there was nothing to change.
    pub async fn write(
        &self,
        district: DistrictId,
        author: &Author,
        orgs_version: u64,
        reference: RecordRef,
        command: &Command,
    ) -> Result<bool, WriteFault> {
        let carrier = Carrier { district, device: author.device };
        for _ in 0..ATTEMPTS {
            let record = read_record(&*self.store, district, reference).await?;
            let mut record = record.unwrap_or_else(|| Record::new(reference));
            let actor = Actor { device: author.device, epoch: CONSOLE_EPOCH };
            let Some(written) = record.execute(command, Stamp { actor, now: self.clock.now() })? else {
                return Ok(false);
            };
            let change = OpenedChange::open(SentChange { record: reference, change: written.bytes });
            match self.submit(carrier, author, orgs_version, change).await? {
                Receipt::Stored(_) | Receipt::Duplicate(_) => return Ok(true),
                // Another writing of the same account was faster.
                Receipt::Refused(refusal) if refusal.code == RefusalCode::SequenceConflict => {}
                Receipt::Refused(refusal) => return Err(WriteFault::Refused(refusal)),
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Judges and commits one change as an author's, outside of any envelope.
    pub async fn submit_change(
        &self,
        district: DistrictId,
        author: &Author,
        orgs_version: u64,
        sent: SentChange,
    ) -> Result<Receipt, StoreError> {
        let carrier = Carrier { district, device: author.device };
        self.submit(carrier, author, orgs_version, OpenedChange::open(sent)).await
    }

    /// Judges a quarantined change once more, with the rights of the one who admits it. `author` names him as the
    /// account, and the device that signed the change; `hand` is his own device.
    pub async fn admit(
        &self,
        hand: Carrier,
        author: &Author,
        orgs_version: u64,
        sent: SentChange,
    ) -> Result<Receipt, StoreError> {
        let change = OpenedChange { admitted_by: Some(author.account), ..OpenedChange::open(sent) };
        self.submit(hand, author, orgs_version, change).await
    }

    async fn submit(
        &self,
        carrier: Carrier,
        author: &Author,
        orgs_version: u64,
        change: OpenedChange,
    ) -> Result<Receipt, StoreError> {
        let prepared = Prepared {
            carrier,
            author: author.device,
            counter: 0,
            digest: change.hash.0,
            content: Content::Signed { author: author.clone(), orgs_version, changes: vec![change] },
            envelope: None,
        };
        let receipt = self.hand_over(prepared).await?.await.map_err(|_| StoreError::Busy)??;
        receipt.changes.into_iter().next().ok_or(StoreError::Busy)
    }
}

struct Writer {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    books: Books,
    news: broadcast::Sender<News>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut jobs, BATCH).await > 0 {
            jobs.iter().for_each(|job| job.waiting.end());
            let batch = std::mem::take(&mut jobs);
            // A judge that breaks must not stop everybody's deliveries: its books are opened anew, and whoever was
            // in the batch is told to come again.
            if AssertUnwindSafe(self.settle(batch)).catch_unwind().await.is_err() {
                tracing::error!("the judge broke; its books are opened anew");
                self.books.forget();
            }
        }
    }

    /// Judges and commits these jobs, again where another server was faster, until each has its answer.
    async fn settle(&mut self, mut jobs: Vec<Job>) {
        for _ in 0..ATTEMPTS {
            jobs = self.attempt(jobs).await;
            if jobs.is_empty() {
                return;
            }
        }
        for job in jobs {
            answer(job, Err(StoreError::Busy));
        }
    }

    /// One commit. Answers the jobs that are done and gives back those that must be judged again.
    async fn attempt(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let mut judged = Vec::with_capacity(jobs.len());
        let mut refused = HashSet::new();
        let judging = Stage::Judge.begin();
        for job in jobs {
            match self.books.judge(&job.envelope, &mut refused, self.clock.now()).await {
                Ok(delivery) => judged.push((job, delivery)),
                Err(error) => answer(job, Err(error)),
            }
        }
        let (jobs, deliveries): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
        judging.end();
        let committed = match Stage::Commit.time(self.store.commit(&deliveries)).await {
            Ok(committed) => {
                tally::commit(deliveries.len());
                committed
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a commit failed");
                for (job, delivery) in jobs.into_iter().zip(&deliveries) {
                    self.books.close(delivery);
                    answer(job, Err(StoreError::Busy));
                }
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for ((job, delivery), outcome) in jobs.into_iter().zip(deliveries).zip(committed) {
            match outcome {
                Committed::Done(receipts) => {
                    self.books.settle(&delivery);
                    self.tell(&delivery, &receipts);
                    let refused = delivery.refused_envelope.map(|(refusal, _)| refusal);
                    let receipt = EnvelopeReceipt { refused, changes: receipts };
                    tally::receipt(&receipt);
                    answer(job, Ok(receipt));
                }
                Committed::Stale(_) => {
                    self.books.close(&delivery);
                    again.push(job);
                }
                Committed::CounterReused => {
                    self.books.close(&delivery);
                    again.push(reused(job));
                }
            }
        }
        again
    }

    fn tell(&self, delivery: &Delivery, receipts: &[Receipt]) {
        for (verdict, receipt) in delivery.verdicts.iter().zip(receipts) {
            if let (Decision::Append, Receipt::Stored(position)) = (&verdict.decision, receipt) {
                let collection = verdict.record.collection();
                // Nobody listening is fine: listeners read the store when they come.
                let _ = self.news.send(News { district: delivery.district, collection, position: *position });
            }
        }
    }
}

/// The same job, to be kept as an envelope that was refused as a whole.
fn reused(mut job: Job) -> Job {
    let author = job.envelope.author;
    tracing::warn!(%author, counter = job.envelope.counter, "an envelope number was used for other bytes");
    job.envelope.content = Content::Refused(Committed::counter_reused());
    job
}

fn answer(job: Job, receipt: Result<EnvelopeReceipt, StoreError>) {
    // The request may be gone; what was committed stays, and the phone will ask again.
    let _ = job.reply.send(receipt);
}
