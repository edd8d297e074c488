//! Many products at once: a spreadsheet is uploaded, checked, looked at, and imported only when the seller's program says
//! so; and all goods as a spreadsheet, the way that the pages give it.

use crate::caller::Selling;
use crate::problem::{Answer, Error, Kind};
use crate::sell::goods::Upload;
use crate::shape::{Money, Page, Time, UnitOfTrade, Words};
use crate::wire::{self, At, Json, Query, limit, not_a_cursor};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use catalogue::bulk::{self, Import, Mistake, Preview, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::pages::cut;
use web::pages::sell::bulk as pages;
use web::{App, Lang};

pub const FORM_BYTES_MAX: usize = pages::FORM_BYTES_MAX;

/// How far an import is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Its rows are looked at; nothing is changed.
    Checking,
    /// It waits for `start`.
    Checked,
    Importing,
    Done,
    /// What was imported by then stays.
    Cancelled,
    /// Its files are gone: upload them again.
    Lost,
}

impl From<bulk::State> for ImportState {
    fn from(state: bulk::State) -> ImportState {
        match state {
            bulk::State::Checking => ImportState::Checking,
            bulk::State::Checked => ImportState::Checked,
            bulk::State::Importing => ImportState::Importing,
            bulk::State::Done => ImportState::Done,
            bulk::State::Cancelled => ImportState::Cancelled,
            bulk::State::Lost => ImportState::Lost,
        }
    }
}

/// An import of your shop; it is forgotten seven days after its last step.
#[derive(Serialize, ToSchema)]
pub struct ImportOfGoods {
    pub id: String,
    pub state: ImportState,
    pub rows: i64,
    pub products: i64,
    /// Products looked at, or imported.
    pub done: i64,
    /// Of them new.
    pub fresh: i64,
    pub changed: i64,
    /// As they were.
    pub same: i64,
    /// With a mistake; left out.
    pub faulty: i64,
    /// Mistakes found; the first 2,000 are listed.
    pub mistakes: i64,
    /// Buyers find all that was imported.
    pub findable: bool,
    pub uploaded_at: Time,
    pub changed_at: Time,
}

fn shown(app: &App, import: &Import) -> ImportOfGoods {
    ImportOfGoods {
        id: import.id.to_string(),
        state: import.state.into(),
        rows: import.rows,
        products: import.products,
        done: import.done,
        fresh: import.fresh,
        changed: import.changed,
        same: import.same,
        faulty: import.faulty,
        mistakes: import.mistakes,
        findable: import.state == bulk::State::Done && pages::findable(app, import),
        uploaded_at: Time(import.made_at),
        changed_at: Time(import.changed_at),
    }
}

/// What an import does to a product.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportVerdict {
    Fresh,
    Changed,
    Same,
}

/// One of the first products of the sheet, as buyers will see it.
#[derive(Serialize, ToSchema)]
pub struct ImportPreview {
    /// Your own number.
    pub reference: String,
    pub verdict: ImportVerdict,
    pub title: Words,
    /// Key of a category.
    pub category: String,
    pub unit: UnitOfTrade,
    pub minimum: i64,
    pub price_low: Money,
    pub price_high: Money,
    pub variants: usize,
    /// All variants together.
    pub stock: i64,
}

impl From<&Preview> for ImportPreview {
    fn from(preview: &Preview) -> ImportPreview {
        ImportPreview {
            reference: preview.reference.clone(),
            verdict: match preview.verdict {
                Verdict::Fresh => ImportVerdict::Fresh,
                Verdict::Changed => ImportVerdict::Changed,
                Verdict::Same => ImportVerdict::Same,
            },
            title: (&preview.title).into(),
            category: preview.category.clone(),
            unit: (&preview.unit).into(),
            minimum: preview.minimum,
            price_low: Money::of(preview.price_low),
            price_high: Money::of(preview.price_high),
            variants: preview.variants,
            stock: preview.stock,
        }
    }
}

/// The imports of your shop, newest first; it keeps ten at most
#[utoipa::path(get, path = "/api/v1/sell/imports", tag = "sell", responses((status = OK, body = Vec<ImportOfGoods>)))]
pub async fn list_imports(State(app): State<App>, Selling(seller): Selling) -> Answer<axum::Json<Vec<ImportOfGoods>>> {
    let all = app.read(move |r| Ok(bulk::of_shop(r, &seller)?)).await?;
    Ok(axum::Json(all.iter().map(|import| shown(&app, import)).collect()))
}

/// A sheet and its pictures, as `multipart/form-data`.
#[derive(ToSchema)]
#[allow(dead_code)]
pub struct ImportForm {
    /// CSV, up to 32 MiB and 20,000 rows, with the columns of the template.
    #[schema(value_type = String, format = Binary)]
    sheet: Upload,
    /// ZIP of the pictures that the sheet names, up to 128 MiB.
    #[schema(value_type = String, format = Binary, required = false)]
    archive: Upload,
}

/// An import that was begun.
#[derive(Serialize, ToSchema)]
pub struct ImportBegun {
    pub id: String,
}

/// Uploads a sheet and has it checked; no product is changed before `start`
///
/// The same files, sent again while they are being checked, are the same import.
#[utoipa::path(post, path = "/api/v1/sell/imports", tag = "sell",
    request_body(content = ImportForm, content_type = "multipart/form-data"), responses((status = ACCEPTED, body = ImportBegun)))]
pub async fn upload_import(
    State(app): State<App>,
    Selling(seller): Selling,
    request: Request,
) -> Answer<(StatusCode, axum::Json<ImportBegun>)> {
    let upload = pages::receive(wire::form(request).await?).await?;
    if let Some(unknown) = &upload.unknown {
        let known = matches!(unknown.as_str(), "sheet" | "archive");
        let field: String = unknown.chars().take(60).collect();
        return Err(Error::field(Kind::Invalid, &field, if known { "api-twice" } else { "api-unknown-field" }));
    }
    let id = pages::begin(&app, &seller, upload).await?.map_err(begun_not)?;
    Ok((StatusCode::ACCEPTED, axum::Json(ImportBegun { id: id.to_string() })))
}

/// What concerns the files stands at them; that there are too many imports concerns none of them.
fn begun_not(errors: web::FormErrors) -> Error {
    match errors.all().iter().any(|error| error.field.is_empty()) {
        true => Error::conflict(errors),
        false => errors.into(),
    }
}

/// An import with the first products as buyers will see them.
#[derive(Serialize, ToSchema)]
pub struct ImportWithPreview {
    pub import: ImportOfGoods,
    /// Some of the first products, once it is checked.
    pub preview: Vec<ImportPreview>,
}

/// One import: how far it is, and what it would do
#[utoipa::path(get, path = "/api/v1/sell/imports/{import}", tag = "sell", params(("import" = String, Path)),
    responses((status = OK, body = ImportWithPreview)))]
pub async fn get_import(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
) -> Answer<axum::Json<ImportWithPreview>> {
    let import = app.read(move |r| Ok(bulk::one(r, &seller, &id)?)).await?.ok_or_else(Error::not_found)?;
    let preview = import.preview.iter().map(ImportPreview::from).collect();
    Ok(axum::Json(ImportWithPreview { import: shown(&app, &import), preview }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MistakesAsked {
    /// Mistakes on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What is wrong in a sheet, and where.
#[derive(Serialize, ToSchema)]
pub struct ImportMistake {
    /// As the spreadsheet numbers its rows.
    pub line: i64,
    /// As the template heads it in English; null where the row as a whole is meant.
    pub column: Option<String>,
    /// What stands there, shortened.
    pub cell: String,
    /// What is wrong, for programs: it never changes its meaning.
    pub code: String,
    /// What is wrong and what to do, in the accepted language.
    pub detail: String,
}

fn told(lang: Lang, mistake: &Mistake) -> ImportMistake {
    ImportMistake {
        line: mistake.line,
        column: mistake.column.map(|column| column.key().to_owned()),
        cell: mistake.cell.clone(),
        code: mistake.message.key.clone(),
        detail: pages::what_to_do(lang, mistake),
    }
}

/// What is wrong in the sheet of an import, in the order of its rows
#[utoipa::path(get, path = "/api/v1/sell/imports/{import}/mistakes", tag = "sell",
    params(("import" = String, Path), MistakesAsked), responses((status = OK, body = Page<ImportMistake>)))]
pub async fn list_import_mistakes(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    lang: Lang,
    Query(asked): Query<MistakesAsked>,
) -> Answer<axum::Json<Page<ImportMistake>>> {
    let limit = limit(asked.limit)?;
    let cursor = |text: &str| {
        let (place, sort) = text.split_once('.')?;
        Some((place.parse().ok()?, sort.parse().ok()?))
    };
    let after = asked.after.as_deref().map(|text| cursor(text).ok_or_else(not_a_cursor)).transpose()?;
    let mut found = app
        .read(move |r| match bulk::one(r, &seller, &id)? {
            Some(_) => Ok(Some(bulk::mistakes(r, &seller, &id, after, limit + 1)?)),
            None => Ok(None),
        })
        .await?
        .ok_or_else(Error::not_found)?;
    let next = cut(&mut found, limit).map(|((place, sort), _)| format!("{place}.{sort}"));
    Ok(axum::Json(Page { items: found.iter().map(|(_, mistake)| told(lang, mistake)).collect(), next }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStart {
    /// Products with a mistake are left out and the others imported; without it, an import with mistakes is refused.
    #[serde(default)]
    pub partial: bool,
}

/// Imports what was checked, once: an import that runs or has run is refused (409)
#[utoipa::path(post, path = "/api/v1/sell/imports/{import}/start", tag = "sell", params(("import" = String, Path)),
    request_body = NewStart, responses((status = ACCEPTED)))]
pub async fn start_import(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    Json(new): Json<NewStart>,
) -> Answer<StatusCode> {
    app.write(move |tx| bulk::start(tx, &seller, &id, new.partial)).await??;
    Ok(StatusCode::ACCEPTED)
}

/// Ends an import before its end: what was imported stays, whole, and nothing follows
#[utoipa::path(post, path = "/api/v1/sell/imports/{import}/cancel", tag = "sell", params(("import" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn cancel_import(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| bulk::cancel(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets an import that does not run, with its files; the products stay
#[utoipa::path(delete, path = "/api/v1/sell/imports/{import}", tag = "sell", params(("import" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn forget_import(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    pages::forget(&app, seller, id).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// An empty sheet: the columns, with examples, headed in the accepted language
#[utoipa::path(get, path = "/api/v1/sell/import-template.csv", tag = "sell",
    responses((status = OK, body = String, content_type = "text/csv")))]
pub async fn get_import_template(State(app): State<App>, Selling(_): Selling, lang: Lang) -> Answer<Response> {
    Ok(pages::template_file(&app, lang).await?)
}

/// All your products as a sheet, which can be changed and imported again; headed in the accepted language
#[utoipa::path(get, path = "/api/v1/sell/export.csv", tag = "sell",
    responses((status = OK, body = String, content_type = "text/csv")))]
pub async fn export_products(State(app): State<App>, Selling(seller): Selling, lang: Lang) -> Answer<Response> {
    Ok(pages::export_file(app, seller, lang).await?)
}
