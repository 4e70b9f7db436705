//! Three servers and the phones of one branch.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use zhibu_domain::command::Command;
use zhibu_domain::ids::{AccountId, RecordId, natural};
use zhibu_domain::org::{Post, Role};
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::wire::{Envelope, EnvelopeReceipt, Receipt};
use zhibu_server::auth::password;
use zhibu_server::clock::{Clock as _, SystemClock};
use zhibu_server::store::{Database, NewAccount, Store};

use super::databases::postgres_database;
use super::district::{district_id, found, invite, member, org, post};
use super::support::Server;
use super::wire_client::WireClient;

/// Three servers on one database.
pub(crate) struct Province {
    _folder: TempDir,
    pub(crate) database: Database,
    pub(crate) servers: [Server; 3],
    /// The database, seen past all servers.
    pub(crate) store: Arc<dyn Store>,
}

impl Province {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let database = postgres_database(folder.path()).await;
        let store = database.open().await.unwrap();
        found(&*store).await;
        let admin = NewAccount {
            id: AccountId(natural(&[b"account", b"admin"])),
            login: Some("admin".into()),
            password_hash: Some(password::hash("qingling-2026".into()).await.unwrap()),
            name: "管理员".into(),
            member: None,
            org: district_id().into(),
            posts: vec![Post { role: Role::DistrictAdmin, org: district_id().into() }],
            created_at: SystemClock.now(),
        };
        assert!(store.create_account(district_id(), &admin).await.unwrap());
        let servers = [(); 3].map(|()| Server::beside(TempDir::new().unwrap(), database.clone()));
        Self { _folder: folder, database, servers, store }
    }

    pub(crate) fn urls(&self) -> [String; 3] {
        self.servers.each_ref().map(|server| server.url.clone())
    }

    /// A member's phone.
    pub(crate) async fn phone(&self, number: u32) -> Phone {
        let name = format!("党员{number}");
        let posts = [post(Role::Member, "branch")];
        let secret = invite(&*self.store, &name, Some(member(number)), &posts, SystemClock.now()).await;
        let urls = self.urls();
        let client = WireClient::enrol_at(urls[number as usize % 3].clone(), secret).await;
        Phone {
            client,
            urls,
            turn: number as usize,
            number,
            own: own_activity(number),
            common: common_activity(),
        }
    }

    /// Waits until a projector has come to the record at this version.
    pub(crate) async fn projected(&self, record: RecordRef, version: u64) {
        let arrived = async {
            loop {
                let dirty = self.store.dirty_records(district_id(), 100).await.unwrap();
                let stored = self.store.load_record(district_id(), record.id()).await.unwrap();
                let is_there = stored.is_some_and(|stored| stored.version >= version);
                if is_there && dirty.iter().all(|dirty| dirty.reference != record) {
                    let row = self.store.find_activity(district_id(), record.id()).await.unwrap();
                    return assert!(row.is_some(), "it is in the list");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived)
            .await
            .expect("another server's projector takes over")
    }
}

/// A phone that turns to the next server each time.
pub(crate) struct Phone {
    pub(crate) client: WireClient,
    urls: [String; 3],
    turn: usize,
    number: u32,
    own: Record,
    common: Record,
}

impl Phone {
    /// Marks its owner in an activity of his own and in one that everybody writes.
    pub(crate) fn mark(&mut self, state: &str) -> Envelope {
        let mark = Command::RecordAttendance(vec![(member(self.number), Some(state.into()))]);
        let changes =
            vec![self.client.write(&mut self.own, &mark), self.client.write(&mut self.common, &mark)];
        self.client.envelope(changes)
    }

    /// Delivers to the next server, and once more to the one behind it if that one is away or busy.
    pub(crate) async fn deliver(&mut self, envelope: &Envelope) -> EnvelopeReceipt {
        self.turn += 1;
        self.client.turn_to(&self.urls[self.turn % 3]);
        if let Some(receipt) = self.client.try_deliver(envelope.clone()).await {
            return receipt;
        }
        self.turn += 1;
        self.client.turn_to(&self.urls[self.turn % 3]);
        self.client.try_deliver(envelope.clone()).await.expect("one retry is enough")
    }
}

/// The positions of an envelope's changes, and whether they are new.
pub(crate) fn positions(receipt: &EnvelopeReceipt) -> Vec<(u64, bool)> {
    assert_eq!(receipt.refused, None);
    let position = |receipt: &Receipt| match receipt {
        Receipt::Stored(position) => (*position, true),
        Receipt::Duplicate(position) => (*position, false),
        Receipt::Refused(refusal) => panic!("{refusal:?}"),
    };
    receipt.changes.iter().map(position).collect()
}

pub(crate) fn own_activity(number: u32) -> Record {
    Record::new(RecordRef::activity(org("branch"), 2026, RecordId(natural(&[b"own", &number.to_be_bytes()]))))
}

pub(crate) fn common_activity() -> Record {
    Record::new(RecordRef::activity(org("branch"), 2026, RecordId(natural(&[b"common"]))))
}
