//! An opened value cannot be serialised into a cache, a queue or an answer (5.3.1-a.1).
include!("declared.rs");

fn queue(name: &vault::Personal<ConsigneeName, KeepAddressBook>) -> String {
    serde_json::to_string(name).unwrap()
}
