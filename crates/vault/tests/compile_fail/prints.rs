//! An opened value cannot be printed or logged (5.3.1-a.1).
include!("declared.rs");

fn log(name: &vault::Personal<ConsigneeName, KeepAddressBook>, typed: &policy::Typed, rests: &vault::Sealed<address::name>) {
    println!("{name}");
    println!("{typed}");
    println!("{rests}");
}
