//! Fills one branch with people.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use zhibu_domain::ids::{MemberId, OrgId, natural};

use super::cast::AS_OF;
use super::names;
use super::people::{Class, CommitteePost, Exclusion, ExclusionReason, Outflow, Person, Sex};
use super::random::Stream;

/// Women among all members, in a thousand (national figure of 2024: 30.9 %).
const WOMEN: usize = 309;

/// How many there are of each sort; the rest are ordinary members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mix {
    pub(super) members: usize,
    pub(super) committee: usize,
    pub(super) mobile: usize,
    pub(super) frail: usize,
    pub(super) probationary: usize,
    pub(super) excluded: [(ExclusionReason, usize); 5],
}

impl Mix {
    /// Of a branch of this size. In villages a third to six in ten live elsewhere; in offices hardly anyone.
    pub(super) fn draw(members: usize, is_village: bool, stream: &mut Stream) -> Self {
        use ExclusionReason as Reason;
        // From seven full members on there is a committee; below, a secretary alone.
        let committee = match members {
            0..7 => 1,
            7..35 => 3,
            _ => 5,
        };
        let mobile = if is_village {
            (members * stream.between(334, 590) / 1000).max(members.div_ceil(3)).min(members - committee)
        } else {
            members * stream.below(60) / 1000
        };
        let left = members - committee - mobile;
        let frail = if is_village { (members * stream.between(60, 150) / 1000).min(left) } else { 0 };
        let probationary = if members < 8 { 0 } else { count(left - frail, 90, stream).min(members / 6) };
        let cannot_care = count(frail, 400, stream);
        let away = count(mobile, 250, stream);
        let excluded = [
            (Reason::CannotCareForSelf, cannot_care),
            (Reason::CannotExpressWill, count(frail - cannot_care, 100, stream)),
            (Reason::NotYetTransferred, away),
            (Reason::Abroad, count(mobile - away, 20, stream)),
            (Reason::Custody, count((left - frail - probationary).min(1), 10, stream)),
        ];
        Self { members, committee, mobile, frail, probationary, excluded }
    }
}

/// How many of so many, each with this chance in a thousand.
fn count(of: usize, chance: usize, stream: &mut Stream) -> usize {
    (0..of).filter(|_| stream.per_mille(chance)).count()
}

/// Where a roster belongs.
pub(super) struct Place<'a> {
    pub(super) seed: u64,
    pub(super) branch_code: &'a str,
    pub(super) township: OrgId,
    pub(super) groups: &'a [OrgId],
    /// People of the story by roster number: ordinary full members unless the number has a post.
    pub(super) known: &'a [Known],
}

/// Somebody whose name and place on the roster are given.
pub(super) struct Known {
    pub(super) number: u16,
    pub(super) name: &'static str,
    pub(super) sex: Sex,
}

/// The people of one branch, in roster order: the committee first, then everybody else mixed.
pub(super) fn fill(place: &Place<'_>, mix: &Mix, stream: &mut Stream) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::with_capacity(mix.members);
    let mut taken: BTreeSet<String> = place.known.iter().map(|known| known.name.to_owned()).collect();
    for (index, (class, probationary, post)) in sorts(place, mix, stream).into_iter().enumerate() {
        let joined_on = joined(class, probationary, stream);
        let number = index as u16 + 1;
        let (name, sex) = match place.known.iter().find(|known| known.number == number) {
            Some(known) => (known.name.to_owned(), known.sex),
            None => {
                let sex = if stream.per_mille(WOMEN) { Sex::Female } else { Sex::Male };
                (new_name(&mut taken, sex, joined_on, stream), sex)
            }
        };
        people.push(Person {
            id: member_id(place.seed, place.branch_code, number),
            roster_number: number,
            name,
            sex,
            joined_on,
            confirmed_on: (!probationary).then(|| a_year_later(joined_on)),
            class,
            post,
            group: place.groups.get(index % place.groups.len().max(1)).copied(),
            outflow: (class == Class::Mobile).then(|| outflow(stream)),
            exclusion: None,
        });
    }
    exclude(&mut people, place, mix, stream);
    people
}

/// The sort of each roster number: class, whether on probation, post.
fn sorts(place: &Place<'_>, mix: &Mix, stream: &mut Stream) -> Vec<(Class, bool, Option<CommitteePost>)> {
    let ordinary = (Class::Ordinary, false, None);
    let known = place.known.iter().filter(|known| usize::from(known.number) > mix.committee).count();
    let mut others = vec![(Class::Mobile, false, None); mix.mobile];
    others.extend(vec![(Class::Frail, false, None); mix.frail]);
    others.extend(vec![(Class::Ordinary, true, None); mix.probationary]);
    others.resize(mix.members - mix.committee - known, ordinary);
    stream.shuffle(&mut others);
    let committee = posts(mix.committee).iter().map(|post| (Class::Committee, false, Some(*post)));
    committee.chain(std::iter::repeat_n(ordinary, known)).chain(others).collect()
}

/// The id of whoever has this number on the roster of this branch.
pub(super) fn member_id(seed: u64, branch_code: &str, number: u16) -> MemberId {
    let parts: [&[u8]; 4] =
        [b"demo-member", &seed.to_be_bytes(), branch_code.as_bytes(), &number.to_be_bytes()];
    MemberId(natural(&parts))
}

fn posts(committee: usize) -> &'static [CommitteePost] {
    use CommitteePost::{
        DeputySecretary, DisciplineCommissioner, OrganizationCommissioner, PublicityCommissioner, Secretary,
    };
    match committee {
        0..3 => &[Secretary],
        3 | 4 => &[Secretary, OrganizationCommissioner, PublicityCommissioner],
        _ => &[
            Secretary,
            DeputySecretary,
            OrganizationCommissioner,
            PublicityCommissioner,
            DisciplineCommissioner,
        ],
    }
}

/// Two people of one name in one branch happen; in a demonstration they only puzzle.
fn new_name(taken: &mut BTreeSet<String>, sex: Sex, joined_on: Date, stream: &mut Stream) -> String {
    loop {
        let name = names::draw(stream, sex, joined_on.year());
        if taken.insert(name.clone()) {
            return name;
        }
    }
}

fn joined(class: Class, probationary: bool, stream: &mut Stream) -> Date {
    let mut day = |from: usize, to: usize, month_from: usize, month_to: usize| {
        let year = stream.between(from, to) as i16;
        // Days up to the 28th: a year later there is one too.
        date(year, stream.between(month_from, month_to) as i8, stream.between(1, 28) as i8)
    };
    match class {
        // Admitted within the last nine months: still on probation when the story is over.
        _ if probationary => day(2026, 2026, 1, 8),
        Class::Committee => day(1992, 2020, 1, 12),
        Class::Ordinary => day(1978, 2023, 1, 12),
        Class::Mobile => day(1996, 2023, 1, 12),
        Class::Frail => day(1955, 1984, 1, 12),
    }
}

fn a_year_later(day: Date) -> Date {
    date(day.year() + 1, day.month(), day.day())
}

fn outflow(stream: &mut Stream) -> Outflow {
    let since = date(stream.between(2018, 2025) as i16, stream.between(1, 12) as i8, 1);
    // The draw of a city, which records have no place for, kept so that the people of a seed stay who they are.
    stream.below(11);
    Outflow { since }
}

/// Marks as many as the mix says, by roster order, among those whom each reason can concern.
fn exclude(people: &mut [Person], place: &Place<'_>, mix: &Mix, stream: &mut Stream) {
    for (reason, wanted) in mix.excluded {
        let class = match reason {
            ExclusionReason::CannotExpressWill | ExclusionReason::CannotCareForSelf => Class::Frail,
            ExclusionReason::Abroad | ExclusionReason::NotYetTransferred => Class::Mobile,
            ExclusionReason::Custody => Class::Ordinary,
        };
        let fitting = people
            .iter_mut()
            .filter(|person| person.class == class && person.is_counted_voter())
            .take(wanted);
        for person in fitting {
            let valid_from = date(2026, stream.between(3, 6) as i8, 1);
            person.exclusion = Some(Exclusion {
                reason,
                approved_by: place.township,
                approval_doc: format!("青组备〔{}〕{}号", AS_OF.year(), stream.between(1, 180)),
                valid_from,
            });
        }
    }
}
