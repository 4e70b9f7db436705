//! The OpenAPI document around the routes: its title, how to show a token, and the error answers.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};
use zhibu_domain::wire::ErrorCode;

use crate::error::status;
use crate::http::frame::ErrorReply;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "支部簿 console API",
        description = "What staff read and do at a console. Every error has the body `Error`; its code is for \
            programs, its message for people. What lies outside the caller's scope is not found. Times are \
            milliseconds since 1970 UTC, ids are UUIDs."
    ),
    components(schemas(ErrorReply)),
    security(("cookie" = []), ("bearer" = [])),
    modifiers(&Sessions)
)]
pub(super) struct Frame;

struct Sessions;

impl Modify for Sessions {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "__Host-zhibu",
            "For browsers; `zhibu` where the server is reached without TLS. Every request but `GET /v1/events` must \
             also carry the header `Zhibu-Console`, with any value: no other site's page can add it.",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Every error answer, as the one status table says.
pub(super) struct Errors;

impl IntoResponses for Errors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut codes = BTreeMap::<u16, Vec<&str>>::new();
        for code in ErrorCode::ALL {
            codes.entry(status(*code).as_u16()).or_default().push(code.as_str());
        }
        // 410 and 426 are answers of the phones' endpoints only, and a method that is listed here is not the wrong one.
        codes.retain(|status, _| !matches!(status, 405 | 410 | 426));
        let response = |codes: Vec<&str>| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
            ResponseBuilder::new().description(codes.join(", ")).content("application/json", content).build()
        };
        codes.into_iter().map(|(status, codes)| (status.to_string(), RefOr::T(response(codes)))).collect()
    }
}

/// `GET /v1/openapi.json`.
pub(super) async fn read_document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], super::DOCUMENT.as_str())
}
