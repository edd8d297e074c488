//! 2.3.2: placing an order.

use crate::market::*;
use db::{Failed, Id};
use diesel::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use trade::checkout::{self, ASSURANCE, Destination, Once, Placed};
use trade::policy::{
    ManageOrders, OrderForOthers, assurance, checkout as checkouts, consignee, order_line, purchase_order,
};
use trade::state::OrderState;
use trade::{Buyer, Refused, Terms, order};
use vault::{Actor, RowKey, Sealed, State};

fn only(placed: &Placed) -> Id {
    assert_eq!(placed.orders.len(), 1);
    placed.orders[0].order.clone()
}

/// 2.3.2-a.1, 2-a.S1: name, address and telephone of the consignee are enough. What was bought is frozen as it was.
#[test]
fn three_fields_are_enough() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(800, None));
        let made = m.product(&seller, "Brass", &[(10, 100), (100, 80)], &[(0, 500), (7, 500)]);
        m.add(&buyer, &[made.wanted(0, 90), made.wanted(1, 10)]).unwrap();
        let placed = m.order(&buyer, Destination::Own(chen()), AtCheckout::default()).unwrap();
        let goods = 90 * 80 + 10 * 87;
        assert_eq!((placed.amount, placed.currency.as_str()), (goods + 800, "CNY"));
        assert_eq!((m.stock(&made, 0), m.stock(&made, 1), m.cart(&buyer).lines), (410, 490, 0));
        let id = only(&placed);
        m.set_price(&made, 100, 1);
        m.take_down(&made);
        let of = id.clone();
        let lines: Vec<(String, String, i64, i64, i64, i64, i64)> = m
            .read(move |r| {
                Ok(order_line::table
                    .filter(order_line::of_order.eq(&of))
                    .order(order_line::line)
                    .select((
                        order_line::title_zh,
                        order_line::variant_en,
                        order_line::quantity,
                        order_line::unit_price,
                        order_line::amount,
                        order_line::commission_rate,
                        order_line::commission,
                    ))
                    .load(r.db)?)
            })
            .unwrap();
        assert_eq!(
            lines,
            [
                ("Brass纽扣".into(), "No. 0".into(), 90, 80, 7200, 200, 144),
                ("Brass纽扣".into(), "No. 1".into(), 10, 87, 870, 200, 17)
            ]
        );
        let (who, access) = (buyer.clone(), m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap());
        let of = id.clone();
        m.read(move |r| {
            let detail = order::detail(r, &who, &access, &of)?;
            let to = detail.recipient.unwrap();
            assert_eq!((to.name.look().as_str(), to.phone.look().as_str()), ("陈小明", "+8613800138000"));
            assert!(to.alt_phone.is_none() && detail.note.is_none() && detail.wished_time.is_none());
            assert!(!detail.for_another && detail.kept_until.is_none());
            assert_eq!(detail.head.pay_until - detail.head.placed_at, Terms::shipped().unpaid_closes_after);
            assert_eq!((detail.head.goods_amount, detail.head.freight_amount), (goods, 800));
            Ok(())
        })
        .unwrap();
        assert_eq!(m.number("select count(*) from assurance"), 0);
        assert_eq!(m.number("select count(*) from outbox where kind = 'OrderPlaced'"), 1);
    });
}

/// 2.3.2-a.2: the rest is the buyer's choice.
#[test]
fn the_optional_fields_come_along() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let mut place = chen();
        place.alt_phone = Some(entered("0579-85001234"));
        let at = AtCheckout {
            notes: vec![(seller.shop.clone(), entered("call before\nyou come"))],
            wished_time: Some(entered("weekdays")),
            ..AtCheckout::default()
        };
        let id = only(&m.order(&buyer, Destination::Own(place), at).unwrap());
        let (who, access) = (buyer.clone(), m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap());
        m.read(move |r| {
            let detail = order::detail(r, &who, &access, &id)?;
            assert_eq!(detail.note.unwrap().look(), "call before\nyou come");
            assert_eq!(detail.wished_time.unwrap().look(), "weekdays");
            assert_eq!(detail.recipient.unwrap().alt_phone.unwrap().look(), "+8657985001234");
            Ok(())
        })
        .unwrap();
    });
}

/// 2.3.2-d.1: without the assurance an order for somebody else is refused, and nothing is changed; with it, who assured
/// what and when is recorded, and the consignee is a person of their own.
#[test]
fn an_order_for_somebody_else_needs_the_assurance() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 9)]);
        m.add(&buyer, &[made.wanted(0, 2)]).unwrap();
        let before = m.everything();
        let refused = m.order(&buyer, Destination::Another(li()), AtCheckout::default()).unwrap_err();
        assert_eq!((&refused, refused.field()), (&Refused::AssuranceMissing, Some("assured")));
        assert_eq!(m.everything(), before);

        let at = AtCheckout { assured: true, ..AtCheckout::default() };
        let id = only(&m.order(&buyer, Destination::Another(li()), at).unwrap());
        let of = id.clone();
        let person: Id = m
            .read(move |r| {
                Ok(consignee::table.filter(consignee::of_order.eq(&of)).select(consignee::person).first(r.db)?)
            })
            .unwrap();
        assert_ne!(person, buyer.member);
        let access =
            m.v.vault
                .access_now::<OrderForOthers>(&Actor::own(&buyer.member), std::slice::from_ref(&buyer.member))
                .unwrap();
        let who = buyer.clone();
        let other = person.clone();
        m.read(move |r| {
            let (id, of, words, at): (Id, Id, Sealed<assurance::words>, i64) = assurance::table
                .filter(assurance::buyer.eq(&who.member))
                .select((assurance::id, assurance::consignee, assurance::words, assurance::given_at))
                .first(r.db)?;
            let opened = words.open(&access, r, &RowKey { person: &who.member, id: &id })?;
            assert_eq!((opened.look().as_str(), of), (ASSURANCE.zh, other));
            assert!(at > 0);
            Ok(())
        })
        .unwrap();
        // The keys are their own: the buyer's access alone does not open the row.
        let alone =
            m.v.vault
                .access_now::<ManageOrders>(&Actor::own(&buyer.member), std::slice::from_ref(&buyer.member))
                .unwrap();
        let who = buyer.clone();
        m.read(move |r| {
            let detail = order::detail(r, &who, &alone, &id)?;
            assert!(detail.for_another && detail.recipient.is_none());
            Ok(())
        })
        .unwrap();
    });
}

/// 2.3.2-c.3: one press makes one order for each seller; the note for one seller is not visible to the other.
#[test]
fn one_order_for_each_seller_with_its_own_note() {
    each(|m| {
        let (buyer, a, b) = (m.buyer(), m.shop(800, None), m.shop(500, Some(1_000)));
        let (of_a, of_b) = (m.product(&a, "A", &[(1, 100)], &[(0, 9)]), m.product(&b, "B", &[(1, 300)], &[(0, 9)]));
        m.add(&buyer, &[of_a.wanted(0, 3), of_b.wanted(0, 4)]).unwrap();
        let at = AtCheckout {
            notes: vec![(a.shop.clone(), entered("for A only")), (b.shop.clone(), entered("for B only"))],
            ..AtCheckout::default()
        };
        let placed = m.order(&buyer, Destination::Own(chen()), at).unwrap();
        assert_eq!(placed.orders.len(), 2);
        let total = |shop: &Id| placed.orders.iter().find(|o| o.shop == *shop).unwrap();
        assert_eq!((total(&a.shop).total, total(&b.shop).total), (300 + 800, 1_200));
        assert_eq!(placed.amount, 2_300);
        for (seller, own, other) in [(&a, "for A only", &b), (&b, "for B only", &a)] {
            let id = total(&seller.shop).order.clone();
            let access = m.wait(order::prepare_for_seller(&m.v.vault, seller, &id)).unwrap();
            let (who, of) = (seller.clone(), id.clone());
            let note =
                m.read(move |r| Ok(order::for_seller(r, &who, &access, &of)?.note.map(|n| n.look().clone()))).unwrap();
            assert_eq!(note.as_deref(), Some(own));
            assert!(m.wait(order::prepare_for_seller(&m.v.vault, other, &id)).is_err());
        }
        // The same checkout, found again by its buyer only.
        let (who, id) = (buyer.clone(), placed.checkout.clone());
        assert_eq!(m.read(move |r| checkout::of_checkout(r, &who, &id)), Ok(Placed { new: false, ..placed.clone() }));
        let (who, id) = (m.buyer(), placed.checkout.clone());
        assert_eq!(m.read(move |r| checkout::of_checkout(r, &who, &id)), Err(Refused::NoSuchOrder));
    });
}

/// All or none: where one line of one seller is short, nothing is ordered from any.
#[test]
fn all_or_none() {
    each(|m| {
        let (buyer, a, b) = (m.buyer(), m.shop(0, None), m.shop(0, None));
        let (of_a, of_b) = (m.product(&a, "A", &[(1, 100)], &[(0, 9)]), m.product(&b, "B", &[(1, 300)], &[(0, 3)]));
        m.add(&buyer, &[of_a.wanted(0, 3), of_b.wanted(0, 4)]).unwrap();
        let before = m.everything();
        match m.order(&buyer, Destination::Own(chen()), AtCheckout::default()) {
            Err(Refused::Short { title, variant, left: 3 }) => {
                assert_eq!((title.en.as_str(), variant.zh.as_str()), ("B", "0号"));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(m.everything(), before);
    });
}

/// A price that changed against what the buyer saw is never charged; nor is anything else that does not fit.
#[test]
fn what_does_not_fit_is_refused_and_nothing_changed() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(800, None));
        let made = m.product(&seller, "A", &[(10, 100)], &[(0, 99)]);
        let own = || Destination::Own(chen());
        assert_eq!(m.order(&buyer, own(), AtCheckout::default()), Err(Refused::NothingChosen));

        m.add(&buyer, &[made.wanted(0, 9)]).unwrap();
        let before = m.everything();
        assert!(matches!(
            m.order(&buyer, own(), AtCheckout::default()),
            Err(Refused::BelowMinimum { minimum: 10, quantity: 9, .. })
        ));
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let (access, form) = m.form(&buyer, own(), AtCheckout::default());
        m.set_price(&made, 10, 101);
        assert_eq!(m.send(&buyer, &access, &form), Err(Refused::PriceChanged { seen: 1_800, now: 1_810 }));
        let elsewhere = m.shop(0, None).shop;
        let at = AtCheckout { notes: vec![(elsewhere, entered("hello"))], ..AtCheckout::default() };
        assert_eq!(m.order(&buyer, own(), at), Err(Refused::NoteToNobody));
        m.take_down(&made);
        let at = AtCheckout { total_seen: Some(1_810), ..AtCheckout::default() };
        assert!(matches!(m.order(&buyer, own(), at), Err(Refused::NotOffered { title: Some(_) })));
        assert_eq!(m.number("select count(*) from purchase_order") + m.number("select count(*) from checkout"), 0);
        assert_eq!(m.stock(&made, 0), 99);
        assert!(before.contains("purchase_order 0"));
    });
}

/// What is not chosen stays in the cart.
#[test]
fn unchosen_lines_stay() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 9), (0, 9)]);
        m.add(&buyer, &[made.wanted(0, 1), made.wanted(1, 2)]).unwrap();
        let (who, which) =
            (buyer.clone(), trade::cart::Which::Line { product: made.id.clone(), variant: made.variants[1].clone() });
        m.write(move |tx| trade::cart::choose(tx, &who, &which, false)).unwrap();
        let placed = m.order(&buyer, Destination::Own(chen()), AtCheckout::default()).unwrap();
        assert_eq!((placed.amount, m.cart(&buyer).lines, m.stock(&made, 1)), (10, 1, 9));
    });
}

/// One key places once, under eight submissions at the same time and for ever after.
#[test]
fn one_press_places_once() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 100)]);
        m.add(&buyer, &[made.wanted(0, 5)]).unwrap();
        let once = Once::parse("a-key-of-some-api-client").unwrap();
        let forms: Vec<_> = (0..8)
            .map(|_| {
                let at = AtCheckout { once: Some(once.clone()), assured: true, ..AtCheckout::default() };
                m.form(&buyer, Destination::Another(li()), at)
            })
            .collect();
        let answers: Vec<Placed> = std::thread::scope(|s| {
            let threads: Vec<_> =
                forms.iter().map(|(access, form)| s.spawn(|| m.send(&buyer, access, form).unwrap())).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|placed| placed.new).count(), 1, "one of them made it");
        let told = |placed: &Placed| Placed { new: false, ..placed.clone() };
        assert!(answers.iter().all(|placed| told(placed) == told(&answers[0])), "{answers:?}");
        assert_eq!(m.send(&buyer, &forms[0].0, &forms[0].1), Ok(told(&answers[0])));
        assert_eq!(m.number("select count(*) from purchase_order"), 1);
        assert_eq!(m.number("select count(*) from assurance"), 1);
        assert_eq!(m.number("select count(*) from outbox where kind = 'OrderPlaced'"), 1);
        assert_eq!(m.stock(&made, 0), 95);
        // The same key of another buyer is another key.
        let other = m.buyer();
        m.add(&other, &[made.wanted(0, 1)]).unwrap();
        let at = AtCheckout { once: Some(once), ..AtCheckout::default() };
        assert_ne!(m.order(&other, Destination::Own(li()), at).unwrap().checkout, answers[0].checkout);
    });
}

/// A key that comes again with another order is refused, names what it made, and makes nothing; whatever differs.
#[test]
fn another_order_under_the_same_key_is_refused() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 100), (0, 100)]);
        m.add(&buyer, &[made.wanted(0, 5)]).unwrap();
        let once = Once::parse("a-key-of-some-api-client").unwrap();
        let at = || AtCheckout {
            once: Some(once.clone()),
            total_seen: Some(50),
            assured: true,
            notes: vec![(seller.shop.clone(), entered("call before"))],
            ..AtCheckout::default()
        };
        let placed = m.order(&buyer, Destination::Own(chen()), at()).unwrap();
        let before = m.everything();
        let again = m.order(&buyer, Destination::Own(chen()), at()).unwrap();
        assert_eq!(again, Placed { new: false, ..placed.clone() });
        let refused = Err(Refused::SentBefore { orders: placed.orders[0].number.clone() });
        let mut elsewhere = chen();
        elsewhere.place = entered("浙江省义乌市稠州北路1001号");
        let mut more = chen();
        more.alt_phone = Some(entered("0512-67001234"));
        for to in [Destination::Own(elsewhere), Destination::Own(more), Destination::Another(chen())] {
            assert_eq!(m.order(&buyer, to, at()), refused);
        }
        let forms = [
            AtCheckout { total_seen: Some(60), ..at() },
            AtCheckout { notes: vec![(seller.shop.clone(), entered("call after"))], ..at() },
            AtCheckout { notes: vec![], ..at() },
            AtCheckout { wished_time: Some(entered("weekdays")), ..at() },
        ];
        for form in forms {
            assert_eq!(m.order(&buyer, Destination::Own(chen()), form), refused);
        }
        assert_eq!(m.everything(), before);
        // Another cart of the same total; the same cart once more is the same order.
        m.add(&buyer, &[made.wanted(1, 5)]).unwrap();
        assert_eq!(m.order(&buyer, Destination::Own(chen()), at()), refused);
        m.write({
            let who = buyer.clone();
            move |tx| trade::cart::empty(tx, &who)
        })
        .unwrap();
        m.add(&buyer, &[made.wanted(0, 5)]).unwrap();
        assert!(!m.order(&buyer, Destination::Own(chen()), at()).unwrap().new);
        // Something new in the cart does not disturb who sends the first order again.
        m.add(&buyer, &[made.wanted(1, 1)]).unwrap();
        assert!(!m.order(&buyer, Destination::Own(chen()), at()).unwrap().new);
        assert_eq!(m.number("select count(*) from purchase_order"), 1);
    });
}

/// Two windows with keys of their own do not order the same cart twice.
#[test]
fn two_windows_order_one_cart_once() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 100)]);
        m.add(&buyer, &[made.wanted(0, 5)]).unwrap();
        let forms: Vec<_> = (0..6).map(|_| m.form(&buyer, Destination::Own(chen()), AtCheckout::default())).collect();
        let answers: Vec<_> = std::thread::scope(|s| {
            let threads: Vec<_> = forms.iter().map(|(access, form)| s.spawn(|| m.send(&buyer, access, form))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(m.stock(&made, 0), 95);
        for refused in answers.into_iter().filter_map(Result::err) {
            assert_eq!(refused, Refused::NothingChosen);
        }
    });
}

/// Sixteen buyers at the same moment, two products taken in opposite order: what is sold was there.
#[test]
fn stock_is_never_oversold() {
    each(|m| {
        let seller = m.shop(0, None);
        let (a, b) = (m.product(&seller, "A", &[(1, 10)], &[(0, 25)]), m.product(&seller, "B", &[(1, 10)], &[(0, 25)]));
        let forms: Vec<_> = (0..16)
            .map(|n| {
                let buyer = m.buyer();
                let mut wanted = vec![a.wanted(0, 3), b.wanted(0, 3)];
                if n % 2 == 1 {
                    wanted.reverse();
                }
                m.add(&buyer, &wanted).unwrap();
                let form = m.form(&buyer, Destination::Own(chen()), AtCheckout::default());
                (buyer, form)
            })
            .collect();
        let placed: usize = std::thread::scope(|s| {
            let threads: Vec<_> = forms
                .iter()
                .map(|(buyer, (access, form))| {
                    s.spawn(|| match m.send(buyer, access, form) {
                        Ok(_) => 1,
                        Err(Refused::Short { left, .. }) => {
                            assert!(left < 3);
                            0
                        }
                        Err(other) => panic!("{other:?}"),
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(placed, 8);
        assert_eq!((m.stock(&a, 0), m.stock(&b, 0)), (1, 1));
        assert_eq!(m.number("select sum(quantity) from order_line"), 48);
    });
}

/// A ciphertext that was moved to another row, or to another column of its row, does not open.
#[test]
fn moved_ciphertext_does_not_open() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        let mut ids = Vec::new();
        for note in ["first note", "second note", "third note"] {
            m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
            let at = AtCheckout { notes: vec![(seller.shop.clone(), entered(note))], ..AtCheckout::default() };
            ids.push(only(&m.order(&buyer, Destination::Own(chen()), at).unwrap()));
        }
        let statements = [
            format!(
                "update purchase_order set note = (select note from purchase_order where id = '{0}') where id = '{1}'",
                ids[0], ids[1]
            ),
            format!(
                "update consignee set name = (select name from consignee where of_order = '{0}') where of_order = '{1}'",
                ids[0], ids[1]
            ),
            format!("update consignee set place = name where of_order = '{}'", ids[2]),
        ];
        let open = |id: &Id| {
            let access = m.wait(order::prepare(&m.v.vault, &buyer, id)).unwrap();
            let (who, of) = (buyer.clone(), id.clone());
            m.v.data.db.read_now(move |r| order::detail(r, &who, &access, &of).map(|_| ()))
        };
        assert!(open(&ids[1]).is_ok());
        let (moved_note, rest) = statements.split_first().unwrap();
        let sql = moved_note.clone();
        m.write(move |tx| Ok(diesel::sql_query(&sql).execute(tx.db)?)).unwrap();
        assert!(matches!(open(&ids[1]), Err(Failed::Fault(_))));
        for sql in rest {
            let sql = sql.clone();
            m.write(move |tx| Ok(diesel::sql_query(&sql).execute(tx.db)?)).unwrap();
        }
        assert!(matches!(open(&ids[2]), Err(Failed::Fault(_))));
        assert!(open(&ids[0]).is_ok());
    });
}

/// 2.3.2-c.1: an order's number cannot be guessed and holds nobody's number or id.
#[test]
fn order_numbers_say_nothing() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        let numbers: BTreeSet<String> =
            (0..20).map(|_| m.buy(&buyer, &[made.wanted(0, 1)]).orders[0].number.clone()).collect();
        assert_eq!(numbers.len(), 20);
        let mut seen = BTreeSet::new();
        for number in &numbers {
            assert_eq!(number.len(), 17, "{number}");
            assert_eq!(number.split('-').map(str::len).collect::<Vec<_>>(), [2, 4, 4, 4]);
            assert!(number.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '-'));
            assert!(!number.contains("13800138000"));
            let id = buyer.member.as_str().replace('-', "").to_uppercase();
            assert!(!number[3..].split('-').any(|part| id.starts_with(part) || id.ends_with(part)));
            seen.extend(number[3..].chars());
        }
        assert!(seen.len() > 25, "{seen:?}");
    });
}

/// An access from before the buyer's data were closed places nothing.
#[test]
fn a_closed_buyer_places_nothing() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let at = || AtCheckout { assured: true, ..AtCheckout::default() };
        let forms = [m.form(&buyer, Destination::Own(chen()), at()), m.form(&buyer, Destination::Another(li()), at())];
        let who = buyer.member.clone();
        m.write(move |tx| vault::person::set_state(tx, &who, State::Restricted)).unwrap();
        let before = m.everything();
        for (access, form) in forms {
            let who = buyer.clone();
            let answer =
                m.try_write(move |tx| checkout::place_order(tx, &Terms::shipped(), &who, &access, &form).map(|_| ()));
            assert!(matches!(answer, Err(Failed::Changed)), "{answer:?}");
        }
        assert_eq!(m.everything(), before);
        assert!(m.try_form(&buyer, Destination::Own(chen()), AtCheckout::default()).is_err());
    });
}

/// 2-a.S1: a member who refused everything orders at the same total as one who granted everything.
#[test]
fn refusing_costs_nothing() {
    each(|m| {
        let seller = m.shop(800, None);
        let made = m.product(&seller, "A", &[(1, 10), (5, 8)], &[(3, 99)]);
        let (granted, denied) = (m.buyer(), m.buyer());
        let who = granted.member.clone();
        m.write(move |tx| {
            use trade::policy::{CartReminders, KeepAddressBook};
            vault::consent::grant::<CartReminders, Refused>(tx, &who, &crate::carts::shown())?;
            vault::consent::grant::<KeepAddressBook, Refused>(tx, &who, &crate::carts::shown())
        })
        .unwrap();
        let amounts: Vec<i64> = [&granted, &denied].map(|buyer| m.buy(buyer, &[made.wanted(0, 7)]).amount).to_vec();
        assert_eq!(amounts, [7 * 11 + 800, 7 * 11 + 800]);
    });
}

/// A large cart over many sellers is one checkout, and every sum adds up.
#[test]
fn totals_are_the_sums_of_their_parts() {
    each(|m| {
        let buyer: Buyer = m.buyer();
        let mut wanted = Vec::new();
        for n in 0..12i64 {
            let seller = m.shop(n * 111, (n % 3 == 0).then_some(5_000));
            let made = m.product(&seller, &format!("P{n}"), &[(1, 97 + n), (50, 89)], &[(0, 500), (n, 500)]);
            wanted.extend([made.wanted(0, 3 * n + 1), made.wanted(1, 7 * n + 2)]);
        }
        let placed = m.buy(&buyer, &wanted);
        assert_eq!(placed.orders.len(), 12);
        let sum = |sql: &str| m.number(sql);
        assert_eq!(sum("select sum(total) from purchase_order"), placed.amount);
        assert_eq!(sum("select amount from checkout"), placed.amount);
        assert_eq!(sum("select sum(goods_amount) from purchase_order"), sum("select sum(amount) from order_line"));
        assert_eq!(sum("select count(*) from order_line where amount <> quantity * unit_price"), 0);
        assert_eq!(sum("select count(*) from purchase_order where total <> goods_amount + freight_amount"), 0);
        assert_eq!(sum("select count(*) from order_line where commission <> amount * commission_rate / 10000"), 0);
        let states: Vec<String> =
            m.read(|r| Ok(purchase_order::table.select(purchase_order::state).distinct().load(r.db)?)).unwrap();
        assert_eq!(states, [OrderState::Placed.id()]);
        let keys: Arc<Vec<String>> =
            Arc::new(m.read(|r| Ok(checkouts::table.select(checkouts::once).load(r.db)?)).unwrap());
        assert_eq!(keys.len(), 1);
    });
}
