//! Forms: one field after the other, each with its label above, its hint and its mistake tied to it.

use super::basics::Look;
use super::icon;
use crate::csrf::Csrf;
use crate::form::{FormData, FormErrors};
use crate::language::{Lang, t};
use maud::{Markup, html};

/// What a field takes; it sets the keyboard on the phone and what the browser may fill in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Password,
    Email,
    Phone,
    /// A whole number.
    Number,
    Money,
    Date,
    /// A code of digits that came by message.
    Code,
    Url,
}

/// One field: label, hint, control, mistake. Rendered with `Render`.
///
/// ```text
/// (Entry::new(Kind::Phone, "consignee_phone", t(lang, "consignee-phone"))
///     .hint(t(lang, "consignee-phone-hint")).fill("shipping tel").from(lang, &form, &errors))
/// ```
#[must_use]
pub struct Entry<'a> {
    kind: Kind,
    name: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    unit: Option<&'a str>,
    value: String,
    error: Option<String>,
    fill: Option<&'a str>,
    optional: Option<&'static str>,
    limit: Option<usize>,
    lines: Option<u8>,
    options: Option<Vec<(&'a str, &'a str)>>,
    accept: Option<&'a str>,
    several: bool,
    marked: bool,
    autofocus: bool,
}

/// The id of a field's control, to which the summary of mistakes links.
pub(super) fn id(name: &str) -> String {
    format!("f-{name}")
}

impl<'a> Entry<'a> {
    pub fn new(kind: Kind, name: &'a str, label: &'a str) -> Entry<'a> {
        Entry {
            kind,
            name,
            label,
            hint: None,
            unit: None,
            value: String::new(),
            error: None,
            fill: None,
            optional: None,
            limit: None,
            lines: None,
            options: None,
            accept: None,
            several: false,
            marked: false,
            autofocus: false,
        }
    }

    /// A choice from `(value, label)`.
    pub fn select(name: &'a str, label: &'a str, options: &[(&'a str, &'a str)]) -> Entry<'a> {
        Entry { options: Some(options.to_vec()), ..Entry::new(Kind::Text, name, label) }
    }

    /// A file of one of these kinds, as `accept` names them; for a form that is sent in parts. A browser never sends it
    /// twice: a form that is shown again has it chosen anew.
    pub fn file(name: &'a str, label: &'a str, accept: &'a str) -> Entry<'a> {
        Entry { accept: Some(accept), ..Entry::new(Kind::Text, name, label) }
    }

    /// As many files as there are, also none: how many it must be, the form is told when it is sent.
    pub fn several(self) -> Self {
        Entry { several: true, ..self }
    }

    /// Text of several lines.
    pub fn lines(self, lines: u8) -> Self {
        Entry { lines: Some(lines), ..self }
    }

    pub fn hint(self, hint: &'a str) -> Self {
        Entry { hint: Some(hint), ..self }
    }

    /// What stands behind the control: `¥`, `cases`.
    pub fn unit(self, unit: &'a str) -> Self {
        Entry { unit: Some(unit), ..self }
    }

    /// The `autocomplete` token, e.g. `shipping tel`, `current-password`; without one the browser fills in nothing.
    pub fn fill(self, token: &'a str) -> Self {
        Entry { fill: Some(token), ..self }
    }

    /// Everything else is required; the label says which is not.
    pub fn optional(self, lang: Lang) -> Self {
        Entry { optional: Some(t(lang, "optional")), ..self }
    }

    /// The most characters, which the browser keeps to.
    pub fn limit(self, characters: usize) -> Self {
        Entry { limit: Some(characters), ..self }
    }

    /// Sensitive information (0-a.3): marked by a word-bearing icon and weight.
    pub fn sensitive(self) -> Self {
        Entry { marked: true, ..self }
    }

    pub fn autofocus(self) -> Self {
        Entry { autofocus: true, ..self }
    }

    /// What the field holds at first.
    pub fn value(self, value: impl Into<String>) -> Self {
        Entry { value: value.into(), ..self }
    }

    /// What was typed and what was wrong with it. A password is never shown again. A field that was not sent keeps
    /// its value.
    pub fn from(mut self, lang: Lang, form: &FormData, errors: &FormErrors) -> Self {
        if form.has(self.name) && !matches!(self.kind, Kind::Password | Kind::Code) {
            self.value = form.text(self.name).to_owned();
        }
        self.error = errors.of(self.name).map(|error| error.text(lang));
        self
    }

    fn control(&self) -> Markup {
        let id = id(self.name);
        let hint = self.hint.map(|_| format!("{id}-hint"));
        let mistake = self.error.as_ref().map(|_| format!("{id}-error"));
        let described: Vec<String> = [hint, mistake].into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let invalid = self.error.as_ref().map(|_| "true");
        let required = self.optional.is_none();
        let fill = self.fill.unwrap_or("off");
        if let Some(options) = &self.options {
            return html! {
                select id=(id) name=(self.name) autocomplete=(fill) required[required]
                    aria-describedby=[described] aria-invalid=[invalid] {
                    @for (value, label) in options {
                        option value=(value) selected[*value == self.value] { (label) }
                    }
                }
            };
        }
        if let Some(accept) = self.accept {
            return html! {
                input id=(id) type="file" name=(self.name) accept=(accept) multiple[self.several]
                    required[required && !self.several] aria-describedby=[described] aria-invalid=[invalid];
            };
        }
        if let Some(lines) = self.lines {
            return html! {
                textarea id=(id) name=(self.name) rows=(lines) maxlength=[self.limit] autocomplete=(fill)
                    required[required] aria-describedby=[described] aria-invalid=[invalid] autofocus[self.autofocus] {
                    // A first line break would be swallowed by the parser.
                    "\n" (self.value)
                }
            };
        }
        let (kind, keyboard) = match self.kind {
            Kind::Text => ("text", None),
            Kind::Password => ("password", None),
            Kind::Email => ("email", Some("email")),
            Kind::Phone => ("tel", Some("tel")),
            Kind::Number | Kind::Code => ("text", Some("numeric")),
            Kind::Money => ("text", Some("decimal")),
            Kind::Date => ("date", None),
            Kind::Url => ("url", Some("url")),
        };
        let short = matches!(self.kind, Kind::Number | Kind::Money | Kind::Date | Kind::Code);
        html! {
            input id=(id) class=[short.then_some("short")] type=(kind) name=(self.name) value=(self.value)
                inputmode=[keyboard] maxlength=[self.limit] autocomplete=(fill) required[required]
                aria-describedby=[described] aria-invalid=[invalid] autofocus[self.autofocus];
        }
    }
}

impl maud::Render for Entry<'_> {
    fn render(&self) -> Markup {
        let id = id(self.name);
        html! {
            div.field.wrong[self.error.is_some()] {
                label for=(id) {
                    @if self.marked { span.marked { (icon::lock()) (self.label) } } @else { (self.label) }
                    @if let Some(optional) = self.optional { " " span.note { (optional) } }
                }
                @if let Some(hint) = self.hint { p.hint id={ (id) "-hint" } { (hint) } }
                @if let Some(error) = &self.error { p.mistake id={ (id) "-error" } { (icon::stop()) span { (error) } } }
                @if let Some(unit) = self.unit {
                    span.with-unit { (self.control()) span.note { (unit) } }
                } @else {
                    (self.control())
                }
            }
        }
    }
}

/// A box to tick. `label` may hold links; nothing is ever ticked beforehand unless the person ticked it.
pub fn check(lang: Lang, name: &str, label: Markup, ticked: bool, hint: Option<&str>, errors: &FormErrors) -> Markup {
    let id = id(name);
    let error = errors.of(name).map(|error| error.text(lang));
    let hint_id = hint.map(|_| format!("{id}-hint"));
    let error_id = error.as_ref().map(|_| format!("{id}-error"));
    let described: Vec<String> = [hint_id, error_id].into_iter().flatten().collect();
    html! {
        div.field.wrong[error.is_some()] {
            @if let Some(error) = &error { p.mistake id={ (id) "-error" } { (icon::stop()) span { (error) } } }
            label.check for=(id) {
                input type="checkbox" id=(id) name=(name) value="yes" checked[ticked]
                    aria-describedby=[(!described.is_empty()).then(|| described.join(" "))]
                    aria-invalid=[error.as_ref().map(|_| "true")];
                span { (label) }
            }
            @if let Some(hint) = hint { p.hint.under-check id={ (id) "-hint" } { (hint) } }
        }
    }
}

/// One of a few, each with room to explain itself (an address, a way of paying).
pub struct RadioCard {
    pub value: String,
    pub title: Markup,
    pub text: Markup,
    pub chosen: bool,
}

pub fn radio_cards(lang: Lang, name: &str, legend: &str, cards: &[RadioCard], errors: &FormErrors) -> Markup {
    let id = id(name);
    let error = errors.of(name).map(|error| error.text(lang));
    html! {
        fieldset.field.choices.wrong[error.is_some()] aria-describedby=[error.as_ref().map(|_| format!("{id}-error"))] {
            legend { (legend) }
            @if let Some(error) = &error { p.mistake id={ (id) "-error" } { (icon::stop()) span { (error) } } }
            @for (at, card) in cards.iter().enumerate() {
                label.choice {
                    // The first has the id to which the summary of mistakes links.
                    input type="radio" id=[(at == 0).then_some(&id)] name=(name) value=(card.value)
                        checked[card.chosen] required;
                    span { b { (card.title) } span.note { (card.text) } }
                }
            }
        }
    }
}

/// All mistakes at the top of a form, each a link to its field. `labels` names the fields; one that is not named
/// concerns the whole form.
pub fn error_summary(lang: Lang, errors: &FormErrors, labels: &[(&str, &str)]) -> Markup {
    if errors.is_empty() {
        return html! {};
    }
    html! {
        div.notice.bad.error-summary role="alert" tabindex="-1" data-focus {
            (icon::stop())
            div {
                h2 { (t(lang, "errors-title")) }
                ul {
                    @for error in errors.all() {
                        li {
                            @match labels.iter().find(|(name, _)| *name == error.field) {
                                Some((name, label)) => {
                                    a href={ "#" (id(name)) } { (label) (t(lang, "colon")) (error.text(lang)) }
                                }
                                None => { (error.text(lang)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A form that changes something: POST with the token. `action` is a whole link (`frame.path(…)`).
pub fn form(csrf: &Csrf, action: &str, content: Markup) -> Markup {
    html! { form.form method="post" action=(action) data-once { (csrf.field()) (content) } }
}

/// A form that only asks.
pub fn form_get(action: &str, content: Markup) -> Markup {
    html! { form.form method="get" action=(action) { (content) } }
}

pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A button that sends its form; with `name` and `value` where one form has several.
pub struct Button<'a> {
    pub label: &'a str,
    pub look: Look,
    pub name_value: Option<(&'a str, &'a str)>,
}

impl maud::Render for Button<'_> {
    fn render(&self) -> Markup {
        let (name, value) = self.name_value.unzip();
        html! { button class=(self.look.class()) type="submit" name=[name] value=[value] { (self.label) } }
    }
}

pub fn button(label: &str, look: Look) -> Markup {
    maud::Render::render(&Button { label, look, name_value: None })
}

/// A search within a page (one's orders, the seller's goods).
pub fn search_field(action: &str, name: &str, value: &str, label: &str) -> Markup {
    html! {
        form.find role="search" aria-label=(label) method="get" action=(action) {
            input type="search" name=(name) value=(value) aria-label=(label) placeholder=(label) autocomplete="off"
                maxlength="100";
            button.button type="submit" aria-label=(label) { (icon::search()) }
        }
    }
}

/// A page that asks once more, instead of a dialog: what will happen, and two ways on.
pub struct Confirm<'a> {
    pub title: &'a str,
    pub text: Markup,
    /// What follows, one sentence each.
    pub consequences: &'a [&'a str],
    pub action: &'a str,
    /// Carried on to the command.
    pub hidden: &'a [(&'a str, &'a str)],
    pub yes: &'a str,
    pub look: Look,
    pub back: &'a str,
}

pub fn confirm(lang: Lang, csrf: &Csrf, confirm: &Confirm) -> Markup {
    html! {
        section.card.confirm {
            h1 { (confirm.title) }
            (confirm.text)
            @if !confirm.consequences.is_empty() {
                ul { @for consequence in confirm.consequences { li { (consequence) } } }
            }
            (form(csrf, confirm.action, html! {
                @for (name, value) in confirm.hidden { (hidden(name, value)) }
                div.actions {
                    (button(confirm.yes, confirm.look))
                    (super::link_button(confirm.back, t(lang, "back"), Look::Plain))
                }
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::FieldError;
    use maud::Render;

    #[test]
    fn a_field_ties_its_hint_and_mistake_and_echoes_hostile_text_as_text() {
        let form = FormData::parse(b"phone=%22%3E%3Cscript%3E&secret=hunter22").unwrap();
        let mut errors = FormErrors::default();
        errors.add(FieldError::plain("phone", "invalid-phone"));
        let field = Entry::new(Kind::Phone, "phone", "Telephone").hint("For the courier").fill("shipping tel");
        let html = field.from(Lang::EN, &form, &errors).render().into_string();
        assert!(html.contains("aria-describedby=\"f-phone-hint f-phone-error\""), "{html}");
        assert!(html.contains("aria-invalid=\"true\"") && html.contains("inputmode=\"tel\""));
        assert!(html.contains("autocomplete=\"shipping tel\"") && html.contains("for=\"f-phone\""));
        assert!(html.contains("&quot;&gt;&lt;script&gt;") && !html.contains("<script"));
        let summary = error_summary(Lang::EN, &errors, &[("phone", "Telephone")]).into_string();
        assert!(summary.contains("href=\"#f-phone\"") && summary.contains("Telephone: Enter"));
    }

    #[test]
    fn one_file_is_required_and_of_several_none() {
        let mut errors = FormErrors::default();
        errors.add(FieldError::plain("sheet", "import-sheet-missing"));
        let one = Entry::file("sheet", "Sheet", ".csv").hint("CSV").from(Lang::EN, &FormData::empty(), &errors);
        let one = one.render().into_string();
        assert!(one.contains("type=\"file\" name=\"sheet\" accept=\".csv\" required"), "{one}");
        assert!(one.contains("aria-describedby=\"f-sheet-hint f-sheet-error\""), "{one}");
        let several = Entry::file("picture", "Pictures", "image/png").several().render().into_string();
        assert!(several.contains(" multiple") && !several.contains("required"), "{several}");
    }

    #[test]
    fn a_password_is_never_shown_again() {
        let form = FormData::parse(b"secret=hunter22").unwrap();
        let field = Entry::new(Kind::Password, "secret", "Password").from(Lang::EN, &form, &FormErrors::default());
        assert!(!field.render().into_string().contains("hunter22"));
    }

    /// 0-a.S1: nothing is ticked but by the person.
    #[test]
    fn a_box_is_not_ticked_beforehand() {
        let html = check(Lang::ZH, "agree", html! { "x" }, false, None, &FormErrors::default()).into_string();
        assert!(!html.contains("checked"));
    }
}
