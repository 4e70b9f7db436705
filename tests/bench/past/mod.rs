//! A district with a past: made through the gate and the ledger, change by change, signed by the phones of those who
//! wrote, and kept under the target folder so that the next run of the same size begins at once.

pub(crate) mod month;
pub(crate) mod pen;
pub(crate) mod people;
pub(crate) mod words;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::ToSpan as _;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use zhibu_domain::command::Command;
use zhibu_domain::ids::InviteId;
use zhibu_domain::org::NamingScheme;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::rule_book::{EXAMPLE_TOML, RuleBook};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::KeyAlgorithm;
use zhibu_server::blobs::BlobPlace;
use zhibu_server::clock::{Clock as _, SeededEntropy, SystemClock, TestClock};
use zhibu_server::store::{
    DeviceKey, District, FactorPolicy, NewAccount, NewInvite, Redeemed, Redemption, Store,
};
use zhibu_server::{App, compaction, projection};

use month::Branch;
use pen::{Pen, deliver};
use people::Person;

/// Raised when this code writes another past.
const EDITION: u32 = 3;
/// What is older is packed, as `serve` has it when it is not told otherwise.
const PACKED_AFTER_DAYS: u32 = 30;
const DAY_MS: i64 = 86_400_000;

/// How much of a past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Past {
    /// Branches.
    pub(crate) branches: u32,
    /// Members of each, every one with a phone.
    pub(crate) phones: u32,
    /// Months that have been lived through, up to now.
    pub(crate) months: u32,
}

impl Past {
    /// Everybody with a phone.
    pub(crate) fn people(&self) -> impl Iterator<Item = Person> {
        let officers = (0..people::townships(self.branches)).map(Person::Officer);
        let phones = self.phones;
        let members = (0..self.branches)
            .flat_map(move |branch| (0..phones).map(move |one| Person::Member(branch, one)));
        std::iter::once(Person::Admin).chain(officers).chain(members)
    }

    /// The activity of this week that nobody has marked yet.
    pub(crate) fn tonight(&self, branch: u32, today: Date) -> RecordRef {
        *Branch::new(branch, 1, Arc::new(Pen::of(Person::Admin)))
            .plan("theme_day", today, today)
            .0
            .reference()
    }

    /// What names it: size, schema, month. It is kept under this name, and made anew where any of them changes.
    pub(crate) fn name(&self) -> String {
        let today = SystemClock.now().date();
        let mut fingerprint = Sha256::new().chain_update(EDITION.to_be_bytes());
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for folder in ["sqlite", "postgres"].map(|folder| migrations.join(folder)) {
            let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort_unstable();
            for file in files {
                fingerprint.update(fs::read(file).unwrap());
            }
        }
        fingerprint.update(format!("{}-{}", today.year(), today.month()));
        fingerprint.update(EXAMPLE_TOML);
        let fingerprint = data_encoding::HEXLOWER.encode(&fingerprint.finalize()[..6]);
        let Past { branches, phones, months } = self;
        format!("storm_{branches}x{phones}_{months}m_{fingerprint}")
    }

    /// Writes this past into an empty store. Answers today, which is the day of the open activities.
    pub(crate) async fn write_into(&self, store: Arc<dyn Store>) -> Date {
        let began = Instant::now();
        let now = SystemClock.now();
        let today = now.date();
        let first = today.first_of_month().saturating_sub(i64::from(self.months).months());
        let founded = Millis::start_of(first).plus(-7 * DAY_MS);
        let clock = Arc::new(TestClock::new(founded));
        let blobs = BlobPlace::folder(&std::env::temp_dir()).unwrap();
        let entropy = Arc::new(SeededEntropy::new(u64::from(EDITION)));
        let app = App::new(store, clock.clone(), entropy, "http://127.0.0.1", blobs);
        self.found(&app, founded).await;
        let enrolled = began.elapsed();
        let mut stored = adopt_rule_book(&app, founded).await;
        let officers: Vec<_> =
            (0..people::townships(self.branches)).map(Person::Officer).map(Pen::of).map(Arc::new).collect();
        let branch = |number: u32| {
            Branch::new(number, self.phones, officers[people::township_of(number) as usize].clone())
        };
        let mut branches: Vec<_> = (0..self.branches).map(branch).collect();
        let mut scenes = vec![(founded, Scene::Roster(founded.date()))];
        for month in 0..self.months {
            let month = first.saturating_add(i64::from(month).months());
            scenes.push((Millis::start_of(month.last_of_month()), Scene::Month(month)));
        }
        scenes.push((now.plus(-DAY_MS), Scene::Tonight(today)));
        for (at, scene) in scenes {
            clock.advance(at.0 - clock.now().0);
            let (played, changes) = play(&app, branches, scene).await;
            (branches, stored) = (played, stored + changes);
            if let Scene::Roster(_) = scene {
                // Rosters and rule books are projected before there are activities that they would draw along.
                projection::catch_up(&*app.store, people::district()).await.unwrap();
            }
        }
        let written = began.elapsed();
        projection::catch_up(&*app.store, people::district()).await.unwrap();
        // As a server does when it stops.
        app.ledger.put_away().await;
        let projected = began.elapsed();
        // A server would have done so day by day.
        let packed = compaction::compact_at_once(&*app.store, now, PACKED_AFTER_DAYS).await.unwrap();
        eprintln!(
            "prepared {stored} changes: enrolled in {:.1} s, written in {:.1} s ({:.0} a second), projected in {:.1} s, \
             {} packed in {:.1} s",
            enrolled.as_secs_f64(),
            (written - enrolled).as_secs_f64(),
            stored as f64 / (written - enrolled).as_secs_f64(),
            (projected - written).as_secs_f64(),
            packed.changes,
            (began.elapsed() - projected).as_secs_f64(),
        );
        today
    }

    async fn found(&self, app: &App, at: Millis) {
        let district = District {
            id: people::district(),
            name: "青岭旗".to_owned(),
            naming: NamingScheme::Qi,
            generation: [1; 16],
            token_secret: [2; 32],
            factor_policy: FactorPolicy::Optional,
            orgs_version: 0,
        };
        assert!(app.store.found_district(&district, at).await.unwrap());
        app.store.put_orgs(district.id, &people::orgs(self.branches)).await.unwrap();
        for person in self.people() {
            enrol(app, person, at).await;
        }
    }
}

/// Opens the account and redeems its invite with the phone's key, as the enrolment does.
async fn enrol(app: &App, person: Person, at: Millis) {
    let author = person.author();
    let account = NewAccount {
        id: author.account,
        login: None,
        password_hash: None,
        name: person.name(),
        member: author.member,
        org: author.posts[0].org,
        posts: author.posts,
        created_at: at,
    };
    assert!(app.store.create_account(people::district(), &account).await.unwrap());
    let secret_hash = Sha256::digest(person.invite_secret()).into();
    let invite = NewInvite {
        id: InviteId(author.account.0),
        secret_hash,
        account: author.account,
        purpose: "手机".to_owned(),
        created_by: None,
        created_at: at,
        expires_at: at.plus(DAY_MS),
    };
    assert!(app.store.create_invite(people::district(), &invite).await.unwrap());
    let key = DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key: person.public_key() };
    let device_name = "手机".to_owned();
    let redemption = Redemption { secret_hash, device: author.device, key, device_name, at };
    let redeemed = app.store.redeem_invite(&redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Enrolled(_)), "{redeemed:?}");
}

async fn adopt_rule_book(app: &Arc<App>, at: Millis) -> u64 {
    let book = RuleBook::from_toml(EXAMPLE_TOML).unwrap();
    let adopt = Command::AdoptRuleBook { version: book.id.clone(), book: minicbor::to_vec(&book).unwrap() };
    let mut record = Record::new(RecordRef::rule_book(people::district().into()));
    let pen = Pen::of(Person::Admin);
    let change = pen.write(&mut record, at, &[adopt]);
    deliver(app, Person::Admin, pen.close(at, vec![change])).await
}

/// What happens in every branch.
#[derive(Debug, Clone, Copy)]
enum Scene {
    /// The roster is entered on that day.
    Roster(Date),
    /// The month that begins on that day.
    Month(Date),
    /// Tonight's activity is planned.
    Tonight(Date),
}

/// Plays a scene in every branch, all at once on all cores. Gives the branches back, and how many changes that made.
async fn play(app: &Arc<App>, branches: Vec<Branch>, scene: Scene) -> (Vec<Branch>, u64) {
    let tasks: Vec<_> = branches
        .into_iter()
        .map(|mut branch| {
            let app = app.clone();
            tokio::spawn(async move {
                let stored = match scene {
                    Scene::Roster(day) => branch.enter_roster(&app, day).await,
                    Scene::Month(month) => branch.live_through(&app, month).await,
                    Scene::Tonight(today) => {
                        let (_, plan) = branch.plan("theme_day", today, today);
                        branch.hand_in(&app, app.clock.now(), vec![plan]).await
                    }
                };
                (branch, stored)
            })
        })
        .collect();
    let (mut branches, mut stored) = (Vec::with_capacity(tasks.len()), 0);
    for task in tasks {
        let (branch, changes) = task.await.unwrap();
        branches.push(branch);
        stored += changes;
    }
    (branches, stored)
}
