//! What the platform says unasked: the asynchronous notification of a trade's state, and the parameters with which the
//! payer's browser comes back.

use crate::form::{self, Parameters};
use crate::rsa2::PublicKey;
use crate::{beijing, yuan};

use super::TradeStatus;

/// The answer that stops the platform from sending a notification again. Give it only once the matter is committed;
/// any other answer, or none, brings the notification back on the platform's schedule.
pub const NOTED: &str = "success";

/// The answer to a notification that was not believed.
pub const NOT_NOTED: &str = "failure";

/// The most parameters a notification may have; the platform sends about thirty.
const PARAMETERS_MAX: usize = 100;

/// A trade's state, said and signed by the platform. The parser keeps these fields only: payer's account, name, card
/// and whatever else comes with them are dropped here (3.1.5-1A.4).
///
/// The same notification may come many times, and an older one after a newer: make it idempotent by `notify_id`, and let
/// the state only go forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub notify_id: String,
    pub trade_no: String,
    pub out_trade_no: String,
    pub status: TradeStatus,
    /// In fen.
    pub total: i64,
    /// All refunds of the trade so far, in fen; only in a notification that a refund brought about.
    pub refunded: Option<i64>,
    /// The number of the refund that brought it about.
    pub out_request_no: Option<String>,
    /// UTC microseconds, as are the others.
    pub sent_at: i64,
    pub paid_at: Option<i64>,
    pub refunded_at: Option<i64>,
    pub closed_at: Option<i64>,
}

/// Why a notification was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationRefused {
    BadSignature,
    /// Signed, but for another application of the operator's.
    OtherApp,
    /// Signed, but the money went to somebody else.
    OtherSeller,
    /// Signed, and this parameter is missing or not in the platform's form.
    Unreadable(&'static str),
}

/// In what a signed notification differs from the payment that it names. It is not to be booked; the platform is not
/// answered `success`, and the risk desk is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    OtherTrade,
    OtherAmount { said: i64, ours: i64 },
}

impl Notification {
    /// The checks that the platform asks of the merchant beyond the signature: it is this payment, and this amount.
    pub fn agrees_with(&self, out_trade_no: &str, total: i64) -> Result<(), Disagreement> {
        if self.out_trade_no != out_trade_no {
            Err(Disagreement::OtherTrade)
        } else if self.total != total {
            Err(Disagreement::OtherAmount { said: self.total, ours: total })
        } else {
            Ok(())
        }
    }
}

/// What the payer's browser brought back. It says which trade the payer comes from, not that it was paid: ask `query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    pub trade_no: String,
    pub out_trade_no: String,
    /// In fen.
    pub total: i64,
}

/// Whose notifications are read.
pub struct Addressee<'a> {
    pub app_id: &'a str,
    pub seller_id: &'a str,
    pub theirs: &'a PublicKey,
}

impl Addressee<'_> {
    /// The parameters of a form body that the platform signed for this addressee.
    fn believe(&self, encoded: &[u8]) -> Result<Parameters, NotificationRefused> {
        let parameters = form::read(encoded, PARAMETERS_MAX).ok_or(NotificationRefused::Unreadable("form"))?;
        let sign = parameters.get("sign").ok_or(NotificationRefused::BadSignature)?;
        if parameters.get("sign_type").is_some_and(|kind| kind != "RSA2") {
            return Err(NotificationRefused::BadSignature);
        }
        // Not covered: the signature and its kind.
        if !self.theirs.verifies(&form::signed_text(&parameters, &["sign", "sign_type"]), sign) {
            return Err(NotificationRefused::BadSignature);
        }
        if parameters.get("app_id").is_none_or(|app| app != self.app_id) {
            return Err(NotificationRefused::OtherApp);
        }
        if parameters.get("seller_id").is_none_or(|seller| seller != self.seller_id) {
            return Err(NotificationRefused::OtherSeller);
        }
        Ok(parameters)
    }

    pub fn notification(&self, body: &[u8]) -> Result<Notification, NotificationRefused> {
        let parameters = self.believe(body)?;
        let read = Reader(&parameters);
        if read.text("notify_type")? != "trade_status_sync" {
            return Err(NotificationRefused::Unreadable("notify_type"));
        }
        Ok(Notification {
            notify_id: read.text("notify_id")?,
            trade_no: read.text("trade_no")?,
            out_trade_no: read.text("out_trade_no")?,
            status: TradeStatus::read(&read.text("trade_status")?)
                .ok_or(NotificationRefused::Unreadable("trade_status"))?,
            total: read.amount("total_amount")?,
            refunded: read.maybe("refund_fee", yuan::read)?,
            out_request_no: parameters.get("out_biz_no").filter(|number| !number.is_empty()).cloned(),
            sent_at: read.maybe("notify_time", beijing::read)?.ok_or(NotificationRefused::Unreadable("notify_time"))?,
            paid_at: read.maybe("gmt_payment", beijing::read)?,
            refunded_at: read.maybe("gmt_refund", |text| beijing::read(text.split('.').next()?))?,
            closed_at: read.maybe("gmt_close", beijing::read)?,
        })
    }

    pub fn returned(&self, query: &str) -> Result<Returned, NotificationRefused> {
        let parameters = self.believe(query.as_bytes())?;
        let read = Reader(&parameters);
        Ok(Returned {
            trade_no: read.text("trade_no")?,
            out_trade_no: read.text("out_trade_no")?,
            total: read.amount("total_amount")?,
        })
    }
}

struct Reader<'a>(&'a Parameters);

impl Reader<'_> {
    fn text(&self, name: &'static str) -> Result<String, NotificationRefused> {
        match self.0.get(name) {
            Some(text) if (1..=128).contains(&text.len()) => Ok(text.clone()),
            _ => Err(NotificationRefused::Unreadable(name)),
        }
    }

    fn amount(&self, name: &'static str) -> Result<i64, NotificationRefused> {
        self.maybe(name, yuan::read)?.ok_or(NotificationRefused::Unreadable(name))
    }

    /// An absent value is none; one that is there must be readable.
    fn maybe<T>(&self, name: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, NotificationRefused> {
        match self.0.get(name).map(String::as_str) {
            None | Some("") => Ok(None),
            Some(text) => read(text).map(Some).ok_or(NotificationRefused::Unreadable(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsa2::PrivateKey;

    const APP: &str = "2021000000000001";
    const SELLER: &str = "2088000000000001";

    fn sent(key: &PrivateKey, changes: &[(&str, &str)]) -> Vec<u8> {
        let mut parameters: Parameters = [
            ("notify_type", "trade_status_sync"),
            ("notify_id", "n1"),
            ("notify_time", "2026-11-23 10:21:00"),
            ("app_id", APP),
            ("seller_id", SELLER),
            ("trade_no", "2026112322001"),
            ("out_trade_no", "P1"),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", "1920.00"),
            ("gmt_payment", "2026-11-23 10:20:00"),
            ("buyer_logon_id", "ch***@example.com"),
            ("sign_type", "RSA2"),
        ]
        .into_iter()
        .chain(changes.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let sign = key.sign(&form::signed_text(&parameters, &["sign", "sign_type"]));
        parameters.insert("sign".into(), sign);
        form::write(&parameters).into_bytes()
    }

    fn read(key: &PrivateKey, body: &[u8]) -> Result<Notification, NotificationRefused> {
        Addressee { app_id: APP, seller_id: SELLER, theirs: &key.public() }.notification(body)
    }

    /// 3.1.5-1A.4
    #[test]
    fn a_notification_gives_progress_and_drops_who_paid() {
        let key = PrivateKey::generate();
        let noted = read(&key, &sent(&key, &[("buyer_user_name", "陈小明"), ("bank_card_tail", "0042")])).unwrap();
        assert_eq!((noted.status, noted.total), (TradeStatus::Success, 192_000));
        assert_eq!(noted.paid_at, beijing::read("2026-11-23 10:20:00"));
        let kept = format!("{noted:?}");
        assert!(!kept.contains("ch***") && !kept.contains("陈小明") && !kept.contains("0042"));
        assert_eq!(noted.agrees_with("P1", 192_000), Ok(()));
        assert_eq!(noted.agrees_with("P1", 192_001), Err(Disagreement::OtherAmount { said: 192_000, ours: 192_001 }));
        assert_eq!(noted.agrees_with("P2", 192_000), Err(Disagreement::OtherTrade));
    }

    #[test]
    fn what_is_not_signed_for_us_is_not_believed() {
        let key = PrivateKey::generate();
        let good = sent(&key, &[]);
        assert_eq!(read(&PrivateKey::generate(), &good), Err(NotificationRefused::BadSignature));
        let dearer = String::from_utf8(good.clone()).unwrap().replace("1920.00", "0001.00");
        assert_eq!(read(&key, dearer.as_bytes()), Err(NotificationRefused::BadSignature));
        let more = [&good[..], b"&refund_fee=1.00"].concat();
        assert_eq!(read(&key, &more), Err(NotificationRefused::BadSignature));
        assert_eq!(read(&key, b"out_trade_no=P1"), Err(NotificationRefused::BadSignature));
        assert_eq!(read(&key, &sent(&key, &[("app_id", "other")])), Err(NotificationRefused::OtherApp));
        assert_eq!(read(&key, &sent(&key, &[("seller_id", "other")])), Err(NotificationRefused::OtherSeller));
        for (name, value) in [("total_amount", "1e9"), ("trade_status", "PAID"), ("gmt_payment", "today")] {
            assert_eq!(read(&key, &sent(&key, &[(name, value)])), Err(NotificationRefused::Unreadable(name)));
        }
    }
}
