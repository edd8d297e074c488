//! The adapter and the sandbox's gateway, over HTTP.

use super::*;
use crate::testing::{Bench, names};
use serde_json::{Value, json};

const PHONE: &str = "+8613800138000";

fn send(bench: &Bench, id: &str, phone: &str, code: &str) -> Result<(), PartnerError> {
    let parameters = BTreeMap::from([("code", code)]);
    bench.sms.hand_over(id, phone, template::VERIFICATION_CODE, Language::Zh, parameters)
}

fn arrived(bench: &Bench) -> Vec<Value> {
    let page = bench.browse("/sms/messages?phone=%2B8613800138000").1;
    serde_json::from_str(&page).unwrap()
}

#[test]
fn a_message_arrives_once_at_its_telephone() {
    let bench = Bench::new();
    send(&bench, "m-1", PHONE, "493201").unwrap();
    send(&bench, "m-1", PHONE, "493201").unwrap();
    send(&bench, "m-2", "+8613900139000", "111111").unwrap();
    send(&bench, "m-3", PHONE, "222222").unwrap();
    let ids: Vec<_> = arrived(&bench).iter().map(|message| message["message_id"].clone()).collect();
    assert_eq!(ids, ["m-3", "m-1"], "newest first, of this telephone only");
    let page = bench.browse("/sms/telephone?phone=%2B8613800138000&lang=zh").1;
    assert!(page.contains("493201") && page.contains("http-equiv=\"refresh\"") && !page.contains("<script"));
    assert!(!page.contains("111111"));
}

#[test]
fn the_gateway_refuses_what_is_no_telephone_no_template_or_another_message() {
    let bench = Bench::new();
    assert!(send(&bench, "m-1", "12", "1").unwrap_err().is(refusal::NOT_A_PHONE));
    send(&bench, "m-1", PHONE, "493201").unwrap();
    assert!(send(&bench, "m-1", PHONE, "493202").unwrap_err().is(refusal::REPEATED_DIFFERENTLY));
    let unknown = bench.sms.hand_over("m-2", PHONE, "advertisement", Language::En, BTreeMap::new());
    assert!(unknown.unwrap_err().is(refusal::UNKNOWN_TEMPLATE));
    assert_eq!(send(&bench, "not an id", PHONE, "1"), Err(PartnerError::Unfit("the request's number")));
}

/// The gateway gets telephone, template, language and values; nothing else.
#[test]
fn the_gateway_gets_the_declared_fields_only() {
    let bench = Bench::new();
    send(&bench, "m-1", PHONE, "493201").unwrap();
    let line: Value = serde_json::from_str(bench.book().lines().next().unwrap()).unwrap();
    assert_eq!(names(&line["fields"]), ["language", "message_id", "parameters", "phone", "template"]);
}

#[test]
fn faults_of_the_gateway() {
    let bench = Bench::new();
    bench.fault(json!({"partner": "sms", "kind": "down"}));
    assert_eq!(send(&bench, "m-1", PHONE, "1"), Err(PartnerError::Unreachable));
    bench.fault(json!({"partner": "sms", "kind": "wrong_signature"}));
    assert_eq!(send(&bench, "m-1", PHONE, "1"), Err(PartnerError::BadSignature));
    send(&bench, "m-1", PHONE, "1").unwrap();
    assert_eq!(arrived(&bench).len(), 1, "repeating it under its number did not send it twice");
    bench.fault(json!({"partner": "sms", "kind": "twice"}));
    send(&bench, "m-2", PHONE, "2").unwrap();
    assert_eq!(arrived(&bench).len(), 3);
}

/// Whoever reads of a sign-in must not take it for one of last night.
#[test]
fn a_time_is_told_with_its_zone() {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    assert_eq!(minute(1_764_505_379_000_000, &zone), "2025-11-30 20:22 (UTC+08:00)");
    assert_eq!(minute(1_764_505_379_000_000, &TimeZone::UTC), "2025-11-30 12:22 (UTC+00:00)");
}
