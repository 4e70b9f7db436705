//! The way into the log: what is delivered, written at the console or admitted is handed to the writer, and waits for the
//! answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use zhibu_domain::access::Author;
use zhibu_domain::command::Command;
use zhibu_domain::gate::Decoded;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::record::{Actor, ChangeHash, CommandFault, Record, RecordRef, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Envelope, EnvelopeReceipt, Receipt, Refusal, SentChange};

use super::books::{Books, read_record};
use super::pages::Echo;
use super::prepare::{Carrier, Content, OpenedChange, Prepared, open};
use super::writer::{BATCH, Job, Work, Writer};
use super::{Tails, Trees};
use crate::auth::DeviceCaller;
use crate::clock::Clock;
use crate::metrics::Stage;
use crate::store::{Store, StoreError, Word};

/// The first epoch of console devices. They live on the server, and begin another one when it is restored.
const CONSOLE_EPOCH: u32 = 1;
/// How often a command is written anew when another writing of the same account was faster.
const ATTEMPTS: usize = 8;

/// What became of the envelopes of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// One for each envelope, in their order.
    pub receipts: Vec<EnvelopeReceipt>,
    /// Where the carrier's own changes among them stand.
    pub echo: Echo,
    /// The names of those, in the order of the receipts.
    pub stored: Vec<ChangeHash>,
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

/// The way into the log. Cheap to clone; the writer ends when the last clone is gone.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    jobs: mpsc::Sender<Work>,
    words: broadcast::Sender<Word>,
    tails: Arc<Tails>,
}

impl Ledger {
    /// Starts the writer.
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>, trees: Arc<Trees>) -> Self {
        let (jobs, waiting) = mpsc::channel(4 * BATCH);
        let (words, _) = broadcast::channel(1024);
        let tails = Arc::new(Tails::default());
        tokio::spawn(pass_on(store.hear(), words.downgrade(), tails.clone()));
        let writer = Writer {
            books: Books::new(store.clone(), trees),
            store: store.clone(),
            clock: clock.clone(),
            tails: tails.clone(),
            words: words.clone(),
            heard: store.hear(),
        };
        tokio::spawn(writer.run(waiting));
        Self { store, clock, jobs, words, tails }
    }

    /// Hears of everything that is appended from now on, by this server and by others on its database.
    pub fn listen(&self) -> broadcast::Receiver<Word> {
        self.words.subscribe()
    }

    /// What was appended last, for those who read it.
    pub fn tails(&self) -> &Tails {
        &self.tails
    }

    /// What waits for the writer now.
    pub fn queue(&self) -> Queue {
        Queue {
            waiting: self.jobs.max_capacity() - self.jobs.capacity(),
            room: self.jobs.max_capacity(),
            listeners: self.words.receiver_count(),
        }
    }

    /// Puts away what the judge holds in memory, so that the next server to open this store need not read the history
    /// of what was written lately. For the end: what comes afterwards is opened anew.
    pub async fn put_away(&self) {
        let (done, is_done) = oneshot::channel();
        if self.jobs.send(Work::PutAway(done)).await.is_ok() {
            // Dropped when the writer broke: nothing is lost, it is only read again.
            let _ = is_done.await;
        }
    }

    /// Whether the writer takes work.
    pub fn is_alive(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Takes envelopes and answers once the answers are durable: one receipt for each, in their order.
    pub async fn deliver(
        &self,
        caller: &DeviceCaller,
        envelopes: Vec<Envelope>,
    ) -> Result<Delivered, StoreError> {
        let mut delivered = Delivered::default();
        let mut replies = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let prepared = Stage::Open.time(open(&*self.store, caller, envelope)).await?;
            let own = prepared.own_changes();
            replies.push((own, self.hand_over(prepared).await?));
        }
        for (own, reply) in replies {
            let receipt = reply.await.map_err(|_| StoreError::Busy)??;
            for ((collection, hash), receipt) in own.into_iter().zip(&receipt.changes) {
                if let Receipt::Stored(position) | Receipt::Duplicate(position) = receipt {
                    delivered.echo.insert((collection, *position));
                    delivered.stored.push(hash);
                }
            }
            delivered.receipts.push(receipt);
        }
        Ok(delivered)
    }

    /// Takes back what the store has forgotten; one receipt for each, in their order. Whoever calls has seen a voucher
    /// for each: none is judged again, only that it fits where it comes to stand.
    pub(super) async fn take_back(
        &self,
        carrier: Carrier,
        changes: Vec<SentChange>,
    ) -> Result<Vec<Receipt>, StoreError> {
        let mut authors = HashMap::new();
        let mut replies = Vec::with_capacity(changes.len());
        for sent in changes {
            let change = OpenedChange { is_vouched: true, ..OpenedChange::open(sent) };
            let Some(device) =
                change.decoded.as_ref().ok().and_then(Decoded::actor).map(|actor| actor.device)
            else {
                replies.push(Err(Refusal::new(RefusalCode::NotCanonical, "what was vouched for")));
                continue;
            };
            if let Entry::Vacant(place) = authors.entry(device) {
                place.insert(self.store.find_device(carrier.district, device).await?.map(DeviceCaller::from));
            }
            let Some(Some(author)) = authors.get(&device) else {
                replies.push(Err(Refusal::new(RefusalCode::UnknownDevice, "who wrote it is forgotten, too")));
                continue;
            };
            let prepared = Prepared {
                carrier,
                author: device,
                counter: 0,
                digest: change.hash.0,
                content: Content::Signed {
                    author: author.author(),
                    orgs_version: author.orgs_version,
                    changes: vec![change],
                },
                envelope: None,
            };
            replies.push(Ok(self.hand_over(prepared).await?));
        }
        let mut receipts = Vec::with_capacity(replies.len());
        for reply in replies {
            receipts.push(match reply {
                Err(refusal) => Receipt::Refused(refusal),
                Ok(reply) => {
                    let receipt = reply.await.map_err(|_| StoreError::Busy)??;
                    receipt.changes.into_iter().next().ok_or(StoreError::Busy)?
                }
            });
        }
        Ok(receipts)
    }

    async fn hand_over(
        &self,
        envelope: Prepared,
    ) -> Result<oneshot::Receiver<Result<EnvelopeReceipt, StoreError>>, StoreError> {
        let (reply, receipt) = oneshot::channel();
        self.jobs
            .send(Work::Deliver(Box::new(Job { envelope, waiting: Stage::Queue.begin(), reply })))
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
            let device = self.store.find_device(district, author.device).await?;
            let epoch = device.map_or(CONSOLE_EPOCH, |owner| owner.device.last_epoch.max(CONSOLE_EPOCH));
            let actor = Actor { device: author.device, epoch };
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

/// Passes on what other servers tell, until one of the two ends is gone.
async fn pass_on(
    mut heard: broadcast::Receiver<Word>,
    words: broadcast::WeakSender<Word>,
    tails: Arc<Tails>,
) {
    loop {
        let word = match heard.recv().await {
            Ok(word) => word,
            Err(RecvError::Lagged(_)) => Word::Missed,
            Err(RecvError::Closed) => return,
        };
        tails.hear(word);
        let Some(words) = words.upgrade() else { return };
        let _ = words.send(word);
    }
}
