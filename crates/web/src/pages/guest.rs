//! 2.2: what everybody sees: the home page, lists and searches, categories, goods, shops, pictures.
//!
//! None of the sorts knows who asks (2.2.3-b.1): these pages take no session further than the head.

use crate::app::{self, App};
use crate::error::Failure;
use crate::form::{self, FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::ui;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use catalogue::category::{self, Tree};
use catalogue::price::Tier;
use catalogue::product::Unit;
use catalogue::view::{self, ProductPage, Sale};
use catalogue::{Both, picture, shop};
use db::{BlobId, Id};
use discovery::{Card, Chosen, Found, Query, Sort, Suggestion};
use maud::{Markup, html};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock};

pub const CURRENCY: &str = "CNY";

pub fn both(lang: Lang, text: &Both) -> &str {
    text.in_(lang.0)
}

/// The unit of trade as the components take it.
pub fn unit(lang: Lang, unit: &Unit) -> ui::Unit<'_> {
    match lang.0 {
        policy::Language::Zh => ui::Unit { one: &unit.zh, many: &unit.zh },
        policy::Language::En => ui::Unit { one: &unit.one, many: &unit.many },
    }
}

/// The address of a picture; blobs are named by their content and never change.
pub fn media(blob: &str) -> String {
    format!("/media/{blob}")
}

pub fn product_path(id: &Id) -> String {
    format!("/product/{id}")
}

pub fn shop_path(id: &Id) -> String {
    format!("/shop/{id}")
}

/// The categories with their counts, read again after a minute: a cache that a restart empties.
pub async fn tree(app: &App) -> Result<Arc<Tree>, Failure> {
    /// The tree and when it was read.
    type Kept = Option<(i64, Arc<Tree>)>;
    static KEPT: OnceLock<Mutex<Kept>> = OnceLock::new();
    const MINUTE: i64 = 60_000_000;
    let kept = KEPT.get_or_init(Mutex::default);
    let now = app.now();
    if let Some((at, tree)) = kept.lock().expect("no panic holds it").as_ref()
        && (now - MINUTE..=now).contains(at)
        && !tree.all().is_empty()
    {
        return Ok(tree.clone());
    }
    let tree = Arc::new(app.read(|r| Ok(category::tree(r)?)).await?);
    *kept.lock().expect("no panic holds it") = Some((now, tree.clone()));
    Ok(tree)
}

fn card<'a>(lang: Lang, card: &'a Card) -> ui::ProductCard<'a> {
    ui::ProductCard {
        href: lang.path(&product_path(&card.id)),
        title: both(lang, &card.title),
        picture: None,
        low: card.price_low,
        high: card.price_high,
        currency: CURRENCY,
        minimum: card.minimum,
        unit: match lang.0 {
            policy::Language::Zh => ui::Unit { one: &card.unit_zh, many: &card.unit_zh },
            policy::Language::En => ui::Unit { one: &card.unit_one, many: &card.unit_many },
        },
        sold: card.sold,
        shop: both(lang, &card.shop_name),
        place: both(lang, &card.place),
        sold_out: !card.in_stock,
        label: None,
    }
}

/// A grid of cards with their pictures.
fn grid(lang: Lang, cards: &[Card]) -> Markup {
    let pictures: Vec<Option<String>> = cards.iter().map(|c| c.picture.as_deref().map(media)).collect();
    let shown: Vec<ui::ProductCard> = cards
        .iter()
        .zip(&pictures)
        .map(|(c, picture)| ui::ProductCard { picture: picture.as_deref(), ..card(lang, c) })
        .collect();
    ui::product_grid(lang, &shown)
}

/// Cards in each part of the start page: whole rows of five on a desk and of two on a phone.
const SHOWN: usize = 10;

/// `/`
pub async fn home(State(app): State<App>, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let tree = tree(&app).await?;
    let best = app.index.search(&Query { sort: Sort::Sales, page: 1, ..Query::default() });
    let general = app.index.search(&Query { page: 1, ..Query::default() });
    let shown = |card: &&Card| best.cards.iter().take(SHOWN).any(|other| other.id == card.id);
    let fresh: Vec<Card> = general.cards.iter().filter(|card| !shown(card)).take(SHOWN).cloned().collect();
    let main = html! {
        h1.unseen { (t(lang, "home-title")) }
        div.home {
            nav.card.categories aria-label=(t(lang, "home-categories")) {
                h2 { (t(lang, "home-categories")) }
                ul {
                    @for root in tree.roots().filter(|c| c.listed > 0) {
                        li {
                            a href=(list_path(lang, &[("category", &root.key)])) { b { (both(lang, &root.name)) } }
                            span.note {
                                @for child in tree.children(&root.key).filter(|c| c.listed > 0).take(4) {
                                    a href=(list_path(lang, &[("category", &child.key)])) { (both(lang, &child.name)) }
                                }
                            }
                        }
                    }
                }
            }
            section.promises.card {
                h2 { (t(lang, "home-promise-title")) }
                ul {
                    li { b { (t(lang, "home-promise-held")) } " " (t(lang, "home-promise-held-text")) }
                    li { b { (t(lang, "home-promise-read")) } " " (t(lang, "home-promise-read-text")) }
                    li { b { (t(lang, "home-promise-same")) } " " (t(lang, "home-promise-same-text")) }
                }
            }
        }
        (ui::part_head(t(lang, "home-best"), Some(t(lang, "sort-neutral")), Some(
            ui::link_button(&list_path(lang, &[("sort", "sales")]), t(lang, "home-more"), ui::Look::Plain))))
        @if best.cards.is_empty() {
            (ui::empty(ui::icon::box_(), t(lang, "home-empty"), t(lang, "home-empty-text"), None))
        } @else { (grid(lang, &best.cards[..best.cards.len().min(SHOWN)])) }
        @if !fresh.is_empty() {
            (ui::part_head(t(lang, "home-general"), None, Some(
                ui::link_button(&list_path(lang, &[]), t(lang, "home-more"), ui::Look::Plain))))
            (grid(lang, &fresh))
        }
    };
    Ok(frame.page(t(lang, "home-title")).listed(t(lang, "home-description")).answer(main))
}

/// The address of a list with these filters.
fn list_path(lang: Lang, filters: &[(&str, &str)]) -> String {
    lang.path(&list_here(filters))
}

/// The same without the language.
fn list_here(filters: &[(&str, &str)]) -> String {
    let query: Vec<String> =
        filters.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", app::encode(v))).collect();
    if query.is_empty() { paths::SEARCH.to_owned() } else { format!("{}?{}", paths::SEARCH, query.join("&")) }
}

/// What a list's address asks for, in the order in which an address holds it.
struct Asked {
    filters: Vec<(&'static str, String)>,
    page: u32,
}

/// More parameters of an address are not read.
const FIELDS_MAX: usize = 200;

/// The filters of an address, and whether one can stand in it several times.
const KEPT: [(&str, bool); 11] = [
    ("q", false),
    ("exact", false),
    ("category", false),
    ("shop", true),
    ("place", true),
    ("is", true),
    ("low", false),
    ("high", false),
    ("minimum", false),
    ("stock", false),
    ("sort", false),
];

impl Asked {
    fn of(query: &str) -> Asked {
        let pairs = query.split('&').take(FIELDS_MAX).filter_map(|pair| pair.split_once('='));
        let given: Vec<(&str, String)> = pairs.map(|(key, value)| (key, form::decode(value.as_bytes()))).collect();
        let mut filters: Vec<(&'static str, String)> = Vec::new();
        for (key, several) in KEPT {
            let mut values: Vec<String> = Vec::new();
            for (_, value) in given.iter().filter(|(other, _)| *other == key) {
                let value: String = value.chars().filter(|c| !c.is_control()).take(200).collect();
                let value = value.trim();
                if means_something(key, value) && !values.iter().any(|other| other == value) {
                    values.push(value.to_owned());
                }
            }
            values.truncate(if several { discovery::CHOSEN_MAX } else { 1 });
            filters.extend(values.into_iter().map(|value| (key, value)));
        }
        let page = given.iter().find(|(key, _)| *key == "page").and_then(|(_, page)| page.parse().ok());
        Asked { filters, page: page.unwrap_or(1).clamp(1, discovery::PAGES_MAX) }
    }

    fn get(&self, name: &str) -> &str {
        self.filters.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.filters.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|other| other == value)
    }

    /// The same list with these filters set anew, none for an empty value; the page goes back to the first.
    fn with(&self, lang: Lang, changed: &[(&'static str, &str)]) -> String {
        let kept = self.filters.iter().filter(|(key, _)| changed.iter().all(|(other, _)| other != key));
        let all = kept.map(|(key, value)| (*key, value.as_str())).chain(changed.iter().copied());
        let mut all: Vec<(&str, &str)> = all.collect();
        all.sort_by_key(|(key, _)| KEPT.iter().position(|(known, _)| known == key));
        list_path(lang, &all)
    }

    /// The same list with one value of a filter more, or less where it is chosen.
    fn toggled(&self, lang: Lang, name: &'static str, value: &str) -> String {
        let same = |(key, other): &(&'static str, String)| *key == name && other == value;
        let mut filters: Vec<(&str, &str)> =
            self.filters.iter().filter(|filter| !same(filter)).map(|(key, value)| (*key, value.as_str())).collect();
        if !self.has(name, value) {
            filters.push((name, value));
        }
        filters.sort_by_key(|(key, _)| KEPT.iter().position(|(known, _)| known == key));
        list_path(lang, &filters)
    }

    /// Without the language.
    fn page(&self, page: u32) -> String {
        let all: Vec<(&str, &str)> = self.filters.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let base = list_here(&all);
        let joint = if base.contains('?') { '&' } else { '?' };
        if page <= 1 { base } else { format!("{base}{joint}page={page}") }
    }

    /// An amount of the currency, as a person types it into the price filter.
    fn amount(&self, name: &str) -> Option<i64> {
        FormData::of(&[("x", self.get(name))]).money("x", CURRENCY, 0..=10_000_000_000).ok()
    }

    fn query(&self, tree: &Tree) -> Query {
        let category = Some(self.get("category")).filter(|key| !key.is_empty());
        let sort = Sort::parse(self.get("sort")).unwrap_or_default();
        Query {
            words: self.get("q").chars().take(100).collect::<String>().trim().to_owned(),
            exact: !self.get("exact").is_empty(),
            category: category.map(str::to_owned),
            within: category.and_then(|key| tree.get(key)).and_then(|category| category.parent.clone()),
            shops: self.all("shop").filter_map(|text| Id::parse(text).ok()).collect(),
            places: self.all("place").map(str::to_owned).collect(),
            attributes: self.all("is").filter_map(Chosen::parse).collect(),
            price_from: self.amount("low"),
            price_to: self.amount("high"),
            minimum_up_to: self.get("minimum").parse().ok(),
            in_stock: !self.get("stock").is_empty(),
            sort,
            page: self.page,
            facets: true,
        }
    }
}

/// What means nothing is not carried on. What was typed as a price is shown again.
fn means_something(key: &str, value: &str) -> bool {
    match key {
        "exact" | "stock" => value == "1",
        "shop" => Id::parse(value).is_ok(),
        "is" => Chosen::parse(value).is_some(),
        "minimum" => value.parse().is_ok_and(|n: i64| (1..=1_000_000).contains(&n)),
        "sort" => Sort::parse(value).is_some_and(|sort| sort != Sort::General),
        _ => !value.is_empty(),
    }
}

/// An amount as an address and the price filter hold it.
fn amount_text(minor: i64) -> String {
    let text = format::money_plain(minor, CURRENCY);
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// `/search`: words, filters, sorts. The words are used for the answer and kept nowhere (2.2.2-a.1).
pub async fn list(State(app): State<App>, uri: OriginalUri, mut frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = Asked::of(uri.0.query().unwrap_or(""));
    let tree = tree(&app).await?;
    let query = asked.query(&tree);
    let index = app.index.clone();
    let wanted = query.clone();
    let found = tokio::task::spawn_blocking(move || index.search(&wanted)).await.map_err(Failure::fault)?;
    frame.searched = query.words.clone();
    let here = query.category.as_deref().and_then(|key| tree.get(key));
    let title = match (query.words.as_str(), here) {
        ("", Some(category)) => both(lang, &category.name).to_owned(),
        ("", None) => t(lang, "list-all").to_owned(),
        (words, _) => f(lang, "list-search", &[("words", words.into())]),
    };
    let mut way: Vec<(&str, Option<String>)> = vec![(t(lang, "home-title"), Some(lang.path(paths::HOME)))];
    let mut steps = query.category.as_deref().map(|key| tree.path(key)).unwrap_or_default();
    if query.words.is_empty() {
        // The title.
        steps.pop();
    }
    for step in steps {
        way.push((both(lang, &step.name), Some(asked.with(lang, &[("category", &step.key)]))));
    }
    way.push((&title, None));
    let sorts: Vec<ui::Sort> = [
        (Sort::General, "sort-general"),
        (Sort::Sales, "sort-sales"),
        (Sort::PriceUp, "sort-price"),
        (Sort::PriceDown, "sort-price-down"),
    ]
    .into_iter()
    .map(|(sort, label)| ui::Sort {
        label: t(lang, label),
        href: asked.with(lang, &[("sort", if sort == Sort::General { "" } else { sort.id() })]),
        current: sort == query.sort,
    })
    .collect();
    let out = chosen(lang, &asked, &query, &tree, &found);
    let content = html! {
        h1.list-title { (title) }
        p.note { (f(lang, "results-count", &[("n", i64::try_from(found.total).unwrap_or(i64::MAX).into())])) }
        (reading(lang, &asked, &query, &found))
        @if !out.is_empty() {
            @let shown: Vec<(&str, String)> = out.iter().map(|(label, href)| (label.as_str(), href.clone())).collect();
            (ui::chosen(lang, &shown, &list_path(lang, &[("q", asked.get("q"))])))
        }
        (ui::sort_bar(lang, &sorts, false))
        @if found.cards.is_empty() {
            (nothing(lang, &asked, &query, &tree, !out.is_empty()))
        } @else {
            (grid(lang, &found.cards))
            @if found.pages > 1 { (ui::pager_numbers(lang, found.page, found.pages, |page| lang.path(&asked.page(page)))) }
        }
    };
    let main = html! {
        (ui::crumbs(lang, &way))
        @if found.total == 0 && out.is_empty() { (content) }
        @else { (ui::with_filters(filters(lang, &asked, &query, &tree, &found), content)) }
    };
    let described = f(lang, "list-description", &[("what", title.as_str().into())]);
    // A search is nobody's landing page, nor is a narrowed list; a category is, under one address.
    let landing = asked.filters.iter().all(|(key, _)| *key == "category") && query.page == 1;
    // One address for each list, whoever wrote the one that was asked for.
    frame.here = asked.page(query.page);
    let page = frame.page(&title);
    let page = if landing { page.listed(&described) } else { page };
    Ok(page.answer(main))
}

/// What was looked for, where it is not what was typed; and the way to the other.
fn reading(lang: Lang, asked: &Asked, query: &Query, found: &Found) -> Markup {
    let typed = || ("typed", query.words.as_str().into());
    html! {
        @if let Some(read_as) = &found.read_as {
            (ui::notice_with(ui::Tone::Info, html! {
                p {
                    (f(lang, "list-read-as", &[typed(), ("words", read_as.as_str().into())])) " "
                    a href=(asked.with(lang, &[("exact", "1")])) rel="nofollow" { (f(lang, "list-exactly", &[typed()])) }
                }
                @if found.loosely { p { (t(lang, "list-loosely")) } }
            }))
        } @else if let Some(meant) = &found.meant {
            (ui::notice_with(ui::Tone::Info, html! {
                p {
                    (t(lang, "list-meant")) " "
                    a href=(asked.with(lang, &[("exact", ""), ("q", meant)])) rel="nofollow" { (meant) }
                }
                @if found.loosely { p { (t(lang, "list-loosely")) } }
            }))
        } @else if found.loosely {
            (ui::notice_with(ui::Tone::Info, html! { p { (t(lang, "list-loosely")) } }))
        }
    }
}

/// Never a dead end: without the filters, and through the categories.
fn nothing(lang: Lang, asked: &Asked, query: &Query, tree: &Tree, filtered: bool) -> Markup {
    let all = list_path(lang, &[("q", asked.get("q"))]);
    let categories = lang.path(paths::CATEGORIES);
    let (text, action) = match (filtered, query.words.is_empty()) {
        (true, _) => ("list-nothing-filtered", (all.as_str(), t(lang, "list-unfiltered"))),
        (false, _) => ("list-nothing-text", (categories.as_str(), t(lang, "foot-categories"))),
    };
    let mut roots: Vec<&category::Category> = tree.roots().filter(|root| root.listed > 0).collect();
    roots.sort_by_key(|root| -root.listed);
    html! {
        (ui::empty(ui::icon::search(), t(lang, "list-nothing"), t(lang, text), Some(action)))
        @if !roots.is_empty() {
            nav aria-label=(t(lang, "home-categories")) {
                ul.chosen {
                    @for root in roots.into_iter().take(12) {
                        li { a href=(list_path(lang, &[("category", &root.key)])) { (both(lang, &root.name)) } }
                    }
                }
            }
        }
    }
}

fn counted(n: u64) -> Option<i64> {
    Some(i64::try_from(n).unwrap_or(i64::MAX))
}

fn filters(lang: Lang, asked: &Asked, query: &Query, tree: &Tree, found: &Found) -> Markup {
    let facets = &found.facets;
    let option =
        |label, href, count: u64, chosen| ui::FilterOption { label, href, count: counted(count), chosen, depth: 0 };
    let mut groups = Vec::new();
    let options = categories_to_choose(lang, asked, query, tree, found);
    if !options.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-category"), options, several: false });
    }
    let labels: Vec<String> =
        facets.minimums.iter().map(|(n, _)| f(lang, "filter-minimum-up-to", &[("n", (*n).into())])).collect();
    let options: Vec<ui::FilterOption> = facets
        .minimums
        .iter()
        .zip(&labels)
        .map(|((n, count), label)| {
            let chosen = query.minimum_up_to == Some(*n);
            let value = if chosen { String::new() } else { n.to_string() };
            option(label.as_str(), asked.with(lang, &[("minimum", &value)]), *count, chosen)
        })
        .collect();
    if !options.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-minimum"), options, several: false });
    }
    if facets.in_stock > 0 || query.in_stock {
        let href = asked.with(lang, &[("stock", if query.in_stock { "" } else { "1" })]);
        let options = vec![option(t(lang, "filter-in-stock"), href, facets.in_stock, query.in_stock)];
        groups.push(ui::FilterGroup { title: t(lang, "filter-stock"), options, several: true });
    }
    let values: Vec<Vec<(String, bool)>> = facets
        .attributes
        .iter()
        .map(|facet| {
            let each = facet.values.iter().map(|(value, _)| {
                let of = Chosen { name: facet.name.en.clone(), value: value.en.clone() };
                let text = of.text();
                let chosen = asked.all("is").any(|other| other.to_lowercase() == text.to_lowercase());
                (text, chosen)
            });
            each.collect()
        })
        .collect();
    for (facet, values) in facets.attributes.iter().zip(&values) {
        let options = facet.values.iter().zip(values).map(|((value, count), (text, chosen))| {
            option(both(lang, value), asked.toggled(lang, "is", text), *count, *chosen)
        });
        groups.push(ui::FilterGroup { title: both(lang, &facet.name), options: options.collect(), several: true });
    }
    let options: Vec<ui::FilterOption> = facets
        .places
        .iter()
        .map(|(place, n)| {
            option(both(lang, place), asked.toggled(lang, "place", &place.en), *n, asked.has("place", &place.en))
        })
        .collect();
    if !options.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-place"), options, several: true });
    }
    let shops: Vec<ui::FilterOption> = facets
        .shops
        .iter()
        .take(12)
        .map(|(id, name, n)| {
            option(both(lang, name), asked.toggled(lang, "shop", id.as_str()), *n, query.shops.contains(id))
        })
        .collect();
    if !shops.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-seller"), options: shops, several: true });
    }
    let bands: Vec<(String, String, bool, u64)> =
        facets.prices.iter().map(|band| priced(lang, asked, query, band)).collect();
    let bands =
        bands.iter().map(|(label, href, chosen, n)| option(label.as_str(), href.clone(), *n, *chosen)).collect();
    let action = lang.path(paths::SEARCH);
    let carried: Vec<(&str, &str)> = asked
        .filters
        .iter()
        .filter(|(key, _)| !["low", "high"].contains(key))
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let price = ui::PriceFilter { action: &action, low: asked.get("low"), high: asked.get("high"), carried, bands };
    ui::filter_panel(lang, &groups, Some(&price))
}

/// The way up, the categories beside the chosen one, and those below it.
fn categories_to_choose<'a>(
    lang: Lang,
    asked: &Asked,
    query: &Query,
    tree: &'a Tree,
    found: &Found,
) -> Vec<ui::FilterOption<'a>> {
    let count = |key: &str| found.facets.categories.iter().find(|(k, _)| k == key).map_or(0, |(_, n)| *n);
    let option = |category: &'a category::Category, depth, chosen| ui::FilterOption {
        label: both(lang, &category.name),
        href: asked.with(lang, &[("category", &category.key)]),
        count: counted(count(&category.key)),
        chosen,
        depth,
    };
    let mut options = Vec::new();
    let Some(here) = query.category.as_deref().and_then(|key| tree.get(key)) else {
        options.extend(tree.roots().filter(|c| count(&c.key) > 0).map(|c| option(c, 0, false)));
        return options;
    };
    options.push(ui::FilterOption {
        label: t(lang, "home-categories"),
        href: asked.with(lang, &[("category", "")]),
        count: None,
        chosen: false,
        depth: 0,
    });
    let above = tree.path(&here.key);
    let mut depth = 0;
    for step in above.iter().filter(|step| step.key != here.key) {
        depth += 1;
        options.push(ui::FilterOption { count: None, ..option(step, depth, false) });
    }
    let beside: Vec<&category::Category> = match &here.parent {
        Some(parent) => tree.children(parent).collect(),
        None => tree.roots().collect(),
    };
    for category in beside {
        let chosen = category.key == here.key;
        if chosen {
            let up = here.parent.as_deref().unwrap_or("");
            let href = asked.with(lang, &[("category", up)]);
            options.push(ui::FilterOption { href, ..option(category, depth + 1, true) });
            options.extend(tree.children(&here.key).filter(|c| count(&c.key) > 0).map(|c| option(c, depth + 2, false)));
        } else if count(&category.key) > 0 {
            options.push(option(category, depth + 1, false));
        }
    }
    options
}

/// A band of prices: what it is called, where it leads, whether it is chosen, how many it holds.
fn priced(lang: Lang, asked: &Asked, query: &Query, band: &discovery::Band) -> (String, String, bool, u64) {
    let money = |minor: i64| format!("{}{}", format::money_prefix(lang, CURRENCY), amount_text(minor));
    let label = match (band.from, band.to) {
        (Some(from), Some(to)) => format!("{} – {}", money(from), amount_text(to)),
        (None, Some(to)) => f(lang, "filter-price-to", &[("price", money(to).into())]),
        (Some(from), None) => f(lang, "filter-price-from", &[("price", money(from).into())]),
        (None, None) => String::new(),
    };
    let chosen = (query.price_from, query.price_to) == (band.from, band.to);
    let text = |end: Option<i64>| end.filter(|_| !chosen).map(amount_text).unwrap_or_default();
    let href = asked.with(lang, &[("low", &text(band.from)), ("high", &text(band.to))]);
    (label, href, chosen, band.count)
}

/// The filters in force, each with a way out.
fn chosen(lang: Lang, asked: &Asked, query: &Query, tree: &Tree, found: &Found) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    if let Some(key) = query.category.as_deref() {
        let name = tree.get(key).map_or(key, |category| both(lang, &category.name));
        out.push((name.to_owned(), asked.with(lang, &[("category", "")])));
    }
    for (id, name) in &found.chosen.shops {
        let name = name.as_ref().map_or(t(lang, "filter-seller"), |name| both(lang, name));
        out.push((name.to_owned(), asked.toggled(lang, "shop", id.as_str())));
    }
    for (en, name) in &found.chosen.places {
        let name = name.as_ref().map_or(en.as_str(), |name| both(lang, name));
        out.push((name.to_owned(), asked.toggled(lang, "place", en)));
    }
    for (text, (chosen, words)) in
        asked.all("is").filter(|text| Chosen::parse(text).is_some()).zip(&found.chosen.attributes)
    {
        let (name, value) = match words {
            Some((name, value)) => (both(lang, name), both(lang, value)),
            None => (chosen.name.as_str(), chosen.value.as_str()),
        };
        out.push((format!("{name}{}{value}", t(lang, "colon")), asked.toggled(lang, "is", text)));
    }
    for (name, amount) in [("low", query.price_from), ("high", query.price_to)] {
        if let Some(amount) = amount {
            let key = if name == "low" { "filter-price-from" } else { "filter-price-to" };
            let money = format::money(lang, amount, CURRENCY);
            out.push((f(lang, key, &[("price", money.into())]), asked.with(lang, &[(name, "")])));
        }
    }
    if let Some(n) = query.minimum_up_to {
        out.push((f(lang, "filter-minimum-chosen", &[("n", n.into())]), asked.with(lang, &[("minimum", "")])));
    }
    if query.in_stock {
        out.push((t(lang, "filter-in-stock").to_owned(), asked.with(lang, &[("stock", "")])));
    }
    out
}

/// `/suggest?lang=en&q=…`: what the words being typed may become, out of goods and categories. It reads no session, and
/// its script sends no cookie: nobody is known to it. The words are used for the answer and kept nowhere (2.2.2-a.1).
pub async fn suggest(State(app): State<App>, uri: OriginalUri) -> Result<Response, Failure> {
    let asked = FormData::parse(uri.0.query().unwrap_or("").as_bytes()).unwrap_or_else(|_| FormData::empty());
    let lang = Lang::ALL.into_iter().find(|lang| lang.code() == asked.text("lang")).unwrap_or(Lang::ALL[0]);
    let words: String = asked.text("q").chars().filter(|c| !c.is_control()).take(100).collect();
    let (tree, index) = (tree(&app).await?, app.index.clone());
    let found = tokio::task::spawn_blocking(move || index.suggest(&tree, &words)).await.map_err(Failure::fault)?;
    let line = |text: &str, note: &str, href: String| serde_json::json!({ "text": text, "note": note, "href": href });
    let lines: Vec<serde_json::Value> = found
        .into_iter()
        .map(|suggestion| match suggestion {
            Suggestion::Words(words) => line(&words, "", list_path(lang, &[("q", &words)])),
            Suggestion::Category { key, name } => {
                line(both(lang, &name), t(lang, "suggest-category"), list_path(lang, &[("category", &key)]))
            }
            Suggestion::Goods { id, title } => {
                line(both(lang, &title), t(lang, "suggest-goods"), lang.path(&product_path(&id)))
            }
        })
        .collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(lines)).into_response())
}

/// `/categories`
pub async fn categories(State(app): State<App>, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let tree = tree(&app).await?;
    let main = html! {
        h1 { (t(lang, "foot-categories")) }
        div.category-grid {
            @for root in tree.roots() {
                section.card {
                    h2 { a href=(list_path(lang, &[("category", &root.key)])) { (both(lang, &root.name)) }
                        " " span.note { (format::number(root.listed)) } }
                    ul {
                        @for child in tree.children(&root.key) {
                            li {
                                a href=(list_path(lang, &[("category", &child.key)])) { (both(lang, &child.name)) }
                                " " span.note { (format::number(child.listed)) }
                                @if tree.children(&child.key).next().is_some() {
                                    ul {
                                        @for leaf in tree.children(&child.key) {
                                            li { a href=(list_path(lang, &[("category", &leaf.key)])) { (both(lang, &leaf.name)) }
                                                " " span.note { (format::number(leaf.listed)) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(frame.page(t(lang, "foot-categories")).listed(t(lang, "home-description")).answer(main))
}

/// `/product/{id}`
pub async fn product(State(app): State<App>, Path(id): Path<String>, frame: Frame) -> Result<Response, Failure> {
    show_product(&app, &frame, &id, &FormData::empty(), &FormErrors::default(), StatusCode::OK).await
}

/// By one query where it was looked at lately.
async fn product_page(app: &App, id: &Id) -> Result<ProductPage, Failure> {
    let wanted = id.clone();
    let kept =
        app.vault.data().look(move |r| Ok(view::kept_page(r, &wanted)?)).await.map_err(app::failure::<Infallible>)?;
    if let Some(page) = kept {
        return Ok(page);
    }
    let wanted = id.clone();
    app.read(move |r| Ok(view::product_page(r, &wanted)?)).await?.ok_or(Failure::NotFound)
}

/// The product's page, also with what was typed and what was wrong with it.
pub async fn show_product(
    app: &App,
    frame: &Frame,
    id: &str,
    form: &FormData,
    errors: &FormErrors,
    status: StatusCode,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let id = Id::parse(id).map_err(|_| Failure::NotFound)?;
    let page = product_page(app, &id).await?;
    let tree = tree(app).await?;
    let title = both(lang, &page.title);
    let mut way: Vec<(&str, Option<String>)> = vec![(t(lang, "home-title"), Some(lang.path(paths::HOME)))];
    for step in tree.path(&page.category) {
        way.push((both(lang, &step.name), Some(list_path(lang, &[("category", &step.key)]))));
    }
    way.push((title, None));
    let pictures: Vec<String> = page.pictures.iter().map(|p| media(p.large().as_str())).collect();
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let tiers: Vec<ui::Tier> =
        page.tiers.iter().map(|tier: &Tier| ui::Tier { from: tier.from, minor: tier.price }).collect();
    let ids: Vec<String> = page.variants.iter().map(|v| v.id.to_string()).collect();
    let fields: Vec<String> = ids.iter().map(|id| format!("qty-{id}")).collect();
    let variants: Vec<ui::Variant> = page
        .variants
        .iter()
        .zip(ids.iter().zip(&fields))
        .map(|(v, (id, field))| ui::Variant {
            id,
            name: both(lang, &v.name),
            surcharge: v.surcharge,
            stock: v.stock,
            typed: if form.has(field) { form.text(field) } else { "0" },
        })
        .collect();
    let labels: Vec<(&str, &str)> = match page.sale {
        Sale::Open => fields.iter().zip(&variants).map(|(field, v)| (field.as_str(), v.name)).collect(),
        _ => Vec::new(),
    };
    let action = lang.path("/cart/add");
    let cart = lang.path(paths::CART);
    let product_id = page.id.to_string();
    let freight = match (page.freight.flat, page.freight.free_from) {
        (0, _) => t(lang, "product-freight-free").to_owned(),
        (flat, Some(from)) => f(
            lang,
            "product-freight-until",
            &[
                ("price", format::money(lang, flat, CURRENCY).into()),
                ("from", format::money(lang, from, CURRENCY).into()),
            ],
        ),
        (flat, None) => f(lang, "product-freight", &[("price", format::money(lang, flat, CURRENCY).into())]),
    };
    let rows: Vec<(&str, &str)> = page.attributes.iter().map(|a| (both(lang, &a.name), both(lang, &a.value))).collect();
    let buy = html! {
        h1 { (title) }
        p.note { (f(lang, "card-sold", &[("n", format::number(page.sold).into())])) }
        (ui::error_summary(lang, errors, &labels))
        @match page.sale {
            Sale::Open => (ui::purchase(lang, &frame.csrf, &ui::Purchase {
                action: &action, cart: &cart, product: &product_id, axis: both(lang, &page.axis), currency: CURRENCY,
                unit: unit(lang, &page.unit), minimum: page.minimum(), tiers: &tiers, variants: &variants,
            }, errors)),
            Sale::Down => (ui::notice(ui::Tone::Warn, t(lang, "product-down"))),
            Sale::ShopNotOpen => (ui::notice(ui::Tone::Warn, t(lang, "product-shop-paused"))),
        }
        p.note {
            (freight) " · "
            (f(lang, "product-ships", &[("hours", page.ships_within_hours.into())])) " · "
            (t(lang, "product-held"))
        }
        @if !page.text.is_empty() {
            h2 { (t(lang, "product-about")) }
            p.described { (both(lang, &page.text)) }
        }
        @if !rows.is_empty() { h2 { (t(lang, "product-attributes")) } (ui::attributes(&rows)) }
    };
    let aside = html! {
        div.card.of-shop {
            b { a href=(lang.path(&shop_path(&page.shop.id))) { (both(lang, &page.shop.name)) } }
            p.note { (both(lang, &page.shop.place)) }
            (ui::link_button(&lang.path(&shop_path(&page.shop.id)), t(lang, "product-to-shop"), ui::Look::Plain))
        }
    };
    let main = html! {
        (ui::crumbs(lang, &way))
        (ui::product_layout(ui::gallery(lang, title, &pictures), buy, aside))
    };
    let described: String = both(lang, &page.text).chars().take(160).collect();
    Ok(frame.page(title).listed(&described).answer_with(status, main))
}

/// `/shop/{id}`
pub async fn shop_page(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: OriginalUri,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let wanted = id.clone();
    let shop = app.read(move |r| Ok(shop::public(r, &wanted)?)).await?.ok_or(Failure::NotFound)?;
    let page = Asked::of(uri.0.query().unwrap_or("")).page;
    let found = app.index.search(&Query { shops: vec![id.clone()], page, ..Query::default() });
    let name = both(lang, &shop.face.name);
    let main = html! {
        (ui::crumbs(lang, &[(t(lang, "home-title"), Some(lang.path(paths::HOME))), (name, None)]))
        section.card.shop-head {
            h1 { (name) }
            p.note {
                (both(lang, &shop.face.place)) " · "
                (f(lang, "shop-since", &[("year", shop.face.since_year.to_string().into())])) " · "
                (f(lang, "results-count", &[("n", shop.listed.into())]))
            }
            @if !shop.open { (ui::notice(ui::Tone::Warn, t(lang, "product-shop-paused"))) }
            p { (both(lang, &shop.face.intro)) }
            // Public by law (E-commerce Law 15).
            p.note { (t(lang, "shop-contact")) (t(lang, "colon")) (shop.contact_name) " · " (shop.contact_phone) }
        }
        @if found.cards.is_empty() {
            (ui::empty(ui::icon::box_(), t(lang, "shop-empty"), t(lang, "shop-empty-text"), None))
        } @else {
            (grid(lang, &found.cards))
            @if found.pages > 1 {
                (ui::pager_numbers(lang, found.page, found.pages, |n| format!("{}?page={n}", lang.path(&shop_path(&id)))))
            }
        }
    };
    let described: String = both(lang, &shop.face.intro).chars().take(160).collect();
    Ok(frame.page(name).listed(&described).answer(main))
}

/// `/media/{blob}`: a picture by its content. Never changes, so browsers may keep it.
pub async fn picture_file(
    State(app): State<App>,
    Path(blob): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let blob = BlobId::parse(&blob).ok_or(Failure::NotFound)?;
    let tag = format!("\"{}\"", &blob.as_str()[..32]);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    // Only what a product shows: a hash alone opens nobody's attachment.
    let wanted = blob.clone();
    if !app.read(move |r| Ok(picture::is_public(r, &wanted)?)).await? {
        return Err(Failure::NotFound);
    }
    let blobs = app.vault.data().blobs().clone();
    let bytes = tokio::task::spawn_blocking(move || blobs.get(&blob))
        .await
        .map_err(Failure::fault)?
        .map_err(|_| Failure::NotFound)?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg".to_owned()),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
            (header::ETAG, tag),
        ],
        bytes,
    )
        .into_response())
}
