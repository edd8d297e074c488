//! 3.1.5-1A: paying, news that comes in every wrong way, refunds, and what was never paid.

use crate::world::{World, each_engine};
use db::Id;
use db::clock::{HOUR, MINUTE};
use diesel::prelude::*;
use partners::alipay::NotificationRefused;
use trade::payment::{self, Noted, Payment, PaymentState, Refund, RefundState};
use trade::settlement::Account;
use trade::state::OrderState;
use trade::{Buyer, Refused, order};

const ACCOUNT: &str = "2088102100000011";

fn payments(world: &World, buyer: &Buyer, checkout: &Id) -> Vec<Payment> {
    let (buyer, checkout) = (buyer.clone(), checkout.clone());
    world.read(move |r| payment::of_checkout(r, &buyer, &checkout))
}

fn refunds(world: &World, payment: &Id) -> Vec<Refund> {
    let payment = payment.clone();
    world.read(move |r| payment::refunds_of_payment(r, &payment))
}

fn cancel(world: &World, buyer: &Buyer, order: &Id) {
    let (buyer, order) = (buyer.clone(), order.clone());
    world.write(move |tx| order::cancel(tx, &buyer, &order));
}

/// 3.1.5-1A.1, 3.1.1-a.1: one payment for all orders of a checkout; the payment company's book holds number, amount,
/// neutral subject and our reference for the account, and nothing of the goods, the buyer or the consignee.
#[test]
fn one_payment_pays_all_orders_and_says_nothing_of_them() {
    each_engine(|world| {
        let buyer = world.buyer();
        let (one, other) = (world.seller(ACCOUNT), world.seller(ACCOUNT));
        let goods = [(world.goods(&one, 120), 100), (world.goods(&other, 50), 10)];
        let placed = world.place(&buyer, &goods);
        assert_eq!((placed.orders.len(), placed.amount), (2, 100 * 120 + 10 * 50 + 2 * 800));

        let begun = world.begin(&buyer, &placed.checkout);
        let again = world.begin(&buyer, &placed.checkout);
        assert_eq!((begun.payment.clone(), begun.number.clone()), (again.payment, again.number), "one open payment");
        assert_eq!(begun.amount, placed.amount);
        let number = world.pay_and_note(&buyer, &placed.checkout);
        assert_eq!(number, begun.number);
        for made in &placed.orders {
            assert_eq!(world.state(&made.order), OrderState::Paid);
        }
        let totals = world.check();
        assert_eq!((totals[&Account::Provider], totals[&Account::Held]), (-placed.amount, placed.amount));
        assert_eq!(world.try_begin(&buyer, &placed.checkout).unwrap_err(), Refused::NothingToPay);
        let stranger = world.buyer();
        assert_eq!(world.try_begin(&stranger, &placed.checkout).unwrap_err(), Refused::NoSuchOrder);

        let received = world.received("alipay.trade.page.pay");
        let content = &received.last().expect("the cashier was reached")["biz_content"];
        let mut names: Vec<&str> = content.as_object().expect("an object").keys().map(String::as_str).collect();
        names.sort();
        assert_eq!(
            names,
            ["business_params", "out_trade_no", "product_code", "subject", "time_expire", "total_amount"]
        );
        assert_eq!(content["subject"], "Hanse order payment");
        assert_eq!(content["total_amount"], "141.00");
        let book = serde_json::to_string(&world.book()).expect("JSON");
        let ids = placed.orders.iter().flat_map(|made| [made.order.to_string(), made.number.clone()]);
        let ours =
            ["陈小明", "13800138000", "稠州北路", "Horn button", "牛角扣", buyer.member.as_str(), one.shop.as_str()];
        // The sandbox's own payer happens to bear the consignee's name: what counts is what came in.
        let came_in = serde_json::to_string(&received).expect("JSON");
        for secret in ours.into_iter().map(str::to_owned).chain(ids) {
            assert!(!came_in.contains(&secret), "{secret} reached the payment company");
            assert!(secret == "陈小明" || !book.contains(&secret), "{secret} stands in the payment company's book");
        }
        // What went there is in the buyer's ledger.
        let me = buyer.member.clone();
        let readings = world.read(move |r| Ok(vault::ledger::of(r, &me, None, 100)?));
        let given = readings.iter().find(|reading| reading.to.as_deref() == Some("PaymentProvider")).expect("noted");
        assert_eq!(given.purpose, "TakePayment");
        assert_eq!(given.fields, ["PaymentOrder", "MarketplaceAccountRef"]);
        // The same member has the same reference the next time, and another member another.
        let reference = |placed: &trade::checkout::Placed, buyer: &Buyer| {
            let begun = world.begin(buyer, &placed.checkout);
            world.to_cashier(begun);
            let received = world.received("alipay.trade.page.pay");
            received.last().expect("one")["biz_content"]["business_params"].to_string()
        };
        let next = world.place(&buyer, &goods[..1]);
        let first = content["business_params"].to_string();
        assert_eq!(reference(&next, &buyer), first);
        let other = world.buyer();
        let others = world.place(&other, &goods[..1]);
        assert_ne!(reference(&others, &other), first);
    });
}

/// 3.1.5-1A.4: the payment company sends the payer's name, log-in and card; none of it is kept anywhere.
#[test]
fn what_the_payment_company_says_too_much_is_dropped() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place_to(&buyer, &[(goods, 1)], ["Li Fang", "13900139000", "1 Canal Street, Hangzhou"]);
        world.pay(&buyer, &placed.checkout);
        let body = world.notification();
        let text = String::from_utf8(body.clone()).expect("a form");
        for extra in ["buyer_logon_id", "buyer_user_name", "bank_card_tail", "buyer_id"] {
            assert!(text.contains(extra), "the sandbox sends {extra}");
        }
        assert_eq!(world.note(&body), Noted::Paid);
        world.run_for(10 * MINUTE);
        let dump = everything(world);
        for canary in ["che***@example.com", "0042", "2088102100000101", "陈小明"] {
            // Random ids may hold four digits of their own.
            let hit = dump.iter().find(|cell| **cell == canary || (canary.len() > 4 && cell.contains(canary)));
            assert_eq!(hit, None, "{canary} was kept");
        }
    });
}

/// Every text that the payment tables, the outbox and the jobs hold.
fn everything(world: &World) -> Vec<String> {
    use db::policy::{job, ledger_block, outbox};
    use trade::policy::{payment, refund};
    world.read(|r| {
        let mut cells: Vec<String> = Vec::new();
        let rows: Vec<(String, String, String, String, Option<String>)> = payment::table
            .select((payment::number, payment::account_ref, payment::method, payment::state, payment::provider_number))
            .load(r.db)?;
        for (number, account, method, state, provider) in rows {
            cells.extend([number, account, method, state, provider.unwrap_or_default()]);
        }
        cells.extend(refund::table.select(refund::why).load::<String>(r.db)?);
        cells.extend(outbox::table.select(outbox::body).load::<String>(r.db)?);
        cells.extend(job::table.select(job::body).load::<String>(r.db)?);
        cells.extend(job::table.select(job::last_error).load::<String>(r.db)?);
        cells
            .extend(ledger_block::table.select(ledger_block::body).load::<Option<String>>(r.db)?.into_iter().flatten());
        Ok(cells)
    })
}

/// A notification counts once, however often it comes; one that is not signed by the payment company, never.
#[test]
fn news_counts_once_and_only_when_signed() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods.clone(), 10)]);
        world.fault("alipay", "wrong_signature", "push", 1);
        world.pay(&buyer, &placed.checkout);
        let forged = world.notification();
        assert_eq!(world.alipay.read_notification(&forged), Err(NotificationRefused::BadSignature));
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Placed);
        // The true news is lost with it; our own question finds out.
        world.run_for(5 * MINUTE);
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Paid);

        world.fault("alipay", "twice", "push", 1);
        let second = world.place(&buyer, &[(goods, 10)]);
        world.pay(&buyer, &second.checkout);
        let (first, again) = (world.notification(), world.notification());
        assert_eq!(world.note(&first), Noted::Paid);
        assert_eq!(world.note(&again), Noted::Again);
        assert_eq!(world.note(&first), Noted::Again);
        let totals = world.check();
        assert_eq!(totals[&Account::Held], placed.amount + second.amount);
    });
}

/// Two copies of the news at the same moment, on threads: one pays, the other finds it paid.
#[test]
fn two_notifications_at_once_pay_once() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        world.pay(&buyer, &placed.checkout);
        let body = world.notification();
        let said = world.alipay.read_notification(&body).expect("signed");
        let noted: Vec<Noted> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|_| {
                    let (db, said) = (world.vault.data.db.clone(), said.clone());
                    scope.spawn(move || db.write_now(move |tx| payment::notified(tx, &said)).expect("noted"))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(noted.iter().filter(|noted| **noted == Noted::Paid).count(), 1, "{noted:?}");
        assert!(noted.iter().all(|noted| matches!(noted, Noted::Paid | Noted::Again)));
        assert_eq!(world.check()[&Account::Held], placed.amount);
    });
}

/// Another amount than ours, truly signed: no order moves, the operator sees it, and what was paid goes back.
#[test]
fn another_amount_moves_no_order_and_goes_back() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        world.fault("alipay", "other_amount", "push", 1);
        world.pay(&buyer, &placed.checkout);
        assert_eq!(world.note(&world.notification()), Noted::Disputed);
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Placed);
        let disputed = world.read(|r| payment::disputed(r, None, 10));
        assert_eq!(disputed.len(), 1);
        assert_eq!(disputed[0].checkout, placed.checkout);
        world.run();
        let back = refunds(world, &disputed[0].id);
        // The payment company's own answer says what was truly paid.
        assert_eq!(back.len(), 1);
        assert_eq!((back[0].state, back[0].amount), (RefundState::Done, placed.amount));
        let totals = world.check();
        assert_eq!((totals[&Account::Provider], totals[&Account::Held]), (0, 0));
        assert!(payments(world, &buyer, &placed.checkout)[0].settled_at.is_some());
        // The buyer can pay anew.
        world.pay(&buyer, &placed.checkout);
        let news = std::iter::repeat_with(|| world.note(&world.notification())).find(|noted| *noted == Noted::Paid);
        assert_eq!(news, Some(Noted::Paid));
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Paid);
        assert_eq!(world.check()[&Account::Held], placed.amount);
        assert!(world.check_books().differences.is_empty());
    });
}

/// The payment company errs about the amount in its answers too, and refuses to give back what it never took: the operator
/// sees that and asks again, and in the end exactly what was paid has gone back and is booked.
#[test]
fn an_amount_that_is_wrong_twice_is_put_right() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        world.fault("alipay", "other_amount", "push", 1);
        world.fault("alipay", "other_amount", "answer", 1);
        world.pay(&buyer, &placed.checkout);
        assert_eq!(world.note(&world.notification()), Noted::Disputed);
        world.run();
        let disputed = world.read(|r| payment::disputed(r, None, 10)).remove(0);
        let back = refunds(world, &disputed.id).remove(0);
        assert_eq!((back.state, back.amount), (RefundState::Failed, placed.amount + 1));
        world.check();
        // The buyer sees it at the checkout, for it is no order's.
        let beside = |of: &Buyer| {
            let payments = payments(world, of, &placed.checkout);
            world.read(move |r| payment::refunds_beside_orders(r, &payments))
        };
        assert_eq!(beside(&buyer), std::slice::from_ref(&back));
        assert!(beside(&world.buyer()).is_empty());

        let again = back.id.clone();
        world.write(move |tx| payment::retry_refund(tx, &again));
        world.run();
        let back = refunds(world, &disputed.id).remove(0);
        assert_eq!((back.state, back.amount), (RefundState::Done, placed.amount));
        let totals = world.check();
        assert_eq!((totals[&Account::Provider], totals[&Account::Held]), (0, 0));
        assert!(world.check_books().differences.is_empty());
    });
}

/// Lost news: our own questions find out, also through an outage of the payment company longer than all retries.
#[test]
fn lost_news_is_asked_for_through_an_outage() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        world.pay(&buyer, &placed.checkout);
        world.notification();
        world.fault("alipay", "down", "answer", 1_000);
        world.run_for(8 * HOUR);
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Placed);
        world.fault("alipay", "down", "answer", 0);
        world.run_for(HOUR);
        assert_eq!(world.state(&placed.orders[0].order), OrderState::Paid);
        assert_eq!(world.check()[&Account::Held], placed.amount);
    });
}

/// An order that nobody pays closes when its time is over, gives its stock back, and cannot be paid any more.
#[test]
fn unpaid_orders_close_and_give_stock_back() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let never_seen = world.place(&buyer, &[(goods.clone(), 10)]);
        let looked_at = world.place(&buyer, &[(goods.clone(), 10)]);
        let begun = world.begin(&buyer, &looked_at.checkout);
        let cashier = world.to_cashier(begun);
        assert_eq!(world.stock(&goods), 980);
        world.pass(world.terms.unpaid_closes_after - MINUTE);
        world.run();
        assert_eq!(world.state(&never_seen.orders[0].order), OrderState::Placed);
        assert_eq!(world.state(&looked_at.orders[0].order), OrderState::Placed);
        world.pass(2 * MINUTE);
        world.run();
        assert_eq!(world.state(&never_seen.orders[0].order), OrderState::Closed);
        assert_eq!(world.state(&looked_at.orders[0].order), OrderState::Closed);
        assert_eq!(payments(world, &buyer, &looked_at.checkout)[0].state, PaymentState::Closed);
        assert_eq!(world.stock(&goods), 1_000);
        world.press_pay(&cashier);
        world.run_for(HOUR);
        assert_eq!(world.check()[&Account::Provider], 0, "the cashier takes nothing any more");
        assert_eq!(world.try_begin(&buyer, &looked_at.checkout).unwrap_err(), Refused::NothingToPay);
    });
}

/// The payment company is down when the time runs out: the order keeps its stock for an hour, then closes all the same.
/// The money had been paid, and its news comes late: it goes back by itself, and the buyer sees how far it is.
#[test]
fn money_that_comes_too_late_goes_back() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods.clone(), 10)]);
        let order = &placed.orders[0].order;
        world.pay(&buyer, &placed.checkout);
        let late = world.notification();
        world.fault("alipay", "down", "answer", 1_000);
        world.pass(world.terms.unpaid_closes_after + MINUTE);
        world.run();
        assert_eq!(world.state(order), OrderState::Placed, "not yet: perhaps it is paid");
        world.pass(HOUR);
        world.run();
        assert_eq!(world.state(order), OrderState::Closed);
        assert_eq!(world.stock(&goods), 1_000);
        assert_eq!(world.note(&late), Noted::Paid);
        assert_eq!(world.state(order), OrderState::Closed, "what has ended stays ended");
        let paid = &payments(world, &buyer, &placed.checkout)[0];
        let back = refunds(world, &paid.id);
        assert_eq!(back.len(), 1);
        assert_eq!((back[0].state, back[0].of_order.as_ref()), (RefundState::Asked, Some(order)));
        assert_eq!(world.check()[&Account::Held], placed.amount);
        world.fault("alipay", "down", "answer", 0);
        world.run_for(HOUR);
        assert_eq!(refunds(world, &paid.id)[0].state, RefundState::Done);
        let totals = world.check();
        assert_eq!((totals[&Account::Provider], totals[&Account::Held]), (0, 0));
        assert!(payments(world, &buyer, &placed.checkout)[0].settled_at.is_some());
    });
}

/// One of two orders is cancelled while the cashier stands open: what the payer pays pays the other, and the cancelled
/// one's part goes back.
#[test]
fn the_part_of_a_cancelled_order_goes_back() {
    each_engine(|world| {
        let buyer = world.buyer();
        let (one, other) = (world.seller(ACCOUNT), world.seller(ACCOUNT));
        let goods = [(world.goods(&one, 120), 100), (world.goods(&other, 50), 10)];
        let placed = world.place(&buyer, &goods);
        let begun = world.begin(&buyer, &placed.checkout);
        let payment = begun.payment.clone();
        let cashier = world.to_cashier(begun);
        let (kept, gone) = (&placed.orders[0], &placed.orders[1]);
        cancel(world, &buyer, &gone.order);
        world.press_pay(&cashier);
        assert_eq!(world.note(&world.notification()), Noted::Paid);
        assert_eq!(world.state(&kept.order), OrderState::Paid);
        assert_eq!(world.state(&gone.order), OrderState::Cancelled);
        world.run();
        let back = refunds(world, &payment);
        assert_eq!(back.len(), 1);
        assert_eq!((back[0].of_order.as_ref(), back[0].amount), (Some(&gone.order), gone.total));
        assert_eq!(back[0].state, RefundState::Done);
        assert_eq!(world.check()[&Account::Held], kept.total);
        // The refund's own notification says nothing new.
        for body in world.waiting_notifications() {
            assert_eq!(world.note(&body), Noted::Again);
        }
        assert_eq!(world.check()[&Account::Held], kept.total);
        assert!(world.check_books().differences.is_empty());
    });
}

/// A payment that gave way to another (an order was cancelled between) is paid too: the second money goes back whole.
#[test]
fn a_checkout_that_is_paid_twice_is_paid_once() {
    each_engine(|world| {
        let buyer = world.buyer();
        let (one, other) = (world.seller(ACCOUNT), world.seller(ACCOUNT));
        let goods = [(world.goods(&one, 120), 100), (world.goods(&other, 50), 10)];
        let placed = world.place(&buyer, &goods);
        let first = world.begin(&buyer, &placed.checkout);
        let first_number = first.number.clone();
        let first_cashier = world.to_cashier(first);
        cancel(world, &buyer, &placed.orders[1].order);
        let second = world.begin(&buyer, &placed.checkout);
        assert_ne!(second.number, first_number);
        assert_eq!(second.amount, placed.orders[0].total);
        let second_cashier = world.to_cashier(second);
        world.press_pay(&second_cashier);
        assert_eq!(world.note(&world.notification()), Noted::Paid);
        world.press_pay(&first_cashier);
        assert_eq!(world.note(&world.notification()), Noted::Paid);
        world.run();
        assert_eq!(world.check()[&Account::Held], placed.orders[0].total);
        let all = payments(world, &buyer, &placed.checkout);
        assert_eq!(all.len(), 2);
        let back = refunds(world, &all[0].id);
        assert_eq!(back.iter().map(|refund| refund.amount).sum::<i64>(), placed.amount);
        assert!(back.iter().all(|refund| refund.state == RefundState::Done));
        assert!(refunds(world, &all[1].id).is_empty());
        assert!(world.check_books().differences.is_empty());
    });
}

/// A payment whose orders were all cancelled is closed at the payment company: the open cashier takes nothing.
#[test]
fn a_cancelled_checkouts_payment_is_closed_at_the_payment_company() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        let begun = world.begin(&buyer, &placed.checkout);
        let cashier = world.to_cashier(begun);
        cancel(world, &buyer, &placed.orders[0].order);
        world.run();
        assert_eq!(payments(world, &buyer, &placed.checkout)[0].state, PaymentState::Closed);
        assert_eq!(world.received("alipay.trade.close").len(), 1);
        world.press_pay(&cashier);
        assert_eq!(world.check()[&Account::Provider], 0);
    });
}

/// 2.3.3-a.1: a paid order is called off before it is shipped. The order's part goes back once, however often the
/// payment company is asked; the buyer sees the state; the goods are on the shelf again.
#[test]
fn a_paid_order_is_given_back_before_shipping() {
    each_engine(|world| {
        let buyer = world.buyer();
        let (one, other) = (world.seller(ACCOUNT), world.seller(ACCOUNT));
        let goods = [(world.goods(&one, 120), 100), (world.goods(&other, 50), 10)];
        let placed = world.place(&buyer, &goods);
        world.pay_and_note(&buyer, &placed.checkout);
        let (back, kept) = (placed.orders[0].clone(), placed.orders[1].clone());
        let (stranger, of) = (world.buyer(), back.order.clone());
        let refused = world.try_write(move |tx| payment::call_off(tx, &stranger, &of));
        assert_eq!(refused, Err(Refused::NoSuchOrder));
        let (me, of) = (buyer.clone(), back.order.clone());
        world.write(move |tx| payment::call_off(tx, &me, &of));
        assert_eq!(world.state(&back.order), OrderState::Refunded);
        assert_eq!(world.stock(&goods[0].0), 1_000);
        let state = |order: &Id| {
            let order = order.clone();
            world.read(move |r| payment::refunds_of_order(r, &order))[0].state
        };
        assert_eq!(state(&back.order), RefundState::Asked);
        // The answer is lost twice, after the payment company has given the money back; asked again, it does so once.
        world.fault("alipay", "wrong_signature", "answer", 2);
        world.run_for(HOUR);
        assert_eq!(state(&back.order), RefundState::Done);
        let totals = world.check();
        assert_eq!((totals[&Account::Held], totals[&Account::Provider]), (kept.total, -kept.total));
        assert_eq!(world.state(&kept.order), OrderState::Paid);
        let (me, of) = (buyer.clone(), back.order.clone());
        let twice = world.try_write(move |tx| payment::call_off(tx, &me, &of));
        assert!(matches!(twice, Err(Refused::NotAllowedNow { from: OrderState::Refunded, .. })));
        // The seller gives the other back.
        let (seller, of) = (other.clone(), kept.order.clone());
        world.write(move |tx| payment::decline(tx, &seller, &of));
        world.run();
        assert_eq!(world.check()[&Account::Provider], 0);
        assert!(payments(world, &buyer, &placed.checkout)[0].settled_at.is_some());
        assert!(world.check_books().differences.is_empty());
    });
}

/// A refund whose answers get lost until the job runs out of tries is taken up again by the sweep.
#[test]
fn a_refund_survives_a_long_outage() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        for _ in 0..3 {
            let placed = world.place(&buyer, &[(goods.clone(), 10)]);
            world.pay_and_note(&buyer, &placed.checkout);
            let (seller, of) = (seller.clone(), placed.orders[0].order.clone());
            world.write(move |tx| payment::decline(tx, &seller, &of));
        }
        world.fault("alipay", "down", "answer", 1_000);
        world.run_for(14 * HOUR);
        // The operator sees what waits, a page after the other.
        let page = |before: Option<db::Id>| {
            world.read(move |r| payment::refunds_to_look_at(r, r.now - HOUR, before.as_ref(), 2))
        };
        let (first, all) = (page(None), world.read(|r| payment::refunds_to_look_at(r, r.now - HOUR, None, 10)));
        let second = page(Some(first[1].id.clone()));
        assert_eq!((first.len(), second.len()), (2, 1));
        assert_eq!([first, second].concat(), all);
        world.fault("alipay", "down", "answer", 0);
        world.run_for(8 * HOUR);
        assert_eq!(world.check()[&Account::Provider], 0);
    });
}
