//! What servers tell each other, and who does what nobody needs to do twice.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use sqlx::postgres::PgPool;
use zhibu_domain::record::Collection;
use zhibu_server::store::Database;

use super::databases::has_postgres;
use super::province::{Province, common_activity, positions};
use super::support::Server;

/// The server process that projects, by its connection in the database.
async fn projectors(pool: &PgPool) -> Vec<i32> {
    sqlx::query_scalar(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Staff at this server's console, who listen.
async fn listen(server: &Server) -> reqwest::Response {
    let http = reqwest::Client::new();
    let login = json!({ "login": "admin", "password": "qingling-2026" });
    let reply = http.post(format!("{}/v1/console/login", server.url)).json(&login).send().await.unwrap();
    let reply: serde_json::Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
    let token = reply["token"].as_str().unwrap();
    let feed = http.get(format!("{}/v1/events", server.url)).bearer_auth(token).send().await.unwrap();
    assert!(feed.status().is_success(), "{}", feed.status());
    feed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_appends_wakes_those_who_listen_at_another() {
    if !has_postgres() {
        return;
    }
    let province = Province::open().await;
    let mut phone = province.phone(1).await;
    let urls = province.urls();
    for (speaks, hears) in [(0, 1), (1, 2), (2, 0)] {
        let mut feed = listen(&province.servers[hears]).await;
        let envelope = phone.mark(if speaks == 1 { "leave_work" } else { "present" });
        phone.client.turn_to(&urls[speaks]);
        let receipt = phone.client.try_deliver(envelope).await.unwrap();
        let last = positions(&receipt).iter().map(|(position, _)| *position).max().unwrap();
        let heard = async {
            let mut text = String::new();
            while !text.contains(&format!("\"position\":{last}")) {
                let chunk = feed.chunk().await.unwrap().expect("the feed goes on");
                text.push_str(&String::from_utf8_lossy(&chunk));
            }
            text
        };
        let heard = tokio::time::timeout(Duration::from_secs(10), heard).await.expect("word comes");
        let Collection { org, year } = common_activity().reference().collection();
        assert!(heard.contains(&org.to_string()) && heard.contains(&format!("\"year\":{year}")), "{heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_projector_has_an_heir() {
    if !has_postgres() {
        return;
    }
    let mut province = Province::open().await;
    let Database::Postgres { url, .. } = &province.database else { panic!("not Postgres") };
    let pool = PgPool::connect(url).await.unwrap();
    let mut phone = province.phone(1).await;
    let common = *common_activity().reference();
    let mut seen = BTreeSet::new();
    for (round, state) in ["present", "leave_work", "present", "leave_work"].into_iter().enumerate() {
        let envelope = phone.mark(state);
        positions(&phone.deliver(&envelope).await);
        province.projected(common, round as u64 + 1).await;
        let claims = projectors(&pool).await;
        assert_eq!(claims.len(), 1, "one server projects: {claims:?}");
        seen.extend(claims);
        if let Some(server) = province.servers.get_mut(round) {
            server.kill();
        }
        if let Some(server) = round.checked_sub(1).and_then(|before| province.servers.get_mut(before)) {
            server.start();
        }
    }
    assert!(seen.len() >= 2, "whoever projected was killed, and another one went on: {seen:?}");
}
