//! People without an account whose address was kept: when it goes, they go (2.3.2, 4.3, 9-f).

use crate::world::{World, each_engine, entered};
use db::{Id, Stop};
use diesel::prelude::*;
use policy::Language;
use trade::address::{self, NewAddress, Place, Whose};
use trade::policy::KeepAddressBook;
use trade::{Buyer, Refused};
use vault::consent::{self, Shown};
use vault::policy::key_store::{person_key, tombstone};
use vault::policy::person;

fn agreed(world: &World) -> Buyer {
    let buyer = world.buyer();
    let who = buyer.member.clone();
    world.write(move |tx| {
        let shown = Shown { edition: 1, notice: "digest".to_owned(), way: "test" };
        consent::grant::<KeepAddressBook, Refused>(tx, &who, &shown)
    });
    buyer
}

fn keep(world: &World, buyer: &Buyer, whose: Whose) -> Id {
    let place = Place {
        name: entered("李大海"),
        phone: entered("13900139000"),
        alt_phone: None,
        place: entered("江苏省苏州市观前街88号"),
    };
    let access = world.wait(address::prepare(&world.vault.vault, buyer)).unwrap();
    let (who, new) = (buyer.clone(), NewAddress { whose, place, preferred: false });
    world.write(move |tx| address::keep(tx, &who, &access, &new))
}

/// Id and state of the one person of the kind 'other'.
fn other(world: &World) -> (Id, String) {
    world.read(|r| {
        let others = person::table.filter(person::kind.eq("other"));
        Ok(others.select((person::id, person::state)).first(r.db)?)
    })
}

/// The duties for which a person has keys.
fn keys(world: &World, of: &Id) -> Vec<String> {
    let of = of.to_string();
    world
        .vault
        .keys
        .db
        .read_now(move |r| {
            let own = person_key::table.filter(person_key::person.eq(&of)).order(person_key::duty);
            Ok::<_, Stop<()>>(own.select(person_key::duty).load(r.db)?)
        })
        .unwrap()
}

/// The state is set with the removal; the keys follow, also where the job is run again.
#[test]
fn whose_address_goes_is_erased_and_their_keys_with_them() {
    each_engine(|world| {
        let buyer = agreed(world);
        let whose = world.wait(Whose::another(&world.vault.vault, &buyer, Language::Zh)).unwrap();
        let id = keep(world, &buyer, whose);
        let (person, state) = other(world);
        assert_eq!((state.as_str(), keys(world, &person).len()), ("open", policy::Duty::ALL.len()));
        let who = buyer.clone();
        world.write(move |tx| address::remove(tx, &who, &id));
        assert_eq!(other(world).1, "erased");
        assert!(!keys(world, &person).is_empty(), "the keys are the job's");
        world.run();
        assert_eq!(keys(world, &person), Vec::<String>::new());
        let of = person.to_string();
        let stones: i64 = world
            .vault
            .keys
            .db
            .read_now(move |r| {
                Ok::<_, Stop<()>>(tombstone::table.filter(tombstone::person.eq(&of)).count().get_result(r.db)?)
            })
            .unwrap();
        assert_eq!(stones, policy::Duty::ALL.len() as i64);
    });
}

/// To whom an order goes keeps the key of the order, which the law wants, and loses the one of the address.
#[test]
fn to_whom_an_order_goes_keeps_the_orders_key_alone() {
    each_engine(|world| {
        let buyer = agreed(world);
        let seller = world.seller("2088102100000011");
        let goods = world.goods(&seller, 100);
        let placed = world.place_to_another(&buyer, &[(goods, 1)], ["李大海", "13900139000", "江苏省苏州市观前街88号"]);
        let order = placed.orders[0].order.clone();
        let whose = world.wait(Whose::consignee(&world.vault.vault, &buyer, &order, Language::Zh)).unwrap();
        let id = keep(world, &buyer, whose);
        let (person, _) = other(world);
        let who = buyer.clone();
        world.write(move |tx| address::remove(tx, &who, &id));
        world.run();
        assert_eq!(other(world), (person.clone(), "open".to_owned()));
        let left = keys(world, &person);
        assert!(left.contains(&"trade".to_owned()) && !left.contains(&"account".to_owned()), "{left:?}");
        assert_eq!(left.len(), policy::Duty::ALL.len() - 1);
        let access = world.wait(trade::order::prepare(&world.vault.vault, &buyer, &order)).unwrap();
        let who = buyer.clone();
        let name = world.read(move |r| {
            let to = trade::order::detail(r, &who, &access, &order)?.recipient.unwrap();
            Ok(to.name.look().clone())
        });
        assert_eq!(name, "李大海");
    });
}
