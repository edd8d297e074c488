//! The rows of orders, found and read for whoever asks: whose they may be is the caller's to say.

use super::{Filter, Head, OrderLine, PAGE_MAX, Page, Recipient, Summary};
use crate::Refused;
use crate::policy::{consignee, order_line, purchase_order};
use crate::state::{self, OrderState};
use catalogue::Both;
use catalogue::policy::shop;
use catalogue::product::Unit;
use db::{Id, MultiBackend, Scope, Stop};
use diesel::dsl::exists;
use diesel::prelude::*;
use policy::Reads;
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone};
use std::collections::HashMap;
use vault::{Access, NotOpened, RowKey, Sealed};

/// Lines that a list shows of an order; the detail shows all.
const LINES_IN_LIST: i64 = 3;
const WORDS_MAX: usize = 100;

diesel::define_sql_function! {
    /// ASCII on SQLite, every alphabet on PostgreSQL; Chinese has no case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

type Boxed = purchase_order::BoxedQuery<'static, MultiBackend>;

/// The orders that the filter lets through, whosever: the caller adds whose.
pub(super) fn listed(filter: &Filter) -> Boxed {
    let mut query = in_states(&filter.states, filter.before.as_ref());
    let words: String = filter.words.trim().chars().take(WORDS_MAX).collect();
    if !words.is_empty() {
        // The engine lowers both sides, so that they meet in whatever alphabets it knows.
        let like = || lower(format!("%{}%", escaped(&words)));
        let of_order = order_line::table.filter(order_line::of_order.eq(purchase_order::id)).filter(
            lower(order_line::title_en)
                .like(like())
                .escape('\\')
                .or(lower(order_line::title_zh).like(like()).escape('\\'))
                .or(lower(order_line::variant_en).like(like()).escape('\\'))
                .or(lower(order_line::variant_zh).like(like()).escape('\\'))
                .or(lower(order_line::sku).like(like()).escape('\\')),
        );
        query = query.filter(purchase_order::number.eq(words.to_uppercase()).or(exists(of_order)));
    }
    query
}

/// Those of one shop, each state by itself: its index gives the newest of one state, and of several all would be sorted.
pub(super) fn listed_of_shop(filter: &Filter, shop: &Id) -> Vec<Boxed> {
    let of_shop = |filter: &Filter| listed(filter).filter(purchase_order::shop.eq(shop.to_string()));
    if filter.states.is_empty() {
        return vec![of_shop(filter)];
    }
    filter.states.iter().map(|state| of_shop(&Filter { states: vec![*state], ..filter.clone() })).collect()
}

pub(super) fn in_states(states: &[OrderState], before: Option<&Id>) -> Boxed {
    let mut query = purchase_order::table.into_boxed();
    if !states.is_empty() {
        let states: Vec<&'static str> = states.iter().map(|state| state.id()).collect();
        query = query.filter(purchase_order::state.eq_any(states));
    }
    if let Some(before) = before {
        query = query.filter(purchase_order::id.lt(before.to_string()));
    }
    query
}

/// A person's words stand for themselves, whatever LIKE makes of them.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[derive(Queryable)]
struct HeadRow {
    order: Id,
    number: String,
    shop: Id,
    checkout: Id,
    state: String,
    goods_amount: i64,
    freight_amount: i64,
    total: i64,
    currency: String,
    placed_at: i64,
    pay_until: i64,
    paid_at: Option<i64>,
    shipped_at: Option<i64>,
    received_at: Option<i64>,
    confirm_until: Option<i64>,
    completed_at: Option<i64>,
    hidden: bool,
}

/// A [`HeadRow`].
#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    (
        purchase_order::id,
        purchase_order::number,
        purchase_order::shop,
        purchase_order::checkout,
        purchase_order::state,
        purchase_order::goods_amount,
        purchase_order::freight_amount,
        purchase_order::total,
        purchase_order::currency,
        purchase_order::placed_at,
        purchase_order::pay_until,
        purchase_order::paid_at,
        purchase_order::shipped_at,
        purchase_order::received_at,
        purchase_order::confirm_until,
        purchase_order::completed_at,
        purchase_order::hidden,
    )
}

/// The newest of what these queries find together; no two find the same order.
pub(super) fn heads(scope: &mut impl Scope, queries: Vec<Boxed>, limit: i64) -> Result<Page<Head>, Stop<Refused>> {
    let limit = limit.clamp(1, PAGE_MAX);
    let mut rows: Vec<HeadRow> = Vec::new();
    for query in queries {
        rows.extend(
            query.order(purchase_order::id.desc()).limit(limit + 1).select(columns()).load::<HeadRow>(scope.db())?,
        );
    }
    rows.sort_unstable_by(|a, b| b.order.cmp(&a.order));
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let rows = named(scope, rows)?;
    let next = rows.last().filter(|_| more).map(|head| head.order.clone());
    Ok(Page { rows, next })
}

pub(super) fn head(scope: &mut impl Scope, order: &Id) -> Result<Head, Stop<Refused>> {
    let row: HeadRow = purchase_order::table.find(order).select(columns()).first(scope.db())?;
    named(scope, vec![row])?.pop().ok_or(Stop::Refused(Refused::NoSuchOrder))
}

/// With the shops' names of today.
fn named(scope: &mut impl Scope, rows: Vec<HeadRow>) -> Result<Vec<Head>, Stop<Refused>> {
    let ids: Vec<&Id> = rows.iter().map(|row| &row.shop).collect();
    let shops: Vec<(Id, String, String)> =
        shop::table.filter(shop::id.eq_any(ids)).select((shop::id, shop::name_en, shop::name_zh)).load(scope.db())?;
    let shops: HashMap<Id, Both> = shops.into_iter().map(|(id, en, zh)| (id, Both::new(en, zh))).collect();
    rows.into_iter()
        .map(|row| {
            Ok(Head {
                shop_name: shops.get(&row.shop).cloned().unwrap_or_default(),
                order: row.order,
                number: row.number,
                shop: row.shop,
                checkout: row.checkout,
                state: state::read(&row.state)?,
                goods_amount: row.goods_amount,
                freight_amount: row.freight_amount,
                total: row.total,
                currency: row.currency,
                placed_at: row.placed_at,
                pay_until: row.pay_until,
                paid_at: row.paid_at,
                shipped_at: row.shipped_at,
                received_at: row.received_at,
                confirm_until: row.confirm_until,
                completed_at: row.completed_at,
                hidden: row.hidden,
            })
        })
        .collect()
}

pub(super) fn summaries(scope: &mut impl Scope, heads: Vec<Head>) -> Result<Vec<Summary>, Stop<Refused>> {
    let ids: Vec<Id> = heads.iter().map(|head| head.order.clone()).collect();
    let mut shown = lines(scope, &ids, LINES_IN_LIST)?;
    let counts: Vec<(Id, i64)> = order_line::table
        .filter(order_line::of_order.eq_any(&ids))
        .group_by(order_line::of_order)
        .select((order_line::of_order, diesel::dsl::count_star()))
        .load(scope.db())?;
    let counts: HashMap<Id, i64> = counts.into_iter().collect();
    Ok(heads
        .into_iter()
        .map(|head| Summary {
            lines: shown.remove(&head.order).unwrap_or_default(),
            lines_count: counts.get(&head.order).copied().unwrap_or(0),
            head,
        })
        .collect())
}

type LineRow = (
    (Id, i64, Id, Id, String, String, String, String, String),
    (String, String, String, Option<String>, i64, i64, i64),
);

pub(super) fn lines(scope: &mut impl Scope, orders: &[Id], first: i64) -> QueryResult<HashMap<Id, Vec<OrderLine>>> {
    let rows: Vec<LineRow> = order_line::table
        .filter(order_line::of_order.eq_any(orders))
        .filter(order_line::line.le(first))
        .order((order_line::of_order, order_line::line))
        .select((
            (
                order_line::of_order,
                order_line::line,
                order_line::product,
                order_line::variant,
                order_line::sku,
                order_line::title_en,
                order_line::title_zh,
                order_line::variant_en,
                order_line::variant_zh,
            ),
            (
                order_line::unit_one,
                order_line::unit_many,
                order_line::unit_zh,
                order_line::picture,
                order_line::quantity,
                order_line::unit_price,
                order_line::amount,
            ),
        ))
        .load(scope.db())?;
    let mut out: HashMap<Id, Vec<OrderLine>> = HashMap::new();
    for ((order, line, product, variant, sku, title_en, title_zh, name_en, name_zh), rest) in rows {
        let (one, many, zh, picture, quantity, unit_price, amount) = rest;
        out.entry(order).or_default().push(OrderLine {
            line,
            product,
            variant,
            sku,
            title: Both::new(title_en, title_zh),
            name: Both::new(name_en, name_zh),
            unit: Unit { one, many, zh },
            picture,
            quantity,
            unit_price,
            amount,
        });
    }
    Ok(out)
}

/// What the buyer typed for the seller of an order.
pub(super) struct Typed {
    pub(super) note: Sealed<purchase_order::note>,
    pub(super) wished_time: Sealed<purchase_order::wished_time>,
}

pub(super) fn typed(scope: &mut impl Scope, order: &Id) -> QueryResult<Typed> {
    let (note, wished_time) = purchase_order::table
        .find(order)
        .select((purchase_order::note, purchase_order::wished_time))
        .first(scope.db())?;
    Ok(Typed { note, wished_time })
}

pub(super) struct ConsigneeRow {
    pub(super) person: Id,
    id: Id,
    name: Sealed<consignee::name>,
    phone: Sealed<consignee::phone>,
    alt_phone: Sealed<consignee::alt_phone>,
    place: Sealed<consignee::place>,
}

pub(super) fn consignee_row(scope: &mut impl Scope, order: &Id) -> QueryResult<Option<ConsigneeRow>> {
    type Row = (
        Id,
        Id,
        Sealed<consignee::name>,
        Sealed<consignee::phone>,
        Sealed<consignee::alt_phone>,
        Sealed<consignee::place>,
    );
    let row: Option<Row> = consignee::table
        .filter(consignee::of_order.eq(order))
        .select((
            consignee::person,
            consignee::id,
            consignee::name,
            consignee::phone,
            consignee::alt_phone,
            consignee::place,
        ))
        .first(scope.db())
        .optional()?;
    Ok(row.map(|(person, id, name, phone, alt_phone, place)| ConsigneeRow {
        person,
        id,
        name,
        phone,
        alt_phone,
        place,
    }))
}

impl ConsigneeRow {
    /// `None` where the values are gone.
    pub(super) fn open<P>(
        &self,
        access: &Access<P>,
        scope: &mut impl Scope,
        order: &Id,
    ) -> Result<Option<Recipient<P>>, NotOpened>
    where
        P: Reads<ConsigneeName> + Reads<ConsigneePhone> + Reads<ConsigneeAltPhone> + Reads<ConsigneeAddress>,
    {
        if self.name.is_absent() {
            return Ok(None);
        }
        let row = RowKey { person: &self.person, id: &self.id };
        Ok(Some(Recipient {
            name: self.name.open_about(access, scope, &row, order)?,
            phone: self.phone.open_about(access, scope, &row, order)?,
            alt_phone: match self.alt_phone.is_absent() {
                true => None,
                false => Some(self.alt_phone.open_about(access, scope, &row, order)?),
            },
            place: self.place.open_about(access, scope, &row, order)?,
        }))
    }
}
