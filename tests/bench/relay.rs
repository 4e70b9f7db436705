//! A relay that counts what passes through it: the bytes of a socket as they are, HTTP's own included.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What passed, both ways, and over how many connections.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// Bytes towards the server.
    pub(crate) up: AtomicU64,
    /// Bytes from the server.
    pub(crate) down: AtomicU64,
    /// Connections opened.
    pub(crate) connections: AtomicU64,
}

/// Listens in front of a server, in a thread of its own that ends with the process; gives the relay's address.
pub(crate) fn relay(url: &str, passed: Arc<Passed>) -> String {
    let server: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((phone, _)) = listener.accept().await {
                passed.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(carry(phone, server, passed.clone()));
            }
        });
    });
    format!("http://{address}")
}

async fn carry(phone: TcpStream, server: SocketAddr, passed: Arc<Passed>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = (phone.set_nodelay(true), server.set_nodelay(true));
    let ((from_phone, to_phone), (from_server, to_server)) = (phone.into_split(), server.into_split());
    let up = pump(from_phone, to_server, &passed.up);
    let down = pump(from_server, to_phone, &passed.down);
    tokio::join!(up, down);
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    counted: &AtomicU64,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        counted.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
