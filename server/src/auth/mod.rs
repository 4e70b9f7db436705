//! Who is calling. Handlers take a [`DeviceCaller`] or a [`ConsoleCaller`] and get somebody whom the store
//! knows now.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use zhibu_domain::access::Author;
use zhibu_domain::ids::DistrictId;
use zhibu_domain::wire::{PROOF_SCHEME, TokenRequest};

use crate::App;
use crate::admission::Entry;
use crate::error::ApiError;
use crate::gather::Asked;
use crate::metrics::Stage;
use crate::store::{Account, Device, DeviceOwner, Presence, Session, SessionStage};

pub mod factor;
pub mod password;
pub mod proof;
pub mod session;
pub mod token;
mod voucher;

use session::Entrance;

/// A device with a valid token or a fresh proof, not revoked, of an open account: asked of the store at each request.
#[derive(Debug, Clone)]
pub struct DeviceCaller {
    /// Where it speaks.
    pub district: DistrictId,
    /// The device.
    pub device: Device,
    /// Whose it is; `account.posts` says what it may do.
    pub account: Account,
    /// The version of the org tree at the same instant.
    pub orgs_version: u64,
    /// Which store knows it so.
    pub generation: [u8; 16],
    /// Whether it came with a proof of its key and not with a token.
    pub is_proven: bool,
}

impl DeviceCaller {
    /// It as the author of a change, with the rights that it has now.
    pub fn author(&self) -> Author {
        Author {
            account: self.account.id,
            device: self.device.id,
            member: self.account.member,
            posts: self.account.posts.clone(),
        }
    }
}

/// A staff account at a console, in a session that may do whatever the account may.
#[derive(Debug, Clone)]
pub struct ConsoleCaller {
    /// The account; its `device` is its own hand on the server.
    pub caller: DeviceCaller,
    /// How it came in.
    pub session: Session,
}

impl ConsoleCaller {
    /// Who asks, in a session of whatever stage.
    pub async fn in_any_stage(parts: &Parts, app: &Arc<App>, entrance: Entrance) -> Result<Self, ApiError> {
        let (caller, session) = session::recognise(&parts.headers, app, entrance).await?;
        count(parts, &caller)?;
        Ok(Self { caller, session })
    }

    /// Who asks, if nothing is missing for his work.
    pub async fn at(parts: &Parts, app: &Arc<App>, entrance: Entrance) -> Result<Self, ApiError> {
        let found = Self::in_any_stage(parts, app, entrance).await?;
        match found.session.stage {
            SessionStage::Open => Ok(found),
            SessionStage::SettingUp => Err(ApiError::FactorMissing),
        }
    }
}

impl From<DeviceOwner> for DeviceCaller {
    fn from(owner: DeviceOwner) -> Self {
        Self {
            district: owner.device.district,
            device: owner.device,
            account: owner.account,
            orgs_version: owner.orgs_version,
            generation: owner.generation,
            is_proven: false,
        }
    }
}

impl FromRequestParts<Arc<App>> for DeviceCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        Arrival::from_request_parts(parts, app).await?.settled().await
    }
}

/// A caller of whom it is still being noted that he came. What he brings can be taken meanwhile, since it speaks for
/// itself: envelopes are signed, whoever carries them. No record may be shown to him before he is
/// [settled](Self::settled): his proof may be one that somebody else uses again.
pub struct Arrival {
    /// Who it is, if he is.
    pub caller: DeviceCaller,
    noted: Option<Asked<bool>>,
}

impl Arrival {
    /// The caller, once it is noted that he came.
    pub async fn settled(self) -> Result<DeviceCaller, ApiError> {
        let is_new = match self.noted {
            Some(noted) => Stage::Settle.time(noted.answer()).await?,
            None => true,
        };
        if is_new { Ok(self.caller) } else { Err(ApiError::WrongProof) }
    }
}

impl FromRequestParts<Arc<App>> for Arrival {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let (caller, presence) = Stage::Authenticate.time(recognise(parts, app)).await?;
        count(parts, &caller)?;
        let noted = match presence {
            Some(presence) => Some(app.presences.put(presence).await?),
            None => None,
        };
        Ok(Self { caller, noted })
    }
}

/// Counts the request as its caller's, before its body is read.
fn count(parts: &Parts, caller: &DeviceCaller) -> Result<(), ApiError> {
    let entry = parts.extensions.get::<Arc<Entry>>();
    entry.map_or(Ok(()), |entry| entry.of_account(caller.account.id))
}

/// Who is calling, and what is to be noted of that.
async fn recognise(parts: &Parts, app: &App) -> Result<(DeviceCaller, Option<Presence>), ApiError> {
    let credential = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, text) = credential.and_then(|text| text.split_once(' ')).ok_or(ApiError::Unauthenticated)?;
    match scheme {
        "Bearer" => by_token(app, text).await,
        PROOF_SCHEME => {
            let proof = TokenRequest::from_header(text).ok_or(ApiError::Unauthenticated)?;
            let (owner, presence) = proof::verify(app, &proof).await?;
            Ok((DeviceCaller { is_proven: true, ..owner.into() }, Some(presence)))
        }
        _ => Err(ApiError::Unauthenticated),
    }
}

async fn by_token(app: &App, token: &str) -> Result<(DeviceCaller, Option<Presence>), ApiError> {
    let now = app.clock.now();
    let bearer = app.keyring.verify(&*app.store, token, now).await?;
    let owner = app.store.find_device(bearer.district, bearer.device).await?;
    let owner = owner.filter(|owner| !owner.device.is_console).ok_or(ApiError::Unauthenticated)?;
    if !owner.is_active() {
        return Err(ApiError::DeviceRevoked);
    }
    let on = now.date();
    let is_first_today = owner.device.last_seen_on < Some(on);
    let (district, device) = (bearer.district, bearer.device);
    let presence = is_first_today.then_some(Presence { district, device, proof_at: None, on });
    Ok((owner.into(), presence))
}
