//! What a browser may do with our pages: load from here, send forms here and to the cashier, and nothing else.

use crate::frame::Site;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Features that browsers know in `Permissions-Policy` (they complain of names they do not). Those that a later
/// browser invents are denied to frames anyway, and our pages show no frames.
const FEATURES: &[&str] = &[
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "sync-xhr",
    "unload",
    "usb",
    "window-management",
    "xr-spatial-tracking",
];

/// `Permissions-Policy` that denies everything but the named features to our own pages. A page that needs one sets
/// this header itself (2.8.1-a.4); every other answer gets the one that allows none.
pub fn permissions(allowed: &[&str]) -> HeaderValue {
    let list: Vec<String> = FEATURES
        .iter()
        .map(|feature| if allowed.contains(feature) { format!("{feature}=(self)") } else { format!("{feature}=()") })
        .collect();
    HeaderValue::from_str(&list.join(", ")).expect("the feature names are ASCII")
}

/// The headers of every answer, made once from the configuration.
#[derive(Debug)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// Fails if an origin in the configuration cannot stand in a header.
    pub fn new(site: &Site) -> Result<Headers, String> {
        let mut actions = "'self'".to_owned();
        for cashier in &site.cashiers {
            // A separator here would write further directives.
            let plain = cashier.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ';' | ',' | '\'' | '"'));
            if !plain || !cashier.contains("://") {
                return Err(format!("{cashier:?} is not an origin such as https://cashier.example"));
            }
            // Browsers follow `form-action` through redirects: the order form leads to the cashier.
            actions.push(' ');
            actions.push_str(cashier);
        }
        let csp = format!(
            "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; \
             manifest-src 'self'; form-action {actions}; frame-ancestors 'none'; base-uri 'none'"
        );
        let csp = HeaderValue::from_str(&csp).map_err(|error| error.to_string())?;
        let still = HeaderValue::from_static;
        let mut headers = vec![
            (header::CONTENT_SECURITY_POLICY, csp),
            (HeaderName::from_static("permissions-policy"), permissions(&[])),
            (header::X_CONTENT_TYPE_OPTIONS, still("nosniff")),
            (header::X_FRAME_OPTIONS, still("DENY")),
            (header::REFERRER_POLICY, still("same-origin")),
            (HeaderName::from_static("cross-origin-opener-policy"), still("same-origin")),
            (HeaderName::from_static("cross-origin-resource-policy"), still("same-origin")),
            // What may be kept says so itself; what says nothing may be somebody's own.
            (header::CACHE_CONTROL, still("no-store")),
        ];
        if site.tls() {
            headers.push((header::STRICT_TRANSPORT_SECURITY, still("max-age=31536000; includeSubDomains")));
        }
        Ok(Headers(headers))
    }
}

/// Adds each header that the answer does not set itself.
pub async fn add(State(headers): State<Arc<Headers>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in &headers.0 {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(headers: &'a Headers, name: &str) -> &'a str {
        headers.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.to_str().unwrap())
    }

    #[test]
    fn the_policy_allows_only_our_own_and_the_cashier() {
        let headers = Headers::new(&Site::example()).unwrap();
        let csp = value(&headers, "content-security-policy");
        assert!(csp.starts_with("default-src 'none';"));
        assert!(csp.contains("form-action 'self' https://cashier.example;"));
        assert!(!csp.contains("unsafe") && !csp.contains('*'));
        assert!(value(&headers, "strict-transport-security").starts_with("max-age="));
        let plain = Site { origin: "http://localhost:8080".into(), ..Site::example() };
        assert_eq!(value(&Headers::new(&plain).unwrap(), "strict-transport-security"), "");
    }

    #[test]
    fn an_origin_cannot_smuggle_a_directive() {
        for bad in ["https://a.example; script-src *", "cashier", "https://a.example 'unsafe-inline'", "https://ä\n"] {
            let site = Site { cashiers: vec![bad.into()], ..Site::example() };
            assert!(Headers::new(&site).is_err(), "{bad}");
        }
    }

    /// 2.8.1-a.4
    #[test]
    fn every_feature_is_denied_until_a_page_declares_it() {
        assert!(!permissions(&[]).to_str().unwrap().contains("self"));
        let one = permissions(&["camera"]);
        assert!(one.to_str().unwrap().contains("camera=(self)"));
        assert!(one.to_str().unwrap().contains("microphone=()"));
    }
}
