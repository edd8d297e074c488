//! The cashier: where a payer pays, is declined, or leaves.

use super::trades;
use crate::form::{self, Parameters};
use crate::sandbox::book::{Trade, TradeState};
use crate::sandbox::keys::{APP_ID, SELLER_ID};
use crate::sandbox::page::{self, Reader};
use crate::sandbox::{Shared, off};
use crate::{beijing, yuan};
use axum::extract::{Form, Path, RawQuery, State as Held};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use policy::Words;
use serde::Deserialize;
use std::sync::Arc;

/// Somebody who can pay here.
pub struct Payer {
    pub user_id: &'static str,
    pub log_in: &'static str,
    pub name: &'static str,
    pub card_tail: &'static str,
    /// Everything this payer tries is declined: too little money.
    pub poor: bool,
}

pub const PAYERS: [Payer; 3] = [
    Payer {
        user_id: "2088102100000101", log_in: "che***@example.com", name: "陈小明", card_tail: "0042", poor: false
    },
    Payer { user_id: "2088102100000102", log_in: "138****8000", name: "李芳", card_tail: "7719", poor: false },
    Payer { user_id: "2088102100000103", log_in: "wan***@example.com", name: "王五", card_tail: "3305", poor: true },
];

#[derive(Deserialize)]
pub struct Act {
    act: String,
    #[serde(default)]
    payer: usize,
}

pub async fn show(
    Held(shared): Held<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::of(&headers, query.as_deref());
    off(move || match shared.book.read(|state| state.trade_at(&token).cloned()) {
        Some(trade) => cashier(reader, &trade, shared.now(), false).into_response(),
        None => nothing_here(reader),
    })
    .await
}

pub async fn act(
    Held(shared): Held<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Form(wish): Form<Act>,
) -> Response {
    let reader = Reader::of(&headers, query.as_deref());
    off(move || {
        let Some(trade) = shared.book.read(|state| state.trade_at(&token).cloned()) else {
            return nothing_here(reader);
        };
        let payer = wish.payer.min(PAYERS.len() - 1);
        match wish.act.as_str() {
            "leave" => leave(reader, &trade),
            "pay" if !PAYERS[payer].poor => pay(&shared, reader, &token, payer),
            _ => cashier(reader, &trade, shared.now(), true).into_response(),
        }
    })
    .await
}

fn pay(shared: &Shared, reader: Reader, token: &str, payer: usize) -> Response {
    let paid = shared.write(|state, now| match trades::pay(state, now, token, payer) {
        Some((entries, trade)) => (entries, Some((trade, now))),
        None => (vec![], None),
    });
    shared.push_waits.notify_one();
    match paid {
        Ok(Some((trade, now))) => match &trade.return_url {
            Some(url) => Redirect::to(&with_return(shared, url, &trade, now)).into_response(),
            None => cashier(reader, &trade, now, false).into_response(),
        },
        // Paid, closed or run out meanwhile: the page says which.
        Ok(None) => Redirect::to(&format!("/alipay/cashier/{token}{}", reader.query())).into_response(),
        Err(error) => {
            tracing::error!(%error, "the sandbox's book cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The merchant's address with the signed parameters that the payer's browser brings back.
fn with_return(shared: &Shared, url: &str, trade: &Trade, now: i64) -> String {
    let mut parameters: Parameters = [
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("method", "alipay.trade.page.pay.return"),
        ("timestamp", &beijing::write(now)),
        ("out_trade_no", &trade.out_trade_no),
        ("trade_no", &trade.trade_no),
        ("total_amount", &yuan::write(trade.total)),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let sign = shared.alipay.ours.sign(&form::signed_text(&parameters, &["sign", "sign_type"]));
    parameters.insert("sign_type".into(), "RSA2".into());
    parameters.insert("sign".into(), sign);
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{}", form::write(&parameters))
}

fn leave(reader: Reader, trade: &Trade) -> Response {
    match trade.quit_url.as_ref().or(trade.return_url.as_ref()) {
        Some(url) => Redirect::to(url).into_response(),
        None => nothing_here(reader),
    }
}

fn nothing_here(reader: Reader) -> Response {
    let title = Words { en: "No payment waits here", zh: "此处没有待支付的订单" };
    (StatusCode::NOT_FOUND, page::narrow(reader, title, html! { h1 { (title.in_(reader.language)) } })).into_response()
}

/// Yuan with the thousands apart: `1,920.00`.
fn for_people(fen: i64) -> String {
    let plain = yuan::write(fen);
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits are ASCII")).collect();
    format!("{}.{decimals}", groups.join(","))
}

fn cashier(reader: Reader, trade: &Trade, now: i64, declined: bool) -> Markup {
    let say = |en, zh| Words { en, zh }.in_(reader.language);
    let title = Words { en: "Cashier", zh: "收银台" };
    let paid = trade.paid_at.is_some();
    let late = trade.expires_at.is_some_and(|at| at <= now);
    let open = trade.state == TradeState::WaitBuyerPay && !late;
    let back = trade.quit_url.as_ref().or(trade.return_url.as_ref());
    let body = html! {
        p.quiet { (say("You are paying", "付款给")) " " strong { (say("Hanse marketplace", "Hanse 商城")) } }
        h1.amount { span { "¥" } (for_people(trade.total)) }
        dl {
            dt { (say("For", "商品说明")) } dd { (trade.subject) }
            dt { (say("Payment number", "订单号")) } dd { code { (trade.out_trade_no) } }
            @if let Some(at) = trade.expires_at.filter(|_| open) {
                dt { (say("Pay before", "请在此之前付款")) } dd { (beijing::write(at)) " UTC+8" }
            }
        }
        @if declined && open {
            p.notice.bad role="alert" {
                (say("The payment was declined. Nothing was taken. You can try again or leave.",
                     "付款失败，未扣款。您可以重试或离开。"))
            }
        }
        @if open {
            form method="post" {
                fieldset {
                    legend { (say("Pay with", "付款账户")) }
                    @for (i, payer) in PAYERS.iter().enumerate() {
                        label.choice {
                            input type="radio" name="payer" value=(i) checked[i == 0];
                            span { strong { (payer.log_in) } " " (payer.name) }
                            small {
                                @if payer.poor { (say("too little money: is declined", "余额不足，付款会失败")) }
                                @else { (say("card ending in", "银行卡尾号")) " " (payer.card_tail) }
                            }
                        }
                    }
                }
                button.main name="act" value="pay" { (say("Pay", "确认付款")) " ¥" (for_people(trade.total)) }
                div.row {
                    button name="act" value="decline" { (say("Let it be declined", "模拟付款失败")) }
                    button name="act" value="leave" { (say("Leave without paying", "离开，暂不付款")) }
                }
            }
        } @else {
            p.notice role="status" {
                @if paid && trade.state == TradeState::TradeClosed { (say("Paid, and refunded.", "已付款，并已全额退款。")) }
                @else if paid { (say("Paid.", "已付款。")) }
                @else { (say("This payment is closed and cannot be paid any more.", "该笔交易已关闭，无法付款。")) }
            }
            @if let Some(back) = back { p { a href=(back) { (say("Back to the shop", "返回商家")) } } }
        }
    };
    page::narrow(reader, title, body)
}
