//! A server in memory that keeps the protocol's promises: signatures, counters, sequence, dependencies, receipts,
//! positions. It refuses changes that hold a chosen word, since access is not its subject.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use automerge::Change;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, OrgId};
use zhibu_domain::org::{NamingScheme, Org, OrgType, Post, Role};
use zhibu_domain::record::{Actor, ChangeHash, Collection, RecordRef, change_hash};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{
    AuthorCard, CollectionPage, EnrolRequest, EnrolResponse, EnvelopeBody, EnvelopeReceipt, ErrorBody,
    ErrorCode, LoggedChange, PROTOCOL, Profile, Receipt, SentChange, SyncRequest, SyncResponse, TokenRequest,
    TokenResponse, Voucher,
};
use zhibu_sync_client::invite::Invite;
use zhibu_sync_client::transport::{Credential, TransportError};

use super::blobs::Blobs;
use super::line::Line;
use super::{BRANCH, GROUP, MORNING, TOWNSHIP, shelf};

const SKEW_MS: i64 = 600_000;
mod judging;

pub(crate) const TOKEN_MS: i64 = 600_000;
pub(crate) const DISTRICT: DistrictId = DistrictId::from_bytes([9; 16]);

struct Device {
    id: DeviceId,
    name: String,
    public_key: Vec<u8>,
    last_proof: Millis,
}

/// A change in the log.
pub(crate) type Logged = (RecordRef, Vec<u8>, ChangeHash);

pub(crate) struct State {
    pub(crate) now: Millis,
    pub(crate) generation: Vec<u8>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) profile_version: u64,
    /// What people may do, by name.
    pub(crate) posts: HashMap<String, Vec<Post>>,
    /// Most changes in one answer.
    pub(crate) page_changes: usize,
    pub(crate) log: Vec<Logged>,
    /// Whether it answers this version no more.
    pub(crate) is_newer: bool,
    /// Whether it gives vouchers, as servers of before did not.
    pub(crate) vouches: bool,
    /// Every request as it came.
    pub(crate) requests: Vec<SyncRequest>,
    /// The pictures that came.
    pub(crate) blobs: Blobs,
    forbidden: Vec<(Vec<u8>, RefusalCode)>,
    refused_envelopes: BTreeSet<u64>,
    invites: HashMap<Vec<u8>, (String, Option<DeviceId>)>,
    devices: Vec<Device>,
    tokens: HashMap<String, (DeviceId, Millis)>,
    envelopes: BTreeMap<(DeviceId, u64), (Vec<u8>, EnvelopeReceipt)>,
    refused: BTreeSet<ChangeHash>,
}

/// What is set back when a backup is restored.
pub(crate) type Backup =
    (Vec<Logged>, BTreeMap<(DeviceId, u64), (Vec<u8>, EnvelopeReceipt)>, BTreeSet<ChangeHash>);

/// The server; its [`Line`]s are the connections of phones.
#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>);

impl Server {
    pub(crate) fn start() -> Self {
        Self(Arc::new(Mutex::new(State {
            now: MORNING,
            generation: vec![1],
            collections: vec![shelf(BRANCH)],
            profile_version: 1,
            posts: HashMap::new(),
            page_changes: 100,
            log: Vec::new(),
            is_newer: false,
            vouches: true,
            requests: Vec::new(),
            blobs: Blobs::default(),
            forbidden: Vec::new(),
            refused_envelopes: BTreeSet::new(),
            invites: HashMap::new(),
            devices: Vec::new(),
            tokens: HashMap::new(),
            envelopes: BTreeMap::new(),
            refused: BTreeSet::new(),
        })))
    }

    pub(crate) fn line(&self) -> Line {
        Line::to(self.clone())
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub(crate) fn invite(&self, name: &str) -> Invite {
        self.with(|state| {
            let secret = vec![state.invites.len() as u8 + 1; 32];
            state.invites.insert(secret.clone(), (name.to_owned(), None));
            Invite { server: "http://server.test".to_owned(), secret }
        })
    }

    /// From now on changes that hold this word are refused.
    pub(crate) fn refuse_word(&self, word: &str, code: RefusalCode) {
        self.refuse_bytes(word.as_bytes(), code);
    }

    /// From now on changes that hold these bytes are refused.
    pub(crate) fn refuse_bytes(&self, bytes: &[u8], code: RefusalCode) {
        self.with(|state| state.forbidden.push((bytes.to_owned(), code)));
    }

    /// Gives somebody a post, before he enrols.
    pub(crate) fn appoint(&self, name: &str, role: Role, org: OrgId) {
        self.with(|state| state.posts.entry(name.to_owned()).or_default().push(Post { role, org }));
    }

    pub(crate) fn allow_everything(&self) {
        self.with(|state| state.forbidden.clear());
    }

    /// The envelope with this counter is refused as a whole.
    pub(crate) fn refuse_envelope(&self, counter: u64) {
        self.with(|state| state.refused_envelopes.insert(counter));
    }

    /// What a backup holds now.
    pub(crate) fn back_up(&self) -> Backup {
        self.with(|state| (state.log.clone(), state.envelopes.clone(), state.refused.clone()))
    }

    pub(crate) fn log_len(&self) -> usize {
        self.with(|state| state.log.len())
    }
}

fn org(id: OrgId, parent: Option<OrgId>, org_type: OrgType, name: &str) -> Org {
    Org { id, parent, org_type, name: name.to_owned() }
}

impl State {
    fn profile(&self, device: &Device) -> Profile {
        Profile {
            version: self.profile_version,
            district: DISTRICT,
            naming: NamingScheme::Qi,
            account: AccountId(device.id.0),
            name: device.name.clone(),
            member: None,
            posts: self.posts.get(&device.name).cloned().unwrap_or_default(),
            orgs: vec![
                org(TOWNSHIP, None, OrgType::Township, "柳河苏木"),
                org(BRANCH, Some(TOWNSHIP), OrgType::Branch, "白桦嘎查党支部"),
                org(GROUP, Some(BRANCH), OrgType::Group, "第一党小组"),
            ],
            collections: self.collections.clone(),
        }
    }

    fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }

    pub(super) fn refusal(&self, code: ErrorCode) -> TransportError {
        let (message, request_id) = (code.to_string(), "r-1".to_owned());
        let body = ErrorBody { code, message, request_id, server_time: self.now };
        TransportError::refusal(400, None, &minicbor::to_vec(body).unwrap())
    }

    fn new_token(&mut self, device: DeviceId) -> TokenResponse {
        let token = format!("token-{}", self.tokens.len());
        let expires_at = self.now.plus(TOKEN_MS);
        self.tokens.insert(token.clone(), (device, expires_at));
        TokenResponse { token, expires_at, server_time: self.now }
    }

    pub(super) fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        let signed = EnrolRequest::signed_bytes(&request.secret, &request.public_key);
        verify(&request.public_key, &signed, &request.proof)
            .map_err(|()| self.refusal(ErrorCode::WrongProof))?;
        let Some((name, used)) = self.invites.get(&request.secret).cloned() else {
            return Err(self.refusal(ErrorCode::InviteSpent));
        };
        let id = match used.and_then(|id| self.device(id)) {
            Some(device) if device.public_key == request.public_key => device.id,
            Some(_) => return Err(self.refusal(ErrorCode::InviteSpent)),
            None => {
                let id = DeviceId::from_bytes([0x40 + self.devices.len() as u8; 16]);
                let public_key = request.public_key.clone();
                self.devices.push(Device { id, name: name.clone(), public_key, last_proof: Millis(0) });
                self.invites.insert(request.secret.clone(), (name, Some(id)));
                id
            }
        };
        let token = self.new_token(id);
        let profile = self.profile(self.device(id).unwrap());
        Ok(EnrolResponse { device: id, profile, token })
    }

    pub(super) fn renew(&mut self, request: &TokenRequest) -> Result<TokenResponse, TransportError> {
        let now = self.now;
        let Some(device) = self.devices.iter_mut().find(|device| device.id == request.device) else {
            return Err(self.refusal(ErrorCode::Unauthenticated));
        };
        let signed = TokenRequest::signed_bytes(request.device, request.at);
        if verify(&device.public_key, &signed, &request.proof).is_err() || request.at <= device.last_proof {
            return Err(self.refusal(ErrorCode::WrongProof));
        }
        if (request.at.0 - now.0).abs() > SKEW_MS {
            return Err(self.refusal(ErrorCode::ClockSkew));
        }
        device.last_proof = request.at;
        Ok(self.new_token(request.device))
    }

    /// The device behind a token that is good.
    pub(super) fn asking(&self, token: &str) -> Result<DeviceId, TransportError> {
        let Some((asking, expires_at)) = self.tokens.get(token).copied() else {
            return Err(self.refusal(ErrorCode::Unauthenticated));
        };
        if expires_at <= self.now {
            return Err(self.refusal(ErrorCode::TokenExpired));
        }
        Ok(asking)
    }

    pub(super) fn sync(
        &mut self,
        credential: &Credential,
        request: &SyncRequest,
    ) -> Result<SyncResponse, TransportError> {
        let (asking, token) = match credential {
            Credential::Token(token) => (self.asking(token)?, None),
            Credential::Proof(proof) => (proof.device, Some(self.renew(proof)?)),
        };
        if self.is_newer {
            return Err(self.refusal(ErrorCode::ClientTooOld));
        }
        self.requests.push(request.clone());
        let own = self.envelopes.keys().filter(|(device, _)| *device == asking);
        let last_counter = own.map(|(_, counter)| *counter).max().unwrap_or(0);
        let actors = self.log.iter().filter_map(|(_, change, _)| actor_of(change));
        let own = actors.filter(|actor| actor.device == asking);
        let last_epoch = own.map(|actor| actor.epoch).max().unwrap_or(0);
        let recovered = request.recovery.as_ref().map(|recovery| self.take_back(recovery));
        let receipts: Vec<_> = request.envelopes.iter().map(|envelope| self.receive(envelope)).collect();
        let (pages, more) = self.pages(request);
        let profile = self.profile(self.device(asking).unwrap());
        let mut names = Vec::new();
        for (envelope, receipt) in request.envelopes.iter().zip(&receipts) {
            let body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
            let own = body.changes.iter().filter(|_| body.device == asking);
            names.extend(stored(own, &receipt.changes));
        }
        let taken_back = request.recovery.iter().flat_map(|recovery| &recovery.changes);
        names.extend(stored(taken_back, recovered.as_deref().unwrap_or_default()));
        let changes = pages.iter().flat_map(|page| &page.changes);
        names.extend(changes.map(|logged| change_hash(&logged.change).unwrap()));
        let names: Vec<u8> = names.iter().flat_map(|name| name.0).collect();
        Ok(SyncResponse {
            protocol: PROTOCOL,
            server_time: self.now,
            generation: self.generation.clone(),
            receipts,
            pages,
            more,
            profile: (request.profile_version != self.profile_version).then_some(profile),
            last_counter,
            last_epoch,
            token,
            recovered,
            voucher: (self.vouches && !names.is_empty()).then(|| code(&self.generation, &names)),
        })
    }

    /// As it was at another time, but for those who enrolled since.
    pub(crate) fn restore(&mut self, backup: &Backup) {
        (self.log, self.envelopes, self.refused) = backup.clone();
    }

    /// Positions are those of one log for all collections, which leaves gaps; the protocol allows them.
    fn pages(&self, request: &SyncRequest) -> (Vec<CollectionPage>, bool) {
        let mut room = self.page_changes;
        let mut more = false;
        let mut pages = Vec::new();
        let orgs: BTreeSet<_> = self.collections.iter().map(|collection| collection.org).collect();
        let asked = request.marks.iter().map(|mark| mark.collection);
        let asked = asked.filter(|one| orgs.contains(&one.org) && !self.collections.contains(one));
        for collection in &self.collections.iter().copied().chain(asked).collect::<Vec<_>>() {
            let mark = request.marks.iter().find(|mark| mark.collection == *collection);
            let after = mark.map_or(0, |mark| mark.position);
            let new = self.log.iter().enumerate().skip(after as usize);
            let new: Vec<_> = new.filter(|(_, (record, ..))| record.collection() == *collection).collect();
            let taken = new.len().min(room);
            more |= taken < new.len();
            room -= taken;
            if let Some((last, _)) = new[..taken].last() {
                pages.push(self.page(*collection, after, *last as u64 + 1, &new[..taken]));
            }
        }
        (pages, more)
    }

    fn page(
        &self,
        collection: Collection,
        after: u64,
        position: u64,
        new: &[(usize, &Logged)],
    ) -> CollectionPage {
        let records: Vec<RecordRef> =
            new.iter().map(|(_, (record, ..))| *record).collect::<BTreeSet<_>>().into_iter().collect();
        let place = |record: &RecordRef| records.iter().position(|held| held == record).unwrap() as u32;
        let changes = new
            .iter()
            .map(|(_, (record, change, _))| LoggedChange { record: place(record), change: change.clone() })
            .collect();
        let card = |device: &Device| AuthorCard {
            device: device.id,
            name: device.name.clone(),
            device_name: format!("{}的手机", device.name),
            member: None,
        };
        CollectionPage {
            collection,
            after,
            position,
            changes,
            authors: self.devices.iter().map(card).collect(),
            packs: Vec::new(),
            name: None,
            records,
        }
    }
}

/// The hashes of those that are stored.
fn stored<'s>(sent: impl Iterator<Item = &'s SentChange>, receipts: &[Receipt]) -> Vec<ChangeHash> {
    let stored = sent.zip(receipts).filter(|(_, receipt)| !matches!(receipt, Receipt::Refused(_)));
    stored.map(|(sent, _)| change_hash(&sent.change).unwrap()).collect()
}

/// This server's secret is that nobody else is here.
fn code(generation: &[u8], names: &[u8]) -> Vec<u8> {
    Sha256::digest(Voucher::covered_bytes(generation, names))[..16].to_vec()
}

fn actor_of(change: &[u8]) -> Option<Actor> {
    Actor::from_bytes(Change::from_bytes(change.to_vec()).ok()?.actor_id().to_bytes())
}

fn verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), ()> {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).map_err(|_| ())
}
