//! SQL types: a sealed column on both engines and through the enum over them.

use std::convert::Infallible;
use std::marker::PhantomData;

use db::testing::each_engine_with;
use db::{Failed, Id, NotAnId};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Binary;

use crate::THINGS;

mod sealed_thing {
    diesel::table! {
        use db::sql::*;
        use crate::types::Nickname;
        #[sql_name = "thing"]
        things (id) {
            id -> Text,
            name -> Text,
            amount -> BigInt,
            sealed_name -> sealed<Nickname>,
        }
    }
}
use sealed_thing::things;

/// A field's marker, as `policy::fields!` makes them: nothing implemented.
pub struct Nickname;

/// The vault's `Sealed`, in short.
#[derive(Debug, PartialEq, FromSqlRow, AsExpression)]
#[diesel(sql_type = db::sql::sealed<F>)]
struct Sealed<F: 'static> {
    bytes: Vec<u8>,
    field: PhantomData<fn() -> F>,
}

impl<B: Backend, F: 'static> FromSql<db::sql::sealed<F>, B> for Sealed<F>
where
    Vec<u8>: FromSql<Binary, B>,
{
    fn from_sql(raw: B::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Sealed { bytes: Vec::<u8>::from_sql(raw)?, field: PhantomData })
    }
}

impl<B: Backend, F: 'static + std::fmt::Debug> ToSql<db::sql::sealed<F>, B> for Sealed<F>
where
    Vec<u8>: ToSql<Binary, B>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> serialize::Result {
        self.bytes.to_sql(out)
    }
}

impl std::fmt::Debug for Nickname {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nickname")
    }
}

#[test]
fn sealed_bytes_go_in_and_come_out_through_the_enum_and_each_engine() {
    each_engine_with(THINGS, |test| {
        let bytes = vec![0, 1, 2, 255, 0];
        let wanted = bytes.clone();
        let written: Result<Id, Failed<Infallible>> = test.db.write_now(move |tx| {
            let id = tx.id();
            let sealed = Sealed::<Nickname> { bytes: bytes.clone(), field: PhantomData };
            diesel::insert_into(things::table)
                .values((
                    things::id.eq(&id),
                    things::name.eq("a"),
                    things::amount.eq(1),
                    things::sealed_name.eq(&sealed),
                ))
                .execute(tx.db)?;
            let other = tx.id();
            db::on_each!(tx.db, conn => diesel::insert_into(things::table)
                .values(vec![(things::id.eq(&other), things::name.eq("b"), things::amount.eq(1), things::sealed_name.eq(&sealed))])
                .on_conflict_do_nothing()
                .execute(conn))?;
            Ok(id)
        });
        let id = written.expect("written");
        let read: Result<Vec<Sealed<Nickname>>, Failed<Infallible>> =
            test.db.read_now(|read| Ok(things::table.select(things::sealed_name).order(things::name).load(read.db)?));
        let read = read.expect("read");
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|sealed| sealed.bytes == wanted));
        let id_back: Result<Id, Failed<Infallible>> = test
            .db
            .read_now(|read| Ok(things::table.filter(things::name.eq("a")).select(things::id).first(read.db)?));
        assert_eq!(id_back.expect("id"), id);
    });
}

#[test]
fn ids_parse_only_what_they_print() {
    let id = Id::fresh();
    assert_eq!(Id::parse(id.as_str()), Ok(id.clone()));
    assert_eq!(Id::parse(&id.as_str().to_uppercase()), Ok(id.clone()));
    assert_eq!(Id::parse(""), Err(NotAnId));
    assert_eq!(Id::parse("../../../../../../../../../etc/passwd.."), Err(NotAnId));
    assert_eq!(Id::parse(&id.as_str().replace('-', "")), Err(NotAnId));
    let json = serde_json::to_string(&id).expect("json");
    assert_eq!(serde_json::from_str::<Id>(&json).expect("id"), id);
    assert!(serde_json::from_str::<Id>("\"x\"").is_err());
}

#[test]
fn ids_are_in_the_order_of_their_drawing() {
    let ids: Vec<Id> = (0..5_000).map(|_| Id::fresh()).collect();
    assert!(ids.is_sorted());
}
