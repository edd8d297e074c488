//! A form on its way: which of its fields take a text, what they are filled with, how that is sent, and what comes back.

use super::Answer;
use super::files::{Multipart, picture};
use super::support::{Form, forms};
use regex_lite::Regex;

pub(super) fn is_text(kind: &str) -> bool {
    !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "button" | "submit")
}

pub(super) fn is_file(form: &Form, name: &str) -> bool {
    form.fields.iter().any(|field| field.name == name && field.kind == "file")
}

/// Of those that are typed into, and of the files' names.
pub(super) fn has_texts(form: &Form) -> bool {
    form.fields.iter().any(|field| is_text(&field.kind) && field.kind != "file")
}

pub(super) type Values = Vec<(String, Vec<u8>)>;

pub(super) fn set(values: &mut Values, name: &str, value: Vec<u8>) {
    match values.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => values.push((name.to_owned(), value)),
    }
}

pub(super) fn as_shown(form: &Form) -> Values {
    form.as_shown().into_iter().map(|(name, value)| (name, value.into_bytes())).collect()
}

/// The form that an answer brings instead of the one that was sent.
pub(super) fn second_page(answer: &Answer) -> (String, Form) {
    let form =
        forms(&answer.text).into_iter().find(|form| form.method == "post" && has_texts(form)).expect("it goes on");
    (form.action.clone().expect("it says where"), form)
}

/// What a page says is wrong.
pub(super) fn mistakes(page: &str) -> Vec<String> {
    let said = Regex::new(r#"(?s)class="(?:mistake|notice[^"]*)"[^>]*>(.*?)</(?:p|div)>"#).expect("a pattern");
    let tags = Regex::new(r"<[^>]*>").expect("a pattern");
    said.captures_iter(page).map(|m| tags.replace_all(&m[1], "").into_owned()).collect()
}

/// What the form sends beside its texts.
pub(super) fn pressed(to: &str) -> &'static [(&'static str, &'static str)] {
    match to.split('?').next().unwrap_or("") {
        path if path.starts_with("/en/console/shops/") => &[("decision", "refuse")],
        "/en/checkout" => &[("to", "own")],
        path if path.ends_with("/tokens") => &[("reach-buy:read", "on"), ("reach-operate:read", "on"), ("days", "30")],
        "/en/sell/webhooks/new" => &[("topic-order.placed", "yes")],
        "/en/sell/apply" | "/en/my/addresses/new" => &[("assured", "yes")],
        "/en/register/account" => &[("agreement", "on")],
        _ => &[],
    }
}

/// What a field takes whose page shows it empty. Of the rows of a product each takes something else.
pub(super) fn good(name: &str) -> Option<String> {
    let row = name.rsplit('_').next().and_then(|row| row.parse::<i64>().ok()).unwrap_or(1);
    let good = match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "consignee_name" | "representative_name" | "contact_name" => "王小明",
        "consignee_phone" | "contact_phone" => "13966250001",
        "consignee_address" => "浙江省义乌市稠州北路6625号",
        "settlement_account" => "2088123456781234 王小明",
        "freight" => "12",
        "weight" => "4",
        "ships_within" => "2",
        "url" => "http://127.0.0.1:1099/hook",
        "since_year" => "2001",
        name if name.starts_with("qty-") => "20",
        "variant_stock_" => "50",
        "variant_name_en_" => return Some(format!("Size {row}")),
        "tier_from_" => return Some((row * 10).to_string()),
        "tier_price_" => return Some((100 - row).to_string()),
        "days" => "30",
        "name" | "name_en" | "intro_en" | "place_en" | "title_en" | "text_en" | "axis_en" | "reason" => "A name",
        "unit_one" => "piece",
        "picture" => "front.jpg",
        _ => return None,
    };
    Some(good.to_owned())
}

pub(super) fn body(form: &Form, values: &Values) -> (String, Vec<u8>) {
    if !form.multipart {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let encoded = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
            format!("{}={}", encoded(name.as_bytes()), encoded(value))
        };
        let pairs: Vec<String> = values.iter().map(pair).collect();
        return ("application/x-www-form-urlencoded".to_owned(), pairs.join("&").into_bytes());
    }
    // What there is already has its picture: a name without a file is none.
    let content = if form.fields.iter().any(|field| field.name == "version") { Vec::new() } else { picture() };
    let mut multipart = Multipart::new();
    // The token is the first field.
    let first = values.iter().filter(|(name, _)| name == "_csrf");
    for (name, value) in first.chain(values.iter().filter(|(name, _)| name != "_csrf")) {
        match is_file(form, name) {
            true => multipart.file(name, value, &content),
            false => multipart.field(name, value),
        }
    }
    multipart.body()
}
