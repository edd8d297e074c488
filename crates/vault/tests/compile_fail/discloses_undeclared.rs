//! A field goes to nobody whom the policy does not name (3.1.1-a.1).
include!("declared.rs");

fn give(read: &mut db::Read, name: &vault::Personal<ConsigneeName, KeepAddressBook>) {
    let _ = name.disclose::<Courier>(read);
}
