//! How the sandbox's pages look: plain, without scripts, in the reader's language.

use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use maud::{DOCTYPE, Markup, html};
use policy::{Language, Words};

/// Who reads: in which language, and whether they chose it in the address.
#[derive(Clone, Copy)]
pub struct Reader {
    pub language: Language,
    chosen: bool,
}

impl Reader {
    /// `?lang=` first, then `Accept-Language`.
    pub fn of(headers: &HeaderMap, query: Option<&str>) -> Reader {
        let chosen = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "lang")
            .map(|(_, value)| if value.starts_with("zh") { Language::Zh } else { Language::En });
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Reader { language: chosen.unwrap_or_else(|| preferred(asked)), chosen: chosen.is_some() }
    }

    /// What an address must carry so that the next page keeps the language.
    pub fn query(&self) -> String {
        if self.chosen { format!("?lang={}", self.language.code()) } else { String::new() }
    }

    pub fn say(&self, en: &'static str, zh: &'static str) -> &'static str {
        Words { en, zh }.in_(self.language)
    }
}

/// Of English and Chinese the one with the higher weight; English where neither is named.
fn preferred(accept_language: &str) -> Language {
    let weight = |code: &str| {
        accept_language
            .split(',')
            .filter_map(|one| {
                let (tag, weight) = one.trim().split_once(";q=").unwrap_or((one.trim(), "1"));
                let main = tag.split('-').next().unwrap_or_default();
                main.eq_ignore_ascii_case(code).then(|| weight.trim().parse::<f32>().unwrap_or(0.0))
            })
            .fold(0.0, f32::max)
    };
    if weight("zh") > weight("en") { Language::Zh } else { Language::En }
}

/// One column: a cashier, a message.
pub fn narrow(reader: Reader, title: Words, body: Markup) -> Markup {
    page(reader, title, "narrow", None, body)
}

/// Lists. `refresh` reloads the page after so many seconds, which needs no script.
pub fn wide(reader: Reader, title: Words, refresh: Option<u32>, body: Markup) -> Markup {
    page(reader, title, "wide", refresh, body)
}

fn page(reader: Reader, title: Words, width: &str, refresh: Option<u32>, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(reader.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(seconds) = refresh { meta http-equiv="refresh" content=(seconds); }
                title { (title.in_(reader.language)) " · Hanse sandbox" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                header {
                    a href={ "/" (reader.query()) } { "Hanse sandbox" }
                    span { (reader.say("no real money, no real parcels", "演示环境，无真实资金与包裹")) }
                    nav { a href="?lang=en" lang="en" { "English" } " " a href="?lang=zh" lang="zh-CN" { "中文" } }
                }
                main class=(width) { (body) }
            }
        }
    }
}

pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_language_is_the_one_they_weigh_higher() {
        assert_eq!(preferred("zh-CN,zh;q=0.9,en;q=0.8"), Language::Zh);
        assert_eq!(preferred("en-GB,en;q=0.9,zh;q=0.8"), Language::En);
        assert_eq!(preferred("de,zh;q=0.5"), Language::Zh);
        assert_eq!(preferred(""), Language::En);
        let reader = Reader::of(&HeaderMap::new(), Some("a=b&lang=zh-CN"));
        assert_eq!((reader.language, reader.query().as_str()), (Language::Zh, "?lang=zh"));
    }
}
