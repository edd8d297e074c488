//! Who is reading which page, and the page around the content.
//!
//! `shell` puts together what every request passes: headers, languages, error pages. A layer of the pages tells who
//! reads ([`Reader::put`]); handlers take a [`Frame`] and answer with [`Frame::page`]. The reader is known to
//! nothing else here: a page that shows no name was given none.

use crate::app::{Told, encode};
use crate::csrf::{Csrf, CsrfKey};
use crate::error::{self, Failure};
use crate::headers::{self, Headers};
use crate::language::{Arg, Lang, in_both_languages, lookup};
use crate::{assets, form, ui};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use catalogue::Both;
use maud::Markup;
use std::sync::{Arc, OnceLock};

/// Addresses that the frame links to; whoever writes those pages routes them here.
pub mod paths {
    pub const HOME: &str = "/";
    pub const SEARCH: &str = "/search";
    pub const SUGGEST: &str = "/suggest";
    pub const CATEGORIES: &str = "/categories";
    pub const ORDERS: &str = "/orders";
    pub const CART: &str = "/cart";
    pub const MY: &str = "/my";
    pub const MY_PRIVACY: &str = "/my/privacy";
    pub const SELL: &str = "/sell";
    pub const CONSOLE: &str = "/console";
    pub const SIGN_IN: &str = "/sign-in";
    pub const SIGN_OUT: &str = "/sign-out";
    pub const REGISTER: &str = "/register";
    pub const CONTACT: &str = "/contact";
    pub const POLICY: &str = "/privacy";
    pub const COLLECTED: &str = "/privacy/collected";
    pub const PARTNERS: &str = "/privacy/partners";
    pub const COOKIES: &str = "/privacy/cookies";
    pub const RIGHTS: &str = "/privacy/rights";
}

/// What pages know of the marketplace's configuration.
#[derive(Clone, Debug)]
pub struct Site {
    /// The marketplace's name, as in the head of every page.
    pub name: String,
    /// The company that runs it, as in the policy.
    pub operator: Both,
    /// Where people write to, a mail address.
    pub contact: String,
    /// Scheme, host and port, e.g. `https://market.example`.
    pub origin: String,
    /// Origins to which an order leads for payment.
    pub cashiers: Vec<String>,
    /// The operator accepted plain HTTP on an address that is not this machine's own.
    pub insecure_http: bool,
}

impl Site {
    /// For tests and the gallery.
    pub fn example() -> Site {
        Site {
            name: "Hanse".into(),
            operator: Both::new("Hanse Marketplace Ltd.", "汉萨市场有限公司"),
            contact: "help@market.example".into(),
            origin: "https://market.example".into(),
            cashiers: vec!["https://cashier.example".into()],
            insecure_http: false,
        }
    }

    pub fn tls(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// The name of a cookie of ours (`session`, `form`): with the prefix that ties it to this host, which browsers
    /// take on TLS and localhost only.
    pub fn cookie(&self, name: &str) -> String {
        if self.insecure_http { name.to_owned() } else { format!("__Host-{name}") }
    }
}

/// The person at the other end, as far as the frame needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Who {
    #[default]
    Guest,
    /// `seller`: has a shop, or works in one.
    Member {
        name: String,
        seller: bool,
    },
    Staff {
        name: String,
    },
}

impl Who {
    pub fn is_guest(&self) -> bool {
        *self == Who::Guest
    }
}

/// What the session says of the reader.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    pub who: Who,
    /// Lines in the cart.
    pub cart_count: u32,
    /// The session's secret; forms are bound to it.
    pub session: Option<String>,
}

/// Shared by the request and the error page around it, so that a failure after the session was read still greets
/// its reader.
#[derive(Clone, Default)]
struct ReaderSlot(Arc<OnceLock<Reader>>);

impl Reader {
    /// Called by the layer that reads the session, once per request; a second call changes nothing.
    pub fn put(self, extensions: &Extensions) {
        if let Some(slot) = extensions.get::<ReaderSlot>() {
            let _ = slot.0.set(self);
        }
    }
}

/// A sentence about what the last form did, shown once at the top of the next page.
#[derive(Clone, Debug)]
pub struct Flash {
    pub tone: ui::Tone,
    pub text: String,
}

impl Flash {
    /// `key;name:value;…` as [`Frame::go_refused`] wrote it.
    fn of(lang: Lang, said: &str) -> Option<Flash> {
        let mut parts = said.split(';');
        let key = parts.next()?;
        let args: Vec<(&str, Arg)> = parts
            .filter_map(|part| part.split_once(':'))
            .map(|(name, value)| (name, form::argument(name, form::decode(value.as_bytes()))))
            .collect();
        let tone = if key.starts_with("refused-") { ui::Tone::Bad } else { ui::Tone::Good };
        lookup(lang, key, &args).map(|text| Flash { tone, text })
    }
}

struct Shell {
    site: Arc<Site>,
    key: CsrfKey,
}

/// All of the web: `pages` under both languages with their frame, `plain` (interfaces for machines, pictures) as it
/// is, the assets beside it.
pub fn shell(site: Site, key: CsrfKey, pages: Router, plain: Router) -> Result<Router, String> {
    let headers = Arc::new(Headers::new(&site)?);
    let shell = Arc::new(Shell { site: Arc::new(site), key });
    let pages = pages
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn(error::pages))
        .layer(middleware::from_fn(move |mut request: axum::extract::Request, next: middleware::Next| {
            request.extensions_mut().insert(shell.clone());
            request.extensions_mut().insert(ReaderSlot::default());
            next.run(request)
        }));
    let all = in_both_languages(pages, plain.merge(assets::routes().into_router()));
    Ok(all.layer(middleware::from_fn_with_state(headers, headers::add)))
}

/// The page's frame for this request. Taken by handlers as an argument.
#[derive(Clone, Debug)]
pub struct Frame {
    pub lang: Lang,
    pub site: Arc<Site>,
    /// Path and query of this page, without the language.
    pub here: String,
    pub who: Who,
    pub cart_count: u32,
    /// What the search field holds.
    pub searched: String,
    pub csrf: Csrf,
    pub flash: Option<Flash>,
    /// The guest comes from elsewhere: 0-a.1 asks for the notice before anything. `Sec-Fetch-Site` tells without a
    /// cookie; where it is missing, the notice is shown.
    pub first_visit: bool,
}

impl<S: Sync> FromRequestParts<S> for Frame {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Frame, Failure> {
        Frame::of(parts)
    }
}

impl Frame {
    pub fn of(parts: &Parts) -> Result<Frame, Failure> {
        let Some(shell) = parts.extensions.get::<Arc<Shell>>() else {
            return Err(Failure::fault("a page was asked for outside the shell"));
        };
        let lang = parts.extensions.get::<Lang>().copied().unwrap_or_else(|| Lang::accepted(&parts.headers));
        let reader = reader(&parts.extensions);
        let csrf = csrf(shell, &reader, &parts.headers);
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or("");
        let (said, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("said="));
        let flash =
            said.first().and_then(|pair| csrf.open_said(&pair["said=".len()..])).and_then(|said| Flash::of(lang, said));
        let rest = rest.join("&");
        let from = parts.headers.get("sec-fetch-site").and_then(|from| from.to_str().ok());
        Ok(Frame {
            lang,
            site: shell.site.clone(),
            here: if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") },
            first_visit: reader.who.is_guest() && from != Some("same-origin"),
            who: reader.who,
            cart_count: reader.cart_count,
            searched: String::new(),
            csrf,
            flash,
        })
    }

    /// A frame outside a request: the gallery, tests of pages.
    pub fn example(lang: Lang, here: &str, who: Who) -> Frame {
        let site = Arc::new(Site::example());
        Frame {
            lang,
            here: here.to_owned(),
            who,
            cart_count: 0,
            searched: String::new(),
            csrf: Csrf::guest(&CsrfKey::random(), &site, &HeaderMap::new()),
            flash: None,
            first_visit: false,
            site,
        }
    }

    /// A link in the reader's language.
    pub fn path(&self, path: &str) -> String {
        self.lang.path(path)
    }

    pub fn page<'a>(&'a self, title: &'a str) -> Page<'a> {
        Page { frame: self, title, description: None, width: Width::Full, listed: false }
    }

    /// After a form that was carried out: 303 to `path`.
    pub fn go(&self, path: &str) -> Response {
        Redirect::to(&self.path(path)).into_response()
    }

    /// As `go`, and the next page begins with the message `key`.
    pub fn go_saying(&self, path: &str, key: &'static str) -> Response {
        // A message that does not exist is found here and not on the page after.
        crate::t(self.lang, key);
        self.go_with(path, key)
    }

    /// After a form that was refused and holds nothing to be mended: 303 to `path`, and that page begins with why.
    /// Nobody's information is opened for the refusal's sake (2-a.S2).
    pub fn go_refused(&self, path: &str, refused: &impl Told) -> Response {
        let args = refused.args().into_iter().map(|(name, value)| format!(";{name}:{}", encode(&value)));
        self.go_with(path, &format!("{}{}", refused.key(), args.collect::<String>()))
    }

    fn go_with(&self, path: &str, said: &str) -> Response {
        let (path, anchor) = path.split_once('#').map_or((path, None), |(path, anchor)| (path, Some(anchor)));
        let joint = if path.contains('?') { '&' } else { '?' };
        let anchor = anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
        self.go(&format!("{path}{joint}said={}{anchor}", self.csrf.seal_said(said)))
    }
}

fn reader(extensions: &Extensions) -> Reader {
    extensions.get::<ReaderSlot>().and_then(|slot| slot.0.get()).cloned().unwrap_or_default()
}

fn csrf(shell: &Shell, reader: &Reader, headers: &HeaderMap) -> Csrf {
    match &reader.session {
        Some(session) => Csrf::member(&shell.key, session),
        None => Csrf::guest(&shell.key, &shell.site, headers),
    }
}

/// The binding and the site, for the check of a form.
pub(crate) fn binding(extensions: &Extensions, headers: &HeaderMap) -> Option<(Csrf, Arc<Site>)> {
    let shell = extensions.get::<Arc<Shell>>()?;
    Some((csrf(shell, &reader(extensions), headers), shell.site.clone()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Lists and desks.
    Full,
    /// Text and forms: lines that the eye can follow.
    Narrow,
}

/// One page about to be answered.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Page<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) title: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) width: Width,
    pub(crate) listed: bool,
}

impl<'a> Page<'a> {
    pub fn narrow(self) -> Self {
        Page { width: Width::Narrow, ..self }
    }

    /// The page is public: search engines may list it, with this description.
    pub fn listed(self, description: &'a str) -> Self {
        Page { description: Some(description), listed: true, ..self }
    }

    pub fn markup(self, main: Markup) -> Markup {
        ui::page(&self, main)
    }

    pub fn answer(self, main: Markup) -> Response {
        self.answer_with(StatusCode::OK, main)
    }

    /// A form that is shown again with its mistakes: 422, so that nothing takes it for done.
    pub fn again(self, main: Markup) -> Response {
        self.answer_with(StatusCode::UNPROCESSABLE_ENTITY, main)
    }

    pub fn answer_with(self, status: StatusCode, main: Markup) -> Response {
        let markup = self.markup(main);
        let mut response = (status, markup).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(self.frame.lang.tag()));
        if self.frame.who.is_guest() && status.is_success() {
            // Going back must be quick; nothing on a guest's page is anybody's own.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        }
        if let Some(cookie) = self.frame.csrf.set_cookie(&self.frame.site) {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::routing::get;
    use maud::html;
    use tower::ServiceExt;

    async fn ask(path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        let pages = Router::new()
            .route("/", get(async |frame: Frame| frame.page("Home").listed("x").answer(html! { p { "main" } })))
            .route("/form", get(async |frame: Frame| frame.page("Form").answer(html! { (frame.csrf.field()) })))
            .route(
                "/member",
                get(async |parts: Parts| {
                    let who = Who::Member { name: "Li <b>".into(), seller: true };
                    Reader { who, cart_count: 3, session: Some("s".into()) }.put(&parts.extensions);
                    Frame::of(&parts)?.page("Mine").answer(html! {});
                    Err::<(), _>(Failure::Forbidden)
                }),
            )
            .route("/said", get(async |frame: Frame| frame.go_saying("/form?a=1#b", "said-saved")))
            .route(
                "/refused",
                get(async |frame: Frame| {
                    frame.go_refused("/form", &trade::Refused::PriceChanged { seen: 5, now: 1_234 })
                }),
            )
            .route(
                "/panic",
                get(async || {
                    if true {
                        panic!("on purpose")
                    }
                }),
            );
        let app = shell(Site::example(), CsrfKey::new(&[7; 32]), pages, Router::new()).unwrap();
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    /// 0-a.1: a guest's first page shows the notice and sets nothing; 0-a.S3: its foot has the documents.
    #[tokio::test]
    async fn a_guests_first_page_has_the_notice_and_no_cookie() {
        let (status, headers, body) = ask("/zh/", &[]).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!headers.contains_key(header::SET_COOKIE));
        assert_eq!(headers["content-language"], "zh-CN");
        for link in ["/zh/privacy", "/zh/privacy/collected", "/zh/privacy/partners", "/zh/privacy/rights"] {
            assert!(body.contains(&format!("href=\"{link}\"")), "{link}");
        }
        assert!(body.contains("first-visit") && body.contains("lang=\"zh-CN\""));
        assert!(body.contains("hreflang=\"en\" href=\"https://market.example/en/\""));
        let (_, _, body) = ask("/zh/", &[("sec-fetch-site", "same-origin")]).await;
        assert!(!body.contains("first-visit"));
    }

    #[tokio::test]
    async fn every_answer_has_the_policy_headers_and_no_inline_script_or_style() {
        for path in ["/en/", "/en/nothing", "/en/panic", "/", "/assets/none"] {
            let (_, headers, body) = ask(path, &[]).await;
            for name in ["content-security-policy", "permissions-policy", "x-content-type-options"] {
                assert!(headers.contains_key(name), "{path} lacks {name}");
            }
            assert!(!body.contains("style=") && !body.contains("<style") && !body.contains(" onclick"));
            assert_eq!(body.matches("<script").count(), body.matches("<script src=\"/assets/").count());
        }
    }

    #[tokio::test]
    async fn a_failure_greets_its_reader_and_a_panic_shows_an_id_only() {
        let (status, _, body) = ask("/en/member", &[]).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.contains("/en/sell") && body.contains("Li &lt;b&gt;") && !body.contains("Li <b>"));
        let (status, headers, body) = ask("/zh/panic", &[]).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!body.contains("on purpose"));
        assert_eq!(ask("/en/nothing", &[]).await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn what_was_said_is_shown_on_the_next_page_of_the_same_reader_only() {
        let (_, headers, _) = ask("/en/form", &[]).await;
        let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let (status, headers, _) = ask("/en/said", &[("cookie", &cookie)]).await;
        let location = headers[header::LOCATION].to_str().unwrap();
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(location.starts_with("/en/form?a=1&said=said-saved.") && location.ends_with("#b"));
        let path = location.split('#').next().unwrap();
        let (_, _, body) = ask(path, &[("cookie", &cookie)]).await;
        assert!(body.contains(crate::t(Lang::EN, "said-saved")) && !body.contains("said="));
        let (_, _, body) = ask(path, &[]).await;
        assert!(!body.contains(crate::t(Lang::EN, "said-saved")));
    }

    /// A refusal goes with what it names, and looks like one.
    #[tokio::test]
    async fn a_refusal_is_said_whole_on_the_page_that_it_leads_to() {
        let (_, headers, _) = ask("/en/form", &[]).await;
        let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let (status, headers, _) = ask("/en/refused", &[("cookie", &cookie)]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let (status, _, body) = ask(headers[header::LOCATION].to_str().unwrap(), &[("cookie", &cookie)]).await;
        assert_eq!(status, StatusCode::OK);
        let refused = trade::Refused::PriceChanged { seen: 5, now: 1_234 };
        assert!(body.contains(&refused.sentence(Lang::EN)), "{body}");
        assert!(body.contains("notice flash bad") && body.contains("role=\"alert\""));
    }
}
