//! The bytes of one column do not load as those of another.
include!("declared.rs");

use diesel::prelude::*;

fn load(db: &mut db::Db) -> QueryResult<Vec<vault::Sealed<address::name>>> {
    address::table.select(address::phone).load(db)
}
