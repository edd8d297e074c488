//! Parts 0, 6 and 8: the published documents, rendered from the map that the program runs by (6-d.1).

use crate::app::App;
use crate::error::Failure;
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::ui;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use policy::documents::{self, Block, Document, DocumentKind, Fact};

fn document(app: &App, lang: Lang, kind: DocumentKind) -> Document {
    match kind {
        DocumentKind::PrivacyPolicy => documents::privacy_policy(&app.map, &app.operator, lang.0, app.edition),
        DocumentKind::CollectionList => documents::collection_list(&app.map, lang.0, app.edition),
        DocumentKind::PartnerList => documents::partner_list(&app.map, &app.operator, lang.0, app.edition),
    }
}

fn facts(lang: Lang, facts: &[Fact]) -> Markup {
    html! { dl.details { @for fact in facts { div { dt { (fact.label) } dd { (ui::prose(lang, &fact.text)) } } } } }
}

fn block(lang: Lang, block: &Block) -> Markup {
    html! {
        @match block {
            Block::Paragraph(text) => p { (ui::prose(lang, text)) },
            Block::Note(text) => p.note { (ui::prose(lang, text)) },
            Block::List(items) => ul { @for item in items { li id=[item.id.as_deref()] { (ui::prose(lang, &item.text)) } } },
            Block::Table(table) => div.scrolls tabindex="0" role="region" aria-label=(table.caption) {
                (ui::document_table(&table.caption, &table.head, table.rows.iter().map(|row| row.iter().map(|cell| ui::prose(lang, cell)).collect())))
            },
            Block::Entry(entry) => section.purpose id=(entry.id) {
                p.says { (ui::prose(lang, &entry.says)) }
                (facts(lang, &entry.facts))
            },
        }
    }
}

async fn show(app: App, frame: Frame, kind: DocumentKind) -> Response {
    let lang = frame.lang;
    let document = document(&app, lang, kind);
    let main = html! {
        article.document {
            h1 { (document.title) }
            p.note {
                (document.dates()) " · "
                a href=(format!("{}/{}.md", lang.path("/privacy/download"), kind.slug())) download { (t(lang, "document-download")) }
            }
            p.note.digest { (f(lang, "document-digest", &[("digest", app.policy_digest.as_str().into())])) }
            nav.contents aria-label=(t(lang, "document-contents")) {
                h2 { (t(lang, "document-contents")) }
                ol { @for section in document.sections.iter().filter(|s| s.level == 1) {
                    li { a href=(format!("#{}", section.id)) { (section.number) " " (section.heading) } }
                } }
            }
            @for section in &document.sections {
                section id=(section.id) {
                    @let heading = html! { @if !section.number.is_empty() { (section.number) " " } (section.heading) };
                    @match section.level {
                        1 => h2 { (heading) },
                        2 => h3 { (heading) },
                        _ => h4 { (heading) },
                    }
                    @for b in &section.blocks { (block(lang, b)) }
                }
            }
        }
    };
    let title = document.title.clone();
    frame.page(&title).narrow().listed(&title).answer(main)
}

/// `/privacy`
pub async fn policy(State(app): State<App>, frame: Frame) -> Response {
    show(app, frame, DocumentKind::PrivacyPolicy).await
}

/// `/privacy/collected`
pub async fn collected(State(app): State<App>, frame: Frame) -> Response {
    show(app, frame, DocumentKind::CollectionList).await
}

/// `/privacy/partners`
pub async fn partners(State(app): State<App>, frame: Frame) -> Response {
    show(app, frame, DocumentKind::PartnerList).await
}

/// `/privacy/download/{slug}.md`: the document as one file to keep (0-a.S3).
pub async fn download(State(app): State<App>, Path(name): Path<String>, frame: Frame) -> Result<Response, Failure> {
    let kind = DocumentKind::ALL
        .into_iter()
        .find(|kind| name.strip_suffix(".md") == Some(kind.slug()))
        .ok_or(Failure::NotFound)?;
    let text = document(&app, frame.lang, kind).to_markdown();
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response())
}

/// `/.well-known/privacy-policy.json`: the policy as a machine reads it, with the digest that the page shows (6-d.1).
pub async fn machine(State(app): State<App>) -> Response {
    let mut said = documents::machine_readable(&app.map, &app.operator);
    said["digest"] = app.policy_digest.clone().into();
    Json(said).into_response()
}

/// `/privacy/cookies`: the cookies that there are, no more (2.8.2-a.1).
pub async fn cookies(frame: Frame) -> Response {
    let lang = frame.lang;
    let rows = [
        (frame.site.cookie("session"), "cookie-session", "cookie-session-life"),
        (frame.site.cookie("session"), "cookie-session-staff", "cookie-session-staff-life"),
        (frame.site.cookie("device"), "cookie-device", "cookie-device-life"),
        (frame.site.cookie("form"), "cookie-form", "cookie-form-life"),
    ];
    let head = [t(lang, "cookie-name"), t(lang, "cookie-why"), t(lang, "cookie-life")];
    let main = html! {
        article.document {
            h1 { (t(lang, "cookies")) }
            p { (t(lang, "cookies-intro")) }
            (ui::document_table(t(lang, "cookies"), &head, rows.iter().map(|(name, why, life)| {
                vec![html! { code { (name) } }, html! { (t(lang, why)) }, html! { (t(lang, life)) }]
            })))
            p { (t(lang, "cookies-refuse")) }
            h2 { (t(lang, "permissions")) }
            p { (t(lang, "permissions-none")) }
        }
    };
    frame.page(t(lang, "cookies")).narrow().listed(t(lang, "cookies-intro")).answer(main)
}

/// `/privacy/rights` and `/contact`: who answers, in how many days, with or without an account (4.0-S3, 8-a).
pub async fn rights(State(app): State<App>, frame: Frame) -> Response {
    let lang = frame.lang;
    let o = &app.operator;
    let main = html! {
        article.document {
            h1 { (t(lang, "your-rights")) }
            p { (t(lang, "rights-intro")) }
            ul {
                li { (t(lang, "rights-see")) " " a href=(lang.path(paths::MY_PRIVACY)) { (t(lang, "my-readings")) } }
                li { (t(lang, "rights-consents")) " " a href=(lang.path("/my/privacy/consents")) { (t(lang, "my-consents")) } }
                li { (t(lang, "rights-ask")) }
            }
            h2 { (t(lang, "contact")) }
            (ui::details(&[
                (t(lang, "contact-company"), html! { (o.company.in_(lang.0)) " · " (o.address.in_(lang.0)) }),
                (t(lang, "contact-service"), html! { (o.service_contact.in_(lang.0)) }),
                (t(lang, "contact-department"), html! { a href=(format!("mailto:{}", o.department_email)) { (o.department_email) } " · " (o.department_address.in_(lang.0)) }),
                (t(lang, "contact-officer"), html! { (o.officer.in_(lang.0)) }),
            ]))
            p.note { (t(lang, "rights-days")) }
        }
    };
    frame.page(t(lang, "your-rights")).narrow().listed(t(lang, "rights-intro")).answer(main)
}
