//! The story of two phones, to be typed by hand: one folder a phone.

use zhibu_domain::attendance::Attendance;
use zhibu_domain::ids::RecordId;

use super::StoryLink;
use crate::demo::cast::Cast;
use crate::demo::people::Person;

/// What one phone marks, as `roll --mark` takes it.
struct Marks(Vec<String>);

impl Marks {
    fn of<'a>(marks: impl Iterator<Item = (&'a Person, Attendance)>) -> Self {
        Self(marks.map(|(person, mark)| format!("{}={}", person.roster_number, mark.as_str())).collect())
    }
}

/// Who marks whom: on the secretary's phone exactly half of the voters are there, so that the app has something to
/// flag; the recorder's has everybody else, and together they are 31.
fn rolls(cast: &Cast) -> (Marks, Marks) {
    let people = cast.story_branch().map_or(&[][..], |branch| &branch.members);
    let voters = people.iter().filter(|person| person.is_counted_voter());
    let half = voters.clone().count() / 2;
    let hers = voters.clone().take(half).map(|person| (person, Attendance::Present));
    let late = voters.skip(half).enumerate().map(|(index, person)| {
        (person, if index < 4 { Attendance::PresentRemote } else { Attendance::LeaveWork })
    });
    let others = people.iter().filter(|person| !person.is_counted_voter()).map(|person| {
        let mark = if person.exclusion.is_some() { Attendance::Excluded } else { Attendance::Present };
        (person, mark)
    });
    (Marks::of(hers), Marks::of(late.chain(others)))
}

/// Stands in the text for the planned activity.
const ACTIVITY: &str = "ACTIVITY";

/// The commands of the story, about this activity.
pub(super) fn text(cast: &Cast, planned: RecordId, links: &[StoryLink]) -> String {
    // The end of an id is enough for `zhibu`, and its beginning is a time that all activities of a day share.
    let id = planned.to_string();
    commands(cast, links).replace(ACTIVITY, &id[id.len().saturating_sub(8)..])
}

fn commands(cast: &Cast, links: &[StoryLink]) -> String {
    let (hers, his) = rolls(cast);
    let enrol = |account: &str| {
        let link = links.iter().find(|link| link.account == account);
        link.map_or(String::new(), |StoryLink { purpose, link, .. }| {
            format!("zhibu --data phone-{account} enrol '{link}' --name {purpose}\n")
        })
    };
    [
        BEGINS,
        &enrol("secretary"),
        &enrol("recorder"),
        SYNCED,
        &format!("zhibu --data phone-secretary roll ACTIVITY --mark {}\n", hers.0.join(",")),
        SECRETARY_OFFLINE,
        &format!("zhibu --data phone-recorder roll ACTIVITY --mark {}\n", his.0.join(",")),
        RECORDER_OFFLINE,
        &enrol("officer"),
        REVIEW,
        &enrol("member"),
        &enrol("leader2"),
        POINTS,
    ]
    .concat()
}

const BEGINS: &str = "
试一试（每个 --data 文件夹就是一部手机；ACTIVITY 是 list 里 11 月那次活动的编号末几位）

一、两部手机登记，各同步一次
";

const SYNCED: &str = "\
zhibu --data phone-secretary sync
zhibu --data phone-recorder sync
zhibu --data phone-secretary list

二、断网（停掉服务器），各记各的；书记这边到会的正好一半，会提示
";

const SECRETARY_OFFLINE: &str = "\
zhibu --data phone-secretary quorum ACTIVITY
zhibu --data phone-secretary minutes ACTIVITY --text '学习党章。讨论修路。'
zhibu --data phone-secretary set ACTIVITY place 村部会议室
zhibu --data phone-secretary set ACTIVITY held_from 2026-11-15T09:00
zhibu --data phone-secretary resolution ACTIVITY --text '同意修路。' --decision general_vote --yes 13 --no 2 --abstain 1
zhibu --data phone-secretary follow-up ACTIVITY --text '备好砂石。' --owner 5 --due 2026-12-10
";

const RECORDER_OFFLINE: &str = "\
zhibu --data phone-recorder minutes ACTIVITY --text '会前清点人数。'
zhibu --data phone-recorder set ACTIVITY place 文化广场

三、恢复网络，都同步：签到合在一起，记录两人的话都在，地点不一致，选一个，再提交
zhibu --data phone-secretary sync
zhibu --data phone-recorder sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary show ACTIVITY
zhibu --data phone-secretary resolve ACTIVITY about.place 1
zhibu --data phone-secretary submit ACTIVITY
zhibu --data phone-secretary sync

四、退回、补正、备案
";

const REVIEW: &str = "\
zhibu --data phone-officer sync
zhibu --data phone-officer return ACTIVITY --slot about.paper_ref --comment '请补记录本页码。'
zhibu --data phone-officer sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary set ACTIVITY paper_ref 第36页
zhibu --data phone-secretary submit ACTIVITY
zhibu --data phone-secretary sync
zhibu --data phone-officer sync
zhibu --data phone-officer file ACTIVITY
zhibu --data phone-officer sync

五、党员申报积分，组长核实，支部审定（E 换成申报的编号末几位）
";

const POINTS: &str = "\
zhibu --data phone-member sync
zhibu --data phone-member claim --rule C01 --date 2026-11-14 --units 2 --matter '清扫文化广场'
zhibu --data phone-member sync
zhibu --data phone-leader2 sync
zhibu --data phone-leader2 points --member 6
zhibu --data phone-leader2 verify E
zhibu --data phone-leader2 sync
zhibu --data phone-secretary sync
zhibu --data phone-secretary approve E
zhibu --data phone-secretary sync
zhibu --data phone-member sync
zhibu --data phone-member points --member 6
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::Size;

    #[test]
    fn the_two_rolls_are_half_of_the_voters_and_together_everybody() {
        let cast = Cast::new(Size::Small, 1);
        let (hers, his) = rolls(&cast);
        assert_eq!((hers.0.len(), his.0.len()), (12, 19));
        let numbers: std::collections::BTreeSet<_> =
            hers.0.iter().chain(&his.0).filter_map(|mark| mark.split_once('=')).map(|(n, _)| n).collect();
        assert_eq!(numbers.len(), 31);
    }

    #[test]
    fn the_leader_of_the_story_leads_the_member_s_group() {
        for seed in [1, 2, 3] {
            let cast = Cast::new(Size::Small, seed);
            let branch = cast.story_branch().unwrap();
            let member = branch.members.iter().find(|person| person.id == cast.story.member).unwrap();
            assert_eq!(member.roster_number, 6);
            let group = branch.groups.iter().find(|group| Some(group.org) == member.group).unwrap();
            assert_eq!(group.leader, cast.story.leaders[1], "phone-leader2 verifies");
        }
    }
}
