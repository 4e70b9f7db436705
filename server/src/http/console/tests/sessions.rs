//! Sessions in a browser's cookie, and second factors.

use axum::http::HeaderValue;
use data_encoding::BASE32_NOPAD;

use super::*;
use crate::auth::factor::code_at;
use crate::auth::password;
use crate::store::FACTOR_BYTES;

const PASSWORD: &str = "白桦嘎查1921年";
const MINUTE: i64 = 60 * 1000;

/// A browser: it keeps its cookie, and a page of ours adds the header.
struct Browser<'c> {
    console: &'c Console,
    cookie: Option<String>,
}

impl<'c> Browser<'c> {
    async fn open(console: &'c Console, who: Who) -> Self {
        let hash = password::hash(PASSWORD.into()).await.unwrap();
        console.app.store.set_password(DISTRICT, who.account(), &hash, None).await.unwrap();
        Self { console, cookie: None }
    }

    async fn log_in(&mut self, code: Option<&str>) -> Answer {
        let body = json!({ "login": "officer", "password": PASSWORD, "code": code, "browser": true });
        let request = Request::post("/v1/console/login").header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.console.router.clone().oneshot(request).await.unwrap();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            self.take(cookie);
        }
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec();
        Answer { status, body: serde_json::from_slice(&bytes).unwrap(), bytes }
    }

    fn take(&mut self, cookie: &HeaderValue) {
        let text = cookie.to_str().unwrap();
        let (pair, attributes) = text.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict; Secure");
        assert!(pair.starts_with("__Host-zhibu="), "{pair}");
        self.cookie = Some(pair.to_owned());
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let cookies = format!("other=1; {}", self.cookie.as_deref().unwrap_or("none=1"));
        Request::builder().method(method).uri(path).header(header::COOKIE, cookies)
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.request("GET", path).header("zhibu-console", "1");
        self.console.send(request.body(Body::empty()).unwrap()).await
    }

    async fn me(&self) -> Answer {
        self.get("/v1/console/me").await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.request("POST", &format!("/v1/console{path}")).header("zhibu-console", "1");
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.console.send(request.body(body.to_string().into()).unwrap()).await
    }

    /// Sets up a second factor; its key.
    async fn set_up(&self) -> [u8; FACTOR_BYTES] {
        let shown = self.post("/second-factor", json!({})).await.ok();
        let secret = key_of(&shown);
        let code = code_at(&secret, self.console.clock.now());
        self.post("/second-factor/confirm", json!({ "code": code })).await.ok();
        secret
    }
}

fn key_of(shown: &Value) -> [u8; FACTOR_BYTES] {
    let text = shown["secret"].as_str().unwrap();
    assert!(shown["otpauth"].as_str().unwrap().contains(text));
    BASE32_NOPAD.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn a_browser_has_its_token_in_a_cookie_and_no_other_site_can_use_it() {
    let console = Console::open().await;
    let mut browser = Browser::open(&console, Who::Officer).await;
    let reply = browser.log_in(None).await.ok();
    assert_eq!((&reply["stage"], &reply["token"]), (&json!("open"), &Value::Null), "no script can read it");
    assert_eq!(browser.me().await.ok(), reply["me"]);
    assert_eq!(reply["me"]["naming"], "qi");

    let forged = browser.request("GET", "/v1/console/me").body(Body::empty()).unwrap();
    console.send(forged).await.refused(401, "unauthenticated");
    let listening = browser.request("GET", "/v1/events").body(Body::empty()).unwrap();
    let listening = console.router.clone().oneshot(listening).await.unwrap();
    assert_eq!(listening.status().as_u16(), 200, "a browser adds no header to a feed");

    let bearer = reply["me"]["account"]["id"].as_str().unwrap();
    for wrong in [bearer, "", &"A".repeat(64), &"~".repeat(64)] {
        let strange = Browser { console: &console, cookie: Some(format!("__Host-zhibu={wrong}")) };
        strange.me().await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_session_lasts_while_somebody_works_and_ends_after_twelve_hours() {
    let console = Console::open().await;
    let mut browser = Browser::open(&console, Who::Officer).await;
    let opened = console.clock.now();
    browser.log_in(None).await.ok();
    for _ in 0..24 {
        console.clock.advance(29 * MINUTE);
        let me = browser.me().await.ok();
        let end = opened.plus(12 * 60 * MINUTE);
        assert_eq!(me["expires_at"], json!(console.clock.now().plus(30 * MINUTE).min(end).0));
    }
    console.clock.advance(24 * MINUTE);
    browser.me().await.refused(401, "token_expired");

    browser.log_in(None).await.ok();
    console.clock.advance(20 * MINUTE);
    let listening = browser.request("GET", "/v1/events").body(Body::empty()).unwrap();
    assert_eq!(console.router.clone().oneshot(listening).await.unwrap().status().as_u16(), 200);
    console.clock.advance(10 * MINUTE);
    browser.me().await.refused(401, "token_expired");
}

#[tokio::test]
async fn logging_out_and_a_new_password_end_sessions_at_once() {
    let console = Console::open().await;
    let mut first = Browser::open(&console, Who::Officer).await;
    first.log_in(None).await.ok();
    let mut second = Browser { console: &console, cookie: None };
    second.log_in(None).await.ok();
    let out = first.post("/logout", json!({})).await;
    assert_eq!((out.status, out.bytes.len()), (204, 0));
    first.me().await.refused(401, "unauthenticated");
    second.me().await.ok();
    let path = format!("/accounts/{}/password", Who::Officer.account());
    console.post(Who::Admin, &path, json!({ "password": "另一个足够长的密码一二三" })).await.ok();
    second.me().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_opens_once() {
    let console = Console::open().await;
    let mut browser = Browser::open(&console, Who::Officer).await;
    browser.log_in(None).await.ok();
    browser.post("/second-factor/confirm", json!({ "code": "000000" })).await.refused(409, "conflict");
    let shown = browser.post("/second-factor", json!({})).await.ok();
    let secret = key_of(&shown);
    let wrong = browser.post("/second-factor/confirm", json!({ "code": "12345" })).await;
    assert!(wrong.refused(401, "wrong_login")["message"].as_str().unwrap().contains("验证码"));
    let mut elsewhere = Browser { console: &console, cookie: None };
    elsewhere.log_in(None).await.ok();
    let code = code_at(&secret, console.clock.now());
    let me = browser.post("/second-factor/confirm", json!({ "code": code })).await.ok();
    assert_eq!(me["account"]["factor_since"], json!(console.clock.now().0));
    elsewhere.me().await.refused(401, "unauthenticated");

    let mut later = Browser { console: &console, cookie: None };
    let asked = later.log_in(None).await.ok();
    assert_eq!((&asked["stage"], &asked["me"]), (&json!("code_needed"), &Value::Null));
    assert!(later.cookie.is_none());
    later.log_in(Some(&code)).await.refused(401, "wrong_login");
    console.clock.advance(MINUTE);
    let code = code_at(&secret, console.clock.now());
    assert_eq!(later.log_in(Some(&code)).await.ok()["stage"], "open");
    later.log_in(Some(&code)).await.refused(401, "wrong_login");
    for _ in 0..10 {
        assert_eq!(later.log_in(None).await.ok()["stage"], "code_needed", "asking for a code is no guess");
    }
    for _ in 0..4 {
        later.log_in(Some("000000")).await.refused(401, "wrong_login");
    }
    later.log_in(Some("000000")).await.refused(429, "too_many");

    let path = format!("/accounts/{}/second-factor/reset", Who::Officer.account());
    console.post(Who::Neighbour, &path, json!({})).await.refused(404, "not_found");
    later.post(&path, json!({})).await.refused(403, "forbidden");
    assert_eq!(console.post(Who::Admin, &path, json!({})).await.ok()["factor_since"], Value::Null);
    later.me().await.refused(401, "unauthenticated");
    console.clock.advance(16 * MINUTE);
    assert_eq!(later.log_in(None).await.ok()["stage"], "open");
}

#[tokio::test]
async fn a_new_phone_needs_a_code_of_the_old_one() {
    let console = Console::open().await;
    let mut browser = Browser::open(&console, Who::Officer).await;
    browser.log_in(None).await.ok();
    let old = browser.set_up().await;
    browser.post("/second-factor", json!({})).await.refused(422, "rule_broken");
    browser.post("/second-factor", json!({ "code": "000000" })).await.refused(401, "wrong_login");
    console.clock.advance(MINUTE);
    let code = code_at(&old, console.clock.now());
    let shown = browser.post("/second-factor", json!({ "code": code })).await.ok();
    let new = key_of(&shown);
    assert_ne!(old, new);
    let code = code_at(&new, console.clock.now());
    browser.post("/second-factor/confirm", json!({ "code": code })).await.ok();
    console.clock.advance(MINUTE);
    browser.log_in(Some(&code_at(&old, console.clock.now()))).await.refused(401, "wrong_login");
    browser.log_in(Some(&code_at(&new, console.clock.now()))).await.ok();
}

#[tokio::test]
async fn where_a_second_factor_is_required_nothing_goes_before_it() {
    let console = Console::open().await;
    let require = json!({ "policy": "required" });
    console.post(Who::Reviewer, "/second-factor/policy", require.clone()).await.refused(403, "forbidden");
    console.post(Who::Admin, "/second-factor/policy", require).await.ok();
    let mut browser = Browser::open(&console, Who::Officer).await;
    assert_eq!(browser.log_in(None).await.ok()["stage"], "setting_up");
    assert_eq!(browser.me().await.ok()["stage"], "setting_up");
    for path in ["/v1/console/orgs", "/v1/console/activities", "/v1/console/accounts", "/v1/events"] {
        let refused = browser.get(path).await.refused(403, "forbidden");
        assert!(refused["message"].as_str().unwrap().contains("两步验证"), "{path}");
    }
    browser.set_up().await;
    assert_eq!(browser.me().await.ok()["stage"], "open");
    browser.get("/v1/console/orgs").await.ok();
    let audit = console.get(Who::Admin, "/audit").await.ok();
    let acts: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| entry["act"].clone()).collect();
    for act in ["factor_policy_changed", "logged_in", "factor_set"] {
        assert!(acts.contains(&json!(act)), "{act}: {acts:?}");
    }
}
