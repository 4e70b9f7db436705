//! One run: a district, its people and what happens to them, step by step.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use zhibu_domain::attachment::BlobHash;
use zhibu_domain::ids::RecordId;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::PROTOCOL;
use zhibu_server::clock::Clock as _;
use zhibu_server::store::memory::MemoryStore;
use zhibu_sync_client::client::SyncReport;
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::LocalStore as _;

use super::chance::Chance;
use super::console;
use super::line::Net;
use super::oracle::Oracle;
use super::people::{FOUNDED, Person, Size, district, invite};
use super::phone::Phone;
use super::servers::{Ground, Servers};
use super::trace::Trace;
use super::work::Worker;

mod mishaps;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// The reviewer and the officer stand before the branches' people.
pub(crate) const REVIEWER: usize = 0;
const FIRST_MEMBER: usize = 2;

/// A thing that happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    Work,
    Sync,
    ManySync,
    WorkWhileSyncing,
    Carry,
    Console,
    Project,
    Pack,
    LateMessage,
    PlanServerDeath,
    RestartServer,
    PlanPhoneDeath,
    FullDisk,
    Backup,
    RestorePhone,
    WipePhone,
    Move,
    Revoke,
    WrongClock,
    Forge,
    Garbage,
    LetGo,
    BackUpServer,
    SetServerBack,
}

const STEPS: [(usize, Step); 24] = [
    (300, Step::Work),
    (150, Step::Sync),
    (70, Step::ManySync),
    (40, Step::WorkWhileSyncing),
    (50, Step::Carry),
    (60, Step::Console),
    (25, Step::Project),
    (12, Step::Pack),
    (30, Step::LateMessage),
    (30, Step::PlanServerDeath),
    (10, Step::RestartServer),
    (30, Step::PlanPhoneDeath),
    (8, Step::FullDisk),
    (20, Step::Backup),
    (12, Step::RestorePhone),
    (6, Step::WipePhone),
    (8, Step::Move),
    (5, Step::Revoke),
    (15, Step::WrongClock),
    (30, Step::Forge),
    (8, Step::Garbage),
    (12, Step::LetGo),
    (15, Step::BackUpServer),
    (6, Step::SetServerBack),
];

/// A server's store as it was, and who was what at that time.
struct ServerBackup {
    store: MemoryStore,
    people: Vec<Person>,
    at: Millis,
}

/// A district and what is known of it.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) net: Rc<Net>,
    pub(crate) size: Size,
    pub(crate) phones: Vec<Phone>,
    /// Files with envelopes that somebody handed to somebody, by their number.
    files: Vec<Vec<u8>>,
    invites: usize,
    backup: Option<ServerBackup>,
    /// Whether servers are set back in this run.
    pub(crate) sets_back: bool,
    /// And nobody says so: not `restore`, not `renew-generation`.
    pub(crate) sets_back_unsaid: bool,
    /// Whether people take pictures in this run.
    pub(crate) takes_pictures: bool,
    /// Pictures that a phone had and its backup had not.
    pub(crate) forgotten_pictures: BTreeSet<(RecordId, BlobHash)>,
    /// The server was set back, and not everybody has brought what he holds.
    pub(crate) is_recovering: bool,
    pub(crate) trace: Rc<Trace>,
    pub(crate) began: Millis,
}

impl World {
    /// The world of a seed: everybody has a phone, and nobody has written anything.
    pub(crate) async fn begin(seed: u64, ground: Ground, size: Size, trace: Rc<Trace>) -> Self {
        let chance = Chance::new(seed);
        // Runs lie anywhere in half a year, so some of them see the new year come.
        let began =
            FOUNDED.plus(chance.between(0, 180) as i64 * DAY_MS + chance.below(DAY_MS as usize) as i64);
        let count = if chance.percent(30) { 2 } else { 1 };
        let servers = Servers::start(ground, count, began, chance.fork()).await;
        let tree = zhibu_domain::org::OrgTree::new(servers.store().list_orgs(district()).await.unwrap());
        let net = Rc::new(Net {
            servers,
            oracle: Rc::new(Oracle::default()),
            people: RefCell::new(size.people()),
            tree,
            late: RefCell::default(),
            is_bad: std::cell::Cell::new(false),
        });
        let mut world = Self {
            chance,
            net,
            size,
            phones: Vec::new(),
            files: Vec::new(),
            invites: 0,
            backup: None,
            sets_back: false,
            sets_back_unsaid: false,
            takes_pictures: false,
            forgotten_pictures: BTreeSet::new(),
            is_recovering: false,
            trace,
            began,
        };
        let people = world.net.people.borrow().len();
        for person in 1..people {
            world.give_phone(person).await;
        }
        for phone in &world.phones {
            phone.enrol().await.unwrap();
        }
        world.tell(format!("{size:?}, {count} servers, {} phones, at {}", world.phones.len(), began.0));
        world
    }

    /// A new phone for somebody.
    async fn give_phone(&mut self, person: usize) {
        let whose = self.net.people.borrow()[person].clone();
        self.invites += 1;
        let store = self.net.servers.store();
        let secret = invite(&*store, &whose, self.invites, self.net.servers.clock.now()).await;
        let name = format!("{}#{}", whose.name, self.invites);
        let protocol = if self.chance.percent(25) { 1 } else { PROTOCOL };
        let phone = Phone::new(&self.net, name, person, secret, &self.chance, protocol);
        self.phones.push(phone);
    }

    fn tell(&self, line: String) {
        self.trace.tell(line);
    }

    /// The days that went by.
    pub(crate) fn days(&self) -> f64 {
        (self.net.servers.clock.now().0 - self.began.0) as f64 / DAY_MS as f64
    }

    /// From now on everything goes wrong now and then, or nothing.
    pub(crate) fn be_rough(&self, is_rough: bool) {
        self.net.is_bad.set(is_rough);
        self.net.servers.be_rough(is_rough);
    }

    /// So much happens.
    pub(crate) async fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            let ms = match self.chance.below(10) {
                0..3 => 0,
                3..6 => self.chance.between(1, 60_000) as i64,
                6..9 => self.chance.between(1, 60) as i64 * MINUTE_MS,
                _ => self.chance.between(1, 12) as i64 * HOUR_MS,
            };
            self.net.servers.clock.advance(ms);
            if self.net.servers.any().is_none() || self.chance.percent(15) {
                let raised = self.net.servers.raise_the_dead().await;
                if raised > 0 {
                    self.tell(format!("{raised} servers start again"));
                }
                if raised > 0 && self.takes_pictures && self.chance.percent(60) {
                    let lost = self.net.servers.shelf.lose_pieces().await;
                    self.tell(format!("{lost} pieces of pictures are lost"));
                }
            }
            for place in 0..self.phones.len() {
                if self.phones[place].disk.is_dead() {
                    self.phones[place].reboot();
                }
                self.phones[place].disk.be_full(false);
            }
            let step = self.chance.weighted(&STEPS);
            let came_of_it = self.step(step).await;
            self.tell(format!("+{ms} {step:?}: {came_of_it}"));
        }
    }

    /// A phone that is in somebody's pocket.
    fn any_phone(&self) -> usize {
        let there: Vec<usize> = (0..self.phones.len()).filter(|place| !self.phones[*place].is_gone).collect();
        *self.chance.pick(&there)
    }

    async fn step(&mut self, step: Step) -> String {
        match step {
            Step::Work => {
                let place = self.any_phone();
                let mut said = format!("{}:", self.phones[place].name);
                for _ in 0..self.chance.between(1, 3) {
                    said.push(' ');
                    said.push_str(&self.work(place).await);
                }
                said
            }
            Step::Sync => self.sync(self.any_phone()).await,
            Step::ManySync => {
                let mut places: Vec<usize> =
                    (0..self.chance.between(2, 6)).map(|_| self.any_phone()).collect();
                places.sort_unstable();
                places.dedup();
                let all = places.into_iter().map(|place| self.sync(place));
                futures::future::join_all(all).await.join("; ")
            }
            Step::WorkWhileSyncing => {
                let place = self.any_phone();
                let (synced, worked) = futures::future::join(self.sync(place), self.work(place)).await;
                format!("{synced}, meanwhile {worked}")
            }
            Step::Carry => self.carry().await,
            // In truth a record rests for a month before it is packed; what a pack has taken in betrays no set-back.
            Step::Pack if self.sets_back_unsaid => "not yet".to_owned(),
            Step::Console | Step::Project | Step::Pack => self.at_the_server(step).await,
            Step::LateMessage => {
                let waiting = self.net.late.borrow().len();
                if waiting == 0 {
                    return "none waits".to_owned();
                }
                let message = self.net.late.borrow_mut().swap_remove(self.chance.below(waiting));
                let answer = self.net.deliver(&message).await;
                format!("answered {:?}", answer.map(|(status, _)| status))
            }
            Step::PlanServerDeath => {
                let calls = self.chance.between(0, 60) as i64;
                self.net.servers.plan_death(calls);
                format!("after {calls} calls")
            }
            Step::RestartServer => {
                self.net.servers.restart_one().await;
                String::new()
            }
            Step::BackUpServer => {
                let Some(store) = self.net.servers.backup() else { return "not of this store".to_owned() };
                let people = self.net.people.borrow().clone();
                self.backup = Some(ServerBackup { store, people, at: self.net.servers.clock.now() });
                String::new()
            }
            Step::SetServerBack if self.sets_back => self.set_server_back().await,
            Step::SetServerBack => "not in this run".to_owned(),
            // Who holds the last copy of what the server lost must not be lost before he could bring it.
            Step::WipePhone | Step::Revoke if self.is_recovering => "not now".to_owned(),
            _ => self.mishap(step).await,
        }
    }

    async fn work(&self, place: usize) -> String {
        if self.takes_pictures && self.chance.percent(45) {
            return self.handle_picture(place).await;
        }
        let client = &self.phones[place].client;
        let worker = Worker { client, chance: &self.chance, size: self.size };
        match worker.work().await {
            Ok(said) => said.unwrap_or_else(|| "nothing".to_owned()),
            Err(SyncError::Store(error)) => format!("not now: {error}"),
            Err(error) => panic!("{}: {error:?}", self.phones[place].name),
        }
    }

    async fn sync(&self, place: usize) -> String {
        let phone = &self.phones[place];
        let said = match phone.sync().await {
            Ok(SyncReport { stored, refused, rewritten, received, delivered, .. }) => {
                format!("{} {stored}/{refused}/{rewritten}/{received}/{delivered}", phone.name)
            }
            Err(error) => return format!("{} {}", phone.name, error.name()),
        };
        if self.takes_pictures { format!("{said} {}", self.upload(phone).await) } else { said }
    }

    /// One phone's unsent work becomes a file; another takes some file along.
    async fn carry(&mut self) -> String {
        let mut with_work = Vec::new();
        for (place, phone) in self.phones.iter().enumerate() {
            if !phone.is_gone && !phone.disk.pending().await.unwrap().is_empty() {
                with_work.push(place);
            }
        }
        let Some(from) = self.chance.pick_some(&with_work).copied() else {
            return "nothing waits".to_owned();
        };
        if let Ok(file) = self.phones[from].client.unsent_file().await
            && !file.is_empty()
        {
            self.files.push(file);
        }
        let to = self.any_phone();
        let Some(file) = self.chance.pick_some(&self.files) else { return "no file".to_owned() };
        let mut file = file.clone();
        if self.chance.percent(15) {
            file.truncate(self.chance.below(file.len()));
        }
        let carried = self.phones[to].client.carry_file(&file).await;
        let told = carried.map_err(|error| error.name());
        format!("{} takes {} bytes of {}: {told:?}", self.phones[to].name, file.len(), self.phones[from].name)
    }

    async fn at_the_server(&self, step: Step) -> String {
        if self.takes_pictures && self.chance.percent(50) {
            // The swept picture may be just on its way for another record.
            let (swept, synced) = futures::future::join(self.sweep(), self.sync(self.any_phone())).await;
            return format!("{swept}, meanwhile {synced}");
        }
        let Some(one) = self.net.servers.any() else { return "nobody is there".to_owned() };
        let app = one.app.clone();
        let said = match step {
            Step::Console => {
                let reviewer = self.net.people.borrow()[REVIEWER].clone();
                Servers::until_death(&one, console::review(app, &reviewer, &self.chance)).await
            }
            Step::Project => Servers::until_death(&one, console::project(app)).await,
            _ => {
                let days = self.chance.below(2) as u32;
                Servers::until_death(&one, console::compact(app, days)).await
            }
        };
        said.unwrap_or_else(|| "the server died".to_owned())
    }
}
