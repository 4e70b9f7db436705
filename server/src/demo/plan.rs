//! Which branches there are and how many members each has, before anybody has a name.

use super::cast::Size;
use super::divisions::{Township, home_townships, townships};
use super::random::Stream;
use super::story::{MEMBERS as STORY_MEMBERS, VILLAGE as STORY_VILLAGE};

/// A branch has at least three full members; above fifty it should be divided, and some are late in doing so.
const MEMBERS: std::ops::RangeInclusive<usize> = 3..=60;

/// Of township offices: code behind the township's, name behind it, whether several units share the branch.
const OFFICES: [(&str, &str, bool); 4] = [
    ("901", "机关", false),
    ("902", "中心学校", false),
    ("903", "中心卫生院", false),
    ("904", "企业联合", true),
];

/// A village or an office, with the members of each of its branches.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) is_village: bool,
    /// One branch of several units.
    pub(super) is_joint: bool,
    /// One entry a branch; more than one make a general branch.
    pub(super) members: Vec<usize>,
}

/// A township and the places of it that have branches.
#[derive(Debug)]
pub(super) struct TownshipPlan {
    pub(super) township: &'static Township,
    pub(super) places: Vec<Place>,
}

/// The plan of a district: exactly as many branches and members as the size says.
pub(super) fn plan(size: Size, seed: u64) -> Vec<TownshipPlan> {
    let mut stream = Stream::new(seed, "plan");
    let mut plans = match size {
        Size::Small => small(),
        Size::M => spread(home_townships(), size, &mut stream),
        Size::L => spread(townships().iter(), size, &mut stream),
    };
    share_out_members(&mut plans, size.members(), &mut stream);
    plans
}

/// Ten branches that show each shape once: an office, a general branch with two, single villages.
fn small() -> Vec<TownshipPlan> {
    let chosen =
        [("152224100", 1, [1, 2].as_slice()), ("152224200", 0, &[1, 1, 1]), ("152224201", 0, &[1, 1, 1])];
    let plan_of = |township: &'static Township| {
        let (_, offices, branches) = chosen.iter().find(|(code, ..)| *code == township.code)?;
        let mut places: Vec<Place> =
            OFFICES[..*offices].iter().map(|office| place_of(township, office)).collect();
        places
            .extend(villages(township).zip(*branches).map(|(village, count)| with_branches(village, *count)));
        Some(TownshipPlan { township, places })
    };
    home_townships().filter_map(plan_of).collect()
}

/// Every township with its offices and all villages; what is left over goes to villages by chance.
fn spread(
    townships: impl Iterator<Item = &'static Township>,
    size: Size,
    stream: &mut Stream,
) -> Vec<TownshipPlan> {
    const MOST_IN_A_VILLAGE: usize = 4;
    let plan_of = |township: &'static Township| {
        let offices = OFFICES.iter().map(|office| place_of(township, office));
        TownshipPlan { township, places: offices.chain(villages(township)).collect() }
    };
    let mut plans: Vec<TownshipPlan> = townships.map(plan_of).collect();
    let mut missing = size.branches().saturating_sub(plans.iter().map(|plan| plan.places.len()).sum());
    let mut growing: Vec<&mut Place> = plans
        .iter_mut()
        .flat_map(|plan| &mut plan.places)
        .filter(|place| place.is_village && place.code != STORY_VILLAGE)
        .collect();
    while missing > 0 {
        let chosen = stream.below(growing.len());
        if growing[chosen].members.len() < MOST_IN_A_VILLAGE {
            growing[chosen].members.push(0);
            missing -= 1;
        }
    }
    plans
}

fn place_of(township: &Township, (code, name, is_joint): &(&str, &str, bool)) -> Place {
    Place {
        code: format!("{}{code}", township.code),
        name: format!("{}{name}", township.name),
        is_village: false,
        is_joint: *is_joint,
        members: vec![0],
    }
}

fn villages(township: &Township) -> impl Iterator<Item = Place> {
    township.villages.iter().map(|village| Place {
        code: village.code.to_owned(),
        name: village.name.to_owned(),
        is_village: true,
        is_joint: false,
        members: vec![0],
    })
}

fn with_branches(mut place: Place, count: usize) -> Place {
    place.members = vec![0; count];
    place
}

/// Gives each branch its number of members: by chance around the mean of its kind, then nudged one by one until
/// the district has exactly as many as it should.
fn share_out_members(plans: &mut [TownshipPlan], total: usize, stream: &mut Stream) {
    const OFFICE: (usize, usize) = (3, 21);
    let places = || plans.iter().flat_map(|plan| &plan.places);
    let branches = |village| -> usize {
        places().filter(|place| place.is_village == village).map(|place| place.members.len()).sum()
    };
    let in_offices = branches(false) * (OFFICE.0 + OFFICE.1) / 2;
    let mean = total.saturating_sub(in_offices) / branches(true).max(1);
    let mut free: Vec<&mut usize> = Vec::new();
    let mut given = 0;
    for place in plans.iter_mut().flat_map(|plan| &mut plan.places) {
        for members in &mut place.members {
            *members = match (place.code.as_str(), place.is_village) {
                (STORY_VILLAGE, _) => STORY_MEMBERS,
                (_, true) => stream.between(mean * 4 / 10, mean * 16 / 10),
                (_, false) => stream.between(OFFICE.0, OFFICE.1),
            };
            *members = (*members).clamp(*MEMBERS.start(), *MEMBERS.end());
            given += *members;
            if place.code != STORY_VILLAGE {
                free.push(members);
            }
        }
    }
    while given != total && !free.is_empty() {
        let chosen = stream.below(free.len());
        let members = &mut *free[chosen];
        let nudged = if given < total { *members + 1 } else { *members - 1 };
        if MEMBERS.contains(&nudged) {
            given = given + nudged - *members;
            *members = nudged;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches(plans: &[TownshipPlan]) -> Vec<usize> {
        plans.iter().flat_map(|plan| &plan.places).flat_map(|place| place.members.clone()).collect()
    }

    #[test]
    fn each_size_has_exactly_its_branches_and_members() {
        for size in [Size::Small, Size::M, Size::L] {
            for seed in [1, 2] {
                let branches = branches(&plan(size, seed));
                assert_eq!(branches.len(), size.branches(), "{size:?}");
                assert_eq!(branches.iter().sum::<usize>(), size.members(), "{size:?}");
                assert!(branches.iter().all(|members| MEMBERS.contains(members)), "{size:?}");
            }
        }
    }

    #[test]
    fn branches_differ_in_size_and_some_villages_have_several() {
        let plans = plan(Size::M, 1);
        let branches = branches(&plans);
        assert!(branches.iter().any(|members| *members <= 6));
        assert!(branches.iter().any(|members| *members > 45));
        let places: Vec<_> = plans.iter().flat_map(|plan| &plan.places).collect();
        let several = places.iter().filter(|place| place.members.len() > 1).count();
        assert!((60..180).contains(&several), "{several}");
        assert!(places.iter().all(|place| place.is_village || place.members.len() == 1));
    }

    #[test]
    fn the_story_village_keeps_its_one_branch() {
        for size in [Size::Small, Size::M, Size::L] {
            let plans = plan(size, 9);
            let story: Vec<_> = plans
                .iter()
                .flat_map(|plan| &plan.places)
                .filter(|place| place.code == STORY_VILLAGE)
                .collect();
            assert_eq!(story.len(), 1);
            assert_eq!(story[0].members, [STORY_MEMBERS]);
            assert_eq!(story[0].name, "白桦嘎查");
        }
    }
}
