//! Part 2.3 of the policy: cart, orders, payment, logistics, settlement; 3.5-1 and 5.1 where they concern a trade.

use ::policy::fields::*;
use ::policy::recipients::*;
use ::policy::{Purpose, PurposeInfo, RecordInfo, purpose, record};

purpose! { KeepCart {
    section "2.3.1", basis Contract,
    says "We keep what you put in the cart." / "我们保存您加入进货单的商品。",
    requires [CartItem], accepts [], reads [],
    discloses [], roles [Own, Buyer],
    keep [Removed + 0 Days => Delete, Logged + 12 Months => Delete],
    refusal "You can empty it at any time." / "您可随时清空。",
} }

purpose! { CartReminders {
    section "2.3.1", basis Consent,
    says "If you agree, we tell you of lower prices of what is in your cart." / "经您同意，我们提醒您进货单中商品的降价。",
    requires [], accepts [], reads [CartItem],
    discloses [], roles [Own, Job],
    keep [Withdrawn + 0 Days => Delete],
    refusal "The cart works without reminders." / "不同意不影响进货单的使用。",
} }

purpose! { KeepAddressBook {
    section "2.3.2", basis Consent,
    says "If you save addresses, you need not type them again." / "如您保存地址，下次无需再次填写。",
    requires [ConsigneeName, ConsigneeAddress, ConsigneePhone], accepts [ConsigneeAltPhone], reads [],
    discloses [], roles [Own, Buyer],
    keep [Removed + 0 Days => Delete, Withdrawn + 0 Days => Delete],
    refusal "You type the address for each order." / "不同意时，每次下单需填写地址。",
} }

purpose! {
    /// Reads the chosen address of the book as well; a different purpose collected it.
    PlaceOrder {
    section "2.3.2", basis Contract,
    says "To deliver your order we need the consignee's name, address and telephone." / "为完成订单配送，我们需要收货人姓名、地址和电话。",
    requires [ConsigneeName, ConsigneeAddress, ConsigneePhone, OrderNumber, OrderContent, OrderCreatedAt, AmountDue],
    accepts [ConsigneeAltPhone, DeliveryTime, OrderNote], reads [CartItem],
    discloses [], roles [Own, Buyer, Job],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "No delivery without them." / "不提供则无法配送。",
} }

purpose! { OrderForOthers {
    section "2.3.2", basis Contract,
    says "If you order for another person or keep their address, you assure us that they agree." / "为他人下单或保存他人地址时，您需确保已取得对方同意。",
    requires [ConsentAssurance], accepts [], reads [ConsigneeName, ConsigneeAddress, ConsigneePhone],
    discloses [], roles [Own, Buyer],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "The other person may ask, correct and delete without an account." / "对方无需账号即可查询、更正、删除其信息。",
} }

purpose! { ManageOrders {
    section "2.3.2", basis Contract,
    says "We show you your orders so that you can look them up and manage them." / "我们向您展示订单，便于查询和管理。",
    requires [], accepts [],
    reads [OrderNumber, OrderContent, OrderCreatedAt, AmountDue, OrderNote, DeliveryTime, ConsigneeName, ConsigneeAddress,
        ConsigneePhone, ConsigneeAltPhone, PaymentProgress, DeliveryProgress, WaybillNumber],
    discloses [], roles [Own, Buyer],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "You can hide an order from view." / "您可将订单从列表中隐藏。",
} }

purpose! { FulfilOrderBySeller {
    section "3.5-1", basis Contract,
    says "The seller you chose gets what is needed to deliver and serve your order." / "您选择的卖家获得履约和售后所必需的信息。",
    requires [], accepts [],
    reads [MemberName, OrderNumber, OrderContent, OrderCreatedAt, ConsigneeName, ConsigneeAddress, ConsigneePhone,
        ConsigneeAltPhone, AmountDue, OrderNote, DeliveryTime, PaymentProgress, DeliveryProgress, WaybillNumber],
    discloses [Seller(MemberName, OrderNumber, OrderContent, OrderCreatedAt, ConsigneeName, ConsigneeAddress, ConsigneePhone,
        ConsigneeAltPhone, AmountDue, OrderNote, DeliveryTime, PaymentProgress, DeliveryProgress)],
    roles [Seller],
    keep [OrderCompleted + 90 Days => Restrict],
    refusal "Order from another seller." / "您可选择其他卖家。",
} }

purpose! { TakePayment {
    section "3.1.5-1A", basis Contract,
    says "To pay, the payment company gets the payment's number, amount and a neutral subject." / "为完成支付，支付机构获得支付单号、金额和中性的商品描述。",
    requires [MarketplaceAccountRef, PaymentOrder, PaymentMethod], accepts [], reads [OrderNumber, AmountDue],
    discloses [PaymentProvider(MarketplaceAccountRef, PaymentOrder, AmountDue)],
    roles [Own, Buyer, Finance, Job],
    keep [Settled + 3 Years => Shred],
    refusal "Choose another method of payment." / "您可选择其他支付方式。",
} }

purpose! { ConfirmPayment {
    section "3.1.5-1A", basis Contract,
    says "The payment company tells us how far the payment is." / "支付机构向我们告知支付进度。",
    requires [PaymentProgress], accepts [], reads [PaymentOrder, AmountDue],
    discloses [], roles [Own, Seller, Finance, Arbiter, Job],
    keep [Settled + 3 Years => Shred],
    refusal "It ends with the settlement of the order." / "随订单结算终止。",
} }

purpose! { DeliverGoods {
    section "3.1.5-1B", basis Contract,
    says "The logistics platform and the courier get what the parcel needs." / "物流平台和快递公司获得配送所需信息。",
    requires [ParcelContents, WaybillNumber], accepts [],
    reads [ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, DeliveryTime],
    discloses [
        LogisticsPlatform(ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, DeliveryTime, ParcelContents, WaybillNumber),
        Courier(ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, DeliveryTime, ParcelContents, WaybillNumber),
    ],
    roles [Seller, Logistics, Job],
    keep [Delivered + 6 Months => Shred],
    refusal "Without it the parcel cannot be carried." / "不提供则无法配送。",
} }

purpose! { TrackDelivery {
    section "3.1.5-1B", basis Contract,
    says "The courier tells us how far the parcel is, for you and for disputes." / "快递公司告知配送进度，用于查询和争议处理。",
    requires [DeliveryProgress], accepts [], reads [WaybillNumber],
    discloses [LogisticsPlatform(WaybillNumber)],
    roles [Own, Seller, Arbiter, Job],
    keep [Delivered + 6 Months => Shred],
    refusal "It ends with the delivery." / "随配送完成终止。",
} }

purpose! { SettleWithSeller {
    section "2.3.3", basis Contract,
    says "We pay sellers, keep their statements and take the commission." / "我们向卖家结算、出具账单并收取佣金。",
    requires [BalanceEntry], accepts [], reads [SettlementAccount, AmountDue, OrderNumber],
    discloses [PaymentProvider(SettlementAccount, AmountDue)],
    roles [Seller, Finance, Job],
    keep [Settled + 5 Years => Shred],
    refusal "It ends with the shop's last settlement." / "随店铺最后一笔结算终止。",
} }

purpose! { TellSellersPrograms {
    section "3.5-1", basis Contract,
    says "A seller may have a program of theirs told how an order of their shop goes: its number, its state and its amounts, and no name, telephone or address."
        / "卖家可让自己的程序获知其店铺订单的进展：订单号、状态和金额，不含姓名、电话和地址。",
    requires [], accepts [], reads [OrderNumber, OrderCreatedAt, AmountDue, PaymentProgress, DeliveryProgress],
    discloses [Seller(OrderNumber, OrderCreatedAt, AmountDue, PaymentProgress, DeliveryProgress)],
    roles [Seller, Job],
    keep [Logged + 30 Days => Delete],
    refusal "Order from another seller." / "您可选择其他卖家。",
} }

purpose! { KeepTransactionRecords {
    section "5.1", basis LegalObligation by "E-commerce Law 31" / "《电子商务法》第31条",
    says "The law has us keep goods, service and trade information for three years from completion." / "法律要求商品、服务和交易信息自交易完成之日起保存不少于三年。",
    requires [], accepts [],
    reads [OrderNumber, OrderContent, OrderCreatedAt, AmountDue, PaymentProgress, DeliveryProgress, ConsigneeName, ConsigneeAddress, ConsigneePhone],
    discloses [PublicAuthority(OrderNumber, OrderContent, OrderCreatedAt, AmountDue)],
    roles [Legal, Finance],
    keep [OrderCompleted + 3 Years => Anonymise],
    refusal "After an erasure these are restricted to that duty." / "删除后，仅为履行该法定义务保留。",
} }

record! {
    cart_item (member, product, variant) of [member delete], keep [KeepCart] since changed_at, refers [member -> person] {
        member: Text = "random id";
        product: Text => CartItem;
        variant: Text => CartItem;
        quantity: BigInt => CartItem;
        price_when_added: BigInt => CartItem;
        prices_when_added: Text => CartItem;
        added_at: BigInt => CartItem;
        changed_at: BigInt = "last change";
        chosen: Bool = "ticked for the next checkout";
    }
}

record! {
    /// A kept address. `person` is the member, or a consignee of their own where the address is somebody else's.
    address (member, id) of [member delete, person shred], keep [KeepAddressBook] since changed_at, refers [member -> person] {
        member: Text = "random id";
        id: Text = "random id";
        person: Text = "random id of the consignee";
        name: sealed ConsigneeName of person;
        phone: sealed ConsigneePhone of person;
        alt_phone: sealed ConsigneeAltPhone of person;
        place: sealed ConsigneeAddress of person;
        preferred: Bool = "offered first";
        changed_at: BigInt = "last change";
    }
}

record! {
    /// One press of 'place order': one order for each seller, all or none. The key makes it happen once.
    checkout (buyer, id) of [buyer keep], keep [PlaceOrder, TakePayment] since placed_at, refers [buyer -> person] {
        buyer: Text = "random id";
        id: Text = "random id";
        once: Text = "idempotency key of the form";
        content: Text = "keyed hash of what the form said, bound to buyer and key";
        placed_at: BigInt => OrderCreatedAt;
        amount: BigInt => AmountDue;
    }
}

record! {
    purchase_order (id) of [buyer keep], keep [PlaceOrder, ManageOrders, KeepTransactionRecords] since completed_at,
      refers [buyer -> person, shop -> shop] {
        id: Text = "random id";
        number: Text => OrderNumber;
        buyer: Text = "random id";
        shop: Text = "random id";
        checkout: Text = "random id";
        state: Text = "placed, paid, shipped, received, completed, cancelled, closed or refunded";
        goods_amount: BigInt => AmountDue;
        freight_amount: BigInt => AmountDue;
        total: BigInt => AmountDue;
        currency: Text = "ISO 4217";
        note: sealed OrderNote of buyer under Trade;
        wished_time: sealed DeliveryTime of buyer under Trade;
        placed_at: BigInt => OrderCreatedAt;
        pay_until: BigInt = "when an unpaid order closes";
        paid_at: MaybeBigInt => PaymentProgress;
        shipped_at: MaybeBigInt => DeliveryProgress;
        received_at: MaybeBigInt => DeliveryProgress;
        confirm_until: MaybeBigInt = "when receipt counts as confirmed";
        completed_at: MaybeBigInt = "when the trade was completed, cancelled, closed or refunded";
        hidden: Bool = "hidden from the buyer's view";
        version: BigInt = "counts changes of state";
    }
}

record! {
    order_line (of_order, line) of [], keep [PlaceOrder] since line, refers [of_order -> purchase_order] {
        of_order: Text = "random id";
        line: BigInt = "number of the line";
        product: Text => OrderContent;
        variant: Text => OrderContent;
        sku: Text => OrderContent;
        title_en: Text => OrderContent;
        title_zh: Text => OrderContent;
        variant_en: Text => OrderContent;
        variant_zh: Text => OrderContent;
        unit_one: Text = "unit of trade";
        unit_many: Text = "unit of trade";
        unit_zh: Text = "unit of trade";
        picture: MaybeText = "blob";
        quantity: BigInt => OrderContent;
        unit_price: BigInt => OrderContent;
        amount: BigInt => AmountDue;
        commission_rate: BigInt = "hundredths of a percent, frozen at placement";
        commission: BigInt = "minor units, frozen at placement";
    }
}

record! {
    /// Who receives the goods of one order. `person` is the buyer, or somebody else with keys of their own.
    consignee (person, id) of [person shred], keep [PlaceOrder, KeepTransactionRecords] since completed_at,
      refers [of_order -> purchase_order] {
        person: Text = "random id";
        id: Text = "random id";
        of_order: Text = "random id";
        name: sealed ConsigneeName of person under Trade;
        phone: sealed ConsigneePhone of person under Trade;
        alt_phone: sealed ConsigneeAltPhone of person under Trade;
        place: sealed ConsigneeAddress of person under Trade;
        completed_at: MaybeBigInt = "when the order was completed";
    }
}

record! {
    /// The buyer's assurance that another person agreed to being the consignee, or to having their address kept (2.3.2-d):
    /// who, when, which words.
    assurance (buyer, id) of [buyer keep], keep [OrderForOthers] since given_at, refers [buyer -> person] {
        buyer: Text = "random id";
        id: Text = "random id";
        consignee: Text = "random id of the other person";
        covers: Text = "order or address_book";
        words: sealed ConsentAssurance of buyer under Trade;
        given_at: BigInt = "when it was given";
    }
}

record! {
    /// One payment pays all orders of one checkout.
    payment (id) of [buyer keep], keep [TakePayment, ConfirmPayment] since settled_at, refers [buyer -> person] {
        id: Text = "random id";
        number: Text => PaymentOrder;
        buyer: Text = "random id";
        checkout: Text = "random id";
        account_ref: Text => MarketplaceAccountRef;
        method: Text => PaymentMethod;
        amount: BigInt => PaymentOrder;
        currency: Text = "ISO 4217";
        state: Text => PaymentProgress;
        provider_number: MaybeText => PaymentProgress;
        begun_at: BigInt => PaymentOrder;
        paid_at: MaybeBigInt => PaymentProgress;
        settled_at: MaybeBigInt = "when nothing of it is held any more";
        version: BigInt = "counts changes";
    }
}

record! {
    /// Money on its way back: before shipping, or where it was paid too late.
    refund (id) of [], keep [ConfirmPayment] since made_at, refers [of_payment -> payment] {
        id: Text = "random id, the provider's request number";
        of_payment: Text = "random id";
        of_order: MaybeText = "random id";
        amount: BigInt => PaymentProgress;
        state: Text => PaymentProgress;
        made_at: BigInt = "when it was asked";
        done_at: MaybeBigInt = "when the provider confirmed it";
        why: Text = "the provider's code of a refusal";
    }
}

record! {
    /// The journal of double entry: every entry's postings sum to zero. A thing has one entry of a kind, so that no
    /// event is booked twice.
    journal_entry (id) of [], keep [SettleWithSeller] since at, refers [] {
        id: Text = "random id";
        kind: Text = "paid, released, refunded, paid_out, payout_failed";
        about: Text = "random id of the order, payment, refund or payout";
        at: BigInt = "when";
    }
}

record! {
    posting (entry, line) of [], keep [SettleWithSeller] since line, refers [entry -> journal_entry] {
        entry: Text = "random id";
        line: BigInt = "number of the line";
        account: Text = "provider, held, seller, commission or paid_out";
        shop: MaybeText = "random id of the shop whose trade it is";
        amount: BigInt => BalanceEntry;
        currency: Text = "ISO 4217";
    }
}

record! {
    payout (id) of [], keep [SettleWithSeller] since done_at, refers [shop -> shop] {
        id: Text = "random id, the provider's request number";
        shop: Text = "random id";
        amount: BigInt => BalanceEntry;
        currency: Text = "ISO 4217";
        state: Text = "asked, done or failed";
        made_at: BigInt = "when it was asked";
        done_at: MaybeBigInt = "when the provider confirmed it";
        provider_number: MaybeText = "the provider's number";
        why: Text = "the provider's reason of a failure";
    }
}

record! {
    shipment (of_order, id) of [person shred], keep [DeliverGoods, TrackDelivery] since delivered_at,
      refers [of_order -> purchase_order] {
        of_order: Text = "random id";
        id: Text = "random id; the parcel's reference given to the logistics platform";
        person: Text = "random id of the consignee";
        carrier: Text = "code of the courier";
        waybill: sealed WaybillNumber of person under Trade;
        contents: sealed ParcelContents of person under Trade;
        state: Text => DeliveryProgress;
        sort_code: Text = "mark by which depots sort";
        why: Text = "the platform's code of a refusal";
        made_at: BigInt = "when the waybill was asked for";
        heard_at: BigInt = "when the platform was last heard or asked";
        delivered_at: MaybeBigInt = "when the courier delivered";
    }
}

record! {
    tracking_event (of_shipment, id) of [], keep [TrackDelivery] since at, refers [] {
        of_shipment: Text = "random id";
        id: Text = "the platform's id of the event";
        at: BigInt => DeliveryProgress;
        state: Text => DeliveryProgress;
        place: Text => DeliveryProgress;
        received_at: BigInt = "when it reached us";
    }
}

record! {
    /// The nightly comparison of our books with the payment company's (5.1-a.2), one row a day in China.
    book_check (day) of [], keep [] since checked_at, refers [] {
        day: Text = "date";
        checked_at: BigInt = "when";
        lines: BigInt = "lines compared";
        trial_balance: BigInt = "sum of all postings, zero";
        differences: Text = "JSON list of what differs: numbers and amounts";
    }
}

record! {
    /// Where a seller's program wants to be told (`crate::hooks`). It goes when the seller deletes it, or when the shop
    /// has closed.
    hook_endpoint (shop, id) of [], keep [] since made_at, refers [shop -> shop] {
        shop: Text = "random id of the shop";
        id: Text = "random id";
        name: Text = "what the seller calls it; the form asks for a program's name, not a person's";
        url: Text = "technical address of the business's own program, which the seller gave for this, changes and deletes; it is sent to and told to nobody else";
        topics: Text = "which events it wants";
        state: Text = "on, off, failing or gone";
        state_since: BigInt = "when it came into that state";
        secret_number: BigInt = "which of its secrets signs; the secrets come from a key in the key store and lie nowhere";
        secret_since: BigInt = "when that secret was made";
        failing_since: MaybeBigInt = "first failure after the last success";
        delivered_at: MaybeBigInt = "last success";
        tested_at: BigInt = "last test";
        made_at: BigInt = "when it was made";
    }
}

record! {
    /// One event on its way to one endpoint. What is sent is made anew from the order at each try, and kept nowhere.
    hook_delivery (endpoint, id) of [], keep [TellSellersPrograms] since made_at, refers [] {
        endpoint: Text = "random id";
        id: Text = "random id, the webhook-id of every try";
        shop: Text = "random id of the shop";
        topic: Text = "kind of event";
        about: Text = "random id of the order, or of the endpoint that is tested";
        at: BigInt = "when it happened";
        state: Text = "waiting, delivered, failed or missed";
        round: BigInt = "how often it was sent again by hand";
        step: BigInt = "place in the schedule of tries";
        tries: BigInt = "tries so far";
        due_at: BigInt = "next try";
        done_at: MaybeBigInt = "when nothing more was tried";
        made_at: BigInt = "when it was put down";
    }
}

record! {
    hook_try (delivery, number) of [], keep [TellSellersPrograms] since at, refers [] {
        delivery: Text = "random id";
        number: BigInt = "number of the try";
        at: BigInt = "when";
        came: Text = "what came of it, a word of ours";
        status: BigInt = "HTTP status, 0 where none came";
        took_ms: BigInt = "milliseconds";
    }
}

pub const PURPOSES: &[&PurposeInfo] = &[
    &KeepCart::INFO,
    &CartReminders::INFO,
    &KeepAddressBook::INFO,
    &PlaceOrder::INFO,
    &OrderForOthers::INFO,
    &ManageOrders::INFO,
    &FulfilOrderBySeller::INFO,
    &TakePayment::INFO,
    &ConfirmPayment::INFO,
    &DeliverGoods::INFO,
    &TrackDelivery::INFO,
    &SettleWithSeller::INFO,
    &TellSellersPrograms::INFO,
    &KeepTransactionRecords::INFO,
];
pub const RECORDS: &[&RecordInfo] = &[
    &cart_item::table::RECORD,
    &address::table::RECORD,
    &checkout::table::RECORD,
    &purchase_order::table::RECORD,
    &order_line::table::RECORD,
    &consignee::table::RECORD,
    &assurance::table::RECORD,
    &payment::table::RECORD,
    &refund::table::RECORD,
    &journal_entry::table::RECORD,
    &posting::table::RECORD,
    &payout::table::RECORD,
    &shipment::table::RECORD,
    &tracking_event::table::RECORD,
    &book_check::table::RECORD,
    &hook_endpoint::table::RECORD,
    &hook_delivery::table::RECORD,
    &hook_try::table::RECORD,
];

/// This crate's part of the house.
pub const PART: vault::Part = vault::Part { name: "trade", purposes: PURPOSES, records: RECORDS, migrations };

const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations");

pub fn migrations() -> db::Migrations {
    db::Migrations { name: "trade", source: MIGRATIONS }
}
