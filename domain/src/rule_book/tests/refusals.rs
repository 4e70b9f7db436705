use super::super::*;

/// The faults of the example after one edit, each with its line, and the edited text.
fn edit(find: &str, replace: &str) -> (String, Vec<Fault>) {
    assert_eq!(EXAMPLE_TOML.matches(find).count(), 1, "the edit must hit one place: {find}");
    let text = EXAMPLE_TOML.replace(find, replace);
    let faults = RuleBook::from_toml(&text).expect_err("should have been refused");
    (text, faults)
}

/// The line, from 1, of the only place where `marker` stands.
fn line_of(text: &str, marker: &str) -> usize {
    assert_eq!(text.matches(marker).count(), 1, "the marker must be unique: {marker}");
    1 + text[..text.find(marker).unwrap()].matches('\n').count()
}

/// One edit, one fault: this code, at the line of the marker, with a reason in Chinese.
#[track_caller]
fn assert_refused(find: &str, replace: &str, marker: &str, code: FaultCode) {
    let (text, faults) = edit(find, replace);
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.code)).collect();
    assert_eq!(found, vec![(line_of(&text, marker), code)], "{faults:?}");
    assert!(faults[0].reason.chars().any(|c| ('一'..='龥').contains(&c)), "{}", faults[0].reason);
}

/// An edit of the one line `name = "..."` of a rule.
#[track_caller]
fn assert_name_refused(name: &str, code: FaultCode) {
    assert_refused("参加村级议事协商", name, name, code);
}

#[test]
fn broken_toml() {
    assert_refused("notice_days = 5", "notice_days = = 5", "notice_days = = 5", FaultCode::Syntax);
    let (_, faults) = edit("notice_days = 5", "notice_days = = 5\nreminder_days = 4");
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.code == FaultCode::Syntax));
}

#[test]
fn wrong_types_and_missing_keys() {
    assert_refused("notice_days = 5", "notice_days = \"5\"", "notice_days", FaultCode::WrongType);
    assert_refused(
        "effective_from = 2026-01-01",
        "effective_from = \"2026\"",
        "\"2026\"",
        FaultCode::WrongType,
    );
    assert_refused("total = { min = 0, max = 100 }", "total = 100", "total = 100", FaultCode::WrongType);
    assert_refused("tag = true\nfrequency", "tag = \"ja\"\nfrequency", "tag = \"ja\"", FaultCode::WrongType);
    assert_refused("notice_days = 5\n", "", "# 青岭旗（虚构）", FaultCode::MissingKey);
    assert_refused(
        "[[point_rules]]\ncode = \"C06\"\nname = \"合理化建议被采纳\"\n",
        "[[point_rules]] # nameless\ncode = \"C06\"\n",
        "# nameless",
        FaultCode::MissingKey,
    );
}

#[test]
fn unknown_keys_and_words() {
    assert_refused("notice_days = 5", "notice_days = 5\nnotices = 6", "notices", FaultCode::UnknownKey);
    assert_refused("evidence = \"pairing_log\"", "evidence = \"hearsay\"", "hearsay", FaultCode::UnknownWord);
    assert_refused("levels = [\"group\"]", "levels = [\"cell\"]", "\"cell\"", FaultCode::UnknownWord);
    assert_refused(
        "caps = [{ points = 9, period = \"year\" }]",
        "caps = [{ points = 9, period = \"half_year\" }]",
        "points = 9",
        FaultCode::UnknownWord,
    );
}

#[test]
fn what_could_not_be_read_is_not_checked_any_further() {
    let source = "source = { kind = \"dues\" }\napproval = [\"committee\"]\nclasses = [\"COMMITTEE\", \"ORDINARY\", \"MOBILE\"]\n\n[[point_rules]]\ncode = \"A08\"";
    let magic = source.replace("dues", "magic");
    assert_refused(source, &magic, "\"magic\"", FaultCode::UnknownWord);
    assert_refused("num = 4, den = 5", "num = \"4\", den = 5", "\"4\"", FaultCode::WrongType);
    assert_refused("max = 89", "max = \"89\"", "\"89\"", FaultCode::WrongType);
}

#[test]
fn numbers_out_of_bounds() {
    assert_refused(
        "cycle_start_month = 1",
        "cycle_start_month = 4",
        "cycle_start_month",
        FaultCode::OutOfBounds,
    );
    assert_refused("fixed_day = 15", "fixed_day = 31", "fixed_day", FaultCode::OutOfBounds);
    assert_refused(
        "points = 3, name = \"乡镇级\"",
        "points = 2, name = \"乡镇级\"",
        "乡镇级\"",
        FaultCode::OutOfBounds,
    );
    assert_refused(
        "notice_days = 5",
        "notice_days = 99999999999999999999",
        "notice_days",
        FaultCode::OutOfBounds,
    );
    assert_refused("\"参加党课\"", "\"  \"", "\"  \"", FaultCode::OutOfBounds);
}

#[test]
fn duplicate_codes() {
    let marker = "code = \"C05\" # twice";
    let kind = "code = \"tour_visit\"";
    let double = "code = \"volunteer\" # twice";
    assert_refused("code = \"C06\"\n", "code = \"C05\" # twice\n", marker, FaultCode::DuplicateCode);
    assert_refused(kind, double, double, FaultCode::DuplicateCode);
    assert_refused("{ code = 5, name", "{ code = 4, name", "应转未转", FaultCode::DuplicateCode);
}

#[test]
fn references_to_nothing() {
    let lecture = "activity_kinds = [\"party_lecture\", \"outreach_talk\"]";
    assert_refused(
        lecture,
        "activity_kinds = [\"party_lecture\", \"sermon\"]",
        "sermon",
        FaultCode::UnknownReference,
    );
    assert_refused("classes = [\"FRAIL\"]", "classes = [\"WEAK\"]", "WEAK", FaultCode::UnknownReference);
    assert_refused("category = \"D\"", "category = \"F\"", "category = \"F\"", FaultCode::UnknownReference);
    assert_refused(
        "decision_rule = \"election\"",
        "decision_rule = \"lottery\"",
        "lottery",
        FaultCode::UnknownReference,
    );
    assert_refused("replaces = [\"A02\"]", "replaces = [\"A99\"]", "A99", FaultCode::UnknownReference);
}

#[test]
fn least_above_most() {
    assert_refused(
        "points_min = 1\n",
        "points_min = 3\n",
        "points_min = 3\npoints_max = 2",
        FaultCode::RangeReversed,
    );
    assert_refused("min = 0, max = 100", "min = 100, max = 100", "total = {", FaultCode::RangeReversed);
}

#[test]
fn points_of_the_wrong_sign() {
    assert_refused("points = 3\nunit", "points = -3\nunit", "points = -3\n", FaultCode::WrongSign);
}

#[test]
fn a_deduction_that_gives_points() {
    assert_refused("points = -1\n", "points = 1 # given\n", "# given", FaultCode::WrongSign);
    assert_refused("points = -3, period", "points = 3, period", "points = 3, period", FaultCode::WrongSign);
    assert_refused("cap = -20,", "cap = 20,", "cap = 20,", FaultCode::WrongSign);
    assert_refused("cap = 25 ", "cap = -25 ", "cap = -25", FaultCode::WrongSign);
}

#[test]
fn caps_that_contradict() {
    let c03 = "caps = [{ points = 9, period = \"year\" }]";
    let below_one_award = "caps = [{ points = 2, period = \"year\" }]";
    assert_refused(c03, below_one_award, below_one_award, FaultCode::CapContradiction);
    let month = "caps = [{ points = 8, period = \"year\" }, { points = 2, period = \"month\" }]";
    let month_above_year = "caps = [{ points = 8, period = \"year\" }, { points = 9, period = \"month\" }]";
    assert_refused(month, month_above_year, month_above_year, FaultCode::CapContradiction);
    let out_of_reach = "caps = [{ points = 25, period = \"year\" }, { points = 2, period = \"month\" }]";
    assert_refused(month, out_of_reach, out_of_reach, FaultCode::CapContradiction);
    let twice = "caps = [{ points = 8, period = \"year\" }, { points = 7, period = \"year\" }]";
    assert_refused(month, twice, twice, FaultCode::CapContradiction);
    assert_refused("cap = 60 ", "cap = 101 ", "cap = 101", FaultCode::CapContradiction);
    assert_refused(
        "name = \"荣誉\", cap = 10",
        "name = \"荣誉\", cap = 9",
        "points_min = 3",
        FaultCode::CapContradiction,
    );
}

#[test]
fn replacements_in_a_circle() {
    let (text, faults) = edit(
        "source = { kind = \"dues\" }\napproval = [\"committee\"]\nclasses = [\"COMMITTEE\", \"ORDINARY\", \"MOBILE\"]\n\n[[point_rules]]\ncode = \"A08\"",
        "source = { kind = \"dues\" }\napproval = [\"committee\"]\nclasses = [\"MOBILE\"]\nreplaces = [\"A08\"] # there\n\n[[point_rules]]\nreplaces = [\"A07\"] # and back\ncode = \"A08\"",
    );
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.code)).collect();
    let lines = [line_of(&text, "# there"), line_of(&text, "# and back")];
    assert_eq!(found, lines.map(|line| (line, FaultCode::ReplaceCycle)));
    assert_refused("replaces = [\"A02\"]", "replaces = [\"A10\"]", "[\"A10\"]", FaultCode::ReplaceCycle);
}

#[test]
fn grade_bands_that_overlap_or_leave_a_gap() {
    assert_refused("min = 75, max = 89", "min = 75, max = 90", "max = 90", FaultCode::GradeBands);
    assert_refused("min = 75, max = 89", "min = 75, max = 88", "max = 88", FaultCode::GradeBands);
    assert_refused("min = 0, max = 59", "min = 5, max = 59", "grade_bands", FaultCode::GradeBands);
    assert_refused("min = 90, max = 100", "min = 90, max = 99", "max = 99", FaultCode::GradeBands);
    assert_refused("min = 0, max = 59", "min = -5, max = 59", "grade_bands", FaultCode::GradeBands);
    let band = "{ name = \"合格\", points = { min = 60, max = 74 } },\n";
    assert_refused(band, "", "待提升\",", FaultCode::GradeBands);
}

#[test]
fn fractions_that_make_no_sense() {
    let election = "num = 4, den = 5, op = \"gte\"";
    assert_refused(election, "num = 4, den = 0, op = \"gte\"", "den = 0", FaultCode::Fraction);
    assert_refused(election, "num = 6, den = 5, op = \"gte\"", "num = 6", FaultCode::Fraction);
    assert_refused(election, "num = 0, den = 5, op = \"gte\"", "num = 0", FaultCode::Fraction);
    assert_refused(election, "num = 5, den = 5, op = \"gt\"", "num = 5", FaultCode::Fraction);
    let of_those_there = "num = 2, den = 3, op = \"gte\", base = \"present_voters\"";
    assert_refused(
        "num = 2, den = 3, op = \"gte\", base = \"should_attend\"",
        of_those_there,
        "num = 2",
        FaultCode::Fraction,
    );
}

#[test]
fn parts_that_do_not_fit_together() {
    let e01 = "classes = [\"COMMITTEE\", \"ORDINARY\"]";
    assert_refused(
        e01,
        "classes = [\"ORDINARY\", \"FRAIL\"]",
        "\"ORDINARY\", \"FRAIL\"",
        FaultCode::Mismatch,
    );
    let empty = "source = { kind = \"lecturer\" }";
    assert_refused(
        "source = { kind = \"lecturer\", activity_kinds = [\"party_lecture\", \"outreach_talk\"] }",
        empty,
        empty,
        FaultCode::Mismatch,
    );
    let no_states = "source = { kind = \"attendance\", activity_kinds = [\"theme_day\"] }";
    assert_refused(
        "source = { kind = \"attendance\", activity_kinds = [\"theme_day\"], states = [\"present\", \"present_remote\"] }",
        no_states,
        no_states,
        FaultCode::Mismatch,
    );
    assert_refused(
        "period = \"month\", fixed_day",
        "period = \"year\", fixed_day",
        "fixed_day",
        FaultCode::Mismatch,
    );
    assert_refused("classes = [\"FRAIL\"]\n", "", "\"A05\", \"A06\"]", FaultCode::Mismatch);
    let backwards = "approval = [\"committee\", \"group\"]\nclasses = [\"FRAIL\"]";
    assert_refused(
        "approval = [\"group\", \"committee\"]\nclasses = [\"FRAIL\"]",
        backwards,
        "[\"committee\", \"group\"]",
        FaultCode::Mismatch,
    );
}

#[test]
fn banned_topics_by_the_words_of_a_name() {
    for name in [
        "有坚定信仰",
        "不信宗教",
        "网上言论正确",
        "无越级上访",
        "未参与信访",
        "家庭和睦",
        "家风优良",
        "身体健康",
        "工资申报",
        "收入申报",
        "每日登录平台",
        "下载并使用",
        "安装软件",
        "为文章点赞",
        "转发链接",
        "学习强国积分",
        "月度在线时长",
        "政治画像合格",
    ] {
        assert_name_refused(name, FaultCode::BannedTopic);
    }
}

#[test]
fn check_ins_and_rankings_by_the_words_of_a_name() {
    assert_name_refused("按时打卡", FaultCode::MandatoryTrace);
    assert_name_refused("会前扫码签到", FaultCode::MandatoryTrace);
    assert_name_refused("支部排名靠前", FaultCode::Ranking);
}

#[test]
fn banned_topics_by_code() {
    for code in [
        "belief",
        "SPEECH_1",
        "petition-2",
        "family",
        "health.x",
        "wage",
        "app_login",
        "install",
        "like",
        "online_time",
    ] {
        let new = format!("code = \"{code}\"");
        assert_refused("code = \"B02\"", &new, &new, FaultCode::BannedTopic);
    }
    assert_refused("code = \"audience_count\"", "code = \"salary\"", "\"salary\"", FaultCode::BannedTopic);
    assert_refused("name = \"无职有履职能力党员\"", "name = \"信教党员\"", "信教", FaultCode::BannedTopic);
    assert_refused("code = \"tour_visit\"", "code = \"sign_in\"", "\"sign_in\"", FaultCode::MandatoryTrace);
}

#[test]
fn a_photo_a_place_or_a_check_in_made_mandatory() {
    for flag in [
        "photo = \"required\"",
        "photos = 3",
        "place = \"required\"",
        "geo = true",
        "location = \"must\"",
        "check_in = true",
        "gps = { radius_m = 100 }",
        "video = true",
    ] {
        let new = format!("unit = \"件\"\n{flag}");
        assert_refused("unit = \"件\"", &new, flag, FaultCode::MandatoryTrace);
        let new = format!("notice_days = 5\n{flag}");
        assert_refused("notice_days = 5", &new, flag, FaultCode::MandatoryTrace);
    }
    let field =
        "{ code = \"theme\", name = \"主题\", kind = \"text\", required = true, photo = \"required\" }";
    assert_refused(
        "{ code = \"theme\", name = \"主题\", kind = \"text\", required = true }",
        field,
        field,
        FaultCode::MandatoryTrace,
    );
    assert_refused(
        "evidence = \"pairing_log\"",
        "evidence = \"photo\"",
        "\"photo\"",
        FaultCode::MandatoryTrace,
    );
    assert_refused("evidence = \"pairing_log\"", "evidence = \"gps\"", "\"gps\"", FaultCode::MandatoryTrace);
    let photo = "{ code = \"group_photo\", name = \"照片\", kind = \"reference\", required = true }";
    assert_refused(
        "{ code = \"plan\", name = \"方案\", kind = \"text\" }",
        photo,
        photo,
        FaultCode::MandatoryTrace,
    );
}

#[test]
fn an_optional_photo_asks_for_nothing_but_is_no_key_of_a_book() {
    let new = "unit = \"件\"\nphoto = \"optional\"";
    assert_refused("unit = \"件\"", new, "optional", FaultCode::UnknownKey);
}

#[test]
fn any_order_of_people() {
    for key in
        ["rank = true", "ranking = \"desc\"", "order_by = \"points\"", "leaderboard = false", "top_n = 10"]
    {
        let new = format!("notice_days = 5\n{key}");
        assert_refused("notice_days = 5", &new, key, FaultCode::Ranking);
    }
}

#[test]
fn all_faults_are_listed_in_the_order_of_lines() {
    let text = EXAMPLE_TOML
        .replace("notice_days = 5", "notice_days = 5\nrank = 1")
        .replace("参加村级议事协商", "每日登录平台")
        .replace("num = 4, den = 5", "num = 4, den = 0")
        .replace("points_min = 1", "points_min = 7");
    let faults = RuleBook::from_toml(&text).unwrap_err();
    let codes: Vec<FaultCode> = faults.iter().map(|fault| fault.code).collect();
    use FaultCode::{BannedTopic, Fraction, RangeReversed, Ranking};
    assert_eq!(codes, [Ranking, Fraction, BannedTopic, RangeReversed]);
    assert!(faults.is_sorted_by_key(|fault| fault.line));
    assert!(faults[0].to_string().starts_with(&format!("第 {} 行：", line_of(&text, "rank = 1"))));
}

#[test]
fn nothing_and_nonsense_are_refused_without_a_panic() {
    assert!(RuleBook::from_toml("").unwrap_err().iter().all(|fault| fault.line == 1));
    for text in
        ["\u{0}", "[[[", "id = 1\nid = 2", "point_rules = 3", "point_rules = [1, [2], {}]", "labels = []"]
    {
        assert!(!RuleBook::from_toml(text).unwrap_err().is_empty());
    }
}
