//! The way to the server: a few questions, asked over HTTP or by whatever a test brings.

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, ErrorBody, ErrorCode, PROOF_SCHEME, SyncRequest, SyncResponse,
    TokenRequest, TokenResponse,
};

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke. Whether the server heard the question is unknown.
    #[error("the server cannot be reached: {0}")]
    Offline(String),
    /// The server has too much to do, or this account asks too often. Nothing was done.
    #[error("the server is busy: {}", .body.message)]
    Busy {
        /// When to come again, in seconds, if the server said so.
        retry_after_s: Option<u32>,
        /// Its error body.
        body: ErrorBody,
    },
    /// The server answered with its error body.
    #[error("the server refused ({}): {} [{}]", .0.code, .0.message, .0.request_id)]
    Refused(ErrorBody),
    /// The server no longer speaks this client's protocol.
    #[error("this client is too old for the server")]
    TooOld,
    /// Something answered, but not in our protocol: a login page of the network, a broken proxy.
    #[error("an answer that is not ours (HTTP {status}): {reason}")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What did not fit.
        reason: String,
    },
}

impl TransportError {
    /// What an answer says that is no success; `retry_after` is its header of that name.
    pub fn refusal(status: u16, retry_after: Option<&str>, bytes: &[u8]) -> Self {
        match minicbor::decode::<ErrorBody>(bytes) {
            Ok(body) if body.code == ErrorCode::ClientTooOld => TransportError::TooOld,
            Ok(body) if matches!(body.code, ErrorCode::TooMany | ErrorCode::Unavailable) => {
                let retry_after_s = retry_after.and_then(|text| text.parse().ok());
                TransportError::Busy { retry_after_s, body }
            }
            Ok(body) => TransportError::Refused(body),
            Err(_) if status == 426 => TransportError::TooOld,
            // A gateway in front of a server that is being restarted says so in its own words.
            Err(_) if matches!(status, 502..=504) => TransportError::Offline(format!("HTTP {status}")),
            Err(e) => TransportError::unreadable(status, e),
        }
    }

    /// An answer of this status that cannot be read, and why.
    pub fn unreadable(status: u16, reason: impl ToString) -> Self {
        TransportError::Unreadable { status, reason: reason.to_string() }
    }

    /// The error's code, when the server gave one.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            TransportError::Refused(body) | TransportError::Busy { body, .. } => Some(body.code),
            TransportError::TooOld => Some(ErrorCode::ClientTooOld),
            TransportError::Offline(_) | TransportError::Unreadable { .. } => None,
        }
    }
}

/// How a device says who it is when it synchronises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// The access token it holds.
    Token(String),
    /// A proof of its key, where it holds none: the answer brings a token.
    Proof(TokenRequest),
}

impl Credential {
    /// The `Authorization` header.
    pub fn header(&self) -> String {
        match self {
            Credential::Token(token) => format!("Bearer {token}"),
            Credential::Proof(proof) => format!("{PROOF_SCHEME} {}", proof.to_header()),
        }
    }
}

/// An answer and what it cost: bodies as they travelled, compressed, HTTP headers apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub response: SyncResponse,
    /// Body bytes sent.
    pub bytes_up: u64,
    /// Body bytes received.
    pub bytes_down: u64,
}

/// Asks one server.
///
/// The contract: each call asks once and does not retry by itself. A call whose future is dropped, or that fails
/// with [`TransportError::Offline`] or [`TransportError::Unreadable`], may or may not have reached the server: the
/// caller asks again with the same bytes.
#[expect(async_fn_in_trait, reason = "used generically; a browser's futures cannot be Send")]
pub trait Transport {
    /// `POST /v1/enrol`.
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError>;

    /// `POST /v1/token`.
    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError>;

    /// `POST /v1/sync`.
    async fn sync(&self, credential: &Credential, request: &SyncRequest) -> Result<Answer, TransportError>;

    /// `GET /v1/records/{record}/blobs/{hash}/offset`: how much of a blob the server holds.
    async fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError>;

    /// `PUT /v1/records/{record}/blobs/{hash}/offset/{offset}`, the plain bytes as `application/octet-stream`, at
    /// most [`MAX_BLOB_CHUNK_BYTES`](zhibu_domain::wire::MAX_BLOB_CHUNK_BYTES) of them.
    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        chunk: &[u8],
    ) -> Result<BlobProgress, TransportError>;

    /// `GET /v1/records/{record}/blobs/{hash}`: the bytes, which the caller checks against their name.
    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_page_is_offline_and_a_login_page_is_unreadable() {
        assert!(matches!(TransportError::refusal(502, None, b"<html>"), TransportError::Offline(_)));
        assert!(matches!(
            TransportError::refusal(403, None, b"<html>"),
            TransportError::Unreadable { status: 403, .. }
        ));
        assert!(matches!(TransportError::refusal(426, None, b""), TransportError::TooOld));
    }

    #[test]
    fn a_busy_server_says_when_to_come_again() {
        let body = ErrorBody {
            code: ErrorCode::Unavailable,
            message: "忙".to_owned(),
            request_id: String::new(),
            server_time: zhibu_domain::time::Millis(0),
        };
        let bytes = minicbor::to_vec(&body).unwrap();
        let told = |header| match TransportError::refusal(503, header, &bytes) {
            TransportError::Busy { retry_after_s, .. } => retry_after_s,
            other => panic!("{other:?}"),
        };
        assert_eq!((told(Some("7")), told(None), told(Some("Wed, 21 Oct"))), (Some(7), None, None));
    }
}
