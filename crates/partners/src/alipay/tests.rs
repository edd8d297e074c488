//! The adapter and the sandbox's platform, over HTTP.

use super::*;
use crate::testing::{Bench, names};
use serde_json::json;

const RETURN: &str = "http://127.0.0.1:1/checkout/paid?order=7";
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn terms(number: &str, total: i64) -> PaymentTerms {
    PaymentTerms { out_trade_no: number.into(), total, subject: "Order 26-7K3Q".into() }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

fn address(bench: &Bench, number: &str, total: i64) -> String {
    let terms = terms(number, total);
    bench.alipay.address(Cashier::Page, &terms, "pay_7Qm", now() + 60 * MINUTE, RETURN).unwrap()
}

fn pay(bench: &Bench, number: &str, total: i64) -> String {
    bench.at_cashier(&address(bench, number, total), "pay").unwrap()
}

fn refund(number: &str, request: &str, amount: i64) -> RefundRequest {
    RefundRequest {
        out_trade_no: number.into(),
        out_request_no: request.into(),
        amount,
        reason: "returned goods".into(),
    }
}

fn noted(bench: &Bench, count: usize) -> Vec<Notification> {
    bench.told(count).iter().map(|told| bench.alipay.read_notification(&told.body).unwrap()).collect()
}

#[test]
fn payment_terms_survive_as_text() {
    let terms = terms("P26_1", 192_000);
    assert_eq!(terms.write(), "P26_1 1920.00 CNY Order 26-7K3Q");
    assert_eq!(PaymentTerms::read(&terms.write()), Some(terms));
    assert_eq!(PaymentTerms::read("P26_1 1920.00 USD x"), None);
    assert_eq!(PaymentTerms::read("P26_1"), None);
}

/// 3.1.5-1A.1, 3.1.5-1A.4
#[test]
fn a_payment_goes_from_the_cashier_to_the_notification_and_the_return() {
    let bench = Bench::new();
    let address = address(&bench, "P1", 192_000);
    assert!(bench.alipay.query("P1").unwrap_err().is(refusal::TRADE_NOT_EXIST), "nobody has reached the cashier");

    let (_, _, cashier) = bench.browse(&address);
    let cashier = cashier.unwrap();
    let page = bench.browse(&cashier).1;
    assert!(page.contains("¥</span>1,920.00") && page.contains("Order 26-7K3Q") && !page.contains("<script"));
    assert!(bench.browse(&format!("{cashier}?lang=zh")).1.contains("确认付款"));
    let waiting = bench.alipay.query("P1").unwrap();
    assert_eq!((waiting.status, waiting.total, waiting.paid_at), (TradeStatus::WaitBuyerPay, 192_000, None));

    let back = bench.at_cashier(&address, "pay").unwrap();
    let returned = bench.alipay.read_return(back.split_once('?').unwrap().1.trim_start_matches("order=7&")).unwrap();
    assert_eq!((returned.out_trade_no.as_str(), returned.total), ("P1", 192_000));

    let noted = noted(&bench, 1).remove(0);
    assert_eq!(noted.status, TradeStatus::Success);
    assert_eq!(noted.agrees_with("P1", 192_000), Ok(()));
    let paid = bench.alipay.query("P1").unwrap();
    assert_eq!((paid.status, paid.trade_no.as_str()), (TradeStatus::Success, noted.trade_no.as_str()));
    assert_eq!(paid.paid_at, noted.paid_at);
}

#[test]
fn who_declines_or_leaves_has_not_paid() {
    let bench = Bench::new();
    let address = address(&bench, "P1", 100);
    assert_eq!(bench.at_cashier(&address, "decline"), None);
    assert_eq!(bench.at_cashier(&address, "leave").as_deref(), Some(RETURN));
    assert_eq!(bench.alipay.query("P1").unwrap().status, TradeStatus::WaitBuyerPay);
    bench.at_cashier(&address, "pay").unwrap();
    assert_eq!(bench.alipay.query("P1").unwrap().status, TradeStatus::Success);
}

#[test]
fn a_payment_number_is_one_payment_of_one_amount() {
    let bench = Bench::new();
    pay(&bench, "P1", 100);
    for (again, code) in [
        (address(&bench, "P1", 100), "ACQ.TRADE_HAS_SUCCESS"),
        (address(&bench, "P1", 101), "ACQ.CONTEXT_INCONSISTENT"),
    ] {
        let (status, page, _) = bench.browse(&again);
        assert_eq!(status, 400);
        assert!(page.contains(code));
    }
    let bent = address(&bench, "P2", 100).replace("1.00", "0.01");
    let (status, page, _) = bench.browse(&bent);
    assert_eq!(status, 400);
    assert!(page.contains("isv.invalid-signature"), "a payer cannot change the amount on the way");
}

#[test]
fn refunds_are_idempotent_by_their_number_and_never_exceed_the_payment() {
    let bench = Bench::new();
    assert!(bench.alipay.refund(&refund("P1", "R1", 1)).unwrap_err().is(refusal::TRADE_NOT_EXIST));
    bench.browse(&address(&bench, "P1", 1_000));
    assert!(bench.alipay.refund(&refund("P1", "R1", 1)).unwrap_err().is(refusal::TRADE_STATUS_ERROR));
    pay(&bench, "P1", 1_000);
    noted(&bench, 1);

    let first = bench.alipay.refund(&refund("P1", "R1", 300)).unwrap();
    assert_eq!((first.refunded_in_all, first.money_moved), (300, true));
    let again = bench.alipay.refund(&refund("P1", "R1", 300)).unwrap();
    assert_eq!((again.refunded_in_all, again.money_moved), (300, false));
    assert!(bench.alipay.refund(&refund("P1", "R1", 301)).unwrap_err().is(refusal::REPEATED_DIFFERENTLY));
    assert!(bench.alipay.refund(&refund("P1", "R2", 701)).unwrap_err().is(refusal::REFUND_TOO_LARGE));
    assert_eq!(bench.alipay.refund_query("P1", "R1").unwrap(), Some(300));
    assert_eq!(bench.alipay.refund_query("P1", "R2").unwrap(), None);
    let partly = noted(&bench, 1).remove(0);
    assert_eq!((partly.status, partly.refunded), (TradeStatus::Success, Some(300)));
    assert_eq!(partly.out_request_no.as_deref(), Some("R1"));
    assert!(partly.refunded_at.is_some());

    assert_eq!(bench.alipay.refund(&refund("P1", "R2", 700)).unwrap().refunded_in_all, 1_000);
    assert_eq!(bench.alipay.query("P1").unwrap().status, TradeStatus::Closed);
    assert_eq!(noted(&bench, 1)[0].status, TradeStatus::Closed);
    assert!(bench.alipay.refund(&refund("P1", "R3", 1)).unwrap_err().is(refusal::TRADE_HAS_CLOSED));
    assert!(!bench.alipay.refund(&refund("P1", "R2", 700)).unwrap().money_moved, "a repeated one still answers");
}

#[test]
fn a_closed_or_late_trade_cannot_be_paid() {
    let bench = Bench::new();
    assert!(bench.alipay.close("P1").unwrap_err().is(refusal::TRADE_NOT_EXIST));
    let closed = address(&bench, "P1", 100);
    bench.browse(&closed);
    bench.alipay.close("P1").unwrap();
    assert_eq!(bench.browse(&closed).0, 400);
    assert_eq!(bench.alipay.query("P1").unwrap().status, TradeStatus::Closed);

    let late = address(&bench, "P2", 100);
    let cashier = bench.browse(&late).2.unwrap();
    bench.move_clock(61 * MINUTE);
    assert_eq!(bench.browse(&late).0, 400);
    assert_eq!(bench.post(&cashier, "application/x-www-form-urlencoded", b"act=pay").0, 303);
    assert_eq!(bench.alipay.query("P2").unwrap().status, TradeStatus::Closed);
    assert_eq!(noted(&bench, 1)[0].status, TradeStatus::Closed);

    bench.move_clock(0);
    pay(&bench, "P3", 100);
    assert!(bench.alipay.close("P3").unwrap_err().is(refusal::TRADE_STATUS_ERROR));
}

#[test]
fn a_payout_is_made_once_under_its_number() {
    let bench = Bench::new();
    let alipay = &bench.alipay;
    assert!(alipay.transfer_query("T1").unwrap_err().is(refusal::TRANSFER_NOT_EXIST));
    let made = alipay.pay_out("T1", 5_000, "Settlement", "2088102100000011").unwrap();
    assert_eq!(made.status, TransferStatus::Done);
    assert_eq!(alipay.pay_out("T1", 5_000, "Settlement", "2088102100000011").unwrap(), made);
    assert!(alipay.pay_out("T1", 5_001, "Settlement", "2088102100000011").is_err());
    assert_eq!(alipay.transfer_query("T1").unwrap().order_id, made.order_id);
    let nobody = alipay.pay_out("T2", 1, "Settlement", "nobody@example.com 李四").unwrap_err();
    assert!(nobody.is(refusal::PAYEE_NOT_EXIST));
    assert_eq!(alipay.pay_out("T3", 1, "Settlement", "6228").unwrap_err(), PartnerError::Unfit("the payout account"));
}

#[test]
fn a_days_bill_lists_its_sales_and_refunds() {
    let bench = Bench::new();
    pay(&bench, "P1", 1_000);
    pay(&bench, "P2", 2_000);
    bench.alipay.refund(&refund("P1", "R1", 300)).unwrap();
    let today = beijing::day(now());
    assert!(bench.alipay.bill(today).unwrap_err().is(refusal::BILL_NOT_EXIST), "a bill is made the day after");
    bench.move_clock(DAY);
    let bill = bench.alipay.bill(today).unwrap();
    let lines: Vec<_> = bill.iter().map(|line| (line.out_trade_no.as_str(), line.kind, line.total)).collect();
    assert_eq!(lines, [("P1", BillKind::Sale, 1_000), ("P1", BillKind::Refund, -300), ("P2", BillKind::Sale, 2_000)]);
    assert_eq!(bill[1].out_request_no.as_deref(), Some("R1"));
    assert!(bill.iter().all(|line| line.finished_at.is_some() && line.fee == 0));
}

/// 3.1.5-1A.1: the book has what the map discloses, and nothing else of ours.
#[test]
fn the_platform_gets_the_declared_fields_only() {
    let bench = Bench::new();
    pay(&bench, "P1", 1_000);
    let line = bench.book();
    let received: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(received["call"], "alipay.trade.page.pay");
    assert_eq!(
        names(&received["fields"]),
        [
            "app_id",
            "biz_content",
            "charset",
            "format",
            "method",
            "notify_url",
            "return_url",
            "sign_type",
            "timestamp",
            "version"
        ]
    );
    assert_eq!(
        names(&received["fields"]["biz_content"]),
        ["business_params", "out_trade_no", "product_code", "subject", "time_expire", "total_amount"]
    );
    assert_eq!(received["fields"]["biz_content"]["business_params"], r#"{"marketplace_account":"pay_7Qm"}"#);
}

#[test]
fn a_notification_comes_again_until_it_is_noted_even_over_a_restart() {
    let mut bench = Bench::new();
    bench.be_deaf(2);
    pay(&bench, "P1", 100);
    let ids: Vec<_> = noted(&bench, 3).into_iter().map(|notification| notification.notify_id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "the same notification keeps its id");

    bench.be_deaf(1);
    bench.fault(json!({"partner": "alipay", "kind": "late", "delay_ms": 400}));
    pay(&bench, "P2", 100);
    bench.restart();
    assert!(noted(&bench, 2).iter().all(|notification| notification.out_trade_no == "P2"));
    assert_eq!(bench.alipay.query("P2").unwrap().status, TradeStatus::Success, "the book kept the trade");
}

#[test]
fn faults_happen_when_they_are_asked_for() {
    let bench = Bench::new();
    bench.fault(json!({"partner": "alipay", "kind": "twice"}));
    pay(&bench, "P1", 100);
    let twice = noted(&bench, 2);
    assert_eq!(twice[0].notify_id, twice[1].notify_id);

    bench.fault(json!({"partner": "alipay", "kind": "wrong_signature"}));
    bench.be_deaf(1);
    pay(&bench, "P2", 100);
    let told = bench.told(2);
    assert_eq!(bench.alipay.read_notification(&told[0].body), Err(NotificationRefused::BadSignature));
    assert!(bench.alipay.read_notification(&told[1].body).is_ok(), "the next attempt is in order");

    bench.fault(json!({"partner": "alipay", "kind": "other_amount"}));
    pay(&bench, "P3", 100);
    let other = noted(&bench, 1).remove(0);
    assert_eq!(other.agrees_with("P3", 100), Err(Disagreement::OtherAmount { said: 101, ours: 100 }));

    bench.fault(json!({"partner": "alipay", "kind": "out_of_order", "delay_ms": 9_000}));
    pay(&bench, "P4", 100);
    bench.alipay.refund(&refund("P4", "R1", 100)).unwrap();
    let order: Vec<_> = noted(&bench, 2).into_iter().map(|notification| notification.status).collect();
    assert_eq!(order, [TradeStatus::Closed, TradeStatus::Success], "the refund overtook the payment");

    bench.fault(json!({"partner": "alipay", "kind": "down", "count": 2}));
    assert_eq!(bench.alipay.query("P1"), Err(PartnerError::Unreachable));
    assert_eq!(bench.alipay.query("P1"), Err(PartnerError::Unreachable));
    bench.fault(json!({"partner": "alipay", "kind": "wrong_signature", "on": "answer"}));
    assert_eq!(bench.alipay.query("P1"), Err(PartnerError::BadSignature));
    bench.fault(json!({"partner": "alipay", "kind": "other_amount", "on": "answer"}));
    assert_eq!(bench.alipay.query("P1").unwrap().total, 101);
    assert_eq!(bench.alipay.query("P1").unwrap().total, 100);
    assert_eq!(bench.post("/admin/faults", "application/json", br#"{"partner":"sms","kind":"other_amount"}"#).0, 422);
}

/// Whoever waits for what comes unasked learns when nothing more can come.
#[test]
fn what_is_still_to_be_told_is_counted_and_can_be_had_at_once() {
    let bench = Bench::new();
    bench.is_to_tell(0, 0);
    let in_a_day = 24 * 3_600_000;
    for kind in ["late", "out_of_order"] {
        bench.fault(json!({"partner": "alipay", "kind": kind, "delay_ms": in_a_day}));
        pay(&bench, kind, 100);
        bench.is_to_tell(0, 1);
        assert!(bench.told(0).is_empty(), "{kind}");
        assert_eq!(bench.post("/admin/pushes", "application/json", b"").0, 200);
        bench.is_to_tell(0, 0);
        assert_eq!(noted(&bench, 1)[0].out_trade_no, kind);
        assert!(bench.told(0).is_empty(), "{kind} was told once");
    }
}

#[test]
fn many_who_pay_one_trade_at_once_pay_it_once() {
    let bench = Bench::new();
    let cashier = bench.cashier(&address(&bench, "P1", 100));
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| bench.act(&cashier, "pay"));
        }
    });
    let paid = bench
        .book()
        .lines()
        .filter(|line| line.contains(r#""what":"trade""#) && line.contains("TRADE_SUCCESS"))
        .count();
    assert_eq!(paid, 1);
    assert_eq!(noted(&bench, 1).len(), 1);
    // Whatever is still to be told stands in the book before the cashier has answered.
    let book = bench.book();
    let lines = book.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let told: std::collections::BTreeSet<String> =
        lines.filter(|line| line["what"] == "push").map(|line| line["id"].to_string()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

/// 3.1.1-a.3
#[test]
fn an_expired_assessment_refuses_every_call_before_the_first_byte() {
    let bench = Bench::new();
    let later: Clock = std::sync::Arc::new(|| now() + 400 * DAY);
    let partner = crate::sandbox::demo_partner("sandbox", now());
    let config = bench.keys.alipay_config(&bench.base(), &bench.merchant_url, partner).unwrap();
    let alipay = Alipay::new(config, later);
    let before = bench.book();
    let refused = |outcome: Result<(), PartnerError>| matches!(outcome, Err(PartnerError::NotAllowed(_)));
    assert!(refused(alipay.query("P1").map(drop)));
    assert!(refused(alipay.address(Cashier::Page, &terms("P1", 1), "a", now(), RETURN).map(drop)));
    assert!(refused(alipay.pay_out("T1", 1, "x", "2088102100000011").map(drop)));
    assert_eq!(bench.book(), before);
}
