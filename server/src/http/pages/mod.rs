//! The pages: the phone's application at `/`, the staff's at `/console/`, with what browsers may do on them.
//!
//! Both applications route by themselves, so that every path below them that names no file is answered with their
//! one HTML file. What has its hash in its name (`assets/` of either) never changes and may be kept for ever; everything
//! else is asked for anew each time. No page and no script comes from another origin.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::App;
use crate::error::ApiError;

mod files;
mod kept;
#[cfg(test)]
mod tests;

pub use files::Pages;
use files::{PACKED, PageFile};

/// Where the hashed files of the two applications are.
const HASHED: [&str; 2] = ["assets/", "console/assets/"];
/// The phone's application.
const PHONE: &str = "index.html";
/// The staff's application.
const CONSOLE: &str = "console/index.html";

/// A year, and never ask: the name changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// May be kept, but is asked about before each use.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

/// What the phone's page may do. Trusted Types: only Vue's own policy and ours for the addresses of workers.
const PHONE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types vue zhibu";
/// What the console's page may do. Element Plus writes HTML in one place, so no Trusted Types.
const CONSOLE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; form-action 'self'; \
    base-uri 'none'; object-src 'none'; frame-ancestors 'none'";
/// A script that runs as a worker has the policy that came with it and not its page's.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    base-uri 'none'; object-src 'none'; frame-ancestors 'none'";
/// Data is no page.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The camera is for scanning an invite. Nothing here ever asks where somebody is.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), accelerometer=(), \
    gyroscope=(), magnetometer=(), display-capture=()";

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers whatever no endpoint has.
pub(super) fn routes(pages: Pages) -> Router<Arc<App>> {
    let pages = Arc::new(pages);
    let answer = move |method: Method, uri: Uri, asked: HeaderMap| {
        let pages = pages.clone();
        async move { pages.answer(&method, uri.path(), &asked).await }
    };
    Router::new().fallback(answer)
}

impl Pages {
    async fn answer(&self, method: &Method, path: &str, asked: &HeaderMap) -> Response {
        let path = path.trim_start_matches('/');
        let is_api = path == "v1" || path.starts_with("v1/");
        if is_api || !matches!(*method, Method::GET | Method::HEAD) {
            return ApiError::NotFound.into_response();
        }
        if path == "console" {
            return Redirect::permanent("/console/").into_response();
        }
        if let Some(file) = self.file(path) {
            return file.answer(path, asked);
        }
        if is_hashed(path) {
            return self.kept_asset(path, asked).await;
        }
        // A path that looks like a file and is none must not be answered with a page.
        if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
            return ApiError::NotFound.into_response();
        }
        let page = if path.starts_with("console/") { CONSOLE } else { PHONE };
        match self.file(page) {
            Some(file) => file.answer(page, asked),
            None => not_built(),
        }
    }

    /// A hashed file of a build before this one.
    async fn kept_asset(&self, path: &str, asked: &HeaderMap) -> Response {
        let packed = self.kept(&format!("{path}{PACKED}")).filter(|_| accepts_brotli(asked));
        let is_packed = packed.is_some();
        let plain = || self.kept(path).filter(|_| !path.ends_with(PACKED));
        let Some(place) = packed.or_else(plain) else {
            return ApiError::NotFound.into_response();
        };
        match tokio::fs::read(place).await {
            Ok(bytes) => {
                let mut response = Response::new(Body::from(bytes));
                describe(path, response.headers_mut(), is_packed);
                response
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => ApiError::NotFound.into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

impl PageFile {
    fn answer(&self, path: &str, asked: &HeaderMap) -> Response {
        let packed = self.packed.as_ref().filter(|_| accepts_brotli(asked));
        let is_known = asked.get(header::IF_NONE_MATCH).is_some_and(|tags| names_tag(tags, &self.tag));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(packed.unwrap_or(&self.plain).clone()))
        };
        describe(path, response.headers_mut(), packed.is_some() && !is_known);
        response.headers_mut().insert(header::ETAG, self.tag.clone());
        response
    }
}

/// Says what the file at this path is and what may be done with it.
fn describe(path: &str, headers: &mut HeaderMap, is_packed: bool) {
    let is_console = path.starts_with("console/");
    let media = media_type(path);
    let policy = match media {
        HTML if is_console => CONSOLE_POLICY,
        HTML => PHONE_POLICY,
        SCRIPT => WORKER_POLICY,
        _ => DATA_POLICY,
    };
    let keeping = if is_hashed(path) { FOR_EVER } else { ASK_FIRST };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, keeping);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if media == HTML {
        headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS));
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
}

/// What every answer says, of whatever sort. Whoever came over TLS once shall not come without it again. Pages may read
/// pictures from the bucket that they are sent to, if they are.
pub(super) fn secure(is_https: bool, pictures: Option<&str>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    let policy = headers.entry(header::CONTENT_SECURITY_POLICY);
    let policy = policy.or_insert(HeaderValue::from_static(DATA_POLICY));
    if let Some(wider) = pictures.and_then(|origin| with_pictures(policy, origin)) {
        *policy = wider;
    }
    if is_https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// The policy with one origin more for pictures, which the phone fetches and the console shows.
fn with_pictures(policy: &HeaderValue, origin: &str) -> Option<HeaderValue> {
    let mut wider = policy.to_str().ok()?.to_owned();
    for directive in ["img-src 'self'", "connect-src 'self'"] {
        wider = wider.replace(directive, &format!("{directive} {origin}"));
    }
    wider.parse().ok()
}

/// The server was built before the pages were.
fn not_built() -> Response {
    const PAGE: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>支部簿</title>\
        <h1>网页还没有构建</h1><p>服务器在运行，但它里面没有网页。请在项目文件夹里运行下面的命令，再启动一次。</p>\
        <pre>cd web\nnpm ci\nnpm run build</pre></html>\n";
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, PAGE).into_response();
    describe(PHONE, response.headers_mut(), false);
    response
}

fn is_hashed(path: &str) -> bool {
    HASHED.iter().any(|folder| path.starts_with(folder))
}

fn accepts_brotli(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| {
        let (coding, quality) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let quality = quality.trim().strip_prefix("q=").and_then(|quality| quality.parse::<f32>().ok());
        coding.trim().eq_ignore_ascii_case("br") && quality.is_some_and(|quality| quality > 0.0)
    })
}

fn names_tag(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(tag)) = (tags.to_str(), tag.to_str()) else { return false };
    let tag = tag.trim_start_matches("W/");
    tags.split(',').map(str::trim).any(|named| named == "*" || named.trim_start_matches("W/") == tag)
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => HTML,
        "js" | "mjs" => SCRIPT,
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
