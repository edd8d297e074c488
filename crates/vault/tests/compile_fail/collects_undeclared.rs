//! A field that the purpose does not ask for cannot be collected (2-a.S2).
include!("declared.rs");

fn keep(
    access: &vault::Access<KeepAddressBook>,
    tx: &mut db::Tx,
    row: &vault::RowKey,
    phone: &policy::Entered<ConsigneePhone>,
) {
    let _ = access.seal(tx, address::phone, row, phone);
}
