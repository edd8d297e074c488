//! 2.2: what everybody sees: the home page, categories, goods, shops, pictures. Lists stand in `search`.
//!
//! None of the sorts knows who asks (2.2.3-b.1): these pages take no session further than the head.

use super::search::{Asked, list_path};
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
use discovery::{Card, Query, Sort};
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
pub(super) fn grid(lang: Lang, cards: &[Arc<Card>]) -> Markup {
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
    let best = app.search(&Query { sort: Sort::Sales, page: 1, ..Query::default() }).await?;
    let general = app.search(&Query { page: 1, ..Query::default() }).await?;
    let shown = |card: &&Arc<Card>| best.cards.iter().take(SHOWN).any(|other| other.id == card.id);
    let fresh: Vec<Arc<Card>> = general.cards.iter().filter(|card| !shown(card)).take(SHOWN).cloned().collect();
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
    let found = app.search(&Query { shops: vec![id.clone()], page, ..Query::default() }).await?;
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
