//! Bytes over real sockets, with bounds of tenths of a second.

use std::time::Instant;

use axum::body::Body;
use axum::routing::{get, post};
use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

use super::*;

const IDLE: Duration = Duration::from_millis(300);
const ASK: &[u8] = b"GET /hello HTTP/1.1\r\nhost: z\r\n\r\n";

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<io::Result<()>>,
}

async fn start(connections: usize) -> Running {
    let feed = || async {
        let ticks = tokio_stream::iter(0..8).then(|tick| async move {
            tokio::time::sleep(IDLE / 2).await;
            Ok::<_, Infallible>(format!("{tick}\n"))
        });
        Body::from_stream(ticks)
    };
    let router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/feed", get(feed))
        .route("/body", post(|body: String| async move { body }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let until = async move { drop(stopped.await) };
    let bounds = Bounds { idle: IDLE, connections };
    let ended = tokio::spawn(serve(listener, router, bounds, until));
    Running { address, stop, ended }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks over a connection and gives the answer's head.
    async fn ask(&self, stream: &mut TcpStream) -> String {
        stream.write_all(ASK).await.unwrap();
        let mut answer = vec![0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8(answer[..length].to_vec()).unwrap().to_lowercase()
    }
}

/// How long the server kept the connection open from now on.
async fn kept_for(stream: &mut TcpStream) -> Duration {
    let since = Instant::now();
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(IDLE * 20, stream.read_to_end(&mut rest)).await.expect("it is hung up");
    since.elapsed()
}

#[tokio::test]
async fn who_says_nothing_dawdles_or_has_been_answered_is_hung_up() {
    let running = start(64).await;
    let mut silent = running.connect().await;
    let mut slow = running.connect().await;
    slow.write_all(&ASK[..10]).await.unwrap();
    let mut answered = running.connect().await;
    assert!(running.ask(&mut answered).await.starts_with("http/1.1 200"));
    let dripping = async {
        // One byte of a head at a time does not lengthen its time.
        let mut dripping = running.connect().await;
        let began = Instant::now();
        while dripping.write_all(b"x").await.is_ok() && began.elapsed() < IDLE * 20 {
            tokio::time::sleep(IDLE / 10).await;
        }
        began.elapsed()
    };
    let kept = tokio::join!(kept_for(&mut silent), kept_for(&mut slow), kept_for(&mut answered), dripping);
    for kept in [kept.0, kept.1, kept.2, kept.3] {
        assert!(kept > IDLE / 3 && kept < IDLE * 6, "{kept:?}");
    }
}

#[tokio::test]
async fn a_feed_and_a_slow_body_outlive_the_bound_of_idle_connections() {
    let running = start(64).await;
    let mut feed = running.connect().await;
    feed.write_all(b"GET /feed HTTP/1.1\r\nhost: z\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut slow = running.connect().await;
    slow.write_all(b"POST /body HTTP/1.1\r\nhost: z\r\nconnection: close\r\ncontent-length: 4\r\n\r\n")
        .await
        .unwrap();
    let trickle = async {
        for byte in b"body" {
            tokio::time::sleep(IDLE / 2).await;
            slow.write_all(&[*byte]).await.unwrap();
        }
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let mut text = String::new();
    let (answer, heard) = tokio::join!(trickle, feed.read_to_string(&mut text));
    heard.unwrap();
    assert!(answer.ends_with("body"), "{answer}");
    assert!(text.contains("7\n"), "the feed came to its own end: {text}");
}

#[tokio::test]
async fn where_places_are_scarce_nobody_stays_and_beyond_them_all_wait_outside() {
    let running = start(4).await;
    let mut first = running.connect().await;
    assert!(!running.ask(&mut first).await.contains("connection: close"));
    let (mut second, mut third) = (running.connect().await, running.connect().await);
    let _ = (running.ask(&mut second).await, running.ask(&mut third).await);
    let mut fourth = running.connect().await;
    assert!(running.ask(&mut fourth).await.contains("connection: close"), "three of four places are taken");
    let _others = (running.connect().await, running.connect().await);
    let mut outside = running.connect().await;
    // The others idle until they are hung up; then there is a place.
    let answer = tokio::time::timeout(IDLE * 20, running.ask(&mut outside)).await.unwrap();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_stopping_server_hangs_up_idle_connections_and_ends_what_is_under_way() {
    let running = start(64).await;
    let mut idle = running.connect().await;
    let _ = running.ask(&mut idle).await;
    let mut feed = running.connect().await;
    feed.write_all(b"GET /feed HTTP/1.1\r\nhost: z\r\n\r\n").await.unwrap();
    let mut head = [0; 8];
    feed.read_exact(&mut head).await.unwrap();
    let Running { stop, ended, address } = running;
    stop.send(()).unwrap();
    let mut text = String::new();
    let heard = tokio::join!(kept_for(&mut idle), feed.read_to_string(&mut text), ended);
    assert!(heard.0 < IDLE, "an idle one is hung up at once: {:?}", heard.0);
    assert!(text.contains("7\n"), "what is under way is ended: {text}");
    heard.2.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody is taken in any more");
}
