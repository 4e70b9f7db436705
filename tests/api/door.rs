//! The door from outside: any request, and the answer as it came.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use zhibu_domain::time::Millis;
use zhibu_domain::wire::{ErrorBody, ErrorCode};

/// Where to knock.
pub(crate) struct Door {
    http: Client,
    url: String,
}

/// An answer as it came.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    content_type: String,
    request_id: String,
    beside: String,
}

/// A refusal: its code, and all that can be read of it, without what differs from run to run.
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
}

impl Door {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { http: Client::new(), url: format!("http://{address}") }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Bytes to an endpoint of the phones.
    pub(crate) async fn cbor(&self, path: &str, token: &str, body: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/cbor");
        Answer::to(request.bearer_auth(token).body(body)).await
    }

    /// Text that says it is JSON to an endpoint of the console.
    pub(crate) async fn json(&self, path: &str, token: &str, body: impl ToString) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        Answer::to(request.bearer_auth(token).body(body.to_string())).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        Answer::to(self.request(Method::GET, path).bearer_auth(token)).await
    }
}

impl Answer {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        let beside = ["allow", "retry-after"].map(|name| (name, header(name)));
        let beside = beside.iter().filter(|(_, value)| !value.is_empty());
        Self {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            request_id: header("x-request-id"),
            beside: beside.map(|(name, value)| format!("; {name}: {value}")).collect(),
            bytes: response.bytes().await.unwrap().into(),
        }
    }

    /// The body of a success in JSON.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            String::from_utf8_lossy(&self.bytes)
        );
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The one error body, in whichever of its two dialects; nothing may be missing and nothing more may be there.
    #[track_caller]
    pub(crate) fn refusal(&self, now: Millis) -> Refused {
        let body = match self.content_type.as_str() {
            "application/cbor" => {
                assert_eq!(minicbor::Decoder::new(&self.bytes).map().unwrap(), Some(4));
                minicbor::decode::<ErrorBody>(&self.bytes).unwrap()
            }
            "application/json" => self.json_error(),
            other => panic!("an error of {} in {other:?}", self.status),
        };
        assert_eq!((&body.request_id, body.server_time), (&self.request_id, now));
        assert_eq!(body.request_id.len(), 32);
        let text = format!(
            "{} {}{}\n  {{ code: {}, message: {}, request_id: [id], server_time: [now] }}\n",
            self.status, self.content_type, self.beside, body.code, body.message
        );
        Refused { code: body.code, text }
    }

    fn json_error(&self) -> ErrorBody {
        let value: Value = serde_json::from_slice(&self.bytes).unwrap();
        let names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["code", "message", "request_id", "server_time"];
        assert!(expected.iter().all(|name| names.contains(name)) && names.len() == 4, "{names:?}");
        ErrorBody {
            code: value["code"].as_str().unwrap().parse().unwrap(),
            message: value["message"].as_str().unwrap().into(),
            request_id: value["request_id"].as_str().unwrap().into(),
            server_time: Millis(value["server_time"].as_i64().unwrap()),
        }
    }
}
