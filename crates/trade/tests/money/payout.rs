//! 2.3.3: the seller's money, from the buyer's payment to the seller's account.

use crate::world::{World, each_engine};
use catalogue::shop::Seller;
use db::clock::{DAY, HOUR};
use trade::Refused;
use trade::settlement::{self, Account, Balance, Kind, Payout, PayoutState};

const ACCOUNT: &str = "2088102100000011";

fn balance(world: &World, seller: &Seller) -> Balance {
    let seller = seller.clone();
    world.read(move |r| settlement::balance(r, &seller, "CNY"))
}

fn payouts(world: &World, seller: &Seller) -> Vec<Payout> {
    let seller = seller.clone();
    world.read(move |r| settlement::payouts(r, &seller, None, 50))
}

/// The whole way, with the books balanced after each step: placed, paid, shipped, received, completed, paid out. The
/// payment company's book holds the payout's account, amount and number (3.1.1-a.1); commission as frozen at placement.
#[test]
fn from_the_cart_to_the_sellers_account() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 100)]);
        let (total, commission) = (100 * 120 + 800, 100 * 120 * 2 / 100);
        assert_eq!(placed.amount, total);
        world.check();
        world.pay_and_note(&buyer, &placed.checkout);
        let paid =
            Balance { currency: "CNY".into(), held: total, available: 0, under_way: 0, paid_out: 0, commission: 0 };
        assert_eq!(balance(world, &seller), paid);
        let order = placed.orders[0].order.clone();
        let shipment = world.ship(&seller, &order);
        world.run();
        world.check();
        world.deliver(&shipment);
        world.check();
        assert_eq!(balance(world, &seller), paid, "what is delivered is not yet the seller's");
        world.run_for(HOUR);
        world.pass(world.terms.confirm_after);
        let (me, of) = (buyer.clone(), order.clone());
        world.write(move |tx| trade::order::confirm_receipt(tx, &me, &of));
        let released = Balance { held: 0, available: total - commission, commission, ..paid.clone() };
        assert_eq!(balance(world, &seller), released);
        world.run();
        let arrived = Balance { available: 0, paid_out: total - commission, ..released };
        assert_eq!(balance(world, &seller), arrived);
        let all = payouts(world, &seller);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].state, all[0].amount), (PayoutState::Done, total - commission));
        assert!(all[0].provider_number.is_some());

        let totals = world.check();
        assert_eq!(totals[&Account::Provider], -total);
        assert_eq!(totals[&Account::Commission], commission);
        assert_eq!(totals[&Account::PaidOut], total - commission);

        let own = seller.clone();
        let statement = world.read(move |r| settlement::statement(r, &own, None, 50));
        let kinds: Vec<(Kind, i64, i64)> = statement.iter().map(|l| (l.kind, l.amount, l.commission)).collect();
        assert_eq!(kinds, [(Kind::PaidOut, commission - total, 0), (Kind::Released, total - commission, commission)]);
        let (own, before) = (seller.clone(), statement[0].entry.clone());
        let page = world.read(move |r| settlement::statement(r, &own, Some(&before), 50));
        assert_eq!(page, statement[1..]);
        let stranger = world.seller(ACCOUNT);
        assert!(payouts(world, &stranger).is_empty());

        let received = world.received("alipay.fund.trans.uni.transfer");
        assert_eq!(received.len(), 1);
        let content = &received[0]["biz_content"];
        let mut names: Vec<&String> = content.as_object().expect("an object").keys().collect();
        names.sort();
        assert_eq!(names, ["biz_scene", "order_title", "out_biz_no", "payee_info", "product_code", "trans_amount"]);
        assert_eq!(content["trans_amount"], "125.60");
        assert_eq!(
            content["payee_info"],
            serde_json::json!({ "identity": ACCOUNT, "identity_type": "ALIPAY_USER_ID" })
        );
        let owner = seller.member.clone();
        let readings = world.read(move |r| Ok(vault::ledger::of(r, &owner, None, 100)?));
        let mut given: Vec<String> = readings
            .iter()
            .filter(|reading| reading.to.as_deref() == Some("PaymentProvider"))
            .flat_map(|reading| reading.fields.clone())
            .collect();
        given.sort();
        assert_eq!(given, ["AmountDue", "SettlementAccount"]);
        let checked = world.check_books();
        assert!(checked.differences.is_empty() && checked.trial_balance == 0, "{checked:?}");
        assert!(checked.lines > 0);
    });
}

/// The account does not exist: the balance comes back, the seller reads why, corrects it, and asks again.
#[test]
fn a_failed_payout_comes_back_and_says_why() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller("nobody@example.com 无名氏"));
        let goods = world.goods(&seller, 120);
        world.trade_through(&buyer, &seller, &[(goods.clone(), 100)]);
        world.run_for(2 * HOUR);
        let owed = 12_800 - 240;
        let failed = &payouts(world, &seller)[0];
        assert_eq!((failed.state, failed.why), (PayoutState::Failed, "payout-failed-account"));
        assert_eq!(failed.code, "PAYEE_NOT_EXIST");
        assert_eq!((balance(world, &seller).available, balance(world, &seller).paid_out), (owed, 0));
        assert_eq!(payouts(world, &seller).len(), 1, "not again at every turn");
        world.change_account(&seller, ACCOUNT);
        let own = seller.clone();
        world.write(move |tx| settlement::pay_out_again(tx, &own, "CNY"));
        world.run();
        assert_eq!(balance(world, &seller).paid_out, owed);
        let own = seller.clone();
        let refused = world.try_write(move |tx| settlement::pay_out_again(tx, &own, "CNY"));
        assert_eq!(refused, Err(Refused::NothingToPayOut));
        let own = seller.clone();
        let statement = world.read(move |r| settlement::statement(r, &own, None, 50));
        let kinds: Vec<Kind> = statement.iter().map(|line| line.kind).collect();
        assert_eq!(kinds, [Kind::PaidOut, Kind::PayoutFailed, Kind::PaidOut, Kind::Released]);
        assert!(world.check_books().differences.is_empty());
    });
}

/// An account that was never in a form that can be paid to: nothing is sent.
#[test]
fn an_unreadable_account_is_told_to_the_seller() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller("my bank, main street"));
        let goods = world.goods(&seller, 120);
        world.trade_through(&buyer, &seller, &[(goods, 100)]);
        world.run_for(2 * HOUR);
        assert_eq!(payouts(world, &seller)[0].why, "payout-failed-account");
        assert!(world.received("alipay.fund.trans.uni.transfer").is_empty());
        // It is tried again by itself after a day.
        world.change_account(&seller, ACCOUNT);
        world.run_for(DAY + 2 * HOUR);
        assert_eq!(balance(world, &seller).available, 0);
    });
}

/// The payment company has paid and its answer is lost: asked again under the same number, it has paid once. Also where
/// the seller has changed the account in between.
#[test]
fn a_lost_answer_does_not_pay_twice() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        world.trade_through(&buyer, &seller, &[(goods.clone(), 100)]);
        world.fault("alipay", "wrong_signature", "answer", 1);
        world.pass(2 * HOUR);
        world.run();
        assert_eq!(payouts(world, &seller)[0].state, PayoutState::Asked);
        assert_eq!(balance(world, &seller).under_way, 12_560);
        world.change_account(&seller, "2088102100000099");
        world.run_for(HOUR);
        assert_eq!(payouts(world, &seller)[0].state, PayoutState::Done);
        let paid = world.book().iter().filter(|line| line["what"] == "transfer").count();
        assert_eq!(paid, 1);
        assert_eq!(balance(world, &seller).paid_out, 12_560);
        assert!(world.check_books().differences.is_empty());
    });
}

/// 5.1-a.2: the nightly check finds what the payment company has and we do not, and the other way round.
#[test]
fn the_nightly_check_finds_what_differs() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods.clone(), 10)]);
        world.pay_and_note(&buyer, &placed.checkout);
        // Somebody writes a refund into our books that the payment company never made.
        let of = placed.orders[0].order.clone();
        world.write(move |tx| {
            use diesel::prelude::*;
            use trade::policy::{payment, refund};
            let payment: db::Id = payment::table.select(payment::id).first(tx.db)?;
            let id = tx.id();
            diesel::insert_into(refund::table)
                .values((
                    refund::id.eq(&id),
                    refund::of_payment.eq(&payment),
                    refund::of_order.eq(Some(&of)),
                    refund::amount.eq(5),
                    refund::state.eq("done"),
                    refund::made_at.eq(tx.now),
                    refund::done_at.eq(Some(tx.now)),
                    refund::why.eq(""),
                ))
                .execute(tx.db)?;
            Ok(())
        });
        let checked = world.check_books();
        assert_eq!(checked.differences.len(), 1, "{checked:?}");
        let found = &checked.differences[0];
        assert_eq!((found.item, found.ours, found.theirs), (trade::jobs::Item::Refund, Some(5), None));
    });
}

/// Nobody stands behind the shop any more whose account may be opened: nothing is sent, and the money stays theirs.
#[test]
fn a_restricted_owner_is_not_paid() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        world.trade_through(&buyer, &seller, &[(goods, 100)]);
        let owner = seller.member.clone();
        world.write(move |tx| vault::person::set_state(tx, &owner, vault::State::Restricted));
        world.run_for(2 * HOUR);
        assert_eq!(payouts(world, &seller)[0].why, "payout-failed-owner");
        assert_eq!(balance(world, &seller).available, 12_560);
        assert!(world.received("alipay.fund.trans.uni.transfer").is_empty());
    });
}
