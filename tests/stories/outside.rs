//! Seen from outside: the numbers that a server shows, what its log says, and that neither names anybody.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::databases::is_on_postgres;
use super::support::{Console, Phone, Server};
use super::{marks, planned, two_phones};

/// What the server shows: each line's name with its labels, and its value.
async fn numbers(server: &Server) -> BTreeMap<String, f64> {
    let text = reqwest::get(&server.metrics_url).await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let number = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(number).collect()
}

/// A name without its labels.
fn bare(name: &str) -> &str {
    name.split('{').next().unwrap_or(name)
}

/// Every word of a query that could be a metric.
fn metrics_of(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_metric = |word: &&str| ["zhibu_", "process_"].iter().any(|start| word.starts_with(start));
    words.filter(is_metric).map(str::to_owned).collect()
}

fn queries(panel: &Value) -> impl Iterator<Item = &str> {
    panel["targets"].as_array().unwrap().iter().map(|target| target["expr"].as_str().unwrap())
}

/// A short evening: a mark with a claim, one refusal, staff at the console, somebody who guesses a password.
async fn evening(server: &Server) {
    let (secretary, recorder) = two_phones(server);
    let activity = planned(&secretary);
    secretary.run(&["roll", &activity, "--mark", &marks(1..=5, "present")]);
    secretary.run(&["minutes", &activity, "--text", "讨论修路，大家同意。"]);
    let claim =
        ["claim", "--rule", "C01", "--date", "2026-11-14", "--units", "2", "--matter", "清扫文化广场"];
    recorder.run(&claim);
    secretary.run(&["submit", &activity]);
    secretary.run(&["sync"]);
    let officer = Phone::enrolled("党建办的电脑", &server.invite("officer"));
    officer.run(&["file", &activity]);
    officer.run(&["sync"]);
    recorder.run(&["set", &activity, "place", "文化广场"]);
    assert_eq!(recorder.run(&["sync"])["refused"], 1);
    let console = Console::login(server, "reviewer").await;
    console.get(&format!("/v1/console/records/{activity}")).await;
    console.get("/v1/console/inbox?text=秀兰").await;
    let guess = json!({ "login": "reviewer", "password": "guessed-2026" });
    let (status, _) = console.ask(reqwest::Method::POST, "/v1/console/login", Some(guess)).await;
    assert_eq!(status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_tell_an_evening_and_the_dashboard_asks_for_no_others() {
    let server = Server::demo();
    evening(&server).await;
    let shown = numbers(&server).await;
    let number = |name: &str| *shown.get(name).unwrap_or_else(|| panic!("no {name} in {shown:#?}"));
    let stored = number("zhibu_changes_total{outcome=\"stored\"}");
    assert!(stored >= 5.0, "{stored}");
    assert_eq!(number("zhibu_changes_total{outcome=\"refused\"}"), 1.0);
    assert_eq!(number("zhibu_refusals_total{code=\"record_filed\"}"), 1.0);
    assert_eq!(number("zhibu_refusals_total{code=\"wrong_signature\"}"), 0.0, "there before it happens");
    assert_eq!(number("zhibu_errors_total{code=\"wrong_login\"}"), 1.0);
    assert_eq!(number("zhibu_gate_seconds_count"), stored + 1.0, "each change passed the gate once");
    assert_eq!(number("zhibu_commit_seconds_count"), number("zhibu_commits_total"));
    let syncs = number("zhibu_requests_total{method=\"POST\",route=\"/v1/sync\",status=\"200\"}");
    assert_eq!(number("zhibu_news_seconds_count"), syncs);
    for stage in ["receive", "authenticate", "open", "queue", "judge", "answer", "projection", "request"] {
        assert!(number(&format!("zhibu_{stage}_seconds_count")) >= 1.0, "{stage}");
    }
    assert!(number("zhibu_store_database_bytes") > 100_000.0);
    assert!(number("zhibu_devices") >= 3.0 && number("zhibu_sessions") >= 1.0);
    assert!(number("process_resident_memory_bytes") > 1e6 && number("process_cpu_seconds_total") > 0.0);

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let wanted: Vec<String> = panels.iter().flat_map(queries).flat_map(metrics_of).collect();
    assert!(wanted.len() >= panels.len() && panels.len() > 10, "every panel asks for something");
    for metric in wanted {
        // The disk of a database server is that server's to watch.
        let is_elsewhere = is_on_postgres() && metric == "zhibu_store_free_bytes";
        assert!(
            is_elsewhere || shown.keys().any(|name| bare(name) == metric),
            "the dashboard asks for {metric}, which nobody shows"
        );
    }
    for name in shown.keys() {
        assert!(["zhibu_", "process_"].iter().any(|start| name.starts_with(start)), "{name}");
        assert!(!name.contains("route=\"/v1/console/records/0"), "a pattern and not a path: {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_not_at_the_phones_door() {
    let server = Server::demo();
    let public = reqwest::get(format!("{}/metrics", server.url)).await.unwrap();
    // The phone's pages answer every path that they do not know.
    assert!(!public.text().await.unwrap().contains("zhibu_"), "the phones' door tells no numbers");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(reqwest::get(format!("{}{path}", server.url)).await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_a_line_for_each_request_and_names_nobody() {
    let server = Server::demo();
    evening(&server).await;
    let secrets: Vec<_> = ["secretary", "recorder", "officer"]
        .map(|account| server.invite(account).split_once('#').unwrap().1.to_owned())
        .into();
    // A password is what people type into the wrong field, and a path what they paste.
    let door = reqwest::Client::new();
    let strange = format!("{}/v1/records/王秀兰?note=清扫", server.url);
    assert_eq!(door.get(strange).bearer_auth("not.a.token").send().await.unwrap().status(), 404);

    let log = server.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |line: &&Value| line["message"] == "answered";
    let shown = numbers(&server).await;
    let requests: f64 =
        shown.iter().filter(|(name, _)| bare(name) == "zhibu_requests_total").map(|(_, count)| count).sum();
    assert_eq!(lines.iter().filter(answered).count(), requests as usize, "one line each");
    for line in lines.iter().filter(answered) {
        assert_eq!(line["id"].as_str().map(str::len), Some(32), "{line}");
        assert!(line["route"].is_string() && line["status"].is_u64() && line["ms"].is_u64(), "{line}");
    }
    let people =
        ["王秀兰", "秀兰", "包文明", "reviewer", "secretary", "qingling", "guessed", "党建办", "手机"];
    let content = ["修路", "清扫", "文化广场", "not.a.token", "Bearer", "Zhibu-Proof", "eyJ"];
    for word in people.into_iter().chain(content).chain(secrets.iter().map(String::as_str)) {
        assert!(!log.contains(word), "the log says {word}");
    }
}
