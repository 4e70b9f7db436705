//! What surrounds every request: its id, its time limit, its log line, and the one error body.
//!
//! From outside in: `attend` names the request, logs it and writes the error body; panics become errors;
//! answers are compressed; `admit` lets in as many as there is room for; the time limit; request bodies are
//! decompressed.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tracing::Instrument as _;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use zhibu_domain::rule_book::{Fault, FaultCode};
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ErrorBody, ErrorCode};

use super::REQUEST_TIMEOUT;
use super::cbor::CBOR;
use crate::App;
use crate::admission::Unsent;
use crate::error::ApiError;
use crate::metrics::{Stage, tally};

/// Where the API begins; everything else is pages and probes.
const API: &str = "/v1/";
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
    // One stack and not a layer at a time: each layer of a router is a box more, which every request clones and drops.
    routes.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state((app.clone(), dialect), attend))
            .layer(CatchPanicLayer::custom(broken))
            // The harder levels take twice as long for a hundredth of the bytes.
            .layer(CompressionLayer::new().quality(CompressionLevel::Precise(2)))
            .layer(from_fn_with_state(app.clone(), admit))
            .layer(from_fn(limit_time))
            // An encoding that is not spoken passes through, and the body's reader refuses it in our own words.
            .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
            .layer(MapRequestBodyLayer::new(Body::new)),
    )
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

/// Lets a request of the API in, or turns it away before anything of it is read. Pages and probes cost next to nothing:
/// they are always answered.
async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(API) {
        return next.run(request).await;
    }
    let queue = app.ledger.queue();
    let entered =
        if queue.waiting < queue.room { app.admission.enter() } else { Err(app.admission.come_again()) };
    let entry = match entered {
        Ok(entry) => entry,
        Err(error) => return error.into_response(),
    };
    request.extensions_mut().insert(entry.clone());
    let response = next.run(request).await;
    // A feed has no length, and waits for news and not for memory.
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let unsent = entry.answered(usize::try_from(bytes).unwrap_or(usize::MAX));
    response.map(|body| Body::new(Sending { body, _unsent: unsent }))
}

/// The body of an answer, which counts as memory in use until it is sent or given up.
struct Sending {
    body: Body,
    _unsent: Unsent,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
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
