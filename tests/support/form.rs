//! The forms of a page, read out of its text.

use regex_lite::Regex;

/// A form as it stands on a page.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent; `None`: to its own page.
    pub action: Option<String>,
    /// `get` or `post`.
    pub method: String,
    /// It takes files.
    pub multipart: bool,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The `type` of an input; `textarea`, `select` or `button`.
    pub kind: String,
    pub value: String,
    /// Sent when nothing is changed: a box that is not ticked is not, nor is a button that is not pressed.
    pub sent: bool,
}

impl Form {
    /// What a browser sends when nothing is changed, without files.
    pub fn as_shown(&self) -> Vec<(String, String)> {
        let sent = self.fields.iter().filter(|field| field.sent && field.kind != "file");
        sent.map(|field| (field.name.clone(), field.value.clone())).collect()
    }
}

/// The forms of a page, in order.
pub fn forms(page: &str) -> Vec<Form> {
    let forms = Regex::new(r#"(?s)<form([^>]*)>(.*?)</form>"#).expect("a pattern");
    let of = |form: regex_lite::Captures<'_>| Form {
        action: attribute(&form[1], "action"),
        method: attribute(&form[1], "method").unwrap_or_else(|| "get".to_owned()).to_lowercase(),
        multipart: form[1].contains("multipart/form-data"),
        fields: fields_of(&form[2]),
    };
    forms.captures_iter(page).map(of).collect()
}

fn fields_of(inside: &str) -> Vec<Field> {
    let controls = Regex::new(r"(?s)<(input|button)[^>]*>|<(textarea|select)[^>]*>(.*?)</(?:textarea|select)>")
        .expect("a pattern");
    let options = Regex::new(r"<option[^>]*>").expect("a pattern");
    let mut fields = Vec::new();
    for control in controls.captures_iter(inside) {
        let tag = &control[0][..=control[0].find('>').expect("a tag ends")];
        let Some(name) = attribute(tag, "name") else { continue };
        let content = control.get(3).map_or("", |content| content.as_str());
        let one =
            |kind: &str, value: String, sent: bool| Field { name: name.clone(), kind: kind.to_owned(), value, sent };
        fields.push(match control.get(1).or(control.get(2)).map_or("", |name| name.as_str()) {
            "select" => {
                let all: Vec<&str> = options.find_iter(content).map(|option| option.as_str()).collect();
                let chosen = all.iter().find(|option| option.contains(" selected")).or(all.first());
                let value = chosen.and_then(|option| attribute(option, "value"));
                one("select", value.clone().unwrap_or_default(), value.is_some())
            }
            // A browser drops the first line's end.
            "textarea" => one("textarea", unescape(content.strip_prefix('\n').unwrap_or(content)), true),
            "button" => one("button", attribute(tag, "value").unwrap_or_default(), false),
            _ => {
                let kind = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
                let box_ = matches!(kind.as_str(), "checkbox" | "radio");
                let value = attribute(tag, "value").unwrap_or_else(|| if box_ { "on" } else { "" }.to_owned());
                one(&kind, value, !box_ || tag.contains(" checked"))
            }
        });
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
    let end = tag[start..].find('"')? + start;
    Some(unescape(&tag[start..end]))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
