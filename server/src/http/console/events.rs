//! The feed.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _};

use super::extract::Listener;
use super::openapi::Errors;
use crate::console::feed::Moved;

/// Server-sent events: each says that a collection of the caller's scope moved to a position, and nothing else.
/// For consoles and phones. A connection lasts five minutes; whoever connects again reads what he missed.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, content_type = "text/event-stream", body = Moved), Errors))]
pub(super) async fn listen(Listener(caller): Listener) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // Three plain fields: there is nothing that could fail to be written as JSON.
    let events = caller.listen().map(|moved| Ok(Event::default().json_data(moved).unwrap_or_default()));
    Sse::new(events).keep_alive(KeepAlive::default())
}
