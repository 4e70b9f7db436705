//! Chinese words for what the library says in codes.

use zhibu_domain::attendance::Attendance;
use zhibu_domain::command::AboutField;
use zhibu_domain::event::{PointsReason, PointsVerb, RedoReason, Status, Verb};
use zhibu_domain::points::LineState;
use zhibu_domain::time::Millis;
use zhibu_sync_client::desk::{PhotoState, ShownValue};

pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Draft => "草稿",
        Status::Planned => "已计划",
        Status::Held => "已开展，未提交",
        Status::Submitted => "已提交，待备案",
        Status::Filed => "已备案",
        Status::Returned => "已退回",
        Status::RedoRequired => "责令重开",
        Status::Reopened => "重新打开",
        Status::Voided => "已作废",
    }
}

pub(crate) fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Submitted => "提交",
        Verb::Filed => "备案",
        Verb::Returned => "退回补正",
        Verb::RedoRequired => "责令重开",
        Verb::Reopened => "重新打开",
        Verb::Voided => "作废",
    }
}

pub(crate) fn photo_state(state: PhotoState) -> &'static str {
    match state {
        PhotoState::Waiting => "待上传",
        PhotoState::Uploaded => "已上传",
        PhotoState::Elsewhere => "不在本机",
    }
}

pub(crate) fn attendance(state: Option<Attendance>) -> &'static str {
    match state {
        None => "未标记",
        Some(Attendance::Present) => "到会",
        Some(Attendance::PresentRemote) => "线上到会",
        Some(Attendance::PresentElsewhere) => "在流入地参加",
        Some(Attendance::Visited) => "送学上门",
        Some(Attendance::LeaveWork) => "公事请假",
        Some(Attendance::LeaveIllness) => "病假",
        Some(Attendance::LeaveOther) => "其他请假",
        Some(Attendance::AbsentUnexcused) => "无故缺席",
        Some(Attendance::Excluded) => "不计入应到会",
        Some(Attendance::NotRequired) => "不要求参加",
    }
}

pub(crate) fn field(field: AboutField) -> &'static str {
    match field {
        AboutField::Title => "标题",
        AboutField::Theme => "主题",
        AboutField::PlannedAt => "计划时间",
        AboutField::HeldFrom => "开始时间",
        AboutField::HeldTo => "结束时间",
        AboutField::Place => "地点",
        AboutField::Host => "主持人",
        AboutField::Recorder => "记录人",
        AboutField::Lecturer => "主讲人",
        AboutField::LectureTitle => "党课题目",
        AboutField::Hours => "学时",
        AboutField::PaperRef => "记录本页码",
        AboutField::AudienceCount => "听众人数",
    }
}

pub(crate) fn points_verb(verb: PointsVerb) -> &'static str {
    match verb {
        PointsVerb::Verified => "核实",
        PointsVerb::Approved => "审定",
        PointsVerb::TownshipFiled => "乡镇备案",
        PointsVerb::Declined => "不予认可",
        PointsVerb::Reversed => "冲销",
        PointsVerb::Objected => "异议",
    }
}

pub(crate) fn line_state(state: LineState) -> &'static str {
    match state {
        LineState::Confirmed => "已确认",
        LineState::Provisional => "待定",
        LineState::Declined => "不予认可",
        LineState::Reversed => "已冲销",
    }
}

pub(crate) fn redo_reason(reason: RedoReason) -> &'static str {
    match reason {
        RedoReason::NoQuorum => "到会人数不足",
        RedoReason::NoTopic => "没有议题",
        RedoReason::WrongAttendees => "参加人员不对",
        RedoReason::NotHeld => "实际没有召开",
    }
}

pub(crate) fn points_reason(reason: PointsReason) -> &'static str {
    match reason {
        PointsReason::NoEvidence => "缺少佐证",
        PointsReason::Duplicate => "重复申报",
        PointsReason::WrongRule => "条目不符",
        PointsReason::WrongDate => "日期不符",
        PointsReason::WrongUnits => "数量不符",
        PointsReason::Mistake => "录入错误",
    }
}

pub(crate) fn value(value: &ShownValue) -> String {
    match value {
        ShownValue::Text(text) => text.clone(),
        ShownValue::Int(number) => number.to_string(),
        ShownValue::Flag(true) => "是".to_owned(),
        ShownValue::Flag(false) => "否".to_owned(),
        ShownValue::Nothing => "（清空）".to_owned(),
    }
}

/// A time in China, to the minute.
pub(crate) fn time(at: Millis) -> String {
    let date = at.date();
    let minutes = (at.0 - Millis::start_of(date).0) / 60_000;
    format!("{date} {:02}:{:02}", minutes / 60, minutes % 60)
}
