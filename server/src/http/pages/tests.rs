//! The pages as a browser gets them: a real server on a real port, over a folder of built pages.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::blobs::BlobPlace;
use crate::clock::{SeededEntropy, TestClock};
use crate::databases::own_database;
use crate::store::conformance::NOW;
use zhibu_domain::time::Millis;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

struct Site {
    address: std::net::SocketAddr,
    folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn write(folder: &Path, path: &str, content: &str) {
    let place = folder.join(path);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, content).unwrap();
}

/// Pages as a build leaves them; `build` is in their names and contents.
fn build_pages(folder: &Path, build: &str) {
    write(folder, "index.html", "<title>手机</title>");
    write(folder, "console/index.html", "<title>审阅台</title>");
    write(folder, "sw.js", "self.skipWaiting");
    write(folder, "manifest.webmanifest", "{}");
    write(folder, &format!("assets/phone-{build}.js"), &format!("plain {build}"));
    write(folder, &format!("assets/phone-{build}.js.br"), &format!("packed {build}"));
    write(folder, &format!("assets/core-{build}.wasm"), "\0asm");
    write(folder, &format!("console/assets/console-{build}.css"), "h1 {}");
}

impl Site {
    async fn start(public_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        build_pages(&folder.path().join("dist"), "aaaa");
        Self::serve(folder, public_url, NOW).await
    }

    async fn serve(folder: tempfile::TempDir, public_url: &str, now: Millis) -> Self {
        let mut pages = Pages::from_folder(&folder.path().join("dist")).unwrap();
        pages.keep_assets(&folder.path().join("web-assets"), now).unwrap();
        Self::with(folder, pages, public_url).await
    }

    async fn with(folder: tempfile::TempDir, pages: Pages, public_url: &str) -> Self {
        let store = own_database(folder.path()).await.open().await.unwrap();
        let clock = Arc::new(TestClock::new(NOW));
        let app = App::new(
            store,
            clock,
            Arc::new(SeededEntropy::new(1)),
            public_url,
            BlobPlace::folder(folder.path()).unwrap(),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, crate::http::router(app, pages)).into_future());
        Self { address, folder }
    }

    /// The next start of the server, `days` after the first, with another build.
    async fn update(self, build: &str, days: i64) -> Self {
        let dist = self.folder.path().join("dist");
        std::fs::remove_dir_all(&dist).unwrap();
        build_pages(&dist, build);
        Self::serve(self.folder, "http://zhibu.test", NOW.plus(days * DAY_MS)).await
    }

    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask(&format!("GET {path}"), headers).await
    }

    async fn ask(&self, line: &str, headers: &str) -> Answer {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let request = format!("{line} HTTP/1.1\r\nhost: zhibu.test\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Answer { status: head[9..12].parse().unwrap(), head, body: answer[end + 4..].to_vec() }
    }
}

#[tokio::test]
async fn every_path_below_an_application_is_its_page_and_what_looks_like_a_file_is_one_or_nothing() {
    let site = Site::start("http://zhibu.test").await;
    let phone = "<title>手机</title>";
    for path in ["/", "/enrol", "/activities/0197/minutes", "/%E6%89%8B%E6%9C%BA", "/index.html"] {
        let answer = site.get(path, "").await;
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap().as_str()), (200, phone), "{path}");
    }
    for path in ["/console/", "/console/inbox/7"] {
        let answer = site.get(path, "").await;
        assert_eq!(answer.body, "<title>审阅台</title>".as_bytes(), "{path}");
    }
    let bare = site.get("/console", "").await;
    assert_eq!((bare.status, bare.header("location")), (308, Some("/console/")));
    let nothing = [
        "/assets/phone-zzzz.js",
        "/assets/",
        "/assets/phone-aaaa.js.br",
        "/favicon.ico",
        "/v1",
        "/v1/nothing",
        "/console/x.js",
        "/console/assets/none",
        "/../zhibu.db",
        "/assets/../../zhibu.db",
        "/assets/%2e%2e/zhibu.db",
    ];
    for path in nothing {
        let answer = site.get(path, "").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(String::from_utf8(answer.body).unwrap().contains("not_found"), "{path}");
    }
    assert_eq!(site.ask("POST /enrol", "content-length: 0\r\n").await.status, 404);
    let head = site.ask("HEAD /", "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_all_others_asked_for_each_time() {
    let site = Site::start("http://zhibu.test").await;
    for (path, media, keeping) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/assets/core-aaaa.wasm", "application/wasm", "public, max-age=31536000, immutable"),
        (
            "/console/assets/console-aaaa.css",
            "text/css; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
    ] {
        let answer = site.get(path, "").await;
        assert_eq!(answer.header("content-type"), Some(media), "{path}");
        assert_eq!(answer.header("cache-control"), Some(keeping), "{path}");
        let tag = answer.header("etag").unwrap();
        let again = site.get(path, &format!("if-none-match: \"x\", {tag}\r\n")).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(site.get(path, "if-none-match: \"x\"\r\n").await.status, 200, "{path}");
    }
    let script = "/assets/phone-aaaa.js";
    let packed = site.get(script, "accept-encoding: gzip, deflate, br;q=0.9\r\n").await;
    assert_eq!((packed.header("content-encoding"), &packed.body[..]), (Some("br"), &b"packed aaaa"[..]));
    for encodings in ["", "accept-encoding: br;q=0\r\n", "accept-encoding: identity\r\n"] {
        let plain = site.get(script, encodings).await;
        assert_eq!(
            (plain.header("content-encoding"), &plain.body[..]),
            (None, &b"plain aaaa"[..]),
            "{encodings}"
        );
        assert_eq!(plain.header("vary"), Some("accept-encoding"));
    }
}

#[tokio::test]
async fn a_page_may_do_what_its_policy_says_and_nobody_may_frame_it() {
    let site = Site::start("https://zhibu.test").await;
    let policy = |answer: &Answer| answer.header("content-security-policy").unwrap().to_owned();
    let phone = site.get("/", "").await;
    assert!(policy(&phone).contains("require-trusted-types-for 'script'; trusted-types vue zhibu"));
    assert!(phone.header("permissions-policy").unwrap().contains("geolocation=()"));
    let console = site.get("/console/", "").await;
    assert!(policy(&console).contains("script-src 'self';"), "no WebAssembly, no eval");
    for path in ["/", "/console/", "/sw.js", "/assets/core-aaaa.wasm", "/healthz", "/v1/nothing"] {
        let answer = site.get(path, "").await;
        let policy = policy(&answer);
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("http"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(answer.header("strict-transport-security").is_some(), "{path}");
    }
    let plain = Site::start("http://zhibu.test").await.get("/", "").await;
    assert_eq!(plain.header("strict-transport-security"), None);
}

#[tokio::test]
async fn the_files_of_an_earlier_build_stay_for_thirty_days_after_it_was_replaced() {
    let site = Site::start("http://zhibu.test").await;
    // The first build runs for 60 days before it is replaced: its files stay 30 days from then.
    let site = site.update("bbbb", 60).await;
    let old = site.get("/assets/phone-aaaa.js", "accept-encoding: br\r\n").await;
    assert_eq!(
        (old.status, old.header("content-encoding"), &old.body[..]),
        (200, Some("br"), &b"packed aaaa"[..])
    );
    assert!(old.head.contains("immutable"));
    assert_eq!(site.get("/assets/phone-aaaa.js", "").await.body, b"plain aaaa");
    assert_eq!(site.get("/assets/phone-aaaa.js.br", "").await.status, 404);
    assert_eq!(site.get("/console/assets/console-aaaa.css", "").await.body, b"h1 {}");
    let site = site.update("cccc", 90).await;
    for build in ["aaaa", "bbbb", "cccc"] {
        assert_eq!(site.get(&format!("/assets/phone-{build}.js"), "").await.status, 200, "{build}");
    }
    let site = site.update("cccc", 91).await;
    for (build, status) in [("aaaa", 404), ("bbbb", 200), ("cccc", 200)] {
        assert_eq!(site.get(&format!("/assets/phone-{build}.js"), "").await.status, status, "{build}");
    }
}

#[tokio::test]
async fn a_server_without_pages_says_how_to_build_them() {
    let site = Site::with(tempfile::tempdir().unwrap(), Pages::default(), "http://zhibu.test").await;
    for path in ["/", "/console/", "/enrol"] {
        let answer = site.get(path, "").await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(String::from_utf8(answer.body).unwrap().contains("npm run build"), "{path}");
    }
    assert_eq!(site.get("/assets/x.js", "").await.status, 404);
}
