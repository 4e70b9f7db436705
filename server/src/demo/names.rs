//! Names of people who do not exist.
//!
//! Han names: surnames as frequent as in the country, given names of the generation that was given them. About
//! one name in eight is Mongolian: a single word, a compound, or two or three joined by "·", since a roster must
//! take names of more than twenty characters as calmly as those of two. Nobody's ethnicity is stored: it is the
//! name that is drawn.

use super::people::Sex;
use super::random::Stream;

/// Mongolian names in a thousand.
const MONGOLIAN: usize = 120;

/// Surnames and their bearers in ten thousand people (the fifty most frequent, and two of two characters).
const SURNAMES: [(&str, u16); 52] = [
    ("王", 720),
    ("李", 718),
    ("张", 674),
    ("刘", 538),
    ("陈", 453),
    ("杨", 308),
    ("黄", 223),
    ("赵", 229),
    ("吴", 205),
    ("周", 212),
    ("徐", 167),
    ("孙", 154),
    ("马", 129),
    ("朱", 126),
    ("胡", 131),
    ("郭", 115),
    ("何", 117),
    ("林", 107),
    ("高", 100),
    ("罗", 86),
    ("郑", 85),
    ("梁", 84),
    ("谢", 72),
    ("宋", 81),
    ("唐", 65),
    ("许", 66),
    ("韩", 68),
    ("邓", 55),
    ("冯", 64),
    ("曹", 57),
    ("彭", 52),
    ("曾", 50),
    ("肖", 58),
    ("田", 50),
    ("董", 51),
    ("潘", 44),
    ("袁", 46),
    ("蔡", 44),
    ("蒋", 46),
    ("余", 44),
    ("于", 48),
    ("杜", 46),
    ("叶", 42),
    ("程", 45),
    ("魏", 43),
    ("苏", 43),
    ("吕", 41),
    ("丁", 42),
    ("任", 41),
    ("姜", 39),
    ("欧阳", 7),
    ("司马", 1),
];

const OLD_MALE: [&str; 24] = [
    "建国", "国庆", "德福", "玉山", "长林", "永贵", "福来", "振山", "文明", "景田", "凤山", "殿臣", "宝成",
    "占江", "连生", "树林", "春和", "万才", "守信", "广义", "庆丰", "喜顺", "忠", "林",
];
const OLD_FEMALE: [&str; 22] = [
    "秀英", "桂兰", "玉珍", "凤英", "淑芬", "桂芝", "秀兰", "玉兰", "淑琴", "凤霞", "桂荣", "秀芝", "玉梅",
    "淑贤", "素芹", "翠花", "彩云", "春兰", "月娥", "金凤", "芳", "兰",
];
const NEW_MALE: [&str; 24] = [
    "志强", "海峰", "立新", "晓东", "伟", "磊", "鹏飞", "文博", "浩然", "俊杰", "宏伟", "永刚", "晓明",
    "子轩", "天宇", "振华", "洪波", "延军", "国栋", "利民", "超", "凯", "智勇", "明远",
];
const NEW_FEMALE: [&str; 22] = [
    "丽娜", "海燕", "晓梅", "静", "婷婷", "雪梅", "艳玲", "文静", "佳怡", "春燕", "红霞", "思雨", "欣然",
    "丽华", "敏", "颖", "晓丽", "雅琴", "立平", "慧敏", "雨晴", "亚男",
];

const MONGOLIAN_MALE: [&str; 24] = [
    "巴特尔",
    "孟和",
    "朝鲁",
    "那顺",
    "苏和",
    "布和",
    "乌力吉",
    "宝音",
    "额尔敦",
    "特木尔",
    "吉日嘎拉",
    "白音",
    "阿古拉",
    "哈斯",
    "格日乐图",
    "敖其尔",
    "陶格陶胡",
    "斯日古楞",
    "巴雅尔",
    "满都拉",
    "青格勒",
    "达来",
    "查干巴拉",
    "赛音吉雅",
];
const MONGOLIAN_FEMALE: [&str; 20] = [
    "其其格",
    "萨仁",
    "高娃",
    "托娅",
    "娜仁",
    "斯琴",
    "乌云",
    "琪琪格",
    "萨日娜",
    "图雅",
    "阿拉坦",
    "格根",
    "塔娜",
    "乌日娜",
    "莲花",
    "通拉嘎",
    "哈森",
    "诺敏",
    "娜布其",
    "乌仁图雅",
];

/// A name for someone of this sex who joined in this year.
pub(super) fn draw(stream: &mut Stream, sex: Sex, joined_in: i16) -> String {
    if stream.per_mille(MONGOLIAN) { mongolian(stream, sex) } else { han(stream, sex, joined_in) }
}

fn han(stream: &mut Stream, sex: Sex, joined_in: i16) -> String {
    let given: &[&str] = match (sex, joined_in < 1995) {
        (Sex::Male, true) => &OLD_MALE,
        (Sex::Female, true) => &OLD_FEMALE,
        (Sex::Male, false) => &NEW_MALE,
        (Sex::Female, false) => &NEW_FEMALE,
    };
    let surname = stream.pick_weighted(&SURNAMES);
    format!("{surname}{}", stream.pick(given))
}

fn mongolian(stream: &mut Stream, sex: Sex) -> String {
    let own = mongolian_word(stream, sex);
    match stream.below(20) {
        0..12 => own,
        12..18 => format!("{}·{own}", mongolian_word(stream, Sex::Male)),
        _ => {
            let elders = [mongolian_word(stream, Sex::Male), mongolian_word(stream, Sex::Male)];
            format!("{}·{own}", elders.join("·"))
        }
    }
}

/// One word, sometimes a compound of two as in 那顺巴特尔.
fn mongolian_word(stream: &mut Stream, sex: Sex) -> String {
    let pool: &[&str] = match sex {
        Sex::Male => &MONGOLIAN_MALE,
        Sex::Female => &MONGOLIAN_FEMALE,
    };
    let last = stream.pick(pool);
    let first = stream.pick(&MONGOLIAN_MALE);
    if stream.per_mille(450) && first != last { format!("{first}{last}") } else { last.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten_thousand() -> Vec<String> {
        let mut stream = Stream::new(1, "names");
        (0..10_000)
            .map(|turn| {
                let sex = if turn % 3 == 0 { Sex::Female } else { Sex::Male };
                draw(&mut stream, sex, if turn % 2 == 0 { 1980 } else { 2015 })
            })
            .collect()
    }

    #[test]
    fn frequent_surnames_are_frequent_and_one_name_in_eight_is_mongolian() {
        let names = ten_thousand();
        let starting = |surname: &str| names.iter().filter(|name| name.starts_with(surname)).count();
        assert!(starting("王") > 700 && starting("王") < 1200, "{}", starting("王"));
        assert!(starting("王") > 5 * starting("姜"));
        let han = names.iter().filter(|name| SURNAMES.iter().any(|(surname, _)| name.starts_with(surname)));
        let han = han.count();
        // 苏和 and 白 … begin like Han surnames: a wide margin.
        assert!((8_700..9_100).contains(&han), "{han}");
    }

    #[test]
    fn some_names_are_long_and_none_has_stray_characters() {
        let names = ten_thousand();
        let dotted = names.iter().filter(|name| name.contains('·')).count();
        assert!((300..700).contains(&dotted), "{dotted}");
        assert!(names.iter().any(|name| name.chars().count() >= 16));
        for name in &names {
            assert!((2..=40).contains(&name.chars().count()), "{name}");
            let cjk = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) || c == '·';
            assert!(name.chars().all(cjk), "{name}");
            assert!(!name.starts_with('·') && !name.ends_with('·') && !name.contains("··"), "{name}");
        }
    }
}
