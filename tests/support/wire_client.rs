//! A client that speaks the wire itself and may lie about anything: the hostile one.

use std::net::SocketAddr;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use reqwest::StatusCode;
use zhibu_domain::command::Command;
use zhibu_domain::ids::{DeviceId, RecordId};
use zhibu_domain::record::{Actor, Record, RecordRef, Stamp};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    EnrolRequest, EnrolResponse, Envelope, EnvelopeBody, EnvelopeReceipt, ErrorBody, KeyAlgorithm, PROTOCOL,
    ReadMark, Receipt, SentChange, SyncRequest, SyncResponse, TokenRequest, TokenResponse,
};

use super::district::{District, EVENING, district_id};

/// A device of its own making.
pub struct WireClient {
    http: reqwest::Client,
    url: String,
    key: Ed25519KeyPair,
    /// As the server named it.
    pub device: DeviceId,
    /// The access token in use.
    pub token: String,
    /// The last envelope number used.
    pub counter: u64,
    /// The epoch it writes under.
    pub epoch: u32,
    /// How far it has read, and which profile it holds; used by [`WireClient::exchange`] alone.
    pub marks: Vec<ReadMark>,
    /// The profile's version.
    pub profile_version: u64,
}

impl WireClient {
    /// Enrols with an invite's secret.
    pub async fn enrol(district: &District, secret: [u8; 32]) -> Self {
        Self::enrol_at(format!("http://{}", district.address), secret).await
    }

    /// Enrols with an invite's secret at the server of this address.
    pub async fn enrol_at(url: String, secret: [u8; 32]) -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let public_key = key.public_key().as_ref().to_vec();
        let request = EnrolRequest {
            protocol: PROTOCOL,
            secret: secret.to_vec(),
            algorithm: KeyAlgorithm::Ed25519,
            proof: key.sign(&EnrolRequest::signed_bytes(&secret, &public_key)).as_ref().to_vec(),
            public_key,
            device_name: "手机".into(),
        };
        let mut client = Self {
            http: reqwest::Client::new(),
            url,
            key,
            device: DeviceId::from_bytes([0; 16]),
            token: String::new(),
            counter: 0,
            epoch: 1,
            marks: Vec::new(),
            profile_version: 0,
        };
        let answer: EnrolResponse =
            client.ask("/v1/enrol", minicbor::to_vec(&request).unwrap()).await.unwrap();
        (client.device, client.token) = (answer.device, answer.token.token);
        client
    }

    /// Posts bytes as CBOR; the typed error body with its status if it was refused.
    pub async fn ask<T: for<'b> minicbor::Decode<'b, ()>>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, (StatusCode, ErrorBody)> {
        let request =
            self.http.post(format!("{}{path}", self.url)).header("content-type", "application/cbor");
        let response = request.bearer_auth(&self.token).body(body).send().await.unwrap();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        match status.is_success() {
            true => Ok(minicbor::decode(&bytes).unwrap()),
            false => Err((status, minicbor::decode(&bytes).unwrap())),
        }
    }

    /// A request about a picture of a record; `rest` begins with its hash.
    pub fn blob(&self, method: reqwest::Method, record: RecordId, rest: &str) -> reqwest::RequestBuilder {
        let address = format!("{}/v1/records/{record}/blobs/{rest}", self.url);
        self.http.request(method, address).bearer_auth(&self.token)
    }

    /// Speaks to another server of the same district from now on.
    pub fn go_to(&mut self, address: SocketAddr) {
        self.url = format!("http://{address}");
    }

    /// A request of any shape, for what the typed calls cannot say.
    pub fn raw(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).header("content-type", "application/cbor")
    }

    /// One sync with these envelopes and no marks.
    pub async fn sync(&self, envelopes: Vec<Envelope>) -> Result<SyncResponse, (StatusCode, ErrorBody)> {
        let request = SyncRequest {
            protocol: PROTOCOL,
            profile_version: 0,
            marks: vec![],
            envelopes,
            page_bytes: 1 << 20,
            recovery: None,
        };
        self.ask("/v1/sync", minicbor::to_vec(&request).unwrap()).await
    }

    /// One sync as an honest phone does it: delivers, reads what is new, and moves its marks. The answer, and the
    /// bytes of both bodies.
    pub async fn exchange(&mut self, envelopes: Vec<Envelope>) -> (SyncResponse, usize, usize) {
        let request = SyncRequest {
            protocol: PROTOCOL,
            profile_version: self.profile_version,
            marks: self.marks.clone(),
            envelopes,
            page_bytes: 1 << 18,
            recovery: None,
        };
        let body = minicbor::to_vec(&request).unwrap();
        let up = body.len();
        let answer: SyncResponse = self.ask("/v1/sync", body).await.unwrap();
        if let Some(profile) = &answer.profile {
            self.profile_version = profile.version;
            let mark = |collection: &_| ReadMark::at(*collection, 0);
            self.marks = profile.collections.iter().take(3).map(mark).collect();
        }
        for page in &answer.pages {
            self.marks
                .iter_mut()
                .filter(|m| m.collection == page.collection)
                .for_each(|m| m.position = page.position);
        }
        let down = minicbor::to_vec(&answer).unwrap().len();
        (answer, up, down)
    }

    /// Speaks to the server of this address from now on.
    pub fn turn_to(&mut self, url: &str) {
        url.clone_into(&mut self.url);
    }

    /// Delivers an envelope; nothing if the server is away, or says that it is busy.
    pub async fn try_deliver(&self, envelope: Envelope) -> Option<EnvelopeReceipt> {
        let request = SyncRequest {
            protocol: PROTOCOL,
            profile_version: 0,
            marks: vec![],
            envelopes: vec![envelope],
            page_bytes: 1 << 20,
            recovery: None,
        };
        let response =
            self.raw("/v1/sync").bearer_auth(&self.token).body(minicbor::to_vec(&request).unwrap());
        let response = response.send().await.ok()?;
        let status = response.status();
        let bytes = response.bytes().await.ok()?;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&bytes));
        let answer: SyncResponse = minicbor::decode(&bytes).unwrap();
        answer.receipts.into_iter().next()
    }

    /// Delivers envelopes; their receipts.
    pub async fn deliver(&self, envelopes: Vec<Envelope>) -> Vec<EnvelopeReceipt> {
        self.sync(envelopes).await.unwrap().receipts
    }

    /// The next envelope with these changes, honestly signed.
    pub fn envelope(&mut self, changes: Vec<SentChange>) -> Envelope {
        self.counter += 1;
        self.sign(self.body(changes))
    }

    /// What an honest envelope would hold.
    pub fn body(&self, changes: Vec<SentChange>) -> EnvelopeBody {
        EnvelopeBody {
            protocol: PROTOCOL,
            district: district_id(),
            device: self.device,
            counter: self.counter,
            closed_at: EVENING,
            changes,
        }
    }

    /// Signs whatever it is given.
    pub fn sign(&self, body: EnvelopeBody) -> Envelope {
        let body = minicbor::to_vec(&body).unwrap();
        let signature = self.key.sign(&Envelope::signed_bytes(&body)).as_ref().to_vec();
        Envelope { body, signature }
    }

    /// Writes a command on its own copy of a record, as its own actor.
    pub fn write(&self, record: &mut Record, command: &Command) -> SentChange {
        let stamp = Stamp { actor: Actor { device: self.device, epoch: self.epoch }, now: EVENING };
        let written = record.execute(command, stamp).unwrap().expect("the command changes something");
        SentChange { record: *record.reference(), change: written.bytes }
    }

    /// Renews the token with a proof made for this time.
    pub async fn renew(
        &self,
        at: zhibu_domain::time::Millis,
    ) -> Result<TokenResponse, (StatusCode, ErrorBody)> {
        self.ask("/v1/token", minicbor::to_vec(self.prove(at)).unwrap()).await
    }

    /// A proof of its key, made for this time.
    pub fn prove(&self, at: zhibu_domain::time::Millis) -> TokenRequest {
        let proof = self.key.sign(&TokenRequest::signed_bytes(self.device, at)).as_ref().to_vec();
        TokenRequest { device: self.device, at, proof }
    }

    /// A record of the server as anybody in scope reads it.
    pub async fn read(&self, reference: RecordRef) -> Record {
        let mut changes = Vec::new();
        for page in self.sync(vec![]).await.unwrap().pages {
            let wanted = page.records.iter().position(|record| *record == reference);
            changes.extend(
                page.changes.into_iter().filter(|c| Some(c.record as usize) == wanted).map(|c| c.change),
            );
        }
        Record::from_changes(reference, changes).unwrap()
    }
}

/// The code with which the only change of an envelope was refused.
pub fn refused(receipt: &EnvelopeReceipt) -> RefusalCode {
    match (&receipt.refused, &receipt.changes[..]) {
        (Some(refusal), _) => refusal.code,
        (None, [Receipt::Refused(refusal)]) => refusal.code,
        other => panic!("it was not refused: {other:?}"),
    }
}

/// Whether all changes of an envelope were stored.
pub fn is_stored(receipt: &EnvelopeReceipt) -> bool {
    receipt.refused.is_none() && receipt.changes.iter().all(|change| matches!(change, Receipt::Stored(_)))
}
