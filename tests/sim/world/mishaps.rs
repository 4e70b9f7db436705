//! What goes wrong: disks, clocks, phones, offices and people of ill will.

use std::collections::BTreeSet;

use zhibu_domain::org::{Post, Role};
use zhibu_domain::record::ChangeHash;
use zhibu_domain::wire::{PROTOCOL, SyncRequest};
use zhibu_server::clock::Clock as _;
use zhibu_sync_client::store::LocalStore as _;

use super::super::hostile::forge;
use super::super::line::Message;
use super::super::people::{branch, district, group};
use super::{FIRST_MEMBER, HOUR_MS, Step, World};

impl World {
    /// The server's disk is lost, and an old backup is all that there is.
    pub(super) async fn set_server_back(&mut self) -> String {
        if self.is_recovering {
            return "not twice".to_owned();
        }
        let Some(backup) = self.backup.take() else { return "no backup".to_owned() };
        self.net.servers.set_back(&backup.store, !self.sets_back_unsaid).await;
        self.net.late.borrow_mut().clear();
        *self.net.people.borrow_mut() = backup.people;
        self.is_recovering = true;
        let store = self.net.servers.store();
        let mut strangers = Vec::new();
        for (place, phone) in self.phones.iter().enumerate().filter(|(_, phone)| !phone.is_gone) {
            let state = phone.disk.state().await.unwrap();
            let known = match &state {
                Some(state) => store.find_device(district(), state.device).await.unwrap(),
                None => None,
            };
            // The server does not know it, or its invite, any more: its owner gets another.
            if !known.is_some_and(|owner| owner.is_active()) {
                strangers.push(place);
            }
        }
        for place in &strangers {
            self.phones[*place].is_gone = true;
            self.give_phone(self.phones[*place].person).await;
        }
        let held = self.held_by_anybody().await;
        self.net.oracle.set_back(&held);
        let hours = (self.net.servers.clock.now().0 - backup.at.0) as f64 / HOUR_MS as f64;
        format!("by {hours:.1} h, {} phones are not known any more", strangers.len())
    }

    /// What the server or somebody who can speak to it holds.
    async fn held_by_anybody(&self) -> BTreeSet<ChangeHash> {
        let store = self.net.servers.store();
        let mut held = BTreeSet::new();
        for summary in store.list_records(district(), None, u32::MAX >> 1).await.unwrap() {
            let record = store.load_record(district(), summary.reference.id()).await.unwrap().unwrap();
            held.extend(record.changes.iter().map(|change| change.hash));
        }
        for phone in self.phones.iter().filter(|phone| !phone.is_gone) {
            held.extend(phone.holds().await);
        }
        held
    }

    pub(super) async fn mishap(&mut self, step: Step) -> String {
        let place = self.any_phone();
        let name = self.phones[place].name.clone();
        match step {
            Step::PlanPhoneDeath => {
                let acts = self.chance.between(0, 8) as i64;
                self.phones[place].disk.die_after(acts);
                format!("{name} after {acts} acts, {}", self.sync(place).await)
            }
            Step::FullDisk => {
                self.phones[place].disk.be_full(true);
                format!("{} {}", self.sync(place).await, self.work(place).await)
            }
            Step::Backup => {
                let copy = self.phones[place].disk.copied();
                self.phones[place].backup = Some(copy);
                name
            }
            Step::RestorePhone => {
                let with_one: Vec<usize> = (0..self.phones.len())
                    .filter(|place| !self.phones[*place].is_gone && self.phones[*place].backup.is_some())
                    .collect();
                let Some(place) = self.chance.pick_some(&with_one).copied() else {
                    return "no backup".to_owned();
                };
                let forgotten = self.only_copies(&self.phones[place]).await;
                self.forgotten_pictures.extend(forgotten);
                self.phones[place].restore();
                if self.is_recovering {
                    // What nobody else held of what the server lost is lost.
                    self.net.oracle.lose_all_but(&self.held_by_anybody().await);
                }
                self.phones[place].name.clone()
            }
            Step::WipePhone => {
                self.phones[place].is_gone = true;
                self.give_phone(self.phones[place].person).await;
                name
            }
            Step::Move => self.change_posts().await,
            Step::Revoke => {
                let Ok(Some(state)) = self.phones[place].disk.state().await else { return String::new() };
                let (store, now) = (self.net.servers.store(), self.net.servers.clock.now());
                store.revoke_device(district(), state.device, now).await.unwrap();
                // It lives on for a while without knowing, and its owner gets another.
                self.give_phone(self.phones[place].person).await;
                name
            }
            Step::WrongClock => {
                let hours = self.chance.between(0, 12) as i64 - 6;
                self.phones[place].set_clock_off(hours * HOUR_MS);
                format!("{name} by {hours} h")
            }
            Step::Forge => self.forge(place).await,
            Step::Garbage => {
                let mut body = vec![0; self.chance.between(0, 400)];
                self.chance.fill(&mut body);
                let token = self.phones[place].disk.state().await.unwrap().and_then(|state| state.token);
                let credential = token.map(|held| format!("Bearer {}", held.token));
                let message = Message::new("/v1/sync", credential, body, self.phones[place].person);
                let status = self.net.deliver(&message).await.map(|(status, _)| status);
                assert_ne!(status, Some(200), "garbage was answered");
                format!("{status:?}")
            }
            Step::LetGo => {
                let phone = &self.phones[place];
                let refused = phone.client.refused().await.unwrap();
                let Some(one) = self.chance.pick_some(&refused) else { return "nothing refused".to_owned() };
                phone.disk.let_go(true);
                let said = match self.chance.below(3) {
                    0 => phone.client.dismiss_refused(one.number).await.map(|_| "dismissed"),
                    1 => phone.client.resend_refused(one.number).await.map(|_| "again"),
                    _ => phone.client.mark_refused_seen(&[one.number]).await.map(|()| "seen"),
                };
                phone.disk.let_go(false);
                format!("{name} {} {:?}", one.number, said.map_err(|error| error.to_string()))
            }
            other => unreachable!("{other:?} is no mishap"),
        }
    }

    /// Somebody moves to another branch, or gets or loses an office.
    async fn change_posts(&self) -> String {
        let person = self.chance.between(FIRST_MEMBER, self.net.people.borrow().len() - 1);
        let to = self.chance.below(self.size.branches);
        let posts = match self.chance.below(5) {
            0 => vec![Post { role: Role::BranchSecretary, org: branch(to) }],
            1 => vec![Post { role: Role::BranchRecorder, org: branch(to) }],
            2 => vec![Post { role: Role::GroupLeader, org: group(to) }],
            _ => vec![Post { role: Role::Member, org: branch(to) }],
        };
        let whose = self.net.people.borrow()[person].clone();
        let store = self.net.servers.store();
        store.set_posts(district(), whose.account(), &posts).await.unwrap();
        let told = format!("{} is {} in {to}", whose.name, posts[0].role);
        self.net.people.borrow_mut()[person].posts = posts;
        told
    }

    /// A forged envelope goes straight to a server, or with somebody who does not know what he carries.
    async fn forge(&self, villain: usize) -> String {
        let victim = self.any_phone();
        let Some(forgery) = forge(&self.phones[villain], &self.phones[victim], &self.chance).await else {
            return "nothing".to_owned();
        };
        let phone = &self.phones[villain];
        let state = phone.disk.state().await.unwrap().unwrap();
        let known = self.net.servers.store().find_device(district(), state.device).await.unwrap();
        let is_known = known.is_some_and(|known| known.device.last_counter >= state.last_counter);
        forgery.evil.iter().for_each(|hash| match forgery.what {
            "a used number" if is_known => self.net.oracle.note_late(*hash),
            // Of a server that was set back, nobody else knows any more that it was used.
            "a used number" => {}
            _ => self.net.oracle.note_evil(*hash),
        });
        if self.chance.percent(40) {
            let carrier = &self.phones[self.any_phone()];
            let carried = carrier.client.carry(&forgery.envelope).await.map_err(|error| error.name());
            return format!("{} by {} with {}: {carried:?}", forgery.what, phone.name, carrier.name);
        }
        let Some(token) = phone.disk.state().await.unwrap().and_then(|state| state.token) else {
            return "no token".to_owned();
        };
        let request = SyncRequest {
            protocol: PROTOCOL,
            profile_version: 0,
            marks: Vec::new(),
            envelopes: vec![minicbor::decode(&forgery.envelope).unwrap()],
            page_bytes: 1 << 16,
            recovery: None,
        };
        let credential = Some(format!("Bearer {}", token.token));
        let message = Message::new("/v1/sync", credential, minicbor::to_vec(&request).unwrap(), phone.person);
        let status = self.net.deliver(&message).await.map(|(status, _)| status);
        format!("{} by {}: {status:?}", forgery.what, phone.name)
    }
}
