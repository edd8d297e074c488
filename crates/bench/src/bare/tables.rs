//! The tables that a checkout writes, as the migrations make them, with bytes where the marketplace has sealed values.

diesel::table! {
    checkout (buyer, id) {
        buyer -> Text, id -> Text, once -> Text, content -> Text, placed_at -> BigInt, amount -> BigInt,
    }
}
diesel::table! {
    purchase_order (id) {
        id -> Text, number -> Text, buyer -> Text, shop -> Text, checkout -> Text, state -> Text,
        goods_amount -> BigInt, freight_amount -> BigInt, total -> BigInt, currency -> Text,
        note -> Binary, wished_time -> Binary, placed_at -> BigInt, pay_until -> BigInt,
        hidden -> Bool, version -> BigInt,
    }
}
diesel::table! {
    order_line (of_order, line) {
        of_order -> Text, line -> BigInt, product -> Text, variant -> Text, sku -> Text,
        title_en -> Text, title_zh -> Text, variant_en -> Text, variant_zh -> Text,
        unit_one -> Text, unit_many -> Text, unit_zh -> Text, picture -> Nullable<Text>,
        quantity -> BigInt, unit_price -> BigInt, amount -> BigInt, commission_rate -> BigInt, commission -> BigInt,
    }
}
diesel::table! {
    consignee (person, id) {
        person -> Text, id -> Text, of_order -> Text, name -> Binary, phone -> Binary, alt_phone -> Binary,
        place -> Binary,
    }
}
diesel::table! {
    cart_item (member, product, variant) {
        member -> Text, product -> Text, variant -> Text, quantity -> BigInt, price_when_added -> BigInt,
        prices_when_added -> Text,
        added_at -> BigInt, changed_at -> BigInt, chosen -> Bool,
    }
}
diesel::table! {
    variant (product, id) { product -> Text, id -> Text, stock -> BigInt, gone -> Bool, }
}
