//! 2.3.2-c, 2.3.2-e, 3.5-a.1: orders as the two who traded see them.

use crate::market::*;
use catalogue::shop::Seller;
use db::Id;
use diesel::prelude::*;
use maud::Render;
use trade::checkout::Destination;
use trade::order::{self, Filter};
use trade::policy::{consignee, purchase_order};
use trade::state::OrderState;
use trade::{Buyer, NotReady, Refused};
use vault::State;

fn one(m: &Market, buyer: &Buyer, wanted: &trade::cart::Wanted) -> Id {
    m.buy(buyer, std::slice::from_ref(wanted)).orders[0].order.clone()
}

fn numbers(m: &Market, buyer: &Buyer, filter: Filter) -> (Vec<Id>, Option<Id>) {
    let who = buyer.clone();
    m.read(move |r| {
        let page = order::mine(r, &who, &filter)?;
        Ok((page.rows.iter().map(|row| row.head.order.clone()).collect(), page.next))
    })
    .unwrap()
}

fn all() -> Filter {
    Filter { limit: 20, ..Filter::default() }
}

/// 2.3.2-e.1: view, search, filter; newest first, page by page.
#[test]
fn my_orders_are_found() {
    each(|m| {
        let (buyer, other, seller) = (m.buyer(), m.buyer(), m.shop(0, None));
        let brass = m.product(&seller, "Brass 100%", &[(1, 10)], &[(0, 99)]);
        let zips = m.product(&seller, "Zip_fastener", &[(1, 10)], &[(0, 99)]);
        let mut ids: Vec<Id> = (0..5).map(|_| one(m, &buyer, &brass.wanted(0, 1))).collect();
        ids.push(one(m, &buyer, &zips.wanted(0, 1)));
        one(m, &other, &zips.wanted(0, 1));
        ids.reverse();
        assert_eq!(numbers(m, &buyer, all()).0, ids);

        let (first, next) = numbers(m, &buyer, Filter { limit: 4, ..Filter::default() });
        assert_eq!((first.as_slice(), &next), (&ids[..4], &Some(ids[3].clone())));
        let (rest, end) = numbers(m, &buyer, Filter { limit: 4, before: next, ..Filter::default() });
        assert_eq!((rest.as_slice(), end), (&ids[4..], None));

        let with = |words: &str| numbers(m, &buyer, Filter { words: words.to_owned(), ..all() }).0;
        assert_eq!(with("zip"), ids[..1]);
        assert_eq!(with("ZIP_FASTENER纽扣"), ids[..1]);
        assert_eq!(with("100%"), ids[1..]);
        for nothing in ["%", "_", "0%纽x", "\\", "' or 1=1 --", &"x".repeat(10_000)] {
            let found = with(nothing);
            // `%` and `_` stand for themselves, and so are found in one title each.
            assert!(found.len() < 6, "{nothing}: {found:?}");
        }
        assert_eq!(with("_"), ids[..1]);
        let (who, of) = (buyer.clone(), ids[2].clone());
        let summary =
            m.read(move |r| Ok(order::mine(r, &who, &Filter { limit: 20, ..Filter::default() })?.rows)).unwrap();
        let number = summary.iter().find(|s| s.head.order == of).unwrap().head.number.clone();
        assert_eq!(with(&number.to_lowercase()), [of]);
        assert_eq!((summary[0].lines_count, summary[0].lines[0].title.en.as_str()), (1, "Zip_fastener"));

        m.pay(&ids[5]);
        let paid = Filter { states: vec![OrderState::Paid, OrderState::Shipped], ..all() };
        assert_eq!(numbers(m, &buyer, paid).0, ids[5..]);
        let who = buyer.clone();
        let mut counts = m.read(move |r| order::count_mine(r, &who)).unwrap();
        counts.sort_by_key(|(state, _)| state.id());
        assert_eq!(counts, [(OrderState::Paid, 1), (OrderState::Placed, 5)]);
    });
}

/// A seller's list of several states at once is one list, newest first, page by page; and of orders that have ended
/// nobody is told how many there are.
#[test]
fn a_shops_orders_of_several_states_are_one_list() {
    each(|m| {
        let (buyer, seller, rival) = (m.buyer(), m.shop(0, None), m.shop(0, None));
        let goods = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        one(m, &buyer, &m.product(&rival, "B", &[(1, 10)], &[(0, 99)]).wanted(0, 1));
        let mut ids: Vec<Id> = (0..6).map(|_| one(m, &buyer, &goods.wanted(0, 1))).collect();
        ids.reverse();
        m.pay(&ids[1]);
        m.pay(&ids[4]);
        let (who, of) = (buyer.clone(), ids[2].clone());
        m.write(move |tx| order::cancel(tx, &who, &of)).unwrap();
        let page = |states: &[OrderState], limit, before: Option<Id>| {
            let filter = Filter { states: states.to_vec(), limit, before, ..Filter::default() };
            let access = m.wait(order::prepare_of_shop(&m.v.vault, &seller, &filter)).unwrap();
            let who = seller.clone();
            let page = m.read(move |r| order::of_shop(r, &who, &access, &filter)).unwrap();
            (page.rows.into_iter().map(|row| row.summary.head.order).collect::<Vec<Id>>(), page.next)
        };
        let open = [OrderState::Paid, OrderState::Placed];
        let (first, next) = page(&open, 3, None);
        assert_eq!(
            (first.as_slice(), &next),
            (&[ids[0].clone(), ids[1].clone(), ids[3].clone()][..], &Some(ids[3].clone()))
        );
        assert_eq!(page(&open, 3, next), (ids[4..].to_vec(), None));
        assert_eq!(page(&[OrderState::Cancelled, OrderState::Closed], 3, None), (vec![ids[2].clone()], None));
        assert_eq!(page(&[], 9, None).0, ids);

        let who = seller.clone();
        let mut counts = m.read(move |r| order::open_of_shop(r, &who)).unwrap();
        counts.sort_by_key(|(state, _)| state.id());
        assert_eq!(counts, [(OrderState::Paid, 2), (OrderState::Placed, 3)]);
    });
}

/// 2.3.2-c.1 (IDOR): an order of somebody else is no order, whoever asks and whatever for.
#[test]
fn an_order_of_somebody_else_is_no_order() {
    each(|m| {
        let (buyer, thief, seller, rival) = (m.buyer(), m.buyer(), m.shop(0, None), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        let id = one(m, &buyer, &made.wanted(0, 1));
        let no = |answer: Result<(), Refused>| assert_eq!(answer, Err(Refused::NoSuchOrder));
        let command = |f: fn(&mut db::Tx, &Buyer, &Id) -> Result<(), db::Stop<Refused>>| {
            let (who, of) = (thief.clone(), id.clone());
            no(m.write(move |tx| f(tx, &who, &of)));
        };
        command(order::cancel);
        command(order::confirm_receipt);
        command(|tx, who, of| order::ask_refund(tx, who, of).map(|_| ()));
        command(|tx, who, of| order::hide(tx, who, of, true));
        command(|tx, who, of| order::hide(tx, who, of, false));
        let refused = |why: NotReady| assert!(matches!(why, NotReady::Refused(Refused::NoSuchOrder)), "{why}");
        refused(m.wait(order::prepare(&m.v.vault, &thief, &id)).unwrap_err());
        refused(m.wait(order::prepare_for_seller(&m.v.vault, &rival, &id)).unwrap_err());
        // Not even with an access that was prepared for the owner.
        let access = m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap();
        let (who, of) = (thief.clone(), id.clone());
        no(m.read(move |r| order::detail(r, &who, &access, &of).map(|_| ())));
        let access = m.wait(order::prepare_for_seller(&m.v.vault, &seller, &id)).unwrap();
        let (who, of) = (rival.clone(), id.clone());
        no(m.read(move |r| order::for_seller(r, &who, &access, &of).map(|_| ())));
        assert!(numbers(m, &thief, all()).0.is_empty());
        assert_eq!(listed(m, &rival, all()).len(), 0);
        assert_eq!(m.state(&id), OrderState::Placed);
    });
}

/// 2.3.2-e.1: cancelling gives the goods back, once; hiding is for what has ended, and says until when it is kept.
#[test]
fn cancel_and_hide() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        let id = one(m, &buyer, &made.wanted(0, 9));
        let hide = |hidden: bool| {
            let (who, of) = (buyer.clone(), id.clone());
            m.write(move |tx| order::hide(tx, &who, &of, hidden))
        };
        assert_eq!(hide(true), Err(Refused::OrderStillOpen));
        let cancel = || {
            let (who, of) = (buyer.clone(), id.clone());
            m.write(move |tx| order::cancel(tx, &who, &of))
        };
        assert_eq!((cancel(), m.stock(&made, 0)), (Ok(()), 99));
        assert_eq!(cancel(), Err(Refused::NotAllowedNow { from: OrderState::Cancelled, to: OrderState::Cancelled }));
        assert_eq!(m.stock(&made, 0), 99);
        hide(true).unwrap();
        assert!(numbers(m, &buyer, all()).0.is_empty());
        assert_eq!(numbers(m, &buyer, Filter { hidden: true, ..all() }).0, std::slice::from_ref(&id));
        // The seller's list still has it, and so has the law.
        assert_eq!(listed(m, &seller, all()).len(), 1);
        let access = m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap();
        let (who, of) = (buyer.clone(), id.clone());
        let (ended, until) = m
            .read(move |r| {
                let detail = order::detail(r, &who, &access, &of)?;
                Ok((detail.head.completed_at.unwrap(), detail.kept_until.unwrap()))
            })
            .unwrap();
        assert!(until - ended >= 3 * 365 * db::clock::DAY);
        hide(false).unwrap();
        assert_eq!(numbers(m, &buyer, all()).0.len(), 1);
    });
}

/// Confirming receipt completes a shipped order, counts the sale, and makes the terms of keeping run (5.1-a.2).
#[test]
fn confirm_receipt() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        let id = one(m, &buyer, &made.wanted(0, 9));
        let confirm = || {
            let (who, of) = (buyer.clone(), id.clone());
            m.write(move |tx| order::confirm_receipt(tx, &who, &of))
        };
        assert!(matches!(confirm(), Err(Refused::NotAllowedNow { from: OrderState::Placed, .. })));
        m.pay(&id);
        assert!(confirm().is_err());
        m.step(&id, OrderState::Shipped).unwrap();
        confirm().unwrap();
        assert_eq!(m.state(&id), OrderState::Completed);
        assert_eq!(m.number("select sold from product"), 9);
        assert_eq!(m.number("select sum(amount) from posting where account = 'seller'"), 90 - 1);
        assert_eq!(m.number("select sum(amount) from posting"), 0);
        let of = id.clone();
        let (order_at, consignee_at): (Option<i64>, Option<i64>) = m
            .read(move |r| {
                Ok((
                    purchase_order::table.find(&of).select(purchase_order::completed_at).first(r.db)?,
                    consignee::table.filter(consignee::of_order.eq(&of)).select(consignee::completed_at).first(r.db)?,
                ))
            })
            .unwrap();
        assert!(order_at.is_some() && order_at == consignee_at);
        assert!(confirm().is_err());
    });
}

/// The names of a seller's list, as the page shows them.
fn listed(m: &Market, seller: &Seller, filter: Filter) -> Vec<Option<String>> {
    let access = m.wait(order::prepare_of_shop(&m.v.vault, seller, &filter)).unwrap_or_else(|why| panic!("{why}"));
    let who = seller.clone();
    m.read(move |r| {
        let page = order::of_shop(r, &who, &access, &filter)?;
        Ok(page.rows.iter().map(|row| row.recipient.as_ref().map(|name| name.as_str().to_owned())).collect())
    })
    .unwrap()
}

/// What the seller sees of an order: whole or masked, and the rendered fields.
fn seen(m: &Market, seller: &Seller, id: &Id) -> (bool, Vec<String>) {
    let access = m.wait(order::prepare_for_seller(&m.v.vault, seller, id)).unwrap_or_else(|why| panic!("{why}"));
    let (who, of) = (seller.clone(), id.clone());
    m.read(move |r| {
        let detail = order::for_seller(r, &who, &access, &of)?;
        let to = detail.recipient.unwrap();
        let mut fields =
            vec![to.name.render().into_string(), to.phone.render().into_string(), to.place.render().into_string()];
        fields.extend(detail.buyer.map(|name| name.render().into_string()));
        fields.extend(detail.note.map(|note| note.look().clone()));
        Ok((detail.whole, fields))
    })
    .unwrap()
}

/// 3.5-a.1: the seller sees the consignee of a paid order of theirs, masked before payment and again ninety days after
/// completion; a list shows masked names only; every look stands in the ledger about the order.
#[test]
fn the_seller_sees_what_the_delivery_needs() {
    each(|m| {
        let seller = m.shop(0, None);
        let buyer = registered(m, "13800138009", "yiwu_buttons");
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let at = AtCheckout {
            assured: true,
            notes: vec![(seller.shop.clone(), entered("call before"))],
            ..AtCheckout::default()
        };
        let id = m.order(&buyer, Destination::Another(li()), at).unwrap().orders[0].order.clone();
        let masked = ["李**", "+86139****9000", "江苏省苏******", "y***"];
        let whole = ["李大海", "+8613900139000", "江苏省苏州市观前街88号", "yiwu_buttons", "call before"];

        let (open, fields) = seen(m, &seller, &id);
        assert_eq!((open, &fields[..4]), (false, &masked.map(String::from)[..]));
        m.pay(&id);
        assert_eq!(seen(m, &seller, &id), (true, whole.map(String::from).to_vec()));
        let to_ship = Filter { states: vec![OrderState::Paid], ..all() };
        assert_eq!(listed(m, &seller, to_ship), [Some("李**".to_owned())]);

        m.step(&id, OrderState::Shipped).unwrap();
        let (who, of) = (buyer.clone(), id.clone());
        m.write(move |tx| order::confirm_receipt(tx, &who, &of)).unwrap();
        m.pass_days(89);
        assert!(seen(m, &seller, &id).0);
        m.pass_days(2);
        assert_eq!(seen(m, &seller, &id), (false, masked.map(String::from).to_vec()));
        assert_eq!(listed(m, &seller, all()), [Some("李**".to_owned())]);

        // The ledger tells both people, about the order.
        let of = id.clone();
        let other: Id = m
            .read(move |r| {
                Ok(consignee::table.filter(consignee::of_order.eq(&of)).select(consignee::person).first(r.db)?)
            })
            .unwrap();
        for (person, field) in [(&buyer.member, "MemberName"), (&other, "ConsigneePhone")] {
            let of = person.clone();
            let readings = m.read(move |r| Ok(vault::ledger::of(r, &of, None, 100)?)).unwrap();
            let by_seller: Vec<_> =
                readings.iter().filter(|reading| reading.shop.as_ref() == Some(&seller.shop)).collect();
            assert!(by_seller.len() >= 4, "{readings:?}");
            assert!(by_seller.iter().all(|reading| reading.about == id));
            assert!(by_seller.iter().all(|reading| reading.who.as_ref() == Some(&seller.member)));
            assert!(by_seller.iter().any(|reading| reading.fields.iter().any(|f| f == field)));
            assert!(by_seller.iter().all(|reading| reading.purpose == "FulfilOrderBySeller"));
        }
    });
}

/// A consignee who was erased is gone from both sides; the order itself stays.
#[test]
fn an_erased_consignee_is_gone_and_the_order_stays() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 99)]);
        m.add(&buyer, &[made.wanted(0, 1)]).unwrap();
        let at = AtCheckout { assured: true, ..AtCheckout::default() };
        let id = m.order(&buyer, Destination::Another(li()), at).unwrap().orders[0].order.clone();
        one(m, &buyer, &made.wanted(0, 1));
        m.pay(&id);
        let of = id.clone();
        m.write(move |tx| {
            let person: Id =
                consignee::table.filter(consignee::of_order.eq(&of)).select(consignee::person).first(tx.db)?;
            vault::person::set_state(tx, &person, State::Erased)
        })
        .unwrap();
        let access = m.wait(order::prepare(&m.v.vault, &buyer, &id)).unwrap();
        let (who, of) = (buyer.clone(), id.clone());
        let gone = m
            .read(move |r| {
                let detail = order::detail(r, &who, &access, &of)?;
                Ok((detail.recipient.is_none(), detail.for_another, detail.lines.len()))
            })
            .unwrap();
        assert_eq!(gone, (true, true, 1));
        let access = m.wait(order::prepare_for_seller(&m.v.vault, &seller, &id)).unwrap();
        let (who, of) = (seller.clone(), id.clone());
        assert!(m.read(move |r| Ok(order::for_seller(r, &who, &access, &of)?.recipient.is_none())).unwrap());
        // The other order of the page is shown as before.
        assert_eq!(listed(m, &seller, all()), [Some("陈**".to_owned()), None]);
    });
}

/// A member as the registration makes one.
fn registered(m: &Market, phone: &str, name: &str) -> Buyer {
    use member::registration::{Agreement, NewMember, begin, finish};
    m.wait(async {
        let here = member::ClientAddress::of("192.0.2.7".parse().unwrap());
        let sent = begin(&m.v.vault, &entered(phone), &here).await.unwrap();
        let code = sent.to_send.as_ref().unwrap().code.as_ref().unwrap().expose().clone();
        let new = NewMember {
            code_id: sent.id.clone(),
            code: entered(&code),
            name: entered(name),
            password: entered("a good pass phrase"),
            agreement: Agreement::of_box(true, 1).unwrap(),
        };
        Buyer::new(finish(&m.v.vault, &new).await.unwrap().member().id.clone())
    })
}
