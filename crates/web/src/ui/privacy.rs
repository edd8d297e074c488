//! What people see of their own data: masked values, readings in plain sentences, and the questions for consent.

use super::basics::Look;
use super::entry;
use super::icon;
use crate::csrf::Csrf;
use crate::frame::{Site, paths};
use crate::language::{Lang, f, t};
use maud::{Markup, html};
use policy::PurposeInfo;

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
    /// The policy's section, which is also the anchor in it.
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
                            a href={ (lang.path(paths::POLICY)) "#" (reading.section) } {
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

/// The question for one purpose, at the moment of its use (0-a.4, 0-a.7, 0-a.S2): everything in it comes from the
/// purpose's own entry in the map, so it cannot say anything else than the policy.
pub struct ConsentCard<'a> {
    pub purpose: &'a PurposeInfo,
    pub site: &'a Site,
    /// The policy's version that is shown and recorded.
    pub version: &'a str,
    /// Where the answer goes: POST with `answer` = `yes` or `no`.
    pub action: &'a str,
    pub hidden: &'a [(&'a str, &'a str)],
    /// How long, in words (the policy's documents make them from `purpose.keep`).
    pub kept: &'a str,
}

pub fn consent_card(lang: Lang, csrf: &Csrf, card: &ConsentCard) -> Markup {
    let purpose = card.purpose;
    let asked = || purpose.requires.iter().chain(purpose.accepts);
    let field_names = |fields: &mut dyn Iterator<Item = &&'static policy::FieldInfo>| {
        let separator = t(lang, "list-separator");
        html! {
            @for (at, field) in fields.enumerate() {
                @if at > 0 { (separator) }
                @if field.marked() { strong.sensitive { (icon::lock()) (field.name(lang.0)) } }
                @else { (field.name(lang.0)) }
            }
        }
    };
    html! {
        section.card.consent aria-labelledby="consent-title" {
            h2 id="consent-title" { (lang.words(purpose.says)) }
            dl.details {
                div { dt { (t(lang, "consent-ground")) } dd { (lang.words(purpose.basis.words())) } }
                @if asked().next().is_some() {
                    div { dt { (t(lang, "consent-kinds")) } dd { (field_names(&mut asked())) } }
                }
                @if !purpose.reads.is_empty() {
                    div { dt { (t(lang, "consent-reads")) } dd { (field_names(&mut purpose.reads.iter())) } }
                }
                @if !purpose.discloses.is_empty() {
                    div {
                        dt { (t(lang, "consent-recipients")) }
                        dd {
                            @for (at, disclosure) in purpose.discloses.iter().enumerate() {
                                @if at > 0 { (t(lang, "list-separator")) }
                                (lang.words(disclosure.recipient.words))
                            }
                        }
                    }
                }
                div { dt { (t(lang, "consent-kept")) } dd { (card.kept) } }
                div.refusal { dt { (t(lang, "consent-refusal")) } dd { (lang.words(purpose.refusal)) } }
            }
            (entry::form(csrf, card.action, html! {
                @for (name, value) in card.hidden { (entry::hidden(name, value)) }
                // Equal in size and weight: refusing is as easy as agreeing (2.8.2-a.S1).
                div.actions.equal {
                    (entry::Button { label: t(lang, "consent-no"), look: Look::Plain, name_value: Some(("answer", "no")) })
                    (entry::Button { label: t(lang, "consent-yes"), look: Look::Plain, name_value: Some(("answer", "yes")) })
                }
            }))
            p.note {
                (f(lang, "consent-operator", &[("operator", (&card.site.operator).into()), ("contact", (&card.site.contact).into())]))
                " "
                (t(lang, "consent-withdraw"))
                " "
                a href=(lang.path(paths::RIGHTS)) { (t(lang, "your-rights")) }
                " · "
                a href={ (lang.path(paths::POLICY)) "#" (purpose.section) } {
                    (f(lang, "consent-version", &[("section", purpose.section.into()), ("version", card.version.into())]))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csrf::CsrfKey;
    use policy::{Basis, Words};

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

    /// 0-a.S2, 0-a.4, 2.8.2-a.S1: who asks, what for, on what ground, how long, what refusal does, how to exercise
    /// one's rights, the version and clause; and two answers of the same weight.
    #[test]
    fn a_question_for_consent_is_whole_and_even() {
        let site = Site::example();
        for lang in Lang::ALL {
            let card = ConsentCard {
                purpose: &PURPOSE,
                site: &site,
                version: "2026-11-24",
                action: "/x",
                hidden: &[],
                kept: "three years",
            };
            let html = consent_card(lang, &Csrf::member(&CsrfKey::random(), "s"), &card).into_string();
            let rights = lang.path(paths::RIGHTS);
            for part in [
                lang.words(PURPOSE.says),
                lang.words(PURPOSE.refusal),
                lang.words(Basis::SeparateConsent.words()),
                &site.operator,
                &site.contact,
                "three years",
                "2026-11-24",
                "#2.3.2",
                rights.as_str(),
            ] {
                assert!(html.contains(part), "{part} is missing in {}", lang.code());
            }
            assert_eq!(html.matches("<button class=\"button\"").count(), 2, "two buttons of one look");
        }
    }
}
