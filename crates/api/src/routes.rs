//! Every operation with its gate, and the document that is made of them: what is not registered here is in neither.

use crate::caller::{Counts, Gate, RATE_HEADERS, RETRY_AFTER, pass};
use crate::problem::{self, Error, Kind, Problem};
use crate::sell::hooks::OrderMessage;
use crate::wire::BODY_BYTES_MAX;
use crate::{addresses, cart, checkout, console, docs, goods, me, orders, sell};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use member::token::Reach;
use std::sync::{Arc, LazyLock};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Header, Info, OpenApi, Ref, RefOr, Response, extensions::Extensions};
use utoipa::openapi::{OpenApiBuilder, Server, tag::TagBuilder};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;
use web::{App, Routes};

/// Where a summary stands in Chinese.
pub const SUMMARY_ZH: &str = "x-summary-zh";
const SCHEME: &str = "token";

const ANYBODY: &[Reach] = &[];
const BUY_READ: &[Reach] = &[Reach::BuyRead];
const BUY: &[Reach] = &[Reach::Buy];
const SELL_READ: &[Reach] = &[Reach::SellRead];
const SELL: &[Reach] = &[Reach::Sell];
const HOOKS_READ: &[Reach] = &[Reach::HooksRead];
const HOOKS: &[Reach] = &[Reach::Hooks];
const OWN_READ: &[Reach] = &[Reach::BuyRead, Reach::SellRead];
const OWN: &[Reach] = &[Reach::Buy, Reach::Sell];
const OPERATE_READ: &[Reach] = &[Reach::OperateRead];
const OPERATE: &[Reach] = &[Reach::Operate];

/// The parts of the document: tag, English, Chinese.
pub const TAGS: [(&str, &str, &str); 9] = [
    ("goods", "Categories, goods and shops, without a token", "类目、商品和店铺（无需令牌）"),
    ("cart", "The cart", "进货单"),
    ("orders", "Ordering, paying, receiving", "下单、付款、收货"),
    ("addresses", "The address book", "地址簿"),
    ("me", "Your account and its privacy: who read what, and what you agreed to", "我的账户与隐私：访问记录与同意"),
    ("sell", "Your own shop: goods, orders to ship, money", "我的店铺：商品、发货、资金"),
    ("webhooks", "Your shop's webhooks: where your programs are told of orders", "店铺的 Webhook：订单进展通知"),
    ("console", "The operator's console", "运营后台"),
    ("document", "This document", "本接口文档"),
];

/// An operation that asks for one of `reaches` (none: for no token), with its summary in Chinese. The same gate goes
/// before the handler and into the document.
fn gated(
    reaches: &'static [Reach],
    summary_zh: &str,
    (schemas, mut paths, router): UtoipaMethodRouter<App>,
) -> UtoipaMethodRouter<App> {
    for item in paths.paths.values_mut() {
        for operation in
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
        {
            describe(operation, reaches, summary_zh);
        }
    }
    let router = match reaches.is_empty() {
        true => router,
        false => router.route_layer(from_fn(move |request: Request, next: Next| pass(reaches, request, next))),
    };
    (schemas, paths, router)
}

fn describe(operation: &mut Operation, reaches: &[Reach], summary_zh: &str) {
    let words = Extensions::builder().add(SUMMARY_ZH, summary_zh).build();
    operation.extensions.get_or_insert_with(Extensions::default).merge(words);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
            response.description = status.and_then(|status| status.canonical_reason()).unwrap_or("Done").to_owned();
        }
    }
    let mut problems = vec![Kind::Fault, Kind::Unavailable];
    if !reaches.is_empty() {
        // Each alternative is enough.
        operation.security = Some(reaches.iter().map(|r| SecurityRequirement::new(SCHEME, [r.id()])).collect());
        problems.extend([Kind::Token, Kind::Scope, Kind::NotFound, Kind::TooMany]);
    }
    let mut asks = false;
    for parameter in operation.parameters.iter().flatten() {
        if let RefOr::T(parameter) = parameter {
            match parameter.parameter_in {
                utoipa::openapi::path::ParameterIn::Path => problems.push(Kind::NotFound),
                utoipa::openapi::path::ParameterIn::Header => problems.push(Kind::Malformed),
                _ => asks = true,
            }
        }
    }
    if operation.request_body.is_some() {
        problems.extend([Kind::Malformed, Kind::TooLarge, Kind::MediaType, Kind::Conflict]);
        asks = true;
    }
    if !reaches.is_empty() {
        problems.push(Kind::Conflict);
        asks = true;
    }
    if asks {
        problems.push(Kind::Invalid);
    }
    for kind in problems {
        let status = kind.status().as_u16().to_string();
        operation.responses.responses.entry(status).or_insert_with(|| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let mut response = Response::new(web::t(web::Lang::EN, kind.keys().0));
            response.content.insert("application/problem+json".to_owned(), content.into());
            RefOr::T(response)
        });
    }
    if reaches.is_empty() {
        return;
    }
    for (status, response) in &mut operation.responses.responses {
        // Whose token is not known has no count.
        let counted = if status == "401" { &[][..] } else { &RATE_HEADERS };
        let too_many = (status == "429").then_some(RETRY_AFTER);
        if let RefOr::T(response) = response {
            for (name, meaning) in counted.iter().copied().chain(too_many) {
                let mut header = Header::new(u32::schema());
                header.description = Some(meaning.to_owned());
                response.headers.insert(name.to_owned(), RefOr::T(header));
            }
        }
    }
}

/// All operations.
fn operations() -> OpenApiRouter<App> {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description =
        Some("A token made at /my/tokens (staff: /console/tokens), sent as `Authorization: Bearer hanse_…`".into());
    let mut info = Info::new("Hanse", "1");
    info.description = Some(
        "A wholesale marketplace whose privacy policy is executable. Amounts are integers of minor units, times are UTC, \
         lists go on by `after`. Problems are RFC 9457, in the language of `Accept-Language` (en, zh)."
            .into(),
    );
    let tags = TAGS.iter().map(|(name, en, _)| TagBuilder::new().name(*name).description(Some(*en)).build());
    let mut document: OpenApi =
        OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).tags(Some(tags.collect::<Vec<_>>())).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
    // No handler answers with them.
    let mut schemas = vec![
        (Problem::name().into_owned(), Problem::schema()),
        (OrderMessage::name().into_owned(), OrderMessage::schema()),
    ];
    Problem::schemas(&mut schemas);
    OrderMessage::schemas(&mut schemas);
    components.schemas.extend(schemas);

    OpenApiRouter::with_openapi(document)
        .merge(public())
        .merge(buying())
        .merge(private())
        .merge(selling())
        .merge(importing())
        .merge(hooking())
        .merge(operating())
}

fn public() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(gated(ANYBODY, "全部类目", routes!(goods::list_categories)))
        .routes(gated(ANYBODY, "在售商品：搜索、筛选、排序", routes!(goods::list_products)))
        .routes(gated(ANYBODY, "输入时的搜索建议", routes!(goods::list_suggestions)))
        .routes(gated(ANYBODY, "单个商品", routes!(goods::get_product)))
        .routes(gated(ANYBODY, "单个店铺", routes!(goods::get_shop)))
        .routes(gated(ANYBODY, "本文档", routes!(docs::get_document)))
}

fn buying() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(gated(BUY_READ, "查看进货单", routes!(cart::get_cart)))
        .routes(gated(BUY, "加入进货单", routes!(cart::add_to_cart)))
        .routes(gated(BUY, "设置一行的数量", routes!(cart::put_cart_line)))
        .routes(gated(BUY, "删除一行", routes!(cart::delete_cart_line)))
        .routes(gated(BUY, "清空进货单", routes!(cart::empty_cart)))
        .routes(gated(BUY, "勾选或取消勾选", routes!(cart::choose_in_cart)))
        .routes(gated(BUY_READ, "所选商品的报价", routes!(checkout::get_quote)))
        .routes(gated(BUY, "提交订单", routes!(checkout::place_orders)))
        .routes(gated(BUY_READ, "一次结算及其付款状态", routes!(checkout::get_checkout)))
        .routes(gated(BUY, "发起付款", routes!(checkout::start_payment)))
        .routes(gated(BUY_READ, "我的订单", routes!(orders::list_orders)))
        .routes(gated(BUY_READ, "单个订单", routes!(orders::get_order)))
        .routes(gated(BUY, "取消未付款的订单", routes!(orders::cancel_order)))
        .routes(gated(BUY, "发货前申请退款", routes!(orders::refund_order)))
        .routes(gated(BUY, "确认收货", routes!(orders::confirm_order)))
        .routes(gated(BUY, "隐藏或恢复已结束的订单", routes!(orders::hide_order)))
        .routes(gated(BUY_READ, "地址簿", routes!(addresses::list_addresses)))
        .routes(gated(BUY, "保存地址", routes!(addresses::keep_address)))
        .routes(gated(BUY, "修改地址", routes!(addresses::edit_address)))
        .routes(gated(BUY, "删除地址", routes!(addresses::remove_address)))
        .routes(gated(BUY, "设为首选地址", routes!(addresses::prefer_address)))
}

fn private() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(gated(OWN_READ, "我的账户", routes!(me::get_own_account)))
        .routes(gated(OWN_READ, "谁读取了我的信息", routes!(me::list_readings)))
        .routes(gated(OWN_READ, "我的同意", routes!(me::list_consents)))
        .routes(gated(OWN, "给予同意", routes!(me::give_consent)))
        .routes(gated(OWN, "撤回同意", routes!(me::withdraw_consent)))
}

fn selling() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(gated(SELL_READ, "我的店铺或开店申请", routes!(sell::shop::get_own_shop)))
        .routes(gated(SELL, "申请开店", routes!(sell::shop::apply_for_shop)))
        .routes(gated(SELL, "修改店铺信息", routes!(sell::shop::edit_own_shop)))
        .routes(gated(SELL_READ, "我的商品", routes!(sell::goods::list_own_products)))
        .routes(gated(SELL, "发布商品", routes!(sell::goods::publish_product)))
        .routes(gated(SELL_READ, "我的单个商品", routes!(sell::goods::get_own_product)))
        .routes(gated(SELL, "修改商品", routes!(sell::goods::edit_product)))
        .routes(gated(SELL, "设置库存", routes!(sell::goods::set_stock)))
        .routes(gated(SELL, "下架商品", routes!(sell::goods::take_down_product)))
        .routes(gated(SELL, "重新上架", routes!(sell::goods::list_product_again)))
        .routes(gated(SELL_READ, "店铺订单", routes!(sell::orders::list_shop_orders)))
        .routes(gated(SELL_READ, "店铺单个订单", routes!(sell::orders::get_shop_order)))
        .routes(gated(SELL, "申请运单并发货", routes!(sell::orders::ship_order)))
        .routes(gated(SELL, "无法供货，退款", routes!(sell::orders::decline_order)))
        .routes(gated(SELL_READ, "余额与结算账户", routes!(sell::money::get_balance)))
        .routes(gated(SELL_READ, "资金流水", routes!(sell::money::list_statement)))
        .routes(gated(SELL_READ, "打款记录", routes!(sell::money::list_payouts)))
        .routes(gated(SELL, "申请打款", routes!(sell::money::ask_payout)))
        .routes(gated(SELL, "更换结算账户", routes!(sell::money::change_account)))
        .layer(DefaultBodyLimit::max(sell::goods::FORM_BYTES_MAX))
}

fn importing() -> OpenApiRouter<App> {
    use sell::imports;
    OpenApiRouter::default()
        .routes(gated(SELL_READ, "批量导入", routes!(imports::list_imports)))
        .routes(gated(SELL, "上传表格并检查", routes!(imports::upload_import)))
        .routes(gated(SELL_READ, "单次导入及预览", routes!(imports::get_import)))
        .routes(gated(SELL_READ, "表格中的错误", routes!(imports::list_import_mistakes)))
        .routes(gated(SELL, "开始导入", routes!(imports::start_import)))
        .routes(gated(SELL, "中止导入", routes!(imports::cancel_import)))
        .routes(gated(SELL, "删除导入记录", routes!(imports::forget_import)))
        .routes(gated(SELL_READ, "导入表格模板", routes!(imports::get_import_template)))
        .routes(gated(SELL_READ, "导出全部商品", routes!(imports::export_products)))
        .layer(DefaultBodyLimit::max(imports::FORM_BYTES_MAX))
}

fn hooking() -> OpenApiRouter<App> {
    use sell::hooks;
    OpenApiRouter::default()
        .routes(gated(HOOKS_READ, "店铺的 Webhook", routes!(hooks::list_webhooks)))
        .routes(gated(HOOKS, "新建 Webhook", routes!(hooks::make_webhook)))
        .routes(gated(HOOKS_READ, "单个 Webhook", routes!(hooks::get_webhook)))
        .routes(gated(HOOKS, "修改 Webhook", routes!(hooks::edit_webhook)))
        .routes(gated(HOOKS, "删除 Webhook", routes!(hooks::delete_webhook)))
        .routes(gated(HOOKS, "更换密钥", routes!(hooks::rotate_webhook_secret)))
        .routes(gated(HOOKS, "启用", routes!(hooks::turn_webhook_on)))
        .routes(gated(HOOKS, "停用", routes!(hooks::turn_webhook_off)))
        .routes(gated(HOOKS, "发送测试", routes!(hooks::test_webhook)))
        .routes(gated(HOOKS_READ, "投递记录", routes!(hooks::list_deliveries)))
        .routes(gated(HOOKS_READ, "单条投递及各次尝试", routes!(hooks::get_delivery)))
        .routes(gated(HOOKS, "重新发送一条", routes!(hooks::replay_delivery)))
        .routes(gated(HOOKS, "重新发送未送达的消息", routes!(hooks::replay_webhook)))
}

fn operating() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(gated(OPERATE_READ, "概览", routes!(console::get_overview)))
        .routes(gated(OPERATE_READ, "店铺", routes!(console::list_shops)))
        .routes(gated(OPERATE_READ, "单个店铺及其资料", routes!(console::get_any_shop)))
        .routes(gated(OPERATE, "审核店铺", routes!(console::decide_on_shop)))
        .routes(gated(OPERATE_READ, "交易记录", routes!(console::list_recorded_orders)))
        .routes(gated(OPERATE_READ, "资金", routes!(console::get_money)))
        .routes(gated(OPERATE_READ, "金额不符的付款", routes!(console::list_disputed_payments)))
        .routes(gated(OPERATE_READ, "待处理的退款", routes!(console::list_refunds_to_look_at)))
        .routes(gated(OPERATE_READ, "待处理的打款", routes!(console::list_payouts_to_look_at)))
        .routes(gated(OPERATE, "再次请求退款", routes!(console::retry_refund)))
        .routes(gated(OPERATE_READ, "失败的后台任务", routes!(console::list_dead_jobs)))
        .routes(gated(OPERATE, "重新运行任务", routes!(console::revive_job)))
}

/// The document, made once.
pub fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| operations().into_openapi());
    &DOCUMENT
}

/// Everything under `/api`, for machines: beside the pages, without cookies, tokens of forms or languages in the address.
/// Each token may call `requests_max` times a minute.
pub fn plain(app: &App, requests_max: u32) -> Router {
    let gate = Gate { app: app.clone(), counts: Arc::new(Counts::new(requests_max)) };
    let (router, _) = operations().split_for_parts();
    router
        .route("/api/{*rest}", any(async || Error::not_found()))
        .method_not_allowed_fallback(async || Error::new(Kind::Method))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(problem::panicked))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(move |mut request: Request, next: Next| {
            request.extensions_mut().insert(gate.clone());
            // Who calls is told by a token alone.
            request.headers_mut().remove(header::COOKIE);
            next.run(request)
        }))
        .layer(from_fn(problem::worded))
        .with_state(app.clone())
}

/// The page for people, in both languages.
pub fn for_people() -> Routes<App> {
    Routes::default().get(web::Gate::Anybody, docs::PATH, docs::page)
}

pub fn pages(app: &App) -> Router {
    web::pages::with_session(for_people(), app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all() -> Vec<(String, String, serde_json::Value)> {
        let document = serde_json::to_value(document()).unwrap();
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push((method.clone(), path.clone(), operation.clone()));
            }
        }
        all
    }

    #[test]
    fn every_operation_is_described() {
        let mut ids = BTreeSet::new();
        assert!(all().len() > 50);
        for (method, path, operation) in all() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            let words = [operation["summary"].as_str(), operation[SUMMARY_ZH].as_str()];
            assert!(words.iter().all(|words| words.is_some_and(|w| !w.is_empty())), "{method} {path}");
            let tag = operation["tags"][0].as_str().unwrap();
            assert!(TAGS.iter().any(|(known, ..)| *known == tag), "{method} {path}: {tag}");
            assert_eq!(operation.get("security").is_none(), matches!(tag, "goods" | "document"), "{method} {path}");
            // A token that may only read changes nothing.
            let reads = operation["security"].to_string().contains(":read");
            assert!(!reads || method == "get", "{method} {path}");
        }
    }

    /// Every schema that is named is there, and no field of one is a person's as plain text.
    #[test]
    fn the_document_is_whole() {
        let document = serde_json::to_value(document()).unwrap();
        let text = document.to_string();
        let known = document["components"]["schemas"].as_object().unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(known.contains_key(name), "no schema {name}");
        }
        assert_eq!(document["openapi"], "3.1.0");
        for (name, schema) in known {
            // A shop's contact is public by law; what comes in has a schema of its own.
            if name.contains("Shop") || name.starts_with("New") {
                continue;
            }
            for field in ["phone", "alt_phone", "address", "settlement_account", "waybill", "representative_name"] {
                let property = &schema["properties"][field];
                assert!(
                    property.is_null() || property.to_string().contains("schemas/Personal"),
                    "{name}.{field} is plain text"
                );
            }
        }
    }
}
