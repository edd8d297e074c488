//! What a seller offers: the list, and the one form that publishes and edits. It works whole without a script: fixed
//! rows, and the pictures in the same multipart body.

use super::{pair, tell, two, with_side};
use crate::app::{self, App, AtDesk, Told, not_stored};
use crate::error::Failure;
use crate::form::{self, FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::{Lang, f, t};
use crate::pages::guest::{CURRENCY, both, media, product_path, tree, unit};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, Request, State};
use axum::response::Response;
use catalogue::picture::{self, Prepared};
use catalogue::price::Tier;
use catalogue::product::{
    self, ATTRIBUTES_MAX, Attribute, NewPicture, NewProduct, NewVariant, PICTURES_MAX, TIERS_MAX, Tried, Unit,
    VARIANTS_MAX,
};
use catalogue::view::{self, ProductPage, Sale};
use catalogue::{Both, Refused};
use db::{Id, Stop, Tx};
use maud::{Markup, html};
use std::collections::HashSet;
use std::sync::Arc;

const REFERENCE_MAX: usize = 40;
const TITLE_MAX: usize = 120;
const TEXT_MAX: usize = 5_000;
const UNIT_MAX: usize = 20;
const AXIS_MAX: usize = 30;
const PRICE_MAX: i64 = 100_000_000;
const QUANTITY_MAX: i64 = 10_000_000;
/// Rows that the form shows at least.
const VARIANT_ROWS: usize = 8;
const TIER_ROWS: usize = 4;
const ATTRIBUTE_ROWS: usize = 4;
const PAGE: i64 = 30;

/// `GET /sell/products`
pub async fn list(State(app): State<App>, desk: AtDesk, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = app::query(&uri.0);
    let tab = asked.get("tab").map_or("", String::as_str);
    let listed = match tab {
        "listed" => Some(true),
        "down" => Some(false),
        _ => None,
    };
    let before = asked.get("before").and_then(|id| Id::parse(id).ok());
    let from = before.clone();
    let mut rows = app.read(move |r| Ok(view::own_products(r, &desk.seller, listed, from.as_ref(), PAGE + 1)?)).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let all = frame.path("/sell/products");
    let here = if listed.is_some() { format!("{all}?tab={tab}&") } else { format!("{all}?") };
    let next = rows.last().filter(|_| more).map(|row| format!("{here}before={}", row.id));
    let columns = ["sell-product", "price", "in-stock", "sell-sold", "sell-product-state"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "sell-goods"), &columns);
    for row in &rows {
        let edit = frame.path(&format!("/sell/products/{}", row.id));
        table.row(vec![
            ui::head_cell(html! { a href=(edit) { (both(lang, &row.title)) } }),
            ui::number_cell(html! { (format::money_range(lang, row.price_low, row.price_high, CURRENCY)) }),
            ui::number_cell(html! { (format::number(row.stock)) " " (unit(lang, &row.unit).of(row.stock)) }),
            ui::number_cell(html! { (format::number(row.sold)) }),
            ui::cell(state_badge(lang, row.listed)),
        ]);
    }
    let tabs = [
        ("sell-all", all.clone(), None),
        ("sell-listed", format!("{all}?tab=listed"), Some(true)),
        ("sell-down", format!("{all}?tab=down"), Some(false)),
    ]
    .map(|(key, href, shown)| (t(lang, key), href, None, shown == listed));
    let content = html! {
        (ui::section_head(t(lang, "sell-goods"), None, Some(html! {
            (ui::link_button(&frame.path("/sell/export.csv"), t(lang, "import-export"), ui::Look::Plain))
            (ui::link_button(&frame.path("/sell/import"), t(lang, "import-open"), ui::Look::Plain))
            (ui::link_button(&frame.path("/sell/products/new"), t(lang, "sell-new"), ui::Look::Main))
        })))
        (ui::tabs(t(lang, "sell-goods"), &tabs))
        @if table.is_empty() {
            (ui::empty(ui::icon::box_(), t(lang, "sell-goods-empty"), t(lang, "sell-goods-empty-text"),
                Some((&frame.path("/sell/products/new"), t(lang, "sell-new")))))
        } @else { (table) }
        (ui::pager_next(lang, before.map(|_| here.trim_end_matches(['?', '&']).to_owned()), next))
    };
    Ok(frame.page(t(lang, "sell-goods")).answer(with_side(&frame, "/sell/products", content)))
}

fn state_badge(lang: Lang, listed: bool) -> Markup {
    match listed {
        true => ui::badge(ui::Tone::Good, t(lang, "sell-listed")),
        false => ui::badge(ui::Tone::Warn, t(lang, "sell-down")),
    }
}

// --- the form ---------------------------------------------------------------------------------------------------------

/// What the form is for.
enum On<'a> {
    New,
    Kept(&'a ProductPage),
}

impl On<'_> {
    fn action(&self) -> String {
        match self {
            On::New => "/sell/products/new".to_owned(),
            On::Kept(page) => format!("/sell/products/{}", page.id),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            On::New => "sell-new",
            On::Kept(_) => "sell-edit",
        }
    }
}

/// The rows that the form has: those sent or filled, and two more.
fn rows(form: &FormData, prefix: &str, least: usize, most: usize) -> usize {
    let filled = form
        .pairs()
        .filter(|(_, value)| !value.trim().is_empty())
        .filter_map(|(name, _)| name.strip_prefix(prefix)?.parse::<usize>().ok())
        .max()
        .unwrap_or(0);
    let sent = form.rows(prefix).filter_map(|n| n.parse::<usize>().ok()).max().unwrap_or(0);
    (filled + 2).max(sent).clamp(least, most)
}

fn variant_rows(form: &FormData) -> usize {
    ["variant_name_en_", "variant_name_zh_", "variant_sku_"]
        .iter()
        .map(|prefix| rows(form, prefix, VARIANT_ROWS, VARIANTS_MAX))
        .max()
        .unwrap_or(VARIANT_ROWS)
}

/// One field of a row: its heading stands above the column.
fn row_field(
    lang: Lang,
    form: &FormData,
    errors: &FormErrors,
    name: &str,
    label: &str,
    keyboard: Option<&str>,
    max: usize,
) -> ui::Cell {
    let error = errors.of(name).map(|error| error.text(lang));
    ui::cell(html! {
        div.field.wrong[error.is_some()] {
            @if let Some(error) = &error { p.mistake id={ "f-" (name) "-error" } { (ui::icon::stop()) span { (error) } } }
            input id={ "f-" (name) } type="text" name=(name) value=(form.text(name)) aria-label=(label) maxlength=(max)
                inputmode=[keyboard] autocomplete="off" aria-invalid=[error.as_ref().map(|_| "true")]
                aria-describedby=[error.as_ref().map(|_| format!("f-{name}-error"))];
        }
    })
}

/// A table of fields: name prefix, heading, keyboard, characters at most.
type Column<'a> = (&'a str, &'static str, Option<&'a str>, usize);

fn field_table(
    lang: Lang,
    form: &FormData,
    errors: &FormErrors,
    caption: &str,
    columns: &[Column],
    count: usize,
) -> Markup {
    let headings: Vec<&str> = std::iter::once("").chain(columns.iter().map(|column| t(lang, column.1))).collect();
    let mut table = ui::Table::new(caption, &headings);
    for n in 1..=count {
        let mut cells = vec![ui::head_cell(html! { (n) })];
        for (prefix, heading, keyboard, max) in columns {
            let label = format!("{} {n}", t(lang, heading));
            cells.push(row_field(lang, form, errors, &format!("{prefix}{n}"), &label, *keyboard, *max));
        }
        table.row(cells);
    }
    html! { (table) }
}

const TIER_COLUMNS: [Column<'static>; 2] =
    [("tier_from_", "sell-tier-from", Some("numeric"), 9), ("tier_price_", "sell-tier-price", Some("decimal"), 12)];
const VARIANT_COLUMNS: [Column<'static>; 5] = [
    ("variant_name_en_", "sell-variant-en", None, 60),
    ("variant_name_zh_", "sell-variant-zh", None, 60),
    ("variant_sku_", "sell-sku", None, 40),
    ("variant_surcharge_", "sell-surcharge", Some("decimal"), 12),
    ("variant_stock_", "in-stock", Some("numeric"), 9),
];
const ATTRIBUTE_COLUMNS: [Column<'static>; 4] = [
    ("attribute_name_en_", "sell-attribute-en", None, 40),
    ("attribute_value_en_", "sell-attribute-value-en", None, 120),
    ("attribute_name_zh_", "sell-attribute-zh", None, 40),
    ("attribute_value_zh_", "sell-attribute-value-zh", None, 120),
];

async fn form_page(
    app: &App,
    frame: &Frame,
    on: On<'_>,
    form: &FormData,
    errors: &FormErrors,
    again: bool,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let tree = tree(app).await?;
    let categories: Vec<(String, String)> = std::iter::once((String::new(), t(lang, "sell-choose").to_owned()))
        .chain(
            tree.all()
                .iter()
                .map(|c| (c.key.clone(), format!("{}{}", "— ".repeat(c.level.saturating_sub(1)), both(lang, &c.name)))),
        )
        .collect();
    let categories: Vec<(&str, &str)> = categories.iter().map(|(key, name)| (key.as_str(), name.as_str())).collect();
    let optional = |name: &'static str, key: &'static str, max| {
        Entry::new(Kind::Text, name, t(lang, key)).optional(lang).limit(max).from(lang, form, errors)
    };
    let labels: Vec<(String, String)> = labels(lang, form);
    let labels: Vec<(&str, &str)> = labels.iter().map(|(name, label)| (name.as_str(), label.as_str())).collect();
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "sell-goods"), Some(frame.path("/sell/products"))), (t(lang, on.title()), None)]))
        (ui::section_head(t(lang, on.title()), None, match &on {
            On::New => None,
            On::Kept(page) => Some(ui::link_button(&frame.path(&product_path(&page.id)), t(lang, "sell-see-product"), ui::Look::Plain)),
        }))
        (ui::error_summary(lang, errors, &labels))
        @if again && matches!(on, On::New) { (ui::notice(ui::Tone::Info, t(lang, "sell-pictures-again"))) }
        form.form method="post" enctype="multipart/form-data" action=(frame.path(&on.action())) data-once {
            // First, so that nothing is read of a body that is not from our page.
            (frame.csrf.field())
            @if form.has("version") { (ui::hidden("version", form.text("version"))) }
            section.card.pad.form {
                h2 { (t(lang, "sell-what-it-is")) }
                p.note { (t(lang, "sell-one-language")) }
                (pair(optional("title_en", "sell-title-en", TITLE_MAX), optional("title_zh", "sell-title-zh", TITLE_MAX)))
                (pair(optional("text_en", "sell-text-en", TEXT_MAX).lines(6), optional("text_zh", "sell-text-zh", TEXT_MAX).lines(6)))
                (Entry::select("category", t(lang, "sell-category"), &categories).from(lang, form, errors))
                (optional("reference", "sell-reference", REFERENCE_MAX).hint(t(lang, "sell-reference-hint")))
            }
            section.card.pad.form {
                h2 { (t(lang, "sell-pictures")) }
                @if let On::Kept(page) = &on {
                    ul.rows {
                        @for (place, stored) in page.pictures.iter().enumerate() {
                            li {
                                span.thumbs { img src=(media(stored.small().as_str())) width="60" height="60"
                                    alt=(f(lang, "picture-number", &[("n", (place as i64 + 1).into())])); }
                                label.check { input type="radio" name="picture_cover" value=(place)
                                    checked[form.text("picture_cover").parse().unwrap_or(0) == place]; span { (t(lang, "sell-picture-cover")) } }
                                label.check { input type="checkbox" name={ "picture_drop_" (place) } value="yes"
                                    checked[form.checked(&format!("picture_drop_{place}"))]; span { (t(lang, "sell-picture-drop")) } }
                            }
                        }
                    }
                }
                @let hint = f(lang, "sell-picture-hint", &[("n", (PICTURES_MAX as i64).into())]);
                (Entry::file("picture", t(lang, "sell-picture-add"), "image/jpeg,image/png,image/webp")
                    .several().hint(&hint).from(lang, form, errors))
            }
            section.card.pad.form {
                h2 { (t(lang, "sell-prices")) }
                p.note { (t(lang, "sell-unit-hint")) }
                (pair(optional("unit_one", "sell-unit-one", UNIT_MAX), optional("unit_many", "sell-unit-many", UNIT_MAX)))
                (optional("unit_zh", "sell-unit-zh", UNIT_MAX))
                p.note { (t(lang, "sell-tiers-hint")) }
                (field_table(lang, form, errors, t(lang, "tiers"), &TIER_COLUMNS, rows(form, "tier_from_", TIER_ROWS, TIERS_MAX)))
            }
            section.card.pad.form {
                h2 { (t(lang, "variants")) }
                p.note { (t(lang, "sell-variants-hint")) }
                (pair(optional("axis_en", "sell-axis-en", AXIS_MAX), optional("axis_zh", "sell-axis-zh", AXIS_MAX)))
                @let count = variant_rows(form);
                @for n in 1..=count {
                    @for prefix in ["variant_id_", "variant_stock_was_"] {
                        @let name = format!("{prefix}{n}");
                        @if form.has(&name) { (ui::hidden(&name, form.text(&name))) }
                    }
                }
                (field_table(lang, form, errors, t(lang, "variants"), &VARIANT_COLUMNS, count))
            }
            section.card.pad.form {
                h2 { (t(lang, "sell-attributes")) }
                p.note { (t(lang, "sell-attributes-hint")) }
                (field_table(lang, form, errors, t(lang, "sell-attributes"), &ATTRIBUTE_COLUMNS,
                    rows(form, "attribute_name_en_", ATTRIBUTE_ROWS, ATTRIBUTES_MAX).max(rows(form, "attribute_name_zh_", ATTRIBUTE_ROWS, ATTRIBUTES_MAX))))
            }
            div.actions {
                @match &on {
                    On::New => (ui::button(t(lang, "sell-publish"), ui::Look::Main)),
                    On::Kept(page) => {
                        (ui::button(t(lang, "save"), ui::Look::Main))
                        (ui::link_button(&frame.path(&format!("/sell/products/{}", page.id)), t(lang, "sell-load-anew"), ui::Look::Quiet))
                    }
                }
            }
        }
        @if let On::Kept(page) = &on {
            section.card.pad {
                h2 { (t(lang, "sell-product-state")) " " (state_badge(lang, page.sale != Sale::Down)) }
                @let (verb, label, text) = if page.sale == Sale::Down {
                    ("list", "sell-list-again", "sell-list-again-text")
                } else {
                    ("down", "sell-take-down", "sell-take-down-text")
                };
                p { (t(lang, text)) }
                (ui::form(&frame.csrf, &frame.path(&format!("/sell/products/{}/{verb}", page.id)), ui::button(t(lang, label), ui::Look::Plain)))
            }
        }
    };
    let main = with_side(frame, "/sell/products", content);
    let page = frame.page(t(lang, on.title()));
    Ok(if again { page.again(main) } else { page.answer(main) })
}

/// What the fields are called in the summary of mistakes.
fn labels(lang: Lang, form: &FormData) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = [
        ("title_en", "sell-title-en"),
        ("title_zh", "sell-title-zh"),
        ("text_en", "sell-text-en"),
        ("text_zh", "sell-text-zh"),
        ("category", "sell-category"),
        ("reference", "sell-reference"),
        ("picture", "sell-pictures"),
        ("unit_one", "sell-unit-one"),
        ("unit_many", "sell-unit-many"),
        ("unit_zh", "sell-unit-zh"),
        ("axis_en", "sell-axis-en"),
        ("axis_zh", "sell-axis-zh"),
    ]
    .into_iter()
    .map(|(name, key)| (name.to_owned(), t(lang, key).to_owned()))
    .collect();
    let attributes = rows(form, "attribute_name_en_", ATTRIBUTE_ROWS, ATTRIBUTES_MAX);
    let tables: [(&[Column], usize); 3] =
        [(&TIER_COLUMNS, TIERS_MAX), (&VARIANT_COLUMNS, variant_rows(form)), (&ATTRIBUTE_COLUMNS, attributes)];
    for (columns, count) in tables {
        for n in 1..=count {
            labels.extend(
                columns.iter().map(|(prefix, key, ..)| (format!("{prefix}{n}"), format!("{} {n}", t(lang, key)))),
            );
        }
    }
    labels
}

/// The form filled with a product as it is.
fn filled(page: &ProductPage) -> FormData {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
    for (name, text) in [("title", &page.title), ("text", &page.text), ("axis", &page.axis)] {
        put(&format!("{name}_en"), &text.en);
        put(&format!("{name}_zh"), &text.zh);
    }
    put("category", &page.category);
    put("reference", &page.reference);
    put("unit_one", &page.unit.one);
    put("unit_many", &page.unit.many);
    put("unit_zh", &page.unit.zh);
    put("version", &page.version.to_string());
    for (n, tier) in (1..).zip(&page.tiers) {
        put(&format!("tier_from_{n}"), &tier.from.to_string());
        put(&format!("tier_price_{n}"), &format::money_plain(tier.price, CURRENCY));
    }
    for (n, variant) in (1..).zip(&page.variants) {
        put(&format!("variant_id_{n}"), variant.id.as_str());
        put(&format!("variant_name_en_{n}"), &variant.name.en);
        put(&format!("variant_name_zh_{n}"), &variant.name.zh);
        put(&format!("variant_sku_{n}"), &variant.sku);
        put(&format!("variant_surcharge_{n}"), &format::money_plain(variant.surcharge, CURRENCY));
        put(&format!("variant_stock_{n}"), &variant.stock.to_string());
        put(&format!("variant_stock_was_{n}"), &variant.stock.to_string());
    }
    for (n, attribute) in (1..).zip(&page.attributes) {
        put(&format!("attribute_name_en_{n}"), &attribute.name.en);
        put(&format!("attribute_name_zh_{n}"), &attribute.name.zh);
        put(&format!("attribute_value_en_{n}"), &attribute.value.en);
        put(&format!("attribute_value_zh_{n}"), &attribute.value.zh);
    }
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    FormData::of(&pairs)
}

// --- reading it -------------------------------------------------------------------------------------------------------

/// Fields and files of a multipart body of ours.
async fn receive(request: Request) -> Result<(FormData, Vec<Vec<u8>>), Failure> {
    let mut parts = form::with_files(request).await?;
    let (mut fields, mut files) = (Vec::<(String, String)>::new(), Vec::new());
    let mut seen = HashSet::new();
    while let Some(part) = parts.next().await? {
        let name = part.name().to_owned();
        let bytes = part.bytes().await?;
        if name == "picture" {
            // A browser sends a file without a name and content where none was chosen.
            if !bytes.is_empty() {
                if files.len() == PICTURES_MAX {
                    return Err(Failure::TooLarge);
                }
                files.push(bytes);
            }
        } else {
            let text = form::text_of(&bytes);
            if fields.len() == 1_000 {
                return Err(Failure::TooLarge);
            }
            if !seen.insert(name.clone()) {
                return Err(Failure::BadRequest);
            }
            fields.push((name, text));
        }
    }
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok((FormData::of(&pairs), files))
}

/// What was typed, with the form's row of each tier, variant and attribute; pictures are added by the caller.
struct Typed {
    new: NewProduct,
    tiers: Vec<usize>,
    variants: Vec<usize>,
    attributes: Vec<usize>,
}

fn read(form: &FormData, errors: &mut FormErrors) -> Option<Typed> {
    let title = two(form, errors, "title", TITLE_MAX, false);
    let text = two(form, errors, "text", TEXT_MAX, true);
    let axis = two(form, errors, "axis", AXIS_MAX, false);
    let category = errors.keep(form.line("category", 1, 60));
    let reference = errors.keep(form.line("reference", 0, REFERENCE_MAX));
    let one = errors.keep(form.line("unit_one", 0, UNIT_MAX));
    let many = errors.keep(form.line("unit_many", 0, UNIT_MAX));
    let zh = errors.keep(form.line("unit_zh", 0, UNIT_MAX));
    if one.as_deref() == Some("") && zh.as_deref() == Some("") {
        errors.add(FieldError::plain("unit_one", Refused::Empty { of: "unit" }.key()));
    }
    let filled =
        |names: &[&str], n: usize| names.iter().any(|name| !form.text(&format!("{name}{n}")).trim().is_empty());
    let (mut tiers, mut tier_rows) = (Vec::new(), Vec::new());
    for n in (1..=TIERS_MAX).filter(|n| filled(&["tier_from_", "tier_price_"], *n)) {
        let from = errors.keep(form.number(&format!("tier_from_{n}"), 1..=QUANTITY_MAX));
        let price = errors.keep(form.money(&format!("tier_price_{n}"), CURRENCY, 1..=PRICE_MAX));
        if let (Some(from), Some(price)) = (from, price) {
            tiers.push(Tier { from, price });
            tier_rows.push(n);
        }
    }
    if tiers.is_empty() && errors.of("tier_from_1").is_none() && errors.of("tier_price_1").is_none() {
        errors.add(FieldError::plain("tier_from_1", "invalid-missing"));
    }
    let (mut variants, mut variant_rows) = (Vec::new(), Vec::new());
    let names = ["variant_name_en_", "variant_name_zh_", "variant_sku_", "variant_surcharge_", "variant_stock_"];
    for n in (1..=VARIANTS_MAX).filter(|n| filled(&names, *n)) {
        if let Some(variant) = read_variant(form, errors, n) {
            variants.push(variant);
            variant_rows.push(n);
        }
    }
    if variants.is_empty() && errors.of("variant_name_en_1").is_none() && errors.of("variant_stock_1").is_none() {
        errors.add(FieldError::plain("variant_name_en_1", "invalid-missing"));
    }
    let (mut attributes, mut attribute_rows) = (Vec::new(), Vec::new());
    let names = ["attribute_name_en_", "attribute_name_zh_", "attribute_value_en_", "attribute_value_zh_"];
    for n in (1..=ATTRIBUTES_MAX).filter(|n| filled(&names, *n)) {
        let name = both_in_row(form, errors, "attribute_name", n, 40);
        let value = both_in_row(form, errors, "attribute_value", n, 120);
        if let (Some(name), Some(value)) = (name, value) {
            attributes.push(Attribute { name, value });
            attribute_rows.push(n);
        }
    }
    let new = NewProduct {
        reference: reference?,
        category: category?,
        title: title?,
        text: text?,
        unit: Unit { one: one?, many: many?, zh: zh? },
        axis: axis?,
        attributes,
        tiers,
        variants,
        pictures: Vec::new(),
    };
    let typed = Typed { new, tiers: tier_rows, variants: variant_rows, attributes: attribute_rows };
    errors.is_empty().then_some(typed)
}

fn both_in_row(form: &FormData, errors: &mut FormErrors, base: &str, n: usize, max: usize) -> Option<Both> {
    let en = errors.keep(form.line(&format!("{base}_en_{n}"), 0, max));
    let zh = errors.keep(form.line(&format!("{base}_zh_{n}"), 0, max));
    let text = Both { en: en?, zh: zh? };
    if text.is_empty() {
        errors.add(FieldError::plain(&format!("{base}_en_{n}"), Refused::Empty { of: "variants" }.key()));
        return None;
    }
    Some(text)
}

fn read_variant(form: &FormData, errors: &mut FormErrors, n: usize) -> Option<NewVariant> {
    let name = both_in_row(form, errors, "variant_name", n, 60);
    let sku = errors.keep(form.line(&format!("variant_sku_{n}"), 0, 40));
    let surcharge = format!("variant_surcharge_{n}");
    let surcharge = match form.text(&surcharge).trim() {
        "" => Some(0),
        _ => errors.keep(form.money(&surcharge, CURRENCY, 0..=PRICE_MAX)),
    };
    let stock = errors.keep(form.number(&format!("variant_stock_{n}"), 0..=QUANTITY_MAX));
    let stock = stock?;
    Some(NewVariant {
        id: Id::parse(form.text(&format!("variant_id_{n}"))).ok(),
        sku: sku?,
        name: name?,
        surcharge: surcharge?,
        stock,
        stock_was: form.text(&format!("variant_stock_was_{n}")).parse().unwrap_or(0),
    })
}

/// A refusal at the row of the form that it means.
fn tell_row(refused: &Refused, typed: &Typed, errors: &mut FormErrors) {
    let at = |rows: &[usize], row: usize| rows.get(row.saturating_sub(1)).copied().unwrap_or(row);
    let (field, row) = match refused {
        Refused::TierQuantity { row } => ("tier_from_", at(&typed.tiers, *row)),
        Refused::TierPrice { row } => ("tier_price_", at(&typed.tiers, *row)),
        Refused::VariantTwice { row } | Refused::VariantUnknown { row } => {
            ("variant_name_en_", at(&typed.variants, *row))
        }
        Refused::Short { variant, .. } => {
            let row = typed.new.variants.iter().position(|new| new.id.as_ref() == Some(variant)).unwrap_or(0);
            ("variant_stock_", at(&typed.variants, row + 1))
        }
        Refused::Count { of: "attributes", .. } => ("attribute_name_en_", at(&typed.attributes, 1)),
        other => return tell(other, errors),
    };
    let args = refused
        .args()
        .into_iter()
        .map(|(name, value)| if name == "row" { (name, row.to_string()) } else { (name, value) });
    errors.refused(Some(&format!("{field}{row}")), refused.key(), args.collect::<Vec<_>>());
}

/// Decodes the pictures that came; the first that is none is refused. Nothing is stored yet.
pub async fn decode(files: Vec<Vec<u8>>) -> Result<Result<Arc<Vec<Prepared>>, Refused>, Failure> {
    let decode_all = move || files.iter().map(|bytes| picture::prepare(bytes)).collect::<Result<Vec<_>, _>>();
    let decoded = tokio::task::spawn_blocking(decode_all).await.map_err(Failure::fault)?;
    Ok(decoded.map(Arc::new))
}

/// As [`decode`]; the refusal is said at the pictures' field.
async fn decode_or_tell(files: Vec<Vec<u8>>, errors: &mut FormErrors) -> Result<Arc<Vec<Prepared>>, Failure> {
    Ok(decode(files).await?.unwrap_or_else(|refused| {
        tell(&refused, errors);
        Arc::default()
    }))
}

/// Carries out what the form asks. The pictures are stored when it is known to pass, and before it is carried out.
pub async fn save_with<T: Send + 'static>(
    app: &App,
    pictures: Arc<Vec<Prepared>>,
    command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Clone + Send + 'static,
) -> Result<Result<T, Refused>, Failure> {
    let tried = command.clone();
    match app.write(move |tx| product::try_out(tx, &tried)).await? {
        Err(Tried::Refused(refused)) => return Ok(Err(refused)),
        Ok(()) | Err(Tried::Good) => {}
    }
    let data = app.vault.data().clone();
    let store_all = move || pictures.iter().try_for_each(|picture| picture.store(data.blobs()).map(drop));
    let stored = tokio::task::spawn_blocking(store_all).await.map_err(Failure::fault)?;
    stored.map_err(not_stored)?;
    app.write(command).await
}

/// `GET /sell/products/new`
pub async fn new_page(State(app): State<App>, _desk: AtDesk, frame: Frame) -> Result<Response, Failure> {
    form_page(&app, &frame, On::New, &FormData::empty(), &FormErrors::default(), false).await
}

/// `POST /sell/products/new`
pub async fn publish(
    State(app): State<App>,
    desk: AtDesk,
    frame: Frame,
    request: Request,
) -> Result<Response, Failure> {
    let (form, files) = receive(request).await?;
    let mut errors = FormErrors::default();
    let typed = read(&form, &mut errors);
    if files.is_empty() {
        errors.add(FieldError::plain("picture", "sell-picture-missing"));
    }
    if let Some(mut typed) = typed.filter(|_| errors.is_empty()) {
        let pictures = decode_or_tell(files, &mut errors).await?;
        typed.new.pictures = pictures.iter().map(|picture| NewPicture::New(picture.named())).collect();
        if errors.is_empty() {
            let (seller, new) = (desk.seller, typed.new.clone());
            match save_with(&app, pictures, move |tx| product::publish(tx, &seller, &new)).await? {
                Ok(published) => {
                    return Ok(frame.go_saying(&format!("/sell/products/{}", published.id), "said-published"));
                }
                Err(refused) => tell_row(&refused, &typed, &mut errors),
            }
        }
    }
    form_page(&app, &frame, On::New, &form, &errors, true).await
}

async fn own(app: &App, desk: &AtDesk, id: &str) -> Result<ProductPage, Failure> {
    let id = Id::parse(id).map_err(|_| Failure::NotFound)?;
    let seller = desk.seller.clone();
    app.read(move |r| Ok(view::own_product(r, &seller, &id)?)).await?.ok_or(Failure::NotFound)
}

/// `GET /sell/products/{id}`
pub async fn edit_page(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let page = own(&app, &desk, &id).await?;
    let form = filled(&page);
    form_page(&app, &frame, On::Kept(&page), &form, &FormErrors::default(), false).await
}

/// `POST /sell/products/{id}`
pub async fn save(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    request: Request,
) -> Result<Response, Failure> {
    let page = own(&app, &desk, &id).await?;
    let (form, files) = receive(request).await?;
    // No version counts from before the first: a form that lost its own is another one's.
    let version: i64 = form.text("version").parse().unwrap_or(0);
    let mut errors = FormErrors::default();
    let typed = read(&form, &mut errors);
    if version != page.version {
        // Its pictures are named by their places, which may be others by now.
        errors.refused(None, Refused::Edited.key(), []);
    }
    let mut pictures = kept_pictures(&form, page.pictures.len());
    if version == page.version && pictures.len() + files.len() > PICTURES_MAX {
        tell(&Refused::Count { of: "pictures", min: 1, max: PICTURES_MAX }, &mut errors);
    } else if version == page.version && pictures.is_empty() && files.is_empty() {
        errors.add(FieldError::plain("picture", "sell-picture-missing"));
    }
    if let Some(mut typed) = typed.filter(|_| errors.is_empty()) {
        let decoded = decode_or_tell(files, &mut errors).await?;
        pictures.extend(decoded.iter().map(|picture| NewPicture::New(picture.named())));
        typed.new.pictures = pictures;
        if errors.is_empty() {
            let (seller, new, id) = (desk.seller, typed.new.clone(), page.id.clone());
            match save_with(&app, decoded, move |tx| product::edit(tx, &seller, &id, version, &new)).await? {
                Ok(_) => return Ok(frame.go_saying(&format!("/sell/products/{}", page.id), "said-saved")),
                Err(refused) => tell_row(&refused, &typed, &mut errors),
            }
        }
    }
    form_page(&app, &frame, On::Kept(&page), &form, &errors, true).await
}

/// The pictures that stay, the one for lists first.
fn kept_pictures(form: &FormData, had: usize) -> Vec<NewPicture> {
    let mut places: Vec<usize> = (0..had).filter(|place| !form.checked(&format!("picture_drop_{place}"))).collect();
    if let Ok(cover) = form.text("picture_cover").parse::<usize>() {
        places.sort_by_key(|place| *place != cover);
    }
    places.into_iter().map(|place| NewPicture::Kept(place as i64)).collect()
}

/// `POST /sell/products/{id}/down`
pub async fn take_down(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let page = own(&app, &desk, &id).await?;
    let (seller, of) = (desk.seller, page.id.clone());
    let outcome = app.write(move |tx| product::take_down(tx, &seller, &of)).await?;
    after_state(&app, &frame, &page, outcome, "said-taken-down").await
}

/// `POST /sell/products/{id}/list`
pub async fn list_again(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let page = own(&app, &desk, &id).await?;
    let (seller, of) = (desk.seller, page.id.clone());
    let outcome = app.write(move |tx| product::list_again(tx, &seller, &of)).await?;
    after_state(&app, &frame, &page, outcome, "said-listed-again").await
}

async fn after_state(
    app: &App,
    frame: &Frame,
    page: &ProductPage,
    outcome: Result<(), Refused>,
    said: &'static str,
) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(frame.go_saying(&format!("/sell/products/{}", page.id), said)),
        Err(refused) => {
            let mut errors = FormErrors::default();
            refused.tell(&mut errors);
            form_page(app, frame, On::Kept(page), &filled(page), &errors, true).await
        }
    }
}
