//! As many products as a measurement wants, the same for the same seed: titles in both languages put together from the
//! words of a wholesale market, prices and tiers such as a trader would find right.
//!
//! Written in chunks without events; a search index is built anew afterwards.

use std::fmt;

use db::clock::DAY;
use db::{Database, Failed, Id, Stop, Tx, on_each};
use diesel::prelude::*;
use vault::{PersonKind, Vault};

use crate::category::{self, NewCategory};
use crate::policy::{price_tier, product, shop, variant};
use crate::price::Tier;
use crate::product::{Attribute, attributes_to_json};
use crate::{Both, Refused};

/// With variants and tiers these are some 180 rows: longer commands make others wait.
const PRODUCTS_PER_COMMAND: usize = 25;
const WRITERS: usize = 4;

/// Category: key, parent, names.
const CATEGORIES: [(&str, Option<&str>, &str, &str); 18] = [
    ("gen-haberdashery", None, "Haberdashery", "辅料"),
    ("gen-buttons", Some("gen-haberdashery"), "Buttons", "纽扣"),
    ("gen-ribbons", Some("gen-haberdashery"), "Ribbons and tapes", "丝带织带"),
    ("gen-home", None, "Home and kitchen", "家居厨房"),
    ("gen-cups", Some("gen-home"), "Cups and flasks", "杯壶"),
    ("gen-textiles", Some("gen-home"), "Home textiles", "家纺"),
    ("gen-storage", Some("gen-home"), "Storage", "收纳"),
    ("gen-bags", None, "Bags", "箱包"),
    ("gen-backpacks", Some("gen-bags"), "Backpacks", "双肩包"),
    ("gen-totes", Some("gen-bags"), "Totes and pouches", "手提袋"),
    ("gen-toys", None, "Toys and stationery", "玩具文具"),
    ("gen-pens", Some("gen-toys"), "Writing", "书写工具"),
    ("gen-games", Some("gen-toys"), "Games", "益智玩具"),
    ("gen-tools", None, "Tools", "五金工具"),
    ("gen-hand-tools", Some("gen-tools"), "Hand tools", "手动工具"),
    ("gen-lights", Some("gen-tools"), "Lamps", "灯具"),
    ("gen-clothing", None, "Clothing", "服装"),
    ("gen-socks", Some("gen-clothing"), "Socks and scarves", "袜子围巾"),
];

/// Category, name in both languages, price of one in minor units about.
const KINDS: [(&str, &str, &str, u64); 48] = [
    ("gen-buttons", "snap button", "四合扣", 12),
    ("gen-buttons", "four-hole shirt button", "四眼衬衫纽扣", 8),
    ("gen-buttons", "jeans button", "牛仔工字扣", 22),
    ("gen-buttons", "toggle button", "牛角扣", 60),
    ("gen-ribbons", "satin ribbon", "缎带", 90),
    ("gen-ribbons", "elastic tape", "松紧带", 70),
    ("gen-ribbons", "lace trim", "蕾丝花边", 130),
    ("gen-ribbons", "zip fastener", "拉链", 45),
    ("gen-cups", "vacuum flask", "保温杯", 2_600),
    ("gen-cups", "travel mug", "随行杯", 1_900),
    ("gen-cups", "tea cup set", "茶杯套装", 3_400),
    ("gen-cups", "water bottle", "运动水壶", 1_300),
    ("gen-textiles", "bath towel", "浴巾", 1_500),
    ("gen-textiles", "bed sheet set", "床单四件套", 6_900),
    ("gen-textiles", "cushion cover", "抱枕套", 900),
    ("gen-textiles", "tablecloth", "桌布", 1_700),
    ("gen-storage", "storage box", "收纳箱", 1_600),
    ("gen-storage", "drawer organiser", "抽屉分隔盒", 700),
    ("gen-storage", "laundry basket", "脏衣篮", 1_400),
    ("gen-storage", "clothes hanger", "衣架", 110),
    ("gen-backpacks", "school backpack", "学生书包", 4_200),
    ("gen-backpacks", "hiking backpack", "登山背包", 7_800),
    ("gen-backpacks", "laptop backpack", "电脑双肩包", 6_200),
    ("gen-totes", "shopping bag", "购物袋", 320),
    ("gen-totes", "drawstring pouch", "束口袋", 150),
    ("gen-totes", "cosmetic bag", "化妆包", 880),
    ("gen-totes", "canvas tote", "帆布袋", 760),
    ("gen-pens", "gel pen", "中性笔", 60),
    ("gen-pens", "notebook", "笔记本", 420),
    ("gen-pens", "colouring pencil set", "彩色铅笔套装", 980),
    ("gen-pens", "sticky notes", "便利贴", 160),
    ("gen-games", "building block set", "积木套装", 3_300),
    ("gen-games", "jigsaw puzzle", "拼图", 1_200),
    ("gen-games", "plush toy", "毛绒玩具", 1_800),
    ("gen-games", "skipping rope", "跳绳", 520),
    ("gen-hand-tools", "screwdriver set", "螺丝刀套装", 2_300),
    ("gen-hand-tools", "tape measure", "卷尺", 640),
    ("gen-hand-tools", "utility knife", "美工刀", 380),
    ("gen-hand-tools", "adjustable spanner", "活动扳手", 1_450),
    ("gen-lights", "desk lamp", "台灯", 3_700),
    ("gen-lights", "string lights", "灯串", 990),
    ("gen-lights", "head torch", "头灯", 1_850),
    ("gen-lights", "night light", "小夜灯", 820),
    ("gen-socks", "crew socks", "中筒袜", 290),
    ("gen-socks", "wool scarf", "羊毛围巾", 2_400),
    ("gen-socks", "knitted gloves", "针织手套", 650),
    ("gen-socks", "sports socks", "运动袜", 360),
    ("gen-socks", "silk scarf", "丝巾", 3_100),
];

#[rustfmt::skip]
const MATERIALS: [(&str, &str); 20] = [
    ("cotton", "纯棉"), ("linen", "亚麻"), ("polyester", "涤纶"), ("nylon", "尼龙"), ("brass", "黄铜"), ("zinc alloy", "锌合金"),
    ("stainless steel", "不锈钢"), ("aluminium", "铝合金"), ("bamboo", "竹制"), ("beech wood", "榉木"), ("ceramic", "陶瓷"),
    ("glass", "玻璃"), ("silicone", "硅胶"), ("recycled plastic", "再生塑料"), ("resin", "树脂"), ("canvas", "帆布"),
    ("felt", "毛毡"), ("leather", "真皮"), ("velvet", "天鹅绒"), ("mother-of-pearl", "贝壳"),
];

#[rustfmt::skip]
const COLOURS: [(&str, &str); 18] = [
    ("black", "黑色"), ("white", "白色"), ("ivory", "米白"), ("grey", "灰色"), ("navy", "藏青"), ("sky blue", "天蓝"),
    ("emerald", "祖母绿"), ("olive", "橄榄绿"), ("mint", "薄荷绿"), ("red", "红色"), ("burgundy", "酒红"), ("pink", "粉色"),
    ("orange", "橙色"), ("mustard", "姜黄"), ("brown", "棕色"), ("gold", "金色"), ("silver", "银色"), ("purple", "紫色"),
];

#[rustfmt::skip]
const FEATURES: [(&str, &str); 24] = [
    ("waterproof", "防水"), ("foldable", "可折叠"), ("extra thick", "加厚"), ("lightweight", "轻便"), ("children's", "儿童"),
    ("large", "大号"), ("small", "小号"), ("hand-made", "手工"), ("printed", "印花"), ("embroidered", "刺绣"),
    ("wear-resistant", "耐磨"), ("quick-drying", "速干"), ("nickel-free", "无镍"), ("with lid", "带盖"), ("stackable", "可叠放"),
    ("magnetic", "磁吸"), ("non-slip", "防滑"), ("for hotels", "酒店专用"), ("for gifts", "礼品"), ("with your logo", "可定制logo"),
    ("heat-resistant", "耐高温"), ("reflective", "反光"), ("organic", "有机"), ("retro", "复古"),
];

#[rustfmt::skip]
const PLACES: [(&str, &str); 8] = [
    ("Yiwu", "义乌"), ("Ningbo", "宁波"), ("Guangzhou", "广州"), ("Shenzhen", "深圳"), ("Wenzhou", "温州"), ("Quanzhou", "泉州"),
    ("Jinhua", "金华"), ("Foshan", "佛山"),
];

#[rustfmt::skip]
const SHOP_NAMES: [(&str, &str); 12] = [
    ("Evergreen", "长青"), ("Harbour", "海港"), ("Willow", "垂柳"), ("Northstar", "北辰"), ("Lantern", "灯笼"), ("Cloudbridge", "云桥"),
    ("Stonegate", "石门"), ("Goldleaf", "金叶"), ("Riverbend", "河湾"), ("Morning", "晨曦"), ("Cedar", "雪松"), ("Bluejay", "蓝鹊"),
];

/// SplitMix64: a few instructions, and the same everywhere.
#[derive(Clone, Copy)]
struct Dice(u64);

impl Dice {
    fn of(seed: u64, number: u64) -> Dice {
        Dice(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// A product that exists only for measuring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    pub category: &'static str,
    pub title: Both,
    pub text: Both,
    pub attributes: Vec<Attribute>,
    pub tiers: Vec<Tier>,
    /// Name, surcharge, stock.
    pub variants: Vec<(Both, i64, i64)>,
    pub sold: i64,
    pub days_old: i64,
}

/// The product of that number; the same for the same seed.
pub fn product(seed: u64, number: u64) -> Generated {
    let mut dice = Dice::of(seed, number);
    let (category, kind_en, kind_zh, about) = *dice.one_of(&KINDS);
    let material = *dice.one_of(&MATERIALS);
    let colour = *dice.one_of(&COLOURS);
    let feature = *dice.one_of(&FEATURES);
    let model = format!("{}{}", char::from(b'A' + dice.below(26) as u8), 100 + dice.below(9_900));
    let tiers = tiers(&mut dice, about);
    let first = dice.below(COLOURS.len() as u64) as usize;
    let variants = (0..2 + dice.below(3) as usize)
        .map(|at| {
            let (en, zh) = COLOURS[(first + at) % COLOURS.len()];
            let surcharge = if at > 0 && dice.below(4) == 0 { tiers[0].price / 20 } else { 0 };
            (Both::new(en, zh), surcharge, 100 + dice.below(20_000) as i64)
        })
        .collect();
    // Few sell much: the product of three rolls has the long tail of a market.
    let sold = dice.below(30) * dice.below(40) * dice.below(30) / 4;
    Generated {
        category,
        title: Both::new(
            format!("{} {} {}, {}, {model}", capital(feature.0), material.0, kind_en, colour.0),
            format!("{}{}{} {} {model} 厂家直销", feature.1, material.1, kind_zh, colour.1),
        ),
        text: Both::new(
            format!(
                "{kind_en} of {}, {}, {}. Packed by the case, samples on request.",
                material.0, feature.0, colour.0
            ),
            format!("{}材质{kind_zh}，{}，{}。整箱包装，支持混批，可先拿样。", material.1, feature.1, colour.1),
        ),
        attributes: vec![
            Attribute { name: Both::new("Material", "材质"), value: Both::new(material.0, material.1) },
            Attribute { name: Both::new("Model", "型号"), value: Both::new(model.as_str(), model.as_str()) },
        ],
        tiers,
        variants,
        sold: sold as i64,
        days_old: 1 + dice.below(700) as i64,
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Two to four tiers; what is cheap is sold by the thousand.
fn tiers(dice: &mut Dice, about: u64) -> Vec<Tier> {
    let price = (about * (60 + dice.below(90)) / 100).max(5) as i64;
    let first = match about {
        0..200 => 100 * (1 + dice.below(10)),
        200..1_500 => 10 * (1 + dice.below(6)),
        _ => 1 + dice.below(12),
    } as i64;
    let mut tiers = vec![Tier { from: first, price }];
    for _ in 0..1 + dice.below(3) {
        let last = tiers[tiers.len() - 1];
        let cheaper = last.price - (last.price * (4 + dice.below(8) as i64) / 100).max(1);
        if cheaper < 1 {
            break;
        }
        tiers.push(Tier { from: last.from * (2 + dice.below(4) as i64), price: cheaper });
    }
    tiers
}

/// The data could not be written.
#[derive(Debug)]
pub struct NotGenerated(String);

impl fmt::Display for NotGenerated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotGenerated {}

impl<R: fmt::Debug> From<Failed<R>> for NotGenerated {
    fn from(failed: Failed<R>) -> NotGenerated {
        NotGenerated(failed.to_string())
    }
}

/// Writes `count` products in so many new shops of new members, each in turn. Blocks.
pub fn load(vault: &Vault, seed: u64, count: usize, shops: usize) -> Result<Vec<Id>, NotGenerated> {
    let db = vault.data();
    db.write_now(|tx| {
        CATEGORIES.iter().zip(1_000i64..).try_for_each(|(&(key, parent, en, zh), sort)| {
            let parent = parent.map(str::to_owned);
            category::put(tx, &NewCategory { key: key.into(), parent, name: Both::new(en, zh), sort })
        })
    })?;
    let shops = (0..shops.max(1)).map(|number| open_shop(vault, seed, number)).collect::<Result<Vec<Id>, _>>()?;
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|threads| {
        let writers: Vec<_> =
            (0..WRITERS).map(|_| threads.spawn(|| write_chunks(db, seed, count, &shops, &next))).collect();
        writers.into_iter().try_for_each(|writer| {
            writer.join().unwrap_or_else(|_| Err(NotGenerated("a writing thread panicked".into())))
        })
    })?;
    db.analyse();
    Ok(shops)
}

fn write_chunks(
    db: &Database,
    seed: u64,
    count: usize,
    shops: &[Id],
    next: &std::sync::atomic::AtomicUsize,
) -> Result<(), NotGenerated> {
    loop {
        let from = next.fetch_add(PRODUCTS_PER_COMMAND, std::sync::atomic::Ordering::Relaxed);
        if from >= count {
            return Ok(());
        }
        let to = (from + PRODUCTS_PER_COMMAND).min(count);
        let rows: Vec<(Id, Generated)> =
            (from..to).map(|n| (shops[n % shops.len()].clone(), product(seed, n as u64))).collect();
        db.write_now(move |tx| insert(tx, &rows))?;
    }
}

fn open_shop(vault: &Vault, seed: u64, number: usize) -> Result<Id, NotGenerated> {
    let fresh = vault.keys().fresh_now().map_err(|error| NotGenerated(error.to_string()))?;
    let mut dice = Dice::of(!seed, number as u64);
    let (en, zh) = *dice.one_of(&SHOP_NAMES);
    let place = *dice.one_of(&PLACES);
    let id = vault.data().write_now(move |tx| {
        fresh.begin::<Refused>(tx, PersonKind::Member)?;
        let (id, now) = (tx.id(), tx.now);
        diesel::insert_into(shop::table)
            .values((
                (shop::id.eq(&id), shop::owner.eq(fresh.id()), shop::state.eq("open"), shop::version.eq(1)),
                (
                    shop::name_en.eq(format!("{en} Trading {}", number + 1)),
                    shop::name_zh.eq(format!("{zh}商行{}", number + 1)),
                ),
                (shop::intro_en.eq("Made for measuring."), shop::intro_zh.eq("测试数据。")),
                (shop::place_en.eq(place.0), shop::place_zh.eq(place.1)),
                (shop::contact_name.eq("Sales office"), shop::contact_phone.eq("+8657988000001")),
                (shop::freight.eq(1_000), shop::freight_free_from.eq(Some(100_000))),
                (shop::ships_within_hours.eq(48), shop::since_year.eq(2015)),
                (shop::applied_at.eq(now), shop::decided_at.eq(Some(now)), shop::decision.eq("")),
            ))
            .execute(tx.db)?;
        Ok::<_, Stop<Refused>>(id)
    })?;
    Ok(id)
}

fn insert(tx: &mut Tx, rows: &[(Id, Generated)]) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    let ids: Vec<Id> = rows.iter().map(|_| tx.id()).collect();
    let mut products = Vec::with_capacity(rows.len());
    let mut variants = Vec::new();
    let mut tiers = Vec::new();
    for (id, (shop, new)) in ids.iter().zip(rows) {
        let (first, last) = (new.tiers[0], new.tiers[new.tiers.len() - 1]);
        products.push((
            (product::id.eq(id), product::shop.eq(shop), product::category.eq(new.category)),
            (product::state.eq("listed"), product::version.eq(1), product::picture.eq(None::<&str>)),
            (product::title_en.eq(&new.title.en), product::title_zh.eq(&new.title.zh)),
            (product::text_en.eq(&new.text.en), product::text_zh.eq(&new.text.zh)),
            (product::unit_one.eq("piece"), product::unit_many.eq("pieces"), product::unit_zh.eq("件")),
            (product::axis_en.eq("Colour"), product::axis_zh.eq("颜色")),
            product::attributes.eq(attributes_to_json(&new.attributes)?),
            (product::minimum.eq(first.from), product::price_low.eq(last.price), product::price_high.eq(first.price)),
            (product::sold.eq(new.sold), product::listed_at.eq(Some(now - new.days_old * DAY))),
            product::changed_at.eq(now),
        ));
        for (sort, (name, surcharge, stock)) in (0i64..).zip(&new.variants) {
            variants.push((
                (variant::product.eq(id), variant::id.eq(tx.id()), variant::sku.eq("")),
                (variant::name_en.eq(&name.en), variant::name_zh.eq(&name.zh)),
                (variant::surcharge.eq(surcharge), variant::stock.eq(stock), variant::sort.eq(sort)),
                (variant::gone.eq(false), variant::changed_at.eq(now)),
            ));
        }
        tiers.extend(new.tiers.iter().map(|tier| {
            (price_tier::product.eq(id), price_tier::from_quantity.eq(tier.from), price_tier::price.eq(tier.price))
        }));
    }
    on_each!(tx.db, c => diesel::insert_into(product::table).values(&products).execute(c))?;
    on_each!(tx.db, c => diesel::insert_into(variant::table).values(&variants).execute(c))?;
    on_each!(tx.db, c => diesel::insert_into(price_tier::table).values(&tiers).execute(c))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::{price, view};

    #[test]
    fn the_same_seed_makes_the_same_goods_and_another_makes_others() {
        assert_eq!(product(7, 42), product(7, 42));
        assert_ne!(product(7, 42), product(8, 42));
        let titles: std::collections::HashSet<String> = (0..5_000).map(|number| product(7, number).title.en).collect();
        assert!(titles.len() > 4_950, "{} different titles", titles.len());
        for number in 0..5_000 {
            let new = product(7, number);
            for pair in new.tiers.windows(2) {
                assert!(pair[1].from > pair[0].from && pair[1].price < pair[0].price, "{new:?}");
            }
            assert!(new.tiers.iter().all(|tier| tier.price > 0));
            assert!(price::unit_price(&new.tiers, 0, new.tiers[0].from).is_some());
        }
    }

    #[test]
    fn generated_goods_are_for_sale() {
        each_engine(|t| {
            let shops = load(&t.vault, 7, 130, 3).unwrap();
            assert_eq!(shops.len(), 3);
            let entries = t
                .data
                .db
                .read_now(|r| {
                    let tree = category::names(r)?;
                    let ids = view::ids_after(r, None, 1_000)?;
                    Ok::<_, Stop<()>>(view::entries(r, &ids, &tree)?)
                })
                .unwrap();
            assert_eq!(entries.len(), 130);
            assert!(entries.iter().all(|entry| entry.categories.len() == 2 && entry.card.tiers.len() >= 2));
        });
    }
}
