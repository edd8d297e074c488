//! A day's bill, for reconciliation: a zip of tables in GBK, of which one lists every sale and refund.

use crate::{PartnerError, beijing, yuan};
use std::collections::HashMap;
use std::io::Read;

/// The most bytes of a bill, packed and unpacked.
pub const PACKED_MAX: u64 = 32 * 1024 * 1024;
const UNPACKED_MAX: u64 = 256 * 1024 * 1024;

/// One line of a bill. The counterparty's account, which the table also holds, is not read (3.1.5-1A.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    pub kind: BillKind,
    pub trade_no: String,
    pub out_trade_no: String,
    /// The number under which the refund was asked for.
    pub out_request_no: Option<String>,
    /// UTC microseconds.
    pub finished_at: Option<i64>,
    /// In fen; a refund's is negative.
    pub total: i64,
    /// What reaches the merchant, in fen, before `fee`.
    pub received: i64,
    /// In fen; what the platform takes is negative.
    pub fee: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillKind {
    Sale,
    Refund,
    Other,
}

/// The lines of the table of details in a packed bill.
pub fn read(packed: &[u8]) -> Result<Vec<BillLine>, PartnerError> {
    let bad = |_| PartnerError::BadAnswer;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(packed)).map_err(bad)?;
    for i in 0..archive.len() {
        let file = archive.by_index(i).map_err(bad)?;
        let name = text_of(file.name_raw());
        if !name.contains("业务明细") || name.contains("汇总") {
            continue;
        }
        let mut bytes = Vec::new();
        file.take(UNPACKED_MAX + 1).read_to_end(&mut bytes).map_err(|_| PartnerError::BadAnswer)?;
        if bytes.len() as u64 > UNPACKED_MAX {
            return Err(PartnerError::BadAnswer);
        }
        return table(&text_of(&bytes)).ok_or(PartnerError::BadAnswer);
    }
    Err(PartnerError::BadAnswer)
}

/// GBK, or UTF-8 where newer bills and file names use it.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GBK.decode(bytes).0.into_owned(),
    }
}

/// Comment lines begin with `#`; the first other line names the columns; cells are padded with tabs.
fn table(text: &str) -> Option<Vec<BillLine>> {
    let mut rows = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split(',').map(|cell| cell.trim_matches(['\t', ' ', '`', '\u{feff}'])).collect::<Vec<_>>());
    let head: HashMap<&str, usize> = rows.next()?.into_iter().enumerate().map(|(i, name)| (name, i)).collect();
    let column = |name: &str| head.get(name).copied();
    let (trade_no, out_trade_no, kind) = (column("支付宝交易号")?, column("商户订单号")?, column("业务类型")?);
    let (total, received) = (column("订单金额（元）")?, column("商家实收（元）")?);
    let (finished, request, fee) = (column("完成时间")?, column("退款批次号/请求号")?, column("服务费（元）")?);
    rows.map(|row| {
        if row.len() != head.len() {
            return None;
        }
        Some(BillLine {
            kind: match row[kind] {
                "交易" => BillKind::Sale,
                "退款" => BillKind::Refund,
                _ => BillKind::Other,
            },
            trade_no: row[trade_no].to_owned(),
            out_trade_no: row[out_trade_no].to_owned(),
            out_request_no: Some(row[request]).filter(|number| !number.is_empty()).map(str::to_owned),
            finished_at: beijing::read(row[finished]),
            total: yuan::read_signed(row[total])?,
            received: yuan::read_signed(row[received])?,
            fee: yuan::read_signed(row[fee])?,
        })
    })
    .collect()
}
