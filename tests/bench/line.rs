//! The line between a phone and its servers: the real transport, with an eye on what travels.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::record::{ChangeHash, change_hash};
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, Envelope, EnvelopeBody, Receipt, SyncRequest, TokenRequest,
    TokenResponse,
};
use zhibu_sync_client::http::HttpTransport;
use zhibu_sync_client::transport::{Answer, Credential, Transport, TransportError};

/// What a phone's transport saw.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Bytes of request bodies.
    pub(crate) up: AtomicU64,
    /// Bytes of answers' bodies.
    pub(crate) down: AtomicU64,
    /// Questions asked.
    pub(crate) requests: AtomicU64,
    receipts: Mutex<HashMap<ChangeHash, u64>>,
}

impl Observed {
    /// The positions that the receipts named, which are forgotten here.
    pub(crate) fn take_positions(&self) -> HashMap<ChangeHash, u64> {
        std::mem::take(&mut self.receipts.lock().unwrap())
    }
}

/// A phone's connections. Whoever empties them has hung up.
pub(crate) type Lines = Arc<Mutex<Vec<HttpTransport>>>;

/// The real transport, to each server in turn, with an eye on what travels.
pub(crate) struct Watched {
    servers: Lines,
    next: AtomicUsize,
    observed: Arc<Observed>,
}

impl Watched {
    /// To these servers, beginning with one of them.
    pub(crate) fn to(servers: &[String], first: usize, observed: Arc<Observed>) -> Self {
        // Each phone has connections of its own, as each real one has.
        let servers = servers.iter().map(|url| HttpTransport::new(url).unwrap()).collect();
        let servers = Arc::new(Mutex::new(servers));
        Self { servers, next: AtomicUsize::new(first), observed }
    }

    /// Its connections.
    pub(crate) fn lines(&self) -> Lines {
        self.servers.clone()
    }

    fn server(&self) -> HttpTransport {
        self.observed.requests.fetch_add(1, Ordering::Relaxed);
        let servers = self.servers.lock().unwrap();
        servers[self.next.fetch_add(1, Ordering::Relaxed) % servers.len()].clone()
    }

    fn note_receipts(&self, envelopes: &[Envelope], answer: &Answer) {
        let mut noted = self.observed.receipts.lock().unwrap();
        for (envelope, receipt) in envelopes.iter().zip(&answer.response.receipts) {
            let body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
            for (sent, receipt) in body.changes.iter().zip(&receipt.changes) {
                if let Receipt::Stored(position) | Receipt::Duplicate(position) = receipt {
                    noted.insert(change_hash(&sent.change).unwrap(), *position);
                }
            }
        }
    }
}

impl Transport for Watched {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.server().enrol(request).await
    }

    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        self.server().renew_token(request).await
    }

    async fn sync(&self, credential: &Credential, request: &SyncRequest) -> Result<Answer, TransportError> {
        let answer = self.server().sync(credential, request).await?;
        self.observed.up.fetch_add(answer.bytes_up, Ordering::Relaxed);
        self.observed.down.fetch_add(answer.bytes_down, Ordering::Relaxed);
        self.note_receipts(&request.envelopes, &answer);
        Ok(answer)
    }

    async fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError> {
        self.server().blob_progress(token, record, hash).await
    }

    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        self.server().put_blob_chunk(token, record, hash, offset, chunk).await
    }

    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError> {
        self.server().blob(token, record, hash).await
    }
}
