//! The Alipay open platform: payment by its cashier, query, refund, closing, payout, bills and notifications.
//!
//! What the platform gets is what `TakePayment` and `SettleWithSeller` declare (3.1.5-1A.1): the payment's number,
//! amount and neutral subject, our reference for the account, and the payout account. Every call is idempotent by its
//! number: `out_trade_no`, `out_request_no`, `out_biz_no`; repeat it after `Unreachable`. Numbers are ours, random, at
//! most 64 letters, digits and underscores.

mod bill;
pub(crate) mod gateway;
mod notification;
mod wire;

pub use bill::{BillKind, BillLine};
pub use notification::{Disagreement, NOT_NOTED, NOTED, Notification, NotificationRefused, Returned};

use crate::rsa2::{PrivateKey, PublicKey};
use crate::{Clock, Gate, Limits, Partner, PartnerError, beijing, yuan};
use gateway::Gateway;
use jiff::civil::Date;
use notification::Addressee;
use policy::fields::{MarketplaceAccountRef, PaymentOrder, SettlementAccount};
use policy::recipients::PaymentProvider;
use vault::Disclosed;

/// Refusals that a caller decides by.
pub mod refusal {
    /// No payer has reached the cashier with this payment's address (yet).
    pub const TRADE_NOT_EXIST: &str = "ACQ.TRADE_NOT_EXIST";
    /// The trade's state does not allow it: an unpaid one refunded, a paid one closed.
    pub const TRADE_STATUS_ERROR: &str = "ACQ.TRADE_STATUS_ERROR";
    pub const TRADE_HAS_CLOSED: &str = "ACQ.TRADE_HAS_CLOSE";
    pub const TRADE_HAS_FINISHED: &str = "ACQ.TRADE_HAS_FINISHED";
    /// More would be refunded than was paid.
    pub const REFUND_TOO_LARGE: &str = "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL";
    /// The number was used before for something else.
    pub const REPEATED_DIFFERENTLY: &str = "ACQ.DISCORDANT_REPEAT_REQUEST";
    pub const PAYEE_NOT_EXIST: &str = "PAYEE_NOT_EXIST";
    pub const PAYER_BALANCE_NOT_ENOUGH: &str = "PAYER_BALANCE_NOT_ENOUGH";
    /// No payout has this number.
    pub const TRANSFER_NOT_EXIST: &str = "ORDER_NOT_EXIST";
    /// The day's bill is not made yet, or the day had no trade.
    pub const BILL_NOT_EXIST: &str = "isp.bill_not_exist";
}

/// Whether the payment company can pay to this account: sixteen digits that begin with 2088, or the e-mail address or
/// mobile number of an account followed by its holder's name.
pub fn payable(account: &str) -> bool {
    wire::Payee::read(account).is_some()
}

pub struct AlipayConfig {
    pub partner: Partner,
    /// `https://openapi.alipay.com/gateway.do`
    pub gateway: String,
    pub app_id: String,
    /// The merchant's account at the platform: sixteen digits that begin with 2088.
    pub seller_id: String,
    pub merchant_private_key: PrivateKey,
    pub alipay_public_key: PublicKey,
    /// Where the platform sends notifications.
    pub notify_url: String,
    pub limits: Limits,
}

pub struct Alipay {
    gate: Gate,
    gateway: Gateway,
    seller_id: String,
    notify_url: String,
}

/// The value of the field `PaymentOrder`: what a payment says of itself to the payment company. In text it reads
/// `P26… 1920.00 CNY Order 26-7K3Q`, which is what is sealed, shown to the member in their copy, and read here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTerms {
    pub out_trade_no: String,
    /// In fen.
    pub total: i64,
    /// Neutral: no goods' titles, no names (3.1.5-1A.1).
    pub subject: String,
}

impl PaymentTerms {
    pub fn write(&self) -> String {
        format!("{} {} CNY {}", self.out_trade_no, yuan::write(self.total), self.subject)
    }

    pub fn read(text: &str) -> Option<PaymentTerms> {
        let mut parts = text.splitn(4, ' ');
        let (out_trade_no, total) = (parts.next()?.to_owned(), yuan::read(parts.next()?)?);
        let subject = parts.next().filter(|currency| *currency == "CNY").and(parts.next())?.to_owned();
        Some(PaymentTerms { out_trade_no, total, subject })
    }
}

/// Which cashier the payer meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cashier {
    /// For a desk: `alipay.trade.page.pay`.
    Page,
    /// For a telephone: `alipay.trade.wap.pay`.
    Phone,
}

pub struct Payment {
    pub order: Disclosed<PaymentProvider, PaymentOrder>,
    /// Our reference for the payer's account, one per partner.
    pub account: Disclosed<PaymentProvider, MarketplaceAccountRef>,
    /// UTC microseconds: until when it can be paid. The address stays valid that long.
    pub expires_at: i64,
    /// Where the payer's browser comes back to; also for one who leaves without paying.
    pub return_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TradeStatus {
    WaitBuyerPay,
    /// Paid, refundable.
    Success,
    /// Paid, no longer refundable here.
    Finished,
    /// Never paid, or wholly refunded.
    Closed,
}

impl TradeStatus {
    pub fn read(text: &str) -> Option<TradeStatus> {
        Some(match text {
            "WAIT_BUYER_PAY" => TradeStatus::WaitBuyerPay,
            "TRADE_SUCCESS" => TradeStatus::Success,
            "TRADE_FINISHED" => TradeStatus::Finished,
            "TRADE_CLOSED" => TradeStatus::Closed,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    pub trade_no: String,
    pub status: TradeStatus,
    /// In fen.
    pub total: i64,
    /// UTC microseconds.
    pub paid_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct RefundRequest {
    pub out_trade_no: String,
    pub out_request_no: String,
    /// In fen.
    pub amount: i64,
    /// Neutral, at most 200 characters: the platform shows it to the payer.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    pub trade_no: String,
    /// All refunds of the trade so far, in fen.
    pub refunded_in_all: i64,
    /// False where this very refund had been made before.
    pub money_moved: bool,
}

pub struct TransferRequest {
    pub out_biz_no: String,
    /// In fen.
    pub amount: i64,
    /// Neutral, at most 64 characters; the payee sees it.
    pub title: String,
    /// Sixteen digits that begin with 2088; or a log-in (mobile or e-mail), a space and the holder's name.
    pub payee: Disclosed<PaymentProvider, SettlementAccount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferStatus {
    Done,
    UnderWay,
    Failed,
    /// It was made and came back.
    Returned,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The platform's number.
    pub order_id: String,
    pub status: TransferStatus,
    /// UTC microseconds.
    pub at: Option<i64>,
}

impl Alipay {
    pub fn new(config: AlipayConfig, clock: Clock) -> Alipay {
        Alipay {
            gate: Gate::new(config.partner, clock),
            gateway: Gateway::new(
                config.gateway,
                config.app_id,
                config.merchant_private_key,
                config.alipay_public_key,
                config.limits,
            ),
            seller_id: config.seller_id,
            notify_url: config.notify_url,
        }
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The signed address of the cashier for this payment. Nothing is called: the payer's browser carries it.
    pub fn cashier_url(&self, cashier: Cashier, payment: &Payment) -> Result<String, PartnerError> {
        let terms = PaymentTerms::read(payment.order.expose()).ok_or(PartnerError::Unfit("the payment's terms"))?;
        self.address(cashier, &terms, payment.account.expose(), payment.expires_at, &payment.return_url)
    }

    fn address(
        &self,
        cashier: Cashier,
        terms: &PaymentTerms,
        account: &str,
        expires_at: i64,
        return_url: &str,
    ) -> Result<String, PartnerError> {
        let now = self.gate.pass()?;
        wire::number(&terms.out_trade_no)?;
        wire::amount(terms.total)?;
        wire::subject(&terms.subject)?;
        let total_amount = yuan::write(terms.total);
        let time_expire = beijing::write(expires_at);
        let (method, product_code) = match cashier {
            Cashier::Page => ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
            Cashier::Phone => ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        };
        let agreed = serde_json::to_string(&wire::BusinessParams { marketplace_account: account })
            .map_err(|_| PartnerError::Unfit("the account's reference"))?;
        let content = wire::Pay {
            out_trade_no: &terms.out_trade_no,
            total_amount: &total_amount,
            subject: &terms.subject,
            product_code,
            time_expire: &time_expire,
            quit_url: (cashier == Cashier::Phone).then_some(return_url),
            business_params: &agreed,
        };
        let urls = [("notify_url", self.notify_url.as_str()), ("return_url", return_url)];
        self.gateway.page_url(method, &content, &urls, now)
    }

    pub fn query(&self, out_trade_no: &str) -> Result<Trade, PartnerError> {
        let answer: wire::TradeAnswer =
            self.gateway.call(&self.gate, "alipay.trade.query", &wire::ByTrade { out_trade_no })?;
        wire::same(&answer.out_trade_no, out_trade_no)?;
        Ok(Trade {
            trade_no: answer.trade_no,
            status: TradeStatus::read(&answer.trade_status).ok_or(PartnerError::BadAnswer)?,
            total: yuan::read(&answer.total_amount).ok_or(PartnerError::BadAnswer)?,
            paid_at: answer.send_pay_date.as_deref().and_then(beijing::read),
        })
    }

    pub fn refund(&self, request: &RefundRequest) -> Result<Refunded, PartnerError> {
        wire::number(&request.out_request_no)?;
        wire::amount(request.amount)?;
        let content = wire::Refund {
            out_trade_no: &request.out_trade_no,
            out_request_no: &request.out_request_no,
            refund_amount: &yuan::write(request.amount),
            refund_reason: &request.reason,
        };
        let answer: wire::RefundAnswer = self.gateway.call(&self.gate, "alipay.trade.refund", &content)?;
        wire::same(&answer.out_trade_no, &request.out_trade_no)?;
        Ok(Refunded {
            trade_no: answer.trade_no,
            refunded_in_all: yuan::read(&answer.refund_fee).ok_or(PartnerError::BadAnswer)?,
            money_moved: answer.fund_change.as_deref() == Some("Y"),
        })
    }

    /// The amount (in fen) of the refund with that number if it was made; `None` if it was not.
    pub fn refund_query(&self, out_trade_no: &str, out_request_no: &str) -> Result<Option<i64>, PartnerError> {
        let content = wire::ByRefund { out_trade_no, out_request_no };
        let answer: wire::RefundQueryAnswer =
            self.gateway.call(&self.gate, "alipay.trade.fastpay.refund.query", &content)?;
        // The platform answers 'done' without these for a refund that it does not have.
        let Some(made) = answer.refund_amount.filter(|_| answer.refund_status.as_deref() == Some("REFUND_SUCCESS"))
        else {
            return Ok(None);
        };
        wire::same(answer.out_trade_no.as_deref().unwrap_or_default(), out_trade_no)?;
        wire::same(answer.out_request_no.as_deref().unwrap_or_default(), out_request_no)?;
        yuan::read(&made).map(Some).ok_or(PartnerError::BadAnswer)
    }

    /// Closes a trade that waits for its payer. `refusal::TRADE_NOT_EXIST` means that no payer has reached the cashier;
    /// the address they hold stays valid until it expires.
    pub fn close(&self, out_trade_no: &str) -> Result<(), PartnerError> {
        let answer: wire::CloseAnswer =
            self.gateway.call(&self.gate, "alipay.trade.close", &wire::ByTrade { out_trade_no })?;
        wire::same(&answer.out_trade_no, out_trade_no)
    }

    /// Pays out to a seller.
    pub fn transfer(&self, request: &TransferRequest) -> Result<Transfer, PartnerError> {
        self.pay_out(&request.out_biz_no, request.amount, &request.title, request.payee.expose())
    }

    fn pay_out(&self, out_biz_no: &str, amount: i64, title: &str, payee: &str) -> Result<Transfer, PartnerError> {
        wire::number(out_biz_no)?;
        wire::amount(amount)?;
        let content = wire::PayOut {
            out_biz_no,
            trans_amount: &yuan::write(amount),
            product_code: wire::PAYOUT_PRODUCT,
            biz_scene: wire::PAYOUT_SCENE,
            order_title: title,
            payee_info: wire::Payee::read(payee).ok_or(PartnerError::Unfit("the payout account"))?,
        };
        let answer: wire::TransferAnswer = self.gateway.call(&self.gate, "alipay.fund.trans.uni.transfer", &content)?;
        answer.read(out_biz_no)
    }

    pub fn transfer_query(&self, out_biz_no: &str) -> Result<Transfer, PartnerError> {
        let content =
            wire::ByTransfer { out_biz_no, product_code: wire::PAYOUT_PRODUCT, biz_scene: wire::PAYOUT_SCENE };
        let answer: wire::TransferAnswer = self.gateway.call(&self.gate, "alipay.fund.trans.common.query", &content)?;
        answer.read(out_biz_no)
    }

    /// The sales and refunds of a day in China; the platform has it from the next morning on.
    pub fn bill(&self, day: Date) -> Result<Vec<BillLine>, PartnerError> {
        let content = wire::BillWanted { bill_type: "trade", bill_date: &day.to_string() };
        let answer: wire::BillAnswer =
            self.gateway.call(&self.gate, "alipay.data.dataservice.bill.downloadurl.query", &content)?;
        bill::read(&self.gateway.download(&answer.bill_download_url, bill::PACKED_MAX)?)
    }

    /// A notification's form body. Check `agrees_with` before booking it, then answer `NOTED`.
    pub fn read_notification(&self, body: &[u8]) -> Result<Notification, NotificationRefused> {
        self.addressee().notification(body)
    }

    /// The query string with which the payer's browser came back.
    pub fn read_return(&self, query: &str) -> Result<Returned, NotificationRefused> {
        self.addressee().returned(query)
    }

    fn addressee(&self) -> Addressee<'_> {
        Addressee { app_id: self.gateway.app_id(), seller_id: &self.seller_id, theirs: self.gateway.theirs() }
    }
}

#[cfg(test)]
mod tests;
