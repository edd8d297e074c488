//! Placing an order (2.3.2): one press makes one order for each seller, all of them or none, and only once.
//!
//! A delivery needs the consignee's name, address and telephone (2.3.2-a.1); another telephone, a wished time and
//! notes are the buyer's choice (2.3.2-a.2). Whoever orders for somebody else assures that they agreed (2.3.2-d.1).

use crate::address::{self, Place};
use crate::cart::{self, AMOUNT_MAX, Cart, Item};
use crate::goods::{self, Goods};
use crate::others::{self, Assured, Covers};
use crate::people::NotReady;
use crate::policy::{PlaceOrder, address as book, checkout, consignee, order_line, purchase_order};
use crate::state::{self, OrderState};
use crate::{Buyer, Refused, Terms};
use catalogue::{Both, stock};
use db::{Id, Scope, Stop, Tx, insert_all, on_each};
use diesel::prelude::*;
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime, OrderNote};
use policy::{Entered, Language, Words};
use vault::keys::{Hasher, Hashing};
use vault::{Access, Fresh, PersonKind, Personal, RowKey, Sealed, Vault};

/// What a buyer who orders for somebody else ticks (2.3.2-d.1). These words are what is recorded.
pub const ASSURANCE: Words = Words {
    en: "The person named as consignee has agreed that I give their name, address and telephone for this delivery.",
    zh: "我已取得收货人同意，为本次配送提供其姓名、地址和电话。",
};

/// Rows of one insert.
const ROWS_MAX: usize = 100;

/// The key of one press of the button: the form draws it when it is shown, a client of the API names its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once(String);

/// Not 16 to 64 letters, digits, `-` or `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

impl Once {
    pub fn draw() -> Once {
        Once(Id::fresh().to_string())
    }

    pub fn parse(text: &str) -> Result<Once, NotAKey> {
        let fits = (16..=64).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            Ok(Once(text.to_owned()))
        } else {
            Err(NotAKey)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the buyer wants the goods.
#[derive(Clone, Debug)]
pub enum Destination {
    /// An address of the buyer's book.
    Kept(Id),
    Own(Place),
    /// To somebody else.
    Another(Place),
}

/// A destination with what the command needs to seal it. Made by [`prepare`].
#[derive(Clone, Debug)]
pub struct Delivery {
    to: To,
    assurance: Option<Assured>,
    hasher: Hasher,
}

#[derive(Clone, Debug)]
enum To {
    Kept(Id),
    Own(Place),
    Another { person: Fresh, place: Place },
}

/// What stands in the checkout form.
#[derive(Clone, Debug)]
pub struct NewOrder {
    pub once: Once,
    /// Minor units, as the page showed it ([`Cart::total`]).
    pub total_seen: i64,
    pub delivery: Delivery,
    pub wished_time: Option<Entered<DeliveryTime>>,
    /// For the seller of that shop only (2.3.2-c.3).
    pub notes: Vec<(Id, Entered<OrderNote>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub checkout: Id,
    pub orders: Vec<PlacedOrder>,
    /// Of all orders together, freight included.
    pub amount: i64,
    pub currency: String,
    pub pay_until: i64,
    /// This very press made it; `false` where it was made before and is only told again.
    pub new: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOrder {
    pub order: Id,
    pub number: String,
    pub shop: Id,
    pub total: i64,
    /// Whether it still waits to be paid.
    pub to_pay: bool,
}

/// The access that [`place_order`] needs, and the delivery as it takes it. `assured`: the language in which the buyer
/// read [`ASSURANCE`] and ticked it.
pub async fn prepare(
    vault: &Vault,
    buyer: &Buyer,
    destination: Destination,
    assured: Option<Language>,
) -> Result<(Access<PlaceOrder>, Delivery), NotReady> {
    let me = buyer.actor();
    let mut people = vec![buyer.member.clone()];
    let mut fresh = None;
    let to = match destination {
        Destination::Kept(id) => {
            let (of, address) = (buyer.clone(), id.clone());
            let other = vault
                .data()
                .read(move |r| {
                    let person = address::person_of(r, &of, &address)?;
                    still_kept(r, &of, &person)?;
                    Ok((person != of.member).then_some(person))
                })
                .await?;
            people.extend(other);
            To::Kept(id)
        }
        Destination::Own(place) => To::Own(place),
        Destination::Another(place) => {
            let person = vault.keys().fresh().await?;
            fresh = Some(person.clone());
            To::Another { person, place }
        }
    };
    let assurance = match assured {
        Some(language) => Some(Assured::prepare(vault, buyer, Covers::Order, ASSURANCE, language).await?),
        None => None,
    };
    let hasher = vault.keys().hasher("trade.checkout").await?;
    let access = vault.access::<PlaceOrder>(&me, &people).await?.and_fresh(&fresh);
    Ok((access, Delivery { to, assurance, hasher }))
}

/// Places the chosen lines of the cart. Refused, with nothing changed, where a line cannot be had, a minimum order is
/// not reached, the total is not the one that the buyer saw, or the assurance for somebody else is missing. The same
/// press again is answered with what it made; another order under its key is refused.
pub fn place_order(
    tx: &mut Tx,
    terms: &Terms,
    buyer: &Buyer,
    access: &Access<PlaceOrder>,
    order: &NewOrder,
) -> Result<Placed, Stop<Refused>> {
    let id = tx.id();
    let content = content(buyer, order);
    if !claim(tx, buyer, &id, order, &content)? {
        return placed_before(tx, buyer, order, &content);
    }
    // Where the order is refused below, they are back.
    let items = cart::take_chosen(tx, buyer)?;
    let goods = goods::load(tx, items.iter().map(|item| &item.product))?;
    let cart = cart::lay_out(&items, &goods, false);
    check(buyer, &items, &goods, &cart, order).map_err(Stop::Refused)?;

    let mut lines: Vec<stock::Line> =
        items.iter().map(|item| (item.product.clone(), item.variant.clone(), item.quantity)).collect();
    stock::take(tx, &mut lines).map_err(|stop| stop.map(|refused| not_taken(refused, &goods)))?;

    let consignee = Consignee::of(tx, buyer, access, &order.delivery)?;
    let pay_until = tx.now + terms.unpaid_closes_after;
    let mut orders = Vec::with_capacity(cart.sellers.len());
    let mut line_rows = Vec::with_capacity(items.len());
    let mut order_rows = Vec::with_capacity(cart.sellers.len());
    let mut consignee_rows = Vec::with_capacity(cart.sellers.len());
    for seller in &cart.sellers {
        let of = tx.id();
        let row = RowKey { person: &buyer.member, id: &of };
        let note = order.notes.iter().find(|(shop, _)| *shop == seller.shop.id).map(|(_, note)| note);
        let number = number(tx.now)?;
        order_rows.push((
            purchase_order::id.eq(of.clone()),
            purchase_order::number.eq(number.clone()),
            purchase_order::buyer.eq(buyer.member.clone()),
            purchase_order::shop.eq(seller.shop.id.clone()),
            purchase_order::checkout.eq(id.clone()),
            purchase_order::state.eq(OrderState::Placed.id()),
            purchase_order::goods_amount.eq(seller.goods_amount),
            purchase_order::freight_amount.eq(seller.freight),
            purchase_order::total.eq(seller.total),
            purchase_order::currency.eq(terms.currency.clone()),
            purchase_order::note.eq(access.seal_optional(tx, purchase_order::note, &row, note)?),
            purchase_order::wished_time.eq(access.seal_optional(
                tx,
                purchase_order::wished_time,
                &row,
                order.wished_time.as_ref(),
            )?),
            purchase_order::placed_at.eq(tx.now),
            purchase_order::pay_until.eq(pay_until),
            purchase_order::hidden.eq(false),
            purchase_order::version.eq(1),
        ));
        let own = tx.id();
        let row = RowKey { person: &consignee.person, id: &own };
        let sealed = consignee.seal(tx, access, &row)?;
        consignee_rows.push((
            consignee::person.eq(consignee.person.clone()),
            consignee::id.eq(own.clone()),
            consignee::of_order.eq(of.clone()),
            consignee::name.eq(sealed.name),
            consignee::phone.eq(sealed.phone),
            consignee::alt_phone.eq(sealed.alt_phone),
            consignee::place.eq(sealed.place),
        ));
        let mut n = 0;
        for of_product in &seller.products {
            let category = goods.product(&of_product.product).map_or("", |product| product.category.as_str());
            let rate = terms.commission(category);
            for line in &of_product.lines {
                let (Some(unit_price), Some(amount)) = (line.unit_price, line.amount) else {
                    return Err(Stop::fault("a line without a price passed the check"));
                };
                n += 1;
                line_rows.push((
                    order_line::of_order.eq(of.clone()),
                    order_line::line.eq(n),
                    order_line::product.eq(of_product.product.clone()),
                    order_line::variant.eq(line.variant.clone()),
                    order_line::sku.eq(line.sku.clone()),
                    order_line::title_en.eq(of_product.title.en.clone()),
                    order_line::title_zh.eq(of_product.title.zh.clone()),
                    order_line::variant_en.eq(line.name.en.clone()),
                    order_line::variant_zh.eq(line.name.zh.clone()),
                    order_line::unit_one.eq(of_product.unit.one.clone()),
                    order_line::unit_many.eq(of_product.unit.many.clone()),
                    order_line::unit_zh.eq(of_product.unit.zh.clone()),
                    order_line::picture.eq(of_product.picture.as_ref().map(|picture| picture.as_str().to_owned())),
                    order_line::quantity.eq(line.quantity),
                    order_line::unit_price.eq(unit_price),
                    order_line::amount.eq(amount),
                    order_line::commission_rate.eq(rate),
                    order_line::commission.eq(commission(amount, rate)),
                ));
            }
        }
        state::tell(tx, OrderState::Placed, &of, &buyer.member, &seller.shop.id);
        orders.push(PlacedOrder { order: of, number, shop: seller.shop.id.clone(), total: seller.total, to_pay: true });
    }
    on_each!(tx.db, c => insert_all!(c, purchase_order::table, order_rows, ROWS_MAX))?;
    on_each!(tx.db, c => insert_all!(c, order_line::table, line_rows, ROWS_MAX))?;
    on_each!(tx.db, c => insert_all!(c, consignee::table, consignee_rows, ROWS_MAX))?;
    let currency = terms.currency.clone();
    Ok(Placed { checkout: id, orders, amount: cart.total, currency, pay_until, new: true })
}

/// Takes the key for this press; `false` where it was taken before. On PostgreSQL a second press waits here until the
/// first is committed or undone. The amount written is the one seen, for any other is refused below.
fn claim(tx: &mut Tx, buyer: &Buyer, id: &Id, order: &NewOrder, content: &str) -> QueryResult<bool> {
    let row = (
        checkout::buyer.eq(&buyer.member),
        checkout::id.eq(id),
        checkout::once.eq(order.once.as_str()),
        checkout::content.eq(content),
        checkout::placed_at.eq(tx.now),
        checkout::amount.eq(order.total_seen),
    );
    let n = on_each!(tx.db, c => diesel::insert_into(checkout::table)
        .values(row)
        .on_conflict((checkout::buyer, checkout::once))
        .do_nothing()
        .execute(c))?;
    Ok(n == 1)
}

/// A keyed hash of what the form said, bound to the buyer and the key: whether a second press says the same can be
/// told, and nothing else. The person of somebody else is new at each press, and not part of it.
fn content(buyer: &Buyer, order: &NewOrder) -> String {
    let place = |hashing: Hashing, place: &Place| {
        let hashing = hashing.entered(&place.name).entered(&place.phone);
        hashing.entered_optional(place.alt_phone.as_ref()).entered(&place.place)
    };
    let hashing = order.delivery.hasher.begin("checkout").text(buyer.member.as_str()).text(order.once.as_str());
    let hashing = hashing.number(order.total_seen);
    let mut hashing = match &order.delivery.to {
        To::Kept(id) => hashing.text("kept").text(id.as_str()),
        To::Own(own) => place(hashing.text("own"), own),
        To::Another { place: other, .. } => place(hashing.text("another"), other),
    };
    hashing = hashing.entered_optional(order.wished_time.as_ref());
    let mut notes: Vec<_> = order.notes.iter().collect();
    notes.sort_by_key(|(shop, _)| shop);
    for (shop, note) in notes {
        hashing = hashing.text(shop.as_str()).entered(note);
    }
    hashing.end()
}

/// What the first press with this key made; a refusal where this one says something else.
fn placed_before(tx: &mut Tx, buyer: &Buyer, order: &NewOrder, content: &str) -> Result<Placed, Stop<Refused>> {
    let (id, before): (Id, String) = checkout::table
        .filter(checkout::buyer.eq(&buyer.member))
        .filter(checkout::once.eq(order.once.as_str()))
        .select((checkout::id, checkout::content))
        .first(tx.db)?;
    let placed = of_checkout(tx, buyer, &id)?;
    // Presses from before the hash was kept are taken for the same.
    if (!before.is_empty() && before != content) || sees_another_cart(tx, buyer, &placed, order.total_seen)? {
        let orders = placed.orders.iter().map(|order| order.number.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Stop::refuse(Refused::SentBefore { orders }));
    }
    Ok(placed)
}

/// Whether the form was made from another cart than the first press took: one of the same total, of other goods. The
/// same press sent again comes when its cart is gone.
fn sees_another_cart(tx: &mut Tx, buyer: &Buyer, placed: &Placed, total_seen: i64) -> Result<bool, Stop<Refused>> {
    let items: Vec<Item> = cart::items(tx, buyer)?.into_iter().filter(|item| item.chosen).collect();
    if items.is_empty() {
        return Ok(false);
    }
    let goods = goods::load(tx, items.iter().map(|item| &item.product))?;
    if cart::lay_out(&items, &goods, false).total != total_seen {
        return Ok(false);
    }
    let orders: Vec<&Id> = placed.orders.iter().map(|order| &order.order).collect();
    let mut bought: Vec<(Id, Id, i64)> = order_line::table
        .filter(order_line::of_order.eq_any(orders))
        .select((order_line::product, order_line::variant, order_line::quantity))
        .load(tx.db)?;
    let mut wanted: Vec<(Id, Id, i64)> =
        items.into_iter().map(|item| (item.product, item.variant, item.quantity)).collect();
    bought.sort();
    wanted.sort();
    Ok(bought != wanted)
}

db::meet!(checkout, purchase_order);

/// The orders of one checkout, for the page after the button and for the cashier.
pub fn of_checkout(scope: &mut impl Scope, buyer: &Buyer, id: &Id) -> Result<Placed, Stop<Refused>> {
    type OfAll = (String, i64, i64);
    let query = checkout::table
        .inner_join(purchase_order::table.on(purchase_order::checkout.eq(checkout::id)))
        .filter(checkout::buyer.eq(&buyer.member))
        .filter(checkout::id.eq(id))
        .filter(purchase_order::buyer.eq(&buyer.member))
        .order(purchase_order::id)
        .select((
            purchase_order::id,
            purchase_order::number,
            purchase_order::shop,
            purchase_order::total,
            purchase_order::state,
            (purchase_order::currency, purchase_order::pay_until, checkout::amount),
        ));
    let rows: Vec<(Id, String, Id, i64, String, OfAll)> = on_each!(scope.db(), c => query.load(c))?;
    // No checkout is without orders.
    let of_all = rows.first().map(|row| row.5.clone());
    let (currency, pay_until, amount) = of_all.ok_or(Stop::Refused(Refused::NoSuchOrder))?;
    let orders = rows.into_iter().map(|(order, number, shop, total, state, _)| {
        let to_pay = state == OrderState::Placed.id();
        PlacedOrder { order, number, shop, total, to_pay }
    });
    let orders = orders.collect();
    Ok(Placed { checkout: id.clone(), orders, amount, currency, pay_until, new: false })
}

fn check(buyer: &Buyer, items: &[Item], goods: &Goods, cart: &Cart, order: &NewOrder) -> Result<(), Refused> {
    if items.is_empty() {
        return Err(Refused::NothingChosen);
    }
    for item in items {
        let Some((product, _)) = goods.offered(&item.product, &item.variant) else {
            let title = goods.product(&item.product).map(|product| product.title.clone());
            return Err(Refused::NotOffered { title });
        };
        if product.seller == buyer.member {
            return Err(Refused::OwnShop { title: product.title.clone() });
        }
    }
    for product in cart.sellers.iter().flat_map(|seller| &seller.products) {
        if product.missing > 0 {
            let (title, minimum, quantity) = (product.title.clone(), product.minimum, product.quantity);
            return Err(Refused::BelowMinimum { title, minimum, quantity });
        }
        if product.lines.iter().any(|line| line.amount.is_none()) {
            return Err(Refused::TooMuch);
        }
    }
    if cart.total > AMOUNT_MAX {
        return Err(Refused::TooMuch);
    }
    if cart.total != order.total_seen {
        return Err(Refused::PriceChanged { seen: order.total_seen, now: cart.total });
    }
    if order.notes.iter().any(|(shop, _)| !cart.sellers.iter().any(|seller| seller.shop.id == *shop)) {
        return Err(Refused::NoteToNobody);
    }
    Ok(())
}

/// The catalogue's refusal in the words of an order.
fn not_taken(refused: catalogue::Refused, goods: &Goods) -> Refused {
    let title = |product: &Id| goods.product(product).map(|product| product.title.clone());
    match refused {
        catalogue::Refused::Short { product, variant, left } => Refused::Short {
            title: title(&product).unwrap_or_default(),
            variant: name_of(goods, &product, &variant),
            left,
        },
        catalogue::Refused::NotOffered { product, .. } => Refused::NotOffered { title: title(&product) },
        _ => Refused::NotOffered { title: None },
    }
}

fn name_of(goods: &Goods, product: &Id, variant: &Id) -> Both {
    let variant = goods.product(product).and_then(|product| product.variant(variant));
    variant.map(|variant| variant.name.clone()).unwrap_or_default()
}

/// Minor units, rounded down: what does not divide is the seller's.
pub(crate) fn commission(amount: i64, rate: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(rate) / 10_000;
    // A rate is at most the whole: the result is no larger than the amount.
    i64::try_from(exact).unwrap_or(amount).clamp(0, amount.max(0))
}

/// `26-7K3Q-M2XD-9F4T`: the year, and sixty bits that say nothing of anybody and cannot be guessed (2.3.2-c.1).
fn number(now: i64) -> Result<String, Stop<Refused>> {
    // Without the letters that are read for digits, and without U.
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let at = jiff::Timestamp::from_microsecond(now).map_err(|_| Stop::fault("the clock stands outside all years"))?;
    let year = jiff::tz::Offset::UTC.to_datetime(at).year();
    let mut random = [0u8; 12];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Stop::fault("the system gives no random bytes"))?;
    let mut number = format!("{:02}", year.rem_euclid(100));
    for (i, byte) in random.iter().enumerate() {
        if i % 4 == 0 {
            number.push('-');
        }
        number.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    Ok(number)
}

// --- the consignee ----------------------------------------------------------------------------------------------

/// Who receives the goods of all orders of one checkout, ready to be sealed into each.
struct Consignee<'o> {
    person: Id,
    values: Values<'o>,
}

enum Values<'o> {
    Typed(&'o Place),
    Opened {
        name: Personal<ConsigneeName, PlaceOrder>,
        phone: Personal<ConsigneePhone, PlaceOrder>,
        alt_phone: Option<Personal<ConsigneeAltPhone, PlaceOrder>>,
        place: Personal<ConsigneeAddress, PlaceOrder>,
    },
}

struct SealedConsignee {
    name: Sealed<consignee::name>,
    phone: Sealed<consignee::phone>,
    alt_phone: Sealed<consignee::alt_phone>,
    place: Sealed<consignee::place>,
}

impl<'o> Consignee<'o> {
    fn of(
        tx: &mut Tx,
        buyer: &Buyer,
        access: &Access<PlaceOrder>,
        delivery: &'o Delivery,
    ) -> Result<Consignee<'o>, Stop<Refused>> {
        Ok(match &delivery.to {
            To::Own(place) => Consignee { person: buyer.member.clone(), values: Values::Typed(place) },
            To::Another { person, place } => {
                assure(tx, buyer, person.id(), delivery)?;
                person.begin(tx, PersonKind::Other)?;
                Consignee { person: person.id().clone(), values: Values::Typed(place) }
            }
            To::Kept(id) => {
                let kept = Consignee::kept(tx, buyer, access, id)?;
                if kept.person != buyer.member {
                    assure(tx, buyer, &kept.person, delivery)?;
                }
                kept
            }
        })
    }

    /// The chosen address of the buyer's book; nobody else's book is looked at.
    fn kept(
        tx: &mut Tx,
        buyer: &Buyer,
        access: &Access<PlaceOrder>,
        id: &Id,
    ) -> Result<Consignee<'static>, Stop<Refused>> {
        type Row = (Id, Sealed<book::name>, Sealed<book::phone>, Sealed<book::alt_phone>, Sealed<book::place>);
        let row: Option<Row> = book::table
            .find((&buyer.member, id))
            .select((book::person, book::name, book::phone, book::alt_phone, book::place))
            .first(tx.db)
            .optional()?;
        let (person, name, phone, alt_phone, place) = row.ok_or(Stop::Refused(Refused::NoSuchAddress))?;
        still_kept(tx, buyer, &person)?;
        let row = RowKey { person: &person, id };
        let values = Values::Opened {
            name: name.open(access, tx, &row)?,
            phone: phone.open(access, tx, &row)?,
            alt_phone: alt_phone.open_optional(access, tx, &row)?,
            place: place.open(access, tx, &row)?,
        };
        Ok(Consignee { person, values })
    }

    fn seal(
        &self,
        tx: &mut Tx,
        access: &Access<PlaceOrder>,
        row: &RowKey<'_>,
    ) -> Result<SealedConsignee, Stop<Refused>> {
        Ok(match &self.values {
            Values::Typed(typed) => SealedConsignee {
                name: access.seal(tx, consignee::name, row, &typed.name)?,
                phone: access.seal(tx, consignee::phone, row, &typed.phone)?,
                alt_phone: access.seal_optional(tx, consignee::alt_phone, row, typed.alt_phone.as_ref())?,
                place: access.seal(tx, consignee::place, row, &typed.place)?,
            },
            Values::Opened { name, phone, alt_phone, place } => SealedConsignee {
                name: access.reseal(tx, consignee::name, row, name)?,
                phone: access.reseal(tx, consignee::phone, row, phone)?,
                alt_phone: match alt_phone {
                    Some(alt_phone) => access.reseal(tx, consignee::alt_phone, row, alt_phone)?,
                    None => Sealed::absent(),
                },
                place: access.reseal(tx, consignee::place, row, place)?,
            },
        })
    }
}

/// Somebody else may have taken back that their address is kept, or be gone.
fn still_kept(scope: &mut impl Scope, buyer: &Buyer, person: &Id) -> Result<(), Stop<Refused>> {
    if *person != buyer.member && others::kept_on_word(scope, buyer, std::slice::from_ref(person))?.is_empty() {
        return Err(Stop::refuse(Refused::NoSuchAddress));
    }
    Ok(())
}

/// The assurance of 2.3.2-d.1. Its seal asks for the buyer's state, as the seals of an own consignee do: so every order
/// does.
fn assure(tx: &mut Tx, buyer: &Buyer, person: &Id, delivery: &Delivery) -> Result<(), Stop<Refused>> {
    let given = delivery.assurance.as_ref().ok_or(Stop::Refused(Refused::AssuranceMissing))?;
    given.record(tx, buyer, person)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What the marketplace takes and what it leaves are the whole, for every rate; what does not divide is left.
        #[test]
        fn a_commission_is_a_part(amount in 0..=AMOUNT_MAX, rate in 0..=10_000i64) {
            let taken = commission(amount, rate);
            prop_assert!((0..=amount).contains(&taken));
            prop_assert!(i128::from(taken) * 10_000 <= i128::from(amount) * i128::from(rate));
            prop_assert!((i128::from(taken) + 1) * 10_000 > i128::from(amount) * i128::from(rate));
        }
    }

    #[test]
    fn keys_are_plain_and_bounded() {
        assert!(Once::parse("0190f5c4-aaaa-7bbb-8ccc-0123456789ab").is_ok());
        assert!(Once::parse(Once::draw().as_str()).is_ok());
        for bad in ["", "short", "sixteen letters!", "ключ-ключ-ключ-ключ", &"x".repeat(65)] {
            assert_eq!(Once::parse(bad), Err(NotAKey), "{bad}");
        }
    }
}
