//! With the feature `otlp`: a request's spans reach a collector, before the server has ended.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop here")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;

/// A collector of one connection after the other: it hands over each body.
fn collector() -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (bodies, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut length = 0;
            let head: Vec<_> =
                reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
            assert!(head[0].starts_with("POST /v1/traces "), "{head:?}");
            for line in &head {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
            bodies.send(body).unwrap();
        }
    });
    (address, received)
}

fn ask(server: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "{head} HTTP/1.1\r\nhost: zhibu\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn holds(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn spans_of_a_request_and_its_stages_reach_the_collector() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, received) = collector();
    let mut server = Command::new(env!("CARGO_BIN_EXE_zhibu-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.split_once("http://")?.1.to_owned())).unwrap();
    assert!(ask(&address, "GET /healthz").starts_with("HTTP/1.1 200"));
    assert!(ask(&address, "POST /v1/sync?note=%E7%8E%8B%E7%A7%80%E5%85%B0").starts_with("HTTP/1.1 401"));
    // Spans wait for company: what is left of them is sent at the end.
    Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(server.wait().unwrap().success());
    let body: Vec<u8> = received.try_iter().flatten().collect();
    for word in ["zhibu-server", "request", "/healthz", "/v1/sync", "authenticate"] {
        assert!(holds(&body, word), "no {word} in {}", String::from_utf8_lossy(&body));
    }
    assert!(!holds(&body, "note") && !holds(&body, "%E7"), "patterns and not paths");
}
