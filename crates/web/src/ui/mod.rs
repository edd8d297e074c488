//! Components: pure functions of view models, from which every page is made.
//!
//! A component takes words that are already in the reader's language, and `Lang` where it has words of its own.
//! Text arguments are escaped; only `Markup` goes in as it is. No component has an inline style or script (the
//! content security policy would drop both); what moves hangs on `data-` attributes that `hanse.js` looks for.

mod basics;
mod compare;
mod entry;
mod goods;
pub mod icon;
mod privacy;
mod shell;
mod trade;

pub use basics::{
    Look, Tone, badge, crumbs, empty, facts, flash, link_button, notice, notice_with, pager_next, pager_numbers,
    part_head, product_layout, section_head, side_nav, tabs, time, time_near, with_filters, with_side, with_summary,
};
pub use compare::{Cell, Table, cell, head_cell, number_cell};
pub use entry::{
    Button, Confirm, Entry, Kind, RadioCard, button, check, confirm, error_summary, form, form_get, hidden,
    radio_cards, search_field,
};
pub use goods::{
    FilterGroup, FilterOption, GoodsLine, PriceFilter, ProductCard, Purchase, Quantity, Sort, Tier, Unit, Variant,
    attributes, chosen, filter_panel, gallery, goods_lines, money, price, price_range, product_card, product_grid,
    purchase, quantity, sort_bar, tier_price, tiers,
};
pub use privacy::{
    ConsentCard, NOTICE, Reading, consent_card, document_table, marked, masked, notice_asked, notice_told, prose,
    reading_list,
};
pub(crate) use shell::page;
pub use trade::{Event, Step, StepState, SumLine, copyable, details, steps, sums, timeline};
