//! Words and addresses in the reader's language.
//!
//! Every page exists as `/en/…` and `/zh/…`. The address carries the choice, so no cookie does (2.8.2), a link can
//! be handed on, and search engines find both. An address without a language leads to the reader's own by
//! `Accept-Language`. Routes are written once, without the prefix; handlers take a [`Lang`].
//!
//! The words stand in `locales/{en,zh}/*.ftl`, one file per area. `t` gives a message without arguments, resolved
//! once at start; `f` one with arguments. A missing key is a panic in debug builds and tests, the key itself in a
//! release.

use crate::format;
use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use axum::response::{IntoResponse, Response};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use policy::{Language, Words};
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use tower::{Service, ServiceExt};

/// The language of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lang(pub Language);

impl Lang {
    pub const EN: Lang = Lang(Language::En);
    pub const ZH: Lang = Lang(Language::Zh);
    pub const ALL: [Lang; 2] = [Lang::EN, Lang::ZH];

    /// `en` or `zh`, as in addresses.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The BCP 47 tag, as in the `lang` attribute.
    pub fn tag(self) -> &'static str {
        self.0.tag()
    }

    /// The language's own name.
    pub fn own_name(self) -> &'static str {
        match self.0 {
            Language::En => "English",
            Language::Zh => "中文",
        }
    }

    pub fn other(self) -> Lang {
        match self.0 {
            Language::En => Lang::ZH,
            Language::Zh => Lang::EN,
        }
    }

    /// `path` (`/cart?x=1`, without a language) as a link in this language.
    pub fn path(self, path: &str) -> String {
        format!("/{}/{}", self.code(), path.strip_prefix('/').unwrap_or(path))
    }

    /// The side of the pair that is in this language.
    pub fn words(self, words: Words) -> &'static str {
        words.in_(self.0)
    }

    /// The language whose quality is highest in `Accept-Language`; English where neither is named.
    pub fn accepted(headers: &HeaderMap) -> Lang {
        let mut best = (Lang::EN, 0.0);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        for part in accepted.split(',').take(32) {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or("").trim().to_ascii_lowercase();
            let quality = pieces
                .find_map(|piece| piece.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()))
                .unwrap_or(1.0);
            let lang = match tag.split('-').next() {
                Some("zh") => Lang::ZH,
                Some("en") => Lang::EN,
                _ => continue,
            };
            if quality > best.1 {
                best = (lang, quality);
            }
        }
        best.0
    }

    fn index(self) -> usize {
        match self.0 {
            Language::En => 0,
            Language::Zh => 1,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    /// The language of the address; where there is none (an interface for machines), the accepted one.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Lang, Infallible> {
        Ok(parts.extensions.get::<Lang>().copied().unwrap_or_else(|| Lang::accepted(&parts.headers)))
    }
}

/// An argument of a message: a number (shown with separators, chooses the plural) or text.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg<'a> {
    Number(i64),
    Text(Cow<'a, str>),
}

macro_rules! number_args {
    ($($number:ty)*) => { $(impl From<$number> for Arg<'_> {
        fn from(number: $number) -> Self {
            Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
        }
    })* };
}
number_args!(i32 i64 u16 u32 u64 usize);

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Arg::Text(text.into())
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Arg::Text(text.as_str().into())
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Arg::Text(text.into())
    }
}

/// The message, which takes no arguments.
pub fn t(lang: Lang, key: &'static str) -> &'static str {
    match words(lang).plain.get(key) {
        Some(text) => text,
        None => missing(lang, key),
    }
}

/// The message with its arguments filled in.
pub fn f(lang: Lang, key: &'static str, args: &[(&'static str, Arg)]) -> String {
    lookup(lang, key, args).unwrap_or_else(|| missing(lang, key).to_owned())
}

/// As `f`, for a key that came from outside (an address): `None` where there is no such message.
pub fn lookup(lang: Lang, key: &str, args: &[(&str, Arg)]) -> Option<String> {
    let words = words(lang);
    if let Some(text) = words.plain.get(key) {
        return Some((*text).to_owned());
    }
    let pattern = words.bundle.get_message(key).and_then(|message| message.value())?;
    let mut filled = FluentArgs::with_capacity(args.len());
    for (name, arg) in args {
        let value = match arg {
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Text(text) => FluentValue::from(text.as_ref()),
        };
        filled.set(*name, value);
    }
    let mut errors = Vec::new();
    let text = words.bundle.format_pattern(pattern, Some(&filled), &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "the message {key} ({}) lacks an argument: {errors:?}", lang.code());
    Some(text)
}

fn missing(lang: Lang, key: &'static str) -> &'static str {
    debug_assert!(false, "no message {key} without arguments in locales/{}", lang.code());
    key
}

struct Catalogue {
    plain: HashMap<String, &'static str>,
    bundle: FluentBundle<FluentResource>,
}

macro_rules! sources {
    ($($area:literal)*) => {
        /// Area, English, Chinese. A new area needs its name here and two files.
        pub(crate) const SOURCES: &[(&str, [&str; 2])] = &[$((
            $area,
            [
                include_str!(concat!("../locales/en/", $area, ".ftl")),
                include_str!(concat!("../locales/zh/", $area, ".ftl")),
            ],
        )),*];
    };
}
sources!("common" "guest" "member" "trade" "seller" "hooks" "import" "console" "documents" "api" "invalid" "refused-member"
    "refused-catalogue" "refused-import" "refused-trade" "refused-trade-money");

static WORDS: LazyLock<[Catalogue; 2]> = LazyLock::new(|| [Catalogue::load(Lang::EN), Catalogue::load(Lang::ZH)]);

fn words(lang: Lang) -> &'static Catalogue {
    &WORDS[lang.index()]
}

impl Catalogue {
    /// The files are compiled in and tested, so one that does not parse is a fault of the build.
    fn load(lang: Lang) -> Catalogue {
        let tag = lang.code().parse().expect("`en` and `zh` are language tags");
        let mut bundle: FluentBundle<FluentResource> = FluentBundle::new_concurrent(vec![tag]);
        // Direction marks around arguments would end up in copied text; both languages run left to right.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(format::number(number.value as i64)),
            _ => None,
        }));
        let mut keys = Vec::new();
        for (area, texts) in SOURCES {
            let text = texts[lang.index()];
            let resource = FluentResource::try_new(text.to_owned())
                .unwrap_or_else(|(_, errors)| panic!("locales/{}/{area}.ftl: {errors:?}", lang.code()));
            bundle
                .add_resource(resource)
                .unwrap_or_else(|errors| panic!("locales/{}/{area}.ftl: {errors:?}", lang.code()));
            keys.extend(entries(text).map(|(key, _)| key.to_owned()));
        }
        let mut plain = HashMap::new();
        for key in keys {
            let Some(pattern) = bundle.get_message(&key).and_then(|message| message.value()) else { continue };
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, None, &mut errors);
            if errors.is_empty() {
                let text: &'static str = Box::leak(text.into_owned().into_boxed_str());
                plain.insert(key, text);
            }
        }
        Catalogue { plain, bundle }
    }
}

/// The messages of a Fluent file: key, and its text up to the next one.
fn entries(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts: Vec<usize> = source
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|(start, _)| start)
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([source.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| {
        let text = &source[start..end];
        text.split_once('=').map(|(key, rest)| (key.trim(), rest))
    })
}

/// `pages` under `/en` and `/zh`; `plain` (assets, interfaces for machines) as it is. Everything else is sent to
/// the reader's language. Layers that pages need belong on `pages`: they run inside, and see the bare path.
pub fn in_both_languages(pages: Router, plain: Router) -> Router {
    plain.fallback_service(Prefixed { pages })
}

/// Takes the language off the address before the router looks at it.
#[derive(Clone)]
struct Prefixed {
    pages: Router,
}

impl Service<Request> for Prefixed {
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready; the request's own clone below is polled by `oneshot`.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        match split(request.uri().path()) {
            Some((lang, bare)) => {
                let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
                // The bare path is a part of a valid one, so only an empty rest could fail; `split` gives `/` there.
                let uri = format!("{bare}{query}").parse().unwrap_or(Uri::from_static("/"));
                *request.uri_mut() = uri;
                request.extensions_mut().insert(lang);
                let pages = self.pages.clone();
                Box::pin(pages.oneshot(request))
            }
            None => {
                let to = to_language(&request);
                Box::pin(std::future::ready(Ok(to)))
            }
        }
    }
}

/// `/zh/cart` as Chinese and `/cart`. `/zh` alone is not split: it is sent on to `/zh/`, so that a page has one
/// address.
fn split(path: &str) -> Option<(Lang, &str)> {
    Lang::ALL.into_iter().find_map(|lang| {
        let rest = path.strip_prefix('/')?.strip_prefix(lang.code())?;
        rest.starts_with('/').then_some((lang, rest))
    })
}

fn to_language(request: &Request) -> Response {
    let path = request.uri().path();
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let bare = Lang::ALL.into_iter().find(|lang| path.strip_prefix('/') == Some(lang.code()));
    let target = match bare {
        Some(lang) => lang.path(&format!("/{query}")),
        None => Lang::accepted(request.headers()).path(&format!("{path}{query}")),
    };
    // A form keeps its method and body on the way.
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let status = if reads { StatusCode::FOUND } else { StatusCode::TEMPORARY_REDIRECT };
    let Ok(location) = HeaderValue::from_str(&target) else { return StatusCode::BAD_REQUEST.into_response() };
    (status, [(header::LOCATION, location), (header::VARY, HeaderValue::from_static("Accept-Language"))])
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Key => the arguments named in its text. A name that the data hold in both languages comes as `title_en` and
    /// `title_zh`, of which each language takes its own.
    fn keys(index: usize) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        for (area, texts) in SOURCES {
            for (key, text) in entries(texts[index]) {
                let args = text.split('$').skip(1).map(|rest| {
                    let name = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
                    let name: String = name.collect();
                    name.strip_suffix(["_en", "_zh"][index]).unwrap_or(&name).to_owned()
                });
                let twice = keys.insert(key.to_owned(), args.collect());
                assert!(twice.is_none(), "{key} stands twice (again in {area})");
            }
        }
        keys
    }

    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are readable UTF-8");
                found.push((path.display().to_string(), text));
            }
        }
    }

    fn here() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// The literal keys of `t(…)` and `f(…)` calls; what comments say is no call.
    fn called(text: &str) -> Vec<String> {
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let mut keys = Vec::new();
        for call in ["t(", "f("] {
            for (at, _) in text.match_indices(call) {
                if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
                    continue;
                }
                let rest = &text[at + call.len()..];
                let Some((first, rest)) = rest.split_once(',') else { continue };
                if first.len() > 40 || first.contains(['(', ')', ';', '"']) {
                    continue;
                }
                if let Some(key) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                    keys.push(key.to_owned());
                }
            }
        }
        keys
    }

    #[test]
    fn both_languages_have_the_same_keys_with_the_same_arguments() {
        let (en, zh) = (keys(0), keys(1));
        for (key, args) in &en {
            match zh.get(key) {
                None => panic!("{key} is missing in Chinese"),
                Some(other) => assert_eq!(args, other, "{key} takes other arguments in Chinese"),
            }
        }
        for key in zh.keys() {
            assert!(en.contains_key(key), "{key} is missing in English");
        }
    }

    #[test]
    fn every_key_in_the_source_exists_and_every_key_is_used() {
        let keys = keys(0);
        let (mut own, mut all) = (Vec::new(), Vec::new());
        sources(&here().join("src"), &mut own);
        sources(&here().join(".."), &mut all);
        for (file, text) in &own {
            for key in called(text) {
                assert!(keys.contains_key(&key), "{file} asks for {key}, which no Fluent file has");
            }
        }
        for (area, key) in SOURCES.iter().flat_map(|(area, texts)| entries(texts[0]).map(move |(key, _)| (area, key))) {
            // Domain crates name what they refuse by key, and the API has its own; the words are here.
            let from_outside = ["invalid", "refused", "api"].iter().any(|outside| area.starts_with(outside));
            let literal = format!("\"{key}\"");
            let used = if from_outside { &all } else { &own }.iter().any(|(_, text)| text.contains(&literal));
            assert!(used, "nothing uses the message {key}");
        }
    }

    /// What `policy` and the domains refuse can be said in both languages.
    #[test]
    fn every_refusal_has_words() {
        let keys = keys(0);
        let mut all = Vec::new();
        sources(&here().join(".."), &mut all);
        for (file, text) in &all {
            for kind in ["\"invalid-", "\"refused-"] {
                for (at, _) in text.match_indices(kind) {
                    let key = text[at + 1..].split('"').next().unwrap_or("");
                    let area = SOURCES.iter().any(|(area, _)| *area == key);
                    let whole = !area && !key.ends_with('-') && !key.contains(['{', '\\', ' ', '.']);
                    assert!(!whole || keys.contains_key(key), "{file} refuses with {key}, which has no words");
                }
            }
        }
    }

    #[test]
    fn plurals_and_numbers_follow_the_language() {
        assert_eq!(f(Lang::EN, "results-count", &[("n", 1.into())]), "1 product");
        assert_eq!(f(Lang::EN, "results-count", &[("n", 2310.into())]), "2,310 products");
        assert_eq!(f(Lang::ZH, "results-count", &[("n", 2310.into())]), "2,310 件商品");
    }

    #[test]
    fn the_accepted_language_is_the_one_with_the_highest_quality() {
        for (accepted, lang) in [
            ("", Lang::EN),
            ("zh-CN,zh;q=0.9,en;q=0.8", Lang::ZH),
            ("en-GB,en;q=0.9,zh;q=0.8", Lang::EN),
            ("fr,zh-TW;q=0.5,en;q=0.4", Lang::ZH),
            ("en;q=0,zh;q=0.1", Lang::ZH),
            ("zh;q=x,;;;,q=,en", Lang::ZH),
            ("fr", Lang::EN),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Lang::accepted(&headers), lang, "{accepted}");
        }
    }

    async fn ask(method: Method, path: &str) -> (StatusCode, String, String) {
        let pages = Router::new()
            .route("/", get(async |lang: Lang| format!("home {}", lang.code())))
            .route("/cart", get(async |lang: Lang, uri: Uri| format!("{uri} {}", lang.code())));
        let plain = Router::new().route("/assets/x", get(async || "asset"));
        let request =
            Request::builder().method(method).uri(path).header("accept-language", "zh").body(Body::empty()).unwrap();
        let answer = in_both_languages(pages, plain).oneshot(request).await.unwrap();
        let status = answer.status();
        let location = answer.headers().get(header::LOCATION).map(|l| l.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
        (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn pages_live_under_their_language_and_bare_addresses_lead_there() {
        assert_eq!(ask(Method::GET, "/zh/cart?a=1").await.2, "/cart?a=1 zh");
        assert_eq!(ask(Method::GET, "/en/").await.2, "home en");
        assert_eq!(ask(Method::GET, "/assets/x").await.2, "asset");
        let (status, location, _) = ask(Method::GET, "/cart?a=1").await;
        assert_eq!((status, location.as_str()), (StatusCode::FOUND, "/zh/cart?a=1"));
        assert_eq!(ask(Method::GET, "/en").await.1, "/en/");
        assert_eq!(ask(Method::GET, "/").await.1, "/zh/");
        assert_eq!(ask(Method::GET, "/english").await.1, "/zh/english");
        // Never away from this host: two slashes would begin another one.
        assert_eq!(ask(Method::GET, "//elsewhere.example/").await.1, "/zh//elsewhere.example/");
        assert_eq!(ask(Method::POST, "/cart").await.0, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(ask(Method::GET, "/en/nothing").await.0, StatusCode::NOT_FOUND);
    }
}
