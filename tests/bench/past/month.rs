//! One month of one branch, about 200 changes for 30 members: three or four activities with their rolls, marks that
//! members make themselves, minutes, a resolution, follow-ups, and two claims a member, verified and approved.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;
use zhibu_domain::command::{AboutField, Ballot, Command, Scalar};
use zhibu_domain::event::{Claim, PointsVerb, Verb};
use zhibu_domain::ids::{EntryId, RecordId, natural, new_v7};
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{Envelope, SentChange};
use zhibu_server::App;

use super::pen::{Pen, deliver};
use super::people::{Person, branch, group, member};
use super::words::{minutes, note};

/// Members who mark themselves at the month's themed day; the secretary marks the others.
const OWN_MARKS: u32 = 10;
/// Claims of a member in a month.
const CLAIMS: u32 = 2;
/// Every so many months there is a lecture beside the three meetings.
const LECTURE_EVERY: i8 = 2;

/// A branch, its phones and the ledgers of the year at hand.
pub(crate) struct Branch {
    number: u32,
    pens: Vec<Pen>,
    officer: Arc<Pen>,
    points: BTreeMap<(u16, u32), Record>,
}

/// The kinds of a month's activities, the themed day first.
fn kinds(month: Date) -> &'static [&'static str] {
    const ALL: [&str; 4] = ["theme_day", "committee_meeting", "group_meeting", "party_lecture"];
    if month.month() % LECTURE_EVERY == 0 { &ALL } else { &ALL[..3] }
}

/// A fresh-looking id that follows from where it is used.
fn entry(parts: &[&[u8]]) -> EntryId {
    EntryId(natural(parts))
}

fn on(date: Date, hour: i64, minute: i64) -> Millis {
    Millis::start_of(date).plus((hour * 60 + minute) * 60_000)
}

fn text(field: AboutField, text: &str) -> (AboutField, Option<Scalar>) {
    (field, Some(text.into()))
}

fn number(field: AboutField, number: i64) -> (AboutField, Option<Scalar>) {
    (field, Some(Scalar::Int(number)))
}

impl Branch {
    /// The branch of this number with so many members.
    pub(crate) fn new(number: u32, members: u32, officer: Arc<Pen>) -> Self {
        let pens = (0..members).map(|one| Pen::of(Person::Member(number, one))).collect();
        Self { number, pens, officer, points: BTreeMap::new() }
    }

    /// Enters the roster.
    pub(crate) async fn enter_roster(&mut self, app: &Arc<App>, on_day: Date) -> u64 {
        let mut record = Record::new(RecordRef::roster(branch(self.number)));
        let people: Vec<_> = (0..self.pens.len() as u32).flat_map(|one| self.enter(one, on_day)).collect();
        let change = self.pens[0].write(&mut record, on(on_day, 9, 0), &people);
        self.hand_in(app, on(on_day, 9, 5), vec![change]).await
    }

    fn enter(&self, one: u32, on_day: Date) -> [Command; 2] {
        use zhibu_domain::command::MemberField as Field;
        let person = Person::Member(self.number, one);
        let joined = format!("{}-07-01", 1975 + one % 45);
        let fields = vec![
            (Field::Name, Some(Scalar::Text(person.name()))),
            (Field::Number, Some(Scalar::Int(i64::from(one) + 1))),
            (Field::Sex, Some(if one.is_multiple_of(3) { "f" } else { "m" }.into())),
            (Field::Membership, Some("full".into())),
            (Field::JoinedOn, Some(joined.as_str().into())),
            (Field::Group, Some(Scalar::Text(group(self.number).to_string()))),
        ];
        let member = member(self.number, one);
        let class = if one == 0 { "COMMITTEE" } else { "ORDINARY" };
        let assign = Command::AssignClass { member, class: class.to_owned(), from: on_day.to_string() };
        [Command::SetMember { member, fields }, assign]
    }

    /// Lives through a month, named by its first day; how many changes that made.
    pub(crate) async fn live_through(&mut self, app: &Arc<App>, month: Date) -> u64 {
        self.points.retain(|(year, _), _| *year == month.year() as u16);
        let mut activities = Vec::new();
        let mut plans = Vec::new();
        for (place, kind) in kinds(month).iter().enumerate() {
            let (record, change) =
                self.plan(kind, month.saturating_add((7 * place as i64 + 2).days()), month);
            activities.push(record);
            plans.push(change);
        }
        let mut stored = self.hand_in(app, on(month, 20, 0), plans).await;
        stored += self.members_write(app, month, &mut activities[0]).await;
        stored += self.desk_writes(app, month, &mut activities).await;
        stored + self.decisions(app, month, &mut activities).await
    }

    /// Plans an activity, as the secretary does some days before.
    pub(crate) fn plan(&self, kind: &str, held: Date, now: Date) -> (Record, SentChange) {
        let mut tail = [0; 10];
        let id = natural(&[
            b"storm-activity",
            branch(self.number).bytes(),
            held.to_string().as_bytes(),
            kind.as_bytes(),
        ]);
        tail.copy_from_slice(&id.as_bytes()[..10]);
        let id = RecordId(new_v7(on(now, 8, 0), tail));
        let mut record = Record::new(RecordRef::activity(branch(self.number), held.year() as u16, id));
        let title = format!("{}年{}月{}", held.year(), held.month(), title(kind));
        let commands = [
            Command::SetAbout(vec![
                text(AboutField::Title, &title),
                text(AboutField::Place, "村党群服务中心会议室"),
                number(AboutField::PlannedAt, on(held, 9, 0).0),
            ]),
            Command::SetKinds { add: vec![kind.to_owned()], remove: Vec::new() },
        ];
        let change = self.pens[0].write(&mut record, on(now, 8, 0), &commands);
        (record, change)
    }

    /// Delivers what the secretary wrote.
    pub(crate) async fn hand_in(&self, app: &Arc<App>, now: Millis, changes: Vec<SentChange>) -> u64 {
        deliver(app, Person::secretary(self.number), self.pens[0].close(now, changes)).await
    }

    /// Everybody claims, and some mark themselves, each without having seen the others' marks.
    async fn members_write(&mut self, app: &Arc<App>, month: Date, theme_day: &mut Record) -> u64 {
        let day = month.saturating_add(3.days());
        let planned = theme_day.clone();
        let mut envelopes = Vec::new();
        for one in 0..self.pens.len() as u32 {
            let mut changes = Vec::new();
            if (2..2 + OWN_MARKS).contains(&one) {
                let mark =
                    Command::RecordAttendance(vec![(member(self.number, one), Some("present".into()))]);
                let change = self.pens[one as usize].write(&mut planned.clone(), on(day, 9, 10), &[mark]);
                theme_day.apply(&change.change).unwrap();
                changes.push(change);
            }
            for claim in 0..CLAIMS {
                let command = self.claim(month, one, claim);
                let (pen, record) =
                    (&self.pens[one as usize], Self::ledger(&mut self.points, self.number, month, one));
                changes.push(pen.write(record, on(day, 19, i64::from(claim)), &[command]));
            }
            envelopes.extend(self.pens[one as usize].close(on(day, 20, 0), changes));
        }
        deliver(app, Person::secretary(self.number), envelopes).await
    }

    fn ledger(points: &mut BTreeMap<(u16, u32), Record>, number: u32, month: Date, one: u32) -> &mut Record {
        let year = month.year() as u16;
        let reference = RecordRef::points(branch(number), year, member(number, one));
        points.entry((year, one)).or_insert_with(|| Record::new(reference))
    }

    fn claim_id(&self, month: Date, one: u32, claim: u32) -> EntryId {
        let member = member(self.number, one);
        entry(&[b"storm-claim", member.bytes(), month.to_string().as_bytes(), &claim.to_be_bytes()])
    }

    fn claim(&self, month: Date, one: u32, claim: u32) -> Command {
        let months = month.year() as u64 * 12 + month.month() as u64;
        let seed = ((months * 4096 + u64::from(self.number)) * 1024 + u64::from(one)) * 8 + u64::from(claim);
        let claimed = Claim {
            rule: "C01".to_owned(),
            date: month.saturating_add(i64::from(claim + 1).days()),
            units: 2,
            matter: note(seed),
            points: None,
        };
        Command::ClaimPoints { entry: self.claim_id(month, one, claim), claim: claimed }
    }

    /// The leader verifies claim by claim; the secretary writes down what was held.
    async fn desk_writes(&mut self, app: &Arc<App>, month: Date, activities: &mut [Record]) -> u64 {
        let day = month.saturating_add(20.days());
        let mut verified = (Vec::new(), Vec::new());
        for one in 0..self.pens.len() as u32 {
            // Nobody verifies his own.
            let (pen, changes) = if one == 1 { (0, &mut verified.0) } else { (1, &mut verified.1) };
            for claim in 0..CLAIMS {
                let judge = self.judge(month, one, claim, PointsVerb::Verified);
                let record = Self::ledger(&mut self.points, self.number, month, one);
                changes.push(self.pens[pen].write(record, on(day, 20, 0), &[judge]));
            }
        }
        let mut written = verified.0;
        for (place, record) in activities.iter_mut().enumerate() {
            written.extend(self.write_down(month, place, record));
        }
        let mut envelopes: Vec<Envelope> = self.pens[1].close(on(day, 20, 10), verified.1);
        envelopes.extend(self.pens[0].close(on(day, 21, 0), written));
        deliver(app, Person::secretary(self.number), envelopes).await
    }

    fn judge(&self, month: Date, one: u32, claim: u32, verb: PointsVerb) -> Command {
        let about = self.claim_id(month, one, claim);
        let event = entry(&[b"storm-judgement", about.bytes(), verb.as_str().as_bytes()]);
        Command::JudgePoints { event, entry: about, verb, reason: None }
    }

    /// Roll, minutes in two sittings, a resolution, a follow-up, and the submission: six or seven changes.
    fn write_down(&self, month: Date, place: usize, record: &mut Record) -> Vec<SentChange> {
        let held = month.saturating_add((7 * place as i64 + 2).days());
        let id = record.reference().id();
        let seed = (u64::from(self.number) << 16) + month.month() as u64 * 8 + place as u64;
        let after = |record: &Record, sentence: &str| {
            let before = record.text("minutes");
            Command::EditMinutes { after: format!("{before}{sentence}"), before }
        };
        let about = Command::SetAbout(vec![
            number(AboutField::HeldFrom, on(held, 9, 0).0),
            number(AboutField::HeldTo, on(held, 11, 0).0),
            text(AboutField::Theme, &note(seed)[..48]),
        ]);
        let own_marks = if place == 0 { 2..2 + OWN_MARKS } else { 0..0 };
        let attending = if place == 1 { 3 } else { self.pens.len() as u32 };
        let mark = |one: u32| {
            let state = if one % 9 == 8 { "leave_work" } else { "present" };
            (member(self.number, one), Some(state.to_owned()))
        };
        let roll = (0..attending).filter(|one| !own_marks.contains(one)).map(mark).collect();
        let follow_up = Command::SetFollowUp {
            entry: entry(&[b"storm-follow-up", id.bytes()]),
            text: note(seed + 1),
            owner: Some(member(self.number, 1)),
            due: Some(held.saturating_add(20.days()).to_string()),
            done: false,
        };
        let submit = Command::Review {
            event: entry(&[b"storm-submitted", id.bytes()]),
            verb: Verb::Submitted,
            slot: None,
            comment: None,
            reason: None,
        };
        let secretary = &self.pens[0];
        let mut written = vec![
            secretary.write(record, on(held, 9, 5), &[about]),
            secretary.write(record, on(held, 9, 20), &[Command::RecordAttendance(roll)]),
        ];
        for (hour, sitting) in [(10, 2), (11, 5)] {
            let edit = after(record, &minutes(seed + sitting));
            written.push(secretary.write(record, on(held, hour, 30), &[edit]));
        }
        if place == 0 {
            let ballot = Some(Ballot { yes: attending, no: 0, abstain: 0 });
            let resolution = Command::SetResolution {
                entry: entry(&[b"storm-resolution", id.bytes()]),
                text: note(seed + 9),
                decision: Some("general_vote".to_owned()),
                ballot,
            };
            written.push(secretary.write(record, on(held, 11, 40), &[resolution]));
        }
        written.push(secretary.write(record, on(held, 15, 0), &[follow_up]));
        written.push(secretary.write(record, on(held, 17, 0), &[submit]));
        written
    }

    /// The committee approves the month's claims, member by member; the township's officer files the activities.
    async fn decisions(&mut self, app: &Arc<App>, month: Date, activities: &mut [Record]) -> u64 {
        let day = month.saturating_add(26.days());
        let mut approved = Vec::new();
        for one in 0..self.pens.len() as u32 {
            let judged: Vec<_> =
                (0..CLAIMS).map(|claim| self.judge(month, one, claim, PointsVerb::Approved)).collect();
            let record = Self::ledger(&mut self.points, self.number, month, one);
            approved.push(self.pens[0].write(record, on(day, 15, 0), &judged));
        }
        let mut filed = Vec::new();
        for record in activities {
            let file = Command::Review {
                event: entry(&[b"storm-filed", record.reference().id().bytes()]),
                verb: Verb::Filed,
                slot: None,
                comment: None,
                reason: None,
            };
            filed.push(self.officer.write(record, on(day, 16, 0), &[file]));
        }
        let mut envelopes = self.pens[0].close(on(day, 15, 30), approved);
        envelopes.extend(self.officer.close(on(day, 16, 5), filed));
        deliver(app, Person::secretary(self.number), envelopes).await
    }
}

fn title(kind: &str) -> &'static str {
    match kind {
        "theme_day" => "主题党日",
        "committee_meeting" => "支委会",
        "group_meeting" => "党小组会",
        _ => "党课",
    }
}
