//! What people see of their own data: masked values, readings in plain sentences, and the questions for consent.

use super::basics::Look;
use super::entry;
use super::icon;
use crate::csrf::Csrf;
use crate::form::FormErrors;
use crate::frame::paths;
use crate::language::{Lang, f, t};
use maud::{Markup, html};
use policy::documents::{DocumentKind, Inline, Notice, NoticeKind, Target, anchor, plain};

/// A value of which enough is shown to recognise it (`138****8000`; the vault's `Masked` renders itself). `reveal`
/// is the link that shows the whole and leaves a line in the ledger.
pub fn masked(lang: Lang, value: impl maud::Render, reveal: Option<&str>) -> Markup {
    html! {
        span.masked {
            span.tabular { (value) }
            @if let Some(href) = reveal { " " a.reveal href=(href) { (icon::eye()) (t(lang, "reveal")) } }
        }
    }
}

/// A passage that a reader must not miss (0-a.3): weight, a rule beside it and a word, not colour alone.
pub fn marked(lang: Lang, content: Markup) -> Markup {
    html! { strong.marked-passage { span.unseen { (t(lang, "important")) } (content) } }
}

/// One reading of somebody's sealed information: who, what, why, on what ground.
pub struct Reading<'a> {
    pub at: i64,
    pub who: &'a str,
    /// The rest of the sentence: `read your consignee name, telephone`.
    pub did: &'a str,
    /// `to ship order 2026 1123 0042`.
    pub why: &'a str,
    pub ground: &'a str,
    /// The policy's section.
    pub section: &'a str,
    pub link: Option<(String, &'a str)>,
}

pub fn reading_list(lang: Lang, now: i64, readings: &[Reading]) -> Markup {
    html! {
        ol.card.reads {
            @for reading in readings {
                li {
                    span.note { (super::time_near(lang, reading.at, now)) }
                    span {
                        b { (reading.who) } " " (reading.did)
                        span.why {
                            (reading.why) " · " (reading.ground) " · "
                            a href=(format!("{}#{}", lang.path(paths::POLICY), anchor(reading.section))) {
                                (f(lang, "policy-section", &[("section", reading.section.into())]))
                            }
                        }
                    }
                    @if let Some((href, label)) = &reading.link { a href=(href) { (label) } }
                }
            }
        }
    }
}

/// Words of a document or a notice.
pub fn prose(lang: Lang, pieces: &[Inline]) -> Markup {
    html! {
        @for piece in pieces {
            @match piece {
                Inline::Text(text) => (text),
                // 0-a.3: marked by weight and a rule, not by colour alone.
                Inline::Marked(text) => strong.marked { (text) },
                Inline::Link { to, text } => @match to {
                    Target::Here(anchor) => a href=(format!("#{anchor}")) { (text) },
                    Target::Document(kind, anchor) => a href=(format!("{}{}", lang.path(path_of(*kind)),
                        anchor.as_ref().map(|a| format!("#{a}")).unwrap_or_default())) { (text) },
                    Target::Mail(address) => a href=(format!("mailto:{address}")) { (text) },
                },
            }
        }
    }
}

fn path_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::PrivacyPolicy => paths::POLICY,
        DocumentKind::CollectionList => paths::COLLECTED,
        DocumentKind::PartnerList => paths::PARTNERS,
    }
}

/// What is told of these kinds, in the notice's own words.
fn parts(lang: Lang, notice: &Notice, told: impl Fn(NoticeKind) -> bool) -> Markup {
    html! {
        dl.details {
            @for part in notice.parts.iter().filter(|part| told(part.kind)) {
                div.refusal[part.kind == NoticeKind::Refusal] { dt { (part.label) } dd { (prose(lang, &part.text)) } }
            }
        }
    }
}

/// Where the policy says the same.
fn in_policy(lang: Lang, notice: &Notice, version: &str) -> Markup {
    html! {
        a href=(format!("{}#{}", lang.path(paths::POLICY), anchor(notice.section))) {
            (f(lang, "consent-version", &[("section", notice.section.into()), ("version", version.into())]))
        }
    }
}

/// A notice word for word, folded under one line beside the function that it is about (0-a.S2).
pub fn notice_told(lang: Lang, notice: &Notice, version: &str) -> Markup {
    html! {
        details.whole-notice {
            summary { (t(lang, "notice-all")) }
            (parts(lang, notice, |_| true))
            p.note { (in_policy(lang, notice, version)) }
        }
    }
}

/// As [`notice_told`], within a form whose answer counts as consent: the digest of the words goes with it, and comes
/// into the record (0-a.4).
pub fn notice_asked(lang: Lang, notice: &Notice, version: &str) -> Markup {
    html! { (entry::hidden(NOTICE, &notice.hash)) (notice_told(lang, notice, version)) }
}

/// The form field with the digest of the words that the page showed.
pub const NOTICE: &str = "notice";

/// The question for one purpose, at the moment of its use (0-a.4, 0-a.7, 0-a.S2): everything in it is the notice that
/// the policy's own entry makes, so it cannot say anything else than the policy.
pub struct ConsentCard<'a> {
    pub notice: &'a Notice,
    /// The policy's version that is shown and recorded.
    pub version: &'a str,
    /// Where the answer goes: POST with `answer` = `yes` or `no`.
    pub action: &'a str,
    pub hidden: &'a [(&'a str, &'a str)],
}

pub fn consent_card(lang: Lang, csrf: &Csrf, card: &ConsentCard, errors: &FormErrors) -> Markup {
    let notice = card.notice;
    let question = notice.part(NoticeKind::Purpose).map_or(&[][..], |part| &part.text);
    let first = |kind| {
        matches!(
            kind,
            NoticeKind::Kinds
                | NoticeKind::Sensitive
                | NoticeKind::Recipients
                | NoticeKind::Retention
                | NoticeKind::Refusal
        )
    };
    html! {
        (entry::error_summary(lang, errors, &[]))
        section.card.consent aria-labelledby="consent-title" {
            h2 id="consent-title" { (plain(question)) }
            (parts(lang, notice, first))
            (entry::form(csrf, card.action, html! {
                @for (name, value) in card.hidden { (entry::hidden(name, value)) }
                (notice_asked(lang, notice, card.version))
                // Equal in size and weight: refusing is as easy as agreeing (2.8.2-a.S1).
                div.actions.equal {
                    (entry::Button { label: t(lang, "consent-no"), look: Look::Plain, name_value: Some(("answer", "no")) })
                    (entry::Button { label: t(lang, "consent-yes"), look: Look::Plain, name_value: Some(("answer", "yes")) })
                }
            }))
            p.note { (t(lang, "consent-withdraw")) " " a href=(lang.path(paths::RIGHTS)) { (t(lang, "your-rights")) } }
        }
    }
}

/// A table of the documents: on a narrow screen each row stands as a block, each cell under the name of its column.
pub fn document_table(caption: &str, head: &[impl AsRef<str>], rows: impl Iterator<Item = Vec<Markup>>) -> Markup {
    // The roles are said, for a table that is shown as blocks loses them.
    html! {
        table.document role="table" {
            caption { (caption) }
            thead role="rowgroup" { tr role="row" { @for name in head { th scope="col" role="columnheader" { (name.as_ref()) } } } }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (cell, name) in row.iter().zip(head) { td role="cell" data-label=(name.as_ref()) { (cell) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csrf::CsrfKey;
    use policy::documents::{Operator, OwnWords, notice};
    use policy::{Basis, PurposeInfo, Words};

    const PURPOSE: PurposeInfo = PurposeInfo {
        id: "Test",
        section: "2.3.2",
        basis: Basis::SeparateConsent,
        says: Words { en: "We ask.", zh: "征求意见。" },
        requires: &[],
        accepts: &[],
        reads: &[],
        discloses: &[],
        roles: &[],
        keep: &[],
        refusal: Words { en: "Nothing is lost.", zh: "没有影响。" },
        law: None,
    };

    fn operator() -> Operator {
        Operator {
            company: OwnWords::same("Hanse Marketplace Ltd."),
            address: OwnWords::same("1 Quay"),
            service_contact: OwnWords::same("help@market.example"),
            department_email: "privacy@market.example".into(),
            department_address: OwnWords::same("1 Quay"),
            officer: OwnWords::same("Ms Fu"),
            country: OwnWords::same("China"),
            partners: Vec::new(),
        }
    }

    fn words(html: &str) -> String {
        let mut inside = false;
        let text: String = html
            .chars()
            .filter(|c| {
                let shown = !inside && *c != '<';
                inside = (inside || *c == '<') && *c != '>';
                shown
            })
            .collect();
        text.replace("&quot;", "\"").replace("&amp;", "&")
    }

    /// 0-a.S2, 0-a.4, 2.8.2-a.S1: every word whose digest is recorded stands on the card, and the digest goes with the
    /// answer; two answers of the same weight.
    #[test]
    fn a_question_for_consent_is_whole_and_even() {
        for lang in Lang::ALL {
            let notice = notice(&PURPOSE, &operator(), lang.0);
            let card = ConsentCard { notice: &notice, version: "2026-11-24", action: "/x", hidden: &[] };
            let csrf = Csrf::member(&CsrfKey::random(), "s");
            let html = consent_card(lang, &csrf, &card, &FormErrors::default()).into_string();
            let shown = words(&html);
            for part in &notice.parts {
                assert!(shown.contains(&part.label), "{} is missing in {}", part.label, lang.code());
                assert!(shown.contains(&plain(&part.text)), "{:?} is missing in {}", part.text, lang.code());
            }
            for part in [lang.path(paths::RIGHTS), notice.hash.clone(), "2026-11-24".into(), anchor("2.3.2")] {
                assert!(html.contains(&part), "{part} is missing in {}", lang.code());
            }
            assert_eq!(html.matches("<button class=\"button\"").count(), 2, "two buttons of one look");
        }
    }
}
