//! Shops and goods. The goods are nobody's personal data; who stands behind a shop is (2.1.3-c.S1).

use ::policy::fields::*;
use ::policy::recipients::*;
use ::policy::{Purpose, PurposeInfo, RecordInfo, purpose, record};

purpose! { QualifySeller {
    section "2.1.3", basis LegalObligation by "E-commerce Law 10, 15, 27" / "《电子商务法》第10、15、27条",
    says "We check and file who a seller is, and show a shop's contact to buyers." / "我们核验并登记卖家主体信息，并向买家公示店铺联系方式。",
    requires [LegalRepName, StoreContactName, StoreContactPhone, SettlementAccount], accepts [], reads [MemberName],
    discloses [TaxAuthority(LegalRepName), Public(StoreContactName, StoreContactPhone)],
    roles [Own, Seller, IdentityDesk, Finance, Operator],
    keep [RoleEnded + 3 Years => Shred],
    refusal "No shop can be opened without it; buying is not touched." / "不提供则无法开店，不影响购买。",
} }

record! {
    /// A shop, with its public face.
    shop (id) of [owner keep], keep [QualifySeller] since closed_at, refers [owner -> person] {
        id: Text = "random id";
        owner: Text = "random id of the member";
        state: Text = "applied, open, refused, paused or closed";
        name_en: Text = "name of the business";
        name_zh: Text = "name of the business";
        intro_en: Text = "what the shop says of itself";
        intro_zh: Text = "what the shop says of itself";
        place_en: Text = "town it sends from";
        place_zh: Text = "town it sends from";
        contact_name: Text => StoreContactName;
        contact_phone: Text => StoreContactPhone;
        freight: BigInt = "freight of one order, minor units";
        freight_free_from: MaybeBigInt = "goods amount from which freight is free, minor units";
        ships_within_hours: BigInt = "promise of the shop";
        since_year: BigInt = "year from which the shop trades";
        applied_at: BigInt = "when it applied";
        decided_at: MaybeBigInt = "when the operator decided";
        decision: Text = "reason of a refusal or pause";
        closed_at: MaybeBigInt = "when it closed";
        version: BigInt = "counts changes";
    }
}

record! {
    /// Who stands behind a shop: filed for the law, opened for nothing else. The named representative may be somebody
    /// other than the member: a person of their own (9-f).
    qualification (shop) of [owner shred, representative shred], keep [QualifySeller] since ended_at, refers [shop -> shop] {
        shop: Text = "random id";
        owner: Text = "random id of the member";
        representative: Text = "random id of the legal representative";
        representative_name: sealed LegalRepName of representative under Settlement;
        settlement_account: sealed SettlementAccount of owner under Settlement;
        filed_at: BigInt = "when it was filed";
        ended_at: MaybeBigInt = "when the role ended";
    }
}

record! {
    category (id) of [], keep [] since sort, refers [] {
        id: Text = "key of the category";
        parent: MaybeText = "key of the parent";
        name_en: Text = "name";
        name_zh: Text = "name";
        sort: BigInt = "order among siblings";
    }
}

record! {
    product (id) of [], keep [] since listed_at, refers [shop -> shop, category -> category] {
        id: Text = "random id";
        shop: Text = "random id of the shop";
        reference: MaybeText = "the seller's own number of the product";
        category: Text = "key of the category";
        state: Text = "listed or down";
        title_en: Text = "title";
        title_zh: Text = "title";
        text_en: Text = "description";
        text_zh: Text = "description";
        unit_one: Text = "unit of trade, singular";
        unit_many: Text = "unit of trade, plural";
        unit_zh: Text = "unit of trade";
        axis_en: Text = "what the variants differ in";
        axis_zh: Text = "what the variants differ in";
        attributes: Text = "JSON list of [name en, name zh, value en, value zh]";
        minimum: BigInt = "minimum order quantity, all variants together";
        price_low: BigInt = "lowest tier price, minor units";
        price_high: BigInt = "highest tier price, minor units";
        picture: MaybeText = "content hash of the first picture, card size";
        sold: BigInt = "units sold, all buyers together";
        listed_at: MaybeBigInt = "when it was first listed";
        changed_at: BigInt = "last change";
        version: BigInt = "counts changes";
    }
}

record! {
    variant (product, id) of [], keep [] since changed_at, refers [product -> product] {
        product: Text = "random id of the product";
        id: Text = "random id";
        sku: Text = "the seller's own number";
        name_en: Text = "name";
        name_zh: Text = "name";
        surcharge: BigInt = "added to the tier price, minor units";
        stock: BigInt = "units that can be sold";
        held: BigInt = "units that open orders hold, all buyers together";
        sort: BigInt = "order in the table";
        gone: Bool = "no longer offered";
        changed_at: BigInt = "last change";
    }
}

record! {
    /// From so many units of a product on, all variants together, a unit costs this.
    price_tier (product, from_quantity) of [], keep [] since from_quantity, refers [product -> product] {
        product: Text = "random id of the product";
        from_quantity: BigInt = "units";
        price: BigInt = "minor units";
    }
}

record! {
    picture (product, place) of [], keep [] since place, refers [product -> product] {
        product: Text = "random id of the product";
        place: BigInt = "order of the pictures";
        blob: Text = "content hash of the large size";
        small: Text = "content hash of the card size";
        width: BigInt = "pixels of the large size";
        height: BigInt = "pixels of the large size";
    }
}

record! {
    /// A picture that a product stood on lists with and does not any more. Orders that were placed then go on showing
    /// it, for as long as they are kept, so it has no term of its own.
    former_picture (small) of [], keep [] since small, refers [product -> product] {
        small: Text = "content hash of the card size";
        product: Text = "random id of the product";
    }
}

record! {
    /// A spreadsheet that a seller has uploaded: what was found in it, and how far it has come. It goes with its files
    /// seven days after its last step ([`crate::bulk::KEPT`]).
    goods_import (shop, id) of [], keep [] since changed_at, refers [shop -> shop] {
        shop: Text = "random id of the shop";
        id: Text = "random id";
        state: Text = "checking, checked, importing, done, cancelled or lost";
        sheet: Text = "content hash of the table";
        archive: MaybeText = "content hash of the archive of pictures";
        rows_read: BigInt = "rows of the table";
        products: BigInt = "products in the table";
        done: BigInt = "products that were looked at, or imported";
        fresh: BigInt = "of them new";
        changed: BigInt = "of them changed";
        same: BigInt = "of them as they were";
        faulty: BigInt = "of them left out";
        mistakes: BigInt = "mistakes found";
        partial: Bool = "whether the faulty ones are left out and the others imported";
        preview: Text = "JSON: how the first products will look";
        findable_from: MaybeBigInt = "position in the outbox at which the search index has all of it";
        made_at: BigInt = "when it was uploaded";
        changed_at: BigInt = "last step";
    }
}

record! {
    import_mistake (import, place, sort) of [], keep [] since sort, refers [] {
        import: Text = "random id of the import";
        place: BigInt = "number of the product in the table";
        sort: BigInt = "order";
        line: BigInt = "row of the table";
        cell_of: Text = "column of the table";
        cell: Text = "what stood there, shortened";
        message: Text = "JSON: key and arguments of what is said about it";
    }
}

diesel::joinable!(product -> shop (shop));
diesel::joinable!(product -> category (category));
diesel::joinable!(variant -> product (product));
diesel::joinable!(price_tier -> product (product));
diesel::joinable!(picture -> product (product));
diesel::joinable!(qualification -> shop (shop));
diesel::allow_tables_to_appear_in_same_query!(shop, qualification, category, product, variant, price_tier, picture);

pub const PURPOSES: &[&PurposeInfo] = &[&QualifySeller::INFO];
pub const RECORDS: &[&RecordInfo] = &[
    &shop::table::RECORD,
    &qualification::table::RECORD,
    &category::table::RECORD,
    &product::table::RECORD,
    &variant::table::RECORD,
    &price_tier::table::RECORD,
    &picture::table::RECORD,
    &former_picture::table::RECORD,
    &goods_import::table::RECORD,
    &import_mistake::table::RECORD,
];

/// This crate's part of the house.
pub const PART: vault::Part = vault::Part { name: "catalogue", purposes: PURPOSES, records: RECORDS, migrations };

const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations");

pub fn migrations() -> db::Migrations {
    db::Migrations { name: "catalogue", source: MIGRATIONS }
}

// The head of every page asks for a person's shop.
use vault::policy::person;
db::meet!(shop, person);
