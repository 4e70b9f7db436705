//! What people write: a fixed vocabulary, mixed by number, so that every note differs and every run is the same.

/// Deeds, four characters each.
const DEEDS: [&str; 32] = [
    "清理村道",
    "疏通水渠",
    "帮收玉米",
    "维修路灯",
    "看护林地",
    "巡查河堤",
    "走访老人",
    "代办手续",
    "劝导交通",
    "清扫积雪",
    "植树补苗",
    "搬运物资",
    "修补围栏",
    "整理书屋",
    "宣讲政策",
    "辅导功课",
    "调解邻里",
    "登记台账",
    "打扫会场",
    "布置展板",
    "抢修水管",
    "排查隐患",
    "护送就医",
    "分发通知",
    "翻修屋顶",
    "采摘果蔬",
    "垃圾分类",
    "测量地界",
    "照看牲畜",
    "教用手机",
    "修剪树枝",
    "值守路口",
];
/// Where and with whom, four characters each.
const PLACES: [&str; 16] = [
    "在村东头",
    "在村西头",
    "在活动室",
    "在小广场",
    "在河滩边",
    "在卫生所",
    "在学校旁",
    "在粮库前",
    "和三人一",
    "和五户人",
    "和志愿队",
    "和邻居们",
    "同支委们",
    "同青年们",
    "同护林员",
    "同水管员",
];
/// How many characters a claim's note has.
pub(crate) const NOTE_CHARS: usize = 40;

/// A note of forty characters; another for each number.
pub(crate) fn note(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5a68_6962_7521_2026;
    let mut draw = |below: usize| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % below
    };
    let mut note = String::new();
    for _ in 0..NOTE_CHARS / 8 {
        note.push_str(PLACES[draw(PLACES.len())]);
        note.push_str(DEEDS[draw(DEEDS.len())]);
    }
    note
}

/// A paragraph of minutes, about 120 characters.
pub(crate) fn minutes(number: u64) -> String {
    format!(
        "会议认为，{}。{}。{}，由党小组负责落实，下次会议报告情况。",
        note(number),
        note(number + 1),
        note(number + 2)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn notes_have_forty_characters_and_differ() {
        let notes: BTreeSet<_> = (0..20_000).map(note).collect();
        assert_eq!(notes.len(), 20_000);
        assert!(notes.iter().all(|note| note.chars().count() == NOTE_CHARS));
    }
}
