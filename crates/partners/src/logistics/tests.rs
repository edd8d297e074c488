//! The adapter and the sandbox's waybill platform, over HTTP.

use super::*;
use crate::testing::{Bench, Told, names};
use serde_json::{Value, json};

fn values<'a>(address: &'a str, time: Option<&'a str>) -> wire::Values<'a> {
    wire::Values {
        consignee: wire::Consignee { name: "陈小明", address, phone: "+8613800138000", alt_phone: None },
        delivery_time: time,
        parcel: wire::Parcel { kind: "buttons".into(), weight_grams: 4_200 },
    }
}

fn shipment(parcel_ref: &str) -> wire::Shipment<'_> {
    wire::Shipment { parcel_ref, courier: "sf", sender: wire::Sender { shop_name: "Yiwu Buttons", place: "Yiwu" } }
}

const ADDRESS: &str = "浙江省义乌市稠州北路1000号";

fn ask(bench: &Bench, parcel_ref: &str) -> Result<Waybill, PartnerError> {
    let values = values(ADDRESS, Some("weekdays"));
    bench.logistics.ask_waybill(&values, &values, shipment(parcel_ref))
}

fn advance(bench: &Bench, body: Value) {
    let (status, said) = bench.post("/logistics/admin/advance", "application/json", body.to_string().as_bytes());
    assert_eq!(status, 200, "{said}");
}

fn read(bench: &Bench, told: &Told) -> Result<TrackingEvent, PushRefused> {
    let header = |name: &str| told.headers.get(name).and_then(|value| value.to_str().ok());
    let headers = PushHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    bench.logistics.read_push(headers, &told.body)
}

#[test]
fn parcel_contents_survive_as_text() {
    let contents = ParcelContents { kind: "metal buttons".into(), weight_grams: 4_200 };
    assert_eq!(contents.write(), "4200 g metal buttons");
    assert_eq!(ParcelContents::read(&contents.write()), Some(contents));
    assert_eq!(ParcelContents::read("buttons"), None);
}

/// 3.1.5-1B.1: two books, the platform's and the courier's, with the declared fields and no others.
#[test]
fn platform_and_courier_get_the_declared_fields_only() {
    let bench = Bench::new();
    let (platform, courier) = (values(ADDRESS, Some("weekdays")), values(ADDRESS, None));
    bench.logistics.ask_waybill(&platform, &courier, shipment("parcel-1")).unwrap();
    let lines: Vec<Value> = bench.book().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let received = &lines.iter().find(|line| line["what"] == "received").unwrap()["fields"];
    assert_eq!(
        names(received),
        ["consignee", "courier", "delivery_time", "hand_to_courier", "parcel", "parcel_ref", "push_url", "sender"]
    );
    assert_eq!(names(&received["consignee"]), ["address", "name", "phone"]);
    assert_eq!(names(&received["sender"]), ["place", "shop_name"]);
    let handed_on = &lines.iter().find(|line| line["what"] == "handed_on").unwrap()["fields"];
    assert_eq!(
        names(handed_on),
        ["consignee.address", "consignee.name", "consignee.phone", "parcel", "sender", "waybill_number"],
        "the courier was not given the wished time, so the platform does not hand it on"
    );
}

#[test]
fn the_courier_cannot_get_what_the_platform_does_not_have() {
    let bench = Bench::new();
    let outcome = bench.logistics.ask_waybill(&values(ADDRESS, None), &values("elsewhere", None), shipment("p"));
    assert!(matches!(outcome, Err(PartnerError::Unfit(_))));
    let outcome = bench.logistics.ask_waybill(&values(ADDRESS, None), &values(ADDRESS, Some("now")), shipment("p"));
    assert!(matches!(outcome, Err(PartnerError::Unfit(_))));
}

/// 3.1.5-1B.S1
#[test]
fn a_waybill_is_idempotent_by_the_parcel_and_shows_no_telephone() {
    let bench = Bench::new();
    let first = ask(&bench, "parcel-1").unwrap();
    let again = ask(&bench, "parcel-1").unwrap();
    assert_eq!(first.number.look_inside(), again.number.look_inside());
    assert!(!first.phone_on_label.contains("13800138000") && !first.sort_code.is_empty());
    let other = values("another address", None);
    let different = bench.logistics.ask_waybill(&other, &other, shipment("parcel-1"));
    assert!(different.is_err_and(|error| error.is(refusal::REPEATED_DIFFERENTLY)));
    let nowhere = values("unreachable island", None);
    let refused = bench.logistics.ask_waybill(&nowhere, &nowhere, shipment("parcel-2"));
    assert!(refused.is_err_and(|error| error.is(refusal::UNREACHABLE_ADDRESS)));
}

/// 3.1.5-1B.2
#[test]
fn a_parcels_way_is_pushed_and_may_be_asked_for() {
    let bench = Bench::new();
    let number = ask(&bench, "parcel-1").unwrap().number.look_inside().clone();
    assert_eq!(bench.logistics.ask_query("parcel-1", &number).unwrap(), []);
    for _ in 0..6 {
        advance(&bench, json!({ "waybill_number": number }));
    }
    let told = bench.told(5);
    assert!(told.iter().any(|told| String::from_utf8_lossy(&told.body).contains("赵师傅")), "the platform says more");
    let mut pushed: Vec<_> = told.iter().map(|told| read(&bench, told).unwrap()).collect();
    let asked = bench.logistics.ask_query("parcel-1", &number).unwrap();
    pushed.sort_by_key(|event| (event.progress.rank(), event.event_id.clone()));
    assert_eq!(pushed, asked);
    let words: Vec<_> = asked.iter().map(|event| event.progress.word()).collect();
    assert_eq!(words, ["accepted", "in_transit", "in_transit", "out_for_delivery", "delivered"]);
    let kept = format!("{asked:?}");
    assert!(!kept.contains("陈小明") && !kept.contains("赵师傅") && !kept.contains("13900139000"));
    let wrong = bench.logistics.ask_query("parcel-1", "SF000000000000").unwrap_err();
    assert!(wrong.is(refusal::UNKNOWN_WAYBILL));
}

#[test]
fn a_waybill_is_cancelled_only_before_the_courier_has_the_parcel() {
    let bench = Bench::new();
    let number = |parcel| ask(&bench, parcel).unwrap().number.look_inside().clone();
    let (kept, gone) = (number("parcel-1"), number("parcel-2"));
    bench.logistics.ask_cancel("parcel-1", &kept).unwrap();
    bench.logistics.ask_cancel("parcel-1", &kept).unwrap();
    advance(&bench, json!({}));
    let accepted = bench.logistics.ask_cancel("parcel-2", &gone).unwrap_err();
    assert!(accepted.is(refusal::ALREADY_ACCEPTED));
    assert_eq!(bench.logistics.ask_query("parcel-1", &kept).unwrap(), [], "a cancelled parcel does not move");
}

#[test]
fn a_push_that_is_not_the_platforms_or_not_fresh_is_refused() {
    let bench = Bench::new();
    ask(&bench, "parcel-1").unwrap();
    bench.fault(json!({"partner": "logistics", "kind": "wrong_signature"}));
    bench.be_deaf(1);
    advance(&bench, json!({}));
    let told = bench.told(2);
    assert_eq!(read(&bench, &told[0]), Err(PushRefused::BadSignature));
    assert!(read(&bench, &told[1]).is_ok(), "the next attempt is in order");

    bench.move_clock(600_000_000);
    advance(&bench, json!({}));
    assert_eq!(read(&bench, &bench.told(1)[0]), Err(PushRefused::Stale), "ten minutes ahead of us");
    let early = ask(&bench, "parcel-2");
    assert!(early.is_err(), "and the platform refuses our calls as too old");
}

#[test]
fn faults_of_the_platform() {
    let bench = Bench::new();
    bench.fault(json!({"partner": "logistics", "kind": "down"}));
    assert_eq!(ask(&bench, "parcel-1").err(), Some(PartnerError::Unreachable));
    bench.fault(json!({"partner": "logistics", "kind": "wrong_signature", "on": "answer"}));
    assert_eq!(ask(&bench, "parcel-1").err(), Some(PartnerError::BadSignature));
    ask(&bench, "parcel-1").unwrap();

    bench.fault(json!({"partner": "logistics", "kind": "out_of_order", "delay_ms": 9_000}));
    advance(&bench, json!({}));
    advance(&bench, json!({}));
    let order: Vec<_> = bench.told(2).iter().map(|told| read(&bench, told).unwrap().progress.word()).collect();
    assert_eq!(order, ["in_transit", "accepted"]);
}

#[test]
fn the_couriers_page_pushes_a_parcel_on_without_scripts() {
    let bench = Bench::new();
    ask(&bench, "parcel-1").unwrap();
    let page = bench.browse("/logistics/admin?lang=zh").1;
    assert!(page.contains("待揽收") && !page.contains("<script"));
    let form = b"parcel_ref=parcel-1&to=failed";
    assert_eq!(bench.post("/logistics/admin/advance", "application/x-www-form-urlencoded", form).0, 303);
    let event = read(&bench, &bench.told(1)[0]).unwrap();
    assert_eq!(event.progress, Progress::Failed { reason: WhyFailed::NobodyThere });
}

/// 3.1.5-1B.2: what a courier writes as free text is kept only where it is a declared word; a name or a number in it is
/// dropped, and the event stays.
#[test]
fn a_couriers_free_text_is_dropped() {
    let bench = Bench::new();
    ask(&bench, "parcel-1").unwrap();
    let places = ["义乌市分拨中心", "张三签收 13900139000", "Hangzhou hub, call Mr Chen", "陈小明转运中心"];
    for place in places {
        advance(&bench, json!({ "to": "in_transit", "place": place }));
    }
    advance(&bench, json!({ "to": "failed", "reason": "电话13900139000无人接听" }));
    let mut events: Vec<_> = bench.told(5).iter().map(|told| read(&bench, told).unwrap()).collect();
    events.sort_by_key(|event| event.progress.rank());
    let mut kept: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.progress {
            Progress::InTransit { place } => Some(place.as_str()),
            _ => None,
        })
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, ["", "", "", "义乌市分拨中心"]);
    assert_eq!(events[4].progress, Progress::Failed { reason: WhyFailed::Other });
    let said = format!("{events:?}");
    assert!(!said.contains("13900139000") && !said.contains("张三") && !said.contains("Chen"), "{said}");
}
