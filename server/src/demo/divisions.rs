//! The skeleton: townships and villages.
//!
//! `data/divisions.csv` has one line a village: its twelve-digit statistics code, the *invented* name of its
//! township (none of them is on the 2023 list of all townships of the country) and a village name of real shape.
//! Left out of the published list: pseudo-townships (digits 7 to 9 of the code from 400 on: farms, parks, a
//! prison bureau) and farm quarters; 村委会, 居委会 and the like are trimmed to 村, 嘎查 and 社区. The townships of
//! one county (152224) are the district of the usual size; the three that are 苏木 there were 乡 in the list.

use std::sync::LazyLock;

const VILLAGES: &str = include_str!("../../data/divisions.csv");

/// The county whose tree the small and the middle district have.
const HOME_COUNTY: &str = "152224";

/// A township with its villages in the order of their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Township {
    /// Nine digits; unique.
    pub code: &'static str,
    /// With its kind: 白桦镇, 柳河苏木. Unique here.
    pub name: &'static str,
    /// At least one.
    pub villages: Vec<Village>,
}

/// A village, gacha or community.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Village {
    /// Twelve digits; unique.
    pub code: &'static str,
    /// With its kind: 白桦嘎查, 兴隆村. Names repeat: only the code tells villages apart.
    pub name: &'static str,
}

static TOWNSHIPS: LazyLock<Vec<Township>> = LazyLock::new(|| read(VILLAGES));

/// All 70 townships, in the order of their codes.
pub fn townships() -> &'static [Township] {
    &TOWNSHIPS
}

/// The nine townships of the home county.
pub fn home_townships() -> impl Iterator<Item = &'static Township> {
    townships().iter().filter(|township| township.code.starts_with(HOME_COUNTY))
}

fn read(text: &'static str) -> Vec<Township> {
    let mut townships: Vec<Township> = Vec::new();
    for (code, township, name) in text.lines().skip(1).filter_map(columns) {
        let village = Village { code, name };
        match townships.last_mut() {
            Some(last) if last.code == &code[..9] => last.villages.push(village),
            _ => townships.push(Township { code: &code[..9], name: township, villages: vec![village] }),
        }
    }
    townships
}

/// The file is part of the program and its test reads every line: no quoting, no error to report.
fn columns(line: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    let (code, rest) = line.split_once(',')?;
    let (township, village) = rest.split_once(',')?;
    (code.len() == 12 && code.is_ascii()).then_some((code, township, village))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_is_read_and_every_code_is_there_once() {
        let villages: Vec<_> = townships().iter().flat_map(|township| &township.villages).collect();
        assert_eq!(villages.len(), VILLAGES.lines().count() - 1);
        let codes: BTreeSet<_> = villages.iter().map(|village| village.code).collect();
        assert_eq!(codes.len(), villages.len());
        assert_eq!(townships().len(), 70);
        assert_eq!(townships().iter().map(|township| township.name).collect::<BTreeSet<_>>().len(), 70);
    }

    #[test]
    fn codes_are_digits_and_pseudo_townships_are_gone() {
        for township in townships() {
            assert!(township.code.bytes().all(|byte| byte.is_ascii_digit()), "{township:?}");
            assert!(township.code[6..].parse::<u16>().unwrap() < 400, "{township:?}");
            assert!(township.villages.iter().all(|village| village.code.starts_with(township.code)));
        }
    }

    #[test]
    fn names_end_with_their_kind() {
        let ends = |name: &str, kinds: &[&str]| kinds.iter().any(|kind| name.ends_with(kind));
        for township in townships() {
            assert!(ends(township.name, &["镇", "乡", "苏木", "街道"]), "{township:?}");
            for village in &township.villages {
                assert!(ends(village.name, &["村", "嘎查", "社区"]), "{village:?}");
                assert!(!village.name.contains("委会"), "{village:?}");
            }
        }
    }

    #[test]
    fn the_home_county_has_the_villages_of_the_story() {
        let home: Vec<_> = home_townships().collect();
        assert_eq!(home.len(), 9);
        assert_eq!(home.iter().map(|township| township.villages.len()).sum::<usize>(), 207);
        let names: Vec<_> = home.iter().map(|township| township.name).collect();
        for name in ["白桦镇", "柳河苏木", "查干苏木"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }
}
