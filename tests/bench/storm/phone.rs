//! A phone of the evening: the real client core over a store in memory, enrolled long ago, its marks where the
//! collections ended before the evening, holding what its owner works on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use zhibu_domain::command::Command;
use zhibu_domain::event::Claim;
use zhibu_domain::ids::{EntryId, RecordId, natural};
use zhibu_domain::record::{ChangeHash, Collection, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Profile, ReadMark};
use zhibu_server::App;
use zhibu_server::auth::DeviceCaller;
use zhibu_server::sync::scope::Scope;
use zhibu_sync_client::client::Client;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::platform::RealSurroundings;
use zhibu_sync_client::store::memory::MemoryStore;
use zhibu_sync_client::store::{AcceptedChange, Act, DeviceState, LocalStore as _, Write};

use super::readback::Told;
use crate::line::{Lines, Observed, Watched};
use crate::past::people::{Person, PersonKey, branch, district, member};
use crate::past::words::note;

/// A phone whose request failed asks again so often before it counts as failed.
const TRIES: u32 = 5;

/// A phone that a busy server turned away so often counts as failed.
const MOST_TURNED_AWAY: u32 = 12;

/// How a phone came to its end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    /// How often it had to ask anew because a request failed.
    pub(crate) retries: u32,
    /// How often the server asked it to come again.
    pub(crate) turned_away: u32,
    /// How long the synchronisation took that was let in.
    pub(crate) accepted_in: Duration,
}

/// One phone.
pub(crate) struct Phone {
    /// What runs on it.
    pub(crate) client: Client<MemoryStore, Watched, PersonKey>,
    observed: Arc<Observed>,
    lines: Lines,
    /// Whose it is: the branch, and the number there.
    pub(crate) person: (u32, u32),
    public_key: Vec<u8>,
}

/// What a branch's phones hold in common, read from the store before the evening.
pub(crate) struct Shared {
    tonight: RecordRef,
    changes: Vec<AcceptedChange>,
    marks: Vec<ReadMark>,
    generation: Vec<u8>,
}

impl Shared {
    /// Of the branch of this number.
    pub(crate) async fn of(
        app: &App,
        number: u32,
        tonight: RecordRef,
        heads: &HashMap<Collection, u64>,
    ) -> Self {
        let roster = RecordRef::roster(branch(number));
        let rules = RecordRef::rule_book(district().into());
        let mut changes = Vec::new();
        for reference in [rules, roster, tonight] {
            changes.extend(accepted(app, reference).await);
        }
        let profile = profile(app, Person::secretary(number)).await;
        let mark = |collection: &Collection| {
            heads.get(collection).map(|position| ReadMark::at(*collection, *position))
        };
        let district = app.store.find_district(district()).await.unwrap().unwrap();
        Self {
            tonight,
            changes,
            marks: profile.collections.iter().filter_map(mark).collect(),
            generation: district.generation.to_vec(),
        }
    }
}

async fn accepted(app: &App, reference: RecordRef) -> Vec<AcceptedChange> {
    let stored = app.store.load_record(district(), reference.id()).await.unwrap();
    let changes = stored.map(|stored| stored.changes).unwrap_or_default();
    let accepted = |change: zhibu_server::store::StoredChange| AcceptedChange {
        record: reference,
        hash: change.hash,
        change: change.bytes,
    };
    changes.into_iter().map(accepted).collect()
}

async fn caller(app: &App, person: Person) -> DeviceCaller {
    app.store.find_device(district(), person.device()).await.unwrap().unwrap().into()
}

async fn profile(app: &App, person: Person) -> Profile {
    let scope = Scope::of(app, &caller(app, person).await).await.unwrap();
    scope.profile(app).await.unwrap()
}

impl Phone {
    /// The phone of a member, told to speak to these servers in turn.
    pub(crate) async fn of(
        app: &App,
        shared: &Shared,
        (number, one): (u32, u32),
        servers: &[String],
    ) -> Self {
        let person = Person::Member(number, one);
        let observed = Arc::new(Observed::default());
        let transport = Watched::to(servers, one as usize, observed.clone());
        let lines = transport.lines();
        let store = MemoryStore::default();
        let device = caller(app, person).await.device;
        let state = DeviceState {
            server: servers[0].clone(),
            device: device.id,
            epoch: device.last_epoch.max(1),
            last_counter: device.last_counter,
            next_number: device.last_counter + 1,
            token: None,
            last_proof_at: Millis(0),
            clock_offset_ms: 0,
            generation: shared.generation.clone(),
            generation_changed_at: None,
            restored: false,
            last_sync: None,
            receipted_changes: device.last_counter,
            receipted_counter: 0,
        };
        let mut writes = vec![Write::State(state), Write::Profile(profile(app, person).await)];
        writes.extend(shared.changes.iter().cloned().map(Write::Accept));
        let points = RecordRef::points(branch(number), shared.tonight.year, member(number, one));
        writes.extend(accepted(app, points).await.into_iter().map(Write::Accept));
        writes.extend(shared.marks.iter().copied().map(Write::Mark));
        store.commit(Act { based_on: 0, writes }).await.unwrap();
        let client = Client::new(store, transport, PersonKey::of(person), Arc::new(RealSurroundings));
        Self { client, observed, lines, person: (number, one), public_key: person.public_key() }
    }

    /// What its owner does without a signal: marks himself at tonight's activity and claims points once.
    pub(crate) async fn work(&self, tonight: RecordRef, today: Date) -> Told {
        let (number, one) = self.person;
        let member = member(number, one);
        let mark = Command::RecordAttendance(vec![(member, Some("present".to_owned()))]);
        let marked = self.client.execute(&tonight, mark).await.unwrap().unwrap();
        let (claim, claimed) = self.claim(tonight.year, today, 0).await;
        Told {
            device: Person::Member(number, one).device(),
            member,
            mark: (tonight.id(), marked.hash),
            claim,
            claimed,
            positions: HashMap::new(),
        }
    }

    /// Claims points for the work of this number, which he has not claimed before: the record and the change, and what
    /// is in it.
    pub(crate) async fn claim(
        &self,
        year: u16,
        today: Date,
        work: u32,
    ) -> ((RecordId, ChangeHash), (EntryId, Claim)) {
        let (number, one) = self.person;
        let member = member(number, one);
        let claim = Claim {
            rule: "C01".to_owned(),
            date: today,
            units: 2,
            // Beyond every number that the past has used.
            matter: note(u64::MAX / 2 + (u64::from(work) << 32 | u64::from(number) << 16 | u64::from(one))),
            points: None,
        };
        let entry = EntryId(natural(&[b"storm-evening", member.bytes(), &work.to_be_bytes()]));
        let points = RecordRef::points(branch(number), year, member);
        let command = Command::ClaimPoints { entry, claim: claim.clone() };
        let claimed = self.client.execute(&points, command).await.unwrap().unwrap();
        ((points.id(), claimed.hash), (entry, claim))
    }

    /// Back in signal: delivers and reads until both sides have nothing left to say; asked to wait it waits, as a phone
    /// does. The last error, if that came to nothing.
    pub(crate) async fn come_back(&self) -> Result<Way, SyncError> {
        let mut way = Way::default();
        loop {
            let began = Instant::now();
            match self.client.sync().await {
                Ok(_) => return Ok(Way { accepted_in: began.elapsed(), ..way }),
                Err(busy @ SyncError::Busy { wait_ms, .. }) => {
                    way.turned_away += 1;
                    if way.turned_away > MOST_TURNED_AWAY {
                        return Err(busy);
                    }
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
                Err(_) if way.retries < TRIES => way.retries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The phone goes back into a pocket: its connections end.
    pub(crate) fn hang_up(&self) {
        self.lines.lock().unwrap().clear();
    }

    /// What its transport saw.
    pub(crate) fn observed(&self) -> &Observed {
        &self.observed
    }

    /// The positions that its receipts named.
    pub(crate) fn positions(&self) -> HashMap<ChangeHash, u64> {
        self.observed.take_positions()
    }

    /// The public half of its key, which the server must hold under its device.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}
