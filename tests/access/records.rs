//! Lies about records: each forged change travels between two honest ones.

use zhibu_domain::command::{AboutField, Command, MemberField};
use zhibu_domain::event::{Claim, PointsVerb, Verb};
use zhibu_domain::ids::{EntryId, RecordId, natural};
use zhibu_domain::org::Role;
use zhibu_domain::record::{Record, RecordRef};
use zhibu_domain::refusal::RefusalCode::{self, *};
use zhibu_domain::view::ActivityView;
use zhibu_domain::wire::{EnvelopeReceipt, Receipt, SentChange};
use zhibu_server::store::QuarantineFilter;

use super::district::{District, district_id, member, org, post};
use super::wire_client::{WireClient, is_stored, refused};

pub(crate) fn activity_at(at: &str, name: &str) -> RecordRef {
    RecordRef::activity(org(at), 2026, RecordId(natural(&[b"activity", name.as_bytes()])))
}

pub(crate) fn set(field: AboutField, value: &str) -> Command {
    Command::SetAbout(vec![(field, Some(value.into()))])
}

pub(crate) fn mark(number: u32, state: &str) -> Command {
    Command::RecordAttendance(vec![(member(number), Some(state.into()))])
}

fn review(verb: Verb) -> Command {
    let event = EntryId(natural(&[b"event", verb.as_str().as_bytes()]));
    Command::Review { event, verb, slot: None, comment: None, reason: None }
}

/// A secretary with an activity on the server, and a member who means harm.
pub(crate) struct Branch {
    pub(crate) district: District,
    pub(crate) secretary: WireClient,
    pub(crate) villain: WireClient,
    pub(crate) activity: Record,
}

impl Branch {
    pub(crate) async fn with_activity() -> Self {
        Self::in_district(District::open().await).await
    }

    pub(crate) async fn in_district(district: District) -> Self {
        let invited =
            district.invite("书记", Some(member(1)), &[post(Role::BranchSecretary, "branch")]).await;
        let mut secretary = WireClient::enrol(&district, invited).await;
        let invited = district.invite("党员", Some(member(9)), &[post(Role::Member, "branch")]).await;
        let villain = WireClient::enrol(&district, invited).await;
        let mut activity = Record::new(activity_at("branch", "主题党日"));
        let commands =
            [set(AboutField::Title, "十一月主题党日"), set(AboutField::Place, "村委会"), mark(1, "present")];
        let changes = commands.iter().map(|command| secretary.write(&mut activity, command)).collect();
        let envelope = secretary.envelope(changes);
        assert!(is_stored(&secretary.deliver(vec![envelope]).await[0]));
        Self { district, secretary, villain, activity }
    }

    /// The villain sends this change between two honest marks of his own. The forged one is refused with this code
    /// and kept; the honest ones before and beside it count.
    pub(crate) async fn refuses(&mut self, code: RefusalCode, forged: SentChange) {
        let mut own = Record::new(activity_at("branch", &format!("自己的{}", self.villain.counter)));
        let honest = self.villain.write(&mut own, &mark(9, "present"));
        let later = self.villain.write(&mut own, &mark(9, "leave_work"));
        let before = self.secretary.read(*self.activity.reference()).await.save().unwrap();
        let envelope = self.villain.envelope(vec![honest, forged.clone(), later]);
        let receipt = &self.villain.deliver(vec![envelope]).await[0];
        let codes: Vec<_> =
            receipt.changes.iter().map(|change| matches!(change, Receipt::Stored(_))).collect();
        assert_eq!(codes, [true, false, true], "only the forged one is refused: {receipt:?}");
        let Receipt::Refused(refusal) = &receipt.changes[1] else { unreachable!() };
        assert_eq!(refusal.code, code);
        assert!(self.quarantine_holds(&forged.change, code).await);
        let after = self.secretary.read(*self.activity.reference()).await.save().unwrap();
        assert_eq!(before, after, "the record is untouched");
    }

    async fn quarantine_holds(&self, content: &[u8], code: RefusalCode) -> bool {
        let filter = QuarantineFilter { limit: 100, ..Default::default() };
        let items = self.district.store().list_quarantine(district_id(), &filter).await.unwrap();
        items.iter().any(|item| item.content == content && item.refusal.code == code)
    }

    /// A change by the villain's device on a copy of the secretary's activity.
    pub(crate) fn forge(&mut self, command: &Command) -> SentChange {
        self.villain.write(&mut self.activity.clone(), command)
    }
}

#[tokio::test]
async fn a_member_cannot_do_what_is_not_his() {
    let mut branch = Branch::with_activity().await;
    let forged = branch.forge(&review(Verb::Filed));
    branch.refuses(NoRight, forged).await;
    let forged = branch.forge(&mark(2, "absent_unexcused"));
    branch.refuses(NoRight, forged).await;
    let forged = branch.forge(&set(AboutField::Place, "镇政府"));
    branch.refuses(NoRight, forged).await;
    let forged = branch.forge(&Command::EditMinutes { before: String::new(), after: "假的".into() });
    branch.refuses(NoRight, forged).await;
    let mut elsewhere = Record::new(activity_at("other-branch", "别人的"));
    let forged = branch.villain.write(&mut elsewhere, &mark(9, "present"));
    branch.refuses(NoRight, forged).await;
    let mut nowhere = Record::new(activity_at("no-such-org", "没有的"));
    let forged = branch.villain.write(&mut nowhere, &mark(9, "present"));
    branch.refuses(UnknownOrg, forged).await;
    let mut roster = Record::new(RecordRef::roster(org("branch")));
    let name = vec![(MemberField::Name, Some("新来的".into()))];
    let forged = branch.villain.write(&mut roster, &Command::SetMember { member: member(9), fields: name });
    branch.refuses(NoRight, forged).await;
}

#[tokio::test]
async fn a_losing_concurrent_write_to_a_forbidden_field_is_refused_too() {
    let mut branch = Branch::with_activity().await;
    // Written over the first change alone: it loses against the secretary's place and no diff would show it.
    let first = branch.activity.changes().next().unwrap().raw_bytes().to_vec();
    let mut old = Record::from_changes(*branch.activity.reference(), [first]).unwrap();
    let forged = branch.villain.write(&mut old, &set(AboutField::Place, "别处"));
    branch.refuses(NoRight, forged).await;
}

#[tokio::test]
async fn nobody_writes_as_another_device() {
    let mut branch = Branch::with_activity().await;
    let honest = branch.secretary.write(&mut branch.activity.clone(), &set(AboutField::Theme, "冒名"));
    branch.refuses(WrongActor, honest).await;
}

#[tokio::test]
async fn an_append_only_entry_cannot_be_written_over() {
    let mut branch = Branch::with_activity().await;
    let reference = RecordRef::points(org("branch"), 2026, member(9));
    let claim = |matter: &str| Command::ClaimPoints {
        entry: EntryId(natural(&[b"claim"])),
        claim: Claim {
            rule: "C01".into(),
            date: "2026-11-07".parse().unwrap(),
            units: 4,
            matter: matter.into(),
            points: None,
        },
    };
    let mut ledger = Record::new(reference);
    let honest = branch.villain.write(&mut ledger, &claim("清理水渠"));
    let envelope = branch.villain.envelope(vec![honest]);
    assert!(is_stored(&branch.villain.deliver(vec![envelope]).await[0]));
    // The same entry again from an empty copy under a new epoch: a second operation on the same key.
    branch.villain.epoch = 2;
    let forged = branch.villain.write(&mut Record::new(reference), &claim("清理了十次水渠"));
    branch.refuses(AlreadyWritten, forged).await;
    branch.villain.epoch = 1;
    let verify = Command::JudgePoints {
        event: EntryId(natural(&[b"verify"])),
        entry: EntryId(natural(&[b"claim"])),
        verb: PointsVerb::Approved,
        reason: None,
    };
    let forged = branch.villain.write(&mut ledger.clone(), &verify);
    branch.refuses(NoRight, forged).await;
    let foreign = RecordRef::points(org("branch"), 2026, member(1));
    let forged = branch.villain.write(&mut Record::new(foreign), &claim("记到别人名下"));
    branch.refuses(NoRight, forged).await;
}

#[tokio::test]
async fn a_filed_record_takes_no_edit_but_an_amendment() {
    let mut branch = Branch::with_activity().await;
    let invited = branch.district.invite("党建办", None, &[post(Role::TownshipOfficer, "township")]).await;
    let mut officer = WireClient::enrol(&branch.district, invited).await;
    let submitted = branch.secretary.write(&mut branch.activity, &review(Verb::Submitted));
    let envelope = branch.secretary.envelope(vec![submitted]);
    assert!(is_stored(&branch.secretary.deliver(vec![envelope]).await[0]));
    let filed = officer.write(&mut branch.activity, &review(Verb::Filed));
    let envelope = officer.envelope(vec![filed]);
    assert!(is_stored(&officer.deliver(vec![envelope]).await[0]));

    let late = branch.secretary.write(&mut branch.activity.clone(), &set(AboutField::Place, "文化广场"));
    let envelope = branch.secretary.envelope(vec![late.clone()]);
    assert_eq!(refused(&branch.secretary.deliver(vec![envelope]).await[0]), RecordFiled);
    assert!(branch.quarantine_holds(&late.change, RecordFiled).await);

    branch.secretary.epoch = 2;
    let entry = EntryId(natural(&[b"amendment"]));
    let amend = Command::Amend { entry, slot: "about.place".into(), text: "文化广场".into() };
    let amendment = branch.secretary.write(&mut branch.activity, &amend);
    let envelope = branch.secretary.envelope(vec![amendment]);
    assert!(is_stored(&branch.secretary.deliver(vec![envelope]).await[0]));
    let view = ActivityView::of(&branch.secretary.read(*branch.activity.reference()).await);
    assert_eq!(view.text(AboutField::Place), Some("村委会"));
    assert_eq!(view.amendments[&entry].text, "文化广场");
}

fn codes(receipts: &[EnvelopeReceipt]) -> Vec<RefusalCode> {
    let code = |change: &Receipt| match change {
        Receipt::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    };
    receipts.iter().flat_map(|receipt| receipt.changes.iter().map(code)).collect()
}

#[tokio::test]
async fn what_depends_on_a_refused_change_is_told_so() {
    let mut branch = Branch::with_activity().await;
    let mut copy = branch.activity.clone();
    let forged = branch.villain.write(&mut copy, &set(AboutField::Place, "镇政府"));
    let behind = branch.villain.write(&mut copy, &mark(9, "present"));
    let envelope = branch.villain.envelope(vec![forged, behind.clone()]);
    let receipts = branch.villain.deliver(vec![envelope]).await;
    assert_eq!(codes(&receipts), [NoRight, DependsOnRefused]);
    let envelope = branch.villain.envelope(vec![behind]);
    assert_eq!(refused(&branch.villain.deliver(vec![envelope]).await[0]), DependsOnRefused, "also later");
}

#[tokio::test]
async fn what_came_too_early_is_told_so_to_its_end_and_counts_once_the_rest_came() {
    let mut branch = Branch::with_activity().await;
    let mut copy = branch.activity.clone();
    let [first, second, third] = ["镇政府", "文化广场", "会议室"]
        .map(|place| branch.secretary.write(&mut copy, &set(AboutField::Place, place)));
    let first = branch.secretary.envelope(vec![first]);
    let rest = branch.secretary.envelope(vec![second, third]);
    // A carrier has the second envelope only. Were the third change refused for good, its author would write it anew,
    // and it would stand twice for whoever had seen it.
    let receipts = branch.villain.deliver(vec![rest.clone()]).await;
    assert_eq!(codes(&receipts), [MissingDependency, MissingDependency]);
    let receipts = branch.secretary.deliver(vec![first, rest]).await;
    assert!(receipts.iter().all(is_stored), "{receipts:?}");
}

#[tokio::test]
async fn what_came_too_early_and_stands_on_a_refused_change_is_told_that() {
    let mut branch = Branch::with_activity().await;
    let mut copy = branch.activity.clone();
    let forged = branch.villain.write(&mut copy, &set(AboutField::Place, "镇政府"));
    let behind = ["present", "leave_work"].map(|word| branch.villain.write(&mut copy, &mark(9, word)));
    let forged = branch.villain.envelope(vec![forged]);
    let behind = behind.map(|one| branch.villain.envelope(vec![one]));
    let receipts = branch.villain.deliver(behind.to_vec()).await;
    assert_eq!(codes(&receipts), [MissingDependency, MissingDependency]);
    let receipts = branch.villain.deliver([&[forged], &behind[..]].concat()).await;
    assert_eq!(codes(&receipts), [NoRight, DependsOnRefused, DependsOnRefused]);
}

#[tokio::test]
async fn bytes_that_are_no_honest_change_are_kept_and_refused() {
    let mut branch = Branch::with_activity().await;
    let honest = branch.forge(&mark(9, "present"));
    let sent = |change: Vec<u8>| SentChange { record: honest.record, change };
    let mut flipped = honest.change.clone();
    *flipped.last_mut().unwrap() ^= 1;
    branch.refuses(BadChecksum, sent(flipped)).await;
    branch.refuses(NotAChange, sent(branch.activity.save().unwrap())).await;
    branch.refuses(NotAChange, sent(b"not automerge at all".to_vec())).await;
    branch.refuses(MalformedChange, sent(Vec::new())).await;
    branch.refuses(TooLarge, sent(vec![0x85; 300 << 10])).await;
}
