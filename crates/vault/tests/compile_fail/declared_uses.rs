//! What the other cases do wrongly, done rightly: it compiles.
include!("declared.rs");

use diesel::prelude::*;

record! { visitor (id) of [], keep [] since id, refers [] {
    id: Text = "random id";
    name: Text = "a name that the shop gave to its door";
} }

fn keep(
    access: &vault::Access<KeepAddressBook>,
    tx: &mut db::Tx,
    row: &vault::RowKey,
    name: &policy::Entered<ConsigneeName>,
) {
    let _ = access.seal(tx, address::name, row, name);
}

fn load(db: &mut db::Db) -> QueryResult<Vec<vault::Sealed<address::name>>> {
    address::table.select(address::name).load(db)
}

fn give(
    access: &vault::Access<KeepAddressBook>,
    read: &mut db::Read,
    row: &vault::RowKey,
    name: &vault::Sealed<address::name>,
) -> String {
    let name = name.open(access, read, row).unwrap();
    let _ = name.disclose::<LogisticsPlatform>(read);
    println!("{}", name.masked().as_str());
    serde_json::to_string(&name.written()).unwrap()
}
