//! The branch that the story is about, the same people at every size.

use super::cast::{Story, org_id};
use super::people::{ExclusionReason, Sex};
use super::roster::{Known, Mix, member_id};

/// 白桦嘎查 in 柳河苏木.
pub(super) const VILLAGE: &str = "152224200200";
/// 柳河苏木
pub(super) const TOWNSHIP: &str = "152224200";
/// Members of its one branch.
pub(super) const MEMBERS: usize = 31;

/// Of the story's branch: 29 full and 2 probationary members, 5 of the full ones excluded, so that 24 voters
/// should attend and 12 of them are exactly half.
pub(super) const MIX: Mix = Mix {
    members: MEMBERS,
    committee: 3,
    mobile: 11,
    frail: 4,
    probationary: 2,
    excluded: [
        (ExclusionReason::CannotCareForSelf, 1),
        (ExclusionReason::CannotExpressWill, 1),
        (ExclusionReason::NotYetTransferred, 2),
        (ExclusionReason::Abroad, 1),
        (ExclusionReason::Custody, 0),
    ],
};

const SECRETARY: u16 = 1;
const RECORDER: u16 = 2;
const MEMBER: u16 = 6;
const WITHOUT_ACCOUNT: u16 = 7;

/// The first ordinary members of the groups, which take turns in roster order behind a committee of three.
const LEADERS: [u16; 2] = [5, 4];

/// Who they are. The last is as long as names get.
pub(super) const PEOPLE: [Known; 6] = [
    Known { number: SECRETARY, name: "王秀兰", sex: Sex::Female },
    Known { number: RECORDER, name: "包文明", sex: Sex::Male },
    Known { number: LEADERS[0], name: "那顺·乌力吉", sex: Sex::Male },
    Known { number: LEADERS[1], name: "李建国", sex: Sex::Male },
    Known { number: MEMBER, name: "赵小梅", sex: Sex::Female },
    Known {
        number: WITHOUT_ACCOUNT, name: "额尔敦陶格陶胡·阿拉坦敖其尔·巴雅尔图孟和", sex: Sex::Male
    },
];

/// The ids of the people of the story.
pub(super) fn story(seed: u64) -> Story {
    let id = |number| member_id(seed, VILLAGE, number);
    Story {
        branch: org_id(VILLAGE),
        township: org_id(TOWNSHIP),
        secretary: id(SECRETARY),
        recorder: id(RECORDER),
        leaders: LEADERS.map(id),
        member: id(MEMBER),
        member_without_account: id(WITHOUT_ACCOUNT),
    }
}
