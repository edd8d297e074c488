//! Orders and parcels: where they stand, what happened, what they cost.

use super::icon;
use crate::format;
use crate::language::{Lang, t};
use maud::{Markup, html};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Done,
    Now,
    Ahead,
    /// Ended here, otherwise than hoped.
    Stopped,
}

/// One state on an order's way.
pub struct Step<'a> {
    pub label: &'a str,
    pub note: Option<String>,
    pub state: StepState,
}

/// The way of an order: what is done, where it is, what comes.
pub fn steps(lang: Lang, steps: &[Step]) -> Markup {
    html! {
        ol.steps aria-label=(t(lang, "progress")) {
            @for step in steps {
                @let class = match step.state {
                    StepState::Done => "done",
                    StepState::Now => "now",
                    StepState::Ahead => "ahead",
                    StepState::Stopped => "stopped",
                };
                li class=(class) aria-current=[(step.state == StepState::Now).then_some("step")] {
                    span.dot {
                        @match step.state {
                            StepState::Done => (icon::check()),
                            StepState::Stopped => (icon::cross()),
                            _ => {},
                        }
                    }
                    span.label {
                        (step.label)
                        @if step.state == StepState::Done { span.unseen { " " (t(lang, "step-done")) } }
                    }
                    @if let Some(note) = &step.note { span.note { (note) } }
                }
            }
        }
    }
}

/// One thing that happened, newest first in the list.
pub struct Event {
    pub at: i64,
    pub title: String,
    pub note: Option<String>,
}

/// What happened to a parcel or a case.
pub fn timeline(lang: Lang, now: i64, events: &[Event]) -> Markup {
    html! {
        ol.timeline {
            @for event in events {
                li {
                    span.note { (super::time_near(lang, event.at, now)) }
                    div {
                        b { (event.title) }
                        @if let Some(note) = &event.note { p.note { (note) } }
                    }
                }
            }
        }
    }
}

/// One line of an order's sum.
pub struct SumLine<'a> {
    pub label: &'a str,
    pub minor: i64,
    pub total: bool,
}

/// Goods, freight, reductions, total: the total is the one in the accent of prices.
pub fn sums(lang: Lang, currency: &str, lines: &[SumLine]) -> Markup {
    html! {
        dl.sums {
            @for line in lines {
                div.total[line.total] {
                    dt { (line.label) }
                    dd.tabular { (format::money(lang, line.minor, currency)) }
                }
            }
        }
    }
}

/// What is known of a thing: name and value.
pub fn details(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.details {
            @for (name, value) in rows { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// Text with a button that copies it (an address, a waybill number); without scripts it is just the text.
pub fn copyable(lang: Lang, id: &str, content: Markup) -> Markup {
    html! {
        span.copyable {
            span id=(id) { (content) }
            button.icon-button type="button" data-copy={ "#" (id) } data-done=(t(lang, "copied"))
                aria-label=(t(lang, "copy")) title=(t(lang, "copy")) hidden { (icon::copy()) }
        }
    }
}
