//! Sessions of staff. A browser keeps its token in a cookie that no script can read and no other site can send;
//! a program sends it as `Authorization: Bearer`. The server keeps a hash of it, and may end it at any moment.
//!
//! A request that comes by cookie must also carry the header [`CONSOLE_HEADER`], which a page of another origin
//! cannot add. A session ends after half an hour without a request, and after twelve hours in any case.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::{AccountId, DeviceId, DistrictId};
use zhibu_domain::time::Millis;

use super::DeviceCaller;
use crate::App;
use crate::error::ApiError;
use crate::store::{Session, SessionHash, SessionStage};

/// A browser sends it, with any value, with each request but the one that listens for news.
pub const CONSOLE_HEADER: HeaderName = HeaderName::from_static("zhibu-console");

/// How long a session lasts without a request, in milliseconds.
const IDLE_MS: i64 = 30 * 60 * 1000;
/// How long it lasts in any case.
const WHOLE_MS: i64 = 12 * 60 * 60 * 1000;
/// Its last use is noted once a minute: not every read shall cost a write.
const NOTED_EACH_MS: i64 = 60 * 1000;
/// Bytes of a token: the district's id and a secret.
const TOKEN_BYTES: usize = 16 + 32;
/// Length of a token as text.
const TOKEN_CHARS: usize = TOKEN_BYTES / 3 * 4;

/// Which door was knocked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// The console's endpoints. Whoever asks there is at work.
    Console,
    /// The feed, where a browser cannot add a header and which is open for hours without anybody being there.
    Feed,
}

impl Session {
    /// When it ends if nobody uses it any more.
    pub fn expires_at(&self) -> Millis {
        self.used_at.plus(IDLE_MS).min(self.ends_at())
    }

    /// When it ends in any case.
    pub fn ends_at(&self) -> Millis {
        self.opened_at.plus(WHOLE_MS)
    }
}

/// Opens a session for an account. Answers it with its token.
pub async fn open(
    app: &App,
    district: DistrictId,
    account: AccountId,
    stage: SessionStage,
) -> Result<(String, Session), ApiError> {
    let now = app.clock.now();
    app.store.sweep_sessions(district, now.plus(-IDLE_MS), now.plus(-WHOLE_MS)).await?;
    let fresh = DeviceId(app.entropy.uuid(now));
    let device = app.store.ensure_console_device(district, account, fresh, now).await?;
    let secret: [u8; 32] = app.entropy.bytes();
    let session = Session {
        hash: Sha256::digest(secret).into(),
        account,
        device: device.id,
        stage,
        pending_factor: None,
        opened_at: now,
        used_at: now,
    };
    app.store.open_session(district, &session).await?;
    let token = BASE64URL_NOPAD.encode(&[&district.bytes()[..], &secret].concat());
    Ok((token, session))
}

/// Whose session the request belongs to.
pub(super) async fn recognise(
    headers: &HeaderMap,
    app: &Arc<App>,
    entrance: Entrance,
) -> Result<(DeviceCaller, Session), ApiError> {
    let token =
        bearer(headers).or_else(|| cookie(headers, app, entrance)).ok_or(ApiError::Unauthenticated)?;
    let (district, hash) = read_token(token).ok_or(ApiError::Unauthenticated)?;
    let session = app.store.find_session(district, &hash).await?.ok_or(ApiError::Unauthenticated)?;
    let now = app.clock.now();
    if now >= session.expires_at() {
        return Err(ApiError::TokenExpired);
    }
    let owner = app.store.find_device(district, session.device).await?.ok_or(ApiError::Unauthenticated)?;
    if !owner.is_active() {
        return Err(ApiError::DeviceRevoked);
    }
    if entrance == Entrance::Feed || session.used_at.plus(NOTED_EACH_MS) > now {
        return Ok((owner.into(), session));
    }
    app.store.touch_session(district, &hash, now).await?;
    Ok((owner.into(), Session { used_at: now, ..session }))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie<'h>(headers: &'h HeaderMap, app: &App, entrance: Entrance) -> Option<&'h str> {
    if entrance == Entrance::Console && !headers.contains_key(CONSOLE_HEADER) {
        return None;
    }
    let lists = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lists.flat_map(|list| list.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == cookie_name(app)).map(|(_, value)| value)
}

fn read_token(token: &str) -> Option<(DistrictId, SessionHash)> {
    if token.len() != TOKEN_CHARS {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let (district, secret) = bytes.split_first_chunk::<16>()?;
    Some((DistrictId::from_bytes(*district), Sha256::digest(secret).into()))
}

/// Browsers take a name with this prefix only over TLS, from this host and for all of it. On an intranet without
/// TLS they would refuse it.
fn cookie_name(app: &App) -> &'static str {
    if app.is_https() { "__Host-zhibu" } else { "zhibu" }
}

/// The header that gives a browser its token. Without an age: it is gone when the browser is closed.
pub fn set_cookie(app: &App, token: &str) -> Result<HeaderValue, ApiError> {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let name = cookie_name(app);
    let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}

/// The header that takes it away.
pub fn clear_cookie(app: &App) -> Result<HeaderValue, ApiError> {
    let secure = if app.is_https() { "; Secure" } else { "" };
    let name = cookie_name(app);
    let text = format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure}");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}
