//! The cart (2.3.1): what a buyer means to order, across sellers. It keeps what, how many, when and the price then;
//! it asks for nothing about the person.

use crate::goods::{self, Goods};
use crate::policy::{CartReminders, cart_item};
use crate::{Buyer, Refused};
use catalogue::Both;
use catalogue::price::{self, Next, Tier};
use catalogue::product::Unit;
use catalogue::view::{self, Sale, ShopLine, Variant};
use db::{BlobId, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

pub const LINES_MAX: i64 = 500;
pub const QUANTITY_MAX: i64 = 999_999;
/// Far above any trade, far below what 64 bits hold.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// Rows of one insert.
const ROWS_MAX: usize = 100;

/// One variant and how many of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub product: Id,
    pub variant: Id,
    pub quantity: i64,
}

/// Which lines a tick concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    Shop(Id),
    Product(Id),
    Line { product: Id, variant: Id },
}

/// A row of the cart.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = cart_item)]
pub(crate) struct Item {
    pub product: Id,
    pub variant: Id,
    pub quantity: i64,
    pub price_when_added: i64,
    pub prices_when_added: String,
    pub added_at: i64,
    pub chosen: bool,
}

impl Item {
    /// What a unit would cost, at `quantity` units of the product, by the prices that the buyer saw when the line was
    /// added. A line from before those were kept has one price for all quantities.
    fn price_then(&self, quantity: i64) -> i64 {
        let tiers: Vec<Tier> = serde_json::from_str(&self.prices_when_added).unwrap_or_default();
        let least = tiers.first().map_or(1, |tier| tier.from);
        price::unit_price(&tiers, 0, quantity.max(least)).unwrap_or(self.price_when_added)
    }
}

/// The prices of a variant at all quantities, as [`Item::price_then`] reads them.
fn prices_now(product: &view::Goods, variant: &Variant) -> Result<String, Stop<Refused>> {
    let tiers: Vec<Tier> = product
        .tiers
        .iter()
        .map(|tier| Tier { from: tier.from, price: tier.price.saturating_add(variant.surcharge) })
        .collect();
    serde_json::to_string(&tiers).map_err(|error| Stop::fault(error.to_string()))
}

/// The buyer's rows, in the order of their adding: [`LINES_MAX`] at most, which [`add`] sees to.
pub(crate) fn items(scope: &mut impl Scope, buyer: &Buyer) -> QueryResult<Vec<Item>> {
    let query = cart_item::table.filter(cart_item::member.eq(&buyer.member)).order((
        cart_item::added_at,
        cart_item::product,
        cart_item::variant,
    ));
    on_each!(scope.db(), c => query.select(Item::as_select()).load(c))
}

/// Takes the chosen lines out of the cart, in the order in which it shows them.
pub(crate) fn take_chosen(tx: &mut Tx, buyer: &Buyer) -> QueryResult<Vec<Item>> {
    let chosen = cart_item::table.filter(cart_item::member.eq(&buyer.member)).filter(cart_item::chosen.eq(true));
    let mut items: Vec<Item> =
        on_each!(tx.db, c => diesel::delete(chosen).returning(Item::as_returning()).get_results(c))?;
    items.sort_by(|a, b| (a.added_at, &a.product, &a.variant).cmp(&(b.added_at, &b.product, &b.variant)));
    Ok(items)
}

// --- commands ---------------------------------------------------------------------------------------------------

/// Puts variants into the cart, several at once; what is there already grows and keeps the prices that were seen when
/// it was first added: against those a lower price is told (2.3.1). The lines are chosen for the next
/// checkout. Stock is not looked at: it is taken when the order is placed, and shortness is shown in the cart.
pub fn add(tx: &mut Tx, buyer: &Buyer, wanted: &[Wanted]) -> Result<(), Stop<Refused>> {
    if wanted.is_empty() {
        return Err(Stop::refuse(Refused::NothingChosen));
    }
    let mut more: BTreeMap<(Id, Id), i64> = BTreeMap::new();
    for one in wanted {
        within(one.quantity)?;
        let sum = more.entry((one.product.clone(), one.variant.clone())).or_insert(0);
        *sum = within(*sum + one.quantity)?;
        if more.len() as i64 > LINES_MAX {
            return Err(Stop::refuse(Refused::CartFull { max: LINES_MAX }));
        }
    }
    let there = items(tx, buyer)?;
    let goods = goods::load(tx, more.keys().map(|(product, _)| product))?;
    let held: HashMap<(&Id, &Id), i64> = there.iter().map(|i| ((&i.product, &i.variant), i.quantity)).collect();
    let new = more.keys().filter(|(product, variant)| !held.contains_key(&(product, variant))).count();
    if (there.len() + new) as i64 > LINES_MAX {
        return Err(Stop::refuse(Refused::CartFull { max: LINES_MAX }));
    }
    let mut together: HashMap<&Id, i64> = HashMap::new();
    for item in &there {
        *together.entry(&item.product).or_insert(0) += item.quantity;
    }
    for ((product, variant), quantity) in &more {
        within(held.get(&(product, variant)).unwrap_or(&0) + quantity)?;
        *together.entry(product).or_insert(0) += quantity;
    }

    let mut rows = Vec::with_capacity(more.len());
    for ((product, variant), quantity) in &more {
        let (of, the) = goods.offered(product, variant).ok_or_else(|| {
            Stop::Refused(Refused::NotOffered { title: goods.product(product).map(|p| p.title.clone()) })
        })?;
        if of.seller == buyer.member {
            return Err(Stop::refuse(Refused::OwnShop { title: of.title.clone() }));
        }
        let price = goods::unit_price(of, the, together[product]).ok_or(Stop::Refused(Refused::TooMuch))?;
        rows.push((
            cart_item::member.eq(&buyer.member),
            cart_item::product.eq(product),
            cart_item::variant.eq(variant),
            cart_item::quantity.eq(*quantity),
            cart_item::price_when_added.eq(price),
            cart_item::prices_when_added.eq(prices_now(of, the)?),
            cart_item::added_at.eq(tx.now),
            cart_item::changed_at.eq(tx.now),
            cart_item::chosen.eq(true),
        ));
    }
    macro_rules! lay_in {
        ($rows:expr) => {{
            use diesel::upsert::excluded;
            on_each!(tx.db, c => diesel::insert_into(cart_item::table)
                .values($rows)
                .on_conflict((cart_item::member, cart_item::product, cart_item::variant))
                .do_update()
                .set((
                    cart_item::quantity.eq(cart_item::quantity + excluded(cart_item::quantity)),
                    cart_item::changed_at.eq(excluded(cart_item::changed_at)),
                    cart_item::chosen.eq(true),
                ))
                .execute(c))?;
        }};
    }
    if tx.db.asks_one_by_one(rows.len()) {
        for row in rows {
            // Mostly the line is new: this statement stays prepared, the one with an update in it does not.
            let fresh = diesel::insert_into(cart_item::table)
                .values(row.clone())
                .on_conflict((cart_item::member, cart_item::product, cart_item::variant))
                .do_nothing();
            if on_each!(tx.db, c => fresh.execute(c))? == 0 {
                lay_in!(row);
            }
        }
        return Ok(());
    }
    for rows in rows.chunks(ROWS_MAX) {
        lay_in!(rows);
    }
    Ok(())
}

fn within(quantity: i64) -> Result<i64, Stop<Refused>> {
    if (1..=QUANTITY_MAX).contains(&quantity) {
        Ok(quantity)
    } else {
        Err(Stop::refuse(Refused::Quantity { max: QUANTITY_MAX }))
    }
}

/// Units of each product, all variants together: this is what the tier follows.
fn together(items: &[Item], counts: impl Fn(&Item) -> bool) -> HashMap<Id, i64> {
    let mut sums: HashMap<Id, i64> = HashMap::new();
    for item in items.iter().filter(|item| counts(item)) {
        *sums.entry(item.product.clone()).or_insert(0) += item.quantity;
    }
    sums
}

pub fn set_quantity(tx: &mut Tx, buyer: &Buyer, wanted: &Wanted) -> Result<(), Stop<Refused>> {
    within(wanted.quantity)?;
    let changed = diesel::update(cart_item::table.find((&buyer.member, &wanted.product, &wanted.variant)))
        .set((cart_item::quantity.eq(wanted.quantity), cart_item::changed_at.eq(tx.now)))
        .execute(tx.db)?;
    if changed == 0 {
        return Err(Stop::refuse(Refused::NotInCart));
    }
    Ok(())
}

/// Takes lines out; one that is not there is no mistake.
pub fn remove(tx: &mut Tx, buyer: &Buyer, lines: &[(Id, Id)]) -> Result<(), Stop<Refused>> {
    for (product, variant) in lines.iter().take(LINES_MAX as usize) {
        diesel::delete(cart_item::table.find((&buyer.member, product, variant))).execute(tx.db)?;
    }
    Ok(())
}

/// Ticks lines for the next checkout, or unticks them.
pub fn choose(tx: &mut Tx, buyer: &Buyer, which: &Which, chosen: bool) -> Result<(), Stop<Refused>> {
    let mine = cart_item::table.filter(cart_item::member.eq(&buyer.member));
    let set = cart_item::chosen.eq(chosen);
    match which {
        Which::All => diesel::update(mine).set(set).execute(tx.db)?,
        Which::Shop(shop) => {
            let there: Vec<Id> = items(tx, buyer)?.into_iter().map(|item| item.product).collect();
            let goods = goods::load(tx, there.iter())?;
            let of_shop = there.iter().filter(|id| goods.product(id).is_some_and(|product| product.shop.id == *shop));
            diesel::update(mine.filter(cart_item::product.eq_any(of_shop))).set(set).execute(tx.db)?
        }
        Which::Product(product) => {
            diesel::update(mine.filter(cart_item::product.eq(product))).set(set).execute(tx.db)?
        }
        Which::Line { product, variant } => {
            let changed =
                diesel::update(cart_item::table.find((&buyer.member, product, variant))).set(set).execute(tx.db)?;
            if changed == 0 {
                return Err(Stop::refuse(Refused::NotInCart));
            }
            changed
        }
    };
    Ok(())
}

/// Takes everything out, at once and for good.
pub fn empty(tx: &mut Tx, buyer: &Buyer) -> Result<(), Stop<Refused>> {
    diesel::delete(cart_item::table.filter(cart_item::member.eq(&buyer.member))).execute(tx.db)?;
    Ok(())
}

// --- what a page shows --------------------------------------------------------------------------------------------

/// The cart, priced. All amounts are minor units of the marketplace's currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cart {
    pub sellers: Vec<OfSeller>,
    pub lines: usize,
    pub chosen: usize,
    /// Of the chosen lines, freight included. This is what the checkout form carries as the total seen.
    pub total: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSeller {
    pub shop: ShopLine,
    pub sells: bool,
    pub products: Vec<OfProduct>,
    /// Of the chosen lines.
    pub goods_amount: i64,
    pub freight: i64,
    pub total: i64,
    /// What is missing until freight is free, where the shop offers that and something is chosen.
    pub until_free_freight: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfProduct {
    pub product: Id,
    pub title: Both,
    pub unit: Unit,
    /// Of the card's size.
    pub picture: Option<BlobId>,
    pub minimum: i64,
    pub tiers: Vec<Tier>,
    /// The units that the tier follows: those chosen, or all where none is.
    pub quantity: i64,
    /// Units missing to the minimum order; 0 where it is reached or nothing is chosen.
    pub missing: i64,
    pub next_tier: Option<Next>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub variant: Id,
    pub sku: String,
    pub name: Both,
    pub quantity: i64,
    pub chosen: bool,
    pub offered: bool,
    /// `None` where it is not offered any more.
    pub unit_price: Option<i64>,
    pub amount: Option<i64>,
    pub price_when_added: i64,
    /// By how much the seller has lowered the price of one unit since the line was added, today's quantity at both
    /// prices; only where the consent to reminders stands.
    pub dropped_by: Option<i64>,
    pub stock: i64,
    /// Fewer are left than wanted.
    pub short: bool,
    pub added_at: i64,
}

impl Cart {
    /// Every chosen line can be ordered as it stands.
    pub fn may_check_out(&self) -> bool {
        self.chosen > 0
            && self.total <= AMOUNT_MAX
            && self.sellers.iter().flat_map(|seller| &seller.products).all(|product| {
                product.missing == 0
                    && product.lines.iter().filter(|l| l.chosen).all(|l| l.offered && !l.short && l.amount.is_some())
            })
    }
}

/// The whole cart, grouped by seller and product. A fixed number of queries, however many lines: three where the goods were
/// looked at lately.
pub fn view(scope: &mut impl Scope, buyer: &Buyer) -> Result<Cart, Stop<Refused>> {
    let items = items(scope, buyer)?;
    let goods = goods::load(scope, items.iter().map(|item| &item.product))?;
    let reminders = vault::consent::standing::<CartReminders>(scope, &buyer.member)?;
    Ok(lay_out(&items, &goods, reminders))
}

/// The lines chosen for checkout, as the checkout page shows them.
pub fn view_chosen(scope: &mut impl Scope, buyer: &Buyer) -> Result<Cart, Stop<Refused>> {
    let items: Vec<Item> = items(scope, buyer)?.into_iter().filter(|item| item.chosen).collect();
    let goods = goods::load(scope, items.iter().map(|item| &item.product))?;
    Ok(lay_out(&items, &goods, false))
}

/// Groups and prices. Nobody's person goes in: two members with the same lines get the same cart (2-a.S1).
pub(crate) fn lay_out(items: &[Item], goods: &Goods, reminders: bool) -> Cart {
    let of_all = together(items, |_| true);
    let of_chosen = together(items, |item| item.chosen);
    let mut cart = Cart { lines: items.len(), ..Cart::default() };
    for item in items {
        // Products are taken down and not deleted: one that is not there never was.
        let Some(product) = goods.product(&item.product) else { continue };
        let seller = place(
            &mut cart.sellers,
            |s| s.shop.id == product.shop.id,
            || OfSeller {
                shop: product.shop.clone(),
                sells: product.sale != Sale::ShopNotOpen,
                products: Vec::new(),
                goods_amount: 0,
                freight: 0,
                total: 0,
                until_free_freight: None,
            },
        );
        let chosen_units = of_chosen.get(&item.product).copied().unwrap_or(0);
        let units = if chosen_units > 0 { chosen_units } else { of_all[&item.product] };
        let minimum = goods::minimum(product);
        let of_product = place(
            &mut seller.products,
            |p| p.product == item.product,
            || OfProduct {
                product: item.product.clone(),
                title: product.title.clone(),
                unit: product.unit.clone(),
                picture: product.picture.clone(),
                minimum,
                tiers: product.tiers.clone(),
                quantity: units,
                missing: if chosen_units > 0 { (minimum - chosen_units).max(0) } else { 0 },
                next_tier: price::next_tier(&product.tiers, units),
                lines: Vec::new(),
            },
        );
        let variant = product.variant(&item.variant);
        let on_offer = variant.filter(|_| product.sale == Sale::Open);
        let price = |units| on_offer.and_then(|variant| goods::unit_price(product, variant, units));
        let unit_price = price(units);
        let amount = unit_price.and_then(|unit| price::amount(unit, item.quantity)).filter(|a| *a <= AMOUNT_MAX);
        // A better tier by one's own quantity is no reminder's business: both prices are of the same quantity.
        let all_units = of_all[&item.product];
        let today = price(all_units).filter(|_| reminders);
        let stock = variant.map_or(0, |variant| variant.stock);
        of_product.lines.push(Line {
            variant: item.variant.clone(),
            sku: variant.map(|v| v.sku.clone()).unwrap_or_default(),
            name: variant.map(|v| v.name.clone()).unwrap_or_default(),
            quantity: item.quantity,
            chosen: item.chosen,
            offered: on_offer.is_some(),
            unit_price,
            amount,
            price_when_added: item.price_when_added,
            dropped_by: today.map(|today| item.price_then(all_units) - today).filter(|drop| *drop > 0),
            stock,
            short: on_offer.is_some() && stock < item.quantity,
            added_at: item.added_at,
        });
        if item.chosen {
            cart.chosen += 1;
            seller.goods_amount = seller.goods_amount.saturating_add(amount.unwrap_or(0));
            seller.freight = product.freight.of(seller.goods_amount);
            seller.until_free_freight =
                product.freight.free_from.map(|from| from - seller.goods_amount).filter(|missing| *missing > 0);
        }
    }
    for seller in &mut cart.sellers {
        seller.total = seller.goods_amount.saturating_add(seller.freight);
        cart.total = cart.total.saturating_add(seller.total);
    }
    cart
}

/// The group that fits, made where there is none yet.
fn place<T>(groups: &mut Vec<T>, fits: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> &mut T {
    let at = groups.iter().position(fits).unwrap_or_else(|| {
        groups.push(make());
        groups.len() - 1
    });
    &mut groups[at]
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalogue::price::Freight;
    use proptest::prelude::*;

    fn id(n: usize) -> Id {
        Id::parse(&format!("00000000-0000-7000-8000-{n:012}")).unwrap()
    }

    /// A product of three variants, in one of four shops.
    fn product(n: usize, shop: usize, tiers: Vec<Tier>, freight: Freight) -> view::Goods {
        view::Goods {
            id: id(n),
            sale: Sale::Open,
            shop: ShopLine { id: id(900 + shop), name: Both::default(), place: Both::default() },
            seller: id(800 + shop),
            freight,
            category: "buttons".to_owned(),
            title: Both::default(),
            unit: Unit::default(),
            picture: None,
            tiers,
            variants: (0..3)
                .map(|v| Variant {
                    id: id(n * 10 + v),
                    sku: String::new(),
                    name: Both::default(),
                    surcharge: v as i64,
                    stock: 100,
                })
                .collect(),
        }
    }

    fn goods() -> impl Strategy<Value = Vec<view::Goods>> {
        let tiers = (1..50i64, 1..100_000i64, 1..50i64, 1..100i64).prop_map(|(from, price, more, less)| {
            let first = Tier { from, price: price + less };
            vec![first, Tier { from: from + more, price }]
        });
        prop::collection::vec((0..4usize, tiers), 1..8).prop_map(|made| {
            made.into_iter()
                .enumerate()
                .map(|(n, (shop, tiers))| {
                    // One freight a shop.
                    let freight = Freight { flat: shop as i64 * 300, free_from: (shop == 3).then_some(10_000) };
                    product(n + 1, shop, tiers, freight)
                })
                .collect()
        })
    }

    fn item(goods: &[view::Goods], (n, v, quantity, chosen): (prop::sample::Index, usize, i64, bool)) -> Item {
        let product = n.get(goods);
        let variant = product.variants[v].id.clone();
        let prices_when_added = String::new();
        Item {
            product: product.id.clone(),
            variant,
            quantity,
            price_when_added: 1,
            prices_when_added,
            added_at: 0,
            chosen,
        }
    }

    proptest! {
        /// Every total is the sum of its parts; every part is priced by the one price function on the product's
        /// quantity; neither reminders nor the order of the lines move a price (2-a.S1).
        #[test]
        fn totals_are_sums_of_their_parts(
            goods in goods(),
            picked in prop::collection::vec((any::<prop::sample::Index>(), 0..3usize, 1..=QUANTITY_MAX, any::<bool>()), 0..40),
        ) {
            let mut items: Vec<Item> = picked.into_iter().map(|pick| item(&goods, pick)).collect();
            items.sort_by(|a, b| (&a.product, &a.variant).cmp(&(&b.product, &b.variant)));
            items.dedup_by(|a, b| (&a.product, &a.variant) == (&b.product, &b.variant));
            let known = goods::Goods::of(goods);
            let cart = lay_out(&items, &known, false);
            let mut total = 0;
            for seller in &cart.sellers {
                let mut sum = 0;
                for of in &seller.products {
                    let product = known.product(&of.product).unwrap();
                    let chosen: i64 = of.lines.iter().filter(|l| l.chosen).map(|l| l.quantity).sum();
                    let all: i64 = of.lines.iter().map(|l| l.quantity).sum();
                    prop_assert_eq!(of.quantity, if chosen > 0 { chosen } else { all });
                    prop_assert_eq!(of.missing, if chosen > 0 { (of.minimum - chosen).max(0) } else { 0 });
                    for line in &of.lines {
                        let surcharge = product.variant(&line.variant).unwrap().surcharge;
                        let unit = price::unit_price(&product.tiers, surcharge, of.quantity.max(of.minimum));
                        prop_assert_eq!(line.unit_price, unit);
                        prop_assert_eq!(line.amount, unit.map(|unit| unit * line.quantity));
                        prop_assert_eq!(line.dropped_by, None);
                        sum += line.amount.filter(|_| line.chosen).unwrap_or(0);
                    }
                }
                let any = seller.products.iter().flat_map(|p| &p.lines).any(|line| line.chosen);
                prop_assert_eq!(seller.goods_amount, sum);
                prop_assert_eq!(seller.total, sum + seller.freight);
                prop_assert!(any || seller.total == 0);
                total += seller.total;
            }
            prop_assert_eq!(cart.total, total);
            prop_assert_eq!(cart.lines, items.len());
            prop_assert_eq!(cart.chosen, items.iter().filter(|item| item.chosen).count());
            let reminded = lay_out(&items, &known, true);
            items.reverse();
            prop_assert_eq!(reminded.total, total);
            prop_assert_eq!(lay_out(&items, &known, false).total, total);
        }
    }
}
