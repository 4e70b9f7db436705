//! Opens an envelope, as far as that needs nobody's order.

use sha2::{Digest, Sha256};
use zhibu_domain::access::Author;
use zhibu_domain::gate::{self, Decoded};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId, RecordId};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef, change_hash};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{
    Envelope, EnvelopeBody, MAX_ENVELOPE_BYTES, MAX_ENVELOPE_CHANGES, OLDEST_PROTOCOL, Refusal, SentChange,
};

use crate::auth::DeviceCaller;
use crate::auth::proof::is_signed_by;
use crate::store::{Store, StoreError};

/// The device that brings envelopes, its own and others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// The district it speaks for.
    pub district: DistrictId,
    /// Itself.
    pub device: DeviceId,
}

/// An opened envelope.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) carrier: Carrier,
    /// As signed; as claimed, if the envelope was refused; the carrier, if it claims nothing readable.
    pub(super) author: DeviceId,
    pub(super) counter: u64,
    pub(super) digest: [u8; 32],
    pub(super) content: Content,
    /// As it came; none for what the console writes.
    pub(super) envelope: Option<Envelope>,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Refused as a whole.
    Refused(Refusal),
    /// Signed by this author, with these changes.
    Signed { author: Author, orgs_version: u64, changes: Vec<OpenedChange> },
}

/// One change, decoded if it could be.
#[derive(Debug, Clone)]
pub(super) struct OpenedChange {
    pub(super) record: RecordRef,
    pub(super) hash: ChangeHash,
    pub(super) bytes: Vec<u8>,
    pub(super) decoded: Result<Decoded, Refusal>,
    /// Somebody with the right takes it out of quarantine: an earlier refusal is no reason to refuse it again.
    pub(super) admitted_by: Option<AccountId>,
    /// This server had stored it before it was restored from a backup: it is not judged again.
    pub(super) is_vouched: bool,
}

impl Prepared {
    /// The records that its changes name.
    pub(super) fn records(&self) -> Vec<(DistrictId, RecordId)> {
        match &self.content {
            Content::Signed { changes, .. } => {
                changes.iter().map(|change| (self.carrier.district, change.record.id())).collect()
            }
            Content::Refused(_) => Vec::new(),
        }
    }

    /// The collection and the name of each change, if the carrier wrote them himself; else none.
    pub(super) fn own_changes(&self) -> Vec<(Collection, ChangeHash)> {
        match &self.content {
            Content::Signed { changes, .. } if self.author == self.carrier.device => {
                changes.iter().map(|change| (change.record.collection(), change.hash)).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl OpenedChange {
    /// Scans and decodes one change.
    pub(super) fn open(sent: SentChange) -> Self {
        // Bytes that are no chunk have no name of their own: they are filed under their SHA-256.
        let hash =
            change_hash(&sent.change).unwrap_or_else(|| ChangeHash(Sha256::digest(&sent.change).into()));
        let decoded = gate::decode(&sent.change);
        Self { record: sent.record, hash, decoded, bytes: sent.change, admitted_by: None, is_vouched: false }
    }
}

impl Prepared {
    /// The highest epoch of the author's device among the changes; 0 if there is none.
    pub(super) fn epoch_seen(&self) -> u32 {
        let Content::Signed { author, changes, .. } = &self.content else { return 0 };
        let actors = changes.iter().filter_map(|change| change.decoded.as_ref().ok()?.actor());
        actors.filter(|actor| actor.device == author.device).map(|actor| actor.epoch).max().unwrap_or(0)
    }
}

/// Opens an envelope. Only the store can fail; what is wrong with the envelope is part of the answer.
pub(super) async fn open(
    store: &dyn Store,
    caller: &DeviceCaller,
    envelope: Envelope,
) -> Result<Prepared, StoreError> {
    let carrier = Carrier { district: caller.district, device: caller.device.id };
    let digest =
        Sha256::new().chain_update(&envelope.body).chain_update(&envelope.signature).finalize().into();
    let claimed: Option<EnvelopeBody> = read_body(&envelope.body);
    let (author, counter) = claimed.as_ref().map_or((carrier.device, 0), |body| (body.device, body.counter));
    let content = match check(store, caller, &envelope, claimed).await? {
        Ok((author, orgs_version, body)) => Content::Signed {
            author,
            orgs_version,
            changes: body.changes.into_iter().map(OpenedChange::open).collect(),
        },
        Err(refusal) => Content::Refused(refusal),
    };
    Ok(Prepared { carrier, author, counter, digest, content, envelope: Some(envelope) })
}

fn read_body(bytes: &[u8]) -> Option<EnvelopeBody> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let body = (bytes.len() <= MAX_ENVELOPE_BYTES).then(|| decoder.decode().ok()).flatten()?;
    (decoder.position() == bytes.len()).then_some(body)
}

/// The author with his rights as they are now, the version of the org tree at that instant, and what he signed.
type Checked = (Author, u64, EnvelopeBody);

async fn check(
    store: &dyn Store,
    caller: &DeviceCaller,
    envelope: &Envelope,
    body: Option<EnvelopeBody>,
) -> Result<Result<Checked, Refusal>, StoreError> {
    let refuse = |code, detail: &str| Ok(Err(Refusal::new(code, detail)));
    if envelope.body.len() > MAX_ENVELOPE_BYTES {
        return refuse(RefusalCode::TooLarge, "envelope");
    }
    let Some(body) = body else { return refuse(RefusalCode::Malformed, "envelope body") };
    if body.protocol < OLDEST_PROTOCOL || body.counter == 0 || body.counter > i64::MAX as u64 {
        return refuse(RefusalCode::Malformed, "protocol or counter");
    }
    if body.changes.len() > MAX_ENVELOPE_CHANGES {
        return refuse(RefusalCode::TooLarge, "changes in one envelope");
    }
    if body.district != caller.district {
        return refuse(RefusalCode::WrongDistrict, "district");
    }
    // Who brings his own was looked up a moment ago, when he was let in.
    let stranger = match body.device == caller.device.id {
        true => None,
        false => match store.find_device(caller.district, body.device).await? {
            Some(owner) => Some(DeviceCaller::from(owner)),
            None => return refuse(RefusalCode::UnknownDevice, "device"),
        },
    };
    let author = stranger.as_ref().unwrap_or(caller);
    let signed = Envelope::signed_bytes(&envelope.body);
    let right = author.device.key.as_ref().is_some_and(|key| is_signed_by(key, &signed, &envelope.signature));
    if !right {
        return refuse(RefusalCode::WrongSignature, "signature");
    }
    if author.device.revoked_at.is_some() || author.account.disabled_at.is_some() {
        return refuse(RefusalCode::DeviceRevoked, "device");
    }
    Ok(Ok((author.author(), author.orgs_version, body)))
}
