//! 2.2.2, 2.2.3: lists and searches, their filters, and what is suggested while somebody types.
//!
//! None of the sorts knows who asks (2.2.3-b.1), and the words are used for the answer and kept nowhere (2.2.2-a.1).

use super::guest::{CURRENCY, both, grid, product_path, tree};
use crate::app::{self, App};
use crate::error::Failure;
use crate::form::{self, FormData};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::ui;
use axum::extract::{OriginalUri, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use catalogue::category::{self, Tree};
use db::Id;
use discovery::{Chosen, Found, Query, Sort, Suggestion};
use maud::{Markup, html};

/// The address of a list with these filters.
pub(super) fn list_path(lang: Lang, filters: &[(&str, &str)]) -> String {
    let mut address = String::with_capacity(ADDRESS_BYTES);
    address.push('/');
    address.push_str(lang.code());
    write_list(&mut address, filters);
    address
}

/// The same without the language.
fn list_here(filters: &[(&str, &str)]) -> String {
    let mut address = String::with_capacity(ADDRESS_BYTES);
    write_list(&mut address, filters);
    address
}

/// Most addresses of lists are no longer.
const ADDRESS_BYTES: usize = 160;

fn write_list(address: &mut String, filters: &[(&str, &str)]) {
    address.push_str(paths::SEARCH);
    let mut mark = '?';
    for (key, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(mark);
        address.push_str(key);
        address.push('=');
        app::encode_into(address, value);
        mark = '&';
    }
}

/// What a list's address asks for, in the order in which an address holds it.
pub(super) struct Asked {
    filters: Vec<(&'static str, String)>,
    pub page: u32,
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
    pub fn of(query: &str) -> Asked {
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
        in_order(lang, all.collect())
    }

    /// The same list with one value of a filter more, or less where it is chosen.
    fn toggled(&self, lang: Lang, name: &'static str, value: &str) -> String {
        let same = |(key, other): &(&'static str, String)| *key == name && other == value;
        let mut filters: Vec<(&str, &str)> =
            self.filters.iter().filter(|filter| !same(filter)).map(|(key, value)| (*key, value.as_str())).collect();
        if !self.has(name, value) {
            filters.push((name, value));
        }
        in_order(lang, filters)
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
            words: discovery::typed(self.get("q")).trim().to_owned(),
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
            walk: None,
            facets: true,
        }
    }
}

/// The list's address, with its filters in the order of all such addresses.
fn in_order(lang: Lang, mut filters: Vec<(&str, &str)>) -> String {
    filters.sort_by_key(|(key, _)| KEPT.iter().position(|(known, _)| known == key));
    list_path(lang, &filters)
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
    let found = app.search(&query).await?;
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
    let count = |key: &str| found.categories.iter().find(|(k, _)| k == key).map_or(0, |(_, n)| *n);
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
    let words = discovery::typed(asked.text("q"));
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
