//! What people do at their phones: a command that fits who they are, or now and then one that does not.

use jiff::civil::Date;
use zhibu_domain::command::{AboutField, Ballot, Command, MemberField, Scalar};
use zhibu_domain::event::{Claim, PointsReason, PointsVerb, RedoReason, Status, Verb};
use zhibu_domain::ids::{EntryId, OrgId, RecordId};
use zhibu_domain::org::Role;
use zhibu_domain::record::{RecordKind, RecordRef, merge_cards};
use zhibu_domain::time::Millis;
use zhibu_domain::view::{ActivityView, PointsView};
use zhibu_sync_client::error::SyncError;
use zhibu_sync_client::store::StoreError;

use super::chance::Chance;
use super::people::{Size, branch, member};
use super::phone::SimClient;

const HOUR_MS: i64 = 3_600_000;
/// A branch plans no more than so many activities.
const MOST_ACTIVITIES: usize = 7;
const KINDS: [&str; 5] =
    ["theme_day", "general_meeting", "committee_meeting", "party_lecture", "group_meeting"];
const RULES: [&str; 4] = ["C01", "C02", "B01", "X99"];
const MARKS: [&str; 4] = ["present", "leave_work", "absent_unexcused", "not_required"];
const WORDS: [&str; 6] = ["学习讨论", "义务清雪", "村委会", "会议室。", "改", "发言：同意"];

/// What a person may set out to do.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Plan,
    About,
    Kinds,
    Roll,
    OwnMark,
    Minutes,
    Resolution,
    FollowUp,
    Observer,
    Agenda,
    Submit,
    Void,
    Review,
    Amend,
    Settle,
    Claim,
    Judge,
    Roster,
}

const DESK: [(usize, Deed); 14] = [
    (6, Deed::Plan),
    (9, Deed::About),
    (3, Deed::Kinds),
    (14, Deed::Roll),
    (14, Deed::Minutes),
    (6, Deed::Resolution),
    (4, Deed::FollowUp),
    (3, Deed::Observer),
    (3, Deed::Agenda),
    (8, Deed::Submit),
    (3, Deed::Amend),
    (6, Deed::Settle),
    (6, Deed::Judge),
    (4, Deed::Roster),
];
const MEMBER: [(usize, Deed); 3] = [(50, Deed::OwnMark), (40, Deed::Claim), (10, Deed::Judge)];
const OFFICER: [(usize, Deed); 3] = [(60, Deed::Review), (20, Deed::Judge), (20, Deed::Roster)];
const ANY: [(usize, Deed); 18] = [
    (2, Deed::Plan),
    (3, Deed::About),
    (1, Deed::Kinds),
    (3, Deed::Roll),
    (1, Deed::OwnMark),
    (3, Deed::Minutes),
    (1, Deed::Resolution),
    (1, Deed::FollowUp),
    (1, Deed::Observer),
    (1, Deed::Agenda),
    (2, Deed::Submit),
    (2, Deed::Void),
    (3, Deed::Review),
    (2, Deed::Amend),
    (1, Deed::Settle),
    (1, Deed::Claim),
    (3, Deed::Judge),
    (3, Deed::Roster),
];

/// Somebody at his phone.
pub(crate) struct Worker<'a> {
    pub(crate) client: &'a SimClient,
    pub(crate) chance: &'a Chance,
    pub(crate) size: Size,
}

impl Worker<'_> {
    /// Does one thing; what it was, if something came of it.
    pub(crate) async fn work(&self) -> Result<Option<String>, SyncError> {
        let profile = match self.client.profile().await {
            Err(SyncError::NotEnrolled) => return Ok(None),
            profile => profile?,
        };
        let post = self.chance.pick_some(&profile.posts);
        let deed = match post.map(|post| post.role) {
            _ if self.chance.percent(4) => self.chance.weighted(&ANY),
            Some(Role::BranchSecretary | Role::BranchRecorder) => self.chance.weighted(&DESK),
            Some(Role::TownshipOfficer) => self.chance.weighted(&OFFICER),
            _ => self.chance.weighted(&MEMBER),
        };
        let branches: Vec<usize> = (0..self.size.branches)
            .filter(|at| profile.collections.iter().any(|c| c.org == branch(*at)))
            .collect();
        let Some(at) = self.chance.pick_some(&branches) else { return Ok(None) };
        let own = profile.member;
        let Some((record, command)) = self.choose(deed, *at, own).await? else { return Ok(None) };
        let said = match self.client.execute(&record, command.clone()).await {
            Ok(Some(saved)) => format!("{deed:?} as {} of {}", saved.number, record.id()),
            Ok(None) => format!("{deed:?} changed nothing"),
            Err(SyncError::Command(fault)) => format!("{deed:?} is no command: {fault}"),
            Err(SyncError::Store(StoreError::Failed(_) | StoreError::Full)) => {
                format!("{deed:?} was not saved")
            }
            Err(error) => return Err(error),
        };
        Ok(Some(said))
    }

    async fn choose(
        &self,
        deed: Deed,
        at: usize,
        own: Option<zhibu_domain::ids::MemberId>,
    ) -> Result<Option<(RecordRef, Command)>, SyncError> {
        let today = self.client.now().date();
        let records = self.client.records().await?;
        let held =
            |kind| records.iter().filter(move |one| one.kind == kind && one.org == branch(at)).copied();
        let activities: Vec<RecordRef> = held(RecordKind::Activity).collect();
        match deed {
            Deed::Plan if activities.len() < MOST_ACTIVITIES => return Ok(Some(self.plan(branch(at))?)),
            Deed::Claim | Deed::Judge => return self.about_points(deed, at, own, today).await,
            Deed::Roster => return Ok(Some((RecordRef::roster(branch(at)), self.roster(at, today)?))),
            _ => {}
        }
        let Some(record) = self.chance.pick_some(&activities) else {
            let plans = !matches!(deed, Deed::OwnMark | Deed::Review);
            return if plans { self.plan(branch(at)).map(Some) } else { Ok(None) };
        };
        let command = self.about_activity(deed, record, at, own).await?;
        Ok(command.map(|command| (*record, command)))
    }

    fn entry(&self) -> Result<EntryId, SyncError> {
        self.client.new_id()
    }

    fn text(&self) -> String {
        let words = self.chance.between(1, 4);
        (0..words).map(|_| *self.chance.pick(&WORDS)).collect()
    }

    fn moment(&self) -> Millis {
        self.client.now().plus(self.chance.between(0, 48) as i64 * HOUR_MS - 24 * HOUR_MS)
    }

    fn plan(&self, org: OrgId) -> Result<(RecordRef, Command), SyncError> {
        let planned = self.moment();
        let year = u16::try_from(planned.date().year()).unwrap();
        let record = RecordRef::activity(org, year, RecordId(self.entry()?.0));
        let fields = vec![
            (AboutField::Title, Some(Scalar::Text(self.text()))),
            (AboutField::PlannedAt, Some(Scalar::Int(planned.0))),
        ];
        Ok((record, Command::SetAbout(fields)))
    }

    fn about(&self, at: usize) -> Command {
        let anybody = member(at, self.chance.below(self.size.members));
        let field = match self.chance.below(7) {
            0 => (AboutField::Title, Some(Scalar::Text(self.text()))),
            1 => (AboutField::Place, Some(Scalar::Text(self.text()))),
            2 => (AboutField::HeldFrom, Some(Scalar::Int(self.moment().0))),
            3 => (AboutField::Host, Some(Scalar::Text(anybody.to_string()))),
            4 => (AboutField::Lecturer, Some(Scalar::Text(anybody.to_string()))),
            5 => (AboutField::Hours, Some(Scalar::Int(self.chance.between(1, 4) as i64))),
            _ => (AboutField::Place, None),
        };
        Command::SetAbout(vec![field])
    }

    fn edited(&self, before: &str) -> String {
        let mut characters: Vec<char> = before.chars().collect();
        let from = self.chance.between(0, characters.len());
        if self.chance.percent(30) {
            let to = self.chance.between(from, characters.len());
            characters.drain(from..to);
        }
        characters.splice(from..from, self.text().chars());
        characters.truncate(300);
        characters.into_iter().collect()
    }

    async fn about_activity(
        &self,
        deed: Deed,
        record: &RecordRef,
        at: usize,
        own: Option<zhibu_domain::ids::MemberId>,
    ) -> Result<Option<Command>, SyncError> {
        let opened = self.client.open(record).await?;
        let view = ActivityView::of(&opened);
        let anybody = || member(at, self.chance.below(self.size.members));
        let mark = |of| (of, Some((*self.chance.pick(&MARKS)).to_owned()));
        let review = |verb, slot: Option<&str>, comment: Option<String>, reason| {
            let slot = slot.map(str::to_owned);
            Ok(Some(Command::Review { event: self.entry()?, verb, slot, comment, reason }))
        };
        Ok(Some(match deed {
            Deed::About | Deed::Plan | Deed::Claim | Deed::Judge | Deed::Roster => self.about(at),
            Deed::Kinds => Command::SetKinds {
                add: vec![(*self.chance.pick(&KINDS)).to_owned()],
                remove: if self.chance.percent(20) {
                    view.kinds.iter().take(1).cloned().collect()
                } else {
                    Vec::new()
                },
            },
            Deed::Roll => {
                Command::RecordAttendance((0..self.chance.between(1, 3)).map(|_| mark(anybody())).collect())
            }
            Deed::OwnMark => Command::RecordAttendance(vec![mark(own.unwrap_or_else(anybody))]),
            Deed::Minutes => {
                let before = view.minutes.clone();
                Command::EditMinutes { after: self.edited(&before), before }
            }
            Deed::Resolution => {
                let known: Vec<_> = view.resolutions.keys().copied().collect();
                let entry = match self.chance.pick_some(&known) {
                    Some(entry) if self.chance.percent(60) => *entry,
                    _ => self.entry()?,
                };
                let votes = || self.chance.between(0, 4) as u32;
                let ballot = Ballot { yes: votes(), no: votes(), abstain: votes() };
                let voted = self.chance.percent(60);
                Command::SetResolution {
                    entry,
                    text: self.text(),
                    decision: voted.then(|| "general_vote".to_owned()),
                    ballot: voted.then_some(ballot),
                }
            }
            Deed::FollowUp => Command::SetFollowUp {
                entry: self.entry()?,
                text: self.text(),
                owner: Some(anybody()),
                due: None,
                done: self.chance.percent(30),
            },
            Deed::Observer => Command::SetObserver { entry: self.entry()?, post: Some(self.text()) },
            Deed::Agenda => Command::SetAgendaItem { entry: self.entry()?, text: Some(self.text()) },
            Deed::Submit if view.status() == Status::Submitted && self.chance.percent(80) => return Ok(None),
            Deed::Submit => return review(Verb::Submitted, None, None, None),
            Deed::Void => return review(Verb::Voided, None, None, None),
            Deed::Review => {
                return match (view.status(), self.chance.below(4)) {
                    (Status::Filed, 0) => review(Verb::Reopened, None, None, None),
                    (Status::Filed, _) => Ok(None),
                    (_, 0) => review(Verb::Returned, Some("about.place"), Some(self.text()), None),
                    (_, 1) => review(Verb::RedoRequired, None, None, Some(RedoReason::NoQuorum)),
                    _ => review(Verb::Filed, None, None, None),
                };
            }
            Deed::Amend => {
                Command::Amend { entry: self.entry()?, slot: "about.place".to_owned(), text: self.text() }
            }
            Deed::Settle => {
                let cards = merge_cards(&opened);
                let Some(card) = self.chance.pick_some(&cards) else { return Ok(None) };
                let values: Vec<Scalar> =
                    card.values.iter().filter_map(|touch| touch.value.clone()).collect();
                let Some(keep) = self.chance.pick_some(&values) else { return Ok(None) };
                Command::Resolve { slot: card.slot.clone(), keep: keep.clone() }
            }
        }))
    }

    async fn about_points(
        &self,
        deed: Deed,
        at: usize,
        own: Option<zhibu_domain::ids::MemberId>,
        today: Date,
    ) -> Result<Option<(RecordRef, Command)>, SyncError> {
        let year = u16::try_from(today.year()).unwrap();
        let somebody = member(at, self.chance.below(self.size.members));
        if let Deed::Claim = deed {
            let claim = Claim {
                rule: (*self.chance.pick(&RULES)).to_owned(),
                date: today,
                units: self.chance.between(1, 4) as u32,
                matter: self.text(),
                points: None,
            };
            let record = RecordRef::points(branch(at), year, own.unwrap_or(somebody));
            return Ok(Some((record, Command::ClaimPoints { entry: self.entry()?, claim })));
        }
        let record = RecordRef::points(branch(at), year, somebody);
        let view = PointsView::of(&*self.client.open(&record).await?);
        let entries: Vec<EntryId> = view.entries.keys().copied().collect();
        let Some(entry) = self.chance.pick_some(&entries) else { return Ok(None) };
        let verb = *self.chance.pick(PointsVerb::ALL);
        let needs_reason = matches!(verb, PointsVerb::Declined | PointsVerb::Reversed | PointsVerb::Objected);
        let reason = needs_reason.then_some(PointsReason::NoEvidence);
        Ok(Some((record, Command::JudgePoints { event: self.entry()?, entry: *entry, verb, reason })))
    }

    fn roster(&self, at: usize, today: Date) -> Result<Command, SyncError> {
        let somebody = member(at, self.chance.below(self.size.members));
        let fields = |field, value: &str| Command::SetMember {
            member: somebody,
            fields: vec![(field, Some(value.into()))],
        };
        Ok(match self.chance.below(6) {
            0 => {
                Command::AssignClass { member: somebody, class: "MOBILE".to_owned(), from: today.to_string() }
            }
            1 => Command::ExcludeFromQuorum {
                entry: self.entry()?,
                member: somebody,
                reason: 1,
                from: today.to_string(),
                to: None,
                approval_doc: "柳党〔2026〕7号".to_owned(),
            },
            2 => Command::AssignPost {
                member: somebody,
                post: "secretary".to_owned(),
                since: Some(today.to_string()),
            },
            3 => fields(MemberField::Membership, "probationary"),
            4 => fields(MemberField::Sex, "f"),
            _ => fields(MemberField::Name, &self.text()),
        })
    }
}
