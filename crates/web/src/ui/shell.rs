//! The page around the content: head, foot, and what a guest is told first.

use super::icon;
use crate::assets::asset_url;
use crate::format;
use crate::frame::{Frame, Page, Who, Width, paths};
use crate::language::{Lang, f, t};
use maud::{DOCTYPE, Markup, html};

pub(crate) fn page(page: &Page, main: Markup) -> Markup {
    let frame = page.frame;
    let lang = frame.lang;
    let title = format!("{} · {}", page.title, frame.site.name);
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                @if let Some(description) = page.description { meta name="description" content=(description); }
                @if page.listed {
                    @let here = |lang: Lang| format!("{}{}", frame.site.origin, lang.path(&frame.here));
                    link rel="canonical" href=(here(lang));
                    @for lang in Lang::ALL { link rel="alternate" hreflang=(lang.code()) href=(here(lang)); }
                    link rel="alternate" hreflang="x-default" href={ (frame.site.origin) (frame.here) };
                } @else {
                    meta name="robots" content="noindex";
                }
                meta name="theme-color" content="#063b4f";
                link rel="icon" type="image/svg+xml" href=(asset_url("favicon.svg"));
                link rel="manifest" href=(asset_url("manifest.webmanifest"));
                link rel="stylesheet" href=(asset_url("hanse.css"));
                script src=(asset_url("hanse.js")) defer {}
            }
            body {
                a.skip href="#main" { (t(lang, "skip")) }
                @if frame.first_visit { (first_visit(lang)) }
                (head(frame))
                main #main.wrap.narrow[page.width == Width::Narrow] tabindex="-1" {
                    @if let Some(flash) = &frame.flash { (super::flash(flash)) }
                    (main)
                }
                (foot(frame))
            }
        }
    }
}

/// 0-a.1: the policy before anything. Closing it is the browser's own doing and is kept nowhere; it comes again
/// only when the guest comes from elsewhere again.
fn first_visit(lang: Lang) -> Markup {
    html! {
        aside aria-label=(t(lang, "privacy-policy")) {
            details.first-visit open {
                summary { (t(lang, "first-visit-close")) }
                p.wrap {
                    (t(lang, "first-visit"))
                    " "
                    span.tabular {
                        a href=(lang.path(paths::POLICY)) { (t(lang, "privacy-policy")) }
                        " · "
                        a href=(lang.path(paths::COOKIES)) { (t(lang, "cookies")) }
                    }
                }
            }
        }
    }
}

fn head(frame: &Frame) -> Markup {
    let lang = frame.lang;
    let bare = frame.here.split('?').next().unwrap_or("/");
    let current = |path: &str| {
        let inside = bare == path || bare.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        inside.then_some("true")
    };
    let link = |path: &str, picture: Markup, label: &str| {
        html! { a href=(lang.path(path)) aria-current=[current(path)] { (picture) span { (label) } } }
    };
    html! {
        header.head {
            div.wrap {
                a.logo href=(lang.path(paths::HOME)) { (icon::logo()) span { (frame.site.name) } }
                form.search role="search" aria-label=(t(lang, "search-goods")) method="get" action=(lang.path(paths::SEARCH))
                    data-suggest={ (paths::SUGGEST) "?lang=" (lang.code()) } data-label=(t(lang, "suggestions"))
                    data-found=(f(lang, "suggestions-found", &[("n", "{n}".into())])) {
                    input type="search" name="q" value=(frame.searched) maxlength="100" autocomplete="off"
                        enterkeyhint="search" aria-label=(t(lang, "search-goods")) placeholder=(t(lang, "search-goods"));
                    button type="submit" aria-label=(t(lang, "search")) {
                        (icon::search()) span { (t(lang, "search")) }
                    }
                }
                nav.mine aria-label=(t(lang, "nav-main")) {
                    @match &frame.who {
                        Who::Staff { name } => {
                            (link(paths::CONSOLE, icon::desk(), t(lang, "nav-console")))
                            @if !name.is_empty() { span.name { (name) } }
                            (sign_out(frame))
                        }
                        Who::Member { name, seller } => {
                            @if *seller { (link(paths::SELL, icon::shop(), t(lang, "nav-sell"))) }
                            (link(paths::ORDERS, icon::orders(), t(lang, "nav-orders")))
                            (cart(frame, current(paths::CART)))
                            // A page that opened no name says only whose things these are.
                            @let name = if name.is_empty() { t(lang, "nav-my") } else { name };
                            a href=(lang.path(paths::MY)) aria-current=[current(paths::MY)] title=(name) {
                                (icon::person()) span.my-name { (name) }
                            }
                        }
                        Who::Guest => {
                            (cart(frame, current(paths::CART)))
                            (link(paths::SIGN_IN, icon::person(), t(lang, "sign-in")))
                            a.wide-only href=(lang.path(paths::REGISTER)) { span { (t(lang, "register")) } }
                        }
                    }
                    a.other-language href=(lang.other().path(&frame.here)) lang=(lang.other().tag())
                        hreflang=(lang.other().code()) { (lang.other().own_name()) }
                }
            }
        }
    }
}

fn cart(frame: &Frame, current: Option<&str>) -> Markup {
    let lang = frame.lang;
    let count = frame.cart_count;
    html! {
        a.cart data-cart href=(lang.path(paths::CART)) aria-current=[current] {
            (icon::cart()) span { (t(lang, "nav-cart")) }
            @if count > 0 { span.count { (format::number(count.into())) } }
        }
    }
}

fn sign_out(frame: &Frame) -> Markup {
    html! {
        form.inline method="post" action=(frame.path(paths::SIGN_OUT)) {
            (frame.csrf.field())
            button.as-link type="submit" { (t(frame.lang, "sign-out")) }
        }
    }
}

fn foot(frame: &Frame) -> Markup {
    let lang = frame.lang;
    let link = |path: &str, label: &'static str| html! { li { a href=(lang.path(path)) { (label) } } };
    // A member's rights are carried out on their own page; a guest's page says how, also without an account.
    let rights = if matches!(frame.who, Who::Member { .. }) { paths::MY_PRIVACY } else { paths::RIGHTS };
    html! {
        footer.foot {
            div.wrap {
                nav aria-label=(t(lang, "foot-trade")) {
                    h2 { (t(lang, "foot-trade")) }
                    ul {
                        (link(paths::CATEGORIES, t(lang, "foot-categories")))
                        (link(paths::ORDERS, t(lang, "nav-orders")))
                        (link(paths::SELL, t(lang, "foot-sell")))
                        (link(paths::CONTACT, t(lang, "contact")))
                    }
                }
                nav aria-label=(t(lang, "foot-privacy")) {
                    h2 { (t(lang, "foot-privacy")) }
                    ul {
                        (link(paths::POLICY, t(lang, "privacy-policy")))
                        (link(rights, t(lang, "your-rights")))
                        (link(paths::COLLECTED, t(lang, "foot-collected")))
                        (link(paths::PARTNERS, t(lang, "foot-partners")))
                        (link(paths::COOKIES, t(lang, "cookies")))
                    }
                }
                div {
                    h2 { (t(lang, "foot-operator")) }
                    p { (frame.site.operator.in_(lang.0)) }
                    p { a href={ "mailto:" (frame.site.contact) } { (frame.site.contact) } }
                    @if matches!(frame.who, Who::Member { .. }) { (sign_out(frame)) }
                }
            }
            p.wrap.promise { (icon::shield()) (t(lang, "foot-promise")) }
        }
    }
}
