//! Who is calling. Handlers take a [`DeviceCaller`] or a [`ConsoleCaller`] and get somebody whom the store knows now.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use zhibu_domain::ids::DistrictId;

use crate::App;
use crate::error::ApiError;
use crate::store::{Account, Device, DeviceOwner};

pub mod password;
pub mod proof;
pub mod token;

use token::Audience;

/// A device with a valid token, not revoked, of an open account: asked of the store at each request.
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
}

/// A staff account at a console; its `device` is its own hand on the server.
#[derive(Debug, Clone)]
pub struct ConsoleCaller(pub DeviceCaller);

impl From<DeviceOwner> for DeviceCaller {
    fn from(owner: DeviceOwner) -> Self {
        Self {
            district: owner.device.district,
            device: owner.device,
            account: owner.account,
            orgs_version: owner.orgs_version,
        }
    }
}

impl FromRequestParts<Arc<App>> for DeviceCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = authenticate(parts, app, Audience::Sync).await?;
        if caller.device.is_console { Err(ApiError::Unauthenticated) } else { Ok(caller) }
    }
}

impl FromRequestParts<Arc<App>> for ConsoleCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = authenticate(parts, app, Audience::Console).await?;
        if caller.device.is_console { Ok(Self(caller)) } else { Err(ApiError::Unauthenticated) }
    }
}

async fn authenticate(parts: &Parts, app: &App, audience: Audience) -> Result<DeviceCaller, ApiError> {
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(ApiError::Unauthenticated)?;
    let bearer = app.keyring.verify(&*app.store, token, audience, app.clock.now()).await?;
    let owner = app.store.find_device(bearer.district, bearer.device).await?;
    let owner = owner.ok_or(ApiError::Unauthenticated)?;
    if owner.is_active() { Ok(owner.into()) } else { Err(ApiError::DeviceRevoked) }
}
