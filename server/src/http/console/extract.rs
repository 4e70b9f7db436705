//! What a request brings, with every fault in the one error shape.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::App;
use crate::auth::session::Entrance;
use crate::auth::{ConsoleCaller, DeviceCaller};
use crate::console::StaffCaller;
use crate::error::ApiError;

impl FromRequestParts<Arc<App>> for StaffCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let ConsoleCaller { caller, session } = ConsoleCaller::at(parts, app, Entrance::Console).await?;
        StaffCaller::of(app.clone(), caller, Some(session)).await
    }
}

/// Somebody at a console who may still have to set up his second factor.
pub(super) struct InAnyStage(pub(super) StaffCaller);

impl FromRequestParts<Arc<App>> for InAnyStage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let found = ConsoleCaller::in_any_stage(parts, app, Entrance::Console).await?;
        StaffCaller::of(app.clone(), found.caller, Some(found.session)).await.map(Self)
    }
}

/// Somebody who listens for news: a console or a phone.
pub(super) struct Listener(pub(super) StaffCaller);

impl FromRequestParts<Arc<App>> for Listener {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let (caller, session) = match ConsoleCaller::at(parts, app, Entrance::Feed).await {
            Ok(ConsoleCaller { caller, session }) => (caller, Some(session)),
            Err(ApiError::Unauthenticated) => (DeviceCaller::from_request_parts(parts, app).await?, None),
            Err(error) => return Err(error),
        };
        StaffCaller::of(app.clone(), caller, session).await.map(Self)
    }
}

/// Ids in the path. One that is none names nothing, so it is not found.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for InPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Path(ids) = Path::from_request_parts(parts, app).await.map_err(|_| ApiError::NotFound)?;
        Ok(Self(ids))
    }
}

/// Parameters behind the question mark.
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for InQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let query = Query::from_request_parts(parts, app).await;
        query.map(|Query(query)| Self(query)).map_err(|_| ApiError::Malformed("query".into()))
    }
}

/// A body in JSON.
pub(super) struct InBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for InBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        refuse_packed(request.headers())?;
        match Json::from_request(request, app).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::UnsupportedMedia),
            Err(JsonRejection::BytesRejection(fault)) => Err(unread(&fault)),
            // The parser's own words may quote the body.
            Err(_) => Err(ApiError::Malformed("not the JSON that this endpoint reads".into())),
        }
    }
}

/// The content type of rule books.
const TOML: &str = "application/toml";

/// A body in TOML.
pub(super) struct InToml(pub(super) String);

impl FromRequest<Arc<App>> for InToml {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        refuse_packed(request.headers())?;
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_toml =
            media.and_then(|value| value.split(';').next()).is_some_and(|value| value.trim() == TOML);
        if !is_toml {
            return Err(ApiError::UnsupportedMedia);
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|fault| unread(&fault))?;
        let text = String::from_utf8(bytes.into());
        text.map(Self).map_err(|_| ApiError::Malformed("the body is not UTF-8".into()))
    }
}

/// The layer before removes the encodings that it undid; one that is left is not spoken here.
fn refuse_packed(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_packed = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity");
    if is_packed { Err(ApiError::UnsupportedMedia) } else { Ok(()) }
}

fn unread(fault: &BytesRejection) -> ApiError {
    match fault.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge("request body".into()),
        _ => ApiError::Malformed("the body broke off or cannot be unpacked".into()),
    }
}
