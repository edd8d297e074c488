//! Style sheet, script, icons: embedded, and served under an address that contains their hash, so that a browser
//! may keep them for good and a new build is never mixed with an old style.

use crate::routes::{Gate, Routes};
use aws_lc_rs::digest;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashMap;
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $kind:literal,)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            kind: $kind,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }),*];
    };
}
assets! {
    "hanse.css": "text/css; charset=utf-8",
    "hanse.js": "text/javascript; charset=utf-8",
    "favicon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
}

/// Name as written in the source => address.
static URLS: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let url = |asset: &Asset| {
        let hash = digest::digest(&digest::SHA256, asset.bytes);
        let short = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..9]);
        let (stem, ending) = asset.name.rsplit_once('.').expect("every asset's name has an ending");
        (asset.name, format!("/assets/{stem}.{short}.{ending}"))
    };
    ASSETS.iter().map(url).collect()
});

/// The address of an embedded file. A name that is not embedded is a fault of the program, found by the first test
/// that shows a page.
pub fn asset_url(name: &'static str) -> &'static str {
    URLS.get(name).unwrap_or_else(|| panic!("{name} is not an embedded asset"))
}

/// Serves `/assets/…`; to be merged with what needs no language.
pub fn routes() -> Routes<()> {
    Routes::default().get(Gate::Anybody, "/assets/{name}", serve).get(Gate::Anybody, "/favicon.ico", favicon)
}

async fn serve(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let found = ASSETS.iter().find(|asset| asset_url(asset.name) == path);
    match found {
        Some(asset) => answer(asset, "public, max-age=31536000, immutable"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// For what asks by the old name without looking at the page.
async fn favicon() -> Response {
    ASSETS
        .iter()
        .find(|asset| asset.name == "favicon.svg")
        .map_or_else(|| StatusCode::NOT_FOUND.into_response(), |asset| answer(asset, "public, max-age=86400"))
}

fn answer(asset: &Asset, cache: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::extract::Request;
    use tower::ServiceExt;

    #[tokio::test]
    async fn an_asset_is_kept_for_good_and_a_wrong_hash_is_not_found() {
        let ask = |path: String| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            routes().into_router().oneshot(request)
        };
        let answer = ask(asset_url("hanse.css").to_owned()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(ask("/assets/hanse.000000000000.css".into()).await.unwrap().status(), StatusCode::NOT_FOUND);
    }

    /// 2.7-a.4: no script of ours reads what identifies a device; 0-a.1: none stores anything by itself.
    #[test]
    fn the_script_touches_no_identifying_interface_and_no_storage() {
        let script = include_str!("../assets/hanse.js");
        for forbidden in [
            "canvas",
            "AudioContext",
            "getBattery",
            "hardwareConcurrency",
            "deviceMemory",
            "plugins",
            "userAgent",
            "WebGL",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
            "sendBeacon",
            "innerHTML",
            "eval(",
            "http://",
            "https://",
        ] {
            assert!(!script.contains(forbidden), "hanse.js uses {forbidden}");
        }
    }

    /// The content security policy allows no inline style, so a style sheet must not lean on anything outside.
    #[test]
    fn the_style_sheet_loads_nothing() {
        let style = include_str!("../assets/hanse.css");
        for forbidden in ["@import", "http:", "https:", "expression("] {
            assert!(!style.contains(forbidden), "hanse.css uses {forbidden}");
        }
    }
}
