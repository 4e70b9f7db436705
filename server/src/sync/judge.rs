//! Decides about changes in the state that their records have now.

use std::collections::{HashMap, HashSet};

use zhibu_domain::access::{Author, Scene};
use zhibu_domain::event::Status;
use zhibu_domain::gate::{self, Decoded};
use zhibu_domain::ids::{DeviceId, DistrictId};
use zhibu_domain::org::{OrgTree, OrgType};
use zhibu_domain::record::{ChangeHash, RecordKind, RecordRef};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::Refusal;

use super::books::{Books, Fetched};
use super::prepare::{Content, OpenedChange, Prepared};
use crate::metrics::Stage;
use crate::store::{Decision, Delivery, KnownChange, Store, StoreError, Verdict};

/// Judges one batch of envelopes, each in the state that the one before it left.
pub(super) struct Judge<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) books: &'a mut Books,
    pub(super) fetched: &'a Fetched,
    /// What was refused in this batch, by author, and why: it is not in quarantine yet, or there for what was wrong with
    /// it when it came before.
    pub(super) refused: HashMap<(DeviceId, ChangeHash), RefusalCode>,
    /// What was admitted in this batch: not in the log yet.
    pub(super) appended: HashSet<ChangeHash>,
    pub(super) received_at: Millis,
}

impl Judge<'_> {
    /// Judges an envelope.
    pub(super) async fn judge(&mut self, envelope: &Prepared) -> Result<Delivery, StoreError> {
        let mut delivery = Delivery {
            district: envelope.carrier.district,
            carrier: envelope.carrier.device,
            author: envelope.author,
            counter: envelope.counter,
            digest: envelope.digest,
            refused_envelope: None,
            verdicts: Vec::new(),
            epoch_seen: envelope.epoch_seen(),
            received_at: self.received_at,
        };
        match &envelope.content {
            Content::Refused(refusal) => {
                let bytes = minicbor::to_vec(&envelope.envelope).unwrap_or_default();
                delivery.refused_envelope = Some((refusal.clone(), bytes));
            }
            Content::Signed { author, changes, .. } => {
                let orgs = self.fetched.tree(delivery.district);
                for change in changes {
                    let verdict = self.verdict(delivery.district, author, &orgs, change).await?;
                    if let Decision::Refuse(refusal) = &verdict.decision {
                        self.refused.insert((author.device, verdict.hash), refusal.code);
                    }
                    delivery.verdicts.push(verdict);
                }
            }
        }
        Ok(delivery)
    }

    async fn verdict(
        &mut self,
        district: DistrictId,
        author: &Author,
        orgs: &OrgTree,
        change: &OpenedChange,
    ) -> Result<Verdict, StoreError> {
        let verdict = |decision, base_version| Verdict {
            record: change.record,
            hash: change.hash,
            change: change.bytes.clone(),
            decision,
            base_version,
            admitted_by: change.admitted_by,
        };
        match self.fetched.known(district, author.device, change.hash) {
            Some(KnownChange::Stored { position }) => {
                return Ok(verdict(Decision::Duplicate { position: *position }, None));
            }
            // A refusal stands: its author may have written the work anew by now. Only a change that came before
            // what it depends on is looked at again, one that somebody with the right admits, and one that was stored before.
            Some(KnownChange::Quarantined(refusal))
                if refusal.code != RefusalCode::MissingDependency
                    && change.admitted_by.is_none()
                    && !change.is_vouched =>
            {
                return Ok(verdict(Decision::Refuse(refusal.clone()), None));
            }
            _ => {}
        }
        let decoded = match &change.decoded {
            Ok(decoded) => decoded,
            Err(refusal) => return Ok(verdict(Decision::Refuse(refusal.clone()), None)),
        };
        if let Err(refusal) = place(&change.record, orgs) {
            return Ok(verdict(Decision::Refuse(refusal), None));
        }
        let roster = self.books.roster(district, &change.record);
        let open = match self.books.record(self.fetched, district, &change.record) {
            // Whoever brings it has more to bring. It is kept, and judged again once the record is put right.
            Err(StoreError::Corrupt { table, row }) => {
                tracing::error!(table, row, "a record is damaged; what comes for it is kept apart");
                let refusal =
                    Refusal::new(RefusalCode::MissingDependency, "the record is damaged on the server");
                return Ok(verdict(Decision::Refuse(refusal), None));
            }
            open => open?,
        };
        let base = Some(open.version);
        if open.reference != change.record {
            let refusal = Refusal::new(RefusalCode::WrongRecord, "the record belongs elsewhere");
            return Ok(verdict(Decision::Refuse(refusal), base));
        }
        if open.index.holds(change.hash) {
            // What this batch judged before counts once it is committed, and not before: the store decides. Else it is
            // in the log since long, in a pack that gives no change a row of its own.
            return Ok(match self.appended.contains(&change.hash) {
                true => verdict(Decision::Append, base),
                false => verdict(Decision::Duplicate { position: 0 }, None),
            });
        }
        let scene = Scene { record: &change.record, status: Status::Draft, orgs, roster: roster.as_deref() };
        let at_the_gate = Stage::Gate.begin();
        let admitted = match change.is_vouched {
            true => gate::readmit(&mut open.index, decoded),
            false => gate::admit(&mut open.index, decoded, author, &scene),
        };
        at_the_gate.end();
        match admitted {
            Ok(()) => {
                open.version += 1;
                self.appended.insert(change.hash);
                Ok(verdict(Decision::Append, base))
            }
            Err(refusal) => {
                let refusal = self.trace(district, author, decoded, refusal).await?;
                Ok(verdict(Decision::Refuse(refusal), base))
            }
        }
    }

    /// A missing dependency that was itself refused is another matter than one that has not come yet, or only came
    /// before what it depends on: the author writes anew what stood on the first, and must not on the second.
    async fn trace(
        &self,
        district: DistrictId,
        author: &Author,
        change: &Decoded,
        refusal: Refusal,
    ) -> Result<Refusal, StoreError> {
        if refusal.code != RefusalCode::MissingDependency {
            return Ok(refusal);
        }
        let wanted: Vec<_> = change.dependencies().map(|hash| (author.device, hash)).collect();
        let known: HashMap<_, _> = self.store.known_changes(district, &wanted).await?;
        let was_refused = |wanted: &(_, ChangeHash)| {
            let code = match (self.refused.get(wanted), known.get(wanted)) {
                (Some(now), _) => Some(*now),
                (None, Some(KnownChange::Quarantined(earlier))) => Some(earlier.code),
                (None, Some(KnownChange::Stored { .. }) | None) => None,
            };
            code.is_some_and(|code| code != RefusalCode::MissingDependency)
        };
        Ok(match wanted.iter().any(was_refused) {
            true => Refusal { code: RefusalCode::DependsOnRefused, ..refusal },
            false => refusal,
        })
    }
}

/// Whether a record of that kind may stand at that org at all.
fn place(reference: &RecordRef, orgs: &OrgTree) -> Result<(), Refusal> {
    let Some(org) = orgs.get(reference.org) else {
        return Err(Refusal::new(RefusalCode::UnknownOrg, "org"));
    };
    let fits = match reference.kind {
        RecordKind::Activity => org.org_type != OrgType::Group,
        RecordKind::Points | RecordKind::Roster => org.org_type.is_branch(),
        RecordKind::RuleBook => org.org_type == OrgType::District,
    };
    match fits && reference.is_well_formed() {
        true => Ok(()),
        false => Err(Refusal::new(RefusalCode::WrongRecord, "a record of this kind cannot stand here")),
    }
}
