//! The way from a phone to a server, on which messages are lost, doubled, delayed and cut.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use minicbor::{Decode, Encode};
use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::org::OrgTree;
use zhibu_domain::wire::{
    BlobProgress, EnrolRequest, EnrolResponse, ErrorBody, ErrorCode, SyncRequest, SyncResponse, TokenRequest,
    TokenResponse,
};
use zhibu_sync_client::transport::{Answer, Credential, Transport, TransportError};

use super::chance::Chance;
use super::disk::Answered;
use super::oracle::Oracle;
use super::people::Person;
use super::servers::Servers;

/// A synchronisation that asks more often than this never ends.
const MOST_QUESTIONS: u32 = 300;

/// What becomes of a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    QuestionLost,
    AnswerLost,
    Doubled,
    Late,
    QuestionCut,
    AnswerCut,
}

const FATES: [(usize, Fate); 7] = [
    (66, Fate::Arrives),
    (6, Fate::QuestionLost),
    (9, Fate::AnswerLost),
    (6, Fate::Doubled),
    (5, Fate::Late),
    (3, Fate::QuestionCut),
    (5, Fate::AnswerCut),
];

/// A message that will arrive later than its sender thinks.
#[derive(Clone)]
pub(crate) struct Message {
    method: Method,
    path: String,
    format: &'static str,
    credential: Option<String>,
    body: Vec<u8>,
    person: usize,
}

impl Message {
    /// One that a phone of this person sends.
    pub(crate) fn new(path: &str, credential: Option<String>, body: Vec<u8>, person: usize) -> Self {
        let (method, path, format) = (Method::POST, path.to_owned(), "application/cbor");
        Self { method, path, format, credential, body, person }
    }
}

/// What all lines of a district share.
pub(crate) struct Net {
    pub(crate) servers: Servers,
    pub(crate) oracle: Rc<Oracle>,
    pub(crate) people: RefCell<Vec<Person>>,
    pub(crate) tree: OrgTree,
    pub(crate) late: RefCell<Vec<Message>>,
    pub(crate) is_bad: Cell<bool>,
}

impl Net {
    /// Delivers a message and notes what is answered.
    pub(crate) async fn deliver(&self, message: &Message) -> Option<(u16, Vec<u8>)> {
        let request = Request::builder().method(message.method.clone()).uri(&message.path);
        let mut request = request.header(header::CONTENT_TYPE, message.format);
        if let Some(credential) = &message.credential {
            request = request.header(header::AUTHORIZATION, credential);
        }
        let request = request.body(Body::from(message.body.clone())).unwrap();
        let (status, bytes) = self.servers.ask(request).await?;
        if let Ok(body) = minicbor::decode::<ErrorBody>(&bytes)
            && status != 200
        {
            assert_ne!(body.code, ErrorCode::Internal, "the server broke: {}", body.message);
        }
        if status == 200 && message.path == "/v1/sync" {
            let request: SyncRequest = minicbor::decode(&message.body).unwrap();
            let response: SyncResponse = minicbor::decode(&bytes).unwrap();
            let person = self.people.borrow()[message.person].clone();
            self.oracle.note(&request, &response, &person, &self.tree);
        }
        Some((status, bytes))
    }
}

/// One phone's line.
#[derive(Clone)]
pub(crate) struct Line {
    net: Rc<Net>,
    chance: Rc<Chance>,
    person: usize,
    /// What this phone speaks.
    protocol: u16,
    answered: Answered,
    /// How often it asked since it was last set to 0.
    pub(crate) asked: Rc<Cell<u32>>,
}

impl Line {
    pub(crate) fn new(
        net: Rc<Net>,
        chance: Chance,
        person: usize,
        protocol: u16,
        answered: Answered,
    ) -> Self {
        Self { net, chance: chance.into(), person, protocol, answered, asked: Rc::default() }
    }

    async fn ask<Q: Encode<()>, R: for<'b> Decode<'b, ()>>(
        &self,
        path: &str,
        credential: Option<String>,
        question: &Q,
    ) -> Result<R, TransportError> {
        let body = minicbor::to_vec(question).unwrap();
        read(self.send(Message::new(path, credential, body, self.person)).await?)
    }

    /// Asks about a picture, or brings a piece of it.
    async fn ask_picture(
        &self,
        method: Method,
        token: &str,
        (record, picture): (RecordId, String),
        piece: &[u8],
    ) -> Result<Vec<u8>, TransportError> {
        let credential = Some(format!("Bearer {token}"));
        let path = format!("/v1/records/{record}/blobs/{picture}");
        let (format, body, person) = ("application/octet-stream", piece.to_vec(), self.person);
        self.send(Message { method, path, format, credential, body, person }).await
    }

    /// Sends a message, with luck; the answer, if it is one.
    async fn send(&self, mut message: Message) -> Result<Vec<u8>, TransportError> {
        self.asked.set(self.asked.get() + 1);
        assert!(self.asked.get() < MOST_QUESTIONS, "a synchronisation that does not end");
        let offline = |what: &str| TransportError::Offline(what.to_owned());
        let fate = if self.net.is_bad.get() { self.chance.weighted(&FATES) } else { Fate::Arrives };
        match fate {
            Fate::QuestionLost => return Err(offline("lost")),
            Fate::Late => {
                self.net.late.borrow_mut().push(message);
                return Err(offline("late"));
            }
            Fate::QuestionCut => {
                message.body.truncate(self.chance.below(message.body.len()));
                self.net.deliver(&message).await;
                return Err(offline("cut"));
            }
            _ => {}
        }
        let mut answer = self.net.deliver(&message).await;
        if let Fate::Doubled = fate {
            let second = self.net.deliver(&message).await;
            if self.chance.percent(50) {
                answer = second;
            }
        }
        let (status, mut bytes) = answer.ok_or_else(|| offline("nobody answers"))?;
        match fate {
            Fate::AnswerLost => return Err(offline("the answer was lost")),
            Fate::AnswerCut => bytes.truncate(self.chance.below(bytes.len())),
            _ => {}
        }
        if status != 200 {
            return Err(TransportError::refusal(status, None, &bytes));
        }
        Ok(bytes)
    }
}

fn read<R: for<'b> Decode<'b, ()>>(answer: Vec<u8>) -> Result<R, TransportError> {
    minicbor::decode(&answer).map_err(|fault| TransportError::unreadable(200, fault))
}

impl Transport for Line {
    async fn enrol(&self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.ask("/v1/enrol", None, request).await
    }

    async fn renew_token(&self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        self.ask("/v1/token", None, request).await
    }

    async fn sync(&self, credential: &Credential, request: &SyncRequest) -> Result<Answer, TransportError> {
        let request = SyncRequest { protocol: self.protocol, ..request.clone() };
        let response: SyncResponse = self.ask("/v1/sync", Some(credential.header()), &request).await?;
        self.answered.set((response.last_counter, response.last_epoch));
        Ok(Answer { response, bytes_up: 0, bytes_down: 0 })
    }

    async fn blob_progress(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
    ) -> Result<BlobProgress, TransportError> {
        let picture = (record, format!("{hash}/offset"));
        read(self.ask_picture(Method::GET, token, picture, &[]).await?)
    }

    async fn put_blob_chunk(
        &self,
        token: &str,
        record: RecordId,
        hash: BlobHash,
        offset: u64,
        piece: &[u8],
    ) -> Result<BlobProgress, TransportError> {
        let picture = (record, format!("{hash}/offset/{offset}"));
        read(self.ask_picture(Method::PUT, token, picture, piece).await?)
    }

    async fn blob(&self, token: &str, record: RecordId, hash: BlobHash) -> Result<Vec<u8>, TransportError> {
        self.ask_picture(Method::GET, token, (record, hash.to_string()), &[]).await
    }
}
