//! The contents of requests and answers, with exactly the fields that are declared to travel. Whatever else an answer
//! holds (the payer's log-in, name, card) is not read.

use super::{Transfer, TransferStatus};
use crate::{PartnerError, beijing, yuan};
use serde::{Deserialize, Serialize};

pub const PAYOUT_PRODUCT: &str = "TRANS_ACCOUNT_NO_PWD";
pub const PAYOUT_SCENE: &str = "DIRECT_TRANSFER";

#[derive(Serialize)]
pub struct Pay<'a> {
    pub out_trade_no: &'a str,
    pub total_amount: &'a str,
    pub subject: &'a str,
    pub product_code: &'a str,
    pub time_expire: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quit_url: Option<&'a str>,
    /// JSON in text: the platform's place for what a merchant and it agreed on.
    pub business_params: &'a str,
}

#[derive(Serialize)]
pub struct BusinessParams<'a> {
    pub marketplace_account: &'a str,
}

#[derive(Serialize)]
pub struct ByTrade<'a> {
    pub out_trade_no: &'a str,
}

#[derive(Serialize)]
pub struct Refund<'a> {
    pub out_trade_no: &'a str,
    pub out_request_no: &'a str,
    pub refund_amount: &'a str,
    pub refund_reason: &'a str,
}

#[derive(Serialize)]
pub struct ByRefund<'a> {
    pub out_trade_no: &'a str,
    pub out_request_no: &'a str,
}

#[derive(Serialize)]
pub struct PayOut<'a> {
    pub out_biz_no: &'a str,
    pub trans_amount: &'a str,
    pub product_code: &'a str,
    pub biz_scene: &'a str,
    pub order_title: &'a str,
    pub payee_info: Payee<'a>,
}

#[derive(Serialize)]
pub struct Payee<'a> {
    pub identity: &'a str,
    pub identity_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

#[derive(Serialize)]
pub struct ByTransfer<'a> {
    pub out_biz_no: &'a str,
    pub product_code: &'a str,
    pub biz_scene: &'a str,
}

#[derive(Serialize)]
pub struct BillWanted<'a> {
    pub bill_type: &'a str,
    pub bill_date: &'a str,
}

#[derive(Deserialize)]
pub struct TradeAnswer {
    pub trade_no: String,
    pub out_trade_no: String,
    pub trade_status: String,
    pub total_amount: String,
    pub send_pay_date: Option<String>,
}

#[derive(Deserialize)]
pub struct RefundAnswer {
    pub trade_no: String,
    pub out_trade_no: String,
    pub refund_fee: String,
    pub fund_change: Option<String>,
}

#[derive(Deserialize)]
pub struct RefundQueryAnswer {
    pub out_trade_no: Option<String>,
    pub out_request_no: Option<String>,
    pub refund_amount: Option<String>,
    pub refund_status: Option<String>,
}

#[derive(Deserialize)]
pub struct CloseAnswer {
    pub out_trade_no: String,
}

#[derive(Deserialize)]
pub struct TransferAnswer {
    pub out_biz_no: String,
    pub order_id: String,
    pub status: String,
    pub trans_date: Option<String>,
    pub pay_date: Option<String>,
}

#[derive(Deserialize)]
pub struct BillAnswer {
    pub bill_download_url: String,
}

impl TransferAnswer {
    pub fn read(self, out_biz_no: &str) -> Result<Transfer, PartnerError> {
        same(&self.out_biz_no, out_biz_no)?;
        let status = match self.status.as_str() {
            "SUCCESS" => TransferStatus::Done,
            "DEALING" | "INIT" | "WAIT_PAY" => TransferStatus::UnderWay,
            "FAIL" | "CLOSED" => TransferStatus::Failed,
            "REFUND" => TransferStatus::Returned,
            _ => return Err(PartnerError::BadAnswer),
        };
        let at = self.trans_date.or(self.pay_date).as_deref().and_then(beijing::read);
        Ok(Transfer { order_id: self.order_id, status, at })
    }
}

impl<'a> Payee<'a> {
    /// An account number needs no name; a log-in is paid only together with its holder's name.
    pub fn read(account: &'a str) -> Option<Payee<'a>> {
        let (identity, name) = match account.trim().split_once(char::is_whitespace) {
            Some((identity, name)) => (identity, Some(name.trim())),
            None => (account.trim(), None),
        };
        let digits = identity.bytes().all(|b| b.is_ascii_digit());
        if digits && identity.len() == 16 && identity.starts_with("2088") {
            return Some(Payee { identity, identity_type: "ALIPAY_USER_ID", name });
        }
        let mobile = identity.strip_prefix("+86").unwrap_or(identity);
        let is_mobile = mobile.len() == 11 && mobile.starts_with('1') && mobile.bytes().all(|b| b.is_ascii_digit());
        let is_mail = identity.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        let identity = if is_mobile { mobile } else { identity };
        ((is_mobile || is_mail) && name.is_some()).then_some(Payee { identity, identity_type: "ALIPAY_LOGON_ID", name })
    }
}

/// The platform takes letters, digits and underscores, at most 64.
pub fn number(number: &str) -> Result<(), PartnerError> {
    let fits = (1..=64).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits { Ok(()) } else { Err(PartnerError::Unfit("the payment's number")) }
}

pub fn amount(fen: i64) -> Result<(), PartnerError> {
    if (1..=yuan::TOTAL_MAX).contains(&fen) { Ok(()) } else { Err(PartnerError::Unfit("the amount")) }
}

/// The platform refuses `/ = &`; a comma would break the tables of its bills.
pub fn subject(subject: &str) -> Result<(), PartnerError> {
    let fits = (1..=256).contains(&subject.chars().count())
        && !subject.chars().any(|c| c.is_control() || matches!(c, '/' | '=' | '&' | ',' | '"'));
    if fits { Ok(()) } else { Err(PartnerError::Unfit("the payment's subject")) }
}

/// An answer is signed, but not for which question: it must name what was asked for.
pub fn same(said: &str, asked: &str) -> Result<(), PartnerError> {
    if said == asked { Ok(()) } else { Err(PartnerError::BadAnswer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payout_account_is_a_number_or_a_log_in_with_its_holder() {
        let read = |text| Payee::read(text).map(|payee| (payee.identity, payee.identity_type, payee.name));
        assert_eq!(read("2088102100000011"), Some(("2088102100000011", "ALIPAY_USER_ID", None)));
        assert_eq!(read("li@example.com 李四"), Some(("li@example.com", "ALIPAY_LOGON_ID", Some("李四"))));
        assert_eq!(read("+8613800138000 Li Si"), Some(("13800138000", "ALIPAY_LOGON_ID", Some("Li Si"))));
        for nonsense in ["", "li@example.com", "6228480012340042", "nobody 李四", "2088"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_the_platform_would_refuse_is_not_sent() {
        assert!(number("P26_7K3Q").is_ok() && number("0199-aa").is_err() && number("").is_err());
        assert!(amount(0).is_err() && amount(-1).is_err() && amount(yuan::TOTAL_MAX + 1).is_err());
        assert!(subject("订单 26-7K3Q").is_ok() && subject("a&b").is_err() && subject("").is_err());
    }
}
