//! 2.3.1: the cart.

use crate::market::*;
use catalogue::policy::{shop, variant};
use catalogue::shop::State;
use diesel::connection::{Connection, InstrumentationEvent};
use diesel::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trade::Refused;
use trade::cart::{self, LINES_MAX, QUANTITY_MAX, Wanted, Which};
use trade::policy::CartReminders;
use vault::consent::{self, Shown};

pub fn shown() -> Shown {
    Shown { edition: 1, notice: "digest".to_owned(), way: "test" }
}

/// 2.3.1-a.1: the tier follows the quantity of all variants of a product together, over several additions.
#[test]
fn the_tier_follows_all_variants_together() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(800, Some(50_000)));
        let buttons = m.product(&seller, "Brass", &[(10, 100), (100, 80), (500, 60)], &[(0, 900), (5, 900)]);
        m.add(&buyer, &[buttons.wanted(0, 40), buttons.wanted(1, 30)]).unwrap();
        let cart = m.cart(&buyer);
        let product = &cart.sellers[0].products[0];
        assert_eq!(product.lines.iter().map(|l| l.unit_price).collect::<Vec<_>>(), [Some(100), Some(105)]);
        assert_eq!((product.next_tier.unwrap().more, product.quantity), (30, 70));
        assert_eq!(cart.sellers[0].until_free_freight, Some(50_000 - 40 * 100 - 30 * 105));
        m.add(&buyer, &[buttons.wanted(0, 30)]).unwrap();
        let cart = m.cart(&buyer);
        let product = &cart.sellers[0].products[0];
        assert_eq!(
            product.lines.iter().map(|l| (l.quantity, l.unit_price)).collect::<Vec<_>>(),
            [(70, Some(80)), (30, Some(85))]
        );
        assert_eq!(cart.sellers[0].goods_amount, 70 * 80 + 30 * 85);
        assert_eq!(cart.total, 70 * 80 + 30 * 85 + 800);
        assert!(cart.may_check_out());
        // Only what is chosen counts.
        let (who, which) =
            (buyer.clone(), Which::Line { product: buttons.id.clone(), variant: buttons.variants[1].clone() });
        m.write(move |tx| cart::choose(tx, &who, &which, false)).unwrap();
        let cart = m.cart(&buyer);
        assert_eq!(cart.total, 70 * 100 + 800);
        assert_eq!((cart.lines, cart.chosen), (2, 1));
    });
}

/// The minimum order is shown before the checkout refuses it; so are shortness and what is no longer for sale.
#[test]
fn what_stands_in_the_way_is_shown_before() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let buttons = m.product(&seller, "Brass", &[(50, 100)], &[(0, 60)]);
        m.add(&buyer, &[buttons.wanted(0, 20)]).unwrap();
        let cart = m.cart(&buyer);
        assert_eq!((cart.sellers[0].products[0].minimum, cart.sellers[0].products[0].missing), (50, 30));
        assert!(!cart.may_check_out());
        m.add(&buyer, &[buttons.wanted(0, 50)]).unwrap();
        let line = m.cart(&buyer).sellers[0].products[0].lines[0].clone();
        assert_eq!((line.short, line.stock, line.quantity), (true, 60, 70));
        let (who, less) = (buyer.clone(), buttons.wanted(0, 60));
        m.write(move |tx| cart::set_quantity(tx, &who, &less)).unwrap();
        assert!(m.cart(&buyer).may_check_out());
        m.take_down(&buttons);
        let cart = m.cart(&buyer);
        let line = &cart.sellers[0].products[0].lines[0];
        assert_eq!((line.offered, line.unit_price, cart.total), (false, None, 0));
        assert!(!cart.may_check_out());
        assert_eq!(m.add(&buyer, &[buttons.wanted(0, 1)]).unwrap_err().key(), "refused-trade-not-offered-named");
    });
}

/// Limits on everything; a bulk addition is taken whole or not at all.
#[test]
fn limits_hold() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let buttons = m.product(&seller, "Brass", &[(1, 100)], &vec![(0, 1); 300]);
        let zippers = m.product(&seller, "Zip", &[(1, 100)], &vec![(0, 1); 201]);
        for wrong in [0, -1, QUANTITY_MAX + 1, i64::MAX, i64::MIN] {
            assert_eq!(m.add(&buyer, &[buttons.wanted(0, wrong)]), Err(Refused::Quantity { max: QUANTITY_MAX }));
            let (who, wanted) = (buyer.clone(), buttons.wanted(0, wrong));
            assert_eq!(
                m.write(move |tx| cart::set_quantity(tx, &who, &wanted)),
                Err(Refused::Quantity { max: QUANTITY_MAX })
            );
        }
        m.add(&buyer, &[buttons.wanted(0, QUANTITY_MAX)]).unwrap();
        assert_eq!(m.add(&buyer, &[buttons.wanted(0, 1)]), Err(Refused::Quantity { max: QUANTITY_MAX }));
        assert_eq!(m.add(&buyer, &[]), Err(Refused::NothingChosen));
        let all: Vec<Wanted> = (0..300).map(|n| buttons.wanted(n, 1)).collect();
        assert_eq!(m.add(&buyer, &all), Err(Refused::Quantity { max: QUANTITY_MAX }));
        assert_eq!(m.cart(&buyer).lines, 1);
        m.add(&buyer, &all[1..]).unwrap();
        let more: Vec<Wanted> = (0..201).map(|n| zippers.wanted(n, 1)).collect();
        assert_eq!(m.add(&buyer, &more), Err(Refused::CartFull { max: LINES_MAX }));
        m.add(&buyer, &more[..200]).unwrap();
        assert_eq!(m.add(&buyer, &more[200..]), Err(Refused::CartFull { max: LINES_MAX }));
        // What is there already may grow.
        m.add(&buyer, &more[..1]).unwrap();
        assert_eq!(m.cart(&buyer).lines, 500);
    });
}

/// What every request asks: whose session it is, with the lines in their cart and the shop that they sell from.
#[test]
fn a_visitor_comes_with_cart_and_shop() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let buttons = m.product(&seller, "Brass", &[(1, 100)], &[(0, 5), (0, 5)]);
        m.add(&buyer, &[buttons.wanted(0, 1), buttons.wanted(1, 1)]).unwrap();
        let arrives = |member: &db::Id| {
            let who = member.clone();
            m.write(move |tx| member::testing::session(tx, &who)).unwrap()
        };
        let (buys, sells) = (arrives(&buyer.member), arrives(&seller.member));
        let visitor = |token: &member::Token| {
            let token = token.clone();
            m.read(move |r| Ok(trade::visitor(r, &token)?))
                .unwrap()
                .map(|(session, head)| (session.person().clone(), head))
        };
        let head = |lines, shop: Option<&catalogue::shop::Seller>| trade::Head { lines, seller: shop.cloned() };
        assert_eq!(visitor(&buys), Some((buyer.member.clone(), head(2, None))));
        let shop_is = |state: &'static str| {
            let id = seller.shop.clone();
            m.write(move |tx| {
                diesel::update(shop::table.find(&id)).set(shop::state.eq(state)).execute(tx.db)?;
                Ok(())
            })
            .unwrap();
        };
        for state in [State::Applied, State::Open, State::Refused, State::Paused, State::Closed] {
            shop_is(state.id());
            let sells_from = state.has_seller().then_some(&seller);
            assert_eq!(visitor(&sells), Some((seller.member.clone(), head(0, sells_from))), "{state:?}");
        }
        m.pass_days(31);
        assert_eq!(visitor(&buys), None, "a session that nobody used for thirty days");
    });
}

/// A cart of 500 lines costs as few queries as one of one line.
#[test]
fn a_large_cart_costs_few_queries() {
    each(|m| {
        let buyer = m.buyer();
        for shop in 0..5 {
            let seller = m.shop(100, None);
            for product in 0..4 {
                let made = m.product(&seller, &format!("P{shop}{product}"), &[(1, 100)], &[(0, 9); 25]);
                let all: Vec<Wanted> = (0..25).map(|n| made.wanted(n, 2)).collect();
                m.add(&buyer, &all).unwrap();
            }
        }
        // The lines, what is in force of their goods, the reminders; and the first time four for what the goods are.
        for expected in [7, 3] {
            let who = buyer.clone();
            let (cart, queries) = m
                .read(move |r| {
                    let queries = Arc::new(AtomicUsize::new(0));
                    let counted = queries.clone();
                    r.db.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                        if let InstrumentationEvent::StartQuery { .. } = event {
                            counted.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                    let cart = cart::view(r, &who)?;
                    Ok((cart, queries.load(Ordering::SeqCst)))
                })
                .unwrap();
            assert_eq!((cart.lines, cart.sellers.len(), cart.total), (500, 5, 500 * 200 + 5 * 100));
            assert_eq!(queries, expected);
        }
    });
}

/// 2.3.1-a.1: a lower price is told to a member with reminders on, and to none with reminders off. 2-a.S1: both get the
/// same prices.
#[test]
fn price_drops_are_told_by_consent_only() {
    each(|m| {
        let (agreed, refused, seller) = (m.buyer(), m.buyer(), m.shop(0, None));
        let buttons = m.product(&seller, "Brass", &[(10, 100), (100, 80)], &[(0, 900)]);
        let who = agreed.member.clone();
        m.write(move |tx| consent::grant::<CartReminders, _>(tx, &who, &shown())).unwrap();
        for buyer in [&agreed, &refused] {
            m.add(buyer, &[buttons.wanted(0, 20)]).unwrap();
            // A better tier by one's own quantity is no reminder's business.
            m.add(buyer, &[buttons.wanted(0, 100)]).unwrap();
            assert_eq!(m.cart(buyer).sellers[0].products[0].lines[0].dropped_by, None);
        }
        m.set_price(&buttons, 100, 75);
        let (with, without) = (m.cart(&agreed), m.cart(&refused));
        assert_eq!(with.sellers[0].products[0].lines[0].dropped_by, Some(5));
        assert_eq!(without.sellers[0].products[0].lines[0].dropped_by, None);
        assert_eq!(with.total, without.total);
        let who = agreed.member.clone();
        m.write(move |tx| consent::withdraw::<CartReminders, _>(tx, &who)).unwrap();
        assert_eq!(m.cart(&agreed).sellers[0].products[0].lines[0].dropped_by, None);
    });
}

/// 2.3.1-a.1: a drop is told against the prices that were seen when the line was added, whatever the buyer does to the
/// quantity in between, and like is compared with like.
#[test]
fn a_drop_is_told_against_the_price_when_added() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let brass = m.product(&seller, "Brass", &[(10, 100), (100, 80)], &[(5, 900), (0, 900)]);
        let who = buyer.member.clone();
        m.write(move |tx| consent::grant::<CartReminders, _>(tx, &who, &shown())).unwrap();
        let dropped = || {
            let cart = m.cart(&buyer);
            cart.sellers[0].products[0].lines.iter().map(|line| line.dropped_by).collect::<Vec<_>>()
        };
        m.add(&buyer, &[brass.wanted(0, 10)]).unwrap();
        m.set_price(&brass, 10, 90);
        assert_eq!(dropped(), [Some(10)]);
        let (who, more) = (buyer.clone(), brass.wanted(0, 11));
        m.write(move |tx| cart::set_quantity(tx, &who, &more)).unwrap();
        assert_eq!(dropped(), [Some(10)], "one more has not seen to it");
        m.add(&buyer, &[brass.wanted(0, 1)]).unwrap();
        assert_eq!(dropped(), [Some(10)], "nor has the same added again");
        // A line that comes later was seen at today's price.
        m.add(&buyer, &[brass.wanted(1, 3)]).unwrap();
        let cart = m.cart(&buyer);
        let mut told: Vec<_> =
            cart.sellers[0].products[0].lines.iter().map(|line| (line.price_when_added, line.dropped_by)).collect();
        told.sort();
        assert_eq!(told, [(90, None), (105, Some(10))]);
        // At another tier, the old price of that tier is what counts: it has not moved.
        m.add(&buyer, &[brass.wanted(0, 200)]).unwrap();
        assert_eq!(dropped(), [None, None]);
        m.set_price(&brass, 100, 78);
        assert_eq!(dropped(), [Some(2), Some(2)]);
    });
}

/// Choosing, removing and emptying concern the buyer's own lines only.
#[test]
fn everybody_has_a_cart_of_their_own() {
    each(|m| {
        let (buyer, other) = (m.buyer(), m.buyer());
        let (one, two) = (m.shop(0, None), m.shop(0, None));
        let (a, b) = (m.product(&one, "A", &[(1, 10)], &[(0, 9), (0, 9)]), m.product(&two, "B", &[(1, 20)], &[(0, 9)]));
        for who in [&buyer, &other] {
            m.add(who, &[a.wanted(0, 1), a.wanted(1, 1), b.wanted(0, 1)]).unwrap();
        }
        let before = m.cart(&other);
        let choose = |which: Which, chosen: bool| {
            let who = buyer.clone();
            m.write(move |tx| cart::choose(tx, &who, &which, chosen)).unwrap();
            m.cart(&buyer).total
        };
        assert_eq!(choose(Which::All, false), 0);
        assert_eq!(choose(Which::Shop(two.shop.clone()), true), 20);
        assert_eq!(choose(Which::Product(a.id.clone()), true), 40);
        assert_eq!(choose(Which::Shop(one.shop.clone()), false), 20);
        assert_eq!(choose(Which::Line { product: a.id.clone(), variant: a.variants[0].clone() }, true), 30);
        let (who, line) = (buyer.clone(), (a.id.clone(), a.variants[0].clone()));
        m.write(move |tx| cart::remove(tx, &who, &[line.clone(), line.clone()])).unwrap();
        assert_eq!(m.cart(&buyer).lines, 2);
        let (who, gone) = (buyer.clone(), a.wanted(0, 3));
        assert_eq!(m.write(move |tx| cart::set_quantity(tx, &who, &gone)), Err(Refused::NotInCart));
        let who = buyer.clone();
        m.write(move |tx| cart::empty(tx, &who)).unwrap();
        assert_eq!((m.cart(&buyer).lines, m.cart(&other)), (0, before));
    });
}

/// Nobody orders from themselves; a variant that is no longer offered cannot be added.
#[test]
fn what_cannot_be_bought_is_not_added() {
    each(|m| {
        let seller = m.shop(0, None);
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 9), (0, 9)]);
        let owner = trade::Buyer::new(seller.member.clone());
        assert_eq!(m.add(&owner, &[made.wanted(0, 1)]).unwrap_err().key(), "refused-trade-own-shop");
        let (product, id) = (made.id.clone(), made.variants[1].clone());
        m.write(move |tx| {
            diesel::update(variant::table.find((&product, &id))).set(variant::gone.eq(true)).execute(tx.db)?;
            Ok(())
        })
        .unwrap();
        let buyer = m.buyer();
        // The one that could be had is not added either.
        assert_eq!(
            m.add(&buyer, &[made.wanted(0, 1), made.wanted(1, 1)]).unwrap_err().key(),
            "refused-trade-not-offered-named"
        );
        assert_eq!(m.cart(&buyer).lines, 0);
        let nothing = Wanted { product: buyer.member.clone(), variant: buyer.member.clone(), quantity: 1 };
        assert_eq!(m.add(&buyer, &[nothing]), Err(Refused::NotOffered { title: None }));
    });
}
