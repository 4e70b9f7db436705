//! Honest changes, each with the server as it stood before it came.

use zhibu_domain::access::Author;
use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::{AboutField, Ballot, Command, MemberField};
use zhibu_domain::event::{PointsVerb, Status, Verb};
use zhibu_domain::ids::{DeviceId, natural};
use zhibu_domain::record::RecordKind;

use crate::support::{
    Cast, MEMBERS, Phone, Server, attach, claim, entry, judge, member, minutes, place, review, set, title,
};

/// One honest change, its author, and the server before it.
pub(crate) struct Station<'c> {
    pub(crate) before: Server<'c>,
    pub(crate) author: Author,
    pub(crate) change: Vec<u8>,
}

/// The story of one record while it is told.
struct Story<'c> {
    server: Server<'c>,
    stations: Vec<Station<'c>>,
}

impl<'c> Story<'c> {
    fn of(server: Server<'c>) -> Self {
        Self { server, stations: Vec::new() }
    }

    fn deliver(&mut self, author: &Author, change: Vec<u8>) {
        let before = self.server.clone();
        self.server.receive(author, &change).expect("an honest change");
        self.stations.push(Station { before, author: author.clone(), change });
    }

    fn tell(&mut self, author: &Author, command: &Command) {
        let change = self.server.phone(author.clone()).write(command);
        self.deliver(author, change);
    }

    /// Everybody writes on the same past; then everything is delivered.
    fn tell_at_once(&mut self, lines: &[(Author, Command)]) {
        let mut phones: Vec<Phone> = Vec::new();
        let mut sent = Vec::new();
        for (author, command) in lines {
            let known = phones.iter().position(|phone| phone.author == *author);
            let at = known.unwrap_or_else(|| {
                phones.push(self.server.phone(author.clone()));
                phones.len() - 1
            });
            sent.push((author, phones[at].write(command)));
        }
        sent.into_iter().for_each(|(author, change)| self.deliver(author, change));
    }
}

pub(crate) fn stations(cast: &Cast) -> Vec<Station<'_>> {
    let mut stations = activity(cast);
    stations.extend(ledger(cast));
    stations.extend(roster(cast));
    stations
}

fn activity(cast: &Cast) -> Vec<Station<'_>> {
    let mut story = Story::of(Server::new(cast, cast.activity()));
    let (secretary, recorder) = (cast.secretary(), cast.recorder());
    let tablet = Author { device: DeviceId(natural(&[b"tablet"])), ..cast.secretary() };
    story.tell(&secretary, &title("十一月主题党日"));
    story
        .tell(&secretary, &set(AboutField::PlannedAt, zhibu_domain::command::Scalar::Int(1_795_000_000_000)));
    let kinds = ["themed_day", "general_meeting"].map(str::to_owned).to_vec();
    story.tell(&recorder, &Command::SetKinds { add: kinds, remove: vec![] });
    story.tell_at_once(&[(secretary.clone(), place("村委会")), (recorder.clone(), place("文化广场"))]);
    let marks: Vec<_> = (1..=MEMBERS)
        .map(|n| {
            let state = Attendance::ALL[usize::from(n) % Attendance::ALL.len()];
            (cast.member(n), Command::RecordAttendance(vec![(member(n), Some(state.to_string()))]))
        })
        .collect();
    story.tell_at_once(&marks[..12]);
    marks[12..].iter().for_each(|(author, command)| story.tell(author, command));
    let corrected = (1..=6).map(|n| (member(n), Some("present".into()))).collect();
    story.tell(&recorder, &Command::RecordAttendance(corrected));
    story.tell(&secretary, &Command::RecordAttendance(vec![(member(31), None)]));
    for round in 0..4 {
        let text = story.server.record.text("minutes");
        let middle: String = text.chars().skip(3).collect();
        story.tell_at_once(&[
            (secretary.clone(), minutes(&text, &format!("{text}第{round}项，学习。\n"))),
            (recorder.clone(), minutes(&text, &format!("记录：{text}"))),
            (tablet.clone(), minutes(&text, &format!("{middle}👨‍👩‍👧完。"))),
        ]);
    }
    story.tell(&secretary, &Command::Resolve { slot: "about.place".into(), keep: "村委会".into() });
    let ballot = Some(Ballot { yes: 20, no: 1, abstain: 2 });
    let resolution = |text: &str, ballot| Command::SetResolution {
        entry: entry(1),
        text: text.into(),
        decision: Some("general_vote".into()),
        ballot,
    };
    story.tell_at_once(&[
        (secretary.clone(), resolution("同意修路。", ballot)),
        (recorder.clone(), resolution("同意修桥。", None)),
    ]);
    let follow_up = Command::SetFollowUp {
        entry: entry(2),
        text: "联系施工队".into(),
        owner: Some(member(4)),
        due: Some("2026-12-01".into()),
        done: false,
    };
    story.tell(&recorder, &follow_up);
    story.tell(&secretary, &Command::SetAgendaItem { entry: entry(3), text: Some("修路".into()) });
    story.tell(&secretary, &Command::SetAgendaItem { entry: entry(3), text: None });
    story.tell(&recorder, &Command::SetObserver { entry: entry(4), post: Some("镇党建办".into()) });
    story.tell_at_once(&[(secretary.clone(), attach(6)), (recorder.clone(), attach(7))]);
    story.tell_at_once(&[
        (secretary.clone(), Command::RemovePhoto { entry: entry(6) }),
        (recorder.clone(), Command::RemovePhoto { entry: entry(6) }),
    ]);
    [8, 9].into_iter().for_each(|id| story.tell(&recorder, &attach(id)));
    review_of(&mut story, cast);
    story.stations
}

fn review_of(story: &mut Story<'_>, cast: &Cast) {
    let (secretary, officer) = (cast.secretary(), cast.officer());
    story.tell(&secretary, &review(10, Verb::Submitted));
    story.tell_at_once(&[
        (officer.clone(), review(11, Verb::Filed)),
        (cast.reviewer(), review(12, Verb::Returned)),
    ]);
    story.tell(&secretary, &title("十一月主题党日（改）"));
    story.tell(&secretary, &review(13, Verb::Submitted));
    story.tell(&officer, &review(14, Verb::Filed));
    let amend = Command::Amend { entry: entry(5), slot: "about.place".into(), text: "村委会".into() };
    story.tell(&secretary, &amend);
    story.tell(&cast.reviewer(), &review(15, Verb::Reopened));
    story.tell(&secretary, &place("小学"));
}

fn ledger(cast: &Cast) -> Vec<Station<'_>> {
    let mut story = Story::of(Server::new(cast, cast.ledger(9)));
    let (own, leader, secretary) = (cast.member(9), cast.leader(), cast.secretary());
    for id in 1..6 {
        story.tell_at_once(&[(own.clone(), claim(id)), (cast.recorder(), claim(100 + id))]);
        story.tell(&leader, &judge(200 + id, id, PointsVerb::Verified));
        story.tell_at_once(&[
            (secretary.clone(), judge(300 + id, id, PointsVerb::Approved)),
            (own.clone(), judge(400 + id, id, PointsVerb::Objected)),
        ]);
    }
    story.tell(&cast.officer(), &judge(500, 1, PointsVerb::TownshipFiled));
    story.stations
}

fn roster(cast: &Cast) -> Vec<Station<'_>> {
    let mut story = Story::of(Server::new(cast, cast.roster_record()));
    for n in 1..9 {
        let fields = vec![
            (MemberField::Name, Some(format!("党员{n}").as_str().into())),
            (MemberField::Number, Some(zhibu_domain::command::Scalar::Int(i64::from(n)))),
            (MemberField::JoinedOn, Some("2001-07-01".into())),
        ];
        story.tell(&cast.secretary(), &Command::SetMember { member: member(n), fields });
        let class = Command::AssignClass { member: member(n), class: "a".into(), from: "2026-01-01".into() };
        story.tell(&cast.officer(), &class);
    }
    let exclusion = Command::ExcludeFromQuorum {
        entry: entry(1),
        member: member(2),
        reason: 1,
        from: "2026-01-01".into(),
        to: None,
        approval_doc: "镇党发〔2026〕1号".into(),
    };
    story.tell(&cast.officer(), &exclusion);
    let post =
        Command::AssignPost { member: member(1), post: "secretary".into(), since: Some("2025-01-01".into()) };
    story.tell(&cast.officer(), &post);
    story.stations
}

/// One of the cast.
pub(crate) fn anybody(cast: &Cast, number: u8) -> Author {
    match number {
        0 => cast.secretary(),
        1 => cast.recorder(),
        2 => cast.leader(),
        3 => cast.officer(),
        4 => cast.reviewer(),
        5 => cast.admin(),
        6 => cast.neighbour_secretary(),
        7 => cast.member(9),
        _ => cast.member(10),
    }
}

/// Something honest that can be done next, whatever the record's state.
pub(crate) fn next_honest(server: &Server<'_>) -> (Author, Command) {
    let cast = Cast::new();
    match (server.record.reference().kind, server.index.status()) {
        (RecordKind::Points, _) => (cast.member(9), claim(u64::MAX)),
        (RecordKind::Roster, _) => {
            let fields = vec![(MemberField::Name, Some("新党员".into()))];
            (cast.officer(), Command::SetMember { member: member(77), fields })
        }
        (_, Status::Filed | Status::Voided) => (cast.reviewer(), review(u64::MAX, Verb::Reopened)),
        _ => (cast.recorder(), title("下一个题目")),
    }
}
