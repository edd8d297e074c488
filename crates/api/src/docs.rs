//! The document, and the page for people that is made from it: nothing on it is written a second time.

use crate::beside::{self, Why};
use crate::problem::Kind;
use crate::routes::{SUMMARY_ZH, TAGS, document};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::sync::LazyLock;
use trade::hooks::Topic;
use web::language::Lang;
use web::{Frame, t, ui};

/// The page's address, without its language.
pub const PATH: &str = "/api";

/// The OpenAPI document as JSON.
static JSON: LazyLock<Value> = LazyLock::new(|| {
    let mut json = serde_json::to_value(document()).expect("the document is made of text and numbers");
    json["webhooks"] = Topic::ALL.iter().map(|topic| (topic.id().to_owned(), sent(*topic))).collect();
    json
});

/// What a webhook is sent, as the document describes it. The library that makes the document knows no such part.
fn sent(topic: Topic) -> Value {
    let header = |name: &str, told: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": told, "schema": {"type": "string"},
        })
    };
    json!({"post": {
        "operationId": format!("on_{}", topic.id().replace('.', "_")),
        "summary": format!("We tell your program: {}", topic.id()),
        "tags": ["webhooks"],
        "parameters": [
            header("webhook-id", "The same at every try: what your program has had under it, it has had"),
            header("webhook-timestamp", "When it was sent, in seconds since 1970"),
            header("webhook-signature", "One or several signatures, as Standard Webhooks has them"),
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderMessage"}}},
        },
        "responses": {
            "2XX": {"description": "Taken"},
            "410": {"description": "Your program wants no more: the webhook is turned off"},
            "default": {"description": "Not taken: it is sent again"},
        },
    }})
}

/// This document
#[utoipa::path(get, path = "/api/openapi.json", tag = "document",
    responses((status = OK, body = serde_json::Value, description = "OpenAPI 3.1")))]
pub async fn get_document() -> Response {
    let mut response = axum::Json(&*JSON).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// `GET /api`
pub async fn page(frame: Frame) -> Response {
    let lang = frame.lang;
    let main = html! {
        h1 { (t(lang, "api-title")) }
        p { (t(lang, "api-intro")) " " a href="/api/openapi.json" { "/api/openapi.json" } }
        (how(&frame))
        (persons(lang))
        @for (tag, en, zh) in TAGS { (part(lang, tag, if lang == Lang::ZH { zh } else { en })) }
        (problems(lang))
        (schemas(lang))
    };
    frame.page(t(lang, "api-title")).listed(t(lang, "api-intro")).answer(main)
}

/// What whoever writes a receiver must know.
const HOOKS: [&str; 6] = [
    "api-how-hooks-verify",
    "api-how-hooks-once",
    "api-how-hooks-order",
    "api-how-hooks-answer",
    "api-how-hooks-again",
    "api-how-hooks-secret",
];

fn how(frame: &Frame) -> Markup {
    let lang = frame.lang;
    let origin = &frame.site.origin;
    let parts: [(&'static str, &'static str, Option<String>); 7] = [
        (
            "api-how-token",
            "api-how-token-text",
            Some(format!("curl -H 'Authorization: Bearer hanse_…' {origin}/api/v1/cart")),
        ),
        ("api-how-money", "api-how-money-text", None),
        ("api-how-pages", "api-how-pages-text", Some(format!("curl '{origin}/api/v1/products?q=buttons&limit=20'"))),
        (
            "api-how-once",
            "api-how-once-text",
            Some(format!(
                "curl -X POST -H 'Idempotency-Key: 0f8c…' -H 'Authorization: Bearer hanse_…' {origin}/api/v1/orders …"
            )),
        ),
        ("api-how-limit", "api-how-limit-text", None),
        ("api-how-privacy", "api-how-privacy-text", None),
        (
            "api-how-hooks",
            "api-how-hooks-text",
            Some(
                "from standardwebhooks import Webhook\n\nmessage = Webhook(\"whsec_…\").verify(body, headers)   # raises where it is not ours"
                    .into(),
            ),
        ),
    ];
    html! {
        @for (title, text, example) in &parts {
            section.card.pad id=[(*title == "api-how-hooks").then_some("webhooks")] {
                h2 { (t(lang, title)) }
                p { (t(lang, text)) }
                @if *title == "api-how-hooks" {
                    @for key in HOOKS { p { (t(lang, key)) } }
                    p { a href="#schema-OrderMessage" { "OrderMessage" } }
                }
                @if *title == "api-how-token" {
                    p { a href=(frame.path("/my/tokens")) { (t(lang, "my-tokens")) } }
                }
                @if let Some(example) = example { pre.code { code { (example) } } }
            }
        }
    }
}

/// What no program does.
fn persons(lang: Lang) -> Markup {
    html! {
        section.card.pad id="person" {
            h2 { (t(lang, "api-person")) }
            p { (t(lang, "api-person-intro")) }
            @for why in Why::ALL {
                h3 { (t(lang, why.keys().0)) }
                p { (t(lang, why.keys().1)) }
                p.note { @for (n, path) in beside::persons(why).iter().enumerate() { @if n > 0 { " " } code { (path) } } }
            }
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

/// The operations of one tag.
fn part(lang: Lang, tag: &str, title: &str) -> Markup {
    let paths = JSON["paths"].as_object();
    let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (method, path, operation))
    });
    let own: Vec<_> = operations.filter(|(_, _, operation)| operation["tags"][0] == *tag).collect();
    html! {
        section {
            h2 id={ "tag-" (tag) } { (title) }
            @for (method, path, operation) in own { (one(lang, method, path, operation)) }
        }
    }
}

fn one(lang: Lang, method: &str, path: &str, operation: &Value) -> Markup {
    let summary = text(operation, if lang == Lang::ZH { SUMMARY_ZH } else { "summary" });
    let scopes: Vec<&str> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|one| one["token"].as_array().into_iter().flatten().filter_map(Value::as_str))
        .collect();
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    let bodies: Vec<(&String, &Value)> =
        operation["requestBody"]["content"].as_object().into_iter().flatten().collect();
    let responses: Vec<(&String, &Value)> = operation["responses"].as_object().into_iter().flatten().collect();
    let columns = ["api-parameter", "api-in", "api-type", "api-meaning"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "api-parameters"), &columns);
    for parameter in &parameters {
        let needed = parameter["required"] == true;
        table.row(vec![
            ui::head_cell(html! { code { (text(parameter, "name")) } @if needed { " *" } }),
            ui::cell(html! { (text(parameter, "in")) }),
            ui::cell(kind(&parameter["schema"])),
            ui::cell(html! { (text(parameter, "description")) }),
        ]);
    }
    html! {
        section.card.pad id={ "op-" (text(operation, "operationId")) } {
            h3 { code { (method.to_uppercase()) " " (path) } }
            p { (summary) @if let Some(more) = operation["description"].as_str() { " " span.note { (more) } } }
            p.note {
                @if scopes.is_empty() { (t(lang, "api-no-token")) } @else {
                    (t(lang, "api-scopes")) (t(lang, "colon"))
                    @for (n, scope) in scopes.iter().enumerate() { @if n > 0 { " / " } code { (scope) } }
                }
            }
            p.note {
                (t(lang, "api-as-page")) (t(lang, "colon"))
                @for (n, path) in beside::pages_of(text(operation, "operationId")).iter().enumerate() {
                    @if n > 0 { ", " } code { (path) }
                }
            }
            @if !table.is_empty() { (table) }
            @for (media, body) in bodies {
                p { (t(lang, "api-body")) (t(lang, "colon")) (kind(&body["schema"])) " " span.note { (media) } }
            }
            ul.plain {
                @for (status, response) in responses {
                    li {
                        code { (status) } " "
                        @for (_, content) in response["content"].as_object().into_iter().flatten() { (kind(&content["schema"])) " " }
                        span.note { (text(response, "description")) }
                    }
                }
            }
        }
    }
}

/// A schema in a few words, with links to those that have a name.
fn kind(schema: &Value) -> Markup {
    const PREFIX: &str = "#/components/schemas/";
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.strip_prefix(PREFIX)) {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    if let Some(all) = schema["oneOf"].as_array() {
        return html! { @for (n, one) in all.iter().enumerate() { @if n > 0 { " / " } (kind(one)) } };
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    let choices: Vec<&str> = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html! {
        @if !choices.is_empty() {
            @for (n, choice) in choices.iter().enumerate() { @if n > 0 { " / " } code { (choice) } }
        } @else {
            (names.join(" / "))
            @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
            @if names.contains(&"array") { " [" (kind(&schema["items"])) "]" }
        }
    }
}

fn problems(lang: Lang) -> Markup {
    html! {
        section {
            h2 id="problems" { (t(lang, "api-problems")) }
            p { (t(lang, "api-problems-text")) " " a href="#schema-Problem" { "Problem" } }
            @for kind in Kind::ALL {
                section.card.pad id={ "problem-" (kind.id()) } {
                    h3 { code { (kind.status().as_u16()) } " " (t(lang, kind.keys().0)) }
                    p { (t(lang, kind.keys().1)) }
                }
            }
        }
    }
}

fn schemas(lang: Lang) -> Markup {
    let all = JSON["components"]["schemas"].as_object();
    let columns = ["api-field", "api-type", "api-meaning"].map(|key| t(lang, key));
    html! {
        section {
            h2 id="schemas" { (t(lang, "api-schemas")) }
            @for (name, schema) in all.into_iter().flatten() {
                section.card.pad id={ "schema-" (name) } {
                    h3 { (name) }
                    @if let Some(told) = schema["description"].as_str() { p { (told) } }
                    @match schema["properties"].as_object() {
                        Some(properties) => {
                            @let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                            (fields(name, &columns, properties, &needed))
                        }
                        None => p { (kind(schema)) },
                    }
                }
            }
        }
    }
}

fn fields(name: &str, columns: &[&str], properties: &serde_json::Map<String, Value>, needed: &[&str]) -> Markup {
    let mut table = ui::Table::new(name, columns);
    for (field, property) in properties {
        table.row(vec![
            ui::head_cell(html! { code { (field) } @if needed.contains(&field.as_str()) { " *" } }),
            ui::cell(kind(property)),
            ui::cell(html! { (text(property, "description")) }),
        ]);
    }
    html! { (table) }
}
