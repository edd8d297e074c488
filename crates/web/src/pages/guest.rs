//! 2.2: what everybody sees: the home page, lists and searches, categories, goods, shops, pictures.
//!
//! None of the sorts knows who asks (2.2.3-b.1): these pages take no session further than the head.

use crate::app::{self, App};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
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
use discovery::{Card, Found, Query, Sort};
use maud::{Markup, html};
use std::collections::HashMap;
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
    let fresh: Vec<Card> =
        general.cards.into_iter().filter(|c| best.cards.iter().take(SHOWN).all(|b| b.id != c.id)).take(SHOWN).collect();
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
    let query: Vec<String> =
        filters.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", app::encode(v))).collect();
    let path = lang.path(paths::SEARCH);
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// What a list's address asks for.
struct Asked {
    fields: HashMap<String, String>,
}

const KEPT: [&str; 7] = ["q", "category", "shop", "low", "high", "minimum", "sort"];

impl Asked {
    fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The same list with one filter changed; the page goes back to the first.
    fn with(&self, lang: Lang, name: &str, value: &str) -> String {
        let filters: Vec<(&str, &str)> =
            KEPT.iter().map(|key| (*key, if *key == name { value } else { self.get(key) })).collect();
        list_path(lang, &filters)
    }

    fn page(&self, lang: Lang, page: u32) -> String {
        let base = self.with(lang, "", "");
        let joint = if base.contains('?') { '&' } else { '?' };
        if page <= 1 { base } else { format!("{base}{joint}page={page}") }
    }

    /// An amount of whole units of the currency, as a person types it into the price filter.
    fn amount(&self, name: &str) -> Option<i64> {
        let form = crate::form::FormData::parse(format!("x={}", app::encode(self.get(name))).as_bytes()).ok()?;
        form.money("x", CURRENCY, 0..=10_000_000_000).ok()
    }
}

/// `/search`: words, filters, sorts. The words are used for the answer and kept nowhere (2.2.2-a.1).
pub async fn list(State(app): State<App>, uri: OriginalUri, mut frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = Asked { fields: app::query(&uri.0) };
    let words: String = asked.get("q").chars().filter(|c| !c.is_control()).take(100).collect();
    let shop = Id::parse(asked.get("shop")).ok();
    let query = Query {
        words: words.trim().to_owned(),
        category: Some(asked.get("category").to_owned()).filter(|c| !c.is_empty()),
        shop: shop.clone(),
        price_from: asked.amount("low"),
        price_to: asked.amount("high"),
        minimum_up_to: asked.get("minimum").parse().ok().filter(|n: &i64| (1..=1_000_000).contains(n)),
        sort: Sort::parse(asked.get("sort")).unwrap_or_default(),
        page: asked.get("page").parse().unwrap_or(1).clamp(1, 50),
    };
    let tree = tree(&app).await?;
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
    for step in query.category.as_deref().map(|key| tree.path(key)).unwrap_or_default() {
        way.push((both(lang, &step.name), Some(asked.with(lang, "category", &step.key))));
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
        href: asked.with(lang, "sort", if sort == Sort::General { "" } else { sort.id() }),
        current: sort == query.sort,
    })
    .collect();
    let content = html! {
        h1.list-title { (title) }
        p.note {
            (f(lang, "results-count", &[("n", i64::try_from(found.total).unwrap_or(i64::MAX).into())]))
            @if found.loosely { " · " (t(lang, "list-loosely")) }
        }
        (chosen(lang, &asked, &query, &tree, &found))
        (ui::sort_bar(lang, &sorts, false))
        @if found.cards.is_empty() {
            (ui::empty(ui::icon::search(), t(lang, "list-nothing"), t(lang, "list-nothing-text"),
                Some((&lang.path(paths::CATEGORIES), t(lang, "foot-categories")))))
        } @else {
            (grid(lang, &found.cards))
            @if found.pages > 1 { (ui::pager_numbers(lang, found.page, found.pages, |page| asked.page(lang, page))) }
        }
    };
    let main = html! {
        (ui::crumbs(lang, &way))
        (ui::with_filters(filters(lang, &asked, &query, &tree, &found), content))
    };
    let described = f(lang, "list-description", &[("what", title.as_str().into())]);
    let page = frame.page(&title);
    // A search is nobody's landing page; a category is.
    let page = if query.words.is_empty() && query.page == 1 { page.listed(&described) } else { page };
    Ok(page.answer(main))
}

fn filters(lang: Lang, asked: &Asked, query: &Query, tree: &Tree, found: &Found) -> Markup {
    let count = |key: &str| found.categories.iter().find(|(k, _)| k == key).map_or(0, |(_, n)| *n as i64);
    let below: Vec<&category::Category> = match query.category.as_deref() {
        Some(key) => tree.children(key).collect(),
        None => tree.roots().collect(),
    };
    let mut groups = Vec::new();
    let options: Vec<ui::FilterOption> = below
        .into_iter()
        .filter(|c| count(&c.key) > 0)
        .map(|c| ui::FilterOption {
            label: both(lang, &c.name),
            href: asked.with(lang, "category", &c.key),
            count: Some(count(&c.key)),
            chosen: false,
        })
        .collect();
    if !options.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-category"), options });
    }
    let steps = ["5", "20", "100"];
    let labels: Vec<String> =
        steps.iter().map(|n| f(lang, "filter-minimum-up-to", &[("n", n.parse::<i64>().unwrap_or(0).into())])).collect();
    groups.push(ui::FilterGroup {
        title: t(lang, "filter-minimum"),
        options: steps
            .iter()
            .zip(&labels)
            .map(|(n, label)| ui::FilterOption {
                label,
                href: asked.with(lang, "minimum", if asked.get("minimum") == *n { "" } else { n }),
                count: None,
                chosen: asked.get("minimum") == *n,
            })
            .collect(),
    });
    let shops: Vec<ui::FilterOption> = found
        .shops
        .iter()
        .take(12)
        .map(|(id, name, n)| {
            let chosen = query.shop.as_ref() == Some(id);
            ui::FilterOption {
                label: both(lang, name),
                href: asked.with(lang, "shop", if chosen { "" } else { id.as_str() }),
                count: Some(*n as i64),
                chosen,
            }
        })
        .collect();
    if !shops.is_empty() {
        groups.push(ui::FilterGroup { title: t(lang, "filter-seller"), options: shops });
    }
    let action = lang.path(paths::SEARCH);
    let carried: Vec<(&str, &str)> = KEPT
        .iter()
        .filter(|key| !["low", "high"].contains(key) && !asked.get(key).is_empty())
        .map(|key| (*key, asked.get(key)))
        .collect();
    let price = ui::PriceFilter { action: &action, low: asked.get("low"), high: asked.get("high"), carried };
    ui::filter_panel(lang, &groups, Some(&price))
}

/// The filters in force, each with a way out.
fn chosen(lang: Lang, asked: &Asked, query: &Query, tree: &Tree, found: &Found) -> Markup {
    let mut out: Vec<(String, String)> = Vec::new();
    if let Some(category) = query.category.as_deref().and_then(|key| tree.get(key)) {
        out.push((both(lang, &category.name).to_owned(), asked.with(lang, "category", "")));
    }
    if let Some(id) = &query.shop {
        let name = found.shops.iter().find(|(s, _, _)| s == id).map_or("", |(_, name, _)| both(lang, name));
        let name = if name.is_empty() { t(lang, "filter-seller") } else { name };
        out.push((name.to_owned(), asked.with(lang, "shop", "")));
    }
    if let Some(n) = query.minimum_up_to {
        out.push((f(lang, "filter-minimum-up-to", &[("n", n.into())]), asked.with(lang, "minimum", "")));
    }
    for (name, amount) in [("low", query.price_from), ("high", query.price_to)] {
        if let Some(amount) = amount {
            let key = if name == "low" { "filter-price-from" } else { "filter-price-to" };
            let money = format::money(lang, amount, CURRENCY);
            out.push((f(lang, key, &[("price", money.into())]), asked.with(lang, name, "")));
        }
    }
    if out.is_empty() {
        return html! {};
    }
    let shown: Vec<(&str, String)> = out.iter().map(|(label, href)| (label.as_str(), href.clone())).collect();
    let all = list_path(lang, &[("q", asked.get("q"))]);
    ui::chosen(lang, &shown, &all)
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
    let asked = Asked { fields: app::query(&uri.0) };
    let page = asked.get("page").parse().unwrap_or(1).clamp(1, 50);
    let found = app.index.search(&Query { shop: Some(id.clone()), page, ..Query::default() });
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
