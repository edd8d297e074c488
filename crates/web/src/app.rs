//! What every page works with, who is at the other end, and how a domain's refusal becomes a sentence on a page.

use crate::arrivals::Arrivals;
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors, is_our_path};
use crate::frame::{Reader, Site, Who, paths};
use crate::language::{Arg, Lang};
use crate::{Frame, csrf, f, ui};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use catalogue::shop::Seller;
use db::clock::SECOND;
use db::{BlobError, Failed, Id, Read, Stop, Tx};
use discovery::{Found, Index, Query};
use member::device::KNOWN_FOR;
use member::session::{IDLE_MAX, STAFF_IDLE_MAX};
use member::sign_in::{self, Arrival};
use member::{ClientAddress, DeviceToken, Session, Staff, Token};
use partners::alipay::Alipay;
use partners::logistics::Logistics;
use partners::sms::Sms;
use policy::documents::{self, Edition, Notice, Operator};
use policy::map::Map;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;
use trade::hooks::Hooks;
use trade::{Buyer, Head, NotReady, Terms, visitor};
use vault::consent::Shown;
use vault::{NoAccess, Vault};

/// Everything that the pages work with. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// The parts of an [`App`].
pub struct Inner {
    pub vault: Vault,
    pub index: Arc<Index>,
    pub terms: Terms,
    pub alipay: Arc<Alipay>,
    pub logistics: Arc<Logistics>,
    pub sms: Arc<Sms>,
    pub hooks: Hooks,
    pub arrivals: Arrivals,
    pub site: Site,
    pub operator: Operator,
    pub map: Map,
    pub edition: Edition,
    /// The digest of the policy in force, as in `policy.lock`.
    pub policy_digest: String,
    /// Take the client's address from `x-forwarded-for`: only behind the operator's own proxy.
    pub trust_forwarded: bool,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub fn new(inner: Inner) -> App {
        App(Arc::new(inner))
    }

    pub fn now(&self) -> i64 {
        self.vault.data().now()
    }

    pub fn edition_number(&self) -> i64 {
        i64::from(self.edition.version)
    }

    /// What is found, from memory where the same list was asked for before. As many searches at a time as there are
    /// processors: more would only take each other's time and memory.
    pub async fn search(&self, query: &Query) -> Result<Found, Failure> {
        static PLACES: LazyLock<Semaphore> =
            LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));
        if let Some(found) = self.index.remembered(query) {
            return Ok(found);
        }
        let _place = PLACES.acquire().await.map_err(Failure::fault)?;
        let (index, wanted) = (self.index.clone(), query.clone());
        tokio::task::spawn_blocking(move || index.search(&wanted)).await.map_err(Failure::fault)
    }

    /// A query whose only way to fail is a fault.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Read) -> Result<T, Stop<std::convert::Infallible>> + Send + 'static,
    ) -> Result<T, Failure> {
        self.vault.data().read(query).await.map_err(failure)
    }

    /// A query that may be refused by its domain: the refusal comes back for the page, all else is a failure.
    pub async fn ask<T: Send + 'static, R: Send + std::fmt::Debug + 'static>(
        &self,
        query: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<Result<T, R>, Failure> {
        told(self.vault.data().read(query).await)
    }

    /// A command: done, or refused by its domain.
    pub async fn write<T: Send + 'static, R: Send + std::fmt::Debug + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<Result<T, R>, Failure> {
        told(self.vault.data().write(command).await)
    }

    /// A command that no domain can refuse.
    pub async fn carry_out<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<std::convert::Infallible>> + Send + 'static,
    ) -> Result<T, Failure> {
        self.vault.data().write(command).await.map_err(failure)
    }

    /// What a page tells where it collects or asks (0-a.S2).
    pub fn notice(&self, purpose: &policy::PurposeInfo, lang: Lang) -> Notice {
        documents::notice(purpose, &self.operator, lang.0)
    }

    /// The edition as pages name it.
    pub fn edition_words(&self) -> String {
        self.edition.version.to_string()
    }

    /// What the page showed that asked for this consent, for the record of it (0-a.4). Refused where its words are not
    /// today's: they are shown again, and the question is asked anew.
    pub fn shown(
        &self,
        purpose: &policy::PurposeInfo,
        lang: Lang,
        form: &FormData,
        way: &'static str,
    ) -> Result<Shown, WordsChanged> {
        let notice = self.notice(purpose, lang).hash;
        if form.text(ui::NOTICE) == notice {
            Ok(Shown { edition: self.edition_number(), notice, way })
        } else {
            Err(WordsChanged)
        }
    }
}

/// The notice that a form carried is not the one of today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordsChanged;

impl WordsChanged {
    /// The mistake at the box or button that would have agreed.
    pub fn at(self, field: &str) -> FieldError {
        FieldError::plain(field, "consent-words-changed")
    }
}

/// A domain's refusal, or a failure of the whole request.
pub fn told<T, R: std::fmt::Debug>(outcome: Result<T, Failed<R>>) -> Result<Result<T, R>, Failure> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(Failed::Refused(refused)) => Ok(Err(refused)),
        Err(other) => Err(failure(other)),
    }
}

/// A failure that no form can mend.
pub fn failure<R: std::fmt::Debug>(failed: Failed<R>) -> Failure {
    match failed {
        Failed::Refused(refused) => Failure::fault(format!("refused where nothing can be: {refused:?}")),
        Failed::Changed => Failure::Conflict("failure-conflict-text"),
        Failed::Fault(id) => Failure::Fault(id.to_string()),
        Failed::Unavailable(why) => {
            tracing::warn!("unavailable: {why}");
            Failure::Unavailable
        }
        Failed::Unknown => Failure::Unavailable,
    }
}

/// As `failure`, for an upload that was not stored: a disk without room is nobody's mistake.
pub fn not_stored(error: BlobError) -> Failure {
    match error {
        BlobError::Disk(why) => {
            tracing::error!("an upload was not stored: {why}");
            Failure::Unavailable
        }
        other => Failure::fault(format!("an upload was not stored: {other}")),
    }
}

/// As `failure`, for an access that was not given where the page has no better answer.
pub fn no_access(why: NoAccess) -> Failure {
    match why {
        NoAccess::Unavailable(why) => {
            tracing::warn!("no access: {why}");
            Failure::Unavailable
        }
        NoAccess::Gone => Failure::NotFound,
        NoAccess::Role { .. } | NoAccess::Restricted | NoAccess::NoConsent { .. } => Failure::Forbidden,
    }
}

/// A trade page's preparation: refused by the domain, or a failure.
pub fn ready<T>(outcome: Result<T, NotReady>) -> Result<Result<T, trade::Refused>, Failure> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(NotReady::Refused(refused)) => Ok(Err(refused)),
        Err(NotReady::NoAccess(why)) => Err(no_access(why)),
    }
}

/// How a domain's refusal tells itself to a person.
pub trait Told {
    fn field(&self) -> Option<&str>;
    fn key(&self) -> &'static str;
    fn args(&self) -> Vec<(&'static str, String)>;

    /// The sentence in the reader's language.
    fn sentence(&self, lang: Lang) -> String {
        let mut errors = FormErrors::default();
        errors.refused(None, self.key(), self.args());
        errors.all()[0].text(lang)
    }

    /// Adds the sentence to a form's mistakes.
    fn tell(&self, errors: &mut FormErrors) {
        errors.refused(self.field(), self.key(), self.args());
    }
}

macro_rules! told {
    ($($refused:ty),*) => { $(
        impl Told for $refused {
            fn field(&self) -> Option<&str> {
                <$refused>::field(self)
            }
            fn key(&self) -> &'static str {
                <$refused>::key(self)
            }
            fn args(&self) -> Vec<(&'static str, String)> {
                <$refused>::args(self)
            }
        }
    )* };
}
told!(member::Refused, catalogue::Refused, trade::Refused);

// --- who is at the other end ------------------------------------------------------------------------------------------

/// The layer that reads the session, and in the same read what the head of the page shows.
pub async fn sessions(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Failure> {
    let token = csrf::cookie(request.headers(), &app.site.cookie("session")).and_then(Token::parse);
    let mut renewed = None;
    if let Some(token) = token
        && let Some((session, Head { lines, seller })) =
            member::session::current_and(&app.vault, &token, |r, token| visitor(r, token)).await.map_err(failure)?
    {
        let who = match session.member() {
            Some(_) => Who::Member { name: String::new(), seller: seller.is_some() },
            None => Who::Staff { name: String::new() },
        };
        let reader =
            Reader { who, cart_count: u32::try_from(lines).unwrap_or(u32::MAX), session: Some(token.as_str().into()) };
        reader.put(request.extensions());
        // The device keeps the cookie as long as the session lives, counted from the same last use (2.8.2-a.1).
        renewed = session.is_due(app.now()).then(|| (token.clone(), session.staff().is_some()));
        request.extensions_mut().insert(Known { session, token, seller });
    }
    let response = next.run(request).await;
    let name = format!("{}=", app.site.cookie("session"));
    let set = |value: &HeaderValue| value.as_bytes().starts_with(name.as_bytes());
    match renewed {
        // A page that signs out or in has set its own.
        Some((token, staff)) if !response.headers().get_all(header::SET_COOKIE).iter().any(set) => {
            Ok(set_session(&app, &token, if staff { STAFF_IDLE_MAX } else { IDLE_MAX }, response))
        }
        _ => Ok(response),
    }
}

/// What the layer found.
#[derive(Clone)]
struct Known {
    session: Session,
    token: Token,
    seller: Option<Seller>,
}

/// Whoever it is; a guest has no session.
#[derive(Clone)]
pub struct Visitor {
    pub session: Option<Session>,
    pub token: Option<Token>,
}

impl Visitor {
    pub fn member(&self) -> Option<&Id> {
        self.session.as_ref().and_then(|s| s.member()).map(|member| &member.id)
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Self::Rejection> {
        let known = parts.extensions.get::<Known>();
        Ok(Visitor { session: known.map(|k| k.session.clone()), token: known.map(|k| k.token.clone()) })
    }
}

/// What the browser brings to a sign-in: the session that ends, the value that knows the device, the page's language.
pub struct Arriving(pub Arrival);

impl FromRequestParts<App> for Arriving {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Arriving, Self::Rejection> {
        let previous = parts.extensions.get::<Known>().map(|known| known.token.clone());
        let device = csrf::cookie(&parts.headers, &app.site.cookie("device")).and_then(DeviceToken::parse);
        Ok(Arriving(Arrival { previous, device, language: language_of(parts).0 }))
    }
}

fn language_of(parts: &Parts) -> Lang {
    parts.extensions.get::<Lang>().copied().unwrap_or_else(|| Lang::accepted(&parts.headers))
}

/// Where a guest is sent, and comes back from.
pub struct ToSignIn(Response);

impl IntoResponse for ToSignIn {
    fn into_response(self) -> Response {
        self.0
    }
}

fn to_sign_in(parts: &Parts) -> ToSignIn {
    let lang = language_of(parts);
    // A form that a guest sent is not repeated after the sign-in; the page that it stood on is.
    let back = match parts.method {
        axum::http::Method::GET => parts.uri.to_string(),
        _ => page_before(&parts.headers).unwrap_or_else(|| paths::HOME.to_owned()),
    };
    let to = lang.path(&format!("{}?next={}", paths::SIGN_IN, encode(&back)));
    ToSignIn(Redirect::to(&to).into_response())
}

/// The page of ours, without its language, from which a form was sent.
fn page_before(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (_, address) = text(header::REFERER)?.split_once("://")?;
    let (host, path) = address.split_once('/')?;
    let (_, page) = path.split_once('/').filter(|_| Some(host) == text(header::HOST))?;
    Some(format!("/{page}"))
}

/// Percent-encoding of one query value.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text);
    out
}

/// As `encode`, behind what is there: a list's page has some hundred addresses.
pub fn encode_into(out: &mut String, text: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// A signed-in member. A guest is sent to sign in and comes back.
#[derive(Clone)]
pub struct SignedIn {
    pub member: Id,
    pub session: Session,
    pub token: Token,
}

impl SignedIn {
    pub fn buyer(&self) -> Buyer {
        Buyer::standing(self.member.clone(), self.session.standing)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ToSignIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<SignedIn, ToSignIn> {
        let known = parts.extensions.get::<Known>();
        match known.and_then(|k| k.session.member().map(|m| (m.id.clone(), k))) {
            Some((member, known)) => {
                Ok(SignedIn { member, session: known.session.clone(), token: known.token.clone() })
            }
            None => Err(to_sign_in(parts)),
        }
    }
}

/// A member who has an open shop. Others are sent to the page where one applies.
#[derive(Clone)]
pub struct AtDesk {
    pub seller: Seller,
    pub session: Session,
}

impl<S: Sync> FromRequestParts<S> for AtDesk {
    type Rejection = ToSignIn;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<AtDesk, ToSignIn> {
        let Some(known) = parts.extensions.get::<Known>().filter(|k| k.session.member().is_some()) else {
            return Err(to_sign_in(parts));
        };
        match &known.seller {
            Some(seller) => Ok(AtDesk { seller: seller.clone(), session: known.session.clone() }),
            None => {
                let lang = language_of(parts);
                Err(ToSignIn(Redirect::to(&lang.path("/sell/apply")).into_response()))
            }
        }
    }
}

/// Somebody of the operator's staff. Anybody else finds nothing there.
#[derive(Clone)]
pub struct OnDuty {
    pub staff: Staff,
    pub session: Session,
}

impl<S: Sync> FromRequestParts<S> for OnDuty {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<OnDuty, Failure> {
        let known = parts.extensions.get::<Known>().ok_or(Failure::NotFound)?;
        let staff = known.session.staff().ok_or(Failure::NotFound)?.clone();
        Ok(OnDuty { staff, session: known.session.clone() })
    }
}

/// The network address of the client, for throttles under keyed hashes only; it is kept nowhere.
pub struct From_(pub ClientAddress);

impl FromRequestParts<App> for From_ {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<From_, Self::Rejection> {
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
        let forwarded = app.trust_forwarded.then(|| forwarded(&parts.headers)).flatten();
        let address = forwarded.or(direct).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(From_(ClientAddress::of(address)))
    }
}

/// The last address that the proxy itself added.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// Answers with a member's session begun, on a device that is known from now on.
pub fn with_session(app: &App, signed_in: &sign_in::SignedIn, response: Response) -> Response {
    let response = set_session(app, &signed_in.token, IDLE_MAX, response);
    // Only our own sign-in asks for it.
    set_cookie(app, "device", signed_in.device.as_str(), "Strict", KNOWN_FOR, response)
}

/// Answers with a session of the staff begun.
pub fn with_staff_session(app: &App, token: &Token, response: Response) -> Response {
    set_session(app, token, STAFF_IDLE_MAX, response)
}

/// The session's cookie, for as long as the session lives unused, as the table of cookies says (2.8.2-a.1).
fn set_session(app: &App, token: &Token, idle_max: i64, response: Response) -> Response {
    set_cookie(app, "session", token.as_str(), "Lax", idle_max, response)
}

/// Answers with the session's cookie taken away.
pub fn without_session(app: &App, response: Response) -> Response {
    set_cookie(app, "session", "", "Lax", 0, response)
}

/// Sets a cookie that no script reads. `lives` is microseconds.
fn set_cookie(app: &App, name: &str, value: &str, same_site: &str, lives: i64, mut response: Response) -> Response {
    let secure = if app.site.insecure_http { "" } else { "; Secure" };
    let cookie = format!(
        "{}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={}{secure}",
        app.site.cookie(name),
        lives / SECOND
    );
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// The query of a page as its fields; a page of ours never fails for a query that somebody else wrote.
pub fn query(parts: &axum::http::Uri) -> HashMap<String, String> {
    crate::form::FormData::parse(parts.query().unwrap_or("").as_bytes())
        .map(|form| form.pairs().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
        .unwrap_or_default()
}

/// Where a person goes after signing in: an address of ours, never another site.
pub fn safe_next(next: &str) -> &str {
    if is_our_path(next) { next } else { paths::MY }
}

/// One message with arguments, for pages that say what came of something.
pub fn say(frame: &Frame, key: &'static str, args: &[(&'static str, Arg)]) -> String {
    f(frame.lang, key, args)
}
