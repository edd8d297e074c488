// What the cases beside this file use, rightly or wrongly: two purposes and a record.
use policy::fields::*;
use policy::recipients::*;
use policy::{purpose, record};

purpose! { KeepAddressBook {
    section "2.3.2", basis Consent,
    says "If you save addresses, you need not type them again." / "如您保存地址,下次无需再次填写。",
    requires [ConsigneeName], accepts [], reads [],
    discloses [LogisticsPlatform(ConsigneeName)], roles [Own],
    keep [Removed + 0 Days => Delete],
    refusal "You type it each time." / "每次填写。",
} }

purpose! { ShowBanners {
    section "2.2.3", basis Consent,
    says "If you agree, we choose banners." / "经您同意,我们选择广告。",
    requires [], accepts [], reads [CartItem],
    discloses [], roles [Job],
    keep [Withdrawn + 0 Days => Delete],
    refusal "Other banners." / "展示一般广告。",
} }

record! { address (person, id) of [person delete], keep [KeepAddressBook] since at, refers [] {
    person: Text = "random id"; id: Text = "random id";
    name: sealed ConsigneeName of person;
    phone: sealed ConsigneePhone of person;
    at: BigInt = "when";
} }

fn main() {}
