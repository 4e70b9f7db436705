//! What may go wrong at the door: one enum, one status table, one body.
//!
//! A handler returns [`ApiError`]; the frame around it (`http::frame`) knows the request's id and the time, writes
//! the body, and tells the log once what must not be told to the client.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use zhibu_domain::rule_book::Fault;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ErrorBody, ErrorCode};

use crate::store::StoreError;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body or a parameter cannot be read; the text says where, without quoting content.
    #[error("malformed: {0}")]
    Malformed(Cow<'static, str>),
    /// No token, or none of ours.
    #[error("no valid token")]
    Unauthenticated,
    /// The token is over.
    #[error("token expired")]
    TokenExpired,
    /// The proof does not fit the key, or was used before.
    #[error("wrong proof")]
    WrongProof,
    /// The device's clock is off by more than the tolerance.
    #[error("clock skew")]
    ClockSkew,
    /// The device was revoked or its account closed.
    #[error("device revoked")]
    DeviceRevoked,
    /// Login or password wrong.
    #[error("wrong login")]
    WrongLogin,
    /// The code of the second factor is wrong, or was used before.
    #[error("wrong code")]
    WrongCode,
    /// The district requires a second factor, and the caller has not set his up yet.
    #[error("second factor missing")]
    FactorMissing,
    /// Known, but not allowed.
    #[error("forbidden")]
    Forbidden,
    /// Not there, or not the caller's to know of.
    #[error("not found")]
    NotFound,
    /// There, but not with this method.
    #[error("wrong method")]
    WrongMethod,
    /// The state is another than the caller thought; the text is for people, in Chinese.
    #[error("conflict: {0}")]
    Conflict(Cow<'static, str>),
    /// The invite was used or is over.
    #[error("invite spent")]
    InviteSpent,
    /// Beyond a limit.
    #[error("too large: {0}")]
    TooLarge(Cow<'static, str>),
    /// A content type or encoding that is not spoken here.
    #[error("unsupported media")]
    UnsupportedMedia,
    /// A rule of the trade forbids it; the text is for people, in Chinese.
    #[error("rule broken: {0}")]
    RuleBroken(Cow<'static, str>),
    /// A rule book with faults, which are told one by one.
    #[error("a rule book with {} faults", .0.len())]
    FaultyRuleBook(Vec<Fault>),
    /// The client speaks a protocol that is no longer answered.
    #[error("client too old")]
    ClientTooOld,
    /// Slow down.
    #[error("too many requests")]
    TooMany {
        /// When to come again, in seconds.
        retry_after_s: u32,
    },
    /// More is asked of the server than it can do at once; nothing of the request was read.
    #[error("crowded")]
    Crowded {
        /// When to come again, in seconds.
        retry_after_s: u32,
    },
    /// The server is busy or took too long.
    #[error("busy")]
    Busy,
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own fault.
    #[error("internal: {0}")]
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

/// When to come again after 503, in seconds. Long enough for a burst to pass, short enough for a person to wait.
const RETRY_AFTER_S: u32 = 2;

impl ApiError {
    /// An internal error out of whatever broke.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        ApiError::Internal(error.into())
    }

    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            ApiError::Malformed(_) => ErrorCode::Malformed,
            ApiError::Unauthenticated => ErrorCode::Unauthenticated,
            ApiError::TokenExpired => ErrorCode::TokenExpired,
            ApiError::WrongProof => ErrorCode::WrongProof,
            ApiError::ClockSkew => ErrorCode::ClockSkew,
            ApiError::DeviceRevoked => ErrorCode::DeviceRevoked,
            ApiError::WrongLogin | ApiError::WrongCode => ErrorCode::WrongLogin,
            ApiError::Forbidden | ApiError::FactorMissing => ErrorCode::Forbidden,
            ApiError::NotFound => ErrorCode::NotFound,
            ApiError::WrongMethod => ErrorCode::WrongMethod,
            ApiError::Conflict(_) => ErrorCode::Conflict,
            ApiError::InviteSpent => ErrorCode::InviteSpent,
            ApiError::TooLarge(_) => ErrorCode::TooLarge,
            ApiError::UnsupportedMedia => ErrorCode::UnsupportedMedia,
            ApiError::RuleBroken(_) | ApiError::FaultyRuleBook(_) => ErrorCode::RuleBroken,
            ApiError::ClientTooOld => ErrorCode::ClientTooOld,
            ApiError::TooMany { .. } => ErrorCode::TooMany,
            ApiError::Crowded { .. }
            | ApiError::Busy
            | ApiError::Store(StoreError::Busy | StoreError::Unavailable(_)) => ErrorCode::Unavailable,
            ApiError::Store(StoreError::Corrupt { .. }) | ApiError::Internal(_) => ErrorCode::Internal,
        }
    }

    /// When to come again, in seconds, if that helps.
    pub fn retry_after_s(&self) -> Option<u32> {
        match self {
            ApiError::TooMany { retry_after_s } | ApiError::Crowded { retry_after_s } => Some(*retry_after_s),
            error => (error.code() == ErrorCode::Unavailable).then_some(RETRY_AFTER_S),
        }
    }

    /// The body. What broke inside is not in it.
    pub fn body(&self, request_id: &str, server_time: Millis) -> ErrorBody {
        let message = match self {
            ApiError::RuleBroken(text) | ApiError::Conflict(text) => text.clone().into_owned(),
            ApiError::WrongCode => {
                "验证码不对，或者已经用过。请等手机上出现新的六位数字，再输一次。".to_owned()
            }
            ApiError::FactorMissing => "请先设置两步验证，再办理别的事。".to_owned(),
            ApiError::FaultyRuleBook(_) => "规则手册有错，没有采用。请按下面逐条更正。".to_owned(),
            error => plain(error.code()).to_owned(),
        };
        ErrorBody { code: self.code(), message, request_id: request_id.to_owned(), server_time }
    }

    /// The faults of a rule book, which stand beside the body.
    pub fn faults(&self) -> &[Fault] {
        match self {
            ApiError::FaultyRuleBook(faults) => faults,
            _ => &[],
        }
    }

    /// Whether the fault is ours and has to be in the log with all that is known of it.
    pub fn is_ours(&self) -> bool {
        status(self.code()).is_server_error() && !matches!(self, ApiError::Crowded { .. })
    }
}

/// The status table. There is no other.
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated
        | ErrorCode::TokenExpired
        | ErrorCode::WrongProof
        | ErrorCode::ClockSkew
        | ErrorCode::DeviceRevoked
        | ErrorCode::WrongLogin => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::InviteSpent => StatusCode::GONE,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::RuleBroken => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::ClientTooOld => StatusCode::UPGRADE_REQUIRED,
        ErrorCode::TooMany => StatusCode::TOO_MANY_REQUESTS,
        // `Unknown` is only read by clients; nothing here makes it.
        ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What a person reads.
fn plain(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Malformed => "请求的格式不对，请更新软件后再试。",
        ErrorCode::Unauthenticated => "请先登录。",
        ErrorCode::TokenExpired => "登录已过期，请重新登录。",
        ErrorCode::WrongProof => "这台设备的验证没有通过，请再试一次。",
        ErrorCode::ClockSkew => "设备的时间不准，请校准时间后再试。",
        ErrorCode::DeviceRevoked => "这台设备已被停用，请联系乡镇党建办。",
        ErrorCode::WrongLogin => "用户名或密码不对。",
        ErrorCode::Forbidden => "您没有权限做这一步。",
        ErrorCode::NotFound => "没有找到。",
        ErrorCode::WrongMethod => "请求的方式不对，请更新软件后再试。",
        ErrorCode::Conflict => "内容已被别人改动，请刷新后再试。",
        ErrorCode::InviteSpent => "邀请码已用过或已过期，请要一个新的。",
        ErrorCode::TooLarge => "内容太大，请分几次提交。",
        ErrorCode::UnsupportedMedia => "不支持这种内容格式。",
        ErrorCode::RuleBroken => "不符合规定。",
        ErrorCode::ClientTooOld => "软件版本太旧，请更新后再用。",
        ErrorCode::TooMany => "操作太频繁，请稍后再试。",
        ErrorCode::Internal | ErrorCode::Unknown => "服务器出了问题，已经记录。内容没有丢失。",
        ErrorCode::Unavailable => "服务器正忙，请稍后再试。内容没有丢失。",
    }
}

/// Leaves the error in the response for the frame, which knows how this client wants it written.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = status(self.code()).into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of PROTOCOL.md: a change here is a change of the protocol.
    #[test]
    fn every_code_has_the_status_that_the_protocol_names() {
        let table: Vec<_> =
            ErrorCode::ALL.iter().map(|code| (code.as_str(), status(*code).as_u16())).collect();
        let expected = [
            ("malformed", 400),
            ("unauthenticated", 401),
            ("token_expired", 401),
            ("wrong_proof", 401),
            ("clock_skew", 401),
            ("device_revoked", 401),
            ("wrong_login", 401),
            ("forbidden", 403),
            ("not_found", 404),
            ("wrong_method", 405),
            ("conflict", 409),
            ("invite_spent", 410),
            ("too_large", 413),
            ("unsupported_media", 415),
            ("rule_broken", 422),
            ("client_too_old", 426),
            ("too_many", 429),
            ("internal", 500),
            ("unavailable", 503),
        ];
        assert_eq!(table, expected);
    }

    #[test]
    fn what_broke_inside_is_not_told() {
        let corrupt = StoreError::Corrupt { table: "accounts", row: "乌云其木格".into() };
        let body = ApiError::from(corrupt).body("r1", Millis(5));
        assert_eq!(
            (body.code, body.request_id.as_str(), body.server_time),
            (ErrorCode::Internal, "r1", Millis(5))
        );
        assert!(!body.message.contains("accounts") && !body.message.contains("乌云"));
    }

    #[test]
    fn only_a_busy_server_asks_to_come_again() {
        let busy = ApiError::from(StoreError::Busy).into_response();
        assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(busy.headers()[header::RETRY_AFTER], "2");
        assert!(!ApiError::NotFound.into_response().headers().contains_key(header::RETRY_AFTER));
    }
}
