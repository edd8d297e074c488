//! Bills: a day's sales and refunds, as the platform packs them.

use super::trades::{No, invalid, missing, text};
use crate::sandbox::book::State;
use crate::sandbox::keys::SELLER_ID;
use crate::sandbox::{Shared, off};
use crate::{beijing, yuan};
use axum::extract::{Path, State as Held};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::io::{Cursor, Write};
use std::sync::Arc;
use zip::write::SimpleFileOptions;

const HEAD: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,\
    订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,\
    商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";

/// Where the bill of a past day lies, for a short while.
pub fn address(shared: &Shared, now: i64, content: &Value, host: &str) -> Result<Value, No> {
    let day = text(content, "bill_date").ok_or_else(|| missing("bill_date"))?;
    let day: Date = day.parse().map_err(|_| invalid("isp.invalid-date", "账单日期错误"))?;
    let lines = shared.book.read(|state| lines(state, day));
    if day >= beijing::day(now) || lines.is_empty() {
        return Err(No {
            code: "40004",
            msg: "Business Failed",
            sub_code: "isp.bill_not_exist".to_owned(),
            sub_msg: "账单不存在",
        });
    }
    let token = uuid::Uuid::new_v4().simple().to_string();
    shared.alipay.bills.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(token.clone(), day);
    Ok(json!({ "bill_download_url": format!("http://{host}/alipay/bill/{token}.csv.zip") }))
}

pub async fn download(Held(shared): Held<Arc<Shared>>, Path(file): Path<String>) -> Response {
    off(move || {
        let bills = shared.alipay.bills.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let day = file.strip_suffix(".csv.zip").and_then(|token| bills.get(token).copied());
        drop(bills);
        let Some(day) = day else { return StatusCode::NOT_FOUND.into_response() };
        match pack(day, &shared.book.read(|state| lines(state, day))) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    })
    .await
}

fn lines(state: &State, day: Date) -> Vec<String> {
    let mut lines = Vec::new();
    for trade in state.trades.values() {
        let created = beijing::write(trade.created_at);
        let mut line = |kind: &str, at: i64, amount: i64, request: &str| {
            let (amount, at) = (yuan::write(amount), beijing::write(at));
            lines.push(format!(
                "{}\t,{}\t,{kind}\t,{}\t,{created}\t,{at}\t,\t,\t,\t,\t,che***@example.com\t,{amount}\t,{amount}\t,\
                 0.00\t,0.00\t,0.00\t,0.00\t,0.00\t,\t,0.00\t,0.00\t,{request}\t,0.00\t,0.00\t,\t",
                trade.trade_no, trade.out_trade_no, trade.subject
            ));
        };
        if let Some(at) = trade.paid_at.filter(|at| beijing::day(*at) == day) {
            line("交易", at, trade.total, "");
        }
        for refund in trade.refunds.iter().filter(|refund| beijing::day(refund.at) == day) {
            line("退款", refund.at, -refund.amount, &refund.out_request_no);
        }
    }
    lines
}

fn pack(day: Date, lines: &[String]) -> zip::result::ZipResult<Vec<u8>> {
    let mut details = format!(
        "#支付宝业务明细查询\n#账号：[{SELLER_ID}0156]\n#起始日期：[{day} 00:00:00]\n\
         #-----------------------------------------业务明细列表----------------------------------------\n{HEAD}\n"
    );
    for line in lines {
        details.push_str(line);
        details.push('\n');
    }
    details
        .push_str("#-----------------------------------------业务明细列表结束------------------------------------\n");
    let summary = format!("#支付宝业务汇总查询\n#交易合计：{}笔\n", lines.len());
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain_day = day.strftime("%Y%m%d");
    for (name, text) in [("业务明细", details), ("业务明细(汇总)", summary)] {
        archive.start_file(format!("{SELLER_ID}0156_{plain_day}_{name}.csv"), SimpleFileOptions::default())?;
        archive.write_all(&encoding_rs::GBK.encode(&text).0)?;
    }
    Ok(archive.finish()?.into_inner())
}
