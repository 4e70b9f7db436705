//! The district of size M (450 branches, 14,000 members): how long it takes to make, and what serving it holds.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{Binaries, Console, Phone, Server};

/// Makes the district, serves it, lets a township laptop sync all its branches and a reviewer page through the whole
/// list and open 200 records, and reads the server's memory then.
pub(crate) async fn district() -> Value {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("zhibu.sqlite");
    let began = Instant::now();
    let init =
        Binaries::get().server().args(["init", "--demo", "M", "--data"]).arg(folder.path()).output().unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let seconds = began.elapsed().as_secs_f64();
    let database_bytes = fs::metadata(data).unwrap().len();

    let began = Instant::now();
    let server = Server::over(folder);
    let started_ms = began.elapsed().as_millis();
    let idle_kib = resident_kib(&server, "VmRSS:");
    let officer = Phone::enrolled("党建办的电脑", &server.invite("officer"));
    let township = officer.run(&["status"]);
    let reviewer = Console::login(&server, "reviewer").await;
    let opened = page_through(&reviewer).await;
    json!({
        "figure": "size_m",
        "init_seconds": (seconds * 10.0).round() / 10.0,
        "database_mib": database_bytes >> 20,
        "start_to_first_answer_ms": started_ms,
        "rss_idle_mib": idle_kib >> 10,
        "rss_after_reading_mib": resident_kib(&server, "VmRSS:") >> 10,
        "rss_peak_mib": resident_kib(&server, "VmHWM:") >> 10,
        "activities_listed": opened,
        "township_records": township["records"],
        "township_first_sync_bytes_down": township["last_sync"]["bytes_down"],
    })
}

async fn page_through(reviewer: &Console) -> usize {
    let (mut listed, mut opened, mut after) = (0, 0, None::<String>);
    loop {
        let query = after.take().map(|after| format!("&after={after}")).unwrap_or_default();
        let page = reviewer.get(&format!("/v1/console/activities?limit=500{query}")).await;
        let rows = page["items"].as_array().unwrap();
        listed += rows.len();
        for row in rows.iter().take(200_usize.saturating_sub(opened)) {
            reviewer.get(&format!("/v1/console/records/{}", row["record"].as_str().unwrap())).await;
            opened += 1;
        }
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return listed,
        }
    }
}

fn resident_kib(server: &Server, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
