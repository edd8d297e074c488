//! Goods: cards to compare, prices by quantity, and the table in which sizes are ordered together.

use super::entry;
use super::icon;
use crate::csrf::Csrf;
use crate::form::FormErrors;
use crate::format;
use crate::language::{Lang, f, t};
use maud::{Markup, html};

/// What a product is sold by, in the reader's language: `case`, `cases`.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    pub one: &'a str,
    pub many: &'a str,
}

impl<'a> Unit<'a> {
    pub fn of(self, n: i64) -> &'a str {
        if n == 1 { self.one } else { self.many }
    }
}

/// An amount in the flow of text.
pub fn money(lang: Lang, minor: i64, currency: &str) -> Markup {
    html! { span.tabular { (format::money(lang, minor, currency)) } }
}

/// An amount that somebody decides by.
pub fn price(lang: Lang, minor: i64, currency: &str) -> Markup {
    html! { span.price.tabular { (format::money(lang, minor, currency)) } }
}

pub fn price_range(lang: Lang, low: i64, high: i64, currency: &str) -> Markup {
    html! { span.price.tabular { (format::money_range(lang, low, high, currency)) } }
}

/// A product in a list: what it is, what it costs, how many at least, from whom and where.
pub struct ProductCard<'a> {
    pub href: String,
    pub title: &'a str,
    pub picture: Option<&'a str>,
    /// Of the tiers, lowest and highest, in minor units.
    pub low: i64,
    pub high: i64,
    pub currency: &'a str,
    pub minimum: i64,
    pub unit: Unit<'a>,
    pub sold: i64,
    pub shop: &'a str,
    pub place: &'a str,
    /// None of it can be had at the moment.
    pub sold_out: bool,
    /// Why it is shown, where it is shown by a person's own records or as an advertisement (2.2.3).
    pub label: Option<&'a str>,
}

pub fn product_card(lang: Lang, card: &ProductCard) -> Markup {
    let minimum = f(lang, "card-minimum", &[("n", card.minimum.into()), ("unit", card.unit.of(card.minimum).into())]);
    html! {
        article.card.good {
            div.picture {
                @match card.picture {
                    Some(picture) => img alt="" src=(picture) loading="lazy" decoding="async" width="400" height="400";
                    None => (icon::box_())
                }
                @if let Some(label) = card.label { span.badge.info { (label) } }
                @else if card.sold_out { span.badge { (t(lang, "sold-out")) } }
            }
            div.body {
                // The link covers the card (in the style sheet), and is one link to a screen reader.
                h2 { a href=(card.href) { (card.title) } }
                (price_range(lang, card.low, card.high, card.currency))
                div.row.note {
                    span { (minimum) }
                    @if card.sold > 0 { span { (f(lang, "card-sold", &[("n", card.sold.into())])) } }
                }
                div.row.note { span { (card.shop) } span { (card.place) } }
            }
        }
    }
}

pub fn product_grid(lang: Lang, cards: &[ProductCard]) -> Markup {
    html! { div.grid { @for card in cards { (product_card(lang, card)) } } }
}

/// One way to sort a list.
pub struct Sort<'a> {
    pub label: &'a str,
    pub href: String,
    pub current: bool,
}

/// `personal`: the order shown uses the reader's own records; otherwise it says that everybody sees the same
/// (2.2.2-b).
pub fn sort_bar(lang: Lang, sorts: &[Sort], personal: bool) -> Markup {
    html! {
        nav.card.sorts aria-label=(t(lang, "sort-by")) {
            @for sort in sorts { a href=(sort.href) aria-current=[sort.current.then_some("true")] { (sort.label) } }
            span.note { @if personal { (t(lang, "sort-personal")) } @else { (t(lang, "sort-neutral")) } }
        }
    }
}

pub struct FilterOption<'a> {
    pub label: &'a str,
    /// Where choosing it leads; for a chosen one, where giving it up does.
    pub href: String,
    pub count: Option<i64>,
    pub chosen: bool,
    /// How far below the first of its group, in a tree.
    pub depth: u8,
}

pub struct FilterGroup<'a> {
    pub title: &'a str,
    pub options: Vec<FilterOption<'a>>,
    /// Several may be chosen, and one of them is enough: each has a box to tick.
    pub several: bool,
}

/// Lowest and highest price as typed, and what of the query must be carried on.
pub struct PriceFilter<'a> {
    pub action: &'a str,
    pub low: &'a str,
    pub high: &'a str,
    pub carried: Vec<(&'a str, &'a str)>,
    /// Prices to choose without typing.
    pub bands: Vec<FilterOption<'a>>,
}

/// Open beside the list on a desk, folded above it on the phone.
pub fn filter_panel(lang: Lang, groups: &[FilterGroup], price: Option<&PriceFilter>) -> Markup {
    let chosen = groups.iter().flat_map(|group| &group.options).filter(|option| option.chosen).count();
    html! {
        details.card.filters data-open-wide {
            summary {
                (icon::filter()) (t(lang, "filters"))
                @if chosen > 0 { " " span.count { (chosen) } }
            }
            div.groups {
                @for (n, group) in groups.iter().enumerate() {
                    section {
                        h2 { (group.title) }
                        (options(lang, &group.options, group.several))
                    }
                    @if n == 0 { (price_filter(lang, price)) }
                }
                @if groups.is_empty() { (price_filter(lang, price)) }
            }
        }
    }
}

fn options(lang: Lang, options: &[FilterOption], several: bool) -> Markup {
    html! {
        ul.several[several] {
            @for option in options {
                li class=[(option.depth > 0).then(|| format!("depth-{}", option.depth.min(3)))] {
                    a href=(option.href) aria-current=[option.chosen.then_some("true")] rel="nofollow" {
                        @if several { span.box aria-hidden="true" { @if option.chosen { (icon::check()) } } }
                        span { (option.label) }
                        @if option.chosen {
                            @if !several { " " (icon::cross()) }
                            span.unseen { " " (t(lang, "remove")) }
                        }
                    }
                    @if let Some(count) = option.count { span.note.tabular { (format::number(count)) } }
                }
            }
        }
    }
}

fn price_filter(lang: Lang, price: Option<&PriceFilter>) -> Markup {
    let Some(price) = price else { return html! {} };
    html! {
        form method="get" action=(price.action) {
            h2 id="price-filter" { (t(lang, "filter-price")) }
            @if !price.bands.is_empty() { (options(lang, &price.bands, false)) }
            @for (name, value) in &price.carried { (entry::hidden(name, value)) }
            div.price-filter role="group" aria-labelledby="price-filter" {
                input name="low" value=(price.low) inputmode="decimal" autocomplete="off" maxlength="12"
                    aria-label=(t(lang, "filter-lowest"));
                span aria-hidden="true" { "–" }
                input name="high" value=(price.high) inputmode="decimal" autocomplete="off" maxlength="12"
                    aria-label=(t(lang, "filter-highest"));
                button.button.small type="submit" { (t(lang, "apply")) }
            }
        }
    }
}

/// What narrows the list now, each with the link that gives it up.
pub fn chosen(lang: Lang, filters: &[(&str, String)], all: &str) -> Markup {
    html! {
        @if !filters.is_empty() {
            ul.chosen aria-label=(t(lang, "filters")) {
                @for (label, href) in filters {
                    li { a href=(href) rel="nofollow" { (label) (icon::cross()) span.unseen { (t(lang, "remove")) } } }
                }
                li { a.all href=(all) { (t(lang, "remove-all")) } }
            }
        }
    }
}

/// From this quantity, each costs this much (minor units).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    pub from: i64,
    pub minor: i64,
}

/// The price that applies to a quantity; below the first tier, that of the first. `tiers` go upwards and are not
/// empty.
pub fn tier_price(tiers: &[Tier], quantity: i64) -> Option<Tier> {
    tiers.iter().rev().find(|tier| tier.from <= quantity).or(tiers.first()).copied()
}

/// The prices by quantity, always all, with the one that applies to `quantity` marked.
pub fn tiers(lang: Lang, tiers: &[Tier], currency: &str, unit: Unit, quantity: i64) -> Markup {
    let applies = tier_price(tiers, quantity);
    html! {
        ol.tiers aria-label=(t(lang, "tiers")) {
            @for (at, tier) in tiers.iter().enumerate() {
                li data-from=(tier.from) aria-current=[(Some(*tier) == applies).then_some("true")] {
                    (price(lang, tier.minor, currency))
                    span.note {
                        @match tiers.get(at + 1) {
                            Some(next) if next.from - 1 == tier.from => {
                                (format::number(tier.from)) " " (unit.of(tier.from))
                            }
                            Some(next) => {
                                (format::number(tier.from)) "–" (format::number(next.from - 1)) " " (unit.many)
                            }
                            None => {
                                (f(lang, "tier-last", &[("n", tier.from.into()), ("unit", unit.of(tier.from).into())]))
                            }
                        }
                    }
                    span.applies.note { (t(lang, "tier-applies")) }
                }
            }
        }
    }
}

/// How many: a number with less and more beside it (they appear with scripts; without, the browser has its own).
pub struct Quantity<'a> {
    pub name: &'a str,
    /// What errors and links know the field by, the same on no other of its page.
    pub id: &'a str,
    /// Of what.
    pub label: &'a str,
    /// As kept, or as typed.
    pub value: &'a str,
    pub min: i64,
    pub max: i64,
}

pub fn quantity(lang: Lang, field: &Quantity, errors: &FormErrors) -> Markup {
    let id = entry::id(field.id);
    let error = errors.of(field.id).map(|error| error.text(lang));
    // A browser empties a number's field that holds no number: what was typed is shown as text.
    let number = field.value.bytes().all(|b| b.is_ascii_digit());
    html! {
        @if let Some(error) = &error { p.mistake id={ (id) "-error" } { (icon::stop()) span { (error) } } }
        span.qty data-qty {
            button type="button" data-less aria-label=(f(lang, "less-of", &[("what", field.label.into())])) hidden { (icon::minus()) }
            input type=(if number { "number" } else { "text" }) id=(id) name=(field.name) value=(field.value)
                min=[number.then_some(field.min)] max=[number.then_some(field.max)] step=[number.then_some("1")]
                inputmode="numeric" autocomplete="off" aria-label=(f(lang, "quantity-of", &[("what", field.label.into())]))
                aria-describedby=[error.as_ref().map(|_| format!("{id}-error"))] aria-invalid=[error.as_ref().map(|_| "true")];
            button type="button" data-more aria-label=(f(lang, "more-of", &[("what", field.label.into())])) hidden { (icon::plus()) }
        }
    }
}

pub struct Variant<'a> {
    /// The field is `qty-` and this.
    pub id: &'a str,
    pub name: &'a str,
    /// Added to the tier's price, minor units.
    pub surcharge: i64,
    pub stock: i64,
    /// What the form holds for its quantity, as typed.
    pub typed: &'a str,
}

impl Variant<'_> {
    /// The quantity in the form now; what is no quantity counts for none.
    fn chosen(&self) -> i64 {
        let number = catalogue::written::plain(self.typed).and_then(|text| text.parse::<i64>().ok());
        number.filter(|n| (0..=QUANTITY_SHOWN_MAX).contains(n)).unwrap_or(0)
    }
}

/// What is typed above this is refused, so no sum is made of it.
const QUANTITY_SHOWN_MAX: i64 = 999_999;

/// The part of a product's page where one buys.
pub struct Purchase<'a> {
    /// POST: `qty-<variant>` for each, and `then` = `cart` or `order`.
    pub action: &'a str,
    /// Where adding leads without scripts; with them, the reader stays.
    pub cart: &'a str,
    pub product: &'a str,
    /// What tells the variants apart: `Size`.
    pub axis: &'a str,
    pub currency: &'a str,
    pub unit: Unit<'a>,
    pub minimum: i64,
    pub tiers: &'a [Tier],
    pub variants: &'a [Variant<'a>],
}

/// Tiers, variants, sum and the two ways on. The sum is right without scripts for what is in the form when shown,
/// and follows the typing with them; what counts is what the server works out.
pub fn purchase(lang: Lang, csrf: &Csrf, view: &Purchase, errors: &FormErrors) -> Markup {
    let total: i64 = view.variants.iter().map(Variant::chosen).sum();
    let Some(tier) = tier_price(view.tiers, total) else { return html! {} };
    let sum = view
        .variants
        .iter()
        .map(|variant| variant.chosen().saturating_mul(tier.minor + variant.surcharge))
        .fold(0, i64::saturating_add);
    let prices: Vec<String> = view.tiers.iter().map(|tier| format!("{}:{}", tier.from, tier.minor)).collect();
    let minimum =
        f(lang, "purchase-minimum", &[("n", view.minimum.into()), ("unit", view.unit.of(view.minimum).into())]);
    let next = |n: &str, unit: &str, price: &str| {
        f(lang, "purchase-next", &[("n", n.into()), ("unit", unit.into()), ("price", price.into())])
    };
    let lacking = |n: &str, unit: &str| f(lang, "purchase-lacking", &[("n", n.into()), ("unit", unit.into())]);
    let advice = if total < view.minimum {
        let more = view.minimum - total;
        (total > 0).then(|| lacking(&format::number(more), view.unit.of(more)))
    } else {
        view.tiers.iter().find(|tier| tier.from > total).map(|tier| {
            let more = tier.from - total;
            next(&format::number(more), view.unit.of(more), &format::money(lang, tier.minor, view.currency))
        })
    };
    html! {
        form.purchase method="post" action=(view.action) data-purchase data-add=(view.cart) data-tiers=(prices.join(","))
            data-minimum=(view.minimum) data-prefix=(format::money_prefix(lang, view.currency))
            data-digits=(format::minor_digits(view.currency)) data-one=(view.unit.one) data-many=(view.unit.many)
            data-next=(next("{n}", "{unit}", "{price}")) data-lacking=(lacking("{n}", "{unit}"))
            data-added=(t(lang, "purchase-added")) data-to-cart=(t(lang, "to-cart")) {
            (csrf.field())
            (entry::hidden("product", view.product))
            (tiers(lang, view.tiers, view.currency, view.unit, total))
            table.variants {
                caption.unseen { (t(lang, "variants")) }
                thead {
                    tr {
                        th scope="col" { (view.axis) }
                        th scope="col" { (t(lang, "price")) }
                        th scope="col" { (t(lang, "in-stock")) }
                        th scope="col" { (t(lang, "quantity")) }
                    }
                }
                tbody {
                    @for variant in view.variants {
                        @let field = format!("qty-{}", variant.id);
                        tr class=[errors.of(&field).map(|_| "wrong")] {
                            th scope="row" { (variant.name) }
                            td.tabular.unit-price data-price=(variant.surcharge) {
                                (format::money(lang, tier.minor + variant.surcharge, view.currency))
                            }
                            td.tabular.stock {
                                @if variant.stock > 0 {
                                    span.phone-label { (t(lang, "in-stock")) " " } (format::number(variant.stock))
                                } @else { (t(lang, "sold-out")) }
                            }
                            td {
                                @if variant.stock > 0 || errors.of(&field).is_some() {
                                    (quantity(lang, &Quantity {
                                        name: &field, id: &field, label: variant.name, value: variant.typed, min: 0, max: variant.stock,
                                    }, errors))
                                }
                            }
                        }
                    }
                }
            }
            p.note.advice {
                (minimum) " "
                span data-advice aria-live="polite" { (advice.unwrap_or_default()) }
            }
            div.sum {
                b.tabular data-sum hidden[total == 0] {
                    span data-quantity { (format::number(total)) " " (view.unit.of(total)) }
                    " · "
                    span.price data-total { (format::money(lang, sum, view.currency)) }
                }
                button.button type="submit" name="then" value="cart" { (t(lang, "add-to-cart")) }
                button.button.main type="submit" name="then" value="order" { (t(lang, "order-now")) }
            }
        }
    }
}

/// Pictures of a product: the first large, the others to choose (as links, so without scripts too).
pub fn gallery(lang: Lang, title: &str, pictures: &[&str]) -> Markup {
    html! {
        div.gallery data-gallery {
            @match pictures.first() {
                Some(first) => img.stage alt=(title) src=(first) width="800" height="800";
                None => div.stage.none { (icon::box_()) }
            }
            @if pictures.len() > 1 {
                ul.thumbs {
                    @for (at, picture) in pictures.iter().enumerate() {
                        li {
                            a href=(picture) aria-current=[(at == 0).then_some("true")]
                                aria-label=(f(lang, "picture-number", &[("n", (at + 1).into())])) {
                                img alt="" src=(picture) width="64" height="64";
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is known of the product, two to a row where there is room.
pub fn attributes(rows: &[(&str, &str)]) -> Markup {
    html! { dl.attributes { @for (name, value) in rows { div { dt { (name) } dd { (value) } } } } }
}

/// One product within a cart or an order.
pub struct GoodsLine<'a> {
    pub anchor: &'a str,
    pub picture: Option<&'a str>,
    pub title: &'a str,
    pub href: Option<String>,
    pub variant: &'a str,
    /// Price of each, minor units.
    pub each: i64,
    pub currency: &'a str,
    /// The number with its unit, or the form that changes it.
    pub quantity: Markup,
    pub sum: i64,
    /// What is wrong with it now (sold out, price changed), or what can be done.
    pub remark: Option<Markup>,
}

pub fn goods_lines(lang: Lang, lines: &[GoodsLine]) -> Markup {
    html! {
        ul.lines {
            @for line in lines {
                li id=(line.anchor) {
                    @match line.picture {
                        Some(picture) => img alt="" src=(picture) width="72" height="72" loading="lazy";
                        None => span.none { (icon::box_()) }
                    }
                    div.what {
                        @match &line.href { Some(href) => a href=(href) { (line.title) }, None => span { (line.title) } }
                        span.note { (line.variant) }
                        @if let Some(remark) = &line.remark { span.note { (remark) } }
                    }
                    span.each.note.tabular { (format::money(lang, line.each, line.currency)) }
                    span.how-many { (line.quantity) }
                    b.line-sum.tabular { (format::money(lang, line.sum, line.currency)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tier_that_applies_is_the_highest_reached() {
        let tiers = [Tier { from: 5, minor: 11800 }, Tier { from: 20, minor: 10700 }, Tier { from: 100, minor: 9600 }];
        for (quantity, minor) in
            [(0, 11800), (4, 11800), (5, 11800), (19, 11800), (20, 10700), (99, 10700), (1000, 9600)]
        {
            assert_eq!(tier_price(&tiers, quantity).map(|tier| tier.minor), Some(minor), "{quantity}");
        }
        assert_eq!(tier_price(&[], 5), None);
    }
}
