//! A purpose that the policy does not let read a field cannot open it (2.1.3-b.5, 2.2.1-a.4).
include!("declared.rs");

fn banner(
    access: &vault::Access<ShowBanners>,
    read: &mut db::Read,
    row: &vault::RowKey,
    name: &vault::Sealed<address::name>,
) {
    let _ = name.open(access, read, row);
}
