//! Many products at once: the spreadsheet's way in and out. A file is uploaded, checked, shown, and imported only when
//! the seller says so; how far it is, the page says by itself.

use super::with_side;
use crate::app::{App, AtDesk, not_stored};
use crate::error::Failure;
use crate::form::{self, FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::{Arg, Lang, f, lookup, t};
use crate::multipart::{Part, Parts};
use crate::pages::guest::{CURRENCY, both, shop_path, tree, unit};
use crate::ui;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use catalogue::bulk::{self, Column, Import, Mistake, Preview, Sheet, Verdict};
use catalogue::category::Tree;
use catalogue::shop::Seller;
use db::{BlobError, Id};
use futures_util::stream;
use maud::{Markup, html};
use tokio::sync::{Semaphore, SemaphorePermit};

const MIB: usize = 1024 * 1024;
pub const FORM_BYTES_MAX: usize = bulk::SHEET_BYTES_MAX + bulk::ARCHIVE_BYTES_MAX + MIB;
/// Uploads held in memory at a time; others wait.
const AT_ONCE_MAX: usize = 2;
const PRODUCTS_PER_PAGE: i64 = 100;
const MISTAKES_SHOWN: i64 = 100;

/// What a row of the explanations is about, and its words.
const HELP: [(&[Column], &str); 15] = [
    (&[Column::Reference], "import-help-product_ref"),
    (&[Column::OnSale], "import-help-on_sale"),
    (&[Column::Category], "import-help-category"),
    (&[Column::TitleEn, Column::TitleZh], "import-help-title"),
    (&[Column::TextEn, Column::TextZh], "import-help-text"),
    (&[Column::UnitOne, Column::UnitMany, Column::UnitZh], "import-help-unit"),
    (&[Column::From(1), Column::Price(1), Column::From(2), Column::Price(2)], "import-help-tiers"),
    (&[Column::AttributesEn, Column::AttributesZh], "import-help-attributes"),
    (&[Column::Pictures], "import-help-pictures"),
    (&[Column::AxisEn, Column::AxisZh], "import-help-differ"),
    (&[Column::Sku], "import-help-sku"),
    (&[Column::VariantEn, Column::VariantZh], "import-help-variant"),
    (&[Column::Surcharge], "import-help-surcharge"),
    (&[Column::Stock], "import-help-stock"),
    (&[Column::Exported], "import-help-exported"),
];

fn import_path(id: &Id) -> String {
    format!("/sell/import/{id}")
}

// --- the upload -------------------------------------------------------------------------------------------------------

/// `GET /sell/import`
pub async fn upload_page(State(app): State<App>, desk: AtDesk, frame: Frame) -> Result<Response, Failure> {
    form_page(&app, &desk, &frame, &FormErrors::default()).await
}

async fn form_page(app: &App, desk: &AtDesk, frame: &Frame, errors: &FormErrors) -> Result<Response, Failure> {
    let lang = frame.lang;
    let seller = desk.seller.clone();
    let earlier = app.read(move |r| Ok(bulk::of_shop(r, &seller)?)).await?;
    let mib = |bytes: usize| Arg::from((bytes / MIB) as i64);
    let sheet_hint =
        f(lang, "import-sheet-hint", &[("mib", mib(bulk::SHEET_BYTES_MAX)), ("rows", bulk::ROWS_MAX.into())]);
    let archive_hint = f(lang, "import-archive-hint", &[("mib", mib(bulk::ARCHIVE_BYTES_MAX))]);
    let labels = [("sheet", t(lang, "import-sheet")), ("archive", t(lang, "import-archive"))];
    let file = |name, key, accept| ui::Entry::file(name, t(lang, key), accept).from(lang, &FormData::empty(), errors);
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "sell-goods"), Some(frame.path("/sell/products"))), (t(lang, "import-title"), None)]))
        (ui::section_head(t(lang, "import-title"), Some(t(lang, "import-intro")), None))
        (ui::error_summary(lang, errors, &labels))
        section.card.pad {
            h2 { (t(lang, "import-step-1")) }
            p { (t(lang, "import-step-1-text")) }
            div.actions {
                (ui::link_button(&frame.path("/sell/import/template.csv"), t(lang, "import-template-button"), ui::Look::Plain))
                (ui::link_button(&frame.path("/sell/export.csv"), t(lang, "import-export-button"), ui::Look::Plain))
            }
            p.note { (t(lang, "import-export-text")) }
        }
        section.card.pad {
            h2 { (t(lang, "import-step-2")) }
            form.form method="post" enctype="multipart/form-data" action=(frame.path("/sell/import")) data-once {
                // First, so that nothing is read of a body that is not from our page.
                (frame.csrf.field())
                (file("sheet", "import-sheet", ".csv,.txt,.tsv,text/csv").hint(&sheet_hint))
                (file("archive", "import-archive", ".zip,application/zip").hint(&archive_hint).optional(lang))
                p.note { (t(lang, "import-upload-text")) }
                div.actions { (ui::button(t(lang, "import-upload"), ui::Look::Main)) }
            }
        }
        (explanations(lang))
        @if !earlier.is_empty() { (earlier_imports(frame, &earlier)) }
    };
    let main = with_side(frame, "/sell/products", content);
    let page = frame.page(t(lang, "import-title"));
    Ok(if errors.is_empty() { page.answer(main) } else { page.again(main) })
}

fn explanations(lang: Lang) -> Markup {
    let mut table = ui::Table::new(t(lang, "import-columns"), &[t(lang, "import-column"), t(lang, "import-meaning")]);
    for (columns, help) in HELP {
        table.row(vec![
            ui::head_cell(html! {
                @for (at, column) in columns.iter().enumerate() { @if at > 0 { br; } code { (column.heading(lang.0)) } }
            }),
            ui::cell(html! { (t(lang, help)) }),
        ]);
    }
    html! {
        section {
            (ui::part_head(t(lang, "import-columns"), Some(t(lang, "import-columns-text")), None))
            (table)
        }
    }
}

fn earlier_imports(frame: &Frame, earlier: &[Import]) -> Markup {
    let lang = frame.lang;
    let columns = ["import-when", "sell-what", "import-state"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "import-earlier"), &columns);
    for import in earlier {
        let (tone, key) = state(import.state);
        let size = [("products", import.products.into()), ("rows", import.rows.into())];
        table.row(vec![
            ui::head_cell(html! { a href=(frame.path(&import_path(&import.id))) { (ui::time(lang, import.made_at)) } }),
            ui::cell(f(lang, "import-file-of", &size)),
            ui::cell(ui::badge(tone, t(lang, key))),
        ]);
    }
    html! { section { (ui::part_head(t(lang, "import-earlier"), None, None)) (table) } }
}

fn state(state: bulk::State) -> (ui::Tone, &'static str) {
    match state {
        bulk::State::Checking => (ui::Tone::Info, "import-state-checking"),
        bulk::State::Checked => (ui::Tone::Info, "import-state-checked"),
        bulk::State::Importing => (ui::Tone::Info, "import-state-importing"),
        bulk::State::Done => (ui::Tone::Good, "import-state-done"),
        bulk::State::Cancelled => (ui::Tone::Warn, "import-state-cancelled"),
        bulk::State::Lost => (ui::Tone::Bad, "import-state-lost"),
    }
}

/// What was uploaded; `None` where no file was chosen, an error where it was larger than is taken. It has a place in
/// memory for as long as it is here.
pub struct Upload {
    sheet: Option<Result<Vec<u8>, Larger>>,
    archive: Option<Result<Vec<u8>, Larger>>,
    /// A part that is neither of them, or one of them once more.
    pub unknown: Option<String>,
    _place: SemaphorePermit<'static>,
}

struct Larger;

/// Reads the files of a form, where it may be read: a page has looked at its token.
pub async fn receive(mut parts: Parts) -> Result<Upload, Failure> {
    static PLACES: Semaphore = Semaphore::const_new(AT_ONCE_MAX);
    let _place = PLACES.acquire().await.map_err(Failure::fault)?;
    let mut upload = Upload { sheet: None, archive: None, unknown: None, _place };
    while let Some(part) = parts.next().await? {
        match part.name() {
            "sheet" if upload.sheet.is_none() => upload.sheet = uploaded(part, bulk::SHEET_BYTES_MAX).await?,
            "archive" if upload.archive.is_none() => upload.archive = uploaded(part, bulk::ARCHIVE_BYTES_MAX).await?,
            name => {
                upload.unknown = Some(name.to_owned());
                part.skip().await?;
            }
        }
    }
    Ok(upload)
}

/// A browser sends a file without content where none was chosen.
async fn uploaded(part: Part<'_>, max: usize) -> Result<Option<Result<Vec<u8>, Larger>>, Failure> {
    Ok(match part.up_to(max).await? {
        None => Some(Err(Larger)),
        Some(bytes) if bytes.is_empty() => None,
        Some(bytes) => Some(Ok(bytes)),
    })
}

/// `POST /sell/import`
pub async fn upload(State(app): State<App>, desk: AtDesk, frame: Frame, request: Request) -> Result<Response, Failure> {
    let upload = receive(form::with_files(request).await?).await?;
    match begin(&app, &desk.seller, upload).await? {
        Ok(id) => Ok(frame.go(&import_path(&id))),
        Err(errors) => form_page(&app, &desk, &frame, &errors).await,
    }
}

/// Takes in what was uploaded and has it checked, or says at its field what is wrong with it.
pub async fn begin(app: &App, seller: &Seller, upload: Upload) -> Result<Result<Id, FormErrors>, Failure> {
    let mut errors = FormErrors::default();
    let sheet = match upload.sheet {
        Some(Ok(bytes)) => Some(bytes),
        Some(Err(Larger)) => {
            let refused = bulk::NotASheet::TooLarge { max_mib: bulk::SHEET_BYTES_MAX / MIB };
            errors.refused(Some("sheet"), refused.key(), refused.args());
            None
        }
        None => {
            errors.add(FieldError::plain("sheet", "import-sheet-missing"));
            None
        }
    };
    let archive = match upload.archive {
        Some(Ok(bytes)) if bulk::is_archive(&bytes) => Some(bytes),
        Some(Ok(_)) => {
            errors.add(FieldError::new("archive", "import-archive-bad", [("max", bulk::ENTRIES_MAX)]));
            None
        }
        Some(Err(Larger)) => {
            errors.add(FieldError::new("archive", "import-archive-large", [("max", bulk::ARCHIVE_BYTES_MAX / MIB)]));
            None
        }
        None => None,
    };
    let Some(sheet) = sheet else { return Ok(Err(errors)) };
    let bytes = sheet.clone();
    let read = tokio::task::spawn_blocking(move || Sheet::read(&bytes).map(|sheet| sheet.size())).await;
    let size = match read.map_err(Failure::fault)? {
        Ok(size) => size,
        Err(refused) => {
            errors.refused(Some("sheet"), refused.key(), refused.args());
            (0, 0)
        }
    };
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let blobs = app.vault.data().blobs().clone();
    let store = move || -> Result<_, BlobError> {
        Ok((blobs.put(&sheet)?, archive.map(|archive| blobs.put(&archive)).transpose()?))
    };
    let stored = tokio::task::spawn_blocking(store).await.map_err(Failure::fault)?;
    let (sheet, archive) = stored.map_err(not_stored)?;
    let seller = seller.clone();
    let begun = app.write(move |tx| bulk::begin(tx, &seller, &sheet, archive.as_ref(), size)).await?;
    Ok(begun.map_err(|refused| {
        errors.refused(None, refused.key(), refused.args());
        errors
    }))
}

// --- one import -------------------------------------------------------------------------------------------------------

fn named(id: &str) -> Result<Id, Failure> {
    Id::parse(id).map_err(|_| Failure::NotFound)
}

async fn with_mistakes(app: &App, seller: &Seller, id: &Id, limit: i64) -> Result<(Import, Vec<Mistake>), Failure> {
    let (seller, id) = (seller.clone(), id.clone());
    let found = app
        .read(move |r| match bulk::one(r, &seller, &id)? {
            Some(import) => {
                let found = bulk::mistakes(r, &seller, &id, None, limit)?;
                Ok(Some((import, found.into_iter().map(|(_, mistake)| mistake).collect())))
            }
            None => Ok(None),
        })
        .await?;
    found.ok_or(Failure::NotFound)
}

/// `GET /sell/import/{id}`
pub async fn show(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let (import, mistakes) = with_mistakes(&app, &desk.seller, &named(&id)?, MISTAKES_SHOWN).await?;
    let findable = findable(&app, &import);
    let live = import.state.runs() || !findable;
    let size = [("products", import.products.into()), ("rows", import.rows.into())];
    let (tone, key) = state(import.state);
    let content = html! {
        (ui::crumbs(lang, &[
            (t(lang, "sell-goods"), Some(frame.path("/sell/products"))),
            (t(lang, "import-title"), Some(frame.path("/sell/import"))),
            (t(lang, key), None),
        ]))
        @if live {
            // With scripts the page looks by itself; without them it is loaded anew.
            noscript { meta http-equiv="refresh" content="2"; }
            div hidden data-live {}
        }
        (ui::section_head(title(lang, &import), Some(&f(lang, "import-file-of", &size)), Some(ui::badge(tone, t(lang, key)))))
        (stage(&frame, &desk.seller, &import, findable))
        @if import.state == bulk::State::Checked { (previews(&frame, &*tree(&app).await?, &import.preview)) }
        @if !mistakes.is_empty() { (mistakes_table(&frame, &import, &mistakes)) }
        @if !import.state.runs() {
            section.card.pad {
                p { (t(lang, "import-close-text")) }
                (ui::form(&frame.csrf, &frame.path(&format!("{}/close", import_path(&import.id))),
                    ui::button(t(lang, "import-close"), ui::Look::Quiet)))
            }
        }
    };
    Ok(frame.page(title(lang, &import)).answer(with_side(&frame, "/sell/products", content)))
}

/// Whether buyers find all that was imported.
pub fn findable(app: &App, import: &Import) -> bool {
    import.findable_from.is_none_or(|position| app.index.position() >= position)
}

fn title(lang: Lang, import: &Import) -> &'static str {
    match import.state {
        bulk::State::Checked => t(lang, "import-checked-title"),
        bulk::State::Done => t(lang, "import-done-title"),
        _ => t(lang, "import-title"),
    }
}

/// What is going on, and what the seller can do now.
fn stage(frame: &Frame, seller: &Seller, import: &Import, findable: bool) -> Markup {
    let lang = frame.lang;
    let path = frame.path(&import_path(&import.id));
    let action = |verb: &str, content: Markup| ui::form(&frame.csrf, &format!("{path}/{verb}"), content);
    let to_do = import.fresh + import.changed;
    match import.state {
        bulk::State::Checking => html! {
            (ui::notice(ui::Tone::Info, t(lang, "import-checking-text")))
            (progress(frame, import, "import-state-checking"))
            (action("cancel", ui::button(t(lang, "import-cancel-check"), ui::Look::Plain)))
        },
        bulk::State::Checked => html! {
            @if import.faulty == import.products {
                (ui::notice(ui::Tone::Bad, t(lang, "import-checked-all-faulty")))
            } @else if import.faulty > 0 {
                (ui::notice(ui::Tone::Warn, t(lang, "import-checked-faulty")))
            } @else if to_do == 0 {
                (ui::notice(ui::Tone::Good, t(lang, "import-checked-nothing")))
            } @else {
                (ui::notice(ui::Tone::Good, t(lang, "import-checked-good")))
            }
            (counts(lang, import, "import-faulty"))
            div.actions {
                @if to_do > 0 {
                    (action("start", html! {
                        @if import.faulty > 0 {
                            (ui::hidden("partial", "yes"))
                            (ui::button(&f(lang, "import-start-partial", &[("n", to_do.into())]), ui::Look::Plain))
                        } @else {
                            (ui::button(&f(lang, "import-start", &[("n", to_do.into())]), ui::Look::Main))
                        }
                    }))
                }
                @if import.faulty > 0 { (ui::link_button(&frame.path("/sell/import"), t(lang, "import-again"), ui::Look::Main)) }
            }
        },
        bulk::State::Importing => html! {
            (ui::notice(ui::Tone::Info, t(lang, "import-importing-text")))
            (progress(frame, import, "import-state-importing"))
            (action("cancel", ui::button(t(lang, "import-cancel"), ui::Look::Plain)))
        },
        bulk::State::Done => html! {
            (ui::notice_with(ui::Tone::Good, html! {
                p role="status" { (t(lang, "import-done-text")) " " (t(lang, if findable { "import-findable" } else { "import-findable-soon" })) }
            }))
            (counts(lang, import, "import-left-out"))
            div.actions {
                (ui::link_button(&frame.path(&shop_path(&seller.shop)), t(lang, "import-see-shop"), ui::Look::Main))
                (ui::link_button(&frame.path("/sell/products"), t(lang, "import-see-goods"), ui::Look::Plain))
            }
        },
        bulk::State::Cancelled => html! {
            (ui::notice(ui::Tone::Warn, t(lang, "import-cancelled-text")))
            (counts(lang, import, "import-left-out"))
        },
        bulk::State::Lost => ui::notice(ui::Tone::Bad, t(lang, "import-lost-text")),
    }
}

fn counts(lang: Lang, import: &Import, left_out: &'static str) -> Markup {
    ui::facts(&[
        (format::number(import.fresh), t(lang, "import-fresh")),
        (format::number(import.changed), t(lang, "import-changed")),
        (format::number(import.same), t(lang, "import-same")),
        (format::number(import.faulty), t(lang, left_out)),
    ])
}

fn progress(frame: &Frame, import: &Import, label: &'static str) -> Markup {
    let lang = frame.lang;
    html! {
        section.card.pad {
            p role="status" { b.tabular { (f(lang, "import-progress", &[("done", import.done.into()), ("of", import.products.into())])) } }
            progress.whole value=(import.done) max=(import.products.max(1)) aria-label=(t(lang, label)) {}
            p { a href=(frame.path(&import_path(&import.id))) { (t(lang, "import-reload")) } }
        }
    }
}

fn previews(frame: &Frame, tree: &Tree, previews: &[Preview]) -> Markup {
    if previews.is_empty() {
        return html! {};
    }
    let lang = frame.lang;
    let columns = [
        "import-preview-product",
        "sell-category",
        "price",
        "import-preview-minimum",
        "import-preview-variants",
        "in-stock",
        "",
    ];
    let columns = columns.map(|key| if key.is_empty() { "" } else { t(lang, key) });
    let mut table = ui::Table::new(t(lang, "import-preview"), &columns);
    for shown in previews {
        let (tone, verdict) = match shown.verdict {
            Verdict::Fresh => (ui::Tone::Good, "import-verdict-fresh"),
            Verdict::Changed => (ui::Tone::Info, "import-verdict-changed"),
            Verdict::Same => (ui::Tone::Info, "import-verdict-same"),
        };
        let units = unit(lang, &shown.unit);
        let category = tree.get(&shown.category).map_or(shown.category.as_str(), |category| both(lang, &category.name));
        table.row(vec![
            ui::head_cell(html! { (both(lang, &shown.title)) br; span.note { (shown.reference) } }),
            ui::cell(html! { (category) }),
            ui::number_cell(html! { (format::money_range(lang, shown.price_low, shown.price_high, CURRENCY)) }),
            ui::number_cell(html! { (format::number(shown.minimum)) " " (units.of(shown.minimum)) }),
            ui::number_cell(html! { (format::number(shown.variants as i64)) }),
            ui::number_cell(html! { (format::number(shown.stock)) }),
            ui::cell(ui::badge(tone, t(lang, verdict))),
        ]);
    }
    html! { section { (ui::part_head(t(lang, "import-preview"), None, None)) (table) } }
}

fn mistakes_table(frame: &Frame, import: &Import, mistakes: &[Mistake]) -> Markup {
    let lang = frame.lang;
    let columns = ["import-line", "import-column", "import-was", "import-what-to-do"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "import-mistakes"), &columns);
    for mistake in mistakes {
        let [line, column, cell, what] = told(lang, mistake);
        table.row(vec![
            ui::head_cell(html! { (line) }),
            ui::cell(html! { code { (column) } }),
            ui::cell(html! { @if cell.is_empty() { span.note { (t(lang, "import-empty-cell")) } } @else { (cell) } }),
            ui::cell(what),
        ]);
    }
    let file = frame.path(&format!("{}/mistakes.csv", import_path(&import.id)));
    let shown = mistakes.len() as i64;
    let more = (import.mistakes > shown)
        .then(|| f(lang, "import-mistakes-more", &[("shown", shown.into()), ("all", import.mistakes.into())]));
    html! {
        section {
            (ui::part_head(t(lang, "import-mistakes"), more.as_deref(),
                Some(ui::link_button(&file, t(lang, "import-mistakes-download"), ui::Look::Plain))))
            (table)
        }
    }
}

/// Row, column, what stands there, what to do: in the reader's words.
fn told(lang: Lang, mistake: &Mistake) -> [String; 4] {
    let column = mistake.column.map_or("", |column| column.heading(lang.0));
    [mistake.line.to_string(), column.to_owned(), mistake.cell.clone(), what_to_do(lang, mistake)]
}

pub fn what_to_do(lang: Lang, mistake: &Mistake) -> String {
    let args: Vec<(&str, Arg)> = (mistake.message.args.iter())
        .map(|(name, value)| (name.as_str(), form::argument(name, value.clone())))
        .collect();
    lookup(lang, &mistake.message.key, &args).unwrap_or_else(|| mistake.message.key.clone())
}

/// `POST /sell/import/{id}/start`
pub async fn start(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = named(&id)?;
    let (of, partial) = (id.clone(), form.text("partial") == "yes");
    let started = app.write(move |tx| bulk::start(tx, &desk.seller, &of, partial)).await?;
    after(&frame, &id, started, None)
}

/// `POST /sell/import/{id}/cancel`
pub async fn cancel(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let id = named(&id)?;
    let of = id.clone();
    let cancelled = app.write(move |tx| bulk::cancel(tx, &desk.seller, &of)).await?;
    after(&frame, &id, cancelled, Some("said-import-cancelled"))
}

fn after(
    frame: &Frame,
    id: &Id,
    outcome: Result<(), catalogue::Refused>,
    said: Option<&'static str>,
) -> Result<Response, Failure> {
    match (outcome, said) {
        (Ok(()), Some(said)) => Ok(frame.go_saying(&import_path(id), said)),
        (Ok(()), None) => Ok(frame.go(&import_path(id))),
        (Err(catalogue::Refused::ImportNotFound), _) => Err(Failure::NotFound),
        (Err(refused), _) => Ok(frame.go_refused(&import_path(id), &refused)),
    }
}

/// `POST /sell/import/{id}/close`
pub async fn close(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let id = named(&id)?;
    match forget(&app, desk.seller, id.clone()).await? {
        Ok(()) => Ok(frame.go_saying("/sell/import", "said-import-closed")),
        Err(refused) => after(&frame, &id, Err(refused), None),
    }
}

/// Forgets an import, and its files where nothing else names them.
pub async fn forget(app: &App, seller: Seller, id: Id) -> Result<Result<(), catalogue::Refused>, Failure> {
    let free = match app.write(move |tx| bulk::close(tx, &seller, &id)).await? {
        Ok(free) => free,
        Err(refused) => return Ok(Err(refused)),
    };
    let blobs = app.vault.data().blobs().clone();
    let deleted = move || free.iter().try_for_each(|blob| blobs.delete(blob));
    let deleted = tokio::task::spawn_blocking(deleted).await.map_err(Failure::fault)?;
    deleted.map_err(|error| Failure::fault(format!("an upload was not deleted: {error}")))?;
    Ok(Ok(()))
}

// --- files ------------------------------------------------------------------------------------------------------------

fn file(name: &'static str, body: impl Into<Body>) -> Response {
    let mut response = body.into().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    response
}

/// `GET /sell/import/template.csv`
pub async fn template(State(app): State<App>, _desk: AtDesk, lang: Lang) -> Result<Response, Failure> {
    template_file(&app, lang).await
}

/// A sheet with the columns and two products.
pub async fn template_file(app: &App, lang: Lang) -> Result<Response, Failure> {
    let tree = tree(app).await?;
    Ok(file("attachment; filename=\"hanse-template.csv\"", bulk::example(lang.0, &tree)))
}

/// `GET /sell/import/{id}/mistakes.csv`
pub async fn mistakes_file(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    lang: Lang,
) -> Result<Response, Failure> {
    let (_, mistakes) = with_mistakes(&app, &desk.seller, &named(&id)?, bulk::MISTAKES_KEPT_MAX).await?;
    let headings = ["import-line", "import-column", "import-was", "import-what-to-do"].map(|key| t(lang, key));
    let table = bulk::list_of_mistakes(headings, mistakes.iter().map(|mistake| told(lang, mistake)));
    Ok(file("attachment; filename=\"hanse-mistakes.csv\"", table))
}

/// `GET /sell/export.csv`
pub async fn export(State(app): State<App>, desk: AtDesk, lang: Lang) -> Result<Response, Failure> {
    export_file(app, desk.seller, lang).await
}

/// All goods of a shop: page by page, so that a shop of any size takes little memory and holds no snapshot.
pub async fn export_file(app: App, seller: Seller, lang: Lang) -> Result<Response, Failure> {
    // The first page is read before anything is sent, so that a failure is one.
    let first = read_page(&app, &seller, lang, None).await?;
    let head = bulk::head(lang.0);
    let pages = stream::try_unfold((app, seller, Some(head), first), move |(app, seller, head, next)| async move {
        if let Some(head) = head {
            return Ok(Some((head, (app, seller, None, next))));
        }
        let Some((rows, last)) = next else { return Ok(None) };
        let more = read_page(&app, &seller, lang, Some(last)).await;
        let more = more.map_err(|failure| std::io::Error::other(format!("{failure:?}")))?;
        Ok::<_, std::io::Error>(Some((rows, (app, seller, None, more))))
    });
    Ok(file("attachment; filename=\"hanse-products.csv\"", Body::from_stream(pages)))
}

async fn read_page(app: &App, seller: &Seller, lang: Lang, after: Option<Id>) -> Result<Option<(String, Id)>, Failure> {
    let seller = seller.clone();
    app.read(move |r| Ok(bulk::page(r, &seller, lang.0, after.as_ref(), PRODUCTS_PER_PAGE)?)).await
}
