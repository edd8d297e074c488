//! What the goods that were found could be narrowed by, and that each count is what choosing it finds.

use catalogue::Both;
use discovery::{Chosen, Query, catch_up};

use crate::support::{GOODS, Goods, Market, each, titles, words};

fn chosen(name: &str, value: &str) -> Chosen {
    Chosen { name: name.to_owned(), value: value.to_owned() }
}

/// Twelve cups of three kinds in two categories, and a hammer.
fn filled(market: &Market) -> [db::Id; 2] {
    let (one, two) =
        (market.shop_at("Clay", "陶", "Jingdezhen", "景德镇"), market.shop_at("Glass", "璃", "Yiwu", "义乌"));
    for n in 0..12 {
        let kinds = [("Porcelain", "瓷"), ("Glass", "玻璃"), ("Steel", "钢")];
        let goods = Goods {
            title: ("Cup", "杯"),
            category: if n % 2 == 0 { "buttons" } else { "zips" },
            attribute: kinds[n % 3],
            prices: (100 * (n as i64 + 1), 90 * (n as i64 + 1)),
            minimum: [1, 5, 100][n % 3],
            stock: if n == 0 { 0 } else { 10 },
            ..GOODS
        };
        market.publish(if n < 4 { &one } else { &two }, goods);
    }
    market.publish(&two, Goods { title: ("Hammer", "锤"), ..GOODS });
    [one.shop, two.shop]
}

#[test]
fn facets_count_what_was_found() {
    each(|market| {
        let [one, two] = filled(market);
        let (index, _folder) = market.index();
        let found = index.search(&words("cup"));
        let facets = &found.facets;
        assert_eq!(found.total, 12);
        let mut categories: Vec<_> = found.categories.iter().map(|(key, n)| (key.as_str(), *n)).collect();
        categories.sort_unstable();
        assert_eq!(categories, [("buttons", 6), ("haberdashery", 12), ("zips", 6)]);
        assert_eq!(facets.shops, [(two, Both::new("Glass", "璃"), 8), (one, Both::new("Clay", "陶"), 4)]);
        assert_eq!(facets.places, [(Both::new("Yiwu", "义乌"), 8), (Both::new("Jingdezhen", "景德镇"), 4)]);
        assert_eq!(facets.in_stock, 11);
        assert_eq!(facets.attributes.len(), 1);
        assert_eq!(facets.attributes[0].name, Both::new("Kind", "种"));
        let values: Vec<u64> = facets.attributes[0].values.iter().map(|(_, count)| *count).collect();
        assert_eq!(values, [4, 4, 4]);
        // Asked for nothing, it counts nothing.
        let plain = index.search(&Query { facets: false, ..words("cup") });
        assert_eq!((plain.total, plain.facets.shops.len(), &plain.cards), (12, 0, &found.cards));
    });
}

/// Every offered choice finds as many as it says, whatever else is chosen.
#[test]
fn each_count_is_what_choosing_it_finds() {
    each(|market| {
        let [one, two] = filled(market);
        let (index, _folder) = market.index();
        let asked = [
            words("cup"),
            Query { shops: vec![one], ..words("cup") },
            Query { places: vec!["yiwu".into()], attributes: vec![chosen("kind", "glass")], ..words("cup") },
            Query {
                attributes: vec![chosen("Kind", "Glass"), chosen("Kind", "Steel")],
                price_to: Some(900),
                ..words("cup")
            },
            Query { minimum_up_to: Some(5), in_stock: true, ..words("cup") },
            Query { category: Some("zips".into()), within: Some("haberdashery".into()), shops: vec![two], ..words("") },
        ];
        for query in asked {
            let found = index.search(&query);
            assert!(found.total > 0, "{query:?}");
            let total = |query: Query| index.search(&query).total;
            let facets = &found.facets;
            for (key, count) in found.categories.iter() {
                if key != "haberdashery" {
                    assert_eq!(total(Query { category: Some(key.clone()), ..query.clone() }), *count, "{key}");
                }
            }
            for (shop, _, count) in &facets.shops {
                assert_eq!(total(Query { shops: vec![shop.clone()], ..query.clone() }), *count);
            }
            for (place, count) in &facets.places {
                assert_eq!(total(Query { places: vec![place.en.clone()], ..query.clone() }), *count);
            }
            for band in &facets.prices {
                assert_eq!(total(Query { price_from: band.from, price_to: band.to, ..query.clone() }), band.count);
            }
            for (step, count) in &facets.minimums {
                assert_eq!(total(Query { minimum_up_to: Some(*step), ..query.clone() }), *count);
            }
            assert_eq!(total(Query { in_stock: true, ..query.clone() }), facets.in_stock);
            for facet in &facets.attributes {
                for (value, count) in &facet.values {
                    let attributes = vec![chosen(&facet.name.en, &value.en)];
                    assert_eq!(total(Query { attributes, ..query.clone() }), *count, "{value:?}");
                }
            }
        }
    });
}

#[test]
fn several_of_one_kind_find_more_and_what_is_chosen_is_called_by_its_name() {
    each(|market| {
        let [one, _] = filled(market);
        let (index, _folder) = market.index();
        let glass = Query { attributes: vec![chosen("kind", "GLASS")], ..words("cup") };
        let both = Query { attributes: vec![chosen("Kind", "Glass"), chosen("Kind", "Steel")], ..words("cup") };
        assert_eq!((index.search(&glass).total, index.search(&both).total), (4, 8));
        // Also where nothing is found.
        let none =
            Query { shops: vec![one.clone()], places: vec!["Yiwu".into()], price_from: Some(1_000_000), ..glass };
        let found = index.search(&none);
        assert_eq!(found.total, 0);
        assert_eq!(found.chosen.shops, [(one, Some(Both::new("Clay", "陶")))]);
        assert_eq!(found.chosen.places, [("Yiwu".to_owned(), Some(Both::new("Yiwu", "义乌")))]);
        let words_of = found.chosen.attributes[0].1.clone();
        assert_eq!(words_of, Some((Both::new("Kind", "种"), Both::new("Glass", "玻璃"))));
        let unknown = index.search(&Query { places: vec!["Atlantis".into()], ..words("cup") });
        assert_eq!((unknown.total, &unknown.chosen.places[0].1), (0, &None));
    });
}

/// What runs out leaves the filter, and is there again when it comes back.
#[test]
fn stock_is_followed() {
    each(|market| {
        let seller = market.shop("Shop", "店");
        let id = market.publish(&seller, Goods { title: ("Cup", "杯"), stock: 7, ..GOODS });
        let (index, _folder) = market.index();
        let in_stock = || {
            catch_up(market.db(), &index).unwrap();
            let found = index.search(&Query { in_stock: true, ..words("cup") });
            assert_eq!(index.search(&words("cup")).cards[0].in_stock, found.total == 1);
            found.total
        };
        assert_eq!(in_stock(), 1);
        market.take(&id, 3);
        assert_eq!(in_stock(), 1);
        market.take(&id, 4);
        assert_eq!(in_stock(), 0);
        market.give_back(&id, 4);
        assert_eq!(in_stock(), 1);
        assert_eq!(titles(&index.search(&Query { in_stock: true, ..words("cup") })), ["Cup"]);
    });
}
