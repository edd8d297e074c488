//! What is kept of lists while the catalogue changes: never another answer than an index gives that was built just now.

use catalogue::shop::{Decision, Seller};
use db::Id;
use discovery::{Chosen, Found, Index, Query, Sort, Walk, catch_up};

use crate::support::{GOODS, Goods, Market, each};

/// Chance that is the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn goods(&mut self) -> Goods {
        let price = 100 * (1 + self.below(9) as i64);
        Goods {
            title: ("Cup", "杯"),
            category: ["buttons", "zips", "haberdashery", "tools"][self.below(4)],
            attribute: [("Steel", "钢"), ("steel", "不锈钢"), ("Wood", "木")][self.below(3)],
            prices: (price, price / 2),
            minimum: [1, 5, 20][self.below(3)],
            ..GOODS
        }
    }
}

fn lists(sellers: &[Seller]) -> Vec<Query> {
    let mut lists = Vec::new();
    for (key, parent) in
        [(None, None), (Some("haberdashery"), None), (Some("zips"), Some("haberdashery")), (Some("tools"), None)]
    {
        let (category, within) = (key.map(str::to_owned), parent.map(str::to_owned));
        let list = Query { category, within, page: 1, facets: true, ..Query::default() };
        let kind = Chosen { name: "Kind".to_owned(), value: "steel".to_owned() };
        lists.extend([
            list.clone(),
            Query { sort: Sort::Sales, page: 2, ..list.clone() },
            Query { sort: Sort::PriceUp, facets: false, ..list.clone() },
            Query { facets: false, walk: Some(Walk { after: None, rows: 10 }), ..list.clone() },
            Query { shops: vec![sellers[1].shop.clone()], ..list.clone() },
            Query { shops: vec![sellers[2].shop.clone()], sort: Sort::Sales, facets: false, ..list.clone() },
            Query { places: vec!["Yiwu".to_owned()], attributes: vec![kind], in_stock: true, ..list.clone() },
            Query { price_from: Some(200), price_to: Some(500), minimum_up_to: Some(5), ..list },
        ]);
    }
    lists
}

/// Keeps the index up with the catalogue, and compares all it has kept with what a new one finds, in one pass: a list
/// that is asked for with a space is kept by neither. Tells how many whole lists had been kept.
fn compare_all(market: &Market, index: &Index, lists: &[Query], told: &str) -> usize {
    catch_up(market.db(), index).unwrap();
    let (beside, _folder) = market.index();
    let kept: Vec<Option<Found>> = lists.iter().map(|list| index.remembered(list)).collect();
    for (list, kept) in lists.iter().zip(&kept) {
        let fresh = beside.search(&Query { words: " ".to_owned(), ..list.clone() });
        if let Some(found) = kept {
            assert_eq!(found, &fresh, "kept after {told}: {list:?}");
        }
        assert_eq!(index.search(list), fresh, "after {told}: {list:?}");
        assert_eq!(index.remembered(list), Some(fresh), "after {told}: {list:?}");
    }
    kept.iter().flatten().count()
}

/// 2.2.3-b.1: two processes show the same, whatever each has kept.
#[test]
fn what_is_kept_is_what_a_new_index_finds() {
    each(|market| {
        let mut dice = Dice(9);
        let sellers = [
            market.shop_at("Clay", "陶", "Yiwu", "义乌"),
            market.shop_at("Glass", "璃", "YIWU", "义乌市"),
            market.shop_at("Iron", "铁", "Hangzhou", "杭州"),
        ];
        // Which shop's, and how often it was edited.
        let mut goods: Vec<(usize, Id, i64)> =
            (0..45).map(|n| (n % 3, market.publish(&sellers[n % 3], dice.goods()), 1)).collect();
        let last = market.publish(&sellers[1], Goods { category: "zips", stock: 1, ..GOODS });
        let (index, _folder) = market.index();
        let lists = lists(&sellers);
        let mut kept = compare_all(market, &index, &lists, "the beginning");
        assert_eq!(kept, 0);
        for round in 0..20 {
            let at = dice.below(goods.len());
            let (shop, id, version) = goods[at].clone();
            let told = match dice.below(5) {
                0 => {
                    goods.push((1, market.publish(&sellers[1], dice.goods()), 1));
                    "one more is listed"
                }
                1 => {
                    market.take_down(&sellers[shop], &id);
                    goods.remove(at);
                    "one is taken down"
                }
                2 => {
                    market.sell(&id, 1 + dice.below(100) as i64);
                    "one is sold"
                }
                _ => {
                    market.edit(&sellers[shop], &id, version, dice.goods());
                    goods[at].2 += 1;
                    "one is edited"
                }
            };
            kept += compare_all(market, &index, &lists, told);
            match round {
                3 => market.take(&last, 1),
                5 => market.give_back(&last, 1),
                7 => market.rename(&sellers[1], "Glass and more", "璃和其他"),
                9 => market.decide(&sellers[2].shop, Decision::Pause("a look at the papers".into())),
                12 => market.decide(&sellers[2].shop, Decision::Resume),
                15 => {
                    market.close(&sellers[0]);
                    goods.retain(|(shop, ..)| *shop != 0);
                }
                _ => continue,
            }
            kept += compare_all(market, &index, &lists, &format!("what became of a shop in round {round}"));
        }
        assert!(kept > 30, "only {kept} were kept");
    });
}
