//! A staff member at the console: JSON over HTTP.

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::Server;

/// Somebody logged in.
pub struct Console {
    http: Client,
    url: String,
    token: String,
}

impl Console {
    /// Logs in with the demo district's password.
    pub async fn login(server: &Server, login: &str) -> Self {
        let mut console = Self { http: Client::new(), url: server.url.clone(), token: String::new() };
        let request = json!({ "login": login, "password": "qingling-2026" });
        let reply = console.post("/v1/console/login", request).await;
        console.token = reply["token"].as_str().expect("a token").to_owned();
        console
    }

    /// Reads; it must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    /// Reads a picture: its headers and its bytes, or the status with which it was refused.
    pub async fn picture(&self, path: &str) -> Result<(HeaderMap, Vec<u8>), StatusCode> {
        let call = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let response = call.send().await.expect("the server answers");
        if !response.status().is_success() {
            return Err(response.status());
        }
        let headers = response.headers().clone();
        Ok((headers, response.bytes().await.expect("a body").to_vec()))
    }

    /// Acts; it must succeed.
    pub async fn post(&self, path: &str, request: Value) -> Value {
        let (status, body) = self.ask(Method::POST, path, Some(request)).await;
        assert!(status.is_success(), "POST {path}: {status} {body}");
        body
    }

    /// Asks, whatever comes of it.
    pub async fn ask(&self, method: Method, path: &str, request: Option<Value>) -> (StatusCode, Value) {
        let call = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let call = match request {
            Some(request) => call.json(&request),
            None => call,
        };
        let response = call.send().await.expect("the server answers");
        let status = response.status();
        let body = response.bytes().await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}
