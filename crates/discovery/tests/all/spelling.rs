//! That people who type badly find the goods, are told what was done, and that nobody else is affected.

use discovery::{Index, Query};

use crate::support::{GOODS, Goods, Market, each, titles, words};

fn filled(market: &Market) {
    let seller = market.shop("Sunny Trims", "晴天辅料");
    for title in [
        ("Brass shank buttons, 20 mm", "黄铜有脚纽扣 20毫米"),
        ("Brass eyelets", "黄铜鸡眼"),
        ("Stainless steel screws M8", "304不锈钢螺丝 M8"),
        ("Stainless steel thermos flask", "不锈钢保温杯"),
        ("Cotton T-shirt, heavy", "纯棉T恤 加厚"),
        ("Mechanical keyboard", "机械键盘"),
        ("Wooden board with a key hook", "挂钥匙木板"),
        ("Jalapeño peppers, pickled", "腌制墨西哥辣椒"),
        ("Bluetooth headphones", "蓝牙耳机"),
        ("Rechargeable batteries", "充电电池"),
    ] {
        market.publish(&seller, Goods { title, attribute: ("plain", "素"), ..GOODS });
    }
}

/// What was typed, the words that it is read as, and the first of the goods.
#[track_caller]
fn read(index: &Index, typed: &str, as_: &str, first: &str) {
    let found = index.search(&words(typed));
    assert_eq!(
        (found.read_as.as_deref(), titles(&found).first().copied(), found.loosely),
        (Some(as_), Some(first), false),
        "{typed}"
    );
}

#[test]
fn english_with_slips_of_the_hand_is_found() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        for (typed, as_, first) in [
            // One letter wrong, missing, too many; two in the wrong order.
            ("buttens", "buttons", "Brass shank buttons, 20 mm"),
            ("buttns", "buttons", "Brass shank buttons, 20 mm"),
            ("butttons", "buttons", "Brass shank buttons, 20 mm"),
            ("buttosn", "buttons", "Brass shank buttons, 20 mm"),
            ("ubttons", "buttons", "Brass shank buttons, 20 mm"),
            // Two edits in a long word.
            ("rechargeble baterries", "rechargeable batteries", "Rechargeable batteries"),
            ("hedphons", "headphones", "Bluetooth headphones"),
            // Beside words that are right.
            ("stainles screws", "stainless screws", "Stainless steel screws M8"),
            ("Blutooth headphones", "bluetooth headphones", "Bluetooth headphones"),
            // A space or hyphen too few or too many.
            ("stainlesssteel screws", "stainless steel screws", "Stainless steel screws M8"),
            ("tshirt", "t shirt", "Cotton T-shirt, heavy"),
            ("head phones", "headphones", "Bluetooth headphones"),
            ("buttons 20mm brass", "buttons 20 mm brass", "Brass shank buttons, 20 mm"),
        ] {
            read(&index, typed, as_, first);
        }
    });
}

#[test]
fn chinese_with_a_wrong_character_is_found() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        for (typed, as_, first) in [
            ("不绣钢", "不锈钢", "Stainless steel thermos flask"),
            ("不绣钢保温杯", "不锈钢保温杯", "Stainless steel thermos flask"),
            ("保文杯", "保温杯", "Stainless steel thermos flask"),
            ("蓝压耳机", "蓝牙耳机", "Bluetooth headphones"),
        ] {
            let found = index.search(&words(typed));
            assert_eq!(found.read_as.as_deref(), Some(as_), "{typed}");
            assert!(titles(&found).contains(&first), "{typed}");
        }
        // No mistake, only another way to write it: nothing needs to be said.
        for typed in ["不鏽鋼螺絲", "３０４不锈钢", "藍牙耳機", "钢螺丝304"] {
            let found = index.search(&words(typed));
            assert!(found.total > 0 && found.read_as.is_none() && !found.loosely, "{typed}");
        }
        // Two words without a space between, which no goods have together.
        let found = index.search(&words("黄铜纽扣"));
        assert_eq!((titles(&found), &found.read_as), (vec!["Brass shank buttons, 20 mm"], &None));
        assert_eq!(titles(&index.search(&words("jalapeno"))), ["Jalapeño peppers, pickled"]);
    });
}

/// Whoever typed it right finds what they found before, and nothing else.
#[test]
fn what_is_found_as_typed_is_not_read_otherwise() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        for typed in ["buttons", "key board", "board", "brass", "M8", "纽扣"] {
            let found = index.search(&words(typed));
            assert!(found.total > 0 && found.read_as.is_none() && found.meant.is_none(), "{typed}");
        }
        // Another number is another thing.
        let found = index.search(&words("M9"));
        assert_eq!((found.total, &found.read_as), (0, &None));
    });
}

#[test]
fn an_exact_search_stays_exact_and_says_what_there_would_be() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        let exact = Query { exact: true, ..words("buttosn") };
        let found = index.search(&exact);
        assert_eq!((found.total, found.read_as.as_deref(), found.meant.as_deref()), (0, None, Some("buttons")));
        let found = index.search(&words("zzzqqq"));
        assert_eq!((found.total, &found.read_as, &found.meant), (0, &None, &None));
        // A filter that keeps everything out is no misspelling.
        let found = index.search(&Query { price_from: Some(1_000_000), ..words("buttons") });
        assert_eq!((found.total, &found.read_as), (0, &None));
    });
}

#[test]
fn what_has_some_of_the_words_after_all_is_said_to() {
    each(|market| {
        filled(market);
        let (index, _folder) = market.index();
        let found = index.search(&words("zzzqqq buttosn"));
        assert!(found.loosely);
        assert_eq!(found.read_as.as_deref(), Some("zzzqqq buttons"));
        assert_eq!(titles(&found), ["Brass shank buttons, 20 mm"]);
    });
}
