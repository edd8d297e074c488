//! 5.1-a: terms end, on both engines, with the clock moved.

// `policy::record!` names the crate.
extern crate db;

use db::clock::DAY;
use db::{Failed, Id, Migrations, Stop};
use diesel::prelude::*;
use policy::fields::*;
use policy::{Entered, Typed, purpose, record};
use rights::retention::{self, NOBODY};
use vault::testing::{TestVault, each_engine};
use vault::{Actor, Part, PersonKind, RowKey, Sealed};

purpose! { KeepBasket {
    section "2.3.1", basis Contract,
    says "We keep it." / "我们保存。",
    requires [CartItem], accepts [], reads [],
    discloses [], roles [Own],
    keep [Removed + 0 Days => Delete, Logged + 12 Months => Delete],
    refusal "None." / "无。",
} }

purpose! { Deliver {
    section "2.3.4", basis Contract,
    says "We need the consignee." / "我们需要收货人信息。",
    requires [ConsigneeName], accepts [], reads [],
    discloses [], roles [Own],
    keep [Delivered + 6 Months => Shred],
    refusal "None." / "无。",
} }

purpose! { KeepTrade {
    section "5.1", basis LegalObligation by "E-commerce Law 31" / "《电子商务法》第31条",
    says "The law has us keep it." / "法律要求保存。",
    requires [ConsigneeName], accepts [], reads [],
    discloses [], roles [Own],
    keep [OrderCompleted + 90 Days => Restrict, OrderCompleted + 3 Years => Anonymise],
    refusal "None." / "无。",
} }

record! { basket (id) of [person delete], keep [KeepBasket] since at, refers [] {
    id: Text = "random id"; person: Text = "random id"; thing: Text => CartItem; at: BigInt = "when";
} }
record! { parcel (id) of [person shred], keep [Deliver] since at, refers [] {
    id: Text = "random id"; person: Text = "random id"; name: sealed ConsigneeName of person under Trade;
    at: MaybeBigInt = "when";
} }
record! { deal (id) of [person keep], keep [Deliver, KeepTrade] since at, refers [] {
    id: Text = "random id"; person: Text = "random id"; name: sealed ConsigneeName of person under Trade;
    at: MaybeBigInt = "when";
} }
record! { deal_line (deal, line) of [], keep [KeepTrade] since line, refers [deal -> deal] {
    deal: Text = "random id"; line: BigInt = "number of the line"; thing: Text => OrderContent;
} }

fn none() -> Migrations {
    Migrations { name: "none", source: db::migrate::EmbeddedMigrations::new(&[]) }
}

const PART: Part = Part {
    name: "toy",
    purposes: &[&KeepBasket::INFO, &Deliver::INFO, &KeepTrade::INFO],
    records: &[&basket::table::RECORD, &parcel::table::RECORD, &deal::table::RECORD, &deal_line::table::RECORD],
    migrations: none,
};

use policy::Purpose;

fn parts() -> Vec<Part> {
    vec![vault::policy::PART, PART]
}

/// One row of each, a second parcel that was never delivered.
fn filled(v: &TestVault) -> Id {
    let fresh = v.vault.keys().fresh_now().unwrap();
    let who = fresh.id().clone();
    let access = v.vault.access_now::<Deliver>(&Actor::own(&who), &[]).unwrap().and_fresh([&fresh]);
    v.vault
        .data()
        .write_now(move |tx| {
            for sql in [
                "create table basket (id text not null primary key, person text not null, thing text not null, at bigint not null)",
                "create table parcel (id text not null primary key, person text not null, name bytea not null, at bigint)",
                "create table deal (id text not null primary key, person text not null, name bytea not null, at bigint)",
                "create table deal_line (deal text not null, line bigint not null, thing text not null, primary key (deal, line))",
            ] {
                diesel::sql_query(sql).execute(tx.db)?;
            }
            fresh.begin(tx, PersonKind::Member)?;
            let (now, me) = (tx.now, fresh.id().to_string());
            let name = Entered::<ConsigneeName>::parse(&Typed::new("Wang")).unwrap();
            diesel::insert_into(basket::table)
                .values((basket::id.eq("b"), basket::person.eq(&me), basket::thing.eq("t"), basket::at.eq(now)))
                .execute(tx.db)?;
            for (id, at) in [("p", Some(now)), ("q", None)] {
                let key = Id::parse(&format!("00000000-0000-7000-8000-0000000000{id}{id}").replace(['p', 'q'], if id == "p" { "1" } else { "2" })).unwrap();
                let sealed = access.seal(tx, parcel::name, &RowKey { person: fresh.id(), id: &key }, &name)?;
                diesel::insert_into(parcel::table)
                    .values((parcel::id.eq(key.as_str()), parcel::person.eq(&me), parcel::name.eq(&sealed), parcel::at.eq(at)))
                    .execute(tx.db)?;
            }
            let key = Id::fresh();
            let sealed = access.seal(tx, deal::name, &RowKey { person: fresh.id(), id: &key }, &name)?;
            diesel::insert_into(deal::table)
                .values((deal::id.eq(key.as_str()), deal::person.eq(&me), deal::name.eq(&sealed), deal::at.eq(Some(now))))
                .execute(tx.db)?;
            diesel::insert_into(deal_line::table)
                .values((deal_line::deal.eq(key.as_str()), deal_line::line.eq(1), deal_line::thing.eq("t")))
                .execute(tx.db)?;
            Ok::<_, Stop<()>>(())
        })
        .unwrap();
    who
}

/// Rows of the basket; parcels with a name; deals with a name; deals of somebody.
fn left(v: &TestVault) -> [usize; 4] {
    let read: Result<_, Failed<()>> = v.vault.data().read_now(|r| {
        let names: Vec<Sealed<parcel::name>> = parcel::table.select(parcel::name).load(r.db)?;
        let deals: Vec<(Sealed<deal::name>, String)> = deal::table.select((deal::name, deal::person)).load(r.db)?;
        let lines: i64 = deal_line::table.count().get_result(r.db)?;
        assert_eq!(lines, 1, "a line stays with its deal");
        let baskets: i64 = basket::table.count().get_result(r.db)?;
        Ok([
            baskets as usize,
            names.iter().filter(|name| !name.is_absent()).count(),
            deals.iter().filter(|(name, _)| !name.is_absent()).count(),
            deals.iter().filter(|(_, person)| person != NOBODY).count(),
        ])
    });
    read.unwrap()
}

/// 5.1-a.1, 5.1-a.2: nothing before its day, all of it after, by the longest term of its purposes, and once.
#[test]
fn each_row_ends_with_its_longest_term() {
    each_engine(
        || vec![vault::policy::migrations()],
        |v| {
            filled(&v);
            let run = || retention::run(&v.vault, &parts()).unwrap();
            let move_by = |days: i64| v.vault.data().move_clock(days * DAY).unwrap();
            assert_eq!(run(), []);
            move_by(185);
            assert_eq!(run(), []);
            assert_eq!(left(&v), [1, 2, 1, 1]);
            // Six months: the delivered parcel, and not the deal, which another purpose keeps for three years.
            move_by(2);
            assert_eq!(run().len(), 1);
            assert_eq!(left(&v), [1, 1, 1, 1]);
            // Twelve months.
            move_by(186);
            assert_eq!(run().len(), 1);
            assert_eq!(left(&v), [0, 1, 1, 1]);
            // Three years: the bytes and the link; the parcel that never arrived is still under way.
            move_by(1_098 - 373 - 1);
            run();
            assert_eq!(left(&v), [0, 1, 1, 1]);
            move_by(2);
            assert!(run().iter().any(|ended| ended.table == "deal" && ended.rows == 1));
            assert_eq!(left(&v), [0, 1, 0, 0]);
            assert_eq!(run(), []);
        },
    );
}

/// 4.1: the record of readings goes after its term by whole blocks, and what is left of it still verifies.
#[test]
fn the_ledgers_old_bodies_go_and_the_chain_holds() {
    each_engine(
        || vec![vault::policy::migrations()],
        |v| {
            filled(&v);
            v.vault.data().write_now(|tx| vault::ledger::index_some::<()>(tx, 100)).unwrap();
            v.vault.data().move_clock(1_099 * DAY).unwrap();
            retention::run(&v.vault, &parts()).unwrap();
            let verified = v
                .vault
                .data()
                .read_now(|r| db::ledger::verify(r.db).map_err(|broken| Stop::<String>::Refused(broken.to_string())));
            verified.unwrap();
        },
    );
}
