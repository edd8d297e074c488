//! What the platform does with trades, refunds and payouts: decisions on the book's state, without I/O.

use crate::sandbox::book::{Entry, Refund, Side, State, Trade, TradeState, Transfer};
use crate::sandbox::pushes;
use crate::{beijing, yuan};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::cashier::PAYERS;
use crate::sandbox::keys::{APP_ID, SELLER_ID};

/// A refusal in the platform's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct No {
    pub code: &'static str,
    pub msg: &'static str,
    pub sub_code: String,
    pub sub_msg: &'static str,
}

pub fn missing(parameter: &str) -> No {
    No {
        code: "40001",
        msg: "Missing Required Arguments",
        sub_code: format!("isv.missing-{}", parameter.replace('_', "-")),
        sub_msg: "缺少参数",
    }
}

pub fn invalid(sub_code: &str, sub_msg: &'static str) -> No {
    No { code: "40002", msg: "Invalid Arguments", sub_code: sub_code.to_owned(), sub_msg }
}

fn business(sub_code: &str, sub_msg: &'static str) -> No {
    No { code: "40004", msg: "Business Failed", sub_code: sub_code.to_owned(), sub_msg }
}

fn invalid_parameter() -> No {
    business("ACQ.INVALID_PARAMETER", "参数无效")
}

/// What a business parameter says, whether the client wrote text or a number.
pub fn text(content: &Value, name: &str) -> Option<String> {
    match content.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn required(content: &Value, name: &str) -> Result<String, No> {
    text(content, name).ok_or_else(|| missing(name))
}

fn amount(content: &Value, name: &str) -> Result<i64, No> {
    let fen = yuan::read(&required(content, name)?).ok_or_else(invalid_parameter)?;
    if (1..=yuan::TOTAL_MAX).contains(&fen) { Ok(fen) } else { Err(invalid_parameter()) }
}

/// `2026112322001` and fifteen digits.
fn platform_number(now: i64, kind: &str) -> String {
    let random = uuid::Uuid::new_v4().as_u128() % 1_000_000_000_000_000;
    format!("{}{kind}{random:015}", beijing::day(now).strftime("%Y%m%d"))
}

/// A page payment whose payer has reached the cashier: the trade begins, or is found again.
pub fn open(state: &State, now: i64, content: &Value, urls: [Option<String>; 2]) -> Result<(Vec<Entry>, Trade), No> {
    let out_trade_no = required(content, "out_trade_no")?;
    let total = amount(content, "total_amount")?;
    let subject = required(content, "subject")?;
    required(content, "product_code")?;
    let expires_at = match text(content, "time_expire") {
        Some(time) => Some(read_expiry(&time).ok_or_else(invalid_parameter)?),
        None => text(content, "timeout_express").map(|span| read_span(&span)).transpose()?.map(|span| now + span),
    };
    if expires_at.is_some_and(|at| at <= now) {
        return Err(business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"));
    }
    let (entries, known) = look_up(state, now, &out_trade_no);
    if let Some(known) = known {
        return match known.state {
            _ if known.total != total => Err(business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")),
            TradeState::WaitBuyerPay => Ok((entries, known)),
            TradeState::TradeClosed => Err(business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
            _ => Err(business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")),
        };
    }
    let [notify_url, return_url] = urls;
    let trade = Trade {
        out_trade_no,
        trade_no: platform_number(now, "22001"),
        subject,
        total,
        state: TradeState::WaitBuyerPay,
        cashier: uuid::Uuid::new_v4().simple().to_string(),
        created_at: now,
        expires_at,
        paid_at: None,
        closed_at: None,
        payer: None,
        notify_url,
        return_url,
        quit_url: text(content, "quit_url"),
        refunds: Vec::new(),
    };
    Ok((vec![Entry::Trade(trade.clone())], trade))
}

fn read_expiry(time: &str) -> Option<i64> {
    beijing::read(time).or_else(|| beijing::read(&format!("{time}:00")))
}

/// `90m`, `72h`, `15d`; `1c` is the end of the day and taken as one day.
fn read_span(span: &str) -> Result<i64, No> {
    let minute = 60_000_000;
    let unit = match span.chars().last() {
        Some('m') => minute,
        Some('h') => 60 * minute,
        Some('d' | 'c') => 24 * 60 * minute,
        _ => return Err(invalid_parameter()),
    };
    let many: i64 = span[..span.len() - 1].parse().map_err(|_| invalid_parameter())?;
    if (1..=21_600).contains(&many) { Ok(many * unit) } else { Err(invalid_parameter()) }
}

/// The trade as of now: one whose time has run out is closed by looking at it.
fn look_up(state: &State, now: i64, out_trade_no: &str) -> (Vec<Entry>, Option<Trade>) {
    let Some(trade) = state.trades.get(out_trade_no) else { return (vec![], None) };
    let late = trade.state == TradeState::WaitBuyerPay && trade.expires_at.is_some_and(|at| at <= now);
    if !late {
        return (vec![], Some(trade.clone()));
    }
    let closed = Trade { state: TradeState::TradeClosed, closed_at: trade.expires_at, ..trade.clone() };
    let mut entries = vec![Entry::Trade(closed.clone())];
    entries.extend(notify(&closed, None));
    (entries, Some(closed))
}

/// Closes every trade whose time has run out.
pub fn close_late(state: &State, now: i64) -> Vec<Entry> {
    let waiting = state.trades.values().filter(|trade| trade.state == TradeState::WaitBuyerPay);
    waiting.flat_map(|trade| look_up(state, now, &trade.out_trade_no).0).collect()
}

/// The trade that a call names by either number.
fn named(state: &State, now: i64, content: &Value) -> Result<(Vec<Entry>, Trade), No> {
    let out_trade_no = match (text(content, "out_trade_no"), text(content, "trade_no")) {
        (Some(ours), _) => ours,
        (None, Some(theirs)) => {
            let found = state.trades.values().find(|trade| trade.trade_no == theirs);
            found.map(|trade| trade.out_trade_no.clone()).ok_or_else(not_there)?
        }
        (None, None) => return Err(missing("out_trade_no")),
    };
    match look_up(state, now, &out_trade_no) {
        (entries, Some(trade)) => Ok((entries, trade)),
        (_, None) => Err(not_there()),
    }
}

fn not_there() -> No {
    business("ACQ.TRADE_NOT_EXIST", "交易不存在")
}

/// The payer paid. `None` if the trade cannot be paid any more.
pub fn pay(state: &State, now: i64, cashier: &str, payer: usize) -> Option<(Vec<Entry>, Trade)> {
    let (mut entries, trade) = look_up(state, now, &state.trade_at(cashier)?.out_trade_no);
    let trade = trade?;
    if trade.state != TradeState::WaitBuyerPay {
        return None;
    }
    let paid = Trade { state: TradeState::TradeSuccess, paid_at: Some(now), payer: Some(payer), ..trade };
    entries.push(Entry::Trade(paid.clone()));
    entries.extend(notify(&paid, None));
    Some((entries, paid))
}

type Answered = Result<(Vec<Entry>, Value), No>;

pub fn query(state: &State, now: i64, content: &Value) -> Answered {
    let (entries, trade) = named(state, now, content)?;
    let mut answer = json!({
        "out_trade_no": trade.out_trade_no,
        "trade_no": trade.trade_no,
        "trade_status": trade.state.word(),
        "total_amount": yuan::write(trade.total),
        "receipt_amount": yuan::write(if trade.paid_at.is_some() { trade.total } else { 0 }),
        "buyer_pay_amount": "0.00",
        "point_amount": "0.00",
        "invoice_amount": "0.00",
    });
    if let Some(at) = trade.paid_at {
        answer["send_pay_date"] = beijing::write(at).into();
    }
    // Who paid: the real platform says so too, and the merchant's parser must drop it (3.1.5-1A.4).
    if let Some(payer) = trade.payer.and_then(|index| PAYERS.get(index)) {
        answer["buyer_user_id"] = payer.user_id.into();
        answer["buyer_logon_id"] = payer.log_in.into();
        answer["buyer_user_name"] = payer.name.into();
        answer["bank_card_tail"] = payer.card_tail.into();
    }
    Ok((entries, answer))
}

pub fn close(state: &State, now: i64, content: &Value) -> Answered {
    let (mut entries, trade) = named(state, now, content)?;
    if trade.state != TradeState::WaitBuyerPay {
        return Err(business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"));
    }
    let closed = Trade { state: TradeState::TradeClosed, closed_at: Some(now), ..trade };
    let answer = json!({ "out_trade_no": closed.out_trade_no, "trade_no": closed.trade_no });
    entries.push(Entry::Trade(closed));
    Ok((entries, answer))
}

pub fn refund(state: &State, now: i64, content: &Value) -> Answered {
    let (mut entries, mut trade) = named(state, now, content)?;
    let wanted = amount(content, "refund_amount")?;
    let number = match text(content, "out_request_no") {
        Some(number) => number,
        // Only a refund of the whole may go without a number.
        None if wanted == trade.total => trade.out_trade_no.clone(),
        None => return Err(missing("out_request_no")),
    };
    let answer = |trade: &Trade, moved: &str| {
        let payer = trade.payer.and_then(|index| PAYERS.get(index));
        json!({
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "buyer_logon_id": payer.map(|payer| payer.log_in),
            "buyer_user_id": payer.map(|payer| payer.user_id),
            "fund_change": moved,
            "refund_fee": yuan::write(trade.refunded()),
        })
    };
    if let Some(known) = trade.refunds.iter().find(|refund| refund.out_request_no == number) {
        return if known.amount == wanted {
            Ok((entries, answer(&trade, "N")))
        } else {
            Err(business("ACQ.DISCORDANT_REPEAT_REQUEST", "同一退款单号的重复请求参数不一致"))
        };
    }
    match trade.state {
        TradeState::TradeSuccess => {}
        TradeState::TradeFinished => return Err(business("ACQ.TRADE_HAS_FINISHED", "交易已完结")),
        TradeState::TradeClosed if trade.paid_at.is_some() => {
            return Err(business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"));
        }
        _ => return Err(business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")),
    }
    if wanted > trade.total - trade.refunded() {
        return Err(business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"));
    }
    let reason = text(content, "refund_reason").unwrap_or_default();
    trade.refunds.push(Refund { out_request_no: number.clone(), amount: wanted, reason, at: now });
    if trade.refunded() == trade.total {
        trade.state = TradeState::TradeClosed;
        trade.closed_at = Some(now);
    }
    let answered = answer(&trade, "Y");
    entries.push(Entry::Trade(trade.clone()));
    entries.extend(notify(&trade, Some(&number)));
    Ok((entries, answered))
}

pub fn refund_query(state: &State, now: i64, content: &Value) -> Answered {
    let (entries, trade) = named(state, now, content)?;
    let number = required(content, "out_request_no")?;
    // A refund that is not there is answered 'done' without a word of it; so does the real platform.
    let answer = match trade.refunds.iter().find(|refund| refund.out_request_no == number) {
        None => json!({}),
        Some(refund) => json!({
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "out_request_no": refund.out_request_no,
            "total_amount": yuan::write(trade.total),
            "refund_amount": yuan::write(refund.amount),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": beijing::write(refund.at),
        }),
    };
    Ok((entries, answer))
}

/// A payout. A payee whose log-in begins with `nobody` does not exist, so that one can see what happens then.
pub fn transfer(state: &State, now: i64, content: &Value) -> Answered {
    let out_biz_no = required(content, "out_biz_no")?;
    let total = amount(content, "trans_amount")?;
    required(content, "product_code")?;
    required(content, "order_title")?;
    let payee = content.get("payee_info").cloned().ok_or_else(|| missing("payee_info"))?;
    let identity = required(&payee, "identity")?;
    match text(&payee, "identity_type").as_deref() {
        Some("ALIPAY_USER_ID") => {}
        Some("ALIPAY_LOGON_ID") => drop(required(&payee, "name")?),
        _ => return Err(business("INVALID_PARAMETER", "参数有误")),
    }
    let answer = |transfer: &Transfer| {
        json!({
            "out_biz_no": transfer.out_biz_no,
            "order_id": transfer.order_id,
            "pay_fund_order_id": transfer.order_id,
            "status": "SUCCESS",
            "trans_date": beijing::write(transfer.at),
        })
    };
    if let Some(known) = state.transfers.get(&out_biz_no) {
        return if (known.amount, &known.payee) == (total, &identity) {
            Ok((vec![], answer(known)))
        } else {
            Err(business("INVALID_PARAMETER", "同一商户订单号的重复请求参数不一致"))
        };
    }
    if identity.starts_with("nobody") {
        return Err(business("PAYEE_NOT_EXIST", "收款账号不存在"));
    }
    let order_id = platform_number(now, "11007");
    let transfer = Transfer { out_biz_no, order_id, amount: total, payee: identity, at: now };
    let answered = answer(&transfer);
    Ok((vec![Entry::Transfer(transfer)], answered))
}

pub fn transfer_query(state: &State, content: &Value) -> Answered {
    let number = text(content, "out_biz_no");
    let order = text(content, "order_id");
    let found = state.transfers.values().find(|transfer| {
        number.as_ref() == Some(&transfer.out_biz_no)
            || (number.is_none() && order.as_ref() == Some(&transfer.order_id))
    });
    match found {
        None => Err(business("ORDER_NOT_EXIST", "转账订单不存在")),
        Some(transfer) => Ok((
            vec![],
            json!({
                "out_biz_no": transfer.out_biz_no,
                "order_id": transfer.order_id,
                "status": "SUCCESS",
                "pay_date": beijing::write(transfer.at),
                "trans_amount": yuan::write(transfer.amount),
            }),
        )),
    }
}

/// The notification of the trade's state, if the merchant asked for it. `refund` is the number of the refund that
/// brought it about.
fn notify(trade: &Trade, refund: Option<&str>) -> Option<Entry> {
    let url = trade.notify_url.as_deref()?;
    let mut content: BTreeMap<String, Value> = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            content.insert(name.to_owned(), value.into());
        }
    };
    put("notify_type", "trade_status_sync".into());
    put("notify_id", uuid::Uuid::now_v7().simple().to_string());
    put("app_id", APP_ID.into());
    put("auth_app_id", APP_ID.into());
    put("seller_id", SELLER_ID.into());
    put("charset", "utf-8".into());
    put("version", "1.0".into());
    put("trade_no", trade.trade_no.clone());
    put("out_trade_no", trade.out_trade_no.clone());
    put("trade_status", trade.state.word().into());
    put("subject", trade.subject.clone());
    put("total_amount", yuan::write(trade.total));
    put("gmt_create", beijing::write(trade.created_at));
    put("gmt_payment", trade.paid_at.map(beijing::write).unwrap_or_default());
    put("gmt_close", trade.closed_at.map(beijing::write).unwrap_or_default());
    if let Some(payer) = trade.payer.and_then(|index| PAYERS.get(index)) {
        put("receipt_amount", yuan::write(trade.total));
        put("buyer_pay_amount", yuan::write(trade.total));
        put("buyer_id", payer.user_id.into());
        put("buyer_logon_id", payer.log_in.into());
        // Not in the platform's own documents: a partner that says more than it should (3.1.5-1A.4).
        put("buyer_user_name", payer.name.into());
        put("bank_card_tail", payer.card_tail.into());
        let fund = json!([{ "amount": yuan::write(trade.total), "fundChannel": "ALIPAYACCOUNT" }]);
        put("fund_bill_list", fund.to_string());
    }
    if let Some(refund) = refund.and_then(|number| trade.refunds.iter().find(|one| one.out_request_no == number)) {
        put("out_biz_no", refund.out_request_no.clone());
        put("refund_fee", yuan::write(trade.refunded()));
        put("gmt_refund", format!("{}.000", beijing::write(refund.at)));
    }
    Some(pushes::fresh(Side::Alipay, url, content))
}
