//! The writer: one task that judges what is waiting and commits it in one transaction, so that one fsync serves many
//! pushes, and only then answers.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use zhibu_domain::record::{RecordKind, STANDING};
use zhibu_domain::wire::{EnvelopeReceipt, Receipt};

use super::books::Books;
use super::judge::Judge;
use super::prepare::{Content, Prepared};
use super::tails::Tails;
use crate::clock::Clock;
use crate::metrics::{Running, Stage, tally};
use crate::store::{Committed, Decision, Delivery, LogContent, LogRow, News, Store, StoreError, Word};

/// Most envelopes in one commit: enough to share an fsync, few enough to answer soon.
pub(super) const BATCH: usize = 64;
/// How often a delivery is judged again when other servers write the same record.
const ATTEMPTS: usize = 8;

/// An opened envelope that waits for its answer.
pub(super) struct Job {
    pub(super) envelope: Prepared,
    pub(super) waiting: Running,
    pub(super) reply: oneshot::Sender<Result<EnvelopeReceipt, StoreError>>,
}

/// What the writer is asked to do.
pub(super) enum Work {
    Deliver(Box<Job>),
    PutAway(oneshot::Sender<()>),
}

/// Its state: what it writes to, what the judge keeps open, whom it tells and whom it hears.
pub(super) struct Writer {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) books: Books,
    pub(super) tails: Arc<Tails>,
    pub(super) words: broadcast::Sender<Word>,
    pub(super) heard: broadcast::Receiver<Word>,
}

impl Writer {
    /// Takes work until nobody can bring any.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        let mut work = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut work, BATCH).await > 0 {
            let (mut batch, mut leaving) = (Vec::with_capacity(work.len()), Vec::new());
            for one in work.drain(..) {
                match one {
                    Work::Deliver(job) => {
                        job.waiting.end();
                        batch.push(*job);
                    }
                    Work::PutAway(done) => leaving.push(done),
                }
            }
            self.hear();
            // A judge that breaks must not stop everybody's deliveries: its books are opened anew, and whoever was
            // in the batch is told to come again.
            if AssertUnwindSafe(self.settle(batch)).catch_unwind().await.is_err() {
                tracing::error!("the judge broke; its books are opened anew");
                self.books.forget();
            }
            let shrunk = if leaving.is_empty() { self.books.shrink().await } else { self.books.shut().await };
            if let Err(error) = shrunk {
                tracing::warn!(error = &error as &dyn std::error::Error, "indexes were not put away");
            }
            for done in leaving {
                let _ = done.send(());
            }
        }
    }

    /// Closes the rosters that other servers have changed.
    fn hear(&mut self) {
        loop {
            match self.heard.try_recv() {
                Ok(Word::Moved(news)) if news.collection.year == STANDING => {
                    self.books.close_roster(news.district, news.collection.org);
                }
                Ok(Word::Moved(_)) => {}
                Ok(Word::Missed) | Err(TryRecvError::Lagged(_)) => self.books.close_rosters(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// Judges and commits these jobs, again where another server was faster, until each has its answer.
    async fn settle(&mut self, mut jobs: Vec<Job>) {
        for _ in 0..ATTEMPTS {
            if jobs.is_empty() {
                return;
            }
            jobs = self.attempt(jobs).await;
        }
        for job in jobs {
            answer(job, Err(StoreError::Busy));
        }
    }

    /// One commit. Answers the jobs that are done and gives back those that must be judged again.
    async fn attempt(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let judging = Stage::Judge.begin();
        let (jobs, deliveries) = match self.judge(jobs).await {
            Ok(judged) => judged,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "nothing could be judged");
                return Vec::new();
            }
        };
        judging.end();
        let committed = match Stage::Commit.time(self.store.commit(&deliveries)).await {
            Ok(committed) => {
                tally::commit(deliveries.len());
                committed
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a commit failed");
                for (job, delivery) in jobs.into_iter().zip(&deliveries) {
                    self.close(delivery);
                    answer(job, Err(StoreError::Busy));
                }
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for ((job, mut delivery), outcome) in jobs.into_iter().zip(deliveries).zip(committed) {
            match outcome {
                Committed::Done(receipts) => {
                    self.note(&mut delivery, &receipts);
                    let refused = delivery.refused_envelope.map(|(refusal, _)| refusal);
                    let receipt = EnvelopeReceipt { refused, changes: receipts };
                    tally::receipt(&receipt);
                    answer(job, Ok(receipt));
                }
                Committed::Stale(_) => {
                    self.close(&delivery);
                    again.push(job);
                }
                Committed::CounterReused => {
                    self.close(&delivery);
                    again.push(reused(job));
                }
            }
        }
        again
    }

    /// The jobs that could be judged, with what was decided. The others have their answer: come again.
    async fn judge(&mut self, jobs: Vec<Job>) -> Result<(Vec<Job>, Vec<Delivery>), StoreError> {
        let envelopes: Vec<&Prepared> = jobs.iter().map(|job| &job.envelope).collect();
        let fetched = self.books.fetch(&envelopes).await?;
        let received_at = self.clock.now();
        let mut judge = Judge {
            store: &*self.store,
            books: &mut self.books,
            fetched: &fetched,
            refused: HashMap::new(),
            appended: HashSet::new(),
            received_at,
        };
        let mut unfinished = Vec::new();
        let (mut judged, mut deliveries) = (Vec::with_capacity(jobs.len()), Vec::with_capacity(jobs.len()));
        for job in jobs {
            match judge.judge(&job.envelope).await {
                Ok(delivery) => {
                    judged.push(job);
                    deliveries.push(delivery);
                }
                Err(error) => {
                    unfinished.extend(job.envelope.records());
                    answer(job, Err(error));
                }
            }
        }
        // What was admitted of an envelope before its judge failed must not be taken for something in the log.
        for (district, record) in unfinished {
            self.books.close(district, record);
        }
        Ok((judged, deliveries))
    }

    /// Closes the records of a delivery that was judged and not written.
    fn close(&mut self, delivery: &Delivery) {
        for verdict in &delivery.verdicts {
            self.books.close(delivery.district, verdict.record.id());
        }
    }

    /// Tells the books, the tails and the listeners what was appended.
    fn note(&mut self, delivery: &mut Delivery, receipts: &[Receipt]) {
        let mut news = Vec::new();
        for (verdict, receipt) in delivery.verdicts.iter_mut().zip(receipts) {
            let (Decision::Append, Receipt::Stored(position)) = (&verdict.decision, receipt) else {
                continue;
            };
            self.books.note_position(delivery.district, verdict.record.id(), *position);
            if verdict.record.kind == RecordKind::Roster {
                self.books.close_roster(delivery.district, verdict.record.org);
            }
            let collection = verdict.record.collection();
            let content = LogContent::Change(std::mem::take(&mut verdict.change), delivery.author);
            let row = LogRow { position: *position, record: verdict.record, name: verdict.hash, content };
            self.tails.extend((delivery.district, collection), row, delivery.received_at);
            news.push(News { district: delivery.district, collection, position: *position });
        }
        for news in &news {
            // Nobody listening is fine: listeners read the store when they come.
            let _ = self.words.send(Word::Moved(*news));
        }
        self.store.tell(&news);
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
