//! Still pages of made-up goods and people, to look at the components: `cargo run -p web --example gallery` writes
//! `target/gallery/*.html` (into `CARGO_TARGET_DIR`), in both languages, for a browser to open without a server.

use maud::{Markup, html};
use policy::documents::{self, Operator, OwnWords};
use policy::fields::{ConsigneeName, ConsigneePhone, LegalRepName};
use policy::{Basis, Field, PurposeInfo, Words};
use std::path::PathBuf;
use std::{env, fs, io};
use web::form::FieldError;
use web::frame::{Flash, Frame, Who};
use web::ui::{self, Entry, Kind, Look, StepState, Tone, cell, head_cell, number_cell};
use web::{FormData, FormErrors, Lang, format, t};

/// 24 November 2026, 14:02 in Shanghai.
const NOW: i64 = 1_795_500_120_000_000;
const HOUR: i64 = 3_600_000_000;
const PHOTOS: &str = "../../main/demo/pictures/groceries";

fn main() -> io::Result<()> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = target.join("gallery");
    let assets = folder.join("assets");
    fs::create_dir_all(&assets)?;
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets");
    let photos = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo/pictures/groceries");
    let photos = fs::canonicalize(&photos).unwrap_or(photos).display().to_string();
    for name in ["hanse.css", "hanse.js", "favicon.svg", "manifest.webmanifest"] {
        let address = web::assets::asset_url(name);
        fs::copy(own.join(name), assets.join(address.trim_start_matches("/assets/")))?;
    }
    for lang in Lang::ALL {
        let pages: [(&str, Markup); 6] = [
            ("list", list(lang)),
            ("product", product(lang)),
            ("privacy", privacy(lang)),
            ("form", form(lang)),
            ("trade", trade(lang)),
            ("pieces", pieces(lang)),
        ];
        for (name, page) in pages {
            let page = page.into_string().replace("\"/assets/", "\"assets/").replace(PHOTOS, &photos);
            fs::write(folder.join(format!("{name}-{}.html", lang.code())), page)?;
        }
        // Chromium opens no window as narrow as a telephone; a frame within one is.
        for name in ["list", "product", "privacy", "form", "trade", "pieces"] {
            let inner = format!("{name}-{}.html", lang.code());
            let frame = format!(
                "<!doctype html><body style=\"margin:0;background:#888\">\
                 <iframe src=\"{inner}\" style=\"width:390px;height:2400px;border:0\"></iframe>"
            );
            fs::write(folder.join(format!("phone-{inner}")), frame)?;
        }
    }
    println!("{}", folder.display());
    Ok(())
}

fn say(lang: Lang, en: &'static str, zh: &'static str) -> &'static str {
    lang.words(Words { en, zh })
}

fn member(lang: Lang, here: &str) -> Frame {
    let who = Who::Member { name: say(lang, "Zhang Min", "张敏").into(), seller: false };
    Frame { cart_count: 3, ..Frame::example(lang, here, who) }
}

fn photo(name: &str) -> String {
    format!("{PHOTOS}/{name}.jpg")
}

fn unit(lang: Lang) -> ui::Unit<'static> {
    ui::Unit { one: say(lang, "case", "箱"), many: say(lang, "cases", "箱") }
}

fn list(lang: Lang) -> Markup {
    let mut frame = Frame::example(lang, "/search?q=apple", Who::Guest);
    frame.first_visit = true;
    frame.searched = say(lang, "apple", "苹果").into();
    let goods = [
        (
            "Golden-Delicious",
            "Golden Delicious apples, class 1, 18 kg case, Italy",
            "意大利金冠苹果 一级果 18公斤整箱批发",
            9600,
            11800,
            5,
            2310,
        ),
        (
            "Granny-Smith",
            "Granny Smith apples, 70–75 mm, tray of 100",
            "澳洲青苹果 70–75毫米 100粒装",
            8800,
            10400,
            4,
            1874,
        ),
        ("Royal-Gala", "Royal Gala apples, 12.5 kg case", "皇家嘎啦苹果 12.5公斤箱装", 7150, 8600, 10, 980),
        ("Pink-Lady", "Pink Lady apples, gift-grade, 12 × 4 pack", "粉红女士苹果 礼品级 12×4 盒", 13200, 15000, 2, 412),
        ("Red-Delicious", "Red Delicious apples, 19 kg export carton", "蛇果 19公斤出口纸箱", 9000, 10900, 6, 655),
        ("Bravo-Apple-Juice", "Apple juice from concentrate, 12 × 1 l", "浓缩还原苹果汁 12×1升", 7400, 9200, 20, 5120),
        (
            "God-Morgon-Apple-Juice",
            "Pressed apple juice, chilled, 8 × 1.75 l",
            "冷藏鲜榨苹果汁 8×1.75升",
            11800,
            13900,
            8,
            1006,
        ),
        ("Pineapple", "Pineapples, MD2, carton of 8", "金菠萝 MD2 8只装", 8400, 9900, 10, 0),
    ];
    let pictures: Vec<String> = goods.iter().map(|g| photo(&format!("{}/iconic", g.0))).collect();
    let cards: Vec<ui::ProductCard> = goods
        .iter()
        .zip(&pictures)
        .map(|(g, picture)| ui::ProductCard {
            href: "#".into(),
            title: say(lang, g.1, g.2),
            picture: Some(picture),
            low: g.3,
            high: g.4,
            currency: "CNY",
            minimum: g.5,
            unit: unit(lang),
            sold: g.6,
            shop: say(lang, "Alpine Fruit Traders", "阿尔卑斯果业"),
            place: say(lang, "Bolzano", "博尔扎诺"),
            sold_out: false,
            label: None,
        })
        .collect();
    let option =
        |label, count, chosen| ui::FilterOption { label, href: "#".into(), count: Some(count), chosen, depth: 0 };
    let groups = [
        ui::FilterGroup {
            title: say(lang, "Category", "类目"),
            several: false,
            options: vec![
                option(say(lang, "Fresh fruit", "新鲜水果"), 74, true),
                option(say(lang, "Juice", "果汁"), 31, false),
                option(say(lang, "Dried fruit", "果干"), 23, false),
            ],
        },
        ui::FilterGroup {
            title: say(lang, "Minimum order", "起批量"),
            several: false,
            options: vec![
                option(say(lang, "up to 5", "5 以内"), 52, false),
                option(say(lang, "up to 20", "20 以内"), 99, false),
            ],
        },
        ui::FilterGroup {
            title: say(lang, "Seller", "卖家"),
            several: false,
            options: vec![
                option(say(lang, "Verified", "已认证"), 90, false),
                option(say(lang, "Ships in 48 h", "48小时发货"), 61, false),
            ],
        },
    ];
    let price = ui::PriceFilter { action: "#", low: "80", high: "", carried: vec![("q", "apple")], bands: Vec::new() };
    let sort = |label, current| ui::Sort { label, href: "#".into(), current };
    let sorts = [
        sort(say(lang, "General", "综合"), true),
        sort(say(lang, "Sales", "销量"), false),
        sort(say(lang, "Price ↑", "价格 ↑"), false),
    ];
    let count = web::f(lang, "results-count", &[("n", 128.into())]);
    let here = format!("{}{}", say(lang, "Search “apple”: ", "搜索“苹果”："), count);
    let main = html! {
        (ui::crumbs(lang, &[(say(lang, "Food", "食品"), Some("#".into())), (say(lang, "Fresh fruit", "新鲜水果"), Some("#".into())), (&here, None)]))
        h1.unseen { (here) }
        (ui::with_filters(ui::filter_panel(lang, &groups, Some(&price)), html! {
            (ui::sort_bar(lang, &sorts, false))
            (ui::chosen(lang, &[(say(lang, "Fresh fruit", "新鲜水果"), "#".into()), (say(lang, "from ¥ 80", "¥80 起"), "#".into())], "#"))
            (ui::product_grid(lang, &cards))
            (ui::pager_numbers(lang, 4, 11, |n| format!("#page-{n}")))
        }))
    };
    frame.page(&here).listed("Apples by the case").markup(main)
}

fn product(lang: Lang) -> Markup {
    let frame = member(lang, "/goods/1");
    let title = say(
        lang,
        "Golden Delicious apples, class 1, Italy, this year’s harvest",
        "意大利金冠苹果 一级果 当季新果 18公斤整箱批发",
    );
    let pictures: Vec<String> =
        ["iconic", "shelf-3", "shelf-4"].iter().map(|p| photo(&format!("Golden-Delicious/{p}"))).collect();
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let tiers =
        [ui::Tier { from: 5, minor: 11800 }, ui::Tier { from: 20, minor: 10700 }, ui::Tier { from: 100, minor: 9600 }];
    let variants = [
        ui::Variant { id: "a", name: say(lang, "65–70 mm", "65–70 毫米"), surcharge: 0, stock: 1240, typed: "3" },
        ui::Variant { id: "b", name: say(lang, "70–75 mm", "70–75 毫米"), surcharge: 0, stock: 860, typed: "4" },
        ui::Variant {
            id: "c",
            name: say(lang, "Tray of 100, 75–80 mm", "75–80 毫米，100粒装"),
            surcharge: 400,
            stock: 312,
            typed: "0",
        },
        ui::Variant { id: "d", name: say(lang, "80–85 mm", "80–85 毫米"), surcharge: 600, stock: 0, typed: "0" },
    ];
    let purchase = ui::Purchase {
        action: "#",
        cart: "/en/cart",
        product: "p1",
        axis: say(lang, "Size", "规格"),
        currency: "CNY",
        unit: unit(lang),
        minimum: 5,
        tiers: &tiers,
        variants: &variants,
    };
    let main = html! {
        (ui::crumbs(lang, &[(say(lang, "Food", "食品"), Some("#".into())), (say(lang, "Fresh fruit", "新鲜水果"), Some("#".into())), (say(lang, "Apples", "苹果"), Some("#".into()))]))
        (ui::product_layout(
            ui::gallery(lang, title, &pictures),
            html! {
                h1 { (title) }
                p.note { (ui::badge(Tone::Good, "4.8")) " " (say(lang, "212 evaluations · 2,310 sold", "212 条评价 · 已售 2,310")) }
                (ui::purchase(lang, &frame.csrf, &purchase, &FormErrors::default()))
                p.note { (say(lang, "Delivery to Hangzhou: ¥ 46.00, ships within 48 h · Your money is held until you confirm receipt", "发往杭州运费 ¥46.00，48 小时内发货 · 确认收货前货款由平台保管")) }
            },
            html! {
                div.card {
                    b { (say(lang, "Alpine Fruit Traders", "阿尔卑斯果业")) }
                    p.note { (ui::badge(Tone::Info, say(lang, "Verified company", "企业认证"))) " " (say(lang, "Bolzano · 6 years here", "博尔扎诺 · 入驻 6 年")) }
                    p.note { (say(lang, "98 % shipped in time", "按时发货率 98%")) br; (say(lang, "Answers within 2 h", "2 小时内回复")) }
                    p.actions { (ui::link_button("#", say(lang, "Visit the shop", "进入店铺"), Look::Plain)) }
                }
            },
        ))
        section.card.padded {
            h2 { (say(lang, "About this product", "商品详情")) }
            (ui::attributes(&[
                (say(lang, "Origin", "产地"), say(lang, "Italy", "意大利")),
                (say(lang, "Class", "等级"), say(lang, "Class 1", "一级果")),
                (say(lang, "Net weight", "净重"), say(lang, "18 kg", "18 公斤")),
                (say(lang, "Storage", "储存条件"), "1–2 °C"),
            ]))
        }
    };
    frame.page(title).listed("x").markup(main)
}

fn privacy(lang: Lang) -> Markup {
    let frame = member(lang, "/my/privacy/readings");
    let title = say(lang, "Who read my data", "谁读取过我的信息");
    let entries = [
        (say(lang, "Overview", "概览"), "#o".to_owned(), None),
        (title, "#r".to_owned(), None),
        (say(lang, "What is held about me", "平台保存的信息"), "#h".to_owned(), None),
        (say(lang, "Consents", "授权管理"), "#c".to_owned(), Some(2)),
        (say(lang, "Partners", "合作方"), "#p".to_owned(), None),
        (say(lang, "Permissions and cookies", "权限与 Cookie"), "#k".to_owned(), None),
        (say(lang, "Requests", "我的请求"), "#q".to_owned(), None),
        (say(lang, "Cancel account", "注销账号"), "#x".to_owned(), None),
    ];
    let reading = |at, who, did, why, ground, section, link| ui::Reading { at, who, did, why, ground, section, link };
    let link = |label| Some(("#".to_owned(), label));
    let contract = say(lang, "contract", "履行合同");
    let readings = [
        reading(
            NOW,
            say(lang, "Alpine Fruit Traders", "阿尔卑斯果业"),
            say(lang, "read your consignee name, address, telephone", "读取了您的收货人姓名、地址、电话"),
            say(lang, "to ship order 2026 1123 0042", "用于发货，订单 2026 1123 0042"),
            contract,
            "3.5-1",
            link(say(lang, "Order", "订单")),
        ),
        reading(
            NOW - 60_000_000,
            say(lang, "Logistics platform", "物流平台"),
            say(lang, "received consignee name, address, telephone", "接收了收货人姓名、地址、电话"),
            say(lang, "to carry parcel HZ 8812", "用于运送包裹 HZ 8812"),
            contract,
            "3.1.5",
            link(say(lang, "Receipt", "凭据")),
        ),
        reading(
            NOW - 28 * HOUR,
            say(lang, "Customer service, desk 7", "客服 7 号席"),
            say(lang, "read your telephone (revealed)", "查看了您的电话（完整）"),
            say(lang, "case 5531 “parcel late”", "工单 5531“包裹延误”"),
            contract,
            "2.4",
            link(say(lang, "Case", "工单")),
        ),
        reading(
            NOW - 96 * HOUR,
            "Hanse",
            say(lang, "used your browsing of 12 goods", "使用了您对 12 件商品的浏览记录"),
            say(lang, "to recommend goods", "用于推荐商品"),
            say(lang, "your consent of 3 Nov", "您 11月3日 的同意"),
            "2.2.3",
            link(say(lang, "Switch off", "关闭")),
        ),
    ];
    let main = ui::with_side(
        ui::side_nav(say(lang, "My privacy", "我的隐私"), "#r", &entries),
        html! {
            (ui::section_head(title, Some(say(lang, "Every reading of your sealed information, by whom, which part, why, and on what ground. Nobody can read it without leaving a line here.", "您的加密信息每一次被读取的记录：谁、读了什么、为什么、依据是什么。任何人读取都会在此留下一条。")), None))
            (ui::facts(&[
                (format::number(38), say(lang, "readings in 30 days", "30 天内读取")),
                (format::number(31), say(lang, "by sellers, to ship", "卖家发货")),
                (format::number(1), say(lang, "by staff", "平台人员")),
                (format::number(0), say(lang, "under law", "依法调取")),
            ]))
            (ui::reading_list(lang, NOW, &readings))
            (ui::pager_next(lang, None, Some("#".into())))
        },
    );
    frame.page(title).markup(main)
}

const DELIVER: PurposeInfo = PurposeInfo {
    id: "Example",
    section: "2.1.3",
    basis: Basis::SeparateConsent,
    says: Words {
        en: "Your name and identity number are compared with the authority's record, so that buyers see a verified seller.",
        zh: "将您的姓名和身份证件号码与权威机构记录核对，使买家看到已认证的卖家。",
    },
    requires: &[&LegalRepName::INFO, &ConsigneePhone::INFO],
    accepts: &[],
    reads: &[&ConsigneeName::INFO],
    discloses: &[],
    roles: &[],
    keep: &[],
    refusal: Words {
        en: "You cannot open a shop; buying stays as it is.", zh: "您将无法开设店铺，购买功能不受影响。"
    },
    law: None,
};

fn operator() -> Operator {
    Operator {
        company: OwnWords::same("Hanse Marketplace Ltd."),
        address: OwnWords::new("1 Quay, Hangzhou", "杭州市码头路1号"),
        service_contact: OwnWords::same("help@market.example"),
        department_email: "privacy@market.example".into(),
        department_address: OwnWords::new("1 Quay, Hangzhou", "杭州市码头路1号"),
        officer: OwnWords::new("Ms Fu", "傅女士"),
        country: OwnWords::new("China", "中国"),
        partners: Vec::new(),
    }
}

fn form(lang: Lang) -> Markup {
    let frame = member(lang, "/checkout/address");
    let sent = FormData::parse("name=%3Cb%3ELi&phone=12345&street=&remark=Ring+twice".as_bytes()).expect("well formed");
    let mut errors = FormErrors::default();
    errors.add(FieldError::plain("phone", "invalid-phone"));
    errors.add(FieldError::plain("street", "invalid-missing"));
    let (name, phone, street) = (
        say(lang, "Consignee", "收货人"),
        say(lang, "Telephone", "联系电话"),
        say(lang, "Street and number", "详细地址"),
    );
    let card = |value: &str, title: &'static str, text: &'static str, chosen| ui::RadioCard {
        value: value.into(),
        title: html! { (title) },
        text: html! { (text) },
        chosen,
    };
    let title = say(lang, "Where should it go?", "填写收货地址");
    let main = html! {
        (ui::section_head(title, Some(say(lang, "The seller sees this once you have ordered, to ship the goods.", "下单后卖家可见，仅用于发货。")), None))
        (ui::error_summary(lang, &errors, &[("phone", phone), ("street", street)]))
        section.card.padded {
            (ui::form(&frame.csrf, "#", html! {
                (Entry::new(Kind::Text, "name", name).fill("shipping name").limit(40).from(lang, &sent, &errors))
                (Entry::new(Kind::Phone, "phone", phone).fill("shipping tel").hint(say(lang, "The courier calls this number.", "快递员将拨打此号码。")).from(lang, &sent, &errors))
                div.pair {
                    (Entry::select("province", say(lang, "Province", "省份"), &[("zj", say(lang, "Zhejiang", "浙江")), ("js", say(lang, "Jiangsu", "江苏"))]).value("js"))
                    (Entry::new(Kind::Text, "city", say(lang, "City", "城市")).value(say(lang, "Hangzhou", "杭州")))
                }
                (Entry::new(Kind::Text, "street", street).fill("shipping street-address").from(lang, &sent, &errors))
                (Entry::new(Kind::Text, "remark", say(lang, "Note to the seller", "给卖家的留言")).lines(3).optional(lang).limit(200).from(lang, &sent, &errors))
                (ui::radio_cards(lang, "pay", say(lang, "Payment", "支付方式"), &[
                    card("alipay", say(lang, "Alipay", "支付宝"), say(lang, "You pay at Alipay; the money is held until you confirm receipt.", "前往支付宝付款，确认收货前货款由平台保管。"), true),
                    card("transfer", say(lang, "Bank transfer", "银行转账"), say(lang, "Within three days; the order waits.", "三日内转账，订单为您保留。"), false),
                ], &errors))
                (Entry::new(Kind::Text, "identity", say(lang, "Identity number", "身份证件号码")).sensitive().hint(say(lang, "Only for goods that customs clears.", "仅报关商品需要。")).optional(lang))
                (Entry::new(Kind::Money, "limit", say(lang, "Pay at most", "最高付款")).unit("CNY").value("1200.00"))
                (ui::check(lang, "keep", html! { (say(lang, "Keep this address in my address book", "保存到我的地址簿")) }, false, Some(say(lang, "You can remove it at any time.", "可随时删除。")), &errors))
                div.actions { (ui::button(say(lang, "Save and go on", "保存并继续"), Look::Main)) (ui::link_button("#", t(lang, "back"), Look::Quiet)) }
            }))
        }
        (ui::consent_card(lang, &frame.csrf, &ui::ConsentCard { notice: &documents::notice(&DELIVER, &operator(), lang.0), version: "2026-11-24", action: "#", hidden: &[] }, &FormErrors::default()))
    };
    frame.page(title).narrow().markup(main)
}

fn trade(lang: Lang) -> Markup {
    let mut frame = member(lang, "/orders/1");
    frame.flash = Some(Flash { tone: Tone::Good, text: t(lang, "said-saved").into() });
    let step = |label, note: Option<&str>, state| ui::Step { label, note: note.map(str::to_owned), state };
    let lines: Vec<_> = ["Golden-Delicious", "Pink-Lady"].iter().map(|name| photo(&format!("{name}/iconic"))).collect();
    let goods = |anchor: &'static str, picture| ui::GoodsLine {
        anchor,
        picture: Some(picture),
        title: say(lang, "Golden Delicious apples, class 1, 18 kg case, Italy", "意大利金冠苹果 一级果 18公斤整箱批发"),
        href: Some("#".into()),
        variant: say(lang, "65–70 mm", "65–70 毫米"),
        each: 10700,
        currency: "CNY",
        quantity: ui::quantity(
            lang,
            &ui::Quantity {
                name: anchor,
                id: anchor,
                label: say(lang, "65–70 mm", "65–70 毫米"),
                value: "24",
                min: 1,
                max: 1240,
            },
            &FormErrors::default(),
        ),
        sum: 256_800,
        remark: None,
    };
    let mut table = ui::Table::new(
        say(lang, "Orders", "订单"),
        &[
            say(lang, "Order", "订单号"),
            say(lang, "Buyer", "买家"),
            say(lang, "State", "状态"),
            say(lang, "Amount", "金额"),
            "",
        ],
    );
    for (number, state, tone, amount) in [
        ("2026 1123 0042", say(lang, "to ship", "待发货"), Tone::Warn, 261_400),
        ("2026 1122 0017", say(lang, "delivered", "已送达"), Tone::Good, 88_000),
        ("2026 1120 0009", say(lang, "closed", "已关闭"), Tone::Info, 1_204_050),
    ] {
        table.row(vec![
            head_cell(html! { a href="#" { (number) } }),
            cell(html! { (ui::masked(lang, "138****8000", Some("#"))) }),
            cell(ui::badge(tone, state)),
            number_cell(format::money(lang, amount, "CNY")),
            cell(html! { a href="#" { (say(lang, "Ship", "发货")) } }),
        ]);
    }
    table.total(vec![
        head_cell(say(lang, "Total", "合计")),
        cell(""),
        cell(""),
        number_cell(format::money(lang, 1_553_450, "CNY")),
        cell(""),
    ]);
    let title = say(lang, "Order 2026 1123 0042", "订单 2026 1123 0042");
    let event = |hours: i64, title: &str, note: &str| ui::Event {
        at: NOW - hours * HOUR,
        title: title.into(),
        note: Some(note.into()),
    };
    let main = html! {
        (ui::section_head(title, Some(say(lang, "Placed 23 Nov 2026, 09:12", "下单时间 2026年11月23日 09:12")), Some(ui::link_button("#", say(lang, "Ask the seller", "联系卖家"), Look::Plain))))
        section.card.padded {
            (ui::steps(lang, &[
                step(say(lang, "Placed", "已下单"), Some(say(lang, "23 Nov", "11月23日")), StepState::Done),
                step(say(lang, "Paid", "已付款"), Some(say(lang, "23 Nov", "11月23日")), StepState::Done),
                step(say(lang, "Shipped", "已发货"), Some(say(lang, "on its way", "运输中")), StepState::Now),
                step(say(lang, "Received", "已收货"), None, StepState::Ahead),
                step(say(lang, "Completed", "已完成"), None, StepState::Ahead),
            ]))
        }
        (ui::with_summary(html! {
            div.card { (ui::goods_lines(lang, &[goods("l1", &lines[0]), goods("l2", &lines[1])])) }
                div.card.padded.stack {
                h2 { (say(lang, "Parcel", "包裹")) }
                (ui::details(&[
                    (say(lang, "Waybill", "运单号"), ui::copyable(lang, "waybill", html! { "SF 1234 5678 9012" })),
                    (say(lang, "Consignee", "收货人"), html! { (say(lang, "Zhang Min", "张敏")) " · " (ui::masked(lang, "138****8000", Some("#"))) }),
                ]))
                (ui::timeline(lang, NOW, &[
                    event(2, say(lang, "Out for delivery", "派送中"), say(lang, "Hangzhou Xihu, courier Mr. Wang", "杭州西湖营业点，快递员王师傅")),
                    event(20, say(lang, "Arrived", "到达"), say(lang, "Hangzhou sorting centre", "杭州转运中心")),
                    event(30, say(lang, "Picked up", "已揽收"), say(lang, "Cold store, Hangzhou", "杭州冷库")),
                ]))
            }
        }, html! {
            (ui::sums(lang, "CNY", &[
                ui::SumLine { label: say(lang, "Goods", "货款"), minor: 513_600, total: false },
                ui::SumLine { label: say(lang, "Freight", "运费"), minor: 4_600, total: false },
                ui::SumLine { label: say(lang, "Reduction", "优惠"), minor: -5_000, total: false },
                ui::SumLine { label: say(lang, "Total", "合计"), minor: 513_200, total: true },
            ]))
                a.button.main.wide href="#" { (say(lang, "Confirm receipt", "确认收货")) }
            p.note { (say(lang, "Confirms by itself in ", "剩余")) (format::remaining(lang, NOW + 200 * HOUR, NOW)) }
        }))
        (ui::section_head(say(lang, "Orders to ship", "待发货订单"), None, Some(ui::search_field("#", "q", "", say(lang, "Order number", "订单号")))))
        (ui::tabs(say(lang, "Orders by state", "订单状态"), &[
            (say(lang, "All", "全部"), "#".into(), Some(45), false),
            (say(lang, "To pay", "待付款"), "#".into(), Some(2), false),
            (say(lang, "To ship", "待发货"), "#".into(), Some(12), true),
            (say(lang, "On the way", "运输中"), "#".into(), None, false),
        ]))
        (table)
    };
    frame.page(title).markup(main)
}

fn pieces(lang: Lang) -> Markup {
    let frame = Frame::example(lang, "/console", Who::Staff { name: say(lang, "Desk 7", "7 号席").into() });
    let main = html! {
        (ui::notice(Tone::Info, say(lang, "The cold store in Hangzhou is closed on 1 January.", "杭州冷库 1 月 1 日休息。")))
        (ui::notice(Tone::Good, say(lang, "Paid. The seller has been told.", "付款成功，已通知卖家。")))
        (ui::notice(Tone::Warn, say(lang, "Two sizes are nearly sold out.", "两个规格库存紧张。")))
        (ui::notice(Tone::Bad, say(lang, "The bank refused the transfer.", "银行拒绝了该笔转账。")))
        p { (ui::marked(lang, html! { (say(lang, "Your identity number is sensitive information.", "您的身份证件号码属于敏感个人信息。")) })) }
        p.actions {
            (ui::button(say(lang, "Main", "主要"), Look::Main)) (ui::button(say(lang, "Plain", "一般"), Look::Plain))
            (ui::button(say(lang, "Quiet", "次要"), Look::Quiet)) (ui::button(say(lang, "Remove", "删除"), Look::Danger))
        }
        (ui::empty(ui::icon::cart(), say(lang, "Your cart is empty", "进货单是空的"), say(lang, "Goods that you add wait here until you order; prices follow the quantity.", "加入的商品会保留在这里，价格随数量变化。"), Some(("#", say(lang, "Look around", "去逛逛")))))
        (ui::confirm(lang, &frame.csrf, &ui::Confirm {
            title: say(lang, "Close this shop?", "确定关闭店铺？"),
            text: html! { p { (say(lang, "Alpine Fruit Traders leaves the marketplace.", "阿尔卑斯果业将退出平台。")) } },
            consequences: &[say(lang, "Its goods are not shown any more.", "商品将不再展示。"), say(lang, "Open orders are carried out.", "未完成的订单将继续履行。")],
            action: "#",
            hidden: &[("shop", "x")],
            yes: say(lang, "Close the shop", "关闭店铺"),
            look: Look::Danger,
            back: "#",
        }))
    };
    frame.page(say(lang, "Pieces", "组件")).markup(main)
}
