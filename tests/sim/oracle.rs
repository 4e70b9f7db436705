//! What was promised, kept by somebody who saw every answer leave the server: the run is held against it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::DeviceId;
use zhibu_domain::org::{OrgTree, Post, Role};
use zhibu_domain::record::{ChangeHash, Collection, change_hash, unpack};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::wire::{Envelope, EnvelopeBody, EnvelopeReceipt, Receipt, SyncRequest, SyncResponse};

use super::people::{Person, district};

/// What everybody was told.
#[derive(Default)]
pub(crate) struct Oracle {
    told: RefCell<Told>,
}

/// Promises.
#[derive(Default, Clone)]
pub(crate) struct Told {
    /// Changes that count, and where; where a server was set back, they may have come to stand elsewhere.
    pub(crate) stored: BTreeMap<ChangeHash, Option<(Collection, u64)>>,
    /// Changes that were called new, which may be said once.
    firsts: BTreeSet<ChangeHash>,
    /// What stands where.
    places: BTreeMap<(Collection, u64), ChangeHash>,
    /// Refusals by author and change.
    pub(crate) refused: BTreeMap<(DeviceId, ChangeHash), RefusalCode>,
    /// Envelopes refused as a whole, by digest.
    pub(crate) refused_envelopes: BTreeSet<[u8; 32]>,
    /// Everything that any answer called accepted.
    served: BTreeSet<ChangeHash>,
    /// Changes that nobody with a right ever wrote.
    pub(crate) evil: BTreeSet<ChangeHash>,
    /// Changes that came under a number that was used: evil for as long as somebody remembers the number.
    pub(crate) late: BTreeSet<ChangeHash>,
}

impl Oracle {
    /// What was promised so far.
    pub(crate) fn told(&self) -> Told {
        self.told.borrow().clone()
    }

    /// A hostile hand wrote this.
    pub(crate) fn note_evil(&self, hash: ChangeHash) {
        self.told.borrow_mut().evil.insert(hash);
    }

    /// This came under a number that was used.
    pub(crate) fn note_late(&self, hash: ChangeHash) {
        self.told.borrow_mut().late.insert(hash);
    }

    /// The server was set back to a backup. What is `held` by it, or by somebody who can still speak, stays promised; what was
    /// refused is kept by its author.
    pub(crate) fn set_back(&self, held: &BTreeSet<ChangeHash>) {
        let mut told = self.told.borrow_mut();
        let Told { stored, served, evil, .. } = std::mem::take(&mut *told);
        (told.served, told.evil) = (served, evil);
        told.stored =
            stored.into_keys().filter(|hash| held.contains(hash)).map(|hash| (hash, None)).collect();
    }

    /// Of what a server that was set back has not said again, only this is left anywhere.
    pub(crate) fn lose_all_but(&self, held: &BTreeSet<ChangeHash>) {
        self.told.borrow_mut().stored.retain(|hash, place| place.is_some() || held.contains(hash));
    }

    /// Whether some answer called this change accepted.
    pub(crate) fn has_served(&self, hash: ChangeHash) -> bool {
        self.told.borrow().served.contains(&hash)
    }

    /// An answer left the server, whether or not it arrives.
    pub(crate) fn note(
        &self,
        request: &SyncRequest,
        response: &SyncResponse,
        person: &Person,
        tree: &OrgTree,
    ) {
        assert_eq!(response.receipts.len(), request.envelopes.len(), "one receipt for each envelope");
        let mut told = self.told.borrow_mut();
        for (envelope, receipt) in request.envelopes.iter().zip(&response.receipts) {
            told.note_receipt(envelope, receipt);
        }
        let recovery = request.recovery.iter().flat_map(|recovery| &recovery.changes);
        for (sent, receipt) in recovery.zip(response.recovered.iter().flatten()) {
            let (Some(hash), collection) = (change_hash(&sent.change), sent.record.collection()) else {
                continue;
            };
            match receipt {
                Receipt::Stored(position) => told.note_stored(hash, collection, *position, true),
                Receipt::Duplicate(position) if *position > 0 => {
                    told.note_stored(hash, collection, *position, false);
                }
                _ => {}
            }
        }
        for page in &response.pages {
            assert!(
                may_see(person, page.collection, tree),
                "{} was sent {:?}, which is outside of {:?}",
                person.name,
                page.collection,
                person.posts
            );
            for change in &page.changes {
                told.served.extend(change_hash(&change.change));
            }
            for pack in &page.packs {
                let record = page.records[pack.record as usize];
                told.served.extend(unpack(&record, &pack.pack).unwrap().iter().map(|change| change.hash));
            }
        }
    }
}

impl Told {
    fn note_receipt(&mut self, envelope: &Envelope, receipt: &EnvelopeReceipt) {
        if receipt.refused.is_some() {
            let digest = Sha256::new().chain_update(&envelope.body).chain_update(&envelope.signature);
            self.refused_envelopes.insert(digest.finalize().into());
            return;
        }
        let body: EnvelopeBody = minicbor::decode(&envelope.body).unwrap();
        assert_eq!(body.changes.len(), receipt.changes.len(), "one receipt for each change");
        for (sent, receipt) in body.changes.iter().zip(&receipt.changes) {
            // Bytes that are no chunk are filed under their SHA-256.
            let hash =
                change_hash(&sent.change).unwrap_or_else(|| ChangeHash(Sha256::digest(&sent.change).into()));
            match receipt {
                Receipt::Stored(position) => {
                    self.note_stored(hash, sent.record.collection(), *position, true)
                }
                // A packed change is a duplicate without its position.
                Receipt::Duplicate(0) => drop(self.served.insert(hash)),
                Receipt::Duplicate(position) => {
                    self.note_stored(hash, sent.record.collection(), *position, false);
                }
                Receipt::Refused(refusal) => {
                    self.refused.insert((body.device, hash), refusal.code);
                }
            }
        }
    }

    fn note_stored(&mut self, hash: ChangeHash, collection: Collection, position: u64, is_first: bool) {
        assert!(!is_first || self.firsts.insert(hash), "{hash} was stored twice");
        let before = self.places.insert((collection, position), hash);
        assert!(
            before.is_none_or(|before| before == hash),
            "position {position} of {collection:?} was given to {before:?} and to {hash}"
        );
        let before = self.stored.insert(hash, Some((collection, position))).flatten();
        assert!(
            before.is_none_or(|before| before == (collection, position)),
            "{hash} stands at {before:?} and at {position} of {collection:?}"
        );
        self.served.insert(hash);
    }
}

/// Whether somebody's posts let him read a collection: our own reading of the rule, not the server's.
pub(crate) fn may_see(person: &Person, collection: Collection, tree: &OrgTree) -> bool {
    let rules = Collection { org: district().into(), year: 0 };
    let opens = |post: &Post| match post.role {
        Role::DistrictAdmin | Role::DistrictReviewer => true,
        Role::TownshipOfficer => tree.is_within(collection.org, post.org),
        _ => {
            tree.is_within(post.org, collection.org)
                && tree.get(collection.org).is_some_and(|org| org.org_type.is_branch())
        }
    };
    collection == rules || person.posts.iter().any(opens)
}
