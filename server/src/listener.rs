//! The listener: takes connections in, bounds how many there are and how long each may lie idle or dawdle, and lets
//! them end when the server stops.
//!
//! Every bound is the connection's own. What a request may take is the frame's matter (`http::frame`).

use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::tally;

/// How long the head of a request may take, and a connection lie idle, while many are open.
const CROWDED_IDLE: Duration = Duration::from_secs(3);
/// How long the peer may leave what was sent to it unread, or unanswered.
const UNREAD_FOR: Duration = Duration::from_secs(60);
/// How long requests under way may take once the server stops. A feed that listens is cut then.
const DRAIN_WITHIN: Duration = Duration::from_secs(4);
/// The longest head of a request, and the most of a body that waits to be taken, in bytes.
const BUFFER_BYTES: usize = 64 << 10;
/// Most lines of a head.
const HEADER_LINES: usize = 64;
/// Files that the server opens beside its connections: the database's, the pictures'.
const OTHER_FILES: u64 = 128;
/// After the system refused a connection, for want of files or memory.
const AFTER_FAULT: Duration = Duration::from_millis(100);

/// What the listener takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long a connection may lie idle, and the head of a request may take.
    pub idle: Duration,
    /// Most connections at once. More wait outside until one ends.
    pub connections: usize,
}

impl Bounds {
    /// No more connections than this process may have files, after it was allowed as many as it may allow itself.
    pub fn within_the_system(self) -> Self {
        let connections = open_files().map_or(self.connections, |files| {
            let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
            self.connections.min(room.max(1))
        });
        Self { connections, ..self }
    }
}

/// How many files this process may open; none if there is no limit, or none that is known.
#[cfg(unix)]
fn open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Shells give 1,024 and allow many more.
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

#[cfg(not(unix))]
fn open_files() -> Option<u64> {
    None
}

/// The places for connections.
struct Places {
    all: usize,
    free: Arc<Semaphore>,
}

impl Places {
    /// Whether more than half are taken: then no connection is kept for a next request.
    fn are_scarce(&self) -> bool {
        self.free.available_permits() < self.all / 2
    }
}

/// Serves until `stop` ends; then whoever is being served has a few seconds more.
///
/// # Errors
/// When places for connections can no longer be given, which does not happen while it runs.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let free = Arc::new(Semaphore::new(bounds.connections));
    let places = Arc::new(Places { all: bounds.connections, free });
    // Made ready once: axum's own `serve` copies every route for each connection, which took 50 KB of it.
    let router = hanging_up(router, places.clone()).with_state(());
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let taken = async {
            let place = places.free.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((place, listener.accept().await))
        };
        let (place, accepted) = tokio::select! {
            taken = taken => taken?,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let idle = if places.are_scarce() { bounds.idle.min(CROWDED_IDLE) } else { bounds.idle };
                tend(stream, router.clone(), idle, place, &graceful);
            }
            // The peer was gone before it was taken in.
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no connection can be taken in");
                tokio::time::sleep(AFTER_FAULT).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way");
    }
    Ok(())
}

/// Serves one connection, in a task of its own.
fn tend(
    stream: TcpStream,
    router: Router,
    idle: Duration,
    place: OwnedSemaphorePermit,
    graceful: &GracefulShutdown,
) {
    prepare(&stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_headers(HEADER_LINES)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        tally::connection_opened();
        // Whoever broke off, dawdled or sent no HTTP is gone, and nothing of it is ours to repair.
        let _ = connection.await;
        tally::connection_closed();
        drop(place);
    });
}

/// An answer leaves at once, and a peer that takes nothing any more is given up: HTTP knows no time limit for reading.
fn prepare(stream: &TcpStream) {
    // On a connection that is broken already both fail, and serving it ends at once.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, UNREAD_FOR.as_millis() as u32);
}

/// Where places are scarce, each answer is the last of its connection.
fn hanging_up(router: Router, places: Arc<Places>) -> Router {
    router.layer(map_response(move |mut response: Response| {
        if places.are_scarce() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        ready(Ok::<_, Infallible>(response))
    }))
}

fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
