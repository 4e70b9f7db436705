//! The connection between a phone and the server in memory: it can be cut, lose an answer, or meet a busy server.

use std::sync::{Arc, Mutex};

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, ErrorBody, ErrorCode, SyncRequest, TokenRequest, TokenResponse,
};
use zhibu_sync_client::transport::{Answer, Credential, Transport, TransportError};

use super::server::{Server, State};

/// A phone's connection, which can be cut.
#[derive(Clone)]
pub(crate) struct Line {
    server: Server,
    /// Offline.
    pub(crate) cut: Arc<Mutex<bool>>,
    /// The next answer is lost on its way.
    pub(crate) lose_answer: Arc<Mutex<bool>>,
    /// The server is busy, and asks to come again in so many seconds.
    pub(crate) busy: Arc<Mutex<Option<u32>>>,
}

impl Line {
    pub(super) fn to(server: Server) -> Self {
        Self { server, cut: Arc::default(), lose_answer: Arc::default(), busy: Arc::default() }
    }

    fn carry<T>(
        &self,
        ask: impl FnOnce(&mut State) -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        if *self.cut.lock().unwrap() {
            return Err(TransportError::Offline("the line is cut".to_owned()));
        }
        if let Some(seconds) = *self.busy.lock().unwrap() {
            let body = self.server.with(|state| ErrorBody {
                code: ErrorCode::Unavailable,
                message: "忙".to_owned(),
                request_id: "r-1".to_owned(),
                server_time: state.now,
            });
            return Err(TransportError::Busy { retry_after_s: Some(seconds), body });
        }
        let answer = self.server.with(ask);
        if std::mem::take(&mut *self.lose_answer.lock().unwrap()) {
            return Err(TransportError::Offline("the answer was lost".to_owned()));
        }
        answer
    }
}

impl Transport for Line {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.carry(|state| state.enrol(request))
    }

    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        self.carry(|state| state.renew(request))
    }

    async fn sync(&self, credential: &Credential, request: &SyncRequest) -> Result<Answer, TransportError> {
        let response = self.carry(|state| state.sync(credential, request))?;
        let bytes_up = minicbor::to_vec(request).unwrap().len() as u64;
        let bytes_down = minicbor::to_vec(&response).unwrap().len() as u64;
        Ok(Answer { response, bytes_up, bytes_down })
    }

    async fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError> {
        self.carry(|state| state.blob_progress(token, record, hash))
    }

    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        self.carry(|state| state.put_blob_chunk(token, record, hash, offset, chunk))
    }

    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError> {
        self.carry(|state| state.blob(token, record, hash))
    }
}
