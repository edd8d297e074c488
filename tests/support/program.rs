//! A program that speaks to the marketplace's interface by hand, with a token or without.

// Each test of the whole system uses its part of this.
#![allow(dead_code)]

use super::support::{self, Market, token};
use serde_json::Value;
use ureq::http::{Method, Request};

const PASSWORD: &str = "wholesale-1688";

/// An answer of the API.
pub struct Said {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub json: Value,
}

impl Said {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// A problem of this status that names these fields with these codes.
    pub fn is_problem(&self, status: u16, errors: &[(&str, &str)]) -> &Said {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.json);
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string() && self.json["detail"].is_string());
        for (field, code) in errors {
            let found = self.json["errors"].as_array().expect("errors").iter();
            let found = found.into_iter().any(|error| error["field"] == *field && error["code"] == *code);
            assert!(found, "no {code} at {field}: {}", self.json);
        }
        self
    }

    pub fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.json);
        &self.json
    }
}

/// A program with a token, or without.
#[derive(Clone)]
pub struct Program<'m> {
    pub market: &'m Market,
    pub token: Option<String>,
}

impl Program<'_> {
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Said {
        self.sends(method, path, headers, body.map(|text| text.as_bytes().to_vec()))
    }

    /// Posts a form of parts, each a field with its bytes.
    pub fn form(&self, path: &str, headers: &[(&str, &str)], parts: &[(&str, Vec<u8>)]) -> Said {
        let line = "------hanse";
        let mut body = Vec::new();
        for (name, content) in parts {
            let head = format!("--{line}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n");
            body.extend([head.as_bytes(), content, b"\r\n"].concat());
        }
        body.extend(format!("--{line}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={line}");
        self.sends("POST", path, &[headers, &[("content-type", kind.as_str())]].concat(), Some(body))
    }

    fn sends(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Said {
        let agent = support::agent();
        let mut request = Request::builder()
            .method(Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method"))
            .uri(format!("{}{path}", self.market.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => agent.run(request.body(body).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Said { status: answer.status().as_u16(), headers: answer.headers().clone(), json }
    }

    pub fn get(&self, path: &str) -> Said {
        self.send("GET", path, &[], None)
    }

    pub fn json(&self, method: &str, path: &str, body: &Value) -> Said {
        self.send(method, path, &[("content-type", "application/json")], Some(&body.to_string()))
    }
}

pub fn nobody(market: &Market) -> Program<'_> {
    Program { market, token: None }
}

/// A program of a member of the demo's.
pub fn member<'m>(market: &'m Market, name: &str, reaches: &[&str]) -> Program<'m> {
    let mut browser = market.browser();
    browser.signs_in(name, PASSWORD);
    Program { market, token: Some(token(&mut browser, "/my/tokens", reaches)) }
}

/// A program of the demo's operator.
pub fn operator<'m>(market: &'m Market, reaches: &[&str]) -> Program<'m> {
    let mut browser = market.browser();
    browser.get("/en/console/sign-in");
    browser.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]).shows(&["Access tokens"]);
    Program { market, token: Some(token(&mut browser, "/console/tokens", reaches)) }
}

/// Every operation: method, path, and what the document says of it.
pub fn operations(market: &Market) -> Vec<(String, String, Value)> {
    let said = nobody(market).get("/api/openapi.json");
    let mut all = Vec::new();
    for (path, item) in said.is(200)["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}
