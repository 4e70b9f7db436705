//! Any interleaving of edits, deliveries, repeats and restarts comes to the same bytes on every device, and the gate
//! refuses nothing that its author had the right to write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, reason = "each test binary plays only a part of the cast")]
mod support;

use proptest::prelude::*;
use support::{Cast, MEMBERS, Phone, Receipt, Server, attach, entry, member, minutes, place, review, title};
use zhibu_domain::attachment::MAX_PHOTOS;
use zhibu_domain::command::{AboutField, Ballot, Command, Scalar};
use zhibu_domain::event::{ReviewEvent, Status, Verb, fold};
use zhibu_domain::gate::{Index, replay};
use zhibu_domain::record::{CommandFault, Record, Stamp, WrittenChange, merge_cards};
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::time::Millis;
use zhibu_domain::view::ActivityView;

/// What one of the three devices does next.
#[derive(Debug, Clone)]
enum Step {
    /// Something is written offline.
    Edit(usize, Edit),
    /// The first so many pending changes reach the server; the answer may be lost, so they are sent again later.
    Push { device: usize, most: usize, answer_lost: bool },
    /// The device hears what is new, up to so many changes.
    Pull { device: usize, most: usize },
    /// Something long stored is delivered again by a carrier.
    Repeat(usize),
    /// The app is killed and comes back from its store.
    RestartDevice(usize),
    /// The server is killed and comes back from its log.
    RestartServer,
}

#[derive(Debug, Clone)]
enum Edit {
    Title(u8),
    Place(u8),
    Clear(AboutField),
    Host(u8),
    Kind(bool, u8),
    Roll(Vec<(u8, u8)>),
    Minutes { at: u8, delete: u8, insert: u8 },
    Resolution(u64, u8, Option<u8>),
    FollowUp(u64, u8, bool),
    Agenda(u64, Option<u8>),
    Observer(u64, Option<u8>),
    Resolve(bool),
    Review(usize),
    Amend(u64),
    Attach,
    Remove(u8),
}

const WORDS: [&str; 8] =
    ["村委会", "文化广场", "👨‍👩‍👧", "ᠮᠣᠩᠭᠣᠯ", "a\u{301}", "学习\n讨论", "𠮷野", "修路、修桥。"];
const STATES: [Option<&str>; 4] = [Some("present"), Some("leave_work"), Some("visited"), None];

fn word(number: u8) -> &'static str {
    WORDS[usize::from(number) % WORDS.len()]
}

fn edit() -> impl Strategy<Value = Edit> {
    let n = any::<u8>;
    prop_oneof![
        1 => n().prop_map(Edit::Title),
        1 => n().prop_map(Edit::Place),
        1 => prop::sample::select(AboutField::ALL).prop_map(Edit::Clear),
        1 => n().prop_map(Edit::Host),
        1 => (any::<bool>(), n()).prop_map(|(add, code)| Edit::Kind(add, code)),
        3 => prop::collection::vec((n(), n()), 1..4).prop_map(Edit::Roll),
        5 => (n(), 0..4u8, n()).prop_map(|(at, delete, insert)| Edit::Minutes { at, delete, insert }),
        1 => (0..2u64, n(), prop::option::of(n())).prop_map(|(id, text, yes)| Edit::Resolution(id, text, yes)),
        1 => (2..4u64, n(), any::<bool>()).prop_map(|(id, text, done)| Edit::FollowUp(id, text, done)),
        1 => (4..6u64, prop::option::of(n())).prop_map(|(id, text)| Edit::Agenda(id, text)),
        1 => (6..8u64, prop::option::of(n())).prop_map(|(id, post)| Edit::Observer(id, post)),
        2 => any::<bool>().prop_map(Edit::Resolve),
        1 => (0..Verb::ALL.len()).prop_map(Edit::Review),
        1 => (0..1_000u64).prop_map(Edit::Amend),
        3 => Just(Edit::Attach),
        1 => n().prop_map(Edit::Remove),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let device = || 0..3usize;
    prop_oneof![
        8 => (device(), edit()).prop_map(|(device, edit)| Step::Edit(device, edit)),
        3 => (device(), 1..5usize, any::<bool>())
            .prop_map(|(device, most, answer_lost)| Step::Push { device, most, answer_lost }),
        3 => (device(), 1..9usize).prop_map(|(device, most)| Step::Pull { device, most }),
        1 => any::<usize>().prop_map(Step::Repeat),
        1 => device().prop_map(Step::RestartDevice),
        1 => Just(Step::RestartServer),
    ]
}

/// A phone, what it still has to deliver, and how far it has read.
struct Device {
    phone: Phone,
    pending: Vec<(Command, WrittenChange)>,
    position: usize,
    written: u64,
}

impl Device {
    fn command(&self, edit: &Edit) -> Command {
        let record = &self.phone.record;
        match edit {
            Edit::Title(n) => title(word(*n)),
            Edit::Place(n) => place(word(*n)),
            Edit::Clear(field) => Command::SetAbout(vec![(*field, None)]),
            Edit::Host(n) => {
                let host = member(1 + n % MEMBERS).to_string();
                Command::SetAbout(vec![(AboutField::Host, Some(Scalar::Text(host)))])
            }
            Edit::Kind(add, n) => {
                let codes = vec![format!("kind_{}", n % 3)];
                if *add {
                    Command::SetKinds { add: codes, remove: vec![] }
                } else {
                    Command::SetKinds { add: vec![], remove: codes }
                }
            }
            Edit::Roll(marks) => {
                let state = |n: &u8| STATES[usize::from(*n) % STATES.len()].map(str::to_owned);
                Command::RecordAttendance(
                    marks.iter().map(|(who, n)| (member(1 + who % 5), state(n))).collect(),
                )
            }
            Edit::Minutes { at, delete, insert } => {
                let before = record.text("minutes");
                let mut after: Vec<char> = before.chars().collect();
                let start = usize::from(*at).min(after.len());
                let end = (start + usize::from(*delete)).min(after.len());
                after.splice(start..end, word(*insert).chars());
                minutes(&before, &after.into_iter().collect::<String>())
            }
            Edit::Resolution(id, n, yes) => Command::SetResolution {
                entry: entry(*id),
                text: word(*n).into(),
                decision: yes.map(|_| "general_vote".into()),
                ballot: yes.map(|yes| Ballot { yes: u32::from(yes), no: 0, abstain: 1 }),
            },
            Edit::FollowUp(id, n, done) => Command::SetFollowUp {
                entry: entry(*id),
                text: word(*n).into(),
                owner: done.then(|| member(3)),
                due: (!done).then(|| "2026-12-01".into()),
                done: *done,
            },
            Edit::Agenda(id, text) => {
                Command::SetAgendaItem { entry: entry(*id), text: text.map(|n| word(n).into()) }
            }
            Edit::Observer(id, post) => {
                Command::SetObserver { entry: entry(*id), post: post.map(|n| word(n).into()) }
            }
            Edit::Resolve(first) => match merge_cards(record).first() {
                Some(card) => {
                    let at = if *first { 0 } else { card.values.len() - 1 };
                    Command::Resolve { slot: card.slot.clone(), keep: card.values[at].value.clone().unwrap() }
                }
                None => title("无分歧"),
            },
            Edit::Review(verb) => review(self.fresh(), Verb::ALL[*verb]),
            Edit::Amend(n) => Command::Amend {
                entry: entry(self.fresh()),
                slot: "about.place".into(),
                text: word((*n % 200) as u8).into(),
            },
            Edit::Attach => attach(self.fresh()),
            Edit::Remove(n) => {
                let photos: Vec<_> = ActivityView::of(record).attachments.into_keys().collect();
                let photo = photos.get(usize::from(*n) % photos.len().max(1)).copied();
                Command::RemovePhoto { entry: photo.unwrap_or_else(|| entry(0)) }
            }
        }
    }

    /// A number that no device used for an entry.
    fn fresh(&self) -> u64 {
        let device = self.phone.author.device.bytes();
        u64::from(device[0]) << 40 | u64::from(device[1]) << 32 | (1_000 + self.written)
    }

    fn write(&mut self, command: Command) {
        let stamp = Stamp { actor: self.phone.actor(), now: Millis(1_795_000_000_000) };
        self.written += 1;
        match self.phone.record.execute(&command, stamp) {
            Ok(Some(change)) => self.pending.push((command, change)),
            // Nothing changes, or what was to be settled is settled.
            Ok(None)
            | Err(CommandFault::NothingToResolve { .. } | CommandFault::AlreadyWritten { .. })
            | Err(CommandFault::TooMany { .. }) => {}
            Err(fault) => panic!("{command:?}: {fault}"),
        }
    }

    /// What a refusal does on an honest device: back to what is stored, a new epoch, the other commands again.
    fn rewrite_without_first(&mut self, server: &Server<'_>) {
        let behind: Vec<_> = self.pending.drain(..).skip(1).map(|(command, _)| command).collect();
        self.phone.epoch += 1;
        self.phone.record = Record::from_changes(*self.phone.record.reference(), &server.log).unwrap();
        self.position = server.log.len();
        behind.into_iter().for_each(|command| self.write(command));
    }
}

/// What it takes to write this, said independently of the gate: the server's status decides.
fn had_the_right(author: usize, command: &Command, status: Status, photos: usize) -> bool {
    let (secretary, officer) = (author == 0, author == 2);
    match command {
        Command::Review { verb: Verb::Submitted, .. } => secretary && status.is_open(),
        Command::Review { verb: Verb::Voided, .. } => (secretary || officer) && status.is_open(),
        Command::Review { verb: Verb::Filed, .. } => officer && status == Status::Submitted,
        Command::Review { verb: Verb::Returned | Verb::RedoRequired, .. } => {
            let reviewed =
                [Status::Submitted, Status::Filed, Status::Returned, Status::RedoRequired].contains(&status);
            officer && reviewed
        }
        Command::Review { verb: Verb::Reopened, .. } => {
            officer && matches!(status, Status::Filed | Status::Voided)
        }
        Command::Amend { .. } => !officer && status == Status::Filed,
        Command::AttachPhoto { .. } => !officer && status.is_open() && photos < MAX_PHOTOS,
        _ => !officer && status.is_open(),
    }
}

fn push(server: &mut Server<'_>, devices: &mut [Device], at: usize, most: usize, answer_lost: bool) {
    for nth in 0..most {
        let Some((command, change)) = devices[at].pending.get(if answer_lost { nth } else { 0 }).cloned()
        else {
            return;
        };
        let entitled =
            had_the_right(at, &command, server.index.status(), server.record.values("attachments").len());
        let author = devices[at].phone.author.clone();
        match server.receive(&author, &change.bytes) {
            Ok(Receipt::Stored) => assert!(entitled, "{command:?} passed"),
            Ok(Receipt::Duplicate) => {}
            Err(refusal) => {
                let late = [
                    RefusalCode::NoRight,
                    RefusalCode::RecordFiled,
                    RefusalCode::RecordVoid,
                    RefusalCode::WrongStep,
                    RefusalCode::TooManyPhotos,
                ];
                assert!(!entitled && late.contains(&refusal.code), "{command:?}: {refusal:?}");
                if !answer_lost {
                    devices[at].rewrite_without_first(server);
                }
                return;
            }
        }
        if !answer_lost {
            devices[at].pending.remove(0);
        }
    }
}

fn pull(server: &Server<'_>, device: &mut Device, most: usize) {
    let end = (device.position + most).min(server.log.len());
    for change in &server.log[device.position..end] {
        device.phone.hear(change);
    }
    device.position = end;
}

fn take(step: &Step, server: &mut Server<'_>, devices: &mut [Device]) {
    match step {
        Step::Edit(at, edit) => {
            let command = devices[*at].command(edit);
            devices[*at].write(command);
        }
        Step::Push { device, most, answer_lost } => push(server, devices, *device, *most, *answer_lost),
        Step::Pull { device, most } => pull(server, &mut devices[*device], *most),
        Step::Repeat(nth) if !server.log.is_empty() => {
            let change = server.log[nth % server.log.len()].clone();
            let anybody = devices[0].phone.author.clone();
            assert_eq!(server.receive(&anybody, &change), Ok(Receipt::Duplicate));
            let device = &mut devices[nth % 3];
            if let Some(known) = server.log[..device.position].get(nth % server.log.len()) {
                device.phone.hear(known);
            }
        }
        Step::Repeat(_) => {}
        Step::RestartDevice(at) => {
            let device = &mut devices[*at];
            let reference = *device.phone.record.reference();
            let kept: Vec<_> = device.phone.record.changes().map(|c| c.raw_bytes().to_vec()).collect();
            device.phone.record = Record::from_changes(reference, kept).unwrap();
        }
        Step::RestartServer => server.restart(),
    }
}

proptest! {
    #[test]
    fn all_devices_come_to_the_same_bytes(steps in prop::collection::vec(step(), 1..90)) {
        let cast = Cast::new();
        let mut server = Server::new(&cast, cast.activity());
        let device = |author| Device {
            phone: Phone::new(author, cast.activity()),
            pending: Vec::new(),
            position: 0,
            written: 0,
        };
        let mut devices = [cast.secretary(), cast.recorder(), cast.officer()].map(device);
        for step in &steps {
            take(step, &mut server, &mut devices);
        }
        for at in 0..3 {
            while !devices[at].pending.is_empty() {
                push(&mut server, &mut devices, at, 1, false);
            }
        }
        let stored = server.record.save().unwrap();
        for device in &mut devices {
            pull(&server, device, usize::MAX >> 1);
            prop_assert_eq!(device.phone.record.heads(), server.record.heads());
            prop_assert_eq!(&device.phone.record.save().unwrap(), &stored);
        }
        server.restart();
        prop_assert_eq!(&server.record.save().unwrap(), &stored);
        let view = ActivityView::of(&server.record);
        prop_assert_eq!(server.index.status(), fold(&view.events).unwrap_or(Status::Draft));
        prop_assert!(view.attachments.len() <= MAX_PHOTOS);
        automerge::Automerge::load(&stored).unwrap();
    }

    /// Words of reviewers who did not hear of each other: whatever order they come in, the status is the same.
    #[test]
    fn events_fold_alike_in_every_order(
        said in prop::collection::vec((0..Verb::ALL.len(), 0..3usize), 1..7),
        orders in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let cast = Cast::new();
        let mut phones: Vec<_> =
            [cast.secretary(), cast.officer(), cast.reviewer()].map(|author| Phone::new(author, cast.activity())).into();
        let changes: Vec<_> = said
            .iter()
            .enumerate()
            .map(|(nth, (verb, who))| (*who, phones[*who].write(&review(nth as u64, Verb::ALL[*verb]))))
            .collect();
        let in_order = |order: &[usize]| {
            let mut record = Record::new(cast.activity());
            let mut index = Index::new(&cast.activity());
            for nth in order {
                record.apply(&changes[*nth].1).unwrap();
                replay(&mut index, &changes[*nth].1).unwrap();
            }
            let view = ActivityView::of(&record);
            let events: Vec<(_, ReviewEvent)> = view.events.clone().into_iter().collect();
            assert_eq!(Some(index.status()), fold(&view.events));
            assert_eq!(fold(&events.into_iter().rev().collect()), fold(&view.events));
            (index.status(), record.save().unwrap())
        };
        let first: Vec<_> = (0..changes.len()).collect();
        let expected = in_order(&first);
        // Swapping neighbours of different authors keeps each author's own order.
        let mut order = first;
        for swap in orders {
            if order.len() > 1 {
                let at = swap.index(order.len() - 1);
                if changes[order[at]].0 != changes[order[at + 1]].0 {
                    order.swap(at, at + 1);
                }
            }
            prop_assert_eq!(&in_order(&order), &expected);
        }
    }
}
