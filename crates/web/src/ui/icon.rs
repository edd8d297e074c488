//! Icons as inline SVG, drawn in the colour of the text around them. They say nothing to a screen reader: the
//! words beside them, or the label of the control, do.

use maud::{Markup, PreEscaped, html};

fn drawn(path: &'static str) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8"
            stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false" { (PreEscaped(path)) }
    }
}

macro_rules! icons {
    ($($name:ident $path:literal)*) => { $(pub fn $name() -> Markup { drawn($path) })* };
}

icons! {
    search r#"<circle cx="10.5" cy="10.5" r="6.5"/><path d="m20 20-4.8-4.8"/>"#
    cart r#"<path d="M3 4h2.4l2.2 11.2h10.6L20.6 7.5H6.1"/><circle cx="9" cy="19.4" r="1.4"/><circle cx="17" cy="19.4" r="1.4"/>"#
    orders r#"<path d="M5 3.5h14v17l-2.8-1.8-2.1 1.8-2.1-1.8-2.1 1.8-2.1-1.8L5 20.5z"/><path d="M8.5 8.5h7M8.5 12.5h7"/>"#
    person r#"<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6"/>"#
    shop r#"<path d="M4 10v10h16V10M3 9.5 5 4h14l2 5.5c0 3-4.5 3-4.5 0 0 3-4.5 3-4.5 0 0 3-4.5 3-4.5 0 0 3-4.5 3-4.5 0zM9.5 20v-5h5v5"/>"#
    desk r#"<path d="M3.5 5h17v11h-17zM8 20h8M12 16v4"/>"#
    shield r#"<path d="M12 3l7.5 2.8v5.4c0 4.6-3 8.2-7.5 9.8-4.5-1.6-7.5-5.2-7.5-9.8V5.8z"/><path d="m8.7 12 2.3 2.3 4.3-4.6"/>"#
    check r#"<path d="m5 12.5 4.5 4.5L19 7.5"/>"#
    cross r#"<path d="M6 6l12 12M18 6 6 18"/>"#
    info r#"<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.2"/>"#
    warn r#"<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.3v.2"/>"#
    stop r#"<circle cx="12" cy="12" r="9"/><path d="M12 7v6M12 16.3v.2"/>"#
    filter r#"<path d="M4 6h16M7 12h10M10 18h4"/>"#
    truck r#"<path d="M2.5 6h11v10h-11zM13.5 9.5h4l4 3.5v3h-8z"/><circle cx="7" cy="17.5" r="1.8"/><circle cx="17" cy="17.5" r="1.8"/>"#
    lock r#"<rect x="5" y="10.5" width="14" height="10" rx="1.5"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>"#
    copy r#"<rect x="8.5" y="8.5" width="11" height="12" rx="1.5"/><path d="M15.5 5.5v-1A1 1 0 0 0 14.5 3.5h-9a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h.5"/>"#
    plus r#"<path d="M12 5.5v13M5.5 12h13"/>"#
    minus r#"<path d="M5.5 12h13"/>"#
    globe r#"<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3.8 6 3.8 9s-.8 6-3.8 9c-3-3-3.8-6-3.8-9S9 6 12 3z"/>"#
    print r#"<path d="M7 8.5v-5h10v5M7 17H4V8.5h16V17h-3M7 14h10v6.5H7z"/>"#
    download r#"<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4.5 20h15"/>"#
    chat r#"<path d="M4 5h16v11h-9l-4.5 4v-4H4z"/>"#
    eye r#"<path d="M2.5 12C5 7.5 8.2 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.7 6.5-9.5 6.5S5 16.5 2.5 12z"/><circle cx="12" cy="12" r="3"/>"#
    box_ r#"<path d="M3.5 7.5 12 3l8.5 4.5v9L12 21l-8.5-4.5zM3.5 7.5 12 12l8.5-4.5M12 12v9"/>"#
    arrow r#"<path d="m9 5.5 6.5 6.5L9 18.5"/>"#
    menu r#"<path d="M4 6.5h16M4 12h16M4 17.5h16"/>"#
}

/// The mark before the marketplace's name: a cog's hull and sail, the ship of the Hanse.
pub fn logo() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            (PreEscaped(r#"<path fill="currentColor" d="M4 20.5h24c-.6 4.4-3 7-6.5 7h-11C7 27.5 4.6 24.9 4 20.5z"/><path class="sail" d="M15 3.5C10.5 6.5 8.3 11 8.5 18H15z"/><path fill="currentColor" d="M17 3.5c5 2.5 7.3 7 7 14.5h-7z"/>"#))
        }
    }
}
