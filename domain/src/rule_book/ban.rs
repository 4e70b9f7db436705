//! What no rule book may contain, and why.
//!
//! The tool keeps records; it does not watch people. Belief, opinions, petitions, family, health, pay and the use of
//! apps earn or cost nothing and are not recorded; photos, places and check-ins are never mandatory; nobody is put
//! in an order.

use toml::de::DeValue;

use super::fault::FaultCode;

/// One banned topic.
pub(super) struct Ban {
    /// Why, in Chinese; ends the sentence that names the word found.
    reason: &'static str,
    /// Words in Chinese names.
    words: &'static [&'static str],
    /// Parts of codes, between `_`, `-`, `.` or spaces.
    codes: &'static [&'static str],
    /// The sort of fault.
    fault: FaultCode,
}

/// Topics by code and by the words of names. Sources: personal information protection law art. 28; the 2026 rules for
/// government apps (no points for logins, study time, likes or forwards; no compelled photos); the points practice
/// that ran into them.
pub(super) const BANS: &[Ban] = &[
    Ban {
        reason: "信仰属于敏感个人信息，不记录、不计分，请删去",
        words: &["信仰", "宗教", "信教", "教徒", "迷信", "礼拜", "朝拜"],
        codes: &["belief", "beliefs", "religion", "religious", "faith"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "党员的言论不记录、不计分，请删去",
        words: &["言论", "言行", "舆情", "舆论", "发帖", "跟帖", "评论区", "朋友圈", "意识形态"],
        codes: &["speech", "opinions", "posting", "ideology", "sentiment"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "信访是公民权利，不记录、不计分，请删去",
        words: &["信访", "上访", "越级访", "非访", "举报", "控告"],
        codes: &["petition", "petitions", "petitioning", "xinfang", "accusation"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "家庭情况不记录、不计分，请删去",
        words: &["家庭", "家风", "家教", "家属", "婚姻", "婚嫁", "子女", "配偶", "彩礼"],
        codes: &["family", "marriage", "spouse", "children", "household_conduct"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "健康状况属于敏感个人信息，不记录、不计分，请删去",
        words: &["健康", "疾病", "病史", "病情", "体检", "诊断", "残疾"],
        codes: &["health", "illness", "disease", "diagnosis", "medical"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "收入和财产不记录、不计分，请删去",
        words: &["工资", "薪资", "薪酬", "收入", "银行卡", "个人财产", "房产", "捐款金额"],
        codes: &["wage", "wages", "salary", "income", "property", "bank"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "使用手机软件不能计分，也不能作为考核依据，请删去",
        words: &[
            "登录",
            "登陆",
            "下载",
            "安装",
            "卸载",
            "点赞",
            "转发",
            "浏览量",
            "阅读量",
            "学习强国",
            "北疆先锋",
            "在线时长",
            "学习时长",
            "学习时间",
            "关注公众号",
            "装机",
            "活跃度",
            "客户端",
            "APP",
            "App",
            "app",
        ],
        codes: &[
            "app",
            "login",
            "logins",
            "logon",
            "install",
            "installs",
            "download",
            "like",
            "likes",
            "forward",
            "forwards",
            "share",
            "online",
            "screen",
            "usage",
            "study_time",
            "read_time",
        ],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "不给人画像、不做干部考察和纪律记录，请删去",
        words: &[
            "政治画像",
            "画像",
            "政治素质",
            "甄别",
            "廉洁档案",
            "八小时之外",
            "八小时以外",
            "诫勉",
            "处分",
            "身份证",
        ],
        codes: &["portrait", "profile", "profiling", "integrity", "discipline", "disciplinary", "id_card"],
        fault: FaultCode::BannedTopic,
    },
    Ban {
        reason: "不要求打卡、签到和定位，由记录人点名即可，请删去",
        words: &["打卡", "签到", "扫码", "定位", "轨迹", "刷脸", "人脸"],
        codes: &[
            "check_in",
            "checkin",
            "sign_in",
            "gps",
            "geo",
            "geolocation",
            "track",
            "location",
            "qr",
            "face",
        ],
        fault: FaultCode::MandatoryTrace,
    },
    Ban {
        reason: "不对党员和支部排序，请删去",
        words: &["排名", "排行", "名次", "末位", "积分榜", "龙虎榜", "红黑榜"],
        codes: &["rank", "ranks", "ranking", "rankings", "leaderboard", "toplist"],
        fault: FaultCode::Ranking,
    },
];

/// Keys and codes that ask for a trace of a person or place.
const TRACES: &[&str] =
    &["photo", "photos", "picture", "image", "video", "screenshot", "place", "selfie", "audio"];

/// Keys that put people or branches in an order.
const ORDERS: &[&str] =
    &["rank", "ranks", "ranking", "leaderboard", "order_by", "sort_by", "top", "top_n", "bottom"];

/// Judges a code: banned by one of its parts?
pub(super) fn judge_code(code: &str) -> Option<(FaultCode, String)> {
    let code = code.to_lowercase();
    // Parts are compared whole, so that `like` does not hit `likelihood`; the code is padded to find `check_in` too.
    let padded = format!("_{}_", code.replace(['-', '.', ' ', '/'], "_"));
    let hit = |ban: &&Ban| ban.codes.iter().any(|part| padded.contains(&format!("_{part}_")));
    BANS.iter().find(hit).map(|ban| (ban.fault, format!("“{code}”：{}", ban.reason)))
}

/// Judges a Chinese name: banned by one of its words?
pub(super) fn judge_name(name: &str) -> Option<(FaultCode, String)> {
    BANS.iter().find_map(|ban| {
        let word = ban.words.iter().find(|word| name.contains(*word))?;
        Some((ban.fault, format!("“{name}”中有“{word}”：{}", ban.reason)))
    })
}

/// Judges a word given where a closed set was expected.
pub(super) fn judge_word(word: &str) -> Option<(FaultCode, String)> {
    if is_trace(word) {
        return Some(mandatory(word));
    }
    judge_code(word).or_else(|| judge_name(word))
}

/// Judges a key that no rule book has, with its value.
pub(super) fn judge_key(key: &str, value: &DeValue<'_>) -> Option<(FaultCode, String)> {
    let lower = key.to_lowercase();
    if ORDERS.contains(&lower.as_str()) {
        return Some((FaultCode::Ranking, format!("“{key}”：不对党员和支部排序，请删去")));
    }
    let (code, reason) =
        if is_trace(key) { mandatory(key) } else { judge_code(key).or_else(|| judge_name(key))? };
    // `photo = "optional"` asks for nothing: it is merely a key that the book does not have.
    (code != FaultCode::MandatoryTrace || asks_for_it(value)).then_some((code, reason))
}

/// Whether a code names a photo, a place or the like.
pub(super) fn is_trace(code: &str) -> bool {
    let code = code.to_lowercase();
    code.split(['_', '-', '.', ' ']).any(|part| TRACES.contains(&part))
}

/// Why a photo, place or check-in cannot be mandatory.
pub(super) fn mandatory(code: &str) -> (FaultCode, String) {
    (FaultCode::MandatoryTrace, format!("“{code}”：照片、地点、签到一律自愿，不能作为必填项或依据，请删去"))
}

fn asks_for_it(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Boolean(yes) => *yes,
        DeValue::String(text) => !matches!(text.as_ref(), "optional" | "never" | "off" | "no" | "none"),
        _ => true,
    }
}
