//! `POST /v1/enrol`: a phone redeems an invite with the public half of the key that it just made.

use std::sync::Arc;

use axum::extract::State;
use sha2::{Digest as _, Sha256};
use zhibu_domain::ids::DeviceId;
use zhibu_domain::wire::{EnrolRequest, EnrolResponse, OLDEST_PROTOCOL};

use super::Cbor;
use crate::App;
use crate::auth::proof;
use crate::auth::token::TokenBearer;
use crate::error::ApiError;
use crate::store::{AuditAct, AuditEntry, DeviceKey, DeviceOwner, Redeemed, Redemption};
use crate::sync::scope;

/// Length of an invite's secret.
const SECRET_BYTES: usize = 32;
/// Longest device label.
const MAX_DEVICE_NAME_CHARS: usize = 40;

pub(super) async fn enrol_device(
    State(app): State<Arc<App>>,
    Cbor(request): Cbor<EnrolRequest>,
) -> Result<Cbor<EnrolResponse>, ApiError> {
    let now = app.clock.now();
    let redemption = Redemption {
        secret_hash: Sha256::digest(&request.secret).into(),
        device: DeviceId(app.entropy.uuid(now)),
        key: check(&request)?,
        device_name: request.device_name.trim().to_owned(),
        at: now,
    };
    let owner = match app.store.redeem_invite(&redemption).await? {
        Redeemed::Enrolled(owner) => *owner,
        Redeemed::Spent | Redeemed::Expired => return Err(ApiError::InviteSpent),
        Redeemed::Unknown => return Err(ApiError::NotFound),
    };
    if owner.device.id == redemption.device {
        note_enrolment(&app, &owner).await?;
    }
    let bearer = TokenBearer { district: owner.device.district, device: owner.device.id };
    let token = super::token::issue_for(&app, bearer).await?;
    let device = owner.device.id;
    let profile = scope::Scope::of(&app, &owner.into()).await?.profile(&app).await?;
    Ok(Cbor(EnrolResponse { device, profile, token }))
}

/// The new key, if the request is in form and its sender holds the private half.
fn check(request: &EnrolRequest) -> Result<DeviceKey, ApiError> {
    if request.protocol < OLDEST_PROTOCOL {
        return Err(ApiError::ClientTooOld);
    }
    if request.secret.len() != SECRET_BYTES {
        return Err(ApiError::Malformed("the invite's secret is not 32 bytes".into()));
    }
    let name = request.device_name.trim();
    if name.is_empty() || name.chars().count() > MAX_DEVICE_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(ApiError::Malformed("the device's name is empty, too long or not plain text".into()));
    }
    let key = DeviceKey { algorithm: request.algorithm, public_key: request.public_key.clone() };
    let message = EnrolRequest::signed_bytes(&request.secret, &request.public_key);
    if proof::is_signed_by(&key, &message, &request.proof) { Ok(key) } else { Err(ApiError::WrongProof) }
}

async fn note_enrolment(app: &App, owner: &DeviceOwner) -> Result<(), ApiError> {
    let entry = AuditEntry {
        at: owner.device.enrolled_at,
        account: Some(owner.account.id),
        device: Some(owner.device.id),
        act: AuditAct::Enrolled,
        subject: owner.device.id.to_string(),
        detail: serde_json::Value::Null,
    };
    app.store.append_audit(owner.device.district, &entry).await?;
    Ok(())
}
