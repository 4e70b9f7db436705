//! How the closed word lists of the domain stand in the OpenAPI document.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use zhibu_domain::attendance::Attendance;
use zhibu_domain::event::{RedoReason, Status, Verb};
use zhibu_domain::org::{NamingScheme, OrgType, Role};
use zhibu_domain::record::RecordKind;
use zhibu_domain::refusal::RefusalCode;
use zhibu_domain::rule_book::words::Period;

use super::login::LoginStage;
use crate::store::{AuditAct, Exception, FactorPolicy, HowResolved, SessionStage};

fn words(list: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(list)).build()
}

pub(super) fn status() -> Object {
    words(Status::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn verb() -> Object {
    words(Verb::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn redo_reason() -> Object {
    words(RedoReason::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn org_type() -> Object {
    words(OrgType::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn role() -> Object {
    words(Role::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn record_kind() -> Object {
    words(RecordKind::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn refusal_code() -> Object {
    words(RefusalCode::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn how_resolved() -> Object {
    words(HowResolved::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn audit_act() -> Object {
    words(AuditAct::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn factor_policy() -> Object {
    words(FactorPolicy::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn session_stage() -> Object {
    words(SessionStage::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn login_stage() -> Object {
    words(LoginStage::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn exception() -> Object {
    words(Exception::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn period() -> Object {
    words(Period::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn naming() -> Object {
    words(NamingScheme::ALL.iter().map(|word| word.as_str()))
}

pub(super) fn attendance() -> Object {
    words(Attendance::ALL.iter().map(|word| word.as_str()))
}
