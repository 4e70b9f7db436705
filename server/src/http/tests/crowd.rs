//! More than the server takes in: who is turned away, with what, and who never is.

use std::net::TcpStream;

use zhibu_domain::ids::natural;

use super::*;

/// A request that has its place: all of its body but the last byte was sent.
fn dawdle(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /v1/enrol HTTP/1.1\r\nhost: zhibu\r\nconnection: close\r\n{CBOR}content-length: 2\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"\xff").unwrap();
    stream
}

async fn under_way(server: &Server, requests: usize) {
    while server.app.admission.under_way().requests != requests {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_its_room_the_server_says_when_to_come_again_and_still_answers_probes() {
    let server = start_within(Limits { requests_at_once: 2, ..Limits::default() }).await;
    let mut slow = [dawdle(&server), dawdle(&server)];
    under_way(&server, 2).await;
    let turned_away = server.ask("POST /v1/sync", CBOR, empty_sync()).await;
    assert_eq!((turned_away.status, turned_away.code()), (503, "unavailable".into()), "before who asks");
    let retry_after = turned_away.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((2..8).contains(&retry_after.parse::<u32>().unwrap()), "{retry_after}");
    let at_console = server.ask("GET /v1/console/me", "", Vec::new()).await;
    assert!(at_console.head.contains("content-type: application/json"), "{}", at_console.head);
    assert_eq!(at_console.status, 503);
    for line in ["GET /healthz", "GET /readyz"] {
        assert_eq!(server.ask(line, "", Vec::new()).await.status, 200, "{line}");
    }
    for stream in &mut slow {
        stream.write_all(b"\xff").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 400"), "who was let in is answered");
    }
    under_way(&server, 0).await;
    assert_eq!(server.ask("POST /v1/sync", CBOR, empty_sync()).await.code(), "unauthenticated");
    assert_eq!(server.app.admission.under_way().body_bytes, 0, "what was held is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_asks_too_often_waits_and_its_neighbour_does_not() {
    let server = start_within(Limits { account_a_minute: 6, ..Limits::default() }).await;
    let neighbour = invite(10, Sha256::digest([0x78; 32]).into());
    let neighbour = NewInvite { account: server.another_account().await, ..neighbour };
    assert!(server.store.create_invite(DISTRICT, &neighbour).await.unwrap());
    let mut bearers = Vec::new();
    for secret in [SECRET, [0x78; 32]] {
        let answer = server.enrol(&Ed25519KeyPair::generate().unwrap(), secret).await;
        let enrolled: EnrolResponse = minicbor::decode(&answer.body).unwrap();
        bearers.push(format!("{CBOR}authorization: Bearer {}\r\n", enrolled.token.token));
    }
    for _ in 0..6 {
        assert_eq!(server.ask("POST /v1/sync", &bearers[0], empty_sync()).await.status, 200);
    }
    let too_many = server.ask("POST /v1/sync", &bearers[0], b"never read".to_vec()).await;
    assert_eq!((too_many.status, too_many.code()), (429, "too_many".into()));
    assert!(too_many.head.contains("retry-after: "), "{}", too_many.head);
    assert_eq!(server.ask("POST /v1/sync", &bearers[1], empty_sync()).await.status, 200);
}

impl Server {
    /// A second member of the branch.
    async fn another_account(&self) -> AccountId {
        let id = AccountId(natural(&[b"neighbour"]));
        let new = NewAccount {
            id,
            login: None,
            password_hash: None,
            name: "邻居".to_owned(),
            member: None,
            org: BRANCH,
            posts: Vec::new(),
            created_at: NOW,
        };
        self.store.create_account(DISTRICT, &new).await.unwrap();
        id
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_database_is_gone_lives_and_is_not_ready() {
    let server = start().await;
    assert_eq!(server.ask("GET /readyz", "", Vec::new()).await.status, 200);
    server.store.close().await;
    // The last answer holds for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let answer = server.ask("GET /readyz", "", Vec::new()).await;
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 2"), "{}", answer.head);
    assert_eq!(server.ask("GET /healthz", "", Vec::new()).await.status, 200);
}
