//! Suggestions while typing: out of goods and categories alone.

use catalogue::category;
use discovery::{Index, Suggestion};

use crate::support::{GOODS, Goods, Market, each, words};

fn suggested(market: &Market, index: &Index, typed: &str) -> Vec<String> {
    let tree = market.db().read_now::<_, std::convert::Infallible>(|read| Ok(category::tree(read)?)).unwrap();
    let line = |suggestion| match suggestion {
        Suggestion::Words(words) => format!("? {words}"),
        Suggestion::Category { name, .. } => format!("> {}", name.en),
        Suggestion::Goods { title, .. } => title.en,
    };
    index.suggest(&tree, typed).into_iter().map(line).collect()
}

#[test]
fn words_categories_and_goods_are_suggested() {
    each(|market| {
        let seller = market.shop("Sunny Trims", "晴天辅料");
        for title in [("Brass buttons", "黄铜纽扣"), ("Wooden buttons", "木纽扣"), ("Butter dish", "黄油碟")]
        {
            market.publish(&seller, Goods { title, category: "buttons", ..GOODS });
        }
        let (index, _folder) = market.index();
        let lines = suggested(market, &index, "Butt");
        assert_eq!(lines[..3], ["? buttons", "? butter", "> Buttons"]);
        assert_eq!(lines.len(), 6);
        // Only what goods with the words before have.
        let lines = suggested(market, &index, "brass bu");
        assert_eq!(lines, ["? brass buttons", "Brass buttons"]);
        // A finished word is not finished again; Chinese by its characters.
        assert_eq!(suggested(market, &index, "butter "), ["Butter dish"]);
        assert_eq!(suggested(market, &index, "黄铜"), ["Brass buttons"]);
        assert_eq!(suggested(market, &index, "纽扣")[0], "> Buttons");
        for nothing in ["", "  ", "?!", "zzz"] {
            assert!(suggested(market, &index, nothing).is_empty(), "{nothing}");
        }
    });
}

/// 2.2.2-c.1: what somebody searched for comes back to nobody.
#[test]
fn what_was_searched_is_not_suggested() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        market.publish(&seller, Goods { title: ("Cup", "杯"), ..GOODS });
        let (index, _folder) = market.index();
        for _ in 0..50 {
            index.search(&words("cupcanary 13977310001"));
            suggested(market, &index, "cupcanary 13977310001");
        }
        let lines = suggested(market, &index, "cup");
        assert_eq!(lines, ["Cup"]);
    });
}
