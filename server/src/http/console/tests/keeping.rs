//! Who gets in, and who may let others in.

use axum::http::Method;

use super::*;
use crate::auth::password;

async fn log_in(console: &Console, login: &str, password: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    let request = Request::post("/v1/console/login").header(header::CONTENT_TYPE, "application/json");
    console.send(request.body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn a_password_opens_the_console_and_five_wrong_ones_close_it_for_a_while() {
    let console = Console::open().await;
    let hash = password::hash("白桦嘎查1921年".into()).await.unwrap();
    console.app.store.set_password(DISTRICT, Who::Officer.account(), &hash, None).await.unwrap();
    let reply = log_in(&console, "officer", "白桦嘎查1921年").await.ok();
    assert_eq!(reply["me"]["account"]["posts"][0]["role"], json!("township_officer"));
    assert_eq!(reply["me"]["expires_at"], json!(NOW.0 + 30 * 60 * 1000));
    let me = Request::get("/v1/console/me")
        .header(header::AUTHORIZATION, format!("Bearer {}", reply["token"].as_str().unwrap()));
    let me = console.send(me.body(Body::empty()).unwrap()).await.ok();
    assert_eq!(me, reply["me"]);

    for login in ["officer", "nobody"] {
        for _ in 0..5 {
            log_in(&console, login, "wrong").await.refused(401, "wrong_login");
        }
        log_in(&console, login, "白桦嘎查1921年").await.refused(429, "too_many");
    }
    console.clock.advance(15 * 60 * 1000);
    log_in(&console, "officer", "白桦嘎查1921年").await.ok();
    console.app.store.set_disabled(DISTRICT, Who::Officer.account(), Some(NOW)).await.unwrap();
    log_in(&console, "officer", "白桦嘎查1921年").await.refused(401, "wrong_login");
    console.get(Who::Officer, "/me").await.refused(401, "device_revoked");
    let audit = console.get(Who::Admin, "/audit").await.ok();
    let count = |act| audit["items"].as_array().unwrap().iter().filter(|entry| entry["act"] == act).count();
    assert_eq!((count("logged_in"), count("login_failed")), (2, 11));
}

#[tokio::test]
async fn a_token_opens_what_it_was_made_for() {
    let console = Console::open().await;
    console.get(Who::Secretary, "/me").await.refused(401, "unauthenticated");
    let bare = Request::get("/v1/console/me").body(Body::empty()).unwrap();
    console.send(bare).await.refused(401, "unauthenticated");
    let token = console.token(Who::Officer).await;
    console.clock.advance(31 * 60 * 1000);
    let late = Request::get("/v1/console/me").header(header::AUTHORIZATION, format!("Bearer {token}"));
    console.send(late.body(Body::empty()).unwrap()).await.refused(401, "token_expired");
}

fn account(login: Option<&str>, at: u8, role: &str, post_at: OrgId) -> Value {
    json!({
        "login": login, "password": login.map(|_| "足够长的密码一二三四"), "name": "包文明",
        "org": org(at), "posts": [{ "role": role, "org": post_at }],
    })
}

#[tokio::test]
async fn a_township_disposes_of_its_branches_and_of_nothing_else() {
    let console = Console::open().await;
    let open = async |who, body| console.post(who, "/accounts", body).await;
    let opened = open(Who::Officer, account(None, 4, "branch_secretary", org(4))).await.ok();
    let own = format!("/accounts/{}", opened["id"].as_str().unwrap());
    for (role, at) in [("township_officer", org(2)), ("branch_secretary", org(2)), ("district_admin", org(4))]
    {
        open(Who::Officer, account(None, 4, role, at)).await.refused(403, "forbidden");
    }
    open(Who::Officer, account(None, 4, "member", org(5))).await.refused(404, "not_found");
    open(Who::Officer, account(None, 5, "member", org(4))).await.refused(404, "not_found");
    open(Who::Reviewer, account(None, 4, "member", org(4))).await.refused(403, "forbidden");
    open(Who::Officer, account(Some("a b"), 4, "observer", org(4))).await.refused(422, "rule_broken");
    open(Who::Officer, account(Some("admin"), 4, "observer", org(4))).await.refused(409, "conflict");

    let raise = json!({ "posts": [{ "role": "township_officer", "org": org(2) }] });
    console.post(Who::Officer, &format!("{own}/posts"), raise.clone()).await.refused(403, "forbidden");
    let me = format!("/accounts/{}", Who::Officer.account());
    console.post(Who::Officer, &format!("{me}/posts"), raise.clone()).await.refused(403, "forbidden");
    let password = json!({ "password": "足够长的密码一二三四" });
    for who in [Who::Admin, Who::Reviewer] {
        let path = format!("/accounts/{}/password", who.account());
        console.post(Who::Officer, &path, password.clone()).await.refused(404, "not_found");
    }
    console.post(Who::Officer, &format!("{me}/password"), password).await.refused(403, "forbidden");
    console
        .post(Who::Neighbour, &format!("{own}/disable"), json!({ "disabled": true }))
        .await
        .refused(404, "not_found");
    let posts = json!({ "posts": [{ "role": "group_leader", "org": org(6) }] });
    let changed = console.post(Who::Officer, &format!("{own}/posts"), posts.clone()).await.ok();
    assert_eq!(changed["posts"], posts["posts"]);
    let closed =
        console.post(Who::Officer, &format!("{own}/disable"), json!({ "disabled": true })).await.ok();
    assert_eq!(closed["disabled_at"], json!(NOW.0));
    let rows = console.get(Who::Officer, "/accounts").await.ok()["items"].as_array().unwrap().len();
    assert_eq!(rows, 4, "himself, both phones' owners, the new one");
    console.get(Who::Reviewer, "/accounts").await.refused(403, "forbidden");
    let own_posts = format!("/accounts/{}/posts", Who::Admin.account());
    console.post(Who::Admin, &own_posts, json!({ "posts": [] })).await.refused(422, "rule_broken");
}

#[tokio::test]
async fn an_invite_enrols_one_device_which_can_be_ended() {
    let console = Console::open().await;
    let path = format!("/accounts/{}", Who::Secretary.account());
    let purpose = json!({ "purpose": "书记的平板" });
    console.post(Who::Reviewer, &format!("{path}/invites"), purpose.clone()).await.refused(403, "forbidden");
    let invite = console.post(Who::Officer, &format!("{path}/invites"), purpose).await.ok();
    assert_eq!(invite["expires_at"], json!(NOW.0 + 72 * 3_600_000));
    let secret = invite["link"].as_str().unwrap().strip_prefix("https://zhibu.test/enrol#").unwrap();
    let secret = data_encoding::BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap();
    let redemption = Redemption {
        secret_hash: <sha2::Sha256 as sha2::Digest>::digest(&secret).into(),
        device: DeviceId::from_bytes([77; 16]),
        key: DeviceKey { algorithm: KeyAlgorithm::Ed25519, public_key: vec![5; 32] },
        device_name: "平板".into(),
        at: NOW.plus(72 * 3_600_000 - 1),
    };
    let redeemed = console.app.store.redeem_invite(&redemption).await.unwrap();
    assert!(matches!(redeemed, Redeemed::Enrolled(owner) if owner.account.id == Who::Secretary.account()));
    let devices = console.get(Who::Officer, &format!("{path}/devices")).await.ok();
    assert_eq!(devices.as_array().unwrap().len(), 2);
    let revoke = format!("/devices/{}/revoke", redemption.device);
    console.post(Who::Neighbour, &revoke, json!({})).await.refused(404, "not_found");
    let revoked = console.post(Who::Officer, &revoke, json!({})).await.ok();
    assert_eq!(revoked["revoked_at"], json!(NOW.0));
    let console_device = format!("/devices/{}/revoke", Who::Officer.device());
    console.post(Who::Admin, &console_device, json!({})).await.refused(422, "rule_broken");
}

#[tokio::test]
async fn every_fault_of_a_request_has_the_one_shape() {
    let console = Console::open().await;
    for path in ["/records/nonsense", "/nothing/here", &format!("/records/{}", Who::Admin.account())] {
        console.get(Who::Admin, path).await.refused(404, "not_found");
    }
    for query in
        ["/activities?year=next", "/activities?after=x", "/activities?status=done", "/quarantine?open=maybe"]
    {
        console.get(Who::Admin, query).await.refused(400, "malformed");
    }
    let token = console.token(Who::Admin).await;
    let ask = async |method: Method, content_type: &str, body: String| {
        let request = Request::builder().method(method).uri("/v1/console/accounts");
        let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        console.send(request.header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap()).await
    };
    ask(Method::POST, "text/plain", "{}".into()).await.refused(415, "unsupported_media");
    ask(Method::POST, "application/json", "{".into()).await.refused(400, "malformed");
    let unknown = json!({ "name": "包文明", "org": org(4), "posts": [], "belief": "" }).to_string();
    ask(Method::POST, "application/json", unknown).await.refused(400, "malformed");
    ask(Method::POST, "application/json", " ".repeat(300_000)).await.refused(413, "too_large");
}
