//! What every page is made of: notices, badges, empty states, ways through the site.

use super::icon;
use crate::format;
use crate::frame::Flash;
use crate::language::{Lang, f, t};
use maud::{Markup, html};

/// What a thing means, by icon and words first, by colour second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Info,
    Good,
    Warn,
    Bad,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Tone::Info => "info",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }

    pub(super) fn icon(self) -> Markup {
        match self {
            Tone::Info => icon::info(),
            Tone::Good => icon::check(),
            Tone::Warn => icon::warn(),
            Tone::Bad => icon::stop(),
        }
    }
}

/// How a button presents itself. One main action a page; `Danger` for what cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Main,
    Plain,
    Quiet,
    Danger,
}

impl Look {
    pub(super) fn class(self) -> &'static str {
        match self {
            Look::Main => "button main",
            Look::Plain => "button",
            Look::Quiet => "button quiet",
            Look::Danger => "button danger",
        }
    }
}

/// A link that looks like a button, for what changes nothing.
pub fn link_button(href: &str, label: &str, look: Look) -> Markup {
    html! { a class=(look.class()) href=(href) { (label) } }
}

pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span.badge.(tone.class()) { (text) } }
}

/// A remark in the flow of the page.
pub fn notice(tone: Tone, text: &str) -> Markup {
    notice_with(tone, html! { p { (text) } })
}

pub fn notice_with(tone: Tone, content: Markup) -> Markup {
    html! {
        div.notice.(tone.class()) {
            (tone.icon())
            div { (content) }
        }
    }
}

/// What the last form did; read out by screen readers as the page opens.
pub fn flash(flash: &Flash) -> Markup {
    let role = if flash.tone == Tone::Bad { "alert" } else { "status" };
    html! {
        div.notice.flash.(flash.tone.class()) role=(role) data-flash {
            (flash.tone.icon())
            div { p { (flash.text) } }
        }
    }
}

/// Nothing here yet: why, and what to do next.
pub fn empty(picture: Markup, title: &str, text: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        section.card.blank {
            (picture)
            h2 { (title) }
            p { (text) }
            @if let Some((href, label)) = action {
                p.actions { (link_button(href, label, Look::Main)) }
            }
        }
    }
}

/// The head of a page: title, a sentence, and what can be done here at the right.
pub fn section_head(title: &str, text: Option<&str>, actions: Option<Markup>) -> Markup {
    head_of(html! { h1 { (title) } }, text, actions)
}

/// As `section_head`, for a part of a page that has its own heading of the first level.
pub fn part_head(title: &str, text: Option<&str>, actions: Option<Markup>) -> Markup {
    head_of(html! { h2 { (title) } }, text, actions)
}

fn head_of(heading: Markup, text: Option<&str>, actions: Option<Markup>) -> Markup {
    html! {
        div.section-head {
            div {
                (heading)
                @if let Some(text) = text { p.note { (text) } }
            }
            @if let Some(actions) = actions { div.actions { (actions) } }
        }
    }
}

/// The way from the top to here; the last one has no link.
pub fn crumbs(lang: Lang, way: &[(&str, Option<String>)]) -> Markup {
    html! {
        nav.crumbs aria-label=(t(lang, "crumbs")) {
            ol {
                @for (label, href) in way {
                    li {
                        @match href {
                            Some(href) => a href=(href) { (label) },
                            None => span aria-current="page" { (label) },
                        }
                    }
                }
            }
        }
    }
}

/// The pages of one desk, at the left; on the phone a row to swipe. `current` is the path of the chosen one.
pub fn side_nav(label: &str, current: &str, entries: &[(&str, String, Option<u32>)]) -> Markup {
    html! {
        nav.card.side aria-label=(label) {
            @for (text, href, count) in entries {
                a href=(href) aria-current=[(href == current).then_some("page")] {
                    span { (text) }
                    @if let Some(count) = count.filter(|count| *count > 0) {
                        span.count { (format::number(count.into())) }
                    }
                }
            }
        }
    }
}

/// The parts of one list (orders by state), with how many are in each.
pub fn tabs(label: &str, entries: &[(&str, String, Option<u32>, bool)]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for (text, href, count, current) in entries {
                a href=(href) aria-current=[current.then_some("page")] {
                    (text)
                    @if let Some(count) = count { " " span.count { (format::number((*count).into())) } }
                }
            }
        }
    }
}

/// For lists read by key: on, and back to the beginning.
pub fn pager_next(lang: Lang, first: Option<String>, next: Option<String>) -> Markup {
    if first.is_none() && next.is_none() {
        return html! {};
    }
    html! {
        nav.pager aria-label=(t(lang, "pages")) {
            @if let Some(first) = first { a.button.quiet href=(first) { (t(lang, "page-first")) } }
            @if let Some(next) = next { a.button href=(next) rel="next" { (t(lang, "page-next")) } }
        }
    }
}

/// For search results: numbered pages, the ends and the neighbours of the current one. Both count from 1.
pub fn pager_numbers(lang: Lang, current: u32, last: u32, href: impl Fn(u32) -> String) -> Markup {
    if last <= 1 {
        return html! {};
    }
    let shown = |n: u32| n == 1 || n == last || n.abs_diff(current) <= 2;
    html! {
        nav.pager aria-label=(t(lang, "pages")) {
            @if current > 1 { a.button.quiet href=(href(current - 1)) rel="prev" { (t(lang, "page-previous")) } }
            ol {
                @for n in (1..=last).filter(|n| shown(*n)) {
                    @if n > 1 && !shown(n - 1) { li.gap { "…" } }
                    li {
                        @if n == current {
                            span aria-current="page" { (n) }
                        } @else {
                            a href=(href(n)) aria-label=(f(lang, "page-number", &[("n", n.into())])) { (n) }
                        }
                    }
                }
            }
            @if current < last { a.button.quiet href=(href(current + 1)) rel="next" { (t(lang, "page-next")) } }
        }
    }
}

/// A few numbers that matter, each with what it counts.
pub fn facts(entries: &[(String, &str)]) -> Markup {
    html! {
        ul.facts {
            @for (number, label) in entries {
                li.card { b.tabular { (number) } span.note { (label) } }
            }
        }
    }
}

/// A moment, whole: `24 Nov 2026, 14:02`.
pub fn time(lang: Lang, micros: i64) -> Markup {
    html! { time datetime=(format::iso(micros)) { (format::moment(lang, micros)) } }
}

/// A moment as said today: `Today 14:02`; the whole of it on pointing.
pub fn time_near(lang: Lang, micros: i64, now: i64) -> Markup {
    html! {
        time datetime=(format::iso(micros)) title=(format::moment(lang, micros)) {
            (format::near(lang, micros, now))
        }
    }
}

/// A desk: its pages at the left, the chosen one beside them.
pub fn with_side(side: Markup, content: Markup) -> Markup {
    html! { div.two { (side) div { (content) } } }
}

/// A list with what narrows it.
pub fn with_filters(filters: Markup, content: Markup) -> Markup {
    html! { div.results { (filters) section { (content) } } }
}

/// What is decided, and at the right (on the phone below) what it costs and the button.
pub fn with_summary(content: Markup, summary: Markup) -> Markup {
    html! { div.deciding { div { (content) } aside.card.summary { (summary) } } }
}

/// A product's page: pictures, what one buys, from whom.
pub fn product_layout(gallery: Markup, main: Markup, aside: Markup) -> Markup {
    html! { section.card.product { (gallery) div { (main) } aside { (aside) } } }
}
