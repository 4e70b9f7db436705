//! What surrounds every request: its id, its time limit, its log line, and the one error body.
//!
//! From outside in: `attend` names the request, logs it and writes the error body; panics become errors;
//! answers are compressed; the time limit; request bodies are decompressed.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tracing::Instrument as _;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use zhibu_domain::rule_book::{Fault, FaultCode};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ErrorBody, ErrorCode};

use super::REQUEST_TIMEOUT;
use super::cbor::CBOR;
use crate::App;
use crate::error::ApiError;
use crate::metrics::{Stage, tally};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How a client reads errors.
#[derive(Debug, Clone, Copy)]
enum Dialect {
    Cbor,
    Json,
}

/// Frames endpoints whose errors are CBOR.
pub fn protocol(app: &Arc<App>, routes: Router<Arc<App>>) -> Router<Arc<App>> {
    framed(app, routes, Dialect::Cbor)
}

/// Frames endpoints whose errors are JSON.
pub fn console(app: &Arc<App>, routes: Router<Arc<App>>) -> Router<Arc<App>> {
    framed(app, routes, Dialect::Json)
}

fn framed(app: &Arc<App>, routes: Router<Arc<App>>, dialect: Dialect) -> Router<Arc<App>> {
    routes
        // An encoding that is not spoken passes through, and the body's reader refuses it in our own words.
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .layer(from_fn(limit_time))
        // The harder levels take three times as long for a twentieth of the bytes.
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(2)))
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state((app.clone(), dialect), attend))
}

async fn attend(State((app, dialect)): State<(Arc<App>, Dialect)>, request: Request, next: Next) -> Response {
    let request_id = app.entropy.uuid(app.clock.now()).simple().to_string();
    // The pattern and not the path: paths and queries hold ids and names.
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::debug_span!("request", id = %request_id, %method, route);
    let (started, running) = (Instant::now(), Stage::Request.begin());
    let mut response = next.run(request).instrument(span.clone()).await;
    let _inside = span.enter();
    let error = response.extensions_mut().remove::<Arc<ApiError>>();
    if let Some(error) = &error {
        if error.is_ours() {
            let cause = std::error::Error::source(error.as_ref()).map(ToString::to_string);
            tracing::error!(id = request_id, error = %error, cause, "failed");
        }
        let body = error.body(&request_id, app.clock.now());
        write_error(&mut response, &body, error.faults(), dialect);
    }
    let code = error.map(|error| error.code());
    tally::request(method.as_str(), &route, response.status().as_u16(), code);
    running.end();
    let code = code.map(ErrorCode::as_str);
    let ms = started.elapsed().as_millis() as u64;
    // Everything in the event itself: the span is for those who follow traces, and is off otherwise.
    tracing::info!(id = request_id, %method, route, status = response.status().as_u16(), code, ms, "answered");
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The error body in JSON: the protocol's, and the faults of a rule book where there are any.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorReply<'a> {
    /// For programs.
    #[schema(schema_with = error_code)]
    code: ErrorCode,
    /// For people.
    message: &'a str,
    /// To find it in the server's log.
    request_id: &'a str,
    /// The server's clock, in milliseconds since 1970.
    #[schema(value_type = i64)]
    server_time: Millis,
    /// What is wrong in a rule book, line by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    faults: Vec<FaultRow<'a>>,
}

/// One fault of a rule book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleBookFault)]
pub struct FaultRow<'a> {
    /// Line of the file, from 1.
    line: usize,
    /// The sort of fault.
    #[schema(value_type = String)]
    code: FaultCode,
    /// What is wrong and what to do.
    reason: &'a str,
}

fn error_code() -> utoipa::openapi::schema::Object {
    let words = ErrorCode::ALL.iter().map(|code| code.as_str());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl<'a> ErrorReply<'a> {
    fn new(body: &'a ErrorBody, faults: &'a [Fault]) -> Self {
        let row = |fault: &'a Fault| FaultRow { line: fault.line, code: fault.code, reason: &fault.reason };
        Self {
            code: body.code,
            message: &body.message,
            request_id: &body.request_id,
            server_time: body.server_time,
            faults: faults.iter().map(row).collect(),
        }
    }
}

fn write_error(response: &mut Response, body: &ErrorBody, faults: &[Fault], dialect: Dialect) {
    let (bytes, content_type) = match dialect {
        Dialect::Cbor => (minicbor::to_vec(body).unwrap_or_default(), CBOR),
        Dialect::Json => {
            (serde_json::to_vec(&ErrorReply::new(body, faults)).unwrap_or_default(), "application/json")
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::TRANSFER_ENCODING);
    *response.body_mut() = Body::from(bytes);
}

async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Busy.into_response(),
    }
}

fn broken(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    ApiError::internal(format!("panic: {words}")).into_response()
}
