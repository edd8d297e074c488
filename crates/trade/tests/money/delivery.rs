//! 3.1.5-1B: waybills and the parcel's way.

use crate::world::{CONSIGNEE, World, each_engine};
use db::Id;
use db::clock::{DAY, HOUR};
use partners::logistics::{Progress, PushRefused, TrackingEvent};
use serde_json::Value;
use trade::policy::ManageOrders;
use trade::settlement::Account;
use trade::shipping::{self, ParcelState, Tracked};
use trade::state::OrderState;
use trade::{Buyer, Refused, order, payment};
use vault::Actor;

const ACCOUNT: &str = "2088102100000011";

struct Seen {
    state: ParcelState,
    waybill: Option<String>,
    why: String,
    stations: Vec<(ParcelState, String)>,
}

/// The way as the buyer sees it, newest parcel first.
fn ways(world: &World, buyer: &Buyer, order: &Id) -> Vec<Seen> {
    let (me, of) = (buyer.clone(), order.clone());
    let consignee = world.read(move |r| shipping::consignee_for_buyer(r, &me, &of));
    let actor = Actor::own(&buyer.member);
    let access = world.vault.vault.access_now::<ManageOrders>(&actor, &[consignee]).expect("access");
    let (me, of) = (buyer.clone(), order.clone());
    world.read(move |r| {
        let ways = shipping::way_for_buyer(r, &me, &access, &of)?;
        let seen = |way: shipping::Way<ManageOrders>| Seen {
            state: way.state,
            waybill: way.waybill.as_ref().map(|number| number.look().clone()),
            why: way.why,
            stations: way.stations.into_iter().map(|station| (station.state, station.place)).collect(),
        };
        Ok(ways.into_iter().map(seen).collect())
    })
}

fn paths(of: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| walk(value, &format!("{at}/{name}"), out));
            }
            _ => out.push(at.to_owned()),
        }
    }
    let mut out = Vec::new();
    walk(of, "", &mut out);
    out.sort();
    out
}

/// 3.1.5-1B.1, 3.1.1-a.1: two books, the platform's and the courier's, hold what is declared and nothing else: no
/// account of the buyer's, no price, no order number. The waybill rests sealed.
#[test]
fn the_books_of_platform_and_courier_hold_what_is_declared() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 12_345);
        let placed = world.place(&buyer, &[(goods, 3)]);
        let number = world.pay_and_note(&buyer, &placed.checkout);
        let made = &placed.orders[0];
        let shipment = world.ship(&seller, &made.order);
        assert_eq!(world.state(&made.order), OrderState::Paid);
        assert_eq!(ways(world, &buyer, &made.order)[0].state, ParcelState::Asked);
        world.run();
        assert_eq!(world.state(&made.order), OrderState::Shipped);
        let way = &ways(world, &buyer, &made.order)[0];
        assert_eq!(way.state, ParcelState::Ready);
        assert!(way.waybill.as_ref().is_some_and(|number| number.starts_with("SF")));

        let received = world.received("/v1/waybills");
        assert_eq!(received.len(), 1);
        assert_eq!(
            paths(&received[0]),
            [
                "/consignee/address",
                "/consignee/name",
                "/consignee/phone",
                "/courier",
                "/delivery_time",
                "/hand_to_courier",
                "/parcel/kind",
                "/parcel/weight_grams",
                "/parcel_ref",
                "/push_url",
                "/sender/place",
                "/sender/shop_name",
            ]
        );
        assert_eq!(received[0]["consignee"]["name"], CONSIGNEE[0]);
        assert_eq!(received[0]["parcel_ref"], shipment.as_str());
        let handed_on: Vec<Value> = world.book().into_iter().filter(|line| line["what"] == "handed_on").collect();
        assert_eq!(handed_on.len(), 1);
        let mut names: Vec<&String> = handed_on[0]["fields"].as_object().expect("fields").keys().collect();
        names.sort();
        assert_eq!(
            names,
            [
                "consignee.address",
                "consignee.name",
                "consignee.phone",
                "delivery_time",
                "parcel",
                "sender",
                "waybill_number"
            ]
        );
        let both = format!("{} {}", received[0], handed_on[0]);
        let order = [made.order.as_str(), &made.number, &number, "12345", "123.45", "370", buyer.member.as_str()];
        for absent in order.into_iter().chain([seller.shop.as_str(), seller.member.as_str(), "牛角扣", "Horn"]) {
            let elsewhere = ["parcel_ref", "push_url", "waybill_number", "n", "at"];
            let clean = strip(&both, &received[0], &elsewhere);
            assert!(!clean.contains(absent), "{absent} reached the platform: {clean}");
        }
        // The ledger says to whom it went: platform and courier each.
        let consignee = buyer.member.clone();
        let readings = world.read(move |r| Ok(vault::ledger::of(r, &consignee, None, 100)?));
        for recipient in ["LogisticsPlatform", "Courier"] {
            let given = readings.iter().find(|reading| reading.to.as_deref() == Some(recipient)).expect("noted");
            assert_eq!((given.purpose.as_str(), given.about.clone()), ("DeliverGoods", made.order.clone()));
            for field in ["ConsigneeName", "ConsigneeAddress", "ConsigneePhone", "ParcelContents", "DeliveryTime"] {
                assert!(given.fields.iter().any(|name| name == field), "{recipient} got {field}: {:?}", given.fields);
            }
        }
    });
}

/// The text without random references, in which any digits may stand.
fn strip(text: &str, fields: &Value, names: &[&str]) -> String {
    let mut clean = text.to_owned();
    for name in names {
        if let Some(value) = fields[*name].as_str() {
            clean = clean.replace(value, "");
        }
    }
    let at = clean.find("\"waybill_number\":\"").map(|at| at + 18);
    if let Some(at) = at {
        clean.replace_range(at..at + 14, "");
    }
    // Line numbers and times of the book.
    clean.split("\"at\":").next().map(str::to_owned).unwrap_or_default()
        + clean.split("\"fields\":").nth(1).unwrap_or_default()
}

/// 3.1.5-1B.2: pushed events are signed, count once, come in any order; courier's and consignee's data in them are
/// dropped. On delivery the order is received, and ten days later the receipt counts as confirmed.
#[test]
fn the_way_comes_in_any_order_and_only_goes_forward() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        let order = &placed.orders[0].order;
        world.pay_and_note(&buyer, &placed.checkout);
        let shipment = world.ship(&seller, order);
        world.run();
        for _ in 0..4 {
            world.advance(&shipment, None);
        }
        let early: Vec<_> = (0..4).map(|_| world.push()).collect();
        assert!(String::from_utf8_lossy(&early[0].body).contains("13900139000"), "the sandbox names the courier's man");
        let mut pushes = early;
        pushes.sort_by_key(|pushed| world.read_push(pushed).map(|event| event.at).unwrap_or(0));
        // Newest first: only that moves the parcel.
        assert_eq!(world.track(&pushes[3]), Tracked::Moved);
        assert_eq!(ways(world, &buyer, order)[0].state, ParcelState::OutForDelivery);
        for pushed in &pushes[..3] {
            assert_eq!(world.track(pushed), Tracked::Kept);
        }
        assert_eq!(world.track(&pushes[0]), Tracked::Again);
        let way = &ways(world, &buyer, order)[0];
        assert_eq!(way.state, ParcelState::OutForDelivery);
        assert_eq!(way.stations.len(), 4);
        assert!(way.stations.iter().all(|(_, place)| !place.contains("13900139000")));
        assert!(way.stations.iter().any(|(_, place)| place == "Hangzhou hub"));

        world.fault("logistics", "wrong_signature", "push", 1);
        world.advance(&shipment, Some("delivered"));
        assert_eq!(world.read_push(&world.push()), Err(PushRefused::BadSignature));
        assert_eq!(world.state(order), OrderState::Shipped);
        // The push is lost; the parcel is silent, and asked after.
        world.run_for(13 * HOUR);
        assert_eq!(world.state(order), OrderState::Received);
        let way = &ways(world, &buyer, order)[0];
        assert_eq!((way.state, way.stations.len()), (ParcelState::Delivered, 5));
        // A straggler, and news of a parcel that is not ours.
        let straggler = TrackingEvent {
            event_id: "late-1".into(),
            parcel_ref: shipment.to_string(),
            progress: Progress::OutForDelivery,
            at: 1,
        };
        let unknown = TrackingEvent { parcel_ref: Id::fresh().to_string(), ..straggler.clone() };
        let nonsense = TrackingEvent { parcel_ref: "nonsense".into(), ..straggler.clone() };
        let terms = world.terms.clone();
        let noted = world.write(move |tx| {
            Ok([
                shipping::tracked(tx, &terms, &straggler)?,
                shipping::tracked(tx, &terms, &unknown)?,
                shipping::tracked(tx, &terms, &nonsense)?,
            ])
        });
        assert_eq!(noted, [Tracked::Kept, Tracked::Unknown, Tracked::Unknown]);
        assert_eq!(ways(world, &buyer, order)[0].state, ParcelState::Delivered);

        world.pass(world.terms.confirm_after - DAY);
        world.run();
        assert_eq!(world.state(order), OrderState::Received);
        world.pass(DAY);
        world.run();
        assert_eq!(world.state(order), OrderState::Completed);
        let totals = world.check();
        assert_eq!(totals[&Account::Held], 0);
        assert_eq!(totals[&Account::Commission], 24);
    });
}

/// The courier does not go there: the seller sees why, and asks anew; the order stays paid.
#[test]
fn a_refused_waybill_says_why_and_may_be_asked_for_anew() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed =
            world.place_to(&buyer, &[(goods, 10)], ["Li Fang", "13900139000", "unreachable island, lighthouse"]);
        let order = &placed.orders[0].order;
        assert!(matches!(world.try_ship(&seller, order, "sf"), Err(Refused::NotAllowedNow { .. })), "unpaid");
        world.pay_and_note(&buyer, &placed.checkout);
        let stranger = world.seller(ACCOUNT);
        assert_eq!(world.try_ship(&stranger, order, "sf"), Err(Refused::NoSuchOrder));
        assert_eq!(world.try_ship(&seller, order, "pigeon"), Err(Refused::UnknownCarrier));
        world.ship(&seller, order);
        assert_eq!(world.try_ship(&seller, order, "sf"), Err(Refused::WaybillUnderWay));
        world.run();
        let way = &ways(world, &buyer, order)[0];
        assert_eq!((way.state, way.why.as_str()), (ParcelState::Refused, "unreachable_address"));
        assert_eq!(shipping::why_key(way.state, &way.why), Some("waybill-refused-address"));
        assert_eq!(world.state(order), OrderState::Paid);
        world.ship(&seller, order);
        assert_eq!(ways(world, &buyer, order).len(), 2);
    });
}

/// The platform is down for longer than a job's tries: the order waits visibly, and the waybill comes in the end, once.
#[test]
fn a_waybill_survives_an_outage() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        let order = &placed.orders[0].order;
        world.pay_and_note(&buyer, &placed.checkout);
        world.fault("logistics", "down", "answer", 1_000);
        world.ship(&seller, order);
        world.run_for(9 * HOUR);
        assert_eq!(ways(world, &buyer, order)[0].state, ParcelState::Asked);
        world.fault("logistics", "down", "answer", 0);
        world.fault("logistics", "wrong_signature", "answer", 1);
        world.run_for(8 * HOUR);
        assert_eq!(ways(world, &buyer, order)[0].state, ParcelState::Ready);
        assert_eq!(world.state(order), OrderState::Shipped);
        let parcels = world.book().iter().filter(|line| line["what"] == "handed_on").count();
        assert_eq!(parcels, 1, "the courier was told of one parcel");
    });
}

/// The buyer calls the order off while the waybill is on its way: the money goes back, and the waybill is called back.
#[test]
fn a_waybill_that_comes_too_late_is_called_back() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods.clone(), 10)]);
        let order = placed.orders[0].order.clone();
        world.pay_and_note(&buyer, &placed.checkout);
        // The platform makes the waybill, and its answer is lost.
        world.fault("logistics", "wrong_signature", "answer", 1);
        world.ship(&seller, &order);
        world.run();
        assert_eq!(world.received("/v1/waybills").len(), 1);
        let (me, of) = (buyer.clone(), order.clone());
        world.write(move |tx| payment::call_off(tx, &me, &of));
        world.run_for(HOUR);
        assert_eq!(world.state(&order), OrderState::Refunded);
        assert_eq!(ways(world, &buyer, &order)[0].state, ParcelState::Cancelled);
        assert_eq!(world.stock(&goods), 1_000);
        assert_eq!(world.received("/v1/waybills/cancel").len(), 1, "the waybill was called back");
        assert_eq!(world.check()[&Account::Provider], 0);
    });
}

/// The platform makes a waybill, is never heard, and is gone for longer than a job's tries; meanwhile the order is given
/// back. When it is there again, the waybill is called back; of an order for which nothing was asked yet, it never hears.
#[test]
fn a_waybill_is_called_back_after_any_outage() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let order = || {
            let placed = world.place(&buyer, &[(goods.clone(), 10)]);
            world.pay_and_note(&buyer, &placed.checkout);
            placed.orders[0].order.clone()
        };
        let (unheard, unasked) = (order(), order());
        let call_off = |order: &Id| {
            let (me, of) = (buyer.clone(), order.clone());
            world.write(move |tx| payment::call_off(tx, &me, &of));
        };
        world.fault("logistics", "wrong_signature", "answer", 1);
        world.ship(&seller, &unheard);
        world.run();
        world.fault("logistics", "down", "answer", 1_000);
        world.ship(&seller, &unasked);
        call_off(&unasked);
        // Its job gives up; the sweep begins anew, and in the midst of that it is called off.
        world.run_for(14 * HOUR);
        assert_eq!(
            shipping::why_key(ParcelState::Asked, &ways(world, &buyer, &unheard)[0].why),
            Some("waybill-unanswered")
        );
        call_off(&unheard);
        world.run_for(14 * HOUR);
        assert!(world.received("/v1/waybills/cancel").is_empty());
        world.fault("logistics", "down", "answer", 0);
        world.run_for(8 * HOUR);
        assert_eq!(world.received("/v1/waybills/cancel").len(), 1, "the waybill that nobody heard of is called back");
        for order in [&unheard, &unasked] {
            let way = &ways(world, &buyer, order)[0];
            assert_eq!((way.state, way.why.as_str()), (ParcelState::Cancelled, ""));
        }
        let told = world.book().iter().filter(|line| line["what"] == "handed_on").count();
        assert_eq!(told, 1, "the courier never heard of the other");
        let calls = world.received("/v1/waybills").len() + world.received("/v1/waybills/cancel").len();
        world.run_for(14 * HOUR);
        let later = world.received("/v1/waybills").len() + world.received("/v1/waybills/cancel").len();
        assert_eq!(later, calls, "what is called back is not asked for again");
    });
}

/// Once it is shipped, it cannot be called off; the buyer may confirm before the courier says so.
#[test]
fn a_shipped_order_is_not_called_off() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        let order = placed.orders[0].order.clone();
        world.pay_and_note(&buyer, &placed.checkout);
        let shipment = world.ship(&seller, &order);
        world.run();
        let (me, of) = (buyer.clone(), order.clone());
        let refused = world.try_write(move |tx| payment::call_off(tx, &me, &of));
        assert!(matches!(refused, Err(Refused::NotAllowedNow { from: OrderState::Shipped, .. })));
        let (me, of) = (buyer.clone(), order.clone());
        world.write(move |tx| order::confirm_receipt(tx, &me, &of));
        assert_eq!(world.state(&order), OrderState::Completed);
        world.deliver(&shipment);
        assert_eq!(world.state(&order), OrderState::Completed);
        assert_eq!(world.check()[&Account::Held], 0);
    });
}

/// 3.1.5-4.S1, 3.1.1-a.3: a platform that was cut off, or whose assessment has expired, gets nothing; the order waits
/// visibly, and goes on when the platform may be called again.
#[test]
fn a_platform_that_may_not_be_called_gets_nothing() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let first = world.place(&buyer, &[(goods.clone(), 10)]);
        let second = world.place(&buyer, &[(goods, 10)]);
        for placed in [&first, &second] {
            world.pay_and_note(&buyer, &placed.checkout);
        }
        let (cut, late) = (&first.orders[0].order, &second.orders[0].order);
        world.logistics.gate().cut_off(true);
        world.ship(&seller, cut);
        world.run_for(HOUR);
        assert_eq!(ways(world, &buyer, cut)[0].state, ParcelState::Asked);
        assert!(world.received("/v1/waybills").is_empty());
        world.logistics.gate().cut_off(false);
        world.run_for(HOUR);
        assert_eq!(ways(world, &buyer, cut)[0].state, ParcelState::Ready);
        world.pass(366 * DAY);
        world.ship(&seller, late);
        world.run_for(HOUR);
        assert_eq!(ways(world, &buyer, late)[0].state, ParcelState::Asked);
        assert_eq!(world.state(late), OrderState::Paid);
        assert_eq!(world.received("/v1/waybills").len(), 1);
    });
}

/// The consignee's data are restricted between the seller's wish and the call: nothing is sent, and the seller sees why.
#[test]
fn a_restricted_consignee_is_not_given_away() {
    each_engine(|world| {
        let (buyer, seller) = (world.buyer(), world.seller(ACCOUNT));
        let goods = world.goods(&seller, 120);
        let placed = world.place(&buyer, &[(goods, 10)]);
        let order = &placed.orders[0].order;
        world.pay_and_note(&buyer, &placed.checkout);
        world.ship(&seller, order);
        let person = buyer.member.clone();
        world.write(move |tx| vault::person::set_state(tx, &person, vault::State::Restricted));
        world.run();
        assert!(world.received("/v1/waybills").is_empty());
        let person = buyer.member.clone();
        world.write(move |tx| vault::person::set_state(tx, &person, vault::State::Open));
        let way = &ways(world, &buyer, order)[0];
        assert_eq!(way.state, ParcelState::Refused);
        assert_eq!(shipping::why_key(way.state, &way.why), Some("waybill-refused-consignee"));
    });
}
