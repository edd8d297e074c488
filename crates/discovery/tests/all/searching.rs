//! What is found, and in which order.

use catalogue::Both;
use discovery::{PAGE_SIZE, PAGES_MAX, Query, Sort};

use crate::support::{DAY, GOODS, Goods, Market, each, ids, titles, words};

fn filled(market: &Market) -> (db::Id, db::Id) {
    let suns = market.shop("Sunny Trims", "晴天辅料");
    let irons = market.shop("Iron Gate", "铁门五金");
    for (seller, goods) in [
        (
            &suns,
            Goods {
                title: ("Brass shank buttons, 20 mm", "黄铜有脚纽扣 20毫米"),
                text: ("For coats and jackets.", "用于大衣和外套。"),
                category: "buttons",
                attribute: ("brass", "黄铜"),
                prices: (90, 60),
                minimum: 100,
                ..GOODS
            },
        ),
        (
            &suns,
            Goods {
                title: ("Nylon zip, 60 cm", "尼龙拉链 60厘米"),
                text: ("Goes with our metal buttons.", "与我们的金属纽扣相配。"),
                category: "zips",
                attribute: ("nylon", "尼龙"),
                prices: (300, 250),
                minimum: 50,
                ..GOODS
            },
        ),
        (
            &irons,
            Goods {
                title: ("Stainless steel M8 screws", "不锈钢螺丝 M8"),
                attribute: ("steel 304", "304不锈钢"),
                prices: (40, 20),
                minimum: 500,
                ..GOODS
            },
        ),
        (&irons, Goods { title: ("Claw hammer", "羊角锤"), prices: (2_500, 2_200), minimum: 5, ..GOODS }),
    ] {
        market.publish(seller, goods);
    }
    (suns.shop, irons.shop)
}

#[test]
fn english_is_found_by_its_stem_and_the_title_counts_most() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        for typed in ["button", "Buttons", "BUTTON's"] {
            let found = index.search(&words(typed));
            assert_eq!(titles(&found), ["Brass shank buttons, 20 mm", "Nylon zip, 60 cm"], "{typed}");
            assert!(!found.loosely);
        }
        assert_eq!(titles(&index.search(&words("screw"))), ["Stainless steel M8 screws"]);
        // By what is in the labels only: the category's name, the shop's, an attribute.
        assert_eq!(titles(&index.search(&words("fasteners"))), ["Nylon zip, 60 cm"]);
        assert_eq!(index.search(&words("sunny")).total, 2);
        assert_eq!(index.search(&words("304")).total, 1);
    });
}

#[test]
fn chinese_is_found_by_one_and_by_more_characters_and_mixed_with_latin() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        let found =
            |typed: &str| index.search(&words(typed)).cards.iter().map(|c| c.title.zh.clone()).collect::<Vec<_>>();
        assert_eq!(found("纽扣"), ["黄铜有脚纽扣 20毫米", "尼龙拉链 60厘米"]);
        assert_eq!(found("锤"), ["羊角锤"]);
        assert_eq!(found("不锈钢"), ["不锈钢螺丝 M8"]);
        assert_eq!(found("M8螺丝"), ["不锈钢螺丝 M8"]);
        assert_eq!(found("Ｍ８ steel 螺丝"), ["不锈钢螺丝 M8"]);
        assert_eq!(found("黄铜的纽扣"), ["黄铜有脚纽扣 20毫米"]);
        // Two characters that are neighbours nowhere.
        assert!(found("铜钢").is_empty());
    });
}

#[test]
fn a_card_shows_what_the_catalogue_holds() {
    each(|market| {
        let (suns, _) = filled(market);
        let (index, _folder) = market.index();
        let found = index.search(&words("shank"));
        let [card] = &found.cards[..] else { panic!("{found:?}") };
        assert_eq!(card.shop, suns);
        assert_eq!(card.category, "buttons");
        assert_eq!(card.title, Both::new("Brass shank buttons, 20 mm", "黄铜有脚纽扣 20毫米"));
        assert_eq!(card.shop_name, Both::new("Sunny Trims", "晴天辅料"));
        assert_eq!(card.place, Both::new("Yiwu", "义乌"));
        assert_eq!((card.price_low, card.price_high, card.minimum, card.sold), (60, 90, 100, 0));
        assert_eq!((&*card.unit_one, &*card.unit_many, &*card.unit_zh), ("box", "boxes", "盒"));
        assert_eq!(card.picture.as_ref().map(String::len), Some(64));
        assert_eq!((found.total, found.page, found.pages), (1, 1, 1));
    });
}

#[test]
fn where_nothing_has_all_the_words_some_are_enough_and_it_is_said() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        let found = index.search(&words("brass hammer"));
        assert!(found.loosely);
        assert_eq!(found.total, 2);
        let found = index.search(&words("claw hammer"));
        assert!(!found.loosely);
        assert_eq!(found.total, 1);
        let found = index.search(&words("porcelain elephant"));
        assert_eq!((found.total, found.loosely, found.pages), (0, false, 1));
    });
}

#[test]
fn filters_hold_together() {
    each(|market| {
        let (suns, irons) = filled(market);
        let (index, _folder) = market.index();
        let total = |query: Query| index.search(&query).total;
        assert_eq!(total(Query::default()), 4);
        // With what is below it.
        assert_eq!(total(Query { category: Some("haberdashery".into()), ..Query::default() }), 2);
        assert_eq!(total(Query { category: Some("zips".into()), ..Query::default() }), 1);
        assert_eq!(total(Query { category: Some("none".into()), ..Query::default() }), 0);
        assert_eq!(total(Query { shops: vec![irons], ..Query::default() }), 2);
        assert_eq!(total(Query { shops: vec![suns.clone()], category: Some("tools".into()), ..Query::default() }), 0);
        // The range of prices reaches into what is asked for.
        assert_eq!(total(Query { price_from: Some(80), price_to: Some(260), ..Query::default() }), 2);
        assert_eq!(total(Query { price_to: Some(59), ..Query::default() }), 1);
        assert_eq!(total(Query { price_from: Some(2_501), ..Query::default() }), 0);
        assert_eq!(total(Query { minimum_up_to: Some(50), ..Query::default() }), 2);
        assert_eq!(total(Query { shops: vec![suns], minimum_up_to: Some(50), ..words("button") }), 1);
        // What no form would send.
        assert_eq!(
            total(Query { price_from: Some(i64::MAX), price_to: Some(i64::MIN), page: u32::MAX, ..words("button") }),
            0
        );
    });
}

/// 2.2.3-b.1: sales, price, general.
#[test]
fn sorts_are_what_they_say() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let mut published = Vec::new();
        for (title, prices) in [("Blue cup", (300, 100)), ("Red cup", (200, 150)), ("Green cup", (900, 800))] {
            published.push(market.publish(&seller, Goods { title: (title, "杯"), prices, ..GOODS }));
        }
        market.sell(&published[1], 40);
        market.sell(&published[2], 7);
        let (index, _folder) = market.index();
        let sorted = |sort| {
            let found = index.search(&Query { sort, ..words("cup") });
            titles(&found).iter().map(|title| title.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(sorted(Sort::Sales), ["Red", "Green", "Blue"]);
        assert_eq!(sorted(Sort::PriceUp), ["Blue", "Red", "Green"]);
        assert_eq!(sorted(Sort::PriceDown), ["Green", "Red", "Blue"]);
        // The words fit alike, so the published weights decide; without words they do alone.
        assert_eq!(sorted(Sort::General), ["Red", "Green", "Blue"]);
        assert_eq!(titles(&index.search(&Query::default())), ["Red cup", "Green cup", "Blue cup"]);
    });
}

#[test]
fn fresh_goods_stand_before_old_ones() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, Goods { title: ("Old cup", "旧杯"), ..GOODS });
        market.db().move_clock(90 * DAY).unwrap();
        market.publish(&seller, Goods { title: ("New cup", "新杯"), ..GOODS });
        let (index, _folder) = market.index();
        assert_eq!(titles(&index.search(&words("cup"))), ["New cup", "Old cup"]);
        assert_eq!(titles(&index.search(&Query::default())), ["New cup", "Old cup"]);
    });
}

#[test]
fn pages_follow_each_other_without_gap_or_twin() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let mut published: Vec<_> =
            (0..PAGE_SIZE * 2 + 5).map(|_| market.publish(&seller, Goods { title: ("Cup", "杯"), ..GOODS })).collect();
        let (index, _folder) = market.index();
        for sort in Sort::ALL {
            let mut seen = Vec::new();
            for page in 1..=3 {
                let found = index.search(&Query { sort, page, ..words("cup") });
                assert_eq!((found.total as usize, found.page, found.pages), (published.len(), page, 3));
                seen.extend(ids(&found));
            }
            seen.sort();
            published.sort();
            assert_eq!(seen, published);
            // A page beyond the last shows the last; none is the first.
            assert_eq!(index.search(&Query { sort, page: PAGES_MAX + 1, ..words("cup") }).page, 3);
            assert_eq!(index.search(&Query { sort, page: 0, ..words("cup") }).page, 1);
        }
    });
}

#[test]
fn no_text_is_a_language() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        let long = "纽扣 button ".repeat(50_000);
        for hostile in [
            "title:button AND (",
            "\"unclosed",
            "button~2^9 OR NOT *",
            "id:[a TO *]",
            "+-!(){}[]^\"~*?:\\/&&||",
            "' or 1=1 --",
            "<script>alert(1)</script>",
            "\u{0}\u{1}\u{202e}\u{feff}\u{e000}",
            "🧵🧵🧵",
            "e\u{301}\u{301}\u{301}",
            "\u{10ffff}",
            "İ ß ﬁ ǅ",
            &long,
        ] {
            for sort in Sort::ALL {
                let found = index.search(&Query { sort, ..words(hostile) });
                assert!(found.total <= 4, "{hostile}");
            }
        }
        // The signs of other engines are no more than gaps between words.
        assert_eq!(titles(&index.search(&words("+\"claw\" -hammer*"))), ["Claw hammer"]);
        assert_eq!(index.search(&words("?!")).total, 0);
        assert_eq!(index.search(&words("  \u{3000}\t")).total, 4);
    });
}

/// 2.2.3-b.1: no field of a search, and nothing else that comes in, says who asks. A new field stops this test.
#[test]
fn whoever_searches_alike_sees_alike() {
    let Query {
        words: _,
        exact: _,
        category: _,
        within: _,
        shops: _,
        places: _,
        attributes: _,
        price_from: _,
        price_to: _,
        minimum_up_to: _,
        in_stock: _,
        sort: _,
        page: _,
        walk: _,
        facets: _,
    } = Query::default();
    each(|market| {
        let (suns, _) = filled(market);
        let seller = catalogue::shop::Seller { member: db::Id::fresh(), shop: suns };
        for _ in 0..60 {
            market.publish(&seller, Goods { title: ("Wooden button", "木纽扣"), category: "buttons", ..GOODS });
        }
        let (index, _folder) = market.index();
        for sort in Sort::ALL {
            for page in 1..=3 {
                let query = Query { sort, page, ..words("button") };
                let askers: Vec<_> = std::thread::scope(|scope| {
                    let askers: Vec<_> = (0..3).map(|_| scope.spawn(|| index.search(&query))).collect();
                    askers.into_iter().map(|asker| asker.join().unwrap()).collect()
                });
                assert_eq!(askers[0].cards.len(), if page == 3 { 62 - 2 * PAGE_SIZE } else { PAGE_SIZE });
                assert_eq!(askers[0], askers[1]);
                assert_eq!(askers[0], askers[2]);
            }
        }
    });
}
